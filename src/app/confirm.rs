//! Questions before a deed that cannot be taken back.
//!
//! The focus is always on *no*: Enter and Esc say no. A deed is bound to ids, never to a row. Where hardware moves,
//! *yes* is a key of its own that a paste, Enter or a held key cannot give. Each *yes* counts only once nothing has
//! followed it for a moment: where a terminal does not mark its pastes, the `Y` of a pasted `Yes` is one.

use std::time::Duration;

use crate::{
    store::{GroupKey, TaskKey},
    time::Now,
    wire::{Text, frame::TaskFrame},
};

use super::session::{Batch, Way};

/// What is done on *yes*.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Send this task this way.
    Send(Box<TaskFrame>, Way),
    /// Cancel this scheduled task.
    Cancel(TaskKey),
    /// Cancel these scheduled tasks.
    CancelAll(Vec<TaskKey>),
    /// Cancel this scheduled task and send another in its place.
    Replace {
        /// Which task.
        key: TaskKey,
        /// The one in its place.
        frame: Box<TaskFrame>,
        /// Which way that goes.
        way: Way,
    },
    /// Read the scheduler's list again.
    ReadList,
    /// Cancel this scheduled task and send it direct.
    SendDirect(TaskKey),
    /// Ask this service's kernel for its task types.
    AskKernel(Text),
    /// Run the lab's Python here, for the composed task with this id.
    RunPython(Text),
    /// Send these tasks as a group.
    SendGroup(Box<Batch>),
    /// Send no more of this group, and cancel these of its tasks.
    CancelGroup(GroupKey, Vec<TaskKey>),
    /// End the program.
    Quit,
    /// Stop the program, as Ctrl-Z does.
    Suspend,
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// The question itself.
    pub title: String,
    /// What it means, line by line.
    pub lines: Vec<String>,
    /// What *yes* is called.
    pub yes: String,
    /// What *no* is called.
    pub no: String,
    /// What is done on *yes*.
    pub deed: Deed,
    /// Hardware moves: only the sure key says yes.
    pub hardware: bool,
    /// When it was asked.
    pub asked: Now,
    /// When the last key was pressed that did nothing here.
    pub last_key: Option<Now>,
    /// When the sure key was last pressed and not believed.
    pub refused: Option<Now>,
}

/// A key this soon after the question or after another key is a held key, a paste without marks or a slip.
const TOO_SOON: Duration = Duration::from_millis(400);
/// A sure key this soon after any other one is one of a burst.
const BURST: Duration = Duration::from_millis(80);
/// A sure key this soon after one that was not believed may be the same one, held: keyboards wait up to two thirds of
/// a second before they repeat.
const HELD: Duration = Duration::from_millis(800);

/// What follows *yes* sooner than this belongs to it: both came from a paste or a burst of keys. People take longer, and
/// nobody notices the wait.
pub const SILENCE: Duration = Duration::from_millis(50);
/// A key this soon after another one was dealt with had been waiting behind it: nobody types like that.
pub const AT_ONCE: Duration = Duration::from_micros(500);

impl Confirm {
    /// Whether it was asked so short a time ago that a key pressed now may be a held one.
    pub fn is_fresh(&self, now: Now) -> bool {
        now.since(self.asked) < TOO_SOON
    }

    /// Whether the sure key, pressed now, was meant.
    pub fn is_meant(&self, now: Now) -> bool {
        !self.is_fresh(now)
            && self.last_key.is_none_or(|k| now.since(k) >= BURST)
            && self.refused.is_none_or(|k| now.since(k) >= HELD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_key_counts_only_alone_and_not_at_once() {
        let mut c = Confirm {
            title: String::new(),
            lines: Vec::new(),
            yes: String::new(),
            no: String::new(),
            deed: Deed::Quit,
            hardware: true,
            asked: Now::at(10.0),
            last_key: None,
            refused: None,
        };
        assert!(!c.is_meant(Now::at(10.1)), "held from before");
        assert!(c.is_meant(Now::at(11.0)));
        c.last_key = Some(Now::at(10.99));
        assert!(!c.is_meant(Now::at(11.0)), "one of a burst");
        assert!(c.is_meant(Now::at(11.2)));
        c.refused = Some(Now::at(11.2));
        assert!(!c.is_meant(Now::at(11.9)), "the first repetition of a held key");
        assert!(c.is_meant(Now::at(12.0)));
    }
}
