//! Cleaning: what is needed for lanes, states, outcomes and times stays, what was measured, asked for or said goes.
//!
//! Nothing is searched and masked. Each message is taken apart, and a new one is made of those of its parts that are known
//! to say nothing: ids, services, types, states, moments, flags. Everything else never gets there, so a field that a later
//! Juice adds is left out too. It refuses to keep a message that it does not understand: only that it came is told.

use std::collections::HashMap;

use chrono::SecondsFormat;

use super::{Entry, Head, What};
use crate::wire::{
    Text, bus,
    event::{Event, KernelState, SYSTEM, ScheduledEvent, ScheduledStatus, Stamp, TaskEvent, TaskEventState},
    frame::{ErrorBody, Inner, Reply, ReplyBody, Snapshot, TASK_MANAGER, TaskFrame},
    group::Mark,
    json::{self, quote},
    link::{Frame, Incoming, Line, LinkState, Problem},
};

/// What stands in place of words.
const LEFT_OUT: &str = "left out";
/// Ids that are no UUIDs get numbers; of more than so many, the numbers of all are forgotten.
const MOST_IDS: usize = 200_000;

/// Exceptions that everybody has: their names tell nothing.
const EXCEPTIONS: [&str; 34] = [
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BrokenPipeError",
    "CancelledError",
    "ConnectionError",
    "ConnectionRefusedError",
    "EOFError",
    "Exception",
    "ExceptionGroup",
    "FileNotFoundError",
    "FloatingPointError",
    "ImportError",
    "IndexError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "RecursionError",
    "RuntimeError",
    "StopIteration",
    "SyntaxError",
    "SystemExit",
    "TimeoutError",
    "TypeError",
    "ValidationError",
    "ValueError",
    "ZeroDivisionError",
];

/// What the result of a task may hold that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing but its shape.
    Task,
    /// One snapshot of the scheduler's, or null.
    Snapshot,
    /// The scheduler's list.
    List,
    /// The topics.
    Topics,
    /// Yes or no.
    Flag,
}

impl Kind {
    fn of(target: &str, task_type: &str) -> Kind {
        match task_type {
            _ if target != TASK_MANAGER => Kind::Task,
            "ScheduleTask" | "GetScheduledTask" => Kind::Snapshot,
            "GetScheduledTasks" => Kind::List,
            "GetEventTopicList" => Kind::Topics,
            "CancelScheduledTask" => Kind::Flag,
            _ => Kind::Task,
        }
    }
}

/// Cleans one recording, from its head on.
#[derive(Debug, Default)]
pub struct Redactor {
    /// Ids that are no UUIDs, with what stands for them.
    ids: HashMap<Text, Text>,
    numbers: usize,
    /// What was asked on the own connections, by the frame's id.
    asked: HashMap<Text, Kind>,
}

impl Redactor {
    /// The first line.
    pub fn head(&mut self, head: &Head) -> Head {
        Head {
            juicetop: version(&head.juicetop),
            started: head.started,
            lab: "a lab".into(),
            address: "".into(),
            services: head.services.iter().map(|name| self.service(name)).collect(),
            redacted: true,
        }
    }

    /// Any other line.
    pub fn entry(&mut self, entry: &Entry) -> Entry {
        let what = match &entry.what {
            What::Link { line, state } => What::Link { line: self.line(line), state: quiet(state) },
            What::In { line, frame } => self.message(line, frame),
            What::Out { line, text } => self.out(line, text),
            What::Sent { id } => What::Sent { id: self.id(id) },
            What::Withdrawn { id } => What::Withdrawn { id: self.id(id) },
            What::Unsent { id, .. } => What::Unsent { id: self.id(id), why: LEFT_OUT.into() },
            What::Bad { line, length, .. } => self.bad(line, *length),
            What::Missed { count } => What::Missed { count: *count },
            What::PutAway { key } => What::PutAway { key: self.key(key) },
            What::Clock { utc } => What::Clock { utc: *utc },
            What::End => What::End,
        };
        Entry { at: entry.at, what }
    }

