//! How often numbers of each size occur.

use super::{Axis, Frame, NoPlot, Picture, Quantity, Scale, Signs, scale::round_step};

/// Bars of a cell's height in eighths.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Bars over ranges with round ends. `log`: the bars' heights in powers of ten.
///
/// # Errors
/// There is nothing to draw, or no room.
pub fn histogram(
    values: &[f64],
    quantity: &Quantity,
    log: bool,
    size: (usize, usize),
    signs: Signs,
) -> Result<Picture, NoPlot> {
    let (low, high) = Scale::of(values.iter().copied(), false)?.ends();
    let finite = values.iter().filter(|value| value.is_finite());
    // The square root of the count is the usual number of bars; a bar has at least two columns.
    let most = (size.0 / 3).max(5);
    let wanted = (finite.clone().count() as f64).sqrt().ceil().clamp(5.0, most as f64);
    let step = round_step(high / wanted - low / wanted);
    let first = (low / step).floor();
    let bins = (((high / step).floor() - first) as usize + 1).clamp(1, most * 2);
    let mut counts = vec![0_usize; bins];
    for value in finite {
        let bin = ((value / step).floor() - first).max(0.0) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1) as f64;
    let count = Quantity::of("count");
    // In powers of ten, one is above the ground.
    let y_scale =
        if log { Scale::between(0.5, most.max(1.0), true) } else { Scale::between(0.0, most, false) };
    let x_scale = Scale::between(first * step, (first + bins as f64) * step, false);
    let x_axis = Axis::new(quantity, x_scale);
    let y_axis = Axis::new(&count, y_scale);
    let mut frame = Frame::new(size, &x_axis, &y_axis, signs)?;
    let (columns, rows) = (frame.columns, frame.rows);
    for column in 0..columns {
        let bin = column * bins / columns;
        let Some(share) = counts.get(bin).filter(|count| **count > 0).and_then(|n| y_scale.share(*n as f64))
        else {
            continue;
        };
        // What is there is seen, however little it is.
        let eighths = ((share * rows as f64 * 8.0).round() as usize).max(1);
        for row in 0..rows {
            let filled = eighths.saturating_sub((rows - 1 - row) * 8).min(8);
            let sign = match filled {
                0 => continue,
                _ if !signs.is_ascii() => EIGHTHS[filled],
                1..4 => '.',
                _ => '#',
            };
            frame.set(column, row, sign);
        }
    }
    Ok(frame.picture)
}
