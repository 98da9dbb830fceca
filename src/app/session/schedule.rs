//! The scheduler's part of the talk: its list, cancelling, and putting one task in another's place.
//!
//! Juice can neither change nor move a scheduled task. It is cancelled, its entry is read, and another is sent only where
//! that says that it is cancelled and never started: a cancellation is answered with yes for a running task too, and then
//! it would run twice.

use std::iter;

use super::{Cancelled, News, Outgoing, Pending, REPLACED, Session, Then, Way};
use crate::{
    store::{Input, Outcome, Own, State, Task, TaskKey},
    time::Now,
    wire::{
        Text,
        event::{Event, ScheduledStatus},
        frame::{Reply, Snapshot, TaskFrame, manager},
        json,
        link::Line,
        stand_in::LeftOut,
    },
};

/// A part of the scheduler's list, as it was read. A large list is read beside the loop, and taken in part after part, so that
/// no key waits longer than for one of them and what goes beyond the memory is let go on the way.
#[derive(Debug)]
pub struct ListPart {
    id: Option<Text>,
    /// Of the whole answer.
    bytes: usize,
    entries: Result<Vec<Result<Snapshot, Text>>, String>,
    /// Entries up to here that could not be read.
    odd: usize,
    /// Others follow.
    more: bool,
    unknown_type: bool,
}

/// What a part weighs beside the texts of its entries, bytes an entry.
const ENTRY: usize = 1_000;
/// A part has at most so many entries, and none more once they have so many bytes: a few milliseconds of work.
const PART: usize = 400;
const PART_BYTES: usize = 1 << 20;

impl ListPart {
    /// Reads the reply to a `GetScheduledTasks`, as far as each next part: first what runs or waits, for that is looked
    /// for, then what is over, which may be tens of thousands.
    pub fn all(reply: &Reply) -> impl Iterator<Item = ListPart> {
        let error = told_error(reply);
        let unknown_type = error.as_deref().is_some_and(is_unknown_type);
        let mut rest = match (error, reply.result(false)) {
            (None, Some(raw)) => Some(Ok((raw, json::Items::new(raw), false))),
            (error, _) => Some(Err(error.unwrap_or_else(|| unreadable(reply)))),
        };
        let mut odd = 0;
        iter::from_fn(move || {
            let part = |entries, odd, more| ListPart {
                id: reply.id.clone(),
                bytes: reply.text.len(),
                entries,
                odd,
                more,
                unknown_type,
            };
            let (raw, mut list, mut over) = match rest.take()? {
                Ok(list) => list,
                Err(why) => return Some(part(Err(why), odd, false)),
            };
            let (mut entries, mut bytes) = (Vec::new(), 0);
            let more = loop {
                if entries.len() == PART || bytes >= PART_BYTES {
                    break true;
                }
                match list.next() {
                    Some(Ok(raw)) => {
                        let entry = Snapshot::entry(raw);
                        if is_over(&entry) == over {
                            odd += usize::from(entry.is_err());
                            bytes += raw.len();
                            entries.push(entry);
                        }
                    }
                    Some(Err(_)) => return Some(part(Err(unreadable(reply)), odd, false)),
                    None if over => break false,
                    None => (list, over) = (json::Items::new(raw), true),
                }
            };
            rest = more.then_some(Ok((raw, list, over)));
            Some(part(Ok(entries), odd, more))
        })
    }

    /// All that runs or waits was in a part before: it tells only of what is over.
    pub fn is_over(&self) -> bool {
        self.entries.as_ref().is_ok_and(|entries| entries.first().is_some_and(is_over))
    }

    /// What it takes, bytes.
    pub fn weight(&self) -> usize {
        let texts = |entry: &Result<Snapshot, Text>| match entry {
            Ok(snapshot) => snapshot.result.as_ref().map_or(0, |result| result.len()),
            Err(raw) => raw.len(),
        };
        self.entries.iter().flatten().map(|entry| ENTRY + texts(entry)).sum()
    }
}

/// Whether an entry tells of an end. What cannot be read tells of none.
fn is_over(entry: &Result<Snapshot, Text>) -> bool {
    use ScheduledStatus::{Cancelled, Done, Failed};
    matches!(entry, Ok(snapshot) if matches!(snapshot.status, Done | Failed | Cancelled))
}

