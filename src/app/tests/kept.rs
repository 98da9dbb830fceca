//! What of the composer outlives the program, and when it is given away to be written.

use super::*;
use crate::app::{
    compose::Draft,
    kept::{self, Place},
};

/// Types with a schema: one has a secret.
const TYPES: &str = r#"{"services": {"fridge": {"tasks": {":Log": "l"}}}, "tasks": [{"type": "Log", "class": "Log",
    "parallel": true, "schema": {"type": "object", "properties": {
        "label": {"type": "string", "default": ""},
        "password": {"type": "string", "format": "password", "writeOnly": true, "default": ""}}}}]}"#;

fn bench() -> Bench {
    let mut b = Bench::new();
    assert_eq!(b.app.catalogue.add_file("/types.json", TYPES), []);
    b
}

fn place() -> Place {
    ("fridge".into(), "Log".into())
}

/// Opens the composer on `Log`.
fn composer(b: &mut Bench) {
    b.keys("s").types("Log").keys("enter");
    assert_eq!(&*b.composer().task_type.class, "Log");
}

/// Lets the program wake when it wishes to, and gives the drafts that are to be written.
fn written(b: &mut Bench) -> Vec<(Place, Option<Draft>)> {
    b.take();
    b.later(1.1).msg(Msg::Wake);
    let effects = b.take().into_iter();
    effects
        .filter_map(|e| match e {
            Effect::KeepDraft { place, draft } => Some((place, draft.map(|d| *d))),
            _ => None,
        })
        .collect()
}

#[test]
fn a_second_after_a_key_the_draft_is_given_away_once_and_when_sent_taken_back() {
    let mut b = bench();
    composer(&mut b);
    assert_eq!(written(&mut b), [], "nothing was typed");
    b.types("q3");
    let due = b.app.ui.keeping.due.unwrap();
    assert!(due <= b.now.mono + kept::AFTER, "{due:?}");
    assert!(b.app.wake_at(b.now).unwrap() <= due);
    let drafts = written(&mut b);
    let [(where_to, Some(draft))] = &drafts[..] else { panic!("{drafts:?}") };
    assert_eq!((where_to, json::get(&draft.text, "label")), (&place(), Some("\"q3\"")));
    assert_eq!(b.app.ui.keeping.due, None, "nothing is looked at until the next key");
    b.keys("tab");
    assert_eq!(written(&mut b), [], "moving changes nothing");
    b.keys("esc");
    assert_eq!(written(&mut b), [], "it is kept already");
    composer(&mut b);
    assert!(b.notice().starts_with("your draft is back"), "{}", b.notice());
    b.keys("ctrl-s");
    let values = b.effects.iter().find_map(|e| match e {
        Effect::KeepValues { place, payload } => Some((place.clone(), payload.clone())),
        _ => None,
    });
    let (where_to, payload) = values.unwrap();
    assert_eq!((where_to, json::get(&payload, "label")), (place(), Some("\"q3\"")));
    let first = b.effects.iter().position(|e| matches!(e, Effect::Send(_)));
    assert_eq!(first, Some(0), "what goes out goes first");
    assert_eq!(written(&mut b), [(place(), None)]);
}

#[test]
fn secrets_stay_in_memory_and_that_is_said() {
    let mut b = bench();
    composer(&mut b);
    b.types("q3").keys("tab").types("hush");
    assert!(b.composer().text().contains("hush"));
    let drafts = written(&mut b);
    let [(_, Some(draft))] = &drafts[..] else { panic!("{drafts:?}") };
    assert!(draft.lacks_secrets && !format!("{draft:?}").contains("hush"), "{draft:?}");
    b.keys("esc");
    assert!(b.notice().contains("its secrets only until juicetop ends"), "{}", b.notice());
    composer(&mut b);
    assert!(b.composer().text().contains("hush"), "in this run it is whole");
    b.keys("ctrl-s");
    let effects =
        format!("{:?}", b.effects.iter().filter(|e| !matches!(e, Effect::Send(_))).collect::<Vec<_>>());
    assert!(!effects.contains("hush") && effects.contains("KeepValues"), "{effects}");
    // As JSON that cannot be read yet the secret cannot be told from the rest: then nothing of it is written.
    let mut b = bench();
    composer(&mut b);
    b.keys("tab").types("hush").keys("f5").paste("{");
    let drafts = written(&mut b);
    assert!(!format!("{drafts:?}").contains("hush"), "{drafts:?}");
}

