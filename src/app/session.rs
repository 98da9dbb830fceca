//! The talk with the lab: what to ask when a connection comes up, which reply belongs to which request, and how an
//! own task goes out. Shared by the screen, `watch` and `submit`.
//!
//! Pure: it takes what came in and gives back what is to be sent. It refuses to send anything twice, or anything for
//! a connection that is not up.

mod alone;
mod gaps;
mod hearing;
mod link;
mod many;
mod news;
mod replay;
mod schedule;
mod wanted;
mod withdraw;

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use chrono::{DateTime, FixedOffset};

use crate::{
    store::{Input, Own, Store, TaskKey},
    time::Now,
    wire::{
        Text,
        frame::{LARGEST, Reply, Snapshot, TaskFrame, manager},
        link::{Incoming, Line, LinkState},
    },
};

pub use gaps::{Gap, Gaps};
pub use link::Link;
pub use many::{Batch, CancelTally, Sending, WINDOW};
pub use news::{Cancelled, News};
pub use schedule::{ListPart, frame_of};

use hearing::Hearing;
use many::Cancelling;
use schedule::{is_unknown_type, told_error};
use wanted::Probing;
use withdraw::{TakenBack, Withdrawing};

/// A bus that brought nothing for this long is quiet: three of the task manager's heartbeats.
pub const QUIET: Duration = Duration::from_secs(15);

/// The scheduler's list is not read again sooner than this after bus messages were let go.
const LIST_PAUSE: Duration = Duration::from_secs(60);

/// Replaced tasks that are watched for a start that should not be.
const REPLACED: usize = 256;

/// Where new ids come from. Tests count.
#[derive(Clone, Copy, Debug)]
pub enum Ids {
    /// Random UUIDs.
    Random,
    /// `id-1`, `id-2`, …
    Counted(u64),
}

impl Ids {
    /// The next id.
    pub fn fresh(&mut self) -> Text {
        match self {
            Ids::Random => uuid::Uuid::new_v4().to_string().into(),
            Ids::Counted(n) => {
                *n += 1;
                format!("id-{n}").into()
            }
        }
    }
}

/// A frame that is to go out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// On which connection.
    pub line: Line,
    /// Its id.
    pub id: Text,
    /// The text frame.
    pub text: String,
}

/// Which way an own task is to go.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// Direct, through the router.
    Direct,
    /// Through the scheduler, not before this moment.
    Scheduled(Option<DateTime<FixedOffset>>),
    /// To the service's own port.
    Alone,
}

#[derive(Clone, Debug)]
enum Pending {
    Direct,
    /// On a connection of its own.
    Apart,
    Schedule {
        own: Text,
    },
    /// `old`: since it was asked for, something may have been missed on the bus.
    List {
        old: bool,
    },
    /// Asked only so that the bus tells of it: see `wanted`.
    Probe,
    /// The same, of a bus that has fallen silent: see `hearing`.
    Hearing,
    /// The same, behind the end of a task's own connection: see `withdraw`.
    Settling,
    Entry {
        scheduled_task_id: Text,
        then: Then,
    },
    Topics,
    Cancel {
        scheduled_task_id: Text,
        then: Then,
    },
}

#[derive(Clone, Debug)]
enum Then {
    Nothing,
    TellCancelled(TaskKey),
    Replace { key: TaskKey, frame: Box<TaskFrame>, way: Way },
}

