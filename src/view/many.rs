//! The group that a form's sweeps make: what the composer's foot says of it, and its own small screen.

use ratatui::layout::{Position, Rect};

use crate::{
    app::{
        App,
        action::Action,
        compose::Compose,
        forecast::Forecast,
        many::{Focus, GroupPane},
    },
    catalogue::sweep::Combine,
    clean::Clean,
    theme::Role,
    time::when,
};

use super::{Look, Piece, Row, spaces, word};

fn forecast(app: &App, c: &Compose) -> Forecast {
    let kind = &c.task_type;
    Forecast::new(app.store(), &c.service, &kind.name, &kind.class, c.tasks())
}

/// How many, how long, how large: one line.
fn total(app: &App, c: &Compose, look: Look) -> Piece {
    let forecast = forecast(app, c);
    let text = format!("{} tasks, {}", c.tasks(), forecast.line());
    match (forecast.stop(), forecast.warning()) {
        (Some(_), _) => {
            let size = crate::app::forecast::bytes(forecast.size.unwrap_or_default());
            let what = "more than the 50 MiB that the scheduler's list can bear";
            look.piece(&format!("{} tasks with about {size} of results: {what}", c.tasks()), Role::Error)
        }
        (None, Some(_)) => look.piece(&text, Role::Warning),
        (None, None) => look.piece(&text, Role::Text),
    }
}

/// The composer's foot where several tasks are made, below its first line; on a small screen one line.
pub(super) fn foot(app: &App, c: &Compose, small: bool, look: Look) -> Vec<Row> {
    let last = c.tasks().saturating_sub(1);
    if small {
        return vec![Row::of(vec![spaces(1), total(app, c, look)])];
    }
    let key = app.settings.keymap.first(Action::Many).unwrap_or_default();
    let ellipsis = look.glyphs.ellipsis;
    let values = format!("{} {ellipsis} {}", c.values(0), c.values(last));
    let together = match (c.many.as_ref().and_then(|m| m.plan.as_ref().ok()), c.group.combine) {
        (Some(plan), Combine::Multiply) if plan.axes().len() > 1 => ", each with each",
        (Some(plan), Combine::Zip) if plan.axes().len() > 1 => ", one by one",
        _ => "",
    };
    let first = if c.group.first_alone { ", the first one alone before the rest" } else { "" };
    let when = c.run_at().map_or_else(String::new, |at| format!(" not before {}", when::show(&at)));
    vec![
        Row::of(vec![word(" tasks  ", Role::Dim), total(app, c, look)]),
        Row::of(vec![word(" values ", Role::Dim), look.piece(&values, Role::Text)]),
        Row {
            left: vec![
                word(" group  ", Role::Dim),
                look.piece(&c.group_name(), Role::Text),
                look.piece(&format!("{together}{first}, scheduled{when}"), Role::Dim),
            ],
            right: vec![look.piece(&key, Role::Key), spaces(1)],
            selected: false,
        },
    ]
}

/// The group's own screen.
pub(super) fn many(
    app: &App,
    c: &Compose,
    pane: &GroupPane,
    area: Rect,
    look: Look,
) -> (Vec<Row>, Option<Position>) {
    let charset = look.charset();
    let columns = usize::from(area.width).saturating_sub(2).max(8);
    let count = match c.many.as_ref().map(|many| &many.plan) {
        Some(Ok(_)) if c.tasks() == 1 => "One task".to_owned(),
        Some(Ok(_)) => format!("A group of {} tasks", c.tasks()),
        _ => "A group of tasks".to_owned(),
    };
    let mut head = Row::of(vec![
        spaces(1),
        look.piece(&count, Role::Title),
        word(" for ", Role::Title),
        look.piece(&c.service, Role::Service),
        look.piece(&format!(" {} ", look.glyphs.separator), Role::Dim),
        look.piece(&c.task_type.class, Role::Title),
    ]);
    if app.settings.guard.matches(&c.task_type.name) {
        head.left.push(word("  moves hardware", Role::Hardware));
    }
    let mut rows = vec![head, Row::rule(area.width, look)];
    let label = |text: &'static str| Piece { text: Clean::from_static(text).pad(13), role: Role::Dim };
    let mut cursor = None;
    let name_row = {
        let row = Row::of(vec![spaces(1), label("name")]);
        if pane.focus == Focus::Name {
            let before: String = pane.name.text().chars().take(pane.name.cursor()).collect();
            let x = 14 + Clean::line(&before, charset).width();
            let x = u16::try_from(x).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
            cursor = Some(Position { x: area.x + x, y: area.y + u16::try_from(rows.len()).unwrap_or(0) });
        }
        let text = pane.name.text();
        let name = if text.is_empty() {
            look.piece(&c.group_name(), Role::Placeholder)
        } else {
            look.piece(text, Role::Input)
        };
        Row { left: [row.left, vec![name]].concat(), right: Vec::new(), selected: pane.focus == Focus::Name }
    };
    rows.push(name_row);
    let together = match c.group.combine {
        Combine::Multiply => "each with each, the last field fastest",
        Combine::Zip => "one by one: first values, second values …",
    };
    let first = match c.group.first_alone {
        true => "yes: the rest goes once it has ended ok",
        false => "no",
    };
    for (name, text, focus) in [("together", together, Focus::Together), ("first alone", first, Focus::First)]
    {
        let mut row = Row::of(vec![spaces(1), label(name), look.piece(text, Role::Text)]);
        row.selected = pane.focus == focus;
        if row.selected && area.width >= 60 {
            row.right = vec![word("space changes it ", Role::Dim)];
        }
        rows.push(row);
    }
    rows.push(Row::rule(area.width, look));
    let wrapped = |text: &str, role: Role| -> Vec<Row> {
        let lines = Clean::line(text, charset).wrap(columns);
        lines.into_iter().map(|text| Row::of(vec![spaces(1), Piece { text, role }])).collect()
    };
    let plan = match c.many.as_ref().map(|many| &many.plan) {
        Some(Ok(plan)) => plan,
        Some(Err(why)) => {
            rows.extend(wrapped(why, Role::Error));
            return (rows, cursor);
        }
        None => return (rows, cursor),
    };
    let forecast = forecast(app, c);
    rows.extend(wrapped(&format!("{} tasks, {}", plan.count(), forecast.line()), Role::Text));
    if let Some(why) = forecast.stop() {
        rows.extend(wrapped(&format!("It will not be sent: {why}"), Role::Error));
    } else if let Some(why) = forecast.warning() {
        rows.extend(wrapped(&why, Role::Warning));
    }
    let ranges = c.batch().and_then(Result::ok).map(|batch| batch.ranges()).unwrap_or_default();
    rows.extend(ranges.iter().map(|line| Row::of(vec![spaces(1), look.piece(line, Role::Text)])));
    rows.push(Row::of(vec![spaces(1), word("first  ", Role::Dim), look.piece(&c.values(0), Role::Text)]));
    let last = c.values(plan.count().saturating_sub(1));
    rows.push(Row::of(vec![spaces(1), word("last   ", Role::Dim), look.piece(&last, Role::Text)]));
    let way = "Through the scheduler: it starts at most one a second and gives each one the slot, also parallel ones. \
               What it has been handed goes on if this terminal is lost.";
    rows.extend(wrapped(way, Role::Dim));
    (rows, cursor)
}
