//! Leaving and stopping: what that would cost own tasks, by name, and handing what waits to the scheduler first.
//!
//! A direct task needs its connection. What waits for a slot can be taken back and sent anew through the scheduler, which
//! keeps it without this terminal; what runs cannot. It refuses to go while somebody types, and to go on after anything
//! went wrong.

use crate::{
    app::{
        App, Effect, Layer, Severity, called,
        confirm::{Afterwards, Confirm, Deed},
        session::Way,
    },
    clean::exact,
    store::{Lane, Own, State, Task, TaskKey},
    time::Now,
    wire::Text,
};

use super::deeds::{moving_lines, name_of};

/// Ends the program, after a question where own tasks would be lost.
pub(super) fn quit(app: &mut App, now: Now) -> Vec<Effect> {
    if matches!(app.ui.layers.last(), Some(Layer::Confirm(c)) if c.deed == Deed::Quit) {
        // A second Ctrl-C on the question means it; a held one does not.
        if matches!(app.ui.layers.last(), Some(Layer::Confirm(c)) if c.is_fresh(now)) {
            return Vec::new();
        }
        app.ui.leaving = true;
        return vec![Effect::Quit];
    }
    let lines = at_risk(app, "Leaving");
    if lines.is_empty() {
        app.ui.leaving = true;
        return vec![Effect::Quit];
    }
    let question = Confirm::new("Leave juicetop?", lines, ("leave", "stay"), Deed::Quit, now);
    ask(app, question, Afterwards::Leave);
    Vec::new()
}

impl App {
    /// Whether stopping or leaving now would cost own tasks something.
    pub fn would_lose(&self) -> bool {
        !self.is_replay()
            && (self.store().own_at_risk().next().is_some()
                || self.session.sending().iter().any(|sending| sending.unsent() > 0)
                || self.ui.services.half_done().next().is_some())
    }

    /// What would happen to own tasks of this lab if this terminal went away now, each line with the lab's name.
    pub fn named_risks(&self) -> Vec<String> {
        risks(self).into_iter().map(|line| format!("{}: {line}", self.settings.lab)).collect()
    }
}

/// What would happen to own tasks, in all labs on the screen, if this terminal went away now.
fn at_risk(app: &App, doing: &str) -> Vec<String> {
    let mut lines = if app.ui.labs.is_some() { app.named_risks() } else { risks(app) };
    lines.extend(app.ui.risks.iter().cloned());
    if !lines.is_empty() {
        lines.insert(0, format!("{doing} closes the connections to the lab, and that costs something:"));
    }
    lines
}

/// What would happen to own tasks if this terminal went away now, by name.
fn risks(app: &App) -> Vec<String> {
    let mut lines = Vec::new();
    let mut more = 0;
    // What a recording tells of was at risk once.
    for task in app.store().own_at_risk().filter(|_| !app.is_replay()) {
        if lines.len() >= 6 {
            more += 1;
            continue;
        }
        let fate = match task.state {
            _ if task.own == Some(Own::Scheduled) => "has not been acknowledged by the scheduler yet",
            State::Waiting if task.cancel_wished => "is just being taken back",
            State::Waiting | State::Scheduled => "waits and would be dropped without a word",
            _ if task.lane == Lane::Sequential => {
                "runs and would go on unobserved; its slot is given away, so the next one starts beside it"
            }
            _ => "runs and would go on unobserved; nobody would be told how it ends",
        };
        lines.push(format!("{} on {} {fate}.", called(&task.name), exact(&task.service)));
    }
    if more > 0 {
        lines.push(format!("And {more} more."));
    }
    for sending in app.session.sending() {
        let (left, of) = (sending.unsent(), sending.of());
        if left > 0 {
            let kept = if app.settings.demo { "" } else { "; their draft is kept" };
            lines.push(format!(
                "{left} of {of} tasks of {} are not sent yet and never would be{kept}.",
                sending.name()
            ));
        }
    }
    let half_done = app.ui.services.half_done();
    lines.extend(
        half_done
            .map(|name| format!("{} has been ended to be restarted, and would stay ended.", exact(name))),
    );
    lines
}

/// Asks, with the choice to hand over first what waits.
fn ask(app: &mut App, mut question: Confirm, afterwards: Afterwards) {
    let (keys, mut told) = to_hand_over(app);
    if !keys.is_empty() {
        told.push(RACE.to_owned());
        question.instead = Some((HAND.to_owned(), Deed::HandOver(keys, afterwards)));
    }
    question.lines.extend(told);
    app.ask(question);
}

/// What the third answer means, and what it cannot rule out.
const RACE: &str = "The scheduler keeps what it is handed without this terminal, behind everybody's direct tasks. Each is sent \
                    anew only once it is sure that it had not begun; one that begins in that very moment runs on unobserved.";

/// What the third answer is called.
const HAND: &str = "hand what waits to the scheduler";

/// Own direct tasks of this lab that wait and can be handed to the scheduler, in the order in which they were sent; why
/// others cannot.
fn to_hand_over(app: &App) -> (Vec<TaskKey>, Vec<String>) {
    let waits = |task: &&Task| task.state == State::Waiting && task.own == Some(Own::Apart);
    let mut waiting: Vec<&Task> =
        app.store().own_at_risk().filter(waits).filter(|task| !task.cancel_wished).collect();
    waiting.sort_by_key(|task| task.first_seen.mono);
    let (mut keys, mut told) = (Vec::new(), Vec::new());
    if app.is_replay() || waiting.is_empty() {
        return (keys, told);
    }
    if app.session.has_scheduler == Some(false) {
        told.push("This Juice has no scheduler that could keep what waits.".to_owned());
        return (keys, told);
    }
    for task in waiting {
        match app.session.can_withdraw(task) {
            // Of what is hidden the answer matters only here.
            Ok(()) if task.hidden => {
                told.push(format!("{} is only of use here, and is not handed over.", called(&task.name)));
            }
            Ok(()) => keys.push(task.key.clone()),
            Err(why) => {
                told.push(format!("{} cannot be handed to the scheduler: {why}.", called(&task.name)));
            }
        }
    }
    (keys, told)
}

