//! From `s` to a row in its lane, and on to its end.

use super::*;

/// Opens the composer on `fridge` with a type that nobody listed.
fn composer(b: &mut Bench, kind: &str) {
    b.keys("s").types(kind).keys("enter");
    assert_eq!(&*b.composer().task_type.name, kind);
}

#[test]
fn a_parallel_task_is_composed_sent_and_seen_to_its_end() {
    let mut b = Bench::new();
    composer(&mut b, "Ping");
    let c = b.composer();
    assert!(c.parallel && c.way == session::Way::Direct, "{c:?}");
    assert!(c.sendable().is_ok(), "{:?}", c.problems);
    b.keys("ctrl-s");
    let sent = b.sent();
    let [out] = sent[..] else { panic!("{sent:?}") };
    assert_eq!((&out.line, field(&out.text, "type").as_str()), (&Line::Router, "Ping"));
    let id = out.id.to_string();
    assert_eq!((b.layers(), b.selected()), (vec![], id.clone()), "back in the lanes, where it can be seen");
    assert_eq!(b.state(&id), State::Waiting, "before the lab has said a word");
    let sent = Job { id: id.clone(), kind: "Ping".into(), ..parallel(&id) };
    b.runs(&sent);
    assert!(matches!(b.state(&id), State::Running { .. }));
    b.reply(&ok(&id));
    assert_eq!((b.state(&id), b.selected()), (State::Ended, id));
    assert_eq!(b.app.store().tasks().count(), 1, "one row a task");
}

#[test]
fn a_sequential_task_goes_through_the_scheduler_and_keeps_its_row() {
    let mut b = Bench::new();
    b.runs(&job("holder"));
    composer(&mut b, "MeasureT2");
    assert_eq!(b.composer().way, session::Way::Scheduled(None));
    b.types("").keys("ctrl-s");
    assert_eq!(b.sent_types(), ["ScheduleTask"]);
    let own = b.selected();
    assert_eq!(b.waiting("fridge"), std::slice::from_ref(&own), "at once");
    let snapshot = r#"{"scheduled_task_id": "s1", "task_id": null, "target": "fridge", "task_type": "MeasureT2",
        "display_name": "MeasureT2", "status": "queued", "run_at": null, "eligible": true, "overdue": false}"#;
    b.answer("ScheduleTask", snapshot);
    assert_eq!((b.waiting("fridge"), b.selected()), (vec!["s1".to_owned()], "s1".to_owned()));
    b.completed(&job("holder"), &ok("holder"));
    let turn = Job { id: "t1".into(), kind: "MeasureT2".into(), ..job("t1") };
    b.scheduled("s1", Some("t1"), &turn, "running").runs(&turn);
    assert!(matches!(b.state("s1"), State::Running { .. }));
    assert_eq!(b.selected(), "s1", "the selection stays with it");
    b.completed(&turn, &error("t1", "ValueError", "no", "")).scheduled("s1", Some("t1"), &turn, "failed");
    let task = b.app.store().find("s1").unwrap();
    assert_eq!((task.state, task.outcome), (State::Ended, Some(Outcome::Failed)));
    assert_eq!(b.app.store().tasks().count(), 2);
}

#[test]
fn what_is_no_json_object_is_not_sent() {
    let mut b = Bench::new();
    composer(&mut b, "MeasureT2");
    b.paste("{{").keys("ctrl-s");
    assert_eq!(b.sent().len(), 0);
    assert!(b.notice().starts_with("not sent: line 1"), "{}", b.notice());
    assert_eq!(b.layers(), ["compose"]);
    // The frame is not shown either: there is none.
    b.keys("f9");
    assert!(!b.composer().frame_shown);
    b.keys("f7 f9");
    assert!(b.composer().frame_shown, "{}", b.notice());
}

