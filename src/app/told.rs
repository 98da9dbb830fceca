//! What was told in this session: notices, also those that were held back, and the notes at the bottom of the screen; and the list
//! of them, the newest above.
//!
//! Pure. It refuses to grow: of many the newest stay, and of a long text its beginning.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    Severity,
    lanes::first_visible,
    unseen::{self, By},
};
use crate::{
    store::{GroupKey, TaskKey},
    time::Now,
    wire::Text,
};

/// So many are kept.
pub const MOST: usize = 200;
/// Of a longer text its beginning is kept, bytes.
const LONGEST: usize = 1_000;

/// What something is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A task.
    Task(TaskKey),
    /// A group of tasks.
    Group(GroupKey),
    /// A service.
    Service(Text),
}

/// How it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It rang.
    Rang,
    /// It did not: there were too many in that time.
    TooMany,
    /// It did not: those were quiet hours.
    Quiet,
    /// As a note at the bottom of the screen.
    Note(Severity),
}

/// Something that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    id: u64,
    /// When; of a note that was told again and again the last time.
    pub at: DateTime<Utc>,
    /// What it is about; a note is about nothing that one could go to.
    pub about: Option<About>,
    /// The words.
    pub text: String,
    /// How it was told.
    pub how: How,
    /// How often, one after the other.
    pub times: u32,
}

impl Entry {
    /// What it is about, in a word.
    pub fn word(&self) -> &'static str {
        match self.about {
            Some(About::Task(_)) => "task",
            Some(About::Group(_)) => "group",
            Some(About::Service(_)) => "service",
            None => "note",
        }
    }
}

/// All that was told, bounded.
#[derive(Debug, Default)]
pub struct Told {
    /// The oldest first.
    entries: VecDeque<Arc<Entry>>,
    last: u64,
    /// Goes up with each change.
    revision: u64,
    /// So many were let go.
    pub let_go: u64,
}

impl Told {
    /// Something was told, or held back.
    pub fn add(&mut self, about: Option<About>, text: &str, how: How, now: Now) {
        self.revision += 1;
        let text = &text[..text.floor_char_boundary(LONGEST)];
        // A note that a key brings each time.
        if let Some(last) = self.entries.back_mut()
            && about.is_none()
            && last.about.is_none()
            && (last.how, last.text.as_str()) == (how, text)
        {
            let last = Arc::make_mut(last);
            (last.at, last.times) = (now.utc, last.times.saturating_add(1));
            return;
        }
        self.last += 1;
        let entry = Entry { id: self.last, at: now.utc, about, text: text.to_owned(), how, times: 1 };
        self.entries.push_back(Arc::new(entry));
        if self.entries.len() > MOST {
            self.entries.pop_front();
            self.let_go += 1;
        }
    }
}

/// The list on the screen.
#[derive(Debug, Default)]
pub struct List {
    /// The newest first, as of the last look.
    pub rows: Vec<Arc<Entry>>,
    selected: Option<u64>,
    /// The screen line on which it stands.
    line: usize,
    /// The selected one has left the list, and nobody has seen which one took its place.
    pub unseen: Option<String>,
    /// The revision of what it was made of.
    of: u64,
}

impl List {
    /// The selected row.
    pub fn selected_row(&self) -> Option<usize> {
        let selected = self.selected?;
        self.rows.iter().position(|entry| entry.id == selected)
    }

    /// The selected one.
    pub fn selected(&self) -> Option<&Entry> {
        self.selected_row().and_then(|at| self.rows.get(at)).map(|entry| &**entry)
    }

    /// The first row on a screen of that height.
    pub fn first_row(&self, height: usize) -> usize {
        first_visible(self.rows.len(), self.selected_row().unwrap_or(0), self.line, height)
    }

    /// Moves the selection by that many rows (a large number: to the end).
    pub fn step(&mut self, by: isize, height: usize) {
        let first = self.first_row(height);
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        let to = self.selected_row().map_or(0, |at| at.saturating_add_signed(by).min(last));
        self.selected = self.rows.get(to).map(|entry| entry.id);
        self.line = to.saturating_sub(first).min(height.saturating_sub(1));
    }

    /// Looks what was told. The cursor stays on what it stands on; new ones come into sight above it while there is room.
    pub fn refresh(&mut self, told: &Told, height: usize, by: By) {
        if self.of != told.revision {
            let first = self.first_row(height);
            self.of = told.revision;
            self.rows = told.entries.iter().rev().cloned().collect();
            if self.selected_row().is_none() {
                // The oldest are let go, so its neighbour is the last one.
                let near = if self.selected.is_some() { self.rows.last() } else { self.rows.first() };
                let near = near.map(|entry| entry.id);
                let seen = std::mem::replace(&mut self.selected, near);
                if self.selected.is_some() {
                    by.mark(&mut self.unseen, || {
                        seen.map_or_else(
                            || unseen::NOTHING.to_owned(),
                            |_| unseen::gone("what was told then"),
                        )
                    });
                }
            }
            self.line = self.selected_row().unwrap_or(0).saturating_sub(first);
        }
        self.line = self.line.min(height.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(told: &mut Told, text: &str, at: f64) {
        told.add(None, text, How::Note(Severity::Info), Now::at(at));
    }

    fn texts(list: &List) -> Vec<&str> {
        list.rows.iter().map(|entry| entry.text.as_str()).collect()
    }

    #[test]
    fn the_newest_stay_the_cursor_stays_on_its_own_and_a_long_text_is_cut() {
        let mut told = Told::default();
        let mut list = List::default();
        note(&mut told, &"ä".repeat(LONGEST), 0.0);
        assert_eq!(told.entries[0].text.len(), LONGEST);
        (1..5).for_each(|n| note(&mut told, &n.to_string(), f64::from(n)));
        list.refresh(&told, 4, By::Person);
        assert_eq!((list.selected().map(|it| it.text.as_str()), &list.unseen), (Some("4"), &None));
        // What comes pushes it down as far as there is room.
        for (n, first) in [(5, 0), (6, 0), (7, 0), (8, 1), (9, 2)] {
            note(&mut told, &n.to_string(), f64::from(n));
            list.refresh(&told, 4, By::Lab);
            assert_eq!((list.selected().map(|it| it.text.as_str()), list.first_row(4)), (Some("4"), first));
        }
        assert_eq!(list.unseen, None);
        (10..1000).for_each(|n| note(&mut told, &n.to_string(), 10.0));
        list.refresh(&told, 4, By::Lab);
        assert_eq!((list.rows.len(), told.let_go), (MOST, 1000 - MOST as u64));
        assert_eq!(list.selected().map(|it| it.text.as_str()), Some("800"), "the last one");
        assert!(list.unseen.is_some_and(|why| why.starts_with("nothing done")));
    }

    #[test]
    fn a_note_that_comes_again_is_one_and_notices_never_are() {
        let mut told = Told::default();
        ["a", "a", "b", "a"].into_iter().zip(0..).for_each(|(text, at)| note(&mut told, text, f64::from(at)));
        let lab = || Some(About::Service("lab".into()));
        told.add(lab(), "lab is heard again", How::Rang, Now::at(5.0));
        told.add(lab(), "lab is heard again", How::Rang, Now::at(6.0));
        told.add(None, "lab is heard again", How::Note(Severity::Info), Now::at(7.0));
        let mut list = List::default();
        list.refresh(&told, 10, By::Person);
        let again = "lab is heard again";
        assert_eq!(texts(&list), [again, again, again, "a", "b", "a"]);
        assert_eq!((list.rows[5].times, list.rows[5].at), (2, Now::at(1.0).utc));
    }
}