/// Hands these to the scheduler; asks once more where hardware will move.
pub(super) fn hand_over(app: &mut App, keys: Vec<TaskKey>, then: Afterwards, now: Now) -> Vec<Effect> {
    let moving = |key: &TaskKey| moving_lines(app, app.store().task(key)?);
    let lines: Vec<Vec<String>> = keys.iter().filter_map(moving).collect();
    let moving_ones = lines.len();
    if lines.is_empty() {
        return hand_over_surely(app, keys, then, now);
    }
    let lines =
        lines.into_iter().flatten().chain(["It starts when the slot is free, with nobody here.".to_owned()]);
    let others = keys.len() - moving_ones;
    let lines = lines.chain((others > 0).then(|| format!("{others} more that move nothing go with it.")));
    let question = Confirm::new(
        "Hand what waits to the scheduler?",
        lines.collect(),
        (HAND, "stay"),
        Deed::HandOverSurely(keys, then),
        now,
    );
    app.ask(question.surely(true));
    Vec::new()
}

/// The same, without a question.
pub(super) fn hand_over_surely(app: &mut App, keys: Vec<TaskKey>, then: Afterwards, now: Now) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut handing = app.ui.handing.take().unwrap_or_default();
    handing.then = Some(then);
    // The last one first: what begins meanwhile then has nothing behind it that was taken back and is sent anew before it.
    for key in keys.into_iter().rev() {
        match app.session.withdraw(&key, Some(Way::Scheduled(None)), now) {
            Ok(frames) => {
                handing.open.insert(key.0);
                effects.extend(frames.into_iter().map(Effect::Send));
            }
            Err(why) => {
                handing.then = None;
                let text = format!("{}: {why}", name_of(app, &key));
                app.tell(Severity::Warning, text, now);
            }
        }
    }
    let left = handing.open.len();
    if let Some(then) = handing.then {
        let then = if then == Afterwards::Leave { "leaves" } else { "stops" };
        let text = format!("hands {left} to the scheduler, then {then}; any key stays");
        app.tell(Severity::Info, text, now);
    }
    app.ui.handing = Some(handing);
    effects
}

/// A task that was handed over goes on under another frame's id, and waits for the scheduler's answer.
pub(super) fn has_new_id(app: &mut App, key: &TaskKey, id: &Text) {
    if let Some(handing) = &mut app.ui.handing
        && handing.open.remove(&key.0)
    {
        handing.open.insert(id.clone());
    }
}

/// The scheduler has it.
pub(super) fn accepted(app: &mut App, id: &Text) {
    if let Some(handing) = &mut app.ui.handing {
        handing.open.remove(id);
    }
}

/// It could not be handed over: the person stays, and is told once more when all others are there.
pub(super) fn failed(app: &mut App, id: &Text) {
    let told = app.ui.notice.as_ref().map(|notice| notice.text.clone());
    if let Some(handing) = &mut app.ui.handing
        && handing.open.remove(id)
    {
        handing.then = None;
        handing.failed.extend(told);
    }
}

/// A key was pressed: whoever types stays.
pub(super) fn typed(app: &mut App, now: Now) {
    if let Some(handing) = &mut app.ui.handing
        && handing.then.take().is_some()
    {
        app.tell(Severity::Info, "stays, as a key was pressed; what waits still goes to the scheduler", now);
    }
}

/// Does what was to be done once all is handed over.
pub(super) fn after_handing(app: &mut App, now: Now) -> Vec<Effect> {
    let Some(handing) = app.ui.handing.take_if(|handing| handing.open.is_empty()) else {
        return Vec::new();
    };
    if !handing.failed.is_empty() {
        app.tell(Severity::Error, handing.failed.join("; "), now);
    }
    match handing.then {
        Some(Afterwards::Leave) => quit(app, now),
        Some(Afterwards::Stop) => suspend(app, true, now),
        None => Vec::new(),
    }
}

pub(super) fn ask_to_withdraw(app: &mut App, now: Now) {
    let Some(task) = app.current_task().and_then(|key| app.store().task(key)) else { return };
    if let Err(why) = app.session.can_withdraw(task) {
        app.tell(Severity::Info, format!("it cannot be taken back: {why}"), now);
        return;
    }
    let lines = vec![
        format!("{} on {}", called(&task.name), exact(&task.service)),
        "It waits for the slot. Its connection is closed, and then Juice drops it.".to_owned(),
        "If it begins in that very moment, it runs on unobserved, and its slot is given away.".to_owned(),
    ];
    let answers = ("take it back", "keep it");
    app.ask(Confirm::new("Take this task back?", lines, answers, Deed::Withdraw(task.key.clone()), now));
}

pub(super) fn suspend(app: &mut App, can: bool, now: Now) -> Vec<Effect> {
    if !can {
        app.tell(Severity::Warning, "Ctrl-Z does nothing here: no shell could bring juicetop back", now);
        return Vec::new();
    }
    let lines = at_risk(app, "A stopped program answers no pings: after a minute the lab");
    if lines.is_empty() {
        return vec![Effect::Suspend];
    }
    if !matches!(app.ui.layers.last(), Some(Layer::Confirm(_))) {
        let question = Confirm::new("Stop juicetop?", lines, ("stop it", "stay"), Deed::Suspend, now);
        ask(app, question, Afterwards::Stop);
        app.ui.revision += 1;
    }
    Vec::new()
}
