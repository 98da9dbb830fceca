//! What the services have logged, read back: a page of records, the newest first.
//!
//! Which records is asked of the database itself, in the way of Juice's own log page. The range is looked through in steps,
//! each four times as long as the one before, from its end backwards: so a busy log is never sorted whole for one page of
//! it, and a quiet one is a few questions. It refuses to read for somebody who waits no more, or beyond the room that it is given.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{AWAITED, Access, Failure, ask, quoted, rows::Row};
use crate::{
    time::Clock,
    wire::logs::{Found, Key, PAGE, Part, Question, Record, Wanted},
};

/// How long the first step is.
const FIRST: TimeDelta = TimeDelta::hours(1);
const SHORT: TimeDelta = TimeDelta::seconds(10);
/// A service's clock may be so far ahead of the database's.
const AHEAD: TimeDelta = TimeDelta::minutes(10);
/// Clocks that differ by less are the same: the answer tells whole seconds.
const SAME: TimeDelta = TimeDelta::seconds(5);
/// A step that was too much is asked for in shorter ones so often.
const SHORTER: usize = 4;

/// Answers a question. `now`: what time it is here; `room`: so many bytes of records may come; `is_over` is told how many there are,
/// and says whether nobody waits any more, or has waited for too long.
///
/// # Errors
/// What went wrong.
pub fn read(
    access: &Access,
    question: &Question,
    now: DateTime<Utc>,
    room: usize,
    is_over: &mut dyn FnMut(usize) -> bool,
) -> Result<Found, Failure> {
    let ahead = question.ahead;
    let found = Found { at: now + ahead, ahead, ..Found::default() };
    let mut reading = Reading {
        access,
        wanted: &question.wanted,
        now,
        clock: Clock::start(),
        room,
        is_over,
        bytes: 0,
        latest: None,
        is_known: false,
        first: HashSet::new(),
        found,
    };
    match question.part {
        Part::Newest => reading.newest()?,
        Part::UpTo(at) => reading.back(at + TimeDelta::nanoseconds(1), FIRST)?,
        Part::Since(at) => {
            // What is followed begins nowhere before what is wanted.
            let first = question.wanted.since.map(|since| since + ahead);
            reading.step(&moment(first.map_or(at, |first| first.max(at))), &later(AHEAD))?;
        }
    }
    Ok(reading.found)
}

struct Reading<'a> {
    access: &'a Access,
    wanted: &'a Wanted,
    /// What time it was here when the question came.
    now: DateTime<Utc>,
    /// Runs since then.
    clock: Clock,
    room: usize,
    is_over: &'a mut dyn FnMut(usize) -> bool,
    /// What the records take.
    bytes: usize,
    /// The latest moment at which the database can have begun with the first step, by its own clock.
    latest: Option<DateTime<Utc>>,
    /// The first answer has told what time it is there.
    is_known: bool,
    /// The records of the first step: the second one reaches a little into it.
    first: HashSet<Key>,
    found: Found,
}

