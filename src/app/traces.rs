//! Tracebacks of cells: Juice answers a failed cell without one, so they are found elsewhere.
//!
//! It refuses to guess: what is shown as a task's traceback is that task's, and says where it is from.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use chrono::{DateTime, Local, Utc};

use crate::{
    store::{State, Task, TaskKey},
    time::Now,
    wire::{Text, frame::ReplyBody, json},
};

use super::{
    Settings,
    action::{Action, Context},
};

/// Tracebacks that are kept, and searches that are remembered; the oldest go.
const MOST: usize = 100;
/// The clocks of this machine and of the lab may differ by this, in seconds.
const APART: i64 = 60;
/// What a kernel said and the task's end are heard within this of each other, in seconds.
const TOGETHER: i64 = 10;
/// What kernels said that is kept: so many, and so many bytes.
const MOST_RAISED: usize = 1_000;
const MOST_RAISED_BYTES: usize = 32 * 1024 * 1024;
/// A log that could not be asked is asked again after this.
const AGAIN: Duration = Duration::from_secs(30);

/// Where a traceback is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The kernel's memory: the last exception that it showed, of the same name and message.
    Memory,
    /// The service's log, where it was written at that moment.
    Log(DateTime<Utc>),
    /// The kernel's output, which was watched when it was raised.
    Output,
}

