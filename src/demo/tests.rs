//! The lab over a real web socket, and what was captured from a real Juice beside it.

mod errors;
mod life;
mod scheduling;
mod text;
mod wire;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use super::{Demo, Options, start};
use crate::time::Clock;

/// What every event of the real system looked like during one run.
const CAPTURE: &str = include_str!("../../tests/cases/frames_bus.jsonl");

/// A lab without colleagues.
fn empty_lab() -> Demo {
    let options = Options { colleagues: false, patience: Duration::from_millis(300), ..Options::default() };
    start(options, Clock::start()).expect("a free port")
}

/// The captured events: topic and event.
fn captured() -> Vec<(String, Value)> {
    let events = CAPTURE.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let event = line["event"].as_str().expect("text");
        (line["topic"].as_str().expect("text").to_owned(), serde_json::from_str(event).expect("an event"))
    });
    events.collect()
}

struct Link(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Link {
    async fn open(demo: &Demo, path: &str) -> Link {
        Link(connect_async(demo.url() + path).await.expect("a connection").0)
    }

    async fn send(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.expect("sent");
    }

    async fn message(&mut self) -> Message {
        let wait = timeout(Duration::from_secs(20), self.0.next());
        wait.await.expect("in time").expect("an open link").expect("a message")
    }

    /// The next reply.
    async fn reply(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.message().await {
                return serde_json::from_str(&text).expect("a reply");
            }
        }
    }

    /// The next event of the bus.
    async fn event(&mut self) -> (String, Value) {
        loop {
            if let Message::Binary(frame) = self.message().await {
                let (topic, event) = parts(&frame);
                return (topic, serde_json::from_str(&event).expect("an event"));
            }
        }
    }

    /// The events of tasks and scheduled tasks, in short, up to the first that `last` accepts.
    async fn story(&mut self, last: &str) -> Vec<String> {
        let mut story = Vec::new();
        while story.last().map(String::as_str) != Some(last) {
            let (topic, event) = self.event().await;
            let word = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
            match topic.split('.').next() {
                Some("TaskEvent") => story.push(format!("{} {}", word("task_id"), word("task_state"))),
                Some("ScheduledTaskEvent") => story.push(format!("scheduled {}", word("status"))),
                _ => {}
            }
        }
        story
    }
}

/// The two parts of a frame; panics if there are more or the lengths do not fit.
fn parts(frame: &[u8]) -> (String, String) {
    let (length, rest) = frame.split_at(4);
    let (topic, rest) = rest.split_at(u32::from_be_bytes(length.try_into().expect("4 bytes")) as usize);
    let (length, event) = rest.split_at(4);
    assert_eq!(event.len(), u32::from_be_bytes(length.try_into().expect("4 bytes")) as usize);
    (String::from_utf8(topic.to_vec()).expect("UTF-8"), String::from_utf8(event.to_vec()).expect("UTF-8"))
}

fn task(id: &str, target: &str, task_type: &str, parallel: bool, payload: Value) -> Value {
    json!({
        "id": id, "target": target, "type": task_type, "payload": payload,
        "metadata": {"parallel": parallel, "display_name": task_type, "show_in_dashboard": true},
    })
}

fn sleep(id: &str, seconds: f64) -> Value {
    task(id, "qubits", "SleepAsync", false, json!({"duration": seconds}))
}
