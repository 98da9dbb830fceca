//! A recording of a real lab, played on the same screen: nothing of what was seen may be missing or look different.

use rustix::process::Signal;
use serde_json::json;

use super::{LARGE, Program, block};
use crate::common::{
    client::{Bus, Frame, Tasks},
    juice::Juice,
    program,
    pty::Screen,
};

/// Where a test's recording lies.
fn file() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.jsonl").display().to_string();
    (folder, path)
}

/// The program with a recording, once it is connected.
fn recorded(juice: &Juice, lane: &str, more: &[&str]) -> Program {
    let program = Program::start(juice, &[lane], LARGE, more);
    program.wait_until_it_hears();
    program.wait_for("the sign", |text| text.contains("  rec "));
    program
}

/// The lane's tasks, as they stand there. How its slot is may have become known in between.
fn tasks_of(text: &str, lane: &str) -> Vec<String> {
    let is_task = |row: &&str| row.contains(['✔', '✘', '◆']);
    block(text, lane).into_iter().filter(is_task).map(str::to_owned).collect()
}

/// The recording at its end, and the lane's tasks there.
fn end_of(path: &str, lane: &str) -> (Screen, Vec<String>) {
    let mut screen = Screen::start(&["replay", path, "--paused"], LARGE, &[]);
    screen.wait_for("the start", |text| text.contains("paused 1x") && text.contains(" replay"));
    screen.type_keys("$");
    // Where it is cut is told from the start on: the lane's rows are there only at its end.
    let text = screen.wait_for("its end", |text| {
        let ends = text.contains("the end 1x") || text.contains("cut off here");
        ends && !tasks_of(text, lane).is_empty()
    });
    let rows = tasks_of(&text, lane);
    (screen, rows)
}

#[tokio::test]
async fn a_recording_of_a_lab_is_the_same_screen_again() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (_folder, path) = file();
    let mut program = recorded(juice, &lane, &["--record", &path]);
    let mut tasks = Tasks::connect(&juice.url()).await;
    // Tasks of colleagues: well, badly, beside each other.
    let slow = Frame::new(&lane, "Slow", json!({"seconds": 0.1})).named("Slow: seconds=0.1");
    super::seen(&mut tasks, slow).await;
    super::seen(&mut tasks, Frame::new(&lane, "Fail", json!({"how": "plain"}))).await;
    super::seen(&mut tasks, Frame::new(&lane, "Odd", json!({"what": "like_error"})).parallel()).await;
    program.row_with(&lane, &["✔", "Odd"]);
    // One of one's own, through the scheduler, with all that is asked and answered for it.
    program.compose(&lane, "slo", "Slow");
    program.retype("0.1", "0.3");
    program.wait_for("the name", |text| text.contains("Slow: seconds=0.3"));
    program.type_keys("ctrl-s");
    program.row_with(&lane, &["✔", "◆ Slow: seconds=0.3"]);
    program.row_with(&lane, &["✘", "ValueError: the fridge is warm"]);
    let live = tasks_of(&program.text(), &lane);
    program.leave();
    let (mut screen, rows) = end_of(&path, &lane);
    assert_eq!(rows, live, "what was seen is what is played");
    // Going back takes it away again; nothing can be done meanwhile.
    screen.type_keys("^");
    screen.wait_for("the start", |text| text.contains(" 0:00 of ") && !text.contains("seconds=0.3"));
    screen.type_keys("s");
    screen.wait_for("the reason", |text| text.contains("this is a recording: nothing can be done in it"));
    screen.type_keys("+ + + space");
    let text = screen.wait_for("its end, played", |text| text.contains("the end 10x"));
    assert_eq!(tasks_of(&text, &lane), live, "played is what is sought");
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    // Cleaned, it tells the same of lanes and outcomes, and no value.
    let cleaned = program::run(&["replay", &path, "--redact"]).expect(0).stdout;
    let text = std::fs::read_to_string(&path).unwrap();
    for word in ["seconds", "the fridge is warm", "Traceback", "cryo-2"] {
        assert!(text.contains(word) && !cleaned.contains(word), "{word}");
    }
    let clean = format!("{path}.clean");
    std::fs::write(&clean, cleaned).unwrap();
    let signs = |rows: &[String]| -> Vec<String> {
        rows.iter()
            .filter_map(|row| row.split_whitespace().find(|word| matches!(*word, "✔" | "✘" | "◆")))
            .map(str::to_owned)
            .collect()
    };
    let (mut screen, rows) = end_of(&clean, &lane);
    assert_eq!(signs(&rows), signs(&live), "{rows:#?}");
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

#[tokio::test]
async fn what_was_recorded_before_a_sudden_end_can_be_played() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (_folder, path) = file();
    let program = recorded(juice, &lane, &["--record", &path]);
    let mut tasks = Tasks::connect(&juice.url()).await;
    super::seen(&mut tasks, Frame::new(&lane, "Fail", json!({"how": "plain"}))).await;
    program.row_with(&lane, &["✘", "ValueError: the fridge is warm"]);
    let written = |path: &str| std::fs::read_to_string(path).unwrap().contains("the fridge is warm");
    program.wait_until("it is on the disk", |_| written(&path));
    program.signal(Signal::KILL);
    program.exit_status();
    // A line that was being written is told, and hurts nothing.
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"t\":99999999,\"in\":\"bus\",\"par");
    std::fs::write(&path, &text).unwrap();
    let lines = text.lines().count();
    program::run(&["replay", &path, "--redact"])
        .expect(0)
        .says(&format!("lab.jsonl:{lines}: the last line is cut"));
    let (mut screen, rows) = end_of(&path, &lane);
    assert!(rows.iter().any(|row| row.contains("ValueError: the fridge is warm")), "{rows:#?}");
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    // It is never written over.
    let folder = juice.config_dir().display().to_string();
    let again = ["--juice-config", &folder, "watch", "--record", &path];
    program::run(&again).expect(2).says("is there already");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn watch_records_too() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (_folder, path) = file();
    let url = juice.url();
    let mut watch =
        program::Program::start(&["--url", &url, "watch", "--json", "--record", &path, "--redact"]);
    watch.wait_for_json(|line| line["event"] == "ready");
    // Who comes after it hears: so does it.
    Bus::open(&url).await;
    let mut tasks = Tasks::connect(&juice.url()).await;
    super::seen(&mut tasks, Frame::new(&lane, "Fail", json!({"how": "plain"})).named("Fail: how='plain'"))
        .await;
    watch.wait_for_json(|line| line["service"] == lane.as_str() && line["outcome"] == "failed");
    watch.signal(Signal::TERM);
    watch.end().expect(0);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("plain") && text.contains(&lane), "{text}");
    let (mut screen, rows) = end_of(&path, &lane);
    assert!(rows.iter().any(|row| row.contains("✘ Fail")), "{rows:#?}");
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}
