//! Letting a task's own class make what only it can: the code of a cell, the exact display name. It runs the lab's
//! Python on this machine, so it is asked about once in a run of the program; and what was made is shown before it is
//! sent, by the next press of the send key.

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
    catalogue::script::Envelope,
    time::Now,
    wire::Text,
};

use super::compose::barred;

/// What the send key does first. `None`: nothing, the task can go its way.
pub(super) fn before_sending(app: &mut App, now: Now) -> Option<Vec<Effect>> {
    if let Some(Layer::Compose(compose)) = app.ui.layers.last_mut()
        && compose.form_mut().is_some_and(FormPane::drop_stale_code)
    {
        compose.check();
    }
    let Some(Layer::Compose(compose)) = app.ui.layers.last() else { return None };
    let bar = barred(app).filter(|_| app.settings.read_only || compose.way != Way::Alone);
    if compose.made.is_some() || compose.many.is_some() || bar.is_some() {
        return None;
    }
    let code = compose.lacks_code();
    if !code && !wants_name(app, compose) {
        return None;
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
        let key = app.settings.keymap.first(Action::RefreshTypes).unwrap_or_default();
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
        app.tell(Severity::Info, "Python is still at it", now);
        return Some(Vec::new());
    }
    if app.ui.python == Some(true) {
        return Some(make(app, now));
    }
    let what = if code { "the code of its cell" } else { "its exact name" };
    let mut lines = vec![
        format!(
            "Only the class {path} makes {what}. Importing it runs the lab's modules here, which may open instruments."
        ),
        "Nothing is sent by it: what it makes is shown first (about 2 s).".to_owned(),
        format!("With {python}"),
    ];
    if !code {
        lines.push("Without it the task goes out with juicetop's own name for it.".to_owned());
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
    let key = app.settings.keymap.first(Action::Send).unwrap_or_default();
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
    let (id, of) = (compose.id.clone(), compose.text());
    app.ui.making = Some(id.clone());
    app.tell(Severity::Info, format!("{class} makes it, in the lab's Python …"), now);
    vec![Effect::Make { id, class, of }]
}

/// The class has made it, or has not.
pub(super) fn made(app: &mut App, id: &Text, of: &str, result: Result<Envelope, NotMade>, now: Now) {
    if app.ui.making.as_ref() == Some(id) {
        app.ui.making = None;
    }
    app.ui.revision += 1;
    let key = app.settings.keymap.first(Action::Send).unwrap_or_default();
    let found = app.ui.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Compose(compose) if compose.id == *id => Some(compose),
        _ => None,
    });
    // The person has left the composer meanwhile: nobody waits for it.
    let Some(compose) = found else { return };
    let (severity, text) = match result {
        Ok(envelope) => {
            if compose.take_made(of, envelope) {
                compose.frame_shown = true;
                (Severity::Info, format!("its class made this: {key} sends it"))
            } else {
                (
                    Severity::Warning,
                    format!("the payload has changed meanwhile: {key} lets Python make it anew"),
                )
            }
        }
        Err(NotMade::Refused(message)) => {
            let lines: Vec<&str> = message.lines().map(str::trim).collect();
            let told = lines.get(1..3).map_or_else(|| message.clone(), |two| two.join(": "));
            (Severity::Error, format!("not sent: its class refuses it: {told}"))
        }
        Err(NotMade::Failed(why)) if compose.lacks_code() => (Severity::Error, format!("not sent: {why}")),
        Err(NotMade::Failed(why)) => {
            compose.nameless = true;
            (Severity::Error, format!("no exact name: {why}; {key} sends it with juicetop's own"))
        }
    };
    app.tell(severity, text, now);
}
