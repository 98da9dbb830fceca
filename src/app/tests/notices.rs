//! What rings, and above all what does not.

use chrono::Local;

use super::*;
use crate::app::{
    notices::Rules,
    told::{self, How},
};

fn with(rules: Rules) -> Bench {
    Bench::with(Settings { notices: rules, ..Settings::default() }, (100, 30))
}

/// What rang since the last look: of what kind, and the words.
fn rung(b: &mut Bench) -> Vec<(&'static str, String)> {
    let rings = b.take().into_iter().filter_map(|effect| match effect {
        Effect::Ring(alert) => Some((alert.kind, alert.text)),
        _ => None,
    });
    rings.collect()
}

fn named(id: &str) -> Job {
    Job { name: format!("T1: {id}"), ..job(id) }
}

/// It fails with a message that nobody but who looks should read.
fn fails(b: &mut Bench, id: &str) {
    let job = named(id);
    b.runs(&job).completed(&job, &error(id, "KeyError", "the key is hunter2", "Traceback"));
}

#[test]
fn a_task_that_is_watched_rings_once_when_it_ends_and_its_row_says_so() {
    let mut b = with(Rules::default());
    b.runs(&named("q1")).keys("j W").shows("you are told when it ends").shows("◉ T1: q1");
    b.later(30.0 * 60.0).completed(&named("q1"), &error("q1", "KeyError", "the key is hunter2", "Traceback"));
    assert_eq!(rung(&mut b), [("watched", "fridge: T1: q1 failed after 30 min: KeyError".to_owned())]);
    b.shows_not("◉").keys("W").shows("it is over already");
    // One of a colleague's that nobody watches.
    b.runs(&named("q2")).later(30.0 * 60.0).completed(&named("q2"), &ok("q2"));
    b.runs(&named("q3")).keys("g j");
    b.keys("W W").shows("it is not watched any more").completed(&named("q3"), &ok("q3"));
    assert_eq!(rung(&mut b), []);
}

#[test]
fn a_group_that_is_watched_rings_when_all_of_it_is_over() {
    let mut b = with(Rules::default());
    let member = |n: u32| Job { name: format!("T1: {n} [scan {n}/2 #4f2a]"), ..job(&format!("m{n}")) };
    b.scheduled("s1", None, &member(1), "queued").scheduled("s2", None, &member(2), "queued");
    b.keys("j");
    assert!(b.app.current_group().is_some(), "{:?}", b.app.ui.selected);
    b.keys("W").shows("you are told when the group is over").shows("◉");
    b.scheduled("s1", Some("m1"), &member(1), "running").runs(&member(1)).completed(&member(1), &ok("m1"));
    assert_eq!(rung(&mut b), []);
    b.scheduled("s2", Some("m2"), &member(2), "running").runs(&member(2));
    b.completed(&member(2), &error("m2", "E", "x", ""));
    assert_eq!(rung(&mut b), [("watched", "fridge: scan: 1 ok, 1 failed".to_owned())]);
}

#[test]
fn an_own_one_that_took_long_rings_unless_the_person_sees_its_end() {
    for (took, key_before, rings) in [(590.0, 300.0, false), (610.0, 300.0, true), (610.0, 50.0, false)] {
        let mut b = with(Rules::default());
        b.app.session.store.sent_before(["s".into()]);
        b.scheduled("s", Some("t"), &named("t"), "running").runs(&named("t"));
        b.later(took - key_before).keys("?").keys("esc").later(key_before - 0.4);
        b.completed(&named("t"), &ok("t"));
        let wanted: &[&str] = if rings { &["own"] } else { &[] };
        let kinds: Vec<_> = rung(&mut b).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, wanted, "{took} s, and a key {key_before} s before");
    }
}

