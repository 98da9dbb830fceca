//! A record of the log as a document.

use super::{Choice, Document, Line, Tone, bytes, part};
use crate::{
    clean::exact,
    traceback::Report,
    wire::{frame::ErrorBody, logs::Record},
};

/// Makes the document. `report`: its traceback, read once by the caller.
pub fn of_record(record: &Record, report: Option<&Report>, choice: &Choice) -> Document {
    let mut doc = Document::default();
    doc.heading("message", "");
    for line in record.message.lines() {
        doc.push(Line { wraps: true, ..Line::text(3, line, Tone::Text) });
    }
    if let Some(traceback) = &record.traceback {
        let is_read = report.is_some_and(|report| !report.sections.is_empty());
        if !choice.raw {
            doc.heading("traceback", "");
        }
        if is_read || choice.raw {
            let error = ErrorBody { traceback: Some(traceback.clone()), ..ErrorBody::default() };
            doc.error(&error, report, &[], choice);
        } else {
            doc.lines_of(traceback);
        }
    }
    if let Some(stack) = &record.stack {
        doc.heading("stack", "");
        doc.lines_of(stack);
    }
    doc.facts(record);
    doc
}

impl Document {
    fn lines_of(&mut self, text: &str) {
        for line in text.lines() {
            self.push(Line::text(3, line, Tone::Text));
        }
    }

    fn facts(&mut self, record: &Record) {
        self.heading("record", "");
        let mut row = |name: &str, value: String| {
            let parts = vec![part(format!("{name:<11}"), Tone::Dim), part(value, Tone::Text)];
            self.push(Line::new(3, parts));
        };
        row("time", super::local(record.at));
        row("level", format!("{} ({})", exact(&record.level_word()), record.level));
        row("service", exact(&record.service).into_owned());
        row("logger", exact(&record.logger).into_owned());
        for (name, number) in [("process", record.process), ("thread", record.thread)] {
            if let Some(number) = number {
                row(name, number.to_string());
            }
        }
        if record.left_out > 0 {
            row("left out", format!("{}: it was too large", bytes(record.left_out)));
        }
        if let Some(path) = &record.path {
            let number = record.line.map(|line| format!(":{line}")).unwrap_or_default();
            let parts = vec![
                part(format!("{:<11}", "said by"), Tone::Dim),
                part(format!("{path}{number}"), Tone::File),
            ];
            let place = Some((path.to_string(), record.line.unwrap_or(1)));
            self.push(Line { place, ..Line::new(3, parts) });
        }
    }
}
