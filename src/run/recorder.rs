//! The recording's thread: it writes what it is given line by line, so that no disk delays a key.
//!
//! It never writes over a file, and the file is the person's alone. A disk that is full, or far too slow, ends the
//! recording and nothing else: that is told, and what was written until then is whole lines. It refuses to wait for
//! anybody.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    time::Duration,
};

use chrono::{DateTime, Local, Utc};

use super::worker::Worker;
use crate::{
    app::session::Outgoing,
    fault,
    memory::{Held, Memory},
    recording::{Entry, Head, Redactor, What, moment},
    store::TaskKey,
    time::Now,
    wire::{
        Text,
        link::{Frame, Incoming},
    },
};

/// What an entry weighs beside its text, bytes.
const OVERHEAD: usize = 200;
/// A wall clock that differs by more than this from what it should show was set.
const DRIFT: Duration = Duration::from_millis(500);

/// What the thread has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// So many bytes are written.
    Size(u64),
    /// The recording has ended: why, and what is with it.
    Ended(String),
}

/// The thread, and the way to it.
#[derive(Debug)]
pub(crate) struct Recorder {
    worker: Worker<Entry>,
    /// The weight of what waits for the disk.
    waiting: Arc<Mutex<Held>>,
    /// How much may wait: many seconds of the busiest lab.
    most: usize,
    /// It has ended: nothing is written any more.
    over: Arc<AtomicBool>,
    /// The disk was too slow.
    late: Arc<AtomicBool>,
    /// The wall clock at the beginning, as the entries' times count from there.
    start: DateTime<Utc>,
    /// The message itself was given just now: what was read from it need not be.
    raw: bool,
}

impl Recorder {
    /// Begins a recording in a new file; `redact`: what was measured and asked for is left out. What waits for the disk
    /// is weighed in `memory`. What it has to tell goes to `told`, from another thread.
    ///
    /// # Errors
    /// One sentence: the file is there already, or cannot be made.
    pub(crate) fn start(
        path: &Path,
        head: &Opening,
        redact: bool,
        memory: &Memory,
        now: Now,
        told: impl Fn(Told) + Send + 'static,
    ) -> Result<Recorder, String> {
        let shown = path.display().to_string();
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("nothing is recorded: {shown} is there already, and no file is written over; name another one, or move it away")
            }
            _ => format!("nothing is recorded: {shown} cannot be made: {error}"),
        })?;
        let start = now.utc - now.mono;
        let mut writer = Writer {
            file,
            path: path.to_owned(),
            written: 0,
            whole: 0,
            buffer: Vec::new(),
            redactor: redact.then(Redactor::default),
        };
        let head = head.at(start);
        let line = writer.redactor.as_mut().map_or_else(|| head.write(), |r| r.head(&head).write());
        writer.line(&line);
        writer.flush().map_err(|error| {
            let _ = std::fs::remove_file(path);
            format!("nothing is recorded: {shown} cannot be written: {error}")
        })?;
        let (over, late): (Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        let (waiting, most) = (Arc::new(Mutex::new(memory.hold(0))), memory.recording());
        let (open, ended, slow) = (waiting.clone(), over.clone(), late.clone());
        let worker = Worker::start("recorder", move |todo| {
            if let Err(error) = writer.work(todo, &open, most, &slow, &told) {
                ended.store(true, Ordering::Relaxed);
                told(Told::Ended(writer.give_up(&error)));
                // Whoever still gives something does not wait for it.
                todo.iter().for_each(|entry| {
                    weigh(&open, |bytes| bytes.saturating_sub(weight(&entry.what)));
                });
            }
        });
        let worker = worker.map_err(|error| format!("nothing is recorded: {error}"))?;
        Ok(Recorder { worker, waiting, most, over, late, start, raw: false })
    }

    /// Writes what came from the connections.
    pub(crate) fn heard(&mut self, incoming: &Incoming, now: Now) {
        let after_raw = std::mem::take(&mut self.raw);
        let what = match incoming {
            Incoming::Raw { line, frame } => {
                self.raw = true;
                What::In { line: line.clone(), frame: frame.clone() }
            }
            Incoming::Bus(_) | Incoming::Bad { .. } if after_raw => return,
            Incoming::Bus(_) | Incoming::Looked => return,
            Incoming::Reply { line, reply } => {
                What::In { line: line.clone(), frame: Frame::Text(reply.text.clone()) }
            }
            Incoming::Link { line, state } => What::Link { line: line.clone(), state: state.clone() },
            Incoming::Sent { id } => What::Sent { id: id.clone() },
            Incoming::Withdrawn { id } => What::Withdrawn { id: id.clone() },
            Incoming::Unsent { id, why } => What::Unsent { id: id.clone(), why: why.as_str().into() },
            Incoming::Bad { line, why, length, .. } => {
                What::Bad { line: line.clone(), why: why.as_str().into(), length: *length as u64 }
            }
            Incoming::Missed { count } => What::Missed { count: *count },
        };
        self.give(what, now);
    }

    /// Writes what goes out.
    pub(crate) fn sent(&mut self, out: &Outgoing, now: Now) {
        self.give(What::Out { line: out.line.clone(), text: out.text.as_str().into() }, now);
    }

    /// Writes that the person has put a task away.
    pub(crate) fn put_away(&mut self, key: &TaskKey, now: Now) {
        self.give(What::PutAway { key: key.0.clone() }, now);
    }

    /// Writes that it ends, if it has not ended by itself.
    pub(crate) fn end(&mut self, now: Now) {
        self.give(What::End, now);
    }

    fn give(&mut self, what: What, now: Now) {
        if self.over.load(Ordering::Relaxed) {
            return;
        }
        let off = now.utc - (self.start + now.mono);
        if off.abs().to_std().is_ok_and(|off| off > DRIFT) {
            self.start = now.utc - now.mono;
            self.push(What::Clock { utc: now.utc }, now);
        }
        self.push(what, now);
    }

    fn push(&mut self, what: What, now: Now) {
        let size = weight(&what);
        // A single message may be larger.
        if weigh(&self.waiting, |bytes| bytes + size) > self.most {
            self.over.store(true, Ordering::Relaxed);
            self.late.store(true, Ordering::Relaxed);
        }
        self.worker.give(Entry { at: moment(now.mono), what });
    }
}

