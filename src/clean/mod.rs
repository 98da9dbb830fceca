//! Text from outside on its way to a widget: the one function that makes it harmless.
//!
//! A [`Clean`] holds no control character, no bidi control and nothing that cannot be seen, and its width is
//! the number of columns that it takes in ratatui's buffer and on the terminal alike. Widgets take nothing else.
//! It is for looking at: copying, saving and `--json` take the original.
//!
//! What is shown instead, so that nothing disappears unseen:
//!
//! | in the text | Unicode | ASCII |
//! |---|---|---|
//! | tab | four spaces | four spaces |
//! | line feed, carriage return, ESC, NUL … | `⏎` `␍` `␛` `␀` … | `\n` `\r` `\x1b` `\x00` … |
//! | C1 controls | `\x9b` | `\x9b` |
//! | bidi and other format controls, zero width, BOM, tags, private use, noncharacters | `\u202e` | `\u202e` |
//! | combining marks | as they are, at most four on one character, on `◌` if they have none | escaped |
//! | all else that is not ASCII | as it is | `\xe9` `\u91cf` `\U0001f52c` |
//!
//! Terminals disagree on how wide joined emoji are, so no character here joins its neighbours. In Unicode, what
//! only shapes a symbol or letter before it (joiners, variation selectors, skin tones) is left out, and flags
//! become their two letters: a scientist (woman, joiner, microscope) is shown as `👩🔬`, and each sign takes the
//! columns that all agree on. A group whose width is still in doubt is shown as escapes.
//!
//! Names (services, types, ids, choices) go through [`exact()`] first, which shows two different ones differently.

mod charset;
mod exact;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

pub use charset::Charset;
pub use exact::{exact, exact_head};

/// Spaces for one tab. Not tab stops: a text must look the same wherever it is put.
const TAB: &str = "    ";
/// More combining marks than this on one character are not writing; the rest is shown as one `◌`.
const MARKS: usize = 4;
/// Indic syllables reach three columns; one cluster that is wider than this could not be wrapped or cut.
const CLUSTER: usize = 4;
/// What carries a combining mark that stands alone.
const CARRIER: char = '\u{25cc}';

/// One line of text that is safe to put on the screen. See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clean {
    text: Cow<'static, str>,
    width: usize,
}

/// How much of a text [`Clean::block`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Lines at most.
    pub lines: usize,
    /// Columns of each line at most; longer ones end with an ellipsis.
    pub columns: usize,
}

/// The beginning of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Its first lines.
    pub lines: Vec<Clean>,
    /// Bytes of the original after those lines; 0: all of it is here.
    pub rest: usize,
}

/// As much of a text as can be seen in so many columns, however long it is. What is left out of a line (joiners, marks on
/// marks) finds room in it, and must not make it long.
pub fn start(text: &str, columns: usize) -> &str {
    let most = columns.saturating_mul(16).saturating_add(64);
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}

impl Clean {
    /// One of our own words. It is cleaned too (for Unicode) if it should need it.
    pub fn from_static(text: &'static str) -> Clean {
        if is_plain(text) {
            return Clean { text: Cow::Borrowed(text), width: text.len() };
        }
        let clean = Clean::line(text, Charset::Unicode);
        if clean.text == text { Clean { text: Cow::Borrowed(text), width: clean.width } } else { clean }
    }

    /// A whole text as one line; line breaks become marks.
    pub fn line(text: &str, charset: Charset) -> Clean {
        if is_plain(text) {
            return Clean { text: Cow::Owned(text.to_owned()), width: text.len() };
        }
        let (text, width) = clean(text, charset, usize::MAX);
        Clean { text: Cow::Owned(text), width }
    }

    /// As [`Clean::line`], without copying when there is nothing to clean.
    pub fn owned(text: String, charset: Charset) -> Clean {
        if is_plain(&text) {
            let width = text.len();
            return Clean { text: Cow::Owned(text), width };
        }
        Clean::line(&text, charset)
    }

    /// As much of a text as fills `width` columns, with an ellipsis if there is more. Reads only as much of the
    /// text as it needs, however long it is.
    pub fn head(text: &str, charset: Charset, width: usize) -> Clean {
        if text.len() <= width {
            return Clean::line(text, charset).truncate(width, charset);
        }
        let begin = start(text, width);
        let (out, columns) = clean(begin, charset, width);
        let mut head = Clean { text: Cow::Owned(out), width: columns };
        if begin.len() < text.len() {
            // The text goes on: make sure that the ellipsis says so.
            head = head.pad(width.saturating_add(1));
        }
        head.truncate(width, charset)
    }

