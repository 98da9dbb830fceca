//! What tasks usually take: the median and the spread of runs that are like them.
//!
//! A run counts if its beginning and its end were seen and it ended ok: one that failed or was cancelled stopped
//! somewhere. Runs of earlier sessions come from the history ([`Store::learn`]), each once. It refuses to say anything usual
//! of fewer than [`FEWEST`] runs, and never without how many there were.

mod alike;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
    time::Duration,
};

pub(super) use alike::Alike;
pub use alike::{Basis, LARGEST};

use super::{
    Store,
    task::{Outcome, Task},
};
use crate::time::Now;

/// Runs kept of each kind of work (a type on a service), the newest. 80 bytes each.
pub const RUNS: usize = 512;
/// Kinds of work of which runs are kept; the one that ran longest ago makes room.
pub const KINDS: usize = 256;
/// Runs that one answer counts, the newest: what was usual months ago may not be so now.
pub const COUNTED: usize = 32;
/// Fewer runs have no spread: two that differ do not tell which of them was the odd one.
pub const FEWEST: usize = 3;

/// The least by which a run is over before it counts as long, and as far too long: what is below is no news.
const LONG: Duration = Duration::from_secs(2);
const FAR: Duration = Duration::from_secs(5);

/// A run that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which run it was: two programs that saw it give it the same number.
    which: u64,
    alike: Alike,
    /// In microseconds.
    took: u64,
}

impl Run {
    /// The run of a task that ended; `None`: it does not count.
    pub fn of(task: &Task) -> Option<Run> {
        if task.outcome != Some(Outcome::Ok) {
            return None;
        }
        // It has ended: the moment does not matter.
        let (took, exact) = task.duration(task.last_heard)?;
        exact.then(|| Run { which: which(task), alike: Alike::of(task), took: micros(took) })
    }
}

/// A number for a task's run: of its id, and of the time that all its events carry, for ids are used again.
fn which(task: &Task) -> u64 {
    let id = task.task_id.as_ref().or(task.scheduled_task_id.as_ref());
    let id = id.unwrap_or(&task.key.0);
    let time = task.time.as_ref().map(|stamp| &*stamp.raw);
    alike::mark(|hasher| (&*task.service, &**id, time).hash(hasher))
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// How long the newest runs that are like a task took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// In what they are like it.
    pub basis: Basis,
    /// In microseconds, from the shortest to the longest; the first `runs` count.
    took: [u64; COUNTED],
    runs: usize,
}

/// What is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// In what the runs are like the task.
    pub basis: Basis,
    /// From how many runs: [`FEWEST`] to [`COUNTED`].
    pub runs: usize,
    /// A quarter of them took less.
    pub low: Duration,
    /// Half of them took less.
    pub median: Duration,
    /// A quarter of them took more.
    pub high: Duration,
}

/// How a run's length stands to what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Overrun {
    /// Not longer than usual.
    No,
    /// Longer than usual.
    Long,
    /// Far longer than usual.
    Far,
}

impl Overrun {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Overrun::No => "as usual",
            Overrun::Long => "longer than usual",
            Overrun::Far => "far longer than usual",
        }
    }
}

impl Usual {
    /// How long a run may take before it is long, and far too long: Tukey's fences, one and a half and three times the
    /// spread of the middle half above it, and at least a tenth and a half more than the median (and 2 and 5 s), for the
    /// spread of a few equal runs is nothing. Up to a quarter of odd runs do not move them.
    pub fn bounds(&self) -> [Duration; 2] {
        let spread = self.high.saturating_sub(self.low);
        let bound = |fence: f64, over: f64, least: Duration| {
            let above = |time: Duration, more: Duration| time.saturating_add(more);
            let over = self.median.mul_f64(over).max(least);
            above(self.high, spread.mul_f64(fence)).max(above(self.median, over))
        };
        [bound(1.5, 0.1, LONG), bound(3.0, 0.5, FAR)]
    }

    /// How a run of that length stands to it. Beside runs with other numbers none is long: those may be why.
    pub fn overrun(&self, took: Duration) -> Overrun {
        let [long, far] = self.bounds();
        match took {
            _ if !self.basis.is_close() => Overrun::No,
            took if took > far => Overrun::Far,
            took if took > long => Overrun::Long,
            _ => Overrun::No,
        }
    }
}

impl Sample {
    /// The lengths, from the shortest.
    fn took(&self) -> &[u64] {
        self.took.get(..self.runs).unwrap_or_default()
    }

    /// How many runs.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// The lengths, from the shortest to the longest.
    pub fn lengths(&self) -> impl DoubleEndedIterator<Item = Duration> {
        self.took().iter().copied().map(Duration::from_micros)
    }

    /// What is usual, from [`FEWEST`] runs on.
    pub fn usual(&self) -> Option<Usual> {
        let took = self.took();
        (took.len() >= FEWEST).then(|| Usual {
            basis: self.basis,
            runs: took.len(),
            low: quarter(took, 1),
            median: quarter(took, 2),
            high: quarter(took, 3),
        })
    }

    /// How long a run that has taken that long will likely go on: the median of those that took longer, less that.
    /// `None`: too few runs, or none took that long.
    pub fn left(&self, elapsed: Duration) -> Option<Duration> {
        let took = self.took();
        let elapsed = micros(elapsed);
        let longer = took.get(took.partition_point(|took| *took <= elapsed)..).unwrap_or_default();
        let enough = took.len() >= FEWEST && !longer.is_empty();
        enough.then(|| quarter(longer, 2).saturating_sub(Duration::from_micros(elapsed)))
    }

    /// How many of them took less.
    pub fn shorter(&self, than: Duration) -> usize {
        self.took().partition_point(|took| *took < micros(than))
    }
}

