//! A plain client for a real Juice: frames in, JSON out. It waits for what it is asked for, 30 s at most.

use std::{
    sync::{Arc, Condvar, Mutex, mpsc},
    thread,
    time::Duration,
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, accept_hdr_async, connect_async, connect_async_with_config, tungstenite,
};
use tungstenite::{
    Message,
    client::IntoClientRequest as _,
    handshake::server::{Request, Response},
    protocol::WebSocketConfig,
};

/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(url: &str) -> Result<Socket, tungstenite::Error> {
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    Ok(connect_async_with_config(url, Some(config), false).await?.0)
}

/// The lab's end of a connection: the path that was asked for, and what speaks there. `None`: it was no WebSocket.
pub async fn accept(stream: TcpStream) -> Option<(String, WebSocketStream<TcpStream>)> {
    let mut path = String::new();
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    let look = |request: &Request, response: Response| {
        request.uri().path().clone_into(&mut path);
        Ok(response)
    };
    let socket = accept_hdr_async(stream, look).await.ok()?;
    Some((path, socket))
}

/// A task as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Frame {
    /// A fresh UUID.
    pub id: String,
    target: String,
    task_type: String,
    parallel: bool,
    payload: Value,
    name: String,
}

impl Frame {
    /// A sequential task.
    pub fn new(target: &str, task_type: &str, payload: Value) -> Frame {
        let id = uuid::Uuid::new_v4().to_string();
        let name = format!("{task_type}: test");
        Frame { id, target: target.into(), task_type: task_type.into(), parallel: false, payload, name }
    }

    /// The same with this display name.
    pub fn named(mut self, name: &str) -> Frame {
        self.name = name.into();
        self
    }

    /// The same as a parallel one.
    pub fn parallel(mut self) -> Frame {
        self.parallel = true;
        self
    }

    /// The metadata that Juice's own client sends.
    pub fn metadata(&self) -> Value {
        json!({"parallel": self.parallel, "display_name": self.name, "show_in_dashboard": true})
    }

    /// The JSON.
    pub fn json(&self) -> Value {
        json!({"id": self.id, "target": self.target, "type": self.task_type, "metadata": self.metadata(), "payload": self.payload})
    }

    /// The task for `task-manager` that schedules this one.
    pub fn scheduled(&self, run_at: Option<&str>) -> Frame {
        let payload = json!({
            "scheduled_task_target": self.target, "task_type": self.task_type, "task_metadata": self.metadata(),
            "task_payload": self.payload, "task_display_name": self.name, "run_at": run_at,
        });
        Frame::new("task-manager", "ScheduleTask", payload).parallel()
    }
}

/// A reply, as it came.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The frame's text. It may be what Python calls JSON.
    pub text: String,
}

impl Reply {
    /// The reply as strict JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// `result`, of a reply that must be `ok`.
    pub fn result(&self) -> Value {
        let mut reply = self.json();
        assert_eq!(reply["status"], "ok", "{}", self.text);
        reply["result"].take()
    }
}

/// A connection to `/tasks`, of the router or of a service.
pub struct Tasks {
    socket: Socket,
    /// Replies that came while another was waited for.
    early: Vec<Reply>,
}

