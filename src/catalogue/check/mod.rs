//! Checks a payload against a schema while it is typed.
//!
//! An error is what pydantic refuses in its lax mode, which is how services read payloads (`model_validate`); what it
//! may or may not take (a number for text, a member of an `Enum` with rules of its own, a field under another name) is
//! a hint. What only the service can tell is left to it: patterns that Rust's `regex` cannot read, most formats,
//! validators that the class has of its own. Large payloads are checked as far as [`MOST_STEPS`] goes, since this runs
//! at each key.

mod number;
mod scalar;
mod text;

use std::{borrow::Cow, collections::HashSet};

use super::{
    Code, TaskType,
    shape::{At, Extra, ModelShape, Schema, Shape, UnionShape, What},
    template, words,
};
use crate::wire::json::{self, Kind};

pub(super) use scalar::{is_choice, scalar};
pub(super) use text::{Pattern, Verdict};

/// Values compared with a schema in one check.
const MOST_STEPS: usize = 2_000;

/// Levels of values that are looked into.
const DEEPEST: usize = 16;

/// Problems told at once.
const MOST_PROBLEMS: usize = 100;

/// What stands at a required field that is left out.
pub(super) const MISSING: &str = "required field is missing";

/// How sure a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The service will refuse it.
    Error,
    /// The service may refuse or ignore it.
    Hint,
}

/// Something about a payload that a person should see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: names, keys and indexes joined by dots (`sweep.points`, `pts.1.x`); empty: the payload as a whole.
    pub path: String,
    /// One phrase.
    pub what: String,
    /// How sure.
    pub level: Level,
    /// The byte in the payload's text where it stands.
    pub offset: usize,
}

/// What is wrong with a payload for that type. No errors: as far as can be told here it will be taken.
pub fn check(task: &TaskType, payload: &str) -> Vec<Problem> {
    Checker::new(task).check(payload)
}

/// Checks payloads of one type; keeps what it has read of the schema, for who checks at each key.
#[derive(Debug)]
pub struct Checker {
    schema: Option<Schema>,
    ipython: bool,
    code: Option<Code>,
    code_known: bool,
}

impl Checker {
    /// For that type.
    pub fn new(task: &TaskType) -> Checker {
        Checker {
            schema: task.schema.clone().map(Schema::new),
            ipython: task.ipython,
            code: task.code,
            code_known: template::makes_code(task),
        }
    }

    /// What is wrong with a payload, errors first.
    pub fn check(&mut self, payload: &str) -> Vec<Problem> {
        if let Err(error) = json::check(payload) {
            let what = error.to_string();
            return vec![Problem { path: String::new(), what, level: Level::Error, offset: error.offset }];
        }
        let mut none = Schema::new("{}".into());
        let schema = self.schema.as_mut().unwrap_or(&mut none);
        let top = schema.top();
        let mut walk = Walk { payload, code: self.ipython, schema, steps: MOST_STEPS };
        let mut out = Vec::new();
        if json::kind(payload) != Some(Kind::Object) {
            out.push(walk.problem("", payload, Level::Error, "expected an object"));
            return out;
        }
        walk.value(top, payload, "", 0, &mut out);
        let code = json::get(payload, "code");
        let given = match code {
            Some(code) => json::kind(code) == Some(Kind::String),
            None => self.code_known,
        };
        if self.ipython && !given {
            let what = match self.code {
                Some(Code::Computed) => {
                    "missing: Python computes it from the other fields, the service requires it"
                }
                _ => "missing: the service requires it",
            };
            out.retain(|problem| problem.path != "code");
            out.push(walk.problem("code", code.unwrap_or(payload), Level::Error, what));
        }
        out.sort_by_key(|problem| (problem.level == Level::Hint, problem.offset));
        out
    }
}

/// What is wrong with one value at a place of the schema, parts of it included: path inside the value, level, phrase.
pub(super) fn value(schema: &mut Schema, at: At, raw: &str) -> Vec<Problem> {
    let mut out = Vec::new();
    let mut walk = Walk { payload: raw, code: false, schema, steps: MOST_STEPS };
    walk.value(at, raw, "", 1, &mut out);
    out
}

/// Whether that many items or entries are too few or too many.
pub(super) fn count(shape: &Shape, count: usize) -> Option<String> {
    let (least, most, unique, what) = match &shape.what {
        What::List(list) => (list.least, list.most, list.unique, "items"),
        What::Tuple(tuple) => (tuple.least, tuple.most, false, "items"),
        What::Map(map) => (map.least, map.most, false, "entries"),
        _ => return None,
    };
    if let Some(least) = least.filter(|least| count < *least) {
        return Some(format!("expected at least {least} {what}, not {count}"));
    }
    // A set drops doubles before it counts.
    let most = most.filter(|most| count > *most && !unique)?;
    Some(format!("expected at most {most} {what}, not {count}"))
}

