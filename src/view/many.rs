//! The group that a form's sweeps make: what the composer's foot says of it, and its own small screen.

use ratatui::layout::{Position, Rect};

use crate::{
    app::{
        App, Layer,
        action::Action,
        compose::Compose,
        many::{Focus, GroupPane},
    },
    catalogue::sweep::Combine,
    clean::Clean,
    theme::Role,
    time::when,
};

use super::{Look, Piece, Row, form::tone_role, overlay, spaces, word};

/// How many, how long, how large: one line. A small screen leaves out the size, unless that is what is wrong.
fn total(app: &App, c: &Compose, small: bool, look: Look) -> Piece {
    let forecast = c.forecast(app.store());
    let told = if small { forecast.time_line() } else { forecast.line() };
    let text = format!("{} tasks, {told}", c.tasks());
    match (forecast.stop(), forecast.warning()) {
        (Some(_), _) if small => look.piece(&format!("{} tasks: too large a result", c.tasks()), Role::Error),
        (Some(_), _) => {
            let size = crate::app::document::bytes(forecast.size.unwrap_or_default());
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
        return vec![Row::of(vec![spaces(1), total(app, c, true, look)])];
    }
    let key = app.key(Action::Many).unwrap_or_default();
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
        Row::of(vec![word(" tasks  ", Role::Dim), total(app, c, false, look)]),
        Row::of(vec![word(" values ", Role::Dim), look.piece(&values, Role::Text)]),
        Row {
            left: vec![
                word(" group  ", Role::Dim),
                look.name(&c.group_name(), Role::Text),
                look.piece(&format!("{together}{first}, scheduled{when}"), Role::Dim),
            ],
            right: vec![look.piece(&key, Role::Key), spaces(1)],
            ..Row::default()
        },
    ]
}

/// Something of what is said on the group's screen is out of sight.
pub(super) fn is_cut(app: &App) -> bool {
    let [.., Layer::Compose(c), Layer::Many(pane)] = app.ui.layers.as_slice() else { return false };
    let told = c.told_of_group(&c.forecast(app.store()));
    !pane.fit(told, app.areas().body, app.settings.charset).window.is_whole()
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
    let count = match c.many.as_ref().map(|many| &many.plan) {
        Some(Ok(_)) if c.tasks() == 1 => "One task".to_owned(),
        Some(Ok(_)) => format!("A group of {} tasks", c.tasks()),
        _ => "A group of tasks".to_owned(),
    };
    let mut head = Row::of(vec![
        spaces(1),
        look.piece(&count, Role::Title),
        word(" for ", Role::Title),
        look.name(&c.service, Role::Service),
        look.piece(&format!(" {} ", look.glyphs.separator), Role::Dim),
        look.name(&c.task_type.class, Role::Title),
    ]);
    if app.settings.guard.matches(&c.task_type.name) {
        head.left.push(word("  moves hardware", Role::Hardware));
    }
    head.share_among(&[3, 5], area.width, look);
    let narrow = area.width < 60;
    let fit = pane.fit(c.told_of_group(&c.forecast(app.store())), area, charset);
    let mut rows = vec![head];
    if fit.ruled {
        rows.push(Row::rule(area.width, look));
    }
    let label = |text: &'static str| Piece { text: Clean::from_static(text).pad(13), role: Role::Dim };
    let mut cursor = None;
    let mut skipped = 0;
    let room = usize::from(area.width).saturating_sub(15).max(1);
    let name_row = {
        let row = Row::of(vec![spaces(1), label("name")]);
        if pane.focus == Focus::Name {
            let before: String = pane.name.text().chars().take(pane.name.cursor()).collect();
            let x = Clean::line(&before, charset).width();
            // The end of a long name is seen while that is where one types.
            skipped = (x + 1).saturating_sub(room);
            let x = u16::try_from(14 + x - skipped).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
            cursor = Some(Position { x: area.x + x, y: area.y + u16::try_from(rows.len()).unwrap_or(0) });
        }
        let text = pane.name.text();
        let name = if text.is_empty() {
            look.name(&c.group_name(), Role::Placeholder)
        } else {
            Piece { text: Clean::line(text, charset).skip(skipped), role: Role::Input }
        };
        Row { left: [row.left, vec![name]].concat(), selected: pane.focus == Focus::Name, ..Row::default() }
    };
    rows.push(name_row);
    let together = match c.group.combine {
        Combine::Multiply if narrow => "each with each",
        Combine::Zip if narrow => "one by one",
        Combine::Multiply => "each with each, the last field fastest",
        Combine::Zip => "one by one: first values, second values …",
    };
    let first = match c.group.first_alone {
        true if narrow => "yes",
        true => "yes: the rest goes once it has ended ok",
        false => "no",
    };
    let again = match c.all_anew {
        true if narrow => "all",
        true => "all of them, as a new group",
        false if narrow => "what is missing",
        false => "only what the scheduler does not have, if that is certain",
    };
    let fields = [
        ("together", together, Focus::Together),
        ("first alone", first, Focus::First),
        ("again", again, Focus::Again),
    ];
    for (name, text, focus) in fields.into_iter().take(if pane.again { 3 } else { 2 }) {
        let mut row = Row::of(vec![spaces(1), label(name), look.piece(text, Role::Text)]);
        row.selected = pane.focus == focus;
        if row.selected && !narrow {
            row.right = vec![word("space changes it ", Role::Dim)];
        }
        rows.push(row);
    }
    rows.push(overlay::more(fit.window, area.width, look));
    let seen = fit.told.into_iter().skip(fit.window.above).take(fit.window.shown);
    rows.extend(seen.map(|(tone, text)| Row::of(vec![spaces(1), Piece { text, role: tone_role(tone) }])));
    (rows, cursor)
}
