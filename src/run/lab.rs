//! One lab on the screen: its whole state, its connections, what writes for it and what it hears from outside.
//!
//! A screen can have several; each has all of this for itself, and none reaches into another. What is the person's stays
//! with the loop: the terminal, the painter, the clock, the log file. It refuses to touch the terminal.

use std::{
    future::poll_fn,
    path::Path,
    sync::{Arc, atomic::AtomicU64, mpsc::Receiver},
    task::{Context, Poll},
};

use tokio::sync::mpsc;

use super::{
    archive,
    history::History,
    keeper::{Files, Keeper},
    recorder::{self, Recorder},
    ring,
    types::Types,
};
use crate::{
    app::{
        App, Effect, Msg, Notice, Settings,
        kept::LastValues,
        keymap::Keymap,
        layout, learn_all,
        replay::{BARRED, Recording, Replay},
        session::{Ids, ListPart, Session},
    },
    catalogue::Catalogue,
    clean::Charset,
    cli::{args::LookArgs, lab::Lab},
    config::{self, Paths, Side},
    keep::sent::{self, Book},
    log::Log,
    memory::{Held, Memory},
    net::{
        self, Net,
        control::Controls,
        influx::Access,
        kernels::{self, Heard, Kernels},
    },
    store::Input,
    time::{Clock, Now},
    wire::link::Incoming,
};

/// What all labs on the screen have in common.
pub(super) struct Person<'a> {
    pub args: &'a LookArgs,
    pub charset: Charset,
    pub keymap: Keymap,
    /// The mouse is taken.
    pub mouse: bool,
    pub clock: Clock,
    /// The lab is the demonstration.
    pub is_demo: bool,
    /// Messages are wanted as they came too, for a recording.
    pub raw: bool,
    /// What all labs may take together.
    pub memory: Memory,
}

/// See the module.
pub(super) struct OnScreen {
    pub app: App,
    /// None where a recording is played.
    pub net: Option<Net>,
    pub recorder: Option<Recorder>,
    pub book: Book,
    pub keeper: Keeper,
    pub history: Option<History>,
    pub types: Types,
    pub influx: Option<Access>,
    /// The question to the services' log that is waited for; 0: none.
    pub log: Arc<AtomicU64>,
    /// How its services are controlled, where they can be from here.
    pub controls: Option<Controls>,
    /// Juice's database is being read, as long as it is there.
    pub archive: Option<archive::Reader>,
    /// Heard as long as it is there.
    pub _kernels: Option<Kernels>,
    pub paths: Paths,
    /// Where what its effects bring is to be sent.
    pub done: mpsc::UnboundedSender<Msg>,
    /// Where the parts of its scheduler's list are to be sent that are read beside the loop.
    pub parts: mpsc::Sender<Weighed>,
    /// Where what is read of Juice's database is to be sent.
    pub archives: mpsc::UnboundedSender<archive::Said>,
    pub sources: Sources,
    /// What it told last, and the person was told of where another lab was in front.
    told: Option<Notice>,
}

/// A part of a list, weighed until it is taken.
type Weighed = (ListPart, Held);

/// So many parts of a list are read ahead.
const AHEAD: usize = 2;

/// What one lab's part of the loop waits for.
pub(super) struct Sources {
    pub from_effects: mpsc::UnboundedReceiver<Msg>,
    pub listed: mpsc::Receiver<Weighed>,
    /// What its kernels say, where they are heard.
    pub heard: Option<mpsc::Receiver<Heard>>,
    /// What is read of Juice's database: never more than two batches of it.
    pub archived: mpsc::UnboundedReceiver<archive::Said>,
    /// `None`: its connections are gone.
    pub incoming: Option<mpsc::Receiver<Incoming>>,
}

/// Something that came for a lab.
#[derive(Debug)]
pub(super) enum Came {
    /// What an effect brought.
    Done(Msg),
    /// A part of its scheduler's list.
    Listed(ListPart),
    /// What the lab said.
    Wire(Incoming),
    /// What a kernel said.
    Heard(Heard),
    /// What Juice's database says.
    Archived(archive::Said),
}

