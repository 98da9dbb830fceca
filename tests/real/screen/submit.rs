//! Deeds by keyboard: sending, cancelling, leaving, and the guard before what moves hardware.

use std::{thread, time::Duration};

use serde_json::json;

use super::{LARGE, Program, block, find_row, seen};
use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
    proxy::Port,
    pty::Screen,
};

/// A lane of which the program has seen a `Slow` with `"seconds": 0.1`, and a colleague's client.
async fn with_slow(juice: &Juice) -> (String, Program, Tasks) {
    let lane = juice.lane();
    let program = Program::live(juice, &[&lane], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    let slow = Frame::new(&lane, "Slow", json!({"seconds": 0.1})).named("Slow: seconds=0.1");
    seen(&mut tasks, slow).await;
    program.row_with(&lane, &["✔ Slow: seconds=0.1"]);
    (lane, program, tasks)
}

impl Program {
    /// Composes a `Slow` of that many seconds and sends it, after the keys given. It is filled in as the last one was.
    pub(super) fn send_slow(&mut self, lane: &str, last: &str, seconds: &str, keys: &str) {
        self.compose(lane, "slo", "Slow");
        self.wait_for("the last payload", |text| text.contains(&format!("\"seconds\": {last}")));
        self.retype(last, seconds);
        self.type_keys(keys);
        self.wait_for("the value in the name", |text| text.contains(&format!("Slow: seconds={seconds}")));
        self.press_send("that it goes out", |text| {
            !text.contains("Submit to") || text.contains("Send Slow to ")
        });
    }

    /// Waits for the lanes after a task was sent; its row, which stands there from the first frame.
    fn row_at_once(&self, lane: &str, name: &str) -> String {
        let text = self.wait_for("the lanes", |text| !text.contains("Submit to"));
        find_row(&text, lane, &[&format!("◆ {name}")]).unwrap_or_else(|| panic!("no row yet:\n{text}"))
    }
}

/// The scheduler's entries for a service.
async fn schedule(tasks: &mut Tasks, service: &str) -> Vec<serde_json::Value> {
    let list =
        tasks.ask(Frame::new("task-manager", "GetScheduledTasks", json!({})).parallel()).await.result();
    let of_service = |entry: &&serde_json::Value| entry["target"] == service;
    list.as_array().expect("a list").iter().filter(of_service).cloned().collect()
}

#[tokio::test]
async fn a_task_typed_here_goes_through_the_scheduler_and_ends() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program, mut tasks) = with_slow(juice).await;
    program.compose(&lane, "slo", "Slow");
    program.retype("0.1", "2.5");
    let text = program.wait_for("the value in the name", |text| text.contains("Slow: seconds=2.5"));
    assert!(text.contains("way    scheduled") && text.contains("lane   sequential"), "{text}");
    program.type_keys("ctrl-s");
    program.row_at_once(&lane, "Slow: seconds=2.5");
    program.row_with(&lane, &["▶ ◆ Slow: seconds=2.5"]);
    program.row_with(&lane, &["✔ ◆ Slow: seconds=2.5"]);
    let entries = schedule(&mut tasks, &lane).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["status"], "done", "{entries:?}");
    assert_eq!(entries[0]["result"]["result"]["slept"], 2.5, "{entries:?}");
    assert_eq!(
        program.text().matches("◆ Slow: seconds=2.5").count(),
        1,
        "one row a task:\n{}",
        program.text()
    );
    program.leave();
}

#[tokio::test]
async fn a_scheduled_task_waits_behind_a_running_one_and_then_runs() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program, mut tasks) = with_slow(juice).await;
    let before =
        tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 8})).named("Slow: seconds=8.0")).await;
    program.row_with(&lane, &["sequential ▶ Slow: seconds="]);
    program.send_slow(&lane, "8", "0.7", "");
    program.row_at_once(&lane, "Slow: seconds=0.7");
    program.row_with(&lane, &[" 1 ◷ ◆ Slow: seconds=0.7"]);
    tasks.reply(&before).await.result();
    program.row_with(&lane, &["✔ ◆ Slow: seconds=0.7"]);
    let text = program.text();
    let rows = block(&text, &lane).into_iter().filter(|row| row.contains("Slow: seconds=0.7"));
    assert_eq!(rows.count(), 1, "{text}");
    program.leave();
}

