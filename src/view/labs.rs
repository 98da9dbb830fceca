//! The strip of labs below the header: which one is seen, and of the others what a person has to know.
//!
//! A lab with nothing to tell is its name alone. Where not all fits, words give way to signs, then counts, then letters of
//! names, and last the labs that are far from the one in front.

use chrono::{DateTime, Utc};

use super::{Look, Piece, Row, spaces, word, words};
use crate::{
    app::{
        App,
        action::Action,
        labs::{Labs, Reach, Standing},
    },
    theme::Role,
};

/// How much is said of each lab, from all to the least.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Detail {
    Words,
    Signs,
    Trouble,
    Short,
}

/// Letters of a name where the room is short.
const SHORT: usize = 6;

/// The strip in that width, with the key to the next lab where there is room.
pub(super) fn strip(app: &App, labs: &Labs, width: u16, look: Look) -> Row {
    let width = usize::from(width);
    let wide = |pieces: &[Piece]| pieces.iter().map(|p| p.text.width()).sum::<usize>();
    let all =
        |detail| -> Vec<Piece> { (0..labs.all.len()).flat_map(|at| one(labs, at, detail, look)).collect() };
    let key = app.key(Action::NextLab);
    let key = key.map_or_else(Vec::new, |key| vec![spaces(1), look.piece(&key, Role::Key), spaces(1)]);
    let what = vec![word(Action::NextLab.entry().short, Role::Dim), spaces(1)];
    let details = [Detail::Words, Detail::Signs, Detail::Trouble, Detail::Short];
    let room = width.saturating_sub(wide(&key));
    let fits = details.iter().map(|detail| all(*detail)).find(|pieces| wide(pieces) < room);
    let mut row = Row::of(fits.unwrap_or_else(|| around(labs, room, look)));
    let used = wide(&row.left);
    // The key stands there at every width that has room for it beside the lab that is seen; what it does, where all fits.
    let key = match used + wide(&key) {
        with if key.is_empty() || with >= width => Vec::new(),
        with if with + wide(&what) + 4 <= width => [key, what].concat(),
        _ => key,
    };
    let rest = width - used.min(width) - wide(&key);
    let gap = usize::from(labs.here + 1 == labs.all.len()).min(rest);
    row.left.push(spaces(gap));
    row.left.push(look.piece(&look.glyphs.rule.repeat(rest - gap), Role::Rule));
    row.left.extend(key);
    row
}

/// One lab, with the space before it. Its name stands in the same place whether it is in front or not.
fn one(labs: &Labs, at: usize, detail: Detail, look: Look) -> Vec<Piece> {
    let Standing { name, reach, running, failed, asks } = &labs.all[at];
    let mut name = look.name(name, Role::Text);
    if detail == Detail::Short {
        name.text = name.text.truncate(SHORT, look.charset());
    }
    if at == labs.here {
        // The header says the rest of it. The brackets are for terminals without colours.
        name.role = Role::Focus;
        return vec![spaces(1), word("[", Role::Focus), name, word("]", Role::Focus)];
    }
    let mut pieces = vec![spaces(2), name];
    let mut say = |text: String, role: Role| pieces.extend([spaces(1), look.piece(&text, role)]);
    if let Some((text, role)) = trouble(*reach) {
        say(if detail == Detail::Words { text } else { "!".to_owned() }, role);
    }
    if *failed > 0 {
        say(format!("{}{failed}", look.glyphs.failed), Role::Failed);
    }
    if *running > 0 && detail <= Detail::Signs {
        say(format!("{}{running}", look.glyphs.running), Role::Running);
    }
    if *asks {
        say(if detail == Detail::Words { "asks" } else { "?" }.to_owned(), Role::Warning);
    }
    pieces.push(spaces(1));
    pieces
}

/// What is wrong with a lab's connections.
fn trouble(reach: Reach) -> Option<(String, Role)> {
    let at = |at: DateTime<Utc>| words::clock(at);
    match reach {
        Reach::Live => None,
        Reach::Connecting => Some(("connecting".to_owned(), Role::Connecting)),
        Reach::Unreached => Some(("not reached".to_owned(), Role::Lost)),
        Reach::Mute(since) => Some((format!("cannot send since {}", at(since)), Role::Warning)),
        Reach::Lost(since) => Some((format!("lost since {}", at(since)), Role::Lost)),
    }
}

/// Those around the one in front that fit, and how many more there are on each side.
fn around(labs: &Labs, width: usize, look: Look) -> Vec<Piece> {
    let wide = |pieces: &[Piece]| pieces.iter().map(|p| p.text.width()).sum::<usize>();
    // Those out of sight are counted, with a mark where one of them has something to tell.
    let hidden = |labs: &[Standing]| {
        let tells = |lab: &Standing| trouble(lab.reach).is_some() || lab.failed > 0 || lab.asks;
        match labs.iter().any(tells) {
            true => (format!("{}!", labs.len()), Role::Warning),
            false => (labs.len().to_string(), Role::Dim),
        }
    };
    let shown = |first: usize, last: usize| {
        let mut pieces = Vec::new();
        if first > 0 {
            let (text, role) = hidden(&labs.all[..first]);
            pieces.push(look.piece(&format!(" {}{text}", look.glyphs.left), role));
        }
        pieces.extend((first..=last).flat_map(|at| one(labs, at, Detail::Short, look)));
        if last + 1 < labs.all.len() {
            let (text, role) = hidden(&labs.all[last + 1..]);
            pieces.push(look.piece(&format!(" {text}{}", look.glyphs.right), role));
        }
        pieces
    };
    let (mut first, mut last) = (labs.here, labs.here);
    loop {
        let wider = [(first, last + 1), (first.wrapping_sub(1), last)];
        let next = wider.into_iter().find(|(first, last)| {
            *first <= labs.here && *last < labs.all.len() && wide(&shown(*first, *last)) < width
        });
        match next {
            Some(next) => (first, last) = next,
            None => return shown(first, last),
        }
    }
}
