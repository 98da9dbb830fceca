//! The history: all tasks known, of earlier runs too, as a table that is filtered and sorted.
//!
//! Pure: the lines come from beside the loop, which is asked anew with every change; the last good answer stays until the
//! next is there and is drawn. The selection is a line's number, never a place.

use std::collections::HashMap;

use super::{
    called_or,
    lanes::first_visible,
    unseen::{self, By},
};
use crate::{
    store::{
        TaskKey,
        filter::{Filter, Saved},
        past::{
            away::Away,
            query::{Column, Found, Line, Query},
        },
    },
    time::Now,
};

/// The table on the screen.
#[derive(Debug)]
pub struct History {
    /// The selected line's number.
    selected: Option<i64>,
    /// Its place, as of the last look: of a hundred thousand lines it is not searched for each frame.
    place: usize,
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
    /// Only what became of tasks in that time.
    pub away: Option<Away>,
    /// The columns, in their order.
    pub columns: Vec<Column>,
    /// Lines that are marked to be compared, at most two.
    pub marked: Vec<i64>,
    /// Two are being compared.
    pub comparing: bool,
    /// What was found last.
    pub found: Found,
    /// What was found since then and is not shown yet.
    next: Option<Found>,
    /// Why the cursor stands elsewhere than the person has seen.
    pub unseen: Option<String>,
    /// The number of the newest question, once it was asked.
    asked: Option<u64>,
    /// Something has changed since.
    changed: bool,
}

impl History {
    /// One that has asked nothing yet.
    pub fn new(hidden: bool, columns: Vec<Column>) -> History {
        History {
            selected: None,
            place: 0,
            line: 0,
            filter_text: String::new(),
            filter: Filter::default(),
            filter_error: None,
            hidden,
            sort: Column::When,
            down: true,
            away: None,
            columns,
            marked: Vec::new(),
            comparing: false,
            found: Found::default(),
            next: None,
            unseen: None,
            asked: None,
            changed: true,
        }
    }

    /// What became of tasks in that time, what concerns most before the rest.
    pub fn since(away: Away, hidden: bool, columns: Vec<Column>) -> History {
        History { away: Some(away), sort: Column::Outcome, down: false, ..History::new(hidden, columns) }
    }

