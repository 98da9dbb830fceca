//! The lanes: selection, folding, filter, shapes.

use super::*;

/// Five tasks that ended, `e1` first.
fn ended(b: &mut Bench) {
    for n in 1..=5 {
        b.later(1.0).ran(&job(&format!("e{n}")));
    }
}

#[test]
fn keys_move_the_selection_over_rows_that_can_be_selected() {
    let mut b = Bench::new();
    b.runs(&job("a")).runs(&parallel("p"));
    assert_eq!(b.selected(), "fridge", "until a key was pressed it stays at the top");
    for (keys, selected) in [
        ("j", "a"),
        ("down", "p"),
        ("j", "lab"),
        ("j j j", "lab"),
        ("k", "p"),
        ("g", "fridge"),
        ("up", "fridge"),
        ("end", "lab"),
        ("home", "fridge"),
        ("pagedown", "lab"),
        ("ctrl-b", "fridge"),
        ("ctrl-d", "lab"),
        ("ctrl-u", "fridge"),
        ("tab", "lab"),
        ("tab", "fridge"),
        ("backtab", "lab"),
    ] {
        b.keys(keys);
        assert_eq!(b.selected(), selected, "after {keys}");
    }
}

#[test]
fn what_comes_above_moves_neither_the_selection_nor_its_line() {
    // B09: on a screen that is full, so that there is something to scroll.
    let mut b = Bench::with(Settings::default(), (100, 20));
    let jobs: Vec<Job> = (0..40).map(|n| parallel(&format!("p{n}"))).collect();
    b.runs(&jobs[0]);
    for job in &jobs[1..30] {
        b.runs(job);
    }
    b.keys("G k k k k k k");
    let (selected, line) = (b.selected(), b.line());
    assert_ne!(line, 0, "it stands within the screen");
    for n in 0..100 {
        b.later(0.1).runs(&job(&format!("new{n}")));
    }
    assert_eq!((b.selected(), b.line()), (selected.clone(), line), "a hundred came above");
    for n in 0..50 {
        let id = format!("new{n}");
        b.later(0.1).completed(&job(&id), &ok(&id));
    }
    assert_eq!((b.selected(), b.line()), (selected, line), "fifty left");
}

#[test]
fn a_row_that_leaves_the_list_gives_the_selection_to_its_neighbour() {
    let mut b = Bench::new();
    ended(&mut b);
    b.keys("j j");
    assert_eq!(b.selected(), "e4");
    // A filter takes it away, and Enter comes at once (B06).
    b.keys("/").types("e5").keys("enter enter");
    assert_eq!(b.reader().key, TaskKey("e5".into()));
    // The last row leaves; the task that is read stays with what is known of it.
    b.keys("esc esc G k");
    assert_eq!(b.selected(), "e1");
    let limits = Limits { ended_tasks: 2, ..Limits::default() };
    let mut b = Bench::new();
    b.app.session.store = Store::new(limits);
    b.connect();
    b.ran(&job("old")).keys("j");
    assert_eq!(b.selected(), "old");
    b.keys("enter");
    for n in 0..5 {
        b.later(1.0).ran(&job(&format!("n{n}")));
    }
    assert!(b.reader().gone);
    b.shows("was let go").keys("x r d y Y S X n N space enter w R o").keys("esc");
    assert!(b.selected().starts_with('n'), "{}", b.selected());
    b.keys("enter esc");
}

#[test]
fn how_many_were_let_go_stands_in_the_header() {
    let mut b = Bench::new();
    b.app.session.store = Store::new(Limits { ended_tasks: 2, ..Limits::default() });
    b.connect();
    b.ran(&job("a")).shows_not("let go");
    for n in 0..4 {
        b.ran(&job(&format!("n{n}")));
    }
    b.shows("3 let go").shows_not("texts let go");
    // As much as the two take without their texts.
    let room = (0..200).map(|n| 10_000 - 50 * n).find(|room| {
        b.app.session.store.allow(*room);
        b.app.store().counts(false).texts_let_go == 2
    });
    assert!(room.is_some());
    b.shows("3 let go").shows("2 texts let go");
}

