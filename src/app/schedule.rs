//! The schedule: everything that the scheduler keeps, by service, in the order in which it will take it.
//!
//! Pure. The selection and the marks are tasks' keys, never places, and the selected row keeps its line on the screen.
//! It says where a task would come to stand, and refuses to say it where the scheduler has not told when its neighbours
//! are due.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    called,
    lanes::first_visible,
    unseen::{self, By},
};
use crate::{
    store::{
        State, Store, Task, TaskKey,
        filter::{Filter, Saved},
        timetable::{Timetable, is_scheduled, moment},
    },
    time::Now,
    wire::Text,
};

/// Ended tasks of one service that are listed.
const ENDED: usize = 200;

/// How far before the first, or behind the last, a task is put.
const APART: TimeDelta = TimeDelta::seconds(1);

/// What is told where a move that was under way has lost its sense.
const NOT_MOVED: &str = "the list has changed: nothing was moved";

/// The schedule on the screen.
#[derive(Debug, Default)]
pub struct Schedule {
    /// The selected task.
    pub selected: Option<TaskKey>,
    /// The screen line on which it stands.
    pub line: usize,
    /// The marked tasks, in the order in which they were marked.
    pub marked: Vec<TaskKey>,
    /// Ended tasks are listed too.
    pub ended: bool,
    /// The filter as typed.
    pub filter_text: String,
    /// The filter in force.
    pub filter: Filter,
    /// Why the typed filter cannot be read.
    pub filter_error: Option<String>,
    /// A task on its way to another place.
    pub moving: Option<Moving>,
    /// The rows, as of the last update.
    pub rows: Vec<Row>,
    /// Scheduled tasks that wait, under whatever filter.
    pub waiting: usize,
    /// Why the cursor stands elsewhere than the person has seen.
    pub unseen: Option<String>,
}

/// A task on its way to another place; nothing is done before the person says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// Which task.
    pub key: TaskKey,
    /// Before which one it is to stand; `None`: behind all.
    pub before: Option<TaskKey>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A service, with its slot.
    Service {
        /// Its name.
        service: Text,
    },
    /// Own direct tasks go first.
    Direct {
        /// How many.
        count: usize,
    },
    /// A task.
    Task {
        /// Which.
        key: TaskKey,
        /// What it is here.
        part: Part,
    },
    /// Room between two services.
    Gap,
}

/// What a task is in the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It holds the slot.
    Holder,
    /// It waits, at that place (from 1).
    Waiting {
        /// From 1.
        place: usize,
    },
    /// It would stand here.
    Moved,
    /// It ended, or nobody knows.
    Ended,
}

impl Row {
    /// The task of the row.
    pub fn key(&self) -> Option<&TaskKey> {
        match self {
            Row::Task { key, .. } => Some(key),
            _ => None,
        }
    }
}

impl Schedule {
    /// Filters by a text; one that cannot be read leaves the last good list.
    pub fn set_filter(&mut self, text: &str, saved: &Saved, now: Now) {
        text.clone_into(&mut self.filter_text);
        match Filter::parse(text, saved, now) {
            Ok(filter) => (self.filter, self.filter_error) = (filter, None),
            Err(e) => self.filter_error = Some(e.to_string()),
        }
    }

    /// The selected row.
    pub fn selected_row(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.rows.iter().position(|row| row.key() == Some(selected))
    }

    /// The first row on a screen of that height.
    pub fn first_row(&self, height: usize) -> usize {
        first_visible(self.rows.len(), self.selected_row().unwrap_or(0), self.line, height)
    }

    /// Moves the selection by that many tasks (a large number: to the end).
    pub fn step(&mut self, by: isize, height: usize) {
        let first = self.first_row(height);
        let tasks: Vec<usize> = (0..self.rows.len()).filter(|row| self.rows[*row].key().is_some()).collect();
        let Some(last) = tasks.len().checked_sub(1) else { return };
        let at = self.selected_row().and_then(|row| tasks.iter().position(|t| *t == row));
        let to = tasks[at.map_or(0, |at| at.saturating_add_signed(by).min(last))];
        self.go_to(to, first, height);
    }

    /// Selects the task of that row, if it is one's, on a list that begins with row `first`.
    pub fn go_to(&mut self, to: usize, first: usize, height: usize) {
        let Some(key) = self.rows.get(to).and_then(Row::key) else { return };
        self.selected = Some(key.clone());
        // A service's line above its first task stays in sight.
        let above = to.saturating_sub(usize::from(to > 0 && self.rows[to - 1].key().is_none()));
        self.line = match to {
            _ if above < first => to - above,
            _ => to.saturating_sub(first).min(height.saturating_sub(1)),
        };
    }

