//! Groups: the question before many tasks go out at once, stopping and going on, cancelling all as one.

use crossterm::event::KeyEvent;

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        compose::{Begun, Compose, Heard},
        confirm::{Confirm, Deed},
        forecast::Forecast,
        kept,
        lanes::Selected,
        many::GroupPane,
        session::{Batch, News, Way},
    },
    clean::exact,
    store::{GroupKey, State, TaskKey},
    time::Now,
};

use super::{
    compose::barred,
    deeds::{hardware_lines, not_before, was_sent},
    twice,
};

/// Groups of at most this many tasks that move no hardware go out without a question.
const FEW: usize = 10;

/// Opens the group's screen over the form.
pub(super) fn open(app: &mut App, now: Now) {
    let Some(Layer::Compose(compose)) = app.ui.layers.last() else { return };
    if compose.many.is_none() {
        let key = app.key(Action::Sweep).unwrap_or_default();
        let text = format!("no field runs through several values yet: {key} on a field lets it");
        app.tell(Severity::Info, text, now);
        return;
    }
    let pane = GroupPane::new(compose);
    app.ui.layers.push(Layer::Many(Box::new(pane)));
}

/// Lets the focused field run through values, or takes them away.
pub(super) fn turn_sweep(app: &mut App, now: Now) {
    let Some(Layer::Compose(compose)) = app.ui.layers.last_mut() else { return };
    let had = compose.many.is_some();
    let Some(form) = compose.form_mut() else { return };
    let done = form.turn_sweep();
    compose.check();
    let parallel = compose.parallel && compose.many.is_some() && !had;
    match done {
        Err(why) => app.tell(Severity::Info, why, now),
        Ok(()) if parallel => {
            let text = "several tasks go through the scheduler, one after the other, not parallel";
            app.tell(Severity::Info, text, now);
        }
        Ok(()) => {}
    }
}

/// The group's screen and the composer below it.
fn pane(app: &mut App) -> Option<(&mut GroupPane, &mut Compose)> {
    match app.ui.layers.as_mut_slice() {
        [.., Layer::Compose(compose), Layer::Many(pane)] => Some((pane, compose)),
        _ => None,
    }
}

/// A key that is no action on the group's screen.
pub(super) fn key(app: &mut App, key: KeyEvent) {
    if let Some((pane, compose)) = pane(app) {
        pane.key(key, &mut compose.group, &mut compose.all_anew);
        compose.check();
    }
}

/// A paste there.
pub(super) fn paste(app: &mut App, text: &str) {
    if let Some((pane, compose)) = pane(app) {
        pane.paste(text, &mut compose.group);
        compose.check();
    }
}

pub(super) fn in_many(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    if let [.., Layer::Compose(compose), Layer::Many(pane)] = app.ui.layers.as_slice() {
        let told = compose.told_of_group(&compose.forecast(app.store()));
        let window = pane.fit(told, app.areas().body, app.settings.charset).window;
        if let (Some(top), Some(Layer::Many(pane))) = (window.scrolled(action), app.ui.layers.last_mut()) {
            pane.top = top;
            return Vec::new();
        }
    }
    let Some((pane, _)) = pane(app) else { return Vec::new() };
    match action {
        Action::ChooseUp | Action::CompleteBack => pane.step(-1),
        Action::ChooseDown | Action::Complete => pane.step(1),
        // Back to the form with what was said; it never sends.
        Action::Accept => _ = app.ui.layers.pop(),
        Action::Send => {
            app.ui.layers.pop();
            return super::deeds::ask_to_send(app, now);
        }
        _ => {}
    }
    Vec::new()
}

