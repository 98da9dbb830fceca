//! The talk with the lab: what is asked when, and what becomes of requests whose link is lost.

use super::*;
use crate::wire::frame::TaskFrame;

fn asked(b: &Bench, kind: &str) -> usize {
    b.sent_types().iter().filter(|t| *t == kind).count()
}

#[test]
fn the_list_is_asked_once_at_the_start_and_once_after_a_gap() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.link(Line::Router, live());
    assert_eq!(asked(&b, "GetScheduledTasks"), 0, "it waits for the bus, so that nothing falls between");
    b.link(Line::Bus, live()).speaks();
    assert_eq!(b.sent_types(), ["GetEventTopicList", "GetScheduledTasks"]);
    b.answer("GetScheduledTasks", "[]").answer("GetEventTopicList", "{}").take();
    // Never by a timer.
    for _ in 0..600 {
        b.later(1.0).msg(Msg::Wake);
    }
    assert_eq!(b.sent().len(), 0);
    b.disconnect().later(3.0).connect();
    assert_eq!(b.sent_types(), ["GetScheduledTasks"]);
    b.answer("GetScheduledTasks", "[]").take();
    // Events that were let go are a gap too, but a large list each time would make us slower still.
    b.wire(Incoming::Missed { count: 3 }).wire(Incoming::Missed { count: 2 });
    assert_eq!(b.sent().len(), 0);
    b.later(61.0).msg(Msg::Wake);
    assert_eq!(b.sent_types(), ["GetScheduledTasks"]);
    b.answer("GetScheduledTasks", "[]").take();
    b.later(120.0).wire(Incoming::Missed { count: 1 });
    assert_eq!(b.sent_types(), ["GetScheduledTasks"]);
}

#[test]
fn a_list_that_was_read_without_the_bus_is_read_again_with_it() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.link(Line::Bus, LinkState::Connecting { attempt: 1 }).link(Line::Router, live());
    assert_eq!(asked(&b, "GetScheduledTasks"), 0);
    b.link(Line::Bus, down(b.now));
    assert_eq!(asked(&b, "GetScheduledTasks"), 1, "the bus may stay away for ever");
    b.answer("GetScheduledTasks", "[]").take();
    // Tries that fail do not ask again.
    for attempt in 2..5 {
        let state = down(b.now);
        b.later(1.0).link(Line::Bus, LinkState::Connecting { attempt }).link(Line::Bus, state);
    }
    assert_eq!(b.sent().len(), 0);
    b.link(Line::Bus, live()).speaks();
    assert_eq!(asked(&b, "GetScheduledTasks"), 1, "what came between the list and the bus was not heard");
    b.answer("GetScheduledTasks", "[]").take();
    b.link(Line::Bus, live());
    assert_eq!(b.sent().len(), 0);
    // Only the bus is lost: it is not asked at the loss, when the answer would be old before the bus is back.
    b.link(Line::Bus, down(b.now));
    assert_eq!(b.sent().len(), 0);
    b.later(60.0).link(Line::Bus, live()).speaks();
    assert_eq!(asked(&b, "GetScheduledTasks"), 1);
}

#[test]
fn events_that_were_let_go_are_counted_on_the_screen() {
    // Case B05.
    for (size, says) in [((100, 30), "3 events missed"), ((40, 12), " 3! ")] {
        let mut b = Bench::with(Settings::default(), size);
        b.shows_not(says).wire(Incoming::Missed { count: 1 }).wire(Incoming::Missed { count: 2 }).shows(says);
        b.later(600.0).msg(Msg::Wake).shows(says);
    }
}

/// A snapshot of a scheduled task on `fridge`.
fn entry(sid: &str, task_id: Option<&str>, status: &str) -> String {
    let task_id = task_id.map_or_else(|| "null".to_owned(), json::quote);
    let result = match (status, task_id.as_str()) {
        ("done", id) => format!(r#"{{"id": {id}, "status": "ok", "result": 1}}"#),
        _ => "null".to_owned(),
    };
    format!(
        r#"{{"scheduled_task_id": "{sid}", "task_id": {task_id}, "target": "fridge", "task_type": "MeasureT1",
            "display_name": "MeasureT1: {sid}", "status": "{status}", "run_at": null,
            "submitted_at": "2026-11-24T20:59:00Z", "result": {result}, "eligible": true, "overdue": false}}"#
    )
}

