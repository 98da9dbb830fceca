//! How it looks: a picture of rows and roles put into a buffer. Nothing is decided here.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    widgets::{Clear, Widget},
};

use crate::{
    clean::{Charset, Clean},
    theme::{Role, Theme},
    view::{Pane, Piece, Row, Screen},
};

mod direction;
mod joined;
#[cfg(test)]
mod tests;

/// A picture with the styles to paint it in.
#[derive(Debug)]
pub struct Painted<'a> {
    /// The picture.
    pub screen: &'a Screen,
    /// The styles.
    pub theme: &'a Theme,
    /// For the ellipsis.
    pub charset: Charset,
}

impl Widget for &Painted<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        for pane in &self.screen.panes {
            self.pane(pane, area, buf);
        }
        if self.screen.stale {
            for y in area.top()..area.bottom() {
                if !self.screen.header.contains((area.x, y).into()) {
                    buf.set_style(Rect { y, height: 1, ..area }, self.theme.style(Role::Stale));
                }
            }
        }
        joined::part(area, buf);
        direction::fence(area, buf);
    }
}

impl Painted<'_> {
    fn pane(&self, pane: &Pane, screen: Rect, buf: &mut Buffer) {
        let area = pane.area.intersection(screen);
        if pane.opaque {
            Clear.render(area, buf);
        }
        for (row, y) in pane.rows.iter().zip(area.top()..area.bottom()) {
            self.row(row, Rect { y, height: 1, ..area }, buf);
        }
    }

    fn row(&self, row: &Row, area: Rect, buf: &mut Buffer) {
        let width = usize::from(area.width);
        let mut right: Vec<Piece> = row.right.clone();
        let wanted: usize = right.iter().map(|p| p.text.width()).sum();
        let left: usize = row.left.iter().map(|p| p.text.width()).sum();
        // The right edge gives way only where the left would be left with less than a third.
        let room = if wanted + left <= width { wanted } else { wanted.min(width - width / 3) };
        if wanted > room {
            right = cut(&right, room, self.charset);
        }
        let used: usize = right.iter().map(|p| p.text.width()).sum();
        let space = width - used.min(width);
        let gap = usize::from(used > 0 && left >= space);
        let left = cut(&row.left, space.saturating_sub(gap), self.charset);
        self.pieces(&left, area.x, area.y, buf);
        self.pieces(&right, area.x + space as u16, area.y, buf);
        if row.selected {
            buf.set_style(area, self.theme.style(Role::Selected));
        }
    }

    fn pieces(&self, pieces: &[Piece], mut x: u16, y: u16, buf: &mut Buffer) {
        for piece in pieces {
            let style: Style = self.theme.style(piece.role);
            let (next, _) = buf.set_stringn(x, y, piece.text.as_str(), piece.text.width(), style);
            x = next;
        }
    }
}

/// The pieces in at most `width` columns.
fn cut(pieces: &[Piece], width: usize, charset: Charset) -> Vec<Piece> {
    let whole: usize = pieces.iter().map(|p| p.text.width()).sum();
    if whole <= width {
        return pieces.to_vec();
    }
    let mut out = Vec::new();
    let mut room = width;
    for piece in pieces {
        let size = piece.text.width();
        if size < room {
            out.push(piece.clone());
            room -= size;
            continue;
        }
        // The ellipsis belongs here: something comes behind, or this does not fit itself.
        let text: Clean = piece.text.pad(room + 1).truncate(room, charset);
        out.push(Piece { text, role: piece.role });
        break;
    }
    out
}
