//! What a program prints, as a terminal would show it: carriage returns write over the line, a bar stays one line.
//!
//! Pure. Sequences are understood as far as they move within what was printed; colours are left out. It refuses to
//! grow without bound: the first lines go, and are counted. What counts is the room that lines take, not what is left on
//! them.

use std::collections::VecDeque;

use vte::{Params, Parser, Perform};

/// Lines that are kept, the newest.
const MOST_LINES: usize = 2_000;
/// Characters of a line; what is written beyond is let go.
const LONGEST: usize = 4_096;
/// Characters that all lines have room for.
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
    /// Characters that there is room for.
    room: usize,
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
        OVERHEAD + self.lines.room * size_of::<char>() + self.lines.lines.capacity() * size_of::<Vec<char>>()
    }
}

impl Lines {
    fn line(&mut self) -> &mut Vec<char> {
        while self.lines.len() <= self.row {
            self.lines.push_back(Vec::new());
        }
        &mut self.lines[self.row]
    }

    /// Changes the line where the cursor stands.
    fn change(&mut self, change: impl FnOnce(&mut Vec<char>)) {
        let line = self.line();
        let before = line.capacity();
        change(line);
        let after = line.capacity();
        self.room = self.room + after - before;
    }

    fn bound(&mut self) {
        while self.lines.len() > MOST_LINES || (self.room > MOST && self.lines.len() > 1) {
            let Some(first) = self.lines.pop_front() else { break };
            self.room -= first.capacity();
            self.row = self.row.saturating_sub(1);
            self.let_go += 1;
        }
    }

    fn erase(&mut self, from: usize, to: usize) {
        self.change(|line| {
            if to >= line.len() {
                line.truncate(from);
                line.shrink_to_fit();
            } else {
                line.get_mut(from.min(to)..to).unwrap_or_default().fill(' ');
            }
        });
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
        self.change(|line| {
            if line.len() <= column {
                line.resize(column + 1, ' ');
            }
            line[column] = character;
        });
        self.column += 1;
    }

    fn execute(&mut self, byte: u8) {
        self.heard = true;
        match byte {
            b'\n' => {
                self.change(Vec::shrink_to_fit);
                (self.row, self.column) = (self.row + 1, 0);
                self.line();
                // Between two reads a program may print without end.
                if self.lines.len() > 2 * MOST_LINES || self.room > 2 * MOST {
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

    /// What its lines really take, bytes.
    fn taken(printed: &Printed) -> usize {
        let lines = &printed.lines.lines;
        let texts: usize = lines.iter().map(|line| line.capacity() * size_of::<char>()).sum();
        texts + lines.capacity() * size_of::<Vec<char>>()
    }

    /// A bound on that, whatever comes: one line may be on its way beside what is kept.
    const BOUND: usize = (MOST + LONGEST) * size_of::<char>() + 3 * MOST_LINES * size_of::<Vec<char>>();

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
        assert!(printed.is_cut() && taken(&printed) <= LONGEST * 4 + 100, "{}", taken(&printed));
        printed.feed(&"\n".repeat(3_000_000));
        assert!(printed.lines().count() <= MOST_LINES);
        let mut printed = Printed::default();
        (0..200).for_each(|_| printed.feed(&format!("{}\n", "y".repeat(4_000))));
        assert!(taken(&printed) <= BOUND && printed.let_go() > 0, "{}", taken(&printed));
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
        // Far to the right on each line, a little text that would be a lot of blanks; and wiped away again, which leaves nothing
        // to be seen.
        for line in [
            "\x1b[4000Cx\n",
            "\x1b[4000Cx\r\x1b[K\n",
            "\x1b[4000Cx\x1b[2K\n",
            "\x1b[4000Cx\r\x1b[1Ka\x1b[K\n",
        ] {
            let mut printed = Printed::default();
            printed.feed(&line.repeat(20_000));
            assert!(taken(&printed) <= BOUND, "{line:?}: {}", taken(&printed));
            assert!(printed.bytes() >= taken(&printed), "{line:?}: {}", printed.bytes());
        }
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

        #[test]
        fn what_it_says_it_takes_is_what_it_takes(texts in prop::collection::vec(r"(\x1b\[[0-9]{1,4}[ACDGK]|[a-c\r\n\t]){0,30}", 0..20)) {
            let mut printed = Printed::default();
            texts.iter().for_each(|text| printed.feed(&text.repeat(20)));
            prop_assert_eq!(printed.bytes(), OVERHEAD + taken(&printed));
            prop_assert!(taken(&printed) <= BOUND);
        }
    }
}
