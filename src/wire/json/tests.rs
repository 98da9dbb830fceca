use proptest::prelude::*;

use super::*;

fn case(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn error(text: &str) -> String {
    check(text).unwrap_err().to_string()
}

/// The verdicts are those of Python 3.11's `json.loads` on broken and whole texts.
#[test]
fn it_takes_and_refuses_what_python_takes_and_refuses() {
    let lines = case("json_loads_verdicts.jsonl");
    let mut taken = 0;
    for line in lines.lines() {
        let text = string(get(line, "json").unwrap()).unwrap();
        let python = boolean(get(line, "python").unwrap()).unwrap();
        let ours = check(&text);
        assert_eq!(ours.is_ok(), python, "{text:?}: {ours:?}");
        taken += usize::from(python);
    }
    assert!(taken > 100 && lines.lines().count() > taken + 100);
}

#[test]
fn every_case_is_read_whole() {
    for name in [
        "json_bigints.json",
        "json_control_strings.json",
        "json_deep_100000.json",
        "json_deep_lists_900.json",
        "json_deep_maps_450.json",
        "json_nan_inf.json",
        "json_numbers.json",
        "json_surrogates.json",
        "json_wide_text.json",
    ] {
        let text = case(name);
        check(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let parts = match kind(&text) {
            Some(Kind::Object) => members(&text).unwrap().len(),
            _ => items(&text).unwrap().len(),
        };
        assert!(parts > 0, "{name}");
        // Layout changes nothing but the space between the parts (and deep texts would be mostly indentation).
        let (pretty, cut) = pretty(&text, 16 << 20);
        assert_eq!(cut, name == "json_deep_100000.json", "{name}");
        if !cut {
            assert_eq!(compact(&pretty), compact(&text), "{name}");
            check(&pretty).unwrap();
        }
    }
}

#[test]
fn values_stay_as_they_are_written() {
    let numbers = case("json_numbers.json");
    assert_eq!(get(&numbers, "over"), Some("1e400"));
    assert_eq!(get(&numbers, "E"), Some("1E5"));
    assert_eq!(get(&numbers, "trail"), Some("2.500"));
    assert_eq!(get(&case("json_bigints.json"), "seed"), Some("1208925819614629174706176"));
    let nan = case("json_nan_inf.json");
    assert_eq!((get(&nan, "mean"), get(&nan, "text")), (Some("NaN"), Some("\"NaN\"")));
    assert_eq!(items(get(&nan, "list").unwrap()).unwrap(), ["NaN", "1.0", "-0.0"]);
}

#[test]
fn strings_come_out_of_their_escapes() {
    let text = case("json_surrogates.json");
    let value = |key| string(get(&text, key).unwrap()).unwrap();
    assert_eq!(value("lone_high"), "a\u{fffd}b");
    assert_eq!(value("reversed"), "\u{fffd}\u{fffd}");
    assert_eq!(value("pair"), "\u{1f52c}");
    assert_eq!(value("twice"), "\u{fffd}\u{1f52c}");
    assert_eq!(get(&text, "key\u{fffd}"), Some("1"));
    let points: Vec<u32> = code_points(get(&text, "twice").unwrap()).unwrap().collect();
    assert_eq!(points, [0xd83d, 0x1f52c]);

    assert_eq!(string(r#" "\"\\\/\b\f\n\r\tA" "#).unwrap(), "\"\\/\u{8}\u{c}\n\r\tA");
    assert!(matches!(string("\"plain\""), Some(Cow::Borrowed("plain"))));
    for none in ["", "5", "\"open", "\"a\" b", "\"a\nb\"", "\"\\x\"", "null"] {
        assert_eq!(string(none), None, "{none}");
    }
    assert_eq!(quote("a\"\\\n\u{1}\u{7f}é"), "\"a\\\"\\\\\\n\\u0001\u{7f}é\"");
}

#[test]
fn members_and_items_tell_all() {
    let raw = " { \"a\" : 1 , \"\\u0062\" : [ 1, {} ] , \"a\" : { } } ";
    let expected: Vec<(Cow<str>, &str)> =
        vec![("a".into(), "1"), ("b".into(), "[ 1, {} ]"), ("a".into(), "{ }")];
    assert_eq!(members(raw).unwrap(), expected);
    assert_eq!(get(raw, "a"), Some("{ }"), "the last double counts");
    assert_eq!(get(raw, "c"), None);
    assert_eq!(items("[ 1 ,\n\"x\" , [] ]").unwrap(), ["1", "\"x\"", "[]"]);
    assert_eq!((items("[]").unwrap().len(), members(" {} ").unwrap().len()), (0, 0));
    assert_eq!((get("{\"a\": 1", "a"), get("[1]", "a")), (None, None));
    // After an error there is nothing more.
    let mut broken = Items::new("[1, x, 2]");
    assert_eq!(broken.next().unwrap(), Ok("1"));
    assert_eq!(broken.next().unwrap().unwrap_err().what, "expected a value");
    assert!(broken.next().is_none());
}

#[test]
fn the_first_character_tells_the_kind() {
    let kinds = ["{", "[", "\"", "-1", "NaN", "Infinity", "true", "false", "null", "x", ""].map(kind);
    use Kind::*;
    assert_eq!(
        kinds,
        [
            Some(Object),
            Some(Array),
            Some(String),
            Some(Number),
            Some(Number),
            Some(Number),
            Some(Bool),
            Some(Bool),
            Some(Null),
            None,
            None
        ]
    );
}

#[test]
fn errors_name_their_place_and_what_would_be_right() {
    assert_eq!(error("{\n \"a\": 1\n \"b\": 2}"), "line 3, column 2: expected ',' or '}'");
    assert_eq!(error("[1 2]"), "line 1, column 4: expected ',' or ']'");
    assert_eq!(error("[1, ]"), "line 1, column 5: expected a value after ','");
    assert_eq!(error("{\"a\": 1, }"), "line 1, column 10: expected a name in double quotes after ','");
    assert_eq!(error("{a: 1}"), "line 1, column 2: expected a name in double quotes or '}'");
    assert_eq!(error("{\"a\" 1}"), "line 1, column 6: expected ':'");
    assert_eq!(error("[\"é漢\", 'x']"), "line 1, column 8: expected a value; text stands in double quotes");
    assert_eq!(
        error("[True]"),
        "line 1, column 2: expected a value; Python's True and False are true and false"
    );
    assert_eq!(error("[None]"), "line 1, column 2: expected a value; Python's None is null");
    assert_eq!(error(""), "line 1, column 1: expected a value, but the text ends");
    assert_eq!(error("{\"a\": [1,\n"), "line 2, column 1: expected a value, but the text ends");
    assert_eq!(error("{} x"), "line 1, column 4: expected nothing more");
    assert_eq!(error("[\"abc"), "line 1, column 2: this text has no closing '\"'");
    assert_eq!(error("\"a\nb\""), "line 1, column 3: a line break inside a text must be written \\n");
    assert_eq!(
        error("\"a\u{1}b\""),
        "line 1, column 3: a control character inside a text must be written \\u0001"
    );
    assert_eq!(error("\"\\x\""), "line 1, column 2: unknown escape; a backslash itself is written \\\\");
    assert_eq!(error("\"\\u12\""), "line 1, column 2: \\u needs four hexadecimal digits");
    assert_eq!(error("01"), "line 1, column 1: a number must not start with 0");
    assert_eq!(error("[1.]"), "line 1, column 4: expected a digit after '.'");
    assert_eq!(error("-"), "line 1, column 2: expected a digit, but the text ends");
    assert_eq!(
        error(&"9".repeat(4301)),
        "line 1, column 1: an integer of 4301 digits; Python takes at most 4300"
    );
    let offset = check("[\"é\" x").unwrap_err().offset;
    assert_eq!(offset, 6, "bytes");
}

#[test]
fn pretty_is_for_reading() {
    let raw = r#"{"a": [1, 2.50, NaN], "e": {}, "f": [ ], "s": "x\n\ud800", "o": {"p": null}}"#;
    let expected = "{\n  \"a\": [\n    1,\n    2.50,\n    NaN\n  ],\n  \"e\": {},\n  \"f\": [],\n  \
                    \"s\": \"x\\n\\ud800\",\n  \"o\": {\n    \"p\": null\n  }\n}";
    assert_eq!(pretty(raw, 1000), (expected.to_owned(), false));
    assert_eq!(pretty(raw, expected.len()), (expected.to_owned(), false));
    assert_eq!(pretty("5", 10), ("5".to_owned(), false));
    assert_eq!(compact(raw), r#"{"a":[1,2.50,NaN],"e":{},"f":[],"s":"x\n\ud800","o":{"p":null}}"#);
    // What is no JSON stays readable.
    assert_eq!(pretty("not json at all", 100).0, "not json at all");
    assert_eq!(compact("not  json"), "not json");
}

#[test]
fn pretty_stops_at_a_lines_end() {
    let raw = format!("[{}1]", "1, ".repeat(1000));
    let (text, cut) = pretty(&raw, 100);
    assert!(cut && text.len() <= 100 && text.ends_with("\n  1,"), "{text}");
    // A line that is too long by itself is cut in its middle, between characters.
    let (text, cut) = pretty(&format!("[\"{}\"]", "é".repeat(100)), 20);
    assert!(cut && text.len() <= 20 && text.ends_with('é'), "{text}");
    assert_eq!(pretty("[1]", 0), (String::new(), true));
    // Deep texts would be mostly indentation: the limit holds for that too.
    let (text, cut) = pretty(&"[".repeat(100_000), 1 << 20);
    assert!(cut && text.len() <= 1 << 20);
}

#[test]
fn depth_costs_no_stack() {
    let run = || {
        let open = "[{\"a\":".repeat(500_000);
        let deep = format!("{open}0{}", "}]".repeat(500_000));
        check(&deep).unwrap();
        assert_eq!(items(&deep).unwrap().len(), 1);
        assert_eq!(compact(&deep).len(), deep.len());
        check(&open).unwrap_err();
    };
    std::thread::Builder::new().stack_size(64 << 10).spawn(run).unwrap().join().unwrap();
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".*".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            proptest::collection::vec((".{0,6}", inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

const JSON_LIKE: &str = r#"[{}\[\]",:\\u0-9a-dtrefnul. \n"-]{0,60}"#;

proptest! {
    #[test]
    fn what_serde_json_accepts_is_accepted(text in JSON_LIKE) {
        if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
            prop_assert!(check(&text).is_ok());
        }
    }

    #[test]
    fn values_survive_every_layout(value in any_json(), spaced: bool) {
        let text = if spaced { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert!(check(&text).is_ok());
        let (pretty, cut) = pretty(&text, usize::MAX);
        prop_assert!(!cut);
        prop_assert_eq!(&pretty, &serde_json::to_string_pretty(&value).unwrap());
        prop_assert_eq!(compact(&text), serde_json::to_string(&value).unwrap());
        // Read by serde_json, which does not give every float back as it was.
        match &serde_json::from_str::<serde_json::Value>(&text).unwrap() {
            serde_json::Value::Object(map) => {
                for (name, raw) in members(&text).unwrap() {
                    prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(raw).unwrap(), &map[&*name]);
                }
                prop_assert_eq!(members(&text).unwrap().len(), map.len());
            }
            serde_json::Value::Array(list) => {
                let read: Vec<serde_json::Value> =
                    items(&text).unwrap().iter().map(|raw| serde_json::from_str(raw).unwrap()).collect();
                prop_assert_eq!(&read, list);
            }
            serde_json::Value::String(inner) => prop_assert_eq!(&*string(&text).unwrap(), inner),
            _ => {}
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*", like in JSON_LIKE, limit in 0usize..100) {
        for text in [&text, &like] {
            if let Err(error) = check(text) {
                prop_assert!(error.offset <= text.len() && text.is_char_boundary(error.offset));
            }
            let _ = (members(text), items(text), string(text), kind(text), get(text, "a"), compact(text));
            let (pretty, _) = pretty(text, limit);
            prop_assert!(pretty.len() <= limit);
        }
    }

    /// `check`, `members` and `items` judge alike.
    #[test]
    fn readers_agree_with_check(text in JSON_LIKE) {
        let checked = check(&text);
        match kind(&text) {
            Some(Kind::Object) => prop_assert_eq!(members(&text).err(), checked.err()),
            Some(Kind::Array) => prop_assert_eq!(items(&text).err(), checked.err()),
            _ => prop_assert!(members(&text).is_err() && items(&text).is_err()),
        }
    }

    #[test]
    fn quoted_text_comes_back(text in any::<String>()) {
        let quoted = quote(&text);
        prop_assert_eq!(&*string(&quoted).unwrap(), &text);
        prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
    }
}
