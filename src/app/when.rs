//! When a task is to start: one line in words, read as one types.

use chrono::{DateTime, FixedOffset, Local};

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

    /// What it means at this moment, in this machine's time zone.
    ///
    /// # Errors
    /// One sentence where it cannot be read.
    pub fn reading(&self, now: Now) -> Result<Reading, String> {
        read(self.line.text(), now)
    }

    /// Where the clocks make it unclear: the other of the two moments.
    pub fn turn(&mut self, now: Now) {
        let (bare, side) = when::split_side(self.line.text());
        if matches!(read(bare, now), Ok(Reading::Unclear { .. })) {
            let side = if side == Some(Side::Earlier) { Side::Later } else { Side::Earlier };
            self.line = LineEdit::new(&when::with_side(bare, side));
        }
    }
}

fn read(text: &str, now: Now) -> Result<Reading, String> {
    when::read(text, &now.utc.with_timezone(&Local))
}