#[tokio::test]
async fn a_direct_task_beside_others_runs_at_once() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program, _tasks) = with_slow(juice).await;
    // Alt-D: direct. Alt-P: parallel.
    program.send_slow(&lane, "0.1", "3", "alt-d alt-p");
    program.row_at_once(&lane, "Slow: seconds=3");
    program.row_with(&lane, &["parallel   ▶ ◆ Slow: seconds=3"]);
    program.row_with(&lane, &["✔ ◆ Slow: seconds=3"]);
    program.leave();
}

/// Of a plain service's death Juice tells only those who have a task there. What our reply tells holds for all of them.
#[tokio::test]
async fn a_plain_service_that_is_killed_loses_the_tasks_of_others_too() {
    let Some(mut juice) = Juice::private(&["bench"]) else { return };
    let mut program = Program::live(&juice, &["bench"], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    let slow =
        |seconds: f64, name: &str| Frame::new("bench", "Slow", json!({"seconds": seconds})).named(name);
    seen(&mut tasks, slow(0.1, "Slow: seconds=0.1")).await;
    program.row_with("bench", &["✔ Slow: seconds=0.1"]);
    tasks.send(slow(300.0, "Slow: seconds=300.0").parallel()).await;
    program.row_with("bench", &["parallel", "▶ Slow: seconds=300.0"]);
    program.send_slow("bench", "300.0", "301", "alt-d alt-p");
    program.row_with("bench", &["▶ ◆ Slow: seconds=301"]);
    juice.kill_service("bench");
    program.row_with("bench", &["✘ ◆ Slow: seconds=301", "lost connection"]);
    program.row_with("bench", &["? Slow: seconds=300.0"]);
    let text = program.wait_for("what is wrong with it", |text| text.contains("its tasks were lost"));
    assert!(text.contains("0 running") && text.contains("1 unknown"), "{text}");
    juice.restart_service("bench");
    seen(&mut tasks, slow(0.2, "Slow: seconds=0.2")).await;
    program.row_with("bench", &["✔ Slow: seconds=0.2"]);
    program.wait_for("nothing wrong with it", |text| !text.contains("its tasks were lost"));
    program.leave();
}

#[tokio::test]
async fn x_cancels_a_waiting_task_after_a_question() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program, mut tasks) = with_slow(juice).await;
    let before =
        tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 30})).named("Slow: seconds=30.0")).await;
    program.row_with(&lane, &["sequential ▶ Slow: seconds="]);
    program.send_slow(&lane, "30", "0.7", "");
    program.row_with(&lane, &[" 1 ◷ ◆ Slow: seconds=0.7"]);
    // The selection has followed what was sent.
    program.type_keys("x");
    let question = program.wait_for("the question", |text| {
        text.contains("Cancel this scheduled task?") && text.contains("keep it")
    });
    assert!(question.contains(&format!("Slow: seconds=0.7 on {lane}")), "{question}");
    // Enter says no.
    program.type_keys("enter");
    program.wait_for("the answer no", |text| !text.contains("Cancel this scheduled task?"));
    program.row_with(&lane, &[" 1 ◷ ◆ Slow: seconds=0.7"]);
    program.type_keys("x");
    program.wait_for("the question again", |text| text.contains("Cancel this scheduled task?"));
    program.type_keys("y");
    program.row_with(&lane, &["⊘ ◆ Slow: seconds=0.7", "cancelled"]);
    assert_eq!(schedule(&mut tasks, &lane).await[0]["status"], "cancelled");
    tasks.reply(&before).await.result();
    program.row_with(&lane, &["⊘ ◆ Slow: seconds=0.7", "cancelled"]);
    program.leave();
}

