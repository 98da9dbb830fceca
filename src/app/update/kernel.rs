//! Asking a service's kernel: for its task types, or for the traceback of a cell that failed. It runs a cell there,
//! which takes the slot, so it is asked about first; the answer comes as the reply of that cell.

use crate::{
    app::{
        App, Asked, Asking, Effect, Layer, Severity, called,
        confirm::{Confirm, Deed},
        session::Way,
        traces::{Logged, Origin, failed_in_cell},
    },
    catalogue::script,
    clean::exact,
    store::{Lane, Outcome, Reason, State, Task, TaskKey},
    time::Now,
    traceback::kernel::{self, LastException},
    wire::Text,
};

use super::compose::barred;

/// Why a kernel cannot be asked, if it cannot.
pub(super) fn why_not(app: &App, service: &Text, what: &Asking) -> Option<(Severity, String)> {
    let alone = app.session.is_alone(service);
    if let Some(why) = barred(app).filter(|_| app.settings.read_only || !alone) {
        return Some((Severity::Warning, format!("the kernel is not asked: {why}")));
    }
    let asked = app.ui.asked.iter().any(|asked| asked.service == *service && asked.what == *what);
    asked.then(|| (Severity::Info, format!("{}'s kernel was asked and has not answered yet", exact(service))))
}

/// What a question to a kernel means for others, a sentence each.
pub(super) fn consequences(app: &App, service: &Text) -> Vec<String> {
    let mut lines = vec![
        format!(
            "A cell takes {}'s slot: it waits behind what runs there, what comes later waits for it (some 50 ms).",
            exact(service)
        ),
        running(app, service),
        "Others see one `busy`, one `idle` and one task, hidden from dashboards.".to_owned(),
        "Once asked it is withdrawn only by leaving juicetop. `_` may hold its answer.".to_owned(),
    ];
    if app.session.is_alone(service) {
        lines.push("It goes to the service's own port, past the task manager.".to_owned());
    }
    lines
}

/// What a question would wait for, as far as is known.
fn running(app: &App, service: &str) -> String {
    let mut holders = app.store().tasks().filter(|task| {
        *task.service == *service
            && task.lane == Lane::Sequential
            && matches!(task.state, State::Running { .. } | State::Waiting)
    });
    match holders.next() {
        Some(task) => {
            let more = holders.count();
            let others = if more > 0 { format!(", and {more} more") } else { String::new() };
            format!("There now: {}{others}.", called(&task.name))
        }
        None => "Nothing is seen to hold the slot now; others may wait unseen.".to_owned(),
    }
}

/// Looks in the service's log for the traceback of the cell that somebody reads, if it failed. That only reads, so nobody
/// is asked.
pub(super) fn look_in_log(app: &mut App, now: Now) -> Option<Effect> {
    let key = match app.ui.layers.last() {
        Some(Layer::Task(reader)) => &reader.key,
        None => &app.ui.side.as_ref().filter(|_| app.areas().side.is_some())?.key,
        _ => return None,
    };
    let task = app.session.store.task(key)?;
    app.ui.traces.wanted(task, now).map(Effect::FindLogged)
}

/// The log has answered.
pub(super) fn logged(app: &mut App, key: &TaskKey, answer: Result<Vec<Logged>, String>, now: Now) {
    match app.session.store.task(key) {
        Some(task) => {
            app.ui.traces.answered(task, answer, now);
        }
        None => app.ui.traces.forget(key),
    }
}

/// Offers to ask for the traceback of the task that is read.
pub(super) fn offer_traceback(app: &mut App, now: Now) {
    let task = match app.task_at_hand() {
        Ok(task) => task.clone(),
        Err(why) => return app.tell(Severity::Info, why, now),
    };
    let (severity, told) = match refusal(app, &task) {
        Some(refusal) => refusal,
        None => {
            let name = task.failure().and_then(|error| error.ename.clone()).unwrap_or_else(|| "it".into());
            let mut lines = vec![format!(
                "The kernel keeps the last exception of a cell. It is shown only if it is this one: {name}."
            )];
            lines.extend(consequences(app, &task.service));
            app.ask(Confirm::new(
                format!("Ask {}'s kernel for the traceback?", exact(&task.service)),
                lines,
                ("ask it", "leave it"),
                Deed::AskTraceback(task.key),
                now,
            ));
            return;
        }
    };
    app.tell(severity, told, now);
}

/// Why the kernel is not asked for the traceback of this task.
fn refusal(app: &App, task: &Task) -> Option<(Severity, String)> {
    if !failed_in_cell(task) {
        let told = match task.failure() {
            Some(error) if error.traceback.is_some() => "its traceback is here",
            Some(_) => "no cell of a kernel raised this: nobody has a traceback of it",
            None => "it has not failed",
        };
        return Some((Severity::Info, told.to_owned()));
    }
    if app.ui.traces.of(task).is_some() {
        return Some((Severity::Info, "its traceback is here".to_owned()));
    }
    if let Some(later) = failed_later(app, task) {
        let told = format!("the kernel has it no more: another cell has failed since, {}", later.name);
        return Some((Severity::Warning, told));
    }
    why_not(app, &task.service, &Asking::Traceback(task.key.clone()))
}