/// Changes the weight of what waits; what it was before.
fn weigh(waiting: &Mutex<Held>, change: impl FnOnce(usize) -> usize) -> usize {
    let mut held = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let before = held.bytes();
    held.set(change(before));
    before
}

/// Roughly what an entry takes while it waits.
fn weight(what: &What) -> usize {
    OVERHEAD
        + match what {
            What::In { frame, .. } => frame.bytes().len(),
            What::Out { text, .. } => text.len(),
            _ => 0,
        }
}

/// What the first line tells of the lab.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// Its name.
    pub lab: String,
    /// Where it is.
    pub address: String,
    /// Its services.
    pub services: Vec<Text>,
}

impl Opening {
    fn at(&self, start: DateTime<Utc>) -> Head {
        Head {
            juicetop: env!("CARGO_PKG_VERSION").into(),
            started: start.with_timezone(&Local).fixed_offset(),
            lab: self.lab.as_str().into(),
            address: self.address.as_str().into(),
            services: self.services.clone(),
            redacted: false,
        }
    }
}

/// The thread's side.
struct Writer {
    file: File,
    path: PathBuf,
    /// Bytes of the file, and those of its whole lines.
    written: u64,
    whole: u64,
    buffer: Vec<u8>,
    redactor: Option<Redactor>,
}

/// Bytes that go to the file at once.
const BLOCK: usize = 256 * 1024;

