//! Own tasks, and what becomes of them when a connection is lost.

use super::*;

#[test]
fn an_own_task_waits_at_once_and_ends_by_its_reply() {
    let mut bench = Bench::new();
    let job = job("a");
    bench.at(1.0).submit(&job, Own::Direct);
    let lanes = bench.lanes("fridge");
    assert_eq!((lanes.waiting.len(), bench.state("a")), (1, State::Waiting));
    bench.at(2.0).runs(&job).at(3.0).reply(&ok("a"));
    assert_eq!(bench.end("a"), OK);
    bench.completed(&job, &ok("a"));
    assert_eq!((bench.end("a"), bench.keys().len()), (OK, 1));
    assert_eq!(bench.task("a").duration(bench.now), Some((Duration::from_secs(1), true)));
    assert_eq!(bench.task("a").own, Some(Own::Direct));
}

#[test]
fn who_sends_a_task_that_dashboards_hide_sees_it() {
    let mut bench = Bench::new();
    let hidden = Job { hidden: true, parallel: true, ..job("a") };
    bench.at(1.0).submit(&hidden, Own::Direct);
    assert_eq!((bench.lanes("fridge").parallel.len(), bench.lanes("fridge").hidden), (1, 0));
    bench.at(2.0).runs(&hidden);
    assert_eq!((bench.lanes("fridge").parallel.len(), bench.store.counts(false).running), (1, 1));
    bench.at(3.0).reply(&ok("a")).completed(&hidden, &ok("a"));
    assert_eq!((bench.lanes("fridge").ended.len(), bench.lanes("fridge").hidden), (1, 0));
    assert!(bench.task("a").hidden, "it is still told that dashboards hide it");
}

#[test]
fn the_reply_may_overtake_the_bus() {
    let mut bench = Bench::new();
    let job = job("a");
    bench.at(1.0).submit(&job, Own::Direct).reply(&error("a", "E", "x"));
    bench.at(2.0).created(&job).started(&job).completed(&job, &error("a", "E", "x"));
    assert_eq!((bench.end("a"), bench.keys().len()), (FAILED, 1));
    assert!(matches!(bench.lanes("fridge").slot, Slot::Free { .. }));
}

#[test]
fn a_lost_connection_leaves_own_direct_tasks_unknown() {
    let mut bench = Bench::new();
    let (runs, waits, own, other) = (job("r"), job("w"), job("s"), job("o"));
    bench.submit(&runs, Own::Direct).submit(&waits, Own::Direct).runs(&runs).runs(&other);
    bench.submit(&own, Own::Scheduled);
    bench.give(Input::Accepted { id: "s".into(), snapshot: snapshot("S", &own, ScheduledStatus::Queued) });
    let on_its_way = job("x");
    bench.submit(&on_its_way, Own::Scheduled);
    bench.give(Input::TaskLink { service: Some("lab".into()), up: false });
    assert_eq!(bench.state("r"), RUNNING, "that was another connection");
    bench.give(Input::TaskLink { service: None, up: false });
    for id in ["r", "w", "x"] {
        assert_eq!(bench.end(id), unknown(Reason::LinkLost), "{id}");
    }
    assert_eq!(
        (bench.state("o"), bench.state("S")),
        (RUNNING, State::Waiting),
        "those outlive our connection"
    );
    // Started in the last moment: the router will never tell its end, so it cannot be said to run.
    bench.runs(&waits);
    assert_eq!(bench.end("w"), unknown(Reason::LinkLost));
    bench.completed(&runs, &ok("r"));
    assert_eq!(bench.end("r"), OK, "the bus told it all the same");
}

#[test]
fn own_scheduled_is_one_row() {
    let mut bench = Bench::new();
    let job = job("f");
    bench.at(1.0).submit(&job, Own::Scheduled);
    assert_eq!((bench.keys(), bench.state("f")), (vec!["f".to_owned()], State::Waiting));
    bench.scheduled("s", None, &job, ScheduledStatus::Queued);
    bench
        .at(2.0)
        .give(Input::Accepted { id: "f".into(), snapshot: snapshot("s", &job, ScheduledStatus::Queued) });
    assert_eq!(bench.keys(), ["s"]);
    let task = bench.task("f");
    assert_eq!(
        (task.own, task.state, task.waiting_since.unwrap().at),
        (Some(Own::Scheduled), State::Waiting, Now::at(1.0))
    );
    assert_eq!(task.payload.as_deref(), Some(job.payload.as_str()));
    assert_eq!(bench.store.task(&TaskKey("f".into())).unwrap().key, TaskKey("s".into()));
    // Without its `queued`.
    let job = super::job("g");
    bench.submit(&job, Own::Scheduled);
    let snapshot = Snapshot {
        run_at: Some(stamp_at(100.0)),
        eligible: false,
        ..snapshot("s2", &job, ScheduledStatus::Queued)
    };
    bench.give(Input::Accepted { id: "g".into(), snapshot });
    assert_eq!((bench.state("g"), bench.keys().len()), (State::Scheduled, 2));
    assert_eq!(bench.task("g").key, TaskKey("s2".into()));
    assert_eq!(bench.store.own_at_risk().count(), 0, "they outlive this terminal");
}

