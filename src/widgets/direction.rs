//! Right-to-left writing among our columns.
//!
//! Some terminals reorder each line by Unicode's bidirectional algorithm. The program asks them not to (`term`), but some
//! of them know no such wish, and there a Hebrew name would take the numbers, borders and names beside it along to
//! other places. So each text in such writing stands between two blanks that belong to left-to-right writing (braille
//! without a dot): beyond these nothing moves. It refuses to reorder anything itself, for a terminal would do it again.

use ratatui::{
    buffer::{Buffer, CellWidth},
    layout::Rect,
};

/// Blank as a space, and by its class a letter that is written from left to right.
const FENCE: &str = "\u{2800}";

/// Puts the blanks beside right-to-left texts, where spaces are.
pub(super) fn fence(area: Rect, buf: &mut Buffer) {
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while let Some(first) = (x..area.right()).find(|x| is_rtl(buf, (*x, y))) {
            // A line that begins with such a text would go from right to left as a whole.
            if let Some(before) = (area.left()..first).rev().find(|x| is_space(buf, (*x, y))) {
                buf[(before, y)].set_symbol(FENCE);
            }
            let mut after = first;
            while after < area.right() && !ends(buf, (after, y), area.right()) {
                after += 1;
            }
            if after < area.right() {
                buf[(after, y)].set_symbol(FENCE);
            }
            x = after;
        }
    }
}

/// Whether a right-to-left text has ended before this space: one space between two such words belongs to it.
fn ends(buf: &Buffer, (x, y): (u16, u16), right: u16) -> bool {
    is_space(buf, (x, y)) && !(x + 1 < right && is_rtl(buf, (x + 1, y)))
}

/// Whether it is a space, and not the second half of a wide character.
fn is_space(buf: &Buffer, (x, y): (u16, u16)) -> bool {
    let half = || x > buf.area.left() && buf[(x - 1, y)].symbol().cell_width() > 1;
    matches!(buf[(x, y)].symbol(), " " | FENCE) && !half()
}

fn is_rtl(buf: &Buffer, at: (u16, u16)) -> bool {
    buf[at].symbol().chars().next().is_some_and(|c| {
        // The blocks that Unicode keeps for right-to-left writing.
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Style;
    use unicode_bidi::{BidiInfo, Level};

    use super::*;
    use crate::clean::{Charset, Clean};

    /// One row of columns as a screen has them, and where each column stands.
    fn row(columns: &[&str]) -> (Buffer, Vec<std::ops::Range<u16>>) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 400, 1));
        let mut x = 1;
        let mut places = Vec::new();
        for column in columns {
            let text = Clean::line(column, Charset::Unicode);
            let (end, _) = buffer.set_stringn(x, 0, text.as_str(), 300, Style::default());
            places.push(x..end);
            x = end + 2;
        }
        fence(buffer.area, &mut buffer);
        (buffer, places)
    }

    /// Where a terminal that reorders lines shows each cell. `level`: which way it takes lines to go, if it does not
    /// go by what stands in them.
    fn shown_at(buffer: &Buffer, level: Option<Level>) -> Vec<usize> {
        let mut text = String::new();
        let mut cell_of = Vec::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, 0)].symbol();
            text.push_str(symbol);
            cell_of.resize(text.len(), usize::from(x));
            x += symbol.cell_width().max(1);
        }
        let info = BidiInfo::new(&text, level);
        let paragraph = &info.paragraphs[0];
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        let mut order = Vec::new();
        for run in runs {
            let mut cells: Vec<usize> = run.clone().map(|at| cell_of[at]).collect();
            cells.dedup();
            if levels[run.start].is_rtl() {
                cells.reverse();
            }
            order.extend(cells);
        }
        let mut at = vec![0; usize::from(buffer.area.width)];
        let mut place = 0;
        for cell in order {
            at[cell] = place;
            place += usize::from(buffer[(cell as u16, 0)].symbol().cell_width().max(1));
        }
        at
    }

    fn check(columns: &[&str]) {
        let (buffer, places) = row(columns);
        for level in [None, Some(Level::ltr())] {
            let at = shown_at(&buffer, level);
            for (column, place) in columns.iter().zip(&places) {
                let is_half = |x: &u16| *x > 0 && buffer[(*x - 1, 0)].symbol().cell_width() > 1;
                let cells: Vec<usize> =
                    place.clone().filter(|x| !is_half(x)).map(|x| at[usize::from(x)]).collect();
                let stays = cells.iter().all(|at| place.contains(&(*at as u16)));
                assert!(stays, "{column:?} of {columns:?} is shown at {cells:?} instead of {place:?}");
            }
        }
    }

    const NAMES: [&str; 14] = [
        "תוצאה",
        "מדידה 12 של",
        "نتيجة القياس 42",
        "T1 תוצאה",
        "│",
        "12 s",
        "0:14",
        "MeasureT1",
        "✔",
        "…",
        "תוצ…",
        "(תוצאה)",
        "量子",
        "-3",
    ];

    #[test]
    fn a_name_beside_numbers_and_borders_moves_neither() {
        check(&["✔", "תוצאה", "0:14", "12 s ago"]);
        check(&["תוצאה", "نتيجة", "│", "3"]);
        check(&["T1", "מדידה", "…", "42"]);
    }

    #[test]
    fn without_the_blanks_they_would_be_moved() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 1));
        buffer.set_string(1, 0, "תוצאה  0:14  │", Style::default());
        assert_ne!(shown_at(&buffer, Some(Level::ltr())), (0..40).collect::<Vec<_>>());
        let number = shown_at(&buffer, Some(Level::ltr()))[8];
        assert!(number < 8, "{number}");
    }

    #[test]
    fn lines_without_such_writing_are_left_alone() {
        let (buffer, _) = row(&["MeasureT1", "量子", "Ω", "12"]);
        assert!((0..400).all(|x| buffer[(x, 0)].symbol() != FENCE));
    }

    proptest! {
        #[test]
        fn no_column_is_moved_by_another(columns in proptest::collection::vec(proptest::sample::select(&NAMES[..]), 1..8)) {
            check(&columns);
        }
    }
}
