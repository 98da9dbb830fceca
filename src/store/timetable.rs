//! What the scheduler keeps for a service, in the order in which it will take it.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::{
    Store,
    lane::Slot,
    task::{Own, State, Task},
};
use crate::time::Now;

/// A service's part of the schedule at one moment.
#[derive(Clone, Debug)]
pub struct Timetable<'a> {
    /// The slot.
    pub slot: Slot,
    /// Sequential tasks that hold it, scheduled or not.
    pub holders: Vec<&'a Task>,
    /// Own direct tasks that wait for the slot: they go before everything that is scheduled.
    pub direct: usize,
    /// The scheduled tasks that wait, in the order in which the scheduler will take them; last, own ones that it has
    /// not taken yet.
    pub waiting: Vec<&'a Task>,
    /// Scheduled tasks that ended or whose end was not seen, the newest first, of those that are kept.
    pub ended: Vec<&'a Task>,
}

impl Store {
    /// A service's part of the schedule, hidden tasks included.
    pub fn timetable(&self, service: &str, now: Now) -> Timetable<'_> {
        let lanes = self.whole_lanes(service, true, now);
        let mut direct = 0;
        let mut waiting = Vec::new();
        for wait in lanes.waiting {
            if is_scheduled(wait.task) {
                waiting.push(wait.task);
            } else {
                direct += 1;
            }
        }
        // Of a group's members the lanes list only those that are still open.
        let members = lanes.groups.iter().flat_map(|group| self.members(group));
        let mut over = lanes.ended;
        over.extend(members.filter(|task| task.state == State::Ended));
        over.sort_by_key(|task| Reverse(task.ended.as_ref().map(|seen| seen.at.mono)));
        let ended = lanes.unknown.into_iter().chain(over).filter(|task| is_scheduled(task)).collect();
        Timetable { slot: lanes.slot, holders: lanes.holders, direct, waiting, ended }
    }
}

/// The scheduler keeps it, or is about to.
pub fn is_scheduled(task: &Task) -> bool {
    task.scheduled_task_id.is_some() || task.own == Some(Own::Scheduled)
}

/// The moment by which the scheduler orders a task: `run_at`, else `submitted_at`. `None`: not known (yet).
pub fn moment(task: &Task) -> Option<DateTime<Utc>> {
    task.scheduled_task_id.as_ref()?;
    let stamp = task.run_at.as_ref().or(task.submitted_at.as_ref())?;
    stamp.at
}
