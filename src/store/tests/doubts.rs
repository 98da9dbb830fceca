//! What may have ended unseen.

use super::*;

#[test]
fn a_gap_puts_foreign_tasks_in_doubt_until_they_are_heard_of() {
    let mut bench = Bench::new();
    let (sent, starting) = (job("a"), job("b"));
    bench.runs(&sent).created(&starting).give(Input::BusLink(false));
    assert_eq!((bench.end("a"), bench.end("b")), (unknown(Reason::NotSeen), unknown(Reason::NotSeen)));
    assert_eq!((bench.store.counts(false).running, bench.store.counts(false).unknown), (0, 2));
    bench.at(5.0).give(Input::BusLink(true));
    bench.created(&starting).started(&sent);
    assert_eq!(
        (bench.end("a"), bench.end("b")),
        (unknown(Reason::NotSeen), unknown(Reason::NotSeen)),
        "repeated events are no sign"
    );
    bench.started(&starting).completed(&sent, &ok("a"));
    assert_eq!((bench.end("a"), bench.state("b")), (OK, RUNNING));
}

#[test]
fn missed_messages_are_a_gap() {
    let mut bench = Bench::new();
    bench.at(2.0).runs(&job("a")).give(Input::Missed(3));
    assert_eq!(bench.end("a"), unknown(Reason::NotSeen));
    bench.at(3.0).runs(&job("b")).completed(&job("b"), &ok("b"));
    assert_eq!((bench.end("b"), bench.lanes("fridge").slot), (OK, Slot::Free { since: Now::at(3.0) }));
}

#[test]
fn the_list_brings_back_what_a_gap_hid() {
    let mut bench = Bench::new();
    let (waits, later, ran) = (job("w"), job("l"), job("r"));
    let far = Snapshot {
        run_at: Some(stamp_at(900.0)),
        eligible: false,
        ..snapshot("sl", &later, ScheduledStatus::Queued)
    };
    let list = vec![Ok(snapshot("sw", &waits, ScheduledStatus::Queued)), Ok(far)];
    bench.give(Input::Schedule(list.clone()));
    bench.scheduled("sr", Some("r"), &ran, ScheduledStatus::Running).runs(&ran);
    bench.at(5.0).give(Input::BusLink(false));
    assert_eq!((bench.end("sw"), bench.state("sl")), (unknown(Reason::NotSeen), State::Scheduled));
    assert_eq!(bench.end("sr"), unknown(Reason::NotSeen));
    bench.at(60.0).give(Input::BusLink(true));
    let running = Snapshot { task_id: Some("r".into()), ..snapshot("sr", &ran, ScheduledStatus::Running) };
    bench.at(61.0).give(Input::Schedule(list.into_iter().chain([Ok(running)]).collect()));
    assert_eq!(
        (bench.state("sw"), bench.state("sl"), bench.state("sr")),
        (State::Waiting, State::Scheduled, RUNNING)
    );
    assert_eq!(bench.task("sr").duration(bench.now), Some((Duration::from_secs(61), true)));
}

#[test]
fn what_comes_due_unheard_is_unknown() {
    let mut bench = Bench::new();
    let later = Snapshot {
        run_at: Some(stamp_at(20.0)),
        eligible: false,
        ..snapshot("s", &job("t"), ScheduledStatus::Queued)
    };
    bench.kernel("lab", KernelState::Idle);
    bench.give(Input::Schedule(vec![Ok(later)])).at(10.0).give(Input::BusLink(false)).sleep_until(30.0);
    assert_eq!(bench.end("s"), unknown(Reason::NotSeen));
}

#[test]
fn a_list_that_overtakes_the_bus_does_not_lose_what_runs() {
    // The kernel was restarted, then the task was started. The scheduler's list, by another connection, is faster than
    // the bus: it says that the task runs before the bus says that the kernel went away.
    let mut bench = Bench::new();
    let j = Job { target: "lab".into(), ..job("t") };
    bench.scheduled("s", None, &j, ScheduledStatus::Queued);
    let mut runs = snapshot("s", &j, ScheduledStatus::Running);
    runs.task_id = Some("t".into());
    bench.give(Input::Schedule(vec![Ok(runs)]));
    bench.kernel("lab", KernelState::Connecting).kernel("lab", KernelState::Idle);
    assert_eq!(bench.end("s"), unknown(Reason::ServiceGone));
    bench.scheduled("s", Some("t"), &j, ScheduledStatus::Running).runs(&j);
    assert_eq!(bench.state("s"), RUNNING);
}

