//! What is done to the lab: sending, cancelling, leaving own tasks behind. Each deed passes the guard and the questions
//! that stand here; nothing else hands frames to the session.

use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use crate::{
    app::{
        App, Asking, Effect, Layer, SaidYes, Severity,
        action::Action,
        called,
        compose::{Compose, Heard, SECRET, masked_payload},
        confirm::{Confirm, Deed, SILENCE},
        kept::values_of,
        lanes::Selected,
        session::{Cancelled, News, Outgoing, Session, Way},
    },
    clean::exact,
    store::{LookedFor, Own, State, Task, TaskKey},
    time::{Now, when},
    wire::{Text, control, frame::TaskFrame, json, link::Line},
};

use super::{
    compose::barred,
    form::{go_to_wrong, keep_sent},
    groups, leaving,
    schedule::{UNSETTLED, ask_to_cancel_marked, cancel_all, in_batch, not_replaced, replacing, rescue},
    services, standing, twice,
};

/// Connections that are lost within this time are told together.
const TOGETHER: Duration = Duration::from_secs(3);

/// Sends the composer's task, or asks first: where hardware moves, where a service is spoken to past a task manager
/// that answers, where the service will surely refuse it.
pub(super) fn ask_to_send(app: &mut App, now: Now) -> Vec<Effect> {
    if let Some(effects) = super::python::before_sending(app, now) {
        return effects;
    }
    let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() else { return Vec::new() };
    if let Err(why) = compose.sendable() {
        compose.frame_shown = false;
        if let Some(form) = compose.form_mut() {
            go_to_wrong(form);
        }
        app.tell(Severity::Warning, why, now);
        return Vec::new();
    }
    let Some(Layer::Compose(compose)) = app.ui.layers.last() else { return Vec::new() };
    if compose.tasks() > 1 {
        return groups::ask(app, now);
    }
    let alone = compose.way == Way::Alone;
    // The edge bars the task manager's way, not that to a service of one's own.
    if let Some(why) = barred(app).filter(|_| app.settings.read_only || !alone) {
        app.tell(Severity::Warning, why, now);
        return Vec::new();
    }
    let frame = compose.frame();
    // Secrets stand in what goes out only.
    let shown = compose.shown_frame().payload;
    let way = compose.way.clone();
    let doubts: Vec<String> = compose.problems.iter().filter(|p| !p.hint).map(|p| p.what.clone()).collect();
    let hardware = app.settings.guard.moves(&frame.task_type, &compose.task_type.class, &frame.payload);
    let alone = alone && app.session.is_live(&Line::Router);
    let replaces = compose.replaces.clone();
    let old = replaces.as_ref().and_then(|key| app.store().task(key));
    let waits = |task: &&Task| matches!(task.state, State::Scheduled | State::Waiting);
    // What has started, or ended, cannot be replaced any more: then this would be one more.
    let over = replaces.as_ref().filter(|_| !old.as_ref().is_some_and(waits)).map(|key| match old {
        Some(task) => {
            format!(
                "{}, which it was to replace, does not wait any more ({}).",
                called(&task.name),
                standing(task)
            )
        }
        None => format!("The task {key}, which it was to replace, is no longer known."),
    });
    // A moment that was ahead when it was said may be over by now: then it would go before what waits.
    let by_lab = app.store().by_lab(now);
    let late = matches!(&way, Way::Scheduled(Some(at)) if *at <= by_lab.utc);
    let again = compose.begun().map(|begun| {
        let Heard { known, .. } = compose.heard(&begun, &app.session);
        let (name, of) = (begun.name, begun.of);
        let name = exact(&name);
        format!("It was being sent as {name} when juicetop ended ({known} of {of} are known here): it may run twice.")
    });
    let replaces = replaces.filter(|_| over.is_none());
    let replaced = old.filter(waits);
    let twice = twice::told(app, compose, &frame.target, &frame.task_type, std::iter::once(&frame.payload));
    let plain = !hardware && !alone && doubts.is_empty() && again.is_none() && twice.is_empty();
    if plain && replaces.is_none() && over.is_none() && !late {
        return send(app, frame, &way, now);
    }
    let mut lines = Vec::new();
    if hardware {
        lines.extend(hardware_lines(&frame.target, &frame.task_type, &shown, &[]));
    }
    if alone {
        lines.push(format!(
            "It goes to {}'s own port, past the task manager, which answers: nobody keeps the slot between the two.",
            frame.target
        ));
    }
    if !doubts.is_empty() {
        lines.push("The service will probably refuse it:".to_owned());
        lines.extend(doubts.iter().take(6).map(|d| format!("  {d}")));
    }
    lines.extend(again);
    lines.extend(twice);
    if let Some(over) = over {
        lines.push(over);
        lines.push("It is sent as one more task.".to_owned());
    }
    if let Some(task) = replaced {
        lines.push(format!("It takes the place of {} on {}.", called(&task.name), exact(&task.service)));
        lines.extend(replacing(task));
    }
    lines.push(match &way {
        Way::Direct => "It is sent direct, now.".to_owned(),
        Way::Scheduled(None) => "It goes through the scheduler and starts when the slot is free.".to_owned(),
        Way::Scheduled(Some(at)) if late => {
            format!("It goes through the scheduler and is {}.", not_before(at, by_lab))
        }
        Way::Scheduled(Some(at)) => {
            format!(
                "It goes through the scheduler and starts when the slot is free, {}.",
                not_before(at, by_lab)
            )
        }
        Way::Alone => "It is sent to the service itself.".to_owned(),
    });
    app.ask(
        Confirm::new(
            match &replaces {
                Some(_) => "Replace this scheduled task?".to_owned(),
                None => format!("Send {} to {}?", exact(&frame.task_type), exact(&frame.target)),
            },
            lines,
            (
                match (hardware, &replaces) {
                    (_, Some(_)) => "replace it",
                    (true, None) => "send it",
                    (false, None) => "send it all the same",
                },
                "do not send",
            ),
            match replaces {
                Some(key) => Deed::Replace { key, frame: Box::new(frame), way },
                None => Deed::Send(Box::new(frame), way),
            },
            now,
        )
        .surely(hardware),
    );
    Vec::new()
}

