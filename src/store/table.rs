//! The rows and every index over them. All changes go through [`Store::edit`], which compares a row's place before and
//! after and moves it: so no index can be forgotten, and only true changes raise the revision.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    Counts, Store,
    group::{GroupId, Standing},
    lane::{self, Turn},
    lost::Sent,
    task::{Lane, Outcome, Own, Reason, State, Task, TaskKey},
    usual::Alike,
};
use crate::{
    time::Now,
    wire::{
        Text,
        frame::{ErrorBody, Inner, ReplyBody},
    },
};

/// A row's number; later rows have higher ones.
pub(super) type RowId = u64;

/// How many merges are remembered for [`Store::drain_merged`].
const MERGES: usize = 1_000;

/// How much of an exception's message stays when the reply is let go, in bytes.
const MESSAGE_KEPT: usize = 200;

/// How much of a name stays when a row's texts are let go, in bytes. Names are short unless somebody means harm.
const LONGEST_NAME: usize = 4_000;

/// What a row weighs beside its texts, bytes: itself, its ids, and its places in the indexes.
pub(super) const ROW: usize = 2_000;

/// Texts of a row that runs or waits are let go only if they are as large together, in bytes.
const LARGE: usize = 64 * 1024;

/// What a row's timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Created, and not taken by its service yet: see `doubt::TAKING`.
    NotTaken,
    /// Created, and never sent to its service: see `doubt::STARTING`.
    NeverStarted,
    /// The kernel is idle although this cell should run: see `doubt::IDLE`.
    KernelIdle,
    /// Its slot was given away and the next one has ended: see `doubt::GIVEN_AWAY`.
    GivenAway,
    /// The scheduler has it, and nobody told from when on: see `doubt::DETAILS`.
    Details,
}

/// A task and what the store keeps beside it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub task: Task,
    /// Every id by which it is found, its key apart.
    pub ids: Vec<Text>,
    /// The run before this one under the same id.
    pub before: Option<RowId>,
    /// Which run under its id it is, from 1.
    pub run: u32,
    pub created_seen: bool,
    pub started_seen: bool,
    /// It is a cell that keeps the kernel busy (an IPython task with `run_async` false, as its payload says).
    pub cell: bool,
    /// Since when the scheduler could have started it.
    pub eligible: Option<Now>,
    pub timer: Option<(Duration, Doubt)>,
    /// The scheduler was asked about it; never twice for the same thing.
    pub asked: bool,
    /// It went to the scheduler: what was known then.
    pub sent: Option<Sent>,
    /// It is taken for an own task because it is the only one like it; that one as it was.
    pub likely: Option<Box<Task>>,
    pub finish: Option<u64>,
    pub change: Option<u64>,
    /// The group of `task.group`, by its number.
    pub group: Option<GroupId>,
    /// What it is like, while it runs or waits.
    pub alike: Option<Box<Alike>>,
    /// Of what that was made: whether there was a payload, the length of the name, and of the type.
    alike_of: (bool, usize, usize),
}

impl Row {
    pub fn new(task: Task) -> Row {
        Row {
            task,
            ids: Vec::new(),
            before: None,
            run: 1,
            created_seen: false,
            started_seen: false,
            cell: false,
            eligible: None,
            timer: None,
            asked: false,
            sent: None,
            likely: None,
            finish: None,
            change: None,
            group: None,
            alike: None,
            alike_of: (false, 0, 0),
        }
    }

    /// Keeps [`Row::alike`] as what is known of the task; what has ended needs it no more.
    fn compare(&mut self, open: bool) {
        let task = &self.task;
        let of = (task.payload.is_some(), task.name.len(), task.task_type.len());
        if !open {
            self.alike = None;
        } else if self.alike.is_none() || self.alike_of != of {
            self.alike = Some(Box::new(Alike::of(task)));
            self.alike_of = of;
        }
    }
}

