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
//! refuses where not all was heard since the task was sent, and gives up (*unknown*) where the question is not heard.

use std::time::Duration;

use super::{Cancelled, News, Outgoing, Pending, Session, Way, schedule::frame_of, wanted::NOBODY};
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

/// For how long the bus may stay silent about a question. Juice drops events for a reader that is thousands of them behind;
/// one that is no more than this behind loses none.
const LAG: Duration = Duration::from_secs(2);

/// How far a task is on its way back.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// The bus is to tell of this question first, until then.
    Listening(Text, Duration),
    /// Its connection is being closed.
    Closing,
    /// The bus is to tell of this question, which was asked behind the good-bye.
    Settling(Text, Duration),
    /// The same in a recording, which tells of the good-bye and not yet of the question.
    Unasked,
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

    /// Takes an own direct task back that waits; `in_its_place`: sends it anew this way, if it is sure that it never began.
    /// What came of it is told as [`News::Cancelled`], else as [`News::Replaced`] or [`News::NotReplaced`].
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
        let Some(id) = task.task_id.clone().filter(|id| !self.withdrawing.contains_key(id)) else {
            return Err("it is being withdrawn already".to_owned());
        };
        let task = task.clone();
        let then = match in_its_place {
            Some(way) => Some((self.instead(&task, &way)?, way)),
            None => None,
        };
        self.store.apply(Input::CancelAsked(task.key), now);
        let mut out = Vec::new();
        let question = self.ask_the_bus(&mut out);
        let stage = Stage::Listening(question, now.mono + LAG);
        self.withdrawing.insert(id, Withdrawing { then, stage });
        self.revision += 1;
        Ok(out)
    }

    /// Asks something of which the router tells its bus.
    fn ask_the_bus(&mut self, out: &mut Vec<Outgoing>) -> Text {
        let question = self.ids.fresh();
        self.send_manager(manager::get_scheduled_task(question.clone(), NOBODY), Pending::Settling, out);
        question
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
    pub(super) fn closed(&mut self, id: Text, now: Now, out: &mut Vec<Outgoing>) {
        self.pending.remove(&id);
        if self.replay.is_some() {
            self.withdrawing.insert(id, Withdrawing { then: None, stage: Stage::Unasked });
            return;
        }
        if !self.is_live(&Line::Router) || !self.withdrawing.contains_key(&id) {
            return self.not_settled(&id, now);
        }
        let question = self.ask_the_bus(out);
        if let Some(withdrawing) = self.withdrawing.get_mut(&id) {
            withdrawing.stage = Stage::Settling(question, now.mono + LAG);
        }
    }

    /// In a recording: a question went out. The first one behind a good-bye is the one that was asked because of it.
    pub(super) fn asked_behind_withdrawals(&mut self, question: &Text) {
        let mut all = self.withdrawing.values_mut();
        if let Some(withdrawing) = all.find(|withdrawing| withdrawing.stage == Stage::Unasked) {
            withdrawing.stage = Stage::Settling(question.clone(), Duration::MAX);
        }
    }

    /// The tasks on their way back that this event is about: the bus tells of their question.
    pub(super) fn settled_by(&self, event: &Event) -> Vec<Text> {
        let Event::Task(event) = event else { return Vec::new() };
        let of_it = |w: &Withdrawing| matches!(&w.stage, Stage::Listening(id, _) | Stage::Settling(id, _) if *id == event.task_id);
        self.withdrawing.iter().filter(|(_, w)| of_it(w)).map(|(id, _)| id.clone()).collect()
    }

    /// The bus has told of the question, so all that came before it has been heard.
    pub(super) fn heard_question(&mut self, id: &Text, now: Now, out: &mut Vec<Outgoing>) {
        let listening = self.withdrawing.get(id).is_some_and(|w| matches!(w.stage, Stage::Listening(..)));
        if !listening {
            return self.withdrawn(id, now, out);
        }
        let Some(task) = self.store.find(id) else { return };
        match self.can_withdraw(task) {
            Ok(()) => {
                if let Some(withdrawing) = self.withdrawing.get_mut(id) {
                    withdrawing.stage = Stage::Closing;
                }
                self.closing.push(id.clone());
            }
            Err(_) if task.state != State::Waiting => self.not_taken_back(id, Cancelled::RunsOn, now),
            Err(why) => self.not_taken_back(id, Cancelled::Failed(why.to_owned()), now),
        }
    }

    /// It stays as it is, with its connection.
    fn not_taken_back(&mut self, id: &Text, done: Cancelled, now: Now) {
        if let Some(key) = self.store.find(id).map(|task| task.key.clone()) {
            self.store.apply(Input::CancelLost(key), now);
        }
        self.tell_withdrawal(id, done);
    }

    /// All that was told before the good-bye has been heard.
    fn withdrawn(&mut self, id: &Text, now: Now, out: &mut Vec<Outgoing>) {
        // Something was missed since it was sent: its beginning may have been.
        let missed = self.store.find(id).is_some_and(|task| {
            task.state == State::Waiting && !self.all_heard_of(task) && self.replay.is_none()
        });
        match missed {
            true => self.not_settled(id, now),
            false => self.taken_back(id, now, out),
        }
    }

    /// Its connection is closed, or it never went out on one; if it waits still, it never began.
    pub(super) fn taken_back(&mut self, id: &Text, now: Now, out: &mut Vec<Outgoing>) {
        let Some(key) = self.store.find(id).map(|task| task.key.clone()) else {
            self.withdrawing.remove(id);
            return;
        };
        let then = self.withdrawing.remove(id).and_then(|withdrawing| withdrawing.then);
        self.store.apply(Input::Withdrawn { id: id.clone() }, now);
        let never_began = self.store.find(id).is_some_and(|task| task.state == State::Ended);
        let done = if never_began { Cancelled::Done } else { Cancelled::RunsOn };
        self.revision += 1;
        match then {
            Some((frame, way)) if never_began => {
                let id = frame.id.clone();
                match self.submit(frame, &way, now) {
                    Ok(frames) => {
                        out.extend(frames);
                        self.tell(News::Replaced { key, id, way });
                    }
                    Err(why) => self.tell(News::NotReplaced { key, way, done, why: Some(why) }),
                }
            }
            Some((_, way)) => self.tell(News::NotReplaced { key, way, done, why: None }),
            None => self.tell(News::Cancelled { key, done }),
        }
    }

    /// Its answer came before its connection was closed.
    pub(super) fn answered_meanwhile(&mut self, id: &Text) {
        self.tell_withdrawal(id, Cancelled::TooLate);
    }

    /// Nobody knows whether it had begun.
    fn not_settled(&mut self, id: &Text, now: Now) {
        self.store.apply(Input::ConnectionLost { id: id.clone() }, now);
        self.tell_withdrawal(id, Cancelled::Unknown);
    }

    fn tell_withdrawal(&mut self, id: &Text, done: Cancelled) {
        let Some(Withdrawing { then, .. }) = self.withdrawing.remove(id) else { return };
        let Some(key) = self.store.find(id).map(|task| task.key.clone()) else { return };
        match then {
            Some((_, way)) => self.tell(News::NotReplaced { key, way, done, why: None }),
            None => self.tell(News::Cancelled { key, done }),
        }
    }

    /// The connection of one task is gone.
    pub(super) fn lose_apart(&mut self, id: &Text, state: &LinkState, now: Now) {
        if !matches!(state, LinkState::Waiting { .. } | LinkState::Stopped { .. }) {
            return;
        }
        self.pending.remove(id);
        let name = self.store.find(id).map(|task| format!("{} on {}", task.name, task.service));
        if self.withdrawing.contains_key(id) {
            return self.not_settled(id, now);
        }
        self.store.apply(Input::ConnectionLost { id: id.clone() }, now);
        if let Some(name) = name {
            self.tell(News::LinkLost { names: vec![name] });
        }
    }

    /// Those of which the bus does not tell.
    pub(super) fn give_up_withdrawals(&mut self, now: Now) {
        let late: Vec<(Text, bool)> = self
            .withdrawing
            .iter()
            .filter(|(_, w)| w.until().is_some_and(|until| until <= now.mono))
            .map(|(id, w)| (id.clone(), matches!(w.stage, Stage::Listening(..))))
            .collect();
        for (id, listening) in late {
            if listening {
                let why = format!(
                    "the bus is behind by more than {} s, so it could not be told whether it begins meanwhile",
                    LAG.as_secs()
                );
                self.not_taken_back(&id, Cancelled::Failed(why), now);
            } else {
                self.not_settled(&id, now);
            }
        }
    }

    /// When that is to be looked at next.
    pub(super) fn withdrawals_until(&self) -> Option<Duration> {
        self.withdrawing.values().filter_map(Withdrawing::until).min()
    }
}

impl Withdrawing {
    /// Until when the bus may tell of its question.
    fn until(&self) -> Option<Duration> {
        match self.stage {
            Stage::Listening(_, until) | Stage::Settling(_, until) => Some(until),
            Stage::Closing | Stage::Unasked => None,
        }
    }
}
