//! Groups of letters of which each has a column of its own on a terminal, such as `णा` and `กำ`: one cell for each.
//!
//! As one wide cell they leave something behind: who writes over the first half of a wide letter may count on the terminal to
//! take the other half away, and ratatui does, but here the other half is a letter by itself. It refuses to take apart what
//! a terminal draws as one: letters with marks above them, and those that are wide by themselves.

use ratatui::{
    buffer::{Buffer, CellWidth},
    layout::Rect,
};

/// Gives each letter of such a group its own cell.
pub(super) fn part(area: Rect, buf: &mut Buffer) {
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while x < area.right() {
            let width = buf[(x, y)].symbol().cell_width().max(1);
            if width > 1 && width <= area.right() - x {
                part_cell(buf, (x, y), width);
            }
            x += width;
        }
    }
}

fn part_cell(buf: &mut Buffer, (mut x, y): (u16, u16), width: u16) {
    let cell = &buf[(x, y)];
    let (group, style) = (cell.symbol().to_owned(), cell.style());
    let mut letters: Vec<&str> = Vec::new();
    let mut rest = group.as_str();
    while !rest.is_empty() {
        // What has no width of its own stands with the letter before it.
        let next = rest.char_indices().skip(1).find(|(at, c)| rest[*at..][..c.len_utf8()].cell_width() > 0);
        let (letter, after) = rest.split_at(next.map_or(rest.len(), |(at, _)| at));
        letters.push(letter);
        rest = after;
    }
    // Where that is not the width of all together, it is drawn as one.
    if letters.len() < 2 || letters.iter().map(|letter| letter.cell_width()).sum::<u16>() != width {
        return;
    }
    for letter in letters {
        buf[(x, y)].set_symbol(letter).set_style(style);
        x += letter.cell_width();
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;

    fn row(text: &str) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        buf.set_string(0, 0, text, Style::new().fg(Color::Red));
        part(buf.area, &mut buf);
        buf
    }

    #[test]
    fn each_letter_has_its_cell_and_its_look() {
        let buf = row("णा กำ");
        let cells: Vec<&str> = (0..5).map(|x| buf[(x, 0)].symbol()).collect();
        assert_eq!(cells, ["ण", "ा", " ", "ก", "ำ"]);
        assert!((0..5).all(|x| buf[(x, 0)].fg == Color::Red));
    }

    #[test]
    fn nothing_of_one_that_goes_is_left() {
        let changed = row("णा").diff(&row("x")).iter().map(|(x, ..)| *x).collect::<Vec<_>>();
        assert_eq!(changed, [0, 1]);
    }

    #[test]
    fn what_is_drawn_as_one_stays_one() {
        for text in ["量", "e\u{301}", "量\u{301}", "👩", "ｗ"] {
            assert_eq!(row(text)[(0, 0)].symbol(), text);
        }
        // At the very edge nothing is written beyond it.
        let mut buf = Buffer::empty(Rect::new(0, 0, 1, 1));
        buf[(0, 0)].set_symbol("णा");
        part(buf.area, &mut buf);
        assert_eq!(buf[(0, 0)].symbol(), "णा");
    }
}
