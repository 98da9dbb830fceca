//! The schedule: everything that the scheduler keeps, by service, in its order.

use ratatui::layout::Rect;

use crate::{
    app::{
        App,
        action::Action,
        document::{bytes, reason_text},
        layout::Shape,
        schedule::{Part, Row as Line, Schedule},
        update::{schedule_height, standing},
    },
    store::{Guess, Outcome, Own, State, Task},
    theme::Role,
    time::Now,
};

use super::{
    Look, Piece, Row,
    lanes::{service_state, sign_of},
    spaces,
    usual::{self, Outlooks},
    word, words,
};

/// The rows of the body.
pub(super) fn rows(app: &App, schedule: &Schedule, area: Rect, look: Look, now: Now) -> Vec<Row> {
    let narrow = app.areas().shape == Shape::Narrow;
    let mut rows = vec![head(app, schedule, look, narrow), Row::rule(area.width, look)];
    if schedule.rows.is_empty() {
        rows.extend(empty(app, schedule, look));
        return rows;
    }
    let height = schedule_height(area.height);
    let outlooks = Outlooks::new(app, now);
    for (at, line) in schedule.rows.iter().enumerate().skip(schedule.first_row(height)).take(height) {
        let mut row = match line {
            Line::Gap => Row::default(),
            Line::Service { service } => service_row(&outlooks, service, look, narrow),
            Line::Direct { count } => {
                let text =
                    if *count == 1 { "1 own direct task goes first" } else { "own direct tasks go first" };
                let text = if *count == 1 { text.to_owned() } else { format!("{count} {text}") };
                Row::of(vec![spaces(8), look.piece(&text, Role::Dim)])
            }
            Line::Task { key, part } => match app.store().task(key) {
                Some(task) => task_row(&outlooks, schedule, task, *part, look, narrow),
                None => Row::default(),
            },
        };
        row.selected = line.key().is_some() && line.key() == schedule.selected.as_ref();
        rows.push(if line.key().is_some() { row.listed(at) } else { row });
    }
    rows
}

fn head(app: &App, schedule: &Schedule, look: Look, narrow: bool) -> Row {
    let mut row = Row::of(vec![spaces(1), word("Schedule", Role::Title)]);
    let wait = if schedule.waiting == 1 { "waits" } else { "wait" };
    row.left.push(look.piece(&format!("  {} {wait}", schedule.waiting), Role::Text));
    if !schedule.marked.is_empty() {
        row.left.push(spaces(2));
        row.left.push(look.piece(&format!("{} marked", schedule.marked.len()), Role::Match));
    }
    if !schedule.filter_text.is_empty() {
        row.left.push(word("  filter / ", Role::Key));
        row.left.push(look.piece(&schedule.filter_text, Role::Match));
    }
    if app.store().schedule_unreadable().is_some() {
        row.right = vec![word("the list could not be read ", Role::Warning)];
    } else if app.session.list_pending() {
        row.right = vec![word("reading the list ", Role::Connecting)];
    } else if let Some((at, size)) = app.session.list_read
        && !narrow
    {
        let text = format!("list of {} read {} ", bytes(size), words::clock(at.utc));
        row.right = vec![look.piece(&text, Role::Dim)];
    }
    row
}

/// Why nothing stands here, and what would bring something.
fn empty(app: &App, schedule: &Schedule, look: Look) -> Vec<Row> {
    let columns = usize::from(app.areas().body.width).saturating_sub(3).max(1);
    let key = |action| app.key(action).unwrap_or_default();
    let mut said: Vec<(String, Role)> = Vec::new();
    if !schedule.filter_text.is_empty() && schedule.waiting > 0 {
        said.push(("No scheduled task passes the filter. Esc shows all.".to_owned(), Role::Dim));
    } else if app.session.has_scheduler == Some(false) {
        let text = "This Juice has no scheduler: it is older than 26.29.0. Its tasks go out direct.";
        said.push((text.to_owned(), Role::Text));
    } else if let Some(why) = app.store().schedule_unreadable() {
        said.push((format!("The scheduler's list could not be read: {why}."), Role::Warning));
        let text = "Over 50 MiB nobody can read it until the task manager is restarted. What the bus tells from now \
                    on will stand here.";
        said.push((text.to_owned(), Role::Dim));
    } else if app.session.list_pending() {
        said.push(("The scheduler's list is being read.".to_owned(), Role::Dim));
    } else if app.session.has_scheduler.is_none() {
        said.push((
            "The scheduler's list was not read: the task manager is not connected.".to_owned(),
            Role::Warning,
        ));
    } else {
        said.push(("Nothing is scheduled.".to_owned(), Role::Text));
        let text = format!(
            "{} in the lanes opens the composer; {} there says when a task is to start. {} lists ended ones here.",
            key(Action::Submit),
            key(Action::When),
            key(Action::Ended)
        );
        said.push((text, Role::Dim));
    }
    let mut rows = vec![Row::default()];
    for (text, role) in said {
        let text = crate::clean::Clean::line(&text, look.glyphs.charset);
        rows.extend(
            text.wrap(columns).into_iter().map(|text| Row::of(vec![spaces(2), Piece { text, role }])),
        );
    }
    rows
}

