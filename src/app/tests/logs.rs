//! The services' log on the screen. The test plays the thread that asks the database.

use chrono::TimeDelta;

use super::*;
use crate::wire::logs::{Failed, Found, PAGE, Part, Question, Record};

/// A record: service, level, message, and how many seconds before second 1,000 it was written.
pub(crate) struct Said(pub &'static str, pub i64, pub &'static str, pub f64);

pub(crate) const TRACEBACK: &str = "Traceback (most recent call last):\n  File \"/lab/measure/tune.py\", line 22, in half_turn\n    \
    fit(x)\nValueError: no peak\n";

/// A lab whose log can be asked.
pub(crate) fn bench() -> Bench {
    of((100, 30), Charset::Unicode)
}

pub(crate) fn of(size: (u16, u16), charset: Charset) -> Bench {
    let settings = Settings { no_log: None, charset, lab: "cellar".into(), ..Settings::default() };
    let mut b = Bench::with(settings, size);
    b.at(1_000.0);
    b
}

fn record(Said(service, level, message, ago): &Said) -> Record {
    let at = Now::at(1_000.0).utc - TimeDelta::milliseconds((ago * 1000.0) as i64);
    let traceback = if *level >= 40 { json::quote(TRACEBACK) } else { "null".to_owned() };
    let raw = format!(
        r#"{{"message": {}, "name": "root", "levelname": "NOTICE", "exc_text": {traceback}, "pathname": "/lab/measure/tune.py", "lineno": 22, "process": 7}}"#,
        json::quote(message)
    );
    Record::read(at, service, Some(*level), &raw)
}

/// The newest question since the last look.
pub(crate) fn asked(b: &mut Bench) -> Option<Question> {
    b.take().into_iter().rev().find_map(|effect| match effect {
        Effect::AskLog(question) => Some(*question),
        _ => None,
    })
}

/// Answers the newest question with these, the newest first.
#[track_caller]
pub(crate) fn answer(b: &mut Bench, said: &[Said], more: bool) {
    let id = asked(b).expect("a question").id;
    answer_to(b, id, said, more);
}

fn answer_to(b: &mut Bench, id: u64, said: &[Said], more: bool) {
    let records = said.iter().map(record).collect();
    let found = Found { records, more, at: b.now.utc, room: 16 << 20, ..Found::default() };
    b.msg(Msg::LogAnswered(id, Ok(found)));
}

const SAID: [Said; 4] = [
    Said("lab", 40, "Uncaught exception: ValueError: no peak\nin q3", 5.0),
    Said("fridge", 35, "valve 3 is slow", 70.0),
    Said("lab", 20, "the newest but two", 100.0),
    Said("task-manager", 10, "Routing task", 200.0),
];

/// All of it, with a few records.
pub(crate) fn opened() -> Bench {
    let mut b = bench();
    b.keys("J").shows("The log is being asked.");
    answer(&mut b, &SAID, false);
    b
}

fn log(b: &Bench) -> &crate::app::logs::Logs {
    b.app
        .ui
        .layers
        .iter()
        .find_map(|layer| match layer {
            Layer::Logs(logs) => Some(&**logs),
            _ => None,
        })
        .expect("the log")
}

#[test]
fn the_newest_stands_below_under_the_cursor_with_its_level_in_words() {
    let mut b = opened();
    b.shows("Log  4")
        .shows("following")
        .shows("error    lab")
        .shows("notice   fridge")
        .shows("valve 3 is slow");
    assert_eq!(log(&b).selected().unwrap().level, 40);
    let lines: Vec<_> = b.lines();
    let at = |text: &str| lines.iter().position(|line| line.contains(text)).unwrap();
    assert!(at("Routing task") < at("newest but two") && at("newest but two") < at("no peak"));
    b.keys("esc");
    assert!(b.take().contains(&Effect::ForgetLog), "nobody waits any more");
    assert_eq!(b.later(60.0).msg(Msg::Wake).take(), []);
}

#[test]
fn a_filter_is_asked_for_once_it_is_typed_and_a_wrong_one_leaves_what_there_is() {
    let mut b = opened();
    b.keys("/").types("level:warn");
    assert_eq!(asked(&mut b), None, "not at each key");
    b.later(0.6).msg(Msg::Wake);
    let question = asked(&mut b).unwrap();
    assert_eq!((question.wanted.least, question.part), (Some(30), Part::Newest));
    b.shows("looking").shows("valve 3 is slow");
    b.types("x").later(0.6).msg(Msg::Wake);
    assert_eq!(asked(&mut b), None);
    b.shows("level: is debug, info").keys("enter");
    assert_eq!(b.layers(), ["logs", "filter and search"], "{}", b.notice());
    b.keys("backspace").types(" service:lab").keys("enter");
    let second = asked(&mut b).expect("enter asks at once");
    assert_eq!(second.wanted.services, ["lab"]);
    // The older question is given up; its answer changes nothing.
    answer_to(&mut b, question.id, &[Said("lab", 50, "of an older question", 1.0)], false);
    b.shows_not("of an older question");
    answer_to(&mut b, second.id, &SAID[..1], false);
    b.shows("no peak").shows_not("valve 3");
    b.keys("/").types("x").keys("esc").later(0.6).msg(Msg::Wake).shows_not("filter /");
    assert_eq!(asked(&mut b).unwrap().wanted.least, None, "what it was opened with");
}