    /// Marks the selected task, or takes its mark away, and goes on to the next.
    ///
    /// # Errors
    /// One sentence where it is none that could be cancelled.
    pub fn mark(&mut self, store: &Store, height: usize) -> Result<(), &'static str> {
        let Some(key) = self.selected.clone() else { return Err("nothing is selected") };
        match self.marked.iter().position(|marked| *marked == key) {
            Some(at) => _ = self.marked.remove(at),
            None if store.task(&key).is_some_and(can_be_marked) => self.marked.push(key),
            None => return Err("only what the scheduler keeps, and has not ended, can be marked"),
        }
        self.step(1, height);
        Ok(())
    }

    /// A task was on its way as far as the person has seen, and is not any more.
    pub fn lost_move(&self) -> bool {
        self.unseen.as_deref() == Some(NOT_MOVED)
    }

    /// Makes the rows anew. Gives a sentence where a move that was under way has lost its sense.
    pub fn refresh(&mut self, store: &Store, now: Now, height: usize, by: By) -> Option<&'static str> {
        let mut told = None;
        for key in self.marked.iter_mut().chain(self.selected.as_mut()) {
            // A key may have become another one (the scheduler's, once it took the task).
            if let Some(task) = store.task(key) {
                key.clone_from(&task.key);
            }
        }
        let had_marks = !self.marked.is_empty();
        self.marked.retain(|key| store.task(key).is_some_and(can_be_marked));
        if had_marks && self.marked.is_empty() {
            by.mark(&mut self.unseen, || "nothing done: all that was marked has ended".to_owned());
        }
        if let Some(moving) = &self.moving
            && !still_there(moving, store, now)
        {
            self.moving = None;
            told = Some(NOT_MOVED);
            by.mark(&mut self.unseen, || NOT_MOVED.to_owned());
        }
        let before = self.selected_row();
        let selected = self.selected.clone();
        self.rows = self.build(store, now);
        if self.selected_row().is_none() {
            // It left the list: the task that now stands where it stood takes over.
            let place = before.unwrap_or(0);
            let near = self.rows.iter().enumerate().filter(|(_, row)| row.key().is_some());
            let near = near.min_by_key(|(at, _)| at.abs_diff(place)).map(|(_, row)| row.key().cloned());
            self.selected = near.flatten();
            if before.is_none() {
                self.line = self.selected_row().unwrap_or(0);
            }
        }
        if self.selected != selected {
            by.mark(&mut self.unseen, || match &selected {
                Some(key) => unseen::task(store, key),
                None => unseen::NOTHING.to_owned(),
            });
        }
        self.line = self.line.min(height.saturating_sub(1));
        told
    }

    fn build(&mut self, store: &Store, now: Now) -> Vec<Row> {
        let mut rows = Vec::new();
        self.waiting = 0;
        for service in store.services() {
            let table = store.timetable(&service.name, now);
            self.waiting += table.waiting.len();
            let block = self.block(&table);
            if block.is_empty() {
                continue;
            }
            if !rows.is_empty() {
                rows.push(Row::Gap);
            }
            rows.push(Row::Service { service: service.name.clone() });
            rows.extend(block);
        }
        rows
    }

    /// The rows of one service; none where it has nothing to do with the schedule.
    fn block(&self, table: &Timetable<'_>) -> Vec<Row> {
        let admits = |task: &&Task| {
            self.filter.admits(task) || self.moving.as_ref().is_some_and(|m| m.key == task.key)
        };
        let row = |task: &Task, part| Row::Task { key: task.key.clone(), part };
        let mut waiting: Vec<Row> = table
            .waiting
            .iter()
            .zip(1..)
            .filter(|(task, _)| admits(task))
            .map(|(task, place)| row(task, Part::Waiting { place }))
            .collect();
        if let Some(Moving { key, before }) = &self.moving
            && let Some(at) = waiting.iter().position(|row| row.key() == Some(key))
        {
            waiting.remove(at);
            let to = before.as_ref().and_then(|b| waiting.iter().position(|row| row.key() == Some(b)));
            let moved = Row::Task { key: key.clone(), part: Part::Moved };
            waiting.insert(to.unwrap_or(waiting.len()), moved);
        }
        let ended: Vec<Row> = match self.ended {
            true => {
                let ended = table.ended.iter().filter(|task| admits(task)).take(ENDED);
                ended.map(|task| row(task, Part::Ended)).collect()
            }
            false => Vec::new(),
        };
        let holds = |task: &&&Task| is_scheduled(task) && admits(task);
        if waiting.is_empty() && ended.is_empty() && table.holders.iter().find(holds).is_none() {
            return Vec::new();
        }
        let mut rows: Vec<Row> = table.holders.iter().map(|task| row(task, Part::Holder)).collect();
        if table.direct > 0 && !waiting.is_empty() {
            rows.push(Row::Direct { count: table.direct });
        }
        rows.extend(waiting);
        rows.extend(ended);
        rows
    }
}