/// `not before …`, or that the moment is over, by the lab's clock.
pub(super) fn not_before(at: &DateTime<FixedOffset>, by_lab: Now) -> String {
    if *at > by_lab.utc {
        return format!("not before {}", when::show(at));
    }
    format!("due at once ({} is over), before what became due later", when::show(at))
}

/// What a question says of a task of the lab that moves hardware, its secrets masked; `None`: it moves none.
pub(super) fn moving_lines(app: &App, task: &Task) -> Option<Vec<String>> {
    let class = task.name.split(':').next().unwrap_or_default();
    let payload = task.payload.as_deref().unwrap_or("{}");
    app.settings.guard.moves(&task.task_type, class, payload).then(|| {
        let masked = masked_payload(&app.catalogue, task, SECRET);
        hardware_lines(&task.service, &task.task_type, masked.as_deref().unwrap_or(payload), &[])
    })
}

/// What a question about hardware repeats: target, type and every value, but for those of the fields in `besides`, which
/// it tells another way.
pub(super) fn hardware_lines(target: &str, task_type: &str, payload: &str, besides: &[&str]) -> Vec<String> {
    let mut lines = vec![format!("{} on {} moves hardware.", exact(task_type), exact(target))];
    let members = json::members(payload).unwrap_or_default();
    if members.is_empty() {
        lines.push("It has no values.".to_owned());
    }
    for (name, value) in members.into_iter().filter(|(name, _)| !besides.contains(&name.as_ref())) {
        let value = json::compact(value);
        let count = value.chars().count();
        let shown: String = value.chars().take(VALUE).collect();
        let more = if count > VALUE { format!("… ({count} characters)") } else { String::new() };
        lines.push(format!("  {} = {shown}{more}", exact(&name)));
    }
    lines
}

/// Characters of a value that a question repeats.
const VALUE: usize = 120;

fn send(app: &mut App, frame: TaskFrame, way: &Way, now: Now) -> Vec<Effect> {
    let id = frame.id.clone();
    let target = frame.target.clone();
    let name = frame.display_name.clone();
    match app.session.submit(frame, way, now) {
        Err(why) => {
            app.tell(Severity::Error, format!("{why}; the draft is kept"), now);
            Vec::new()
        }
        Ok(frames) => {
            let mut effects = Vec::new();
            if let Some(Layer::Compose(_)) = app.ui.layers.last()
                && let Some(Layer::Compose(compose)) = app.ui.layers.pop()
            {
                effects.extend(was_sent(app, &compose));
                keep_sent(app, id.clone(), compose);
            }
            app.ui.folding.remove(&target);
            land(app, &id);
            let how = match way {
                Way::Direct => "sent".to_owned(),
                Way::Scheduled(None) => "given to the scheduler".to_owned(),
                Way::Scheduled(Some(at)) => {
                    format!("given to the scheduler, {}", not_before(at, app.store().by_lab(now)))
                }
                Way::Alone if frames.is_empty() => {
                    "waits here until your task before it has ended".to_owned()
                }
                Way::Alone => "sent to its own port".to_owned(),
            };
            app.tell(Severity::Info, format!("{how}: {} on {}", called(&name), exact(&target)), now);
            // What goes out goes first.
            effects.splice(0..0, frames.into_iter().map(Effect::Send));
            effects
        }
    }
}

