//! A payload with open places for the swept fields: all else stays letter for letter.

use crate::wire::json::{self, Kind};

/// A payload in which the values of some fields are left open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// What stands between the open places, one more than there are places.
    pieces: Vec<String>,
    /// Which value goes into each place, in the payload's order.
    places: Vec<usize>,
}

/// What stands for the value of that number in a text that becomes a [`Pattern`]: raw JSON. No pydantic model has such
/// a text in a default, and what a person types has no control characters.
pub fn mark(number: usize) -> String {
    format!("\"\\u0000sweep {number}\\u0000\"")
}

impl Pattern {
    /// A payload in which nothing is left open.
    pub fn whole(text: &str) -> Pattern {
        Pattern { pieces: vec![text.to_owned()], places: Vec::new() }
    }

    /// Reads a payload that has the first `count` marks in it.
    ///
    /// # Errors
    /// The number of a mark that does not stand in it exactly once.
    pub fn read(text: &str, count: usize) -> Result<Pattern, usize> {
        let mut found = Vec::with_capacity(count);
        for number in 0..count {
            let mark = mark(number);
            let mut places = text.match_indices(&mark);
            match (places.next(), places.next()) {
                (Some((start, _)), None) => found.push((start, start + mark.len(), number)),
                _ => return Err(number),
            }
        }
        found.sort_unstable();
        let mut pieces = Vec::with_capacity(count + 1);
        let mut from = 0;
        for (start, end, _) in &found {
            pieces.push(text.get(from..*start).unwrap_or_default().to_owned());
            from = *end;
        }
        pieces.push(text.get(from..).unwrap_or_default().to_owned());
        Ok(Pattern { pieces, places: found.into_iter().map(|(_, _, number)| number).collect() })
    }

    /// The payload with these values, raw JSON, in the order in which the fields were given.
    pub fn fill(&self, values: &[String]) -> String {
        let mut out = String::new();
        for (at, piece) in self.pieces.iter().enumerate() {
            out.push_str(piece);
            let value = self.places.get(at).and_then(|number| values.get(*number));
            out.push_str(value.map_or("", String::as_str));
        }
        out
    }
}

/// `payload` with `raw` at `path`; all else stays letter for letter. A member that is not there is added at the end of
/// its object. Of doubles the last one counts, as for Python.
///
/// # Errors
/// The part of the path that leads nowhere.
pub fn put(payload: &str, path: &[String], raw: &str) -> Result<String, String> {
    let mut at = payload;
    let mut names = path.iter().peekable();
    while let Some(name) = names.next() {
        let inner = match json::kind(at) {
            Some(Kind::Object) => json::get(at, name),
            Some(Kind::Array) => {
                let place = name.parse::<usize>().ok();
                json::items(at).ok().and_then(|items| items.get(place?).copied())
            }
            _ => None,
        };
        match inner {
            Some(inner) => at = inner,
            None if json::kind(at) == Some(Kind::Object) && names.peek().is_none() => {
                let whole = at.trim_end();
                let Some(body) = whole.strip_suffix('}') else { return Err(nowhere(path)) };
                let comma = if json::members(at).is_ok_and(|members| members.is_empty()) { "" } else { ", " };
                let object = format!("{}{comma}{}: {raw}}}", body.trim_end(), json::quote(name));
                return replaced(payload, at, &object).ok_or_else(|| nowhere(path));
            }
            None => return Err(nowhere(path)),
        }
    }
    replaced(payload, at, raw).ok_or_else(|| nowhere(path))
}

fn nowhere(path: &[String]) -> String {
    format!("there is no field {}", path.join("."))
}

/// `text` with its slice `part` replaced.
fn replaced(text: &str, part: &str, by: &str) -> Option<String> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let (before, after) = (text.get(..start)?, text.get(start + part.len()..)?);
    Some(format!("{before}{by}{after}"))
}