/// It could be cancelled: what has ended loses its mark.
fn can_be_marked(task: &Task) -> bool {
    is_scheduled(task) && task.state != State::Ended
}

/// The task still waits, and so does the one before which it is to stand.
fn still_there(moving: &Moving, store: &Store, now: Now) -> bool {
    let Some(task) = store.task(&moving.key) else { return false };
    let table = store.timetable(&task.service, now);
    let waits = |key: &TaskKey| table.waiting.iter().any(|task| task.key == *key);
    waits(&moving.key) && moving.before.as_ref().is_none_or(waits)
}

/// The move one place up or down, from where the task stands or is on its way to; `Err`: why there is none.
///
/// # Errors
/// One sentence.
pub fn shifted(
    store: &Store,
    key: &TaskKey,
    moving: Option<&Moving>,
    up: bool,
    now: Now,
) -> Result<Moving, &'static str> {
    let task = store.task(key).ok_or("that task is no longer known")?;
    let table = store.timetable(&task.service, now);
    // Those that the scheduler has not taken yet have no place.
    let others: Vec<&Task> =
        table.waiting.iter().copied().filter(|t| t.scheduled_task_id.is_some()).collect();
    let Some(from) = others.iter().position(|t| t.key == *key) else {
        let taken = table.waiting.iter().all(|t| t.key != *key);
        return Err(match taken {
            true => "only a scheduled task that waits can be moved",
            false => "the scheduler has not told yet that it has it; once it has, it can be moved",
        });
    };
    let others: Vec<&Task> = others.into_iter().filter(|t| t.key != *key).collect();
    let at = match moving.filter(|moving| moving.key == *key) {
        None => from,
        Some(Moving { before: None, .. }) => others.len(),
        Some(Moving { before: Some(before), .. }) => {
            others.iter().position(|t| t.key == *before).unwrap_or(from)
        }
    };
    let to = if up { at.checked_sub(1).ok_or("it stands first already")? } else { at + 1 };
    if to > others.len() {
        return Err("it stands last already");
    }
    Ok(Moving { key: key.clone(), before: others.get(to).map(|t| t.key.clone()) })
}

/// Where a moved task comes to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its `run_at`.
    pub at: DateTime<Utc>,
    /// Whom it goes before that it stood behind, by name.
    pub overtakes: Vec<String>,
    /// Who goes before it that stood behind, by name.
    pub lets_pass: Vec<String>,
    /// It had to go further than wished: the neighbours are due in the same microsecond.
    pub further: bool,
}

/// The place of a task that is moved: a moment between those of its new neighbours.
///
/// # Errors
/// One sentence: a neighbour's moment is not known, or nothing would change.
pub fn place(store: &Store, moving: &Moving, now: Now) -> Result<Place, String> {
    let task = store.task(&moving.key).ok_or("that task is no longer known")?;
    let table = store.timetable(&task.service, now);
    let all: Vec<&Task> = table.waiting.into_iter().filter(|t| t.scheduled_task_id.is_some()).collect();
    let from = all.iter().position(|t| t.key == moving.key).ok_or("it does not wait any more")?;
    let others: Vec<&Task> = all.into_iter().filter(|t| t.key != moving.key).collect();
    let to = match &moving.before {
        None => others.len(),
        Some(before) => {
            others.iter().position(|t| t.key == *before).ok_or("its new neighbour does not wait any more")?
        }
    };
    if to == from {
        return Err("it stands there already".to_owned());
    }
    let due = others
        .iter()
        .map(|t| {
            moment(t).ok_or_else(|| format!("the scheduler has not told yet when {} is due", called(&t.name)))
        })
        .collect::<Result<Vec<_>, _>>()?;
    // Between two that are due in the same microsecond is no room: on to the next gap in the same direction.
    let mut at = to;
    let found = loop {
        match (at.checked_sub(1).map(|before| due[before]), due.get(at)) {
            (None, None) => return Err("there is nothing to go before".to_owned()),
            (None, Some(next)) => break *next - APART,
            (Some(last), None) => break last + APART,
            (Some(last), Some(next)) => {
                let gap = (*next - last).num_microseconds().unwrap_or(i64::MAX);
                if gap >= 2 {
                    break last + TimeDelta::microseconds(gap / 2);
                }
                at = if to < from { at - 1 } else { at + 1 };
            }
        }
    };
    let names = |tasks: &[&Task]| tasks.iter().map(|t| t.name.to_string()).collect();
    Ok(Place {
        at: found,
        overtakes: if at < from { names(&others[at..from]) } else { Vec::new() },
        lets_pass: if at > from { names(&others[from..at]) } else { Vec::new() },
        further: at != to,
    })
}
