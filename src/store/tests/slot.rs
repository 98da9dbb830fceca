//! Whether a service's slot is taken, and how sure that is.

use super::*;

#[test]
fn not_known_until_something_was_heard() {
    let mut bench = Bench::new();
    bench.at(3.0).runs(&Job { parallel: true, ..job("p") });
    let lanes = bench.lanes("fridge");
    assert_eq!(lanes.slot, Slot::NotKnown { since: Now::at(0.0) });
    assert!(lanes.others_may_wait);
    assert_eq!(bench.lanes("never-heard-of").slot, Slot::NotKnown { since: Now::at(0.0) });
    bench.at(4.0).runs(&job("a"));
    assert_eq!((bench.lanes("fridge").slot, bench.lanes("fridge").holders.len()), (Slot::Taken, 1));
    bench.at(5.0).completed(&job("a"), &ok("a"));
    assert_eq!(bench.lanes("fridge").slot, Slot::Free { since: Now::at(5.0) });
    assert!(!bench.lanes("fridge").others_may_wait);
}

#[test]
fn an_end_alone_tells_too() {
    let mut bench = Bench::new();
    bench.at(5.0).completed(&job("a"), &ok("a"));
    assert_eq!(bench.lanes("fridge").slot, Slot::Free { since: Now::at(5.0) });
    bench.at(6.0).completed(&Job { parallel: true, target: "lab".into(), ..job("p") }, &ok("p"));
    assert_eq!(bench.lanes("lab").slot, Slot::NotKnown { since: Now::at(0.0) }, "a parallel one has no slot");
}

#[test]
fn two_holders_where_the_slot_was_given_away() {
    let mut bench = Bench::new();
    bench.runs(&job("a")).at(1.0).runs(&job("b"));
    let held: Vec<_> = bench.lanes("fridge").holders.iter().map(|task| task.key.to_string()).collect();
    assert_eq!(held, ["a", "b"]);
    bench.completed(&job("b"), &ok("b"));
    assert_eq!((bench.lanes("fridge").slot, bench.lanes("fridge").holders.len()), (Slot::Taken, 1));
}

#[test]
fn a_gap_makes_it_unknown_again() {
    let mut bench = Bench::new();
    bench
        .at(1.0)
        .runs(&job("a"))
        .completed(&job("a"), &ok("a"))
        .runs(&Job { target: "lab".into(), ..job("b") });
    bench.at(10.0).give(Input::BusLink(false));
    assert_eq!(bench.lanes("fridge").slot, Slot::NotKnown { since: Now::at(10.0) });
    assert_eq!(
        (bench.end("b"), bench.lanes("lab").slot),
        (unknown(Reason::NotSeen), Slot::NotKnown { since: Now::at(10.0) })
    );
    bench.at(20.0).give(Input::BusLink(true));
    assert_eq!(bench.lanes("fridge").slot, Slot::NotKnown { since: Now::at(10.0) });
    bench.at(21.0).completed(&Job { target: "lab".into(), ..job("b") }, &ok("b"));
    assert_eq!((bench.end("b"), bench.lanes("lab").slot), (OK, Slot::Free { since: Now::at(21.0) }));
}

#[test]
fn an_own_end_without_the_bus_frees_nothing_for_sure() {
    let mut bench = Bench::new();
    bench.submit(&job("a"), Own::Direct).runs(&job("a")).give(Input::BusLink(false));
    assert_eq!(bench.state("a"), RUNNING, "its reply comes by our connection");
    bench.at(5.0).reply(&ok("a"));
    assert!(matches!(bench.lanes("fridge").slot, Slot::NotKnown { .. }));
}

