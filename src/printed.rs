//! What a program prints, as a terminal would show it: carriage returns write over the line, a bar stays one line.
//!
//! Pure. Sequences are understood as far as they move within what was printed; colours are left out. It refuses to
//! grow without bound: the first lines go, and are counted.

use std::collections::VecDeque;

use vte::{Params, Parser, Perform};

/// Lines that are kept, the newest.
const MOST_LINES: usize = 2_000;
/// Characters of a line; what is written beyond is let go.
const LONGEST: usize = 4_096;
/// Characters of all lines.
const MOST: usize = 256 * 1024;
/// So much is read at once, bytes; a sequence that is longer has no end, and is given up: what follows is text again.
const PIECE: usize = 4_096;
const LONGEST_SEQUENCE: usize = 64 * 1024;
/// What a cell's text takes beside its characters, bytes: the parser, keys, the allocator's share.
const OVERHEAD: usize = 1_024;
/// How far up one can go: programs that draw several bars go up as many lines.
const HIGHEST: usize = 200;

/// See the module.
#[derive(Default)]
pub struct Printed {
    parser: Parser,
    lines: Lines,
    /// Bytes since something came of them.
    silent: usize,
}

#[derive(Debug, Default)]
struct Lines {
    /// All but the last may be written again, from [`Lines::row`] on.
    lines: VecDeque<Vec<char>>,
    row: usize,
    column: usize,
    characters: usize,
    let_go: usize,
    /// Something of a line that was too long was let go.
    cut: bool,
    /// Something came of what was read.
    heard: bool,
}

impl std::fmt::Debug for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.lines.fmt(f)
    }
}

impl Printed {
    /// Takes more of it.
    pub fn feed(&mut self, mut text: &str) {
        while !text.is_empty() {
            let (piece, rest) = text.split_at(text.floor_char_boundary(PIECE));
            self.lines.heard = false;
            self.parser.advance(&mut self.lines, piece.as_bytes());
            self.silent = if self.lines.heard { 0 } else { self.silent + piece.len() };
            if self.silent > LONGEST_SEQUENCE {
                (self.parser, self.silent) = (Parser::new(), 0);
            }
            self.lines.bound();
            text = rest;
        }
    }

    /// No more comes.
    pub fn end(&mut self) {
        self.parser = Parser::new();
    }

    /// All is wiped, as `clear_output` asks for.
    pub fn clear(&mut self) {
        *self = Printed::default();
    }

    /// The lines from the first that is kept.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = String> + '_ {
        self.lines.lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned())
    }

    /// The last line with anything on it.
    pub fn last(&self) -> Option<String> {
        self.lines().rev().find(|line| !line.is_empty())
    }

    /// Nothing was printed.
    pub fn is_empty(&self) -> bool {
        self.lines.lines.iter().all(Vec::is_empty) && self.lines.let_go == 0
    }

    /// Lines that were let go.
    pub fn let_go(&self) -> usize {
        self.lines.let_go
    }

    /// Something of a line that was too long was let go.
    pub fn is_cut(&self) -> bool {
        self.lines.cut
    }

    /// What it takes, bytes.
    pub fn bytes(&self) -> usize {
        OVERHEAD + self.lines.characters * size_of::<char>() + self.lines.lines.len() * size_of::<Vec<char>>()
    }
}

impl Lines {
    fn line(&mut self) -> &mut Vec<char> {
        while self.lines.len() <= self.row {
            self.lines.push_back(Vec::new());
        }
        &mut self.lines[self.row]
    }

    fn bound(&mut self) {
        while self.lines.len() > MOST_LINES || (self.characters > MOST && self.lines.len() > 1) {
            let Some(first) = self.lines.pop_front() else { break };
            self.characters -= first.len();
            self.row = self.row.saturating_sub(1);
            self.let_go += 1;
        }
    }

