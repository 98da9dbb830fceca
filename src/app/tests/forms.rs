//! The form by keyboard alone: (the form as it opens, keys, what it says and would send).

use super::*;
use crate::app::{
    choose::Stage,
    compose::PASTE_BYTES,
    form::{Edit, FormPane},
};

/// The form of a type of `forms`.
fn form(kind: &str) -> Bench {
    let mut b = Bench::new();
    b.add_forms();
    open(&mut b, kind);
    b
}

/// The form of a cell.
fn cell() -> Bench {
    let mut b = Bench::new();
    b.add_forms().go_to("lab");
    open(&mut b, "RawIPython");
    b
}

fn open(b: &mut Bench, kind: &str) {
    b.keys("s").types(kind).keys("enter");
    assert_eq!(&*b.composer().task_type.class, kind);
    assert!(b.composer().form().is_some(), "{kind} has a form");
}

fn pane(b: &Bench) -> &FormPane {
    b.composer().form().unwrap()
}

/// Keys by their names, text in single quotes (`_` for a blank in it).
pub(super) fn press<'b>(b: &'b mut Bench, keys: &str) -> &'b mut Bench {
    for key in keys.split_whitespace() {
        match key.strip_prefix('\'').and_then(|k| k.strip_suffix('\'')) {
            Some(text) => b.types(&text.replace('_', " ")),
            None => b.keys(key),
        };
    }
    b
}

/// Where the focus is: the field's path, `+` behind it on the line that adds to it.
fn place(b: &Bench) -> String {
    let pane = pane(b);
    let (id, part) = pane.focus.unwrap();
    let add = if part == crate::catalogue::form::Part::Add { "+" } else { "" };
    format!("{}{add}", pane.path(id))
}

/// A member of the payload, by a path of names; empty where it is left out.
fn member(b: &Bench, path: &str) -> String {
    let mut raw = b.composer().text();
    for name in path.split('.') {
        let next = match name.parse::<usize>() {
            Ok(n) if raw.trim_start().starts_with('[') => {
                json::items(&raw).unwrap().get(n).map(|r| (*r).to_owned())
            }
            _ => json::get(&raw, name).map(str::to_owned),
        };
        match next {
            Some(next) => raw = next,
            None => return String::new(),
        }
    }
    json::compact(&raw)
}

/// What is wrong, one after the other.
fn wrong(b: &Bench) -> Vec<String> {
    b.composer().problems.iter().filter(|p| p.fatal).map(|p| p.what.clone()).collect()
}

