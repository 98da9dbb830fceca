use proptest::prelude::*;

use super::*;
use crate::wire::event::{Said, ScheduledStatus};

fn case(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn refused(name: &str) -> String {
    decode(&case(name)).unwrap_err().what
}

fn decoded_task(name: &str) -> TaskEvent {
    match decode(&case(name)).unwrap() {
        Event::Task(task) => *task,
        other => panic!("{other:?}"),
    }
}

/// The events of a recording, through the frame's encoding.
fn recording(name: &str) -> Vec<(String, Result<Event, Malformed>)> {
    String::from_utf8(case(name))
        .unwrap()
        .lines()
        .map(|line| {
            let field = |key| json::get(line, key).and_then(json::string).unwrap();
            let event = field("event").into_owned();
            let decoded = decode(&encode(&field("topic"), &event));
            (event, decoded)
        })
        .collect()
}

#[test]
fn words_that_would_stay_with_a_task_for_long_have_an_end() {
    let endless = "x".repeat(100_000);
    let task = |field: &str, value: &str| {
        let mut event = serde_json::json!({"time": "2026-11-20T08:00:00Z", "task_id": "a", "task_target": "lab",
            "task_type": "T", "task_display_name": "T", "task_metadata": "{}", "task_payload": "{}",
            "task_state": "created", "show_in_dashboard": true});
        event[field] = value.into();
        decode(&encode("TaskEvent.", &event.to_string()))
    };
    for field in ["task_id", "task_target", "task_type", "task_state"] {
        let why = task(field, &endless).unwrap_err().what;
        assert!(why.starts_with(&format!("the TaskEvent has a `{field}` of 1000")), "{why}");
        assert!(task(field, &"x".repeat(1_000)).is_ok(), "{field}");
        assert!(task(field, &"\u{1}".repeat(1_000)).is_ok(), "{field}: all of it escaped");
    }
    let Ok(Event::Task(event)) = task("time", &endless) else { panic!() };
    assert_eq!(event.time, Stamp::missing());
    // What can be let go again is taken as it comes.
    for field in ["task_display_name", "task_metadata", "task_payload"] {
        assert!(task(field, &endless).is_ok(), "{field}");
    }
    let state = format!(r#"{{"service": "lab", "state": "{endless}"}}"#);
    assert!(decode(&encode("IPythonServiceState.lab", &state)).is_err());
    let reply = Reply::parse(format!(r#"{{"id": "{endless}", "status": "ok"}}"#).into()).unwrap();
    assert_eq!(reply.id, None);
}

#[test]
fn frames_that_cannot_be_decoded_say_why() {
    assert_eq!(refused("bus_empty.bin"), "the frame is empty");
    assert_eq!(refused("bus_zero_length_parts.bin"), "the topic is empty");
    assert_eq!(refused("bus_length_4gib.bin"), "part 0 (the topic) claims 4294967295 bytes, 10 are left");
    assert_eq!(refused("bus_one_part.bin"), "the frame ends after the topic, without an event");
    assert_eq!(
        refused("bus_cut_in_length.bin"),
        "the length of part 1 (the event) is cut off after 2 of 4 bytes"
    );
    assert_eq!(refused("bus_length_past_end.bin"), "part 1 (the event) claims 5000 bytes, 8 are left");
    assert_eq!(refused("bus_invalid_utf8.bin"), "the topic is not UTF-8 at byte 10");
    assert_eq!(
        refused("bus_not_json.bin"),
        "the TaskEvent is no JSON object: line 1, column 2: expected a name in double quotes or '}'"
    );
    assert_eq!(refused("bus_extra_and_missing_fields.bin"), "the TaskEvent has no `task_target`");
    assert_eq!(
        decode(&[0, 0, 0]).unwrap_err().what,
        "the length of part 0 (the topic) is cut off after 3 of 4 bytes"
    );
    let mut frame = encode("TaskEvent.", "");
    frame.pop();
    assert_eq!(
        decode(&frame).unwrap_err().what,
        "the length of part 1 (the event) is cut off after 3 of 4 bytes"
    );
    let mut event = encode("TaskEvent.", "{\"a\": \"b\"}");
    *event.iter_mut().nth_back(3).unwrap() = 0xff;
    assert_eq!(decode(&event).unwrap_err().what, "the event is not UTF-8 at byte 6");
    assert_eq!(
        decode(&encode("TaskEvent.", "[1]")).unwrap_err().what,
        "the TaskEvent is no JSON object: line 1, column 1: expected an object"
    );
}

#[test]
fn a_task_event_keeps_all_that_it_says() {
    let task = decoded_task("bus_good.bin");
    assert_eq!(&*task.time.raw, "2026-11-24T10:00:00.000000Z");
    assert_eq!(task.time.at.unwrap().to_rfc3339(), "2026-11-24T10:00:00+00:00");
    assert_eq!(&*task.task_id, "00000000-0000-4000-8000-000000000001");
    assert_eq!(&*task.target, "lab");
    assert_eq!(&*task.task_type, "SleepAsync");
    assert_eq!(&*task.display_name, "SleepAsync: duration=2.0");
    assert_eq!(task.parallel, Some(false));
    assert!(task.metadata.starts_with("{\"parallel\": false"), "{}", task.metadata);
    assert_eq!(&*task.payload, "{}");
    assert_eq!(task.state, TaskEventState::Created);
    assert!(task.show_in_dashboard);
    assert_eq!(decoded_task("bus_three_parts.bin"), task, "parts after the second are passed over");
}

#[test]
fn odd_contents_do_not_lose_the_event() {
    assert_eq!(decoded_task("bus_unknown_state.bin").state, TaskEventState::Other("paused".into()));
    let odd = decoded_task("bus_metadata_not_json.bin");
    assert_eq!(
        (odd.parallel, &*odd.metadata, &*odd.payload),
        (None, "{'parallel': True}", "not json at all")
    );
    let nan = decoded_task("bus_nan_payload.bin");
    assert!(nan.payload.ends_with("\"result\": NaN}"), "{}", nan.payload);
    assert_eq!(
        decode(&case("bus_unknown_topic.bin")).unwrap(),
        Event::Other(Said::new("LabMood.lab.", &case("bus_unknown_topic.bin")[20..]))
    );
    let Event::Service(service) = decode(&case("bus_service_unknown.bin")).unwrap() else { panic!() };
    assert_eq!((&*service.service, service.state), ("lab", KernelState::Unknown("hibernating".into())));
}

#[test]
fn doubled_extra_and_mistyped_fields_are_read_leniently() {
    let event = r#"{"task_id": 1, "task_id": 7, "task_target": "l\ud800b", "task_state": "created", "time": 1790000000,
        "task_metadata": {"parallel": true}, "task_payload": NaN, "show_in_dashboard": "no", "new": [{}]}"#;
    let Event::Task(task) = decode(&encode("TaskEvent.", event)).unwrap() else { panic!() };
    assert_eq!((&*task.task_id, &*task.target), ("7", "\"l\\ud800b\""));
    assert_eq!((&*task.task_type, &*task.display_name, &*task.payload), ("", "", "NaN"));
    assert_eq!((task.parallel, &*task.metadata), (Some(true), "{\"parallel\": true}"));
    assert_eq!(task.time.at.unwrap().timestamp(), 1_790_000_000);
    assert!(task.show_in_dashboard);

    let bare = r#"{"task_id": "a", "task_target": "b", "task_state": "failed"}"#;
    let Event::Task(task) = decode(&encode("TaskEvent.", bare)).unwrap() else { panic!() };
    assert_eq!((task.time, task.state), (Stamp::missing(), TaskEventState::Failed));
    assert_eq!(task.parallel, None);
}

#[test]
fn events_that_name_nothing_are_refused() {
    let what = |topic, event| decode(&encode(topic, event)).unwrap_err().what;
    assert_eq!(what("TaskEvent.", r#"{"task_id": null}"#), "the TaskEvent has no `task_id`");
    assert_eq!(
        what("TaskEvent.", r#"{"task_id": "a", "task_target": "b"}"#),
        "the TaskEvent has no `task_state`"
    );
    assert_eq!(what("IPythonServiceState.lab.", "{}"), "the IPythonServiceState has no `service`");
    assert_eq!(
        what("IPythonServiceState.lab.", r#"{"service": "lab"}"#),
        "the IPythonServiceState has no `state`"
    );
    assert_eq!(what("ScheduledTaskEvent.x.", "{}"), "the ScheduledTaskEvent has no `scheduled_task_id`");
    assert_eq!(
        what("ScheduledTaskEvent.x.", r#"{"scheduled_task_id": "x"}"#),
        "the ScheduledTaskEvent has no `status`"
    );
    assert_eq!(what("ThrottleStateEvent.", "{}"), "the ThrottleStateEvent has no `throttled`");
    assert_eq!(
        what("ThrottleStateEvent.", r#"{"throttled": 1e400}"#),
        "the ThrottleStateEvent's `throttled` is not a whole number of 64 bits"
    );
}

#[test]
fn scheduler_and_heartbeat_are_read() {
    let event = r#"{"time": "2026-11-24T10:00:00Z", "scheduled_task_id": "s", "task_id": null, "target": "lab",
        "task_type": "Ping", "display_name": "Ping", "status": "queued"}"#;
    let Event::Scheduled(queued) = decode(&encode("ScheduledTaskEvent.s.", event)).unwrap() else { panic!() };
    assert_eq!((&*queued.scheduled_task_id, &queued.task_id, &*queued.target), ("s", &None, "lab"));
    assert_eq!(queued.status, ScheduledStatus::Queued);
    let Event::Throttle(heartbeat) = decode(&encode(
        "ThrottleStateEvent.throttle_state.heartbeat.",
        r#"{"throttled": 3, "id": "heartbeat"}"#,
    ))
    .unwrap() else {
        panic!()
    };
    assert_eq!((&*heartbeat.id, heartbeat.throttled), ("heartbeat", 3));
}

#[test]
fn a_real_recording_decodes_without_loss() {
    let events = recording("bus.jsonl");
    assert_eq!(events.len(), 50);
    for (text, event) in &events {
        let field = |key| json::get(text, key).and_then(json::string).unwrap_or_default();
        match event.as_ref().unwrap() {
            Event::Task(task) => {
                assert_eq!(*task.task_id, *field("task_id"));
                assert_eq!(*task.target, *field("task_target"));
                assert_eq!(*task.task_type, *field("task_type"));
                assert_eq!(*task.display_name, *field("task_display_name"));
                assert_eq!(*task.metadata, *field("task_metadata"));
                assert_eq!(*task.payload, *field("task_payload"));
                assert!(task.parallel.is_some() && task.time.at.is_some());
                assert!(!matches!(task.state, TaskEventState::Other(_)), "{:?}", task.state);
            }
            Event::Service(service) => {
                assert_eq!(*service.service, *field("service"));
                assert!(!matches!(service.state, KernelState::Unknown(_)) && service.time.at.is_some());
            }
            Event::Scheduled(scheduled) => {
                assert_eq!(*scheduled.scheduled_task_id, *field("scheduled_task_id"));
                assert_eq!(scheduled.task_id.as_deref().unwrap_or_default(), field("task_id"));
                assert!(!matches!(scheduled.status, ScheduledStatus::Other(_)), "{:?}", scheduled.status);
            }
            Event::Throttle(throttle) => assert_eq!(*throttle.id, *field("id")),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_case_recording_loses_a_row() {
    for (name, rows) in
        [("bus_times.jsonl", 15), ("bus_hostile_names.jsonl", 12), ("bus_out_of_order.jsonl", 17)]
    {
        let events = recording(name);
        assert_eq!(events.len(), rows);
        for (text, event) in events {
            assert!(event.is_ok(), "{name}: {text}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(frame in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&frame);
    }

    /// Bytes behind a good topic, so that the event's reader is reached.
    #[test]
    fn no_event_makes_it_panic(
        class in proptest::sample::select(vec!["TaskEvent.", "IPythonServiceState.x.", "ScheduledTaskEvent.x.", "ThrottleStateEvent.x."]),
        event in r#"[{}\[\]",:\\u0-9a-dtrefnul. \n"-]{0,80}"#,
    ) {
        let _ = decode(&encode(class, &event));
    }

    #[test]
    fn a_cut_or_changed_frame_never_panics(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let good = case("bus_good.bin");
        let at = at.index(good.len());
        let _ = decode(&good[..at]);
        let mut changed = good;
        changed[at] = byte;
        let _ = decode(&changed);
    }

    #[test]
    fn what_is_encoded_is_decoded(id in ".+", target in ".*", payload in ".*") {
        let event = format!(
            r#"{{"task_id": {}, "task_target": {}, "task_state": "started", "task_payload": {}}}"#,
            json::quote(&id), json::quote(&target), json::quote(&payload),
        );
        let Event::Task(task) = decode(&encode("TaskEvent.", &event)).unwrap() else { panic!() };
        prop_assert_eq!(&*task.task_id, id);
        prop_assert_eq!(&*task.target, target);
        prop_assert_eq!(&*task.payload, payload);
    }
}
