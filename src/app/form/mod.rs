//! The form on the screen: which field has the focus, what is typed into it, and how far it is scrolled.
//!
//! The values themselves, and what is wrong with them, are `catalogue::form`'s: this hands each edit on at once and
//! keeps no value of its own but the cursor's place. Nothing here sends anything.

mod lines;
mod pick;
mod text;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    catalogue::{
        Level,
        form::{Field, FieldId, FieldProblem, Form, FormRow, Input, Part, Presence},
    },
    clean::Charset,
};

use super::{
    choose::Item,
    compose::{PASTE_BYTES, left_for},
    line::LineEdit,
};

pub use lines::{Line, Tone, details, from, sentence};
pub use pick::{For, Pick};
pub use text::{Language, TextPane};

/// Options above this are chosen from a list that is searched by typing.
pub const MANY: usize = 6;

/// Fields that a jump lists at most.
const MOST_JUMPS: usize = 5_000;

/// Fields kept in all steps that can be taken back, taken together.
const UNDO_FIELDS: usize = 40_000;

/// What is typed into the field that has the focus.
#[derive(Debug)]
pub enum Edit {
    /// Nothing can be typed there.
    None,
    /// One line. Fresh: the first character that is typed replaces what stands there.
    Line {
        /// The line.
        line: Box<LineEdit>,
        /// Nothing was typed since the focus came.
        fresh: bool,
    },
    /// Several lines.
    Text(Box<TextPane>),
}

/// What a key asked for that needs a layer of its own.
#[derive(Debug)]
pub enum Wish {
    /// Nothing more.
    None,
    /// The list of the field's options, searched for what was typed.
    Options(Option<char>),
    /// The line for the key of an entry that has none yet.
    Key(FieldId),
    /// To be told that this was the last field.
    Last,
}

/// A step that can be taken back.
#[derive(Debug)]
struct Step {
    form: Form,
    focus: Option<(FieldId, Part)>,
    /// The field that was being typed into, so that one step takes back what was typed in one go.
    typed: Option<FieldId>,
}

/// A form with its focus.
#[derive(Debug)]
pub struct FormPane {
    /// The form.
    pub form: Form,
    /// Its visible rows.
    pub rows: Vec<FormRow>,
    /// Which row has the focus.
    pub focus: Option<(FieldId, Part)>,
    /// What is typed there.
    pub edit: Edit,
    /// The first line on the screen.
    pub top: usize,
    /// What stands above the first field is being read: from this line on, wherever the focus is.
    peek: Option<usize>,
    steps: Vec<Step>,
}

impl FormPane {
    /// Opens a form on the first field that wants something, else the first required one, else the first.
    pub fn new(form: Form) -> FormPane {
        let mut pane = FormPane {
            rows: form.rows(),
            form,
            focus: None,
            edit: Edit::None,
            top: 0,
            peek: None,
            steps: Vec::new(),
        };
        let found = |is: &dyn Fn(&Field) -> bool| {
            let row =
                pane.rows.iter().find(|r| r.part == Part::Field && pane.form.field(r.id).is_some_and(is));
            row.map(|r| (r.id, r.part))
        };
        let wants = found(&|f| f.required && f.presence != Presence::Value && !f.is_section());
        let first = wants.or_else(|| found(&|f| f.required)).or(pane.rows.first().map(|r| (r.id, r.part)));
        pane.focus = first;
        pane.open_editor();
        pane
    }

    /// Which of the rows has the focus.
    pub fn focused_row(&self) -> Option<usize> {
        let (id, part) = self.focus?;
        self.rows.iter().position(|r| r.id == id && r.part == part)
    }

    /// The field that has the focus (the list, on its line to add to it).
    pub fn focused(&self) -> Option<&Field> {
        self.form.field(self.focus?.0)
    }

    /// A text of several lines has the focus.
    pub fn in_text(&self) -> bool {
        matches!(self.edit, Edit::Text(_))
    }

