use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::*;

const BOTH: [Charset; 2] = [Charset::Unicode, Charset::Ascii];

fn shown(text: &str) -> String {
    Clean::line(text, Charset::Unicode).into_string()
}

fn ascii(text: &str) -> String {
    Clean::line(text, Charset::Ascii).into_string()
}

/// What must hold for every clean text, whatever it was made of.
fn check(clean: &Clean, charset: Charset) {
    for c in clean.as_str().chars() {
        assert!(!is_hidden(c) && !is_shaping(c), "{c:?} in {clean:?}");
        assert!(!(REGIONAL_A..=REGIONAL_Z).contains(&c), "{c:?} in {clean:?}");
        assert!(charset == Charset::Unicode || matches!(c, ' '..='~'), "{c:?} in {clean:?}");
    }
    let sum: usize = clean.as_str().chars().map(|c| c.width().unwrap_or(0)).sum();
    assert_eq!(clean.width(), sum, "each character counts for itself: {clean:?}");
    // ratatui puts it into exactly as many cells, and drops nothing of it.
    let room = clean.width() + 3;
    let mut buffer = Buffer::empty(Rect::new(0, 0, room.min(2000) as u16, 1));
    if room <= 2000 {
        let (x, _) = buffer.set_stringn(0, 0, clean.as_str(), room, Style::default());
        assert_eq!(usize::from(x), clean.width(), "{clean:?}");
        let cells: String =
            (0..x).map(|x| buffer[(x, 0)].symbol().trim_start_matches(' ').to_owned()).collect();
        let text: String = clean.as_str().chars().filter(|c| *c != ' ').collect();
        assert_eq!(cells.replace(' ', ""), text, "{clean:?}");
    }
}

fn check_text(text: &str) {
    for charset in BOTH {
        let line = Clean::line(text, charset);
        check(&line, charset);
        assert_eq!(Clean::owned(text.to_owned(), charset), line);
        for width in 0..=40 {
            let cut = line.truncate(width, charset);
            check(&cut, charset);
            assert!(cut.width() <= width, "{cut:?} in {width}");
            assert_eq!(line.fit(width, charset).width(), width);
            let head = Clean::head(text, charset, width);
            check(&head, charset);
            assert!(head.width() <= width, "{head:?} in {width}");
            let rest = line.skip(width);
            check(&rest, charset);
            assert_eq!(rest.width(), line.width().saturating_sub(width), "{line:?} skipping {width}");
        }
        for width in [1, 2, 3, 7, 40] {
            let wrapped = line.wrap(width);
            assert!(wrapped.iter().all(|line| line.width() <= width), "{wrapped:?}");
            wrapped.iter().for_each(|line| check(line, charset));
            if width >= CLUSTER {
                assert_eq!(Clean::concat(&wrapped), line);
            }
        }
        for line in Clean::lines(text, charset) {
            check(&line, charset);
        }
    }
}