/// Bytes of a task's text that can be let go.
pub(super) fn texts_of(task: &Task) -> usize {
    let length = |text: &Option<Text>| text.as_ref().map_or(0, |text| text.len());
    let error = |error: &ErrorBody| length(&error.ename) + length(&error.evalue) + length(&error.traceback);
    let reply = task.reply.as_ref().map_or(0, |reply| {
        let body = match &reply.body {
            ReplyBody::Error(body) | ReplyBody::Ok { inner: Some(Inner::Error(body)), .. } => error(body),
            ReplyBody::Odd { status } => length(status),
            ReplyBody::Ok { .. } => 0,
        };
        reply.text.len() + length(&reply.id) + body
    });
    // The name of an error and the beginning of its message are what is left of a reply.
    let told = task.error.as_ref().map_or(0, error);
    let told = if told > 2 * MESSAGE_KEPT + 8 { told } else { 0 };
    let name = if task.name.len() > LONGEST_NAME { task.name.len() } else { 0 };
    length(&task.payload) + length(&task.metadata) + reply + told + name
}

/// Where a row stands in its life, as far as the indexes care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Waiting,
    Running,
    Unknown,
    PutAway,
    Ended,
}

impl Part {
    pub fn of(task: &Task) -> Part {
        match task.state {
            State::Scheduled | State::Waiting => Part::Waiting,
            State::Running { .. } => Part::Running,
            State::Unknown if task.reason == Some(Reason::PutAway) => Part::PutAway,
            State::Unknown => Part::Unknown,
            State::Ended => Part::Ended,
        }
    }

    fn finished(self) -> bool {
        matches!(self, Part::Unknown | Part::PutAway | Part::Ended)
    }
}

/// What [`Store::edit`] did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub was: Part,
    pub is: Part,
}

/// Everything about a row that an index depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    part: Part,
    hidden: bool,
    outcome: Option<Outcome>,
    own: bool,
    member: Option<Standing>,
    scheduler: bool,
    turn: Option<Turn>,
    due: Option<DateTime<Utc>>,
    timer: Option<Duration>,
    finish: Option<u64>,
    bytes: usize,
    /// The same of a row that runs or waits.
    open_bytes: usize,
    /// Of its reply, where the scheduler keeps that too.
    listed: usize,
}

impl Place {
    fn of(row: &Row) -> Place {
        let task = &row.task;
        let part = Part::of(task);
        let open = !part.finished();
        let due =
            (task.state == State::Scheduled).then(|| task.run_at.as_ref().and_then(|at| at.at)).flatten();
        Place {
            part,
            hidden: task.kept_back(),
            outcome: task.outcome,
            own: open && task.own.is_some(),
            member: Standing::of(row),
            scheduler: part != Part::Ended && task.scheduled_task_id.is_some(),
            turn: lane::turn(task),
            due,
            timer: row.timer.map(|(at, _)| at),
            finish: row.finish,
            bytes: if open { 0 } else { texts_of(task) },
            open_bytes: if open { texts_of(task) } else { 0 },
            listed: match (&task.scheduled_task_id, &task.reply) {
                (Some(_), Some(reply)) => reply.text.len(),
                _ => 0,
            },
        }
    }
}

impl Store {
    pub(super) fn row(&self, id: RowId) -> Option<&Row> {
        self.rows.get(&id)
    }

    /// Says that something changed that can be shown.
    pub(super) fn touch(&mut self) {
        self.revision += 1;
    }

    /// Changes a row. The closure says whether it changed anything that can be shown.
    pub(super) fn edit(&mut self, id: RowId, change: impl FnOnce(&mut Row) -> bool) -> Option<Change> {
        let row = self.rows.get_mut(&id)?;
        let before = Place::of(row);
        let changed = change(row);
        if row.group.is_none() && row.task.name.ends_with(']') {
            let (service, name) = (row.task.service.clone(), row.task.name.clone());
            let found = self.group_named(&service, &name);
            let row = self.rows.get_mut(&id)?;
            (row.task.group, row.group) = found.unzip();
        }
        let row = self.rows.get_mut(&id)?;
        let part = Part::of(&row.task);
        row.compare(!part.finished());
        if part.finished() {
            // What became of it is decided: a doubt about its running has no object any more.
            row.timer = None;
            if before.part != part || row.finish.is_none() {
                row.finish = Some(self.next_finish);
                self.next_finish += 1;
            }
        } else {
            row.finish = None;
        }
        let after = Place::of(row);
        let failed = |place: Place| place.part == Part::Ended && place.outcome == Some(Outcome::Failed);
        let heard = was_heard(&row.task);
        self.failures += u64::from(failed(after) && !failed(before) && heard && !row.task.hidden);
        if heard && matches!(after.part, Part::Ended | Part::Unknown) && !before.part.finished() {
            self.over.push_back(id);
            if self.over.len() > super::MOST_OVER {
                self.over.pop_front();
            }
        }
        if changed {
            self.revision += 1;
            if row.change.is_none() {
                row.change = Some(self.next_change);
                self.changed.insert(self.next_change, id);
                self.next_change += 1;
            }
        }
        if before != after {
            let service = row.task.service.clone();
            self.unfile(id, &service, before);
            self.file(id, &service, after);
        }
        Some(Change { was: before.part, is: after.part })
    }