    /// All lines of a text; CR LF is one break. A break at the end makes no empty line.
    pub fn lines(text: &str, charset: Charset) -> Vec<Clean> {
        text.lines().map(|line| Clean::line(line, charset)).collect()
    }

    /// The first lines of a text, each of them bounded.
    pub fn block(text: &str, charset: Charset, limit: Limit) -> Block {
        let mut lines = Vec::new();
        let mut rest = text;
        while !rest.is_empty() && lines.len() < limit.lines {
            let (line, next) = match memchr::memchr(b'\n', rest.as_bytes()) {
                Some(at) => (rest[..at].strip_suffix('\r').unwrap_or(&rest[..at]), &rest[at + 1..]),
                None => (rest, ""),
            };
            lines.push(Clean::head(line, charset, limit.columns));
            rest = next;
        }
        Block { lines, rest: rest.len() }
    }

    /// `count` spaces.
    pub fn spaces(count: usize) -> Clean {
        Clean { text: Cow::Owned(" ".repeat(count)), width: count }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text, taken out.
    pub fn into_string(self) -> String {
        self.text.into_owned()
    }

    /// Columns on the screen: what `Buffer::set_stringn` uses for it.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether it takes no column.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// At most `width` columns; if something is left out, the last one is an ellipsis.
    pub fn truncate(&self, width: usize, charset: Charset) -> Clean {
        if self.width <= width {
            return self.clone();
        }
        let Some(room) = width.checked_sub(1) else { return Clean::default() };
        let (end, columns) = self.prefix(room);
        let mut text = String::with_capacity(end + 3);
        text.push_str(&self.text[..end]);
        text.push(match charset {
            Charset::Unicode => '…',
            Charset::Ascii => '~',
        });
        Clean { text: Cow::Owned(text), width: columns + 1 }
    }

    /// Without its first `columns` columns. Half of a wide character becomes a space.
    pub fn skip(&self, columns: usize) -> Clean {
        if columns == 0 {
            return self.clone();
        }
        let (start, before) = self.prefix(columns);
        let rest = &self.text[start..];
        if before == columns || rest.is_empty() {
            return Clean { text: Cow::Owned(rest.to_owned()), width: self.width - before };
        }
        let cut = rest.graphemes(true).next().unwrap_or_default();
        let left = (before + columns_of(cut)).saturating_sub(columns);
        let width = self.width - before - columns_of(cut) + left;
        Clean { text: Cow::Owned(format!("{}{}", " ".repeat(left), &rest[cut.len()..])), width }
    }

    /// Spaces after it, up to `width` columns; longer texts stay as they are.
    pub fn pad(&self, width: usize) -> Clean {
        self.padded(0, width.saturating_sub(self.width))
    }

    /// Spaces before it, up to `width` columns (numbers stand to the right).
    pub fn pad_start(&self, width: usize) -> Clean {
        self.padded(width.saturating_sub(self.width), 0)
    }

    /// Exactly `width` columns: cut with an ellipsis, or filled with spaces.
    pub fn fit(&self, width: usize, charset: Charset) -> Clean {
        self.truncate(width, charset).pad(width)
    }

    /// The text in lines of at most `width` columns (at least 1), broken at spaces where there are any. Nothing is
    /// left out, except that a character that is wider than the line becomes `?`.
    pub fn wrap(&self, width: usize) -> Vec<Clean> {
        let width = width.max(1);
        if self.width <= width {
            return vec![self.clone()];
        }
        let mut lines = Vec::new();
        let mut line = String::new();
        let mut columns = 0;
        // Where the line can be broken: after its last space, as bytes and columns.
        let mut space = (0, 0);
        for grapheme in self.text.graphemes(true) {
            let (grapheme, size) = match columns_of(grapheme) {
                size if size > width => ("?", 1),
                size => (grapheme, size),
            };
            while columns + size > width {
                let (at, before) = if space.0 > 0 { space } else { (line.len(), columns) };
                let rest = line.split_off(at);
                lines.push(Clean { text: Cow::Owned(std::mem::replace(&mut line, rest)), width: before });
                columns -= before;
                space = (0, 0);
            }
            line.push_str(grapheme);
            columns += size;
            if grapheme == " " {
                space = (line.len(), columns);
            }
        }
        lines.push(Clean { text: Cow::Owned(line), width: columns });
        lines
    }

    /// The text in pieces of at most `width` columns (at least 1), the first of at most `first`, cut wherever one is
    /// full. Nothing is left out, except that a character that is wider than a whole piece becomes `?`. The first
    /// piece is empty where nothing fits into it.
    pub fn chop(&self, first: usize, width: usize) -> Vec<Clean> {
        let width = width.max(1);
        let mut pieces = Vec::new();
        let mut piece = Clean::default();
        let mut room = first;
        for grapheme in self.text.graphemes(true) {
            let (grapheme, size) = match columns_of(grapheme) {
                size if size > width => ("?", 1),
                size => (grapheme, size),
            };
            if size > room {
                pieces.push(std::mem::take(&mut piece));
                room = width;
            }
            piece.text.to_mut().push_str(grapheme);
            piece.width += size;
            room -= size;
        }
        pieces.push(piece);
        pieces
    }

    /// Adds another text at the end.
    pub fn push(&mut self, other: &Clean) {
        self.text.to_mut().push_str(&other.text);
        self.width += other.width;
    }

    /// Several texts one after another.
    pub fn concat<'a>(parts: impl IntoIterator<Item = &'a Clean>) -> Clean {
        let mut whole = Clean::default();
        for part in parts {
            whole.push(part);
        }
        whole
    }

