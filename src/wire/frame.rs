//! Task frames, their replies, and the scheduler's own tasks.
//!
//! Frames go out with their payload letter for letter; replies are kept as they came and read leniently. It refuses
//! only what is no JSON object, and a snapshot that names no task.

use std::ops::Range;

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

use super::{
    Malformed, Text,
    event::{ScheduledStatus, Stamp},
    fields::{Fields, text_of},
    json::{self, Kind},
};

#[cfg(test)]
mod tests;

/// The longest frame that Juice takes, bytes: its `websocket_max_message_size`, 50 MiB.
pub const LARGEST: usize = 50 * 1024 * 1024;

/// The service that schedules tasks and keeps the list of topics.
pub const TASK_MANAGER: &str = "task-manager";

/// A task as it goes over `/tasks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFrame {
    /// A fresh UUID a frame; replies are matched by it.
    pub id: Text,
    /// The service.
    pub target: Text,
    /// The type on the wire.
    pub task_type: Text,
    /// `metadata.parallel`.
    pub parallel: bool,
    /// `metadata.display_name`; the router refuses an empty one.
    pub display_name: Text,
    /// `metadata.show_in_dashboard`.
    pub show_in_dashboard: bool,
    /// The payload: one JSON object, sent exactly as written here.
    pub payload: Text,
}

/// What a scheduled task's metadata has the id of its own frame under.
const SUBMITTED_AS: &str = "submitted_as";

/// The id of the frame that a scheduled task went to the scheduler as, if its metadata tells.
pub fn submitted_as(metadata: &str) -> Option<Text> {
    json::get(metadata, SUBMITTED_AS).and_then(json::string).map(Text::from)
}

impl TaskFrame {
    /// The text frame. The payload goes out letter for letter.
    pub fn encode(&self) -> String {
        format!(
            r#"{{"id": {}, "target": {}, "type": {}, "metadata": {}, "payload": {}}}"#,
            json::quote(&self.id),
            json::quote(&self.target),
            json::quote(&self.task_type),
            self.metadata(),
            self.payload,
        )
    }

    /// Reads a frame as [`TaskFrame::encode`] writes it. What metadata does not say is as Juice takes it to be.
    pub fn parse(text: &str) -> Result<TaskFrame, Malformed> {
        let members = json::members(text)
            .map_err(|error| Malformed::new(format!("the task frame is no JSON object: {error}")))?;
        let raw = |name: &str| members.iter().rev().find(|(known, _)| known == name).map(|(_, raw)| *raw);
        let word = |name: &str| {
            raw(name)
                .and_then(json::string)
                .map(Text::from)
                .ok_or_else(|| Malformed::new(format!("the task frame has no `{name}`")))
        };
        let said = |name: &str| raw("metadata").and_then(|raw| json::get(raw, name));
        Ok(TaskFrame {
            id: word("id")?,
            target: word("target")?,
            task_type: word("type")?,
            parallel: said("parallel").and_then(json::boolean).unwrap_or(false),
            display_name: said("display_name").and_then(json::string).map(Text::from).unwrap_or_default(),
            show_in_dashboard: said("show_in_dashboard").and_then(json::boolean).unwrap_or(true),
            payload: raw("payload").map(Text::from).unwrap_or_else(|| "{}".into()),
        })
    }

    /// The task inside a `ScheduleTask` with this payload. `id`: where its metadata does not tell its own.
    pub fn carried(payload: &str, id: Text) -> Option<TaskFrame> {
        let id = json::get(payload, "task_metadata").and_then(submitted_as).unwrap_or(id);
        let word = |name: &str| json::get(payload, name).and_then(json::string).map(Text::from);
        let said = |name: &str| json::get(payload, "task_metadata").and_then(|raw| json::get(raw, name));
        Some(TaskFrame {
            id,
            target: word("scheduled_task_target")?,
            task_type: word("task_type")?,
            parallel: said("parallel").and_then(json::boolean).unwrap_or(false),
            display_name: word("task_display_name").unwrap_or_default(),
            show_in_dashboard: said("show_in_dashboard").and_then(json::boolean).unwrap_or(true),
            payload: json::get(payload, "task_payload").map(Text::from).unwrap_or_else(|| "{}".into()),
        })
    }

