//! The payloads that go out: one, or those that sweeps make of one. None of them is written out before it is asked for.

use super::{Pattern, Plan};

/// The payloads of one task, or of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Payloads {
    /// With the swept fields left open; of one task the whole payload.
    pattern: Pattern,
    /// What goes into the open places; of one task nothing.
    plan: Plan,
}

impl Payloads {
    /// Those that a plan makes.
    pub fn new(pattern: Pattern, plan: Plan) -> Payloads {
        Payloads { pattern, plan }
    }

    /// A single one, letter for letter.
    pub fn one(payload: &str) -> Payloads {
        Payloads::new(Pattern::whole(payload), Plan::default())
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.plan.count()
    }

    /// The one of that number, from 0.
    pub fn nth(&self, at: usize) -> String {
        self.pattern.fill(&self.plan.nth(at).unwrap_or_default())
    }

    /// The values that make the one of that number what it is; of a single one there are none.
    pub fn told(&self, at: usize) -> String {
        self.plan.told(at)
    }

    /// All, one after the other.
    pub fn all(self) -> impl Iterator<Item = String> + Send + 'static {
        (0..self.count()).map(move |at| self.nth(at))
    }
}
