//! Checks a payload against a schema while it is typed.
//!
//! An error is what pydantic refuses in its lax mode, which is how services read payloads (`model_validate`); what it
//! may or may not take (a number for text, a member of an `Enum` with rules of its own, a field under another name) is
//! a hint. Patterns, formats, multiples and lengths of text are left to the service. Large payloads are checked as far
//! as [`MOST_STEPS`] goes, since this runs at each key.

mod number;

use std::{borrow::Cow, cell::Cell};

use super::{Code, TaskType, schema, template};
use crate::wire::json::{self, Kind};
use number::Bound;

/// Values compared with a schema in one check.
const MOST_STEPS: usize = 2_000;

/// Levels of values that are looked into.
const DEEPEST: usize = 16;

/// Problems told at once.
const MOST_PROBLEMS: usize = 100;

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
    /// Where, as pydantic writes it (`sweep.points`, `pts.1.x`); empty: the payload as a whole.
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
    if let Err(error) = json::check(payload) {
        let what = error.to_string();
        return vec![Problem { path: String::new(), what, level: Level::Error, offset: error.offset }];
    }
    let mut checker = Checker {
        payload,
        root: task.schema.as_deref().unwrap_or("{}"),
        code: task.ipython,
        steps: Cell::new(MOST_STEPS),
    };
    let mut out = Vec::new();
    if json::kind(payload) != Some(Kind::Object) {
        out.push(checker.problem("", payload, Level::Error, "expected an object"));
        return out;
    }
    if let Some(schema) = task.schema.as_deref() {
        checker.value(schema, payload, "", 0, &mut out);
    }
    checker.code = false;
    if task.ipython && !code_given(task, payload) {
        let what = match task.code {
            Some(Code::Computed) => {
                "missing: Python computes it from the other fields, the service requires it"
            }
            _ => "missing: the service requires it",
        };
        out.retain(|problem| problem.path != "code");
        out.push(checker.problem("code", json::get(payload, "code").unwrap_or(payload), Level::Error, what));
    }
    out.sort_by_key(|problem| (problem.level == Level::Hint, problem.offset));
    out
}

fn code_given(task: &TaskType, payload: &str) -> bool {
    match json::get(payload, "code") {
        Some(code) => json::kind(code) == Some(Kind::String),
        None => template::known_code(task).is_some(),
    }
}

struct Checker<'a> {
    payload: &'a str,
    root: &'a str,
    /// At the top, `code` is no unknown field.
    code: bool,
    steps: Cell<usize>,
}

impl<'a> Checker<'a> {
    fn problem(&self, path: &str, part: &str, level: Level, what: impl Into<String>) -> Problem {
        let at = (part.as_ptr() as usize).saturating_sub(self.payload.as_ptr() as usize);
        Problem { path: path.to_owned(), what: what.into(), level, offset: at.min(self.payload.len()) }
    }

    /// Recurses into values down to [`DEEPEST`] and, over all, for [`MOST_STEPS`].
    fn value(&self, schema: &'a str, value: &'a str, path: &str, depth: usize, out: &mut Vec<Problem>) {
        let left = self.steps.get();
        if left == 0 || depth > DEEPEST || out.len() >= MOST_PROBLEMS {
            return;
        }
        self.steps.set(left - 1);
        let Some(resolved) = schema::resolve(self.root, schema) else { return };
        let schema = resolved.schema;
        let Some(kind) = json::kind(value) else { return };
        if let Some(alternatives) = schema::alternatives(schema) {
            self.alternatives(&alternatives, value, path, depth, out);
        }
        if let Some(all) = json::get(schema, "allOf").and_then(|raw| json::items(raw).ok()) {
            for part in all {
                self.value(part, value, path, depth + 1, out);
            }
        }
        let only = json::get(schema, "const").map(|only| vec![only]);
        let choices = only.or_else(|| json::get(schema, "enum").and_then(|raw| json::items(raw).ok()));
        if let Some(choices) = choices {
            self.choice(&choices, resolved.referred, value, kind, path, out);
            return;
        }
        // Several types in one: pydantic does not write that; the service knows.
        if let [kind_wanted] = schema::types(schema).as_slice() {
            match self.one_type(schema, kind_wanted, value, kind) {
                Fit::Yes => self.inside(schema, value, kind, path, depth, out),
                Fit::Perhaps(what) => out.push(self.problem(path, value, Level::Hint, what)),
                Fit::No(what) => out.push(self.problem(path, value, Level::Error, what)),
            }
        }
    }

