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
            ANSWERS, Came, DEEDS, Going, Looked, STOPS, Services, Step, Told, dry_run, end_words, ended_by,
            is_stoppable, nothing_stopped,
        },
        session::Way,
    },
    clean::exact,
    store::{Lanes, Outcome, Reason, Slot, State, Store, Task, TaskKey},
    time::Now,
    wire::{
        Text,
        control::{Deed, Process},
        frame::{self, TASK_MANAGER, TaskFrame},
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
/// How often it is looked what has stopped.
const OFTEN: Duration = Duration::from_millis(100);

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
    if let Some(going) = app.ui.services.before(service, deed) {
        if let Step::Tried(lines) = &going.step {
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
    let (mut lines, hits) = whom(app.store(), service, deed, now);
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
    let lasts = |task: &&Task| !task.hidden && task.duration(now).is_some_and(|(runs, _)| runs >= MOMENT);
    let (beside, unknown) = match deed {
        Deed::Interrupt => (Vec::new(), Vec::new()),
        _ => (lanes.parallel.iter().copied().filter(lasts).collect(), may_run(&lanes)),
    };
    lanes.holders.iter().copied().chain(beside).chain(unknown).map(|task| task.key.clone()).collect()
}

/// Tasks of which nobody knows whether they have ended.
fn may_run<'a>(lanes: &Lanes<'a>) -> Vec<&'a Task> {
    let may = |task: &&Task| !task.hidden && !task.is_question() && task.reason != Some(Reason::NeverStarted);
    lanes.unknown.iter().copied().filter(may).collect()
}

/// Who is hit, as far as is known; and whether anybody is, or may be. Juice does not tell who has sent a task: it is ours or not.
pub fn whom(store: &Store, service: &Text, deed: Deed, now: Now) -> (Vec<String>, bool) {
    let lanes = store.lanes(service, true, now);
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
            .map(|task| match is_stoppable(task) {
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
    let mut lines = Vec::new();
    let mut names = |tasks: &[&Task], line: &dyn Fn(String) -> String| {
        lines.extend(tasks.iter().take(NAMED).map(|task| line(named(task))));
        if tasks.len() > NAMED {
            lines.push(line(format!("{} more", tasks.len() - NAMED)));
        }
    };
    names(&running, &|name| format!("It ends {name}."));
    let unknown = may_run(&lanes);
    names(&unknown, &|name| format!("It ends {name}, if that still runs: its end may have been missed."));
    let free = matches!(lanes.slot, Slot::Free { .. } | Slot::NotKept);
    if unseen {
        lines.push("It ends what holds the slot; what that is was not seen.".to_owned());
    } else if running.is_empty() && !free {
        lines.push("Whether anything runs there is not known.".to_owned());
    } else if running.is_empty() && unknown.is_empty() {
        lines.push("Nothing runs there, as far as was seen.".to_owned());
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
    let hits = manager || !free || !running.is_empty() || !unknown.is_empty();
    (lines, hits)
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
        let stage = "the dry run waits for the slot, or runs".to_owned();
        app.ui.services.came.remove(&service);
        let going = Going { deed: Deed::Rebuild, since: now, stage, step: Step::DryRun(id) };
        app.ui.services.trying.insert(service, going);
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
        Deed::Interrupt => "it is looked whether a signal is safe",
        Deed::RestartProcess => "it is asked to end",
        Deed::RestartContainer => "the orchestrator is asked",
        Deed::Rebuild => "it is built, which can take long",
    };
    let care = &mut app.ui.services;
    care.came.remove(&service);
    if deed == Deed::Rebuild {
        care.trying.remove(&service);
    }
    let going = Going { deed, since: now, stage: stage.to_owned(), step: Step::Outside };
    care.going.insert(service.clone(), going);
    vec![Effect::Control(service, deed)]
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
        Told::Signal(service) => {
            if let Some(going) = care.going.get_mut(&service) {
                (going.stage, going.step) = ("the signal is sent".to_owned(), Step::Signalled(now));
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
    // To a cell that waits for something this is the event at which it hears of the signal.
    let (ping, effects) = match app.session.is_live(&Line::Router) {
        true => send(app, &service, frame::service::ping, now),
        false => (None, Vec::new()),
    };
    let (stage, step) = match deed {
        Deed::Interrupt => {
            let since = app.ui.services.going.get(&service).map_or(now, |going| match going.step {
                Step::Signalled(since) => since,
                _ => going.since,
            });
            let step = Step::Stops { since, until: now.mono + STOPS, look: now.mono };
            ("the signal was sent; what stops is waited for".to_owned(), step)
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
    let care = &mut app.ui.services;
    for going in [&mut care.going, &mut care.trying] {
        if going.get(service).is_some_and(|going| going.deed == deed) {
            going.remove(service);
        }
    }
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
    let care = &app.ui.services;
    if !care.going.is_empty() || !care.trying.is_empty() {
        let services: Vec<Text> = care.going.keys().chain(care.trying.keys()).cloned().collect();
        for service in services {
            effects.extend(follow(app, &service, now));
            try_on(app, &service, now);
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
        Step::Stops { look, .. } if now.mono < *look => {}
        Step::Stops { since, until, .. } => {
            let (since, over) = (*since, now.mono >= *until);
            // One that nobody saw begin is told of when it ends.
            let lanes = app.store().lanes(service, true, now);
            let stopped = ended_by(lanes.ended.iter().copied(), service, since).next();
            let result = match stopped {
                Some(task) => Ok(end_words(task)),
                None if over => Err(nothing_stopped(&lanes.holders)),
                None => {
                    if let Some(Going { step: Step::Stops { look, .. }, .. }) =
                        app.ui.services.going.get_mut(service)
                    {
                        *look = now.mono + OFTEN;
                    }
                    return Vec::new();
                }
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
        _ => {}
    }
    Vec::new()
}

/// Looks how far a dry run is.
fn try_on(app: &mut App, service: &Text, now: Now) {
    let Some(Going { step: Step::DryRun(id), .. }) = app.ui.services.trying.get(service) else { return };
    let (why, lines) = match dry_run(app.store().find(id)) {
        None => return,
        Some(Ok((true, lines))) => return tried(app, service, bounded(&lines), now),
        Some(Ok((false, lines))) => ("the dry run failed: nothing was built".to_owned(), bounded(&lines)),
        Some(Err(why)) => (why.chars().take(LONGEST).collect(), Vec::new()),
    };
    came(app, service, Deed::Rebuild, Err(why), lines, now);
}

/// The dry run went well. Who still looks at the services is asked at once; nobody else is interrupted.
fn tried(app: &mut App, service: &Text, lines: Vec<String>, now: Now) {
    let waits = matches!(app.ui.layers.last(), Some(Layer::Services(services)) if services.selected.as_ref() == Some(service));
    if let Some(going) = app.ui.services.trying.get_mut(service) {
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
    let care = &mut app.ui.services;
    if care.trying.get(service).is_some_and(|going| matches!(going.step, Step::Tried(_))) {
        care.trying.remove(service);
    }
}
