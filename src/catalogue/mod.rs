//! Task types with their JSON schemas: Juice's built-in ones, those that catalogue files name, those that a kernel told,
//! those seen on the bus.
//!
//! Pure: files are read and kernels are asked by others, and what they say is given here as text. It merges the sources
//! by class, drafts payloads from schemas and checks them while they are typed. It refuses to judge more strictly than the service: what a check
//! calls an error, pydantic refuses too, except where the class has validators of its own that JSON schemas cannot
//! show; so no check may keep a person from sending.

mod check;
mod file;
pub mod form;
pub mod guard;
pub mod kept;
mod schema;
pub mod script;
mod shape;
mod source;
pub mod sweep;
mod template;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use crate::wire::{
    Text, json,
    name::{self, Numbers},
};
use kept::{Kept, KeptType};

pub use check::{Checker, Level, Problem, check};
pub use file::FileProblem;
pub use form::Form;
pub use source::{BUILTIN_JUICE, Source};
pub use template::{complete, makes_code, template};

/// Where the `code` of an `IPythonTask` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Python computes it from the other fields: the schema has none, yet the service requires it.
    Computed,
    /// It is a field like any other.
    Field,
}

/// One type of task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskType {
    /// `type` of the frame (`IPythonTask` for every subclass of it).
    pub name: Text,
    /// The class's name, which display names begin with.
    pub class: Text,
    /// The class's module, if known.
    pub module: Option<Text>,
    /// The services that a file, a kernel or the bus names; empty for built-in ones.
    pub services: Vec<Text>,
    /// Where it is known from.
    pub source: Source,
    /// Whether it runs beside others by default.
    pub parallel: bool,
    /// Whether dashboards show it.
    pub show_in_dashboard: bool,
    /// Fields that display names leave out. Some classes decide by the values: then this is one example of them.
    pub hidden_fields: Vec<String>,
    /// The class's documentation.
    pub doc: Option<Text>,
    /// The JSON schema, as it came: numbers letter for letter, defaults like `Infinity` included.
    pub schema: Option<Text>,
    /// Why there is no schema.
    pub schema_error: Option<Text>,
    /// An `IPythonTask`: only IPython services take it.
    pub ipython: bool,
    /// Where its `code` comes from; `None` for all others.
    pub code: Option<Code>,
    /// The class makes its display names in a way of its own.
    pub own_name: bool,
}

impl TaskType {
    /// A type of which nothing is known but its name.
    pub fn unheard(name: Text) -> TaskType {
        TaskType {
            ipython: *name == *IPYTHON,
            code: (*name == *IPYTHON).then_some(Code::Field),
            class: name.clone(),
            name,
            module: None,
            services: Vec::new(),
            source: Source::Seen { at: None },
            parallel: false,
            show_in_dashboard: true,
            hidden_fields: Vec::new(),
            doc: None,
            schema: None,
            schema_error: None,
            own_name: false,
        }
    }

    /// Whether the display name that is made here of this payload is surely the one that Python would make. Python
    /// writes values as their classes do, which JSON does not know of enums, moments, tuples and the like.
    pub fn is_name_certain(&self, payload: &str) -> bool {
        let Some(schema) = self.schema.as_deref().filter(|_| !self.own_name) else { return false };
        let given: HashSet<_> =
            json::members(payload).unwrap_or_default().into_iter().map(|(name, _)| name).collect();
        schema::properties(schema::top(schema)).iter().all(|(name, property)| {
            self.hidden_fields.iter().any(|hidden| **hidden == **name)
                || (given.contains(name) && schema::is_plain(schema, property))
        })
    }

    /// The class as Python finds it, `module:Class`; none for a class that stands in a kernel's own cells.
    pub fn path(&self) -> Option<String> {
        let module = self.module.as_ref().filter(|_| !self.is_of_cells());
        module.map(|module| format!("{module}:{}", self.class))
    }

    /// The class was made by cells of a kernel: no other Python can import it.
    pub fn is_of_cells(&self) -> bool {
        self.module.as_deref() == Some("__main__")
    }

