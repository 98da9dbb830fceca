//! The pseudo-terminal around the program under test, with an emulator that tells which modes are on.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use juicetop::time::Clock;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};

use crate::probe::probe_arguments;

/// More than enough for a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Pty {
    pub(crate) master: Box<dyn MasterPty + Send>,
    /// Held open, so that the settings can be read after the end.
    _slave: Box<dyn SlavePty + Send>,
    pub(crate) keys: Box<dyn Write + Send>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    pub(crate) output: Arc<Mutex<Vec<u8>>>,
    pub(crate) settings: String,
    clock: Clock,
}

pub(crate) fn command(words: &[String], env: &[(&str, &str)]) -> CommandBuilder {
    let mut command = CommandBuilder::new(&words[0]);
    command.args(&words[1..]);
    for name in ["VISUAL", "EDITOR", "RUST_BACKTRACE", "ENV", "BASH_ENV"] {
        command.env_remove(name);
    }
    // A killed program leaves the text that was being edited.
    command.env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
    for (name, value) in [("TERM_PROBE", "1"), ("TERM", "xterm-256color"), ("PS1", "$ ")].iter().chain(env) {
        command.env(name, value);
    }
    command
}

impl Pty {
    pub(crate) fn start(words: &[String], env: &[(&str, &str)], (cols, rows): (u16, u16)) -> Pty {
        let pair =
            native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let settings = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command(words, env)).unwrap();
        let output = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let into = Arc::clone(&output);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                into.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Pty { master: pair.master, _slave: pair.slave, keys, child, output, settings, clock: Clock::start() }
    }

    /// The probe as the terminal's own command.
    pub(crate) fn probe(env: &[(&str, &str)]) -> Pty {
        let mut pty = Pty::start(&probe_arguments(), env, (80, 24));
        pty.wait_for("ready 80x24");
        pty
    }

    /// A shell with job control.
    pub(crate) fn shell() -> Pty {
        let words = ["bash", "--norc", "--noprofile", "-i"].map(String::from);
        let mut pty = Pty::start(&words, &[], (80, 24));
        pty.wait_for("$ ");
        pty.send("bind 'set enable-bracketed-paste off'; set -b\n");
        pty
    }

    pub(crate) fn send(&mut self, keys: impl AsRef<[u8]>) {
        self.keys.write_all(keys.as_ref()).unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    /// Waits until `needle` was written after what was there at the last [`clear`](Pty::clear).
    pub(crate) fn wait_for(&mut self, needle: &str) -> String {
        self.wait_until(needle, |text| text.contains(needle))
    }

    /// Waits until the shell has said `needle` and takes a command; what is typed while it sets up the terminal
    /// may get lost.
    pub(crate) fn wait_for_prompt_after(&mut self, needle: &str) {
        self.wait_until(needle, |text| text.split_once(needle).is_some_and(|(_, rest)| rest.contains("$ ")));
        std::thread::sleep(Duration::from_millis(100));
    }

    pub(crate) fn wait_until(&mut self, what: &str, met: impl Fn(&str) -> bool) -> String {
        let end = self.clock.now().mono + PATIENCE;
        loop {
            let text = self.text();
            if met(&text) {
                return text;
            }
            assert!(self.clock.now().mono < end, "waited for {what:?}, got:\n{}", text.escape_debug());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn clear(&self) {
        self.output.lock().unwrap().clear();
    }

    pub(crate) fn pid(&self) -> String {
        let text = self.text();
        text.rsplit_once("pid ").unwrap().1.split('.').next().unwrap().to_string()
    }

    /// The exit code and how long it took from now.
    pub(crate) fn end(&mut self) -> (u32, Duration) {
        let start = self.clock.now().mono;
        loop {
            let took = self.clock.now().mono - start;
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last is on its way through the reading thread.
                std::thread::sleep(Duration::from_millis(300));
                return (status.exit_code(), took);
            }
            assert!(took < PATIENCE, "does not end, got:\n{}", self.text().escape_debug());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn emulated(&self) -> vt100::Parser {
        let size = |n| std::num::NonZeroU16::new(n).unwrap();
        let mut parser = vt100::Parser::new(size(24), size(80), 0);
        parser.process(&self.output.lock().unwrap());
        parser
    }

    /// Modes and settings are as they were before the start.
    pub(crate) fn assert_restored(&self) {
        let parser = self.emulated();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        let text = self.text();
        assert!(text.contains("\x1b[?1049h") && text.contains("\x1b[?2004h"), "it had been taken");
        for mode in ["1049", "2004"] {
            let end = text.rsplit_once(&format!("\x1b[?{mode}h")).map_or("", |(_, end)| end);
            assert_eq!(end.matches(&format!("\x1b[?{mode}l")).count(), 1, "{mode} is switched off once");
        }
        let last = |needle: &str| text.rfind(needle);
        assert!(last("\x1b[8l") < last("\x1b[8h"), "the terminal's own order of characters is back");
        let end = text.rsplit_once("\x1b[8l").unwrap().1;
        assert_eq!(end.matches("\x1b[8h").count(), 1, "and that once");
        assert!(last("\x1b[?2026h") < last("\x1b[?2026l"), "synchronized output is still on");
        assert_eq!(format!("{:?}", self.master.get_termios()), self.settings, "stty");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn kill(signal: &str, pid: &str) {
    assert!(std::process::Command::new("kill").args([signal, pid]).status().unwrap().success());
}
