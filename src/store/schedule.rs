//! The scheduler's tasks: one row each under the `scheduled_task_id`, whatever tells of it first: its events, the
//! `ScheduleTask` that carried it, the list, or the events of the task that it became.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use chrono::{DateTime, Utc};

use super::{
    Store, TASK_MANAGER,
    bus::{blank, fill, fill_text, is_over},
    table::{Doubt, Part, Row, RowId},
    task::{Lane, Outcome, Own, Reason, Seen, State, Task},
};
use crate::{
    time::Now,
    wire::{
        Text,
        event::{ScheduledEvent, ScheduledStatus, Stamp, TaskEvent, TaskEventState},
        frame::{Reply, ReplyBody, Snapshot},
        json,
    },
};

/// `ScheduleTask`s under way that are remembered.
const CARRIERS: usize = 256;

/// A larger payload is not kept on the way: the task's own events bring it again, bytes.
const LARGEST_LOAD: usize = 1 << 20;

/// Of all that is on the way together, bytes.
const LOADS: usize = 8 << 20;

/// The scheduler's word that a slot was taken is older than what the bus said within this time, seconds.
const OVERDUE_AGE: u64 = 2;

/// A `ScheduleTask` on its way: what it carries.
#[derive(Clone, Debug, Default)]
pub(super) struct Carrier {
    /// The id of our own task inside.
    pub own: Option<Text>,
    payload: Option<Text>,
    metadata: Option<Text>,
}

/// What has come of the scheduler's list.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    ids: HashSet<Text>,
    /// An entry could not be read.
    odd: bool,
}

impl Carrier {
    pub(super) fn bytes(&self) -> usize {
        [&self.payload, &self.metadata].into_iter().flatten().map(|text| text.len()).sum()
    }
}

impl Store {
    /// Tasks of these scheduler's ids were sent by a juicetop of this person, in earlier runs too.
    pub fn sent_before(&mut self, ids: impl IntoIterator<Item = Text>) {
        self.sent_before.extend(ids);
    }

    /// The row of a scheduled task, made if there is none, and joined with the row of the task that it became.
    fn scheduled_row(&mut self, id: &Text, task_id: Option<&Text>, target: &Text, now: Now) -> RowId {
        let is_it = |task: &Task| task.scheduled_task_id.as_ref() == Some(id);
        let scheduled =
            self.ids.get(id).copied().filter(|row| self.row(*row).is_some_and(|row| is_it(&row.task)));
        let became = task_id.and_then(|task_id| self.ids.get(task_id)).copied().filter(|row| {
            self.row(*row).is_some_and(|row| {
                row.task.service == *target && (row.task.scheduled_task_id.is_none() || is_it(&row.task))
            })
        });
        if let Some(became) = became
            && let Some(station) = self.station_mut(target)
            && station.sense.direct.is_some_and(|(row, _)| row == became)
        {
            station.sense.direct = None;
        }
        let row = match (scheduled, became) {
            (Some(scheduled), Some(became)) => {
                self.merge(scheduled, became);
                scheduled
            }
            (Some(row), None) | (None, Some(row)) => row,
            (None, None) => {
                let mut task = blank(target, Lane::Sequential, State::Scheduled, now);
                task.scheduled_task_id = Some(id.clone());
                self.add(id, Row::new(task))
            }
        };
        self.name(row, id);
        if let Some(task_id) = task_id {
            self.name(row, task_id);
        }
        let own = self.sent_before.contains(id);
        self.edit(row, |row| {
            let task = &mut row.task;
            let mut changed = fill(&mut task.scheduled_task_id, || Some(id.clone()));
            changed |= fill(&mut task.task_id, || task_id.cloned());
            changed |= own && fill(&mut task.own, || Some(Own::Scheduled));
            changed |= std::mem::replace(&mut task.lane, Lane::Sequential) != Lane::Sequential;
            task.last_heard = now;
            changed
        });
        row
    }