    /// Where it is known from and how old that is, in a few words, for one who asks about a service: of a cell's class
    /// another kernel may have told.
    pub fn known_from(&self, service: &str, now: DateTime<Utc>) -> String {
        let remark = self.source.remark(now);
        match (&self.source, self.services.first()) {
            (Source::Kernel { .. }, Some(other)) if !self.services.iter().any(|name| **name == *service) => {
                format!("{other}'s {remark}")
            }
            _ => remark,
        }
    }

    /// How the numbers of the top-level fields are to be read for the display name (JSON's `2` is `2.0` in a float), for
    /// those that are not as they are written.
    pub fn numbers(&self) -> HashMap<String, Numbers> {
        let Some(schema) = self.schema.as_deref() else { return HashMap::new() };
        let fields = schema::properties(schema::top(schema)).into_iter();
        fields
            .map(|(name, property)| (name.into_owned(), schema::numbers_in(schema, property)))
            .filter(|(_, numbers)| *numbers != Numbers::AsWritten)
            .collect()
    }

    /// The display name of a payload, as Python would make it if that is certain.
    pub fn display_name(&self, payload: &str) -> String {
        // Gone through once: the schema may have thousands of fields.
        let numbers = self.numbers();
        name::display_name_with(&self.class, payload, &self.hidden_fields, &|field| {
            numbers.get(field).copied().unwrap_or_default()
        })
    }

    /// Whether the schema marks any field as a secret (`SecretStr`), or one inside it.
    pub fn has_secret_text(&self) -> bool {
        self.schema.as_deref().is_some_and(|schema| {
            let mut properties = schema::properties(schema::top(schema)).into_iter();
            properties.any(|(_, property)| schema::is_secret(schema, property))
        })
    }

    fn is(&self, other: &TaskType) -> bool {
        self.name == other.name && self.class == other.class
    }
}

/// The top-level fields of a schema all of whose numbers are floats.
pub fn float_fields(schema: &str) -> Vec<String> {
    schema::properties(schema::top(schema))
        .into_iter()
        .filter(|(_, property)| schema::numbers_in(schema, property) == Numbers::Float)
        .map(|(name, _)| name.into_owned())
        .collect()
}

/// What kind of service it is, which tells the built-in types that it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceKind {
    /// Not known, or one of the lab's own classes: what every service takes.
    #[default]
    Plain,
    /// Runs cells too.
    IPython,
    /// Juice's refrigerator service, which is an IPython service.
    Fridge,
    /// The task manager itself.
    TaskManager,
}

impl ServiceKind {
    /// By the entrypoint in the orchestration settings (`orangeqs.juice.service:IPythonService`).
    pub fn of_entrypoint(entrypoint: &str) -> ServiceKind {
        match entrypoint.rsplit(':').next().unwrap_or_default() {
            "IPythonService" => ServiceKind::IPython,
            "FridgeService" => ServiceKind::Fridge,
            "TaskManagerService" => ServiceKind::TaskManager,
            _ => ServiceKind::Plain,
        }
    }
}

/// A task type that was seen in use on a service. (The store's, as far as this module wants it.)
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The type on the wire.
    pub task_type: Text,
    /// The class's name as in the display name.
    pub class: Text,
    /// Its `parallel`.
    pub parallel: bool,
    /// The fields that its display name left out.
    pub hidden_fields: Vec<String>,
    /// Its newest payload.
    pub payload: Option<Text>,
    /// When last.
    pub at: Option<DateTime<Utc>>,
}

/// All task types that are known.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// With the class of service that takes them as their only service.
    builtin: Vec<TaskType>,
    /// What files and kernels told, the newest first.
    told: Vec<TaskType>,
    /// What is seen now, each with its newest payload.
    seen: HashMap<Text, Vec<(TaskType, Option<Text>)>>,
    /// What was seen in earlier runs.
    remembered: Vec<(TaskType, KeptType)>,
    kinds: HashMap<Text, ServiceKind>,
    /// Service, path and what is wrong.
    errors: Vec<(Text, Text, Text)>,
    /// What kernels answered, as it came, by service.
    answers: HashMap<Text, Answer>,
}

