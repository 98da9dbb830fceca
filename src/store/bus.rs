//! What the bus says: task events, kernel states.
//!
//! An id can be used again (a script that numbers its tasks), and events come late, twice or in another order. All
//! events of one run carry the same `time` and name; that tells the runs of an id apart.

use super::{
    Store, TASK_MANAGER, judge,
    judge::Verdict,
    table::{Change, Part, Row, RowId},
    task::{Lane, Outcome, Own, Reason, Seen, State, Task, TaskKey},
};
use crate::{
    time::Now,
    wire::{
        Text,
        event::{Event, ServiceEvent, TaskEvent, TaskEventState},
        frame::Reply,
        json,
        stand_in::LeftOut,
    },
};

/// How many runs of one id are looked through.
const RUNS_SEARCHED: usize = 8;

/// Puts `value` where nothing was.
pub(super) fn fill<T>(gap: &mut Option<T>, value: impl FnOnce() -> Option<T>) -> bool {
    if gap.is_none() {
        *gap = value();
        return gap.is_some();
    }
    false
}

/// Puts `value` where no text was.
pub(super) fn fill_text(gap: &mut Text, value: &Text) -> bool {
    let empty = gap.is_empty() && !value.is_empty();
    if empty {
        *gap = value.clone();
    }
    empty
}

/// A row of which only the service is known.
pub(super) fn blank(service: &Text, lane: Lane, state: State, now: Now) -> Task {
    Task {
        key: TaskKey(Text::from("")),
        service: service.clone(),
        task_type: Text::from(""),
        name: Text::from(""),
        group: None,
        lane,
        state,
        outcome: None,
        reason: None,
        task_id: None,
        scheduled_task_id: None,
        own: None,
        hidden: false,
        payload: None,
        metadata: None,
        reply: None,
        error: None,
        let_go: false,
        archived: false,
        time: None,
        run_at: None,
        submitted_at: None,
        cancel_wished: false,
        looked_for: None,
        first_seen: now,
        waiting_since: None,
        started: None,
        ended: None,
        last_heard: now,
    }
}

impl Row {
    /// Takes over the task's fields, and notes whether it is a cell that keeps its kernel busy.
    pub(super) fn fill_payload(&mut self, payload: &Text) -> bool {
        if self.task.payload.is_some() || self.task.let_go {
            return false;
        }
        self.cell = self.task.is_ipython() && json::get(payload, "run_async") == Some("false");
        self.task.payload = Some(payload.clone());
        true
    }

    /// It runs: heard now. A state never goes back; only where it was lost from sight does a first sign count.
    pub(super) fn begin(&mut self, starting: bool, now: Now) -> bool {
        let first = if starting { !self.created_seen && !self.started_seen } else { !self.started_seen };
        self.created_seen = true;
        self.started_seen |= !starting;
        let task = &mut self.task;
        match task.state {
            State::Scheduled | State::Waiting => {
                task.state = State::Running { starting };
                task.started = Some(Seen { at: now, exact: true });
                true
            }
            State::Running { starting: true } if !starting => {
                task.state = State::Running { starting };
                task.started = Some(Seen { at: now, exact: true });
                self.timer = None;
                true
            }
            State::Running { .. } => {
                // `started` of a task that was only known to run already.
                let gap = task.started.is_none();
                if gap {
                    task.started = Some(Seen { at: now, exact: true });
                }
                gap
            }
            // After a lost link the router never tells the end of an own direct task (measured): were it to run
            // again here, it would run for ever.
            // The same where its service went away while only a list had said that it runs: it began after that.
            State::Unknown if first && lost_from_sight(task.reason.as_ref()) => {
                task.state = State::Running { starting };
                task.started = Some(Seen { at: now, exact: true });
                (task.reason, task.ended) = (None, None);
                true
            }
            State::Unknown | State::Ended => {
                let end = task.ended.map_or(now, |end| end.at);
                fill(&mut task.started, || Some(Seen { at: end, exact: false }))
            }
        }
    }

    /// Ends it, unless it has ended. The first outcome stands.
    pub(super) fn finish(&mut self, outcome: Outcome, reason: Option<Reason>, now: Now, exact: bool) -> bool {
        let task = &mut self.task;
        if task.state == State::Ended {
            return false;
        }
        task.state = State::Ended;
        (task.outcome, task.reason) = (Some(outcome), reason);
        task.ended = Some(Seen { at: now, exact });
        true
    }

    /// It may have ended, and nobody knows how.
    pub(super) fn lose(&mut self, reason: Reason, now: Now) -> bool {
        let task = &mut self.task;
        if task.state == State::Ended || task.reason.as_ref() == Some(&reason) {
            return false;
        }
        if task.state != State::Unknown {
            task.ended = Some(Seen { at: now, exact: false });
        }
        task.state = State::Unknown;
        task.reason = Some(reason);
        true
    }

