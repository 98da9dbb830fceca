//! Stacks that go round: a function that calls itself, or a few that call each other. Python folds only the same place
//! over and over; here each run of the same few places is found.

use std::{collections::HashMap, ops::Range};

use super::{Entry, Section};

/// Longest round that is looked for, in entries: the search takes this many steps an entry.
const LONGEST: usize = 24;

/// Rounds from which on it counts as going round.
const ROUNDS: usize = 3;

/// A part of a stack where the same places come again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Which of the section's entries: whole rounds only.
    pub range: Range<usize>,
    /// Entries in one round.
    pub period: usize,
}

impl Cycle {
    /// How many rounds.
    pub fn rounds(&self) -> usize {
        self.range.len() / self.period
    }
}

impl Section {
    /// Where the stack goes round at least three times, in order. The shortest round counts.
    pub fn cycles(&self) -> Vec<Cycle> {
        if self.entries.len() < ROUNDS {
            return Vec::new();
        }
        let mut known = HashMap::new();
        let places: Vec<usize> = (0..self.entries.len())
            .map(|at| match &self.entries[at] {
                Entry::Frame(frame) => *known.entry((&frame.file, frame.line, &frame.function)).or_insert(at),
                // What is no place is like nothing else.
                Entry::Repeated(_) | Entry::Odd(_) => at,
            })
            .collect();
        find(&places)
    }
}

/// Finds what goes round in `places`, period by period: what one period takes, a longer one cannot take.
fn find(places: &[usize]) -> Vec<Cycle> {
    let mut cycles = Vec::new();
    let mut open = Vec::new();
    open.push(0..places.len());
    for period in 1..=LONGEST {
        for range in std::mem::take(&mut open) {
            let mut from = range.start;
            let mut start = range.start;
            for i in range.start + period..=range.end {
                if i < range.end && places.get(i) == places.get(i - period) {
                    continue;
                }
                let rounds = (i - start) / period;
                if rounds >= ROUNDS {
                    let end = start + rounds * period;
                    cycles.push(Cycle { range: start..end, period });
                    if from < start {
                        open.push(from..start);
                    }
                    from = end;
                }
                start = (i + 1).saturating_sub(period).max(from);
            }
            if from < range.end {
                open.push(from..range.end);
            }
        }
    }
    cycles.sort_by_key(|cycle| cycle.range.start);
    cycles
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rounds(places: &[usize]) -> Vec<(Range<usize>, usize)> {
        find(places).into_iter().map(|c| (c.range, c.period)).collect()
    }

    #[test]
    fn rounds_are_found_with_what_stands_around_them() {
        let none: [(Range<usize>, usize); 0] = [];
        assert_eq!(rounds(&[]), none);
        assert_eq!(rounds(&[1, 2, 1, 2]), none, "twice is no cycle");
        assert_eq!(rounds(&[1, 2, 1, 2, 1, 2]), [(0..6, 2)]);
        assert_eq!(rounds(&[9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 8]), [(1..10, 3)]);
        assert_eq!(rounds(&[5, 5, 5, 5, 1, 2, 1, 2, 1, 2, 7, 7, 7]), [(0..4, 1), (4..10, 2), (10..13, 1)]);
        // A place twice in each round.
        assert_eq!(rounds(&[1, 1, 2, 1, 1, 2, 1, 1, 2]), [(0..9, 3)]);
    }

    proptest! {
        #[test]
        fn what_is_found_goes_round_and_nothing_twice(places in prop::collection::vec(0..4usize, 0..80)) {
            let mut last = 0;
            for (range, period) in rounds(&places) {
                prop_assert!(range.start >= last && range.len() >= ROUNDS * period && range.len() % period == 0);
                prop_assert!((range.start + period..range.end).all(|i| places[i] == places[i - period]));
                last = range.end;
            }
            // Three rounds of one place are never missed.
            for i in 2..places.len() {
                if places[i] == places[i - 1] && places[i] == places[i - 2] {
                    prop_assert!(rounds(&places).iter().any(|(range, _)| range.contains(&i)));
                }
            }
        }
    }
}