/// What a kernel answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// A catalogue, raw JSON.
    pub text: Text,
    /// When.
    pub at: DateTime<Utc>,
}

impl Catalogue {
    /// With Juice's own types.
    pub fn new() -> Catalogue {
        let builtin = file::read(include_str!("builtin.json"), &Source::Builtin).types;
        Catalogue { builtin, ..Catalogue::default() }
    }

    /// Takes in a catalogue file's text (the form that Juice's Python prints: services with their types, and types
    /// with their schemas) of which nobody knows how old it is.
    pub fn add_file(&mut self, path: &str, text: &str) -> Vec<FileProblem> {
        self.add_dated_file(path, text, None)
    }

    /// Takes in a catalogue file's text. What is good in it is used in any case; the answer says what is not. Of the
    /// same class the newest file's or kernel's word counts; of files of the same age the later one's.
    pub fn add_dated_file(&mut self, path: &str, text: &str, at: Option<DateTime<Utc>>) -> Vec<FileProblem> {
        let file = file::read(text, &Source::File { path: path.into(), juice: None, at });
        // The same file read again replaces itself.
        self.forget_file(path);
        self.errors.extend(file.errors.into_iter().map(|(service, what)| (service, path.into(), what)));
        self.learn_kinds(file.kinds);
        self.tell(file.types);
        file.problems
    }

    /// Forgets what a file said, but for the kinds of services.
    pub fn forget_file(&mut self, path: &str) {
        self.errors.retain(|(_, from, _)| **from != *path);
        self.told.retain(|task| !matches!(&task.source, Source::File { path: from, .. } if **from == *path));
    }

