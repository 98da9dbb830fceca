//! The history: all tasks known, of earlier runs too, as a table that is filtered and sorted.
//!
//! Pure: the lines come from beside the loop, which is asked anew with every change; the last good answer stays until the
//! next is there. The selection is a line's number, never a place.

use super::lanes::first_visible;
use crate::{
    store::{
        TaskKey,
        filter::Filter,
        past::query::{Column, Found, Line, Query},
    },
    time::Now,
};

/// Columns that the table has always; the others come one at a time.
const ALWAYS: [Column; 5] = [Column::When, Column::Outcome, Column::Service, Column::Name, Column::Took];

/// The table on the screen.
#[derive(Debug)]
pub struct History {
    /// The selected line's number.
    pub selected: Option<i64>,
    /// The screen line on which it stands.
    pub line: usize,
    /// The filter as typed.
    pub filter_text: String,
    /// The filter in force.
    pub filter: Filter,
    /// Why the typed filter cannot be read.
    pub filter_error: Option<String>,
    /// Hidden tasks too.
    pub hidden: bool,
    /// In which order.
    pub sort: Column,
    /// From the largest down.
    pub down: bool,
    /// A column more.
    pub more: Option<Column>,
    /// What was found last.
    pub found: Found,
    /// The number of the newest question, once it was asked.
    asked: Option<u64>,
    /// Something has changed since.
    changed: bool,
}

impl History {
    /// One that has asked nothing yet.
    pub fn new(hidden: bool) -> History {
        History {
            selected: None,
            line: 0,
            filter_text: String::new(),
            filter: Filter::default(),
            filter_error: None,
            hidden,
            sort: Column::When,
            down: true,
            more: Some(Column::Error),
            found: Found::default(),
            asked: None,
            changed: true,
        }
    }

    /// The question that is to be asked now, with this number; `None`: nothing has changed.
    pub fn question(&mut self, id: u64) -> Option<Query> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.asked = Some(id);
        let (filter, hidden, sort, down) = (self.filter.clone(), self.hidden, self.sort, self.down);
        Some(Query { id, filter, hidden, sort, down })
    }

    /// Takes an answer, unless another question was asked meanwhile. True: it is shown.
    pub fn take(&mut self, found: Found) -> bool {
        let wanted = self.asked == Some(found.id);
        if wanted {
            self.found = found;
            if self.selected_row().is_none() {
                self.selected = self.found.lines.first().map(|(row, _)| *row);
                self.line = 0;
            }
        }
        wanted
    }

    /// The answer to the newest question has not come.
    pub fn is_waiting(&self) -> bool {
        self.changed || self.asked != Some(self.found.id)
    }

    /// Nothing was ever answered.
    pub fn is_new(&self) -> bool {
        self.found.id == 0
    }

    /// Filters by a text; one that cannot be read leaves the last good list.
    pub fn set_filter(&mut self, text: &str, now: Now) {
        text.clone_into(&mut self.filter_text);
        match Filter::parse(text, now) {
            Ok(filter) => {
                (self.filter, self.filter_error) = (filter, None);
                self.changed = true;
            }
            Err(e) => self.filter_error = Some(e.to_string()),
        }
    }

    /// Shows hidden tasks too, or leaves them out.
    pub fn turn_hidden(&mut self) {
        self.hidden = !self.hidden;
        self.changed = true;
    }

    /// Sorts by the next column; times and lengths from the largest down.
    pub fn sort_next(&mut self) {
        let columns: Vec<Column> = self.columns();
        let at = columns.iter().position(|column| *column == self.sort).map_or(0, |at| at + 1);
        self.sort = columns.get(at).copied().unwrap_or_default();
        self.down = matches!(self.sort, Column::When | Column::Took);
        self.changed = true;
    }

    /// Turns the order round.
    pub fn turn(&mut self) {
        self.down = !self.down;
        self.changed = true;
    }

    /// Shows the next column more, or none.
    pub fn next_column(&mut self) {
        let others: Vec<Column> = Column::ALL.into_iter().filter(|column| !ALWAYS.contains(column)).collect();
        self.more = match self.more {
            None => others.first().copied(),
            Some(now) => others.iter().skip_while(|column| **column != now).nth(1).copied(),
        };
        if !self.columns().contains(&self.sort) {
            self.sort = Column::When;
            self.down = true;
            self.changed = true;
        }
    }

    /// The columns that are shown.
    pub fn columns(&self) -> Vec<Column> {
        ALWAYS.into_iter().chain(self.more).collect()
    }

    /// The place of the selected line.
    pub fn selected_row(&self) -> Option<usize> {
        let selected = self.selected?;
        self.found.lines.iter().position(|(row, _)| *row == selected)
    }

    /// The selected line.
    pub fn selected_line(&self) -> Option<&Line> {
        self.found.lines.get(self.selected_row()?)
    }

    /// The selected task's key.
    pub fn key(&self) -> Option<&TaskKey> {
        self.selected_line().map(|(_, past)| &past.key)
    }

    /// The first line on a screen of that height.
    pub fn first_row(&self, height: usize) -> usize {
        first_visible(self.found.lines.len(), self.selected_row().unwrap_or(0), self.line, height)
    }

    /// Moves the selection by so many lines (a large number: to the end).
    pub fn step(&mut self, by: isize, height: usize) {
        let first = self.first_row(height);
        let Some(last) = self.found.lines.len().checked_sub(1) else { return };
        let to = self.selected_row().map_or(0, |at| at.saturating_add_signed(by).min(last));
        self.selected = self.found.lines.get(to).map(|(row, _)| *row);
        self.line = to.saturating_sub(first).min(height.saturating_sub(1));
    }
}