impl Reading<'_> {
    /// The first step counts from the database's own clock, whatever that of this machine says.
    fn newest(&mut self) -> Result<(), Failure> {
        let until = self.wanted.until.unwrap_or(self.now);
        let whole = until - self.wanted.from(self.now);
        if whole <= TimeDelta::zero() {
            return Ok(());
        }
        let mut span = FIRST.min(whole);
        let end = loop {
            // It counts from when it is asked: what failed before has taken its time.
            let end = self.wanted.until.map_or(TimeDelta::zero(), |until| until - self.here());
            let stop = if self.wanted.until.is_some() { end } else { AHEAD };
            self.latest = None;
            match self.step(&later(end - span), &later(stop)) {
                Err(failure) if failure.too_much && span > SHORT && !(self.is_over)(self.bytes) => {
                    span = (span / 4).max(SHORT);
                }
                done => {
                    done?;
                    break end;
                }
            }
        };
        self.first = self.found.records.iter().map(Record::key).collect();
        let from = self.latest.unwrap_or(self.found.at) + end - span;
        if span < whole { self.back(from, span * 4) } else { Ok(()) }
    }

    /// Goes on before this moment, until there is enough, or all was looked through.
    fn back(&mut self, mut until: DateTime<Utc>, mut span: TimeDelta) -> Result<(), Failure> {
        let first = self.wanted.from(self.now) + self.found.ahead;
        let mut failed = 0;
        while until > first && !self.found.more && !(self.is_over)(self.bytes) {
            let from = until.checked_sub_signed(span).unwrap_or(first).max(first);
            match self.step(&moment(from), &moment(until)) {
                Err(failure) if failure.too_much && failed < SHORTER && span > SHORT => {
                    failed += 1;
                    span = (span / 4).max(SHORT);
                    continue;
                }
                done => done?,
            }
            (failed, until, span) = (0, from, span * 4);
        }
        // Nobody waits for what lies further back, but it is there.
        self.found.more |= until > first;
        Ok(())
    }

    /// Learns from the first answer what time it was at the database when it began with it. An answer says that as it begins
    /// to come, which may be long after what it tells of.
    fn learn(&mut self, told: Option<DateTime<Utc>>, asked: Duration) {
        if self.latest.is_some() {
            return;
        }
        let is_known = std::mem::replace(&mut self.is_known, true);
        let here = self.now + whole_seconds(asked);
        let waited = whole_seconds(self.clock.now().mono.saturating_sub(asked));
        let second = TimeDelta::seconds(1);
        self.latest = Some(match told {
            Some(at) => {
                let ahead = (at - waited) - here;
                if !is_known {
                    self.found.ahead = if ahead.abs() < SAME { TimeDelta::zero() } else { ahead };
                }
                at + second
            }
            None => here + self.found.ahead + waited + second + SAME,
        });
        // What came while it was asked once more, in shorter steps, is new to whoever follows.
        if !is_known {
            self.found.at = here + self.found.ahead;
        }
    }

    /// What time it is here, to the second.
    fn here(&self) -> DateTime<Utc> {
        self.now + whole_seconds(self.clock.now().mono)
    }

    /// One question.
    fn step(&mut self, from: &str, until: &str) -> Result<(), Failure> {
        let before = self.found.records.len();
        // One more than wanted tells that there are more; some may be known.
        let most = PAGE + 1;
        let asked = self.clock.now().mono;
        let flux = query(self.access, self.wanted, from, until, most);
        let mut answer = ask(self.access, &self.access.logs, &flux, AWAITED)?;
        self.learn(answer.at, asked);
        let (mut bytes, mut odd) = (self.bytes, 0);
        loop {
            let row = match answer.next_row(&mut || (self.is_over)(bytes)) {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(_) if (self.is_over)(bytes) => {
                    self.found.more = true;
                    break;
                }
                Err(failure) => {
                    // It is asked for again, in shorter steps.
                    self.found.records.truncate(before);
                    return Err(failure);
                }
            };
            let Some(record) = record(&row) else {
                odd += 1;
                continue;
            };
            if self.first.contains(&record.key()) {
                continue;
            }
            bytes += record.bytes();
            let is_full =
                self.found.records.len() == PAGE || (bytes > self.room && !self.found.records.is_empty());
            if is_full || (self.is_over)(bytes) {
                self.found.more = true;
                break;
            }
            self.found.records.push(record);
        }
        self.found.odd += odd;
        self.bytes = bytes;
        Ok(())
    }
}

