//! What cells print: whose it is, how it is shown, what is not told apart.

use super::*;
use crate::app::outputs::Told;

fn cell(id: &str, code: &str) -> Job {
    Job {
        service: "lab".into(),
        kind: "IPythonTask".into(),
        name: format!("IPythonTask: {id}"),
        payload: format!(r#"{{"code": {}, "run_async": false}}"#, json::quote(code)),
        ..job(id)
    }
}

fn says(b: &mut Bench, told: Told) -> &mut Bench {
    b.msg(Msg::Printed("lab".into(), told))
}

fn prints<'a>(b: &'a mut Bench, text: &str) -> &'a mut Bench {
    says(b, Told::Printed(text.to_owned()))
}

#[test]
fn what_a_cell_prints_stands_in_its_lane_and_in_its_detail() {
    let mut b = Bench::new();
    b.runs(&cell("a", "sweep()"));
    says(&mut b, Told::Begins("sweep()".into()));
    prints(&mut b, "cooling\r\nfit:   0%|          | 0/4");
    prints(&mut b, "\rfit:  50%|█████     | 2/4 [00:01<00:01]")
        .shows("IPythonTask: a")
        .shows("50% 2/4 [00:01<00:01]");
    b.shows_not("5000%")
        .go_to("lab")
        .keys("g j j enter")
        .shows("output")
        .shows("cooling")
        .shows("2/4 [00:01<00:01]");
    b.shows_not("0/4");
    // It stays with the task when it has ended, and what the client prints once more is not told.
    says(&mut b, Told::Ends);
    prints(&mut b, "cooling once more");
    b.completed(&cell("a", "sweep()"), &ok("a")).shows("cooling").shows_not("once more");
    // And when the next one has begun.
    b.runs(&cell("b", "other()"));
    says(&mut b, Told::Begins("other()".into()));
    prints(&mut b, "of the other").shows("cooling").shows_not("of the other");
}

#[test]
fn what_is_heard_before_or_after_its_task_is_its_all_the_same_and_nobody_elses() {
    let mut b = Bench::new();
    // The kernel is heard first.
    says(&mut b, Told::Begins("x".into()));
    prints(&mut b, "early");
    b.later(0.2).runs(&cell("a", "x")).later(0.2).msg(Msg::Wake).shows("early");
    // A task that has ended before its kernel was heard.
    b.ran(&cell("a", "x")).ran(&cell("fast", "y"));
    says(&mut b, Told::Begins("y".into()));
    prints(&mut b, "late");
    says(&mut b, Told::Ends).later(1.1).msg(Msg::Wake);
    let store = b.app.store();
    let printed =
        |id: &str| b.app.ui.outputs.of(store.find(id).unwrap()).and_then(|cell| cell.printed.last());
    assert_eq!(printed("fast").as_deref(), Some("late"));
    // A notebook's cell is no task's, nor is that of another service.
    let mut b = Bench::new();
    b.runs(&cell("a", "x"));
    says(&mut b, Told::Begins("typed in a notebook".into()));
    prints(&mut b, "private");
    b.msg(Msg::Printed("fridge".into(), Told::Begins("x".into())));
    b.msg(Msg::Printed("fridge".into(), Told::Printed("elsewhere".into())));
    b.shows_not("private").shows_not("elsewhere");
}

#[test]
fn a_cell_that_runs_twice_prints_for_each_by_itself() {
    let mut b = Bench::new();
    b.runs(&cell("first", "x"));
    says(&mut b, Told::Begins("x".into()));
    prints(&mut b, "of the first").later(0.2).msg(Msg::Wake);
    // The kernel is ahead of the bus, which has the first one as holder still.
    says(&mut b, Told::Ends);
    says(&mut b, Told::Begins("x".into()));
    prints(&mut b, "of the second").later(0.2).msg(Msg::Wake);
    b.completed(&cell("first", "x"), &ok("first")).later(0.2).msg(Msg::Wake);
    b.runs(&cell("second", "x")).later(0.2).msg(Msg::Wake);
    let store = b.app.store();
    let printed =
        |id: &str| b.app.ui.outputs.of(store.find(id).unwrap()).and_then(|cell| cell.printed.last());
    assert_eq!(printed("first").as_deref(), Some("of the first"));
    assert_eq!(printed("second").as_deref(), Some("of the second"));
}

