//! One task as a document: the lines of its detail, with what can be folded, searched and opened.
//!
//! Pure data made from a task: error with traceback, payload, result, identity and times. Texts stand here as they
//! came; they are made harmless on their way to the screen. Large content is bounded: what is cut says so.

mod error;
mod meanwhile;
mod record;
mod usual;

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use chrono::{DateTime, Local, Utc};

pub use error::place;
pub use record::of_record;

use super::{banner::time, outputs::Cell, session::Gap};
use crate::{
    app::called,
    clean::{Charset, exact},
    store::{Beside, LookedFor, Outcome, Own, Reason, State, Task, task::Seen, usual::Sample},
    time::Now,
    traceback::Report,
    wire::{
        Text,
        event::Stamp,
        frame::{Inner, ReplyBody},
        json,
        stand_in::LeftOut,
    },
};

/// Bytes of a payload or result that the detail shows; the whole can be saved or copied.
pub const SHOWN_BYTES: usize = 256 * 1024;

/// Bytes of a traceback or message that are read and shown: the beginning and the end, where the exception stands.
pub const ERROR_BYTES: usize = 4 * 1024 * 1024;

/// An error's text, without its middle where it is larger than [`ERROR_BYTES`].
pub fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= ERROR_BYTES {
        return Cow::Borrowed(text);
    }
    let head = cut(text, ERROR_BYTES / 2);
    let tail = &text[text.ceil_char_boundary(text.len() - ERROR_BYTES / 2)..];
    let left_out = bytes(text.len() - head.len() - tail.len());
    Cow::Owned(format!("{head}\n… {left_out} are left out here; saving it (S) saves all …\n{tail}"))
}

/// What a part of a line is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Plain text.
    Text,
    /// Less important.
    Dim,
    /// A heading.
    Title,
    /// A good outcome.
    Ok,
    /// A failure's name.
    Failed,
    /// Neither: cancelled, unknown, a warning.
    Warning,
    /// A file in a traceback.
    File,
    /// Folded library entries.
    Library,
    /// Source code.
    Code,
    /// The markers under it.
    CodeMark,
    /// One column: the line between a number and its code. Drawn with the terminal's own sign.
    Bar,
    /// One column: it stands before the line of code that raised, among others. Drawn as [`Tone::Bar`].
    Here,
    /// A key in JSON, a field's path.
    Key,
    /// A string in JSON.
    String,
    /// A number in JSON.
    Number,
    /// `true`, `false`, `null`.
    Constant,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The text as it came.
    pub text: String,
    /// What it is.
    pub tone: Tone,
}

/// Something that can be folded, by the number of the line of the text with which it begins. Stable while the task's
/// reply is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fold {
    /// An exception: all below its name.
    Exception(usize),
    /// A run of library entries.
    Library(usize),
    /// The rounds of a stack that goes round, but for one.
    Rounds(usize),
}

/// An exception of the error.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// Which line of the document names it.
    pub line: usize,
    /// Its lines in the text.
    pub text: Range<usize>,
    /// The one that it was raised from, or while handling it: which of [`Document::exceptions`].
    pub cause: Option<usize>,
}

/// What a line is the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A part of the document (error, payload, result, times).
    Part,
    /// An entry of the traceback that is not a library's.
    OwnEntry,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Columns of indentation.
    pub indent: u16,
    /// Its pieces.
    pub parts: Vec<Part>,
    /// A remark at the right edge.
    pub right: String,
    /// It is wrapped where the pane is too narrow, whatever the person chose for the rest.
    pub wraps: bool,
    /// What Enter folds or unfolds here.
    pub fold: Option<(Fold, bool)>,
    /// What begins here.
    pub mark: Option<Mark>,
    /// The file and line that the editor can open.
    pub place: Option<(String, u64)>,
    /// Which of [`Document::exceptions`] it is a part of.
    pub exception: Option<usize>,
    /// The entry that it is a part of: its lines in the traceback's text.
    pub entry: Option<Range<usize>>,
}

impl Line {
    fn new(indent: u16, parts: Vec<Part>) -> Line {
        Line { indent, parts, ..Line::default() }
    }

    fn text(indent: u16, text: impl Into<String>, tone: Tone) -> Line {
        Line::new(indent, vec![part(text, tone)])
    }

