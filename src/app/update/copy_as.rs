//! Taking a task elsewhere: as a command, as Python, as its frame; copied or saved.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        compose::{Compose, masked_payload, secret_texts, without},
        copy_as::{CopyAs, ErrorTexts, Group, SECRET, Source, way_of},
        session::{Batch, Way},
    },
    catalogue::TaskType,
    store::Task,
    time::Now,
    wire::{frame::TaskFrame, name::masked_name},
};

use super::{
    compose::{class_of, learn, metadata_parallel},
    large,
    secrets::secrets_of,
};

/// Opens the list on the composer's task, or on the one that is selected or read.
pub(super) fn open(app: &mut App, now: Now) {
    let source = match app.ui.layers.last() {
        Some(Layer::Compose(compose)) => of_composer(app, compose),
        _ => match app.task_at_hand().cloned() {
            Err(_) if app.current_group().is_some() => {
                Err("open the group and select one of its tasks: each is copied by itself".to_owned())
            }
            Err(why) => Err(why.to_owned()),
            Ok(task) => {
                learn(app, &task.service);
                of_task(app, &task, now)
            }
        },
    };
    match source {
        Ok(copy) => app.ui.layers.push(Layer::CopyAs(Box::new(copy))),
        Err(why) => app.tell(Severity::Info, why, now),
    }
}

fn of_composer(app: &App, compose: &Compose) -> Result<CopyAs, String> {
    let not = |why: &str| format!("not copied, for it could not be sent: {why}");
    if let Some(problem) = compose.problems.iter().find(|p| p.fatal) {
        return Err(not(&problem.what));
    }
    let place = place(app, &compose.way, &compose.service);
    let task_type = compose.task_type.clone();
    if compose.tasks() > 1 {
        let batch = compose.batch().unwrap_or_else(|| Err(String::new())).map_err(|why| not(&why))?;
        let typed: Vec<String> = compose.sweeps().into_iter().map(|(_, typed)| typed).collect();
        let python = || app.settings.python.clone();
        let source = |batch: Batch| Source {
            frame: batch.frame(0, compose.id.clone()),
            way: Way::Scheduled(batch.run_at),
            task_type: task_type.clone(),
            place: place.clone(),
            group: Some(Group {
                python: batch.made.as_ref().and_then(|_| python()),
                batch,
                typed: typed.clone(),
            }),
        };
        return Ok(CopyAs::new(source(batch), compose.batch_with(SECRET).map(source)));
    }
    let source = Source { frame: compose.frame(), way: compose.way.clone(), task_type, place, group: None };
    let masked = compose.masked_with(SECRET).map(|payload| with_payload(&source, payload, &[]));
    Ok(CopyAs::new(source, masked))
}

/// The list on a task of the lab: what it is, and how it failed. A failed one of which no payload was seen has an error
/// all the same.
fn of_task(app: &App, task: &Task, now: Now) -> Result<CopyAs, String> {
    let reader = match app.ui.layers.last() {
        Some(Layer::Task(reader)) if reader.key == task.key => Some(&**reader),
        _ => None,
    };
    // A large one is left out, and looked through beside the loop: its error may repeat its secrets.
    let large = task.payload.as_ref().and_then(|payload| large::too_large(payload.len()));
    let masked = if large.is_some() { None } else { masked_payload(&app.catalogue, task, SECRET) };
    let payload = masked.as_deref().or(task.payload.as_deref()).filter(|_| large.is_none());
    let secrets = match &large {
        Some(_) => secrets_of(app, task),
        None => Some(secret_texts(&app.catalogue, task)),
    };
    let Some(secrets) = secrets.or_else(|| task.failure().is_none().then(Vec::new)) else {
        return Err("its payload is large and is looked through for secrets first: open the task".to_owned());
    };
    let found = app.ui.traces.of(task).map(|(text, _)| text);
    let juice = app.settings.juice.as_deref();
    let error = ErrorTexts::of(task, reader, found, payload, juice, now);
    let again = app.key(Action::Again).unwrap_or_default();
    let source = match large {
        Some(why) => Err(format!("{why}; {again} saves it to a file")),
        None => source_of(app, task),
    };
    let copy = match source {
        Ok(source) => {
            let masked = masked.map(|payload| with_payload(&source, payload, &secrets));
            CopyAs { error, secrets, ..CopyAs::new(source, masked) }
        }
        Err(why) if error.is_none() => return Err(format!("not copied: {why}")),
        Err(why) => CopyAs {
            source: Err(why),
            masked: None,
            error,
            secrets,
            selected: 0,
            clear: false,
            is_record: false,
        },
    };
    Ok(copy)
}

/// A task as it is taken elsewhere, its payload unread.
pub(super) fn source_of(app: &App, task: &Task) -> Result<Source, String> {
    let Some(payload) = task.payload.clone() else {
        return Err(match task.scheduled_task_id {
            Some(_) => "its payload was not seen, and the scheduler's list has none".to_owned(),
            None => "its payload was not seen".to_owned(),
        });
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
        // Sent again it belongs to no group.
        display_name: task.own_name().into(),
        show_in_dashboard: !task.hidden,
        payload,
    };
    let way = way_of(task);
    let place = place(app, &way, &frame.target);
    Ok(Source { frame, way, task_type, place, group: None })
}

/// The same with its payload masked, and with a name that does not tell those secrets either.
fn with_payload(source: &Source, payload: String, secrets: &[String]) -> Source {
    let name = &source.frame.display_name;
    let name = without(masked_name(name).as_deref().unwrap_or(name), secrets);
    let frame = TaskFrame { payload: payload.into(), display_name: name.into(), ..source.frame.clone() };
    Source { frame, ..source.clone() }
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
    let n = copy.kinds().len();
    match action {
        Action::ChooseUp => copy.selected = (copy.selected + n - 1) % n,
        Action::ChooseDown | Action::Complete => copy.selected = (copy.selected + 1) % n,
        Action::ShowSecrets if copy.has_secrets() => copy.clear = !copy.clear,
        Action::ShowSecrets => app.tell(Severity::Info, "it has no secrets", now),
        Action::Accept | Action::SaveCopy => {
            let text = match copy.text(now.utc) {
                Ok(text) => text,
                Err(why) => {
                    app.tell(Severity::Warning, format!("not copied: {why}"), now);
                    return Vec::new();
                }
            };
            let effect = match action {
                Action::Accept => Effect::Copy { text, what: copy.kind().title().to_owned() },
                _ if copy.is_private() => {
                    Effect::SavePrivately { name: copy.file(), text: text.into(), told: "saved" }
                }
                _ => Effect::Save { name: copy.file(), text },
            };
            app.ui.layers.pop();
            return vec![effect];
        }
        _ => {}
    }
    Vec::new()
}
