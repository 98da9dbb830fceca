//! The composer: one task on its way to be sent. The payload is JSON in a multi-line editor, checked as one types.
//!
//! What is shown is what is sent: the payload goes out letter for letter, the display name and the whole frame are
//! made from it before sending. It refuses to send what is no JSON object.

use chrono::{DateTime, FixedOffset};
use crossterm::event::KeyEvent;
use ratatui_textarea::{CursorMove, TextArea};

use crate::{
    catalogue::{self, TaskType},
    wire::{Text, frame::TaskFrame, json, name},
};

use super::session::Way;

/// Pastes above this are refused: larger payloads come by file or through the editor.
pub const PASTE_BYTES: usize = 64 * 1024;

/// What the composer keeps of a task that was not sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The payload as typed.
    pub text: String,
    /// Parallel or sequential.
    pub parallel: bool,
    /// Which way.
    pub way: Way,
}

/// Something that is wrong, or doubtful, with the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the payload, from 1, where it can be told.
    pub line: Option<usize>,
    /// One sentence.
    pub what: String,
    /// It cannot be sent like this.
    pub fatal: bool,
    /// Only good to know: the service may well take it.
    pub hint: bool,
}

/// The composer.
#[derive(Debug)]
pub struct Compose {
    /// The service.
    pub service: Text,
    /// What is known of the type.
    pub task_type: TaskType,
    /// Parallel or sequential.
    pub parallel: bool,
    /// Which way it goes.
    pub way: Way,
    /// Why it goes that way, if the program chose it.
    pub way_reason: String,
    /// The editor.
    pub area: TextArea<'static>,
    /// The first line of the payload on the screen.
    pub top: usize,
    /// Columns scrolled away to the left.
    pub left: usize,
    /// The exact frame is shown instead of the payload.
    pub frame_shown: bool,
    /// What is wrong with the payload as it stands.
    pub problems: Vec<Problem>,
    /// The display name as it stands; empty while there is no JSON object.
    pub display_name: String,
    /// The id of the frame that would be sent.
    pub id: Text,
    /// What the type starts with.
    pub start: String,
    /// It was filled in from another task: the draft of its type is somebody else's.
    pub filled: bool,
}

impl Compose {
    /// Opens with a payload.
    pub fn new(
        service: Text,
        task_type: TaskType,
        way: Way,
        way_reason: String,
        payload: &str,
        id: Text,
    ) -> Compose {
        let mut compose = Compose {
            service,
            parallel: task_type.parallel,
            task_type,
            way,
            way_reason,
            area: text_area(payload),
            top: 0,
            left: 0,
            frame_shown: false,
            problems: Vec::new(),
            display_name: String::new(),
            id,
            start: payload.to_owned(),
            filled: false,
        };
        compose.check();
        compose.go_to_first_value();
        compose
    }

    /// The payload as typed.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Replaces the payload (one step that can be undone).
    pub fn set_text(&mut self, text: &str) {
        self.area.select_all();
        self.area.cut();
        self.area.insert_str(text);
        self.area.move_cursor(CursorMove::Top);
        self.area.move_cursor(CursorMove::Head);
        self.check();
    }

    /// Puts the cursor behind the first value, where editing most often begins.
    fn go_to_first_value(&mut self) {
        let Some(line) = self.area.lines().get(1) else { return };
        let end = line.trim_end().trim_end_matches([',', '"']).chars().count();
        self.area.move_cursor(CursorMove::Jump(1, end.min(usize::from(u16::MAX)) as u16));
    }

    /// Takes a key for the editor.
    pub fn key(&mut self, key: KeyEvent) {
        if self.frame_shown {
            return;
        }
        if self.area.input(key) {
            self.check();
        }
    }