/// The talk with one lab.
#[derive(Clone, Debug)]
pub struct Session {
    /// What we know.
    pub store: Store,
    /// Every connection, in the order in which it was first heard of.
    pub links: Vec<(Line, Link)>,
    /// When the bus last brought anything.
    pub bus_heard: Option<Now>,
    /// From when to when nothing was seen.
    pub gaps: Gaps,
    hearing: Hearing,
    /// Messages that could not be decoded.
    pub bad: u64,
    /// Bus messages that were let go because we were too slow.
    pub missed: u64,
    /// The question for the topics was answered (a Juice older than 26.26.1 does not know it).
    pub topics_answered: bool,
    /// When the scheduler's list was last read, and how many bytes it had.
    pub list_read: Option<(Now, usize)>,
    /// Entries of that list that could not be read.
    odd_entries: usize,
    /// The Juice has a scheduler; `None` until it has answered.
    pub has_scheduler: Option<bool>,
    ids: Ids,
    pending: HashMap<Text, Pending>,
    /// Own tasks for services spoken to alone that wait for their turn, by id.
    held: HashMap<Text, TaskFrame>,
    list_wanted: bool,
    /// How often in a row the link was lost while the list was on its way.
    list_losses: u32,
    /// Something came on the bus since it is up: from then on it brings all.
    bus_delivers: bool,
    /// From when on everything was heard.
    bus_whole: Option<Now>,
    /// Messages of the bus so far.
    bus_events: u64,
    /// Own tasks that are being withdrawn, by id, in their turn; and what goes in the place of those that are back.
    withdrawing: Vec<(Text, Withdrawing)>,
    taken_back: Vec<TakenBack>,
    /// Those of them whose connections are to be closed.
    closing: Vec<Text>,
    /// The list was asked for on a bus that had brought nothing yet.
    list_unsure: bool,
    /// The bus is made to speak.
    probing: Option<Probing>,
    /// When the list was last asked for.
    list_asked: Option<Now>,
    /// When it is to be asked for again after bus messages were let go.
    list_later: Option<Duration>,
    topics_wanted: bool,
    /// Tasks that were replaced, by their scheduler's id, with the id of the one in their place: the newest few.
    replaced: VecDeque<(Text, Text)>,
    /// The scheduler's list is never asked for.
    without_list: bool,
    /// Groups on their way to the scheduler.
    sending: Vec<Sending>,
    /// Tasks that are being cancelled together.
    cancelling: Vec<Cancelling>,
    /// Tasks of which it is not known whether a cancellation reached the scheduler.
    unsettled: Vec<TaskKey>,
    news: Vec<News>,
    revision: u64,
    /// It takes in a recording: it asks for nothing, and this is how far it has come.
    replay: Option<Now>,
}

impl Session {
    /// A session that has heard nothing yet.
    pub fn new(store: Store, ids: Ids) -> Session {
        Session {
            store,
            links: Vec::new(),
            bus_heard: None,
            gaps: Gaps::default(),
            hearing: Hearing::default(),
            bad: 0,
            missed: 0,
            list_read: None,
            odd_entries: 0,
            has_scheduler: None,
            ids,
            pending: HashMap::new(),
            held: HashMap::new(),
            list_wanted: true,
            list_losses: 0,
            bus_delivers: false,
            bus_whole: None,
            bus_events: 0,
            withdrawing: Vec::new(),
            taken_back: Vec::new(),
            closing: Vec::new(),
            list_unsure: false,
            probing: None,
            list_asked: None,
            list_later: None,
            topics_wanted: true,
            replaced: VecDeque::new(),
            without_list: false,
            topics_answered: false,
            sending: Vec::new(),
            cancelling: Vec::new(),
            unsettled: Vec::new(),
            news: Vec::new(),
            revision: 0,
            replay: None,
        }
    }

    /// Never asks for the scheduler's list: for the sake of one task of ours the lab's router is not to put together
    /// what may stall it.
    pub fn leave_list(&mut self) {
        self.without_list = true;
    }

    /// Whether the scheduler's list was asked for and answered.
    pub fn list_came(&self) -> bool {
        self.list_asked.is_some() && !self.list_pending()
    }

    /// Goes up when anything that can be shown has changed.
    pub fn revision(&self) -> u64 {
        self.revision + self.store.revision()
    }

    /// One connection.
    pub fn link(&self, line: &Line) -> Option<&Link> {
        self.links.iter().find(|(l, _)| l == line).map(|(_, link)| link)
    }

    /// Whether that connection is up.
    pub fn is_live(&self, line: &Line) -> bool {
        self.link(line).is_some_and(Link::is_live)
    }

    /// Services that are spoken to alone.
    pub fn is_alone(&self, service: &str) -> bool {
        self.links.iter().any(|(l, _)| matches!(l, Line::Service(s) if &**s == service))
    }

