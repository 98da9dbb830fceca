//! The composer: one task on its way to be sent, as a form where its schema is known, else as JSON in an editor.
//!
//! What is shown is what is sent: the payload goes out letter for letter, the display name and the whole frame are
//! made from it before sending. It refuses to send what is no JSON object, and from a form what the form calls wrong.
//! Secrets stand in clear only in the frame that goes out and in the JSON editor, which says so.

mod begun;
mod draft;
mod frame;
mod json_pane;
mod secrets;

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use crate::{
    catalogue::{
        self, Code, Level, TaskType,
        form::{FieldId, Form, Origin, Says},
        sweep::Payloads,
    },
    clean::{Charset, Clean},
    store::TaskKey,
    wire::{
        Text, json,
        name::{self, Numbers},
    },
};

use super::{
    document,
    form::{FormPane, clean_paste, sentence},
    kept::Place,
    layout::Shape,
    made::{Made, NO_CODE, NO_SOURCE_OF_CODE},
    many::{Group, Many},
    session::Way,
};

use begun::Again;
pub use begun::{Begun, Heard};
pub use draft::Draft;
pub use frame::{FRAME_PAGE, FrameLine};
pub use json_pane::JsonPane;
pub(super) use json_pane::left_for;
pub use secrets::{SECRET, mask, masked_payload, secret_texts, secret_texts_of, type_with_secrets, without};

/// Pastes above this are refused: larger payloads come by file or through the editor.
pub const PASTE_BYTES: usize = 64 * 1024;

/// Larger payloads are not edited here, bytes (256 KiB): each key looks at all of it, and a key may not wait.
pub const LARGEST: usize = 256 * 1024;

/// Something that is wrong, or doubtful, with the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the payload, from 1, where it can be told (in JSON).
    pub line: Option<usize>,
    /// One sentence.
    pub what: String,
    /// It cannot be sent like this.
    pub fatal: bool,
    /// Only good to know: the service may well take it.
    pub hint: bool,
}

/// How the payload is edited.
#[derive(Debug)]
pub enum Body {
    /// As a form.
    Form(Box<FormPane>),
    /// As JSON.
    Json(Box<JsonPane>),
}

/// What the person's editor was opened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// The whole payload.
    Payload,
    /// One field.
    Field(FieldId),
}

/// The composer.
#[derive(Debug)]
pub struct Compose {
    /// The service.
    pub service: Text,
    /// What is known of the type.
    pub task_type: TaskType,
    /// How the type's display name writes numbers.
    numbers: HashMap<String, Numbers>,
    /// Parallel or sequential.
    pub parallel: bool,
    /// Which way it goes.
    pub way: Way,
    /// Which way it was opened with.
    opened_way: Way,
    /// Why it goes that way, if the program chose it.
    pub way_reason: String,
    /// The payload being edited.
    pub body: Body,
    /// The exact frame is shown instead of the payload.
    pub frame_shown: bool,
    /// The first line of the frame on the screen.
    pub frame_top: usize,
    /// What is wrong with the payload as it stands.
    pub problems: Vec<Problem>,
    /// The display name as it stands, secrets masked; empty while there is no JSON object.
    pub display_name: String,
    /// The id of the frame that would be sent.
    pub id: Text,
    /// What it was opened with.
    pub start: String,
    /// It was filled in from another task: the draft of its type is somebody else's.
    pub filled: bool,
    /// Sending it replaces this scheduled task.
    pub replaces: Option<TaskKey>,
    /// It runs this task again, of which nobody knew how it stood when it was opened.
    pub again_of: Option<TaskKey>,
    /// What the person's editor was opened on.
    pub outside: Outside,
    /// What a person says of the group that sweeps make.
    pub group: Group,
    /// What the sweeps make; `None`: no field has one.
    pub many: Option<Many>,
    /// The form that the JSON came from, and that JSON: to go back to as it was.
    aside: Option<(Box<FormPane>, String)>,
    /// The payload of the last run.
    last: Option<String>,
    /// What its class has made of the payloads, as long as these are not changed.
    pub made: Option<Made>,
    /// The payloads of which its class refused some, as long as these are not changed: its words stand in the form.
    pub(super) refused: Option<Payloads>,
    /// Its class was asked for the name, and there is none: it goes out with ours.
    pub nameless: bool,
    /// It is a draft that was being sent as a group when juicetop ended.
    again: Option<Again>,
    /// All tasks of that group are to be sent anew, not only the missing ones.
    pub all_anew: bool,
    /// What is said of that group, and the same for a small screen.
    begun_told: Option<[String; 2]>,
    /// That in the lines that it has below the head.
    pub told: Vec<Clean>,
}

