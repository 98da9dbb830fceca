//! What keys do in the schedule: marking, cancelling, moving and editing what waits there.
//!
//! Juice can neither move nor change a scheduled task: it is cancelled and submitted anew, and only where the scheduler
//! then says that it is cancelled and never started. Each deed asks first and is bound to tasks' ids.

use chrono::Local;

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        called,
        confirm::{Confirm, Deed},
        line::LineEdit,
        reader::Reader,
        schedule::{self, Schedule},
        session::{self, Cancelled, Way},
    },
    clean::exact,
    store::{Own, State, Task, TaskKey, filter::Saved, timetable::is_scheduled},
    time::{Now, when},
};

use super::{
    compose::{again_on, barred},
    deeds::{moving_lines, not_before},
    set_filter,
};

/// Tasks that a question names before it only counts them.
const NAMED: usize = 8;

/// Cancellations that were asked for together: they are told together.
#[derive(Debug, Default)]
pub struct Batch {
    open: Vec<TaskKey>,
    done: usize,
    runs_on: Vec<String>,
    late: usize,
    failed: Option<String>,
    /// The link was lost before the answer.
    unknown: usize,
}

/// Rows that the schedule has on a body of this height, below its head.
pub fn schedule_height(body: u16) -> usize {
    usize::from(body).saturating_sub(2).max(1)
}

pub(super) fn in_schedule(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let height = schedule_height(app.areas().body.height);
    let Some(Layer::Schedule(schedule)) = app.ui.layers.last_mut() else { return Vec::new() };
    let moving = schedule.moving.is_some();
    if let Some(by) = action.steps(height).filter(|_| !moving) {
        schedule.step(by, height);
        return Vec::new();
    }
    // While a task is on its way, up and down take it along.
    match (action, moving) {
        (Action::Up, true) | (Action::MoveUp, _) => shift(app, true, now),
        (Action::Down, true) | (Action::MoveDown, _) => shift(app, false, now),
        (Action::Open, true) => ask_to_move(app, now),
        (action, true) if action == Action::Mark || action.steps(height).is_some() => {
            app.tell(Severity::Info, "a task is on its way: Enter moves it here, Esc leaves it", now);
        }
        (Action::Mark, _) => {
            if let Err(why) = schedule.mark(&app.session.store, height) {
                app.tell(Severity::Info, why, now);
            }
        }
        (Action::Ended, _) => schedule.ended = !schedule.ended,
        (Action::Filter, _) => {
            let line = LineEdit::new(&schedule.filter_text);
            app.ui.layers.push(Layer::Filter(line));
        }
        (Action::Open, false) => match schedule.selected.clone() {
            Some(key) => {
                app.ui.layers.push(Layer::Task(Box::new(Reader::new(key, &app.settings))));
            }
            None => app.tell(Severity::Info, "nothing is selected", now),
        },
        (Action::Edit, _) => edit(app, now),
        (Action::ReadAgain, _) => return ask_to_read(app, now),
        _ => {}
    }
    Vec::new()
}

/// Esc: first what is under way, then the filter, then the marks, then the schedule itself. True: something was undone
/// and the schedule stays.
pub(super) fn back_in_schedule(schedule: &mut Schedule, now: Now) -> bool {
    if schedule.moving.take().is_some() || schedule.lost_move() {
        return true;
    }
    if !schedule.filter_text.is_empty() {
        schedule.set_filter("", &Saved::default(), now);
        return true;
    }
    let marked = !schedule.marked.is_empty();
    schedule.marked.clear();
    marked
}

/// The filter's line stands above the schedule: what is typed filters that.
pub(super) fn filters_schedule(app: &mut App, text: &str, now: Now) -> bool {
    let schedule = app.ui.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Schedule(schedule) => Some(schedule),
        _ => None,
    });
    let found = schedule.is_some();
    if let Some(schedule) = schedule {
        schedule.set_filter(text, &app.ui.choices.filters, now);
    }
    found
}

fn shift(app: &mut App, up: bool, now: Now) {
    if let Some(why) = barred(app) {
        app.tell(Severity::Warning, why, now);
        return;
    }
    let Some(Layer::Schedule(schedule)) = app.ui.layers.last() else { return };
    let moving = schedule.moving.clone();
    let Some(key) = moving.as_ref().map(|m| m.key.clone()).or_else(|| schedule.selected.clone()) else {
        app.tell(Severity::Info, "nothing is selected", now);
        return;
    };
    match schedule::shifted(app.store(), &key, moving.as_ref(), up, now) {
        Ok(moved) => {
            // A place among tasks that a filter hides could not be seen.
            let filtered =
                matches!(app.ui.layers.last(), Some(Layer::Schedule(s)) if !s.filter_text.is_empty());
            if filtered {
                set_filter(app, "", now);
            }
            if let Some(Layer::Schedule(schedule)) = app.ui.layers.last_mut() {
                schedule.selected = Some(key);
                schedule.moving = Some(moved);
            }
        }
        Err(why) => app.tell(Severity::Info, why, now),
    }
}