impl Tasks {
    /// Connects to `ws://host:port` + `/tasks`.
    pub async fn connect(url: &str) -> Tasks {
        Tasks::try_connect(url).await.unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    /// The same where a failure is expected.
    pub async fn try_connect(url: &str) -> Result<Tasks, tungstenite::Error> {
        Ok(Tasks { socket: connect(&format!("{url}/tasks")).await?, early: Vec::new() })
    }

    /// Sends a task; its id.
    pub async fn send(&mut self, frame: Frame) -> String {
        self.send_text(frame.json().to_string()).await;
        frame.id
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.expect("a frame can be sent");
    }

    /// Waits for the reply to the task with that id.
    pub async fn reply(&mut self, id: &str) -> Reply {
        // Juice writes the id first; a scan works where strict JSON does not.
        let begins = format!("{{\"id\": \"{id}\"");
        let fits = |reply: &Reply| {
            reply.text.starts_with(&begins) || {
                serde_json::from_str::<Value>(&reply.text).is_ok_and(|json| json["id"] == id)
            }
        };
        if let Some(found) = self.early.iter().position(&fits) {
            return self.early.remove(found);
        }
        loop {
            let reply = self.next().await;
            if fits(&reply) {
                return reply;
            }
            self.early.push(reply);
        }
    }

    /// Sends a task and waits for its reply.
    pub async fn ask(&mut self, frame: Frame) -> Reply {
        let id = self.send(frame).await;
        self.reply(&id).await
    }

    /// The next reply, whichever it is.
    pub async fn next(&mut self) -> Reply {
        loop {
            match timeout(PATIENCE, self.socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => return Reply { text: text.to_string() },
                Ok(Some(Ok(_))) => {}
                other => panic!("no reply came: {other:?}"),
            }
        }
    }

    /// Whether nothing comes for that long. (Time cannot prove that nothing will: only for a process that is stopped.)
    pub async fn silent_for(&mut self, time: Duration) -> bool {
        timeout(time, self.socket.next()).await.is_err()
    }

    /// Closes the connection with the closing handshake.
    pub async fn close(mut self) {
        self.socket.close(None).await.ok();
        while let Ok(Some(Ok(_))) = timeout(PATIENCE, self.socket.next()).await {}
    }
}

/// One event of the bus.
#[derive(Clone, Debug)]
pub struct Event {
    /// Part 0, for example `TaskEvent.`.
    pub topic: String,
    /// Part 1.
    pub json: Value,
}

/// The bus, and everything seen on it so far.
pub struct Bus {
    socket: Socket,
    /// All events since the bus was opened, in the order in which they came.
    pub seen: Vec<Event>,
}

impl Bus {
    /// Connects to `ws://host:port` + `/remote-sub` and waits until events really come.
    pub async fn open(url: &str) -> Bus {
        let socket =
            connect(&format!("{url}/remote-sub")).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        let mut bus = Bus { socket, seen: Vec::new() };
        bus.until_heard(url).await;
        bus
    }

    /// Waits until events of the router at `url` come. A bus is told of its new reader in the background, so what is
    /// sent at once can be missed.
    pub async fn until_heard(&mut self, url: &str) {
        let mut tasks = Tasks::connect(url).await;
        for _ in 0..150 {
            let id = tasks.send(Frame::new("task-manager", "Ping", json!({})).parallel()).await;
            let heard = self.wait_for(|event| event.json["task_id"] == id.as_str());
            if timeout(Duration::from_millis(200), heard).await.is_ok() {
                return;
            }
        }
        panic!("the bus of {url} stays silent");
    }

    /// Reads on until the other side has closed the connection.
    pub async fn until_closed(&mut self) {
        let reading = async {
            while let Some(Ok(message)) = self.socket.next().await {
                if let Message::Binary(frame) = message {
                    self.seen.push(decode(&frame));
                }
            }
        };
        timeout(PATIENCE, reading).await.expect("the other side closes the connection");
    }

    /// Connects to the edge gateway's `/hub/sub`, which wants a token; the handshake's failure where that is expected.
    pub async fn through_the_edge(edge: &str, token: Option<&str>) -> Result<Bus, tungstenite::Error> {
        let mut request = format!("{}/hub/sub", edge.replacen("http", "ws", 1)).into_client_request()?;
        if let Some(token) = token {
            request.headers_mut().insert("X-Juice-Edge-Token", token.parse().expect("a header's value"));
        }
        Ok(Bus { socket: connect_async(request).await?.0, seen: Vec::new() })
    }

