//! The life of a task as the bus tells it.

use super::*;

#[test]
fn a_task_is_created_starts_and_ends_by_its_reply() {
    let mut bench = Bench::new();
    let job = job("a");
    bench.at(1.0).created(&job);
    assert_eq!(bench.state("a"), State::Running { starting: true });
    bench.at(2.0).started(&job);
    assert_eq!(bench.state("a"), RUNNING);
    assert_eq!(bench.task("a").duration(Now::at(5.0)), Some((Duration::from_secs(3), true)));
    bench.at(6.0).completed(&job, &ok("a"));
    assert_eq!(bench.end("a"), OK);
    let task = bench.task("a");
    assert_eq!(task.duration(bench.now), Some((Duration::from_secs(4), true)));
    assert_eq!(task.payload.as_deref(), Some(job.payload.as_str()));
    assert_eq!(task.reply.as_ref().unwrap().result(false), Some("1"));
    assert_eq!((task.lane, task.hidden, task.own), (Lane::Sequential, false, None));
}

#[test]
fn completed_is_not_ok_the_reply_decides() {
    let mut bench = Bench::new();
    let (one, two) = (job("one"), cell("two"));
    bench.runs(&one).completed(&one, &error("one", "KeyError", "q1"));
    assert_eq!(bench.end("one"), FAILED);
    assert_eq!(bench.task("one").failure().unwrap().ename.as_deref(), Some("KeyError"));
    bench.runs(&two).completed(&two, &cell_error("two", "ZeroDivisionError"));
    assert_eq!(bench.end("two"), FAILED);
    assert_eq!(bench.task("two").failure().unwrap().ename.as_deref(), Some("ZeroDivisionError"));
}

#[test]
fn interrupted_cells_say_so() {
    let mut bench = Bench::new();
    for name in ["KeyboardInterrupt", "CancelledError", "SystemExit"] {
        let job = cell(name);
        bench.runs(&job).completed(&job, &cell_error(name, name));
        assert_eq!(bench.end(name), (State::Ended, Some(Outcome::Failed), Some(Reason::Interrupted)));
    }
    let plain = job("plain");
    bench.runs(&plain).completed(&plain, &error("plain", "KeyboardInterrupt", ""));
    assert_eq!(bench.end("plain"), FAILED, "only inside a cell does it mean an interrupt");
}

#[test]
fn a_plain_result_that_looks_like_an_error_is_ok() {
    let mut bench = Bench::new();
    bench.give(Input::Topics(vec!["IPythonServiceState.lab".into()]));
    let plain = job("plain");
    bench.runs(&plain).completed(&plain, &cell_error("plain", "ZeroDivisionError"));
    assert_eq!(bench.end("plain"), OK);
    assert_eq!(bench.task("plain").failure(), None);
    // Not even the shape of a cell's error, on a service of which nothing is known.
    let mut bench = Bench::new();
    let data = r#"{"id": "x", "status": "ok", "result": {"status": "error", "note": "data"}}"#;
    bench.runs(&job("x")).completed(&job("x"), data);
    assert_eq!(bench.end("x"), OK);
}

#[test]
fn the_shape_of_a_cells_error_counts_where_a_kernel_may_be() {
    let reply = cell_error("h", "ZeroDivisionError");
    let handler = Job { target: "lab".into(), kind: "SleepAsync".into(), ..job("h") };
    // Cases B03, id ..04: the type is a handler's, of the service is nothing known.
    let mut bench = Bench::new();
    bench.runs(&handler).completed(&handler, &reply);
    assert_eq!(bench.end("h"), FAILED);
    assert_eq!(bench.task("h").failure().unwrap().ename.as_deref(), Some("ZeroDivisionError"));
    // Two reports of a kernel's state were due, and none came: it has none.
    let mut bench = Bench::new();
    bench.at(140.0).runs(&handler).completed(&handler, &reply);
    assert_eq!(bench.end("h"), OK);
    // One came.
    let mut bench = Bench::new();
    bench.give(Input::Topics(Vec::new())).kernel("lab", KernelState::Idle);
    bench.at(140.0).runs(&handler).completed(&handler, &reply);
    assert_eq!(bench.end("h"), FAILED);
}

