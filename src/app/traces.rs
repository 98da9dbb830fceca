//! Tracebacks of cells: Juice answers a failed cell without one, so they are found elsewhere.
//!
//! It refuses to guess: what is shown as a task's traceback is that task's, and says where it is from.

use std::collections::{HashMap, VecDeque};

use crate::{
    store::{Task, TaskKey},
    wire::{Text, frame::ReplyBody},
};

use super::{Settings, action::Action};

/// Tracebacks that are kept; the oldest go.
const MOST: usize = 100;

/// Where a traceback is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The kernel's memory: the last exception that it showed, of the same name and message.
    Memory,
}

impl Origin {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Origin::Memory => "from the kernel's memory: its last exception, of the same name and message",
        }
    }
}

/// Those that were found.
#[derive(Debug, Default)]
pub struct Traces {
    found: HashMap<TaskKey, (Text, Origin)>,
    order: VecDeque<TaskKey>,
    kept: usize,
    /// Why no kernel can be asked from here; `None`: it can.
    why_not: Option<String>,
    /// The key that asks.
    key: String,
}

impl Traces {
    /// None yet.
    pub fn new(settings: &Settings) -> Traces {
        let read_only = settings.read_only.then(|| "this screen is read-only".to_owned());
        Traces {
            why_not: read_only.or_else(|| settings.watch_only.clone()),
            key: settings.keymap.first(Action::AskTraceback).unwrap_or_default(),
            ..Traces::default()
        }
    }

    /// What was found for a task, and where.
    pub fn of(&self, key: &TaskKey) -> Option<&(Text, Origin)> {
        self.found.get(key)
    }

    /// How many were found in all.
    pub fn count(&self) -> usize {
        self.kept
    }

    /// Keeps what was found.
    pub fn keep(&mut self, key: TaskKey, text: Text, origin: Origin) {
        if self.found.insert(key.clone(), (text, origin)).is_none() {
            self.order.push_back(key);
        }
        self.kept += 1;
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.found.remove(&oldest);
        }
    }

    /// Why a failed task has no traceback, and what helps, a sentence each.
    pub fn advice(&self, task: &Task) -> Vec<String> {
        if !failed_in_cell(task) {
            let why = match task.reply {
                None => "The scheduler could not dispatch it: there is a message but no traceback.",
                Some(_) => "The reply has no traceback.",
            };
            return vec![why.to_owned()];
        }
        let second = match &self.why_not {
            Some(why) => format!("Its kernel may still have it, but cannot be asked from here: {why}."),
            None => {
                format!("{} asks its kernel, which keeps the last one: that runs a cell there.", self.key)
            }
        };
        vec!["The cell raised. Juice sends no traceback of a cell.".to_owned(), second]
    }
}

/// Whether a cell raised: then the reply has no traceback, though there was one.
pub fn failed_in_cell(task: &Task) -> bool {
    let inner = matches!(task.reply.as_ref().map(|reply| &reply.body), Some(ReplyBody::Ok { .. }));
    task.is_ipython() && inner && task.failure().is_some_and(|error| error.traceback.is_none())
}
