//! The command palette: what stands in it, what Enter does, and what it refuses.

use super::*;
use crate::app::{
    action::{ACTIONS, Action, Context},
    choices::Change,
    palette::{Item, Palette},
};

fn palette(b: &Bench) -> &Palette {
    match b.app.ui.layers.last() {
        Some(Layer::Palette(palette)) => palette,
        other => panic!("no palette, but {other:?}"),
    }
}

/// What stands under that name.
fn item<'a>(b: &'a Bench, name: &str) -> &'a Item {
    let found = palette(b).items.iter().find(|item| item.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {:?}", palette(b).items))
}

#[test]
fn what_is_found_is_done_where_it_was_opened() {
    let mut b = Bench::new();
    b.ran(&job("a")).keys("j :").types("history").keys("enter");
    assert_eq!(b.layers(), ["history"]);
    b.keys("esc ctrl-p");
    assert_eq!(palette(&b).chosen().unwrap().name, "history", "what was used last comes first");
    b.types("fail toge").keys("enter");
    assert_eq!(b.layers(), ["failures"], "words of what it does");
    b.keys("esc :").types("copy-id").keys("enter");
    assert!(b.take().contains(&Effect::Copy { text: "a".into(), what: "the id".into() }));
    b.keys(":").types("no such thing").keys("enter");
    assert_eq!((b.layers(), b.notice()), (vec!["choose"], "nothing has that in its name"));
    b.keys("esc");
    assert!(b.layers().is_empty());
}

#[test]
fn what_cannot_be_done_stands_there_with_the_reason_that_its_key_tells() {
    let mut b = Bench::new();
    b.ran(&job("a")).keys("j").keys(":");
    for (name, key) in [("cancel", "x"), ("send-direct", "d"), ("put-away", "X"), ("sending", "p")] {
        let why = item(&b, name).barred.clone().unwrap_or_else(|| panic!("{name} can be done"));
        let mut by_key = Bench::new();
        by_key.ran(&job("a")).keys("j").keys(key);
        assert_eq!(by_key.notice(), why, "{name}");
    }
    assert!(item(&b, "again").barred.is_none() && item(&b, "copy").barred.is_none());
    b.types("cancel").keys("enter");
    assert!(b.notice().contains("ended already") && b.layers() == ["choose"], "{}", b.notice());

    let mut b = Bench::with(Settings { read_only: true, ..Settings::default() }, (100, 30));
    b.runs(&job("a")).keys("j").keys(":");
    for name in ["submit", "again", "cancel", "SleepAsync"] {
        assert!(item(&b, name).barred.as_ref().is_some_and(|why| why.contains("read-only")), "{name}");
    }
}

#[test]
fn services_types_and_saved_filters_are_gone_to() {
    let mut b = Bench::new();
    b.ran(&job("a")).keys("j");
    b.app.ui.choices.change(&Change::Filter("bad".into(), Some("outcome:failed".into())));
    b.keys("m :").types("lab").keys("enter");
    assert_eq!((b.selected().as_str(), b.layers()), ("lab", vec![]));
    b.keys(":").types("@bad").keys("enter");
    assert_eq!(b.app.ui.filter_text, "@bad");
    b.keys("h :").types("@bad").keys("enter");
    assert_eq!(b.layers(), ["history"], "where there is a filter it is applied there");
    b.keys("esc esc :").types("sleepasync").keys("enter");
    assert_eq!(&*b.composer().task_type.class, "SleepAsync");
    assert_eq!(b.sent_types(), Vec::<String>::new());
}

#[test]
fn what_is_done_elsewhere_is_found_with_its_place_and_not_done_here() {
    let mut b = Bench::new();
    b.keys(":");
    for entry in ACTIONS {
        let trivial = entry.action.moves()
            || matches!(entry.action, Action::Left | Action::Right | Action::Palette)
            || entry.contexts.iter().all(|place| {
                use Context::{Choose, Confirm, Help, Input, Text};
                matches!(place, Choose | Confirm | Help | Input | Text)
            });
        let sentences = || palette(&b).items.iter().map(|item| item.about.as_str());
        assert!(trivial || sentences().any(|about| about == entry.sentence), "{}", entry.name);
    }
    b.types("restart-process");
    assert_eq!(palette(&b).chosen().unwrap().barred.as_deref(), Some("not here, but in: services"));
    b.keys("enter");
    assert_eq!((b.layers(), b.notice()), (vec!["choose"], "not here, but in: services"));
    b.keys("esc m :");
    assert!(item(&b, "restart-process").barred.as_deref().is_none_or(|why| !why.contains("not here")));
}

#[test]
fn where_text_is_typed_its_keys_are_text() {
    let mut b = Bench::new();
    b.keys("/ :");
    assert_eq!((b.app.ui.filter_text.as_str(), b.layers()), (":", vec!["filter and search"]));
    b.keys("ctrl-p");
    assert_eq!(b.layers(), ["filter and search"]);
    b.keys("esc s ctrl-p");
    assert_eq!(b.layers(), ["choose"], "there it goes up");
    assert!(matches!(b.app.ui.layers.last(), Some(Layer::Choose(_))));
}
