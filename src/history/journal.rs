//! The file: opening, writing in one step, reading lines and texts, and letting go of what is too old or too much.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs::{File, OpenOptions},
    io,
    ops::ControlFlow,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use rustix::fs::{FlockOperation, flock};

use super::{
    Limits, Trouble,
    pack::unpack,
    record::{Kept, Record, Texts},
    schema::{self, COLUMNS, COUNT, Words},
    write::{join, next_change, put},
};
use crate::{
    keep::{self, PutAside},
    store::{
        Outcome, Past, Reason, State, TaskKey,
        past::away::{Away, News},
    },
    wire::Text,
};

/// A row's number in the file, as in [`Line`](crate::store::past::query::Line).
pub type RowId = i64;

/// For how long another juicetop's writing is waited for: it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// Rows whose numbers are remembered by the store's keys.
const REMEMBERED: usize = 20_000;
/// Rows that are let go at once where the file is too large.
const SLICE: i64 = 1_000;
/// No packed text is longer: far above what any limit allows.
const LONGEST: usize = 1 << 30;

/// What was let go to stay within the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetGo {
    /// How many tasks, since the file was made.
    pub tasks: u64,
    /// The newest of them was of this moment.
    pub until: Option<DateTime<Utc>>,
    /// Changes of tasks that never got here, since the file was made: the disk failed, or was too slow.
    pub lost: u64,
}

/// The history of one lab.
#[derive(Debug)]
pub struct Journal {
    db: Connection,
    pub(super) limits: Limits,
    path: Option<PathBuf>,
    /// Held while this program writes: that others can tell whether anybody still does.
    _alive: Option<File>,
    /// Where what this store calls by these keys stands.
    rows: HashMap<TaskKey, RowId>,
}

impl Journal {
    /// Opens the file for writing, or makes it. A damaged one is put aside; that is told. What was running when the
    /// last juicetop ended, and nobody watches now, becomes unknown, as of `now`.
    ///
    /// # Errors
    /// It cannot be used; it is then as it was.
    pub fn open(
        path: &Path,
        limits: Limits,
        now: DateTime<Utc>,
    ) -> Result<(Journal, Option<PutAside>), Trouble> {
        match Journal::open_once(path, limits, now) {
            Err(Trouble::Damaged(why)) => {
                let aside = PutAside { to: set_aside(path)?, why };
                Ok((Journal::open_once(path, limits, now)?, Some(aside)))
            }
            other => Ok((other?, None)),
        }
    }

    fn open_once(path: &Path, limits: Limits, now: DateTime<Utc>) -> Result<Journal, Trouble> {
        keep::folder_of(path)?;
        // Made by us first: SQLite would make it as the umask says.
        OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        schema::check(schema::version(&db)?)?;
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        // Its shared memory does not reach over a network: there the old way of locking has to do.
        let way = if is_remote(path) { "TRUNCATE" } else { "WAL" };
        db.query_row(&format!("PRAGMA journal_mode = {way}"), [], |_| Ok(()))?;
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.query_row("PRAGMA journal_size_limit = 8388608", [], |_| Ok(()))?;
        schema::prepare(&mut db)?;
        let mut journal =
            Journal { db, limits, path: Some(path.to_owned()), _alive: None, rows: HashMap::new() };
        let alive =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(alive(path))?;
        if flock(&alive, FlockOperation::NonBlockingLockExclusive).is_ok() {
            journal.settle(now)?;
        }
        // Where there are no such locks, everybody settles; what somebody else sees to its end is written anew.
        let _ = flock(&alive, FlockOperation::NonBlockingLockShared);
        journal._alive = Some(alive);
        Ok(journal)
    }

    /// One in memory, for what is not to be kept.
    ///
    /// # Errors
    /// There is no memory.
    pub fn in_memory(limits: Limits) -> Result<Journal, Trouble> {
        let mut db = Connection::open_in_memory()?;
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        schema::prepare(&mut db)?;
        Ok(Journal { db, limits, path: None, _alive: None, rows: HashMap::new() })
    }

