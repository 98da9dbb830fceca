//! Python's tracebacks and pydantic's error lists as data.
//!
//! Pure. It loses nothing: every line of the text stands in exactly one place of the [`Report`], what is not
//! understood as plain lines; the raw text can always be shown instead. It refuses to interpret escape sequences
//! beyond dropping colour codes (SGR) that IPython puts into its tracebacks.
//!
//! Reading order: `known` (the exception that the reply names), `margin` (exception groups), `parse` (the chain and
//! its entries), `lines` (what a single line is); `library` and `pydantic` stand alone. Everything is linear in the
//! length of the text and recurses on nothing; groups nest at most [`MAX_DEPTH`] deep, what is deeper stays text.

mod cycle;
pub mod kernel;
mod known;
mod library;
mod lines;
mod margin;
mod marks;
mod parse;
pub mod pydantic;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, ops::Range, sync::Arc};

pub use cycle::Cycle;
pub use library::{Group, file_to_open, library};
pub use lines::without_colours;
pub use margin::MAX_DEPTH;

/// A traceback that was read: the chain of exceptions in the order of the text (causes first, the raised one last).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The text as it came. Empty for a member of a group: the report that holds it has the whole text.
    pub raw: Arc<str>,
    /// The exceptions; the last one is the one that was raised. Empty only if nothing but blanks came.
    pub sections: Vec<Section>,
}

/// How a section follows from the one before it in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The first one.
    First,
    /// *The above exception was the direct cause of the following exception*.
    Cause,
    /// *During handling of the above exception, another exception occurred*.
    Context,
}

/// One exception of the chain, or one member of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// How it follows from the one before.
    pub link: Link,
    /// The class, with its module where the text has it; empty if the text does not tell.
    pub name: String,
    /// The message, with its line breaks; `None`: the exception has none. Where the reply's `evalue` is not known
    /// (causes, members of groups), notes cannot be told from a message of several lines and stand here.
    pub message: Option<String>,
    /// Notes (PEP 678), each line as written.
    pub notes: Vec<String>,
    /// The stack, oldest first, as in the text.
    pub entries: Vec<Entry>,
    /// A group's members: each a chain of its own.
    pub members: Vec<Report>,
    /// Lines that belong here and are none of the above (`... and 11 more exceptions`, text before the traceback).
    pub extra: Vec<String>,
    /// Which lines of the whole text are its own, from 0: with the sentence before it and the members of a group. The
    /// sections of a chain follow one another without a gap.
    pub lines: Range<usize>,
}

/// One `File …, line …`, or what stands in for one.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A frame.
    Frame(Frame),
    /// `[Previous line repeated 993 more times]`.
    Repeated(u64),
    /// A line that is not understood.
    Odd(String),
}

/// A place in the code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// The file as written; a cell's name for IPython cells.
    pub file: String,
    /// The line; `None` where the text has none.
    pub line: Option<u64>,
    /// The function, with its arguments where IPython shows them; `None` for syntax errors and the like.
    pub function: Option<String>,
    /// The source lines shown, with their numbers where IPython gives them.
    pub source: Vec<SourceLine>,
    /// An IPython cell: there is no file to open.
    pub cell: bool,
    /// Which lines of the whole text are its own, from 0.
    pub lines: Range<usize>,
}

/// One line of source under a frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceLine {
    /// Its number, if the text tells.
    pub number: Option<u64>,
    /// Its text without the indentation that the traceback adds.
    pub text: String,
    /// The line that was being executed (IPython's arrow, or all the lines that Python shows).
    pub current: bool,
    /// The markers under it (`^^^^`, `~~^~~`), aligned with `text`; empty if none.
    pub marks: String,
}

impl Section {
    /// An exception of which nothing is known yet.
    pub(crate) fn new(link: Link) -> Section {
        Section {
            link,
            name: String::new(),
            message: None,
            notes: Vec::new(),
            entries: Vec::new(),
            members: Vec::new(),
            extra: Vec::new(),
            lines: 0..0,
        }
    }

    /// Its frames, oldest first.
    pub fn frames(&self) -> impl DoubleEndedIterator<Item = &Frame> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Frame(frame) => Some(frame),
            _ => None,
        })
    }

    /// Its frames that are nobody's library, oldest first.
    pub fn own_frames(&self) -> impl DoubleEndedIterator<Item = &Frame> {
        self.frames().filter(|frame| !library(&frame.file))
    }
}

impl Report {
    /// Reads a traceback of which nothing but the text is known.
    pub fn parse(raw: &str) -> Report {
        Report::read(raw, None, None)
    }

    /// Reads a traceback whose last exception's class (without module) and message are known from the reply. That
    /// tells a message apart that looks like a traceback itself, and notes apart from the message. They are taken only
    /// where the text has them in the right place; where the text does not name its last exception, they fill the gap.
    pub fn read(raw: &str, ename: Option<&str>, evalue: Option<&str>) -> Report {
        let plain = lines::without_colours(raw);
        let text = plain.strip_suffix('\n').unwrap_or(&plain);
        let known = known::Known::new(ename, evalue);
        let nodes = match known.find(text) {
            Some((at, tail)) => {
                let mut nodes = margin::nodes(&text[..at]);
                nodes[0].items.push(margin::Item::Tail(tail));
                nodes
            }
            None => {
                let mut nodes = margin::nodes(text);
                known.find_in_group(&mut nodes[0].items);
                nodes
            }
        };
        let count = text.split('\n').count();
        let mut report = parse::tree(nodes, count);
        let bare = report.sections.is_empty();
        known.fill(&mut report.sections);
        if bare && let Some(only) = report.sections.first_mut() {
            only.lines = 0..count;
        }
        report.raw = Arc::from(raw);
        report
    }

    /// The newest frame that is nobody's library: of the exception that was raised, else of the one before it, and so
    /// on. As section and entry numbers.
    pub fn newest_own_frame(&self) -> Option<(usize, usize)> {
        self.sections.iter().enumerate().rev().find_map(|(s, section)| {
            let own = |entry: &Entry| matches!(entry, Entry::Frame(frame) if !library(&frame.file));
            section.entries.iter().rposition(own).map(|e| (s, e))
        })
    }

    /// Lines of the text, letter for letter as they came.
    pub fn text(&self, lines: Range<usize>) -> &str {
        let mut ends =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', self.raw.as_bytes()).map(|at| at + 1));
        let count = lines.len();
        let Some(from) = ends.nth(lines.start) else { return "" };
        let to = count.checked_sub(1).map_or(Some(from), |more| ends.nth(more)).unwrap_or(self.raw.len());
        self.raw.get(from..to).unwrap_or_default()
    }

    /// Lines of the text without the codes that colour a whole traceback.
    pub fn plain_text(&self, lines: Range<usize>) -> String {
        let text = self.text(lines);
        match without_colours(&self.raw) {
            Cow::Owned(_) => lines::strip_sgr(text),
            Cow::Borrowed(_) => text.to_owned(),
        }
    }

    /// True if neither a frame nor a member of a group is there.
    pub fn is_bare(&self) -> bool {
        self.sections.iter().all(|section| section.entries.is_empty() && section.members.is_empty())
    }
}
