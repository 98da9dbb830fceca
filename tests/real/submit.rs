//! `juicetop submit` against the real Juice: every outcome with its exit code, what stands on which output, and what is
//! said of a task whose end cannot be seen.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{
    client::{Bus, Event, Frame, Tasks},
    juice::Juice,
    program::{Ended, Program, run, run_with_input},
    proxy::Proxy,
};

/// `submit SERVICE …` on the lab, to its end.
fn submit(juice: &Juice, args: &[&str]) -> Ended {
    run(&[&["submit", "--url", &juice.url()], args].concat())
}

#[test]
fn a_result_stands_on_standard_output_letter_for_letter() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    for (args, result) in [
        (vec!["Ping", "message=hi"], "\"hi\""),
        (vec!["SleepAsync", "duration=0.01"], "null"),
        (vec!["Odd", "what=nan", "--parallel"], r#"{"mean": NaN, "limits": [-Infinity, Infinity]}"#),
        (
            vec!["Odd", "what=bigint", "--parallel"],
            r#"{"counter": 1208925819614629174706176, "small": -9223372036854775808}"#,
        ),
        (vec!["Odd", "what=surrogate", "--parallel"], r#"{"text": "half \ud800 a pair"}"#),
        (
            vec!["Odd", "what=like_error", "--parallel"],
            r#"{"status": "error", "ename": "NotAnError", "evalue": "only data"}"#,
        ),
    ] {
        let ended = submit(juice, &[&[lane.as_str()], &args[..], &["--wait"]].concat()).expect(0);
        assert_eq!(ended.stdout, format!("{result}\n"), "{args:?}");
        assert_eq!(ended.stderr, "", "{args:?}");
    }
}

#[test]
fn cells_end_as_their_inner_result_says() {
    let Some(juice) = Juice::shared() else { return };
    let ended = submit(juice, &["lab", "RawIPython", "raw_code=6*7", "--wait"]).expect(0);
    assert_eq!(ended.stdout, "42\n");
    let ended = submit(juice, &["lab", "IPythonTask", "code=1/0", "--wait", "--direct"]).expect(1);
    assert_eq!((&*ended.stdout, &*ended.stderr), ("", "ZeroDivisionError: division by zero\n"));
    let ended = submit(juice, &["lab", "RawIPython", "raw_code=[]['x']", "--wait", "--json"]).expect(1);
    let line: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(line["outcome"], "failed");
    assert_eq!(line["error"]["name"], "TypeError");
    assert_eq!(line["result"], Value::Null);
    assert_eq!(line["id"], line["scheduled_task_id"]);
    assert_ne!(line["task_id"], line["id"]);
}

#[test]
fn a_failure_is_1_with_its_traceback_on_standard_error() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let ended = submit(juice, &[&lane, "Fail", "how=chain", "--wait", "--direct"]).expect(1);
    assert_eq!(ended.stdout, "");
    let ended = ended.says("KeyError: 'T1'").says("The above exception was the direct cause");
    assert!(ended.stderr.ends_with("bench.BenchError: calibration failed for q3\n"), "{}", ended.stderr);
    // A file gets what came, whatever it is.
    submit(juice, &[&lane, "Fail", "how=hostile", "--wait", "--direct"])
        .expect(1)
        .says("\u{1b}]0;owned\u{7}");
    submit(juice, &[&lane, "Nonsense", "--wait", "--direct"]).expect(1).says("Unknown task type: Nonsense");
    submit(juice, &[&lane, "Slow", "seconds=-1", "--wait"]).expect(1).says("greater_than_equal");
}

#[tokio::test]
async fn without_waiting_the_scheduler_has_it_and_its_id_is_printed() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut bus = Bus::open(&juice.url()).await;
    let id = submit(juice, &[&lane, "Slow", "seconds=0.01"]).expect(0).stdout;
    let event = bus.scheduled(id.trim_end(), "done").await;
    assert_eq!(event.json["display_name"], "Slow: seconds=0.01");
    let line = submit(juice, &[&lane, "Ping", "--at", "2099-01-01T06:00+01:00", "--json"]).expect(0);
    let line = line.says("not before Thu 2099-01-01 06:00:00 +01:00").says("waits for the service's slot");
    let ids: Value = serde_json::from_str(&line.stdout).unwrap();
    let mut tasks = Tasks::connect(&juice.url()).await;
    let of_one = |kind| Frame::new("task-manager", kind, json!({"scheduled_task_id": ids["id"]})).parallel();
    let snapshot = tasks.ask(of_one("GetScheduledTask")).await.result();
    assert_eq!(snapshot["run_at"], "2099-01-01T06:00:00+01:00");
    assert_eq!(ids["task_id"], Value::Null);
    tasks.ask(of_one("CancelScheduledTask")).await;
}

