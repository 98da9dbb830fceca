//! What the mouse does: a click selects, a second one opens, the wheel scrolls what is under it, the border is dragged.
//!
//! A click means what the person saw there (`app/mouse.rs`), and is a key otherwise: it selects among the rows that were drawn,
//! and what is about a row that has gone since is not done and said. It refuses to say yes: that is for a key.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use crate::{
    app::{
        App, By, Effect, Layer, Severity,
        action::{Action, Context},
        layout::below_head,
        mouse::Spot,
    },
    time::Now,
};

use super::{
    act, beside_height, choices, compare_height, failures_height, history_height, lanes, leaving,
    logs_height, mean, notices_height, schedule_height, services_height, take_back_yes, task, type_key,
};

/// Lines that one turn of the wheel scrolls.
const WHEEL: isize = 3;

pub(super) fn mouse(app: &mut App, event: MouseEvent, now: Now) -> Vec<Effect> {
    let place = Position { x: event.column, y: event.row };
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => click(app, place, now),
        MouseEventKind::Drag(MouseButton::Left) if app.ui.mouse.dragging => {
            app.ui.revision += 1;
            choices::put_border(app, place.x);
            Vec::new()
        }
        MouseEventKind::Up(MouseButton::Left) if std::mem::take(&mut app.ui.mouse.dragging) => {
            choices::keep_border(app)
        }
        MouseEventKind::ScrollUp => wheel(app, place, -1, now),
        MouseEventKind::ScrollDown => wheel(app, place, 1, now),
        _ => Vec::new(),
    }
}

/// Whatever the person does with it: what a key that is pressed does too.
fn touched(app: &mut App, now: Now) {
    app.ui.revision += 1;
    app.ui.moved = true;
    app.ui.left.press(app.ui.last_key, now);
    app.ui.last_key = Some(now);
    app.ui.notice = None;
    app.ui.pressed = None;
    take_back_yes(app, now);
    leaving::typed(app, now);
    if let Some(Layer::Confirm(confirm)) = app.ui.layers.last_mut() {
        confirm.last_key = Some(now);
    }
}

fn click(app: &mut App, place: Position, now: Now) -> Vec<Effect> {
    app.ui.mouse.dragging = false;
    let seen = app.seen_at(place);
    touched(app, now);
    let spot = match seen {
        Ok(Some(spot)) => spot,
        Ok(None) => return Vec::new(),
        Err(why) => {
            app.tell(Severity::Warning, why, now);
            return Vec::new();
        }
    };
    match spot {
        Spot::Lanes | Spot::Top => Vec::new(),
        Spot::Border => {
            app.ui.mouse.dragging = true;
            Vec::new()
        }
        Spot::Lane(row) => lane(app, row, now),
        Spot::Side if app.ui.side.is_some() => done(app, Action::Open, now),
        Spot::Side => Vec::new(),
        Spot::Row(row) => listed(app, row, now),
        Spot::Field(row) => {
            if let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() {
                if let Some(form) = compose.form_mut() {
                    form.go_row(row);
                }
                compose.check();
            }
            Vec::new()
        }
        Spot::Key(Action::Yes | Action::Sure | Action::Instead) => {
            app.tell(Severity::Info, "a click answers no question with yes: press the key", now);
            Vec::new()
        }
        // Where it stands, another key has just stood that opened or closed something: a second click there sends nothing.
        Spot::Key(Action::Send) => {
            app.tell(Severity::Info, "a click sends nothing: press the key", now);
            Vec::new()
        }
        Spot::Key(action) => done(app, action, now),
    }
}

/// Does what a key would, on lists as they are now.
fn done(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    app.ui.mouse.outdate();
    app.renew_lists(now, By::Lab);
    // What it changes is made anew once more.
    app.ui.revision += 1;
    let effects = mean(app, action, now);
    app.renew_lists(now, By::Person);
    app.lay_out(now);
    effects
}

