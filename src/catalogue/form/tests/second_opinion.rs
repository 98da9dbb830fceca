//! The crate `jsonschema` as a second opinion, where it can have one.
//!
//! It cannot judge payloads: services read them in pydantic's lax mode, which takes `"5"` for 5, `true` for 1, moments
//! as seconds, sets with doubles, and more that a schema does not say. But where a schema says all that the class asks
//! for, what it allows is taken by the service, so our check must not refuse it. Only that direction is tried here.
//!
//! Left out, since the two do not mean the same:
//!
//! - schemas that allow more than the class takes: keys with a pattern (pydantic writes `patternProperties` and leaves
//!   out that no other key is allowed), unions whose tag has a default and so is not required, `format` as a mere word
//!   (here it is enforced);
//! - what `serde_json` cannot read, or not exactly: `NaN`, `Infinity`, integers beyond 64 bits, keys given twice;
//! - patterns: the crate reads them as JavaScript does. Those here mean the same in all three languages.

use std::cell::Cell;

use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    prop_assert,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value as Json, json};

use super::{properties::task, *};
use crate::catalogue::check::Checker;

/// More kinds of fields than the other properties need.
const LEAVES: [&str; 16] = [
    r#"{"type": "integer", "exclusiveMinimum": -3, "exclusiveMaximum": 7}"#,
    r#"{"type": "integer", "multipleOf": 3}"#,
    r#"{"type": "number", "minimum": -2.5, "maximum": 1e3}"#,
    r#"{"type": "number", "multipleOf": 0.1}"#,
    r#"{"anyOf": [{"type": "number"}, {"type": "string"}], "default": "0.1"}"#,
    r#"{"const": 1}"#,
    r#"{"enum": [1, 2.5, 1000000], "type": "number"}"#,
    r#"{"type": "string", "pattern": "^q[0-9]+$", "maxLength": 3}"#,
    r#"{"type": "object", "additionalProperties": {"type": "integer"}, "propertyNames": {"enum": ["a", "b"]},
        "minProperties": 1}"#,
    r#"{"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"],
        "additionalProperties": false}"#,
    r#"{"type": "string", "format": "date"}"#,
    r#"{"type": "string", "format": "date-time"}"#,
    r#"{"type": "string", "format": "time"}"#,
    r#"{"type": "string", "format": "duration"}"#,
    r#"{"type": "string", "format": "uuid"}"#,
    r#"{"type": "string", "format": "ipv4"}"#,
];

/// Numbers and texts, of which some fit most kinds.
const NUMBERS: [&str; 12] =
    ["0", "1", "2", "3", "-2", "7", "1.0", "-0.5", "0.3", "2.5", "9007199254740993", "1000000"];
/// The ends of what a float holds, and what is a multiple of anything for pydantic.
const EXTREMES: [&str; 4] = ["1e300", "-1e300", "1e-12", "7"];
const TEXTS: [&str; 20] = [
    "a",
    "b",
    "c",
    "abc",
    "ax",
    "only",
    "q3",
    "q12",
    "",
    "ä",
    "\u{1}",
    "1",
    "0.1",
    "2026-03-29",
    "2026-03-29T02:30:00Z",
    "02:30:00+01:00",
    "PT1M30S",
    "P1W",
    "6f9619ff-8b86-4011-b42d-00c04fc964ff",
    "127.0.0.1",
];

/// One part of a value in so many does not ask the schema.
const STRAY: usize = 24;

/// What a value is made by; zeros once it has run out, which ends every value.
struct Dice<'a> {
    rolls: std::slice::Iter<'a, u16>,
}

impl Dice<'_> {
    /// Below `sides`, of which there is at least one.
    fn roll(&mut self, sides: usize) -> usize {
        self.rolls.next().map_or(0, |roll| usize::from(*roll) % sides)
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }

    fn number(&mut self) -> Json {
        let number = *if self.roll(4) == 1 { self.pick(&EXTREMES) } else { self.pick(&NUMBERS) };
        serde_json::from_str(number).unwrap()
    }

    /// Whatever; rarely what a schema asks for.
    fn anything(&mut self) -> Json {
        match self.roll(7) {
            0 => Json::Null,
            1 => json!(true),
            2 => self.number(),
            3 => json!(self.pick(&TEXTS)),
            4 => json!([self.number()]),
            5 => json!({"x": self.number()}),
            _ => json!({}),
        }
    }

    /// A value that most often fits.
    fn value(&mut self, root: &Json, schema: &Json) -> Json {
        if self.roll(STRAY) == 1 {
            return self.anything();
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = root.pointer(reference.trim_start_matches('#')).unwrap();
            return self.value(root, schema);
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(choices) = schema["enum"].as_array() {
            return self.pick(choices).clone();
        }
        if let Some(variants) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            // The last one ends schemas that contain themselves.
            let turned: Vec<_> = variants.iter().rev().collect();
            let variant = *self.pick(&turned);
            return self.value(root, variant);
        }
        match schema["type"].as_str() {
            Some("integer" | "number") => self.number(),
            Some("string") => json!(self.pick(&TEXTS)),
            Some("boolean") => json!(self.roll(2) == 0),
            Some("null") => Json::Null,
            Some("array") => self.array(root, schema),
            Some("object") => self.object(root, schema),
            _ => self.anything(),
        }
    }

    fn array(&mut self, root: &Json, schema: &Json) -> Json {
        let first = schema["prefixItems"].as_array().map_or(&[][..], Vec::as_slice);
        let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
        let count = first.len().max(least + self.roll(3));
        let item = |i: usize| first.get(i).unwrap_or(&schema["items"]);
        (0..count).map(|i| self.value(root, item(i))).collect()
    }

    fn object(&mut self, root: &Json, schema: &Json) -> Json {
        let mut members = serde_json::Map::new();
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let wanted = required.iter().any(|known| *known == name);
            if (wanted && self.roll(32) != 1) || self.roll(3) == 1 {
                members.insert(name.clone(), self.value(root, schema));
            }
        }
        let entries = match schema["additionalProperties"].is_object() {
            true => self.roll(3),
            false => usize::from(self.roll(16) == 1),
        };
        for _ in 0..entries {
            let name = *self.pick(&["a", "b", "x"]);
            members.insert(name.to_owned(), self.value(root, &schema["additionalProperties"]));
        }
        Json::Object(members)
    }
}

/// What decides the values: some for each.
fn rolls() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 0..120)
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn what_a_schema_allows_is_never_refused() {
    let (allowed, all) = (Cell::new(0), Cell::new(0));
    let strategy = (task(&LEAVES), vec(rolls(), 24));
    let result = runner(96).run(&strategy, |(text, rolls)| {
        let schema: Json = serde_json::from_str(&text).unwrap();
        let second = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let mut checker = Checker::new(&task_of(&text));
        for rolls in rolls {
            let payload = Dice { rolls: rolls.iter() }.value(&schema, &schema);
            all.set(all.get() + 1);
            if payload.is_object() && second.is_valid(&payload) {
                allowed.set(allowed.get() + 1);
                let told = checker.check(&payload.to_string());
                let refused = told.iter().any(|problem| problem.level == Level::Error);
                prop_assert!(!refused, "{payload}\n{text}\n{told:?}");
            }
        }
        Ok(())
    });
    result.unwrap();
    // It has really been asked, and could have said no.
    let (allowed, all) = (allowed.get(), all.get());
    assert!(allowed * 10 > all && allowed * 10 < all * 9, "{allowed} of {all}");
}
