//! When a service's slot is likely to be free, and when each task that waits for it is likely to start.
//!
//! A sum of what such tasks usually take, and no promise. What has no known time is counted apart and makes the sum an *at
//! least*. Tasks that others wait for directly are unknowable, and would go first; the screen says so beside it.

use std::{collections::HashMap, time::Duration};

use super::{
    Store,
    lane::{Lanes, Slot},
    task::{State, Task, TaskKey},
    timetable::is_scheduled,
    usual::{self, Basis},
};
use crate::time::Now;

/// The scheduler gives a service at most one task a second.
pub const PACE: Duration = Duration::from_secs(1);

/// A time from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guess {
    /// From now on; at least, where `unknown` is not 0.
    pub time: Duration,
    /// Tasks that run or wait before that moment.
    pub tasks: usize,
    /// Those of them that have no known time: the time is without them.
    pub unknown: usize,
    /// The fewest runs that the time of one of them comes from; 0: all of them are unknown.
    pub runs: usize,
    /// The time of one of them comes from runs with other numbers: it is a rough one.
    pub rough: bool,
}

impl Guess {
    const NOW: Guess = Guess { time: Duration::ZERO, tasks: 0, unknown: 0, runs: 0, rough: false };

    /// Something is known that may be told.
    pub fn is_known(&self) -> bool {
        self.runs > 0
    }

    /// One more task stands before the moment, with its time, from how many runs that is, and which.
    fn add(&mut self, time: Option<(Duration, usize, Basis)>) {
        self.tasks += 1;
        match time {
            Some((time, runs, basis)) => {
                self.time = self.time.saturating_add(time);
                self.runs = if self.runs == 0 { runs } else { self.runs.min(runs) };
                self.rough |= !basis.is_close();
            }
            None => self.unknown += 1,
        }
    }
}

/// A service's slot in the time to come.
#[derive(Clone, Debug, Default)]
pub struct Outlook<'a> {
    /// When it is likely to be free; `None`: it is free, or nothing is known.
    pub free: Option<Guess>,
    /// When each waiting task is likely to start.
    starts: HashMap<&'a TaskKey, Guess>,
}

impl Outlook<'_> {
    /// When a waiting task is likely to start, if anything is known of that.
    pub fn start(&self, task: &TaskKey) -> Option<Guess> {
        self.starts.get(task).copied().filter(Guess::is_known)
    }
}

impl Store {
    /// The outlook of a service, hidden tasks counted: they take the slot as others do.
    pub fn outlook(&self, service: &str, now: Now) -> Outlook<'_> {
        let lanes = self.lanes(service, true, now);
        let mut at = self.after_holders(&lanes, now);
        let mut starts = HashMap::with_capacity(lanes.waiting.len());
        let mut free = None;
        for task in lanes.waiting.iter().map(|wait| wait.task) {
            let ahead = ahead(task, self.by_lab(now));
            if ahead > at.time {
                // Until that one is due nobody that we know of takes the slot.
                free.get_or_insert(at);
                at.time = ahead;
            }
            starts.insert(&task.key, at);
            at.add(self.usual(task).map(|usual| {
                let one = if is_scheduled(task) { turn(usual.median) } else { usual.median };
                (one, usual.runs, usual.basis)
            }));
        }
        // Of very many only the first are looked at; the others count as those of which no time is known.
        let others = lanes.waits - lanes.waiting.len();
        at.tasks += others;
        at.unknown += others;
        let free = free.unwrap_or(at);
        Outlook { free: (free.tasks > 0 && free.is_known()).then_some(free), starts }
    }

    /// When those that hold the slot now will likely have left it.
    fn after_holders(&self, lanes: &Lanes<'_>, now: Now) -> Guess {
        let mut at = Guess::NOW;
        match (lanes.slot, lanes.holders.as_slice()) {
            (Slot::Free { .. } | Slot::NotKept, _) => {}
            // It was given away under the others: whoever began last has it.
            (_, holders) if !holders.is_empty() => {
                let last = holders.iter().max_by_key(|task| task.started.map(|seen| seen.at.mono));
                at.add(last.and_then(|task| {
                    let sample = self.sample(task)?;
                    let left = sample.left(usual::elapsed(task, now)?)?;
                    Some((left, sample.runs(), sample.basis))
                }));
            }
            _ => at.add(None),
        }
        at
    }
}

/// For how long a task is not due yet, by the lab's clock.
fn ahead(task: &Task, by_lab: Now) -> Duration {
    let run_at = task.run_at.as_ref().filter(|_| task.state == State::Scheduled).and_then(|stamp| stamp.at);
    run_at.and_then(|at| (at - by_lab.utc).to_std().ok()).unwrap_or_default()
}

/// The time from one task's start to the next one's: the scheduler looks once a second.
pub fn turn(one: Duration) -> Duration {
    let whole = one.as_secs() + u64::from(one.subsec_nanos() > 0);
    Duration::from_secs(whole).max(PACE)
}