/// Where the composer's parts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// What is submitted where, and what is to be known before.
    pub head: Rect,
    /// The form or the editor.
    pub body: Rect,
    /// What is said of the focused field, on wide screens.
    pub side: Option<Rect>,
    /// What is wrong, name, lane, way.
    pub foot: Rect,
}

/// Divides the body of the screen; `told`: lines below the head. Pure, and shared by scrolling and painting.
fn parts(area: Rect, shape: Shape, is_form: bool, told: u16) -> Parts {
    let narrow = matches!(shape, Shape::Narrow | Shape::Tiny);
    let (head, foot) = if narrow { (1, 2) } else { (2, 4) };
    // The payload keeps three lines, then the head its first, then the foot as many as there are.
    let head = (head + told).min(area.height.saturating_sub(3).max(1)).min(area.height);
    let foot = foot.min(area.height.saturating_sub(head + 3));
    let row = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
    let mut body = row(head, area.height - head - foot);
    let side = (shape == Shape::Wide && is_form).then(|| {
        let width = area.width * 2 / 5;
        body.width -= width;
        Rect { x: body.right() + 1, width: width - 1, ..body }
    });
    Parts { head: row(0, head), body, side, foot: row(area.height - foot, foot) }
}

impl Compose {
    /// Opens on a type, as a form if its schema is known. `last`: the payload of its last run.
    pub fn new(
        service: Text,
        task_type: TaskType,
        way: Way,
        way_reason: String,
        last: Option<String>,
        id: Text,
    ) -> Compose {
        let body = if task_type.schema.is_some() {
            let mut pane = Box::new(FormPane::new(Form::new(&task_type, last.as_deref())));
            if task_type.code == Some(Code::Computed) && !catalogue::makes_code(&task_type) {
                // The class makes the code of its own fields, which are the person's.
                pane.go_past(&["code", "run_async"]);
            }
            Body::Form(pane)
        } else {
            let text = catalogue::template(&task_type, last.as_deref());
            let mut pane = Box::new(JsonPane::new(text.trim_end()));
            pane.go_to_first_value();
            Body::Json(pane)
        };
        let mut compose = Compose {
            service,
            parallel: task_type.parallel,
            numbers: task_type.numbers(),
            task_type,
            opened_way: way.clone(),
            way,
            way_reason,
            body,
            frame_shown: false,
            frame_top: 0,
            problems: Vec::new(),
            display_name: String::new(),
            id,
            start: String::new(),
            filled: false,
            replaces: None,
            again_of: None,
            outside: Outside::Payload,
            group: Group::default(),
            many: None,
            aside: None,
            last,
            made: None,
            refused: None,
            nameless: false,
            again: None,
            all_anew: false,
            begun_told: None,
            told: Vec::new(),
        };
        compose.start = compose.text();
        compose.check();
        compose
    }

    /// Fills in a payload, as that of a run before. It is then what the composer was opened with. What no form can
    /// take is edited as JSON.
    pub fn fill(&mut self, payload: &str, origin: Origin) {
        let text = json::pretty(payload, usize::MAX).0;
        let taken = match &mut self.body {
            Body::Form(pane) => {
                let taken = pane.form.fill(payload, origin).is_ok();
                **pane = FormPane::new(std::mem::replace(&mut pane.form, Form::new(&self.task_type, None)));
                taken
            }
            Body::Json(pane) => {
                pane.set_text(text.trim_end());
                pane.go_to_first_value();
                true
            }
        };
        if !taken {
            self.body = Body::Json(Box::new(JsonPane::new(text.trim_end())));
        }
        self.start = self.text();
        self.check();
    }

