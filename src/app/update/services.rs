//! What keys do among the services, and what becomes of what is done to them.
//!
//! Each deed asks first, and says whom it hits. It is done beside the loop; whether it worked is seen here: by what ends on
//! the bus, by a Ping that is answered.

use std::time::Duration;

use crate::{
    app::{
        App, By, Effect, Layer, Severity,
        action::Action,
        called,
        confirm::{self, Confirm},
        lanes::Selected,
        replay::stretch,
        services::{
            ANSWERS, Came, DEEDS, Going, Looked, STOPS, Services, Step, Told, dry_run, nothing_stopped,
        },
        session::Way,
    },
    clean::exact,
    store::{Outcome, Reason, Slot, State, Task, TaskKey},
    time::Now,
    wire::{
        Text,
        control::{Deed, Process},
        frame::{self, TASK_MANAGER, TaskFrame},
        json,
        link::Line,
    },
};

use super::{compose::barred, deeds::asked};

/// Tasks that a question names before it only counts them.
const NAMED: usize = 6;
/// Lines that are kept of a journal or a dry run, and characters of each.
const MOST_LINES: usize = 500;
const LONGEST: usize = 1_000;
/// What runs beside others for less than that is over before anybody has read its name.
const MOMENT: Duration = Duration::from_secs(2);
/// Between two Pings.
const AGAIN: Duration = Duration::from_secs(1);

/// Rows that the list has on a body of this height, below its head: so many services, but room for what is told of one.
pub fn services_height(body: u16, services: usize) -> usize {
    let room = usize::from(body).saturating_sub(2);
    services.min(room.saturating_sub(room.min(9)).max(room.min(4))).max(1)
}

/// What is copied: what came of the last deed to the selected service, with all its lines.
pub(super) fn copied(app: &App) -> Option<Effect> {
    let Some(Layer::Services(services)) = app.ui.layers.last() else { return None };
    let came = app.ui.services.came.get(services.selected.as_ref()?)?;
    let (Ok(text) | Err(text)) = &came.result;
    let lines: Vec<&str> =
        std::iter::once(text.as_str()).chain(came.log.iter().map(String::as_str)).collect();
    Some(Effect::Copy { text: lines.join("\n"), what: "what came of it".to_owned() })
}

/// Opens the services, with that of the lanes selected.
pub(super) fn open(app: &mut App, now: Now) -> Vec<Effect> {
    let mut services = Services::new(app.current_service());
    services.refresh(&app.session.store, By::Person);
    app.ui.layers.push(Layer::Services(Box::new(services)));
    look(app, now)
}

pub(super) fn in_services(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let body = app.areas().body.height;
    let Some(Layer::Services(services)) = app.ui.layers.last_mut() else { return Vec::new() };
    let height = services_height(body, services.names.len());
    if let Some(by) = action.steps(height) {
        services.step(by, height);
        return Vec::new();
    }
    let Some(service) = services.selected.clone() else { return Vec::new() };
    match action {
        Action::Logs => super::logs::open_service(app, now),
        Action::Open => {
            app.ui.layers.pop();
            app.ui.folding.remove(&service);
            app.ui.selected = Some(Selected::service(service));
        }
        Action::ReadAgain => {
            if app.ui.services.asks(true, now) {
                return vec![Effect::LookAtServices];
            }
            let told = match &app.ui.services.about {
                Err(why) => format!("processes cannot be asked: {why}"),
                Ok(_) => "they are being asked".to_owned(),
            };
            app.tell(Severity::Info, told, now);
        }
        _ => {
            if let Some((_, deed)) = DEEDS.iter().find(|(key, _)| *key == action) {
                ask(app, &service, *deed, now);
            }
        }
    }
    Vec::new()
}

