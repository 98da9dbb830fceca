//! Letting a task's own class make what only it can: the code of a cell, the exact display name; of a group all of them
//! in one run. It runs the lab's Python on this machine, so it is asked about once in a run of the program; and what was
//! made is shown before it is sent, by the next press of the send key.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        compose::Compose,
        confirm::{Confirm, Deed},
        form::FormPane,
        msg::NotMade,
        session::Way,
    },
    catalogue::{script::Envelope, sweep::Payloads},
    time::Now,
    wire::Text,
};

use super::{compose::barred, form::go_to_wrong, groups};

/// What the send key does first. `None`: nothing, the task can go its way.
pub(super) fn before_sending(app: &mut App, now: Now) -> Option<Vec<Effect>> {
    if let Some(Layer::Compose(compose)) = app.ui.layers.last_mut()
        && compose.form_mut().is_some_and(FormPane::drop_stale_code)
    {
        compose.check();
    }
    let Some(Layer::Compose(compose)) = app.ui.layers.last() else { return None };
    let bar = barred(app).filter(|_| app.settings.read_only || compose.way != Way::Alone);
    if compose.made.is_some() || bar.is_some() {
        return None;
    }
    let code = compose.lacks_code();
    if !code && !wants_name(app, compose) {
        return None;
    }
    // What cannot be sent anyway needs no Python.
    if let Some(why) = groups::hindrance(app, compose) {
        app.tell(Severity::Warning, why, now);
        return Some(Vec::new());
    }
    let class = compose.task_type.class.clone();
    let Some(python) = app.settings.python.clone() else {
        app.tell(
            Severity::Warning,
            format!(
                "not sent: `code` is missing, which only the class {class} makes: name the lab's Python in config.toml \
                 ([catalogue] python = \"…\"), or send the code as RawIPython"
            ),
            now,
        );
        return Some(Vec::new());
    };
    let id = compose.id.clone();
    let Some(path) = compose.task_type.path() else {
        if !code {
            return None;
        }
        let key = app.key(Action::RefreshTypes).unwrap_or_default();
        let why = match compose.task_type.is_of_cells() {
            true => format!(
                "not sent: `code` is missing, and {class} stands in the kernel's own cells, which no Python here can \
                 import: send the code as RawIPython"
            ),
            false => format!(
                "not sent: in which module {class} stands is not known, so no Python can make its `code`; {key} asks \
                 the kernel for it"
            ),
        };
        app.tell(Severity::Warning, why, now);
        return Some(Vec::new());
    };
    if app.ui.making.as_ref() == Some(&id) {
        let key = app.key(Action::Back).unwrap_or_default();
        app.tell(Severity::Info, format!("Python is still at it; {key} stops it"), now);
        return Some(Vec::new());
    }
    if app.ui.python == Some(true) {
        return Some(make(app, now));
    }
    let what = match (code, compose.tasks()) {
        (true, 1) => "the code of its cell".to_owned(),
        (true, count) => format!("the code of its {count} cells"),
        (false, 1) => "its exact name".to_owned(),
        (false, count) => format!("its {count} exact names"),
    };
    let mut lines = vec![
        format!(
            "Only the class {path} makes {what}. Importing it runs the lab's modules here, which may open instruments."
        ),
        "Nothing is sent by it: what it makes is shown first (about 2 s).".to_owned(),
        format!("With {python}"),
    ];
    match (code, compose.tasks()) {
        (true, _) => {}
        (false, 1) => lines.push("Without it the task goes out with juicetop's own name for it.".to_owned()),
        (false, _) => {
            lines.push("Without it the tasks go out with juicetop's own names for them.".to_owned());
        }
    }
    app.ask(Confirm::new(
        format!("Let Python make {what}?"),
        lines,
        ("run it (for this session)", "do not run it"),
        Deed::RunPython(id),
        now,
    ));
    Some(Vec::new())
}

/// Whether Python is to make the display name of a task that could be sent.
fn wants_name(app: &App, compose: &Compose) -> bool {
    app.settings.exact_names
        && app.settings.python.is_some()
        && app.ui.python != Some(false)
        && !compose.nameless
        && compose.sendable().is_ok()
        && compose.task_type.schema.is_some()
        && !compose.task_type.is_name_certain(&compose.frame().payload)
}

