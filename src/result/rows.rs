//! The rows that can be seen while parts are folded: which entry stands in row *n*, and in which row a place is.
//!
//! A run of neighbours none of which is unfolded, but for the last, is one `Segment`; rows are found by a search
//! among these. Opening the first level of a list of a million items makes one segment.

use std::ops::Range;

use super::tree::{Entries, Entry, Level, Tree};

/// Rows made of one container's neighbours.
#[derive(Clone, Debug)]
struct Segment {
    /// The row of its first entry.
    row: u32,
    /// The container; `None` is the document.
    container: Option<u32>,
    /// The number of its first entry.
    first: u32,
    /// How many entries.
    count: u32,
    /// Where the first entry, or the blank before it, begins.
    start: u32,
    depth: u32,
}

/// What stands in one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How deep; the outermost value is at 0.
    pub depth: usize,
    /// The container; `None` for the outermost value.
    pub container: Option<usize>,
    /// The entry.
    pub entry: Entry,
    /// A container with something in it, and whether that is unfolded.
    pub open: Option<bool>,
}

/// What is unfolded in one tree.
#[derive(Clone, Debug)]
pub struct Rows {
    segments: Vec<Segment>,
}

/// Unfolding everything stops after so many containers.
pub const MOST_UNFOLDED: usize = 500_000;

impl Rows {
    /// The outermost value, with its first level unfolded.
    pub fn new(tree: &Tree) -> Rows {
        let document = Segment { row: 0, container: None, first: 0, count: 1, start: 0, depth: 0 };
        let mut rows = Rows { segments: vec![document] };
        rows.unfold(tree, 0, 1);
        rows
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.segments.last().map_or(0, |last| (last.row + last.count) as usize)
    }

    /// Never: the outermost value has a row.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// What stands in a row.
    pub fn row(&self, tree: &Tree, row: usize) -> Option<Row> {
        self.rows(tree, row..row + 1).pop()
    }

    /// What stands in these rows; fewer at the end.
    pub fn rows(&self, tree: &Tree, rows: Range<usize>) -> Vec<Row> {
        let mut found = Vec::new();
        let mut segment = self.segment_of(rows.start);
        let mut row = rows.start;
        while row < rows.end
            && let Some(here) = self.segments.get(segment)
        {
            let skip = row - here.row as usize;
            let mut entries = here.entries(tree, skip);
            let count = (here.count as usize).saturating_sub(skip).min(rows.end - row);
            for taken in 0..count {
                let Some(entry) = entries.next() else { break };
                let last = skip + taken + 1 == here.count as usize;
                let open = self.open(tree, segment, last, &entry);
                let (depth, container) = (here.depth as usize, here.at());
                found.push(Row { depth, container, entry, open });
            }
            row += count;
            segment += 1;
        }
        found
    }

    /// The row of the smallest value that can be seen and holds the place.
    pub fn row_of(&self, tree: &Tree, place: usize) -> usize {
        let next = self.segments.partition_point(|segment| segment.start as usize <= place);
        let Some(segment) = next.checked_sub(1).and_then(|last| self.segments.get(last)) else { return 0 };
        let number = tree.entry_at(segment.at(), place).map_or(0, |entry| entry.number);
        let within = number.saturating_sub(segment.first as usize);
        segment.row as usize + within.min(segment.count.saturating_sub(1) as usize)
    }

    /// Unfolds what stands in a row, by so many levels. False if not all could be: see [`MOST_UNFOLDED`].
    pub fn unfold(&mut self, tree: &Tree, row: usize, levels: usize) -> bool {
        self.fold(tree, row);
        let Some(Row { entry, depth, open: Some(_), .. }) = self.row(tree, row) else { return true };
        let at = self.segment_of(row);
        let (new, whole) = unfolded(tree, &entry, depth + 1, levels.max(1));
        let Some(here) = self.segments.get_mut(at) else { return true };
        let before = row as u32 + 1 - here.row;
        let rest = Segment {
            row: 0,
            first: here.first + before,
            count: here.count - before,
            start: entry.value.end as u32,
            ..here.clone()
        };
        here.count = before;
        let rest = (rest.count > 0).then_some(rest);
        self.segments.splice(at + 1..at + 1, new.into_iter().chain(rest));
        self.number(at);
        whole
    }

