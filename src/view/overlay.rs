//! The list of keys, and questions.

use ratatui::layout::{Position, Rect};

use crate::{
    app::{
        confirm::Confirm,
        help::{Help, HelpLine},
        keymap::Keymap,
        layout::Window,
    },
    clean::Clean,
    theme::Role,
};

use super::{Look, Piece, Row, spaces, word};

/// Columns for an action's keys.
const KEYS: usize = 18;

/// The list of keys.
///
/// `mouse`: it is taken, so that the terminal's own selecting needs another key.
pub(super) fn help(
    help: &Help,
    keymap: &Keymap,
    mouse: bool,
    area: Rect,
    look: Look,
) -> (Vec<Row>, Position) {
    let title = word(" Keys  ", Role::Title);
    let before: String = help.query.text().chars().take(help.query.cursor()).collect();
    let x = title.text.width() + Clean::line(&before, look.glyphs.charset).width();
    let query = if help.query.text().is_empty() {
        word("type to search: a word, or a key such as ctrl-s", Role::Placeholder)
    } else {
        look.piece(help.query.text(), Role::Input)
    };
    let mut head = Row::of(vec![title, query]);
    if mouse && area.width >= 60 {
        head.right = vec![word("Shift selects text ", Role::Dim)];
    }
    let mut rows = vec![head, Row::rule(area.width, look)];
    let height = usize::from(area.height).saturating_sub(2);
    let columns = usize::from(area.width);
    // The sentences stand beside the keys where there is room, else below them; none is cut.
    let beside = columns >= 60;
    let indent = if beside { KEYS + 4 } else { 6 };
    for line in help.lines(keymap).iter().skip(help.top) {
        if rows.len() >= height + 2 {
            break;
        }
        match line {
            HelpLine::Title(place) => {
                rows.push(Row::of(vec![
                    spaces(1),
                    look.piece(&format!("in {}", place.title()), Role::Service),
                ]));
            }
            HelpLine::Action(entry, keys) => {
                let keys = Piece { text: Clean::line(keys, look.glyphs.charset).pad(KEYS), role: Role::Key };
                let mut left = vec![spaces(3), keys, spaces(1)];
                let text = Clean::from_static(entry.sentence).wrap(columns.saturating_sub(indent + 1).max(8));
                for (n, text) in text.into_iter().enumerate() {
                    if n > 0 || !beside {
                        rows.push(Row::of(std::mem::replace(&mut left, vec![spaces(indent)])));
                    }
                    left.push(Piece { text, role: Role::Text });
                }
                rows.push(Row::of(left));
            }
            HelpLine::Nothing => rows.push(Row::of(vec![spaces(3), word("no key does that", Role::Dim)])),
        }
    }
    rows.truncate(height + 2);
    let x = (x as u16).min(area.width.saturating_sub(1));
    (rows, Position { x: area.x + x, y: area.y })
}

/// A question, at the bottom of the body.
pub(super) fn confirm(confirm: &Confirm, keymap: &Keymap, body: Rect, look: Look) -> (Rect, Vec<Row>) {
    let fit = confirm.fit(keymap, body, look.charset());
    let role = if confirm.sure { Role::Hardware } else { Role::Title };
    let mut rows = Vec::new();
    if fit.ruled {
        rows.push(Row::rule(body.width, look));
    }
    rows.extend(fit.title.into_iter().map(|text| Row::of(vec![spaces(1), Piece { text, role }])));
    let seen = fit.lines.into_iter().skip(fit.window.above).take(fit.window.shown);
    rows.extend(seen.map(|text| Row::of(vec![spaces(3), Piece { text, role: Role::Text }])));
    if fit.parted {
        rows.push(if fit.window.is_whole() { Row::default() } else { more(fit.window, body.width, look) });
    }
    let mut pieces = Vec::new();
    for (at, (key, name)) in confirm.answers(keymap).into_iter().enumerate() {
        match at {
            0 => pieces.extend([spaces(1), look.piece(&format!(" {key} {name} "), Role::Focus)]),
            _ => {
                pieces.extend([spaces(if fit.stacked { 2 } else { 3 }), look.piece(&key, Role::Key)]);
                pieces.push(look.piece(&format!(" {name}"), Role::Text));
            }
        }
        if fit.stacked {
            rows.push(Row::of(std::mem::take(&mut pieces)));
        }
    }
    if !fit.stacked {
        rows.push(Row::of(pieces));
    }
    let height = (rows.len() as u16).min(body.height);
    (Rect { y: body.y + body.height - height, height, ..body }, rows)
}

/// A rule that tells how many lines are out of sight, if any are.
pub(super) fn more(window: Window, width: u16, look: Look) -> Row {
    if window.is_whole() {
        return Row::rule(width, look);
    }
    let right = look.piece(&out_of_sight(window.above, window.below, look), Role::Dim);
    let taken = right.text.width() as u16;
    // One column stays free before what stands at the right.
    Row { right: vec![right], ..Row::rule(width.saturating_sub(taken + 1), look) }
}

/// ` ↑ 1 more ↓ 4 more `.
pub(super) fn out_of_sight(above: usize, below: usize, look: Look) -> String {
    let mut text = String::new();
    for (sign, n) in [(look.glyphs.up, above), (look.glyphs.down, below)] {
        if n > 0 {
            text.push_str(&format!(" {sign} {n} more"));
        }
    }
    text.push(' ');
    text
}
