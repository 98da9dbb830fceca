//! What a single line of a traceback is. No line decides alone: `parse` asks only where such a line may stand.

use std::borrow::Cow;

use super::{Frame, Link, SourceLine};

/// The beginning of a stack.
pub(super) enum Header<'a> {
    /// Python's, of an exception or of a group.
    Python,
    /// IPython's, which names the class.
    IPython(&'a str),
}

/// `Traceback (most recent call last):` and its relatives.
pub(super) fn header(line: &str) -> Option<Header<'_>> {
    const PYTHON: &str = "Traceback (most recent call last):";
    if line == PYTHON || line.strip_prefix("Exception Group ") == Some(PYTHON) {
        return Some(Header::Python);
    }
    let name = line.trim_end().strip_suffix("Traceback (most recent call last)")?.trim_end();
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some(Header::IPython(name))
}

/// The sentence between two exceptions of a chain.
pub(super) fn link(line: &str) -> Option<Link> {
    match line {
        "The above exception was the direct cause of the following exception:" => Some(Link::Cause),
        "During handling of the above exception, another exception occurred:" => Some(Link::Context),
        _ => None,
    }
}

/// The rule of dashes above IPython's tracebacks.
pub(super) fn rule(line: &str) -> bool {
    line.len() >= 20 && line.bytes().all(|b| b == b'-')
}

/// `name: message` or a bare `name`, where the name could be a class (`asyncio.exceptions.CancelledError`).
pub(super) fn exception(line: &str) -> Option<(&str, Option<&str>)> {
    let (name, message) = match line.split_once(": ") {
        Some((name, message)) => (name, Some(message)),
        None => match line.strip_suffix(':') {
            Some(name) => (name, Some("")),
            None => (line, None),
        },
    };
    let first = name.chars().next()?;
    let ok = (first.is_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>'));
    ok.then_some((name, message))
}

/// The end of a frame's first line: `", line 3, in f` with what stands before it. The last such place counts, since a
/// file's name may hold anything.
fn place(line: &str) -> Option<(&str, Option<u64>, Option<&str>)> {
    const MARK: &str = "\", line ";
    let at = line.rfind(MARK)?;
    let (number, rest) = match line[at + MARK.len()..].strip_prefix("None") {
        Some(rest) => (None, rest),
        None => {
            let (number, rest) = number(&line[at + MARK.len()..])?;
            (Some(number), rest)
        }
    };
    let function = match rest {
        "" => None,
        rest => Some(rest.strip_prefix(", in ")?),
    };
    Some((&line[..at], number, function))
}

/// A frame as Python writes it, in the first line or, where a line break stands in the file's name, in a few lines:
/// `next` gives those that follow. With the number of lines used.
pub(super) fn python_frame<'a>(line: &str, next: impl Iterator<Item = &'a str>) -> Option<(Frame, usize)> {
    /// More line breaks in a file's name than anybody has: the search must end somewhere.
    const MOST: usize = 8;
    const START: &str = "  File \"";
    let start = line.strip_prefix(START)?;
    if let Some((file, number, function)) = place(start) {
        return Some((frame(file.to_owned(), number, function), 1));
    }
    let mut file = start.to_owned();
    for (i, line) in next.take(MOST).enumerate() {
        if line.starts_with(START) {
            return None;
        }
        file.push('\n');
        if let Some((rest, number, function)) = place(line) {
            file.push_str(rest);
            return Some((frame(file, number, function), i + 2));
        }
        file.push_str(line);
    }
    None
}

