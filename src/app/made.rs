//! What a composed task's own class has made of its payload: the code of a cell, the exact display name. It holds for
//! that payload alone: with the next edit it is gone. What the person typed stays letter for letter; only what is
//! lacking is added.

use crate::catalogue::{self, script::Envelope};

use super::compose::Compose;

/// What a task's class has made of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The payload as it was typed.
    pub of: String,
    /// What was made.
    pub envelope: Envelope,
}

/// What a missing `code` is told as.
pub(super) const NO_CODE: &str =
    "`code` is missing: the cell that runs. Only Python computes it from the other fields";

/// The same where this program makes it, and what it is made of is not there.
pub(super) const NO_SOURCE_OF_CODE: &str =
    "`code` is missing: it is made of the other fields, of which one is missing or wrong";

/// The same where a field runs through several values: the class makes it for one set of them at a time.
pub(super) const NO_CODE_FOR_SEVERAL: &str =
    "`code` is missing, which only Python computes, for one set of values: no field can run through several";

impl Compose {
    /// A payload with what this program, or the class, adds to it.
    pub(super) fn completed(&self, payload: &str) -> String {
        match &self.made {
            Some(made) => made.envelope.complete(payload),
            None => catalogue::complete(&self.task_type, payload),
        }
    }

    /// It is a cell without code, and nothing else keeps it from being sent: only its class can make it.
    pub fn lacks_code(&self) -> bool {
        let mut fatal = self.problems.iter().filter(|p| p.fatal);
        fatal.next().is_some_and(|p| p.what == NO_CODE) && fatal.next().is_none()
    }

    /// Takes what the class has made of the payload `of`. False if that is no longer the payload.
    pub fn take_made(&mut self, of: &str, envelope: Envelope) -> bool {
        if self.text() != of {
            return false;
        }
        self.made = Some(Made { of: of.to_owned(), envelope });
        self.check();
        true
    }
}
