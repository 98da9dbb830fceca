//! A TOML file that people write by hand: read piece by piece, so that one mistake costs only its own line.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Of one broken file, so many syntax errors are told.
const SYNTAX_ERRORS: usize = 5;

/// Something that could not be used as it is written, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file; `None`: it did not come from a file.
    pub file: Option<PathBuf>,
    /// The line, from 1; `None`: the whole file.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What helps.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}: {}", self.what, self.remedy)
    }
}

/// A TOML text with its file, collecting what is wrong with it.
#[derive(Debug)]
pub struct Source<'a> {
    /// Where the text is from.
    pub file: &'a Path,
    text: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Source<'a> {
    /// A text to read.
    pub fn new(file: &'a Path, text: &'a str) -> Source<'a> {
        Source { file, text, problems: Vec::new() }
    }

    /// All that can be read of it, and whether that is everything: invalid lines are told and left out.
    pub fn table(&mut self) -> (DeTable<'a>, bool) {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors.iter().take(SYNTAX_ERRORS) {
            let problem = Problem {
                file: Some(self.file.to_owned()),
                line: error.span().map(|span| self.line(&span)),
                what: format!("not valid TOML ({})", error.message()),
                remedy: "correct this line; what could not be read has its default".to_owned(),
            };
            self.problems.push(problem);
        }
        (table.into_inner(), errors.is_empty())
    }

    /// What is wrong, in the order of the lines.
    pub fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.line);
        self.problems
    }

    /// How many mistakes were told so far.
    pub fn told(&self) -> usize {
        self.problems.len()
    }

    /// The first of those that were told since there were so many.
    pub fn first_since(&self, told: usize) -> Option<String> {
        self.problems.get(told).map(ToString::to_string)
    }

    /// The line where a piece begins, from 1.
    pub fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or(self.text.as_bytes());
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    /// Tells that something is wrong at a piece of the text.
    pub fn problem(&mut self, span: &Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        if span.is_empty() {
            // What stands in for something that is not valid TOML, which has been told.
            return;
        }
        let line = Some(self.line(span));
        self.problems.push(Problem {
            file: Some(self.file.to_owned()),
            line,
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// Tells that `key` must be `wanted`, and what it is.
    pub fn wrong_type(&mut self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let what = format!("`{key}` is a TOML {}", value.get_ref().type_str());
        self.problem(&value.span(), what, format!("write {wanted}"));
    }

    /// A string; anything else is told.
    pub fn string(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let found = value.get_ref().as_str().map(str::to_owned);
        if found.is_none() {
            self.wrong_type(key, value, "a text in quotes");
        }
        found
    }

    /// `true` or `false`; anything else is told.
    pub fn boolean(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<bool> {
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.wrong_type(key, value, "`true` or `false`");
        }
        found
    }

    /// A whole number that is not below `least`; anything else is told.
    pub fn number(&mut self, key: &str, value: &Spanned<DeValue<'_>>, least: usize) -> Option<usize> {
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(key, value, "a whole number");
            return None;
        };
        let number = usize::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|n| *n >= least);
        if number.is_none() {
            let what = format!("`{key}` is {integer}");
            self.problem(&value.span(), what, format!("write a whole number from {least} on"));
        }
        number
    }

    /// One of a few words; anything else is told.
    pub fn choice<T: Copy>(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let known = list(words.iter().map(|(word, _)| *word));
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(key, value, &format!("one of {known}, in quotes"));
            return None;
        };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            self.problem(&value.span(), format!("`{key}` is \"{text}\""), format!("write one of {known}"));
        }
        found
    }

    /// A list of strings, each with its place. What is no string is told and left out; one string alone counts as a
    /// list of one. The second value is whether all of it could be used.
    pub fn strings(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> (Vec<Spanned<String>>, bool) {
        let mut found = Vec::new();
        let mut whole = true;
        match value.get_ref() {
            DeValue::String(text) => found.push(Spanned::new(value.span(), text.to_string())),
            DeValue::Array(items) => {
                for item in items {
                    match self.string(key, item) {
                        Some(text) => found.push(Spanned::new(item.span(), text)),
                        None => whole = false,
                    }
                }
            }
            _ => {
                self.wrong_type(key, value, "a list of texts: [\"…\", \"…\"]");
                whole = false;
            }
        }
        (found, whole)
    }

    /// The entries of a sub-table; anything else is told.
    pub fn subtable<'v, 'i>(
        &mut self,
        key: &str,
        value: &'v Spanned<DeValue<'i>>,
    ) -> Option<&'v DeTable<'i>> {
        let found = value.get_ref().as_table();
        if found.is_none() {
            self.wrong_type(key, value, &format!("a table: [{key}]"));
        }
        found
    }

    /// Tells that a key means nothing here.
    pub fn unknown<'k>(&mut self, key: &Spanned<impl AsRef<str>>, known: impl IntoIterator<Item = &'k str>) {
        let what = format!("unknown key `{}`", key.get_ref().as_ref());
        self.problem(&key.span(), what, format!("known here: {}", list(known)));
    }
}

/// Words in code marks, separated by commas.
pub fn list<'k>(words: impl IntoIterator<Item = &'k str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