#[test]
fn where_it_is_not_heard_the_detail_says_so() {
    let mut b = Bench::new();
    b.runs(&cell("a", "x")).go_to("lab").keys("g j j enter");
    b.shows("not heard: the address of its kernel is not known here");
    b.msg(Msg::Watched("lab".into(), Err("10.0.0.7:5555 does not answer".into())));
    b.shows("not heard: 10.0.0.7:5555 does not answer");
    // It is heard now, and nothing says what was printed before, and whose what comes is.
    b.later(60.0)
        .msg(Msg::Watched("lab".into(), Ok(())))
        .shows("not heard: its kernel is heard since")
        .shows("told from what others print there");
    let mut b = Bench::new();
    b.msg(Msg::Watched("lab".into(), Ok(()))).later(1.0);
    b.runs(&cell("a", "x")).go_to("lab").keys("g j j enter").shows("\"x\"").shows_not("not heard");
    // One that ran when the screen was opened.
    let mut b = Bench::new();
    b.msg(Msg::Watched("lab".into(), Ok(()))).later(1.0);
    let entry = r#"[{"scheduled_task_id": "s1", "task_id": "t1", "target": "lab", "task_type": "IPythonTask",
        "display_name": "IPythonTask: a", "status": "running", "run_at": null, "submitted_at": "2026-11-24T20:00:00Z",
        "result": null, "eligible": true, "overdue": false}]"#;
    b.disconnect().connect().answer("GetScheduledTasks", entry).go_to("lab").keys("g j j enter");
    b.shows("not heard: it ran already when it was first heard of");
}

#[test]
fn what_was_printed_before_its_kernel_was_lost_is_not_shown_as_if_it_were_new() {
    let mut b = Bench::new();
    b.msg(Msg::Watched("lab".into(), Ok(()))).runs(&cell("a", "x"));
    says(&mut b, Told::Begins("x".into()));
    prints(&mut b, "fit: 45% done").later(0.2).msg(Msg::Wake).shows("fit: 45% done").shows_not("not heard");
    b.msg(Msg::Watched("lab".into(), Err("10.0.0.7:5555 closed the connection".into())));
    b.shows("not heard since: fit: 45% done").go_to("lab").keys("g j j enter");
    b.shows("fit: 45% done").shows("not heard any more: 10.0.0.7:5555 closed the connection");
    // The kernel is heard again, and tells of the gap itself.
    b.later(9.0).msg(Msg::Watched("lab".into(), Ok(())));
    prints(&mut b, "\n[not heard from 22:00:04 to 22:00:09]\nfit: 60%")
        .shows("fit: 60%")
        .shows_not("any more");
    b.keys("esc").shows("fit: 60%").shows_not("not heard since");
}

/// Each prints as much as a cell may.
#[test]
fn of_many_that_print_much_the_newest_are_kept() {
    let mut b = Bench::new();
    let long = format!("{}\n", "x".repeat(250)).repeat(1_500);
    for n in 0..14 {
        let id = format!("c{n}");
        b.runs(&cell(&id, &id));
        says(&mut b, Told::Begins(id.as_str().into()));
        prints(&mut b, &long).later(0.2).msg(Msg::Wake);
        says(&mut b, Told::Ends);
        b.completed(&cell(&id, &id), &ok(&id)).later(0.2).msg(Msg::Wake);
    }
    let of = |n: usize| b.app.ui.outputs.of(b.app.store().find(&format!("c{n}")).unwrap());
    let first = (0..14).find(|&n| of(n).is_some()).unwrap();
    assert!((first..14).all(|n| of(n).is_some()), "the oldest go first");
    let ended: usize = (first..13).filter_map(of).map(|cell| cell.printed.bytes()).sum();
    assert!((6 << 20..=8 << 20).contains(&ended), "{ended} bytes from the {first}th on");
}