#[test]
fn a_kernel_that_goes_away_takes_its_tasks_along() {
    // Case B04.
    for state in [KernelState::Connecting, KernelState::Restarting] {
        let mut bench = Bench::new();
        let (ran, handler, starting) =
            (cell("c"), Job { target: "lab".into(), parallel: true, ..job("h") }, cell("s"));
        bench
            .kernel("lab", KernelState::Busy)
            .runs(&ran)
            .runs(&handler)
            .runs(&job("elsewhere"))
            .created(&starting);
        bench.at(2.0).kernel("lab", state.clone());
        assert_eq!(
            (bench.end("c"), bench.end("h")),
            (unknown(Reason::ServiceGone), unknown(Reason::ServiceGone))
        );
        assert_eq!(bench.state("s"), State::Running { starting: true }, "not yet sent there");
        assert_eq!(bench.state("elsewhere"), RUNNING);
        // Sent to the new process, which still loads its modules: the repeated word is not about it.
        bench.at(3.0).started(&starting).at(62.0).kernel("lab", state);
        assert_eq!(bench.state("s"), RUNNING);
        bench.at(70.0).kernel("lab", KernelState::Idle);
        assert_eq!(bench.end("c"), unknown(Reason::ServiceGone), "the old task does not run again");
        bench.started(&ran);
        assert_eq!(bench.end("c"), unknown(Reason::ServiceGone));
    }
}

#[test]
fn a_cell_on_an_idle_kernel_has_ended_unseen() {
    // Case B01.
    let mut bench = Bench::new();
    let job = cell("c");
    bench.at(1.0).runs(&job).kernel("lab", KernelState::Busy);
    bench.at(3.0).kernel("lab", KernelState::Idle);
    assert_eq!(bench.state("c"), RUNNING, "its end may come right behind");
    assert_eq!(bench.store.wake_at(bench.now), Some(Duration::from_secs(8)));
    bench.sleep_until(9.0);
    assert_eq!(bench.end("c"), unknown(Reason::EndMissed));
    assert_eq!(bench.store.counts(false).running, 0);
    assert_eq!(
        bench.store.wake_at(bench.now),
        Some(Duration::from_secs(133)),
        "the kernel's next word is waited for"
    );
    assert!(matches!(bench.lanes("lab").slot, Slot::NotKnown { .. }));
    bench.completed(&job, &ok("c"));
    assert_eq!(bench.end("c"), OK);
}

#[test]
fn the_idle_of_the_cell_before_says_nothing() {
    let mut bench = Bench::new();
    let (first, second) = (cell("1"), cell("2"));
    bench
        .at(1.0)
        .runs(&first)
        .kernel("lab", KernelState::Busy)
        .at(2.0)
        .completed(&first, &ok("1"))
        .runs(&second);
    bench.at(2.01).kernel("lab", KernelState::Idle).at(2.02).kernel("lab", KernelState::Busy);
    bench.sleep_until(600.0);
    assert_eq!(bench.state("2"), RUNNING);
}

