//! Fields that run through values.

use super::*;
use crate::wire::json;

const MEASURE: &str = r##"{"$defs": {"Sweep": {"type": "object", "properties": {
    "points": {"type": "integer", "minimum": 2, "maximum": 100}, "stop": {"type": "number", "default": 1e-4}}},
    "Band": {"enum": ["L", "X"], "type": "string"}},
    "type": "object", "required": ["qubit", "averages"], "properties": {
    "qubit": {"type": "string", "pattern": "^q\\d+$"}, "averages": {"type": "integer", "minimum": 1},
    "sweep": {"$ref": "#/$defs/Sweep"}, "band": {"$ref": "#/$defs/Band"}, "fast": {"type": "boolean", "default": false},
    "gain": {"anyOf": [{"type": "number", "maximum": 3}, {"type": "null"}], "default": null},
    "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "token": {"type": "string", "format": "password", "writeOnly": true}}}"##;

fn opened() -> Form {
    let mut form = Form::new(&task_of(MEASURE), None);
    form.fill(
        r#"{"qubit": "q1", "averages": 10, "sweep": {"points": 3}, "either": 4, "token": "s"}"#,
        Origin::Filled,
    )
    .unwrap();
    form
}

fn why(form: &mut Form, field: &str, text: &str) -> Vec<String> {
    let id = form.find_dotted(field).unwrap();
    form.set_sweep(id, Some(text));
    form.problems().iter().filter(|p| p.field == Some(id)).map(|p| p.what.clone()).collect()
}

#[test]
fn each_value_is_checked_with_its_fields_own_limits() {
    let mut form = opened();
    assert_eq!(why(&mut form, "sweep.points", "2:20:10"), [""; 0]);
    let wrong = why(&mut form, "sweep.points", "90..110");
    assert!(wrong.len() == 1 && wrong[0].starts_with("101: "), "{wrong:?}");
    let wrong = why(&mut form, "qubit", "q1..q9, qx");
    assert!(wrong.len() == 1 && wrong[0].starts_with("\"qx\": "), "{wrong:?}");
    assert_eq!(why(&mut form, "qubit", "q1..q9"), [""; 0]);
    assert_eq!(why(&mut form, "band", "all"), [""; 0]);
    assert_eq!(why(&mut form, "fast", "*"), [""; 0]);
    assert!(why(&mut form, "band", "L, K")[0].contains("K"), "{:?}", why(&mut form, "band", "L, K"));
    assert_eq!(why(&mut form, "averages", "1:10"), ["the count is missing: start:stop:count"]);
    let wrong = why(&mut form, "gain", "1:4:4");
    assert!(wrong[0].starts_with("4: "), "{wrong:?}");
}

#[test]
fn a_required_field_may_have_only_a_sweep_and_no_value() {
    let mut form = Form::new(&task_of(MEASURE), None);
    assert_eq!(why(&mut form, "qubit", "q1, q2"), [""; 0]);
    assert_eq!(why(&mut form, "averages", "1, 2"), [""; 0]);
    assert_eq!(errors(&form), [""; 0]);
    let swept = form.swept();
    let names: Vec<String> = swept.iter().map(|id| form.dotted(*id)).collect();
    assert_eq!(names, ["qubit", "averages"]);
    let pattern = form.pattern(&swept).unwrap();
    let payload = pattern.fill(&[r#""q2""#.to_owned(), "2".to_owned()]);
    assert!(payload.starts_with(r#"{"qubit": "q2", "averages": 2"#), "{payload}");
    form.set_sweep(swept[0], None);
    assert!(!errors(&form).is_empty(), "it is missing again");
}

#[test]
fn the_payloads_are_those_of_the_form_with_other_values() {
    let mut form = opened();
    for (field, text) in [("sweep.points", "2, 3"), ("either", "7, 8"), ("band", "X, L")] {
        assert_eq!(why(&mut form, field, text), [""; 0], "{field}");
    }
    let swept = form.swept();
    let names: Vec<String> = swept.iter().map(|id| form.dotted(*id)).collect();
    assert_eq!(names, ["sweep.points", "band", "either"]);
    let values = ["9".to_owned(), "\"L\"".to_owned(), "8".to_owned()];
    let filled = form.pattern(&swept).unwrap().fill(&values);
    let ids: Vec<_> = swept.iter().copied().zip(values.iter().map(String::as_str)).collect();
    assert_eq!(filled, form.payload_with(&ids));
    assert_eq!(json::get(&filled, "either"), Some("8"));
    assert_eq!(json::get(json::get(&filled, "sweep").unwrap(), "points"), Some("9"));
}

#[test]
fn secrets_and_sections_cannot_be_swept_and_what_does_not_go_out_is_not() {
    let mut form = opened();
    for name in ["token", "sweep"] {
        let id = form.find_dotted(name).unwrap();
        assert!(!form.field(id).unwrap().sweepable, "{name}");
        form.set_sweep(id, Some("1, 2"));
    }
    assert_eq!(form.swept(), []);
    why(&mut form, "sweep.points", "2, 3");
    let section = form.find_dotted("sweep").unwrap();
    form.unset(section);
    assert_eq!(form.swept(), []);
}

#[test]
fn reset_takes_a_sweep_away_and_ten_thousand_values_are_all_checked() {
    let mut form = opened();
    assert_eq!(why(&mut form, "averages", "1:10000:10000"), [""; 0]);
    assert!(why(&mut form, "averages", "10000..1, 0")[0].starts_with("more than"));
    assert!(why(&mut form, "averages", "9998..0")[0].starts_with("0: "));
    let id = form.find_dotted("averages").unwrap();
    form.reset(id);
    assert_eq!((form.swept(), errors(&form)), (vec![], vec![]));
}
