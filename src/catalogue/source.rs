//! Where a task type is known from, and how old that knowledge is.

use chrono::{DateTime, Utc};

use crate::wire::Text;

/// The version of Juice whose own types are built in.
pub const BUILTIN_JUICE: &str = "26.43.0";

/// Where a task type is known from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Juice's own (of [`BUILTIN_JUICE`]).
    Builtin,
    /// A catalogue file.
    File {
        /// Where it lies.
        path: Text,
        /// The version of Juice that made it.
        juice: Option<Text>,
        /// When it was last changed, where that is known.
        at: Option<DateTime<Utc>>,
    },
    /// A kernel was asked: these are the types that it had registered.
    Kernel {
        /// The version of Juice in it.
        juice: Option<Text>,
        /// When it answered.
        at: DateTime<Utc>,
    },
    /// Seen on the bus: there is a payload but no schema.
    Seen {
        /// When last; `None`: nobody has seen it, a person named it.
        at: Option<DateTime<Utc>>,
    },
}

impl Source {
    /// Where it is known from, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Source::Builtin => "Juice",
            Source::File { .. } => "file",
            Source::Kernel { .. } => "kernel",
            Source::Seen { .. } => "seen",
        }
    }

    /// When it was told or seen.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        match self {
            Source::Builtin => None,
            Source::File { at, .. } | Source::Seen { at } => *at,
            Source::Kernel { at, .. } => Some(*at),
        }
    }

    /// Where it is known from and how old that is, in a few words: `kernel 5 min ago`, `file lab.json 3 d`.
    pub fn remark(&self, now: DateTime<Utc>) -> String {
        let age = self.at().map(|at| age(at, now));
        match (self, age) {
            (Source::Builtin, _) => format!("Juice {BUILTIN_JUICE}"),
            // What is built into the program has a name that is no file's.
            (Source::File { path, .. }, None) if !path.ends_with(".json") => path.to_string(),
            (Source::File { path, .. }, age) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                age.map_or_else(|| format!("file {name}"), |age| format!("file {name} {age}"))
            }
            (Source::Kernel { .. }, Some(age)) => format!("kernel {age} ago"),
            (Source::Seen { .. }, Some(age)) => format!("seen {age} ago"),
            (Source::Kernel { .. }, None) => "kernel".to_owned(),
            (Source::Seen { .. }, None) => "not seen yet".to_owned(),
        }
    }
}

/// An age as people say it. A moment ahead, by a clock that goes wrong, counts as now.
fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (now - at).num_minutes().max(0);
    match minutes {
        0 => "<1 min".to_owned(),
        1..60 => format!("{minutes} min"),
        60..1440 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_source_tells_its_age() {
        let now = DateTime::<Utc>::from_timestamp(1_795_554_000, 0).unwrap();
        let ago = |minutes| now - TimeDelta::minutes(minutes);
        let file = |at| Source::File { path: "/etc/x/lab.json".into(), juice: None, at };
        for (source, told) in [
            (Source::Builtin, "Juice 26.43.0"),
            (file(Some(ago(3 * 1440 + 5))), "file lab.json 3 d"),
            (file(None), "file lab.json"),
            (Source::File { path: "the demonstration".into(), juice: None, at: None }, "the demonstration"),
            (Source::Kernel { juice: None, at: ago(5) }, "kernel 5 min ago"),
            (Source::Kernel { juice: None, at: ago(0) }, "kernel <1 min ago"),
            (Source::Kernel { juice: None, at: ago(-600) }, "kernel <1 min ago"),
            (Source::Seen { at: Some(ago(61)) }, "seen 1 h ago"),
            (Source::Seen { at: None }, "not seen yet"),
        ] {
            assert_eq!(source.remark(now), told);
        }
    }

    #[test]
    fn the_built_in_types_are_of_that_version() {
        let text = include_str!("builtin.json");
        let juice = crate::wire::json::get(text, "juice").and_then(crate::wire::json::string);
        assert_eq!(juice.as_deref(), Some(BUILTIN_JUICE));
    }
}