    /// Columns of indentation and of room for the text on a pane of that width. Deep indentation gives way: half of
    /// the pane is for the text.
    pub fn room(&self, columns: usize) -> (usize, usize) {
        let indent = usize::from(self.indent).min(columns / 2);
        (indent, columns.saturating_sub(indent).max(1))
    }

    /// The text of all pieces.
    pub fn plain(&self) -> String {
        self.parts.iter().map(|p| p.text.as_str()).collect()
    }
}

fn part(text: impl Into<String>, tone: Tone) -> Part {
    Part { text: text.into(), tone }
}

/// How the person wants to see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Entries oldest first, as Python prints them.
    pub oldest_first: bool,
    /// The raw texts.
    pub raw: bool,
    /// The payload with its secrets masked; `None`: it has none.
    pub masked: Option<Text>,
    /// That is not known yet: nothing of the payload is shown.
    pub looking: bool,
    /// Folds that are not as they start.
    pub toggled: BTreeSet<Fold>,
    /// The characters that the terminal has: markers stand under what they mean.
    pub charset: Charset,
}

/// The document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Its lines.
    pub lines: Vec<Line>,
    /// The exceptions of its error.
    pub exceptions: Vec<Exception>,
    /// Which of them was raised in the end.
    pub raised: Option<usize>,
}

/// What is known beside the task itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Where its traceback is from, or why there is none, a sentence each.
    pub about: &'a [String],
    /// What runs like it took.
    pub sample: Option<&'a Sample>,
    /// Times in its life in which nothing was seen, the oldest first.
    pub unseen: &'a [Gap],
    /// What it prints.
    pub output: Option<&'a Cell>,
    /// Why that is not heard.
    pub unheard: Option<&'a str>,
    /// The lab beside it, and from when to when it ran.
    pub beside: Option<(&'a Beside, Now, Now)>,
}

/// Makes the document. `report`: the traceback, read once by the caller.
pub fn build(task: &Task, report: Option<&Report>, known: &Known<'_>, choice: &Choice, now: Now) -> Document {
    let mut doc = Document::default();
    if task.state == State::Unknown || matches!(task.reason, Some(Reason::NotSent(_))) {
        doc.heading("not known", "");
        for line in reason_sentences(task, known.unseen) {
            doc.push(Line { wraps: true, ..Line::text(3, line, Tone::Warning) });
        }
    }
    if let Some(error) = task.failure() {
        doc.error(error, report, known.about, choice);
    }
    doc.output(task, known);
    doc.result(task, choice);
    doc.code(task, choice);
    doc.payload(task, choice);
    doc.times(task, known.unseen, now);
    if let Some(sample) = known.sample {
        doc.usual(task, sample, now);
    }
    if let Some((lab, from, until)) = known.beside {
        doc.meanwhile(lab, from, until, now);
    }
    doc
}

impl Document {
    fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    fn heading(&mut self, title: &str, right: &str) {
        if !self.lines.is_empty() {
            self.push(Line::default());
        }
        let mut line = Line::text(1, title, Tone::Title);
        line.right = right.to_owned();
        line.mark = Some(Mark::Part);
        self.push(line);
    }

    /// What it printed, from its kernel's output channel.
    fn output(&mut self, task: &Task, known: &Known<'_>) {
        let unheard = |said: &str, why: &str| {
            let text = format!("{said}: {why}");
            Line { wraps: true, ..Line::text(3, text, Tone::Dim) }
        };
        let Some(cell) = known.output.filter(|cell| !cell.printed.is_empty()) else {
            if let Some(why) = known.unheard {
                self.heading("output", "");
                self.push(unheard("not heard", why));
            }
            return;
        };
        let printed = &cell.printed;
        let missed = if cell.over || task.state != State::Ended { "" } else { ", its end was not heard" };
        let right = match (printed.let_go(), printed.is_cut()) {
            (0, false) => format!("from the kernel{missed}"),
            (0, true) => format!("long lines are cut{missed}"),
            (lines, _) => format!("{lines} lines before were let go{missed}"),
        };
        self.heading("output", &right);
        let mut lines: Vec<String> = printed.lines().collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        for line in lines {
            self.push(Line::text(3, line, Tone::Text));
        }
        // Below the newest line, which would else pass for what it prints now.
        if let Some(why) = known.unheard {
            self.push(unheard("not heard any more", why));
        }
    }

