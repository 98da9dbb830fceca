//! What tells that a recording is played, and where it stands; and that one is written.

use super::{Look, Piece, Row, spaces, word};
use crate::{
    app::{
        App,
        action::{Action, Context},
        document::bytes,
        replay::{Recording, is_deed, stretch, times},
    },
    clean::Charset,
    theme::Role,
    time::Now,
};

/// The keys of a recording in the footer, in the order in which they give way.
const KEYS: [Action; 6] = [
    Action::ReplayPause,
    Action::ReplayStep,
    Action::ReplayBack,
    Action::ReplayForward,
    Action::ReplayGoTo,
    Action::ReplayFaster,
];

/// The footer of a screen over a recording: how to leave, the recording's keys, and of the screen's own those that mean
/// something here.
pub(super) fn footer(app: &App, own: &[Action]) -> Vec<Action> {
    let keymap = &app.settings.keymap;
    let taken = |action: &Action| {
        let first = keymap.keys(app.context(), *action).first();
        first.is_some_and(|keys| keymap.is_taken(Context::Replay, keys))
    };
    let own = own.iter().copied().filter(|action| !is_deed(*action) && !taken(action));
    let first: &[Action] = if app.context() == Context::Lanes { &[] } else { &[Action::Back, Action::Keys] };
    let mut keys = first.to_vec();
    keys.extend(KEYS);
    if first.is_empty() {
        keys.extend([Action::Open, Action::Keys, Action::Leave]);
    }
    keys.extend(own);
    keys
}

/// The least room for a bar.
const BAR: usize = 10;

/// The line below the header: where the recording stands, else a rule.
pub(super) fn line(app: &App, width: u16, look: Look, now: Now) -> Row {
    let Some(replay) = &app.ui.replay else { return Row::rule(width, look) };
    let at = now.mono.min(replay.length);
    let state = match replay.seeking {
        Some(to) => format!("going to {}", stretch(to)),
        None if replay.is_over() && replay.ended => "the end".to_owned(),
        None if replay.is_over() => "cut off here".to_owned(),
        None if replay.paused => "paused".to_owned(),
        None => "plays".to_owned(),
    };
    let speed = times(replay.speed);
    let place = format!("{} of {}", stretch(at), stretch(replay.length));
    let clock = now.utc.with_timezone(&chrono::Local).format("%H:%M:%S").to_string();
    let mut row = Row::of(vec![
        spaces(1),
        look.piece(&place, Role::Notice),
        spaces(2),
        look.piece(&state, if replay.paused { Role::Warning } else { Role::Text }),
        spaces(1),
        look.piece(&speed, Role::Dim),
    ]);
    row.right = vec![look.piece(&clock, Role::Text), spaces(1)];
    let width = usize::from(width);
    let used =
        |row: &Row| -> usize { row.left.iter().chain(&row.right).map(|piece| piece.text.width()).sum() };
    let count = format!("{}/{}  ", replay.seen, replay.entries);
    if used(&row) + count.len() + 2 <= width {
        row.right.insert(0, look.piece(&count, Role::Dim));
    }
    let room = width.saturating_sub(used(&row) + 4).min(60);
    if room >= BAR {
        let share = if replay.length.is_zero() { 1.0 } else { at.div_duration_f64(replay.length) };
        let full = ((room as f64) * share).floor() as usize;
        let (done, rest) = match look.charset() {
            Charset::Unicode => ("━", "─"),
            Charset::Ascii => ("=", "-"),
        };
        row.left.push(spaces(2));
        row.left.push(look.piece(&done.repeat(full.min(room)), Role::Notice));
        row.left.push(look.piece(&rest.repeat(room - full.min(room)), Role::Rule));
    }
    if used(&row) > width {
        row.right = vec![word("", Role::Text)];
    }
    row
}

/// The sign in the header that a recording is written, or is no more.
pub(super) fn recording(recording: Recording, narrow: bool, look: Look) -> Piece {
    match recording {
        Recording::Stopped => word("rec stopped", Role::Warning),
        Recording::Goes(_) if narrow => word("rec", Role::Notice),
        Recording::Goes(size) => {
            let size = bytes(usize::try_from(size).unwrap_or(usize::MAX));
            look.piece(&format!("rec {size}"), Role::Notice)
        }
    }
}