#[tokio::test]
async fn the_default_way_is_the_one_that_suits_the_lane() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut bus = Bus::open(&juice.url()).await;
    for (args, scheduled) in [
        (vec!["Slow", "seconds=0"], true),
        (vec!["Slow", "seconds=0", "--direct"], false),
        (vec!["Ping"], false),
        (vec!["Ping", "--sequential"], true),
    ] {
        let line =
            submit(juice, &[&[lane.as_str()], &args[..], &["--wait", "--json"]].concat()).expect(0).stdout;
        let line: Value = serde_json::from_str(&line).unwrap();
        let id = line["task_id"].as_str().expect("a task id").to_owned();
        bus.task(&id, "completed").await;
        assert_eq!(line["scheduled_task_id"].is_string(), scheduled, "{args:?}");
        let seen = bus
            .seen
            .iter()
            .any(|e| e.json["task_id"] == id.as_str() && e.json["scheduled_task_id"].is_string());
        assert_eq!(seen, scheduled, "{args:?}");
        // It was sent once.
        assert_eq!(bus.states(&id), ["created", "started", "completed"], "{args:?}");
    }
}

#[tokio::test]
async fn a_cancelled_task_is_1() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut bus = Bus::open(&juice.url()).await;
    let url = juice.url();
    let args = ["submit", &lane, "Slow", "--at", "2099-01-01T06:00Z", "--wait", "--json", "--url", &url];
    let program = Program::start(&args);
    let queued = bus.wait_for(|e| e.json["target"] == lane.as_str() && e.json["status"] == "queued").await;
    let id = &queued.json["scheduled_task_id"];
    let mut tasks = Tasks::connect(&juice.url()).await;
    let cancel =
        Frame::new("task-manager", "CancelScheduledTask", json!({"scheduled_task_id": id})).parallel();
    assert_eq!(tasks.ask(cancel).await.result(), true);
    let ended = program.end().expect(1).says("cancelled before it started");
    let line: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&line["outcome"], &line["id"]), (&json!("cancelled"), id));
}

#[test]
fn a_command_that_cannot_be_carried_out_is_2() {
    // Nothing listens there: it is told before anything is tried.
    let nowhere = ["submit", "--url", "ws://127.0.0.1:1"];
    for (args, words) in [
        (vec!["lab", "Ping", "--direct"], "add --wait"),
        (vec!["lab", "Ping", "duration"], "name=value"),
        (vec!["lab", "Ping", "--at", "2020-01-01T00:00Z"], "is over"),
        (vec!["lab", "Ping", "--at", "soon"], "cannot be read"),
        (vec!["lab", "Ping", "--payload", "/nowhere.json"], "cannot be read"),
        (vec!["lab", "RawIPython"], "raw_code"),
        (vec!["lab"], "TYPE"),
    ] {
        run(&[&nowhere, &args[..]].concat()).expect(2).says(words);
    }
    run_with_input(&[&nowhere[..], &["lab", "Ping", "--payload", "-"]].concat(), "[1]")
        .expect(2)
        .says("no JSON object");
    run(&["submit", "--url", "http://x", "lab", "Ping"]).expect(2);
}

