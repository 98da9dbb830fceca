//! The payloads at hand while somebody looks at the history, so that a filter that looks into them answers as a key does:
//! to ask the file for each takes ten times as long.
//!
//! Packed as they stand in the file, as many as there is room for; what finds no place is asked of the file. They are read in
//! slices when there is nothing else to do. It refuses to read any before somebody opens the history.

use std::{borrow::Cow, collections::HashMap};

use crate::history::{Journal, RowId, Trouble};

/// What each weighs beside its text, bytes.
const OVERHEAD: usize = 48;
/// Rows a slice: two milliseconds or so, for which a question may wait.
const SLICE: usize = 1_024;

/// See the module.
pub(super) struct Payloads {
    packed: Vec<u8>,
    /// Where each row's begins and how long it is; of length zero: it has none.
    places: HashMap<RowId, (usize, usize)>,
    /// The last row that was read.
    last: RowId,
    /// There may be rows behind it.
    more: bool,
    /// Bytes that are kept at most.
    room: usize,
}

impl Payloads {
    /// None yet.
    pub fn new(room: usize) -> Payloads {
        Payloads { packed: Vec::new(), places: HashMap::new(), last: RowId::MIN, more: true, room }
    }

    /// Whether there is more to read, and room for it.
    pub fn is_unread(&self) -> bool {
        self.more && self.bytes() < self.room
    }

    /// What they take.
    pub fn bytes(&self) -> usize {
        self.packed.len() + self.places.len() * OVERHEAD
    }

    /// Reads the next slice.
    pub fn read(&mut self, journal: &Journal) -> Result<(), Trouble> {
        self.more = false;
        let (packed, places) = (&mut self.packed, &mut self.places);
        journal.packed_payloads(self.last, SLICE, |row, bytes| {
            let bytes = bytes.unwrap_or_default();
            if packed.len() + bytes.len() <= self.room {
                places.insert(row, (packed.len(), bytes.len()));
                packed.extend(bytes);
            }
            (self.last, self.more) = (row, true);
        })
    }

    /// Reads no more.
    pub fn give_up(&mut self) {
        self.more = false;
    }

    /// A row has changed: what is at hand of it is old.
    pub fn changed(&mut self, row: RowId) {
        self.places.remove(&row);
        // A new row is read with the slices again; one that was there is asked of the file.
        self.more |= row > self.last;
    }

    /// A row's payload.
    pub fn get(&self, journal: &Journal, row: RowId) -> Option<Cow<'_, str>> {
        match self.places.get(&row) {
            Some((_, 0)) => None,
            Some((start, length)) => Journal::unpacked(self.packed.get(*start..start + length)?).ok(),
            None => Some(Cow::Owned(journal.payload(row).ok()??.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::tests::{Bench, Job, job, ok},
        history::{Limits, Record},
    };

    fn record(id: &str, payload: &str) -> Record {
        let mut b = Bench::new();
        let job = Job { payload: payload.into(), ..job(id) };
        b.runs(&job).completed(&job, &ok(id));
        let key = b.app.store().tasks().next().unwrap().key.clone();
        Record::of(b.app.store().task(&key).unwrap(), None, 1 << 20)
    }

    fn rows(journal: &Journal) -> Vec<RowId> {
        let mut rows = Vec::new();
        journal.lines(0, |row, _| rows.push(row)).unwrap();
        rows
    }

    fn read_all(payloads: &mut Payloads, journal: &Journal) -> usize {
        let mut slices = 0;
        while payloads.is_unread() {
            payloads.read(journal).unwrap();
            slices += 1;
            assert!(slices < 10, "it ends");
        }
        slices
    }

    #[test]
    fn each_row_has_its_own_payload_at_hand_or_from_the_file() {
        let long = format!("{{\"points\": [{}1]}}", "1.5, ".repeat(500));
        let records =
            [record("a", r#"{"qubit": "q1"}"#), record("b", &long), record("c", r#"{"qubit": "q3"}"#)];
        let wanted: Vec<String> =
            records.iter().map(|r| r.texts.payload.as_ref().unwrap().text().unwrap().to_string()).collect();
        let mut journal = Journal::in_memory(Limits::default()).unwrap();
        journal.write(&[], records.to_vec()).unwrap();
        for room in [1 << 20, 20, 0] {
            let mut payloads = Payloads::new(room);
            read_all(&mut payloads, &journal);
            assert!(payloads.packed.len() <= room);
            let found: Vec<Cow<str>> =
                rows(&journal).iter().map(|row| payloads.get(&journal, *row).unwrap()).collect();
            assert_eq!(found, wanted, "with room for {room}");
        }
    }

    #[test]
    fn a_row_that_is_new_or_has_changed_is_told_as_it_is_now() {
        let mut journal = Journal::in_memory(Limits::default()).unwrap();
        let known = record("a", r#"{"n": 1}"#);
        let mut unknown = known.clone();
        unknown.texts.payload = None;
        journal.write(&[], vec![unknown]).unwrap();
        let mut payloads = Payloads::new(1 << 20);
        read_all(&mut payloads, &journal);
        assert_eq!(payloads.get(&journal, rows(&journal)[0]), None);
        journal.write(&[], vec![known, record("b", r#"{"n": 2}"#)]).unwrap();
        let rows = rows(&journal);
        rows.iter().for_each(|row| payloads.changed(*row));
        assert!(payloads.is_unread(), "the new one");
        read_all(&mut payloads, &journal);
        let texts: Vec<_> = rows.iter().map(|row| payloads.get(&journal, *row).unwrap()).collect();
        assert_eq!(texts, [r#"{"n": 1}"#, r#"{"n": 2}"#]);
    }
}
