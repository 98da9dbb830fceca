//! What is asked of the past, and the lines that answer it. For a hundred thousand lines that takes long enough to be done
//! beside the screen's loop, and to be given up when somebody types on.

use std::{borrow::Cow, cmp::Ordering, sync::Arc};

use chrono::{DateTime, Utc};

use super::{Past, away::Away};
use crate::store::{Outcome, State, filter::Filter};

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

    fn compare(self, one: &Past, other: &Past) -> Ordering {
        match self {
            Column::When => one.at().cmp(&other.at()),
            Column::Outcome => concern(one).cmp(&concern(other)),
            Column::Service => one.service.cmp(&other.service),
            Column::Name => one.name.cmp(&other.name),
            Column::Took => one.took.map(|(took, _)| took).cmp(&other.took.map(|(took, _)| took)),
            Column::Error => (&one.ename, &one.evalue).cmp(&(&other.ename, &other.evalue)),
            Column::Type => one.task_type.cmp(&other.task_type),
            Column::Lane => one.lane.word().cmp(other.lane.word()),
            Column::Id => one.key.cmp(&other.key),
            Column::Ended => one.ended.map(|ended| ended.at).cmp(&other.ended.map(|ended| ended.at)),
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

/// How much a task's standing concerns whoever looks, the most first.
fn concern(past: &Past) -> u8 {
    match (past.outcome, past.state) {
        (Some(Outcome::Failed), _) => 0,
        (None, State::Unknown) => 1,
        (Some(Outcome::Cancelled), _) => 2,
        (Some(Outcome::Ok), _) => 3,
        (None, _) => 4,
    }
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
    /// Only what became of tasks in that time, the person's own first.
    pub away: Option<Away>,
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
    /// Of those, the oldest, which find no room in the memory and are not looked at.
    pub left_out: usize,
    /// Tasks that were let go to stay within the limits, and of when the newest of them was.
    pub gone: u64,
    /// See `gone`.
    pub until: Option<DateTime<Utc>>,
    /// Changes of tasks that are lost: the disk failed, or was too slow.
    pub lost: u64,
}

/// An order of lines. To sort takes longer than to filter, so it is kept while somebody types a filter.
#[derive(Debug)]
pub struct Order {
    sort: Column,
    down: bool,
    own_first: bool,
    places: Vec<usize>,
}

impl Order {
    /// The order that the question wants; of equal lines the newest comes first.
    pub fn of(lines: &[Line], query: &Query) -> Order {
        let (sort, down, own_first) = (query.sort, query.down, query.away.is_some());
        let mut places: Vec<(usize, &Past)> = lines.iter().map(|(_, past)| &**past).enumerate().collect();
        places.sort_by(|(_, one), (_, other)| {
            let order = if down { sort.compare(other, one) } else { sort.compare(one, other) };
            let newest = || other.at().cmp(&one.at());
            let own = (own_first && one.own.is_none()).cmp(&(own_first && other.own.is_none()));
            own.then(sort.is_empty(one).cmp(&sort.is_empty(other))).then(order).then_with(newest)
        });
        Order { sort, down, own_first, places: places.into_iter().map(|(place, _)| place).collect() }
    }

    /// Whether the question wants this order.
    pub fn is_for(&self, query: &Query) -> bool {
        (self.sort, self.down, self.own_first) == (query.sort, query.down, query.away.is_some())
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
            if query.away.is_some_and(|away| !away.has(past)) {
                continue;
            }
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
