//! The error of a task as something to take elsewhere: an entry, an exception, the whole, or a report for whoever is to
//! mend it.
//!
//! What stands in the traceback is copied letter for letter, but for the codes with which IPython colours its own: who
//! reads it elsewhere would read around them. It refuses to put secrets into a report.

use crate::{
    app::{
        document::{bytes, local, outcome_text, seen_text},
        reader::{Page, Reader},
        record::{self, RecordPane},
    },
    store::Task,
    time::Now,
    traceback::{self, Report},
    wire::{Text, frame::ErrorBody, name::masked_name},
};

/// The texts of one error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorTexts {
    /// The entry under the cursor.
    pub entry: Option<String>,
    /// The exception that the cursor is in, where there are several.
    pub exception: Option<String>,
    /// All of it.
    pub whole: String,
    /// In Markdown, with the task around it.
    pub report: String,
}

impl ErrorTexts {
    /// Of a task that failed; `None`: it did not. `reader`: where it is read; `found`: the traceback that its reply does
    /// not have; `payload`: it may be shown to others; `juice`: the lab's version.
    pub fn of(
        task: &Task,
        reader: Option<&Reader>,
        found: Option<&Text>,
        payload: Option<&str>,
        juice: Option<&str>,
        now: Now,
    ) -> Option<ErrorTexts> {
        let error = task.failure()?;
        let whole = whole(error, found);
        let read = reader.and_then(|reader| Some((&reader.page, reader.report()?)));
        let (entry, exception) = read.map_or((None, None), |(page, report)| under_cursor(page, report));
        Some(ErrorTexts { entry, exception, report: report(task, error, &whole, payload, juice, now), whole })
    }

    /// Of a record of the log.
    pub fn of_record(pane: &RecordPane, juice: Option<&str>) -> ErrorTexts {
        let record = &*pane.record;
        let (entry, exception) =
            pane.report().map_or((None, None), |report| under_cursor(&pane.page, report));
        let whole = traceback::without_colours(&record::text(record)).into_owned();
        let first = record.message.lines().next().unwrap_or_default();
        let mut report = format!("# log of {}: {}\n\n", plain(&record.service), plain(first));
        let place = record.path.as_ref().map(|path| match record.line {
            Some(line) => format!("{path}:{line}"),
            None => path.to_string(),
        });
        let level = format!("{} ({})", record.level_word(), record.level);
        let facts = [
            ("written", Some(local(record.at))),
            ("level", Some(level)),
            ("logger", Some(record.logger.to_string())),
            ("by", place),
            ("Juice", Some(version(juice))),
            ("seen by", Some(SEEN_BY.to_owned())),
        ];
        for (name, value) in facts {
            report.extend(value.map(|value| format!("- {name}: {}\n", code(&value))));
        }
        report.push_str(&format!("\n## Record\n\n{}", block("", &whole)));
        ErrorTexts { entry, exception, whole, report }
    }
}

const SEEN_BY: &str = concat!("juicetop ", env!("CARGO_PKG_VERSION"));

fn version(juice: Option<&str>) -> String {
    match juice {
        Some(version) => format!("orangeqs-juice-core {version}"),
        None => "its version is written nowhere on this machine".to_owned(),
    }
}

/// The texts of the entry under the cursor, and of the exception that the cursor is in, where there are several.
fn under_cursor(page: &Page, report: &Report) -> (Option<String>, Option<String>) {
    let part = |lines: std::ops::Range<usize>| {
        let text = report.plain_text(lines);
        (!text.trim().is_empty()).then(|| text.trim_matches('\n').to_owned())
    };
    let Some(line) = page.line() else { return (None, None) };
    let exceptions = &page.document.exceptions;
    let exception = line.exception.filter(|_| exceptions.len() > 1).and_then(|at| exceptions.get(at));
    (line.entry.clone().and_then(part), exception.and_then(|it| part(it.text.clone())))
}

/// The traceback as it came but for its colours, or that which was found, or what there is instead.
pub fn whole(error: &ErrorBody, found: Option<&Text>) -> String {
    let traceback = error.traceback.as_ref().or(found);
    match traceback.filter(|traceback| !traceback.trim().is_empty()) {
        Some(traceback) => traceback::without_colours(traceback).into_owned(),
        None => headline(error),
    }
}

fn headline(error: &ErrorBody) -> String {
    let name = error.ename.as_deref().unwrap_or("error");
    match error.evalue.as_deref().unwrap_or_default() {
        "" => name.to_owned(),
        message => format!("{name}: {message}"),
    }
}

/// A report in Markdown.
fn report(
    task: &Task,
    error: &ErrorBody,
    whole: &str,
    payload: Option<&str>,
    juice: Option<&str>,
    now: Now,
) -> String {
    let headline = headline(error);
    let first = headline.lines().next().unwrap_or_default();
    let mut out = format!("# {} on {}: {}\n\n", plain(&task.task_type), plain(&task.service), plain(first));
    let mut row = |name: &str, value: &str| out.push_str(&format!("- {name}: {}\n", code(value)));
    row("task", masked_name(&task.name).as_deref().unwrap_or(&task.name));
    for (name, id) in [("task id", &task.task_id), ("scheduled task id", &task.scheduled_task_id)] {
        if let Some(id) = id {
            row(name, id);
        }
    }
    if let Some(stamp) = &task.time {
        row("created", &stamp.at.map_or_else(|| stamp.raw.to_string(), local));
    }
    if let Some(started) = &task.started {
        row("started", &seen_text(started));
    }
    if let Some(ended) = &task.ended {
        row("ended", &seen_text(ended));
    }
    if let Some((duration, exact)) = task.duration(now) {
        row("took", &format!("{}{:.1} s", if exact { "" } else { "at least " }, duration.as_secs_f64()));
    }
    if let Some(outcome) = task.outcome {
        row("outcome", &outcome_text(outcome, task.reason.as_ref()));
    }
    row("Juice", &version(juice));
    row("seen by", SEEN_BY);
    out.push_str("\n## Error\n\n");
    out.push_str(&block("", whole));
    out.push_str("\n## Payload\n\n");
    match payload {
        Some(payload) => out.push_str(&block("json", payload)),
        None if let Some(payload) = &task.payload => {
            out.push_str(&format!("It has {} and is left out.\n", bytes(payload.len())));
        }
        None => out.push_str("It was not seen.\n"),
    }
    out
}

/// A text in a line of Markdown that is no code.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(200) {
        if c.is_ascii_punctuation()
            && !matches!(c, '.' | ',' | ':' | ';' | '-' | '\'' | '"' | '(' | ')' | '/' | '=')
        {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

/// The longest run of backticks, and one more: what can enclose the text.
fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat((longest + 1).max(least))
}

/// A text as code within a line.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let fence = fence(&text, 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A text as a block of code.
fn block(language: &str, text: &str) -> String {
    let fence = fence(text, 3);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_own_code() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("`a``b`"), "``` `a``b` ```");
        assert_eq!(block("json", "{}"), "```json\n{}\n```\n");
        assert_eq!(block("", "x\n````\n"), "`````\nx\n````\n`````\n");
        assert_eq!(plain("a_b*c [x](y) <b>\n# d"), "a\\_b\\*c \\[x\\](y) \\<b\\> \\# d");
    }
}