    /// The form, if it is one.
    pub fn form(&self) -> Option<&FormPane> {
        match &self.body {
            Body::Form(pane) => Some(pane),
            Body::Json(_) => None,
        }
    }

    /// The form that the JSON came from.
    pub(super) fn form_aside(&self) -> Option<&FormPane> {
        self.aside.as_ref().map(|(pane, _)| &**pane)
    }

    /// The form, if it is one.
    pub fn form_mut(&mut self) -> Option<&mut FormPane> {
        match &mut self.body {
            Body::Form(pane) => Some(pane),
            Body::Json(_) => None,
        }
    }

    /// The payload as it stands.
    pub fn text(&self) -> String {
        match &self.body {
            Body::Form(pane) => pane.form.payload(),
            Body::Json(pane) => pane.text(),
        }
    }

    /// Replaces the payload (one step that can be undone).
    ///
    /// # Errors
    /// Why a form cannot take it; nothing has changed then.
    pub fn set_text(&mut self, text: &str) -> Result<(), String> {
        match &mut self.body {
            Body::Form(pane) => {
                let mut form = pane.form.clone();
                form.fill(text, Origin::Edited)?;
                pane.replace(form);
            }
            Body::Json(pane) => pane.set_text(text),
        }
        self.check();
        Ok(())
    }

    /// Goes over to JSON, or back to the form.
    ///
    /// # Errors
    /// Why the JSON cannot be a form; it stays JSON then.
    pub fn turn(&mut self) -> Result<(), String> {
        self.frame_shown = false;
        match std::mem::replace(&mut self.body, Body::Json(Box::new(JsonPane::new("")))) {
            Body::Form(pane) => {
                let text = json::pretty(&pane.form.payload(), usize::MAX).0.trim_end().to_owned();
                let mut json = Box::new(JsonPane::new(&text));
                json.go_to_first_value();
                self.aside = Some((pane, text));
                self.body = Body::Json(json);
            }
            Body::Json(json) => {
                let text = json.text();
                let turned = self.turned(&text);
                match turned {
                    Ok(pane) => {
                        self.body = Body::Form(pane);
                        self.aside = None;
                    }
                    Err(why) => {
                        self.body = Body::Json(json);
                        return Err(why);
                    }
                }
            }
        }
        self.check();
        Ok(())
    }

    fn turned(&mut self, text: &str) -> Result<Box<FormPane>, String> {
        if self.task_type.schema.is_none() {
            return Err("no schema of this type is known, so there is no form for it".to_owned());
        }
        if let Err(e) = json::check(text) {
            return Err(format!("stays JSON: line {}, column {}: {}", e.line, e.column, e.what));
        }
        match &mut self.aside {
            Some((_, before)) if before == text => {}
            Some((pane, _)) => {
                let mut form = pane.form.clone();
                form.fill(text, Origin::Edited).map_err(|why| format!("stays JSON: {why}"))?;
                pane.replace(form);
            }
            None => {
                let mut form = Form::new(&self.task_type, self.last.as_deref());
                form.fill(text, Origin::Edited).map_err(|why| format!("stays JSON: {why}"))?;
                return Ok(Box::new(FormPane::new(form)));
            }
        }
        match self.aside.take() {
            Some((pane, _)) => Ok(pane),
            None => Err("there is no form".to_owned()),
        }
    }

    /// Takes a key for the JSON editor.
    pub fn key(&mut self, key: KeyEvent) {
        let control = matches!(key.code, KeyCode::Char(c) if c.is_control());
        if self.frame_shown || control {
            self.scroll_frame(match key.code {
                KeyCode::Up => -1,
                KeyCode::Down => 1,
                KeyCode::PageUp => -FRAME_PAGE,
                KeyCode::PageDown => FRAME_PAGE,
                KeyCode::Home => isize::MIN,
                KeyCode::End => isize::MAX,
                _ => 0,
            });
            return;
        }
        if let Body::Json(pane) = &mut self.body
            && pane.area.input(key)
        {
            self.check();
        }
    }

