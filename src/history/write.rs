//! Writing into the file: which row a record belongs to, and what it adds to it.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Transaction, params, params_from_iter};

use super::{
    Trouble,
    journal::{RowId, read_row},
    merge::{is_same_run, merged},
    pack::pack,
    record::{Kept, Record, Texts},
    schema::{self, COLUMNS, COUNT},
};
use crate::{store::TaskKey, wire::Text};

pub(super) fn next_change(tx: &Transaction<'_>) -> Result<i64, Trouble> {
    let mut statement =
        tx.prepare_cached("UPDATE about SET value = value + 1 WHERE name = 'change' RETURNING value")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// The ids by which a record is found.
fn ids(record: &Record) -> Vec<Text> {
    let past = &record.past;
    let mut ids: Vec<Text> = past.task_id.iter().chain(&past.scheduled_task_id).cloned().collect();
    ids.push(past.key.0.clone());
    // A second run's key is the id and `#2`.
    if let Some((id, run)) = past.key.0.rsplit_once('#')
        && !run.is_empty()
        && run.bytes().all(|b| b.is_ascii_digit())
    {
        ids.push(id.into());
    }
    ids.sort();
    ids.dedup();
    ids
}

/// Writes one record; gives its row.
pub(super) fn put(
    tx: &Transaction<'_>,
    known: Option<RowId>,
    record: Record,
    change: i64,
) -> Result<RowId, Trouble> {
    let mut there = None;
    if let Some(row) = known {
        there = read_row(tx, row)?.map(|found| (row, found));
    }
    let ids = ids(&record);
    let scheduled = record.past.scheduled_task_id.clone();
    if there.is_none() {
        let mut statement = tx.prepare_cached("SELECT row FROM name WHERE id = ?1 ORDER BY row DESC")?;
        'ids: for id in &ids {
            let rows: Vec<RowId> =
                statement.query_map([&**id], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for row in rows {
                let Some(found) = read_row(tx, row)? else { continue };
                if is_same_run(&found, &record) {
                    there = Some((row, found));
                    break 'ids;
                }
            }
        }
    }
    let row = match there {
        Some((row, found)) => {
            let wanted = merged(found.clone(), record);
            if (Record { texts: Texts::default(), ..wanted.clone() }) != found {
                update(tx, row, &wanted, change)?;
            }
            put_texts(tx, row, &wanted.texts)?;
            row
        }
        None => insert(tx, record, change)?,
    };
    // Two programs may have begun a row each, one by the task's id and one by the scheduler's, before either knew both.
    if let Some(id) = scheduled {
        let mut statement = tx.prepare_cached("SELECT row FROM name WHERE id = ?1 AND row != ?2")?;
        let others: Vec<RowId> =
            statement.query_map(params![&*id, row], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for other in others {
            let is_it = |found: &Record| found.past.scheduled_task_id.as_ref() == Some(&id);
            if read_row(tx, other)?.as_ref().is_some_and(is_it) {
                take_in(tx, other, row, change)?;
            }
        }
    }
    let mut name = tx.prepare_cached("INSERT OR IGNORE INTO name (id, row) VALUES (?1, ?2)")?;
    for id in &ids {
        name.execute(params![&**id, row])?;
    }
    Ok(row)
}

fn insert(tx: &Transaction<'_>, mut record: Record, change: i64) -> Result<RowId, Trouble> {
    let mut taken = tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM name JOIN task USING (row) WHERE name.id = ?1 AND task.key = ?1)",
    )?;
    let wish = record.past.key.0.clone();
    let mut run = 1;
    while taken.query_row([&*record.past.key.0], |row| row.get(0))? {
        run += 1;
        record.past.key = TaskKey(format!("{wish}#{run}").into());
    }
    let marks = "?, ".repeat(COUNT);
    let sql = format!("INSERT INTO task ({COLUMNS}, change) VALUES ({marks}?)");
    let mut values = schema::values(&record);
    values.push(Box::new(change));
    tx.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    let row = tx.last_insert_rowid();
    if run > 1 {
        tx.prepare_cached("INSERT OR IGNORE INTO name (id, row) VALUES (?1, ?2)")?
            .execute(params![&*record.past.key.0, row])?;
    }
    put_texts(tx, row, &record.texts)?;
    Ok(row)
}

