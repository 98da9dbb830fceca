//! Services that die, links that drop, scenarios that live, and an end of it all.

use std::sync::Arc;

use super::*;
use crate::demo::{Lab, Scenario, json, router::Client, server::Parting};

fn lab(patience: Duration) -> Arc<Lab> {
    Arc::new(Lab::new(Options { patience, ..Options::default() }, Clock::start()))
}

/// The next events of the bus, in short.
fn heard(
    events: &mut tokio::sync::broadcast::Receiver<tokio_tungstenite::tungstenite::Bytes>,
) -> Vec<String> {
    let mut heard = Vec::new();
    while let Ok(frame) = events.try_recv() {
        let (topic, event) = parts(&frame);
        let event: Value = serde_json::from_str(&event).unwrap();
        let state = event["task_state"].as_str().or(event["state"].as_str()).unwrap_or_default();
        heard.push(format!("{topic} {state}"));
    }
    heard
}

#[tokio::test]
async fn a_service_that_dies_leaves_its_tasks_started_for_ever() {
    let lab = lab(Duration::from_millis(1500));
    let mut events = lab.bus.subscribe();
    let mut client = Client::new(&lab);
    client.send(task("a", "awg", "SleepAsync", false, json!({"duration": 60})).to_string());
    tokio::time::sleep(Duration::from_millis(50)).await;
    lab.kill("awg");
    let reply = client.reply().await;
    assert_eq!(reply.get("ename").unwrap().as_str(), Some("ConnectionError"));
    assert_eq!(reply.get("evalue").unwrap().as_str(), Some("Task client lost connection to service."));
    assert_eq!(heard(&mut events), ["TaskEvent. created", "TaskEvent. started"], "and nothing more");

    // What comes meanwhile is tried again and again, and gets through.
    client.send(task("b", "awg", "Ping", false, json!({})).to_string());
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(heard(&mut events), ["TaskEvent. created"]);
    lab.revive("awg");
    assert_eq!(client.reply().await.get("result").unwrap().as_str(), Some("pong"));
    assert_eq!(
        heard(&mut events),
        ["IPythonServiceState.awg. idle", "TaskEvent. started", "TaskEvent. completed"]
    );

    // Unless it stays away.
    lab.kill("awg");
    let before = lab.clock.now().mono;
    client.send(task("c", "awg", "Ping", false, json!({})).to_string());
    let reply = client.reply().await;
    assert_eq!(reply.get("evalue").unwrap().as_str(), Some("[Errno 111] Connection refused"));
    assert!(lab.clock.now().mono - before >= Duration::from_millis(1500));
    let mut heard = heard(&mut events);
    heard.dedup();
    assert_eq!(heard, ["TaskEvent. created", "IPythonServiceState.awg. connecting"]);

    // The router's own connection comes back by itself: the next task need not wait for a try.
    lab.kill("awg");
    lab.revive("awg");
    tokio::time::sleep(Duration::from_millis(110)).await;
    let before = lab.clock.now().mono;
    client.send(task("d", "awg", "Ping", false, json!({})).to_string());
    client.reply().await;
    assert!(lab.clock.now().mono - before < Duration::from_millis(60));
}

#[tokio::test]
async fn a_handler_that_blocks_makes_parallel_ones_wait() {
    let lab = lab(Duration::from_secs(1));
    let mut client = Client::new(&lab);
    client.send(task("slow", "qubits", "SleepSync", true, json!({"duration": 0.2})).to_string());
    client.send(task("ping", "qubits", "Ping", true, json!({})).to_string());
    assert_eq!(client.reply().await.get("id").unwrap().as_str(), Some("slow"));
    assert_eq!(client.reply().await.get("id").unwrap().as_str(), Some("ping"));
}

#[tokio::test]
async fn what_the_fridge_is_told_can_be_asked_back() {
    let lab = lab(Duration::from_secs(1));
    let mut client = Client::new(&lab);
    let mut answers = Vec::new();
    for (task_type, payload) in [
        ("GetGHSValveState", json!({"valve_id": "v2"})),
        ("OpenGHSValve", json!({"valve_id": "v2"})),
        ("GetGHSValveState", json!({"valve_id": "v2"})),
        ("EnableHeater", json!({"component_id": "heater_mc"})),
        ("SetHeaterPower", json!({"component_id": "heater_mc", "power": 0.5})),
        ("GetHeaterOutputPower", json!({"component_id": "heater_mc"})),
        ("DisableCompressors", json!({})),
        ("AreCompressorsEnabled", json!({})),
    ] {
        client.send(task("x", "cryo", task_type, true, payload).to_string());
        answers.push(client.reply().await.get("result").unwrap().dump());
    }
    assert_eq!(answers, ["false", "null", "true", "true", "true", "0.5", "null", "false"]);
}