#[test]
fn the_bus_tells_of_an_acknowledgement_that_was_lost() {
    let mut bench = Bench::new();
    let job = job("f");
    bench.submit(&job, Own::Scheduled).give(Input::Carried { id: "f".into(), by: "c".into(), run_at: None });
    bench.give(Input::TaskLink { service: None, up: false });
    assert_eq!(bench.end("f"), unknown(Reason::LinkLost));
    let carrier =
        Job { target: TASK_MANAGER.into(), kind: "ScheduleTask".into(), hidden: true, ..super::job("c") };
    let reply = r#"{"id": "c", "status": "ok", "result": {"scheduled_task_id": "s", "task_id": null, "target": "fridge", "task_type": "MeasureT1", "display_name": "x", "status": "queued", "run_at": null, "submitted_at": "2026-11-24T21:00:00Z", "result": null, "eligible": true, "overdue": false}}"#;
    bench.scheduled("s", None, &job, ScheduledStatus::Queued).completed(&carrier, reply);
    assert_eq!((bench.keys(), bench.state("f")), (vec!["s".to_owned()], State::Waiting));
    assert_eq!(bench.task("s").own, Some(Own::Scheduled));
}

#[test]
fn not_sent_is_a_failure_of_its_own_kind() {
    let mut bench = Bench::new();
    bench.submit(&job("a"), Own::Direct).give(Input::NotSent { id: "a".into(), why: "no link".into() });
    assert_eq!(
        bench.end("a"),
        (State::Ended, Some(Outcome::Failed), Some(Reason::NotSent("no link".into())))
    );
    bench.submit(&job("b"), Own::Direct).runs(&job("b"));
    bench.give(Input::NotSent { id: "b".into(), why: "no link".into() });
    assert_eq!(bench.state("b"), RUNNING, "it was seen to start");
}

#[test]
fn what_leaving_would_cost() {
    let mut bench = Bench::new();
    bench.submit(&job("r"), Own::Direct).submit(&job("w"), Own::Direct).submit(&job("s"), Own::Scheduled);
    bench.submit(&Job { parallel: true, ..job("p") }, Own::Direct).runs(&job("r")).runs(&job("other"));
    let at_risk =
        |bench: &Bench| bench.store.own_at_risk().map(|task| task.key.to_string()).collect::<Vec<_>>();
    // What the scheduler has not acknowledged may never have reached it.
    assert_eq!(at_risk(&bench), ["r", "w", "s", "p"]);
    bench.reply(&ok("r"));
    assert_eq!(at_risk(&bench), ["w", "s", "p"]);
}

#[test]
fn a_parallel_own_task_stands_in_the_parallel_lane_from_the_start() {
    let mut bench = Bench::new();
    bench.submit(&Job { parallel: true, ..job("p") }, Own::Direct);
    let lanes = bench.lanes("fridge");
    assert_eq!((lanes.waiting.len(), lanes.parallel.len(), lanes.parallel[0].state), (0, 1, State::Waiting));
}

#[test]
fn alone_juicetop_keeps_the_lane() {
    let mut bench = Bench::new();
    let started = |id: &str| Input::Started { id: id.into() };
    bench.give(Input::TaskLink { service: Some("fridge".into()), up: true });
    assert!(bench.store.service("fridge").unwrap().alone);
    let next = |bench: &Bench| bench.store.next_alone("fridge").map(|task| task.key.to_string());
    assert_eq!(next(&bench), None);
    bench.submit(&job("a"), Own::Alone).submit(&job("b"), Own::Alone);
    bench.submit(&Job { parallel: true, ..job("p") }, Own::Alone).give(started("p"));
    assert_eq!(next(&bench), Some("a".into()), "a parallel one holds nothing back");
    bench.at(1.0).give(started("a"));
    assert_eq!((bench.state("a"), next(&bench)), (RUNNING, None));
    assert_eq!(bench.lanes("fridge").slot, Slot::Taken);
    bench.at(4.0).reply(&ok("a"));
    assert_eq!((bench.end("a"), next(&bench)), (OK, Some("b".into())));
    assert_eq!(bench.task("a").duration(bench.now), Some((Duration::from_secs(3), true)));
    let lanes = bench.lanes("fridge");
    assert!(matches!(lanes.slot, Slot::NotKnown { .. }), "nobody tells what others do there");
    assert!(lanes.others_may_wait);
    // The link is lost while b runs and c waits.
    bench.submit(&job("c"), Own::Alone).give(started("b"));
    bench.give(Input::TaskLink { service: Some("fridge".into()), up: false });
    assert_eq!(bench.end("b"), unknown(Reason::LinkLost));
    assert!(matches!(bench.task("c").reason, Some(Reason::NotSent(_))), "it never left this program");
    bench.give(Input::TaskLink { service: Some("fridge".into()), up: true });
    bench.submit(&job("d"), Own::Alone);
    assert_eq!(next(&bench), None, "b may still run there");
    bench.give(Input::PutAway(TaskKey("b".into())));
    assert_eq!(next(&bench), Some("d".into()));
}

#[test]
fn an_own_task_is_listed_however_many_services_there_are() {
    let mut bench = Bench::new();
    for service in 0..=MOST_SERVICES {
        bench.runs(&Job { target: format!("s{service}"), ..job(&format!("t{service}")) });
    }
    assert_eq!((bench.store.services().count(), bench.store.services_refused()), (MOST_SERVICES, 1));
    bench.submit(&job("a"), Own::Direct);
    assert_eq!(bench.state("a"), State::Waiting);
}
