//! Filters.

use super::*;
use crate::store::filter::Filter;

fn bench() -> Bench {
    let mut bench = Bench::new();
    let failed = Job { name: "Résonance: q='ÉTÉ two words'".into(), ..job("a1") };
    bench.runs(&failed).completed(&failed, &error("a1", "E", "x"));
    bench.runs(&cell("b2")).submit(&job("c3"), Own::Direct);
    bench.runs(&Job { parallel: true, kind: "Ping".into(), name: "Ping".into(), ..job("d4") });
    bench.scheduled("e5", None, &job("x"), ScheduledStatus::Queued);
    bench.created(&Job { target: "fridge-2".into(), ..job("f6") });
    bench
}

fn admitted(bench: &Bench, text: &str) -> Vec<String> {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut keys: Vec<_> =
        bench.store.tasks().filter(|task| filter.admits(task)).map(|task| task.key.to_string()).collect();
    keys.sort();
    keys
}

#[test]
fn terms_are_looked_for_and_combined() {
    let bench = bench();
    let all = ["a1", "b2", "c3", "d4", "e5", "f6"];
    for (text, expected) in [
        ("", &all[..]),
        ("   ", &all),
        ("-", &all),
        ("résonance", &["a1"]),
        ("\"two words\"", &["a1"]),
        ("été", &["a1"]),
        ("measuret1", &["a1", "c3", "e5", "f6"]),
        ("MeasureT1:", &["c3", "e5", "f6"]),
        ("outcome:failed", &["a1"]),
        ("OUTCOME:Failed", &["a1"]),
        ("outcome:ok", &[]),
        ("state:running", &["b2", "d4", "f6"]),
        ("state:starting", &["f6"]),
        ("state:running -state:starting", &["b2", "d4"]),
        ("state:scheduled,waiting", &["c3", "e5"]),
        ("service:lab", &["b2"]),
        ("service:fridge", &["a1", "c3", "d4", "e5", "f6"]),
        ("service:fridge !service:fridge-2 state:waiting", &["c3"]),
        ("type:Ping,IPython", &["b2", "d4"]),
        ("type:rawipy", &["b2"]),
        ("lane:parallel", &["d4"]),
        ("id:c3", &["c3"]),
        ("own:yes", &["c3"]),
        ("own:no lane:sequential", &["a1", "b2", "e5", "f6"]),
        ("-own:yes -lane:parallel", &["a1", "b2", "e5", "f6"]),
        ("type:\"Ping\",\"IPython\"", &["b2", "d4"]),
        ("qubit='x'", &["e5"]),
        ("http://x", &[]),
    ] {
        assert_eq!(admitted(&bench, text), expected, "{text}");
    }
}

#[test]
fn an_unknown_value_names_the_possible_ones() {
    for (text, offset, what) in [
        ("a outcome:bad", 2, "outcome: is ok, failed or cancelled, not `bad`"),
        ("ä state:x", 3, "state: is scheduled, waiting, running, starting, ended or unknown, not `x`"),
        ("lane:", 0, "lane: needs sequential or parallel"),
        ("own:yes,maybe", 0, "own: is yes or no, not `maybe`"),
        ("-own:perhaps", 0, "own: is yes or no, not `perhaps`"),
        ("id:", 0, "id: needs a value"),
        ("type:a,", 0, "type: needs a value"),
        ("a \"open", 2, "a quote is not closed: add \""),
        ("type:\"x", 5, "a quote is not closed: add \""),
    ] {
        let error = Filter::parse(text).unwrap_err();
        assert_eq!((error.offset, error.what.as_str()), (offset, what), "{text}");
    }
}

#[test]
fn signs_of_patterns_are_plain_text() {
    // Case B27.
    let mut bench = Bench::new();
    let long = Job { name: format!("x {} (a+)+$ [*\\", "a".repeat(5_000)), ..job("a") };
    bench.runs(&long).runs(&job("b"));
    for text in ["(", "[", "*", "\\", "(a+)+$", "[*\\"] {
        assert_eq!(admitted(&bench, text), ["a"], "{text}");
    }
    let hard = format!("{}b", "a".repeat(4_000));
    assert_eq!(admitted(&bench, &hard), Vec::<String>::new());
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in r#"([a-z:,"! -]|outcome:|state:|İ|ẞ|ǅ){0,20}"#) {
        let bench = bench();
        match Filter::parse(&text) {
            Ok(filter) => _ = bench.store.tasks().filter(|task| filter.admits(task)).count(),
            Err(error) => proptest::prop_assert!(text.is_char_boundary(error.offset)),
        }
    }
}
