//! Reading one task: scrolling, folding, searching, copying.

use super::*;

/// A failed task that is read.
fn failed(traceback: &str, size: (u16, u16)) -> Bench {
    let mut b = Bench::with(Settings::default(), size);
    let reply = error("f", "FileNotFoundError", "[Errno 2] No such file", traceback);
    b.runs(&job("f")).completed(&job("f"), &reply).keys("j enter");
    b
}

#[test]
fn the_sections_are_reached_by_key_and_the_place_goes_to_the_editor() {
    let mut b = failed(&case("tb_chained.txt"), (100, 30));
    b.keys("n");
    let place = b.reader().page.line().unwrap().place.clone().unwrap();
    b.keys("e");
    assert_eq!(b.take(), [Effect::OpenFile { file: place.0, line: place.1 }]);
    b.msg(Msg::EditorClosed(msg::Edited::File(Err("no such file".into()))));
    assert_eq!(b.notice(), "no such file");
    let first = b.reader().page.cursor;
    b.keys("n");
    assert!(b.reader().page.cursor > first);
    b.keys("N");
    assert_eq!(b.reader().page.cursor, first);
    b.keys("g tab tab tab tab tab");
    let text = b.reader().page.line().unwrap().plain();
    assert!(["payload", "metadata", "task"].contains(&text.as_str()), "{text}");
    b.keys("esc");
    assert_eq!(b.layers(), [""; 0]);
}

#[test]
fn the_order_can_be_turned_and_the_raw_text_shown() {
    let raw = case("tb_chained.txt");
    let mut b = failed(&raw, (100, 60));
    let first = |b: &Bench| b.reader().page.document.lines.first().unwrap().plain();
    assert!(first(&b).starts_with("FileNotFoundError"), "{}", first(&b));
    b.keys("o");
    assert!(first(&b).starts_with("KeyError"), "{}", first(&b));
    b.keys("R");
    let lines: Vec<String> = b.reader().page.document.lines.iter().map(document::Line::plain).collect();
    for line in raw.lines() {
        assert!(lines.iter().any(|l| l == line), "{line}");
    }
    b.keys("R o");
    assert!(first(&b).starts_with("FileNotFoundError"), "{}", first(&b));
}

#[test]
fn what_is_copied_and_saved_is_the_text_as_it_came() {
    let raw = case("tb_control_chars.txt");
    let mut b = failed(&raw, (100, 30));
    b.keys("y S Y");
    let [Effect::Copy { text, what }, Effect::Save { name, text: saved }, Effect::Copy { text: id, .. }] =
        &b.take()[..]
    else {
        panic!("{:?}", b.effects)
    };
    assert_eq!((text.as_str(), saved.as_str(), what.as_str(), id.as_str()), (&*raw, &*raw, "the error", "f"));
    assert_eq!(name, "MeasureT1-f.txt");
    // In the lanes the name, of an odd one too; a file's name never begins with a dash or holds a slash.
    let mut b = Bench::new();
    let odd = Job { kind: "../-x".into(), name: "a\x1bb".into(), ..job("--") };
    b.ran(&odd).keys("j y S");
    let [Effect::Copy { text, .. }, Effect::Save { name, .. }] = &b.take()[..] else { panic!() };
    assert_eq!(text, "a\x1bb");
    assert!(name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !name.contains('/'), "{name}");
}

#[test]
fn a_search_goes_round_and_says_when_there_is_nothing() {
    let mut b = failed(&case("tb_chained.txt"), (100, 30));
    b.keys("/").types("FRIDGE").keys("enter");
    let first = b.reader().page.cursor;
    let line = |b: &Bench| b.reader().page.line().unwrap().plain().to_lowercase();
    assert!(line(&b).contains("fridge"));
    b.keys("ctrl-g");
    assert!(b.reader().page.cursor != first && line(&b).contains("fridge"));
    for _ in 0..50 {
        b.keys("ctrl-g");
        assert!(line(&b).contains("fridge"));
    }
    b.keys("/").types("x").keys("esc");
    assert_eq!(b.reader().page.search, "FRIDGE", "escape leaves the search as it was");
    b.keys("/ end").types("zzz").keys("enter");
    assert_eq!(b.notice(), "no match");
}

#[test]
fn library_entries_fold_and_unfold() {
    let mut b = failed(&case("tb_recursion.txt"), (100, 60));
    let folds = |b: &Bench| b.reader().page.document.lines.iter().filter(|l| l.fold.is_some()).count();
    if folds(&b) == 0 {
        let mut text =
            "Traceback (most recent call last):\n  File \"/opt/lab/run.py\", line 1, in run\n    go()\n"
                .to_owned();
        for n in 0..4 {
            text.push_str(&format!(
                "  File \"/usr/lib/python3.11/site-packages/lib/a.py\", line {n}, in f\n    g()\n"
            ));
        }
        text.push_str("ValueError: x\n");
        b = failed(&text, (100, 60));
    }
    let at = b.reader().page.document.lines.iter().position(|l| l.fold.is_some()).unwrap();
    let short = b.reader().page.document.lines.len();
    b.keys("g").keys(&"j ".repeat(at)).keys("space");
    assert!(b.reader().page.document.lines.len() > short);
    b.keys("enter");
    assert_eq!(b.reader().page.document.lines.len(), short);
}