    /// What happened since the last call.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// A fresh id.
    pub fn new_id(&mut self) -> Text {
        self.ids.fresh()
    }

    /// Takes in what came from the connections; gives back what is to be sent.
    pub fn receive(&mut self, incoming: Incoming, now: Now) -> Vec<Outgoing> {
        let mut out = Vec::new();
        match incoming {
            Incoming::Link { line, state } => self.link_changed(line, state, now, &mut out),
            Incoming::Bus(event) => {
                // The age of the data is shown only once the bus has been quiet for longer than its heartbeat.
                if self.bus_heard.is_none_or(|h| now.since(h) >= QUIET) {
                    self.revision += 1;
                }
                self.bus_heard = Some(now);
                self.bus_events += 1;
                self.hearing.heard(&event);
                if !self.bus_delivers {
                    self.bus_speaks(now);
                }
                let ran = self.ran_after_all(&event);
                let settled = self.settled_by(&event);
                self.store.apply(Input::Bus(event), now);
                if let Some(id) = settled {
                    self.heard_question(&id, now, &mut out);
                }
                if let Some((key, id)) = ran {
                    self.stop_double(key, id, now, &mut out);
                }
            }
            Incoming::Reply { line, reply } => self.reply(line, reply, now, &mut out),
            Incoming::Sent { .. } | Incoming::Raw { .. } | Incoming::Looked => {}
            Incoming::Unsent { id, why } => self.unsent(&id, why, now, &mut out),
            Incoming::Withdrawn { id } => self.closed(&id, now, &mut out),
            Incoming::Bad { line, .. } => {
                self.bad += 1;
                // It may have told that a task began.
                if line == Line::Bus {
                    self.bus_whole = self.bus_whole.map(|_| now);
                }
                self.revision += 1;
            }
            Incoming::Missed { count } => {
                self.missed += count;
                self.revision += 1;
                self.list_grows_old();
                self.bus_whole = self.bus_whole.map(|_| now);
                // A large list makes us slower still, and the router: not for each burst.
                match self.list_asked.map(|asked| asked.mono + LIST_PAUSE).filter(|at| *at > now.mono) {
                    Some(at) => self.list_later = Some(at),
                    None => self.list_wanted = true,
                }
                self.store.apply(Input::Missed(count), now);
            }
        }
        self.listen(now, &mut out);
        self.ask_what_is_wanted(now, &mut out);
        self.ask_open_questions(&mut out);
        self.go_on(now, &mut out);
        out
    }

    /// Lets time pass; gives back what is to be sent.
    pub fn wake(&mut self, now: Now) -> Vec<Outgoing> {
        let mut out = Vec::new();
        self.store.tick(now);
        self.give_up_withdrawals(now, &mut out);
        if self.list_later.is_some_and(|at| at <= now.mono) {
            self.list_later = None;
            self.list_wanted = true;
        }
        self.listen(now, &mut out);
        self.ask_what_is_wanted(now, &mut out);
        self.ask_open_questions(&mut out);
        self.go_on(now, &mut out);
        out
    }

    /// The next moment (monotonic) at which [`Session::wake`] has something to do.
    pub fn wake_at(&self, now: Now) -> Option<Duration> {
        let probe = self.probing.as_ref().map(|probing| probing.at);
        let withdrawal = self.withdrawals_until();
        let wakes = [self.store.wake_at(now), self.list_later, probe, self.listen_at(now), withdrawal];
        wakes.into_iter().flatten().min()
    }

    /// Asks about single entries of the scheduler's list that the store cannot settle from what it heard.
    fn ask_open_questions(&mut self, out: &mut Vec<Outgoing>) {
        if !self.is_live(&Line::Router) || self.has_scheduler == Some(false) {
            return;
        }
        for scheduled_task_id in self.store.take_questions() {
            self.entry(scheduled_task_id, Then::Nothing, out);
        }
    }

    /// The answer to a request told whether there is one. The slots came with it, in 26.29.0.
    fn learn_of_scheduler(&mut self, there: bool, now: Now) {
        self.has_scheduler = Some(there);
        self.store.apply(Input::Slots(there), now);
    }