#[test]
fn of_a_storm_of_failures_the_first_rings() {
    let mut b = with(Rules { first_failures: true, ..Rules::default() });
    fails(&mut b, "q1");
    assert_eq!(rung(&mut b), [], "nobody knows that it ever went well");
    b.ran(&named("q2"));
    (3..40).for_each(|n| fails(&mut b, &format!("q{n}")));
    let rang = rung(&mut b);
    assert_eq!(rang, [("failure", "fridge: T1: q3 failed: KeyError".to_owned())]);
    b.ran(&named("q50"));
    fails(&mut b, "q51");
    assert_eq!(rung(&mut b).len(), 1, "it went well in between");
    let hidden = Job { hidden: true, ..named("q60") };
    b.ran(&hidden).runs(&Job { id: "q61".into(), ..hidden.clone() });
    b.completed(&Job { id: "q61".into(), ..hidden }, &error("q61", "E", "x", ""));
    assert_eq!(rung(&mut b), [], "who hides it wants nobody told");
    let mut quiet = with(Rules::default());
    quiet.ran(&named("q1"));
    fails(&mut quiet, "q2");
    assert_eq!(rung(&mut quiet), [], "only who wants it");
}

#[test]
fn beyond_the_rate_one_sums_up() {
    let within = Duration::from_secs(600);
    let mut b = with(Rules { first_failures: true, most: 2, within, ..Rules::default() });
    for n in 0..5 {
        b.later(1.0).ran(&named(&format!("a{n}")));
        fails(&mut b, &format!("b{n}"));
    }
    assert_eq!(rung(&mut b).len(), 2);
    let due = b.app.ui.notices.wake_at(&b.app.settings.notices).unwrap();
    assert_eq!(due, Duration::from_secs(601), "ten minutes after the first");
    b.at(600.9).msg(Msg::Wake);
    assert_eq!(rung(&mut b), []);
    b.at(601.0).msg(Msg::Wake);
    assert_eq!(rung(&mut b), [("more", "3 more; the last: fridge: T1: b4 failed: KeyError".to_owned())]);
    assert_eq!(b.app.ui.notices.wake_at(&b.app.settings.notices), None);
}

#[test]
fn nothing_rings_in_quiet_hours() {
    let here =
        |b: &Bench, minutes: i64| (b.now.utc + TimeDelta::minutes(minutes)).with_timezone(&Local).time();
    let probe = Bench::new();
    let quiet = Some((here(&probe, -60), here(&probe, 60)));
    let mut b = with(Rules { first_failures: true, quiet, ..Rules::default() });
    b.ran(&named("q1"));
    fails(&mut b, "q2");
    assert_eq!(rung(&mut b), []);
    b.at(3_700.0).ran(&named("q3"));
    fails(&mut b, "q4");
    assert_eq!(rung(&mut b).len(), 1, "they are over, and what was in them is not told later");
}

#[test]
fn a_service_that_falls_silent_rings_and_one_that_is_heard_again() {
    let mut b = with(Rules { services: true, ..Rules::default() });
    b.kernel("lab", "idle").later(60.0).speaks().later(60.0).speaks().later(9.0).msg(Msg::Wake);
    assert_eq!(rung(&mut b), []);
    b.later(1.0).msg(Msg::Wake).msg(Msg::Wake);
    assert_eq!(rung(&mut b), [("service", "lab says nothing any more".to_owned())]);
    b.kernel("lab", "idle").msg(Msg::Wake);
    assert_eq!(rung(&mut b), [("service", "lab is heard again".to_owned())]);
}

#[test]
fn what_a_list_tells_of_the_time_before_rings_nothing() {
    let mut b = Bench::offline(
        Settings { notices: Rules { first_failures: true, ..Rules::default() }, ..Settings::default() },
        (100, 30),
    );
    b.app.session.store.sent_before(["s-ok".into(), "s-error".into()]);
    b.connect();
    let entry = |status: &str| {
        let reply = match status {
            "ok" => ok("t-ok"),
            _ => error("t-error", "E", "x", ""),
        };
        format!(
            r#"{{"scheduled_task_id": "s-{status}", "task_id": "t-{status}", "target": "fridge", "task_type": "Ping",
                "display_name": "Ping", "status": "done", "run_at": null, "submitted_at": "2026-11-24T20:00:00Z",
                "result": {reply}, "eligible": false, "overdue": false}}"#
        )
    };
    b.answer("GetScheduledTasks", &format!("[{}, {}]", entry("ok"), entry("error")));
    assert!(b.app.store().find("s-error").is_some());
    assert_eq!(rung(&mut b), []);
}

/// What stands in the list: how it was told, and the words; the newest first.
fn listed(b: &Bench) -> Vec<(How, &str)> {
    let Some(Layer::Notices(list)) = b.app.ui.layers.last() else { panic!("{:?}", b.layers()) };
    list.rows.iter().map(|entry| (entry.how, entry.text.as_str())).collect()
}

