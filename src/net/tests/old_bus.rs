//! The bus of a Juice older than 26.34.1, against a publisher of ZeroMQ and one that is none.

use std::sync::Arc;

use tokio::{sync::Mutex, task::JoinHandle};
use zeromq::{PubSocket, Socket as _, SocketSend as _, ZmqMessage};

use super::{diagnosis::without_bus, *};
use crate::wire::stand_in::LeftOut;

/// A publisher, as a task manager has one.
pub(super) struct Publisher {
    /// `tcp://127.0.0.1:PORT`.
    pub url: String,
    socket: Arc<Mutex<PubSocket>>,
}

impl Publisher {
    pub(super) async fn start() -> Publisher {
        let mut socket = PubSocket::new();
        let url = socket.bind("tcp://127.0.0.1:0").await.unwrap().to_string();
        Publisher { url, socket: Arc::new(Mutex::new(socket)) }
    }

    /// Publishes this again and again: who subscribes does not know from when on it hears.
    pub(super) fn publishes(&self, topic: &str, json: &str) -> JoinHandle<()> {
        let mut message = ZmqMessage::from(topic);
        message.push_back(json.to_owned().into());
        let socket = Arc::clone(&self.socket);
        tokio::spawn(async move {
            loop {
                socket.lock().await.send(message.clone()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    }
}

/// A client of an older lab whose bus is there.
async fn client(bus: &str) -> Client {
    let url = without_bus(As::Router).await;
    Client::start(Options { bus: Some(bus.to_owned()), raw: true, max_bus_message: 10_000, ..quick(&url) })
}

/// Waits for an event of the bus; the message that it was read from goes before it.
async fn heard(client: &mut Client) -> (Vec<u8>, BusEvent) {
    let mut raw = Vec::new();
    client
        .until("an event", |event| match event {
            Event::Raw { line: Line::Bus, frame } => {
                raw = frame.bytes().to_vec();
                None
            }
            Event::Bus(event) => Some((std::mem::take(&mut raw), event.clone())),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn it_is_heard_as_the_websocket_would_bring_it() {
    let publisher = Publisher::start().await;
    let mut client = client(&publisher.url).await;
    client.live(Line::Bus).await;
    let json = r#"{"time": "2026-11-24T21:00:00Z", "service": "lab", "state": "busy"}"#;
    let sent = publisher.publishes("IPythonServiceState.lab.", json);
    let (raw, event) = heard(&mut client).await;
    sent.abort();
    assert_eq!(raw, crate::wire::bus::encode("IPythonServiceState.lab.", json));
    assert!(matches!(event, BusEvent::Service(event) if &*event.service == "lab"));
}

#[tokio::test]
async fn what_is_too_large_costs_its_own_task_only() {
    let publisher = Publisher::start().await;
    let mut client = client(&publisher.url).await;
    client.live(Line::Bus).await;
    let payload = serde_json::json!({"id": "t", "status": "ok", "result": "x".repeat(50_000)}).to_string();
    let json = serde_json::json!({
        "time": "2026-11-24T21:00:00Z", "task_id": "t", "task_target": "lab", "task_type": "Big",
        "task_display_name": "Big", "task_metadata": "{}", "task_payload": payload, "task_state": "completed",
    });
    // In the order of Juice's own fields, not of the alphabet.
    let field = |name: &str| format!("\"{name}\": {}", json[name]);
    let names = [
        "time",
        "task_id",
        "task_target",
        "task_type",
        "task_display_name",
        "task_metadata",
        "task_payload",
        "task_state",
    ];
    let json = format!("{{{}}}", names.map(field).join(", "));
    let sent = publisher.publishes("TaskEvent.", &json);
    let (_, event) = heard(&mut client).await;
    sent.abort();
    let BusEvent::Task(task) = event else { panic!("{event:?}") };
    let left_out = LeftOut::read(&task.payload).expect("a stand-in");
    assert_eq!((left_out.limit, &*task.task_id), (10_000, "t"));
    assert!(left_out.length > 50_000);
}

#[tokio::test]
async fn a_publisher_that_goes_away_is_a_lost_bus_which_comes_back_with_it() {
    // In a runtime of its own: with that its connections go too.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let publisher = runtime.spawn(Publisher::start()).await.unwrap();
    let mut client = client(&publisher.url).await;
    client.live(Line::Bus).await;
    let url = publisher.url.clone();
    drop(publisher);
    runtime.shutdown_background();
    let (problem, again) = client.down(Line::Bus).await;
    assert!(again && problem.kind == ProblemKind::Closed, "{problem:?}");
    assert!(problem.what.contains(url.trim_start_matches("tcp://")), "{problem:?}");
    let mut socket = PubSocket::new();
    while socket.bind(&url).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.live(Line::Bus).await;
}

#[tokio::test]
async fn it_can_be_given_up_but_not_while_something_comes() {
    let publisher = Publisher::start().await;
    let mut client = client(&publisher.url).await;
    client.live(Line::Bus).await;
    let deaf = || Problem { kind: ProblemKind::Silent, what: "It is deaf".into(), remedy: String::new() };
    // Long enough that no look can take it for signs of life.
    let json = format!(r#"{{"id": "heartbeat", "throttled": 0, "more": "{}"}}"#, "x".repeat(2000));
    let sent = publisher.publishes("ThrottleStateEvent.", &json);
    heard(&mut client).await;
    client.net.commands.send(Command::GiveUp { line: Line::Bus, problem: deaf() }).unwrap();
    for _ in 0..30 {
        heard(&mut client).await;
    }
    sent.abort();
    client.net.commands.send(Command::GiveUp { line: Line::Bus, problem: deaf() }).unwrap();
    assert_eq!(client.down(Line::Bus).await.0, deaf());
    client.live(Line::Bus).await;
}

/// A publisher that sends one long message in small pieces, each after a moment. It answers no question for a sign of life.
async fn slow_publisher(piece: usize) -> String {
    let url = serve(move |_, mut stream| async move {
        let mut greeting = [0; 64];
        (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
        greeting[12..16].copy_from_slice(b"NULL");
        stream.write_all(&greeting).await.unwrap();
        stream.write_all(b"\x04\x06\x05READY").await.unwrap();
        let json = format!(r#"{{"id": "heartbeat", "throttled": 0, "more": "{}"}}"#, "x".repeat(200 * piece));
        stream.write_all(b"\x01\x13ThrottleStateEvent.\x02").await.unwrap();
        stream.write_all(&(json.len() as u64).to_be_bytes()).await.unwrap();
        for piece in json.as_bytes().chunks(piece) {
            if stream.write_all(piece).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    url.replace("ws://", "tcp://")
}

#[tokio::test]
async fn a_long_message_that_comes_slowly_is_something() {
    let bus = slow_publisher(2000).await;
    let url = without_bus(As::Router).await;
    let mut client = Client::start(Options { bus: Some(bus), ..quick(&url) });
    client.live(Line::Bus).await;
    let problem = Problem { kind: ProblemKind::Silent, what: "It is deaf".into(), remedy: String::new() };
    // Looked at for a seventh of the time that it takes.
    client.net.commands.send(Command::GiveUp { line: Line::Bus, problem }).unwrap();
    let whole = client.until("the message", |event| match event {
        Event::Link { line: Line::Bus, state } => Some(Err(format!("{state:?}"))),
        Event::Bus(event) => Some(Ok(event.clone())),
        _ => None,
    });
    assert!(matches!(whole.await, Ok(BusEvent::Throttle(_))));
}

#[tokio::test]
async fn what_is_no_publisher_is_said_to_be_none() {
    let url = serve(|_, stream| async move {
        answer(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    })
    .await;
    let mut client = client(&url.replace("ws://", "tcp://")).await;
    let (problem, again) = client.down(Line::Bus).await;
    assert!(again && problem.kind == ProblemKind::TooOld, "{problem:?}");
    assert!(problem.what.contains("ZeroMQ"), "{problem:?}");
}

#[tokio::test]
async fn nothing_that_is_encrypted_or_behind_a_proxy_is_replaced_by_an_open_port() {
    for url in ["wss://lab:5124", "ws://proxy/lab/"] {
        let router = Address::router(url).unwrap();
        let Err(problem) = super::super::old_bus::open(&router, &Options::default()).await else {
            panic!("{url}")
        };
        assert_eq!(problem.kind, ProblemKind::TooOld);
        assert!(problem.what.contains("neither encrypted nor behind a proxy"), "{problem:?}");
    }
}