    fn link_changed(&mut self, line: Line, state: LinkState, now: Now, out: &mut Vec<Outgoing>) {
        self.revision += 1;
        if let Line::Task(id) = &line {
            return self.lose_apart(id, &state, now, out);
        }
        let live = state == LinkState::Live;
        let names: Vec<String> = match &line {
            Line::Bus => Vec::new(),
            _ => self
                .store
                .own_at_risk()
                .filter(|t| match &line {
                    Line::Service(name) => t.own == Some(Own::Alone) && t.service == *name,
                    _ => t.own == Some(Own::Direct),
                })
                .map(news::at_risk)
                .collect(),
        };
        let was = self.links.iter_mut().find(|(l, _)| *l == line);
        let was_live = was.as_ref().is_some_and(|(_, link)| link.is_live());
        match was {
            None => self.links.push((line.clone(), Link::new(state.clone(), now))),
            Some((_, link)) => {
                link.take(state.clone());
                if live != was_live {
                    link.since = now;
                }
            }
        }
        if was_live && !live && !names.is_empty() {
            self.tell(News::LinkLost { names });
        }
        if live != was_live {
            match &line {
                Line::Bus => {
                    if was_live {
                        self.gaps.begins(&state, self.bus_heard, self.hearing.beats, now);
                    }
                    self.hearing = Hearing::default();
                    self.store.apply(Input::BusLink(live), now);
                    (self.bus_delivers, self.bus_whole, self.probing) = (false, None, None);
                    self.list_grows_old();
                    // Also once it is up again: what came between a list that was read without it and now, nobody heard.
                    self.list_wanted = true;
                }
                Line::Router => {
                    self.store.apply(Input::TaskLink { service: None, up: live }, now);
                    self.list_wanted |= !live;
                    self.probing = None;
                    if !live {
                        self.count_list_loss(now);
                        self.lose_requests();
                    }
                }
                Line::Service(name) => {
                    self.store.apply(Input::TaskLink { service: Some(name.clone()), up: live }, now);
                    if !live {
                        self.lose_alone(name);
                    }
                }
                Line::Task(_) => {}
            }
        }
    }

    fn send_manager(&mut self, frame: TaskFrame, pending: Pending, out: &mut Vec<Outgoing>) {
        if self.replay.is_some() {
            return;
        }
        self.pending.insert(frame.id.clone(), pending);
        out.push(Outgoing { line: Line::Router, id: frame.id.clone(), text: frame.encode() });
    }

    /// Sends an own task. The row is in its lane at once, as waiting.
    ///
    /// # Errors
    /// One sentence where the connection that it needs is not up, or where it is too large; then nothing was sent and
    /// there is no row.
    pub fn submit(&mut self, frame: TaskFrame, way: &Way, now: Now) -> Result<Vec<Outgoing>, String> {
        let mut out = Vec::new();
        let own = match way {
            // It may have to wait for the slot, and is to be withdrawn without the others.
            Way::Direct if !frame.parallel => Own::Apart,
            Way::Direct => Own::Direct,
            Way::Scheduled(_) => Own::Scheduled,
            Way::Alone => Own::Alone,
        };
        let line = match own {
            Own::Alone => Line::Service(frame.target.clone()),
            Own::Apart => Line::Task(frame.id.clone()),
            Own::Direct | Own::Scheduled => Line::Router,
        };
        let needed = if own == Own::Apart { &Line::Router } else { &line };
        if self.replay.is_some() {
            return Err("not sent: this is a recording".to_owned());
        }
        if !self.is_live(needed) {
            return Err(match line {
                Line::Service(name) => format!("not sent: {name} is not connected"),
                _ => "not sent: the task manager is not connected".to_owned(),
            });
        }
        if matches!(way, Way::Scheduled(_)) && self.has_scheduler == Some(false) {
            return Err("not sent: this Juice has no scheduler (it is older than 26.29.0)".to_owned());
        }
        // A larger one would cost the connection, and with it what else waits there.
        let bytes = match way {
            Way::Scheduled(run_at) => frame.scheduled(frame.id.clone(), *run_at).encode().len(),
            Way::Direct | Way::Alone => frame.encode().len(),
        };
        if bytes > LARGEST {
            return Err(format!(
                "not sent: it would be a frame of {bytes} bytes, and Juice takes at most {LARGEST}"
            ));
        }
        self.store.apply(Input::Submitted { frame: frame.clone(), own }, now);
        match way {
            Way::Direct => {
                let pending = if own == Own::Apart { Pending::Apart } else { Pending::Direct };
                self.pending.insert(frame.id.clone(), pending);
                out.push(Outgoing { line, id: frame.id.clone(), text: frame.encode() });
            }
            Way::Scheduled(run_at) => {
                let id = self.ids.fresh();
                let at = run_at.map(|at| at.to_utc());
                self.store.apply(Input::Carried { id: frame.id.clone(), by: id.clone(), run_at: at }, now);
                let carrier = frame.scheduled(id, *run_at);
                self.send_manager(carrier, Pending::Schedule { own: frame.id }, &mut out);
            }
            Way::Alone => {
                if frame.parallel {
                    self.start_alone(frame, now, &mut out);
                } else {
                    let name = frame.target.clone();
                    self.held.insert(frame.id.clone(), frame);
                    self.next_alone(&name, now, &mut out);
                }
            }
        }
        Ok(out)
    }

