//! Filters.

use super::*;
use crate::store::filter::{Filter, Saved};

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
    let filter = Filter::parse(text, &Saved::default(), Now::at(600.0))
        .unwrap_or_else(|error| panic!("{text}: {error}"));
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
        ("a /b", 2, "a pattern is not closed: add /, or put the text in quotes"),
        ("error:", 0, "error: needs a value"),
        ("a took>", 2, "took> needs a value, as in took>30s"),
        ("took<soon", 0, "took< is a length of time such as 30s, 5m or 1h30, not `soon`"),
        ("payload.n>", 0, "payload.n> needs a value, as in payload.n>10"),
        ("payload.n>many", 0, "payload.n can be compared with a number, not `many`"),
        ("payload.:1", 0, "payload. needs a field, as in payload.qubit:q3"),
        ("payload.qubit:", 0, "payload.qubit: needs a value"),
        ("/q[/", 0, "/q[/ is no pattern: unclosed character class"),
        (
            "/(?=q)/",
            0,
            "/(?=q)/ is no pattern: look-around, including look-ahead and look-behind, is not supported",
        ),
        ("/a{1000}{1000}{1000}/", 0, "/a{1000}{1000}{1000}/ is no pattern: it is too large"),
    ] {
        let error = Filter::parse(text, &Saved::default(), Now::at(600.0)).unwrap_err();
        assert_eq!((error.offset, error.what.as_str()), (offset, what), "{text}");
    }
}

#[test]
fn a_saved_filter_stands_for_its_text() {
    let bench = bench();
    let mut saved = Saved::default();
    saved.put("bad", "outcome:failed");
    saved.put("worse", "@bad type:job,measure -ping");
    saved.put("loop", "x @loop");
    saved.put("odd", "outcome:x");
    (0..9).for_each(|n| saved.put(&format!("d{n}"), &format!("@d{} @d{}", n + 1, n + 1)));
    let filter = |text| Filter::parse(text, &saved, Now::at(600.0));
    let keys = |text| -> Vec<String> {
        let filter = filter(text).unwrap();
        bench.store.tasks().filter(|task| filter.admits(task)).map(|task| task.key.to_string()).collect()
    };
    assert_eq!(keys("@bad"), admitted(&bench, "outcome:failed"));
    assert_eq!(keys("-@bad d4"), ["d4"], "without it");
    assert_eq!(keys("@bad @"), ["a1"], "a name that is begun says nothing yet");
    assert_eq!(keys("\"@bad\""), [""; 0], "in quotes it is a word");
    for (text, offset, why) in [
        ("a @none", 2, "no filter is saved as @none: there are @bad @d0"),
        ("@loop", 0, "in @loop: @loop stands in itself"),
        ("@odd", 0, "in @odd: outcome: is ok, failed or cancelled, not `x`"),
        ("@d0", 0, "@d5 stands in too many others"),
    ] {
        let error = filter(text).unwrap_err();
        assert!(error.offset == offset && error.what.contains(why), "{text}: {error:?}");
    }
    assert!(filter("@bad").unwrap().without_payload().admits(bench.store.find("a1").unwrap()));
    saved.put("deep", "payload.qubit:q3");
    let deep = Filter::parse("@deep", &saved, Now::at(600.0)).unwrap();
    assert!(deep.needs_payload() && deep.without_payload().is_empty());
}

