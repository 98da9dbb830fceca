//! The lanes: what other people's tasks look like.

use serde_json::json;

use super::{LARGE, Program};
use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
    pty::Screen,
};

/// A row's elapsed time in seconds, where it has one as `0:12`.
fn elapsed(row: &str) -> Option<u64> {
    let (minutes, seconds) = row.split_whitespace().last()?.split_once(':')?;
    Some(minutes.trim_start_matches('>').parse::<u64>().ok()? * 60 + seconds.parse::<u64>().ok()?)
}

#[test]
fn services_stand_in_the_order_of_the_configuration() {
    let Some(juice) = Juice::shared() else { return };
    let config = std::fs::read_to_string(juice.config_dir().join("orchestration.toml")).unwrap();
    let (config_dir, run_dir) =
        (juice.config_dir().display().to_string(), juice.run_dir().display().to_string());
    let mut screen = Screen::start(&["--juice-config", &config_dir, "--juice-run", &run_dir], (100, 60), &[]);
    let text = screen.wait_for("the connection", |text| text.contains("● live"));
    let mut services: Vec<&str> =
        config.lines().filter_map(|line| line.strip_prefix("[services.")?.strip_suffix(']')).collect();
    assert!(services.len() >= 3, "{config}");
    let place = |name: &&str| {
        text.lines()
            .position(|line| line.trim_start_matches(['▸', ' ']).starts_with(*name))
            .unwrap_or(usize::MAX)
    };
    let in_config = services.clone();
    services.sort_by_key(place);
    assert_eq!(services, in_config, "{text}");
    assert!(services.iter().all(|name| place(name) < usize::MAX), "{text}");
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

#[tokio::test]
async fn a_slow_and_a_parallel_task_of_a_colleague_stand_in_their_lanes_and_end() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut program = Program::live(juice, &[&lane], LARGE);
    assert!(program.text().contains("cryo-2"), "the lab's name:\n{}", program.text());
    let mut tasks = Tasks::connect(&juice.url()).await;
    let slow = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 5}))).await;
    let beside = tasks.send(Frame::new(&lane, "SlowParallel", json!({"seconds": 5})).parallel()).await;
    let sequential = ["sequential ▶", "Slow: test"];
    let parallel = ["parallel   ▶", "SlowParallel: test"];
    program.wait_for("both, running for a second or more", |text| {
        let row = |words: &[&str]| super::find_row(text, &lane, words).and_then(|row| elapsed(&row));
        row(&sequential).is_some_and(|s| s >= 1) && row(&parallel).is_some_and(|s| s >= 1)
    });
    let head = program.text();
    let head = head.lines().find(|line| line.trim_start().starts_with(lane.as_str())).unwrap_or_default();
    assert!(head.contains("slot taken"), "{head}");
    for id in [slow, beside] {
        tasks.reply(&id).await.result();
    }
    program.row_with(&lane, &["✔", " Slow: test", "now"]);
    program.row_with(&lane, &["✔", " SlowParallel: test", "now"]);
    program
        .wait_for("the free slot", |text| text.lines().any(|l| l.contains(&lane) && l.contains("slot free")));
    program.leave();
}

#[tokio::test]
async fn a_task_that_failed_is_not_called_completed() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let program = Program::live(juice, &[&lane], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    super::seen(&mut tasks, Frame::new(&lane, "Fail", json!({"how": "plain"}))).await;
    super::seen(&mut tasks, Frame::new(&lane, "Fail", json!({"how": "cancelled"}))).await;
    super::seen(&mut tasks, Frame::new(&lane, "Odd", json!({"what": "like_error"})).parallel()).await;
    program.row_with(&lane, &["✘ Fail: test", "ValueError: the fridge is warm"]);
    program.row_with(&lane, &["✘ Fail: test", "CancelledError"]);
    // A result that only looks like an error is one.
    program.row_with(&lane, &["✔ Odd: test"]);
    let text = program.text();
    let before_failed =
        text.lines().next().and_then(|head| head.split_once(" failed")).map(|(before, _)| before);
    let failed = before_failed.and_then(|before| before.split_whitespace().last()?.parse::<u32>().ok());
    assert!(failed.is_some_and(|n| n >= 2), "{text}");
    assert!(!super::block(&text, &lane).concat().contains("completed"), "{text}");
}
