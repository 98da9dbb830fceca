//! What keys do among the failures.

use crate::{
    app::{App, Effect, Layer, Severity, action::Action, reader::Reader},
    time::Now,
};

/// Rows that the failures have on a body of this height, below their head.
pub fn failures_height(body: u16) -> usize {
    usize::from(body).saturating_sub(2).max(1)
}

pub(super) fn in_failures(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let height = failures_height(app.areas().body.height);
    let Some(Layer::Failures(failures)) = app.ui.layers.last_mut() else { return Vec::new() };
    if let Some(by) = action.steps(height) {
        failures.step(by, height);
        return Vec::new();
    }
    match action {
        Action::Fold => failures.fold(),
        Action::Unfold => match failures.task().cloned() {
            Some(key) => app.ui.layers.push(Layer::Task(Box::new(Reader::new(key, &app.settings)))),
            None => failures.fold(),
        },
        Action::Sort => {
            failures.by_count = !failures.by_count;
            let what = if failures.by_count { "the most frequent first" } else { "the latest first" };
            app.tell(Severity::Info, what, now);
        }
        Action::Hidden => {
            app.ui.hidden = !app.ui.hidden;
            let what = if app.ui.hidden { "hidden tasks are counted" } else { "hidden tasks are left out" };
            app.tell(Severity::Info, what, now);
        }
        _ => {}
    }
    Vec::new()
}

/// What is copied: the selected kind in a line. `None`: a task is selected, or nothing.
pub(super) fn copied(app: &App) -> Option<Effect> {
    let Some(Layer::Failures(failures)) = app.ui.layers.last() else { return None };
    let cluster = failures.cluster().filter(|_| failures.task().is_none())?;
    Some(Effect::Copy { text: cluster.line(), what: "the failure".to_owned() })
}