    /// What is wrong at a field.
    pub fn problems_at(&self, id: FieldId) -> impl Iterator<Item = &FieldProblem> {
        self.form.problems().iter().filter(move |p| p.field == Some(id))
    }

    /// A field's path as a person writes it: `sequence.0.sigma`.
    pub fn path(&self, id: FieldId) -> String {
        let name = |id: &FieldId| match self.form.field(*id) {
            Some(field) if field.name.is_empty() => "(no key)".to_owned(),
            Some(field) => field.name.clone(),
            None => String::new(),
        };
        self.form.path(id).iter().map(name).collect::<Vec<_>>().join(".")
    }

    /// What is wrong and stands at no field.
    pub fn unplaced(&self) -> impl Iterator<Item = &FieldProblem> {
        self.form.problems().iter().filter(|p| p.field.is_none())
    }

    // Moving

    /// Puts the focus on a field, unfolding what hides it.
    pub fn focus_on(&mut self, id: FieldId) {
        self.form.reveal(id);
        self.rows = self.form.rows();
        self.go((id, Part::Field));
    }

    fn go(&mut self, place: (FieldId, Part)) {
        self.peek = None;
        if self.focus != Some(place) {
            self.focus = Some(place);
            self.open_editor();
        }
    }

    /// Goes to the next row or the one before, round the ends.
    pub fn step(&mut self, by: isize) {
        let n = self.rows.len() as isize;
        if n > 0 {
            let at = self.focused_row().unwrap_or(0) as isize;
            self.go_row((at + by).rem_euclid(n) as usize);
        }
    }

    /// Goes to a row.
    pub fn go_row(&mut self, row: usize) {
        if let Some(r) = self.rows.get(row.min(self.rows.len().saturating_sub(1))) {
            let place = (r.id, r.part);
            self.go(place);
        }
    }

    /// Goes a page up or down: to the row that stands there.
    pub fn page(&mut self, down: bool, lines: &[Line], height: usize) {
        let height = height.saturating_sub(1).max(1);
        // What is wrong with the whole stands above the first field and may be longer than the screen.
        let whole = lines.iter().take_while(|l| matches!(l, Line::Whole(..))).count();
        if let Some(peek) = self.peek.filter(|_| down) {
            self.peek = Some(peek + height).filter(|p| *p < whole);
            return;
        }
        if !down && whole > 0 && self.top > 0 && self.focused_row() == Some(0) {
            self.peek = Some(self.top.saturating_sub(height));
            return;
        }
        let here = self.focused_row().unwrap_or(0);
        let at = lines.iter().position(|l| *l == Line::Row(here)).unwrap_or(0);
        let row = |l: &Line| match l {
            Line::Row(r) => Some(*r),
            _ => None,
        };
        let found = if down {
            let wanted = at + height;
            lines.iter().skip(wanted).find_map(row).unwrap_or(self.rows.len().saturating_sub(1)).max(here)
        } else {
            lines.iter().take(at.saturating_sub(height) + 1).rev().find_map(row).unwrap_or(0)
        };
        self.go_row(found);
    }

    /// Goes to the next field with an error (else with a hint), round the end; false if there is none.
    pub fn next_wrong(&mut self) -> bool {
        let of = |level: Level| {
            let at = self.form.problems().iter().filter(move |p| p.level == level);
            at.filter_map(|p| p.field).collect::<Vec<FieldId>>()
        };
        let mut wrong = of(Level::Error);
        if wrong.is_empty() {
            wrong = of(Level::Hint);
        }
        for id in &wrong {
            self.form.reveal(*id);
        }
        self.rows = self.form.rows();
        let here = self.focused_row();
        let rows: Vec<usize> = (0..self.rows.len())
            .filter(|i| self.rows[*i].part == Part::Field && wrong.contains(&self.rows[*i].id))
            .collect();
        let next = rows.iter().find(|r| here.is_none_or(|h| **r > h)).or(rows.first()).copied();
        if let Some(next) = next {
            self.go_row(next);
        }
        next.is_some()
    }

