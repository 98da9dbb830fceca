//! The schedule by keyboard: marking, cancelling, moving, editing, and moving what is just about to start.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    thread,
    time::{Duration, Instant},
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{LARGE, Program, find_row};
use crate::common::{
    client::{Bus, Frame, Tasks},
    juice::Juice,
};

/// A year that no test sees.
const NEVER: &str = "2099-01-01T06:00:00+01:00";

async fn schedule_slow(tasks: &mut Tasks, lane: &str, name: &str, run_at: Option<&str>) -> String {
    let slow = Frame::new(lane, "Slow", json!({"seconds": 0.2})).named(&format!("Slow: {name}"));
    let snapshot = tasks.ask(slow.scheduled(run_at)).await.result();
    snapshot["scheduled_task_id"].as_str().expect("an id").to_owned()
}

/// The scheduler's entries for a service.
async fn entries(tasks: &mut Tasks, service: &str) -> Vec<Value> {
    let list =
        tasks.ask(Frame::new("task-manager", "GetScheduledTasks", json!({})).parallel()).await.result();
    let of_service = |entry: &&Value| entry["target"] == service;
    list.as_array().expect("a list").iter().filter(of_service).cloned().collect()
}

/// How many entries of that name stand in that status.
fn count(entries: &[Value], name: &str, status: &str) -> usize {
    let name = format!("Slow: {name}");
    entries.iter().filter(|e| e["display_name"] == name.as_str() && e["status"] == status).count()
}

/// A lane whose slot is held for that long, with `one`, `two`, `three` behind it in the scheduler's list, and the
/// schedule open on `one`.
async fn open(juice: &Juice, held: f64) -> (String, Program, Tasks, String) {
    let lane = juice.lane();
    let mut program = Program::live(juice, &[&lane], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    let holder = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": held})).named("Slow: holder")).await;
    program.row_with(&lane, &["▶ Slow: holder"]);
    for name in ["one", "two", "three"] {
        schedule_slow(&mut tasks, &lane, name, None).await;
    }
    program.row_with(&lane, &["3 ◷", "Slow: three"]);
    program.type_keys("t");
    program.wait_for("the schedule", |text| {
        text.contains(" Schedule ") && text.contains("Slow: three") && text.contains("holds the slot")
    });
    // Below the holder.
    program.type_keys("g j");
    (lane, program, tasks, holder)
}

/// What stands below a service, up to the next one: other tests have tasks of the same names.
fn below(text: &str, service: &str) -> String {
    let rows = text.lines().skip_while(|line| line.trim_start().split(' ').next() != Some(service)).skip(1);
    rows.take_while(|row| !row.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Where rows with these words stand among each other, from the top.
fn order(text: &str, words: &[&str]) -> Vec<String> {
    let mut places: Vec<(usize, &str)> = words
        .iter()
        .filter_map(|word| {
            text.lines().position(|line| line.contains(&format!("Slow: {word}"))).zip(Some(*word))
        })
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(_, word)| word.to_owned()).collect()
}

#[tokio::test]
async fn marked_tasks_are_cancelled_together() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program, mut tasks, holder) = open(juice, 30.0).await;
    program.type_keys("space space x");
    let question = program.wait_for("the question", |text| text.contains("Cancel these 2 scheduled tasks?"));
    for name in ["one", "two"] {
        assert!(question.contains(&format!("Slow: {name} on {lane}")), "{question}");
    }
    program.type_keys("enter");
    program.wait_for("the answer no", |text| !text.contains("Cancel these 2"));
    assert_eq!(count(&entries(&mut tasks, &lane).await, "one", "queued"), 1);
    program.type_keys("x");
    program.wait_for("the question", |text| text.contains("Cancel these 2"));
    program.type_keys("y");
    program.wait_for("what came of it", |text| text.contains("cancelled: 2"));
    let list = entries(&mut tasks, &lane).await;
    let standing = ["one", "two", "three"].map(|name| count(&list, name, "cancelled"));
    assert_eq!(standing, [1, 1, 0], "{list:?}");
    tasks.reply(&holder).await.result();
    // The third one runs. Marked and cancelled after its start it would only be told that it goes on.
    program.wait_for("the end of all", |text| !below(text, &lane).contains("Slow: three"));
    program.type_keys("a g");
    program.wait_for("the ended ones", |text| {
        let ours = below(text, &lane);
        ["⊘ Slow: one", "✔ Slow: three", "cancelled"].iter().all(|words| ours.contains(words))
    });
    program.type_keys("esc");
    program.leave();
}

#[tokio::test]
async fn a_running_one_is_said_to_go_on() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut program = Program::live(juice, &[&lane], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    let slow = Frame::new(&lane, "Slow", json!({"seconds": 9})).named("Slow: long");
    tasks.ask(slow.scheduled(None)).await.result();
    program.row_with(&lane, &["▶ Slow: long"]);
    program.type_keys("t");
    program.wait_for("the schedule", |text| text.contains("holds the slot"));
    program.type_keys("g x");
    program.wait_for("the question", |text| {
        text.contains("it will not be stopped") && text.contains("says yes to that all the same")
    });
    program.type_keys("y");
    program.wait_for("what came of it", |text| text.contains("it had started and runs on: Slow: long"));
    program.type_keys("esc");
    program.row_with(&lane, &["✔ Slow: long"]);
    program.leave();
}