    fn padded(&self, before: usize, after: usize) -> Clean {
        if before + after == 0 {
            return self.clone();
        }
        let text = format!("{}{}{}", " ".repeat(before), self.text, " ".repeat(after));
        Clean { text: Cow::Owned(text), width: before + self.width + after }
    }

    /// The longest beginning of at most `width` columns: its bytes and its columns.
    fn prefix(&self, width: usize) -> (usize, usize) {
        if self.text.is_ascii() {
            // Plain ASCII: one byte a column.
            let end = width.min(self.width);
            return (end, end);
        }
        let mut columns = 0;
        for (at, grapheme) in self.text.grapheme_indices(true) {
            let next = columns + columns_of(grapheme);
            if next > width {
                return (at, columns);
            }
            columns = next;
        }
        (self.text.len(), columns)
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for Clean {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// Whether a text is printable ASCII only: clean as it is, one column a byte.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The columns of one grapheme, as ratatui's buffer counts them.
fn columns_of(grapheme: &str) -> usize {
    usize::from(grapheme.cell_width())
}

/// The cleaned text and its columns. Stops soon after `width` columns are passed, so what comes back is either all
/// of the text or wider than `width`.
fn clean(text: &str, charset: Charset, width: usize) -> (String, usize) {
    let mut shown = Shown { out: String::with_capacity(text.len().min(4096)), ..Shown::default() };
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match charset {
            Charset::Unicode => shown.unicode(c, chars.peek() == Some(&KEYCAP)),
            Charset::Ascii => shown.ascii(c),
        }
        if shown.columns > width {
            break;
        }
    }
    match charset {
        Charset::Unicode => settle(shown.out),
        Charset::Ascii => (shown.out, shown.columns),
    }
}

/// The first pass: character by character, what stands for it.
#[derive(Default)]
struct Shown {
    out: String,
    /// The sum of the characters' widths.
    columns: usize,
    carry: Carry,
    /// The character before is of a kind that joiners and selectors shape.
    shaped: bool,
}

/// Whether the character before can carry combining marks.
#[derive(Clone, Copy, Default)]
enum Carry {
    /// Nothing there, or something of ours.
    #[default]
    None,
    /// So many more.
    Left(usize),
    /// It had more than enough, and says so.
    Full,
}

impl Shown {
    fn ascii(&mut self, c: char) {
        match c {
            ' '..='~' => self.out.push(c),
            '\t' => self.out.push_str(TAB),
            '\n' => self.out.push_str("\\n"),
            '\r' => self.out.push_str("\\r"),
            _ => escape(&mut self.out, c),
        }
        self.columns = self.out.len();
    }

    fn unicode(&mut self, c: char, before_keycap: bool) {
        match c {
            '\t' => {
                self.out.push_str(TAB);
                self.ours(TAB.len());
            }
            '\n' => self.mark_of_control('\u{23ce}'),
            '\0'..='\x1f' => self.mark_of_control(char::from_u32(0x2400 + u32::from(c)).unwrap_or('?')),
            '\x7f' => self.mark_of_control('\u{2421}'),
            _ if is_shaping(c) && (self.shaped || before_keycap) => {}
            _ if is_shaping(c) || is_hidden(c) => {
                let start = self.out.len();
                escape(&mut self.out, c);
                self.ours(self.out.len() - start);
            }
            REGIONAL_A..=REGIONAL_Z => {
                let letter = char::from_u32(u32::from(c) - u32::from(REGIONAL_A) + u32::from('A'));
                self.out.push(letter.unwrap_or('?'));
                self.ours(1);
            }
            // ratatui counts these one column too many (with unicode-width 0.2.3); the full-width ones are sure.
            '\u{ff9e}' => self.wide_mark('\u{309b}'),
            '\u{ff9f}' => self.wide_mark('\u{309c}'),
            _ => match c.width() {
                Some(0) | None => self.combining(c),
                Some(columns) => {
                    self.out.push(c);
                    self.columns += columns;
                    self.carry = Carry::Left(MARKS);
                    self.shaped = c >= FIRST_SHAPED;
                }
            },
        }
    }

    fn mark_of_control(&mut self, mark: char) {
        self.out.push(mark);
        self.ours(1);
    }

    fn wide_mark(&mut self, mark: char) {
        self.out.push(mark);
        self.ours(2);
    }

    /// What was written is ours: nothing may join it.
    fn ours(&mut self, columns: usize) {
        self.columns += columns;
        self.carry = Carry::None;
        self.shaped = false;
    }

    fn combining(&mut self, c: char) {
        self.carry = match self.carry {
            Carry::None => {
                self.out.extend([CARRIER, c]);
                self.columns += 1;
                Carry::Left(MARKS - 1)
            }
            Carry::Left(0) => {
                self.out.push(CARRIER);
                self.columns += 1;
                Carry::Full
            }
            Carry::Left(left) => {
                self.out.push(c);
                Carry::Left(left - 1)
            }
            Carry::Full => Carry::Full,
        };
    }
}

/// The second pass: a cluster whose width is not the sum of its characters' is where terminals disagree. All but its
/// first character become escapes, and nothing is left that could join.
fn settle(shown: String) -> (String, usize) {
    let mut columns = 0;
    let mut settled: Option<String> = None;
    for (at, cluster) in shown.grapheme_indices(true) {
        let width = columns_of(cluster);
        let sum: usize = cluster.chars().map(|c| c.width().unwrap_or(0)).sum();
        if width == sum && (1..=CLUSTER).contains(&width) {
            columns += width;
            if let Some(out) = &mut settled {
                out.push_str(cluster);
            }
            continue;
        }
        let out = settled.get_or_insert_with(|| shown[..at].to_owned());
        for (index, c) in cluster.chars().enumerate() {
            let width = c.width().unwrap_or(0);
            if index == 0 && width > 0 && width == columns_of(c.encode_utf8(&mut [0; 4])) {
                out.push(c);
                columns += width;
            } else {
                let before = out.len();
                escape(out, c);
                columns += out.len() - before;
            }
        }
    }
    (settled.unwrap_or(shown), columns)
}

const KEYCAP: char = '\u{20e3}';
const REGIONAL_A: char = '\u{1f1e6}';
const REGIONAL_Z: char = '\u{1f1ff}';
/// From Hebrew on, joiners and selectors belong to writing and to symbols; in Latin, Greek or Cyrillic text they
/// only hide.
const FIRST_SHAPED: char = '\u{590}';

/// Whether a character only changes how the one before it looks: joiners, variation selectors, skin tones.
fn is_shaping(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Whether a character is not seen, or changes the order of what is seen, or means nothing outside one program:
/// controls, Unicode's format characters and default ignorables, line separators, private use, noncharacters.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17a4}' | '\u{17b4}'..='\u{17b5}' | '\u{17d8}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}')
}

/// Whether a terminal may do more with a character than show it, or shows nothing of it.
pub fn acts(c: char) -> bool {
    is_shaping(c) || is_hidden(c)
}

/// The character as Python's `repr` would write it.
pub fn escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let escaped = match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    };
    out.push_str(&escaped);
}
