//! A task as one JSON object: the fields that `docs/watch.md` promises, for `watch --json` and `submit --json`.
//!
//! Names and meanings are a promise: fields may be added, none changed or taken away.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::{
    store::{Outcome, Reason, State, Store, Task},
    time::Now,
    wire::event::Stamp,
};

/// The fields that are compared to find out whether anything changed: all but the moment and what was merged.
#[derive(Debug, Serialize)]
struct Fields<'a> {
    event: &'static str,
    id: &'a str,
    service: &'a str,
    #[serde(rename = "type")]
    task_type: &'a str,
    name: &'a str,
    lane: &'static str,
    state: &'static str,
    outcome: Option<&'static str>,
    reason: Option<&'static str>,
    task_id: Option<&'a str>,
    scheduled_task_id: Option<&'a str>,
    own: bool,
    hidden: bool,
    starting: bool,
    started_at: Option<String>,
    ended_at: Option<String>,
    duration_s: Option<f64>,
    duration_at_least: bool,
    run_at: Option<String>,
    group: Option<GroupField<'a>>,
    error: Option<Failure<'a>>,
}

#[derive(Debug, Serialize)]
struct GroupField<'a> {
    name: &'a str,
    tag: &'a str,
    place: u32,
    of: u32,
}

#[derive(Debug, Serialize)]
struct Failure<'a> {
    name: Option<&'a str>,
    message: Option<&'a str>,
}

/// The object without its closing brace, so that more can be added to it.
pub fn task(task: &Task, now: Now) -> String {
    let starting = task.state == State::Running { starting: true };
    let ended = matches!(task.state, State::Ended | State::Unknown);
    let duration = if ended { task.duration(now) } else { None };
    let failure = task.failure().map(|e| Failure { name: e.ename.as_deref(), message: e.evalue.as_deref() });
    let not_sent = match &task.reason {
        Some(Reason::NotSent(why)) => Some(Failure { name: None, message: Some(why) }),
        _ => None,
    };
    let fields = Fields {
        event: "task",
        id: &task.key.0,
        service: &task.service,
        task_type: &task.task_type,
        name: &task.name,
        lane: task.lane.word(),
        state: task.state.word(),
        outcome: task.outcome.map(Outcome::word),
        reason: task.reason.as_ref().map(Reason::word),
        task_id: task.task_id.as_deref(),
        scheduled_task_id: task.scheduled_task_id.as_deref(),
        own: task.own.is_some(),
        hidden: task.hidden,
        starting,
        started_at: task.started.map(|seen| moment(seen.at.utc)),
        ended_at: task.ended.filter(|_| ended).map(|seen| moment(seen.at.utc)),
        duration_s: duration.map(|(duration, _)| seconds(duration)),
        duration_at_least: duration.is_some_and(|(_, exact)| !exact),
        run_at: task.run_at.as_ref().map(stamp),
        group: task.group.as_ref().map(|member| GroupField {
            name: &member.mark.name,
            tag: &member.mark.tag,
            place: member.mark.place,
            of: member.mark.of,
        }),
        error: failure.or(not_sent),
    };
    open(&fields)
}

/// What is usual for a task that is not over yet.
#[derive(Debug, Serialize)]
struct UsualField {
    median_s: f64,
    low_s: f64,
    high_s: f64,
    runs: usize,
    basis: &'static str,
}

/// The value of `usual`: an object, or `null` for a task that is over and where too few runs are known.
pub fn usual(store: &Store, task: &Task) -> String {
    let open = !matches!(task.state, State::Ended | State::Unknown);
    let usual = store.usual(task).filter(|_| open).map(|usual| UsualField {
        median_s: seconds(usual.median),
        low_s: seconds(usual.low),
        high_s: seconds(usual.high),
        runs: usual.runs,
        basis: usual.basis.word(),
    });
    serde_json::to_string(&usual).unwrap_or_else(|_| "null".to_owned())
}

/// With milliseconds.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Any object without its closing brace.
pub fn open(fields: &impl Serialize) -> String {
    // Nothing here can fail: keys are text, and there are no maps.
    let mut text = serde_json::to_string(fields).unwrap_or_else(|_| "{}".to_owned());
    text.pop();
    text
}

/// A moment: RFC 3339 in UTC, with milliseconds.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn stamp(stamp: &Stamp) -> String {
    stamp.at.map_or_else(|| stamp.raw.to_string(), moment)
}