/// A composer's task, or all of its tasks, went out: its draft is done with, its values are what the type was sent with
/// last.
pub(super) fn was_sent(app: &mut App, compose: &Compose) -> Option<Effect> {
    let place = compose.place();
    if !compose.filled {
        app.ui.drafts.remove(&place);
    }
    let payload = values_of(compose)?;
    app.ui.remembered.insert(place.clone(), payload.clone());
    Some(Effect::KeepValues { place, payload })
}

/// Back to the lanes, or to the schedule, where what was sent can be seen.
fn land(app: &mut App, id: &Text) {
    app.ui.layers.retain(|layer| matches!(layer, Layer::Schedule(_)));
    app.ui.zoom = false;
    if let Some(task) = app.session.store.find(id) {
        app.ui.selected = Some(Selected::task(task.service.clone(), task.key.clone()));
        if let Some(Layer::Schedule(schedule)) = app.ui.layers.last_mut() {
            schedule.selected = Some(task.key.clone());
        }
    }
    app.ui.follow = Some(id.clone());
}

/// Why there is nothing here that could be cancelled.
pub(super) fn cannot_cancel(app: &App) -> Option<String> {
    let several = app.current_group().is_some()
        || matches!(app.ui.layers.last(), Some(Layer::Schedule(schedule)) if !schedule.marked.is_empty());
    cancellable(app).err().filter(|_| !several).map(str::to_owned)
}

/// The task at hand, if it can be cancelled, or taken back.
fn cancellable(app: &App) -> Result<&Task, &'static str> {
    let task = app.task_at_hand()?;
    match (task.state, &task.scheduled_task_id) {
        (State::Waiting, _) if task.own == Some(Own::Apart) => Ok(task),
        (State::Ended, _) => Err("it has ended already"),
        (_, None) => {
            Err("only a scheduled task can be cancelled, and an own direct one while it waits for the slot")
        }
        _ => Ok(task),
    }
}

pub(super) fn ask_to_cancel(app: &mut App, now: Now) {
    if let Some(why) = barred(app) {
        app.tell(Severity::Warning, why, now);
        return;
    }
    if ask_to_cancel_marked(app, now) {
        return;
    }
    if let Some(group) = app.current_group().cloned() {
        groups::ask_to_cancel(app, &group, now);
        return;
    }
    let task = match cancellable(app) {
        Ok(task) => task,
        Err(why) => return app.tell(Severity::Info, why, now),
    };
    if task.own == Some(Own::Apart) && task.state == State::Waiting {
        leaving::ask_to_withdraw(app, now);
        return;
    }
    let runs = matches!(task.state, State::Running { .. } | State::Unknown);
    let mut lines = vec![format!("{} on {}", called(&task.name), exact(&task.service))];
    if let Some(at) = task.run_at.as_ref().and_then(|s| s.at) {
        lines.push(format!("It is to start at {}.", crate::app::document::local(at)));
    }
    lines.push(format!("Its id is {}.", exact(&task.key.0)));
    if task.looked_for == Some(LookedFor::Likely) {
        lines.push(
            "It is taken for yours, whose answer was lost: the scheduler has only this one like it."
                .to_owned(),
        );
    }
    if runs {
        lines.push("It runs already: it will not be stopped, only marked as cancelled.".to_owned());
        lines.push("The scheduler says yes to that all the same.".to_owned());
    }
    app.ask(Confirm::new(
        "Cancel this scheduled task?",
        lines,
        ("cancel it", "keep it"),
        Deed::Cancel(task.key.clone()),
        now,
    ));
}

/// The task at hand, if it can be sent direct instead.
pub(super) fn sendable_direct(app: &App) -> Result<&Task, &'static str> {
    let task = app.task_at_hand()?;
    match task.own == Some(Own::Scheduled) && matches!(task.state, State::Waiting) {
        true => Ok(task),
        false => Err("only an own scheduled task that waits for its slot can be sent direct"),
    }
}

