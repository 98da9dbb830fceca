//! A recording on the screen: its keys hold everywhere but where text is typed, and nothing can be done.

use super::*;
use crate::{
    app::replay::{BARRED, Replay, Wish},
    recording::What,
    wire::link::Frame,
};

/// A recording of an hour that stands at its beginning, with a task that runs and one that failed.
fn played(size: (u16, u16)) -> Bench {
    let settings = Settings { watch_only: Some(BARRED.to_owned()), ..Settings::default() };
    let mut b = Bench::offline(settings, size);
    let store = Store::new(Limits::default());
    b.app.session = Session::of_recording(store, b.now);
    b.app.session.store.apply(Input::Configured(vec!["fridge".into(), "lab".into()]), b.now);
    b.app.ui.replay = Some(Replay {
        file: "fault.jsonl".into(),
        length: Duration::from_secs(3600),
        entries: 100,
        ended: true,
        seen: 2,
        paused: false,
        speed: 1.0,
        seeking: None,
    });
    for line in [Line::Bus, Line::Router] {
        b.msg(Msg::Replayed(What::Link { line, state: live() }));
    }
    let mut failed = job("bad");
    failed.service = "lab".into();
    b.runs(&failed).completed(&failed, &error("bad", "ValueError", "too warm", "Traceback"));
    b.runs(&job("a"));
    b.take();
    b
}

fn replay(b: &Bench) -> &Replay {
    b.app.ui.replay.as_ref().unwrap()
}

fn seeks(b: &mut Bench) -> Vec<Wish> {
    let wish = |effect| match effect {
        Effect::Seek(wish) => Some(wish),
        _ => None,
    };
    b.take().into_iter().filter_map(wish).collect()
}

#[test]
fn keys_of_the_recording_hold_on_every_screen_that_takes_no_text() {
    let mut b = played((100, 30));
    for screen in ["", "enter", "esc t", "esc F", "esc ?"] {
        b.keys(screen).take();
        if screen == "esc ?" {
            // Typing searches there.
            b.keys("] .");
            assert!(b.take().is_empty() && !replay(&b).paused);
            continue;
        }
        let (s, min) = (Duration::from_secs(10), Duration::from_secs(60));
        b.keys("] [ } { ^ $ ;");
        let wishes = [
            Wish::Forward(s),
            Wish::Back(s),
            Wish::Forward(min),
            Wish::Back(min),
            Wish::Start,
            Wish::End,
            Wish::Skip,
        ];
        assert_eq!(seeks(&mut b), wishes, "on {screen:?}");
        b.keys("space");
        assert!(replay(&b).paused);
        b.keys("space");
        assert!(!replay(&b).paused);
    }
}

#[test]
fn the_list_of_keys_begins_with_those_of_the_recording() {
    let first = |b: &Bench| match b.app.ui.layers.last() {
        Some(Layer::Help(help)) => help.place,
        other => panic!("{other:?}"),
    };
    let mut b = played((100, 30));
    b.keys("?");
    assert_eq!(first(&b), action::Context::Replay);
    let mut b = Bench::new();
    b.keys("?");
    assert_eq!(first(&b), action::Context::Lanes);
}

#[test]
fn a_step_stops_the_recording() {
    let mut b = played((100, 30));
    b.keys(".");
    assert_eq!(b.take(), [Effect::Step]);
    assert!(replay(&b).paused);
    b.keys("space ,");
    assert_eq!(seeks(&mut b), [Wish::StepBack]);
    assert!(replay(&b).paused);
    // At the end there is nothing to play.
    b.app.ui.replay.as_mut().unwrap().seen = 100;
    b.keys("space");
    assert!(replay(&b).paused);
    assert!(b.app.ui.notice.as_ref().unwrap().text.contains("end of the recording"));
}

#[test]
fn it_goes_faster_and_slower_between_two_ends() {
    let mut b = played((100, 30));
    b.keys("+ = +");
    assert_eq!(replay(&b).speed, 10.0);
    for _ in 0..20 {
        b.keys("-");
    }
    assert_eq!(replay(&b).speed, 0.1);
    assert!(b.app.ui.notice.as_ref().unwrap().text.contains("not go slower"));
    // A speed between two steps goes to the next one.
    b.app.ui.replay.as_mut().unwrap().speed = 3.0;
    b.keys("+");
    assert_eq!(replay(&b).speed, 5.0);
}

