//! `juicetop watch` against the real Juice: the present state first, then one line a change, with the fields that
//! `docs/watch.md` promises.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{
    client::{Bus, Frame, Tasks},
    juice::{EDGE_TOKEN, Juice},
    program::{Program, run},
    proxy::Proxy,
};

/// Every field of a task's line, as documented.
const FIELDS: [&str; 24] = [
    "event",
    "id",
    "service",
    "type",
    "name",
    "lane",
    "state",
    "outcome",
    "reason",
    "task_id",
    "scheduled_task_id",
    "own",
    "hidden",
    "starting",
    "started_at",
    "ended_at",
    "duration_s",
    "duration_at_least",
    "run_at",
    "group",
    "error",
    "usual",
    "merged_from",
    "seen_at",
];

fn is(field: &'static str, value: &str) -> impl Fn(&Value) -> bool {
    move |line| line[field] == value
}

#[tokio::test]
async fn the_present_comes_first_then_each_change_once() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut tasks = Tasks::connect(&juice.url()).await;
    let ahead = Frame::new(&lane, "Slow", json!({})).scheduled(Some("2099-01-01T06:00:00+01:00"));
    let ahead = tasks.ask(ahead).await.result();
    let filter = format!("service:{lane}");
    let mut watch = Program::start(&["watch", "--json", "--filter", &filter, "--url", &juice.url()]);
    watch.wait_for_json(is("event", "ready"));
    // Who comes after it hears: so does it.
    Bus::open(&juice.url()).await;
    let present = watch.json_seen();
    let first: Vec<&Value> = present.iter().filter(|line| line["event"] == "task").collect();
    assert_eq!(first.len(), 1, "{present:?}");
    assert_eq!((&first[0]["id"], &first[0]["state"]), (&ahead["scheduled_task_id"], &json!("scheduled")));
    assert_eq!(first[0]["run_at"], "2099-01-01T05:00:00.000Z");
    assert!(present.iter().any(|line| line["link"] == "router" && line["state"] == "live"), "{present:?}");

    let scheduled =
        tasks.ask(Frame::new(&lane, "Slow", json!({"seconds": 0.3})).scheduled(None)).await.result();
    let id = scheduled["scheduled_task_id"].as_str().unwrap().to_owned();
    let ended = watch.wait_for_json(|line| line["id"] == id.as_str() && line["state"] == "ended");
    assert_eq!((&ended["outcome"], &ended["lane"]), (&json!("ok"), &json!("sequential")));
    // Measured between arrivals, which a busy machine delays.
    assert!((0.05..10.0).contains(&ended["duration_s"].as_f64().unwrap()), "{ended}");
    let lines = watch.json_seen();
    let of_task: Vec<&Value> = lines.iter().filter(|line| line["scheduled_task_id"] == id.as_str()).collect();
    assert!(of_task.iter().all(|line| line["id"] == id.as_str()), "one id for life: {of_task:?}");
    let mut states: Vec<&str> = of_task.iter().map(|line| line["state"].as_str().unwrap()).collect();
    states.dedup();
    assert_eq!(states.last(), Some(&"ended"), "{states:?}");
    assert!(states.contains(&"running"), "{states:?}");
    let documented = include_str!("../../docs/watch.md");
    assert!(FIELDS.iter().all(|field| documented.contains(&format!("`{field}`")) || *field == "event"));
    for line in &of_task {
        let names: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(names.len(), FIELDS.len());
        assert!(FIELDS.iter().all(|field| line.get(*field).is_some()), "{line}");
    }
    // No line says what the one before it said.
    let told = |line: &Value| {
        let mut line = line.clone();
        line["seen_at"].take();
        line
    };
    assert!(of_task.windows(2).all(|pair| told(pair[0]) != told(pair[1])), "{of_task:?}");

    let cancel = json!({"scheduled_task_id": ahead["scheduled_task_id"]});
    tasks.ask(Frame::new("task-manager", "CancelScheduledTask", cancel).parallel()).await;
    let gone = watch.wait_for_json(is("outcome", "cancelled"));
    assert_eq!(gone["id"], ahead["scheduled_task_id"]);
    watch.interrupt();
    watch.end().expect(0);
}

