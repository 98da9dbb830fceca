use proptest::prelude::*;

use super::*;

fn all(text: &str, values: Values<'_>) -> Vec<String> {
    let sweep = Sweep::read(text, values).unwrap_or_else(|why| panic!("{text}: {why}"));
    let all: Vec<String> = sweep.iter().collect();
    assert_eq!(all.len(), sweep.count(), "{text}");
    for raw in &all {
        json::check(raw).unwrap_or_else(|e| panic!("{text}: {raw}: {e}"));
    }
    all
}

fn why(text: &str, values: Values<'_>) -> String {
    Sweep::read(text, values).expect_err(text)
}

#[test]
fn decimals_stay_short_and_exact() {
    assert_eq!(all("0.1:0.5:5", Values::Number), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
    assert_eq!(all("0:1:3", Values::Number), ["0", "0.5", "1"]);
    assert_eq!(all("0:1:4", Values::Number), ["0", "0.3333333333333333", "0.6666666666666666", "1"]);
    assert_eq!(all("1e-6:3e-6:3", Values::Number), ["1e-6", "2e-6", "3e-6"]);
    assert_eq!(all("0:1e-4:5", Values::Number), ["0", "2.5e-5", "5e-5", "7.5e-5", "0.0001"]);
    assert_eq!(all("5.1e9:5.2e9:3", Values::Number), ["5100000000", "5150000000", "5200000000"]);
    assert_eq!(all("1:-1:5", Values::Number), ["1", "0.5", "0", "-0.5", "-1"]);
    assert_eq!(all("1e20:1e22:2", Values::Number), ["1e20", "1e22"]);
    assert_eq!(all("0.10:0.30:3", Values::Decimal), ["\"0.1\"", "\"0.2\"", "\"0.3\""]);
}

#[test]
fn around_a_centre_goes_from_minus_to_plus_the_span() {
    assert_eq!(all("5±2:5", Values::Number), ["3", "4", "5", "6", "7"]);
    assert_eq!(all("5 +- 0.2 : 3", Values::Number), ["4.8", "5", "5.2"]);
    assert_eq!(all("-1+-1:3", Values::Integer), ["-2", "-1", "0"]);
    assert_eq!(all("5±0:1", Values::Number), ["5"]);
    assert_eq!(why("5±2", Values::Number), "the count is missing: centre±span:count");
}

#[test]
fn integers_stay_whole_or_are_refused() {
    assert_eq!(all("10:500:8", Values::Integer), ["10", "80", "150", "220", "290", "360", "430", "500"]);
    assert_eq!(why("0:10:4", Values::Integer), "3.3333333333333335 is not a whole number");
}

#[test]
fn what_a_list_names_goes_out_letter_for_letter() {
    assert_eq!(
        all("1, 2.50, 1e-9, 36893488147419103232, NaN, -Infinity", Values::Number),
        ["1", "2.50", "1e-9", "36893488147419103232", "NaN", "-Infinity"]
    );
    assert_eq!(all("1:3:3, 10, 20..22", Values::Integer), ["1", "2", "3", "10", "20", "21", "22"]);
    assert_eq!(why("1, two", Values::Number), "`two` is not a number");
    assert_eq!(why("1,,2", Values::Number), "a value is missing beside a comma");
    assert_eq!(why("1,", Values::Number), "a value is missing beside a comma");
    assert_eq!(why("01", Values::Integer), "`01` is not a number");
    assert!(why("  ", Values::Number).starts_with("no values yet"));
}

#[test]
fn beyond_64_bits_integers_are_exact() {
    assert_eq!(
        all("36893488147419103232:36893488147419103234:3", Values::Integer),
        ["36893488147419103232", "36893488147419103233", "36893488147419103234"]
    );
    let long = "9".repeat(50);
    assert_eq!(all(&long, Values::Integer), std::slice::from_ref(&long));
    assert_eq!(
        why(&format!("0:{long}:2"), Values::Integer),
        format!("`{}…` cannot be the end of a range", "9".repeat(30))
    );
}

#[test]
fn steps_have_both_ends_where_they_are_reached() {
    assert_eq!(all("0..3", Values::Integer), ["0", "1", "2", "3"]);
    assert_eq!(all("3..0", Values::Integer), ["3", "2", "1", "0"]);
    assert_eq!(all("0..1 by 0.25", Values::Number), ["0", "0.25", "0.5", "0.75", "1"]);
    assert_eq!(all("0..10 by 4", Values::Integer), ["0", "4", "8"]);
    assert_eq!(why("0..10 by 0", Values::Integer), "a step is above 0, also downwards");
    assert_eq!(why("0..1 by 0.5", Values::Integer), "0.5 is not a whole number");
    assert_eq!(why("0..1000000", Values::Integer), "more than 10000 values");
    assert_eq!(why("0..x", Values::Integer), "`x` is not a number");
}

#[test]
fn logarithmic_values_have_round_numbers_where_there_are_any() {
    assert_eq!(
        all("log 1e3:1e6:7", Values::Number),
        [
            "1000",
            "3162.2776601683795",
            "10000",
            "31622.776601683792",
            "100000",
            "316227.7660168379",
            "1000000"
        ]
    );
    assert_eq!(all("log 2:2000:4", Values::Number), ["2", "20", "200", "2000"]);
    assert_eq!(all("log 1e-9:1e-3:3", Values::Number), ["1e-9", "1e-6", "0.001"]);
    assert_eq!(all("log 1:1000:4", Values::Integer), ["1", "10", "100", "1000"]);
    assert_eq!(all("log 1:100:5 round", Values::Integer), ["1", "3", "10", "32", "100"]);
    assert_eq!(
        why("log 1:100:5", Values::Integer),
        "3.1622776601683795 is not a whole number: add the word round"
    );
    assert_eq!(why("log 1:4:9 round", Values::Integer), "1 would come twice: take fewer values");
    for range in ["log -1:10:3", "log 0:10:3", "log -10:-1:3"] {
        assert_eq!(why(range, Values::Number), "a logarithmic sweep needs both ends above 0");
    }
}

#[test]
fn texts_are_taken_as_they_stand_and_numbered_ones_in_a_row() {
    assert_eq!(
        all(r#"q1, q2, "a, b", it's"#, Values::Text),
        [r#""q1""#, r#""q2""#, r#""a, b""#, r#""it's""#]
    );
    assert_eq!(all("q1..q3", Values::Text), [r#""q1""#, r#""q2""#, r#""q3""#]);
    assert_eq!(all("q08..q10", Values::Text), [r#""q08""#, r#""q09""#, r#""q10""#]);
    assert_eq!(all(r#""q1..q3""#, Values::Text), [r#""q1..q3""#]);
    assert_eq!(all("a..b", Values::Text), [r#""a..b""#]);
    assert_eq!(all("0:1:3", Values::Text), [r#""0:1:3""#], "a time, perhaps");
    assert_eq!(why(r#""open"#, Values::Text), "a quote is not closed: add \"");
}

#[test]
fn options_are_named_by_label_or_value() {
    let options = [("L", r#""l""#), ("S", r#""s""#), ("both, at once", "3")];
    let values = Values::Choice(&options);
    assert_eq!(all("*", values), [r#""l""#, r#""s""#, "3"]);
    assert_eq!(all("all", values).len(), 3);
    assert_eq!(all(r#"s, "both, at once", L"#, values), [r#""s""#, "3", r#""l""#]);
    assert_eq!(why("X", values), "`X` is not among the options");
    assert_eq!(
        all("true, false", Values::Choice(&[("true", "true"), ("false", "false")])),
        ["true", "false"]
    );
}

#[test]
fn without_a_schema_json_is_json_and_the_rest_is_text() {
    assert_eq!(
        all("1, true, q1, [1, 2], 0:1:3", Values::Any),
        ["1", "true", r#""q1""#, "[1, 2]", "0", "0.5", "1"]
    );
}

#[test]
fn counts_are_bounded_with_the_reason() {
    assert_eq!(why("0:1:10001", Values::Number), "more than 10000 values");
    assert_eq!(why("0:1:99999999999999999999999", Values::Number), "more than 10000 values");
    assert_eq!(why("0:1:0", Values::Number), "the count is 0");
    assert_eq!(
        why("0:1:1", Values::Number),
        "one value has only one end: give it alone, or a count of 2 or more"
    );
    assert_eq!(why("0:1:-3", Values::Number), "`-3` is not a count");
    assert_eq!(why("0:1", Values::Number), "the count is missing: start:stop:count");
    assert_eq!(why("q1..q999999", Values::Text), "more than 10000 values");
}

fn path(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

fn axis(field: &str, text: &str) -> (String, Sweep) {
    (field.to_owned(), Sweep::read(text, Values::Any).unwrap())
}

#[test]
fn several_fields_multiply_with_the_last_one_fastest_or_go_one_by_one() {
    let axes = vec![axis("a", "1, 2"), axis("b", "x, y, z")];
    let plan = Plan::new(axes.clone(), Combine::Multiply).unwrap();
    assert_eq!(plan.count(), 6);
    assert_eq!(plan.nth(0).unwrap(), ["1", r#""x""#]);
    assert_eq!(plan.nth(1).unwrap(), ["1", r#""y""#]);
    assert_eq!(plan.nth(5).unwrap(), ["2", r#""z""#]);
    assert!(plan.nth(6).is_none());
    assert_eq!(Plan::new(axes, Combine::Zip).unwrap_err(), "one by one needs equal counts: a has 2, b has 3");
    let plan = Plan::new(vec![axis("a", "1, 2"), axis("b", "x, y")], Combine::Zip).unwrap();
    assert_eq!(plan.count(), 2);
    assert_eq!(plan.nth(1).unwrap(), ["2", r#""y""#]);
    let many = vec![axis("a", "0..999"), axis("b", "0..999")];
    assert_eq!(Plan::new(many, Combine::Multiply).unwrap_err(), "1000000 tasks are more than 10000");
}

#[test]
fn a_pattern_leaves_all_but_the_values_letter_for_letter() {
    let payload = format!(r#"{{"b": {}, "c": 1e-9, "a": [{}, 1.0]}}"#, mark(1), mark(0));
    let pattern = Pattern::read(&payload, 2).unwrap();
    let filled = pattern.fill(&["7".to_owned(), r#""x""#.to_owned()]);
    assert_eq!(filled, r#"{"b": "x", "c": 1e-9, "a": [7, 1.0]}"#);
    assert_eq!(Pattern::read(&payload, 3).unwrap_err(), 2, "no place for the third");
    assert_eq!(
        Pattern::read(&format!("[{}, {}]", mark(0), mark(0)), 1).unwrap_err(),
        0,
        "two places for one"
    );
    assert!(json::check(&mark(0)).is_ok());
}

#[test]
fn a_value_is_put_where_the_path_leads() {
    let payload = r#"{ "sweep": {"start": 0.0, "points": 3}, "list": [1, 2.50], "x": {} }"#;
    assert_eq!(
        put(payload, &path("sweep.points"), "7").unwrap(),
        r#"{ "sweep": {"start": 0.0, "points": 7}, "list": [1, 2.50], "x": {} }"#
    );
    assert_eq!(
        put(payload, &path("list.1"), "null").unwrap(),
        r#"{ "sweep": {"start": 0.0, "points": 3}, "list": [1, null], "x": {} }"#
    );
    assert_eq!(
        put(payload, &path("x.new"), "1").unwrap(),
        r#"{ "sweep": {"start": 0.0, "points": 3}, "list": [1, 2.50], "x": {"new": 1} }"#
    );
    assert_eq!(put("{}", &path("a"), "1").unwrap(), r#"{"a": 1}"#);
    assert_eq!(put(r#"{"a": 1, "a": 2}"#, &path("a"), "3").unwrap(), r#"{"a": 1, "a": 3}"#);
    assert_eq!(put(payload, &path("list.7"), "1").unwrap_err(), "there is no field list.7");
    assert_eq!(put(payload, &path("a.b"), "1").unwrap_err(), "there is no field a.b");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_range_has_its_count_and_exactly_its_ends(
        from in -1_000_000_i64..1_000_000, width in 1_i64..1_000_000, places in 0_usize..7, count in 2_usize..60
    ) {
        let write = |n: i64| {
            let (sign, n) = (if n < 0 { "-" } else { "" }, n.abs());
            let scale = 10_i64.pow(places as u32);
            if places == 0 { format!("{sign}{n}") } else { format!("{sign}{}.{:0places$}", n / scale, n % scale) }
        };
        let (low, high) = (write(from), write(from + width));
        let values = all(&format!("{low}:{high}:{count}"), Values::Number);
        prop_assert_eq!(values.len(), count);
        let number = |raw: &str| raw.parse::<f64>().unwrap();
        prop_assert_eq!(number(&values[0]), number(&low));
        prop_assert_eq!(number(&values[count - 1]), number(&high));
        for (k, pair) in values.windows(2).enumerate() {
            prop_assert!(number(&pair[0]) < number(&pair[1]), "{:?} at {}", pair, k);
        }
        // In whole numbers up to the one division: near zero a sum of floats would have lost its digits.
        let parts = (count - 1) as i64;
        for (k, raw) in values.iter().enumerate() {
            let wanted = (from * parts + width * k as i64) as f64 / (parts as f64 * 10_f64.powi(places as i32));
            prop_assert!((number(raw) - wanted).abs() <= 1e-12 * (1.0 + wanted.abs()), "{} {}", raw, wanted);
        }
    }

    #[test]
    fn steps_of_integers_are_all_of_them(from in -500_i64..500, to in -500_i64..500) {
        let values = all(&format!("{from}..{to}"), Values::Integer);
        let numbers: Vec<i64> = values.iter().map(|raw| raw.parse().unwrap()).collect();
        let wanted: Vec<i64> =
            if from <= to { (from..=to).collect() } else { (to..=from).rev().collect() };
        prop_assert_eq!(numbers, wanted);
    }

    #[test]
    fn a_logarithmic_sweep_keeps_its_ends_and_its_factor(low in -9_i32..3, decades in 1_i32..9, count in 2_usize..50) {
        let values = all(&format!("log 1e{low}:1e{}:{count}", low + decades), Values::Number);
        let numbers: Vec<f64> = values.iter().map(|raw| raw.parse().unwrap()).collect();
        prop_assert_eq!(numbers[0], format!("1e{low}").parse::<f64>().unwrap());
        prop_assert_eq!(numbers[count - 1], format!("1e{}", low + decades).parse::<f64>().unwrap());
        let factor = 10_f64.powf(f64::from(decades) / (count - 1) as f64);
        for pair in numbers.windows(2) {
            prop_assert!((pair[1] / pair[0] / factor - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn no_text_panics_and_every_value_is_json(text in "[-0-9a-z:.,±+\"\\\\ \\[*e]{0,24}") {
        for values in [Values::Integer, Values::Number, Values::Decimal, Values::Text, Values::Any] {
            if let Ok(sweep) = Sweep::read(&text, values) {
                prop_assert!(sweep.count() >= 1 && sweep.count() <= MOST);
                for at in [0, sweep.count() - 1] {
                    let raw = sweep.nth(at);
                    prop_assert!(raw.is_some());
                    prop_assert!(json::check(&raw.unwrap()).is_ok());
                }
                prop_assert!(sweep.nth(sweep.count()).is_none());
            }
        }
    }
}
