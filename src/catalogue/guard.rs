//! Which tasks move hardware and must be confirmed.

use crate::wire::json;

/// `ScheduleTask`s inside each other that are looked through.
const NESTED: usize = 8;

/// The tasks of Juice's cryostat services that change the state of a refrigerator.
pub const DEFAULT: [&str; 11] = [
    "EnableHeater",
    "DisableHeater",
    "SetHeaterPower",
    "EnableCompressors",
    "DisableCompressors",
    "OpenGHSValve",
    "CloseGHSValve",
    "EnableGHSPump",
    "DisableGHSPump",
    "StartGHSCondensation",
    "StartGHSRecovery",
];

/// Patterns of task types, compared with the type as it goes over the wire, on any service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    patterns: Vec<String>,
}

impl Default for Guard {
    fn default() -> Guard {
        Guard::new(DEFAULT)
    }
}

impl Guard {
    /// A guard for these patterns. `*` stands for any number of characters, all else for itself; upper and lower
    /// case differ, as they do in Python.
    pub fn new(patterns: impl IntoIterator<Item = impl Into<String>>) -> Guard {
        Guard { patterns: patterns.into_iter().map(Into::into).collect() }
    }

    /// Whether a task of this type moves hardware.
    pub fn matches(&self, kind: &str) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern, kind))
    }

    /// Whether this task moves hardware: by its type on the wire, by its class (all cells have one type on the wire),
    /// or by the task that a `ScheduleTask` carries.
    pub fn moves(&self, task_type: &str, class: &str, payload: &str) -> bool {
        if self.matches(task_type) || self.matches(class) {
            return true;
        }
        let mut carried = (task_type.to_owned(), payload);
        for _ in 0..NESTED {
            if carried.0 != "ScheduleTask" {
                return false;
            }
            let Some(inner) = json::get(carried.1, "task_type").and_then(json::string) else { return false };
            if self.matches(&inner) {
                return true;
            }
            carried = (inner.into_owned(), json::get(carried.1, "task_payload").unwrap_or("{}"));
        }
        // Nobody wraps a task this often by accident.
        true
    }

    /// The patterns.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Adds patterns that are not there yet.
    pub fn extend(&mut self, patterns: impl IntoIterator<Item = impl Into<String>>) {
        for pattern in patterns.into_iter().map(Into::into) {
            if !self.patterns.contains(&pattern) {
                self.patterns.push(pattern);
            }
        }
    }
}

/// Whether `text` has the form of `pattern`. Each piece between two stars is taken where it comes first, which finds
/// a way whenever there is one, so the work is bounded by the product of the two lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_default_guards_the_refrigerator() {
        let guard = Guard::default();
        assert!(DEFAULT.iter().all(|kind| guard.matches(kind)));
        for kind in
            ["GetHeaterOutputPower", "enableheater", "EnableHeater2", "XEnableHeater", "", "EnableHeater "]
        {
            assert!(!guard.matches(kind), "{kind}");
        }
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("Set*", "SetHeaterPower", true),
            ("Set*", "ResetHeater", false),
            ("*Heater*", "EnableHeater", true),
            ("*GHS*Pump", "EnableGHSPump", true),
            ("*GHS*Pump", "EnableGHSPumps", false),
            ("a*a", "a", false),
            ("a*b*b", "ab", false),
            ("**", "x", true),
            ("*é*", "caféx", true),
            ("a.c", "abc", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_regular_expression(pattern in "[ab*é]{0,8}", text in "[abé]{0,10}") {
            let form = format!("^{}$", regex::escape(&pattern).replace("\\*", ".*"));
            prop_assert_eq!(matches(&pattern, &text), regex::Regex::new(&form).unwrap().is_match(&text));
        }
    }
}
