//! Drafts of payloads, and the one field that only Python knows.

use super::{Code, TaskType, schema};
use crate::wire::{
    json::{self, Kind},
    name,
};

/// Models inside models that a draft goes into.
const DEEPEST: usize = 4;

/// A payload to start from, as JSON on lines.
///
/// With a schema: all fields in its order, as Python's client sends them too, with their defaults letter for letter. A
/// required field without one stands as `null`, which the check refuses until it is filled in: no value is invented
/// that could be sent by mistake. A field whose default the service makes itself is left out, and so is a secret's
/// default, which schemas show only masked. Without a schema: `last_payload`, else `{}`.
///
/// The `code` of most IPython tasks is computed by Python and fits the other fields: there the last payload comes
/// first, and without one `code` stands as `null`.
pub fn template(task: &TaskType, last_payload: Option<&str>) -> String {
    let last = last_payload.filter(|raw| json::check(raw).is_ok() && json::kind(raw) == Some(Kind::Object));
    let code_missing = task.code == Some(Code::Computed) && !makes_code(task);
    let raw = match (&task.schema, last) {
        (Some(_), Some(last)) if code_missing => last.to_owned(),
        (Some(schema), _) => {
            let mut fields = fields(schema, schema::top(schema), 0);
            if code_missing {
                fields.push(("code".to_owned(), "null".to_owned()));
            }
            json::object(fields)
        }
        (None, Some(last)) => last.to_owned(),
        (None, None) => "{}".to_owned(),
    };
    json::pretty(&raw, usize::MAX).0
}

/// Depth is limited by [`DEEPEST`].
fn fields(root: &str, schema: &str, depth: usize) -> Vec<(String, String)> {
    let required = schema::required(schema);
    let mut out = Vec::new();
    for (name, property) in schema::properties(schema) {
        let secret = json::get(property, "writeOnly").and_then(json::boolean) == Some(true);
        let value = match json::get(property, "default") {
            Some(_) if secret => continue,
            Some(default) => default.to_owned(),
            None if required.contains(&name) => placeholder(root, property, depth),
            None => continue,
        };
        out.push((name.into_owned(), value));
    }
    out
}

/// What stands for a required field: the fields of a model, the only possible value, else `null`.
fn placeholder(root: &str, property: &str, depth: usize) -> String {
    let Some(resolved) = schema::resolve(root, property) else { return "null".to_owned() };
    if let Some(only) = json::get(resolved, "const") {
        return only.to_owned();
    }
    let model = json::get(resolved, "properties").is_some();
    if model && depth < DEEPEST { json::object(fields(root, resolved, depth + 1)) } else { "null".to_owned() }
}

/// Adds the `code` that Python would compute, where this module knows how: to the two cells that Juice itself defines.
/// All other payloads come back as they are, and so does one that has a `code`.
pub fn complete(task: &TaskType, payload: &str) -> String {
    let code = match known_code(task) {
        Some(code) if json::get(payload, "code").is_none() => code(payload),
        _ => None,
    };
    let body = payload.trim_end().strip_suffix('}').map(str::trim_end);
    match (code, body) {
        (Some(code), Some(body)) => {
            let comma = if body.ends_with('{') { "" } else { ", " };
            format!("{body}{comma}\"code\": {code}}}")
        }
        _ => payload.to_owned(),
    }
}

/// Whether [`complete`] makes this type's `code` of its other fields.
pub fn makes_code(task: &TaskType) -> bool {
    known_code(task).is_some()
}

/// From a payload to the raw JSON of `code`.
pub(super) type MakeCode = fn(&str) -> Option<String>;

/// How Python computes the `code`, if that is known (`orangeqs.juice.schemas.tasks`).
pub(super) fn known_code(task: &TaskType) -> Option<MakeCode> {
    if task.module.as_deref() != Some("orangeqs.juice.schemas.tasks") {
        return None;
    }
    match &*task.class {
        "RawIPython" => Some(|payload| {
            let raw = json::get(payload, "raw_code")?;
            (json::kind(raw) == Some(Kind::String)).then(|| raw.to_owned())
        }),
        "AsyncSleepIPython" => Some(|payload| {
            let duration = json::get(payload, "duration").unwrap_or("1.0");
            let number = json::kind(duration) == Some(Kind::Number) && duration.len() < 16;
            let float = match duration.bytes().all(|b| b.is_ascii_digit()) {
                true => format!("{duration}.0"),
                false => name::repr(duration),
            };
            number.then(|| json::quote(&format!("import asyncio; await asyncio.sleep({float})")))
        }),
        _ => None,
    }
}
