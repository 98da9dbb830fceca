//! The history: a line a task, of earlier runs too.

use chrono::{Datelike, Local};
use ratatui::layout::Rect;

use crate::{
    app::{
        App, action::Action, document::reason_text, history::History, layout::Shape, update::history_height,
    },
    clean::Clean,
    store::{Outcome, Past, past::query::Column},
    theme::Role,
    time::Now,
};

use super::{Look, Piece, Row, lanes::sign_of, spaces, word, words};

/// Columns of a moment: a mark, `24 Nov 22:40:11`.
const WHEN: usize = 16;
/// Columns of a moment on a narrow screen.
const SHORT: usize = 7;
/// Columns of a length.
const TOOK: usize = 9;
/// A service's name is cut here.
const SERVICE: usize = 12;

/// The rows of the body.
pub(super) fn rows(app: &App, history: &History, area: Rect, look: Look, now: Now) -> Vec<Row> {
    let narrow = app.areas().shape == Shape::Narrow;
    let mut rows = vec![head(history, look, narrow), Row::rule(area.width, look)];
    if history.found.lines.is_empty() {
        rows.extend(empty(app, history, look, usize::from(area.width)));
        return rows;
    }
    let height = history_height(area.height);
    let first = history.first_row(height);
    let visible = || history.found.lines.iter().skip(first).take(height);
    let service = visible().map(|(_, past)| Clean::line(&past.service, look.charset()).width()).max();
    let service = service.unwrap_or(0).min(SERVICE);
    for (number, past) in visible() {
        let more =
            history.more.filter(|_| !narrow).map(|column| told(past, column, usize::from(area.width) / 4));
        let mut row = line(past, more, service, look, now, narrow);
        row.selected = history.selected == Some(*number);
        rows.push(row);
    }
    rows
}

fn head(history: &History, look: Look, narrow: bool) -> Row {
    let found = &history.found;
    let mut row = Row::of(vec![spaces(1), word("History", Role::Title)]);
    let count = match (found.lines.len(), found.total) {
        (passing, total) if passing == total => format!("  {total}"),
        (passing, total) => format!("  {passing} of {total}"),
    };
    if !history.is_new() {
        row.left.push(look.piece(&count, Role::Text));
    }
    if !history.filter_text.is_empty() {
        row.left.push(word("  filter / ", Role::Key));
        row.left.push(look.piece(&history.filter_text, Role::Match));
    }
    if history.is_waiting() {
        row.right.push(word("looking  ", Role::Connecting));
    }
    if found.gone > 0 && !narrow {
        let until = found.until.map(|at| at.with_timezone(&Local).format("%d %b %Y").to_string());
        let text = format!("{} older let go, up to {}  ", found.gone, until.unwrap_or_default());
        row.right.push(look.piece(&text, Role::Dim));
    }
    if history.hidden {
        row.right.push(word("hidden too  ", Role::Dim));
    }
    let arrow = if history.down { "down" } else { "up" };
    row.right.push(look.piece(&format!("by {} {arrow} ", history.sort.title()), Role::Dim));
    row
}

/// Why nothing stands here.
fn empty(app: &App, history: &History, look: Look, columns: usize) -> Vec<Row> {
    let key = |action| app.settings.keymap.first(action).unwrap_or_default();
    let (text, role) = if history.is_new() {
        ("The history is being read.".to_owned(), Role::Dim)
    } else if history.found.total > 0 && !history.filter_text.is_empty() {
        ("No task of the past passes the filter. Esc shows all.".to_owned(), Role::Dim)
    } else if history.found.total > 0 {
        (format!("All of them are hidden; {} shows them.", key(Action::Hidden)), Role::Dim)
    } else {
        let text = "No task has run yet since the history was begun. What runs from now on will stand here, and \
                    be here after a restart.";
        (text.to_owned(), Role::Dim)
    };
    let lines = Clean::line(&text, look.charset()).wrap(columns.saturating_sub(3).max(1));
    let mut rows = vec![Row::default()];
    rows.extend(lines.into_iter().map(|text| Row::of(vec![spaces(2), Piece { text, role }])));
    rows
}

fn line(past: &Past, more: Option<String>, service: usize, look: Look, now: Now, narrow: bool) -> Row {
    let (sign, role) = sign_of(&past.task(), look);
    let name = if past.name.is_empty() { &past.task_type } else { &past.name };
    let fitted = |text: &str, width: usize, role| Piece {
        text: Clean::line(text, look.charset()).fit(width, look.charset()),
        role,
    };
    let mut left = vec![
        fitted(&when(past, now, narrow), if narrow { SHORT } else { WHEN }, Role::Dim),
        spaces(1),
        look.piece(sign, role),
        spaces(1),
    ];
    if !narrow {
        left.push(fitted(&past.service, service, Role::Service));
        left.push(spaces(1));
    }
    if past.own.is_some() {
        left.push(look.piece(look.glyphs.own, Role::Own));
        left.push(spaces(1));
    }
    left.push(look.piece(name, Role::Text));
    let mut right = Vec::new();
    if let Some(more) = more {
        right.push(spaces(2));
        right.push(look.piece(&more, Role::Dim));
    }
    let took = past.took.map_or(String::new(), |(took, exact)| {
        format!("{}{}", if exact { "" } else { ">" }, words::lasted(took))
    });
    right.push(look.piece(&format!("{took:>TOOK$} "), Role::Dim));
    Row { left, right, selected: false }
}

/// When it began, with its mark.
fn when(past: &Past, now: Now, narrow: bool) -> String {
    let (at, here) = (past.at().with_timezone(&Local), now.utc.with_timezone(&Local));
    let form = match (narrow, at.date_naive() == here.date_naive(), at.year() == here.year()) {
        (true, true, _) => "%H:%M",
        (true, false, _) => "%d %b",
        (false, _, true) => "%d %b %H:%M:%S",
        (false, _, false) => "%d %b %Y",
    };
    format!("{}{}", past.mark(), at.format(form))
}

/// The text of a column that is not always there.
fn told(past: &Past, column: Column, width: usize) -> String {
    let cut = |text: &str| text.chars().take(width).collect::<String>();
    match column {
        Column::Type => cut(&past.task_type),
        Column::Lane => past.lane.word().to_owned(),
        Column::Id => cut(&past.key.0),
        _ => {
            let reason = past.reason.as_ref().map(|reason| reason_text(reason).to_owned());
            match (&past.ename, &past.evalue) {
                (Some(name), Some(message)) => cut(&format!("{name}: {message}")),
                (name, message) => {
                    let failed = past.outcome == Some(Outcome::Failed);
                    let error = name.as_ref().or(message.as_ref()).filter(|_| failed);
                    error.map(|text| cut(text)).or(reason).unwrap_or_default()
                }
            }
        }
    }
}
