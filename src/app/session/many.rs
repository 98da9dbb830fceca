//! Many tasks at once: a group goes to the scheduler a few at a time, and is cancelled a few at a time.
//!
//! The next one is handed over when an answer to one before has come, so that neither the router nor a screen of the
//! lab is flooded, however large the group. It refuses to send again what may have arrived: such a member counts as
//! doubtful, and the person decides. When the link is lost, or the scheduler refuses one, the rest stays here until the
//! person lets it go on.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, FixedOffset};

use super::{Cancelled, News, Outgoing, Session, Way};
use crate::{
    catalogue::{
        self, TaskType,
        script::Envelope,
        sweep::{Pattern, Plan, Sweep},
    },
    store::{GroupKey, Outcome, State, TaskKey},
    time::Now,
    wire::{Text, frame::TaskFrame, group::Mark, json, link::Line},
};

/// Requests to the scheduler that are open at a time. With four the real one takes about as many tasks a second as
/// with forty (measured), and whoever else asks it something waits for four at most.
pub const WINDOW: usize = 4;

/// A group that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its type.
    pub task_type: TaskType,
    /// The service.
    pub target: Text,
    /// `parallel` of every member. The scheduler gives each one the slot all the same.
    pub parallel: bool,
    /// The payload with the swept fields left open.
    pub payload: Pattern,
    /// The same with its secrets masked, if it has any: display names are made of it.
    pub masked: Option<Pattern>,
    /// What the class made of each payload, if it was asked: shared, for a batch is often looked at.
    pub made: Option<Arc<[Envelope]>>,
    /// What is swept.
    pub plan: Plan,
    /// The group's name.
    pub name: Text,
    /// Its tag.
    pub tag: Text,
    /// Not before this.
    pub run_at: Option<DateTime<FixedOffset>>,
    /// The rest goes only once the first one has ended ok.
    pub first_alone: bool,
}

impl Batch {
    /// How many tasks it makes.
    pub fn count(&self) -> usize {
        self.plan.count()
    }

    /// What the group will be called in the store.
    pub fn key(&self) -> GroupKey {
        GroupKey::new(&self.target, &self.mark(0))
    }

    fn mark(&self, at: usize) -> Mark {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Mark {
            name: self.name.clone(),
            tag: self.tag.clone(),
            place: number(at + 1),
            of: number(self.count()),
        }
    }

    /// The payload of the member of that number, from 0.
    pub fn payload(&self, at: usize) -> String {
        self.filled(&self.payload, at)
    }

    /// For looking at: secrets are masked.
    pub fn shown(&self, at: usize) -> String {
        self.filled(self.masked.as_ref().unwrap_or(&self.payload), at)
    }

    fn filled(&self, pattern: &Pattern, at: usize) -> String {
        let payload = pattern.fill(&self.plan.nth(at).unwrap_or_default());
        match self.envelope(at) {
            Some(envelope) => envelope.complete(&payload),
            None => catalogue::complete(&self.task_type, &payload),
        }
    }

    /// What the class made of the member of that number.
    fn envelope(&self, at: usize) -> Option<&Envelope> {
        self.made.as_ref().and_then(|made| made.get(at))
    }

    /// How many members are cells without code: none of them may ever be sent.
    pub fn without_code(&self) -> usize {
        let lacks = |payload: String| json::get(&payload, "code").is_none_or(|code| code == "null");
        match self.task_type.ipython {
            true => (0..self.count()).filter(|at| lacks(self.payload(*at))).count(),
            false => 0,
        }
    }

    /// The swept fields with their values, a line each: `power = 0, 0.1 … 1 (11 values)`.
    pub fn ranges(&self) -> Vec<String> {
        self.values(4)
    }

    /// The same, where up to `most` values are told one by one.
    pub fn values(&self, most: usize) -> Vec<String> {
        let line = |(name, sweep): &(String, Sweep)| {
            let value = |at: usize| sweep.nth(at).map(|raw| short(&raw)).unwrap_or_default();
            let values = match sweep.count() {
                count if count <= most => (0..count).map(value).collect::<Vec<_>>().join(", "),
                count => format!("{}, {} … {} ({count} values)", value(0), value(1), value(count - 1)),
            };
            format!("{name} = {values}")
        };
        self.plan.axes().iter().map(line).collect()
    }

