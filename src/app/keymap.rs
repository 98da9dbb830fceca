//! Keys in the configuration's spelling, and which action each one, or several one after the other, mean where.
//!
//! It refuses to guess: what could be two things means the first of them, and the other is told. So no sequence has to wait
//! to see whether it goes on.

use std::collections::HashMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action, Context, Entry};

/// A key as the keymap compares it: code and modifiers, with Shift folded into letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    /// The key of a terminal event.
    pub fn of(event: &KeyEvent) -> Key {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let mut code = event.code;
        if let KeyCode::Char(c) = code {
            // Terminals differ in whether they report Shift with a letter; the letter says it.
            if modifiers.contains(KeyModifiers::SHIFT) && c.is_lowercase() {
                code = KeyCode::Char(c.to_uppercase().next().unwrap_or(c));
            }
            modifiers -= KeyModifiers::SHIFT;
            if modifiers.contains(KeyModifiers::CONTROL) {
                code = KeyCode::Char(c.to_ascii_lowercase());
            }
        }
        if code == KeyCode::BackTab || (code == KeyCode::Tab && modifiers.contains(KeyModifiers::SHIFT)) {
            code = KeyCode::BackTab;
            modifiers -= KeyModifiers::SHIFT;
        }
        Key { code, modifiers }
    }

    /// Reads a spelling such as `ctrl-s`, `alt-enter`, `f2`, `G`, `/`.
    pub fn parse(text: &str) -> Option<Key> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (modifier, after) = match rest.split_once('-') {
                Some(("ctrl", after)) if !after.is_empty() => (KeyModifiers::CONTROL, after),
                Some(("alt", after)) if !after.is_empty() => (KeyModifiers::ALT, after),
                Some(("shift", after)) if !after.is_empty() => (KeyModifiers::SHIFT, after),
                _ => break,
            };
            modifiers |= modifier;
            rest = after;
        }
        let code = match rest {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "backtab" => KeyCode::BackTab,
            "space" => KeyCode::Char(' '),
            "backspace" => KeyCode::Backspace,
            "delete" => KeyCode::Delete,
            "insert" => KeyCode::Insert,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pageup" => KeyCode::PageUp,
            "pagedown" => KeyCode::PageDown,
            _ => match rest.strip_prefix('f').and_then(|n| n.parse::<u8>().ok()) {
                Some(n @ 1..=24) => KeyCode::F(n),
                _ => {
                    let mut chars = rest.chars();
                    let c = chars.next()?;
                    if chars.next().is_some() || c.is_control() {
                        return None;
                    }
                    KeyCode::Char(c)
                }
            },
        };
        Some(Key::of(&KeyEvent::new(code, modifiers)))
    }

    /// Its spelling.
    pub fn name(self) -> String {
        let mut name = String::new();
        for (modifier, word) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.modifiers.contains(modifier) {
                name.push_str(word);
            }
        }
        match self.code {
            KeyCode::Char(' ') => name.push_str("space"),
            KeyCode::Char(c) => name.push(c),
            KeyCode::F(n) => name.push_str(&format!("f{n}")),
            KeyCode::BackTab => name.push_str("shift-tab"),
            KeyCode::PageUp => name.push_str("pageup"),
            KeyCode::PageDown => name.push_str("pagedown"),
            other => name.push_str(&format!("{other:?}").to_lowercase()),
        }
        name
    }

    /// The terminal's event of it.
    pub(crate) fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// Whether it is a plain character, which is text where text is taken.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_))
            && !self.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
    }
}

/// Keys that are pressed one after the other; mostly one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sequence(Vec<Key>);

impl Sequence {
    /// More keys than these nobody remembers.
    const LONGEST: usize = 4;

    /// Reads a spelling such as `ctrl-s`, `g g`, `ctrl-x ctrl-s`.
    pub fn parse(text: &str) -> Option<Sequence> {
        let keys: Vec<Key> = text.split_whitespace().map(Key::parse).collect::<Option<_>>()?;
        (1..=Self::LONGEST).contains(&keys.len()).then_some(Sequence(keys))
    }

    /// Its spelling.
    pub fn name(&self) -> String {
        spelled(&self.0)
    }

    /// Whether it can mean something there: where text is typed its first key must be none of that, and a question
    /// is answered by one key.
    fn fits(&self, context: Context) -> bool {
        let is_text = context.takes_text() && self.0[0].is_text();
        !is_text && (context != Context::Confirm || self.0.len() == 1)
    }

    /// Whether one cannot be told from the other: they are the same, or one begins as the other goes on.
    fn is_in_the_way_of(&self, other: &Sequence) -> bool {
        self.0.starts_with(&other.0) || other.0.starts_with(&self.0)
    }
}

