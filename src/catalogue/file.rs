//! Catalogue files: the JSON that Juice's own Python prints about its services and task classes.
//!
//! Lenient: unknown keys are passed over, a type that cannot be read does not cost the others.

use std::collections::HashMap;

use super::{Code, IPYTHON, ServiceKind, Source, TaskType};
use crate::wire::{Text, json};

/// Something in a catalogue file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// The line in the file, from 1.
    pub line: usize,
    /// One sentence without a full stop.
    pub what: String,
}

/// What a file says.
#[derive(Default)]
pub(super) struct File {
    pub(super) types: Vec<TaskType>,
    pub(super) kinds: Vec<(Text, ServiceKind)>,
    /// Service and what is wrong with it.
    pub(super) errors: Vec<(Text, Text)>,
    pub(super) problems: Vec<FileProblem>,
}

pub(super) fn read(text: &str, source: &Source) -> File {
    let mut file = File::default();
    let members = match json::members(text) {
        Ok(members) => members,
        Err(error) => {
            file.problems.push(FileProblem { line: error.line, what: error.what });
            return file;
        }
    };
    let raw = |key: &str| members.iter().rev().find(|(name, _)| name == key).map(|(_, raw)| *raw);
    let mut source = source.clone();
    if let Source::File { juice, .. } | Source::Kernel { juice, .. } = &mut source {
        *juice = raw("juice").and_then(text_of);
    }
    if let Some(error) = raw("error").and_then(json::string) {
        file.problem(text, text, format!("the catalogue could not be made: {error}"));
    }
    let handled = match raw("services") {
        Some(services) => services_of(&mut file, text, services),
        None => HashMap::new(),
    };
    match raw("tasks").map(json::items) {
        Some(Ok(tasks)) => {
            for task in tasks {
                match task_of(task, &source, &handled) {
                    Ok(task) => file.types.push(task),
                    Err(what) => file.problem(text, task, what),
                }
            }
        }
        Some(Err(_)) => file.problem(text, raw("tasks").unwrap_or(text), "'tasks' is no list".into()),
        None => file.problem(text, text, "there is no list 'tasks'".into()),
    }
    file
}

impl File {
    /// `part` is a slice of `text`.
    fn problem(&mut self, text: &str, part: &str, what: String) {
        let at = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
        let line = text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
        self.problems.push(FileProblem { line, what });
    }
}

/// Which services handle which classes (`module:Class`).
fn services_of(file: &mut File, text: &str, services: &str) -> HashMap<String, Vec<Text>> {
    let mut handled: HashMap<String, Vec<Text>> = HashMap::new();
    let Ok(members) = json::members(services) else {
        file.problem(text, services, "'services' is no object".into());
        return handled;
    };
    for (name, raw) in members {
        let Ok(about) = json::members(raw) else {
            file.problem(text, raw, format!("service '{name}' is no object"));
            continue;
        };
        let service = Text::from(&*name);
        let mut kind = ServiceKind::Plain;
        for (key, raw) in about {
            match &*key {
                "entrypoint" => {
                    let entrypoint = json::string(raw).unwrap_or_default();
                    match ServiceKind::of_entrypoint(&entrypoint) {
                        ServiceKind::Plain => {}
                        known => kind = known,
                    }
                }
                "kind" if kind == ServiceKind::Plain && json::string(raw).as_deref() == Some("ipython") => {
                    kind = ServiceKind::IPython;
                }
                "error" => file.errors.extend(text_of(raw).map(|what| (service.clone(), what))),
                "tasks" => match json::members(raw) {
                    Ok(classes) => {
                        for (class, _) in classes {
                            handled.entry(class.into_owned()).or_default().push(service.clone());
                        }
                    }
                    Err(_) => file.problem(text, raw, format!("'tasks' of service '{name}' is no object")),
                },
                _ => {}
            }
        }
        file.kinds.push((service, kind));
    }
    handled
}

fn task_of(raw: &str, source: &Source, handled: &HashMap<String, Vec<Text>>) -> Result<TaskType, String> {
    let members = json::members(raw).map_err(|_| "a task that is no object".to_owned())?;
    let get = |key: &str| members.iter().rev().find(|(name, _)| name == key).map(|(_, raw)| *raw);
    let name = get("type").and_then(text_of).ok_or("a task without 'type'")?;
    let class = get("class").and_then(text_of).unwrap_or_else(|| name.clone());
    let module = get("module").and_then(text_of);
    let key = format!("{}:{class}", module.as_deref().unwrap_or_default());
    let flag = |key, otherwise| get(key).and_then(json::boolean).unwrap_or(otherwise);
    let ipython = flag("ipython", *name == *IPYTHON);
    let hidden = get("hidden_fields").and_then(|raw| json::items(raw).ok()).unwrap_or_default();
    Ok(TaskType {
        services: handled.get(&key).cloned().unwrap_or_default(),
        source: source.clone(),
        parallel: flag("parallel", false),
        show_in_dashboard: flag("show_in_dashboard", true),
        hidden_fields: hidden
            .into_iter()
            .filter_map(|raw| json::string(raw).map(std::borrow::Cow::into_owned))
            .collect(),
        doc: get("doc").and_then(text_of),
        schema: get("schema").filter(|raw| json::kind(raw) == Some(json::Kind::Object)).map(Text::from),
        schema_error: get("schema_error").and_then(text_of),
        own_name: flag("custom_display_name", false),
        ipython,
        code: ipython.then(|| match get("code").and_then(json::string).as_deref() {
            Some("field") => Code::Field,
            _ => Code::Computed,
        }),
        name,
        class,
        module,
    })
}

fn text_of(raw: &str) -> Option<Text> {
    json::string(raw).map(|text| Text::from(&*text))
}
