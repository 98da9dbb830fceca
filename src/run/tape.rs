//! The file of a recording as it is replayed: an index of its lines, which are read when they are needed.
//!
//! A line that cannot be read is told with its number and left out; so is a last one that was cut. It refuses to hold the
//! file in memory, and to write to it.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};

use crate::{
    recording::{Entry, Fault, Head, What, is_eventful, time_of},
    time::Now,
};

/// A longer line is no line of a recording, bytes: the largest message of the bus, escaped.
const LONGEST: usize = 1024 * 1024 * 1024;
/// Lines that are about the recording itself are shorter, bytes.
const SHORT: usize = 120;
/// Bytes that are read at once.
const BLOCK: u64 = 1024 * 1024;

/// Where an entry stands.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Duration,
    offset: u64,
    length: u32,
    line: u32,
    eventful: bool,
}

/// Something that is wrong with one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// From 1.
    pub line: usize,
    /// One phrase.
    pub what: String,
}

/// An opened recording.
#[derive(Debug)]
pub(crate) struct Tape {
    path: PathBuf,
    file: File,
    /// The first line.
    pub head: Head,
    marks: Vec<Mark>,
    /// From which moment on the wall clock began where.
    clocks: Vec<(Duration, DateTime<Utc>)>,
    /// What is wrong with single lines.
    pub wrong: Vec<Wrong>,
    /// It was ended, not cut off.
    pub ended: bool,
}

impl Tape {
    /// Opens a recording and finds its lines.
    ///
    /// # Errors
    /// One sentence with the file (and the line): it cannot be read, or is no recording that this version reads.
    pub(crate) fn open(path: &Path) -> Result<Tape, String> {
        let shown = path.display();
        let unreadable = |error: io::Error| format!("{shown} cannot be read: {error}");
        let file = File::open(path).map_err(unreadable)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(format!("{shown} is no file; a recording is replayed from one"));
        }
        let mut lines = Lines { input: BufReader::with_capacity(1 << 20, &file), offset: 0, line: 0 };
        let first = match lines.next().map_err(unreadable)? {
            None => return Err(format!("{shown} is empty: nothing was recorded")),
            Some(Found::Whole { text, .. } | Found::Open { text, .. }) => text,
            Some(Found::Odd { what, .. }) => {
                return Err(format!("{shown}:1: this is no recording of juicetop: {what}"));
            }
        };
        let head = Head::read(&first).map_err(|fault| format!("{shown}:1: {fault}"))?;
        let start = head.started.to_utc();
        let mut index = Index {
            marks: Vec::new(),
            clocks: vec![(Duration::ZERO, start)],
            wrong: Vec::new(),
            ended: false,
        };
        while let Some(found) = lines.next().map_err(unreadable)? {
            index.take(found);
        }
        let Index { marks, clocks, wrong, ended } = index;
        drop(lines);
        let tape = Tape { path: path.to_owned(), file, head, marks, clocks, wrong, ended };
        match (tape.marks.is_empty(), tape.wrong.first()) {
            (true, Some(wrong)) => {
                Err(format!("{shown}:{}: {}; there is nothing else in it", wrong.line, wrong.what))
            }
            (true, None) => Err(format!("{shown} holds its first line only: nothing was recorded")),
            _ => Ok(tape),
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.marks.len()
    }

    /// When the entry of that number comes.
    pub(crate) fn at(&self, entry: usize) -> Option<Duration> {
        self.marks.get(entry).map(|mark| mark.at)
    }

    /// How long it is.
    pub(crate) fn length(&self) -> Duration {
        self.marks.last().map_or(Duration::ZERO, |mark| mark.at)
    }

    /// How many entries have come by that moment.
    pub(crate) fn by(&self, at: Duration) -> usize {
        self.marks.partition_point(|mark| mark.at <= at)
    }

    /// The next entry from there on that tells of something other than a beating heart.
    pub(crate) fn eventful(&self, from: usize) -> Option<usize> {
        let rest = self.marks.get(from..)?;
        rest.iter().position(|mark| mark.eventful).map(|at| from + at)
    }

    /// That moment on both clocks.
    pub(crate) fn now(&self, at: Duration) -> Now {
        let clock = self.clocks.partition_point(|(from, _)| *from <= at).max(1) - 1;
        Now { mono: at, utc: self.clocks[clock].1 + at }
    }