    /// Takes a paste. It never sends anything.
    ///
    /// # Errors
    /// One sentence where the text is too large or holds control characters; then nothing was taken.
    pub fn paste(&mut self, text: &str) -> Result<(), String> {
        if text.len() > PASTE_BYTES {
            return Err(format!(
                "not pasted: {} is more than 64 KiB; open the payload in your editor instead",
                super::document::bytes(text.len())
            ));
        }
        if let Some(c) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(format!("not pasted: the text holds a control character (U+{:04X})", u32::from(c)));
        }
        self.frame_shown = false;
        self.area.insert_str(text.replace('\t', "  "));
        self.check();
        Ok(())
    }

    /// Takes back the last edit.
    pub fn undo(&mut self) {
        if self.area.undo() {
            self.check();
        }
    }

    /// Looks at the payload anew.
    pub fn check(&mut self) {
        let text = self.text();
        self.problems.clear();
        self.display_name.clear();
        if let Err(e) = json::check(&text) {
            self.problems.push(Problem {
                line: Some(e.line),
                what: format!("line {}, column {}: {}", e.line, e.column, e.what),
                fatal: true,
                hint: false,
            });
            return;
        }
        if json::kind(text.trim_start()) != Some(json::Kind::Object) {
            self.problems.push(Problem {
                line: None,
                what: "a payload is a JSON object: { ... }".to_owned(),
                fatal: true,
                hint: false,
            });
            return;
        }
        let payload = catalogue::complete(&self.task_type, &text);
        for p in catalogue::check(&self.task_type, &payload) {
            let line = text.get(..p.offset).map(|before| before.matches('\n').count() + 1);
            let what = if p.path.is_empty() { p.what } else { format!("{}: {}", p.path, p.what) };
            self.problems.push(Problem { line, what, fatal: false, hint: p.level == catalogue::Level::Hint });
        }
        if self.task_type.ipython && json::get(&payload, "code").is_none_or(|code| code == "null") {
            self.problems.insert(
                0,
                Problem {
                    line: None,
                    what:
                        "`code` is missing: the cell that runs. Only Python computes it from the other fields"
                            .to_owned(),
                    fatal: true,
                    hint: false,
                },
            );
        }
        self.display_name = name::display_name_with(
            &self.task_type.class,
            &payload,
            &self.task_type.hidden_fields,
            &|field| self.task_type.numbers(field),
        );
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

    /// The frame as it would be sent.
    pub fn frame(&self) -> TaskFrame {
        TaskFrame {
            id: self.id.clone(),
            target: self.service.clone(),
            task_type: self.task_type.name.clone(),
            parallel: self.parallel,
            display_name: self.display_name.as_str().into(),
            show_in_dashboard: self.task_type.show_in_dashboard,
            payload: catalogue::complete(&self.task_type, &self.text()).into(),
        }
    }

    /// What is kept when it is left without sending.
    pub fn draft(&self) -> Draft {
        Draft { text: self.text(), parallel: self.parallel, way: self.way.clone() }
    }

    /// The payload differs from what the type starts with.
    pub fn is_edited(&self) -> bool {
        self.text() != self.start
    }

    /// Scrolls so that the cursor can be seen on a pane of this size.
    pub fn follow(&mut self, columns: usize, height: usize) {
        let cursor = self.area.cursor();
        let (row, column) = (cursor.0, cursor.1);
        // The line numbers stand before the text.
        let gutter = self.area.lines().len().to_string().len().max(2) + 3;
        let columns = columns.saturating_sub(gutter);
        let height = height.max(1);
        self.top = self.top.min(row).max((row + 1).saturating_sub(height));
        // Columns are counted in characters here: a wide character may make the pane scroll a little early.
        let columns = columns.max(8);
        let seen = column.saturating_mul(2).min(column + 64);
        if seen < columns {
            self.left = 0;
        } else {
            self.left = self.left.min(column.saturating_sub(4)).max((column + 5).saturating_sub(columns));
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

fn text_area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(|l| l.trim_end_matches('\r').to_owned()).collect());
    area.set_tab_length(2);
    area.set_max_histories(200);
    area
}
