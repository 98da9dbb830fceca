//! One line of text that is being typed.

use crossterm::event::KeyEvent;
use ratatui_textarea::{CursorMove, TextArea};

/// A line editor. Line breaks never enter it.
#[derive(Clone, Debug, Default)]
pub struct LineEdit {
    area: TextArea<'static>,
}

impl LineEdit {
    /// Starts with a text, the cursor behind it.
    pub fn new(text: &str) -> LineEdit {
        let mut area = TextArea::new(vec![one_line(text)]);
        area.move_cursor(CursorMove::End);
        LineEdit { area }
    }

    /// Starts with a text on both sides of the cursor.
    pub fn with_cursor(before: &str, after: &str) -> LineEdit {
        let mut line = LineEdit::new(after);
        line.area.move_cursor(CursorMove::Head);
        line.area.insert_str(one_line(before));
        line
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// Characters before the cursor.
    pub fn cursor(&self) -> usize {
        self.area.cursor().1
    }

    /// Takes a key; true if the text changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let is_break = |i: &ratatui_textarea::Input| {
            i.key == ratatui_textarea::Key::Enter
                || (i.ctrl && matches!(i.key, ratatui_textarea::Key::Char('m' | 'j')))
        };
        let input = ratatui_textarea::Input::from(key);
        // The editor itself would keep them.
        if matches!(input.key, ratatui_textarea::Key::Char(c) if c.is_control()) {
            return false;
        }
        if input.ctrl && input.key == ratatui_textarea::Key::Char('u') {
            // As in a shell: everything before the cursor goes.
            return self.area.delete_line_by_head();
        }
        !is_break(&input) && self.area.input(input)
    }

    /// What stands before the cursor, and what behind it.
    pub fn halves(&self) -> (String, String) {
        let mut chars = self.text().chars();
        let before = chars.by_ref().take(self.cursor()).collect();
        (before, chars.collect())
    }

    /// Takes a paste: its first line breaks become spaces.
    pub fn paste(&mut self, text: &str) {
        self.area.insert_str(one_line(text));
    }
}

fn one_line(text: &str) -> String {
    text.trim_end_matches('\n').chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    #[test]
    fn a_paste_with_line_breaks_stays_one_line() {
        let mut line = LineEdit::new("a");
        line.paste("b\nc\x1b\n");
        assert_eq!(line.text(), "ab c ");
        assert!(!line.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
        assert!(!line.key(KeyEvent::new(KeyCode::Char('m'), KeyModifiers::CONTROL)));
        assert!(line.key(KeyEvent::new(KeyCode::Char('d'), KeyModifiers::NONE)));
        assert_eq!((line.text(), line.cursor()), ("ab c d", 6));
    }
}