    fn metadata(&self) -> String {
        format!(
            r#"{{"parallel": {}, "display_name": {}, "show_in_dashboard": {}}}"#,
            self.parallel,
            json::quote(&self.display_name),
            self.show_in_dashboard,
        )
    }

    /// Metadata with the frame's own id in it. The scheduler gives the task an id of its own, but hands its metadata on as
    /// it is, to all that the bus later tells of the task: so it can be known again, also where the scheduler's answer
    /// was lost.
    fn marked_metadata(&self) -> String {
        let metadata = self.metadata();
        format!(
            "{}, {}: {}}}",
            metadata.trim_end_matches('}'),
            json::quote(SUBMITTED_AS),
            json::quote(&self.id)
        )
    }

    /// The task for `task-manager` that schedules this one (`ScheduleTask`), with an id of its own. `run_at` goes out
    /// with its offset: without one Juice would take it for UTC.
    pub fn scheduled(&self, id: Text, run_at: Option<DateTime<FixedOffset>>) -> TaskFrame {
        let run_at = run_at.map_or_else(|| "null".to_owned(), |at| json::quote(&iso(at)));
        let payload = format!(
            concat!(
                r#"{{"scheduled_task_target": {}, "task_type": {}, "task_metadata": {}, "task_payload": {}, "#,
                r#""task_display_name": {}, "run_at": {}}}"#
            ),
            json::quote(&self.target),
            json::quote(&self.task_type),
            self.marked_metadata(),
            self.payload,
            json::quote(&self.display_name),
            run_at,
        );
        manager::task(id, "ScheduleTask", &format!("ScheduleTask: {}", self.display_name), payload)
    }
}

/// ISO 8601 with microseconds, which is what Python keeps.
fn iso(at: DateTime<FixedOffset>) -> String {
    // Offsets with seconds (local times of before 1940) cannot be written in ISO 8601.
    if at.offset().local_minus_utc() % 60 == 0 {
        at.to_rfc3339_opts(SecondsFormat::Micros, false)
    } else {
        at.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Micros, false)
    }
}

/// The tasks that juicetop itself sends to `task-manager`. All parallel; hidden from dashboards.
pub mod manager {
    use super::{TASK_MANAGER, TaskFrame, Text, json};
    use crate::wire::name;

    /// `GetScheduledTasks`. The answer holds every result the scheduler ever kept: not for a timer.
    pub fn get_scheduled_tasks(id: Text) -> TaskFrame {
        task(id, "GetScheduledTasks", "GetScheduledTasks", "{}".to_owned())
    }

    /// `GetScheduledTask` of one id.
    pub fn get_scheduled_task(id: Text, scheduled_task_id: &str) -> TaskFrame {
        of_one(id, "GetScheduledTask", scheduled_task_id)
    }

    /// `CancelScheduledTask`.
    pub fn cancel_scheduled_task(id: Text, scheduled_task_id: &str) -> TaskFrame {
        of_one(id, "CancelScheduledTask", scheduled_task_id)
    }

    /// `GetEventTopicList`.
    pub fn get_event_topic_list(id: Text) -> TaskFrame {
        task(id, "GetEventTopicList", "GetEventTopicList", "{}".to_owned())
    }

    fn of_one(id: Text, task_type: &str, scheduled_task_id: &str) -> TaskFrame {
        let payload = format!(r#"{{"scheduled_task_id": {}}}"#, json::quote(scheduled_task_id));
        task(id, task_type, &name::display_name(task_type, &payload, &[]), payload)
    }

    pub(super) fn task(id: Text, task_type: &str, display_name: &str, payload: String) -> TaskFrame {
        TaskFrame {
            id,
            target: TASK_MANAGER.into(),
            task_type: task_type.into(),
            parallel: true,
            display_name: display_name.into(),
            show_in_dashboard: false,
            payload: payload.into(),
        }
    }
}

/// The tasks that juicetop itself sends to any service, which each has from Juice (`orangeqs.juice.schemas.tasks`). Hidden
/// from dashboards.
pub mod service {
    use super::{TaskFrame, Text};