#[test]
fn a_reply_that_says_nothing_is_never_ok() {
    let mut bench = Bench::new();
    for (id, reply) in
        [("a", r#"{"id": "a", "status": "partial"}"#), ("b", r#"{"id": "b"}"#), ("c", "[]"), ("d", "{not")]
    {
        bench.runs(&job(id)).completed(&job(id), reply);
        assert_eq!(bench.end(id), unknown(Reason::OddReply), "{id}");
    }
    assert_eq!(bench.store.counts(false).running, 0);
    assert!(matches!(bench.lanes("fridge").slot, Slot::Free { .. }), "it is over all the same");
    // `failed`, which 26.43.0 never sends, is enough by itself.
    bench.runs(&job("e")).bus(event(&job("e"), TaskEventState::Failed, "{not"));
    assert_eq!(bench.end("e"), FAILED);
    // A readable reply can still come.
    bench.completed(&job("a"), &ok("a"));
    assert_eq!(bench.end("a"), OK);
}

#[test]
fn states_never_go_back_and_the_first_outcome_stands() {
    let mut bench = Bench::new();
    let job = job("a");
    bench.at(1.0).started(&job);
    bench.at(2.0).created(&job);
    assert_eq!(bench.state("a"), RUNNING);
    bench.at(3.0).completed(&job, &ok("a"));
    let revision = bench.store.revision();
    bench
        .at(4.0)
        .started(&job)
        .created(&job)
        .completed(&job, &ok("a"))
        .completed(&job, &error("a", "E", "x"));
    assert_eq!(bench.end("a"), OK);
    assert_eq!(bench.task("a").duration(bench.now), Some((Duration::from_secs(2), true)));
    assert_eq!(bench.store.revision(), revision, "nothing that can be shown has changed");
    assert_eq!(bench.keys().len(), 1);
}

#[test]
fn late_events_fill_gaps() {
    let mut bench = Bench::new();
    let job = job("a");
    bench.at(1.0).completed(&job, &error("a", "E", "x"));
    let task = bench.task("a");
    assert_eq!(
        (&*task.service, &*task.task_type, task.payload.as_deref(), task.duration(bench.now)),
        ("fridge", "MeasureT1", None, None),
        "the reply is not shown as the task's fields"
    );
    bench.at(2.0).created(&job);
    assert_eq!(bench.end("a"), FAILED);
    assert_eq!(bench.task("a").payload.as_deref(), Some(job.payload.as_str()));
    let (duration, exact) = bench.task("a").duration(bench.now).unwrap();
    assert_eq!((duration, exact), (Duration::ZERO, false));
}

#[test]
fn an_id_used_again_is_a_second_run() {
    let mut bench = Bench::new();
    let first = job("1");
    let second = Job { time: "2026-11-24T21:05:00Z".into(), ..job("1") };
    bench.runs(&first).completed(&first, &ok("1"));
    bench.created(&first).started(&first);
    assert_eq!(bench.keys(), ["1"], "a late event of the first run");
    bench.runs(&second);
    assert_eq!(bench.keys(), ["1#2", "1"]);
    bench.started(&first).completed(&first, &ok("1"));
    assert_eq!(bench.state("1"), RUNNING, "repeated events of the first run do not end the second");
    bench.completed(&second, &error("1", "E", "x"));
    assert_eq!(bench.end("1"), FAILED);
    assert_eq!(bench.store.task(&TaskKey("1".into())).unwrap().outcome, Some(Outcome::Ok));
    let third = Job { time: "2026-11-24T21:06:00Z".into(), ..job("1") };
    bench.completed(&third, &error("1", "E", "third"));
    assert_eq!(bench.keys(), ["1#3", "1#2", "1"]);
}

#[test]
fn a_run_lost_from_sight_is_not_ended_by_the_next_one() {
    let mut bench = Bench::new();
    bench.runs(&job("1")).give(Input::BusLink(false)).give(Input::BusLink(true));
    let second = Job { time: "2026-11-24T21:05:00Z".into(), ..job("1") };
    bench.completed(&second, &ok("1"));
    assert_eq!(bench.keys(), ["1#2", "1"]);
    assert_eq!(bench.store.task(&TaskKey("1".into())).unwrap().state, State::Unknown);
    bench.completed(&job("1"), &error("1", "E", "x"));
    assert_eq!(bench.store.task(&TaskKey("1".into())).unwrap().outcome, Some(Outcome::Failed));
    assert_eq!(bench.end("1"), OK);
}

#[test]
fn unknown_states_are_passed_over() {
    let mut bench = Bench::new();
    bench.bus(event(&job("a"), TaskEventState::Other("paused".into()), "{}"));
    assert_eq!(bench.keys().len(), 0);
    assert!(bench.store.service("fridge").unwrap().heard.is_some());
    bench.runs(&job("a")).bus(event(&job("a"), TaskEventState::Other("paused".into()), "{}"));
    assert_eq!(bench.state("a"), RUNNING);
}

#[test]
fn hidden_tasks_are_left_out_and_counted() {
    let mut bench = Bench::new();
    let (hidden, seen) =
        (Job { hidden: true, parallel: true, ..job("h") }, Job { parallel: true, ..job("s") });
    bench.runs(&hidden).runs(&seen);
    assert_eq!((bench.store.counts(false).running, bench.store.counts(true).running), (1, 2));
    assert_eq!((bench.lanes("fridge").parallel.len(), bench.lanes("fridge").hidden), (1, 1));
    let all = bench.store.lanes("fridge", true, bench.now);
    assert_eq!((all.parallel.len(), all.hidden), (2, 0));
    bench.completed(&seen, &ok("s")).completed(&hidden, &ok("h"));
    assert_eq!(bench.lanes("fridge").ended.len(), 1);
    let ended: Vec<_> =
        bench.store.lanes("fridge", true, bench.now).ended.iter().map(|task| task.key.to_string()).collect();
    assert_eq!(ended, ["h", "s"], "newest end first");
}

#[test]
fn wall_clock_steps_do_not_make_negative_durations() {
    let mut bench = Bench::new();
    bench.at(10.0).runs(&job("a"));
    bench.now = Now { mono: Duration::from_secs(13), utc: Now::at(0.0).utc - Duration::from_secs(3600) };
    bench.completed(&job("a"), &ok("a"));
    assert_eq!(bench.task("a").duration(bench.now), Some((Duration::from_secs(3), true)));
}

#[test]
fn changes_are_drained_once_in_order() {
    let mut bench = Bench::new();
    bench.created(&job("a")).created(&job("b")).started(&job("a"));
    let drained: Vec<_> = bench.store.drain_changed().iter().map(ToString::to_string).collect();
    assert_eq!(drained, ["a", "b"]);
    assert_eq!(bench.store.drain_changed(), []);
    bench.started(&job("a"));
    assert_eq!(bench.store.drain_changed(), [], "a repeated event changes nothing");
    bench.started(&job("b"));
    assert_eq!(bench.store.drain_changed(), [TaskKey("b".into())]);
}

#[test]
fn services_stand_in_their_order() {
    let mut bench = Bench::new();
    bench.runs(&Job { target: "task-manager".into(), ..job("m") });
    bench.runs(&Job { target: "zeta".into(), ..job("z") });
    bench.give(Input::Configured(vec!["lab".into(), "fridge".into()]));
    bench.give(Input::Topics(vec!["IPythonServiceState.shared".into(), "ThrottleStateEvent.x.y".into()]));
    let names: Vec<_> = bench.store.services().map(|service| service.name.to_string()).collect();
    assert_eq!(names, ["lab", "fridge", "zeta", "shared", "task-manager"]);
    assert_eq!(bench.store.service("shared").unwrap().is_ipython(), Some(true));
    assert_eq!(bench.store.service("zeta").unwrap().is_ipython(), Some(false));
    assert!(bench.store.service("lab").unwrap().configured);
}
