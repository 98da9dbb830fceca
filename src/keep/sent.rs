//! The log of deeds: one line of JSON for each frame that does something to the lab, written before it goes out.
//!
//! It holds no payload and no display name, only the payload's SHA-256, so that a secret cannot stand in it and a
//! payload at hand can still be told to be the one that was sent. Questions (which tasks are scheduled, which topics
//! there are) do nothing and are left out. It refuses to judge whether a deed was wise, or came to anything.

use std::{
    collections::HashSet,
    fmt::Write,
    path::{Path, PathBuf},
};

use chrono::SecondsFormat;
use sha2::{Digest, Sha256};

use crate::{
    keep,
    time::Now,
    wire::{
        Text,
        control::Deed,
        frame::{Reply, Snapshot, TASK_MANAGER},
        json,
        link::Line,
    },
};

/// A log of this size is renamed to `sent.jsonl.1` and begun anew: about 40,000 deeds.
pub const MOST: u64 = 16 * 1024 * 1024;

/// Of the log's end so much is read: about 4,000 tasks.
const READ: u64 = 2 * 1024 * 1024;

/// What is only asked of the task manager.
const QUESTIONS: [&str; 3] = ["GetScheduledTasks", "GetScheduledTask", "GetEventTopicList"];

/// Own frames whose answers are waited for; the scheduler answers in milliseconds.
const MOST_OPEN: usize = 10_000;

/// Which lab, and who does it.
#[derive(Clone, Debug, Default)]
pub struct Where {
    /// The router's address.
    pub router: String,
    /// Services spoken to alone, with their addresses.
    pub alone: Vec<(Text, String)>,
    /// `screen` or `submit`.
    pub by: &'static str,
}

/// The log.
#[derive(Debug, Default)]
pub struct Book {
    path: Option<PathBuf>,
    place: Where,
    open: HashSet<Text>,
}

impl Book {
    /// A log in that file; `None`: nothing is written.
    pub fn new(path: Option<PathBuf>, place: Where) -> Book {
        Book { path, place, open: HashSet::new() }
    }

    /// Where it is.
    pub fn path(&self) -> Option<&PathBuf> {
        self.path.as_ref()
    }