#[test]
fn what_could_not_be_looked_through_is_not_called_empty_and_unreadable_rows_stay_counted() {
    let mut b = bench();
    b.keys("J");
    answer(&mut b, &[], true);
    b.shows("It took too long to look through all of it").shows_not("last 24 hours");

    let mut b = bench();
    b.keys("J");
    let id = asked(&mut b).unwrap().id;
    let records = SAID.iter().map(record).collect();
    let found = Found { records, odd: 3, at: b.now.utc, room: 16 << 20, ..Found::default() };
    b.msg(Msg::LogAnswered(id, Ok(found))).shows("3 unreadable");
    b.later(5.0).msg(Msg::Wake);
    answer(&mut b, &[Said("lab", 20, "another one", 0.0)], false);
    b.shows("another one").shows("3 unreadable");
}

#[test]
fn no_more_than_two_questions_are_under_way_whatever_is_typed() {
    let mut b = opened();
    b.keys("/");
    let mut ids = Vec::new();
    for letter in ["a", "b", "c", "d"] {
        b.types(letter).later(0.6).msg(Msg::Wake);
        ids.extend(asked(&mut b).map(|question| question.id));
    }
    assert_eq!(ids.len(), 2);
    assert!(b.app.wake_at(b.now).is_none_or(|at| at > b.now.mono), "it does not spin");
    answer_to(&mut b, ids[0], &[], false);
    let last = asked(&mut b).expect("the newest, once there is room");
    assert_eq!(last.wanted.texts, ["abcd"]);
}

#[test]
fn what_is_new_is_asked_for_while_the_newest_is_seen_and_only_then() {
    let mut b = opened();
    let answered = b.now;
    b.later(4.0).msg(Msg::Wake);
    assert_eq!(asked(&mut b), None);
    b.later(1.0).msg(Msg::Wake);
    let question = asked(&mut b).unwrap();
    assert_eq!(question.part, Part::Since(answered.utc - TimeDelta::seconds(10)), "records may come late");
    let revision = b.app.revision();
    answer_to(
        &mut b,
        question.id,
        &[Said("lab", 40, "Uncaught exception: ValueError: no peak\nin q3", 5.0)],
        false,
    );
    assert_eq!((log(&b).lines.len(), b.app.revision()), (4, revision), "it is known, and nothing is drawn");
    b.later(5.0).msg(Msg::Wake);
    // One that came late finds its place.
    answer(&mut b, &[Said("cryo", 20, "new", -10.0), Said("cryo", 20, "late", 5.5)], false);
    let told: Vec<&str> = log(&b).lines.iter().map(|it| &*it.message).collect();
    assert!(told[3] == "late" && told[4].starts_with("Uncaught") && told[5] == "new", "{told:?}");
    b.keys("k k").shows("paused, 2 newer").later(60.0).msg(Msg::Wake);
    assert_eq!(asked(&mut b), None, "it pauses where one scrolls up");
    b.keys("G").shows("following");
    assert!(asked(&mut b).is_some(), "and goes on at the end");
    b.keys("f").shows_not("following");
}

#[test]
fn around_a_task_is_from_before_its_beginning_to_after_its_end() {
    let mut b = bench();
    let task = Job { service: "lab".into(), ..job("a") };
    b.runs(&task).keys("g");
    b.app.ui.selected = Some(Selected::task("lab".into(), TaskKey("a".into())));
    b.keys("enter J");
    let running = asked(&mut b).unwrap().wanted;
    assert_eq!(running.services, ["lab", "task-manager"]);
    assert_eq!(running.until, None, "it runs: to now");
    let since = b.now.utc - running.since.unwrap();
    assert!((60..=120).contains(&since.num_seconds()), "{since}");
    b.keys("esc").later(30.0).completed(&task, &ok("a")).later(600.0);
    let end = b.now.utc - TimeDelta::seconds(600);
    b.keys("J");
    let question = asked(&mut b).unwrap();
    let ended = &question.wanted;
    let after = ended.until.unwrap() - end;
    assert!((60..120).contains(&after.num_seconds()), "{after}");
    b.shows("filter / service:lab,task-manager since:").shows(" until:");
    answer_to(&mut b, question.id, &SAID, false);
    b.later(60.0).msg(Msg::Wake);
    assert_eq!(asked(&mut b), None, "what has ended has nothing new");
    b.keys("esc");
    assert_eq!(b.layers(), ["task"]);
}

