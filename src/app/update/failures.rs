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
    let page = height.max(2) as isize;
    let Some(Layer::Failures(failures)) = app.ui.layers.last_mut() else { return Vec::new() };
    match action {
        Action::Up => failures.step(-1, height),
        Action::Down => failures.step(1, height),
        Action::PageUp => failures.step(1 - page, height),
        Action::PageDown => failures.step(page - 1, height),
        Action::HalfUp => failures.step(-(page / 2), height),
        Action::HalfDown => failures.step(page / 2, height),
        Action::Top => failures.step(isize::MIN / 2, height),
        Action::Bottom => failures.step(isize::MAX / 2, height),
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