#[tokio::test]
async fn leaving_asks_while_an_own_direct_task_runs() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program, _tasks) = with_slow(juice).await;
    program.send_slow(&lane, "0.1", "60", "alt-d");
    program.row_with(&lane, &["sequential ▶ ◆ Slow: seconds=60"]);
    program.type_keys("q");
    let question = program.wait_for("the question", |text| text.contains("Leave juicetop?"));
    assert!(question.contains(&format!("Slow: seconds=60 on {lane} runs and would go on")), "{question}");
    program.type_keys("n");
    program.wait_for("the lanes", |text| !text.contains("Leave juicetop?"));
    program.row_with(&lane, &["sequential ▶ ◆ Slow: seconds=60"]);
    assert!(!program.has_ended());
    program.type_keys("q");
    program.wait_for("the question again", |text| text.contains("Leave juicetop?"));
    program.type_keys("y");
    assert_eq!(program.exit_status().exit_code(), 0);
    program.assert_restored();
}

#[tokio::test]
async fn what_waits_is_handed_to_the_scheduler_on_leaving() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program, mut tasks) = with_slow(juice).await;
    let holder = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 20})).named("Slow: held")).await;
    program.row_with(&lane, &["▶ Slow: held"]);
    program.send_slow(&lane, "20", "0.6", "alt-d");
    program.row_with(&lane, &["◆ Slow: seconds=0.6"]);
    program.type_keys("q");
    let question = program.wait_for("the question", |text| text.contains("Leave juicetop?"));
    assert!(question.contains("hand what waits to the scheduler"), "{question}");
    program.type_keys("h");
    assert_eq!(program.exit_status().exit_code(), 0);
    program.assert_restored();
    let entries = schedule(&mut tasks, &lane).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["status"], "queued", "{entries:?}");
    tasks.reply(&holder).await.result();
    for _ in 0..100 {
        if schedule(&mut tasks, &lane).await[0]["status"] == "done" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never ran: {:?}", schedule(&mut tasks, &lane).await);
}

#[tokio::test]
async fn a_direct_task_that_waits_is_taken_back_and_the_one_that_runs_goes_on() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program, mut tasks) = with_slow(juice).await;
    program.send_slow(&lane, "0.1", "10", "alt-d");
    program.row_with(&lane, &["▶ ◆ Slow: seconds=10"]);
    program.send_slow(&lane, "10", "0.6", "alt-d");
    program.row_with(&lane, &["◆ Slow: seconds=0.6"]);
    program.type_keys("x");
    program.wait_for("the question", |text| text.contains("Take this task back?"));
    program.type_keys("y");
    program.row_with(&lane, &["⊘ ◆ Slow: seconds=0.6"]);
    program.row_with(&lane, &["▶ ◆ Slow: seconds=10"]);
    program.row_with(&lane, &["✔ ◆ Slow: seconds=10"]);
    program.row_with(&lane, &["⊘ ◆ Slow: seconds=0.6"]);
    assert_eq!(schedule(&mut tasks, &lane).await.len(), 0, "nothing was sent in its place");
    program.leave();
}

/// What the refrigerator's heater is set to.
async fn heater(tasks: &mut Tasks) -> f64 {
    let question = json!({"component_id": "heater_still"});
    let power = tasks.ask(Frame::new("cryo", "GetHeaterPowerSetting", question).parallel()).await.result();
    power.as_f64().expect("a power")
}