#[test]
fn time_length_payload_error_and_patterns_can_be_asked_for() {
    let mut bench = Bench::new();
    bench
        .at(100.0)
        .runs(&job("q1"))
        .at(140.0)
        .completed(&job("q1"), &error("q1", "KeyError", "'q9' is missing"));
    bench.at(200.0).runs(&job("q2")).at(205.5).completed(&job("q2"), &ok("q2"));
    bench.at(580.0).runs(&job("q3"));
    // The test's filters are read at second 600: 21:10 in UTC.
    for (text, expected) in [
        ("since:30s", &["q3"][..]),
        ("since:7m", &["q2", "q3"]),
        ("until:7m", &["q1"]),
        ("since:2026-11-24T21:03:00+00:00", &["q2", "q3"]),
        ("-since:30s", &["q1", "q2"]),
        ("took>30s", &["q1"]),
        ("TOOK<0.5m", &["q2"]),
        ("took>1s took<1h", &["q1", "q2"]),
        ("error:keyerror", &["q1"]),
        ("error:missing,other", &["q1"]),
        ("payload.qubit:q2", &["q2"]),
        ("Payload.qubit:Q2,q3", &["q2", "q3"]),
        ("payload.averages:5 -payload.qubit:q3", &["q1", "q2"]),
        ("payload.averages>4.5", &["q1", "q2", "q3"]),
        ("payload.averages<5", &[]),
        ("payload.nothing:1", &[]),
        ("/qubit='q[23]'$/", &["q2", "q3"]),
        ("-/Q[23]'/", &["q1"]),
        ("/key.*|q3/ type:MeasureT1", &["q1", "q3"]),
        ("/two words/", &[]),
        ("\"/q\"", &[]),
        ("/a\\/b/", &[]),
    ] {
        assert_eq!(admitted(&bench, text), expected, "{text}");
    }
}

#[test]
fn what_is_not_known_passes_no_test_that_asks_for_it() {
    let mut bench = Bench::new();
    // Its beginning was not seen: it took at least these ten seconds.
    bench.at(10.0).completed(&job("late"), &ok("late"));
    for text in ["took<1h", "payload.qubit:late", "error:x"] {
        assert_eq!(admitted(&bench, text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_task_of_the_past_passes_as_it_did_when_it_was_there() {
    let mut bench = bench();
    bench.at(300.0).completed(&cell("b2"), &cell_error("b2", "ZeroDivisionError"));
    for text in [
        "été",
        "outcome:failed",
        "state:running",
        "service:fridge",
        "type:rawipy",
        "own:yes",
        "took>1s",
        "error:zero",
        "since:9m",
        "id:c3",
        "lane:parallel",
        "/^Ping/",
        "payload.averages:5",
    ] {
        let filter = Filter::parse(text, &Saved::default(), Now::at(600.0)).unwrap();
        for task in bench.store.tasks() {
            let past = Past::of(task);
            let admitted = filter.admits_past(&past, task.payload.as_deref());
            assert_eq!(admitted, filter.admits(task), "{text}: {}", task.key);
        }
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

#[test]
#[allow(clippy::disallowed_methods, reason = "it measures")]
fn a_pattern_that_could_be_tried_in_countless_ways_answers_at_once() {
    // Case B27: with a matcher that tries all ways of cutting the name up this test would not end.
    let mut bench = Bench::new();
    let name = "a".repeat(5_000);
    bench
        .runs(&Job { name: name.clone(), ..job("fits") })
        .runs(&Job { name: format!("{name}!"), ..job("not") });
    let begun = std::time::Instant::now();
    assert_eq!(admitted(&bench, "/^(a+)+$/"), ["fits"]);
    assert_eq!(admitted(&bench, "/(a+)+$/"), ["fits"], "the end is meant, not some place");
    assert_eq!(admitted(&bench, "/(a|aa)+b/"), Vec::<String>::new());
    assert_eq!(admitted(&bench, "-/(a+)+$/"), ["not"]);
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in r#"([a-z:,"! /\\\[\]().*>0-9-]|outcome:|state:|since:|took>|took<|payload\.|/|İ|ẞ|ǅ){0,20}"#) {
        let bench = bench();
        match Filter::parse(&text, &Saved::default(), Now::at(600.0)) {
            Ok(filter) => _ = bench.store.tasks().filter(|task| filter.admits(task)).count(),
            Err(error) => proptest::prop_assert!(text.is_char_boundary(error.offset)),
        }
    }
}