impl Writer {
    fn work(
        &mut self,
        todo: &Receiver<Entry>,
        waiting: &Mutex<Held>,
        most: usize,
        late: &AtomicBool,
        told: &dyn Fn(Told),
    ) -> io::Result<()> {
        let mut said = String::new();
        for entry in todo {
            fault::here("recorder");
            for entry in std::iter::once(entry).chain(todo.try_iter()) {
                let size = weight(&entry.what);
                let entry = self.redactor.as_mut().map_or(entry.clone(), |redactor| redactor.entry(&entry));
                self.line(&entry.write());
                weigh(waiting, |bytes| bytes.saturating_sub(size));
                if self.buffer.len() >= BLOCK {
                    self.flush()?;
                }
            }
            self.flush()?;
            if late.load(Ordering::Relaxed) {
                let why = format!("the disk was {} MB behind", most / 1_000_000);
                return Err(io::Error::other(why));
            }
            let size = crate::app::document::bytes(usize::try_from(self.written).unwrap_or(usize::MAX));
            if size != said {
                told(Told::Size(self.written));
                said = size;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str) {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.push(b'\n');
    }

    /// Writes what is in the buffer: whole lines.
    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.whole = self.written;
        self.buffer.clear();
        Ok(())
    }

    /// Ends the file with its last whole line, and says what happened.
    fn give_up(&mut self, error: &io::Error) -> String {
        let path = self.path.display();
        let good = match self.file.set_len(self.whole) {
            Ok(()) => "what stands in it is good",
            Err(_) => "its last line may be cut",
        };
        format!("the recording has stopped: {path}: {error}; {good}")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::{
        run::tape::Tape,
        wire::{
            bus,
            frame::Reply,
            link::{Line, LinkState},
        },
    };

    fn opening() -> Opening {
        Opening { lab: "cryo".into(), address: "ws://lab".into(), services: vec!["fridge".into()] }
    }

    fn start(path: &Path, redact: bool) -> Result<Recorder, String> {
        Recorder::start(path, &opening(), redact, &Memory::default(), Now::at(1.0), |_| {})
    }

    /// One of each kind, as the connections give them.
    fn talk(recorder: &mut Recorder) -> Vec<Incoming> {
        let frame =
            Frame::Binary(bus::encode("TaskEvent.", r#"{"task_id": "a", "task_target": "lab"}"#).into());
        let odd = Frame::Binary(b"\x00\xff odd".as_slice().into());
        let reply = Reply::parse(r#"{"id": "a", "status": "ok", "result": "s3cr3t"}"#.into()).unwrap();
        let heard = vec![
            Incoming::Link { line: Line::Bus, state: LinkState::Live },
            Incoming::Raw { line: Line::Bus, frame: frame.clone() },
            frame.read(&Line::Bus),
            Incoming::Raw { line: Line::Bus, frame: odd.clone() },
            odd.read(&Line::Bus),
            Incoming::Reply { line: Line::Router, reply },
            // A fault of the connection has no message.
            Incoming::bad(&Line::Router, "broken off", 0),
            Incoming::Missed { count: 7 },
        ];
        for (n, incoming) in heard.iter().enumerate() {
            recorder.heard(incoming, Now::at(2.0 + n as f64));
        }
        heard
    }

    #[test]
    fn what_came_in_is_read_again_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut recorder = start(&path, false).unwrap();
        talk(&mut recorder);
        let out = Outgoing { line: Line::Router, id: "b".into(), text: "{}".into() };
        recorder.sent(&out, Now::at(20.0));
        recorder.end(Now::at(21.0));
        drop(recorder);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it is the person's alone");
        let tape = Tape::open(&path).unwrap();
        assert!(tape.ended && tape.wrong.is_empty());
        assert_eq!((&*tape.head.lab, &tape.head.services[..]), ("cryo", &["fridge".into()][..]));
        let mut entries = Vec::new();
        while entries.len() < tape.len() {
            entries.extend(tape.read(entries.len(), 3));
        }
        let entries: Vec<Entry> = entries.into_iter().map(Result::unwrap).collect();
        let frames: Vec<&[u8]> = entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::In { frame, .. } => Some(frame.bytes()),
                _ => None,
            })
            .collect();
        assert_eq!(frames.len(), 3, "each message once: {entries:?}");
        assert_eq!(frames[1], b"\x00\xff odd");
        assert!(frames[2].ends_with(b"\"s3cr3t\"}"));
        assert!(matches!(&entries[4].what, What::Bad { why, .. } if &**why == "broken off"));
        assert!(matches!(entries.last().unwrap().what, What::End));
        assert_eq!(entries[0].at, Duration::from_secs(2));
        assert_eq!(tape.now(entries[0].at).utc, Now::at(2.0).utc);
    }

    #[test]
    fn no_file_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, "mine").unwrap();
        let told = start(&path, false).err().unwrap();
        assert!(told.contains("is there already") && told.contains("a.jsonl"), "{told}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        let told = start(&folder.path().join("no/such/a.jsonl"), false).err().unwrap();
        assert!(told.contains("cannot be made"), "{told}");
    }

    #[test]
    fn a_cleaned_recording_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut recorder = start(&path, true).unwrap();
        talk(&mut recorder);
        drop(recorder);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            !text.contains("s3cr3t") && !text.contains("cryo") && text.contains("\"redacted\":true"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 7, "{text}");
    }