#[test]
fn every_kind_of_field_takes_what_is_typed() {
    for (kind, keys, focus, path, sent) in [
        // What is typed replaces what stood there; behind a cursor key it goes on from it.
        ("Numbers", "'2000'", "averages", "averages", "2000"),
        ("Numbers", "end '0'", "averages", "averages", "10000"),
        ("Numbers", "'2000' enter '72' enter", "seed", "points", "72"),
        ("Numbers", "down down '99999999999999999999999'", "seed", "seed", "99999999999999999999999"),
        ("Numbers", "ctrl-g 'delay' enter '5e-7'", "delay", "delay", "5e-7"),
        ("Numbers", "up space", "dry", "dry", "true"),
        ("Numbers", "up 't'", "dry", "dry", "true"),
        // Choices: a letter, the arrows, the list.
        ("Choices", "ctrl-home 'x'", "band", "band", r#""X""#),
        ("Choices", "ctrl-home right right right", "band", "band", r#""S""#),
        ("Choices", "ctrl-home down left", "gain", "gain", "1"),
        (
            "Choices",
            "ctrl-g 'order' enter enter 'sev' backspace backspace backspace '7' enter",
            "order",
            "order",
            "7",
        ),
        ("Choices", "ctrl-g 'chan' enter 'C_slot_7' enter", "channel", "channel", r#""rack C slot 7""#),
        // Null, left out and a value are three things, and what stood there comes back.
        ("Optionals", "'q1' down '5'", "repeats", "repeats", "5"),
        ("Optionals", "'q1' down '5' ctrl-o", "repeats", "repeats", "null"),
        ("Optionals", "'q1' down '5' ctrl-o ctrl-o", "repeats", "repeats", "5"),
        ("Optionals", "'q1' down '5' ctrl-o '7'", "repeats", "repeats", "7"),
        ("Optionals", "down down ctrl-o ctrl-o", "attenuation", "attenuation", ""),
        ("Optionals", "ctrl-g 'label' enter ctrl-o", "label", "label", ""),
        ("Optionals", "ctrl-g 'label' enter ctrl-u 'x' ctrl-r", "label", "label", r#""default label""#),
        ("Optionals", "ctrl-end enter down '1.5' enter '2'", "window.1", "window", "[1.5,2]"),
        // Sections, lists, maps.
        ("Nested", "enter down '0.5'", "axis.start", "axis.start", "0.5"),
        ("Nested", "ctrl-g 'second' enter enter", "second", "second.points", "101"),
        (
            "Nested",
            "ctrl-g 'plan.inside' enter enter enter down 'deeper'",
            "plan.inside.0.name",
            "plan.inside.0.name",
            r#""deeper""#,
        ),
        ("Lists", "alt-a 'q5'", "qubits.2", "qubits", r#"["q0","q1","q5"]"#),
        ("Lists", "enter down alt-down", "qubits.1", "qubits", r#"["q1","q0"]"#),
        ("Lists", "enter down alt-x", "qubits.0", "qubits", r#"["q1"]"#),
        ("Lists", "ctrl-g 'axes' enter enter enter", "axes.0", "axes.0.points", "101"),
        (
            "Lists",
            "ctrl-g 'ampl' enter alt-a 'q7' enter '0.3'",
            "amplitudes.q7",
            "amplitudes",
            r#"{"q1":0.1,"q7":0.3}"#,
        ),
        ("Lists", "ctrl-g 'by_i' enter enter enter '3' enter", "by_index.3", "by_index.3.points", "101"),
        (
            "Lists",
            "ctrl-g 'ampl' enter enter down alt-k ctrl-u 'q8' enter",
            "amplitudes.q8",
            "amplitudes",
            r#"{"q8":0.1}"#,
        ),
        // Kinds of a union; the fields of the other kind come back with it.
        ("Unions", "enter 'squ' enter ctrl-g 'shape.len' enter '4'", "shape.length", "shape.length", "4"),
        ("Unions", "ctrl-g 'either' enter enter 'axis' enter", "either", "either.points", "101"),
        ("Unions", "ctrl-g 'value' enter right down '42'", "value.value", "value", "42"),
        ("Unions", "ctrl-g 'any' enter '{\"a\":[1]}'", "anything", "anything", r#"{"a":[1]}"#),
        ("Formats", "ctrl-g 'price' enter '0.100'", "price", "price", r#""0.100""#),
    ] {
        let mut b = form(kind);
        press(&mut b, keys);
        assert_eq!((place(&b).as_str(), member(&b, path).as_str()), (focus, sent), "{kind}: {keys}");
        assert_eq!(b.sent_types(), [""; 0], "{kind}: {keys}");
    }
}

#[test]
fn what_is_null_or_left_out_is_shown_as_that() {
    let mut b = form("Optionals");
    press(&mut b, "'q1' down '5'").shows(" 5 ");
    b.keys("ctrl-o").shows("repeats").shows_not(" 5 ");
    let row = |b: &Bench, name: &str| {
        b.lines()
            .into_iter()
            .find(|l| l.chars().skip(1).collect::<String>().trim().starts_with(name))
            .unwrap()
    };
    assert!(row(&b, "repeats").contains("null"), "{}", row(&b, "repeats"));
    press(&mut b, "ctrl-g 'label' enter ctrl-o");
    assert!(row(&b, "label").contains("left out"), "{}", row(&b, "label"));
    // A number that was taken away is nothing yet, and no empty text.
    press(&mut b, "ctrl-g 'atten' enter '5' backspace");
    assert!(row(&b, "attenuation").contains("null"), "its default: {}", row(&b, "attenuation"));
    let mut b = form("Numbers");
    press(&mut b, "'5' backspace");
    assert!(!row(&b, "averages").contains("empty"), "{}", row(&b, "averages"));
    assert_eq!(wrong(&b), ["averages: enter a whole number"]);
    // The value of a kind that is folded away is seen too.
    let b = form("Unions");
    let value = row(&b, "value");
    assert!(value.contains(" int  1 "), "{value}");
}

#[test]
fn a_wrong_value_is_told_at_its_field_and_the_send_key_says_why_and_goes_there() {
    for (kind, keys, what) in [
        ("Numbers", "'0'", "averages: expected at least 1"),
        ("Numbers", "'1.5'", "averages: expected a whole number"),
        ("Numbers", "down '65'", "points: expected a multiple of 8"),
        ("Texts", "'x3'", r"qubit: must match ^q\d+$"),
        ("Texts", "down '123456789012345678901'", "qubit: required field is missing"),
        ("Lists", "enter alt-a alt-a alt-a alt-a 'a'", "qubits.2: "),
        ("Unions", "enter 'gau' enter ctrl-g 'shape.sig' enter 'wide'", "shape.sigma: expected a number"),
        ("Lists", "ctrl-g 'ampl' enter alt-a esc", "amplitudes.(no key): "),
        ("Formats", "'yesterday'", "when: "),
    ] {
        let mut b = form(kind);
        press(&mut b, keys);
        let said = wrong(&b);
        let Some(first) = said.first().filter(|first| first.starts_with(what)) else {
            // A list that merely is too long would be told at the list.
            panic!("{kind}: {keys}: {said:?}, {:?}", b.composer().problems);
        };
        let first = first.clone();
        b.keys("ctrl-home ctrl-s");
        assert_eq!(b.sent_types(), [""; 0], "{kind}: {keys}");
        assert_eq!(b.notice(), format!("not sent: {first}"), "{kind}: {keys}");
        assert!(first.starts_with(&place(&b)), "{kind}: {keys}: it went to {} for {first}", place(&b));
        // At the field itself, in full.
        let phrase = first.split_once(": ").unwrap().1.to_owned();
        b.shows(&phrase);
    }
    // The key for what is wrong goes through all of it, also what is folded away.
    let mut b = form("Optionals");
    press(&mut b, "ctrl-end enter left");
    let mut places = Vec::new();
    for _ in 0..3 {
        b.keys("f10");
        places.push(place(&b));
    }
    places.sort();
    assert_eq!(places, ["qubit", "window.0", "window.1"]);
}

#[test]
fn enter_never_sends_and_says_so_on_the_last_field() {
    let mut b = form("Numbers");
    press(&mut b, "ctrl-end up");
    assert_eq!(place(&b), "limit");
    for _ in 0..40 {
        b.keys("enter");
        if matches!(b.app.ui.layers.last(), Some(Layer::Pick(_))) {
            b.keys("esc up");
        }
    }
    assert_eq!((b.sent_types(), b.layers()), (vec![], vec!["form"]));
    let mut b = form("Login");
    press(&mut b, "'me' enter 'pw' enter");
    assert_eq!(place(&b), "remember");
    let mut b = form("Formats");
    press(&mut b, "ctrl-end up enter");
    assert_eq!((place(&b).as_str(), b.notice()), ("version", ""));
    b.keys("enter");
    assert_eq!(b.notice(), "this is the last field: ctrl-s sends the task");
}

#[test]
fn a_paste_stays_in_its_field_and_what_does_not_fit_there_is_refused_with_the_reason() {
    for (kind, keys, paste, path, sent, notice) in [
        ("Texts", "", "q7\r\n", "qubit", r#""q7""#, ""),
        (
            "Texts",
            "'q1'",
            "\u{1b}[31mq2",
            "qubit",
            r#""q1""#,
            "not pasted: the text holds a control character (U+001B)",
        ),
        (
            "Texts",
            "'q1'",
            "a\nb\n",
            "qubit",
            r#""q1""#,
            "not pasted: it has 2 lines, and this field takes one",
        ),
        (
            "Texts",
            "'q1' ctrl-g 'scr' enter",
            "a\r\nb\rc",
            "script",
            r#""for q in qubits:\n    measure(q)\na\nb\nc""#,
            "",
        ),
        ("Unions", "ctrl-g 'anyt' enter", "{\r\n \"a\": 1\r\n}", "anything", r#"{"a":1}"#, ""),
        ("Choices", "ctrl-home", "X", "band", r#""S""#, "not pasted: go to a field that takes text"),
    ] {
        let mut b = form(kind);
        press(&mut b, keys).paste(paste);
        assert_eq!((member(&b, path).as_str(), b.notice()), (sent, notice), "{kind}: {keys}: {paste:?}");
        assert_eq!((b.layers().len(), b.sent_types()), (1, vec![]), "{kind}: {keys}: {paste:?}");
    }
    let mut b = form("Texts");
    b.paste(&"q".repeat(PASTE_BYTES + 1));
    assert!(b.notice().contains("64 KiB") && b.notice().contains("editor"), "{}", b.notice());
    assert_eq!(member(&b, "qubit"), "");
}

#[test]
fn code_has_an_editor_of_its_own() {
    for (keys, code) in [
        ("'for_q_in_qs:' enter 'run(q)' enter 'return' enter 'x'", "for q in qs:\n    run(q)\n    return\nx"),
        ("'a' enter tab 'b'", "a\n    b"),
        // Up on the first line and Down on the last leave it.
        ("'a' enter 'b' down", "a\nb"),
        ("'if_x:' enter enter backspace 'y'", "if x:\n    \ny"),
    ] {
        let mut b = cell();
        assert_eq!((place(&b).as_str(), b.layers()), ("raw_code", vec!["form: a text of several lines"]));
        press(&mut b, keys);
        assert_eq!(json::string(&member(&b, "raw_code")).unwrap(), code, "{keys}");
        assert_eq!(b.sent_types(), [""; 0]);
    }
    let mut b = cell();
    press(&mut b, "'x' shift-tab");
    assert_eq!(place(&b), "run_async");
    // Highlighted as it is typed, also while it is unfinished.
    press(&mut b, "down enter 'def_f(x'");
    let Edit::Text(text) = &pane(&b).edit else { panic!("{:?}", pane(&b).edit) };
    assert!(!text.spans(1).is_empty(), "{text:?}");
}

#[test]
fn the_form_and_its_json_carry_over_what_was_typed() {
    let mut b = form("Numbers");
    press(&mut b, "'7' down '16' f5");
    assert_eq!(b.layers(), ["compose"]);
    assert_eq!((member(&b, "averages").as_str(), member(&b, "points").as_str()), ("7", "16"));
    // What is no JSON stays JSON, with the reason.
    b.keys("end").types(",").keys("f5");
    assert_eq!(b.layers(), ["compose"]);
    assert!(b.notice().starts_with("stays JSON: line "), "{}", b.notice());
    b.keys("backspace").keys("f5");
    assert_eq!(b.layers(), ["form"]);
    assert_eq!((member(&b, "averages").as_str(), place(&b).as_str()), ("7", "points"), "as it was left");
    // And what the form does not know is not lost either.
    b.keys("f5 ctrl-home end enter").types(r#""more": 1,"#).keys("f5");
    assert_eq!((member(&b, "more").as_str(), member(&b, "points").as_str()), ("1", "16"));
    // The frame is only looked at, and scrolls.
    b.keys("f9").types("9").keys("pagedown");
    assert!(b.composer().frame_shown);
    b.keys("f9");
    assert_eq!(member(&b, "points"), "16");
}

#[test]
fn the_frame_scrolls_and_is_not_typed_into() {
    let mut b = form("Numbers");
    b.msg(Msg::Resize(60, 14));
    b.keys("f9");
    assert!(b.composer().frame_shown);
    b.shows("\"id\"").shows_not("\"dry\"");
    b.keys("pagedown pagedown pagedown").shows("\"dry\"").shows_not("\"id\"");
    let text = b.composer().text();
    b.types("99").keys("up up");
    assert_eq!((b.composer().text(), b.composer().frame_shown), (text, true));
    b.keys("ctrl-home").shows("\"id\"");
}

#[test]
fn a_secret_is_seen_nowhere_but_in_what_goes_out() {
    let mut b = form("Login");
    press(&mut b, "'me' enter 'hunter2'").shows("goes over the bus in the clear").shows_not("hunter2");
    b.keys("f9").shows("**********").shows_not("hunter2").keys("f9");
    b.keys("f5").shows("secrets in the clear").shows("hunter2").keys("f5").shows_not("hunter2");
    assert!(!b.composer().display_name.contains("hunter2"));
    b.keys("esc").shows_not("hunter2");
    let draft = b.app.ui.drafts.values().next().unwrap();
    assert!(!draft.text.contains("hunter2"), "{draft:?}");
    open(&mut b, "Login");
    assert_eq!(member(&b, "password"), r#""hunter2""#, "the draft has it, in memory");
    b.keys("ctrl-s").shows_not("hunter2");
    let sent = b.sent();
    assert_eq!(json::get(json::get(&sent[0].text, "payload").unwrap(), "password"), Some(r#""hunter2""#));
}

/// The service's refusal of the task that went out last.
fn refuse(b: &mut Bench, kind: &str, errors: &str) -> String {
    let id = b.sent().iter().rev().find(|o| field(&o.text, "type") == kind).unwrap().id.to_string();
    let n = errors.matches("[type=").count();
    let text = format!("{n} validation errors for {kind}\n{errors}");
    b.reply(&error(&id, "ValidationError", &text, ""));
    id
}

const REFUSED: &str = "qubit\n  String should match pattern '^(?!q0)q\\d+$' \
     [type=string_pattern_mismatch, input_value='q01', input_type=str]";

#[test]
fn a_form_that_the_service_refuses_opens_again_with_each_error_at_its_field() {
    let mut b = form("LookAhead");
    press(&mut b, "'q01' ctrl-s");
    assert_eq!(b.sent_types(), ["LookAhead"]);
    refuse(&mut b, "LookAhead", REFUSED);
    // Not under the fingers: the send key may still be held.
    assert_eq!(b.layers(), [""; 0]);
    b.later(0.3).key("j");
    b.later(1.0).msg(Msg::Wake);
    assert_eq!(b.layers(), [""; 0], "a key was pressed since");
    assert!(b.app.wake_at(b.now).is_some_and(|t| t <= b.now.mono + Duration::from_secs(1)));
    b.later(1.0).msg(Msg::Wake);
    assert_eq!((b.layers(), place(&b).as_str()), (vec!["form"], "qubit"), "{}", b.notice());
    b.shows("the service: String should match pattern");
    assert_eq!(member(&b, "qubit"), r#""q01""#);
    // Editing takes the error away; another try is another task.
    press(&mut b, "'q1'").shows_not("the service:");
    let first = b.sent()[0].id.clone();
    b.keys("ctrl-s");
    assert_eq!(b.sent_types(), ["LookAhead"; 2]);
    assert_ne!(b.sent()[1].id, first);
}

#[test]
fn elsewhere_a_refusal_is_told_and_the_again_key_opens_the_form() {
    let mut b = form("LookAhead");
    press(&mut b, "'q01' down ctrl-u 'run-7' ctrl-s s");
    assert!(
        matches!(b.app.ui.layers.last(), Some(Layer::Choose(c)) if matches!(c.stage, Stage::Type { .. }))
    );
    refuse(&mut b, "LookAhead", REFUSED);
    b.later(60.0).msg(Msg::Wake);
    assert_eq!(b.layers(), ["choose"], "no form opens over what is being done");
    b.keys("esc esc");
    assert_eq!(b.layers(), [""; 0]);
    b.later(60.0).msg(Msg::Wake);
    assert_eq!(b.layers(), [""; 0], "nor later");
    b.keys("r");
    assert_eq!((place(&b).as_str(), member(&b, "run").as_str()), ("qubit", r#""run-7""#));
    b.shows("the service: String should match pattern");
    // It was refused; it can be sent again all the same, after a question.
    b.keys("ctrl-s");
    assert_eq!((b.layers(), b.sent_types().len()), (vec!["form", "question"], 1));
    // From the task's own screen too, even where the form is not kept any more.
    let mut b = form("LookAhead");
    press(&mut b, "'q01' ctrl-s");
    refuse(&mut b, "LookAhead", REFUSED);
    b.app.ui.sent.clear();
    b.keys("enter r").shows("the service: String should match pattern");
    assert_eq!((place(&b).as_str(), member(&b, "qubit").as_str()), ("qubit", r#""q01""#));
}

#[test]
fn the_editor_gets_one_field_or_the_whole_and_gives_it_back() {
    let mut b = form("Texts");
    press(&mut b, "ctrl-g 'scr' enter shift-f4");
    let script = "for q in qubits:\n    measure(q)\n".to_owned();
    assert_eq!(b.take(), [Effect::EditField { text: script, ending: ".py" }]);
    b.msg(Msg::EditorClosed(msg::Edited::Payload(Ok("x = 1\n".into()))));
    assert_eq!(member(&b, "script"), r#""x = 1\n""#);
    b.keys("ctrl-home shift-f4").msg(Msg::EditorClosed(msg::Edited::Payload(Ok("a\nb\nc\n".into()))));
    assert!(b.notice().starts_with("not taken"), "{}", b.notice());
    b.keys("f4").msg(Msg::EditorClosed(msg::Edited::Payload(Ok(r#"{"qubit": "q9"}"#.into()))));
    assert_eq!((member(&b, "qubit").as_str(), b.layers()), (r#""q9""#, vec!["form"]));
    // What is no JSON is not lost.
    b.keys("f4").msg(Msg::EditorClosed(msg::Edited::Payload(Ok(r#"{"qubit": "#.into()))));
    assert_eq!((b.composer().text().as_str(), b.layers()), (r#"{"qubit": "#, vec!["compose"]));
}

#[test]
fn a_draft_of_a_form_survives_leaving_and_a_lost_link_and_undo_goes_back_step_by_step() {
    let mut b = form("Optionals");
    press(&mut b, "'q7' down '3' ctrl-g 'label' enter ctrl-o");
    let text = b.composer().text();
    b.disconnect().later(30.0).connect();
    b.keys("esc");
    open(&mut b, "Optionals");
    assert_eq!((b.composer().text(), b.notice()), (text, "your draft is back; f7 starts anew"));
    let mut b = form("Lists");
    let start = b.composer().text();
    press(&mut b, "alt-a 'q5' alt-up");
    assert_eq!(member(&b, "qubits"), r#"["q0","q5","q1"]"#);
    b.keys("alt-u");
    assert_eq!(member(&b, "qubits"), r#"["q0","q1","q5"]"#);
    b.keys("alt-u alt-u");
    assert_eq!(json::compact(&b.composer().text()), json::compact(&start));
}

#[test]
fn what_is_wide_or_hostile_keeps_the_cursor_where_it_is_typed() {
    // A44.
    let mut b = form("Texts");
    b.keys("down ctrl-u").types("表\u{301}ü🙂x");
    assert_eq!(json::string(&member(&b, "label")).unwrap(), "表\u{301}ü🙂x");
    let cursor = b.screen().cursor.unwrap();
    b.keys("backspace");
    assert_eq!(b.screen().cursor.unwrap().x + 1, cursor.x);
    b.keys("backspace");
    assert_eq!(b.screen().cursor.unwrap().x + 3, cursor.x, "it was two columns wide");
    // Control characters typed raw go nowhere.
    for c in ['\u{1b}', '\u{7}', '\u{9b}', '\0'] {
        b.msg(Msg::Key(KeyEvent::from(crossterm::event::KeyCode::Char(c))));
    }
    assert_eq!(json::string(&member(&b, "label")).unwrap(), "表\u{301}ü");
}

#[test]
fn a_key_that_repeats_counts_and_one_that_is_let_go_does_not() {
    // A27: `a` pressed, repeated and let go; then Enter and Tab, each pressed and let go.
    let mut b = form("Texts");
    b.sends(&case("keys_kitty_press_repeat_release.bin"));
    assert_eq!((member(&b, "qubit").as_str(), place(&b).as_str()), (r#""aa""#, "device"));
    assert_eq!(b.sent_types(), [""; 0]);
}

#[test]
fn wide_characters_are_typed_and_deleted_whole_wherever_text_is_typed() {
    // A44: eight characters, two to the left, two deleted before the cursor and one behind it; then the first and the last.
    let keys = case("keys_wide_edit.bin");
    let left = "量👩\u{200d}";
    for (kind, field) in [("Texts", "title"), ("Texts", "script"), ("Unions", "anything")] {
        let mut b = form(kind);
        b.keys("ctrl-g").types(field).keys("enter").sends(&keys);
        let text = match &pane(&b).edit {
            Edit::Text(pane) => pane.text(),
            Edit::Line { line, .. } => line.text().to_owned(),
            Edit::None => String::new(),
        };
        assert_eq!(text.lines().next_back(), Some(left), "{kind}.{field}: {text:?}");
        b.screen();
    }
    let mut b = cell();
    b.sends(&keys);
    assert_eq!(json::string(&member(&b, "raw_code")).unwrap(), left);

    let line = |b: &Bench| match b.app.ui.layers.last() {
        Some(Layer::Filter(line) | Layer::Search(line)) => (line.text().to_owned(), line.cursor()),
        other => panic!("no line, but {other:?}"),
    };
    let mut b = Bench::new();
    b.runs(&job("q1")).completed(&job("q1"), &ok("q1"));
    b.keys("/").sends(&keys);
    assert_eq!((line(&b), b.app.ui.filter_text.as_str()), ((left.to_owned(), 3), left));
    b.screen();
    b.keys("ctrl-u esc j enter /").sends(&keys);
    assert_eq!(line(&b), (left.to_owned(), 3));
    b.screen();
}

#[test]
fn a_form_of_many_fields_is_still_typed_into() {
    let mut b = form("Lists");
    let many: Vec<String> = (0..900).map(|n| format!("{n}.5")).collect();
    let payload = format!(r#"{{"qubits": ["q0"], "many": [{}]}}"#, many.join(", "));
    b.keys("f4").msg(Msg::EditorClosed(msg::Edited::Payload(Ok(payload))));
    press(&mut b, "ctrl-g 'many' enter right");
    b.keys("ctrl-g").types("many.899").keys("enter");
    assert_eq!(place(&b), "many.899");
    press(&mut b, "'7' '8' '9'").shows("789");
    assert_eq!(member(&b, "many.899"), "789");
}

#[test]
fn a_cell_without_its_source_is_wrong_at_that_field_alone() {
    let mut b = cell();
    b.shows("raw_code: required field is missing").shows_not("Only Python computes").shows_not("more");
    press(&mut b, "ctrl-s");
    assert!(b.sent().is_empty() && b.notice().contains("raw_code"), "{}", b.notice());
    // As JSON nothing else keeps it.
    press(&mut b, "f5 ctrl-s");
    assert!(b.sent().is_empty() && b.notice().contains("made of the other fields"), "{}", b.notice());
}

#[test]
fn code_that_came_as_a_paste_without_marks_keeps_its_own_indentation() {
    let mut b = cell();
    for key in "d e f space f ( ) : enter space space space space x enter y".split(' ') {
        b.later(0.0001).key(key);
    }
    assert_eq!(member(&b, "raw_code"), r#""def f():\n    x\ny""#);
}