#[tokio::test]
async fn what_moves_hardware_goes_out_only_with_a_yes() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut bus = Bus::open(&juice.url()).await;
    let guarded = [lane.as_str(), "SetHeaterPower", "power=0.5", "--wait", "--direct"];
    submit(juice, &guarded).expect(4).says("SetHeaterPower").says(&lane).says("0.5").says("--yes");
    submit(juice, &[&guarded[..], &["--yes", "--read-only"]].concat()).expect(4).says("read-only");
    submit(juice, &[&lane, "Ping", "--wait"]).expect(0);
    bus.wait_for(|e| e.json["task_target"] == lane.as_str() && e.json["task_state"] == "completed").await;
    let sent = |e: &Event| e.json["task_target"] == lane.as_str() && e.json["task_type"] == "SetHeaterPower";
    assert!(!bus.seen.iter().any(sent), "nothing was sent");
    // The bench does not know it: the answer proves that it went out.
    submit(juice, &[&guarded[..], &["--yes"]].concat()).expect(1).says("Unknown task type: SetHeaterPower");
}

#[test]
fn what_cannot_be_sent_is_4() {
    let Some(juice) = Juice::shared() else { return };
    run(&["submit", "lab", "Ping", "--wait", "--url", &juice.service_url("bench")])
        .expect(4)
        .says("not sent")
        .says("service");
    let token = tempfile::NamedTempFile::new().unwrap();
    let file = token.path().to_str().unwrap();
    let edge = juice.edge_url();
    run(&["submit", "lab", "Ping", "--edge", &edge, "--token-file", file])
        .expect(4)
        .says("watch but not submit");
    run(&["submit", "lab", "Ping", "--url", "ws://127.0.0.1:1"])
        .expect(4)
        .says("trying for 15 s")
        .says("connection refused");
}

#[tokio::test]
async fn a_link_lost_under_a_direct_task_is_3() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut bus = Bus::open(&juice.url()).await;
    let mut proxy = Proxy::to(&juice.url());
    let url = proxy.url();
    let program =
        Program::start(&["submit", &lane, "Slow", "seconds=20", "--wait", "--direct", "--url", &url]);
    bus.wait_for(|e| e.json["task_target"] == lane.as_str() && e.json["task_state"] == "started").await;
    proxy.cut();
    let ended = program.end().expect(3).says("the link was lost");
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn a_scheduled_task_outlives_a_lost_link() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut bus = Bus::open(&juice.url()).await;
    let mut proxy = Proxy::to(&juice.url());
    let url = proxy.url();
    let program = Program::start(&["submit", &lane, "Slow", "seconds=3", "--wait", "--url", &url]);
    let started =
        bus.wait_for(|e| e.json["task_target"] == lane.as_str() && e.json["task_state"] == "started").await;
    // By this the task is known again, where also the scheduler's answer is lost.
    let metadata = started.json["task_metadata"].as_str().unwrap();
    assert!(metadata.contains("\"submitted_as\""), "{metadata}");
    proxy.cut();
    program.wait_until_said("the scheduler keeps the task");
    // It ends while nobody of ours hears it.
    bus.wait_for(|e| e.json["target"] == lane.as_str() && e.json["status"] == "done").await;
    proxy.open();
    let ended = program.end().expect(0);
    assert_eq!(ended.stdout, r#"{"slept": 3.0}"#);
}

#[tokio::test]
async fn interrupted_after_sending_is_3_and_says_what_goes_on() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let url = juice.url();
    let mut bus = Bus::open(&url).await;
    let program = Program::start(&["submit", &lane, "Slow", "seconds=3", "--wait", "--url", &url]);
    let queued = bus.wait_for(|e| e.json["target"] == lane.as_str() && e.json["status"] == "queued").await;
    let id = queued.json["scheduled_task_id"].as_str().unwrap().to_owned();
    bus.wait_for(|e| e.json["task_target"] == lane.as_str() && e.json["task_state"] == "started").await;
    program.interrupt();
    program.end().expect(3).says(&format!("the scheduler keeps it under the id {id}"));
    bus.scheduled(&id, "done").await;

    let program =
        Program::start(&["submit", &lane, "Slow", "seconds=5", "--wait", "--direct", "--url", &url]);
    bus.wait_for(|e| {
        e.json["task_target"] == lane.as_str()
            && e.json["task_display_name"] == "Slow: seconds=5"
            && e.json["task_state"] == "started"
    })
    .await;
    program.signal(Signal::TERM);
    program.end().expect(3).says("goes on unobserved");
}

