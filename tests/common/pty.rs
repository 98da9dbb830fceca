//! The program in a terminal of its own: keys go in, and what a person would see comes out.
//!
//! Nothing here waits for a fixed time and hopes: [`Screen::wait_for`] returns as soon as the screen is as it should be,
//! and fails with the last screen after [`PATIENCE`].

use std::{
    fs,
    io::{Read as _, Write},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

pub use super::client::PATIENCE;

/// Between Escape and the next key: a program tells the key from the start of a sequence by this silence only.
const AFTER_ESCAPE: Duration = Duration::from_millis(150);

/// Synchronized output: what stands between these is shown at once.
const FRAME_BEGINS: &[u8] = b"\x1b[?2026h";
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";

/// A terminal with a program in it.
pub struct Screen {
    shared: Arc<Shared>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    reader: Option<thread::JoinHandle<()>>,
    /// The terminal's settings while the shell reads a command, where one was started.
    at_prompt: String,
    pid: Pid,
    home: tempfile::TempDir,
}

/// What the reading and the waiting thread tell.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    terminal: vt100::Parser,
    bytes: Vec<u8>,
    exit: Option<ExitStatus>,
    /// The program and everything it started have closed the terminal.
    ended: bool,
    /// The terminal is to be closed: the reader lets go of it at the next byte.
    closing: bool,
    /// The terminal takes nothing: the reader waits.
    held: bool,
    /// A frame has begun and not ended (synchronized output), which a terminal would not show yet.
    in_frame: bool,
}

/// How one cell of the screen looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellStyle {
    /// The character, with what combines with it; empty for a cell that was never written.
    pub text: String,
    /// The colour of the text.
    pub fg: vt100::Color,
    /// The colour behind it.
    pub bg: vt100::Color,
    /// Attributes.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Fore- and background exchanged.
    pub inverse: bool,
    /// Underlined.
    pub underline: bool,
}

impl Screen {
    /// Starts juicetop with these arguments on a terminal of `(columns, rows)`.
    ///
    /// It gets a home folder of its own and a fresh environment: only `PATH`, a true-colour xterm, a UTF-8 locale and
    /// UTC, then `env` on top (an empty value removes a variable).
    pub fn start(args: &[&str], size: (u16, u16), env: &[(&str, &str)]) -> Screen {
        Screen::start_command(env!("CARGO_BIN_EXE_juicetop"), args, size, env)
    }

    /// The same from the prompt of an interactive shell, which can stop and continue it: [`Screen::pid`] is the shell's.
    pub fn start_in_shell(args: &str, size: (u16, u16), env: &[(&str, &str)]) -> Screen {
        let env: Vec<_> = env.iter().copied().chain([("PS1", "$ ")]).collect();
        let mut shell = Screen::start_command("bash", &["--norc", "--noprofile", "-i"], size, &env);
        shell.wait_for("the shell", |text| text.starts_with('$'));
        shell.at_prompt = shell.stty();
        shell.send(b"bind 'set enable-bracketed-paste off'\n");
        shell.send(format!("\"$JUICETOP\" {args}\n").as_bytes());
        shell
    }

