//! What no accident may do: a stray Enter, a paste, a held key or a burst of keys sends nothing and says yes to nothing.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::*;

/// A lab that knows a type for every kind of field, and Juice's own.
fn bench() -> Bench {
    let mut b = Bench::new();
    for (name, text) in crate::demo::catalogues() {
        assert_eq!(b.app.catalogue.add_file(name, text), []);
    }
    b.app.session.store.apply(Input::Configured(vec!["forms".into(), "qubits".into(), "cryo".into()]), b.now);
    b
}

/// Every type that the lab knows, with its service.
fn types(b: &Bench) -> Vec<(Text, Text)> {
    let of = |service: &str| {
        let types = b.app.catalogue.types_for(service);
        types.into_iter().map(|t| (Text::from(service), t.class.clone())).collect::<Vec<_>>()
    };
    ["forms", "qubits", "cryo"].into_iter().flat_map(of).collect()
}

fn open(b: &mut Bench, service: &Text, class: &Text) {
    b.app.ui.layers.clear();
    b.app.ui.selected = Some(Selected { service: service.clone(), task: None, group: None });
    b.app.ui.moved = true;
    b.keys("s").types(class).keys("enter");
    assert_eq!(b.composer().task_type.class, *class);
    b.take();
}

#[track_caller]
fn nothing_was_done(b: &mut Bench, what: &str) {
    b.waits();
    assert_eq!(b.sent(), Vec::<&Outgoing>::new(), "{what}");
    assert!(!b.app.ui.layers.iter().any(|l| matches!(l, Layer::Confirm(_))), "{what}");
    assert!(b.app.ui.layers.iter().any(|l| matches!(l, Layer::Compose(_))), "{what}: the composer is gone");
}

#[test]
fn enter_and_pastes_send_nothing_from_any_form() {
    let mut b = bench();
    let types = types(&b);
    assert!(types.len() > 20, "{types:?}");
    for (service, class) in types {
        open(&mut b, &service, &class);
        for n in 0..60 {
            b.key("enter");
            b.later(if n % 2 == 0 { 0.001 } else { 0.2 });
        }
        nothing_was_done(&mut b, &format!("Enter in {class}"));
        // What a terminal with marks gives, and what reaches the field of one without.
        for text in ["Y\n", "\r\n\r\n", "\u{13}", "\u{1b}\r", "1\n2\n\u{13}\nY\n", "{\"a\": 1}\r\n\u{13}"] {
            b.paste(text).later(0.5).paste(text);
        }
        nothing_was_done(&mut b, &format!("a paste in {class}"));
    }
}

#[test]
fn a_send_key_in_a_burst_or_held_sends_nothing() {
    let mut b = bench();
    open(&mut b, &"qubits".into(), &"Ping".into());
    // A paste without marks whose text has the control character in it.
    for key in ["a", "ctrl-s", "b", "alt-enter", "c"] {
        b.key(key).later(0.0001);
    }
    nothing_was_done(&mut b, "a burst");
    b.key("x").later(0.0001).key("ctrl-s");
    assert!(b.notice().contains("press it once more"), "{}", b.notice());
    for modifiers in [KeyModifiers::CONTROL, KeyModifiers::ALT] {
        let code = if modifiers == KeyModifiers::ALT { KeyCode::Enter } else { KeyCode::Char('s') };
        let mut key = KeyEvent::new(code, modifiers);
        key.kind = KeyEventKind::Repeat;
        b.later(1.0).msg(Msg::Key(key));
        nothing_was_done(&mut b, "a held key");
    }
    b.later(1.0).key("ctrl-s");
    assert_eq!(b.sent().len(), 1, "{}", b.notice());
    // Held on, it does not send what comes next.
    for _ in 0..40 {
        b.later(0.03).key("ctrl-s");
    }
    assert_eq!(b.sent().len(), 1);
}

#[test]
fn yes_to_other_questions_too_must_stand_alone() {
    let question = |keys: &[&str]| {
        let mut b = Bench::new();
        b.scheduled("s1", None, &job("w"), "queued").keys("j");
        b.take();
        b.keys("x").shows("Cancel this scheduled task?").later(1.0);
        for key in keys {
            b.key(key).later(0.0001);
        }
        b.waits();
        b.sent_types()
    };
    assert_eq!(question(&["y", "e", "s"]), [""; 0]);
    assert_eq!(question(&["o", "y"]), [""; 0]);
    assert_eq!(question(&["y", "enter"]), [""; 0]);
    assert_eq!(question(&["y"]), ["CancelScheduledTask"]);
}

#[test]
fn a_yes_does_not_go_over_to_another_question() {
    let mut b = Bench::new();
    b.scheduled("s1", None, &job("w"), "queued").keys("j");
    b.take();
    b.keys("x").later(1.0).key("y");
    b.app.ui.layers.clear();
    b.later(0.01);
    b.app.ask(Confirm::new("another", Vec::new(), ("yes", "no"), confirm::Deed::Quit, b.now));
    b.waits();
    assert_eq!(b.take(), []);
    assert_eq!(b.confirm().title, "another");
}
