//! An own task whose acknowledgement by the scheduler was lost with the link is one task, not two.

use super::*;
use crate::store::{LookedFor, Own, Reason, Task};

/// Sends `MeasureT2` through the scheduler and loses the link before it answers; the link is back, and the list is
/// awaited. Gives the id of its own frame and its name.
fn lost() -> (Bench, String, String) {
    let mut b = Bench::new();
    lose(&mut b)
}

fn lose(b: &mut Bench) -> (Bench, String, String) {
    b.keys("s").types("MeasureT2").keys("enter f7 ctrl-s");
    assert_eq!(b.sent_types().last().unwrap(), "ScheduleTask", "{}", b.notice());
    let frame = b.sent().last().unwrap().text.clone();
    let own =
        field(json::get(json::get(&frame, "payload").unwrap(), "task_metadata").unwrap(), "submitted_as");
    let name = b.app.store().find(&own).unwrap().name.to_string();
    b.later(0.5).disconnect();
    assert_eq!(b.app.store().find(&own).unwrap().reason, Some(Reason::LinkLost));
    b.later(5.0).connect();
    (std::mem::replace(b, Bench::new()), own, name)
}

fn entry(sid: &str, name: &str, minute: u8, task_id: Option<&str>) -> String {
    let status = if task_id.is_some() { "running" } else { "queued" };
    let task_id = task_id.map_or_else(|| "null".to_owned(), json::quote);
    format!(
        r#"{{"scheduled_task_id": "{sid}", "task_id": {task_id}, "target": "fridge", "task_type": "MeasureT2",
            "display_name": {}, "status": "{status}", "run_at": null, "submitted_at": "2026-11-24T21:{minute:02}:00Z",
            "result": null, "eligible": true, "overdue": false}}"#,
        json::quote(name)
    )
}

/// The bus tells that a scheduled task starts, with the metadata that it was given.
fn starts(b: &mut Bench, task_id: &str, name: &str, submitted_as: Option<&str>) {
    let mark = submitted_as.map_or_else(String::new, |id| format!(r#", "submitted_as": "{id}""#));
    for state in ["created", "started"] {
        let metadata = format!(
            r#"{{"parallel": false, "display_name": {}, "show_in_dashboard": true{mark}}}"#,
            json::quote(name)
        );
        let event = format!(
            r#"{{"time": "2026-11-24T21:09:00Z", "task_id": "{task_id}", "task_target": "fridge",
                "task_type": "MeasureT2", "task_display_name": {}, "task_metadata": {}, "task_payload": "{{}}",
                "task_state": "{state}", "show_in_dashboard": true}}"#,
            json::quote(name),
            json::quote(&metadata),
        );
        b.bus("TaskEvent.", &event);
    }
}

fn rows(b: &Bench) -> Vec<Task> {
    b.app.store().tasks().filter(|task| &*task.service == "fridge").cloned().collect()
}

#[test]
fn the_only_one_like_it_in_the_list_is_it() {
    let (mut b, own, name) = lost();
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s1", &name, 1, None)));
    let all = rows(&b);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((&*all[0].key.0, all[0].own, all[0].state), ("s1", Some(Own::Scheduled), State::Waiting));
    assert_eq!(all[0].looked_for, Some(LookedFor::Likely));
    assert_eq!(b.app.store().find(&own).unwrap().key, all[0].key, "the old id still finds it");
    // What is heard once it starts makes it certain.
    starts(&mut b, "t1", &name, Some(&own));
    b.scheduled(
        "s1",
        Some("t1"),
        &Job { kind: "MeasureT2".into(), name: name.clone(), ..job("x") },
        "running",
    );
    let all = rows(&b);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(matches!(all[0].state, State::Running { .. }));
    assert_eq!((all[0].own, all[0].looked_for), (Some(Own::Scheduled), None));
}

#[test]
fn one_that_has_started_meanwhile_is_it_too() {
    let (mut b, own, name) = lost();
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s1", &name, 1, Some("t1"))));
    let all = rows(&b);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(matches!(all[0].state, State::Running { .. }));
    assert_eq!(b.app.store().find(&own).unwrap().task_id.as_deref(), Some("t1"));
}

