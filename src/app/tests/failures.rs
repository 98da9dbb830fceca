//! Failures together: what is one kind, how often, and the way to each task.

use super::*;
use crate::app::failures::{Failures, Row};

fn traceback(file: &str, line: usize) -> String {
    format!(
        "Traceback (most recent call last):\n  File \"/lab/{file}\", line {line}, in tune\n    f()\n  File \"/env/lib/python3.11/site-packages/numpy/x.py\", line 9, in f\n    g()\nKeyError: 'amp'\n"
    )
}

/// Fails at that second.
fn fails(b: &mut Bench, at: f64, id: &str, service: &str, error_name: &str, traceback: &str) {
    let job = Job { service: service.into(), ..job(id) };
    b.at(at).runs(&job).completed(&job, &error(id, error_name, "'amp'", traceback));
}

fn failures(b: &Bench) -> &Failures {
    let found = b.app.ui.layers.iter().find_map(|layer| match layer {
        Layer::Failures(failures) => Some(&**failures),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{:?}", b.layers()))
}

/// The kinds: how many, what, where.
fn kinds(b: &Bench) -> Vec<(usize, String, String)> {
    let of = |c: &crate::app::failures::Cluster| (c.tasks.len(), c.kind.error.clone(), c.kind.place.clone());
    failures(b).clusters.iter().map(of).collect()
}

fn some() -> Bench {
    let mut b = Bench::new();
    for (at, id) in [(10.0, "a"), (20.0, "b"), (400.0, "c")] {
        fails(&mut b, at, id, "lab", "KeyError", &traceback("fit.py", 22));
    }
    fails(&mut b, 500.0, "d", "fridge", "KeyError", &traceback("fit.py", 22));
    fails(&mut b, 600.0, "e", "lab", "KeyError", &traceback("fit.py", 23));
    fails(&mut b, 700.0, "f", "lab", "OSError", "");
    b.ran(&job("fine")).keys("F");
    b
}

fn kind(count: usize, error: &str, place: &str) -> (usize, String, String) {
    (count, error.to_owned(), place.to_owned())
}

#[test]
fn kinds_are_told_apart_by_exception_own_entry_and_service() {
    let mut b = some();
    let late = [
        kind(1, "OSError", ""),
        kind(1, "KeyError", "fit.py:23"),
        kind(1, "KeyError", "fit.py:22"),
        kind(3, "KeyError", "fit.py:22"),
    ];
    assert_eq!(kinds(&b), late);
    let most = &failures(&b).clusters[3];
    assert_eq!((&*most.kind.service, most.message.as_str()), ("lab", "'amp'"));
    assert_eq!((most.last - most.first).num_seconds(), 390);
    assert_eq!(most.parts.iter().sum::<u32>(), 3);
    assert_eq!(most.parts[0], 2, "{:?}", most.parts);
    b.keys("o");
    assert_eq!(kinds(&b)[0], kind(3, "KeyError", "fit.py:22"), "the most frequent first");
}

#[test]
fn enter_lists_the_tasks_of_a_kind_and_opens_one() {
    let mut b = some();
    b.keys("G enter");
    let rows = failures(&b).rows.clone();
    let listed: Vec<&str> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Task(key) => Some(&*key.0),
            _ => None,
        })
        .collect();
    assert_eq!(listed, ["c", "b", "a"], "the newest first");
    b.keys("j j enter");
    assert_eq!((b.layers(), &*b.reader().key.0), (vec!["failures", "task"], "b"));
    b.keys("esc");
    assert_eq!(failures(&b).task().map(|key| &*key.0), Some("b"), "back where it was");
    // On a task the fold key folds its kind.
    b.keys("space");
    assert!(!failures(&b).rows.iter().any(|row| matches!(row, Row::Task(_))));
    assert!(failures(&b).task().is_none());
    b.keys("y");
    let [Effect::Copy { text, .. }] = &b.take()[..] else { panic!() };
    assert!(text.starts_with("3x KeyError: 'amp' at fit.py:22 on lab, 2026-"), "{text}");
    b.keys("esc");
    assert_eq!(b.layers(), [""; 0]);
}

#[test]
fn what_fails_meanwhile_is_counted_and_the_selection_stays() {
    let mut b = some();
    b.keys("j j j");
    let line = |b: &Bench| failures(b).selected_row().unwrap() - failures(b).first_row(26);
    let before = line(&b);
    fails(&mut b, 800.0, "g", "lab", "TypeError", &traceback("x.py", 1));
    fails(&mut b, 801.0, "h", "lab", "KeyError", &traceback("fit.py", 22));
    assert_eq!(failures(&b).cluster().unwrap().tasks.len(), 4);
    assert_eq!(failures(&b).clusters.len(), 5);
    assert_eq!(failures(&b).selected_row(), Some(0), "it is the latest now");
    assert!(line(&b) <= before);
    // The text of a traceback that was let go is not needed again.
    assert_eq!(kinds(&b)[0], kind(4, "KeyError", "fit.py:22"));
}

#[test]
fn nothing_failed_is_said_and_small_screens_hold_it() {
    let mut b = Bench::with(Settings::default(), (40, 12));
    b.keys("F");
    assert!(b.lines().join("\n").contains("Nothing has failed"), "{}", b.lines().join("\n"));
    b.keys("enter space o y G v");
    b.keys("esc");
    fails(&mut b, 10.0, "a", "lab", "KeyError", &traceback("fit.py", 22));
    b.keys("F");
    let text = b.lines().join("\n");
    for part in ["KeyError: 'amp'", "fit.py:22 on lab", "1 failed, 1 kind"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    for size in [(20, 5), (60, 8), (200, 50), (1, 1)] {
        b.msg(Msg::Resize(size.0, size.1));
        b.screen();
    }
}
