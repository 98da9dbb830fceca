//! Two tasks side by side: a pair of values a row, the selected pair whole below.

use ratatui::layout::Rect;

use crate::{
    app::{
        App,
        compare::{Compare, Row as Line},
        layout::Shape,
        update::{compare_height, inspector_height},
    },
    clean::Clean,
    theme::Role,
};

use super::{Look, Piece, Row, spaces, word};

/// Columns of a value at least; names give way to them.
const VALUE: usize = 10;

/// The rows of the body.
pub(super) fn rows(app: &App, compare: &Compare, area: Rect, look: Look) -> Vec<Row> {
    let comparison = &compare.comparison;
    let width = usize::from(area.width);
    if compare.whole {
        return inspector(compare, width, usize::from(area.height), look);
    }
    let narrow = app.areas().shape == Shape::Narrow;
    let height = compare_height(area.height);
    let mut rows = head(compare, area, look, narrow);
    let first = compare.first_row(height);
    let visible = || comparison.rows.iter().enumerate().skip(first).take(height);
    let name = visible().map(|(_, line)| name_of(line, look).width()).max().unwrap_or(0);
    let name = name.min((width / 3).max(width.saturating_sub(2 * VALUE + 6)).min(width / 2));
    let value = width.saturating_sub(name + 6) / 2;
    for (at, line) in visible() {
        let mut row = match line {
            Line::Section { title, about } => {
                let mut left = vec![spaces(1), word(title, Role::Title)];
                if !about.is_empty() {
                    left.push(look.piece(&format!("  {about}"), Role::Dim));
                }
                Row::of(left)
            }
            Line::Pair { one, other, differs, .. } => {
                let role = if *differs { Role::Text } else { Role::Dim };
                let mut left = vec![
                    spaces(2),
                    Piece { text: name_of(line, look).fit(name, look.charset()), role: Role::JsonKey },
                    spaces(2),
                    cell(one.as_ref(), value, role, look),
                ];
                // What is the same stands once.
                if *differs {
                    left.extend([spaces(2), cell(other.as_ref(), value, role, look)]);
                }
                Row::of(left)
            }
        };
        row.selected = at == compare.selected;
        rows.push(row.listed(at));
    }
    let below = inspector_height(area.height);
    if below > 0 {
        rows.resize(usize::from(area.height - below), Row::default());
        rows.push(Row::rule(area.width, look));
        rows.extend(inspector(compare, width, usize::from(below) - 1, look));
    }
    rows
}

fn head(compare: &Compare, area: Rect, look: Look, narrow: bool) -> Vec<Row> {
    let comparison = &compare.comparison;
    let count = match comparison.differences {
        0 => "  nothing differs".to_owned(),
        1 => "  1 difference".to_owned(),
        n => format!("  {n} differences"),
    };
    let mut rows =
        vec![Row::of(vec![spaces(1), word("Compare", Role::Title), look.piece(&count, Role::Text)])];
    for (sign, title) in ["1", "2"].into_iter().zip(&comparison.titles) {
        // The date gives way to the name.
        let title = if narrow { title.split_once("  ").map_or(&**title, |(_, rest)| rest) } else { title };
        rows.push(Row::of(vec![spaces(1), word(sign, Role::Key), spaces(1), look.piece(title, Role::Text)]));
    }
    rows.push(Row::rule(area.width, look));
    rows
}

fn name_of(line: &Line, look: Look) -> Clean {
    match line {
        Line::Pair { name, note: Some(note), .. } => Clean::line(&format!("{name} ({note})"), look.charset()),
        Line::Pair { name, .. } => Clean::line(name, look.charset()),
        Line::Section { .. } => Clean::default(),
    }
}

fn cell(value: Option<&String>, width: usize, role: Role, look: Look) -> Piece {
    match value {
        Some(value) => Piece { text: Clean::line(value, look.charset()).fit(width, look.charset()), role },
        None => Piece {
            text: Clean::line("none", look.charset()).fit(width, look.charset()),
            role: Role::Placeholder,
        },
    }
}

/// The selected pair, each value in as many rows as there is room for.
fn inspector(compare: &Compare, width: usize, height: usize, look: Look) -> Vec<Row> {
    let (line, one, other, differs) = match compare.row() {
        Some(line @ Line::Pair { one, other, differs, .. }) => (line, one, other, differs),
        Some(Line::Section { title, about }) => {
            let about = Clean::line(about, look.charset()).wrap(width.saturating_sub(2).max(1));
            let rows =
                about.into_iter().map(|text| Row::of(vec![spaces(1), Piece { text, role: Role::Text }]));
            return [Row::of(vec![spaces(1), word(title, Role::Title)])]
                .into_iter()
                .chain(rows)
                .take(height)
                .collect();
        }
        None => return Vec::new(),
    };
    let mut rows = vec![Row::of(vec![spaces(1), Piece { text: name_of(line, look), role: Role::JsonKey }])];
    let values = match differs {
        true => vec![("1", one), ("2", other)],
        false => vec![("=", one)],
    };
    let room = (height.saturating_sub(1) / values.len()).max(1);
    for (sign, value) in values {
        let (text, role) = match value {
            Some(value) => (value.as_str(), Role::Text),
            None => ("none", Role::Placeholder),
        };
        let lines = Clean::line(text, look.charset()).chop(width.saturating_sub(4), width.saturating_sub(4));
        let more = lines.len() > room;
        for (at, text) in lines.into_iter().take(room).enumerate() {
            let sign = if at == 0 { word(sign, Role::Key) } else { spaces(1) };
            let last = more && at + 1 == room;
            let mut row = Row::of(vec![spaces(1), sign, spaces(1), Piece { text, role }]);
            if last {
                row.right = vec![word(" more", Role::Dim)];
            }
            rows.push(row);
        }
    }
    rows
}