/// The spelling of keys that are pressed one after the other.
pub fn spelled(keys: &[Key]) -> String {
    keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ")
}

/// What is wrong with a `[keys]` entry of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProblem {
    /// The line of the configuration file.
    pub line: usize,
    /// One sentence.
    pub what: String,
}

/// One `[keys]` entry: `action = ["key", …]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The place whose section it stands in, by its name; `None`: it holds wherever the action works.
    pub place: Option<String>,
    /// The action's name.
    pub action: String,
    /// Its keys instead of the default ones, each with its line; none takes the action off the keyboard.
    pub keys: Vec<(String, usize)>,
    /// The line it stands on.
    pub line: usize,
}

/// What keys mean that were pressed one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// This.
    Action(Action),
    /// A longer sequence begins so.
    Begins,
    /// Nothing.
    Nothing,
}

/// Which action which keys mean, by context.
#[derive(Clone, Debug)]
pub struct Keymap {
    /// In no context is one in the way of another.
    by_keys: HashMap<(Context, Sequence), Action>,
    /// In the order in which they are shown.
    by_action: HashMap<(Context, Action), Vec<Sequence>>,
}

impl Default for Keymap {
    fn default() -> Keymap {
        Keymap::new(&[]).0
    }
}

/// A wish for an action's keys in one place; the lines are those of the configuration, none where it is the default.
struct Wish {
    context: Context,
    action: Action,
    keys: Vec<(Sequence, Option<usize>)>,
}

impl Keymap {
    /// The default keys with the configuration's changes. What is wrong in those is told and left out.
    pub fn new(bindings: &[Binding]) -> (Keymap, Vec<KeyProblem>) {
        let mut problems = Vec::new();
        // What holds in one place wins over what holds in all, and a default gives way to the person's choice.
        let mut wishes: Vec<Wish> = Vec::new();
        let (special, general): (Vec<&Binding>, Vec<&Binding>) =
            bindings.iter().partition(|binding| binding.place.is_some());
        for binding in special.into_iter().chain(general) {
            let Some((entry, contexts)) = named(binding, &mut problems) else { continue };
            let keys = usable(binding, entry, &contexts, &mut problems);
            if keys.is_empty() && !binding.keys.is_empty() {
                // Nothing usable is no wish to take the action's keys away.
                continue;
            }
            for context in contexts {
                if !wishes.iter().any(|wish| (wish.context, wish.action) == (context, entry.action)) {
                    wishes.push(Wish { context, action: entry.action, keys: keys.clone() });
                }
            }
        }
        for entry in ACTIONS {
            for context in entry.contexts {
                if !wishes.iter().any(|wish| (wish.context, wish.action) == (*context, entry.action)) {
                    let keys = entry.keys.iter().filter_map(|key| Sequence::parse(key));
                    let keys = keys.map(|keys| (keys, None)).collect();
                    wishes.push(Wish { context: *context, action: entry.action, keys });
                }
            }
        }

        let mut keymap = Keymap { by_keys: HashMap::new(), by_action: HashMap::new() };
        let mut doubles: Vec<(usize, Sequence, Sequence, Action, Vec<&str>)> = Vec::new();
        for Wish { context, action, keys } in wishes {
            for (keys, line) in keys.into_iter().filter(|(keys, _)| keys.fits(context)) {
                let other = keymap.in_the_way(context, &keys);
                match (other, line) {
                    (None, _) => {
                        keymap.by_action.entry((context, action)).or_default().push(keys.clone());
                        keymap.by_keys.insert((context, keys), action);
                    }
                    (Some(_), None) => {}
                    (Some((other, means)), Some(line)) => {
                        let same = doubles
                            .iter_mut()
                            .find(|it| it.0 == line && it.1 == keys && it.2 == other && it.3 == means);
                        match same {
                            Some((.., places)) => places.push(context.title()),
                            None => doubles.push((line, keys, other, means, vec![context.title()])),
                        }
                    }
                }
            }
        }
        problems.extend(doubles.into_iter().map(|(line, keys, other, means, places)| {
            let (keys, means, places) = (keys.name(), means.entry().name, places.join(", "));
            let what = match other.name() {
                other if other == keys => format!("`{keys}` already means `{means}` in {places}"),
                other => format!("`{keys}` cannot be told from `{other}`, which means `{means}` in {places}"),
            };
            KeyProblem { line, what }
        }));
        problems.sort_by_key(|problem| problem.line);
        (keymap, problems)
    }