/// Whether a member that the model has no field for is refused, and what to say of it. `complete`: all the model's own
/// fields are given; else it could be one of them under another name.
pub(super) fn unknown(model: &ModelShape, complete: bool) -> Option<(Level, &'static str)> {
    match model.extra {
        Extra::Ignored => Some((Level::Hint, "unknown field: most tasks ignore it")),
        Extra::Refused if complete => Some((Level::Error, "unknown field: this task refuses it")),
        Extra::Refused => Some((Level::Hint, "unknown field: this task takes only fields that it knows")),
        Extra::Taken | Extra::Of(_) => None,
    }
}

/// One walk through a value.
struct Walk<'a, 's> {
    payload: &'a str,
    /// At the top, `code` is no unknown field.
    code: bool,
    schema: &'s mut Schema,
    steps: usize,
}

impl<'a> Walk<'a, '_> {
    fn problem(&self, path: &str, part: &str, level: Level, what: impl Into<String>) -> Problem {
        let at = (part.as_ptr() as usize).saturating_sub(self.payload.as_ptr() as usize);
        Problem { path: path.to_owned(), what: what.into(), level, offset: at.min(self.payload.len()) }
    }

    /// Recurses into values down to [`DEEPEST`] and, over all, for [`MOST_STEPS`].
    fn value(&mut self, at: At, value: &'a str, path: &str, depth: usize, out: &mut Vec<Problem>) {
        if self.steps == 0 || depth > DEEPEST || out.len() >= MOST_PROBLEMS {
            return;
        }
        self.steps -= 1;
        let Some(kind) = json::kind(value) else { return };
        let shape = self.schema.shape(at);
        if kind == Kind::Null && shape.nullable {
            return;
        }
        match &shape.what {
            What::Any | What::Other(_) => {}
            What::All(parts) => {
                for part in parts {
                    self.value(*part, value, path, depth + 1, out);
                }
            }
            What::Union(union) => match &union.tag {
                Some(tag) => self.tagged(union, tag, value, path, depth, out),
                None => self.alternatives(&union.variants, value, path, depth, out),
            },
            _ => {
                for (level, what) in scalar(&shape, value) {
                    out.push(self.problem(path, value, level, what));
                }
                match kind {
                    Kind::Array => self.items(&shape, value, path, depth, out),
                    Kind::Object => self.members(&shape, value, path, depth, out),
                    _ => {}
                }
            }
        }
    }

    /// Refused if every alternative refuses it.
    fn alternatives(&mut self, all: &[At], value: &'a str, path: &str, depth: usize, out: &mut Vec<Problem>) {
        let errors = |found: &[Problem]| found.iter().any(|problem| problem.level == Level::Error);
        let mut best: Option<Vec<Problem>> = None;
        let mut refused = 0;
        for alternative in all {
            let mut found = Vec::new();
            self.value(*alternative, value, path, depth + 1, &mut found);
            if found.is_empty() {
                return;
            }
            refused += usize::from(errors(&found));
            if best.as_ref().is_none_or(|best| errors(best) && !errors(&found)) {
                best = Some(found);
            }
        }
        match best {
            Some(best) if refused > 1 && errors(&best) => {
                out.push(self.problem(path, value, Level::Error, "fits none of the alternatives"));
            }
            Some(best) => out.extend(best),
            None => {}
        }
    }

    fn tagged(
        &mut self,
        union: &UnionShape,
        (field, tags): &(String, Vec<(String, usize)>),
        value: &'a str,
        path: &str,
        depth: usize,
        out: &mut Vec<Problem>,
    ) {
        if json::kind(value) != Some(Kind::Object) {
            out.push(self.problem(path, value, Level::Error, "expected an object"));
            return;
        }
        let names = || tags.iter().take(12).map(|(tag, _)| tag.as_str()).collect::<Vec<_>>().join(", ");
        let Some(given) = json::get(value, field) else {
            // The field can have a second name that schemas do not show.
            let known = self.known_members(union);
            let members = json::members(value).unwrap_or_default();
            let stranger = members.iter().any(|(name, _)| !known.contains(name.as_ref()));
            let level = if stranger { Level::Hint } else { Level::Error };
            let what = format!("`{field}` is missing: it says which of {}", names());
            out.push(self.problem(path, value, level, what));
            return;
        };
        match tags.iter().find(|(tag, _)| is_tag(given, tag)) {
            Some((_, variant)) => self.value(union.variants[*variant], value, path, depth + 1, out),
            None => {
                // Tags that are no text (members of an `Enum`) have spellings of their own.
                let sure = json::kind(given) == Some(Kind::String);
                let level = if sure { Level::Error } else { Level::Hint };
                let what = format!("expected `{field}` to be one of {}", names());
                out.push(self.problem(path, given, level, what));
            }
        }
    }

    fn known_members(&mut self, union: &UnionShape) -> HashSet<String> {
        let mut known = HashSet::new();
        for at in &union.variants {
            if let What::Model(model) = &self.schema.shape(*at).what {
                known.extend(model.properties.iter().map(|property| property.name.clone()));
            }
        }
        known
    }

    fn items(&mut self, shape: &Shape, value: &'a str, path: &str, depth: usize, out: &mut Vec<Problem>) {
        let Ok(items) = json::items(value) else { return };
        let (first, rest): (&[At], _) = match &shape.what {
            What::List(list) => (&[], list.item),
            What::Tuple(tuple) => (&tuple.first, tuple.rest),
            _ => return,
        };
        if let Some(what) = count(shape, items.len()) {
            out.push(self.problem(path, value, Level::Error, what));
        }
        for (i, item) in items.into_iter().enumerate().take(MOST_STEPS) {
            if let Some(at) = first.get(i).copied().or(rest) {
                self.value(at, item, &join(path, &i.to_string()), depth + 1, out);
            }
        }
    }

    fn members(&mut self, shape: &Shape, value: &'a str, path: &str, depth: usize, out: &mut Vec<Problem>) {
        let Ok(members) = json::members(value) else { return };
        match &shape.what {
            What::Model(model) => self.model(model, &members, value, path, depth, out),
            What::Map(map) => {
                if let Some(what) = count(shape, members.len()) {
                    out.push(self.problem(path, value, Level::Error, what));
                }
                for (name, part) in members.iter().take(MOST_STEPS) {
                    let here = join(path, name);
                    for (level, what) in key(self.schema, shape, name) {
                        out.push(self.problem(&here, part, level, what));
                    }
                    if let Some(at) = map.value {
                        self.value(at, part, &here, depth + 1, out);
                    }
                }
            }
            _ => {}
        }
    }

    fn model(
        &mut self,
        model: &ModelShape,
        members: &[(Cow<'a, str>, &'a str)],
        value: &'a str,
        path: &str,
        depth: usize,
        out: &mut Vec<Problem>,
    ) {
        let given: HashSet<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        let complete = model.properties.iter().all(|property| given.contains(property.name.as_str()));
        let mut stranger = false;
        for (name, part) in members.iter().take(MOST_STEPS) {
            let here = join(path, name);
            if let Some(known) = model.index.get(name.as_ref()) {
                self.value(model.properties[*known].at, part, &here, depth + 1, out);
                continue;
            }
            if self.code && depth == 0 && name == "code" {
                continue;
            }
            stranger = true;
            if let Extra::Of(at) = model.extra {
                self.value(at, part, &here, depth + 1, out);
            }
            if let Some((level, what)) = unknown(model, complete) {
                out.push(self.problem(&here, part, level, what));
            }
        }
        if depth == 0 {
            self.doubles(members, out);
        }
        for property in &model.properties {
            if property.required && !given.contains(property.name.as_str()) {
                // A field can have a second name that schemas do not show.
                let level = if stranger { Level::Hint } else { Level::Error };
                out.push(self.problem(&join(path, &property.name), value, level, MISSING));
            }
        }
    }

    fn doubles(&self, members: &[(Cow<'a, str>, &'a str)], out: &mut Vec<Problem>) {
        let mut seen = HashSet::new();
        for (name, part) in members.iter().rev() {
            if !seen.insert(name) {
                out.push(self.problem(name, part, Level::Hint, "given more than once: the last one counts"));
            }
        }
    }
}

