//! The tree over text and index: entries of a container, places and paths. It reads what it is asked for, and no more.

use std::{borrow::Cow, ops::Range};

use crate::wire::json;

use super::index::{Index, Node};

/// A text with its index.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    text: &'a str,
    index: &'a Index,
}

/// An item of an array or a member of an object, by its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place among its neighbours, from 0.
    pub number: usize,
    /// A member's name, with its quotes.
    pub key: Option<Range<usize>>,
    /// Its value, as it was written.
    pub value: Range<usize>,
}

impl Entry {
    /// Where it begins: its name, else its value.
    pub fn start(&self) -> usize {
        self.key.as_ref().map_or(self.value.start, |key| key.start)
    }
}

/// One container on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its opening bracket; `None` for the document itself, whose only entry is the outermost value.
    pub container: Option<usize>,
    /// The entry of it that lies on the way.
    pub entry: Entry,
}

impl<'a> Tree<'a> {
    /// The tree of a text; the index must be its own.
    pub fn new(text: &'a str, index: &'a Index) -> Tree<'a> {
        Tree { text, index }
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// A piece of it; nothing for a place that is none.
    pub fn raw(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// What is written at a place.
    pub fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or_default()
    }

    /// A container opens there.
    pub fn is_container(&self, at: usize) -> bool {
        matches!(self.byte(at), b'[' | b'{')
    }

    /// The outermost value.
    pub fn root(&self) -> Entry {
        let start = self.blank(0);
        Entry { number: 0, key: None, value: start..self.value_end(start) }
    }

    /// How many entries the container has that opens at `open`; 0 where none does.
    pub fn count(&self, open: usize) -> usize {
        if !self.is_container(open) {
            return 0;
        }
        match self.index.node(open) {
            Some(node) => node.count as usize,
            None => self.entries(Some(open)).count(),
        }
    }