#[tokio::test]
async fn only_a_capital_y_on_its_own_moves_hardware() {
    let Some(juice) = Juice::shared() else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    let mut program = Program::live(juice, &["cryo"], LARGE);
    let before = heater(&mut tasks).await;
    program.compose("cryo", "setheaterp", "SetHeaterPower");
    program.type_text("heater_still");
    program.type_keys("down");
    program.type_text("0.0371");
    program.wait_for("the name", |text| {
        text.contains("SetHeaterPower: component_id='heater_still', power=0.0371")
    });
    let asked = |text: &str| {
        ["Send SetHeaterPower to cryo?", "moves hardware", "power = 0.0371"]
            .iter()
            .all(|words| text.contains(words))
    };
    // Neither Enter, nor y, nor a paste, nor a Y that came with the key before it.
    for keys in ["\r", "y\x1b", "\x1b[200~Y\x1b[201~\r"] {
        program.type_keys("ctrl-s");
        program.wait_for("the question", asked);
        program.send(keys.as_bytes());
        if keys == "y\x1b" {
            program.wait_for("the refusal", |text| text.contains("press Y") || !asked(text));
        }
        program.wait_for("the composer", |text| {
            !text.contains("Send SetHeaterPower") && text.contains("Submit to cryo")
        });
    }
    program.send(b"\x13Y");
    program.wait_for("the refusal", |text| asked(text) && text.contains("press Y"));
    assert_eq!(heater(&mut tasks).await.to_bits(), before.to_bits(), "nothing was sent");
    // It only counts some time after the question, the other key and a Y that was refused.
    thread::sleep(Duration::from_millis(1500));
    program.type_keys("Y");
    program.row_with("cryo", &["✔ ◆ SetHeaterPower", "power=0.0371"]);
    assert_eq!(heater(&mut tasks).await.to_bits(), 0.0371_f64.to_bits());
    let off = json!({"component_id": "heater_still", "power": before});
    tasks.ask(Frame::new("cryo", "SetHeaterPower", off).parallel()).await.result();
    program.leave();
}

#[test]
fn read_only_refuses_every_deed_with_a_sentence() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut program = Program::start(juice, &[&lane], (80, 24), &["--read-only"]);
    let text = program.wait_for("the connection", |text| text.contains("● live"));
    assert!(text.contains("read-only") && !text.contains("s submit"), "{text}");
    for key in ["s", "r", "x", "d"] {
        program.type_keys(key);
        program.wait_for("the refusal", |text| text.contains("read-only: nothing can be sent or cancelled"));
        program.type_keys("H");
        program.wait_for("another notice", |text| text.contains("hidden tasks are"));
    }
    program.leave();
}

#[tokio::test]
async fn a_service_spoken_to_alone_gets_one_task_at_a_time_and_a_lasting_sign() {
    let Some(juice) = Juice::shared() else { return };
    let bench = format!("bench={}", juice.service_url("bench"));
    let mut program = Program::start(juice, &[], LARGE, &["--service", &bench]);
    program.wait_for("both connections", |text| {
        text.contains("● live")
            && text.lines().any(|line| line.starts_with("▸bench ") && line.contains("alone: its own port"))
    });
    for (seconds, sign) in [("15", "▶ ◆"), ("0.7", "· ◆")] {
        if seconds == "15" {
            // Nothing is known of the type yet: the payload starts as {}.
            program.compose("bench", "Slow", "Slow");
            program.type_keys("delete delete");
            program.type_text("{\"seconds\": 15}");
            program.wait_for("the value in the name", |text| text.contains("Slow: seconds=15"));
            program.type_keys("ctrl-s");
        } else {
            program.send_slow("bench", "15", seconds, "");
        }
        // The task manager answers and knows nothing of it.
        program.wait_for("the question", |text| {
            text.contains("Send Slow to bench?") && text.contains("past the task manager, which answers")
        });
        program.type_keys("y");
        program.row_with("bench", &[sign, &format!("Slow: seconds={seconds}")]);
    }
    let text = program.text();
    assert!(
        find_row(&text, "bench", &["▶ ◆", "Slow: seconds=15"]).is_some(),
        "the first still runs:\n{text}"
    );
    let text = program
        .wait_for("the second's turn", |text| find_row(text, "bench", &["✔ ◆ Slow: seconds=0.7"]).is_some());
    assert!(find_row(&text, "bench", &["✔ ◆ Slow: seconds=15"]).is_some(), "{text}");
    assert!(text.contains("alone: its own port"), "{text}");
    program.leave();
}

#[test]
fn a_service_alone_without_a_task_manager_is_said_to_be_alone() {
    let Some(juice) = Juice::shared() else { return };
    let bench = format!("bench={}", juice.service_url("bench"));
    let nobody = Port::closed();
    let url = format!("ws://127.0.0.1:{}", nobody.number());
    let screen = Screen::start(&["--url", &url, "--service", &bench], (80, 24), &[]);
    screen.wait_for("the sign", |text| text.contains("alone") && text.contains("bench"));
}
