//! The scheduler.

use super::*;

fn schedule(id: &str, inner: &Value, run_at: Value) -> Value {
    let payload = json!({
        "scheduled_task_target": inner["target"], "task_type": inner["type"], "task_metadata": inner["metadata"],
        "task_payload": inner["payload"], "task_display_name": inner["metadata"]["display_name"], "run_at": run_at,
    });
    task(id, "task-manager", "ScheduleTask", true, payload)
}

async fn ask(link: &mut Link, task_type: &str, id: &Value) -> Value {
    link.send(&task("ask", "task-manager", task_type, true, json!({"scheduled_task_id": id}))).await;
    link.reply().await["result"].take()
}

#[tokio::test]
async fn a_scheduled_task_passes_over_the_bus_in_the_real_order() {
    let demo = empty_lab();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut link = Link::open(&demo, "/tasks").await;
    link.send(&schedule("s", &sleep("", 0.1), Value::Null)).await;
    let queued = link.reply().await["result"].take();
    assert_eq!(
        (&queued["status"], &queued["task_id"], &queued["eligible"], &queued["overdue"], &queued["run_at"]),
        (&json!("queued"), &Value::Null, &json!(true), &json!(false), &Value::Null)
    );
    let story = bus.story("scheduled done").await;
    let after: Vec<_> = story.iter().filter(|line| !line.starts_with("s ")).collect();
    let done = ask(&mut link, "GetScheduledTask", &queued["scheduled_task_id"]).await;
    let id = done["task_id"].as_str().unwrap();
    let expected = [
        "scheduled queued".to_owned(),
        "scheduled running".to_owned(),
        format!("{id} created"),
        format!("{id} started"),
        format!("{id} completed"),
        "scheduled done".to_owned(),
    ];
    assert_eq!(after, expected.iter().collect::<Vec<_>>());
    assert_eq!(done["result"], json!({"id": id, "status": "ok", "result": null}), "the whole reply frame");
    let list = ask(&mut link, "GetScheduledTasks", &Value::Null).await;
    assert_eq!(list, json!([done]), "ended ones stay in the list");
}

#[tokio::test]
async fn the_earliest_goes_first_and_only_into_a_free_slot() {
    let demo = empty_lab();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut link = Link::open(&demo, "/tasks").await;
    link.send(&sleep("holder", 1.5)).await;
    bus.story("holder started").await;
    let mut ids = Vec::new();
    for run_at in
        [json!("2026-01-02T00:00:00"), json!("2026-01-01T23:00:00-02:00"), json!("2026-01-01T00:00:00Z")]
    {
        let mut inner = sleep("", 0.0);
        // Also when its task is parallel.
        inner["metadata"]["parallel"] = json!(true);
        link.send(&schedule("s", &inner, run_at)).await;
        let reply = link.reply().await["result"].take();
        assert_eq!(reply["overdue"], true, "its time has come and the slot is held");
        ids.push((reply["scheduled_task_id"].as_str().unwrap().to_owned(), reply["run_at"].clone()));
    }
    assert_eq!(ids[0].1, "2026-01-02T00:00:00Z", "no offset means UTC");
    assert_eq!(ids[1].1, "2026-01-01T23:00:00-02:00");
    let mut order = Vec::new();
    let mut held = true;
    while order.len() < 3 {
        let (topic, event) = bus.event().await;
        held &= !(event["task_id"] == "holder" && event["task_state"] == "completed");
        if topic.starts_with("ScheduledTaskEvent.") && event["status"] == "running" {
            assert!(!held, "nothing starts while the slot is held");
            order.push(event["scheduled_task_id"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(order, [ids[2].0.clone(), ids[0].0.clone(), ids[1].0.clone()]);
}

#[tokio::test]
async fn cancelling_is_true_once_and_does_not_stop_what_runs() {
    let demo = empty_lab();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut link = Link::open(&demo, "/tasks").await;
    assert_eq!(ask(&mut link, "CancelScheduledTask", &json!("unknown")).await, false);
    assert_eq!(ask(&mut link, "GetScheduledTask", &json!("unknown")).await, Value::Null);

    link.send(&schedule("s", &sleep("", 0.0), json!("2999-01-01T00:00:00Z"))).await;
    let waiting = link.reply().await["result"]["scheduled_task_id"].take();
    assert_eq!(ask(&mut link, "CancelScheduledTask", &waiting).await, true);
    assert_eq!(ask(&mut link, "CancelScheduledTask", &waiting).await, false);

    link.send(&schedule("s", &sleep("", 1.0), Value::Null)).await;
    let running = link.reply().await["result"]["scheduled_task_id"].take();
    bus.story("scheduled running").await;
    assert_eq!(ask(&mut link, "CancelScheduledTask", &running).await, true);
    let snapshot = ask(&mut link, "GetScheduledTask", &running).await;
    let id = snapshot["task_id"].as_str().unwrap().to_owned();
    let story = bus.story(&format!("{id} completed")).await;
    assert!(story.contains(&"scheduled cancelled".to_owned()), "{story:?}");
    let snapshot = ask(&mut link, "GetScheduledTask", &running).await;
    assert_eq!((&snapshot["status"], &snapshot["result"]), (&json!("cancelled"), &Value::Null));
    // Its slot is free again, and no `done` ever came.
    link.send(&sleep("next", 0.0)).await;
    assert!(!bus.story("next completed").await.contains(&"scheduled done".to_owned()));
}

#[tokio::test]
async fn where_dispatching_fails_only_status_and_message_are_left() {
    let demo = empty_lab();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut link = Link::open(&demo, "/tasks").await;
    link.send(&schedule("s", &task("", "nowhere", "Ping", false, json!({})), Value::Null)).await;
    let id = link.reply().await["result"]["scheduled_task_id"].take();
    bus.story("scheduled failed").await;
    let snapshot = ask(&mut link, "GetScheduledTask", &id).await;
    let expected = json!({"status": "error", "evalue": "[Errno -2] Name or service not known"});
    assert_eq!((&snapshot["status"], &snapshot["result"]), (&json!("failed"), &expected));
}

#[tokio::test]
async fn the_topic_list_names_what_was_seen() {
    let demo = empty_lab();
    let mut link = Link::open(&demo, "/tasks").await;
    let topics = ask(&mut link, "GetEventTopicList", &Value::Null).await;
    let topics = topics.as_object().unwrap();
    for topic in ["TaskEvent", "IPythonServiceState.lab", "ThrottleStateEvent.throttle_state.heartbeat"] {
        assert!(
            topics.get(topic).is_some_and(|at| at.as_str().unwrap().ends_with("+00:00")),
            "{topic}: {topics:?}"
        );
    }
}

#[tokio::test]
async fn ended_ones_are_forgotten_beyond_a_limit() {
    use std::sync::Arc;

    use crate::demo::{Lab, json::parse, scheduler::KEPT};
    let lab = Arc::new(Lab::new(Options::default(), Clock::start()));
    let fields =
        r#"{"scheduled_task_target": "lab", "task_type": "Ping", "task_display_name": "n", "run_at": null}"#;
    let fields = parse(fields).unwrap();
    for _ in 0..KEPT + 5 {
        let id = lab.manage("ScheduleTask", &fields);
        let cancelled =
            parse(&format!(r#"{{"scheduled_task_id": {}}}"#, id.get("scheduled_task_id").unwrap().dump()));
        assert_eq!(lab.manage("CancelScheduledTask", &cancelled.unwrap()).dump(), "true");
    }
    lab.manage("ScheduleTask", &fields);
    assert_eq!(lab.manage("GetScheduledTasks", &fields).items().len(), KEPT + 1);
}
