//! One task: a row. What is known of it, and how.

use std::{fmt, sync::Arc, time::Duration};

use super::group::Member;
use crate::{
    time::Now,
    wire::{
        Text,
        event::Stamp,
        frame::{ErrorBody, Reply},
        group::Mark,
    },
};

/// What a row is called for its whole life, in `--json` (`id`), selection and confirmations alike: the
/// `scheduled_task_id` of a scheduled task, else the task's id; a second run under a used id gets `#2` behind it.
///
/// It changes in two cases only, and then the old one still finds the row (`Store::task`): an own task that the
/// scheduler takes goes on under the scheduler's id, and of two rows that turn out to be one task the scheduled one
/// stays. A task that was first shown under its task id keeps that, also when it turns out to be a scheduled one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskKey(pub Text);

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which lane a task belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Holds or waits for the service's slot. A scheduled task always does, also one whose own flag says parallel.
    Sequential,
    /// Goes straight through.
    Parallel,
}

impl Lane {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Lane::Sequential => "sequential",
            Lane::Parallel => "parallel",
        }
    }
}

/// Where a task is in its life. Never goes back; only from `Unknown`, which is no end, a fresh sign leads on: its
/// reply, its first `started`, or the scheduler's word that it runs or waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The scheduler keeps it until its time.
    Scheduled,
    /// It waits for its slot (or, own and just sent, for the first sign).
    Waiting,
    /// It runs; `starting` tells the time between `created` and `started`.
    Running {
        /// Created, not yet sent to its service.
        starting: bool,
    },
    /// It ended; see [`Task::outcome`].
    Ended,
    /// It may have ended: the reason says why nobody knows.
    Unknown,
}

impl State {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            State::Scheduled => "scheduled",
            State::Waiting => "waiting",
            State::Running { .. } => "running",
            State::Ended => "ended",
            State::Unknown => "unknown",
        }
    }
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its reply says so.
    Ok,
    /// Its reply says so, inside or outside.
    Failed,
    /// It never started: a scheduled task that was cancelled, or an own direct one that was withdrawn.
    Cancelled,
}

impl Outcome {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
        }
    }
}

/// More about an outcome, or why a task is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// `KeyboardInterrupt`, `CancelledError` or `SystemExit` in an IPython task.
    Interrupted,
    /// The own connection closed before the reply.
    LinkLost,
    /// The bus was not heard for a while in which the task may have ended.
    NotSeen,
    /// It was created and its service never took it.
    NeverStarted,
    /// Its service was restarted or cannot be reached.
    ServiceGone,
    /// The kernel went idle (or another sign) without the end being seen.
    EndMissed,
    /// The scheduler no longer knows it: the task manager was restarted.
    Forgotten,
    /// The reply has no status that we know.
    OddReply,
    /// It was never sent; the text says why.
    NotSent(String),
    /// Put away by hand: shown among the ended, counted nowhere.
    PutAway,
    /// Known from Juice's database alone, which has no end of it.
    NoEnd,
}

impl Reason {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Reason::Interrupted => "interrupted",
            Reason::LinkLost => "link-lost",
            Reason::NotSeen => "not-seen",
            Reason::NeverStarted => "never-started",
            Reason::ServiceGone => "service-gone",
            Reason::EndMissed => "end-missed",
            Reason::Forgotten => "forgotten",
            Reason::OddReply => "odd-reply",
            Reason::NotSent(_) => "not-sent",
            Reason::PutAway => "put-away",
            Reason::NoEnd => "no-end",
        }
    }
}

/// How an own task was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Own {
    /// On our connection to the router; needs it to its end.
    Direct,
    /// On a connection to the router that nothing else uses; needs it to its end, and is withdrawn by closing it.
    Apart,
    /// Through the scheduler.
    Scheduled,
    /// On our connection to the service's own port, past the router.
    Alone,
}

impl Own {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Own::Direct | Own::Apart => "direct",
            Own::Scheduled => "scheduled",
            Own::Alone => "alone",
        }
    }
}

/// What the scheduler's list said of an own task whose acknowledgement was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookedFor {
    /// Nothing like it: the scheduler probably never got it.
    NotThere,
    /// Something like it, and it cannot be told whether it is this one.
    Alike,
    /// The only one like it, which could hardly be another's. What is heard once it starts makes it certain.
    Likely,
}