#[test]
fn overdue_proves_a_holder() {
    let mut bench = Bench::new();
    let overdue = Snapshot { overdue: true, ..snapshot("s", &job("t"), ScheduledStatus::Queued) };
    bench.at(2.0).give(Input::Schedule(vec![Ok(overdue.clone())]));
    assert_eq!(bench.lanes("fridge").slot, Slot::TakenUnseen { since: Now::at(2.0) });
    // Whoever it was, it has released the slot when the next one begins.
    bench.at(3.0).runs(&job("a")).at(4.0).completed(&job("a"), &ok("a"));
    assert_eq!(bench.lanes("fridge").slot, Slot::Free { since: Now::at(4.0) });
    // A word older than that end.
    bench.at(4.5).give(Input::Schedule(vec![Ok(overdue.clone())]));
    assert_eq!(bench.lanes("fridge").slot, Slot::Free { since: Now::at(4.0) });
    bench.at(9.0).give(Input::Schedule(vec![Ok(overdue)]));
    assert_eq!(bench.lanes("fridge").slot, Slot::TakenUnseen { since: Now::at(9.0) });
    bench.at(10.0).give(Input::Schedule(vec![Ok(snapshot("s", &job("t"), ScheduledStatus::Queued))]));
    assert_eq!(
        bench.lanes("fridge").slot,
        Slot::NotKnown { since: Now::at(0.0) },
        "eligible and not overdue"
    );
}

#[test]
fn a_busy_kernel_proves_a_cell_unless_one_is_known() {
    let mut bench = Bench::new();
    bench.at(1.0).kernel("lab", KernelState::Busy);
    assert_eq!(bench.lanes("lab").slot, Slot::TakenUnseen { since: Now::at(1.0) });
    bench.at(2.0).kernel("lab", KernelState::Idle);
    assert_eq!(bench.lanes("lab").slot, Slot::NotKnown { since: Now::at(0.0) });
    let parallel = Job { parallel: true, ..cell("p") };
    bench.at(3.0).runs(&parallel).kernel("lab", KernelState::Busy);
    assert_eq!(
        bench.lanes("lab").slot,
        Slot::NotKnown { since: Now::at(0.0) },
        "the parallel cell explains it"
    );
    // A handler task does not make a kernel busy, so it explains nothing.
    let mut bench = Bench::new();
    bench.runs(&Job { target: "lab".into(), parallel: true, ..job("h") }).kernel("lab", KernelState::Busy);
    assert!(matches!(bench.lanes("lab").slot, Slot::TakenUnseen { .. }));
    // Somebody's notebook on a free slot.
    let mut bench = Bench::new();
    bench.runs(&cell("c")).kernel("lab", KernelState::Busy).kernel("lab", KernelState::Idle);
    bench.at(2.0).completed(&cell("c"), &ok("c")).kernel("lab", KernelState::Busy);
    assert_eq!(bench.lanes("lab").slot, Slot::TakenUnseen { since: Now::at(2.0) });
    bench.kernel("lab", KernelState::Idle);
    assert_eq!(bench.lanes("lab").slot, Slot::Free { since: Now::at(2.0) });
}

#[test]
fn between_two_own_tasks_the_others_wait() {
    // Case B17.
    let mut bench = Bench::new();
    for id in ["a", "b", "c"] {
        bench.submit(&job(id), Own::Direct);
    }
    bench.runs(&job("a")).completed(&job("a"), &ok("a"));
    assert_eq!(names(&bench.lanes("fridge").waiting), ["b", "c"]);
    assert_eq!(bench.store.counts(false).waiting, 2);
}

#[test]
fn where_no_slot_is_kept_none_is_given_away() {
    let mut bench = Bench::new();
    let (long, short) = (job("long"), job("short"));
    bench.runs(&long).at(1.0).runs(&short).completed(&short, &ok("short"));
    // It is learned a moment later than the first tasks are seen.
    bench.at(2.0).give(Input::Slots(false)).sleep_until(300.0);
    assert_eq!((bench.state("long"), bench.lanes("fridge").slot), (RUNNING, Slot::NotKept));
    bench.runs(&job("third")).completed(&job("third"), &ok("third")).sleep_until(600.0);
    let lanes = bench.lanes("fridge");
    assert_eq!(lanes.holders.len(), 1);
    assert!(!lanes.others_may_wait && lanes.schedule_unreadable.is_none());
    // A lab that was updated has them.
    bench.at(601.0).give(Input::Slots(true)).runs(&job("fourth")).completed(&job("fourth"), &ok("fourth"));
    assert_eq!(bench.lanes("fridge").slot, Slot::Taken);
    bench.sleep_until(900.0);
    assert_eq!(bench.end("long"), unknown(Reason::EndMissed));
}
