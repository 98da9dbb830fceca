//! Secrets in the composer: where they are, and the payload without them, for looking at and for the disk.

use std::borrow::Cow;

use super::{Body, Compose};
use crate::{
    app::update::class_of,
    catalogue::{
        self, Catalogue, TaskType,
        form::{FieldId, Form, Input, Origin, Part, Presence},
    },
    store::Task,
    wire::json,
};

impl Compose {
    /// The payload with each secret masked; `None` where it has none.
    pub(super) fn masked(&self) -> Option<String> {
        self.masked_with(SECRET)
    }

    /// The payload with that word in place of each secret; `None` where it has none.
    pub(in crate::app) fn masked_with(&self, word: &str) -> Option<String> {
        self.without_secrets(|form, id| put_word(form, id, word))
    }

    /// The form with that word in place of each secret; `None` where it has none.
    pub(in crate::app) fn masked_form(&self, word: &str) -> Option<Form> {
        self.form_without_secrets(|form, id| put_word(form, id, word))
    }

    /// The payload after something was done to each secret that has a value; `None` where there is none.
    pub(super) fn without_secrets(&self, hide: impl Fn(&mut Form, FieldId)) -> Option<String> {
        self.form_without_secrets(hide).map(|form| form.payload())
    }

    fn form_without_secrets(&self, hide: impl Fn(&mut Form, FieldId)) -> Option<Form> {
        let mut form = match &self.body {
            Body::Form(pane) if secrets(&pane.form).is_empty() => return None,
            Body::Form(pane) => pane.form.clone(),
            Body::Json(_) if !self.has_secrets() => return None,
            Body::Json(pane) => {
                let mut form = Form::new(&self.task_type, None);
                form.fill(&pane.text(), Origin::Filled).ok()?;
                form
            }
        };
        let secrets = secrets(&form);
        for id in &secrets {
            hide(&mut form, *id);
        }
        (!secrets.is_empty()).then_some(form)
    }

    /// Whether the type has secret fields at all.
    pub fn has_secrets(&self) -> bool {
        tells_of_secrets(&self.task_type)
    }
}

/// Whether a type's schema has secret fields at all; cheap, for who looks at every task.
fn tells_of_secrets(task_type: &TaskType) -> bool {
    let told = |schema: &str| schema.contains("\"writeOnly\"") || schema.contains("\"password\"");
    let named = || task_type.hidden_fields.iter().any(|name| catalogue::kept::sounds_secret(name));
    task_type.schema.as_deref().is_some_and(|schema| told(schema) || named())
}

/// A task's payload with a word in place of each secret, by its type's schema, or else by the names of its fields;
/// `None` where it has none, or was not seen.
pub fn masked_payload(catalogue: &Catalogue, task: &Task, word: &str) -> Option<String> {
    let payload = task.payload.as_deref()?;
    let kind = catalogue.find(&task.service, &class_of(task)).filter(|kind| tells_of_secrets(kind));
    kind.and_then(|kind| mask_by_schema(kind, payload, word)).or_else(|| mask_by_name(payload, word))
}

fn mask_by_schema(task_type: &TaskType, payload: &str, word: &str) -> Option<String> {
    let mut form = Form::new(task_type, None);
    form.fill(payload, Origin::Filled).ok()?;
    let secrets = secrets(&form);
    for id in &secrets {
        put_word(&mut form, *id, word);
    }
    (!secrets.is_empty()).then(|| form.payload())
}

fn mask_by_name(payload: &str, word: &str) -> Option<String> {
    let members = json::members(payload).ok()?;
    members.iter().any(|(name, raw)| is_secret(name, raw)).then(|| {
        json::object(members.iter().map(|(name, raw)| match is_secret(name, raw) {
            true => (name, Cow::Owned(json::quote(word))),
            false => (name, Cow::Borrowed(*raw)),
        }))
    })
}

/// A text whose field is called like a secret.
fn is_secret(name: &str, raw: &str) -> bool {
    raw.starts_with('"') && catalogue::kept::sounds_secret(name)
}

/// What a secret is shown as, as Python's own classes do it.
pub const SECRET: &str = "**********";

/// Puts a word in place of a secret.
fn put_word(form: &mut Form, id: FieldId, word: &str) {
    match form.field(id).map(|field| &field.input) {
        Some(Input::Json(_)) => {
            let _ = form.set_raw(id, &json::quote(word));
        }
        _ => form.set_text(id, word),
    }
}

/// Takes a secret out of what is to be written. An item of a list and an entry of a map keep their places.
pub(super) fn hide_from_disk(form: &mut Form, id: FieldId) {
    form.unset(id);
    let stays = form.field(id).is_some_and(|field| field.presence == Presence::Value);
    if stays && matches!(form.field(id).map(|field| &field.input), Some(Input::Json(_))) {
        let _ = form.set_raw(id, "null");
    } else if stays {
        form.set_text(id, "");
    }
}

/// The secret fields that have a value.
fn secrets(form: &Form) -> Vec<FieldId> {
    let roots = form.rows().into_iter().filter(|r| r.depth == 0 && r.part == Part::Field);
    let mut todo: Vec<FieldId> = roots.map(|r| r.id).collect();
    let mut found = Vec::new();
    while let Some(id) = todo.pop() {
        let Some(field) = form.field(id) else { continue };
        let typed = matches!(
            &field.input,
            Input::Line(text) | Input::Text(text) | Input::Json(text) if !text.is_empty()
        );
        if field.secret && field.presence == Presence::Value && typed {
            found.push(id);
        }
        todo.extend(&field.children);
    }
    found
}
