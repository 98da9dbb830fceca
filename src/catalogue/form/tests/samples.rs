//! Each payload that pydantic took can be entered and goes out equal; each that it refused is refused here, or is known
//! to be the service's to refuse.

use super::*;
use crate::{
    catalogue::{check, form::value::same},
    wire::json::{self, Kind},
};

/// One schema with the payloads that pydantic took, their display names, and those that it refused.
struct Samples {
    name: String,
    task: TaskType,
    accepted: Vec<(String, Option<String>)>,
    refused: Vec<(String, String)>,
}

fn samples() -> Vec<Samples> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = file.strip_suffix(".samples.json") else { continue };
        let json: serde_json::Value = serde_json::from_str(&case(&file)).unwrap();
        let text = |sample: &serde_json::Value, key: &str| sample[key].as_str().map(str::to_owned);
        let list = |key: &str| json[key].as_array().cloned().unwrap_or_default();
        out.push(Samples {
            task: TaskType {
                class: json["title"].as_str().unwrap().into(),
                ..task_of(&case(&format!("{name}.json")))
            },
            name: name.to_owned(),
            accepted: list("accepts")
                .iter()
                .map(|sample| (text(sample, "payload_text").unwrap(), text(sample, "display_name")))
                .collect(),
            refused: list("refuses")
                .iter()
                .map(|sample| (text(sample, "payload_text").unwrap(), text(sample, "evalue").unwrap()))
                .collect(),
        });
    }
    assert_eq!(out.len(), 15);
    out
}

/// Enters a value by what a person can do at that field.
fn enter(form: &mut Form, id: FieldId, raw: &str) {
    let field = form.field(id).unwrap().clone();
    if json::kind(raw) == Some(Kind::Null) && field.nullable {
        return form.set_null(id);
    }
    if field.presence != Presence::Value && field.is_section() {
        form.set_value(id);
    }
    match (&field.input, json::kind(raw).unwrap()) {
        (Input::Json(_), _) => form.set_text(id, raw),
        (Input::Line(_) | Input::Text(_), kind) => {
            let text = match kind {
                Kind::String => json::string(raw).unwrap().into_owned(),
                _ => raw.to_owned(),
            };
            form.set_text(id, &text);
            if form.raw(id).as_deref() != Some(raw) {
                // A number where text is meant, say: as JSON.
                form.set_raw(id, raw).unwrap();
            }
        }
        (Input::Constant(only), _) => {
            form.set_value(id);
            if only != raw {
                form.set_raw(id, raw).unwrap();
            }
        }
        (Input::Choice { options, .. }, _) => match options.iter().position(|option| option.raw == raw) {
            Some(option) => form.choose(id, option),
            None => form.set_raw(id, raw).unwrap(),
        },
        (Input::Model, Kind::Object) => assert!(enter_members(form, id, raw), "{raw} in\n{}", outline(form)),
        (Input::Map, Kind::Object) => {
            while let Some(first) = form.field(id).unwrap().children.first().copied() {
                form.remove(first);
            }
            for (name, raw) in json::members(raw).unwrap() {
                let entry = form.add(id).unwrap();
                form.rename(entry, &name).unwrap();
                enter(form, entry, raw);
            }
        }
        (Input::List, Kind::Array) => {
            while let Some(first) = form.field(id).unwrap().children.first().copied() {
                form.remove(first);
            }
            for raw in json::items(raw).unwrap() {
                match form.add(id) {
                    Some(item) => enter(form, item, raw),
                    // More than the list takes.
                    None => return form.set_raw(id, &wrapped(form, id, raw)).unwrap(),
                }
            }
        }
        (Input::Tuple, Kind::Array) => {
            let items = json::items(raw).unwrap();
            let children = form.field(id).unwrap().children.clone();
            if items.len() > children.len() {
                return form.set_raw(id, raw).unwrap();
            }
            for (i, child) in children.into_iter().enumerate() {
                match items.get(i) {
                    Some(raw) => enter(form, child, raw),
                    None => form.unset(child),
                }
            }
        }
        (Input::Union { variants, .. }, _) => {
            let variants = variants.len();
            for variant in 0..variants {
                form.choose(id, variant);
                let children = form.field(id).unwrap().children.clone();
                match children.as_slice() {
                    [value] if form.field(*value).unwrap().name == "value" => enter(form, *value, raw),
                    _ if json::kind(raw) == Some(Kind::Object) => {
                        if !enter_members(form, id, raw) {
                            // Another variant's fields.
                            continue;
                        }
                    }
                    _ => form.set_raw(id, raw).unwrap(),
                }
                let errors = form.problems().iter().any(|p| {
                    p.level == Level::Error && p.field.is_some_and(|at| form.path(at).contains(&id))
                });
                if form.raw(id).is_some_and(|now| same(&now, raw)) && (!errors || variant + 1 == variants) {
                    return;
                }
            }
            form.set_raw(id, raw).unwrap();
        }
        _ => form.set_raw(id, raw).unwrap(),
    }
}

