//! What keys do in the history, and what comes back from beside the loop.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        history::{Columns, History},
        line::LineEdit,
        reader::Reader,
    },
    clean::Clean,
    store::{
        Past, Task, TaskKey,
        filter::{NAMES, WORDS, log},
        past::query::Found,
    },
    time::Now,
};

use super::set_filter;

/// Rows that the table has below its head, and below what is told there.
pub fn history_height(app: &App) -> usize {
    usize::from(app.areas().body.height).saturating_sub(2 + history_note(app).len()).max(1)
}

/// What is told above the table: what nobody watched, why Juice's database could not be read, and what helps.
pub fn history_note(app: &App) -> Vec<Clean> {
    let key = app.key(Action::ReadAgain).unwrap_or_default();
    let trouble = app.ui.archive.trouble().map(|why| format!("{why} {key} tries again."));
    let told: Vec<String> = app.unwatched().into_iter().chain(trouble).collect();
    if told.is_empty() {
        return Vec::new();
    }
    let body = app.areas().body;
    let text = Clean::line(&told.join(" "), app.settings.charset);
    let most = usize::from(body.height / 2).clamp(1, 4);
    text.wrap(usize::from(body.width).saturating_sub(3).max(1)).into_iter().take(most).collect()
}

/// The history, if it is on the screen.
pub(super) fn shown(app: &mut App) -> Option<&mut History> {
    app.ui.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::History(history) => Some(&mut **history),
        _ => None,
    })
}

/// Asks what has to be asked; tells when nobody looks any more.
pub(super) fn ask(app: &mut App) -> Option<Effect> {
    let id = app.ui.questions + 1;
    match shown(app) {
        Some(history) => {
            let query = history.question(id)?;
            app.ui.questions = id;
            app.ui.asks_past = true;
            Some(Effect::FindPast(Box::new(query)))
        }
        None => std::mem::take(&mut app.ui.asks_past).then_some(Effect::ForgetPast),
    }
}

pub(super) fn found(app: &mut App, found: Found) {
    if shown(app).is_some_and(|history| history.take(found)) {
        app.ui.revision += 1;
    }
}

pub(super) fn in_history(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let height = history_height(app);
    let Some(Layer::History(history)) = app.ui.layers.last_mut() else { return Vec::new() };
    if let Some(by) = action.steps(height) {
        history.step(by, height);
        return Vec::new();
    }
    match action {
        Action::Hidden => history.turn_hidden(),
        Action::SortBy => history.sort_next(),
        Action::SortTurn => history.turn(),
        Action::Mark => history.mark(),
        Action::Compare => return super::compare::ask(app, now),
        Action::ReadAgain => return read_again(app, now),
        Action::Columns => {
            let columns = Columns::new(&history.columns);
            app.ui.layers.push(Layer::Columns(columns));
        }
        Action::Filter => {
            let line = LineEdit::new(&history.filter_text);
            app.ui.layers.push(Layer::Filter(line));
        }
        Action::Open => return open(app, now),
        _ => {}
    }
    Vec::new()
}

/// Reads Juice's database again, or stops reading it.
fn read_again(app: &mut App, now: Now) -> Vec<Effect> {
    if let Some(why) = app.ui.archive.none() {
        let text = format!("Juice's own database of tasks is not read: {why}");
        app.tell(Severity::Warning, text, now);
        return Vec::new();
    }
    match app.ui.archive.turn(now) {
        true => {
            app.tell(Severity::Info, "Juice's database is not read any further", now);
            vec![Effect::StopArchive]
        }
        false => Vec::new(),
    }
}

/// Opens the selected task: as it is known now, where it is of this run, else as it was written.
fn open(app: &mut App, now: Now) -> Vec<Effect> {
    let Some(Layer::History(history)) = app.ui.layers.last() else { return Vec::new() };
    let Some((row, past)) = history.selected_line() else {
        app.tell(Severity::Info, "nothing is selected", now);
        return Vec::new();
    };
    let (row, past) = (*row, past.clone());
    match app.store().task(&past.key) {
        Some(task) if !app.store().is_recalled(&past.key) && is_same(task, &past) => {
            app.ui.layers.push(Layer::Task(Box::new(Reader::new(past.key.clone(), &app.settings))));
            Vec::new()
        }
        _ => vec![Effect::OpenPast(row)],
    }
}

