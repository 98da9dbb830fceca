//! The history's thread: it writes what is known of tasks once a second, or where many have changed, in one step, so that no disk delays a
//! key, and no secret that has to be looked for in a large payload.
//!
//! A disk that fails is told once and hurts nothing: what could not be written is tried again with what comes next. It refuses
//! to write a payload in which secrets stand, and to hold more than its share of the memory: where the disk is slower than
//! the lab, changes wait in the store, which knows only the last of each task.

mod payloads;
mod table;

use std::{
    collections::HashMap,
    io, mem,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    thread,
    time::Duration,
};

use tokio::sync::mpsc::UnboundedSender;

use crate::{
    app::{
        Msg,
        compare::{Comparison, Side},
        compose,
    },
    catalogue::{Catalogue, TaskType},
    fault,
    history::{Journal, Kept, Limits, Record, RowId, Trouble, usual_runs},
    memory::{Held, Memory},
    result::diff,
    store::{
        State, Store, Task, TaskKey,
        past::{
            away::{Away, News},
            query::{Found, Query},
        },
    },
    time::{Clock, Now},
    wire::Text,
};

use super::{archive::Receipt, worker::Worker};
use table::Table;

/// The shortest time between two batches.
const PAUSE: Duration = Duration::from_secs(1);
/// So many changes do not wait for it: a long list of the scheduler's brings more than the store keeps.
const MANY: usize = 2_000;
/// Records that wait for a disk that fails; the oldest of more are lost.
const WAITING: usize = 20_000;
/// What a record weighs beside its texts, bytes.
const OVERHEAD: usize = 1_000;
/// Who brings tasks by the ten thousand waits at most so long in all for the disk, and looks so often.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);
/// A kept past's share of one text, where it stands on no disk.
const TEXT_SHARE: usize = 8;
/// What is too old or too much is let go after so many records, and at the start.
const PRUNED_AFTER: usize = 5_000;

/// What the thread is asked for.
#[derive(Debug)]
enum Job {
    Write(Batch),
    Archive(Batch, Receipt),
    Find(Box<Query>),
    Open(RowId),
    Compare([RowId; 2]),
    Count(Away),
    Forget,
}

/// What changed since the last time.
#[derive(Debug)]
struct Batch {
    merged: Vec<(TaskKey, TaskKey)>,
    tasks: Vec<Changed>,
    /// Tasks that the store let go before it could be asked for their last change.
    lost: usize,
    held: Held,
}

/// What is to be written of a task, and its type, where that tells of secrets. They still stand in it.
#[derive(Debug)]
struct Changed {
    record: Record,
    kind: Option<Arc<TaskType>>,
}

impl Changed {
    /// What is written: without its secrets.
    fn masked(self, most: usize) -> Record {
        let Changed { mut record, kind } = self;
        let payload = record.texts.payload.as_ref().and_then(Kept::text);
        let masked = payload.and_then(|payload| compose::mask(kind.as_deref(), payload, compose::SECRET));
        if let Some(masked) = masked {
            record.texts.payload = Some(Kept::within(masked.into(), most));
            record.texts.masked = true;
        }
        record
    }
}

/// What a record takes while it waits, bytes.
fn weight(record: &Record) -> usize {
    let texts = [&record.texts.payload, &record.texts.metadata, &record.texts.reply];
    let texts = texts.into_iter().flatten().filter_map(|kept| Some(kept.text()?.len()));
    OVERHEAD + record.past.name.len() + texts.sum::<usize>()
}

/// The thread, and the way to it.
#[derive(Debug)]
pub(crate) struct History {
    worker: Worker<Job>,
    limits: Limits,
    memory: Memory,
    /// Bytes of records that were given and are not written yet.
    open: Arc<AtomicUsize>,
    /// The newest question's number: older ones are given up.
    newest: Arc<AtomicU64>,
    /// The store's revision when it was last looked at, and when the next look may be.
    seen: Option<u64>,
    next: Duration,
}

