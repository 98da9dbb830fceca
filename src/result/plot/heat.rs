//! Rows of numbers as a map of shades.

use super::{Axis, Frame, NoPlot, Picture, Quantity, Scale, Signs};

const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];
const ASCII_SHADES: [char; 9] = ['.', ':', '-', '=', '+', '*', '#', '%', '@'];

/// The first row on top. Where a cell stands for several numbers it shows their mean; where it has none it is blank.
/// `log`: shades in powers of ten.
///
/// # Errors
/// There is nothing to draw, or no room.
pub fn heat(
    values: &[f64],
    columns: usize,
    quantity: &Quantity,
    log: bool,
    size: (usize, usize),
    signs: Signs,
) -> Result<Picture, NoPlot> {
    let rows = values.len() / columns.max(1);
    let scale = Scale::of(values.iter().copied(), log)?;
    let shades: &[char] = if signs.is_ascii() { &ASCII_SHADES } else { &SHADES };
    let (column_name, row_name) = (Quantity::of("column"), Quantity::of("row"));
    let x_axis = Axis::new(&column_name, Scale::between(0.0, columns as f64, false));
    let y_scale = Scale::between(0.0, rows as f64, false);
    let y_axis = Axis { downward: true, ..Axis::new(&row_name, y_scale) };
    let mut frame = Frame::new(size, &x_axis, &y_axis, signs)?;
    for y in 0..frame.rows {
        for x in 0..frame.columns {
            let (from, to) = part(y, frame.rows, rows);
            let (left, right) = part(x, frame.columns, columns);
            let cells = (from..to).flat_map(|row| &values[row * columns + left..row * columns + right]);
            let (sum, count) = cells
                .filter_map(|value| scale.share(*value))
                .fold((0.0, 0_usize), |(sum, count), share| (sum + share, count + 1));
            if count > 0 {
                let shade = super::across(sum / count as f64, shades.len());
                frame.set(x, y, shades[shade]);
            }
        }
    }
    let (low, high) = scale.ends();
    let shades: String = shades.iter().collect();
    let legend = format!("{} {} {shades} {}", quantity.key, short(low), short(high));
    frame.picture.write(size.0.saturating_sub(legend.chars().count()), 0, &legend);
    Ok(frame.picture)
}

/// Which of `count` things belong to cell `at` of `cells`: at least one.
fn part(at: usize, cells: usize, count: usize) -> (usize, usize) {
    let from = at * count / cells;
    let to = ((at + 1) * count / cells).max(from + 1).min(count);
    (from.min(count), to)
}

/// A number in few characters.
fn short(value: f64) -> String {
    let plain = value == 0.0 || (1e-3..1e5).contains(&value.abs());
    if plain { format!("{}", (value * 1e4).round() / 1e4) } else { format!("{value:.3e}") }
}