    /// The same with any program, for example a shell that starts juicetop (whose path is in `$JUICETOP`).
    pub fn start_command(
        program: &str,
        args: &[&str],
        (columns, rows): (u16, u16),
        env: &[(&str, &str)],
    ) -> Screen {
        let home = tempfile::Builder::new().prefix("home-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let pty = native_pty_system().openpty(pty_size(columns, rows)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(home.path());
        command.env_clear();
        for (name, value) in
            environment(home.path()).iter().map(|(n, v)| (*n, v.as_str())).chain(env.iter().copied())
        {
            if value.is_empty() {
                command.env_remove(name);
            } else {
                command.env(name, value);
            }
        }
        let mut child = pty.slave.spawn_command(command).unwrap();
        // Only the program may hold the other side: when it closes that, the reader sees the end.
        drop(pty.slave);
        let pid = child
            .process_id()
            .and_then(|pid| Pid::from_raw(pid.cast_signed()))
            .expect("the program has a pid");

        let shared = Arc::new(Shared::default());
        shared.lock().terminal = vt100::Parser::new(at_least_one(rows), at_least_one(columns), 0);
        let mut output = pty.master.try_clone_reader().unwrap();
        let reading = Arc::clone(&shared);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 65536];
            loop {
                let free = reading.changed.wait_while(reading.lock(), |state| state.held);
                drop(free.unwrap_or_else(std::sync::PoisonError::into_inner));
                let Ok(length @ 1..) = output.read(&mut buffer) else { break };
                let mut state = reading.lock();
                let from = state.bytes.len().saturating_sub(FRAME_ENDS.len() - 1);
                state.bytes.extend_from_slice(&buffer[..length]);
                state.terminal.process(&buffer[..length]);
                let new = &state.bytes[from..];
                let (begins, ends) = (last_of(new, FRAME_BEGINS), last_of(new, FRAME_ENDS));
                if begins != ends {
                    state.in_frame = begins > ends;
                }
                reading.changed.notify_all();
                if state.closing {
                    return;
                }
            }
            reading.lock().ended = true;
            reading.changed.notify_all();
        });
        let waiting = Arc::clone(&shared);
        thread::spawn(move || {
            let status = child.wait().unwrap();
            waiting.lock().exit = Some(status);
            waiting.changed.notify_all();
        });
        let writer = Some(pty.master.take_writer().unwrap());
        Screen {
            shared,
            master: Some(pty.master),
            writer,
            reader: Some(reader),
            at_prompt: String::new(),
            pid,
            home,
        }
    }

    /// Types keys, separated by spaces: a name (`enter esc tab backtab space backspace delete up down left right home
    /// end pgup pgdn f1`…`f12`, `ctrl-x`, `alt-x`) or the characters themselves.
    pub fn type_keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.send(key_bytes(key).as_bytes());
            if key == "esc" {
                thread::sleep(AFTER_ESCAPE);
            }
        }
    }

    /// Types text as it is, spaces too.
    pub fn type_text(&mut self, text: &str) {
        self.send(text.as_bytes());
    }

    /// Pastes text as a terminal with bracketed paste does: line ends become carriage returns.
    pub fn paste(&mut self, text: &str) {
        self.send(format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r")).as_bytes());
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(bytes).and_then(|()| writer.flush()).expect("the terminal takes input");
    }

    /// Gives the terminal another size; the program gets SIGWINCH.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.shared.lock().terminal.screen_mut().set_size(at_least_one(rows), at_least_one(columns));
        self.master.as_ref().expect("the terminal is open").resize(pty_size(columns, rows)).unwrap();
    }

    /// Waits until the screen's text is as it should be, and returns it; `what` completes "waiting for …".
    pub fn wait_for(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        self.wait(what, |state| {
            if state.in_frame && !state.ended {
                return None;
            }
            let text = text(&state.terminal);
            is_so(&text).then_some(text)
        })
    }

    /// Waits until juicetop, on its lanes, is connected and hears what its lab tells. Connected alone does not do: the bus
    /// is told of its new reader in the background, and what it carries up to then is lost. At its start juicetop asks the
    /// task manager something, and of that the bus tells as well: once its line is there, all is heard that comes after. So it
    /// is once another test's lane stands there, which a full screen may have instead: it is known from the bus, or from the
    /// scheduler's list, which is asked for when the bus was heard. (Where juicetop reads the lab's own files, the task
    /// manager's line is there from the start: then this shows the connection only.)
    pub fn wait_until_it_hears(&self) -> String {
        let proves = |line: &str| {
            let service = line.trim_start_matches(['▸', ' ']);
            service.starts_with("task-manager") || service.starts_with("bench-")
        };
        self.wait_for("the connection, and the first word on the bus", |text| {
            text.contains("● live") && text.lines().any(proves)
        })
    }

    /// Waits until the shell ([`Screen::start_in_shell`]) has stopped juicetop and reads a command. Its prompt alone does not
    /// do: a shell that still sets up its line loses what is typed.
    pub fn wait_until_stopped(&self) {
        self.wait_for("the shell", |text| text.contains("Stopped") && text.trim_end().ends_with('$'));
        self.wait_until("a shell that reads", |screen| screen.stty() == screen.at_prompt);
    }

    /// Waits until the bytes written so far are as they should be.
    pub fn wait_for_bytes(&self, what: &str, is_so: impl Fn(&[u8]) -> bool) {
        self.wait(what, |state| is_so(&state.bytes).then_some(()));
    }

    /// The screen's text: one line a row, without the spaces at its end.
    pub fn text(&self) -> String {
        self.wait_for("a whole frame", |_| true)
    }

    /// One row's text, from 0.
    pub fn row(&self, row: usize) -> String {
        self.text().lines().nth(row).unwrap_or_default().to_owned()
    }

    /// How the cell in that column and row looks, from 0.
    pub fn cell(&self, column: u16, row: u16) -> CellStyle {
        let state = self.shared.lock();
        let cell = state.terminal.screen().cell(row, column).expect("the cell is on the screen");
        CellStyle {
            text: cell.contents().to_owned(),
            fg: cell.fgcolor(),
            bg: cell.bgcolor(),
            bold: cell.bold(),
            dim: cell.dim(),
            inverse: cell.inverse(),
            underline: cell.underline(),
        }
    }

    /// How the first cell of that text looks, wherever it first stands within one row.
    pub fn style_of(&self, wanted: &str) -> CellStyle {
        let (row, before) = (0_u16..)
            .zip(self.text().lines())
            .find_map(|(row, line)| line.find(wanted).map(|at| (row, line[..at].to_owned())))
            .unwrap_or_else(|| panic!("{wanted:?} is not on the screen:\n{}", self.text()));
        let column = u16::try_from(unicode_width::UnicodeWidthStr::width(before.as_str())).unwrap();
        self.cell(column, row)
    }

    /// What the terminal was asked for: alternate screen, cursor, paste and mouse modes.
    pub fn modes(&self) -> Modes {
        let state = self.shared.lock();
        let screen = state.terminal.screen();
        Modes {
            alternate_screen: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            bracketed_paste: screen.bracketed_paste(),
            mouse: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
            titled: last_of(&state.bytes, b"\x1b[22;2t") > last_of(&state.bytes, b"\x1b[23;2t"),
        }
    }

    /// The window's title, as it was set last.
    pub fn title(&self) -> Option<String> {
        let bytes = self.bytes_so_far();
        let at = last_of(&bytes, b"\x1b]2;")?;
        let title = String::from_utf8_lossy(&bytes[at + 4..]);
        title.split_once("\x1b\\").map(|(title, _)| title.to_owned())
    }

    /// Column and row of the cursor, from 0.
    pub fn cursor(&self) -> (u16, u16) {
        let (row, column) = self.shared.lock().terminal.screen().cursor_position();
        (column, row)
    }

    /// The terminal's settings as `stty -g` prints them, for comparing before and after. While the program is in the
    /// raw mode they differ from those of a shell.
    pub fn stty(&self) -> String {
        let tty = self.master.as_ref().and_then(|master| master.tty_name()).expect("the terminal has a name");
        let output = std::process::Command::new("stty")
            .arg("-g")
            .stdin(fs::File::open(tty).unwrap())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// All bytes that the program has written.
    pub fn bytes_so_far(&self) -> Vec<u8> {
        self.shared.lock().bytes.clone()
    }

    /// Fails unless every control byte so far is one that the program itself may write: carriage return and line feed,
    /// CSI sequences that draw or set its own modes, the window's title (OSC 2) and the clipboard (OSC 52). Text from outside has none of them.
    pub fn assert_harmless(&self) {
        let bytes = self.bytes_so_far();
        let text = String::from_utf8(bytes).expect("what is written is UTF-8");
        if let Err(what) = harmless(&text) {
            panic!("{what}. The screen:\n{}", self.text());
        }
    }

    /// The program's process.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The home folder that the program was given; its configuration is in `.config`, its state in `.local/state`.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        // A dead process's number may be another's.
        if self.shared.lock().exit.is_none() {
            kill_process(self.pid, signal).expect("the program runs");
        }
    }

    /// CPU time that the program has used so far, user and system.
    pub fn cpu_time(&self) -> Duration {
        cpu_time(self.pid)
    }

    /// How many frames have been drawn so far.
    pub fn frames(&self) -> usize {
        let state = self.shared.lock();
        state.bytes.windows(FRAME_BEGINS.len()).filter(|window| *window == FRAME_BEGINS).count()
    }

    /// Waits for the first whole frame behind so many bytes; the text that a screen shows which was empty before.
    pub fn first_frame_since(&self, from: usize) -> String {
        self.wait("a whole frame", |state| {
            let find = |what: &[u8], from: usize| {
                let at = state.bytes.get(from..)?.windows(what.len()).position(|window| window == what)?;
                Some(from + at)
            };
            let end = find(FRAME_ENDS, find(FRAME_BEGINS, from)?)?;
            let (rows, columns) = state.terminal.screen().size();
            let mut terminal = vt100::Parser::new(rows, columns, 0);
            terminal.process(&state.bytes[from..end]);
            Some(text(&terminal))
        })
    }

    /// The terminal takes nothing any more, as behind a network that stands still, or again all that waits.
    pub fn hold(&self, held: bool) {
        self.shared.lock().held = held;
        self.shared.changed.notify_all();
    }

    /// Whether the program has ended.
    pub fn has_ended(&self) -> bool {
        self.shared.lock().exit.is_some()
    }

    /// Waits until the program has ended, and all that it wrote has been read.
    pub fn exit_status(&self) -> ExitStatus {
        self.wait(
            "the program's end",
            |state| if state.ended || state.closing { state.exit.clone() } else { None },
        )
    }

    /// Closes the terminal under the program, as when its window is closed or the ssh connection is lost.
    pub fn close_terminal(&mut self) {
        // The reader holds the terminal too, waiting for a byte: make the program draw.
        self.shared.lock().closing = true;
        let size =
            self.master.as_ref().and_then(|master| master.get_size().ok()).expect("the terminal is open");
        let reader = self.reader.take().expect("the terminal is open");
        for extra in [1, 0].into_iter().cycle().take(100) {
            if reader.is_finished() {
                break;
            }
            self.resize(size.cols + extra, size.rows);
            thread::sleep(Duration::from_millis(50));
        }
        assert!(reader.is_finished(), "the program does not draw when its terminal changes its size");
        self.writer = None;
        self.master = None;
    }

    /// Waits until something is so that the screen does not show, such as the terminal's settings.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(
                Instant::now() < end,
                "waiting for {what}: it did not come. The screen:\n{}",
                self.text()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait<T>(&self, what: &str, is_so: impl Fn(&State) -> Option<T>) -> T {
        let mut found = None;
        let state = self.shared.lock();
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, |state| {
                found = is_so(state);
                // The last bytes of an ended program may be what is waited for; after them nothing comes.
                found.is_none() && !(state.ended && state.exit.is_some())
            })
            .unwrap();
        found.unwrap_or_else(|| {
            let (exit, text) = (&state.exit, text(&state.terminal));
            panic!("waiting for {what}: it did not come. Exit: {exit:?}. The screen:\n{text}")
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may be ending in this very moment: then there is nothing left to kill.
        if self.shared.lock().exit.is_none() {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// See [`Screen::assert_harmless`].
fn harmless(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some(at) = rest.find(is_dangerous) {
        let before: String =
            rest[..at].chars().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect();
        rest = &rest[at..];
        let Some(after) = rest.strip_prefix('\x1b') else {
            return Err(format!("{:?} after {before:?}", rest.chars().next()));
        };
        if let Some(csi) = after.strip_prefix('[') {
            let end = csi.find(|c: char| ('@'..='~').contains(&c)).ok_or("a CSI sequence without end")?;
            let (parameters, last) = (&csi[..end], &csi[end..=end]);
            let own_mode = matches!(parameters, "?25" | "?1049" | "?2004" | "?2026" | "8");
            let numbers = parameters.chars().all(|c| c.is_ascii_digit() || matches!(c, ';' | ':'));
            let title = last == "t" && matches!(parameters, "22;2" | "23;2");
            if !(title || own_mode && matches!(last, "h" | "l") || numbers && "ABCDGHJKXdmr".contains(last)) {
                return Err(format!("CSI {parameters} {last} after {before:?}"));
            }
            rest = &csi[end + 1..];
        } else if let Some(title) = after.strip_prefix("]2;") {
            // It is looked at like all other text, and what ends it too.
            rest = title;
        } else if let Some(osc) = after.strip_prefix("]52;") {
            let end = osc.find(['\x07', '\x1b']).ok_or("an OSC sequence without end")?;
            rest = osc[end..].trim_start_matches("\x1b\\").trim_start_matches('\x07');
        } else if let Some(after) = after.strip_prefix('\\') {
            // Ends a string that was cut off, when the terminal is given back.
            rest = after;
        } else {
            return Err(format!("ESC {:?} after {before:?}", after.chars().next()));
        }
    }
    Ok(())
}

/// Control characters other than line ends, and what reorders or hides text.
fn is_dangerous(c: char) -> bool {
    c.is_control() && !matches!(c, '\r' | '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// See [`Screen::modes`]. All are false in a shell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// The alternate screen is shown.
    pub alternate_screen: bool,
    /// The cursor is not.
    pub cursor_hidden: bool,
    /// Pastes come in brackets.
    pub bracketed_paste: bool,
    /// The mouse is reported, in whatever way.
    pub mouse: bool,
    /// The window's own title is kept aside for ours.
    pub titled: bool,
}

/// The only child of a process.
pub fn child_of(pid: Pid) -> Pid {
    let path = format!("/proc/{0}/task/{0}/children", pid.as_raw_nonzero());
    let children = fs::read_to_string(path).unwrap();
    Pid::from_raw(children.split_whitespace().next().unwrap().parse().unwrap()).unwrap()
}

/// CPU time of a process, user and system, as Linux counts it: in ticks of 10 ms. Zero when it is gone.
pub fn cpu_time(pid: Pid) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    // The second field is the program's name in parentheses, which may hold anything; utime and stime are 14 and 15.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The most memory that a process has held so far, in KiB (Linux); 0 when it is gone.
pub fn most_memory(pid: Pid) -> u64 {
    memory(pid, "VmHWM:")
}

/// The memory that a process holds now, in KiB (Linux); 0 when it is gone.
pub fn memory_now(pid: Pid) -> u64 {
    memory(pid, "VmRSS:")
}

fn memory(pid: Pid, which: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Where `wanted` begins last.
fn last_of(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).rposition(|window| window == wanted)
}

fn text(terminal: &vt100::Parser) -> String {
    let screen = terminal.screen();
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let under = |folder: &str| -> String {
        let path: PathBuf = home.join(folder);
        fs::create_dir_all(&path).unwrap();
        path.display().to_string()
    };
    vec![
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("JUICETOP", env!("CARGO_BIN_EXE_juicetop").into()),
        ("TERM", "xterm-256color".into()),
        ("COLORTERM", "truecolor".into()),
        ("LANG", "C.UTF-8".into()),
        ("TZ", "UTC".into()),
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", under(".config")),
        ("XDG_STATE_HOME", under(".local/state")),
        ("XDG_DATA_HOME", under(".local/share")),
        ("XDG_CACHE_HOME", under(".cache")),
        ("XDG_RUNTIME_DIR", under(".run")),
        ("TMPDIR", under(".tmp")),
    ]
}

fn pty_size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// The emulator has no size 0; the pseudo-terminal may.
fn at_least_one(n: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(n).unwrap_or(std::num::NonZeroU16::MIN)
}

/// What an xterm sends for a key.
fn key_bytes(key: &str) -> String {
    let named = match key {
        "enter" => "\r",
        "esc" => "\x1b",
        "tab" => "\t",
        "backtab" => "\x1b[Z",
        "space" => " ",
        "backspace" => "\x7f",
        "delete" => "\x1b[3~",
        "up" => "\x1b[A",
        "down" => "\x1b[B",
        "right" => "\x1b[C",
        "left" => "\x1b[D",
        "home" => "\x1b[H",
        "end" => "\x1b[F",
        "pgup" => "\x1b[5~",
        "pgdn" => "\x1b[6~",
        "f1" => "\x1bOP",
        "f2" => "\x1bOQ",
        "f3" => "\x1bOR",
        "f4" => "\x1bOS",
        "f5" => "\x1b[15~",
        "f6" => "\x1b[17~",
        "f7" => "\x1b[18~",
        "f8" => "\x1b[19~",
        "f9" => "\x1b[20~",
        "f10" => "\x1b[21~",
        "f11" => "\x1b[23~",
        "f12" => "\x1b[24~",
        _ => "",
    };
    if !named.is_empty() {
        return named.into();
    }
    if let Some(&[letter]) = key.strip_prefix("ctrl-").map(str::as_bytes) {
        return char::from(letter.to_ascii_uppercase() & 0x1f).into();
    }
    if let Some(other) = key.strip_prefix("alt-") {
        return format!("\x1b{}", key_bytes(other));
    }
    key.into()
}
