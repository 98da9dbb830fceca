//! Facts about Juice that juicetop relies on, each asked of a real one, without the program.
//!
//! They are written down in `docs/protocol.md`. When a test here fails after Juice's version was raised, Juice has
//! changed, and what juicetop concludes from the fact has to be looked at first.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use crate::common::{
    client::{Bus, Event, Frame, Tasks},
    juice::{EDGE_TOKEN, Juice},
    venv,
};

/// A connection and the bus.
async fn connected(juice: &Juice) -> (Tasks, Bus) {
    (Tasks::connect(&juice.url()).await, Bus::open(&juice.url()).await)
}

/// A task for the scheduler or another of `task-manager`'s.
fn manager(task_type: &str, payload: Value) -> Frame {
    Frame::new("task-manager", task_type, payload).parallel()
}

/// Schedules a task; the scheduler's first snapshot.
async fn schedule(tasks: &mut Tasks, frame: &Frame, run_at: Option<&str>) -> Value {
    tasks.ask(frame.scheduled(run_at)).await.result()
}

/// The scheduler's snapshot of one task now.
async fn snapshot(tasks: &mut Tasks, scheduled: &Value) -> Value {
    tasks
        .ask(manager("GetScheduledTask", json!({"scheduled_task_id": scheduled["scheduled_task_id"]})))
        .await
        .result()
}

/// JSON inside a string, as events carry it.
fn inner(text: &Value) -> Value {
    serde_json::from_str(text.as_str().expect("it is a string")).expect("it holds JSON")
}

#[tokio::test]
async fn a_task_has_three_events_with_one_time_and_the_last_holds_the_reply() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (mut tasks, mut bus) = connected(juice).await;
    let id = tasks.send(Frame::new(&lane, "Measure", json!({"qubit": "q3"}))).await;
    let reply = tasks.reply(&id).await.json();
    assert_eq!(reply["result"]["t1"], 4.2e-5);
    let completed = bus.task(&id, "completed").await.json;
    assert_eq!(bus.states(&id), ["created", "started", "completed"]);
    assert_eq!(inner(&completed["task_payload"]), reply);
    let created = bus.task(&id, "created").await.json;
    assert_eq!(inner(&created["task_payload"]), json!({"qubit": "q3"}));
    assert_eq!(created["time"], completed["time"], "no duration can be had from it");
    assert_eq!((&created["task_target"], &created["task_type"]), (&json!(lane), &json!("Measure")));
    assert_eq!(inner(&created["task_metadata"])["parallel"], false);
}

#[tokio::test]
async fn a_failed_task_is_completed_on_the_bus_and_its_reply_has_the_error() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (mut tasks, mut bus) = connected(juice).await;
    let group = "two channels failed (2 sub-exceptions)";
    let cases = [
        ("plain", "ValueError", "the fridge is warm", "raise ValueError(\"the fridge is warm\")"),
        ("chain", "BenchError", "calibration failed for q3", "The above exception was the direct cause"),
        ("chain", "BenchError", "calibration failed for q3", "During handling of the above exception"),
        ("group", "ExceptionGroup", group, "  +-+---------------- 1 ----------------"),
        ("recursion", "RecursionError", "maximum recursion depth exceeded", "[Previous line repeated"),
        ("notes", "BenchError", "with notes", "first note\nsecond note\nof two lines\n"),
        ("syntax", "SyntaxError", "was never closed", "File \"<recipe>\", line 1\n"),
        ("hostile", "BenchError", "red \u{1b}[31m bell \u{7}", "\u{1b}]0;owned\u{7}"),
        ("empty", "BenchError", "", "bench.BenchError\n"),
        ("cancelled", "CancelledError", "", "CancelledError"),
    ];
    for (how, ename, evalue, traceback) in cases {
        let id = tasks.send(Frame::new(&lane, "Fail", json!({"how": how}))).await;
        let reply = tasks.reply(&id).await.json();
        assert_eq!((&reply["status"], &reply["ename"]), (&json!("error"), &json!(ename)), "{how}");
        assert!(reply["evalue"].as_str().unwrap().contains(evalue), "{how}: {reply}");
        assert!(reply["traceback"].as_str().unwrap().contains(traceback), "{how}: {reply}");
        let completed = bus.task(&id, "completed").await.json;
        assert_eq!(inner(&completed["task_payload"]), reply);
        assert!(!bus.states(&id).contains(&"failed"));
    }
}

