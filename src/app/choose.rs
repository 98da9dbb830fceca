//! Choosing from a list by typing a part of a name: a service, a task type, an option of a field, a field.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};

use crate::{clean::exact, wire::Text};

use super::{line::LineEdit, unseen};

/// What is being chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The service.
    Service,
    /// A type of that service.
    Type {
        /// The service.
        service: Text,
    },
    /// An option of a field of the form.
    Option {
        /// The field's name.
        field: String,
    },
    /// A field of the form.
    Jump,
}

/// One thing to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name; what is typed is looked for here.
    pub name: Text,
    /// What it is, in a few words.
    pub about: String,
    /// A short remark at the right edge (where it is known from, a draft).
    pub remark: String,
    /// It moves hardware.
    pub moves: bool,
    /// Of a type that only another service has: that one. It stands in the list where nothing else matches.
    pub on: Option<Text>,
}

/// The list.
#[derive(Debug)]
pub struct Choose {
    /// What is being chosen.
    pub stage: Stage,
    /// What was typed.
    pub query: LineEdit,
    /// Everything.
    pub items: Vec<Item>,
    /// What matches, best first: indices of `items`.
    pub shown: Vec<usize>,
    /// Which of `shown`.
    pub selected: usize,
    /// Why another item is selected than the person has seen.
    pub unseen: Option<String>,
}

impl Choose {
    /// A list of which everything is shown.
    pub fn new(stage: Stage, items: Vec<Item>) -> Choose {
        let shown = own(&items).collect();
        Choose { stage, query: LineEdit::default(), items, shown, selected: 0, unseen: None }
    }

    /// Selects the item of that name, if it is there.
    pub fn select(&mut self, name: &str) {
        if let Some(i) = self.shown.iter().position(|i| &*self.items[*i].name == name) {
            self.selected = i;
        }
    }

    /// Takes another list. What is selected stays so while it is there.
    pub fn renew(&mut self, items: Vec<Item>) {
        let before = self.at_hand();
        self.items = items;
        self.search();
        if let Some((name, on)) = &before {
            let is_it = |i: &usize| self.items[*i].name == *name && self.items[*i].on == *on;
            let place = self.shown.iter().position(is_it);
            self.selected = place.map_or(0, |place| place + usize::from(self.as_typed().is_some()));
        }
        if self.at_hand() != before {
            let gone = |(name, _): (Text, _)| unseen::gone(exact(&name));
            self.unseen = Some(before.map_or_else(|| unseen::NOTHING.to_owned(), gone));
        }
    }

    /// What Enter would take, and the other service whose it is.
    fn at_hand(&self) -> Option<(Text, Option<Text>)> {
        let on = self.index().and_then(|i| self.items[i].on.clone());
        self.chosen().map(|name| (name, on))
    }

    /// Looks anew after the query has changed.
    pub fn search(&mut self) {
        let query = self.query.text().trim();
        self.selected = 0;
        if query.is_empty() {
            self.shown = own(&self.items).collect();
            return;
        }
        let mut fuzzy = Fuzzy::new(query);
        let mut scored: Vec<(u32, usize)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(i, item)| Some((fuzzy.score(&item.name)?, i)))
            .collect();
        if scored.iter().any(|(_, i)| self.items[*i].on.is_none()) {
            scored.retain(|(_, i)| self.items[*i].on.is_none());
        }
        scored.sort_by_key(|(score, i)| (std::cmp::Reverse(*score), *i));
        self.shown = scored.into_iter().map(|(_, i)| i).collect();
    }

    /// What was typed, where it can be taken as it is: a type that nobody listed here. It stands first in the list.
    pub fn as_typed(&self) -> Option<&str> {
        let typed = self.query.text().trim();
        let listed = self.shown.first().is_some_and(|i| self.items[*i].on.is_none());
        (matches!(self.stage, Stage::Type { .. }) && !typed.is_empty() && !listed).then_some(typed)
    }

    /// What Enter takes: the selected item's name, or for a type the name as typed where nothing matches.
    pub fn chosen(&self) -> Option<Text> {
        match self.index() {
            Some(i) => Some(self.items[i].name.clone()),
            None => self.as_typed().map(Into::into),
        }
    }

    /// Which item is selected, as an index of `items`.
    pub fn index(&self) -> Option<usize> {
        let before = usize::from(self.as_typed().is_some());
        self.shown.get(self.selected.checked_sub(before)?).copied()
    }

    /// How many rows there are to choose from.
    pub fn count(&self) -> usize {
        self.shown.len() + usize::from(self.as_typed().is_some())
    }

    /// Moves the selection, round the ends.
    pub fn step(&mut self, by: isize) {
        let n = self.count() as isize;
        if n > 0 {
            self.selected = (self.selected as isize + by).rem_euclid(n) as usize;
        }
    }
}

