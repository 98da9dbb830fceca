//! What keys do in the services' log and in a record of it, and what comes back from beside the loop.

use std::time::Duration;

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::{Action, Context},
        copy_as::{CopyAs, ErrorTexts},
        line::LineEdit,
        logs::{Logs, around, of_service},
        record::{self, RecordPane},
    },
    clean::Clean,
    time::Now,
    wire::logs::{Failed, Found, Part},
};

/// Rows that the list has below its head, and below what is told there.
pub fn logs_height(app: &App) -> usize {
    usize::from(app.areas().body.height).saturating_sub(2 + logs_note(app).len()).max(1)
}

/// What is told above the list: why the log could not be asked, and what helps.
pub fn logs_note(app: &App) -> Vec<Clean> {
    let logs = app.ui.layers.iter().rev().find_map(|layer| match layer {
        Layer::Logs(logs) => Some(logs),
        _ => None,
    });
    let Some(failure) = logs.and_then(|logs| logs.failure.as_ref()) else { return Vec::new() };
    let key = app.key(Action::ReadAgain).unwrap_or_default();
    let body = app.areas().body;
    let text = Clean::line(&format!("{}. {key} tries again.", failure.what), app.settings.charset);
    let most = usize::from(body.height / 2).clamp(1, 4);
    text.wrap(usize::from(body.width).saturating_sub(3).max(1)).into_iter().take(most).collect()
}

/// The log, if it is on the screen: above all other lists, for none opens from it.
pub(super) fn shown(app: &mut App) -> Option<&mut Logs> {
    app.ui.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Logs(logs) => Some(&mut **logs),
        _ => None,
    })
}

/// Somebody sees it, with nothing above it.
fn is_seen(app: &App) -> bool {
    !app.ui.behind && matches!(app.ui.layers.last(), Some(Layer::Logs(_)))
}

/// Asks what has to be asked; tells when nobody waits any more.
pub(super) fn ask(app: &mut App, now: Now) -> Option<Effect> {
    let seen = is_seen(app);
    let can = app.settings.no_log.is_none();
    let logs = app.ui.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Logs(logs) => Some(logs),
        _ => None,
    });
    match logs {
        None => app.ui.log.give_up().then_some(Effect::ForgetLog),
        Some(logs) if can => {
            let question = logs.question(&mut app.ui.log, seen, now)?;
            // What is new is asked for every few seconds, and nothing tells of that.
            app.ui.revision += u64::from(!matches!(question.part, Part::Since(_)));
            Some(Effect::AskLog(Box::new(question)))
        }
        Some(_) => None,
    }
}

/// The next moment at which there is something to ask.
pub(in crate::app) fn wake_at(app: &App) -> Option<Duration> {
    let logs = app.ui.layers.iter().rev().find_map(|layer| match layer {
        Layer::Logs(logs) => Some(logs),
        _ => None,
    })?;
    logs.wake_at(&app.ui.log, is_seen(app)).filter(|_| app.settings.no_log.is_none())
}

/// The log has answered.
pub(super) fn answered(app: &mut App, id: u64, answer: Result<Found, Failed>, now: Now) {
    app.ui.log.answered(id);
    if shown(app).is_some_and(|logs| logs.take(id, answer, now)) {
        app.ui.revision += 1;
    }
}

fn open(app: &mut App, filter: &str, now: Now) {
    app.ui.layers.push(Layer::Logs(Box::new(Logs::new(filter, now))));
}

/// Opens all of it.
pub(super) fn open_all(app: &mut App, now: Now) {
    open(app, "", now);
}

/// Opens what was logged around the task that is read.
pub(super) fn open_around(app: &mut App, now: Now) {
    match app.task_at_hand() {
        Ok(task) => {
            let filter = around(task, now);
            open(app, &filter, now);
        }
        Err(why) => app.tell(Severity::Info, why, now),
    }
}

/// Opens what the selected service has logged.
pub(super) fn open_service(app: &mut App, now: Now) {
    let Some(Layer::Services(services)) = app.ui.layers.last() else { return };
    if let Some(service) = services.selected.clone() {
        open(app, &of_service(&service), now);
    }
}

/// Goes back to the filter that it was opened with. False: it is that one.
pub(super) fn back(app: &mut App, now: Now) -> bool {
    let Some(Layer::Logs(logs)) = app.ui.layers.last_mut() else { return false };
    let is_another = logs.filter_text != logs.begun_with;
    if is_another {
        let text = logs.begun_with.clone();
        logs.set_filter(&text, now);
        logs.hurry(now);
    }
    is_another
}

pub(super) fn in_logs(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let height = logs_height(app);
    let why_not = app.settings.no_log.clone();
    let Some(Layer::Logs(logs)) = app.ui.layers.last_mut() else { return Vec::new() };
    if let Some(by) = action.steps(height) {
        logs.step(by, height);
        return Vec::new();
    }
    match action {
        Action::Filter => {
            let line = LineEdit::new(&logs.filter_text);
            app.ui.layers.push(Layer::Filter(line));
        }
        Action::ReadAgain | Action::Follow if why_not.is_some() => {
            let why = why_not.unwrap_or_default();
            app.tell(Severity::Warning, format!("the log cannot be asked: {why}"), now);
        }
        Action::ReadAgain => logs.ask_now(now),
        Action::Follow => {
            logs.turn(now);
            let told = match (logs.follows, logs.has_end()) {
                (false, _) => "what is new is not asked for",
                (true, true) => "nothing new passes this filter: it ends with until:",
                (true, false) => "what is new is asked for while you are at the newest record",
            };
            app.tell(Severity::Info, told, now);
        }
        Action::Open => match logs.selected().cloned() {
            Some(record) => {
                let pane = RecordPane::new(record, &app.settings);
                app.ui.layers.push(Layer::Record(Box::new(pane)));
            }
            None => app.tell(Severity::Info, "nothing is selected", now),
        },
        _ => {}
    }
    Vec::new()
}

/// What is copied and saved here: of the list the selected record, and all that are at hand as lines of JSON; else the record that is read.
pub(super) fn export(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let (record, all) = match app.ui.layers.last() {
        Some(Layer::Logs(logs)) => (logs.selected(), Some(&logs.lines)),
        Some(Layer::Record(pane)) => (Some(&pane.record), None),
        _ => return Vec::new(),
    };
    let Some(record) = record else {
        app.tell(Severity::Info, "there is no record", now);
        return Vec::new();
    };
    let text = || record::text(record);
    match (action, all) {
        (Action::Save, Some(lines)) => vec![Effect::SaveLog(lines.clone())],
        (Action::Save, None) => {
            let name: String = record.service.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
            let at = record.at.format("%Y%m%d-%H%M%S");
            let name = format!("log-{name}-{at}.txt");
            vec![Effect::SavePrivately { name, text: text().into(), told: "saved" }]
        }
        _ => vec![Effect::Copy { text: text(), what: "the record".to_owned() }],
    }
}

/// Opens the list of what the record that is read can be copied as.
pub(super) fn copy_as(app: &mut App) {
    let Some(Layer::Record(pane)) = app.ui.layers.last() else { return };
    let error = ErrorTexts::of_record(pane, app.settings.juice.as_deref());
    app.ui.layers.push(Layer::CopyAs(Box::new(CopyAs::of_record(error))));
}

/// Whether keys are about the log or a record of it.
pub(super) fn is_here(app: &App) -> bool {
    matches!(app.context(), Context::Logs | Context::Record)
}
