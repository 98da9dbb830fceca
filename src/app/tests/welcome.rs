//! The screen of a first start without a lab.

use super::*;
use crate::app::welcome::Begin;

/// Nothing was found, and nobody answers where it was guessed.
fn lost() -> Bench {
    let looked = vec!["/etc/juice/config: is not there".to_owned()];
    let mut b = Bench::offline(Settings { looked, ..Settings::default() }, (80, 24));
    let state = down(b.now);
    b.link(Line::Bus, state.clone());
    assert!(b.layers().is_empty(), "the other may be up");
    b.link(Line::Router, state);
    b
}

#[test]
fn it_says_where_a_lab_was_looked_for_and_each_key_begins_something_else() {
    for (key, begins) in [("d", Begin::Demo), ("c", Begin::Doctor)] {
        let mut b = lost();
        b.shows("No lab was found").shows("/etc/juice/config: is not there").keys(key);
        assert_eq!(b.take(), [Effect::Begin(begins)]);
    }
    let mut b = lost();
    b.keys("a enter");
    assert!(b.notice().contains("ws://localhost:5124"), "{}", b.notice());
    b.paste("https://hub/x").keys("enter");
    assert!(b.notice().contains("--token-file") && b.take().is_empty(), "{}", b.notice());
    b.keys("ctrl-u").types("ws://lab:1").keys("enter");
    assert_eq!(b.take(), [Effect::Begin(Begin::At("ws://lab:1".into()))]);
    assert_eq!(b.layers(), ["no lab", "filter and search"], "it stays until it is left");
}

#[test]
fn it_goes_once_the_lab_is_there_and_does_not_come_where_it_would_be_in_the_way() {
    let mut b = lost();
    b.connect();
    assert!(b.layers().is_empty());
    b.disconnect();
    assert!(b.layers().is_empty(), "it was there");

    let mut b = lost();
    b.keys("esc");
    let state = down(b.now);
    b.link(Line::Router, state);
    assert!(b.layers().is_empty(), "put away");

    let looked = vec!["nowhere".to_owned()];
    let mut b = Bench::offline(Settings { looked, ..Settings::default() }, (80, 24));
    let state = down(b.now);
    b.keys("j").link(Line::Bus, state.clone()).link(Line::Router, state.clone());
    assert!(b.layers().is_empty(), "somebody has begun to look about");

    let mut b = Bench::offline(Settings::default(), (80, 24));
    b.link(Line::Bus, state.clone()).link(Line::Router, state);
    assert!(b.layers().is_empty(), "the lab was named");
}
