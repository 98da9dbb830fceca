//! Signals as inputs, and the second line of defence: a polite kill ends the program even if its loop is stuck.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGWINCH, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::Signals as Incoming;
use tokio::sync::mpsc::UnboundedSender;

use super::modes::{self, Tty};
use super::{Input, editor};
use crate::fault;

/// What else ends a program by default, and leaves its terminal as it was in the middle of it.
const KILLING: [i32; 6] = [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU];

/// How long the program has to end by itself after it was asked to. Then the terminal is given back and the
/// process ends, with 128 and the signal's number as a shell would report it.
pub const LAST_RESORT: Duration = Duration::from_millis(1500);

/// A signal that the program acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal's window was closed, the ssh connection is gone.
    HangUp,
    /// SIGINT, from outside: the Ctrl-C key is a key.
    Interrupt,
    /// SIGQUIT, from outside.
    Quit,
    /// SIGTSTP, from outside: the Ctrl-Z key is a key. Nothing has happened yet; see
    /// [`Terminal::suspend`](super::Terminal::suspend).
    Stop,
    /// Another one that kills a program which does not expect it, such as SIGUSR1 or SIGXCPU.
    Other(i32),
    /// SIGCONT after a stop that was not ours: call [`Terminal::refresh`](super::Terminal::refresh) and draw anew.
    Continue,
}

impl Signal {
    fn from_number(number: i32) -> Option<Signal> {
        Some(match number {
            SIGTERM => Signal::Terminate,
            SIGHUP => Signal::HangUp,
            SIGINT => Signal::Interrupt,
            SIGQUIT => Signal::Quit,
            SIGTSTP => Signal::Stop,
            SIGCONT => Signal::Continue,
            number if KILLING.contains(&number) => Signal::Other(number),
            _ => return None,
        })
    }

    /// The system's number.
    pub fn number(self) -> i32 {
        match self {
            Signal::Terminate => SIGTERM,
            Signal::HangUp => SIGHUP,
            Signal::Interrupt => SIGINT,
            Signal::Quit => SIGQUIT,
            Signal::Stop => SIGTSTP,
            Signal::Continue => SIGCONT,
            Signal::Other(number) => number,
        }
    }

    /// Whether the program is asked to end, without a question back.
    pub fn ends(self) -> bool {
        !matches!(self, Signal::Stop | Signal::Continue)
    }

    /// The exit code after this signal, as a shell reports it.
    pub fn exit_code(self) -> u8 {
        u8::try_from(128 + self.number()).unwrap_or(u8::MAX)
    }
}

/// The thread that waits for signals, for as long as the process lives.
#[derive(Debug)]
pub(super) struct Signals {
    own: Arc<Own>,
}

/// Signals that we send to ourselves: those that nobody needs to hear of, once each, and one to wait for.
#[derive(Debug, Default)]
struct Own {
    stop: AtomicBool,
    go_on: AtomicBool,
    /// How often SIGWINCH was looked at.
    resizes: AtomicU32,
}

impl Signals {
    pub(super) fn start(tty: Arc<Tty>, inputs: UnboundedSender<Input>) -> io::Result<Signals> {
        let known = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH];
        // SIGXFSZ is looked at for nothing but that a file which may not grow is then an error and no end.
        let mut incoming = Incoming::new(known.iter().chain(&KILLING).chain(&[SIGXFSZ]))?;
        let own = Arc::new(Own::default());
        let signals = Signals { own: Arc::clone(&own) };
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for number in incoming.forever() {
                fault::here("signals");
                receive(number, &tty, &own, &inputs);
            }
        })?;
        Ok(signals)
    }

    /// Lets the next SIGTSTP and SIGCONT pass unheard, around a stop of our own.
    pub(super) fn expect_own_stop(&self) {
        self.own.stop.store(true, Ordering::SeqCst);
        self.own.go_on.store(true, Ordering::SeqCst);
    }

    /// Waits until all signals that have come were looked at, by sending one that is looked at last; that it says
    /// the size once more harms nobody.
    pub(super) fn settle(&self) {
        let before = self.own.resizes.load(Ordering::SeqCst);
        if signal_hook::low_level::raise(SIGWINCH).is_err() {
            return;
        }
        for _ in 0..200 {
            if self.own.resizes.load(Ordering::SeqCst) != before {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until the expected SIGTSTP has passed. While it is pending a SIGCONT would take it back, and the next
    /// one, from somebody else, would pass unheard instead.
    pub(super) fn await_own_stop(&self) {
        for _ in 0..100 {
            if !self.own.stop.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.own.stop.store(false, Ordering::SeqCst);
    }
}

fn receive(number: i32, tty: &Tty, own: &Own, inputs: &UnboundedSender<Input>) {
    if number == SIGWINCH {
        let (columns, rows) = tty.size();
        let _ = inputs.send(Input::Resize(columns, rows));
        own.resizes.fetch_add(1, Ordering::SeqCst);
        return;
    }
    let Some(signal) = Signal::from_number(number) else { return };
    let theirs = modes::HANDED_OVER.load(Ordering::SeqCst);
    match signal {
        Signal::Stop if own.stop.swap(false, Ordering::SeqCst) => return,
        Signal::Continue if own.go_on.swap(false, Ordering::SeqCst) => return,
        // From the keyboard, and meant for the program that has the terminal.
        Signal::Stop | Signal::Interrupt | Signal::Quit if theirs => return,
        _ => {}
    }
    let _ = inputs.send(Input::Signal(signal));
    if signal.ends() {
        end_at_last(signal);
    }
}

/// Ends the process after [`LAST_RESORT`], unless it has ended by then. The first call counts.
pub(super) fn end_at_last(signal: Signal) {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    if BEGUN.swap(true, Ordering::SeqCst) {
        return;
    }
    let wait = move || {
        std::thread::sleep(LAST_RESORT);
        editor::dismiss(Duration::from_millis(100));
        if let Some(tty) = modes::current() {
            tty.leave();
        }
        // Not `process::exit`: handlers at exit could wait for what is stuck.
        signal_hook::low_level::exit(i32::from(signal.exit_code()));
    };
    if std::thread::Builder::new().name("last-resort".into()).spawn(wait).is_err() {
        // No thread to be had: then now.
        if let Some(tty) = modes::current() {
            tty.leave();
        }
        signal_hook::low_level::exit(i32::from(signal.exit_code()));
    }
}
