//! The history on the screen. The test plays the thread that finds: what it answers with went through the same search.

use std::{borrow::Cow, sync::Arc};

use super::*;
use crate::{
    app::{
        choices::Change,
        compare::{Comparison, Side},
    },
    store::{
        Past, Task,
        past::query::{self, Column, Found, Line, Order, Query},
    },
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
    let payload = |row: i64| past[row as usize - 1].1.payload.as_deref().map(Cow::Borrowed);
    let found = query::answer(&lines, &Order::of(&lines, &query), &query, payload, || false).unwrap();
    let found =
        Found { id: query.id, lines: found, total: lines.len(), left_out: 0, gone: 0, until: None, lost: 0 };
    b.msg(Msg::Found(found.clone()));
    found
}

fn names(found: &Found) -> Vec<&str> {
    found.lines.iter().map(|(_, past)| &*past.name).collect()
}

pub(super) fn opened() -> Bench {
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
        ("o", Column::Error, "Calibrate: old-2"),
        ("o", Column::Took, "Calibrate: old-2"),
        ("o", Column::When, "Calibrate: old-2"),
    ] {
        b.keys(keys);
        let Some(Layer::History(history)) = b.app.ui.layers.last() else { panic!("no history") };
        assert_eq!(history.sort, column);
        assert_eq!(names(&answer(&mut b))[0], first, "{keys} {column:?}");
        assert_eq!(selected(&b), "old-1");
    }
}

/// The lines of the table below its titles.
fn first_line(b: &Bench) -> String {
    b.lines().get(4).cloned().unwrap_or_default()
}

#[test]
fn the_columns_are_chosen_moved_and_kept() {
    let mut b = opened();
    b.keys("c").shows("[x] when").shows("[x] error").shows("[ ] lane");
    // The fifth is the error, the seventh the type.
    b.keys("j j j j space").shows("[ ] error").keys("j j space");
    let kept = |b: &mut Bench| {
        b.take().into_iter().rev().find_map(|effect| match effect {
            Effect::KeepChoice(Change::Columns(columns)) => Some(columns),
            _ => None,
        })
    };
    use Column::{Name, Outcome, Service, Took, Type, When};
    assert_eq!(kept(&mut b).unwrap(), [When, Outcome, Service, Name, Took, Type]);
    b.keys("K K K");
    assert_eq!(kept(&mut b).unwrap(), [When, Outcome, Service, Type, Name, Took]);
    b.keys("esc").shows_not("[x]");
    assert!(first_line(&b).contains("Calibrate Calibrate: old-2"), "{}", first_line(&b));
    // The columns stay for the next time, and the one that it is sorted by is always there.
    b.keys("c space esc");
    let Some(Layer::History(history)) = b.app.ui.layers.last() else { panic!("no history") };
    assert_eq!((history.sort, history.columns.contains(&When)), (Outcome, false));
    b.keys("esc h");
    let Some(Layer::History(history)) = b.app.ui.layers.last() else { panic!("no history") };
    assert_eq!(history.columns, [Outcome, Service, Type, Name, Took]);
    b.keys("c space j space j space j space j space").shows("one column has to stay").shows("[x] took");
}

#[test]
fn two_marked_tasks_are_compared_the_earlier_one_first() {
    let mut b = opened();
    b.keys("=").shows("mark a task with space first");
    b.keys("space").shows("1 marked").keys("j =");
    let Some(Effect::ComparePast(pair)) = b.take().pop() else { panic!("nothing is compared") };
    let past = past();
    let key = |row: i64| past[row as usize - 1].0.key.to_string();
    assert_eq!(pair.map(key), ["old-2", "old-1"]);
    b.shows("comparing");
    let side = |row: i64| {
        let (past, task) = past[row as usize - 1].clone();
        Side { past, task, masked: key(row) == "old-2" }
    };
    let comparison = Comparison::of(pair.map(side), crate::result::diff::PATIENT).unwrap();
    b.msg(Msg::Compared(Ok(Box::new(comparison))));
    b.shows("Compare").shows("1 ").shows("MeasureT1: old-1").shows("outcome").shows("failed");
    b.shows(r#"qubit    "q1"  "#).shows("secrets were masked").shows("not compared: the second failed");
    // The first row is a section's title; the selection begins at the first pair. It is shown whole below.
    b.shows("1 ok").keys("j").shows("1 none").shows("2 KeyError: 'q2'");
    b.keys("enter")
        .shows_not("Payload")
        .shows("1 none")
        .keys("k")
        .shows("2 failed")
        .keys("esc")
        .shows("Payload");
    b.keys("y");
    let Some(Effect::Copy { text, .. }) = b.take().pop() else { panic!("nothing is copied") };
    assert!(text.contains("outcome\tok\tfailed\n"), "{text}");
    assert!(text.contains("# Payload: 2 differences; secrets were masked"), "{text}");
    assert!(text.contains("qubit\t\"q1\"\t\"q2\"\n"), "{text}");
    b.keys("esc");
    assert!(matches!(b.app.ui.layers.last(), Some(Layer::History(_))));
    // A third mark takes the place of the oldest.
    b.keys("H");
    answer(&mut b);
    b.keys("g space j j space");
    let Some(Layer::History(history)) = b.app.ui.layers.last() else { panic!("no history") };
    assert_eq!(history.marked.iter().map(|row| key(*row)).collect::<Vec<_>>(), ["old-3", "old-1"]);
    // Nobody waits for an answer any more.
    b.keys("= esc");
    b.msg(Msg::Compared(Err("gone".into())));
    b.shows_not("not compared");
}

#[test]
fn a_filter_is_saved_under_a_name_and_used_by_it() {
    let mut b = opened();
    b.keys("/").types("outcome:x").keys("ctrl-s").shows("outcome: is ok").shows_not("save filter as");
    b.keys("ctrl-u").types("outcome:failed -ping").keys("ctrl-s").shows("save filter as @");
    b.types("a b").keys("enter").shows("letters, digits");
    b.keys("ctrl-u").types("bad").keys("enter").shows("saved: @bad");
    let kept = Change::Filter("bad".into(), Some("outcome:failed -ping".into()));
    assert!(b.take().contains(&Effect::KeepChoice(kept)));
    // The line is where it was.
    b.keys("ctrl-u").types("@b").keys("tab");
    assert_eq!(names(&answer(&mut b)), ["Calibrate: old-2"]);
    b.keys("ctrl-u").types("-@bad");
    assert_eq!(names(&answer(&mut b)), ["MeasureT1: old-1"]);
    b.keys("ctrl-u").types("@good").shows("no filter is saved as @good: there are @bad");
    b.keys("ctrl-u").types("@bad t1").keys("ctrl-s").types("bad").shows("instead of outcome:failed -ping");
    b.keys("enter").shows("@bad would stand in itself");
    b.keys("esc ctrl-u ctrl-s").types("bad").keys("enter").shows("@bad is forgotten");
    b.types("@bad").shows("none is saved yet");
    // The lanes know it too.
    b.keys("esc esc esc /").types("@bad").shows("none is saved yet");
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
