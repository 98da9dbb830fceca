//! The thread that waits for keys. It sleeps in `poll` on the terminal and on a pipe that wakes it, and ends when
//! the terminal does; it never asks again a descriptor that has said so.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::sync::mpsc::UnboundedSender;

use super::modes::Tty;
use super::parser::{ESCAPE_WAIT, ESCAPE_WAIT_REMOTE, Parser};
use super::signals;
use super::{Capabilities, Input};
use crate::{fault, time::Clock};

/// How long [`Reader::park`] waits for the thread, which never does anything long.
const PARKING: Duration = Duration::from_secs(1);

/// How often a thread that stands still looks whether its terminal is there: a program that has the terminal may not
/// read from it, and nobody else would notice.
const LOOK: Duration = Duration::from_millis(500);

/// The running thread.
#[derive(Debug)]
pub(super) struct Reader {
    gate: Arc<Gate>,
    wake: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is wanted to do, and whether it stands still.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    wish: Wish,
    parked: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Wish {
    #[default]
    Read,
    Park,
    Stop,
}

/// What the thread is to do next.
enum Pass {
    /// Read on. `stood`: after it stood still.
    Read { stood: bool },
    /// The terminal is gone.
    Gone,
    /// End.
    End,
}

impl Reader {
    /// Starts to read keys from `tty` into `inputs`.
    pub(super) fn start(tty: Arc<Tty>, inputs: UnboundedSender<Input>) -> io::Result<Reader> {
        let (woken, wake) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let gate = Arc::new(Gate::default());
        let thread = {
            let gate = Arc::clone(&gate);
            std::thread::Builder::new()
                .name("keys".into())
                .spawn(move || read(&tty, &woken, &gate, &inputs))?
        };
        Ok(Reader { gate, wake, thread: Some(thread) })
    }

    /// Returns when the thread reads no more. What it held half read is forgotten.
    pub(super) fn park(&self) {
        let mut state = self.wish(Wish::Park);
        let done = |state: &mut State| !state.parked && state.wish == Wish::Park;
        state = self
            .gate
            .changed
            .wait_timeout_while(state, PARKING, done)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        drop(state);
    }

    /// Lets the thread read again.
    pub(super) fn resume(&self) {
        drop(self.wish(Wish::Read));
    }

    /// Ends the thread.
    pub(super) fn stop(&mut self) {
        drop(self.wish(Wish::Stop));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn wish(&self, wish: Wish) -> MutexGuard<'_, State> {
        let mut state = self.gate.lock();
        // Once it has ended there is nobody to wish anything from.
        if state.wish != Wish::Stop {
            state.wish = wish;
        }
        self.gate.changed.notify_all();
        // A full pipe wakes as well.
        let _ = rustix::io::write(&self.wake, b"!");
        state
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stands still while that is wanted, and the terminal is there.
    fn pass(&self, tty: &Tty) -> Pass {
        let mut state = self.lock();
        let mut stood = false;
        while state.wish == Wish::Park {
            state.parked = true;
            stood = true;
            self.changed.notify_all();
            let woken = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner);
            state = woken.0;
            if woken.1.timed_out() && state.wish == Wish::Park && is_gone(tty) {
                return Pass::Gone;
            }
        }
        state.parked = false;
        match state.wish {
            Wish::Read => Pass::Read { stood },
            _ => Pass::End,
        }
    }

    /// The thread ends by itself: whoever waits for it to park need not.
    fn leave(&self) {
        self.lock().wish = Wish::Stop;
        self.changed.notify_all();
    }
}

fn read(tty: &Tty, woken: &OwnedFd, gate: &Gate, inputs: &UnboundedSender<Input>) {
    let clock = Clock::start();
    let env = |name: &str| std::env::var(name).ok();
    let escape = if Capabilities::from_env(&env).ssh { ESCAPE_WAIT_REMOTE } else { ESCAPE_WAIT };
    let mut parser = Parser::new(tty.erase(), escape);
    if tty.has_mouse() {
        parser = parser.with_mouse();
    }
    let mut buffer = vec![0; 16 << 10];
    let mut out = Vec::new();
    loop {
        fault::here("keys");
        match gate.pass(tty) {
            Pass::Read { stood: true } => parser.reset(),
            Pass::Read { stood: false } => {}
            Pass::Gone => return closed(gate, inputs),
            Pass::End => return,
        }
        match wait(tty, woken, parser.deadline().map(|at| at.saturating_sub(clock.now().mono))) {
            Wait::Woken => {}
            Wait::Time => parser.expire(clock.now(), &mut out),
            Wait::Bytes => match rustix::io::read(&tty.input, buffer.as_mut_slice()) {
                Ok(n @ 1..) => parser.feed(buffer.get(..n).unwrap_or_default(), clock.now(), &mut out),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Ok(0) | Err(_) => return closed(gate, inputs),
            },
            Wait::Gone => return closed(gate, inputs),
        }
        for input in out.drain(..) {
            if inputs.send(input).is_err() {
                return gate.leave();
            }
        }
    }
}

/// Whether the terminal has hung up. Takes none of what was typed: that is for whoever has the terminal.
fn is_gone(tty: &Tty) -> bool {
    let mut fds = [PollFd::new(&tty.input, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let [keys] = match poll(&mut fds, Some(&now)) {
        Ok(_) => fds.map(|fd| fd.revents()),
        Err(_) => return false,
    };
    keys.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}

/// Tells the loop, and sees to it that the program ends even if the loop does not listen.
fn closed(gate: &Gate, inputs: &UnboundedSender<Input>) {
    gate.leave();
    let _ = inputs.send(Input::Closed);
    signals::end_at_last(signals::Signal::HangUp);
}

enum Wait {
    Bytes,
    Woken,
    Time,
    Gone,
}

fn wait(tty: &Tty, woken: &OwnedFd, time: Option<Duration>) -> Wait {
    // Rounded up, so that the time has really come when poll says so.
    let time = time.map(|time| time + Duration::from_millis(1));
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    let mut fds = [PollFd::new(&tty.input, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
    match poll(&mut fds, time.as_ref()) {
        Ok(0) => return Wait::Time,
        Ok(_) => {}
        Err(Errno::INTR | Errno::AGAIN) => return Wait::Woken,
        Err(_) => return Wait::Gone,
    }
    let [keys, wake] = fds.map(|fd| fd.revents());
    if !wake.is_empty() {
        while rustix::io::read(woken, &mut [0; 64]).is_ok_and(|n| n > 0) {}
        return Wait::Woken;
    }
    if keys.contains(PollFlags::IN) { Wait::Bytes } else { Wait::Gone }
}
