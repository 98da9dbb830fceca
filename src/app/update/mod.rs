//! What happens on each message: the one place where the state changes.
//!
//! Keys become actions by the keymap of the place where they are pressed; text keys that mean nothing there go into
//! the field. What is to be done outside comes back as effects. Every deed passes through `deeds`, where
//! the guard and `--read-only` stand.

mod beside;
mod choices;
mod compare;
mod compose;
mod copy_as;
mod deeds;
mod failures;
mod form;
mod groups;
pub mod history;
mod kernel;
mod lanes;
mod large;
mod leaving;
pub mod logs;
mod mouse;
mod notices;
mod palette;
mod python;
pub mod schedule;
mod secrets;
mod services;
mod task;
mod twice;
mod types;
mod viewer;
mod when;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};

use crate::{
    store::{
        Outcome, State, Task,
        filter::{Filter, Saved},
    },
    time::Now,
    wire::link::Line,
};

pub use beside::beside_height;
pub use compare::{compare_height, inspector_height};
pub use failures::failures_height;
pub use history::{history_height, history_note};
pub use logs::{logs_height, logs_note};
pub use notices::{notices_height, whole_height};
pub use schedule::schedule_height;
pub use services::{services_height, whom};
pub(super) use viewer::{result_height, table_height};

use super::{
    App, By, Effect, Layer, Msg, Severity,
    action::{Action, Context},
    choose::Stage,
    compose::Compose,
    confirm, document,
    help::Help,
    kept,
    keymap::Meaning,
    replay, welcome,
    when::When,
};

pub use compose::learn_all;

use self::{
    compose::{
        again, back_to_services, choose_type, compose as open_on, editor_closed, in_composer, open_composer,
        tell_of_unknown,
    },
    deeds::{after_yes, ask_to_cancel, ask_to_send_direct, in_confirm, news, take_back_yes},
    form::{grant, in_form, look_at_sent, picked, renamed},
    lanes::{in_lanes, put_away},
    leaving::{after_handing, quit, suspend},
    schedule::{back_in_schedule, filters_schedule, in_schedule},
    task::{export, in_task},
};

pub(super) use self::{
    compose::class_of,
    form::{REOPENS_AFTER, parts_of},
};

/// The most that is pasted into a line, bytes.
const LONGEST_LINE: usize = 8 * 1024;

