//! Older versions of Juice, each as it stands in the package index: what works there, and what is said.

use serde_json::json;

use super::{Program, find_row};
use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
    program::run,
};

const SIZE: (u16, u16) = (110, 40);

fn doctor(juice: &Juice) -> String {
    let (config, runtime) = (juice.config_dir().display().to_string(), juice.run_dir().display().to_string());
    run(&["doctor", "--juice-config", &config, "--juice-run", &runtime]).expect(0).stdout
}

/// The oldest whose bus can be watched over WebSocket: all works as with the newest.
#[tokio::test]
async fn with_26_34_1_lanes_are_live_and_the_scheduler_takes_tasks() {
    let Some(juice) = Juice::older("26.34.1", &["bench"]) else { return };
    let mut program = Program::live(&juice, &["bench"], SIZE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    let slow = || Frame::new("bench", "Slow", json!({"seconds": 0.1})).named("Slow: seconds=0.1");
    assert_eq!(tasks.ask(slow()).await.result()["slept"], 0.1);
    program.row_with("bench", &["✔ Slow: seconds=0.1"]);
    program.send_slow("bench", "0.1", "2.5", "");
    program.row_with("bench", &["✔ ◆ Slow: seconds=2.5"]);
    program.leave();
    let text = doctor(&juice);
    assert!(text.contains("at least 26.34.1") && text.contains("scheduler             ok"), "{text}");
}

/// No `/remote-sub` and no scheduler: the bus is heard over ZeroMQ where Juice's files say, tasks go out direct, and nobody keeps
/// a slot.
#[tokio::test]
async fn with_26_28_0_the_bus_is_heard_over_zeromq_and_no_slot_is_believed_in() {
    let Some(mut juice) = Juice::older("26.28.0", &["bench", "lab"]) else { return };
    let mut program = Program::live(&juice, &["bench", "lab"], SIZE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    // A cell, whose outcome is inside its reply.
    let cell = Frame::new("lab", "IPythonTask", json!({"code": "1/0", "run_async": false})).named("Broken");
    assert_eq!(tasks.ask(cell).await.json()["result"]["status"], "error");
    program.row_with("lab", &["✘ Broken"]);
    // Two at once in the sequential lane, which is nobody's fault here.
    let long = Frame::new("bench", "Slow", json!({"seconds": 6.0})).named("Slow: seconds=6.0");
    tasks.send(long).await;
    program.row_with("bench", &["▶ Slow: seconds=6.0"]);
    let short = Frame::new("bench", "Slow", json!({"seconds": 0.1})).named("Slow: seconds=0.1");
    tasks.ask(short).await;
    program.row_with("bench", &["✔ Slow: seconds=0.1"]);
    let text = program.text();
    assert!(find_row(&text, "bench", &["▶ Slow: seconds=6.0"]).is_some(), "{text}");
    assert!(text.contains("no slot kept") && !text.contains("given away"), "{text}");
    program.row_with("bench", &["✔ Slow: seconds=6.0"]);
    // One's own: direct, as no scheduler is there, and that is said.
    program.compose("bench", "slo", "Slow");
    program.wait_for("the way", |text| text.contains("this Juice has no scheduler"));
    program.type_keys("esc");
    let ended = run(&["submit", "--url", &juice.url(), "bench", "Slow", "seconds=0.2", "--wait"]).expect(0);
    assert!(ended.stdout.contains("slept"), "{}", ended.stdout);
    program.row_with("bench", &["✔ Slow: seconds=0.2"]);

    let text = doctor(&juice);
    for words in [
        "bus                   none",
        "bus (ZeroMQ)          ok",
        "at least 26.26.1, older than 26.29.0",
        "All is well.",
    ] {
        assert!(text.contains(words), "{words:?} is not in:\n{text}");
    }
    // The bus goes with its task manager and comes back with it.
    juice.kill_service("task-manager");
    program.wait_for("the loss", |text| text.contains("lost since"));
    juice.restart_service("task-manager");
    program.wait_until_it_hears();
    let mut tasks = Tasks::connect(&juice.url()).await;
    tasks.ask(Frame::new("bench", "Slow", json!({"seconds": 0.3})).named("Slow: seconds=0.3")).await;
    program.row_with("bench", &["✔ Slow: seconds=0.3"]);
    program.leave();
}