#[test]
fn a_list_from_before_a_gap_says_nothing_about_what_came_after() {
    // The list takes its time (32 MB: 3 s); meanwhile the bus is lost for a moment, and what waited has ended.
    let mut b = Bench::new();
    b.link(Line::Bus, down(b.now)).later(1.0).link(Line::Bus, live()).speaks();
    let old = b.sent()[0].id.to_string();
    let state = down(b.now);
    b.later(1.0).link(Line::Bus, state).later(1.0).link(Line::Bus, live()).speaks();
    assert_eq!(asked(&b, "GetScheduledTasks"), 1, "one at a time");
    let list = format!("[{}, {}]", entry("s1", None, "queued"), entry("s2", Some("t2"), "done"));
    b.take();
    b.reply(&format!(r#"{{"id": "{old}", "status": "ok", "result": {list}}}"#));
    assert_eq!(b.state("s1"), State::Unknown, "it waited before the gap");
    assert_eq!(b.state("s2"), State::Ended, "an end stays one");
    assert_eq!(b.sent_types(), ["GetScheduledTasks"], "how it stands now is asked for");
    assert!(b.app.session.list_is_whole().is_err());
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s1", Some("t1"), "done")));
    assert_eq!(b.state("s1"), State::Ended);
    assert!(b.app.session.list_is_whole().is_ok());
    // What was known before the gap is not brought back to life by it either.
    let mut b = Bench::new();
    b.scheduled("s1", None, &job("1"), "queued").take();
    b.link(Line::Bus, down(b.now)).link(Line::Bus, live()).speaks();
    let old = b.sent().last().unwrap().id.to_string();
    b.wire(Incoming::Missed { count: 1 }).take();
    let list = entry("s1", None, "queued");
    b.reply(&format!(r#"{{"id": "{old}", "status": "ok", "result": [{list}]}}"#));
    assert_ne!(b.state("s1"), State::Waiting);
    b.later(61.0).msg(Msg::Wake);
    b.answer("GetScheduledTasks", "[]");
    assert_eq!(b.state("s1"), State::Unknown);
}

#[test]
fn what_is_heard_while_a_list_is_on_its_way_is_not_forgotten_for_it() {
    // A slow list: what was queued 20 s before it comes is not in it.
    let mut b = Bench::new();
    b.link(Line::Bus, down(b.now)).link(Line::Bus, live()).speaks();
    b.later(1.0).scheduled("s1", None, &job("1"), "queued");
    b.later(20.0).answer("GetScheduledTasks", "[]");
    assert_eq!(b.state("s1"), State::Scheduled);
}

#[test]
fn the_list_waits_until_the_bus_surely_speaks() {
    // Juice tells its bus of a new reader in the background: a task that ran between the two left no sign.
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.link(Line::Bus, live()).link(Line::Router, live());
    b.answer("GetEventTopicList", "{}").take();
    b.later(0.2).msg(Msg::Wake);
    assert_eq!(b.sent().len(), 0);
    b.speaks();
    assert_eq!(b.sent_types(), ["GetScheduledTasks"], "what is heard proves that all is");
    b.answer("GetScheduledTasks", "[]").take();
    // A quiet one is made to speak, by what shows on nobody's dashboard; the program wakes for it by itself.
    let state = down(b.now);
    b.later(5.0).link(Line::Bus, state).link(Line::Bus, live()).take();
    for _ in 0..2 {
        let at = b.app.wake_at(b.now).unwrap();
        b.at(at.as_secs_f64()).msg(Msg::Wake);
    }
    assert_eq!(b.sent_types(), ["GetScheduledTask"; 2]);
    let question = Job {
        service: "task-manager".into(),
        kind: "GetScheduledTask".into(),
        hidden: true,
        ..parallel(&b.sent()[1].id)
    };
    b.take();
    b.runs(&question);
    assert_eq!(b.sent_types(), ["GetScheduledTasks"]);
    b.answer("GetScheduledTasks", "[]").take();
    b.later(100.0).msg(Msg::Wake);
    assert_eq!(b.sent().len(), 0);
    // One that says nothing at all does not keep the list away for ever; should it speak then, the list is read again.
    b.link(Line::Bus, down(b.now)).link(Line::Bus, live()).take();
    for _ in 0..100 {
        b.later(0.1).msg(Msg::Wake);
    }
    assert_eq!(asked(&b, "GetScheduledTask"), 4);
    assert_eq!(asked(&b, "GetScheduledTasks"), 1);
    b.answer("GetScheduledTasks", "[]").take();
    assert!(b.app.session.list_is_whole().is_err(), "what came before the first event was not heard");
    b.later(30.0).speaks();
    assert_eq!(b.sent_types(), ["GetScheduledTasks"]);
    b.answer("GetScheduledTasks", "[]").take();
    assert!(b.app.session.list_is_whole().is_ok());
    b.speaks();
    assert_eq!(b.sent().len(), 0);
}

#[test]
fn a_list_whose_answer_was_lost_is_asked_for_again() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect().take();
    b.link(Line::Router, down(b.now)).later(1.0).link(Line::Router, live());
    assert_eq!(b.sent_types(), ["GetEventTopicList", "GetScheduledTasks"]);
    let id = b.sent()[1].id.clone();
    b.wire(Incoming::Unsent { id, why: "the line is closed".into() }).take();
    b.link(Line::Router, down(b.now)).link(Line::Router, live());
    assert_eq!(asked(&b, "GetScheduledTasks"), 1);
}

#[test]
fn a_list_that_costs_the_link_twice_is_left_to_the_person() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let asked_so_far = |b: &mut Bench| {
        let asked = asked(b, "GetScheduledTasks");
        b.take();
        asked
    };
    let again = |b: &mut Bench| {
        b.link(Line::Router, down(b.now)).later(1.0).link(Line::Router, live());
        asked_so_far(b)
    };
    assert_eq!(asked_so_far(&mut b), 1);
    assert_eq!(again(&mut b), 1, "once may be an accident");
    assert_eq!((again(&mut b), again(&mut b)), (0, 0));
    b.disconnect().later(3.0).connect();
    assert_eq!(asked_so_far(&mut b), 0, "not after a gap either");
    assert!(b.app.session.list_is_whole().unwrap_err().contains("twice"));
    // Who asks for it gets it, and from then on all is as before.
    assert_eq!(b.app.session.read_list(b.now).unwrap().len(), 1);
    assert_eq!(again(&mut b), 1);
}

#[test]
fn what_was_sent_is_not_sent_again_after_a_gap() {
    // C13.
    let mut b = Bench::new();
    b.keys("s").types("Ping").keys("enter ctrl-s").keys("s").types("MeasureT2").keys("enter f7 ctrl-s");
    assert_eq!(b.sent_types(), ["Ping", "ScheduleTask"]);
    let id = b.sent()[0].id.to_string();
    b.take();
    b.disconnect();
    assert_eq!(b.state(&id), State::Unknown, "within the same moment (C14)");
    b.later(10.0).connect();
    assert_eq!(b.sent_types(), ["GetScheduledTasks"]);
    // A late answer still settles it.
    b.reply(&ok(&id));
    assert_eq!(b.state(&id), State::Ended);
}

/// A scheduled task whose cancellation is on its way when the link is lost; the link is back, and the list is awaited.
fn cancelling() -> Bench {
    let mut b = Bench::new();
    b.scheduled("s1", None, &job("1"), "queued");
    b.app.ui.selected = Some(Selected::task("fridge".into(), TaskKey("s1".into())));
    b.keys("x").later(1.0).keys("y");
    assert_eq!(b.sent_types().last().unwrap(), "CancelScheduledTask");
    b.take();
    b.disconnect();
    assert!(b.notice().contains("the link was lost before the answer"), "{}", b.notice());
    assert!(!b.notice().contains("not cancelled"), "{}", b.notice());
    b.later(2.0).connect();
    assert_eq!(asked(&b, "CancelScheduledTask"), 0, "it is not sent again");
    b
}

#[test]
fn a_cancellation_that_was_on_its_way_at_a_loss_is_settled_by_the_next_list() {
    // C14: it may have arrived or not.
    let mut b = cancelling();
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s1", None, "cancelled")));
    assert!(b.notice().starts_with("cancelled: "), "{}", b.notice());
    assert_eq!(b.app.store().find("s1").unwrap().outcome, Some(Outcome::Cancelled));
    let mut b = cancelling();
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s1", None, "queued")));
    assert!(b.notice().contains("never got it"), "{}", b.notice());
    assert!(!b.app.store().find("s1").unwrap().cancel_wished, "nobody wishes it there");
    let mut b = cancelling();
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s1", Some("t1"), "running")));
    assert!(b.notice().contains("runs on"), "{}", b.notice());
    // A list from before another gap settles nothing.
    let mut b = cancelling();
    let id = b.sent().last().unwrap().id.to_string();
    b.link(Line::Bus, down(b.now)).later(1.0).link(Line::Bus, live()).speaks();
    let list = entry("s1", None, "queued");
    b.reply(&format!(r#"{{"id": "{id}", "status": "ok", "result": [{list}]}}"#));
    assert!(!b.notice().contains("never got it"), "{}", b.notice());
    b.answer("GetScheduledTasks", &format!("[{}]", entry("s1", None, "cancelled")));
    assert!(b.notice().starts_with("cancelled: "), "{}", b.notice());
}

#[test]
fn what_is_too_large_is_refused_with_its_size_before_it_has_a_row() {
    // C02.
    let mut b = Bench::new();
    let payload = |bytes: usize| format!(r#"{{"x": "{}"}}"#, "x".repeat(bytes));
    let mut submit = |bytes: usize, way: &session::Way| {
        let frame = TaskFrame {
            id: format!("{bytes}").into(),
            target: "lab".into(),
            task_type: "Fit".into(),
            parallel: false,
            display_name: "Fit".into(),
            show_in_dashboard: true,
            payload: payload(bytes).into(),
        };
        let rows = b.app.store().tasks().count();
        let result = b.app.session.submit(frame, way, b.now);
        (result.map(|out| out[0].text.len()), b.app.store().tasks().count() - rows)
    };
    let limit = crate::wire::frame::LARGEST;
    // Within the limit direct, over it with the scheduler's wrapping.
    let near = limit - 200;
    assert!(matches!(submit(near, &session::Way::Direct), (Ok(bytes), 1) if bytes <= limit && bytes > near));
    let (refused, rows) = submit(near + 1, &session::Way::Scheduled(None));
    let why = refused.unwrap_err();
    assert!(why.contains(&limit.to_string()) && why.contains("524") && rows == 0, "{why}");
    assert!(submit(limit, &session::Way::Direct).0.is_err());
}

#[test]
fn a_juice_without_a_scheduler_is_believed() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let id = b.sent()[1].id.clone();
    b.reply(&error(&id, "ValueError", "Unknown task type: GetScheduledTasks", "")).take();
    assert_eq!(b.app.session.has_scheduler, Some(false));
    b.keys("s").types("MeasureT2").keys("enter f7");
    assert_eq!(b.composer().way, session::Way::Direct);
    b.keys("f2");
    assert_eq!(b.composer().way, session::Way::Direct, "{}", b.notice());
    b.keys("ctrl-s");
    assert_eq!(b.sent_types(), ["MeasureT2"]);
}

#[test]
fn an_entry_of_the_list_that_cannot_be_read_is_a_row_all_the_same() {
    // B22.
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let good = |n| {
        format!(
            r#"{{"scheduled_task_id": "s{n}", "target": "fridge", "task_type": "T", "status": "queued"}}"#
        )
    };
    let list = format!(
        r#"[{}, {}, {}, {{"target": "fridge", "status": "zzz"}},
        {{"scheduled_task_id": "s9", "target": "fridge", "status": "done", "result": "text"}}]"#,
        good(1),
        good(2),
        good(3)
    );
    b.answer("GetScheduledTasks", &list);
    assert_eq!(b.app.store().tasks().count(), 5);
    b.keys("space space").lines();
}

#[test]
fn a_service_spoken_to_alone_gets_one_sequential_task_at_a_time() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    let line = Line::Service("solo".into());
    b.link(line.clone(), live()).take();
    let submit = |b: &mut Bench, parallel| {
        let frame = TaskFrame {
            id: b.app.session.new_id(),
            target: "solo".into(),
            task_type: "Job".into(),
            parallel,
            display_name: "Job".into(),
            show_in_dashboard: true,
            payload: "{}".into(),
        };
        let id = frame.id.clone();
        let out = b.app.session.submit(frame, &session::Way::Alone, b.now).unwrap();
        (id, out.len())
    };
    let (first, n) = submit(&mut b, false);
    assert_eq!(n, 1);
    let (second, n) = submit(&mut b, false);
    assert_eq!(n, 0, "it waits for the first");
    assert_eq!(submit(&mut b, true).1, 1, "a parallel one goes through");
    assert_eq!(b.state(&second), State::Waiting);
    let reply = Reply::parse(ok(&first).into()).unwrap();
    b.wire(Incoming::Reply { line: line.clone(), reply });
    assert_eq!(b.sent().iter().map(|o| o.id.clone()).collect::<Vec<_>>(), std::slice::from_ref(&second));
    let (third, n) = submit(&mut b, false);
    assert_eq!(n, 0);
    b.take();
    b.link(line.clone(), down(b.now)).later(1.0).link(line, live());
    assert_eq!(b.sent().len(), 0, "nothing goes out by itself");
    assert_eq!(b.state(&second), State::Unknown);
    assert_eq!(b.state(&third), State::Ended, "it never left this program");
}

#[test]
fn a_day_of_the_lab_is_taken_in_and_counted() {
    let mut b = Bench::new();
    for event in recorded("bus.jsonl") {
        b.later(0.05).wire(Incoming::Bus(event));
    }
    for event in recorded("bus_out_of_order.jsonl") {
        b.later(0.05).wire(Incoming::Bus(event));
    }
    b.lines();
    let counts = b.app.store().counts(true);
    let rows = b.app.store().tasks().filter(|t| matches!(t.state, State::Running { .. })).count();
    assert_eq!(counts.running, rows);
    assert!(b.app.store().tasks().count() > 10);
}