    /// The entries of a container from the first on; none where no container opens. `None` is the document.
    pub fn entries(&self, container: Option<usize>) -> Entries<'a> {
        let start = container.map_or(0, |open| open + 1);
        self.entries_at(container, 0, start)
    }

    /// The entries from that number on.
    pub fn entries_from(&self, container: Option<usize>, number: usize) -> Entries<'a> {
        let Some(open) = container.filter(|_| number > 0) else { return self.entries(container) };
        let mut at = open + 1;
        let mut passed = 0;
        if let Some(node) = self.index.node(open) {
            let stones = self.index.milestones(node);
            // A stone with as many commas before it may lie inside the entry.
            let next = stones.partition_point(|stone| (stone.commas as usize) < number);
            if let Some(stone) = next.checked_sub(1).and_then(|last| stones.get(last)) {
                at = stone.at as usize;
                passed = stone.commas as usize;
            }
        }
        while passed < number {
            at = self.comma(at);
            if self.byte(at) != b',' {
                break;
            }
            at += 1;
            passed += 1;
        }
        self.entries_at(container, passed, at)
    }

    /// The entries from a known place on: `at` is where entry `number` or the blank before it begins.
    pub(super) fn entries_at(&self, container: Option<usize>, number: usize, at: usize) -> Entries<'a> {
        Entries { tree: *self, container, number, at }
    }

    /// The entry with that number.
    pub fn entry(&self, container: Option<usize>, number: usize) -> Option<Entry> {
        self.entries_from(container, number).next().filter(|entry| entry.number == number)
    }

    /// The entry of a container in which the place lies (also its comma and the blanks before it).
    pub fn entry_at(&self, container: Option<usize>, place: usize) -> Option<Entry> {
        let Some(open) = container else { return Some(self.root()) };
        let mut at = open + 1;
        let mut passed = 0;
        if let Some(node) = self.index.node(open) {
            let stones = self.index.milestones(node);
            let next = stones.partition_point(|stone| stone.at as usize <= place);
            if let Some(stone) = next.checked_sub(1).and_then(|last| stones.get(last)) {
                at = stone.at as usize;
                passed = stone.commas as usize;
            }
        }
        loop {
            at = self.comma(at);
            if at >= place || self.byte(at) != b',' {
                return self.entry(container, passed);
            }
            at += 1;
            passed += 1;
        }
    }

    /// The way to a place, from the document down to the smallest value in whose inside, or in whose entry, it lies.
    pub fn way(&self, place: usize) -> Vec<Level> {
        let mut way = Vec::new();
        let mut container = None;
        while let Some(entry) = self.entry_at(container, place) {
            let value = entry.value.clone();
            let deeper = self.is_container(value.start) && value.start < place && place < value.end;
            way.push(Level { container, entry });
            // In an empty container there is nothing to go on to.
            if !deeper {
                break;
            }
            container = Some(value.start);
        }
        way
    }

    /// The end of the value that starts at `start`.
    pub fn value_end(&self, start: usize) -> usize {
        match self.byte(start) {
            b'[' | b'{' => match self.index.node(start) {
                Some(node) => node.end(),
                None => self.container_end(start),
            },
            b'"' => self.string_end(start),
            _ => {
                let bytes = self.text.as_bytes();
                let rest = bytes.get(start..).unwrap_or_default();
                let end =
                    rest.iter().position(|byte| matches!(byte, b',' | b'[' | b']' | b'{' | b'}' | b'"'));
                let end = end.unwrap_or(rest.len());
                let blanks = rest[..end].iter().rev().take_while(|byte| is_blank(**byte)).count();
                start + end - blanks
            }
        }
    }

    /// The end of a container that is not in the index, or of the text.
    fn container_end(&self, open: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        let mut at = open;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    at = self.string_end(at);
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        bytes.len()
    }

    /// The end of the string whose quote stands at `start`.
    fn string_end(&self, start: usize) -> usize {
        if let Some(end) = self.index.string_end(start) {
            return end;
        }
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
            at += found;
            if bytes[at] == b'"' {
                return at + 1;
            }
            at += 2;
        }
        bytes.len()
    }

    /// The next comma or closing bracket of the container in which `at` lies, or the text's end.
    fn comma(&self, mut at: usize) -> usize {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(at) {
            match byte {
                b',' | b']' | b'}' => return at,
                b'"' => at = self.string_end(at),
                b'[' | b'{' => at = self.value_end(at),
                _ => at += 1,
            }
        }
        bytes.len()
    }

    /// The first place from `at` on that is no white space.
    fn blank(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| is_blank(**byte)).count()
    }
}

impl Node {
    fn end(&self) -> usize {
        self.close as usize + 1
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// A member's name as text; lone surrogates become U+FFFD.
pub fn name(raw: &str) -> Cow<'_, str> {
    json::string(raw).unwrap_or(Cow::Borrowed(raw))
}

/// The entries of a container, one after the other.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    tree: Tree<'a>,
    container: Option<usize>,
    number: usize,
    at: usize,
}

impl Entries<'_> {
    /// The number of the next entry.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// How far the text was read.
    pub(super) fn at(&self) -> usize {
        self.at
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let tree = self.tree;
        let Some(open) = self.container else {
            let first = self.number == 0;
            self.number = 1;
            return first.then(|| tree.root());
        };
        let start = tree.blank(self.at);
        if !tree.is_container(open) || start >= tree.text.len() || matches!(tree.byte(start), b']' | b'}') {
            return None;
        }
        let mut key = None;
        let mut value = start;
        if tree.byte(open) == b'{' && tree.byte(start) == b'"' {
            let end = tree.string_end(start);
            let colon = tree.blank(end);
            if tree.byte(colon) == b':' {
                key = Some(start..end);
                value = tree.blank(colon + 1);
            }
        }
        let value = value..tree.value_end(value);
        let next = tree.comma(value.end);
        self.at = if tree.byte(next) == b',' { next + 1 } else { next };
        let entry = Entry { number: self.number, key, value };
        self.number += 1;
        Some(entry)
    }
}