#[tokio::test]
async fn python_answers_with_more_than_json() {
    let Some(juice) = Juice::shared() else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    let contains = [
        ("nan", r#""mean": NaN, "limits": [-Infinity, Infinity]"#),
        ("bigint", r#""counter": 1208925819614629174706176"#),
        ("surrogate", r#"half \ud800 a pair"#),
        ("deep", "[[[[[[[["),
        ("like_error", r#""status": "ok", "result": {"status": "error", "ename": "NotAnError""#),
        ("controls", r"red \u001b[31m bell \u0007"),
        ("null", r#""status": "ok", "result": null"#),
        (
            "unserialisable",
            r#""ename": "TypeError", "evalue": "Object of type set is not JSON serializable""#,
        ),
    ];
    for (what, text) in contains {
        let reply = tasks.ask(Frame::new("bench", "Odd", json!({"what": what})).parallel()).await;
        assert!(reply.text.contains(text), "{what}: {}", reply.text);
    }
    let big = tasks.ask(Frame::new("bench", "Big", json!({"size": 5_000_000})).parallel()).await;
    assert!((4_999_000..5_001_000).contains(&big.text.len()), "{}", big.text.len());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_the_service() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut tasks = Tasks::connect(&juice.url()).await;
    let bad = json!({"qubit": "fridge", "averages": 0, "sweep": {"points": 1}});
    let reply = tasks.ask(Frame::new(&lane, "Measure", bad)).await.json();
    assert_eq!(reply["ename"], "ValidationError");
    let evalue = reply["evalue"].as_str().unwrap();
    assert!(
        evalue.starts_with("3 validation errors for Measure\nqubit\n  String should match pattern"),
        "{evalue}"
    );
    assert!(
        evalue.contains("\nsweep.points\n  Input should be greater than or equal to 2 [type="),
        "{evalue}"
    );

    let unknown = tasks.ask(Frame::new(&lane, "Nonsense", json!({}))).await.json();
    assert_eq!(
        (&unknown["ename"], &unknown["evalue"]),
        (&json!("ValueError"), &json!("Unknown task type: Nonsense"))
    );
}

#[tokio::test]
async fn the_router_wants_a_target_and_a_name_a_service_does_not() {
    let Some(juice) = Juice::shared() else { return };
    let ping = |id: &str| format!(r#"{{"id": "{id}", "type": "Ping", "payload": {{}}}}"#);
    let mut router = Tasks::connect(&juice.url()).await;
    router.send_text(ping("no-target")).await;
    let refused = router.reply("no-target").await.json();
    assert_eq!((&refused["status"], &refused["ename"]), (&json!("error"), &json!("ValueError")));
    assert!(refused["evalue"].as_str().unwrap().contains("'target'"), "{refused}");

    for service in ["bench", "lab", "cryo", "task-manager"] {
        let mut own_port = Tasks::connect(&juice.service_url(service)).await;
        own_port.send_text(ping("direct")).await;
        assert_eq!(own_port.reply("direct").await.result(), "pong", "{service}");
    }

    let mut nameless = Frame::new("bench", "Ping", json!({})).parallel().json();
    nameless["metadata"]["display_name"] = json!("");
    router.send_text(nameless.to_string()).await;
    let refused = router.reply(nameless["id"].as_str().unwrap()).await.json();
    assert!(refused["evalue"].as_str().unwrap().contains("'metadata.display_name'"), "{refused}");
}

#[tokio::test]
async fn frames_without_an_id_are_never_answered() {
    let Some(juice) = Juice::shared() else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    tasks.send_text("not json".into()).await;
    tasks.send_text(r#"{"target": "bench", "type": "Ping", "payload": {}}"#.into()).await;
    let id = tasks.send(Frame::new("bench", "Ping", json!({})).parallel()).await;
    assert_eq!(tasks.next().await.json()["id"], id, "the connection stays, and this is the first reply");
}

#[tokio::test]
async fn waiting_tasks_are_not_on_the_bus_and_run_in_their_order() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (mut tasks, mut bus) = connected(juice).await;
    let holder = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 4}))).await;
    bus.task(&holder, "started").await;
    let second = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 0.1}))).await;
    let third = tasks.send(Frame::new(&lane, "Measure", json!({"qubit": "q1"}))).await;
    // A parallel task sent after them goes straight through: by then the router has seen the other two.
    let beside = tasks.send(Frame::new(&lane, "SlowParallel", json!({"seconds": 0})).parallel()).await;
    bus.task(&beside, "completed").await;
    assert_eq!(bus.states(&holder), ["created", "started"]);
    assert!(bus.states(&second).is_empty() && bus.states(&third).is_empty());
    bus.task(&third, "completed").await;
    let order: Vec<_> =
        bus.seen.iter().filter(|e| e.json["task_state"] == "created").map(|e| &e.json["task_id"]).collect();
    let at = |id: &str| order.iter().position(|seen| *seen == id).expect("it was created");
    assert!(at(&holder) < at(&second) && at(&second) < at(&third));
}