/// Takes a message. The picture may have changed if [`App::revision`] went up.
pub fn update(app: &mut App, msg: Msg, now: Now) -> Vec<Effect> {
    let mut effects = Vec::new();
    let by_person = matches!(msg, Msg::Key(_) | Msg::Mouse(_) | Msg::Paste(_) | Msg::EditorClosed(_));
    let wakes = matches!(msg, Msg::Wake);
    let composed = app.ui.layers.iter().any(|l| matches!(l, Layer::Compose(_)));
    let steps = match &msg {
        Msg::Key(key) => steps(app, key, now),
        // It takes the rows as they were drawn, and makes them anew by itself.
        Msg::Mouse(_) => true,
        _ => false,
    };
    if matches!(msg, Msg::Key(_) | Msg::Paste(_) | Msg::EditorClosed(_) | Msg::Resize(..)) {
        app.ui.mouse.outdate();
    }
    if matches!(&msg, Msg::Key(key) if key.kind != KeyEventKind::Release) {
        // From now on the cursor stands where it was seen.
        app.ui.moved = true;
    }
    if by_person && !steps {
        app.renew_lists(now, By::Lab);
    }
    if matches!(msg, Msg::Paste(_)) {
        leaving::typed(app, now);
    }
    match msg {
        Msg::Key(key) if key.kind == KeyEventKind::Release => {}
        // The terminal belongs to the editor: what was typed just before it came is not for the screen behind it.
        Msg::Key(_) | Msg::Mouse(_) | Msg::Paste(_) if app.ui.outside => {}
        Msg::Key(key) => {
            app.ui.revision += 1;
            effects = press(app, key, now);
        }
        Msg::Mouse(event) => effects = mouse::mouse(app, event, now),
        Msg::Paste(text) => {
            app.ui.revision += 1;
            app.ui.pressed = None;
            take_back_yes(app, now);
            paste(app, &text, now);
        }
        Msg::Resize(width, height) => {
            if app.ui.size != (width, height) {
                app.ui.size = (width, height);
                app.ui.revision += 1;
            }
        }
        Msg::Wire(incoming) => {
            let frames = app.session.receive(incoming, now);
            effects.extend(frames.into_iter().map(Effect::Send));
            effects.extend(app.session.take_closing().into_iter().map(Effect::Withdraw));
            news(app, now);
            effects.extend(after_handing(app, now));
            look_at_sent(app, now);
            effects.extend(kernel::look_at_answers(app, now));
        }
        Msg::List(part) => {
            let frames = app.session.take_list(part, now);
            effects.extend(frames.into_iter().map(Effect::Send));
        }
        Msg::Wake => {
            app.ui.followed = Some(now);
            app.forget_pressed(now);
            if !app.is_replay()
                && !app.ui.behind
                && app.ui.notice.as_ref().is_some_and(|n| n.until <= now.mono)
            {
                app.ui.notice = None;
            }
            app.ui.revision += 1;
            let frames = app.session.wake(now);
            effects.extend(frames.into_iter().map(Effect::Send));
            news(app, now);
            effects.extend(after_handing(app, now));
            let deaf = app.session.take_deaf_bus();
            effects.extend(deaf.map(|problem| Effect::GiveUp(Line::Bus, problem)));
            effects.extend(kernel::look_at_answers(app, now));
            look_at_sent(app, now);
            viewer::work(app, now);
        }
        Msg::AskedToStop { can } => effects = suspend(app, can, now),
        Msg::EditorClosed(edited) => {
            app.ui.outside = false;
            app.ui.revision += 1;
            effects = editor_closed(app, edited, now);
        }
        Msg::Made { id, of, result } => python::made(app, &id, &of, result, now),
        Msg::TypesRead { files, problems } => types::files_read(app, &files, &problems, now),
        Msg::Archive(id, heard) => {
            let App { session, ui, .. } = app;
            ui.revision += u64::from(ui.archive.hear(id, heard, session, now));
        }
        Msg::Services(told) => effects.extend(services::told(app, told, now)),
        Msg::Found(found) => history::found(app, found),
        Msg::News(away, news) => app.ui.revision += u64::from(app.ui.left.count(away, news)),
        Msg::LogAnswered(id, answer) => logs::answered(app, id, answer, now),
        Msg::Printed(service, told) => {
            app.ui.revision += 1;
            app.ui.outputs.hear(service, told, now);
        }
        Msg::Raised(raised) => {
            app.ui.revision += 1;
            app.ui.traces.hear(raised, now);
        }
        Msg::Watched(service, state) => {
            app.ui.revision += 1;
            app.ui.traces.watch(service, state, now);
        }
        Msg::Logged(key, answer) => {
            app.ui.revision += 1;
            kernel::logged(app, &key, answer, now);
        }
        Msg::Compared(compared) => {
            app.ui.revision += 1;
            compare::compared(app, compared, now);
        }
        Msg::Masked { payload, masked, secrets } => {
            secrets::looked_through(app, &payload, masked.as_ref(), &secrets);
        }
        Msg::Runs(runs) => app.session.store.learn(&runs),
        Msg::PastRead(task) => {
            app.ui.revision += 1;
            history::read(app, task, now);
        }
        Msg::Replayed(what) => {
            app.session.replay(what, now);
            news(app, now);
        }
        Msg::NoticeOver => {
            app.ui.notice = None;
            app.ui.revision += 1;
        }
        Msg::Recorded(state) => recorded(app, state, now),
        Msg::Done(result) => match result {
            Ok(text) => app.tell(Severity::Info, text, now),
            Err(text) => app.tell(Severity::Error, text, now),
        },
    }
    if !by_person {
        effects.extend(after_yes(app, now));
    }
    let composes = composed || app.ui.layers.iter().any(|l| matches!(l, Layer::Compose(_)));
    if by_person && composes {
        app.ui.keeping.due.get_or_insert(now.mono + kept::AFTER);
    }
    if app.ui.keeping.due.is_some_and(|due| due <= now.mono) {
        effects.extend(kept::look(app));
    }
    effects.extend(kept::ended(app));
    effects.extend(history::ask(app));
    effects.extend(logs::ask(app, now));
    effects.extend(secrets::ask(app));
    effects.extend(services::look(app, now));
    welcome::look(app);
    app.ui.outputs.look(&app.session.store, now);
    beside::follow(app, now);
    if !app.is_replay()
        && let Some(question) = app.ui.archive.look(&app.session, now)
    {
        app.ui.revision += 1;
        effects.push(Effect::ReadArchive(question));
    }
    effects.extend(kernel::look_in_log(app, now));
    effects.extend(app.ui.left.look(&app.session, now));
    effects.extend(app.look_for_notices(wakes, now));
    // What the person has changed is there for the next key. All else is for whoever draws: until then a key means the row
    // that was seen, and steps go over the rows that were seen.
    if by_person && !steps {
        app.renew_lists(now, By::Person);
        app.lay_out(now);
    }
    effects
}

