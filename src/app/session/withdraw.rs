//! Taking back an own direct task that waits for its slot, and what is to become of it then.
//!
//! Juice has no word for that. It drops what waits of a client that has left, so a sequential task has a connection of its
//! own, and that is closed. What is to be known then is whether the task had begun in that very moment: a router that is
//! one thread has told its bus `created` before it says good-bye, or never will. So a question is asked behind the
//! good-bye, of which the router tells the bus too, by the same way: once that is heard, all that came before it has been.
//! (600 tasks whose slot became free around the moment of the good-bye: 197 had begun, and of each of them `created` was heard
//! before the question; none of the 403 others ran. Measured on a real Juice.)
//!
//! Before that the same question is asked once: a bus that is behind may be about to drop events, and then nothing is closed.
//!
//! It refuses to take back what has begun: Juice would go on with it, tell nobody how it ended, and give away its slot. It
//! refuses where not all was heard since the task was sent, and gives up (*unknown*) where the question is not heard. Several
//! go one after another in the order in which that is asked for, and what is sent in their place goes once all are back, the
//! last one first: so whoever takes back the last of a queue first keeps its order, whatever begins meanwhile.

use std::time::Duration;

use super::{Cancelled, News, Outgoing, Pending, REPLACED, Session, Way, schedule::frame_of, wanted::NOBODY};
use crate::{
    store::{Input, Own, State, Task, TaskKey},
    time::Now,
    wire::{
        Text,
        event::Event,
        frame::{LARGEST, TaskFrame, manager},
        link::{Line, LinkState},
    },
};

/// For how long the bus may stay silent about the question before anything is closed.
const LAG: Duration = Duration::from_secs(2);

/// The same behind the good-bye, when it is too late to leave all as it was.
const PATIENCE: Duration = Duration::from_secs(20);

/// So many events may come between a question and the bus's word of it. Juice drops events for a reader that is a thousand of
/// them behind (ZeroMQ's own limit).
const BACKLOG: u64 = 300;

/// How far a task is on its way back.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// Another one is on its way back.
    Queued,
    /// The bus is to tell of this question first.
    Listening(Question),
    /// Its connection is being closed.
    Closing,
    /// The bus is to tell of this question, which was asked behind the good-bye.
    Settling(Question),
    /// The same in a recording, which tells of the good-bye and not yet of the question.
    Unasked(Question),
}

/// Something that was asked so that the bus tells of it.
#[derive(Clone, Debug, PartialEq)]
struct Question {
    id: Text,
    /// Until when the bus may tell.
    until: Duration,
    /// How many events had come on the bus when it was asked.
    asked_at: u64,
}

/// A task that never began, and what goes in its place.
#[derive(Clone, Debug)]
pub(super) struct TakenBack {
    key: TaskKey,
    frame: TaskFrame,
    way: Way,
}

/// A task on its way back.
#[derive(Clone, Debug)]
pub(super) struct Withdrawing {
    /// What is sent in its place once it is sure that it never began.
    then: Option<(TaskFrame, Way)>,
    stage: Stage,
}