    /// The question that is to be asked now, with this number; `None`: nothing has changed.
    pub fn question(&mut self, id: u64) -> Option<Query> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.asked = Some(id);
        let (hidden, sort, down, away) = (self.hidden, self.sort, self.down, self.away);
        Some(Query { id, filter: self.filter.clone(), hidden, sort, down, away })
    }

    /// Takes an answer, unless another question was asked meanwhile. True: it will be shown.
    pub fn take(&mut self, found: Found) -> bool {
        let wanted = self.asked == Some(found.id);
        if wanted {
            self.next = Some(found);
        }
        wanted
    }

    /// Shows the last answer.
    pub fn refresh(&mut self, by: By) {
        let Some(found) = self.next.take() else { return };
        let before = std::mem::replace(&mut self.found, found);
        let Some(selected) = self.selected else {
            self.selected = self.found.lines.first().map(|(row, _)| *row);
            (self.place, self.line) = (0, 0);
            if self.selected.is_some() {
                by.mark(&mut self.unseen, || unseen::NOTHING.to_owned());
            }
            return;
        };
        if let Some(place) = self.found.lines.iter().position(|(row, _)| *row == selected) {
            self.place = place;
            return;
        }
        // It is no more: the one that stood behind it takes over, else the one before it.
        let places: HashMap<i64, usize> =
            self.found.lines.iter().zip(0..).map(|((row, _), place)| (*row, place)).collect();
        let (above, below) = before.lines.split_at(self.place.min(before.lines.len()));
        let near = below.iter().chain(above.iter().rev()).find_map(|(row, _)| places.get(row));
        if near.is_none() {
            self.line = 0;
        }
        self.place = near.copied().unwrap_or(0);
        self.selected = self.found.lines.get(self.place).map(|(row, _)| *row);
        by.mark(&mut self.unseen, || match below.first() {
            Some((_, past)) => unseen::gone(called_or(&past.name, &past.task_type)),
            None => unseen::NOTHING.to_owned(),
        });
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
    pub fn set_filter(&mut self, text: &str, saved: &Saved, now: Now) {
        text.clone_into(&mut self.filter_text);
        match Filter::parse(text, saved, now) {
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
        let at = self.columns.iter().position(|column| *column == self.sort).map_or(0, |at| at + 1);
        let next = self.columns.get(at).or(self.columns.first()).copied();
        self.sort_by(next.unwrap_or_default());
    }

    fn sort_by(&mut self, column: Column) {
        self.sort = column;
        self.down = matches!(column, Column::When | Column::Took | Column::Ended);
        self.changed = true;
    }

    /// Turns the order round.
    pub fn turn(&mut self) {
        self.down = !self.down;
        self.changed = true;
    }

    /// Shows these columns; it is sorted by one of them.
    pub fn set_columns(&mut self, columns: Vec<Column>) {
        self.columns = columns;
        if !self.columns.contains(&self.sort) {
            let first = self.columns.first().copied().unwrap_or_default();
            self.sort_by(first);
        }
    }

    /// Marks the selected line, or takes its mark away; a third mark takes the place of the oldest.
    pub fn mark(&mut self) {
        let Some(selected) = self.selected else { return };
        if self.marked.contains(&selected) {
            self.marked.retain(|row| *row != selected);
            return;
        }
        if self.marked.len() > 1 {
            self.marked.remove(0);
        }
        self.marked.push(selected);
    }

    /// The two lines that are to be compared: the marked ones, or the marked one and the selected one.
    pub fn pair(&self) -> Option<[i64; 2]> {
        match (&self.marked[..], self.selected) {
            ([one, other], _) => Some([*one, *other]),
            ([one], Some(other)) if *one != other => Some([*one, other]),
            _ => None,
        }
    }

    /// The selected line's number.
    pub fn selected(&self) -> Option<i64> {
        self.selected
    }

    /// The place of the selected line.
    pub fn selected_row(&self) -> Option<usize> {
        self.selected.map(|_| self.place)
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
        self.place = to;
        self.line = to.saturating_sub(first).min(height.saturating_sub(1));
    }
}

/// Choosing the columns, above the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// All columns in their order, and whether each is shown.
    pub all: Vec<(Column, bool)>,
    /// The selected one.
    pub selected: usize,
}

impl Columns {
    /// Begins with those that are shown.
    pub fn new(shown: &[Column]) -> Columns {
        let others = Column::ALL.into_iter().filter(|column| !shown.contains(column));
        let all = shown.iter().map(|column| (*column, true)).chain(others.map(|column| (column, false)));
        Columns { all: all.collect(), selected: 0 }
    }

    /// Those that are to be shown.
    pub fn chosen(&self) -> Vec<Column> {
        self.all.iter().filter(|(_, shown)| *shown).map(|(column, _)| *column).collect()
    }

    /// Moves the selection, round the ends.
    pub fn step(&mut self, by: isize) {
        let all = self.all.len();
        self.selected = (self.selected + all).saturating_add_signed(by) % all.max(1);
    }

    /// Shows the selected column, or shows it no more. False: it is the only one.
    pub fn turn(&mut self) -> bool {
        let is_only = self.chosen().len() < 2;
        match self.all.get_mut(self.selected) {
            Some((_, shown)) if !(*shown && is_only) => *shown = !*shown,
            _ => return false,
        }
        true
    }

    /// Moves the selected column. False: it is at an end.
    pub fn shift(&mut self, by: isize) -> bool {
        let to = self.selected.checked_add_signed(by).filter(|to| *to < self.all.len());
        let Some(to) = to else { return false };
        self.all.swap(self.selected, to);
        self.selected = to;
        true
    }
}
