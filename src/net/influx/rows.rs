//! The answers of InfluxDB: annotated CSV.
//!
//! Columns go by their names, for no order of them is promised; a cell may hold megabytes and line breaks. An error
//! after the first rows comes inside the answer, and makes all of it an error. It refuses to guess types: all cells are texts.

use std::collections::HashMap;

/// A row: its cells by the names of their columns. Empty cells are left out.
pub type Row = HashMap<String, String>;

/// Reads an answer.
///
/// # Errors
/// What the database says went wrong, or that it is no such answer; one sentence without a full stop.
pub fn read(body: &[u8]) -> Result<Vec<Row>, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body);
    let mut rows = Vec::new();
    let mut defaults: Vec<String> = Vec::new();
    let mut header: Vec<String> = Vec::new();
    // An error stands below the columns `error` and `reference`, with annotations or without.
    let mut fails = false;
    for record in reader.byte_records() {
        let record = record.map_err(|e| format!("the answer is no CSV: {e}"))?;
        let cells: Vec<String> =
            record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        let first = cells.first().map_or("", String::as_str);
        if first.starts_with('#') {
            // A new table: what follows the annotations is its header.
            header.clear();
            if first == "#default" {
                defaults.clone_from(&cells);
            }
            continue;
        }
        if cells == ["", "error", "reference"] {
            fails = true;
            continue;
        }
        if fails {
            let text = cells.get(1).map_or("", String::as_str).trim();
            return Err(format!("the database failed in the middle of its answer: {text}"));
        }
        if header.is_empty() {
            header = cells;
            continue;
        }
        if cells.len() != header.len() {
            return Err(format!("a row of the answer has {} cells, not {}", cells.len(), header.len()));
        }
        let filled = |(at, cell): (usize, String)| match cell.is_empty() {
            true => defaults.get(at).cloned().unwrap_or_default(),
            false => cell,
        };
        let cells = cells.into_iter().enumerate().map(filled);
        let row = header.iter().cloned().zip(cells).filter(|(_, cell)| !cell.is_empty());
        rows.push(row.collect());
    }
    Ok(rows)
}
