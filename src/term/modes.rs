//! What is switched on in the terminal, and how it is switched off again from wherever the program ends.
//!
//! The state lives in one static that is written once, so that a panic hook, a signal thread and a destructor can
//! all restore without waiting for a lock. Leaving is idempotent: the first one to come does it, whoever comes meanwhile
//! waits for it, since what it does next is to end the process.
//!
//! It cannot restore what ends without a word: SIGKILL, a stack overflow, memory that is out.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::termios::{
    OptionalActions, QueueSelector, SpecialCodeIndex, Termios, isatty, tcflush, tcgetattr, tcgetwinsize,
    tcsetattr,
};

use super::editor;
use crate::clean::Clean;

/// Alternate screen, cursor hidden, bracketed paste, and each character in the cell where it was put: a terminal that
/// reorders lines with right-to-left writing in them would take our columns along (ECMA-48's BDSM; those who keep
/// terminals recommend it to full-screen programs, <https://terminal-wg.pages.freedesktop.org/bidi/>). VTE, mintty and
/// mlterm know it, others ignore it.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[8l";

/// Everything back, from any point in a frame: ends a string that was cut short, synchronized output, bracketed
/// paste, attributes and the scroll region; clears our picture (a multiplexer may have no alternate screen), lets the terminal
/// reorder lines again, leaves the alternate screen, shows the cursor.
const LEAVE: &[u8] = b"\x1b\\\x1b[?2026l\x1b[?2004l\x1b[0m\x1b[r\x1b[H\x1b[2J\x1b[8h\x1b[?1049l\x1b[?25h";

/// Where the mouse is wanted: clicks and the wheel (1000), and what is dragged with a button held (1002), as numbers of any
/// size (1006). Where the pointer merely goes is not asked for. Nothing of it is written where it is not wanted.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";

/// The same off again, before all else: behind it no report can come any more. It ends a string that was cut short, as
/// [`LEAVE`] does.
const NO_MOUSE: &[u8] = b"\x1b\\\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// Keeps the window's title on the terminal's own stack (XTWINOPS), and takes it from there again. A terminal without such
/// a stack shows its own default after an empty one.
const SAVE_TITLE: &str = "\x1b[22;2t";
const GIVE_TITLE: &[u8] = b"\x1b]2;\x1b\\\x1b[23;2t";

/// How long the last words may wait for a terminal that takes nothing.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a second one that leaves waits for the first.
const LEAVING: Duration = Duration::from_millis(900);

/// How long a program that we started has to end when we end in a panic.
const EDITOR_ENDS: Duration = Duration::from_millis(500);

/// The terminal is as it was.
const AWAY: u8 = 0;
/// Ours.
const TAKEN: u8 = 1;
/// Somebody is giving it back.
const GIVING: u8 = 2;

/// The terminal belongs to a program that we started.
pub(super) static HANDED_OVER: AtomicBool = AtomicBool::new(false);

static TTY: OnceLock<Arc<Tty>> = OnceLock::new();

/// The terminal's descriptors and what its settings were.
#[derive(Debug)]
pub(super) struct Tty {
    pub(super) input: OwnedFd,
    pub(super) output: OwnedFd,
    /// The same terminal, opened anew so that it can be non-blocking without anybody else noticing.
    rescue: Option<OwnedFd>,
    cooked: Termios,
    /// [`AWAY`], [`TAKEN`] or [`GIVING`].
    state: AtomicU8,
    /// The window's title is ours.
    titled: AtomicBool,
    /// The mouse is wanted.
    mouse: AtomicBool,
    times_taken: AtomicU32,
}

/// Opens the terminal, remembers its settings and installs the panic hook. Nothing is switched on yet.
pub(super) fn find() -> io::Result<Arc<Tty>> {
    let tty = match TTY.get() {
        Some(tty) => Arc::clone(tty),
        None => {
            let tty = Arc::new(Tty::find()?);
            if TTY.set(Arc::clone(&tty)).is_ok() {
                restore_on_panic();
            }
            tty
        }
    };
    Ok(tty)
}

/// The terminal of this process, once it was taken.
pub(super) fn current() -> Option<&'static Arc<Tty>> {
    TTY.get()
}

/// Where keys come from: standard input, or the terminal itself if that is something else.
pub(super) fn keyboard() -> io::Result<OwnedFd> {
    let stdin = rustix::stdio::stdin();
    if isatty(stdin) {
        return Ok(rustix::io::fcntl_dupfd_cloexec(stdin, 3)?);
    }
    // By its own name first: macOS cannot poll /dev/tty.
    let named = rustix::termios::ttyname(rustix::stdio::stdout(), Vec::new())
        .ok()
        .and_then(|name| open(name.to_str().ok()?, true, OFlags::empty()).ok());
    match named {
        Some(fd) => Ok(fd),
        None => open("/dev/tty", true, OFlags::empty()),
    }
}

fn open(path: &str, read: bool, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = i32::try_from((flags | OFlags::NOCTTY).bits()).unwrap_or(0);
    Ok(OpenOptions::new().read(read).write(true).custom_flags(flags).open(path)?.into())
}

