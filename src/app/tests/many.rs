//! Many at once: from the composer's field to a group in the lanes, and cancelling it as one.

use super::*;
use crate::app::session::WINDOW;

/// The form of `SleepAsync`, whose only field is a duration, which is to run through values.
pub(super) fn opened() -> Bench {
    let mut b = Bench::new();
    b.keys("s").types("SleepAsync").keys("enter alt-s");
    assert_eq!(b.layers(), ["form"], "{}", b.notice());
    b
}

/// A group of that many tasks, confirmed.
pub(super) fn sending(count: usize) -> Bench {
    let mut b = opened();
    b.types(&format!("1..{count}")).later(1.0).keys("ctrl-s");
    if count > 10 {
        b.later(1.0).keys("y");
    }
    assert_eq!(b.layers(), [""; 0], "{}", b.notice());
    b
}

/// Open `ScheduleTask`s: id and name inside.
pub(super) fn carried(b: &Bench) -> Vec<(String, String)> {
    let carriers = b.sent().into_iter().filter(|out| field(&out.text, "type") == "ScheduleTask");
    carriers
        .map(|out| {
            let payload = json::get(&out.text, "payload").unwrap();
            let name = json::string(json::get(payload, "task_display_name").unwrap()).unwrap().into_owned();
            (out.id.to_string(), name)
        })
        .collect()
}