impl History {
    /// Starts it; `place`: the file, `None` for one in memory, which is bounded by its share of `memory`. What it has to
    /// tell goes to `told`. One `of_a_screen` tells at once what earlier runs took, and lets go what is too old: a command
    /// that sends a task has no time for it.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn start(
        place: Option<PathBuf>,
        limits: Limits,
        of_a_screen: bool,
        memory: &Memory,
        clock: Clock,
        told: UnboundedSender<Msg>,
    ) -> io::Result<History> {
        let limits = match place {
            Some(_) => limits,
            None => in_memory(limits, memory),
        };
        let writer = Writer::new(place, limits, of_a_screen, memory, clock, told);
        let (open, newest) = (writer.open.clone(), writer.table.newest.clone());
        let worker = Worker::start("history", move |todo| writer.work(todo))?;
        let memory = memory.clone();
        Ok(History { worker, limits, memory, open, newest, seen: None, next: Duration::ZERO })
    }

    /// For who brings it more than it may hold at once.
    pub(super) fn pace(&self) -> Pace {
        Pace { open: self.open.clone(), most: self.memory.records() / 4, patience: PATIENCE }
    }

    /// When the next batch is due; `None`: nothing has changed.
    pub fn wake_at(&self, store: &Store) -> Option<Duration> {
        (self.seen != Some(store.revision())).then_some(self.next)
    }

    /// Gives what changed to the thread, if that is due. `all`: at once. The types tell which fields are secret.
    pub fn look(&mut self, store: &mut Store, types: &Catalogue, all: bool, now: Now) {
        let early = now.mono < self.next && store.changed() < MANY;
        if (early && !all) || self.seen == Some(store.revision()) {
            return;
        }
        self.next = now.mono + PAUSE;
        if self.open.load(Ordering::Relaxed) > self.memory.records() && !all {
            // A disk that hangs: the store remembers what has changed, and needs no more room for it.
            return;
        }
        let merged = store.drain_merged();
        let changed = store.drain_changed();
        let lost = store.take_unread();
        self.seen = Some(store.revision());
        let tasks = self.changes(changed.iter().filter_map(|key| store.task(key)), types);
        if !(tasks.is_empty() && merged.is_empty() && lost == 0) {
            self.worker.give(Job::Write(self.batch(merged, tasks, lost)));
        }
    }

    /// Gives tasks to the thread that were read of Juice's database; whoever reads waits for the receipt.
    pub fn archive(&self, tasks: &[Task], types: &Catalogue, receipt: Receipt) {
        let tasks = self.changes(tasks.iter(), types);
        if !tasks.is_empty() {
            self.worker.give(Job::Archive(self.batch(Vec::new(), tasks, 0), receipt));
        }
    }

    /// What is to be written of tasks.
    fn changes<'t>(&self, tasks: impl Iterator<Item = &'t Task>, types: &Catalogue) -> Vec<Changed> {
        // Many tasks are of few types.
        let mut kinds: HashMap<(Text, Text), Option<Arc<TaskType>>> = HashMap::new();
        let mut kind = |task: &Task| {
            // Of cells the name tells the class.
            let word = if task.is_ipython() { &task.name } else { &task.task_type };
            let kind = || compose::type_with_secrets(types, task).map(|kind| Arc::new(kind.clone()));
            kinds.entry((task.service.clone(), word.clone())).or_insert_with(kind).clone()
        };
        tasks
            .filter(|task| is_history(task))
            // What is too large is not kept, so nobody has to look for secrets in it.
            .map(|task| Changed { record: Record::of(task, None, self.limits.text), kind: kind(task) })
            .collect()
    }

    fn batch(&self, merged: Vec<(TaskKey, TaskKey)>, tasks: Vec<Changed>, lost: usize) -> Batch {
        let bytes = tasks.iter().map(|changed| weight(&changed.record)).sum();
        self.open.fetch_add(bytes, Ordering::Relaxed);
        Batch { merged, tasks, lost, held: self.memory.hold(bytes) }
    }
}

impl History {
    /// Asks for the lines that pass; what was asked before is given up. What has changed until now is in the answer.
    pub fn find(&mut self, query: Box<Query>, store: &mut Store, types: &Catalogue, now: Now) {
        self.look(store, types, true, now);
        self.newest.store(query.id, Ordering::Relaxed);
        self.worker.give(Job::Find(query));
    }

    /// Counts what became of tasks in that time, and again where more of it is learned here.
    pub fn count(&mut self, away: Away, store: &mut Store, types: &Catalogue, now: Now) {
        self.look(store, types, true, now);
        self.worker.give(Job::Count(away));
    }

