//! `juicetop picture`: the pictures of the documentation, drawn by the program itself.
//!
//! What is on them goes the same way as everything else: events and replies through `update`, keys through the
//! keymap, `view::screen` through the painter into a buffer. Only the lab is made up (see `evening`), and its clock
//! stands still. It refuses to touch a terminal or a socket.

mod evening;
mod svg;
#[cfg(test)]
mod tests;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

use self::evening::Evening;
use super::{End, OK, args::PictureArgs, out::Out};
use crate::{
    clean::Charset,
    theme::{Glyphs, Theme, Themes},
    view::{self, Look},
    widgets::Painted,
};

/// Screens with more columns or rows than this are not drawn.
const MOST: u16 = 500;

/// Prints the picture. Times of day are local: `TZ=UTC` gives the ones of the documentation.
///
/// # Errors
/// A size or a view that there is not.
pub(super) fn run(args: &PictureArgs, out: &Out) -> Result<u8, End> {
    let buffer = draw(size(&args.size)?, &args.view)?;
    let picture = if args.svg { svg::svg(&buffer) } else { text(&buffer) };
    out.bytes(picture.as_bytes())?;
    Ok(OK)
}

/// `80x24`: columns and rows.
fn size(text: &str) -> Result<(u16, u16), End> {
    let parsed = text.split_once('x').and_then(|(c, r)| Some((c.parse().ok()?, r.parse().ok()?)));
    match parsed {
        Some((columns @ 1..=MOST, rows @ 1..=MOST)) => Ok((columns, rows)),
        _ => {
            Err(End::misuse(format!("--size is COLUMNSxROWS, such as 80x24, of at most {MOST} each: {text}")))
        }
    }
}

fn theme() -> Theme {
    Themes::new(Vec::new()).load("dark").0
}

/// The screens: the task that is selected, and the keys that lead there from the lanes.
const VIEWS: [(&str, &str, &[&str]); 9] = [
    ("lanes", evening::RUNS, &[]),
    ("task", evening::FAILED, &["enter"]),
    ("compose", evening::RUNS, &["s", "MeasureT1", "enter"]),
    ("compose-wrong", evening::RUNS, &["s", "MeasureT1", "enter", "down", "0"]),
    ("compose-choice", evening::RUNS, &["s", "MeasureT1", "enter", "down", "down", "down", "enter"]),
    ("compose-many", evening::RUNS, &["s", "MeasureT1", "enter", "down", "alt-s", "500:2000:4"]),
    ("compose-when", evening::RUNS, &["s", "MeasureT1", "enter", "f6", "tomorrow 6:00"]),
    ("compose-question", evening::MOVED, &["r", "ctrl-s"]),
    ("schedule", evening::RUNS, &["t"]),
];

/// One of the screens in that size.
fn draw(size: (u16, u16), view: &str) -> Result<Buffer, End> {
    let Some((_, selected, keys)) = VIEWS.iter().find(|(name, ..)| *name == view) else {
        let names: Vec<&str> = VIEWS.iter().map(|(name, ..)| *name).collect();
        return Err(End::misuse(format!("--view is one of {}: {view}", names.join(", "))));
    };
    let mut evening = Evening::new(size);
    evening.select(selected);
    evening.ends_with(keys);
    let look = Look { glyphs: Glyphs::of(Charset::Unicode) };
    let screen = view::screen(&evening.app, look, evening.now());
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    Painted { screen: &screen, theme: &theme(), charset: Charset::Unicode }.render(area, &mut buffer);
    Ok(buffer)
}

/// The rows without the blanks at their ends.
fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut row = String::new();
        let mut x = buffer.area.left();
        while x < buffer.area.right() {
            let (symbol, columns) = symbol(buffer, x, y);
            row.push_str(symbol);
            x += columns;
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// What stands in a cell, and how many columns it takes.
fn symbol(buffer: &Buffer, x: u16, y: u16) -> (&str, u16) {
    let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
    (symbol, ratatui::buffer::CellWidth::cell_width(symbol).max(1))
}

/// A key without modifiers.
fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, crossterm::event::KeyModifiers::NONE)
}