pub(super) fn ask_to_send_direct(app: &mut App, now: Now) {
    if let Some(why) = barred(app) {
        app.tell(Severity::Warning, why, now);
        return;
    }
    let task = match sendable_direct(app) {
        Ok(task) => task,
        Err(why) => return app.tell(Severity::Info, why, now),
    };
    let moving = moving_lines(app, task);
    let hardware = moving.is_some();
    let mut lines =
        moving.unwrap_or_else(|| vec![format!("{} on {}", called(&task.name), exact(&task.service))]);
    lines.extend([
        "It is cancelled at the scheduler first, and sent only if it has not started.".to_owned(),
        "A direct task needs this terminal: if it closes, the task is dropped or goes on unobserved."
            .to_owned(),
    ]);
    app.ask(
        Confirm::new(
            "Send it direct instead?",
            lines,
            ("send it direct", "leave it scheduled"),
            Deed::SendDirect(task.key.clone()),
            now,
        )
        .surely(hardware),
    );
}

pub(super) fn in_confirm(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let body = app.areas().body;
    let Some(Layer::Confirm(confirm)) = app.ui.layers.last_mut() else { return Vec::new() };
    let window = confirm.fit(&app.settings.keymap, body, app.settings.charset).window;
    if let Some(top) = window.scrolled(action) {
        confirm.top = top;
        return Vec::new();
    }
    let instead = action == Action::Instead && confirm.instead.is_some();
    let sure = confirm.sure;
    let yes = match (action, confirm.sure) {
        (Action::No, _) => {
            let Some(Layer::Confirm(confirm)) = app.ui.layers.pop() else { return Vec::new() };
            match confirm.deed {
                Deed::RunPython(_) => super::python::refused(app, now),
                Deed::Control(service, ..) => services::not_built(app, &service),
                _ => {}
            }
            return Vec::new();
        }
        // That one rises by itself: a key pressed now may have been meant for what stood there before.
        (Action::Yes | Action::Sure, false) => {
            !(confirm.is_fresh(now) && matches!(confirm.deed, Deed::Control(_, control::Deed::Rebuild, _)))
        }
        (Action::Sure, true) => confirm.is_meant(now),
        _ => false,
    };
    if !yes && !instead {
        if matches!(action, Action::Yes | Action::Sure) {
            let text = match sure {
                true => "not taken: press Y (with Shift), once and not at once",
                false => "not taken: press it once more, not at once",
            };
            app.tell(Severity::Warning, text, now);
        }
        return Vec::new();
    }
    app.ui.said_yes = Some(SaidYes { at: now, asked: confirm.asked, instead });
    Vec::new()
}

/// Something came after *yes* so soon that it belongs to it: then nobody has said yes.
pub(super) fn take_back_yes(app: &mut App, now: Now) {
    if app.ui.said_yes.take().is_none() {
        return;
    }
    if let Some(Layer::Confirm(confirm)) = app.ui.layers.last_mut() {
        confirm.last_key = Some(now);
        confirm.refused = Some(now);
        let text = "not taken for a yes: more keys came at once, as from a paste; press it once, alone";
        app.tell(Severity::Warning, text, now);
    }
}

/// Does what was said yes to, once nothing has followed it for a moment.
pub(super) fn after_yes(app: &mut App, now: Now) -> Vec<Effect> {
    let Some(said) = app.ui.said_yes.filter(|said| now.since(said.at) >= SILENCE) else {
        return Vec::new();
    };
    app.ui.said_yes = None;
    if !matches!(app.ui.layers.last(), Some(Layer::Confirm(confirm)) if confirm.asked == said.asked) {
        return Vec::new();
    }
    app.ui.revision += 1;
    let Some(Layer::Confirm(confirm)) = app.ui.layers.pop() else { return Vec::new() };
    let deed = match confirm.instead {
        Some((_, deed)) if said.instead => deed,
        _ => confirm.deed,
    };
    match deed {
        Deed::Send(frame, way) => send(app, *frame, &way, now),
        Deed::CancelAll(keys) => cancel_all(app, &keys, now),
        Deed::Replace { key, frame, way } => asked(app, |s| s.replace(&key, *frame, way, now), now),
        Deed::ReadList => asked(app, |s| s.read_list(now), now),
        Deed::Withdraw(key) => asked(app, |s| s.withdraw(&key, None, now), now),
        Deed::HandOver(keys, afterwards) => leaving::hand_over(app, keys, afterwards, now),
        Deed::HandOverSurely(keys, afterwards) => leaving::hand_over_surely(app, keys, afterwards, now),
        Deed::Cancel(key) => asked(app, |s| s.cancel(&key, now), now),
        Deed::SendDirect(key) => asked(app, |s| s.send_direct(&key, now), now),
        Deed::RunPython(id) => super::python::allowed(app, &id, now),
        Deed::AskKernel(service) => super::kernel::ask(app, service, Asking::Types, now),
        Deed::AskTraceback(key) => super::kernel::ask_traceback(app, &key, now),
        Deed::SendGroup(batch, rest) => groups::send(app, *batch, rest, now),
        Deed::CancelGroup(group, keys) => groups::cancel(app, &group, keys, now),
        Deed::SavePayload(name, payload) => {
            vec![Effect::SavePrivately { name, text: payload, told: "saved" }]
        }
        Deed::TryRebuild(service) => services::try_rebuild(app, service, now),
        Deed::Control(service, deed, seen) => services::control(app, service, deed, &seen, now),
        Deed::Quit => {
            app.ui.leaving = true;
            vec![Effect::Quit]
        }
        Deed::Suspend => vec![Effect::Suspend],
    }
}

