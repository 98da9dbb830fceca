//! What the person is doing: screens, focus, selection, the composer, and what each key does there.
//!
//! Pure: [`update`](fn@update) takes a message and gives back effects; it performs none itself. The whole state is two things:
//! the [`Session`] (what we know of the lab) and [`Ui`] (what is on the screen). A screen is a [`Layer`] that
//! carries its own state; there are no flags that say which one is shown.

pub mod action;
pub mod archive;
pub mod banner;
pub mod beside;
pub mod called;
pub mod choices;
pub mod choose;
pub mod compare;
pub mod compose;
pub mod confirm;
pub mod copy_as;
pub mod document;
pub mod failures;
pub mod forecast;
pub mod form;
pub mod help;
pub mod history;
pub mod kept;
pub mod keymap;
pub mod labs;
pub mod lanes;
pub mod layout;
pub mod left;
pub mod line;
pub mod logs;
pub mod made;
pub mod many;
pub mod mouse;
pub mod msg;
pub mod notices;
pub mod outputs;
pub mod palette;
pub mod pressed;
pub mod reader;
pub mod record;
pub mod replay;
pub mod schedule;
pub mod services;
pub mod session;
mod settle;
pub mod told;
pub mod traces;
pub mod unseen;
pub mod update;
pub mod viewer;
pub mod welcome;
pub mod when;

#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use crate::{
    catalogue::{Catalogue, form::FieldId, guard::Guard},
    clean::Charset,
    store::{Group, GroupKey, State, Store, Task, TaskKey, filter::Filter},
    time::Now,
    wire::{
        Text,
        link::{Line, LinkState},
    },
};

use action::Context;
use choices::Choices;
use choose::Choose;
use compare::Compare;
use compose::{Compose, Draft};
use confirm::Confirm;
use copy_as::CopyAs;
use form::Pick;
use help::Help;
use history::History;
use keymap::Keymap;
use labs::Labs;
use lanes::{Folding, Row, Selected};
use layout::{Areas, Panes, areas};
use line::LineEdit;
use many::GroupPane;
use reader::Reader;
use replay::{Recording, Replay};
use schedule::Schedule;
use session::{Session, Way};
use update::schedule::Batch;
use viewer::{PlotPane, TablePane, Viewer};
use when::When;

pub use called::{called, called_or};
pub use msg::{Effect, Msg, Severity};
pub use unseen::By;
pub use update::{learn_all, update};

/// What the person set, once and for all of a run.
#[derive(Debug)]
pub struct Settings {
    /// No deed at all: nothing can be sent or cancelled.
    pub read_only: bool,
    /// Why nothing can be sent although it is not read-only (through the edge one can only watch).
    pub watch_only: Option<String>,
    /// Which tasks move hardware.
    pub guard: Guard,
    /// Traceback entries oldest first.
    pub oldest_first: bool,
    /// Which characters the terminal shows.
    pub charset: Charset,
    /// The keys.
    pub keymap: Keymap,
    /// The lab's name in the header.
    pub lab: String,
    /// This is the demonstration.
    pub demo: bool,
    /// The arguments that lead another juicetop to this lab.
    pub place: Vec<String>,
    /// Services spoken to alone, with their addresses.
    pub alone: Vec<(Text, String)>,
    /// Problems of configuration and themes, told at the start.
    pub problems: Vec<String>,
    /// The lab's Python, if the person has named one.
    pub python: Option<String>,
    /// The version of orangeqs-juice-core there, where that is written on this machine.
    pub juice: Option<String>,
    /// How far back Juice's own database of tasks is read at the start, or why it is not.
    pub archive: Result<Duration, String>,
    /// What this machine's files say of the services, or why none can be controlled from here.
    pub services: Result<Vec<services::About>, String>,
    /// Why the services' log cannot be asked; `None`: it can.
    pub no_log: Option<String>,
    /// Where a lab was looked for and not found, a line each; none where one was named or found.
    pub looked: Vec<String>,
    /// It makes display names too where they are not certain without it.
    pub exact_names: bool,
    /// What the person is told of while they look elsewhere.
    pub notices: notices::Rules,
    /// Columns from which the selected task stands beside the lanes; `None`: it never does.
    pub side: Option<u16>,
    /// The terminal reports the mouse: it keeps no clicks for itself.
    pub mouse: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            read_only: false,
            watch_only: None,
            guard: Guard::default(),
            oldest_first: false,
            charset: Charset::Unicode,
            keymap: Keymap::default(),
            lab: String::new(),
            demo: false,
            place: Vec::new(),
            alone: Vec::new(),
            problems: Vec::new(),
            python: None,
            juice: None,
            archive: Err("no lab was looked for on this machine".to_owned()),
            services: Err("no lab was looked for on this machine".to_owned()),
            no_log: Some("no lab was looked for on this machine".to_owned()),
            looked: Vec::new(),
            exact_names: true,
            notices: notices::Rules::default(),
            side: Some(layout::WIDE),
            mouse: false,
        }
    }
}

