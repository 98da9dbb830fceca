//! The little of JSON Schema that payloads are drafted and checked with, read from the raw text.
//!
//! Schemas are small and asked seldom: nothing is kept, each question reads the text again.

use std::borrow::Cow;

use crate::wire::{
    json::{self, Kind},
    name::Numbers,
};

/// References to references that are followed.
const MOST_REFERENCES: usize = 16;

/// The properties of an object's schema, in order.
pub(super) fn properties(schema: &str) -> Vec<(Cow<'_, str>, &str)> {
    json::get(schema, "properties").and_then(|raw| json::members(raw).ok()).unwrap_or_default()
}

/// The schema of the whole payload: a model that contains itself is only referred to.
pub(super) fn top(root: &str) -> &str {
    resolve(root, root).unwrap_or(root)
}

/// The names of required properties.
pub(super) fn required(schema: &str) -> Vec<Cow<'_, str>> {
    let items = json::get(schema, "required").and_then(|raw| json::items(raw).ok()).unwrap_or_default();
    items.into_iter().filter_map(json::string).collect()
}

/// What a reference leads to inside `root`; `None` where it leads nowhere or outside.
pub(super) fn refer<'a>(root: &'a str, reference: &str) -> Option<&'a str> {
    if reference == "#" {
        return Some(root);
    }
    let mut at = root;
    for step in reference.strip_prefix("#/")?.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        at = match json::kind(at)? {
            Kind::Array => json::items(at).ok()?.get(step.parse::<usize>().ok()?)?,
            _ => json::get(at, &step)?,
        };
    }
    Some(at)
}

/// Follows `$ref` inside `root`; `None` where it leads nowhere, outside, or round in circles.
pub(super) fn resolve<'a>(root: &'a str, schema: &'a str) -> Option<&'a str> {
    let mut found = schema;
    for _ in 0..MOST_REFERENCES {
        let Some(reference) = json::get(found, "$ref") else { return Some(found) };
        found = refer(root, &json::string(reference)?)?;
    }
    None
}

/// The alternatives of `anyOf` or `oneOf`.
pub(super) fn alternatives(schema: &str) -> Option<Vec<&str>> {
    let raw = json::get(schema, "anyOf").or_else(|| json::get(schema, "oneOf"))?;
    json::items(raw).ok()
}

/// The types that `type` names.
pub(super) fn types(schema: &str) -> Vec<Cow<'_, str>> {
    let Some(raw) = json::get(schema, "type") else { return Vec::new() };
    match json::kind(raw) {
        Some(Kind::Array) => {
            json::items(raw).unwrap_or_default().into_iter().filter_map(json::string).collect()
        }
        _ => json::string(raw).into_iter().collect(),
    }
}

/// How the numbers inside a property are to be read: as floats or integers if its schema has only one of the two there.
pub(super) fn numbers_in(root: &str, property: &str) -> Numbers {
    /// Schemas looked at: one that contains itself must end.
    const MOST: usize = 64;
    let (mut float, mut int) = (false, false);
    let mut open = vec![property];
    for _ in 0..MOST {
        let Some(next) = open.pop() else {
            return match (float, int) {
                (true, false) => Numbers::Float,
                (false, true) => Numbers::Int,
                _ => Numbers::AsWritten,
            };
        };
        let Some(schema) = resolve(root, next) else { return Numbers::AsWritten };
        // An enum's member, or anything at all: no telling.
        if json::get(schema, "enum").is_some() || json::get(schema, "const").is_some() {
            return Numbers::AsWritten;
        }
        let types = types(schema);
        let alternatives = alternatives(schema);
        if types.is_empty() && alternatives.is_none() {
            return Numbers::AsWritten;
        }
        for kind in &types {
            match &**kind {
                "number" => float = true,
                "integer" => int = true,
                "array" => match json::get(schema, "items") {
                    Some(items) => open.push(items),
                    None if json::get(schema, "prefixItems").is_some() => {}
                    None => return Numbers::AsWritten,
                },
                "object" => match json::get(schema, "additionalProperties") {
                    Some(value) if json::kind(value) == Some(Kind::Object) => open.push(value),
                    Some(value) if json::boolean(value) == Some(true) => return Numbers::AsWritten,
                    _ => {}
                },
                _ => {}
            }
        }
        open.extend(alternatives.unwrap_or_default());
        open.extend(
            json::get(schema, "prefixItems").and_then(|raw| json::items(raw).ok()).unwrap_or_default(),
        );
        open.extend(properties(schema).into_iter().map(|(_, raw)| raw));
    }
    Numbers::AsWritten
}