/// Why what the composer's sweeps make cannot be sent, whatever it is: one sentence.
pub(super) fn hindrance(app: &App, compose: &Compose) -> Option<String> {
    if compose.tasks() == 1 {
        return None;
    }
    if compose.way == Way::Alone {
        return Some(
            "not sent: a service spoken to alone takes one task at a time: several go through the scheduler"
                .to_owned(),
        );
    }
    if compose.replaces.is_some() {
        return Some(
            "not sent: it is to replace one scheduled task, and several cannot: take the sweeps away"
                .to_owned(),
        );
    }
    if app.session.has_scheduler == Some(false) {
        return Some("not sent: several tasks go through the scheduler, and this Juice has none".to_owned());
    }
    barred(app)
}

/// Sends what the composer's sweeps make, or asks first.
pub(super) fn ask(app: &mut App, now: Now) -> Vec<Effect> {
    let Some(Layer::Compose(compose)) = app.ui.layers.last() else { return Vec::new() };
    let doubts: Vec<String> = compose.problems.iter().filter(|p| !p.hint).map(|p| p.what.clone()).collect();
    let refusal = match (hindrance(app, compose), compose.batch()) {
        (Some(why), _) => why,
        (None, None) => return Vec::new(),
        (None, Some(Err(why))) => format!("not sent: {why}"),
        (None, Some(Ok(batch))) => match batch.without_code() {
            0 => return ask_to_send(app, batch, &doubts, now),
            lacking => format!("not sent: `code` is missing in {lacking} of {}", batch.count()),
        },
    };
    app.tell(Severity::Warning, refusal, now);
    Vec::new()
}

/// Values of a swept field that a question about hardware tells one by one.
const MOST_VALUES: usize = 100;

/// Sends a group, or asks first. `doubts`: why the service will probably refuse members.
fn ask_to_send(app: &mut App, batch: Batch, doubts: &[String], now: Now) -> Vec<Effect> {
    let again = again(app, &batch);
    let rest = again.as_ref().and_then(|again| again.rest.clone());
    let batch = match (&again, &rest) {
        // The rest belongs to the group that it is the rest of.
        (Some(again), Some(_)) => {
            Batch { name: again.begun.name.clone(), tag: again.begun.tag.clone(), ..batch }
        }
        _ => batch,
    };
    let kind = &batch.task_type;
    let count = rest.as_ref().map_or(batch.count(), Vec::len);
    let forecast = Forecast::new(app.store(), &batch.target, &kind.name, &kind.class, count);
    if let Some(why) = forecast.stop() {
        app.tell(Severity::Error, format!("not sent: {why}"), now);
        return Vec::new();
    }
    let hardware = moves(app, &batch);
    let by_lab = app.store().by_lab(now);
    let late = batch.run_at.filter(|at| *at <= by_lab.utc);
    // Made only where a task is in doubt: there may be thousands.
    let payloads = (0..count).map(|n| batch.payload(rest.as_ref().map_or(n, |rest| rest[n])));
    let twice = match app.ui.layers.last() {
        Some(Layer::Compose(compose)) => twice::told(app, compose, &batch.target, &kind.name, payloads),
        _ => Vec::new(),
    };
    let plain = !hardware && again.is_none() && twice.is_empty() && late.is_none() && doubts.is_empty();
    if plain && count <= FEW && forecast.warning().is_none() {
        return send(app, batch, None, now);
    }
    let mut lines = again.as_ref().map_or_else(Vec::new, |again| again.lines.clone());
    lines.extend(twice);
    if hardware {
        // The swept ones follow, each value of them.
        let swept: Vec<&str> = batch.plan.names().collect();
        lines.extend(hardware_lines(&batch.target, &kind.name, &batch.shown(0), &swept));
        lines.push(match &rest {
            Some(rest) => {
                format!("{count} times, those that are missing ({}) of these values:", numbers(rest))
            }
            None => format!("{count} times, with these values:"),
        });
    }
    let ranges = if hardware { batch.values(MOST_VALUES) } else { batch.ranges() };
    lines.extend(ranges.iter().map(|line| format!("  {line}")));
    lines.push(format!("It takes {}.", forecast.line()));
    lines.extend(forecast.warning().map(|why| format!("{}.", capital(&why))));
    lines.push("It goes through the scheduler, which gives each one the slot.".to_owned());
    if let Some(at) = &late {
        lines.push(format!("It is {}.", not_before(at, by_lab)));
    }
    if batch.first_alone {
        lines.push("The rest goes once the first one has ended ok.".to_owned());
    }
    if !doubts.is_empty() {
        lines.push("The service will probably refuse some:".to_owned());
        lines.extend(doubts.iter().take(6).map(|d| format!("  {d}")));
    }
    let (what, anew) = match (&rest, &again) {
        (Some(_), _) => ("the missing ", ""),
        (None, Some(_)) => ("", " again"),
        (None, None) => ("", ""),
    };
    app.ask(
        Confirm::new(
            format!("Send {what}{count} × {} to {}{anew}?", exact(&kind.class), exact(&batch.target)),
            lines,
            (format!("send {what}{count}{anew}"), "do not send"),
            Deed::SendGroup(Box::new(batch), rest),
            now,
        )
        .surely(hardware),
    );
    Vec::new()
}

