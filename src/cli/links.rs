//! Changes of connections that are worth a line: up, down, and down for another reason. Repeated tries are not.

use std::collections::HashMap;

use crate::{
    app::session::Session,
    wire::link::{Line, LinkState, Problem, ProblemKind},
};

/// A connection that came up (no problem) or is down.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which, in words: `bus`, `router`, `service:NAME`.
    pub link: String,
    /// Why it is down.
    pub problem: Option<Problem>,
}

impl Change {
    /// What happened and what to do about it, in one sentence.
    pub fn sentence(&self) -> String {
        match &self.problem {
            None => format!("{}: live", self.link),
            Some(problem) => format!("{}: {}", self.link, sentence(problem)),
        }
    }
}

/// A problem with its remedy.
pub fn sentence(problem: &Problem) -> String {
    let Problem { what, remedy, .. } = problem;
    if remedy.is_empty() { what.clone() } else { format!("{what}. {remedy}") }
}

/// Whether it may pass by itself, so that another try makes sense.
pub fn passes(kind: ProblemKind) -> bool {
    use ProblemKind::{Closed, ServerError, Silent, TooLarge, Unreachable};
    matches!(kind, Unreachable | ServerError | Closed | Silent | TooLarge)
}

/// What was told of each connection.
#[derive(Debug, Default)]
pub struct Links {
    told: HashMap<Line, Option<String>>,
}

impl Links {
    /// What is new about a connection since it was last asked for.
    pub fn change(&mut self, session: &Session, line: &Line) -> Option<Change> {
        let problem = match &session.link(line)?.state {
            LinkState::Connecting { .. } => return None,
            LinkState::Live => None,
            LinkState::Waiting { problem, .. } | LinkState::Stopped { problem } => Some(problem.clone()),
        };
        let what = problem.as_ref().map(|problem| problem.what.clone());
        if self.told.get(line) == Some(&what) {
            return None;
        }
        self.told.insert(line.clone(), what);
        Some(Change { link: line.name(), problem })
    }
}
