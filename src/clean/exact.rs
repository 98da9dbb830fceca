//! Names shown so that two different ones never look the same.
//!
//! A [`Clean`](super::Clean) shows what a text says. Of a *name* (a service, a task type, an id, a choice) a person has to
//! see which one it is, and Unicode has many ways of writing what looks like another: `Меasure` with two Cyrillic
//! letters, a space that is none, an accent that stands apart, a sign that nobody sees. [`exact`] writes those out as
//! Python would, and leaves readable what is plainly the writing of some language or the sign of a unit.
//!
//! What it writes can be read back: two names that differ, in whatever way, differ on the screen. Words of two writings
//! that look the same (Greek `Φ` and Cyrillic `Ф`, `ロ` and `口`) are told apart too, see [`Writing`]; letters of one
//! writing that look alike are not, nor rare writings among each other.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::{Charset, clean, escape, is_plain};

/// Greek letters that Unicode calls like others, and that every font of a terminal tells from them. Physics needs them.
const TOLD_APART: [char; 7] = ['α', 'γ', 'σ', 'β', 'η', 'π', 'τ'];
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
    hidden.extend(of_two_writings(name));
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

/// The writings whose letters are taken for each other's. A word that could be one of several of them (`КОТ` in Latin or
/// Cyrillic, `ロータ` in Han or Katakana) is shown as it is in one of them, and written out in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Latin,
    Greek,
    Cyrillic,
    Han,
    Hiragana,
    Katakana,
    Other(Script),
}

impl Writing {
    /// Of a letter; `None`: it is none.
    fn of(c: char) -> Option<Writing> {
        if !c.is_alphabetic() {
            return None;
        }
        Some(match c.script() {
            // What no language of today writes is not what one takes a letter for.
            Script::Latin if c <= '\u{17f}' && !matches!(c, 'ŋ' | 'ĸ') => Writing::Latin,
            Script::Greek => Writing::Greek,
            Script::Cyrillic => Writing::Cyrillic,
            Script::Han => Writing::Han,
            Script::Hiragana => Writing::Hiragana,
            Script::Katakana => Writing::Katakana,
            _ if c == LONG => Writing::Katakana,
            // Such as `µ`.
            Script::Common | Script::Inherited => return None,
            other => Writing::Other(other),
        })
    }

    /// Whether letters of this writing, in a word, are rather taken for letters of another. What is short is rather a sign
    /// of physics or a number; what is longer, and could be a word, rather is one.
    fn is_taken_for_another(self, letters: &[(usize, char)], word: &[Run]) -> bool {
        use Writing::{Cyrillic, Greek, Han, Hiragana, Katakana, Latin, Other};
        let all_could_be = |some| word.iter().all(|(_, letters)| could_be(letters, some));
        let length: usize = word.iter().map(|(_, letters)| letters.len()).sum();
        let (several, short) = (length > 1, length < 3);
        let alone = letters.len() == 1;
        match self {
            Latin => false,
            Greek => {
                // `ΔT` and `kΩ` are two parts; Greek with a letter of Latin in its middle is none.
                let parts = word.len() > 2 && all_could_be(&[Greek]);
                parts || could_be(letters, &[Latin]) || !short && all_could_be(&[Cyrillic])
            }
            Cyrillic => could_be(letters, &[Latin]) || short && could_be(letters, &[Latin, Greek]),
            Han | Hiragana if several && all_could_be(&[Katakana]) => true,
            Han => !alone && could_be(letters, &[Katakana, Hiragana]),
            Hiragana => !alone && could_be(letters, &[Katakana]),
            Katakana => alone && could_be(letters, &[Han, Hiragana]),
            Other(_) => could_be(letters, &[Latin, Greek, Cyrillic, Han, Hiragana, Katakana]),
        }
    }

    /// Whether the two stand in one word in ordinary names.
    fn goes_with(self, other: Writing) -> bool {
        use Writing::{Greek, Han, Hiragana, Katakana, Latin};
        let both = |some: &[Writing]| some.contains(&self) && some.contains(&other);
        self == other || both(&[Latin, Greek]) || both(&[Han, Hiragana, Katakana])
    }
}

/// Makes a vowel of Katakana long.
const LONG: char = 'ー';

