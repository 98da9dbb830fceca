//! What is asked of the past, and the lines that answer it. For a hundred thousand lines that takes long enough to be done
//! beside the screen's loop, and to be given up when somebody types on.

use std::{borrow::Cow, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::Past;
use crate::store::filter::Filter;

/// A line: its number in the history, and what it tells.
pub type Line = (i64, Arc<Past>);

/// Lines between two looks whether the answer is still wanted.
const SLICE: usize = 256;

/// What a table of the past can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Column {
    /// When it began.
    #[default]
    When,
    /// How it ended.
    Outcome,
    /// The service.
    Service,
    /// The name.
    Name,
    /// How long it ran.
    Took,
    /// The exception.
    Error,
    /// The type on the wire.
    Type,
    /// The lane.
    Lane,
    /// The id.
    Id,
    /// When it ended.
    Ended,
}

impl Column {
    /// All, in their order.
    pub const ALL: [Column; 10] = [
        Column::When,
        Column::Outcome,
        Column::Service,
        Column::Name,
        Column::Took,
        Column::Error,
        Column::Type,
        Column::Lane,
        Column::Id,
        Column::Ended,
    ];

    /// Those of a table for which nobody has chosen any.
    pub const DEFAULT: [Column; 6] =
        [Column::When, Column::Outcome, Column::Service, Column::Name, Column::Error, Column::Took];

    /// The column with that title.
    pub fn of(title: &str) -> Option<Column> {
        Column::ALL.into_iter().find(|column| column.title() == title)
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Column::When => "when",
            Column::Outcome => "outcome",
            Column::Service => "service",
            Column::Name => "name",
            Column::Took => "took",
            Column::Error => "error",
            Column::Type => "type",
            Column::Lane => "lane",
            Column::Id => "id",
            Column::Ended => "ended",
        }
    }

    fn key(self, past: &Past) -> Key<'_> {
        match self {
            Column::When => Key::Moment(Some(past.at())),
            Column::Outcome => Key::Text(word(past)),
            Column::Service => Key::Text(&past.service),
            Column::Name => Key::Text(&past.name),
            Column::Took => Key::Length(past.took.map(|(took, _)| took)),
            Column::Error => Key::Texts(past.ename.as_deref(), past.evalue.as_deref()),
            Column::Type => Key::Text(&past.task_type),
            Column::Lane => Key::Text(past.lane.word()),
            Column::Id => Key::Text(&past.key.0),
            Column::Ended => Key::Moment(past.ended.map(|ended| ended.at)),
        }
    }

    /// Whether a line has nothing there: such lines stand last in either order.
    fn is_empty(self, past: &Past) -> bool {
        match self {
            Column::Took => past.took.is_none(),
            Column::Ended => past.ended.is_none(),
            Column::Error => past.ename.is_none() && past.evalue.is_none(),
            _ => false,
        }
    }
}

fn word(past: &Past) -> &'static str {
    past.outcome.map_or(past.state.word(), crate::store::Outcome::word)
}

/// A question.
#[derive(Clone, Debug)]
pub struct Query {
    /// Later questions have higher numbers.
    pub id: u64,
    /// Which lines.
    pub filter: Filter,
    /// Hidden ones too.
    pub hidden: bool,
    /// In which order.
    pub sort: Column,
    /// From the largest down.
    pub down: bool,
}

impl PartialEq for Query {
    fn eq(&self, other: &Query) -> bool {
        self.id == other.id
    }
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Of which question.
    pub id: u64,
    /// The lines that pass, in their order.
    pub lines: Vec<Line>,
    /// Lines that there are.
    pub total: usize,
    /// Tasks that were let go to stay within the limits, and of when the newest of them was.
    pub gone: u64,
    /// See `gone`.
    pub until: Option<DateTime<Utc>>,
}

/// An order of lines. To sort takes longer than to filter, so it is kept while somebody types a filter.
#[derive(Debug)]
pub struct Order {
    sort: Column,
    down: bool,
    places: Vec<usize>,
}

impl Order {
    /// The order that the question wants; of equal lines the newest comes first.
    pub fn of(lines: &[Line], query: &Query) -> Order {
        let (sort, down) = (query.sort, query.down);
        // What is compared lies side by side: to look it up in each line at each comparison takes longer.
        let mut keys: Vec<(bool, Key, DateTime<Utc>, usize)> = Vec::with_capacity(lines.len());
        for (place, (_, past)) in lines.iter().enumerate() {
            keys.push((sort.is_empty(past), sort.key(past), past.at(), place));
        }
        keys.sort_by(|one, other| {
            let order = if down { other.1.cmp(&one.1) } else { one.1.cmp(&other.1) };
            one.0.cmp(&other.0).then(order).then_with(|| other.2.cmp(&one.2))
        });
        Order { sort, down, places: keys.iter().map(|(.., place)| *place).collect() }
    }

    /// Whether the question wants this order.
    pub fn is_for(&self, query: &Query) -> bool {
        (self.sort, self.down) == (query.sort, query.down)
    }
}

/// The lines of `all` that pass, in that order of them. `payload` gives a line's payload where the filter asks for it;
/// `None`: the answer is no longer wanted.
pub fn answer<'a>(
    all: &[Line],
    order: &Order,
    query: &Query,
    payload: impl Fn(i64) -> Option<Cow<'a, str>>,
    is_stale: impl Fn() -> bool,
) -> Option<Vec<Line>> {
    let (light, deep) = (query.filter.without_payload(), query.filter.needs_payload());
    let mut lines = Vec::new();
    for slice in order.places.chunks(SLICE) {
        if is_stale() {
            return None;
        }
        for line @ (row, past) in slice.iter().filter_map(|place| all.get(*place)) {
            if (past.hidden && past.own.is_none() && !query.hidden) || !light.admits_past(past, None) {
                continue;
            }
            // To look into payloads may take much longer than all else.
            if deep && (is_stale() || !query.filter.admits_past(past, payload(*row).as_deref())) {
                continue;
            }
            lines.push(line.clone());
        }
    }
    (!is_stale()).then_some(lines)
}

/// What a line is sorted by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Moment(Option<DateTime<Utc>>),
    Length(Option<Duration>),
    Text(&'a str),
    Texts(Option<&'a str>, Option<&'a str>),
}
