//! What the service said, at the fields that it means.

use super::*;

fn place(form: &mut Form, errors: &[(&str, &str)]) -> Vec<String> {
    let errors: Vec<_> = errors.iter().map(|(path, what)| ((*path).to_owned(), (*what).to_owned())).collect();
    form.place(&errors, Says::Service);
    let said: Vec<_> = form.problems().iter().filter(|p| p.by == Says::Service).cloned().collect();
    said.iter()
        .map(|problem| {
            let names = problem.field.map(|id| form.path(id)).unwrap_or_default();
            let names: Vec<_> = names.iter().map(|id| form.field(*id).unwrap().name.clone()).collect();
            format!("{}: {}", names.join("/"), problem.what)
        })
        .collect()
}

#[test]
fn paths_go_through_unions_lists_and_maps() {
    let mut form = form_of("schema_error_paths.json");
    form.fill(
        r#"{"pts": [{"x": 1, "why": 2}, {"x": "a", "why": null}], "table": {"a.b": [{"x": 1}]}, "either": "zz"}"#,
        Origin::Filled,
    )
    .unwrap();
    let said = place(
        &mut form,
        &[
            ("pts.1.x", "one"),
            ("pts.1.why", "two"),
            ("table.`a.b`.0.why", "three"),
            ("table.a.b.0.x", "bare"),
            ("either.Point", "four"),
            ("either.int", "five"),
        ],
    );
    assert_eq!(
        said,
        [
            "pts/1/x: one",
            "pts/1/why: two",
            "table/a.b/0/x: bare",
            "table/a.b/0/why: three",
            "either: Point: four",
            "either: int: five"
        ]
    );
}

#[test]
fn tags_of_variants_are_no_fields() {
    let mut form = form_of("schema_discriminated.json");
    form.fill(
        r#"{"shape": {"kind": "gauss", "sigma": 0}, "sequence": [{"kind": "drag", "base": {"sigma": "x"}}]}"#,
        Origin::Filled,
    )
    .unwrap();
    let said = place(&mut form, &[("shape.gauss.sigma", "one"), ("sequence.0.drag.base.sigma", "two")]);
    assert_eq!(said, ["shape/sigma: one", "sequence/0/base/sigma: two"]);
    // It goes away with an edit there, and only there.
    form.set_text(at(&form, "shape/sigma"), "1");
    let left: Vec<_> =
        form.problems().iter().filter(|p| p.by == Says::Service).map(|p| p.what.as_str()).collect();
    assert_eq!(left, ["two"]);
}

#[test]
fn what_has_no_field_stands_on_top_and_nothing_is_dropped() {
    let mut form = form_of("schema_numbers.json");
    let errors: Vec<_> = (0..200).map(|i| (format!("nowhere.{i}"), format!("wrong {i}"))).collect();
    let borrowed: Vec<_> = errors.iter().map(|(path, what)| (path.as_str(), what.as_str())).collect();
    let before = form.payload();
    let said = place(&mut form, &borrowed);
    assert_eq!(said.len(), 200);
    assert_eq!(said[199], ": nowhere.199: wrong 199");
    assert_eq!(place(&mut form, &[("", "the whole is wrong")]), [": the whole is wrong"]);
    assert_eq!(form.payload(), before);
}
