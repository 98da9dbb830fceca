//! The loop under `watch` and `submit`: connections, the talk with the lab, time, and the wish to end.
//!
//! One thing at a time: each [`Talk::step`] takes in one event, so that whoever looks between two steps misses no
//! change. It refuses to show anything; undecodable messages go to the log file.

use std::{
    collections::VecDeque,
    future::pending,
    io,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::Context;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
    iterator::Signals,
};
use tokio::{
    runtime::Runtime,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};

use super::{args::RecordArgs, lab::Lab, links, out};
use crate::{
    app::{
        Msg,
        session::{Ids, Outgoing, Session},
    },
    catalogue::Catalogue,
    keep::{
        self,
        sent::{self, Book},
    },
    log::Log,
    memory::Memory,
    net::{self, Command, Net},
    run::{
        history::History,
        recorder::{Recorder, Told},
    },
    store::{Input, TaskKey},
    time::{Clock, Now},
    wire::{
        control::Deed,
        link::{Incoming, Line, LinkState},
    },
};

/// What one step brought.
#[derive(Debug)]
pub enum Step {
    /// A connection changed its state.
    Link(Line),
    /// Something was heard.
    Heard,
    /// A message could not be decoded; why. (It is in the log.)
    Bad(String),
    /// Time went by.
    Time,
    /// The program is to end.
    Stop(Stop),
}

/// Why the program is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Ctrl-C, or a polite kill.
    Signal,
    /// Nobody reads standard output any more.
    Closed,
    /// The connections' thread ended, which it never should.
    Lost,
}

/// The connections to a lab, and all that is known of it.
#[derive(Debug)]
pub struct Talk {
    /// What is known, and what is asked.
    pub session: Session,
    clock: Clock,
    runtime: Runtime,
    net: Net,
    events: mpsc::Receiver<net::Event>,
    stops: UnboundedReceiver<Stop>,
    log: Log,
    book: Book,
    recorder: Option<Recorder>,
    history: Option<Kept>,
    /// Answers that came without the connections: frames that could not even be handed over.
    own: VecDeque<Incoming>,
    memory: Memory,
}

/// The history that is written of what was seen.
#[derive(Debug)]
struct Kept {
    history: History,
    told: UnboundedReceiver<Msg>,
    /// They tell which fields are secret.
    types: Catalogue,
}

impl Kept {
    fn look(&mut self, session: &mut Session, now: Now) {
        self.history.look(&mut session.store, &self.types, false, now);
        say_told(&mut self.told);
    }

    /// Writes what is left.
    fn end(mut self, session: &mut Session, now: Now) {
        self.history.look(&mut session.store, &self.types, true, now);
        drop(self.history);
        say_told(&mut self.told);
    }
}

fn say_told(told: &mut UnboundedReceiver<Msg>) {
    while let Ok(msg) = told.try_recv() {
        if let Msg::Done(Ok(text) | Err(text)) = msg {
            out::say(&text);
        }
    }
}

impl Talk {
    /// Connects to `options`, which are mostly the lab's. `whole`: the scheduler's list is read, as whoever shows the
    /// lab needs it; a single task does without.
    ///
    /// # Errors
    /// If a thread cannot be made.
    pub fn start(lab: &Lab, options: net::Options, whole: bool) -> anyhow::Result<Talk> {
        let clock = Clock::start();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().context("no timer")?;
        let stops = stops().context("signals cannot be heard")?;
        let memory = options.memory.clone();
        let (net, events) = net::start(options, clock).context("the connections cannot be started")?;
        let mut session = Session::new(lab.store(&memory), Ids::Random);
        if !whole {
            session.leave_list();
        }
        session.store.apply(Input::Configured(lab.services()), clock.now());
        let log = Log::new(lab.folders.log_file());
        let book = lab.book("submit");
        let own = VecDeque::new();
        Ok(Talk {
            session,
            clock,
            runtime,
            net,
            events,
            stops,
            log,
            book,
            recorder: None,
            history: None,
            own,
            memory,
        })
    }

