//! What keys do where the person chooses something to be found again: the history's columns, names of filters, the border between
//! lanes and task.

use crate::{
    app::{App, Effect, Layer, Severity, action::Action, choices::Change, layout::Panes, line::LineEdit},
    store::filter::Saved,
    time::Now,
};

/// Takes a change: here at once, and on the disk.
fn change(app: &mut App, change: Change) -> Vec<Effect> {
    app.ui.choices.change(&change);
    vec![Effect::KeepChoice(change)]
}

pub(super) fn in_columns(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let Some(Layer::Columns(columns)) = app.ui.layers.last_mut() else { return Vec::new() };
    let changed = match action {
        Action::Up | Action::Down => {
            columns.step(if action == Action::Up { -1 } else { 1 });
            return Vec::new();
        }
        Action::ColumnUp => columns.shift(-1),
        Action::ColumnDown => columns.shift(1),
        Action::TurnColumn if !columns.turn() => {
            app.tell(Severity::Info, "one column has to stay", now);
            false
        }
        Action::TurnColumn => true,
        _ => false,
    };
    let Some(Layer::Columns(columns)) = app.ui.layers.last() else { return Vec::new() };
    if !changed {
        return Vec::new();
    }
    let chosen = columns.chosen();
    if let Some(history) = super::history::shown(app) {
        history.set_columns(chosen.clone());
    }
    change(app, Change::Columns(chosen))
}

/// By how many columns one key moves the border.
const STEP: u16 = 4;

/// Moves the border between the lanes and the task beside them.
pub(super) fn move_border(app: &mut App, wider: bool, now: Now) -> Vec<Effect> {
    let Some(border) = app.areas().border() else {
        let text =
            "no task stands beside the lanes here: a wider screen, or `side` in the configuration, brings it";
        app.tell(Severity::Info, text, now);
        return Vec::new();
    };
    put_border(app, if wider { border.x.saturating_sub(STEP) } else { border.x + STEP });
    keep_border(app)
}

/// Puts it at that column, or as near as both sides have room.
pub(super) fn put_border(app: &mut App, column: u16) {
    let before = app.ui.choices.border;
    app.ui.choices.border = Some(Panes::share_of(column, app.ui.size.0));
    // What is remembered is where it stands, not how far beyond it was dragged.
    match app.areas().border() {
        Some(border) => app.ui.choices.border = Some(Panes::share_of(border.x, app.ui.size.0)),
        None => app.ui.choices.border = before,
    }
}

/// Remembers where it stands, for later runs too.
pub(super) fn keep_border(app: &mut App) -> Vec<Effect> {
    app.ui.choices.border.map(|share| change(app, Change::Border(share))).unwrap_or_default()
}

/// Asks for a name for the filter that is being typed.
pub(super) fn name_filter(app: &mut App, now: Now) {
    let Some(Layer::Filter(_)) = app.ui.layers.last() else { return };
    if super::logs::shown(app).is_some() {
        return app.tell(Severity::Info, "not saved: saved filters are about tasks", now);
    }
    match app.filter_error() {
        Some(why) => {
            let text = format!("not saved: {why}");
            app.tell(Severity::Warning, text, now);
        }
        None => app.ui.layers.push(Layer::NameFilter(LineEdit::default())),
    }
}

/// The name was typed, its layer taken away.
pub(super) fn save_filter(app: &mut App, line: LineEdit, now: Now) -> Vec<Effect> {
    let name = line.text().trim().trim_start_matches('@').to_owned();
    if name.is_empty() {
        return Vec::new();
    }
    let Some(Layer::Filter(filter)) = app.ui.layers.last() else { return Vec::new() };
    let text = filter.text().trim().to_owned();
    let refused = if !Saved::is_name(&name) {
        Some(format!("a name has letters, digits, - and _, at most {} of them", Saved::LONGEST))
    } else if text.is_empty() && app.ui.choices.filters.get(&name).is_none() {
        Some("there is nothing to save: type a filter first".to_owned())
    } else if stands_in(app, &text, &name, now) {
        Some(format!("@{name} would stand in itself"))
    } else {
        None
    };
    if let Some(why) = refused {
        app.ui.layers.push(Layer::NameFilter(line));
        app.tell(Severity::Warning, why, now);
        return Vec::new();
    }
    if text.is_empty() {
        app.tell(Severity::Info, format!("@{name} is forgotten"), now);
        return change(app, Change::Filter(name, None));
    }
    app.tell(Severity::Info, format!("saved: @{name}, also for juicetop list @{name}"), now);
    change(app, Change::Filter(name, Some(text)))
}

/// Whether a filter, saved under that name, could not be read for leading back to itself.
fn stands_in(app: &App, text: &str, name: &str, now: Now) -> bool {
    let mut saved = app.ui.choices.filters.clone();
    saved.put(name, text);
    crate::store::filter::Filter::parse(text, &saved, now).is_err()
}