    /// Takes in its reply. `cells`: see [`judge::verdict`]; `exact`: it came just as it was sent.
    pub(super) fn settle(&mut self, reply: Reply, cells: bool, now: Now, exact: bool) -> bool {
        let ipython = self.task.is_ipython();
        // What was let go does not come back with a repeated event; only its payload may have been, while it ran.
        let is_news = !is_over(self);
        let verdict = judge::verdict(&reply, ipython, cells);
        let mut changed = match verdict {
            Verdict::End(outcome, reason) => self.finish(outcome, reason, now, exact),
            Verdict::Odd => self.lose(Reason::OddReply, now),
        };
        let task = &mut self.task;
        let stands_in = |reply: &Reply| LeftOut::read(&reply.text).is_some();
        if task.reply.as_ref().is_none_or(stands_in) && (!task.let_go || is_news) {
            if task.outcome == Some(Outcome::Failed) {
                fill(&mut task.error, || judge::inner_error(&reply, ipython));
            }
            task.reply = Some(reply);
            changed = true;
        }
        changed
    }
}

impl Store {
    pub(super) fn on_event(&mut self, event: Event, now: Now) {
        self.spoke.get_or_insert(now);
        self.look_at_clock(&event, now);
        if self.beside.hear(&event, now) {
            self.touch();
        }
        match event {
            Event::Task(event) => self.on_task(*event, now),
            Event::Service(event) => self.on_kernel(event, now),
            Event::Scheduled(event) => self.on_scheduled(*event, now),
            Event::Throttle(_) | Event::Alert(_) | Event::Notice(_) | Event::Point(_) | Event::Other(_) => {}
        }
    }

    fn on_task(&mut self, event: TaskEvent, now: Now) {
        if self.hear(&event.target, now).is_none() {
            return;
        }
        if &*event.target == TASK_MANAGER
            && &*event.task_type == "ScheduleTask"
            && self.on_carrier(&event, now)
        {
            return;
        }
        let reply = match event.state {
            TaskEventState::Created | TaskEventState::Started => None,
            // Read where the event was: it may be large, and what could not be read there cannot be read here.
            TaskEventState::Completed | TaskEventState::Failed => Some(event.reply.clone()),
            // What a word of a later version means for the task cannot be guessed.
            TaskEventState::Other(_) => return,
        };
        self.know_again(&event, now);
        let id = self.run_of(&event, reply.as_ref()).unwrap_or_else(|| self.add_from_event(&event, now));
        let cells = !self.is_plain(&event.target, now);
        let over = self.row(id).is_some_and(is_over);
        let ended = reply.is_some();
        let change = self.edit(id, |row| {
            let mut changed = describe(row, &event);
            row.task.last_heard = now;
            match (&event.state, reply) {
                (TaskEventState::Created | TaskEventState::Started, _) => {
                    changed |= row.fill_payload(&event.payload);
                    changed |= row.begin(event.state == TaskEventState::Created, now);
                }
                (_, Some(Some(reply))) => changed |= row.settle(reply, cells, now, true),
                (_, _) => changed |= row.lose(Reason::OddReply, now),
            }
            if event.state == TaskEventState::Failed && row.task.reason == Some(Reason::OddReply) {
                changed |= row.finish(Outcome::Failed, None, now, true);
            }
            changed
        });
        let Some(change) = change else { return };
        if ended {
            if !over {
                self.doubt_older_neighbours(id, now);
            }
            self.after_end(id, over, now);
        } else {
            self.after_begin(id, change, now);
            let noted = self.row(id).map(|row| row.task.clone());
            if let Some(task) = noted
                && !over
            {
                self.note_type(&event.target, &task, event.parallel.unwrap_or(false), now);
            }
        }
    }

    /// The row that the event is about; `None`: a run that has no row yet.
    fn run_of(&self, event: &TaskEvent, reply: Option<&Option<Reply>>) -> Option<RowId> {
        let newest = *self.ids.get(&event.task_id)?;
        let mut runs = Vec::new();
        let mut next = Some(newest);
        while let Some(id) = next.filter(|_| runs.len() < RUNS_SEARCHED) {
            let Some(row) = self.row(id) else { break };
            runs.push((id, row));
            next = row.before.filter(|&before| before < id);
        }
        let &(_, row) = runs.first()?;
        let same = |task: &Task| {
            task.time.as_ref().is_some_and(|time| *time == event.time) && task.name == event.display_name
        };
        let other_time = row.task.time.as_ref().is_some_and(|time| *time != event.time);
        if let Some(reply) = reply {
            let repeated = |task: &Task| match (&task.reply, reply) {
                (Some(known), Some(reply)) => known.text == reply.text,
                _ => false,
            };
            if let Some((id, _)) = runs.iter().find(|(_, row)| repeated(&row.task)) {
                return Some(*id);
            }
            // The end of a run of another time says nothing about one that was lost from sight.
            if row.task.state != State::Ended && !(row.task.state == State::Unknown && other_time) {
                return Some(newest);
            }
        }
        if let Some((id, _)) = runs.iter().find(|(_, row)| same(&row.task)) {
            return Some(*id);
        }
        // No run fits. One that is under way takes it as its own; after an end, or where the newest was lost from
        // sight and this one began at another time, it is a run of its own.
        let started_anew = match Part::of(&row.task) {
            Part::Waiting | Part::Running => false,
            Part::Unknown | Part::PutAway => other_time,
            Part::Ended => row.task.time.is_some(),
        };
        (!started_anew).then_some(newest)
    }