#[test]
fn one_goes_to_a_moment_by_typing_it() {
    let mut b = played((100, 30));
    b.keys("@").types("50%").keys("enter");
    assert_eq!(seeks(&mut b), [Wish::To(Duration::from_secs(1800))]);
    b.keys("@").types("soon").keys("enter");
    assert!(b.app.ui.notice.as_ref().unwrap().text.contains("no moment of a recording"));
    assert_eq!(b.app.context(), action::Context::Input, "what was typed can be mended");
    b.keys("esc @ enter");
    assert!(seeks(&mut b).is_empty());
    assert_eq!(b.app.context(), action::Context::Lanes);
}

#[test]
fn nothing_can_be_done_and_nothing_is_asked() {
    let mut b = played((100, 30));
    for key in ["s", "r", "x", "d", "p", "X", "ctrl-r", "h"] {
        b.keys(key);
        assert!(b.take().is_empty(), "{key}");
        assert_eq!(b.app.ui.layers.len(), 0, "{key}");
        let told = b.app.ui.notice.take().unwrap_or_else(|| panic!("{key} says nothing")).text;
        assert!(told.contains("recording"), "{key}: {told}");
    }
    b.keys("t ctrl-r");
    assert!(b.app.ui.notice.take().unwrap().text.contains("recording"));
    b.keys("esc");
    // An own task that runs in it is at risk no more.
    let frame =
        r#"{"id": "own", "target": "lab", "type": "Ping", "metadata": {"parallel": false}, "payload": {}}"#;
    b.msg(Msg::Replayed(What::Out { line: Line::Router, text: frame.into() }));
    assert!(b.app.store().own_at_risk().next().is_some());
    b.keys("q");
    assert!(b.take().iter().all(|effect| *effect == Effect::Quit));
    assert!(b.app.ui.leaving);
}

#[test]
fn a_notice_stands_on_the_persons_time_not_on_that_of_the_recording() {
    let mut b = played((100, 30));
    b.keys("s").later(1000.0).msg(Msg::Wake);
    assert!(b.app.ui.notice.is_some());
    assert!(b.app.wake_at(b.now).unwrap() > b.now.mono, "it would go round and round");
    b.msg(Msg::NoticeOver);
    assert!(b.app.ui.notice.is_none());
}

#[test]
fn another_moment_changes_what_is_known_and_nothing_else() {
    let mut b = played((100, 30));
    let early = b.app.session.clone();
    b.later(5.0).completed(&job("a"), &ok("a"));
    b.app.ui.selected = Some(Selected::task("fridge".into(), TaskKey("a".into())));
    b.app.ui.moved = true;
    b.keys("enter");
    let selected = b.app.ui.selected.clone();
    let revision = b.app.revision();
    b.app.take_session(early);
    b.app.settle(b.now);
    assert!(b.app.revision() > revision, "it is drawn anew");
    assert_eq!(b.app.store().counts(true).running, 1);
    assert_eq!(b.app.ui.selected, selected);
    assert_eq!(b.app.ui.layers.len(), 1, "what was open stays open");
}

#[test]
fn what_came_in_is_what_comes_of_it() {
    // The same through the wire and through a recording.
    let mut b = Bench::new();
    let mut r = played((100, 30));
    let event = r#"{"time": "2026-11-24T21:00:00Z", "task_id": "z", "task_target": "lab", "task_type": "Ping", "task_state": "started"}"#;
    b.bus("TaskEvent.", event);
    let frame = Frame::Binary(crate::wire::bus::encode("TaskEvent.", event).into());
    r.msg(Msg::Replayed(What::In { line: Line::Bus, frame }));
    let of = |b: &Bench| b.app.store().find("z").map(|task| (task.state, task.service.clone()));
    assert_eq!(of(&b), of(&r));
    assert!(of(&r).is_some());
}
