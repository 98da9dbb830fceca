//! The command palette, over the lower part of the body.

use ratatui::layout::{Position, Rect};

use crate::{
    app::palette::{Item, Palette},
    clean::Clean,
    theme::Role,
};

use super::{Look, Piece, Row, overlay::out_of_sight, spaces, word};

/// The room that it takes where there is more than enough.
const MOST: u16 = 18;

/// Where it stands, its rows, and the cursor.
pub(super) fn palette(palette: &Palette, body: Rect, look: Look) -> (Rect, Vec<Row>, Position) {
    // What it is about stays to be seen above it.
    let height = MOST.min((body.height * 2 / 3).max(6)).min(body.height);
    let area = Rect { y: body.y + body.height - height, height, ..body };
    let title = word(" : ", Role::Title);
    let before: String = palette.query.text().chars().take(palette.query.cursor()).collect();
    let x = title.text.width() + Clean::line(&before, look.charset()).width();
    let query = if palette.query.text().is_empty() {
        word("type a part of what you look for", Role::Placeholder)
    } else {
        look.piece(palette.query.text(), Role::Input)
    };
    let mut head = Row::of(vec![title, query]);
    if let Some(name) = &palette.at_hand {
        let most = usize::from(area.width) / 3;
        let name = Clean::line(name, look.charset()).truncate(most, look.charset());
        head.right = vec![Piece { text: name, role: Role::Dim }, spaces(1)];
    }
    let mut rows = vec![Row::rule(area.width, look), head];
    let room = usize::from(area.height).saturating_sub(rows.len()).max(1);
    let first = (palette.selected + 1).saturating_sub(room);
    let columns = usize::from(area.width);
    let wide = columns >= 60;
    for (at, index) in palette.shown.iter().enumerate().skip(first).take(room) {
        let mut row = line(&palette.items[*index], columns, wide, look);
        row.selected = at == palette.selected;
        rows.push(row.listed(at));
    }
    if palette.shown.is_empty() {
        rows.push(Row::of(vec![spaces(3), word("nothing has that in its name", Role::Dim)]));
    } else if first + room < palette.shown.len() || first > 0 {
        let below = palette.shown.len().saturating_sub(first + room);
        let right = look.piece(&out_of_sight(first, below, look), Role::Dim);
        let taken = right.text.width() as u16;
        rows[0] = Row { right: vec![right], ..Row::rule(area.width.saturating_sub(taken + 1), look) };
    }
    let x = (x as u16).min(area.width.saturating_sub(1));
    (area, rows, Position { x: area.x + x, y: area.y + 1 })
}

/// Name, what it is or why not, key or kind.
fn line(item: &Item, columns: usize, wide: bool, look: Look) -> Row {
    const NAME: usize = 22;
    let role = if item.barred.is_some() { Role::Disabled } else { Role::Text };
    let name = Clean::line(&item.name, look.charset());
    let text = if wide { name.pad(NAME) } else { name };
    let mut left = vec![spaces(3), Piece { text, role }];
    let remark = Clean::line(&item.remark, look.charset()).truncate(columns / 3, look.charset());
    if wide {
        let (about, role) = match &item.barred {
            Some(why) => (why, Role::Disabled),
            None => (&item.about, Role::Dim),
        };
        left.extend([spaces(1), look.piece(about, role)]);
    }
    let role = if item.barred.is_some() { Role::Disabled } else { Role::Key };
    Row { left, right: vec![Piece { text: remark, role }, spaces(1)], ..Row::default() }
}