impl Tty {
    fn find() -> io::Result<Tty> {
        let input = keyboard()?;
        let output = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
        let cooked = tcgetattr(&input)?;
        let rescue = rustix::termios::ttyname(&output, Vec::new())
            .ok()
            .and_then(|name| open(name.to_str().ok()?, false, OFlags::NONBLOCK).ok());
        Ok(Tty {
            input,
            output,
            rescue,
            cooked,
            state: AtomicU8::new(AWAY),
            titled: AtomicBool::new(false),
            mouse: AtomicBool::new(false),
            times_taken: AtomicU32::new(0),
        })
    }

    /// Raw mode first: in the background that is where the kernel stops us, with the shell's screen untouched.
    pub(super) fn enter(&self) -> io::Result<()> {
        let mut raw = self.cooked.clone();
        raw.make_raw();
        tcsetattr(&self.input, OptionalActions::Now, &raw)?;
        self.state.store(TAKEN, Ordering::SeqCst);
        self.times_taken.fetch_add(1, Ordering::SeqCst);
        self.write_all(ENTER)?;
        if self.has_mouse() { self.write_all(MOUSE) } else { Ok(()) }
    }

    /// From the next [`enter`](Tty::enter) on the terminal is to report the mouse.
    pub(super) fn want_mouse(&self) {
        self.mouse.store(true, Ordering::SeqCst);
    }

    /// The mouse is wanted.
    pub(super) fn has_mouse(&self) -> bool {
        self.mouse.load(Ordering::SeqCst)
    }

    /// Gives the terminal back. Never blocks for long and never fails: there is nobody left to tell.
    pub(super) fn leave(&self) {
        match self.state.compare_exchange(TAKEN, GIVING, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => {
                if self.has_mouse() {
                    self.last_words(NO_MOUSE);
                }
                self.last_words(LEAVE);
                if self.titled.swap(false, Ordering::SeqCst) {
                    self.last_words(GIVE_TITLE);
                }
                self.discard_input();
                // Not "after the output has gone": a terminal that takes nothing would hold us here.
                let _ = tcsetattr(&self.input, OptionalActions::Now, &self.cooked);
                self.state.store(AWAY, Ordering::SeqCst);
            }
            Err(GIVING) => {
                let mut left = LEAVING;
                while self.state.load(Ordering::SeqCst) == GIVING && left > Duration::ZERO {
                    std::thread::sleep(Duration::from_millis(2));
                    left = left.saturating_sub(Duration::from_millis(2));
                }
            }
            Err(_) => {}
        }
    }

    /// Titles the window, as long as the terminal is ours.
    pub(super) fn entitle(&self, title: &Clean) -> io::Result<()> {
        if !self.is_taken() {
            return Ok(());
        }
        let save = if self.titled.swap(true, Ordering::SeqCst) { "" } else { SAVE_TITLE };
        self.write_all(format!("{save}\x1b]2;{}\x1b\\", title.as_str()).as_bytes())
    }

    /// The settings alone, for when a program that had the terminal was ended by force.
    pub(super) fn cook(&self) {
        let _ = tcsetattr(&self.input, OptionalActions::Now, &self.cooked);
    }

    pub(super) fn is_taken(&self) -> bool {
        self.state.load(Ordering::SeqCst) == TAKEN
    }

    /// Changes each time the modes were set anew.
    pub(super) fn times_taken(&self) -> u32 {
        self.times_taken.load(Ordering::SeqCst)
    }

    /// Throws away what was typed and not read: keys for another program, late replies to queries.
    pub(super) fn discard_input(&self) {
        let _ = tcflush(&self.input, QueueSelector::IFlush);
    }

    /// Columns and rows; zero where the terminal does not know.
    pub(super) fn size(&self) -> (u16, u16) {
        tcgetwinsize(&self.output).map_or((0, 0), |size| (size.ws_col, size.ws_row))
    }

    /// What the Backspace key sends, according to the terminal's settings.
    pub(super) fn erase(&self) -> u8 {
        self.cooked.special_codes[SpecialCodeIndex::VERASE]
    }

    /// Writes all of `bytes`, in one call where the terminal takes it.
    pub(super) fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match rustix::io::write(&self.output, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                // Somebody who shares the terminal made it non-blocking.
                Err(Errno::AGAIN) => {
                    poll(&mut [PollFd::new(&self.output, PollFlags::OUT)], None)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes without waiting longer than [`LAST_WORDS`] between two pieces.
    fn last_words(&self, mut bytes: &[u8]) {
        let fd = self.rescue.as_ref().unwrap_or(&self.output);
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(LAST_WORDS.subsec_nanos()) };
        while !bytes.is_empty() {
            match poll(&mut [PollFd::new(fd, PollFlags::OUT)], Some(&wait)) {
                Ok(0) => return,
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return,
            }
            match rustix::io::write(fd, bytes) {
                Ok(0) => return,
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return,
            }
        }
    }
}

/// A panic, in whichever thread: give the terminal back, print the message where it can be read, end with 101. A
/// program half of whose threads are gone must not go on showing what it knows.
fn restore_on_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // It would go on reading the keys beside the shell.
        if HANDED_OVER.load(Ordering::SeqCst) {
            editor::dismiss(EDITOR_ENDS);
        }
        if let Some(tty) = current() {
            tty.leave();
        }
        print(info);
        std::process::exit(101);
    }));
}
