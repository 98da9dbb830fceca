//! The lines at hand while somebody looks at the history.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    history::{Journal, RowId, Trouble},
    store::past::query::{self, Found, Line, Query},
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
            self.pruned = pruned;
        }
        let before = self.change;
        let (lines, places) = (&mut self.lines, &mut self.places);
        self.change = journal.lines(before, |row, record| {
            let line = (row, Arc::new(record.past));
            match places.get(&row).and_then(|at| lines.get_mut(*at)) {
                Some(there) => *there = line,
                None => {
                    places.insert(row, lines.len());
                    lines.push(line);
                }
            }
        })?;
        Ok(self.change != before)
    }

    /// The answer to what is looked at; `None`: it is no longer wanted.
    pub fn answer(&self, journal: &Journal) -> Result<Option<Found>, Trouble> {
        let Some(query) = &self.query else { return Ok(None) };
        let id = query.id;
        let is_stale = || self.newest.load(Ordering::Relaxed) != id;
        let payload = |row| journal.payload(row).ok().flatten();
        let Some(lines) = query::answer(&self.lines, query, payload, is_stale) else { return Ok(None) };
        let gone = journal.let_go()?;
        Ok(Some(Found { id, lines, total: self.lines.len(), gone: gone.tasks, until: gone.until }))
    }
}
