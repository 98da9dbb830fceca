//! Task types seen in use.

use super::*;

#[test]
fn types_keep_their_newest_original_payload() {
    let mut bench = Bench::new();
    let (first, second) =
        (job("1"), Job { payload: r#"{"qubit": "q9", "averages": 7, "note": null}"#.into(), ..job("2") });
    bench.at(1.0).runs(&first).completed(&first, &ok("1"));
    bench.at(2.0).runs(&cell("c")).at(3.0).runs(&second).completed(&second, &ok("2"));
    let seen = bench.store.seen_types("fridge");
    assert_eq!(seen.len(), 1);
    let seen = &seen[0];
    assert_eq!((&*seen.task_type, &*seen.class, seen.parallel), ("MeasureT1", "MeasureT1", false));
    assert_eq!(seen.payload.as_deref(), Some(second.payload.as_str()));
    assert_eq!(seen.hidden_fields, ["averages", "note"]);
    let cells = bench.store.seen_types("lab");
    assert_eq!((&*cells[0].task_type, &*cells[0].class), ("IPythonTask", "RawIPython"));
    assert_eq!(cells[0].hidden_fields, ["code", "run_async"]);
    assert_eq!(bench.store.seen_types("nowhere"), []);
}

#[test]
fn newest_types_come_first_and_unknown_ones_not_at_all() {
    let mut bench = Bench::new();
    for (at, kind) in [(1.0, "A"), (2.0, "B"), (3.0, "NoSuch")] {
        let job = Job { kind: kind.into(), ..job(kind) };
        bench.at(at).runs(&job);
        let reply =
            if kind == "NoSuch" { error(kind, "ValueError", "Unknown task type: NoSuch") } else { ok(kind) };
        bench.completed(&job, &reply);
    }
    let classes: Vec<_> =
        bench.store.seen_types("fridge").iter().map(|seen| seen.class.to_string()).collect();
    assert_eq!(classes, ["B", "A"]);
}

#[test]
fn made_up_types_do_not_pile_up() {
    let mut bench = Bench::new();
    for number in 0..5_000 {
        let job = Job {
            kind: format!("T{number}"),
            target: format!("s{}", number % 40),
            payload: format!("\"{}\"", "x".repeat(if number % 2 == 0 { 10 } else { 300_000 })),
            ..job(&format!("{number}"))
        };
        bench.at(f64::from(number)).runs(&job).completed(&job, &ok(&job.id));
    }
    let services: Vec<_> = bench.store.services().map(|service| service.name.clone()).collect();
    let seen: Vec<_> = services.iter().flat_map(|name| bench.store.seen_types(name)).collect();
    assert!(seen.len() <= 512, "{}", seen.len());
    assert!(seen.iter().any(|seen| &*seen.class == "T4998"), "new ones push old ones out");
    assert!(seen.iter().all(|seen| seen.payload.as_ref().is_none_or(|payload| payload.len() < 300_000)));
}

#[test]
fn a_long_cell_counts_by_its_code_and_is_no_example() {
    // The code of a cell is its name.
    let mut bench = Bench::new();
    let long =
        |id: &str| Job { name: format!("RawIPython: raw_code='{}'", "x = 1; ".repeat(1_000)), ..cell(id) };
    for number in 0..3 {
        let job = long(&format!("c{number}"));
        bench.at(f64::from(number) * 10.0).runs(&job);
        bench.at(f64::from(number) * 10.0 + 4.0).completed(&job, &ok(&job.id));
    }
    let next = long("next");
    bench.at(40.0).runs(&next);
    let usual = bench.store.usual(bench.task("next")).unwrap();
    assert_eq!((usual.median, usual.runs), (Duration::from_secs(4), 3));
    assert!(bench.store.usual_size("lab", &"IPythonTask".into(), &"RawIPython".into()).is_some());
    let cells = bench.store.seen_types("lab");
    assert_eq!((&*cells[0].class, cells[0].payload.as_deref()), ("RawIPython", None), "no example");
}
