//! A service's lanes, computed from the tasks: who holds the slot, who waits in which order, what runs in parallel,
//! what ended last.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    Store,
    group::Group,
    table::Row,
    task::{Lane, Own, State, Task},
};
use crate::{time::Now, wire::event::Stamp};

/// What is known of a service's slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Nothing was heard since this moment that could tell: not free, not taken.
    NotKnown {
        /// Since when (start of listening, or of the gap).
        since: Now,
    },
    /// A sequential task runs; see [`Lanes::holders`].
    Taken,
    /// Taken by something that we did not see begin: the scheduler's word (`overdue`) or the kernel's (`busy`).
    TakenUnseen {
        /// Since when we know.
        since: Now,
    },
    /// We saw its last holder end, and none began since.
    Free {
        /// Since when.
        since: Now,
    },
}

/// One waiting task, in the order in which it is expected to start.
#[derive(Clone, Debug)]
pub struct Wait<'a> {
    /// The task.
    pub task: &'a Task,
    /// Its place, from 1.
    pub place: usize,
    /// Another direct task started after this own one had become eligible: others go first.
    pub overtaken: bool,
}

/// A service's lanes at one moment.
#[derive(Clone, Debug)]
pub struct Lanes<'a> {
    /// The slot.
    pub slot: Slot,
    /// Sequential tasks that run now; two where a slot was given away under a running one.
    pub holders: Vec<&'a Task>,
    /// What waits for the slot: own direct tasks, then the scheduler's that are due, then those with a time ahead.
    pub waiting: Vec<Wait<'a>>,
    /// Tasks of others may wait as well (the slot is taken or not known): Juice does not tell.
    pub others_may_wait: bool,
    /// Parallel tasks that run now, oldest first; then own ones that were just sent.
    pub parallel: Vec<&'a Task>,
    /// Tasks whose end may have been missed, newest first.
    pub unknown: Vec<&'a Task>,
    /// Ended tasks and those put away, newest end first.
    pub ended: Vec<&'a Task>,
    /// The service's groups, the one that last began first. Their members stand in the lists above too, but for the
    /// ended ones, which only the group has ([`Store::members`]).
    pub groups: Vec<&'a Group>,
    /// Hidden tasks that were left out.
    pub hidden: usize,
    /// Why the scheduler's list is not in `waiting`, if it could not be read.
    pub schedule_unreadable: Option<&'a str>,
}

/// Ended and unknown tasks that [`Store::lanes`] gives, each.
pub const MOST_ENDED: usize = 200;

impl Store {
    /// Something runs or waits on a service.
    pub fn is_active(&self, service: &str) -> bool {
        self.station(service)
            .is_some_and(|station| !(station.running.is_empty() && station.waiting.is_empty()))
    }