#[test]
fn what_was_kept_is_there_in_the_next_run() {
    let mut b = bench();
    let draft = Draft {
        text: r#"{"label": "kept"}"#.to_owned(),
        secret: None,
        lacks_secrets: true,
        json: false,
        parallel: true,
        // The service was spoken to alone then.
        way: session::Way::Alone,
        sweeps: Vec::new(),
        group: Default::default(),
        begun: None,
    };
    b.app.take_kept([(place(), draft)].into(), Vec::new());
    assert_eq!(b.app.parting(b.now), [], "nothing has changed");
    b.keys("s");
    b.shows("draft").types("Log").keys("enter");
    assert!(b.notice().contains("but for its secrets"), "{}", b.notice());
    assert_eq!(json::get(&b.composer().text(), "label"), Some("\"kept\""));
    assert_eq!(b.composer().way, session::Way::Direct);
    b.types("!");
    assert_eq!(b.app.parting(b.now).len(), 1, "the end writes at once what the next second would have");

    let mut b = bench();
    let values =
        kept::LastValues { sent: b.now.utc, place: place(), payload: r#"{"label": "last"}"#.to_owned() };
    b.app.take_kept(HashMap::new(), vec![values]);
    composer(&mut b);
    assert_eq!(json::get(&b.composer().text(), "label"), Some("\"last\""));
    assert!(!b.composer().is_edited());
}

#[test]
fn a_form_filled_from_a_task_leaves_the_draft_of_its_type_alone() {
    let mut b = bench();
    composer(&mut b);
    b.types("mine").keys("esc");
    assert_eq!(written(&mut b).len(), 1);
    let job = Job { kind: "Log".into(), payload: r#"{"label": "theirs"}"#.into(), ..parallel("t") };
    b.ran(&job).keys("g");
    b.app.ui.selected =
        Some(Selected { service: "fridge".into(), task: Some(TaskKey("t".into())), group: None });
    b.app.ui.moved = true;
    b.keys("r");
    assert_eq!(json::get(&b.composer().text(), "label"), Some("\"theirs\""));
    assert_eq!(written(&mut b), []);
    b.keys("esc");
    assert_eq!(written(&mut b), []);
}

#[test]
fn secrets_inside_lists_and_those_known_by_their_names_are_not_written_either() {
    let mut b = Bench::new();
    let types = r#"{"services": {"fridge": {"tasks": {":Log": "l"}}}, "tasks": [{"type": "Log", "class": "Log",
        "parallel": true, "hidden_fields": ["private_key"], "schema": {"type": "object", "properties": {
            "label": {"type": "string", "default": ""},
            "private_key": {"type": "string", "default": ""},
            "keys": {"type": "array", "items": {"type": "string", "format": "password", "writeOnly": true},
                "default": []}}}}]}"#;
    assert_eq!(b.app.catalogue.add_file("/types.json", types), []);
    composer(&mut b);
    b.msg(Msg::EditorClosed(crate::app::msg::Edited::Payload(Ok(
        r#"{"label": "x", "private_key": "hush1", "keys": ["hush2", 5]}"#.to_owned(),
    ))));
    assert!(b.composer().text().contains("hush2"), "{}", b.composer().text());
    b.keys("end").types("y");
    let drafts = written(&mut b);
    let [(_, Some(draft))] = &drafts[..] else { panic!("{drafts:?}") };
    assert!(draft.lacks_secrets && !draft.text.contains("hush"), "{draft:?}");
    b.shows_not("hush");
    b.keys("f9").shows_not("hush");
}

#[test]
fn a_sweep_is_written_as_it_goes_on() {
    let mut b = bench();
    composer(&mut b);
    b.keys("alt-s").types("q1, ");
    written(&mut b);
    b.types("q2");
    let drafts = written(&mut b);
    let [(_, Some(draft))] = &drafts[..] else { panic!("{drafts:?}") };
    assert_eq!(draft.sweeps, [("label".to_owned(), "q1, q2".to_owned())]);
}
