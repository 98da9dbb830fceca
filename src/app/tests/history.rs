//! The history on the screen. The test plays the thread that finds: what it answers with went through the same search.

use std::sync::Arc;

use super::*;
use crate::store::{
    Past, Task,
    past::query::{self, Column, Found, Line, Query},
};

/// What earlier runs have left.
fn past() -> Vec<(Past, Task)> {
    let mut b = Bench::new();
    let job = |id: &str, kind: &str, payload: &str| Job {
        kind: kind.into(),
        name: format!("{kind}: {id}"),
        payload: payload.into(),
        ..job(id)
    };
    b.ran(&job("old-1", "MeasureT1", r#"{"qubit": "q1"}"#)).later(60.0);
    let fails = job("old-2", "Calibrate", r#"{"qubit": "q2", "token": "**********"}"#);
    b.runs(&fails).later(5.0).completed(&fails, &error("old-2", "KeyError", "'q2'", "Traceback")).later(60.0);
    b.ran(&Job { hidden: true, ..job("old-3", "Ping", "{}") });
    b.app.store().tasks().map(|task| (Past::of(task), task.clone())).collect()
}

fn asked(b: &mut Bench) -> Option<Query> {
    let effects = b.take();
    effects.into_iter().rev().find_map(|effect| match effect {
        Effect::FindPast(query) => Some(*query),
        _ => None,
    })
}

/// Answers the newest question.
#[track_caller]
fn answer(b: &mut Bench) -> Found {
    let query = asked(b).expect("a question");
    let past = past();
    let lines: Vec<Line> = past.iter().zip(1..).map(|((line, _), n)| (n, Arc::new(line.clone()))).collect();
    let payload = |row: i64| past[row as usize - 1].1.payload.clone();
    let found = query::answer(&lines, &query, payload, || false).unwrap();
    let found = Found { id: query.id, lines: found, total: lines.len(), gone: 0, until: None };
    b.msg(Msg::Found(found.clone()));
    found
}

fn names(found: &Found) -> Vec<&str> {
    found.lines.iter().map(|(_, past)| &*past.name).collect()
}

fn opened() -> Bench {
    let mut b = Bench::new();
    b.at(1_000.0).keys("h").shows("being read");
    answer(&mut b);
    b
}

#[test]
fn it_lists_what_earlier_runs_have_left_and_leaves_hidden_ones_out() {
    let mut b = opened();
    b.shows("History").shows("2 of 3").shows("Calibrate: old-2").shows("KeyError: 'q2'").shows_not("Ping");
    b.keys("H");
    assert_eq!(names(&answer(&mut b)), ["Ping: old-3", "Calibrate: old-2", "MeasureT1: old-1"]);
    b.shows("hidden too");
    b.keys("esc");
    assert!(b.take().contains(&Effect::ForgetPast), "nobody looks any more");
    assert_eq!(b.keys("j").take(), []);
}

#[test]
fn each_key_of_the_filter_asks_and_the_last_good_list_stays_while_it_is_wrong() {
    let mut b = opened();
    b.keys("/").types("payload.qubit:q2");
    assert_eq!(names(&answer(&mut b)), ["Calibrate: old-2"]);
    b.types(" outcome:x").shows("outcome: is ok, failed or cancelled").shows("Calibrate");
    b.keys("ctrl-u").types("t1");
    let first = asked(&mut b).unwrap();
    b.types("!");
    // An answer to what was asked before comes late: it is not shown.
    b.msg(Msg::Found(Found { id: first.id, ..Found::default() }));
    b.shows("Calibrate");
    answer(&mut b);
    b.keys("enter").keys("esc");
    assert_eq!(answer(&mut b).lines.len(), 2, "Esc shows all again");
    assert!(matches!(b.app.ui.layers.last(), Some(Layer::History(_))));
}

#[test]
fn it_is_sorted_by_any_column_and_the_selection_is_a_task_not_a_place() {
    let mut b = opened();
    b.keys("j");
    let selected = |b: &Bench| b.app.current_task().unwrap().to_string();
    assert_eq!(selected(&b), "old-1");
    for (keys, column, first) in [
        ("o", Column::Outcome, "Calibrate: old-2"),
        ("O", Column::Outcome, "MeasureT1: old-1"),
        ("o", Column::Service, "Calibrate: old-2"),
        ("o", Column::Name, "Calibrate: old-2"),
        ("o", Column::Took, "Calibrate: old-2"),
        ("o", Column::Error, "Calibrate: old-2"),
        ("o", Column::When, "Calibrate: old-2"),
    ] {
        b.keys(keys);
        let Some(Layer::History(history)) = b.app.ui.layers.last() else { panic!("no history") };
        assert_eq!(history.sort, column);
        assert_eq!(names(&answer(&mut b))[0], first, "{keys} {column:?}");
        assert_eq!(selected(&b), "old-1");
    }
    for title in ["MeasureT1 ", "sequential", "old-1 "] {
        b.keys("c").shows(title);
    }
}

#[test]
fn a_task_of_the_past_is_read_as_it_was_and_is_marked_as_such() {
    let mut b = opened();
    b.keys("enter");
    let effects = b.take();
    let Some(Effect::OpenPast(row)) = effects.first() else { panic!("{effects:?}") };
    let task = past()[*row as usize - 1].1.clone();
    b.msg(Msg::PastRead(Ok(Box::new(task))));
    b.shows("from the history").shows("KeyError").shows("q2");
    assert_eq!(b.app.store().counts(true).failed, 0, "it counts nowhere");
    b.keys("esc").shows("History");
    b.keys("enter").msg(Msg::PastRead(Err("it was let go".into()))).shows("not opened: it was let go");
}

#[test]
fn asterisks_in_place_of_a_secret_are_never_sent_as_one() {
    let mut b = opened();
    b.keys("enter");
    let task = past().into_iter().find(|(line, _)| &*line.key.0 == "old-2").unwrap().1;
    b.msg(Msg::PastRead(Ok(Box::new(task))));
    b.keys("r").shows("its secrets were not kept").shows_not("**********");
    let payload = b.composer().frame().payload;
    assert!(payload.contains(r#""token": """#), "{payload}");
}

#[test]
fn a_task_of_this_run_is_opened_as_it_is_now() {
    let mut b = Bench::new();
    b.at(1_000.0).ran(&job("new-1")).keys("h");
    let line = (7, Arc::new(Past::of(b.app.store().find("new-1").unwrap())));
    let id = asked(&mut b).unwrap().id;
    b.msg(Msg::Found(Found { id, lines: vec![line], total: 1, ..Found::default() }));
    b.keys("enter").shows_not("from the history");
    assert_eq!(&*b.reader().key.0, "new-1");
}

#[test]
fn tab_completes_names_and_their_words() {
    let mut b = opened();
    let typed = |b: &Bench| match b.app.ui.layers.last() {
        Some(Layer::Filter(line)) => line.text().to_owned(),
        other => panic!("{other:?}"),
    };
    for (text, completed) in [
        ("out", "outcome:"),
        ("-outcome:f", "-outcome:failed"),
        ("x state:running,wai", "x state:running,waiting"),
        ("service:fr", "service:fridge"),
        ("type:cal", "type:Calibrate"),
        ("t", "t"),
        ("nothing", "nothing"),
    ] {
        b.keys("/ ctrl-u").types(text).keys("tab");
        assert_eq!(typed(&b), completed, "{text}");
        b.keys("esc");
    }
    b.keys("/ ctrl-u").types("t").keys("tab").shows("took< took> type:");
}
