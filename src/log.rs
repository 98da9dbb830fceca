//! The log file: what could not be decoded, what went wrong. Bounded, the person's alone; never on the screen.
//!
//! It refuses to hold what a message says: in a payload there may be a password.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::{clean::Charset, clean::Clean, keep, time::Now};

/// The file is begun anew when it is larger than this; one older one is kept beside it.
const MOST: u64 = 4 * 1024 * 1024;

/// The log. Writing to it never fails aloud: a full disk must not end a night's watch.
#[derive(Debug)]
pub struct Log {
    path: Option<PathBuf>,
    file: Option<File>,
    size: u64,
}

impl Log {
    /// A log in this file; `None`: nowhere.
    pub fn new(path: Option<PathBuf>) -> Log {
        Log { path, file: None, size: 0 }
    }

    /// Where it is.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Writes one line with the time before it. Control characters are written as marks, so that a look at the file
    /// does nothing to a terminal.
    pub fn line(&mut self, text: &str, now: Now) {
        let clean = Clean::line(text, Charset::Unicode);
        let line = format!("{} {clean}\n", now.utc.format("%Y-%m-%dT%H:%M:%S%.3fZ"));
        if self.open().is_err() {
            return;
        }
        if let Some(file) = &mut self.file
            && file.write_all(line.as_bytes()).is_ok()
        {
            self.size += line.len() as u64;
        }
    }

    fn open(&mut self) -> std::io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if self.file.is_some() && self.size < MOST {
            return Ok(());
        }
        keep::folder_of(path)?;
        let old = std::fs::metadata(path).map_or(0, |m| m.len());
        if old >= MOST {
            std::fs::rename(path, path.with_extension("log.1"))?;
        }
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        // One that an earlier version left open to others.
        file.set_permissions(Permissions::from_mode(0o600))?;
        self.size = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_holds_no_control_characters() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/juicetop.log");
        let mut log = Log::new(Some(path.clone()));
        log.line("bad \x1b]0;title\x07 message", Now::at(0.0));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("2026-11-24T21:00:00.000Z bad "), "{text}");
        let private = |path: &Path| !keep::is_open_to_others(path).unwrap();
        assert!(private(&path) && private(path.parent().unwrap()));
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        Log::new(Some(path.clone())).line("of a newer version", Now::at(0.5));
        assert!(private(&path), "it was open to others");
        assert!(!text.trim_end().chars().any(char::is_control), "{text:?}");
        let long = "x".repeat(1 << 20);
        for _ in 0..6 {
            log.line(&long, Now::at(1.0));
        }
        let size = |p: &Path| std::fs::metadata(p).map_or(0, |m| m.len());
        assert!(size(&path) <= MOST + (1 << 21));
        assert!(size(&path.with_extension("log.1")) > 0);
        Log::new(None).line("nowhere", Now::at(0.0));
    }
}