pub(super) fn accept(b: &mut Bench, id: &str, name: &str, number: usize) {
    let snapshot = format!(
        r#"{{"scheduled_task_id": "s{number}", "task_id": null, "target": "fridge", "task_type": "SleepAsync",
            "display_name": {}, "status": "queued", "submitted_at": "2026-11-24T21:00:00Z", "eligible": true}}"#,
        json::quote(name)
    );
    b.reply(&format!(r#"{{"id": "{id}", "status": "ok", "result": {snapshot}}}"#));
}

/// Lets the scheduler take everything; gives the names in their order and the most requests that were open at a time.
pub(super) fn accept_all(b: &mut Bench) -> (Vec<String>, usize) {
    let (mut names, mut most) = (Vec::new(), 0);
    let mut open = carried(b);
    b.take();
    while !open.is_empty() {
        most = most.max(open.len());
        let (id, name) = open.remove(0);
        names.push(name.clone());
        accept(b, &id, &name, names.len());
        open.extend(carried(b));
        b.take();
    }
    (names, most)
}

fn member(at: usize, of: usize) -> Job {
    let name = format!("SleepAsync: duration={at}.0 [SleepAsync over duration {at}/{of} #{}]", "tag");
    Job { kind: "SleepAsync".into(), name, ..job(&format!("t{at}")) }
}

/// Member `at` of the group, as the scheduler names it.
fn named(names: &[String], at: usize) -> Job {
    Job { name: names[at - 1].clone(), ..member(at, names.len()) }
}

/// The member runs and ends with that reply.
pub(super) fn ends(b: &mut Bench, names: &[String], at: usize, reply: &str) {
    let job = named(names, at);
    let (sid, id) = (format!("s{at}"), job.id.clone());
    b.scheduled(&sid, Some(&id), &job, "running");
    b.runs(&job).later(1.0).completed(&job, reply);
    let status = if reply.contains("error") { "failed" } else { "done" };
    b.scheduled(&sid, Some(&id), &job, status);
}

#[test]
fn values_are_counted_while_they_are_typed_and_enter_sends_nothing() {
    let mut b = opened();
    b.shows("one value: 1.0")
        .keys("ctrl-u")
        .shows("centre±span:count")
        .types("0:1:5")
        .keys("enter enter enter");
    assert!(b.sent().is_empty());
    b.shows("5 tasks, at least 5 s")
        .shows("duration=0 … duration=1")
        .shows("5 values: 0, 0.25, 0.5, 0.75, 1");
    b.shows("SleepAsync over duration").shows(", scheduled");
    b.keys("f2");
    assert!(b.notice().contains("go through the scheduler"), "{}", b.notice());
    // The draft keeps it.
    b.keys("esc s").types("SleepAsync").keys("enter").shows("5 tasks");
    // As JSON it is one task; back in the form the sweep is there.
    b.keys("f5");
    assert!(b.notice().contains("as JSON it is one task"), "{}", b.notice());
    b.keys("f5").shows("5 tasks");
    b.keys("ctrl-u").types("1:2").keys("ctrl-s");
    assert!(b.notice().contains("the count is missing"), "{}", b.notice());
    assert!(b.sent().is_empty());
    b.keys("ctrl-u").types("1, x").shows("`x` is not a number").keys("ctrl-s");
    assert!(b.sent().is_empty());
    // Once more takes it away; undo brings it back.
    b.keys("alt-s");
    assert_eq!(b.composer().tasks(), 1);
    b.keys("ctrl-_");
    assert!(b.composer().has_sweeps());
}

#[test]
fn a_draft_left_as_json_has_its_sweep_when_it_is_a_form_again() {
    let mut b = opened();
    b.types("0:1:5").keys("f5");
    assert!(b.composer().form().is_none());
    b.keys("esc s").types("SleepAsync").keys("enter");
    assert!(b.composer().form().is_none() && b.composer().has_sweeps());
    b.keys("f5").shows("5 tasks");
    // Also where the JSON is not whole yet.
    b.keys("f5").types("x").keys("esc s").types("SleepAsync").keys("enter");
    assert!(b.composer().text().contains("1.0x"), "{}", b.composer().text());
    b.keys("down end backspace f5").shows("5 tasks");
}

#[test]
fn a_text_of_several_lines_takes_its_values_on_one_and_has_its_lines_again() {
    let mut b = Bench::new();
    let file = r#"{"services": {"fridge": {"kind": "plain", "tasks": {"m:Cells": "S"}}}, "tasks": [{"type": "Cells",
        "module": "m", "schema": {"type": "object", "title": "Cells", "required": ["raw_code"],
        "properties": {"raw_code": {"type": "string"}}}}]}"#;
    assert_eq!(b.app.catalogue.add_file("types.json", file), []);
    b.keys("s").types("Cells").keys("enter alt-s").types("1+1, 1/0").shows("2 tasks");
    assert!(b.composer().form().is_some_and(|form| !form.in_text()));
    let first = b.composer().batch().unwrap().unwrap().payload(0);
    assert_eq!(first, r#"{"raw_code": "1+1"}"#);
    b.keys("alt-s");
    assert!(b.composer().form().is_some_and(crate::app::form::FormPane::in_text));
    b.types("x = 2").keys("alt-s").types("a, b").keys("alt-s");
    assert_eq!(b.composer().text(), r#"{"raw_code": "x = 2"}"#, "the one value is kept");
}

#[test]
fn a_choice_that_runs_through_values_is_typed_and_nothing_says_choose() {
    let mut b = Bench::new();
    let file = r#"{"services": {"fridge": {"kind": "plain", "tasks": {"m:Scan": "S"}}}, "tasks": [{"type": "Scan",
        "module": "m", "schema": {"type": "object", "title": "Scan", "properties": {
        "mode": {"enum": ["fast", "slow", "exact"], "default": "fast"}, "note": {"type": "string"}}}}]}"#;
    assert_eq!(b.app.catalogue.add_file("types.json", file), []);
    b.keys("s").types("Scan").keys("enter").shows("Enter lists them");
    assert_eq!(b.composer().form().unwrap().enter_word(), "choose");
    b.keys("alt-s").types("fast, slow").shows("2 tasks").shows_not("Enter lists them");
    assert_eq!(b.composer().form().unwrap().enter_word(), "next");
    b.keys("enter");
    assert_eq!(
        (b.layers(), b.composer().form().unwrap().focused().unwrap().name.as_str()),
        (vec!["form"], "note")
    );
}