/// How the recording that is written stands.
fn recorded(app: &mut App, state: Result<u64, String>, now: Now) {
    match state {
        Ok(bytes) => {
            app.ui.recording = Some(replay::Recording::Goes(bytes));
            app.ui.revision += 1;
        }
        Err(why) => {
            app.ui.recording = Some(replay::Recording::Stopped);
            app.tell(Severity::Error, why, now);
        }
    }
}

/// Whether the key steps through a list whose rows stay as they were drawn.
fn steps(app: &App, key: &KeyEvent, now: Now) -> bool {
    let context = app.context();
    let list = matches!(
        context,
        Context::Lanes
            | Context::Schedule
            | Context::Failures
            | Context::History
            | Context::Logs
            | Context::Notices
    );
    list && matches!(app.meaning(key, now), Meaning::Action(action) if action.moves())
}

fn press(app: &mut App, key: KeyEvent, now: Now) -> Vec<Effect> {
    let (meaning, ends_in_nothing) = app.press(&key, now);
    let action = match meaning {
        Meaning::Action(action) => Some(action),
        Meaning::Begins | Meaning::Nothing => None,
    };
    let in_a_burst = app.ui.last_key.is_some_and(|last| now.since(last) < confirm::AT_ONCE);
    app.ui.left.press(app.ui.last_key, now);
    app.ui.last_key = Some(now);
    // What was told has been seen.
    app.ui.notice = None;
    take_back_yes(app, now);
    leaving::typed(app, now);
    if matches!(action, Some(Action::Send | Action::Yes | Action::Instead))
        && (in_a_burst || key.kind == KeyEventKind::Repeat)
    {
        let text = "nothing done: that key was held or came as from a paste; press it once more";
        app.tell(Severity::Warning, text, now);
        return Vec::new();
    }
    if let Some(Layer::Confirm(confirm)) = app.ui.layers.last_mut() {
        if action != Some(Action::Sure) {
            confirm.last_key = Some(now);
        } else if key.kind == KeyEventKind::Repeat || !confirm.is_meant(now) {
            confirm.refused = Some(now);
        }
    }
    match action {
        Some(action) => mean(app, action, now),
        None => {
            match ends_in_nothing {
                // It was not meant alone, so it is no text either. Esc says that nothing was meant.
                Some(_) if key.code == KeyCode::Esc => {}
                Some(keys) => app.tell(Severity::Info, format!("{keys} means nothing here"), now),
                None if meaning == Meaning::Nothing => type_key(app, key, in_a_burst, now),
                None => {}
            }
            Vec::new()
        }
    }
}

/// Does it, unless it is about a row that nobody has seen.
fn mean(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    match app.unseen().filter(|_| action.means_row()).map(str::to_owned) {
        Some(why) => {
            app.tell(Severity::Warning, why, now);
            Vec::new()
        }
        None => act(app, action, now),
    }
}