/// Asks whether that is to be done, where it can be.
fn ask(app: &mut App, service: &Text, deed: Deed, now: Now) {
    let name = exact(service).into_owned();
    if let Some(why) = barred(app) {
        return app.tell(Severity::Warning, why, now);
    }
    if let Some(going) = app.ui.services.going.get(service) {
        if let Step::Tried(lines) = &going.step
            && deed == Deed::Rebuild
        {
            let lines = lines.clone();
            return ask_to_build(app, service, lines, now);
        }
        let text = format!("not now: {} of {name} is under way: {}", going.deed.name(), going.stage);
        return app.tell(Severity::Info, text, now);
    }
    if let Some(why) = app.ui.services.barred(service, deed) {
        return app.tell(Severity::Warning, format!("{} cannot be done: {why}", deed.name()), now);
    }
    if deed == Deed::Rebuild {
        let lines = vec![
            format!(
                "First a dry run, on {name} itself (RebuildEnvironmentDryRun): it waits for the slot and changes nothing."
            ),
            "What a new image would bring is shown, and nothing is built before you say so.".to_owned(),
        ];
        let answers = ("try it out", "do not");
        let deed = confirm::Deed::TryRebuild(service.clone());
        app.ask(Confirm::new(format!("Try out a rebuild of {name}?"), lines, answers, deed, now));
        return;
    }
    let (title, yes) = match deed {
        Deed::Interrupt => (format!("Interrupt {name}?"), "interrupt it"),
        Deed::RestartProcess => (format!("Restart the process of {name}?"), "restart it"),
        _ => (format!("Restart the container of {name}?"), "restart it"),
    };
    let (mut lines, hits) = whom(app, service, deed, now);
    lines.extend(deed.meaning().iter().map(|&line| line.to_owned()));
    // What runs there is somebody's night: a slip of the finger does not end it.
    let sure = hits && deed != Deed::Interrupt;
    let question = Confirm::new(
        title,
        lines,
        (yes, "leave it"),
        confirm::Deed::Control(service.clone(), deed, hit(app, service, deed, now)),
        now,
    );
    app.ask(question.surely(sure));
}

/// The tasks that it hits, as far as is known. What runs beside others for a moment only, such as somebody's Ping, is none.
fn hit(app: &App, service: &Text, deed: Deed, now: Now) -> Vec<TaskKey> {
    let lanes = app.store().lanes(service, true, now);
    let lasts = |task: &&&Task| !task.hidden && task.duration(now).is_some_and(|(runs, _)| runs >= MOMENT);
    let beside = lanes.parallel.iter().filter(|_| deed != Deed::Interrupt).filter(lasts);
    lanes.holders.iter().chain(beside).map(|task| task.key.clone()).collect()
}

/// Who is hit, as far as is known; and whether anybody is.
fn whom(app: &App, service: &Text, deed: Deed, now: Now) -> (Vec<String>, bool) {
    let lanes = app.store().lanes(service, true, now);
    let mine = |task: &Task| if task.own.is_some() { "yours" } else { "not sent from here" };
    let named = |task: &Task| {
        let runs = task.duration(now).map(|(runs, exact)| {
            let least = if exact { "" } else { "at least " };
            format!(", runs {least}{}", stretch(runs))
        });
        format!("{} ({}{})", called(&task.name), mine(task), runs.unwrap_or_default())
    };
    let unseen = matches!(lanes.slot, Slot::TakenUnseen { .. });
    if deed == Deed::Interrupt {
        let mut lines: Vec<String> = lanes
            .holders
            .iter()
            .map(|task| match task.is_ipython() && !runs_beside(task) {
                true => format!("It stops {}.", named(task)),
                false => {
                    format!("{} holds the slot and is no cell that a signal stops: it goes on.", named(task))
                }
            })
            .collect();
        if lanes.slot == Slot::NotKept && lines.len() > 1 {
            lines.push(
                "Of several cells only one runs, which this Juice does not tell; the others wait inside."
                    .to_owned(),
            );
        }
        if lines.is_empty() {
            lines.push(match lanes.slot {
                Slot::TakenUnseen { .. } => {
                    "It stops what holds the slot; what that is was not seen.".to_owned()
                }
                Slot::NotKept => "Nothing runs there, as far as was seen.".to_owned(),
                Slot::Free { .. } => {
                    "The slot is free: there is nothing to stop, as far as was seen.".to_owned()
                }
                _ => "Whether a cell runs there is not known.".to_owned(),
            });
        }
        return (lines, true);
    }
    let running: Vec<&Task> =
        lanes.holders.iter().chain(&lanes.parallel).copied().filter(|t| !t.is_question()).collect();
    let mut lines: Vec<String> =
        running.iter().take(NAMED).map(|task| format!("It ends {}.", named(task))).collect();
    if running.len() > NAMED {
        lines.push(format!("And {} more.", running.len() - NAMED));
    }
    if unseen {
        lines.push("It ends what holds the slot; what that is was not seen.".to_owned());
    } else if running.is_empty() {
        let known = matches!(lanes.slot, Slot::Free { .. } | Slot::NotKept);
        let text = if known {
            "Nothing runs there, as far as was seen."
        } else {
            "Whether anything runs there is not known."
        };
        lines.push(text.to_owned());
    }
    match lanes.waits {
        0 => {}
        1 => lines.push("1 task waits for its slot.".to_owned()),
        n => lines.push(format!("{n} tasks wait for its slot.")),
    }
    let manager = **service == *TASK_MANAGER;
    if manager {
        let text = "All connections to the lab are lost for a while: what anybody sent direct and waits is dropped, on every service.";
        lines.insert(0, text.to_owned());
    }
    let hits = manager || unseen || !running.is_empty();
    (lines, hits)
}

