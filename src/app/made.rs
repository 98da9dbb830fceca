//! What a composed task's own class has made of its payload, or of all payloads of a group: the code of a cell, the exact
//! display name. It holds for these payloads alone: with the next edit it is gone. What the person typed stays letter for
//! letter; only what is lacking is added. Where the class refuses some, nothing of it is kept but its words.

use std::sync::Arc;

use crate::catalogue::{
    self,
    form::Says,
    script::{Envelope, Refusal, which},
    sweep::Payloads,
};

use super::{compose::Compose, update::parts_of};

/// What a class has made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The payloads as they were typed.
    pub of: Payloads,
    /// What was made of each, in their order.
    pub envelopes: Arc<[Envelope]>,
}

/// What a missing `code` is told as.
pub(super) const NO_CODE: &str =
    "`code` is missing: the cell that runs. Only Python computes it from the other fields";

/// The same where this program makes it, and what it is made of is not there.
pub(super) const NO_SOURCE_OF_CODE: &str =
    "`code` is missing: it is made of the other fields, of which one is missing or wrong";

impl Compose {
    /// The payloads as they are typed; `None` where sweeps make none yet.
    pub(super) fn payloads(&self) -> Option<Payloads> {
        match &self.many {
            Some(many) => many.payloads(),
            None => Some(Payloads::one(&self.text())),
        }
    }

    /// What the class made of the only task, or of the first one.
    pub(super) fn envelope(&self) -> Option<&Envelope> {
        self.made.as_ref().and_then(|made| made.envelopes.first())
    }

    /// A payload with what this program, or the class, adds to it.
    pub(super) fn completed(&self, payload: &str) -> String {
        match self.envelope() {
            Some(envelope) => envelope.complete(payload),
            None => catalogue::complete(&self.task_type, payload),
        }
    }

    /// It is a cell without code, and nothing else keeps it from being sent: only its class can make it.
    pub fn lacks_code(&self) -> bool {
        let mut fatal = self.problems.iter().filter(|p| p.fatal);
        fatal.next().is_some_and(|p| p.what == NO_CODE) && fatal.next().is_none()
    }

    /// Takes what the class has made of the payloads `of`. False if these are no longer the payloads.
    pub fn take_made(&mut self, of: &Payloads, envelopes: Vec<Envelope>) -> bool {
        if self.payloads().as_ref() != Some(of) || envelopes.len() != of.count() {
            return false;
        }
        self.forget_refused();
        self.made = Some(Made { of: of.clone(), envelopes: envelopes.into() });
        self.check();
        true
    }

    /// Takes what the class says against some of the payloads `of`: it stands at the fields until these change. What it
    /// refuses, in one phrase; `None` if these are no longer the payloads.
    pub(super) fn take_refused(&mut self, of: &Payloads, refused: &[Refusal]) -> Option<String> {
        let first = refused.first().filter(|_| self.payloads().as_ref() == Some(of))?;
        let mut parts = parts_of(&first.name, &first.message);
        let (path, what) = parts.first()?;
        let said = if path.is_empty() { what.clone() } else { format!("{path}: {what}") };
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut told = format!("it: {said}");
        if of.count() > 1 {
            let which = which(of, refused);
            told = format!("{which} ({said})");
            for (_, what) in &mut parts {
                *what = format!("{what} (with {})", of.told(first.at));
            }
            parts.insert(0, (String::new(), format!("refuses {which}")));
        }
        if let Some(pane) = self.form_mut() {
            pane.form.place(&parts, Says::Class);
            self.refused = Some(of.clone());
        }
        self.check();
        Some(told)
    }

    /// Drops what the class said, once it is about other payloads.
    pub(super) fn forget_refused(&mut self) {
        if self.refused.take().is_some()
            && let Some(pane) = self.form_mut()
        {
            pane.form.place(&[], Says::Class);
        }
    }
}
