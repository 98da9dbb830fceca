//! The lines at hand while somebody looks at the history: all of them, or the newest that find room. How many did not is
//! told.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::payloads::Payloads;
use crate::{
    history::{Journal, RowId, Trouble},
    memory::{Held, Memory},
    store::{
        Past,
        past::query::{self, Found, Line, Order, Query},
    },
};

/// What a line weighs beside its texts, bytes: itself, its place, and what the allocator keeps with each.
const OVERHEAD: usize = size_of::<Past>() + 200;

/// The lines, and what is asked of them.
pub(super) struct Table {
    lines: Vec<Line>,
    /// What they take.
    bytes: usize,
    /// Some found no room.
    left_out: bool,
    /// Places in `lines` by the row's number.
    places: HashMap<RowId, usize>,
    /// What to ask the file with for what is new.
    change: i64,
    pruned: i64,
    payloads: Payloads,
    /// The order in which they were asked for last, while it holds.
    order: Option<Order>,
    /// The newest question's number: an older one is given up.
    pub newest: Arc<AtomicU64>,
    /// What is looked at.
    pub query: Option<Box<Query>>,
    memory: Memory,
    held: Held,
}

/// What a line takes, bytes.
fn weight((_, past): &Line) -> usize {
    let ids = [&past.task_id, &past.scheduled_task_id, &past.evalue].into_iter().flatten();
    OVERHEAD + past.key.0.len() + past.name.len() + ids.map(|text| text.len()).sum::<usize>()
}

impl Table {
    /// One without lines, which will take its share of the memory.
    pub fn new(memory: &Memory) -> Table {
        Table {
            lines: Vec::new(),
            bytes: 0,
            left_out: false,
            places: HashMap::new(),
            change: 0,
            pruned: 0,
            payloads: Payloads::new(memory.lines() / 2),
            order: None,
            newest: Arc::default(),
            query: None,
            memory: memory.clone(),
            held: memory.hold(0),
        }
    }

    /// Nobody looks any more.
    pub fn forget(&mut self) {
        *self = Table { newest: self.newest.clone(), ..Table::new(&self.memory) };
    }

    /// The oldest lines go until a fifth of the room is free, so that this is not done for each new one.
    fn make_room(&mut self) {
        let room = self.memory.lines();
        self.lines.sort_unstable_by_key(|(row, _)| *row);
        let mut gone = 0;
        while self.bytes > room - room / 5
            && let Some(line) = self.lines.get(gone)
        {
            self.bytes -= weight(line);
            gone += 1;
        }
        self.lines.drain(..gone);
        self.left_out = true;
        self.places = self.lines.iter().enumerate().map(|(at, (row, _))| (*row, at)).collect();
    }

    /// Takes in what has changed in the file, by this program or another; true: something has.
    pub fn refresh(&mut self, journal: &Journal) -> Result<bool, Trouble> {
        let pruned = journal.pruned()?;
        if pruned != self.pruned {
            let query = self.query.take();
            self.forget();
            (self.query, self.pruned) = (query, pruned);
        }
        let before = self.change;
        let room = self.memory.lines();
        self.change = journal.lines(before, |row, record| {
            let line = (row, Arc::new(record.past));
            self.payloads.changed(row);
            self.bytes += weight(&line);
            match self.places.get(&row).and_then(|at| self.lines.get_mut(*at)) {
                Some(there) => self.bytes -= weight(&std::mem::replace(there, line)),
                None => {
                    self.places.insert(row, self.lines.len());
                    self.lines.push(line);
                }
            }
            if self.bytes > room {
                self.make_room();
            }
        })?;
        self.weigh();
        let has_changed = self.change != before;
        if has_changed {
            self.order = None;
        }
        Ok(has_changed)
    }

    /// Whether there is something to read that makes later answers quicker.
    pub fn is_cold(&self) -> bool {
        self.query.is_some() && self.payloads.is_unread()
    }

    /// Reads some of that. What cannot be read will be asked of the file.
    pub fn warm(&mut self, journal: &Journal) {
        if self.payloads.read(journal).is_err() {
            self.payloads.give_up();
        }
        self.weigh();
    }

    fn weigh(&mut self) {
        self.held.set(self.bytes + self.payloads.bytes());
    }

    /// The answer to what is looked at; `None`: it is no longer wanted.
    pub fn answer(&mut self, journal: &Journal) -> Result<Option<Found>, Trouble> {
        let Some(query) = &self.query else { return Ok(None) };
        let id = query.id;
        let is_stale = || self.newest.load(Ordering::Relaxed) != id;
        let order = match self.order.take().filter(|order| order.is_for(query)) {
            Some(order) => order,
            None => Order::of(&self.lines, query),
        };
        let payload = |row| self.payloads.get(journal, row);
        let lines = query::answer(&self.lines, self.order.insert(order), query, payload, is_stale);
        let Some(lines) = lines else { return Ok(None) };
        let gone = journal.let_go()?;
        let total = if self.left_out { journal.count()? } else { self.lines.len() };
        let left_out = total.saturating_sub(self.lines.len());
        Ok(Some(Found { id, lines, total, left_out, gone: gone.tasks, until: gone.until }))
    }
}