fn service_row(outlooks: &Outlooks<'_>, name: &str, look: Look, narrow: bool) -> Row {
    let app = outlooks.app;
    let mut row = Row::of(vec![spaces(1), look.name(name, Role::Service)]);
    if let Some(service) = app.store().service(name) {
        let lanes = app.store().lanes(name, true, outlooks.now);
        let free = outlooks.free(&service.name, narrow);
        row.right = service_state(service, &lanes, free, look, narrow);
        row.right.push(spaces(1));
    }
    row
}

fn task_row(
    outlooks: &Outlooks<'_>,
    schedule: &Schedule,
    task: &Task,
    part: Part,
    look: Look,
    narrow: bool,
) -> Row {
    let (app, now) = (outlooks.app, outlooks.now);
    let (sign, role) = sign_of(task, look);
    let marked = schedule.marked.contains(&task.key);
    let place = match part {
        Part::Waiting { place } => place.to_string(),
        Part::Moved => look.glyphs.arrow.to_owned(),
        Part::Holder | Part::Ended => String::new(),
    };
    let width = if narrow { 2 } else { 4 };
    let mut left = vec![
        if marked { word("*", Role::Match) } else { spaces(1) },
        look.piece(&format!("{place:>width$} "), if part == Part::Moved { Role::Match } else { Role::Dim }),
        look.piece(sign, role),
        spaces(1),
    ];
    if task.own.is_some() {
        left.push(look.piece(look.glyphs.own, Role::Own));
        left.push(spaces(1));
    }
    left.push(look.task_name(task, if part == Part::Ended { Role::Dim } else { Role::Text }));
    let right = match part {
        Part::Holder => {
            let held = task
                .duration(now)
                .map(|(d, exact)| format!("{}{} ", if exact { "" } else { ">" }, words::duration(d)));
            let what = if narrow { "" } else { "holds the slot  " };
            vec![look.piece(&format!("{what}{}", held.unwrap_or_default()), Role::Running)]
        }
        Part::Moved => {
            let key = app.key(Action::Open).unwrap_or_default();
            let text =
                if narrow { format!("{key}: here ") } else { format!("{key} moves it here, esc leaves it ") };
            vec![look.piece(&text, Role::Match)]
        }
        Part::Waiting { .. } => {
            let start = outlooks.of(&task.service).start(&task.key);
            due(task, start, look, (app.store().by_lab(now), now), narrow)
        }
        Part::Ended => {
            let what = match (task.state, task.reason.as_ref()) {
                (State::Unknown, Some(reason)) => reason_text(reason).to_owned(),
                _ => standing(task).to_owned(),
            };
            let ago = task.ended.map(|seen| words::ago(now.since(seen.at))).unwrap_or_default();
            let role = if task.outcome == Some(Outcome::Failed) { Role::Failed } else { Role::Dim };
            vec![look.piece(&format!("{what} {ago:>9} "), role)]
        }
    };
    Row { left, right, ..Row::default() }
}

/// When it is due, or since when, by the lab's clock, and when it is likely to start.
fn due(task: &Task, start: Option<Guess>, look: Look, (by_lab, now): (Now, Now), narrow: bool) -> Vec<Piece> {
    if task.scheduled_task_id.is_none() && task.own == Some(Own::Scheduled) {
        return vec![word("on its way ", Role::Dim)];
    }
    let run_at = task.run_at.as_ref().and_then(|stamp| stamp.at);
    let wish = if task.cancel_wished { "cancelling  " } else { "" };
    let (text, role) = match (run_at, task.submitted_at.as_ref().and_then(|stamp| stamp.at)) {
        (Some(at), _) if at > by_lab.utc => {
            let countdown = words::countdown(at, by_lab);
            let text = match narrow {
                true => countdown,
                false => format!("{}  {countdown:>10}", words::moment(at, now)),
            };
            (text, Role::Scheduled)
        }
        (Some(at), _) => (format!("overdue {}", passed(at, by_lab)), Role::Warning),
        (None, Some(at)) => match start {
            Some(guess) => {
                let start = usual::start(&guess, narrow);
                let start = start.strip_suffix(' ').unwrap_or(&start);
                let waits = if narrow { String::new() } else { format!("waits {} ", passed(at, by_lab)) };
                (format!("{waits}{start}"), Role::Text)
            }
            None => (format!("due, waits {}", passed(at, by_lab)), Role::Text),
        },
        (None, None) => ("not told yet".to_owned(), Role::Dim),
    };
    vec![look.piece(&format!("{wish}{text} "), role)]
}

fn passed(at: chrono::DateTime<chrono::Utc>, by_lab: Now) -> String {
    format!("{:>5}", words::duration((by_lab.utc - at).to_std().unwrap_or_default()))
}