/// What sending a draft again means, whose group was being sent when juicetop ended.
struct Again {
    begun: Begun,
    /// Only these members are to go out.
    rest: Option<Vec<usize>>,
    /// What the question says of it.
    lines: Vec<String>,
}

fn again(app: &App, batch: &Batch) -> Option<Again> {
    let Some(Layer::Compose(compose)) = app.ui.layers.last() else { return None };
    let begun = compose.begun()?;
    let Heard { known, missing } = compose.heard(&begun, &app.session);
    let (name, of, count) = (exact(&begun.name), begun.of, batch.count());
    let mut lines = vec![format!(
        "It was being sent as {name} when juicetop ended; of its {of} tasks the lanes and the schedule have {known}."
    )];
    let mut rest = None;
    match missing {
        Ok(missing) if missing.is_empty() => {
            lines.push(format!("All of them went out: each of these {count} would run twice."));
        }
        Ok(_) if compose.all_anew => {
            lines.push(format!("All {count} are sent anew: those {known} run twice."));
        }
        Ok(missing) => {
            let key = app.key(Action::Many).unwrap_or_default();
            lines.push(format!(
                "Only those that are missing are sent ({}), as the rest of it; {key} in the form lets all go anew.",
                numbers(&missing)
            ));
            rest = Some(missing);
        }
        Err(why) => lines.push(format!(
            "Which of them did not go out cannot be told: {why}. All {count} are sent anew, and some may run twice."
        )),
    }
    Some(Again { begun, rest, lines })
}

/// The numbers of members, from 1, as people write them: `3, 38-100`.
fn numbers(members: &[usize]) -> String {
    const MOST: usize = 8;
    let runs: Vec<&[usize]> = members.chunk_by(|a, b| a + 1 == *b).collect();
    let run = |run: &&[usize]| match run {
        [first, .., last] => format!("{}-{}", first + 1, last + 1),
        [one] => (one + 1).to_string(),
        [] => String::new(),
    };
    let told = runs.iter().take(MOST).map(run).collect::<Vec<_>>().join(", ");
    if runs.len() > MOST { format!("{told} …") } else { told }
}