#[test]
fn all_that_was_told_or_held_back_stays_in_a_list() {
    let mut b = with(Rules { first_failures: true, most: 1, ..Rules::default() });
    b.ran(&named("q1"));
    fails(&mut b, "q2");
    b.later(60.0).ran(&named("q3"));
    fails(&mut b, "q4");
    let at = |b: &Bench, minutes: i64| (b.now.utc + TimeDelta::minutes(minutes)).with_timezone(&Local).time();
    b.app.settings.notices.quiet = Some((at(&b, 20), at(&b, 60)));
    b.later(30.0 * 60.0).ran(&named("q5"));
    fails(&mut b, "q6");
    b.keys("g W W N");
    let told = [
        (How::Note(Severity::Info), "select a task first"),
        (How::Quiet, "fridge: T1: q6 failed: KeyError"),
        (How::TooMany, "fridge: T1: q4 failed: KeyError"),
        (How::Rang, "fridge: T1: q2 failed: KeyError"),
    ];
    assert_eq!(listed(&b), told);
    b.shows("note    select a task first").shows("2 times").shows("held back").shows("quiet hours");
    b.shows_not("hunter2").keys("j").shows("(it did not ring: quiet hours)");
    assert!(b.keys("y").take().contains(&Effect::Copy {
        text: "fridge: T1: q6 failed: KeyError".into(),
        what: "what was told".into()
    }));
}

#[test]
fn from_a_notice_one_goes_to_what_it_is_about() {
    let mut b = with(Rules { first_failures: true, services: true, ..Rules::default() });
    b.kernel("lab", "idle").ran(&named("q1"));
    fails(&mut b, "q2");
    b.later(60.0).speaks().later(60.0).speaks().later(10.0).msg(Msg::Wake);
    b.keys("N").shows("service lab says nothing any more").keys("enter");
    assert_eq!((b.layers(), b.selected().as_str()), (vec![], "lab"));
    b.keys("N j enter");
    assert_eq!((b.layers(), b.reader().key.to_string()), (vec!["notices", "task"], "q2".to_owned()));
    b.keys("esc");
    assert_eq!(b.layers(), ["notices"]);
    // It is known no more.
    b.app.session.store = Store::new(Limits::default());
    b.keys("enter");
    assert_eq!(b.layers(), ["notices"]);
    assert_eq!(b.notice(), "that task was let go to save memory; the history may know it");
    b.keys("k enter");
    assert_eq!((b.layers(), b.notice()), (vec!["notices"], "that service is known no more"));
    let count = listed(&b).len();
    b.msg(Msg::Done(Ok("saved".into()))).keys("g enter");
    assert_eq!(b.notice(), "a note is about no task and no service");
    assert_eq!(listed(&b).len(), count + 1, "what is said of the list is no part of it");
}

#[test]
fn from_a_group_s_notice_one_goes_to_the_group() {
    let mut b = with(Rules::default());
    let member = |n: u32| Job { name: format!("T1: {n} [scan {n}/2 #4f2a]"), ..job(&format!("m{n}")) };
    b.scheduled("s1", None, &member(1), "queued").scheduled("s2", None, &member(2), "queued").keys("j W");
    for n in [1, 2] {
        let (sid, id) = (format!("s{n}"), format!("m{n}"));
        b.scheduled(&sid, Some(&id), &member(n), "running").runs(&member(n)).completed(&member(n), &ok(&id));
    }
    b.keys("g").later(10.0).keys("N").shows("group   fridge: scan: 2 ok").keys("enter");
    assert_eq!(b.layers(), [""; 0]);
    assert_eq!(b.app.current_group().map(|key| &*key.id), Some("scan #4f2a 2"));
}

#[test]
fn the_list_stays_bounded() {
    let mut b = Bench::new();
    for n in 0..told::MOST + 50 {
        b.msg(Msg::Done(Err(format!("{n}: {}", "x".repeat(10_000)))));
    }
    b.keys("N").shows("older ones were let go");
    assert_eq!(listed(&b).len(), told::MOST);
    assert!(listed(&b).iter().all(|(_, text)| text.len() <= 1000));
}