    /// Reads entries from that number on, some of them at once: at least one, unless it is the end.
    pub(crate) fn read(&self, from: usize, most: usize) -> Vec<Result<Entry, Wrong>> {
        let Some(first) = self.marks.get(from) else { return Vec::new() };
        let end = |mark: &Mark| mark.offset + u64::from(mark.length);
        let marks: Vec<&Mark> = self.marks[from..]
            .iter()
            .take(most.max(1))
            .enumerate()
            .take_while(|(n, mark)| *n == 0 || end(mark) - first.offset <= BLOCK)
            .map(|(_, mark)| mark)
            .collect();
        let size = marks.last().map_or(0, |mark| end(mark) - first.offset);
        let mut block = vec![0; usize::try_from(size).unwrap_or(0)];
        let got = self.file.read_exact_at(&mut block, first.offset);
        let entry = |mark: &&Mark| {
            let wrong = |what: String| Wrong { line: mark.line as usize, what };
            if let Err(error) = &got {
                return Err(wrong(format!("it cannot be read any more: {error}")));
            }
            let start = (mark.offset - first.offset) as usize;
            let bytes = &block[start..start + mark.length as usize];
            let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
            let mut entry = Entry::read(text).map_err(|Fault(what)| wrong(what))?;
            // Times that go back do not take anything back.
            entry.at = mark.at;
            Ok(entry)
        };
        marks.iter().map(entry).collect()
    }

    /// A sentence on something that is wrong with a line.
    pub(crate) fn told(&self, wrong: &Wrong) -> String {
        format!("{}:{}: {}; the line is left out", self.path.display(), wrong.line, wrong.what)
    }

    /// All that is wrong in one sentence; `None`: nothing is known to be.
    pub(crate) fn all_told(&self) -> Option<String> {
        let first = self.wrong.first()?;
        let more = match self.wrong.len() - 1 {
            0 => String::new(),
            1 => ", and so is one more".to_owned(),
            n => format!(", and so are {n} more"),
        };
        Some(format!("{}{more}", self.told(first)))
    }
}

/// What is found of a file, line by line.
struct Index {
    marks: Vec<Mark>,
    clocks: Vec<(Duration, DateTime<Utc>)>,
    wrong: Vec<Wrong>,
    ended: bool,
}

impl Index {
    fn take(&mut self, found: Found) {
        let (offset, line, text) = match found {
            Found::Whole { offset, line, text } => (offset, line, text),
            Found::Open { offset, line, text } if Entry::read(&text).is_ok() => (offset, line, text),
            Found::Open { line, .. } => {
                let what = "the last line is cut, as a sudden end leaves it".to_owned();
                return self.wrong.push(Wrong { line, what });
            }
            Found::Odd { line, what } => return self.wrong.push(Wrong { line, what }),
        };
        let at = match stamped(&text).map_or_else(|| Entry::read(&text).map(|entry| entry.at), Ok) {
            Ok(at) => at,
            Err(Fault(what)) => return self.wrong.push(Wrong { line, what }),
        };
        let last = self.marks.last().map_or(Duration::ZERO, |mark| mark.at);
        let at = at.max(last);
        let place = (u32::try_from(text.len()), u32::try_from(line));
        let (Ok(length), Ok(number)) = place else { return };
        let eventful = is_eventful(&text);
        if !eventful && text.len() < SHORT {
            match Entry::read(&text).map(|entry| entry.what) {
                Ok(What::Clock { utc }) => self.clocks.push((at, utc - at)),
                Ok(What::End) => self.ended = true,
                _ => {}
            }
        }
        self.marks.push(Mark { at, offset, length, line: number, eventful });
    }
}

/// The time of a line that looks whole, without reading all of it.
fn stamped(line: &str) -> Option<Duration> {
    let rest = line.strip_prefix("{\"t\":").filter(|_| line.ends_with('}'))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    rest[digits..].starts_with(",\"").then(|| rest[..digits].parse().ok().and_then(time_of))?
}

/// A line that was found.
enum Found {
    Whole {
        offset: u64,
        line: usize,
        text: String,
    },
    /// The last one, without its end.
    Open {
        offset: u64,
        line: usize,
        text: String,
    },
    /// It is no text, or far too long.
    Odd {
        line: usize,
        what: String,
    },
}

