//! Own keys of several strokes: how they go on, and what ends them.

use super::*;
use crate::app::keymap::Binding;

/// The keymap with these keys of the person's own.
fn own(bindings: &[(&str, &str)]) -> Settings {
    let binding = |(action, keys): &(&str, &str)| Binding {
        place: None,
        action: (*action).to_owned(),
        keys: vec![((*keys).to_owned(), 1)],
        line: 1,
    };
    let (keymap, problems) = Keymap::new(&bindings.iter().map(binding).collect::<Vec<_>>());
    assert_eq!(problems, []);
    Settings { keymap, ..Settings::default() }
}

fn bench(bindings: &[(&str, &str)]) -> Bench {
    let mut b = Bench::with(own(bindings), (100, 30));
    b.runs(&job("a")).runs(&parallel("p")).keys("j");
    b
}

fn footer(b: &Bench) -> String {
    b.lines().pop().unwrap()
}

#[test]
fn a_sequence_means_something_at_its_end_and_tells_how_it_goes_on() {
    let mut b = bench(&[("bottom", "g e"), ("top", "g g"), ("send", "ctrl-x ctrl-s")]);
    b.keys("g");
    assert_eq!(b.selected(), "a", "nothing yet");
    assert!(footer(&b).starts_with(" g …   g top   e bottom"), "{}", footer(&b));
    b.keys("e");
    assert_eq!(b.selected(), "lab");
    assert!(!footer(&b).contains('…'), "{}", footer(&b));
    b.keys("g g");
    assert_eq!(b.selected(), "fridge");
}

#[test]
fn what_does_not_go_on_means_nothing_and_neither_does_its_last_key() {
    let mut b = bench(&[("bottom", "g e")]);
    b.keys("g j");
    assert_eq!((b.selected().as_str(), b.notice()), ("a", "g j means nothing here"));
    b.keys("j");
    assert_eq!(b.selected(), "p", "alone it does");
    b.keys("g esc");
    assert_eq!((b.selected().as_str(), b.notice()), ("p", ""), "given up");
    b.keys("g").paste("x").keys("e");
    assert_eq!(b.selected(), "p", "a paste ends it");
}

#[test]
fn one_that_waits_too_long_is_forgotten() {
    let mut b = bench(&[("bottom", "g e")]);
    b.keys("g");
    let until = b.app.wake_at(b.now).unwrap();
    assert!(until <= b.now.mono + crate::app::pressed::WAIT, "the loop wakes for it");
    b.later(2.9).key("e");
    assert_eq!(b.selected(), "lab");
    b.keys("k k g");
    let selected = b.selected();
    b.later(3.1).msg(Msg::Wake);
    assert!(!footer(&b).contains('…'), "{}", footer(&b));
    b.key("e");
    assert_eq!(b.selected(), selected, "e alone means nothing");
    b.keys("g").later(3.1).key("j");
    assert_ne!(b.selected(), selected, "also where the loop was late");
}

#[test]
fn where_text_is_typed_a_sequence_is_none_of_it() {
    let mut b = bench(&[("bottom", "g e"), ("accept", "ctrl-x y")]);
    b.keys("/ g e");
    assert_eq!(b.app.ui.filter_text, "ge");
    b.keys("ctrl-x y");
    assert_eq!((b.app.context(), b.app.ui.filter_text.as_str()), (Context::Lanes, "ge"));
    b.keys("/ ctrl-x z a");
    assert_eq!(b.app.ui.filter_text, "gea");
}
