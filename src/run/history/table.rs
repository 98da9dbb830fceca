//! The lines at hand while somebody looks at the history: all of them, or the newest that find room. How many did not is
//! told.

use std::{
    collections::HashMap,
    ops::ControlFlow,
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
    /// What they may take.
    room: usize,
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
            room: memory.lines(),
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
        *self = Table { newest: self.newest.clone(), room: self.room, ..Table::new(&self.memory) };
    }

    /// The oldest lines go until a fifth of the room is free, so that this is not done for each new one.
    fn make_room(&mut self) {
        self.lines.sort_unstable_by_key(|(row, _)| *row);
        let mut gone = 0;
        while self.bytes > self.room - self.room / 5
            && let Some(line) = self.lines.get(gone)
        {
            self.bytes -= weight(line);
            gone += 1;
        }
        self.lines.drain(..gone);
        self.left_out = true;
        self.places = self.lines.iter().enumerate().map(|(at, (row, _))| (*row, at)).collect();
    }

    /// Reads the lines that find room, the newest first: a file may have many more.
    fn read_newest(&mut self, journal: &Journal) -> Result<(), Trouble> {
        let (mut lines, mut bytes, mut left_out) = (Vec::new(), 0, false);
        let room = self.room - self.room / 5;
        self.change = journal.newest(|row, record| {
            let line = (row, Arc::new(record.past));
            bytes += weight(&line);
            if bytes > room {
                bytes -= weight(&line);
                left_out = true;
                return ControlFlow::Break(());
            }
            lines.push(line);
            ControlFlow::Continue(())
        })?;
        lines.reverse();
        self.places = lines.iter().enumerate().map(|(at, (row, _))| (*row, at)).collect();
        (self.lines, self.bytes, self.left_out) = (lines, bytes, left_out);
        Ok(())
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
        if before == 0 {
            self.read_newest(journal)?;
        }
        self.change = journal.lines(self.change, |row, record| {
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
            if self.bytes > self.room {
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
        Ok(Some(Found { id, lines, total, left_out, gone: gone.tasks, until: gone.until, lost: gone.lost }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::tests::{Bench, job, ok},
        history::{Limits, Record},
        store::{TaskKey, filter::Filter, past::query::Column},
    };

    #[test]
    fn the_newest_lines_that_find_room_are_at_hand_and_how_many_there_are_is_told() {
        let mut b = Bench::new();
        b.runs(&job("q")).completed(&job("q"), &ok("q"));
        let like = Record::of(b.app.store().find("q").unwrap(), None, 1_000);
        let record = |n: u32| {
            let mut record = like.clone();
            record.past.key = TaskKey(format!("q{n:04}").into());
            (record.past.task_id, record.time) = (Some(record.past.key.0.clone()), None);
            record
        };
        let mut journal = Journal::in_memory(Limits::default()).unwrap();
        let memory = Memory::default();
        let mut table = Table::new(&memory);
        table.room = 100 * (OVERHEAD + 100);
        let (filter, sort) = (Filter::default(), Column::When);
        table.query = Some(Box::new(Query { id: 1, filter, hidden: true, sort, down: true, away: None }));
        table.newest.store(1, Ordering::Relaxed);
        for round in 0..5 {
            journal.write(&[], (round * 200..(round + 1) * 200).map(record).collect()).unwrap();
            assert!(table.refresh(&journal).unwrap());
            assert!(table.bytes <= table.room && memory.held() == table.bytes, "{} bytes", table.bytes);
            assert_eq!(table.bytes, table.lines.iter().map(weight).sum::<usize>());
            let found = table.answer(&journal).unwrap().unwrap();
            assert_eq!(found.total, (round as usize + 1) * 200);
            assert_eq!(found.left_out + found.lines.len(), found.total);
            assert!((70..=120).contains(&found.lines.len()), "{}", found.lines.len());
            let newest = format!("q{:04}", round * 200 + 199);
            assert!(found.lines.iter().any(|(_, past)| *past.key.0 == *newest), "{newest}");
        }
        // Who opens it later reads those that find room, and then what changes.
        let mut late = Table { room: table.room, query: table.query.clone(), ..Table::new(&memory) };
        late.newest.store(1, Ordering::Relaxed);
        assert!(late.refresh(&journal).unwrap() && !late.refresh(&journal).unwrap());
        let found = late.answer(&journal).unwrap().unwrap();
        assert_eq!((found.total, found.left_out + found.lines.len()), (1_000, 1_000));
        assert!((70..=120).contains(&found.lines.len()), "{}", found.lines.len());
        assert!(found.lines.iter().any(|(_, past)| *past.key.0 == *"q0999"));
        assert_eq!(late.bytes, late.lines.iter().map(weight).sum::<usize>());
        assert_eq!(late.places[&late.lines[3].0], 3);
        drop(late);
        // One that is at hand and changes is still there once.
        let before = table.lines.len();
        let mut changed = record(999);
        changed.past.evalue = Some("more is known of it".into());
        journal.write(&[], vec![changed]).unwrap();
        table.refresh(&journal).unwrap();
        assert_eq!(table.lines.len(), before);
        assert_eq!(table.bytes, table.lines.iter().map(weight).sum::<usize>());
        table.forget();
        assert_eq!(memory.held(), 0);
    }
}
