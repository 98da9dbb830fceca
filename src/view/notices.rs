//! What was told: a row each, the newest above, and the selected one whole below.

use ratatui::layout::Rect;

use crate::{
    app::{
        App, Severity,
        action::{Action, Context},
        layout::Shape,
        told::{Entry, How, List},
        update::{notices_height, whole_height},
    },
    clean::Clean,
    theme::Role,
    time::Now,
};

use super::{Look, Piece, Row, first_lines, spaces, word, words};

/// Columns of the word for what it is about.
const WORD: usize = 7;

/// The rows of the body.
pub(super) fn rows(app: &App, list: &List, area: Rect, look: Look, now: Now) -> Vec<Row> {
    let narrow = app.areas().shape == Shape::Narrow;
    let mut rows = vec![head(app, list, look, narrow), Row::rule(area.width, look)];
    let columns = usize::from(area.width).saturating_sub(3).max(1);
    if list.rows.is_empty() {
        let key = app.settings.keymap.first(Context::Lanes, Action::Watch).unwrap_or_default();
        let text = format!(
            "Nothing was told yet: notices tell what became of tasks that you watch ({key}, in the lanes), of your own that took \
             long, and of what else the configuration names."
        );
        rows.push(Row::default());
        let lines = Clean::line(&text, look.charset()).wrap(columns).into_iter();
        rows.extend(lines.map(|text| Row::of(vec![spaces(2), Piece { text, role: Role::Dim }])));
        return rows;
    }
    let height = notices_height(area.height);
    let first = list.first_row(height);
    let visible = || list.rows.iter().enumerate().skip(first).take(height);
    let time = visible().map(|(_, entry)| words::moment(entry.at, now).len()).max().unwrap_or_default();
    for (at, entry) in visible() {
        let mut row = one(entry, time, look, narrow, now);
        row.selected = list.selected_row() == Some(at);
        rows.push(row.listed(at));
    }
    let below = usize::from(whole_height(area.height));
    if let Some(entry) = list.selected().filter(|_| below > 0) {
        rows.resize(2 + height, Row::default());
        rows.push(Row::rule(area.width, look));
        let why = match entry.how {
            How::TooMany => " (it did not ring: too many in that time)",
            How::Quiet => " (it did not ring: quiet hours)",
            How::Rang | How::Note(_) => "",
        };
        let lines = Clean::line(&format!("{}{why}", entry.text), look.charset()).wrap(columns);
        let lines = first_lines(lines, below, columns, look);
        let line = |text| Row::of(vec![spaces(1), Piece { text, role: Role::Text }]);
        rows.extend(lines.into_iter().map(line));
    }
    rows
}

fn head(app: &App, list: &List, look: Look, narrow: bool) -> Row {
    let mut row = Row::of(vec![spaces(1), word("Notices", Role::Title)]);
    if !list.rows.is_empty() {
        row.left.push(look.piece(&format!("  {}", list.rows.len()), Role::Text));
    }
    if app.ui.notices.told.let_go > 0 && !narrow {
        row.left.push(word("  older ones were let go", Role::Dim));
    }
    row.right =
        vec![word(if narrow { "this session " } else { "of this session, the newest first " }, Role::Dim)];
    row
}

fn one(entry: &Entry, time: usize, look: Look, narrow: bool, now: Now) -> Row {
    let charset = look.charset();
    let fit = |piece: Piece, width: usize| Piece { text: piece.text.fit(width, charset), ..piece };
    let role = match entry.how {
        How::Rang => Role::Notice,
        How::TooMany | How::Quiet | How::Note(Severity::Info) => Role::Text,
        How::Note(Severity::Warning) => Role::Warning,
        How::Note(Severity::Error) => Role::Error,
    };
    let left = vec![
        spaces(1),
        fit(look.piece(&words::moment(entry.at, now), Role::Dim), time),
        spaces(1),
        fit(word(entry.word(), Role::Dim), WORD),
        spaces(1),
        look.piece(&entry.text, role),
    ];
    let mark = match (entry.how, narrow) {
        (How::TooMany, true) => "held",
        (How::TooMany, false) => "held back",
        (How::Quiet, true) => "quiet",
        (How::Quiet, false) => "quiet hours",
        (How::Rang | How::Note(_), _) => "",
    };
    let mut right = Vec::new();
    if entry.times > 1 {
        right.push(look.piece(&format!("{} times ", entry.times), Role::Dim));
    }
    if !mark.is_empty() {
        right.extend([word(mark, Role::Warning), spaces(1)]);
    }
    Row { left, right, ..Row::default() }
}
