//! Many at once by keyboard: sent, watched, cancelled as one, and known again after a restart.

use serde_json::json;

use super::{LARGE, Program};
use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
};

#[tokio::test]
async fn a_group_of_twenty_is_one_line_is_cancelled_as_one_and_known_after_a_restart() {
    let Some(juice) = Juice::private(&["lab"]) else { return };
    let mut program = Program::live(&juice, &["lab"], LARGE);
    program.compose("lab", "RawIPy", "RawIPython");
    program.type_keys("alt-s");
    program.type_text("1, 2, 1/0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20");
    program.wait_for("the count", |text| text.contains("20 tasks, at least 20 s"));
    program.type_keys("enter");
    // A send key right behind another one does nothing, for both may be from a paste.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    program.type_keys("ctrl-s");
    program.wait_for("the question", |text| text.contains("Send 20 × RawIPython to lab?"));
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    program.type_keys("y");
    program.row_with("lab", &["RawIPython over raw_code", "/20"]);
    program.wait_for("all handed over", |text| text.contains("the scheduler has all 20"));
    program.row_with("lab", &["RawIPython over raw_code", "1 failed", "/20"]);
    program.row_with("lab", &["RawIPython over raw_code", "5/20"]);
    program.type_keys("x");
    let text = program.wait_for("the question", |text| text.contains("tasks of RawIPython over raw_code?"));
    assert!(text.contains("each by its id"), "{text}");
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    program.type_keys("y");
    program.wait_for("what came of it", |text| {
        text.contains("RawIPython over raw_code: 1") && text.contains("cancelled")
    });
    let row = program.row_with("lab", &["RawIPython over raw_code", " ok ", "1 failed", "cancelled"]);
    program.leave();
    // Nothing but the names tells of it, so another program sees the same.
    let mut other = Program::live(&juice, &["lab"], LARGE);
    // One that started while it was cancelled went on: how it ended cannot be heard afterwards.
    let again = other.row_with("lab", &["RawIPython over raw_code", "1 failed"]);
    assert!(!again.contains('◆'), "not its own: {again}; before: {row}");
    other.leave();
    let mut tasks = Tasks::connect(&juice.url()).await;
    let list =
        tasks.ask(Frame::new("task-manager", "GetScheduledTasks", json!({})).parallel()).await.result();
    let status = |word: &str| list.as_array().unwrap().iter().filter(|e| e["status"] == word).count();
    assert_eq!(list.as_array().unwrap().len(), 20);
    assert!(status("cancelled") >= 5 && status("done") >= 4, "{list}");
    // A cell that raised is done for the scheduler; its result tells.
    assert_eq!(status("cancelled") + status("done"), 20);
}
