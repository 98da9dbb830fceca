//! The loop: the only place where the screen's effects happen.
//!
//! What the person does comes first (keys, signals, what effects brought), then the wire; everything that waits is
//! taken in before one frame is drawn, at once for the person and at most every 33 ms for the wire. Nothing is
//! drawn unless the picture may have changed; while nothing happens the loop sleeps.

pub(crate) mod history;
mod keeper;
mod lab;
mod logs;
mod painter;
mod perform;
mod player;
pub(crate) mod recorder;
mod replay;
pub(crate) mod tape;
mod types;
mod typing;
mod worker;

use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use tokio::sync::mpsc;

pub use self::painter::Painter;
use self::{
    lab::{Came, OnScreen, Person},
    player::{Player, Sought},
    replay::Playing,
    tape::Tape,
    typing::Typing,
};
use crate::{
    app::{App, Msg, replay::Replay, session::ReadList, update},
    catalogue::Catalogue,
    clean::Charset,
    cli::{
        args::{DemoArgs, LookArgs, Place, RecordArgs, ReplayArgs},
        lab::Lab,
    },
    config::Ascii,
    demo, fault,
    log::Log,
    memory::Memory,
    term::{self, Capabilities, Colours},
    theme::{Depth, Glyphs},
    time::Clock,
    view::Look,
    wire::{Text, link::Incoming},
};

/// A list of the scheduler's above this many bytes is read beside the loop.
const LARGE_LIST: usize = 256 * 1024;
/// Messages of the wire that are taken in before keys are looked at again.
const BATCH: usize = 256;

/// Opens the screen on the lab that the arguments name.
///
/// # Errors
/// There is no terminal, or it fails.
pub fn screen(place: &Place, look: &LookArgs, record: &RecordArgs) -> anyhow::Result<ExitCode> {
    if let Err(why) = term::check() {
        say(&why.to_string());
        return Ok(ExitCode::from(term::NO_TERMINAL_EXIT));
    }
    let lab = match Lab::find(place) {
        Ok(lab) => lab,
        Err(problem) => {
            say(&problem.sentences());
            return Ok(ExitCode::from(2));
        }
    };
    open(&lab, look, Start { record: Some(record), ..Start::new(Clock::start()) })
}

/// Starts the demonstration's laboratory and opens the screen on it, or keeps just the server.
///
/// # Errors
/// The port is taken, or the terminal fails.
pub fn demo(args: &DemoArgs, look: &LookArgs, record: &RecordArgs) -> anyhow::Result<ExitCode> {
    let clock = Clock::start();
    let options = demo::Options { port: args.port, scenario: args.scenario, ..demo::Options::default() };
    if !args.serve_only
        && let Err(why) = term::check()
    {
        say(&why.to_string());
        return Ok(ExitCode::from(term::NO_TERMINAL_EXIT));
    }
    let server = demo::start(options, clock)?;
    if args.serve_only {
        return serve(&server);
    }
    let place = Place { url: Some(server.url()), ..Place::default() };
    let mut lab = Lab::find(&place).map_err(|p| anyhow::anyhow!("{}", p.what))?;
    lab.name = "demo lab, not real".to_owned();
    // Nothing real is done there.
    lab.keeps = false;
    lab.named = demo::SERVICES.iter().map(|name| Text::from(*name)).collect();
    let start = Start { record: Some(record), ..Start::new(clock) };
    open(&lab, look, Start { catalogue: demo_catalogue(), is_demo: true, ..start })
}

/// Opens the screen on a recording.
///
/// # Errors
/// There is no terminal, or it fails.
pub fn replay(args: &ReplayArgs, look: &LookArgs) -> anyhow::Result<ExitCode> {
    if let Err(why) = term::check() {
        say(&why.to_string());
        return Ok(ExitCode::from(term::NO_TERMINAL_EXIT));
    }
    let tape = match Tape::open(&args.file) {
        Ok(tape) => tape,
        Err(why) => {
            say(&why);
            return Ok(ExitCode::from(crate::cli::MISUSE));
        }
    };
    let lab = Lab::of_recording(&tape.head);
    let file = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let replay = Replay {
        file,
        length: tape.length(),
        entries: tape.len(),
        ended: tape.ended,
        seen: 0,
        paused: args.paused,
        speed: args.speed,
        seeking: None,
    };
    open(&lab, look, Start { play: Some((tape, replay)), ..Start::new(Clock::start()) })
}

/// What the screen is opened with.
struct Start<'a> {
    catalogue: Catalogue,
    is_demo: bool,
    clock: Clock,
    /// Whether and where a recording is written.
    record: Option<&'a RecordArgs>,
    /// The recording that is played instead of a lab.
    play: Option<(Tape, Replay)>,
}

