//! The list of keys, and questions.

use ratatui::layout::{Position, Rect};

use crate::{
    app::{
        action::Action,
        confirm::Confirm,
        help::{Help, HelpLine},
        keymap::Keymap,
    },
    clean::Clean,
    theme::Role,
};

use super::{Look, Piece, Row, spaces, word};

/// Columns for an action's keys.
const KEYS: usize = 18;

/// The list of keys.
pub(super) fn help(help: &Help, keymap: &Keymap, area: Rect, look: Look) -> (Vec<Row>, Position) {
    let title = word(" Keys  ", Role::Title);
    let before: String = help.query.text().chars().take(help.query.cursor()).collect();
    let x = title.text.width() + Clean::line(&before, look.glyphs.charset).width();
    let query = if help.query.text().is_empty() {
        word("type to search: a word, or a key such as ctrl-s", Role::Placeholder)
    } else {
        look.piece(help.query.text(), Role::Input)
    };
    let mut rows = vec![Row::of(vec![title, query]), Row::rule(area.width, look)];
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
    let charset = look.glyphs.charset;
    let columns = usize::from(body.width).saturating_sub(4).max(1);
    let role = if confirm.hardware { Role::Hardware } else { Role::Title };
    let mut rows = vec![Row::rule(body.width, look)];
    for line in Clean::line(&confirm.title, charset).wrap(columns) {
        rows.push(Row::of(vec![spaces(1), Piece { text: line, role }]));
    }
    for line in &confirm.lines {
        for text in Clean::line(line, charset).wrap(columns) {
            rows.push(Row::of(vec![spaces(3), Piece { text, role: Role::Text }]));
        }
    }
    let yes = if confirm.hardware { Action::Sure } else { Action::Yes };
    let key = |action| keymap.first(action).unwrap_or_default();
    rows.push(Row::default());
    let answers = Row::of(vec![
        spaces(1),
        look.piece(&format!(" {} {} ", key(Action::No), confirm.no), Role::Focus),
        spaces(3),
        look.piece(&key(yes), Role::Key),
        look.piece(&format!(" {}", confirm.yes), Role::Text),
    ]);
    // The answers are always seen, whatever the question's length.
    let most = usize::from(body.height).saturating_sub(1);
    rows.truncate(most);
    rows.push(answers);
    let height = (rows.len() as u16).min(body.height);
    (Rect { y: body.y + body.height - height, height, ..body }, rows)
}
