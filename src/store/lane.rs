//! A service's lanes, computed from the tasks: who holds the slot, who waits in which order, what runs in parallel,
//! what ended last.
//!
//! What waits stands in order at all times (`Queues`), so that a frame costs no more where sixty thousand tasks wait: it
//! takes the first of them, and leaves the others where they are.

use std::{
    collections::{BTreeSet, HashSet},
    iter,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Store,
    group::Group,
    station::Station,
    table::{Row, RowId},
    task::{Lane, Own, State, Task, TaskKey},
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
    /// This Juice keeps none: sequential tasks are sent on as they come.
    NotKept,
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
    /// What waits for the slot: own direct tasks, then the scheduler's that are due, then those with a time ahead. Of very
    /// many the first, and of each group that waits behind them its first.
    pub waiting: Vec<Wait<'a>>,
    /// How many wait for the slot, those that are not in `waiting` too.
    pub waits: usize,
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
/// Waiting tasks that [`Store::lanes`] gives.
pub const MOST_WAITING: usize = 2_000;

/// When a waiting task's turn comes, as far as it can be told from the task alone. Turns are compared by the groups that
/// go one after another, then by the moment, then by when the task was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    group: u8,
    /// `None`: nobody told; then it counts when it was first seen, by the lab's clock, which may still be set.
    moment: Option<DateTime<Utc>>,
    order: Duration,
}

/// What waits on a service for its slot, in order; and own parallel tasks that were just sent, which have no slot to
/// wait for.
#[derive(Clone, Debug, Default)]
pub(super) struct Queues {
    /// Those with a moment, and those without: each in its order whatever the lab's clock shows.
    told: BTreeSet<(Turn, RowId)>,
    untold: BTreeSet<(Turn, RowId)>,
    sent: BTreeSet<RowId>,
}

impl Queues {
    /// Puts a task in that waits; `turn`: for the slot.
    pub fn add(&mut self, id: RowId, turn: Option<Turn>) {
        match turn {
            Some(turn) => _ = self.of(turn).insert((turn, id)),
            None => _ = self.sent.insert(id),
        }
    }

    /// Takes it out again.
    pub fn remove(&mut self, id: RowId, turn: Option<Turn>) {
        match turn {
            Some(turn) => _ = self.of(turn).remove(&(turn, id)),
            None => _ = self.sent.remove(&id),
        }
    }

    fn of(&mut self, turn: Turn) -> &mut BTreeSet<(Turn, RowId)> {
        if turn.moment.is_some() { &mut self.told } else { &mut self.untold }
    }

    /// How many wait for the slot.
    fn waits(&self) -> usize {
        self.told.len() + self.untold.len()
    }

    fn len(&self) -> usize {
        self.waits() + self.sent.len()
    }
}

impl Store {
    /// Something runs or waits on a service.
    pub fn is_active(&self, service: &str) -> bool {
        self.station(service)
            .is_some_and(|station| !(station.running.is_empty() && station.waiting.is_empty()))
    }

