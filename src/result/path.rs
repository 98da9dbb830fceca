//! Paths as Python and most tools write them: `path.to[3]["odd key"]`.

use std::{fmt, iter::Peekable, str::Chars};

use crate::wire::json;

use super::tree::{Entry, Level, Tree};

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The member of that name, as JSON writes it: with quotes.
    Key(String),
    /// The item with that number; negative ones count from the end, as in Python.
    Item(i64),
}

/// The way from the outermost value down to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<Step>);

/// What is wrong with a path, and at which character (from 0).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct PathError {
    /// In characters.
    pub at: usize,
    /// One phrase.
    pub what: String,
}

impl Path {
    /// Reads a path. The outermost value is the empty path, or `.`.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        let mut reader = Reader { text, chars: text.chars().peekable(), at: 0 };
        let mut steps = Vec::new();
        if text.trim() == "." {
            return Ok(Path(steps));
        }
        while let Some(next) = reader.chars.peek().copied() {
            match next {
                '[' => steps.push(reader.bracket()?),
                '.' => {
                    reader.next();
                    steps.push(reader.name()?);
                }
                _ if steps.is_empty() => steps.push(reader.name()?),
                _ => return Err(reader.fault("expected '.' or '['")),
            }
        }
        Ok(Path(steps))
    }

    /// The path of the entry that `way` leads to.
    pub fn of(tree: &Tree, way: &[Level]) -> Path {
        // The first level is the document, whose only entry needs no step.
        Path(way.iter().skip(1).map(|level| step(tree, &level.entry)).collect())
    }

    /// The entry that it leads to. Of members with the same name the last one, as in Python.
    ///
    /// # Errors
    /// There is none: the sentence says where the way ends.
    pub fn find(&self, tree: &Tree) -> Result<Entry, String> {
        let mut entry = tree.root();
        for (done, step) in self.0.iter().enumerate() {
            let open = entry.value.start;
            let bracket = tree.byte(open);
            let found = match step {
                Step::Key(key) if bracket == b'{' => member(tree, open, key),
                Step::Item(number) if bracket == b'[' => usize::try_from(*number)
                    .ok()
                    .or_else(|| tree.count(open).checked_sub(usize::try_from(number.unsigned_abs()).ok()?))
                    .and_then(|number| tree.entry(Some(open), number)),
                _ => None,
            };
            let Some(found) = found else {
                let here = Path(self.0[..done].to_vec());
                let here = if done == 0 { "the whole".to_owned() } else { here.to_string() };
                return Err(match (step, bracket) {
                    (Step::Item(_), b'[') => format!("{here} has {} items", tree.count(open)),
                    (Step::Item(_), _) => format!("{here} is no array"),
                    (Step::Key(key), b'{') => format!("{here} has no member {key}"),
                    (Step::Key(_), _) => format!("{here} is no object"),
                });
            };
            entry = found;
        }
        Ok(entry)
    }
}

/// The step that leads to an entry from its container.
pub fn step(tree: &Tree, entry: &Entry) -> Step {
    match &entry.key {
        Some(key) => Step::Key(tree.raw(key).to_owned()),
        None => Step::Item(i64::try_from(entry.number).unwrap_or(i64::MAX)),
    }
}

/// The last member of that name; `key` is written as JSON.
fn member(tree: &Tree, open: usize, key: &str) -> Option<Entry> {
    let is = |entry: &Entry| entry.key.as_ref().is_some_and(|range| same(tree.raw(range), key));
    tree.entries(Some(open)).filter(is).last()
}

/// Two JSON strings say the same, however they are escaped.
fn same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let escaped = |text: &str| memchr::memchr(b'\\', text.as_bytes()).is_some();
    if !escaped(one) && !escaped(other) {
        return false;
    }
    match (json::code_points(one), json::code_points(other)) {
        (Some(one), Some(other)) => one.eq(other),
        _ => false,
    }
}

/// A name that needs no brackets.
pub fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return out.write_str(".");
        }
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Item(item) => write!(out, "[{item}]")?,
                Step::Key(key) => match key.strip_prefix('"').and_then(|key| key.strip_suffix('"')) {
                    Some(name) if is_plain(name) => {
                        write!(out, "{}{name}", if number == 0 { "" } else { "." })?;
                    }
                    _ => write!(out, "[{key}]")?,
                },
            }
        }
        Ok(())
    }
}

struct Reader<'a> {
    text: &'a str,
    chars: Peekable<Chars<'a>>,
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next();
        self.at += usize::from(next.is_some());
        next
    }

    fn fault(&self, what: impl Into<String>) -> PathError {
        PathError { at: self.at, what: what.into() }
    }

    /// A bare name: all up to the next point or bracket.
    fn name(&mut self) -> Result<Step, PathError> {
        let mut name = String::new();
        while let Some(next) = self.chars.next_if(|c| !matches!(c, '.' | '[')) {
            self.at += 1;
            name.push(next);
        }
        if name.is_empty() {
            return Err(self.fault("expected a name; odd ones are written [\"so\"]"));
        }
        Ok(Step::Key(json::quote(&name)))
    }

    /// `[3]`, `["odd key"]` or `['odd key']`.
    fn bracket(&mut self) -> Result<Step, PathError> {
        self.next();
        let quote = self.chars.next_if(|c| matches!(c, '"' | '\''));
        let mut inside = String::new();
        let Some(quote) = quote else {
            while let Some(next) = self.chars.next_if(|c| *c != ']') {
                self.at += 1;
                inside.push(next);
            }
            let number = inside.trim().parse();
            let number = number.map_err(|_| self.fault("expected a number or a name in quotes"))?;
            return self.closed(Step::Item(number));
        };
        self.at += 1;
        loop {
            match self.next() {
                None => return Err(self.fault(format!("a name without its closing {quote}"))),
                Some('\\') => match self.next() {
                    // JSON has no such escape.
                    Some('\'') => inside.push('\''),
                    next => {
                        inside.push('\\');
                        inside.extend(next);
                    }
                },
                Some(next) if next == quote => break,
                Some('"') => inside.push_str("\\\""),
                Some(next) => inside.push(next),
            }
        }
        let key = format!("\"{inside}\"");
        match json::check(&key) {
            Ok(()) => self.closed(Step::Key(key)),
            Err(error) => Err(self.fault(error.what)),
        }
    }

    fn closed(&mut self, step: Step) -> Result<Step, PathError> {
        match self.next() {
            Some(']') => Ok(step),
            _ if self.text.is_empty() => Err(self.fault("nothing to read")),
            _ => Err(self.fault("expected ']'")),
        }
    }
}
