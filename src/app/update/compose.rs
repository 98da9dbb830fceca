//! Choosing a service and a type, filling in the payload.

use std::collections::HashSet;

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        choose::{Choose, Item, Stage},
        compose::{Compose, Outside, SECRET},
        msg::Edited,
        session::Way,
    },
    catalogue::{self, TaskType, form::Origin},
    clean::exact,
    store::{Lane, Reason, State, TASK_MANAGER, Task},
    time::Now,
    wire::{Text, event::KernelState, json},
};

use super::{
    back,
    deeds::ask_to_send,
    form::{place, refusals, reopen, told_refused},
    large,
};

/// A result of earlier runs above this makes the scheduler, which keeps every result, the wrong way.
const LARGE_RESULT: usize = 1024 * 1024;

/// Why nothing may be sent at all, if so.
pub(super) fn barred(app: &App) -> Option<String> {
    if app.settings.read_only {
        return Some("read-only: nothing can be sent or cancelled".to_owned());
    }
    app.settings.watch_only.clone()
}

pub(super) fn open_composer(app: &mut App, now: Now) {
    if let Some(why) = barred(app) {
        app.tell(Severity::Warning, why, now);
        return;
    }
    match app.current_service() {
        Some(service) => choose_type(app, service, now),
        None => choose_service(app),
    }
}

fn choose_service(app: &mut App) {
    let items: Vec<Item> = app
        .store()
        .services()
        .map(|s| Item {
            name: s.name.clone(),
            about: match &s.kernel {
                Some((KernelState::Connecting | KernelState::Restarting, _)) => "not reachable".to_owned(),
                Some(_) => "IPython".to_owned(),
                None => String::new(),
            },
            remark: if s.alone { "spoken to alone".to_owned() } else { String::new() },
            moves: false,
            on: None,
        })
        .collect();
    app.ui.layers.push(Layer::Choose(Box::new(Choose::new(Stage::Service, items))));
}

pub(super) fn back_to_services(app: &mut App) {
    if let Some(Layer::Choose(choose)) = app.ui.layers.last()
        && let Stage::Type { service } = choose.stage.clone()
    {
        app.ui.layers.pop();
        choose_service(app);
        if let Some(Layer::Choose(choose)) = app.ui.layers.last_mut() {
            choose.select(&service);
        }
    }
}

pub(super) fn choose_type(app: &mut App, service: Text, now: Now) {
    let items = type_items(app, &service, now);
    app.ui.layers.push(Layer::Choose(Box::new(Choose::new(Stage::Type { service }, items))));
}

/// The types of a service, each with where it is known from.
pub(super) fn type_items(app: &mut App, service: &Text, now: Now) -> Vec<Item> {
    learn_all(app);
    let elsewhere = elsewhere(app, service);
    let mut items: Vec<Item> = app
        .catalogue
        .types_for(service)
        .into_iter()
        .map(|t| {
            let draft = app.ui.drafts.contains_key(&(service.clone(), t.class.clone()));
            let hardware = app.settings.guard.matches(&t.name);
            let about = t.doc.as_deref().and_then(|d| d.lines().next()).unwrap_or("").to_owned();
            let mut remark = Vec::new();
            if draft {
                remark.push("draft".to_owned());
            }
            if hardware {
                remark.push("moves hardware".to_owned());
            }
            remark.push(t.known_from(service, now.utc));
            Item { name: t.class.clone(), about, remark: remark.join(", "), moves: hardware, on: None }
        })
        .collect();
    items.extend(elsewhere);
    items
}

/// Types that only other services have, as far as is known.
fn elsewhere(app: &App, service: &Text) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let here: HashSet<&Text> = app.catalogue.types_for(service).iter().map(|t| &t.class).collect();
    for other in app.catalogue.services().into_iter().filter(|other| other != service) {
        for t in app.catalogue.types_for(&other).into_iter().filter(|t| !here.contains(&t.class)) {
            items.push(Item {
                name: t.class.clone(),
                about: String::new(),
                remark: format!("on {}", exact(&other)),
                moves: app.settings.guard.matches(&t.name),
                on: Some(other.clone()),
            });
        }
    }
    items
}