#[tokio::test]
async fn a_closed_connection_gives_its_slot_away_and_its_waiting_tasks_up() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (mut leaver, mut bus) = connected(juice).await;
    let mut other = Tasks::connect(&juice.url()).await;
    // It runs for far longer than this test.
    let holder = leaver.send(Frame::new(&lane, "Slow", json!({"seconds": 120}))).await;
    bus.task(&holder, "started").await;
    let dropped = leaver.send(Frame::new(&lane, "Slow", json!({"seconds": 0}))).await;
    leaver.ask(Frame::new(&lane, "Ping", json!({})).parallel()).await;
    let next = other.send(Frame::new(&lane, "Measure", json!({"qubit": "q1"}))).await;
    other.ask(Frame::new(&lane, "Ping", json!({})).parallel()).await;
    assert!(bus.states(&next).is_empty(), "it waits");
    leaver.close().await;
    assert_eq!(other.reply(&next).await.result()["qubit"], "q1");
    bus.task(&next, "completed").await;
    assert_eq!(bus.states(&holder), ["created", "started"], "it runs on, and nobody hears how it ends");
    assert!(bus.states(&dropped).is_empty(), "it was before the other one, and never ran");
}

/// What taking back a direct task relies on: `src/app/session/withdraw.rs`.
#[tokio::test]
async fn a_task_whose_client_says_good_bye_has_been_told_on_the_bus_or_never_begins() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (mut tasks, mut bus) = connected(juice).await;
    let (mut begun, mut dropped) = (0, Vec::new());
    for n in 0..40 {
        let (mut holder, mut waiter) =
            (Tasks::connect(&juice.url()).await, Tasks::connect(&juice.url()).await);
        let held = holder.send(Frame::new(&lane, "Slow", json!({"seconds": 0.05}))).await;
        bus.task(&held, "started").await;
        let waits = waiter.send(Frame::new(&lane, "Slow", json!({"seconds": 0}))).await;
        // Around the moment at which the slot becomes free.
        tokio::time::sleep(Duration::from_millis(5 + 2 * n)).await;
        waiter.close().await;
        let question = Frame::new("task-manager", "GetScheduledTask", json!({"scheduled_task_id": "nobody"}));
        let asked = tasks.send(question.parallel()).await;
        bus.task(&asked, "created").await;
        match bus.states(&waits).is_empty() {
            true => dropped.push(waits),
            false => begun += 1,
        }
        holder.reply(&held).await.result();
    }
    tasks.ask(Frame::new(&lane, "Slow", json!({"seconds": 0.3}))).await.result();
    for id in &dropped {
        assert!(bus.states(id).is_empty(), "it began after all");
    }
    // How many of each depends on the machine; the earliest good-byes surely come first.
    assert!(!dropped.is_empty(), "{begun} had begun");
}

