//! `replay --redact`: a recording without what was measured, asked for or said, on standard output.
//!
//! What cannot be read of it is told and left out. It refuses to show anything: the screen is `run`'s.

use super::{
    End, OK,
    args::ReplayArgs,
    out::{self, Out},
};
use crate::{recording::Redactor, run::tape::Tape};

/// Entries that are read at once.
const SLICE: usize = 1_000;

/// Cleans a recording.
///
/// # Errors
/// It cannot be read, or nobody reads what is printed.
pub fn clean(args: &ReplayArgs, out: &Out) -> Result<u8, End> {
    let tape = Tape::open(&args.file).map_err(End::misuse)?;
    tape.wrong.iter().for_each(|wrong| out::say(&tape.told(wrong)));
    let mut redactor = Redactor::default();
    out.line(&out.json(&redactor.head(&tape.head).write()))?;
    let mut next = 0;
    while next < tape.len() {
        let entries = tape.read(next, SLICE);
        next += entries.len();
        let mut lines = String::new();
        for entry in entries {
            match entry {
                Ok(entry) => {
                    lines.push_str(&redactor.entry(&entry).write());
                    lines.push('\n');
                }
                Err(wrong) => out::say(&tape.told(&wrong)),
            }
        }
        out.bytes(out.json(&lines).as_bytes())?;
    }
    Ok(OK)
}
