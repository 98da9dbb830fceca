//! Reading tasks from Juice's database, in a thread of its own: page by page, the newest first.
//!
//! It gives on what it has read in batches and waits until the last but one has been dealt with, down to the disk; so nothing
//! heaps up, however much the database has. It refuses to go on for a question that nobody waits for.

use std::{
    convert::Infallible,
    mem,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use tokio::sync::mpsc::UnboundedSender;

use super::beside::beside;
use crate::{
    app::archive::{Heard, Question},
    memory::{Held, Memory},
    net::influx::{
        Access,
        tasks::{self, Told, Wanted},
    },
    time::Clock,
    wire::archive::Archived,
};

/// Tasks of a batch, and bytes of their texts.
const MOST_TASKS: usize = 200;
const MOST_BYTES: usize = 1 << 20;
/// What a task weighs beside its texts, bytes.
const OVERHEAD: usize = 500;

/// What comes of a question.
#[derive(Debug)]
pub(super) struct Said {
    /// The question's number.
    pub id: u64,
    /// What.
    pub what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// Tasks.
    Tasks(Batch),
    /// How it goes.
    Told(Heard),
}

/// Some tasks.
#[derive(Debug)]
pub(super) struct Batch {
    pub tasks: Vec<Archived>,
    pub receipt: Receipt,
}

/// Whoever deals with a batch drops it then: the thread waits for that.
#[derive(Debug)]
pub(crate) struct Receipt {
    _held: Held,
    _open: SyncSender<Infallible>,
}

/// The thread. When it is dropped, the thread ends at the next row.
pub(super) struct Reader(Arc<AtomicBool>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Reader {
    /// Begins to read. `None`: no thread can be made, which is the answer to the question.
    pub fn start(
        access: Access,
        question: Question,
        memory: &Memory,
        clock: Clock,
        told: UnboundedSender<Said>,
    ) -> Option<Reader> {
        let stop = Arc::new(AtomicBool::new(false));
        let Question { id, back, ids, far } = question;
        let mut work = Work {
            id,
            told,
            memory: memory.clone(),
            stop: stop.clone(),
            open: None,
            tasks: Vec::new(),
            bytes: 0,
        };
        let unanswered = work.told.clone();
        let made = beside("archive", move || {
            let wanted = Wanted { back, ids, far };
            let read = tasks::read(&access, &wanted, clock.now().utc, |told| work.take(told));
            // What came before a failure stands.
            if work.give().is_break() {
                return;
            }
            work.say(What::Told(match read {
                Ok(read) => Heard::Ended(read.odd_words()),
                Err(failure) => Heard::Failed(failure.sentence(), failure.passes),
            }));
        });
        if let Err(why) = made {
            let what = What::Told(Heard::Failed(why, true));
            let _ = unanswered.send(Said { id, what });
            return None;
        }
        Some(Reader(stop))
    }
}

/// The thread's side.
struct Work {
    id: u64,
    told: UnboundedSender<Said>,
    memory: Memory,
    stop: Arc<AtomicBool>,
    /// Closed once the batch before has been dealt with.
    open: Option<Receiver<Infallible>>,
    tasks: Vec<Archived>,
    bytes: usize,
}

impl Work {
    fn take(&mut self, told: Told) -> ControlFlow<()> {
        if self.stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        match told {
            Told::Task(task) => {
                self.bytes += OVERHEAD + task.bytes();
                self.tasks.push(*task);
                if self.tasks.len() >= MOST_TASKS || self.bytes >= MOST_BYTES {
                    self.give()
                } else {
                    ControlFlow::Continue(())
                }
            }
            Told::Nothing => ControlFlow::Continue(()),
            Told::Back(at, ago) => {
                self.give()?;
                self.say(What::Told(Heard::Back(at, ago)));
                ControlFlow::Continue(())
            }
        }
    }

    /// Gives on what there is, once the batch before is done with.
    fn give(&mut self) -> ControlFlow<()> {
        if let Some(open) = self.open.take() {
            // Nothing ever comes: it ends when the receipt is dropped.
            let _ = open.recv();
        }
        if self.stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        if self.tasks.is_empty() {
            return ControlFlow::Continue(());
        }
        let (receipt, open) = sync_channel(0);
        self.open = Some(open);
        let receipt = Receipt { _held: self.memory.hold(mem::take(&mut self.bytes)), _open: receipt };
        let tasks = mem::take(&mut self.tasks);
        self.say(What::Tasks(Batch { tasks, receipt }));
        ControlFlow::Continue(())
    }

    fn say(&self, what: What) {
        // Where nobody is there any more, the program ends.
        let _ = self.told.send(Said { id: self.id, what });
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;
    use crate::wire::event::{Stamp, TaskEvent, TaskEventState};

    fn task(id: usize, length: usize) -> Told {
        Told::Task(Box::new(Archived::of(TaskEvent {
            time: Stamp::parse("2026-11-24T23:01:26Z"),
            task_id: id.to_string().into(),
            target: "lab".into(),
            task_type: "Ping".into(),
            display_name: "Ping".into(),
            parallel: None,
            metadata: "{}".into(),
            payload: "x".repeat(length).into(),
            reply: None,
            state: TaskEventState::Created,
            show_in_dashboard: true,
        })))
    }

    fn work(memory: &Memory) -> (Work, UnboundedReceiver<Said>) {
        let (told, heard) = unbounded_channel();
        let stop = Arc::new(AtomicBool::new(false));
        let work =
            Work { id: 1, told, memory: memory.clone(), stop, open: None, tasks: Vec::new(), bytes: 0 };
        (work, heard)
    }

    #[test]
    fn no_more_than_two_batches_are_under_way_however_much_there_is() {
        let memory = Memory::default();
        let (mut work, mut heard) = work(&memory);
        let (done, is_done) = sync_channel(1);
        let stop = work.stop.clone();
        let thread = thread::spawn(move || {
            let all = (0..2_000).try_for_each(|id| work.take(task(id, 100_000)));
            let _ = work.give();
            done.send(all.is_continue()).unwrap();
        });
        let (mut tasks, mut most) = (0, 0);
        let mut open: Vec<Batch> = Vec::new();
        loop {
            match heard.try_recv() {
                Ok(Said { what: What::Tasks(batch), .. }) => {
                    tasks += batch.tasks.len();
                    open.push(batch);
                }
                Ok(Said { what: What::Told(told), .. }) => panic!("{told:?}"),
                Err(_) if is_done.try_recv().is_ok() => break,
                Err(_) => {
                    most = most.max(memory.held());
                    open.clear();
                    thread::yield_now();
                }
            }
            assert!(open.len() < 2, "the next one comes when this one is done with");
        }
        thread.join().unwrap();
        // What came between the last look and the end.
        while let Ok(Said { what: What::Tasks(batch), .. }) = heard.try_recv() {
            tasks += batch.tasks.len();
        }
        assert_eq!(tasks, 2_000);
        assert!(most <= 2 * MOST_BYTES && most > 0, "{most}");
        drop(open);
        assert_eq!((memory.held(), stop.load(Ordering::Relaxed)), (0, false));
    }

    #[test]
    fn who_is_stopped_gives_nothing_any_more() {
        let (mut work, mut heard) = work(&Memory::default());
        assert!(work.take(task(1, 10)).is_continue());
        drop(Reader(work.stop.clone()));
        assert!(work.take(task(2, 10)).is_break() && work.give().is_break());
        assert!(heard.try_recv().is_err());
    }
}
