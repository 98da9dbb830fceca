//! The frame that goes out, and how it is looked at before it does: secrets masked, of several tasks the first one's.

use super::Compose;
use crate::{
    app::session::{Batch, Way},
    wire::{Text, frame::TaskFrame, json},
};

/// Bytes of the frame that are shown.
const FRAME_BYTES: usize = 64 * 1024;

/// Lines of the code of a group's first and last task that stand above the frame.
const CODE_LINES: usize = 40;

/// Lines that a page of the frame is scrolled by.
pub const FRAME_PAGE: isize = 8;

/// What stands for the id of the task that carries a scheduled one: it gets it when it is sent.
const CARRIER: &str = "(its id is made when it is sent)";

/// A line of what is shown in the frame's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameLine {
    /// The line.
    pub text: String,
    /// It goes out, or a part of it is code that does; else it is told of that.
    pub is_frame: bool,
}

impl Compose {
    /// The frame as it would be sent; of several tasks the first one's.
    pub fn frame(&self) -> TaskFrame {
        if let Some(Ok(batch)) = self.batch() {
            return batch.frame(0, self.id.clone());
        }
        self.frame_of(&self.text())
    }

    /// The frame for looking at: secrets are masked.
    pub fn shown_frame(&self) -> TaskFrame {
        if let Some(Ok(batch)) = self.batch() {
            return TaskFrame { payload: batch.shown(0).into(), ..batch.frame(0, self.id.clone()) };
        }
        self.frame_of(&self.masked().unwrap_or_else(|| self.text()))
    }

    fn frame_of(&self, payload: &str) -> TaskFrame {
        TaskFrame {
            id: self.id.clone(),
            target: self.service.clone(),
            task_type: self.task_type.name.clone(),
            parallel: self.parallel,
            display_name: self.display_name.as_str().into(),
            show_in_dashboard: self
                .envelope()
                .map_or(self.task_type.show_in_dashboard, |envelope| envelope.show_in_dashboard),
            payload: self.completed(payload).into(),
        }
    }

    /// Scrolls the frame by so many lines. How far it can go is seen when it is drawn.
    pub fn scroll_frame(&mut self, by: isize) {
        self.frame_top = self.frame_top.saturating_add_signed(by);
    }

    /// The lines of the frame as it is shown: secrets masked, a very long one cut. Of several tasks the first one's, below
    /// what tells the first from the last.
    pub fn frame_lines(&self) -> Vec<FrameLine> {
        let frame = self.shown_frame();
        let frame = match (&self.way, self.tasks() > 1) {
            (Way::Scheduled(at), _) => frame.scheduled(CARRIER.into(), *at),
            (_, true) => frame.scheduled(CARRIER.into(), None),
            _ => frame,
        };
        let mut lines = match self.batch() {
            Some(Ok(batch)) if batch.count() > 1 => first_and_last(&batch),
            _ => Vec::new(),
        };
        let text = json::pretty(&frame.encode(), FRAME_BYTES).0;
        lines.extend(text.lines().map(|line| FrameLine { text: line.to_owned(), is_frame: true }));
        lines
    }
}

/// The names of a group's first and last task, with their code where the class has made it.
fn first_and_last(batch: &Batch) -> Vec<FrameLine> {
    let said = |text: String| FrameLine { text, is_frame: false };
    let mut lines = Vec::new();
    for (word, at) in [("first", 0), ("last", batch.count() - 1)] {
        let frame = batch.frame(at, Text::default());
        lines.push(said(format!("{word:5}  {}", frame.display_name)));
        let code = json::get(&frame.payload, "code").filter(|_| batch.made.is_some()).and_then(json::string);
        let code = code.unwrap_or_default();
        let shown = code.lines().take(CODE_LINES);
        lines.extend(shown.map(|line| FrameLine { text: format!("       {line}"), is_frame: true }));
        let more = code.lines().count().saturating_sub(CODE_LINES);
        if more > 0 {
            lines.push(said(format!("       … {more} more lines")));
        }
    }
    lines.push(said("The frame of the first:".to_owned()));
    lines
}