    /// The frame of the member of that number, from 0. A group of one is a plain task without a mark.
    pub fn frame(&self, at: usize, id: Text) -> TaskFrame {
        let kind = &self.task_type;
        let envelope = self.envelope(at);
        let shown = match envelope {
            Some(envelope) => envelope.display_name.to_string(),
            None => kind.display_name(&self.shown(at)),
        };
        let display_name = if self.count() > 1 { self.mark(at).write(&shown) } else { shown };
        TaskFrame {
            id,
            target: self.target.clone(),
            task_type: kind.name.clone(),
            parallel: self.parallel,
            display_name: display_name.into(),
            show_in_dashboard: envelope.map_or(kind.show_in_dashboard, |made| made.show_in_dashboard),
            payload: self.payload(at).into(),
        }
    }
}

/// A value as it stands in a line.
fn short(raw: &str) -> String {
    let value = json::compact(raw);
    let cut: String = value.chars().take(40).collect();
    if cut.len() < value.len() { cut + "…" } else { cut }
}

/// A group on its way.
#[derive(Clone, Debug)]
pub struct Sending {
    /// What it is called in the store.
    pub key: GroupKey,
    batch: Batch,
    next: usize,
    /// Surely not sent: they go again when the person lets the group go on.
    back: VecDeque<usize>,
    /// Handed over and not answered, by the frame's id.
    open: HashMap<Text, usize>,
    accepted: usize,
    doubtful: usize,
    /// The first one's id, while the rest waits for its end.
    first: Option<Text>,
    paused: Option<String>,
}

impl Sending {
    /// The group's name.
    pub fn name(&self) -> &Text {
        &self.batch.name
    }

    /// How many members there are to be.
    pub fn of(&self) -> usize {
        self.batch.count()
    }

    /// Members that the scheduler has.
    pub fn accepted(&self) -> usize {
        self.accepted
    }

    /// Members that it may have.
    pub fn doubtful(&self) -> usize {
        self.doubtful + self.open.len()
    }

    /// Members that surely did not go out yet.
    pub fn unsent(&self) -> usize {
        self.of() - self.next + self.back.len()
    }

    /// The rest waits for the end of the first one.
    pub fn waits_for_first(&self) -> bool {
        self.first.is_some()
    }

    /// Why nothing more goes out, until the person lets it.
    pub fn paused(&self) -> Option<&str> {
        self.paused.as_deref()
    }

    fn pause(&mut self, why: String) -> Option<News> {
        // Where nothing is left, nothing can be held back.
        if self.paused.is_some() || self.unsent() == 0 {
            return None;
        }
        self.paused = Some(why.clone());
        Some(News::GroupStopped {
            key: self.key.clone(),
            name: self.batch.name.clone(),
            left: self.unsent(),
            why,
        })
    }

