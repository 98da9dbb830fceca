//! Copying a task as a command, as Python and as its frame, from the composer, the lanes and a task's detail.

use super::*;
use crate::app::copy_as::CopyAs;

/// A type with a secret.
const TYPES: &str = r#"{"services": {"fridge": {"tasks": {":Login": "l"}}}, "tasks": [{"type": "Login",
    "class": "Login", "parallel": true, "schema": {"type": "object", "properties": {
        "user": {"type": "string", "default": ""},
        "password": {"type": "string", "format": "password", "writeOnly": true, "default": ""}}}}]}"#;

fn bench() -> Bench {
    let settings =
        Settings { place: vec!["--url".to_owned(), "ws://lab:5124".to_owned()], ..Settings::default() };
    let mut b = Bench::with(settings, (100, 30));
    assert_eq!(b.app.catalogue.add_file("/types.json", TYPES), []);
    b
}

#[track_caller]
fn list(b: &Bench) -> &CopyAs {
    match b.app.ui.layers.last() {
        Some(Layer::CopyAs(copy)) => copy,
        other => panic!("no list, but {other:?}; notice: {}", b.notice()),
    }
}

fn copied(b: &mut Bench) -> String {
    let effects = b.take();
    let text = effects.iter().find_map(|e| match e {
        Effect::Copy { text, .. } | Effect::Save { text, .. } => Some(text.clone()),
        _ => None,
    });
    text.unwrap_or_else(|| panic!("{effects:?}"))
}

#[test]
fn from_the_lanes_a_task_is_copied_in_three_forms_and_saved() {
    let mut b = bench();
    b.ran(&job("a")).keys("j");
    b.take();
    b.keys("c").shows("Copy as").shows("juicetop submit --url ws://lab:5124");
    b.keys("enter");
    let text = copied(&mut b);
    assert_eq!(
        text,
        "juicetop submit --url ws://lab:5124 --sequential --direct --wait --name \"MeasureT1: qubit='a'\" fridge \
         MeasureT1 qubit=a averages=5\n",
        "the lab named it so"
    );
    assert_eq!(b.layers(), [""; 0]);
    b.keys("c down").shows("client.execute(");
    b.keys("alt-s");
    match &b.take()[..] {
        [Effect::Save { name, text }] => {
            assert_eq!(name, "MeasureT1.py");
            assert!(text.contains("MeasureT1(qubit=\"a\", averages=5)"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    b.keys("enter");
    assert_eq!(b.layers(), ["task"]);
    b.keys("c up enter");
    let frame = copied(&mut b);
    assert_eq!((field(&frame, "id"), field(&frame, "target")), ("a".to_owned(), "fridge".to_owned()));
    assert_eq!(json::get(&frame, "payload"), Some(&*job("a").payload), "letter for letter");
    // What is copied while one may only watch is copied all the same: it does nothing here.
    b.app.settings.read_only = true;
    b.keys("c esc c enter");
    assert!(copied(&mut b).starts_with("juicetop submit"));
}

#[test]
fn from_the_composer_what_would_be_sent_is_copied_and_secrets_only_on_request() {
    let mut b = bench();
    b.keys("s").types("Login").keys("enter").types("me").keys("tab").types("hush");
    b.keys("alt-c").shows("SECRET").shows_not("hush");
    for _ in 0..3 {
        assert!(!list(&b).text(b.now.utc).unwrap().contains("hush"));
        b.keys("down");
    }
    b.keys("alt-v").shows("hush").keys("alt-s");
    let saved = b.take();
    let is_private = |e: &Effect| matches!(e, Effect::SavePrivately { text, .. } if text.contains("hush"));
    assert!(saved.iter().any(is_private), "{saved:?}");
    b.keys("alt-c alt-v").shows("hush").keys("enter");
    assert!(copied(&mut b).contains("password=hush"));
    assert!(b.composer().text().contains("hush"), "the composer is as it was");
    // What could not be sent is no command.
    b.keys("f5").paste("\"").keys("alt-c");
    assert!(b.notice().starts_with("not copied"), "{}", b.notice());
    // Nor is what was not seen.
    let mut b = bench();
    b.scheduled("s1", None, &job("w"), "queued").keys("j c");
    assert!(b.notice().starts_with("not copied: its payload was not seen"), "{}", b.notice());
}

#[test]
fn a_paste_and_letters_do_nothing_in_the_list() {
    let mut b = bench();
    b.ran(&job("a")).keys("j c");
    b.take();
    b.paste("x\r\n").types("abc");
    assert_eq!(list(&b).selected, 0);
    assert_eq!(b.take(), []);
    for size in [(80, 24), (40, 12), (20, 5), (200, 50)] {
        b.msg(Msg::Resize(size.0, size.1));
        b.lines();
    }
}

#[test]
fn a_form_that_makes_many_tasks_is_copied_as_all_of_them() {
    let mut b = bench();
    b.keys("s").types("Login").keys("enter alt-s").types("me, you").keys("tab").types("hush").keys("alt-c");
    b.shows("--sweep user=me,you").shows("SECRET").shows_not("hush");
    assert!(list(&b).text(b.now.utc).unwrap().contains("password=SECRET"));
    b.keys("down").shows("knows no groups").shows_not("hush");
    let python = list(&b).text(b.now.utc).unwrap();
    assert!(python.contains("for user in [\"me\", \"you\"]:\n"), "{python}");
    assert!(python.contains("task = Login(user=user, password=\"SECRET\")"), "{python}");
    assert!(python.contains("run_at=datetime.now().astimezone()"), "{python}");
    b.keys("down").shows("Only the first task").shows_not("hush");
    let frame = list(&b).text(b.now.utc).unwrap();
    assert_eq!(
        json::get(&frame, "payload").map(json::compact).as_deref(),
        Some(r#"{"user":"me","password":"SECRET"}"#)
    );
    b.keys("alt-v").shows("hush");
}

#[test]
fn secrets_are_masked_where_a_task_is_read_too() {
    let mut b = bench();
    // By the schema; where none is known, by the name.
    for (id, kind, payload) in [
        ("a", "Login", r#"{"user": "me", "password": "hush-1"}"#),
        ("b", "Strange", r#"{"user": "me", "api_token": "hush-2", "n": 1.50}"#),
    ] {
        b.ran(&Job { kind: kind.into(), payload: payload.into(), ..job(id) }).keys("g j enter");
        b.shows("secrets are masked").shows("\"me\"").shows("**********").shows_not("hush");
        b.keys("esc c").shows("SECRET").shows_not("hush").keys("esc");
    }
    b.keys("g j enter").shows("1.50");
    // The viewer, where there is no result yet.
    let waits = Job { kind: "Strange".into(), payload: r#"{"api_token": "hush-3"}"#.into(), ..job("c") };
    b.keys("esc").runs(&waits).keys("g j v l").shows("payload of").shows("**********").shows_not("hush");
}