/// Whether a task that has the key of a line is the line's: an id may have been used before.
fn is_same(task: &Task, past: &Past) -> bool {
    match (task.started, past.started) {
        (Some(one), Some(other)) if one.exact && other.exact => {
            (one.at.utc - other.at).abs() < chrono::TimeDelta::seconds(2)
        }
        _ => true,
    }
}

/// A task of the past was read.
pub(super) fn read(app: &mut App, task: Result<Box<Task>, String>, now: Now) {
    // Somebody went on meanwhile.
    if !matches!(app.ui.layers.last(), Some(Layer::History(_))) {
        return;
    }
    match task {
        Ok(mut task) => {
            if app.store().task(&task.key).is_some() && !app.store().is_recalled(&task.key) {
                // Another run under its id is known now.
                task.key = TaskKey(format!("{}#past", task.key).into());
            }
            let key = task.key.clone();
            app.session.store.recall(*task);
            app.ui.layers.push(Layer::Task(Box::new(Reader::new(key, &app.settings))));
        }
        Err(why) => app.tell(Severity::Error, format!("not opened: {why}"), now),
    }
}

/// Completes the word before the cursor of a filter's line: qualifiers, their words, services and types.
pub(super) fn complete(app: &mut App, now: Now) {
    let Some(Layer::Filter(line)) = app.ui.layers.last() else { return };
    let (before, after) = line.halves();
    let begin = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let word = before.get(begin..).unwrap_or_default();
    let word = word.trim_start_matches(['-', '!']);
    let (qualifier, part) = match word.find(':') {
        Some(at) => word.split_at(word.rfind(',').unwrap_or(at).max(at) + 1),
        None => ("", word),
    };
    let part = part.to_lowercase();
    let of_log = shown_log(app);
    let mut known: Vec<String> = match qualifier.split_once(':').map(|(name, _)| name) {
        None if of_log => log::NAMES.iter().map(ToString::to_string).collect(),
        Some("level") if of_log => log::levels(),
        None if part.starts_with('@') => {
            app.ui.choices.filters.names().map(|name| format!("@{name}")).collect()
        }
        None => NAMES.iter().map(ToString::to_string).collect(),
        Some("service") => app.store().services().map(|service| service.name.to_string()).collect(),
        Some("type") => types(app),
        Some(name) => {
            let words = WORDS.iter().find(|(known, _)| known.trim_end_matches(':') == name);
            words.map_or(Vec::new(), |(_, words)| words.iter().map(ToString::to_string).collect())
        }
    };
    known.retain(|name| name.to_lowercase().starts_with(&part) && !name.contains(char::is_whitespace));
    known.sort();
    known.dedup();
    let Some(common) = common(&known) else {
        app.tell(Severity::Info, "nothing begins so", now);
        return;
    };
    if common.len() > part.len() {
        let typed = before.len() - part.len();
        let completed = format!("{}{common}", before.get(..typed).unwrap_or_default());
        let text = format!("{completed}{after}");
        if let Some(Layer::Filter(line)) = app.ui.layers.last_mut() {
            *line = LineEdit::with_cursor(&completed, &after);
        }
        set_filter(app, &text, now);
    } else if known.len() > 1 {
        app.tell(Severity::Info, known.join(" "), now);
    }
}

/// What is filtered is the services' log.
fn shown_log(app: &mut App) -> bool {
    super::logs::shown(app).is_some()
}

/// The task types that are known here.
fn types(app: &mut App) -> Vec<String> {
    let mut types: std::collections::BTreeSet<String> =
        app.store().tasks().map(|task| task.task_type.to_string()).collect();
    if let Some(history) = shown(app) {
        types.extend(history.found.lines.iter().map(|(_, past)| past.task_type.to_string()));
    }
    types.into_iter().collect()
}

/// What all of them begin with.
fn common(names: &[String]) -> Option<String> {
    let (first, rest) = names.split_first()?;
    let mut end = first.len();
    for name in rest {
        end = first
            .char_indices()
            .zip(name.chars())
            .find(|((_, a), b)| a != b)
            .map_or(end.min(name.len()), |((at, _), _)| at.min(end));
    }
    first.get(..end).map(str::to_owned)
}
