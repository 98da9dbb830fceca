//! Finds where values end, and checks them on the way.

use std::borrow::Cow;

use super::{JsonError, string};

/// Python refuses to make an integer of more digits than this (`sys.int_info.default_max_str_digits`).
const MAX_INTEGER_DIGITS: usize = 4300;

/// A fault before its line and column are known: those cost a pass over the text and are wanted only for people.
#[derive(Debug)]
pub(super) struct Fault {
    at: usize,
    what: Cow<'static, str>,
}

impl Fault {
    /// The fault with its place in `text`.
    pub(super) fn at(self, text: &str) -> JsonError {
        let mut offset = self.at.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        JsonError {
            offset,
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what: self.what.into_owned(),
        }
    }
}

/// What is wrong at `at`; `expected` names what could stand there.
fn expected(bytes: &[u8], at: usize, expected: &'static str) -> Fault {
    let what = match bytes.get(at) {
        None => Cow::Owned(format!("expected {expected}, but the text ends")),
        Some(b'\'') if !expected.contains("double quotes") => {
            Cow::Owned(format!("expected {expected}; text stands in double quotes"))
        }
        Some(b'T' | b'F') if bytes[at..].starts_with(b"True") || bytes[at..].starts_with(b"False") => {
            Cow::Owned(format!("expected {expected}; Python's True and False are true and false"))
        }
        Some(b'N') if bytes[at..].starts_with(b"None") => {
            Cow::Owned(format!("expected {expected}; Python's None is null"))
        }
        Some(_) => Cow::Owned(format!("expected {expected}")),
    };
    Fault { at, what }
}

/// The first place at or after `at` that is no white space.
fn blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Checks that `text` is one value with nothing but white space around it.
pub(super) fn whole(text: &str) -> Result<(), Fault> {
    let bytes = text.as_bytes();
    let end = value(bytes, blank(bytes, 0))?;
    rest(bytes, end)
}

/// Checks that only white space follows.
fn rest(bytes: &[u8], at: usize) -> Result<(), Fault> {
    let at = blank(bytes, at);
    if at < bytes.len() { Err(expected(bytes, at, "nothing more")) } else { Ok(()) }
}

/// The end of the value that starts at `at`.
fn value(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    // The containers that are open: true for an object. A heap, not the stack, carries the depth.
    let mut open: Vec<bool> = Vec::new();
    loop {
        // Here a value starts.
        match bytes.get(at) {
            Some(b'{') => {
                at = blank(bytes, at + 1);
                if bytes.get(at) == Some(&b'}') {
                    at += 1;
                } else {
                    at = key(bytes, at, "a name in double quotes or '}'")?;
                    open.push(true);
                    continue;
                }
            }
            Some(b'[') => {
                at = blank(bytes, at + 1);
                if bytes.get(at) == Some(&b']') {
                    at += 1;
                } else {
                    open.push(false);
                    continue;
                }
            }
            _ => at = scalar(bytes, at)?,
        }
        // Here a value has ended.
        loop {
            let Some(&object) = open.last() else { return Ok(at) };
            at = blank(bytes, at);
            match (object, bytes.get(at)) {
                (true, Some(b',')) => {
                    at = key(bytes, blank(bytes, at + 1), "a name in double quotes after ','")?;
                    break;
                }
                (false, Some(b',')) => {
                    at = blank(bytes, at + 1);
                    if bytes.get(at) == Some(&b']') {
                        return Err(expected(bytes, at, "a value after ','"));
                    }
                    break;
                }
                (true, Some(b'}')) | (false, Some(b']')) => {
                    open.pop();
                    at += 1;
                }
                (true, _) => return Err(expected(bytes, at, "',' or '}'")),
                (false, _) => return Err(expected(bytes, at, "',' or ']'")),
            }
        }
    }
}

/// From the start of a member's name to the start of its value.
fn key(bytes: &[u8], at: usize, wanted: &'static str) -> Result<usize, Fault> {
    if bytes.get(at) != Some(&b'"') {
        return Err(expected(bytes, at, wanted));
    }
    colon(bytes, text(bytes, at)?)
}

