//! Keys in the configuration's spelling, and which action each one means where.

use std::collections::HashMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action, Context};

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
    /// The action's name.
    pub action: String,
    /// Its keys instead of the default ones; none takes the action off the keyboard.
    pub keys: Vec<String>,
    /// The line it stands on.
    pub line: usize,
}

/// Which action a key means, by context.
#[derive(Clone, Debug)]
pub struct Keymap {
    by_key: HashMap<(Context, Key), Action>,
    by_action: HashMap<Action, Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Keymap {
        Keymap::new(&[]).0
    }
}

impl Keymap {
    /// The default keys with the configuration's changes. What is wrong in those is told and left out.
    pub fn new(bindings: &[Binding]) -> (Keymap, Vec<KeyProblem>) {
        let mut problems = Vec::new();
        let mut by_action: HashMap<Action, Vec<Key>> = ACTIONS
            .iter()
            .map(|e| (e.action, e.keys.iter().filter_map(|k| Key::parse(k)).collect()))
            .collect();
        let mut changed = Vec::new();
        for binding in bindings {
            let Some(entry) = ACTIONS.iter().find(|e| e.name == binding.action) else {
                problems.push(KeyProblem {
                    line: binding.line,
                    what: format!(
                        "there is no action `{}`; `docs/keys.md` lists them{}",
                        binding.action,
                        nearest(&binding.action)
                    ),
                });
                continue;
            };
            let mut keys = Vec::new();
            for text in &binding.keys {
                match Key::parse(text) {
                    None => problems.push(KeyProblem {
                        line: binding.line,
                        what: format!("`{text}` is no key; write e.g. `ctrl-s`, `alt-enter`, `f2`, `G`"),
                    }),
                    Some(key) if key.is_text() && entry.contexts.iter().all(|c| c.takes_text()) => {
                        problems.push(KeyProblem {
                            line: binding.line,
                            what: format!(
                                "`{text}` is text where `{}` works; take a key with ctrl or alt",
                                entry.name
                            ),
                        });
                    }
                    Some(key) => keys.push(key),
                }
            }
            changed.push((entry.action, binding.line));
            by_action.insert(entry.action, keys);
        }
        let mut by_key = HashMap::new();
        // Changed actions first, so that a default key gives way to the person's choice.
        let order = changed
            .iter()
            .map(|(a, line)| (*a, Some(*line)))
            .chain(
                ACTIONS.iter().map(|e| (e.action, None)).filter(|(a, _)| !changed.iter().any(|c| c.0 == *a)),
            )
            .collect::<Vec<_>>();
        for (action, line) in order {
            let contexts = action.entry().contexts;
            by_action.entry(action).or_default().retain(|key| {
                let mut kept = false;
                for context in contexts.iter().filter(|c| !(c.takes_text() && key.is_text())) {
                    match by_key.get(&(*context, *key)) {
                        None => {
                            by_key.insert((*context, *key), action);
                            kept = true;
                        }
                        Some(other) => {
                            if let Some(line) = line {
                                problems.push(KeyProblem {
                                    line,
                                    what: format!(
                                        "`{}` already means `{}` in {}",
                                        key.name(),
                                        other.entry().name,
                                        context.title()
                                    ),
                                });
                            }
                        }
                    }
                }
                kept
            });
        }
        (Keymap { by_key, by_action }, problems)
    }

    /// What the key means there.
    pub fn action(&self, context: Context, key: &KeyEvent) -> Option<Action> {
        self.by_key.get(&(context, Key::of(key))).copied()
    }

    /// The action's keys.
    pub fn keys(&self, action: Action) -> &[Key] {
        self.by_action.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The keys that mean this action there.
    pub fn keys_in(&self, context: Context, action: Action) -> Vec<String> {
        let meant = |key: &&Key| self.by_key.get(&(context, **key)) == Some(&action);
        self.keys(action).iter().filter(meant).map(|key| key.name()).collect()
    }

    /// The action's first key, as the footer shows it.
    pub fn first(&self, action: Action) -> Option<String> {
        self.keys(action).first().map(|k| k.name())
    }
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
            "### {}\n\n| key | name | this key … |\n| --- | --- | --- |\n",
            capital(context.title())
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
        let b = |action: &str, keys: &[&str], line| Binding {
            action: action.into(),
            keys: keys.iter().map(|k| (*k).to_string()).collect(),
            line,
        };
        let (map, problems) = Keymap::new(&[
            b("submit", &["a"], 3),
            b("sumbit", &["b"], 4),
            b("cancel", &["ctrl-"], 5),
            b("send", &["x"], 6),
            b("filter", &["a"], 7),
        ]);
        let press = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        assert_eq!(map.action(Context::Lanes, &press('a')), Some(Action::Submit));
        assert_eq!(map.action(Context::Lanes, &press('s')), None);
        let lines: Vec<_> = problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [4, 5, 6, 7], "{problems:?}");
        assert!(problems[0].what.contains("no action `sumbit`"));
        assert!(problems[3].what.contains("already means `submit`"));
    }

    #[test]
    fn shift_is_told_by_the_letter() {
        let shifted = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT);
        let plain = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE);
        assert_eq!(Key::of(&shifted), Key::of(&plain));
    }
}