/// By what a letter looks like: in which writings there is such a letter.
static ALIKE: LazyLock<HashMap<String, Vec<Writing>>> = LazyLock::new(|| {
    let mut alike: HashMap<String, Vec<Writing>> = HashMap::new();
    let mut add = |look: String, writing| {
        let writings = alike.entry(look).or_default();
        if !writings.contains(&writing) {
            writings.push(writing);
        }
    };
    let latin = ('A'..='z').chain('\u{c0}'..='\u{17f}');
    let others = ('\u{370}'..='\u{52f}').chain('\u{1f00}'..='\u{1fff}');
    for c in latin.chain(others).filter(|c| !TOLD_APART.contains(c)) {
        let Some(writing @ (Writing::Latin | Writing::Greek | Writing::Cyrillic)) = Writing::of(c) else {
            continue;
        };
        add(look(c), writing);
    }
    for c in '\u{3041}'..='\u{30ff}' {
        let Some(writing @ (Writing::Hiragana | Writing::Katakana)) = Writing::of(c) else { continue };
        add(look(c), writing);
        // Of Han only those are of interest that look like these.
        if look(c).chars().all(|c| c.script() == Script::Han) {
            add(look(c), Writing::Han);
        }
    }
    // Unicode's table has this one the other way round.
    add(look('一'), Writing::Han);
    alike
});

/// What a letter looks like, as all that look so do.
fn look(c: char) -> String {
    skeleton(c.encode_utf8(&mut [0; 4])).collect()
}

/// The writings that have a letter which looks like this.
fn alike(c: char) -> &'static [Writing] {
    match TOLD_APART.contains(&c) {
        true => &[],
        false => ALIKE.get(&look(c)).map_or(&[], Vec::as_slice),
    }
}

/// Letters of one writing beside each other, with their places.
type Run = (Writing, Vec<(usize, char)>);

/// Whether all of these could be letters of one of some writings.
fn could_be(letters: &[(usize, char)], some: &[Writing]) -> bool {
    let is = |c: char| Writing::of(c).is_some_and(|writing| some.contains(&writing));
    letters.iter().all(|(_, c)| is(*c) || alike(*c).iter().any(|writing| some.contains(writing)))
}

/// Where the letters stand that are to be written out, because their word could be one of another writing, or they could
/// belong to what stands beside them.
fn of_two_writings(name: &str) -> Vec<usize> {
    let mut hidden = Vec::new();
    let mut word: Vec<Run> = Vec::new();
    for (place, c) in name.char_indices() {
        match (Writing::of(c), word.last_mut()) {
            // A mark on a letter.
            (None, _) if c.script() == Script::Inherited => {}
            (None, _) => hide_in(&std::mem::take(&mut word), &mut hidden),
            (Some(writing), Some((last, letters))) if *last == writing => letters.push((place, c)),
            (Some(writing), _) => word.push((writing, vec![(place, c)])),
        }
    }
    hide_in(&word, &mut hidden);
    // ASCII is what it looks like.
    hidden.retain(|place| !name[*place..].starts_with(|c: char| c.is_ascii()));
    hidden
}