/// Why there is no list in a reply that tells of no error.
fn unreadable(reply: &Reply) -> String {
    match LeftOut::read(&reply.text) {
        Some(left_out) => left_out.sentence(),
        None => "the answer cannot be read".to_owned(),
    }
}

/// The frame that sends a task again as it was; `None`: its payload was not seen.
pub fn frame_of(task: &Task, id: Text) -> Option<TaskFrame> {
    let parallel = task.metadata.as_deref().and_then(|m| json::get(m, "parallel"));
    Some(TaskFrame {
        id,
        target: task.service.clone(),
        task_type: task.task_type.clone(),
        parallel: parallel == Some("true"),
        display_name: task.name.clone(),
        show_in_dashboard: !task.hidden,
        payload: task.payload.clone()?,
    })
}

impl Session {
    /// The scheduler's list was asked for and has not come.
    pub fn list_pending(&self) -> bool {
        self.pending.values().any(|pending| matches!(pending, Pending::List { .. }))
    }

    /// Whether that reply is the scheduler's list.
    pub fn is_list(&self, reply: &Reply) -> bool {
        let pending = reply.id.as_ref().and_then(|id| self.pending.get(id));
        matches!(pending, Some(Pending::List { .. }))
    }

    /// Whether all of the scheduler's tasks are known: its list was read to the last entry, and nothing was missed since.
    ///
    /// # Errors
    /// Why not, in one phrase.
    pub fn list_is_whole(&self) -> Result<(), String> {
        if !self.is_live(&Line::Router) || !self.is_live(&Line::Bus) {
            return Err("the task manager is not connected".to_owned());
        }
        if let Some(why) = self.store.schedule_unreadable() {
            return Err(format!("the scheduler's list cannot be read ({why})"));
        }
        let awaited =
            self.list_pending() || self.list_wanted || self.list_unsure || self.list_later.is_some();
        if awaited || self.list_read.is_none() {
            return Err("the scheduler's list has not been read yet".to_owned());
        }
        match self.odd_entries {
            0 => Ok(()),
            _ => Err("an entry of the scheduler's list cannot be read".to_owned()),
        }
    }

    /// Asks for the scheduler's list because the person wants it.
    ///
    /// # Errors
    /// One sentence where it cannot be asked for.
    pub fn read_list(&mut self, now: Now) -> Result<Vec<Outgoing>, String> {
        if !self.is_live(&Line::Router) {
            return Err("the list was not read: the task manager is not connected".to_owned());
        }
        if self.replay.is_some() {
            return Err("the list was not read: this is a recording".to_owned());
        }
        if self.list_pending() {
            return Err("the list is being read already".to_owned());
        }
        self.list_losses = 0;
        let mut out = Vec::new();
        self.ask_list(now, &mut out);
        self.revision += 1;
        Ok(out)
    }

    /// Takes a part of the scheduler's list, once it was read.
    pub fn take_list(&mut self, part: ListPart, now: Now) -> Vec<Outgoing> {
        let pending = part.id.as_ref().and_then(|id| self.pending.get(id));
        if let Some(&Pending::List { old }) = pending {
            if let Some(id) = part.id.as_ref().filter(|_| !part.more) {
                self.pending.remove(id);
            }
            self.listed(part, old, now);
        }
        let mut out = Vec::new();
        self.ask_what_is_wanted(now, &mut out);
        self.ask_open_questions(&mut out);
        out
    }

    /// `old`: something may have been missed since it was asked for, so it does not say how things stand now.
    pub(super) fn listed(&mut self, part: ListPart, old: bool, now: Now) {
        self.list_losses = 0;
        match part.entries {
            Ok(entries) if old => {
                self.learn_of_scheduler(true, now);
                self.store.apply(Input::OldSchedule(entries), now);
            }
            Ok(entries) if part.more => {
                self.learn_of_scheduler(true, now);
                self.store.apply(Input::SchedulePart(entries), now);
            }
            Ok(entries) => {
                self.learn_of_scheduler(true, now);
                self.list_read = Some((now, part.bytes));
                self.odd_entries = part.odd;
                self.store.apply(Input::Schedule(entries), now);
                self.settle_cancellations(now);
            }
            Err(why) => {
                let why = if part.unknown_type {
                    self.learn_of_scheduler(false, now);
                    "this Juice has no scheduler".to_owned()
                } else {
                    why
                };
                self.store.apply(Input::ScheduleUnreadable(why), now);
            }
        }
        self.revision += 1;
    }