/// A cell that the kernel runs beside others, which no signal reaches.
fn runs_beside(task: &Task) -> bool {
    task.payload.as_deref().and_then(|payload| json::get(payload, "run_async")).and_then(json::boolean)
        == Some(true)
}

/// The dry run's words, and whether the image is to be built.
fn ask_to_build(app: &mut App, service: &Text, tried: Vec<String>, now: Now) {
    let mut lines: Vec<String> = Deed::Rebuild.meaning().iter().map(|&line| line.to_owned()).collect();
    lines.push("The dry run says:".to_owned());
    lines.extend(tried.into_iter().map(|line| format!("  {line}")));
    let title = format!("Build the image of {} anew?", exact(service));
    let deed = confirm::Deed::Control(service.clone(), Deed::Rebuild, Vec::new());
    app.ask(Confirm::new(title, lines, ("build it", "do not"), deed, now));
}

/// Lets a task of the service's own try out what a rebuild would bring.
pub(super) fn try_rebuild(app: &mut App, service: Text, now: Now) -> Vec<Effect> {
    let (id, effects) = send(app, &service, frame::service::rebuild_dry_run, now);
    if let Some(id) = id {
        begin(app, service, Deed::Rebuild, "the dry run waits for the slot, or runs", Step::DryRun(id), now);
    }
    effects
}

/// Does it, after the question, which named what was `seen` to run there.
pub(super) fn control(app: &mut App, service: Text, deed: Deed, seen: &[TaskKey], now: Now) -> Vec<Effect> {
    let hit = hit(app, &service, deed, now);
    let is_another = match deed {
        Deed::Interrupt => {
            let gone = !seen.is_empty() && !hit.iter().any(|key| seen.contains(key));
            gone || hit.iter().any(|key| !seen.contains(key))
        }
        // Who has said yes to the end of what runs there means that of what has followed it too.
        Deed::RestartProcess | Deed::RestartContainer => seen.is_empty() && !hit.is_empty(),
        Deed::Rebuild => false,
    };
    if is_another {
        ask(app, &service, deed, now);
        app.tell(Severity::Warning, "nothing done: what runs there is not what it was; look again", now);
        return Vec::new();
    }
    let stage = match deed {
        Deed::Interrupt => "the signal is sent",
        Deed::RestartProcess => "it is asked to end",
        Deed::RestartContainer => "the orchestrator is asked",
        Deed::Rebuild => "it is built, which can take long",
    };
    begin(app, service.clone(), deed, stage, Step::Outside, now);
    vec![Effect::Control(service, deed)]
}

fn begin(app: &mut App, service: Text, deed: Deed, stage: &str, step: Step, now: Now) {
    app.ui.services.came.remove(&service);
    let going = Going { deed, since: now, stage: stage.to_owned(), step };
    app.ui.services.going.insert(service, going);
}

/// Sends a task of juicetop's own, by its maker; its frame's id, if it could be.
fn send(
    app: &mut App,
    service: &Text,
    task: fn(Text, Text) -> TaskFrame,
    now: Now,
) -> (Option<Text>, Vec<Effect>) {
    let id = app.session.new_id();
    let frame = task(id.clone(), service.clone());
    let effects = asked(app, |session| session.submit(frame, &Way::Direct, now), now);
    ((!effects.is_empty()).then_some(id), effects)
}

