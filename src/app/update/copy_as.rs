//! Taking a task elsewhere: as a command, as Python, as its frame; copied or saved.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        compose::{Compose, mask},
        copy_as::{CopyAs, Kinds, SECRET, Source, way_of},
        session::Way,
    },
    catalogue::TaskType,
    store::Task,
    time::Now,
    wire::frame::TaskFrame,
};

use super::compose::{class_of, learn, metadata_parallel};

/// Opens the list on the composer's task, or on the one that is selected or read.
pub(super) fn open(app: &mut App, now: Now) {
    let source = match app.ui.layers.last() {
        Some(Layer::Compose(compose)) => of_composer(app, compose),
        _ => match app.current_task().and_then(|k| app.store().task(k)).cloned() {
            None => Err("select a task first".to_owned()),
            Some(task) => {
                learn(app, &task.service);
                of_task(app, &task)
            }
        },
    };
    match source {
        Ok(source) => app.ui.layers.push(Layer::CopyAs(Box::new(CopyAs::new(source)))),
        Err(why) => app.tell(Severity::Info, why, now),
    }
}

fn of_composer(app: &App, compose: &Compose) -> Result<Source, String> {
    if let Some(problem) = compose.problems.iter().find(|p| p.fatal) {
        return Err(format!("not copied, for it could not be sent: {}", problem.what));
    }
    if compose.tasks() > 1 {
        let n = compose.tasks();
        return Err(format!(
            "not copied: the form makes {n} tasks, and one can be copied; take the sweeps away"
        ));
    }
    let frame = compose.frame();
    let masked = compose.masked_with(SECRET).map(|payload| {
        (TaskFrame { payload: payload.as_str().into(), ..frame.clone() }.payload, frame.display_name.clone())
    });
    let place = place(app, &compose.way, &frame.target);
    Ok(Source { frame, way: compose.way.clone(), task_type: compose.task_type.clone(), place, masked })
}

fn of_task(app: &App, task: &Task) -> Result<Source, String> {
    let Some(payload) = task.payload.clone() else {
        return Err("its payload was not seen".to_owned());
    };
    let class = class_of(task);
    let task_type = match app.catalogue.find(&task.service, &class) {
        Some(known) => known.clone(),
        None => TaskType::unheard(class),
    };
    let frame = TaskFrame {
        id: task.task_id.clone().unwrap_or_else(|| task.key.0.clone()),
        target: task.service.clone(),
        task_type: task.task_type.clone(),
        parallel: metadata_parallel(task),
        display_name: task.name.clone(),
        show_in_dashboard: !task.hidden,
        payload,
    };
    let masked =
        mask(&task_type, &frame.payload, SECRET).map(|p| (p.as_str().into(), frame.display_name.clone()));
    let way = way_of(task);
    let place = place(app, &way, &frame.target);
    Ok(Source { frame, way, task_type, place, masked })
}

/// The arguments that lead to this lab, and to a service alone where it goes that way.
fn place(app: &App, way: &Way, service: &str) -> Vec<String> {
    let mut place = app.settings.place.clone();
    if *way == Way::Alone
        && let Some((name, url)) = app.settings.alone.iter().find(|(name, _)| **name == *service)
    {
        place.push(format!("--service={name}={url}"));
    }
    place
}

/// What keys do in the list.
pub(super) fn in_copy_as(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let Some(Layer::CopyAs(copy)) = app.ui.layers.last_mut() else { return Vec::new() };
    let n = Kinds::ALL.len();
    match action {
        Action::ChooseUp => copy.selected = (copy.selected + n - 1) % n,
        Action::ChooseDown | Action::Complete => copy.selected = (copy.selected + 1) % n,
        Action::ShowSecrets if copy.source.masked.is_some() => copy.clear = !copy.clear,
        Action::ShowSecrets => app.tell(Severity::Info, "it has no secrets", now),
        Action::Accept | Action::SaveCopy => {
            let text = copy.text(now.utc);
            let effect = match action {
                Action::Accept => Effect::Copy { text, what: copy.kind().title().to_owned() },
                _ => Effect::Save { name: copy.file(), text },
            };
            app.ui.layers.pop();
            return vec![effect];
        }
        _ => {}
    }
    Vec::new()
}