#[test]
fn of_two_alike_none_is_chosen_until_it_starts() {
    let (mut b, own, name) = lost();
    b.answer(
        "GetScheduledTasks",
        &format!("[{}, {}]", entry("s1", &name, 1, None), entry("s2", &name, 1, None)),
    );
    assert_eq!(rows(&b).len(), 3, "both are left, and ours is in doubt");
    let ours = b.app.store().find(&own).unwrap();
    assert_eq!((ours.state, ours.looked_for), (State::Unknown, Some(LookedFor::Alike)));
    b.app.ui.selected = Some(Selected::task("fridge".into(), ours.key.clone()));
    b.keys("enter").shows("something like it").keys("esc");
    let twin = Job { kind: "MeasureT2".into(), name: name.clone(), ..job("x") };
    b.scheduled("s2", Some("t2"), &twin, "running");
    starts(&mut b, "t2", &name, Some(&own));
    assert_eq!(rows(&b).len(), 2);
    assert_eq!(b.app.store().find(&own).unwrap().scheduled_task_id.as_deref(), Some("s2"));
    assert_eq!(b.app.store().find("s1").unwrap().own, None);
    assert_eq!(b.app.store().counts(true).unknown, 0);
}

#[test]
fn one_that_turns_out_to_be_anothers_is_given_back() {
    let (mut b, own, name) = lost();
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s1", &name, 1, None)));
    let twin = Job { kind: "MeasureT2".into(), name: name.clone(), ..job("x") };
    b.scheduled("s1", Some("t1"), &twin, "running");
    starts(&mut b, "t1", &name, None);
    let (theirs, ours) = (b.app.store().find("t1").unwrap(), b.app.store().find(&own).unwrap());
    assert_ne!(theirs.key, ours.key);
    assert_eq!((theirs.own, &*theirs.key.0), (None, "s1"));
    assert!(matches!(theirs.state, State::Running { .. }));
    assert_eq!((ours.own, ours.state), (Some(Own::Scheduled), State::Unknown));
    assert_eq!(ours.reason, Some(Reason::LinkLost));
}

#[test]
fn what_was_there_before_or_is_another_is_not_it() {
    // The same task of a colleague, known before ours was sent.
    let mut b = Bench::new();
    let twin = Job { kind: "MeasureT2".into(), name: "MeasureT2".into(), ..job("x") };
    b.scheduled("s0", None, &twin, "queued").take();
    let (mut b, own, name) = lose(&mut b);
    assert_eq!(name, "MeasureT2");
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s0", &name, 1, None)));
    assert_eq!(b.app.store().find("s0").unwrap().own, None);
    let ours = b.app.store().find(&own).unwrap();
    assert_eq!((ours.state, ours.looked_for), (State::Unknown, Some(LookedFor::NotThere)));
    b.app.ui.selected = Some(Selected::task("fridge".into(), ours.key.clone()));
    b.keys("r ctrl-s").shows("probably never got it");

    // An old one that the list only now shows: nobody had read the list before ours was sent.
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let (mut b, own, name) = lose(&mut b);
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s0", &name, 1, None)));
    assert_eq!(b.app.store().find("s0").unwrap().own, None);
    assert_eq!(b.app.store().find(&own).unwrap().looked_for, Some(LookedFor::Alike));
}

#[test]
fn the_mark_alone_finds_it_where_no_list_was_read() {
    let (mut b, own, name) = lost();
    starts(&mut b, "t1", &name, Some(&own));
    let all = rows(&b);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(matches!(all[0].state, State::Running { .. }));
    b.scheduled("s1", Some("t1"), &Job { kind: "MeasureT2".into(), name, ..job("x") }, "running");
    assert_eq!(rows(&b).len(), 1);
    assert_eq!(b.app.store().find("s1").unwrap().own, Some(Own::Scheduled));
}

#[test]
fn one_that_seems_to_run_for_ever_can_be_put_away_and_the_scheduler_is_asked_once_more() {
    let (mut b, own, name) = lost();
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s1", &name, 1, Some("t1"))));
    starts(&mut b, "t1", &name, Some(&own));
    let task = |b: &Bench| b.app.store().find("t1").cloned().unwrap();
    assert!(matches!(task(&b).state, State::Running { .. }) && task(&b).own == Some(Own::Scheduled));
    b.take();
    b.app.ui.selected = Some(Selected::task("fridge".into(), task(&b).key));
    b.keys("X");
    assert_eq!((task(&b).state, task(&b).reason), (State::Unknown, Some(Reason::PutAway)), "{}", b.notice());
    assert_eq!(b.sent_types(), ["GetScheduledTask"]);
    // It had ended long ago: what the scheduler kept says how.
    let done = entry("s1", &name, 1, Some("t1"))
        .replace("running", "done")
        .replace(r#""result": null"#, r#""result": {"id": "t1", "status": "ok", "result": 1}"#);
    b.answer("GetScheduledTask", &done);
    assert_eq!((task(&b).state, task(&b).outcome), (State::Ended, Some(Outcome::Ok)));
}