    pub(super) fn on_scheduled(&mut self, event: ScheduledEvent, now: Now) {
        if self.hear(&event.target, now).is_none() {
            return;
        }
        let id = self.scheduled_row(&event.scheduled_task_id, event.task_id.as_ref(), &event.target, now);
        let over = self.row(id).is_some_and(is_over);
        let told = event.status == ScheduledStatus::Queued;
        let change = self.edit(id, |row| {
            let task = &mut row.task;
            let mut changed = fill_text(&mut task.task_type, &event.task_type);
            changed |= fill_text(&mut task.name, &event.display_name);
            if told && task.state == State::Scheduled {
                changed |= fill(&mut task.waiting_since, || Some(Seen { at: now, exact: true }));
            }
            match event.status {
                ScheduledStatus::Queued | ScheduledStatus::Other(_) => {}
                ScheduledStatus::Running => changed |= row.begin(true, now),
                ScheduledStatus::Done if row.task.is_ipython() => {
                    // Its reply may tell of a failure inside, and it has not been seen.
                    changed |= !is_over(row) && row.lose(Reason::EndMissed, now);
                }
                ScheduledStatus::Done => changed |= row.finish(Outcome::Ok, None, now, true),
                ScheduledStatus::Failed => changed |= row.finish(Outcome::Failed, None, now, true),
                ScheduledStatus::Cancelled => changed |= cancelled(row, event.task_id.is_some(), now, true),
            }
            changed
        });
        let Some(change) = change else { return };
        let untold = self
            .row(id)
            .is_some_and(|row| row.task.state == State::Scheduled && row.task.submitted_at.is_none());
        match event.status {
            ScheduledStatus::Queued if untold => self.doubt_details(id, now),
            ScheduledStatus::Running => self.after_begin(id, change, now),
            ScheduledStatus::Done | ScheduledStatus::Failed if !over => {
                self.after_end(id, over, now);
                self.slot_left(&event.target, now);
                // The reply was missed, or there never was one: the snapshot has it, or says why.
                self.ask_about(id);
            }
            _ => {}
        }
    }

    /// A holder of the slot is gone, heard now.
    fn slot_left(&mut self, service: &str, now: Now) {
        let bus_up = self.bus_up;
        if let Some(station) = self.station_mut(service) {
            station.sense.freed = bus_up.then_some(now);
            station.sense.lost = None;
            station.sense.overdue = None;
        }
    }

    pub(super) fn carrier(&mut self, by: &Text) -> &mut Carrier {
        if !self.carriers.contains_key(by) {
            if self.carriers.len() >= CARRIERS
                && let Some(oldest) = self.carrier_order.pop_front()
            {
                let oldest = self.carriers.remove(&oldest).unwrap_or_default();
                self.loads -= oldest.bytes();
            }
            self.carrier_order.push_back(by.clone());
        }
        self.carriers.entry(by.clone()).or_default()
    }

    fn drop_carrier(&mut self, by: &Text) -> Carrier {
        self.carrier_order.retain(|known| known != by);
        let carrier = self.carriers.remove(by).unwrap_or_default();
        self.loads -= carrier.bytes();
        carrier
    }

    /// The oldest carriers give away what they carry, where all of it is too much.
    fn lighten(&mut self) {
        for by in &self.carrier_order {
            if self.loads <= LOADS {
                break;
            }
            if let Some(carrier) = self.carriers.get_mut(by) {
                self.loads -= carrier.bytes();
                (carrier.payload, carrier.metadata) = (None, None);
            }
        }
    }

