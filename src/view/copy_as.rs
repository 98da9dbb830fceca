//! The list of what a task can be copied as, with what the text begins with.

use ratatui::layout::Rect;

use crate::{
    app::{
        action::{Action, Context},
        copy_as::CopyAs,
        keymap::Keymap,
    },
    clean::Clean,
    theme::Role,
    time::Now,
};

use super::{Look, Piece, Row, spaces, word};

/// Lines of the text that are shown.
const LINES: usize = 12;
/// Characters of the text that are looked at for showing.
const LOOKED_AT: usize = 4000;

/// The list, at the bottom of the body.
pub(super) fn copy_as(copy: &CopyAs, keymap: &Keymap, body: Rect, look: Look, now: Now) -> (Rect, Vec<Row>) {
    let charset = look.glyphs.charset;
    let columns = usize::from(body.width).saturating_sub(4).max(1);
    let mut rows = vec![Row::rule(body.width, look), Row::of(vec![word(" Copy as", Role::Title)])];
    for (n, kind) in copy.kinds().into_iter().enumerate() {
        let mut row = Row::of(vec![spaces(3), look.piece(kind.title(), Role::Text)]);
        row.selected = n == copy.selected;
        rows.push(row.listed(n));
    }
    let mut below: Vec<Row> = Vec::new();
    for note in copy.notes() {
        for text in Clean::line(note, charset).wrap(columns) {
            below.push(Row::of(vec![spaces(3), Piece { text, role: Role::Dim }]));
        }
    }
    let key = |action| keymap.first(Context::Choose, action).unwrap_or_default();
    let mut keys = vec![(key(Action::Accept), " copies   "), (key(Action::SaveCopy), " saves to a file   ")];
    if copy.has_secrets() {
        let what = if copy.clear { " masks the secrets" } else { " with the secrets" };
        keys.push((key(Action::ShowSecrets), what));
    }
    // Each key with its word stands whole, in a further row where there is no room.
    let mut used = usize::MAX;
    for (key, what) in keys {
        let pieces = vec![look.piece(&key, Role::Key), word(what, Role::Text)];
        let width = pieces.iter().map(|piece| piece.text.width()).sum::<usize>();
        match below.last_mut().filter(|_| used.saturating_add(width) <= columns + 3) {
            Some(row) => row.left.extend(pieces),
            None => {
                used = 1;
                below.push(Row::of([vec![spaces(1)], pieces].concat()));
            }
        }
        used += width;
    }
    // The text gets what is left of the place.
    let room = usize::from(body.height).saturating_sub(rows.len() + below.len() + 1).min(LINES);
    let (text, role) = match copy.text(now.utc) {
        Ok(text) => (text.chars().take(LOOKED_AT).collect::<String>(), Role::Input),
        Err(why) => (format!("There is none: {why}."), Role::Error),
    };
    let lines: Vec<Clean> =
        text.trim_end().lines().flat_map(|line| Clean::line(line, charset).wrap(columns)).collect();
    let more = lines.len() > room;
    if room > 0 {
        rows.push(Row::rule(body.width, look));
    }
    for text in lines.into_iter().take(room.saturating_sub(usize::from(more))) {
        rows.push(Row::of(vec![spaces(3), Piece { text, role }]));
    }
    if more && room > 0 {
        rows.push(Row::of(vec![spaces(3), look.piece(look.glyphs.ellipsis, Role::Dim)]));
    }
    rows.extend(below);
    rows.truncate(usize::from(body.height));
    let height = rows.len() as u16;
    (Rect { y: body.y + body.height - height, height, ..body }, rows)
}