    /// The line for a frame that is about to go out; `None` where it does nothing. `about`: target and type of a
    /// scheduled task, for the frame that cancels it names neither.
    pub fn goes_out(
        &mut self,
        line: &Line,
        frame: &str,
        about: impl Fn(&str) -> Option<(Text, Text)>,
        now: Now,
    ) -> Option<String> {
        let text = |raw: &str, key: &str| {
            json::get(raw, key).and_then(json::string).map(std::borrow::Cow::into_owned)
        };
        let id = text(frame, "id")?;
        let target = text(frame, "target").unwrap_or_default();
        let task_type = text(frame, "type").unwrap_or_default();
        let payload = json::get(frame, "payload").unwrap_or("{}");
        let to_manager = target == TASK_MANAGER && !matches!(line, Line::Service(_));
        if to_manager && QUESTIONS.contains(&task_type.as_str()) {
            return None;
        }
        let lab = match line {
            Line::Service(name) => {
                self.place.alone.iter().find(|(n, _)| n == name).map_or("", |(_, url)| url.as_str())
            }
            _ => &self.place.router,
        };
        let mut out = start(now);
        if to_manager && task_type == "CancelScheduledTask" {
            let scheduled = text(payload, "scheduled_task_id").unwrap_or_default();
            member(&mut out, "did", "asked to cancel");
            member(&mut out, "lab", lab);
            if let Some((target, task_type)) = about(&scheduled) {
                member(&mut out, "target", &target);
                member(&mut out, "type", &task_type);
            }
            member(&mut out, "id", &id);
            member(&mut out, "scheduled_task_id", &scheduled);
        } else {
            let scheduled = to_manager && task_type == "ScheduleTask";
            let inner = scheduled.then(|| json::get(payload, "task_payload")).flatten();
            member(&mut out, "did", "sent");
            member(&mut out, "lab", lab);
            let inside = |key: &str, outside: &str| match scheduled {
                true => text(payload, key).unwrap_or_default(),
                false => outside.to_owned(),
            };
            member(&mut out, "target", &inside("scheduled_task_target", &target));
            member(&mut out, "type", &inside("task_type", &task_type));
            member(&mut out, "id", &id);
            let way = match line {
                Line::Service(_) => "alone",
                _ if scheduled => "scheduled",
                _ => "direct",
            };
            member(&mut out, "way", way);
            if let Some(at) = scheduled.then(|| text(payload, "run_at")).flatten() {
                member(&mut out, "run_at", &at);
            }
            let payload = inner.unwrap_or(payload);
            let _ = write!(out, r#","payload_bytes":{}"#, payload.len());
            member(&mut out, "payload_sha256", &sha256(payload));
            if scheduled && self.open.len() < MOST_OPEN {
                self.open.insert(id.into());
            }
        }
        member(&mut out, "by", self.place.by);
        out.push('}');
        Some(out)
    }

    /// The line for an own direct task that is about to be taken back.
    pub fn takes_back(&self, id: &str, about: impl Fn(&str) -> Option<(Text, Text)>, now: Now) -> String {
        let mut out = start(now);
        member(&mut out, "did", "asked to take back");
        member(&mut out, "lab", &self.place.router);
        if let Some((target, task_type)) = about(id) {
            member(&mut out, "target", &target);
            member(&mut out, "type", &task_type);
        }
        member(&mut out, "id", id);
        member(&mut out, "by", self.place.by);
        out.push('}');
        out
    }

    /// The line for what is about to be done to a service.
    pub fn controls(&self, service: &str, deed: Deed, now: Now) -> String {
        let mut out = start(now);
        member(&mut out, "did", deed.name());
        member(&mut out, "lab", &self.place.router);
        member(&mut out, "target", service);
        member(&mut out, "by", self.place.by);
        out.push('}');
        out
    }

    /// The line for the scheduler's answer to a task that was sent: the id that everyone knows it by from now on.
    pub fn answered(&mut self, reply: &Reply, now: Now) -> Option<String> {
        let id = reply.id.as_ref()?;
        if !self.open.remove(id) {
            return None;
        }
        let mut out = start(now);
        match reply.result(false).map(Snapshot::parse) {
            Some(Ok(snapshot)) => {
                member(&mut out, "did", "accepted");
                member(&mut out, "id", id);
                member(&mut out, "scheduled_task_id", &snapshot.scheduled_task_id);
            }
            _ => {
                member(&mut out, "did", "refused");
                member(&mut out, "id", id);
            }
        }
        out.push('}');
        Some(out)
    }
}

/// The scheduler's ids of the tasks that were sent and taken, as the end of the log tells; none where it cannot be read.
pub fn accepted(path: &Path) -> Vec<Text> {
    let end = keep::end_of(path, READ).unwrap_or_default();
    let ids = end.lines().filter(|line| line.contains(r#""did":"accepted""#));
    let ids = ids.filter_map(|line| json::get(line, "scheduled_task_id").and_then(json::string));
    ids.map(|id| Text::from(&*id)).collect()
}

/// The SHA-256 of a payload as it goes out, in hexadecimal: what `sha256sum` says of a file with just that in it.
pub fn sha256(payload: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(payload.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn start(now: Now) -> String {
    format!(r#"{{"time":"{}""#, now.utc.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn member(out: &mut String, key: &str, value: &str) {
    let _ = write!(out, r#","{key}":{}"#, json::quote(value));
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::wire::frame::{TaskFrame, manager};

    fn book() -> Book {
        let alone = vec![("cryo".into(), "ws://h:8001".to_owned())];
        Book::new(None, Where { router: "ws://lab:5124".to_owned(), alone, by: "screen" })
    }

    fn frame() -> TaskFrame {
        TaskFrame {
            id: "a".into(),
            target: "cryo".into(),
            task_type: "EnableHeater".into(),
            parallel: false,
            display_name: "EnableHeater: password='hush'".into(),
            show_in_dashboard: true,
            payload: r#"{"power": 1.50, "password": "hush"}"#.into(),
        }
    }

    fn nobody(_: &str) -> Option<(Text, Text)> {
        None
    }

    #[test]
    fn a_deed_is_told_with_its_hash_and_without_its_values() {
        let mut book = book();
        let line = book.goes_out(&Line::Router, &frame().encode(), nobody, Now::at(0.5)).unwrap();
        assert_eq!(
            line,
            format!(
                concat!(
                    r#"{{"time":"2026-11-24T21:00:00.500Z","did":"sent","lab":"ws://lab:5124","target":"cryo","#,
                    r#""type":"EnableHeater","id":"a","way":"direct","payload_bytes":35,"payload_sha256":"{}","#,
                    r#""by":"screen"}}"#
                ),
                // printf '{"power": 1.50, "password": "hush"}' | sha256sum
                "0a19dde26514274a98df1b7ccaac9602d8f28b264c8e4903a38c4d3a4d3f3fea"
            )
        );
        assert!(!line.contains("hush"));
        let alone = Line::Service("cryo".into());
        let line = book.goes_out(&alone, &frame().encode(), nobody, Now::at(0.5)).unwrap();
        assert!(line.contains(r#""lab":"ws://h:8001""#) && line.contains(r#""way":"alone""#), "{line}");
    }

    #[test]
    fn a_scheduled_task_is_told_by_what_it_carries_and_later_by_its_new_id() {
        let mut book = book();
        let at = chrono::DateTime::parse_from_rfc3339("2026-11-25T06:00:00+01:00").unwrap();
        let carrier = frame().scheduled("c".into(), Some(at)).encode();
        let line = book.goes_out(&Line::Router, &carrier, nobody, Now::at(0.0)).unwrap();
        let get = |key: &str| json::get(&line, key).and_then(json::string).unwrap().into_owned();
        assert_eq!((get("target").as_str(), get("type").as_str()), ("cryo", "EnableHeater"));
        assert_eq!((get("id").as_str(), get("way").as_str()), ("c", "scheduled"));
        assert_eq!(get("run_at"), "2026-11-25T06:00:00.000000+01:00");
        assert_eq!(
            get("payload_sha256"),
            sha256(&frame().payload),
            "the hash is that of the task's own payload"
        );
        let answer = r#"{"id": "c", "status": "ok", "result": {"scheduled_task_id": "s", "target": "cryo",
            "status": "scheduled"}}"#;
        let reply = Reply::parse(answer.into()).unwrap();
        let line = book.answered(&reply, Now::at(1.0)).unwrap();
        assert!(line.ends_with(r#""did":"accepted","id":"c","scheduled_task_id":"s"}"#), "{line}");
        assert_eq!(book.answered(&reply, Now::at(1.0)), None, "once");
    }

    #[test]
    fn who_comes_back_finds_what_was_sent_by_the_scheduler_s_ids() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        assert_eq!(accepted(&path), Vec::<Text>::new());
        let mut book = book();
        for (id, status) in [("c", "ok"), ("d", "error")] {
            let carrier = frame().scheduled(id.into(), None).encode();
            let line = book.goes_out(&Line::Router, &carrier, nobody, Now::at(0.0)).unwrap();
            keep::append(&path, &line, MOST).unwrap();
            let answer = match status {
                "ok" => format!(
                    r#"{{"id": "{id}", "status": "ok", "result": {{"scheduled_task_id": "s-{id}", "target": "cryo", "status": "queued"}}}}"#
                ),
                _ => format!(
                    r#"{{"id": "{id}", "status": "error", "ename": "E", "evalue": "e", "traceback": ""}}"#
                ),
            };
            let line = book.answered(&Reply::parse(answer.into()).unwrap(), Now::at(1.0)).unwrap();
            keep::append(&path, &line, MOST).unwrap();
        }
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"did\":\"accepted\",\xff")
            .unwrap();
        assert_eq!(accepted(&path), ["s-c"].map(Text::from), "a line that was cut off harms no other");
    }

    #[test]
    fn cancelling_is_a_deed_and_asking_is_none() {
        let mut book = book();
        let about = |id: &str| (id == "s").then(|| ("cryo".into(), "EnableHeater".into()));
        let cancel = manager::cancel_scheduled_task("x".into(), "s").encode();
        let line = book.goes_out(&Line::Router, &cancel, about, Now::at(0.0)).unwrap();
        assert!(line.contains(
            r#""did":"asked to cancel","lab":"ws://lab:5124","target":"cryo","type":"EnableHeater","id":"x","scheduled_task_id":"s""#
        ), "{line}");
        for question in [
            manager::get_scheduled_tasks("q".into()),
            manager::get_scheduled_task("q".into(), "s"),
            manager::get_event_topic_list("q".into()),
        ] {
            assert_eq!(book.goes_out(&Line::Router, &question.encode(), nobody, Now::at(0.0)), None);
        }
        // A line is one line, whatever is in it.
        let odd = TaskFrame { target: "a\n\u{1b}\"b".into(), ..frame() };
        let line = book.goes_out(&Line::Router, &odd.encode(), nobody, Now::at(0.0)).unwrap();
        assert!(!line.contains('\n') && json::check(&line).is_ok(), "{line}");
    }
}
