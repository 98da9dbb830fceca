//! Stories: what a person does, and what goes out.

use super::*;

/// What is wrong with one field.
fn at_field(form: &Form, path: &str) -> Vec<String> {
    let id = at(form, path);
    form.problems().iter().filter(|p| p.field == Some(id)).map(|p| p.what.clone()).collect()
}

#[test]
fn unset_null_and_value_are_told_apart() {
    let mut form = form_of("schema_optional.json");
    assert_eq!(
        form.payload(),
        r#"{"attenuation": null, "label": "default label", "repeats": null, "flag": null, "window": null}"#
    );
    assert_eq!(errors(&form), ["qubit: required field is missing"]);
    assert_eq!(at_field(&form, "repeats"), ["required: goes out as null unless something is entered"]);
    let (qubit, label, repeats) = (at(&form, "qubit"), at(&form, "label"), at(&form, "repeats"));
    form.set_text(qubit, "q1");
    form.set_text(label, "");
    form.set_text(repeats, "3");
    assert!(form.payload().contains(r#""label": "", "repeats": 3"#), "{}", form.payload());
    form.set_null(label);
    form.unset(at(&form, "flag"));
    form.set_text(repeats, "");
    let expected = r#"{"qubit": "q1", "attenuation": null, "label": null, "repeats": null, "window": null}"#;
    assert_eq!(form.payload(), expected);
    // An emptied number is as if it had not been touched: never an empty text.
    let attenuation = at(&form, "attenuation");
    form.set_text(attenuation, "0");
    assert_eq!(form.field(attenuation).unwrap().origin, Origin::Edited);
    form.set_text(attenuation, "");
    assert!(form.payload().contains(r#""attenuation": null"#));
    assert_eq!(errors(&form), [""; 0]);
}

#[test]
fn numbers_go_out_letter_for_letter() {
    let mut form = form_of("schema_numbers.json");
    assert_eq!(form.raw(at(&form, "seed")).as_deref(), Some("1208925819614629174706176"));
    assert_eq!(form.raw(at(&form, "inf")).as_deref(), Some("Infinity"));
    for (name, typed) in [
        ("seed", "1208925819614629174706177"),
        ("wide", "18446744073709551616"),
        ("tiny", "1e-9"),
        ("huge", "1E+300"),
        ("whole", "5e9"),
        ("duration", "0.1234567890123"),
        ("inf", "-Infinity"),
        ("step", "92.6"),
        ("count", "3.0"),
    ] {
        let id = at(&form, name);
        form.set_text(id, typed);
        assert_eq!(form.raw(id).as_deref(), Some(typed));
        assert_eq!(at_field(&form, name), [""; 0], "{name}");
    }
    for (name, typed, why) in [
        ("wide", "18446744073709551617", "expected at most 18,446,744,073,709,551,616"),
        ("open", "1", "expected less than 1"),
        ("step", "0.35", "expected a multiple of 0.1"),
        ("third", "7", "expected a multiple of 3"),
        ("count", "1.5", "expected a whole number"),
        ("count", "+5", "expected a whole number: write 5"),
        ("duration", ".5", "expected a number: write 0.5"),
        ("duration", "1,5e3", "expected a number: write 1.5e3"),
        ("inf", "inf", "expected a number: write Infinity"),
        ("duration", "fast", "expected a number"),
    ] {
        let id = at(&form, name);
        form.set_text(id, typed);
        assert_eq!(at_field(&form, name), [why], "{name}");
        form.reset(id);
        assert_eq!(at_field(&form, name), [""; 0], "{name}");
    }
}

#[test]
fn keys_of_maps_can_be_changed_and_moved() {
    let mut form = form_of("schema_maps.json");
    let amps = at(&form, "amps");
    let first = at(&form, "amps/q1");
    let second = form.add(amps).unwrap();
    assert_eq!(at_field(&form, "amps/"), ["nothing is entered yet", "this entry has no key yet"]);
    form.rename(second, "q2").unwrap();
    form.set_text(second, "2");
    assert!(form.rename(second, "q1").unwrap_err().contains("another entry"));
    form.rename(first, "").unwrap();
    assert_eq!(form.raw(amps).unwrap(), r#"{"": 0.1, "q2": 2}"#);
    form.rename(first, "a.b").unwrap();
    form.shift(first, false);
    assert_eq!(form.raw(amps).unwrap(), r#"{"q2": 2, "a.b": 0.1}"#);
    form.remove(second);
    assert_eq!(form.raw(amps).unwrap(), r#"{"a.b": 0.1}"#);
    assert_eq!(errors(&form), [""; 0]);
    let strict = at(&form, "strict_keys");
    let entry = form.add(strict).unwrap();
    form.set_text(entry, "1");
    form.rename(entry, "Q1").unwrap();
    assert_eq!(at_field(&form, "strict_keys/Q1"), [r"the key must match ^q\d+$"]);
    form.rename(entry, "q1").unwrap();
    assert_eq!(errors(&form), [""; 0]);
}

#[test]
fn a_variant_changes_only_by_choice_and_keeps_what_was_typed() {
    let mut form = form_of("schema_discriminated.json");
    let shape = at(&form, "shape");
    assert_eq!(errors(&form), ["shape: required field is missing"]);
    form.choose(shape, 0);
    form.set_text(at(&form, "shape/sigma"), "2.5");
    form.choose(shape, 1);
    form.set_text(at(&form, "shape/length"), "4");
    assert_eq!(form.raw(shape).unwrap(), r#"{"kind": "square", "length": 4, "amp": 1}"#);
    // Two tags, one variant: the tag is a choice.
    let kind = at(&form, "shape/kind");
    form.choose(kind, 1);
    assert_eq!(form.raw(shape).unwrap(), r#"{"kind": "box", "length": 4, "amp": 1}"#);
    form.choose(shape, 0);
    assert_eq!(form.raw(shape).unwrap(), r#"{"kind": "gauss", "sigma": 2.5, "amp": 1.0}"#);
    let mut form = form_of("schema_loose.json");
    let union = at(&form, "union");
    let Input::Union { variants, .. } = &form.field(union).unwrap().input else { panic!() };
    assert_eq!(variants, &["int", "float", "text", "bool"]);
    form.choose(union, 2);
    form.set_text(at(&form, "union/value"), "5");
    assert_eq!(form.raw(union).as_deref(), Some(r#""5""#));
    form.choose(union, 0);
    form.set_text(at(&form, "union/value"), "5");
    assert_eq!(form.raw(union).as_deref(), Some("5"));
}

#[test]
fn defaults_that_the_service_makes_are_left_to_it() {
    let mut form = form_of("schema_default_factory.json");
    assert_eq!(form.payload(), "{}");
    assert_eq!(errors(&form), ["required_list: required field is missing"]);
    assert_eq!(field(&form, "points").origin, Origin::Service);
    form.set_value(at(&form, "required_list"));
    form.set_value(at(&form, "points"));
    assert_eq!(form.payload(), r#"{"points": [], "required_list": []}"#);
    assert_eq!(errors(&form), [""; 0]);
}

#[test]
fn what_stands_beside_a_reference_wins() {
    let form = form_of("schema_ref_siblings.json");
    let mode = field(&form, "mode");
    assert_eq!(mode.title.as_deref(), Some("Readout mode"));
    assert_eq!(mode.doc.as_deref(), Some("Which mode to use here"));
    assert_eq!(field(&form, "port").doc.as_deref(), Some("Overrides the class text"));
    assert_eq!(
        form.payload(),
        r#"{"mode": "slow mode", "port": {"number": 7, "name": "out"}, "opt": "fast"}"#
    );
}

#[test]
fn a_field_goes_back_to_how_the_form_opened_and_then_to_its_default() {
    let last = r#"{"duration": 2.5}"#;
    let mut form = Form::new(&task_of(&case("schema_numbers.json")), Some(last));
    let id = at(&form, "duration");
    assert_eq!(form.field(id).unwrap().origin, Origin::Last);
    form.set_text(id, "7");
    assert_eq!(form.field(id).unwrap().origin, Origin::Edited);
    form.reset(id);
    assert_eq!((form.raw(id).as_deref(), form.field(id).unwrap().origin), (Some("2.5"), Origin::Last));
    form.reset(id);
    assert_eq!((form.raw(id).as_deref(), form.field(id).unwrap().origin), (Some("1.0"), Origin::Default));
}

#[test]
fn the_code_of_a_cell_is_made_here_given_or_missing() {
    let catalogue = lab();
    let mut form = Form::new(catalogue.find("lab", "RawIPython").unwrap(), None);
    assert_eq!(form.code_state(), CodeState::MadeHere);
    form.set_text(at(&form, "raw_code"), "1\n2");
    assert_eq!(form.payload(), r#"{"run_async": false, "raw_code": "1\n2"}"#);

    // A class of the lab's own: only Python knows.
    let task = TaskType {
        class: "Cell".into(),
        ipython: true,
        code: Some(crate::catalogue::Code::Computed),
        ..task_of(&case("schema_ipython_task.json"))
    };
    let mut form = Form::new(&task, None);
    assert_eq!(form.code_state(), CodeState::Missing);
    assert!(at_field(&form, "code")[0].starts_with("missing: Python computes it"));
    form.set_code("print(1)");
    assert_eq!(form.code_state(), CodeState::Given);
    assert_eq!(at_field(&form, "code"), [""; 0]);
    // Made for other values.
    let name = form.field(form.rows()[0].id).unwrap().name.clone();
    form.set_raw(at(&form, &name), r#""other""#).unwrap();
    assert_eq!(form.code_state(), CodeState::Stale);
    assert!(at_field(&form, "code")[0].contains("other values"), "{:?}", form.problems());
    form.set_text(at(&form, "code"), "print(2)");
    assert_eq!(form.code_state(), CodeState::Given);
}

#[test]
fn a_reset_gives_what_stood_as_json_its_own_input_again() {
    for (schema, opened) in [
        (r##"{"anyOf": [{"$ref": "#/$defs/M"}, {"type": "null"}], "default": null}"##, "null"),
        (r##"{"$ref": "#/$defs/M", "default": {"a": 1}}"##, r#"{"a": 1}"#),
        (r#"{"type": "array", "items": {"type": "integer"}, "default": [1]}"#, "[1]"),
        (r#"{"enum": ["x", "y"], "default": "x"}"#, "\"x\""),
        (r##"{"anyOf": [{"$ref": "#/$defs/M"}, {"type": "string"}], "default": "x"}"##, "\"x\""),
    ] {
        let raw = format!(
            r#"{{"type": "object", "properties": {{"f": {schema}}},
                "$defs": {{"M": {{"type": "object", "properties": {{"a": {{"type": "integer", "default": 1}}}}}}}}}}"#
        );
        let mut form = Form::new(&task_of(&raw), None);
        let id = at(&form, "f");
        let before = form.payload();
        let input = std::mem::discriminant(&form.field(id).unwrap().input);
        form.set_raw(id, r#"{"odd": [true]}"#).unwrap();
        form.reset(id);
        let field = form.field(id).unwrap();
        assert_eq!(form.payload(), before, "{schema}");
        assert_eq!(form.raw(id).as_deref(), Some(opened), "{schema}");
        assert_eq!(std::mem::discriminant(&field.input), input, "{schema}: {:?}", field.input);
        // What can be given a value is sent as it is shown.
        form.set_value(id);
        assert_eq!(form.raw(id).is_some(), form.payload().contains("\"f\""), "{schema}");
    }
}

#[test]
fn tuples_in_tuples_are_composed_in_time() {
    let raw = r##"{"type": "object", "properties": {"t": {"$ref": "#/$defs/T"}}, "$defs": {"T": {"type": "array",
        "prefixItems": [{"type": "integer"}, {"anyOf": [{"$ref": "#/$defs/T"}, {"type": "null"}]}],
        "minItems": 2, "maxItems": 2}}}"##;
    let mut form = Form::new(&task_of(raw), None);
    let deep = (0..28).fold("null".to_owned(), |inner, n| format!("[{n}, {inner}]"));
    // Doubling at each level this would take for ever.
    form.fill(&format!("{{\"t\": {deep}}}"), Origin::Filled).unwrap();
    assert_eq!(form.payload(), format!("{{\"t\": {deep}}}"));
}

#[test]
fn an_edit_looks_anew_at_what_it_changes_and_at_none_of_thousands_of_others() {
    let number = r#"{"type": "number", "minimum": 0, "default": 1.5}"#;
    let fields = |count: usize, each: &str| {
        let all: Vec<String> = (0..count).map(|n| format!("\"f{n}\": {each}")).collect();
        let names: Vec<String> = (0..count).map(|n| format!("\"f{n}\"")).collect();
        let (all, names) = (all.join(", "), names.join(", "));
        format!(r#""type": "object", "properties": {{{all}}}, "required": [{names}]"#)
    };
    let flat = format!("{{{}}}", fields(2_000, number));
    let nested = format!(
        r##"{{{}, "$defs": {{"M": {{{}}}}}}}"##,
        fields(20, r##"{"$ref": "#/$defs/M"}"##),
        fields(100, number)
    );
    let items = vec!["1.5"; 2_000].join(", ");
    let list = format!(
        r#"{{"type": "object", "properties": {{"f0": {{"type": "array", "items": {number}, "default": [{items}]}}}}}}"#
    );
    for (schema, path) in [(flat, "f1999"), (nested, "f19.f99"), (list, "f0.1999")] {
        let mut form = Form::new(&task_of(&schema), None);
        let id = path.split('.').fold(form.root, |at, name| {
            form.fold(at, false);
            let kids = form.field(at).unwrap().children.clone();
            let place = name.trim_start_matches('f').parse::<usize>().unwrap();
            kids[place]
        });
        let before = vec![(Level::Hint, "looked at before".to_owned())];
        for node in form.nodes.iter_mut().flatten() {
            node.marks = Some(before.clone());
        }
        form.set_text(id, "-1");
        let anew: Vec<_> =
            form.nodes.iter().flatten().filter(|node| node.marks.as_ref() != Some(&before)).collect();
        let deep = path.split('.').count() + 1;
        assert!((1..=deep).contains(&anew.len()), "{path}: {} of {}", anew.len(), form.nodes.len());
        assert!(form.problems().iter().any(|p| p.field == Some(id) && p.level == Level::Error));
    }
}
