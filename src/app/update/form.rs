//! What keys do in the form, and how a form comes back when the service refuses what it held.

use std::time::Duration;

use crate::{
    app::{
        App, Effect, Layer, Sent, Severity,
        action::Action,
        compose::{Compose, FRAME_PAGE, Outside},
        form::{For, FormPane, Pick, Wish},
        line::LineEdit,
    },
    catalogue::form::{FieldId, Input, Says},
    store::{Outcome, State, Task},
    time::Now,
    traceback::pydantic,
    wire::Text,
};

use super::compose::in_composer;

/// Forms of sent tasks that are kept, in case that the service refuses one.
const MOST_SENT: usize = 32;

/// A form opens by itself only so long after the last key: what is typed for another place must not go into its
/// fields, and a send key that is held must not find it.
pub(in crate::app) const REOPENS_AFTER: Duration = Duration::from_millis(1_500);

pub(super) fn in_form(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let areas = app.areas();
    let charset = app.settings.charset;
    let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() else { return Vec::new() };
    let parts = compose.parts(areas.body, areas.shape);
    let shows_frame = compose.frame_shown;
    let scrolls = match action {
        Action::PreviousField => -1,
        Action::NextField => 1,
        Action::PageUp => -FRAME_PAGE,
        Action::PageDown => FRAME_PAGE,
        Action::FirstField => isize::MIN,
        Action::LastField => isize::MAX,
        _ => 0,
    };
    if shows_frame && scrolls != 0 {
        compose.scroll_frame(scrolls);
        return Vec::new();
    }
    if shows_frame && is_an_edit(action) {
        app.tell(
            Severity::Info,
            "this is the frame as it would go out; the frame key brings the form back",
            now,
        );
        return Vec::new();
    }
    let Some(form) = compose.form_mut() else { return Vec::new() };
    match action {
        Action::NextField => form.step(1),
        Action::PreviousField => form.step(-1),
        Action::LeaveText => form.step(1),
        Action::LeaveTextUp => form.step(-1),
        Action::FirstField => form.go_row(0),
        Action::LastField => form.go_row(usize::MAX),
        Action::PageUp | Action::PageDown => {
            let lines = form.lines(usize::from(parts.body.width), parts.side.is_some(), charset);
            form.page(action == Action::PageDown, &lines, usize::from(parts.body.height));
        }
        Action::NextWrong => {
            if !form.next_wrong() {
                let more = form.unplaced().next().is_some();
                let text =
                    if more { "what is wrong stands at no field: see the top" } else { "nothing is wrong" };
                app.tell(Severity::Info, text, now);
            }
        }
        Action::Enter => {
            let wish = form.enter();
            compose.check();
            grant(app, wish, now);
        }
        Action::Indent => {
            form.indent();
            compose.check();
        }
        Action::Sweep => super::groups::turn_sweep(app, now),
        Action::Many => super::groups::open(app, now),
        Action::Jump => {
            let (ids, items) = form.jumps();
            app.ui.layers.push(Layer::Pick(Box::new(Pick::jump(ids, items))));
        }
        Action::ResetField => {
            form.reset_field();
            compose.check();
        }
        Action::Omit => {
            let done = form.next_presence();
            compose.check();
            if let Err(why) = done {
                app.tell(Severity::Info, why, now);
            }
        }
        Action::AddItem => match form.add() {
            Some((id, is_entry)) => {
                compose.check();
                if is_entry {
                    rename(app, id);
                }
            }
            None => app.tell(Severity::Info, "there is no list or map here that takes more", now),
        },
        Action::RemoveItem => {
            if form.remove() {
                compose.check();
            } else {
                app.tell(Severity::Info, "there is no item or entry here that can be removed", now);
            }
        }
        Action::ItemUp | Action::ItemDown => {
            if form.shift(action == Action::ItemUp) {
                compose.check();
            } else {
                app.tell(Severity::Info, "there is no item here that can be moved", now);
            }
        }
        Action::RenameEntry => match form.entry_here() {
            Some(id) => rename(app, id),
            None => app.tell(Severity::Info, "this is no entry of a map: its name is fixed", now),
        },
        Action::EditField => {
            let Some((id, text, ending)) = form.for_editor() else { return Vec::new() };
            compose.outside = Outside::Field(id);
            app.ui.outside = true;
            return vec![Effect::EditField { text, ending }];
        }
        _ => return in_composer(app, action, now),
    }
    Vec::new()
}