    /// A new row under a key that no other row has: `wish`, or `wish#2` and so on.
    pub(super) fn add(&mut self, wish: &Text, mut row: Row) -> RowId {
        let id = self.next_row;
        self.next_row += 1;
        if let Some(&before) = self.ids.get(wish) {
            row.before = Some(before);
            row.run = self.rows.get(&before).map_or(1, |row| row.run.saturating_add(1));
        }
        let mut key = if row.run == 1 { wish.clone() } else { Text::from(format!("{wish}#{}", row.run)) };
        while self.keys.contains_key(&key) {
            row.run = row.run.saturating_add(1);
            key = Text::from(format!("{wish}#{}", row.run));
        }
        row.task.key = TaskKey(key.clone());
        self.keys.insert(key, id);
        let place = Place::of(&row);
        let service = row.task.service.clone();
        self.rows.insert(id, row);
        self.file(id, &service, place);
        self.name(id, wish);
        self.edit(id, |_| true);
        id
    }

    /// Lets a row be found by `name` too. The newest row of an id is the one that is found.
    pub(super) fn name(&mut self, id: RowId, name: &Text) {
        if let Some(row) = self.rows.get_mut(&id) {
            if !row.ids.contains(name) {
                row.ids.push(name.clone());
            }
            self.ids.insert(name.clone(), id);
        }
    }

    /// Takes a row out of every index and gives it back.
    pub(super) fn take(&mut self, id: RowId) -> Option<Row> {
        let row = self.rows.remove(&id)?;
        let service = row.task.service.clone();
        self.unfile(id, &service, Place::of(&row));
        if let Some(group) = row.group {
            self.drop_empty_group(group);
        }
        if self.keys.get(&row.task.key.0) == Some(&id) {
            self.keys.remove(&row.task.key.0);
        }
        for name in &row.ids {
            if self.ids.get(name) == Some(&id) {
                self.ids.remove(name);
            }
        }
        if let Some(change) = row.change {
            self.changed.remove(&change);
        }
        self.unacknowledged.remove(&id);
        Some(row)
    }

    /// Gives a row another key; the old one still finds it.
    pub(super) fn rekey(&mut self, id: RowId, key: &Text) {
        let Some(row) = self.rows.get_mut(&id) else { return };
        if row.task.key.0 == *key || self.keys.contains_key(key) {
            return;
        }
        let old = std::mem::replace(&mut row.task.key, TaskKey(key.clone()));
        self.keys.remove(&old.0);
        self.keys.insert(key.clone(), id);
        self.name(id, &old.0);
        self.remember_merge(old, TaskKey(key.clone()));
        self.edit(id, |_| true);
    }

    /// Two rows are one task: what `other` knows fills the gaps of `kept`, and `other` is gone.
    pub(super) fn merge(&mut self, kept: RowId, other: RowId) {
        if kept == other {
            return;
        }
        let Some(gone) = self.take(other) else { return };
        let key = gone.task.key.clone();
        for name in gone.ids.iter().chain([&key.0]) {
            self.name(kept, name);
        }
        self.edit(kept, |row| {
            absorb(row, gone);
            true
        });
        if let Some(row) = self.rows.get(&kept) {
            let into = row.task.key.clone();
            self.remember_merge(key, into);
        }
    }

    fn remember_merge(&mut self, old: TaskKey, into: TaskKey) {
        if self.merged.len() == MERGES {
            self.merged.pop_front();
        }
        self.merged.push_back((old, into));
    }

