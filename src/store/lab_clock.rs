//! What the lab's clock shows, which may be hours off from ours: the scheduler starts its tasks by it.
//!
//! The task manager writes into what it tells of tasks and kernels when it made that. Such a moment and the arrival on
//! our monotonic clock belong together, so a step of our own wall clock changes nothing here. It refuses to believe one
//! message alone where there are others: on the bus anybody can write anything, and a message may come late.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Store;
use crate::time::Now;
use crate::wire::event::{Event, Stamp, TaskEventState};

/// So many moments are compared; the one in their middle counts.
const MOMENTS: usize = 9;
/// One is taken in so much time, so that a burst of what waited for us counts once.
const APART: Duration = Duration::from_secs(1);
/// A clock that differs by less is not worth a word.
const WORTH_A_WORD: TimeDelta = TimeDelta::minutes(1);

#[derive(Clone, Debug, Default)]
pub(super) struct LabClock {
    /// What it showed when our monotonic clock stood at zero, by each of the last moments.
    zeros: VecDeque<DateTime<Utc>>,
    /// That in their middle.
    zero: Option<DateTime<Utc>>,
    taken: Option<Duration>,
}

impl LabClock {
    /// A moment that was made just before it came. Whether what can be shown of it changed.
    fn take(&mut self, made: &Stamp, now: Now) -> bool {
        let early = self.taken.is_some_and(|taken| now.mono.saturating_sub(taken) < APART);
        let zero = made.at.and_then(|at| at.checked_sub_signed(TimeDelta::from_std(now.mono).ok()?));
        let Some(zero) = zero.filter(|_| !early) else { return false };
        self.taken = Some(now.mono);
        if self.zeros.len() == MOMENTS {
            self.zeros.pop_front();
        }
        self.zeros.push_back(zero);
        let mut sorted: Vec<_> = self.zeros.iter().copied().collect();
        sorted.sort_unstable();
        let middle = [(sorted.len() - 1) / 2, sorted.len() / 2].map(|at| sorted[at]);
        let Some(before) = self.zero else {
            self.zero = Some(zero);
            return true;
        };
        // Of two in the middle that which was believed before: the other may be the one that lies.
        let [one, two] = middle.map(|at| (at - before).abs());
        self.zero = Some(if one <= two { middle[0] } else { middle[1] });
        one.min(two) >= WORTH_A_WORD / 2
    }
}

impl Store {
    /// What an event says of the lab's clock.
    pub(super) fn look_at_clock(&mut self, event: &Event, now: Now) {
        let made = match event {
            // All events of a task carry the time of the first one.
            Event::Task(task) if task.state == TaskEventState::Created => &task.time,
            Event::Service(event) => &event.time,
            Event::Scheduled(event) => &event.time,
            // What other machines than the task manager's may have made.
            _ => return,
        };
        if self.lab_clock.take(made, now) {
            self.touch();
        }
    }

    /// What the lab's clock shows at this moment. `None`: nothing was heard of it, so nothing comes due by itself.
    pub(super) fn lab_time(&self, now: Now) -> Option<DateTime<Utc>> {
        self.lab_clock.zero?.checked_add_signed(TimeDelta::from_std(now.mono).ok()?)
    }

    /// This moment with what the lab's clock shows, as far as it was heard; else with what ours shows.
    pub fn by_lab(&self, now: Now) -> Now {
        Now { utc: self.lab_time(now).unwrap_or(now.utc), ..now }
    }

    /// By how much the lab's clock is ahead of ours, or behind, where that is worth a word.
    pub fn clock_off(&self, now: Now) -> Option<TimeDelta> {
        let off = self.by_lab(now).utc - now.utc;
        (off.abs() >= WORTH_A_WORD).then_some(off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(at: DateTime<Utc>) -> Stamp {
        Stamp { raw: at.to_rfc3339().as_str().into(), at: Some(at) }
    }

    fn hours(n: i64) -> TimeDelta {
        TimeDelta::hours(n)
    }

    #[test]
    fn one_that_lies_or_comes_late_moves_nothing_and_a_clock_that_was_set_does() {
        let mut clock = LabClock::default();
        let off = |clock: &LabClock| clock.zero.unwrap() - Now::at(0.0).utc;
        assert!(clock.take(&made(Now::at(10.0).utc + hours(3)), Now::at(10.0)));
        for n in 0..20 {
            let now = Now::at(20.0 + f64::from(n) * 5.0);
            let wrong = match n % 5 {
                0 => hours(1_000),
                1 => hours(-1_000),
                _ => hours(0),
            };
            clock.take(&made(now.utc + hours(3) + wrong), now);
            // A burst of what had waited for half a minute.
            for late in 0..50 {
                let now = Now::at(20.5 + f64::from(n) * 5.0 + f64::from(late) / 200.0);
                assert!(!clock.take(&made(now.utc + hours(3) - TimeDelta::seconds(30)), now));
            }
            assert_eq!(off(&clock), hours(3), "{n}");
        }
        // It is set back to what is right.
        let changes = (0..9).filter(|n| {
            let now = Now::at(200.0 + f64::from(*n) * 60.0);
            clock.take(&made(now.utc), now)
        });
        assert_eq!(changes.count(), 1, "told once");
        assert_eq!(off(&clock), hours(0));
    }

    #[test]
    fn moments_that_cannot_be_read_or_lie_beyond_all_time_are_passed_over() {
        let mut clock = LabClock::default();
        assert!(!clock.take(&Stamp::missing(), Now::at(1.0)));
        assert!(!clock.take(&made(DateTime::<Utc>::MIN_UTC), Now::at(2.0)));
        assert_eq!(clock.zero, None);
    }
}
