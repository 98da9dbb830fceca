//! Lines through points, drawn in dots finer than a cell.

use super::{Axis, Frame, NoPlot, Picture, Quantity, Scale, Signs};

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    /// Where they stand; `None` counts them.
    pub x: Option<&'a [f64]>,
    /// How high they are.
    pub y: &'a [f64],
    /// What `x` is.
    pub x_quantity: &'a Quantity,
    /// What `y` is.
    pub y_quantity: &'a Quantity,
    /// `x` in powers of ten.
    pub x_log: bool,
    /// `y` in powers of ten.
    pub y_log: bool,
}

/// A line through the points, in their order. Where `x` goes to and fro, dots without a line.
///
/// # Errors
/// There is nothing to draw, or no room.
pub fn line(points: Points, size: (usize, usize), signs: Signs) -> Result<Picture, NoPlot> {
    let count = points.x.map_or(points.y.len(), |x| x.len().min(points.y.len()));
    let y = &points.y[..count];
    let x_scale = match points.x {
        Some(x) => Scale::of(x[..count].iter().copied(), points.x_log)?,
        // The first item is number 0; in powers of ten the axis begins with 1.
        None if points.x_log => Scale::of((1..count.max(2)).map(|number| number as f64), true)?,
        None => Scale::of([0.0, count.saturating_sub(1) as f64].into_iter(), false)?,
    };
    let y_scale = Scale::of(y.iter().copied(), points.y_log)?;
    let x_axis = Axis::new(points.x_quantity, x_scale);
    let y_axis = Axis::new(points.y_quantity, y_scale);
    let mut frame = Frame::new(size, &x_axis, &y_axis, signs)?;
    let mut dots = Dots::new(frame.columns, frame.rows, signs);
    let connected = points.x.is_none_or(|x| is_monotonic(&x[..count]));
    let mut pen = Pen::default();
    for (number, value) in y.iter().enumerate() {
        let at = points.x.map_or(number as f64, |x| x[number]);
        let here = x_scale.share(at).zip(y_scale.share(*value)).map(|(x, y)| dots.place(x, y));
        match here {
            Some(to) if connected => pen.draw(to, &mut dots),
            Some(to) => dots.line(to, to),
            None => pen.lift(&mut dots),
        }
    }
    pen.lift(&mut dots);
    for row in 0..frame.rows {
        for column in 0..frame.columns {
            if let Some(sign) = dots.sign(column, row) {
                frame.set(column, row, sign);
            }
        }
    }
    Ok(frame.picture)
}

fn is_monotonic(values: &[f64]) -> bool {
    values.is_sorted_by(|a, b| a <= b || b.is_nan() || a.is_nan())
        || values.is_sorted_by(|a, b| a >= b || b.is_nan() || a.is_nan())
}

/// Draws a line from point to point. Points in one column of dots become one stroke from the highest to the lowest, so
/// that a million points cost no more than looking at them.
#[derive(Default)]
struct Pen {
    column: Option<Stroke>,
}

#[derive(Clone, Copy)]
struct Stroke {
    x: usize,
    /// Rows: the highest, the lowest, and where the line goes on.
    top: usize,
    bottom: usize,
    last: usize,
}

impl Pen {
    fn draw(&mut self, (x, y): (usize, usize), dots: &mut Dots) {
        match &mut self.column {
            Some(stroke) if stroke.x == x => {
                *stroke = Stroke { x, top: stroke.top.min(y), bottom: stroke.bottom.max(y), last: y };
            }
            column => {
                let before = column.replace(Stroke { x, top: y, bottom: y, last: y });
                if let Some(stroke) = before {
                    stroke.draw(dots);
                    dots.line((stroke.x, stroke.last), (x, y));
                }
            }
        }
    }

    /// A gap, or the end.
    fn lift(&mut self, dots: &mut Dots) {
        if let Some(stroke) = self.column.take() {
            stroke.draw(dots);
        }
    }
}

impl Stroke {
    fn draw(&self, dots: &mut Dots) {
        dots.line((self.x, self.top), (self.x, self.bottom));
    }
}

/// A grid of dots, several to a cell.
struct Dots {
    signs: Signs,
    columns: usize,
    /// Dots of a cell, across and down.
    fine: (usize, usize),
    /// One bit a dot, row by row.
    cells: Vec<u8>,
    across: usize,
    down: usize,
}

impl Dots {
    fn new(columns: usize, rows: usize, signs: Signs) -> Dots {
        let fine = match signs {
            Signs::Braille => (2, 4),
            Signs::Blocks => (2, 2),
            Signs::Ascii => (1, 2),
        };
        let cells = vec![0; columns * rows];
        Dots { signs, columns, fine, cells, across: columns * fine.0, down: rows * fine.1 }
    }

    /// The dot at a share of the width and of the height.
    fn place(&self, x: f64, y: f64) -> (usize, usize) {
        (super::across(x, self.across), super::down(y, self.down))
    }

    fn set(&mut self, (x, y): (usize, usize)) {
        let cell = y / self.fine.1 * self.columns + x / self.fine.0;
        let bit = y % self.fine.1 * self.fine.0 + x % self.fine.0;
        if let Some(cell) = self.cells.get_mut(cell) {
            *cell |= 1 << bit;
        }
    }

    /// All dots from one to another, as Bresenham found them.
    fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let (mut x, mut y) = (from.0 as i64, from.1 as i64);
        let (end_x, end_y) = (to.0 as i64, to.1 as i64);
        let (width, height) = ((end_x - x).abs(), -(end_y - y).abs());
        let (step_x, step_y) = ((end_x - x).signum(), (end_y - y).signum());
        let mut error = width + height;
        loop {
            self.set((x as usize, y as usize));
            if (x, y) == (end_x, end_y) {
                return;
            }
            let twice = 2 * error;
            if twice >= height {
                error += height;
                x += step_x;
            }
            if twice <= width {
                error += width;
                y += step_y;
            }
        }
    }

    /// What a cell shows, if anything.
    fn sign(&self, column: usize, row: usize) -> Option<char> {
        /// Where braille has the dots that lie row by row here.
        const BRAILLE: [u32; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
        const BLOCKS: [char; 16] =
            [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];
        const ASCII: [char; 4] = [' ', '\'', '.', ':'];
        let bits = self.cells.get(row * self.columns + column).copied().filter(|bits| *bits != 0)?;
        match self.signs {
            Signs::Braille => {
                let dots = BRAILLE.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
                char::from_u32(dots.fold(0x2800, |sign, (_, dot)| sign | dot))
            }
            Signs::Blocks => BLOCKS.get(usize::from(bits)).copied(),
            Signs::Ascii => ASCII.get(usize::from(bits)).copied(),
        }
    }
}
