//! Captured and made-up messages, decoded as from the socket.

use serde_json::Value;

use super::*;
use crate::wire::bus;

/// A line of a capture: when, and the event.
fn lines(text: &str) -> Vec<(f64, Event)> {
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let frame = bus::encode(line["topic"].as_str().unwrap(), line["event"].as_str().unwrap());
            (line["at"].as_f64().unwrap(), bus::decode(&frame).unwrap())
        })
        .collect()
}

fn capture() -> Vec<(f64, Event)> {
    lines(include_str!("../../../tests/cases/bus.jsonl"))
}

fn played(events: impl IntoIterator<Item = (f64, Event)>) -> Bench {
    let mut bench = Bench::new();
    for (at, event) in events {
        bench.at(at).bus(event);
        limits::check(&bench.store, bench.now);
    }
    bench
}

/// The end of the capture's tasks by name and type.
fn ends(bench: &Bench) -> Vec<(String, State, Option<Outcome>)> {
    let mut ends: Vec<_> = bench
        .store
        .tasks()
        .filter(|task| !task.hidden)
        .map(|task| (format!("{} on {}", task.name, task.service), task.state, task.outcome))
        .collect();
    ends.sort_by(|one, two| one.0.cmp(&two.0));
    ends
}

#[test]
fn the_captured_run_ends_as_it_did() {
    let bench = played(capture());
    let (ok, failed) = (Some(Outcome::Ok), Some(Outcome::Failed));
    assert_eq!(
        ends(&bench),
        [
            ("GetEventTopicList on task-manager", State::Ended, ok),
            ("NoSuch on lab", State::Ended, failed),
            ("Ping on lab", State::Ended, failed),
            ("Ping on nowhere", State::Running { starting: true }, None),
            ("Ping: message='hi' on lab", State::Ended, ok),
            ("RawIPython on lab", State::Ended, ok),
            ("RawIPython: raw_code='1/0' on lab", State::Ended, failed),
            ("SleepAsync on lab", State::Ended, ok),
            ("SleepAsync on lab", State::Ended, ok),
            ("SleepAsync: duration=1.0 on lab", State::Ended, ok),
        ]
        .map(|(name, state, outcome)| (name.to_owned(), state, outcome))
    );
    let scheduled = bench.task("74efa81d-26d3-41c5-b500-ccaa4433ad70");
    assert_eq!(scheduled.task_id.as_deref(), Some("ea8d0ade-8363-4f88-ae62-f9b8b7966a95"));
    assert_eq!(
        (scheduled.payload.as_deref(), &*scheduled.key.0),
        (Some(r#"{"duration": 1.0}"#), "74efa81d-26d3-41c5-b500-ccaa4433ad70")
    );
    let (duration, exact) = scheduled.duration(bench.now).unwrap();
    assert!(exact && (duration.as_secs_f64() - 1.0037).abs() < 1e-6, "{duration:?}");
    assert_eq!(bench.store.service("lab").unwrap().is_ipython(), Some(true));
    assert!(matches!(bench.lanes("lab").slot, Slot::Free { .. }));
    let hidden = bench.store.tasks().filter(|task| task.hidden).count();
    assert_eq!(hidden, 1, "GetScheduledTasks; ScheduleTask has no row");
    assert!(bench.store.find("64da614d-83c6-4559-8f45-93451975fb7f").is_none());
}

#[test]
fn without_any_one_end_nothing_runs_for_ever_on_the_kernel() {
    // Case B01: each `completed` in turn is lost.
    let events = capture();
    let lost = |event: &Event| match event {
        Event::Task(event)
            if event.state == TaskEventState::Completed && &*event.task_type != "ScheduleTask" =>
        {
            Some(event.task_id.clone())
        }
        _ => None,
    };
    for skip in 0..events.len() {
        let Some(id) = lost(&events[skip].1) else { continue };
        let mut bench = Bench::new();
        for (number, (at, event)) in events.iter().enumerate() {
            if number != skip {
                // Time goes on between the messages, doubts included.
                bench.sleep_until(*at).bus(event.clone());
            }
        }
        bench.sleep_until(30.0);
        let task = bench.task(&id);
        let expected = match &*task.task_type {
            "IPythonTask" => unknown(Reason::EndMissed),
            _ if task.scheduled_task_id.is_some() => OK,
            _ => (RUNNING, None, None),
        };
        assert_eq!(bench.end(&id), expected, "{}", task.name);
    }
}

#[test]
fn the_captured_schedule_ends_as_it_did() {
    // Recorded from 26.43.0 like `bus.jsonl`: a scheduled task cancelled while it waited, one cancelled while it
    // ran, a cell that failed inside, one with a time, one whose service does not exist; a direct task whose client
    // left while it ran, and the next one beside it.
    let bench = played(lines(include_str!("../../../tests/cases/bus_schedule.jsonl")));
    let named = |name: &str| {
        let mut found = bench.store.tasks().filter(|task| &*task.name == name);
        let task = found.next().unwrap_or_else(|| panic!("{name}"));
        assert!(found.next().is_none(), "one row a task");
        task
    };
    let facts = |name: &str| {
        let task = named(name);
        (task.outcome, task.cancel_wished, task.scheduled_task_id.is_some(), task.payload.is_some())
    };
    assert_eq!(facts("cancelled queued"), (Some(Outcome::Cancelled), false, true, true));
    assert_eq!(facts("cancelled running"), (Some(Outcome::Ok), true, true, true));
    assert_eq!(facts("RawIPython: raw_code='1/0'"), (Some(Outcome::Failed), false, true, true));
    assert_eq!(facts("later"), (Some(Outcome::Ok), false, true, true));
    assert!(named("later").run_at.is_some());
    assert_eq!(facts("to nowhere"), (Some(Outcome::Failed), false, true, true));
    assert_eq!(named("left behind").state, RUNNING);
    assert_eq!(facts("beside it"), (Some(Outcome::Ok), false, false, true));
    let mut bench = bench;
    let nowhere = named_id(&bench, "to nowhere");
    assert_eq!(bench.store.take_questions(), [nowhere], "why it failed is only in its snapshot");
    assert_eq!(bench.store.tasks().filter(|task| !task.hidden).count(), 8);
}

fn named_id(bench: &Bench, name: &str) -> Text {
    bench.store.tasks().find(|task| &*task.name == name).unwrap().scheduled_task_id.clone().unwrap()
}

#[test]
fn out_of_order_events_are_told_apart() {
    let bench = played(lines(include_str!("../../../tests/cases/bus_out_of_order.jsonl")));
    let id = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
    // ..01: joined late, then used again (B24, B25).
    let first = bench.store.task(&TaskKey(id(1).as_str().into())).unwrap();
    assert_eq!(
        (first.state, first.outcome, first.payload.as_deref()),
        (State::Ended, Some(Outcome::Ok), None)
    );
    let second = bench.task(&id(1));
    assert_eq!((&*second.key.0, &*second.name), (format!("{}#2", id(1)).as_str(), "same id again"));
    assert_eq!((second.state, second.outcome), (State::Ended, Some(Outcome::Failed)));
    assert_eq!(bench.end(&id(2)), OK);
    // B03: an error frame in `completed`, and an error inside `ok`.
    assert_eq!((bench.end(&id(3)), bench.end(&id(4))), (FAILED, FAILED));
    assert_eq!(bench.task(&id(4)).failure().unwrap().evalue.as_deref(), Some("division by zero"));
    assert_eq!(bench.state(&id(5)), RUNNING);
    let lanes = bench.lanes("lab2");
    assert_eq!((lanes.holders.len(), lanes.parallel.len(), bench.store.tasks().count()), (2, 1, 9));
}

#[test]
fn odd_times_and_hostile_names_lose_no_row() {
    for text in [
        include_str!("../../../tests/cases/bus_times.jsonl"),
        include_str!("../../../tests/cases/bus_hostile_names.jsonl"),
    ] {
        let events = lines(text);
        let count = events.len();
        let bench = played(events.clone());
        assert_eq!(bench.store.tasks().count(), count);
        for ((_, event), task) in events.iter().rev().zip(bench.store.tasks()) {
            let Event::Task(event) = event else { panic!("a task event") };
            assert_eq!((&event.display_name, &event.target), (&task.name, &task.service), "kept as it came");
            assert_eq!(task.time.as_ref(), Some(&event.time));
        }
    }
}

#[test]
fn every_reply_of_the_cases_is_read_for_a_plain_task() {
    let mut bench = Bench::new();
    bench.give(Input::Topics(Vec::new()));
    for (number, line) in include_str!("../../../tests/cases/frames_replies.jsonl").lines().enumerate() {
        let job = job(&format!("t{number}"));
        bench.runs(&job).completed(&job, line);
    }
    let outcomes: Vec<_> = (0..17).map(|number| bench.end(&format!("t{number}"))).collect();
    let odd = || unknown(Reason::OddReply);
    let expected =
        [OK, OK, FAILED, FAILED, FAILED, odd(), OK, OK, OK, OK, OK, OK, odd(), odd(), odd(), odd(), odd()];
    assert_eq!(outcomes, expected);
}
