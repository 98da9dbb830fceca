//! Names shown so that two different ones never look the same.
//!
//! A [`Clean`](super::Clean) shows what a text says. Of a *name* (a service, a task type, an id, a choice) a person has to
//! see which one it is, and Unicode has many ways of writing what looks like another: `Меasure` with two Cyrillic
//! letters, a space that is none, an accent that stands apart, a sign that nobody sees. [`exact`] writes those out as
//! Python would, and leaves readable what is plainly the writing of some language or the sign of a unit.
//!
//! What it writes can be read back: two names that differ, in whatever way, differ on the screen. It does not tell apart
//! what only looks alike between two writings other than Latin (Greek `Φ`, Cyrillic `Ф`); there the letters differ, but
//! the eye may not see it.

use std::{borrow::Cow, collections::HashSet};

use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::{Charset, clean, escape, is_plain};

/// Greek letters that Unicode calls like Latin ones, and that every font of a terminal tells from them. Physics needs them.
const TOLD_APART: [char; 3] = ['α', 'γ', 'σ'];
/// `µ` stands before a unit's letter.
const MICRO: char = '\u{b5}';
/// `μ` stands alone or in Greek.
const MU: char = '\u{3bc}';
/// Blank, and yet no space.
const BLANK: char = '\u{2800}';

/// A name as it is, but for the characters in it that could make it look like another name: those are written out as
/// escapes (`\u0430`). A backslash that would look like the beginning of such an escape is doubled.
///
/// The result still has to become a [`Clean`](super::Clean), alone or in a sentence, which changes nothing of it for a
/// terminal with UTF-8.
pub fn exact(name: &str) -> Cow<'_, str> {
    let edges = name.starts_with(' ') || name.ends_with(' ');
    if is_plain(name) && !edges && !name.contains('\\') {
        return Cow::Borrowed(name);
    }
    let hidden = hidden(name);
    let mut out = String::with_capacity(name.len() + 16);
    let mut backslashes = 0;
    for (at, c) in name.char_indices() {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        let is_escaped = hidden.contains(&at);
        let doubled = is_escaped || !c.is_ascii() || is_like_escape(&name[at..]);
        out.extend(std::iter::repeat_n('\\', if doubled { 2 * backslashes } else { backslashes }));
        backslashes = 0;
        if is_escaped { escape(&mut out, c) } else { out.push(c) }
    }
    out.extend(std::iter::repeat_n('\\', backslashes));
    Cow::Owned(out)
}

/// A display name, which is a type's name and, after a colon, values: the name [exactly](exact), the values as they are.
pub fn exact_head(display_name: &str) -> Cow<'_, str> {
    let end = display_name.find(": ").unwrap_or(display_name.len());
    match exact(&display_name[..end]) {
        Cow::Borrowed(_) => Cow::Borrowed(display_name),
        Cow::Owned(head) => Cow::Owned(head + &display_name[end..]),
    }
}

/// Where the characters stand that have to be written out.
fn hidden(name: &str) -> HashSet<usize> {
    let mut hidden = HashSet::new();
    let inner = name.len() - name.trim_start_matches(' ').len()..name.trim_end_matches(' ').len();
    for (start, cluster) in name.grapheme_indices(true) {
        let is_itself = is_nfc(cluster) && clean(cluster, Charset::Unicode, usize::MAX).0 == cluster;
        for (at, c) in cluster.char_indices().map(|(at, c)| (start + at, c)) {
            let plain = matches!(c, '!'..='~') || c == ' ' && inner.contains(&at);
            if !plain && (!is_itself || is_blank(c) || is_compatible(c)) {
                hidden.insert(at);
            }
        }
    }
    for (start, word) in words(name) {
        let alike = word.char_indices().filter(|(_, c)| is_like_another(*c, word));
        hidden.extend(alike.map(|(at, _)| start + at));
    }
    hidden
}

/// The runs of letters, digits and marks, and what stands between them.
fn words(name: &str) -> impl Iterator<Item = (usize, &str)> {
    name.split_word_bound_indices()
}

