//! What cells print while they run, as their kernels tell it: by service while it is not known whose it is, then by task.
//!
//! Pure. A cell is known by its code, which the task that holds the slot has too. It refuses to give a task what another
//! one printed: what cannot be told apart is nobody's.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

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
/// How often it is looked whose output something is.
const OFTEN: Duration = Duration::from_millis(100);
/// How long the bus may be behind the kernel.
const WAITED: Duration = Duration::from_secs(1);

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
    /// The task of the cell before it, which is over: of the same code perhaps, and not this one's.
    not: Option<TaskKey>,
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
    /// When it was last looked whose they are.
    looked: Option<Now>,
}

impl Outputs {
    /// A service's kernel says something.
    pub fn hear(&mut self, service: Text, told: Told, now: Now) {
        self.revision += 1;
        match told {
            Told::Begins(code) => {
                let before = self.last.remove(&service);
                let not = before.as_ref().and_then(|cell| cell.task.clone());
                let cell = Cell { code, at: now, task: None, not, printed: Printed::default(), over: false };
                self.last.insert(service, cell);
                if let Some(before) = before {
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
    fn keep(&mut self, mut cell: Cell) {
        let Some(key) = cell.task.clone().filter(|_| !cell.printed.is_empty()) else { return };
        // Whose it is is known.
        cell.code = Text::default();
        cell.printed.end();
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
        let soon = self.looked.is_some_and(|at| now.since(at) < OFTEN);
        if soon || !self.last.values().any(fresh) {
            return;
        }
        self.looked = Some(now);
        let Outputs { last, kept, revision, .. } = self;
        for (service, cell) in last.iter_mut().filter(|(_, cell)| fresh(cell)) {
            let lanes = store.lanes(service, true, now);
            // The bus may be behind: a task that ended before the cell began is the cell's only if no other one comes.
            let waited = now.since(cell.at) >= WAITED;
            let late = |task: &&&Task| {
                task.ended.is_some_and(|end| {
                    let before = end.at.mono < cell.at.mono;
                    let (earlier, later) = if before { (end.at, cell.at) } else { (cell.at, end.at) };
                    (waited || !before) && later.since(earlier).as_secs() < TOGETHER
                })
            };
            let fits = |task: &&&Task| {
                let code = task.payload.as_deref().filter(|_| task.is_ipython());
                let code = code.and_then(|payload| json::string(json::get(payload, "code")?));
                code.is_some_and(|code| *code == *cell.code)
                    && cell.not.as_ref() != Some(&task.key)
                    && !kept.contains_key(&task.key)
            };
            let ended = lanes.ended.iter().take(LATE).filter(late);
            let found = lanes.holders.iter().find(fits).or_else(|| ended.into_iter().find(|task| fits(task)));
            if let Some(task) = found {
                cell.task = Some(task.key.clone());
                *revision += 1;
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