pub(super) fn asked(
    app: &mut App,
    ask: impl FnOnce(&mut Session) -> Result<Vec<Outgoing>, String>,
    now: Now,
) -> Vec<Effect> {
    match ask(&mut app.session) {
        Ok(frames) => frames.into_iter().map(Effect::Send).collect(),
        Err(why) => {
            app.tell(Severity::Warning, why, now);
            Vec::new()
        }
    }
}

/// What the session has to tell becomes notices; the selection follows a task that got its key.
pub(super) fn news(app: &mut App, now: Now) {
    for news in app.session.take_news() {
        match news {
            News::Accepted { id, key } => {
                leaving::accepted(app, &id);
                app.ui.notices.rename(&id, &key);
                app.ui.replacing.retain(|(own, _)| *own != id);
                if app.ui.follow.as_ref() == Some(&id) {
                    app.ui.follow = None;
                    if let Some(task) = app.store().task(&key) {
                        let selected = Selected::task(task.service.clone(), key.clone());
                        let own = |s: &Selected| s.task.as_ref().is_some_and(|k| k.0 == id);
                        if app.ui.selected.as_ref().is_some_and(own) {
                            app.ui.selected = Some(selected);
                        }
                    }
                }
                for layer in &mut app.ui.layers {
                    if let Layer::Task(reader) = layer
                        && reader.key.0 == id
                    {
                        reader.key = key.clone();
                    }
                }
            }
            News::NotSent { id, why } => {
                let doubtful = app.store().find(&id).is_some_and(|t| t.state == State::Unknown);
                let text = if doubtful {
                    format!("{why}: look before you send it again")
                } else {
                    format!("not sent: {}", why.strip_prefix("not sent: ").unwrap_or(&why))
                };
                let way = app.ui.replacing.iter().find(|(own, _)| *own == id).map(|(_, way)| way.clone());
                app.ui.replacing.retain(|(own, _)| *own != id);
                let text = match way.filter(|_| !doubtful) {
                    Some(way) => {
                        let task = app.store().find(&id).cloned();
                        let kept = rescue(app, task.as_ref(), &way, now);
                        format!("the one in its place was {text}. {kept}")
                    }
                    None => text,
                };
                app.tell(Severity::Error, text, now);
                leaving::failed(app, &id);
            }
            News::LinkLost { names } => lost(app, names, now),
            News::Cancelled { key, done } => {
                if in_batch(app, &key, &done, now) {
                    continue;
                }
                let name = name_of(app, &key);
                let task = app.store().task(&key).filter(|task| task.own == Some(Own::Apart));
                let direct = task.is_some();
                // A beginning was heard, and no end will be.
                let unobserved =
                    task.is_some_and(|task| task.state == State::Unknown && task.started.is_some());
                let (severity, text) = match done {
                    Cancelled::Done if direct => {
                        (Severity::Info, format!("taken back; it never began: {name}"))
                    }
                    Cancelled::RunsOn if unobserved => {
                        (Severity::Warning, format!("it had just begun, and runs on unobserved: {name}"))
                    }
                    Cancelled::Unknown if direct => {
                        let text = "its connection is closed, and the bus did not tell whether it had begun";
                        (Severity::Error, format!("{text}: {name}"))
                    }
                    Cancelled::Done => (Severity::Info, format!("cancelled: {name}")),
                    Cancelled::RunsOn => (Severity::Warning, format!("it had started and runs on: {name}")),
                    Cancelled::TooLate => {
                        (Severity::Warning, format!("it had ended already, or is not known: {name}"))
                    }
                    Cancelled::Failed(why) => (Severity::Error, format!("not cancelled: {why}: {name}")),
                    Cancelled::Unknown => (Severity::Error, format!("cancelling was {UNSETTLED}: {name}")),
                };
                app.tell(severity, text, now);
            }
            News::GroupSent { .. } | News::GroupStopped { .. } | News::ManyCancelled { .. } => {
                groups::news(app, &news, now);
            }
            News::Replaced { key, id, way } => {
                leaving::has_new_id(app, &key, &id);
                replaced(app, &key, id, &way, now);
            }
            News::NotReplaced { key, way, done, why } => {
                not_replaced(app, &key, &way, &done, why, now);
                leaving::failed(app, &key.0);
            }
            News::RanAfterAll { key, id } => {
                let name = name_of(app, &key);
                let double = app
                    .store()
                    .find(&id)
                    .is_some_and(|task| task.cancel_wished || task.state == State::Ended);
                let direct = app.store().task(&key).is_some_and(|task| task.own == Some(Own::Apart));
                let text = if direct {
                    format!(
                        "{name} began although it was taken back, and may run twice: look at the one in its place"
                    )
                } else if double {
                    format!(
                        "the scheduler started {name} although it had cancelled it: the one in its place is cancelled"
                    )
                } else {
                    format!(
                        "the scheduler started {name} although it had cancelled it, and the one in its place goes on: it may run twice"
                    )
                };
                app.tell(Severity::Error, text, now);
            }
        }
    }
}

