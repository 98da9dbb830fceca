//! What we know: services, their lanes, tasks, and how sure we are.
//!
//! Pure: `now` is a parameter, nothing is sent or read here. This is the one place that decides what is true about a
//! task (its state, its outcome, whether it may have ended); everything else shows what the store says. It refuses to
//! guess: what was not seen is `unknown` or *not known*, never idle, free or ok.

//!
//! How it is built: [`Store::apply`] hands each input to one of `bus`, `schedule`, `own` or `doubt`; all of them change
//! rows through `table`'s `edit`, which keeps every index in step and notices what really changed; `judge` reads
//! replies; `lane` answers what the screen asks. Nothing is ever found by walking over all tasks.

mod archive;
pub mod beside;
mod bus;
mod doubt;
pub mod filter;
mod group;
mod judge;
mod lab_clock;
pub mod lane;
mod lost;
pub mod outlook;
mod own;
pub mod past;
mod schedule;
pub mod service;
mod station;
mod table;
pub mod task;
pub mod timetable;
mod types;
pub mod usual;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    time::Duration,
};

use chrono::{DateTime, Utc};

use crate::{
    time::Now,
    wire::{
        Text,
        event::Event,
        frame::{Reply, Snapshot, TaskFrame},
    },
};

pub use beside::Beside;
pub use group::{Group, GroupCounts, GroupKey, Member};
pub use lane::{Lanes, Slot, Wait};
pub use outlook::{Guess, Outlook};
pub use past::{Moment, Past};
pub use service::{Service, Trouble};
pub use task::{Lane, LookedFor, Outcome, Own, Reason, State, Task, TaskKey};
pub use types::SeenType;
pub use usual::{Overrun, Usual};

use group::GroupId;
use lab_clock::LabClock;
use schedule::{Carrier, Listed};
use station::Station;
use table::{ROW, Row, RowId, texts_of};
use usual::Usuals;

/// Everything that can change what we know.
#[derive(Clone, Debug)]
pub enum Input {
    /// A message of the bus.
    Bus(Event),
    /// The bus connection is up (`true`) or was lost (`false`). What was running or waiting when it was lost may
    /// have ended unseen.
    BusLink(bool),
    /// The connection to the router (`None`) or to one service's own port (`Some`) is up or was lost. Own direct
    /// tasks on a lost connection become unknown: link lost.
    TaskLink {
        /// The service spoken to alone; `None` for the router.
        service: Option<Text>,
        /// Up or lost.
        up: bool,
    },
    /// The connection that this own task had to itself was lost: it becomes unknown, link lost.
    ConnectionLost {
        /// The frame's id.
        id: Text,
    },
    /// The connection that this own task had to itself was closed by us, and what the bus told before that has been
    /// heard: if it waits still, it never began and never will.
    Withdrawn {
        /// The frame's id.
        id: Text,
    },
    /// Whether the router keeps a slot for each service: since Juice 26.29.0, which brought the scheduler too. Before, sequential
    /// tasks are sent on as they come (measured with 26.28.0).
    Slots(bool),
    /// The names of the services that the configuration knows, in its order.
    Configured(Vec<Text>),
    /// The topics that the task manager has seen (`GetEventTopicList`).
    Topics(Vec<Text>),
    /// An own task that is about to be sent. It is shown at once as waiting.
    Submitted {
        /// The task itself (never the `ScheduleTask` around it).
        frame: TaskFrame,
        /// Which way it goes.
        own: Own,
    },
    /// The own task of that id will not be sent, or could not be: it never ran. The row ends: failed, not sent.
    NotSent {
        /// The frame's id.
        id: Text,
        /// One sentence.
        why: String,
    },
    /// The scheduler took our task: the row of the frame's id is from now on the row of the snapshot.
    Accepted {
        /// The id of the task's own frame (not of the `ScheduleTask` around it).
        id: Text,
        /// What the scheduler answered.
        snapshot: Snapshot,
    },
    /// A reply to one of our own frames.
    Reply(Reply),
    /// The scheduler's list is asked for now: what is heard from here on may be younger than its answer.
    ScheduleAsked,
    /// The scheduler's whole list, or what is left of it. Odd entries come raw.
    Schedule(Vec<Result<Snapshot, Text>>),
    /// A part of the scheduler's list; the others follow, the last one as [`Input::Schedule`].
    SchedulePart(Vec<Result<Snapshot, Text>>),
    /// The scheduler's list from before a gap: what it says of ends is true, where the others stood may be over.
    OldSchedule(Vec<Result<Snapshot, Text>>),
    /// One entry of the scheduler's list, asked for by its id; `None`: the scheduler does not know that id.
    ScheduleEntry {
        /// The id asked for.
        scheduled_task_id: Text,
        /// What came.
        snapshot: Option<Snapshot>,
    },
    /// The scheduler's list could not be read, and why (shown in the lanes).
    ScheduleUnreadable(String),
    /// The person says that this task is over: a ghost is put away (unknown, put away by hand). Its own reply can
    /// still end it.
    PutAway(TaskKey),
    /// An own task went out on a service's own port. No bus tells that it runs, so this does.
    Started {
        /// The frame's id.
        id: Text,
    },
    /// The own task `id` travels to the scheduler inside the `ScheduleTask` of id `by`. Said before it is sent: when
    /// the own connection is lost, the bus can then still tell that the scheduler took it.
    Carried {
        /// The id of the task's own frame.
        id: Text,
        /// The id of the `ScheduleTask` around it.
        by: Text,
        /// Not before this.
        run_at: Option<DateTime<Utc>>,
    },
    /// We asked the scheduler to cancel this task (a wish: only the scheduler's word or the reply ends it).
    CancelAsked(TaskKey),
    /// A cancellation that we asked for never reached the scheduler: the task still waits.
    CancelLost(TaskKey),
    /// So many bus messages were let go on our side: as if the bus had been lost for a moment.
    Missed(u64),
}

