//! Secrets in the composer: where they are, and the payload without them, for looking at and for the disk.

use std::{borrow::Cow, collections::HashMap};

use super::{Body, Compose};
use crate::{
    app::update::class_of,
    catalogue::{
        Catalogue, TaskType,
        form::{FieldId, Form, Input, Origin, Part, Presence},
    },
    store::Task,
    wire::{
        json::{self, Piece},
        name::{self, sounds_secret},
    },
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
    let named = || task_type.hidden_fields.iter().any(|name| sounds_secret(name));
    task_type.schema.as_deref().is_some_and(|schema| told(schema) || named())
}

/// A task's payload with a word in place of each secret: of what its type's schema tells, and of what sounds like one by
/// its name, at any depth; `None` where it has none, or was not seen.
pub fn masked_payload(catalogue: &Catalogue, task: &Task, word: &str) -> Option<String> {
    mask(type_with_secrets(catalogue, task), task.payload.as_deref()?, word)
}

/// The type of a task, if its schema tells of secrets.
pub fn type_with_secrets<'a>(catalogue: &'a Catalogue, task: &Task) -> Option<&'a TaskType> {
    catalogue.find(&task.service, &class_of(task)).filter(|kind| tells_of_secrets(kind))
}

/// A payload with that word in place of each secret that the type's schema or a field's name tells of; `None` where there
/// is none.
pub fn mask(kind: Option<&TaskType>, payload: &str, word: &str) -> Option<String> {
    let by_schema = kind.and_then(|kind| mask_by_schema(kind, payload, word));
    mask_by_name(by_schema.as_deref().unwrap_or(payload), word).or(by_schema)
}

/// The secrets in a task's payload as texts, the longest first: what must not stand anywhere else. Those of three
/// characters and less are left out: such a text stands in anything.
pub fn secret_texts(catalogue: &Catalogue, task: &Task) -> Vec<String> {
    let kind = type_with_secrets(catalogue, task);
    task.payload.as_deref().map(|payload| secret_texts_of(kind, payload)).unwrap_or_default()
}

/// The same of a payload; `kind`: its type, where the schema tells of secrets.
pub fn secret_texts_of(kind: Option<&TaskType>, payload: &str) -> Vec<String> {
    let mut texts: Vec<String> = secrets_by_name(payload).into_iter().map(plain).collect();
    if let Some(kind) = kind {
        let mut form = Form::new(kind, None);
        if form.fill(payload, Origin::Filled).is_ok() {
            let inputs = secrets(&form).into_iter().filter_map(|id| Some(&form.field(id)?.input));
            texts.extend(inputs.filter_map(|input| match input {
                Input::Line(text) | Input::Text(text) => Some(text.clone()),
                Input::Json(raw) => Some(plain(raw)),
                _ => None,
            }));
        }
    }
    texts.retain(|text| text.chars().count() >= SHORTEST);
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    texts.dedup();
    texts
}

/// The text of a raw value.
fn plain(raw: &str) -> String {
    json::string(raw).map_or_else(|| raw.to_owned(), Cow::into_owned)
}

/// The shortest secret, in characters, that is looked for in other texts.
const SHORTEST: usize = 4;

