//! The talk with a lab as a recording tells it: what came in is taken in as it once was, what went out is only
//! remembered, so that the answers to it mean what they meant. Nothing is asked for or sent.

use std::time::Duration;

use super::{Ids, Pending, Session, Then};
use crate::{
    recording::What,
    store::{Input, Own, Store, TaskKey},
    time::Now,
    wire::{
        Text,
        event::Stamp,
        frame::{TASK_MANAGER, TaskFrame},
        json,
        link::{Incoming, Line},
    },
};

/// The smallest step of time that is gone.
const STEP: Duration = Duration::from_micros(1);
/// Moments at which time alone may change something between two entries; more are passed over.
const MOST_STEPS: usize = 10_000;

impl Session {
    /// A session that takes in a recording, from its start.
    pub fn of_recording(store: Store, start: Now) -> Session {
        let mut session = Session::new(store, Ids::Random);
        session.replay = Some(start);
        session
    }

    /// Takes in what was recorded, at its moment.
    pub fn replay(&mut self, what: What, now: Now) {
        self.pass(now);
        let incoming = match what {
            What::Link { line, state } => Incoming::Link { line, state },
            What::In { line, frame } => frame.read(&line),
            What::Out { line, text } => return self.went_out(&line, &text, now),
            What::Sent { id } => Incoming::Sent { id },
            What::Withdrawn { id } => Incoming::Withdrawn { id },
            What::Unsent { id, why } => Incoming::Unsent { id, why: why.to_string() },
            What::Bad { line, why, length } => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Incoming::Bad { line, why: why.to_string(), length }
            }
            What::Missed { count } => Incoming::Missed { count },
            What::PutAway { key } => return self.store.apply(Input::PutAway(TaskKey(key)), now),
            What::Clock { .. } | What::End => return,
        };
        self.receive(incoming, now);
    }

    /// Lets time pass up to that moment, with all that it changes on the way.
    pub fn pass(&mut self, until: Now) {
        let Some(mut last) = self.replay else { return };
        for _ in 0..MOST_STEPS {
            let Some(at) = self.wake_at(last).map(|at| at.max(last.mono + STEP)) else { break };
            if at >= until.mono {
                break;
            }
            last = Now { mono: at, utc: until.utc - (until.mono - at) };
            self.wake(last);
        }
        self.replay = Some(until);
    }

    /// A frame went out: what that means for its task and its answer.
    fn went_out(&mut self, line: &Line, text: &str, now: Now) {
        let Ok(frame) = TaskFrame::parse(text) else { return };
        self.revision += 1;
        match line {
            Line::Bus => {}
            Line::Service(_) => {
                let id = frame.id.clone();
                self.store.apply(Input::Submitted { frame, own: Own::Alone }, now);
                self.store.apply(Input::Started { id }, now);
            }
            Line::Task(_) => {
                self.pending.insert(frame.id.clone(), Pending::Apart);
                self.store.apply(Input::Submitted { frame, own: Own::Apart }, now);
            }
            Line::Router => {
                if let Some(pending) = self.asked(frame, now) {
                    let id = pending.0;
                    self.pending.insert(id, pending.1);
                }
            }
        }
    }

    /// What the answer to a frame will mean.
    fn asked(&mut self, frame: TaskFrame, now: Now) -> Option<(Text, Pending)> {
        let id = frame.id.clone();
        let about = || {
            let scheduled = json::get(&frame.payload, "scheduled_task_id").and_then(json::string);
            scheduled.map(Text::from)
        };
        let kind = if *frame.target == *TASK_MANAGER { &*frame.task_type } else { "" };
        let pending = match kind {
            "GetScheduledTasks" => {
                self.list_asked = Some(now);
                self.list_wanted = false;
                self.store.apply(Input::ScheduleAsked, now);
                Pending::List { old: false }
            }
            "GetEventTopicList" => {
                self.topics_wanted = false;
                Pending::Topics
            }
            "GetScheduledTask" => {
                self.asked_behind_withdrawals(&id);
                Pending::Entry { scheduled_task_id: about()?, then: Then::Nothing }
            }
            "CancelScheduledTask" => {
                let scheduled_task_id = about()?;
                let key = TaskKey(scheduled_task_id.clone());
                self.store.apply(Input::CancelAsked(key.clone()), now);
                Pending::Cancel { scheduled_task_id, then: Then::TellCancelled(key) }
            }
            "ScheduleTask" => {
                // The id that the task itself had here went nowhere.
                let own: Text = format!("{id}/own").into();
                let run_at = json::get(&frame.payload, "run_at").and_then(json::string);
                let run_at = run_at.and_then(|at| Stamp::parse(&at).at);
                let frame = TaskFrame::carried(&frame.payload, own)?;
                let own = frame.id.clone();
                self.store.apply(Input::Submitted { frame, own: Own::Scheduled }, now);
                self.store.apply(Input::Carried { id: own.clone(), by: id.clone(), run_at }, now);
                Pending::Schedule { own }
            }
            _ => {
                self.store.apply(Input::Submitted { frame, own: Own::Direct }, now);
                Pending::Direct
            }
        };
        Some((id, pending))
    }
}