    /// Takes a paste. It never sends anything.
    ///
    /// # Errors
    /// One sentence where nothing was taken.
    pub fn paste(&mut self, text: &str) -> Result<(), String> {
        let bytes = self.text().len().saturating_add(text.len());
        let done = match &mut self.body {
            _ if bytes > LARGEST => {
                let size = document::bytes(bytes);
                Err(format!(
                    "not pasted: the payload would have {size}, and 256 KiB is the most that is edited here"
                ))
            }
            Body::Form(pane) => pane.paste(text),
            Body::Json(pane) => clean_paste(text).map(|text| {
                pane.area.insert_str(text.replace('\t', "  "));
            }),
        };
        if done.is_ok() {
            self.frame_shown = false;
            self.check();
        }
        done
    }

    /// Takes back the last edit.
    pub fn undo(&mut self) {
        let undone = match &mut self.body {
            Body::Form(pane) => pane.undo(),
            Body::Json(pane) => pane.area.undo(),
        };
        if let Some(again) = &mut self.again {
            again.off = false;
        }
        if undone {
            self.check();
        }
    }

    /// Does again what was taken back.
    pub fn redo(&mut self) {
        let redone = match &mut self.body {
            Body::Form(pane) => pane.redo(),
            Body::Json(pane) => pane.area.redo(),
        };
        if redone {
            self.check();
        }
    }

    /// Sets the way that it is opened with, and comes back to when all is put back.
    pub fn open_with(&mut self, way: Way) {
        self.opened_way = way.clone();
        self.way = way;
    }

    /// Puts it back to what the type starts with; of the form only what differs is lost, and undo brings it back.
    pub fn reset(&mut self) {
        self.parallel = self.task_type.parallel;
        if let Some(again) = &mut self.again {
            again.off = true;
        }
        if self.way != self.opened_way {
            self.way = self.opened_way.clone();
            self.way_reason.clear();
        }
        match &mut self.body {
            Body::Form(pane) => {
                let mut form = Form::new(&self.task_type, self.last.as_deref());
                if self.filled {
                    // It was opened on another run's payload: that is what it starts with.
                    let _ = form.fill(&self.start, Origin::Last);
                }
                pane.replace(form);
            }
            Body::Json(pane) => {
                let start = json::pretty(&self.start, usize::MAX).0;
                pane.set_text(start.trim_end());
            }
        }
        self.check();
    }

