//! A process with a time limit, bounded output, and nothing left of it afterwards.

use std::{
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::time::Clock;

/// How often it is looked whether the process has ended or is to be stopped.
const LOOK: Duration = Duration::from_millis(20);
/// How long output that is under way may still come after the process has ended: something that it started may keep
/// its pipes open.
const AFTER: Duration = Duration::from_millis(500);
/// A line of what is printed for people is cut here.
const LONGEST_LINE: u64 = 4_096;

/// A line that came, without its end.
pub(super) enum Heard<'a> {
    /// On standard output.
    Out(&'a str),
    /// On standard error.
    Err(&'a str),
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself: `exit code 0`, `signal 11`.
    Done(String),
    /// It was stopped: it took too long, so long.
    Limit(Duration),
    /// It was stopped: somebody asked for it.
    Stopped,
    /// It was stopped: it wrote too much.
    Flood,
}

/// How long it may take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// In all.
    pub all: Duration,
    /// From one line on standard output to the next, and to the first.
    pub silence: Duration,
}

/// The lines for a process's standard input, each asked for when the one before has been written.
pub(super) type Input = Box<dyn Iterator<Item = String> + Send>;

enum Piece {
    Out(Vec<u8>),
    Err(Vec<u8>),
    Flood,
}

/// Runs a command with the lines of `input` on its standard input, which stays open until the end. The process gets a
/// group of its own, and the whole group is killed in any case.
///
/// # Errors
/// It cannot be started.
pub(super) fn run(
    mut command: Command,
    input: Input,
    limits: Limits,
    largest: usize,
    stop: &AtomicBool,
    heard: &mut dyn FnMut(Heard<'_>),
) -> io::Result<End> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let clock = Clock::start();
    let mut child = command.spawn()?;
    let mut group = Group::of(&child);
    // Bounded, so that a flood waits in the pipe and not in our memory.
    let (sender, pieces) = sync_channel(64);
    let stdin = child.stdin.take();
    let (open, closed) = sync_channel::<()>(0);
    let out = child.stdout.take();
    let err = child.stderr.take();
    let (out_sender, err_sender) = (sender.clone(), sender);
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        thread::Builder::new().name(format!("python {name}")).spawn(work)
    };
    spawn(
        "input",
        Box::new(move || {
            let Some(stdin) = stdin else { return };
            let mut stdin = BufWriter::new(stdin);
            // It may end before it has read everything.
            let mut lines = input.map(|line| writeln!(stdin, "{line}"));
            let _ = lines.find(Result::is_err);
            drop(lines);
            let _ = stdin.flush();
            let _ = closed.recv();
        }),
    )?;
    spawn("output", Box::new(move || lines(out, largest, &out_sender)))?;
    spawn("errors", Box::new(move || printed(err, &err_sender)))?;
    let end = watch(&pieces, &clock, limits, stop, &mut group, heard);
    drop(open);
    group.kill();
    // Everything that was in the pipes when it ended belongs to it.
    let until = clock.now().mono + AFTER;
    let mut flood = false;
    while let Some(left) = until.checked_sub(clock.now().mono) {
        match pieces.recv_timeout(left) {
            Ok(Piece::Flood) => {
                flood = true;
                break;
            }
            Ok(piece) => hear(&piece, heard),
            Err(_) => break,
        }
    }
    drop(pieces);
    let status = child.wait()?;
    Ok(match end {
        Some(end) => end,
        None if flood => End::Flood,
        None => End::Done(how(status)),
    })
}

/// Waits for the end; `None`: it ended by itself.
fn watch(
    pieces: &Receiver<Piece>,
    clock: &Clock,
    limits: Limits,
    stop: &AtomicBool,
    group: &mut Group,
    heard: &mut dyn FnMut(Heard<'_>),
) -> Option<End> {
    let mut open = true;
    let mut last = Duration::ZERO;
    loop {
        if stop.load(Ordering::SeqCst) {
            return Some(End::Stopped);
        }
        let now = clock.now().mono;
        if now >= limits.all {
            return Some(End::Limit(limits.all));
        }
        if now.saturating_sub(last) >= limits.silence {
            return Some(End::Limit(limits.silence));
        }
        if open {
            match pieces.recv_timeout(LOOK) {
                Ok(Piece::Flood) => return Some(End::Flood),
                Ok(piece) => {
                    if let Piece::Out(_) = piece {
                        last = clock.now().mono;
                    }
                    hear(&piece, heard);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => open = false,
            }
        } else {
            thread::sleep(LOOK);
        }
        if group.has_ended() {
            return None;
        }
    }
}

fn hear(piece: &Piece, heard: &mut dyn FnMut(Heard<'_>)) {
    match piece {
        Piece::Out(bytes) => heard(Heard::Out(&String::from_utf8_lossy(bytes))),
        Piece::Err(bytes) => heard(Heard::Err(&String::from_utf8_lossy(bytes))),
        Piece::Flood => {}
    }
}

/// Hands on lines, up to `largest` bytes in all.
fn lines(pipe: Option<impl Read>, largest: usize, sender: &SyncSender<Piece>) {
    let Some(pipe) = pipe else { return };
    let mut reader = BufReader::new(pipe);
    let mut left = largest as u64;
    loop {
        let mut line = Vec::new();
        match reader.by_ref().take(left + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(count) if count as u64 > left => {
                let _ = sender.send(Piece::Flood);
                return;
            }
            Ok(count) => left -= count as u64,
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        if sender.send(Piece::Out(line)).is_err() {
            return;
        }
    }
}

/// Hands on what is printed for people: long lines in pieces, empty ones not at all.
fn printed(pipe: Option<impl Read>, sender: &SyncSender<Piece>) {
    let Some(pipe) = pipe else { return };
    let mut reader = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        match reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        if !line.is_empty() && sender.send(Piece::Err(line)).is_err() {
            return;
        }
    }
}

fn how(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// The process and all that it started.
struct Group {
    pid: Option<Pid>,
}

impl Group {
    fn of(child: &Child) -> Group {
        Group { pid: i32::try_from(child.id()).ok().and_then(Pid::from_raw) }
    }

    /// Whether the process has ended. It is left unburied, so that its number stays its own until the group is
    /// killed.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.pid.is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), options), Ok(None)))
    }

    fn kill(&mut self) {
        if let Some(pid) = self.pid.take() {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
