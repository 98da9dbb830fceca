//! A draft whose tasks were being sent as a group when juicetop ended: what is said of it, and which of its tasks are
//! still to be sent.
//!
//! It refuses to guess who went out: a member is known by the mark at the end of its name, in the scheduler's list or
//! from the bus, and where that list does not tell of all of them, none is called missing.

use std::collections::BTreeSet;

use ratatui::layout::Rect;

use super::{Compose, Draft, Parts, parts};
use crate::{
    app::{
        layout::Shape,
        session::{Batch, Session},
    },
    clean::{Charset, Clean},
    store::{GroupKey, Reason},
    wire::{Text, group::Mark},
};

/// What a draft keeps of the group that it was begun to be sent as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The group's name.
    pub name: Text,
    /// Its tag.
    pub tag: Text,
    /// How many tasks it was to have.
    pub of: u32,
    /// What is swept and the payload are as they were then, so that its members have the same numbers.
    pub same: bool,
}

impl Begun {
    /// That this batch goes out.
    pub fn of(batch: &Batch) -> Begun {
        let of = u32::try_from(batch.count()).unwrap_or(u32::MAX);
        Begun { name: batch.name.clone(), tag: batch.tag.clone(), of, same: true }
    }

    /// What the group is called in the store.
    pub fn key(&self, service: &Text) -> GroupKey {
        let (name, tag) = (self.name.clone(), self.tag.clone());
        GroupKey::new(service, &Mark { name, tag, place: 1, of: self.of })
    }
}

/// That a composer holds such a draft.
#[derive(Debug)]
pub(super) struct Again {
    begun: Begun,
    /// As it was taken in.
    draft: Draft,
    /// All was put back: then it is another one, until that is undone.
    pub off: bool,
}

/// What of a group that was begun is heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// How many of its tasks the lanes and the schedule have.
    pub known: usize,
    /// Those that are missing, from 0; or why that cannot be told, in one phrase.
    pub missing: Result<Vec<usize>, String>,
}

impl Compose {
    /// Takes over that a draft was begun to be sent.
    pub(super) fn take_begun(&mut self, draft: &Draft) {
        let again = |begun: &Begun| Again { begun: begun.clone(), draft: draft.clone(), off: false };
        self.again = draft.begun.as_ref().map(again);
    }

    /// The group that it was being sent as; `draft`: as it stands now.
    pub(super) fn begun_of(&self, draft: &Draft) -> Option<Begun> {
        let Again { begun, draft: taken, off: false } = self.again.as_ref()? else { return None };
        let what = |draft: &Draft| (draft.text.clone(), draft.sweeps.clone(), draft.group.combine);
        Some(Begun { same: begun.same && what(draft) == what(taken), ..begun.clone() })
    }

    /// The group that it was being sent as when juicetop ended, if so.
    pub fn begun(&self) -> Option<Begun> {
        let again = self.again.as_ref().filter(|again| !again.off)?;
        // Making a draft costs as much as the form is long.
        if again.begun.same { self.draft().begun } else { Some(again.begun.clone()) }
    }

    /// What is heard of the group that it was being sent as.
    pub fn heard(&self, begun: &Begun, session: &Session) -> Heard {
        let store = &session.store;
        let group = store.group(&begun.key(&self.service));
        let members = group.into_iter().flat_map(|group| store.members(group));
        let known: BTreeSet<u32> = members
            .filter(|task| !matches!(task.reason, Some(Reason::NotSent(_))))
            .filter_map(|task| Some(task.group.as_ref()?.mark.place))
            .collect();
        let missing = if let Err(why) = session.list_is_whole() {
            Err(why)
        } else if group.is_some_and(|group| group.let_go() > 0) {
            Err("some of its tasks were let go from memory".to_owned())
        } else if !begun.same {
            Err("its values were changed since".to_owned())
        } else if !known.contains(&1) {
            // The scheduler forgets all at once, when the task manager is restarted. Members go out in their order:
            // where it has the first, it has all that it took.
            Err("the scheduler does not have the first one; restarted, it forgets what ran".to_owned())
        } else {
            let mark = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
            let of = usize::try_from(begun.of).unwrap_or(usize::MAX);
            Ok((0..of).filter(|at| !known.contains(&mark(*at))).collect())
        };
        Heard { known: known.len(), missing }
    }

    /// What its head says of the group that it was being sent as.
    pub(in crate::app) fn tell_of_begun(&mut self, session: &Session) {
        let again = self.again.as_ref().filter(|again| !again.off);
        self.begun_told = again.map(|Again { begun, .. }| {
            let Heard { known, .. } = self.heard(begun, session);
            let (name, of) = (&begun.name, begun.of);
            let (what, short) = match session.list_is_whole() {
                _ if known > 0 => (
                    format!("{known} of its {of} tasks stand in the lanes and the schedule"),
                    format!("{known} of its {of} tasks went out before juicetop ended"),
                ),
                Ok(()) => (
                    format!("the scheduler has none of its {of} tasks"),
                    "It was being sent when juicetop ended".to_owned(),
                ),
                Err(why) => (
                    format!("what became of its {of} tasks is not known: {why}"),
                    "It was being sent when juicetop ended".to_owned(),
                ),
            };
            let long = format!("It was being sent as {name} when juicetop ended: {what}.");
            [format!("{long} Nothing is sent again by itself."), short]
        });
    }

    /// The same in lines of so many columns, few enough to leave room for the form.
    pub(super) fn begun_lines(&self, columns: u16, shape: Shape, charset: Charset) -> Vec<Clean> {
        let Some([long, short]) = &self.begun_told else { return Vec::new() };
        let small = matches!(shape, Shape::Narrow | Shape::Tiny);
        let (text, most) = if small { (short, 2) } else { (long, 3) };
        let mut lines = Clean::line(text, charset).wrap(usize::from(columns).saturating_sub(3).max(8));
        lines.truncate(most);
        lines
    }

    /// Where its parts stand.
    pub fn parts(&self, area: Rect, shape: Shape) -> Parts {
        let told = u16::try_from(self.told.len()).unwrap_or(0);
        parts(area, shape, self.form().is_some(), told)
    }
}