/// A key that means nothing here goes into the field that has the focus. `in_a_burst`: it came with another one, as
/// those of a paste without marks do.
fn type_key(app: &mut App, key: KeyEvent, in_a_burst: bool, now: Now) {
    match app.ui.layers.last_mut() {
        Some(Layer::Choose(choose)) => {
            let empty = choose.query.text().is_empty();
            if choose.query.key(key) {
                choose.search();
            } else if empty && key.code == KeyCode::Backspace {
                back_to_services(app);
            }
        }
        Some(Layer::Pick(pick)) => {
            let choose = &mut pick.choose;
            if choose.query.key(key) {
                choose.search();
            }
        }
        Some(Layer::Palette(palette)) => {
            let changed = palette.query.key(key);
            if changed {
                palette.search();
            }
        }
        Some(Layer::Rename(_, line)) => {
            line.key(key);
        }
        // The frame is only looked at.
        Some(Layer::Compose(compose)) if compose.frame_shown => compose.key(key),
        Some(Layer::Compose(compose)) => match compose.form_mut() {
            // What is pasted has its indentation.
            Some(form) if in_a_burst && form.in_text() && key.code == KeyCode::Enter => {
                let _ = form.paste("\n");
                compose.check();
            }
            Some(form) => {
                let wish = form.key_or_leave(key);
                compose.check();
                grant(app, wish, now);
            }
            None => compose.key(key),
        },
        Some(Layer::Many(_)) => groups::key(app, key),
        Some(Layer::Help(help)) => {
            let changed = help.query.key(key);
            if changed {
                help.top = 0;
            }
        }
        Some(Layer::Filter(line)) => {
            let changed = line.key(key);
            if changed {
                let text = line.text().to_owned();
                set_filter(app, &text, now);
            }
        }
        Some(
            Layer::Search(line)
            | Layer::Pipe(line)
            | Layer::NameFilter(line)
            | Layer::GoTo(line)
            | Layer::Address(line)
            | Layer::When(When { line }),
        ) => {
            line.key(key);
        }
        _ => {}
    }
}

fn paste(app: &mut App, text: &str, now: Now) {
    if text.len() > LONGEST_LINE && !matches!(app.ui.layers.last(), Some(Layer::Compose(_)) | None) {
        let size = document::bytes(text.len());
        return app.tell(Severity::Warning, format!("not pasted: {size} is too much for one line"), now);
    }
    match app.ui.layers.last_mut() {
        Some(Layer::Choose(choose)) => {
            choose.query.paste(text);
            choose.search();
        }
        Some(Layer::Compose(compose)) => {
            if let Err(why) = compose.paste(text) {
                app.tell(Severity::Warning, why, now);
            }
        }
        Some(Layer::Pick(pick)) => {
            pick.choose.query.paste(text);
            pick.choose.search();
        }
        Some(Layer::Palette(palette)) => {
            palette.query.paste(text);
            palette.search();
        }
        Some(Layer::Rename(_, line)) => line.paste(text),
        Some(Layer::Many(_)) => groups::paste(app, text),
        Some(Layer::Help(help)) => {
            help.query.paste(text);
            help.top = 0;
        }
        Some(Layer::Filter(line)) => {
            line.paste(text);
            let text = line.text().to_owned();
            set_filter(app, &text, now);
        }
        Some(
            Layer::Search(line)
            | Layer::Pipe(line)
            | Layer::NameFilter(line)
            | Layer::GoTo(line)
            | Layer::Address(line)
            | Layer::When(When { line }),
        ) => line.paste(text),
        // No line of it may act as a key.
        Some(
            Layer::Task(_)
            | Layer::Result(_)
            | Layer::Plot(_)
            | Layer::Table(_)
            | Layer::Schedule(_)
            | Layer::Services(_)
            | Layer::Logs(_)
            | Layer::Record(_)
            | Layer::Beside(_)
            | Layer::Failures(_)
            | Layer::History(_)
            | Layer::Notices(_)
            | Layer::Columns(_)
            | Layer::Compare(_)
            | Layer::Confirm(_)
            | Layer::CopyAs(_)
            | Layer::Welcome,
        )
        | None => {
            app.tell(Severity::Info, "not pasted: nothing here takes text".to_owned(), now);
        }
    }
}

