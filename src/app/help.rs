//! The list of keys, searched by typing.

use super::{
    action::{ACTIONS, Context, Entry},
    keymap::Keymap,
    line::LineEdit,
};

/// The list of keys.
#[derive(Debug)]
pub struct Help {
    /// Where it was opened: these keys come first.
    pub place: Context,
    /// What was typed.
    pub query: LineEdit,
    /// The first line shown.
    pub top: usize,
}

/// A line of the list.
#[derive(Debug)]
pub enum HelpLine {
    /// A place.
    Title(Context),
    /// An action and its keys.
    Action(&'static Entry, String),
    /// Nothing matches.
    Nothing,
}

impl Help {
    /// The list, opened at a place.
    pub fn new(place: Context) -> Help {
        Help { place, query: LineEdit::default(), top: 0 }
    }

    /// The lines, those of the place first.
    pub fn lines(&self, keymap: &Keymap) -> Vec<HelpLine> {
        let query = self.query.text().trim().to_lowercase();
        let places = std::iter::once(self.place).chain(Context::ALL.into_iter().filter(|c| *c != self.place));
        let mut lines = Vec::new();
        for place in places {
            let title = lines.len();
            lines.push(HelpLine::Title(place));
            for entry in ACTIONS.iter().filter(|e| e.contexts.contains(&place)) {
                let keys = keymap.keys(place, entry.action);
                let hit = query.is_empty()
                    || entry.sentence.to_lowercase().contains(&query)
                    || entry.name.contains(&query)
                    || keys.iter().any(|keys| keys.name().to_lowercase() == query);
                if hit {
                    lines.push(HelpLine::Action(entry, keymap.listed(place, entry.action)));
                }
            }
            if lines.len() == title + 1 {
                lines.pop();
            }
        }
        if lines.is_empty() {
            lines.push(HelpLine::Nothing);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_listed_and_a_search_finds_it_by_word_and_by_key() {
        let keymap = Keymap::default();
        let mut help = Help::new(Context::Task);
        let lines = help.lines(&keymap);
        assert!(matches!(lines[0], HelpLine::Title(Context::Task)));
        for e in ACTIONS {
            assert!(
                lines.iter().any(|l| matches!(l, HelpLine::Action(x, _) if x.action == e.action)),
                "{}",
                e.name
            );
        }
        for query in ["traceback", "ctrl-s"] {
            help.query = LineEdit::new(query);
            let n = help.lines(&keymap).len();
            assert!(n > 1 && n < 12, "{query}: {n}");
        }
        help.query = LineEdit::new("no such thing");
        assert!(matches!(help.lines(&keymap)[..], [HelpLine::Nothing]));
    }
}
