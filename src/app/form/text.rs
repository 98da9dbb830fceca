//! Text of several lines inside the form: code, JSON, long text.
//!
//! Enter is a line break here and Tab indents. Control characters never get in: what is typed and pasted is looked at
//! first, because the editor itself would keep them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::{CursorMove, TextArea};

use crate::highlight::{self, Span};

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Just text.
    Plain,
    /// Python, as IPython takes it.
    Python,
    /// A JSON value.
    Json,
}

/// Columns of one step of indentation, as Python's style guide has it.
const INDENT: usize = 4;

/// Larger code is shown without colours: it is parsed anew at each key.
const MOST_COLOURED: usize = 128 * 1024;

/// An editor for text of several lines.
#[derive(Debug)]
pub struct TextPane {
    /// The editor.
    pub area: TextArea<'static>,
    /// What kind of text it is.
    pub language: Language,
    /// Columns scrolled away to the left.
    pub left: usize,
    spans: Vec<Vec<Span>>,
    /// What the last key did, and the one before it.
    last: [Deed; 2],
}

/// What a key did to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// Nothing, or it moved the cursor.
    Moved,
    /// A character came.
    Typed,
    /// Something went.
    Deleted,
    /// A line break or an indentation came.
    Broke,
    /// A paste came.
    Pasted,
}

impl TextPane {
    /// Opens with a text, the cursor at its end.
    pub fn new(text: &str, language: Language) -> TextPane {
        let mut area = TextArea::new(text.split('\n').map(|l| l.trim_end_matches('\r').to_owned()).collect());
        area.set_tab_length(if language == Language::Json { 2 } else { INDENT as u8 });
        // The form has its own steps.
        area.set_max_histories(0);
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        let mut pane = TextPane { area, language, left: 0, spans: Vec::new(), last: [Deed::Moved; 2] };
        pane.colour();
        pane
    }

    /// The text.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// The coloured pieces of a line, by bytes; empty where it has none.
    pub fn spans(&self, line: usize) -> &[Span] {
        self.spans.get(line).map_or(&[], Vec::as_slice)
    }

    /// Whether the cursor is on the first line, and whether it is on the last.
    pub fn at_edges(&self) -> (bool, bool) {
        let row = self.area.cursor().0;
        (row == 0, row + 1 == self.area.lines().len())
    }

    /// Takes a key; true if the text changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        if matches!(key.code, KeyCode::Char(c) if c.is_control()) {
            return false;
        }
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let deed = match key.code {
            KeyCode::Enter => Deed::Broke,
            KeyCode::Char(_) if plain => Deed::Typed,
            _ => Deed::Deleted,
        };
        let changed = match key.code {
            KeyCode::Enter if plain => {
                self.new_line();
                true
            }
            KeyCode::Backspace if plain && self.language == Language::Python => self.delete_back(),
            _ => self.area.input(key),
        };
        self.did(if changed { deed } else { Deed::Moved });
        changed
    }

    fn did(&mut self, deed: Deed) {
        self.last = [deed, self.last[0]];
        if deed != Deed::Moved {
            self.colour();
        }
    }

    /// Whether the last change is to be taken back without what was changed before it: it is of another kind, the
    /// cursor was moved in between, or it began a line.
    pub fn begins_step(&self) -> bool {
        let [now, before] = self.last;
        match now {
            Deed::Broke | Deed::Pasted => true,
            Deed::Typed => !matches!(before, Deed::Typed | Deed::Broke),
            _ => now != before,
        }
    }

    /// Goes in by one step, or to the next place where one ends.
    pub fn indent(&mut self) {
        self.area.insert_tab();
        self.did(Deed::Broke);
    }

    /// Takes a text that has no control characters but line breaks.
    pub fn insert(&mut self, text: &str) {
        self.area.insert_str(text);
        self.did(Deed::Pasted);
    }

    /// Goes behind what differs from another text: where something was taken back, or came again.
    pub fn go_behind_change(&mut self, other: &str) {
        let text = self.text();
        let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| {
            a.zip(b).take_while(|(a, b)| a == b).count()
        };
        let (all, others) = (text.chars().count(), other.chars().count());
        let head = same(&mut text.chars(), &mut other.chars());
        let tail = same(&mut text.chars().rev(), &mut other.chars().rev()).min(all.min(others) - head);
        let before: String = text.chars().take(all - tail).collect();
        let row = before.matches('\n').count();
        let column = before.chars().rev().take_while(|c| *c != '\n').count();
        self.area.move_cursor(CursorMove::Jump(clamped(row), clamped(column)));
    }

    /// A line break with the indentation that Python needs next: one step more behind a colon, one less behind what
    /// ends a block.
    fn new_line(&mut self) {
        let cursor = self.area.cursor();
        let before: String =
            self.area.lines().get(cursor.0).map_or("", String::as_str).chars().take(cursor.1).collect();
        let mut indent = before.len() - before.trim_start_matches(' ').len();
        if self.language == Language::Python {
            let code = without_comment(&before).trim();
            let first = code.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            if code.ends_with(':') {
                indent += INDENT;
            } else if matches!(first, "return" | "pass" | "break" | "continue" | "raise") {
                indent = indent.saturating_sub(INDENT);
            }
        }
        self.area.insert_newline();
        self.area.insert_str(" ".repeat(indent));
    }

    /// Behind nothing but indentation a whole step goes, else one character.
    fn delete_back(&mut self) -> bool {
        let cursor = self.area.cursor();
        let before: String =
            self.area.lines().get(cursor.0).map_or("", String::as_str).chars().take(cursor.1).collect();
        if before.is_empty() || before.contains(|c| c != ' ') {
            return self.area.delete_char();
        }
        for _ in 0..(before.len() - 1) % INDENT + 1 {
            self.area.delete_char();
        }
        true
    }

    fn colour(&mut self) {
        self.spans.clear();
        if self.language == Language::Python {
            let text = self.text();
            if text.len() <= MOST_COLOURED {
                self.spans = highlight::python(&text);
            }
        }
    }
}

fn clamped(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// The line before its comment. A `#` inside a string ends it too early, which costs one step of indentation at most.
fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(pane: &mut TextPane, text: &str) {
        for c in text.chars() {
            let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
            pane.key(KeyEvent::from(code));
        }
    }

    #[test]
    fn python_indents_by_itself_and_backspace_takes_a_step_back() {
        let mut p = TextPane::new("", Language::Python);
        types(&mut p, "for q in qs:  # all\nif q:\nrun(q)\nbreak\nx");
        assert_eq!(p.text(), "for q in qs:  # all\n    if q:\n        run(q)\n        break\n    x");
        types(&mut p, "\n");
        p.key(KeyEvent::from(KeyCode::Backspace));
        types(&mut p, "done");
        assert!(p.text().ends_with("\n    x\ndone"), "{}", p.text());
        p.indent();
        p.key(KeyEvent::from(KeyCode::Backspace));
        assert!(p.text().ends_with("done   "), "one character behind text: {:?}", p.text());
    }

    #[test]
    fn control_characters_stay_out_and_other_text_is_left_alone() {
        let mut p = TextPane::new("a\r\nb", Language::Plain);
        types(&mut p, "\u{1b}\u{7}:\nc");
        assert_eq!(p.text(), "a\nb:\nc");
    }
}
