//! The scheduler's tasks.

use super::*;
use crate::store::{table::ROW, tests::limits::check};

use ScheduledStatus::{Cancelled, Done, Failed, Queued, Running};

fn carried(id: &str, inner: &Job) -> Job {
    let payload = format!(
        r#"{{"scheduled_task_target": "fridge", "task_type": "MeasureT1", "task_metadata": {{"parallel": false, "show_in_dashboard": {}}}, "task_payload": {}, "task_display_name": "x", "run_at": null}}"#,
        !inner.hidden, inner.payload
    );
    Job {
        target: "task-manager".into(),
        kind: "ScheduleTask".into(),
        name: "ScheduleTask".into(),
        parallel: true,
        hidden: true,
        payload,
        ..job(id)
    }
}

fn taken(id: &str, scheduled: &str, run_at: &str) -> String {
    format!(
        r#"{{"id": "{id}", "status": "ok", "result": {{"scheduled_task_id": "{scheduled}", "task_id": null, "target": "fridge", "task_type": "MeasureT1", "display_name": "MeasureT1: qubit='t'", "status": "queued", "run_at": {run_at}, "submitted_at": "2026-11-24T21:00:00Z", "result": null, "eligible": false, "overdue": false}}}}"#
    )
}

#[test]
fn it_is_one_row_from_queue_to_end() {
    let mut bench = Bench::new();
    let inner = job("t");
    let carrier = carried("c", &inner);
    bench
        .at(1.0)
        .runs(&carrier)
        .scheduled("s", None, &inner, Queued)
        .completed(&carrier, &taken("c", "s", "null"));
    assert_eq!(bench.keys(), ["s"], "what carried it has no row");
    assert_eq!(bench.state("s"), State::Waiting);
    assert_eq!(bench.task("s").payload.as_deref(), Some(inner.payload.as_str()));
    assert_eq!(bench.task("s").submitted_at, Some(stamp("2026-11-24T21:00:00Z")));
    bench.at(2.0).scheduled("s", Some("t"), &inner, Running).runs(&inner);
    assert_eq!((bench.state("s"), bench.keys().len()), (RUNNING, 1));
    bench.at(5.0).completed(&inner, &ok("t")).scheduled("s", Some("t"), &inner, Done);
    assert_eq!((bench.end("s"), bench.end("t"), bench.keys()), (OK, OK, vec!["s".to_owned()]));
    assert_eq!(bench.task("s").duration(bench.now), Some((Duration::from_secs(3), true)));
    assert_eq!(bench.store.take_questions(), Vec::<Text>::new(), "everything was heard");
}

#[test]
fn a_scheduled_task_is_hidden_as_its_metadata_says() {
    let mut bench = Bench::new();
    let inner = Job { hidden: true, ..job("t") };
    let carrier = carried("c", &inner);
    bench.runs(&carrier).scheduled("s", None, &inner, Queued).completed(&carrier, &taken("c", "s", "null"));
    assert!(bench.task("s").hidden);
    assert_eq!((bench.store.counts(false).waiting, bench.store.counts(true).waiting), (0, 1));
}

#[test]
fn a_refused_schedule_task_is_a_hidden_row() {
    let mut bench = Bench::new();
    let carrier = carried("c", &job("t"));
    bench.runs(&carrier).completed(&carrier, &error("c", "ValidationError", "no"));
    assert_eq!((bench.end("c"), bench.task("c").hidden), (FAILED, true));
}

#[test]
fn its_time_comes_by_itself() {
    let mut bench = Bench::new();
    let inner = job("t");
    let carrier = carried("c", &inner);
    let later = format!("{:?}", Now::at(60.0).utc.to_rfc3339());
    bench
        .at(1.0)
        .runs(&carrier)
        .scheduled("s", None, &inner, Queued)
        .completed(&carrier, &taken("c", "s", &later));
    assert_eq!(bench.state("s"), State::Scheduled);
    assert_eq!(bench.store.wake_at(bench.now), Some(Duration::from_secs(60)));
    bench.sleep_until(59.0);
    assert_eq!(bench.state("s"), State::Scheduled);
    let revision = bench.store.revision();
    bench.sleep_until(61.0);
    assert_eq!(bench.state("s"), State::Waiting);
    assert!(bench.store.revision() > revision);
    assert_eq!(bench.store.wake_at(bench.now), None);
}