/// Whether the action changes the form or moves in it, which means nothing while the frame is shown.
fn is_an_edit(action: Action) -> bool {
    !matches!(
        action,
        Action::Send
            | Action::Way
            | Action::Lane
            | Action::EditOutside
            | Action::Json
            | Action::Reset
            | Action::OtherType
            | Action::Frame
            | Action::CopyFormAs
            | Action::Undo
            | Action::Redo
    )
}

/// Opens what a key asked for.
pub(super) fn grant(app: &mut App, wish: Wish, now: Now) {
    let typed = match wish {
        Wish::None => return,
        Wish::Options(typed) => typed,
        Wish::Key(id) => return rename(app, id),
        Wish::Last => {
            let key = app.key(Action::Send).unwrap_or_default();
            app.tell(Severity::Info, format!("this is the last field: {key} sends the task"), now);
            return;
        }
    };
    let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() else { return };
    let Some(form) = compose.form() else { return };
    let (Some((id, _)), Some(field)) = (form.focus, form.focused()) else { return };
    let (labels, chosen) = match &field.input {
        Input::Choice { options, chosen } => (options.iter().map(|o| o.label.clone()).collect(), *chosen),
        Input::Union { variants, chosen } => (variants.clone(), *chosen),
        _ => return,
    };
    let mut pick = Pick::options(id, &field.name, labels, chosen);
    if let Some(c) = typed {
        pick.choose.query = LineEdit::new(&c.to_string());
        pick.choose.search();
    }
    app.ui.layers.push(Layer::Pick(Box::new(pick)));
}

/// Takes what is selected in the list over the form.
pub(super) fn picked(app: &mut App, now: Now) {
    let Some(Layer::Pick(pick)) = app.ui.layers.last() else { return };
    let Some(index) = pick.choose.index() else {
        app.tell(Severity::Info, "nothing in the list matches", now);
        return;
    };
    let target = pick.target.clone();
    app.ui.layers.pop();
    let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() else { return };
    let Some(form) = compose.form_mut() else { return };
    match target {
        For::Option(id) => form.choose(id, index),
        For::Jump(ids) => {
            if let Some(id) = ids.get(index) {
                form.focus_on(*id);
            }
        }
    }
    compose.check();
}

/// Opens the line for an entry's key.
fn rename(app: &mut App, id: FieldId) {
    let Some(Layer::Compose(compose)) = app.ui.layers.last() else { return };
    let name = compose.form().and_then(|f| f.form.field(id)).map(|f| f.name.clone()).unwrap_or_default();
    app.ui.layers.push(Layer::Rename(id, LineEdit::new(&name)));
}

/// Takes the line that is the entry's new key.
pub(super) fn renamed(app: &mut App, now: Now) {
    let Some(Layer::Rename(id, line)) = app.ui.layers.pop() else { return };
    let key = line.text().to_owned();
    let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() else { return };
    let Some(form) = compose.form_mut() else { return };
    match form.rename(id, &key) {
        Ok(()) => {
            // On to the value.
            form.settle();
            compose.check();
        }
        Err(why) => {
            app.ui.layers.push(Layer::Rename(id, line));
            app.tell(Severity::Warning, why, now);
        }
    }
}

/// The send key on a form that is wrong: why it does nothing, and there.
pub(super) fn go_to_wrong(form: &mut FormPane) {
    if !form.first_wrong() {
        // What stands at no field stands on top.
        form.show_whole();
    }
}

// What comes back

/// Keeps the form of a task that goes out.
pub(super) fn keep_sent(app: &mut App, id: Text, mut compose: Box<Compose>) {
    if compose.form().is_none() {
        return;
    }
    // What it was to replace is gone.
    (compose.replaces, compose.again_of) = (None, None);
    if app.ui.sent.len() >= MOST_SENT {
        app.ui.sent.pop_front();
    }
    app.ui.sent.push_back(Sent { id, compose, told: false, waits: false });
}