/// The person said yes.
pub(super) fn allowed(app: &mut App, id: &Text, now: Now) -> Vec<Effect> {
    app.ui.python = Some(true);
    match app.ui.layers.last() {
        Some(Layer::Compose(compose)) if compose.id == *id => make(app, now),
        _ => Vec::new(),
    }
}

/// The person said no.
pub(super) fn refused(app: &mut App, now: Now) {
    app.ui.python = Some(false);
    let code = matches!(app.ui.layers.last(), Some(Layer::Compose(compose)) if compose.lacks_code());
    let key = app.key(Action::Send).unwrap_or_default();
    let text = if code {
        "not sent: without Python the cell has no code".to_owned()
    } else {
        format!("{key} sends it with juicetop's own name")
    };
    app.tell(Severity::Info, text, now);
}

fn make(app: &mut App, now: Now) -> Vec<Effect> {
    let Some(Layer::Compose(compose)) = app.ui.layers.last() else { return Vec::new() };
    let Some(class) = compose.task_type.path() else { return Vec::new() };
    let Some(of) = compose.payloads() else { return Vec::new() };
    let id = compose.id.clone();
    app.ui.making = Some(id.clone());
    let what = if of.count() == 1 { "it".to_owned() } else { format!("all {}", of.count()) };
    let key = app.key(Action::Back).unwrap_or_default();
    app.tell(Severity::Info, format!("{class} makes {what}, in the lab's Python … ({key} stops it)"), now);
    vec![Effect::Make { id, class, of }]
}

/// Stops the Python that makes something for the composer on top; nothing where none does.
pub(super) fn stop(app: &App) -> Vec<Effect> {
    match (app.ui.layers.last(), &app.ui.making) {
        (Some(Layer::Compose(compose)), Some(id)) if compose.id == *id => {
            vec![Effect::StopMaking(id.clone())]
        }
        _ => Vec::new(),
    }
}

/// The class has made it, or has not.
pub(super) fn made(
    app: &mut App,
    id: &Text,
    of: &Payloads,
    result: Result<Vec<Envelope>, NotMade>,
    now: Now,
) {
    if app.ui.making.as_ref() == Some(id) {
        app.ui.making = None;
    }
    app.ui.revision += 1;
    let key = app.key(Action::Send).unwrap_or_default();
    let found = app.ui.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Compose(compose) if compose.id == *id => Some(compose),
        _ => None,
    });
    // The person has left the composer meanwhile: nobody waits for it.
    let Some(compose) = found else { return };
    let changed = format!("the payload has changed meanwhile: {key} lets Python make it anew");
    let (severity, text) = match result {
        Ok(envelopes) => match (compose.take_made(of, envelopes), of.count()) {
            (true, count) => {
                compose.frame_shown = true;
                compose.frame_top = 0;
                let text = match count {
                    1 => format!("its class made this: {key} sends it"),
                    _ => format!("made all {count}: {key} sends them (first and last are shown)"),
                };
                (Severity::Info, text)
            }
            (false, _) => (Severity::Warning, changed),
        },
        Err(NotMade::Refused(refused)) => match compose.take_refused(of, &refused) {
            Some(told) => {
                if let Some(form) = compose.form_mut() {
                    go_to_wrong(form);
                }
                (Severity::Error, format!("not sent: its class refuses {told}"))
            }
            None => (Severity::Warning, changed),
        },
        Err(NotMade::Failed(why)) if compose.lacks_code() => (Severity::Error, format!("not sent: {why}")),
        Err(NotMade::Failed(why)) => {
            compose.nameless = true;
            let own = if of.count() == 1 {
                "sends it with juicetop's own"
            } else {
                "sends them with juicetop's own"
            };
            let what = if of.count() == 1 { "exact name" } else { "exact names" };
            (Severity::Error, format!("no {what}: {why}; {key} {own}"))
        }
    };
    app.tell(severity, text, now);
}
