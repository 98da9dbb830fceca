//! What keys do in a task's detail, and what of it is copied and saved.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::{Action, Context},
        copy_as,
        document::Mark,
        line::LineEdit,
        reader::Page,
    },
    store::Task,
    time::Now,
    wire::Text,
};

/// The document that is read, if one is on top.
pub(super) fn page(app: &mut App) -> Option<&mut Page> {
    match app.ui.layers.last_mut()? {
        Layer::Task(reader) => Some(&mut reader.page),
        Layer::Record(record) => Some(&mut record.page),
        _ => None,
    }
}

pub(super) fn in_task(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    match action {
        Action::AskTraceback => super::kernel::offer_traceback(app, now),
        Action::Zoom => app.ui.zoom = !app.ui.zoom,
        Action::Logs => super::logs::open_around(app, now),
        _ => return in_page(app, action, now),
    }
    Vec::new()
}

/// What keys do in any document that is read.
pub(super) fn in_page(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let pane = app.areas().task();
    let (columns, height) = (usize::from(pane.width), usize::from(pane.height));
    let charset = app.settings.charset;
    let Some(page) = page(app) else { return Vec::new() };
    match action {
        Action::Up => page.up(),
        Action::Down => page.down(columns, height, charset),
        Action::Left => page.left = page.left.saturating_sub(8),
        Action::Right if !page.wrap => page.left += 8,
        Action::NextSection | Action::PreviousSection => {
            page.go_mark(Mark::Part, action == Action::NextSection);
        }
        Action::NextEntry | Action::PreviousEntry => {
            let found = page.go_mark(Mark::OwnEntry, action == Action::NextEntry);
            if !found {
                app.tell(Severity::Info, "no further entry of your own", now);
            }
        }
        Action::Cause => {
            let found = page.go_cause();
            if !found {
                app.tell(Severity::Info, "it has no further cause", now);
            }
        }
        Action::Fold | Action::Unfold => {
            page.fold();
        }
        Action::Order => {
            page.choice.oldest_first = !page.choice.oldest_first;
            let what = if page.choice.oldest_first { "oldest entry first" } else { "newest entry first" };
            page.go(0);
            app.tell(Severity::Info, what, now);
        }
        Action::Raw => {
            page.choice.raw = !page.choice.raw;
            page.go(0);
        }
        Action::Wrap => {
            page.wrap = !page.wrap;
            page.left = 0;
        }
        Action::Search => {
            let line = LineEdit::new(&page.search);
            app.ui.layers.push(Layer::Search(line));
        }
        Action::NextMatch => {
            let found = page.next_match();
            if !found {
                app.tell(Severity::Info, "no match", now);
            }
        }
        Action::OpenEditor => match page.line().and_then(|l| l.place.clone()) {
            Some((file, line)) => {
                app.ui.outside = true;
                return vec![Effect::OpenFile { file, line }];
            }
            None => {
                app.tell(Severity::Info, "there is no file here: go to an entry of the traceback (n)", now);
            }
        },
        _ => {
            if let Some(by) = action.steps(height) {
                page.step(by);
            }
        }
    }
    Vec::new()
}

pub(super) fn export(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let reading = app.context() == Context::Task;
    let task = match app.task_at_hand() {
        Ok(task) => task,
        Err(why) => {
            app.tell(Severity::Info, why, now);
            return Vec::new();
        }
    };
    match action {
        Action::CopyId => {
            let id = task.task_id.as_ref().or(task.scheduled_task_id.as_ref()).map_or(&*task.key.0, |t| t);
            vec![Effect::Copy { text: id.to_owned(), what: "the id".to_owned() }]
        }
        Action::Copy if !reading => {
            vec![Effect::Copy { text: task.name.to_string(), what: "the name".to_owned() }]
        }
        _ => {
            let found = app.ui.traces.of(task).map(|(text, _)| text);
            let (text, what, ending) = content(task, found);
            if action == Action::Copy {
                return vec![Effect::Copy { text, what: what.to_owned() }];
            }
            let id: String = task.key.0.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
            let kind: String = task.task_type.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
            let kind = if kind.is_empty() { "task".to_owned() } else { kind };
            vec![Effect::Save { name: format!("{kind}-{id}.{ending}"), text }]
        }
    }
}

/// What a task's reader copies and saves: the error, else the result, else the payload; and the file's ending.
fn content(task: &Task, found: Option<&Text>) -> (String, &'static str, &'static str) {
    if let Some(error) = task.failure() {
        return (copy_as::whole(error, found), "the error", "txt");
    }
    if let Some(result) = task.reply.as_ref().and_then(|r| r.result(task.is_ipython())) {
        return (result.to_owned(), "the result", "json");
    }
    (task.payload.as_deref().unwrap_or("{}").to_owned(), "the payload", "json")
}