    /// A `ScheduleTask`: what it carries belongs to the scheduled task's row; it has none itself, unless it failed.
    pub(super) fn on_carrier(&mut self, event: &TaskEvent, now: Now) -> bool {
        match event.state {
            TaskEventState::Created | TaskEventState::Started => {
                let text = |key| {
                    json::get(&event.payload, key).filter(|raw| raw.len() <= LARGEST_LOAD).map(Text::from)
                };
                let (payload, metadata) = (text("task_payload"), text("task_metadata"));
                let carrier = self.carrier(&event.task_id);
                let before = carrier.bytes();
                carrier.payload = payload.or(carrier.payload.take());
                carrier.metadata = metadata.or(carrier.metadata.take());
                let after = carrier.bytes();
                self.loads = self.loads + after - before;
                self.lighten();
                true
            }
            TaskEventState::Completed | TaskEventState::Failed => {
                let carrier = self.drop_carrier(&event.task_id);
                let snapshot = event
                    .reply
                    .as_ref()
                    .and_then(|reply| reply.result(false))
                    .and_then(|raw| Snapshot::parse(raw).ok());
                let Some(snapshot) = snapshot else {
                    // Our own gets its answer on our own connection.
                    return carrier.own.is_some();
                };
                let id = match &carrier.own {
                    Some(own) => self.accept(own, snapshot, now),
                    None => self.on_snapshot(snapshot, now),
                };
                if let Some(id) = id {
                    self.unload(id, carrier);
                }
                true
            }
            TaskEventState::Other(_) => true,
        }
    }

    /// What was carried goes to its row.
    fn unload(&mut self, id: RowId, carrier: Carrier) {
        self.edit(id, |row| {
            let mut changed = carrier.payload.is_some_and(|payload| row.fill_payload(&payload));
            let task = &mut row.task;
            if let Some(metadata) = carrier.metadata {
                let hidden = json::get(&metadata, "show_in_dashboard") == Some("false");
                changed |= hidden && !task.hidden;
                task.hidden |= hidden;
                if !task.let_go {
                    changed |= fill(&mut task.metadata, || Some(metadata));
                }
            }
            changed
        });
    }

    pub(super) fn on_accepted(&mut self, id: &Text, snapshot: Snapshot, now: Now) {
        self.accept(id, snapshot, now);
    }

    /// The scheduler took our task: its row is from now on the row of the scheduled task.
    fn accept(&mut self, own: &Text, snapshot: Snapshot, now: Now) -> Option<RowId> {
        let ours = self.ids.get(own).copied().filter(|id| {
            let scheduled = &snapshot.scheduled_task_id;
            self.row(*id).is_some_and(|row| {
                let task = &row.task;
                task.own == Some(Own::Scheduled)
                    && task.state != State::Ended
                    && task.scheduled_task_id.as_ref().is_none_or(|known| known == scheduled)
            })
        });
        let scheduled = snapshot.scheduled_task_id.clone();
        if let Some(ours) = ours {
            // It waited for its first sign; where it stands from here on the scheduler tells.
            self.unacknowledged.remove(&ours);
            self.edit(ours, |row| {
                let first = row.task.state == State::Waiting && row.task.scheduled_task_id.is_none();
                if first {
                    row.task.state = State::Scheduled;
                }
                first
            });
            let other = self.ids.get(&scheduled).copied().filter(|id| {
                self.row(*id).is_some_and(|row| row.task.scheduled_task_id.as_ref() == Some(&scheduled))
            });
            match other {
                Some(other) => self.merge(other, ours),
                None => {
                    self.name(ours, &scheduled);
                    self.edit(ours, |row| fill(&mut row.task.scheduled_task_id, || Some(scheduled.clone())));
                    self.rekey(ours, &scheduled);
                }
            }
        }
        let row = self.on_snapshot(snapshot, now)?;
        self.make_own(row);
        Some(row)
    }

    /// A part of the list; the last one makes it whole.
    pub(super) fn on_listed(&mut self, entries: Vec<Result<Snapshot, Text>>, now: Now) {
        if self.schedule_unreadable.take().is_some() {
            self.touch();
        }
        for entry in entries {
            match entry {
                Ok(snapshot) => {
                    self.listed.ids.insert(snapshot.scheduled_task_id.clone());
                    self.on_snapshot(snapshot, now);
                }
                Err(raw) => {
                    self.listed.odd = true;
                    let id = self.on_odd_entry(&raw, now);
                    self.listed.ids.extend(id);
                }
            }
        }
    }