#[test]
fn of_a_service_is_from_among_the_services() {
    let mut b = bench();
    b.go_to("lab");
    b.app.ui.moved = true;
    b.keys("m J");
    assert_eq!(asked(&mut b).unwrap().wanted.services, ["lab"]);
    b.shows("filter / service:lab");
}

#[test]
fn older_ones_come_where_one_goes_up_and_each_stands_once() {
    let mut b = bench();
    b.keys("J");
    let page: Vec<Said> = (0..PAGE).map(|n| Said("lab", 20, "m", n as f64)).collect();
    answer(&mut b, &page, true);
    b.shows("Log  200, older ones above").keys("g");
    let question = asked(&mut b).unwrap();
    assert_eq!(question.part, Part::UpTo(log(&b).lines[0].at));
    b.shows("reading older ones");
    let place = log(&b).selected().unwrap().at;
    let older: Vec<Said> = (PAGE - 1..PAGE + 50).map(|n| Said("lab", 20, "m", n as f64)).collect();
    answer_to(&mut b, question.id, &older, false);
    assert_eq!((log(&b).lines.len(), log(&b).selected().unwrap().at), (PAGE + 50, place), "the cursor stays");
    b.shows("Log  250").shows_not("older ones");
    b.keys("g k");
    assert_eq!(asked(&mut b), None, "there are none");
}

#[test]
fn a_record_is_read_as_a_task_that_failed_is() {
    let mut b = opened();
    b.keys("enter");
    b.shows("Uncaught exception: ValueError: no peak").shows("in q3").shows("tune.py:22").shows("fit(x)");
    b.keys("n e");
    let opens = Effect::OpenFile { file: "/lab/measure/tune.py".into(), line: 22 };
    assert!(b.take().contains(&opens));
    b.app.ui.outside = false;
    b.keys("R")
        .shows("error, raw text")
        .shows("File \"/lab/measure/tune.py\", line 22, in half_turn")
        .keys("R y");
    let copied = b.take().into_iter().find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text),
        _ => None,
    });
    let copied = copied.unwrap();
    assert!(
        copied.contains("error  lab  root\nUncaught exception: ValueError: no peak\nin q3\nTraceback"),
        "{copied}"
    );
    b.keys("c").shows("a bug report in Markdown").shows_not("the JSON frame").keys("alt-s");
    assert!(matches!(&b.take()[..], [Effect::SavePrivately { name, .. }] if name == "log.txt"));
    b.keys("/").types("peak").keys("enter ctrl-g G").shows("process    7");
    b.keys("S esc S");
    let effects = b.take();
    assert!(
        effects
            .iter()
            .any(|e| matches!(e, Effect::SavePrivately { name, .. } if name.starts_with("log-lab-2")))
    );
    assert!(effects.iter().any(|e| matches!(e, Effect::SaveLog(all) if all.len() == 4)));
}

#[test]
fn what_fails_is_told_with_a_remedy_and_asked_again_more_and_more_seldom_or_not_at_all() {
    let mut b = opened();
    let fails = |b: &mut Bench, passes| {
        let id = asked(b).expect("a question").id;
        let what = "http://x refuses the token; a token stands in influxdb-tokens".to_owned();
        b.msg(Msg::LogAnswered(id, Err(Failed { what, passes })));
    };
    let mut waited = Vec::new();
    for _ in 0..6 {
        let from = b.now.mono;
        let at = crate::app::update::logs::wake_at(&b.app).unwrap();
        b.at(at.as_secs_f64()).msg(Msg::Wake);
        waited.push((b.now.mono - from).as_secs());
        fails(&mut b, true);
    }
    assert_eq!(waited, [5, 10, 20, 40, 80, 80]);
    b.shows("refuses the token; a token stands in influxdb-tokens. ctrl-r tries again.")
        .shows("valve 3 is slow");
    // Nor are older ones asked for on and on, where one has gone up meanwhile.
    b.keys("ctrl-r");
    fails(&mut b, false);
    b.later(1000.0).msg(Msg::Wake);
    assert_eq!(asked(&mut b), None, "somebody has to change something first");
    b.keys("ctrl-r");
    answer(&mut b, &SAID, false);
    b.shows_not("refuses the token");
}

#[test]
fn where_no_database_is_known_it_says_so_and_asks_nobody() {
    let mut b = Bench::new();
    b.keys("J").shows("The services' log cannot be asked from here: no lab was looked for on this machine.");
    b.keys("ctrl-r f enter y S / x enter");
    assert_eq!(asked(&mut b), None);
}

#[test]
fn the_words_of_its_filter_are_completed_and_it_is_not_saved() {
    let mut b = opened();
    b.keys("/").types("lev").keys("tab").types("crit").keys("tab");
    assert_eq!(log(&b).filter_text, "level:critical");
    b.types(" service:fri").keys("tab");
    assert_eq!(log(&b).filter_text, "level:critical service:fridge");
    b.keys("ctrl-s");
    assert_eq!(b.notice(), "not saved: saved filters are about tasks");
}