#[test]
fn a_filter_that_cannot_be_read_leaves_the_last_good_list() {
    // B27.
    let mut b = Bench::new();
    b.ran(&job("apple")).ran(&job("pear"));
    b.keys("/").types("apple");
    let tasks = |b: &Bench| b.app.rows().iter().filter(|r| matches!(r, Row::Task { .. })).count();
    assert_eq!(tasks(&b), 1);
    b.paste(" outcome:nonsense");
    assert_eq!(tasks(&b), 1, "the last good list stands");
    assert!(b.app.ui.filter_error.is_some());
    b.keys("enter");
    assert_eq!(b.layers(), ["filter and search"], "it cannot be taken");
    let wrong = b.app.ui.filter_error.clone().unwrap();
    assert_eq!(b.notice(), wrong);
    b.keys(&"backspace ".repeat(" outcome:nonsense".len()));
    assert_eq!((tasks(&b), b.app.ui.filter_error.clone()), (1, None));
    b.keys("enter");
    assert_eq!(b.layers(), [""; 0]);
    b.later(60.0).msg(Msg::Wake).shows("esc shows all").keys("esc");
    assert_eq!((tasks(&b), b.app.ui.filter_text.as_str()), (2, ""));
    for odd in ["(", "[", "*", "\\", "(a+)+$"] {
        b.keys("/").types(odd).keys("esc");
        assert_eq!(tasks(&b), 2, "{odd}");
    }
}

#[test]
fn one_key_steps_through_the_outcomes() {
    let mut b = Bench::new();
    b.ran(&job("good")).runs(&job("bad")).completed(&job("bad"), &error("bad", "E", "x", ""));
    for shown in ["bad", "good", "", "", "bad good"] {
        b.keys("o");
        let rows = b.app.rows().iter().filter_map(|r| match r {
            Row::Task { key, .. } => Some(key.to_string()),
            _ => None,
        });
        assert_eq!(rows.collect::<Vec<_>>().join(" "), shown, "{}", b.app.ui.filter_text);
    }
}

#[test]
fn a_service_is_shown_short_in_full_or_as_one_line() {
    let mut b = Bench::with(Settings::default(), (100, 20));
    for n in 0..60 {
        b.ran(&job(&format!("e{n}")));
    }
    b.runs(&job("holder"));
    let rows = |b: &Bench| b.app.rows().iter().filter(|r| matches!(r, Row::Task { .. })).count();
    let short = rows(&b);
    assert!(short < 20, "{short}");
    b.keys("space");
    assert_eq!(rows(&b), 0);
    b.shows("1 running  60 ended");
    b.keys("space");
    assert_eq!(rows(&b), 61, "the holder and all sixty");
    b.keys("j space");
    assert_eq!((rows(&b), b.selected().as_str()), (short, "holder"));
    // Folding under a selected task selects the service, so that nothing unseen is selected.
    b.keys("space");
    assert_eq!(b.selected(), "fridge");
}

#[test]
fn how_long_it_ran_and_before_when_it_ended_stand_apart() {
    let mut b = Bench::offline(Settings::default(), (80, 24));
    b.connect();
    let ended = r#"[{"scheduled_task_id": "s", "task_id": "t", "target": "fridge", "task_type": "MeasureT1",
        "status": "done", "display_name": "MeasureT1: qubit='q'", "eligible": true}]"#;
    b.answer("GetScheduledTasks", ended);
    let at = b.now.utc.with_timezone(&chrono::Local).format("%H:%M").to_string();
    b.shows(&format!(" before {at}")).shows_not(&format!("sbefore {at}"));
}

#[test]
fn hidden_tasks_are_shown_on_demand() {
    let mut b = Bench::new();
    b.runs(&Job { hidden: true, ..parallel("secret") });
    b.shows_not("secret").shows("1 hidden").keys("H").shows("secret").keys("H").shows_not("secret");
}

#[test]
fn a_narrow_screen_shows_one_service_and_tab_the_next() {
    let mut b = Bench::with(Settings::default(), (40, 12));
    b.shows("fridge 1/2");
    b.runs(&job("a")).runs(&Job { service: "lab".into(), ..job("l") });
    b.shows("fridge 1/2").shows("qubit='a'").shows_not("qubit='l'");
    b.keys("tab").shows("lab 2/2").shows("qubit='l'").shows_not("qubit='a'");
    assert_eq!(b.selected(), "lab", "as on a large one: the service's line");
    b.keys("j enter").shows("MeasureT1").keys("esc tab").shows("fridge 1/2");
    b.keys("j k");
    assert_eq!(b.selected(), "fridge");
    // Its last row can be seen when it is selected.
    for n in 0..30 {
        b.runs(&parallel(&format!("p{n}")));
    }
    b.keys("G").shows("p29");
}

