//! What became of tasks, as Juice's task manager wrote it into the database: read back in pages, the newest first.
//!
//! A page is a span of time, and of it at most so many rows. How long the next span is follows from how full the last one
//! was: so the database never has to sort more at once than somebody can use, a quiet day is a few questions, and a flood is
//! many small ones. The first question counts from the database's own clock, whatever that of this machine says; the
//! answer tells what time it was there. It refuses to hold more than the rows of one moment.

use std::{ops::ControlFlow, time::Duration};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{AWAITED, Access, Failure, MOST_ROW, UNHURRIED, ask, quoted, rows::Row};
use crate::wire::{
    Text,
    archive::Archived,
    event::{Stamp, TaskEvent, TaskEventState},
    fields::LONGEST_WORD,
    frame::Reply,
    json,
    stand_in::LeftOut,
};

/// Rows of a page.
const MOST_ROWS: usize = 3_000;
/// How long the first page is.
const FIRST: TimeDelta = TimeDelta::minutes(15);
/// No page is longer, nor shorter.
const LONG: TimeDelta = TimeDelta::hours(8);
const SHORT: TimeDelta = TimeDelta::seconds(1);
/// A task manager's clock may be so far ahead of the database's.
const AHEAD: TimeDelta = TimeDelta::minutes(10);
/// Ids that are asked for at once.
const MOST_IDS: usize = 100;
/// A page that was too much is asked for in smaller ones so often.
const SMALLER: usize = 4;
/// A database that does not tell what time it is there may be so far ahead.
const UNTOLD: TimeDelta = TimeDelta::minutes(1);
/// Bytes of tasks of one moment that are held for rows that belong to them.
const MOST_HELD: usize = 1 << 20;

/// What is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// All tasks that began at most this long ago.
    pub back: Duration,
    /// These too, if they began at most `far` ago.
    pub ids: Vec<Text>,
    /// See `ids`.
    pub far: Duration,
}

/// What is told while it is read.
#[derive(Debug)]
pub enum Told {
    /// A task.
    Task(Box<Archived>),
    /// All that began since this moment was told, by the database's clock; it is that long ago there.
    Back(DateTime<Utc>, Duration),
    /// Nothing yet: whether anybody still waits is asked.
    Nothing,
}

/// What was read, once all is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Rows that no task can be made of.
    pub odd: usize,
    /// Texts that were too large.
    pub left_out: usize,
    /// More rows of one moment than a page has.
    pub crowded: bool,
}