/// Every string in a JSON value, keys too.
fn strings(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => {
            into.push(text.clone());
            // Events carry JSON as text.
            if let Ok(inner) = serde_json::from_str::<serde_json::Value>(text)
                && !inner.is_string()
            {
                strings(&inner, into);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        serde_json::Value::Object(map) => {
            for (key, item) in map {
                into.push(key.clone());
                strings(item, into);
            }
        }
        _ => {}
    }
}

fn case(name: &str) -> String {
    let path = format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn cases_of_hostile_and_wide_text() {
    let mut texts = vec![case("tb_control_chars.txt"), case("tb_tab_error.txt")];
    for name in ["json_control_strings.json", "json_wide_text.json", "frame_error_control_chars.json"] {
        strings(&serde_json::from_str(&case(name)).unwrap(), &mut texts);
    }
    for line in case("bus_hostile_names.jsonl").lines() {
        strings(&serde_json::from_str(line).unwrap(), &mut texts);
    }
    assert!(texts.len() > 100, "{}", texts.len());
    texts.iter().for_each(|text| check_text(text));
}

#[test]
fn nothing_after_an_unterminated_sequence_is_swallowed() {
    let text = case("tb_control_chars.txt");
    let last = Clean::lines(&text, Charset::Unicode).pop().unwrap().into_string();
    assert_eq!(
        last,
        "RuntimeError: red ␛[31mtext␛[0m, title ␛]0;pwned␇, clipboard ␛]52;c;SEVMTE8=␇, link \
         ␛]8;;http://x␛\\here␛]8;;␛\\, 8-bit CSI \\x9b2J, DCS ␛P1$r␛\\, report ␛[6n, reset ␛c, bell ␇, \
         back␈␈space, cr␍overwritten, bidi \\u202egnp.exe\\u202c \\u2066isolate\\u2069, \
         zero\\u200bwidth\\u2060joiner\\ufeff, NUL ␀ end, unterminated ␛]2;"
    );
}

#[test]
fn controls_become_marks() {
    assert_eq!(shown("a\tb\r\nc\x1b[2J\x7f"), "a    b␍⏎c␛[2J␡");
    assert_eq!(ascii("a\tb\r\nc\x1b[2J\x7fé量🔬"), "a    b\\r\\nc\\x1b[2J\\x7f\\xe9\\u91cf\\U0001f52c");
    assert_eq!(
        shown("\u{9b}\u{85}\u{2028}\u{e041}\u{ffff}\u{e0041}"),
        "\\x9b\\x85\\u2028\\ue041\\uffff\\U000e0041"
    );
}

#[test]
fn joined_emoji_stand_alone() {
    assert_eq!(shown("👩‍🔬 ♻️ 🇳🇱 1️⃣ 🥲🏻 👨‍👩‍👧"), "👩🔬 ♻ NL 1⃣ 🥲 👨👩👧");
    assert_eq!(Clean::line("👩‍🔬", Charset::Unicode).width(), 4);
}

#[test]
fn invisible_characters_in_a_latin_name_are_seen() {
    assert_eq!(shown("Measure\u{200d}T1"), "Measure\\u200dT1");
    assert_eq!(shown("Measure\u{fe0f}T1"), "Measure\\ufe0fT1");
    assert_eq!(shown("\u{202e}\u{200d}x"), "\\u202e\\u200dx");
    assert_eq!(shown("\u{1f3fb}"), "\\U0001f3fb");
}

#[test]
fn combining_marks_have_a_base_and_an_end() {
    assert_eq!(shown("e\u{301}"), "e\u{301}");
    assert_eq!(shown("\u{301}x"), "◌\u{301}x");
    assert_eq!(shown("\x1b\u{301}"), "␛◌\u{301}");
    let many = format!("Z{}x", "\u{335}".repeat(60));
    assert_eq!(shown(&many), "Z\u{335}\u{335}\u{335}\u{335}◌x");
}

#[test]
fn writing_that_is_not_latin_stays_readable() {
    for text in [
        "量子ビット",
        "نتيجة القياس 42",
        "תוצאה",
        "ผลการวัด",
        "परिणाम",
        "ｗｉｄｔｈ",
        "ﾃｽﾄ",
        "ﾎﾟ",
        "±Ω→½…“”",
        "한국어",
    ] {
        assert_eq!(shown(text), text.replace('\u{ff9f}', "\u{309c}"));
    }
}

#[test]
fn cut_at_whole_characters() {
    let line = Clean::line("量子ab", Charset::Unicode);
    assert_eq!(line.truncate(4, Charset::Unicode).as_str(), "量…");
    assert_eq!(line.truncate(5, Charset::Ascii).as_str(), "量子~");
    assert_eq!(line.truncate(6, Charset::Unicode).as_str(), "量子ab");
    assert_eq!(line.truncate(1, Charset::Unicode).as_str(), "…");
    assert_eq!(line.truncate(0, Charset::Unicode).as_str(), "");
    assert_eq!(line.skip(1).as_str(), " 子ab");
    assert_eq!(line.skip(2).as_str(), "子ab");
    assert_eq!(line.fit(4, Charset::Unicode).as_str(), "量… ");
    assert_eq!(Clean::from_static("7").pad_start(3).as_str(), "  7");
}

#[test]
fn wrapped_at_spaces() {
    let texts = |text: &str, width| -> Vec<String> {
        Clean::line(text, Charset::Unicode).wrap(width).into_iter().map(Clean::into_string).collect()
    };
    assert_eq!(texts("one two three", 8), ["one two ", "three"]);
    assert_eq!(texts("abcdefgh", 3), ["abc", "def", "gh"]);
    assert_eq!(texts("量子", 1), ["?", "?"]);
    assert_eq!(texts("", 5), [""]);
}

#[test]
fn lines_and_blocks() {
    let texts = |lines: Vec<Clean>| -> Vec<String> { lines.into_iter().map(Clean::into_string).collect() };
    assert_eq!(texts(Clean::lines("a\r\nb\rc\n\nd\n", Charset::Unicode)), ["a", "b␍c", "", "d"]);
    let block = Clean::block("one\ntwo three\nfour\n", Charset::Unicode, Limit { lines: 2, columns: 5 });
    assert_eq!(texts(block.lines), ["one", "two …"]);
    assert_eq!(block.rest, "four\n".len());
    let all = Clean::block("a\nb", Charset::Unicode, Limit { lines: 9, columns: 9 });
    assert_eq!((texts(all.lines), all.rest), (vec!["a".to_owned(), "b".to_owned()], 0));
}

#[test]
fn the_head_of_a_long_text_says_that_there_is_more() {
    assert_eq!(Clean::head("abcdef", Charset::Unicode, 4).as_str(), "abc…");
    assert_eq!(Clean::head("éé", Charset::Unicode, 2).as_str(), "éé");
    assert_eq!(Clean::head("\u{1b}[2J", Charset::Ascii, 6).as_str(), "\\x1b[~");
    // Much that is left out, then a word: it is not read to the end, and does not look as if it were.
    let hidden = format!("量{}end", "\u{200d}".repeat(1_000_000));
    assert!(Clean::head(&hidden, Charset::Unicode, 10).as_str().ends_with('…'));
}

#[test]
fn our_own_words_are_checked_too() {
    assert_eq!(Clean::from_static("─▶ ok").as_str(), "─▶ ok");
    assert_eq!(Clean::from_static("a\u{200b}").as_str(), "a\\u200b");
}

proptest! {
    #[test]
    fn any_text_is_made_harmless(text in any::<String>()) {
        check_text(&text);
    }

    /// Characters that join, hide, combine or are wide, close together.
    #[test]
    fn any_mixture_of_difficult_characters(text in proptest::collection::vec(prop_oneof![
        proptest::char::range('\0', '\u{a0}'),
        proptest::char::range('\u{300}', '\u{36f}'),
        proptest::char::range('\u{900}', '\u{97f}'),
        proptest::char::range('\u{1100}', '\u{11ff}'),
        proptest::char::range('\u{1780}', '\u{17dd}'),
        proptest::char::range('\u{2000}', '\u{206f}'),
        proptest::char::range('\u{2d30}', '\u{2d7f}'),
        proptest::char::range('\u{fe00}', '\u{ffff}'),
        proptest::char::range('\u{1f1e6}', '\u{1f1ff}'),
        proptest::char::range('\u{1f3f0}', '\u{1f480}'),
        proptest::char::range('\u{16d60}', '\u{16d6f}'),
        Just('\u{644}'), Just('\u{627}'), Just('\u{a4f8}'), Just('\u{a4fc}'), Just('\u{200d}'), Just('\u{ff9e}'),
    ], 0..40)) {
        check_text(&text.into_iter().collect::<String>());
    }
}