/// The database tells whole seconds, so nothing is gained by parts of them.
fn whole_seconds(time: Duration) -> TimeDelta {
    TimeDelta::seconds(time.as_secs().try_into().unwrap_or_default())
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// So long from now, there.
fn later(by: TimeDelta) -> String {
    format!("{}ms", by.num_milliseconds())
}

/// The Flux text. What tags tell comes first: nothing else is looked into.
fn query(access: &Access, wanted: &Wanted, from: &str, until: &str, most: usize) -> String {
    let mut tests =
        vec!["r._measurement == \"logs\"".to_owned(), "r._field == \"serialized_record\"".to_owned()];
    tests.extend(wanted.least.map(|level| format!("int(v: r.level) >= {level}")));
    tests.extend(wanted.below.map(|level| format!("int(v: r.level) < {level}")));
    if !wanted.services.is_empty() {
        let any: Vec<String> =
            wanted.services.iter().map(|name| format!("r.service == {}", quoted(name))).collect();
        tests.push(format!("({})", any.join(" or ")));
    }
    tests.extend(wanted.not_services.iter().map(|name| format!("r.service != {}", quoted(name))));
    let says = |text: &String| {
        format!(
            "strings.containsStr(v: strings.toLower(v: string(v: json.parse(data: bytes(v: r._value)).message)), substr: {})",
            quoted(&text.to_lowercase())
        )
    };
    let has = wanted.texts.iter().map(says);
    let has_not = wanted.not_texts.iter().map(|text| format!("not {}", says(text)));
    let texts: String = has.chain(has_not).map(|test| format!("|> filter(fn: (r) => {test})\n")).collect();
    let imports = if texts.is_empty() { "" } else { "import \"strings\"\nimport \"experimental/json\"\n" };
    format!(
        "{imports}from(bucket: {bucket})\n\
        |> range(start: {from}, stop: {until})\n\
        |> filter(fn: (r) => {tests})\n\
        {texts}\
        |> tail(n: {most})\n\
        |> group()\n\
        |> sort(columns: [\"_time\"], desc: true)\n\
        |> limit(n: {most})\n",
        bucket = quoted(&access.logs),
        tests = tests.join(" and "),
    )
}

/// A row as a record; `None`: it does not say when, or has nothing.
fn record(row: &Row) -> Option<Record> {
    let at = DateTime::parse_from_rfc3339(row.get("_time")?).ok()?.to_utc();
    let service = row.get("service").unwrap_or_default();
    let level = row.get("level").and_then(|level| level.parse().ok());
    match (row.get("_value"), row.left_out("_value")) {
        (_, Some(bytes)) => Some(Record::too_large(at, service, level, bytes)),
        (Some(raw), None) => Some(Record::read(at, service, level, raw)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::net::influx::{
        MOST_ROW,
        tests::{access, serve},
    };

    const ROOM: usize = 8 << 20;
    /// What time it is at the database; the machine that asks is an hour behind.
    const THERE: &str = "2026-11-24T23:01:30Z";
    const HERE: &str = "2026-11-24T22:01:30Z";

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn ok(body: &str) -> String {
        format!(
            "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 23:01:30 GMT\r\nContent-Length: LENGTH\r\n\r\n{body}"
        )
    }

    fn question(wanted: Wanted, part: Part) -> Question {
        Question { id: 1, wanted, part, ahead: TimeDelta::zero() }
    }

    fn newest(url: &str) -> Result<Found, Failure> {
        read(&access(url), &question(Wanted::default(), Part::Newest), utc(HERE), ROOM, &mut |_| false)
    }

    /// A row of the service `lab`, its record with that message.
    fn row(at: DateTime<Utc>, level: &str, message: &str) -> String {
        let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        format!(",,0,{at},\"{{\"\"message\"\": \"\"{message}\"\"}}\",{level},lab\r\n")
    }

    const HEAD: &str = "#datatype,string,long,dateTime:RFC3339,string,string,string\r\n#group,false,false,false,false,true,true\r\n\
        #default,_result,,,,,\r\n,result,table,_time,_value,level,service\r\n";

    /// A database with records at these moments that answers as the real one does, and remembers what was asked.
    fn database(times: Vec<DateTime<Utc>>) -> (Access, Arc<Mutex<Vec<String>>>) {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let remembers = asked.clone();
        let (url, _) = serve(move |request| {
            let body = request.split_once("\r\n\r\n").unwrap().1;
            let flux: serde_json::Value = serde_json::from_str(body).unwrap();
            let flux = flux["query"].as_str().unwrap().to_owned();
            let part = |begin: &str, end: &str| {
                flux.split_once(begin).unwrap().1.split_once(end).unwrap().0.to_owned()
            };
            // Its clock goes on within the second that it tells.
            let moment = |text: String| match text.strip_suffix("ms") {
                Some(ms) => utc(THERE) + TimeDelta::milliseconds(900 + ms.parse::<i64>().unwrap()),
                None => utc(&text),
            };
            let (from, until) = (moment(part("start: ", ",")), moment(part("stop: ", ")")));
            let most: usize = part("limit(n: ", ")").parse().unwrap();
            let mut found: Vec<_> = times.iter().filter(|at| (from..until).contains(at)).collect();
            found.sort_by_key(|at| std::cmp::Reverse(**at));
            let rows: String =
                found.into_iter().take(most).map(|at| row(*at, "20", &at.to_string())).collect();
            remembers.lock().unwrap().push(flux);
            Some(ok(&format!("{HEAD}{rows}\r\n")))
        });
        (access(&url), asked)
    }

    #[test]
    fn pages_go_back_by_the_databases_clock_each_record_once() {
        let now = utc(THERE);
        let mut times: Vec<_> = (0..450).map(|n| now - TimeDelta::seconds(n * 150)).collect();
        times.push(now + TimeDelta::minutes(3));
        // Where the first step begins, to the second.
        times.extend([200, 700, 950].map(|ms| now - TimeDelta::hours(1) + TimeDelta::milliseconds(ms)));
        let begun = |at: &&DateTime<Utc>| **at >= now - TimeDelta::hours(24);
        let all = times.iter().filter(begun).count();
        let (access, asked) = database(times);
        let read = |part| {
            read(&access, &question(Wanted::default(), part), utc(HERE), ROOM, &mut |_| false).unwrap()
        };
        let first = read(Part::Newest);
        assert_eq!((first.records.len(), first.more, first.ahead), (PAGE, true, TimeDelta::hours(1)));
        assert_eq!(
            (first.at, first.records[0].at),
            (now, now + TimeDelta::minutes(3)),
            "also what is stamped ahead"
        );
        assert!(asked.lock().unwrap()[0].contains("range(start: -3600000ms, stop: 600000ms)"));
        let mut seen = first.records;
        loop {
            let question = Question {
                ahead: TimeDelta::hours(1),
                ..question(Wanted::default(), Part::UpTo(seen.last().unwrap().at))
            };
            let page = super::read(&access, &question, utc(HERE), ROOM, &mut |_| false).unwrap();
            seen.extend(page.records.into_iter().skip(1));
            if !page.more {
                break;
            }
        }
        assert_eq!(seen.len(), all);
        assert!(seen.is_sorted_by(|a, b| a.at > b.at));
        // What came since then.
        let since = read(Part::Since(now - TimeDelta::seconds(160)));
        assert_eq!((since.records.len(), since.more), (3, false));
    }

    #[test]
    fn what_is_followed_goes_on_from_when_the_first_question_went_out() {
        // The answers take their time, and the database's clock goes on meanwhile.
        let asked = Cell::new(0);
        let (url, _) = serve(move |_| {
            asked.set(asked.get() + 1);
            if asked.get() == 1 {
                std::thread::sleep(Duration::from_millis(2_100));
            }
            let date = format!("23:{:02}:32 GMT", asked.get());
            Some(ok(&format!("{HEAD}\r\n")).replace("23:01:30 GMT", &date))
        });
        let found = newest(&url).unwrap();
        assert_eq!(found.at, utc("2026-11-24T23:01:30Z"));
        assert_eq!(found.ahead, TimeDelta::hours(1));
    }

    #[test]
    fn the_second_step_begins_where_the_first_one_that_had_an_answer_did() {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let remembers = asked.clone();
        let (url, _) = serve(move |request| {
            let mut asked = remembers.lock().unwrap();
            asked.push(request.to_owned());
            let answer = ok(&format!("{HEAD}\r\n"));
            // It breaks off; forty seconds later it does not.
            Some(match asked.len() {
                1 => answer.replace("LENGTH", "100000"),
                n => answer.replace("23:01:30 GMT", &format!("23:02:{:02} GMT", 8 + n)),
            })
        });
        let found = newest(&url).unwrap();
        assert_eq!(found.at, utc("2026-11-24T23:01:30Z"), "what came meanwhile is asked for once more");
        let asked = asked.lock().unwrap();
        assert!(asked[1].contains("start: -900000ms"), "{}", asked[1]);
        assert!(asked[2].contains("stop: 2026-11-24T22:47:11.000000000Z"), "{}", asked[2]);
    }

    #[test]
    fn what_is_followed_begins_where_it_is_wanted() {
        let now = utc(THERE);
        let (access, asked) = database(vec![now - TimeDelta::seconds(2), now - TimeDelta::seconds(6)]);
        let since = Some(utc(HERE) - TimeDelta::seconds(3));
        let question = Question {
            ahead: TimeDelta::hours(1),
            ..question(Wanted { since, ..Wanted::default() }, Part::Since(now - TimeDelta::seconds(10)))
        };
        let found = read(&access, &question, utc(HERE), ROOM, &mut |_| false).unwrap();
        assert_eq!(found.records.len(), 1, "{:?}", asked.lock().unwrap());
    }

    #[test]
    fn an_answer_that_drips_or_never_ends_is_given_up_once_nobody_waits() {
        use std::io::{Read as _, Write as _};
        for drip in [&b"x"[..], b"#", b"\r\n", b"#group,false\r\n"] {
            let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 65_536]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
                while stream.write_all(drip).is_ok() {
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
            let mut looks = 0;
            let mut is_over = |_| {
                looks += 1;
                looks > 20
            };
            let question = question(Wanted::default(), Part::Newest);
            let found = read(&access(&url), &question, utc(HERE), ROOM, &mut is_over).unwrap();
            assert_eq!((found.records.len(), found.more), (0, true));
        }
    }

    #[test]
    fn a_quiet_log_is_a_few_questions_and_no_more_than_the_day_or_the_span_is_looked_through() {
        let now = utc(THERE);
        let (access, asked) = database(vec![now - TimeDelta::hours(20), now - TimeDelta::hours(25)]);
        let ask =
            |wanted| read(&access, &question(wanted, Part::Newest), utc(HERE), ROOM, &mut |_| false).unwrap();
        let found = ask(Wanted::default());
        assert_eq!((found.records.len(), found.more), (1, false));
        assert!(asked.lock().unwrap().len() <= 4);
        let here = utc(HERE);
        let span = Wanted {
            since: Some(here - TimeDelta::hours(26)),
            until: Some(here - TimeDelta::hours(24)),
            ..Wanted::default()
        };
        assert_eq!(ask(span).records[0].at, now - TimeDelta::hours(25), "by this machine's clock");
        asked.lock().unwrap().clear();
        let none = Wanted { since: Some(here), until: Some(here - TimeDelta::hours(1)), ..Wanted::default() };
        assert_eq!(ask(none).records.len(), 0);
        assert!(asked.lock().unwrap().is_empty(), "an empty span is no question");
    }

    #[test]
    fn what_is_wanted_is_asked_of_the_database_and_no_word_leaves_its_quotes() {
        let wanted = Wanted {
            least: Some(30),
            below: Some(50),
            services: vec!["lab".into(), "a\"b".into()],
            not_services: vec!["cryo".into()],
            texts: vec!["Div\"${Zero".into()],
            not_texts: vec!["x".into()],
            ..Wanted::default()
        };
        let flux = query(&access(""), &wanted, "-1ms", "1ms", 201);
        for part in [
            "import \"strings\"\nimport \"experimental/json\"\nfrom(",
            "int(v: r.level) >= 30 and int(v: r.level) < 50 and (r.service == \"lab\" or r.service == \"a\\\"b\") and r.service != \"cryo\")",
            "json.parse(data: bytes(v: r._value)).message)), substr: \"div\\\"\\${zero\"))\n",
            "=> not strings.containsStr(",
            "|> tail(n: 201)\n|> group()\n",
        ] {
            assert!(flux.contains(part), "{part}:\n{flux}");
        }
        assert!(!query(&access(""), &Wanted::default(), "-1ms", "1ms", 1).contains("import"));
    }

    #[test]
    fn tables_with_other_columns_rows_without_some_and_records_of_megabytes_are_harmless() {
        let at = |n: i64| utc(THERE) - TimeDelta::seconds(n);
        let large = "x".repeat(MOST_ROW + 1);
        let body = format!(
            "{HEAD}{}{}\
            ,,0,no time,x,40,lab\r\n,,0,{},,40,lab\r\n,,0,{},{large},40,lab\r\n\r\n\
            #datatype,string,long,string,dateTime:RFC3339\r\n#group,false,false,false,false\r\n#default,_result,,,\r\n\
            ,result,table,_value,_time\r\n,,1,\"old, without a service\",{}\r\n\r\n",
            row(at(1), "35", "custom"),
            row(at(2), "many", "no number"),
            at(3).to_rfc3339(),
            at(4).to_rfc3339(),
            at(5).to_rfc3339_opts(SecondsFormat::Secs, true),
        );
        let asked = Cell::new(0);
        let (url, _) = serve(move |_| {
            asked.set(asked.get() + 1);
            Some(ok(if asked.get() == 1 { body.as_str() } else { "\r\n" }))
        });
        let found = newest(&url).unwrap();
        let told: Vec<_> = found.records.iter().map(|it| (it.level, &*it.message, &*it.service)).collect();
        assert_eq!(
            told,
            [
                (35, "custom", "lab"),
                (0, "no number", "lab"),
                (
                    40,
                    &*format!(
                        "(a record of {} kB, too large to be read here)",
                        (MOST_ROW + 1).div_ceil(1000)
                    ),
                    "lab"
                ),
                (0, "old, without a service", ""),
            ]
        );
        assert_eq!((found.odd, found.more), (2, false));
    }

    #[test]
    fn what_finds_no_room_is_left_for_the_next_page_and_who_waits_no_more_is_read_nothing() {
        let rows: String =
            (0..50).map(|n| row(utc(THERE) - TimeDelta::seconds(n), "20", &"m".repeat(100_000))).collect();
        let body = format!("{HEAD}{rows}\r\n");
        let (url, _) = serve(move |_| Some(ok(&body)));
        let access = access(&url);
        let question = question(Wanted::default(), Part::Newest);
        let found = read(&access, &question, utc(HERE), 1_000_000, &mut |_| false).unwrap();
        assert!(found.more && (5..10).contains(&found.records.len()), "{}", found.records.len());
        let found = read(&access, &question, utc(HERE), 10, &mut |_| false).unwrap();
        assert_eq!((found.records.len(), found.more), (1, true), "one always comes");
        let found = read(&access, &question, utc(HERE), ROOM, &mut |_| true).unwrap();
        assert_eq!((found.records.len(), found.more), (0, true));
        // Also where nothing has come yet: what lies further back was not looked through.
        let (access, asked) = database(Vec::new());
        let found = read(&access, &question, utc(HERE), ROOM, &mut |_| true).unwrap();
        assert_eq!((found.records.len(), found.more, asked.lock().unwrap().len()), (0, true, 1));
        let found = read(&access, &question, utc(HERE), ROOM, &mut |_| false).unwrap();
        assert!(!found.more);
    }

    #[test]
    fn refusals_and_answers_that_break_off_are_told() {
        let refused = |status: &str, message: &str| {
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: LENGTH\r\n\r\n{{\"code\":\"x\",\"message\":\"{message}\"}}"
            );
            let (url, _) = serve(move |_| Some(answer.clone()));
            newest(&url).unwrap_err()
        };
        for (status, told, remedy) in [
            ("401 Unauthorized", "refuses the token (m)", "influxdb-tokens"),
            ("404 Not Found", "has no bucket service_logs for the organisation juice org (m)", "[influxdb]"),
            ("400 Bad Request", "does not understand the question (m)", "no InfluxDB 2"),
        ] {
            let failure = refused(status, "m");
            assert!(failure.what.contains(told) && failure.remedy.contains(remedy), "{failure:?}");
            assert!(!failure.passes);
        }
        // An error inside a 200, after rows: each shorter step says so too.
        let body = format!(
            "{HEAD}{}\r\n#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,out of memory,\r\n",
            row(utc(THERE), "20", "m")
        );
        let asked = Arc::new(Mutex::new(0));
        let counts = asked.clone();
        let (url, _) = serve(move |_| {
            *counts.lock().unwrap() += 1;
            Some(ok(&body))
        });
        let failure = newest(&url).unwrap_err();
        assert!(failure.what.contains("failed in the middle of its answer: out of memory") && failure.passes);
        assert!((2..8).contains(&*asked.lock().unwrap()));
        *asked.lock().unwrap() = 0;
        let question = question(Wanted::default(), Part::Newest);
        // Its row is still waited for, and nothing after it.
        let mut came = false;
        let mut is_over = |bytes| {
            came |= bytes > 0;
            came && bytes == 0
        };
        read(&access(&url), &question, utc(HERE), ROOM, &mut is_over).unwrap_err();
        assert_eq!(*asked.lock().unwrap(), 1, "nobody waits for shorter ones");
        let (url, _) = serve(|_| Some("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort".to_owned()));
        assert!(newest(&url).unwrap_err().what.contains("broke off"));
    }
}