    /// A service's lanes as they are now. `hidden`: hidden tasks too. Of ended and of unknown tasks at most the
    /// newest [`MOST_ENDED`], of those that wait for the slot the first [`MOST_WAITING`].
    pub fn lanes(&self, service: &str, hidden: bool, now: Now) -> Lanes<'_> {
        self.lanes_with(service, hidden, MOST_WAITING, now)
    }

    /// The same with all that waits, however many that are.
    pub fn whole_lanes(&self, service: &str, hidden: bool, now: Now) -> Lanes<'_> {
        self.lanes_with(service, hidden, usize::MAX, now)
    }

    fn lanes_with(&self, service: &str, hidden: bool, most: usize, now: Now) -> Lanes<'_> {
        let mut lanes = Lanes {
            slot: Slot::NotKnown { since: self.blind_since.unwrap_or(now) },
            holders: Vec::new(),
            waiting: Vec::new(),
            waits: 0,
            others_may_wait: true,
            parallel: Vec::new(),
            unknown: Vec::new(),
            ended: Vec::new(),
            groups: Vec::new(),
            hidden: 0,
            // Where there is none, nothing of it is missing here.
            schedule_unreadable: self.schedule_unreadable().filter(|_| self.slots),
        };
        let Some(station) = self.station(service) else { return lanes };
        let mut left_out = if hidden { 0 } else { station.ended[1].len() + station.queues[1].len() };
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
        let shown = shown_queues(station, hidden);
        // Just sent, and not heard of yet: they have no slot to wait for.
        let sent = shown.iter().flat_map(|queues| &queues.sent).filter_map(|id| self.row(*id));
        lanes.parallel.extend(sent.map(|row| &row.task));
        lanes.waits = shown.iter().map(Queues::waits).sum();
        lanes.waiting = self.first_waits(station, hidden, most, now);
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
            _ if !self.slots => Slot::NotKept,
            _ if holds => Slot::Taken,
            (Some(since), _) => Slot::TakenUnseen { since },
            (None, Some(since)) if self.bus_up => Slot::Free { since },
            (None, _) => Slot::NotKnown { since: sense.lost.or(self.blind_since).unwrap_or(now) },
        };
        // What others do on a service's own port is never seen.
        lanes.others_may_wait =
            station.service.alone || !matches!(lanes.slot, Slot::Free { .. } | Slot::NotKept);
        lanes
    }

    /// A task that waits for a service's slot, with its place, also behind those that [`Store::lanes`] gives.
    pub fn wait(&self, key: &TaskKey, hidden: bool, now: Now) -> Option<Wait<'_>> {
        let id = *self.keys.get(&key.0)?;
        let row = self.row(id)?;
        let station = self.station(&row.task.service).filter(|_| turn(&row.task).is_some())?;
        let place = self.queue(station, hidden, now).position(|waits| waits == id)? + 1;
        let direct = station.sense.direct.map(|(_, at)| at);
        Some(wait(row, place, direct))
    }

    /// The first that wait for a service's slot, in order, and the first of each group behind them.
    fn first_waits<'a>(&'a self, station: &'a Station, hidden: bool, most: usize, now: Now) -> Vec<Wait<'a>> {
        let direct = station.sense.direct.map(|(_, at)| at);
        let rows = self.queue(station, hidden, now).filter_map(|id| self.row(id));
        let mut waits = rows.zip(1..).map(|(row, place)| (row, wait(row, place, direct)));
        let (mut first, mut groups) = (Vec::new(), HashSet::new());
        for (row, wait) in waits.by_ref().take(most) {
            first.push(wait);
            groups.extend(row.group);
        }
        let waiting =
            station.groups.iter().filter(|id| self.groups.get(id).is_some_and(Group::waits)).count();
        while groups.len() < waiting
            && let Some((row, wait)) = waits.next()
        {
            if row.group.is_some_and(|group| groups.insert(group)) {
                first.push(wait);
            }
        }
        first
    }

    /// What waits for a service's slot, in order. What nobody told the moment of goes between the others by when it was
    /// first seen.
    fn queue<'a>(&'a self, station: &'a Station, hidden: bool, now: Now) -> impl Iterator<Item = RowId> + 'a {
        let seen = move |mono: Duration| {
            let earlier = TimeDelta::from_std(now.mono.saturating_sub(mono)).unwrap_or_default();
            self.by_lab(Now { mono, utc: now.utc - earlier }).utc
        };
        let each = |queues: &'a Queues| [queues.told.iter().peekable(), queues.untold.iter().peekable()];
        let mut heads: Vec<_> = shown_queues(station, hidden).iter().flat_map(each).collect();
        iter::from_fn(move || {
            let next = heads.iter_mut().filter_map(|head| {
                let (turn, id) = head.peek()?;
                Some(((turn.group, turn.moment.unwrap_or_else(|| seen(turn.order)), turn.order, *id), head))
            });
            let (_, head) = next.min_by_key(|(turn, _)| *turn)?;
            head.next().map(|(_, id)| *id)
        })
    }
}

/// Those of a service that are to be seen.
fn shown_queues(station: &Station, hidden: bool) -> &[Queues] {
    &station.queues[..=usize::from(hidden)]
}

/// The order in which waiting tasks are expected to start: the router's slot is given first come, first served, and
/// the scheduler takes it only when nobody waits there; then the earliest of `run_at` or else `submitted_at`
/// (`Scheduler.tick`). An own task that the scheduler has not taken yet stands behind those that it has. `None`: it waits
/// for no slot.
pub(super) fn turn(task: &Task) -> Option<Turn> {
    let waits = matches!(task.state, State::Waiting | State::Scheduled) && task.lane == Lane::Sequential;
    let at = |stamp: &Option<Stamp>| stamp.as_ref().and_then(|stamp| stamp.at);
    let (group, moment) = match task.own {
        Some(Own::Direct | Own::Apart | Own::Alone) => (0, Some(DateTime::UNIX_EPOCH)),
        Some(Own::Scheduled) if task.scheduled_task_id.is_none() => (2, Some(DateTime::UNIX_EPOCH)),
        _ => {
            let ahead = task.state == State::Scheduled && task.run_at.is_some();
            (if ahead { 3 } else { 1 }, at(&task.run_at).or_else(|| at(&task.submitted_at)))
        }
    };
    waits.then_some(Turn { group, moment, order: task.first_seen.mono })
}

/// A task at its place in the queue.
fn wait(row: &Row, place: usize, direct: Option<Now>) -> Wait<'_> {
    Wait { task: &row.task, place, overtaken: overtaken(row, direct) }
}

/// Another direct task began after the scheduler could have started this own one.
fn overtaken(row: &Row, direct: Option<Now>) -> bool {
    row.task.own == Some(Own::Scheduled)
        && row.task.state == State::Waiting
        && row.eligible.zip(direct).is_some_and(|(eligible, direct)| direct.mono > eligible.mono)
}