    /// Reads a task.
    pub fn open(&self, row: RowId) {
        self.worker.give(Job::Open(row));
    }

    /// Compares two tasks.
    pub fn compare(&self, pair: [RowId; 2]) {
        self.worker.give(Job::Compare(pair));
    }

    /// Nobody looks any more.
    pub fn forget(&self) {
        self.newest.store(u64::MAX, Ordering::Relaxed);
        self.worker.give(Job::Forget);
    }
}

/// For a thread that brings tasks by the ten thousand: it goes no faster than they are written, so that the store, which
/// keeps only so many that have ended, lets none of them go before.
#[derive(Debug)]
pub(super) struct Pace {
    open: Arc<AtomicUsize>,
    most: usize,
    patience: Duration,
}

impl Pace {
    /// Waits until there is room for more. A disk that hangs does not hold up what is on the screen for ever.
    pub fn keep(&mut self) {
        while self.open.load(Ordering::Relaxed) > self.most && !self.patience.is_zero() {
            thread::sleep(LOOK);
            self.patience = self.patience.saturating_sub(LOOK);
        }
    }
}

/// What may be kept where there is no disk for it.
fn in_memory(limits: Limits, memory: &Memory) -> Limits {
    let share = memory.past();
    Limits { bytes: limits.bytes.min(share as u64), text: limits.text.min(share / TEXT_SHARE), ..limits }
}

/// What has not begun is no history, and neither are the questions that juicetops ask the task manager.
fn is_history(task: &Task) -> bool {
    let begun = matches!(task.state, State::Running { .. } | State::Ended | State::Unknown);
    begun && !task.is_question()
}

/// The thread's side.
struct Writer {
    place: Option<PathBuf>,
    of_a_screen: bool,
    limits: Limits,
    clock: Clock,
    told: UnboundedSender<Msg>,
    journal: Option<Journal>,
    /// What could not be written yet, and its weight.
    waiting: Vec<Record>,
    held: Held,
    /// How much may wait while the disk fails.
    most_waiting: usize,
    merged: Vec<(TaskKey, TaskKey)>,
    /// Changes that were too many, and how many of them are written as lost but not told yet.
    lost: usize,
    untold: usize,
    /// Of batches of Juice's database that are not written yet.
    receipts: Vec<Receipt>,
    /// What was told last of the disk: a full one is told once, not each second.
    said: Option<String>,
    /// Records since the last letting go.
    since: usize,
    open: Arc<AtomicUsize>,
    table: Table,
    /// A question has come.
    asked: bool,
    /// A task is to be read.
    wanted: Option<RowId>,
    /// Two are to be compared.
    pair: Option<[RowId; 2]>,
    /// What became of tasks in that time is counted, and is to be now.
    away: Option<Away>,
    counts: bool,
    news: Option<(Away, News)>,
}

impl Writer {
    fn new(
        place: Option<PathBuf>,
        limits: Limits,
        of_a_screen: bool,
        memory: &Memory,
        clock: Clock,
        told: UnboundedSender<Msg>,
    ) -> Writer {
        Writer {
            place,
            of_a_screen,
            limits,
            clock,
            told,
            journal: None,
            waiting: Vec::new(),
            held: memory.hold(0),
            most_waiting: memory.records(),
            merged: Vec::new(),
            lost: 0,
            untold: 0,
            receipts: Vec::new(),
            said: None,
            since: if of_a_screen { PRUNED_AFTER } else { 0 },
            open: Arc::default(),
            table: Table::new(memory),
            asked: false,
            wanted: None,
            pair: None,
            away: None,
            counts: false,
            news: None,
        }
    }

