//! Arrays of numbers: what they hold, and their values for a plot. Read in steps, since a large one takes a while.

use std::ops::Range;

use super::{
    number,
    tree::{Entry, Tree},
};

/// Entries that are looked at to tell what an array holds.
const SAMPLE: usize = 100;

/// What an array is, by its first entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Numbers (and `null` for missing ones).
    Numbers,
    /// Rows of as many numbers each.
    Grid {
        /// Numbers in a row.
        columns: usize,
    },
    /// Objects.
    Records,
    /// Anything else.
    Mixed,
}

/// What the array that opens at `open` is.
pub fn shape(tree: &Tree, open: usize) -> Shape {
    if tree.byte(open) != b'[' {
        return Shape::Mixed;
    }
    let sample: Vec<Entry> = tree.entries(Some(open)).take(SAMPLE).collect();
    let first = |entry: &Entry| tree.byte(entry.value.start);
    let all = |bracket: u8| !sample.is_empty() && sample.iter().all(|entry| first(entry) == bracket);
    if all(b'{') {
        return Shape::Records;
    }
    if all(b'[') {
        let columns = tree.count(sample[0].value.start);
        let even = sample.iter().all(|row| {
            let open = row.value.start;
            tree.count(open) == columns && are_numbers(tree, tree.entries(Some(open)).take(SAMPLE))
        });
        return if even && columns > 0 { Shape::Grid { columns } } else { Shape::Mixed };
    }
    if are_numbers(tree, sample.into_iter()) { Shape::Numbers } else { Shape::Mixed }
}

/// Numbers or `null`, at least one of them a number.
fn are_numbers(tree: &Tree, entries: impl Iterator<Item = Entry>) -> bool {
    let mut numbers = 0;
    for entry in entries {
        match tree.raw(&entry.value) {
            "null" => {}
            raw if number::value(raw).is_some() => numbers += 1,
            _ => return false,
        }
    }
    numbers > 0
}

/// What is known of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// All entries.
    pub count: usize,
    /// `NaN`s.
    pub nan: usize,
    /// `Infinity` and `-Infinity`.
    pub infinite: usize,
    /// What is no number, such as `null`.
    pub other: usize,
    /// Where the least number stands; neither `NaN` nor infinite.
    pub min: Option<Range<usize>>,
    /// Where the greatest stands.
    pub max: Option<Range<usize>>,
    sum: f64,
    /// What the sum lost by rounding.
    lost: f64,
}

impl Summary {
    /// The mean of the numbers that are neither `NaN` nor infinite.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count - self.nan - self.infinite - self.other;
        let mean = (self.sum + self.lost) / count as f64;
        mean.is_finite().then_some(mean)
    }

    /// Takes one entry in; its value for a plot.
    fn take(&mut self, tree: &Tree, entry: &Entry) -> f64 {
        self.count += 1;
        let raw = tree.raw(&entry.value);
        let Some(value) = number::value(raw) else {
            self.other += 1;
            return f64::NAN;
        };
        if value.is_nan() {
            self.nan += 1;
            return value;
        }
        if raw.ends_with('y') {
            self.infinite += 1;
            return value;
        }
        let beats = |best: &Option<Range<usize>>, order| match best {
            Some(best) => number::compare(raw, tree.raw(best)) == order,
            None => true,
        };
        if beats(&self.min, std::cmp::Ordering::Less) {
            self.min = Some(entry.value.clone());
        }
        if beats(&self.max, std::cmp::Ordering::Greater) {
            self.max = Some(entry.value.clone());
        }
        // Neumaier's sum: exact enough for millions of numbers of very different size.
        let sum = self.sum + value;
        self.lost +=
            if self.sum.abs() >= value.abs() { self.sum - sum + value } else { value - sum + self.sum };
        self.sum = sum;
        value
    }
}

/// The numbers of an array, or of an array of rows one after the other, as far as they were read.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// What is known of them.
    pub summary: Summary,
    /// Their values; `NaN` for what is none.
    pub values: Vec<f64>,
    /// Numbers in a row, where it is a grid; rows of another length are cut or filled with `NaN`.
    pub columns: Option<usize>,
    /// Rows that had another length.
    pub uneven: usize,
    open: usize,
    next: (usize, usize),
    done: bool,
}

impl Series {
    /// The array that opens at `open`; `columns` for one of rows.
    pub fn new(open: usize, columns: Option<usize>) -> Series {
        Series { columns, open, next: (0, open + 1), ..Series::default() }
    }

    /// All was read.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Reads on for about so many bytes; true when all was read.
    pub fn step(&mut self, tree: &Tree, bytes: usize) -> bool {
        let mut entries = tree.entries_at(Some(self.open), self.next.0, self.next.1);
        let end = self.next.1.saturating_add(bytes);
        while !self.done && entries.at() < end {
            let Some(entry) = entries.next() else {
                self.done = true;
                break;
            };
            let Some(columns) = self.columns else {
                self.values.push(self.summary.take(tree, &entry));
                continue;
            };
            let start = self.values.len();
            for item in tree.entries(Some(entry.value.start)) {
                self.values.push(self.summary.take(tree, &item));
            }
            self.uneven += usize::from(self.values.len() - start != columns);
            self.values.resize(start + columns, f64::NAN);
        }
        self.next = (entries.number(), entries.at());
        self.done
    }

    /// How many rows it has as a grid.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns.unwrap_or(1).max(1)
    }
}

/// The arrays of numbers among the members of an object, as long as `length`: what can stand at the other axis.
pub fn companions(tree: &Tree, object: usize, length: usize) -> Vec<Entry> {
    let fits = |entry: &Entry| {
        shape(tree, entry.value.start) == Shape::Numbers && tree.count(entry.value.start) == length
    };
    if tree.byte(object) != b'{' {
        return Vec::new();
    }
    tree.entries(Some(object)).filter(fits).collect()
}