    /// Lets the oldest ended and unknown rows go, and the oldest texts.
    pub(super) fn keep_within_limits(&mut self) {
        while self.finished.len() > self.limits.ended_tasks && self.let_oldest_go() {}
        let most = self.limits.memory;
        while self.bytes() > most
            && let Some((_, &id)) = self.with_text.first_key_value()
        {
            self.let_texts_go(id);
        }
        while self.bytes() > most
            && let Some(&(_, id)) = self.large_open.last()
        {
            self.let_texts_go(id);
        }
        while self.bytes() > most && self.let_oldest_go() {}
    }

    /// Lets the oldest ended or unknown row go. False: there is none.
    fn let_oldest_go(&mut self) -> bool {
        let Some((_, &id)) = self.finished.first_key_value() else { return false };
        self.remember_member(id);
        let gone = self.take(id);
        // What was over when it was first heard of stands in the scheduler's list, and happened before nobody's eyes.
        let missed = |row: Row| row.change.is_some() && was_heard(&row.task) && !row.task.is_question();
        self.unread += usize::from(gone.is_some_and(missed));
        self.let_go += 1;
        self.touch();
        true
    }

    /// Lets a row's texts go; what it was, and how it ended, stays. That is shown, and is no change of the task: who has
    /// its last one misses nothing.
    fn let_texts_go(&mut self, id: RowId) {
        let mut first = false;
        self.edit(id, |row| {
            first = !row.task.let_go;
            for task in [Some(&mut row.task), row.likely.as_deref_mut()].into_iter().flatten() {
                task.error = task.failure().map(shortened);
                (task.payload, task.metadata, task.reply) = (None, None, None);
                task.name = shortened_text(&task.name, LONGEST_NAME - 4);
                task.let_go = true;
            }
            false
        });
        self.touch();
        self.texts_let_go += usize::from(first);
    }

    fn file(&mut self, id: RowId, service: &str, place: Place) {
        count(&mut self.tally[usize::from(place.hidden)], place, |n| *n += 1);
        if let Some(standing) = place.member {
            self.file_member(id, standing);
        }
        if let Some(station) = self.station_mut(service) {
            // Ended members stand in their group.
            let finish = place.finish.filter(|_| place.member.is_none());
            station.file(id, place.part, place.hidden, place.turn, finish);
        }
        if let Some(at) = place.finish {
            self.finished.insert(at, id);
            if place.bytes > 0 {
                self.with_text.insert(at, id);
                self.text_bytes += place.bytes;
            }
        }
        self.open_bytes += place.open_bytes;
        if place.open_bytes >= LARGE {
            self.large_open.insert((place.open_bytes, id));
        }
        self.scheduler_bytes += place.listed;
        if let Some(at) = place.due {
            self.due.insert((at, id));
        }
        if let Some(at) = place.timer {
            self.timers.insert((at, id));
        }
        if place.own {
            self.own_open.insert(id);
        }
        if place.scheduler {
            self.scheduler_open.insert(id);
        }
    }

    fn unfile(&mut self, id: RowId, service: &str, place: Place) {
        count(&mut self.tally[usize::from(place.hidden)], place, |n| *n = n.saturating_sub(1));
        if let Some(standing) = place.member {
            self.unfile_member(id, standing);
        }
        if let Some(station) = self.station_mut(service) {
            let finish = place.finish.filter(|_| place.member.is_none());
            station.unfile(id, place.part, place.hidden, place.turn, finish);
        }
        if let Some(at) = place.finish {
            self.finished.remove(&at);
            if self.with_text.remove(&at).is_some() {
                self.text_bytes = self.text_bytes.saturating_sub(place.bytes);
            }
        }
        self.open_bytes = self.open_bytes.saturating_sub(place.open_bytes);
        self.large_open.remove(&(place.open_bytes, id));
        self.scheduler_bytes = self.scheduler_bytes.saturating_sub(place.listed);
        if let Some(at) = place.due {
            self.due.remove(&(at, id));
        }
        if let Some(at) = place.timer {
            self.timers.remove(&(at, id));
        }
        self.own_open.remove(&id);
        self.scheduler_open.remove(&id);
    }
}