    fn result(&mut self, task: &Task, choice: &Choice) {
        let Some(reply) = &task.reply else { return };
        if task.failure().is_some() {
            return;
        }
        match (&reply.body, reply.result(task.is_ipython())) {
            (ReplyBody::Odd { .. }, _) if LeftOut::read(&reply.text).is_some() => {}
            (ReplyBody::Odd { status }, _) => {
                let status = status.as_deref().unwrap_or("none");
                self.heading("reply with an unknown status", status);
                self.json(&reply.text, choice);
            }
            (ReplyBody::Ok { inner, .. }, Some(result)) => {
                let right = match inner {
                    Some(Inner::Ok { .. }) if task.is_ipython() => "value of the cell",
                    _ => "",
                };
                self.heading("result", right);
                self.json(result, choice);
            }
            _ => {
                self.heading("result", "");
                self.push(Line::text(3, "the reply has none", Tone::Dim));
            }
        }
    }

    /// The code of a cell as lines: in JSON it is one.
    fn code(&mut self, task: &Task, choice: &Choice) {
        let payload = choice.masked.as_ref().or(task.payload.as_ref());
        let payload = payload.filter(|_| task.is_ipython() && !choice.looking);
        let code = payload.and_then(|payload| json::string(json::get(payload, "code")?));
        let Some(code) = code.filter(|code| code.trim().contains('\n')) else { return };
        self.heading("code", "");
        let shown = cut(code.trim_end(), SHOWN_BYTES);
        let wide = shown.lines().count().to_string().len();
        for (at, line) in shown.lines().enumerate() {
            let parts = vec![
                part(format!("{:>wide$} ", at + 1), Tone::Dim),
                part("|", Tone::Bar),
                part(" ", Tone::Dim),
                part(line, Tone::Code),
            ];
            self.push(Line::new(3, parts));
        }
        if shown.len() < code.trim_end().len() {
            self.cut_note(shown.len(), code.len());
        }
    }

    fn payload(&mut self, task: &Task, choice: &Choice) {
        let remark = match (task.let_go, &choice.masked) {
            (true, _) => "let go to save memory",
            (false, Some(_)) => "secrets are masked",
            (false, None) => "",
        };
        self.heading("payload", remark);
        match choice.masked.as_ref().or(task.payload.as_ref()) {
            Some(payload) if choice.looking => {
                let text = format!("{}, looked through for secrets …", bytes(payload.len()));
                self.push(Line::text(3, text, Tone::Dim));
            }
            Some(payload) => self.json(payload, choice),
            // It may have been seen: what was let go says nothing about that.
            None if task.let_go => {}
            None => self.push(Line::text(
                3,
                "not seen: juicetop heard of this task after it had been submitted",
                Tone::Dim,
            )),
        }
        if let Some(metadata) = &task.metadata {
            self.heading("metadata", "");
            self.json(metadata, choice);
        }
    }

    fn json(&mut self, raw: &str, choice: &Choice) {
        if choice.raw {
            let shown = cut(raw, SHOWN_BYTES);
            for line in shown.lines() {
                self.push(Line::text(3, line, Tone::Text));
            }
            if shown.len() < raw.len() {
                self.cut_note(shown.len(), raw.len());
            }
            return;
        }
        let (pretty, cut) = json::pretty(raw, SHOWN_BYTES);
        for line in pretty.lines() {
            let indent = line.len() - line.trim_start_matches(' ').len();
            self.push(Line::new(3 + indent.min(400) as u16, tokens(&line[indent..])));
        }
        if cut {
            self.cut_note(pretty.len(), raw.len());
        }
    }

    fn cut_note(&mut self, shown: usize, of: usize) {
        let text =
            format!("only the first {} are shown, of {}; saving it (S) saves all", bytes(shown), bytes(of));
        self.push(Line::text(3, text, Tone::Warning));
    }