/// Whether any member moves hardware.
fn moves(app: &App, batch: &Batch) -> bool {
    let kind = &batch.task_type;
    (0..batch.count()).any(|at| app.settings.guard.moves(&kind.name, &kind.class, &batch.payload(at)))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Hands a group, or the rest of one, to the session. The composer closes: what is left goes by itself.
pub(super) fn send(app: &mut App, batch: Batch, mut rest: Option<Vec<usize>>, now: Now) -> Vec<Effect> {
    if let (Some(rest), Some(again)) = (&mut rest, again(app, &batch)) {
        // What was heard of since the question was asked has gone out.
        rest.retain(|at| again.rest.as_ref().is_some_and(|missing| missing.contains(at)));
        if rest.is_empty() {
            app.tell(Severity::Info, "nothing is sent: all of them have turned up, or cannot be told", now);
            return Vec::new();
        }
    }
    let (key, name) = (batch.key(), batch.name.clone());
    let count = rest.as_ref().map_or(batch.count(), Vec::len);
    let alone = batch.first_alone && count > 1;
    let begun = Begun::of(&batch);
    let done = match rest {
        Some(rest) => app.session.send_rest(batch, rest, now),
        None => app.session.send_group(batch, now),
    };
    match done {
        Err(why) => {
            app.tell(Severity::Error, format!("{why}; the draft is kept"), now);
            Vec::new()
        }
        Ok(frames) => {
            app.ui.folding.remove(&key.service);
            let mut effects: Vec<Effect> = Vec::new();
            for layer in std::mem::take(&mut app.ui.layers) {
                let Layer::Compose(compose) = layer else { continue };
                // First of all: what goes out waits until it is written.
                effects.extend(kept::begun(app, &compose, key.clone(), begun.clone()));
                effects.extend(was_sent(app, &compose));
            }
            app.ui.zoom = false;
            let target = key.service.clone();
            app.ui.selected = Some(Selected::group(key));
            let what = if alone { "the first one goes alone" } else { "going to the scheduler" };
            app.tell(
                Severity::Info,
                format!("{}: {count} tasks for {}, {what}", exact(&name), exact(&target)),
                now,
            );
            effects.extend(frames.into_iter().map(Effect::Send));
            effects
        }
    }
}

/// The group that a key pressed now is about: its line's, or that of the selected member.
fn current(app: &App) -> Option<GroupKey> {
    let member = app.current_task().and_then(|key| app.store().task(key)).and_then(|t| t.group.as_ref());
    app.current_group().cloned().or_else(|| member.map(|member| member.key.clone()))
}

/// The group at hand, if it is being sent.
pub(super) fn being_sent(app: &App) -> Result<GroupKey, &'static str> {
    let key = current(app).filter(|key| app.session.sending_of(key).is_some());
    key.ok_or("only a group that is still being sent can be stopped, or go on")
}

pub(super) fn stop_or_go_on(app: &mut App, now: Now) -> Vec<Effect> {
    if let Some(why) = barred(app) {
        app.tell(Severity::Warning, why, now);
        return Vec::new();
    }
    let key = match being_sent(app) {
        Ok(key) => key,
        Err(why) => {
            app.tell(Severity::Info, why, now);
            return Vec::new();
        }
    };
    let Some(sending) = app.session.sending_of(&key) else { return Vec::new() };
    let (left, paused) = (sending.unsent(), sending.paused().is_some());
    if !paused {
        app.session.pause_group(&key);
        app.tell(Severity::Info, format!("stopped: {left} are not sent; the same key goes on"), now);
        return Vec::new();
    }
    match app.session.resume_group(&key, now) {
        Ok(frames) => {
            app.tell(Severity::Info, format!("going on: {left} are still to be sent"), now);
            frames.into_iter().map(Effect::Send).collect()
        }
        Err(why) => {
            app.tell(Severity::Warning, why, now);
            Vec::new()
        }
    }
}