    /// Refused if every alternative refuses it.
    fn alternatives(
        &self,
        alternatives: &[&'a str],
        value: &'a str,
        path: &str,
        depth: usize,
        out: &mut Vec<Problem>,
    ) {
        let mut best: Option<Vec<Problem>> = None;
        let mut others = 0;
        for alternative in alternatives {
            let mut found = Vec::new();
            self.value(alternative, value, path, depth + 1, &mut found);
            if found.is_empty() {
                return;
            }
            let null = matches!(schema::types(alternative).as_slice(), [kind] if kind == "null");
            let errors = |found: &[Problem]| found.iter().any(|problem| problem.level == Level::Error);
            others += usize::from(!null && errors(&found));
            let better = match &best {
                None => true,
                Some(best) => errors(best) && !null,
            };
            if better {
                best = Some(found);
            }
        }
        match best {
            Some(best) if others > 1 && best.iter().any(|problem| problem.level == Level::Error) => {
                out.push(self.problem(path, value, Level::Error, "fits none of the alternatives"));
            }
            Some(best) => out.extend(best),
            None => {}
        }
    }

    fn choice(
        &self,
        choices: &[&str],
        referred: bool,
        value: &str,
        kind: Kind,
        path: &str,
        out: &mut Vec<Problem>,
    ) {
        // Python's `True` equals 1: numbers and booleans are compared by the service.
        let loose = |kind| matches!(kind, Some(Kind::Number | Kind::Bool));
        let same = |choice: &&str| match (json::kind(choice), kind) {
            (Some(Kind::Number), Kind::Number) => number::equal(choice, value),
            (Some(Kind::String), Kind::String) => json::string(choice) == json::string(value),
            (other, _) if other == Some(kind) => *choice == value || !matches!(kind, Kind::Bool | Kind::Null),
            (other, kind) => loose(other) && loose(Some(kind)),
        };
        if choices.iter().any(same) {
            return;
        }
        /// Choices that are named.
        const NAMED: usize = 12;
        let mut names: Vec<Cow<'_, str>> =
            choices.iter().take(NAMED).map(|raw| Cow::Borrowed(*raw)).collect();
        if choices.len() > NAMED {
            names.push("…".into());
        }
        let scalar = matches!(kind, Kind::String | Kind::Number | Kind::Bool);
        let level = if referred && scalar { Level::Hint } else { Level::Error };
        let what = if choices.len() == 1 { "expected" } else { "expected one of" };
        out.push(self.problem(path, value, level, format!("{what} {}", names.join(", "))));
    }

    fn one_type(&self, schema: &str, wanted: &str, value: &str, kind: Kind) -> Fit {
        let has = |key| json::get(schema, key).is_some();
        let text = || json::string(value).unwrap_or_default();
        match (wanted, kind) {
            ("null", Kind::Null) | ("string", Kind::String) | ("boolean", Kind::Bool) => Fit::Yes,
            ("array", Kind::Array) | ("object", Kind::Object) => Fit::Yes,
            ("null", _) => Fit::No("expected null".into()),
            // Dates, durations, addresses and bytes have their own ideas.
            ("string", Kind::Number | Kind::Bool) if has("format") => Fit::Yes,
            ("string", Kind::Number | Kind::Bool)
                if has("pattern") || has("minLength") || has("maxLength") =>
            {
                Fit::No("expected text".into())
            }
            // A complex number's schema says no more than text's.
            ("string", Kind::Number | Kind::Bool) => Fit::Perhaps("expected text".into()),
            ("string", _) => Fit::No("expected text".into()),
            ("integer", Kind::Bool) | ("number", Kind::Bool) => Fit::Yes,
            ("integer", Kind::Number) if number::has_fraction(value) => {
                Fit::No("expected a whole number".into())
            }
            ("integer" | "number", Kind::Number) => bounds(schema, wanted, value),
            ("integer" | "number", Kind::String) if has("format") || number::perhaps(&text(), wanted) => {
                Fit::Yes
            }
            ("integer", _) => Fit::No("expected a whole number".into()),
            ("number", _) => Fit::No("expected a number".into()),
            ("boolean", Kind::Number) if number::equal(value, "0") || number::equal(value, "1") => Fit::Yes,
            ("boolean", Kind::String) if number::boolean(&text()) => Fit::Yes,
            ("boolean", _) => Fit::No("expected true or false".into()),
            // Named tuples take objects, lazy sequences take whatever can be gone through.
            ("array", Kind::Object | Kind::String) if !has("uniqueItems") => {
                Fit::Perhaps("expected a list".into())
            }
            ("array", _) => Fit::No("expected a list".into()),
            ("object", _) => Fit::No("expected an object".into()),
            _ => Fit::Yes,
        }
    }

    /// The parts of a list or an object.
    fn inside(
        &self,
        schema: &'a str,
        value: &'a str,
        kind: Kind,
        path: &str,
        depth: usize,
        out: &mut Vec<Problem>,
    ) {
        match kind {
            Kind::Array => self.items(schema, value, path, depth, out),
            Kind::Object => self.members(schema, value, path, depth, out),
            _ => {}
        }
    }

    fn items(&self, schema: &'a str, value: &'a str, path: &str, depth: usize, out: &mut Vec<Problem>) {
        let Ok(items) = json::items(value) else { return };
        let limit = |key| json::get(schema, key).and_then(|raw| raw.parse::<usize>().ok());
        let unique = json::get(schema, "uniqueItems").and_then(json::boolean) == Some(true);
        let length = items.len();
        if let Some(least) = limit("minItems").filter(|least| length < *least) {
            let what = format!("expected at least {least} items, not {length}");
            out.push(self.problem(path, value, Level::Error, what));
        }
        // A set drops doubles before it counts.
        if let Some(most) = limit("maxItems").filter(|most| length > *most && !unique) {
            out.push(self.problem(
                path,
                value,
                Level::Error,
                format!("expected at most {most} items, not {length}"),
            ));
        }
        let first =
            json::get(schema, "prefixItems").and_then(|raw| json::items(raw).ok()).unwrap_or_default();
        let rest = json::get(schema, "items");
        for (i, item) in items.into_iter().enumerate().take(MOST_STEPS) {
            if let Some(schema) = first.get(i).copied().or(rest) {
                self.value(schema, item, &join(path, &i.to_string()), depth + 1, out);
            }
        }
    }

    fn members(&self, schema: &'a str, value: &'a str, path: &str, depth: usize, out: &mut Vec<Problem>) {
        let Ok(members) = json::members(value) else { return };
        let model = json::get(schema, "properties").is_some();
        let properties = schema::properties(schema);
        let more = json::get(schema, "additionalProperties");
        let mut unknown = false;
        for (name, part) in members.iter().take(MOST_STEPS) {
            let here = join(path, name);
            let property = properties.iter().find(|(known, _)| known == name).map(|(_, schema)| *schema);
            match (property, more) {
                (Some(schema), _) => self.value(schema, part, &here, depth + 1, out),
                (None, Some(schema)) if json::kind(schema) == Some(Kind::Object) => {
                    unknown = true;
                    self.value(schema, part, &here, depth + 1, out);
                }
                (None, Some(any)) if json::boolean(any) == Some(true) => unknown = true,
                _ if !model || (self.code && depth == 0 && name == "code") => {}
                _ => {
                    unknown = true;
                    let what = "unknown field: most tasks ignore it";
                    out.push(self.problem(&here, part, Level::Hint, what));
                }
            }
        }
        if depth == 0 {
            self.doubles(&members, out);
        }
        for name in schema::required(schema) {
            if members.iter().any(|(given, _)| *given == name) {
                continue;
            }
            // A field can have a second name that schemas do not show.
            let level = if unknown { Level::Hint } else { Level::Error };
            out.push(self.problem(&join(path, &name), value, level, "required field is missing"));
        }
    }

    fn doubles(&self, members: &[(Cow<'a, str>, &'a str)], out: &mut Vec<Problem>) {
        let mut seen = std::collections::HashSet::new();
        for (name, part) in members.iter().rev() {
            if !seen.insert(name) {
                out.push(self.problem(name, part, Level::Hint, "given more than once: the last one counts"));
            }
        }
    }
}

/// Whether a value can be of a type.
enum Fit {
    Yes,
    Perhaps(String),
    No(String),
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}

fn bounds(schema: &str, wanted: &str, value: &str) -> Fit {
    for (key, bound, words) in [
        ("minimum", Bound::Least, "expected at least"),
        ("maximum", Bound::Most, "expected at most"),
        ("exclusiveMinimum", Bound::Above, "expected more than"),
        ("exclusiveMaximum", Bound::Below, "expected less than"),
    ] {
        if let Some(limit) = json::get(schema, key)
            && number::breaks(value, limit, bound, wanted == "integer")
        {
            return Fit::No(format!("{words} {limit}"));
        }
    }
    Fit::Yes
}