    /// What is there already that could not be told from these keys, and what it means.
    fn in_the_way(&self, context: Context, keys: &Sequence) -> Option<(Sequence, Action)> {
        let here = self.by_keys.iter().filter(|((place, _), _)| *place == context);
        let found = here.filter(|((_, other), _)| keys.is_in_the_way_of(other));
        found.min_by_key(|((_, other), _)| other.name()).map(|((_, other), action)| (other.clone(), *action))
    }

    /// Whether something there is in the way of these keys.
    pub fn is_taken(&self, context: Context, keys: &Sequence) -> bool {
        self.in_the_way(context, keys).is_some()
    }

    /// What these keys mean there, pressed one after the other.
    pub fn meaning(&self, context: Context, keys: &[Key]) -> Meaning {
        if let Some(action) = self.by_keys.get(&(context, Sequence(keys.to_vec()))) {
            return Meaning::Action(*action);
        }
        match self.going_on(context, keys).next() {
            Some(_) => Meaning::Begins,
            None => Meaning::Nothing,
        }
    }

    /// What the key alone means there.
    pub fn action(&self, context: Context, key: &KeyEvent) -> Option<Action> {
        match self.meaning(context, &[Key::of(key)]) {
            Meaning::Action(action) => Some(action),
            _ => None,
        }
    }

    /// How it can go on there after these keys: the keys that are left, and what that means, in the actions' order.
    pub fn going_on(&self, context: Context, keys: &[Key]) -> impl Iterator<Item = (String, Action)> {
        let longer = |sequence: &Sequence| sequence.0.len() > keys.len() && sequence.0.starts_with(keys);
        let here = self.by_keys.iter().filter(|((place, sequence), _)| *place == context && longer(sequence));
        let mut found: Vec<(String, Action)> =
            here.map(|((_, sequence), action)| (spelled(&sequence.0[keys.len()..]), *action)).collect();
        found.sort_by(|a, b| (a.1 as usize, &a.0).cmp(&(b.1 as usize, &b.0)));
        found.into_iter()
    }

    /// The action's keys there.
    pub fn keys(&self, context: Context, action: Action) -> &[Sequence] {
        self.by_action.get(&(context, action)).map_or(&[], Vec::as_slice)
    }

    /// The same in one text, as lists of keys show it; `no key` where there is none.
    pub fn listed(&self, context: Context, action: Action) -> String {
        let keys = self.keys(context, action);
        if keys.is_empty() {
            return "no key".to_owned();
        }
        // Where one has several keys, a blank does not tell where it ends.
        let between = if keys.iter().any(|it| it.0.len() > 1) { ", " } else { " " };
        keys.iter().map(Sequence::name).collect::<Vec<_>>().join(between)
    }

    /// The action's first key, as the footer shows it there; where it does not work there, that of its first place.
    pub fn first(&self, context: Context, action: Action) -> Option<String> {
        let places = std::iter::once(&context).chain(action.entry().contexts);
        places.flat_map(|place| self.keys(*place, action)).next().map(Sequence::name)
    }
}

/// The action that an entry names, and where it is to hold; what is wrong is told.
fn named(binding: &Binding, problems: &mut Vec<KeyProblem>) -> Option<(&'static Entry, Vec<Context>)> {
    let mut wrong = |what: String| problems.push(KeyProblem { line: binding.line, what });
    let Some(entry) = ACTIONS.iter().find(|e| e.name == binding.action) else {
        let near = nearest(&binding.action);
        wrong(format!("there is no action `{}`; `docs/keys.md` lists them{near}", binding.action));
        return None;
    };
    let Some(place) = &binding.place else { return Some((entry, entry.contexts.to_vec())) };
    let Some(context) = Context::ALL.into_iter().find(|context| context.name() == place) else {
        let all = Context::ALL.map(Context::name).join(", ");
        wrong(format!("there is no place `{place}` for keys; there are {all}"));
        return None;
    };
    if !entry.contexts.contains(&context) {
        let works: Vec<&str> = entry.contexts.iter().map(|context| context.name()).collect();
        wrong(format!("`{}` does nothing in {place}; it works in {}", entry.name, works.join(", ")));
        return None;
    }
    Some((entry, vec![context]))
}

/// The keys of an entry that can be used in one of these places at least; the others are told.
fn usable(
    binding: &Binding,
    entry: &Entry,
    contexts: &[Context],
    problems: &mut Vec<KeyProblem>,
) -> Vec<(Sequence, Option<usize>)> {
    let mut found = Vec::new();
    for (text, line) in &binding.keys {
        let what = match Sequence::parse(text) {
            Some(keys) if contexts.iter().any(|context| keys.fits(*context)) => {
                found.push((keys, Some(*line)));
                continue;
            }
            Some(keys) if keys.0[0].is_text() && contexts.iter().all(|context| context.takes_text()) => {
                format!("`{text}` is text where `{}` works; take a key with ctrl or alt", entry.name)
            }
            Some(_) => format!("`{text}` are several keys, and a question is answered by one"),
            None => {
                format!("`{text}` is no key; write e.g. `ctrl-s`, `alt-enter`, `f2`, `G`, or several: `g g`")
            }
        };
        problems.push(KeyProblem { line: *line, what });
    }
    found
}

