//! Changes of a form in steps that can be taken back.

use super::{
    Edit, FormPane, Language, Step, UNDO_BYTES, UNDO_FIELDS, language,
    typing::{control_in, write},
};
use crate::{
    catalogue::form::{CodeState, FieldId, Form, Input, Part, Presence},
    wire::json,
};

impl FormPane {
    /// Does something to the form, so that it can be taken back in one step; `typed`: the field that is typed into.
    pub(super) fn change(&mut self, typed: Option<FieldId>, edit: impl FnOnce(&mut Form)) {
        let goes_on = typed.is_some() && self.steps.last().is_some_and(|s| s.typed == typed);
        if !goes_on {
            let most = (UNDO_FIELDS / self.rows.len().max(1)).clamp(2, 200);
            if self.steps.len() >= most {
                self.steps.remove(0);
            }
            self.steps.push(Step::new(self.form.clone(), self.focus, typed));
            let mut all: usize = self.steps.iter().map(|step| step.bytes).sum();
            // Two at least, however large the values are.
            while all > UNDO_BYTES && self.steps.len() > 2 {
                all -= self.steps.remove(0).bytes;
            }
        }
        self.undone.clear();
        edit(&mut self.form);
        self.rows = self.form.rows();
    }

    /// What is typed from now on is a step of its own.
    pub(super) fn end_step(&mut self) {
        if let Some(step) = self.steps.last_mut() {
            step.typed = None;
        }
    }

