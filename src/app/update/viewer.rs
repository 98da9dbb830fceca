//! What keys do in the viewer of a result, in its plots and tables.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        compose::{SECRET, masked_payload},
        line::LineEdit,
        reader::LARGE,
        viewer::{Body, Hunt, Viewer},
    },
    result::search::Direction,
    time::Now,
    wire::Text,
};

/// Opens the result of the task that a key pressed now is about.
pub(super) fn open(app: &mut App, now: Now) {
    let task = match app.task_at_hand() {
        Ok(task) => task,
        Err(why) => return app.tell(Severity::Info, why, now),
    };
    // Only where there is no result to be seen.
    let payload = task.payload.as_ref().filter(|_| !Viewer::has_result(task));
    let seen = match payload {
        Some(payload) if payload.len() > LARGE => match super::secrets::seen_of(app, task) {
            Some(seen) => Some(seen),
            None => {
                let text = "its payload is large and is looked through for secrets first: open the task";
                app.tell(Severity::Info, text, now);
                return;
            }
        },
        Some(_) => masked_payload(&app.catalogue, task, SECRET).map(Text::from),
        None => None,
    };
    match Viewer::of(task, seen) {
        Some(viewer) => app.ui.layers.push(Layer::Result(Box::new(viewer))),
        None => app.tell(Severity::Info, "there is no result yet, and its payload was not seen", now),
    }
}

pub(super) fn in_result(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let body = app.areas().body.height;
    let Some(Layer::Result(viewer)) = app.ui.layers.last_mut() else { return Vec::new() };
    if let Some(by) = action.steps(result_height(body, viewer)) {
        viewer.step(by);
        return Vec::new();
    }
    let mut told = None;
    match action {
        Action::Left if viewer.left > 0 => viewer.left = viewer.left.saturating_sub(8),
        Action::Left => viewer.fold_or_leave(),
        Action::Right => match viewer.row().and_then(|row| row.open) {
            Some(false) => {
                viewer.turn();
            }
            Some(true) => viewer.step(1),
            None => viewer.left += 8,
        },
        Action::Fold | Action::Unfold => {
            viewer.turn();
        }
        Action::UnfoldAll => {
            let whole = viewer.unfold(usize::MAX);
            let text = "unfolded as far as is sensible; the rest is still folded";
            told = (!whole).then(|| (Severity::Info, text.to_owned()));
        }
        Action::Search => {
            let line = LineEdit::new(&viewer.query);
            app.ui.layers.push(Layer::Search(line));
        }
        Action::FindNext | Action::FindPrevious => {
            let direction = if action == Action::FindNext { Direction::Forward } else { Direction::Backward };
            if !viewer.search_on(direction) {
                told = Some((Severity::Info, "nothing is looked for: press / first".to_owned()));
            }
        }
        Action::Plot => match viewer.plot() {
            Ok(plot) => app.ui.layers.push(Layer::Plot(Box::new(plot))),
            Err(why) => told = Some((Severity::Info, why)),
        },
        Action::Table => match viewer.table() {
            Ok(table) => app.ui.layers.push(Layer::Table(Box::new(table))),
            Err(why) => told = Some((Severity::Info, why)),
        },
        Action::Copy => return vec![Effect::Copy { text: viewer.value(), what: "the value".to_owned() }],
        Action::CopyJson => {
            let text = viewer.raw_value().to_owned();
            return vec![Effect::Copy { text, what: "the value as JSON".to_owned() }];
        }
        Action::CopyPath => match viewer.path() {
            Some(path) => return vec![Effect::Copy { text: path.to_string(), what: "the path".to_owned() }],
            None => told = Some((Severity::Info, "a raw text has no paths".to_owned())),
        },
        Action::Save => {
            let ending = if matches!(viewer.body, Body::Tree(_)) { "json" } else { "txt" };
            let name = format!("{}.{ending}", viewer.file);
            return vec![Effect::Save { name, text: viewer.raw_value().to_owned() }];
        }
        Action::Pipe => app.ui.layers.push(Layer::Pipe(LineEdit::new(&app.ui.piped))),
        Action::Pager => {
            let text = viewer.value();
            app.ui.outside = true;
            return vec![Effect::Pipe { command: None, text }];
        }
        _ => {}
    }
    if let Some((severity, text)) = told {
        app.tell(severity, text, now);
    }
    Vec::new()
}