#[tokio::test]
async fn a_cell_that_raised_is_ok_on_the_outside() {
    let Some(juice) = Juice::shared() else { return };
    let (mut tasks, mut bus) = connected(juice).await;
    let cell = |code: &str| Frame::new("lab", "IPythonTask", json!({"code": code, "run_async": false}));
    let good = tasks.ask(cell("[n * n for n in range(3)]")).await.result();
    assert_eq!(good, json!({"status": "ok", "result": [0, 1, 4]}));
    let id = tasks.send(cell("1 / 0")).await;
    let bad = tasks.reply(&id).await.result();
    assert_eq!(bad, json!({"status": "error", "ename": "ZeroDivisionError", "evalue": "division by zero"}));
    assert_eq!(inner(&bus.task(&id, "completed").await.json["task_payload"])["status"], "ok");
}

#[tokio::test]
async fn a_kernel_is_busy_while_a_cell_runs() {
    let Some(juice) = Juice::shared() else { return };
    let (mut tasks, mut bus) = connected(juice).await;
    let code = "import asyncio; await asyncio.sleep(1)";
    let id = tasks.send(Frame::new("cryo", "IPythonTask", json!({"code": code, "run_async": false}))).await;
    let state_is = |state: &'static str| {
        move |event: &Event| event.topic == "IPythonServiceState.cryo." && event.json["state"] == state
    };
    bus.wait_for(state_is("busy")).await;
    bus.wait_for(state_is("idle")).await;
    assert_eq!(tasks.reply(&id).await.result(), json!({"status": "ok", "result": null}));
}

#[tokio::test]
async fn a_scheduled_task_tells_its_way_on_the_bus() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (mut tasks, mut bus) = connected(juice).await;
    let measure = Frame::new(&lane, "Measure", json!({"qubit": "q5"}));
    let first = schedule(&mut tasks, &measure, None).await;
    assert_eq!(
        (&first["status"], &first["task_id"], &first["result"]),
        (&json!("queued"), &Value::Null, &Value::Null)
    );
    let id = first["scheduled_task_id"].as_str().unwrap();
    assert_eq!(bus.scheduled(id, "queued").await.topic, format!("ScheduledTaskEvent.{id}."));
    let task_id = bus.scheduled(id, "running").await.json["task_id"].as_str().unwrap().to_owned();
    let done = bus.scheduled(id, "done").await.json;
    assert_eq!(done["task_id"], task_id.as_str());
    assert_eq!(bus.states(&task_id), ["created", "started", "completed"], "all before `done`");
    let last = snapshot(&mut tasks, &first).await;
    assert_eq!((&last["status"], &last["result"]["result"]["qubit"]), (&json!("done"), &json!("q5")));

    let failing = schedule(&mut tasks, &Frame::new(&lane, "Fail", json!({})), None).await;
    bus.scheduled(failing["scheduled_task_id"].as_str().unwrap(), "failed").await;
    assert_eq!(snapshot(&mut tasks, &failing).await["result"]["ename"], "ValueError");
    let all = tasks.ask(manager("GetScheduledTasks", json!({}))).await.result();
    let listed = |task: &Value| {
        all.as_array().unwrap().iter().any(|s| s["scheduled_task_id"] == task["scheduled_task_id"])
    };
    assert!(listed(&first) && listed(&failing), "ended ones stay in the list");
}