    fn erase(&mut self, from: usize, to: usize) {
        let line = self.line();
        let before = line.len();
        if to >= line.len() {
            line.truncate(from);
        } else {
            let end = to.min(line.len());
            line.get_mut(from.min(end)..end).unwrap_or_default().fill(' ');
        }
        let gone = before - self.line().len();
        self.characters -= gone;
    }
}

impl Perform for Lines {
    fn print(&mut self, character: char) {
        self.heard = true;
        if self.column >= LONGEST {
            self.cut = true;
            return;
        }
        let column = self.column;
        let line = self.line();
        let before = line.len();
        if line.len() <= column {
            line.resize(column + 1, ' ');
        }
        line[column] = character;
        let more = line.len() - before;
        self.characters += more;
        self.column += 1;
    }

    fn execute(&mut self, byte: u8) {
        self.heard = true;
        match byte {
            b'\n' => {
                self.line();
                (self.row, self.column) = (self.row + 1, 0);
                self.line();
                // Between two reads a program may print without end.
                if self.lines.len() > 2 * MOST_LINES {
                    self.bound();
                }
            }
            b'\r' => self.column = 0,
            0x08 => self.column = self.column.saturating_sub(1),
            b'\t' => {
                let to = (self.column / 8 + 1) * 8;
                while self.column < to.min(LONGEST) {
                    self.print(' ');
                }
            }
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, _: &[u8], _: bool, action: char) {
        self.heard = true;
        let first = params.iter().next().and_then(|param| param.first()).map(|&n| usize::from(n));
        let count = first.filter(|&n| n > 0).unwrap_or(1);
        match action {
            'A' | 'F' => {
                let highest = self.lines.len().saturating_sub(HIGHEST);
                self.row = self.row.saturating_sub(count).max(highest.min(self.row));
                if action == 'F' {
                    self.column = 0;
                }
            }
            'B' | 'E' => {
                self.row = (self.row + count).min(self.lines.len().saturating_sub(1));
                if action == 'E' {
                    self.column = 0;
                }
            }
            'C' => self.column = (self.column + count).min(LONGEST),
            'D' => self.column = self.column.saturating_sub(count),
            'G' => self.column = (count - 1).min(LONGEST),
            'K' => match first.unwrap_or(0) {
                0 => self.erase(self.column, usize::MAX),
                1 => self.erase(0, self.column + 1),
                _ => self.erase(0, usize::MAX),
            },
            _ => {}
        }
    }
}

/// A progress bar, as tqdm and its like draw one: `fit:  45%|████▌     | 45/100 [00:12<00:15]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What stands before it.
    pub title: String,
    /// From 0 to 1.
    pub done: f64,
    /// What stands behind it.
    pub rest: String,
}