    fn bad(&mut self, line: &Line, length: u64) -> What {
        What::Bad { line: self.line(line), why: LEFT_OUT.into(), length }
    }

    fn message(&mut self, line: &Line, frame: &Frame) -> What {
        let cleaned = match frame.read(line) {
            Incoming::Bus(event) => Some(self.event(&event)),
            Incoming::Reply { reply, .. } => {
                let kind = reply.id.as_ref().and_then(|id| self.asked.remove(id));
                Some(Frame::Text(self.reply(&reply, kind.unwrap_or(Kind::Task)).into()))
            }
            _ => None,
        };
        match cleaned {
            Some(frame) => What::In { line: self.line(line), frame },
            None => self.bad(line, frame.bytes().len() as u64),
        }
    }

    /// A frame that went out. One that is none, nobody can have answered.
    fn out(&mut self, line: &Line, text: &str) -> What {
        let line = self.line(line);
        let Ok(frame) = TaskFrame::parse(text) else { return What::Out { line, text: "{}".into() } };
        self.asked.insert(frame.id.clone(), Kind::of(&frame.target, &frame.task_type));
        let cleaned = TaskFrame {
            id: self.id(&frame.id),
            target: self.service(&frame.target),
            task_type: task_type(&frame.task_type),
            display_name: name(&frame.task_type, &frame.display_name).into(),
            payload: self.payload(&frame.target, &frame.task_type, &frame.payload).into(),
            ..frame
        };
        What::Out { line, text: cleaned.encode().into() }
    }

    fn event(&mut self, event: &Event) -> Frame {
        let (topic, text) = match event {
            Event::Task(event) => ("TaskEvent.".to_owned(), self.task_event(event)),
            Event::Service(event) => {
                let state = match &event.state {
                    KernelState::Idle => "idle",
                    KernelState::Busy => "busy",
                    KernelState::Restarting => "restarting",
                    KernelState::Connecting => "connecting",
                    KernelState::Unknown(_) => "unknown",
                };
                let fields = [
                    ("time", stamp(&event.time)),
                    ("service", quote(&self.service(&event.service))),
                    ("state", quote(state)),
                ];
                ("IPythonServiceState.".to_owned(), json::object(fields))
            }
            Event::Scheduled(event) => ("ScheduledTaskEvent.".to_owned(), self.scheduled_event(event)),
            Event::Throttle(event) => {
                // Whether the lab is throttled, and that the bus lives, is needed; which parameter says so is the lab's.
                let id = match &*event.id {
                    known @ (SYSTEM | "heartbeat") => known.into(),
                    _ => self.id(&event.id),
                };
                let throttled = event.throttled.to_string();
                let fields = [("time", stamp(&event.time)), ("throttled", throttled), ("id", quote(&id))];
                ("ThrottleStateEvent.".to_owned(), json::object(fields))
            }
            Event::Alert(_) | Event::Notice(_) | Event::Point(_) | Event::Other(_) => {
                let topic = event.said().map(|said| class_topic(&said.topic)).unwrap_or_default();
                (topic, "{}".to_owned())
            }
        };
        Frame::Binary(bus::encode(&topic, &text).into())
    }