    /// Goes to the first field with an error, if there is one.
    pub fn first_wrong(&mut self) -> bool {
        self.focus = None;
        let found = self.next_wrong();
        // Where nothing was found it stays at a field.
        self.settle();
        found
    }

    /// Shows what is wrong with the whole, from its beginning.
    pub fn show_whole(&mut self) {
        self.go_row(0);
        self.peek = Some(0);
    }

    // Typing

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
                    let text = pane.text();
                    self.change(Some(id), |form| form.set_text(id, &text));
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
            let text = pane.text();
            self.change(Some(id), |form| form.set_text(id, &text));
        }
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
                let text = pane.text();
                self.change(Some(id), |form| form.set_text(id, &text));
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

    // Changing

    /// Does something to the form, so that it can be taken back in one step; `typed`: the field that is typed into.
    fn change(&mut self, typed: Option<FieldId>, edit: impl FnOnce(&mut Form)) {
        let goes_on = typed.is_some() && self.steps.last().is_some_and(|s| s.typed == typed);
        if !goes_on {
            let most = (UNDO_FIELDS / self.rows.len().max(1)).clamp(2, 200);
            if self.steps.len() >= most {
                self.steps.remove(0);
            }
            self.steps.push(Step { form: self.form.clone(), focus: self.focus, typed });
        }
        edit(&mut self.form);
        self.rows = self.form.rows();
    }

    /// Takes back the last step; false if there is none.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.steps.pop() else { return false };
        self.form = step.form;
        self.focus = step.focus;
        self.rows = self.form.rows();
        self.open_editor();
        true
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
                (id, crate::wire::json::pretty(&raw, usize::MAX).0, ".json")
            }
        })
    }

    /// Puts the whole form back.
    pub fn replace(&mut self, form: Form) {
        self.change(None, |old| *old = form);
        self.focus = None;
        self.settle();
    }

    /// After anything that changed the rows: the focus stays where it can, and the editor shows what the form has.
    pub fn settle(&mut self) {
        self.rows = self.form.rows();
        if self.focused_row().is_none() {
            self.focus = self.rows.first().map(|r| (r.id, r.part));
            self.open_editor();
            return;
        }
        let Some((id, part)) = self.focus else { return };
        let now = if part == Part::Add { None } else { self.form.field(id).and_then(typed) };
        let same = match (&self.edit, now) {
            (Edit::Line { line, .. }, Some((_, text))) => line.text() == text,
            (Edit::Text(pane), Some((_, text))) => pane.text() == text,
            (Edit::None, None) => true,
            _ => false,
        };
        if !same {
            self.open_editor();
        }
    }

    fn open_editor(&mut self) {
        self.edit = Edit::None;
        if let Some((id, Part::Field)) = self.focus
            && let Some(field) = self.form.field(id)
        {
            let Some((lines, text)) = typed(field) else { return };
            self.edit = if lines {
                Edit::Text(Box::new(TextPane::new(text, language(field))))
            } else {
                // JSON with something in it is edited, a lone value is replaced as in any line.
                let holds = field.sweep.is_none()
                    && matches!(field.input, Input::Json(_))
                    && text.trim_start().starts_with(['{', '[']);
                let fresh = !text.is_empty() && !holds;
                Edit::Line { line: Box::new(LineEdit::new(text)), fresh }
            };
        }
    }

    // Looking around

    /// The list or map that has the focus or is around it and can be added to.
    pub fn list_here(&self) -> Option<FieldId> {
        self.around(|id, _| self.form.takes_more(id))
    }

    /// The nearest field that is so, from the focus outwards.
    fn around(&self, is: impl Fn(FieldId, &Field) -> bool) -> Option<FieldId> {
        let at = self.focused_row()?;
        let mut depth = u16::MAX;
        for row in self.rows[..=at].iter().rev() {
            let add = row.part == Part::Add;
            if row.depth < depth || add && depth == u16::MAX {
                depth = row.depth;
                if self.form.field(row.id).is_some_and(|f| is(row.id, f)) {
                    return Some(row.id);
                }
            }
        }
        None
    }

    /// All fields, folded ones too as far as they have been opened, with their paths: a list to jump from.
    pub fn jumps(&self) -> (Vec<FieldId>, Vec<Item>) {
        let mut ids = Vec::new();
        let mut items = Vec::new();
        let roots = self.rows.iter().filter(|r| r.depth == 0 && r.part == Part::Field);
        let mut todo: Vec<(FieldId, String)> = roots.rev().map(|r| (r.id, String::new())).collect();
        while let Some((id, before)) = todo.pop() {
            if ids.len() >= MOST_JUMPS {
                break;
            }
            let Some(field) = self.form.field(id) else { continue };
            let path =
                if before.is_empty() { field.name.clone() } else { format!("{before}.{}", field.name) };
            ids.push(id);
            let about = field.title.clone().filter(|t| !same_words(t, &field.name)).unwrap_or_default();
            let wrong = self.problems_at(id).next().map(|p| p.what.clone());
            items.push(Item {
                name: path.as_str().into(),
                about,
                remark: wrong.unwrap_or(field.kind.clone()),
                moves: false,
            });
            todo.extend(field.children.iter().rev().map(|c| (*c, path.clone())));
        }
        (ids, items)
    }

    /// The lines of the form on a pane of so many columns.
    pub fn lines(&self, columns: usize, beside: bool, charset: Charset) -> Vec<Line> {
        lines::lines(self, columns, beside, charset)
    }

    /// Scrolls so that the focus is seen, with what stands below it, and so that there is no empty room at the end.
    pub fn follow(&mut self, lines: &[Line], columns: usize, height: usize) {
        self.top = match self.peek {
            Some(peek) => peek.min(lines.len().saturating_sub(height)),
            None => lines::top_for(self, lines, height),
        };
        let depth = self.focused_row().map_or(0, |r| usize::from(self.rows[r].depth));
        if let Edit::Text(text) = &mut self.edit {
            let column = text.area.cursor().1;
            text.left = left_for(text.left, column, columns.saturating_sub(2 * depth + 5));
        }
    }
}

