//! Task types with their JSON schemas: Juice's built-in ones, those that catalogue files name, those seen on the bus.
//!
//! Pure: files are read by others and given here as text. It merges the three sources by class, drafts payloads from
//! schemas and checks them while they are typed. It refuses to judge more strictly than the service: what a check
//! calls an error, pydantic refuses too, except where the class has validators of its own that JSON schemas cannot
//! show; so no check may keep a person from sending.

mod check;
mod file;
pub mod form;
pub mod guard;
mod schema;
mod shape;
mod template;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;

use crate::wire::{Text, name::Numbers};

pub use check::{Checker, Level, Problem, check};
pub use file::FileProblem;
pub use form::Form;
pub use template::{complete, template};

/// Where a task type is known from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Juice's own (of 26.43.0).
    Builtin,
    /// A catalogue file.
    File {
        /// Where it lies.
        path: Text,
        /// The version of Juice that made it.
        juice: Option<Text>,
    },
    /// Seen on the bus: there is a payload but no schema.
    Seen,
}

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
    /// The services that a file or the bus names; empty for built-in ones.
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
            source: Source::Seen,
            parallel: false,
            show_in_dashboard: true,
            hidden_fields: Vec::new(),
            doc: None,
            schema: None,
            schema_error: None,
        }
    }

    /// How the numbers of a top-level field are to be read for the display name (JSON's `2` is `2.0` in a float).
    pub fn numbers(&self, field: &str) -> Numbers {
        self.schema.as_deref().map_or(Numbers::AsWritten, |schema| schema::numbers(schema, field))
    }

    fn is(&self, other: &TaskType) -> bool {
        self.name == other.name && self.class == other.class
    }
}

/// The top-level fields of a schema all of whose numbers are floats.
pub fn float_fields(schema: &str) -> Vec<String> {
    schema::properties(schema::top(schema))
        .into_iter()
        .filter(|(name, _)| schema::numbers(schema, name) == Numbers::Float)
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
}

/// All task types that are known.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// With the class of service that takes them as their only service.
    builtin: Vec<TaskType>,
    files: Vec<TaskType>,
    seen: HashMap<Text, Vec<TaskType>>,
    kinds: HashMap<Text, ServiceKind>,
    /// Service, path and what is wrong.
    errors: Vec<(Text, Text, Text)>,
}

impl Source {
    /// Where it is known from, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Source::Builtin => "Juice",
            Source::File { .. } => "file",
            Source::Seen => "seen",
        }
    }
}

impl Catalogue {
    /// With Juice's own types.
    pub fn new() -> Catalogue {
        let mut builtin = file::read(include_str!("builtin.json"), &Source::Builtin).types;
        for task in &mut builtin {
            task.source = Source::Builtin;
        }
        Catalogue { builtin, ..Catalogue::default() }
    }

    /// Takes in a catalogue file's text (the form that Juice's Python prints: services with their types, and types
    /// with their schemas). What is good in it is used in any case; the answer says what is not. A later file's types
    /// stand before an earlier one's of the same class.
    pub fn add_file(&mut self, path: &str, text: &str) -> Vec<FileProblem> {
        let mut file = file::read(text, &Source::File { path: path.into(), juice: None });
        for (service, kind) in file.kinds {
            let known = self.kinds.entry(service).or_default();
            if *known == ServiceKind::Plain {
                *known = kind;
            }
        }
        self.errors.retain(|(_, from, _)| **from != *path);
        self.errors.extend(file.errors.into_iter().map(|(service, what)| (service, path.into(), what)));
        // The same file read again replaces itself.
        self.files.retain(|task| !matches!(&task.source, Source::File { path: from, .. } if **from == *path));
        file.types.append(&mut self.files);
        self.files = file.types;
        file.problems
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
        let types = seen.into_iter().map(|seen| TaskType {
            ipython: *seen.task_type == *IPYTHON,
            code: (*seen.task_type == *IPYTHON).then_some(Code::Computed),
            name: seen.task_type,
            class: seen.class,
            module: None,
            services: vec![service.clone()],
            source: Source::Seen,
            parallel: seen.parallel,
            show_in_dashboard: true,
            hidden_fields: seen.hidden_fields,
            doc: None,
            schema: None,
            schema_error: None,
        });
        let types = types.collect();
        self.seen.insert(service, types);
    }

    /// The types that can be sent to a service: the lab's own first (as the files have them, then those seen), then
    /// Juice's for that kind of service, then those that every service takes. Each class once, from the source that
    /// knows most: a file, else Juice's own, else what was seen.
    pub fn types_for(&self, service: &str) -> Vec<&TaskType> {
        let kind = self.kind(service);
        let mut found: Vec<&TaskType> = Vec::new();
        let mut add = |task| {
            if !found.iter().any(|known: &&TaskType| known.is(task)) {
                found.push(task);
            }
        };
        let cells = matches!(kind, ServiceKind::IPython | ServiceKind::Fridge);
        for task in &self.files {
            let named = task.services.iter().any(|name| **name == *service);
            // Any subclass of it runs in any kernel; the class itself has no code.
            if named || (cells && task.ipython && *task.class != *IPYTHON) {
                add(task);
            }
        }
        for task in self.seen.get(service).into_iter().flatten() {
            let better = self.files.iter().chain(&self.builtin).find(|known| known.is(task));
            add(better.unwrap_or(task));
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

    /// What files say went wrong with a service (its package could not be imported): path and text.
    pub fn errors(&self, service: &str) -> impl Iterator<Item = (&str, &str)> {
        let here = self.errors.iter().filter(move |(name, ..)| **name == *service);
        here.map(|(_, path, what)| (&**path, &**what))
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