fn ask_to_move(app: &mut App, now: Now) {
    let Some(Layer::Schedule(schedule)) = app.ui.layers.last_mut() else { return };
    let Some(moving) = schedule.moving.take() else { return };
    let place = match schedule::place(&app.session.store, &moving, now) {
        Ok(place) => place,
        Err(why) => {
            app.tell(Severity::Info, format!("not moved: {why}"), now);
            return;
        }
    };
    let Some(task) = app.store().task(&moving.key).cloned() else { return };
    let id = app.session.new_id();
    let Some(frame) = session::frame_of(&task, id) else {
        app.tell(
            Severity::Warning,
            "its payload was not seen and Juice's list has none: it cannot be moved",
            now,
        );
        return;
    };
    let at = when::fixed(&place.at.with_timezone(&Local));
    let moving = moving_lines(app, &task);
    let hardware = moving.is_some();
    let mut lines =
        moving.unwrap_or_else(|| vec![format!("{} on {}", called(&task.name), exact(&task.service))]);
    lines.push(format!("It will be {}.", not_before(&at, app.store().by_lab(now))));
    if !place.overtakes.is_empty() {
        lines.push(format!("It overtakes {}.", listed(&place.overtakes)));
    }
    if !place.lets_pass.is_empty() {
        lines.push(format!("It lets pass {}.", listed(&place.lets_pass)));
    }
    if place.further {
        lines.push("It goes that far because its neighbours are due in the same microsecond.".to_owned());
    }
    lines.extend(replacing(&task));
    app.ask(
        Confirm::new(
            "Move this scheduled task?",
            lines,
            ("move it", "leave it where it is"),
            Deed::Replace { key: task.key, frame: Box::new(frame), way: Way::Scheduled(Some(at)) },
            now,
        )
        .surely(hardware),
    );
}

/// What is said before a task is cancelled and submitted anew.
pub(super) fn replacing(task: &Task) -> Vec<String> {
    let mut lines = vec![
        format!(
            "Juice cannot change a scheduled task: {} is cancelled, and submitted anew under another id.",
            task.key
        ),
        "It is submitted only if the scheduler then says that it is cancelled and never started.".to_owned(),
    ];
    if task.own.is_none() {
        lines.push("It is somebody else's: what is submitted anew is yours.".to_owned());
    }
    lines
}

/// Names in a row, the first few of them.
fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(NAMED).map(|name| called(name)).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text
}

/// Opens the selected task in the composer. Sending it there replaces it.
/// The task at hand, if it can be edited.
pub(super) fn editable(app: &App) -> Result<&Task, &'static str> {
    let task = app.task_at_hand()?;
    let waits = matches!(task.state, State::Scheduled | State::Waiting) && task.scheduled_task_id.is_some();
    match waits {
        false => Err("only a scheduled task that waits can be edited; r sends one like it"),
        true if task.payload.is_none() => {
            Err("its payload was not seen and Juice's list has none: it cannot be edited")
        }
        true => Ok(task),
    }
}

fn edit(app: &mut App, now: Now) {
    let task = match editable(app) {
        Ok(task) => task.clone(),
        Err(why) => return app.tell(Severity::Info, why, now),
    };
    let at = task.run_at.as_ref().and_then(|stamp| stamp.at).map(|at| when::fixed(&at.with_timezone(&Local)));
    again_on(app, &task, now);
    if let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() {
        compose.replaces = Some(task.key);
        compose.open_with(Way::Scheduled(at));
        compose.way_reason.clear();
        app.tell(Severity::Info, "sending it cancels the scheduled one and submits this instead", now);
    }
}