/// Says of a type that was typed by hand, and of which nothing is known there, who has one of that name.
pub(super) fn tell_of_unknown(app: &mut App, service: &Text, class: &Text, now: Now) {
    if app.catalogue.find(service, class).is_some() {
        return;
    }
    let services = elsewhere(app, service).into_iter().filter(|item| item.name == *class);
    let services: Vec<String> =
        services.filter_map(|item| item.on).map(|name| exact(&name).into_owned()).collect();
    let key = app.key(Action::OtherType).unwrap_or_default();
    let (severity, text) = match services.is_empty() {
        true => (Severity::Info, format!("nothing is known of {}: write its payload as JSON", exact(class))),
        false => {
            let services = services.join(", ");
            let text = format!(
                "{} is not known to have {}, but {services}; {key} chooses again",
                exact(service),
                exact(class)
            );
            (Severity::Warning, text)
        }
    };
    // A draft that came back tells that itself.
    if app.ui.notice.is_none() {
        app.tell(severity, text, now);
    }
}

/// Tells the catalogue what was seen of all services.
pub fn learn_all(app: &mut App) {
    let services: Vec<Text> = app.store().services().map(|s| s.name.clone()).collect();
    for service in services {
        learn(app, &service);
    }
}

/// Tells the catalogue what was seen of a service.
pub(super) fn learn(app: &mut App, service: &Text) {
    let store = &app.session.store;
    if store.service(service).is_some_and(|s| s.kernel.is_some()) {
        app.catalogue.saw_kernel(service);
    }
    let own_tasks = |s: &crate::store::SeenType| {
        (&**service != TASK_MANAGER || !TALK.contains(&&*s.task_type))
            && *s.class != *catalogue::script::QUESTION
    };
    let seen = store.seen_types(service).into_iter().filter(own_tasks).map(|s| catalogue::Seen {
        task_type: s.task_type,
        class: s.class,
        parallel: s.parallel,
        hidden_fields: s.hidden_fields,
        payload: s.payload,
        at: Some(s.seen.utc),
    });
    let seen = seen.collect();
    app.catalogue.set_seen(service, seen);
}

/// How one talks to the scheduler: not work that anybody submits by hand.
const TALK: [&str; 4] = ["ScheduleTask", "GetScheduledTask", "GetScheduledTasks", "CancelScheduledTask"];

/// Opens the composer on a type, by its class's name; `payload`: filled in with this one.
pub(super) fn compose(app: &mut App, service: Text, class: &Text, filled: Option<&Task>, now: Now) {
    learn(app, &service);
    let mut task_type = match app.catalogue.find(&service, class) {
        Some(known) => known.clone(),
        None => TaskType::unheard(class.clone()),
    };
    // What this person sent last; else what was seen last, of anybody.
    let own = app.ui.remembered.get(&(service.clone(), class.clone())).cloned();
    let last = own.or_else(|| app.catalogue.example(&service, class).map(|payload| payload.to_string()));
    if let Some(task) = filled {
        task_type.parallel = metadata_parallel(task);
        task_type.show_in_dashboard = !task.hidden;
        // Of a cell's class the wire says only that it is a cell.
        task_type.name = task.task_type.clone();
    }
    let (way, reason) = way_for(app, &service, &task_type);
    let id = app.session.new_id();
    let mut compose = Compose::new(service.clone(), task_type, way, reason, last, id);
    match filled {
        Some(task) => {
            compose.fill(task.payload.as_deref().unwrap_or("{}"), Origin::Last);
            compose.filled = true;
            compose.again_of = in_doubt(task).then(|| task.key.clone());
        }
        None => {
            if let Some(draft) = app.ui.drafts.get(&(service, class.clone())) {
                let (way, reason) = (compose.way.clone(), compose.way_reason.clone());
                compose.take_draft(draft);
                // The lab may be reached another way than when it was written.
                let alone = |way: &Way| *way == Way::Alone;
                if alone(&way) != alone(&compose.way) {
                    compose.way = way;
                    compose.way_reason = reason;
                }
                let what = match draft.lacks_secrets {
                    true => "your draft is back but for its secrets, never written down",
                    false => "your draft is back",
                };
                let key = app.key(Action::Reset).unwrap_or_default();
                app.tell(Severity::Info, format!("{what}; {key} starts anew"), now);
            }
        }
    }
    let areas = app.areas();
    compose.follow(areas.body, areas.shape, app.settings.charset);
    app.ui.layers.push(Layer::Compose(Box::new(compose)));
}

