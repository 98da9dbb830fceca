//! Many tasks as one group against the real Juice: what its list and its events show of it, on the command line and by
//! keyboard.

use serde_json::{Value, json};

use crate::common::{
    client::{Bus, Frame, Tasks},
    juice::Juice,
    program::{Ended, run},
};

fn submit(juice: &Juice, args: &[&str]) -> Ended {
    run(&[&["submit", "--url", &juice.url()], args].concat())
}

/// The scheduler's entries for a service.
async fn schedule(tasks: &mut Tasks, service: &str) -> Vec<Value> {
    let list =
        tasks.ask(Frame::new("task-manager", "GetScheduledTasks", json!({})).parallel()).await.result();
    let of_service = |entry: &&Value| entry["target"] == service;
    list.as_array().expect("a list").iter().filter(of_service).cloned().collect()
}

#[tokio::test]
async fn a_group_from_the_command_line_is_told_by_its_names_and_its_payloads_are_plain() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut bus = Bus::open(&juice.url()).await;
    let sweep = "duration=0.01:0.05:5";
    let ended = submit(juice, &[&lane, "SleepAsync", "--sweep", sweep, "--group", "five naps", "--json"]);
    let line: Value = serde_json::from_str(&ended.expect(0).stdout).unwrap();
    assert_eq!(line["group"], "five naps");
    let tag = line["tag"].as_str().unwrap().to_owned();
    let ids: Vec<String> = line["scheduled_task_ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 5);
    for id in &ids {
        bus.scheduled(id, "done").await;
    }
    let mut tasks = Tasks::connect(&juice.url()).await;
    let list = schedule(&mut tasks, &lane).await;
    let names: Vec<&str> = list.iter().map(|entry| entry["display_name"].as_str().unwrap()).collect();
    for (at, duration) in ["0.01", "0.02", "0.03", "0.04", "0.05"].iter().enumerate() {
        let name = format!("SleepAsync: duration={duration} [five naps {}/5 #{tag}]", at + 1);
        assert!(names.contains(&name.as_str()), "{name}: {names:?}");
    }
}

#[tokio::test]
async fn waiting_for_a_group_ends_as_its_members_did() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let ended = submit(juice, &[&lane, "SleepAsync", "--sweep", "duration=0.01,0.02,0.03", "--wait"]);
    assert_eq!(ended.expect(0).stdout, "3 ok\n");
    let cells = ["lab", "RawIPython", "--sweep", "raw_code=1+1,1/0,3", "--wait"];
    assert_eq!(submit(juice, &cells).expect(1).stdout, "2 ok, 1 failed\n");
    // The first one alone: the rest never goes out.
    let cells =
        ["lab", "RawIPython", "--sweep", "raw_code=1/0,8,9", "--group", "alone", "--first-alone", "--wait"];
    submit(juice, &cells)
        .expect(1)
        .says("the first one failed: ZeroDivisionError; the scheduler has 1, 2 were");
    let mut tasks = Tasks::connect(&juice.url()).await;
    let list = schedule(&mut tasks, "lab").await;
    let of_group = list.iter().filter(|e| e["display_name"].as_str().unwrap().contains("[alone "));
    assert_eq!(of_group.count(), 1);
    // Sent as a dry run, nothing is.
    let dry =
        submit(juice, &[&lane, "SleepAsync", "--sweep", "duration=1..3", "--group", "dry", "--dry-run"]);
    dry.expect(0);
    assert!(schedule(&mut tasks, &lane).await.iter().all(|e| !e["display_name"].to_string().contains("dry")));
}
