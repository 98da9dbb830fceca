//! The answers of InfluxDB: annotated CSV, read while it comes.
//!
//! Columns go by their names, for no order of them is promised; a cell may hold megabytes and line breaks. A row takes so
//! much and no more: a cell that finds no room in it is left out, and its size is told. An error after the first rows
//! comes inside the answer, and ends it. It refuses to guess types: all cells are texts.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read},
    mem,
};

use csv_core::ReadFieldResult;

/// Bytes of the answer that are at hand.
const INPUT: usize = 64 * 1024;
/// More columns than this nobody has; those beyond are passed over.
const MOST_CELLS: usize = 256;
/// A cell grows by this, bytes.
const STEP: usize = 4 * 1024;

/// A row: its cells by the names of their columns. Empty cells are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    cells: HashMap<String, String>,
    /// Cells that found no room, with their sizes.
    too_large: HashMap<String, usize>,
}

impl Row {
    /// A cell.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str)
    }

    /// How large a cell was that was left out, bytes.
    pub fn left_out(&self, column: &str) -> Option<usize> {
        self.too_large.get(column).copied()
    }
}

/// Why an answer cannot be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The database says so, in its own words.
    Told(String),
    /// It ends too early, or is no such answer: what, in a few words.
    Cut(String),
}

/// A cell as it came.
#[derive(Clone, Debug, Default)]
struct Cell {
    bytes: Vec<u8>,
    /// How many of it found no room.
    more: usize,
}

impl Cell {
    fn is(&self, text: &str) -> bool {
        self.bytes == text.as_bytes()
    }

    fn text(self) -> String {
        String::from_utf8(self.bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }
}

/// An answer that is being read.
pub struct Rows<R> {
    body: R,
    csv: csv_core::Reader,
    input: Vec<u8>,
    /// What of `input` has not been looked at.
    at: usize,
    end: usize,
    /// The last byte of the answer so far.
    last: Option<u8>,
    /// A row's cells take at most so many bytes.
    most: usize,
    defaults: Vec<String>,
    header: Vec<String>,
    /// An error stands below the columns `error` and `reference`, with annotations or without.
    fails: bool,
}

impl<R: Read> Rows<R> {
    /// Begins to read. A row's cells take at most `most` bytes.
    pub fn new(body: R, most: usize) -> Rows<R> {
        Rows {
            body,
            csv: csv_core::Reader::new(),
            input: vec![0; INPUT],
            at: 0,
            end: 0,
            last: None,
            most,
            defaults: Vec::new(),
            header: Vec::new(),
            fails: false,
        }
    }

    /// The next row; `None`: that was all. `is_over` says whether nobody waits any more: it is asked before each look for more
    /// bytes, for a row may drip, and what is no row may never end.
    ///
    /// # Errors
    /// What the database says went wrong, that it is no such answer, or that nobody waits any more.
    pub fn next_row(&mut self, is_over: &mut dyn FnMut() -> bool) -> Result<Option<Row>, Broken> {
        while let Some(cells) = self.record(is_over)? {
            if cells.first().is_some_and(|cell| cell.bytes.starts_with(b"#")) {
                // A new table: what follows the annotations is its header.
                self.header.clear();
                if cells[0].is("#default") {
                    self.defaults = cells.into_iter().map(Cell::text).collect();
                }
                continue;
            }
            if matches!(&cells[..], [none, error, reference]
                if none.is("") && error.is("error") && reference.is("reference"))
            {
                self.fails = true;
                continue;
            }
            if self.fails {
                let text = cells.into_iter().nth(1).unwrap_or_default().text();
                return Err(Broken::Told(text.trim().to_owned()));
            }
            if self.header.is_empty() {
                self.header = cells.into_iter().map(Cell::text).collect();
                continue;
            }
            if cells.len() != self.header.len() {
                let (has, wants) = (cells.len(), self.header.len());
                return Err(Broken::Cut(format!("a row has {has} cells, not {wants}")));
            }
            return Ok(Some(self.row(cells)));
        }
        match self.last {
            // Each row ends with a line break, and the last one is followed by an empty line.
            Some(last) if last != b'\n' => Err(Broken::Cut("it ends in the middle of a line".to_owned())),
            _ => Ok(None),
        }
    }

    fn row(&self, cells: Vec<Cell>) -> Row {
        let mut row = Row::default();
        for ((at, name), cell) in self.header.iter().enumerate().zip(cells) {
            if cell.more > 0 {
                row.too_large.insert(name.clone(), cell.bytes.len() + cell.more);
                continue;
            }
            let text = match cell.bytes.is_empty() {
                true => self.defaults.get(at).cloned().unwrap_or_default(),
                false => cell.text(),
            };
            if !text.is_empty() {
                row.cells.insert(name.clone(), text);
            }
        }
        row
    }

    /// The next record's cells; empty lines are passed over. `None`: there is none.
    fn record(&mut self, is_over: &mut dyn FnMut() -> bool) -> Result<Option<Vec<Cell>>, Broken> {
        let mut cells = Vec::new();
        let mut cell = Cell::default();
        let mut room = self.most;
        let mut output = [0; STEP];
        loop {
            if self.at == self.end {
                if is_over() {
                    return Err(Broken::Cut("nobody waits for it any more".to_owned()));
                }
                self.fill()?;
            }
            let (result, read, written) = self.csv.read_field(&self.input[self.at..self.end], &mut output);
            self.at += read;
            if cell.more == 0 && written <= room {
                cell.bytes.extend_from_slice(&output[..written]);
                room -= written;
            } else {
                // What it has until now is worth nothing without the rest.
                cell.more += cell.bytes.len() + written;
                room += mem::take(&mut cell.bytes).len();
            }
            match result {
                ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
                ReadFieldResult::Field { record_end } => {
                    let done = mem::take(&mut cell);
                    if cells.len() < MOST_CELLS {
                        cells.push(done);
                    }
                    if record_end {
                        return Ok(Some(cells));
                    }
                }
                ReadFieldResult::End => return Ok(None),
            }
        }
    }

    /// Reads on; nothing at the end.
    fn fill(&mut self) -> Result<(), Broken> {
        (self.at, self.end) = (0, 0);
        loop {
            match self.body.read(&mut self.input) {
                Ok(read) => {
                    self.end = read;
                    self.last = self.input[..read].last().copied().or(self.last);
                    return Ok(());
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(Broken::Cut(super::told_io(e))),
            }
        }
    }
}

/// All rows of an answer that is at hand.
///
/// # Errors
/// As [`Rows::next_row`].
pub fn read(body: &[u8], most: usize) -> Result<Vec<Row>, Broken> {
    let mut rows = Rows::new(body, most);
    let mut all = Vec::new();
    while let Some(row) = rows.next_row(&mut || false)? {
        all.push(row);
    }
    Ok(all)
}