    /// `Ping`, beside what runs there: whether the service answers.
    pub fn ping(id: Text, target: Text) -> TaskFrame {
        task(id, target, "Ping", true)
    }

    /// `RebuildEnvironmentDryRun`, which waits for the slot: what an update of its environment would bring.
    pub fn rebuild_dry_run(id: Text, target: Text) -> TaskFrame {
        task(id, target, "RebuildEnvironmentDryRun", false)
    }

    fn task(id: Text, target: Text, task_type: &str, parallel: bool) -> TaskFrame {
        TaskFrame {
            id,
            target,
            task_type: task_type.into(),
            parallel,
            display_name: task_type.into(),
            show_in_dashboard: false,
            payload: "{}".into(),
        }
    }
}

/// A reply frame, indexed: the text is kept whole, the parts are slices of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The frame as it came.
    pub text: Text,
    /// `id` where it is text.
    pub id: Option<Text>,
    /// What it says.
    pub body: ReplyBody,
}

/// What a reply says on its outside.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyBody {
    /// `status: ok`.
    Ok {
        /// Where `result`'s raw JSON stands in [`Reply::text`]; `None` if there is no such field.
        result: Option<Range<usize>>,
        /// For a reply with the shape of an IPython task's: what it says on the inside. Whether that counts is for
        /// the reader to decide: only for tasks of type `IPythonTask`.
        inner: Option<Inner>,
    },
    /// `status: error`.
    Error(ErrorBody),
    /// No status, or a word that this version does not know.
    Odd {
        /// The status as it stood, as JSON; `None` if there is none.
        status: Option<Text>,
    },
}

/// `result` of an IPython task: `{"status": "ok", "result": …}` or `{"status": "error", "ename", "evalue"}`.
#[derive(Clone, Debug, PartialEq)]
pub enum Inner {
    /// The cell worked.
    Ok {
        /// Where its value's raw JSON stands in [`Reply::text`].
        result: Option<Range<usize>>,
    },
    /// The cell raised.
    Error(ErrorBody),
}

/// An exception as a reply tells it. Every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// The exception's class.
    pub ename: Option<Text>,
    /// Its message.
    pub evalue: Option<Text>,
    /// The traceback as text (a list of lines is joined).
    pub traceback: Option<Text>,
}

impl Reply {
    /// Reads a reply frame: any JSON object. Its content may be all that Python writes (`NaN`, 2**80, lone
    /// surrogates, any depth).
    pub fn parse(text: Text) -> Result<Reply, Malformed> {
        let fields = Fields::read(&text, "reply")?;
        let is_text = fields.raw("id").is_some_and(|raw| json::kind(raw) == Some(Kind::String));
        // An endless one is nobody's.
        let id = fields.word("id").ok().flatten().filter(|_| is_text);
        let status = fields.raw("status");
        let body = match status.and_then(json::string).as_deref() {
            Some("ok") => {
                let result = fields.raw("result");
                ReplyBody::Ok {
                    result: result.map(|raw| span(&text, raw)),
                    inner: result.and_then(|raw| inner(&text, raw)),
                }
            }
            Some("error") => ReplyBody::Error(error(&fields)),
            _ => ReplyBody::Odd { status: status.map(Text::from) },
        };
        Ok(Reply { id, body, text })
    }

    /// The raw JSON of `result`, inner one first where `ipython` says that the task was an `IPythonTask`. A cell that
    /// raised has none.
    pub fn result(&self, ipython: bool) -> Option<&str> {
        let ReplyBody::Ok { result, inner } = &self.body else { return None };
        let range = match inner {
            Some(Inner::Error(_)) if ipython => return None,
            Some(Inner::Ok { result: Some(value) }) if ipython => value,
            _ => result.as_ref()?,
        };
        self.text.get(range.clone())
    }

    /// The error that counts: the outer one, or the inner one where `ipython` says that the task was an
    /// `IPythonTask`.
    pub fn error(&self, ipython: bool) -> Option<&ErrorBody> {
        match &self.body {
            ReplyBody::Error(error) => Some(error),
            ReplyBody::Ok { inner: Some(Inner::Error(error)), .. } if ipython => Some(error),
            _ => None,
        }
    }
}