/// How much is kept. Documented in `docs/configuration.md`; running and waiting tasks are never let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tasks kept that ended or are unknown.
    pub ended_tasks: usize,
    /// Bytes that all tasks with their texts may take. First the oldest texts of ended tasks are let go, then the
    /// largest of those that run or wait, then the oldest ended tasks.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { ended_tasks: 10_000, memory: 224 * 1024 * 1024 }
    }
}

/// Numbers for the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tasks that run (unknown ones do not count).
    pub running: usize,
    /// Tasks that wait: own direct ones and the scheduler's, due or not.
    pub waiting: usize,
    /// Ended tasks kept whose outcome is failed.
    pub failed: usize,
    /// Tasks in state unknown, but for those put away.
    pub unknown: usize,
    /// Ended tasks that were let go to stay within the limits.
    pub let_go: usize,
    /// Tasks whose payload or reply was let go, while they themselves were kept.
    pub texts_let_go: usize,
}

/// The service that routes and schedules, as Juice names it. Its own five tasks are how one talks to it, not work.
pub const TASK_MANAGER: &str = "task-manager";

/// Services beyond this many are not listed: a bus full of made-up names must not fill the memory.
pub const MOST_SERVICES: usize = 1_000;

/// What we know. See the module's documentation.
#[derive(Clone, Debug)]
pub struct Store {
    limits: Limits,
    revision: u64,

    rows: BTreeMap<RowId, Row>,
    next_row: RowId,
    /// Rows by their key.
    keys: HashMap<Text, RowId>,
    /// The newest row of each id: frame, task and scheduler ids.
    ids: HashMap<Text, RowId>,
    /// Ended and unknown rows in the order in which they became so: what is let go first stands first.
    finished: BTreeMap<u64, RowId>,
    /// Those of `finished` that still have texts.
    with_text: BTreeMap<u64, RowId>,
    text_bytes: usize,
    /// Texts of rows that run or wait, and those of them that have large ones, by how much.
    open_bytes: usize,
    large_open: BTreeSet<(usize, RowId)>,
    texts_let_go: usize,
    /// Of the replies that the scheduler keeps as well.
    scheduler_bytes: usize,
    next_finish: u64,
    /// Scheduled rows by the moment at which they come due.
    due: BTreeSet<(DateTime<Utc>, RowId)>,
    /// Rows that are doubted from a moment (monotonic) on.
    timers: BTreeSet<(Duration, RowId)>,
    /// Own rows that are neither ended nor unknown.
    own_open: BTreeSet<RowId>,
    /// Rows that the scheduler keeps and that are not ended.
    scheduler_open: BTreeSet<RowId>,
    /// Visible and hidden.
    tally: [Counts; 2],
    /// See [`Store::failures`].
    failures: u64,
    let_go: usize,
    groups: BTreeMap<GroupId, Group>,
    group_of: HashMap<GroupKey, GroupId>,
    next_group: GroupId,
    /// Rows that changed since the last [`Store::drain_changed`], by their first change.
    changed: BTreeMap<u64, RowId>,
    next_change: u64,
    /// Of those, how many were let go.
    unread: usize,
    merged: VecDeque<(TaskKey, TaskKey)>,
    /// See [`Store::take_over`].
    over: VecDeque<RowId>,

