//! A made-up lab that knows the truth, random histories through random faults, and what juicetop says in the end.
//!
//! The lab does what the real one was measured to do: a slot for each service, a scheduler that looks once a second and
//! forgets all when it restarts, a bus that tells of a new reader late and keeps nothing, replies in any order, direct
//! tasks that are dropped or run on unobserved when their connection closes. It speaks through the wire's decoders, and
//! hears the frames that juicetop sends. Its clock is hours off from ours, and ours is set at any moment. Where no message that reached us could tell, juicetop may say *unknown*; it may
//! never say what is not so.
//!
//! `JUICETOP_MODEL_CASES` sets how many histories are played.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::{
    store::{Own, Reason},
    wire::frame::TaskFrame,
};

/// How a task of the lab stands, in truth.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stand {
    Waits,
    Runs,
    Ended(Outcome),
    /// Its client's connection closed while it waited, or the task manager was restarted.
    Dropped,
}

#[derive(Clone, Debug)]
struct Truth {
    /// The client's frame, if it is ours.
    own: Option<String>,
    /// It came by a connection of its own.
    apart: bool,
    sid: Option<String>,
    /// The task manager was restarted since the scheduler took it.
    forgotten: bool,
    task_id: Option<String>,
    service: &'static str,
    name: String,
    parallel: bool,
    metadata: String,
    /// When it is to start at the earliest, by the lab's clock.
    run_at: Option<DateTime<Utc>>,
    /// What all its events carry as their time.
    made: String,
    stand: Stand,
    /// The scheduler's word.
    status: &'static str,
    /// Nobody tells its end any more: its client has gone.
    orphan: bool,
    /// Something about it was lost that nobody could notice.
    silent: bool,
    /// The outcome that the scheduler has of it.
    result: Option<String>,
    /// A message about it, or its reply, was given to juicetop.
    heard: bool,
}

#[derive(Clone, Debug)]
enum Step {
    /// Tenths of a second.
    Later(u8),
    /// Somebody else's. `ahead`: the scheduler is not to start it before so many seconds.
    Foreign {
        scheduled: bool,
        parallel: bool,
        lab: bool,
        ahead: Option<u8>,
    },
    Submit {
        scheduled: bool,
        parallel: bool,
        lab: bool,
    },
    Cancel(u8),
    /// An own direct task that waits is taken back, and perhaps sent through the scheduler.
    Withdraw(u8, bool),
    /// A connection is closed as asked.
    Close,
    /// The connection of one task is lost. `arrived`: its frame got there.
    TaskLink {
        which: u8,
        arrived: bool,
    },
    End(u8, bool),
    /// The bus brings up to so many events.
    Bus(u8),
    /// Two neighbours on the bus change places, if they are about different tasks.
    Swap,
    /// The last event comes again.
    Again,
    /// An event is lost, and nobody notices.
    LoseSilently,
    /// So many are lost on our side, and counted.
    Missed(u8),
    /// The router takes a frame.
    Take,
    /// A reply comes, any of those on their way.
    Reply(u8),
    BusLink(bool),
    /// The bus's connection stands from now on and brings nothing, until another is opened.
    Deafen,
    /// `arrived`: what was on its way to the router got there.
    RouterLink {
        up: bool,
        arrived: bool,
    },
    RestartManager,
    RestartLab,
    /// Our clock is set: so many minutes ahead of what it showed without.
    SetClock(i16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..40u8).prop_map(Step::Later),
        3 => (any::<(bool, bool, bool)>(), prop::option::weighted(0.3, 100..200u8))
            .prop_map(|((scheduled, parallel, lab), ahead)| Step::Foreign { scheduled, parallel, lab, ahead }),
        4 => any::<(bool, bool, bool)>()
            .prop_map(|(scheduled, parallel, lab)| Step::Submit { scheduled, parallel, lab }),
        2 => any::<u8>().prop_map(Step::Cancel),
        3 => any::<(u8, bool)>().prop_map(|(n, anew)| Step::Withdraw(n, anew)),
        3 => Just(Step::Close),
        1 => any::<(u8, bool)>().prop_map(|(which, arrived)| Step::TaskLink { which, arrived }),
        5 => any::<(u8, bool)>().prop_map(|(n, ok)| Step::End(n, ok)),
        5 => (1..12u8).prop_map(Step::Bus),
        1 => Just(Step::Swap),
        1 => Just(Step::Again),
        1 => Just(Step::LoseSilently),
        1 => (1..5u8).prop_map(Step::Missed),
        5 => Just(Step::Take),
        5 => any::<u8>().prop_map(Step::Reply),
        2 => any::<bool>().prop_map(Step::BusLink),
        1 => Just(Step::Deafen),
        2 => any::<(bool, bool)>().prop_map(|(up, arrived)| Step::RouterLink { up, arrived }),
        1 => Just(Step::RestartManager),
        1 => Just(Step::RestartLab),
        1 => (-600..600i16).prop_map(Step::SetClock),
    ]
}

