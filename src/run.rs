//! The loop: the only place where the screen's effects happen.
//!
//! What the person does comes first (keys, signals, what effects brought), then the wire; everything that waits is
//! taken in before one frame is drawn, at once for the person and at most every 33 ms for the wire. Nothing is
//! drawn unless the picture may have changed; while nothing happens the loop sleeps.

mod history;
mod keeper;
mod types;
mod worker;

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use ratatui::{Terminal, backend::Backend, layout::Rect};
use tokio::sync::mpsc;

use self::{
    history::History,
    keeper::{Files, Keeper},
    types::Types,
};
use crate::{
    app::{
        App, Effect, Msg, Settings,
        kept::LastValues,
        learn_all,
        msg::Edited,
        session::{Ids, Outgoing, ReadList, Session},
        update,
    },
    catalogue::{Catalogue, kept},
    clean::Charset,
    cli::{
        args::{DemoArgs, LookArgs, Place},
        lab::Lab,
    },
    config::{self, Ascii, Paths},
    demo,
    keep::sent::Book,
    log::Log,
    net::{self, Net},
    store::{Input, TaskKey},
    term::{self, Capabilities, Colours},
    theme::{Depth, Glyphs, Theme},
    time::{Clock, Now},
    view::{self, Look},
    widgets::Painted,
    wire::{Text, link::Incoming},
};

/// The shortest time between two frames that the wire alone causes.
const FRAME: Duration = Duration::from_millis(33);
/// A list of the scheduler's above this many bytes is read beside the loop.
const LARGE_LIST: usize = 256 * 1024;
/// Messages of the wire that are taken in before keys are looked at again.
const BATCH: usize = 256;

/// Opens the screen on the lab that the arguments name.
///
/// # Errors
/// There is no terminal, or it fails.
pub fn screen(place: &Place, look: &LookArgs) -> anyhow::Result<ExitCode> {
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
    open(&lab, look, Catalogue::new(), false, Clock::start())
}

