//! Choosing what to submit, and the composer.

use ratatui::layout::{Position, Rect};

use crate::{
    app::{
        App,
        action::Action,
        choose::{Choose, Stage},
        compose::Compose,
        session::Way,
        update::editor_height,
    },
    clean::Clean,
    theme::Role,
    wire::json,
};

use super::{Look, Piece, Row, spaces, word};

/// The list to choose from.
pub(super) fn choose(choose: &Choose, area: Rect, look: Look) -> (Vec<Row>, Position) {
    let (title, hint) = match &choose.stage {
        Stage::Service => ("Submit to which service? ".to_owned(), "type a part of its name"),
        Stage::Type { service } => (format!("Submit to {service}: "), "type a part of the task type's name"),
    };
    let title = look.piece(&title, Role::Title);
    let before: String = choose.query.text().chars().take(choose.query.cursor()).collect();
    let x = 1 + title.text.width() + Clean::line(&before, look.glyphs.charset).width();
    let query = if choose.query.text().is_empty() {
        word(hint, Role::Placeholder)
    } else {
        look.piece(choose.query.text(), Role::Input)
    };
    let mut rows = vec![Row::of(vec![spaces(1), title, query]), Row::rule(area.width, look)];
    let height = usize::from(area.height).saturating_sub(2).max(1);
    let first = (choose.selected + 1).saturating_sub(height);
    let widest = choose.items.iter().map(|i| i.name.chars().count()).max().unwrap_or(0).min(32);
    for (place, index) in choose.shown.iter().enumerate().skip(first).take(height) {
        let item = &choose.items[*index];
        let name = Clean::line(&item.name, look.glyphs.charset).pad(widest + 2);
        let mut row = Row::of(vec![
            spaces(3),
            Piece { text: name, role: Role::Text },
            look.piece(&item.about, Role::Dim),
        ]);
        let hardware = item.remark.contains("hardware");
        row.right =
            vec![look.piece(&item.remark, if hardware { Role::Hardware } else { Role::Dim }), spaces(1)];
        row.selected = place == choose.selected;
        rows.push(row);
    }
    if choose.shown.is_empty() {
        let typed = choose.query.text().trim();
        let text = match (&choose.stage, typed.is_empty()) {
            (Stage::Type { .. }, false) => format!("no such type is known; Enter takes `{typed}` as it is"),
            (Stage::Type { .. }, true) => "no task types are known yet: type the name of one".to_owned(),
            (Stage::Service, _) => "no such service".to_owned(),
        };
        rows.push(Row::of(vec![spaces(3), look.piece(&text, Role::Dim)]));
    }
    let x = (x as u16).min(area.width.saturating_sub(1));
    (rows, Position { x: area.x + x, y: area.y })
}