/// The whole state.
#[derive(Debug)]
pub struct App {
    /// The talk with the lab, and what is known of it.
    pub session: Session,
    /// The task types that are known.
    pub catalogue: Catalogue,
    /// What is on the screen.
    pub ui: Ui,
    /// What was set.
    pub settings: Settings,
}

/// A screen above the lanes.
#[derive(Debug)]
pub enum Layer {
    /// A task's detail.
    Task(Box<Reader>),
    /// A result as a tree.
    Result(Box<Viewer>),
    /// The plot of an array of it, above the tree.
    Plot(Box<PlotPane>),
    /// A list of records of it as a table, above the tree.
    Table(Box<TablePane>),
    /// The line for a command that a value of it is given to.
    Pipe(LineEdit),
    /// Choosing what to submit.
    Choose(Box<Choose>),
    /// The composer.
    Compose(Box<Compose>),
    /// The schedule.
    Schedule(Box<Schedule>),
    /// The services.
    Services(Box<services::Services>),
    /// The services' log.
    Logs(Box<logs::Logs>),
    /// A record of it, above it.
    Record(Box<record::RecordPane>),
    /// The lab beside the tasks.
    Beside(Box<beside::Beside>),
    /// Failures together.
    Failures(Box<failures::Failures>),
    /// The history.
    History(Box<History>),
    /// What was told in this session.
    Notices(Box<told::List>),
    /// The history's columns to choose from, above it.
    Columns(history::Columns),
    /// Two tasks side by side, above the history.
    Compare(Box<Compare>),
    /// Many at once, above the composer.
    Many(Box<GroupPane>),
    /// The list of keys.
    Help(Help),
    /// A question.
    Confirm(Box<Confirm>),
    /// The filter's line.
    Filter(LineEdit),
    /// The name under which the filter below is to be saved.
    NameFilter(LineEdit),
    /// The search's line.
    Search(LineEdit),
    /// The line with a moment of the recording to go to.
    GoTo(LineEdit),
    /// What a task is to be copied as.
    CopyAs(Box<CopyAs>),
    /// No lab was found.
    Welcome,
    /// The line for the address of one.
    Address(LineEdit),
    /// The command palette.
    Palette(Box<palette::Palette>),
    /// When the composer's task is to start.
    When(When),
    /// A list over the form: a field's options, or all fields to jump to.
    Pick(Box<Pick>),
    /// The line for the new key of a map's entry in the form.
    Rename(FieldId, LineEdit),
}

impl Layer {
    /// Where keys go while it is on top.
    pub fn context(&self) -> Context {
        match self {
            Layer::Task(_) => Context::Task,
            Layer::Result(_) => Context::Result,
            Layer::Plot(_) => Context::Plot,
            Layer::Table(_) => Context::Table,
            Layer::Choose(_) | Layer::Pick(_) | Layer::CopyAs(_) | Layer::Palette(_) => Context::Choose,
            Layer::Compose(c) => match c.form() {
                Some(form) if form.in_text() && !c.frame_shown => Context::Text,
                Some(_) => Context::Form,
                None => Context::Compose,
            },
            Layer::Schedule(_) => Context::Schedule,
            Layer::Services(_) => Context::Services,
            Layer::Logs(_) => Context::Logs,
            Layer::Record(_) => Context::Record,
            Layer::Beside(_) => Context::Beside,
            Layer::Failures(_) => Context::Failures,
            Layer::History(_) => Context::History,
            Layer::Notices(_) => Context::Notices,
            Layer::Columns(_) => Context::Columns,
            Layer::Compare(_) => Context::Compare,
            Layer::Many(_) => Context::Many,
            Layer::Help(_) => Context::Help,
            Layer::Confirm(_) => Context::Confirm,
            Layer::Welcome => Context::Welcome,
            Layer::Filter(_)
            | Layer::NameFilter(_)
            | Layer::Search(_)
            | Layer::GoTo(_)
            | Layer::Address(_)
            | Layer::Pipe(_)
            | Layer::Rename(..)
            | Layer::When(_) => Context::Input,
        }
    }