/// Whether a property's values look the same in Python as in JSON, but for what [`numbers_in`] tells.
pub(super) fn is_plain(root: &str, property: &str) -> bool {
    /// Schemas looked at.
    const MOST: usize = 500;
    /// What makes another class of it: moments, sets, tuples, bytes, mappings with keys of their own.
    const OTHER: [&str; 7] = [
        "format",
        "uniqueItems",
        "prefixItems",
        "patternProperties",
        "propertyNames",
        "contentMediaType",
        "writeOnly",
    ];
    let (mut number, mut text) = (false, false);
    let mut open = vec![property];
    for _ in 0..MOST {
        let Some(next) = open.pop() else {
            // A decimal is a number or a text.
            return !number || (!text && numbers_in(root, property) != Numbers::AsWritten);
        };
        let Some(schema) = resolve(root, next) else { return false };
        let has = |key: &str| json::get(schema, key).is_some();
        // A class of its own (an `Enum`) is referred to; a mere annotation (a `Literal`) stands where it is used.
        let referred = json::get(next, "$ref").is_some();
        if OTHER.iter().any(|key| has(key)) || (referred && (has("enum") || has("const"))) {
            return false;
        }
        let types = types(schema);
        number |= types.iter().any(|kind| kind == "number");
        text |= types.iter().any(|kind| kind == "string") && !has("enum") && !has("const");
        open.extend(alternatives(schema).unwrap_or_default());
        open.extend(properties(schema).into_iter().map(|(_, raw)| raw));
        for key in ["items", "additionalProperties"] {
            open.extend(json::get(schema, key).filter(|raw| json::kind(raw) == Some(Kind::Object)));
        }
        if types.is_empty() && !has("anyOf") && !has("oneOf") && !has("enum") && !has("const") {
            return false;
        }
    }
    false
}

/// Whether a property is a secret, or holds one somewhere inside: `writeOnly`, which is how pydantic marks them.
pub(super) fn is_secret(root: &str, property: &str) -> bool {
    /// Schemas looked at: one that contains itself must end, and one that is larger counts as a secret.
    const MOST: usize = 2_000;
    let mut open = vec![property];
    let mut seen: Vec<*const u8> = Vec::new();
    for _ in 0..MOST {
        let Some(next) = open.pop() else { return false };
        let is_marked = |raw| json::get(raw, "writeOnly").and_then(json::boolean) == Some(true);
        let Some(schema) = resolve(root, next) else { continue };
        if is_marked(next) || is_marked(schema) {
            return true;
        }
        // Pieces of one text: the same place is the same schema.
        if seen.contains(&schema.as_ptr()) {
            continue;
        }
        seen.push(schema.as_ptr());
        for key in ["items", "additionalProperties", "not", "if", "then", "else", "propertyNames", "contains"]
        {
            open.extend(json::get(schema, key).filter(|raw| json::kind(raw) == Some(Kind::Object)));
        }
        for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
            open.extend(json::get(schema, key).and_then(|raw| json::items(raw).ok()).unwrap_or_default());
        }
        for key in ["properties", "patternProperties"] {
            let members = json::get(schema, key).and_then(|raw| json::members(raw).ok());
            open.extend(members.unwrap_or_default().into_iter().map(|(_, raw)| raw));
        }
    }
    true
}
