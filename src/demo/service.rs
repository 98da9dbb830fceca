//! The lab's services: what they are, that they can die, and how they work on a task.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::{Mutex, oneshot, watch};

use super::{
    Lab, check,
    failure::{Failure, entry},
    fridge, generator,
    json::{self, Json},
    kernel, qubits,
};

/// The demonstration's task types in the form that Juice's catalogue script prints.
pub(super) const CATALOGUE: &str = include_str!("catalogue.json");

/// The types of `forms`, a service to try forms on: every kind of field that pydantic knows. Made from the real classes by
/// `tests/juice/make_forms.py`.
pub(super) const FORMS: &str = include_str!("forms.json");

/// What every IPython service checks an `IPythonTask` against.
const CELL: &str = r#"{"properties": {"code": {"type": "string"}, "run_async": {"type": "boolean"}},
    "required": ["code", "run_async"]}"#;

/// One service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    /// Whether it has a kernel, and with it states on the bus.
    pub(super) ipython: bool,
    types: Vec<TaskType>,
    /// Since when it is up, on the monotonic clock; nothing while it is down.
    life: watch::Sender<Option<Duration>>,
    /// Held while a handler blocks the service's loop; others get in one after another.
    pub(super) turn: Mutex<()>,
    /// Held by the cell that runs.
    pub(super) kernel: Mutex<()>,
    /// What cells have assigned.
    pub(super) names: std::sync::Mutex<BTreeMap<String, Json>>,
}

#[derive(Debug)]
struct TaskType {
    /// The name on the wire.
    name: String,
    /// The class, as pydantic names it.
    title: String,
    schema: Json,
}

/// The services of the catalogue, all up.
pub(super) fn services() -> Vec<Service> {
    let catalogues = [CATALOGUE, FORMS].map(|text| json::parse(text).unwrap_or(Json::Null));
    let parts = |name| catalogues.iter().filter_map(move |catalogue| catalogue.get(name));
    let types: Vec<&Json> = parts("tasks").flat_map(Json::items).collect();
    let services = parts("services").flat_map(Json::entries);
    services.map(|(name, service)| Service::new(name, service, &types)).collect()
}

/// What a service's kernel answers to the question for its task types: its part of the catalogue.
pub(super) fn listing(name: &str) -> Json {
    let catalogues = [CATALOGUE, FORMS].map(|text| json::parse(text).unwrap_or(Json::Null));
    let described = catalogues.iter().find_map(|catalogue| catalogue.get("services")?.get(name));
    let known = described.and_then(|service| service.get("tasks")).map_or(&[][..], Json::entries);
    let is_known = |task: &&Json| {
        let part = |key| task.get(key).and_then(Json::as_str).unwrap_or_default();
        let path = format!("{}:{}", part("module"), part("class"));
        known.iter().any(|(name, _)| *name == path)
    };
    let tasks = catalogues.iter().filter_map(|catalogue| catalogue.get("tasks")).flat_map(Json::items);
    let services = Json::Map(described.map(|found| (name.to_owned(), found.clone())).into_iter().collect());
    Json::map([
        ("juice", catalogues[0].get("juice").cloned().unwrap_or(Json::Null)),
        ("services", services),
        ("tasks", Json::List(tasks.filter(is_known).cloned().collect())),
    ])
}

impl Service {
    fn new(name: &str, described: &Json, all: &[&Json]) -> Service {
        let ipython = described.get("kind").and_then(Json::as_str) == Some("ipython");
        let known = described.get("tasks").map_or(&[][..], Json::entries);
        let mut types: Vec<TaskType> = known
            .iter()
            .filter_map(|(path, _)| {
                let (module, class) = path.rsplit_once(':')?;
                let is = |task: &Json, field, value| task.get(field).and_then(Json::as_str) == Some(value);
                let task = all.iter().find(|task| is(task, "module", module) && is(task, "class", class))?;
                Some(TaskType {
                    name: task.get("type")?.as_str()?.to_owned(),
                    title: class.to_owned(),
                    schema: task.get("schema")?.clone(),
                })
            })
            .collect();
        if ipython {
            types.push(TaskType {
                name: "IPythonTask".to_owned(),
                title: "_IPythonTask".to_owned(),
                schema: json::parse(CELL).unwrap_or(Json::Null),
            });
        }
        Service {
            name: name.to_owned(),
            ipython,
            types,
            life: watch::channel(Some(Duration::ZERO)).0,
            turn: Mutex::default(),
            kernel: Mutex::default(),
            names: std::sync::Mutex::default(),
        }
    }

    /// The task's fields, or pydantic's message; nothing for an unknown type.
    pub(super) fn check(&self, name: &str, payload: &Json) -> Option<Result<Json, String>> {
        let TaskType { title, schema, .. } = self.types.iter().find(|known| known.name == name)?;
        Some(check::check(title, schema, payload).map_err(|misfits| check::report(title, &misfits)))
    }

    pub(super) fn up_since(&self) -> Option<Duration> {
        *self.life.borrow()
    }

    /// The task manager's word about the kernel.
    pub(super) fn state(&self) -> &'static str {
        match (self.up_since().is_some(), self.kernel.try_lock().is_ok()) {
            (false, _) => "connecting",
            (true, true) => "idle",
            (true, false) => "busy",
        }
    }
}