/// Whether it looks like ASCII, or like the sign that belongs there, and nothing around it shows that it is not.
fn is_like_another(c: char, word: &str) -> bool {
    let in_latin = || word.contains(|c: char| c.is_ascii_alphabetic());
    match c {
        MICRO => return !in_latin(),
        MU => return in_latin(),
        _ => {}
    }
    if !is_like_ascii(c) || TOLD_APART.contains(&c) {
        return false;
    }
    let script = c.script();
    let of_its_own = !matches!(script, Script::Latin | Script::Common | Script::Inherited);
    let seen = || word.chars().any(|other| other.script() == script && !is_like_ascii(other));
    !(of_its_own && !in_latin() && seen())
}

/// Whether Unicode knows ASCII that looks like it.
fn is_like_ascii(c: char) -> bool {
    !c.is_ascii() && skeleton(c.encode_utf8(&mut [0; 4])).all(|c| c.is_ascii())
}

/// Whether it takes room in which nothing is seen.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == BLANK
}

/// Whether it is another form of a letter, as wide as that: `ϕ` of `φ`, `ﬁ` of `fi`.
fn is_compatible(c: char) -> bool {
    if c.is_ascii() || c == MICRO || !c.is_alphabetic() {
        return false;
    }
    let mut form = c.nfkc();
    let first = form.next();
    first != Some(c) && (form.next().is_some() || first.and_then(UnicodeWidthChar::width) == c.width())
}