/// Whether nobody knows how a task ended, or whether it has.
pub(super) fn in_doubt(task: &Task) -> bool {
    task.state == State::Unknown && task.reason != Some(Reason::PutAway)
}

pub(super) fn metadata_parallel(task: &Task) -> bool {
    match task.metadata.as_deref().and_then(|m| json::get(m, "parallel")) {
        Some(raw) => raw == "true",
        None => task.lane == Lane::Parallel,
    }
}

/// The way that is offered, and why. Parallel tasks go direct; sequential ones through the scheduler, which keeps
/// them when this terminal is lost, except where there is none or where it would have to keep large results.
pub(super) fn way_for(app: &App, service: &Text, task_type: &TaskType) -> (Way, String) {
    if app.session.is_alone(service) {
        return (Way::Alone, String::new());
    }
    if task_type.parallel {
        return (Way::Direct, String::new());
    }
    if app.session.has_scheduler == Some(false) {
        return (Way::Direct, "this Juice has no scheduler".to_owned());
    }
    let large = app
        .store()
        .tasks()
        .filter(|t| t.service == *service && t.task_type == task_type.name)
        .filter_map(|t| t.reply.as_ref())
        .take(20)
        .any(|r| r.text.len() > LARGE_RESULT);
    if large {
        return (
            Way::Direct,
            "earlier results are over 1 MB, and the scheduler keeps every result".to_owned(),
        );
    }
    (Way::Scheduled(None), String::new())
}

/// The class of a task. Of a cell's the wire says only that it is a cell, but its name begins with it.
pub(in crate::app) fn class_of(task: &Task) -> Text {
    if task.is_ipython() {
        task.name.split(':').next().filter(|c| !c.is_empty()).unwrap_or("IPythonTask").into()
    } else {
        task.task_type.clone()
    }
}

pub(super) fn again(app: &mut App, now: Now) {
    if let Some(why) = barred(app) {
        app.tell(Severity::Warning, why, now);
        return;
    }
    let mut task = match app.task_at_hand() {
        Ok(task) => task.clone(),
        Err(why) => return app.tell(Severity::Info, why, now),
    };
    // Asterisks are no secret, and must not go out as one.
    let mask = json::quote(SECRET);
    let opens = |payload: &Text| large::too_large(payload.len()).is_none() && payload.contains(&mask);
    let masked = app.store().is_recalled(&task.key) && task.payload.as_ref().is_some_and(opens);
    if masked {
        task.payload = task.payload.map(|payload| payload.replace(&mask, "\"\"").into());
    }
    again_on(app, &task, now);
    if masked {
        app.tell(Severity::Warning, "its secrets were not kept: fill them in", now);
    }
}

/// Opens the composer filled in as that task was.
pub(super) fn again_on(app: &mut App, task: &Task, now: Now) {
    if let Some(why) = barred(app) {
        app.tell(Severity::Warning, why, now);
        return;
    }
    if task.payload.is_none() {
        app.tell(Severity::Warning, "its payload was not seen; s opens the type with what is known", now);
        return;
    }
    if large::ask_to_save(app, task, now) {
        return;
    }
    let class = class_of(task);
    let refused = refusals(task);
    // The form as it was sent, with what no payload tells (what was edited, secrets), if it is still here.
    if refused.is_some() && reopen(app, &task.key.0, now) {
        return;
    }
    let service = task.service.clone();
    compose(app, service, &class, Some(task), now);
    if let (Some(parts), Some(Layer::Compose(compose))) = (refused, app.ui.layers.last_mut())
        && compose.form().is_some()
    {
        place(compose, &parts);
        told_refused(app, parts.len(), now);
    }
}

