//! Random schemas as pydantic makes them, random edits, and what must hold whatever comes.

use proptest::{
    collection::vec,
    prelude::{ProptestConfig, Strategy},
    prop_oneof, proptest,
    sample::select,
    test_runner::TestCaseError,
};

use super::{samples::exact, *};
use crate::catalogue::check;

/// Kinds of fields that no others are in.
const LEAVES: [&str; 16] = [
    r#"{"type": "integer"}"#,
    r#"{"type": "integer", "minimum": 0, "maximum": 10, "default": 3}"#,
    r#"{"type": "number", "exclusiveMinimum": 0}"#,
    r#"{"type": "number", "multipleOf": 0.5, "default": 1.0}"#,
    r#"{"type": "string"}"#,
    r#"{"type": "string", "minLength": 2, "maxLength": 3}"#,
    r#"{"type": "string", "pattern": "^a", "default": "abc"}"#,
    r#"{"type": "boolean", "default": false}"#,
    r#"{"enum": ["a", "b"], "type": "string"}"#,
    r#"{"enum": [1, "a", null, true], "default": null}"#,
    r#"{"const": "only"}"#,
    r#"{"type": "null"}"#,
    "{}",
    r##"{"$ref": "#/$defs/Node"}"##,
    r##"{"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}], "default": null}"##,
    r##"{"discriminator": {"mapping": {"a": "#/$defs/A", "b": "#/$defs/B", "c": "#/$defs/B"},
        "propertyName": "kind"}, "oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}"##,
];