/// What is typed, looked for in names.
pub(super) struct Fuzzy<'a> {
    query: &'a str,
    pattern: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Fuzzy<'_> {
    /// Looks for this.
    pub fn new(query: &str) -> Fuzzy<'_> {
        let pattern = Pattern::new(query, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy);
        Fuzzy { query, pattern, matcher: Matcher::new(Config::DEFAULT), buffer: Vec::new() }
    }

    /// How well it fits a name; `None`: it does not.
    pub fn score(&mut self, name: &str) -> Option<u32> {
        let score = self.pattern.score(Utf32Str::new(name, &mut self.buffer), &mut self.matcher)?;
        // The whole name, and its beginning, come before a name that merely holds it.
        let exact = u32::from(name.eq_ignore_ascii_case(self.query)) * 10_000;
        Some(score + exact)
    }
}

/// The items that stand in the list before anything is typed.
fn own(items: &[Item]) -> impl Iterator<Item = usize> {
    (0..items.len()).filter(|i| items[*i].on.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(names: &[&str]) -> Choose {
        let items = names
            .iter()
            .map(|n| Item {
                name: (*n).into(),
                about: String::new(),
                remark: String::new(),
                moves: false,
                on: None,
            })
            .collect();
        Choose::new(Stage::Type { service: "lab".into() }, items)
    }

    #[test]
    fn a_part_of_a_name_finds_it_and_the_whole_name_comes_first() {
        let mut c = choose(&["SleepSync", "Ping", "MeasureT1", "MeasureT1Echo", "PingAll"]);
        c.query = LineEdit::new("mt1");
        c.search();
        assert_eq!(c.chosen().as_deref(), Some("MeasureT1"));
        c.query = LineEdit::new("ping");
        c.search();
        assert_eq!(c.chosen().as_deref(), Some("Ping"));
        c.step(1);
        assert_eq!(c.chosen().as_deref(), Some("PingAll"));
        c.step(1);
        assert_eq!(c.chosen().as_deref(), Some("Ping"));
    }

    #[test]
    fn a_type_that_nobody_listed_can_be_typed_but_an_empty_list_gives_nothing() {
        let mut c = choose(&[]);
        c.step(1);
        assert_eq!(c.chosen(), None);
        c.query = LineEdit::new("Brand New");
        c.search();
        assert_eq!(c.chosen().as_deref(), Some("Brand New"));
    }

    #[test]
    fn what_only_others_have_stands_below_what_was_typed() {
        let mut c = choose(&["Ping"]);
        let on =
            |name: &str, service: &str| Item { on: Some(service.into()), ..choose(&[name]).items.remove(0) };
        c.items.extend([on("MeasureT1", "fridge"), on("PingAll", "fridge")]);
        c.search();
        assert_eq!(c.shown, [0], "before anything is typed it is the service's own list");
        c.query = LineEdit::new("ping");
        c.search();
        assert_eq!((c.shown.clone(), c.as_typed()), (vec![0], None), "nor where something matches here");
        c.query = LineEdit::new("MeasureT1");
        c.search();
        assert_eq!((c.chosen().as_deref(), c.index()), (Some("MeasureT1"), None), "as typed, here");
        c.step(1);
        assert_eq!((c.chosen().as_deref(), c.index()), (Some("MeasureT1"), Some(1)), "on the fridge");
        c.step(1);
        assert_eq!(c.index(), None);
    }
}
