//! Files that juicetop writes for a person by itself: whole small ones that are replaced, and logs that grow by lines.
//!
//! A file is replaced in one step, so that a reader, a full disk or a sudden end never leaves half of one. Whoever
//! changes a file holds its lock from reading to replacing, so that two juicetops add to each other's. A file that
//! cannot be understood is put aside under another name, never written over. All of it is readable by the person only
//! (0600, folders 0700). It refuses to know what stands in a file; what
//! stands in the log of deeds is [`sent`]'s.

pub mod sent;

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};

/// For how long the lock of another juicetop is waited for: it is held for milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file that could not be understood and where it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutAside {
    /// Its new name.
    pub to: PathBuf,
    /// What was wrong with it.
    pub why: String,
}

impl PutAside {
    /// One sentence about the file of that name.
    pub fn sentence(&self, path: &Path) -> String {
        format!("{} could not be used ({}); it is now {}", path.display(), self.why, self.to.display())
    }
}

/// The text of a file; `None` where there is none.
///
/// # Errors
/// It cannot be read, is larger than `most` bytes, or is not UTF-8.
pub fn read(path: &Path, most: u64) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is larger than {most} bytes")));
    }
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// The last lines of a file that stand within so many bytes, what is no UTF-8 in them replaced.
///
/// # Errors
/// It cannot be read.
pub fn end_of(path: &Path, most: u64) -> io::Result<String> {
    use std::io::{Seek, SeekFrom};
    let mut file = File::open(path)?;
    let skipped = file.metadata()?.len().saturating_sub(most);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line is most likely the end of one.
    let whole = if skipped > 0 { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    Ok(whole.to_owned())
}

/// Changes a file under its lock: `change` gets what stands in it now (`None`: nothing) and gives what is to stand in it.
/// Where `change` says that it cannot understand the text, or it is no text of at most `most` bytes, the file is put aside
/// and `change` is asked again with `None`.
///
/// # Errors
/// The file, its folder or its lock cannot be read or written, or another program holds the lock for too long; then
/// everything is as it was.
pub fn change(
    path: &Path,
    most: u64,
    mut change: impl FnMut(Option<&str>) -> Result<String, String>,
) -> io::Result<Option<PutAside>> {
    folder_of(path)?;
    let _lock = lock(&beside(path, ".lock"))?;
    let (now, mut wrong) = match read(path, most) {
        Ok(now) => (now, None),
        Err(e) if e.kind() == io::ErrorKind::InvalidData => (None, Some(e.to_string())),
        Err(e) => return Err(e),
    };
    let mut wanted = None;
    if wrong.is_none() {
        match change(now.as_deref()) {
            Ok(text) => wanted = Some(text),
            Err(why) => wrong = Some(why),
        }
    }
    let aside = match wrong {
        Some(why) => Some(PutAside { to: put_aside(path)?, why }),
        None => None,
    };
    let text = match wanted {
        Some(text) => text,
        None => change(None).map_err(io::Error::other)?,
    };
    if now.as_deref() != Some(text.as_str()) || aside.is_some() {
        replace(path, text.as_bytes())?;
    }
    Ok(aside)
}

/// Puts `bytes` in place of a file, or makes it; its folder too. Who reads it sees the old or the new, never a part.
///
/// # Errors
/// It cannot be written; the old one is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    // Made with 0600 from the start.
    let mut file = tempfile::Builder::new().prefix(".juicetop-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    // The name must not reach the disk before what it names.
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// Adds one line, under the lock, so that lines of two programs do not mix; it is with the system when this returns. A
/// file of `most` bytes or more is renamed to `NAME.1` first; the one before it goes.
///
/// # Errors
/// It cannot be written.
pub fn append(path: &Path, line: &str, most: u64) -> io::Result<()> {
    folder_of(path)?;
    // Held to the end: somebody else's line that is half in the file would look like one that a full disk cut.
    let _lock = lock(&beside(path, ".lock"))?;
    if fs::metadata(path).is_ok_and(|m| m.len() >= most) {
        fs::rename(path, beside(path, ".1"))?;
    }
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let mut whole = String::with_capacity(line.len() + 1);
    // A full disk may have cut the last line of somebody: then it ends here.
    if !ends_with_line(path) {
        whole.push('\n');
    }
    whole.push_str(line);
    whole.push('\n');
    // One call: `write_all` would go on in a second one after a short write, which for a file means that the disk is full.
    let written = file.write(whole.as_bytes())?;
    if written < whole.len() {
        return Err(io::Error::new(io::ErrorKind::StorageFull, "only a part of the line could be written"));
    }
    Ok(())
}

fn ends_with_line(path: &Path) -> bool {
    let last = || -> io::Result<bool> {
        use std::io::{Seek, SeekFrom};
        let mut file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(true);
        }
        file.seek(SeekFrom::End(-1))?;
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        Ok(byte == *b"\n")
    };
    last().unwrap_or(true)
}

/// Renames a file to `NAME.damaged`, or the first `NAME.damaged-N` that is free; gives that name.
///
/// # Errors
/// It cannot be renamed.
pub fn put_aside(path: &Path) -> io::Result<PathBuf> {
    for n in 1..1000 {
        let to = beside(path, &if n == 1 { ".damaged".to_owned() } else { format!(".damaged-{n}") });
        // A link to the same file fails where the name is taken; a rename would write over it.
        match fs::hard_link(path, &to) {
            Ok(()) => {
                fs::remove_file(path)?;
                return Ok(to);
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            // Some network file systems know no hard links.
            Err(_) if !to.exists() => {
                fs::rename(path, &to)?;
                return Ok(to);
            }
            Err(_) => {}
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "a thousand damaged files are there already"))
}

/// The folder of a file, made if it is not there. One of juicetop's own is closed to others.
///
/// # Errors
/// It cannot be made.
pub fn folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    } else if folder.ends_with("juicetop") && is_open_to_others(folder)? {
        // Another's, or a file system without permissions: then what stands in it is closed all the same.
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    }
    Ok(folder)
}

