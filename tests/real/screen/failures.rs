//! Failures opened from the lanes: what a person reads first, and the keys of the pane.

use serde_json::{Value, json};

use super::{LARGE, Program};
use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
};

/// A colleague's task that has failed on a lane of its own, opened by keyboard.
async fn opened(juice: &Juice, task_type: &str, payload: Value) -> (String, Program) {
    let lane = juice.lane();
    let mut program = Program::live(juice, &[&lane], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    super::seen(&mut tasks, Frame::new(&lane, task_type, payload)).await;
    program.row_with(&lane, &["✘", &format!("{task_type}: test")]);
    program.type_keys("j enter");
    program.wait_for("the task", |text| text.contains(&format!("✘ {task_type} on {lane}")));
    (lane, program)
}

/// Where these texts begin, each behind the one before; fails if one does not.
fn in_order(text: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let at =
            text[from..].find(part).unwrap_or_else(|| panic!("{part:?} is missing after {from}:\n{text}"));
        from += at + part.len();
    }
}

#[tokio::test]
async fn a_chain_of_exceptions_is_read_newest_first_with_own_entries_open() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, mut program) = opened(juice, "Fail", json!({"how": "chain"})).await;
    let text = program.text();
    let first: Vec<&str> = text.lines().skip(2).take(3).collect();
    assert!(first[0].contains("BenchError: calibration failed for q3"), "the head: {first:?}");
    assert!(first[2].contains("BenchError: calibration failed for q3"), "the first line: {first:?}");
    in_order(
        &text,
        &[
            "BenchError: calibration failed for q3",
            "bench/__init__.py:",
            "in fail",
            "raise BenchError(\"calibration failed for q3\")",
            "raised while handling",
            "ConnectionError: no answer from the digitizer",
            "in fail",
            "caused by",
            "KeyError: 'T1'",
            "payload",
            "\"how\": \"chain\"",
        ],
    );
    // Juice's own entries are one folded line.
    assert!(text.contains("▸") && text.contains("in Juice"), "{text}");
    assert!(!text.contains("_task_server.py:"), "{text}");

    program.type_keys("o");
    let text = program.wait_for("the other order", |text| text.contains("oldest entry first"));
    let body: Vec<&str> = text.lines().skip(4).collect();
    in_order(&body.join("\n"), &["KeyError: 'T1'", "ConnectionError: no answer", "BenchError: calibration"]);

    program.type_keys("R");
    let text = program.wait_for("the raw text", |text| text.contains("error, raw text"));
    in_order(
        &text,
        &[
            "Traceback (most recent call last):",
            "KeyError: 'T1'",
            "The above exception was the direct cause of the following exception:",
            "During handling of the above exception, another exception occurred:",
        ],
    );
    program.type_keys("R n enter");
    program
        .wait_for("the entries again", |text| !text.contains("raw text") && text.contains("KeyError: 'T1'"));
    program.type_keys("esc");
    program.row_with(&lane, &["✘ Fail: test", "BenchError: calibration failed for q3"]);
    program.leave();
}

#[tokio::test]
async fn a_folded_run_of_library_entries_opens_and_closes() {
    let Some(juice) = Juice::shared() else { return };
    let (_, mut program) = opened(juice, "Fail", json!({"how": "plain"})).await;
    let text = program.text();
    let folded = text.lines().position(|line| line.contains("▸") && line.contains("in Juice"));
    let folded = folded.unwrap_or_else(|| panic!("no folded entries:\n{text}"));
    for _ in 4..folded {
        program.type_keys("j");
    }
    program.type_keys("enter");
    program.wait_for("Juice's entries", |text| text.contains("▾") && text.contains("_task_server.py:"));
    program.type_keys("enter");
    program.wait_for("the fold", |text| !text.contains("_task_server.py:"));
}

#[tokio::test]
async fn a_cell_that_raised_has_failed_although_its_reply_is_ok() {
    let Some(juice) = Juice::shared() else { return };
    let mut program = Program::by_address(juice, LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    let cell = Frame::new("lab", "IPythonTask", json!({"code": "7 / 0", "run_async": false}));
    let cell = cell.named("RawIPython: raw_code='7 / 0'");
    let reply = tasks.send(cell).await;
    let reply = tasks.reply(&reply).await.json();
    assert_eq!(reply["status"], "ok", "{reply}");
    // Other tests have cells too.
    program.type_keys("/");
    program.type_text("\"7 / 0\" outcome:failed");
    program.type_keys("enter");
    program.row_with("lab", &["✘ RawIPython: raw_code='7 / 0'", "ZeroDivisionError: division by zero"]);
    program.type_keys("g j enter");
    let text = program.wait_for("the task", |text| text.contains(" on lab"));
    in_order(
        &text,
        &[
            "ZeroDivisionError: division by zero",
            "The cell raised. Juice sends no traceback",
            "payload",
            "7 / 0",
        ],
    );
    program.type_keys("esc esc");
    program.wait_for("all tasks", |text| !text.contains("filter / \"7"));
    program.leave();
}

#[tokio::test]
async fn a_payload_that_does_not_fit_is_told_field_by_field() {
    let Some(juice) = Juice::shared() else { return };
    let bad = json!({"qubit": "fridge", "averages": 0, "sweep": {"points": 1}});
    let (_, program) = opened(juice, "Measure", bad).await;
    in_order(
        &program.text(),
        &[
            "the payload does not fit",
            "3 fields",
            "qubit         String should match pattern",
            "was 'fridge' (str)",
            "averages      Input should be greater than or equal to 1",
            "sweep.points  Input should be greater than or equal to 2",
            "ValidationError",
        ],
    );
}
