//! Deeds and the questions before them: hardware, cancelling, leaving.

use super::*;

/// A question whether to send a task that moves hardware. It was asked at second 10.
fn heater() -> Bench {
    let mut b = Bench::new();
    b.keys("s").types("EnableHeater").keys("enter f7").at(10.0).key("ctrl-s");
    assert!(b.confirm().sure);
    assert_eq!(b.sent().len(), 0);
    b
}

fn sent(b: &Bench) -> bool {
    !b.sent().is_empty()
}

#[test]
fn hardware_moves_only_by_its_own_key_pressed_alone() {
    let mut b = heater();
    b.shows("Send EnableHeater to fridge?").shows("moves hardware").shows("do not send");
    type Play = fn(&mut Bench);
    let refused: [(&str, Play); 13] = [
        ("Enter", |b| {
            b.later(1.0).key("enter");
        }),
        ("y", |b| {
            b.later(1.0).key("y");
        }),
        ("a paste", |b| {
            b.later(1.0).paste("Y\n");
        }),
        ("a paste without marks that begins with Y", |b| {
            b.later(1.0).key("Y").key("e").later(0.001).key("s").waits();
        }),
        ("a paste without marks: Y and a line break", |b| {
            b.later(1.0).key("Y").later(0.01).key("enter").waits();
        }),
        ("Y twice at once", |b| {
            b.later(1.0).key("Y").later(0.02).key("Y").waits();
        }),
        ("Y, and a paste behind it", |b| {
            b.later(1.0).key("Y").later(0.02).paste("x").waits();
        }),
        ("Y too soon", |b| {
            b.later(0.1).key("Y");
        }),
        ("Y in a burst of typed keys", |b| {
            b.later(1.0).key("a").later(0.01).key("Y");
        }),
        ("a held y, then Y in it", |b| {
            for _ in 0..30 {
                b.later(0.03).key("y");
            }
            b.later(0.03).key("Y");
        }),
        ("Y held from before the question", |b| {
            b.later(0.1).key("Y").later(0.5);
            for _ in 0..60 {
                b.key("Y").later(0.03);
            }
        }),
        ("Y repeated by the terminal's word", |b| {
            let mut key = KeyEvent::from(crossterm::event::KeyCode::Char('Y'));
            key.kind = crossterm::event::KeyEventKind::Repeat;
            b.later(1.0).msg(Msg::Key(key));
        }),
        ("Esc", |b| {
            b.later(1.0).key("esc");
        }),
    ];
    for (name, play) in refused {
        let mut b = heater();
        play(&mut b);
        b.waits().waits();
        assert!(!sent(&b), "{name}");
    }
    for play in [
        (|b| {
            b.later(1.0).key("Y");
            assert!(!sent(b), "not before it is clear that nothing follows");
            assert!(b.app.wake_at(b.now).unwrap() <= b.now.mono + confirm::SILENCE);
            b.waits();
        }) as Play,
        |b| {
            b.later(0.1).key("Y").later(2.0).key("x").later(0.5).key("Y").waits();
        },
    ] {
        let mut b = heater();
        play(&mut b);
        assert_eq!(b.sent().len(), 1, "{}", b.notice());
        assert_eq!(b.layers(), [""; 0]);
    }
}

#[test]
fn hardware_is_asked_about_on_every_way_to_send() {
    // Again, and direct instead of scheduled.
    let valve = Job { kind: "OpenGHSValve".into(), payload: r#"{"valve": 3}"#.into(), ..job("v") };
    let mut b = Bench::new();
    b.ran(&valve).keys("j r ctrl-s");
    assert!(b.confirm().sure);
    assert!(b.confirm().lines.iter().any(|l| l.contains("valve = 3")), "{:?}", b.confirm().lines);
    let mut b = Bench::new();
    b.runs(&job("holder"))
        .keys("s")
        .types("OpenGHSValve")
        .keys("enter f7 ctrl-s")
        .later(1.0)
        .key("Y")
        .waits();
    let frame = r#"{"scheduled_task_id": "s1", "target": "fridge", "task_type": "OpenGHSValve", "status": "queued",
        "display_name": "OpenGHSValve", "eligible": true}"#;
    b.answer("ScheduleTask", frame).take();
    b.keys("d");
    assert!(b.confirm().sure);
    b.keys("y enter");
    assert_eq!(b.sent().len(), 0);
}

