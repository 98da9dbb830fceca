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
    store::{
        State, Store, Task, TaskKey,
        past::query::{Found, Query},
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
            if let Err(trouble) = self.answer() {
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
                let Some(comparison) = Comparison::of([one, other], is_stale) else { return };
                Ok(Box::new(comparison))
            }
            (Err(trouble), _) | (_, Err(trouble)) => Err(trouble.to_string()),
        };
        let _ = self.told.send(Msg::Compared(compared));
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
                let (journal, aside) = Journal::open(path, self.limits)?;
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
mod tests {
    use super::*;
    use crate::{
        app::tests::{Bench, Job, error, job, ok},
        store::{Outcome, Past, usual::Basis},
    };

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Place {
            Place { folder: tempfile::tempdir().unwrap() }
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join("history.db")
        }

        fn history(&self) -> (History, tokio::sync::mpsc::UnboundedReceiver<Msg>) {
            let (told, heard) = tokio::sync::mpsc::unbounded_channel();
            let limits = Limits::default();
            let memory = Memory::default();
            (History::start(Some(self.file()), limits, true, &memory, Clock::start(), told).unwrap(), heard)
        }

        fn lines(&self) -> Vec<Past> {
            let mut all = Vec::new();
            Journal::read(&self.file()).unwrap().lines(0, |_, record| all.push(record.past)).unwrap();
            all
        }
    }

    fn told(mut heard: tokio::sync::mpsc::UnboundedReceiver<Msg>) -> Vec<Result<String, String>> {
        let mut told = Vec::new();
        while let Ok(Msg::Done(text)) = heard.try_recv() {
            told.push(text);
        }
        told
    }

    #[test]
    fn what_changed_is_written_once_a_second_and_all_of_it_at_the_end() {
        let place = Place::new();
        let (mut history, heard) = place.history();
        let mut b = Bench::new();
        assert_eq!(history.wake_at(b.app.store()), Some(Duration::ZERO));
        history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
        assert_eq!(history.wake_at(b.app.store()), None, "nothing has changed since");
        b.at(1.5).runs(&job("q1"));
        history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
        b.at(1.8).completed(&job("q1"), &ok("q1")).runs(&job("q2"));
        let due = history.wake_at(b.app.store()).unwrap();
        assert_eq!(due, Now::at(2.5).mono, "not before a second has passed");
        history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
        assert_eq!(history.wake_at(b.app.store()), Some(due));
        b.at(2.0).completed(&job("q2"), &error("q2", "KeyError", "'x'", "Traceback"));
        history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
        drop(history);
        assert_eq!(told(heard), []);
        let lines = place.lines();
        let ends: Vec<_> = lines.iter().map(|past| (past.key.to_string(), past.outcome)).collect();
        assert_eq!(ends, [("q1".into(), Some(Outcome::Ok)), ("q2".into(), Some(Outcome::Failed))]);
        assert_eq!(lines[1].ename.as_deref(), Some("KeyError"));
        assert!(lines[0].took.unwrap().1, "it was measured from its beginning to its end");
    }

    #[test]
    fn many_changes_at_once_wait_for_no_second() {
        let place = Place::new();
        let (mut history, _heard) = place.history();
        let mut b = Bench::new();
        history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
        for n in 1..=MANY {
            b.runs(&job(&format!("q{n}")));
            history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
            assert_eq!(b.app.store().changed(), if n < MANY { n } else { 0 });
        }
    }

    #[test]
    fn what_earlier_runs_took_is_told_at_the_start() {
        let place = Place::new();
        let (mut history, heard) = place.history();
        let mut b = Bench::new();
        let kind = |id: &str, payload: &str| Job { payload: payload.into(), name: "Wait".into(), ..job(id) };
        for (id, payload) in [("q1", r#"{"s": 1}"#), ("q2", r#"{"s": 1}"#), ("q3", r#"{"s": 2}"#)] {
            let job = kind(id, payload);
            b.later(1.0).runs(&job).later(4.0).completed(&job, &ok(id));
        }
        let failed = kind("q4", r#"{"s": 1}"#);
        b.runs(&failed).later(1.0).completed(&failed, &error("q4", "E", "x", ""));
        history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
        drop(history);
        assert_eq!(told(heard), [], "there was nothing to tell");

        let (history, mut heard) = place.history();
        drop(history);
        let Ok(Msg::Runs(runs)) = heard.try_recv() else { panic!("no runs were read") };
        assert_eq!(runs.len(), 3);
        let mut next = Bench::new();
        next.runs(&kind("n", r#"{"s": 1}"#)).msg(Msg::Runs(runs.clone()));
        let usual = |b: &Bench| b.app.store().usual(b.app.store().find("n").unwrap()).unwrap();
        assert_eq!((usual(&next).runs, usual(&next).median), (3, Duration::from_secs(4)));
        assert_eq!(usual(&next).basis, Basis::Name);
        // The one that wrote them knows them already.
        b.runs(&kind("n", r#"{"s": 1}"#)).msg(Msg::Runs(runs));
        assert_eq!(usual(&b).runs, 3);
    }

    #[test]
    fn no_secret_reaches_the_disk() {
        let place = Place::new();
        let (mut history, _heard) = place.history();
        let mut b = Bench::new();
        let mut task = job("q1");
        task.payload = r#"{"user": "me", "token": "hush-hush"}"#.into();
        b.runs(&task).completed(&task, &ok("q1"));
        history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
        drop(history);
        let journal = Journal::read(&place.file()).unwrap();
        let texts = journal.full(journal.find("q1", 2).unwrap()[0]).unwrap().texts;
        let payload = texts.payload.as_ref().and_then(|kept| kept.text()).unwrap();
        assert!(texts.masked && payload.contains("\"me\"") && payload.contains("*****"), "{payload}");
        for file in std::fs::read_dir(place.folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(9).any(|part| part == b"hush-hush"));
        }
    }

    #[test]
    fn what_waits_for_a_slow_disk_is_weighed_and_the_rest_waits_in_the_store() {
        let memory = Memory::of(crate::memory::LEAST);
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let worker = Worker::start("slow", move |todo: &Receiver<super::Job>| {
            let _ = gate.recv();
            todo.iter().for_each(drop);
        });
        let mut history = History {
            worker: worker.unwrap(),
            limits: Limits::default(),
            memory: memory.clone(),
            open: Arc::default(),
            newest: Arc::default(),
            seen: None,
            next: Duration::ZERO,
        };
        let mut b = Bench::new();
        for n in 0..20 {
            let id = format!("q{n}");
            let payload = format!(r#"{{"x": "{}"}}"#, "x".repeat(1_000_000));
            b.later(1.5).runs(&Job { payload, ..job(&id) });
            history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
        }
        let most = memory.records() + 1_100_000;
        assert!((memory.records()..most).contains(&memory.held()), "{} of {most}", memory.held());
        let left = b.app.session.store.drain_changed();
        assert!((10..15).contains(&left.len()), "the others are not forgotten: {}", left.len());
        drop((go, history));
        assert_eq!(memory.held(), 0);
    }

    #[test]
    fn who_keeps_pace_brings_the_slow_disk_more_than_the_store_keeps_and_nothing_is_let_go_before() {
        use crate::store::{Input, Limits as Kept, Store};
        use crate::wire::frame::Snapshot;
        const TASKS: usize = 16_000;
        // The disk stands still at first, for so long at most.
        let written = |patience: Duration, still: Duration| {
            let (go, gate) = std::sync::mpsc::channel::<()>();
            let (open, count): (Arc<AtomicUsize>, Arc<AtomicUsize>) = Default::default();
            let (heard, written) = (open.clone(), count.clone());
            let worker = Worker::start("slow", move |todo: &Receiver<super::Job>| {
                let _ = gate.recv_timeout(still);
                for job in todo {
                    let super::Job::Write(batch) = job else { continue };
                    written.fetch_add(batch.tasks.len(), Ordering::Relaxed);
                    heard.fetch_sub(batch.held.bytes(), Ordering::Relaxed);
                }
            });
            let mut history = History {
                worker: worker.unwrap(),
                limits: Limits::default(),
                memory: Memory::of(crate::memory::LEAST),
                open,
                newest: Arc::default(),
                seen: None,
                next: Duration::ZERO,
            };
            let mut store = Store::new(Kept { ended_tasks: 3_000, ..Kept::default() });
            let (types, now) = (Catalogue::default(), Now::at(0.0));
            let mut pace = Pace { patience, ..history.pace() };
            for part in 0..TASKS / 400 {
                pace.keep();
                let entry = |n: usize| {
                    let text = format!(
                        r#"{{"scheduled_task_id": "s{n}", "task_id": "t{n}", "target": "lab", "status": "done"}}"#
                    );
                    Ok(Snapshot::parse(&text).unwrap())
                };
                let entries = (part * 400..(part + 1) * 400).map(entry).collect();
                store.apply(Input::SchedulePart(entries), now);
                history.look(&mut store, &types, false, now);
            }
            drop(go);
            history.look(&mut store, &types, true, now);
            drop(history);
            count.load(Ordering::Relaxed)
        };
        assert_eq!(written(PATIENCE, Duration::from_millis(300)), TASKS);
        let hasty = written(Duration::ZERO, Duration::from_secs(60));
        assert!(hasty < TASKS, "{hasty}: so it has to keep pace");
    }

    #[test]
    fn a_disk_that_hangs_does_not_hold_up_what_is_brought_for_ever() {
        let open: Arc<AtomicUsize> = Arc::new(AtomicUsize::new(10));
        let mut pace = Pace { open: open.clone(), most: 5, patience: 3 * LOOK };
        pace.keep();
        assert_eq!(pace.patience, Duration::ZERO, "it waited");
        let mut pace = Pace { open: open.clone(), most: 5, patience: PATIENCE };
        let waits = thread::spawn(move || {
            pace.keep();
            pace.patience
        });
        thread::sleep(4 * LOOK);
        assert!(!waits.is_finished());
        open.store(5, Ordering::Relaxed);
        assert!(!waits.join().unwrap().is_zero());
    }

    #[test]
    fn what_the_store_lets_go_before_a_disk_that_hangs_took_it_is_counted_told_and_written_down() {
        let place = Place::new();
        let (mut history, heard) = place.history();
        let mut b = Bench::new();
        let mut runs = |history: &mut History, from: u32, to: u32| {
            for n in from..to {
                let id = format!("q{n}");
                b.later(1.5).runs(&job(&id)).completed(&job(&id), &ok(&id));
                b.app.session.store.allow(30_000);
                history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
            }
            b.app.store().kept()
        };
        let kept = runs(&mut history, 0, 20);
        assert!((5..15).contains(&kept), "{kept}");
        history.open.fetch_add(history.memory.records() + 1, Ordering::Relaxed);
        runs(&mut history, 20, 60);
        history.open.fetch_sub(history.memory.records() + 1, Ordering::Relaxed);
        let kept = runs(&mut history, 60, 61);
        drop(history);
        let lost = 41 - kept;
        let words = format!("the disk was too slow for the history: {lost} changes of tasks are not in it");
        assert_eq!(told(heard), [Err(words)], "those before the disk hung are all in it");
        assert_eq!(place.lines().len(), 61 - lost);
        let journal = Journal::read(&place.file()).unwrap();
        assert_eq!(journal.let_go().unwrap().lost, lost as u64, "whoever reads it later learns of it too");
    }

    #[test]
    fn a_past_without_a_disk_keeps_to_its_share_and_so_does_what_waits_for_one_that_fails() {
        let memory = Memory::of(crate::memory::LEAST);
        let (told, _heard) = tokio::sync::mpsc::unbounded_channel();
        let limits = in_memory(Limits::default(), &memory);
        let mut b = Bench::new();
        let mut records = Vec::new();
        for n in 0..100 {
            // Nothing that packs well.
            let mut seed: u64 = n + 1;
            let mut next = || {
                seed =
                    seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407_u64);
                char::from(b'a' + (seed >> 33) as u8 % 26)
            };
            let text: String = (0..60_000).map(|_| next()).collect();
            let id = format!("q{n}");
            b.later(1.0).runs(&Job { payload: format!(r#"{{"x": "{text}"}}"#), ..job(&id) });
            records.push(Record::of(b.app.store().find(&id).unwrap(), None, limits.text));
        }
        let mut writer = Writer::new(None, limits, true, &memory, Clock::start(), told.clone());
        for n in 0..40 {
            let again = |(at, record): (usize, &Record)| {
                let mut record = record.clone();
                record.past.key = TaskKey(format!("{n}-{at}").into());
                (record.past.task_id, record.time) = (Some(record.past.key.0.clone()), None);
                record
            };
            writer.waiting.extend(records.iter().enumerate().map(again));
            writer.write().unwrap();
            let bytes = writer.journal.as_ref().unwrap().bytes().unwrap();
            assert!(bytes <= limits.bytes, "{bytes} of {}", limits.bytes);
        }
        assert!(writer.journal.as_ref().unwrap().let_go().unwrap().tasks > 1_000);

        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(
            Some(folder.path().to_owned()),
            Limits::default(),
            true,
            &memory,
            Clock::start(),
            told,
        );
        for _ in 0..5 {
            for record in &records {
                writer.held.set(writer.held.bytes() + weight(record));
                writer.open.fetch_add(weight(record), Ordering::Relaxed);
                writer.waiting.push(record.clone());
            }
            assert!(writer.write().is_err(), "a folder is no file");
            assert!(memory.held() <= memory.records(), "{}", memory.held());
            assert_eq!(writer.held.bytes(), writer.waiting.iter().map(weight).sum::<usize>());
        }
        assert!(writer.lost > 300);
    }

    #[test]
    fn a_disk_that_refuses_is_told_once_and_what_waited_is_written_when_it_is_right_again() {
        let place = Place::new();
        std::fs::create_dir(place.file()).unwrap();
        let (told_to, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let memory = Memory::default();
        let mut writer =
            Writer::new(Some(place.file()), Limits::default(), true, &memory, Clock::start(), told_to);
        let mut b = Bench::new();
        b.runs(&job("q1"));
        let record = |b: &Bench| Record::of(b.app.store().find("q1").unwrap(), None, 1_000);
        for _ in 0..3 {
            writer.waiting.push(record(&b));
            let written = writer.write();
            writer.tell(written.err());
        }
        let Ok(Msg::Done(Err(text))) = heard.try_recv() else { panic!("it was not told") };
        assert!(text.starts_with("the history is not kept: ") && text.contains("history.db"), "{text}");
        assert!(heard.try_recv().is_err(), "once is enough");
        std::fs::remove_dir(place.file()).unwrap();
        let written = writer.write();
        writer.tell(written.err());
        assert!(matches!(heard.try_recv(), Ok(Msg::Done(Ok(text))) if text == "the history is kept again"));
        drop(writer);
        assert_eq!(place.lines().len(), 1);
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_told_and_the_history_begins_anew() {
        let place = Place::new();
        std::fs::write(place.file(), "not a history at all, but long enough to be looked at").unwrap();
        let (mut history, heard) = place.history();
        let mut b = Bench::new();
        b.runs(&job("q1"));
        history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
        drop(history);
        let told = told(heard);
        assert!(matches!(&told[..], [Err(text)] if text.contains("history.db.damaged")), "{told:?}");
        assert_eq!(place.lines().len(), 1);
    }

    #[test]
    fn what_only_waits_and_what_juicetop_asks_is_no_history() {
        let mut b = Bench::new();
        let mut question = job("ask");
        (question.service, question.hidden) = ("task-manager".into(), true);
        b.runs(&question).runs(&job("q1"));
        let task = |id: &str| b.app.store().find(id).cloned().unwrap();
        assert!(is_history(&task("q1")) && !is_history(&task("ask")));
        assert!(!is_history(&Task { state: State::Waiting, ..task("q1") }));
    }
}
