//! What time it is, as a value that is passed in: a monotonic part for durations and a wall-clock part for showing.
//!
//! Nothing in the pure modules reads a clock. The edges own a [`Clock`] and hand out [`Now`]; tests make `Now`
//! by hand. Durations are always differences of [`Now::mono`], so a stepped wall clock never makes one negative. It goes
//! on while the machine sleeps: what ran then took that time as well.

pub mod when;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rustix::time::{ClockId, clock_gettime};

/// One moment, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since the program's clock was started; never goes back.
    pub mono: Duration,
    /// The wall clock, for showing and for comparing with absolute times from the lab.
    pub utc: DateTime<Utc>,
}

impl Now {
    /// How long ago `earlier` was, on the monotonic clock; zero if it lies ahead.
    pub fn since(self, earlier: Now) -> Duration {
        self.mono.saturating_sub(earlier.mono)
    }

    /// A moment for tests: `seconds` after a fixed start (2026-11-24 21:00 UTC).
    pub fn at(seconds: f64) -> Now {
        let mono = Duration::from_secs_f64(seconds);
        let start = DateTime::<Utc>::from_timestamp(1_795_554_000, 0).unwrap_or_default();
        Now { mono, utc: start + mono }
    }
}

/// The program's one clock. Copies agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Duration,
}

impl Clock {
    /// Starts a clock: `mono` is zero now.
    pub fn start() -> Clock {
        Clock { start: since_boot() }
    }

    /// This moment.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn now(self) -> Now {
        Now { mono: since_boot().saturating_sub(self.start), utc: Utc::now() }
    }

    /// The monotonic moment `mono` of this clock as an [`Instant`], for timers. Those stand still while the machine
    /// sleeps, so a timer that was set before is late by that.
    #[allow(clippy::disallowed_methods, reason = "timers count from here")]
    pub fn instant(self, mono: Duration) -> Instant {
        Instant::now() + mono.saturating_sub(self.now().mono)
    }
}

/// The time since the machine was started, with that in which it slept. (`Instant` leaves that out.)
fn since_boot() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const SINCE_BOOT: ClockId = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const SINCE_BOOT: ClockId = ClockId::Monotonic;
    let time = clock_gettime(SINCE_BOOT);
    let [seconds, nanos] = [time.tv_sec, time.tv_nsec].map(|part| u64::try_from(part).unwrap_or(0));
    Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}