/// The next that comes for one of the labs, and for which, by its place: what effects brought, lists, then the wire; each time
/// that in front before the others.
pub(super) async fn next<'a>(labs: impl Iterator<Item = &'a mut Sources>, front: usize) -> (usize, Came) {
    let mut labs: Vec<&mut Sources> = labs.collect();
    poll_fn(|cx| {
        for at in from(front, labs.len()) {
            if let Poll::Ready(Some(msg)) = labs[at].from_effects.poll_recv(cx) {
                return Poll::Ready((at, Came::Done(msg)));
            }
        }
        for at in from(front, labs.len()) {
            if let Poll::Ready(Some((part, _))) = labs[at].listed.poll_recv(cx) {
                return Poll::Ready((at, Came::Listed(part)));
            }
        }
        for at in from(front, labs.len()) {
            if let Poll::Ready(event) = labs[at].poll_wire(cx) {
                return Poll::Ready((at, Came::Wire(event)));
            }
        }
        for at in from(front, labs.len()) {
            if let Some(kernels) = &mut labs[at].heard
                && let Poll::Ready(Some(heard)) = kernels.poll_recv(cx)
            {
                return Poll::Ready((at, Came::Heard(heard)));
            }
        }
        for at in from(front, labs.len()) {
            if let Poll::Ready(Some(said)) = labs[at].archived.poll_recv(cx) {
                return Poll::Ready((at, Came::Archived(said)));
            }
        }
        Poll::Pending
    })
    .await
}

/// The places of so many labs, beginning with that one.
pub(super) fn from(front: usize, labs: usize) -> impl Iterator<Item = usize> {
    (front..labs).chain(0..front)
}