/// The file with that ending behind its name.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(ending);
    path.with_file_name(name)
}

/// Holds a lock until the file is dropped. The lock's file stays: removing it would let two in at once.
fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let pause = Duration::from_millis(10);
    let mut left = PATIENCE;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if left > Duration::ZERO => {
                std::thread::sleep(pause);
                left = left.saturating_sub(pause);
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let what = format!("another program holds {}", path.display());
                return Err(io::Error::new(io::ErrorKind::WouldBlock, what));
            }
            // A file system without locks: better to write without one than not at all.
            Err(rustix::io::Errno::NOLCK | rustix::io::Errno::NOTSUP | rustix::io::Errno::NOSYS) => {
                return Ok(file);
            }
            Err(e) => return Err(e.into()),
        }
    }
}

/// Tells other programs that something goes on: the file is locked for as long as this lives, however it ends.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    _lock: File,
}

impl Held {
    /// Makes that file and locks it.
    ///
    /// # Errors
    /// It cannot be written, or another program holds it.
    pub fn new(path: PathBuf) -> io::Result<Held> {
        folder_of(&path)?;
        let lock = lock(&path)?;
        Ok(Held { path, _lock: lock })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // What is left behind is only an empty file.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether a program holds that file. One that a killed program left is removed.
pub fn is_held(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return false };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => true,
        Ok(()) => {
            let _ = fs::remove_file(path);
            false
        }
        // A file system without locks.
        Err(_) => false,
    }
}

/// Whether others than the owner may read a file.
///
/// # Errors
/// It cannot be looked at.
pub fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_belongs_to_the_person_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/drafts.json");
        assert_eq!(read(&path, 10).unwrap(), None);
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path, 10).unwrap().as_deref(), Some("two"));
        assert!(!is_open_to_others(&path).unwrap());
        assert!(!is_open_to_others(path.parent().unwrap()).unwrap());
        // Nothing is left beside it.
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(read(&path, 2).is_err());
    }

    #[test]
    fn a_folder_of_ours_is_closed_to_others_and_no_other_one() {
        let home = tempfile::tempdir().unwrap();
        for (name, closed) in [("juicetop", true), ("results", false)] {
            let folder = home.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
            replace(&folder.join("drafts.json"), b"{}").unwrap();
            assert_eq!(is_open_to_others(&folder).unwrap(), !closed, "{name}");
        }
    }

    #[test]
    fn changes_of_many_at_once_all_arrive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept.json");
        std::thread::scope(|scope| {
            for who in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for n in 0..10 {
                        let add = |now: Option<&str>| Ok(format!("{}{who}.{n} ", now.unwrap_or("")));
                        assert_eq!(change(path, 10_000, add).unwrap(), None);
                    }
                });
            }
        });
        let all = read(&path, 10_000).unwrap().unwrap();
        assert_eq!(all.split_whitespace().count(), 80, "{all}");
    }

    #[test]
    fn what_cannot_be_understood_is_put_aside_and_never_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept.json");
        let careful = |now: Option<&str>| match now {
            None => Ok("new".to_owned()),
            Some("new") => Ok("newer".to_owned()),
            Some(_) => Err("it is no list".to_owned()),
        };
        fs::write(&path, "damaged one").unwrap();
        let first = change(&path, 100, careful).unwrap().unwrap();
        assert_eq!(first.why, "it is no list");
        assert_eq!(fs::read_to_string(&first.to).unwrap(), "damaged one");
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(change(&path, 100, careful).unwrap(), None);
        assert_eq!(fs::read_to_string(&path).unwrap(), "newer");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        let second = change(&path, 100, careful).unwrap().unwrap();
        assert_ne!(second.to, first.to);
        assert_eq!(fs::read(&second.to).unwrap(), [0xff, 0xfe]);
        assert_eq!(fs::read_to_string(&first.to).unwrap(), "damaged one");
        fs::write(&path, "x".repeat(101)).unwrap();
        assert!(change(&path, 100, careful).unwrap().is_some(), "too large is put aside as well");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error_and_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file/kept.json");
        fs::write(folder.path().join("file"), "no folder").unwrap();
        assert!(change(&path, 100, |_| Ok("x".to_owned())).is_err());
        assert!(append(&path, "x", 100).is_err());
        assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "no folder");
    }

    #[test]
    fn a_held_lock_is_waited_for_and_then_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept.json");
        let held = lock(&beside(&path, ".lock")).unwrap();
        let error = change(&path, 100, |_| Ok("x".to_owned())).unwrap_err();
        assert!(error.to_string().contains("kept.json.lock"), "{error}");
        drop(held);
        assert_eq!(change(&path, 100, |_| Ok("x".to_owned())).unwrap(), None);
    }

    #[test]
    fn lines_of_many_do_not_mix_and_the_file_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        std::thread::scope(|scope| {
            for who in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..50 {
                        append(path, &who.to_string().repeat(100), 1 << 20).unwrap();
                    }
                });
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 200);
        for line in text.lines() {
            assert!(line.len() == 100 && line.bytes().all(|b| b == line.as_bytes()[0]), "{line}");
        }
        assert!(!is_open_to_others(&path).unwrap());
        append(&path, "after", 1000).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after\n");
        assert_eq!(fs::read_to_string(folder.path().join("sent.jsonl.1")).unwrap(), text);
    }

    #[test]
    fn a_line_that_was_cut_does_not_swallow_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        fs::write(&path, "{\"half").unwrap();
        append(&path, "{}", 1000).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"half\n{}\n");
    }
}