/// What one kind of field can be, made of these kinds and [`LEAVES`].
fn schema(more: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    let leaf = select([&LEAVES, more].concat());
    leaf.prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|item| format!(r#"{{"type": "array", "items": {item}}}"#)),
            inner.clone().prop_map(|item| {
                format!(r#"{{"type": "array", "items": {item}, "minItems": 1, "maxItems": 2}}"#)
            }),
            inner
                .clone()
                .prop_map(|item| format!(r#"{{"type": "array", "items": {item}, "uniqueItems": true}}"#)),
            inner
                .clone()
                .prop_map(|value| format!(r#"{{"type": "object", "additionalProperties": {value}}}"#)),
            inner.clone().prop_map(|part| format!(r#"{{"anyOf": [{part}, {{"type": "null"}}]}}"#)),
            vec(inner.clone(), 2..4).prop_map(|parts| format!(r#"{{"anyOf": [{}]}}"#, parts.join(", "))),
            vec(inner.clone(), 1..3).prop_map(|parts| {
                let (n, parts) = (parts.len(), parts.join(", "));
                format!(r#"{{"type": "array", "prefixItems": [{parts}], "minItems": {n}, "maxItems": {n}}}"#)
            }),
            vec(inner, 0..3).prop_map(|parts| model(&parts, r#""additionalProperties": true"#)),
        ]
    })
}

/// A model whose even fields are required.
fn model(parts: &[String], more: &str) -> String {
    let fields: Vec<_> = parts.iter().enumerate().map(|(i, part)| format!(r#""f{i}": {part}"#)).collect();
    let required: Vec<_> = (0..parts.len()).step_by(2).map(|i| format!(r#""f{i}""#)).collect();
    format!(
        r#"{{"type": "object", "properties": {{{}}}, "required": [{}], {more}}}"#,
        fields.join(", "),
        required.join(", ")
    )
}

/// A task's whole schema; its fields are of these kinds and of [`LEAVES`].
pub(super) fn task(more: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    vec(schema(more), 1..4).prop_map(|parts| {
        model(
            &parts,
            r##""$defs": {
                "Node": {"type": "object", "properties": {"name": {"type": "string"},
                    "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}], "default": null},
                    "all": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}, "required": ["name"]},
                "A": {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}},
                    "required": ["kind", "x"]},
                "B": {"type": "object", "properties": {"kind": {"enum": ["b", "c"]}, "y": {"type": "string"}},
                    "required": ["kind"]}}"##,
        )
    })
}

/// What a person may type. No doubled keys: JSON keeps the last of them, forms one.
const TYPED: [&str; 18] = [
    "",
    "1",
    "-2.5",
    "7e0",
    "abc",
    "a",
    "only",
    "true",
    "null",
    "[1]",
    "{\"x\": 1}",
    "{",
    "\"q\"",
    "\u{1}x",
    "ä\nb",
    "Infinity",
    "[[], {}]",
    "+5",
];

/// One edit at one of the rows.
fn edit(form: &mut Form, (what, row, n): (u8, usize, usize)) {
    let rows = form.rows();
    let Some(row) = rows.get(row % rows.len().max(1)) else { return };
    let typed = TYPED[n % TYPED.len()];
    match what {
        0..4 => form.set_text(row.id, typed),
        4 => form.unset(row.id),
        5 => form.set_null(row.id),
        6 => form.set_value(row.id),
        7 => form.reset(row.id),
        8 | 9 => form.choose(row.id, n % 3),
        10 | 11 => drop(form.add(row.id)),
        12 => form.remove(row.id),
        13 => form.shift(row.id, n.is_multiple_of(2)),
        14 => drop(form.rename(row.id, typed)),
        15 => drop(form.set_raw(row.id, typed)),
        16 => form.fold(row.id, n.is_multiple_of(2)),
        17 => form.place(&[(format!("f{}.f0.0.x", n % 3), "no".to_owned())], Says::Service),
        _ => {
            let payload = form.payload();
            form.fill(&payload, Origin::Edited).unwrap();
        }
    }
}

fn edits() -> impl Strategy<Value = Vec<(u8, usize, usize)>> {
    vec((0..19_u8, 0..40_usize, 0..36_usize), 0..25)
}

/// What holds for every form.
fn sound(form: &Form) {
    assert_eq!(json::check(&form.payload()), Ok(()), "{}", form.payload());
    for row in form.rows() {
        let field = form.field(row.id).unwrap();
        if let Input::Choice { options, chosen: Some(chosen) } = &field.input {
            assert!(*chosen < options.len());
        }
        assert!(row.part == Part::Add || form.path(row.id).last() == Some(&row.id));
    }
    for problem in form.problems() {
        assert!(problem.field.is_none_or(|id| form.field(id).is_some()), "{problem:?}");
        assert!(!problem.what.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_edited_the_payload_is_json_and_comes_back(schema in task(&[]), edits in edits()) {
        let task = task_of(&schema);
        let mut form = Form::new(&task, None);
        sound(&form);
        for edit_at in edits {
            edit(&mut form, edit_at);
            sound(&form);
        }
        let payload = form.payload();
        if errors(&form).iter().any(|what| what.contains("no key yet")) {
            return Ok(());
        }
        let mut again = Form::new(&task, None);
        again.fill(&payload, Origin::Filled).map_err(TestCaseError::fail)?;
        assert_eq!(exact(&again.payload()), exact(&payload), "{schema}");
        sound(&again);
        let once = again.payload();
        again.fill(&once, Origin::Filled).map_err(TestCaseError::fail)?;
        assert_eq!(again.payload(), once);
        // What the check of JSON refuses, the form refuses; and the other way round, but for what is still to be entered
        // in the alternative that a form has chosen, where the check thinks of the others too.
        let by_check = check(&task, &payload).iter().any(|problem| problem.level == Level::Error);
        let by_form = errors(&again);
        let missing = by_form.iter().any(|what| {
            ["is missing", "nothing is entered", "choose what kind", "since a later one"]
                .iter()
                .any(|known| what.contains(known))
        });
        assert!(!by_check || !by_form.is_empty(), "{payload}\n{schema}");
        assert!(by_check || missing || by_form.is_empty(), "{payload}\n{schema}\n{by_form:?}");
    }
}