    /// The list that was read after a gap tells what came of cancellations that were on their way when it began.
    fn settle_cancellations(&mut self, now: Now) {
        for key in std::mem::take(&mut self.unsettled) {
            let Some(task) = self.store.task(&key) else { continue };
            let (key, state, outcome) = (task.key.clone(), task.state, task.outcome);
            let done = match (state, outcome) {
                (State::Ended, Some(Outcome::Cancelled)) => Cancelled::Done,
                (State::Ended, _) => Cancelled::TooLate,
                (State::Running { .. }, _) => Cancelled::RunsOn,
                (State::Scheduled | State::Waiting, _) => {
                    self.store.apply(Input::CancelLost(key.clone()), now);
                    Cancelled::Failed("the scheduler never got it, and the task still waits".to_owned())
                }
                // Its row says why nobody knows.
                (State::Unknown, _) => continue,
            };
            self.news.push(News::Cancelled { key, done });
        }
    }

    /// Asks the scheduler to cancel; what came of it is told as [`News::Cancelled`].
    ///
    /// # Errors
    /// One sentence where that cannot be asked.
    pub fn cancel(&mut self, key: &TaskKey, now: Now) -> Result<Vec<Outgoing>, String> {
        self.cancel_then(key, Then::TellCancelled(key.clone()), now)
    }

    /// Cancels an own scheduled task that waits, and sends it direct if, and only if, the scheduler then says that
    /// it is cancelled and never started.
    ///
    /// # Errors
    /// One sentence where that cannot be asked.
    pub fn send_direct(&mut self, key: &TaskKey, now: Now) -> Result<Vec<Outgoing>, String> {
        let Some(task) = self.store.task(key) else {
            return Err("that task is no longer known".to_owned());
        };
        if task.own != Some(Own::Scheduled) {
            return Err("only an own scheduled task can be sent direct".to_owned());
        }
        let id = self.ids.fresh();
        let Some(frame) = frame_of(task, id) else {
            return Err("its payload was not seen, so it cannot be sent anew".to_owned());
        };
        self.replace(key, frame, Way::Direct, now)
    }

    /// Cancels a scheduled task that waits, and sends `frame` in its place if, and only if, the scheduler then says
    /// that it is cancelled and never started: else it would run twice. What came of it is told as
    /// [`News::Replaced`] or [`News::NotReplaced`].
    ///
    /// # Errors
    /// One sentence where that cannot be asked; then nothing was cancelled.
    pub fn replace(
        &mut self,
        key: &TaskKey,
        frame: TaskFrame,
        way: Way,
        now: Now,
    ) -> Result<Vec<Outgoing>, String> {
        let Some(task) = self.store.task(key) else {
            return Err("that task is no longer known".to_owned());
        };
        if !matches!(task.state, State::Waiting | State::Scheduled) || task.task_id.is_some() {
            return Err("it does not wait any more, so nothing was sent in its place".to_owned());
        }
        let key = task.key.clone();
        self.cancel_then(&key, Then::Replace { key: key.clone(), frame: Box::new(frame), way }, now)
    }

    fn cancel_then(&mut self, key: &TaskKey, then: Then, now: Now) -> Result<Vec<Outgoing>, String> {
        if self.replay.is_some() {
            return Err("not cancelled: this is a recording".to_owned());
        }
        let Some(task) = self.store.task(key) else {
            return Err("that task is no longer known".to_owned());
        };
        let Some(scheduled_task_id) = task.scheduled_task_id.clone() else {
            return Err(
                "only a scheduled task can be cancelled: Juice cannot withdraw a direct one".to_owned()
            );
        };
        if matches!(task.state, State::Ended) {
            return Err("it has ended already".to_owned());
        }
        if !self.is_live(&Line::Router) {
            return Err("not cancelled: the task manager is not connected".to_owned());
        }
        self.store.apply(Input::CancelAsked(key.clone()), now);
        let mut out = Vec::new();
        let id = self.ids.fresh();
        let frame = manager::cancel_scheduled_task(id, &scheduled_task_id);
        self.send_manager(frame, Pending::Cancel { scheduled_task_id, then }, &mut out);
        Ok(out)
    }