struct Lab {
    b: Bench,
    tasks: Vec<Truth>,
    next: usize,
    /// Holders of the slots.
    slots: HashMap<&'static str, usize>,
    /// Direct tasks that wait for a slot, in their order.
    line: Vec<usize>,
    last_look: f64,
    bus_up: bool,
    router_up: bool,
    /// From when on the bus knows its reader.
    subscribed: f64,
    /// It brings nothing although it is up.
    deaf: bool,
    /// When the monitor's heart beats next, and whether that was the last that juicetop heard of the bus.
    beat: (f64, bool),
    /// On the bus: topic, event, and the task that it is about.
    bus: VecDeque<(String, String, Option<usize>)>,
    last: Option<(String, String)>,
    to_router: VecDeque<Outgoing>,
    replies: Vec<(String, Option<usize>)>,
    /// Own tasks with a connection of their own that stands, and those of them that are to be closed.
    open: Vec<String>,
    closing: Vec<String>,
    /// How often each frame went out.
    sent: HashMap<String, usize>,
    cancels: usize,
}

/// An event may lie on the bus for as long as a history is played.
const LATE: TimeDelta = TimeDelta::seconds(240);
const HEARTBEAT: &str = "ThrottleStateEvent.throttle_state.heartbeat.";
const SERVICES: [&str; 2] = ["fridge", "lab"];

impl Lab {
    fn new(ahead: TimeDelta) -> Lab {
        let mut b = Bench::offline(Settings::default(), (80, 24));
        b.lab_ahead = ahead;
        let mut lab = Lab {
            b,
            tasks: Vec::new(),
            next: 0,
            slots: HashMap::new(),
            line: Vec::new(),
            last_look: 0.0,
            bus_up: false,
            router_up: false,
            subscribed: f64::MAX,
            deaf: false,
            beat: (0.0, false),
            bus: VecDeque::new(),
            last: None,
            to_router: VecDeque::new(),
            replies: Vec::new(),
            open: Vec::new(),
            closing: Vec::new(),
            sent: HashMap::new(),
            cancels: 0,
        };
        lab.bus_link(true);
        lab.router_link(true, false);
        lab
    }

    fn seconds(&self) -> f64 {
        self.b.now.mono.as_secs_f64()
    }

