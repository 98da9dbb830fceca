//! Failures together: by exception, by the innermost entry of one's own, and by service; how often, since when.
//!
//! Pure. What failed is read once, and only its traceback's end. It refuses to put together what only looks alike: two
//! messages of one place are one kind, two places never are.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    document,
    lanes::first_visible,
    traces::Traces,
    unseen::{self, By},
};
use crate::{
    store::{Outcome, Store, Task, TaskKey},
    time::Now,
    traceback::{Entry, Report},
    wire::Text,
};

/// Bytes at the end of a traceback that are read: there it says what was raised, and where.
const READ: usize = 64 * 1024;
/// Parts of the time in which failures are counted.
pub const PARTS: usize = 16;
/// On a narrower screen each kind takes two rows, columns.
const TWO_ROWS: u16 = 110;
/// No shorter time is cut into parts, seconds.
const SHORTEST: i64 = 160;

/// What failures of one kind have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// The service.
    pub service: Text,
    /// The exception's class; what there is instead where there was none.
    pub error: String,
    /// The innermost entry that is nobody's library, `calibrate.py:22`; empty where none is known.
    pub place: String,
}

/// Failures of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// What they have in common.
    pub kind: Arc<Kind>,
    /// The first line of the newest one's message.
    pub message: String,
    /// The newest first.
    pub tasks: Vec<TaskKey>,
    /// When the first one failed, as far as is known.
    pub first: DateTime<Utc>,
    /// When the last one failed.
    pub last: DateTime<Utc>,
    /// How many in each part of the time from the first failure of all to the last look.
    pub parts: [u32; PARTS],
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// One kind, by its place in [`Failures::clusters`].
    Kind(usize),
    /// More about it, where there is no room beside it.
    About(usize),
    /// A task of it.
    Task(TaskKey),
}

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Selected {
    Kind(Arc<Kind>),
    Task(TaskKey),
}

/// The view.
#[derive(Debug, Default)]
pub struct Failures {
    /// All kinds, as they are listed.
    pub clusters: Vec<Cluster>,
    /// The rows, as of the last look.
    pub rows: Vec<Row>,
    /// The most frequent first; else the latest.
    pub by_count: bool,
    /// When the first failure of all was.
    pub since: Option<DateTime<Utc>>,
    /// Why the cursor stands elsewhere than the person has seen.
    pub unseen: Option<String>,
    selected: Option<Selected>,
    /// The screen line on which the selected row stands.
    line: usize,
    open: HashSet<Arc<Kind>>,
    /// What was read, by task, and whether its traceback was there.
    read: HashMap<TaskKey, (bool, Arc<Kind>)>,
    /// What it looked like when the kinds were made.
    stamp: Option<Stamp>,
}

/// What the kinds are made of: the store's revision, how many tracebacks were found, whether hidden tasks count.
type Stamp = (u64, usize, bool);

impl Failures {
    /// Whether its tasks are listed.
    pub fn is_open(&self, cluster: &Cluster) -> bool {
        self.open.contains(&cluster.kind)
    }

    /// How many failed in all.
    pub fn count(&self) -> usize {
        self.clusters.iter().map(|cluster| cluster.tasks.len()).sum()
    }

    /// The selected task.
    pub fn task(&self) -> Option<&TaskKey> {
        match &self.selected {
            Some(Selected::Task(key)) => Some(key),
            _ => None,
        }
    }

    /// The selected kind, or that of the selected task.
    pub fn cluster(&self) -> Option<&Cluster> {
        let kind = match self.selected.as_ref()? {
            Selected::Kind(kind) => kind,
            Selected::Task(key) => &self.read.get(key)?.1,
        };
        self.clusters.iter().find(|cluster| cluster.kind == *kind)
    }

    /// The selected row.
    pub fn selected_row(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.rows.iter().position(|row| match (row, selected) {
            (Row::Kind(at), Selected::Kind(kind)) => {
                self.clusters.get(*at).is_some_and(|cluster| cluster.kind == *kind)
            }
            (Row::Task(key), Selected::Task(selected)) => key == selected,
            _ => false,
        })
    }

