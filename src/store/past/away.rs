//! What became of tasks while the person was away.
//!
//! It refuses to guess when something ended: an end whose moment nobody saw counts where it surely lies in that time, or where
//! what was known before says that the task had not ended yet.

use chrono::{DateTime, Utc};

use super::Past;
use crate::store::task::{Outcome, State};

/// The time in which the person was away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away {
    /// When they left.
    pub since: DateTime<Utc>,
    /// When they came back.
    pub until: DateTime<Utc>,
    /// What had ended before they left is known to have: it was kept then, and is at hand.
    pub sure: bool,
}

/// Of some tasks, how many ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Well.
    pub ok: usize,
    /// Badly.
    pub failed: usize,
    /// Never begun.
    pub cancelled: usize,
    /// Nobody knows.
    pub unknown: usize,
}

impl Tally {
    /// All of them.
    pub fn count(&self) -> usize {
        self.ok + self.failed + self.cancelled + self.unknown
    }

    fn add(&mut self, past: &Past) {
        *(match past.outcome {
            Some(Outcome::Ok) => &mut self.ok,
            Some(Outcome::Failed) => &mut self.failed,
            Some(Outcome::Cancelled) => &mut self.cancelled,
            None => &mut self.unknown,
        }) += 1;
    }
}

/// What became of tasks in that time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Of the person's own.
    pub own: Tally,
    /// Of all others.
    pub others: Tally,
}

impl News {
    /// Counts a task.
    pub fn add(&mut self, past: &Past) {
        match past.own {
            Some(_) => self.own.add(past),
            None => self.others.add(past),
        }
    }

    /// How many tasks.
    pub fn count(&self) -> usize {
        self.own.count() + self.others.count()
    }
}

impl Away {
    /// Whether the task ended in that time, or nobody knows since then how it stands.
    pub fn has(&self, past: &Past) -> bool {
        if !matches!(past.state, State::Ended | State::Unknown) {
            return false;
        }
        let within = |at: DateTime<Utc>| self.since <= at && at < self.until;
        match past.ended {
            Some(ended) if ended.exact => within(ended.at),
            // It had ended by then. Had it before the person left, its row would say so.
            Some(ended) => {
                let seen = past.started.filter(|moment| moment.exact).map(|moment| moment.at);
                let earliest = past.not_before.max(seen);
                self.since <= ended.at
                    && earliest.unwrap_or(past.heard) < self.until
                    && (self.sure || earliest.is_some_and(|at| at >= self.since))
            }
            // Of what only Juice's database knows, its making is all that has a time.
            None => past.archived && within(past.heard),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{
        store::{Lane, Moment, Own, TaskKey},
        time::Now,
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        Now::at(0.0).utc + TimeDelta::seconds(seconds)
    }

    const fn moment(at: DateTime<Utc>, exact: bool) -> Option<Moment> {
        Some(Moment { at, exact })
    }

    /// One that was first heard of at second 50, and whose end was learned at second 150.
    fn past() -> Past {
        Past {
            key: TaskKey("a".into()),
            service: "lab".into(),
            task_type: "Ping".into(),
            name: "Ping".into(),
            lane: Lane::Sequential,
            state: State::Ended,
            outcome: Some(Outcome::Ok),
            reason: None,
            task_id: None,
            scheduled_task_id: None,
            own: None,
            hidden: false,
            heard: at(50),
            started: None,
            ended: moment(at(150), true),
            took: None,
            ename: None,
            evalue: None,
            archived: false,
            not_before: None,
        }
    }

    /// From second 100 to second 200.
    fn away(sure: bool) -> Away {
        Away { since: at(100), until: at(200), sure }
    }

    #[test]
    fn what_was_seen_to_end_counts_in_the_time_in_which_it_ended() {
        let ended = |seconds| Past { ended: moment(at(seconds), true), ..past() };
        let counts = [99, 100, 199, 200].map(|seconds| away(true).has(&ended(seconds)));
        assert_eq!(counts, [false, true, true, false]);
        assert!(away(false).has(&ended(150)), "however little was kept before");
        let runs = Past { state: State::Running { starting: false }, ended: None, ..past() };
        assert!(!away(true).has(&runs));
    }

    #[test]
    fn an_end_that_was_learned_later_counts_where_it_cannot_lie_before() {
        // The list that is read on coming back tells of it.
        let listed = |submitted: i64| Past {
            heard: at(203),
            ended: moment(at(203), false),
            not_before: Some(at(submitted)),
            ..past()
        };
        assert!(away(true).has(&listed(20)), "had it ended before, that would be known");
        assert!(!away(false).has(&listed(20)), "nothing says when");
        assert!(away(false).has(&listed(120)), "it was submitted since");
        assert!(!away(true).has(&listed(201)), "it was submitted after the person had come back");
        let began = Past { started: moment(at(120), true), not_before: None, ..listed(0) };
        assert!(away(false).has(&began));
        let long_known = Past { ended: moment(at(90), false), ..past() };
        assert!(!away(true).has(&long_known));
    }

    #[test]
    fn what_nobody_knows_counts_from_when_it_was_so() {
        let lost = |seconds| Past {
            state: State::Unknown,
            outcome: None,
            ended: moment(at(seconds), false),
            ..past()
        };
        assert_eq!([90, 150, 205].map(|seconds| away(true).has(&lost(seconds))), [false, true, true]);
        let later = Past { heard: at(201), ..lost(230) };
        assert!(!away(true).has(&later), "it began before the person's eyes");
    }

    #[test]
    fn what_only_the_database_knows_counts_by_when_it_was_made() {
        let made = |seconds| Past { archived: true, heard: at(seconds), ended: None, ..past() };
        assert_eq!([99, 100, 199, 200].map(|s| away(true).has(&made(s))), [false, true, true, false]);
        let no_end = Past { state: State::Unknown, outcome: None, ..made(150) };
        assert!(away(false).has(&no_end));
    }

    #[test]
    fn own_ones_are_counted_apart() {
        let mut news = News::default();
        let mine = Past { own: Some(Own::Scheduled), ..past() };
        for past in [
            mine.clone(),
            Past { outcome: Some(Outcome::Failed), ..mine.clone() },
            Past { outcome: None, state: State::Unknown, ..mine },
            Past { outcome: Some(Outcome::Cancelled), ..past() },
        ] {
            news.add(&past);
        }
        assert_eq!(news.own, Tally { ok: 1, failed: 1, cancelled: 0, unknown: 1 });
        assert_eq!(news.others, Tally { cancelled: 1, ..Tally::default() });
        assert_eq!(news.count(), 4);
    }
}