    fn task_event(&mut self, event: &TaskEvent) -> String {
        let state = match &event.state {
            TaskEventState::Created => "created",
            TaskEventState::Started => "started",
            TaskEventState::Completed => "completed",
            TaskEventState::Failed => "failed",
            TaskEventState::Other(_) => "other",
        };
        let last = matches!(event.state, TaskEventState::Completed | TaskEventState::Failed);
        let payload = match &event.reply {
            Some(reply) => self.reply(reply, Kind::of(&event.target, &event.task_type)),
            None if last => String::new(),
            None => self.payload(&event.target, &event.task_type, &event.payload),
        };
        json::object([
            ("time", stamp(&event.time)),
            ("task_id", quote(&self.id(&event.task_id))),
            ("task_target", quote(&self.service(&event.target))),
            ("task_type", quote(&task_type(&event.task_type))),
            ("task_display_name", quote(&name(&event.task_type, &event.display_name))),
            ("task_metadata", quote(&metadata(&event.metadata))),
            ("task_payload", quote(&payload)),
            ("task_state", quote(state)),
            ("show_in_dashboard", event.show_in_dashboard.to_string()),
        ])
    }

    fn scheduled_event(&mut self, event: &ScheduledEvent) -> String {
        json::object([
            ("time", stamp(&event.time)),
            ("scheduled_task_id", quote(&self.id(&event.scheduled_task_id))),
            ("task_id", self.optional(event.task_id.as_ref())),
            ("target", quote(&self.service(&event.target))),
            ("task_type", quote(&task_type(&event.task_type))),
            ("display_name", quote(&name(&event.task_type, &event.display_name))),
            ("status", quote(status(&event.status))),
        ])
    }

    /// Of a payload only what decides about lanes: whether a cell keeps the kernel busy, and which task a task of the
    /// scheduler's is about.
    fn payload(&mut self, target: &str, task_type_: &str, payload: &str) -> String {
        let mut fields: Vec<(&str, String)> = Vec::new();
        if let Some(run_async) = json::get(payload, "run_async").and_then(json::boolean) {
            fields.push(("run_async", run_async.to_string()));
        }
        if target == TASK_MANAGER {
            if let Some(id) = json::get(payload, "scheduled_task_id").and_then(json::string) {
                fields.push(("scheduled_task_id", quote(&self.id(&id.into()))));
            }
            if let Some(inner) =
                TaskFrame::carried(payload, "".into()).filter(|_| task_type_ == "ScheduleTask")
            {
                let run_at = json::get(payload, "run_at").and_then(json::string);
                let run_at = run_at.map_or_else(|| "null".to_owned(), |text| stamp(&Stamp::parse(&text)));
                let load = self.payload(&inner.target, &inner.task_type, &inner.payload);
                let metadata_ = metadata(json::get(payload, "task_metadata").unwrap_or("{}"));
                fields.extend([
                    ("scheduled_task_target", quote(&self.service(&inner.target))),
                    ("task_type", quote(&task_type(&inner.task_type))),
                    ("task_metadata", metadata_),
                    ("task_payload", load),
                    ("task_display_name", quote(&name(&inner.task_type, &inner.display_name))),
                    ("run_at", run_at),
                ]);
            }
        }
        json::object(fields)
    }

    fn reply(&mut self, reply: &Reply, kind: Kind) -> String {
        let mut fields: Vec<(&str, String)> = Vec::new();
        if let Some(id) = &reply.id {
            fields.push(("id", quote(&self.id(id))));
        }
        match &reply.body {
            ReplyBody::Ok { result, inner } => {
                fields.push(("status", quote("ok")));
                let raw = result.clone().and_then(|range| reply.text.get(range));
                if let Some(raw) = raw {
                    fields.push(("result", self.result(raw, inner.as_ref(), kind)));
                }
            }
            ReplyBody::Error(body) => {
                fields.push(("status", quote("error")));
                fields.extend(error(body));
            }
            ReplyBody::Odd { status } => fields.extend(status.as_ref().map(|_| ("status", quote(LEFT_OUT)))),
        }
        json::object(fields)
    }

