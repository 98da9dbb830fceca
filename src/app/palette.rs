//! The command palette: all that can be done here, services, task types, saved filters and labs, found by typing.
//!
//! Its list is made when it opens and stands until it closes, so that a key means what was seen. What cannot be done now
//! stands there too, with the reason. What it does means the row that was seen in the list below it, as a key would (see
//! `unseen`): it refuses to look for another one.

use std::{cmp::Reverse, collections::VecDeque};

use super::{action::Action, choose::Fuzzy, line::LineEdit};
use crate::wire::Text;

/// So many of what was used last come first.
const RECENT: usize = 8;

/// What an item does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// What the action's key does.
    Action(Action),
    /// Goes to this service in the lanes.
    GoTo(Text),
    /// Opens the composer for a type on a service.
    Compose(Text, Text),
    /// Applies the saved filter of this name.
    Filter(String),
    /// Shows this lab, so many places on.
    Lab(String, isize),
}

/// One line.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it does.
    pub does: Does,
    /// Its name, where what is typed is looked for first.
    pub name: String,
    /// What it is, in a sentence or a word; what is typed may stand there too.
    pub about: String,
    /// Its key, or what kind of thing it is.
    pub remark: String,
    /// Why it cannot be done now.
    pub barred: Option<String>,
}

/// The palette.
#[derive(Debug)]
pub struct Palette {
    /// What was typed.
    pub query: LineEdit,
    /// Everything.
    pub items: Vec<Item>,
    /// What matches, best first: indices of `items`.
    pub shown: Vec<usize>,
    /// Which of `shown`.
    pub selected: usize,
    /// What the task that was at hand when it was opened is called.
    pub at_hand: Option<String>,
}

impl Palette {
    /// The palette with these items, those that were used last before the others.
    pub fn new(mut items: Vec<Item>, recent: &VecDeque<Does>, at_hand: Option<String>) -> Palette {
        let place = |item: &Item| recent.iter().position(|does| *does == item.does).unwrap_or(RECENT);
        items.sort_by_key(place);
        let shown = (0..items.len()).collect();
        Palette { query: LineEdit::default(), items, shown, selected: 0, at_hand }
    }

    /// Looks anew after the query has changed.
    pub fn search(&mut self) {
        self.selected = 0;
        let query = self.query.text().trim();
        if query.is_empty() {
            self.shown = (0..self.items.len()).collect();
            return;
        }
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let mut fuzzy = Fuzzy::new(query);
        // A name that has the letters comes before words that stand only in what is said of it.
        let mut score = |item: &Item| {
            let about = || {
                let about = item.about.to_lowercase();
                words.iter().all(|word| about.contains(word.as_str())).then_some(0)
            };
            fuzzy.score(&item.name).map(|score| score + 1).or_else(about)
        };
        let mut found: Vec<(u32, usize)> =
            self.items.iter().enumerate().filter_map(|(at, item)| Some((score(item)?, at))).collect();
        found.sort_by_key(|(score, at)| (Reverse(*score), *at));
        self.shown = found.into_iter().map(|(_, at)| at).collect();
    }

    /// What Enter would do.
    pub fn chosen(&self) -> Option<&Item> {
        self.shown.get(self.selected).map(|at| &self.items[*at])
    }

    /// Moves the selection, round the ends.
    pub fn step(&mut self, by: isize) {
        let count = self.shown.len() as isize;
        if count > 0 {
            self.selected = (self.selected as isize + by).rem_euclid(count) as usize;
        }
    }
}

/// Remembers what was used last.
pub fn used(recent: &mut VecDeque<Does>, does: Does) {
    recent.retain(|other| *other != does);
    recent.push_front(does);
    recent.truncate(RECENT);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, about: &str) -> Item {
        Item {
            does: Does::Filter(name.to_owned()),
            name: name.to_owned(),
            about: about.to_owned(),
            remark: String::new(),
            barred: None,
        }
    }

    fn names(palette: &Palette) -> Vec<&str> {
        palette.shown.iter().map(|at| &*palette.items[*at].name).collect()
    }

    #[test]
    fn a_name_comes_before_what_is_said_and_what_was_used_last_before_both() {
        let items =
            || vec![item("history", "opens all tasks"), item("open", "a task"), item("MeasureT1", "")];
        let mut recent = VecDeque::new();
        for name in ["history", "MeasureT1"] {
            used(&mut recent, Does::Filter(name.to_owned()));
        }
        let mut palette = Palette::new(items(), &recent, None);
        assert_eq!(names(&palette), ["MeasureT1", "history", "open"]);
        for (query, found) in [
            ("open", &["open", "history"][..]),
            ("mt1", &["MeasureT1"]),
            ("all tasks", &["history"]),
            ("x", &[]),
        ] {
            palette.query = LineEdit::new(query);
            palette.search();
            assert_eq!(names(&palette), found, "{query}");
        }
        palette.step(1);
        assert!(palette.chosen().is_none());
        (0..20).for_each(|n| used(&mut recent, Does::Filter(n.to_string())));
        used(&mut recent, Does::Filter("19".to_owned()));
        assert_eq!((recent.len(), recent.front()), (RECENT, Some(&Does::Filter("19".to_owned()))));
    }
}