#[test]
fn an_idle_kernel_says_nothing_about_other_tasks() {
    let mut bench = Bench::new();
    let handler = Job { target: "lab".into(), ..job("h") };
    let freely = Job { payload: r#"{"code": "1", "run_async": true}"#.into(), ..cell("f") };
    let own = cell("o");
    bench.submit(&own, Own::Direct).runs(&handler).runs(&freely).runs(&own);
    bench.kernel("lab", KernelState::Idle).sleep_until(600.0);
    for id in ["h", "f", "o"] {
        assert_eq!(bench.state(id), RUNNING, "{id}");
    }
    // A cell whose fields were not seen may run freely.
    let late = Snapshot { task_id: Some("l".into()), ..snapshot("s", &cell("l"), ScheduledStatus::Running) };
    bench.give(Input::Schedule(vec![Ok(late)])).kernel("lab", KernelState::Idle).sleep_until(700.0);
    assert_eq!(bench.state("s"), RUNNING);
}

#[test]
fn what_gave_its_slot_away_counts_as_running_for_a_minute_more() {
    // Case B01: a plain service tells no idle, so only the next task in its slot tells that an end was lost.
    let (a, b) = (job("a"), job("b"));
    let mut bench = Bench::new();
    bench.runs(&a).at(1.0).runs(&b).at(2.0).completed(&b, &ok("b")).sleep_until(61.0);
    assert_eq!(bench.state("a"), RUNNING, "its end may have been late");
    bench.sleep_until(63.0);
    assert_eq!(bench.end("a"), unknown(Reason::EndMissed));
    assert_eq!((bench.store.counts(false).running, bench.store.counts(false).unknown), (0, 1));
    // Each of these says nothing about the slot, or is told of by somebody else.
    let beside = |job: &Job| Job { parallel: true, ..job.clone() };
    let elsewhere = Job { target: "lab".into(), ..b.clone() };
    type Begins = fn(&mut Bench, &Job);
    let runs: Begins = |bench, a| {
        bench.runs(a);
    };
    let own: Begins = |bench, a| {
        bench.submit(a, Own::Direct).runs(a);
    };
    let scheduled: Begins = |bench, a| {
        bench.scheduled("s", Some("a"), a, ScheduledStatus::Running).runs(a);
    };
    for (case, begins, a, b) in [
        ("the next one is parallel", runs, a.clone(), beside(&b)),
        ("it is parallel itself", runs, beside(&a), b.clone()),
        ("the next one is of another service", runs, a.clone(), elsewhere),
        ("our connection tells its end", own, a.clone(), b.clone()),
        ("the scheduler tells its end", scheduled, a.clone(), b.clone()),
    ] {
        let mut bench = Bench::new();
        begins(&mut bench, &a);
        bench.at(1.0).runs(&b).at(2.0).completed(&b, &ok("b")).sleep_until(600.0);
        assert_eq!(bench.state("a"), RUNNING, "{case}");
    }
    let mut bench = Bench::new();
    bench.runs(&b).at(1.0).runs(&a).at(2.0).completed(&b, &ok("b")).sleep_until(600.0);
    assert_eq!(bench.state("a"), RUNNING, "the younger one has the slot");
}

#[test]
fn the_scheduler_is_asked_about_its_cell_that_ended_unseen() {
    let mut bench = Bench::new();
    let job = cell("c");
    bench.scheduled("s", Some("c"), &job, ScheduledStatus::Running).runs(&job);
    bench.kernel("lab", KernelState::Busy).kernel("lab", KernelState::Idle).sleep_until(10.0);
    assert_eq!(
        (bench.end("s"), bench.store.take_questions()),
        (unknown(Reason::EndMissed), vec!["s".into()])
    );
    let still = Snapshot { task_id: Some("c".into()), ..snapshot("s", &job, ScheduledStatus::Running) };
    bench.give(Input::ScheduleEntry { scheduled_task_id: "s".into(), snapshot: Some(still) });
    assert_eq!(bench.state("s"), RUNNING, "a fresh sign that it runs");
}

#[test]
fn created_for_ever_is_not_running() {
    let mut bench = Bench::new();
    let (foreign, own) = (job("f"), job("o"));
    bench.submit(&own, Own::Direct).created(&foreign).created(&own).sleep_until(119.0);
    assert_eq!(bench.state("f"), State::Running { starting: true });
    bench.sleep_until(121.0);
    assert_eq!(bench.end("f"), unknown(Reason::NeverStarted));
    assert_eq!(bench.state("o"), State::Running { starting: true }, "our connection will tell");
    bench.started(&foreign);
    assert_eq!(bench.state("f"), RUNNING, "the first sign that it was sent");
    let third = job("t");
    bench.runs(&third).sleep_until(10_000.0);
    assert_eq!(bench.state("t"), RUNNING, "a task may run for hours");
}

#[test]
fn a_service_that_takes_no_task_cannot_be_reached_until_it_takes_one() {
    for own in [None, Some(Own::Direct)] {
        let mut bench = Bench::new();
        let task = job("a");
        if let Some(own) = own {
            bench.submit(&task, own);
        }
        let trouble = |bench: &Bench| bench.store.service("fridge").unwrap().trouble;
        bench.created(&task).sleep_until(19.0);
        assert_eq!(trouble(&bench), None, "the router tries for 15 s");
        bench.sleep_until(21.0);
        assert!(matches!(trouble(&bench), Some(Trouble::NotTaken(since)) if since.mono.as_secs() < 2));
        assert_eq!(bench.state("a"), State::Running { starting: true });
        bench.sleep_until(200.0).started(&task);
        assert_eq!((bench.state("a"), trouble(&bench)), (RUNNING, None));
    }
}

#[test]
fn a_service_that_is_lost_under_an_own_task_takes_the_others_tasks_along() {
    let mut bench = Bench::new();
    let elsewhere = Job { target: "lab".into(), ..job("e") };
    let (own, other) = (job("o"), job("p"));
    bench.submit(&own, Own::Direct).runs(&own).runs(&other).runs(&elsewhere);
    let lost = error("o", "ConnectionError", "Task client lost connection to service.");
    bench.reply(&lost);
    assert_eq!((bench.end("o"), bench.end("p")), (FAILED, unknown(Reason::ServiceGone)));
    assert_eq!(bench.state("e"), RUNNING, "of another service");
    assert!(matches!(bench.store.service("fridge").unwrap().trouble, Some(Trouble::LostTask(_))));
    assert_eq!(bench.store.service("lab").unwrap().trouble, None);
    bench.runs(&job("n"));
    assert_eq!(bench.store.service("fridge").unwrap().trouble, None, "it is there again");
    // The scheduler tells only later why its task has ended, and the service may be there again by then.
    let mut bench = Bench::new();
    let cell = job("c");
    bench.runs(&other).scheduled("s", Some("c"), &cell, ScheduledStatus::Queued).runs(&cell);
    bench.at(1.0).scheduled("s", Some("c"), &cell, ScheduledStatus::Failed);
    bench.at(2.0).runs(&job("n")).at(3.0);
    let raw = r#"{"status": "error", "evalue": "Task client lost connection to service."}"#;
    let failed = Snapshot {
        task_id: Some("c".into()),
        result: Some(raw.into()),
        ..snapshot("s", &cell, ScheduledStatus::Failed)
    };
    bench.give(Input::ScheduleEntry { scheduled_task_id: "s".into(), snapshot: Some(failed) });
    assert_eq!((bench.end("p"), bench.state("n")), (unknown(Reason::ServiceGone), RUNNING), "it began since");
    assert_eq!(bench.store.service("fridge").unwrap().trouble, None);
    // Another error of an own task says nothing about the others.
    let mut bench = Bench::new();
    bench.submit(&own, Own::Direct).runs(&own).runs(&other).reply(&error(
        "o",
        "ConnectionError",
        "of its own",
    ));
    assert_eq!((bench.state("p"), bench.store.service("fridge").unwrap().trouble), (RUNNING, None));
}

#[test]
fn ghosts_can_be_put_away() {
    let mut bench = Bench::new();
    bench.runs(&job("a")).give(Input::PutAway(TaskKey("a".into())));
    assert_eq!(bench.end("a"), unknown(Reason::PutAway));
    let counts = bench.store.counts(false);
    assert_eq!((counts.running, counts.unknown), (0, 0));
    let lanes = bench.lanes("fridge");
    assert_eq!((lanes.holders.len(), lanes.unknown.len(), lanes.ended.len()), (0, 0, 1));
    assert!(matches!(lanes.slot, Slot::NotKnown { .. }));
    bench.give(Input::BusLink(false)).give(Input::BusLink(true)).give(Input::Schedule(Vec::new()));
    assert_eq!(bench.end("a"), unknown(Reason::PutAway));
    bench.completed(&job("a"), &error("a", "E", "x"));
    assert_eq!(bench.end("a"), FAILED, "its own reply is still the truth");
    bench.give(Input::PutAway(TaskKey("a".into())));
    assert_eq!(bench.end("a"), FAILED);
}

#[test]
fn a_wish_to_cancel_is_only_a_wish() {
    let mut bench = Bench::new();
    bench
        .scheduled("s", None, &job("t"), ScheduledStatus::Queued)
        .give(Input::CancelAsked(TaskKey("s".into())));
    assert_eq!((bench.state("s"), bench.task("s").cancel_wished), (State::Scheduled, true));
}