    /// Asks for one entry of the scheduler's list.
    pub fn ask_entry(&mut self, scheduled_task_id: &Text) -> Vec<Outgoing> {
        let mut out = Vec::new();
        if self.is_live(&Line::Router) {
            self.entry(scheduled_task_id.clone(), Then::Nothing, &mut out);
        }
        out
    }

    fn entry(&mut self, scheduled_task_id: Text, then: Then, out: &mut Vec<Outgoing>) {
        let frame = manager::get_scheduled_task(self.ids.fresh(), &scheduled_task_id);
        self.send_manager(frame, Pending::Entry { scheduled_task_id, then }, out);
    }

    fn reply(&mut self, line: Line, reply: Reply, now: Now, out: &mut Vec<Outgoing>) {
        let Some(pending) = reply.id.as_ref().and_then(|id| self.pending.remove(id)) else {
            // A task on a service's own port, a late answer, or one that nobody asked for: the store knows.
            self.store.apply(Input::Reply(reply), now);
            if let Line::Service(name) = line {
                self.next_alone(&name, now, out);
            }
            return;
        };
        let error = told_error(&reply);
        let unknown_type = error.as_deref().is_some_and(is_unknown_type);
        match pending {
            Pending::Direct => self.store.apply(Input::Reply(reply), now),
            Pending::Apart => {
                let id = reply.id.clone();
                self.store.apply(Input::Reply(reply), now);
                if let Some(id) = id {
                    self.answered_meanwhile(&id, now, out);
                }
            }
            Pending::Schedule { own } => match (error, reply.result(false).map(Snapshot::parse)) {
                (None, Some(Ok(snapshot))) => {
                    self.learn_of_scheduler(true, now);
                    let key = TaskKey(snapshot.scheduled_task_id.clone());
                    self.store.apply(Input::Accepted { id: own.clone(), snapshot }, now);
                    self.tell(News::Accepted { id: own, key });
                }
                (error, _) => {
                    let why = if unknown_type {
                        self.learn_of_scheduler(false, now);
                        "this Juice has no scheduler (it is older than 26.29.0)".to_owned()
                    } else {
                        error.unwrap_or_else(|| "the scheduler's answer cannot be read".to_owned())
                    };
                    self.store.apply(Input::NotSent { id: own.clone(), why: why.clone() }, now);
                    self.tell(News::NotSent { id: own, why });
                }
            },
            Pending::List { old } => ListPart::all(&reply).for_each(|part| self.listed(part, old, now)),
            Pending::Probe | Pending::Settling => {}
            Pending::Hearing => self.hearing.answered(now),
            Pending::Topics => {
                self.topics_answered = true;
                let topics = reply.result(false).and_then(|r| crate::wire::json::members(r).ok());
                if let Some(topics) = topics {
                    let topics = topics.iter().map(|(k, _)| Text::from(k.as_ref())).collect();
                    self.store.apply(Input::Topics(topics), now);
                }
            }
            Pending::Entry { scheduled_task_id, then } => {
                let snapshot = reply.result(false).filter(|r| *r != "null").map(Snapshot::parse);
                let snapshot = match (error, snapshot) {
                    (Some(why), _) => Err(why),
                    (None, Some(Err(bad))) => Err(bad.what),
                    (None, Some(Ok(s))) => Ok(Some(s)),
                    (None, None) => Ok(None),
                };
                if let Ok(snapshot) = &snapshot {
                    self.store
                        .apply(Input::ScheduleEntry { scheduled_task_id, snapshot: snapshot.clone() }, now);
                }
                self.after_cancel(snapshot, then, now, out);
            }
            Pending::Cancel { scheduled_task_id, then } => match (error, reply.result(false)) {
                (None, Some("true")) => self.entry(scheduled_task_id, then, out),
                (None, _) => {
                    self.tell_cancelled(then, Cancelled::TooLate, None);
                    self.entry(scheduled_task_id, Then::Nothing, out);
                }
                (Some(why), _) => self.tell_cancelled(then, Cancelled::Failed(why), None),
            },
        }
        self.revision += 1;
    }