    /// Folds what stands in a row. False if it is not unfolded.
    pub fn fold(&mut self, tree: &Tree, row: usize) -> bool {
        let at = self.segment_of(row);
        let Some(Row { depth, open: Some(true), .. }) = self.row(tree, row) else { return false };
        let inside =
            self.segments[at + 1..].iter().take_while(|segment| segment.depth as usize > depth).count();
        let mut gone = at + 1..at + 1 + inside;
        // What comes after it in the same container joins what came before.
        let joins = self.segments.get(gone.end).filter(|next| next.container == self.segments[at].container);
        if let Some(next) = joins {
            let count = next.count;
            self.segments[at].count += count;
            gone.end += 1;
        }
        self.segments.drain(gone);
        self.number(at);
        true
    }

    /// Unfolds what hides a place; its row.
    pub fn reveal(&mut self, tree: &Tree, place: usize) -> usize {
        loop {
            let row = self.row_of(tree, place);
            match self.row(tree, row) {
                Some(Row { entry, open: Some(false), .. })
                    if entry.value.start < place && place < entry.value.end =>
                {
                    self.unfold(tree, row, 1);
                }
                _ => return row,
            }
        }
    }

    /// The row of the container that holds the entry in a row.
    pub fn parent(&self, tree: &Tree, row: usize) -> Option<usize> {
        let container = self.segments.get(self.segment_of(row))?.at()?;
        Some(self.row_of(tree, container))
    }

    /// The way to what stands in a row.
    pub fn way(&self, tree: &Tree, row: usize) -> Vec<Level> {
        let Some(Row { entry, .. }) = self.row(tree, row) else { return Vec::new() };
        // The start of a container is not yet its inside.
        tree.way(entry.value.start)
    }

    /// The segment that holds a row.
    fn segment_of(&self, row: usize) -> usize {
        self.segments.partition_point(|segment| segment.row as usize <= row).saturating_sub(1)
    }

    /// Whether an entry of a segment is folded or not; `None` for what has nothing inside.
    fn open(&self, tree: &Tree, segment: usize, last: bool, entry: &Entry) -> Option<bool> {
        let start = entry.value.start;
        if !tree.is_container(start) || tree.count(start) == 0 {
            return None;
        }
        let next = self.segments.get(segment + 1);
        Some(last && next.is_some_and(|next| next.at() == Some(start)))
    }

    /// Puts the row numbers right after a segment.
    fn number(&mut self, from: usize) {
        let mut row = self.segments.get(from).map_or(0, |segment| segment.row);
        for segment in &mut self.segments[from..] {
            segment.row = row;
            row += segment.count;
        }
    }
}

impl Segment {
    fn at(&self) -> Option<usize> {
        self.container.map(|at| at as usize)
    }

    /// Its entries from the one that is `skip` after its first.
    fn entries<'a>(&self, tree: &Tree<'a>, skip: usize) -> Entries<'a> {
        tree.entries_from(self.at(), self.first as usize + skip)
    }
}

/// The segments of what is inside an entry, and whether that is all that was asked for.
fn unfolded(tree: &Tree, entry: &Entry, depth: usize, levels: usize) -> (Vec<Segment>, bool) {
    struct Frame<'a> {
        entries: Entries<'a>,
        segment: Segment,
    }
    let frame = |open: usize, depth: usize| Frame {
        entries: tree.entries(Some(open)),
        segment: Segment {
            row: 0,
            container: Some(open as u32),
            first: 0,
            count: 0,
            start: open as u32 + 1,
            depth: depth as u32,
        },
    };
    let mut segments = Vec::new();
    if levels == 1 {
        let mut only = frame(entry.value.start, depth).segment;
        only.count = tree.count(entry.value.start) as u32;
        segments.push(only);
        return (segments, true);
    }
    let mut opened = 0;
    let mut whole = true;
    let mut stack = vec![frame(entry.value.start, depth)];
    while let Some(top) = stack.last_mut() {
        let Some(entry) = top.entries.next() else {
            let done = stack.pop().map(|frame| frame.segment);
            segments.extend(done.filter(|segment| segment.count > 0));
            continue;
        };
        top.segment.count += 1;
        let start = entry.value.start;
        if !tree.is_container(start) || tree.count(start) == 0 {
            continue;
        }
        if stack.len() >= levels || opened == MOST_UNFOLDED {
            whole &= stack.len() >= levels;
            continue;
        }
        opened += 1;
        if let Some(top) = stack.last_mut() {
            segments.push(top.segment.clone());
            top.segment.first += top.segment.count;
            top.segment.count = 0;
            top.segment.start = entry.value.end as u32;
        }
        let depth = depth + stack.len();
        stack.push(frame(start, depth));
    }
    (segments, whole)
}
