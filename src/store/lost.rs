//! Own tasks that went to the scheduler and whose acknowledgement was lost with the link: the scheduler may have taken
//! them or not.
//!
//! What is certain: the metadata that a task was given has the id of its frame, and the bus tells it once the task starts.
//! What is likely, before that: the scheduler's list has exactly one entry like it, which was not there when it was sent.
//! It refuses to choose between two, and takes a likely one back when the bus says that it is another's.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{
    Store,
    bus::{fill, is_over},
    table::{Row, RowId},
    task::{LookedFor, Own, Reason, State, Task},
};
use crate::{
    time::Now,
    wire::{Text, event::TaskEvent, frame::submitted_as},
};

/// What was known when an own task went to the scheduler.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// Not before this.
    pub run_at: Option<DateTime<Utc>>,
    /// All of the scheduler's tasks were known: what is found later was submitted later.
    pub all_known: bool,
    /// The newest of them.
    pub newest: Option<DateTime<Utc>>,
}

impl Store {
    /// An event that tells as which frame its task was submitted: if that was ours, it is ours.
    pub(super) fn know_again(&mut self, event: &TaskEvent, now: Now) {
        let ours = event.metadata.contains("submitted_as").then(|| submitted_as(&event.metadata)).flatten();
        let known = self.ids.get(&event.task_id).copied();
        if let Some(id) = known {
            let likely = self.row(id).and_then(|row| row.likely.as_ref()).map(|own| own.key.0.clone());
            match likely {
                Some(own) if ours.as_ref() == Some(&own) => self.is_certain(id),
                Some(own) => self.is_anothers(id, &own),
                None => {}
            }
        }
        let Some(ours) = ours.and_then(|id| self.ids.get(&id).copied()) else { return };
        let fits = |row: &Row| {
            let task = &row.task;
            task.own == Some(Own::Scheduled)
                && task.service == event.target
                && task.task_id.as_ref().is_none_or(|id| *id == event.task_id)
                && !is_over(row)
        };
        if known == Some(ours) || !self.row(ours).is_some_and(fits) {
            return;
        }
        self.goes_on(ours);
        match known.filter(|id| self.row(*id).is_some_and(|row| row.task.own.is_none())) {
            Some(other) => {
                self.merge(other, ours);
                self.is_certain(other);
            }
            None => {
                self.name(ours, &event.task_id);
                self.edit(ours, |row| {
                    row.task.last_heard = now;
                    fill(&mut row.task.task_id, || Some(event.task_id.clone()))
                });
            }
        }
    }

    /// The scheduler has it after all: it stands where it stood before its acknowledgement was lost.
    fn goes_on(&mut self, id: RowId) {
        self.unacknowledged.remove(&id);
        self.edit(id, |row| {
            let task = &mut row.task;
            let lost = task.state == State::Unknown && task.reason == Some(Reason::LinkLost);
            if lost {
                task.state = State::Scheduled;
                (task.reason, task.ended) = (None, None);
            }
            lost | task.looked_for.take().is_some()
        });
    }

    fn is_certain(&mut self, id: RowId) {
        self.edit(id, |row| {
            row.likely = None;
            row.task.looked_for.take().is_some()
        });
    }

    /// What was taken for ours is another's: ours is in doubt as before.
    fn is_anothers(&mut self, id: RowId, own: &Text) {
        let Some(mut saved) = self.rows.get_mut(&id).and_then(|row| row.likely.take()) else { return };
        if let Some(row) = self.rows.get_mut(&id) {
            row.ids.retain(|known| known != own);
        }
        self.ids.remove(own);
        self.edit(id, |row| {
            row.task.own = None;
            row.task.looked_for = None;
            row.task.hidden = false;
            (row.task.payload, row.task.metadata, row.cell) = (None, None, false);
            true
        });
        saved.looked_for = Some(LookedFor::NotThere);
        let again = self.add(own, Row::new(*saved));
        self.unacknowledged.insert(again);
    }

    /// Looks in a whole list for own tasks whose acknowledgement was lost.
    pub(super) fn look_for_lost(&mut self, listed: &HashSet<Text>, now: Now) {
        if self.unacknowledged.is_empty() {
            return;
        }
        let entries: Vec<RowId> = listed.iter().filter_map(|id| self.ids.get(id).copied()).collect();
        let lost: Vec<RowId> = self
            .unacknowledged
            .iter()
            .copied()
            .filter(|id| self.row(*id).is_some_and(|row| row.task.reason == Some(Reason::LinkLost)))
            .collect();
        let alike: Vec<(RowId, Vec<RowId>)> = lost
            .into_iter()
            .map(|own| (own, entries.iter().copied().filter(|entry| self.may_be(own, *entry)).collect()))
            .collect();
        for (own, found) in &alike {
            let rivals = |entry| alike.iter().filter(|(_, found)| found.contains(entry)).count();
            match found.as_slice() {
                [] => self.looked_for(*own, LookedFor::NotThere),
                [entry] if rivals(entry) == 1 && self.is_surely_younger(*own, *entry) => {
                    self.take_for_own(*own, *entry, now);
                }
                _ => self.looked_for(*own, LookedFor::Alike),
            }
        }
    }

    fn looked_for(&mut self, id: RowId, what: LookedFor) {
        self.edit(id, |row| row.task.looked_for.replace(what) != Some(what));
    }

    /// Whether an entry of the scheduler's may be that own task.
    fn may_be(&self, own: RowId, entry: RowId) -> bool {
        let (Some(own), Some(entry)) = (self.row(own), self.row(entry)) else { return false };
        let (mine, other) = (&own.task, &entry.task);
        let run_at = own.sent.and_then(|sent| sent.run_at);
        // Its metadata, where it was heard, says whose it is.
        let told = other.metadata.is_some() || !other.first_seen_after(mine);
        other.own.is_none()
            && !told
            && other.service == mine.service
            && other.task_type == mine.task_type
            && other.name == mine.name
            && other.run_at.as_ref().and_then(|stamp| stamp.at) == run_at
    }

    /// Whether an entry was surely submitted after that own task had been sent.
    fn is_surely_younger(&self, own: RowId, entry: RowId) -> bool {
        let sent = self.row(own).and_then(|row| row.sent);
        let submitted =
            self.row(entry).and_then(|row| row.task.submitted_at.as_ref()).and_then(|stamp| stamp.at);
        sent.is_some_and(|sent| sent.all_known && sent.newest.is_none_or(|newest| submitted > Some(newest)))
    }

    fn take_for_own(&mut self, own: RowId, entry: RowId, now: Now) {
        let saved = self.row(own).map(|row| Box::new(row.task.clone()));
        self.goes_on(own);
        self.merge(entry, own);
        self.edit(entry, |row| {
            row.likely = saved;
            row.task.looked_for = Some(LookedFor::Likely);
            row.task.last_heard = now;
            true
        });
    }
}

impl Task {
    /// Whether it was first heard of after the other one was sent.
    fn first_seen_after(&self, own: &Task) -> bool {
        self.first_seen.mono >= own.first_seen.mono
    }
}
