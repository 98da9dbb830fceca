//! Memory stays bounded, and what was let go says so.

use super::*;
use crate::store::table::{ROW, texts_of};

#[test]
fn the_oldest_ended_go_first_and_running_ones_never() {
    // Case B15, with fewer events.
    let mut bench = Bench::with(Limits { ended_tasks: 100, memory: 1 << 22 });
    bench.runs(&job("runs")).submit(&job("waits"), Own::Direct).scheduled(
        "queued",
        None,
        &job("q"),
        ScheduledStatus::Queued,
    );
    let mut sizes = Vec::new();
    for number in 0..20_000 {
        let job = Job { parallel: number % 3 == 0, ..job(&format!("t{number}")) };
        bench.at(f64::from(number) * 0.001).runs(&job).completed(&job, &ok(&job.id));
        if number % 5_000 == 4_999 {
            let store = &bench.store;
            sizes.push((
                store.rows.len(),
                store.keys.len(),
                store.ids.len(),
                store.finished.len(),
                store.with_text.len(),
                store.changed.len(),
                store.timers.len(),
                store.stations.len(),
            ));
        }
    }
    assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
    assert_eq!(sizes[0].0, 103);
    for id in ["runs", "waits", "queued", "t19999", "t19900"] {
        assert!(bench.store.find(id).is_some(), "{id}");
    }
    assert!(bench.store.find("t19899").is_none());
    assert_eq!(bench.store.counts(false).let_go, 19_900);
    assert_eq!(bench.store.drain_changed().len(), 103);
    check(&bench.store, bench.now);
}

#[test]
fn texts_go_before_rows_and_leave_a_mark() {
    let mut bench = Bench::with(Limits { ended_tasks: 100, memory: 20 * ROW + 10_000 });
    let long = format!("{}ä", "m".repeat(400));
    for number in 0..20 {
        let id = format!("t{number}");
        bench.runs(&job(&id)).completed(&job(&id), &error(&id, "KeyError", &long));
    }
    assert!(bench.store.text_bytes <= 10_000);
    let (old, new) = (bench.task("t0"), bench.task("t19"));
    assert!(old.let_go && old.payload.is_none() && old.reply.is_none());
    let failure = old.failure().unwrap();
    assert_eq!(failure.ename.as_deref(), Some("KeyError"));
    assert!(failure.evalue.as_ref().unwrap().len() < 210, "the beginning of its message stays");
    assert!(!new.let_go && new.payload.is_some() && new.reply.is_some());
    assert_eq!(bench.end("t0"), FAILED);
    // A repeated event does not bring them back.
    bench.runs(&job("t0")).completed(&job("t0"), &error("t0", "KeyError", &long));
    assert!(bench.task("t0").reply.is_none() && bench.task("t0").payload.is_none());
    check(&bench.store, bench.now);
}