    pub(super) fn on_schedule(&mut self, entries: Vec<Result<Snapshot, Text>>, now: Now) {
        self.on_listed(entries, now);
        let asked = self.schedule_asked.take().unwrap_or(now);
        let Listed { ids: listed, odd } = std::mem::take(&mut self.listed);
        self.schedule_whole = !odd && self.spoke.is_some_and(|spoke| spoke.mono <= asked.mono);
        self.look_for_lost(&listed, now);
        let open: Vec<RowId> = self.scheduler_open.iter().copied().collect();
        for id in open {
            let Some(row) = self.row(id) else { continue };
            let task = &row.task;
            let missing = task.scheduled_task_id.as_ref().is_some_and(|id| !listed.contains(id));
            // Heard of since the list was asked for: it may be younger than the list.
            let young = task.last_heard.mono >= asked.mono
                && self.heard_since.is_some_and(|since| task.last_heard.mono >= since.mono);
            if missing && !young {
                self.forget(id, now);
            }
        }
    }

    /// A list from before a gap. What had ended then has ended; what it says of the others may be over since, so a row
    /// that is known keeps what it has, and a new one may have started or ended unseen.
    pub(super) fn on_old_schedule(&mut self, list: Vec<Result<Snapshot, Text>>, now: Now) {
        self.schedule_asked = None;
        self.listed = Listed::default();
        for snapshot in list.into_iter().flatten() {
            let ended = match &snapshot.status {
                ScheduledStatus::Done | ScheduledStatus::Failed => true,
                ScheduledStatus::Cancelled => snapshot.task_id.is_none(),
                _ => false,
            };
            let known = self.ids.contains_key(&snapshot.scheduled_task_id)
                || snapshot.task_id.as_ref().is_some_and(|id| self.ids.contains_key(id));
            if ended {
                self.on_snapshot(snapshot, now);
            } else if !known && let Some(id) = self.on_snapshot(snapshot, now) {
                self.edit(id, |row| row.task.state != State::Scheduled && row.lose(Reason::NotSeen, now));
            }
        }
    }

    pub(super) fn on_schedule_entry(&mut self, id: &Text, snapshot: Option<Snapshot>, now: Now) {
        match snapshot {
            Some(snapshot) => _ = self.on_snapshot(snapshot, now),
            None => {
                if let Some(&row) = self.ids.get(id) {
                    self.forget(row, now);
                }
            }
        }
    }

    pub(super) fn on_schedule_unreadable(&mut self, why: String) {
        if self.schedule_unreadable.as_ref() != Some(&why) {
            self.schedule_unreadable = Some(why);
            self.touch();
        }
    }

    /// The scheduler does not know it any more: the task manager was restarted, and nobody will tell its end.
    fn forget(&mut self, id: RowId, now: Now) {
        let Some(row) = self.row(id) else { return };
        let ran = Part::of(&row.task) == Part::Running;
        let service = row.task.service.clone();
        if is_over(row) || Part::of(&row.task) == Part::PutAway {
            return;
        }
        self.edit(id, |row| row.lose(Reason::Forgotten, now));
        if ran && let Some(station) = self.station_mut(&service) {
            station.sense.freed = None;
            station.sense.lost = Some(now);
        }
    }