impl Start<'_> {
    fn new(clock: Clock) -> Self {
        Start { catalogue: Catalogue::new(), is_demo: false, clock, record: None, play: None }
    }
}

/// Juice's own types and the demonstration's.
fn demo_catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new();
    for (name, text) in demo::catalogues() {
        catalogue.add_file(name, text);
    }
    catalogue
}

/// Keeps the demonstration's server until the program is asked to end.
fn serve(server: &demo::Demo) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let url = server.url();
    let told = writeln!(out, "a demonstration laboratory, nothing real moves: {url}")
        .and_then(|()| writeln!(out, "juicetop --url {url} opens the screen on it; Ctrl-C ends it"))
        .and_then(|()| out.flush());
    // Whoever only wanted to read the address has gone; the laboratory is there all the same.
    told.or_else(|e| if e.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(e) })?;
    let mut signals = signal_hook::iterator::Signals::new(signal_hook::consts::TERM_SIGNALS)?;
    signals.forever().next();
    Ok(ExitCode::SUCCESS)
}

/// A line on standard error, for when there is no screen. Nothing can be done if that fails.
fn say(text: &str) {
    crate::cli::out::say(text);
}

/// Everything between the lab that was found and the last frame.
fn open(lab: &Lab, args: &LookArgs, start: Start<'_>) -> anyhow::Result<ExitCode> {
    let Start { catalogue, is_demo, clock, record, play } = start;
    let env = |name: &str| std::env::var(name).ok();
    let capabilities = Capabilities::from_env(&env);
    let config = lab.config();
    let mut problems = lab.problems();
    if let Some((tape, _)) = &play {
        problems.extend(tape.all_told());
    }
    let (theme, theme_problems) = lab.theme(args.theme.as_deref());
    problems.extend(theme_problems);
    let theme = theme.at(depth(capabilities.colours));
    let charset = match (args.ascii, config.ascii) {
        (true, _) | (_, Ascii::Yes) => Charset::Ascii,
        (_, Ascii::No) => Charset::Unicode,
        (_, Ascii::Auto) if capabilities.utf8 => Charset::Unicode,
        (_, Ascii::Auto) => Charset::Ascii,
    };
    let (keymap, key_problems) = lab.keymap();
    problems.extend(key_problems);

    let mut log = Log::new(lab.folders.log_file());
    let memory = lab.memory();
    let (finds, sought) = mpsc::unbounded_channel();
    let (playing, played) = match play {
        Some((tape, state)) => {
            let session = player::empty(lab.store(&memory), lab.services(), &tape);
            let player = Player::start(tape, session.clone(), &state, clock.now().mono, finds)?;
            (Some(Playing::new(player)), Some((session, state)))
        }
        None => (None, None),
    };
    let raw = record.is_some_and(|record| record.record.is_some());
    let person = Person { args, charset, keymap, clock, is_demo, raw, memory };
    let mut on_screen = OnScreen::open(lab, &person, catalogue, problems, played, &mut log)?;
    if let Some(record) = record
        && let Err(why) = on_screen.record(record, lab, &person.memory, clock)
    {
        say(&why);
        return Ok(ExitCode::from(crate::cli::MISUSE));
    }

    let (inputs, from_terminal) = mpsc::unbounded_channel();
    let terminal = term::Terminal::open(inputs)?;
    let size = terminal.size();
    on_screen.app.ui.size = size;
    on_screen.app.start(clock.now());
    let look = Look { glyphs: Glyphs::of(charset) };
    let painter = Painter::new(terminal.backend(), size, theme, look)?;
    let mut runner = Runner {
        labs: vec![on_screen],
        front: 0,
        painter,
        terminal,
        clock,
        memory: person.memory,
        playing,
        log,
        exit: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let result = runtime.block_on(runner.run(Inputs { from_terminal, sought }));
    let exit = runner.exit;
    let told: Vec<_> = runner.labs.iter_mut().map(|lab| lab.part(clock)).collect();
    // The terminal is given back before anything is printed, and before anything that may take time.
    drop(runner);
    told.iter().flat_map(|told| told.try_iter()).for_each(|text| say(&text));
    match result {
        // The picture may notice that the terminal is gone before the key reader does.
        Err(e) if is_hang_up(&e) => return Ok(ExitCode::from(term::Signal::HangUp.exit_code())),
        other => other?,
    }
    Ok(exit.map_or(ExitCode::SUCCESS, ExitCode::from))
}

/// The error is that the terminal is no longer there.
fn is_hang_up(error: &anyhow::Error) -> bool {
    let gone = |e: &io::Error| e.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
    error.chain().filter_map(|e| e.downcast_ref::<io::Error>()).any(gone)
}

fn depth(colours: Colours) -> Depth {
    match colours {
        Colours::None => Depth::None,
        Colours::Ansi16 => Depth::Ansi16,
        Colours::Ansi256 => Depth::Ansi256,
        Colours::TrueColour => Depth::TrueColour,
    }
}

/// The loop's own: what is the person's, and the labs on the screen.
struct Runner {
    /// One at least.
    labs: Vec<OnScreen>,
    /// The place of the one that the person sees, and that keys go to.
    front: usize,
    painter: Painter<term::Backend>,
    terminal: term::Terminal,
    clock: Clock,
    /// What all labs may take together.
    memory: Memory,
    playing: Option<Playing>,
    log: Log,
    exit: Option<u8>,
}

/// Where everything comes from that the loop waits for, but for what the labs bring themselves.
struct Inputs {
    from_terminal: mpsc::UnboundedReceiver<term::Input>,
    sought: mpsc::UnboundedReceiver<Sought>,
}

impl Runner {
    /// The lab that the person sees.
    fn app(&self) -> &App {
        &self.labs[self.front].app
    }

    fn app_mut(&mut self) -> &mut App {
        &mut self.labs[self.front].app
    }

    /// The program is about to end.
    fn leaves(&self) -> bool {
        self.labs.iter().any(|lab| lab.app.ui.leaving)
    }

    /// When something is due that nothing announces.
    fn wake_at(&mut self, typing: &Typing) -> Option<Duration> {
        let labs = self.labs.iter().flat_map(|lab| {
            let history = lab.history.as_ref().and_then(|history| history.wake_at(lab.app.store()));
            let app = lab.app.wake_at(self.now()).and_then(|at| self.real(at));
            [history, app]
        });
        let labs = labs.flatten().min();
        let others = [labs, self.painter.due(self.app(), false), self.playing_wake_at(), typing.wake_at()];
        others.into_iter().flatten().min()
    }

    async fn run(&mut self, inputs: Inputs) -> anyhow::Result<()> {
        let Inputs { mut from_terminal, mut sought } = inputs;
        let mut person = true;
        let mut typing = Typing::default();
        let memory = self.memory.clone();
        while !self.leaves() {
            let real = self.clock.now().mono;
            if self.painter.due(self.app(), person).is_some_and(|at| at <= real) {
                self.draw()?;
            }
            person = false;
            let real = self.clock.now().mono;
            let wake = self.wake_at(&typing).unwrap_or(real + Duration::from_secs(3600));
            let sleep = tokio::time::sleep_until(self.clock.instant(wake.max(real)).into());
            tokio::select! {
                biased;
                input = from_terminal.recv() => match input {
                    Some(input) => typing.push(input),
                    None => break,
                },
                Some(state) = sought.recv() => {
                    person = true;
                    self.arrive(state)?;
                }
                (at, came) = lab::next(self.labs.iter_mut().map(|lab| &mut lab.sources), self.front) => match came {
                    Came::Done(msg) => {
                        person = true;
                        self.handle(at, msg)?;
                    }
                    Came::Wire(event) => self.wire(at, event)?,
                },
                // Something large is on its way.
                () = memory.pressed() => {}
                () = sleep => self.wake()?,
            }
            self.make_room();
            term::set_needed(self.labs.iter().any(|lab| lab.app.would_lose()));
            let now = self.clock.now();
            for lab in &mut self.labs {
                if let Some(history) = &mut lab.history {
                    history.look(&mut lab.app.session.store, &lab.app.catalogue, false, now);
                }
            }
            // Everything that waits, before one frame.
            while let Ok(input) = from_terminal.try_recv() {
                typing.push(input);
            }
            while let Some(input) = typing.next(self.clock.now().mono) {
                // Sizes come by the hundred while a window is drawn larger.
                person |= !matches!(input, term::Input::Resize(..));
                self.input(input)?;
                if self.leaves() {
                    return Ok(());
                }
            }
            self.take_wires()?;
            self.play()?;
        }
        Ok(())
    }

    /// Takes in what waits on the wires: of all labs together so much that no key waits long behind it, of each its share,
    /// however much another one says.
    fn take_wires(&mut self) -> anyhow::Result<()> {
        let share = BATCH.div_ceil(self.labs.len());
        for at in lab::from(self.front, self.labs.len()) {
            for _ in 0..share {
                let Some(event) = self.labs[at].sources.waiting() else { break };
                self.wire(at, event)?;
            }
        }
        Ok(())
    }

    /// What is known of the labs fits into what is left of the memory. Each may have what the others leave, and its equal
    /// share at least.
    fn make_room(&mut self) {
        let opened: usize = self.labs.iter().map(|lab| lab.app.opened()).sum();
        let room = self.memory.room().saturating_sub(opened);
        let taken: usize = self.labs.iter().map(|lab| lab.app.store().bytes()).sum();
        let share = room / self.labs.len();
        for lab in &mut self.labs {
            let others = taken - lab.app.store().bytes();
            lab.app.session.store.allow(room.saturating_sub(others).max(share));
        }
    }

    /// Time went on.
    fn wake(&mut self) -> anyhow::Result<()> {
        for at in lab::from(self.front, self.labs.len()) {
            self.handle(at, Msg::Wake)?;
        }
        Ok(())
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let now = self.now();
        self.app_mut().settle(now);
        let real = self.clock.now().mono;
        Ok(self.painter.draw(&self.labs[self.front].app, now, real)?)
    }

    fn input(&mut self, input: term::Input) -> anyhow::Result<()> {
        fault::here("key");
        let front = self.front;
        match input {
            term::Input::Key(key) => self.handle(front, Msg::Key(key)),
            term::Input::Paste(text) => self.handle(front, Msg::Paste(text)),
            term::Input::PasteTooLarge(bytes) => self.handle(
                front,
                Msg::Done(Err(format!(
                    "not pasted: {} is too much; open the payload in your editor instead",
                    crate::app::document::bytes(bytes)
                ))),
            ),
            term::Input::Resize(columns, rows) => {
                self.resize((columns, rows))?;
                // Also where the size is the old one again: what did not fit in between is gone from the terminal.
                self.painter.redraw();
                Ok(())
            }
            term::Input::Signal(term::Signal::Stop) => {
                let can = term::can_suspend().is_ok();
                self.handle(front, Msg::AskedToStop { can })
            }
            term::Input::Signal(term::Signal::Continue) => {
                let size = self.terminal.refresh()?;
                self.whole_frame(size)
            }
            term::Input::Signal(signal) => {
                self.exit = Some(signal.exit_code());
                self.app_mut().ui.leaving = true;
                Ok(())
            }
            term::Input::Closed => {
                self.exit = Some(term::Signal::HangUp.exit_code());
                self.app_mut().ui.leaving = true;
                Ok(())
            }
        }
    }

    /// The screen has another size: that of every lab.
    fn resize(&mut self, size: (u16, u16)) -> anyhow::Result<()> {
        for at in 0..self.labs.len() {
            self.handle(at, Msg::Resize(size.0, size.1))?;
        }
        Ok(())
    }

    fn whole_frame(&mut self, size: (u16, u16)) -> anyhow::Result<()> {
        self.resize(size)?;
        self.painter.redraw();
        self.draw()
    }

    fn wire(&mut self, at: usize, event: Incoming) -> anyhow::Result<()> {
        let now = self.clock.now();
        let lab = &mut self.labs[at];
        if let Some(recorder) = &mut lab.recorder {
            recorder.heard(&event, now);
        }
        match &event {
            Incoming::Bad { line, why, length } => {
                self.log.line(&format!("cannot decode {length} bytes on {}: {why}", line.name()), now);
            }
            Incoming::Link { line, state } => self.log.line(&format!("{line:?}: {state:?}"), now),
            Incoming::Missed { count } => self.log.line(&format!("{count} bus messages were let go"), now),
            Incoming::Reply { reply, .. } => {
                if let Some(entry) = lab.book.answered(reply, now)
                    && let Some(path) = lab.book.path()
                {
                    lab.keeper.note(path.clone(), entry);
                }
            }
            _ => {}
        }
        if let Incoming::Reply { reply, .. } = &event
            && reply.text.len() > LARGE_LIST
            && lab.app.session.is_list(reply)
        {
            // Reading it takes longer than a key may wait.
            let (reply, done) = (reply.clone(), lab.done.clone());
            std::thread::Builder::new().name("list".to_owned()).spawn(move || {
                let _ = done.send(Msg::List(ReadList::of(&reply)));
            })?;
            return Ok(());
        }
        self.handle(at, Msg::Wire(event))
    }

    fn handle(&mut self, at: usize, msg: Msg) -> anyhow::Result<()> {
        let closed = matches!(msg, Msg::EditorClosed(_));
        if closed {
            let size = self.terminal.take_back()?;
            self.resize(size)?;
        }
        let by_key = matches!(msg, Msg::Key(_));
        let now = self.now();
        for effect in update(&mut self.labs[at].app, msg, now) {
            self.perform(at, effect)?;
        }
        if by_key {
            // What waited behind it came with it, as a paste does, however long that took.
            self.labs[at].app.ui.last_key = Some(self.now());
        }
        if closed {
            let size = self.app().ui.size;
            self.whole_frame(size)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod budget;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_knows_the_schemas_of_all_its_services() {
        let catalogue = demo_catalogue();
        for (service, class) in [("qubits", "MeasureT1"), ("forms", "Numbers")] {
            let found = catalogue.find(service, class).and_then(|task| task.schema.as_deref());
            assert!(found.is_some(), "{class} on {service}");
        }
    }
}
