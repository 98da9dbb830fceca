//! The history on disk: what was known of tasks when they ended, so that the past is there after a restart.
//!
//! One SQLite file a lab, the person's alone, written by several juicetops at once: a task that two of them saw is one
//! row, whoever knows more fills it, and an outcome is never taken back (`merge`). It holds no secret that a schema
//! or a field's name tells of: whoever writes masks payloads first. It refuses to hurt the program: a full, read-only or damaged disk is a
//! sentence, a damaged file is put aside, one of a newer juicetop is left alone.

mod journal;
mod merge;
mod pack;
mod record;
mod schema;
mod write;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::store::usual::{LARGEST, Run};

pub use journal::{Journal, LetGo, RowId};
pub use record::{Kept, Record, Texts};

/// How much is kept. Documented in `docs/configuration.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tasks older than this are let go.
    pub age: Duration,
    /// Bytes of the file; the oldest tasks are let go first.
    pub bytes: u64,
    /// The largest payload or reply that is kept, in bytes.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { age: Duration::from_secs(180 * 86_400), bytes: 512 * 1024 * 1024, text: 4 * 1024 * 1024 }
    }
}

/// Runs that are read for what is usual, the newest. More would take longer than they help.
const RUNS: usize = 20_000;

/// What the newest runs of a history took, the oldest first, for [`Store::learn`](crate::store::Store::learn).
///
/// # Errors
/// The file cannot be read.
pub fn usual_runs(journal: &Journal) -> Result<Vec<Run>, Trouble> {
    let records = journal.runs(RUNS, LARGEST)?;
    Ok(records.iter().filter_map(|record| Run::of(&record.task())).collect())
}

/// Why the history cannot be used, in words for a person.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is none yet.
    #[error("nothing has been kept yet")]
    Missing,
    /// It is a newer juicetop's.
    #[error(
        "it was written by a newer juicetop (form {found}; this one knows {known}): update juicetop, or move the file away"
    )]
    Newer {
        /// The version found.
        found: i64,
        /// The version of this program.
        known: i64,
    },
    /// The file is damaged, or no history at all.
    #[error("it is damaged ({0})")]
    Damaged(String),
    /// The disk, the folder or the file refuses.
    #[error("{0}")]
    Refused(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Trouble {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly,
        };
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Trouble::Damaged(error.to_string()),
            Some(DiskFull) => Trouble::Refused("the disk is full".to_owned()),
            Some(ReadOnly) => Trouble::Refused("it cannot be written: read-only".to_owned()),
            Some(CannotOpen) => Trouble::Refused("it cannot be opened".to_owned()),
            Some(DatabaseBusy) => Trouble::Refused("another program holds it".to_owned()),
            _ => Trouble::Refused(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        Trouble::Refused(error.to_string())
    }
}
