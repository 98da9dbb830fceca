//! From when to when nothing was seen of the lab: what happened then shows only in what it left behind.
//!
//! A gap begins with the last moment from which all is known, and ends when the bus speaks again: that it is up says
//! nothing yet (see `wanted`). It refuses to guess what happened in between.

use std::{collections::VecDeque, time::Duration};

use crate::{
    time::Now,
    wire::link::{LinkState, ProblemKind},
};

/// So many are known by themselves; of older ones only that they were.
const MOST: usize = 100;

/// A time in which nothing was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last moment before it.
    pub from: Now,
    /// When something was heard again; `None`: it lasts.
    pub until: Option<Now>,
}

impl Gap {
    /// How long it was, or is up to now.
    pub fn length(&self, now: Now) -> Duration {
        self.until.unwrap_or(now).since(self.from)
    }
}

/// All of a run.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    known: VecDeque<Gap>,
    /// Those that are not among the known any more.
    older: usize,
}

impl Gaps {
    /// Those that are known, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Gap> {
        self.known.iter()
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.known.len() + self.older
    }

    /// The newest, if nothing has been heard since.
    pub fn open(&self) -> Option<&Gap> {
        self.known.back().filter(|gap| gap.until.is_none())
    }

    /// Those that reach into the time from `begin` to `end`. `wall`: only the wall clock of the two is known, which may
    /// have been set since; a task of the history is from another run, or was let go in this one.
    pub fn within(&self, begin: Now, end: Now, wall: bool) -> impl Iterator<Item = &Gap> {
        let before = move |one: Now, two: Now| if wall { one.utc < two.utc } else { one.mono < two.mono };
        let ends = move |gap: &Gap| gap.until.is_none_or(|until| before(begin, until));
        self.known.iter().filter(move |gap| before(gap.from, end) && ends(gap))
    }

    /// The bus is lost. `heard`: when it last brought something; `beats`: it has a heartbeat, so that this is close to
    /// the moment up to which it brought everything, whatever kept the loss from being noticed.
    pub(super) fn begins(&mut self, state: &LinkState, heard: Option<Now>, beats: bool, now: Now) {
        if self.open().is_some() {
            return;
        }
        let silent = match state {
            LinkState::Waiting { problem, .. } | LinkState::Stopped { problem } => {
                problem.kind == ProblemKind::Silent
            }
            LinkState::Connecting { .. } | LinkState::Live => false,
        };
        // Who closes a connection has sent all that there was before.
        let from = heard.filter(|_| silent || beats).unwrap_or(now);
        self.known.push_back(Gap { from, until: None });
        if self.known.len() > MOST {
            self.known.pop_front();
            self.older += 1;
        }
    }

    /// The bus speaks.
    pub(super) fn ends(&mut self, now: Now) {
        if let Some(gap) = self.known.back_mut().filter(|gap| gap.until.is_none()) {
            gap.until = Some(now);
            // Both ends by the clock as it is now: it may have been set in between.
            gap.from.utc = now.utc - now.since(gap.from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::link::Problem;

    fn lost(kind: ProblemKind) -> LinkState {
        let problem = Problem { kind, what: String::new(), remedy: String::new() };
        LinkState::Waiting { attempt: 1, until: Duration::ZERO, problem }
    }

    #[test]
    fn a_gap_begins_where_the_last_was_heard_unless_the_connection_was_closed_properly() {
        let begin = |kind, heard: Option<f64>, beats| {
            let mut gaps = Gaps::default();
            gaps.begins(&lost(kind), heard.map(Now::at), beats, Now::at(100.0));
            gaps.open().map(|gap| gap.from.mono.as_secs())
        };
        assert_eq!(begin(ProblemKind::Closed, Some(20.0), false), Some(100), "a quiet lab is no gap");
        assert_eq!(begin(ProblemKind::Closed, Some(98.0), true), Some(98), "perhaps the program stood still");
        assert_eq!(begin(ProblemKind::Silent, Some(60.0), false), Some(60));
        assert_eq!(begin(ProblemKind::Silent, None, false), Some(100), "nothing was ever heard");
    }

    #[test]
    fn it_lasts_until_something_is_heard_and_tries_that_fail_make_no_new_one() {
        let mut gaps = Gaps::default();
        gaps.ends(Now::at(1.0));
        assert_eq!(gaps.count(), 0, "there was none");
        gaps.begins(&lost(ProblemKind::Closed), None, false, Now::at(10.0));
        gaps.begins(&lost(ProblemKind::Unreachable), None, false, Now::at(20.0));
        gaps.ends(Now::at(30.0));
        gaps.ends(Now::at(35.0));
        assert!(gaps.open().is_none() && gaps.count() == 1);
        assert_eq!(gaps.iter().next().map(|gap| gap.length(Now::at(99.0))), Some(Duration::from_secs(20)));
        gaps.begins(&lost(ProblemKind::Closed), None, false, Now::at(50.0));
        assert_eq!(gaps.open().map(|gap| gap.length(Now::at(55.0))), Some(Duration::from_secs(5)));
        let within = |a: f64, b: f64| gaps.within(Now::at(a), Now::at(b), false).count();
        assert_eq!(
            [within(0.0, 10.0), within(0.0, 11.0), within(30.0, 50.0), within(29.0, 51.0)],
            [0, 1, 0, 2]
        );
        assert_eq!(within(60.0, 70.0), 1, "the open one lasts");
        // Our clock was put back by an hour at 40 s.
        let back = Now { utc: Now::at(45.0).utc - Duration::from_secs(3600), ..Now::at(45.0) };
        assert_eq!(gaps.within(Now::at(5.0), back, false).count(), 1);
    }

    #[test]
    fn their_number_is_bounded_and_still_told() {
        let mut gaps = Gaps::default();
        for n in 0..250 {
            gaps.begins(&lost(ProblemKind::Closed), None, false, Now::at(f64::from(n)));
            gaps.ends(Now::at(f64::from(n) + 0.5));
        }
        assert_eq!((gaps.iter().count(), gaps.count()), (MOST, 250));
    }
}