    /// There is work left that is done in slices.
    fn is_busy(&self) -> bool {
        match self {
            Layer::Result(viewer) => viewer.is_busy(),
            Layer::Plot(plot) => plot.is_busy(),
            Layer::Table(table) => !table.table.is_done(),
            _ => false,
        }
    }
}

/// When *yes* was pressed: it counts once nothing has followed it.
#[derive(Clone, Copy, Debug)]
pub struct SaidYes {
    /// When.
    pub at: Now,
    /// When the question that it answers was asked.
    pub asked: Now,
    /// It was the third answer.
    pub instead: bool,
}

/// Own direct tasks on their way to the scheduler.
#[derive(Clone, Debug, Default)]
pub struct Handing {
    /// What is done once all are there; `None`: the person stays.
    pub then: Option<confirm::Afterwards>,
    /// Those that are not there yet: the keys of those that are being taken back, and the frame's ids of those that the
    /// scheduler has not taken yet.
    pub open: HashSet<Text>,
    /// What was told of those that could not be handed over.
    pub failed: Vec<String>,
}

/// A form whose task was sent.
#[derive(Debug)]
pub struct Sent {
    /// The frame's id, by which the task is found.
    pub id: Text,
    /// The composer as it stood.
    pub compose: Box<Compose>,
    /// The person was told that the service refused it.
    pub told: bool,
    /// The service refused it; the form opens again once no key was pressed for a moment.
    pub waits: bool,
}

/// What a kernel is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Its task types.
    Types,
    /// The traceback of this task.
    Traceback(TaskKey),
}

/// A kernel that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its service.
    pub service: Text,
    /// The id of the question's frame.
    pub id: Text,
    /// What for.
    pub what: Asking,
}

/// Something to tell, for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// How bad.
    pub severity: Severity,
    /// Until when it stands.
    pub until: Duration,
}

impl Notice {
    /// How long it stands. Long texts stand longer.
    pub fn stands(&self) -> Duration {
        Duration::from_secs(4 + self.text.len() as u64 / 25)
    }
}

