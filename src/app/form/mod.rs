//! The form on the screen: which field has the focus, what is typed into it, and how far it is scrolled.
//!
//! The values themselves, and what is wrong with them, are `catalogue::form`'s: this hands each edit on at once and
//! keeps no value of its own but the cursor's place. Nothing here sends anything.

mod change;
mod lines;
mod pick;
mod text;
mod typing;

use crate::{
    catalogue::{
        Level,
        form::{Field, FieldId, FieldProblem, Form, FormRow, Input, Part, Presence},
    },
    clean::Charset,
};

use super::{choose::Item, compose::left_for, line::LineEdit};

pub use lines::{Line, Tone, details, from, sentence};
pub use pick::{For, Pick};
pub use text::{Language, TextPane};
pub use typing::clean_paste;

/// Options above this are chosen from a list that is searched by typing.
pub const MANY: usize = 6;

/// Fields that a jump lists at most.
const MOST_JUMPS: usize = 5_000;

/// Fields kept in all steps that can be taken back, taken together.
const UNDO_FIELDS: usize = 40_000;
/// Bytes of their values, taken together.
const UNDO_BYTES: usize = 16 << 20;

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
    /// The field that was being typed into, so that one step takes back what was typed in one go; of a text of several
    /// lines a line, or what was typed, deleted or pasted between two moves of the cursor.
    typed: Option<FieldId>,
    /// How much its values take, written out.
    bytes: usize,
}

impl Step {
    fn new(form: Form, focus: Option<(FieldId, Part)>, typed: Option<FieldId>) -> Step {
        let bytes = form.payload().len();
        Step { form, focus, typed, bytes }
    }
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
    /// What was taken back and nothing was changed since, the last one first to come again.
    undone: Vec<Step>,
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
            undone: Vec::new(),
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

    /// Leaves a field of these names for the first other one: they are not for typing.
    pub fn go_past(&mut self, names: &[&str]) {
        let is_one = |id: FieldId| names.contains(&self.path(id).as_str());
        let other = |row: &&FormRow| row.part == Part::Field && !is_one(row.id);
        if let Some((id, _)) = self.focus
            && is_one(id)
            && let Some(place) = self.rows.iter().find(other).map(|row| (row.id, row.part))
        {
            self.go(place);
        }
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
                on: None,
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