#[test]
fn a_quiet_service_is_there_on_a_narrow_screen_too() {
    let mut b = Bench::with(Settings::default(), (40, 12));
    b.shows("fridge 1/2").shows_not("No service is known");
    b.keys("tab").shows("lab 2/2").shows_not("No service is known");
    // Folding has no sense where one service is all there is.
    b.ran(&Job { service: "lab".into(), ..job("l") });
    for _ in 0..3 {
        b.keys("space").shows("qubit='l'");
    }
}

#[test]
fn a_wide_screen_shows_the_selected_task_beside_the_lanes() {
    let mut b = Bench::with(Settings::default(), (200, 50));
    b.ran(&job("one")).later(1.0).ran(&job("two")).keys("j");
    assert_eq!(b.app.ui.side.as_ref().map(|r| r.key.to_string()).as_deref(), Some("two"));
    b.shows(r#""qubit": "two""#).keys("j").shows(r#""qubit": "one""#).shows_not(r#""qubit": "two""#);
    b.keys("k k");
    assert!(b.app.ui.side.is_none(), "a service is selected");
    b.keys("j enter");
    assert!(b.app.areas().side.is_some(), "the lanes stay");
    b.shows("qubit='two' on fridge").shows("qubit='one'");
    b.keys("z").shows_not("qubit='one'").keys("z").shows("qubit='one'").keys("esc");
    b.msg(Msg::Resize(100, 30));
    assert!(b.app.ui.side.is_none());
}

#[test]
fn the_service_of_a_selected_task_keeps_its_name_on_the_screen() {
    let mut b = Bench::new();
    // More than the screen holds.
    for n in 0..40 {
        b.ran(&Job { service: format!("s{n:02}"), ..job(&format!("t{n}")) });
    }
    b.keys("g");
    for service in ["s00", "s07"] {
        b.go_to(service);
        // Its own line stands at the top; then a task in it is selected, as after sending.
        b.app.ui.line = 0;
        let key = b.app.store().tasks().find(|t| *t.service == *service).unwrap().key.clone();
        b.app.ui.selected = Some(Selected::task(service.into(), key));
        b.later(1.0).msg(Msg::Wake);
        b.shows(service);
    }
}

#[test]
fn between_two_own_tasks_the_others_are_seen_to_wait() {
    // Case B17: the first has ended, and the second has not been told to begin.
    let mut b = Bench::new();
    let mut ids = Vec::new();
    for _ in 0..3 {
        b.go_to("fridge").keys("s").types("MeasureT2").keys("enter f7 f2 ctrl-s");
        ids.push(b.sent().last().unwrap().id.to_string());
        b.take();
    }
    let first = Job { kind: "MeasureT2".into(), name: "MeasureT2".into(), ..job(&ids[0]) };
    b.runs(&first).shows("1 running").shows("2 waiting");
    b.later(1.0).completed(&first, &ok(&ids[0])).shows("0 running").shows("2 waiting");
    b.shows("1 · ◆ MeasureT2").shows("2 · ◆ MeasureT2").shows("nothing holds the slot");
    assert_eq!(b.waiting("fridge"), ids[1..]);
}

#[test]
fn a_kernel_that_died_is_said_to_be_away_and_its_task_is_in_doubt() {
    // Case B04.
    let mut b = Bench::new();
    let cell = Job { service: "lab".into(), kind: "IPythonTask".into(), ..job("c") };
    b.kernel("lab", "busy").runs(&cell).shows("1 running").shows_not("unknown");
    let since = b.now.utc.with_timezone(&chrono::Local).format("%H:%M").to_string();
    let away = format!("not reachable since {since}");
    b.kernel("lab", "connecting").shows(&away).shows("0 running").shows("1 unknown");
    b.later(60.0).kernel("lab", "connecting").shows(&away);
    b.later(60.0).kernel("lab", "restarting").shows("restarting").shows_not("not reachable");
    b.later(1.0).kernel("lab", "idle").shows_not("restarting").shows_not("not reachable").shows("1 unknown");
    assert_eq!(b.state("c"), State::Unknown, "the new process does not have it");
}

#[test]
fn a_kernel_of_which_nothing_is_told_any_more_is_shown_as_such() {
    let mut b = Bench::new();
    b.kernel("lab", "idle").later(60.0).kernel("lab", "idle");
    let since = b.now.utc.with_timezone(&chrono::Local).format("%H:%M").to_string();
    b.later(129.0).msg(Msg::Wake).shows("kernel idle").shows_not("kernel silent");
    assert_eq!(b.app.session.wake_at(b.now), Some(Now::at(190.0).mono), "it is looked at when it is overdue");
    b.later(1.0).msg(Msg::Wake).shows(&format!("kernel silent since {since}")).shows_not("kernel idle");
    // That tasks of it come and go is no word of the kernel's state.
    b.ran(&Job { service: "lab".into(), ..job("q1") }).shows("kernel silent");
    b.kernel("lab", "idle").shows("kernel idle").shows_not("kernel silent");
    // While the bus is away nobody can tell, and afterwards it has its time again.
    b.disconnect().later(500.0).connect().later(100.0).msg(Msg::Wake).shows_not("kernel silent");
    b.later(31.0).msg(Msg::Wake).shows("kernel silent");
}

#[test]
fn the_clock_goes_on_however_often_something_comes_that_changes_nothing() {
    let mut b = Bench::new();
    b.msg(Msg::Wake);
    // Heartbeats, each of them just before a full minute as well.
    let beat = |b: &mut Bench| {
        b.bus("ThrottleStateEvent.throttle_state.heartbeat.", r#"{"throttled": 0, "id": "heartbeat"}"#);
    };
    for _ in 0..14 {
        beat(b.later(4.999));
    }
    assert_eq!(b.app.wake_at(b.now), Some(Now::at(60.0).mono), "it is late for the minute that has begun");
    b.msg(Msg::Wake);
    assert_eq!(b.app.wake_at(b.now), Some(b.now.mono + session::QUIET), "and then the silence comes first");
    // The same each second, where seconds are shown.
    b.runs(&job("q1")).msg(Msg::Wake);
    let second = b.now.mono.as_secs() + 1;
    for _ in 0..20 {
        beat(b.later(0.3));
        assert_eq!(b.app.wake_at(b.now), Some(Duration::from_secs(second)));
    }
}

#[test]
fn of_very_many_that_wait_the_first_are_rows_and_what_is_selected_is_one_of_them() {
    use crate::{store::lane::MOST_WAITING, wire::frame::Snapshot};
    let all = MOST_WAITING + 500;
    let mut b = Bench::new();
    let entries: Vec<String> = (0..all)
        .map(|n| {
            let at = Now::at(n as f64).utc.to_rfc3339();
            format!(
                r#"{{"scheduled_task_id": "s{n}", "target": "fridge", "task_type": "MeasureT1", "display_name": "MeasureT1: n={n}",
                    "status": "queued", "submitted_at": "{at}", "eligible": true}}"#
            )
        })
        .collect();
    let list = Snapshot::parse_list(&format!("[{}]", entries.join(", "))).unwrap();
    b.app.session.store.apply(Input::Schedule(list), b.now);
    b.later(1.0).msg(Msg::Wake).shows(&format!("{all} waiting"));
    let rows = |b: &Bench| {
        b.app.rows().iter().filter(|row| matches!(row, crate::app::lanes::Row::Task { .. })).count()
    };
    let more = |b: &Bench| {
        let more = |row: &crate::app::lanes::Row| match row {
            crate::app::lanes::Row::More { count, rest: crate::app::lanes::Rest::Waiting, .. } => {
                Some(*count)
            }
            _ => None,
        };
        b.app.rows().iter().find_map(more)
    };
    assert_eq!((rows(&b), more(&b)), (MOST_WAITING, Some(500)));
    // A task that stands far behind is selected, as one's own just sent.
    let last = TaskKey(format!("s{}", all - 1).into());
    b.keys("j");
    b.app.ui.selected = Some(Selected::task("fridge".into(), last.clone()));
    b.later(1.0).msg(Msg::Wake);
    assert_eq!((rows(&b), more(&b)), (MOST_WAITING + 1, Some(499)));
    b.shows(&format!("{all} ")).shows("and 499 more wait");
    b.keys("k");
    assert_eq!(b.selected(), format!("s{}", MOST_WAITING - 1));
    // A filter looks at all of them.
    b.keys("/").types(&format!("n={}", all - 3)).keys("enter");
    assert_eq!((rows(&b), more(&b)), (1, None));
    b.shows(&format!("n={}", all - 3));
}