/// A moment that we saw, or only know to lie before one that we saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When we saw it, or the earliest sign of it.
    pub at: Now,
    /// False: it was already so when we first heard; durations from here are *at least*.
    pub exact: bool,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name for life.
    pub key: TaskKey,
    /// The service.
    pub service: Text,
    /// The type on the wire; empty if never heard.
    pub task_type: Text,
    /// The display name as its client made it.
    pub name: Text,
    /// The group that it was sent in, if its name tells of one.
    pub group: Option<Arc<Member>>,
    /// Its lane.
    pub lane: Lane,
    /// Where it is in its life.
    pub state: State,
    /// Set exactly when `state` is `Ended`.
    pub outcome: Option<Outcome>,
    /// More about `outcome`, or why it is unknown.
    pub reason: Option<Reason>,
    /// The id of its `TaskEvent`s.
    pub task_id: Option<Text>,
    /// The scheduler's id.
    pub scheduled_task_id: Option<Text>,
    /// Set for tasks that this program sent.
    pub own: Option<Own>,
    /// `show_in_dashboard` is false.
    pub hidden: bool,
    /// Its fields, raw JSON; `None`: not seen (joined late).
    pub payload: Option<Text>,
    /// Its metadata, raw JSON as it came.
    pub metadata: Option<Text>,
    /// Its reply frame, once it came.
    pub reply: Option<Reply>,
    /// An error that stands in no outer reply: the scheduler could not dispatch it; the inner error of a task that is
    /// no `IPythonTask`, where it counts; or name and beginning of the message of a reply that was let go.
    pub error: Option<ErrorBody>,
    /// Payload or reply were let go to stay within the limits.
    pub let_go: bool,
    /// All that is known of it is from Juice's database: nobody here has seen it.
    pub archived: bool,
    /// `time` of its events: when the router made its first event.
    pub time: Option<Stamp>,
    /// Scheduled: not before this.
    pub run_at: Option<Stamp>,
    /// Scheduled: when it was submitted.
    pub submitted_at: Option<Stamp>,
    /// A cancellation was asked for or seen while it ran on.
    pub cancel_wished: bool,
    /// Own, and its acknowledgement was lost: what the scheduler's list then said.
    pub looked_for: Option<LookedFor>,
    /// When we first heard of it.
    pub first_seen: Now,
    /// When it began to wait (own: sent).
    pub waiting_since: Option<Seen>,
    /// When it began to run (`started`, else `created`).
    pub started: Option<Seen>,
    /// When it ended or became unknown.
    pub ended: Option<Seen>,
    /// When anything about it was last heard.
    pub last_heard: Now,
}

impl Task {
    /// Its reply comes on a connection of ours, which tells of its end, and of its own loss: no doubt is needed.
    pub fn is_answered_here(&self) -> bool {
        matches!(self.own, Some(Own::Direct | Own::Apart | Own::Alone))
    }

    /// True for tasks of the wire type `IPythonTask`, whose inner result counts.
    pub fn is_ipython(&self) -> bool {
        &*self.task_type == "IPythonTask"
    }

    /// How long it has run (running: until `now`), and whether that is exact (false: at least). Where only later was learned
    /// that it had ended, nobody knows.
    pub fn duration(&self, now: Now) -> Option<(Duration, bool)> {
        let start = self.started?;
        let end = match self.state {
            State::Running { .. } => Seen { at: now, exact: true },
            State::Ended => self.ended.filter(|end| end.exact)?,
            _ => self.ended?,
        };
        Some((end.at.since(start.at), start.exact && end.exact))
    }

    /// One of the questions that juicetops ask the task manager: no work of anybody's.
    pub fn is_question(&self) -> bool {
        self.hidden && &*self.service == super::TASK_MANAGER
    }

    /// Whether it is left out where hidden tasks are: whoever has sent one wants to see what becomes of it.
    pub fn kept_back(&self) -> bool {
        self.hidden && self.own.is_none()
    }

    /// Its name without the mark of its group.
    pub fn own_name(&self) -> &str {
        match &self.group {
            Some(_) => Mark::read(&self.name).map_or(&*self.name, |(name, _)| name),
            None => &self.name,
        }
    }

    /// The error that made it fail.
    pub fn failure(&self) -> Option<&ErrorBody> {
        self.reply.as_ref().and_then(|r| r.error(self.is_ipython())).or(self.error.as_ref())
    }
}