    /// What came of a cancellation, to whoever waits for it.
    pub(super) fn tell_cancelled(&mut self, then: Then, done: Cancelled, why: Option<String>) {
        match then {
            Then::Nothing => {}
            Then::TellCancelled(key) => self.tell(News::Cancelled { key, done }),
            Then::Replace { key, way, .. } => {
                self.news.push(News::NotReplaced { key, way, done, why });
            }
        }
    }

    /// The scheduler said yes to a cancellation and was then asked how the task stands.
    pub(super) fn after_cancel(
        &mut self,
        snapshot: Result<Option<Snapshot>, String>,
        then: Then,
        now: Now,
        out: &mut Vec<Outgoing>,
    ) {
        let done = match &snapshot {
            Ok(Some(s)) if s.task_id.is_some() => Cancelled::RunsOn,
            Ok(Some(s)) if s.status == ScheduledStatus::Cancelled => Cancelled::Done,
            Ok(Some(_)) => Cancelled::Failed("the scheduler still lists it".to_owned()),
            Ok(None) => Cancelled::Failed("the scheduler no longer knows it".to_owned()),
            Err(why) => Cancelled::Failed(why.clone()),
        };
        match then {
            Then::Replace { key, frame, way } if done == Cancelled::Done => {
                let id = frame.id.clone();
                match self.submit(*frame, &way, now) {
                    Ok(frames) => {
                        out.extend(frames);
                        let old =
                            snapshot.ok().flatten().map_or_else(|| key.0.clone(), |s| s.scheduled_task_id);
                        self.replaced.truncate(REPLACED - 1);
                        self.replaced.push_front((old, id.clone()));
                        self.news.push(News::Replaced { key, id, way });
                    }
                    Err(why) => {
                        self.news.push(News::NotReplaced { key, way, done, why: Some(why) });
                    }
                }
            }
            then => self.tell_cancelled(then, done, None),
        }
    }

    /// A task that was replaced starts or ends all the same.
    pub(super) fn ran_after_all(&self, event: &Event) -> Option<(TaskKey, Text)> {
        let (id, ran) = match event {
            Event::Scheduled(event) => (
                &event.scheduled_task_id,
                matches!(
                    event.status,
                    ScheduledStatus::Running | ScheduledStatus::Done | ScheduledStatus::Failed
                ),
            ),
            // An own direct one that was taken back. Nothing should lead here; it would run twice.
            Event::Task(event) => (&event.task_id, true),
            _ => return None,
        };
        let (old, new) = self.replaced.iter().find(|(old, _)| ran && old == id)?;
        Some((TaskKey(old.clone()), new.clone()))
    }

    /// The one in its place is not to run as well: it is cancelled, if it still waits at the scheduler.
    pub(super) fn stop_double(&mut self, key: TaskKey, id: Text, now: Now, out: &mut Vec<Outgoing>) {
        self.replaced.retain(|(old, _)| *old != key.0);
        let double = self.store.find(&id).filter(|t| matches!(t.state, State::Scheduled | State::Waiting));
        if let Some(double) = double.map(|t| t.key.clone()) {
            out.extend(self.cancel(&double, now).unwrap_or_default());
        }
        self.news.push(News::RanAfterAll { key, id });
    }
}

/// The error of a reply in one line.
pub(super) fn told_error(reply: &Reply) -> Option<String> {
    reply
        .error(false)
        .map(|e| format!("{}: {}", e.ename.as_deref().unwrap_or("error"), e.evalue.as_deref().unwrap_or("")))
}

pub(super) fn is_unknown_type(error: &str) -> bool {
    error.contains("Unknown task type")
}