    fn times(&mut self, task: &Task, unseen: &[Gap], now: Now) {
        self.heading("task", "");
        let mut row = |name: &str, value: String| {
            self.lines
                .push(Line::new(3, vec![part(format!("{name:<11}"), Tone::Dim), part(value, Tone::Text)]));
        };
        row("service", exact(&task.service).into_owned());
        row("type", exact(&task.task_type).into_owned());
        row("name", called(&task.name).into_owned());
        if let Some(id) = &task.task_id {
            row("task id", exact(id).into_owned());
        }
        if let Some(id) = &task.scheduled_task_id {
            row("scheduled", exact(id).into_owned());
        }
        row(
            "lane",
            match task.lane {
                crate::store::Lane::Sequential => "sequential".to_owned(),
                crate::store::Lane::Parallel => "parallel".to_owned(),
            },
        );
        match task.own {
            Some(Own::Direct | Own::Apart) => row("sent", "by this juicetop, direct".to_owned()),
            Some(Own::Scheduled) if task.looked_for == Some(LookedFor::Likely) => {
                let what = "by this juicetop, as it seems: the answer was lost, and the scheduler has only this one like it";
                row("sent", what.to_owned());
            }
            Some(Own::Scheduled) => row("sent", "by this juicetop, through the scheduler".to_owned()),
            Some(Own::Alone) => row("sent", "by this juicetop, to the service's own port".to_owned()),
            None => {}
        }
        if task.hidden {
            row("hidden", "dashboards do not show it".to_owned());
        }
        let wished = match task.state {
            State::Waiting | State::Scheduled => "is asked for",
            State::Running { .. } => "was asked for while it ran: it runs on",
            State::Unknown => "was asked for",
            State::Ended => "",
        };
        if task.cancel_wished && !wished.is_empty() {
            row("cancel", wished.to_owned());
        }
        if let Some(stamp) = &task.submitted_at {
            row("submitted", stamp_text(stamp));
        }
        if let Some(stamp) = &task.run_at {
            row("not before", stamp_text(stamp));
        }
        if let Some(stamp) = &task.time {
            row("created", format!("{}  by the router's clock", stamp_text(stamp)));
        }
        if let Some(s) = &task.started {
            row("started", seen_text(s));
        }
        if let Some(s) = &task.ended {
            row(if task.state == State::Unknown { "unknown" } else { "ended" }, seen_text(s));
        }
        // It stands on top where it is why nothing is known.
        for gap in newest(unseen).iter().filter(|_| task.reason != Some(Reason::NotSeen)) {
            row("not seen", gap_text(gap));
        }
        if let Some((duration, exact)) = task.duration(now) {
            let what = if exact { "" } else { "at least " };
            let word = if matches!(task.state, State::Running { .. }) { "runs" } else { "ran" };
            row(word, format!("{what}{:.1} s", duration.as_secs_f64()));
        }
        if let Some(outcome) = task.outcome {
            row("outcome", outcome_text(outcome, task.reason.as_ref()));
        }
    }
}

/// An outcome in words, e.g. `failed (interrupted)`.
pub fn outcome_text(outcome: Outcome, reason: Option<&Reason>) -> String {
    let word = match outcome {
        Outcome::Ok => "ok",
        Outcome::Failed => "failed",
        Outcome::Cancelled => "cancelled",
    };
    match reason {
        Some(reason) => format!("{word} ({})", reason_text(reason)),
        None => word.to_owned(),
    }
}

/// A reason in two or three words.
pub fn reason_text(reason: &Reason) -> &str {
    match reason {
        Reason::Interrupted => "interrupted",
        Reason::LinkLost => "link lost",
        Reason::NotSeen => "not seen",
        Reason::NeverStarted => "never started",
        Reason::ServiceGone => "service gone",
        Reason::EndMissed => "end missed",
        Reason::Forgotten => "forgotten",
        Reason::OddReply => "odd reply",
        Reason::NotSent(_) => "not sent",
        Reason::PutAway => "put away",
        Reason::NoEnd => "no end",
    }
}

