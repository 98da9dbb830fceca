//! Expected time on the screen: bars, marks, likely starts, and the detail that says where it is from.

use insta::assert_snapshot;

use super::*;
use crate::{
    app::{lanes::Selected, tests::ok},
    store::TaskKey,
    theme::{Depth, Theme, Themes},
    wire::frame::Snapshot,
};

/// A task of `service` whose type is the name's first word.
fn on(service: &str, id: &str, name: &str, payload: &str) -> Job {
    Job {
        service: service.into(),
        kind: name.split(':').next().unwrap_or_default().into(),
        name: name.into(),
        payload: payload.into(),
        ..job(id)
    }
}

fn t1(id: &str) -> Job {
    on("fridge", id, "MeasureT1: qubit='q3'", r#"{"qubit": "q3"}"#)
}

fn beside(id: &str, name: &str) -> Job {
    Job { parallel: true, ..on("fridge", id, name, "{}") }
}

/// `fridge` runs what takes 1:40 since 80 s, three wait, and beside it one is long and one far too long; on `lab` runs
/// what nobody knows, and one waits that took 0:30 once.
fn busy(size: (u16, u16), charset: Charset) -> Bench {
    let settings = Settings { charset, lab: "cellar".into(), ..Settings::default() };
    let mut b = Bench::with(settings, size);
    let run = |b: &mut Bench, job: &Job, took: f64| {
        b.later(1.0).runs(job).later(took).completed(job, &ok(&job.id));
    };
    for (number, took) in [98.0, 100.0, 100.0, 103.0].into_iter().enumerate() {
        run(&mut b, &t1(&format!("t1-{number}")), took);
        run(&mut b, &beside(&format!("drift-{number}"), "Drift"), 60.0);
        run(&mut b, &beside(&format!("ping-{number}"), "Ping"), 0.02);
    }
    run(&mut b, &on("lab", "once", "Tune: amp=1", r#"{"amp": 1}"#), 30.0);
    b.at(1000.0).runs(&beside("ping", "Ping"));
    b.at(1010.0).runs(&beside("drift", "Drift"));
    b.at(1000.0).runs(&t1("holder")).runs(&on("lab", "new", "Scan: n=1", "{}"));
    for (sid, job) in [
        ("s1", t1("a")),
        ("s2", on("fridge", "b", "New: x=1", "{}")),
        ("s3", t1("c")),
        ("s4", on("lab", "d", "Tune: amp=1", "{}")),
    ] {
        b.scheduled(sid, None, &job, "queued");
    }
    b.at(1080.0).msg(Msg::Wake);
    b.take();
    b
}

#[test]
fn a_busy_lab() {
    for (name, size, charset) in [
        ("80x24", (80, 24), Charset::Unicode),
        ("40x12", (40, 12), Charset::Unicode),
        ("200x50", (200, 50), Charset::Unicode),
        ("ascii", (80, 24), Charset::Ascii),
    ] {
        let mut b = busy(size, charset);
        b.go_to("fridge").msg(Msg::Wake);
        assert_snapshot!(format!("usual_{name}"), text(&b));
    }
}

#[test]
fn the_detail_says_where_it_is_from() {
    let mut all = String::new();
    for (what, id, at) in [
        ("within", "holder", 1080.0),
        ("at its end", "holder", 1101.0),
        ("long", "holder", 1120.0),
        ("far too long", "holder", 1400.0),
        ("ended, against the others", "t1-3", 1080.0),
        ("it ran once", "s4", 1080.0),
    ] {
        let mut b = busy((80, 60), Charset::Unicode);
        let service = b.app.store().find(id).unwrap().service.clone();
        b.app.ui.selected = Some(Selected::task(service, TaskKey(id.into())));
        b.key("enter").at(at).msg(Msg::Wake);
        let lines = text(&b);
        let from = lines.find("usual time").unwrap_or_else(|| panic!("nothing usual in\n{lines}"));
        let part: Vec<&str> =
            lines[from..].lines().take_while(|line| !line.is_empty()).map(str::trim_end).collect();
        all.push_str(&format!("== {what}\n {}\n", part.join("\n")));
    }
    assert_snapshot!("usual_details", all);
}

#[test]
fn the_schedule_tells_likely_starts_too() {
    let open = |size| {
        let mut b = busy(size, Charset::Unicode);
        for (sid, job) in [("s1", t1("a")), ("s3", t1("c"))] {
            let entry = format!(
                r#"{{"scheduled_task_id": "{sid}", "task_id": null, "target": "fridge", "task_type": "MeasureT1",
                    "display_name": {:?}, "status": "queued", "run_at": null, "eligible": true, "overdue": false,
                    "submitted_at": "2026-11-24T21:16:40Z", "result": null}}"#,
                job.name
            );
            let snapshot = Some(Snapshot::parse(&entry).unwrap());
            let told = Input::ScheduleEntry { scheduled_task_id: sid.into(), snapshot };
            b.app.session.store.apply(told, b.now);
        }
        b.keys("t");
        b
    };
    let mut b = open((80, 24));
    b.shows("slot free in >3:39, 1 of 4 unknown (4+ runs)").shows("waits  1:20   in ~0:19 (4 runs)");
    open((40, 12)).shows("~0:19 (4)");
}

#[test]
fn runs_with_other_numbers_are_a_rough_guide_without_marks() {
    let mut b = Bench::with(Settings::default(), (80, 50));
    let sleep = |id: &str, seconds: u32| {
        on("fridge", id, &format!("Sleep: s={seconds}"), &format!(r#"{{"s": {seconds}}}"#))
    };
    for (id, seconds) in [("a", 3), ("b", 4), ("c", 3)] {
        b.runs(&sleep(id, seconds)).later(f64::from(seconds)).completed(&sleep(id, seconds), &ok(id));
    }
    b.runs(&sleep("next", 30)).later(12.0).msg(Msg::Wake).shows("0:12 ▕██████▏  ~0:03 (3 alike)");
    b.shows_not("far over").keys("j enter").shows("runs on fridge with the same fields; values may differ");
    b.shows("12.4 s so far, longer than all of them").shows_not("than usual");
}

#[test]
fn nothing_usual_is_said_of_what_never_ran() {
    let mut b = busy((80, 50), Charset::Unicode);
    b.app.ui.selected = Some(Selected::task("lab".into(), TaskKey("new".into())));
    b.key("enter").shows("Scan: n=1").shows_not("usual");
}

#[test]
fn what_takes_far_longer_is_marked_in_colour_and_without() {
    let b = busy((80, 24), Charset::Unicode);
    let row = b.lines().iter().position(|line| line.contains("Ping")).unwrap();
    assert!(b.lines()[row].contains("1:20 far over ~0.0 s (4 runs)"), "{}", b.lines()[row]);
    let cell_of = |theme: &Theme, word: &str| {
        let line = &b.lines()[row];
        let column = line.chars().count() - line[line.find(word).unwrap()..].chars().count();
        b.buffer(theme)[(column as u16, row as u16)].clone()
    };
    // Without colours the words have to do.
    for depth in [Depth::TrueColour, Depth::Ansi256, Depth::Ansi16] {
        let theme = Themes::new([]).load("dark").0.at(depth);
        let far = cell_of(&theme, "far over");
        assert_ne!(far.style(), cell_of(&theme, "Ping").style(), "{depth:?}: it does not stand out");
        assert_eq!(far.style(), cell_of(&theme, "1:20").style());
    }
}

#[test]
fn the_picture_is_made_anew_each_second_while_time_changes_it() {
    let mut b = busy((80, 24), Charset::Unicode);
    let second = |b: &Bench| b.app.wake_at(b.now).unwrap() <= b.now.mono + std::time::Duration::from_secs(1);
    b.shows("slot free in >3:40, 1 of 4 unknown");
    for seconds in 1..=3 {
        assert!(second(&b));
        b.later(1.0).msg(Msg::Wake).shows(&format!("slot free in >3:{}", 40 - seconds));
    }
    // Folded, the service's line still counts down; read, the task's own times do.
    b.go_to("fridge").key("enter").shows("slot free in >3:3").shows_not("MeasureT1");
    b.go_to("lab").key("enter").shows_not("Scan");
    assert!(second(&b));
    let lines = b.lines();
    b.later(1.0).msg(Msg::Wake);
    assert_ne!(lines, b.lines());
}

/// Prints what a frame costs: `cargo test --release --lib a_frame_of_many -- --ignored --nocapture`.
#[test]
#[ignore = "prints measurements"]
#[allow(clippy::disallowed_methods, reason = "it measures")]
fn a_frame_of_many_costs() {
    for known in [false, true] {
        let mut b = Bench::with(Settings::default(), (200, 50));
        let values = |id: &str, n: usize| {
            let name = format!("Measure: qubit='q{}', averages={n}", n % 40);
            on("fridge", id, &name, &format!(r#"{{"qubit": "q{}", "averages": {n}}}"#, n % 40))
        };
        for n in 0..if known { 600 } else { 0 } {
            let job = values(&format!("old-{n}"), n);
            b.later(1.0).runs(&job).later(9.0).completed(&job, &ok(&job.id));
        }
        b.runs(&values("holder", 1));
        for n in 0..100 {
            b.runs(&Job { parallel: true, ..values(&format!("p{n}"), n) });
        }
        for n in 0..1_000 {
            b.scheduled(&format!("s{n}"), None, &values(&format!("w{n}"), n), "queued");
        }
        b.go_to("fridge").later(1.0).msg(Msg::Wake);
        let rounds = 50;
        let start = std::time::Instant::now();
        let panes: usize = (0..rounds).map(|_| b.screen().panes.len()).sum();
        println!("runs known: {known}: {:?} a frame ({panes} panes)", start.elapsed() / rounds);
    }
}