#[test]
fn the_groups_screen_says_name_and_way_and_changes_them() {
    let mut b = opened();
    b.types("0:1:5").keys("alt-m");
    assert_eq!(b.layers(), ["form", "many at once"]);
    b.shows("A group of 5 tasks").shows("5 tasks, at least 5 s").shows("first  duration=0");
    b.keys("ctrl-u").types("T1 tonight").keys("down down space enter");
    assert_eq!((b.layers(), b.sent().len()), (vec!["form"], 0));
    b.shows("T1 tonight").shows("the first one alone before the rest");
    b.keys("ctrl-s");
    assert_eq!(carried(&b).len(), 1);
    assert!(carried(&b)[0].1.contains("[T1 tonight 1/5 #"), "{}", carried(&b)[0].1);
    // Without a sweep there is no group.
    let mut b = Bench::new();
    b.keys("s").types("SleepAsync").keys("enter alt-m");
    assert!(b.notice().contains("alt-s"), "{}", b.notice());
    // A sweep of one value is one task, and goes as any other.
    b.keys("alt-s").types("2").keys("ctrl-s");
    assert!(!b.sent_types().is_empty() && carried(&b).iter().all(|(_, name)| !name.contains('#')));
}

#[test]
fn a_group_goes_out_a_few_at_a_time_and_is_one_line() {
    let mut b = opened();
    b.types("1..20").keys("ctrl-s");
    b.shows("Send 20 × SleepAsync to fridge?")
        .shows("duration = 1, 2 … 20 (20 values)")
        .shows("through the scheduler");
    b.later(1.0).key("enter");
    assert!(b.sent().is_empty(), "the focus is on no");
    b.keys("ctrl-s").later(1.0).keys("y");
    assert_eq!(carried(&b).len(), WINDOW);
    b.shows("SleepAsync over duration").shows("16 to send").shows("0/20");
    let (names, most) = accept_all(&mut b);
    assert_eq!((names.len(), most), (20, WINDOW));
    assert!(
        names[6].starts_with("SleepAsync: duration=7.0 [SleepAsync over duration 7/20 #"),
        "{}",
        names[6]
    );
    assert!(b.notice().contains("the scheduler has all 20"), "{}", b.notice());
    assert_eq!(b.app.store().counts(false).waiting, 20, "the header counts tasks");
    ends(&mut b, &names, 1, &ok("t1"));
    ends(&mut b, &names, 2, &error("t2", "BenchError", "diverged", ""));
    b.shows("1 failed").shows("2/20");
    let about = b
        .lines()
        .iter()
        .filter(|line| line.contains("SleepAsync") && !line.contains("the scheduler"))
        .count();
    assert_eq!(about, 1, "{}", b.lines().join("\n"));
    b.key("enter").shows("BenchError: diverged").shows("duration=20.0");
    assert!(!b.lines().join("\n").contains("#"), "members stand without their mark");
    b.key("space");
    assert!(!b.lines().join("\n").contains("BenchError"));
}

#[test]
fn an_ended_group_stays_one_line_with_its_counts() {
    let mut b = sending(3);
    let (names, _) = accept_all(&mut b);
    for at in 1..=3 {
        let reply = if at == 2 { error("t2", "E", "x", "") } else { ok(&format!("t{at}")) };
        ends(&mut b, &names, at, &reply);
    }
    b.shows("2 ok").shows("1 failed").shows("ended");
    let rows = b.app.rows().iter().filter(|row| matches!(row, crate::app::lanes::Row::Group { .. })).count();
    assert_eq!(rows, 1);
    assert!(
        !b.app.rows().iter().any(|row| matches!(row, crate::app::lanes::Row::Task { .. })),
        "no member beside it"
    );
}

