//! Routing, the slot, and what the bus says.

use super::*;
use crate::demo::json;

#[tokio::test]
async fn sequential_tasks_take_turns_and_a_parallel_one_goes_beside_them() {
    let demo = empty_lab();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut link = Link::open(&demo, "/tasks").await;
    link.send(&sleep("a", 0.3)).await;
    link.send(&sleep("b", 0.1)).await;
    link.send(&task("p", "qubits", "Ping", true, json!({"message": "hi"}))).await;
    assert_eq!(
        link.reply().await,
        json!({"id": "p", "status": "ok", "result": "hi"}),
        "the parallel one ends first"
    );
    let story = bus.story("b completed").await;
    let beside: Vec<_> = story.iter().filter(|line| line.starts_with('p')).collect();
    assert_eq!(beside, ["p created", "p started", "p completed"]);
    let sequential: Vec<_> = story.iter().filter(|line| !line.starts_with('p')).collect();
    let expected = ["a created", "a started", "a completed", "b created", "b started", "b completed"];
    assert_eq!(sequential, expected, "a waiting task is nowhere on the bus");
}

#[tokio::test]
async fn all_events_of_a_task_carry_one_time_and_the_last_one_the_reply() {
    let demo = empty_lab();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut link = Link::open(&demo, "/tasks").await;
    link.send(&task("x", "qubits", "Nope", false, json!({"a": 1.50}))).await;
    let reply = link.reply().await;
    let mut events = Vec::new();
    while events.len() < 3 {
        let (topic, event) = bus.event().await;
        if topic == "TaskEvent." {
            events.push(event);
        }
    }
    assert!(events.iter().all(|event| event["time"] == events[0]["time"]));
    assert_eq!(events[0]["task_payload"], r#"{"a": 1.5}"#, "as Python prints it");
    assert_eq!(
        events[0]["task_metadata"],
        r#"{"display_name": "Nope", "parallel": false, "show_in_dashboard": true}"#
    );
    assert_eq!(events[2]["task_state"], "completed", "for a failed one too");
    let payload: Value = serde_json::from_str(events[2]["task_payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload, reply);
}

#[tokio::test]
async fn closing_a_connection_drops_what_waits_and_frees_the_slot_while_its_task_runs_on() {
    let demo = empty_lab();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut leaver = Link::open(&demo, "/tasks").await;
    let mut stayer = Link::open(&demo, "/tasks").await;
    leaver
        .send(&task(
            "a",
            "lab",
            "IPythonTask",
            false,
            json!({"code": "await asyncio.sleep(1)", "run_async": false}),
        ))
        .await;
    leaver.send(&task("b", "lab", "Ping", false, json!({}))).await;
    bus.story("a started").await;
    stayer.send(&task("c", "lab", "SleepAsync", false, json!({"duration": 0.0}))).await;
    leaver.0.close(None).await.unwrap();
    assert_eq!(bus.story("c completed").await, ["c created", "c started", "c completed"]);
    // The cell goes on at the service: the kernel is still busy with it.
    let idle = loop {
        let (topic, event) = bus.event().await;
        assert_ne!(event["task_id"], "a", "nobody hears how it ended");
        assert_ne!(event["task_id"], "b", "what waited is gone");
        if topic == "IPythonServiceState.lab." {
            break event["state"].clone();
        }
    };
    assert_eq!(idle, "idle");
}

#[tokio::test]
async fn a_frame_without_an_id_is_never_answered() {
    let demo = empty_lab();
    let mut link = Link::open(&demo, "/tasks").await;
    for silent in ["nonsense", "[1]", r#"{"target": "lab"}"#, r#"{"id": null}"#, "5"] {
        link.0.send(Message::text(silent)).await.unwrap();
    }
    link.send(&task("p", "lab", "Ping", true, json!({}))).await;
    assert_eq!(link.reply().await["id"], "p");
    // A binary frame is as good as a text one.
    let frame = task("q", "lab", "Ping", true, json!({})).to_string();
    link.0.send(Message::binary(frame.into_bytes())).await.unwrap();
    assert_eq!(link.reply().await["result"], "pong");
}

#[tokio::test]
async fn other_paths_are_not_found_and_a_browser_gets_a_sentence() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let demo = empty_lab();
    let refused = connect_async(demo.url() + "/hub/sub").await.expect_err("refused");
    assert!(refused.to_string().contains("404"), "{refused}");
    for (path, expected) in [("/", "demonstration"), ("/tasks", "400 Bad Request"), ("/x", "404 Not Found")] {
        let mut stream = TcpStream::connect(demo.url().trim_start_matches("ws://")).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains(expected), "{path}: {answer}");
    }
}

#[tokio::test]
async fn pings_are_answered() {
    let demo = empty_lab();
    for path in ["/tasks", "/remote-sub"] {
        let mut link = Link::open(&demo, path).await;
        link.0.send(Message::Ping(b"42".as_slice().into())).await.unwrap();
        while link.message().await != Message::Pong(b"42".as_slice().into()) {}
    }
}

/// Keys of a JSON object in the order in which they stand in its text.
fn keys(text: &str) -> Vec<String> {
    json::parse(text).expect("JSON").entries().iter().map(|(key, _)| key.clone()).collect()
}

#[tokio::test]
async fn events_have_the_keys_of_the_real_ones_in_their_order() {
    let demo = empty_lab();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut link = Link::open(&demo, "/tasks").await;
    link.send(&task("c", "lab", "IPythonTask", false, json!({"code": "1/0", "run_async": false}))).await;
    let inner = json!({
        "scheduled_task_target": "lab", "task_type": "Ping", "task_metadata": {"display_name": "Ping"},
        "task_payload": {}, "task_display_name": "Ping", "run_at": null,
    });
    link.send(&task("s", "task-manager", "ScheduleTask", true, inner)).await;
    let mut missing = vec!["TaskEvent", "IPythonServiceState", "ScheduledTaskEvent", "ThrottleStateEvent"];
    while !missing.is_empty() {
        let Message::Binary(frame) = bus.message().await else { continue };
        let (topic, ours) = parts(&frame);
        let class = topic.split('.').next().unwrap().to_owned();
        let Some(place) = missing.iter().position(|name| *name == class) else { continue };
        missing.remove(place);
        let line = CAPTURE.lines().find(|line| line.contains(&format!("\"topic\": \"{class}."))).unwrap();
        let real = serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned();
        assert_eq!(keys(&ours), keys(&real));
        assert_eq!(
            ours.contains(": "),
            class == "TaskEvent" && ours.contains("\\\": "),
            "pydantic writes no blanks"
        );
    }
}

#[test]
fn what_python_wrote_comes_out_of_our_writer_letter_for_letter() {
    let mut count = 0;
    for (topic, event) in captured() {
        if topic == "TaskEvent." {
            for field in ["task_payload", "task_metadata"] {
                let real = event[field].as_str().unwrap();
                assert_eq!(json::parse(real).expect("JSON").dump(), real);
                count += 1;
            }
        }
    }
    assert!(count > 50);
}
