//! Looking for text in the whole document, in slices: the caller decides when to go on, so that a key is answered
//! at once while 50 MiB are searched.
//!
//! What is looked for is found however it is escaped: `é` also as `\u00e9`. Case does not matter.

use std::{fmt::Write, ops::Range};

use regex::{Regex, RegexBuilder};

use super::tree::Tree;

/// Bytes that one step reads.
const SLICE: usize = 4 * 1024 * 1024;
/// An escaped character takes at most this many bytes.
const LONGEST: usize = 12;

/// Where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Names and values.
    All,
    /// Only names.
    Keys,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the next one.
    Forward,
    /// To the one before.
    Backward,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Needle {
    pattern: Regex,
    scope: Scope,
    /// Bytes that a match can have.
    longest: usize,
}

impl Needle {
    /// `None` for an empty text, and for one of many thousand characters.
    pub fn new(text: &str, scope: Scope) -> Option<Needle> {
        if text.is_empty() {
            return None;
        }
        let mut pattern = String::new();
        for c in text.chars() {
            spellings(c, &mut pattern);
        }
        let pattern = RegexBuilder::new(&pattern).case_insensitive(true).build().ok()?;
        Some(Needle { pattern, scope, longest: text.chars().count() * LONGEST })
    }

    /// Where it stands in a piece of raw text, for marking it.
    pub fn matches<'t>(&self, raw: &'t str) -> impl Iterator<Item = Range<usize>> + use<'_, 't> {
        self.pattern.find_iter(raw).map(|found| found.range())
    }
}

/// A pattern for all ways to write a character.
fn spellings(c: char, pattern: &mut String) {
    pattern.push_str("(?:");
    pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    let short = match c {
        '"' | '\\' | '/' => Some(c),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        _ => None,
    };
    // Of these two the escaped form comes first: else a match would end within an escape.
    if let Some(short) = short {
        pattern.truncate(pattern.len() - regex::escape(c.encode_utf8(&mut [0; 4])).len());
        pattern.push_str(r"\\(?-i:");
        pattern.push_str(&regex::escape(short.encode_utf8(&mut [0; 4])));
        pattern.push_str(")|");
        pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }
    if !c.is_ascii() || c.is_ascii_control() {
        for same in [c].into_iter().chain(c.to_lowercase()).chain(c.to_uppercase()) {
            pattern.push('|');
            for unit in same.encode_utf16(&mut [0; 2]) {
                // Writing to a text cannot fail.
                let _ = write!(pattern, r"\\(?-i:u){unit:04x}");
            }
        }
    }
    pattern.push(')');
}

/// What one step of a search brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Found here.
    Found(Range<usize>),
    /// It is nowhere.
    Nowhere,
    /// Not yet: step again.
    More,
}

/// A search that is under way: from a place through the whole text and round.
#[derive(Clone, Debug)]
pub struct Search {
    needle: Needle,
    direction: Direction,
    /// What is still to be read, in this order; both run the way of the direction.
    left: [Range<usize>; 2],
}

impl Search {
    /// Looks from a place on. Forward, a match that begins there counts, so go on from the byte after the last one.
    pub fn new(needle: Needle, direction: Direction, from: usize, length: usize) -> Search {
        let from = from.min(length);
        let left = match direction {
            Direction::Forward => [from..length, 0..from],
            Direction::Backward => [0..from, from..length],
        };
        Search { needle, direction, left }
    }

    /// How much of the text is still to be read.
    pub fn left(&self) -> usize {
        self.left.iter().map(ExactSizeIterator::len).sum()
    }

    /// Reads one slice.
    pub fn step(&mut self, tree: &Tree) -> Step {
        let [first, second] = &mut self.left;
        let part = if first.start < first.end { first } else { second };
        if part.start >= part.end {
            return Step::Nowhere;
        }
        let text = tree.text();
        let slice = match self.direction {
            Direction::Forward => {
                let end = text.ceil_char_boundary(part.start + SLICE).min(part.end);
                let slice = part.start..end;
                part.start = end;
                slice
            }
            Direction::Backward => {
                let start = text.floor_char_boundary(part.end.saturating_sub(SLICE)).max(part.start);
                let slice = start..part.end;
                part.end = start;
                slice
            }
        };
        let end = text.ceil_char_boundary(slice.end + self.needle.longest).min(text.len());
        let window = text.get(slice.start..end).unwrap_or_default();
        // No name ends before this place: a long text full of matches is read through once.
        let mut no_name = 0;
        let mut hits = self
            .needle
            .pattern
            .find_iter(window)
            .map(|hit| slice.start + hit.start()..slice.start + hit.end())
            .take_while(|hit| hit.start < slice.end)
            .filter(|hit| counts(tree, hit, self.needle.scope, &mut no_name));
        let found = match self.direction {
            Direction::Forward => hits.next(),
            Direction::Backward => hits.last(),
        };
        match found {
            Some(hit) => Step::Found(hit),
            None if self.left() == 0 => Step::Nowhere,
            None => Step::More,
        }
    }
}

/// What the pattern found is a match: it does not begin within an escape, and it is where it is looked for.
fn counts(tree: &Tree, hit: &Range<usize>, scope: Scope, no_name: &mut usize) -> bool {
    let bytes = tree.text().as_bytes();
    if in_escape(bytes, hit.start) {
        return false;
    }
    if scope == Scope::All {
        return true;
    }
    if hit.end <= *no_name {
        return false;
    }
    // Cheap first: behind the closing quote of a name there is a colon.
    let mut at = hit.end;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes[at] == b'"' {
            break;
        }
        at += 2;
    }
    let after = bytes.get(at + 1..).unwrap_or_default();
    let colon = after.iter().find(|byte| !byte.is_ascii_whitespace());
    if colon != Some(&b':') {
        *no_name = at;
        return false;
    }
    tree.way(hit.start)
        .last()
        .and_then(|level| level.entry.key.clone())
        .is_some_and(|key| key.start < hit.start && hit.end < key.end)
}

/// The byte belongs to an escape that began before it.
fn in_escape(bytes: &[u8], at: usize) -> bool {
    // `\n` reaches one byte back to its backslash, `\u00e9` up to five.
    (1..=5).filter(|back| *back <= at).any(|back| {
        let start = at - back;
        let slashes = bytes[..start].iter().rev().take_while(|byte| **byte == b'\\').count();
        bytes[start] == b'\\' && slashes % 2 == 0 && (back == 1 || bytes[start + 1] == b'u')
    })
}