    /// One entry of the scheduler's list. Gives its row.
    fn on_snapshot(&mut self, snapshot: Snapshot, now: Now) -> Option<RowId> {
        let target = snapshot.target.clone();
        self.visit(&target)?;
        let submitted = snapshot.submitted_at.as_ref().and_then(|stamp| stamp.at);
        self.newest_submitted = self.newest_submitted.max(submitted);
        let id = self.scheduled_row(&snapshot.scheduled_task_id, snapshot.task_id.as_ref(), &target, now);
        let cells = !self.is_plain(&target, now);
        let by_lab = self.lab_time(now);
        let (eligible, overdue) = (snapshot.eligible, snapshot.overdue);
        let was = self.row(id).map(|row| Part::of(&row.task));
        let told_why = self.row(id).is_some_and(|row| row.task.failure().is_some());
        self.edit(id, |row| {
            if matches!(row.timer, Some((_, Doubt::Details))) {
                row.timer = None;
            }
            let task = &mut row.task;
            let mut changed = fill_text(&mut task.task_type, &snapshot.task_type);
            changed |= fill_text(&mut task.name, &snapshot.display_name);
            changed |= fill(&mut task.run_at, || snapshot.run_at.clone());
            changed |= fill(&mut task.submitted_at, || snapshot.submitted_at.clone());
            changed | standing(row, &snapshot, cells, by_lab, now)
        });
        let is = self.row(id).map(|row| Part::of(&row.task));
        if was != is
            && is == Some(Part::Running)
            && let Some(station) = self.station_mut(&target)
        {
            station.sense.freed = None;
            station.sense.overdue = None;
        }
        self.sense_overdue(&target, eligible, overdue, now);
        if !told_why {
            self.look_for_lost_service(id, now);
        }
        // Answered: what becomes of it later may be asked anew.
        if let Some(row) = self.rows.get_mut(&id) {
            row.asked = false;
        }
        Some(id)
    }

    /// `overdue`: its time has come and the slot is held. Where no holder is known, that is news.
    fn sense_overdue(&mut self, service: &str, eligible: bool, overdue: bool, now: Now) {
        let Some(station) = self.station(service) else { return };
        let held = station
            .running
            .iter()
            .any(|id| self.row(*id).is_some_and(|row| row.task.lane == Lane::Sequential));
        let freed_since = station.sense.freed.is_some_and(|freed| now.since(freed).as_secs() < OVERDUE_AGE);
        let before = station.sense.overdue;
        let after = match (overdue, eligible) {
            (true, _) if held || freed_since => before,
            (true, _) => before.or(Some(now)),
            (false, true) => None,
            (false, false) => before,
        };
        if before != after
            && let Some(station) = self.station_mut(service)
        {
            station.sense.overdue = after;
            station.sense.freed = if after.is_some() { None } else { station.sense.freed };
            self.touch();
        }
    }

    /// An entry that cannot be read still is one: a row that shows it as it came. Gives its id, if it has one.
    fn on_odd_entry(&mut self, raw: &Text, now: Now) -> Option<Text> {
        let text = |key| json::get(raw, key).and_then(json::string).map(|text| Text::from(&*text));
        let scheduled = text("scheduled_task_id");
        let key = scheduled.clone().unwrap_or_else(|| {
            let mut hasher = DefaultHasher::new();
            raw.hash(&mut hasher);
            Text::from(format!("odd-entry-{:016x}", hasher.finish()))
        });
        if let Some(&known) = self.ids.get(&key) {
            self.edit(known, |row| {
                row.task.last_heard = now;
                false
            });
            return scheduled;
        }
        let target = text("target").unwrap_or_else(|| Text::from(TASK_MANAGER));
        self.visit(&target)?;
        let mut task = blank(&target, Lane::Sequential, State::Unknown, now);
        task.task_type = text("task_type").unwrap_or_default();
        task.name = text("display_name").unwrap_or_else(|| raw.chars().take(200).collect::<String>().into());
        task.reason = Some(Reason::OddReply);
        task.scheduled_task_id = scheduled.clone();
        task.metadata = Some(raw.clone());
        task.ended = Some(Seen { at: now, exact: false });
        self.add(&key, Row::new(task));
        scheduled
    }
}