/// `: did you mean …?` where an action's name is near.
fn nearest(name: &str) -> String {
    ACTIONS
        .iter()
        .find(|e| e.name.contains(name) || name.contains(e.name))
        .map_or_else(String::new, |e| format!("; did you mean `{}`?", e.name))
}

/// The table of `docs/keys.md`, made from [`ACTIONS`].
pub fn table() -> String {
    let mut out = String::new();
    for context in Context::ALL {
        out.push_str(&format!(
            "### {} (`{}`)\n\n| key | name | this key … |\n| --- | --- | --- |\n",
            capital(context.title()),
            context.name()
        ));
        for e in ACTIONS.iter().filter(|e| e.contexts.contains(&context)) {
            let keys = e
                .keys
                .iter()
                .filter(|k| !(context.takes_text() && Key::parse(k).is_some_and(Key::is_text)))
                .map(|k| format!("`{}`", k.replace('|', "\\|")))
                .collect::<Vec<_>>()
                .join(" ");
            out.push_str(&format!("| {keys} | `{}` | {} |\n", e.name, e.sentence));
        }
        out.push('\n');
    }
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(place: Option<&str>, action: &str, keys: &[&str], line: usize) -> Binding {
        let keys = keys.iter().map(|key| ((*key).to_owned(), line)).collect();
        Binding { place: place.map(str::to_owned), action: action.to_owned(), keys, line }
    }

    #[test]
    fn every_default_key_can_be_read_and_means_one_thing_in_each_place() {
        let mut seen: HashMap<(Context, Key), &str> = HashMap::new();
        for e in ACTIONS {
            assert_eq!(e.action.entry().name, e.name);
            for k in e.keys {
                let key = Key::parse(k).unwrap_or_else(|| panic!("{}: {k}", e.name));
                for c in e.contexts {
                    if let Some(other) = seen.insert((*c, key), e.name) {
                        panic!("{k} means {other} and {} in {}", e.name, c.title());
                    }
                }
            }
        }
    }

    #[test]
    fn keys_that_a_browsers_terminal_takes_are_free_and_each_f_key_has_a_second_key() {
        for e in ACTIONS {
            for k in ["ctrl-t", "ctrl-w", "ctrl-n", "ctrl-q"] {
                assert!(!e.keys.contains(&k), "{} has {k}", e.name);
            }
            if e.keys.iter().any(|k| Key::parse(k).is_some_and(|k| matches!(k.code, KeyCode::F(_)))) {
                assert!(e.keys.len() > 1, "{} has only an F key", e.name);
            }
        }
    }

    #[test]
    fn a_plain_character_is_text_where_text_is_taken() {
        let map = Keymap::default();
        let press = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
        assert_eq!(map.action(Context::Lanes, &press), Some(Action::Down));
        for context in Context::ALL.into_iter().filter(|c| c.takes_text()) {
            assert_eq!(map.action(context, &press), None, "{}", context.title());
            for e in ACTIONS.iter().filter(|e| e.contexts.contains(&context)) {
                assert!(
                    e.keys.iter().filter_map(|k| Key::parse(k)).any(|k| !k.is_text()),
                    "{} cannot be reached in {}",
                    e.name,
                    context.title()
                );
            }
        }
    }

    #[test]
    fn a_spelling_comes_back_as_it_was() {
        for e in ACTIONS {
            for k in e.keys {
                assert_eq!(Key::parse(k).map(Key::name).as_deref(), Some(*k));
            }
        }
    }

    #[test]
    fn the_configuration_changes_keys_and_is_told_what_is_wrong() {
        let (map, problems) = Keymap::new(&[
            binding(None, "submit", &["a"], 3),
            binding(None, "sumbit", &["b"], 4),
            binding(None, "cancel", &["ctrl-"], 5),
            binding(None, "send", &["x"], 6),
            binding(None, "filter", &["a"], 7),
        ]);
        let press = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        assert_eq!(map.action(Context::Lanes, &press('a')), Some(Action::Submit));
        assert_eq!(map.action(Context::Lanes, &press('s')), None);
        let lines: Vec<_> = problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [4, 5, 6, 7], "{problems:?}");
        assert!(problems[0].what.contains("no action `sumbit`"));
        assert!(problems[3].what.contains("already means `submit` in lanes"));
    }

    #[test]
    fn in_one_place_an_action_can_have_other_keys_than_elsewhere() {
        let (map, problems) = Keymap::new(&[
            binding(None, "copy", &["w"], 3),
            binding(Some("history"), "open", &["o", "enter"], 5),
            binding(Some("task"), "copy", &["y"], 7),
            binding(Some("lanes"), "copy", &[], 8),
        ]);
        assert_eq!(problems, []);
        let means = |place, key| map.meaning(place, &[Key::parse(key).unwrap()]);
        assert_eq!(
            means(Context::History, "o"),
            Meaning::Action(Action::Open),
            "the default `sort-by` gives way"
        );
        assert_eq!(means(Context::Lanes, "o"), Meaning::Action(Action::FilterOutcome));
        assert_eq!(means(Context::Task, "y"), Meaning::Action(Action::Copy));
        assert_eq!(means(Context::Result, "w"), Meaning::Action(Action::Copy));
        assert_eq!(
            (means(Context::Lanes, "w"), means(Context::Lanes, "y")),
            (Meaning::Nothing, Meaning::Nothing)
        );
        assert_eq!(map.listed(Context::History, Action::SortBy), "no key");
        assert_eq!(map.first(Context::Task, Action::Copy).as_deref(), Some("y"));
        assert_eq!(
            map.first(Context::Columns, Action::Copy).as_deref(),
            Some("y"),
            "that of its first place with one"
        );

        let (_, problems) = Keymap::new(&[
            binding(Some("nowhere"), "open", &["o"], 2),
            binding(Some("form"), "open", &["f3"], 3),
            binding(Some("form"), "send", &["x"], 4),
            binding(Some("task"), "copy", &["w"], 5),
            binding(Some("task"), "raw", &["w"], 6),
        ]);
        let told: Vec<&str> = problems.iter().map(|p| p.what.as_str()).collect();
        assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3, 4, 6], "{told:?}");
        assert!(told[0].contains("no place `nowhere`") && told[0].contains("lanes, task"), "{told:?}");
        assert!(told[1].contains("`open` does nothing in form; it works in lanes"), "{told:?}");
        assert!(told[2].contains("is text") && told[3].contains("already means `copy` in task"), "{told:?}");
    }

    #[test]
    fn several_keys_mean_something_only_where_none_is_in_the_way() {
        let (map, problems) = Keymap::new(&[
            binding(None, "top", &["g g"], 2),
            binding(None, "bottom", &["g e", "end"], 3),
            binding(None, "send", &["ctrl-x ctrl-s"], 4),
            binding(None, "history", &["g g h"], 5),
            binding(None, "failures", &["g"], 6),
            binding(None, "yes", &["z z"], 7),
            binding(None, "open", &["a b c d e"], 8),
        ]);
        let keys = |text: &str| text.split(' ').map(|key| Key::parse(key).unwrap()).collect::<Vec<_>>();
        let means = |place, text: &str| map.meaning(place, &keys(text));
        assert_eq!(means(Context::Lanes, "g"), Meaning::Begins);
        assert_eq!(means(Context::Lanes, "g g"), Meaning::Action(Action::Top));
        assert_eq!(means(Context::Lanes, "g x"), Meaning::Nothing);
        assert_eq!(means(Context::Confirm, "g"), Meaning::Nothing, "a question is answered by one key");
        assert_eq!(means(Context::Help, "g"), Meaning::Nothing, "there it is text");
        assert_eq!(means(Context::Form, "ctrl-x ctrl-s"), Meaning::Action(Action::Send));
        let next: Vec<_> = map.going_on(Context::Lanes, &keys("g")).collect();
        assert_eq!(next, [("g".to_owned(), Action::Top), ("e".to_owned(), Action::Bottom)]);
        assert_eq!(map.listed(Context::Lanes, Action::Bottom), "g e, end");
        let told: Vec<&str> = problems.iter().map(|p| p.what.as_str()).collect();
        assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [5, 6, 7, 8], "{told:?}");
        assert!(told[0].contains("cannot be told from `g g`, which means `top` in lanes"), "{told:?}");
        assert!(told[1].contains("`g` cannot be told from `g "), "{told:?}");
        assert!(told[2].contains("answered by one") && told[3].contains("is no key"), "{told:?}");
    }

    #[test]
    fn shift_is_told_by_the_letter() {
        let shifted = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT);
        let plain = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE);
        assert_eq!(Key::of(&shifted), Key::of(&plain));
    }
}
