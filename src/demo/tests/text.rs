//! JSON and texts as Python has them.

use crate::demo::json::{Json, parse, python_float};

#[test]
fn json_is_written_as_python_writes_it() {
    // json.dumps(json.loads(left)) == right
    for (read, written) in [
        (r#"{"b":1,"a":[true,null],"b":2}"#, r#"{"b": 2, "a": [true, null]}"#),
        (
            "[1.50, 1e3, -0, -0.0, 1e400, 2.500, 1e-07, 1e22, 123456789012345678901234567890]",
            "[1.5, 1000.0, 0, -0.0, Infinity, 2.5, 1e-07, 1e+22, 123456789012345678901234567890]",
        ),
        ("[NaN, -Infinity]", "[NaN, -Infinity]"),
        (r#""é \u00e9 😀 </ \/ \u0007 \u007f""#, "\"\\u00e9 \\u00e9 \\ud83d\\ude00 </ / \\u0007 \\u007f\""),
        (" [ ] ", "[]"),
    ] {
        assert_eq!(parse(read).expect(read).dump(), written);
    }
    for bad in [
        "",
        "{",
        "[1,]",
        "{\"a\" 1}",
        "{1: 2}",
        "01",
        "+1",
        "1.",
        "nul",
        "\"\n\"",
        "\"\\x\"",
        "[1] 2",
        ".5",
        "\"\\u12",
    ] {
        assert_eq!(parse(bad), None, "{bad}");
    }
    assert!(parse(&("[".repeat(900) + &"]".repeat(900))).is_some());
    assert!(parse(&("[".repeat(5_000) + &"]".repeat(5_000))).is_none());
}

#[test]
fn floats_are_printed_as_python_prints_them() {
    for (number, shown) in [
        (1.0, "1.0"),
        (0.1, "0.1"),
        (1e16, "1e+16"),
        (1e15, "1000000000000000.0"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1.5e-7, "1.5e-07"),
        (5.1e9, "5100000000.0"),
        (-2.5e100, "-2.5e+100"),
        (0.0, "0.0"),
    ] {
        assert_eq!(python_float(number), shown);
    }
}

#[test]
fn repr_is_pythons() {
    for (json, repr) in [
        (r#"{"a": [1, 2.0, null, true], "b": "it's"}"#, r#"{'a': [1, 2.0, None, True], 'b': "it's"}"#),
        (r#""both ' and \" \\ \n \u001b \u0000""#, r#"'both \' and " \\ \n \x1b \x00'"#),
        ("[NaN, Infinity]", "[nan, inf]"),
    ] {
        assert_eq!(parse(json).expect(json).repr(), repr);
    }
}

#[test]
fn the_catalogues_tell_of_every_service() {
    let catalogues = crate::demo::catalogues().map(|(_, text)| parse(text).expect("JSON"));
    let mut names: Vec<&str> = Vec::new();
    for catalogue in &catalogues {
        names.extend(catalogue.get("services").unwrap().entries().iter().map(|(name, _)| name.as_str()));
        for task in catalogue.get("tasks").unwrap().items() {
            assert!(matches!(task.get("schema"), Some(Json::Map(_))), "{task:?}");
        }
    }
    names.sort_unstable();
    let mut all = crate::demo::SERVICES.to_vec();
    all.sort_unstable();
    assert_eq!(names, all);
}