/// A frame as IPython writes it: `Cell In[3], line 1`, `Input In [3], in <cell line: 1>()`,
/// `File ~/x.py:12, in f(x)`, in its plain mode without the comma, and before version 8 `~/x.py in f(x)`.
pub(super) fn ipython_frame(line: &str) -> Option<Frame> {
    let line = line.trim_end();
    if line.starts_with("Cell In") || line.starts_with("Input In") {
        let (cell, rest) = line.split_at(line.find(']')? + 1);
        let (number, rest) = match rest.strip_prefix(", line ") {
            Some(rest) => number(rest).map(|(number, rest)| (Some(number), rest))?,
            None => (None, rest),
        };
        let function = match rest {
            "" => None,
            rest => Some(rest.strip_prefix(", in ").or(rest.strip_prefix(" in "))?),
        };
        let in_function =
            || number_of(function?.strip_prefix("<cell line: ")?.split_once('>').map(|(n, _)| n)?);
        let line = number.or_else(in_function);
        return Some(Frame { cell: true, ..frame(cell.to_owned(), line, function) });
    }
    if let Some(rest) = line.strip_prefix("File ") {
        let (place, function) = match rest.split_once(", in ").or_else(|| rest.split_once(" in ")) {
            Some((place, function)) => (place, Some(function)),
            None => (rest, None),
        };
        if let Some((file, line)) = place.rsplit_once(':')
            && let Some(line) = number_of(line)
            && !file.is_empty()
        {
            return Some(frame(file.to_owned(), Some(line), function));
        }
        return (function.is_some() && !place.is_empty()).then(|| frame(place.to_owned(), None, function));
    }
    let (file, function) = line.split_once(" in ")?;
    let old = file.ends_with(".py") || file.ends_with(".pyx") || file.starts_with("<ipython-input-");
    (old && !file.starts_with(' ')).then(|| frame(file.to_owned(), None, Some(function)))
}

fn frame(file: String, line: Option<u64>, function: Option<&str>) -> Frame {
    let cell = file.starts_with("<ipython-input-")
        || file.contains("/ipykernel_")
        || file.contains("\\ipykernel_")
        || file.starts_with("Cell In");
    Frame { file, line, function: function.map(str::to_owned), source: Vec::new(), cell, lines: 0..0 }
}

/// A source line of IPython's: `      2 code`, `----> 3 code`, its `(...)` for lines left out, a variable's value.
pub(super) fn numbered(line: &str) -> Option<SourceLine> {
    let rest = line.trim_start();
    let plain = |text: &str| Some(SourceLine { text: text.to_owned(), ..SourceLine::default() });
    if rest.starts_with("(...)") {
        return plain(rest);
    }
    if let Some(variable) = line.strip_prefix("        ") {
        return plain(variable);
    }
    let arrow = rest.trim_start_matches('-').strip_prefix('>').map(str::trim_start);
    let (number, rest) = number(arrow.unwrap_or(rest))?;
    let text = match rest {
        "" => "",
        rest => rest.strip_prefix(' ')?,
    };
    Some(SourceLine {
        number: Some(number),
        text: text.to_owned(),
        current: arrow.is_some(),
        marks: String::new(),
    })
}

/// Only markers (`^`, `~`) and blanks.
pub(super) fn marks(line: &str) -> bool {
    line.bytes().all(|b| matches!(b, b' ' | b'~' | b'^')) && !line.trim().is_empty()
}

/// `[Previous line repeated 993 more times]`
pub(super) fn repeated(line: &str) -> Option<u64> {
    let (number, rest) = number(line.strip_prefix("  [Previous line repeated ")?)?;
    matches!(rest, " more times]" | " more time]").then_some(number)
}

/// The number at the start and what follows; none that would be written differently again (`007`, 30 digits).
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let digits = &text[..end];
    if digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().ok()?, &text[end..]))
}

fn number_of(text: &str) -> Option<u64> {
    number(text).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

/// The text without colour codes, if they are part of its structure: a line near the top is a heading or a frame only
/// without them. Else as it is: codes in a message belong to the message.
pub fn without_colours(raw: &str) -> Cow<'_, str> {
    /// Lines that are looked at to decide.
    const LOOK: usize = 40;
    // IPython's shortest form has nothing but the exception.
    let bare = raw.starts_with("\x1b[")
        && raw.lines().next().is_some_and(|line| exception(&strip_sgr(line)).is_some());
    let known = |line: &str| header(line).is_some() || place(line).is_some() || ipython_frame(line).is_some();
    let coloured = raw.lines().take(LOOK).any(|line| {
        line.contains("\x1b[") && !known(line) && {
            let plain = strip_sgr(line);
            known(&plain) || rule(&plain) || ipython_frame(plain.trim_start()).is_some()
        }
    });
    if bare || coloured { Cow::Owned(strip_sgr(raw)) } else { Cow::Borrowed(raw) }
}

/// Drops `ESC [ digits and ; and : m`, nothing else.
pub(super) fn strip_sgr(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        let after = &rest[at + 2..];
        let end = after.bytes().position(|b| !matches!(b, b'0'..=b'9' | b';' | b':'));
        match end {
            Some(end) if after.as_bytes()[end] == b'm' => {
                out.push_str(&rest[..at]);
                rest = &after[end + 1..];
            }
            _ => {
                out.push_str(&rest[..at + 2]);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
