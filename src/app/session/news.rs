//! What the session has to tell.

use super::Way;
use crate::{
    app::{called, session::CancelTally},
    clean::exact,
    store::{GroupKey, Task, TaskKey},
    wire::Text,
};

/// What a task that may be lost with its connection is called.
pub(super) fn at_risk(task: &Task) -> String {
    format!("{} on {}", called(&task.name), exact(&task.service))
}

/// What the session has to tell the person (or the command line).
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The scheduler took an own task: from now on its key is this.
    Accepted {
        /// The id of the task's own frame.
        id: Text,
        /// Its key.
        key: TaskKey,
    },
    /// An own task could not be sent or was refused by the scheduler, and why.
    NotSent {
        /// The id of the task's own frame.
        id: Text,
        /// One sentence.
        why: String,
    },
    /// The connection was lost under own direct tasks.
    LinkLost {
        /// `name on service`, for people.
        names: Vec<String>,
    },
    /// The scheduler answered a cancellation.
    Cancelled {
        /// Which task.
        key: TaskKey,
        /// What it means: done, or why not.
        done: Cancelled,
    },
    /// A scheduled task was cancelled, never having started, and another was sent in its place.
    Replaced {
        /// The scheduled task that was cancelled.
        key: TaskKey,
        /// The id of the new one's own frame.
        id: Text,
        /// Which way the new one went.
        way: Way,
    },
    /// A scheduled task was to be replaced, and nothing was sent in its place.
    NotReplaced {
        /// Which task.
        key: TaskKey,
        /// Which way the new one was to go.
        way: Way,
        /// What came of the cancellation.
        done: Cancelled,
        /// It was cancelled, and the new one could not be sent: why.
        why: Option<String>,
    },
    /// The scheduler has started a task although it had said that it was cancelled and never started, and another was
    /// sent in its place. (It does so where the cancellation came while it waited for a slot that it had counted as
    /// free.)
    RanAfterAll {
        /// The task that was cancelled.
        key: TaskKey,
        /// The id of the one in its place, which the scheduler was asked to cancel if it still waits.
        id: Text,
    },
    /// A group has gone out.
    GroupSent {
        /// The group.
        key: GroupKey,
        /// Its name.
        name: Text,
        /// Members that the scheduler has.
        accepted: usize,
        /// Members that it may have: the link was lost before its answer. They are not sent again.
        doubtful: usize,
    },
    /// The rest of a group stays here until the person lets it go on.
    GroupStopped {
        /// The group.
        key: GroupKey,
        /// Its name.
        name: Text,
        /// Members that were not sent.
        left: usize,
        /// One phrase.
        why: String,
    },
    /// What came of cancelling many tasks.
    ManyCancelled {
        /// What they are together.
        name: String,
        /// The counts.
        tally: CancelTally,
    },
}

/// What came of a cancellation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It will not start.
    Done,
    /// It had started: it runs on.
    RunsOn,
    /// It had ended already, or the scheduler does not know it.
    TooLate,
    /// The scheduler did not do it; why.
    Failed(String),
    /// It was sent, and the link was lost before the answer: it may have been done or not.
    Unknown,
}
