//! The form of the file, and how columns become a record.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, ToSql};

use super::{
    Trouble,
    record::{Record, Texts},
};
use crate::{
    store::{Lane, Moment, Outcome, Own, Past, Reason, State, TaskKey, past::not_before},
    wire::{Text, event::Stamp},
};

/// What leads from one form to the next; the first makes it. The file's `user_version` counts those that were done.
const STEPS: &[&str] = &[
    "
    CREATE TABLE task (
        row INTEGER PRIMARY KEY,
        change INTEGER NOT NULL,
        key TEXT NOT NULL,
        service TEXT NOT NULL,
        type TEXT NOT NULL,
        name TEXT NOT NULL,
        lane TEXT NOT NULL,
        state TEXT NOT NULL,
        outcome TEXT,
        reason TEXT,
        why TEXT,
        task_id TEXT,
        scheduled_task_id TEXT,
        own TEXT,
        hidden INTEGER NOT NULL,
        heard INTEGER NOT NULL,
        started INTEGER,
        started_seen INTEGER,
        ended INTEGER,
        ended_seen INTEGER,
        took INTEGER,
        took_exact INTEGER,
        ename TEXT,
        evalue TEXT,
        time TEXT,
        run_at TEXT,
        submitted_at TEXT,
        cancel_wished INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX task_by_change ON task (change);
    CREATE TABLE name (id TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (id, row)) STRICT, WITHOUT ROWID;
    CREATE TABLE texts (
        row INTEGER PRIMARY KEY,
        payload BLOB,
        payload_bytes INTEGER,
        masked INTEGER NOT NULL,
        metadata BLOB,
        metadata_bytes INTEGER,
        reply BLOB,
        reply_bytes INTEGER
    ) STRICT;
    CREATE TABLE about (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO about VALUES ('change', 0), ('pruned', 0), ('let_go', 0), ('let_go_until', 0);
",
    "
    ALTER TABLE task ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
",
];

/// The columns of a record, in the order in which [`read`] and [`values`] have them.
pub(super) const COLUMNS: &str = "key, service, type, name, lane, state, outcome, reason, why, task_id, \
    scheduled_task_id, own, hidden, heard, started, started_seen, ended, ended_seen, took, took_exact, ename, evalue, \
    time, run_at, submitted_at, cancel_wished, archived";

/// How many they are.
pub(super) const COUNT: usize = 27;

/// Brings the file to the form of this program.
pub(super) fn prepare(db: &mut Connection) -> Result<(), Trouble> {
    let known = STEPS.len() as i64;
    if version(db)? == known {
        return Ok(());
    }
    // Only one program does it; the others find it done.
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found = version(&tx)?;
    check(found)?;
    let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if found == 0 && tables > 0 {
        return Err(Trouble::Damaged("it is another program's".to_owned()));
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", known)?;
    tx.commit()?;
    Ok(())
}

/// Whether this program can use a file of that form.
pub(super) fn check(found: i64) -> Result<(), Trouble> {
    let known = STEPS.len() as i64;
    if found > known {
        return Err(Trouble::Newer { found, known });
    }
    Ok(())
}

/// The form of the file.
pub(super) fn version(db: &Connection) -> Result<i64, Trouble> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Words that stand in many rows, held once.
#[derive(Default)]
pub(super) struct Words(HashSet<Text>);

impl Words {
    fn one(&mut self, text: &str) -> Text {
        match self.0.get(text) {
            Some(known) => known.clone(),
            None => {
                let text = Text::from(text);
                self.0.insert(text.clone());
                text
            }
        }
    }
}

/// A record without its texts from a row that begins with [`COLUMNS`]. Words that this program does not know
/// become the nearest that says less: nothing is made up.
pub(super) fn read(row: &Row<'_>, words: &mut Words) -> rusqlite::Result<Record> {
    let text = |at: usize| -> rusqlite::Result<Option<Text>> {
        Ok(row.get_ref(at)?.as_str_or_null().map_err(odd)?.map(Text::from))
    };
    let word =
        |at: usize| -> rusqlite::Result<Option<&str>> { row.get_ref(at)?.as_str_or_null().map_err(odd) };
    let moment = |at: usize| -> rusqlite::Result<Option<Moment>> {
        let Some(micros) = row.get::<_, Option<i64>>(at)? else { return Ok(None) };
        Ok(Some(Moment { at: utc(micros), exact: row.get::<_, Option<bool>>(at + 1)?.unwrap_or(false) }))
    };
    let stamp = |at: usize| -> rusqlite::Result<Option<Stamp>> { Ok(word(at)?.map(Stamp::parse)) };
    let took: Option<i64> = row.get(18)?;
    let outcome = word(6)?.and_then(outcome);
    let past = Past {
        key: TaskKey(text(0)?.unwrap_or_default()),
        service: words.one(word(1)?.unwrap_or_default()),
        task_type: words.one(word(2)?.unwrap_or_default()),
        name: text(3)?.unwrap_or_default(),
        lane: if word(4)? == Some("parallel") { Lane::Parallel } else { Lane::Sequential },
        state: word(5)?.map_or(State::Unknown, |word| state(word, outcome)),
        outcome,
        reason: word(7)?.map_or(Ok(None), |word| Ok::<_, rusqlite::Error>(reason(word, text(8)?)))?,
        task_id: text(9)?,
        scheduled_task_id: text(10)?,
        own: word(11)?.and_then(own),
        hidden: row.get(12)?,
        heard: utc(row.get(13)?),
        started: moment(14)?,
        ended: moment(16)?,
        took: match took {
            Some(micros) => Some((
                Duration::from_micros(u64::try_from(micros).unwrap_or(0)),
                row.get::<_, Option<bool>>(19)?.unwrap_or(false),
            )),
            None => None,
        },
        ename: word(20)?.map(|name| words.one(name)),
        evalue: text(21)?,
        archived: row.get(26)?,
        not_before: not_before(outcome, [&stamp(23)?, &stamp(24)?]),
    };
    Ok(Record {
        past,
        time: text(22)?,
        run_at: text(23)?,
        submitted_at: text(24)?,
        cancel_wished: row.get(25)?,
        texts: Texts::default(),
    })
}

fn odd(error: rusqlite::types::FromSqlError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}

/// The values of a record's columns.
pub(super) fn values(record: &Record) -> Vec<Box<dyn ToSql + '_>> {
    fn put<'a>(all: &mut Vec<Box<dyn ToSql + 'a>>, value: impl ToSql + 'a) {
        all.push(Box::new(value));
    }
    let past = &record.past;
    let mut all: Vec<Box<dyn ToSql>> = Vec::with_capacity(COUNT);
    put(&mut all, &*past.key.0);
    put(&mut all, &*past.service);
    put(&mut all, &*past.task_type);
    put(&mut all, &*past.name);
    put(&mut all, past.lane.word());
    put(&mut all, past.state.word());
    put(&mut all, past.outcome.map(Outcome::word));
    put(&mut all, past.reason.as_ref().map(Reason::word));
    put(
        &mut all,
        match &past.reason {
            Some(Reason::NotSent(why)) => Some(why.as_str()),
            _ => None,
        },
    );
    put(&mut all, past.task_id.as_deref());
    put(&mut all, past.scheduled_task_id.as_deref());
    put(&mut all, past.own.map(Own::word));
    put(&mut all, past.hidden);
    put(&mut all, past.heard.timestamp_micros());
    for moment in [past.started, past.ended] {
        put(&mut all, moment.map(|moment| moment.at.timestamp_micros()));
        put(&mut all, moment.map(|moment| moment.exact));
    }
    put(&mut all, past.took.map(|(took, _)| i64::try_from(took.as_micros()).unwrap_or(i64::MAX)));
    put(&mut all, past.took.map(|(_, exact)| exact));
    put(&mut all, past.ename.as_deref());
    put(&mut all, past.evalue.as_deref());
    put(&mut all, record.time.as_deref());
    put(&mut all, record.run_at.as_deref());
    put(&mut all, record.submitted_at.as_deref());
    put(&mut all, record.cancel_wished);
    put(&mut all, past.archived);
    all
}

pub(super) fn utc(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

fn state(word: &str, outcome: Option<Outcome>) -> State {
    match word {
        "ended" if outcome.is_some() => State::Ended,
        "running" => State::Running { starting: false },
        _ => State::Unknown,
    }
}

fn outcome(word: &str) -> Option<Outcome> {
    [Outcome::Ok, Outcome::Failed, Outcome::Cancelled].into_iter().find(|outcome| outcome.word() == word)
}

fn own(word: &str) -> Option<Own> {
    [Own::Direct, Own::Scheduled, Own::Alone].into_iter().find(|own| own.word() == word)
}

fn reason(word: &str, why: Option<Text>) -> Option<Reason> {
    let all = [
        Reason::Interrupted,
        Reason::LinkLost,
        Reason::NotSeen,
        Reason::NeverStarted,
        Reason::ServiceGone,
        Reason::EndMissed,
        Reason::Forgotten,
        Reason::OddReply,
        Reason::NotSent(why.unwrap_or_default().to_string()),
        Reason::PutAway,
        Reason::NoEnd,
    ];
    all.into_iter().find(|reason| reason.word() == word)
}