    /// A service's lanes as they are now. `hidden`: hidden tasks too. Of ended and of unknown tasks at most the
    /// newest [`MOST_ENDED`].
    pub fn lanes(&self, service: &str, hidden: bool, now: Now) -> Lanes<'_> {
        let mut lanes = Lanes {
            slot: Slot::NotKnown { since: self.blind_since.unwrap_or(now) },
            holders: Vec::new(),
            waiting: Vec::new(),
            others_may_wait: true,
            parallel: Vec::new(),
            unknown: Vec::new(),
            ended: Vec::new(),
            groups: Vec::new(),
            hidden: 0,
            schedule_unreadable: self.schedule_unreadable(),
        };
        let Some(station) = self.station(service) else { return lanes };
        let mut left_out = if hidden { 0 } else { station.ended[1].len() };
        for group in station.groups.iter().rev().filter_map(|id| self.groups.get(id)) {
            if hidden || group.is_visible() {
                lanes.groups.push(group);
            } else {
                left_out += group.ended_count();
            }
        }
        let mut holds = false;
        for row in station.running.iter().filter_map(|id| self.row(*id)) {
            let task = &row.task;
            holds |= task.lane == Lane::Sequential;
            match task.lane {
                _ if task.kept_back() && !hidden => left_out += 1,
                Lane::Sequential => lanes.holders.push(task),
                Lane::Parallel => lanes.parallel.push(task),
            }
        }
        let mut waiting: Vec<&Row> = Vec::new();
        for row in station.waiting.iter().filter_map(|id| self.row(*id)) {
            match row.task.lane {
                _ if row.task.kept_back() && !hidden => left_out += 1,
                Lane::Sequential => waiting.push(row),
                // Just sent, and not heard of yet: it has no slot to wait for.
                Lane::Parallel => lanes.parallel.push(&row.task),
            }
        }
        waiting.sort_by_cached_key(|row| turn(row, self.by_lab(row.task.first_seen)));
        let direct = station.sense.direct.map(|(_, at)| at);
        lanes.waiting = waiting
            .into_iter()
            .zip(1..)
            .map(|(row, place)| Wait { task: &row.task, place, overtaken: overtaken(row, direct) })
            .collect();
        for task in station.unknown.iter().rev().filter_map(|id| self.row(*id)).map(|row| &row.task) {
            if task.kept_back() && !hidden {
                left_out += 1;
            } else if lanes.unknown.len() < MOST_ENDED {
                lanes.unknown.push(task);
            }
        }
        let mut ended = [station.ended[0].iter().rev().peekable(), station.ended[1].iter().rev().peekable()];
        while lanes.ended.len() < MOST_ENDED {
            let [visible, others] = &mut ended;
            let second = hidden && others.peek().map(|(at, _)| *at) > visible.peek().map(|(at, _)| *at);
            let Some((_, id)) = (if second { others.next() } else { visible.next() }) else { break };
            lanes.ended.extend(self.row(*id).map(|row| &row.task));
        }
        lanes.hidden = left_out;
        let sense = station.sense;
        lanes.slot = match (sense.overdue.or(sense.busy), sense.freed) {
            _ if holds => Slot::Taken,
            (Some(since), _) => Slot::TakenUnseen { since },
            (None, Some(since)) if self.bus_up => Slot::Free { since },
            (None, _) => Slot::NotKnown { since: sense.lost.or(self.blind_since).unwrap_or(now) },
        };
        // What others do on a service's own port is never seen.
        lanes.others_may_wait = station.service.alone || !matches!(lanes.slot, Slot::Free { .. });
        lanes
    }
}

/// The order in which waiting tasks are expected to start: the router's slot is given first come, first served, and
/// the scheduler takes it only when nobody waits there; then the earliest of `run_at` or else `submitted_at`
/// (`Scheduler.tick`). An own task that the scheduler has not taken yet stands behind those that it has.
fn turn(row: &Row, seen_by_lab: Now) -> (u8, DateTime<Utc>, Duration) {
    let task = &row.task;
    let at = |stamp: &Option<Stamp>| stamp.as_ref().and_then(|stamp| stamp.at);
    let order = task.first_seen.mono;
    match task.own {
        Some(Own::Direct | Own::Apart | Own::Alone) => (0, DateTime::UNIX_EPOCH, order),
        Some(Own::Scheduled) if task.scheduled_task_id.is_none() => (2, DateTime::UNIX_EPOCH, order),
        _ => {
            let ahead = task.state == State::Scheduled && task.run_at.is_some();
            let moment = at(&task.run_at).or_else(|| at(&task.submitted_at)).unwrap_or(seen_by_lab.utc);
            (if ahead { 3 } else { 1 }, moment, order)
        }
    }
}

/// Another direct task began after the scheduler could have started this own one.
fn overtaken(row: &Row, direct: Option<Now>) -> bool {
    row.task.own == Some(Own::Scheduled)
        && row.task.state == State::Waiting
        && row.eligible.zip(direct).is_some_and(|(eligible, direct)| direct.mono > eligible.mono)
}