    /// Opens the file for reading.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub fn read(path: &Path) -> Result<Journal, Trouble> {
        if !path.try_exists()? {
            return Err(Trouble::Missing);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        let version = schema::version(&db)?;
        schema::check(version)?;
        if version == 0 {
            return Err(Trouble::Missing);
        }
        Ok(Journal {
            db,
            limits: Limits::default(),
            path: Some(path.to_owned()),
            _alive: None,
            rows: HashMap::new(),
        })
    }

    /// Whether a juicetop writes at the file at this moment.
    pub fn is_attended(&self) -> bool {
        if self._alive.is_some() || self.path.is_none() {
            return true;
        }
        let file = self.path.as_ref().and_then(|path| File::open(alive(path)).ok());
        file.is_some_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_err())
    }

    /// What ran when the last juicetop ended may have ended: nobody saw it.
    fn settle(&mut self, now: DateTime<Utc>) -> Result<(), Trouble> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let any: bool =
            tx.query_row("SELECT EXISTS (SELECT 1 FROM task WHERE state = 'running')", [], |row| row.get(0))?;
        if any {
            let change = next_change(&tx)?;
            tx.execute(
                "UPDATE task SET state = 'unknown', reason = ?1, change = ?2, ended = ?3, ended_seen = 0 \
                 WHERE state = 'running'",
                params![Reason::NotSeen.word(), change, now.timestamp_micros()],
            )?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Writes what is known of tasks, all of it or nothing. `merged`: keys that were given up, each with the key of the
    /// task that took it in.
    ///
    /// # Errors
    /// Nothing was written.
    pub fn write(&mut self, merged: &[(TaskKey, TaskKey)], records: Vec<Record>) -> Result<(), Trouble> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let change = next_change(&tx)?;
        // Where this fails they are forgotten: then the ids find them.
        let mut rows = std::mem::take(&mut self.rows);
        if rows.len() > REMEMBERED {
            rows.clear();
        }
        for (old, new) in merged {
            join(&tx, &mut rows, old, new, change)?;
        }
        for record in records {
            let key = record.past.key.clone();
            // What was only read of is nothing that the store calls by this key.
            let is_read = record.past.archived;
            let known = rows.get(&key).copied().filter(|_| !is_read);
            let row = put(&tx, known, record, change)?;
            if !is_read {
                rows.insert(key, row);
            }
        }
        tx.commit()?;
        self.rows = rows;
        Ok(())
    }

    /// The lines (records without their texts) that changed since `since` (0: all), the oldest change first, and what to ask with the next time.
    /// What is said to be running and nobody watches comes as unknown.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn lines(&self, since: i64, mut each: impl FnMut(RowId, Record)) -> Result<i64, Trouble> {
        let attended = self.is_attended();
        let mut words = Words::default();
        let sql = format!("SELECT {COLUMNS}, row, change FROM task WHERE change > ?1 ORDER BY change, row");
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query([since])?;
        let mut last = since;
        while let Some(row) = rows.next()? {
            let mut record = schema::read(row, &mut words)?;
            if !attended {
                doubt(&mut record.past);
            }
            last = row.get(COUNT + 1)?;
            each(row.get(COUNT)?, record);
        }
        Ok(last)
    }

    /// The same of all, the newest first, as long as they are taken. What to ask [`Journal::lines`] with afterwards: it may
    /// bring some of them once more.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn newest(&self, mut each: impl FnMut(RowId, Record) -> ControlFlow<()>) -> Result<i64, Trouble> {
        let attended = self.is_attended();
        let mut words = Words::default();
        // Before the lines: what changes while they are read is a later change.
        let last = self.db.query_row("SELECT ifnull(max(change), 0) FROM task", [], |row| row.get(0))?;
        let sql = format!("SELECT {COLUMNS}, row FROM task ORDER BY row DESC");
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut record = schema::read(row, &mut words)?;
            if !attended {
                doubt(&mut record.past);
            }
            if each(row.get(COUNT)?, record).is_break() {
                break;
            }
        }
        Ok(last)
    }

    /// How many tasks ended in that time, or of which nobody knows since then how they stand. Those
    /// that are hidden and not the person's are left out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn news(&self, away: &Away) -> Result<News, Trouble> {
        let mut words = Words::default();
        let sql = format!(
            "SELECT {COLUMNS} FROM task WHERE (ended >= ?1 OR (archived AND heard >= ?1)) \
             AND (own IS NOT NULL OR NOT hidden)"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query([away.since.timestamp_micros()])?;
        let mut news = News::default();
        while let Some(row) = rows.next()? {
            let past = schema::read(row, &mut words)?.past;
            if away.has(&past) {
                news.add(&past);
            }
        }
        Ok(news)
    }

    /// How many tasks there are.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn count(&self) -> Result<usize, Trouble> {
        let count: i64 = self.db.query_row("SELECT count(*) FROM task", [], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// How often rows were taken away: whoever holds lines reads all of them again where it has changed.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn pruned(&self) -> Result<i64, Trouble> {
        about(&self.db, "pruned")
    }

    /// What was let go.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn let_go(&self) -> Result<LetGo, Trouble> {
        let tasks = u64::try_from(about(&self.db, "let_go")?).unwrap_or(0);
        let until = about(&self.db, "let_go_until")?;
        let lost = u64::try_from(about(&self.db, "lost")?).unwrap_or(0);
        Ok(LetGo { tasks, until: (tasks > 0).then(|| schema::utc(until)), lost })
    }

    /// So many changes of tasks are lost.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn lose(&mut self, changes: u64) -> Result<(), Trouble> {
        let changes = i64::try_from(changes).unwrap_or(i64::MAX);
        self.db.execute(
            "INSERT INTO about VALUES ('lost', ?1) ON CONFLICT DO UPDATE SET value = value + ?1",
            [changes],
        )?;
        Ok(())
    }

    /// The rows that an id beginning with `prefix` leads to, the newest first: at most `most`. One whose id or key is
    /// exactly that comes alone.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn find(&self, prefix: &str, most: usize) -> Result<Vec<RowId>, Trouble> {
        let mut statement = self.db.prepare_cached(
            "SELECT DISTINCT task.row FROM name JOIN task USING (row) WHERE name.id >= ?1 AND name.id < ?2 \
             ORDER BY task.row DESC LIMIT ?3",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        // The first text behind all that begin with it: no id holds this character.
        let end = format!("{prefix}\u{10ffff}");
        let found: Vec<RowId> =
            statement.query_map(params![prefix, end, most], |row| row.get(0))?.collect::<Result<_, _>>()?;
        if found.len() > 1 {
            let mut exact = self.db.prepare_cached(
                "SELECT row FROM task WHERE row IN \
                (SELECT row FROM name WHERE id = ?1) AND key = ?1",
            )?;
            if let Some(row) = exact.query_row([prefix], |row| row.get(0)).optional()? {
                return Ok(vec![row]);
            }
        }
        Ok(found)
    }

    /// All that was kept of a task.
    ///
    /// # Errors
    /// The file cannot be read, or the row is gone.
    pub fn full(&self, row: RowId) -> Result<Record, Trouble> {
        let mut record = read_row(&self.db, row)?.ok_or_else(gone)?;
        if !self.is_attended() {
            doubt(&mut record.past);
        }
        let sql = "SELECT payload, payload_bytes, metadata, metadata_bytes, reply, reply_bytes, masked FROM texts \
                   WHERE row = ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query([row])?;
        if let Some(found) = rows.next()? {
            let kept = |at: usize| -> Result<Option<Kept>, Trouble> {
                let bytes: Option<i64> = found.get(at + 1)?;
                let blob =
                    found.get_ref(at)?.as_blob_or_null().map_err(|e| Trouble::Damaged(e.to_string()))?;
                Ok(match blob {
                    Some(blob) => Some(Kept::Text(Journal::unpacked(blob)?.into())),
                    None => bytes.map(|bytes| Kept::TooLarge(usize::try_from(bytes).unwrap_or(0))),
                })
            };
            record.texts =
                Texts { payload: kept(0)?, metadata: kept(2)?, reply: kept(4)?, masked: found.get(6)? };
        }
        Ok(record)
    }

    /// A task's payload, for filters that look into it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn payload(&self, row: RowId) -> Result<Option<Text>, Trouble> {
        let mut statement = self.db.prepare_cached("SELECT payload FROM texts WHERE row = ?1")?;
        let mut rows = statement.query([row])?;
        let Some(found) = rows.next()? else { return Ok(None) };
        let blob = found.get_ref(0)?.as_blob_or_null().map_err(|e| Trouble::Damaged(e.to_string()))?;
        blob.map(|blob| Ok(Journal::unpacked(blob)?.into())).transpose()
    }

    /// The payload that stands so in the file.
    ///
    /// # Errors
    /// It is damaged.
    pub fn unpacked(packed: &[u8]) -> Result<Cow<'_, str>, Trouble> {
        unpack(packed, LONGEST).map_err(Trouble::Damaged)
    }

    /// The payloads of the next rows behind `row`, at most `most`, as they stand in the file
    /// ([`Journal::unpacked`]).
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn packed_payloads(
        &self,
        row: RowId,
        most: usize,
        mut each: impl FnMut(RowId, Option<&[u8]>),
    ) -> Result<(), Trouble> {
        let sql = "SELECT row, payload FROM texts WHERE row > ?1 ORDER BY row LIMIT ?2";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(params![row, i64::try_from(most).unwrap_or(i64::MAX)])?;
        while let Some(found) = rows.next()? {
            let blob = found.get_ref(1)?.as_blob_or_null().map_err(|e| Trouble::Damaged(e.to_string()))?;
            each(found.get(0)?, blob);
        }
        Ok(())
    }

    /// The newest runs of which the length is known and that ended ok, at most `most`, the oldest first: what they took
    /// tells what is usual. Each with its payload, unless secrets are masked in it or it is larger than `largest` bytes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn runs(&self, most: usize, largest: usize) -> Result<Vec<Record>, Trouble> {
        let sql = format!(
            "SELECT {COLUMNS}, (SELECT payload FROM texts WHERE texts.row = task.row AND NOT masked \
             AND payload_bytes <= ?2) FROM task WHERE outcome = ?3 AND took_exact ORDER BY row DESC LIMIT ?1"
        );
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let mut words = Words::default();
        let mut statement = self.db.prepare(&sql)?;
        let mut rows = statement.query(params![number(most), number(largest), Outcome::Ok.word()])?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            let mut record = schema::read(row, &mut words)?;
            let blob = row.get_ref(COUNT)?.as_blob_or_null().map_err(|e| Trouble::Damaged(e.to_string()))?;
            // One that cannot be read is as one that was not kept.
            record.texts.payload =
                blob.and_then(|blob| unpack(blob, largest).ok()).map(|text| Kept::Text(text.into()));
            runs.push(record);
        }
        runs.reverse();
        Ok(runs)
    }

    /// Bytes that are in use.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(&self) -> Result<u64, Trouble> {
        let number = |name: &str| -> Result<u64, Trouble> {
            let found: i64 = self.db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
            Ok(u64::try_from(found).unwrap_or(0))
        };
        Ok(number("page_count")?.saturating_sub(number("freelist_count")?) * number("page_size")?)
    }

    /// Lets go of what is too old, then of the oldest until the file is small enough. Gives how many went.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn prune(&mut self, now: DateTime<Utc>) -> Result<u64, Trouble> {
        let age = TimeDelta::from_std(self.limits.age).unwrap_or(TimeDelta::MAX);
        let mut gone = 0;
        if let Some(before) = now.checked_sub_signed(age) {
            gone += self.let_go_of("heard < ?1", before.timestamp_micros())?;
        }
        while self.bytes()? > self.limits.bytes {
            let oldest = "row IN (SELECT row FROM task ORDER BY heard LIMIT ?1)";
            let went = self.let_go_of(oldest, SLICE)?;
            if went == 0 {
                break;
            }
            gone += went;
        }
        if gone > 0 {
            self.db.execute("DELETE FROM name WHERE row NOT IN (SELECT row FROM task)", [])?;
            // Gives the room back to the disk, a part at a time.
            let mut vacuum = self.db.prepare("PRAGMA incremental_vacuum(20000)")?;
            let mut pages = vacuum.query([])?;
            while pages.next()?.is_some() {}
        }
        Ok(gone)
    }

    /// The file itself, for tests.
    #[cfg(test)]
    pub(super) fn db(&self) -> &Connection {
        &self.db
    }

    fn let_go_of(&mut self, which: &str, value: i64) -> Result<u64, Trouble> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let until: Option<i64> =
            tx.query_row(&format!("SELECT max(heard) FROM task WHERE {which}"), [value], |row| row.get(0))?;
        let Some(until) = until else { return Ok(0) };
        tx.execute(&format!("DELETE FROM texts WHERE row IN (SELECT row FROM task WHERE {which})"), [value])?;
        let went = tx.execute(&format!("DELETE FROM task WHERE {which}"), [value])?;
        tx.execute("UPDATE about SET value = value + ?1 WHERE name = 'let_go'", [went as i64])?;
        tx.execute("UPDATE about SET value = max(value, ?1) WHERE name = 'let_go_until'", [until])?;
        tx.execute("UPDATE about SET value = value + 1 WHERE name = 'pruned'", [])?;
        tx.commit()?;
        self.rows.clear();
        Ok(went as u64)
    }
}