#[test]
fn two_rows_that_turn_out_to_be_one_are_merged() {
    let mut bench = Bench::new();
    let inner = job("t");
    // `running`, which tells the task's id, was lost.
    bench.at(1.0).scheduled("s", None, &inner, Queued);
    bench.at(2.0).runs(&inner);
    assert_eq!(bench.keys().len(), 2);
    bench.at(4.0).completed(&inner, &error("t", "E", "x"));
    bench.scheduled("s", Some("t"), &inner, Failed);
    assert_eq!(bench.keys(), ["s"]);
    assert_eq!((bench.end("t"), bench.end("s")), (FAILED, FAILED));
    let task = bench.store.task(&TaskKey("t".into())).unwrap();
    assert_eq!((&*task.key.0, task.payload.as_deref()), ("s", Some(inner.payload.as_str())));
    assert_eq!(task.duration(bench.now), Some((Duration::from_secs(2), true)));
    assert_eq!(bench.store.drain_merged(), [(TaskKey("t".into()), TaskKey("s".into()))]);
    assert_eq!(bench.store.drain_changed(), [TaskKey("s".into())]);
}

#[test]
fn a_late_joiner_keeps_the_key_under_which_a_task_was_first_shown() {
    let mut bench = Bench::new();
    let inner = job("t");
    bench.started(&inner).scheduled("s", Some("t"), &inner, Cancelled);
    assert_eq!(bench.keys(), ["t"]);
    assert_eq!(bench.task("s").key.0, "t".into());
    assert_eq!(bench.task("t").scheduled_task_id.as_deref(), Some("s"));
}

#[test]
fn a_scheduled_task_holds_the_slot_also_when_it_is_parallel() {
    let mut bench = Bench::new();
    let inner = Job { parallel: true, ..job("t") };
    bench.runs(&inner);
    assert_eq!(bench.task("t").lane, Lane::Parallel);
    bench.scheduled("s", Some("t"), &inner, Running);
    assert_eq!(bench.task("t").lane, Lane::Sequential);
    assert_eq!(bench.lanes("fridge").slot, Slot::Taken);
}

#[test]
fn cancelled_before_it_started_is_an_end_and_afterwards_a_wish() {
    let mut bench = Bench::new();
    let inner = job("t");
    bench.scheduled("s", None, &inner, Queued).scheduled("s", None, &inner, Cancelled);
    assert_eq!(bench.end("s"), (State::Ended, Some(Outcome::Cancelled), None));
    let inner = job("t2");
    bench.scheduled("s2", None, &inner, Queued).scheduled("s2", Some("t2"), &inner, Running).runs(&inner);
    bench.scheduled("s2", Some("t2"), &inner, Cancelled);
    assert_eq!((bench.state("s2"), bench.task("s2").cancel_wished), (RUNNING, true));
    bench.completed(&inner, &ok("t2"));
    assert_eq!((bench.end("s2"), bench.task("s2").cancel_wished), (OK, true));
}