struct Lines<R> {
    input: R,
    offset: u64,
    line: usize,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Option<Found>> {
        loop {
            let offset = self.offset;
            let mut bytes = Vec::new();
            let read = io::Read::take(&mut self.input, LONGEST as u64 + 1).read_until(b'\n', &mut bytes)?;
            if read == 0 {
                return Ok(None);
            }
            self.offset += read as u64;
            self.line += 1;
            let line = self.line;
            let open = bytes.pop_if(|last| *last == b'\n').is_none();
            if open && read > LONGEST {
                self.offset += self.input.skip_until(b'\n')? as u64;
                return Ok(Some(Found::Odd { line, what: "the line is far too long".to_owned() }));
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Ok(Some(match String::from_utf8(bytes) {
                Ok(text) if open => Found::Open { offset, line, text },
                Ok(text) => Found::Whole { offset, line, text },
                Err(_) if open => Found::Open { offset, line, text: String::new() },
                Err(_) => Found::Odd { line, what: "it is not UTF-8".to_owned() },
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"{"juicetop_recording":1,"juicetop":"0.1.0","started":"2026-11-24T22:00:00+01:00"}"#;

    fn open(text: impl AsRef<[u8]>) -> Result<Tape, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        std::fs::write(&path, text).unwrap();
        Tape::open(&path)
    }

    #[test]
    fn what_is_no_recording_is_told_with_file_and_line() {
        let newer = HEAD.replace(":1,", ":9,");
        let cases: [(&[u8], &str); 7] = [
            (b"", "r.jsonl is empty"),
            (b"\n\n", "r.jsonl is empty"),
            (b"hello\n", "r.jsonl:1: this is no recording"),
            (b"\xff\xfe\n", "r.jsonl:1: this is no recording"),
            (newer.as_bytes(), "in form 9"),
            (HEAD.as_bytes(), "nothing was recorded"),
            (&HEAD.as_bytes()[..40], "r.jsonl:1: this is no recording"),
        ];
        for (text, says) in cases {
            let told = open(text).unwrap_err();
            assert!(told.contains(says), "{says}: {told}");
        }
        let told = Tape::open(Path::new("/nowhere/r.jsonl")).unwrap_err();
        assert!(told.contains("/nowhere/r.jsonl cannot be read"), "{told}");
        assert!(Tape::open(Path::new("/")).unwrap_err().contains("no file"));
        let told = open(format!("{HEAD}\nodd\n")).unwrap_err();
        assert!(told.contains("r.jsonl:2: it is no JSON object"), "{told}");
    }

    #[test]
    fn damaged_lines_are_told_and_left_out() {
        let mut text = format!("{HEAD}\n").into_bytes();
        text.extend(b"{\"t\":1000000,\"missed\":1}\n");
        text.extend(b"garbage\n\xff\n\n");
        text.extend(b"{\"t\":2000000,\"missed\":\"x\"}\n");
        text.extend(b"{\"t\":1500000,\"missed\":3}\n");
        // Ages of the world later: no clock shows that.
        text.extend(b"{\"t\":18446744073709551615,\"missed\":4}\n{\"t\":9446744073709551615,\"clock\":\"2026-11-24T22:00:00Z\"}\n");
        text.extend(b"{\"t\":3000000,\"mis");
        let tape = open(text).unwrap();
        let lines: Vec<usize> = tape.wrong.iter().map(|wrong| wrong.line).collect();
        assert_eq!(lines, [3, 4, 8, 9, 10]);
        assert!(tape.wrong[2].what.contains("more than ten years"), "{:?}", tape.wrong);
        assert!(tape.wrong[4].what.contains("cut"), "{:?}", tape.wrong);
        let told = tape.all_told().unwrap();
        assert!(told.contains("r.jsonl:3:") && told.contains("4 more"), "{told}");
        assert!(!tape.ended);
        // One that looks whole is told when it is come to; a time that goes back does not.
        let read = tape.read(0, 10);
        assert_eq!(read.len(), 3);
        let wrong = read[1].as_ref().unwrap_err();
        assert!(wrong.line == 6 && wrong.what.contains("`missed`"), "{wrong:?}");
        assert_eq!(read[2].as_ref().unwrap().at, Duration::from_secs(2));
        assert_eq!((tape.by(Duration::from_secs(1)), tape.by(Duration::from_secs(2))), (1, 3));
    }

    #[test]
    fn a_whole_last_line_needs_no_break() {
        let tape = open(format!("{HEAD}\n{{\"t\":5,\"end\":true}}")).unwrap();
        assert!(tape.ended && tape.wrong.is_empty() && tape.len() == 1);
    }

    #[test]
    fn a_file_that_shrinks_meanwhile_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        std::fs::write(&path, format!("{HEAD}\n{{\"t\":5,\"missed\":1}}\n")).unwrap();
        let tape = Tape::open(&path).unwrap();
        std::fs::write(&path, HEAD).unwrap();
        let wrong = tape.read(0, 1).remove(0).unwrap_err();
        assert!(wrong.what.contains("cannot be read any more"), "{wrong:?}");
    }

    #[test]
    fn heartbeats_are_passed_over() {
        let beat = r#"{"t":1,"in":"bus","parts":["ThrottleStateEvent.x.","{}"]}"#;
        let task = r#"{"t":2,"in":"bus","parts":["TaskEvent.","{}"]}"#;
        let tape = open(format!("{HEAD}\n{beat}\n{beat}\n{task}\n{beat}\n")).unwrap();
        assert_eq!((tape.eventful(0), tape.eventful(2), tape.eventful(3)), (Some(2), Some(2), None));
        assert_eq!(tape.eventful(99), None);
    }
}