    /// The files that types are known from.
    pub fn files(&self) -> Vec<Text> {
        let mut paths: Vec<Text> = Vec::new();
        let of_types = self.told.iter().filter_map(|task| match &task.source {
            Source::File { path, .. } => Some(path),
            _ => None,
        });
        for path in of_types.chain(self.errors.iter().map(|(_, path, _)| path)) {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        paths
    }

    /// Takes in what a service's kernel answered to [`script::question`]; it replaces what that kernel told before.
    /// Returns how many types of that service it named.
    ///
    /// # Errors
    /// One phrase where the answer cannot be used; then nothing is changed.
    pub fn add_kernel(&mut self, service: &str, text: &str, at: DateTime<Utc>) -> Result<usize, String> {
        let mut file = file::read(text, &Source::Kernel { juice: None, at });
        if let Some(problem) = file.problems.first().filter(|_| file.types.is_empty()) {
            return Err(problem.what.clone());
        }
        let service = Text::from(service);
        // It speaks for itself, whatever the name by which it was reached.
        for task in &mut file.types {
            if !task.services.is_empty() {
                task.services = vec![service.clone()];
            }
        }
        file.types.retain(|task| !task.services.is_empty());
        let count = file.types.len();
        let kind = file.kinds.into_iter().map(|(_, kind)| kind).next().unwrap_or(ServiceKind::IPython);
        self.learn_kinds([(service.clone(), kind)]);
        let of_kernel = |task: &TaskType| {
            matches!(task.source, Source::Kernel { .. }) && task.services.contains(&service)
        };
        self.told.retain(|task| !of_kernel(task));
        self.tell(file.types);
        self.answers.insert(service, Answer { text: text.into(), at });
        Ok(count)
    }

    /// What kernels answered.
    pub fn answers(&self) -> impl Iterator<Item = (&Text, &Answer)> {
        self.answers.iter()
    }

    fn learn_kinds(&mut self, kinds: impl IntoIterator<Item = (Text, ServiceKind)>) {
        for (service, kind) in kinds {
            let known = self.kinds.entry(service).or_default();
            if *known == ServiceKind::Plain {
                *known = kind;
            }
        }
    }

    /// Puts types among those that were told: the newest first, of the same age the last told.
    fn tell(&mut self, mut types: Vec<TaskType>) {
        types.append(&mut self.told);
        types.sort_by_key(|task| std::cmp::Reverse(task.source.at()));
        self.told = types;
    }

    /// What kind of service that is. The configuration's word: a file's does not change it, save where this says
    /// [`ServiceKind::Plain`].
    pub fn set_kind(&mut self, service: &str, kind: ServiceKind) {
        self.kinds.insert(service.into(), kind);
    }

    /// A sign of an IPython kernel was seen: the service takes cells, whatever else it is.
    pub fn saw_kernel(&mut self, service: &str) {
        let kind = self.kinds.entry(service.into()).or_default();
        if *kind == ServiceKind::Plain {
            *kind = ServiceKind::IPython;
        }
    }

    /// What kind of service that is, as far as is known.
    pub fn kind(&self, service: &str) -> ServiceKind {
        match self.kinds.get(service) {
            Some(kind) if *kind != ServiceKind::Plain => *kind,
            _ if service == "task-manager" => ServiceKind::TaskManager,
            _ => ServiceKind::Plain,
        }
    }

    /// The types seen on a service, newest first; replaces those said before.
    pub fn set_seen(&mut self, service: &str, seen: Vec<Seen>) {
        let service = Text::from(service);
        let types = seen.into_iter().map(|seen| {
            let task = seen_type(
                service.clone(),
                seen.task_type,
                seen.class,
                seen.parallel,
                seen.hidden_fields,
                seen.at,
            );
            (task, seen.payload)
        });
        let types = types.collect();
        self.seen.insert(service, types);
    }

    /// Takes in what earlier runs have kept.
    pub fn remember(&mut self, kept: Kept) {
        for (service, answer) in kept.kernels {
            let newer = self.answers.get(&service).is_some_and(|known| known.at >= answer.at);
            if !newer {
                // It was good enough to be kept.
                let _ = self.add_kernel(&service, &answer.text, answer.at);
            }
        }
        self.remembered = kept
            .seen
            .into_iter()
            .map(|seen| {
                let task = seen_type(
                    seen.service.clone(),
                    seen.task_type.clone(),
                    seen.class.clone(),
                    seen.parallel,
                    seen.hidden_fields.clone(),
                    Some(seen.at),
                );
                (task, seen)
            })
            .collect();
    }

    /// What is to be kept for later runs: what kernels answered, and what was seen now and before, without secrets.
    pub fn kept(&self) -> Kept {
        let mut kept = Kept {
            kernels: self.answers.iter().map(|(service, answer)| (service.clone(), answer.clone())).collect(),
            seen: self.remembered.iter().map(|(_, seen)| seen.clone()).collect(),
        };
        let mut now = Kept::default();
        for (service, types) in &self.seen {
            for (task, payload) in types {
                let Some(at) = task.source.at() else { continue };
                // Whoever knows more knows better what is secret.
                let known = self.known(task).unwrap_or(task);
                let mut judged = known.clone();
                judged.hidden_fields.extend(task.hidden_fields.iter().cloned());
                let payload = payload.as_deref();
                now.seen.push(KeptType {
                    service: service.clone(),
                    task_type: task.name.clone(),
                    class: task.class.clone(),
                    parallel: task.parallel,
                    hidden_fields: task.hidden_fields.clone(),
                    fields: payload.map(kept::fields).unwrap_or_default(),
                    example: payload
                        .and_then(|payload| kept::without_secrets(&judged, payload))
                        .map(Text::from),
                    at,
                });
            }
        }
        kept.merge(now);
        kept
    }

    /// The last payload of a type on a service: as it was seen, else as an earlier run has kept it, without secrets.
    pub fn example(&self, service: &str, class: &str) -> Option<Text> {
        let seen = self.seen.get(service).into_iter().flatten().find(|(task, _)| *task.class == *class);
        let of_class = |(task, kept): &&(TaskType, KeptType)| {
            *kept.service == *service && *task.class == *class && kept.example.is_some()
        };
        let before = || self.remembered.iter().find(of_class).and_then(|(_, kept)| kept.example.clone());
        seen.and_then(|(_, payload)| payload.clone()).or_else(before)
    }

    /// What files, kernels or Juice know of a type that was seen.
    fn known(&self, task: &TaskType) -> Option<&TaskType> {
        self.told.iter().chain(&self.builtin).find(|known| known.is(task))
    }

    /// The types that can be sent to a service: the lab's own first (as files and kernels have them, then those seen),
    /// then Juice's for that kind of service, then those that every service takes. Each class once, from the source
    /// that knows most: the newest file or kernel, else Juice's own, else what was seen.
    pub fn types_for(&self, service: &str) -> Vec<&TaskType> {
        let kind = self.kind(service);
        let mut found: Vec<&TaskType> = Vec::new();
        let mut add = |task| {
            if !found.iter().any(|known: &&TaskType| known.is(task)) {
                found.push(task);
            }
        };
        let cells = matches!(kind, ServiceKind::IPython | ServiceKind::Fridge);
        let names = |task: &TaskType| task.services.iter().any(|name| **name == *service);
        for task in self.told.iter().filter(|task| names(task)) {
            add(task);
        }
        // Any subclass of it runs in any kernel; the class itself has no code.
        for task in self.told.iter().filter(|task| cells && task.ipython && *task.class != *IPYTHON) {
            add(task);
        }
        let now = self.seen.get(service).into_iter().flatten().map(|(task, _)| task);
        let before =
            self.remembered.iter().filter(|(_, kept)| *kept.service == *service).map(|(task, _)| task);
        for task in now.chain(before) {
            add(self.known(task).unwrap_or(task));
        }
        for task in &self.builtin {
            if task.services.iter().any(|class| takes(kind, class)) {
                add(task);
            }
        }
        found.sort_by_key(|task| rank(task));
        found
    }

    /// The type of that name on the wire or that class's name, for a service.
    pub fn find(&self, service: &str, name: &str) -> Option<&TaskType> {
        let types = self.types_for(service);
        let of_class = types.iter().find(|task| *task.class == *name);
        // All cells have one type on the wire: it does not tell which class is meant.
        of_class.or_else(|| types.iter().find(|task| *task.name == *name && !task.ipython)).copied()
    }

    /// The services that are known by name: from files, kernels, the bus or the configuration.
    pub fn services(&self) -> Vec<Text> {
        let told = self.told.iter().flat_map(|task| &task.services);
        let before = self.remembered.iter().map(|(_, kept)| &kept.service);
        let seen = self.kinds.keys().chain(self.seen.keys()).chain(before);
        let mut names: Vec<Text> = seen.chain(told).cloned().collect();
        names.extend(self.errors.iter().map(|(service, ..)| service.clone()));
        names.sort();
        names.dedup();
        names
    }

    /// What files say went wrong with a service (its package could not be imported): path and text.
    pub fn errors(&self, service: &str) -> impl Iterator<Item = (&str, &str)> {
        let here = self.errors.iter().filter(move |(name, ..)| **name == *service);
        here.map(|(_, path, what)| (&**path, &**what))
    }
}

/// A type of which nothing but its use is known.
fn seen_type(
    service: Text,
    name: Text,
    class: Text,
    parallel: bool,
    hidden_fields: Vec<String>,
    at: Option<DateTime<Utc>>,
) -> TaskType {
    let unheard = TaskType::unheard(name);
    TaskType {
        code: unheard.ipython.then_some(Code::Computed),
        class,
        services: vec![service],
        source: Source::Seen { at },
        parallel,
        hidden_fields,
        ..unheard
    }
}

/// The wire's name for all tasks that are cells.
const IPYTHON: &str = "IPythonTask";

/// Whether a kind of service takes what the class of services has.
fn takes(kind: ServiceKind, class: &str) -> bool {
    match class {
        "Service" => true,
        "IPythonService" => matches!(kind, ServiceKind::IPython | ServiceKind::Fridge),
        "FridgeService" => kind == ServiceKind::Fridge,
        "TaskManagerService" => kind == ServiceKind::TaskManager,
        _ => false,
    }
}

/// The lab's own, Juice's for some services, Juice's for all.
fn rank(task: &TaskType) -> u8 {
    const ALL: &[&str] = &["Ping", "SleepSync", "SleepAsync", "RebuildEnvironmentDryRun"];
    match task.module.as_deref() {
        Some(module) if module.starts_with("orangeqs.juice.") => 1 + u8::from(ALL.contains(&&*task.class)),
        _ => 0,
    }
}