fn act(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    if action.entry().contexts == [Context::Replay] {
        return replay::act(app, action, now);
    }
    if app.is_replay() && replay::is_deed(action) {
        app.tell(Severity::Warning, replay::why_not(action), now);
        return Vec::new();
    }
    match action {
        Action::NextLab => vec![Effect::ShowLab(1)],
        Action::PreviousLab => vec![Effect::ShowLab(-1)],
        Action::Redraw => vec![Effect::Redraw],
        Action::Retry => {
            app.tell(Severity::Info, "trying again", now);
            vec![Effect::Retry]
        }
        Action::Suspend => vec![Effect::AskToStop],
        Action::Leave | Action::Quit => quit(app, now),
        Action::Help | Action::Keys => {
            let place = app.context();
            // Over a recording its own keys are the ones that nobody knows yet.
            let place = if app.is_replay() && !place.takes_text() { Context::Replay } else { place };
            app.ui.layers.push(Layer::Help(Help::new(place)));
            Vec::new()
        }
        Action::Back => {
            let stopped = python::stop(app);
            if stopped.is_empty() {
                back(app, now);
            }
            stopped
        }
        Action::Palette => {
            palette::open(app);
            Vec::new()
        }
        Action::Submit => {
            open_composer(app, now);
            Vec::new()
        }
        Action::Again => {
            again(app, now);
            Vec::new()
        }
        Action::Sending => groups::stop_or_go_on(app, now),
        Action::Cancel => {
            ask_to_cancel(app, now);
            Vec::new()
        }
        Action::SendDirect => {
            ask_to_send_direct(app, now);
            Vec::new()
        }
        Action::PutAway => put_away(app, now),
        Action::Watch => {
            app.turn_watch(now);
            Vec::new()
        }
        Action::RefreshTypes => types::refresh(app, now),
        Action::Copy | Action::Save if logs::is_here(app) => logs::export(app, action, now),
        Action::CopyAs if logs::is_here(app) => {
            logs::copy_as(app);
            Vec::new()
        }
        Action::CopyAs | Action::CopyFormAs => {
            copy_as::open(app, now);
            Vec::new()
        }
        Action::SideWider | Action::SideNarrower => {
            choices::move_border(app, action == Action::SideWider, now)
        }
        Action::View if app.context() == Context::Beside => {
            beside::look(app, now);
            Vec::new()
        }
        Action::View => {
            viewer::open(app, now);
            Vec::new()
        }
        Action::Copy | Action::CopyId | Action::Save
            if !matches!(app.context(), Context::Result | Context::Table) =>
        {
            let copied = || {
                let copied = failures::copied(app).or_else(|| compare::copied(app));
                let copied = copied.or_else(|| services::copied(app)).or_else(|| beside::copied(app));
                copied.or_else(|| notices::copied(app))
            };
            match (action == Action::Copy).then(copied).flatten() {
                Some(effect) => vec![effect],
                None => export(app, action, now),
            }
        }
        _ => match app.context() {
            Context::Lanes => in_lanes(app, action, now),
            Context::Task => in_task(app, action, now),
            Context::Result => viewer::in_result(app, action, now),
            Context::Plot => {
                viewer::in_plot(app, action, now);
                Vec::new()
            }
            Context::Table => viewer::in_table(app, action),
            Context::Schedule => in_schedule(app, action, now),
            Context::Services => services::in_services(app, action, now),
            Context::Logs => logs::in_logs(app, action, now),
            Context::Record => task::in_page(app, action, now),
            Context::Beside => beside::in_beside(app, action, now),
            Context::Failures => failures::in_failures(app, action, now),
            Context::History => history::in_history(app, action, now),
            Context::Notices => notices::in_notices(app, action, now),
            Context::Columns => choices::in_columns(app, action, now),
            Context::Compare => {
                compare::in_compare(app, action);
                Vec::new()
            }
            Context::Compose => in_composer(app, action, now),
            Context::Form | Context::Text => in_form(app, action, now),
            Context::Choose if matches!(app.ui.layers.last(), Some(Layer::CopyAs(_))) => {
                copy_as::in_copy_as(app, action, now)
            }
            Context::Choose if matches!(app.ui.layers.last(), Some(Layer::Palette(_))) => {
                palette::in_palette(app, action, now)
            }
            Context::Many => groups::in_many(app, action, now),
            Context::Choose => {
                in_choose(app, action, now);
                Vec::new()
            }
            Context::Input => in_input(app, action, now),
            // Those keys were dealt with above.
            Context::Labs | Context::Replay => Vec::new(),
            Context::Help => {
                in_help(app, action);
                Vec::new()
            }
            Context::Confirm => in_confirm(app, action, now),
            Context::Welcome => welcome::act(app, action),
        },
    }
}

