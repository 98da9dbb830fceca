//! JSON as Python's `json.dumps` writes it: `NaN`, integers of any size, lone surrogates, any depth.
//!
//! A reader of slices that interprets no number and recurses nowhere: a value is the piece of text in which it stands
//! ("raw" here), and nothing is built that would have to be dropped level by level. It takes what Python's
//! `json.loads` takes, however deep, and refuses what that refuses: trailing commas, single quotes, control characters
//! inside strings, numbers such as `01` or `.5`, integers of more than 4300 digits.

mod pieces;
mod pretty;
mod scan;
mod string;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use pieces::{Piece, pieces};
pub use pretty::{compact, pretty};
pub use scan::{Items, Members};
pub use string::{code_points, object, quote, string};

/// Where and why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct JsonError {
    /// Byte offset.
    pub offset: usize,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// One phrase, e.g. `expected ',' or '}'`.
    pub what: String,
}

/// What a raw value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number, `NaN`, `Infinity` or `-Infinity`.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// Checks that `text` is one whole JSON value.
pub fn check(text: &str) -> Result<(), JsonError> {
    scan::whole(text).map_err(|fault| fault.at(text))
}

/// What `raw` starts as, by its first character.
pub fn kind(raw: &str) -> Option<Kind> {
    match trim(raw).bytes().next()? {
        b'{' => Some(Kind::Object),
        b'[' => Some(Kind::Array),
        b'"' => Some(Kind::String),
        b'-' | b'0'..=b'9' | b'N' | b'I' => Some(Kind::Number),
        b't' | b'f' => Some(Kind::Bool),
        b'n' => Some(Kind::Null),
        _ => None,
    }
}

/// The members of an object, in their order, as key and raw value. Doubles are all given.
pub fn members(raw: &str) -> Result<Vec<(Cow<'_, str>, &str)>, JsonError> {
    Members::new(raw).collect()
}

/// The items of an array, raw.
pub fn items(raw: &str) -> Result<Vec<&str>, JsonError> {
    Items::new(raw).collect()
}

/// The last member of that name, raw (Python's rule for doubles). `None` too where `raw` is no whole object.
pub fn get<'a>(raw: &'a str, key: &str) -> Option<&'a str> {
    let mut found = None;
    for member in Members::new(raw) {
        let (name, value) = member.ok()?;
        if name == key {
            found = Some(value);
        }
    }
    found
}

/// The value of a raw `true` or `false`.
pub fn boolean(raw: &str) -> Option<bool> {
    match trim(raw) {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The value of a raw number, as near as a float comes: `1e400` is infinite. `None` for what is no number.
pub fn number(raw: &str) -> Option<f64> {
    match raw {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => raw.parse().ok(),
        _ => None,
    }
}

/// `raw` without the white space around it: JSON's four kinds, no others.
pub(super) fn trim(raw: &str) -> &str {
    raw.trim_matches([' ', '\t', '\n', '\r'])
}