/// Whether, behind a backslash, this would read as one of our escapes.
fn is_like_escape(text: &str) -> bool {
    let digits = match text.as_bytes().first() {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        _ => return false,
    };
    let rest = text.as_bytes().get(1..=digits);
    rest.is_some_and(|rest| rest.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clean::Clean;

    /// The name that was shown as this: what makes sure that no other is.
    fn read(shown: &str) -> String {
        let chars: Vec<char> = shown.chars().collect();
        let mut out = String::new();
        let mut at = 0;
        while at < chars.len() {
            let run = chars[at..].iter().take_while(|c| **c == '\\').count();
            let rest: String = chars[at + run..].iter().collect();
            let next = chars.get(at + run).copied();
            let escape = is_like_escape(&rest);
            if run > 0 && (escape || next.is_some_and(|c| !c.is_ascii())) {
                out.extend(std::iter::repeat_n('\\', run / 2));
                at += run;
                if run % 2 == 1 {
                    assert!(escape, "{shown:?}");
                    let digits = match chars[at] {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let hex: String = chars[at + 1..=at + digits].iter().collect();
                    out.push(char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap());
                    at += digits + 1;
                }
                continue;
            }
            out.extend(std::iter::repeat_n('\\', run));
            at += run;
            out.extend(next);
            at += 1;
        }
        out
    }

    #[test]
    fn what_is_plainly_some_writing_stays_as_it_is() {
        for name in [
            "MeasureT1",
            "qubit 1",
            "C:\\new\\data",
            "Zeit über alles",
            "Größe_β",
            "α",
            "γ1",
            "σ_z",
            "kΩ",
            "Ω",
            "φ",
            "Δφ",
            "µs",
            "10 µA",
            "μ",
            "Åström",
            "naïve",
            "測定",
            "データ",
            "カタカナ",
            "ﾃｽﾄ",
            "量子ビット1",
            "한국어",
            "Проверка",
            "μάθημα",
            "ผลการวัด",
            "परिणाम",
            "תוצאה",
            "نتيجة",
            "T₁",
            "x²",
            "5 °C",
            "🔬",
        ] {
            assert_eq!(exact(name), name);
        }
    }

    #[test]
    fn what_looks_like_another_name_is_written_out() {
        for (name, shown) in [
            ("M\u{435}asure", "M\\u0435asure"),
            ("\u{41c}\u{435}asure", "\\u041c\\u0435asure"),
            ("\u{430}", "\\u0430"),
            ("\u{441}\u{43e}\u{440}\u{443}", "\\u0441\\u043e\\u0440\\u0443"),
            ("Проверк\u{61}", "П\\u0440\\u043eв\\u0435\\u0440кa"),
            ("\u{39c}easure", "\\u039ceasure"),
            ("\u{3bd}", "\\u03bd"),
            ("\u{ff2d}\u{ff31}", "\\uff2d\\uff31"),
            ("\u{1d40c}", "\\U0001d40c"),
            ("F\u{131}t", "F\\u0131t"),
            ("T1\u{2013}long", "T1\\u2013long"),
            ("a\u{a0}b", "a\\xa0b"),
            ("a\u{2003}b", "a\\u2003b"),
            ("a\u{3000}b", "a\\u3000b"),
            ("a\u{2800}", "a\\u2800"),
            (" a", "\\x20a"),
            ("a  ", "a\\x20\\x20"),
            ("  ", "\\x20\\x20"),
            ("a\tb\n", "a\\x09b\\x0a"),
            ("e\u{301}", "e\\u0301"),
            ("\u{212b}", "\\u212b"),
            ("\u{2126}", "\\u2126"),
            ("\u{b5}", "\\xb5"),
            ("\u{3bc}s", "\\u03bcs"),
            ("a\u{fe0f}", "a\\ufe0f"),
            ("\u{2764}\u{fe0f}", "\\u2764\\ufe0f"),
            ("\u{1f1f3}\u{1f1f1}", "\\U0001f1f3\\U0001f1f1"),
            ("a\u{200b}\u{202e}", "a\\u200b\\u202e"),
            ("\\u0430", "\\\\u0430"),
            ("\\\u{430}", "\\\\\\u0430"),
            ("\\é", "\\\\é"),
        ] {
            assert_eq!(exact(name), shown, "{name:?}");
        }
    }

    #[test]
    fn of_a_display_name_the_values_stay_as_they_are() {
        assert_eq!(exact_head("M\u{435}asure: text='– а\\n'"), "M\\u0435asure: text='– а\\n'");
        assert_eq!(exact_head("Wait: text='– а'"), "Wait: text='– а'");
    }

    /// Names that are hard to tell apart: letters and what looks like them, invisible signs, backslashes.
    fn name() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            proptest::sample::select(vec![
                "a",
                "\u{430}",
                "\u{251}",
                "\u{ff41}",
                "\u{1d41a}",
                "M",
                "\u{41c}",
                "\u{39c}",
                "o",
                "\u{3bf}",
                "\u{43e}",
                "п",
                "Ω",
                "\u{2126}",
                "\u{b5}",
                "\u{3bc}",
                "s",
                "é",
                "e",
                "\u{301}",
                "\u{327}",
                " ",
                "\u{a0}",
                "\u{2003}",
                "\u{3000}",
                "\t",
                "-",
                "\u{2010}",
                "\u{2013}",
                "\u{2212}",
                "\u{200b}",
                "\u{200d}",
                "\u{fe0f}",
                "❤",
                "👩",
                "\u{ff76}",
                "\u{ff9e}",
                "が",
                "か",
                "\u{3099}",
                "\\",
                "u0430",
                "x20",
                "U0001f600",
                "\u{202e}",
                "ש",
                "ם",
                "\u{ad}",
                "\u{1160}",
                "\u{e000}",
                "\u{1f1f3}",
                "\u{202d}",
                "\u{2800}",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn two_names_are_never_shown_as_the_same_cells(one in name(), two in name()) {
            let (a, b) = (exact(&one), exact(&two));
            prop_assert_eq!(read(&a), one.as_str());
            for charset in [Charset::Unicode, Charset::Ascii] {
                let (a, b) = (Clean::line(&a, charset), Clean::line(&b, charset));
                prop_assert_eq!(a == b, one == two);
                // And nothing is blank at the edges, where nobody would see it.
                prop_assert_eq!(a.as_str().trim(), a.as_str());
            }
            // Nothing is left for others to escape.
            prop_assert_eq!(Clean::line(&a, Charset::Unicode).into_string(), a);
        }

        /// What Unicode's whole table says looks like ASCII.
        #[test]
        fn no_name_looks_like_one_in_ascii(one in name()) {
            let shown = exact(&one);
            let alike: String = skeleton(&shown).collect();
            let told = shown.contains(TOLD_APART) || shown.contains('\\');
            prop_assert!(one.is_ascii() || told || !alike.is_ascii(), "{} looks like {}", shown, alike);
        }
    }
}
