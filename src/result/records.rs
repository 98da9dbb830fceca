//! Lists of objects as a table: columns from their keys, rows sorted by a column.

use std::{cmp::Ordering, ops::Range};

use super::{number, tree::Tree};
use crate::wire::json;

/// Records whose keys make the columns.
const SAMPLE: usize = 200;
/// Columns at most.
const MOST_COLUMNS: usize = 200;

/// A table over a list of objects. Read in steps: until all records are known it has fewer rows.
#[derive(Clone, Debug)]
pub struct Table {
    /// The columns' names as written, with their quotes, in the order in which they appear.
    pub columns: Vec<String>,
    open: usize,
    next: (usize, usize),
    done: bool,
    /// Where each record begins.
    records: Vec<u32>,
    order: Option<Order>,
}

/// The rows in another order than the list's.
#[derive(Clone, Debug)]
struct Order {
    column: usize,
    descending: bool,
    rows: Vec<u32>,
}

impl Table {
    /// The table of the list that opens at `open`. Columns are the keys of its first records, each a value that is
    /// there in more than one of ten.
    pub fn new(tree: &Tree, open: usize) -> Table {
        let mut found: Vec<(String, usize)> = Vec::new();
        let mut records = 0;
        for record in tree.entries(Some(open)).take(SAMPLE) {
            records += 1;
            for member in members(tree, record.value.start) {
                let Some(key) = member.key.map(|key| tree.raw(&key)) else { continue };
                if let Some((_, count)) = found.iter_mut().find(|(name, _)| name == key) {
                    *count += 1;
                } else if found.len() < MOST_COLUMNS {
                    found.push((key.to_owned(), 1));
                }
            }
        }
        found.retain(|(_, count)| count * 10 > records);
        let columns = found.into_iter().map(|(name, _)| name).collect();
        Table { columns, open, next: (0, open + 1), done: false, records: Vec::new(), order: None }
    }

    /// Reads on for about so many bytes; true when all records are known.
    pub fn step(&mut self, tree: &Tree, bytes: usize) -> bool {
        let mut entries = tree.entries_at(Some(self.open), self.next.0, self.next.1);
        let end = self.next.1.saturating_add(bytes);
        while !self.done && entries.at() < end {
            match entries.next() {
                Some(record) => self.records.push(record.value.start as u32),
                None => self.done = true,
            }
        }
        self.next = (entries.number(), entries.at());
        self.done
    }

    /// All records are known.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Records known.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// It has no records.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// By which column it is sorted, and whether the largest comes first.
    pub fn sorted_by(&self) -> Option<(usize, bool)> {
        self.order.as_ref().map(|order| (order.column, order.descending))
    }

    /// The number in the list of the record in a row.
    pub fn number(&self, row: usize) -> Option<usize> {
        match &self.order {
            Some(order) => order.rows.get(row).map(|number| *number as usize),
            None => (row < self.records.len()).then_some(row),
        }
    }

    /// Where the record in a row begins.
    pub fn record(&self, row: usize) -> Option<usize> {
        self.records.get(self.number(row)?).map(|at| *at as usize)
    }

    /// The cells of a row, one for each column.
    pub fn cells(&self, tree: &Tree, row: usize) -> Vec<Option<Range<usize>>> {
        let mut cells = vec![None; self.columns.len()];
        let Some(record) = self.record(row) else { return cells };
        for member in members(tree, record) {
            let key = member.key.as_ref().map(|key| tree.raw(key));
            if let Some(column) = self.columns.iter().position(|name| Some(name.as_str()) == key) {
                cells[column] = Some(member.value);
            }
        }
        cells
    }

    /// Sorts by a column: numbers by value, then texts, then all else as it is written; what is missing comes last
    /// either way. Equal ones keep the list's order. `None`: the list's own order again.
    pub fn sort(&mut self, tree: &Tree, by: Option<(usize, bool)>) {
        let Some((column, descending)) = by.filter(|(column, _)| *column < self.columns.len()) else {
            self.order = None;
            return;
        };
        let name = self.columns[column].as_str();
        let cell = |record: &u32| {
            let is = |key: &Range<usize>| tree.raw(key) == name;
            members(tree, *record as usize).filter(|m| m.key.as_ref().is_some_and(is)).last().map(|m| m.value)
        };
        let keys: Vec<Key> = self
            .records
            .iter()
            .map(|record| Key::of(cell(record).map_or("", |value| tree.raw(&value))))
            .collect();
        let mut rows: Vec<u32> = (0..self.records.len() as u32).collect();
        rows.sort_by(|one, other| {
            let (one, other) = (&keys[*one as usize], &keys[*other as usize]);
            let order = one.compare(other);
            let missing = one.rank == Rank::Missing || other.rank == Rank::Missing;
            if descending && !missing { order.reverse() } else { order }
        });
        self.order = Some(Order { column, descending, rows });
    }
}

fn members<'a>(tree: &Tree<'a>, open: usize) -> impl Iterator<Item = super::Entry> + use<'a> {
    let object = tree.byte(open) == b'{';
    tree.entries(Some(open)).take_while(move |_| object)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Number,
    Text,
    Other,
    Missing,
}

/// What a cell is sorted by.
struct Key<'a> {
    rank: Rank,
    value: f64,
    raw: &'a str,
}

impl Key<'_> {
    fn of(raw: &str) -> Key<'_> {
        let value = number::value(raw);
        let rank = match raw.bytes().next() {
            _ if value.is_some() => Rank::Number,
            Some(b'"') => Rank::Text,
            Some(_) if raw != "null" => Rank::Other,
            _ => Rank::Missing,
        };
        Key { rank, value: value.unwrap_or_default(), raw }
    }

    fn compare(&self, other: &Key) -> Ordering {
        self.rank.cmp(&other.rank).then_with(|| match self.rank {
            // Floats first: they settle nearly all.
            Rank::Number => match self.value.partial_cmp(&other.value) {
                Some(order) if order.is_ne() => order,
                _ => number::compare(self.raw, other.raw),
            },
            // Without escapes, UTF-8 has the order of the characters.
            Rank::Text if !escaped(self.raw) && !escaped(other.raw) => self.raw.cmp(other.raw),
            Rank::Text => match (json::code_points(self.raw), json::code_points(other.raw)) {
                (Some(one), Some(other)) => one.cmp(other),
                _ => self.raw.cmp(other.raw),
            },
            Rank::Other => self.raw.cmp(other.raw),
            Rank::Missing => Ordering::Equal,
        })
    }
}

fn escaped(raw: &str) -> bool {
    memchr::memchr(b'\\', raw.as_bytes()).is_some()
}
