//! The program without a terminal: what it prints, how it ends.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::client::PATIENCE;

/// How a run ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// The exit code is as expected; else everything that was said is shown.
    #[track_caller]
    pub fn expect(self, code: i32) -> Ended {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Standard error has these words.
    #[track_caller]
    pub fn says(self, words: &str) -> Ended {
        assert!(self.stderr.contains(words), "{words:?} is not in: {}", self.stderr);
        self
    }
}

/// A running program with a home of its own.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    /// Lines of standard output that were read so far.
    pub seen: Vec<String>,
    stderr: Arc<Mutex<String>>,
    _home: tempfile::TempDir,
}

fn command(args: &[&str], home: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_juicetop"));
    command.args(args).env_clear().env("HOME", home.path()).env("LANG", "C.UTF-8").env("RUST_BACKTRACE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub fn run(args: &[&str]) -> Ended {
    run_with_input(args, "")
}

/// Runs it to its end, with something on standard input.
pub fn run_with_input(args: &[&str], input: &str) -> Ended {
    run_at_home(args, input, &tempfile::tempdir().expect("a folder"))
}

/// Runs it to its end in a home that can be looked at afterwards.
pub fn run_at_home(args: &[&str], input: &str, home: &tempfile::TempDir) -> Ended {
    let mut child = command(args, home).stdin(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).ok();
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Program {
    /// Starts it.
    pub fn start(args: &[&str]) -> Program {
        let home = tempfile::tempdir().expect("a folder");
        let mut child = command(args, &home).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("a pipe");
        Program::with(child, Some(stdout), home)
    }

    /// Starts it with a standard output of which one line is read before it is closed; the line.
    pub fn read_one_line(args: &[&str]) -> (String, Program) {
        let home = tempfile::tempdir().expect("a folder");
        let mut child = command(args, &home).spawn().expect("the program starts");
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        drop(reader);
        (line, Program::with(child, None, home))
    }

    fn with(mut child: Child, stdout: Option<ChildStdout>, home: tempfile::TempDir) -> Program {
        let (sender, lines) = channel();
        if let Some(stdout) = stdout {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        let stderr = Arc::new(Mutex::new(String::new()));
        let mut pipe = child.stderr.take().expect("a pipe");
        let said = Arc::clone(&stderr);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                said.lock().expect("a lock").push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Program { child, lines, seen: Vec::new(), stderr, _home: home }
    }

    /// The next line of standard output.
    #[track_caller]
    pub fn next_line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.seen.push(line.clone());
                line
            }
            Err(error) => panic!("{error}; so far:\n{}\nstderr: {}", self.seen.join("\n"), self.said()),
        }
    }

    /// Reads lines until one fits.
    #[track_caller]
    pub fn wait_for(&mut self, fits: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.next_line();
            if fits(&line) {
                return line;
            }
        }
    }

    /// Reads JSON lines until one fits.
    #[track_caller]
    pub fn wait_for_json(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let json = serde_json::from_str(&self.next_line()).expect("a JSON line");
            if fits(&json) {
                return json;
            }
        }
    }

    /// All JSON lines so far.
    pub fn json_seen(&self) -> Vec<Value> {
        self.seen.iter().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }

    /// What standard error has said so far.
    pub fn said(&self) -> String {
        self.stderr.lock().expect("a lock").clone()
    }

    /// Waits until standard error has said these words.
    #[track_caller]
    pub fn wait_until_said(&self, words: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.said().contains(words) {
            assert!(Instant::now() < end, "{words:?} was not said: {}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The most memory that it has held so far, in KiB (Linux).
    pub fn most_memory(&self) -> u64 {
        super::pty::most_memory(Pid::from_child(&self.child))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Ends it as Ctrl-C does.
    pub fn interrupt(&self) {
        self.ask_to_end(Signal::INT);
    }

    /// Ends it by that signal. Where this run is one that ignores it, as what a shell starts in the background or under
    /// `nohup` does, the program has inherited that and keeps to it: then as a polite `kill` does.
    pub fn ask_to_end(&self, signal: Signal) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        let is_ignored = ignored >> (signal.as_raw() - 1) & 1 == 1;
        self.signal(if is_ignored { Signal::TERM } else { signal });
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < end, "it does not end; stderr: {}", self.said());
            thread::sleep(Duration::from_millis(10));
        };
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(2)) {
            self.seen.push(line);
        }
        Ended { code: status.code().unwrap_or(-1), stdout: self.seen.join("\n"), stderr: self.said() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