#[test]
fn one_reply_beyond_the_limit_is_let_go_at_once() {
    let mut bench = Bench::with(Limits { ended_tasks: 10, memory: ROW + 1_000 });
    let reply = format!(r#"{{"id": "a", "status": "ok", "result": "{}"}}"#, "x".repeat(5_000));
    bench.runs(&job("a")).completed(&job("a"), &reply);
    assert_eq!((bench.end("a"), bench.task("a").let_go), (OK, true));
}

#[test]
fn a_name_without_end_is_cut_when_its_texts_go() {
    let mut bench = Bench::with(Limits { ended_tasks: 10, memory: ROW + 120_000 });
    let job = Job { name: "ä".repeat(50_000), ..job("a") };
    bench.runs(&job);
    assert_eq!(bench.task("a").name.len(), 100_000, "a running one is kept as it came");
    bench.completed(&job, &ok("a"));
    bench.store.allow(ROW + 20_000);
    assert!(bench.task("a").let_go && bench.task("a").name.len() <= 4_000);
    assert!(bench.store.text_bytes <= 20_000);
}

#[test]
fn large_texts_of_running_tasks_go_last_and_their_results_are_kept_all_the_same() {
    let mut bench = Bench::with(Limits { ended_tasks: 1_000, memory: 1_000_000 });
    let large = |id: &str, bytes: usize| Job {
        payload: format!(r#"{{"data": "{}"}}"#, "x".repeat(bytes)),
        parallel: true,
        ..job(id)
    };
    bench.runs(&job("ended")).completed(&job("ended"), &ok("ended"));
    for number in 0..20 {
        bench.runs(&large(&format!("r{number}"), 100_000 + number));
        assert!(bench.store.bytes() <= 1_000_000);
    }
    bench.runs(&large("small", 1_000));
    let counts = bench.store.counts(false);
    assert_eq!((counts.running, counts.let_go), (21, 0), "none of them is let go itself");
    assert!(bench.task("ended").let_go, "what has ended gives way first");
    let gone = bench.store.tasks().filter(|task| task.let_go).count();
    assert_eq!(counts.texts_let_go, gone);
    assert!((9..=13).contains(&gone), "{gone}");
    // The newest was the largest, so it went; a small one is not worth it.
    assert!(bench.task("r19").payload.is_none() && bench.task("small").payload.is_some());
    // What it gives back is news.
    let reply = ok("r19");
    bench.completed(&large("r19", 100_019), &reply);
    assert_eq!(bench.task("r19").reply.as_ref().map(|reply| &*reply.text), Some(&*reply));
    check(&bench.store, bench.now);
}

#[test]
fn less_room_lets_the_oldest_go_at_once_and_ended_rows_after_all_texts() {
    let mut bench = Bench::with(Limits { ended_tasks: 1_000, memory: 10_000_000 });
    for number in 0..500 {
        let id = format!("t{number}");
        bench.runs(&job(&id)).completed(&job(&id), &ok(&id));
    }
    assert_eq!(bench.store.counts(false).texts_let_go, 0);
    bench.store.allow(500 * ROW + 10_000);
    let kept = |bench: &Bench| bench.store.tasks().filter(|task| task.reply.is_some()).count();
    assert!((5..200).contains(&kept(&bench)), "{}", kept(&bench));
    assert!(bench.task("t499").reply.is_some(), "the newest stays");
    assert_eq!(bench.store.kept(), 500);
    let revision = bench.store.revision();
    bench.store.allow(300 * ROW);
    assert!(bench.store.bytes() <= 300 * ROW && bench.store.kept() > 290);
    assert_eq!(bench.store.counts(false).let_go, 500 - bench.store.kept());
    assert!(bench.store.revision() > revision, "the count on the screen moves");
    check(&bench.store, bench.now);
}

#[test]
fn what_travels_to_the_scheduler_and_examples_of_types_are_bounded_by_bytes() {
    let mut bench = Bench::new();
    let payload = format!(r#"{{"task_payload": {{"x": "{}"}}}}"#, "x".repeat(900_000));
    for number in 0..100 {
        let id = format!("c{number}");
        let kind = "ScheduleTask".into();
        bench.runs(&Job { target: TASK_MANAGER.into(), kind, payload: payload.clone(), ..job(&id) });
    }
    assert!((7 << 20..=8 << 20).contains(&bench.store.loads), "{}", bench.store.loads);
    for number in 0..200 {
        let payload = format!(r#"{{"x": "{}"}}"#, "x".repeat(200_000));
        let id = format!("t{number}");
        let service = format!("service{}", number / 50);
        let job =
            Job { target: service, kind: format!("K{number}"), payload, name: String::new(), ..job(&id) };
        bench.runs(&job);
    }
    assert!((7 << 20..=8 << 20).contains(&bench.store.examples), "{}", bench.store.examples);
    check(&bench.store, bench.now);
}

#[test]
fn tasks_of_the_history_at_hand_are_bounded_by_bytes() {
    let mut bench = Bench::new();
    for number in 0..10 {
        let id = format!("old{number}");
        bench.runs(&job(&id)).completed(&job(&id), &ok(&id));
        let mut task = bench.task(&id).clone();
        task.key = TaskKey(format!("past{number}").into());
        task.payload = Some("x".repeat(5 << 20).into());
        bench.store.recall(task);
    }
    let at_hand = |number: usize| bench.store.is_recalled(&TaskKey(format!("past{number}").into()));
    assert_eq!((0..10).filter(|number| at_hand(*number)).collect::<Vec<_>>(), [7, 8, 9]);
}

#[test]
fn unknown_tasks_are_bounded_too() {
    let mut bench = Bench::with(Limits { ended_tasks: 50, memory: 1 << 22 });
    for number in 0..200 {
        bench.runs(&job(&format!("t{number}")));
    }
    assert_eq!(bench.store.counts(false).running, 200);
    bench.give(Input::BusLink(false));
    assert_eq!((bench.store.counts(false).unknown, bench.store.counts(false).let_go), (50, 150));
    check(&bench.store, bench.now);
}

#[test]
fn schedule_tasks_that_never_end_are_bounded() {
    let mut bench = Bench::new();
    for number in 0..2_000 {
        let carrier =
            Job { target: TASK_MANAGER.into(), kind: "ScheduleTask".into(), ..job(&format!("c{number}")) };
        bench.runs(&carrier);
    }
    assert!(bench.store.carriers.len() <= 256);
    assert_eq!(bench.store.carriers.len(), bench.store.carrier_order.len());
    assert_eq!(bench.keys().len(), 0);
}

#[test]
fn many_runs_of_one_id() {
    let mut bench = Bench::with(Limits { ended_tasks: 100, memory: 1 << 22 });
    for number in 0..2_000 {
        let job = Job { time: format!("time {number}"), ..job("1") };
        bench.runs(&job).completed(&job, &error("1", "E", &number.to_string()));
    }
    assert_eq!(bench.keys().len(), 100);
    assert_eq!(bench.keys()[0], "1#2000");
    assert_eq!(bench.task("1").failure().unwrap().evalue.as_deref(), Some("1999"));
}

/// Every index agrees with the rows.
pub fn check(store: &Store, now: Now) {
    let (mut tally, mut bytes, mut listed_bytes, mut open) = ([Counts::default(); 2], 0, 0, 0);
    let mut open_bytes = 0;
    for (id, row) in &store.rows {
        let task = &row.task;
        let count = &mut tally[usize::from(task.kept_back())];
        match task.state {
            State::Scheduled | State::Waiting => count.waiting += 1,
            State::Running { .. } => count.running += 1,
            State::Unknown if task.reason == Some(Reason::PutAway) => {}
            State::Unknown => count.unknown += 1,
            State::Ended => count.failed += usize::from(task.outcome == Some(Outcome::Failed)),
        }
        assert_eq!(task.outcome.is_some(), task.state == State::Ended, "{task:?}");
        assert!(task.state != State::Unknown || task.reason.is_some());
        assert_eq!(store.keys.get(&task.key.0), Some(id));
        assert_eq!(row.finish.is_some(), matches!(task.state, State::Ended | State::Unknown));
        assert!(row.finish.is_none_or(|at| store.finished.get(&at) == Some(id)));
        assert!(row.timer.is_none_or(|(at, _)| store.timers.contains(&(at, *id))));
        assert!(row.change.is_none_or(|at| store.changed.get(&at) == Some(id)));
        open += usize::from(row.finish.is_none());
        open_bytes += if row.finish.is_none() { texts_of(task) } else { 0 };
        if task.scheduled_task_id.is_some() {
            listed_bytes += task.reply.as_ref().map_or(0, |reply| reply.text.len());
        }
        if row.finish.is_some() {
            bytes += if task.name.len() > 4_000 { task.name.len() } else { 0 };
            let texts = [&task.payload, &task.metadata];
            bytes += texts.into_iter().flatten().map(|text| text.len()).sum::<usize>();
            bytes += task.reply.as_ref().map_or(0, |reply| reply.text.len());
        }
    }
    for (mine, theirs) in tally.iter().zip(&store.tally) {
        assert_eq!(mine, theirs);
    }
    assert!(store.text_bytes >= bytes && store.text_bytes <= store.limits.memory.max(bytes));
    assert_eq!(store.open_bytes, open_bytes);
    assert!(store.large_open.iter().all(|(bytes, id)| texts_of(&store.rows[id].task) == *bytes));
    // All but rows that run or wait gives way, and what is known of the lab beside them, which has a bound of its own.
    let left = open * ROW + store.loads + store.examples + open_bytes + store.beside.bytes();
    assert!(store.bytes() <= store.limits.memory.max(left), "{} of {}", store.bytes(), store.limits.memory);
    let loads = store.carriers.values().map(super::super::schedule::Carrier::bytes).sum::<usize>();
    assert_eq!(store.loads, loads);
    let examples = store.stations.iter().flat_map(|station| station.types.values());
    assert_eq!(store.examples, examples.map(super::super::types::Use::bytes).sum::<usize>());
    assert_eq!(store.scheduler_bytes(), listed_bytes);
    assert_eq!(store.finished.len() + open, store.rows.len());
    assert!(store.finished.len() <= store.limits.ended_tasks);
    assert_eq!(store.keys.len(), store.rows.len());
    assert!(store.ids.values().all(|id| store.rows.contains_key(id)));
    assert!(store.changed.values().all(|id| store.rows.contains_key(id)));
    let mut listed = 0;
    for station in &store.stations {
        let lanes = store.lanes(&station.service.name, true, now);
        listed += station.waiting.len() + station.running.len() + station.unknown.len();
        listed += station.ended[0].len() + station.ended[1].len();
        let runs = lanes.holders.iter().chain(&lanes.parallel).filter(|task| task.started.is_some()).count();
        assert!(runs >= station.running.len());
        assert_eq!(lanes.slot == Slot::Taken, !lanes.holders.is_empty());
        assert_eq!(lanes.hidden, 0);
        assert!(
            lanes.ended.iter().all(|task| task.state == State::Ended || task.reason == Some(Reason::PutAway))
        );
        for station in [&station.waiting, &station.running, &station.unknown] {
            assert!(station.iter().all(|id| store.rows.contains_key(id)));
        }
    }
    assert_eq!(listed, store.rows.len());
}
