//! The payload as JSON in an editor of several lines.

use ratatui_textarea::{CursorMove, TextArea};

/// The payload as JSON in an editor of several lines.
#[derive(Debug)]
pub struct JsonPane {
    /// The editor.
    pub area: TextArea<'static>,
    /// The first line of the payload on the screen.
    pub top: usize,
    /// Columns scrolled away to the left.
    pub left: usize,
}

impl JsonPane {
    pub(super) fn new(text: &str) -> JsonPane {
        JsonPane { area: text_area(text), top: 0, left: 0 }
    }

    /// The payload as typed.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(super) fn set_text(&mut self, text: &str) {
        // Not `select_all`: it ends at column 65,535.
        self.area.move_cursor(CursorMove::Top);
        self.area.move_cursor(CursorMove::Head);
        self.area.start_selection();
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
        self.area.cut();
        self.area.insert_str(text);
        self.area.move_cursor(CursorMove::Top);
        self.area.move_cursor(CursorMove::Head);
    }

    /// Puts the cursor behind the first value, where editing most often begins.
    pub(super) fn go_to_first_value(&mut self) {
        let Some(line) = self.area.lines().get(1) else { return };
        let end = line.trim_end().trim_end_matches([',', '"']).chars().count();
        self.area.move_cursor(CursorMove::Jump(1, end.min(usize::from(u16::MAX)) as u16));
    }

    /// Scrolls so that the cursor can be seen on a pane of this size.
    pub(super) fn follow(&mut self, columns: usize, height: usize) {
        // The screen may have another size: no empty room below the end while there is text above.
        self.top = self.top.min(self.area.lines().len().saturating_sub(height));
        let cursor = self.area.cursor();
        let (row, column) = (cursor.0, cursor.1);
        // The line numbers stand before the text.
        let gutter = self.area.lines().len().to_string().len().max(2) + 3;
        let height = height.max(1);
        self.top = self.top.min(row).max((row + 1).saturating_sub(height));
        self.left = left_for(self.left, column, columns.saturating_sub(gutter));
    }
}

/// Columns to scroll away so that the cursor's can be seen. They are counted in characters here: a wide character may
/// make the pane scroll a little early.
pub(in crate::app) fn left_for(left: usize, column: usize, columns: usize) -> usize {
    let columns = columns.max(8);
    let seen = column.saturating_mul(2).min(column + 64);
    if seen < columns {
        0
    } else {
        left.min(column.saturating_sub(4)).max((column + 5).saturating_sub(columns))
    }
}

fn text_area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(|l| l.trim_end_matches('\r').to_owned()).collect());
    area.set_tab_length(2);
    area.set_max_histories(200);
    area
}
