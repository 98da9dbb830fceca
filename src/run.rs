//! The loop: the only place where the screen's effects happen.
//!
//! What the person does comes first (keys, signals, what effects brought), then the wire; everything that waits is
//! taken in before one frame is drawn, at once for the person and at most every 33 ms for the wire. Nothing is
//! drawn unless the picture may have changed; while nothing happens the loop sleeps.

mod history;
mod keeper;
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
    history::History,
    keeper::{Files, Keeper},
    player::{Player, Sought},
    recorder::Recorder,
    replay::Playing,
    tape::Tape,
    types::Types,
    typing::Typing,
};
use crate::{
    app::{
        App, Msg, Settings, learn_all,
        replay::{BARRED, Recording, Replay},
        session::{Ids, ReadList, Session},
        update,
    },
    catalogue::Catalogue,
    clean::Charset,
    cli::{
        args::{DemoArgs, LookArgs, Place, RecordArgs, ReplayArgs},
        lab::Lab,
    },
    config::{self, Ascii, Paths},
    demo,
    keep::sent::Book,
    log::Log,
    net::{self, Net, influx::Access, kernels::Kernels},
    store::Input,
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
    writeln!(out, "a demonstration laboratory, nothing real moves: {}", server.url())?;
    writeln!(out, "juicetop --url {} opens the screen on it; Ctrl-C ends it", server.url())?;
    out.flush()?;
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
    let Start { mut catalogue, is_demo, clock, record, play } = start;
    let env = |name: &str| std::env::var(name).ok();
    let capabilities = Capabilities::from_env(&env);
    let config = lab.config();
    let mut problems = lab.problems();
    let is_replay = play.is_some();
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
    if !is_replay {
        problems.extend(lab.add_types(&mut catalogue));
    }

    // Whether it wanted a read-only screen cannot be told: then nothing is sent.
    let unreadable = lab.is_config_unreadable();
    if unreadable {
        problems.insert(0, "the configuration cannot be read, so nothing can be sent from here".to_owned());
    }
    let influx = match is_replay {
        true => Err("what is played may be long over, and nobody is asked".to_owned()),
        false => lab.influx(),
    };
    let settings = Settings {
        read_only: args.read_only || config.read_only || unreadable,
        watch_only: if is_replay { Some(BARRED.to_owned()) } else { lab.watch_only() },
        guard: config.guard.clone(),
        oldest_first: config.traceback == config::TracebackOrder::OldestFirst,
        charset,
        keymap,
        lab: lab.name.clone(),
        demo: is_demo,
        place: lab.place(),
        alone: lab.alone.clone(),
        problems: problems.clone(),
        // The demonstration's classes stand in no Python.
        python: config
            .python
            .as_ref()
            .filter(|_| !is_demo && !is_replay)
            .map(|path| path.display().to_string()),
        exact_names: config.exact_names,
        juice: lab.found.as_ref().and_then(|found| found.juice_version.clone()),
        no_log: influx.as_ref().err().cloned(),
    };
    let mut log = Log::new(lab.folders.log_file());
    for problem in &problems {
        log.line(problem, clock.now());
    }
    let (done, from_effects) = mpsc::unbounded_channel();
    let recorder = match record.map(|record| recorder(record, lab, done.clone(), clock)).transpose() {
        Ok(recorder) => recorder.flatten(),
        Err(why) => {
            say(&why);
            return Ok(ExitCode::from(crate::cli::MISUSE));
        }
    };
    let (net, incoming) = match is_replay {
        true => (None, mpsc::channel(1).1),
        false => {
            let options = net::Options { raw: recorder.is_some(), ..lab.options() };
            let (net, incoming) = net::start(options, clock)?;
            (Some(net), incoming)
        }
    };
    let (inputs, from_terminal) = mpsc::unbounded_channel();
    let terminal = term::Terminal::open(inputs)?;
    let size = terminal.size();
    let (finds, sought) = mpsc::unbounded_channel();
    let (session, playing, state) = match play {
        Some((tape, state)) => {
            let session = player::empty(lab.store(), lab.services(), &tape);
            let player = Player::start(tape, session.clone(), &state, clock.now().mono, finds)?;
            (session, Some(Playing::new(player)), Some(state))
        }
        None => {
            let mut session = Session::new(lab.store(), Ids::Random);
            session.store.apply(Input::Configured(lab.services()), clock.now());
            (session, None, None)
        }
    };
    let mut app = App::new(session, catalogue, settings, size);
    app.ui.hidden = config.hidden;
    app.ui.replay = state;
    app.ui.recording = recorder.as_ref().map(|_| Recording::Goes(0));
    // What was kept and cannot be used is told, on the screen and in the log.
    let folder = lab.folders.lab_folder(&lab.name).filter(|_| lab.keeps);
    let mut files = Files::new(folder, lab.folders.choices_file().filter(|_| lab.keeps));
    for problem in files.read(&mut app) {
        log.line(&problem, clock.now());
        app.settings.problems.push(problem);
    }
    app.start(clock.now());

    let look = Look { glyphs: Glyphs::of(charset) };
    let painter = Painter::new(terminal.backend(), size, theme, look)?;
    let book = lab.book("screen");
    let paths = config.paths.clone();
    let keeper = Keeper::start(files, done.clone())?;
    let types = Types::of(lab);
    // The demonstration's past is gone with it; so is that of who wants none kept.
    let (place, limits) = lab.history().unzip();
    let place = place.filter(|_| config.history && !args.no_history);
    let limits = limits.unwrap_or_default();
    // A recording that is played goes back and forth: it makes no history.
    let history = match is_replay {
        true => None,
        false => Some(History::start(place, limits, clock, done.clone())?),
    };
    let kernels = match lab.run_dir.clone().filter(|_| !is_replay) {
        Some(run_dir) => Some(logs::hear(run_dir, done.clone())?),
        None => None,
    };
    let mut runner = Runner {
        app,
        painter,
        terminal,
        net,
        clock,
        playing,
        recorder,
        log,
        book,
        keeper,
        history,
        types,
        influx: influx.ok(),
        _kernels: kernels,
        paths,
        done,
        exit: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let inputs = Inputs { from_terminal, from_effects, incoming, sought };
    let result = runtime.block_on(runner.run(inputs));
    for effect in runner.app.parting() {
        runner.keep(effect);
    }
    if let Some(history) = &mut runner.history {
        history.look(&mut runner.app, true, clock.now());
    }
    if let Some(recorder) = &mut runner.recorder {
        recorder.end(clock.now());
    }
    let exit = runner.exit;
    let learned = runner.learned();
    let told = runner.types.end(learned, &runner.keeper);
    // The terminal is given back before anything is printed, and before anything that may take time.
    drop(runner);
    told.try_iter().for_each(|text| say(&text));
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

struct Runner {
    app: App,
    painter: Painter<term::Backend>,
    terminal: term::Terminal,
    /// None where a recording is played.
    net: Option<Net>,
    clock: Clock,
    playing: Option<Playing>,
    recorder: Option<Recorder>,
    log: Log,
    book: Book,
    keeper: Keeper,
    history: Option<History>,
    types: Types,
    influx: Option<Access>,
    /// Heard as long as it is there.
    _kernels: Option<Kernels>,
    paths: Paths,
    done: mpsc::UnboundedSender<Msg>,
    exit: Option<u8>,
}

/// Where everything comes from that the loop waits for.
struct Inputs {
    from_terminal: mpsc::UnboundedReceiver<term::Input>,
    from_effects: mpsc::UnboundedReceiver<Msg>,
    incoming: mpsc::Receiver<Incoming>,
    sought: mpsc::UnboundedReceiver<Sought>,
}

/// Begins the recording that the arguments ask for.
fn recorder(
    args: &RecordArgs,
    lab: &Lab,
    done: mpsc::UnboundedSender<Msg>,
    clock: Clock,
) -> Result<Option<Recorder>, String> {
    let Some(path) = &args.record else { return Ok(None) };
    let told = move |told| {
        let _ = done.send(Msg::Recorded(match told {
            recorder::Told::Size(bytes) => Ok(bytes),
            recorder::Told::Ended(why) => Err(why),
        }));
    };
    Recorder::start(path, &lab.opening(), args.redact, clock.now(), told).map(Some)
}

impl Runner {
    /// All that is known of task types from kernels and the bus.
    fn learned(&mut self) -> crate::catalogue::kept::Kept {
        learn_all(&mut self.app);
        self.app.catalogue.kept()
    }

    async fn run(&mut self, inputs: Inputs) -> anyhow::Result<()> {
        let Inputs { mut from_terminal, mut from_effects, mut incoming, mut sought } = inputs;
        let mut person = true;
        let mut net_open = true;
        let mut typing = Typing::default();
        while !self.app.ui.leaving {
            let real = self.clock.now().mono;
            if self.painter.due(&self.app, person).is_some_and(|at| at <= real) {
                self.draw()?;
            }
            person = false;
            let real = self.clock.now().mono;
            let history = self.history.as_ref().and_then(|history| history.wake_at(&self.app));
            let wakes = [
                self.app.wake_at(self.now()).and_then(|at| self.real(at)),
                self.painter.due(&self.app, false),
                history,
                self.playing_wake_at(),
                typing.wake_at(),
            ];
            let wake = wakes.into_iter().flatten().min().unwrap_or(real + Duration::from_secs(3600));
            let sleep = tokio::time::sleep_until(self.clock.instant(wake.max(real)).into());
            tokio::select! {
                biased;
                input = from_terminal.recv() => match input {
                    Some(input) => typing.push(input),
                    None => break,
                },
                Some(msg) = from_effects.recv() => {
                    person = true;
                    self.handle(msg)?;
                }
                Some(state) = sought.recv() => {
                    person = true;
                    self.arrive(state)?;
                }
                event = incoming.recv(), if net_open => match event {
                    Some(event) => self.wire(event)?,
                    None => net_open = false,
                },
                () = sleep => self.handle(Msg::Wake)?,
            }
            term::set_needed(self.app.would_lose());
            if let Some(history) = &mut self.history {
                history.look(&mut self.app, false, self.clock.now());
            }
            // Everything that waits, before one frame.
            while let Ok(input) = from_terminal.try_recv() {
                typing.push(input);
            }
            while let Some(input) = typing.next(self.clock.now().mono) {
                // Sizes come by the hundred while a window is drawn larger.
                person |= !matches!(input, term::Input::Resize(..));
                self.input(input)?;
                if self.app.ui.leaving {
                    return Ok(());
                }
            }
            for _ in 0..BATCH {
                match incoming.try_recv() {
                    Ok(event) => self.wire(event)?,
                    Err(_) => break,
                }
            }
            self.play()?;
        }
        Ok(())
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let now = self.now();
        self.app.settle(now);
        Ok(self.painter.draw(&self.app, now, self.clock.now().mono)?)
    }

    fn input(&mut self, input: term::Input) -> anyhow::Result<()> {
        match input {
            term::Input::Key(key) => self.handle(Msg::Key(key)),
            term::Input::Paste(text) => self.handle(Msg::Paste(text)),
            term::Input::PasteTooLarge(bytes) => self.handle(Msg::Done(Err(format!(
                "not pasted: {} is too much; open the payload in your editor instead",
                crate::app::document::bytes(bytes)
            )))),
            term::Input::Resize(columns, rows) => {
                self.handle(Msg::Resize(columns, rows))?;
                // Also where the size is the old one again: what did not fit in between is gone from the terminal.
                self.painter.redraw();
                Ok(())
            }
            term::Input::Signal(term::Signal::Stop) => {
                let can = term::can_suspend().is_ok();
                self.handle(Msg::AskedToStop { can })
            }
            term::Input::Signal(term::Signal::Continue) => {
                let size = self.terminal.refresh()?;
                self.whole_frame(size)
            }
            term::Input::Signal(signal) => {
                self.exit = Some(signal.exit_code());
                self.app.ui.leaving = true;
                Ok(())
            }
            term::Input::Closed => {
                self.exit = Some(term::Signal::HangUp.exit_code());
                self.app.ui.leaving = true;
                Ok(())
            }
        }
    }

    fn whole_frame(&mut self, size: (u16, u16)) -> anyhow::Result<()> {
        self.handle(Msg::Resize(size.0, size.1))?;
        self.painter.redraw();
        self.draw()
    }

    fn wire(&mut self, event: Incoming) -> anyhow::Result<()> {
        let now = self.clock.now();
        if let Some(recorder) = &mut self.recorder {
            recorder.heard(&event, now);
        }
        match &event {
            Incoming::Bad { line, why, length } => {
                self.log.line(&format!("cannot decode {length} bytes on {}: {why}", line.name()), now);
            }
            Incoming::Link { line, state } => self.log.line(&format!("{line:?}: {state:?}"), now),
            Incoming::Missed { count } => self.log.line(&format!("{count} bus messages were let go"), now),
            Incoming::Reply { reply, .. } => {
                if let Some(entry) = self.book.answered(reply, now)
                    && let Some(path) = self.book.path()
                {
                    self.keeper.note(path.clone(), entry);
                }
            }
            _ => {}
        }
        if let Incoming::Reply { reply, .. } = &event
            && reply.text.len() > LARGE_LIST
            && self.app.session.is_list(reply)
        {
            // Reading it takes longer than a key may wait.
            let (reply, done) = (reply.clone(), self.done.clone());
            std::thread::Builder::new().name("list".to_owned()).spawn(move || {
                let _ = done.send(Msg::List(ReadList::of(&reply)));
            })?;
            return Ok(());
        }
        self.handle(Msg::Wire(event))
    }

    fn handle(&mut self, msg: Msg) -> anyhow::Result<()> {
        let closed = matches!(msg, Msg::EditorClosed(_));
        if closed {
            let size = self.terminal.take_back()?;
            self.app.ui.size = size;
        }
        let by_key = matches!(msg, Msg::Key(_));
        let now = self.now();
        for effect in update(&mut self.app, msg, now) {
            self.perform(effect)?;
        }
        if by_key {
            // What waited behind it came with it, as a paste does, however long that took.
            self.app.ui.last_key = Some(self.now());
        }
        if closed {
            let size = self.app.ui.size;
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