    fn result(&mut self, raw: &str, inner: Option<&Inner>, kind: Kind) -> String {
        match (kind, inner) {
            (Kind::Snapshot, _) => self.snapshot(raw),
            (Kind::List, _) => match Snapshot::parse_list(raw) {
                Ok(_) => {
                    let items = json::items(raw).unwrap_or_default();
                    let items: Vec<String> = items.into_iter().map(|item| self.snapshot(item)).collect();
                    format!("[{}]", items.join(","))
                }
                Err(_) => "null".to_owned(),
            },
            (Kind::Topics, _) => {
                let members = json::members(raw).unwrap_or_default();
                let topics = members.iter().map(|(topic, _)| (self.topic(topic), "null"));
                json::object(topics.collect::<Vec<_>>())
            }
            (Kind::Flag, _) => json::boolean(raw).map_or_else(|| "null".to_owned(), |flag| flag.to_string()),
            (Kind::Task, Some(Inner::Ok { result })) => {
                let value = result.as_ref().map(|_| ("result", "null".to_owned()));
                json::object([("status", quote("ok"))].into_iter().chain(value))
            }
            (Kind::Task, Some(Inner::Error(body))) => {
                json::object([("status", quote("error"))].into_iter().chain(error(body)))
            }
            (Kind::Task, None) => "null".to_owned(),
        }
    }

    /// A snapshot; what is none stays none.
    fn snapshot(&mut self, raw: &str) -> String {
        let Ok(snapshot) = Snapshot::parse(raw) else { return "null".to_owned() };
        let result = match (&snapshot.reply, &snapshot.result) {
            (Some(reply), _) => self.reply(reply, Kind::Task),
            (None, Some(_)) => quote(LEFT_OUT),
            (None, None) => "null".to_owned(),
        };
        let moment = |at: &Option<Stamp>| at.as_ref().map_or_else(|| "null".to_owned(), stamp);
        json::object([
            ("scheduled_task_id", quote(&self.id(&snapshot.scheduled_task_id))),
            ("task_id", self.optional(snapshot.task_id.as_ref())),
            ("target", quote(&self.service(&snapshot.target))),
            ("task_type", quote(&task_type(&snapshot.task_type))),
            ("display_name", quote(&name(&snapshot.task_type, &snapshot.display_name))),
            ("status", quote(status(&snapshot.status))),
            ("run_at", moment(&snapshot.run_at)),
            ("submitted_at", moment(&snapshot.submitted_at)),
            ("eligible", snapshot.eligible.to_string()),
            ("overdue", snapshot.overdue.to_string()),
            ("result", result),
        ])
    }

    /// A topic of the list: its class, and for kernels the service.
    fn topic(&mut self, topic: &str) -> String {
        match topic.strip_prefix("IPythonServiceState.") {
            Some(service) => {
                let service = service.strip_suffix('.').unwrap_or(service);
                format!("IPythonServiceState.{}.", self.service(service))
            }
            None => class_topic(topic),
        }
    }

    fn line(&mut self, line: &Line) -> Line {
        match line {
            Line::Service(name) => Line::Service(self.service(name)),
            Line::Task(id) => Line::Task(self.id(id)),
            line => line.clone(),
        }
    }

    /// The name of a service, if it looks like one.
    fn service(&mut self, name: &str) -> Text {
        if is_word(name) { name.into() } else { self.numbered(name, "service") }
    }

    fn optional(&mut self, id: Option<&Text>) -> String {
        id.map_or_else(|| "null".to_owned(), |id| quote(&self.id(id)))
    }

    /// A row's key: an id, and behind it which run it is.
    fn key(&mut self, key: &Text) -> Text {
        match key.rsplit_once('#').filter(|(_, run)| run.bytes().all(|b| b.is_ascii_digit())) {
            Some((id, run)) => format!("{}#{run}", self.id(&id.into())).into(),
            None => self.id(key),
        }
    }

    /// An id: a UUID says nothing; anything else gets a number.
    fn id(&mut self, id: &Text) -> Text {
        match id.strip_suffix("/own") {
            _ if is_uuid(id) => id.clone(),
            Some(by) => format!("{}/own", self.id(&by.into())).into(),
            None => self.numbered(id, "id"),
        }
    }