/// What is on the screen.
#[derive(Debug)]
pub struct Ui {
    /// Columns and rows.
    pub size: (u16, u16),
    /// Screens above the lanes, the top one last.
    pub layers: Vec<Layer>,
    /// The selection in the lanes.
    pub selected: Option<Selected>,
    /// Why it is another one than the person has seen.
    pub unseen: Option<String>,
    /// When the picture last followed the time.
    pub followed: Option<Now>,
    /// The times in which nothing was seen that were put away.
    pub gaps_seen: usize,
    /// The person has moved the selection; until then it stays at the top, whatever comes.
    pub moved: bool,
    /// The screen line (within the lanes) on which the selected row stands.
    pub line: usize,
    /// How services are shown.
    pub folding: HashMap<Text, Folding>,
    /// Groups whose members stand below their line.
    pub open_groups: HashSet<GroupKey>,
    /// The filter as typed.
    pub filter_text: String,
    /// The filter in force: the last one that could be read.
    pub filter: Filter,
    /// Why the typed filter cannot be read.
    pub filter_error: Option<String>,
    /// Hidden tasks are shown.
    pub hidden: bool,
    /// What the person has chosen, in earlier runs too.
    pub choices: Choices,
    /// On a wide screen: the selected task beside the lanes.
    pub side: Option<Reader>,
    /// On a wide screen: the task has the whole of it.
    pub zoom: bool,
    /// What was found by the command palette last, the newest first.
    pub recent: VecDeque<palette::Does>,
    /// The command that a value was given to last.
    pub piped: String,
    /// What is told at the moment.
    pub notice: Option<Notice>,
    /// Drafts by service and class.
    pub drafts: HashMap<(Text, Text), Draft>,
    /// What each type was sent with last, by service and class, from runs before this one too; without secrets.
    pub remembered: HashMap<(Text, Text), String>,
    /// What is kept of the drafts.
    pub keeping: kept::Keeping,
    /// Forms whose tasks were sent, the newest last: to come back to if the service refuses what they held.
    pub sent: VecDeque<Sent>,
    /// Keys that began a sequence.
    pub pressed: Option<pressed::Pressed>,
    /// When a key was last pressed; the loop sets it to when that was dealt with.
    pub last_key: Option<Now>,
    /// When *yes* was pressed, and when the question that it answers was asked: it counts once nothing has followed it.
    pub said_yes: Option<SaidYes>,
    /// Own tasks whose connections were lost lately, and when the first was.
    pub lost: Option<(Now, Vec<String>)>,
    /// Own direct tasks on their way to the scheduler, and what is done then.
    pub handing: Option<Handing>,
    /// Own tasks by the frame's id that should be selected once they are known under their key.
    pub follow: Option<Text>,
    /// The person has allowed, or not, to run the lab's Python in this run of the program.
    pub python: Option<bool>,
    /// The composed task, by its frame's id, that Python works at.
    pub making: Option<Text>,
    /// Kernels that were asked and have not answered yet.
    pub asked: Vec<Asked>,
    /// Tracebacks of cells, which no reply had.
    pub traces: traces::Traces,
    /// What cells print while they run.
    pub outputs: outputs::Outputs,
    /// What is watched, and what was told of it.
    pub notices: notices::Notices,
    /// The person's coming and going.
    pub left: left::Left,
    /// Juice's own database of tasks.
    pub archive: archive::Archive,
    /// What is known of the services beside what the bus tells, and what is being done to them.
    pub services: services::Care,
    /// What the services' log was asked.
    pub log: logs::Asking,
    /// Own tasks, by their frame's id, that were sent in another one's place and that the scheduler has not taken yet.
    pub replacing: Vec<(Text, Way)>,
    /// Cancellations that were asked for together.
    pub batch: Option<Batch>,
    /// Questions that were asked of the history.
    pub questions: u64,
    /// The history is asked, and has its lines at hand.
    pub asks_past: bool,
    /// The recording that is played instead of a lab.
    pub replay: Option<Replay>,
    /// The recording that is written.
    pub recording: Option<Recording>,
    /// The labs on the screen; `None`: this one alone.
    pub labs: Option<Labs>,
    /// Another lab is in front: nobody sees this one.
    pub behind: bool,
    /// What leaving would cost own tasks in the other labs, a line each.
    pub risks: Vec<String>,
    /// The strip of sensors is wanted.
    pub strip: bool,
    /// Of the lab beside the tasks, what was last on the screen.
    pub beside_seen: beside::Seen,
    /// Failures that the person has had before their eyes, of [`Store::failures`].
    pub failures_seen: u64,
    /// What stands where, for the mouse.
    pub mouse: mouse::Mouse,
    /// An editor has the terminal.
    pub outside: bool,
    /// The program is about to end.
    pub leaving: bool,
    rows: Vec<Row>,
    rows_of: Option<(u64, u64, u64)>,
    revision: u64,
}