fn back(app: &mut App, now: Now) {
    if let Some(Layer::History(history)) = app.ui.layers.last_mut()
        && !history.filter_text.is_empty()
    {
        history.set_filter("", &Saved::default(), now);
        return;
    }
    if let Some(Layer::Schedule(schedule)) = app.ui.layers.last_mut()
        && back_in_schedule(schedule, now)
    {
        return;
    }
    if let Some(Layer::Compare(compare)) = app.ui.layers.last_mut()
        && std::mem::take(&mut compare.whole)
    {
        return;
    }
    if logs::back(app, now) {
        return;
    }
    if viewer::stop(app) {
        app.tell(Severity::Info, "the search was stopped", now);
        return;
    }
    match app.ui.layers.pop() {
        Some(Layer::Compose(compose)) => {
            keep_draft(app, &compose);
            let place = compose.place();
            if app.ui.drafts.get(&place).is_some_and(|draft| draft.secret.is_some()) {
                let text = "the draft is kept; its secrets only until juicetop ends";
                app.tell(Severity::Info, text, now);
            }
        }
        Some(Layer::Filter(_)) => match logs::shown(app).map(|logs| logs.begun_with.clone()) {
            Some(begun_with) => set_filter(app, &begun_with, now),
            None => set_filter(app, "", now),
        },
        Some(Layer::Choose(choose))
            if matches!(choose.stage, Stage::Type { .. }) && choose.query.text().is_empty() =>
        {
            app.ui.layers.push(Layer::Choose(choose));
            back_to_services(app);
        }
        Some(Layer::Task(_)) => app.ui.zoom = false,
        None if !app.ui.filter_text.is_empty() => set_filter(app, "", now),
        None if app.ui.gaps_seen < app.session.gaps.count() => app.ui.gaps_seen = app.session.gaps.count(),
        None => app.ui.left.put_away(),
        _ => {}
    }
}

fn keep_draft(app: &mut App, compose: &Compose) {
    if compose.filled && !compose.is_edited() {
        return;
    }
    let place = compose.place();
    if compose.is_edited() {
        app.ui.drafts.insert(place, compose.draft());
    } else {
        app.ui.drafts.remove(&place);
    }
}

fn set_filter(app: &mut App, text: &str, now: Now) {
    if let Some(logs) = logs::shown(app) {
        logs.set_filter(text, now);
        return;
    }
    let saved = app.ui.choices.filters.clone();
    if let Some(history) = history::shown(app) {
        history.set_filter(text, &saved, now);
        return;
    }
    if filters_schedule(app, text, now) {
        return;
    }
    text.clone_into(&mut app.ui.filter_text);
    match Filter::parse(text, &saved, now) {
        Ok(filter) => {
            app.ui.filter = filter;
            app.ui.filter_error = None;
        }
        // The last good list stays while the filter cannot be read.
        Err(e) => app.ui.filter_error = Some(e.to_string()),
    }
}

