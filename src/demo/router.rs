//! The task router: checks a frame as Juice's does, gives the slot, passes the task on and tells the bus.
//!
//! It repeats the real router's faults: `completed` for failed tasks, silence about what waits, silence about the end
//! of a task whose client is gone.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::{
    Lab,
    bus::TaskEvent,
    check::{self, Misfit},
    failure::{Failure, entry},
    json::{self, Json},
    lock,
};

/// Targets whose connecting is remembered; more only if somebody makes up names.
const DIALS: usize = 256;

/// When a service is tried, in fifteenths of the patience: the real router's seconds.
const TRIES: [u32; 5] = [0, 1, 3, 7, 15];

/// What happens to a client's frames lives as long as its connection: dropping this closes it. What runs at a service
/// then goes on there, what holds or waits for a slot is gone without a word.
#[derive(Debug)]
pub(super) struct Client {
    lab: Arc<Lab>,
    handlers: JoinSet<Option<Json>>,
}

impl Client {
    pub(super) fn new(lab: &Arc<Lab>) -> Client {
        Client { lab: Arc::clone(lab), handlers: JoinSet::new() }
    }

    /// Takes one text frame.
    pub(super) fn send(&mut self, frame: String) {
        let lab = Arc::clone(&self.lab);
        self.handlers.spawn(async move { lab.answer(&frame).await });
    }

    /// Frames that have not been answered.
    pub(super) fn open(&self) -> usize {
        self.handlers.len()
    }