/// Asks before the marked tasks are cancelled. False: nothing is marked here.
pub(super) fn ask_to_cancel_marked(app: &mut App, now: Now) -> bool {
    let Some(Layer::Schedule(schedule)) = app.ui.layers.last() else { return false };
    if schedule.marked.is_empty() {
        return false;
    }
    let tasks: Vec<&Task> = schedule.marked.iter().filter_map(|key| app.store().task(key)).collect();
    let (open, early): (Vec<&Task>, Vec<&Task>) =
        tasks.into_iter().partition(|task| task.scheduled_task_id.is_some());
    if open.is_empty() {
        app.tell(Severity::Info, "the scheduler has not told yet that it has what is marked", now);
        return true;
    }
    let started = |task: &&Task| !matches!(task.state, State::Scheduled | State::Waiting);
    let mut lines = Vec::new();
    for task in open.iter().take(NAMED) {
        let fate = if started(task) { ": runs already, it will not be stopped" } else { "" };
        lines.push(format!("  {} on {}{fate}", called(&task.name), exact(&task.service)));
    }
    if open.len() > NAMED {
        let more = &open[NAMED..];
        let running = more.iter().filter(|task| started(task)).count();
        let running = if running > 0 { format!(", of which {running} run already") } else { String::new() };
        lines.push(format!("  and {} more{running}", more.len()));
    }
    if open.iter().any(started) {
        lines.push(
            "To a running one the scheduler says yes all the same: it is only marked as cancelled."
                .to_owned(),
        );
    }
    match early.len() {
        0 => {}
        1 => lines.push("One is left out: the scheduler has not told yet that it has it.".to_owned()),
        n => lines.push(format!("{n} are left out: the scheduler has not told yet that it has them.")),
    }
    let keys: Vec<TaskKey> = open.iter().map(|task| task.key.clone()).collect();
    let n = keys.len();
    app.ask(Confirm::new(
        if n == 1 {
            "Cancel this scheduled task?".to_owned()
        } else {
            format!("Cancel these {n} scheduled tasks?")
        },
        lines,
        (
            if n == 1 { "cancel it".to_owned() } else { format!("cancel all {n}") },
            if n == 1 { "keep it" } else { "keep them" },
        ),
        Deed::CancelAll(keys),
        now,
    ));
    true
}

/// Cancels what was asked about and has not ended meanwhile.
pub(super) fn cancel_all(app: &mut App, keys: &[TaskKey], now: Now) -> Vec<Effect> {
    let mut batch = Batch::default();
    let mut effects = Vec::new();
    for key in keys {
        if app.store().task(key).is_none_or(|task| task.state == State::Ended) {
            batch.late += 1;
            continue;
        }
        match app.session.cancel(key, now) {
            Ok(frames) => {
                effects.extend(frames.into_iter().map(Effect::Send));
                batch.open.push(key.clone());
            }
            Err(why) => batch.failed = Some(why),
        }
    }
    if let Some(Layer::Schedule(schedule)) = app.ui.layers.last_mut() {
        schedule.marked.retain(|key| !keys.contains(key));
    }
    app.ui.batch = Some(batch);
    tell_batch(app, now);
    effects
}

/// Takes the answer to one of several cancellations; false: it belongs to none.
pub(super) fn in_batch(app: &mut App, key: &TaskKey, done: &Cancelled, now: Now) -> bool {
    let name = app
        .store()
        .task(key)
        .map_or_else(|| exact(&key.0).into_owned(), |task| called(&task.name).into_owned());
    let Some(batch) = &mut app.ui.batch else { return false };
    let Some(at) = batch.open.iter().position(|open| open == key) else { return false };
    batch.open.remove(at);
    match done {
        Cancelled::Done => batch.done += 1,
        Cancelled::RunsOn => batch.runs_on.push(name),
        Cancelled::TooLate => batch.late += 1,
        Cancelled::Failed(why) => batch.failed = Some(format!("{name}: {why}")),
        Cancelled::Unknown => batch.unknown += 1,
    }
    tell_batch(app, now);
    true
}

/// What a cancellation is whose answer was lost.
pub(super) const UNSETTLED: &str =
    "asked for, and the link was lost before the answer; the list that is read when it is back will tell";

/// Once all have been answered: what came of them.
fn tell_batch(app: &mut App, now: Now) {
    let Some(batch) = app.ui.batch.take_if(|batch| batch.open.is_empty()) else { return };
    let mut text = format!("cancelled: {}", batch.done);
    if !batch.runs_on.is_empty() {
        text.push_str(&format!("; had started and run on: {}", listed(&batch.runs_on)));
    }
    if batch.late > 0 {
        text.push_str(&format!("; had ended meanwhile: {}", batch.late));
    }
    if let Some(why) = &batch.failed {
        text.push_str(&format!("; not cancelled: {why}"));
    }
    if batch.unknown > 0 {
        text.push_str(&format!("; {}: {}", UNSETTLED, batch.unknown));
    }
    let severity = match (&batch.failed, batch.runs_on.is_empty() && batch.late == 0) {
        (Some(_), _) => Severity::Error,
        (None, _) if batch.unknown > 0 => Severity::Error,
        (None, false) => Severity::Warning,
        (None, true) => Severity::Info,
    };
    app.tell(severity, text, now);
}