    fn work(mut self, todo: &Receiver<Job>) {
        // Opened at once: what ran when the last juicetop ended becomes unknown before anything is looked up.
        let opened = self.open();
        self.tell(opened.err());
        // What ran before tells what is usual, from the first frames on. Where it cannot be read, the next write tells.
        if let Some(journal) = self.journal.as_ref().filter(|_| self.of_a_screen)
            && let Ok(runs) = usual_runs(journal)
            && !runs.is_empty()
        {
            let _ = self.told.send(Msg::Runs(runs));
        }
        while let Some(job) = self.next(todo) {
            fault::here("history");
            // Several may wait after a slow write: they go in one step, and of several questions the last counts.
            std::iter::once(job).chain(todo.try_iter()).for_each(|job| self.take(job));
            if !(self.waiting.is_empty() && self.merged.is_empty() && self.lost == 0) {
                let written = self.write();
                self.tell(written.err());
                self.receipts.clear();
            }
            if let Some(row) = self.wanted.take() {
                let record =
                    self.journal.as_ref().ok_or(Trouble::Missing).and_then(|journal| journal.full(row));
                let task = record.map(|record| Box::new(record.task())).map_err(|e| e.to_string());
                let _ = self.told.send(Msg::PastRead(task));
            }
            if let Some(pair) = self.pair.take() {
                self.compare(pair);
            }
            if let Err(trouble) = self.count().and_then(|()| self.answer()) {
                let _ = self.told.send(Msg::Done(Err(format!("the history cannot be read: {trouble}"))));
            }
        }
    }