impl Lab {
    /// Gives a task to a service. The answer never comes if the service dies first. What runs goes on when the
    /// receiver is dropped.
    pub(super) fn execute(self: &Arc<Lab>, index: usize, frame: Json) -> oneshot::Receiver<Json> {
        let (sender, receiver) = oneshot::channel();
        let lab = Arc::clone(self);
        tokio::spawn(async move {
            let Some(service) = lab.services.get(index) else { return };
            let mut life = service.life.subscribe();
            tokio::select! {
                reply = lab.work(service, &frame) => { let _ = sender.send(reply); }
                _ = life.wait_for(Option::is_none) => {}
            }
        });
        receiver
    }

    async fn work(&self, service: &Service, frame: &Json) -> Json {
        let id = frame.get("id").cloned().unwrap_or(Json::Null);
        match self.attempt(service, frame).await {
            Ok(result) => Json::map([("id", id), ("status", Json::text("ok")), ("result", result)]),
            Err(failure) => failure.frame(&id),
        }
    }

    async fn attempt(&self, service: &Service, frame: &Json) -> Result<Json, Failure> {
        let name = frame.get("type").and_then(Json::as_str).unwrap_or_default();
        let payload = frame.get("payload").unwrap_or(&Json::Null);
        let Some(checked) = service.check(name, payload) else {
            let says = format!("Unknown task type: {name}");
            let entries = [entry::HANDLE, entry::DESERIALIZE, entry::UNKNOWN_TYPE];
            return Err(Failure::raised("ValueError", says, &entries));
        };
        let fields = checked.map_err(|says| {
            let entries = [entry::HANDLE, entry::DESERIALIZE, entry::VALIDATE];
            Failure::raised("pydantic_core._pydantic_core.ValidationError", says, &entries)
        })?;
        // A handler begins when the service's loop is free: a blocking one makes all others wait.
        let turn = service.turn.lock().await;
        match name {
            "Ping" => Ok(fields.get("message").cloned().unwrap_or(Json::Null)),
            "SleepSync" if number(&fields, "duration") < 0.0 => {
                let entries = [entry::HANDLE, entry::SLEEP_SYNC];
                Err(Failure::raised("ValueError", "sleep length must be non-negative", &entries))
            }
            "SleepSync" => {
                tokio::time::sleep(seconds(number(&fields, "duration"))).await;
                Ok(Json::Null)
            }
            "RebuildEnvironmentDryRun" => {
                tokio::time::sleep(Duration::from_millis(600)).await;
                let lines = ["Resolved 231 packages in 412ms", "Would make no changes"].map(Json::text);
                Ok(Json::List(vec![Json::Bool(true), Json::List(lines.to_vec())]))
            }
            _ => {
                drop(turn);
                self.handle(service, name, &fields).await
            }
        }
    }

    async fn handle(&self, service: &Service, name: &str, fields: &Json) -> Result<Json, Failure> {
        match (service.name.as_str(), name) {
            (_, "SleepAsync") => {
                tokio::time::sleep(seconds(number(fields, "duration"))).await;
                Ok(Json::Null)
            }
            (_, "IPythonTask") => Ok(kernel::run(self, service, fields).await),
            ("task-manager", _) => Ok(self.manage(name, fields)),
            ("cryo", _) => fridge::handle(self, name, fields).await,
            ("awg", _) => generator::handle(name, fields).await,
            // What was understood, as the real test service answers.
            ("forms", _) => Ok(fields.clone()),
            _ => qubits::handle(self, name, fields).await,
        }
    }

    /// The service's process ends: what runs there is lost. A kernel's monitor notices within 2 s.
    pub(super) fn kill(self: &Arc<Lab>, name: &'static str) {
        let Some(service) = self.services.iter().find(|service| service.name == name) else { return };
        self.redial(name);
        service.life.send_replace(None);
        if service.ipython {
            let lab = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(1200)).await;
                if lab.services.iter().any(|service| service.name == name && service.up_since().is_none()) {
                    lab.bus.service_state(name, "connecting");
                }
            });
        }
    }

    /// The service's process is there again.
    pub(super) fn revive(&self, name: &str) {
        if let Some(service) = self.services.iter().find(|service| service.name == name) {
            service.life.send_replace(Some(self.clock.now().mono));
            if service.ipython {
                self.bus.service_state(name, "idle");
            }
        }
    }
}

/// A number among a task's checked fields.
pub(super) fn number(fields: &Json, name: &str) -> f64 {
    fields.get(name).and_then(Json::as_f64).unwrap_or(0.0)
}

/// A text among a task's checked fields.
pub(super) fn word<'a>(fields: &'a Json, name: &str) -> &'a str {
    fields.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// A time to sleep: nothing for negative and odd numbers, at most 30 days.
pub(super) fn seconds(number: f64) -> Duration {
    let most = Duration::from_secs(30 * 24 * 3600);
    match Duration::try_from_secs_f64(number) {
        Ok(duration) => duration.min(most),
        Err(_) if number > 0.0 => most,
        Err(_) => Duration::ZERO,
    }
}