fn gone() -> Trouble {
    Trouble::Refused("the task was let go meanwhile".to_owned())
}

/// Nobody watches it any more.
fn doubt(past: &mut Past) {
    if matches!(past.state, State::Running { .. }) {
        past.state = State::Unknown;
        past.reason = Some(Reason::NotSeen);
    }
}

fn about(db: &Connection, name: &str) -> Result<i64, Trouble> {
    let mut statement = db.prepare_cached("SELECT value FROM about WHERE name = ?1")?;
    // A file in which nothing was ever lost has no number for it.
    Ok(statement.query_row([name], |row| row.get(0)).optional()?.unwrap_or(0))
}

pub(super) fn read_row(db: &Connection, row: RowId) -> Result<Option<Record>, Trouble> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM task WHERE row = ?1"))?;
    Ok(statement.query_row([row], |found| schema::read(found, &mut Words::default())).optional()?)
}

/// The file whose lock says that somebody writes.
fn alive(path: &Path) -> PathBuf {
    keep::beside(path, ".alive")
}

/// Puts the file aside with what SQLite keeps beside it.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let to = keep::put_aside(path)?;
    for ending in ["-wal", "-shm"] {
        match std::fs::rename(keep::beside(path, ending), keep::beside(&to, ending)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(to)
}

/// Whether a file lies on another machine.
fn is_remote(path: &Path) -> bool {
    /// NFS, SMB, CIFS, SMB2, and what FUSE brings (sshfs).
    const REMOTE: [u64; 5] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546];
    rustix::fs::statfs(path)
        .is_ok_and(|about| u64::try_from(about.f_type).is_ok_and(|kind| REMOTE.contains(&kind)))
}