    /// The next reply; waits for ever while nothing is open. May be dropped at any time.
    pub(super) async fn reply(&mut self) -> Json {
        loop {
            match self.handlers.join_next().await {
                Some(Ok(Some(reply))) => return reply,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }
}

impl Lab {
    /// The reply to a frame; none for what is not JSON, not a map, or has no `id`: the real one only logs those.
    async fn answer(self: &Arc<Lab>, frame: &str) -> Option<Json> {
        let frame = json::parse(frame)?;
        let id = frame.get("id").filter(|id| **id != Json::Null)?.clone();
        Some(match self.submit(&frame, true).await {
            Ok(reply) => reply,
            Err(failure) => failure.frame(&id),
        })
    }

    /// `_handle_task`. `acquire`: whether a sequential task has to take the slot; the scheduler already holds it.
    pub(super) async fn submit(self: &Arc<Lab>, frame: &Json, acquire: bool) -> Result<Json, Failure> {
        let Some(target) = frame.get("target").filter(|target| **target != Json::Null) else {
            let says = "Task data must include a 'target' field.";
            return Err(Failure::raised("ValueError", says, &[entry::HANDLE, entry::NO_TARGET]));
        };
        let empty = Json::Map(Vec::new());
        let metadata = frame.get("metadata").unwrap_or(&empty);
        if !matches!(metadata, Json::Map(_)) {
            let says = format!("'{}' object has no attribute 'get'", metadata.type_name());
            return Err(Failure::raised("AttributeError", says, &[entry::HANDLE, entry::METADATA]));
        }
        if !metadata.get("display_name").is_some_and(Json::truthy) {
            let says = "Task data must include a 'metadata.display_name' field.";
            return Err(Failure::raised("ValueError", says, &[entry::HANDLE, entry::NO_NAME]));
        }
        let parallel = metadata.get("parallel").is_some_and(Json::truthy);
        if acquire && !parallel {
            let _held = self.slots.hold(target.as_str().unwrap_or_default()).await;
            return self.route(frame, target, metadata, entry::ROUTE_SEQUENTIAL).await;
        }
        self.route(frame, target, metadata, entry::ROUTE_PARALLEL).await
    }

    /// `_route`: the three events around the service's work.
    async fn route(
        self: &Arc<Lab>,
        frame: &Json,
        target: &Json,
        metadata: &Json,
        via: &'static str,
    ) -> Result<Json, Failure> {
        let missing = |name, at| Failure::raised("KeyError", name, &[entry::HANDLE, via, at]);
        let task_type = frame.get("type").ok_or_else(|| missing("'type'", entry::NO_TYPE))?;
        let payload = frame.get("payload").ok_or_else(|| missing("'payload'", entry::NO_PAYLOAD))?;
        let event = self.task_event(frame, target, task_type, metadata).map_err(|misfits| {
            let says = check::report("TaskEvent", &misfits);
            let class = "pydantic_core._pydantic_core.ValidationError";
            Failure::raised(class, says, &[entry::HANDLE, via, entry::TASK_EVENT])
        })?;
        let payload = payload.dump();
        self.bus.task(&event, "created", &payload);
        let service = self.connect(&event.target, via).await?;
        let reply = self.execute(service, frame.clone());
        self.bus.task(&event, "started", &payload);
        drop(payload);
        let Ok(reply) = reply.await else {
            let says = "Task client lost connection to service.";
            return Err(Failure::raised("ConnectionError", says, &[entry::HANDLE, via, entry::LOST]));
        };
        self.bus.task(&event, "completed", &reply.dump());
        Ok(reply)
    }

    fn task_event(
        &self,
        frame: &Json,
        target: &Json,
        task_type: &Json,
        metadata: &Json,
    ) -> Result<TaskEvent, Vec<Misfit>> {
        let mut misfits = Vec::new();
        let mut text = |field: &str, value: Option<&Json>| match value {
            Some(Json::Text(text)) => text.clone(),
            value => {
                let value = value.unwrap_or(&Json::Null);
                misfits.push(Misfit::new(field, "Input should be a valid string", "string_type", value));
                String::new()
            }
        };
        let id = text("task_id", frame.get("id"));
        let target = text("task_target", Some(target));
        let task_type = text("task_type", Some(task_type));
        let name = text("task_display_name", metadata.get("display_name"));
        let show = match metadata.get("show_in_dashboard") {
            None => true,
            Some(value) => check::boolean(value).unwrap_or_else(|(says, kind)| {
                misfits.push(Misfit::new("show_in_dashboard", says, kind, value));
                true
            }),
        };
        if !misfits.is_empty() {
            return Err(misfits);
        }
        Ok(TaskEvent { time: self.bus.time(), id, target, task_type, name, metadata: metadata.dump(), show })
    }

    /// Waits for a connection to the service: five tries in all, 0, 1, 3, 7 and 15 s after the first one, shared by
    /// all tasks for the same target.
    async fn connect(&self, target: &str, via: &'static str) -> Result<usize, Failure> {
        let found = self.services.iter().position(|service| service.name == target);
        let up = || {
            let index = found?;
            self.services.get(index)?.up_since().map(|since| (index, since))
        };
        let patience = self.options.patience;
        let tries = |begun: Duration| TRIES.map(|fifteenths| begun + patience * fifteenths / 15);
        let now = self.clock.now().mono;
        let mut first = false;
        let begun = {
            let mut dials = lock(&self.dials);
            let running = dials.get(target).copied().filter(|begun| now < *begun + patience);
            match (running, up()) {
                // One of the tries so far has found it.
                (Some(begun), Some((index, since)))
                    if tries(begun).iter().any(|at| (since..=now).contains(at)) =>
                {
                    dials.remove(target);
                    return Ok(index);
                }
                (Some(begun), _) => begun,
                (None, Some((index, _))) => {
                    dials.remove(target);
                    return Ok(index);
                }
                (None, None) => {
                    if dials.len() >= DIALS {
                        dials.retain(|_, begun| now < *begun + patience);
                    }
                    first = true;
                    dials.insert(target.to_owned(), now);
                    now
                }
            }
        };
        for at in tries(begun).into_iter().filter(|at| *at > now) {
            let wait = at.saturating_sub(self.clock.now().mono);
            tokio::time::sleep(wait + Duration::from_millis(1)).await;
            if let Some((index, _)) = up() {
                lock(&self.dials).remove(target);
                return Ok(index);
            }
        }
        let (class, says, at) = if found.is_some() {
            ("ConnectionRefusedError", "[Errno 111] Connection refused", entry::REFUSED)
        } else {
            ("socket.gaierror", "[Errno -2] Name or service not known", entry::UNRESOLVED)
        };
        // Those who only waited for somebody else's tries have the shorter traceback.
        let at = if first { at } else { "" };
        Err(Failure::raised(class, says, &[entry::HANDLE, via, entry::CONNECT, at]))
    }

    /// What the router's own connection does when a service goes away: it begins to connect again at once.
    pub(super) fn redial(&self, target: &str) {
        lock(&self.dials).insert(target.to_owned(), self.clock.now().mono);
    }
}