    stations: Vec<Station>,
    station_of: HashMap<Text, usize>,
    /// Indexes of `stations` as [`Store::services`] gives them.
    order: Vec<usize>,
    configured: Vec<Text>,
    /// Names beyond [`MOST_SERVICES`]; itself bounded.
    refused: HashSet<Text>,
    /// The list of topics was read: a service without a kernel's topic in it is a plain one.
    topics_read: bool,

    /// The router keeps a slot for each service, as far as is known.
    slots: bool,

    bus_up: bool,
    /// Since when the bus is heard without a gap; `None` while it is down.
    heard_since: Option<Now>,
    /// Since when a slot that nothing was heard of is not known.
    blind_since: Option<Now>,
    lab_clock: LabClock,

    carriers: HashMap<Text, Carrier>,
    carrier_order: VecDeque<Text>,
    schedule_unreadable: Option<String>,
    /// When the list that is awaited was asked for.
    schedule_asked: Option<Now>,
    /// What has come of it.
    listed: Listed,
    /// When the bus first brought something since it is up: before, it may not have brought all.
    spoke: Option<Now>,
    /// All of the scheduler's tasks are known: its list was read whole, and nothing was missed since.
    schedule_whole: bool,
    /// The newest `submitted_at` that the scheduler told.
    newest_submitted: Option<DateTime<Utc>>,
    /// Own rows on their way to the scheduler whose acknowledgement was lost.
    unacknowledged: BTreeSet<RowId>,
    /// See [`Store::sent_before`].
    sent_before: HashSet<Text>,
    questions: VecDeque<Text>,
    types_in_use: usize,
    usuals: Usuals,
    /// Bytes that carriers have with them, and that are kept as examples of types.
    loads: usize,
    examples: usize,
    /// Tasks of the history that were opened, the newest last.
    recalled: VecDeque<Task>,
    beside: Beside,
}

/// Ends that are remembered until somebody asks for them.
const MOST_OVER: usize = 1_000;