#[test]
fn the_first_one_alone_lets_the_rest_go_only_when_it_ended_ok() {
    let first = |reply: &str| {
        let mut b = opened();
        b.types("1..5").keys("alt-m down down space").keys("ctrl-s");
        assert_eq!(carried(&b).len(), 1);
        let (id, name) = carried(&b).remove(0);
        b.take();
        accept(&mut b, &id, &name, 1);
        b.shows("the first one alone");
        assert!(carried(&b).is_empty());
        ends(&mut b, &[name], 1, reply);
        b
    };
    let b = first(&ok("t1"));
    assert_eq!(carried(&b).len(), 4);
    let mut b = first(&error("t1", "BenchError", "no", ""));
    assert!(carried(&b).is_empty());
    assert!(b.notice().contains("the first one failed: BenchError; 4 are not sent"), "{}", b.notice());
    b.shows("stopped, 4 not sent").keys("p");
    assert_eq!(carried(&b).len(), 4, "the person may let it go on all the same");
}

#[test]
fn a_lost_link_stops_the_rest_and_what_may_have_arrived_is_never_sent_again() {
    let mut b = sending(20);
    let open = carried(&b);
    b.take();
    let (id, name) = &open[0];
    accept(&mut b, id, name, 1);
    let went: usize = 1 + WINDOW;
    b.disconnect();
    b.take();
    assert!(b.notice().contains("the link was lost; 15 are not sent"), "{}", b.notice());
    b.later(5.0).connect();
    b.answer("GetScheduledTasks", "[]");
    assert!(carried(&b).is_empty(), "nothing goes on by itself");
    b.take();
    b.keys("p");
    let (names, _) = accept_all(&mut b);
    assert_eq!(names.len(), 20 - went);
    let places: Vec<&str> = names.iter().map(|n| n.rsplit(' ').nth(1).unwrap()).collect();
    assert_eq!(places[0], "6/20");
    assert!(b.notice().contains("4 may have reached it"), "{}", b.notice());
}

#[test]
fn a_group_is_cancelled_as_one_by_the_ids_at_the_asking() {
    let mut b = sending(20);
    let (names, _) = accept_all(&mut b);
    ends(&mut b, &names, 1, &ok("t1"));
    let running = named(&names, 2);
    b.scheduled("s2", Some("t2"), &running, "running").runs(&running);
    b.key("x");
    b.shows("Cancel 18 tasks of SleepAsync over duration?")
        .shows("18 wait")
        .shows("goes on: Juice does not stop it");
    // Another one starts while the question stands.
    let late = named(&names, 3);
    b.later(1.0).scheduled("s3", Some("t3"), &late, "running").runs(&late);
    b.later(1.0).keys("y");
    let mut cancelled = Vec::new();
    let mut most = 0;
    loop {
        let open: Vec<(String, String, String)> = b
            .sent()
            .iter()
            .map(|out| {
                let payload = json::get(&out.text, "payload").unwrap();
                let id = json::string(json::get(payload, "scheduled_task_id").unwrap()).unwrap().into_owned();
                (field(&out.text, "type"), out.id.to_string(), id)
            })
            .collect();
        b.take();
        if open.is_empty() {
            break;
        }
        most = most.max(open.len());
        for (kind, id, sid) in open {
            if kind == "CancelScheduledTask" {
                cancelled.push(sid);
                b.reply(&format!(r#"{{"id": "{id}", "status": "ok", "result": true}}"#));
            } else {
                let task_id = if sid == "s3" { r#""t3""# } else { "null" };
                b.reply(&format!(
                    r#"{{"id": "{id}", "status": "ok", "result": {{"scheduled_task_id": "{sid}", "task_id": {task_id},
                        "target": "fridge", "status": "cancelled"}}}}"#
                ));
            }
        }
    }
    assert_eq!(cancelled.len(), 18);
    assert!(!cancelled.contains(&"s2".to_owned()) && !cancelled.contains(&"s1".to_owned()));
    assert!(most <= WINDOW, "{most}");
    assert!(b.notice().contains("17 cancelled, 1 had started and run on"), "{}", b.notice());
    b.shows("18/20");
}

#[test]
fn cancelling_while_it_is_sent_drops_the_rest() {
    let mut b = sending(20);
    let open = carried(&b);
    b.take();
    accept(&mut b, &open[0].0, &open[0].1, 1);
    b.take();
    b.key("x").shows("15 are not sent yet and will not be").later(1.0).keys("y");
    assert_eq!(b.sent_types(), ["CancelScheduledTask"]);
    b.take();
    for (id, name) in &open[1..] {
        accept(&mut b, id, name, 9);
    }
    assert!(carried(&b).is_empty());
}