#[tokio::test]
async fn a_moved_task_starts_in_its_new_place() {
    let Some(juice) = Juice::shared() else { return };
    let mut bus = Bus::open(&juice.url()).await;
    let (lane, mut program, mut tasks, holder) = open(juice, 30.0).await;
    // From the first that waits to the last of this lane; other tests have theirs below.
    program.type_keys("j j K K");
    let text = program.wait_for("the new order", |text| text.contains("moves it here"));
    assert_eq!(order(&below(&text, &lane), &["one", "two", "three"]), ["three", "one", "two"], "{text}");
    program.type_keys("enter");
    program.wait_for("the question", |text| {
        text.contains("Move this scheduled task?")
            && text.contains("It overtakes Slow: one, Slow: two.")
            && text.contains("under another id")
    });
    program.type_keys("y");
    program.wait_for("what came of it", |text| text.contains("cancelled and submitted anew"));
    let taken = |text: &str| text.contains("◆ Slow: three") && !text.contains("on its way");
    let text = program.wait_for("the new row", taken);
    assert_eq!(order(&below(&text, &lane), &["one", "two", "three"]), ["three", "one", "two"], "{text}");
    tasks.reply(&holder).await.result();
    program.wait_for("the end of all", |text| !below(text, &lane).contains("Slow: two"));
    bus.until_heard(&juice.url()).await;
    let started: Vec<&str> = bus
        .seen
        .iter()
        .filter(|event| event.json["task_target"] == lane.as_str() && event.json["task_state"] == "started")
        .filter_map(|event| event.json["task_display_name"].as_str())
        .collect();
    assert_eq!(started, ["Slow: holder", "Slow: three", "Slow: one", "Slow: two"]);
    let list = entries(&mut tasks, &lane).await;
    assert_eq!((count(&list, "three", "cancelled"), count(&list, "three", "done")), (1, 1), "{list:?}");
    program.type_keys("esc");
    program.leave();
}

#[tokio::test]
async fn an_edited_task_runs_as_it_was_edited_and_once() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program, mut tasks, holder) = open(juice, 30.0).await;
    program.type_keys("e");
    program.wait_for("the composer", |text| text.contains("Submit to") && text.contains("0.2"));
    program.retype("0.2", "0.3");
    program.wait_for("the new name", |text| text.contains("Slow: seconds=0.3"));
    // Not before tomorrow, and then not so late after all.
    program.type_keys("f6");
    program.type_text("in 50h");
    program.wait_for("the moment", |text| text.contains("not before") && text.contains("in 2 d 1 h"));
    program.type_keys("enter f6 ctrl-u");
    program.type_text("now");
    program.wait_for("the moment", |text| text.contains("as soon as its turn comes"));
    program.type_keys("enter");
    // A send key that comes at once after another key counts for a paste.
    program.wait_for("the composer", |text| !text.contains("as soon as its turn comes"));
    program.type_keys("ctrl-s");
    program.wait_for("the question", |text| {
        text.contains("Replace this scheduled task?") && text.contains("takes the place of Slow: one")
    });
    program.type_keys("y");
    program.wait_for("the schedule", |text| text.contains("◆ Slow: seconds=0.3"));
    tasks.reply(&holder).await.result();
    program.wait_for("the end of it", |text| !below(text, &lane).contains("Slow: seconds=0.3"));
    let list = entries(&mut tasks, &lane).await;
    assert_eq!(count(&list, "one", "cancelled"), 1, "{list:?}");
    let edited: Vec<&Value> = list.iter().filter(|e| e["display_name"] == "Slow: seconds=0.3").collect();
    assert_eq!(edited.len(), 1, "{list:?}");
    assert_eq!(edited[0]["result"]["result"]["slept"], 0.3, "{list:?}");
    program.type_keys("esc");
    program.leave();
}