#[tokio::test]
async fn a_cancelled_scheduled_task_that_runs_goes_on() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (mut tasks, mut bus) = connected(juice).await;
    let scheduled = schedule(&mut tasks, &Frame::new(&lane, "Slow", json!({"seconds": 3})), None).await;
    let id = scheduled["scheduled_task_id"].as_str().unwrap();
    let task_id = bus.scheduled(id, "running").await.json["task_id"].as_str().unwrap().to_owned();
    bus.task(&task_id, "started").await;
    let cancel = || manager("CancelScheduledTask", json!({"scheduled_task_id": id}));
    assert_eq!(tasks.ask(cancel()).await.result(), true);
    bus.scheduled(id, "cancelled").await;
    assert_eq!(bus.states(&task_id), ["created", "started"], "it runs");
    let completed = bus.task(&task_id, "completed").await.json;
    assert_eq!(inner(&completed["task_payload"])["result"]["slept"], 3.0);
    let last = snapshot(&mut tasks, &scheduled).await;
    assert_eq!((&last["status"], &last["result"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(last["task_id"], task_id.as_str());
    assert_eq!(tasks.ask(cancel()).await.result(), false, "it has ended already");
}

#[tokio::test]
async fn a_cancelled_scheduled_task_that_waits_never_runs() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut tasks = Tasks::connect(&juice.url()).await;
    let scheduled =
        schedule(&mut tasks, &Frame::new(&lane, "Slow", json!({})), Some("2999-01-01T00:00:00")).await;
    assert_eq!(scheduled["run_at"], "2999-01-01T00:00:00Z", "a time without an offset is UTC");
    assert_eq!((&scheduled["eligible"], &scheduled["overdue"]), (&json!(false), &json!(false)));
    let cancel = manager("CancelScheduledTask", json!({"scheduled_task_id": scheduled["scheduled_task_id"]}));
    assert_eq!(tasks.ask(cancel).await.result(), true);
    let last = snapshot(&mut tasks, &scheduled).await;
    assert_eq!(
        (&last["status"], &last["task_id"]),
        (&json!("cancelled"), &Value::Null),
        "no task id: it was not sent"
    );
}

#[tokio::test]
async fn an_overdue_snapshot_proves_that_the_slot_is_held() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let (mut tasks, mut bus) = connected(juice).await;
    // A parallel one, too: from the scheduler everything takes the slot.
    let probe = Frame::new(&lane, "SlowParallel", json!({"seconds": 0})).parallel();
    let holder = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 2.5}))).await;
    bus.task(&holder, "started").await;
    let scheduled = schedule(&mut tasks, &probe, None).await;
    assert_eq!((&scheduled["eligible"], &scheduled["overdue"]), (&json!(true), &json!(true)));
    bus.scheduled(scheduled["scheduled_task_id"].as_str().unwrap(), "running").await;
    assert!(bus.states(&holder).contains(&"completed"), "it waited for the slot");
    let free = schedule(&mut tasks, &probe, Some("2999-01-01T00:00:00Z")).await;
    assert_eq!(free["overdue"], false);
}

#[tokio::test]
async fn the_task_manager_gives_signs_of_life_and_lists_topics() {
    let Some(juice) = Juice::shared() else { return };
    let (mut tasks, mut bus) = connected(juice).await;
    let beat = bus
        .wait_for(|event| event.topic.starts_with("ThrottleStateEvent.") && event.json["id"] == "SYSTEM")
        .await;
    assert!(beat.json["throttled"].is_number(), "{}", beat.json);
    let topics = tasks.ask(manager("GetEventTopicList", json!({}))).await.result();
    // Here without the dot at the end that they have on the bus.
    assert!(
        topics["TaskEvent"].is_string() && topics[beat.topic.trim_end_matches('.')].is_string(),
        "{topics}"
    );
    assert!(topics["IPythonServiceState.lab"].is_string(), "{topics}");
}

#[tokio::test]
async fn a_secret_travels_in_clear() {
    let Some(juice) = Juice::shared() else { return };
    let (mut tasks, mut bus) = connected(juice).await;
    let id = tasks
        .send(Frame::new("bench", "Connect", json!({"user": "ada", "password": "s3cret"})).parallel())
        .await;
    assert_eq!(tasks.reply(&id).await.result(), "welcome, ada");
    assert_eq!(inner(&bus.task(&id, "created").await.json["task_payload"])["password"], "s3cret");
}