/// A cell of the same service that failed after this one, as far as was seen.
fn failed_later<'a>(app: &'a App, task: &Task) -> Option<&'a Task> {
    let ended = task.ended?.at.mono;
    app.store().tasks().find(|other| {
        other.service == task.service
            && other.key != task.key
            && other.outcome == Some(Outcome::Failed)
            && failed_in_cell(other)
            && other.ended.is_some_and(|seen| seen.at.mono > ended)
    })
}

/// Asks, after *yes*.
pub(super) fn ask_traceback(app: &mut App, key: &TaskKey, now: Now) -> Vec<Effect> {
    let Some(task) = app.store().task(key).cloned() else {
        app.tell(Severity::Info, "the task is not known any more", now);
        return Vec::new();
    };
    // Another cell may have failed since the question.
    if let Some((severity, why)) = refusal(app, &task) {
        app.tell(severity, why, now);
        return Vec::new();
    }
    ask(app, task.service, Asking::Traceback(task.key), now)
}

/// Asks the kernel.
pub(super) fn ask(app: &mut App, service: Text, what: Asking, now: Now) -> Vec<Effect> {
    // It may have become read-only, or another answer may have come, since the question.
    if let Some((severity, why)) = why_not(app, &service, &what) {
        app.tell(severity, why, now);
        return Vec::new();
    }
    let way = if app.session.is_alone(&service) { Way::Alone } else { Way::Direct };
    let id = app.session.new_id();
    let frame = match what {
        Asking::Types => script::question(id.clone(), &service),
        Asking::Traceback(_) => kernel::question(id.clone(), &service),
    };
    match app.session.submit(frame, &way, now) {
        Err(why) => {
            app.tell(Severity::Error, why, now);
            Vec::new()
        }
        Ok(frames) => {
            let told = format!("{}'s kernel is asked; its answer comes when it is free", exact(&service));
            app.tell(Severity::Info, told, now);
            app.ui.asked.push(Asked { service, id, what });
            frames.into_iter().map(Effect::Send).collect()
        }
    }
}

/// Looks whether a kernel has answered.
pub(super) fn look_at_answers(app: &mut App, now: Now) -> Vec<Effect> {
    if app.ui.asked.is_empty() {
        return Vec::new();
    }
    let mut effects = Vec::new();
    let mut open = Vec::new();
    for asked in std::mem::take(&mut app.ui.asked) {
        let Some(task) = app.store().find(&asked.id) else { continue };
        let answer = match task.state {
            State::Ended => match (&task.reason, task.failure()) {
                // The session has told it.
                (Some(Reason::NotSent(_)), _) => continue,
                (_, Some(error)) => {
                    let name = error.ename.as_deref().unwrap_or("error");
                    let message = error.evalue.as_deref().unwrap_or_default();
                    Err(format!("{name}: {}", message.lines().next().unwrap_or_default()))
                }
                (_, None) => match task.reply.as_ref().and_then(|reply| reply.result(true)) {
                    Some(raw) => Ok(raw.to_owned()),
                    None => Err("the answer was not seen".to_owned()),
                },
            },
            State::Unknown => Err("the link was lost before it came".to_owned()),
            _ => {
                open.push(asked);
                continue;
            }
        };
        let Asked { service, what, .. } = asked;
        let done = answer.and_then(|raw| match &what {
            Asking::Types => {
                super::types::answered(app, &service, &raw, now).map(|more| effects.extend(more))
            }
            Asking::Traceback(key) => traceback(app, key, &raw, now),
        });
        if let Err(why) = done {
            app.tell(Severity::Error, format!("no answer from {}'s kernel: {why}", exact(&service)), now);
        }
    }
    app.ui.asked = open;
    effects
}

/// The kernel told its last exception: shown only if it is the task's.
fn traceback(app: &mut App, key: &TaskKey, raw: &str, now: Now) -> Result<(), String> {
    let found = LastException::parse(raw)?;
    let Some(task) = app.store().task(key) else { return Ok(()) };
    let error = task.failure();
    let is_it = |found: &LastException| {
        error.is_some_and(|error| {
            error.ename.as_deref() == Some(found.name.as_str())
                && error.evalue.as_deref().unwrap_or_default() == found.message
        })
    };
    let (severity, told) = match found {
        None => (Severity::Warning, "the kernel keeps no exception: it was restarted since".to_owned()),
        Some(found) if !is_it(&found) => {
            let first = found.message.lines().next().unwrap_or_default();
            let told = format!("the kernel's last exception is another one: {}: {first}", found.name);
            (Severity::Warning, told)
        }
        Some(_) if failed_later(app, task).is_some() => (
            Severity::Warning,
            "another cell has failed since: whose exception it is cannot be told".to_owned(),
        ),
        Some(found) => {
            app.ui.traces.keep(key.clone(), found.traceback.into(), Origin::Memory);
            (Severity::Info, "the kernel had it: here is the traceback".to_owned())
        }
    };
    app.ui.revision += 1;
    app.tell(severity, told, now);
    Ok(())
}
