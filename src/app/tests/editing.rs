//! The editors by keys alone: (the text before, keys, the text after), `|` where the cursor is.

use super::{forms::press, *};
use crate::app::form::Edit;

/// Opens the type's form on `service` at the field, with the text in it and the cursor where its `|` is.
fn editor(service: &str, kind: &str, field: &str, before: &str) -> Bench {
    let mut b = Bench::new();
    b.add_forms().go_to(service).keys("s").types(kind).keys("enter ctrl-g").types(field).keys("enter");
    let (head, tail) = before.split_once('|').unwrap();
    // A paste is taken letter for letter, where typing would indent; the first one replaces what stood there.
    b.paste("x").keys("backspace");
    if !(head.is_empty() && tail.is_empty()) {
        b.paste(&format!("{head}{tail}"));
    }
    for _ in tail.chars() {
        b.keys("left");
    }
    assert_eq!(marked(&b), before, "the editor was not brought to where the test begins");
    b
}

/// The text of the field being edited, with `|` at the cursor.
fn marked(b: &Bench) -> String {
    match &b.composer().form().unwrap().edit {
        Edit::Text(pane) => {
            let cursor = pane.area.cursor();
            let mut lines = pane.area.lines().to_vec();
            lines[cursor.0] = split(&lines[cursor.0], cursor.1);
            lines.join("\n")
        }
        Edit::Line { line, .. } => split(line.text(), line.cursor()),
        Edit::None => panic!("nothing is being typed into"),
    }
}

/// The line with `|` before its character of that number.
fn split(line: &str, at: usize) -> String {
    let at = line.char_indices().nth(at).map_or(line.len(), |(byte, _)| byte);
    format!("{}|{}", &line[..at], &line[at..])
}

fn check(service: &str, kind: &str, field: &str, triples: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for &(before, keys, after) in triples {
        let mut b = editor(service, kind, field, before);
        press(&mut b, keys);
        let got = marked(&b);
        if got != after {
            wrong.push(format!("{before:?} {keys}: {got:?}, not {after:?}"));
            continue;
        }
        // What is shown is what would be sent, letter for letter.
        let text = json::get(&b.composer().text(), field).map(|raw| json::string(raw).unwrap().into_owned());
        assert_eq!(text.unwrap_or_default(), after.replacen('|', "", 1), "{before:?} {keys}");
        assert_eq!(b.sent_types(), [""; 0], "{before:?} {keys}");
    }
    assert!(wrong.is_empty(), "{kind}.{field}:\n{}", wrong.join("\n"));
}

#[test]
fn code_is_edited_as_python() {
    check(
        "lab",
        "RawIPython",
        "raw_code",
        &[
            ("|", "'x_=_1'", "x = 1|"),
            // A line break takes the indentation along, one step more behind a colon, one less behind an end.
            ("for q in qs:|", "enter 'run(q)'", "for q in qs:\n    run(q)|"),
            ("for q in qs:  # each|", "enter", "for q in qs:  # each\n    |"),
            ("    return x|", "enter", "    return x\n|"),
            ("    returned = x|", "enter", "    returned = x\n    |"),
            ("    a|b", "enter", "    a\n    |b"),
            ("|def f():", "enter", "\n|def f():"),
            // Behind nothing but indentation Backspace takes a step, else a character.
            ("        |x", "backspace", "    |x"),
            ("     |x", "backspace", "    |x"),
            ("a    |", "backspace", "a   |"),
            ("a\n|b", "backspace", "a|b"),
            ("|a", "backspace", "|a"),
            ("a|\nb", "delete", "a|b"),
            ("a|", "delete", "a|"),
            // Tab is text here, to the next step.
            ("|x", "tab", "    |x"),
            ("ab|", "tab '#'", "ab  #|"),
            // Moves: characters over the ends of lines, lines, words, ends.
            ("a\n|b", "left left 'x'", "x|a\nb"),
            ("a|\nb", "right 'x'", "a\nx|b"),
            ("ab|\nc\ndef", "down 'x'", "ab\ncx|\ndef"),
            ("abc\nde|f", "up home 'x'", "x|abc\ndef"),
            ("one two| three", "ctrl-left 'x'", "one x|two three"),
            ("one| two", "home 'x'", "x|one two"),
            ("o|ne two", "end 'x'", "one twox|"),
            ("one two|", "alt-backspace", "one |"),
            ("one t|wo", "ctrl-k", "one t|"),
            // Wide, combined and right-to-left characters are whole.
            ("a🧪|b", "backspace", "a|b"),
            ("µ|s", "left 'x'", "x|µs"),
            // A step back takes back a line, or what was typed, deleted or pasted between two moves of the cursor, and
            // leaves the cursor there; a step forth does it again.
            ("a|", "'b' 'c' ctrl-_", "a|"),
            ("a|", "'b' 'c' ctrl-_ alt-U", "abc|"),
            ("|", "'if_x:' enter 'f()' enter 'g()' ctrl-_", "if x:\n    f()|"),
            ("|", "'if_x:' enter 'f()' enter 'g()' ctrl-_ ctrl-_", "if x:|"),
            ("|", "'if_x:' enter 'f()' enter 'g()' ctrl-_ ctrl-_ alt-U", "if x:\n    f()|"),
            ("ab|", "'c' backspace backspace ctrl-_", "abc|"),
            ("ab|", "'c' left 'd' ctrl-_", "ab|c"),
            ("a|b", "delete home ctrl-_", "ab|"),
            ("one two|", "alt-backspace alt-backspace ctrl-_", "one two|"),
            ("a|b", "'x' ctrl-_ 'y' alt-U", "ay|b"),
            // What is no text does nothing.
            ("a|", "f11 alt-7", "a|"),
        ],
    );
}

#[test]
fn a_line_is_edited_as_in_a_shell() {
    check(
        "forms",
        "Texts",
        "qubit",
        &[
            ("|", "'q3'", "q3|"),
            ("q1|2", "backspace '7'", "q7|2"),
            ("q|12", "delete", "q|2"),
            ("q12|", "home delete", "|12"),
            ("q1|2", "ctrl-u", "|2"),
            ("q1|2", "ctrl-k", "q1|"),
            ("q12|", "left left right 'x'", "q1x|2"),
            ("|q12", "end 'x'", "q12x|"),
            ("µ|s", "backspace", "|s"),
            ("|q", "backspace left", "|q"),
        ],
    );
}
