//! One connection as it is shown.

use crate::{
    time::Now,
    wire::link::{LinkState, Problem},
};

/// One connection as it is shown.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its state.
    pub state: LinkState,
    /// Since when it is up, or down (the first loss, not the newest try).
    pub since: Now,
    /// It was up at some time.
    pub was_up: bool,
    /// Why it is down; stays through further tries, until it is up.
    pub problem: Option<Problem>,
}

impl Link {
    pub(super) fn new(state: LinkState, now: Now) -> Link {
        let mut link =
            Link { state: LinkState::Connecting { attempt: 1 }, since: now, was_up: false, problem: None };
        link.take(state);
        link
    }

    pub(super) fn take(&mut self, state: LinkState) {
        match &state {
            LinkState::Live => {
                self.was_up = true;
                self.problem = None;
            }
            LinkState::Waiting { problem, .. } | LinkState::Stopped { problem } => {
                self.problem = Some(problem.clone());
            }
            LinkState::Connecting { .. } => {}
        }
        self.state = state;
    }

    /// Whether it is up.
    pub fn is_live(&self) -> bool {
        self.state == LinkState::Live
    }
}