/// Each round moves a task to behind one of a far year, and says yes at about the moment at which the scheduler starts
/// it. Whatever wins, it must run once or wait once, and where it was too late the person must be told.
#[tokio::test]
async fn a_race_between_the_start_and_the_move_never_runs_a_task_twice_nor_loses_it() {
    const ROUNDS: i64 = 12;
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut program = Program::live(juice, &[&lane], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    schedule_slow(&mut tasks, &lane, "far", Some(NEVER)).await;
    program.row_with(&lane, &["Slow: far"]);
    program.type_keys("t");
    program.wait_for("the schedule", |text| text.contains(" Schedule ") && text.contains("Slow: far"));
    let mut told = BTreeMap::new();
    for round in 0..ROUNDS {
        let name = format!("round-{round}");
        // Time to ask, on a busy machine. The scheduler looks once a second: its tick comes up to a second after this.
        let due = Utc::now() + TimeDelta::milliseconds(5_000);
        let at = due.to_rfc3339_opts(SecondsFormat::Micros, true);
        schedule_slow(&mut tasks, &lane, &name, Some(&at)).await;
        // With its moment (before the scheduler has told that it has no place), and on top: the one before has ended.
        program.wait_for("the row", |text| {
            let row = text.lines().find(|line| line.contains(&format!("Slow: {name}")));
            row.is_some_and(|row| row.contains("in 0:")) && !text.contains("▶ Slow: round-")
        });
        program.type_keys("g J");
        program.wait_for("the place", |text| text.contains("moves it here"));
        program.type_keys("enter");
        program.wait_for("the question", |text| {
            text.contains("Move this scheduled task?") && text.contains(&format!("Slow: {name} on"))
        });
        // From 0.2 s before it is due to 1.2 s after.
        sleep_until(due + TimeDelta::milliseconds(-200 + round * 1_400 / (ROUNDS - 1)));
        program.type_keys("y");
        let text = program.wait_for("what came of it", |text| {
            !text.contains("Move this scheduled task?")
                && ["submitted anew", "does not wait any more"].iter().any(|words| text.contains(words))
        });
        let moved = text.contains("cancelled and submitted anew");
        let said =
            text.contains("nothing was submitted anew") || text.contains("nothing was sent in its place");
        assert!(moved != said, "{text}");
        told.insert(name, moved);
        // What was said goes with the next key.
        program.type_keys("g");
        program.wait_for("the line free again", |text| !text.contains("submitted anew"));
    }
    thread::sleep(Duration::from_secs(3));
    let list = entries(&mut tasks, &lane).await;
    let mut report = String::new();
    for (name, moved) in &told {
        let of_it = |e: &&Value| e["display_name"] == format!("Slow: {name}").as_str();
        let ran = list.iter().filter(of_it).filter(|e| !e["task_id"].is_null()).count();
        let waits =
            list.iter().filter(of_it).filter(|e| e["task_id"].is_null() && e["status"] == "queued").count();
        let _ = writeln!(report, "{name}: told moved: {moved}, ran {ran}, waits {waits}");
        assert_eq!(ran + waits, 1, "{name} is there once, run or waiting:\n{report}\n{list:#?}");
        assert_eq!(*moved, waits == 1, "what was told is so:\n{report}\n{list:#?}");
    }
    eprintln!("{report}");
    let moved = told.values().filter(|moved| **moved).count();
    assert!((1..told.len()).contains(&moved), "both must have won some rounds:\n{report}");
    program.type_keys("esc");
    program.leave();
}

fn sleep_until(at: DateTime<Utc>) {
    thread::sleep((at - Utc::now()).to_std().unwrap_or_default());
}

/// The scheduler keeps every result: here 20 MB of them. The list comes in one message, and keys are answered meanwhile.
#[tokio::test]
async fn a_list_of_twenty_megabytes_is_shown_and_delays_no_key() {
    let Some(juice) = Juice::private(&["bench"]) else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        let large = Frame::new("bench", "Big", json!({"size": 1_000_000})).named(&format!("Big: {n}"));
        let snapshot = tasks.ask(large.scheduled(None)).await.result();
        ids.push(snapshot["scheduled_task_id"].as_str().expect("an id").to_owned());
    }
    schedule_slow(&mut tasks, "bench", "last", Some(NEVER)).await;
    let end = Instant::now() + Duration::from_secs(90);
    for id in ids {
        let done = loop {
            let question = Frame::new("task-manager", "GetScheduledTask", json!({"scheduled_task_id": id}));
            let snapshot = tasks.ask(question.parallel()).await.result();
            if snapshot["status"] == "done" || Instant::now() > end {
                break snapshot["status"].clone();
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        };
        assert_eq!(done, "done");
    }
    let mut program = Program::live(&juice, &["bench"], LARGE);
    program.type_keys("t");
    program.wait_for("the schedule", |text| text.contains(" Schedule "));
    // Keys all the while: each is answered by another screen.
    let mut slowest = Duration::ZERO;
    let mut ended = false;
    let end = Instant::now() + Duration::from_secs(60);
    while !program.text().contains("Slow: last") {
        assert!(Instant::now() < end, "{}", program.text());
        ended = !ended;
        let pressed = Instant::now();
        program.send(if ended { b"/" } else { b"\x1b" });
        program.wait_for("the filter's line", |text| text.contains(" filter / ") == ended);
        slowest = slowest.max(pressed.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    eprintln!("the slowest key took {slowest:?}");
    // The list takes seconds in a build that is not optimised; on a busy machine a key may take a part of one.
    assert!(slowest < Duration::from_millis(1_000), "a key took {slowest:?}");
    if ended {
        program.type_keys("esc");
    }
    let text = program.wait_for("the size", |text| text.contains("list of 20"));
    assert!(find_row(&text, "bench", &["Slow: last"]).is_some() || text.contains("Slow: last"), "{text}");
    program.type_keys("ctrl-r");
    program.wait_for("the question", |text| text.contains("router stands still"));
    program.type_keys("n a");
    program.wait_for("the ended ones", |text| text.contains("✔ Big: 19"));
    program.type_keys("esc");
    program.leave();
}
