//! What keys do in the view of the lab beside the tasks.

use crate::{
    app::{
        App, By, Effect, Layer, Severity,
        action::Action,
        beside::{Beside, Entry, Seen, Tab, message, topic_of},
        layout::Shape,
    },
    time::Now,
};

/// Lines below the list for what is told of the selected row.
const ABOUT: u16 = 5;

/// Rows of the list on a body of that height, and lines below it for the selected one.
pub fn beside_height(body: u16, shape: Shape) -> (usize, u16) {
    // Its head, and the rule below that.
    let room = body.saturating_sub(2);
    let about = if shape == Shape::Narrow || room < 3 * ABOUT { 0 } else { ABOUT };
    (usize::from(room - about).max(1), about)
}

/// Opens the view.
pub(super) fn open(app: &mut App, now: Now) {
    let mut beside = Beside::default();
    beside.refresh(&app.session.store, By::Person, now);
    app.ui.layers.push(Layer::Beside(Box::new(beside)));
}

pub(super) fn in_beside(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let areas = app.areas();
    let (height, _) = beside_height(areas.body.height, areas.shape);
    let Some(Layer::Beside(beside)) = app.ui.layers.last_mut() else { return Vec::new() };
    if let Some(by) = action.steps(height) {
        beside.step(by, height);
        return Vec::new();
    }
    match action {
        Action::NextSection | Action::PreviousSection => beside.turn(action == Action::NextSection),
        Action::Sort if beside.tab == Tab::Bus => {
            beside.order = beside.order.next();
            let words = beside.order.words();
            app.tell(Severity::Info, words, now);
        }
        Action::Sort => app.tell(Severity::Info, "only the bus has other orders", now),
        Action::Fold => beside.fold(),
        Action::Open if matches!(beside.selected(), Some(Entry::Class(_))) => beside.fold(),
        Action::Open => look(app, now),
        _ => {}
    }
    Vec::new()
}

/// Opens the last message that the selected row leads to.
pub(super) fn look(app: &mut App, now: Now) {
    let Some(Layer::Beside(beside)) = app.ui.layers.last() else { return };
    let Some(entry) = beside.selected() else {
        return app.tell(Severity::Info, "nothing is selected", now);
    };
    if matches!(entry, Entry::Told(_)) {
        return app.tell(Severity::Info, "that is all of it", now);
    }
    match message(&app.session.store, entry) {
        Ok(viewer) => app.ui.layers.push(Layer::Result(Box::new(viewer))),
        Err(why) => app.tell(Severity::Info, why, now),
    }
}

/// What is copied: the topic that the selected row leads to.
pub(super) fn copied(app: &App) -> Option<Effect> {
    let Some(Layer::Beside(beside)) = app.ui.layers.last() else { return None };
    let (topic, _) = topic_of(&app.session.store, beside.selected()?)?;
    Some(Effect::Copy { text: topic.trim_end_matches('.').to_owned(), what: "the topic".to_owned() })
}

/// What is heard changes the picture only where something of it is on the screen, and not at once.
pub(super) fn follow(app: &mut App, now: Now) {
    let (since, due) = (app.ui.beside_seen.since, app.beside_due());
    if since.is_some_and(|since| since <= now.mono) && due.is_some_and(|due| now.mono < due) {
        // Nothing of it is drawn before, so nothing needs to be looked at.
        return;
    }
    if !app.beside_is_old() {
        app.ui.beside_seen.since = None;
    } else if since.is_none() {
        app.ui.beside_seen.since = Some(now.mono);
    } else {
        let beside = app.store().beside();
        app.ui.beside_seen = Seen { revision: beside.revision(), readings: beside.readings(), since: None };
        app.ui.revision += 1;
    }
}