fn hide_in(word: &[Run], hidden: &mut Vec<usize>) {
    let mixed = word.iter().any(|(one, _)| word.iter().any(|(two, _)| !one.goes_with(*two)));
    for (at, (writing, letters)) in word.iter().enumerate() {
        let in_doubt = |c: char| alike(c).iter().any(|other| other != writing);
        // A word of two that do not go together, and could be one of this.
        let foreign = mixed && word.iter().all(|(_, letters)| could_be(letters, &[*writing]));
        let taken = foreign || writing.is_taken_for_another(letters, word);
        let written = letters.iter().filter(|(_, c)| taken || mixed && in_doubt(*c));
        hidden.extend(written.map(|(place, _)| *place));
        // At the border to another writing, from each side those that could be of that one. Of Katakana that cannot all be
        // Han the letter of Han beside it is written out.
        let unsure = |(_, c): &(usize, char), other: Writing, beside: &[(usize, char)]| {
            let is_clear = *writing == Writing::Katakana && !could_be(letters, &[other]);
            let kana = *writing == Writing::Hiragana && could_be(beside, &[Writing::Katakana]);
            !is_clear && alike(*c).iter().any(|one| *one == other || kana && *one == Writing::Katakana)
        };
        let before = at.checked_sub(1).and_then(|at| word.get(at));
        let before = before.and_then(|(other, letters)| Some((*other, letters.last_chunk::<1>()?)));
        let after = word.get(at + 1);
        let after = after.and_then(|(other, letters)| Some((*other, letters.first_chunk::<1>()?)));
        for (letter, beside) in [(letters.first(), before), (letters.last(), after)] {
            if let (Some(letter), Some((other, beside))) = (letter, beside)
                && unsure(letter, other, beside)
            {
                hidden.push(letter.0);
            }
        }
        // Greek beside Latin could be more of that, and Greek alone could begin or end with it.
        if *writing == Writing::Greek {
            let latin = |(_, c): &&(usize, char)| word.len() > 1 || alike(*c).contains(&Writing::Latin);
            let ends = letters.iter().take_while(latin).chain(letters.iter().rev().take_while(latin));
            let ends = ends.filter(|(_, c)| alike(*c).contains(&Writing::Latin));
            hidden.extend(ends.map(|(place, _)| *place));
        }
    }
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
    // A radical of Han is a sign, and looks like the letter.
    let is_letter = c.is_alphabetic() || c.script() == Script::Han;
    if c.is_ascii() || c == MICRO || !is_letter {
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
            "Φ",
            "Φ_0",
            "ΦA",
            "ΔT",
            "ΔMAX",
            "ΔxΔp",
            "ΛΟΓΟΣ",
            "κT",
            "Φ1",
            "ωt",
            "ηx",
            "βx",
            "πpulse",
            "Γ↑",
            "θ_φ",
            "Δx·Δp",
            "поток",
            "тест 1",
            "Фаза",
            "ПОТОК",
            "ёлка",
            "ψυχή",
            "λόγος",
            "二",
            "測定二",
            "第二測定",
            "工程",
            "入力",
            "口",
            "ロータ",
            "カメラ",
            "トランスモン",
            "ニオブ",
            "データ2",
            "測定データ",
            "é",
            "Zoë",
            "Ångström",
            "ŁÓDŹ",
            "ß",
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
            ("Проверк\u{61}", "\\u041f\\u0440\\u043e\\u0432\\u0435\\u0440\\u043aa"),
            // Cyrillic, as one letter and beside Greek; Greek that could be a word of Cyrillic.
            ("Ф", "\\u0424"),
            ("Ф_0", "\\u0424_0"),
            ("Φаза", "\\u03a6\\u0430\\u0437\\u0430"),
            ("ΠΟΤΟΚ", "\\u03a0\\u039f\\u03a4\\u039f\\u039a"),
            ("Zo\u{451}", "Zo\\u0451"),
            ("\u{451}", "\\u0451"),
            ("\u{3cc}", "\\u03cc"),
            ("Δ\u{3a4}", "Δ\\u03a4"),
            ("λόγo\u{3c2}", "\\u03bb\\u03cc\\u03b3o\\u03c2"),
            ("ФА", "\\u0424\\u0410"),
            ("\u{3a0}OTOK", "\\u03a0OTOK"),
            // Kana alone, Han as a word of kana, and each beside the other.
            ("ニ", "\\u30cb"),
            ("口一夕", "\\u53e3\\u4e00\\u5915"),
            ("測定ニ", "測定\\u30cb"),
            ("データ二", "データ\\u4e8c"),
            ("ヘリウム", "ヘリウム"),
            ("へ", "へ"),
            ("ヘ", "\\u30d8"),
            // A radical, a mathematical sign.
            ("\u{2f06}", "\\u2f06"),
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

    /// Letters of several writings that Unicode calls alike, and some that are like no other.
    const LOOK_ALIKES: &[char] = &[
        'Φ', 'Ф', 'Γ', 'Г', 'Π', 'П', 'Λ', 'Л', 'κ', 'к', 'φ', 'ф', 'Ψ', 'Ѱ', 'A', 'А', 'Α', 'o', 'о', 'ο',
        'é', 'έ', 'ë', 'ё', 'ü', 'ϋ', 'Δ', 'з', 'd', 'т', 'λ', '二', 'ニ', '口', 'ロ', '一', 'ー', '夕',
        'タ', '測', 'デ', 'へ', 'ヘ', 'の', '_', '1',
    ];

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

        /// What looks the same by Unicode's table is told apart, but for letters of one writing.
        #[test]
        fn no_word_looks_like_one_in_another_writing(
            letters in prop::collection::vec(prop::sample::select(LOOK_ALIKES), 1..6),
            other in prop::collection::vec(any::<u8>(), 6),
        ) {
            let one: String = letters.iter().collect();
            let two: String = letters.iter().zip(&other).map(|(c, nth)| {
                let same: Vec<char> = LOOK_ALIKES.iter().copied().filter(|other| look(*other) == look(*c)).collect();
                same[usize::from(*nth) % same.len()]
            }).collect();
            let [a, b] = [&one, &two].map(|name| skeleton(&exact(name)).collect::<String>());
            prop_assert!(one == two || a != b, "{} and {}: {a} {b}", exact(&one), exact(&two));
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
