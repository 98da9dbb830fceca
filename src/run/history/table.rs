//! The lines at hand while somebody looks at the history.

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
    store::past::query::{self, Found, Line, Order, Query},
};

/// The lines, and what is asked of them.
#[derive(Default)]
pub(super) struct Table {
    lines: Vec<Line>,
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
}

impl Table {
    /// Nobody looks any more.
    pub fn forget(&mut self) {
        *self = Table { newest: self.newest.clone(), ..Table::default() };
    }

    /// Takes in what has changed in the file, by this program or another; true: something has.
    pub fn refresh(&mut self, journal: &Journal) -> Result<bool, Trouble> {
        let pruned = journal.pruned()?;
        if pruned != self.pruned {
            (self.lines, self.places, self.change) = (Vec::new(), HashMap::new(), 0);
            (self.payloads, self.order) = (Payloads::default(), None);
            self.pruned = pruned;
        }
        let before = self.change;
        let (lines, places, payloads) = (&mut self.lines, &mut self.places, &mut self.payloads);
        self.change = journal.lines(before, |row, record| {
            let line = (row, Arc::new(record.past));
            payloads.changed(row);
            match places.get(&row).and_then(|at| lines.get_mut(*at)) {
                Some(there) => *there = line,
                None => {
                    places.insert(row, lines.len());
                    lines.push(line);
                }
            }
        })?;
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
        Ok(Some(Found { id, lines, total: self.lines.len(), gone: gone.tasks, until: gone.until }))
    }
}