#[test]
fn read_only_leaves_no_deed() {
    let settings = Settings { read_only: true, ..Settings::default() };
    let mut b = Bench::with(settings, (100, 30));
    b.ran(&job("a")).scheduled("s1", None, &job("w"), "queued").take();
    for keys in ["s", "r", "j s", "j r", "j x", "j d", "G x", "j enter s", "r", "x", "d"] {
        b.keys(keys);
        assert!(b.notice().starts_with("read-only"), "{keys}: {}", b.notice());
        assert_eq!(b.sent(), Vec::<&Outgoing>::new(), "{keys}");
        assert!(!b.layers().contains(&"compose") && !b.layers().contains(&"question"), "{keys}");
    }
    b.shows("read-only").shows_not("submit");
    let settings =
        Settings { watch_only: Some("through the edge one can only watch".into()), ..Settings::default() };
    let mut b = Bench::with(settings, (100, 30));
    b.keys("s").shows("one can only watch").shows("watch only");
}

#[test]
fn a_cancellation_is_bound_to_its_task_whatever_the_rows_do() {
    // B08.
    let mut b = Bench::new();
    b.scheduled("sA", None, &job("A"), "queued").keys("j");
    assert_eq!(b.selected(), "sA");
    b.take();
    b.keys("x").shows("MeasureT1: qubit='A' on fridge").shows("Cancel this scheduled task?");
    for n in 0..5 {
        b.runs(&job(&format!("n{n}"))).scheduled(&format!("s{n}"), None, &job(&format!("q{n}")), "queued");
    }
    b.take();
    b.keys("y");
    assert_eq!(b.sent_types(), ["CancelScheduledTask"]);
    assert!(b.sent()[0].text.contains(r#""scheduled_task_id": "sA""#), "{}", b.sent()[0].text);
    b.answer("CancelScheduledTask", "true");
    let cancelled =
        r#"{"scheduled_task_id": "sA", "target": "fridge", "status": "cancelled", "task_id": null}"#;
    b.answer("GetScheduledTask", cancelled);
    assert!(b.notice().starts_with("cancelled: MeasureT1: qubit='A'"), "{}", b.notice());
    // It ended while the question stood: nothing is sent.
    let mut b = Bench::new();
    b.scheduled("sA", None, &job("A"), "queued").keys("j x");
    b.scheduled("sA", None, &job("A"), "cancelled").take();
    b.keys("y");
    assert_eq!(b.sent().len(), 0);
    assert_eq!(b.notice(), "it has ended already");
}

#[test]
fn a_cancellation_says_what_came_of_it() {
    for (result, snapshot, said) in [
        ("false", None, "it had ended already"),
        ("true", Some(r#""status": "cancelled", "task_id": "t1""#), "runs on"),
        ("true", Some(r#""status": "cancelled", "task_id": null"#), "cancelled: "),
    ] {
        let mut b = Bench::new();
        b.scheduled("sA", None, &job("A"), "queued").keys("j x").take();
        b.keys("y").answer("CancelScheduledTask", result);
        if let Some(rest) = snapshot {
            let snapshot = format!(r#"{{"scheduled_task_id": "sA", "target": "fridge", {rest}}}"#);
            b.answer("GetScheduledTask", &snapshot);
        }
        assert!(b.notice().contains(said), "{}", b.notice());
    }
    // Juice cannot stop a direct task, and the screen says so.
    let mut b = Bench::new();
    b.runs(&job("a")).keys("j x");
    assert!(b.notice().contains("only a scheduled task can be cancelled"), "{}", b.notice());
    assert_eq!(b.layers(), [""; 0]);
    // While the link is down.
    let mut b = Bench::new();
    b.scheduled("sA", None, &job("A"), "queued").keys("j").disconnect().take();
    for _ in 0..2 {
        b.keys("x");
        if b.layers() == ["question"] {
            b.keys("y");
        }
        assert_eq!(b.sent().len(), 0);
        assert!(b.notice().contains("not connected"), "{}", b.notice());
    }
}

/// An own scheduled task that another direct one overtook, selected.
fn overtaken() -> Bench {
    let mut b = Bench::new();
    b.runs(&job("holder")).keys("s").types("MeasureT2").keys("enter f7 ctrl-s");
    let snapshot = r#"{"scheduled_task_id": "s1", "target": "fridge", "task_type": "MeasureT2", "status": "queued",
        "display_name": "MeasureT2", "eligible": true}"#;
    b.answer("ScheduleTask", snapshot).take();
    b.later(1.0).completed(&job("holder"), &ok("holder")).runs(&job("other"));
    b.shows("others go first (d: send direct)");
    assert_eq!(b.selected(), "s1");
    b.keys("d").shows("Send it direct instead?").keys("y");
    assert_eq!(b.sent_types(), ["CancelScheduledTask"], "first of all it is cancelled");
    b
}

#[test]
fn sending_direct_instead_waits_for_the_schedulers_word() {
    let snapshot = |rest: &str| format!(r#"{{"scheduled_task_id": "s1", "target": "fridge", {rest}}}"#);
    let mut b = overtaken();
    b.answer("CancelScheduledTask", "true");
    assert_eq!(b.sent_types(), ["CancelScheduledTask", "GetScheduledTask"], "nothing is sent on a yes alone");
    b.answer("GetScheduledTask", &snapshot(r#""status": "cancelled", "task_id": null"#));
    assert_eq!(b.sent_types()[2..], ["MeasureT2"]);
    assert!(b.notice().contains("sent direct"), "{}", b.notice());
    // It had started, it is still queued, it is no longer known, or the cancellation came too late: not sent.
    for rest in [r#""status": "cancelled", "task_id": "t1""#, r#""status": "queued", "task_id": null"#] {
        let mut b = overtaken();
        b.answer("CancelScheduledTask", "true").answer("GetScheduledTask", &snapshot(rest));
        assert!(!b.sent_types().contains(&"MeasureT2".to_owned()), "{rest}");
        assert!(!b.notice().is_empty());
    }
    let mut b = overtaken();
    b.answer("CancelScheduledTask", "true").answer("GetScheduledTask", "null");
    assert!(!b.sent_types().contains(&"MeasureT2".to_owned()));
    let mut b = overtaken();
    b.answer("CancelScheduledTask", "false");
    assert!(!b.sent_types().contains(&"MeasureT2".to_owned()));
    // The link is lost in between, and comes back: it is not sent later.
    let mut b = overtaken();
    b.answer("CancelScheduledTask", "true").disconnect().later(5.0).connect();
    assert!(!b.sent_types().contains(&"MeasureT2".to_owned()));
}

/// An own direct sequential task that waits.
fn at_risk() -> Bench {
    let mut b = Bench::new();
    b.runs(&job("holder")).keys("s").types("MeasureT2").keys("enter f7 f2 ctrl-s");
    assert_eq!(b.sent_types(), ["MeasureT2"]);
    b.take();
    b
}

#[test]
fn leaving_asks_where_own_tasks_would_be_lost() {
    let mut b = Bench::new();
    b.runs(&job("a")).keys("q");
    assert_eq!(b.take(), [Effect::Quit], "nobody's tasks but the lab's");
    for (keys, effects) in [
        ("q enter", vec![]),
        ("q esc", vec![]),
        ("q n", vec![]),
        ("ctrl-c enter", vec![]),
        ("s ctrl-c n", vec![]),
        ("q y", vec![Effect::Quit]),
    ] {
        let mut b = at_risk();
        b.keys(keys);
        assert_eq!(b.take(), effects, "{keys}");
        assert_eq!(b.app.ui.leaving, !effects.is_empty(), "{keys}");
    }
    // A held Ctrl-C does not answer its own question; a second one, pressed on purpose, does.
    let mut b = at_risk();
    b.keys("ctrl-c ctrl-c");
    assert_eq!(b.take(), []);
    b.later(1.0).keys("ctrl-c");
    assert_eq!(b.take(), [Effect::Quit]);
    let mut b = at_risk();
    b.keys("q").shows("MeasureT2 on fridge waits and would be dropped").shows(" stay ");
    let id = b.app.store().own_at_risk().next().unwrap().key.to_string();
    b.keys("n").completed(&job("holder"), &ok("holder")).runs(&Job { kind: "MeasureT2".into(), ..job(&id) });
    b.keys("q").shows("would go on unobserved").keys("n").reply(&ok(&id));
    b.take();
    b.keys("q");
    assert_eq!(b.take(), [Effect::Quit], "it is over");
    // A scheduled one goes on without us, once the scheduler has it.
    let mut b = Bench::new();
    b.keys("s").types("MeasureT2").keys("enter f7 ctrl-s q").shows("has not been acknowledged").keys("n");
    b.answer("ScheduleTask", r#"{"scheduled_task_id": "s1", "task_id": null, "target": "fridge", "task_type": "MeasureT2",
        "display_name": "MeasureT2", "status": "queued", "run_at": null, "eligible": true, "overdue": false}"#).keys("q");
    assert!(b.app.ui.leaving);
}

#[test]
fn stopping_asks_where_own_tasks_would_be_lost() {
    // A10, A11.
    let mut b = Bench::new();
    b.keys("ctrl-z");
    assert_eq!(b.take(), [Effect::AskToStop]);
    b.msg(Msg::AskedToStop { can: false });
    assert_eq!(b.take(), []);
    assert!(b.notice().contains("no shell"), "{}", b.notice());
    b.msg(Msg::AskedToStop { can: true });
    assert_eq!(b.take(), [Effect::Suspend]);
    assert!(!b.app.would_lose());
    for (keys, effects) in [("enter", vec![]), ("esc", vec![]), ("y", vec![Effect::Suspend])] {
        let mut b = at_risk();
        assert!(b.app.would_lose());
        b.msg(Msg::AskedToStop { can: true });
        assert_eq!(b.take(), []);
        b.shows("Stop juicetop?").keys(keys);
        assert_eq!(b.take(), effects, "{keys}");
    }
}

#[test]
fn only_what_may_have_ended_is_put_away() {
    let mut b = Bench::new();
    b.ran(&job("done")).keys("j X");
    assert!(b.notice().starts_with("only a task whose end was never seen"), "{}", b.notice());
    let mut b = Bench::new();
    b.runs(&job("ghost")).disconnect();
    assert_eq!(b.state("ghost"), State::Unknown);
    let unknown = |b: &Bench| b.app.store().counts(false).unknown;
    assert_eq!(unknown(&b), 1);
    b.keys("j X");
    assert_eq!(unknown(&b), 0);
    // Case B05: one that is still said to run, because its end was lost on a link that stayed. Only its own row goes.
    let mut b = Bench::new();
    b.runs(&parallel("other")).runs(&job("ghost"));
    b.app.ui.selected = Some(Selected::task("fridge".into(), TaskKey("ghost".into())));
    assert_eq!(b.app.store().counts(false).running, 2);
    b.keys("X");
    let ghost = b.app.store().find("ghost").unwrap();
    assert_eq!((ghost.state, &ghost.reason), (State::Unknown, &Some(crate::store::Reason::PutAway)));
    assert_eq!((b.app.store().counts(false).running, unknown(&b)), (1, 0));
    // Of an own one our connection tells the end.
    let mut b = at_risk();
    let id = b.app.store().own_at_risk().next().unwrap().key.to_string();
    b.completed(&job("holder"), &ok("holder")).runs(&Job { kind: "MeasureT2".into(), ..job(&id) });
    assert_eq!(b.selected(), id);
    b.keys("X");
    assert_eq!(b.state(&id), State::Running { starting: false });
}
