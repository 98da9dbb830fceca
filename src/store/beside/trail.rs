//! What a sensor read over time: slices, so many at most.
//!
//! It keeps no reading for itself: of a slice only the first, the lowest, the highest and the last. It takes numbers that are
//! finite; what else is read has no course.

use std::{collections::VecDeque, time::Duration};

/// What a sensor read in a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// At its beginning.
    pub first: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
    /// At its end.
    pub last: f64,
}

impl Course {
    fn of(value: f64) -> Course {
        Course { first: value, min: value, max: value, last: value }
    }

    /// This one, and then that one.
    fn then(self, later: Course) -> Course {
        Course {
            first: self.first,
            min: self.min.min(later.min),
            max: self.max.max(later.max),
            last: later.last,
        }
    }
}

/// Readings in slices of time: of each the first, the lowest, the highest and the last.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    slices: VecDeque<(Duration, Course)>,
    /// How long a slice is.
    length: Duration,
    most: usize,
    /// Where there are too many, two become one. Else the oldest goes.
    joins: bool,
}

/// How long the shortest slice is.
const SLICE: Duration = Duration::from_secs(10);
/// Slices of the last minutes, which a trend shows.
pub const RECENT: usize = 60;
/// Slices of the whole time.
const WHOLE: usize = 120;

impl Trail {
    /// Ten minutes in slices of ten seconds.
    pub(super) fn recent() -> Trail {
        Trail::new(RECENT, false)
    }

    /// All of it, in slices that become longer.
    pub(super) fn whole() -> Trail {
        Trail::new(WHOLE, true)
    }

    fn new(most: usize, joins: bool) -> Trail {
        Trail { slices: VecDeque::new(), length: SLICE, most, joins }
    }

    /// Takes in what was read at that moment.
    pub(super) fn add(&mut self, value: f64, at: Duration) {
        let begin = self.begin_of(at);
        match self.slices.back_mut() {
            Some((last, course)) if *last >= begin => *course = course.then(Course::of(value)),
            _ => self.slices.push_back((begin, Course::of(value))),
        }
        if self.slices.len() <= self.most {
            return;
        }
        if !self.joins {
            self.slices.pop_front();
            return;
        }
        while self.slices.len() > self.most {
            self.length = self.length.saturating_mul(2);
            let before = std::mem::take(&mut self.slices);
            for (at, course) in before {
                let begin = self.begin_of(at);
                match self.slices.back_mut() {
                    Some((last, joined)) if *last == begin => *joined = joined.then(course),
                    _ => self.slices.push_back((begin, course)),
                }
            }
        }
    }

    /// When the slice of that moment begins.
    fn begin_of(&self, at: Duration) -> Duration {
        let length = self.length.as_secs().max(1);
        Duration::from_secs(at.as_secs() / length * length)
    }

    /// Whether it goes back to that moment.
    pub(super) fn reaches(&self, at: Duration) -> bool {
        self.slices.front().is_some_and(|(begin, _)| *begin <= at)
    }

    /// The last number of each of the last slices, the newest at the end; `None` where nothing was read.
    pub(super) fn lately(&self, slices: usize, now: Duration) -> Vec<Option<f64>> {
        let end = self.begin_of(now).as_secs();
        let step = self.length.as_secs().max(1);
        let mut out = vec![None; slices];
        for (begin, course) in &self.slices {
            let back = usize::try_from(end.saturating_sub(begin.as_secs()) / step).unwrap_or(usize::MAX);
            if let Some(place) = slices.checked_sub(back.saturating_add(1)).and_then(|at| out.get_mut(at)) {
                *place = Some(course.last);
            }
        }
        out
    }

    /// What it takes, bytes.
    pub(super) fn bytes(&self) -> usize {
        self.slices.len() * size_of::<(Duration, Course)>()
    }

    /// From one moment to another, beginning with what was read last before.
    pub(super) fn within(&self, from: Duration, until: Duration) -> Option<Course> {
        let over = |begin: Duration| begin.saturating_add(self.length) <= from;
        let before = self.slices.iter().rev().find(|(begin, _)| over(*begin));
        let before = before.map(|(_, course)| Course::of(course.last));
        let inside = self.slices.iter().filter(|(begin, _)| *begin <= until && !over(*begin));
        before.into_iter().chain(inside.map(|(_, course)| *course)).reduce(Course::then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_much_is_read_and_however_long_the_slices_are_few_and_lose_no_extreme() {
        for mut trail in [Trail::recent(), Trail::whole()] {
            let (most, joins) = (trail.most, trail.joins);
            // Each second, then with pauses that double until no clock goes further, then back to the beginning.
            let early = (0..10_000).map(|n| (n, n as f64));
            let late = (14..64).map(|power| (1_u64 << power, -(power as f64)));
            let back = (0..1_000).map(|n| (n, 0.5));
            for (at, value) in early.chain(late).chain(back) {
                trail.add(value, Duration::from_secs(at));
                assert!(trail.slices.len() <= most, "{at}");
            }
            assert!(trail.bytes() <= most * 64, "{}", trail.bytes());
            let all = trail.within(Duration::ZERO, Duration::MAX).unwrap();
            assert_eq!((all.min, all.last), (-63.0, 0.5));
            assert_eq!((all.first, all.max), if joins { (0.0, 9_999.0) } else { (all.first, all.max) });
            assert_eq!(trail.lately(3, Duration::MAX).len(), 3);
        }
    }
}
