//! What keys do in the lanes: moving the selection, folding, filtering.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        history::History,
        lanes::{Folding, Row, Selected, least_line},
        layout::Shape,
        line::LineEdit,
        reader::Reader,
    },
    store::{Input, State, Task},
    time::Now,
    wire::Text,
};

use super::set_filter;

pub(super) fn in_lanes(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    if let Some(by) = action.steps(app.lanes_height()) {
        step(app, by);
        return Vec::new();
    }
    match action {
        Action::NextService => next_service(app, true),
        Action::PreviousService => next_service(app, false),
        Action::Open | Action::Zoom => match app.ui.selected.clone() {
            Some(Selected { task: Some(key), .. }) => {
                app.ui.zoom = action == Action::Zoom;
                app.ui.layers.push(Layer::Task(Box::new(Reader::new(key, &app.settings))));
            }
            Some(_) => fold(app),
            None => app.tell(Severity::Info, "nothing is selected", now),
        },
        Action::Fold => fold(app),
        Action::Failures => app.ui.layers.push(Layer::Failures(Box::default())),
        Action::Services => return super::services::open(app, now),
        Action::Logs => super::logs::open_all(app, now),
        Action::Beside => super::beside::open(app, now),
        Action::Strip => {
            app.ui.strip = !app.ui.strip;
            let what = match (app.ui.strip, app.strip_height(&app.areas())) {
                (false, _) => "sensors are left out",
                (true, 0) => "sensors stand below the lanes once there are some, and room for them",
                (true, _) => "sensors stand below the lanes",
            };
            app.tell(Severity::Info, what, now);
        }
        Action::Schedule => app.ui.layers.push(Layer::Schedule(Box::default())),
        Action::History => {
            let history = History::new(app.ui.hidden, app.ui.choices.columns.clone());
            app.ui.layers.push(Layer::History(Box::new(history)));
        }
        Action::SinceLeft => match app.ui.left.away() {
            Some(away) => {
                app.ui.left.put_away();
                let history = History::since(away, app.ui.hidden, app.ui.choices.columns.clone());
                app.ui.layers.push(Layer::History(Box::new(history)));
            }
            None => app.tell(Severity::Info, "nothing is known of an earlier visit to this lab", now),
        },
        Action::Notices => super::notices::open(app),
        Action::Filter => {
            let line = LineEdit::new(&app.ui.filter_text);
            app.ui.layers.push(Layer::Filter(line));
        }
        Action::FilterOutcome => {
            const STEPS: [&str; 5] =
                ["", "outcome:failed", "outcome:ok", "outcome:cancelled", "state:unknown"];
            let at = STEPS.iter().position(|s| *s == app.ui.filter_text).unwrap_or(0);
            set_filter(app, STEPS[(at + 1) % STEPS.len()], now);
        }
        Action::Hidden => {
            app.ui.hidden = !app.ui.hidden;
            let what = if app.ui.hidden { "hidden tasks are shown" } else { "hidden tasks are left out" };
            app.tell(Severity::Info, what, now);
        }
        _ => {}
    }
    Vec::new()
}

/// Moves the selection by rows that can be selected (a large number: to the end).
fn step(app: &mut App, by: isize) {
    let rows = app.rows();
    let first = app.first_row();
    // The nearest row that can be selected at or beyond the wanted one, else before it.
    let can = |i: &usize| rows[*i].selects().is_some();
    let last = rows.len().saturating_sub(1);
    let from = app.selected_row();
    let to = match from {
        Some(from) if by < 0 => {
            let wanted = from.saturating_add_signed(by);
            (0..=wanted).rev().find(can).or_else(|| (wanted..from).find(can))
        }
        Some(from) => {
            let wanted = from.saturating_add_signed(by).min(last);
            (wanted..rows.len()).find(can).or_else(|| (from + 1..wanted).rev().find(can))
        }
        // On a small screen the service's line stands above the rows.
        None if by < 0 => None,
        None => {
            let wanted = 0_usize.saturating_add_signed(by - 1).min(last);
            (wanted..rows.len()).find(can).or_else(|| (0..wanted.min(rows.len())).rev().find(can))
        }
    };
    let Some(to) = to.filter(|to| by > 0 || Some(*to) != from) else {
        if by < 0 && app.areas().shape == Shape::Narrow {
            app.ui.line = 0;
            if let Some(selected) = &mut app.ui.selected {
                (selected.task, selected.group) = (None, None);
            }
        }
        return;
    };
    go_to(app, to, first);
}