/// What came from beside the loop.
pub(super) fn told(app: &mut App, told: Told, now: Now) -> Vec<Effect> {
    app.ui.revision += 1;
    let care = &mut app.ui.services;
    match told {
        Told::Looked(service, process, barred) => {
            care.looked.insert(service, Looked { process, barred, at: now });
        }
        Told::AllLooked => care.answered(),
        Told::Stage(service, stage) => {
            if let Some(going) = care.going.get_mut(&service) {
                going.stage = stage;
            }
        }
        Told::Done(service, deed, Err(failure)) => {
            let log = bounded(&failure.log.lines().collect::<Vec<_>>());
            let doubt = if failure.doubtful { "whether it was done is not known: " } else { "" };
            came(app, &service, deed, Err(format!("{doubt}{}", failure.sentence())), log, now);
        }
        Told::Done(service, deed, Ok(process)) => return done(app, service, deed, process, now),
    }
    Vec::new()
}

/// It was done outside: now it is to be seen to have worked.
fn done(app: &mut App, service: Text, deed: Deed, process: Option<Process>, now: Now) -> Vec<Effect> {
    if deed == Deed::Rebuild {
        let since = app.ui.services.going.get(&service).map_or(now, |going| going.since);
        let text = format!(
            "built in {}; it runs on with the old image until its container is restarted",
            stretch(now.since(since))
        );
        came(app, &service, deed, Ok(text), Vec::new(), now);
        return Vec::new();
    }
    // Which tasks may end by it is told before the Ping is one of them.
    let lanes = app.store().lanes(&service, true, now);
    let cells = lanes.holders.iter().map(|task| task.key.clone()).collect();
    // To a cell that waits for something this is the event at which it hears of the signal.
    let (ping, effects) = match app.session.is_live(&Line::Router) {
        true => send(app, &service, frame::service::ping, now),
        false => (None, Vec::new()),
    };
    let (stage, step) = match deed {
        Deed::Interrupt => {
            ("the signal was sent; what stops is waited for".to_owned(), Step::Stops(cells, now.mono + STOPS))
        }
        _ => {
            let process = process.map_or_else(
                || "its process is not known to run".to_owned(),
                |process| format!("its process is {}", process.state.to_lowercase()),
            );
            let stage = format!("{process}; an answer is waited for");
            (stage, Step::Answers(ping.unwrap_or_default(), now.mono + ANSWERS))
        }
    };
    if let Some(going) = app.ui.services.going.get_mut(&service) {
        (going.stage, going.step) = (stage, step);
    }
    effects
}

/// Lines as far as they are shown: the last ones, and of each the beginning.
fn bounded(lines: &[impl AsRef<str>]) -> Vec<String> {
    let last = lines.iter().skip(lines.len().saturating_sub(MOST_LINES));
    last.map(|line| line.as_ref().chars().take(LONGEST).collect()).collect()
}

/// It has ended, this way.
fn came(
    app: &mut App,
    service: &Text,
    deed: Deed,
    result: Result<String, String>,
    log: Vec<String>,
    now: Now,
) {
    app.ui.services.going.remove(service);
    let (severity, text) = match &result {
        Ok(text) => (Severity::Info, text),
        Err(text) => (Severity::Error, text),
    };
    app.tell(severity, format!("{} of {}: {text}", deed.name(), exact(service)), now);
    app.ui.services.came.insert(service.clone(), Came { deed, result, log, at: now });
}

/// Looks how far things are, and whether processes are to be asked: they are while somebody looks at them.
pub(super) fn look(app: &mut App, now: Now) -> Vec<Effect> {
    let mut effects = Vec::new();
    if !app.ui.services.going.is_empty() {
        let services: Vec<Text> = app.ui.services.going.keys().cloned().collect();
        for service in services {
            effects.extend(follow(app, &service, now));
        }
    }
    let seen = !app.ui.behind && matches!(app.ui.layers.last(), Some(Layer::Services(_)));
    if seen && !app.is_replay() && app.ui.services.asks(false, now) {
        effects.push(Effect::LookAtServices);
    }
    effects
}

