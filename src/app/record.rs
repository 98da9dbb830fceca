//! One record of the log: its message whole, its traceback as that of a task, and all else that is known of it.

use std::sync::Arc;

use chrono::Local;

use super::{
    Settings,
    document::{self, Choice},
    reader::Page,
};
use crate::{clean::Charset, traceback::Report, wire::logs::Record};

/// See the module.
#[derive(Debug)]
pub struct RecordPane {
    /// The record.
    pub record: Arc<Record>,
    /// Its document, and where one is in it.
    pub page: Page,
    report: Option<Report>,
    made_of: Option<Choice>,
}

impl RecordPane {
    /// At its top.
    pub fn new(record: Arc<Record>, settings: &Settings) -> RecordPane {
        let report = record.traceback.as_deref().map(|text| Report::read(text, None, None));
        RecordPane { record, page: Page::new(settings), report, made_of: None }
    }

    /// Makes the document anew if it is to be shown otherwise, and puts it where the cursor is seen.
    pub fn lay_out(&mut self, columns: usize, height: usize, charset: Charset) {
        if self.made_of.as_ref() != Some(&self.page.choice) {
            self.made_of = Some(self.page.choice.clone());
            self.page.document = document::of_record(&self.record, self.report(), &self.page.choice);
        }
        self.page.follow(columns, height, charset);
    }

    /// Its traceback, if it has one.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }
}

/// A record as text: a line, then its message, its traceback, its stack.
pub fn text(record: &Record) -> String {
    let mut text = headline(record);
    for part in
        [Some(&record.message), record.traceback.as_ref(), record.stack.as_ref()].into_iter().flatten()
    {
        text.push('\n');
        text.push_str(part.trim_end_matches('\n'));
    }
    text + "\n"
}

/// When, how bad, who.
fn headline(record: &Record) -> String {
    let at = record.at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S%.3f %:z");
    let logger = if record.logger.is_empty() { String::new() } else { format!("  {}", record.logger) };
    format!("{at}  {}  {}{logger}", record.level_word(), record.service)
}