#[tokio::test]
async fn a_failure_has_its_error_and_a_direct_task_its_states() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let filter = format!("service:{lane}");
    let url = juice.url();
    let mut json_lines = Program::start(&["watch", "--json", "--filter", &filter, "--url", &url]);
    let mut text = Program::start(&["watch", "--filter", &format!("{filter} outcome:failed"), "--url", &url]);
    json_lines.wait_for_json(is("event", "ready"));
    text.wait_for(|line| line.contains("bus: live"));
    // Who comes after them hears: so do they.
    Bus::open(&url).await;
    let mut tasks = Tasks::connect(&url).await;
    tasks.ask(Frame::new(&lane, "Ping", json!({})).parallel()).await;
    json_lines.wait_for_json(|line| line["type"] == "Ping" && line["state"] == "ended");
    let id = tasks.send(Frame::new(&lane, "Fail", json!({"how": "chain"}))).await;
    let ended = json_lines.wait_for_json(|line| line["id"] == id.as_str() && line["state"] == "ended");
    assert_eq!(ended["error"], json!({"name": "BenchError", "message": "calibration failed for q3"}));
    assert_eq!((&ended["outcome"], &ended["task_id"]), (&json!("failed"), &json!(id)));
    let line = text.wait_for(|line| line.contains("failed"));
    assert!(line.contains(&lane) && line.contains("BenchError: calibration failed for q3"), "{line}");
    assert!(text.seen.iter().all(|line| !line.contains("Ping")), "the filter holds: {:?}", text.seen);
}

#[test]
fn a_reader_that_has_read_enough_ends_it_well() {
    let Some(juice) = Juice::shared() else { return };
    for args in [vec!["watch", "--json"], vec!["watch"]] {
        let (line, program) = Program::read_one_line(&[&args[..], &["--url", &juice.url()]].concat());
        assert!(line.contains("live"), "{line}");
        assert_eq!(program.end().expect(0).stderr, "");
    }
}

#[tokio::test]
async fn an_unreachable_lab_is_told_and_tried_again() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut proxy = Proxy::closed(&juice.url());
    let mut watch = Program::start(&["watch", "--json", "--url", &proxy.url()]);
    let down = watch.wait_for_json(is("event", "link"));
    assert_eq!((&down["state"], &down["problem"]["kind"]), (&json!("down"), &json!("unreachable")));
    watch.wait_until_said("connection refused");
    proxy.open();
    watch.wait_for_json(|line| line["link"] == "bus" && line["state"] == "live");
    // The bus is told of its new reader in the background.
    let mut bus = Bus::open(&proxy.url()).await;
    let mut tasks = Tasks::connect(&juice.url()).await;
    let id = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 60}))).await;
    bus.task(&id, "started").await;
    watch.wait_for_json(|line| line["id"] == id.as_str() && line["state"] == "running");
    // What runs when the link is lost may end unseen.
    proxy.cut();
    let lost = watch.wait_for_json(|line| line["id"] == id.as_str() && line["state"] == "unknown");
    assert_eq!((&lost["reason"], &lost["outcome"]), (&json!("not-seen"), &Value::Null));
    watch.signal(Signal::TERM);
    watch.end().expect(0);
}

#[tokio::test]
async fn it_watches_through_the_edge() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), EDGE_TOKEN).unwrap();
    let file = token.path().to_str().unwrap();
    let mut watch = Program::start(&["watch", "--json", "--edge", &juice.edge_url(), "--token-file", file]);
    watch.wait_for_json(|line| line["link"] == "bus" && line["state"] == "live");
    // Who comes after it hears: so does it.
    let mut later = Bus::through_the_edge(&juice.edge_url(), Some(EDGE_TOKEN)).await.unwrap();
    later.until_heard(&juice.url()).await;
    let mut tasks = Tasks::connect(&juice.url()).await;
    tasks.ask(Frame::new(&lane, "Slow", json!({"seconds": 0.1}))).await;
    watch.wait_for_json(|line| line["service"] == lane.as_str() && line["outcome"] == "ok");

    std::fs::write(token.path(), "wrong").unwrap();
    let mut refused = Program::start(&["watch", "--json", "--edge", &juice.edge_url(), "--token-file", file]);
    let down = refused.wait_for_json(is("event", "link"));
    assert_eq!(down["problem"]["kind"], "refused");
    refused.wait_until_said("token");
}

#[test]
fn a_filter_that_cannot_be_read_is_misuse() {
    run(&["watch", "--filter", "outcome:bad", "--url", "ws://127.0.0.1:1"])
        .expect(2)
        .says("ok, failed or cancelled");
}