/// The first, second or third quartile of sorted lengths, between the two nearest (as numpy's `quantile`).
fn quarter(took: &[u64], which: usize) -> Duration {
    let Some(last) = took.len().checked_sub(1) else { return Duration::ZERO };
    let (at, rest) = (last * which / 4, (last * which % 4) as u64);
    let low = took.get(at).copied().unwrap_or_default();
    let high = took.get(at + 1).copied().unwrap_or(low);
    let between = (u128::from(high - low) * u128::from(rest) / 4) as u64;
    Duration::from_micros(low + between)
}

/// The runs of all kinds of work.
#[derive(Clone, Debug, Default)]
pub(super) struct Usuals {
    kinds: HashMap<u64, Kind>,
    /// Counts runs, so that the kind that ran longest ago is known.
    clock: u64,
}

/// The runs of one kind of work, the newest last.
#[derive(Clone, Debug, Default)]
struct Kind {
    runs: VecDeque<Run>,
    last: u64,
}

impl Usuals {
    /// Counts a run, unless it was counted already. True: it is new.
    pub fn add(&mut self, run: Run) -> bool {
        self.clock += 1;
        if self.kinds.len() >= KINDS && !self.kinds.contains_key(&run.alike.kind) {
            let oldest = self.kinds.iter().min_by_key(|(_, kind)| kind.last).map(|(key, _)| *key);
            oldest.and_then(|key| self.kinds.remove(&key));
        }
        let kind = self.kinds.entry(run.alike.kind).or_default();
        kind.last = self.clock;
        let is_new = !kind.runs.iter().any(|known| known.which == run.which);
        if is_new {
            if kind.runs.len() == RUNS {
                kind.runs.pop_front();
            }
            kind.runs.push_back(run);
        }
        is_new
    }

    /// Counts runs of before, the oldest first: they stand before all that were counted here.
    fn learn(&mut self, runs: &[Run]) -> bool {
        let mut known: HashSet<u64> =
            self.kinds.values().flat_map(|kind| &kind.runs).map(|run| run.which).collect();
        let mut changed = false;
        for run in runs.iter().rev() {
            let room = self.kinds.len() < KINDS || self.kinds.contains_key(&run.alike.kind);
            if room && known.insert(run.which) {
                let kind = self.kinds.entry(run.alike.kind).or_default();
                if kind.runs.len() < RUNS {
                    kind.runs.push_front(*run);
                    changed = true;
                }
            }
        }
        changed
    }

    /// The newest runs that are like it in the closest way that has enough of them, else in the way that has the most.
    /// `from`: no closer than that. `but`: without that run.
    fn sample(&self, alike: &Alike, from: Basis, but: u64) -> Option<Sample> {
        let kind = self.kinds.get(&alike.kind)?;
        let mut best: Option<Sample> = None;
        for basis in Basis::ALL.into_iter().filter(|basis| *basis >= from) {
            let mark = alike.mark(basis);
            if mark == 0 {
                continue;
            }
            let mut sample = Sample { basis, took: [0; COUNTED], runs: 0 };
            let like = kind.runs.iter().rev().filter(|run| run.alike.mark(basis) == mark && run.which != but);
            for (place, run) in sample.took.iter_mut().zip(like) {
                *place = run.took;
                sample.runs += 1;
            }
            if sample.runs > best.map_or(0, |best| best.runs) {
                best = Some(sample);
            }
            if sample.runs >= FEWEST {
                break;
            }
        }
        let mut best = best?;
        best.took.get_mut(..best.runs)?.sort_unstable();
        Some(best)
    }

    /// Runs that are kept, and of how many kinds.
    #[cfg(test)]
    pub fn size(&self) -> (usize, usize) {
        (self.kinds.values().map(|kind| kind.runs.len()).sum(), self.kinds.len())
    }
}

impl Store {
    /// How long the newest runs like this task took, itself left out; `None`: there was none.
    pub fn sample(&self, task: &Task) -> Option<Sample> {
        self.sample_from(task, Basis::Values)
    }

    fn sample_from(&self, task: &Task, from: Basis) -> Option<Sample> {
        let (alike, but) = match self.keys.get(&task.key.0).and_then(|id| self.rows.get(id)) {
            // Of one that runs or waits no run was counted yet.
            Some(row) if row.alike.is_some() => (row.alike.as_deref().copied(), 0),
            _ => (Some(Alike::of(task)), which(task)),
        };
        self.usuals.sample(&alike?, from, but)
    }

    /// What a task like this usually takes.
    pub fn usual(&self, task: &Task) -> Option<Usual> {
        self.sample(task)?.usual()
    }

    /// What one of many tasks like this usually takes, whose values differ.
    pub fn usual_of_many(&self, task: &Task) -> Option<Usual> {
        self.sample_from(task, Basis::Fields)?.usual()
    }

    /// What a task of that type usually takes; `class` counts for cells only.
    pub fn usual_of_type(&self, service: &str, task_type: &str, class: &str) -> Option<Usual> {
        self.usuals.sample(&Alike::of_type(service, task_type, class), Basis::Type, 0)?.usual()
    }

    /// Takes in runs of the history, the oldest first: older than all that were seen here. What was seen here counts
    /// once all the same.
    pub fn learn(&mut self, runs: &[Run]) {
        if self.usuals.learn(runs) {
            self.touch();
        }
    }
}

/// How long a task that will have begun at the earliest after `now` has run: nothing. Else its length, if its beginning
/// was seen.
pub(super) fn elapsed(task: &Task, now: Now) -> Option<Duration> {
    task.duration(now).filter(|(_, exact)| *exact).map(|(elapsed, _)| elapsed)
}