    /// Records from here on, if the arguments say so. The connections have to give messages as they come.
    ///
    /// # Errors
    /// One sentence: the file cannot be made.
    pub fn record(&mut self, args: &RecordArgs, lab: &Lab) -> Result<(), String> {
        let Some(path) = &args.record else { return Ok(()) };
        let told = |told| {
            if let Told::Ended(why) = told {
                out::say(&why);
            }
        };
        self.recorder =
            Some(Recorder::start(path, &lab.opening(), args.redact, &self.memory, self.clock.now(), told)?);
        Ok(())
    }

    /// From here on what becomes of tasks goes into the lab's history too, if the lab has one. What changed is then taken
    /// from the store as it comes: nobody else finds it there.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn keep_history(&mut self, lab: &Lab, types: Catalogue) -> io::Result<()> {
        if let Some((place, limits)) = lab.history() {
            let (tell, told) = mpsc::unbounded_channel();
            let history = History::start(Some(place), limits, false, &self.memory, self.clock, tell)?;
            self.history = Some(Kept { history, told, types });
        }
        Ok(())
    }

    /// This moment.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Where messages that cannot be decoded are written.
    pub fn log_file(&self) -> Option<String> {
        self.log.path().map(|path| path.display().to_string())
    }

    /// Waits until a connection is up.
    ///
    /// # Errors
    /// One sentence: why it is not, and will hardly be, or was not within that time.
    pub fn reach(&mut self, line: &Line, patience: Duration) -> Result<(), String> {
        let end = self.now().mono + patience;
        loop {
            let problem = match self.session.link(line).map(|link| &link.state) {
                Some(LinkState::Live) => return Ok(()),
                Some(LinkState::Waiting { problem, .. } | LinkState::Stopped { problem }) => {
                    Some(problem.clone())
                }
                _ => None,
            };
            let late = self.now().mono >= end;
            match problem {
                Some(problem) if late || !links::passes(problem.kind) => {
                    return Err(links::sentence(&problem));
                }
                None if late => return Err("no connection".to_owned()),
                _ => {}
            }
            if let Step::Stop(_) = self.step(Some(end)) {
                return Err("interrupted".to_owned());
            }
        }
    }

    /// Waits for the next thing that happens, at most until `until` (monotonic).
    pub fn step(&mut self, until: Option<Duration>) -> Step {
        let incoming = match self.own.pop_front() {
            Some(incoming) => incoming,
            None => match self.wait(until) {
                Woken::Came(incoming) => incoming,
                Woken::Stop(stop) => return Step::Stop(stop),
                Woken::Time => {
                    self.session.store.allow(self.memory.room());
                    let frames = self.session.wake(self.clock.now());
                    self.send(frames);
                    if let Some(problem) = self.session.take_deaf_bus() {
                        let _ = self.net.commands.send(Command::GiveUp { line: Line::Bus, problem });
                    }
                    if let Some(kept) = &mut self.history {
                        kept.look(&mut self.session, self.clock.now());
                    }
                    return Step::Time;
                }
            },
        };
        self.session.store.allow(self.memory.room());
        if let Some(recorder) = &mut self.recorder {
            recorder.heard(&incoming, self.clock.now());
        }
        let step = match &incoming {
            Incoming::Link { line, .. } => Step::Link(line.clone()),
            Incoming::Bad { line, why, length } => {
                let text = format!("cannot decode {length} bytes on {}: {why}", line.name());
                self.log.line(&text, self.clock.now());
                Step::Bad(why.clone())
            }
            Incoming::Reply { reply, .. } => {
                if let Some(entry) = self.book.answered(reply, self.clock.now()) {
                    self.write(&entry, "what the scheduler answered");
                }
                Step::Heard
            }
            _ => Step::Heard,
        };
        let frames = self.session.receive(incoming, self.clock.now());
        self.send(frames);
        if let Some(kept) = &mut self.history {
            kept.look(&mut self.session, self.clock.now());
        }
        step
    }

    /// Sends frames that the session asked for. What does something is written to the log of deeds first.
    pub fn send(&mut self, frames: Vec<Outgoing>) {
        for Outgoing { line, id, text } in frames {
            let about = |id: &str| {
                let task = self.session.store.task(&TaskKey(id.into()))?;
                Some((task.service.clone(), task.task_type.clone()))
            };
            if let Some(entry) = self.book.goes_out(&line, &text, about, self.clock.now()) {
                self.write(&entry, "what is sent");
            }
            if let Some(recorder) = &mut self.recorder {
                let out = Outgoing { line: line.clone(), id: id.clone(), text: text.clone() };
                recorder.sent(&out, self.clock.now());
            }
            if self.net.commands.send(Command::Send { line, id: id.clone(), text }).is_err() {
                self.own.push_back(Incoming::Unsent { id, why: "there are no connections".to_owned() });
            }
        }
    }

    /// Writes what is about to be done to a service to the log of deeds.
    pub fn writes_deed(&self, service: &str, deed: Deed) {
        self.write(&self.book.controls(service, deed, self.clock.now()), "what is done");
    }

    /// A log that cannot be written stops no work: who has to switch a heater off must be able to, on a full disk too.
    fn write(&self, entry: &str, what: &str) {
        let Some(path) = self.book.path() else { return };
        if let Err(e) = keep::append(path, entry, sent::MOST) {
            out::say(&format!("note: {what} is not in {}: {e}", path.display()));
        }
    }

    fn wait(&mut self, until: Option<Duration>) -> Woken {
        let write = self.history.as_ref().and_then(|kept| kept.history.wake_at(&self.session.store));
        let wake = [self.session.wake_at(self.clock.now()), write, until].into_iter().flatten().min();
        let wake = wake.map(|at| tokio::time::Instant::from_std(self.clock.instant(at)));
        let (stops, events, memory) = (&mut self.stops, &mut self.events, &self.memory);
        self.runtime.block_on(async {
            let time = async {
                match wake {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(stop) = stops.recv() => Woken::Stop(stop),
                () = memory.pressed() => Woken::Time,
                event = events.recv() => event.map_or(Woken::Stop(Stop::Lost), Woken::Came),
                () = time => Woken::Time,
            }
        })
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.end(self.clock.now());
        }
        if let Some(kept) = self.history.take() {
            kept.end(&mut self.session, self.clock.now());
        }
    }
}