/// What is typed into a field, and whether that has several lines; `None` where nothing can be typed. What is null or
/// left out shows no text, though the form keeps it to come back to.
pub(in crate::app) fn typed(field: &Field) -> Option<(bool, &str)> {
    if let Some(text) = &field.sweep {
        return Some((false, text));
    }
    let (lines, text) = match &field.input {
        Input::Line(text) => (false, text),
        Input::Text(text) => (true, text),
        Input::Json(text) => (text.contains(['\n', '\t']) && field.presence == Presence::Value, text),
        _ => return None,
    };
    Some((lines, if field.presence == Presence::Value { text } else { "" }))
}

/// What is typed into a line: the field's value, or the values that it runs through.
fn write(form: &mut Form, id: FieldId, text: &str) {
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
            super::document::bytes(text.len())
        ));
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if let Some(c) = control_in(&text) {
        return Err(format!("not pasted: the text holds a control character (U+{:04X})", u32::from(c)));
    }
    Ok(text)
}

/// A control character that is no line break and no tab.
fn control_in(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'))
}

/// The title only repeats the name, as pydantic's own titles do (`Raw Code` for `raw_code`).
pub fn same_words(title: &str, name: &str) -> bool {
    let letters =
        |s: &str| s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    letters(title) == letters(name)
}

/// Which language a text of several lines is in.
pub fn language(field: &Field) -> Language {
    let name = field.name.to_lowercase();
    match field.input {
        Input::Json(_) => Language::Json,
        _ if ["code", "cell", "script", "source", "snippet"].contains(&name.as_str())
            || name.ends_with("_code")
            || name.ends_with("_script")
            || name.starts_with("code_") =>
        {
            Language::Python
        }
        _ => Language::Plain,
    }
}