    /// The number of the next member that may go out now.
    fn take_next(&mut self) -> Option<usize> {
        if self.paused.is_some() || self.open.len() >= WINDOW {
            return None;
        }
        // Empty: the first one is still to come.
        let held = self.first.as_ref().is_some_and(|id| !id.is_empty());
        if held {
            return None;
        }
        if let Some(at) = self.back.pop_front() {
            return Some(at);
        }
        (self.next < self.batch.count()).then(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

/// Tasks that are being cancelled together.
#[derive(Clone, Debug)]
pub(super) struct Cancelling {
    name: String,
    todo: VecDeque<TaskKey>,
    open: HashSet<TaskKey>,
    tally: CancelTally,
}

/// What came of cancelling many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CancelTally {
    /// They will not start.
    pub done: usize,
    /// They had started, and run on.
    pub run_on: usize,
    /// They had ended already, or were not known any more.
    pub too_late: usize,
    /// The scheduler did not do it.
    pub failed: usize,
    /// The link was lost before the answer: nobody knows.
    pub unknown: usize,
    /// Why, for one of those.
    pub why: Option<String>,
}

impl Session {
    /// Begins to send a group through the scheduler.
    ///
    /// # Errors
    /// One sentence where that cannot be done; then nothing was sent.
    pub fn send_group(&mut self, batch: Batch, now: Now) -> Result<Vec<Outgoing>, String> {
        self.begin(batch, 0, VecDeque::new(), now)
    }

    /// The same with these of its members only, by their numbers from 0: the others went out before.
    ///
    /// # Errors
    /// As [`Session::send_group`].
    pub fn send_rest(&mut self, batch: Batch, rest: Vec<usize>, now: Now) -> Result<Vec<Outgoing>, String> {
        let next = batch.count();
        self.begin(batch, next, rest.into(), now)
    }

    fn begin(
        &mut self,
        batch: Batch,
        next: usize,
        back: VecDeque<usize>,
        now: Now,
    ) -> Result<Vec<Outgoing>, String> {
        if !self.is_live(&Line::Router) {
            return Err("not sent: the task manager is not connected".to_owned());
        }
        if self.has_scheduler == Some(false) {
            return Err("not sent: a group goes through the scheduler, and this Juice has none".to_owned());
        }
        let mut sending = Sending {
            key: batch.key(),
            next,
            back,
            open: HashMap::new(),
            accepted: 0,
            doubtful: 0,
            first: None,
            paused: None,
            batch,
        };
        sending.first = (sending.batch.first_alone && sending.unsent() > 1).then(Text::default);
        self.sending.push(sending);
        let mut out = Vec::new();
        self.go_on(now, &mut out);
        Ok(out)
    }

    /// Groups that are on their way.
    pub fn sending(&self) -> &[Sending] {
        &self.sending
    }

    /// The group on its way of that name.
    pub fn sending_of(&self, key: &GroupKey) -> Option<&Sending> {
        self.sending.iter().find(|sending| sending.key == *key)
    }

    /// Stops sending a group for now.
    pub fn pause_group(&mut self, key: &GroupKey) {
        if let Some(sending) = self.sending.iter_mut().find(|sending| sending.key == *key) {
            sending.paused.get_or_insert_with(|| "stopped by hand".to_owned());
            self.revision += 1;
        }
    }

    /// Lets a group go on: what surely did not go out is sent now, whatever became of the first one.
    ///
    /// # Errors
    /// One sentence where that cannot be done.
    pub fn resume_group(&mut self, key: &GroupKey, now: Now) -> Result<Vec<Outgoing>, String> {
        if !self.is_live(&Line::Router) {
            return Err("not sent: the task manager is not connected".to_owned());
        }
        if let Some(sending) = self.sending.iter_mut().find(|sending| sending.key == *key) {
            sending.paused = None;
            if sending.first.as_ref().is_some_and(|id| !id.is_empty()) {
                sending.first = None;
            }
            self.revision += 1;
        }
        let mut out = Vec::new();
        self.go_on(now, &mut out);
        Ok(out)
    }

    /// Gives up what has not gone out of a group; tells how many that are.
    pub fn drop_rest(&mut self, key: &GroupKey) -> usize {
        let Some(at) = self.sending.iter().position(|sending| sending.key == *key) else { return 0 };
        self.revision += 1;
        self.sending.remove(at).unsent()
    }

    /// Cancels scheduled tasks a few at a time; what came of it is told once as [`News::ManyCancelled`].
    ///
    /// # Errors
    /// One sentence where that cannot be asked.
    pub fn cancel_many(
        &mut self,
        name: String,
        keys: Vec<TaskKey>,
        now: Now,
    ) -> Result<Vec<Outgoing>, String> {
        if !self.is_live(&Line::Router) {
            return Err("not cancelled: the task manager is not connected".to_owned());
        }
        self.cancelling.push(Cancelling {
            name,
            todo: keys.into(),
            open: HashSet::new(),
            tally: CancelTally::default(),
        });
        let mut out = Vec::new();
        self.go_on(now, &mut out);
        Ok(out)
    }

    /// Tells the person, or the group that it belongs to.
    pub(super) fn tell(&mut self, news: News) {
        match &news {
            News::Accepted { id, .. } => {
                if let Some(sending) = self.sending.iter_mut().find(|s| s.open.contains_key(id)) {
                    sending.open.remove(id);
                    sending.accepted += 1;
                    self.revision += 1;
                    return;
                }
            }
            News::NotSent { id, why } => {
                if let Some(at) = self.sending.iter().position(|s| s.open.contains_key(id)) {
                    let doubtful = self.store.find(id).is_some_and(|task| task.state == State::Unknown);
                    let why = why.clone();
                    let id = id.clone();
                    self.member_not_sent(at, &id, why, doubtful);
                    return;
                }
            }
            News::Cancelled { key, done } => {
                if let Some(many) = self.cancelling.iter_mut().find(|many| many.open.contains(key)) {
                    many.open.remove(key);
                    many.tally.add(done);
                    self.revision += 1;
                    return;
                }
            }
            _ => {}
        }
        self.news.push(news);
    }

    fn member_not_sent(&mut self, at: usize, id: &Text, why: String, doubtful: bool) {
        self.revision += 1;
        let link_up = self.is_live(&Line::Router);
        let Some(sending) = self.sending.get_mut(at) else { return };
        let Some(place) = sending.open.remove(id) else { return };
        if doubtful {
            sending.doubtful += 1;
        } else {
            sending.back.push_back(place);
        }
        if sending.first.as_ref() == Some(id) && !doubtful {
            // The first one is still to come.
            sending.first = Some(Text::default());
        }
        let why = if link_up { why } else { "the link was lost".to_owned() };
        let news = sending.pause(why);
        self.news.extend(news);
    }

    /// Hands over what may go out now: of groups, and of cancellations.
    pub(super) fn go_on(&mut self, now: Now, out: &mut Vec<Outgoing>) {
        self.cancel_next(now, out);
        for at in 0..self.sending.len() {
            self.look_at_first(at);
            while let Some(place) = self.sending.get_mut(at).and_then(Sending::take_next) {
                if !self.send_member(at, place, now, out) {
                    break;
                }
            }
        }
        let mut sent = Vec::new();
        self.sending.retain(|sending| {
            let over = sending.unsent() == 0 && sending.open.is_empty();
            if over {
                sent.push(News::GroupSent {
                    key: sending.key.clone(),
                    name: sending.batch.name.clone(),
                    accepted: sending.accepted,
                    doubtful: sending.doubtful,
                });
            }
            !over
        });
        if !sent.is_empty() {
            self.revision += 1;
            self.news.extend(sent);
        }
    }

    fn send_member(&mut self, at: usize, place: usize, now: Now, out: &mut Vec<Outgoing>) -> bool {
        let id = self.ids.fresh();
        let Some(sending) = self.sending.get_mut(at) else { return false };
        let way = Way::Scheduled(sending.batch.run_at);
        let frame = sending.batch.frame(place, id.clone());
        sending.open.insert(id.clone(), place);
        if sending.first.as_ref().is_some_and(|first| first.is_empty()) {
            sending.first = Some(id.clone());
        }
        match self.submit(frame, &way, now) {
            Ok(frames) => {
                out.extend(frames);
                true
            }
            Err(why) => {
                let why = why.strip_prefix("not sent: ").unwrap_or(&why).to_owned();
                self.member_not_sent(at, &id, why, false);
                false
            }
        }
    }

    /// The first one has ended: the rest goes, or stays here with the reason.
    fn look_at_first(&mut self, at: usize) {
        let Some(sending) = self.sending.get(at) else { return };
        let Some(task) = sending.first.as_ref().and_then(|id| self.store.find(id)) else { return };
        let verdict = match (task.state, task.outcome) {
            (State::Ended, Some(Outcome::Ok)) => Ok(()),
            (State::Ended, Some(Outcome::Cancelled)) => Err("the first one was cancelled".to_owned()),
            (State::Ended, _) => {
                let error = task.failure().and_then(|error| error.ename.clone());
                Err(error.map_or("the first one failed".to_owned(), |e| format!("the first one failed: {e}")))
            }
            (State::Unknown, _) => Err("how the first one ended was not seen".to_owned()),
            _ => return,
        };
        let Some(sending) = self.sending.get_mut(at) else { return };
        match verdict {
            Ok(()) => sending.first = None,
            Err(why) => {
                let Some(news) = sending.pause(why) else { return };
                self.news.push(news);
            }
        }
        self.revision += 1;
    }

    fn cancel_next(&mut self, now: Now, out: &mut Vec<Outgoing>) {
        for at in 0..self.cancelling.len() {
            while let Some(many) = self.cancelling.get_mut(at)
                && many.open.len() < WINDOW
                && let Some(key) = many.todo.pop_front()
            {
                many.open.insert(key.clone());
                match self.cancel(&key, now) {
                    Ok(frames) => out.extend(frames),
                    // It has ended since the question was asked, or the link is gone.
                    Err(why) => {
                        let done = match self.store.task(&key) {
                            Some(task) if task.state != State::Ended => Cancelled::Failed(why),
                            _ => Cancelled::TooLate,
                        };
                        self.tell(News::Cancelled { key, done });
                    }
                }
            }
        }
        let mut over = Vec::new();
        self.cancelling.retain(|many| {
            let ended = many.todo.is_empty() && many.open.is_empty();
            if ended {
                over.push(News::ManyCancelled { name: many.name.clone(), tally: many.tally.clone() });
            }
            !ended
        });
        self.news.extend(over);
    }
}

impl CancelTally {
    fn add(&mut self, done: &Cancelled) {
        match done {
            Cancelled::Done => self.done += 1,
            Cancelled::RunsOn => self.run_on += 1,
            Cancelled::TooLate => self.too_late += 1,
            Cancelled::Failed(why) => {
                self.failed += 1;
                self.why.get_or_insert_with(|| why.clone());
            }
            Cancelled::Unknown => self.unknown += 1,
        }
    }
}
