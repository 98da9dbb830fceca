//! Questions before a deed that cannot be taken back.
//!
//! The focus is always on *no*: Enter and Esc say no. A deed is bound to ids, never to a row. Where hardware moves,
//! *yes* is a key of its own that a paste, Enter or a held key cannot give. Each *yes* counts only once nothing has
//! followed it for a moment: where a terminal does not mark its pastes, the `Y` of a pasted `Yes` is one.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::{
    clean::{Charset, Clean},
    store::{GroupKey, TaskKey},
    time::Now,
    wire::{Text, control, frame::TaskFrame},
};

use super::{
    action::{Action, Context},
    keymap::Keymap,
    layout::Window,
    session::{Batch, Way},
};

/// What is done on *yes*.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Send this task this way.
    Send(Box<TaskFrame>, Way),
    /// Take this own direct task back, which waits for its slot.
    Withdraw(TaskKey),
    /// The same with each of these, and send them anew through the scheduler; then do this.
    HandOver(Vec<TaskKey>, Afterwards),
    /// The same, once it was asked whether hardware is to move.
    HandOverSurely(Vec<TaskKey>, Afterwards),
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
    /// Ask its service's kernel for the traceback of this task.
    AskTraceback(TaskKey),
    /// Run the lab's Python here, for the composed task with this id.
    RunPython(Text),
    /// Send these tasks as a group; or only these of them, by their numbers from 0: the others went out before.
    SendGroup(Box<Batch>, Option<Vec<usize>>),
    /// Send no more of this group, and cancel these of its tasks.
    CancelGroup(GroupKey, Vec<TaskKey>),
    /// Save a payload to a new file of that name.
    SavePayload(String, Text),
    /// Let a task of this service's try out what a rebuild of it would bring.
    TryRebuild(Text),
    /// Do that to this service, on which these tasks were seen to run.
    Control(Text, control::Deed, Vec<TaskKey>),
    /// End the program.
    Quit,
    /// Stop the program, as Ctrl-Z does.
    Suspend,
}

/// What is done once all is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// The program ends.
    Leave,
    /// It stops, as Ctrl-Z does.
    Stop,
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
    /// A third answer between the two: what it is called, and what is done on it.
    pub instead: Option<(String, Deed)>,
    /// Hardware moves, or what somebody's task has come to is lost: only the sure key says yes.
    pub sure: bool,
    /// The first of its lines that is seen, where it is longer than its place.
    pub top: usize,
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

/// A question in its place.
#[derive(Debug)]
pub struct Fit {
    /// The question, row by row; empty where it stands among the lines, as the place is too low for more.
    pub title: Vec<Clean>,
    /// All lines, row by row.
    pub lines: Vec<Clean>,
    /// Those that are seen.
    pub window: Window,
    /// The answers stand one below the other.
    pub stacked: bool,
    /// There is room for a rule above it.
    pub ruled: bool,
    /// A row parts lines and answers; it tells what is out of sight.
    pub parted: bool,
}

impl Confirm {
    /// A question; `answers`: what *yes* and what *no* are called.
    pub fn new(
        title: impl Into<String>,
        lines: Vec<String>,
        answers: (impl Into<String>, impl Into<String>),
        deed: Deed,
        now: Now,
    ) -> Confirm {
        let (yes, no) = (answers.0.into(), answers.1.into());
        Confirm {
            title: title.into(),
            lines,
            yes,
            no,
            deed,
            instead: None,
            sure: false,
            top: 0,
            asked: now,
            last_key: None,
            refused: None,
        }
    }

    /// The same, with or without need of the sure key.
    #[must_use]
    pub fn surely(self, sure: bool) -> Confirm {
        Confirm { sure, ..self }
    }

    /// *No*, *yes* and a third answer, each by its key and what it is called.
    pub fn answers(&self, keymap: &Keymap) -> Vec<(String, &str)> {
        let answer = |action, name| (keymap.first(Context::Confirm, action).unwrap_or_default(), name);
        let mut answers = vec![answer(Action::No, self.no.as_str())];
        answers.extend(self.instead.as_ref().map(|(name, _)| answer(Action::Instead, name.as_str())));
        answers.push(answer(if self.sure { Action::Sure } else { Action::Yes }, &self.yes));
        answers
    }

    /// How it stands in this place. Rules and blank rows give way to its lines, and what still has no room is scrolled
    /// to; the answers are always seen.
    pub fn fit(&self, keymap: &Keymap, area: Rect, charset: Charset) -> Fit {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let columns = width.saturating_sub(4).max(1);
        let mut title = Clean::line(&self.title, charset).wrap(columns);
        let mut lines: Vec<Clean> =
            self.lines.iter().flat_map(|line| Clean::line(line, charset).wrap(columns)).collect();
        let answers = self.answers(keymap);
        let columns_of = |text: &str| Clean::line(text, charset).width();
        // Each with a blank behind its key and three before the next one; the first one has a blank at either end.
        let needed: usize =
            answers.iter().map(|(key, name)| columns_of(key) + 1 + columns_of(name) + 3).sum();
        let stacked = needed > width;
        let room = height.saturating_sub(if stacked { answers.len() } else { 1 });
        let all = title.len() + lines.len();
        if all <= room {
            let window = Window::new(lines.len(), lines.len(), 0);
            return Fit { title, lines, window, stacked, ruled: all + 1 < room, parted: all < room };
        }
        let parted = room > 2;
        let free = room - usize::from(parted);
        if title.len() >= free {
            lines.splice(0..0, std::mem::take(&mut title));
        }
        let window = Window::new(lines.len(), free - title.len(), self.top);
        Fit { title, lines, window, stacked, ruled: false, parted }
    }

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
        let mut c = Confirm::new("", Vec::new(), ("", ""), Deed::Quit, Now::at(10.0)).surely(true);
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