/// A row of the lanes. Beside an opened task it goes back to them.
fn lane(app: &mut App, row: usize, now: Now) -> Vec<Effect> {
    let opened = matches!(app.ui.layers[..], [Layer::Task(_)]);
    if !opened && !app.ui.layers.is_empty() {
        return Vec::new();
    }
    app.ui.layers.clear();
    let again = !opened && app.selected_row() == Some(row);
    if !again {
        let first = app.first_row();
        lanes::go_to(app, row, first);
    }
    after(app, again, now, |app| app.selected_row() == Some(row))
}

/// A row of the list on top.
fn listed(app: &mut App, row: usize, now: Now) -> Vec<Effect> {
    if matches!(app.ui.layers.last(), Some(Layer::Schedule(schedule)) if schedule.moving.is_some()) {
        app.tell(Severity::Info, "a task is on its way: Enter moves it here, Esc leaves it", now);
        return Vec::new();
    }
    let again = selected(app).is_some_and(|(at, _)| at == row);
    if !again {
        go_to(app, row);
    }
    after(app, again, now, |app| selected(app).is_some_and(|(at, _)| at == row))
}

/// A row was selected. `again`: it was already, and is opened; unless it has gone since it was drawn. `stays`: it stands where
/// it was drawn, also now.
fn after(app: &mut App, again: bool, now: Now, stays: impl Fn(&App) -> bool) -> Vec<Effect> {
    app.renew_lists(now, By::Lab);
    if let Some(why) = app.unseen().map(str::to_owned) {
        app.ui.mouse.outdate();
        app.tell(Severity::Warning, why, now);
        return Vec::new();
    }
    if !again {
        // A second click in the same picture would mean another row.
        if !stays(app) {
            app.ui.mouse.outdate();
        }
        return Vec::new();
    }
    let opens = match app.context() {
        Context::Failures | Context::Result | Context::Table => Action::Unfold,
        Context::Choose => Action::Accept,
        Context::Columns => Action::TurnColumn,
        _ => Action::Open,
    };
    done(app, opens, now)
}

/// The selected row of the list on top, and how many it has.
fn selected(app: &App) -> Option<(usize, usize)> {
    Some(match app.ui.layers.last()? {
        Layer::Schedule(it) => (it.selected_row()?, it.rows.len()),
        Layer::Services(it) => (it.at()?, it.names.len()),
        Layer::Logs(it) => (it.selected_row()?, it.lines.len()),
        Layer::Beside(it) => (it.at()?, it.entries.len()),
        Layer::Notices(it) => (it.selected_row()?, it.rows.len()),
        Layer::Failures(it) => (it.selected_row()?, it.rows.len()),
        Layer::History(it) => (it.selected_row()?, it.found.lines.len()),
        Layer::Compare(it) => (it.selected, it.comparison.rows.len()),
        Layer::Result(it) => (it.cursor, it.len()),
        Layer::Table(it) => (it.cursor, it.table.len()),
        Layer::Columns(it) => (it.selected, it.all.len()),
        Layer::CopyAs(it) => (it.selected, it.kinds().len()),
        Layer::Palette(it) => (it.selected, it.shown.len()),
        Layer::Choose(it) => (it.selected, it.count()),
        Layer::Pick(it) => (it.choose.selected, it.choose.count()),
        _ => return None,
    })
}