fn in_input(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let by_lab = app.store().by_lab(now);
    if let (Action::Complete, Some(Layer::When(when))) = (action, app.ui.layers.last_mut()) {
        when.turn(by_lab);
    }
    match action {
        Action::Complete => history::complete(app, now),
        Action::SaveFilter => choices::name_filter(app, now),
        _ => {}
    }
    if action != Action::Accept {
        return Vec::new();
    }
    match app.ui.layers.pop() {
        Some(Layer::Pipe(line)) => return viewer::pipe(app, line.text()),
        Some(Layer::NameFilter(line)) => return choices::save_filter(app, line, now),
        Some(Layer::GoTo(line)) => return replay::go_to(app, line, now),
        Some(Layer::Address(line)) => return welcome::go_to(app, line, now),
        Some(Layer::Search(line)) => {
            let text = line.text().to_owned();
            viewer::look_for(app, &text, now);
            if let Some(page) = task::page(app) {
                page.search = text;
                if !page.search.is_empty() && !page.next_match() {
                    app.tell(Severity::Info, "no match", now);
                }
            }
        }
        Some(layer @ Layer::Rename(..)) => {
            app.ui.layers.push(layer);
            renamed(app, now);
        }
        Some(Layer::Filter(line)) => {
            if let Some(error) = app.filter_error().map(str::to_owned) {
                app.ui.layers.push(Layer::Filter(line));
                app.tell(Severity::Warning, error, now);
            } else if let Some(logs) = logs::shown(app) {
                logs.hurry(now);
            }
        }
        Some(Layer::When(when)) => when::accept(app, when, now),
        _ => {}
    }
    Vec::new()
}

fn in_help(app: &mut App, action: Action) {
    let page = usize::from(app.areas().body.height).saturating_sub(2).max(2);
    let Some(Layer::Help(help)) = app.ui.layers.last_mut() else { return };
    let last = help.lines(&app.settings.keymap).len().saturating_sub(page);
    help.top = match action {
        Action::Up => help.top.saturating_sub(1),
        Action::Down => help.top + 1,
        Action::PageUp => help.top.saturating_sub(page - 1),
        Action::PageDown => help.top + page - 1,
        Action::Top => 0,
        Action::Bottom => last,
        _ => help.top,
    }
    .min(last);
}

fn in_choose(app: &mut App, action: Action, now: Now) {
    if let Some(Layer::Pick(pick)) = app.ui.layers.last_mut() {
        match action {
            Action::ChooseUp => pick.choose.step(-1),
            Action::ChooseDown | Action::Complete => pick.choose.step(1),
            Action::Accept => picked(app, now),
            _ => {}
        }
        return;
    }
    let Some(Layer::Choose(choose)) = app.ui.layers.last_mut() else { return };
    match action {
        Action::ChooseUp => choose.step(-1),
        Action::ChooseDown | Action::Complete => choose.step(1),
        Action::Accept => {
            let Some(name) = choose.chosen() else {
                app.tell(Severity::Info, "type a part of a name", now);
                return;
            };
            match choose.stage.clone() {
                Stage::Service => {
                    app.ui.layers.pop();
                    choose_type(app, name, now);
                }
                Stage::Type { service } => {
                    let on = choose.index().and_then(|i| choose.items[i].on.clone());
                    let typed = choose.index().is_none();
                    app.ui.layers.pop();
                    open_on(app, on.unwrap_or_else(|| service.clone()), &name, None, now);
                    if typed {
                        tell_of_unknown(app, &service, &name, now);
                    }
                }
                // Those stand over the form, in a layer of their own.
                Stage::Option { .. } | Stage::Jump => {}
            }
        }
        _ => {}
    }
}

/// The word for a task's standing, as in filters and `--json`.
pub fn standing(task: &Task) -> &'static str {
    match (task.state, task.outcome) {
        (State::Scheduled, _) => "scheduled",
        (State::Waiting, _) => "waiting",
        (State::Running { starting: true }, _) => "starting",
        (State::Running { .. }, _) => "running",
        (State::Ended, Some(Outcome::Ok)) => "ok",
        (State::Ended, Some(Outcome::Cancelled)) => "cancelled",
        (State::Ended, _) => "failed",
        (State::Unknown, _) => "unknown",
    }
}

/// The first line of a failure: name and message.
pub fn failure_line(task: &Task) -> Option<String> {
    let error = task.failure()?;
    let name = error.ename.as_deref().unwrap_or("error");
    let message = error.evalue.as_deref().unwrap_or("").lines().next().unwrap_or("");
    Some(if message.is_empty() { name.to_owned() } else { format!("{name}: {message}") })
}
