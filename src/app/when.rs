//! When a task is to start: one line in words, read as one types. It is by the lab's clock that the scheduler starts
//! tasks, so what is typed is read by that: `in 3h` is so long from now whatever ours shows.

use chrono::{DateTime, FixedOffset, Local, TimeDelta};

use super::line::LineEdit;
use crate::time::{
    Now,
    when::{self, Reading, Side},
};

/// The line.
#[derive(Debug)]
pub struct When {
    /// What is typed.
    pub line: LineEdit,
}

impl When {
    /// Opens with the moment that is set; empty means now.
    pub fn new(at: Option<DateTime<FixedOffset>>) -> When {
        let text = at.map(|at| at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z").to_string());
        When { line: LineEdit::new(&text.unwrap_or_default()) }
    }

    /// What it means at this moment of the lab's clock, in this machine's time zone.
    ///
    /// # Errors
    /// One sentence where it cannot be read.
    pub fn reading(&self, by_lab: Now) -> Result<Reading, String> {
        read(self.line.text(), by_lab)
    }

    /// Where the clocks make it unclear: the other of the two moments.
    pub fn turn(&mut self, by_lab: Now) {
        let (bare, side) = when::split_side(self.line.text());
        if matches!(read(bare, by_lab), Ok(Reading::Unclear { .. })) {
            let side = if side == Some(Side::Earlier) { Side::Later } else { Side::Earlier };
            self.line = LineEdit::new(&when::with_side(bare, side));
        }
    }
}

fn read(text: &str, by_lab: Now) -> Result<Reading, String> {
    when::read(text, &by_lab.utc.with_timezone(&Local))
}

/// How far the lab's clock is from ours: `2 h 3 min ahead of this one`.
pub fn clock_off(off: TimeDelta) -> String {
    let minutes = off.num_minutes().unsigned_abs();
    let length = match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours @ ..48, 0) => format!("{hours} h"),
        (hours @ ..48, minutes) => format!("{hours} h {minutes} min"),
        (hours, _) => format!("{} days", hours / 24),
    };
    format!("{length} {} this one", if off > TimeDelta::zero() { "ahead of" } else { "behind" })
}
