//! What cells print while they run, as their kernels tell it: by service while it is not known whose it is, then by task.
//!
//! Pure. A cell is known by its code, which the task that holds the slot has too. It refuses to give a task what another
//! one printed: what cannot be told apart is nobody's.

use std::collections::{HashMap, VecDeque};

use crate::{
    printed::Printed,
    store::{Store, Task, TaskKey},
    time::Now,
    wire::{Text, json},
};

/// What all that is kept may take, bytes; the oldest goes.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Ended tasks of a service that are looked at for whose output it is.
const LATE: usize = 10;
/// A cell and its task's end are heard within this of each other, seconds.
const TOGETHER: u64 = 10;

/// What a kernel tells of the cell in the slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It begins, with this code.
    Begins(Text),
    /// It printed.
    Printed(String),
    /// All that it printed is wiped.
    Clear,
    /// It has ended.
    Ends,
}

/// What one cell printed.
#[derive(Debug)]
pub struct Cell {
    code: Text,
    at: Now,
    task: Option<TaskKey>,
    /// The text.
    pub printed: Printed,
    /// It has ended.
    pub over: bool,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Outputs {
    /// The last cell of each service.
    last: HashMap<Text, Cell>,
    /// Of earlier ones.
    kept: HashMap<TaskKey, Cell>,
    order: VecDeque<TaskKey>,
    bytes: usize,
    revision: u64,
}

impl Outputs {
    /// A service's kernel says something.
    pub fn hear(&mut self, service: Text, told: Told, now: Now) {
        self.revision += 1;
        match told {
            Told::Begins(code) => {
                let cell = Cell { code, at: now, task: None, printed: Printed::default(), over: false };
                if let Some(before) = self.last.insert(service, cell) {
                    self.keep(before);
                }
            }
            Told::Printed(text) => {
                if let Some(cell) = self.last.get_mut(&service).filter(|cell| !cell.over) {
                    cell.printed.feed(&text);
                }
            }
            Told::Clear => {
                if let Some(cell) = self.last.get_mut(&service).filter(|cell| !cell.over) {
                    cell.printed.clear();
                }
            }
            Told::Ends => {
                if let Some(cell) = self.last.get_mut(&service) {
                    cell.over = true;
                }
            }
        }
    }

    /// Keeps it with its task, if that is known and it printed anything.
    fn keep(&mut self, cell: Cell) {
        let Some(key) = cell.task.clone().filter(|_| !cell.printed.is_empty()) else { return };
        self.bytes += cell.printed.bytes();
        if let Some(before) = self.kept.insert(key.clone(), cell) {
            self.bytes -= before.printed.bytes();
            self.order.retain(|kept| *kept != key);
        }
        self.order.push_back(key);
        while self.bytes > MOST_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.kept.remove(&oldest).map_or(0, |cell| cell.printed.bytes());
        }
    }

    /// Looks whose output it is, where that was not known yet.
    pub fn look(&mut self, store: &Store, now: Now) {
        // A cell that nobody sent as a task, such as a notebook's, is looked for in vain, and not for ever.
        let fresh = |cell: &Cell| cell.task.is_none() && now.since(cell.at).as_secs() < TOGETHER;
        for (service, cell) in self.last.iter_mut().filter(|(_, cell)| fresh(cell)) {
            let lanes = store.lanes(service, true, now);
            let late = lanes.ended.iter().take(LATE).filter(|task| {
                task.ended.is_some_and(|end| {
                    let (earlier, later) =
                        if end.at.mono < cell.at.mono { (end.at, cell.at) } else { (cell.at, end.at) };
                    later.since(earlier).as_secs() < TOGETHER || !end.exact
                })
            });
            let fits = |task: &&&Task| {
                let code = task.payload.as_deref().filter(|_| task.is_ipython());
                code.and_then(|payload| json::string(json::get(payload, "code")?))
                    .is_some_and(|code| *code == *cell.code)
            };
            let found = lanes.holders.iter().find(fits).or_else(|| late.into_iter().find(|task| fits(task)));
            if let Some(task) = found {
                cell.task = Some(task.key.clone());
                self.revision += 1;
            }
        }
    }

    /// What a task printed, if that was heard.
    pub fn of(&self, task: &Task) -> Option<&Cell> {
        let last = self.last.get(&task.service).filter(|cell| cell.task.as_ref() == Some(&task.key));
        last.or_else(|| self.kept.get(&task.key))
    }

    /// Goes up with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }
}