/// From the end of a member's name to the start of its value.
fn colon(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let at = blank(bytes, at);
    if bytes.get(at) != Some(&b':') {
        return Err(expected(bytes, at, "':'"));
    }
    Ok(blank(bytes, at + 1))
}

/// The end of the string, number or word that starts at `at`.
fn scalar(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let word = |word: &'static str| {
        if bytes[at..].starts_with(word.as_bytes()) {
            Ok(at + word.len())
        } else {
            Err(expected(bytes, at, "a value"))
        }
    };
    match bytes.get(at) {
        Some(b'"') => text(bytes, at),
        Some(b'-') if bytes.get(at + 1) == Some(&b'I') => word("-Infinity"),
        Some(b'-' | b'0'..=b'9') => number(bytes, at),
        Some(b't') => word("true"),
        Some(b'f') => word("false"),
        Some(b'n') => word("null"),
        Some(b'N') => word("NaN"),
        Some(b'I') => word("Infinity"),
        _ => Err(expected(bytes, at, "a value")),
    }
}

/// The end of the number that starts at `at`.
fn number(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let digits = |mut at: usize| {
        while let Some(b'0'..=b'9') = bytes.get(at) {
            at += 1;
        }
        at
    };
    let first = start + usize::from(bytes.get(start) == Some(&b'-'));
    let mut end = digits(first);
    if end == first {
        return Err(expected(bytes, first, "a digit"));
    }
    if bytes[first] == b'0' && end > first + 1 {
        return Err(Fault { at: first, what: "a number must not start with 0".into() });
    }
    let integer = end;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if fraction == end + 1 {
            return Err(expected(bytes, fraction, "a digit after '.'"));
        }
        end = fraction;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(sign);
        if exponent == sign {
            return Err(expected(bytes, exponent, "a digit of the exponent"));
        }
        end = exponent;
    }
    if end == integer && integer - first > MAX_INTEGER_DIGITS {
        let what = format!("an integer of {} digits; Python takes at most 4300", integer - first);
        return Err(Fault { at: start, what: what.into() });
    }
    Ok(end)
}

/// The end of the string that starts (with its quote) at `start`.
fn text(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start + 1;
    loop {
        let Some(length) = memchr::memchr2(b'"', b'\\', &bytes[at..]) else {
            control(bytes, at, bytes.len())?;
            return Err(Fault { at: start, what: "this text has no closing '\"'".into() });
        };
        control(bytes, at, at + length)?;
        at += length;
        if bytes[at] == b'"' {
            return Ok(at + 1);
        }
        at = escape(bytes, at)?;
    }
}

/// Refuses control characters between `from` and `to`, as Python does.
fn control(bytes: &[u8], from: usize, to: usize) -> Result<(), Fault> {
    // Without an early exit the compiler makes vector instructions of this.
    if !bytes[from..to].iter().fold(false, |found, byte| found | (*byte < b' ')) {
        return Ok(());
    }
    let at = from + bytes[from..to].iter().position(|byte| *byte < b' ').unwrap_or(0);
    let what = match bytes[at] {
        b'\n' => "a line break inside a text must be written \\n".into(),
        b'\r' => "a carriage return inside a text must be written \\r".into(),
        b'\t' => "a tab inside a text must be written \\t".into(),
        byte => format!("a control character inside a text must be written \\u{byte:04x}").into(),
    };
    Err(Fault { at, what })
}

/// The end of the escape that starts (with its backslash) at `at`.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match bytes.get(at + 2..at + 6) {
            Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
            _ => Err(Fault { at, what: "\\u needs four hexadecimal digits".into() }),
        },
        Some(_) => Err(Fault { at, what: "unknown escape; a backslash itself is written \\\\".into() }),
        None => Err(Fault { at, what: "expected an escape, but the text ends".into() }),
    }
}

/// The members of one object, one after the other; ends after the first error.
#[derive(Clone, Debug)]
pub struct Members<'a>(Walk<'a>);