    fn unsent(&mut self, id: &Text, why: String, now: Now, out: &mut Vec<Outgoing>) {
        self.revision += 1;
        match self.pending.remove(id) {
            Some(Pending::Schedule { own }) => {
                self.store.apply(Input::NotSent { id: own.clone(), why: why.clone() }, now);
                self.tell(News::NotSent { id: own, why });
            }
            Some(Pending::List { .. }) => {
                // What did not go out has broken nothing.
                self.list_losses = 0;
                self.list_wanted = true;
            }
            // Whoever waits for it gives up by time.
            Some(Pending::Probe | Pending::Settling) => {}
            Some(Pending::Hearing) => self.hearing.forget_question(),
            Some(Pending::Topics) => self.topics_wanted = true,
            Some(Pending::Cancel { then, .. } | Pending::Entry { then, .. }) => {
                self.tell_cancelled(then, Cancelled::Failed(why), None);
            }
            // An answer to a request that is no longer open matters to nobody.
            None if self.store.find(id).is_none_or(|task| task.own.is_none()) => {}
            Some(Pending::Apart) if self.is_withdrawing(id) => {
                self.is_back(id, now, out);
            }
            Some(Pending::Direct | Pending::Apart) | None => {
                self.store.apply(Input::NotSent { id: id.clone(), why: why.clone() }, now);
                self.tell(News::NotSent { id: id.clone(), why });
                let service = self.store.find(id).map(|t| t.service.clone());
                if let Some(name) = service.filter(|name| self.is_alone(name)) {
                    self.next_alone(&name, now, out);
                }
            }
        }
    }

    /// The connection to the router was lost: its open requests get no answer. (What that means for own tasks the
    /// store has been told already.)
    fn lose_requests(&mut self) {
        let lost = self.pending.extract_if(|_, pending| !matches!(pending, Pending::Apart));
        for (_, pending) in lost.collect::<Vec<_>>() {
            match pending {
                Pending::Schedule { own } => {
                    // The frame may have arrived: then the task is in the list that is read after the gap.
                    self.tell(News::NotSent {
                        id: own,
                        why: "the link was lost before the scheduler answered: it may have taken the task"
                            .to_owned(),
                    });
                }
                Pending::Cancel { then, .. } | Pending::Entry { then, .. } => {
                    // The frame may have arrived: the list that is read after the gap tells.
                    if let Then::TellCancelled(key) | Then::Replace { key, .. } = &then {
                        self.unsettled.push(key.clone());
                    }
                    self.tell_cancelled(then, Cancelled::Unknown, None);
                }
                Pending::Topics => self.topics_wanted = true,
                Pending::List { .. } => self.list_wanted = true,
                Pending::Direct | Pending::Apart | Pending::Probe | Pending::Settling => {}
                Pending::Hearing => self.hearing.forget_question(),
            }
        }
    }
}