impl Origin {
    /// In a few words.
    pub fn words(self) -> String {
        match self {
            Origin::Memory => {
                "from the kernel's memory: its last exception, of the same name and message".to_owned()
            }
            Origin::Output => "from the kernel's output, as it was raised".to_owned(),
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

/// What a kernel said of a cell that raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The service.
    pub service: Text,
    /// The cell's code.
    pub code: Text,
    /// The exception's class, without its module.
    pub name: Text,
    /// Its message.
    pub message: Text,
    /// The traceback.
    pub traceback: Text,
}

/// A service, and an exception's name and message.
type Exception = (Text, Text, Text);

/// What a kernel said of an exception.
#[derive(Debug)]
struct Said {
    /// When that was heard.
    at: DateTime<Utc>,
    /// The cell's code.
    code: Text,
    /// The traceback.
    found: (Text, Origin),
}

impl Said {
    /// What it takes, of an exception like that.
    fn bytes(&self, (_, name, message): &Exception) -> usize {
        // The exception stands in the order of what came, too.
        self.code.len() + self.found.0.len() + 2 * (name.len() + message.len())
    }
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
    revision: u64,
    /// Why no kernel can be asked from here; `None`: it can.
    why_not: Option<String>,
    /// The key that asks.
    key: String,
    /// Why no log can be asked; `None`: it can.
    no_log: Option<String>,
    searches: HashMap<TaskKey, Search>,
    /// What kernels said, by service, name and message, with when it was heard; the newest last.
    raised: HashMap<Exception, Vec<Said>>,
    raised_order: VecDeque<Exception>,
    raised_bytes: usize,
    /// Kernels whose output is watched, since when, or why not.
    watched: HashMap<Text, Result<Now, String>>,
    searched: VecDeque<TaskKey>,
}

impl Traces {
    /// None yet.
    pub fn new(settings: &Settings) -> Traces {
        let read_only = settings.read_only.then(|| "this screen is read-only".to_owned());
        Traces {
            why_not: read_only.or_else(|| settings.watch_only.clone()),
            key: settings.keymap.first(Context::Task, Action::AskTraceback).unwrap_or_default(),
            no_log: settings.no_log.clone(),
            ..Traces::default()
        }
    }

    /// What was found for a task, and where.
    pub fn of(&self, task: &Task) -> Option<&(Text, Origin)> {
        self.found.get(&task.key).or_else(|| self.heard(task))
    }

    /// What its kernel said of a task as it raised: of its name, message and code, nearest to its end.
    fn heard(&self, task: &Task) -> Option<&(Text, Origin)> {
        if self.raised.is_empty() || !failed_in_cell(task) {
            return None;
        }
        let error = task.failure()?;
        let key = (task.service.clone(), error.ename.clone()?, error.evalue.clone().unwrap_or_default());
        let said = self.raised.get(&key)?;
        let ended = task.ended?.at.utc;
        let payload = task.payload.as_deref()?;
        let code = json::get(payload, "code").and_then(json::string)?;
        let apart = |at: &DateTime<Utc>| (*at - ended).abs();
        let fits = said.iter().filter(|said| *said.code == *code && apart(&said.at).num_seconds() < TOGETHER);
        fits.min_by_key(|said| apart(&said.at)).map(|said| &said.found)
    }

    /// A kernel said that a cell raised.
    pub fn hear(&mut self, raised: Raised, now: Now) {
        let Raised { service, code, name, message, traceback } = raised;
        let key = (service, name, message);
        let said = Said { at: now.utc, code, found: (traceback, Origin::Output) };
        self.raised_bytes += said.bytes(&key);
        self.raised.entry(key.clone()).or_default().push(said);
        self.raised_order.push_back(key);
        self.kept += 1;
        self.revision += 1;
        while self.raised_order.len() > MOST_RAISED || self.raised_bytes > MOST_RAISED_BYTES {
            let Some(oldest) = self.raised_order.pop_front() else { break };
            let Some(said) = self.raised.get_mut(&oldest) else { continue };
            self.raised_bytes -= said.remove(0).bytes(&oldest);
            if said.is_empty() {
                self.raised.remove(&oldest);
            }
        }
    }

    /// A kernel's output is watched from now on, or not: why.
    pub fn watch(&mut self, service: Text, state: Result<(), String>, now: Now) {
        self.revision += 1;
        self.watched.insert(service, state.map(|()| now));
    }

    /// Why what a running cell prints is not heard, or not any more; `None`: it is, or it runs in no kernel. `begun`: its beginning was
    /// heard.
    pub fn not_heard(&self, task: &Task, begun: bool) -> Option<String> {
        if !task.is_ipython() || !matches!(task.state, State::Running { .. }) {
            return None;
        }
        match self.watched.get(&task.service) {
            Some(Ok(_)) if begun => None,
            Some(Ok(since)) => {
                let why = match task.started {
                    Some(seen) if seen.exact && seen.at.mono >= since.mono => return None,
                    Some(seen) if seen.exact => {
                        let since = since.utc.with_timezone(&Local).format("%H:%M:%S");
                        format!("its kernel is heard since {since}, when it ran already")
                    }
                    _ => "it ran already when it was first heard of".to_owned(),
                };
                Some(format!("{why}, and what it prints cannot be told from what others print there"))
            }
            Some(Err(why)) => Some(why.clone()),
            None => Some("the address of its kernel is not known here".to_owned()),
        }
    }

    /// How many were found in all.
    pub fn count(&self) -> usize {
        self.kept
    }

    /// Goes up with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Keeps what was found.
    pub fn keep(&mut self, key: TaskKey, text: Text, origin: Origin) {
        if self.found.insert(key.clone(), (text, origin)).is_none() {
            self.order.push_back(key);
        }
        self.kept += 1;
        self.revision += 1;
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
        if self.no_log.is_some() || tried || !failed_in_cell(task) || self.of(task).is_some() {
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
        self.revision += 1;
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
        let output = match self.watched.get(&task.service) {
            None => "its address is not known here".to_owned(),
            Some(Err(why)) => why.clone(),
            Some(Ok(since)) => match task.ended.filter(|ended| ended.at.utc > since.utc) {
                None => format!("it is since {}", since.utc.with_timezone(&Local).format("%H:%M")),
                Some(_) => "it said nothing of this cell".to_owned(),
            },
        };
        let output = format!("Its kernel's output was not heard then: {output}.");
        let kernel = match &self.why_not {
            Some(why) => format!("Its kernel may still have it, but cannot be asked from here: {why}."),
            None => {
                format!("{} asks its kernel, which keeps the last one: that runs a cell there.", self.key)
            }
        };
        vec!["The cell raised. Juice sends no traceback of a cell.".to_owned(), output, log, kernel]
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
