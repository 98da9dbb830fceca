//! The bus: events as pydantic writes them, the frames of `/remote-sub`, and the list of topics seen.
//!
//! It keeps nothing for late joiners, and a reader that is too slow loses events, as with ZeroMQ.

use std::{collections::HashMap, sync::Mutex};

use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Bytes;

use super::{check::isoformat, json::python_float, lock};
use crate::time::Clock;

/// Events that a slow reader may lag behind before it loses some: ZeroMQ's default high-water mark.
const HIGH_WATER: usize = 1_000;

/// Topics that are remembered. The real registry has no end: each scheduled task adds one.
const TOPICS: usize = 4_000;

/// The publisher's side.
#[derive(Debug)]
pub(super) struct Bus {
    clock: Clock,
    sender: broadcast::Sender<Bytes>,
    topics: Mutex<Topics>,
}

/// Topics with the order in which they were first seen and the time of the last event.
#[derive(Debug, Default)]
struct Topics {
    seen: HashMap<String, (u64, String)>,
    next: u64,
}

/// A task's event but for its state: made once, so that `time` is the same in all of them.
#[derive(Clone, Debug)]
pub(super) struct TaskEvent {
    pub(super) time: String,
    pub(super) id: String,
    pub(super) target: String,
    pub(super) task_type: String,
    pub(super) name: String,
    /// JSON as text.
    pub(super) metadata: String,
    pub(super) show: bool,
}

impl Bus {
    pub(super) fn new(clock: Clock) -> Bus {
        Bus { clock, sender: broadcast::channel(HIGH_WATER).0, topics: Mutex::default() }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Bytes> {
        self.sender.subscribe()
    }

    /// Now, as events carry it.
    pub(super) fn time(&self) -> String {
        isoformat(self.clock.now().utc.fixed_offset())
    }

    /// Publishes one event. `topic` without the final dot.
    pub(super) fn publish(&self, topic: &str, event: &str) {
        lock(&self.topics).saw(topic, self.clock.now().utc.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string());
        // Nobody listening is no error.
        let _ = self.sender.send(frame(topic, event).into());
    }

    pub(super) fn task(&self, event: &TaskEvent, state: &str, payload: &str) {
        let TaskEvent { time, id, target, task_type, name, metadata, show } = event;
        let event = format!(
            r#"{{"time":{},"task_id":{},"task_target":{},"task_type":{},"task_display_name":{},"task_metadata":{},"task_payload":{},"task_state":{},"show_in_dashboard":{show}}}"#,
            quoted(time),
            quoted(id),
            quoted(target),
            quoted(task_type),
            quoted(name),
            quoted(metadata),
            quoted(payload),
            quoted(state),
        );
        self.publish("TaskEvent", &event);
    }

    pub(super) fn service_state(&self, service: &str, state: &str) {
        let event = format!(
            r#"{{"time":{},"service":{},"state":{}}}"#,
            quoted(&self.time()),
            quoted(service),
            quoted(state)
        );
        self.publish(&format!("IPythonServiceState.{service}"), &event);
    }

    /// The heartbeat, the one parameter that is watched and the system's throttle state, in the real order.
    pub(super) fn throttle(&self, parameter: &str, value: f64, state: u8) {
        let time = self.time();
        let value = python_float(value);
        for (id, state, value) in
            [("heartbeat", 0, "1"), (parameter, state, &value), ("SYSTEM", state, "null")]
        {
            let event = format!(
                r#"{{"time":{},"throttled":{state},"value":{value},"id":{}}}"#,
                quoted(&time),
                quoted(id)
            );
            self.publish(&format!("ThrottleStateEvent.throttle_state.{id}"), &event);
        }
    }

    /// Topics in the order in which they were first seen, with the time of their last event.
    pub(super) fn topics(&self) -> Vec<(String, String)> {
        let topics = lock(&self.topics);
        let mut list: Vec<_> = topics.seen.iter().collect();
        list.sort_by_key(|(_, (first, _))| *first);
        list.into_iter().map(|(topic, (_, last))| (topic.clone(), last.clone())).collect()
    }
}

impl Topics {
    fn saw(&mut self, topic: &str, time: String) {
        if let Some(entry) = self.seen.get_mut(topic) {
            entry.1 = time;
            return;
        }
        if self.seen.len() >= TOPICS {
            // The oldest half goes at once, so that this is rare; those in use come back with their next event.
            let horizon = self.next.saturating_sub(TOPICS as u64 / 2);
            self.seen.retain(|_, (first, _)| *first >= horizon);
        }
        self.seen.insert(topic.to_owned(), (self.next, time));
        self.next += 1;
    }
}

/// A JSON string as pydantic writes it: nothing beyond ASCII escaped.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// One frame of `/remote-sub`: parts with 4-byte big-endian lengths.
fn frame(topic: &str, event: &str) -> Vec<u8> {
    let topic = format!("{topic}.");
    let mut out = Vec::with_capacity(topic.len() + event.len() + 8);
    for part in [topic.as_str(), event] {
        out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    out
}