/// The items of one array, one after the other; ends after the first error.
#[derive(Clone, Debug)]
pub struct Items<'a>(Walk<'a>);

#[derive(Clone, Debug)]
struct Walk<'a> {
    raw: &'a str,
    at: usize,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    Between,
    End,
}

impl<'a> Walk<'a> {
    fn new(raw: &'a str) -> Walk<'a> {
        Walk { raw, at: 0, place: Place::Start }
    }

    /// Goes to where the next entry starts; `None` at the end.
    fn advance(&mut self, brackets: (u8, u8), names: [&'static str; 3]) -> Result<Option<usize>, Fault> {
        let bytes = self.raw.as_bytes();
        let (opening, closing) = brackets;
        let [a_container, an_entry, separators] = names;
        let mut at = blank(bytes, self.at);
        match self.place {
            Place::End => return Ok(None),
            Place::Start => {
                if bytes.get(at) != Some(&opening) {
                    return Err(expected(bytes, at, a_container));
                }
                at = blank(bytes, at + 1);
                if bytes.get(at) != Some(&closing) {
                    return Ok(Some(at));
                }
            }
            Place::Between => match bytes.get(at) {
                Some(b',') => {
                    at = blank(bytes, at + 1);
                    if bytes.get(at) == Some(&closing) {
                        return Err(expected(bytes, at, an_entry));
                    }
                    return Ok(Some(at));
                }
                Some(byte) if *byte == closing => {}
                _ => return Err(expected(bytes, at, separators)),
            },
        }
        self.place = Place::End;
        rest(bytes, at + 1)?;
        Ok(None)
    }

    /// Takes the value at `start`.
    fn value(&mut self, start: usize) -> Result<&'a str, Fault> {
        self.at = value(self.raw.as_bytes(), start)?;
        self.place = Place::Between;
        Ok(&self.raw[start..self.at])
    }

    /// Ends the walk after a fault.
    fn fail(&mut self, fault: Fault) -> JsonError {
        self.place = Place::End;
        fault.at(self.raw)
    }
}

impl<'a> Members<'a> {
    /// Over the object `raw`.
    pub fn new(raw: &'a str) -> Members<'a> {
        Members(Walk::new(raw))
    }

    fn step(&mut self) -> Result<Option<(Cow<'a, str>, &'a str)>, Fault> {
        let names = ["an object", "a name in double quotes after ','", "',' or '}'"];
        let Some(start) = self.0.advance((b'{', b'}'), names)? else { return Ok(None) };
        let bytes = self.0.raw.as_bytes();
        if bytes.get(start) != Some(&b'"') {
            return Err(expected(bytes, start, "a name in double quotes or '}'"));
        }
        let end = text(bytes, start)?;
        let name = string::decode(&self.0.raw[start + 1..end - 1]);
        let value = self.0.value(colon(bytes, end)?)?;
        Ok(Some((name, value)))
    }
}

impl<'a> Items<'a> {
    /// Over the array `raw`.
    pub fn new(raw: &'a str) -> Items<'a> {
        Items(Walk::new(raw))
    }

    fn step(&mut self) -> Result<Option<&'a str>, Fault> {
        let names = ["an array", "a value after ','", "',' or ']'"];
        match self.0.advance((b'[', b']'), names)? {
            Some(start) => self.0.value(start).map(Some),
            None => Ok(None),
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(Cow<'a, str>, &'a str), JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().map_err(|fault| self.0.fail(fault)).transpose()
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<&'a str, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().map_err(|fault| self.0.fail(fault)).transpose()
    }
}

/// The end of the string that `raw` starts with; all of `raw` where it is none.
pub(super) fn string_end(raw: &str) -> usize {
    text(raw.as_bytes(), 0).unwrap_or(raw.len())
}

/// The inside of the string that `raw` is, without its quotes and with its escapes.
pub(super) fn inside(raw: &str) -> Option<&str> {
    let raw = super::trim(raw);
    if !raw.starts_with('"') || text(raw.as_bytes(), 0).ok()? != raw.len() {
        return None;
    }
    Some(&raw[1..raw.len() - 1])
}