/// The composer.
pub(super) fn composer(app: &App, c: &Compose, area: Rect, look: Look) -> (Vec<Row>, Option<Position>) {
    let charset = look.glyphs.charset;
    let mut head = Row::of(vec![
        spaces(1),
        word("Submit to ", Role::Title),
        look.piece(&c.service, Role::Service),
        look.piece(&format!(" {} ", look.glyphs.separator), Role::Dim),
        look.piece(&c.task_type.class, Role::Title),
    ]);
    if app.settings.guard.matches(&c.task_type.name) {
        head.left.push(word("  moves hardware", Role::Hardware));
    } else if let Some(doc) = c.task_type.doc.as_deref().and_then(|d| d.lines().next()) {
        head.left.push(spaces(3));
        head.left.push(look.piece(doc, Role::Dim));
    }
    let mut rows = vec![head, Row::rule(area.width, look)];
    let height = editor_height(area.height);
    let mut cursor = None;
    if c.frame_shown {
        let (pretty, _) = json::pretty(&c.frame().encode(), 64 * 1024);
        for line in pretty.lines().take(height) {
            rows.push(Row::of(vec![spaces(2), look.piece(line, Role::Code)]));
        }
    } else {
        let wrong: Vec<usize> = c.problems.iter().filter_map(|p| p.line).collect();
        let digits = c.area.lines().len().to_string().len().max(2);
        let at = c.area.cursor();
        for (number, text) in c.area.lines().iter().enumerate().skip(c.top).take(height) {
            let bad = wrong.contains(&(number + 1));
            let gutter = look.piece(
                &format!(
                    "{:>digits$} {} ",
                    number + 1,
                    if bad { look.glyphs.failed } else { look.glyphs.bar_line }
                ),
                if bad { Role::Error } else { Role::LineNumber },
            );
            let shown = Clean::line(text, charset).skip(c.left);
            if number == at.0 {
                let before: String = text.chars().take(at.1).collect();
                let x = gutter.text.width() + Clean::line(&before, charset).width().saturating_sub(c.left);
                cursor = Some(Position {
                    x: area.x + (x as u16).min(area.width.saturating_sub(1)),
                    y: area.y + (2 + number - c.top) as u16,
                });
            }
            rows.push(Row::of(vec![gutter, Piece { text: shown, role: Role::Input }]));
        }
    }
    rows.resize(2 + height, Row::default());
    rows.push(problems(c, area.width, look));
    rows.push(Row::of(vec![
        word(" name   ", Role::Dim),
        if c.display_name.is_empty() {
            word("(none while the payload is no JSON object)", Role::Placeholder)
        } else {
            look.piece(&c.display_name, Role::Text)
        },
    ]));
    let lane = if c.parallel { "parallel" } else { "sequential" };
    rows.push(setting(app, " lane   ", lane, lane_sentence(c), Action::Lane, look));
    let way = match c.way {
        Way::Direct => "direct",
        Way::Scheduled(_) => "scheduled",
        Way::Alone => "alone",
    };
    rows.push(setting(app, " way    ", way, way_sentence(c), Action::Way, look));
    (rows, cursor)
}

fn problems(c: &Compose, width: u16, look: Look) -> Row {
    let Some(first) = c.problems.first() else {
        let mut row = Row::rule(width.saturating_sub(4), look);
        row.left.insert(0, word(" ok ", Role::Ok));
        return row;
    };
    let more = c.problems.len() - 1;
    let role = match (first.fatal, first.hint) {
        (true, _) => Role::Error,
        (_, false) => Role::Warning,
        (_, true) => Role::Dim,
    };
    let mut row = Row::of(vec![spaces(1), look.piece(&first.what, role)]);
    if more > 0 {
        row.right = vec![look.piece(&format!("and {more} more "), Role::Dim)];
    }
    row
}

fn setting(
    app: &App,
    label: &'static str,
    value: &'static str,
    sentence: String,
    action: Action,
    look: Look,
) -> Row {
    let key = app.settings.keymap.first(action).unwrap_or_default();
    Row {
        left: vec![
            word(label, Role::Dim),
            word(value, Role::Text),
            look.piece(&format!("  {sentence}"), Role::Dim),
        ],
        right: vec![look.piece(&key, Role::Key), spaces(1)],
        selected: false,
    }
}

fn lane_sentence(c: &Compose) -> String {
    match (c.parallel, &c.way) {
        (true, Way::Scheduled(_)) => "but the scheduler gives every task the slot".to_owned(),
        (true, _) => "runs at once, beside others".to_owned(),
        (false, Way::Alone) => "waits for your own tasks; nobody else is held off".to_owned(),
        (false, _) => "waits for the service's slot".to_owned(),
    }
}

fn way_sentence(c: &Compose) -> String {
    let what = match &c.way {
        Way::Direct => "needs this terminal to its end".to_owned(),
        Way::Scheduled(None) => "goes on if this terminal is lost; direct tasks go first".to_owned(),
        Way::Scheduled(Some(at)) => format!("not before {}", crate::time::when::show(at)),
        Way::Alone => {
            "past the task manager, which knows nothing of it; nobody else keeps the slot".to_owned()
        }
    };
    if c.way_reason.is_empty() { what } else { format!("{what} ({})", c.way_reason) }
}