/// Connections were lost under own direct tasks. They are often lost together, and told one by one.
fn lost(app: &mut App, names: Vec<String>, now: Now) {
    if app.ui.lost.as_ref().is_none_or(|(since, _)| now.since(*since) > TOGETHER) {
        app.ui.lost = Some((now, Vec::new()));
    }
    let Some((_, all)) = &mut app.ui.lost else { return };
    all.extend(names);
    let more = all.len().saturating_sub(1);
    let others = if more > 0 { format!(" and {more} more") } else { String::new() };
    let first = all.first().map_or("", String::as_str);
    let text = format!("link lost: {first}{others} may be dropped or run on; nothing is sent again");
    app.tell(Severity::Error, text, now);
}

/// A scheduled task was cancelled and another sent in its place.
fn replaced(app: &mut App, key: &TaskKey, id: Text, way: &Way, now: Now) {
    let old = name_of(app, key);
    let of_it = |layer: &Layer| matches!(layer, Layer::Compose(c) if c.replaces.as_ref() == Some(key));
    if let Some(at) = app.ui.layers.iter().position(of_it) {
        // It was edited here, and is sent: its composer closes, with what stands above it.
        if let Layer::Compose(compose) = app.ui.layers.swap_remove(at) {
            keep_sent(app, id.clone(), compose);
        }
        land(app, &id);
        // What was typed on meanwhile was for the composer.
        if let Some(mark) = app.mark() {
            *mark = Some("nothing done: the composer has closed, for its task was sent".to_owned());
        }
    }
    for layer in &mut app.ui.layers {
        if let Layer::Schedule(schedule) = layer
            && schedule.selected.as_ref() == Some(key)
            && let Some(task) = app.session.store.find(&id)
        {
            schedule.selected = Some(task.key.clone());
        }
    }
    let name = app.store().find(&id).map_or_else(|| old.clone(), |task| called(&task.name).into_owned());
    let was_direct = app.store().task(key).is_some_and(|task| task.own == Some(Own::Apart));
    let text = match way {
        Way::Scheduled(_) if was_direct => format!("handed to the scheduler: {name}"),
        Way::Scheduled(Some(at)) => {
            format!("cancelled and submitted anew, {}: {name}", not_before(at, app.store().by_lab(now)))
        }
        Way::Scheduled(None) => format!("cancelled and submitted anew: {name}"),
        Way::Direct | Way::Alone => format!("cancelled at the scheduler and sent direct: {name}"),
    };
    app.tell(Severity::Info, text, now);
    if matches!(way, Way::Scheduled(_)) {
        app.ui.replacing.push((id, way.clone()));
    }
}

pub(super) fn name_of(app: &App, key: &TaskKey) -> String {
    app.store().task(key).map_or_else(|| exact(&key.0).into_owned(), |t| called(&t.name).into_owned())
}
