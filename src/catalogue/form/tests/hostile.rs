//! Schemas that are deep, endless, large or odd: forms open, edits stay quick, nothing is believed.

use std::time::{Duration, Instant};

use super::*;

/// Generous: these tests run unoptimised, beside others.
const SOON: Duration = Duration::from_secs(3);

fn timed<T>(what: &str, act: impl FnOnce() -> T) -> T {
    #[allow(clippy::disallowed_methods, reason = "a test that measures")]
    let start = Instant::now();
    let made = act();
    assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
    made
}

fn many(n: usize) -> TaskType {
    let fields: Vec<_> =
        (0..n).map(|i| format!(r#""f{i}": {{"type": "number", "default": {i}.5, "minimum": 0}}"#)).collect();
    task_of(&format!(r#"{{"type": "object", "properties": {{{}}}}}"#, fields.join(", ")))
}

#[test]
fn a_schema_that_contains_itself_opens_and_is_entered_level_by_level() {
    let mut form = timed("opening", || form_of("schema_recursive.json"));
    let mut at_node = at(&form, "root");
    for level in 0..5 {
        let name = form.field(at_node).unwrap().children[0];
        form.set_text(name, &format!("n{level}"));
        let children = form.field(at_node).unwrap().children[1];
        at_node = form.add(children).unwrap();
    }
    form.remove(at_node);
    let expected = r#"{"name": "n4", "children": []}"#;
    let expected = (0..4).rev().fold(expected.to_owned(), |inner, level| {
        format!(r#"{{"name": "n{level}", "children": [{inner}]}}"#)
    });
    assert_eq!(form.payload(), format!(r#"{{"root": {expected}, "when": null}}"#));
    assert_eq!(errors(&form), [""; 0]);
}

#[test]
fn a_schema_that_requires_itself_ends() {
    let schema = r##"{"$defs": {"A": {"properties": {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/$defs/A"}},
        "required": ["a", "b"], "type": "object"}}, "$ref": "#/$defs/A"}"##;
    let mut form = timed("opening", || Form::new(&task_of(schema), None));
    assert!(form.rows().len() < 1_000);
    assert!(!errors(&form).is_empty());
    let deep = "{\"a\": ".repeat(300) + "1" + &"}".repeat(300);
    timed("filling", || form.fill(&deep, Origin::Filled)).unwrap();
    assert_eq!(samples::exact(&form.payload()), samples::exact(&deep));
}

#[test]
fn references_that_lead_nowhere_are_json() {
    for (reference, schema) in [
        ("#/$defs/none", "{}"),
        ("https://example.org/schema.json", "{}"),
        ("#/$defs/A", r##"{"$ref": "#/$defs/B"}"##),
        ("#/properties/f", "{}"),
        ("#/$defs/A/", "[]"),
        ("", "{}"),
    ] {
        let schema = format!(
            r##"{{"$defs": {{"A": {schema}, "B": {{"$ref": "#/$defs/A"}}}},
                "properties": {{"f": {{"$ref": "{reference}"}}}}, "required": ["f"], "type": "object"}}"##
        );
        let mut form = Form::new(&task_of(&schema), None);
        let id = at(&form, "f");
        assert!(matches!(form.field(id).unwrap().input, Input::Json(_)), "{reference}");
        form.set_text(id, "{\"any\": [1e-9]}");
        assert_eq!(form.payload(), r#"{"f": {"any": [1e-9]}}"#);
        assert_eq!(errors(&form), [""; 0]);
        form.set_text(id, "{\"any\"");
        assert!(errors(&form)[0].starts_with("f: no JSON: "), "{:?}", errors(&form));
    }
    let form = Form::new(&task_of(r##"{"properties": {"f": {"$ref": "https://x/y"}}}"##), None);
    assert_eq!(field(&form, "f").limits, "any JSON: its schema is not here: https://x/y");
}

#[test]
fn what_no_schema_is_can_still_be_entered() {
    for schema in
        ["[]", "1", "\"x\"", "true", "null", "{\"type\": 3}", "{\"properties\": []}", "{\"enum\": []}"]
    {
        let mut form = Form::new(&task_of(schema), None);
        let _ = (form.rows(), form.problems(), form.payload());
        form.fill("{\"a\": [1]}", Origin::Filled).unwrap();
        assert_eq!(samples::exact(&form.payload()), samples::exact("{\"a\": [1]}"), "{schema}");
    }
    let deep = "{\"items\": ".repeat(3_000) + "{}" + &"}".repeat(3_000);
    let form = timed("opening", || {
        Form::new(
            &task_of(&format!(r#"{{"properties": {{"a": {deep}, "b": {{"anyOf": [{deep}]}}}}}}"#)),
            None,
        )
    });
    assert_eq!(form.payload(), "{}");
}

#[test]
fn five_thousand_fields_open_and_two_thousand_stay_quick() {
    let form = timed("opening", || Form::new(&many(5_000), None));
    assert_eq!(form.rows().len(), 5_000);
    let mut form = Form::new(&many(2_000), None);
    let id = at(&form, "f1000");
    timed("ten keys", || {
        for n in 0..10 {
            form.set_text(id, &n.to_string());
            assert_eq!(form.rows().len(), 2_000);
        }
    });
    form.set_text(id, "-1");
    assert_eq!(errors(&form), ["f1000: expected at least 0"]);
    let last = form.payload().replace("7.5", "8.5");
    let again = timed("the last run", || Form::new(&many(2_000), Some(&last)));
    assert_eq!(samples::exact(&again.payload()), samples::exact(&last));
    // All of them unknown, all of them missing.
    let strangers: Vec<_> = (0..2_000).map(|i| format!("\"g{i}\": {i}")).collect();
    let strangers = format!("{{{}}}", strangers.join(", "));
    timed("strangers", || form.fill(&strangers, Origin::Filled)).unwrap();
    let id = form.rows()[0].id;
    timed("a key among strangers", || form.set_text(id, "1"));
}

#[test]
fn of_lists_in_lists_so_many_become_fields_that_a_key_stays_quick_and_the_others_stay_json() {
    let schema = r#"{"properties": {"rows": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}}}"#;
    let row = format!("[{}]", vec!["0.50"; 1_500].join(", "));
    let payload = format!("{{\"rows\": [{}]}}", [row.as_str(); 12].join(", "));
    let mut form = Form::new(&task_of(schema), None);
    for _ in 0..2 {
        // The second time in place of the first.
        timed("filling", || form.fill(&payload, Origin::Filled)).unwrap();
        let rows = form.field(at(&form, "rows")).unwrap().children.clone();
        let is_json = |id: &FieldId| matches!(form.field(*id).unwrap().input, Input::Json(_));
        assert_eq!(
            rows.iter().map(is_json).collect::<Vec<_>>(),
            [[false; 3].as_slice(), &[true; 9]].concat()
        );
        assert_eq!(form.fields, form.nodes.iter().flatten().count());
        assert_eq!(samples::exact(&form.payload()), samples::exact(&payload));
    }
    let last = form.field(form.field(at(&form, "rows")).unwrap().children[11]).unwrap();
    assert!(matches!(&last.input, Input::Json(raw) if samples::exact(raw) == samples::exact(&row)));
}

#[test]
fn a_hundred_thousand_choices_are_no_burden() {
    let choices: Vec<_> = (0..100_000).map(|i| format!("\"q{i}\"")).collect();
    let schema =
        format!(r#"{{"properties": {{"c": {{"enum": [{}], "default": "q7"}}}}}}"#, choices.join(","));
    let mut form = timed("opening", || Form::new(&task_of(&schema), None));
    let id = at(&form, "c");
    timed("choosing", || form.choose(id, 50_000));
    assert_eq!(form.payload(), r#"{"c": "q50000"}"#);
    form.set_raw(id, "\"no\"").unwrap();
    assert_eq!(errors(&form).len(), 1);
    assert!(errors(&form)[0].len() < 200);
}

#[test]
fn a_megabyte_of_text_and_control_characters_stay_text() {
    let long = "x".repeat(1 << 20);
    let schema = format!(
        r#"{{"properties": {{"a": {{"type": "string", "description": "{long}"}},
            "b\u001b[2J": {{"type": "string", "title": "\u001b]0;t\u0007", "description": "\u202e\r\n\u0000"}},
            "p": {{"type": "string", "pattern": "(a+)+$"}},
            "q": {{"type": "string", "pattern": "(\\w{{1000}}){{1000}}"}}}}}}"#
    );
    let mut form = timed("opening", || Form::new(&task_of(&schema), None));
    assert_eq!(field(&form, "b\u{1b}[2J").doc.as_deref(), Some("\u{202e}\r\n\0"));
    let (p, q) = (at(&form, "p"), at(&form, "q"));
    timed("patterns", || {
        for n in 0..20 {
            form.set_text(p, &("a".repeat(2_000 + n) + "!"));
            form.set_text(q, &"a".repeat(2_000));
        }
    });
    assert_eq!(errors(&form), ["p: must match (a+)+$"]);
    assert!(told(&form, Level::Hint)[0].contains("only the service can tell"));
}
