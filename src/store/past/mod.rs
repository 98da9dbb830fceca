//! A task of the past as a line of the history tells it: what a list shows, sorts and filters by, without its texts.
//!
//! Times are absolute here: they were measured by programs that are gone. It refuses to know how a history is kept.

pub mod away;
pub mod query;

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::task::{Lane, Outcome, Own, Reason, Seen, State, Task, TaskKey};
use crate::{
    time::Now,
    wire::{Text, event::Stamp, frame::ErrorBody},
};

/// How much of an exception's message a line keeps, in bytes.
const MESSAGE: usize = 300;

/// An absolute moment, and whether it was seen (false: it was already so when we first heard).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: DateTime<Utc>,
    /// It was seen.
    pub exact: bool,
}

impl Moment {
    fn of(seen: Seen) -> Moment {
        Moment { at: seen.at.utc, exact: seen.exact }
    }
}

/// A task of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Its key.
    pub key: TaskKey,
    /// The service.
    pub service: Text,
    /// The type on the wire.
    pub task_type: Text,
    /// The display name.
    pub name: Text,
    /// Its lane.
    pub lane: Lane,
    /// Where it was in its life when that was written.
    pub state: State,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// More about that, or why nobody knows.
    pub reason: Option<Reason>,
    /// The id of its events.
    pub task_id: Option<Text>,
    /// The scheduler's id.
    pub scheduled_task_id: Option<Text>,
    /// It was sent by a juicetop of this person.
    pub own: Option<Own>,
    /// Dashboards hide it.
    pub hidden: bool,
    /// When it was first heard of.
    pub heard: DateTime<Utc>,
    /// When it began to run.
    pub started: Option<Moment>,
    /// When it ended or became unknown.
    pub ended: Option<Moment>,
    /// How long it ran, and whether that is exact (false: at least).
    pub took: Option<(Duration, bool)>,
    /// The class of the exception that made it fail.
    pub ename: Option<Text>,
    /// The beginning of its message.
    pub evalue: Option<Text>,
    /// All that is known of it is from Juice's database.
    pub archived: bool,
    /// Scheduled: it cannot have ended before, by the lab's clock.
    pub not_before: Option<DateTime<Utc>>,
}

impl Past {
    /// What a line tells of a task that is known now.
    pub fn of(task: &Task) -> Past {
        let error = task.failure();
        let over = matches!(task.state, State::Ended | State::Unknown);
        Past {
            key: task.key.clone(),
            service: task.service.clone(),
            task_type: task.task_type.clone(),
            name: task.name.clone(),
            lane: task.lane,
            state: task.state,
            outcome: task.outcome,
            reason: task.reason.clone(),
            task_id: task.task_id.clone(),
            scheduled_task_id: task.scheduled_task_id.clone(),
            own: task.own,
            hidden: task.hidden,
            heard: task.first_seen.utc,
            started: task.started.map(Moment::of),
            ended: task.ended.filter(|_| over).map(Moment::of),
            took: task.duration(task.last_heard).filter(|_| over),
            ename: error.and_then(|e| e.ename.clone()),
            evalue: error.and_then(|e| e.evalue.as_ref()).map(beginning),
            archived: task.archived,
            not_before: not_before(task.outcome, [&task.submitted_at, &task.run_at]),
        }
    }

    /// The moment by which a history is ordered: its start, else when it was first heard of.
    pub fn at(&self) -> DateTime<Utc> {
        self.started.map_or(self.heard, |moment| moment.at)
    }

    /// What stands before [`Past::at`]: a blank where its beginning was seen, `<` where it ran already then, `~` where
    /// only that is known.
    pub fn mark(&self) -> char {
        match self.started {
            Some(Moment { exact: true, .. }) => ' ',
            Some(_) => '<',
            None => '~',
        }
    }

    /// The task as a row that can be read: without payload and reply. Its times are right among each other and on the
    /// wall clock; the monotonic side begins with its start, for the clock of then is gone.
    pub fn task(&self) -> Task {
        let moment = |at: DateTime<Utc>, mono: Duration| Now { mono, utc: at };
        let took = self.took.map_or(Duration::ZERO, |(took, _)| took);
        let seen = |m: Moment, mono| Seen { at: moment(m.at, mono), exact: m.exact };
        // That nobody knows any more how it stands is no word of it.
        let told = self.ended.filter(|moment| moment.exact || self.state == State::Ended);
        let last = told.or(self.started).map_or(self.heard, |m| m.at);
        let error = (self.ename.is_some() || self.evalue.is_some()).then(|| ErrorBody {
            ename: self.ename.clone(),
            evalue: self.evalue.clone(),
            traceback: None,
        });
        Task {
            key: self.key.clone(),
            service: self.service.clone(),
            task_type: self.task_type.clone(),
            name: self.name.clone(),
            group: None,
            lane: self.lane,
            state: self.state,
            outcome: self.outcome,
            reason: self.reason.clone(),
            task_id: self.task_id.clone(),
            scheduled_task_id: self.scheduled_task_id.clone(),
            own: self.own,
            hidden: self.hidden,
            payload: None,
            metadata: None,
            reply: None,
            error,
            let_go: false,
            archived: self.archived,
            time: None,
            run_at: None,
            submitted_at: None,
            cancel_wished: false,
            looked_for: None,
            first_seen: moment(self.heard, Duration::ZERO),
            waiting_since: None,
            started: self.started.map(|m| seen(m, Duration::ZERO)),
            ended: self.ended.map(|m| seen(m, took)),
            last_heard: moment(last, took),
        }
    }
}

/// Before when a task with that outcome cannot have ended: from when it was submitted, and to start at. What was cancelled did not wait for
/// its time.
pub fn not_before(outcome: Option<Outcome>, stamps: [&Option<Stamp>; 2]) -> Option<DateTime<Utc>> {
    let [submitted, run_at] = stamps.map(|stamp| stamp.as_ref().and_then(|stamp| stamp.at));
    submitted.max(run_at.filter(|_| outcome != Some(Outcome::Cancelled)))
}

fn beginning(text: &Text) -> Text {
    match text.char_indices().map(|(at, _)| at).take_while(|&at| at <= MESSAGE).last() {
        Some(at) if text.len() > MESSAGE => Text::from(format!("{}…", &text[..at])),
        _ => text.clone(),
    }
}