/// What is wrong with the key of a map.
pub(super) fn key(schema: &mut Schema, shape: &Shape, name: &str) -> Vec<(Level, String)> {
    let What::Map(map) = &shape.what else { return Vec::new() };
    let mut out = Vec::new();
    if let Some(pattern) = &map.pattern {
        let told = pattern.pattern.as_deref().unwrap_or_default();
        match pattern.judge(name) {
            Verdict::Fits | Verdict::Unknown => {}
            Verdict::Perhaps => out.push((Level::Hint, format!("the key may not match {told}"))),
            Verdict::Breaks => out.push((Level::Error, format!("the key must match {told}"))),
        }
    }
    if let Some(at) = map.key {
        let raw = json::quote(name);
        let shape = schema.shape(at);
        // Keys are text in JSON, whatever they are in Python.
        let text = match &shape.what {
            What::Enum(choices) => choices.iter().all(|choice| choice.raw.starts_with('"')),
            What::Text(_) => true,
            _ => false,
        };
        if text {
            let found = scalar(&shape, &raw);
            out.extend(found.into_iter().map(|(level, what)| (level, format!("the key: {what}"))));
        }
    }
    out
}

/// Whether a raw value is that tag: text, or a number or word that is written like it.
pub(super) fn is_tag(raw: &str, tag: &str) -> bool {
    match json::string(raw) {
        Some(text) => text == tag,
        None => raw.trim() == tag,
    }
}

/// The names of the alternatives that a value could be, for people.
pub(super) fn names_of(schema: &mut Schema, union: &UnionShape) -> Vec<String> {
    words::variants(schema, &union.variants)
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}