    fn id(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}{}", self.next)
    }

    // The lab

    fn new_task(
        &mut self,
        own: Option<String>,
        frame_metadata: Option<String>,
        lab: bool,
        parallel: bool,
    ) -> usize {
        let service = SERVICES[usize::from(lab)];
        let n = self.tasks.len();
        let name = format!("Job: n={n}");
        let metadata = frame_metadata.unwrap_or_else(|| {
            format!(r#"{{"parallel": {parallel}, "display_name": "{name}", "show_in_dashboard": true}}"#)
        });
        self.tasks.push(Truth {
            own,
            apart: false,
            sid: None,
            forgotten: false,
            task_id: None,
            service,
            name,
            parallel,
            metadata,
            run_at: None,
            made: String::new(),
            stand: Stand::Waits,
            status: "queued",
            orphan: false,
            silent: false,
            result: None,
            heard: false,
        });
        n
    }

    /// Puts an event on the bus, if it has a reader.
    fn emit(&mut self, topic: String, event: String, about: Option<usize>) {
        if self.bus_up && !self.deaf && self.seconds() >= self.subscribed {
            self.bus.push_back((topic, event, about));
        }
    }

    fn tell_task(&mut self, n: usize, state: &str, payload: &str) {
        let task = &self.tasks[n];
        let event = task_event(
            task.task_id.as_deref().unwrap(),
            task.service,
            "Job",
            &task.name,
            &task.metadata,
            payload,
            state,
            true,
            &task.made,
        );
        self.emit("TaskEvent.".into(), event, Some(n));
    }

    fn tell_scheduled(&mut self, n: usize) {
        let task = &self.tasks[n];
        let sid = task.sid.clone().unwrap();
        let task_id = task.task_id.as_deref().map_or_else(|| "null".to_owned(), json::quote);
        let event = format!(
            r#"{{"time": "{}", "scheduled_task_id": "{sid}", "task_id": {task_id},
                "target": "{}", "task_type": "Job", "display_name": "{}", "status": "{}"}}"#,
            self.b.stamp(),
            task.service,
            task.name,
            task.status
        );
        self.emit(format!("ScheduledTaskEvent.{sid}."), event, Some(n));
    }

    fn start(&mut self, n: usize) {
        let scheduled = self.tasks[n].sid.is_some();
        if self.tasks[n].task_id.is_none() {
            self.tasks[n].task_id = Some(self.id("t"));
        }
        self.tasks[n].stand = Stand::Runs;
        self.tasks[n].made = self.b.stamp();
        if scheduled || !self.tasks[n].parallel {
            self.slots.insert(self.tasks[n].service, n);
        }
        if scheduled {
            self.tasks[n].status = "running";
            self.tell_scheduled(n);
        }
        self.tell_task(n, "created", "{}");
        self.tell_task(n, "started", "{}");
    }

    /// The slots go on: direct tasks first, then, once a second, the scheduler's.
    fn go_on(&mut self) {
        for service in SERVICES {
            if !self.slots.contains_key(service)
                && let Some(at) = self.line.iter().position(|n| self.tasks[*n].service == service)
            {
                let n = self.line.remove(at);
                self.start(n);
            }
        }
        if self.seconds() - self.last_look >= 1.0 {
            self.last_look = self.seconds();
            for service in SERVICES {
                let queued = (0..self.tasks.len()).find(|n| {
                    let t = &self.tasks[*n];
                    let due = t.run_at.is_none_or(|at| at <= self.b.by_lab());
                    t.sid.is_some()
                        && t.service == service
                        && t.stand == Stand::Waits
                        && t.status == "queued"
                        && due
                });
                if let Some(n) = queued.filter(|_| !self.slots.contains_key(service)) {
                    self.start(n);
                }
            }
        }
    }

    fn frees(&mut self, n: usize) {
        let service = self.tasks[n].service;
        if self.slots.get(service) == Some(&n) {
            self.slots.remove(service);
        }
    }

    /// `lost`: its service went away; then the router tells its client only.
    fn end(&mut self, n: usize, good: bool, lost: bool) {
        let id = self.tasks[n].task_id.clone().unwrap();
        let outcome = if good { Outcome::Ok } else { Outcome::Failed };
        self.tasks[n].stand = Stand::Ended(outcome);
        self.frees(n);
        if self.tasks[n].orphan {
            return;
        }
        let reply = if good { ok(&id) } else { error(&id, "E", "m", "") };
        if lost {
            let plain = self.tasks[n].service == "fridge";
            let untold = self.tasks[n].sid.is_none() && self.tasks[n].own.is_none();
            self.tasks[n].silent |= plain && untold;
        } else {
            self.tell_task(n, "completed", &reply);
        }
        if self.tasks[n].sid.is_some() {
            self.tasks[n].result = Some(if lost {
                r#"{"status": "error", "evalue": "gone"}"#.to_owned()
            } else {
                reply.clone()
            });
            if self.tasks[n].status != "cancelled" {
                self.tasks[n].status = if good { "done" } else { "failed" };
                self.tell_scheduled(n);
            } else {
                // Its snapshot never gets a result.
                self.tasks[n].result = None;
                self.tasks[n].silent |= lost;
            }
        } else if self.tasks[n].own.is_some() {
            self.replies.push((reply, Some(n)));
        }
    }

    fn snapshot(&self, n: usize) -> String {
        let task = &self.tasks[n];
        let task_id = task.task_id.as_deref().map_or_else(|| "null".to_owned(), json::quote);
        format!(
            r#"{{"scheduled_task_id": "{}", "task_id": {task_id}, "target": "{}", "task_type": "Job",
                "display_name": "{}", "status": "{}", "run_at": {},
                "submitted_at": "2026-11-24T21:{:02}:{:02}Z", "result": {}, "eligible": {}, "overdue": false}}"#,
            task.sid.as_deref().unwrap(),
            task.service,
            task.name,
            task.status,
            task.run_at.map_or_else(|| "null".to_owned(), |at| json::quote(&at.to_rfc3339())),
            n / 60,
            n % 60,
            task.result.as_deref().unwrap_or("null"),
            task.status == "queued" && task.run_at.is_none_or(|at| at <= self.b.by_lab()),
        )
    }

    fn known(&self, sid: &str) -> Option<usize> {
        self.tasks.iter().position(|task| task.sid.as_deref() == Some(sid) && !task.forgotten)
    }

    /// The router takes a frame.
    fn take(&mut self, out: &Outgoing) {
        let frame = TaskFrame::parse(&out.text).unwrap();
        if &*frame.target != "task-manager" {
            let metadata = json::get(&out.text, "metadata").unwrap().to_owned();
            let n = self.new_task(
                Some(out.id.to_string()),
                Some(metadata),
                &*frame.target == "lab",
                frame.parallel,
            );
            self.tasks[n].task_id = Some(out.id.to_string());
            self.tasks[n].apart = matches!(out.line, Line::Task(_));
            self.tasks[n].name = frame.display_name.to_string();
            if frame.parallel {
                self.start(n);
            } else {
                self.line.push(n);
            }
            self.go_on();
            return;
        }
        let made = self.b.stamp();
        let manager = |state: &str, payload: &str| {
            task_event(
                &out.id,
                "task-manager",
                &frame.task_type,
                &frame.display_name,
                r#"{"parallel": true, "show_in_dashboard": false}"#,
                payload,
                state,
                false,
                &made,
            )
        };
        self.emit("TaskEvent.".into(), manager("created", &frame.payload), None);
        self.emit("TaskEvent.".into(), manager("started", &frame.payload), None);
        let sid = json::get(&frame.payload, "scheduled_task_id").and_then(json::string).unwrap_or_default();
        let mut about = self.known(&sid);
        let result = match &*frame.task_type {
            "ScheduleTask" => {
                let metadata = json::get(&frame.payload, "task_metadata").unwrap().to_owned();
                let own = field(&metadata, "submitted_as");
                let lab = field(&frame.payload, "scheduled_task_target") == "lab";
                let n = self.new_task(Some(own), Some(metadata), lab, false);
                self.tasks[n].name = field(&frame.payload, "task_display_name");
                self.tasks[n].sid = Some(self.id("s"));
                self.tell_scheduled(n);
                about = Some(n);
                self.snapshot(n)
            }
            "GetScheduledTasks" => {
                let all: Vec<String> = (0..self.tasks.len())
                    .filter(|n| self.tasks[*n].sid.is_some() && !self.tasks[*n].forgotten)
                    .map(|n| self.snapshot(n))
                    .collect();
                format!("[{}]", all.join(", "))
            }
            "GetScheduledTask" => about.map_or_else(|| "null".to_owned(), |n| self.snapshot(n)),
            "CancelScheduledTask" => {
                match about.filter(|n| matches!(self.tasks[*n].status, "queued" | "running")) {
                    Some(n) => {
                        self.tasks[n].status = "cancelled";
                        if self.tasks[n].stand == Stand::Waits {
                            self.tasks[n].stand = Stand::Ended(Outcome::Cancelled);
                        }
                        self.tell_scheduled(n);
                        "true".to_owned()
                    }
                    None => "false".to_owned(),
                }
            }
            _ => "{}".to_owned(),
        };
        let reply = format!(r#"{{"id": "{}", "status": "ok", "result": {result}}}"#, out.id);
        self.emit("TaskEvent.".into(), manager("completed", &reply), None);
        self.replies.push((reply, about));
    }

    // Between the lab and juicetop

    /// What juicetop asked for is on its way.
    fn collect(&mut self, more: Vec<Outgoing>) {
        let effects = self.b.take();
        for effect in &effects {
            if let Effect::Withdraw(id) = effect {
                self.closing.push(id.to_string());
            }
        }
        let gives_up = effects.iter().any(|effect| matches!(effect, Effect::GiveUp(Line::Bus, _)));
        let sent = effects.into_iter().filter_map(|effect| match effect {
            Effect::Send(out) => Some(out),
            _ => None,
        });
        for out in sent.chain(more) {
            assert!(self.router_up, "sent without a link: {out:?}");
            *self.sent.entry(out.id.to_string()).or_default() += 1;
            if let Line::Task(id) = &out.line {
                self.open.push(id.to_string());
            }
            self.to_router.push_back(out);
        }
        if gives_up {
            self.bus_link(false);
        }
    }

    fn bus_link(&mut self, up: bool) {
        if up == self.bus_up {
            return;
        }
        self.bus_up = up;
        (self.bus, self.last) = (VecDeque::new(), None);
        (self.deaf, self.beat.1) = (false, false);
        let state = if up { live() } else { down(self.b.now) };
        // Juice tells its bus of the reader some time later.
        self.subscribed = self.seconds() + 0.4;
        self.b.link(Line::Bus, state);
        self.collect(Vec::new());
    }

    fn router_link(&mut self, up: bool, arrived: bool) {
        if up == self.router_up {
            return;
        }
        if !up {
            for out in std::mem::take(&mut self.to_router) {
                match out.line {
                    Line::Task(_) => self.to_router.push_back(out),
                    _ if arrived => self.take(&out),
                    _ => {}
                }
            }
            let tasks = &self.tasks;
            self.replies.retain(|(_, about)| about.is_some_and(|n| tasks[n].apart));
            for n in 0..self.tasks.len() {
                let task = &self.tasks[n];
                if task.own.is_some() && task.sid.is_none() && !task.apart {
                    self.leaves(n);
                }
            }
        }
        self.router_up = up;
        let state = if up { live() } else { down(self.b.now) };
        self.b.link(Line::Router, state);
        self.collect(Vec::new());
    }

    /// The client of a direct task is gone.
    fn leaves(&mut self, n: usize) {
        match self.tasks[n].stand {
            Stand::Waits => self.tasks[n].stand = Stand::Dropped,
            Stand::Runs => {
                self.tasks[n].orphan = true;
                self.frees(n);
            }
            _ => {}
        }
        self.line.retain(|n| self.tasks[*n].stand == Stand::Waits);
    }

    /// The frame of a task with its own connection, if it is still on its way.
    fn under_way(&mut self, id: &str) -> Option<Outgoing> {
        let at = self.to_router.iter().position(|out| matches!(&out.line, Line::Task(of) if **of == *id))?;
        self.to_router.remove(at)
    }

    fn apart(&self, id: &str) -> Option<usize> {
        self.tasks.iter().position(|task| task.apart && task.own.as_deref() == Some(id))
    }

    fn task_link_lost(&mut self, id: &str, arrived: bool) {
        if let Some(out) = self.under_way(id).filter(|_| arrived) {
            self.take(&out);
        }
        let n = self.apart(id);
        self.replies.retain(|(_, about)| about.is_none() || *about != n);
        if let Some(n) = n {
            self.leaves(n);
        }
        self.open.retain(|open| open != id);
        let state = down(self.b.now);
        self.b.link(Line::Task(id.into()), state);
        self.collect(Vec::new());
    }

    fn close(&mut self, id: &str) {
        if !self.open.iter().any(|open| open == id) {
            return;
        }
        let n = self.apart(id);
        let answer = self.replies.iter().position(|(_, about)| about.is_some() && *about == n);
        if self.under_way(id).is_some() {
            self.b.wire(Incoming::Unsent { id: id.into(), why: "withdrawn".to_owned() });
        } else if let Some(at) = answer {
            self.give(at);
        } else {
            if let Some(n) = n {
                self.leaves(n);
            }
            self.b.wire(Incoming::Withdrawn { id: id.into() });
        }
        self.open.retain(|open| open != id);
        self.collect(Vec::new());
        self.go_on();
    }

    fn restart_manager(&mut self) {
        for id in self.open.clone() {
            self.task_link_lost(&id, false);
        }
        self.router_link(false, false);
        self.bus_link(false);
        for task in &mut self.tasks {
            // Whoever waited is dropped, what runs is told by nobody, and the scheduler has forgotten all.
            if task.stand == Stand::Waits {
                task.stand = Stand::Dropped;
            }
            task.orphan |= task.stand == Stand::Runs;
            task.forgotten |= task.sid.is_some();
        }
        self.line.clear();
        self.slots.clear();
    }

    fn restart_lab(&mut self) {
        for n in 0..self.tasks.len() {
            if self.tasks[n].service == "lab" && self.tasks[n].stand == Stand::Runs {
                self.end(n, false, true);
            }
        }
        for state in ["connecting", "idle"] {
            let event = format!(r#"{{"time": "{}", "service": "lab", "state": "{state}"}}"#, self.b.stamp());
            self.emit("IPythonServiceState.lab.".into(), event, None);
        }
    }

    fn deliver(&mut self) -> bool {
        let Some((topic, event, about)) = self.bus.pop_front() else { return false };
        if let Some(n) = about {
            self.tasks[n].heard = true;
        }
        self.beat.1 = topic == HEARTBEAT;
        self.last = Some((topic.clone(), event.clone()));
        self.b.bus(&topic, &event);
        self.collect(Vec::new());
        true
    }

    fn answer(&mut self, which: usize) -> bool {
        let comes = |(_, about): &(String, Option<usize>)| {
            self.router_up || about.is_some_and(|n| self.tasks[n].apart)
        };
        let coming: Vec<usize> = (0..self.replies.len()).filter(|at| comes(&self.replies[*at])).collect();
        match coming.get(which % coming.len().max(1)) {
            Some(at) => self.give(*at),
            None => return false,
        }
        true
    }

    /// Gives juicetop that reply.
    fn give(&mut self, at: usize) {
        let (reply, about) = self.replies.remove(at);
        if let Some(n) = about {
            self.tasks[n].heard = true;
            let own = self.tasks[n].own.clone();
            self.open.retain(|open| Some(open) != own.as_ref());
        }
        self.b.reply(&reply);
        self.collect(Vec::new());
    }

    fn later(&mut self, seconds: f64) {
        let end = self.seconds() + seconds;
        // Time passes in small steps for the lab, and juicetop wakes when it wished to.
        while end - self.seconds() > 1e-3 {
            let wake = self.b.app.wake_at(self.b.now).map_or(end, |at| at.as_secs_f64());
            let next = wake.clamp(self.seconds() + 0.05, self.seconds() + 0.5).min(end);
            self.b.at(next).msg(Msg::Wake);
            self.go_on();
            self.monitor();
            self.collect(Vec::new());
        }
    }

    /// The monitor tells of itself each 5 s.
    fn monitor(&mut self) {
        if self.seconds() >= self.beat.0 {
            self.beat.0 = self.seconds() + 5.0;
            self.emit(HEARTBEAT.into(), r#"{"throttled": 0, "id": "heartbeat"}"#.into(), None);
        }
    }

    fn play(&mut self, step: &Step) {
        match *step {
            Step::Later(tenths) => self.later(f64::from(tenths) / 10.0),
            Step::Foreign { scheduled, parallel, lab, ahead } => {
                let n = self.new_task(None, None, lab, parallel && !scheduled);
                if scheduled {
                    self.tasks[n].run_at =
                        ahead.map(|seconds| self.b.by_lab() + TimeDelta::seconds(seconds.into()));
                    self.tasks[n].sid = Some(self.id("s"));
                    self.tell_scheduled(n);
                } else {
                    self.tasks[n].task_id = Some(self.id("t"));
                    if parallel { self.start(n) } else { self.line.push(n) }
                }
                self.go_on();
            }
            Step::Submit { scheduled, parallel, lab } => {
                let id = self.b.app.session.new_id();
                self.next += 1;
                let frame = TaskFrame {
                    id,
                    target: SERVICES[usize::from(lab)].into(),
                    task_type: "Job".into(),
                    parallel: parallel && !scheduled,
                    display_name: format!("Job: own={}", self.next).into(),
                    show_in_dashboard: true,
                    payload: "{}".into(),
                };
                let way = if scheduled { session::Way::Scheduled(None) } else { session::Way::Direct };
                match self.b.app.session.submit(frame, &way, self.b.now) {
                    Ok(frames) => self.collect(frames),
                    Err(why) => assert!(!self.router_up, "{why}"),
                }
            }
            Step::Cancel(n) => {
                let waits: Vec<TaskKey> = self
                    .b
                    .app
                    .store()
                    .tasks()
                    .filter(|t| t.scheduled_task_id.is_some() && t.state != State::Ended)
                    .map(|t| t.key.clone())
                    .collect();
                if let Some(key) = waits.get(usize::from(n) % waits.len().max(1))
                    && let Ok(frames) = self.b.app.session.cancel(key, self.b.now)
                {
                    self.cancels += 1;
                    self.collect(frames);
                }
            }
            Step::Withdraw(n, anew) => {
                let waits: Vec<TaskKey> = self
                    .b
                    .app
                    .store()
                    .tasks()
                    .filter(|t| t.own == Some(Own::Apart) && t.state == State::Waiting)
                    .map(|t| t.key.clone())
                    .collect();
                let way = anew.then_some(session::Way::Scheduled(None));
                if let Some(key) = waits.get(usize::from(n) % waits.len().max(1))
                    && let Ok(frames) = self.b.app.session.withdraw(key, way, self.b.now)
                {
                    self.collect(frames);
                }
            }
            Step::Close => {
                if let Some(id) = self.closing.pop() {
                    self.close(&id);
                }
            }
            Step::TaskLink { which, arrived } => {
                if let Some(id) = self.open.get(usize::from(which) % self.open.len().max(1)).cloned() {
                    self.task_link_lost(&id, arrived);
                }
            }
            Step::End(n, good) => {
                let running: Vec<usize> =
                    (0..self.tasks.len()).filter(|n| self.tasks[*n].stand == Stand::Runs).collect();
                if let Some(&n) = running.get(usize::from(n) % running.len().max(1)) {
                    self.end(n, good, false);
                    self.go_on();
                }
            }
            Step::Bus(n) => _ = (0..n).all(|_| self.deliver()),
            Step::Swap => {
                if let [.., (_, _, Some(one)), (_, _, Some(two))] = self.bus.make_contiguous()
                    && one != two
                {
                    let last = self.bus.len() - 1;
                    self.bus.swap(last, last - 1);
                }
            }
            Step::Again => {
                if let Some((topic, event)) = self.last.clone().filter(|_| self.bus_up) {
                    self.b.bus(&topic, &event);
                    self.collect(Vec::new());
                }
            }
            Step::LoseSilently => {
                // Not a kernel's state: a loss of that is a loss of all that it would have said about tasks.
                if let Some((_, _, Some(n))) = self.bus.pop_front_if(|(_, _, about)| about.is_some()) {
                    self.tasks[n].silent = true;
                }
            }
            Step::Missed(n) => {
                let count = self.bus.len().min(usize::from(n));
                if count > 0 {
                    self.bus.drain(..count);
                    self.b.wire(Incoming::Missed { count: count as u64 });
                    self.collect(Vec::new());
                }
            }
            Step::Take => {
                if let Some(out) = self.to_router.pop_front() {
                    self.take(&out);
                }
            }
            Step::Reply(n) => _ = self.answer(usize::from(n)),
            Step::BusLink(up) => self.bus_link(up),
            Step::Deafen => {
                self.deaf = self.bus_up;
                self.bus.clear();
            }
            Step::RouterLink { up, arrived } => self.router_link(up, arrived),
            Step::RestartManager => self.restart_manager(),
            Step::RestartLab => self.restart_lab(),
            Step::SetClock(minutes) => {
                self.b.set_ahead = TimeDelta::minutes(minutes.into());
                self.b.later(0.0);
            }
        }
        self.check();
    }

    /// Everything is repaired, and every message gets through.
    fn repair(&mut self) {
        self.router_link(true, false);
        // That the bus is deaf has to be noticed by itself where its heart was heard.
        if self.deaf && !self.beat.1 {
            self.bus_link(false);
        }
        // Long enough for every doubt to come true.
        for round in 0..60 {
            self.bus_link(true);
            while let Some(out) = self.to_router.pop_front() {
                self.take(&out);
            }
            while self.deliver() {}
            while self.answer(0) {}
            while let Some(id) = self.closing.pop() {
                self.close(&id);
            }
            // A list under which the link was lost twice is left to the person, who asks for it.
            if round == 10 && self.b.app.store().schedule_unreadable().is_some() {
                let now = self.b.now;
                let asked = self.b.app.session.read_list(now).expect("a link");
                self.collect(asked);
            }
            match round {
                0..20 => self.later(0.5),
                _ => {
                    self.b.later(10.0).msg(Msg::Wake);
                    self.go_on();
                    self.monitor();
                    self.collect(Vec::new());
                }
            }
        }
        assert!(!self.deaf, "a bus that brings nothing was not noticed");
        self.check();
    }

    /// What holds at every moment.
    fn check(&self) {
        let store = self.b.app.store();
        let counts = store.counts(true);
        let of = |what: fn(&State) -> bool| store.tasks().filter(|task| what(&task.state)).count();
        assert_eq!(counts.running, of(|s| matches!(s, State::Running { .. })), "running");
        assert_eq!(counts.waiting, of(|s| matches!(s, State::Scheduled | State::Waiting)), "waiting");
        let twice: Vec<_> = self.sent.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "sent twice: {twice:?}");
        // What is to start at a time is due by the lab's clock, or as late as its words came.
        for task in store.tasks() {
            let Some(at) = task.run_at.as_ref().and_then(|stamp| stamp.at) else { continue };
            let ahead = at - self.b.by_lab();
            match task.state {
                State::Scheduled => assert!(ahead > -LATE, "not said to be due: {ahead} {task:#?}"),
                State::Waiting => assert!(ahead <= TimeDelta::zero(), "said to be due: {ahead} {task:#?}"),
                _ => {}
            }
        }
    }

    /// What juicetop says in the end, against the truth.
    fn compare(&self) {
        let store = self.b.app.store();
        for task in &self.tasks {
            let ids = [&task.sid, &task.task_id, &task.own].into_iter().flatten();
            let rows: Vec<_> = ids.filter_map(|id| store.find(id)).collect();
            let mut keys: Vec<_> = rows.iter().map(|row| &row.key).collect();
            keys.dedup();
            let Some(row) = rows.first() else {
                assert!(task.own.is_none(), "one of ours is lost: {task:?}");
                assert!(
                    task.sid.is_none() || task.forgotten || task.silent,
                    "the scheduler has it: {task:?}"
                );
                continue;
            };
            let say = || format!("\n  true: {task:?}\n  told: {rows:#?}");
            if task.silent {
                continue;
            }
            match row.state {
                State::Running { .. } => assert_eq!(task.stand, Stand::Runs, "said to run{}", say()),
                State::Scheduled | State::Waiting => {
                    // That an own direct one has begun only the bus tells, and it may have been silent then.
                    let begun = task.stand == Stand::Runs && task.sid.is_none() && task.own.is_some();
                    assert!(begun || task.stand == Stand::Waits, "said to wait{}", say());
                }
                State::Ended => {
                    let outcome = row.outcome.unwrap();
                    let not_sent = matches!(row.reason, Some(Reason::NotSent(_)));
                    assert!(!not_sent, "said not to have been sent{}", say());
                    // A direct one is cancelled by taking it back.
                    let taken_back = task.apart && outcome == Outcome::Cancelled;
                    let truth = if taken_back { Stand::Dropped } else { Stand::Ended(outcome) };
                    assert_eq!(task.stand, truth, "a wrong outcome{}", say());
                }
                State::Unknown => {
                    // What the scheduler has it tells.
                    let told = task.sid.is_some() && !task.forgotten && task.status != "cancelled";
                    assert!(!told || keys.len() > 1, "the scheduler tells how it stands{}", say());
                }
            }
            // One task is one row, but where one of ours cannot be told from what was there before.
            let doubt = rows.iter().any(|row| row.own == Some(Own::Scheduled) && row.looked_for.is_some());
            // What the scheduler has forgotten nobody joins any more with the events of the task that it became.
            let apart = task.forgotten && task.own.is_none();
            assert!(keys.len() == 1 || doubt || apart, "one task, {} rows{}", keys.len(), say());
        }
        // What never reached the router is not said to run or to have ended.
        for row in store.tasks().filter(|row| row.own.is_some()) {
            let known = self.tasks.iter().any(|task| {
                let ids = [&task.sid, &task.task_id, &task.own];
                ids.into_iter().flatten().any(|id| store.find(id).is_some_and(|found| found.key == row.key))
            });
            let open = matches!(row.state, State::Running { .. } | State::Scheduled | State::Waiting);
            assert!(known || !open, "the lab has never heard of {row:#?}");
        }
        let cancels = self.sent.len();
        assert!(cancels >= self.cancels);
    }
}

#[expect(clippy::too_many_arguments, reason = "an event has so many fields")]
fn task_event(
    id: &str,
    service: &str,
    kind: &str,
    name: &str,
    metadata: &str,
    payload: &str,
    state: &str,
    show: bool,
    made: &str,
) -> String {
    format!(
        r#"{{"time": "{made}", "task_id": "{id}", "task_target": "{service}", "task_type": "{kind}",
            "task_display_name": {}, "task_metadata": {}, "task_payload": {}, "task_state": "{state}",
            "show_in_dashboard": {show}}}"#,
        json::quote(name),
        json::quote(metadata),
        json::quote(payload),
    )
}

fn play(ahead: TimeDelta, steps: &[Step]) -> Lab {
    let mut lab = Lab::new(ahead);
    for step in steps {
        lab.play(step);
    }
    lab.repair();
    lab.compare();
    lab
}

fn cases() -> u32 {
    std::env::var("JUICETOP_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        max_shrink_iters: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_said_in_the_end_is_true(ahead in -600..600i64, steps in prop::collection::vec(step(), 1..60)) {
        play(TimeDelta::minutes(ahead), &steps);
    }
}
