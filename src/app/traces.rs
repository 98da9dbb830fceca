//! Tracebacks of cells: Juice answers a failed cell without one, so they are found elsewhere.
//!
//! It refuses to guess: what is shown as a task's traceback is that task's, and says where it is from.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use chrono::{DateTime, Local, Utc};

use crate::{
    store::{Task, TaskKey},
    time::Now,
    wire::{Text, frame::ReplyBody},
};

use super::{Settings, action::Action};

/// Tracebacks that are kept, and searches that are remembered; the oldest go.
const MOST: usize = 100;
/// The clocks of this machine and of the lab may differ by this, in seconds.
const APART: i64 = 60;
/// A log that could not be asked is asked again after this.
const AGAIN: Duration = Duration::from_secs(30);

/// Where a traceback is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The kernel's memory: the last exception that it showed, of the same name and message.
    Memory,
    /// The service's log, where it was written at that moment.
    Log(DateTime<Utc>),
}

impl Origin {
    /// In a few words.
    pub fn words(self) -> String {
        match self {
            Origin::Memory => {
                "from the kernel's memory: its last exception, of the same name and message".to_owned()
            }
            Origin::Log(at) => format!(
                "from the service's log, written at {}: an exception of the same name and message",
                at.with_timezone(&Local).format("%H:%M:%S")
            ),
        }
    }
}

/// What is looked for in a service's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The task that failed.
    pub key: TaskKey,
    /// Its service.
    pub service: Text,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// An exception in a service's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What was said.
    pub message: String,
    /// The traceback.
    pub traceback: String,
}

/// How far the search in the log has come for one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// The log is being asked.
    Looking,
    /// It was found.
    Found,
    /// It has none, or one cannot tell which: a sentence.
    Missing(String),
    /// It could not be asked: a sentence; since when.
    Failed(String, Duration),
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
    /// Why no log can be asked; `None`: it can.
    no_log: Option<String>,
    searches: HashMap<TaskKey, Search>,
    searched: VecDeque<TaskKey>,
}

impl Traces {
    /// None yet.
    pub fn new(settings: &Settings) -> Traces {
        let read_only = settings.read_only.then(|| "this screen is read-only".to_owned());
        Traces {
            why_not: read_only.or_else(|| settings.watch_only.clone()),
            key: settings.keymap.first(Action::AskTraceback).unwrap_or_default(),
            no_log: settings.no_log.clone(),
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

    /// How far the search in the log has come.
    pub fn search(&self, key: &TaskKey) -> Option<&Search> {
        self.searches.get(key)
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

    /// What is to be looked for in the log for a task that somebody reads; one task at a time, and each once. `None`:
    /// nothing.
    pub fn wanted(&mut self, task: &Task, now: Now) -> Option<Wanted> {
        let tried = match self.searches.get(&task.key) {
            None => false,
            Some(Search::Failed(_, at)) => now.mono.saturating_sub(*at) < AGAIN,
            Some(_) => true,
        };
        if self.no_log.is_some() || tried || !failed_in_cell(task) || self.found.contains_key(&task.key) {
            return None;
        }
        if self.searches.values().any(|search| *search == Search::Looking) {
            return None;
        }
        let ended = ends(task)?;
        let apart = chrono::TimeDelta::seconds(APART);
        let from = ended.iter().min()?.checked_sub_signed(apart)?;
        let until = ended.iter().max()?.checked_add_signed(apart)?;
        self.remember(task.key.clone(), Search::Looking);
        Some(Wanted { key: task.key.clone(), service: task.service.clone(), from, until })
    }

    fn remember(&mut self, key: TaskKey, search: Search) {
        if self.searches.insert(key.clone(), search).is_none() {
            self.searched.push_back(key);
        }
        if self.searched.len() > MOST
            && let Some(oldest) = self.searched.pop_front()
        {
            self.searches.remove(&oldest);
        }
    }

    /// The log has answered for a task. True: its traceback was found.
    pub fn answered(&mut self, task: &Task, answer: Result<Vec<Logged>, String>, now: Now) -> bool {
        let key = task.key.clone();
        let search = match answer {
            Err(why) => Search::Failed(why, now.mono),
            Ok(logged) => match choose(task, logged) {
                Ok(logged) => {
                    self.keep(key.clone(), logged.traceback.into(), Origin::Log(logged.at));
                    Search::Found
                }
                Err(why) => Search::Missing(why),
            },
        };
        let found = search == Search::Found;
        self.remember(key, search);
        found
    }

    /// The answer for a task that is not known any more.
    pub fn forget(&mut self, key: &TaskKey) {
        self.searches.remove(key);
        self.searched.retain(|searched| searched != key);
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
        let log = match (&self.no_log, self.searches.get(&task.key)) {
            (Some(why), _) => format!("Its service's log may have it, but cannot be asked from here: {why}."),
            (None, None | Some(Search::Looking)) => "Its service's log is being asked.".to_owned(),
            (None, Some(Search::Missing(why))) => format!("Its service's log was asked: {why}."),
            (None, Some(Search::Failed(why, _))) => {
                format!("Its service's log may have it, but could not be asked: {why}.")
            }
            // Found, and let go since.
            (None, Some(Search::Found)) => "Its service's log has it.".to_owned(),
        };
        let kernel = match &self.why_not {
            Some(why) => format!("Its kernel may still have it, but cannot be asked from here: {why}."),
            None => {
                format!("{} asks its kernel, which keeps the last one: that runs a cell there.", self.key)
            }
        };
        vec!["The cell raised. Juice sends no traceback of a cell.".to_owned(), log, kernel]
    }
}

/// When a task ended, by this machine's clock and, as near as is known, by the lab's.
fn ends(task: &Task) -> Option<Vec<DateTime<Utc>>> {
    let here = task.ended?.at.utc;
    let began = task.time.as_ref().and_then(|stamp| stamp.at);
    let took = task.duration(task.last_heard).map(|(took, _)| took);
    let there = began
        .zip(took)
        .and_then(|(began, took)| began.to_utc().checked_add_signed(chrono::TimeDelta::from_std(took).ok()?));
    Some([Some(here), there].into_iter().flatten().collect())
}

/// The one that is the task's: of its name and message, and the only such, or all such are alike.
fn choose(task: &Task, logged: Vec<Logged>) -> Result<Logged, String> {
    let error = task.failure();
    let text = |of: Option<&Text>| of.map(ToString::to_string).unwrap_or_default();
    // As the service writes it (`_service_exception_handler` in `orangeqs.juice.service._ipython`).
    let message = format!(
        "Uncaught exception: {}: {}",
        text(error.and_then(|e| e.ename.as_ref())),
        text(error.and_then(|e| e.evalue.as_ref()))
    );
    let mut those = logged.into_iter().filter(|logged| logged.message == message);
    let Some(first) = those.next() else {
        return Err("it has no such exception from around then".to_owned());
    };
    let others: Vec<Logged> = those.collect();
    if others.iter().any(|other| other.traceback != first.traceback) {
        let count = others.len() + 1;
        return Err(format!(
            "it has {count} such exceptions from around then; which is this one cannot be told"
        ));
    }
    Ok(first)
}

/// Whether a cell raised: then the reply has no traceback, though there was one.
pub fn failed_in_cell(task: &Task) -> bool {
    let inner = matches!(task.reply.as_ref().map(|reply| &reply.body), Some(ReplyBody::Ok { .. }));
    task.is_ipython() && inner && task.failure().is_some_and(|error| error.traceback.is_none())
}
