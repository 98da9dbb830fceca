//! The form against what pydantic really answered (`tests/cases/schema_*`), stories, and properties.

mod edits;
mod hostile;
mod kinds;
mod placing;
mod properties;
mod samples;
mod second_opinion;
mod sweeps;

use std::path::Path;

use super::*;
use crate::{
    catalogue::{Catalogue, Source},
    wire::json,
};

fn case(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn task_of(schema: &str) -> TaskType {
    TaskType { schema: Some(schema.into()), source: Source::Builtin, ..TaskType::unheard("T".into()) }
}

fn form_of(name: &str) -> Form {
    Form::new(&task_of(&case(name)), None)
}

/// The field at a path of names, joined by `/`.
fn at(form: &Form, path: &str) -> FieldId {
    let names: Vec<&str> = path.split('/').collect();
    form.find(&names).unwrap_or_else(|| panic!("no field {path} in {}", outline(form)))
}

fn field<'a>(form: &'a Form, path: &str) -> &'a Field {
    form.field(at(form, path)).unwrap()
}

/// All visible rows, for people.
fn outline(form: &Form) -> String {
    let mut out = String::new();
    for row in form.rows() {
        let field = form.field(row.id).unwrap();
        let indent = "  ".repeat(usize::from(row.depth));
        if row.part == Part::Add {
            out += &format!("{indent}+\n");
            continue;
        }
        let value = match (&field.presence, &field.input) {
            (Presence::Unset, _) => "left out".to_owned(),
            (Presence::Null, _) => "null".to_owned(),
            (_, Input::Line(text) | Input::Text(text) | Input::Json(text) | Input::Constant(text)) => {
                text.clone()
            }
            (_, Input::Choice { options, chosen }) => {
                chosen.map_or("?".to_owned(), |at| format!("<{}>", options[at].label))
            }
            (_, Input::Union { variants, chosen }) => {
                chosen.map_or("?".to_owned(), |at| format!("<{}>", variants[at]))
            }
            _ if field.folded => "▸".to_owned(),
            _ => "▾".to_owned(),
        };
        out += &format!("{indent}{} {}: {value} ({:?})\n", field.name, field.kind, field.origin);
    }
    out
}

/// The errors, with the names of the fields that lead there.
fn errors(form: &Form) -> Vec<String> {
    told(form, Level::Error)
}

fn told(form: &Form, level: Level) -> Vec<String> {
    let all = form.problems().iter().filter(|problem| problem.level == level);
    all.map(|problem| {
        let names: Vec<_> = problem
            .field
            .map(|id| form.path(id))
            .unwrap_or_default()
            .into_iter()
            .map(|id| form.field(id).unwrap().name.clone())
            .collect();
        format!("{}: {}", names.join("/"), problem.what)
    })
    .collect()
}

fn lab() -> Catalogue {
    let mut catalogue = Catalogue::new();
    catalogue.add_file("/lab/types.json", &case("catalogue-sample.json"));
    catalogue
}
