//! What is too large for the composer: nothing of it is read on the loop, and nothing of it is lost.

use super::*;
use crate::app::{
    compose::LARGEST,
    copy_as::{CopyAs, Kinds},
    msg::Edited,
};

fn large() -> Job {
    Job { payload: format!(r#"{{"token": "hush-hush", "data": "{}"}}"#, "x".repeat(LARGEST)), ..job("q1") }
}

fn copying(b: &Bench) -> &CopyAs {
    match b.app.ui.layers.last() {
        Some(Layer::CopyAs(copy)) => copy,
        other => panic!("{other:?}: {}", b.notice()),
    }
}

#[test]
fn a_task_that_no_form_can_take_is_run_again_from_a_file_with_the_command_for_it() {
    let mut b = Bench::new();
    b.runs(&large()).completed(&job("q1"), &ok("q1"));
    b.keys("j r").shows("Save the payload of MeasureT1?").shows("has 262.2 kB");
    b.shows("juicetop submit --sequential --direct --wait --payload MeasureT1-2026");
    assert_eq!(b.layers(), ["question"]);
    b.keys("n");
    assert_eq!((b.layers().len(), b.take()), (0, Vec::new()), "nothing happens unasked");
    b.keys("r y");
    let effects = b.take();
    let [Effect::SavePrivately { name, text: payload, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert!(name.starts_with("MeasureT1-2026") && name.ends_with(".json"), "{name}");
    let task = b.app.store().find("q1").unwrap();
    assert!(std::ptr::eq(&raw const **payload, &raw const **task.payload.as_ref().unwrap()), "it was copied");
    assert!(b.layers().is_empty());

    // One that is just small enough is edited as ever.
    let mut small = large();
    small.payload.replace_range(small.payload.len() - LARGEST..small.payload.len() - 2, "");
    small.payload.insert_str(2, &" ".repeat(LARGEST - small.payload.len()));
    b = Bench::new();
    b.runs(&small).keys("j r");
    assert_eq!(b.layers(), ["compose"]);
}

#[test]
fn what_an_editor_left_is_saved_where_it_is_too_large_and_the_form_is_as_it_was() {
    let mut b = Bench::new();
    b.runs(&job("q1")).keys("j r");
    let before = b.composer().text();
    b.keys("f4").take();
    let text = format!(r#"{{"data": "{}"}}"#, "y".repeat(LARGEST));
    b.msg(Msg::EditorClosed(Edited::Payload(Ok(text.clone()))));
    let effects = b.take();
    let [Effect::SavePrivately { name, text: payload, told }] = &effects[..] else { panic!("{effects:?}") };
    assert!(name.starts_with("MeasureT1-2026") && name.ends_with(".json"), "{name}");
    assert_eq!(&**payload, text.as_str());
    assert!(told.contains("too large"), "{told}");
    assert_eq!(b.composer().text(), before);
    b.msg(Msg::EditorClosed(Edited::Payload(Ok(r#"{"data": "y"}"#.into()))));
    assert!(b.composer().text().contains(r#""y""#) && b.take().is_empty());
}

#[test]
fn no_paste_makes_a_payload_larger_than_what_is_edited_here() {
    let mut b = Bench::new();
    let most = LARGEST - 100_000;
    b.runs(&Job { payload: format!(r#"{{"data": "{}"}}"#, "x".repeat(most)), ..job("q1") }).keys("j r");
    b.paste(&"y".repeat(60_000));
    let before = b.composer().text();
    assert!(before.contains("yyy"), "{}", b.notice());
    b.paste(&"z".repeat(60_000));
    assert!(b.notice().contains("is the most that is edited here"), "{}", b.notice());
    assert_eq!(b.composer().text(), before);
}

#[test]
fn of_a_task_that_is_too_large_its_error_is_copied_once_it_was_looked_through_for_secrets() {
    let mut b = Bench::new();
    b.runs(&large());
    b.completed(&job("q1"), &error("q1", "ValueError", "no hush-hush here", "Traceback\nno hush-hush here"));
    b.keys("j c");
    assert!(b.notice().contains("looked through for secrets first"), "{}", b.notice());
    b.keys("enter c");
    assert!(b.notice().contains("looked through for secrets first"), "{}", b.notice());
    b.msg(Msg::Wake);
    let asked = b.take().into_iter().find_map(|effect| match effect {
        Effect::Mask { payload, .. } => Some(payload),
        _ => None,
    });
    let payload = asked.expect("to be looked through");
    let masked = compose::mask(None, &payload, compose::SECRET).map(Text::from);
    let secrets = compose::secret_texts_of(None, &payload);
    b.msg(Msg::Masked { payload, masked, secrets }).keys("c");
    let copy = copying(&b);
    let at = |kind: Kinds| copy.kinds().iter().position(|k| *k == kind).unwrap();
    let (whole, report, frame) = (at(Kinds::Error), at(Kinds::Report), at(Kinds::Frame));
    let mut text = |at: usize| {
        let Some(Layer::CopyAs(copy)) = b.app.ui.layers.last_mut() else { panic!() };
        copy.selected = at;
        copy.text(b.now.utc)
    };
    let whole = text(whole).unwrap();
    assert!(whole.contains("no ***") && !whole.contains("hush"), "{whole}");
    let report = text(report).unwrap();
    assert!(report.contains("It has 262.2 kB and is left out.") && !report.contains("hush"), "{report}");
    let why = text(frame).unwrap_err();
    assert!(why.contains("r saves it to a file"), "{why}");
}
