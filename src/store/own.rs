//! What we send ourselves: shown at once as waiting, ended by its reply, in doubt when its connection is lost.

use chrono::{DateTime, Utc};

use super::{
    Store,
    bus::{blank, fill, is_over},
    lost::Sent,
    table::{Row, RowId},
    task::{Lane, Outcome, Own, Reason, Seen, State, Task},
};
use crate::{
    time::Now,
    wire::{
        Text,
        frame::{Reply, TaskFrame},
        json,
    },
};

impl Store {
    pub(super) fn on_submitted(&mut self, frame: TaskFrame, own: Own, now: Now) {
        if self.visit_own(&frame.target).is_none() {
            return;
        }
        if own == Own::Alone
            && let Some(station) = self.station_mut(&frame.target)
        {
            station.service.alone = true;
        }
        let lane = match own {
            Own::Scheduled => Lane::Sequential,
            Own::Direct | Own::Apart | Own::Alone if frame.parallel => Lane::Parallel,
            Own::Direct | Own::Apart | Own::Alone => Lane::Sequential,
        };
        let mut task = blank(&frame.target, lane, State::Waiting, now);
        task.task_type = frame.task_type.clone();
        task.name = frame.display_name.clone();
        // The scheduler gives the task another id when it starts it.
        task.task_id = (own != Own::Scheduled).then(|| frame.id.clone());
        task.own = Some(own);
        task.hidden = !frame.show_in_dashboard;
        task.metadata = Some(Text::from(format!(
            r#"{{"parallel": {}, "display_name": {}, "show_in_dashboard": {}}}"#,
            frame.parallel,
            json::quote(&frame.display_name),
            frame.show_in_dashboard,
        )));
        task.waiting_since = Some(Seen { at: now, exact: true });
        let mut row = Row::new(task);
        row.fill_payload(&frame.payload);
        self.add(&frame.id, row);
    }

    /// The own row of a frame's id.
    fn own_row(&self, id: &str) -> Option<RowId> {
        let row = *self.ids.get(id)?;
        self.row(row).filter(|row| row.task.own.is_some()).map(|_| row)
    }

    pub(super) fn on_alone_started(&mut self, id: &Text, now: Now) {
        let Some(row) = self.own_row(id) else { return };
        let change = self.edit(row, |row| {
            let begins = row.task.state == State::Waiting;
            if begins {
                row.task.state = State::Running { starting: false };
                row.task.started = Some(Seen { at: now, exact: true });
                row.task.last_heard = now;
            }
            begins
        });
        let Some(task) = change.and_then(|_| self.row(row)).map(|row| row.task.clone()) else { return };
        self.note_type(&task.service, &task, task.lane == Lane::Parallel, now);
    }

    /// The own sequential task that may now be sent on that service's own port: the first that waits, if none runs
    /// there and none may still run (a lost link leaves its task running at the service; put away, it no longer
    /// holds the others back). Nobody else keeps that slot.
    pub fn next_alone(&self, service: &str) -> Option<&Task> {
        let station = self.station(service)?;
        let mine = |id: &RowId| {
            self.row(*id)
                .map(|row| &row.task)
                .filter(|task| task.own == Some(Own::Alone) && task.lane == Lane::Sequential)
        };
        if station.running.iter().chain(&station.unknown).any(|id| mine(id).is_some()) {
            return None;
        }
        station.waiting.iter().find_map(mine)
    }

    pub(super) fn on_not_sent(&mut self, id: &str, why: String, now: Now) {
        let Some(id) = self.own_row(id) else { return };
        self.edit(id, |row| {
            // What was seen to start was sent, whatever the sender believes.
            let waits = matches!(row.task.state, State::Waiting | State::Scheduled)
                && row.task.scheduled_task_id.is_none();
            // On a service's own port we say ourselves that it runs, before it is written.
            let alone = row.task.own == Some(Own::Alone) && matches!(row.task.state, State::Running { .. });
            (waits || alone) && row.finish(Outcome::Failed, Some(Reason::NotSent(why)), now, true)
        });
    }

    pub(super) fn on_connection_lost(&mut self, id: &str, now: Now) {
        let Some(id) = self.own_row(id) else { return };
        self.edit(id, |row| row.lose(Reason::LinkLost, now));
        self.slot_lost(id, now);
    }

    /// Its connection is closed, and all that was told of it before has been heard.
    pub(super) fn on_withdrawn(&mut self, id: &str, now: Now) {
        let Some(row) = self.own_row(id) else { return };
        // What has begun has lost its connection like any other.
        if !self.row(row).is_some_and(|row| row.task.state == State::Waiting) {
            return self.on_connection_lost(id, now);
        }
        self.edit(row, |row| row.finish(Outcome::Cancelled, None, now, true));
    }

    pub(super) fn on_reply(&mut self, reply: Reply, now: Now) {
        let Some(id) = reply.id.as_deref().and_then(|id| self.own_row(id)) else { return };
        let Some(row) = self.row(id) else { return };
        // The reply to a `ScheduleTask` never has this id; one that has it all the same says nothing about the task.
        if row.task.own == Some(Own::Scheduled) {
            return;
        }
        let over = is_over(row);
        let service = row.task.service.clone();
        let cells = !self.is_plain(&service, now);
        self.edit(id, |row| {
            row.task.last_heard = now;
            row.settle(reply, cells, now, true)
        });
        if let Some(station) = self.station_mut(&service) {
            station.service.heard = Some(now);
        }
        self.after_end(id, over, now);
    }

    pub(super) fn on_carried(&mut self, id: Text, by: Text, run_at: Option<DateTime<Utc>>) {
        if let Some(row) = self.own_row(&id).and_then(|row| self.rows.get_mut(&row)) {
            row.sent = Some(Sent { run_at, all_known: self.schedule_whole, newest: self.newest_submitted });
        }
        self.carrier(&by).own = Some(id);
    }

    /// Marks a row as ours, when it turns out to be the one that we sent.
    pub(super) fn make_own(&mut self, id: RowId) {
        self.edit(id, |row| fill(&mut row.task.own, || Some(Own::Scheduled)));
    }
}