/// Tasks of the history that are at hand, and bytes of their texts.
const RECALLED: usize = 16;
const RECALLED_BYTES: usize = 16 << 20;

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Store {
        Store {
            limits,
            revision: 0,
            rows: BTreeMap::new(),
            next_row: 0,
            keys: HashMap::new(),
            ids: HashMap::new(),
            finished: BTreeMap::new(),
            with_text: BTreeMap::new(),
            text_bytes: 0,
            open_bytes: 0,
            large_open: BTreeSet::new(),
            texts_let_go: 0,
            scheduler_bytes: 0,
            next_finish: 0,
            due: BTreeSet::new(),
            timers: BTreeSet::new(),
            own_open: BTreeSet::new(),
            scheduler_open: BTreeSet::new(),
            tally: [Counts::default(); 2],
            failures: 0,
            let_go: 0,
            groups: BTreeMap::new(),
            group_of: HashMap::new(),
            next_group: 0,
            changed: BTreeMap::new(),
            next_change: 0,
            unread: 0,
            merged: VecDeque::new(),
            over: VecDeque::new(),
            stations: Vec::new(),
            station_of: HashMap::new(),
            order: Vec::new(),
            configured: Vec::new(),
            refused: HashSet::new(),
            topics_read: false,
            slots: true,
            bus_up: false,
            heard_since: None,
            blind_since: None,
            lab_clock: LabClock::default(),
            carriers: HashMap::new(),
            carrier_order: VecDeque::new(),
            schedule_unreadable: None,
            schedule_asked: None,
            listed: Listed::default(),
            spoke: None,
            schedule_whole: false,
            newest_submitted: None,
            unacknowledged: BTreeSet::new(),
            sent_before: HashSet::new(),
            questions: VecDeque::new(),
            types_in_use: 0,
            usuals: Usuals::default(),
            loads: 0,
            examples: 0,
            recalled: VecDeque::new(),
            beside: Beside::default(),
        }
    }

    /// Takes in a task of the history, so that it can be read: [`Store::task`] finds it, where it is not known from this
    /// run; it counts nowhere, and stands in no lane. The newest few stay.
    pub fn recall(&mut self, task: Task) {
        self.recalled.retain(|known| known.key != task.key);
        self.recalled.push_back(task);
        let mut bytes: usize = self.recalled.iter().map(texts_of).sum();
        while self.recalled.len() > RECALLED || (bytes > RECALLED_BYTES && self.recalled.len() > 1) {
            bytes -= self.recalled.pop_front().as_ref().map_or(0, texts_of);
        }
        self.touch();
    }

    /// Whether what [`Store::task`] finds is from the history.
    pub fn is_recalled(&self, key: &TaskKey) -> bool {
        !self.keys.contains_key(&key.0)
            && !self.ids.contains_key(&key.0)
            && self.recalled.iter().any(|task| task.key == *key)
    }

    /// Takes in what happened.
    pub fn apply(&mut self, input: Input, now: Now) {
        self.blind_since.get_or_insert(now);
        self.tick(now);
        match input {
            Input::Bus(event) => self.on_event(event, now),
            Input::BusLink(up) => self.on_bus_link(up, now),
            Input::Missed(_) => self.on_gap(now),
            Input::TaskLink { service, up } => self.on_task_link(service, up, now),
            Input::ConnectionLost { id } => self.on_connection_lost(&id, now),
            Input::Withdrawn { id } => self.on_withdrawn(&id, now),
            Input::Slots(kept) => {
                if std::mem::replace(&mut self.slots, kept) != kept {
                    self.touch();
                }
            }
            Input::Configured(names) => self.on_configured(names),
            Input::Topics(topics) => self.on_topics(&topics),
            Input::Submitted { frame, own } => self.on_submitted(frame, own, now),
            Input::Started { id } => self.on_alone_started(&id, now),
            Input::NotSent { id, why } => self.on_not_sent(&id, why, now),
            Input::Carried { id, by, run_at } => self.on_carried(id, by, run_at),
            Input::Accepted { id, snapshot } => self.on_accepted(&id, snapshot, now),
            Input::Reply(reply) => self.on_reply(reply, now),
            Input::ScheduleAsked => {
                self.schedule_asked = Some(now);
                self.listed = Listed::default();
            }
            Input::Schedule(list) => self.on_schedule(list, now),
            Input::SchedulePart(entries) => self.on_listed(entries, now),
            Input::OldSchedule(list) => self.on_old_schedule(list, now),
            Input::ScheduleEntry { scheduled_task_id, snapshot } => {
                self.on_schedule_entry(&scheduled_task_id, snapshot, now);
            }
            Input::ScheduleUnreadable(why) => self.on_schedule_unreadable(why),
            Input::CancelAsked(key) => self.on_cancel_asked(&key, now),
            Input::CancelLost(key) => self.on_cancel_lost(&key),
            Input::PutAway(key) => self.on_put_away(&key, now),
        }
        self.keep_within_limits();
    }

    /// Goes up whenever a value that can be shown has changed, and only then. (Not for [`Task::last_heard`] and
    /// [`Service::heard`], which move with every repeated event.)
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The keys of tasks that changed since the last call, each once, in the order of their first change. Bounded: a task
    /// that was let go meanwhile is left out, and counted in [`Store::take_unread`].
    pub fn drain_changed(&mut self) -> Vec<TaskKey> {
        let changed = std::mem::take(&mut self.changed);
        let mut keys = Vec::with_capacity(changed.len());
        for id in changed.into_values() {
            if let Some(row) = self.rows.get_mut(&id) {
                row.change = None;
                keys.push(row.task.key.clone());
            }
        }
        keys
    }

    /// How many tasks [`Store::drain_changed`] would give.
    pub fn changed(&self) -> usize {
        self.changed.len()
    }

    /// How many tasks were let go since the last call before [`Store::drain_changed`] gave their last change. Those
    /// that were over when they were first heard of do not count.
    pub fn take_unread(&mut self) -> usize {
        std::mem::take(&mut self.unread)
    }

    /// Keys that were given up since the last call, each with the key of the row that took it in: two rows turned
    /// out to be one task. The old key still finds it ([`Store::task`]). At most the last thousand.
    pub fn drain_merged(&mut self) -> Vec<(TaskKey, TaskKey)> {
        self.merged.drain(..).collect()
    }

    /// One task. A key that was given up when two rows became one finds the row that is left; whoever keeps a key
    /// for long takes over the key of the task found.
    pub fn task(&self, key: &TaskKey) -> Option<&Task> {
        match self.keys.get(&key.0).or_else(|| self.ids.get(&key.0)) {
            Some(id) => self.rows.get(id).map(|row| &row.task),
            None => self.recalled.iter().find(|task| task.key == *key),
        }
    }

    /// The task that this own frame's id, `task_id` or `scheduled_task_id` belongs to; the newest run, where an id
    /// was used again.
    pub fn find(&self, id: &str) -> Option<&Task> {
        let id = self.ids.get(id).or_else(|| self.keys.get(id))?;
        self.rows.get(id).map(|row| &row.task)
    }

    /// All services: the configured ones in their order, then the others in the order in which they were first
    /// heard of; `task-manager` last.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.order.iter().filter_map(|&at| self.stations.get(at)).map(|station| &station.service)
    }

    /// How many names of services were passed over because of [`MOST_SERVICES`] (counted up to as many again).
    pub fn services_refused(&self) -> usize {
        self.refused.len()
    }

    /// One service.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.station(name).map(|station| &station.service)
    }

    /// All tasks, ended ones included, newest first.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.rows.values().rev().map(|row| &row.task)
    }

    /// The header's numbers.
    pub fn counts(&self, hidden: bool) -> Counts {
        let mut counts = self.tally[0];
        if hidden {
            counts.running += self.tally[1].running;
            counts.waiting += self.tally[1].waiting;
            counts.failed += self.tally[1].failed;
            counts.unknown += self.tally[1].unknown;
        }
        counts.let_go = self.let_go;
        counts.texts_let_go = self.texts_let_go;
        counts
    }

    /// How many failures were heard of so far: of tasks that failed while they were known, or whose end was seen. What the
    /// scheduler's list tells of the time before is none.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Tasks that ended, or may have, since they were asked for last, while they were known or so that their end was seen; of
    /// many the newest.
    pub fn take_over(&mut self) -> Vec<TaskKey> {
        let over = std::mem::take(&mut self.over);
        over.into_iter().filter_map(|id| Some(self.row(id)?.task.key.clone())).collect()
    }

    /// How many tasks are kept, ended ones included.
    pub fn kept(&self) -> usize {
        self.rows.len()
    }

    /// This store takes the place of one at that revision: who compares revisions looks at everything again.
    pub fn follow(&mut self, revision: u64) {
        self.revision = self.revision.max(revision) + 1;
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// From here on tasks may take so many bytes. What is too much is let go at once.
    pub fn allow(&mut self, memory: usize) {
        self.limits.memory = memory;
        self.keep_within_limits();
    }

    /// Bytes that tasks take, with all that is kept beside them: an estimate.
    pub fn bytes(&self) -> usize {
        let recalled: usize = self.recalled.iter().map(texts_of).sum();
        let beside = self.beside.bytes();
        self.rows.len() * ROW
            + self.text_bytes
            + self.open_bytes
            + self.loads
            + self.examples
            + recalled
            + beside
    }

    /// What goes on in the lab beside the tasks.
    pub fn beside(&self) -> &Beside {
        &self.beside
    }

    /// Own direct tasks that run or wait, oldest first: what leaving now would drop, or leave running with nobody told how
    /// it ends. Tasks on a service's own port count as well, and those on their way to the scheduler that it has not
    /// acknowledged.
    pub fn own_at_risk(&self) -> impl Iterator<Item = &Task> {
        self.own_open.iter().filter_map(|id| self.rows.get(id)).map(|row| &row.task).filter(|task| {
            let unacknowledged = task.own == Some(Own::Scheduled) && task.scheduled_task_id.is_none();
            task.is_answered_here() || unacknowledged
        })
    }

    /// Whether the scheduler's list could be read the last time, and if not why.
    pub fn schedule_unreadable(&self) -> Option<&str> {
        self.schedule_unreadable.as_deref()
    }

    /// The scheduler's ids of which one entry should be asked for now (`GetScheduledTask`), each given once: the
    /// bus did not tell when it is to start, or how it ended. The answer comes back as [`Input::ScheduleEntry`].
    pub fn take_questions(&mut self) -> Vec<Text> {
        self.questions.drain(..).collect()
    }

    /// The next moment (monotonic) at which time alone changes what the store says (a scheduled task comes due, a
    /// sign of life runs out). [`Store::tick`] must be called then.
    pub fn wake_at(&self, now: Now) -> Option<Duration> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let due = self.due.first().zip(self.lab_time(now));
        let due = due.map(|((at, _), shows)| now.mono + (*at - shows).to_std().unwrap_or_default());
        [timer, due, self.next_word()].into_iter().flatten().min()
    }
}