    /// The first row on a screen of that height.
    pub fn first_row(&self, height: usize) -> usize {
        first_visible(self.rows.len(), self.selected_row().unwrap_or(0), self.line, height)
    }

    /// Moves the selection by that many rows that can be selected (a large number: to the end).
    pub fn step(&mut self, by: isize, height: usize) {
        let first = self.first_row(height);
        let can = |row: &Row| !matches!(row, Row::About(_));
        let places: Vec<usize> =
            (0..self.rows.len()).filter(|at| self.rows.get(*at).is_some_and(can)).collect();
        let Some(last) = places.len().checked_sub(1) else { return };
        let at = self.selected_row().and_then(|row| places.iter().position(|place| *place == row));
        let Some(to) = places.get(at.map_or(0, |at| at.saturating_add_signed(by).min(last))).copied() else {
            return;
        };
        self.go_to(to, first, height);
    }

    /// Selects that row, on a list that begins with row `first`.
    pub fn go_to(&mut self, to: usize, first: usize, height: usize) {
        self.select(to);
        self.line = to.saturating_sub(first).min(height.saturating_sub(1));
    }

    fn select(&mut self, row: usize) {
        self.selected = match self.rows.get(row) {
            Some(Row::Kind(at) | Row::About(at)) => {
                self.clusters.get(*at).map(|cluster| Selected::Kind(Arc::clone(&cluster.kind)))
            }
            Some(Row::Task(key)) => Some(Selected::Task(key.clone())),
            None => None,
        };
    }

    /// Lists the tasks of the selected kind, or no more.
    pub fn fold(&mut self) {
        let Some(kind) = self.cluster().map(|cluster| Arc::clone(&cluster.kind)) else { return };
        if !self.open.remove(&kind) {
            self.open.insert(Arc::clone(&kind));
        }
        self.selected = Some(Selected::Kind(kind));
    }

    /// Whether a kind takes two rows on a screen of so many columns.
    pub fn takes_two(columns: u16) -> bool {
        columns < TWO_ROWS
    }

    /// Looks at what has failed; `two`: each kind takes two rows.
    pub fn refresh(
        &mut self,
        store: &Store,
        traces: &Traces,
        hidden: bool,
        two: bool,
        height: usize,
        (now, by): (Now, By),
    ) {
        let stamp = (store.revision(), traces.count(), hidden);
        if self.stamp != Some(stamp) {
            self.stamp = Some(stamp);
            self.look(store, traces, hidden, now);
        }
        match self.by_count {
            true => self.clusters.sort_by_key(|c| (Reverse(c.tasks.len()), Reverse(c.last))),
            false => self.clusters.sort_by_key(|c| Reverse(c.last)),
        }
        let before = self.selected_row();
        let selected = self.selected.clone();
        self.list(two);
        if self.selected_row().is_none() {
            // It is no more: what stands where it stood takes over.
            self.select(before.unwrap_or(0).min(self.rows.len().saturating_sub(1)));
            if before.is_none() {
                self.line = 0;
            }
        }
        if self.selected != selected {
            by.mark(&mut self.unseen, || match &selected {
                Some(Selected::Kind(_)) => unseen::gone("that kind of failure"),
                Some(Selected::Task(key)) => unseen::task(store, key),
                None => unseen::NOTHING.to_owned(),
            });
        }
        self.line = self.line.min(height.saturating_sub(1));
    }