/// The parts of the `ValidationError` that a task ended with, as the form takes them.
pub(super) fn refusals(task: &Task) -> Option<Vec<(String, String)>> {
    let error = task.failure().filter(|error| error.ename.as_deref() == Some(VALIDATION))?;
    Some(parts_of(VALIDATION, error.evalue.as_deref().unwrap_or_default()))
}

const VALIDATION: &str = "ValidationError";

/// What an exception says, part by part: a path and a message. What is no `ValidationError` is said of no field.
pub(in crate::app) fn parts_of(name: &str, text: &str) -> Vec<(String, String)> {
    if name != VALIDATION {
        let said = if name.is_empty() { text.to_owned() } else { format!("{name}: {text}") };
        return vec![(String::new(), said)];
    }
    let Some(errors) = pydantic::parse(text).filter(|e| !e.items.is_empty()) else {
        // Another wording: all of it, at no field.
        return vec![(String::new(), text.to_owned())];
    };
    let mut parts: Vec<(String, String)> = errors.items.into_iter().map(|i| (i.path, i.message)).collect();
    if errors.count > parts.len() {
        parts.push((String::new(), format!("{} errors in all, but only these were readable", errors.count)));
    }
    parts
}

/// Looks at the forms whose tasks were sent: those that have ended well are let go; one that the service refused opens
/// again if the person is at the lanes and not typing, else a notice says how.
pub(super) fn look_at_sent(app: &mut App, now: Now) {
    let mut refused = None;
    let mut sent = std::mem::take(&mut app.ui.sent);
    sent.retain(|s| {
        if s.told {
            return true;
        }
        let Some(task) = app.store().find(&s.id).filter(|t| t.state == State::Ended) else { return true };
        match (task.outcome, refusals(task)) {
            // It stays: `r` on the task opens it again.
            (Some(Outcome::Failed), Some(_)) => {
                refused = Some(s.id.clone());
                true
            }
            _ => false,
        }
    });
    app.ui.sent = sent;
    let Some(id) = refused else { return };
    let waits = app.ui.layers.is_empty() && app.ui.last_key.is_some_and(|k| now.since(k) < REOPENS_AFTER);
    if let Some(sent) = app.ui.sent.iter_mut().find(|s| s.id == id) {
        (sent.told, sent.waits) = (!waits, waits);
    }
    if waits || app.ui.layers.is_empty() && reopen(app, &id, now) {
        return;
    }
    let key = app.key(Action::Again).unwrap_or_default();
    let name = app.store().find(&id).map_or_else(String::new, |t| t.task_type.to_string());
    let text = format!(
        "the service refused the values of {name}: {key} on it opens the form with each error at its field"
    );
    app.tell(Severity::Error, text, now);
}

/// Opens the form of a refused task again, with each error at its field; false if it is not kept any more.
pub(super) fn reopen(app: &mut App, id: &str, now: Now) -> bool {
    let Some(task) = app.store().find(id).cloned() else { return false };
    let own = |s: &Sent| *s.id == *id || app.store().find(&s.id).is_some_and(|t| t.key == task.key);
    let Some(at) = app.ui.sent.iter().position(own) else { return false };
    let Some(parts) = refusals(&task) else { return false };
    let Some(Sent { mut compose, .. }) = app.ui.sent.remove(at) else { return false };
    compose.id = app.session.new_id();
    compose.frame_shown = false;
    place(&mut compose, &parts);
    app.ui.layers.push(Layer::Compose(compose));
    told_refused(app, parts.len(), now);
    true
}

/// Puts a refused task's errors to the form's fields, if there is a form.
pub(super) fn place(compose: &mut Compose, parts: &[(String, String)]) {
    if let Some(form) = compose.form_mut() {
        form.form.place(parts, Says::Service);
        form.settle();
        go_to_wrong(form);
    }
    compose.check();
}

pub(super) fn told_refused(app: &mut App, n: usize, now: Now) {
    let what = match n {
        1 => "one thing: it stands at its field".to_owned(),
        _ => format!("{n} things: each stands at its field"),
    };
    app.tell(Severity::Warning, format!("the service refused {what}; nothing is lost"), now);
}