pub(super) fn in_composer(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let has_scheduler = app.session.has_scheduler;
    let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() else { return Vec::new() };
    match action {
        Action::Send => return ask_to_send(app, now),
        Action::Way if compose.tasks() > 1 => {
            let text =
                "several tasks go through the scheduler: it keeps them, and starts one after the other";
            app.tell(Severity::Info, text, now);
        }
        Action::Way => {
            compose.way_reason.clear();
            compose.way = match compose.way {
                Way::Direct if has_scheduler == Some(false) => {
                    app.tell(Severity::Warning, "this Juice has no scheduler", now);
                    return Vec::new();
                }
                Way::Direct => Way::Scheduled(None),
                Way::Scheduled(None) => Way::Direct,
                Way::Scheduled(Some(_)) => {
                    compose.way = Way::Direct;
                    let text = "direct: it goes out at once; the time that was set is dropped";
                    app.tell(Severity::Warning, text, now);
                    return Vec::new();
                }
                Way::Alone => {
                    app.tell(
                        Severity::Warning,
                        "this service is spoken to alone: its tasks go to its own port",
                        now,
                    );
                    return Vec::new();
                }
            };
        }
        Action::When => super::when::open(app, now),
        Action::Lane => compose.parallel = !compose.parallel,
        Action::EditOutside => {
            let text = match compose.form() {
                Some(form) => json::pretty(&form.form.payload(), usize::MAX).0,
                None => compose.text(),
            };
            compose.outside = Outside::Payload;
            app.ui.outside = true;
            return vec![Effect::EditPayload(text)];
        }
        Action::Frame => match compose.sendable() {
            Ok(()) => compose.frame_shown = !compose.frame_shown,
            Err(why) => {
                let why = why.strip_prefix("not sent: ").unwrap_or(&why);
                app.tell(Severity::Warning, format!("there is no frame yet: {why}"), now);
            }
        },
        Action::Json => {
            let done = compose.turn();
            let open = compose.form().is_none() && compose.has_secrets();
            let sweeps = compose.form().is_none() && compose.has_sweeps();
            if let Err(why) = done {
                app.tell(Severity::Warning, why, now);
            } else if open {
                app.tell(Severity::Warning, "as JSON the secrets stand in the clear on the screen", now);
            } else if sweeps {
                let text =
                    "as JSON it is one task; the form keeps the fields that run through several values";
                app.tell(Severity::Warning, text, now);
            }
        }
        Action::Reset => compose.reset(),
        Action::Undo => compose.undo(),
        Action::Redo => compose.redo(),
        Action::OtherType => {
            let service = compose.service.clone();
            back(app, now);
            choose_type(app, service, now);
        }
        _ => {}
    }
    Vec::new()
}

pub(super) fn editor_closed(app: &mut App, edited: Edited, now: Now) -> Vec<Effect> {
    match edited {
        Edited::Payload(Ok(text)) => {
            let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() else { return Vec::new() };
            if large::too_large(text.len()).is_some() {
                let ending = if compose.outside == Outside::Payload { "json" } else { "txt" };
                return vec![large::save_edited(compose, text, ending, now)];
            }
            let done = match (compose.outside, compose.form_mut()) {
                (Outside::Field(id), Some(form)) => {
                    let done = form.edited(id, &text);
                    compose.check();
                    done
                }
                _ => {
                    let text = text.trim_end_matches('\n');
                    compose.set_text(text).or_else(|why| {
                        // Nothing of it is lost: it goes on as JSON.
                        compose.turn()?;
                        compose.set_text(text)?;
                        Err(format!("as JSON, since no form takes it: {why}"))
                    })
                }
            };
            if let Err(why) = done {
                app.tell(Severity::Warning, why, now);
            }
        }
        Edited::Payload(Err(why)) | Edited::File(Err(why)) => app.tell(Severity::Error, why, now),
        Edited::File(Ok(())) => {}
    }
    Vec::new()
}
