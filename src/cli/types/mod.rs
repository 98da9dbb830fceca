//! `types`: the task types that are known, and two ways to learn more: importing the lab's package in its own Python,
//! and asking a running kernel. Both only when the person says so.
//!
//! | exit code | |
//! |---|---|
//! | 0 | all is well |
//! | 1 | it did not work; with `--python`: a service could not be imported (what could be stands in the output) |
//! | 2 | the command cannot be carried out as it was given |
//! | 3 | `--kernel`: asked, and the answer comes to nobody |
//! | 4 | `--kernel`: not asked; the same command may be given again |

mod kernel;
mod python;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    End, OK,
    args::{LookArgs, Place, TypesArgs},
    lab::{self, Lab},
    links,
    out::{self, Out},
    record,
};
use crate::{
    catalogue::{Catalogue, Code, ServiceKind, Source, TaskType},
    config::Guard,
    wire::{Text, json},
};

/// Carries out `types`.
///
/// # Errors
/// Every end but an answer: see the module's table.
pub fn run(place: &Place, look: &LookArgs, args: &TypesArgs, out: &Out) -> Result<u8, End> {
    if let Some(path) = &args.python {
        return python::run(place, args, path, out);
    }
    let lab = Lab::find(place).map_err(|problem| End::misuse(links::sentence(&problem)))?;
    lab.problems().iter().for_each(|problem| out::say(problem));
    let mut catalogue = Catalogue::new();
    lab.add_types(&mut catalogue).iter().for_each(|problem| out::say(problem));
    if args.kernel {
        kernel::ask(&lab, look, args, &mut catalogue)?;
        if let Some(path) = lab.types_file() {
            match lab::keep_types(&path, &catalogue.kept()) {
                Ok(told) => told.iter().for_each(|told| out::say(told)),
                Err(why) => out::say(&why),
            }
        }
    }
    let services = services(&lab, &catalogue, args);
    let now = crate::time::Clock::start().now().utc;
    let mut rows = Vec::new();
    for service in &services {
        for (path, what) in catalogue.errors(service) {
            out::say(&format!("{service}: its package could not be imported when {path} was made: {what}"));
        }
        for task in catalogue.types_for(service) {
            if args.json {
                out.line(&out.json(&line(service, task)))?;
            } else {
                rows.push(row(service, task, &lab.config().guard, now, out));
            }
        }
    }
    if !args.json {
        out.table(&COLUMNS, &rows)?;
    }
    Ok(OK)
}

/// The services that are asked for: those named, else all that are known.
fn services(lab: &Lab, catalogue: &Catalogue, args: &TypesArgs) -> Vec<Text> {
    let mut known = lab.services();
    known.extend(catalogue.services().into_iter().filter(|name| !lab.services().contains(name)));
    if args.names.is_empty() {
        if known.is_empty() {
            out::say("no service is known by name: name one, and the types that it may take are listed");
        }
        return known;
    }
    for name in args.names.iter().filter(|name| !known.iter().any(|known| **known == ***name)) {
        out::say(&format!("note: no file on this machine names {name}: listed is what every service takes"));
    }
    args.names.iter().map(|name| Text::from(name.as_str())).collect()
}

/// Columns of a row.
const COLUMNS: [&str; 6] = ["service", "class", "type", "lane", "known from", "what it does"];

fn row(service: &str, task: &TaskType, guard: &Guard, now: DateTime<Utc>, out: &Out) -> [String; 6] {
    let doc = task.doc.as_deref().and_then(|doc| doc.lines().next()).unwrap_or_default();
    let moves = guard.moves(&task.name, &task.class, "{}");
    let doc = if moves { format!("(moves hardware) {doc}") } else { doc.to_owned() };
    [
        out.name(service).into_owned(),
        out.name(&task.class).into_owned(),
        out.name(&task.name).into_owned(),
        lane(task).to_owned(),
        out.text(&task.known_from(service, now)).into_owned(),
        out.text(doc.trim_end()).into_owned(),
    ]
}

fn lane(task: &TaskType) -> &'static str {
    if task.parallel { "parallel" } else { "sequential" }
}

#[derive(Serialize)]
struct Fields<'a> {
    service: &'a str,
    class: &'a str,
    #[serde(rename = "type")]
    task_type: &'a str,
    module: Option<&'a str>,
    lane: &'static str,
    show_in_dashboard: bool,
    hidden_fields: &'a [String],
    doc: Option<&'a str>,
    ipython: bool,
    code: Option<&'static str>,
    source: Origin<'a>,
    schema_error: Option<&'a str>,
}

#[derive(Serialize)]
struct Origin<'a> {
    kind: &'static str,
    path: Option<&'a str>,
    juice: Option<&'a str>,
    at: Option<String>,
}

/// Everything about a type, as one JSON object. The schema stands letter for letter as it came.
fn line(service: &str, task: &TaskType) -> String {
    let (kind, path, juice) = match &task.source {
        Source::Builtin => ("builtin", None, Some(crate::catalogue::BUILTIN_JUICE)),
        Source::File { path, juice, .. } => ("file", Some(&**path), juice.as_deref()),
        Source::Kernel { juice, .. } => ("kernel", None, juice.as_deref()),
        Source::Seen { .. } => ("seen", None, None),
    };
    let fields = Fields {
        service,
        class: &task.class,
        task_type: &task.name,
        module: task.module.as_deref(),
        lane: lane(task),
        show_in_dashboard: task.show_in_dashboard,
        hidden_fields: &task.hidden_fields,
        doc: task.doc.as_deref(),
        ipython: task.ipython,
        code: task.code.map(|code| match code {
            Code::Computed => "computed",
            Code::Field => "field",
        }),
        source: Origin { kind, path, juice, at: task.source.at().map(record::moment) },
        schema_error: task.schema_error.as_deref(),
    };
    let schema = task.schema.as_deref().map_or_else(|| "null".to_owned(), json::compact);
    format!("{},\"schema\":{schema}}}", record::open(&fields))
}

/// Whether a service is known to run cells.
fn runs_cells(catalogue: &Catalogue, service: &str) -> bool {
    matches!(catalogue.kind(service), ServiceKind::IPython | ServiceKind::Fridge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_types_line_is_json_with_its_schema_letter_for_letter() {
        let mut catalogue = Catalogue::new();
        let text = r#"{"juice": "26.43.0", "services": {"lab": {"tasks": {"m:Fit": "x"}}}, "tasks": [
            {"type": "Fit", "class": "Fit", "module": "m", "doc": "Fit it.\n\nMore.", "schema":
             {"properties": {"x": {"default": Infinity, "maximum": 1e300}}}}]}"#;
        catalogue.add_dated_file("/c.json", text, DateTime::from_timestamp(1_795_554_000, 0));
        let task = catalogue.find("lab", "Fit").unwrap();
        let line = line("lab", task);
        assert_eq!(json::check(&line), Ok(()));
        assert!(!line.contains('\n'));
        let get = |key| json::get(&line, key).unwrap();
        assert_eq!(json::compact(get("schema")), json::compact(task.schema.as_deref().unwrap()));
        assert!(get("schema").contains("Infinity"));
        assert_eq!(get("lane"), "\"sequential\"");
        assert_eq!(
            get("source"),
            r#"{"kind":"file","path":"/c.json","juice":"26.43.0","at":"2026-11-24T21:00:00.000Z"}"#
        );
    }
}
