//! Stopped by Ctrl-Z for longer than Juice waits for an answer: it pings each 30 s, waits another 30 s, then closes and drops
//! what waits.

use std::time::Duration;

use serde_json::json;

use super::{LARGE, Program, find_row, seen};
use crate::common::{
    client::{Frame, Listener, Tasks},
    juice::Juice,
};

/// Own direct tasks that wait for their slot.
const WAITING: [&str; 3] = ["0.61", "0.62", "0.63"];

/// Case A11.
#[tokio::test]
async fn what_juice_dropped_while_the_program_was_stopped_is_not_even_for_a_frame_shown_as_waiting() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let bus = Listener::open(&juice.url());
    let mut program = Program::in_shell(juice, &[&lane], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    let short = Frame::new(&lane, "Slow", json!({"seconds": 0.1})).named("Slow: seconds=0.1");
    seen(&mut tasks, short).await;
    program.row_with(&lane, &["✔ Slow: seconds=0.1"]);
    // Of the scheduler, so that it needs no connection: it has the slot until the stop is over.
    let holder = Frame::new(&lane, "Slow", json!({"seconds": 100.5})).named("Slow: seconds=100.5");
    tasks.ask(holder.scheduled(None)).await.result();
    tasks.close().await;
    program.row_with(&lane, &["▶ Slow: seconds=100.5"]);
    let mut last = "100.5";
    for seconds in WAITING {
        program.send_slow(&lane, last, seconds, "alt-d");
        program.row_with(&lane, &["· ◆", &format!("Slow: seconds={seconds}")]);
        last = seconds;
    }
    program.type_keys("ctrl-z");
    program.wait_for("what would be lost", |text| {
        let fate =
            |seconds| format!("Slow: seconds={seconds} on {lane} waits and would be dropped without a word");
        text.contains("Stop juicetop?") && WAITING.iter().all(|seconds| text.contains(&fate(seconds)))
    });
    program.type_keys("y");
    program.wait_until_stopped();
    tokio::time::sleep(Duration::from_secs(70)).await;

    let from = program.bytes_so_far().len();
    program.send(b"fg\n");
    let first = program.first_frame_since(from);
    for seconds in WAITING {
        let name = format!("◆ Slow: seconds={seconds}");
        assert!(find_row(&first, &lane, &[&format!("? {name}")]).is_some(), "{name}:\n{first}");
    }
    program.wait_for("the connection", |text| text.contains("● live"));
    program.row_with(&lane, &["✔ Slow: seconds=100.5"]);
    // The slot is free, and none of them takes it.
    let mut tasks = Tasks::connect(&juice.url()).await;
    seen(&mut tasks, Frame::new(&lane, "Slow", json!({"seconds": 0.2})).named("Slow: seconds=0.2")).await;
    program.row_with(&lane, &["✔ Slow: seconds=0.2"]);
    for seconds in WAITING {
        program.row_with(&lane, &[&format!("? ◆ Slow: seconds={seconds}")]);
        let name = format!("Slow: seconds={seconds}");
        let began = bus.seen().iter().any(|event| event.json["task_display_name"] == name.as_str());
        assert!(!began, "{name} was not dropped");
    }
    program.type_keys("q");
    program.wait_for("the shell", |text| !text.contains("● live") && text.trim_end().ends_with('$'));
    program.assert_restored();
}
