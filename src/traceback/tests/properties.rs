//! Nothing is lost, nothing is slow, nothing panics, and a known message is found, whatever the text.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{super::Report, assert_whole, case, lost};

/// Texts made to be slow for a reader that looks ahead or back too often. Far more than a linear one needs, even in
/// a debug build on a busy machine, far less than a quadratic one.
#[test]
fn nothing_is_quadratic() {
    const LINES: usize = 60_000;
    let link = "\n\nDuring handling of the above exception, another exception occurred:\n\n";
    let long = case("tb_70000_lines.txt");
    let evalue = long.split_once("ValueError: ").unwrap().1.trim_end().to_owned();
    let mut texts = vec![
        (long, evalue),
        (format!("X: \n\"\"\"\nfoo{link}").repeat(LINES / 5), "x".to_owned()),
        ("  File \"never closed\n".repeat(LINES), "x".to_owned()),
        ("Traceback (most recent call last):\n".repeat(LINES), "x".to_owned()),
        (format!("E: a{link}").repeat(LINES / 5), "a".to_owned()),
        ("E: a\n".repeat(LINES), "E: a\n".repeat(LINES / 2) + "b"),
        ("E: a: a: a: a".repeat(LINES), "a".to_owned()),
        ("E\n".repeat(LINES), String::new()),
        ("\x1b[".repeat(LINES), "x".to_owned()),
        (
            "  | x\n  +-+---------------- 1 ----------------\n    | y\njunk\n".repeat(LINES / 4),
            "x".to_owned(),
        ),
    ];
    texts.push((
        format!("  + Exception Group Traceback (most recent call last):\n{}", texts[9].0),
        "x".to_owned(),
    ));
    for (raw, evalue) in texts {
        #[allow(clippy::disallowed_methods, reason = "a test that measures")]
        let begin = Instant::now();
        let report = Report::read(&raw, Some("E"), Some(&evalue));
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?} for {:?}", &raw[..40]);
        assert!(!report.sections.is_empty());
    }
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(
            &[
                "Traceback (most recent call last):",
                "ValueError                      Traceback (most recent call last)",
                "---------------------------------------------------------------------------",
                "  + Exception Group Traceback (most recent call last):",
                "  | Exception Group Traceback (most recent call last):",
                "  |   File \"a.py\", line 3, in f",
                "  |     x = 1",
                "  |     ^^^^^",
                "  | ExceptionGroup: two (2 sub-exceptions)",
                "  +-+---------------- 1 ----------------",
                "    +---------------- 2 ----------------",
                "    +---------------- ... ----------------",
                "    | and 3 more exceptions",
                "    +-+---------------- 1 ----------------",
                "      | E: deep",
                "    | ValueError: q",
                "    | ",
                "    | The above exception was the direct cause of the following exception:",
                "    +------------------------------------",
                "The above exception was the direct cause of the following exception:",
                "During handling of the above exception, another exception occurred:",
                "",
                "",
                "  File \"/lab/a.py\", line 12, in run",
                "  File \"/lab/a.py\", line None, in run",
                "  File \"/lab/a.py\", line 007, in run",
                "  File \"two",
                "lines.py\", line 1, in <module>",
                "    return x / 0",
                "           ~~^~~",
                "  [Previous line repeated 9 more times]",
                "  [Previous line repeated 99999999999999999999999 more times]",
                "  Cell In[3], line 1",
                "Cell In[3], line 1",
                "Input In [3], in <cell line: 1>()",
                "File ~/x.py:12, in f(x)",
                "~/x.py in f(x)",
                "      1 def f(x):",
                "----> 2     g(x)",
                "   (...)",
                "    [... skipping hidden 1 frame]",
                "ValueError: x",
                "ValueError",
                "ValueError: ",
                "a note",
                "X: ",
                "\"\"\"",
                "NoneType: None",
                "\x1b[31mValueError\x1b[39m: red",
            ][..]
        )
        .prop_map(str::to_owned),
        "[ -~]{0,20}",
        "[ |+:\"\\-\\\\a1Éß\u{1b}\t]{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_is_lost(all in prop::collection::vec(line(), 0..40), known in any::<bool>(), end in 0..3usize) {
        let raw = all.join("\n");
        let evalue = all[all.len().saturating_sub(end)..].join("\n");
        let report = Report::read(&raw, known.then_some("ValueError"), known.then_some(&evalue));
        prop_assert_eq!(lost(&raw, &report), None, "{:#?}", report);
        assert_whole(&report);
    }

    /// Whatever a message holds, the known one is found whole, with the frames before it and the notes after it.
    #[test]
    fn a_known_message_is_found(all in prop::collection::vec(line(), 1..12), notes in prop::collection::vec("[a-z ]{0,9}", 0..3)) {
        let evalue = format!("x{}", all.join("\n").replace('\x1b', "e"));
        let mut raw = format!("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nlab.Odd: {evalue}\n");
        for note in &notes {
            raw.push_str(note);
            raw.push('\n');
        }
        let report = Report::read(&raw, Some("Odd"), Some(&evalue));
        prop_assert_eq!(report.sections.len(), 1);
        prop_assert_eq!(&report.sections[0].name, "lab.Odd");
        prop_assert_eq!(report.sections[0].message.as_deref(), Some(evalue.as_str()));
        prop_assert_eq!(report.sections[0].entries.len(), 1);
        prop_assert_eq!(&report.sections[0].notes, &notes);
    }
}
