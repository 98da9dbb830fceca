//! A buffer as SVG: text that can be selected and searched, in the colours of the theme.

use std::fmt::Write;

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style},
};

use super::symbol;

/// What the dark theme is made for, as its file says.
pub(super) const BACKGROUND: &str = "#16181d";
/// The same.
pub(super) const FOREGROUND: &str = "#d8dee9";

/// A column's width and a row's height, in pixels. `textLength` makes every run exactly as wide as its columns,
/// whatever font there is.
const COLUMN: f32 = 8.4;
const ROW: f32 = 18.0;
const MARGIN: f32 = 14.0;

/// The picture.
pub(super) fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (f32::from(buffer.area.width), f32::from(buffer.area.height));
    let (width, height) = (columns * COLUMN + 2.0 * MARGIN, rows * ROW + 2.0 * MARGIN);
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(
        out,
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1} {height:.1}" "#,
            r#"width="{width:.1}" height="{height:.1}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, "#,
            r#"Consolas, monospace" font-size="14" xml:space="preserve">"#
        ),
        width = width,
        height = height,
    );
    let _ = writeln!(out, r#"<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>"#);
    for y in buffer.area.top()..buffer.area.bottom() {
        for run in runs(buffer, y) {
            write_run(&mut out, &run, y);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Neighbours in one row that look the same.
struct Run {
    x: u16,
    columns: u16,
    text: String,
    style: Style,
}

fn runs(buffer: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut x = buffer.area.left();
    while x < buffer.area.right() {
        let (text, columns) = symbol(buffer, x, y);
        let style = buffer.cell((x, y)).map_or(Style::new(), ratatui::buffer::Cell::style);
        match runs.last_mut().filter(|run| run.style == style) {
            Some(run) => {
                run.text.push_str(text);
                run.columns += columns;
            }
            None => runs.push(Run { x, columns, text: text.to_owned(), style }),
        }
        x += columns;
    }
    runs
}

fn write_run(out: &mut String, run: &Run, y: u16) {
    let (left, top) = (MARGIN + f32::from(run.x) * COLUMN, MARGIN + f32::from(y) * ROW);
    let modifiers = run.style.add_modifier;
    let mut colours =
        (run.style.fg.and_then(hex).unwrap_or_else(|| FOREGROUND.to_owned()), run.style.bg.and_then(hex));
    if modifiers.contains(Modifier::REVERSED) {
        colours = (colours.1.unwrap_or_else(|| BACKGROUND.to_owned()), Some(colours.0));
    }
    let (ink, ground) = colours;
    if let Some(ground) = ground {
        let width = f32::from(run.columns) * COLUMN;
        let _ = writeln!(
            out,
            r#"<rect x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{ROW}" fill="{ground}"/>"#
        );
    }
    // Blanks around a text are room, nothing to draw.
    let trimmed = run.text.trim_start_matches(' ');
    let before = run.text.len() - trimmed.len();
    let trimmed = trimmed.trim_end_matches(' ');
    if trimmed.is_empty() {
        return;
    }
    let after = run.text.len() - before - trimmed.len();
    let left = left + before as f32 * COLUMN;
    let length = (f32::from(run.columns) - (before + after) as f32) * COLUMN;
    let mut style = String::new();
    for (modifier, attribute) in [
        (Modifier::BOLD, r#" font-weight="bold""#),
        (Modifier::ITALIC, r#" font-style="italic""#),
        (Modifier::UNDERLINED, r#" text-decoration="underline""#),
        (Modifier::DIM, r#" opacity="0.7""#),
    ] {
        if modifiers.contains(modifier) {
            style.push_str(attribute);
        }
    }
    let base = top + ROW - 5.0;
    let _ = writeln!(
        out,
        r#"<text x="{left:.1}" y="{base:.1}" textLength="{length:.1}" lengthAdjust="spacingAndGlyphs" fill="{ink}"{style}>{}</text>"#,
        escape(trimmed),
    );
}

/// The themes that pictures are made with give 24 bits; the terminal's own colours are its own affair.
fn hex(colour: Color) -> Option<String> {
    match colour {
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        _ => None,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
