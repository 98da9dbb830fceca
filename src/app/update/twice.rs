//! What may run twice: a task that is to be sent, and one like it went out before of which nobody knows how it stands.
//!
//! Nothing is ever sent again by itself, so this is the one place where a task can run twice by a person's hand. It
//! refuses to forbid it: it says which one, since when and why nobody knows, and leaves the answer to the person.

use std::collections::HashSet;

use chrono::Local;

use crate::{
    app::{App, called, compose::Compose},
    store::{LookedFor, Own, Reason, State, Task},
    wire::json,
};

use super::compose::in_doubt;

/// Tasks that a question names one by one.
const NAMED: usize = 3;

/// What a question has to say before these payloads are sent; empty where nothing is in doubt. Looked at are the task
/// that the composer was filled in from, and own tasks of the same service, type and values, however the composer was
/// opened.
pub(super) fn told(
    app: &App,
    compose: &Compose,
    target: &str,
    task_type: &str,
    payloads: impl Iterator<Item = impl AsRef<str>>,
) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(key) = &compose.again_of {
        match app.store().task(key) {
            None => lines.push(format!("How the task {key} ended is not known: it may run twice.")),
            Some(task) if in_doubt(task) => lines.push(line(task)),
            Some(task) => lines.extend(found_again(task)),
        }
    }
    let first = compose.again_of.as_ref().and_then(|key| app.store().task(key)).map(|task| &task.key);
    let like = |task: &&Task| {
        let same = &*task.service == target && &*task.task_type == task_type;
        same && task.own.is_some() && in_doubt(task) && first != Some(&task.key)
    };
    let doubtful: Vec<(&Task, String)> = app
        .store()
        .tasks()
        .filter(like)
        .filter_map(|task| Some((task, json::compact(task.payload.as_deref()?))))
        .collect();
    if doubtful.is_empty() {
        return lines;
    }
    let payloads: HashSet<String> = payloads.map(|payload| json::compact(payload.as_ref())).collect();
    let twins: Vec<&Task> =
        doubtful.iter().filter(|(_, payload)| payloads.contains(payload)).map(|(task, _)| *task).collect();
    lines.extend(twins.iter().take(NAMED).map(|task| line(task)));
    if twins.len() > NAMED {
        let more = twins.len() - NAMED;
        lines.push(format!("And {more} more with the same values, of which nobody knows how they stand."));
    }
    lines
}

/// One task of which nobody knows how it stands.
fn line(task: &Task) -> String {
    let own = task.own.is_some();
    let at = task.waiting_since.filter(|_| own).map_or(task.first_seen, |since| since.at);
    let at = at.utc.with_timezone(&Local).format("%H:%M:%S");
    let began = if own { "sent" } else { "first seen" };
    let why = why(task);
    format!("{} was {began} at {at}, and {why}: it may run twice.", called(&task.name))
}

/// It was in doubt when the composer was opened, and is not any more.
fn found_again(task: &Task) -> Option<String> {
    let how = match task.state {
        State::Running { .. } => "runs",
        State::Scheduled | State::Waiting => "waits",
        // Its outcome is known now, or the person has put it away.
        State::Ended | State::Unknown => return None,
    };
    Some(format!("{}, which this is to run again, {how} after all: it would run twice.", called(&task.name)))
}

/// Why nobody knows.
fn why(task: &Task) -> &'static str {
    match (&task.reason, task.own) {
        (Some(Reason::LinkLost), Some(Own::Scheduled)) => match task.looked_for {
            Some(LookedFor::NotThere) => {
                "the link was lost before the scheduler's answer; its list has nothing like it, so it probably never got it"
            }
            Some(LookedFor::Alike) => {
                "the link was lost before the scheduler's answer; its list has something like it, which may be this one"
            }
            Some(LookedFor::Likely) | None => {
                "the link was lost before the scheduler's answer, so it may have taken it"
            }
        },
        (Some(Reason::LinkLost), _) => "the link was lost before its reply, so it may have run, or run still",
        (Some(Reason::NotSeen), _) => "the bus was not heard for a while, in which it may have run",
        (Some(Reason::NeverStarted), _) => "its service was not seen to take it, so it probably never ran",
        (Some(Reason::ServiceGone), _) => "its service went away while it ran",
        (Some(Reason::EndMissed), _) => "it ran, and its end was not seen",
        (Some(Reason::Forgotten), _) => "the scheduler, which had it, was restarted",
        (Some(Reason::NoEnd), _) => "Juice's database has no end of it, so it may run still",
        (Some(Reason::OddReply), _) => "it has run, but its reply cannot be read",
        _ => "how it ended is not known",
    }
}