/// Selects a row of the list on top; the rows stay where they are.
fn go_to(app: &mut App, row: usize) {
    let areas = app.areas();
    let body = areas.body.height;
    let (of_history, of_logs) = (history_height(app), logs_height(app));
    let by = |at: Option<usize>| row as isize - at.unwrap_or(0) as isize;
    match app.ui.layers.last_mut() {
        Some(Layer::Schedule(it)) => {
            let height = schedule_height(body);
            it.go_to(row, it.first_row(height), height);
        }
        Some(Layer::Failures(it)) => {
            let height = failures_height(body);
            it.go_to(row, it.first_row(height), height);
        }
        Some(Layer::Services(it)) => it.step(by(it.at()), services_height(body, it.names.len())),
        Some(Layer::Logs(it)) => it.step(by(it.selected_row()), of_logs),
        Some(Layer::Beside(it)) => it.step(by(it.at()), beside_height(body, areas.shape).0),
        Some(Layer::History(it)) => it.step(by(it.selected_row()), of_history),
        Some(Layer::Notices(it)) => it.step(by(it.selected_row()), notices_height(body)),
        Some(Layer::Compare(it)) => it.step_by(by(Some(it.selected)), compare_height(body)),
        Some(Layer::Result(it)) => it.go(row),
        Some(Layer::Table(it)) => it.go(row),
        Some(Layer::Columns(it)) => it.selected = row,
        Some(Layer::CopyAs(it)) => it.selected = row,
        Some(Layer::Palette(it)) => it.selected = row,
        Some(Layer::Choose(it)) => it.selected = row,
        Some(Layer::Pick(it)) => it.choose.selected = row,
        _ => {}
    }
}

/// One turn of the wheel, down or up: documents scroll, lists move their selection. It never goes round an end.
fn wheel(app: &mut App, place: Position, direction: isize, now: Now) -> Vec<Effect> {
    let Ok(Some(spot)) = app.seen_at(place) else { return Vec::new() };
    touched(app, now);
    let (up, by) = (direction < 0, direction * WHEEL);
    match spot {
        Spot::Lanes | Spot::Lane(_) if matches!(app.ui.layers[..], [] | [Layer::Task(_)]) => {
            for _ in 0..WHEEL {
                lanes::in_lanes(app, if up { Action::Up } else { Action::Down }, now);
            }
        }
        Spot::Side => {
            let charset = app.settings.charset;
            if let (Some(pane), Some(side)) = (app.areas().side, &mut app.ui.side) {
                let pane = below_head(pane);
                side.page.scroll(by, usize::from(pane.width), usize::from(pane.height), charset);
            }
        }
        Spot::Top | Spot::Row(_) | Spot::Field(_) => return wheel_on_top(app, up, by, now),
        _ => {}
    }
    Vec::new()
}

fn wheel_on_top(app: &mut App, up: bool, by: isize, now: Now) -> Vec<Effect> {
    let pane = app.areas().task();
    let charset = app.settings.charset;
    if let Some(page) = task::page(app) {
        page.scroll(by, usize::from(pane.width), usize::from(pane.height), charset);
        return Vec::new();
    }
    match app.ui.layers.last_mut() {
        Some(
            Layer::Columns(_) | Layer::CopyAs(_) | Layer::Palette(_) | Layer::Choose(_) | Layer::Pick(_),
        ) => {
            if let Some((at, rows)) = selected(app) {
                go_to(app, at.saturating_add_signed(by).min(rows.saturating_sub(1)));
            }
            return Vec::new();
        }
        Some(Layer::Compose(compose)) if compose.frame_shown => {
            compose.scroll_frame(by);
            return Vec::new();
        }
        Some(Layer::Compose(compose)) => {
            // A text of several lines is scrolled by its cursor, as a payload is.
            if let Some(form) = compose.form_mut().filter(|form| !form.in_text()) {
                let here = form.focused_row().unwrap_or(0);
                form.go_row(here.saturating_add_signed(by));
                compose.check();
                return Vec::new();
            }
        }
        _ => {}
    }
    let action = if up { Action::Up } else { Action::Down };
    let mut effects = Vec::new();
    for _ in 0..WHEEL {
        if action.entry().contexts.contains(&app.context()) {
            effects.extend(act(app, action, now));
        } else if matches!(app.context(), Context::Compose | Context::Text) {
            let code = if up { KeyCode::Up } else { KeyCode::Down };
            type_key(app, KeyEvent::new(code, KeyModifiers::NONE), false, now);
        }
    }
    effects
}