/// Whether its end was heard of later than the task itself.
fn was_heard(task: &Task) -> bool {
    task.ended.is_some_and(|end| end.exact || end.at.mono > task.first_seen.mono)
}

fn count(tally: &mut Counts, place: Place, step: impl Fn(&mut usize)) {
    match place.part {
        Part::Waiting => step(&mut tally.waiting),
        Part::Running => step(&mut tally.running),
        Part::Unknown => step(&mut tally.unknown),
        Part::Ended if place.outcome == Some(Outcome::Failed) => step(&mut tally.failed),
        Part::Ended | Part::PutAway => {}
    }
}

/// The name of an error and the beginning of its message.
fn shortened(error: &ErrorBody) -> ErrorBody {
    let cut = |text: &Text| shortened_text(text, MESSAGE_KEPT);
    ErrorBody {
        ename: error.ename.as_ref().map(cut),
        evalue: error.evalue.as_ref().map(cut),
        traceback: None,
    }
}

/// `text`, or about its first `most` bytes and an ellipsis.
fn shortened_text(text: &Text, most: usize) -> Text {
    match text.char_indices().map(|(at, _)| at).take_while(|&at| at <= most).last() {
        Some(at) if text.len() > most => Text::from(format!("{}…", &text[..at])),
        _ => text.clone(),
    }
}

/// How far a task is, when two rows tell of one: an end is certain, a running one was heard, an unknown one was not.
fn progress(task: &Task) -> u8 {
    match task.state {
        State::Scheduled => 0,
        State::Waiting => 1,
        State::Unknown => 2,
        State::Running { starting: true } => 3,
        State::Running { starting: false } => 4,
        State::Ended => 5,
    }
}

fn absorb(row: &mut Row, gone: Row) {
    let (task, other) = (&mut row.task, gone.task);
    if progress(&other) > progress(task) {
        task.state = other.state;
        task.outcome = other.outcome;
        task.reason = other.reason;
        task.ended = other.ended;
    }
    if task.task_type.is_empty() {
        task.task_type = other.task_type;
    }
    if task.name.is_empty() {
        task.name = other.name;
    }
    // A task of the scheduler holds the slot whatever its own flag says.
    let scheduled = task.scheduled_task_id.is_some() || other.scheduled_task_id.is_some();
    if scheduled || task.own == Some(Own::Scheduled) {
        task.lane = Lane::Sequential;
    }
    task.task_id = task.task_id.take().or(other.task_id);
    task.scheduled_task_id = task.scheduled_task_id.take().or(other.scheduled_task_id);
    task.own = task.own.or(other.own);
    task.hidden |= other.hidden;
    task.payload = task.payload.take().or(other.payload);
    task.metadata = task.metadata.take().or(other.metadata);
    task.reply = task.reply.take().or(other.reply);
    task.error = task.error.take().or(other.error);
    task.let_go |= other.let_go;
    task.time = task.time.take().or(other.time);
    task.run_at = task.run_at.take().or(other.run_at);
    task.submitted_at = task.submitted_at.take().or(other.submitted_at);
    task.cancel_wished |= other.cancel_wished;
    if other.first_seen.mono < task.first_seen.mono {
        task.first_seen = other.first_seen;
    }
    if other.last_heard.mono > task.last_heard.mono {
        task.last_heard = other.last_heard;
    }
    task.waiting_since = match (task.waiting_since, other.waiting_since) {
        (Some(one), Some(two)) => Some(if two.at.mono < one.at.mono { two } else { one }),
        (one, two) => one.or(two),
    };
    // The row that saw `started` knows better than the one that only had the scheduler's word.
    task.started =
        if gone.started_seen { other.started.or(task.started) } else { task.started.or(other.started) };
    task.ended = task.ended.or(other.ended);
    if !matches!(task.state, State::Ended | State::Unknown) {
        task.ended = None;
    }
    row.created_seen |= gone.created_seen;
    row.started_seen |= gone.started_seen;
    row.cell |= gone.cell;
    row.eligible = row.eligible.or(gone.eligible);
    row.asked |= gone.asked;
    row.sent = row.sent.or(gone.sent);
    row.likely = row.likely.take().or(gone.likely);
}