/// Reads the scheduler's list again; where it was large last time, after a question.
fn ask_to_read(app: &mut App, now: Now) -> Vec<Effect> {
    /// From here on the lab's router stands still for a while, bytes.
    const LARGE: usize = 4 << 20;
    let bytes = app.session.list_read.map_or(0, |(_, bytes)| bytes);
    if bytes < LARGE {
        return super::deeds::asked(app, |s| s.read_list(now), now);
    }
    let size = crate::app::document::bytes(bytes);
    app.ask(Confirm::new(
        "Read the scheduler's list again?",
        vec![
            format!("It was {size} last time: the lab's router stands still while it puts that together,"),
            "and everybody on the bus gets it. What changes is heard without it.".to_owned(),
        ],
        ("read it", "leave it"),
        Deed::ReadList,
        now,
    ));
    Vec::new()
}

/// A task that was to be replaced was not, or not whole: says so, and brings the payload back where it would be lost.
pub(super) fn not_replaced(
    app: &mut App,
    key: &TaskKey,
    way: &Way,
    done: &Cancelled,
    why: Option<String>,
    now: Now,
) {
    let task = app.store().task(key).cloned();
    let name = task.as_ref().map_or_else(|| exact(&key.0).into_owned(), |t| called(&t.name).into_owned());
    let direct = task.as_ref().is_some_and(|task| task.own == Some(Own::Apart));
    let unobserved =
        task.as_ref().is_some_and(|task| direct && task.state == State::Unknown && task.started.is_some());
    let (severity, text) = match (done, why) {
        (Cancelled::RunsOn, _) if unobserved => (
            Severity::Error,
            format!("it had just begun: it runs on unobserved, and nothing was sent in its place: {name}"),
        ),
        (Cancelled::Unknown, _) if direct => (
            Severity::Error,
            format!(
                "its connection is closed, and the bus did not tell whether it had begun: nothing was sent in its place. \
                 Look before you send it again: {name}"
            ),
        ),
        (Cancelled::Failed(why), _) if direct => {
            (Severity::Error, format!("not taken back: {why}; it still waits here: {name}"))
        }
        (Cancelled::RunsOn, _) => {
            (Severity::Warning, format!("it had started and runs on; nothing was submitted anew: {name}"))
        }
        (Cancelled::TooLate, _) => {
            (Severity::Warning, format!("it had ended already; nothing was submitted anew: {name}"))
        }
        (Cancelled::Failed(why), _) => (
            Severity::Error,
            format!("nothing was submitted anew: {why}. Look before you send it again: {name}"),
        ),
        (Cancelled::Unknown, _) => (
            Severity::Error,
            format!(
                "nothing was submitted anew: the link was lost before the scheduler's answer, so it is cancelled or not. \
                 Look before you send it again: {name}"
            ),
        ),
        (Cancelled::Done, why) => {
            let why = why.unwrap_or_default();
            let kept = rescue(app, task.as_ref(), way, now);
            (Severity::Error, format!("cancelled, but not submitted anew: {why}. {kept}"))
        }
    };
    app.tell(severity, text, now);
}

/// Opens the composer on a task that is in no list any more, unless something else is being typed; says where its
/// payload is.
pub(super) fn rescue(app: &mut App, task: Option<&Task>, way: &Way, now: Now) -> &'static str {
    use crate::app::action::Context;
    // It was edited, and the composer is still open: now there is nothing to replace any more.
    let new_id = app.session.new_id();
    let edited = app.ui.layers.iter_mut().find_map(|layer| match layer {
        Layer::Compose(compose) if task.is_some_and(|t| compose.replaces.as_ref() == Some(&t.key)) => {
            Some(compose)
        }
        _ => None,
    });
    if let Some(compose) = edited {
        compose.replaces = None;
        compose.id = new_id;
        return "Its payload is in the composer, to be sent again";
    }
    let free = matches!(app.context(), Context::Lanes | Context::Schedule | Context::Task);
    let Some(task) = task.filter(|task| free && task.payload.is_some() && is_scheduled(task)) else {
        return "The cancelled task keeps its payload: r on it opens it again";
    };
    again_on(app, task, now);
    match app.ui.layers.last_mut() {
        Some(Layer::Compose(compose)) => {
            compose.open_with(way.clone());
            "Its payload is in the composer, to be sent again"
        }
        _ => "The cancelled task keeps its payload: r on it opens it again",
    }
}
