//! Whether the bus still brings anything, while its connection stands and answers pings.
//!
//! A task manager whose monitor runs tells the bus of itself each 5 s. Where that was heard once on a connection and then
//! nothing comes at all, a question is asked that the router tells the bus of. Its answer without a word on the bus shows
//! that the bus is deaf: its connection is given up, as one that is lost. A word on the bus shows that only the monitor has
//! stopped, and then silence means nothing until it beats again. It refuses to take a lab without a monitor for a deaf one,
//! and a router that answers nothing for anything: pings tell of that one.

use std::time::Duration;

use super::{Outgoing, Pending, QUIET, Session, wanted::NOBODY};
use crate::{
    time::Now,
    wire::{
        event::Event,
        frame::manager,
        link::{Line, Problem, ProblemKind},
    },
};

/// What the monitor calls itself.
const HEARTBEAT: &str = "heartbeat";
/// For how long the bus may stay silent about a question that was answered.
const SLOW: Duration = Duration::from_secs(5);
/// Where nobody can be asked (through the edge one only listens), this much silence is enough: six heartbeats.
const DEAF: Duration = Duration::from_secs(30);

/// What is known of the bus's hearing on this connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Hearing {
    /// The heartbeat was heard, and nothing says that it has stopped alone.
    pub beats: bool,
    asked: bool,
    /// When the question was answered.
    answered: Option<Duration>,
    /// It is deaf: whoever has the connection is to give it up.
    fault: Option<Problem>,
}

impl Hearing {
    /// Something came on the bus.
    pub fn heard(&mut self, event: &Event) {
        let beat = matches!(event, Event::Throttle(throttle) if &*throttle.id == HEARTBEAT);
        // Asked because of its silence, it brings something else: the monitor alone is silent.
        self.beats = beat || (self.beats && !self.asked);
        (self.asked, self.answered) = (false, None);
    }

    /// The question did not go out, or its answer cannot come any more.
    pub fn forget_question(&mut self) {
        (self.asked, self.answered) = (false, None);
    }

    /// The question was answered.
    pub fn answered(&mut self, now: Now) {
        if self.asked {
            self.answered = Some(now.mono);
        }
    }
}

impl Session {
    /// Looks whether the bus is silent for too long, and asks.
    pub(super) fn listen(&mut self, now: Now, out: &mut Vec<Outgoing>) {
        if self.hearing.fault.is_some() || self.listen_at(now).is_none_or(|at| at > now.mono) {
            return;
        }
        if self.link(&Line::Router).is_none() || self.hearing.answered.is_some() {
            let silence = now.since(self.bus_heard.unwrap_or(now)).as_secs();
            self.hearing = Hearing { fault: Some(deaf(silence)), ..Hearing::default() };
            return;
        }
        self.hearing.asked = true;
        let id = self.ids.fresh();
        self.send_manager(manager::get_scheduled_task(id, NOBODY), Pending::Hearing, out);
    }

    /// When that is to be looked at next; at once where a deaf bus is to be given up.
    pub(super) fn listen_at(&self, now: Now) -> Option<Duration> {
        let hearing = &self.hearing;
        if hearing.fault.is_some() {
            return Some(now.mono);
        }
        if !hearing.beats || self.replay.is_some() || !self.is_live(&Line::Bus) {
            return None;
        }
        let heard = self.bus_heard?.mono;
        match (self.link(&Line::Router), hearing.answered) {
            (None, _) => Some(heard + DEAF),
            (Some(_), Some(answered)) => Some(answered + SLOW),
            (Some(router), None) => (router.is_live() && !hearing.asked).then_some(heard + QUIET),
        }
    }

    /// The bus's connection stands and brings nothing: whoever keeps it is to give it up and open another, for this
    /// reason. Told once.
    pub fn take_deaf_bus(&mut self) -> Option<Problem> {
        self.hearing.fault.take()
    }
}

fn deaf(silence: u64) -> Problem {
    Problem {
        kind: ProblemKind::Silent,
        what: format!("The bus has brought nothing for {silence} s, although its connection stands"),
        remedy:
            "It is opened anew by itself; if that does not help, the task manager's event proxy hangs, and \
                 juice-task-manager needs a restart"
                .to_owned(),
    }
}