    /// Looks at the payload anew.
    pub fn check(&mut self) {
        self.problems.clear();
        self.display_name.clear();
        self.many = self.look_at_sweeps();
        if self.made.is_some() || self.refused.is_some() {
            let payloads = self.payloads();
            self.made = self.made.take().filter(|made| Some(&made.of) == payloads.as_ref());
            if self.refused != payloads {
                self.forget_refused();
            }
        }
        if let Body::Json(pane) = &self.body {
            let text = pane.text();
            if let Some(problem) = not_an_object(&text) {
                self.problems.push(problem);
                return;
            }
            let payload = self.completed(&text);
            for p in catalogue::check(&self.task_type, &payload) {
                let line = text.get(..p.offset).map(|before| before.matches('\n').count() + 1);
                let what = if p.path.is_empty() { p.what } else { format!("{}: {}", p.path, p.what) };
                let hint = p.level == Level::Hint;
                self.problems.push(Problem { line, what, fatal: false, hint });
            }
        }
        let batch = self.batch();
        if let Body::Form(pane) = &self.body {
            for p in pane.form.problems() {
                let what = match p.field {
                    Some(id) => format!("{}: {}", pane.path(id), sentence(p)),
                    None => sentence(p),
                };
                let hint = p.level == Level::Hint;
                self.problems.push(Problem { line: None, what, fatal: !hint && p.by == Says::Form, hint });
            }
            // What is wrong with one of the sweeps stands at its field already.
            if let Some(Err(why)) = &batch
                && !pane.form.swept().iter().any(|id| matches!(pane.form.sweep(*id), Some(Err(_))))
            {
                self.problems.push(Problem { line: None, what: why.clone(), fatal: true, hint: false });
            }
            self.problems.sort_by_key(|p| (!p.fatal, p.hint));
        }
        let batch = batch.and_then(Result::ok);
        let payload = match &batch {
            Some(batch) => batch.payload(0),
            None => self.completed(&self.text()),
        };
        if self.task_type.ipython {
            // Judged of the payload alone, without what is added to it.
            self.problems.retain(|p| !p.what.starts_with("code: missing"));
        }
        if self.task_type.ipython && json::get(&payload, "code").is_none_or(|code| code == "null") {
            let made_here = catalogue::makes_code(&self.task_type);
            let what = if made_here { NO_SOURCE_OF_CODE } else { NO_CODE };
            // The field that keeps it from being made tells it itself.
            if !(made_here && self.problems.iter().any(|p| p.fatal)) {
                let what = what.to_owned();
                self.problems.insert(0, Problem { line: None, what, fatal: true, hint: false });
            }
        }
        if let Some(batch) = batch {
            self.display_name = batch.frame(0, self.id.clone()).display_name.to_string();
            return;
        }
        if let Some(envelope) = self.envelope() {
            self.display_name = envelope.display_name.to_string();
            return;
        }
        let payload = match self.masked() {
            Some(masked) => catalogue::complete(&self.task_type, &masked),
            None => payload,
        };
        self.display_name = name::display_name_with(
            &self.task_type.class,
            &payload,
            &self.task_type.hidden_fields,
            &|field| self.numbers.get(field).copied().unwrap_or_default(),
        );
    }

    /// Of what it is: the service and the type's class.
    pub fn place(&self) -> Place {
        (self.service.clone(), self.task_type.class.clone())
    }

    /// Whether it can be sent as it stands, else why not.
    ///
    /// # Errors
    /// One sentence.
    pub fn sendable(&self) -> Result<(), String> {
        match self.problems.iter().find(|p| p.fatal) {
            Some(p) => Err(format!("not sent: {}", p.what)),
            None => Ok(()),
        }
    }

    /// The payload differs from what it was opened with.
    pub fn is_edited(&self) -> bool {
        if !self.sweeps().is_empty() {
            return true;
        }
        let text = self.text();
        text != self.start && json::compact(&text) != json::compact(&self.start)
    }

    /// Scrolls so that what is edited can be seen.
    pub fn follow(&mut self, area: Rect, shape: Shape, charset: Charset) {
        self.told = self.begun_lines(area.width, shape, charset);
        let parts = self.parts(area, shape);
        let (columns, height) = (usize::from(parts.body.width), usize::from(parts.body.height));
        self.frame_top = match self.frame_shown {
            true => self.frame_top.min(self.frame_lines().len().saturating_sub(height)),
            false => 0,
        };
        match &mut self.body {
            Body::Json(pane) => pane.follow(columns, height),
            Body::Form(pane) => {
                pane.settle();
                let lines = pane.lines(columns, parts.side.is_some(), charset);
                pane.follow(&lines, columns, height);
            }
        }
    }

    /// When it is to run, if it is scheduled for a moment.
    pub fn run_at(&self) -> Option<DateTime<FixedOffset>> {
        match &self.way {
            Way::Scheduled(at) => *at,
            _ => None,
        }
    }
}

/// Why a text is no payload, if so.
fn not_an_object(text: &str) -> Option<Problem> {
    if let Err(e) = json::check(text) {
        let what = format!("line {}, column {}: {}", e.line, e.column, e.what);
        return Some(Problem { line: Some(e.line), what, fatal: true, hint: false });
    }
    if json::kind(text.trim_start()) != Some(json::Kind::Object) {
        let what = "a payload is a JSON object: { ... }".to_owned();
        return Some(Problem { line: None, what, fatal: true, hint: false });
    }
    None
}
