//! Plots in cells: lines, histograms, heat maps. Pure functions from numbers to a grid of characters with a meaning.
//!
//! `NaN` and infinite numbers are gaps. Nothing is smoothed: of many points in one column the least and the greatest
//! are drawn.

mod heat;
mod histogram;
mod line;
mod scale;
#[cfg(test)]
mod tests;

pub use heat::heat;
pub use histogram::histogram;
pub use line::{Points, line};
pub use scale::Quantity;

use scale::Scale;

use crate::clean::Charset;

/// What a cell's character is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// What is plotted.
    Data,
    /// Axes and their marks.
    Axis,
    /// Numbers and names at the axes.
    Label,
}

/// The signs that a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// Eight dots in a cell.
    Braille,
    /// Four blocks in a cell, for fonts without braille.
    Blocks,
    /// One or two marks in a cell.
    Ascii,
}

impl Signs {
    /// The finest that a character set has.
    pub fn of(charset: Charset) -> Signs {
        match charset {
            Charset::Unicode => Signs::Braille,
            Charset::Ascii => Signs::Ascii,
        }
    }

    fn is_ascii(self) -> bool {
        self == Signs::Ascii
    }

    /// Axis lines: vertical, horizontal, their corner, a mark on the vertical one, one on the horizontal one.
    fn axes(self) -> [char; 5] {
        if self.is_ascii() { ['|', '-', '+', '+', '+'] } else { ['│', '─', '└', '┤', '┬'] }
    }
}

/// Why there is no plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlot {
    /// No number that can be drawn.
    #[error("there is no finite number to plot")]
    Nothing,
    /// On a logarithmic axis.
    #[error("there is no number above 0 for a logarithmic axis")]
    NotPositive,
    /// The area.
    #[error("too little room for a plot")]
    NoRoom,
}

/// A grid of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    cells: Vec<(char, Ink)>,
}

impl Picture {
    fn new(width: usize, height: usize) -> Picture {
        Picture { width, cells: vec![(' ', Ink::Label); width * height] }
    }

    /// Its rows, each as runs of one meaning.
    pub fn rows(&self) -> impl Iterator<Item = Vec<(String, Ink)>> {
        self.cells.chunks(self.width.max(1)).map(|row| {
            row.chunk_by(|one, other| one.1 == other.1)
                .map(|run| (run.iter().map(|cell| cell.0).collect(), run[0].1))
                .collect()
        })
    }

    fn set(&mut self, x: usize, y: usize, sign: char, ink: Ink) {
        if x < self.width
            && let Some(cell) = self.cells.get_mut(y * self.width + x)
        {
            *cell = (sign, ink);
        }
    }

    fn write(&mut self, x: usize, y: usize, text: &str) {
        for (offset, sign) in text.chars().enumerate() {
            self.set(x + offset, y, sign, Ink::Label);
        }
    }
}

/// The part of a picture within its axes, and what stands at them.
struct Frame {
    picture: Picture,
    /// The first column and row within the axes, and how many there are.
    left: usize,
    top: usize,
    columns: usize,
    rows: usize,
}

/// One axis: what it counts, and its scale.
struct Axis<'a> {
    quantity: &'a Quantity,
    scale: Scale,
    /// It counts from the top.
    downward: bool,
}

impl<'a> Axis<'a> {
    fn new(quantity: &'a Quantity, scale: Scale) -> Axis<'a> {
        Axis { quantity, scale, downward: false }
    }
}

/// Rows for the vertical axis's title, the horizontal one's line, its numbers and its title.
const ROWS_AROUND: usize = 4;
const LEAST: (usize, usize) = (20, 7);

impl Frame {
    /// Axes around an empty plot.
    fn new(size: (usize, usize), x: &Axis, y: &Axis, signs: Signs) -> Result<Frame, NoPlot> {
        let (width, height) = size;
        if width < LEAST.0 || height < LEAST.1 {
            return Err(NoPlot::NoRoom);
        }
        let rows = height - ROWS_AROUND;
        let (y_ticks, y_title) = y.scale.ticks(y.quantity, rows.div_ceil(3).max(2), signs.is_ascii());
        let margin = y_ticks.iter().map(|tick| tick.label.chars().count()).max().unwrap_or(0).min(width / 3);
        let left = margin + 1;
        let columns = width - left;
        let mut picture = Picture::new(width, height);
        let [vertical, horizontal, corner, y_mark, x_mark] = signs.axes();
        picture.write(0, 0, &y_title);
        for row in 0..rows {
            picture.set(margin, row + 1, vertical, Ink::Axis);
        }
        for tick in y_ticks {
            let row = 1 + if y.downward { across(tick.share, rows) } else { down(tick.share, rows) };
            picture.write(margin.saturating_sub(tick.label.chars().count()), row, &tick.label);
            picture.set(margin, row, y_mark, Ink::Axis);
        }
        picture.set(margin, rows + 1, corner, Ink::Axis);
        for column in 0..columns {
            picture.set(left + column, rows + 1, horizontal, Ink::Axis);
        }
        let (x_ticks, x_title) = x.scale.ticks(x.quantity, (columns / 12).max(2), signs.is_ascii());
        let mut free = 0;
        for tick in x_ticks {
            let at = left + across(tick.share, columns);
            let length = tick.label.chars().count();
            let start = (at.saturating_sub(length / 2)).min(width.saturating_sub(length));
            if start < free {
                continue;
            }
            picture.set(at, rows + 1, x_mark, Ink::Axis);
            picture.write(start, rows + 2, &tick.label);
            free = start + length + 1;
        }
        let start = width.saturating_sub(x_title.chars().count());
        picture.write(start, rows + 3, &x_title);
        Ok(Frame { picture, left, top: 1, columns, rows })
    }

    fn set(&mut self, x: usize, y: usize, sign: char) {
        if x < self.columns && y < self.rows {
            self.picture.set(self.left + x, self.top + y, sign, Ink::Data);
        }
    }
}

/// The row of so many, from the top, for a share from the bottom.
fn down(share: f64, rows: usize) -> usize {
    across(1.0 - share, rows)
}

/// The column of so many for a share.
fn across(share: f64, columns: usize) -> usize {
    // Shares are from 0 to 1, columns few: the product is a small number that is not negative.
    ((share * columns as f64) as usize).min(columns.saturating_sub(1))
}
