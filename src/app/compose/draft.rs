//! What is kept of a task that was not sent, and taking it back in.

use super::{Begun, Body, Compose, secrets::hide_from_disk};
use crate::{
    app::{form::FormPane, many::Group, session::Way},
    catalogue::form::Form,
    wire::json,
};

/// What the composer keeps of a task that was not sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The payload, without the values of secret fields. Empty where these cannot be told from the rest (JSON that
    /// cannot be read yet, of a type that has some).
    pub text: String,
    /// The payload with its secrets, if it has any. For memory only: it is never written anywhere.
    pub secret: Option<String>,
    /// It had secrets that were not kept.
    pub lacks_secrets: bool,
    /// It was being edited as JSON.
    pub json: bool,
    /// Parallel or sequential.
    pub parallel: bool,
    /// Which way.
    pub way: Way,
    /// The fields that run through values, by the names that lead to them, and how.
    pub sweeps: Vec<(String, String)>,
    /// What was said of the group that they make.
    pub group: Group,
    /// It was begun to be sent as this group.
    pub begun: Option<Begun>,
}

impl Draft {
    /// It is not whole without the secrets that are not written.
    pub fn lacks(&self) -> bool {
        self.secret.is_some() || self.lacks_secrets
    }
}

impl Compose {
    /// What is kept when it is left without sending.
    pub fn draft(&self) -> Draft {
        let text = self.text();
        let is_json = matches!(self.body, Body::Json(_));
        let open = self.without_secrets(hide_from_disk);
        let unclear = is_json && self.has_secrets() && json::check(&text).is_err();
        let (text, secret) = match open {
            Some(open) => (open, Some(text)),
            None if unclear => (String::new(), Some(text)),
            None => (text, None),
        };
        let mut draft = Draft {
            text,
            secret,
            lacks_secrets: false,
            json: is_json,
            parallel: self.parallel,
            way: self.way.clone(),
            sweeps: self.sweeps(),
            group: self.group.clone(),
            begun: None,
        };
        draft.begun = self.begun_of(&draft);
        draft
    }

    /// Takes a draft back in.
    pub fn take_draft(&mut self, draft: &Draft) {
        let text = draft.secret.as_ref().unwrap_or(&draft.text);
        let taken = self.set_text(text).is_ok();
        // Sweeps are the form's, which waits behind the JSON where the draft was left as that.
        if let Body::Form(pane) = &mut self.body {
            let mut form = std::mem::replace(&mut pane.form, Form::new(&self.task_type, None));
            for (name, text) in &draft.sweeps {
                if let Some(id) = form.find_dotted(name) {
                    form.set_sweep(id, Some(text));
                }
            }
            **pane = FormPane::new(form);
        }
        // What is no JSON yet stays in the editor, letter for letter.
        if draft.json || !taken {
            if matches!(self.body, Body::Form(_)) {
                // From a form to JSON there is nothing that can fail.
                let _ = self.turn();
            }
            if let Body::Json(pane) = &mut self.body {
                pane.set_text(text);
            }
        }
        self.group = draft.group.clone();
        self.take_begun(draft);
        self.check();
        self.parallel = draft.parallel;
        self.way = draft.way.clone();
    }
}
