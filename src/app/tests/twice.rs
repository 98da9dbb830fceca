//! What may run twice is asked about, with the reason; nothing else is.

use super::*;

/// A task that was sent, and whose link was lost before its reply; the link is back.
fn lost(kind: &str, way: &str) -> (Bench, String) {
    let mut b = Bench::new();
    b.keys("s").types(kind).keys("enter").keys(way).take();
    b.keys("ctrl-s");
    let id = b.app.store().tasks().next().unwrap().key.to_string();
    assert_eq!(b.sent().len(), 1);
    b.later(1.0).disconnect().later(5.0).connect().answer("GetScheduledTasks", "[]").take();
    assert_eq!(b.state(&id), State::Unknown);
    (b, id)
}

fn select(b: &mut Bench, id: &str) {
    let service = b.app.store().find(id).unwrap().service.clone();
    b.app.ui.selected = Some(Selected::task(service, TaskKey(id.into())));
}

#[test]
fn running_again_what_may_run_still_asks_and_says_why() {
    // C13: direct.
    let (mut b, id) = lost("Ping", "");
    select(&mut b, &id);
    b.keys("r ctrl-s");
    assert_eq!(b.sent().len(), 0);
    b.shows("Ping")
        .shows("the link was lost before its reply")
        .shows("it may run twice")
        .shows("do not send");
    b.later(1.0).keys("enter");
    assert_eq!(b.sent().len(), 0, "no is what Enter says");
    b.later(1.0).keys("ctrl-s").later(1.0).keys("y");
    assert_eq!(b.sent_types(), ["Ping"]);
    assert_ne!(b.sent()[0].id.as_ref(), id, "B24");
}

#[test]
fn a_task_with_the_same_values_asks_however_the_composer_was_opened() {
    let (mut b, _) = lost("Ping", "");
    b.keys("s").types("Ping").keys("enter ctrl-s");
    assert_eq!(b.sent().len(), 0);
    assert!(b.confirm().lines.iter().any(|line| line.contains("it may run twice")), "{:?}", b.confirm());
    // Other values are another task.
    let (mut b, _) = lost("Ping", "");
    b.keys("s").types("Ping").keys("enter").types("hello").keys("ctrl-s");
    assert_eq!(b.sent_types(), ["Ping"], "{}", b.notice());
}

#[test]
fn what_the_scheduler_may_have_taken_asks_as_well() {
    let (mut b, id) = lost("MeasureT2", "f7");
    select(&mut b, &id);
    b.keys("r ctrl-s");
    assert_eq!(b.sent().len(), 0);
    b.shows("before the scheduler's answer").shows("it may run twice");
}

#[test]
fn what_turned_up_again_meanwhile_is_told_and_what_has_ended_is_not_asked_about() {
    let mut b = Bench::new();
    let other = parallel("p1");
    b.runs(&other).disconnect().later(5.0).connect().take();
    assert_eq!(b.state("p1"), State::Unknown);
    select(&mut b, "p1");
    b.keys("r");
    b.completed(&other, &ok("p1")).keys("ctrl-s");
    assert_eq!(b.sent_types(), ["Ping"], "its end is known: nothing is in doubt");
    // Put away by hand: the person has decided that it is over.
    let (mut b, id) = lost("Ping", "");
    b.app.session.store.apply(Input::PutAway(TaskKey(id.as_str().into())), b.now);
    select(&mut b, &id);
    b.keys("r ctrl-s");
    assert_eq!(b.sent_types(), ["Ping"]);
}

#[test]
fn running_again_what_ended_asks_nothing() {
    let mut b = Bench::new();
    let job = parallel("p1");
    b.ran(&job).take();
    select(&mut b, "p1");
    b.keys("r ctrl-s");
    assert_eq!(b.sent_types(), ["Ping"]);
}