impl App {
    /// The state at the start.
    pub fn new(session: Session, catalogue: Catalogue, settings: Settings, size: (u16, u16)) -> App {
        let traces = traces::Traces::new(&settings);
        let archive = archive::Archive::new(settings.archive.clone());
        let services = services::Care::new(settings.services.clone());
        App {
            session,
            catalogue,
            settings,
            ui: Ui {
                size,
                layers: Vec::new(),
                selected: None,
                unseen: None,
                followed: None,
                gaps_seen: 0,
                moved: false,
                line: 0,
                folding: HashMap::new(),
                open_groups: HashSet::new(),
                filter_text: String::new(),
                filter: Filter::default(),
                filter_error: None,
                hidden: false,
                choices: Choices::default(),
                side: None,
                zoom: false,
                recent: VecDeque::new(),
                piped: String::new(),
                traces,
                outputs: outputs::Outputs::default(),
                notices: notices::Notices::default(),
                left: left::Left::default(),
                archive,
                services,
                log: logs::Asking::default(),
                notice: None,
                drafts: HashMap::new(),
                remembered: HashMap::new(),
                keeping: kept::Keeping::default(),
                sent: VecDeque::new(),
                pressed: None,
                last_key: None,
                said_yes: None,
                lost: None,
                handing: None,
                follow: None,
                python: None,
                making: None,
                asked: Vec::new(),
                replacing: Vec::new(),
                batch: None,
                questions: 0,
                asks_past: false,
                replay: None,
                recording: None,
                labs: None,
                behind: false,
                risks: Vec::new(),
                strip: true,
                beside_seen: beside::Seen::default(),
                failures_seen: 0,
                mouse: mouse::Mouse::default(),
                outside: false,
                leaving: false,
                rows: Vec::new(),
                rows_of: None,
                revision: 0,
            },
        }
    }

    /// Takes in what was kept: drafts, and what each type was sent with last.
    pub fn take_kept(&mut self, drafts: HashMap<kept::Place, Draft>, values: Vec<kept::LastValues>) {
        self.ui.keeping = kept::Keeping::begin(&drafts);
        self.ui.drafts = drafts;
        self.ui.remembered = values.into_iter().map(|v| (v.place, v.payload)).collect();
    }

    /// What is to be written before the program ends.
    pub fn parting(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = kept::look(self);
        effects.extend(self.ui.left.keep(now));
        effects
    }

    /// What is known.
    pub fn store(&self) -> &Store {
        &self.session.store
    }

    /// Where keys go.
    pub fn context(&self) -> Context {
        self.ui.layers.last().map_or(Context::Lanes, Layer::context)
    }

    /// Goes up when the picture may have changed.
    pub fn revision(&self) -> u64 {
        self.ui.revision + self.session.revision()
    }

    /// How the screen is divided.
    pub fn areas(&self) -> Areas {
        let lines = self.banner_lines();
        // Over these an opened task has the whole body: the lanes are not seen beside it.
        let is_over = |layer: &Layer| {
            matches!(
                layer,
                Layer::Schedule(_)
                    | Layer::Beside(_)
                    | Layer::Failures(_)
                    | Layer::History(_)
                    | Layer::Logs(_)
                    | Layer::Notices(_)
            )
        };
        let over = self.ui.layers.iter().any(is_over);
        let line = self.is_replay() || self.ui.labs.is_some();
        let from = self.settings.side.filter(|_| !self.ui.zoom && !over);
        areas(self.ui.size, Panes { from, share: self.ui.choices.border }, line, lines)
    }

    /// Why the filter that is typed cannot be read.
    pub fn filter_error(&self) -> Option<&str> {
        let above = self.ui.layers.iter().rev().find_map(|layer| match layer {
            Layer::Schedule(schedule) => Some(&schedule.filter_error),
            Layer::History(history) => Some(&history.filter_error),
            Layer::Logs(logs) => Some(&logs.filter_error),
            _ => None,
        });
        above.unwrap_or(&self.ui.filter_error).as_deref()
    }

    /// The lanes' rows, as of the last update.
    pub fn rows(&self) -> &[Row] {
        &self.ui.rows
    }

    /// The row that is selected.
    pub fn selected_row(&self) -> Option<usize> {
        let selected = self.ui.selected.as_ref()?;
        self.ui.rows.iter().position(|r| r.selects().as_ref() == Some(selected))
    }

    /// Lines that the rows have.
    pub fn lanes_height(&self) -> usize {
        self.areas().lanes_height()
    }

    /// The first row that is on the screen.
    pub fn first_row(&self) -> usize {
        let height = self.lanes_height();
        let selected = self.selected_row().unwrap_or(0);
        lanes::first_visible(self.ui.rows.len(), selected, self.ui.line, height)
    }