/// `cancelled`: with a task id it was running already, so it is only a wish and its reply decides.
fn cancelled(row: &mut Row, dispatched: bool, now: Now, exact: bool) -> bool {
    let task = &mut row.task;
    if task.state == State::Ended {
        return false;
    }
    if dispatched || task.task_id.is_some() {
        return !std::mem::replace(&mut task.cancel_wished, true);
    }
    row.finish(Outcome::Cancelled, None, now, exact)
}

/// Brings a row to where the snapshot says that its task stands, never back.
fn standing(
    row: &mut Row,
    snapshot: &Snapshot,
    cells: bool,
    by_lab: Option<DateTime<Utc>>,
    now: Now,
) -> bool {
    match &snapshot.status {
        ScheduledStatus::Queued => queued(row, snapshot, by_lab, now),
        ScheduledStatus::Running => running(row, now),
        ScheduledStatus::Cancelled => {
            let mut changed = cancelled(row, snapshot.task_id.is_some(), now, false);
            // It ran on, and its snapshot never gets a result: whether it still runs nobody tells.
            if snapshot.task_id.is_some() && matches!(row.task.state, State::Scheduled | State::Waiting) {
                changed |= row.lose(Reason::NotSeen, now);
            }
            changed
        }
        ScheduledStatus::Done | ScheduledStatus::Failed => {
            // Where its end was heard live, the row knows better when it was.
            let read = || snapshot.result.as_ref().and_then(|raw| Reply::parse(raw.clone()).ok());
            match snapshot.reply.clone().or_else(read) {
                Some(reply) if reply.id.is_some() => row.settle(reply, cells, now, false),
                Some(Reply { body: ReplyBody::Error(error), .. }) => {
                    let changed = fill(&mut row.task.error, || Some(error));
                    row.finish(Outcome::Failed, None, now, false) | changed
                }
                _ if snapshot.status == ScheduledStatus::Failed => {
                    row.finish(Outcome::Failed, None, now, false)
                }
                None if snapshot.result.is_none() && !row.task.is_ipython() => {
                    row.finish(Outcome::Ok, None, now, false)
                }
                _ => row.lose(Reason::OddReply, now),
            }
        }
        // A word of a later version: it counts only where nothing else is known.
        ScheduledStatus::Other(_) => {
            let unheard = row.task.state == State::Scheduled && row.task.waiting_since.is_none();
            unheard && row.lose(Reason::OddReply, now)
        }
    }
}

fn queued(row: &mut Row, snapshot: &Snapshot, by_lab: Option<DateTime<Utc>>, now: Now) -> bool {
    let is_over = |at: &Stamp| at.at.zip(by_lab).is_some_and(|(at, by_lab)| at <= by_lab);
    let due = snapshot.eligible || snapshot.run_at.as_ref().is_none_or(is_over);
    let task = &mut row.task;
    let never_ran = task.started.is_none() && task.task_id.is_none();
    let lost = matches!(task.reason, Some(Reason::NotSeen | Reason::Forgotten | Reason::LinkLost));
    let found_again = task.state == State::Unknown && never_ran && lost;
    if found_again {
        (task.reason, task.ended) = (None, None);
        task.state = State::Scheduled;
    }
    if task.state != State::Scheduled {
        return false;
    }
    if due {
        task.state = State::Waiting;
        task.waiting_since.get_or_insert(Seen { at: now, exact: false });
        row.eligible.get_or_insert(now);
    }
    due || found_again
}

fn running(row: &mut Row, now: Now) -> bool {
    let task = &mut row.task;
    let runs = match task.state {
        State::Scheduled | State::Waiting => true,
        State::Unknown => !matches!(task.reason, Some(Reason::PutAway | Reason::OddReply)),
        // The scheduler's word is about the dispatch; that it was sent is then only a matter of time.
        State::Running { .. } | State::Ended => false,
    };
    if runs {
        task.state = State::Running { starting: false };
        (task.reason, task.ended) = (None, None);
        task.started.get_or_insert(Seen { at: now, exact: false });
    }
    runs
}