/// Selects that row, on lanes that begin with row `first`.
pub(super) fn go_to(app: &mut App, to: usize, first: usize) {
    let rows = app.rows();
    let Some(selected) = rows.get(to).and_then(Row::selects) else { return };
    let height = app.lanes_height().max(1);
    let top = least_line(rows, to, height);
    app.ui.line = if to < first { top } else { (to - first).clamp(top, height - 1) };
    app.ui.selected = Some(selected);
}

fn next_service(app: &mut App, forward: bool) {
    // Under a filter only the services that it leaves something of.
    let filtered = !app.ui.filter.is_empty() && app.areas().shape != Shape::Narrow;
    let names: Vec<Text> = if filtered {
        let service = |row: &Row| match row {
            Row::Service { service, .. } => Some(service.clone()),
            _ => None,
        };
        app.rows().iter().filter_map(service).collect()
    } else {
        app.store().services().map(|s| s.name.clone()).collect()
    };
    if names.is_empty() {
        return;
    }
    let at = app.ui.selected.as_ref().and_then(|s| names.iter().position(|n| *n == s.service));
    let to = match (at, forward) {
        (None, _) => 0,
        (Some(i), true) => (i + 1) % names.len(),
        (Some(i), false) => (i + names.len() - 1) % names.len(),
    };
    let name = names[to].clone();
    if app.areas().shape == Shape::Narrow {
        app.ui.line = 0;
        app.ui.selected = Some(Selected::service(name));
        return;
    }
    let first = app.first_row();
    let Some(row) =
        app.rows().iter().position(|r| matches!(r, Row::Service { service, .. } if *service == name))
    else {
        return;
    };
    let height = app.lanes_height().max(1);
    app.ui.line = if row < first { 0 } else { (row - first).min(height - 1) };
    app.ui.selected = Some(Selected::service(name));
}

fn fold(app: &mut App) {
    let Some(selected) = &app.ui.selected else { return };
    // A member folds the group that it stands in.
    let around = selected.task.as_ref().and_then(|key| app.store().task(key)).and_then(|t| t.group.clone());
    let around = around.map(|member| member.key.clone()).filter(|key| app.ui.open_groups.contains(key));
    if let Some(key) = selected.group.clone().or(around) {
        if !app.ui.open_groups.remove(&key) {
            app.ui.open_groups.insert(key);
        } else {
            app.ui.selected = Some(Selected::group(key));
        }
        return;
    }
    let service = selected.service.clone();
    let narrow = app.areas().shape == Shape::Narrow;
    let folding = app.ui.folding.entry(service.clone()).or_default();
    *folding = match *folding {
        // Where one service is all that is shown there is nothing to fold it for.
        Folding::Auto if !narrow => Folding::Folded,
        Folding::Auto | Folding::Folded => Folding::All,
        Folding::All => Folding::Auto,
    };
    if *folding == Folding::Folded {
        app.ui.selected = Some(Selected::service(service));
    }
}

/// The task at hand, if it can be put away.
pub(super) fn ghost(app: &App) -> Result<&Task, &'static str> {
    let task = app.task_at_hand()?;
    // Of a direct task of our own the connection tells.
    let runs = matches!(task.state, State::Running { .. });
    match task.state == State::Unknown || (runs && !task.is_answered_here()) {
        true => Ok(task),
        false => Err("only a task whose end was never seen can be put away"),
    }
}

pub(super) fn put_away(app: &mut App, now: Now) -> Vec<Effect> {
    let (key, service) = match ghost(app) {
        Ok(task) => (task.key.clone(), task.service.clone()),
        Err(why) => {
            app.tell(Severity::Info, why, now);
            return Vec::new();
        }
    };
    app.session.store.apply(Input::PutAway(key.clone()), now);
    app.tell(Severity::Info, "put away: it counts no more, and its own reply can still end it", now);
    let mut frames = app.session.go_on_alone(&service, now);
    // The scheduler may know how it ended.
    let scheduled = app.store().task(&key).and_then(|task| task.scheduled_task_id.clone());
    frames.extend(scheduled.into_iter().flat_map(|id| app.session.ask_entry(&id)));
    std::iter::once(Effect::WasPutAway(key)).chain(frames.into_iter().map(Effect::Send)).collect()
}