    /// The task that a key pressed now is about: the one that is read, else the selected one.
    pub fn current_task(&self) -> Option<&TaskKey> {
        for layer in self.ui.layers.iter().rev() {
            match layer {
                Layer::Task(reader) => return Some(&reader.key),
                Layer::Schedule(schedule) => return schedule.selected.as_ref(),
                Layer::Failures(failures) => return failures.task(),
                Layer::History(history) => return history.key(),
                // There it is about a service, a record, or what was told.
                Layer::Services(_) | Layer::Beside(_) | Layer::Logs(_) | Layer::Notices(_) => return None,
                _ => {}
            }
        }
        self.ui.selected.as_ref()?.task.as_ref()
    }

    /// The same, as it is known.
    ///
    /// # Errors
    /// Why there is none, in one phrase.
    pub fn task_at_hand(&self) -> Result<&Task, &'static str> {
        let key = self.current_task().ok_or("select a task first")?;
        self.store().task(key).ok_or("it was let go to save memory: nothing more is known of it")
    }

    /// The group whose line is selected, while nothing stands above the lanes.
    pub fn current_group(&self) -> Option<&GroupKey> {
        let is_above = |layer: &Layer| {
            matches!(
                layer,
                Layer::Task(_)
                    | Layer::Schedule(_)
                    | Layer::Services(_)
                    | Layer::Logs(_)
                    | Layer::Beside(_)
                    | Layer::Failures(_)
                    | Layer::History(_)
                    | Layer::Notices(_)
            )
        };
        let above = self.ui.layers.iter().any(is_above);
        self.ui.selected.as_ref()?.group.as_ref().filter(|_| !above)
    }

    /// The service that a key pressed now is about.
    pub fn current_service(&self) -> Option<Text> {
        let task = self.current_task().and_then(|k| self.store().task(k)).map(|t| t.service.clone());
        task.or_else(|| self.ui.selected.as_ref().map(|s| s.service.clone()))
    }

    /// Bytes of what is open on the screen, which the store cannot let go.
    pub fn opened(&self) -> usize {
        let of = |layer: &Layer| match layer {
            Layer::Task(reader) => reader.bytes(),
            Layer::Result(viewer) => viewer.bytes(),
            Layer::Logs(logs) => logs.bytes(),
            _ => 0,
        };
        self.ui.layers.iter().map(of).sum::<usize>() + self.ui.side.as_ref().map_or(0, Reader::bytes)
    }

    /// Whether the picture is old: the bus is down (or was never up).
    pub fn is_stale(&self) -> bool {
        let gap = self.session.gaps.open().is_some();
        gap || self.session.link(&Line::Bus).is_some_and(|l| !l.is_live())
    }

    /// The next moment at which time alone changes the picture, or there is something to do; `None`: only events bring
    /// something.
    pub fn wake_at(&self, now: Now) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        let mut at = |t: Duration| next = Some(next.map_or(t, |n: Duration| n.min(t)));
        if let Some(t) = self.session.wake_at(now) {
            at(t);
        }
        if let Some(key) = self.ui.last_key.filter(|_| self.ui.sent.iter().any(|s| s.waits)) {
            at(key.mono + update::REOPENS_AFTER);
        }
        let asks = |layer: &Layer| matches!(layer, Layer::Task(reader) if reader.asks());
        let asked = self.ui.layers.iter().any(asks) || self.ui.side.as_ref().is_some_and(Reader::asks);
        if asked || self.ui.layers.last().is_some_and(Layer::is_busy) {
            at(now.mono);
        }
        if let Some(t) = self.ui.keeping.due {
            at(t);
        }
        if let Some(t) = self.pressed_until() {
            at(t);
        }
        if let Some(t) = self.beside_due() {
            at(t);
        }
        if let Some(t) = self.ui.archive.wake_at() {
            at(t);
        }
        if let Some(t) = self.ui.notices.wake_at(&self.settings.notices) {
            at(t);
        }
        if let Some(t) = self.ui.left.wake_at() {
            at(t);
        }
        if let Some(said) = self.ui.said_yes {
            at(said.at.mono + confirm::SILENCE);
        }
        let looks = matches!(self.ui.layers.last(), Some(Layer::Services(_)));
        if let Some(t) = self.ui.services.wake_at(looks && !self.ui.behind && !self.is_replay(), now) {
            at(t);
        }
        if let Some(t) = update::logs::wake_at(self) {
            at(t);
        }
        if self.ui.behind {
            // There is no picture that could change.
            return next;
        }
        // How long a notice stands is a matter of the person's own time.
        if let Some(notice) = self.ui.notice.as_ref().filter(|_| !self.is_replay()) {
            at(notice.until);
        }
        // Counted from when the picture last followed the time, not from now: else an event that comes just before each of
        // these moments, as heartbeats may, would put them off for ever.
        let followed = self.ui.followed.filter(|followed| followed.mono <= now.mono).unwrap_or(now);
        let second = Duration::from_secs(followed.mono.as_secs() + 1);
        if let Some(heard) = self.session.bus_heard.filter(|_| self.session.is_live(&Line::Bus)) {
            // From then on the header counts the seconds of silence.
            at((heard.mono + session::QUIET).max(second));
        }
        let counting = self.session.links.iter().any(|(_, l)| matches!(l.state, LinkState::Waiting { .. }));
        // `in 3h` means another moment each second.
        let typing_when = matches!(self.ui.layers.last(), Some(Layer::When(_)));
        if counting || typing_when || self.is_replay() || self.something_moves() {
            at(second);
        } else {
            // Ages such as `4 m ago` and the clock in the header change once a minute.
            let wait = 60_000 - followed.utc.timestamp_millis().rem_euclid(60_000) as u64;
            at(followed.mono + Duration::from_millis(wait));
        }
        next
    }

    /// Something on the screen counts seconds.
    fn something_moves(&self) -> bool {
        let counts = |row: &schedule::Row| {
            use schedule::Part;
            matches!(row, schedule::Row::Task { part: Part::Holder | Part::Waiting { .. } | Part::Moved, .. })
        };
        let scheduled = |l: &Layer| matches!(l, Layer::Schedule(s) if s.rows.iter().any(counts));
        // One that is read may stand in no row: its service is folded, or a filter leaves it out.
        let runs = |key: &TaskKey| {
            self.store().task(key).is_some_and(|task| matches!(task.state, State::Running { .. }))
        };
        let read = |l: &Layer| matches!(l, Layer::Task(reader) if runs(&reader.key));
        let cared = |l: &Layer| matches!(l, Layer::Services(_) | Layer::Beside(_));
        if self.ui.layers.iter().any(|l| scheduled(l) || read(l) || cared(l)) {
            return true;
        }
        self.ui.rows.iter().any(|row| match row {
            Row::Task { key, .. } => self.store().task(key).is_some_and(|t| match t.state {
                State::Running { .. } | State::Scheduled | State::Waiting => true,
                // `12 s ago`
                State::Ended | State::Unknown => false,
            }),
            Row::Group { key, .. } => self.store().group(key).is_some_and(Group::is_active),
            // Its line tells when the slot is likely to be free.
            Row::Service { service, folded: true } => self.store().is_active(service),
            _ => false,
        })
    }

    /// Tells at the start what could not be used of the configuration.
    pub fn start(&mut self, now: Now) {
        if let Some(first) = self.settings.problems.first().cloned() {
            let more = self.settings.problems.len() - 1;
            let text =
                if more == 0 { first } else { format!("{first} (and {more} more: `juicetop doctor` tells)") };
            self.tell(Severity::Warning, text, now);
        }
        self.renew_lists(now, By::Person);
        self.lay_out(now);
    }

    /// Asks a question.
    pub fn ask(&mut self, question: Confirm) {
        self.ui.layers.push(Layer::Confirm(Box::new(question)));
    }

    /// Says something for a while; it stands in the list of what was told.
    pub fn tell(&mut self, severity: Severity, text: impl Into<String>, now: Now) {
        let text = text.into();
        self.ui.notices.told.add(None, &text, told::How::Note(severity), now);
        self.say(severity, text, now);
    }

    /// Says something for a while.
    pub(super) fn say(&mut self, severity: Severity, text: impl Into<String>, now: Now) {
        let mut notice = Notice { text: text.into(), severity, until: now.mono };
        notice.until += notice.stands();
        self.ui.notice = Some(notice);
        self.ui.revision += 1;
    }
}
