//! Saying when a task is to start.

use super::*;
use crate::app::session::Way;

/// A composer on a type of `fridge`, which goes through the scheduler.
fn composer() -> Bench {
    let mut b = Bench::new();
    b.runs(&job("a")).keys("s").types("MeasureT2").keys("enter");
    b.composer();
    b
}

fn run_at(b: &Bench) -> Option<String> {
    b.composer().run_at().map(|at| at.to_rfc3339())
}

#[test]
fn what_is_typed_is_shown_as_a_moment_and_goes_out_with_its_offset() {
    let mut b = composer();
    b.keys("f6").types("2026-11-25T06:00+01:00").shows("not before Wed 2026-11-25 06:00:00 +01:00, in ");
    b.keys("enter");
    assert_eq!(run_at(&b).as_deref(), Some("2026-11-25T06:00:00+01:00"));
    assert!(b.notice().contains("not before Wed 2026-11-25 06:00:00 +01:00"), "{}", b.notice());
    b.shows("scheduled").keys("ctrl-s");
    let frame = b.sent().last().unwrap().text.clone();
    assert_eq!(field(&frame, "type"), "ScheduleTask");
    assert_eq!(field(json::get(&frame, "payload").unwrap(), "run_at"), "2026-11-25T06:00:00.000000+01:00");
}

#[test]
fn a_length_of_time_counts_from_enter_and_moves_on_the_screen_until_then() {
    let mut b = composer();
    b.at(10.0).key("alt-w").types("3h");
    assert_eq!(b.app.wake_at(b.now), Some(Duration::from_secs(b.now.mono.as_secs() + 1)));
    b.at(100.0).key("enter");
    let at = b.composer().run_at().unwrap().to_utc();
    assert_eq!(at, Now::at(100.0 + 3.0 * 3600.0).utc);
    // Opened again it stands there, and emptied it is now again.
    b.keys("f6").shows("Start  2026-11-2").keys("ctrl-u enter");
    assert_eq!((run_at(&b), b.composer().way.clone()), (None, Way::Scheduled(None)));
}

#[test]
fn a_direct_task_with_a_time_becomes_a_scheduled_one_and_is_told_so() {
    let mut b = composer();
    b.keys("f2");
    assert_eq!(b.composer().way, Way::Direct);
    // Now and direct go together.
    b.keys("f6").types("now").keys("enter");
    assert_eq!(b.composer().way, Way::Direct);
    b.keys("f6").types("in 3h").keys("enter");
    assert!(matches!(b.composer().way, Way::Scheduled(Some(_))));
    assert!(b.notice().contains("goes through the scheduler"), "{}", b.notice());
    b.keys("f2");
    assert_eq!(b.composer().way, Way::Direct);
    assert!(b.notice().contains("time that was set is dropped"), "{}", b.notice());
}

#[test]
fn what_cannot_be_read_is_not_taken_and_esc_changes_nothing() {
    let mut b = composer();
    b.keys("f6").types("soon").shows("`soon` cannot be read").keys("enter");
    assert_eq!(b.layers(), ["compose", "filter and search"]);
    b.paste("er or\nlater").keys("esc");
    assert_eq!((b.layers(), run_at(&b)), (vec!["compose"], None));
    assert_eq!(b.sent().len(), 0);
}

#[test]
fn a_moment_of_the_past_is_told_before_and_after_it_is_taken() {
    let mut b = composer();
    b.keys("f6").types("2020-01-01T00:00Z").shows("That is over: it is due at once").keys("enter");
    assert!(b.notice().contains("over: due at once"), "{}", b.notice());
    b.later(1.0).shows("due at once").keys("ctrl-s");
    // Also one that was ahead when it was typed: a draft may be old. Enter does not send it.
    b.shows("is over").keys("enter");
    assert_eq!(b.sent_types(), [""; 0]);
    b.later(1.0).keys("ctrl-s").later(1.0).keys("y");
    assert_eq!(b.sent_types(), ["ScheduleTask"]);
}

#[test]
fn without_a_scheduler_no_time_can_be_set() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let id = b.sent().iter().find(|o| field(&o.text, "type") == "GetScheduledTasks").unwrap().id.clone();
    b.reply(&error(&id, "ValueError", "Unknown task type: GetScheduledTasks", ""));
    b.runs(&job("a")).keys("s").types("MeasureT2").keys("enter f6");
    assert!(b.notice().contains("no scheduler"), "{}", b.notice());
    assert_eq!(b.layers(), ["compose"]);
}