/// The shape of an IPython task's result.
fn inner(text: &str, result: &str) -> Option<Inner> {
    if json::kind(result) != Some(Kind::Object) {
        return None;
    }
    let fields = Fields::read(result, "result").ok()?;
    match fields.raw("status").and_then(json::string).as_deref() {
        Some("ok") => Some(Inner::Ok { result: fields.raw("result").map(|raw| span(text, raw)) }),
        Some("error") => Some(Inner::Error(error(&fields))),
        _ => None,
    }
}

fn error(fields: &Fields<'_>) -> ErrorBody {
    ErrorBody {
        ename: fields.text("ename"),
        evalue: fields.text("evalue"),
        traceback: fields.raw("traceback").and_then(traceback),
    }
}

/// A traceback's text; IPython's own are lists of lines.
fn traceback(raw: &str) -> Option<Text> {
    if json::kind(raw) != Some(Kind::Array) {
        return text_of(raw);
    }
    let mut joined = String::new();
    for line in json::Items::new(raw) {
        let line = text_of(line.ok()?).unwrap_or_default();
        // IPython's lines come without their breaks, Python's `format_exception` gives them with.
        if !joined.is_empty() && !joined.ends_with('\n') {
            joined.push('\n');
        }
        joined.push_str(&line);
    }
    Some(joined.into())
}

/// Where `part`, which is a slice of `text`, stands in it.
fn span(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

/// A scheduled task as the scheduler describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The scheduler's id.
    pub scheduled_task_id: Text,
    /// The id of the task that it became.
    pub task_id: Option<Text>,
    /// The service.
    pub target: Text,
    /// The type on the wire.
    pub task_type: Text,
    /// The name.
    pub display_name: Text,
    /// The scheduler's word.
    pub status: ScheduledStatus,
    /// Not before this moment.
    pub run_at: Option<Stamp>,
    /// When it was submitted.
    pub submitted_at: Option<Stamp>,
    /// Its time has come.
    pub eligible: bool,
    /// Its time has come and the slot was held by another one: proof of a held slot.
    pub overdue: bool,
    /// The reply frame's raw JSON (or a part of one where dispatch failed), if it ended.
    pub result: Option<Text>,
    /// The same, read where the snapshot was, since it can be large.
    pub reply: Option<Reply>,
}

impl Snapshot {
    /// Reads one snapshot's raw JSON. Its id, target and status must be there; all else may be missing.
    pub fn parse(raw: &str) -> Result<Snapshot, Malformed> {
        let fields = Fields::read(raw, "snapshot")?;
        let result = fields.raw("result").filter(|raw| json::kind(raw) != Some(Kind::Null)).map(Text::from);
        Ok(Snapshot {
            scheduled_task_id: fields.required("scheduled_task_id")?,
            task_id: fields.word("task_id")?,
            target: fields.required("target")?,
            task_type: fields.word("task_type")?.unwrap_or_default(),
            display_name: fields.text("display_name").unwrap_or_default(),
            status: fields.required("status")?.into(),
            run_at: fields.stamp("run_at"),
            submitted_at: fields.stamp("submitted_at"),
            eligible: fields.boolean("eligible").unwrap_or(false),
            overdue: fields.boolean("overdue").unwrap_or(false),
            reply: result.clone().and_then(|raw| Reply::parse(raw).ok()),
            result,
        })
    }

    /// Reads an entry of a list; an odd one is given back raw, never dropped.
    pub fn entry(raw: &str) -> Result<Snapshot, Text> {
        Snapshot::parse(raw).map_err(|_| Text::from(raw))
    }

    /// Reads the raw JSON of a list; an odd entry stands raw in its place.
    pub fn parse_list(raw: &str) -> Result<Vec<Result<Snapshot, Text>>, Malformed> {
        json::Items::new(raw)
            .map(|item| match item {
                Ok(item) => Ok(Snapshot::entry(item)),
                Err(error) => {
                    Err(Malformed::new(format!("the list of scheduled tasks is no JSON array: {error}")))
                }
            })
            .collect()
    }
}