    /// The next job; until one comes, what makes later answers quicker is read. `None`: nobody can give any more.
    fn next(&mut self, todo: &Receiver<Job>) -> Option<Job> {
        while let Some(journal) = self.journal.as_ref().filter(|_| self.table.is_cold()) {
            match todo.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => self.table.warm(journal),
            }
        }
        todo.recv().ok()
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Write(batch) => self.take_batch(batch),
            Job::Archive(batch, receipt) => {
                self.take_batch(batch);
                self.receipts.push(receipt);
            }
            Job::Find(query) => {
                self.table.query = Some(query);
                self.asked = true;
            }
            Job::Open(row) => self.wanted = Some(row),
            Job::Compare(pair) => self.pair = Some(pair),
            Job::Count(away) => (self.away, self.counts) = (Some(away), true),
            Job::Forget => self.table.forget(),
        }
    }

    fn take_batch(&mut self, batch: Batch) {
        self.merged.extend(batch.merged);
        self.lost += batch.lost;
        let given = batch.held.bytes();
        for changed in batch.tasks {
            let record = changed.masked(self.limits.text);
            self.held.set(self.held.bytes() + weight(&record));
            self.open.fetch_add(weight(&record), Ordering::Relaxed);
            self.counts |= self.away.is_some_and(|away| away.has(&record.past));
            self.waiting.push(record);
        }
        self.open.fetch_sub(given, Ordering::Relaxed);
    }

    /// Compares two tasks, unless nobody looks any more.
    fn compare(&self, pair: [RowId; 2]) {
        let side = |row| -> Result<Side, Trouble> {
            let record = self.journal.as_ref().ok_or(Trouble::Missing)?.full(row)?;
            Ok(Side { task: record.task(), masked: record.texts.masked, past: record.past })
        };
        let compared = match (side(pair[0]), side(pair[1])) {
            (Ok(one), Ok(other)) => {
                let is_stale = || self.table.newest.load(Ordering::Relaxed) == u64::MAX;
                let soon = || self.clock.instant(self.clock.now().mono + diff::PATIENCE);
                let waits = diff::Waits { is_stale: &is_stale, soon: &soon };
                let Some(comparison) = Comparison::of([one, other], waits) else { return };
                Ok(Box::new(comparison))
            }
            (Err(trouble), _) | (_, Err(trouble)) => Err(trouble.to_string()),
        };
        let _ = self.told.send(Msg::Compared(compared));
    }

    /// Counts what became of tasks in the time that is asked for, where something of it may have changed.
    fn count(&mut self) -> Result<(), Trouble> {
        let Some((away, journal)) = self.away.zip(self.journal.as_ref()).filter(|_| self.counts) else {
            return Ok(());
        };
        self.counts = false;
        let news = journal.news(&away)?;
        if self.news.replace((away, news)) != Some((away, news)) {
            let _ = self.told.send(Msg::News(away, news));
        }
        Ok(())
    }

    /// Answers what is asked, and again where something has changed.
    fn answer(&mut self) -> Result<(), Trouble> {
        let asked = mem::take(&mut self.asked);
        let Some(id) = self.table.query.as_ref().map(|query| query.id) else { return Ok(()) };
        let found = match &self.journal {
            // That it cannot be opened was told; the screen is not to wait for it.
            None => Some(Found { id, ..Found::default() }),
            Some(journal) if self.table.refresh(journal)? || asked => self.table.answer(journal)?,
            Some(_) => None,
        };
        if let Some(found) = found {
            let _ = self.told.send(Msg::Found(found));
        }
        Ok(())
    }

    /// The file is damaged or was not there: whatever is wrong with it is told.
    fn open(&mut self) -> Result<(), Trouble> {
        if self.journal.is_some() {
            return Ok(());
        }
        self.journal = Some(match &self.place {
            None => Journal::in_memory(self.limits)?,
            Some(path) => {
                let (journal, aside) = Journal::open(path, self.limits, self.clock.now().utc)?;
                if let Some(aside) = aside {
                    let _ = self
                        .told
                        .send(Msg::Done(Err(format!("the history begins anew: {}", aside.sentence(path)))));
                }
                journal
            }
        });
        Ok(())
    }

    fn write(&mut self) -> Result<(), Trouble> {
        self.put_what_waits().inspect_err(|_| self.lose_the_oldest())?;
        self.merged.clear();
        self.since += mem::take(&mut self.waiting).len();
        self.weigh(0);
        if self.lost > 0
            && let Some(journal) = &mut self.journal
        {
            journal.lose(self.lost as u64)?;
            self.untold += mem::take(&mut self.lost);
        }
        // What stands in no file must not wait for its turn.
        let is_full = match &self.journal {
            Some(journal) if self.place.is_none() => journal.bytes()? > self.limits.bytes,
            _ => false,
        };
        if (self.since >= PRUNED_AFTER || is_full)
            && let Some(journal) = &mut self.journal
        {
            self.since = 0;
            journal.prune(self.clock.now().utc)?;
        }
        Ok(())
    }

    /// Writes what waits, if it can; it waits on all the same.
    fn put_what_waits(&mut self) -> Result<(), Trouble> {
        self.open()?;
        let Some(journal) = &mut self.journal else { return Ok(()) };
        match journal.write(&self.merged, self.waiting.clone()) {
            Err(Trouble::Damaged(_)) => {}
            written => return written,
        }
        // Opening it again puts it aside.
        self.journal = None;
        self.open()?;
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.write(&self.merged, self.waiting.clone())
    }

    /// So much waits now.
    fn weigh(&mut self, bytes: usize) {
        self.open.fetch_sub(self.held.bytes() - bytes, Ordering::Relaxed);
        self.held.set(bytes);
    }

    /// What waits for a disk that fails is bounded; what is lost of it is told once it is right again.
    fn lose_the_oldest(&mut self) {
        // What was only read can be read again.
        let read: usize = self.waiting.iter().filter(|record| record.past.archived).map(weight).sum();
        self.waiting.retain(|record| !record.past.archived);
        let mut over = self.waiting.len().saturating_sub(WAITING);
        let mut bytes = self.held.bytes().saturating_sub(read);
        bytes -= self.waiting[..over].iter().map(weight).sum::<usize>();
        while bytes > self.most_waiting {
            bytes -= self.waiting.get(over).map_or(bytes, weight);
            over += 1;
        }
        let over = over.min(self.waiting.len());
        self.waiting.drain(..over);
        self.lost += over;
        self.weigh(bytes);
    }

    fn tell(&mut self, trouble: Option<Trouble>) {
        match trouble {
            Some(trouble) => {
                let path = self.place.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
                let text = format!("the history is not kept: {path}: {trouble}");
                if self.said.as_ref() != Some(&text) {
                    let _ = self.told.send(Msg::Done(Err(text.clone())));
                }
                self.said = Some(text);
            }
            None => {
                let told = match (self.said.take().is_some(), mem::take(&mut self.untold)) {
                    (true, 0) => Ok("the history is kept again".to_owned()),
                    (true, lost) => {
                        Ok(format!("the history is kept again; {lost} changes of tasks are not in it"))
                    }
                    (false, 0) => return,
                    (false, lost) => Err(format!(
                        "the disk was too slow for the history: {lost} changes of tasks are not in it"
                    )),
                };
                let _ = self.told.send(Msg::Done(told));
            }
        }
    }
}

#[cfg(test)]
mod tests;
