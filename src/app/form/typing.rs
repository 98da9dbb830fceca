//! Keys and pastes into a form: what is typed goes to the form at once.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Edit, FormPane, MANY, Wish};
use crate::{
    app::{compose::PASTE_BYTES, document},
    catalogue::form::{FieldId, Form, Input, Part, Presence},
};

impl FormPane {
    /// Takes a key that means nothing else here.
    pub fn key(&mut self, key: KeyEvent) -> Wish {
        let typed = match key.code {
            KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                (!c.is_control()).then_some(c)
            }
            _ => None,
        };
        if typed.is_none() && matches!(key.code, KeyCode::Char(c) if c.is_control()) {
            return Wish::None;
        }
        let Some((id, part)) = self.focus else { return Wish::None };
        self.peek = None;
        match &mut self.edit {
            Edit::Line { line, fresh } => {
                let replaces = *fresh && typed.is_some();
                let mut next = if replaces { Box::default() } else { line.clone() };
                *fresh = false;
                if next.key(key) || replaces {
                    let text = next.text().to_owned();
                    *line = next;
                    self.change(Some(id), |form| write(form, id, &text));
                } else {
                    *line = next;
                }
            }
            Edit::Text(pane) => {
                if pane.key(key) {
                    self.take_text(id);
                }
            }
            Edit::None if part == Part::Field => return self.key_on(id, key.code, typed),
            Edit::None => {}
        }
        Wish::None
    }

    /// As [`FormPane::key`]; the arrows leave a text of several lines at its first and last line.
    pub fn key_or_leave(&mut self, key: KeyEvent) -> Wish {
        if let Edit::Text(pane) = &self.edit
            && key.modifiers.is_empty()
        {
            let (first, last) = pane.at_edges();
            match key.code {
                KeyCode::Up if first => {
                    self.step(-1);
                    return Wish::None;
                }
                KeyCode::Down if last => {
                    self.step(1);
                    return Wish::None;
                }
                _ => {}
            }
        }
        self.key(key)
    }

    /// A key on a field that is no text: steps through its options, folds it.
    fn key_on(&mut self, id: FieldId, code: KeyCode, typed: Option<char>) -> Wish {
        let Some(field) = self.form.field(id) else { return Wish::None };
        match (&field.input, code) {
            (Input::Choice { options, chosen }, _) => {
                let (n, chosen) = (options.len(), *chosen);
                if n == 0 {
                    return Wish::None;
                }
                let next = match (code, typed) {
                    (KeyCode::Right, _) | (_, Some(' ')) => chosen.map_or(0, |c| (c + 1) % n),
                    (KeyCode::Left, _) => chosen.map_or(n - 1, |c| (c + n - 1) % n),
                    (_, Some(c)) if n > MANY => return Wish::Options(Some(c)),
                    (_, Some(c)) => {
                        let begins = |i: &usize| {
                            let label = options[*i].label.trim_start_matches(['"', '\'']);
                            label.chars().next().is_some_and(|l| l.to_lowercase().eq(c.to_lowercase()))
                        };
                        let from = chosen.map_or(0, |c| c + 1);
                        match (from..n).chain(0..from.min(n)).find(begins) {
                            Some(i) => i,
                            None => return Wish::None,
                        }
                    }
                    _ => return Wish::None,
                };
                self.choose(id, next);
            }
            (Input::Union { .. }, _) if typed.is_some_and(|c| c != ' ') => return Wish::Options(typed),
            (Input::Model | Input::Tuple | Input::List | Input::Map | Input::Union { .. }, code) => {
                let folded = field.folded;
                match (code, typed) {
                    (KeyCode::Left, _) => self.fold(id, true),
                    (KeyCode::Right, _) => self.fold(id, false),
                    (_, Some(' ')) => self.fold(id, !folded),
                    _ => {}
                }
            }
            _ => {}
        }
        Wish::None
    }

    /// Goes in by one step (in a text of several lines).
    pub fn indent(&mut self) {
        if let (Edit::Text(pane), Some((id, _))) = (&mut self.edit, self.focus) {
            pane.indent();
            self.take_text(id);
        }
    }

    /// Takes what stands in the editor of several lines over to the form.
    fn take_text(&mut self, id: FieldId) {
        let Edit::Text(pane) = &self.edit else { return };
        let (text, begins) = (pane.text(), pane.begins_step());
        if begins {
            self.end_step();
        }
        self.change(Some(id), |form| form.set_text(id, &text));
    }

    /// What Enter does: goes on from a line, folds a section, opens the options, adds to a list.
    pub fn enter(&mut self) -> Wish {
        let Some((id, part)) = self.focus else { return Wish::None };
        if part == Part::Add {
            return match self.add() {
                Some((added, true)) => Wish::Key(added),
                _ => Wish::None,
            };
        }
        let Some(field) = self.form.field(id) else { return Wish::None };
        if field.sweep.is_some() {
            self.step(1);
            return Wish::None;
        }
        match &field.input {
            Input::Choice { .. } | Input::Union { .. } => Wish::Options(None),
            Input::Model | Input::Tuple | Input::List | Input::Map => {
                self.fold_or_open(id);
                Wish::None
            }
            _ if self.focused_row().is_some_and(|row| row + 1 == self.rows.len()) => Wish::Last,
            _ => {
                self.step(1);
                Wish::None
            }
        }
    }

    /// Folds a section or unfolds it. One that is null or left out gets its fields, and of an empty list or map there
    /// is only the line to add to it, which is gone to.
    fn fold_or_open(&mut self, id: FieldId) {
        let Some(field) = self.form.field(id) else { return };
        let (folded, absent) = (field.folded, field.presence != Presence::Value);
        let is_list = matches!(field.input, Input::List | Input::Map);
        let empty = field.children.is_empty();
        if field.presence == Presence::Null || absent && !is_list {
            self.change(None, |form| {
                form.set_value(id);
                form.fold(id, false);
            });
            self.settle();
        } else {
            self.fold(id, !folded && !empty);
        }
        if is_list && self.form.field(id).is_some_and(|f| f.children.is_empty()) && self.form.takes_more(id) {
            self.go((id, Part::Add));
        }
    }

    /// What Enter does here, in a word.
    pub fn enter_word(&self) -> &'static str {
        let Some((_, part)) = self.focus else { return "next" };
        let Some(field) = self.focused() else { return "next" };
        match &field.input {
            _ if part == Part::Add => "add",
            // Its values are typed.
            _ if field.sweep.is_some() => "next",
            Input::Choice { .. } | Input::Union { .. } => "choose",
            Input::Model | Input::Tuple | Input::List | Input::Map => {
                let open = !field.folded && field.presence == Presence::Value && !field.children.is_empty();
                if open { "fold" } else { "open" }
            }
            _ => "next",
        }
    }

    /// What the key for leaving out does here, in a word; `None`: nothing.
    pub fn omit_word(&self) -> Option<&'static str> {
        let (_, Part::Field) = self.focus? else { return None };
        let field = self.focused()?;
        match field.presence {
            Presence::Value if !field.required && !field.removable => Some("leave out"),
            Presence::Value | Presence::Unset if field.nullable => Some("null"),
            Presence::Value => None,
            // Of these only typing or choosing makes a value.
            Presence::Unset if field.required && !field.is_section() => None,
            Presence::Null | Presence::Unset => Some("a value"),
        }
    }

    /// Takes a paste. It never sends anything and never leaves the field.
    ///
    /// # Errors
    /// One sentence where nothing was taken: too large, control characters, line breaks where one line is wanted.
    pub fn paste(&mut self, text: &str) -> Result<(), String> {
        let text = clean_paste(text)?;
        let Some((id, part)) = self.focus else { return Ok(()) };
        let is_json = part == Part::Field
            && self.form.field(id).is_some_and(|f| f.sweep.is_none() && matches!(f.input, Input::Json(_)));
        match &mut self.edit {
            Edit::Text(pane) => {
                pane.insert(&text);
                self.take_text(id);
            }
            Edit::Line { line, fresh } => {
                // A line that was copied whole brings its end along.
                let one = text.trim_end_matches('\n');
                if one.contains('\n') && !is_json {
                    let n = one.matches('\n').count() + 1;
                    return Err(format!("not pasted: it has {n} lines, and this field takes one"));
                }
                if one.contains('\t') && !is_json {
                    return Err("not pasted: it holds a tab, and this field takes none by typing".to_owned());
                }
                let mut next = if *fresh { Box::default() } else { line.clone() };
                *fresh = false;
                let whole = if is_json && one.contains('\n') {
                    let (before, after) = next.halves();
                    format!("{before}{one}{after}")
                } else {
                    next.paste(one);
                    next.text().to_owned()
                };
                *line = next;
                self.change(Some(id), |form| write(form, id, &whole));
                self.settle();
            }
            Edit::None => return Err("not pasted: go to a field that takes text".to_owned()),
        }
        Ok(())
    }
}

/// What is typed into a line: the field's value, or the values that it runs through.
pub(super) fn write(form: &mut Form, id: FieldId, text: &str) {
    match form.field(id).is_some_and(|field| field.sweep.is_some()) {
        true => form.set_sweep(id, Some(text)),
        false => form.set_text(id, text),
    }
}

/// What a paste becomes: LF for each line break.
///
/// # Errors
/// One sentence where it is too large or holds control characters.
pub fn clean_paste(text: &str) -> Result<String, String> {
    if text.len() > PASTE_BYTES {
        return Err(format!(
            "not pasted: {} is more than 64 KiB; open it in your editor instead",
            document::bytes(text.len())
        ));
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if let Some(c) = control_in(&text) {
        return Err(format!("not pasted: the text holds a control character (U+{:04X})", u32::from(c)));
    }
    Ok(text)
}

/// A control character that is no line break and no tab.
pub(super) fn control_in(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'))
}
