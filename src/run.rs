//! The loop: the only place where the screen's effects happen.
//!
//! What the person does comes first (keys, signals, what effects brought), then the wire; everything that waits is
//! taken in before one frame is drawn, at once for the person and at most every 67 ms for all that comes by itself. Nothing is
//! drawn unless the picture may have changed; while nothing happens the loop sleeps.

mod archive;
mod beside;
pub(crate) mod history;
mod keeper;
mod lab;
mod logs;
mod painter;
mod perform;
mod player;
pub(crate) mod recorder;
mod replay;
mod ring;
mod services;
pub(crate) mod tape;
mod title;
mod types;
mod typing;
mod worker;

use std::{
    io::{self, Write},
    mem,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use tokio::sync::mpsc;

pub use self::painter::Painter;
use self::{
    beside::beside,
    history::History,
    lab::{Came, OnScreen, Person},
    player::{Player, Sought},
    replay::Playing,
    ring::Bells,
    tape::Tape,
    title::Title,
    typing::Typing,
};
use crate::{
    app::{App, Msg, archive::Heard, labs::Labs, replay::Replay, session::ListPart, update},
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
    net,
    term::{self, Capabilities, Colours},
    theme::{Depth, Glyphs},
    time::Clock,
    view::{self, Look},
    wire::{Text, link::Incoming},
};

/// A list of the scheduler's above this many bytes is read beside the loop.
const LARGE_LIST: usize = 256 * 1024;
/// Messages of the wire that are taken in before keys are looked at again.
const BATCH: usize = 256;
/// For so long the first frame after a stop waits for the connections to answer. Where one does not, all is as before the stop,
/// and its silence is found as ever.
const LOOK: Duration = Duration::from_secs(1);

/// Opens the screen on the labs that the arguments name.
///
/// # Errors
/// There is no terminal, or it fails.
pub fn screen(place: &Place, look: &LookArgs, record: &RecordArgs) -> anyhow::Result<ExitCode> {
    if let Err(why) = term::check() {
        say(&why.to_string());
        return Ok(ExitCode::from(term::NO_TERMINAL_EXIT));
    }
    let labs = match Lab::find_all(place) {
        Ok(labs) => labs,
        Err(problem) => {
            say(&problem.sentences());
            return Ok(ExitCode::from(crate::cli::MISUSE));
        }
    };
    open(&labs, look, Start { record: Some(record), ..Start::new(Clock::start()) })
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
    open(&[lab], look, Start { catalogue: demo_catalogue(), is_demo: true, ..start })
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
    open(&[lab], look, Start { play: Some((tape, replay)), ..Start::new(Clock::start()) })
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

/// Everything between the labs that were found and the last frame. A recording is played alone.
fn open(labs: &[Lab], args: &LookArgs, start: Start<'_>) -> anyhow::Result<ExitCode> {
    let Start { catalogue, is_demo, clock, record, play } = start;
    let Some(first) = labs.first() else { return Ok(ExitCode::from(crate::cli::MISUSE)) };
    let env = |name: &str| std::env::var(name).ok();
    let capabilities = Capabilities::from_env(&env);
    let config = first.config();
    let mut problems = first.problems();
    if let Some((tape, _)) = &play {
        problems.extend(tape.all_told());
    }
    let (theme, theme_problems) = first.theme(args.theme.as_deref());
    problems.extend(theme_problems);
    let theme = theme.at(depth(capabilities.colours));
    let charset = match (args.ascii, config.ascii) {
        (true, _) | (_, Ascii::Yes) => Charset::Ascii,
        (_, Ascii::No) => Charset::Unicode,
        (_, Ascii::Auto) if capabilities.utf8 => Charset::Unicode,
        (_, Ascii::Auto) => Charset::Ascii,
    };
    let (keymap, key_problems) = first.keymap();
    problems.extend(key_problems);

    let mut log = Log::new(first.folders.log_file());
    let memory = first.memory();
    let (finds, sought) = mpsc::unbounded_channel();
    let (playing, mut played) = match play {
        Some((tape, state)) => {
            let session = player::empty(first.store(&memory), first.services(), &tape);
            let player = Player::start(tape, session.clone(), &state, clock.now().mono, finds)?;
            (Some(Playing::new(player)), Some((session, state)))
        }
        None => (None, None),
    };
    let record = record.and_then(|record| Some((record.record.as_deref()?, record.redact)));
    let mouse = args.mouse || config.mouse;
    let person = Person { args, charset, keymap, mouse, clock, is_demo, raw: record.is_some(), memory };
    let mut on_screen = Vec::new();
    for lab in labs {
        // What is wrong with the person's own files is told once.
        let problems = if on_screen.is_empty() { mem::take(&mut problems) } else { lab.own_problems() };
        let mut opened = OnScreen::open(lab, &person, catalogue.clone(), problems, played.take(), &mut log)?;
        if let Some((path, redact)) = record {
            let path = if labs.len() > 1 { of_lab(path, &lab.name) } else { path.to_owned() };
            if let Err(why) = opened.record(&path, redact, lab, &person.memory, clock) {
                say(&why);
                return Ok(ExitCode::from(crate::cli::MISUSE));
            }
        }
        on_screen.push(opened);
    }

    let (inputs, from_terminal) = mpsc::unbounded_channel();
    let terminal = term::Terminal::open(inputs, mouse)?;
    let size = terminal.size();
    let look = Look { glyphs: Glyphs::of(charset) };
    let painter = Painter::new(terminal.backend(), size, theme, look)?;
    let title = (config.title && capabilities.title).then(Title::default);
    let mut runner = Runner {
        painter,
        title,
        bells: Bells::new(&config.notices, capabilities.desktop, charset),
        look,
        terminal,
        labs: on_screen,
        front: 0,
        clock,
        memory: person.memory,
        playing,
        log,
        looking: None,
        exit: None,
        again: None,
    };
    runner.begin(size);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let result = runtime.block_on(runner.run(Inputs { from_terminal, sought }));
    let (exit, again) = (runner.exit, runner.again.take());
    let told: Vec<_> = runner.labs.iter_mut().map(|lab| lab.part(clock)).collect();
    // The terminal is given back before anything is printed, and before anything that may take time.
    drop(runner);
    told.iter().flat_map(|told| told.try_iter()).for_each(|text| say(&text));
    match result {
        // The picture may notice that the terminal is gone before the key reader does.
        Err(e) if is_hang_up(&e) => return Ok(ExitCode::from(term::Signal::HangUp.exit_code())),
        other => other?,
    }
    if let Some(words) = again {
        return begin_anew(&words);
    }
    Ok(exit.map_or(ExitCode::SUCCESS, ExitCode::from))
}

/// The same program, started as this one was, with these words more. It comes back only where that fails.
fn begin_anew(words: &[String]) -> anyhow::Result<ExitCode> {
    let mut program = Command::new(std::env::current_exe()?);
    Err(program.args(std::env::args_os().skip(1)).args(words).exec().into())
}

/// The file of one lab's recording where several are recorded: `night.jsonl` becomes `night-north.jsonl`.
fn of_lab(path: &Path, lab: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{}{ending}", lab.replace(':', "_")))
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
    painter: Painter<term::Backend>,
    /// `None`: the window keeps its own.
    title: Option<Title>,
    bells: Bells,
    look: Look,
    /// It ends before the labs do, which may take time.
    terminal: term::Terminal,
    /// One at least.
    labs: Vec<OnScreen>,
    /// The place of the one that the person sees, and that keys go to.
    front: usize,
    clock: Clock,
    /// What all labs may take together.
    memory: Memory,
    playing: Option<Playing>,
    log: Log,
    looking: Option<Looking>,
    exit: Option<u8>,
    /// What the program begins anew with, besides the words that it was started with.
    again: Option<Vec<String>>,
}

/// The program was stopped, and what its connections have become meanwhile is being found out: nothing is drawn before.
struct Looking {
    /// Labs that have not told yet.
    left: usize,
    /// How long is waited for them, on the real clock.
    until: Duration,
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

    /// The first lab is in front; each tells what is wrong with its files.
    fn begin(&mut self, size: (u16, u16)) {
        let now = self.clock.now();
        for (at, lab) in self.labs.iter_mut().enumerate() {
            lab.app.ui.size = size;
            lab.app.ui.behind = at != self.front;
            lab.app.start(now);
        }
        self.tell_of_labs();
    }

    /// The lab in front learns how all of them stand, and what the others have to tell.
    fn tell_of_labs(&mut self) {
        if self.labs.len() < 2 {
            return;
        }
        let now = self.clock.now();
        self.app_mut().is_looked_at();
        for at in lab::from(self.front, self.labs.len()).skip(1) {
            let Some((name, notice)) = self.labs[at].news() else { continue };
            self.app_mut().tell_of(&name, &notice, now);
        }
        let all = self.labs.iter().map(|lab| lab.app.standing()).collect();
        let labs = Labs { all, here: self.front };
        self.app_mut().know_labs(labs);
    }

    /// Before the person's key is dealt with: a question that it opens may be about all labs.
    fn tell_of_risks(&mut self) {
        if self.labs.len() < 2 {
            return;
        }
        let others = lab::from(self.front, self.labs.len()).skip(1);
        let risks = others.flat_map(|at| self.labs[at].app.named_risks()).collect();
        self.app_mut().ui.risks = risks;
    }

    /// Shows the lab so many places on.
    pub(super) fn show_lab(&mut self, by: isize) {
        let Some(next) = self.app().ui.labs.as_ref().map(|labs| labs.beside(by)) else { return };
        let now = self.now();
        self.labs[self.front].go_behind();
        self.front = next;
        self.app_mut().come_to_front(now);
        self.tell_of_labs();
        self.painter.shows_another();
    }

    /// The program is about to end.
    fn leaves(&self) -> bool {
        self.labs.iter().any(|lab| lab.app.ui.leaving)
    }

    /// When something is due that nothing announces.
    fn wake_at(&mut self, typing: &Typing) -> Option<Duration> {
        let labs = self.labs.iter().flat_map(|lab| {
            let history = lab.history.as_ref().and_then(|history| history.wake_at(lab.app.store()));
            [history, self.wakes(lab)]
        });
        let labs = labs.flatten().min();
        let shown = match &self.looking {
            Some(looking) => [Some(looking.until), None],
            None => [self.painter.due(self.app(), false), self.title.as_ref().and_then(Title::due)],
        };
        let others = [labs, self.playing_wake_at(), typing.wake_at()];
        others.into_iter().chain(shown).flatten().min()
    }

    /// When time alone brings something in a lab, on the real clock.
    fn wakes(&self, lab: &OnScreen) -> Option<Duration> {
        lab.app.wake_at(self.now()).and_then(|at| self.real(at))
    }

    async fn run(&mut self, inputs: Inputs) -> anyhow::Result<()> {
        let Inputs { mut from_terminal, mut sought } = inputs;
        let mut person = true;
        let mut typing = Typing::default();
        let memory = self.memory.clone();
        while !self.leaves() {
            self.tell_of_labs();
            self.show(person)?;
            person = false;
            let real = self.clock.now().mono;
            let wake = self.wake_at(&typing).unwrap_or(real + Duration::from_secs(3600));
            let sleep = tokio::time::sleep_until(self.clock.instant(wake.max(real)).into());
            let mut due = false;
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
                        person |= msg.is_answer();
                        self.handle(at, msg)?;
                    }
                    Came::Listed(part) => self.handle(at, Msg::List(part))?,
                    Came::Wire(event) => self.wire(at, event)?,
                    Came::Heard(heard) => self.handle(at, logs::heard(heard))?,
                    Came::Archived(said) => self.archived(at, said)?,
                },
                // Something large is on its way.
                () = memory.pressed() => {}
                () = sleep => due = true,
            }
            // In a flood something comes at every moment: what is due is done all the same.
            if due || wake <= self.clock.now().mono {
                self.wake()?;
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

    /// Time went on: for the lab in front, and for those behind that have something to do.
    fn wake(&mut self) -> anyhow::Result<()> {
        let real = self.clock.now().mono;
        for at in lab::from(self.front, self.labs.len()) {
            if at == self.front || self.wakes(&self.labs[at]).is_some_and(|due| due <= real) {
                self.handle(at, Msg::Wake)?;
            }
        }
        Ok(())
    }

    /// Brings the terminal up to date, where that is due.
    fn show(&mut self, person: bool) -> anyhow::Result<()> {
        let real = self.clock.now().mono;
        self.looking.take_if(|looking| looking.left == 0 || looking.until <= real);
        if self.looking.is_some() {
            return Ok(());
        }
        if self.painter.due(self.app(), person).is_some_and(|at| at <= real) {
            self.draw()?;
        }
        let real = self.clock.now().mono;
        if let Some(title) = &mut self.title {
            title.write(&self.terminal, real)?;
        }
        self.ring_out()
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let now = self.now();
        self.app_mut().settle(now);
        let real = self.clock.now().mono;
        let app = &self.labs[self.front].app;
        if let Some(title) = &mut self.title {
            title.set(view::title(app, self.look));
        }
        fault::fails("draw fails")?;
        let spots = self.painter.draw(app, now, real)?;
        self.app_mut().was_drawn_with(spots);
        Ok(())
    }

    fn input(&mut self, input: term::Input) -> anyhow::Result<()> {
        fault::here("key");
        let front = self.front;
        self.tell_of_risks();
        match input {
            term::Input::Key(key) => self.handle(front, Msg::Key(key)),
            term::Input::Mouse(event) => self.handle(front, Msg::Mouse(event)),
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
                self.come_back(size)
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

    /// The terminal shows nothing of ours any more: the next frame is a whole one.
    fn whole_frame(&mut self, size: (u16, u16)) -> anyhow::Result<()> {
        self.resize(size)?;
        self.painter.redraw();
        if let Some(title) = &mut self.title {
            title.forget();
        }
        Ok(())
    }

    /// The same after a stop. Nothing is shown before it is known what has become of the connections: while the program did not
    /// run it answered no ping, and what the router dropped then is not to be shown as waiting, not even for one frame.
    fn come_back(&mut self, size: (u16, u16)) -> anyhow::Result<()> {
        let nets = self.labs.iter().filter_map(|lab| lab.net.as_ref());
        let left = nets.filter(|net| net.commands.send(net::Command::Look).is_ok()).count();
        self.looking = Some(Looking { left, until: self.clock.now().mono + LOOK });
        self.whole_frame(size)
    }

    fn wire(&mut self, at: usize, event: Incoming) -> anyhow::Result<()> {
        let now = self.clock.now();
        // Which lab a line of the log is about.
        let several = self.labs.len() > 1;
        let lab = &mut self.labs[at];
        let tag = if several { format!("{}: ", lab.app.settings.lab) } else { String::new() };
        if let Some(recorder) = &mut lab.recorder {
            recorder.heard(&event, now);
        }
        match &event {
            Incoming::Bad { line, why, length } => {
                let what = format!("{tag}cannot decode {length} bytes on {}: {why}", line.name());
                self.log.line(&what, now);
            }
            Incoming::Link { line, state } => self.log.line(&format!("{tag}{line:?}: {state:?}"), now),
            Incoming::Missed { count } => {
                self.log.line(&format!("{tag}{count} bus messages were let go"), now);
            }
            Incoming::Looked => {
                if let Some(looking) = &mut self.looking {
                    looking.left = looking.left.saturating_sub(1);
                }
            }
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
            let (reply, memory, parts) = (reply.clone(), self.memory.clone(), lab.parts.clone());
            let held = memory.hold(reply.text.len());
            let mut pace = lab.history.as_ref().map(History::pace);
            let made = beside("list", move || {
                let _until_it_is_read = held;
                for part in ListPart::all(&reply) {
                    if let Some(pace) = pace.as_mut().filter(|_| part.is_over()) {
                        pace.keep();
                    }
                    let held = memory.hold(part.weight());
                    if parts.blocking_send((part, held)).is_err() {
                        return;
                    }
                }
            });
            if made.is_ok() {
                return Ok(());
            }
            // Without a thread it is read here, though a key waits for it.
        }
        self.handle(at, Msg::Wire(event))
    }

    /// Something was read of Juice's database: what is known here takes it in, all else is for the history.
    fn archived(&mut self, at: usize, said: archive::Said) -> anyhow::Result<()> {
        let now = self.clock.now();
        let lab = &mut self.labs[at];
        let archive::Said { id, what } = said;
        let heard = match what {
            archive::What::Told(heard) => heard,
            archive::What::Tasks(batch) if lab.app.ui.archive.wants(id) => {
                let store = &mut lab.app.session.store;
                let (tasks, before) = (batch.tasks.len(), store.counts(true).unknown);
                let past: Vec<_> =
                    batch.tasks.into_iter().filter_map(|task| store.archived(task, now)).collect();
                let settled = before.saturating_sub(store.counts(true).unknown);
                if let Some(history) = &lab.history {
                    history.archive(&past, &lab.app.catalogue, batch.receipt);
                }
                Heard::Took { tasks, settled }
            }
            archive::What::Tasks(_) => return Ok(()),
        };
        self.handle(at, Msg::Archive(id, heard))
    }

    fn handle(&mut self, at: usize, msg: Msg) -> anyhow::Result<()> {
        let closed = matches!(msg, Msg::EditorClosed(_));
        if closed {
            let size = self.terminal.take_back()?;
            self.resize(size)?;
        }
        let by_key = matches!(msg, Msg::Key(_) | Msg::Mouse(_));
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