impl Read {
    /// What could not be used, in a few words.
    pub fn odd_words(&self) -> Option<String> {
        let mut words = Vec::new();
        if self.odd > 0 {
            words.push(format!("{} rows cannot be read", self.odd));
        }
        if self.left_out > 0 {
            words.push(format!("{} texts over {} MiB are left out", self.left_out, MOST_ROW >> 20));
        }
        if self.crowded {
            words.push("some tasks of one moment are left out".to_owned());
        }
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// Reads tasks; `each` is told what comes, and can end it. `now`: what time it is here, where the database does not tell.
///
/// # Errors
/// What went wrong; what came before that stands.
pub fn read(
    access: &Access,
    wanted: &Wanted,
    now: DateTime<Utc>,
    mut each: impl FnMut(Told) -> ControlFlow<()>,
) -> Result<Read, Failure> {
    in_pages(access, wanted, now, MOST_ROWS, &mut each)
}

fn in_pages(
    access: &Access,
    wanted: &Wanted,
    now: DateTime<Utc>,
    most: usize,
    each: Each<'_>,
) -> Result<Read, Failure> {
    let mut reading = Reading { access, now, most, read: Read::default() };
    let _ = reading.all(wanted, each)?;
    Ok(reading.read)
}

/// Whether tasks can be read: what time it is there.
///
/// # Errors
/// What went wrong.
pub fn try_out(access: &Access) -> Result<Option<DateTime<Utc>>, Failure> {
    let mut answer = ask(access, &access.tasks, &query(access, "-1m", "1m", &[], 1), AWAITED)?;
    // What fails may fail behind its rows; who never ends says enough.
    let mut rows = 0;
    while rows < MOST_ROWS && answer.next_row(&mut || false)?.is_some() {
        rows += 1;
    }
    Ok(answer.at)
}

type Each<'a> = &'a mut dyn FnMut(Told) -> ControlFlow<()>;

/// What is known while one thing after another is read.
struct Reading<'a> {
    access: &'a Access,
    /// What time it is here.
    now: DateTime<Utc>,
    /// Rows of a page.
    most: usize,
    read: Read,
}

/// What a page was.
#[derive(Debug, Default)]
struct Page {
    rows: usize,
    newest: Option<DateTime<Utc>>,
    oldest: Option<DateTime<Utc>>,
    at: Option<DateTime<Utc>>,
    is_stopped: bool,
}

impl Reading<'_> {
    fn all(&mut self, wanted: &Wanted, each: Each<'_>) -> Result<ControlFlow<()>, Failure> {
        let back = TimeDelta::from_std(wanted.back).unwrap_or(LONG);
        let mut span = FIRST.min(back).max(SHORT);
        let ago = |span: TimeDelta| format!("-{}ms", span.num_milliseconds());
        let ahead = format!("{}ms", AHEAD.num_milliseconds());
        let page = loop {
            match self.page(&ago(span), &ahead, &[], each) {
                Err(failure) if failure.too_much && span > TimeDelta::minutes(1) => span = span / 4,
                page => break page?,
            }
        };
        if page.is_stopped {
            return Ok(ControlFlow::Break(()));
        }
        let now = page.at.unwrap_or(self.now);
        let end = now - back;
        // The database told whole seconds, and only when its answer began to come: the page may begin up to so much later.
        let late = if page.at.is_some() { TimeDelta::seconds(1) } else { UNTOLD };
        let mut until = self.after(&page, now - span + late);
        if self.tell(each, now, until).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let mut failed = 0;
        while until > end {
            let from = (until - span).max(end);
            let page = match self.page(&moment(from), &moment(until), &[], each) {
                Err(failure) if failure.too_much && failed < SMALLER => {
                    failed += 1;
                    span = (span / 4).max(SHORT);
                    continue;
                }
                page => page?,
            };
            failed = 0;
            if page.is_stopped {
                return Ok(ControlFlow::Break(()));
            }
            span = match page.rows {
                rows if rows >= self.most => span / 4,
                rows if rows < self.most / 4 => span * 4,
                _ => span,
            };
            span = span.clamp(SHORT, LONG);
            until = self.after(&page, from);
            if self.tell(each, now, until).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let far = now - TimeDelta::from_std(wanted.far).unwrap_or(LONG);
        for ids in wanted.ids.chunks(MOST_IDS).filter(|_| far < until) {
            let page = self.page(&moment(far), &moment(until), ids, each)?;
            if page.is_stopped {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn tell(&self, each: Each<'_>, now: DateTime<Utc>, until: DateTime<Utc>) -> ControlFlow<()> {
        each(Told::Back(until, (now - until).to_std().unwrap_or_default()))
    }

    /// Up to where a page has told all that began from `from` on.
    fn after(&mut self, page: &Page, from: DateTime<Utc>) -> DateTime<Utc> {
        let (Some(newest), Some(oldest)) = (page.newest, page.oldest) else { return from };
        if page.rows < self.most {
            return from;
        }
        // Of the last moment not all rows may have come: it is asked for again, unless it fills pages by itself.
        if newest == oldest {
            self.read.crowded = true;
            return oldest;
        }
        oldest + TimeDelta::nanoseconds(1)
    }

    /// One question.
    fn page(&mut self, from: &str, until: &str, ids: &[Text], each: Each<'_>) -> Result<Page, Failure> {
        let access = self.access;
        let mut answer = ask(access, &access.tasks, &query(access, from, until, ids, self.most), UNHURRIED)?;
        let mut page = Page { at: answer.at, ..Page::default() };
        // Tasks of one moment, whose rows stand together.
        let mut tasks: Vec<Archived> = Vec::new();
        let mut held = 0;
        loop {
            let row = match answer.next_row(&mut || each(Told::Nothing).is_break()) {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(_) if each(Told::Nothing).is_break() => {
                    page.is_stopped = true;
                    return Ok(page);
                }
                Err(failure) => return Err(failure),
            };
            page.rows += 1;
            if page.rows > self.most {
                // Who gives more than was asked for may never come to an end.
                self.read.crowded = true;
                break;
            }
            let event = match event(&row) {
                Some((event, left_out)) => {
                    self.read.left_out += usize::from(left_out);
                    event
                }
                None => {
                    self.read.odd += 1;
                    continue;
                }
            };
            let at = event.time.at;
            (page.newest, page.oldest) = (page.newest.max(at), page.oldest.or(at).min(at));
            let is_next = tasks.first().is_some_and(|task| !task.time.is(&event.time));
            if is_next || held > MOST_HELD {
                if tell_all(&mut tasks, each).is_break() {
                    page.is_stopped = true;
                    return Ok(page);
                }
                held = 0;
            }
            held += event.metadata.len() + event.payload.len();
            match tasks.iter_mut().find(|task| task.is_of(&event)) {
                Some(task) => task.add(event),
                None => tasks.push(Archived::of(event)),
            }
        }
        page.is_stopped = tell_all(&mut tasks, each).is_break();
        Ok(page)
    }
}

fn tell_all(tasks: &mut Vec<Archived>, each: Each<'_>) -> ControlFlow<()> {
    tasks.drain(..).try_for_each(|task| each(Told::Task(Box::new(task))))
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// The Flux text. Fields become columns of one row before anything is asked of them.
fn query(access: &Access, from: &str, until: &str, ids: &[Text], most: usize) -> String {
    let mut filter = String::new();
    if !ids.is_empty() {
        let ids: Vec<String> = ids.iter().map(|id| quoted(id)).collect();
        filter =
            format!("|> filter(fn: (r) => contains(value: r[\"task_id\"], set: [{}]))\n", ids.join(", "));
    }
    format!(
        "from(bucket: {bucket})\n\
        |> range(start: {from}, stop: {until})\n\
        |> filter(fn: (r) => r._measurement == \"task_event\")\n\
        |> pivot(rowKey: [\"_time\"], columnKey: [\"_field\"], valueColumn: \"_value\")\n\
        {filter}\
        |> group()\n\
        |> sort(columns: [\"_time\"], desc: true)\n\
        |> limit(n: {most})\n",
        bucket = quoted(&access.tasks),
    )
}

/// A row as the event that it was, and whether its text was too large. `None`: it does not say which task's it is.
fn event(row: &Row) -> Option<(TaskEvent, bool)> {
    let word = |column| row.get(column).filter(|word| word.len() <= LONGEST_WORD);
    let task_id = word("task_id")?;
    let time = Stamp::parse(word("_time")?);
    time.at?;
    let state = match word("task_state")? {
        "created" => TaskEventState::Created,
        "started" => TaskEventState::Started,
        "completed" => TaskEventState::Completed,
        "failed" => TaskEventState::Failed,
        other => TaskEventState::Other(other.into()),
    };
    let ends = matches!(state, TaskEventState::Completed | TaskEventState::Failed);
    let metadata = row.get("task_metadata").unwrap_or_default();
    // A line break in a cell comes as two characters, in JSON as it was.
    let name = json::get(metadata, "display_name").and_then(json::string).map(Text::from);
    let name =
        name.unwrap_or_else(|| row.get("task_display_name").unwrap_or_default().replace("\r\n", "\n").into());
    let left_out = row.left_out("task_payload");
    let payload: Text = match left_out {
        Some(length) if ends => {
            LeftOut { length: length as u64, limit: MOST_ROW as u64 }.reply(task_id).into()
        }
        _ => row.get("task_payload").unwrap_or_default().into(),
    };
    let event = TaskEvent {
        time,
        task_id: task_id.into(),
        target: word("task_target")?.into(),
        task_type: word("task_type").unwrap_or_default().into(),
        display_name: name,
        parallel: json::get(metadata, "parallel").and_then(json::boolean),
        metadata: metadata.into(),
        reply: if ends { Reply::parse(payload.clone()).ok() } else { None },
        payload,
        state,
        show_in_dashboard: row.get("show_in_dashboard") != Some("false"),
    };
    Some((event, left_out.is_some()))
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::net::influx::tests::{access, serve};

    const DATE: &str = "Tue, 24 Nov 2026 23:01:30 GMT";
    /// The machine that asks is an hour behind.
    const HERE: &str = "2026-11-24T22:01:30Z";

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nDate: {DATE}\r\nContent-Length: LENGTH\r\n\r\n{body}")
    }

    /// A database with these rows (when, id, state) that answers as the real one does, and remembers what was asked.
    fn database(rows: Vec<(DateTime<Utc>, String, &'static str)>) -> (Access, Arc<Mutex<Vec<String>>>) {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let remembers = asked.clone();
        let (url, _) = serve(move |request| {
            let body = request.split_once("\r\n\r\n").unwrap().1;
            let flux: serde_json::Value = serde_json::from_str(body).unwrap();
            let flux = flux["query"].as_str().unwrap().to_owned();
            let part = |begin: &str, end: &str| {
                let rest = flux.split_once(begin)?.1;
                Some(rest.split_once(end)?.0.to_owned())
            };
            let moment = |text: String| match text.strip_suffix("ms") {
                // Its clock goes on within the second that it tells.
                Some(ms) => {
                    utc("2026-11-24T23:01:30Z") + TimeDelta::milliseconds(900 + ms.parse::<i64>().unwrap())
                }
                None => utc(&text),
            };
            let from = moment(part("start: ", ",").unwrap());
            let until = moment(part("stop: ", ")").unwrap());
            let most: usize = part("limit(n: ", ")").unwrap().parse().unwrap();
            let ids = part("set: [", "]");
            let mut found: Vec<_> = rows
                .iter()
                .filter(|(at, id, _)| {
                    (from..until).contains(at)
                        && ids.as_ref().is_none_or(|ids| ids.contains(&format!("\"{id}\"")))
                })
                .collect();
            found.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
            let mut csv = ",result,table,_time,task_state,task_id,task_target,task_payload\r\n".to_owned();
            for (at, id, state) in found.into_iter().take(most) {
                let payload = if *state == "completed" { r#"{""status"": ""ok""}"# } else { r#"{""a"": 1}"# };
                csv.push_str(&format!(",,0,{},{state},{id},lab,\"{payload}\"\r\n", moment_of(*at)));
            }
            remembers.lock().unwrap().push(flux);
            Some(ok(&(csv + "\r\n")))
        });
        (access(&url), asked)
    }

    fn moment_of(at: DateTime<Utc>) -> String {
        at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }

    fn wanted(hours: u64) -> Wanted {
        Wanted { back: Duration::from_secs(hours * 3600), ids: Vec::new(), far: Duration::ZERO }
    }

    fn three(at: DateTime<Utc>, id: String) -> impl Iterator<Item = (DateTime<Utc>, String, &'static str)> {
        ["started", "completed", "created"].into_iter().map(move |state| (at, id.clone(), state))
    }

    #[test]
    fn the_sample_gives_its_tasks_whole_and_letter_for_letter() {
        let sample =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/influx_tasks.csv"));
        let sample = sample.unwrap();
        let (url, _) = serve(move |_| Some(ok(&sample)));
        let mut tasks: BTreeMap<Text, Vec<Archived>> = BTreeMap::new();
        let read = read(&access(&url), &wanted(0), utc(HERE), |told| {
            if let Told::Task(task) = told {
                tasks.entry(task.task_id.clone()).or_default().push(*task);
            }
            ControlFlow::Continue(())
        });
        assert_eq!(read, Ok(Read::default()));
        let wait = &tasks["818db268-74b3-44cd-a5dd-17694faacf99"];
        assert!(wait.iter().all(|task| task.time.at == Some(utc("2026-11-24T23:01:26.439702Z"))));
        assert!(
            wait.iter().all(|task| &*task.display_name == "Wait: seconds=0.2" && &*task.target == "fridge")
        );
        assert!(wait.iter().all(|task| task.parallel == Some(false) && task.show_in_dashboard));
        assert!(wait.iter().any(|task| task.payload.as_deref() == Some(r#"{"seconds": 0.2}"#)), "{wait:#?}");
        let reply = wait.iter().find_map(|task| task.reply.as_ref()).unwrap();
        assert_eq!(reply.result(false), Some(r#""waited 0.2""#));
        let ping = &tasks["48add997-e968-47e5-ada0-60ccc33cccdb"];
        assert!(ping.iter().all(|task| &*task.display_name == "Ping: message='a\\n\"b\"'"), "{ping:#?}");
        let reply = ping.iter().find_map(|task| task.reply.as_ref()).unwrap();
        assert_eq!(reply.error(false).and_then(|error| error.evalue.as_deref()), Some("'x'"));
        assert!(ping.iter().any(|task| task.ended) && ping.iter().any(|task| !task.ended));
    }

    #[test]
    fn a_day_comes_newest_first_in_pages_and_each_task_whole() {
        let now = utc("2026-11-24T23:01:30Z");
        // Quiet hours, a flood of a minute, and what began before.
        let quiet = (0..40).map(|n| now - TimeDelta::minutes(5 + 30 * n));
        let flood = (0..500).map(|n| now - TimeDelta::hours(7) - TimeDelta::milliseconds(120 * n));
        // Where the first page begins, to the second.
        let edge = now - TimeDelta::minutes(15) + TimeDelta::milliseconds(400);
        let times: Vec<_> = quiet.chain(flood).chain([now + TimeDelta::minutes(2), edge]).collect();
        let begun: Vec<_> = times.iter().filter(|at| now - **at < TimeDelta::hours(12)).copied().collect();
        let rows = times.iter().flat_map(|at| three(*at, format!("t{at}"))).collect();
        let (access, asked) = database(rows);
        let (mut whole, mut back) = (Vec::new(), Vec::new());
        in_pages(&access, &wanted(12), utc(HERE), 100, &mut |told| {
            match told {
                Told::Task(task) if task.ended && task.payload.is_some() => whole.push(task.time.at.unwrap()),
                Told::Task(_) | Told::Nothing => {}
                Told::Back(at, ago) => {
                    assert_eq!(now - at, TimeDelta::from_std(ago).unwrap());
                    assert!(whole.iter().all(|known| *known >= at - TimeDelta::nanoseconds(1)));
                    back.push(at);
                }
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        whole.dedup();
        assert!(whole.is_sorted_by(|a, b| a > b), "newest first");
        let mut wanted = begun;
        wanted.sort_by_key(|at| std::cmp::Reverse(*at));
        assert_eq!(whole, wanted, "each once it is whole, also what is stamped ahead");
        assert!(
            back.is_sorted_by(|a, b| a > b) && back.last() == Some(&(now - TimeDelta::hours(12))),
            "{back:?}"
        );
        let asked = asked.lock().unwrap();
        assert!((10..40).contains(&asked.len()), "{} questions", asked.len());
        assert!(asked[0].contains("range(start: -900000ms, stop: 600000ms)"), "{}", asked[0]);
    }

    #[test]
    fn rows_without_end_are_not_held_and_not_read_for_nobody() {
        let large = "x".repeat(100_000);
        let row = |n: usize| format!(",,0,2026-11-24T23:01:00Z,created,t{n},lab,{large}\r\n");
        let head = ",result,table,_time,task_state,task_id,task_target,task_payload\r\n";
        let body = head.to_owned() + &(0..60).map(row).collect::<String>() + "\r\n";
        let (url, _) = serve(move |_| Some(ok(&body)));
        let access = access(&url);
        let (mut told, mut asked) = (0, 0);
        let mut first = None;
        let read = in_pages(&access, &wanted(0), utc(HERE), 40, &mut |it| {
            match it {
                Told::Task(_) => {
                    told += 1;
                    first.get_or_insert(asked);
                }
                Told::Nothing => asked += 1,
                Told::Back(..) => {}
            }
            ControlFlow::Continue(())
        });
        assert!(read.unwrap().crowded, "more rows than were asked for");
        assert_eq!(told, 40);
        assert!(first.unwrap() < asked, "those of one moment go on before all of them have come");
        // Nobody waits any more: no other row is read.
        let mut told = 0;
        in_pages(&access, &wanted(0), utc(HERE), 40, &mut |it| match it {
            Told::Nothing => ControlFlow::Break(()),
            _ => {
                told += 1;
                ControlFlow::Continue(())
            }
        })
        .unwrap();
        assert_eq!(told, 0);
    }

    #[test]
    fn tasks_are_asked_for_by_their_ids_beyond_what_is_read_whole() {
        let now = utc("2026-11-24T23:01:30Z");
        let old = now - TimeDelta::hours(30);
        let rows = three(old, "old".into()).chain(three(old, "other".into())).collect();
        let (access, asked) = database(rows);
        let wanted = Wanted {
            ids: vec!["a\"b".into(), "old".into()],
            far: Duration::from_secs(40 * 3600),
            ..wanted(1)
        };
        let mut tasks = Vec::new();
        let each = |told| {
            if let Told::Task(task) = told {
                tasks.push(task.task_id.to_string());
            }
            ControlFlow::Continue(())
        };
        read(&access, &wanted, utc(HERE), each).unwrap();
        assert_eq!(tasks, ["old"]);
        let asked = asked.lock().unwrap();
        let last = asked.last().unwrap();
        assert!(last.contains(r#"contains(value: r["task_id"], set: ["a\"b", "old"])"#), "{last}");
    }

    #[test]
    fn what_fills_a_page_in_one_moment_ends_and_is_told_and_who_has_enough_hears_no_more() {
        let now = utc("2026-11-24T23:01:30Z");
        let rows: Vec<_> =
            (0..50).flat_map(|n| three(now - TimeDelta::minutes(3), format!("t{n}"))).collect();
        let (access, asked) = database(rows);
        let each: Each<'_> = &mut |_| ControlFlow::Continue(());
        let read = in_pages(&access, &wanted(1), utc(HERE), 30, each).unwrap();
        assert!(read.crowded && read.odd_words().unwrap().contains("one moment"));
        asked.lock().unwrap().clear();
        in_pages(&access, &wanted(24), utc(HERE), 30, &mut |_| ControlFlow::Break(())).unwrap();
        assert_eq!(asked.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_row_that_says_too_little_or_too_much_costs_its_own_task_only() {
        let large = "x".repeat(MOST_ROW);
        let head = ",result,table,_time,task_state,task_id,task_target,task_payload,show_in_dashboard,_x";
        let time = "2026-11-24T23:01:26.4Z";
        let rows = [
            format!(",,0,{time},completed,large,lab,{large},true,"),
            format!(",,0,{time},created,large,lab,{large},true,"),
            format!(",,0,{time},completed,,lab,{{}},true,"),
            ",,0,no time,completed,id,lab,{},true,".to_owned(),
            format!(",,0,{time},completed,hidden,lab,{{}},false,"),
            format!(",,0,{time},paused,later,lab,{{}},,"),
        ];
        let body = format!("{head}\r\n{}\r\n\r\n", rows.join("\r\n"));
        let (url, _) = serve(move |_| Some(ok(&body)));
        let mut tasks = Vec::new();
        let read = read(&access(&url), &wanted(0), utc(HERE), |told| {
            if let Told::Task(task) = told {
                tasks.push(*task);
            }
            ControlFlow::Continue(())
        });
        let read = read.unwrap();
        assert_eq!((read.odd, read.left_out), (2, 2));
        assert_eq!(
            read.odd_words().as_deref(),
            Some("2 rows cannot be read, 2 texts over 4 MiB are left out")
        );
        let [large, hidden, later] = &tasks[..] else { panic!("{tasks:#?}") };
        let left_out = LeftOut::read(&large.reply.as_ref().unwrap().text).unwrap();
        assert!(left_out.length > MOST_ROW as u64 / 2 && large.ended && large.payload.is_none());
        assert!(!hidden.show_in_dashboard && later.show_in_dashboard && !later.ended);
    }

    #[test]
    fn what_came_before_a_failure_stands_and_a_page_that_is_too_much_is_asked_for_in_smaller_ones() {
        let row = ",result,table,_time,task_state,task_id,task_target,task_payload\r\n\
            ,,0,2026-11-24T23:01:26.4Z,created,a,lab,{}\r\n\
            ,,0,2026-11-24T23:01:25.4Z,created,b,lab,{}\r\n\r\n";
        let broken = format!(
            "{row}#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,out of memory,\r\n"
        );
        let (tell, asked) = std::sync::mpsc::channel();
        let (url, _) = serve(move |request| {
            tell.send(request.to_owned()).ok()?;
            Some(ok(&broken))
        });
        let mut tasks = Vec::new();
        let failure = read(&access(&url), &wanted(1), utc(HERE), |told| {
            if let Told::Task(task) = told {
                tasks.push(task.task_id.to_string());
            }
            ControlFlow::Continue(())
        });
        let failure = failure.unwrap_err();
        assert!(failure.what.contains("failed in the middle of its answer: out of memory"), "{failure:?}");
        assert!(failure.passes && failure.sentence().contains("; "));
        assert!(tasks.contains(&"a".to_owned()), "{tasks:?}");
        let spans: Vec<_> = asked.try_iter().collect();
        assert!(spans.len() > 1 && spans.len() < 5, "{}", spans.len());
        assert!(spans[1].contains("start: -225000ms"), "{}", spans[1]);

        // Cut off in the middle of a chunked answer, as a database does that dies.
        let cut =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{row}\r\n", row.len());
        let (url, _) = serve(move |_| Some(cut.clone()));
        let failure = try_out(&access(&url)).unwrap_err();
        assert!(failure.what.contains("broke off"), "{failure:?}");
    }
}
