//! The list of labs: `[labs.NAME]`, and which of them open when none is named.
//!
//! A section says where a lab is, and what holds there instead of what holds elsewhere: it is read into a copy of the whole
//! configuration. It refuses to guess where a lab is: one whose place cannot be read must not become another one, such as
//! that of this machine.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, Influxdb, source::Source, source::list};

/// A lab of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLab {
    /// Its name, which is also that of its folder for what is kept.
    pub name: String,
    /// The line of its section, from 1.
    pub line: usize,
    /// The configuration as it holds there.
    pub config: Config,
    /// Why it cannot be opened: where it is cannot be read.
    pub wrong: Option<String>,
}

/// What may stand in a section: what belongs to a lab rather than to the person.
pub(super) const LAB_KEYS: [&str; 15] = [
    "url",
    "bus",
    "edge",
    "token-file",
    "ca-file",
    "juice-config",
    "juice-run",
    "services",
    "read-only",
    "hidden",
    "history",
    "guard",
    "influxdb",
    "catalogue",
    "paths",
];
/// Those of them that say where it is.
const PLACE: [&str; 8] =
    ["url", "bus", "edge", "token-file", "ca-file", "juice-config", "juice-run", "services"];

/// Characters of a name.
const LONGEST: usize = 64;

/// Whether a lab can have this name. It stands on the command line, in the header and as a folder.
fn is_name(name: &str) -> bool {
    let first = name.bytes().next();
    let sign = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    name.len() <= LONGEST
        && name.bytes().all(sign)
        && first.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl Config {
    /// The lab of that name.
    ///
    /// # Errors
    /// There is none; one sentence that names those that there are, and the nearest.
    pub fn listed(&self, name: &str) -> Result<&ListedLab, String> {
        if let Some(lab) = self.labs.iter().find(|lab| lab.name == name) {
            return Ok(lab);
        }
        let names = || self.labs.iter().map(|lab| lab.name.as_str());
        Err(match (self.labs.is_empty(), nearest(name, names())) {
            (true, _) => format!("there is no lab `{name}`: the configuration lists none ([labs.NAME])"),
            (false, Some(near)) => {
                format!("there is no lab `{name}`; did you mean `{near}`? There are {}", list(names()))
            }
            (false, None) => format!("there is no lab `{name}`; there are {}", list(names())),
        })
    }

    /// Reads the sections into copies of what was read before; `whole`: the file has no syntax errors.
    pub(super) fn read_labs(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>, whole: bool) {
        for (key, value) in source.subtable("labs", value).into_iter().flatten() {
            let name = key.get_ref().to_string();
            if !is_name(&name) {
                let remedy = format!("write letters, digits, `-`, `_`, `.` and `:`, {LONGEST} at most");
                source.problem(&key.span(), format!("{name:?} is no name of a lab"), remedy);
                continue;
            }
            let line = source.line(&key.span());
            let Some(section) = source.subtable(&format!("labs.{name}"), value) else { continue };
            let mut lab = ListedLab { name, line, config: self.elsewhere(), wrong: None };
            lab.read(source, key, section);
            if !whole {
                lab.config.guard.extend(crate::catalogue::guard::DEFAULT);
                if !lab.config.is_placed() && lab.wrong.is_none() {
                    lab.wrong =
                        Some("the file has mistakes, and where this lab is may be among them".to_owned());
                }
            }
            self.labs.push(lab);
        }
        self.labs.sort_by_key(|lab| lab.line);
    }

    /// What holds for a lab unless it says otherwise.
    fn elsewhere(&self) -> Config {
        Config {
            url: None,
            bus: None,
            edge: None,
            juice_config: None,
            juice_run: None,
            services: Vec::new(),
            // What is one lab's database is not another's; how far back is the person's wish.
            influxdb: Influxdb { hours: self.influxdb.hours, ..Influxdb::default() },
            labs: Vec::new(),
            opens: Ok(Vec::new()),
            ..self.clone()
        }
    }

    /// It says where the lab is.
    fn is_placed(&self) -> bool {
        self.url.is_some() || self.edge.is_some() || self.juice_config.is_some()
    }

    /// Which labs open when none is named.
    pub(super) fn read_opens(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) {
        let before = source.told();
        let (names, _) = source.strings("lab", value);
        for name in &names {
            if let Err(why) = self.listed(name.get_ref()) {
                source.problem(
                    &name.span(),
                    format!("`lab`: {why}"),
                    "write the name of a section [labs.NAME]",
                );
            }
        }
        self.opens = match source.first_since(before) {
            Some(problem) => Err(problem),
            None => Ok(names.into_iter().map(Spanned::into_inner).collect()),
        };
    }
}

impl ListedLab {
    fn read(&mut self, source: &mut Source<'_>, section: &Spanned<impl AsRef<str>>, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().replace('_', "-");
            let before = source.told();
            let known = LAB_KEYS.contains(&name.as_str());
            match known {
                true => self.config.read(source, key, value),
                false => source.unknown(key, LAB_KEYS),
            }
            // What is misspelled may have been what says where it is.
            if !known || PLACE.contains(&name.as_str()) {
                self.wrong = self.wrong.take().or_else(|| source.first_since(before));
            }
        }
        if self.config.url.is_some() && self.config.edge.is_some() {
            let before = source.told();
            let what = format!("the lab `{}` has a `url` and an `edge`", self.name);
            source.problem(&section.span(), what, "leave one of them out");
            self.wrong = self.wrong.take().or_else(|| source.first_since(before));
        }
        if self.config.edge.is_some() && self.config.token_file.is_none() {
            let before = source.told();
            let what = format!("the lab `{}` has an `edge` and no `token-file`", self.name);
            source.problem(&section.span(), what, "name the file that holds the edge's token");
            self.wrong = self.wrong.take().or_else(|| source.first_since(before));
        }
    }
}

/// The name that was probably meant: a letter or two differ, or stand in another order.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let letters = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let (differ, near) = names.map(|known| (distance(name, known), known)).min()?;
    (differ <= 1 + name.chars().count() / 8 || letters(name) == letters(near)).then_some(near)
}

/// How many letters have to be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_near_where_few_letters_differ() {
        for (typed, meant) in [
            ("nroth", Some("north")),
            ("nort", Some("north")),
            ("cellar-to", Some("cellar-two")),
            ("cryo", None),
            ("south", None),
        ] {
            assert_eq!(nearest(typed, ["north", "cellar-two"].into_iter()), meant, "{typed}");
        }
        for (a, b, letters) in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("ä", "a", 1)] {
            assert_eq!(distance(a, b), letters, "{a} {b}");
            assert_eq!(distance(b, a), letters, "{b} {a}");
        }
    }
}
