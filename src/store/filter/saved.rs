//! Filters that were saved under a name.

use std::collections::BTreeMap;

/// The texts of filters by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved(BTreeMap<String, String>);

impl Saved {
    /// The longest name, in characters.
    pub const LONGEST: usize = 40;

    /// Whether a filter can be called so: letters, digits, `-` and `_`.
    pub fn is_name(text: &str) -> bool {
        let is_of_names = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
        (1..=Saved::LONGEST).contains(&text.chars().count()) && text.chars().all(is_of_names)
    }

    /// A filter, with its name as it is kept.
    pub fn get(&self, name: &str) -> Option<(&str, &str)> {
        self.0.get_key_value(name).map(|(name, text)| (&**name, &**text))
    }

    /// Saves a filter under a name, in place of what had it.
    pub fn put(&mut self, name: &str, text: &str) {
        self.0.insert(name.to_owned(), text.to_owned());
    }

    /// Forgets a filter; false: there is none of that name.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (&**name, &**text))
    }
}