#[tokio::test]
async fn odd_results_are_what_python_would_write() {
    let lab = lab(Duration::from_secs(1));
    let mut client = Client::new(&lab);
    for (task_type, sign) in [
        ("NanResult", "\"snr\": NaN, \"upper\": Infinity"),
        ("OddText", "\"lone\": \"\\ud800 and \\udfff\""),
        ("Big", "\"shot\": 1000, "),
    ] {
        client.send(task("x", "qubits", task_type, true, json!({})).to_string());
        let text = client.reply().await.dump();
        assert!(text.contains(sign), "{task_type}");
        assert!(json::parse(&text).is_some(), "{task_type} is JSON to Python");
        assert!(task_type != "Big" || (2_000_000..2_100_000).contains(&text.len()));
    }
}

#[tokio::test]
async fn a_dropped_link_is_dropped_for_everybody() {
    let clock = Clock::start();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let lab = Arc::new(Lab::new(Options::default(), clock));
    tokio::spawn(crate::demo::server::serve(Arc::clone(&lab), listener));
    for how in [Parting::GoingAway, Parting::Abrupt] {
        let mut bus = Link(connect_async(url.clone() + "/remote-sub").await.unwrap().0);
        let mut tasks = Link(connect_async(url.clone() + "/tasks").await.unwrap().0);
        tokio::time::sleep(Duration::from_millis(50)).await;
        lab.drops.send(how).unwrap();
        for link in [&mut bus, &mut tasks] {
            match (how, link.0.next().await) {
                (Parting::GoingAway, Some(Ok(Message::Close(Some(frame))))) => {
                    assert_eq!(u16::from(frame.code), 1001);
                }
                (Parting::Abrupt, Some(Err(_)) | None) => {}
                (how, other) => panic!("{how:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn the_day_begins_with_something_running_something_queued_and_something_failed() {
    let demo = start(Options::default(), Clock::start()).unwrap();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let clock = Clock::start();
    let (mut running, mut queued, mut failed) = (false, false, false);
    while !(running && queued && failed) {
        let (topic, event) = bus.event().await;
        assert!(
            clock.now().mono < Duration::from_secs(2),
            "running {running}, queued {queued}, failed {failed}"
        );
        running |= event["task_type"] == "MeasureT1" && event["task_state"] == "started";
        queued |= topic.starts_with("ScheduledTaskEvent.") && event["status"] == "queued";
        failed |= event["task_payload"].as_str().is_some_and(|payload| payload.contains("CalibrationError"));
    }
}

/// How many task events a scenario makes in its first 2.5 seconds.
async fn bustle(scenario: Scenario) -> usize {
    let demo = start(Options { scenario, pace: 40.0, ..Options::default() }, Clock::start()).unwrap();
    let mut bus = Link::open(&demo, "/remote-sub").await;
    let mut events = 0;
    let end = tokio::time::Instant::now() + Duration::from_millis(2500);
    while let Ok(message) = tokio::time::timeout_at(end, bus.0.next()).await {
        match message {
            Some(Ok(Message::Binary(frame))) => events += usize::from(parts(&frame).0 == "TaskEvent."),
            Some(Ok(_)) => {}
            // Trouble drops links.
            _ => bus = Link::open(&demo, "/remote-sub").await,
        }
    }
    events
}

#[tokio::test]
async fn every_scenario_lives() {
    let (quiet, busy, trouble, hostile) = tokio::join!(
        bustle(Scenario::Quiet),
        bustle(Scenario::Busy),
        bustle(Scenario::Trouble),
        bustle(Scenario::Hostile)
    );
    assert!((3..50).contains(&quiet), "{quiet}");
    assert!(busy >= 100, "{busy}");
    assert!(trouble >= 10, "{trouble}");
    assert!(hostile >= 10, "{hostile}");
}

#[test]
fn one_seed_gives_one_story() {
    use crate::demo::rng::Rng;
    let draw = |seed| {
        let mut rng = Rng::new(seed);
        (rng.below(1000), rng.unit(), rng.pick(&[1, 2, 3]).copied())
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

#[tokio::test]
async fn dropping_it_ends_every_connection_and_frees_the_port() {
    let demo = empty_lab();
    let port = demo.url().rsplit(':').next().unwrap().parse().unwrap();
    let mut link = Link::open(&demo, "/tasks").await;
    assert!(start(Options { port: Some(port), ..Options::default() }, Clock::start()).is_err(), "taken");
    drop(demo);
    assert!(!matches!(link.0.next().await, Some(Ok(Message::Text(_) | Message::Binary(_)))));
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}