    #[test]
    fn a_full_disk_ends_the_recording_with_its_last_whole_line() {
        let (told, heard) = std::sync::mpsc::channel();
        // Whatever is written there meets a full disk.
        let full = Recorder::start(
            Path::new("/dev/full"),
            &opening(),
            false,
            &Memory::default(),
            Now::at(0.0),
            |_| {},
        );
        assert!(full.is_err_and(|why| why.contains("is there already")));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let writer = Writer {
            file: OpenOptions::new().write(true).open("/dev/full").unwrap(),
            path: path.clone(),
            written: 0,
            whole: 0,
            buffer: Vec::new(),
            redactor: None,
        };
        let (give, todo) = std::sync::mpsc::channel();
        give.send(Entry { at: Duration::ZERO, what: What::End }).unwrap();
        drop(give);
        let mut writer = writer;
        let tell = move |said| told.send(said).unwrap();
        let waiting = Mutex::new(Memory::default().hold(1000));
        let error = writer.work(&todo, &waiting, 1000, &AtomicBool::new(false), &tell).unwrap_err();
        assert!(heard.try_recv().is_err());
        let told = writer.give_up(&error);
        assert!(told.contains("has stopped") && told.contains("a.jsonl"), "{told}");
    }

    #[test]
    fn what_waits_for_a_slow_disk_is_weighed_and_too_much_of_it_ends_the_recording() {
        let memory = Memory::default();
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let worker = Worker::start("slow", move |todo: &Receiver<Entry>| {
            let _ = gate.recv();
            todo.iter().for_each(drop);
        });
        let mut recorder = Recorder {
            worker: worker.unwrap(),
            waiting: Arc::new(Mutex::new(memory.hold(0))),
            most: 3_000_000,
            over: Arc::default(),
            late: Arc::default(),
            start: Now::at(0.0).utc,
            raw: false,
        };
        let raw =
            |bytes: usize| Incoming::Raw { line: Line::Bus, frame: Frame::Binary(vec![0; bytes].into()) };
        for n in 1..=4 {
            recorder.heard(&raw(1_000_000), Now::at(1.0));
            assert_eq!(memory.held(), n * (1_000_000 + OVERHEAD));
        }
        recorder.heard(&raw(1_000_000), Now::at(1.0));
        assert!(recorder.over.load(Ordering::Relaxed) && recorder.late.load(Ordering::Relaxed));
        let before = memory.held();
        recorder.heard(&raw(1_000_000), Now::at(1.0));
        assert_eq!(memory.held(), before, "nothing more is taken");
        drop(go);
        drop(recorder);
        assert_eq!(memory.held(), 0);
    }

    #[test]
    fn a_clock_that_was_set_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut recorder = start(&path, false).unwrap();
        recorder.heard(&Incoming::Missed { count: 1 }, Now::at(2.0));
        let later = Now { utc: Now::at(3.0).utc + Duration::from_secs(3600), ..Now::at(3.0) };
        recorder.heard(&Incoming::Missed { count: 2 }, later);
        drop(recorder);
        let tape = Tape::open(&path).unwrap();
        assert_eq!(tape.now(Duration::from_secs(2)).utc, Now::at(2.0).utc);
        assert_eq!(tape.now(Duration::from_secs(4)).utc, Now::at(3604.0).utc);
    }
}
