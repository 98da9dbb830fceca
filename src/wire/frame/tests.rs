use proptest::prelude::*;

use super::*;

fn case(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn reply(text: &str) -> Reply {
    Reply::parse(text.into()).unwrap()
}

fn sleep() -> TaskFrame {
    TaskFrame {
        id: "11111111-2222-4333-8444-555555555555".into(),
        target: "lab".into(),
        task_type: "SleepAsync".into(),
        parallel: false,
        display_name: "SleepAsync: name='it\"s\n'".into(),
        show_in_dashboard: true,
        payload: "{\"duration\":  2.50,\n \"seed\": 1208925819614629174706176, \"x\": NaN}".into(),
    }
}

#[test]
fn a_task_goes_out_letter_for_letter() {
    assert_eq!(
        sleep().encode(),
        "{\"id\": \"11111111-2222-4333-8444-555555555555\", \"target\": \"lab\", \"type\": \"SleepAsync\", \
         \"metadata\": {\"parallel\": false, \"display_name\": \"SleepAsync: name='it\\\"s\\n'\", \
         \"show_in_dashboard\": true}, \
         \"payload\": {\"duration\":  2.50,\n \"seed\": 1208925819614629174706176, \"x\": NaN}}"
    );
}

#[test]
fn a_scheduled_task_carries_the_whole_task() {
    let at = DateTime::parse_from_rfc3339("2026-11-24T23:30:00.25+01:00").unwrap();
    let task = sleep().scheduled("id-of-its-own".into(), Some(at));
    assert_eq!(
        (&*task.id, &*task.target, &*task.task_type),
        ("id-of-its-own", "task-manager", "ScheduleTask")
    );
    assert!(task.parallel && !task.show_in_dashboard && !task.display_name.is_empty());
    let field = |key| json::get(&task.payload, key).unwrap();
    assert_eq!(json::members(&task.payload).unwrap().len(), 6);
    assert_eq!(field("scheduled_task_target"), "\"lab\"");
    assert_eq!(field("task_type"), "\"SleepAsync\"");
    assert_eq!(field("task_payload"), &*sleep().payload);
    assert_eq!(json::string(field("task_display_name")).unwrap(), *sleep().display_name);
    // With the id of its own frame, by which it is known again.
    let metadata = json::get(&sleep().encode(), "metadata").unwrap().trim_end_matches('}').to_owned();
    let marked = format!("{metadata}, \"submitted_as\": {}}}", json::quote(&sleep().id));
    assert_eq!(marked, field("task_metadata"));
    assert_eq!(submitted_as(&marked), Some(sleep().id));
    assert_eq!(TaskFrame::carried(&task.payload, "x".into()).unwrap().id, sleep().id);
    assert_eq!(field("run_at"), "\"2026-11-24T23:30:00.250000+01:00\"");
    json::check(&task.encode()).unwrap();

    let at_once = sleep().scheduled("x".into(), None);
    assert_eq!(json::get(&at_once.payload, "run_at"), Some("null"));
    // An offset with seconds cannot be written: the instant must not move.
    let odd = at.with_timezone(&FixedOffset::east_opt(1172).unwrap());
    let odd = sleep().scheduled("x".into(), Some(odd));
    assert_eq!(json::get(&odd.payload, "run_at"), Some("\"2026-11-24T22:30:00.250000+00:00\""));
}

#[test]
fn the_managers_tasks_are_quiet() {
    let one = manager::cancel_scheduled_task("i".into(), "a\"b");
    assert_eq!(&*one.payload, r#"{"scheduled_task_id": "a\"b"}"#);
    assert_eq!(&*one.display_name, "CancelScheduledTask: scheduled_task_id='a\"b'");
    let all = [
        (one, "CancelScheduledTask"),
        (manager::get_scheduled_task("i".into(), "x"), "GetScheduledTask"),
        (manager::get_scheduled_tasks("i".into()), "GetScheduledTasks"),
        (manager::get_event_topic_list("i".into()), "GetEventTopicList"),
    ];
    for (task, task_type) in all {
        assert_eq!((&*task.task_type, &*task.target), (task_type, "task-manager"));
        assert!(task.parallel && !task.show_in_dashboard && task.display_name.starts_with(task_type));
        json::check(&task.encode()).unwrap();
    }
}

#[test]
fn replies_of_every_shape_are_read() {
    let text = case("frames_replies.jsonl");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 17);
    let error = |ename: &str, evalue: &str| ErrorBody {
        ename: (!ename.is_empty()).then(|| ename.into()),
        evalue: Some(evalue.into()),
        traceback: None,
    };

    let raised = reply(lines[0]);
    assert_eq!(raised.id.as_deref(), Some("00000000-0000-4000-8000-000000000001"));
    assert_eq!(raised.error(true), Some(&error("ZeroDivisionError", "division by zero")));
    assert_eq!((raised.error(false), raised.result(true)), (None, None));
    assert!(raised.result(false).unwrap().starts_with("{\"status\": \"error\""));

    let worked = reply(lines[1]);
    assert_eq!((worked.error(true), worked.result(true)), (None, Some("{\"status\": \"error\"}")));

    assert_eq!(reply(lines[2]).body, ReplyBody::Error(error("", "connection lost")));
    assert_eq!(reply(lines[3]).body, ReplyBody::Error(error("KeyError", "'q1'")));
    let lines_joined = reply(lines[4]);
    assert_eq!(lines_joined.error(false).unwrap().traceback.as_deref(), Some("line 1\nline 2\n"));
    assert_eq!(reply(lines[5]).body, ReplyBody::Odd { status: Some("\"partial\"".into()) });
    assert_eq!(reply(lines[6]).body, ReplyBody::Ok { result: None, inner: None });
    let plain = reply(lines[7]);
    assert!(plain.error(false).is_none() && plain.result(false).unwrap().contains("plain service"));
    let numbered = reply(lines[8]);
    assert_eq!((numbered.id.as_deref(), numbered.result(false)), (None, Some("9")));
    assert_eq!((reply(lines[9]).id, reply(lines[9]).result(true)), (None, Some("\"no id\"")));
    assert!(reply(lines[10]).id.is_some() && reply(lines[11]).id.is_some());

    for (line, what) in lines[12..].iter().zip([
        "the reply is no JSON object: line 1, column 1: expected an object",
        "the reply is no JSON object: line 1, column 1: expected an object",
        "the reply is no JSON object: line 1, column 1: expected an object",
        "the reply is no JSON object: line 1, column 1: expected an object",
        "the reply is no JSON object: line 1, column 2: expected a name in double quotes or '}'",
    ]) {
        assert_eq!(Reply::parse((*line).into()).unwrap_err().what, what);
    }
}

#[test]
fn errors_come_with_all_their_text() {
    let cancelled = reply(&case("frame_error_cancelled.json"));
    let error = cancelled.error(false).unwrap();
    assert_eq!((error.ename.as_deref(), error.evalue.as_deref()), (Some("CancelledError"), Some("")));
    assert!(error.traceback.as_deref().unwrap().ends_with("asyncio.exceptions.CancelledError\n"));

    let control = reply(&case("frame_error_control_chars.json"));
    let evalue = control.error(false).unwrap().evalue.clone().unwrap();
    assert!(evalue.contains("\u{1b}]52;c;SEVMTE8=\u{7}") && evalue.contains("NUL \0 end"), "kept as it came");

    let text = case("frame_error_surrogates.json");
    let surrogates = reply(&text);
    assert_eq!(&*surrogates.text, text, "the original is kept");
    assert_eq!(surrogates.error(false).unwrap().evalue.as_deref(), Some("bad name \u{fffd}\u{fffd} end"));
}

#[test]
fn odd_parts_of_a_reply_do_no_harm() {
    let odd = reply(
        r#" {"status": "error", "ename": 5, "evalue": {"a": 1}, "traceback": ["a", "b\n", null, 3], "id": null} "#,
    );
    let error = odd.error(true).unwrap();
    assert_eq!(
        (odd.id.as_deref(), error.ename.as_deref(), error.evalue.as_deref()),
        (None, Some("5"), Some("{\"a\": 1}"))
    );
    assert_eq!(error.traceback.as_deref(), Some("a\nb\n3"));
    assert_eq!(reply(r#"{"status": 1}"#).body, ReplyBody::Odd { status: Some("1".into()) });
    assert_eq!(reply("{}").body, ReplyBody::Odd { status: None });
    assert_eq!(reply(r#"{"status": "error"}"#).body, ReplyBody::Error(ErrorBody::default()));
    // Without an inner value the envelope itself is shown.
    assert_eq!(
        reply(r#"{"status":"ok","result":{"status":"ok"}}"#).result(true),
        Some("{\"status\":\"ok\"}")
    );
    // Python's rule for doubles.
    assert_eq!(reply(r#"{"status":"error","status":"ok","result":1,"result":2}"#).result(false), Some("2"));
}

#[test]
fn a_result_may_be_all_that_python_writes() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    for result in ["NaN", "1208925819614629174706176", "\"\\ud800\"", "{\"a\":1,\"a\":2}", deep.as_str()] {
        let reply = reply(&format!("{{\"id\": \"x\", \"status\": \"ok\", \"result\": {result}}}"));
        assert_eq!(reply.result(true), Some(result));
    }
}

const SNAPSHOT: &str = r#"{"scheduled_task_id": "s", "task_id": null, "target": "lab", "task_type": "Ping",
    "display_name": "Ping", "status": "queued", "run_at": null, "submitted_at": "2026-11-24T10:49:20.833Z",
    "result": null, "eligible": true, "overdue": true}"#;

#[test]
fn snapshots_are_read() {
    let snapshot = Snapshot::parse(SNAPSHOT).unwrap();
    assert_eq!((&*snapshot.scheduled_task_id, snapshot.task_id, &*snapshot.target), ("s", None, "lab"));
    assert_eq!((snapshot.status, snapshot.run_at, snapshot.result), (ScheduledStatus::Queued, None, None));
    assert!(snapshot.eligible && snapshot.overdue);
    assert!(snapshot.submitted_at.unwrap().at.is_some());

    let bare = Snapshot::parse(r#"{"scheduled_task_id": "s", "target": "lab", "status": "zzz"}"#).unwrap();
    assert_eq!((bare.status, bare.eligible), (ScheduledStatus::Other("zzz".into()), false));
    assert_eq!(Snapshot::parse("{}").unwrap_err().what, "the snapshot has no `scheduled_task_id`");
}

#[test]
fn a_list_keeps_its_odd_entries() {
    let failed = r#"{"scheduled_task_id": "f", "target": "lab", "status": "failed", "result": {"status": "error", "evalue": "x"}}"#;
    let list = format!(
        r#"[{SNAPSHOT}, {{"status": "zzz"}}, {}, {failed}, 7]"#,
        SNAPSHOT.replace("\"result\": null", "\"result\": \"text\""),
    );
    let entries = Snapshot::parse_list(&list).unwrap();
    assert_eq!(entries.len(), 5);
    assert!(entries[0].is_ok());
    assert_eq!(entries[1], Err(r#"{"status": "zzz"}"#.into()));
    assert_eq!(entries[2].as_ref().unwrap().result.as_deref(), Some("\"text\""));
    assert_eq!(entries[3].as_ref().unwrap().result.as_deref(), Some(r#"{"status": "error", "evalue": "x"}"#));
    assert_eq!(entries[4], Err("7".into()));
    assert_eq!(
        Snapshot::parse_list("null").unwrap_err().what,
        "the list of scheduled tasks is no JSON array: line 1, column 1: expected an array"
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*", piece in r#"[{}\[\]",:\\u0-9a-dtrefnul. \n"-]{0,80}"#) {
        let wrapped = format!(r#"{{"status": "ok", "result": {piece}}}"#);
        for text in [&text, &piece, &wrapped] {
            if let Ok(reply) = Reply::parse(text.as_str().into()) {
                let _ = (reply.result(true), reply.result(false), reply.error(true));
            }
            let _ = (Snapshot::parse(text), Snapshot::parse_list(text));
        }
    }

    #[test]
    fn a_cut_reply_is_refused(at in any::<proptest::sample::Index>()) {
        let whole = case("frame_error_control_chars.json");
        let mut at = at.index(whole.trim_end().len());
        while !whole.is_char_boundary(at) { at -= 1; }
        prop_assert!(Reply::parse(whole[..at].into()).is_err());
    }

    /// serde_json reads back what was written.
    #[test]
    fn frames_round_trip(id in ".*", target in ".*", task_type in ".*", name in ".*", parallel: bool, show: bool) {
        let frame = TaskFrame {
            id: id.as_str().into(),
            target: target.as_str().into(),
            task_type: task_type.as_str().into(),
            parallel,
            display_name: name.as_str().into(),
            show_in_dashboard: show,
            payload: "{\"a\": [1]}".into(),
        };
        let metadata = serde_json::json!({"parallel": parallel, "display_name": name, "show_in_dashboard": show});
        let expected = serde_json::json!({
            "id": id, "target": target, "type": task_type, "metadata": metadata, "payload": {"a": [1]},
        });
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&frame.encode()).unwrap(), expected);
        let scheduled: serde_json::Value = serde_json::from_str(&frame.scheduled("x".into(), None).encode()).unwrap();
        let mut marked = metadata;
        marked["submitted_as"] = id.as_str().into();
        prop_assert_eq!(&scheduled["payload"]["task_metadata"], &marked);
    }
}