/// A list's value with one more item.
fn wrapped(form: &Form, id: FieldId, item: &str) -> String {
    let now = form.raw(id).unwrap();
    let now = now.trim_end_matches(']');
    if now == "[" { format!("[{item}]") } else { format!("{now}, {item}]") }
}

/// The fields of a section, or of the whole form; whether all of them have a place.
fn enter_members(form: &mut Form, id: FieldId, raw: &str) -> bool {
    let members = json::members(raw).unwrap();
    for child in form.field(id).unwrap().children.clone() {
        let name = form.field(child).unwrap().name.clone();
        match members.iter().find(|(given, _)| *given == name) {
            Some((_, raw)) => enter(form, child, raw),
            None => form.unset(child),
        }
    }
    let names: Vec<String> = form
        .field(id)
        .unwrap()
        .children
        .iter()
        .map(|child| form.field(*child).unwrap().name.clone())
        .collect();
    for (name, raw) in &members {
        if names.iter().any(|known| known == name) || hidden_tag(form, id, name, raw) {
            continue;
        }
        let Some(entry) = form.add(id) else { return false };
        form.rename(entry, name).unwrap();
        enter(form, entry, raw);
    }
    true
}

/// A tag that the chosen variant has set already.
fn hidden_tag(form: &Form, id: FieldId, name: &str, raw: &str) -> bool {
    form.raw(id).is_some_and(|now| json::get(&now, name) == Some(raw))
}

#[test]
fn what_pydantic_takes_can_be_entered_and_goes_out_equal() {
    for Samples { name, task, accepted, .. } in samples() {
        for (payload, _) in accepted {
            // A field under another name than the schema's has no place of its own: only JSON or an editor give it.
            if payload.contains("\"X\"") {
                continue;
            }
            let mut form = Form::new(&task, None);
            let root = form.root;
            assert!(enter_members(&mut form, root, &payload), "{name}: {payload}");
            assert_eq!(json::check(&form.payload()), Ok(()), "{name}: {payload}");
            assert_eq!(exact(&form.payload()), exact(&payload), "{name}\n{}", outline(&form));
            assert_eq!(errors(&form), [""; 0], "{name}: {payload}\n{}", outline(&form));
        }
    }
}

#[test]
fn what_pydantic_takes_can_be_filled_in_and_goes_out_equal() {
    for Samples { name, task, accepted, refused } in samples() {
        for payload in
            accepted.iter().map(|(payload, _)| payload).chain(refused.iter().map(|(payload, _)| payload))
        {
            let mut form = Form::new(&task, None);
            form.fill(payload, Origin::Filled).unwrap();
            assert_eq!(exact(&form.payload()), exact(payload), "{name}\n{}", outline(&form));
            let first = form.payload();
            form.fill(&first, Origin::Filled).unwrap();
            assert_eq!(form.payload(), first, "{name}");
        }
        for (payload, _) in accepted {
            let mut form = Form::new(&task, None);
            form.fill(&payload, Origin::Filled).unwrap();
            assert_eq!(errors(&form), [""; 0], "{name}: {payload}\n{}", outline(&form));
        }
    }
}