/// A45: a traceback of 70,000 lines, of which each knows its number.
#[test]
fn seventy_thousand_lines_end_at_the_last_one() {
    let mut text = String::from(
        "Traceback (most recent call last):\n  File \"/opt/lab/run.py\", line 1, in run\n    go()\n",
    );
    text.push_str("RuntimeError: line 0\n");
    for n in 1..70_000 {
        text.push_str(&format!("line {n} of the message\n"));
    }
    for wrapped in [false, true] {
        for size in [(100, 30), (40, 12)] {
            let mut b = Bench::with(Settings::default(), size);
            b.runs(&job("f")).completed(&job("f"), &error("f", "RuntimeError", "line 0", &text));
            b.keys("j enter R");
            if wrapped {
                b.keys("w");
            }
            let all = b.reader().page.document.lines.len();
            assert!(all > 70_000);
            b.keys("G");
            assert_eq!(b.reader().page.cursor, all - 1);
            b.shows(&format!("line {all} of {all}"));
            // Up to the last line of the text, then a page before it.
            let last = b
                .reader()
                .page
                .document
                .lines
                .iter()
                .rposition(|l| l.plain() == "line 69999 of the message")
                .unwrap();
            while b.reader().page.cursor > last {
                b.keys("k");
            }
            b.shows("line 69999 of the message").shows(&format!("line {} of {all}", last + 1));
            let top = b.reader().page.top;
            b.keys("pageup");
            assert!(b.reader().page.cursor < last && b.reader().page.top <= top);
            let cursor = b.reader().page.cursor;
            let shown = b.reader().page.document.lines[cursor].plain();
            b.shows(&shown).shows(&format!("line {} of {all}", cursor + 1));
            b.keys("g").shows("Traceback (most recent call last)");
        }
    }
}

#[test]
fn a_line_taller_than_the_pane_can_be_read_to_its_end() {
    let long: String = (0..400).map(|n| format!("<{n:03}>")).collect();
    let mut b = failed(&format!("{long}\n"), (40, 12));
    b.keys("R w g").shows("<000>");
    let mut seen = String::new();
    for _ in 0..200 {
        seen.push_str(&b.lines().concat());
        b.keys("j");
    }
    assert!(seen.contains("<399>"), "the end of the long line was never shown");
    for _ in 0..200 {
        b.keys("k");
    }
    b.shows("<000>");
}

#[test]
fn a_large_payload_is_looked_through_for_secrets_beside_the_loop_and_not_shown_before() {
    use crate::app::{compose, reader::LARGE};
    let mut b = Bench::new();
    let payload = format!(r#"{{"token": "hush-hush", "data": "{}"}}"#, "x".repeat(LARGE));
    b.runs(&Job { payload, ..job("q1") });
    b.keys("j enter").shows("looked through for secrets").shows_not("xxxx").shows_not("hush");
    assert_eq!(b.app.wake_at(b.now), Some(b.now.mono));
    b.take();
    b.msg(Msg::Wake);
    let asked = b.take();
    let [Effect::Mask { payload, kind: None }] = &asked[..] else { panic!("{asked:?}") };
    b.keys("v");
    assert!(b.notice().contains("looked through for secrets first"), "{}", b.notice());
    assert!(!b.take().iter().any(|effect| matches!(effect, Effect::Mask { .. })), "it is asked for once");

    // An answer about another payload is none about this one.
    b.msg(Msg::Masked { payload: "{}".into(), masked: None, secrets: Vec::new() })
        .shows("looked through for secrets …");
    let masked = compose::mask(None, payload, compose::SECRET).map(Text::from);
    b.msg(Msg::Masked { payload: payload.clone(), masked, secrets: Vec::new() });
    b.shows("secrets are masked").shows("xxxx").shows_not("hush");
    b.keys("v").shows("\"*****").shows_not("hush");
    assert_eq!(b.layers(), ["task", "result"]);
    // With a result to be seen, `v` needs no payload.
    b.keys("esc esc").completed(&job("q1"), &ok("q1"));
    b.keys("v");
    assert_eq!(b.layers(), ["result"]);
}

#[test]
fn a_reply_that_is_too_large_is_told_with_its_size_and_the_limit() {
    // Case C01: it reaches the program as what stands in for it, of an own task and of another's.
    use crate::wire::stand_in::LeftOut;
    let left_out = LeftOut { length: 53_477_376, limit: 52_690_944 };
    let mut other = Bench::new();
    other.runs(&job("q1")).completed(&job("q1"), &left_out.reply("q1")).keys("j");
    let mut own = Bench::new();
    own.keys("s").types("Ping").keys("enter ctrl-s");
    let id = own.sent()[0].id.to_string();
    own.reply(&left_out.reply(&id));
    for mut b in [other, own] {
        assert_eq!(b.app.store().counts(false).unknown, 1);
        b.keys("enter").shows("53477376 bytes").shows("52690944").shows("How it ended is not known");
        b.shows_not("juicetop_left_out").shows_not("unknown status");
    }
}
