//! What a group will cost, told before it is sent: its time, from earlier runs and the scheduler's one task a second,
//! and its results, which the scheduler keeps until it is restarted and hands out with every look at its list.

use std::time::Duration;

use super::document::bytes;
use crate::{
    store::{
        Store, Usual,
        outlook::{PACE, turn},
    },
    wire::Text,
};

/// Above this the scheduler's list can be read by nobody any more, until the task manager is restarted; bytes.
pub const LIST: usize = 50 * 1024 * 1024;

/// Above this each look at the scheduler's list stalls the lab's router for a second and more; bytes.
const HEAVY: usize = 16 * 1024 * 1024;

/// What is to be expected of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// How many tasks.
    pub count: usize,
    /// How long all will take; `None`: no earlier runs are known.
    pub time: Option<Duration>,
    /// From how many earlier runs that is; 0 without a time.
    pub runs: usize,
    /// How large all results will be, bytes; `None`: no result of the type was seen.
    pub size: Option<usize>,
    /// What the scheduler keeps already, as far as is known, bytes.
    pub kept: usize,
}

impl Forecast {
    /// Of `count` tasks of one type on one service. `class` counts for cells only.
    pub fn new(store: &Store, service: &str, task_type: &Text, class: &Text, count: usize) -> Forecast {
        let usual = store.usual_of_type(service, task_type, class);
        let size = store.usual_size(service, task_type, class);
        Forecast::of(usual, size, count, store.scheduler_bytes())
    }

    fn of(usual: Option<Usual>, size: Option<usize>, count: usize, kept: usize) -> Forecast {
        let n = u32::try_from(count).unwrap_or(u32::MAX);
        Forecast {
            count,
            time: usual.map(|usual| turn(usual.median).saturating_mul(n)),
            runs: usual.map_or(0, |usual| usual.runs),
            size: size.map(|one| one.saturating_mul(count)),
            kept,
        }
    }

    /// The least time: the scheduler's one task a second.
    pub fn least(&self) -> Duration {
        PACE.saturating_mul(u32::try_from(self.count).unwrap_or(u32::MAX))
    }

    /// Why it may not go through the scheduler, if so.
    pub fn stop(&self) -> Option<String> {
        let size = self.size.filter(|size| self.kept.saturating_add(*size) > LIST)?;
        Some(format!(
            "its results ({}) and those kept already ({}) would pass the 50 MiB that the scheduler's list can bear: \
             nobody could read it any more",
            bytes(size),
            bytes(self.kept)
        ))
    }

    /// What its results mean for the lab, if they are worth a word.
    pub fn warning(&self) -> Option<String> {
        let size = self.size?;
        let all = self.kept.saturating_add(size);
        (all > HEAVY).then(|| {
            format!(
                "with {} of results every look at the scheduler's list will stall the lab's router for about {} s",
                bytes(all),
                // Measured: 3.3 s for 32 MB.
                (all / 10_000_000).max(1)
            )
        })
    }

    /// Time and size in one line, as far as they are known.
    pub fn line(&self) -> String {
        let time = self.time_line();
        match (self.time, self.size) {
            (_, Some(size)) => format!("{time}, results about {}", bytes(size)),
            (Some(_), None) => format!("{time}, results of unknown size"),
            (None, None) => format!("{time}, results of unknown size (no earlier runs)"),
        }
    }

    /// The time alone.
    pub fn time_line(&self) -> String {
        match self.time {
            Some(time) => format!("about {} (from {} runs)", span(time), self.runs),
            None => format!("at least {}", span(self.least())),
        }
    }
}

/// `45 s`, `12:30`, `1:02:03`, `3 d 4 h`.
fn span(time: Duration) -> String {
    let s = time.as_secs();
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{}:{:02}", s / 60, s % 60),
        3600..86_400 => format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
        _ => format!("{} d {} h", s / 86_400, s / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::usual::Basis;

    fn forecast(seconds: f64, size: usize, count: usize, kept: usize) -> Forecast {
        let median = Duration::from_secs_f64(seconds);
        let usual = Usual { basis: Basis::Type, runs: 9, low: median, median, high: median };
        Forecast::of(Some(usual), Some(size), count, kept)
    }

    #[test]
    fn the_scheduler_starts_one_a_second_at_most() {
        assert_eq!(forecast(0.02, 100, 500, 0).time, Some(Duration::from_secs(500)));
        assert_eq!(forecast(1.2, 100, 500, 0).time, Some(Duration::from_secs(1000)));
        assert_eq!(forecast(0.02, 100, 500, 0).line(), "about 8:20 (from 9 runs), results about 50.0 kB");
        let unknown = Forecast::of(None, None, 45, 0);
        assert_eq!(unknown.line(), "at least 45 s, results of unknown size (no earlier runs)");
        assert_eq!((unknown.stop(), unknown.warning()), (None, None));
    }

    #[test]
    fn what_the_list_cannot_bear_is_not_sent() {
        let fits = forecast(1.0, 100_000, 500, 0);
        assert_eq!(fits.stop(), None);
        assert!(fits.warning().unwrap().contains("50.0 MB"));
        assert!(forecast(1.0, 100_000, 500, 3_000_000).stop().unwrap().contains("3.0 MB"));
        assert!(forecast(1.0, 110_000, 500, 0).stop().is_some());
        assert_eq!(forecast(1.0, 10_000, 500, 0).warning(), None);
    }
}