    fn add_from_event(&mut self, event: &TaskEvent, now: Now) -> RowId {
        let lane = if event.parallel == Some(true) { Lane::Parallel } else { Lane::Sequential };
        let task = blank(&event.target, lane, State::Waiting, now);
        let id = self.add(&event.task_id, Row::new(task));
        self.edit(id, |row| {
            row.task.hidden = !event.show_in_dashboard;
            true
        });
        id
    }

    /// What follows from a row's beginning for the slot and for what is doubted.
    pub(super) fn after_begin(&mut self, id: RowId, change: Change, now: Now) {
        let Some(row) = self.row(id) else { return };
        let task = &row.task;
        let (begun, ipython) = (change.was != Part::Running && change.is == Part::Running, task.is_ipython());
        let starting = task.state == State::Running { starting: true };
        let scheduled = task.scheduled_task_id.is_some();
        let sequential = task.lane == Lane::Sequential;
        let task_own = task.own;
        let service = task.service.clone();
        if change.is == Part::Running && !starting {
            self.on_life(&service);
        }
        if !begun {
            return;
        }
        if starting && task_own != Some(Own::Alone) {
            self.doubt_start(id, now);
        }
        let Some(station) = self.station_mut(&service) else { return };
        if ipython {
            station.sense.busy = None;
        }
        if sequential {
            station.sense.freed = None;
            station.sense.lost = None;
            station.sense.overdue = None;
            if !scheduled {
                station.sense.direct = Some((id, now));
            }
        }
    }

    /// What follows from a row's end, heard now. `over`: it was over before.
    pub(super) fn after_end(&mut self, id: RowId, over: bool, now: Now) {
        let Some(row) = self.row(id) else { return };
        if over || !is_over(row) {
            return;
        }
        let task = row.task.clone();
        if task.lane == Lane::Sequential && task.own != Some(Own::Alone) {
            let bus_up = self.bus_up;
            if let Some(station) = self.station_mut(&task.service) {
                station.sense.freed = bus_up.then_some(now);
                station.sense.lost = None;
                station.sense.overdue = None;
            }
            self.touch();
        }
        if task.state == State::Ended {
            self.note_end(&task);
        }
        if task.outcome == Some(Outcome::Ok) {
            self.on_life(&task.service);
        }
        self.look_for_lost_service(id, now);
        // A cell's inner result tells that the service has a kernel, also where its state was not heard yet.
        if task.is_ipython() && task.reply.as_ref().is_some_and(judge::has_inner) {
            self.has_kernel(&task.service);
        }
    }

    fn on_kernel(&mut self, event: ServiceEvent, now: Now) {
        let Some(station) = self.hear(&event.service, now) else { return };
        let was = station.service.kernel.as_ref().map(|(state, _)| state.clone());
        // What was so before a gap may have been over and begun anew.
        let gone_before = station.kernel_gone() && station.sense.kernel_told;
        station.sense.kernel_told = true;
        station.service.kernel_heard = Some(now);
        let no_word = std::mem::take(&mut station.service.no_word);
        if no_word || was.as_ref() != Some(&event.state) {
            station.service.kernel = Some((event.state.clone(), now));
            self.touch();
        }
        self.has_kernel(&event.service);
        self.on_kernel_state(&event.service, &event.state, gone_before, now);
    }

    fn has_kernel(&mut self, service: &str) {
        let Some(station) = self.station_mut(service) else { return };
        if station.service.ipython != Some(true) {
            station.service.ipython = Some(true);
            self.touch();
        }
    }
}

/// Whether a task that is unknown for this reason may turn out to have begun only now.
fn lost_from_sight(reason: Option<&Reason>) -> bool {
    matches!(reason, Some(Reason::NotSeen | Reason::NeverStarted | Reason::ServiceGone))
}

/// Nothing of it runs any more, whether or not its outcome can be read.
pub(super) fn is_over(row: &Row) -> bool {
    row.task.state == State::Ended || row.task.reason == Some(Reason::OddReply)
}

/// Fills the gaps that any event of a task can fill.
fn describe(row: &mut Row, event: &TaskEvent) -> bool {
    let task = &mut row.task;
    let mut changed = fill_text(&mut task.task_type, &event.task_type);
    changed |= fill_text(&mut task.name, &event.display_name);
    changed |= fill(&mut task.task_id, || Some(event.task_id.clone()));
    changed |= fill(&mut task.time, || Some(event.time.clone()));
    if !task.let_go {
        changed |= fill(&mut task.metadata, || Some(event.metadata.clone()));
    }
    // A scheduled row came without its metadata; whether it is hidden is first told here.
    if !event.show_in_dashboard && !task.hidden {
        task.hidden = true;
        changed = true;
    }
    changed
}