/// The bar that a line is, if it is one: a percentage, and a drawing between two marks behind it.
pub fn bar(line: &str) -> Option<Bar> {
    let (before, after) = line.split_once('%')?;
    let digits = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (title, number) = before.split_at_checked(before.len() - digits)?;
    let percent: f64 = number.parse().ok().filter(|percent| (0.0..=100.0).contains(percent))?;
    let drawn = after.trim_start().strip_prefix(['|', '['])?;
    let (drawing, rest) = drawn.split_once(['|', ']'])?;
    let is_drawing = |c: char| {
        matches!(c, '#' | '=' | '>' | '-' | '.' | ' ' | '0'..='9')
            || ('▀'..='▟').contains(&c)
            || ('━'..='╿').contains(&c)
    };
    drawing.chars().all(is_drawing).then(|| Bar {
        title: title.trim().trim_end_matches(':').to_owned(),
        done: percent / 100.0,
        rest: rest.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(texts: &[&str]) -> Vec<String> {
        let mut printed = Printed::default();
        texts.iter().for_each(|text| printed.feed(text));
        printed.lines().collect()
    }

    #[test]
    fn what_a_terminal_would_show_is_shown() {
        for (texts, wanted) in [
            (&["a\nb"][..], &["a", "b"][..]),
            (&["a\r\nb\n"], &["a", "b", ""]),
            (&["step 1\rstep 22\rdone"], &["done 22"]),
            (&["50%\r\x1b[K100%"], &["100%"]),
            (&["ab\x08c"], &["ac"]),
            (&["a\tb"], &["a       b"]),
            (&["\x1b[31mred\x1b[0m \x1b]0;title\x07x"], &["red x"]),
            // Two bars, as nested loops draw them.
            (
                &["outer 0\n", "inner 0", "\rinner 9\n", "\x1b[A\x1b[A\router 1\n", "inner 0"],
                &["outer 1", "inner 0", ""],
            ),
            // In pieces, within a sequence and within a character.
            (&["a\x1b[", "2Kb"], &[" b"]),
            (&["\x1b[1Kx", "\x1b[5Gy\x1b[2Dz"], &["x  zy"]),
        ] {
            let wanted: Vec<String> = wanted.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(shown(texts), wanted, "{texts:?}");
        }
    }

    #[test]
    fn it_stays_within_its_bounds_and_counts_what_it_lets_go() {
        let mut printed = Printed::default();
        for n in 0..10_000 {
            printed.feed(&format!("line {n}\n"));
        }
        assert_eq!(printed.let_go(), 10_001 - MOST_LINES);
        assert_eq!(printed.last().as_deref(), Some("line 9999"));
        let mut printed = Printed::default();
        printed.feed(&"x".repeat(3_000_000));
        assert!(printed.is_cut() && printed.bytes() <= OVERHEAD + LONGEST * 4 + 100);
        printed.feed(&"\n".repeat(3_000_000));
        assert!(printed.lines().count() <= MOST_LINES);
        let mut printed = Printed::default();
        (0..200).for_each(|_| printed.feed(&format!("{}\n", "y".repeat(4_000))));
        assert!(
            printed.bytes() <= OVERHEAD + MOST * 4 + 200 * 24 && printed.let_go() > 0,
            "{}",
            printed.bytes()
        );
    }

    #[test]
    fn a_sequence_without_an_end_swallows_little_and_keeps_nothing() {
        let mut printed = Printed::default();
        printed.feed("\x1b]1337;File=inline=1:");
        for _ in 0..100 {
            printed.feed(&"A".repeat(10_000));
        }
        printed.feed("\nlast");
        assert_eq!(printed.last().as_deref(), Some("last"));
        // Far to the right on each line: a little text that would be a lot of blanks.
        let mut printed = Printed::default();
        printed.feed(&"\x1b[4000Cx\n".repeat(20_000));
        assert!(printed.bytes() <= 2 * MOST * 4, "{}", printed.bytes());
    }

    #[test]
    fn bars_are_known_and_nothing_else_is_one() {
        let found = bar("fit:  45%|████▌     | 45/100 [00:12<00:15,  3.7it/s]").unwrap();
        assert_eq!((found.title.as_str(), found.rest.as_str()), ("fit", "45/100 [00:12<00:15,  3.7it/s]"));
        assert!((found.done - 0.45).abs() < 1e-9);
        assert_eq!(bar("100%|##########| 7/7").unwrap().title, "");
        assert_eq!(bar(" 12.5% [==>     ] ETA 3 s").unwrap().rest, "ETA 3 s");
        for line in ["", "45%", "45% done", "fidelity 99%|ok|", "x%|██|", "145%|██|", "loss = 3% | gain = 4%"]
        {
            assert_eq!(bar(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_in_any_pieces_shows_the_same(texts in prop::collection::vec("[a-c\\r\\n\\x08\\t\\x1b\\[AKDGC0-9;é█]{0,20}", 0..8)) {
            let whole = texts.concat();
            let pieces: Vec<&str> = texts.iter().map(String::as_str).collect();
            prop_assert_eq!(shown(&[&whole]), shown(&pieces));
        }
    }
}