    /// Waits for an event that has not been seen yet.
    pub async fn wait_for(&mut self, fits: impl Fn(&Event) -> bool) -> Event {
        loop {
            let message = match timeout(PATIENCE, self.socket.next()).await {
                Ok(Some(Ok(message))) => message,
                other => {
                    panic!("the awaited event did not come ({other:?}); the last ones:\n{}", self.tail())
                }
            };
            if let Message::Binary(frame) = message {
                let event = decode(&frame);
                self.seen.push(event.clone());
                if fits(&event) {
                    return event;
                }
            }
        }
    }

    /// The `TaskEvent` of that task in that state: seen already, or waited for.
    pub async fn task(&mut self, id: &str, state: &str) -> Event {
        let fits = |event: &Event| event.json["task_id"] == id && event.json["task_state"] == state;
        if let Some(event) = self.seen.iter().find(|event| fits(event)) {
            return event.clone();
        }
        self.wait_for(fits).await
    }

    /// The `ScheduledTaskEvent` of that scheduled task in that status: seen already, or waited for.
    pub async fn scheduled(&mut self, id: &str, status: &str) -> Event {
        let fits = |event: &Event| event.json["scheduled_task_id"] == id && event.json["status"] == status;
        if let Some(event) = self.seen.iter().find(|event| fits(event)) {
            return event.clone();
        }
        self.wait_for(fits).await
    }

    /// The states in which a task was seen so far.
    pub fn states(&self, id: &str) -> Vec<&str> {
        let of_task =
            self.seen.iter().filter(|event| event.topic == "TaskEvent." && event.json["task_id"] == id);
        of_task.filter_map(|event| event.json["task_state"].as_str()).collect()
    }

    fn tail(&self) -> String {
        self.seen
            .iter()
            .rev()
            .take(20)
            .rev()
            .map(|event| format!("{} {}\n", event.topic, event.json))
            .collect()
    }
}

/// The bus, read by a thread of its own, beside a test that is busy with a screen for longer than a connection may stay
/// unread (a minute).
pub struct Listener {
    heard: Arc<(Mutex<Vec<Event>>, Condvar)>,
}

impl Listener {
    /// Returns when events really come.
    pub fn open(url: &str) -> Listener {
        let heard = Arc::<(Mutex<Vec<Event>>, Condvar)>::default();
        let (url, shared) = (url.to_owned(), Arc::clone(&heard));
        let (open, opened) = mpsc::channel();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut bus = Bus::open(&url).await;
                open.send(()).expect("somebody waits");
                while let Some(Ok(message)) = bus.socket.next().await {
                    if let Message::Binary(frame) = message {
                        shared.0.lock().expect("a lock").push(decode(&frame));
                        shared.1.notify_all();
                    }
                }
            });
        });
        opened.recv().expect("the bus can be heard");
        Listener { heard }
    }

    /// All events so far, in the order in which they came.
    pub fn seen(&self) -> Vec<Event> {
        self.heard.0.lock().expect("a lock").clone()
    }

    /// The first such event: heard already, or waited for.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        let heard = self.heard.0.lock().expect("a lock");
        let none = |heard: &mut Vec<Event>| !heard.iter().any(&fits);
        let (heard, _) = self.heard.1.wait_timeout_while(heard, PATIENCE, none).expect("a lock");
        heard.iter().find(|event| fits(event)).unwrap_or_else(|| panic!("{what} was not heard")).clone()
    }
}

/// Parts with 4-byte big-endian lengths: the topic and the event.
fn decode(frame: &[u8]) -> Event {
    let mut parts = Vec::new();
    let mut rest = frame;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (part, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        parts.push(part);
        rest = after;
    }
    assert!(rest.is_empty() && parts.len() == 2, "two parts with their lengths: {frame:?}");
    let topic = String::from_utf8(parts[0].to_vec()).expect("a topic is UTF-8");
    Event { topic, json: serde_json::from_slice(parts[1]).expect("an event is JSON") }
}