#[test]
fn an_installation_describes_itself_on_disk() {
    let Some(juice) = Juice::shared() else { return };
    let read = |file: &str| -> toml::Table {
        fs::read_to_string(juice.run_dir().join(file)).unwrap().parse().unwrap()
    };
    let manager = read("task-manager-connection-info.d/default.toml");
    assert_eq!(format!("ws://{}:{}", manager["ip"].as_str().unwrap(), manager["router_port"]), juice.url());
    for service in ["task-manager", "lab", "cryo", "bench"] {
        let info = read(&format!("juice-services-info.d/{service}.toml"));
        let package = &info["services"][service]["user_installed_packages"]["orangeqs-juice-core"];
        assert_eq!(package["version"].as_str(), Some(venv::JUICE), "{service}");
    }
    let kernel = read("ipykernel-connection.d/lab.toml");
    assert!(kernel["services"]["lab"]["iopub_port"].is_integer());
    assert!(
        !juice.run_dir().join("ipykernel-connection.d/bench.toml").exists(),
        "a plain service has no kernel"
    );
}

#[tokio::test]
async fn a_dead_service_is_told_to_its_submitter_only() {
    let Some(mut juice) = Juice::private(&["bench"]) else { return };
    let (mut tasks, mut bus) = connected(&juice).await;
    let id = tasks.send(Frame::new("bench", "Slow", json!({"seconds": 120}))).await;
    bus.task(&id, "started").await;
    juice.kill_service("bench");
    let reply = tasks.reply(&id).await.json();
    assert_eq!(reply["ename"], "ConnectionError");
    assert_eq!(reply["evalue"], "Task client lost connection to service.");
    tasks.ask(manager("Ping", json!({}))).await;
    assert_eq!(bus.states(&id), ["created", "started"], "for the others it runs for ever");

    juice.restart_service("bench");
    assert_eq!(
        tasks.ask(Frame::new("bench", "Measure", json!({"qubit": "q2"}))).await.result()["qubit"],
        "q2"
    );
}

#[tokio::test]
async fn a_stopped_router_is_silent_and_goes_on_later() {
    let Some(mut juice) = Juice::private(&["bench"]) else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    juice.stop_router();
    let id = tasks.send(Frame::new("bench", "Ping", json!({})).parallel()).await;
    assert!(tasks.silent_for(Duration::from_secs(1)).await);
    juice.continue_router();
    assert_eq!(tasks.reply(&id).await.result(), "pong");
}

#[tokio::test]
async fn the_edge_shows_the_bus_to_those_with_a_token() {
    let Some(juice) = Juice::shared() else { return };
    for token in [None, Some("another")] {
        let refused = Bus::through_the_edge(&juice.edge_url(), token).await.err().expect("it is refused");
        assert!(refused.to_string().contains("403"), "{refused}");
    }
    let mut bus = Bus::through_the_edge(&juice.edge_url(), Some(EDGE_TOKEN)).await.expect("the edge opens");
    bus.until_heard(&juice.url()).await;
    assert!(fs::read_to_string(juice.edge_ca()).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn a_large_reply_passes_the_router_and_cuts_the_edge() {
    let Some(juice) = Juice::private(&["bench", "edge"]) else { return };
    let (mut tasks, mut bus) = connected(&juice).await;
    let mut edge = Bus::through_the_edge(&juice.edge_url(), Some(EDGE_TOKEN)).await.expect("the edge opens");
    edge.until_heard(&juice.url()).await;
    let id = tasks.send(Frame::new("bench", "Big", json!({"size": 12_000_000})).parallel()).await;
    assert!(tasks.reply(&id).await.text.len() > 11_900_000);
    bus.task(&id, "completed").await;
    // The edge takes 10 MiB a message from the router (tornado's default): everybody who watches through it is cut off.
    edge.until_closed().await;
    assert_eq!(edge.states(&id), ["created", "started"]);
}