fn update(tx: &Transaction<'_>, row: RowId, record: &Record, change: i64) -> Result<(), Trouble> {
    let marks = "?, ".repeat(COUNT);
    let sql = format!("UPDATE task SET ({COLUMNS}, change) = ({marks}?) WHERE row = ?");
    let mut values = schema::values(record);
    values.push(Box::new(change));
    values.push(Box::new(row));
    tx.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
}

/// Writes the texts that are not there yet.
fn put_texts(tx: &Transaction<'_>, row: RowId, texts: &Texts) -> Result<(), Trouble> {
    let mut there = tx.prepare_cached(
        "SELECT payload_bytes IS NOT NULL, metadata_bytes IS NOT NULL, reply_bytes IS NOT NULL FROM texts WHERE row = ?1",
    )?;
    let there: Option<[bool; 3]> =
        there.query_row([row], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).optional()?;
    let (is_row, [payload, metadata, reply]) = (there.is_some(), there.unwrap_or_default());
    let new = |kept: &Option<Kept>, there: bool| kept.clone().filter(|_| !there);
    let new = [new(&texts.payload, payload), new(&texts.metadata, metadata), new(&texts.reply, reply)];
    if new.iter().all(Option::is_none) {
        return Ok(());
    }
    let masked = new[0].is_some() && texts.masked;
    let blob = |kept: &Option<Kept>| kept.as_ref().and_then(Kept::text).map(|text| pack(text));
    let bytes = |kept: &Option<Kept>| {
        kept.as_ref().map(|kept| match kept {
            Kept::Text(text) => text.len() as i64,
            Kept::TooLarge(bytes) => *bytes as i64,
        })
    };
    let [payload, metadata, reply] = &new;
    let sql = match is_row {
        false => {
            "INSERT INTO texts (row, masked, payload, payload_bytes, metadata, metadata_bytes, reply, reply_bytes) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        }
        true => {
            "UPDATE texts SET masked = masked OR ?2, payload = coalesce(payload, ?3), \
             payload_bytes = coalesce(payload_bytes, ?4), metadata = coalesce(metadata, ?5), \
             metadata_bytes = coalesce(metadata_bytes, ?6), reply = coalesce(reply, ?7), \
             reply_bytes = coalesce(reply_bytes, ?8) WHERE row = ?1"
        }
    };
    tx.prepare_cached(sql)?.execute(params![
        row,
        masked,
        blob(payload),
        bytes(payload),
        blob(metadata),
        bytes(metadata),
        blob(reply),
        bytes(reply)
    ])?;
    Ok(())
}

/// Two keys of the store are one task: so are their rows.
pub(super) fn join(
    tx: &Transaction<'_>,
    rows: &mut HashMap<TaskKey, RowId>,
    old: &TaskKey,
    new: &TaskKey,
    change: i64,
) -> Result<(), Trouble> {
    let Some(from) = rows.remove(old) else { return Ok(()) };
    let Some(&into) = rows.get(new).filter(|into| **into != from) else {
        rows.insert(new.clone(), from);
        return Ok(());
    };
    take_in(tx, from, into, change)
}

/// The task of one row turns out to be that of another one, which has all of it from now on.
fn take_in(tx: &Transaction<'_>, from: RowId, into: RowId, change: i64) -> Result<(), Trouble> {
    let (Some(gone), Some(kept)) = (read_row(tx, from)?, read_row(tx, into)?) else { return Ok(()) };
    update(tx, into, &merged(kept, gone), change)?;
    tx.execute("UPDATE OR IGNORE name SET row = ?2 WHERE row = ?1", [from, into])?;
    // The other one's texts, or what these lack of them.
    tx.execute("UPDATE OR IGNORE texts SET row = ?2 WHERE row = ?1", [from, into])?;
    for columns in ["payload, payload_bytes, masked", "metadata, metadata_bytes", "reply, reply_bytes"] {
        let (column, _) = columns.split_once(',').unwrap_or_default();
        tx.execute(
            &format!(
                "UPDATE texts SET ({columns}) = (SELECT {columns} FROM texts WHERE row = ?1) WHERE row = ?2 AND \
                 {column}_bytes IS NULL AND EXISTS (SELECT 1 FROM texts WHERE row = ?1)"
            ),
            [from, into],
        )?;
    }
    tx.execute("DELETE FROM name WHERE row = ?1", [from])?;
    tx.execute("DELETE FROM texts WHERE row = ?1", [from])?;
    tx.execute("DELETE FROM task WHERE row = ?1", [from])?;
    tx.execute("UPDATE about SET value = value + 1 WHERE name = 'pruned'", [])?;
    Ok(())
}