pub(super) fn ask_to_cancel(app: &mut App, key: &GroupKey, now: Now) {
    let unsent = app.session.sending_of(key).map_or(0, crate::app::session::Sending::unsent);
    let Some(group) = app.store().group(key) else {
        app.tell(Severity::Info, "nothing of that group is known any more", now);
        return;
    };
    let waits = |state: State| matches!(state, State::Scheduled | State::Waiting);
    let open: Vec<_> = app
        .store()
        .members(group)
        .filter(|task| task.scheduled_task_id.is_some() && task.state != State::Ended)
        .collect();
    let waiting = open.iter().filter(|task| waits(task.state)).count();
    let keys: Vec<TaskKey> =
        open.iter().filter(|task| waits(task.state)).map(|task| task.key.clone()).collect();
    let running = open.len() - waiting;
    let name = exact(&group.name).into_owned();
    if waiting == 0 && unsent == 0 {
        app.tell(Severity::Info, format!("nothing of {name} waits any more"), now);
        return;
    }
    let mut lines = vec![format!("{name} on {}: {} tasks in all.", exact(&key.service), group.of)];
    if waiting > 0 {
        lines.push(format!("{waiting} wait and will be cancelled, each by its id."));
    }
    if unsent > 0 {
        lines.push(format!("{unsent} are not sent yet and will not be."));
    }
    if running > 0 {
        let one = if running == 1 { "1 runs, or may run," } else { "Some run, or may run," };
        lines.push(format!("{one} and goes on: Juice does not stop it."));
    }
    lines.push("What starts before the scheduler has heard goes on too.".to_owned());
    app.ask(Confirm::new(
        format!("Cancel {} tasks of {name}?", waiting + unsent),
        lines,
        (format!("cancel {}", waiting + unsent), "keep them"),
        Deed::CancelGroup(key.clone(), keys),
        now,
    ));
}

pub(super) fn cancel(app: &mut App, key: &GroupKey, keys: Vec<TaskKey>, now: Now) -> Vec<Effect> {
    let name = app.store().group(key).map_or_else(|| key.id.clone(), |group| group.name.clone());
    let dropped = app.session.drop_rest(key);
    let count = keys.len();
    if count == 0 {
        app.tell(Severity::Info, format!("{dropped} of {} are not sent any more", exact(&name)), now);
        return Vec::new();
    }
    match app.session.cancel_many(name.to_string(), keys, now) {
        Ok(frames) => {
            app.tell(Severity::Info, format!("cancelling {count} of {}", exact(&name)), now);
            frames.into_iter().map(Effect::Send).collect()
        }
        Err(why) => {
            app.tell(Severity::Warning, why, now);
            Vec::new()
        }
    }
}

/// What the session has to tell of many.
pub(super) fn news(app: &mut App, news: &News, now: Now) {
    match news {
        News::GroupSent { name, accepted, doubtful: 0, .. } => {
            app.tell(Severity::Info, format!("{}: the scheduler has all {accepted}", exact(name)), now);
        }
        News::GroupSent { name, accepted, doubtful, .. } => {
            let text = format!(
                "{}: the scheduler has {accepted}; {doubtful} may have reached it when the link was lost and are not \
                 sent again",
                exact(name)
            );
            app.tell(Severity::Warning, text, now);
        }
        News::GroupStopped { name, left, why, .. } => {
            let key = |action| app.key(action).unwrap_or_default();
            let (on, drop) = (key(Action::Sending), key(Action::Cancel));
            let text = format!(
                "{}: {why}; {left} are not sent ({on} lets it go on, {drop} drops them)",
                exact(name)
            );
            app.tell(Severity::Error, text, now);
        }
        News::ManyCancelled { name, tally } => {
            let mut parts = vec![format!("{} cancelled", tally.done)];
            if tally.run_on > 0 {
                parts.push(format!("{} had started and run on", tally.run_on));
            }
            if tally.too_late > 0 {
                parts.push(format!("{} had ended", tally.too_late));
            }
            if tally.failed > 0 {
                let why = tally.why.as_deref().unwrap_or("not known");
                parts.push(format!("{} not cancelled: {why}", tally.failed));
            }
            if tally.unknown > 0 {
                let text = "asked for when the link was lost: whether they are is not known yet";
                parts.push(format!("{} {text}", tally.unknown));
            }
            let severity = if tally.failed + tally.unknown > 0 { Severity::Error } else { Severity::Info };
            app.tell(severity, format!("{}: {}", exact(name), parts.join(", ")), now);
        }
        _ => {}
    }
}
