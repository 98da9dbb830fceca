//! Strings: out of their escapes and into them.

use std::borrow::Cow;

use super::scan;

/// The text of a string value; lone surrogates become U+FFFD. `None` where `raw` is no string.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    scan::inside(raw).map(decode)
}

/// The code points of a string value as Python's `str` has them: lone surrogates (0xD800 to 0xDFFF) are left as they
/// are. `None` where `raw` is no string.
pub fn code_points(raw: &str) -> Option<impl Iterator<Item = u32>> {
    scan::inside(raw).map(|inside| Points { rest: inside })
}

/// A JSON string for `text`, with the escapes that JSON requires and nothing more.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[copied..at]);
        copied = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            _ => out.push_str(&format!("\\u{byte:04x}")),
        }
    }
    out.push_str(&text[copied..]);
    out.push('"');
    out
}

/// A JSON object of these members, each a name and its value as raw JSON.
pub fn object(members: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> String {
    let mut out = String::from("{");
    for (name, raw) in members {
        if out.len() > 1 {
            out.push_str(", ");
        }
        out.push_str(&quote(name.as_ref()));
        out.push_str(": ");
        out.push_str(raw.as_ref());
    }
    out.push('}');
    out
}

/// The text of the inside of a checked string.
pub(super) fn decode(inside: &str) -> Cow<'_, str> {
    let mut rest = inside;
    let Some(first) = memchr::memchr(b'\\', rest.as_bytes()) else { return Cow::Borrowed(inside) };
    let mut out = String::with_capacity(inside.len());
    let mut next = Some(first);
    while let Some(at) = next {
        out.push_str(&rest[..at]);
        let (point, length) = escape(&rest[at..]);
        out.push(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &rest[at + length..];
        next = memchr::memchr(b'\\', rest.as_bytes());
    }
    out.push_str(rest);
    Cow::Owned(out)
}

struct Points<'a> {
    rest: &'a str,
}

impl Iterator for Points<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let first = self.rest.chars().next()?;
        let (point, length) = match first {
            '\\' => escape(self.rest),
            _ => (first.into(), first.len_utf8()),
        };
        self.rest = &self.rest[length..];
        Some(point)
    }
}

/// The code point of the escape that `text` starts with, and the escape's length; both halves of a surrogate pair
/// count as one. What is no escape (checked strings hold none such) stands for itself.
fn escape(text: &str) -> (u32, usize) {
    let point = match text.as_bytes().get(1) {
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => 0x0a,
        Some(b'r') => 0x0d,
        Some(b't') => 0x09,
        Some(b'u') => {
            let Some(high) = unit(text, 0) else { return (u32::from(b'\\'), 1) };
            if (0xd800..0xdc00).contains(&high)
                && let Some(low @ 0xdc00..0xe000) = unit(text, 6)
            {
                return (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12);
            }
            return (high, 6);
        }
        Some(byte @ (b'"' | b'\\' | b'/')) => u32::from(*byte),
        _ => return (u32::from(b'\\'), 1),
    };
    (point, 2)
}

/// The UTF-16 unit of the `\uXXXX` that stands at `at`.
fn unit(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u32::from_str_radix(digits, 16).ok()
}