impl Session {
    /// Whether that task can be taken back.
    ///
    /// # Errors
    /// Why not, in one phrase about *it*.
    pub fn can_withdraw(&self, task: &Task) -> Result<(), &'static str> {
        if task.own != Some(Own::Apart) {
            return Err(match task.own {
                None => "only who has sent a direct task can take it back",
                _ => "it has no connection of its own that could be closed",
            });
        }
        if task.state != State::Waiting {
            return Err("it does not wait any more");
        }
        if self.replay.is_some() {
            return Err("this is a recording");
        }
        if !self.is_live(&Line::Router) || !self.is_live(&Line::Bus) {
            return Err("the task manager is not connected");
        }
        // It may have begun where nobody heard it.
        if !self.all_heard_of(task) {
            return Err("not all was heard since it was sent, so it may have begun");
        }
        Ok(())
    }

    /// Whether nothing was missed on the bus since the task was sent.
    fn all_heard_of(&self, task: &Task) -> bool {
        self.bus_whole.is_some_and(|since| since.mono < task.first_seen.mono)
    }

    /// Takes an own direct task back that waits, once those before it are back; `in_its_place`: sends it anew this way, if it
    /// is sure that it never began. What came of it is told as [`News::Cancelled`], else as [`News::Replaced`] or [`News::NotReplaced`].
    ///
    /// # Errors
    /// One sentence where that cannot be done; then nothing was.
    pub fn withdraw(
        &mut self,
        key: &TaskKey,
        in_its_place: Option<Way>,
        now: Now,
    ) -> Result<Vec<Outgoing>, String> {
        let Some(task) = self.store.task(key) else {
            return Err("that task is no longer known".to_owned());
        };
        self.can_withdraw(task).map_err(|why| format!("not withdrawn: {why}"))?;
        let Some(id) = task.task_id.clone().filter(|id| !self.is_withdrawing(id)) else {
            return Err("it is being withdrawn already".to_owned());
        };
        let task = task.clone();
        let then = match in_its_place {
            Some(way) => Some((self.instead(&task, &way)?, way)),
            None => None,
        };
        self.store.apply(Input::CancelAsked(task.key), now);
        self.withdrawing.push((id, Withdrawing { then, stage: Stage::Queued }));
        let mut out = Vec::new();
        self.next_withdrawal(now, &mut out);
        self.revision += 1;
        Ok(out)
    }

    /// Goes on with the next one where none is on its way; once none is left, sends what goes in their place.
    fn next_withdrawal(&mut self, now: Now, out: &mut Vec<Outgoing>) {
        if let Some((id, _)) = self.withdrawing.first().filter(|(_, w)| w.stage == Stage::Queued) {
            if !self.is_live(&Line::Router) {
                let id = id.clone();
                let why = Cancelled::Failed("the task manager is not connected".to_owned());
                return self.not_taken_back(&id, why, now, out);
            }
            let question = self.ask_the_bus(LAG, now, out);
            self.withdrawing[0].1.stage = Stage::Listening(question);
        }
        if !self.withdrawing.is_empty() {
            return;
        }
        while let Some(TakenBack { key, frame, way }) = self.taken_back.pop() {
            let id = frame.id.clone();
            match self.submit(frame, &way, now) {
                Ok(frames) => {
                    out.extend(frames);
                    let old = self.store.task(&key).and_then(|task| task.task_id.clone());
                    self.replaced.truncate(REPLACED - 1);
                    self.replaced.push_front((old.unwrap_or_else(|| key.0.clone()), id.clone()));
                    self.tell(News::Replaced { key, id, way });
                }
                Err(why) => {
                    let done = Cancelled::Done;
                    self.tell(News::NotReplaced { key, way, done, why: Some(why) });
                }
            }
        }
    }

    /// Asks something of which the router tells its bus.
    fn ask_the_bus(&mut self, patience: Duration, now: Now, out: &mut Vec<Outgoing>) -> Question {
        let id = self.ids.fresh();
        self.send_manager(manager::get_scheduled_task(id.clone(), NOBODY), Pending::Settling, out);
        Question { id, until: now.mono + patience, asked_at: self.bus_events }
    }

    fn stage(&mut self, id: &str) -> Option<&mut Stage> {
        self.withdrawing.iter_mut().find(|(of, _)| **of == *id).map(|(_, w)| &mut w.stage)
    }

    pub(super) fn is_withdrawing(&self, id: &str) -> bool {
        self.withdrawing.iter().any(|(of, _)| **of == *id)
    }

    fn end_withdrawal(&mut self, id: &str) -> Option<Withdrawing> {
        let at = self.withdrawing.iter().position(|(of, _)| **of == *id)?;
        Some(self.withdrawing.remove(at).1)
    }

    /// Own tasks, by their ids, whose connections whoever has them is to close; each is told once.
    pub fn take_closing(&mut self) -> Vec<Text> {
        std::mem::take(&mut self.closing)
    }

    /// The frame that goes in the place of a task that is taken back. It has to be such that it can be sent.
    fn instead(&mut self, task: &Task, way: &Way) -> Result<TaskFrame, String> {
        let Some(frame) = frame_of(task, self.ids.fresh()) else {
            return Err("not withdrawn: its payload was let go to save memory, so it could not be sent anew"
                .to_owned());
        };
        if let Way::Scheduled(run_at) = way {
            if self.has_scheduler == Some(false) {
                return Err(
                    "not withdrawn: this Juice has no scheduler (it is older than 26.29.0)".to_owned()
                );
            }
            let bytes = frame.scheduled(frame.id.clone(), *run_at).encode().len();
            if bytes > LARGEST {
                return Err(format!(
                    "not withdrawn: for the scheduler it would be a frame of {bytes} bytes, and Juice takes at most {LARGEST}"
                ));
            }
        }
        Ok(frame)
    }

    /// The router has said good-bye.
    pub(super) fn closed(&mut self, id: &Text, now: Now, out: &mut Vec<Outgoing>) {
        self.pending.remove(id);
        if !self.is_live(&Line::Router) {
            return self.not_settled(id, now, out);
        }
        if self.replay.is_some() {
            let question =
                Question { id: Text::default(), until: now.mono + PATIENCE, asked_at: self.bus_events };
            let stage = Stage::Unasked(question);
            self.withdrawing.push((id.clone(), Withdrawing { then: None, stage }));
            return;
        }
        let question = self.ask_the_bus(PATIENCE, now, out);
        match self.stage(id) {
            Some(stage) => *stage = Stage::Settling(question),
            None => self.not_settled(id, now, out),
        }
    }

    /// In a recording: a question went out. The first one behind a good-bye is the one that was asked because of it.
    pub(super) fn asked_behind_withdrawals(&mut self, question: &Text) {
        let events = self.bus_events;
        for (_, Withdrawing { stage, .. }) in &mut self.withdrawing {
            if let Stage::Unasked(Question { until, .. }) = *stage {
                *stage = Stage::Settling(Question { id: question.clone(), until, asked_at: events });
                return;
            }
        }
    }

    /// The task on its way back that this event is about: the bus tells of its question.
    pub(super) fn settled_by(&self, event: &Event) -> Option<Text> {
        let Event::Task(event) = event else { return None };
        let of_it = |w: &Withdrawing| matches!(&w.stage, Stage::Listening(q) | Stage::Settling(q) if q.id == event.task_id);
        self.withdrawing.iter().find(|(_, w)| of_it(w)).map(|(id, _)| id.clone())
    }

    /// The bus has told of the question, so all that came before it has been heard.
    pub(super) fn heard_question(&mut self, id: &Text, now: Now, out: &mut Vec<Outgoing>) {
        let events = self.bus_events;
        let Some(stage) = self.stage(id).cloned() else { return };
        let (Stage::Listening(question) | Stage::Settling(question)) = &stage else { return };
        let behind = events - question.asked_at > BACKLOG;
        let Some(task) = self.store.find(id) else { return };
        let waits = task.state == State::Waiting;
        if let Stage::Settling(_) = stage {
            // Something was missed since it was sent: its beginning may have been.
            return match waits && (behind || !self.all_heard_of(task)) {
                true => self.not_settled(id, now, out),
                false => self.is_back(id, now, out),
            };
        }
        match self.can_withdraw(task) {
            Err(_) if !waits => self.not_taken_back(id, Cancelled::RunsOn, now, out),
            Err(why) => self.not_taken_back(id, Cancelled::Failed(why.to_owned()), now, out),
            Ok(()) if behind => self.not_taken_back(id, Cancelled::Failed(BEHIND.to_owned()), now, out),
            Ok(()) => {
                if let Some(stage) = self.stage(id) {
                    *stage = Stage::Closing;
                }
                self.closing.push(id.clone());
            }
        }
    }

    /// It stays as it is, with its connection.
    fn not_taken_back(&mut self, id: &Text, done: Cancelled, now: Now, out: &mut Vec<Outgoing>) {
        if let Some(key) = self.store.find(id).map(|task| task.key.clone()) {
            self.store.apply(Input::CancelLost(key), now);
        }
        self.tell_withdrawal(id, done, now, out);
    }

    /// Its connection is closed and all was heard, or it never went out on one; if it waits still, it never began.
    pub(super) fn is_back(&mut self, id: &Text, now: Now, out: &mut Vec<Outgoing>) {
        self.store.apply(Input::Withdrawn { id: id.clone() }, now);
        let task = self.store.find(id).map(|task| (task.key.clone(), task.state));
        let then = self.end_withdrawal(id).and_then(|withdrawing| withdrawing.then);
        self.revision += 1;
        if let Some((key, state)) = task {
            match (then, state) {
                (Some((frame, way)), State::Ended) => self.taken_back.push(TakenBack { key, frame, way }),
                (Some((_, way)), _) => {
                    let done = Cancelled::RunsOn;
                    self.tell(News::NotReplaced { key, way, done, why: None });
                }
                (None, State::Ended) => self.tell(News::Cancelled { key, done: Cancelled::Done }),
                (None, _) => self.tell(News::Cancelled { key, done: Cancelled::RunsOn }),
            }
        }
        self.next_withdrawal(now, out);
    }

    /// Its answer came before its connection was closed.
    pub(super) fn answered_meanwhile(&mut self, id: &Text, now: Now, out: &mut Vec<Outgoing>) {
        self.tell_withdrawal(id, Cancelled::TooLate, now, out);
    }

    /// Nobody knows whether it had begun.
    fn not_settled(&mut self, id: &Text, now: Now, out: &mut Vec<Outgoing>) {
        self.store.apply(Input::ConnectionLost { id: id.clone() }, now);
        self.tell_withdrawal(id, Cancelled::Unknown, now, out);
    }

    fn tell_withdrawal(&mut self, id: &Text, done: Cancelled, now: Now, out: &mut Vec<Outgoing>) {
        let Some(Withdrawing { then, .. }) = self.end_withdrawal(id) else { return };
        if let Some(key) = self.store.find(id).map(|task| task.key.clone()) {
            match then {
                Some((_, way)) => self.tell(News::NotReplaced { key, way, done, why: None }),
                None => self.tell(News::Cancelled { key, done }),
            }
        }
        self.next_withdrawal(now, out);
    }

    /// The connection of one task is gone.
    pub(super) fn lose_apart(&mut self, id: &Text, state: &LinkState, now: Now, out: &mut Vec<Outgoing>) {
        if !matches!(state, LinkState::Waiting { .. } | LinkState::Stopped { .. }) {
            return;
        }
        self.pending.remove(id);
        let name = self.store.find(id).map(super::news::at_risk);
        if self.is_withdrawing(id) {
            return self.not_settled(id, now, out);
        }
        self.store.apply(Input::ConnectionLost { id: id.clone() }, now);
        if let Some(name) = name {
            self.tell(News::LinkLost { names: vec![name] });
        }
    }

    /// Those of which the bus does not tell.
    pub(super) fn give_up_withdrawals(&mut self, now: Now, out: &mut Vec<Outgoing>) {
        let late = |(_, w): &&(Text, Withdrawing)| w.until().is_some_and(|until| until <= now.mono);
        while let Some((id, withdrawing)) = self.withdrawing.iter().find(late).cloned() {
            match withdrawing.stage {
                Stage::Listening(_) => {
                    self.not_taken_back(&id, Cancelled::Failed(BEHIND.to_owned()), now, out);
                }
                _ => self.not_settled(&id, now, out),
            }
        }
    }

    /// When that is to be looked at next.
    pub(super) fn withdrawals_until(&self) -> Option<Duration> {
        self.withdrawing.iter().filter_map(|(_, w)| w.until()).min()
    }
}

/// Why a task is left where it is.
const BEHIND: &str = "the bus is behind, so it could not be told whether it begins meanwhile";

impl Withdrawing {
    /// Until when the bus may tell of its question.
    fn until(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Listening(question) | Stage::Settling(question) | Stage::Unasked(question) => {
                Some(question.until)
            }
            Stage::Queued | Stage::Closing => None,
        }
    }
}