pub(super) fn in_plot(app: &mut App, action: Action, now: Now) {
    let Some(Layer::Plot(plot)) = app.ui.layers.last_mut() else { return };
    let told = match action {
        Action::PlotKind => {
            plot.next_kind();
            return;
        }
        Action::PlotLog => {
            plot.log = !plot.log;
            return;
        }
        Action::PlotLogX => {
            plot.x_log = !plot.x_log;
            return;
        }
        Action::PlotX => match plot.next_x() {
            Some(name) => format!("the other axis: {name}"),
            None => "there is no other array of as many numbers beside it".to_owned(),
        },
        _ => return,
    };
    app.tell(Severity::Info, told, now);
}

pub(super) fn in_table(app: &mut App, action: Action) -> Vec<Effect> {
    let height = table_height(app.areas().body.height);
    let Some(Layer::Table(table)) = app.ui.layers.last_mut() else { return Vec::new() };
    if let Some(by) = action.steps(height) {
        table.go(table.cursor.saturating_add_signed(by));
        return Vec::new();
    }
    match action {
        Action::Left => table.go_column(table.column.saturating_sub(1)),
        Action::Right => table.go_column(table.column + 1),
        Action::Sort => table.sort(),
        Action::Copy => {
            let Some(cell) = table.cell() else { return Vec::new() };
            let raw = table.tree().raw(&cell).to_owned();
            let text = crate::wire::json::string(&raw).map_or(raw.clone(), std::borrow::Cow::into_owned);
            return vec![Effect::Copy { text, what: "the cell".to_owned() }];
        }
        Action::CopyPath => {
            let Some(path) = table.path() else { return Vec::new() };
            return vec![Effect::Copy { text: path.to_string(), what: "the path".to_owned() }];
        }
        Action::Unfold => to_tree(app),
        _ => {}
    }
    Vec::new()
}

/// Goes from a record in the table to its place in the tree.
fn to_tree(app: &mut App) {
    let Some(Layer::Table(table)) = app.ui.layers.last() else { return };
    let record = table.table.record(table.cursor);
    app.ui.layers.pop();
    if let (Some(Layer::Result(viewer)), Some(place)) = (app.ui.layers.last_mut(), record) {
        viewer.reveal(place);
        viewer.unfold(1);
    }
}

/// Takes what was typed to look for.
pub(super) fn look_for(app: &mut App, query: &str, now: Now) {
    let Some(Layer::Result(viewer)) = app.ui.layers.last_mut() else { return };
    if let Err(why) = viewer.look_for(query) {
        app.tell(Severity::Warning, why, now);
    }
}

/// Takes the command that a value is given to.
pub(super) fn pipe(app: &mut App, command: &str) -> Vec<Effect> {
    command.clone_into(&mut app.ui.piped);
    let Some(Layer::Result(viewer)) = app.ui.layers.last() else { return Vec::new() };
    if command.trim().is_empty() {
        return Vec::new();
    }
    let text = viewer.raw_value().to_owned();
    app.ui.outside = true;
    vec![Effect::Pipe { command: Some(command.to_owned()), text }]
}

/// Stops what the viewer is busy with; false if it is not.
pub(super) fn stop(app: &mut App) -> bool {
    match app.ui.layers.last_mut() {
        Some(Layer::Result(viewer)) => viewer.stop(),
        _ => false,
    }
}

/// Does one slice of what the top layer is busy with.
pub(super) fn work(app: &mut App, now: Now) {
    match app.ui.layers.last_mut() {
        Some(Layer::Result(viewer)) => {
            let hunt = viewer.work();
            if hunt == Some(Hunt::Nowhere) {
                app.tell(Severity::Info, "no match", now);
            }
        }
        Some(Layer::Plot(plot)) => plot.work(),
        Some(Layer::Table(table)) => table.work(),
        _ => {}
    }
}

/// Rows for the tree on a body of that height: a raw text has a line that says why it is one.
pub(in crate::app) fn result_height(body: u16, viewer: &Viewer) -> usize {
    let height = usize::from(body).saturating_sub(2);
    match viewer.body {
        Body::Tree(_) => height,
        Body::Raw { .. } => height.saturating_sub(usize::from(height > 1)),
    }
}

/// Rows for a table's records: below head and rule stand the columns' names.
pub(in crate::app) fn table_height(body: u16) -> usize {
    usize::from(body).saturating_sub(3)
}