/// Looks how far what is being done to that service is.
fn follow(app: &mut App, service: &Text, now: Now) -> Vec<Effect> {
    let Some(going) = app.ui.services.going.get(service) else { return Vec::new() };
    let (deed, since) = (going.deed, going.since);
    match &going.step {
        Step::Outside | Step::Tried(_) => {}
        Step::Stops(cells, until) => {
            let until = *until;
            let of =
                |key: &TaskKey| app.store().task(key).filter(|task| task.reason == Some(Reason::Interrupted));
            let over = now.mono >= until;
            // One that nobody saw begin is told of when it ends.
            let lanes = app.store().lanes(service, true, now);
            let late = |task: &&&Task| {
                task.reason == Some(Reason::Interrupted)
                    && task.ended.is_some_and(|end| end.at.mono >= since.mono)
            };
            let stopped = cells.iter().find_map(of).or_else(|| lanes.ended.iter().find(late).copied());
            let result = match stopped {
                Some(task) => {
                    let by = task.failure().and_then(|error| error.ename.as_deref()).unwrap_or("interrupted");
                    Ok(format!("stopped {} ({by})", called(&task.name)))
                }
                None if over => Err(nothing_stopped()),
                None => return Vec::new(),
            };
            came(app, service, deed, result, Vec::new(), now);
        }
        Step::Answers(ping, until) => {
            let (ping, until) = (ping.clone(), *until);
            let live = app.session.is_live(&Line::Router);
            let task = app.store().find(&ping).map(|task| (task.state, task.outcome, task.ended));
            let a_while_ago = task.and_then(|(_, _, end)| end).is_none_or(|end| now.since(end.at) >= AGAIN);
            match task {
                Some((State::Ended, Some(Outcome::Ok), _)) => {
                    let text = format!("it answers, after {}", stretch(now.since(since)));
                    came(app, service, deed, Ok(text), Vec::new(), now);
                }
                _ if now.mono >= until => {
                    let text =
                        format!("it was restarted, and does not answer within {} s", ANSWERS.as_secs());
                    came(app, service, deed, Err(text), Vec::new(), now);
                }
                // The router gives up after 15 s where it cannot reach it; none could be sent, or it was lost with the link.
                None | Some((State::Ended | State::Unknown, ..)) if live && a_while_ago => {
                    let (ping, effects) = send(app, service, frame::service::ping, now);
                    if let Some(ping) = ping
                        && let Some(going) = app.ui.services.going.get_mut(service)
                    {
                        going.step = Step::Answers(ping, until);
                    }
                    return effects;
                }
                _ => {}
            }
        }
        Step::DryRun(id) => {
            let (why, lines) = match dry_run(app.store().find(id)) {
                None => return Vec::new(),
                Some(Ok((true, lines))) => {
                    tried(app, service, bounded(&lines), now);
                    return Vec::new();
                }
                Some(Ok((false, lines))) => {
                    ("the dry run failed: nothing was built".to_owned(), bounded(&lines))
                }
                Some(Err(why)) => (why.chars().take(LONGEST).collect(), Vec::new()),
            };
            came(app, service, deed, Err(why), lines, now);
        }
    }
    Vec::new()
}

/// The dry run went well. Who still looks at the services is asked at once; nobody else is interrupted.
fn tried(app: &mut App, service: &Text, lines: Vec<String>, now: Now) {
    let waits = matches!(app.ui.layers.last(), Some(Layer::Services(services)) if services.selected.as_ref() == Some(service));
    if let Some(going) = app.ui.services.going.get_mut(service) {
        going.stage = "the dry run is done: nothing is built before you say so".to_owned();
        going.step = Step::Tried(lines.clone());
    }
    if waits {
        ask_to_build(app, service, lines, now);
    } else {
        let text = format!(
            "the dry run of {} is done: among the services you can read it and build",
            exact(service)
        );
        app.tell(Severity::Info, text, now);
    }
}

/// Nothing is built after all.
pub(super) fn not_built(app: &mut App, service: &Text) {
    if app.ui.services.going.get(service).is_some_and(|going| matches!(going.step, Step::Tried(_))) {
        app.ui.services.going.remove(service);
    }
}