impl Sources {
    fn poll_wire(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let Some(incoming) = &mut self.incoming else { return Poll::Pending };
        match incoming.poll_recv(cx) {
            Poll::Ready(Some(event)) => Poll::Ready(event),
            Poll::Ready(None) => {
                self.incoming = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// What waits on the wire.
    pub fn waiting(&mut self) -> Option<Incoming> {
        self.incoming.as_mut()?.try_recv().ok()
    }
}

impl OnScreen {
    /// Opens a lab: reads what was kept of it, and begins to connect. `problems` are told at the start, with what is wrong
    /// with the lab's own files; `played`: a recording of it, to which nothing is connected.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn open(
        lab: &Lab,
        person: &Person<'_>,
        mut catalogue: Catalogue,
        mut problems: Vec<String>,
        played: Option<(Session, Replay)>,
        log: &mut Log,
    ) -> anyhow::Result<OnScreen> {
        let Person { args, clock, is_demo, .. } = *person;
        let config = lab.config();
        let is_replay = played.is_some();
        if !is_replay {
            problems.extend(lab.add_types(&mut catalogue));
        }
        // Whether it wanted a read-only screen cannot be told: then nothing is sent.
        let unreadable = lab.is_config_unreadable();
        if unreadable {
            problems
                .insert(0, "the configuration cannot be read, so nothing can be sent from here".to_owned());
        }
        let influx = match is_replay {
            true => Err("what is played may be long over, and nobody is asked".to_owned()),
            false => lab.influx(),
        };
        let controls = match is_replay {
            true => Err("what is played may be long over".to_owned()),
            false => lab.controls(),
        };
        for problem in &problems {
            log.line(problem, clock.now());
        }
        let settings = Settings {
            read_only: args.read_only || config.read_only || unreadable,
            watch_only: if is_replay { Some(BARRED.to_owned()) } else { lab.watch_only() },
            guard: config.guard.clone(),
            oldest_first: config.traceback == config::TracebackOrder::OldestFirst,
            charset: person.charset,
            keymap: person.keymap.clone(),
            lab: lab.name.clone(),
            demo: is_demo,
            place: lab.place(),
            alone: lab.alone.clone(),
            problems,
            // The demonstration's classes stand in no Python.
            python: config
                .python
                .as_ref()
                .filter(|_| !is_demo && !is_replay)
                .map(|path| path.display().to_string()),
            exact_names: config.exact_names,
            notices: ring::rules(&config.notices),
            mouse: person.mouse,
            side: match config.side {
                Side::Auto => Some(layout::WIDE),
                Side::Always => Some(0),
                Side::Never => None,
                Side::From(columns) => Some(columns),
            },
            juice: lab.found.as_ref().and_then(|found| found.juice_version.clone()),
            archive: match &influx {
                Ok(_) => config.influxdb.back().ok_or_else(|| "[influxdb] hours is 0".to_owned()),
                Err(why) => Err(why.clone()),
            },
            services: controls.as_ref().map(|controls| lab.about(controls)).map_err(Clone::clone),
            no_log: influx.as_ref().err().cloned(),
            looked: lab.looked(),
        };
        let (net, incoming) = match is_replay {
            true => (None, None),
            false => {
                let (net, incoming) =
                    net::start(net::Options { raw: person.raw, ..lab.options(&person.memory) }, clock)?;
                (Some(net), Some(incoming))
            }
        };
        let (mut session, state) = match played {
            Some((session, state)) => (session, Some(state)),
            None => {
                let mut session = Session::new(lab.store(&person.memory), Ids::Random);
                session.store.apply(Input::Configured(lab.services()), clock.now());
                (session, None)
            }
        };
        let book = lab.book("screen");
        if let Some(log) = book.path().filter(|_| !is_replay) {
            session.store.sent_before(sent::accepted(log));
        }
        // The terminal will tell.
        let mut app = App::new(session, catalogue, settings, (80, 24));
        app.ui.hidden = config.hidden;
        app.ui.strip = config.sensors;
        app.ui.replay = state;
        // What was kept and cannot be used is told, on the screen and in the log.
        let folder = lab.folders.lab_folder(&lab.name).filter(|_| lab.keeps);
        let mut files = Files::new(folder, lab.folders.choices_file().filter(|_| lab.keeps));
        // The demonstration's past is gone with it; so is that of who wants none kept.
        let (place, limits) = lab.history().unzip();
        let place = place.filter(|_| config.history && !args.no_history);
        for problem in files.read(&mut app, place.is_some() && !is_replay, clock.now()) {
            log.line(&problem, clock.now());
            app.settings.problems.push(problem);
        }
        let (done, from_effects) = mpsc::unbounded_channel();
        let (parts, listed) = mpsc::channel(AHEAD);
        let (archives, archived) = mpsc::unbounded_channel();
        // A recording that is played goes back and forth: it makes no history.
        let history = match is_replay {
            true => None,
            false => {
                let limits = limits.unwrap_or_default();
                Some(History::start(place, limits, true, &person.memory, clock, done.clone())?)
            }
        };
        let (kernels, heard) = match lab.run_dir.clone().filter(|_| !is_replay) {
            Some(run_dir) => {
                let (kernels, heard) = kernels::start(run_dir, person.memory.clone(), clock)?;
                (Some(kernels), Some(heard))
            }
            None => (None, None),
        };
        Ok(OnScreen {
            app,
            net,
            recorder: None,
            book,
            keeper: Keeper::start(files, done.clone())?,
            history,
            types: Types::of(lab),
            influx: influx.ok(),
            log: Arc::default(),
            controls: controls.ok(),
            archive: None,
            _kernels: kernels,
            paths: config.paths.clone(),
            done,
            parts,
            archives,
            sources: Sources { from_effects, listed, heard, archived, incoming },
            told: None,
        })
    }

    /// Another lab comes to the front; what this one told until now was seen.
    pub fn go_behind(&mut self) {
        self.app.go_behind();
        self.told.clone_from(&self.app.ui.notice);
    }

    /// What it has to tell and nobody was told of yet, with its name; for a lab that is not seen.
    pub fn news(&mut self) -> Option<(String, Notice)> {
        if self.app.ui.notice == self.told {
            return None;
        }
        self.told.clone_from(&self.app.ui.notice);
        Some((self.app.settings.lab.clone(), self.told.clone()?))
    }

    /// Begins a recording.
    ///
    /// # Errors
    /// The file cannot be made; one sentence.
    pub fn record(
        &mut self,
        path: &Path,
        redact: bool,
        lab: &Lab,
        memory: &Memory,
        clock: Clock,
    ) -> Result<(), String> {
        let done = self.done.clone();
        let told = move |told| {
            let _ = done.send(Msg::Recorded(match told {
                recorder::Told::Size(bytes) => Ok(bytes),
                recorder::Told::Ended(why) => Err(why),
            }));
        };
        self.recorder = Some(Recorder::start(path, &lab.opening(), redact, memory, clock.now(), told)?);
        self.app.ui.recording = Some(Recording::Goes(0));
        Ok(())
    }

    /// Writes what is to be kept.
    pub fn keep(&self, effect: Effect, now: Now) {
        let at = now.utc;
        match effect {
            Effect::KeepDraft { place, draft } => self.keeper.draft(place, draft.map(|d| *d), at),
            Effect::KeepGroup { group, place, draft, takes_place } => {
                self.keeper.group(group, place, *draft, takes_place, at);
            }
            Effect::DropGroup { group } => self.keeper.group_over(group),
            Effect::KeepVisit(visit) => self.keeper.visit(*visit, at),
            Effect::KeepValues { place, payload } => {
                self.keeper.values(LastValues { sent: at, place, payload });
            }
            _ => {}
        }
    }

    /// Takes the last of it to the disk, before the program ends. What is to be told of that comes once the keeper is gone.
    pub fn part(&mut self, clock: Clock) -> Receiver<String> {
        let now = clock.now();
        for effect in self.app.parting(now) {
            self.keep(effect, now);
        }
        if let Some(history) = &mut self.history {
            history.look(&mut self.app.session.store, &self.app.catalogue, true, clock.now());
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.end(clock.now());
        }
        if let Some(net) = &self.net {
            // All connections say good-bye at the same time.
            net.close();
        }
        // All that is known of task types from kernels and the bus.
        learn_all(&mut self.app);
        self.types.end(self.app.catalogue.kept(), &self.keeper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::wire::frame::Reply;

    fn heard(count: u64) -> Incoming {
        Incoming::Missed { count }
    }

    #[tokio::test]
    async fn what_effects_brought_comes_before_lists_and_the_wire_and_the_lab_in_front_before_the_others() {
        let list = Reply::parse(r#"{"id": "a", "status": "ok", "result": []}"#.into()).unwrap();
        let memory = Memory::default();
        let mut ends = Vec::new();
        let mut labs = Vec::new();
        for _ in 0..3 {
            let (done, from_effects) = mpsc::unbounded_channel();
            let (parts, listed) = mpsc::channel(AHEAD);
            let (wire, incoming) = mpsc::channel(10);
            let archived = mpsc::unbounded_channel().1;
            labs.push(Sources { from_effects, listed, heard: None, archived, incoming: Some(incoming) });
            ends.push((wire, parts, done));
        }
        for (wire, parts, done) in &ends {
            wire.send(heard(1)).await.unwrap();
            for part in ListPart::all(&list) {
                parts.send((part, memory.hold(10))).await.unwrap();
            }
            done.send(Msg::Wake).unwrap();
        }
        assert_eq!(memory.held(), 30);
        let mut order = Vec::new();
        for _ in 0..9 {
            let (at, came) = next(labs.iter_mut(), 1).await;
            let what = match came {
                Came::Done(_) => "done",
                Came::Heard(_) => "heard",
                Came::Listed(_) => "listed",
                Came::Wire(_) => "wire",
                Came::Archived(_) => "archived",
            };
            order.push((what, at));
        }
        let wanted = ["done", "listed", "wire"].into_iter().flat_map(|what| [1, 2, 0].map(|at| (what, at)));
        assert_eq!(order, wanted.collect::<Vec<_>>());
        assert_eq!(memory.held(), 0, "what was taken is the store's to weigh");

        // A lab whose connections are gone keeps nobody from hearing the others.
        drop(ends.remove(1));
        ends[1].0.send(heard(2)).await.unwrap();
        let (at, came) = next(labs.iter_mut(), 1).await;
        assert!(at == 2 && matches!(came, Came::Wire(Incoming::Missed { count: 2 })), "{at} {came:?}");
        assert!(labs[1].incoming.is_none() && labs[1].waiting().is_none());
    }
}
