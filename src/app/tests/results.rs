//! Looking into a result: folding, searching, paths, plots, tables, and what is copied, saved and piped.

use super::*;
use crate::app::viewer::Viewer;

const RESULT: &str = r#"{"fit": {"t1_us": 41.70, "ok": true}, "delay_us": [1.0, 2.0, 4.0, NaN], "signal": [0.9, 5e-1, 0.1, 0.0],
    "runs": [{"q": "q10", "n": 10}, {"q": "caf\u00e9\n", "n": 9}], "map": [[1, 2], [3, 4]]}"#;

/// A task whose result is looked into.
fn looked_into(result: &str, size: (u16, u16)) -> Bench {
    let mut b = Bench::with(Settings::default(), size);
    let reply = format!(r#"{{"id": "r", "status": "ok", "result": {result}}}"#);
    b.runs(&job("r")).completed(&job("r"), &reply).keys("j v");
    b
}

impl Bench {
    #[track_caller]
    fn viewer(&self) -> &Viewer {
        match self.app.ui.layers.last() {
            Some(Layer::Result(viewer)) => viewer,
            other => panic!("no result, but {other:?}; notice: {}", self.notice()),
        }
    }

    fn path(&self) -> String {
        self.viewer().path().unwrap().to_string()
    }

    /// Lets the slices of work be done, as the loop does where no key comes.
    fn works(&mut self) -> &mut Bench {
        while self.app.ui.layers.last().is_some_and(Layer::is_busy) {
            assert_eq!(self.app.wake_at(self.now), Some(self.now.mono), "the loop would sleep");
            self.msg(Msg::Wake);
        }
        self
    }
}

#[test]
fn a_result_opens_folds_and_is_copied_as_it_came() {
    let mut b = looked_into(RESULT, (100, 30));
    assert_eq!((b.path(), b.viewer().len()), (".".to_owned(), 6));
    b.keys("j enter j");
    assert_eq!((b.path(), b.viewer().len()), ("fit.t1_us".to_owned(), 8));
    b.keys("y Y");
    assert_eq!(
        b.take(),
        [
            Effect::Copy { text: "41.70".into(), what: "the value".into() },
            Effect::Copy { text: "fit.t1_us".into(), what: "the path".into() },
        ]
    );
    b.keys("h");
    assert_eq!(b.path(), "fit");
    b.keys("h");
    assert_eq!((b.path(), b.viewer().len()), ("fit".to_owned(), 6));
    b.keys("g E");
    assert_eq!(b.viewer().len(), 28);
    b.keys("h");
    assert_eq!(b.viewer().len(), 1);
    b.keys("S");
    assert_eq!(b.take(), [Effect::Save { name: "MeasureT1-r.json".into(), text: RESULT.into() }]);
    b.keys("esc");
    assert_eq!(b.layers(), [""; 0]);
}

#[test]
fn a_search_finds_escaped_text_names_and_paths() {
    let mut b = looked_into(RESULT, (100, 30));
    b.keys("/").types("CAFÉ").keys("enter").works();
    assert_eq!(b.path(), "runs[1].q");
    b.keys("y c");
    assert_eq!(
        b.take(),
        [
            Effect::Copy { text: "café\n".into(), what: "the value".into() },
            Effect::Copy { text: r#""caf\u00e9\n""#.into(), what: "the value as JSON".into() },
        ]
    );
    b.keys("/ ctrl-a ctrl-k").types("key:n").keys("enter").works();
    assert_eq!(b.path(), "runs[1].n");
    b.keys("n").works();
    assert_eq!(b.path(), "signal", "round, and a part of a name is enough");
    b.keys("N").works();
    assert_eq!(b.path(), "runs[1].n");
    b.keys("/ ctrl-a ctrl-k").types(".map[-1][0]").keys("enter");
    assert_eq!(b.path(), "map[1][0]");
    b.keys("/ ctrl-a ctrl-k").types(".map[9]").keys("enter");
    assert_eq!((b.path(), b.notice()), ("map[1][0]".to_owned(), "map has 2 items"));
    b.keys("/ ctrl-a ctrl-k").types("nowhere").keys("enter").works();
    assert_eq!(b.notice(), "no match");
}

#[test]
fn keys_come_in_between_while_a_large_result_is_searched() {
    let large = format!("[{}\"end\"]", "\"0123456789\", ".repeat(1_000_000));
    let mut b = looked_into(&large, (100, 30));
    b.keys("/").types("end").keys("enter");
    assert!(b.viewer().is_busy());
    b.keys("j j");
    assert_eq!(b.viewer().cursor, 2);
    b.shows("searching");
    b.keys("esc");
    assert!(!b.viewer().is_busy());
    assert_eq!(b.notice(), "the search was stopped");
    b.keys("n").works();
    assert_eq!((b.viewer().cursor, b.path().as_str()), (1_000_001, "[1000000]"));
    b.shows("1000002 of 1000002").shows("999999: \"0123456789\"");
}

#[test]
fn an_array_of_numbers_is_summed_up_and_plotted() {
    let mut b = looked_into(RESULT, (100, 30));
    b.keys("p");
    assert!(b.notice().starts_with("only arrays of numbers"), "{}", b.notice());
    b.keys("j j p").works();
    b.shows("count 4   min 1.0   max 4.0   mean 2.33333   NaN 1").shows("delay [µs]").shows("line");
    b.keys("p").works().shows("histogram").shows("count");
    b.keys("esc j p").works();
    b.shows("number");
    b.keys("x");
    assert_eq!(b.notice(), "the other axis: delay_us");
    b.works().shows("delay [µs]").shows("signal");
    b.keys("L").works().shows("0.2");
    b.keys("x");
    assert_eq!(b.notice(), "the other axis: number");
    b.keys("esc G p").works();
    b.shows("2 rows of 2").shows("column");
    b.keys("esc esc");
    assert_eq!(b.layers(), [""; 0]);
}

#[test]
fn records_are_a_table_that_leads_back_to_the_tree() {
    let mut b = looked_into(RESULT, (100, 30));
    b.keys("t");
    assert!(b.notice().starts_with("only lists of objects"), "{}", b.notice());
    b.keys("j j j j t").works();
    b.shows("2 records").shows("\"q10\"");
    b.keys("l o");
    b.shows("n↑").shows("runs[1].n");
    b.keys("y Y");
    assert_eq!(
        b.take(),
        [
            Effect::Copy { text: "9".into(), what: "the cell".into() },
            Effect::Copy { text: "runs[1].n".into(), what: "the path".into() },
        ]
    );
    b.keys("o").shows("n↓").keys("o o G enter");
    assert_eq!(b.path(), "runs[0]");
    b.shows("n: 10");
}

#[test]
fn a_value_goes_to_a_command_or_to_the_pager() {
    let mut b = looked_into(RESULT, (100, 30));
    b.keys("j |").types("jq .t1_us").keys("enter");
    let text = r#"{"t1_us": 41.70, "ok": true}"#.to_owned();
    assert_eq!(b.take(), [Effect::Pipe { command: Some("jq .t1_us".into()), text: text.clone() }]);
    // The terminal is the command's.
    b.keys("j");
    assert_eq!(b.path(), "fit");
    b.msg(Msg::EditorClosed(msg::Edited::File(Ok(()))));
    b.keys("P");
    assert_eq!(b.take(), [Effect::Pipe { command: None, text }]);
    b.msg(Msg::EditorClosed(msg::Edited::File(Err("less ended with exit code 1".into()))));
    assert_eq!(b.notice(), "less ended with exit code 1");
    b.keys("| ctrl-a ctrl-k enter");
    assert!(b.take().is_empty());
}

#[test]
fn what_is_nested_too_deep_is_shown_as_text() {
    let mut b = looked_into(&case("json_deep_100000.json"), (100, 30));
    b.shows("nested deeper than 10000 levels").keys("G Y");
    assert_eq!(b.notice(), "a raw text has no paths");
    b.keys("/").types("]").keys("enter").works().keys("p t E space h l S");
    let [Effect::Save { name, text }] = &b.take()[..] else { panic!("{:?}", b.effects) };
    assert_eq!((name.as_str(), text.len()), ("MeasureT1-r.txt", 200_000));
}

/// A45: of more rows than 16 bits count.
#[test]
fn seventy_thousand_members_end_at_the_last_one() {
    let array = (0..70_000).map(|n| n.to_string()).collect::<Vec<_>>();
    let object = (0..70_000).map(|n| format!("\"k{n}\": {n}")).collect::<Vec<_>>();
    for (result, row) in [
        (format!("[{}]", array.join(", ")), (|n| format!("{n}: {n}")) as fn(usize) -> String),
        (format!("{{{}}}", object.join(", ")), |n| format!("k{n}: {n}")),
    ] {
        for size in [(100, 30), (40, 12)] {
            let mut b = looked_into(&result, size);
            b.keys("G").shows("70001 of 70001");
            assert_eq!(b.viewer().cursor, 70_000);
            let ends = |b: &Bench, n: usize| {
                b.lines().iter().filter(|line| line.trim_end().ends_with(&format!(" {}", row(n)))).count()
            };
            assert_eq!(ends(&b, 69_999), 1, "{:#?}", b.lines());
            let page = (1..100).take_while(|back| ends(&b, 69_999 - back) == 1).count();
            assert!(page >= 4, "what is before it fills the page: {:#?}", b.lines());
            b.keys("pageup");
            let cursor = b.viewer().cursor;
            assert!((69_900..70_000).contains(&cursor), "{cursor}");
            b.shows(&format!("{} of 70001", cursor + 1));
            for n in cursor - 1..cursor + 3 {
                assert_eq!(ends(&b, n), 1, "{n}: {:#?}", b.lines());
            }
        }
    }
}
