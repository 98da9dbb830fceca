//! A task as it is kept, made of the store's row and made into one again.

use crate::{
    store::{Past, Task},
    wire::{
        Text,
        event::Stamp,
        frame::{ErrorBody, Reply},
        name::masked_name,
    },
};

/// A text, or how large it was where it was too large to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The text, as it came.
    Text(Text),
    /// It had so many bytes, and was not kept.
    TooLarge(usize),
}

impl Kept {
    /// A text of at most that many bytes is kept.
    pub fn within(text: Text, most: usize) -> Kept {
        if text.len() > most { Kept::TooLarge(text.len()) } else { Kept::Text(text) }
    }

    /// The text.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Kept::Text(text) => Some(text),
            Kept::TooLarge(_) => None,
        }
    }
}

/// The texts of a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Texts {
    /// Its fields.
    pub payload: Option<Kept>,
    /// Secrets stand in `payload` as asterisks.
    pub masked: bool,
    /// Its metadata.
    pub metadata: Option<Kept>,
    /// Its reply.
    pub reply: Option<Kept>,
}

/// A task as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What a line tells.
    pub past: Past,
    /// `time` of its events: tells runs under one id apart.
    pub time: Option<Text>,
    /// Scheduled: not before this.
    pub run_at: Option<Text>,
    /// Scheduled: when it was submitted.
    pub submitted_at: Option<Text>,
    /// A cancellation was asked for or seen while it ran on.
    pub cancel_wished: bool,
    /// Its texts.
    pub texts: Texts,
}

impl Record {
    /// What is written of a task. `masked`: its payload with asterisks in place of its secrets, where it has any.
    /// `most`: larger texts are only counted.
    pub fn of(task: &Task, masked: Option<Text>, most: usize) -> Record {
        let raw = |stamp: &Option<Stamp>| stamp.as_ref().map(|stamp| stamp.raw.clone());
        let is_masked = masked.is_some();
        let payload = masked.or_else(|| task.payload.clone());
        let mut past = Past::of(task);
        if let Some(name) = masked_name(&past.name) {
            past.name = name.into();
        }
        Record {
            past,
            time: raw(&task.time),
            run_at: raw(&task.run_at),
            submitted_at: raw(&task.submitted_at),
            cancel_wished: task.cancel_wished,
            texts: Texts {
                payload: payload.map(|text| Kept::within(text, most)),
                masked: is_masked,
                metadata: task.metadata.clone().map(|text| Kept::within(text, most)),
                reply: task.reply.as_ref().map(|reply| Kept::within(reply.text.clone(), most)),
            },
        }
    }

    /// The task as a row that can be read.
    pub fn task(&self) -> Task {
        let Texts { payload, metadata, reply, .. } = &self.texts;
        let text = |kept: &Option<Kept>| kept.as_ref().and_then(Kept::text).cloned();
        let stamp = |raw: &Option<Text>| raw.as_deref().map(Stamp::parse);
        let is_lost = |kept: &Option<Kept>| matches!(kept, Some(Kept::TooLarge(_)));
        let short = self.past.task();
        let answer = text(reply).and_then(|text| Reply::parse(text).ok());
        // The whole error stands in the reply; else the line's beginning of it has to do.
        let told = answer.as_ref().is_some_and(|reply| reply.error(short.is_ipython()).is_some());
        let error: Option<ErrorBody> = if told { None } else { short.error.clone() };
        Task {
            payload: text(payload),
            metadata: text(metadata),
            let_go: is_lost(payload) || is_lost(reply),
            reply: answer,
            error,
            time: stamp(&self.time),
            run_at: stamp(&self.run_at),
            submitted_at: stamp(&self.submitted_at),
            cancel_wished: self.cancel_wished,
            looked_for: None,
            ..short
        }
    }
}