#[test]
fn hardware_read_only_and_what_the_list_cannot_bear_are_refused_or_asked() {
    let mut b = Bench::new();
    let file = r#"{"services": {"fridge": {"kind": "plain", "tasks": {"m:SetHeaterPower": "S"}}}, "tasks": [{
        "type": "SetHeaterPower", "module": "m", "schema": {"type": "object", "title": "SetHeaterPower",
        "required": ["component_id", "power"], "properties": {"component_id": {"type": "string"},
        "power": {"type": "number", "minimum": 0}}}}]}"#;
    assert_eq!(b.app.catalogue.add_file("types.json", file), []);
    b.keys("s").types("SetHeaterPower").keys("enter");
    b.types("still").keys("down alt-s").types("0.1..0.6 by 0.1");
    b.later(1.0).keys("ctrl-s");
    assert!(b.confirm().sure, "{}", b.lines().join("\n"));
    // Each value once.
    b.shows("6 times, with these values").shows("  power = 0.1, 0.2, 0.3, 0.4, 0.5, 0.6");
    b.shows_not("  power = 0.1 ").shows("  component_id = \"still\"").later(1.0).keys("y");
    assert!(b.sent().is_empty());
    b.later(1.0).keys("Y");
    assert!(!carried(&b).is_empty());

    let mut b = opened();
    b.types("1..20");
    b.app.settings.read_only = true;
    b.keys("ctrl-s");
    assert!(b.notice().contains("read-only"), "{}", b.notice());

    let mut b = Bench::new();
    let big = Job { kind: "SleepAsync".into(), name: "SleepAsync: duration=1.0".into(), ..job("big") };
    let reply = format!(r#"{{"id": "big", "status": "ok", "result": "{}"}}"#, "x".repeat(100_000));
    b.runs(&big).completed(&big, &reply);
    b.keys("s").types("SleepAsync").keys("enter ctrl-home alt-s").types("1..600");
    b.shows("50 MiB").keys("ctrl-s");
    assert!(b.notice().starts_with("not sent: its results (60.0 MB)"), "{}", b.notice());
    assert!(b.sent().is_empty());
}

#[test]
fn leaving_while_a_group_is_sent_tells_what_would_never_be_sent() {
    let mut b = sending(20);
    b.key("q").shows("16 of 20 tasks of SleepAsync over duration are not sent yet and never would be");
}

#[test]
fn five_hundred_members_are_one_row_and_quick() {
    let mut b = sending(500);
    let (names, most) = accept_all(&mut b);
    assert_eq!((names.len(), most), (500, WINDOW));
    let rows = b.app.rows().len();
    assert!(rows < 20, "{rows}");
    for at in 1..=300 {
        ends(&mut b, &names, at, &ok(&format!("t{at}")));
    }
    b.shows("300/500");
    b.key("enter");
    assert!(b.app.rows().len() > 500);
    b.key("/").types("group:over outcome:ok");
    b.shows("300 pass");
}

#[test]
fn a_link_that_is_lost_while_the_last_ones_are_open_leaves_them_in_doubt() {
    let mut b = sending(3);
    assert_eq!(carried(&b).len(), 3);
    b.disconnect();
    assert!(b.notice().contains("3 may have reached it"), "{}", b.notice());
    assert!(!b.notice().contains("lets it go on"), "{}", b.notice());
    assert!(b.app.session.sending().is_empty(), "nothing is left to be let go on");
}

#[test]
fn several_cannot_replace_one() {
    let mut b = opened();
    let Some(Layer::Compose(compose)) = b.app.ui.layers.last_mut() else { panic!("no composer") };
    compose.replaces = Some(TaskKey("s".into()));
    b.types("1..3").later(1.0).keys("ctrl-s");
    assert!(b.sent().is_empty() && b.notice().contains("several cannot"), "{}", b.notice());
}
