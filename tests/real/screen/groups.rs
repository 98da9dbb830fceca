//! Many at once by keyboard: sent, watched, cancelled as one, and known again after a restart.

use std::{collections::BTreeMap, time::Duration};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{LARGE, Program};
use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
    pty::Screen,
};

/// All entries of the scheduler's list.
async fn listed(juice: &Juice) -> Vec<Value> {
    let mut tasks = Tasks::connect(&juice.url()).await;
    let list =
        tasks.ask(Frame::new("task-manager", "GetScheduledTasks", json!({})).parallel()).await.result();
    list.as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_group_of_twenty_is_one_line_is_cancelled_as_one_and_known_after_a_restart() {
    let Some(juice) = Juice::private(&["lab"]) else { return };
    let mut program = Program::live(&juice, &["lab"], LARGE);
    program.compose("lab", "RawIPy", "RawIPython");
    program.type_keys("alt-s");
    program.type_text("1, 2, 1/0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20");
    program.wait_for("the count", |text| text.contains("20 tasks, at least 20 s"));
    program.type_keys("enter");
    program.press_send("the question", |text| text.contains("Send 20 × RawIPython to lab?"));
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
    let list = listed(&juice).await;
    let status = |word: &str| list.iter().filter(|e| e["status"] == word).count();
    assert_eq!(list.len(), 20);
    assert!(status("cancelled") >= 5 && status("done") >= 4, "{list:?}");
    // A cell that raised is done for the scheduler; its result tells.
    assert_eq!(status("cancelled") + status("done"), 20);
}

#[tokio::test]
async fn a_group_whose_juicetop_is_killed_in_the_middle_goes_on_with_what_is_missing() {
    const ALL: usize = 300;
    let Some(mut juice) = Juice::private(&["lab"]) else { return };
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().display().to_string();
    let start = |juice: &Juice| {
        let program = Program::start_with(juice, &["lab"], LARGE, &[], &[("XDG_STATE_HOME", &folder)]);
        program.wait_until_it_hears();
        program
    };
    let mut program = start(&juice);
    program.compose("lab", "SleepA", "SleepAsync");
    program.type_keys("alt-s ctrl-u");
    // The first one keeps the slot to the end of this test.
    program.type_text("1001..1300");
    program.wait_for("the count", |text| text.contains("300 tasks"));
    program.press_send("the question", |text| text.contains("Send 300 × SleepAsync to lab?"));
    tokio::time::sleep(Duration::from_millis(600)).await;
    program.type_keys("y");
    program.row_with("lab", &["SleepAsync over duration", " to send", "/300"]);
    // Some are with the scheduler, some on their way, and most still here.
    while listed(&juice).await.len() < 5 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    juice.stop_router();
    program.signal(Signal::KILL);
    program.wait_until("the end", Screen::has_ended);
    juice.continue_router();

    let mut program = start(&juice);
    program.compose("lab", "SleepA", "SleepAsync");
    let text = program.wait_for("what is told of it", |text| {
        text.contains("It was being sent as SleepAsync over duration when juicetop ended: ")
            && text.contains("of its 300 tasks stand in")
    });
    assert!(text.contains("Nothing is sent again by itself"), "{text}");
    let before = listed(&juice).await.len();
    assert!(0 < before && before < ALL, "{before}");
    let missing = format!("Send the missing {} × SleepAsync to lab?", ALL - before);
    program.press_send("the question", |text| text.contains(&missing));
    program.type_keys("enter");
    program.wait_for("the form", |text| !text.contains(&missing) && text.contains("Submit to lab"));
    assert_eq!(listed(&juice).await.len(), before, "nothing goes out by itself, nor by Enter");
    program.press_send("the question", |text| text.contains(&missing));
    tokio::time::sleep(Duration::from_millis(600)).await;
    program.type_keys("y");
    program.wait_for("the rest", |text| text.contains(&format!("the scheduler has all {}", ALL - before)));
    let mut marks: BTreeMap<String, usize> = BTreeMap::new();
    for entry in listed(&juice).await {
        let name = entry["display_name"].as_str().unwrap();
        let mark = name.split_once('[').unwrap().1;
        *marks.entry(mark.to_owned()).or_default() += 1;
        let place: usize = mark.split(' ').nth(3).unwrap().split_once('/').unwrap().0.parse().unwrap();
        assert!(name.starts_with(&format!("SleepAsync: duration={}.0 ", 1000 + place)), "{name}");
    }
    assert!(marks.len() == ALL && marks.values().all(|count| *count == 1), "{marks:?}");
    program.leave();

    let mut program = start(&juice);
    program.compose("lab", "SleepA", "SleepAsync");
    let text = program.wait_for("the form", |text| text.contains("duration"));
    assert!(!text.contains("It was being sent") && !text.contains("your draft is back"), "{text}");
    program.type_keys("esc");
    program.wait_for("the lanes", |text| !text.contains("Submit to"));
    program.leave();
}
