//! What Juice's database tells of a task, later and without times of its end.
//!
//! A task that is known here keeps all that was seen of it: gaps are filled, and only what has not ended here ends. Any other
//! becomes a task of the past, for the history. It refuses to say that anything runs because it once began, and to make
//! up when something ended.

use super::{
    Store, TASK_MANAGER,
    bus::{blank, fill, fill_text, is_over},
    table::{Part, Row, RowId},
    task::{Lane, Outcome, Reason, State, Task, TaskKey},
};
use crate::{
    time::Now,
    wire::{archive::Archived, stand_in::LeftOut},
};

/// Runs of one id that are looked through.
const RUNS_SEARCHED: usize = 64;

impl Store {
    /// Takes in a task of Juice's database. One that is not known here comes back as it is to be kept.
    pub fn archived(&mut self, told: Archived, now: Now) -> Option<Task> {
        let cells = !self.is_plain(&told.target, now);
        let Some(id) = self.run_of_archived(&told) else {
            // What carried a task to the scheduler is none itself, unless it failed.
            let carries = &*told.target == TASK_MANAGER && &*told.task_type == "ScheduleTask";
            return Some(past(told, cells, now))
                .filter(|task| !carries || task.outcome == Some(Outcome::Failed));
        };
        let was = self.row(id).map(|row| Part::of(&row.task));
        let change = self.edit(id, |row| {
            let mut changed = describe(row, &told);
            // Its reply comes here, and says more.
            let awaited = row.task.is_answered_here() && row.task.state != State::Unknown;
            if told.ended && !awaited {
                changed |= end(row, told, cells, now);
            }
            changed
        });
        if was == Some(Part::Running) && change.is_some_and(|change| change.is != Part::Running) {
            self.slot_lost(id, now);
        }
        self.keep_within_limits();
        None
    }

    /// The run that it tells of: that of the same time, or one of which no time is known.
    fn run_of_archived(&self, told: &Archived) -> Option<RowId> {
        let mut next = self.ids.get(&told.task_id).copied();
        for _ in 0..RUNS_SEARCHED {
            let id = next?;
            let row = self.row(id)?;
            let task = &row.task;
            let same_id = task.task_id.as_ref().is_none_or(|id| *id == told.task_id);
            if task.service == told.target
                && same_id
                && task.time.as_ref().is_none_or(|time| time.is(&told.time))
            {
                return Some(id);
            }
            next = row.before.filter(|&before| before < id);
        }
        None
    }

    /// Tasks whose end is not known here and may stand in Juice's database: at most so many, the newest first.
    pub fn doubtful(&self, most: usize) -> Vec<&Task> {
        let rows = self.finished.values().rev().filter_map(|id| self.row(*id)).map(|row| &row.task);
        let lost = |task: &&Task| {
            Part::of(task) == Part::Unknown && task.reason != Some(Reason::OddReply) && task.task_id.is_some()
        };
        rows.filter(lost).take(most).collect()
    }
}

/// Fills the gaps that any row of the database can fill.
fn describe(row: &mut Row, told: &Archived) -> bool {
    let task = &mut row.task;
    let mut changed = fill_text(&mut task.task_type, &told.task_type);
    changed |= fill_text(&mut task.name, &told.display_name);
    changed |= fill(&mut task.task_id, || Some(told.task_id.clone()));
    changed |= fill(&mut task.time, || Some(told.time.clone()));
    if !task.let_go && !told.metadata.is_empty() {
        changed |= fill(&mut task.metadata, || Some(told.metadata.clone()));
    }
    if !told.show_in_dashboard && !task.hidden {
        task.hidden = true;
        changed = true;
    }
    match &told.payload {
        Some(payload) => row.fill_payload(payload) | changed,
        None => changed,
    }
}

/// Ends it as its reply says; what has ended only gets a reply that it lacks.
fn end(row: &mut Row, told: Archived, cells: bool, now: Now) -> bool {
    match told.reply {
        // A size in place of a reply is no news to what knows how it ended.
        Some(reply) if is_over(row) && LeftOut::read(&reply.text).is_some() => false,
        Some(reply) => row.settle(reply, cells, now, false),
        None if told.failed => row.finish(Outcome::Failed, None, now, false),
        None => row.lose(Reason::OddReply, now),
    }
}

/// A task that nobody here has seen.
fn past(told: Archived, cells: bool, now: Now) -> Task {
    let at = Now { mono: now.mono, utc: told.time.at.unwrap_or(now.utc) };
    let lane = if told.parallel == Some(true) { Lane::Parallel } else { Lane::Sequential };
    let mut row = Row::new(blank(&told.target, lane, State::Unknown, at));
    row.task.key = TaskKey(told.task_id.clone());
    row.task.reason = Some(Reason::NoEnd);
    row.task.archived = true;
    describe(&mut row, &told);
    if told.ended {
        end(&mut row, told, cells, at);
    }
    // When that was, nobody has written down.
    row.task.ended = None;
    row.task
}
