use proptest::prelude::*;

use super::*;

fn lines(name: &str) -> Vec<String> {
    let path = format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn field(line: &str, key: &str) -> String {
    json::string(json::get(line, key).unwrap()).unwrap().into_owned()
}

fn fields(line: &str, key: &str) -> Vec<String> {
    let items = json::items(json::get(line, key).unwrap()).unwrap();
    items.into_iter().map(|item| json::string(item).unwrap().into_owned()).collect()
}

/// The pairs were made by Python 3.11: `repr(json.loads(text))`. One holds both sides of every border between
/// printable and other characters.
#[test]
fn reprs_are_those_of_python() {
    let lines = lines("reprs_python.jsonl");
    assert!(lines.len() > 500);
    for line in lines {
        let text = field(&line, "json");
        // Python escapes lone surrogates in its answer; the fixture's own escapes stand for real characters.
        assert_eq!(repr(&text), field(&line, "repr"), "{text}");
    }
}

/// Made by Juice 26.43.0's own task classes and a few of a lab's: payload as it goes over the wire, and `display_name`.
#[test]
fn display_names_are_those_of_juice() {
    let lines = lines("display_names_juice.jsonl");
    assert!(lines.len() > 25);
    for line in lines {
        let floats = fields(&line, "floats");
        let ints = fields(&line, "ints");
        let numbers = |name: &str| match name {
            _ if floats.iter().any(|float| float == name) => Numbers::Float,
            _ if ints.iter().any(|int| int == name) => Numbers::Int,
            _ => Numbers::AsWritten,
        };
        let payload = field(&line, "payload");
        let made = display_name_with(&field(&line, "type"), &payload, &fields(&line, "hidden"), &numbers);
        assert_eq!(made, field(&line, "name"), "{payload}");
    }
}

#[test]
fn names_of_odd_payloads() {
    let hidden = ["parallel".to_owned(), "code".to_owned()];
    assert_eq!(display_name("Ping", "{}", &hidden), "Ping");
    assert_eq!(display_name("Ping", r#"{"code": "x", "parallel": true}"#, &hidden), "Ping");
    assert_eq!(display_name("Ping", "[1]", &hidden), "Ping");
    assert_eq!(display_name("Ping", "{broken", &hidden), "Ping");
    assert_eq!(display_name("P", r#"{"a": 1, "b": 2, "a": 3}"#, &[]), "P: a=3, b=2");
    assert_eq!(repr("{broken"), "{broken");
}

#[test]
fn numbers_follow_the_fields_type() {
    let name = |payload, numbers| display_name_with("T", payload, &[], &|_| numbers);
    assert_eq!(
        name(r#"{"a": [1, {"b": 2}, -0, 1e5]}"#, Numbers::Float),
        "T: a=[1.0, {'b': 2.0}, -0.0, 100000.0]"
    );
    assert_eq!(
        name(r#"{"a": [1.0, 2.5, -0.0, 1e22]}"#, Numbers::Int),
        "T: a=[1, 2.5, 0, 10000000000000000000000]"
    );
    assert_eq!(name(r#"{"a": [NaN, "1", true]}"#, Numbers::Int), "T: a=[nan, '1', True]");
}

#[test]
fn depth_is_no_danger() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(repr(&deep), deep);
    let maps = r#"{"a":"#.repeat(50_000) + "1" + &"}".repeat(50_000);
    assert_eq!(repr(&maps).len(), "{'a': ".len() * 50_000 + 1 + 50_000);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*", piece in r#"[{}\[\]",:\\u0-9a-dtrefnul. \n"-]{0,80}"#) {
        let _ = (repr(&text), repr(&piece), display_name("T", &piece, &[]));
    }

    /// Between quotes, without escapes, a printable text stands as it is.
    #[test]
    fn plain_text_stands_as_it_is(text in "[a-zA-Z0-9 äöü漢字]*") {
        prop_assert_eq!(repr(&json::quote(&text)), format!("'{text}'"));
    }

    #[test]
    fn floats_lead_back_to_themselves(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        let mut out = String::new();
        float(&mut out, value);
        prop_assert_eq!(out.parse::<f64>().unwrap().to_bits(), value.to_bits());
    }
}