#[test]
fn escape_keeps_the_draft_and_each_type_has_its_own() {
    let mut b = Bench::new();
    composer(&mut b, "MeasureT2");
    b.keys("f7").paste(r#"{"n": 1}"#);
    let text = b.composer().text();
    b.keys("f3 f2 esc");
    assert_eq!((b.layers(), b.app.ui.drafts.len()), (vec![], 1));
    composer(&mut b, "Other");
    assert_ne!(b.composer().text(), text);
    b.keys("esc");
    composer(&mut b, "MeasureT2");
    assert_eq!(b.composer().text(), text);
    assert!(b.notice().contains("draft is back"), "{}", b.notice());
    // Reset and leave: nothing is kept.
    b.keys("f7 esc");
    assert_eq!(b.app.ui.drafts.len(), 0);
}

#[test]
fn again_opens_filled_in_and_sends_a_new_id() {
    let mut b = Bench::new();
    b.ran(&job("a")).keys("j r");
    let c = b.composer();
    assert_eq!((&*c.service, &*c.task_type.name, c.parallel), ("fridge", "MeasureT1", false));
    assert_eq!(json::get(&c.text(), "qubit"), Some(r#""a""#));
    assert_eq!(json::get(&c.text(), "averages"), Some("5"));
    b.keys("f2 ctrl-s");
    let sent = b.sent();
    assert_eq!(sent.len(), 1);
    assert_ne!(&*sent[0].id, "a", "B24: a run again is another run");
    assert_eq!(b.app.store().tasks().count(), 2);
    // From the reader too; and not where the payload was never seen.
    let mut b = Bench::new();
    b.ran(&job("a")).keys("j enter r");
    assert_eq!(b.layers(), ["task", "compose"]);
    let mut b = Bench::new();
    b.completed(&job("late"), &ok("late")).keys("j r");
    assert_eq!(b.layers(), [""; 0]);
    assert!(b.notice().contains("payload was not seen"), "{}", b.notice());
}

#[test]
fn pasted_line_breaks_submit_nothing_anywhere() {
    // A23. The parser gives a paste as one message with LF; `term` tests that.
    let text = "first line\nsecond\tline\nthird: q d x\n";
    for keys in [
        "",
        "j",
        "j enter",
        "s",
        "s p i n g enter",
        "/",
        "?",
        "j enter /",
        "s E n a b l e H e a t e r enter f7 ctrl-s",
    ] {
        let mut b = Bench::new();
        b.runs(&job("a")).keys(keys);
        let before = b.layers();
        b.take();
        b.paste(text);
        assert_eq!((b.layers(), b.take()), (before, vec![]), "after {keys}");
        assert!(!b.app.ui.leaving);
        b.lines();
    }
    let mut b = Bench::new();
    composer(&mut b, "MeasureT2");
    b.keys(&"ctrl-h ".repeat(200)).keys(&"delete ".repeat(200)).paste(text);
    assert_eq!(b.composer().text(), "first line\nsecond  line\nthird: q d x\n");
    // Control characters are refused as a whole, and so is what is too large.
    b.paste("a\x1b[31m");
    assert!(b.notice().contains("U+001B"), "{}", b.notice());
    b.paste(&"x".repeat(compose::PASTE_BYTES + 1));
    assert!(b.notice().starts_with("not pasted"), "{}", b.notice());
    assert_eq!(b.composer().text().lines().count(), 3);
}

#[test]
fn nothing_is_sent_while_the_link_is_down_and_the_draft_is_kept() {
    // B21.
    let mut b = Bench::new();
    b.runs(&job("a"));
    composer(&mut b, "Ping");
    b.disconnect().take();
    let text = b.composer().text();
    let rows = b.app.store().tasks().count();
    for _ in 0..2 {
        b.keys("ctrl-s");
        assert_eq!(b.take(), []);
        assert!(
            b.notice().contains("not connected") && b.notice().contains("draft is kept"),
            "{}",
            b.notice()
        );
        assert_eq!((b.composer().text(), b.app.store().tasks().count()), (text.clone(), rows));
    }
    // Nothing goes out later by itself.
    b.later(30.0).connect();
    assert!(!b.sent_types().contains(&"Ping".to_owned()), "{:?}", b.sent_types());
    b.keys("ctrl-s");
    assert!(b.sent_types().contains(&"Ping".to_owned()));
}

#[test]
fn an_editor_gives_back_the_payload_or_a_reason() {
    let mut b = Bench::new();
    composer(&mut b, "MeasureT2");
    b.keys("f4");
    let text = b.composer().text();
    assert_eq!(b.take(), [Effect::EditPayload(text)]);
    assert!(b.app.ui.outside);
    b.msg(Msg::EditorClosed(msg::Edited::Payload(Ok("{\n  \"n\": 2\n}\n".into()))));
    assert_eq!((b.composer().text().as_str(), b.app.ui.outside), ("{\n  \"n\": 2\n}", false));
    b.keys("f4").msg(Msg::EditorClosed(msg::Edited::Payload(Err("vi was not found".into()))));
    assert_eq!((b.composer().text().as_str(), b.notice()), ("{\n  \"n\": 2\n}", "vi was not found"));
}

#[test]
fn a_type_that_needs_code_from_python_is_not_sent_without_it() {
    // D29.
    let mut b = Bench::new();
    b.runs(&Job {
        service: "lab".into(),
        kind: "IPythonTask".into(),
        name: "Scan: start=1".into(),
        payload: r#"{"start": 1}"#.into(),
        ..job("c")
    });
    b.keys("G r ctrl-s");
    assert!(b.notice().contains("`code` is missing"), "{}", b.notice());
    assert_eq!(b.sent().len(), 0);
}

#[test]
fn the_chooser_goes_back_to_the_services_and_takes_unheard_types() {
    let mut b = Bench::new();
    b.keys("s").types("zzz").keys("backspace");
    assert_eq!(b.layers(), ["choose"], "a character was taken back, not the list");
    let stage = |b: &Bench| match b.app.ui.layers.last() {
        Some(Layer::Choose(c)) => (c.stage.clone(), c.query.text().to_owned()),
        _ => panic!(),
    };
    let types = choose::Stage::Type { service: "fridge".into() };
    assert_eq!(stage(&b), (types.clone(), "zz".into()));
    b.keys("home backspace");
    assert_eq!(stage(&b), (types, "zz".into()), "nothing stands before the cursor, but something behind it");
    b.keys("end backspace backspace backspace");
    assert_eq!(stage(&b), (choose::Stage::Service, String::new()));
    b.keys("esc");
    assert_eq!(b.layers(), [""; 0]);
}

#[test]
fn the_frame_that_is_shown_is_the_one_that_goes_out() {
    let mut b = Bench::new();
    b.runs(&job("a")).keys("s").types("MeasureT2").keys("enter");
    let shown = |b: &Bench| {
        let lines = b.composer().frame_lines().into_iter();
        json::compact(&lines.map(|line| line.text).collect::<Vec<_>>().join("\n"))
    };
    let at_once = shown(&b);
    assert_eq!(field(&at_once, "type"), "ScheduleTask", "{at_once}");
    b.keys("f6").types("2030-11-25T06:00+01:00").keys("enter f9").shows("ScheduleTask");
    let told = shown(&b);
    b.keys("f9 ctrl-s");
    let out = b.sent().last().unwrap().text.clone();
    for part in ["target", "type", "metadata", "payload"] {
        let part = |text: &str| json::get(text, part).map(json::compact);
        assert_eq!(part(&told), part(&out));
    }
    // A direct one is shown with the id that it goes out with.
    let mut b = Bench::new();
    composer(&mut b, "Ping");
    let told = shown(&b);
    b.keys("ctrl-s");
    assert_eq!(told, json::compact(&b.sent()[0].text));
}

#[test]
fn reset_puts_lane_and_moment_back_too() {
    let mut b = Bench::new();
    b.runs(&job("a")).keys("s").types("MeasureT2").keys("enter");
    let opened = (b.composer().parallel, b.composer().way.clone());
    b.keys("f3 f6").types("2030-11-25T06:00+01:00").keys("enter");
    assert_ne!((b.composer().parallel, b.composer().way.clone()), opened);
    b.keys("f7");
    assert_eq!((b.composer().parallel, b.composer().way.clone()), opened);
}

#[test]
fn what_an_editor_gives_back_replaces_all_of_it_however_long_it_was() {
    let mut b = Bench::new();
    composer(&mut b, "MeasureT2");
    for text in [format!(r#"{{"a": "{}"}}"#, "a".repeat(70_000)), r#"{"a": "b"}"#.to_owned()] {
        b.keys("f4").msg(Msg::EditorClosed(msg::Edited::Payload(Ok(text.clone()))));
        assert_eq!(b.composer().text(), text);
    }
}