    fn numbered(&mut self, what: &str, kind: &str) -> Text {
        if let Some(known) = self.ids.get(what) {
            return known.clone();
        }
        if self.ids.len() >= MOST_IDS {
            self.ids.clear();
        }
        self.numbers += 1;
        let name = Text::from(format!("{kind}-{}", self.numbers));
        self.ids.insert(what.into(), name.clone());
        name
    }
}

/// What stands where a juicetop's version is to stand, if it looks like one.
fn version(text: &Text) -> Text {
    let is_version = (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
    if is_version { text.clone() } else { LEFT_OUT.into() }
}

/// A connection's state without the words of its problem, which hold addresses and what a server said.
fn quiet(state: &LinkState) -> LinkState {
    let problem = |problem: &Problem| Problem {
        kind: problem.kind,
        what: format!("the connection is down: {} ({LEFT_OUT})", problem.kind.word()),
        remedy: String::new(),
    };
    match state {
        LinkState::Waiting { attempt, until, problem: told } => {
            LinkState::Waiting { attempt: *attempt, until: *until, problem: problem(told) }
        }
        LinkState::Stopped { problem: told } => LinkState::Stopped { problem: problem(told) },
        state => state.clone(),
    }
}

/// The fields of an error: which there are, and a name that everybody has.
fn error(body: &ErrorBody) -> impl Iterator<Item = (&'static str, String)> {
    let ename = body.ename.as_deref().map(|name| {
        let known = EXCEPTIONS.iter().find(|known| **known == name);
        ("ename", quote(known.copied().unwrap_or("Error")))
    });
    // A Juice without a scheduler says so with these words.
    let evalue = body.evalue.as_deref().map(|text| {
        let said = if text.contains("Unknown task type") { "Unknown task type" } else { LEFT_OUT };
        ("evalue", quote(said))
    });
    let traceback = body.traceback.as_ref().map(|_| ("traceback", quote(LEFT_OUT)));
    [ename, evalue, traceback].into_iter().flatten()
}

/// Instead of a display name, in which values stand: the type, and which member of which group it is.
fn name(kind: &str, display_name: &str) -> String {
    let kind = task_type(kind);
    match Mark::read(display_name) {
        Some((_, mark)) => Mark { name: "group".into(), ..mark }.write(&kind),
        None if display_name.is_empty() => String::new(),
        None => kind.to_string(),
    }
}

fn task_type(kind: &str) -> Text {
    if is_word(kind) || kind.is_empty() { kind.into() } else { "Type".into() }
}

/// Of metadata what is a flag.
fn metadata(raw: &str) -> String {
    let flags = ["parallel", "show_in_dashboard"].into_iter().filter_map(|flag| {
        let value = json::get(raw, flag).and_then(json::boolean)?;
        Some((flag, value.to_string()))
    });
    json::object(flags.collect::<Vec<_>>())
}

/// A topic's class.
fn class_topic(topic: &str) -> String {
    let class = bus::class_of(topic);
    format!("{}.", if is_word(class) { class } else { "Other" })
}

fn status(status: &ScheduledStatus) -> &'static str {
    match status {
        ScheduledStatus::Queued => "queued",
        ScheduledStatus::Running => "running",
        ScheduledStatus::Done => "done",
        ScheduledStatus::Failed => "failed",
        ScheduledStatus::Cancelled => "cancelled",
        ScheduledStatus::Other(_) => "other",
    }
}

/// A moment that can be read, as JSON; null where it cannot.
fn stamp(stamp: &Stamp) -> String {
    stamp.at.map_or_else(|| "null".to_owned(), |at| quote(&at.to_rfc3339_opts(SecondsFormat::Micros, true)))
}

/// A name as programs have them: no sentence, and no value.
fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&text.len()) && text.chars().all(plain)
}

fn is_uuid(text: &str) -> bool {
    matches!(text.len(), 32 | 36) && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}