/// Starts the demonstration's laboratory and opens the screen on it, or keeps just the server.
///
/// # Errors
/// The port is taken, or the terminal fails.
pub fn demo(args: &DemoArgs, look: &LookArgs) -> anyhow::Result<ExitCode> {
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
    open(&lab, look, demo_catalogue(), true, clock)
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
fn open(
    lab: &Lab,
    args: &LookArgs,
    mut catalogue: Catalogue,
    is_demo: bool,
    clock: Clock,
) -> anyhow::Result<ExitCode> {
    let env = |name: &str| std::env::var(name).ok();
    let capabilities = Capabilities::from_env(&env);
    let config = lab.config();
    let mut problems = lab.problems();

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
    problems.extend(lab.add_types(&mut catalogue));

    // Whether it wanted a read-only screen cannot be told: then nothing is sent.
    let unreadable = lab.is_config_unreadable();
    if unreadable {
        problems.insert(0, "the configuration cannot be read, so nothing can be sent from here".to_owned());
    }
    let settings = Settings {
        read_only: args.read_only || config.read_only || unreadable,
        watch_only: lab.watch_only(),
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
        python: config.python.as_ref().filter(|_| !is_demo).map(|path| path.display().to_string()),
        exact_names: config.exact_names,
    };
    let mut log = Log::new(lab.folders.log_file());
    for problem in &problems {
        log.line(problem, clock.now());
    }
    let (net, incoming) = net::start(lab.options(), clock)?;
    let (inputs, from_terminal) = mpsc::unbounded_channel();
    let terminal = term::Terminal::open(inputs)?;
    let size = terminal.size();
    let mut app = App::new(Session::new(lab.store(), Ids::Random), catalogue, settings, size);
    app.ui.hidden = config.hidden;
    app.session.store.apply(Input::Configured(lab.services()), clock.now());
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
    let (done, from_effects) = mpsc::unbounded_channel();
    let book = lab.book("screen");
    let paths = config.paths.clone();
    let keeper = Keeper::start(files, done.clone())?;
    let types = Types::of(lab);
    // The demonstration's past is gone with it; so is that of who wants none kept.
    let (place, limits) = lab.history().unzip();
    let place = place.filter(|_| config.history && !args.no_history);
    let history = History::start(place, limits.unwrap_or_default(), clock, done.clone())?;
    let mut runner = Runner {
        app,
        painter,
        terminal,
        net,
        clock,
        log,
        book,
        keeper,
        history,
        types,
        paths,
        done,
        exit: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let result = runtime.block_on(runner.run(from_terminal, from_effects, incoming));
    for effect in runner.app.parting() {
        runner.keep(effect);
    }
    runner.history.look(&mut runner.app, true, clock.now());
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

/// Draws when the picture may have changed, and not otherwise.
pub struct Painter<B: Backend> {
    terminal: Terminal<B>,
    theme: Theme,
    look: Look,
    drawn: Option<u64>,
    last: Duration,
    /// Frames drawn so far.
    pub frames: u64,
}

impl<B: Backend<Error: Send + Sync + 'static>> Painter<B> {
    /// A painter on a backend of that size.
    ///
    /// # Errors
    /// The backend fails.
    pub fn new(backend: B, size: (u16, u16), theme: Theme, look: Look) -> Result<Painter<B>, B::Error> {
        let area = Rect::new(0, 0, size.0, size.1);
        let viewport = ratatui::Viewport::Fixed(area);
        let terminal = Terminal::with_options(backend, ratatui::TerminalOptions { viewport })?;
        Ok(Painter { terminal, theme, look, drawn: None, last: Duration::ZERO, frames: 0 })
    }

    /// When a picture that has changed may be drawn: now for the person, later where only the wire changed it.
    /// `None`: it has not changed.
    pub fn due(&self, app: &App, person: bool) -> Option<Duration> {
        if self.drawn == Some(app.revision()) || app.ui.outside {
            return None;
        }
        Some(if person { Duration::ZERO } else { self.last + FRAME })
    }

    /// The next frame is drawn whole.
    ///
    /// # Errors
    /// The backend fails.
    pub fn redraw(&mut self) -> Result<(), B::Error> {
        self.drawn = None;
        self.terminal.clear()
    }

    /// Draws.
    ///
    /// # Errors
    /// The backend fails.
    pub fn draw(&mut self, app: &App, now: Now) -> Result<(), B::Error> {
        let size = app.ui.size;
        let area = Rect::new(0, 0, size.0, size.1);
        if self.terminal.get_frame().area() != area {
            self.terminal.resize(area)?;
        }
        let screen = view::screen(app, self.look, now);
        let painted = Painted { screen: &screen, theme: &self.theme, charset: self.look.glyphs.charset };
        self.terminal.draw(|frame| {
            frame.render_widget(&painted, area);
            if let Some(at) = screen.cursor {
                frame.set_cursor_position(at);
            }
        })?;
        self.drawn = Some(app.revision());
        self.last = now.mono;
        self.frames += 1;
        Ok(())
    }

    /// The backend, for tests.
    pub fn backend(&self) -> &B {
        self.terminal.backend()
    }
}

struct Runner {
    app: App,
    painter: Painter<term::Backend>,
    terminal: term::Terminal,
    net: Net,
    clock: Clock,
    log: Log,
    book: Book,
    keeper: Keeper,
    history: History,
    types: Types,
    paths: Paths,
    done: mpsc::UnboundedSender<Msg>,
    exit: Option<u8>,
}

impl Runner {
    /// All that is known of task types from kernels and the bus.
    fn learned(&mut self) -> kept::Kept {
        learn_all(&mut self.app);
        self.app.catalogue.kept()
    }

    async fn run(
        &mut self,
        mut from_terminal: mpsc::UnboundedReceiver<term::Input>,
        mut from_effects: mpsc::UnboundedReceiver<Msg>,
        mut incoming: mpsc::Receiver<Incoming>,
    ) -> anyhow::Result<()> {
        let mut person = true;
        let mut net_open = true;
        while !self.app.ui.leaving {
            let now = self.clock.now();
            if let Some(at) = self.painter.due(&self.app, person)
                && at <= now.mono
            {
                self.draw(now)?;
            }
            person = false;
            let now = self.clock.now();
            let history = self.history.wake_at(&self.app);
            let wake = [self.app.wake_at(now), self.painter.due(&self.app, false), history]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(now.mono + Duration::from_secs(3600));
            let sleep = tokio::time::sleep_until(self.clock.instant(wake.max(now.mono)).into());
            tokio::select! {
                biased;
                input = from_terminal.recv() => {
                    person = true;
                    match input {
                        Some(input) => self.input(input)?,
                        None => break,
                    }
                }
                Some(msg) = from_effects.recv() => {
                    person = true;
                    self.handle(msg)?;
                }
                event = incoming.recv(), if net_open => match event {
                    Some(event) => self.wire(event)?,
                    None => net_open = false,
                },
                () = sleep => self.handle(Msg::Wake)?,
            }
            self.history.look(&mut self.app, false, self.clock.now());
            // Everything that waits, before one frame.
            while let Ok(input) = from_terminal.try_recv() {
                person = true;
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
        }
        Ok(())
    }

    fn draw(&mut self, now: Now) -> anyhow::Result<()> {
        self.app.settle(now);
        Ok(self.painter.draw(&self.app, now)?)
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
                Ok(self.painter.redraw()?)
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
        self.painter.redraw()?;
        self.draw(self.clock.now())
    }

    fn wire(&mut self, event: Incoming) -> anyhow::Result<()> {
        let now = self.clock.now();
        match &event {
            Incoming::Bad { line, why, length, sample } => {
                let sample = String::from_utf8_lossy(sample);
                self.log.line(&format!("unreadable on {line:?} ({length} bytes): {why}: {sample}"), now);
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

    /// Writes what is about to be done to the log of deeds. One that cannot be written is told and stops no work: who
    /// has to switch a heater off must be able to, on a full disk too.
    fn write_deed(&mut self, out: &Outgoing) {
        let Some(path) = self.book.path().cloned() else { return };
        let about = |id: &str| {
            let task = self.app.store().task(&TaskKey(id.into()))?;
            Some((task.service.clone(), task.task_type.clone()))
        };
        let Some(entry) = self.book.goes_out(&out.line, &out.text, about, self.clock.now()) else { return };
        if let Err(why) = self.keeper.write(path.clone(), entry) {
            let text = format!("it goes out, but is not in {}: {why}", path.display());
            self.log.line(&text, self.clock.now());
            let _ = self.done.send(Msg::Done(Err(text)));
        }
    }

    fn keep(&mut self, effect: Effect) {
        let at = self.clock.now().utc;
        match effect {
            Effect::KeepDraft { place, draft } => self.keeper.draft(place, draft.map(|d| *d), at),
            Effect::KeepGroup { group, place, draft, takes_place } => {
                self.keeper.group(group, place, *draft, takes_place, at);
            }
            Effect::DropGroup { group } => self.keeper.group_over(group),
            Effect::KeepValues { place, payload } => {
                self.keeper.values(LastValues { sent: at, place, payload });
            }
            _ => {}
        }
    }

    fn handle(&mut self, msg: Msg) -> anyhow::Result<()> {
        let closed = matches!(msg, Msg::EditorClosed(_));
        if closed {
            let size = self.terminal.take_back()?;
            self.app.ui.size = size;
        }
        let by_key = matches!(msg, Msg::Key(_));
        for effect in update(&mut self.app, msg, self.clock.now()) {
            self.perform(effect)?;
        }
        if by_key {
            // What waited behind it came with it, as a paste does, however long that took.
            self.app.ui.last_key = Some(self.clock.now());
        }
        if closed {
            let size = self.app.ui.size;
            self.whole_frame(size)?;
        }
        Ok(())
    }

    /// Lets the person's editor edit a text in a file with that ending.
    fn edit(&mut self, text: String, ending: &'static str, what: &'static str) -> anyhow::Result<()> {
        let done = self.done.clone();
        self.terminal.hand_over(move || {
            let edited = term::edit(&text, ending, None);
            let result = edited.map(|e| e.text).map_err(|e| format!("{}; {what} is as it was", chain(&e)));
            let _ = done.send(Msg::EditorClosed(Edited::Payload(result)));
        })?;
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> anyhow::Result<()> {
        match effect {
            Effect::Send(out) => {
                self.write_deed(&out);
                // The thread of the connections lives as long as this one.
                let _ =
                    self.net.commands.send(net::Command::Send { line: out.line, id: out.id, text: out.text });
            }
            Effect::Retry => {
                let _ = self.net.commands.send(net::Command::Retry);
            }
            Effect::Copy { text, what } => {
                let env = |name: &str| std::env::var(name).ok();
                let told = match term::osc52(&text, &env) {
                    Ok(bytes) => {
                        self.terminal.screen().send(&bytes)?;
                        Ok(format!("sent to the terminal's clipboard: {what}"))
                    }
                    Err(e) => Err(format!("not copied: {e}; S saves it to a file")),
                };
                let _ = self.done.send(Msg::Done(told));
            }
            Effect::Save { name, text } => {
                let done = self.done.clone();
                std::thread::Builder::new().name("save".to_owned()).spawn(move || {
                    let told = match save(Path::new(""), &name, &text) {
                        Ok(path) => Ok(format!("saved: {}", path.display())),
                        Err(e) => Err(format!("not saved as {name}: {e}")),
                    };
                    let _ = done.send(Msg::Done(told));
                })?;
            }
            Effect::EditPayload(text) => self.edit(text, ".json", "the payload")?,
            Effect::EditField { text, ending } => self.edit(text, ending, "the field")?,
            Effect::OpenFile { file, line } => {
                let done = self.done.clone();
                let file = at_home(&self.paths.here(&file).unwrap_or(file));
                self.terminal.hand_over(move || {
                    let shown = term::open_at(Path::new(&file), usize::try_from(line).ok());
                    let _ = done.send(Msg::EditorClosed(Edited::File(shown.map_err(|e| chain(&e)))));
                })?;
            }
            Effect::Pipe { command, text } => {
                let done = self.done.clone();
                self.terminal.hand_over(move || {
                    let ended = term::pipe(command.as_deref(), &text);
                    let _ = done.send(Msg::EditorClosed(Edited::File(ended.map_err(|e| chain(&e)))));
                })?;
            }
            Effect::ReadTypes => self.types.read(self.done.clone())?,
            Effect::Make { id, class, of } => self.types.make(id, class, of, self.done.clone())?,
            Effect::StopMaking(id) => self.types.stop(&id),
            Effect::KeepTypes(kept) => self.types.keep(*kept, &self.keeper, self.done.clone()),
            effect @ (Effect::KeepDraft { .. }
            | Effect::KeepGroup { .. }
            | Effect::DropGroup { .. }
            | Effect::KeepValues { .. }) => self.keep(effect),
            Effect::FindPast(query) => self.history.find(query, &mut self.app, self.clock.now()),
            Effect::OpenPast(row) => self.history.open(row),
            Effect::ComparePast(pair) => self.history.compare(pair),
            Effect::KeepChoice(change) => self.keeper.choice(change),
            Effect::ForgetPast => self.history.forget(),
            Effect::Redraw => {
                let size = self.terminal.size();
                self.whole_frame(size)?;
            }
            Effect::AskToStop => {
                let can = term::can_suspend().is_ok();
                self.handle(Msg::AskedToStop { can })?;
            }
            Effect::Suspend => match self.terminal.suspend() {
                Ok(size) => self.whole_frame(size)?,
                // The shell went away while the question stood.
                Err(term::SuspendError::NoShell) => self.handle(Msg::AskedToStop { can: false })?,
                Err(e) => return Err(e.into()),
            },
            Effect::Quit => self.app.ui.leaving = true,
        }
        Ok(())
    }
}

/// A path as IPython writes it, with `~` for the home folder of whoever runs the lab: here it is this person's.
fn at_home(file: &str) -> String {
    match (file.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => file.to_owned(),
    }
}

/// An error with what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// Writes a new file in `folder`; a name that is taken gets a number.
fn save(folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
    for n in 1..1000 {
        let name = if n == 1 { name.to_owned() } else { format!("{stem}-{n}.{ending}") };
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                return Ok(std::path::absolute(&path).unwrap_or(path));
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "a thousand files of that name are there"))
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

    #[test]
    fn saving_never_writes_over_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = save(folder.path(), "a.json", "1").unwrap();
        let second = save(folder.path(), "a.json", "2").unwrap();
        assert_ne!(first, second);
        assert_eq!(std::fs::read_to_string(first).unwrap(), "1");
        assert!(second.ends_with("a-2.json"));
    }
}
