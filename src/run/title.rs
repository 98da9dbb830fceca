//! When the window's title is written: where it has changed, and at most once a second, since whoever shows it (a window
//! manager, a multiplexer with a bar of its own) draws it anew each time.

use std::{io, time::Duration};

use crate::{clean::Clean, term::Terminal};

/// The shortest time between two titles.
const PAUSE: Duration = Duration::from_secs(1);

/// The title that is wanted, and the one that is shown.
#[derive(Debug, Default)]
pub(super) struct Title {
    wanted: Option<Clean>,
    shown: Option<Clean>,
    /// When the next one may be written.
    next: Duration,
}

impl Title {
    /// That is to be the title.
    pub fn set(&mut self, title: Clean) {
        self.wanted = Some(title);
    }

    /// Somebody else had the terminal: nothing is shown.
    pub fn forget(&mut self) {
        (self.shown, self.next) = (None, Duration::ZERO);
    }

    /// When it is to be written; `None`: it is shown.
    pub fn due(&self) -> Option<Duration> {
        (self.wanted != self.shown).then_some(self.next)
    }

    /// Writes it, if that is due.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn write(&mut self, terminal: &Terminal, now: Duration) -> io::Result<()> {
        let Some(title) = self.wanted.as_ref().filter(|_| self.due().is_some_and(|at| at <= now)) else {
            return Ok(());
        };
        terminal.set_title(title)?;
        self.next = now + PAUSE;
        self.shown.clone_from(&self.wanted);
        Ok(())
    }
}
