//! What is usual: which runs count, by which likeness, how often, and for how much memory.

use std::time::Instant;

use super::{super::usual::*, *};

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A task of `lab` with these values.
fn measure(id: &str, qubit: &str, averages: u32) -> Job {
    Job {
        target: "lab".into(),
        name: format!("Measure: qubit='{qubit}', averages={averages}"),
        kind: "Measure".into(),
        payload: format!(r#"{{"qubit": "{qubit}", "averages": {averages}}}"#),
        ..job(id)
    }
}

impl Bench {
    /// Runs it from now on for so many seconds.
    fn ran(&mut self, job: &Job, seconds: f64) -> &mut Bench {
        let reply = ok(&job.id);
        self.runs(job).later(seconds).completed(job, &reply)
    }

    fn later(&mut self, seconds: f64) -> &mut Bench {
        self.at(self.now.mono.as_secs_f64() + seconds)
    }

    #[track_caller]
    fn usual(&self, id: &str) -> Usual {
        self.store.usual(self.task(id)).expect("something is usual")
    }
}

#[test]
fn only_runs_that_were_seen_whole_and_ended_ok_count() {
    let mut b = Bench::new();
    b.ran(&job("a"), 10.0).ran(&job("b"), 2.0);
    b.runs(&job("c")).later(0.1).completed(&job("c"), &error("c", "E", "x"));
    b.completed(&job("late"), &ok("late"));
    // It was started while nobody listened.
    b.give(Input::BusLink(false)).later(7.0).give(Input::BusLink(true)).later(1.0);
    let running = snapshot("s1", &job("s"), ScheduledStatus::Running);
    b.give(Input::Schedule(vec![Ok(running)])).later(5.0);
    b.scheduled("s1", Some("s"), &job("s"), ScheduledStatus::Done);
    assert_eq!(b.end("s1"), OK);
    b.runs(&cell("cell")).later(1.0).completed(&cell("cell"), &cell_error("cell", "KeyError"));
    let next = job("next");
    b.runs(&next);
    assert_eq!(b.store.usual(b.task("next")), None, "two are too few");
    let sample = b.store.sample(b.task("next")).unwrap();
    assert_eq!(sample.lengths().collect::<Vec<_>>(), [secs(2.0), secs(10.0)], "but they are told");
    b.ran(&job("d"), 3.0);
    let usual = b.usual("next");
    assert_eq!((usual.runs, usual.median, usual.low, usual.high), (3, secs(3.0), secs(2.5), secs(6.5)));
    for number in 0..40 {
        b.ran(&job(&format!("e{number}")), 7.0);
    }
    let usual = b.usual("next");
    assert_eq!((usual.runs, usual.median, usual.high), (COUNTED, secs(7.0), secs(7.0)), "the newest count");
}

#[test]
fn the_closest_likeness_that_has_enough_runs_counts() {
    let mut b = Bench::new();
    let mut number = 0;
    let mut run = |b: &mut Bench, qubit: &str, averages: u32, seconds: f64| {
        number += 1;
        b.ran(&measure(&format!("r{number}"), qubit, averages), seconds);
    };
    for (qubit, averages, seconds) in [("q1", 10, 1.0), ("q2", 10, 2.0), ("q3", 20, 30.0)] {
        run(&mut b, qubit, averages, seconds);
    }
    b.runs(&measure("next", "q1", 10));
    assert_eq!((b.usual("next").basis, b.usual("next").median), (Basis::Fields, secs(2.0)));
    run(&mut b, "q4", 10, 3.0);
    assert_eq!((b.usual("next").basis, b.usual("next").median), (Basis::Numbers, secs(2.0)));
    for _ in 0..2 {
        run(&mut b, "q1", 10, 1.5);
    }
    assert_eq!((b.usual("next").basis, b.usual("next").runs), (Basis::Values, 3));
    // Other fields, and no payload at all: only the type is left.
    let other = Job {
        payload: r#"{"qubit": "q1", "window": 5}"#.into(),
        name: "mine".into(),
        ..measure("o", "q1", 1)
    };
    b.runs(&other);
    assert_eq!((b.usual("o").basis, b.usual("o").runs), (Basis::Type, 6));
    // The scheduler's list brings no payload.
    let waits = measure("w", "q1", 10);
    b.give(Input::Schedule(vec![Ok(snapshot("s1", &waits, ScheduledStatus::Queued))]));
    assert_eq!((b.usual("s1").basis, b.usual("s1").runs), (Basis::Name, 3));
    let group = Job { name: format!("{} [scan 2/5 #4f2a]", waits.name), ..waits };
    b.give(Input::Schedule(vec![Ok(snapshot("s2", &group, ScheduledStatus::Queued))]));
    assert_eq!(b.usual("s2").basis, Basis::Name, "the mark of a group is no part of the work");
    for (id, name, basis) in [
        ("s3", "Measure: qubit='q9', averages=10", Basis::NameNumbers),
        ("s4", "Measure: qubit='q1', averages=7", Basis::NameShape),
        ("s5", "Measure: qubit='q9', averages=7", Basis::Type),
    ] {
        let waits = Job { name: name.into(), ..measure("w", "", 0) };
        b.give(Input::Schedule(vec![Ok(snapshot(id, &waits, ScheduledStatus::Queued))]));
        assert_eq!(b.usual(id).basis, basis, "{name}");
    }
    assert_eq!(b.store.usual_of_many(b.task("next")).unwrap().basis, Basis::Fields);
    // Another service is another machine.
    let elsewhere = Job { target: "fridge".into(), ..measure("f", "q1", 10) };
    b.runs(&elsewhere);
    assert_eq!(b.store.sample(b.task("f")), None);
}

#[test]
fn cells_that_run_any_code_are_alike_by_their_code_only() {
    let mut b = Bench::new();
    let raw = |id: &str, code: &str| Job {
        name: format!("RawIPython: raw_code='{code}'"),
        payload: format!(r#"{{"raw_code": "{code}", "code": "{code}", "run_async": false}}"#),
        ..cell(id)
    };
    for (number, code) in ["scan(1)", "scan(20)", "scan(300)"].into_iter().enumerate() {
        b.ran(&raw(&format!("a{number}"), code), 5.0);
    }
    b.runs(&raw("same", "scan(7)")).runs(&raw("other", "import antigravity"));
    assert_eq!(b.usual("same").basis, Basis::Fields);
    // Of what waits in the scheduler's list the code is known by the name.
    let list = [("s1", "scan(45)"), ("s2", "scat(45)")];
    let list = list.map(|(id, code)| Ok(snapshot(id, &raw(id, code), ScheduledStatus::Queued)));
    b.give(Input::Schedule(list.to_vec()));
    assert_eq!((b.usual("s1").basis, b.store.sample(b.task("s2"))), (Basis::NameShape, None));
    assert_eq!(b.store.sample(b.task("other")), None);
    assert_eq!(b.store.usual_of_type("lab", "IPythonTask", "RawIPython"), None);
    let own = |id: &str, code: &str| Job { name: "Scan: amp=1".into(), ..raw(id, code) };
    for number in 0..3 {
        b.ran(&own(&format!("b{number}"), &"f()".repeat(number + 1)), 5.0);
    }
    assert_eq!(b.store.usual_of_type("lab", "IPythonTask", "Scan").unwrap().runs, 3);
}

#[test]
fn a_run_counts_once_wherever_it_was_seen() {
    // A run is known again by its id and its time.
    let run = |id: &str| Job { time: "2026-11-24T20:00:00Z".into(), ..measure(id, "q1", 10) };
    let mut old = Bench::new();
    for number in 0..4 {
        old.ran(&run(&format!("r{number}")), f64::from(number) + 1.0);
    }
    let mut runs: Vec<Run> = old.store.tasks().filter_map(Run::of).collect();
    runs.reverse();
    let mut b = Bench::new();
    // Two of them are seen here too, one of these twice; then the history is read.
    for id in ["r2", "r3"] {
        b.ran(&run(id), 9.0).completed(&run(id), &ok(id));
    }
    let revision = b.store.revision();
    b.store.learn(&runs);
    assert!(b.store.revision() > revision);
    b.runs(&measure("next", "q1", 10));
    let lengths = |b: &Bench| b.store.sample(b.task("next")).unwrap().lengths().collect::<Vec<_>>();
    assert_eq!(lengths(&b), [1.0, 2.0, 9.0, 9.0].map(secs));
    let revision = b.store.revision();
    b.store.learn(&runs);
    assert_eq!((lengths(&b).len(), b.store.revision()), (4, revision), "nothing new");
    // An id that is used again is another run, as its events' time tells.
    let again = Job { time: "2026-11-24T22:00:00Z".into(), ..measure("r3", "q1", 10) };
    let reply = r#"{"id": "r3", "status": "ok", "result": 2}"#;
    b.runs(&again).later(5.0).completed(&again, reply);
    assert_eq!(lengths(&b).len(), 5);
    // A task that ended is compared with the others.
    let sample = b.store.sample(b.task("r3")).unwrap();
    assert_eq!((sample.runs(), sample.lengths().any(|took| took == secs(5.0))), (4, false));
}

#[test]
fn what_was_learned_stands_before_what_was_seen_and_pushes_nothing_out() {
    let mut old = Bench::with(Limits { ended_tasks: 2_000, ..Limits::default() });
    for number in 0..RUNS + 100 {
        old.ran(&measure(&format!("o{number}"), "q1", 10), 1.0);
    }
    let mut runs: Vec<Run> = old.store.tasks().filter_map(Run::of).collect();
    runs.reverse();
    let mut b = Bench::new();
    for number in 0..COUNTED {
        b.ran(&measure(&format!("n{number}"), "q1", 10), 4.0);
    }
    b.store.learn(&runs);
    b.runs(&measure("next", "q1", 10));
    assert_eq!((b.usual("next").low, b.usual("next").high), (secs(4.0), secs(4.0)));
    assert_eq!(b.store.usuals.size(), (RUNS, 1));
}

#[test]
fn a_run_is_long_or_far_too_long_by_the_spread_and_by_a_least_measure() {
    let usual = |low: f64, median: f64, high: f64| Usual {
        basis: Basis::Values,
        runs: 9,
        low: secs(low),
        median: secs(median),
        high: secs(high),
    };
    for (usual, long, far) in [
        // The spread decides.
        (usual(110.0, 120.0, 130.0), 160.0, 190.0),
        // Equal runs have none: a tenth and a half.
        (usual(3600.0, 3600.0, 3600.0), 3960.0, 5400.0),
        // Of short ones seconds count.
        (usual(0.01, 0.02, 0.03), 2.02, 5.02),
        (usual(0.0, 0.0, 0.0), 2.0, 5.0),
    ] {
        assert_eq!(usual.bounds(), [secs(long), secs(far)], "{usual:?}");
        assert_eq!(usual.overrun(secs(long)), Overrun::No);
        assert_eq!(usual.overrun(secs(long + 0.001)), Overrun::Long);
        assert_eq!(usual.overrun(secs(far + 0.001)), Overrun::Far);
    }
    let rough = Usual { basis: Basis::Fields, ..usual(1.0, 1.0, 1.0) };
    assert_eq!(rough.overrun(secs(99.0)), Overrun::No, "its numbers may be why");
    let vast = Usual { low: Duration::ZERO, high: Duration::from_micros(u64::MAX), ..usual(1.0, 1.0, 1.0) };
    assert_eq!(vast.overrun(Duration::from_secs(86_400)), Overrun::No);
}

#[test]
fn what_is_left_is_told_by_the_runs_that_took_longer() {
    let mut b = Bench::new();
    for (number, took) in [10.0, 10.0, 20.0, 60.0].into_iter().enumerate() {
        b.ran(&measure(&format!("r{number}"), "q1", 10), took);
    }
    b.runs(&measure("next", "q1", 10));
    let sample = b.store.sample(b.task("next")).unwrap();
    for (elapsed, left) in
        [(0.0, Some(15.0)), (5.0, Some(10.0)), (10.0, Some(30.0)), (50.0, Some(10.0)), (60.0, None)]
    {
        assert_eq!(sample.left(secs(elapsed)), left.map(secs), "after {elapsed} s");
    }
    assert_eq!(
        (sample.shorter(secs(10.0)), sample.shorter(secs(10.1)), sample.shorter(secs(99.0))),
        (0, 2, 4)
    );
}

#[test]
fn made_up_work_does_not_pile_up() {
    let mut b = Bench::new();
    for number in 0..3_000 {
        let job = Job { kind: format!("T{}", number % 900), ..measure(&format!("{number}"), "q", number) };
        b.ran(&job, 0.1);
    }
    let (runs, kinds) = b.store.usuals.size();
    assert!(kinds == KINDS && runs <= KINDS * RUNS, "{runs} runs of {kinds} kinds");
    let newest = Job { kind: "T299".into(), ..measure("next", "q", 1) };
    b.runs(&newest);
    assert!(b.store.sample(b.task("next")).is_some(), "the ones of long ago made room");
    for number in 0..2 * RUNS as u32 {
        b.ran(&measure(&format!("m{number}"), "q", number), 0.1);
    }
    let (more, kinds) = b.store.usuals.size();
    assert!(more <= runs + RUNS && kinds == KINDS, "{more} runs of {kinds} kinds");
}

use proptest::prelude::*;

proptest! {
    #[test]
    fn quartiles_are_within_the_runs_and_in_order(took in prop::collection::vec(0..5_000_000u32, 1..60), elapsed in 0..6_000_000u32) {
        let mut b = Bench::new();
        for (number, took) in took.iter().enumerate() {
            b.ran(&measure(&format!("r{number}"), "q1", 10), f64::from(*took) / 1e6);
        }
        b.runs(&measure("next", "q1", 10));
        let sample = b.store.sample(b.task("next")).unwrap();
        let lengths: Vec<Duration> = sample.lengths().collect();
        prop_assert_eq!(lengths.len(), took.len().min(COUNTED));
        prop_assert!(lengths.is_sorted());
        let elapsed = secs(f64::from(elapsed) / 1e6);
        if let Some(usual) = sample.usual() {
            let (first, last) = (lengths[0], lengths[lengths.len() - 1]);
            prop_assert!(first <= usual.low && usual.low <= usual.median);
            prop_assert!(usual.median <= usual.high && usual.high <= last);
            let [long, far] = usual.bounds();
            prop_assert!(usual.high < long && long < far);
            let left = sample.left(elapsed);
            prop_assert_eq!(left.is_some(), elapsed < last);
            prop_assert!(left.is_none_or(|left| elapsed + left <= last));
        } else {
            prop_assert!(lengths.len() < FEWEST);
            prop_assert_eq!(sample.left(elapsed), None);
        }
    }
}

/// Prints what it costs: `cargo test --release --lib what_is_usual_costs -- --ignored --nocapture`.
#[test]
#[ignore = "prints measurements"]
#[allow(clippy::disallowed_methods, reason = "it measures")]
fn what_is_usual_costs() {
    let jobs: Vec<Job> = (0..5_000)
        .map(|number| {
            let payload = format!(
                r#"{{"qubit": "q{}", "averages": {}, "sweep": {{"start": 0.0, "stop": 1e-4, "points": {}}}, "note": "as ever"}}"#,
                number % 40, number % 500, number
            );
            Job { payload, ..measure(&format!("r{number}"), &format!("q{}", number % 40), number) }
        })
        .collect();
    let mut b = Bench::new();
    let replies: Vec<String> = jobs.iter().map(|job| ok(&job.id)).collect();
    let mut ends = Duration::ZERO;
    for (job, reply) in jobs.iter().zip(&replies) {
        b.runs(job).later(3.0);
        let start = Instant::now();
        b.completed(job, reply);
        ends += start.elapsed();
    }
    println!("an end, all of it: {:?}", ends / jobs.len() as u32);
    let ended: Vec<&Task> = b.store.tasks().collect();
    let start = Instant::now();
    let runs: Vec<Run> = ended.iter().filter_map(|task| Run::of(task)).collect();
    println!(
        "a run's marks (payload of {} bytes): {:?}",
        jobs[0].payload.len(),
        start.elapsed() / runs.len() as u32
    );
    let mut usuals = Usuals::default();
    let start = Instant::now();
    let new = runs.iter().filter(|run| usuals.add(**run)).count();
    println!("counting it: {:?} ({new} new)", start.elapsed() / runs.len() as u32);
    let kept = usuals.size();
    println!(
        "kept: {kept:?}, {} bytes a run, {} bytes a full kind",
        size_of::<Run>(),
        RUNS * size_of::<Run>()
    );

    for job in &jobs[..100] {
        b.runs(&Job { id: format!("p{}", job.id), parallel: true, ..job.clone() });
    }
    b.runs(&Job { id: "holder".into(), ..jobs[0].clone() });
    let list =
        jobs[..1_000].iter().map(|job| Ok(snapshot(&format!("s{}", job.id), job, ScheduledStatus::Queued)));
    let list = list.collect();
    b.give(Input::Schedule(list));
    let rounds = 50;
    let start = Instant::now();
    for _ in 0..rounds {
        let lanes = b.store.lanes("lab", true, b.now);
        assert_eq!((lanes.parallel.len(), lanes.waiting.len()), (100, 1_000));
    }
    println!("lanes of 100 running and 1,000 waiting: {:?}", start.elapsed() / rounds);
    let start = Instant::now();
    for _ in 0..rounds {
        let outlook = b.store.outlook("lab", b.now);
        assert!(outlook.free.is_some_and(|free| free.tasks == 1_001));
    }
    println!("their outlook (lanes included): {:?}", start.elapsed() / rounds);
    let start = Instant::now();
    let mut known = 0;
    for _ in 0..rounds {
        let lanes = b.store.lanes("lab", true, b.now);
        known += lanes.parallel.iter().filter(|task| b.store.usual(task).is_some()).count();
    }
    println!("what is usual for the 100 that run (lanes included): {:?} ({known})", start.elapsed() / rounds);
}