    /// Takes back the last step; false if there is none.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.steps.pop() else { return false };
        let now = self.put_back(step);
        self.undone.push(now);
        true
    }

    /// Does again what was taken back last; false if there is nothing, or something was changed since.
    pub fn redo(&mut self) -> bool {
        let Some(step) = self.undone.pop() else { return false };
        let now = self.put_back(step);
        self.steps.push(now);
        true
    }

    /// Puts back how it was; how it is now, to come back to.
    fn put_back(&mut self, step: Step) -> Step {
        let form = std::mem::replace(&mut self.form, step.form);
        let now = Step::new(form, std::mem::replace(&mut self.focus, step.focus), None);
        let before = match &self.edit {
            Edit::Text(pane) if now.focus == self.focus => Some(pane.text()),
            _ => None,
        };
        self.rows = self.form.rows();
        self.open_editor();
        if let (Some(before), Edit::Text(pane)) = (before, &mut self.edit) {
            pane.go_behind_change(&before);
        }
        now
    }

    /// Takes away code that Python made for other values; false if there is none.
    pub fn drop_stale_code(&mut self) -> bool {
        let stale = self.form.code_state() == CodeState::Stale;
        if stale {
            self.change(None, Form::drop_code);
            self.settle();
        }
        stale
    }

    /// Chooses an option, or a union's variant.
    pub fn choose(&mut self, id: FieldId, option: usize) {
        self.change(None, |form| form.choose(id, option));
        self.settle();
    }

    /// Folds or unfolds a section. No step of its own.
    pub fn fold(&mut self, id: FieldId, folded: bool) {
        self.form.fold(id, folded);
        self.rows = self.form.rows();
        self.settle();
    }

    /// Steps through what an optional field can be: left out, null, a value again.
    ///
    /// # Errors
    /// One sentence where it can be nothing else.
    pub fn next_presence(&mut self) -> Result<(), String> {
        let Some((id, _)) = self.focus else { return Ok(()) };
        let Some(field) = self.form.field(id) else { return Ok(()) };
        if field.sweep.is_some() {
            self.change(None, |form| form.set_sweep(id, None));
            self.open_editor();
            self.settle();
            return Ok(());
        }
        let (nullable, required, presence) = (field.nullable, field.required, field.presence);
        match presence {
            Presence::Value if !required => self.change(None, |form| form.unset(id)),
            Presence::Value | Presence::Unset if nullable => self.change(None, |form| form.set_null(id)),
            Presence::Value => return Err(format!("`{}` is required: it cannot be left out", field.name)),
            Presence::Null | Presence::Unset => self.change(None, |form| form.set_value(id)),
        }
        self.settle();
        Ok(())
    }

    /// Lets the field run through several values, or takes them away again.
    ///
    /// # Errors
    /// One sentence where it cannot.
    pub fn turn_sweep(&mut self) -> Result<(), String> {
        let here = self.focus.filter(|(_, part)| *part == Part::Field).map(|(id, _)| id);
        let Some((id, field)) = here.and_then(|id| Some((id, self.form.field(id)?))) else {
            return Err("go to a field that is to run through several values".to_owned());
        };
        let text = match &field.input {
            _ if field.sweep.is_some() => None,
            _ if field.secret => {
                return Err("a secret takes one value: several would stand in clear".to_owned());
            }
            _ if !field.sweepable => {
                return Err(format!(
                    "`{}` takes one value: numbers, choices and text can take several",
                    field.name
                ));
            }
            Input::Choice { .. } => Some("all".to_owned()),
            // A comma or quotes would part it.
            Input::Line(text) if field.presence == Presence::Value && !text.contains([',', '"']) => {
                Some(text.clone())
            }
            _ => Some(String::new()),
        };
        self.change(None, |form| form.set_sweep(id, text.as_deref()));
        // The same text may need another editor.
        self.open_editor();
        self.settle();
        Ok(())
    }

    /// Puts the field back to how the form opened; a second time to its default.
    pub fn reset_field(&mut self) {
        if let Some((id, _)) = self.focus {
            self.change(None, |form| form.reset(id));
            self.open_editor();
            self.settle();
        }
    }

    /// Adds an item or entry to the list or map under the focus, or around it. The new one's id and whether it has a
    /// name to give (a map's entry); `None` where there is none or it is full.
    pub fn add(&mut self) -> Option<(FieldId, bool)> {
        let id = self.list_here()?;
        let mut added = None;
        self.change(None, |form| {
            form.fold(id, false);
            added = form.add(id);
        });
        let added = added?;
        self.focus_on(added);
        self.settle();
        let is_entry = self.form.field(added).is_some_and(|f| f.is_entry);
        Some((added, is_entry))
    }

    /// Removes the item or entry that has the focus, or the one around it; false where there is none.
    pub fn remove(&mut self) -> bool {
        let Some(id) = self.item_here() else { return false };
        let row = self.rows.iter().position(|r| r.id == id).unwrap_or(0);
        self.change(None, |form| form.remove(id));
        // Whatever stands there now: the next item, or the line to add one.
        self.focus = None;
        self.go_row(row);
        true
    }

    /// Moves the item that has the focus, or the one around it, up or down; false where there is none.
    pub fn shift(&mut self, up: bool) -> bool {
        let Some(id) = self.item_here() else { return false };
        self.change(None, |form| form.shift(id, up));
        self.settle();
        true
    }

    /// The item or entry that has the focus, or the one around it: what can be removed.
    pub fn item_here(&self) -> Option<FieldId> {
        self.around(|_, f| f.removable)
    }

    /// The map's entry that has the focus, or the one around it.
    pub fn entry_here(&self) -> Option<FieldId> {
        self.around(|_, f| f.is_entry)
    }

    /// Gives an entry another key.
    ///
    /// # Errors
    /// Why it cannot have that one.
    pub fn rename(&mut self, id: FieldId, key: &str) -> Result<(), String> {
        let mut result = Ok(());
        self.change(None, |form| result = form.rename(id, key));
        if result.is_err() {
            self.steps.pop();
        }
        result
    }

    /// Puts in what the person's editor gave back for one field.
    ///
    /// # Errors
    /// Why it cannot be taken; nothing has changed then.
    pub fn edited(&mut self, id: FieldId, text: &str) -> Result<(), String> {
        let is_text = self
            .form
            .field(id)
            .is_some_and(|f| matches!(f.input, Input::Line(_) | Input::Text(_) | Input::Json(_)));
        let swept = self.form.field(id).is_some_and(|f| f.sweep.is_some());
        let one_line = swept || self.form.field(id).is_some_and(|f| matches!(f.input, Input::Line(_)));
        let text = &text.replace("\r\n", "\n");
        if one_line && text.contains('\n') {
            return Err("not taken: this field takes one line".to_owned());
        }
        let wordless = !swept
            && self.form.field(id).is_some_and(|f| f.kind.starts_with("int") || f.kind.starts_with("float"));
        let text = if wordless { text.trim() } else { text };
        if let Some(c) = control_in(text).or(text.chars().find(|c| wordless && *c == '\t')) {
            return Err(format!("not taken: the text holds a control character (U+{:04X})", u32::from(c)));
        }
        let mut result = Ok(());
        self.change(None, |form| {
            if swept || is_text {
                write(form, id, text);
            } else {
                result = form.set_raw(id, text);
            }
        });
        if result.is_err() {
            self.steps.pop();
        }
        self.open_editor();
        self.settle();
        result
    }

    /// What the person's editor gets for the field that has the focus: its text, and the ending of a file of its kind.
    pub fn for_editor(&self) -> Option<(FieldId, String, &'static str)> {
        let (id, _) = self.focus?;
        let field = self.form.field(id)?;
        if let Some(text) = &field.sweep {
            return Some((id, text.clone(), ".txt"));
        }
        Some(match &field.input {
            Input::Line(text) => (id, text.clone(), ".txt"),
            Input::Text(text) => {
                (id, text.clone(), if language(field) == Language::Python { ".py" } else { ".txt" })
            }
            Input::Json(text) => (id, text.clone(), ".json"),
            _ => {
                let raw = self.form.raw(id).unwrap_or_default();
                (id, json::pretty(&raw, usize::MAX).0, ".json")
            }
        })
    }

    /// Puts the whole form back.
    pub fn replace(&mut self, form: Form) {
        self.change(None, |old| *old = form);
        self.focus = None;
        self.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, form::Origin};

    #[test]
    fn steps_are_bounded_by_what_they_hold_and_the_last_ones_stay() {
        let catalogue = Catalogue::new();
        let ping = catalogue.find("lab", "Ping").unwrap();
        let filled = |n: usize, bytes: usize| {
            let text = format!("{n}{}", "x".repeat(bytes));
            move |form: &mut Form| form.fill(&format!(r#"{{"message": "{text}"}}"#), Origin::Filled).unwrap()
        };
        let mut pane = FormPane::new(Form::new(ping, None));
        for n in 0..100 {
            pane.change(None, filled(n, 1 << 20));
        }
        let all: usize = pane.steps.iter().map(|step| step.bytes).sum();
        assert!(all <= UNDO_BYTES && pane.steps.len() > 10, "{all} bytes in {} steps", pane.steps.len());
        // One value that is larger than all of that can be taken back all the same.
        pane.change(None, filled(100, UNDO_BYTES));
        pane.change(None, filled(101, 10));
        assert!(pane.undo() && pane.form.payload().starts_with(r#"{"message": "100x"#));
        assert!(pane.undo() && pane.form.payload().starts_with(r#"{"message": "99x"#));
        assert!(pane.redo() && pane.form.payload().starts_with(r#"{"message": "100x"#));
        // What is come back to weighs what it is, not what was put in its place.
        let weighs = |step: &Step| step.bytes == step.form.payload().len();
        assert!(pane.steps.iter().chain(&pane.undone).all(weighs));
    }
}
