//! Display names as Juice's `Task` makes them: the type and, after `: `, the fields with Python's `repr`.
//!
//! The payload's JSON is all there is to go by. It does not know enums, dates, tuples or numpy's types: for those the
//! name is only close to the one that Python would make.

mod masked;
mod printable;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::HashMap, ops::Range};

use super::json::{self, Piece};
pub use masked::{SECRET, masked_name, sounds_secret};
use printable::printable;

/// How the numbers of a field are to be read. JSON writes `2` where Python's field is a `float` and says `2.0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// An integer or a float, as it is written.
    #[default]
    AsWritten,
    /// All are floats: `2` is `2.0`.
    Float,
    /// All are integers: `3.0` is `3`. Numbers with a fraction stay as they are.
    Int,
}

/// `type: name=repr(value), …` for a payload's raw JSON object, without the fields in `hidden`; the bare type when
/// nothing is left, or where the payload is no object.
pub fn display_name(task_type: &str, payload: &str, hidden: &[String]) -> String {
    display_name_with(task_type, payload, hidden, &|_| Numbers::AsWritten)
}

/// As [`display_name`], where `numbers` tells how the numbers inside the field of that name are to be read.
pub fn display_name_with(
    task_type: &str,
    payload: &str,
    hidden: &[String],
    numbers: &dyn Fn(&str) -> Numbers,
) -> String {
    let mut out = task_type.to_owned();
    let mut separator = ": ";
    for (name, value) in without_doubles(json::members(payload).unwrap_or_default()) {
        if hidden.iter().any(|field| *field == name) {
            continue;
        }
        out.push_str(separator);
        out.push_str(&name);
        out.push('=');
        write(&mut out, value, numbers(&name));
        separator = ", ";
    }
    out
}

/// Python's `repr` of a raw JSON value. What is no JSON comes back as it is.
pub fn repr(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    write(&mut out, raw, Numbers::AsWritten);
    out
}

/// Of members with one name the last value counts, at the first one's place: what Python's `dict` does.
fn without_doubles<'a>(members: Vec<(Cow<'a, str>, &'a str)>) -> Vec<(Cow<'a, str>, &'a str)> {
    let mut places: HashMap<Cow<'a, str>, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<(Cow<'a, str>, &'a str)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        match places.get(&name) {
            Some(place) => kept[*place].1 = value,
            None => {
                places.insert(name.clone(), kept.len());
                kept.push((name, value));
            }
        }
    }
    kept
}

/// A container that is being written.
enum Open {
    List,
    Dict {
        /// Where its first entry starts in the output.
        start: usize,
        entries: Vec<Entry>,
        /// The next scalar is a key.
        at_key: bool,
    },
}

/// One `key: value` in the output.
struct Entry {
    key: Range<usize>,
    end: usize,
}

fn write(out: &mut String, raw: &str, numbers: Numbers) {
    if json::check(raw).is_err() {
        out.push_str(raw);
        return;
    }
    let mut open: Vec<Open> = Vec::new();
    for piece in json::pieces(raw) {
        match piece {
            Piece::Open(bracket) => {
                out.push(bracket);
                open.push(match bracket {
                    '{' => Open::Dict { start: out.len(), entries: Vec::new(), at_key: true },
                    _ => Open::List,
                });
            }
            Piece::Close(bracket) => {
                if let Some(Open::Dict { start, mut entries, .. }) = open.pop() {
                    end_entry(out, &mut entries);
                    keep_last(out, start, &entries);
                }
                out.push(bracket);
            }
            Piece::Comma => {
                if let Some(Open::Dict { entries, at_key, .. }) = open.last_mut() {
                    end_entry(out, entries);
                    *at_key = true;
                }
                out.push_str(", ");
            }
            Piece::Colon => out.push_str(": "),
            Piece::Scalar(raw) => {
                let start = out.len();
                scalar(out, raw, numbers);
                if let Some(Open::Dict { entries, at_key: at_key @ true, .. }) = open.last_mut() {
                    entries.push(Entry { key: start..out.len(), end: start });
                    *at_key = false;
                }
            }
        }
    }
}

fn end_entry(out: &str, entries: &mut [Entry]) {
    if let Some(last) = entries.last_mut() {
        last.end = out.len();
    }
}

/// Writes a dict's entries anew if a key stands there twice (see [`without_doubles`]).
fn keep_last(out: &mut String, start: usize, entries: &[Entry]) {
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
    let mut kept: Vec<&Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        match places.get(&out[entry.key.clone()]) {
            Some(place) => kept[*place] = entry,
            None => {
                places.insert(&out[entry.key.clone()], kept.len());
                kept.push(entry);
            }
        }
    }
    if kept.len() < entries.len() {
        let anew = kept.iter().map(|entry| &out[entry.key.start..entry.end]).collect::<Vec<_>>().join(", ");
        out.truncate(start);
        out.push_str(&anew);
    }
}

fn scalar(out: &mut String, raw: &str, numbers: Numbers) {
    match raw {
        "true" => out.push_str("True"),
        "false" => out.push_str("False"),
        "null" => out.push_str("None"),
        "NaN" => out.push_str("nan"),
        "Infinity" => out.push_str("inf"),
        "-Infinity" => out.push_str("-inf"),
        _ if raw.starts_with('"') => text(out, raw),
        _ => number(out, raw, numbers),
    }
}

/// Python's `repr` of a `str`: single quotes unless only double ones save escaping, escapes for what is not printable.
fn text(out: &mut String, raw: &str) {
    let Some(points) = json::code_points(raw) else { return };
    let points: Vec<u32> = points.collect();
    let has = |quote: char| points.contains(&u32::from(quote));
    let quote = if has('\'') && !has('"') { '"' } else { '\'' };
    out.push(quote);
    for point in points {
        // A lone surrogate is no `char`, and never printable.
        match char::from_u32(point).filter(|_| printable(point)) {
            Some(character) => {
                if character == quote || character == '\\' {
                    out.push('\\');
                }
                out.push(character);
            }
            None => match point {
                0x09 => out.push_str("\\t"),
                0x0a => out.push_str("\\n"),
                0x0d => out.push_str("\\r"),
                0..=0xff => out.push_str(&format!("\\x{point:02x}")),
                0x100..=0xffff => out.push_str(&format!("\\u{point:04x}")),
                _ => out.push_str(&format!("\\U{point:08x}")),
            },
        }
    }
    out.push(quote);
}

/// An integer as it is written, whatever its size; a float as Python's `repr` writes it.
fn number(out: &mut String, raw: &str, numbers: Numbers) {
    let integer = !raw.contains(['.', 'e', 'E']);
    match (numbers, raw.parse::<f64>()) {
        (Numbers::AsWritten | Numbers::Int, _) if integer => {
            out.push_str(if raw == "-0" { "0" } else { raw });
        }
        (Numbers::Int, Ok(value)) if value.is_finite() && value.fract() == 0.0 => {
            // Adding 0 takes the sign off a negative zero.
            out.push_str(&format!("{:.0}", value + 0.0));
        }
        (_, Ok(value)) => float(out, value),
        (_, Err(_)) => out.push_str(raw),
    }
}

/// Python's `repr` of a float: the shortest digits that lead back to it, with an exponent below 1e-4 and from 1e16 on.
fn float(out: &mut String, value: f64) {
    if value.is_infinite() {
        out.push_str(if value > 0.0 { "inf" } else { "-inf" });
        return;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = value.to_string();
        out.push_str(&plain);
        if !plain.contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs()));
    }
}