    fn look(&mut self, store: &Store, traces: &Traces, hidden: bool, now: Now) {
        let mut failed: Vec<(&Task, DateTime<Utc>)> = store
            .tasks()
            .filter(|task| task.outcome == Some(Outcome::Failed) && (hidden || !task.hidden))
            .map(|task| (task, task.ended.map_or(task.last_heard.utc, |seen| seen.at.utc)))
            .collect();
        failed.sort_by_key(|(_, at)| Reverse(*at));
        self.since = failed.last().map(|(_, at)| *at);
        let since = self.since.unwrap_or(now.utc);
        let span = (now.utc - since).num_seconds().max(SHORTEST);
        let mut clusters: BTreeMap<Arc<Kind>, Cluster> = BTreeMap::new();
        let mut known = HashMap::with_capacity(failed.len());
        for (task, at) in failed {
            let kind = self.kind(task, traces);
            known.insert(task.key.clone(), kind.clone());
            let cluster = clusters.entry(Arc::clone(&kind.1)).or_insert_with_key(|kind| Cluster {
                kind: Arc::clone(kind),
                message: message(task),
                tasks: Vec::new(),
                first: at,
                last: at,
                parts: [0; PARTS],
            });
            cluster.tasks.push(task.key.clone());
            cluster.first = at;
            let share = (at - since).num_seconds().clamp(0, span - 1) * PARTS as i64 / span;
            if let Some(part) = usize::try_from(share).ok().and_then(|at| cluster.parts.get_mut(at)) {
                *part += 1;
            }
        }
        self.read = known;
        self.clusters = clusters.into_values().collect();
    }

    fn list(&mut self, two: bool) {
        self.rows.clear();
        for (at, cluster) in self.clusters.iter().enumerate() {
            self.rows.push(Row::Kind(at));
            if two {
                self.rows.push(Row::About(at));
            }
            if self.open.contains(&cluster.kind) {
                self.rows.extend(cluster.tasks.iter().cloned().map(Row::Task));
            }
        }
    }

    fn kind(&self, task: &Task, traces: &Traces) -> (bool, Arc<Kind>) {
        let error = task.failure();
        let traceback = error.and_then(|error| error.traceback.as_ref());
        let traceback = traceback.or_else(|| traces.of(task).map(|(text, _)| text));
        let there = traceback.is_some();
        if let Some(known) = self.read.get(&task.key).filter(|(known, _)| *known == there) {
            return known.clone();
        }
        let name = error.and_then(|error| error.ename.as_deref()).filter(|name| !name.is_empty());
        let kind = Kind {
            service: task.service.clone(),
            error: name.map_or_else(|| without_name(task).to_owned(), str::to_owned),
            place: traceback.map(|text| innermost(end(text))).unwrap_or_default(),
        };
        (there, Arc::new(kind))
    }
}

impl Cluster {
    /// As a line of text.
    pub fn line(&self) -> String {
        let Kind { service, error, place } = &*self.kind;
        let message = if self.message.is_empty() { String::new() } else { format!(": {}", self.message) };
        let place = if place.is_empty() { String::new() } else { format!(" at {place}") };
        let (first, last) = (self.first.to_rfc3339(), self.last.to_rfc3339());
        format!("{}x {error}{message}{place} on {service}, {first} to {last}", self.tasks.len())
    }
}

/// The first line of a message.
fn message(task: &Task) -> String {
    let text = task.failure().and_then(|error| error.evalue.as_deref()).unwrap_or_default();
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().chars().take(300).collect()
}

/// What there is to say of a failure without an exception.
fn without_name(task: &Task) -> &'static str {
    task.reason.as_ref().map_or("failed", |reason| reason.word())
}

/// The end of a text, from the beginning of a line on.
fn end(text: &str) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(READ));
    match text.get(from..) {
        Some(end) if from > 0 => end.split_once('\n').map_or(end, |(_, end)| end),
        _ => text,
    }
}

/// The innermost entry that is nobody's library.
fn innermost(traceback: &str) -> String {
    let report = Report::parse(traceback);
    let frame = report.newest_own_frame().and_then(|(section, entry)| {
        match report.sections.get(section)?.entries.get(entry)? {
            Entry::Frame(frame) => Some(frame),
            _ => None,
        }
    });
    frame.map(document::place).unwrap_or_default()
}