/// A text with asterisks in place of secrets that stand in it, as they are or as Python and JSON write them.
pub fn without(text: &str, secrets: &[String]) -> String {
    let mut out = text.to_owned();
    for secret in secrets {
        let quoted = json::quote(secret);
        let python = name::repr(&quoted);
        for form in [secret, &quoted[1..quoted.len() - 1], &python[1..python.len() - 1]] {
            if out.contains(form) {
                out = out.replace(form, SECRET);
            }
        }
    }
    out
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

/// Masks each text and number under a name that sounds like a secret's, and leaves everything else letter for letter.
fn mask_by_name(payload: &str, word: &str) -> Option<String> {
    let mut out = String::new();
    let mut written = 0;
    for value in secrets_by_name(payload) {
        let start = value.as_ptr() as usize - payload.as_ptr() as usize;
        out.push_str(&payload[written..start]);
        out.push_str(&json::quote(word));
        written = start + value.len();
    }
    (written > 0).then(|| out + &payload[written..])
}

/// The raw texts and numbers under names that sound like a secret's.
fn secrets_by_name(payload: &str) -> Vec<&str> {
    let mut names: HashMap<&str, bool> = HashMap::new();
    let mut sounds =
        |name| *names.entry(name).or_insert_with(|| json::string(name).is_some_and(|n| sounds_secret(&n)));
    // For each bracket that is open: whether it is an object's, and whether all in it is secret.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let (mut at_name, mut member) = (false, false);
    let mut found = Vec::new();
    for piece in json::pieces(payload) {
        let (in_object, inside) = open.last().copied().unwrap_or_default();
        let secret = if in_object { member } else { inside };
        match piece {
            Piece::Open(bracket) => {
                open.push((bracket == '{', secret));
                at_name = bracket == '{';
            }
            Piece::Close(_) => {
                open.pop();
                at_name = false;
            }
            Piece::Comma => at_name = in_object,
            Piece::Colon => at_name = false,
            Piece::Scalar(name) if at_name => member = inside || sounds(name),
            Piece::Scalar(value) if secret && hides_something(value) => found.push(value),
            Piece::Scalar(_) => {}
        }
    }
    found
}

/// Whether a value can be a secret: null, true, false and nothing at all are none.
fn hides_something(value: &str) -> bool {
    !matches!(value, "null" | "true" | "false" | "\"\"")
}

pub use crate::wire::name::SECRET;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(payload: &str) -> String {
        mask_by_name(payload, "***").unwrap_or_else(|| payload.to_owned())
    }

    #[test]
    fn what_sounds_like_a_secret_is_masked_wherever_it_stands_and_nothing_else_changes() {
        for (payload, wanted) in [
            (
                r#"{"login": {"user": "me", "password": "hush"}}"#,
                r#"{"login": {"user": "me", "password": "***"}}"#,
            ),
            (r#"[{"token": "hush"}, {"n": 1.0}]"#, r#"[{"token": "***"}, {"n": 1.0}]"#),
            (r#"{"pass_word" :123,"x":NaN}"#, r#"{"pass_word" :"***","x":NaN}"#),
            (
                r#"{"api-keys": ["a", "b", [1e9]], "b": [2]}"#,
                r#"{"api-keys": ["***", "***", ["***"]], "b": [2]}"#,
            ),
            (
                r#"{"credentials": {"user": "me", "n": null, "on": true}}"#,
                r#"{"credentials": {"user": "***", "n": null, "on": true}}"#,
            ),
            (
                r#"{"\u0070assword": "hush", "note": "password"}"#,
                r#"{"\u0070assword": "***", "note": "password"}"#,
            ),
            (r#"{"token": "", "a": "token"}"#, r#"{"token": "", "a": "token"}"#),
            (r#""password""#, r#""password""#),
        ] {
            assert_eq!(masked(payload), wanted);
        }
    }

    /// A JSON value in which `hush` stands only below secret names.
    fn value() -> BoxedStrategy<String> {
        let leaf = prop_oneof![Just("1.50".to_owned()), Just(r#""a\"b""#.to_owned())];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let hidden = Just(r#""hush""#.to_owned());
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(", "))),
                (inner.clone(), hidden, inner).prop_map(|(a, hidden, b)| {
                    format!(r#"{{"a": {a}, "access token": [{{"x": {hidden}}}], "b":{b}}}"#)
                }),
            ]
        })
        .boxed()
    }

    #[test]
    fn a_secret_is_taken_out_of_other_texts_in_every_form_in_which_it_is_written_there() {
        let secrets = ["it's \"hush\"\n".to_owned(), "hush".to_owned()];
        let json = json::quote(&secrets[0]);
        let python = name::repr(&json);
        let text = format!("{} {json} {python} hushed {}", secrets[0], "hus");
        assert_eq!(without(&text, &secrets), format!("{SECRET} \"{SECRET}\" '{SECRET}' {SECRET}ed hus"));
    }

    proptest! {
        #[test]
        fn no_secret_is_left_and_it_stays_json_of_the_same_form(payload in value()) {
            let masked = masked(&payload);
            prop_assert!(!masked.contains("hush"));
            prop_assert_eq!(masked.replace("\"***\"", "\"hush\""), payload);
            prop_assert!(json::check(&masked).is_ok());
        }

        #[test]
        fn any_text_is_taken(text in "(?s).{0,80}") {
            let _ = masked(&text);
        }
    }
}