#[test]
fn a_service_alone_wants_to_be_waited_for_and_a_yes_where_a_task_manager_answers() {
    let Some(juice) = Juice::shared() else { return };
    let service = format!("bench={}", juice.service_url("bench"));
    let alone = ["submit", "bench", "Ping", "--service", &service, "--url", &juice.url()].map(str::to_owned);
    let alone: Vec<&str> = alone.iter().map(String::as_str).collect();
    run(&alone).expect(2).says("add --wait");
    run(&[&alone[..], &["--wait", "--scheduled"]].concat()).expect(2).says("no scheduler");
    run(&[&alone[..], &["--wait"]].concat()).expect(4).says("the task manager answers").says("--yes");
    let ended = run(&[&alone[..], &["--wait", "--yes"]].concat()).expect(0);
    assert_eq!(ended.stdout, "\"pong\"\n");
    // Where none answers there is nothing to ask.
    let ended = run(&[
        "submit",
        "bench",
        "Slow",
        "seconds=0.01",
        "--wait",
        "--service",
        &service,
        "--url",
        "ws://127.0.0.1:1",
    ]);
    assert_eq!(ended.expect(0).stdout, "{\"slept\": 0.01}\n");
}

#[test]
fn a_payload_comes_from_a_file_and_fields_win() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let args = ["submit", &lane, "Measure", "averages=7", "--payload", "-", "--wait", "--url", &juice.url()];
    let ended = run_with_input(&args, r#"{"qubit": "q3", "averages": 1, "sweep": {"points": 5}}"#).expect(0);
    let result: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (&result["averages"], &result["points"], &result["qubit"]),
        (&json!(7), &json!(5), &json!("q3"))
    );
}

/// What a Juice older than 26.29.0 does, as far as `submit` sees it: no bus, no topics, no scheduler. (None that old
/// can be had from the package index with a Python of today, so this one is ours.) Gives its address and the types of
/// the frames that it got.
async fn older_juice() -> (String, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::{
        Message,
        handshake::server::{Request, Response},
        http::StatusCode,
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let got = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = got.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let got = kept.clone();
            tokio::spawn(async move {
                #[expect(clippy::result_large_err, reason = "the library's own type")]
                let only_tasks = |request: &Request, response: Response| {
                    if request.uri().path() == "/tasks" {
                        return Ok(response);
                    }
                    Err(Response::builder().status(StatusCode::NOT_FOUND).body(None).unwrap())
                };
                let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, only_tasks).await else {
                    return;
                };
                while let Some(Ok(Message::Text(text))) = socket.next().await {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    let (id, kind) = (&frame["id"], frame["type"].as_str().unwrap_or_default());
                    got.lock().unwrap().push(kind.to_owned());
                    let error = |what: String| json!({"id": id, "status": "error", "ename": "ValueError", "evalue": what, "traceback": ""});
                    let reply = match frame["target"].as_str() {
                        None => error("Missing 'target'".to_owned()),
                        Some("task-manager") => error(format!("Unknown task type: {kind}")),
                        Some(_) => json!({"id": id, "status": "ok", "result": "done"}),
                    };
                    socket.send(Message::text(reply.to_string())).await.ok();
                }
            });
        }
    });
    (url, got)
}

#[tokio::test]
async fn without_a_scheduler_it_goes_direct_once_or_not_at_all() {
    let (url, got) = older_juice().await;
    let submit = async |args: &[&str]| {
        let args: Vec<String> =
            ["submit", "lab", "Fit", "--url", &url].iter().chain(args).map(|s| (*s).to_owned()).collect();
        tokio::task::spawn_blocking(move || run(&args.iter().map(String::as_str).collect::<Vec<_>>()))
            .await
            .unwrap()
    };
    let ended = submit(&["--wait"]).await.expect(0).says("no scheduler").says("direct");
    assert_eq!(ended.stdout, "\"done\"\n");
    let fits = || got.lock().unwrap().iter().filter(|kind| *kind == "Fit").count();
    assert_eq!(fits(), 1, "sent once");
    submit(&[]).await.expect(2).says("no scheduler").says("send it with --wait");
    submit(&["--wait", "--scheduled"]).await.expect(2).says("no scheduler");
    submit(&["--wait", "--at", "23:59"]).await.expect(2).says("no scheduler");
    assert_eq!(fits(), 1, "nothing more was sent");
}