enum Woken {
    Came(Incoming),
    Stop(Stop),
    Time,
}

/// Where the wish to end is heard: signals, and a reader of standard output that went away.
fn stops() -> io::Result<UnboundedReceiver<Stop>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let asked = Arc::new(AtomicBool::new(false));
    // Who started us with a signal ignored (nohup, a script's `&`) wants it ignored.
    let wanted: Vec<i32> = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|&signal| signal == SIGTERM || !ignored(signal))
        .collect();
    for &signal in &wanted {
        // The second one ends a program that is stuck in writing to a pipe.
        flag::register_conditional_default(signal, Arc::clone(&asked))?;
        flag::register(signal, Arc::clone(&asked))?;
    }
    let mut signals = Signals::new(wanted)?;
    let heard = sender.clone();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            let _ = heard.send(Stop::Signal);
        }
    })?;
    std::thread::Builder::new().name("reader".to_owned()).spawn(move || reader_gone(&sender))?;
    Ok(receiver)
}

/// Whether the signal was ignored when this program started, where the system tells.
fn ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    (mask >> (signal - 1)) & 1 == 1
}

/// Waits until a pipe's other end is closed: `watch | head` ends then, not at the next change.
fn reader_gone(stops: &UnboundedSender<Stop>) {
    use rustix::event::{PollFd, PollFlags, poll};
    let stdout = io::stdout();
    loop {
        // No wish but for what is always told: errors and the other end's closing.
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        match poll(&mut fds, None) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) if fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => {
                let _ = stops.send(Stop::Closed);
                return;
            }
            _ => return,
        }
    }
}