#[test]
fn the_schedulers_word_alone() {
    let mut bench = Bench::new();
    let (plain, broken, ran) = (job("p"), job("b"), cell("c"));
    for (id, task_id, job, word) in
        [("sp", "p", &plain, Done), ("sb", "b", &broken, Failed), ("sc", "c", &ran, Done)]
    {
        bench.scheduled(id, None, job, Queued).scheduled(id, Some(task_id), job, Running);
        bench.scheduled(id, Some(task_id), job, word);
    }
    assert_eq!(bench.end("sp"), OK, "`done` of a plain task is its reply's outside");
    assert_eq!(bench.end("sb"), FAILED);
    assert_eq!(bench.end("sc"), unknown(Reason::EndMissed), "`done` of a cell may be a failure inside");
    assert_eq!(bench.store.take_questions(), ["sp".into(), "sb".into(), "sc".into()]);
    assert_eq!(bench.store.take_questions(), Vec::<Text>::new(), "each is asked once");
    let entry = |id: &str, job: &Job, status, result: &str| Input::ScheduleEntry {
        scheduled_task_id: id.into(),
        snapshot: Some(Snapshot {
            task_id: Some(job.id.as_str().into()),
            result: Some(result.into()),
            ..snapshot(id, job, status)
        }),
    };
    bench.give(entry("sc", &ran, Done, &cell_error("c", "KeyboardInterrupt")));
    assert_eq!(bench.end("sc"), (State::Ended, Some(Outcome::Failed), Some(Reason::Interrupted)));
    bench.give(entry("sb", &broken, Failed, r#"{"status": "error", "evalue": "no such host"}"#));
    assert_eq!(bench.end("sb"), FAILED);
    let task = bench.task("sb");
    assert_eq!(
        (task.reply.is_none(), task.failure().unwrap().evalue.as_deref()),
        (true, Some("no such host"))
    );
    bench.give(entry("sp", &plain, Done, &ok("p")));
    assert_eq!(bench.task("sp").reply.as_ref().unwrap().result(false), Some("1"));
}

#[test]
fn the_list_tells_what_ran_before_we_came() {
    let mut bench = Bench::new();
    let at = |id: &str| job(id);
    let ended = Snapshot {
        task_id: Some("t1".into()),
        result: Some(error("t1", "E", "x").into()),
        ..snapshot("s1", &at("1"), Failed)
    };
    let runs = Snapshot { task_id: Some("t2".into()), ..snapshot("s2", &at("2"), Running) };
    let later =
        Snapshot { run_at: Some(stamp_at(500.0)), eligible: false, ..snapshot("s4", &at("4"), Queued) };
    let wish = Snapshot { task_id: Some("t5".into()), ..snapshot("s5", &at("5"), Cancelled) };
    let waits = Snapshot { overdue: true, ..snapshot("s3", &at("3"), Queued) };
    let list = vec![ended, runs, waits, later, wish, snapshot("s6", &at("6"), Cancelled)];
    bench.give(Input::Schedule(list.into_iter().map(Ok).collect()));
    assert_eq!((bench.end("t1"), bench.state("t2"), bench.state("s3")), (FAILED, RUNNING, State::Waiting));
    assert_eq!((bench.state("s4"), bench.end("s5")), (State::Scheduled, unknown(Reason::NotSeen)));
    assert_eq!(bench.end("s6"), (State::Ended, Some(Outcome::Cancelled), None));
    assert_eq!(bench.task("t2").duration(Now::at(9.0)), Some((Duration::from_secs(9), false)), "at least");
    assert!(!bench.task("t1").ended.unwrap().exact);
    let lanes = bench.lanes("fridge");
    assert_eq!((lanes.slot, names(&lanes.waiting)), (Slot::Taken, vec!["s3".to_owned(), "s4".to_owned()]));
}

#[test]
fn odd_entries_are_rows_too() {
    let mut bench = Bench::new();
    // Case B22.
    let raw = format!(
        r#"[{},{},{{"status": "zzz"}},{},{}]"#,
        r#"{"scheduled_task_id": "a", "task_id": null, "target": "fridge", "task_type": "T", "display_name": "T", "status": "queued", "run_at": null, "submitted_at": "2026-11-24T21:00:00Z", "result": null, "eligible": true, "overdue": false}"#,
        r#"{"scheduled_task_id": "b", "task_id": null, "target": "fridge", "task_type": "T", "display_name": "T", "status": "zzz", "run_at": null, "submitted_at": "2026-11-24T21:00:00Z", "result": null, "eligible": true, "overdue": false}"#,
        r#"{"scheduled_task_id": "c", "task_id": "tc", "target": "fridge", "task_type": "T", "display_name": "T", "status": "done", "run_at": null, "submitted_at": "2026-11-24T21:00:00Z", "result": "text", "eligible": true, "overdue": false}"#,
        r#"{"scheduled_task_id": "d", "target": "fridge", "task_type": "T"}"#,
    );
    for _ in 0..2 {
        bench.give(Input::Schedule(Snapshot::parse_list(&raw).unwrap()));
        assert_eq!(bench.keys().len(), 5);
    }
    let counts = bench.store.counts(true);
    assert_eq!((counts.waiting, counts.unknown + counts.waiting), (1, 5), "{:?}", bench.keys());
    let odd = bench.store.tasks().find(|task| task.key.0.starts_with("odd-entry")).unwrap();
    assert_eq!((odd.metadata.as_deref(), &*odd.service), (Some(r#"{"status": "zzz"}"#), TASK_MANAGER));
}

#[test]
fn what_the_scheduler_forgot_is_unknown() {
    let mut bench = Bench::new();
    let (old, young, ran) = (job("o"), job("y"), job("r"));
    bench.scheduled("so", None, &old, Queued).scheduled("sr", Some("r"), &ran, Running).runs(&ran);
    bench.at(60.0).give(Input::ScheduleAsked).scheduled("sy", None, &young, Queued);
    bench.at(61.0).give(Input::Schedule(Vec::new()));
    assert_eq!(bench.end("so"), unknown(Reason::Forgotten));
    assert_eq!(bench.end("sr"), unknown(Reason::Forgotten));
    assert_eq!(bench.state("sy"), State::Scheduled, "younger than the list may be");
    bench.give(Input::ScheduleEntry { scheduled_task_id: "sy".into(), snapshot: None });
    assert_eq!(bench.end("sy"), unknown(Reason::Forgotten));
    bench.completed(&ran, &ok("r"));
    assert_eq!(bench.end("sr"), OK);
}

#[test]
fn a_list_may_come_in_parts_and_only_the_last_one_says_what_is_not_in_it() {
    let mut bench = Bench::new();
    let entry = |id: &str| Ok(snapshot(id, &job(id), Queued));
    for id in ["gone", "a", "b"] {
        bench.scheduled(id, None, &job(id), Queued);
    }
    bench.at(60.0).give(Input::ScheduleAsked);
    bench.at(61.0).give(Input::SchedulePart(vec![entry("a")]));
    assert_eq!(bench.state("gone"), State::Scheduled, "it may be in what follows");
    bench.at(62.0).give(Input::Schedule(vec![entry("b")]));
    assert_eq!((bench.state("a"), bench.state("b")), (State::Waiting, State::Waiting));
    assert_eq!(bench.end("gone"), unknown(Reason::Forgotten));
    // Parts of one that broke off count for nothing once another is asked for, or the rest of it is old.
    bench.at(120.0).give(Input::ScheduleAsked);
    bench.at(121.0).give(Input::SchedulePart(vec![entry("a")]));
    bench.at(122.0).give(Input::ScheduleAsked);
    bench.at(123.0).give(Input::Schedule(vec![entry("b")]));
    assert_eq!(bench.end("a"), unknown(Reason::Forgotten));
    bench.at(180.0).give(Input::ScheduleAsked);
    bench.give(Input::SchedulePart(Vec::new())).give(Input::OldSchedule(Vec::new()));
    assert_eq!(bench.state("b"), State::Waiting);
    check(&bench.store, bench.now);
}

#[test]
fn a_list_that_does_not_fit_is_let_go_on_the_way_and_counted() {
    let most = 400 * ROW;
    let mut bench = Bench::with(Limits { ended_tasks: 100, memory: most });
    let result = format!(r#"{{"id": "x", "status": "ok", "result": "{}"}}"#, "x".repeat(50_000));
    for part in 0..50 {
        let ended = (0..20).map(|n| {
            let id = format!("e{part}-{n}");
            let reply = Reply::parse(result.as_str().into()).ok();
            let result = Some(Text::from(result.as_str()));
            Ok(Snapshot {
                task_id: Some(format!("t{id}").into()),
                result,
                reply,
                ..snapshot(&id, &job(&id), Done)
            })
        });
        let waits = format!("w{part}");
        let entries = ended.chain([Ok(snapshot(&waits, &job(&waits), Queued))]).collect();
        bench.give(Input::SchedulePart(entries));
        assert!(bench.store.bytes() <= most && bench.store.finished.len() <= 100);
    }
    bench.give(Input::Schedule(Vec::new()));
    let counts = bench.store.counts(false);
    assert_eq!((counts.waiting, counts.let_go), (50, 900), "none that waits");
    assert!(counts.texts_let_go >= 85, "{counts:?}");
    assert_eq!(bench.store.take_unread(), 0, "all of it had happened before");
    check(&bench.store, bench.now);
}

#[test]
fn when_the_list_cannot_be_read_the_lanes_say_why() {
    let mut bench = Bench::new();
    bench.runs(&job("a")).give(Input::ScheduleUnreadable("too large".into()));
    assert_eq!(bench.lanes("fridge").schedule_unreadable, Some("too large"));
    let revision = bench.store.revision();
    bench.give(Input::ScheduleUnreadable("too large".into()));
    assert_eq!(bench.store.revision(), revision);
    bench.give(Input::Schedule(Vec::new()));
    assert_eq!(bench.lanes("fridge").schedule_unreadable, None);
}

#[test]
fn details_that_nobody_told_are_asked_for() {
    let mut bench = Bench::new();
    bench.scheduled("s", None, &job("t"), Queued);
    assert_eq!(bench.store.take_questions(), Vec::<Text>::new());
    bench.sleep_until(3.0);
    assert_eq!(bench.store.take_questions(), ["s".into()]);
    bench.give(Input::ScheduleEntry {
        scheduled_task_id: "s".into(),
        snapshot: Some(snapshot("s", &job("t"), Queued)),
    });
    assert_eq!(bench.state("s"), State::Waiting);
    assert_eq!(bench.store.wake_at(bench.now), None);
}

#[test]
fn a_task_that_runs_before_its_details_came_is_doubted_as_a_running_one() {
    let mut bench = Bench::new();
    let inner = job("t");
    bench.scheduled("s", None, &inner, Queued).at(1.0).scheduled("s", Some("t"), &inner, Running);
    bench.sleep_until(100.0);
    assert_eq!(bench.state("s"), State::Running { starting: true });
    bench.sleep_until(130.0);
    assert_eq!(
        (bench.end("s"), bench.store.take_questions()),
        (unknown(Reason::NeverStarted), vec!["s".into()])
    );
}

#[test]
fn waiting_tasks_stand_in_the_order_in_which_they_start() {
    let mut bench = Bench::new();
    let taken = |id: &str, minute: u32, run_at: Option<f64>| Snapshot {
        submitted_at: Some(stamp(&format!("2026-11-24T20:{minute:02}:00Z"))),
        run_at: run_at.map(stamp_at),
        eligible: run_at.is_none_or(|at| at <= 0.0),
        ..snapshot(id, &job(id), Queued)
    };
    let list = vec![
        taken("later", 1, Some(900.0)),
        taken("soon", 9, Some(300.0)),
        taken("second", 30, None),
        taken("first", 10, None),
    ];
    bench.give(Input::Schedule(list.into_iter().map(Ok).collect()));
    bench.submit(&job("own1"), Own::Direct).at(1.0).submit(&job("own2"), Own::Direct);
    assert_eq!(names(&bench.lanes("fridge").waiting), ["own1", "own2", "first", "second", "soon", "later"]);
    let lanes = bench.lanes("fridge");
    assert_eq!(lanes.waiting.iter().map(|wait| wait.place).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn others_go_first() {
    let mut bench = Bench::new();
    let ours = job("f");
    bench.at(1.0).submit(&ours, Own::Scheduled).scheduled("s", None, &ours, Queued);
    bench.at(2.0).give(Input::Accepted { id: "f".into(), snapshot: snapshot("s", &ours, Queued) });
    assert!(!bench.lanes("fridge").waiting[0].overtaken);
    // Nor did one overtake it that had begun before ours could have started.
    let mut earlier = Bench::new();
    earlier.at(1.0).runs(&job("d")).at(2.0).submit(&ours, Own::Scheduled);
    earlier.give(Input::Accepted { id: "f".into(), snapshot: snapshot("s", &ours, Queued) });
    assert!(!earlier.lanes("fridge").waiting[0].overtaken);
    // A scheduled task of somebody else is no overtaking: it was earlier in the same line.
    let other = job("o");
    bench.at(3.0).scheduled("so", Some("o"), &other, Running).runs(&other).completed(&other, &ok("o"));
    assert!(!bench.lanes("fridge").waiting[0].overtaken);
    // Neither is a parallel one.
    bench.at(4.0).runs(&Job { parallel: true, ..job("p") });
    assert!(!bench.lanes("fridge").waiting[0].overtaken);
    bench.at(5.0).runs(&job("d"));
    assert!(bench.lanes("fridge").waiting[0].overtaken);
}