/// JSON with sorted members, everything else letter for letter.
pub(super) fn exact(raw: &str) -> String {
    match json::kind(raw) {
        Some(Kind::Object) => {
            let mut members: Vec<_> = json::members(raw)
                .unwrap()
                .into_iter()
                .map(|(name, raw)| format!("{name:?}:{}", exact(raw)))
                .collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Some(Kind::Array) => {
            let items: Vec<_> = json::items(raw).unwrap().into_iter().map(exact).collect();
            format!("[{}]", items.join(","))
        }
        Some(Kind::String) => format!("{:?}", json::string(raw).unwrap()),
        _ => raw.trim().to_owned(),
    }
}

/// Refused payloads that only the service can tell: case, payload, why.
const LEFT_TO_SERVICE: [(&str, &str, &str); 12] = [
    (
        "schema_ipython_task",
        r#"{"name": 1}"#,
        "a complex number's schema is that of text; a hint stands there",
    ),
    (
        "schema_maps",
        r#"{"by_index": {"seven": {"freq": 1}}}"#,
        "keys that are integers are text in the schema",
    ),
    (
        "schema_maps",
        r#"{"unknown": 1}"#,
        "may be another name of a field that is left out; a hint stands there",
    ),
    (
        "schema_loose",
        r#"{"no_default_any": 1, "either": "x"}"#,
        "what goes through text has a list's schema; a hint",
    ),
    (
        "schema_ref_siblings",
        r#"{"mode": "Slow"}"#,
        "an `Enum` may know it (`_missing_`); a hint stands there",
    ),
    ("schema_enums", r#"{"level": "0.0"}"#, "an `Enum` may know it (`_missing_`); a hint stands there"),
    (
        "schema_formats",
        r#"{"when": "2026-03-29T02:30:00+01:00", "run_id": "6f9619ff-8b86-4011-b42d-00c04fc964ff", "price": "1,10"}"#,
        "a decimal's schema is that of a number or a text; a hint stands there",
    ),
    (
        "schema_def_names",
        r#"{"b": {"number": 1}, "s": {"start": 0, "stop": 1}, "t": {"start": [1], "stop": []}}"#,
        "`number` may be another name of `address`; a hint stands there",
    ),
    (
        "schema_discriminated",
        r#"{"shape": {"kind": "square", "sigma": 1}}"#,
        "`sigma` may be another name of `width`; a hint stands there",
    ),
    ("schema_patterns", r#"{"look": "q0"}"#, "a pattern with look-ahead; a hint stands there"),
    ("schema_patterns", r#"{"named": "cal-22\n"}"#, "a pattern with `\\Z`; a hint stands there"),
    ("schema_patterns", r#"{"backref": "ab"}"#, "a pattern with a reference; a hint stands there"),
];

#[test]
fn what_pydantic_refuses_is_marked_or_known_to_be_the_services() {
    let mut left = Vec::new();
    for Samples { name, task, refused, .. } in samples() {
        for (payload, _) in refused {
            let mut form = Form::new(&task, None);
            form.fill(&payload, Origin::Filled).unwrap();
            let by_form = !errors(&form).is_empty();
            let by_check = check(&task, &payload).iter().any(|problem| problem.level == Level::Error);
            assert_eq!(by_form, by_check, "{name}: {payload}\n{}{:?}", outline(&form), form.problems());
            if by_form {
                continue;
            }
            let known = LEFT_TO_SERVICE.iter().find(|known| known.0 == name && known.1 == payload);
            let (_, _, why) = known.unwrap_or_else(|| panic!("{name}: {payload} is not refused"));
            let hints = told(&form, Level::Hint);
            assert_eq!(hints.is_empty(), !why.contains("hint"), "{name}: {payload}: {hints:?}");
            left.push((name.clone(), payload));
        }
    }
    assert_eq!(left.len(), LEFT_TO_SERVICE.len(), "{left:?}");
}

/// Cases whose display names hold what only Python can write, and why.
const NAMED_BY_PYTHON: [(&str, &str); 9] = [
    ("schema_default_factory", "defaults that the service makes"),
    ("schema_discriminated", "integers and floats in one field; defaults inside that this test leaves out"),
    ("schema_enums", "members of an `Enum` are written as `<Mode.slow: 'slow mode'>`"),
    ("schema_formats", "dates, decimals, paths and secrets are objects"),
    ("schema_maps", "keys that are integers"),
    ("schema_numbers", "a field under another name (`open_`)"),
    ("schema_recursive", "a field under another name (`not_`); defaults inside that this test leaves out"),
    ("schema_ref_siblings", "members of an `Enum`"),
    ("schema_tuples", "tuples and sets"),
];

#[test]
fn display_names_are_those_of_pydantic_where_values_are_plain() {
    let (mut same, mut unlike) = (0, std::collections::BTreeSet::new());
    for Samples { name, task, accepted, .. } in samples() {
        for (payload, expected) in accepted {
            let Some(expected) = expected else { continue };
            let mut form = Form::new(&task, None);
            let root = form.root;
            let members = json::members(&payload).unwrap();
            if payload.contains("\"X\"") {
                continue;
            }
            // What is not entered keeps its default.
            for (member, raw) in &members {
                let field = form.field(root).unwrap().children.iter().copied();
                let field = field.into_iter().find(|id| form.field(*id).unwrap().name == *member);
                enter(&mut form, field.unwrap(), raw);
            }
            // Juice's own class of cells leaves it out.
            let task = TaskType { hidden_fields: vec!["run_async".to_owned()], ..task.clone() };
            let made = task.display_name(&form.payload());
            match made == expected {
                true => same += 1,
                false => drop(unlike.insert(format!("{name}: {made} | {expected}"))),
            }
        }
    }
    let odd: Vec<_> = unlike
        .iter()
        .filter(|told| NAMED_BY_PYTHON.iter().all(|(name, _)| !told.starts_with(name)))
        .collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert!(same >= 20, "{same}: {unlike:#?}");
}