fn reason_sentences(task: &Task, unseen: &[Gap]) -> Vec<String> {
    match &task.reason {
        Some(Reason::LinkLost) if task.own == Some(Own::Scheduled) => vec![
            "The connection was lost before the scheduler's answer came: it may have taken it.".to_owned(),
            match task.looked_for {
                Some(LookedFor::NotThere) => {
                    "Its list, read since, has nothing like it: it probably never got it.".to_owned()
                }
                Some(LookedFor::Alike) => {
                    "Its list, read since, has something like it. Whether that is this one is told once it starts."
                        .to_owned()
                }
                Some(LookedFor::Likely) | None => "Its list has not been read since.".to_owned(),
            },
            "It was not sent again, and will not be. To run it again press r.".to_owned(),
        ],
        Some(Reason::LinkLost) => vec![
            "The connection was lost before its reply came. If it had started it goes on at the service, ".to_owned()
                + "unobserved; if it still waited it was dropped.",
            "It was not sent again, and will not be. To run it again press r.".to_owned(),
        ],
        Some(Reason::NotSeen) if !unseen.is_empty() => {
            let gaps = newest(unseen).iter().map(gap_text);
            std::iter::once("It may have ended while nothing was seen:".to_owned()).chain(gaps).collect()
        }
        Some(Reason::NotSeen) => {
            vec!["The bus was not heard for a while, or said nothing more about it: it may have ended.".to_owned()]
        }
        Some(Reason::NeverStarted) => vec![
            "It was created, and its service never took it: the service cannot be reached. It most probably never ran."
                .to_owned(),
            "Juice tells only whoever sent it; on the bus it stays created for ever.".to_owned(),
        ],
        Some(Reason::ServiceGone) => {
            vec!["Its service was restarted or cannot be reached: it probably did not end well.".to_owned()]
        }
        Some(Reason::EndMissed) => {
            vec!["The service went on without the end of this task having been seen: an event was lost.".to_owned()]
        }
        Some(Reason::Forgotten) => vec![
            "The scheduler no longer knows it: the task manager was restarted, and it keeps its list in memory.".to_owned(),
        ],
        Some(Reason::OddReply) => match task.reply.as_ref().and_then(|reply| LeftOut::read(&reply.text)) {
            Some(left_out) => vec![
                format!("It ended, but {}.", left_out.sentence()),
                "How it ended is not known here. Let the task return less, or save what it measured at the service.".to_owned(),
            ],
            None => vec!["Its reply has no status that juicetop knows.".to_owned()],
        },
        Some(Reason::PutAway) => vec!["Put away by hand.".to_owned()],
        Some(Reason::NoEnd) => vec![
            "Juice's database has its beginning and no end: it may run still, its service may have been lost, or what it gave back \
             was over 1 MiB, which the database does not take."
                .to_owned(),
        ],
        Some(Reason::NotSent(why)) => vec![format!("It was never sent: {why}.")],
        Some(Reason::Interrupted) | None => vec!["Nothing is known about how it stands.".to_owned()],
    }
}

/// Of many the newest say enough.
fn newest(gaps: &[Gap]) -> &[Gap] {
    &gaps[gaps.len().saturating_sub(3)..]
}

fn gap_text(gap: &Gap) -> String {
    match gap.until {
        Some(until) => format!("{} to {}", local(gap.from.utc), time(until.utc, gap.from.utc)),
        None => format!("{} to now", local(gap.from.utc)),
    }
}

/// A moment in local time with its offset.
pub fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// A moment that was seen, or that it lies before.
pub fn seen_text(seen: &Seen) -> String {
    format!("{}{}", if seen.exact { "" } else { "before " }, local(seen.at.utc))
}

fn stamp_text(stamp: &Stamp) -> String {
    match stamp.at {
        Some(at) => local(at),
        None => format!("{}  (cannot be read as a time)", stamp.raw),
    }
}

/// A size for people.
pub fn bytes(n: usize) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        _ => format!("{:.1} MB", n as f64 / 1e6),
    }
}

fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// The pieces of one line of pretty JSON.
fn tokens(line: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let bytes = line.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let start = i;
        let tone = match bytes[i] {
            b'"' => {
                i += 1;
                while i < bytes.len() && bytes[i] != b'"' {
                    i += if bytes[i] == b'\\' { 2 } else { 1 };
                }
                i = (i + 1).min(bytes.len());
                if bytes.get(i) == Some(&b':') { Tone::Key } else { Tone::String }
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' | b' ' => {
                while i < bytes.len() && matches!(bytes[i], b'{' | b'}' | b'[' | b']' | b',' | b':' | b' ') {
                    i += 1;
                }
                Tone::Dim
            }
            c => {
                while i < bytes.len()
                    && !matches!(bytes[i], b'{' | b'}' | b'[' | b']' | b',' | b':' | b' ' | b'"')
                {
                    i += 1;
                }
                if c.is_ascii_digit() || c == b'-' || c == b'N' || c == b'I' {
                    Tone::Number
                } else {
                    Tone::Constant
                }
            }
        };
        // A cut may fall inside a character only where the text itself was cut; take the whole character then.
        while !line.is_char_boundary(i) {
            i += 1;
        }
        parts.push(part(&line[start..i], tone));
    }
    parts
}
