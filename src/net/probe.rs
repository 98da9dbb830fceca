//! A look at a lab for `juicetop doctor`: which parts answer, how fast, and what that says about the version.
//!
//! It asks only what costs the lab little and shows on nobody's dashboard: `GetEventTopicList`, `GetScheduledTask` of an
//! id that does not exist (never the whole list, which can stall a router), and `Ping`, all parallel and hidden. Each is a
//! task all the same, so its events pass on the bus. Nothing is tried twice.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    fmt, io,
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{
    Endpoint, Options,
    diagnose::{self, Peer},
    dial::{Limits, Refusal, Socket, Target, Timing, dial_timed},
    line::Goal,
    old_bus::{self, OldBus},
    problem::{Asked, broken, closed, problem, tidy},
};
use crate::{
    time::Clock,
    wire::{
        Text, bus,
        event::Event,
        frame::{Reply, ReplyBody, TaskFrame, manager, service},
        link::{Problem, ProblemKind},
    },
};

/// How much a probe asks.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Services to ping, through the router.
    pub services: Vec<Text>,
    /// How long a service has for its answer: 2 s. A service that is not there is answered for by the router only after
    /// 15 s of its own tries.
    pub ping: Duration,
    /// How long the task manager has for an answer: 5 s.
    pub answer: Duration,
    /// How long to wait for the bus's first message: 8 s, as its heartbeat comes every 5 s.
    pub first_event: Duration,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            services: Vec::new(),
            ping: Duration::from_secs(2),
            answer: Duration::from_secs(5),
            first_event: Duration::from_secs(8),
        }
    }
}

/// A part of a lab, in the order in which a probe tells them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The host's name.
    Name,
    /// The TCP connection.
    Tcp,
    /// The WebSocket of `/tasks`.
    Tasks,
    /// Who is there: a router, or something else.
    Role,
    /// `GetEventTopicList` (26.26.1 and newer).
    Topics,
    /// `GetScheduledTask` (26.29.0 and newer).
    Scheduler,
    /// The WebSocket of the bus: `/remote-sub` (26.34.1 and newer), or the edge's `/hub/sub`.
    Bus,
    /// The bus of an older Juice, over ZeroMQ.
    OldBus,
    /// The bus's first message.
    FirstEvent,
    /// A service's answer to a `Ping`.
    Service(Text),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Name => "name",
            Part::Tcp => "connection",
            Part::Tasks => "/tasks",
            Part::Role => "task manager",
            Part::Topics => "topics",
            Part::Scheduler => "scheduler",
            Part::Bus => "bus",
            Part::OldBus => "bus (ZeroMQ)",
            Part::FirstEvent => "first message",
            Part::Service(name) => return write!(f, "service {name}"),
        })
    }
}

/// What was found about a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It works.
    Good {
        /// How long it took.
        took: Duration,
        /// A few words more, may be empty.
        detail: String,
    },
    /// It does not, or not in time.
    Bad(Problem),
    /// This Juice does not have it.
    Missing {
        /// What that means.
        what: String,
    },
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The address that was looked at.
    pub url: String,
    /// The parts that could be looked at, in order. What depends on a bad part is not there.
    pub parts: Vec<(Part, Finding)>,
    /// The Juice there is at least of this version.
    pub at_least: Option<&'static str>,
    /// And older than this one.
    pub older_than: Option<&'static str>,
}

impl Report {
    /// Whether everything works that this Juice has.
    pub fn is_good(&self) -> bool {
        self.parts.iter().all(|(_, finding)| !matches!(finding, Finding::Bad(_)))
    }
}

/// Looks at `endpoint`. Blocks, for about as long as the slowest limit in `wanted`.
///
/// # Errors
/// If no thread or runtime can be made. Everything about the lab is in the report.
pub fn probe(endpoint: &Endpoint, wanted: &Wanted, options: &Options, clock: Clock) -> io::Result<Report> {
    super::install_tls();
    // A thread of its own: a runtime cannot be started inside another one.
    std::thread::scope(|scope| {
        let work = std::thread::Builder::new().name("probe".to_owned()).spawn_scoped(scope, || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
            let report = runtime.block_on(look(endpoint, wanted, options, clock));
            runtime.shutdown_background();
            Ok(report)
        })?;
        work.join().unwrap_or_else(|_| Err(io::Error::other("the probe ended unexpectedly")))
    })
}

async fn look(endpoint: &Endpoint, wanted: &Wanted, options: &Options, clock: Clock) -> Report {
    let probe = Probe { wanted, options, clock, own: RefCell::default() };
    let mut report = Report { url: String::new(), parts: Vec::new(), at_least: None, older_than: None };
    match endpoint {
        Endpoint::Router { url } => {
            report.url.clone_from(url);
            let goal = |path| Goal::Router { url: url.clone(), path };
            let (tasks, bus) = (goal("/tasks"), goal("/remote-sub"));
            let (tasks_at, bus_at) = match tasks.target().and_then(|at| Ok((at, bus.target()?))) {
                Ok(targets) => targets,
                Err(problem) => {
                    report.parts.push((Part::Name, Finding::Bad(problem)));
                    return report;
                }
            };
            report.url = tasks_at.address.to_string();
            let (parts, more) = tokio::join!(probe.tasks(&tasks, &tasks_at), probe.bus(&bus, &bus_at));
            report.parts = parts;
            report.parts.extend(more.into_iter().filter(|(part, _)| *part >= Part::Bus));
        }
        Endpoint::Edge { base, token_file } => {
            report.url.clone_from(base);
            let goal = Goal::Edge { base: base.clone(), token_file: token_file.clone() };
            report.parts = match goal.target() {
                Ok(target) => {
                    report.url = target.url();
                    probe.bus(&goal, &target).await
                }
                Err(problem) => vec![(Part::Name, Finding::Bad(problem))],
            };
        }
    }
    report.parts.sort_by(|a, b| a.0.cmp(&b.0));
    (report.at_least, report.older_than) = version(&report.parts);
    report
}

/// What the parts say about the version (they came one after another).
fn version(parts: &[(Part, Finding)]) -> (Option<&'static str>, Option<&'static str>) {
    let (mut at_least, mut older_than) = (None, None);
    for (part, since) in [(Part::Topics, "26.26.1"), (Part::Scheduler, "26.29.0"), (Part::Bus, "26.34.1")] {
        match parts.iter().find(|(p, _)| *p == part) {
            Some((_, Finding::Good { .. })) => at_least = Some(since),
            Some((_, Finding::Missing { .. })) if older_than.is_none() => older_than = Some(since),
            _ => {}
        }
    }
    (at_least, older_than)
}

/// Where messages of the bus come from.
enum Source {
    /// A WebSocket, and its address.
    Web(Box<Socket>, String),
    Old(Box<OldBus>),
}

impl Source {
    async fn next(&mut self, limit: usize) -> Result<Vec<u8>, Problem> {
        let (socket, url) = match self {
            Source::Web(socket, url) => (socket, url),
            Source::Old(bus) => return bus.next(limit).await,
        };
        loop {
            match socket.next().await {
                Some(Ok(Message::Binary(frame))) => return Ok(frame.into()),
                Some(Ok(Message::Close(frame))) => return Err(closed(url, frame.as_ref())),
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(broken(url, Some(&e))),
                None => return Err(broken(url, None)),
            }
        }
    }
}

struct Probe<'a> {
    wanted: &'a Wanted,
    options: &'a Options,
    clock: Clock,
    /// The ids of our own questions: their events are not the lab's.
    own: RefCell<HashSet<Text>>,
}

type Parts = Vec<(Part, Finding)>;

impl Probe<'_> {
    fn limits(&self) -> Limits {
        Limits::of(self.options, self.options.max_bus_message)
    }

    /// Opens `target`, which is `part`, and tells the steps to it.
    async fn open(&self, part: Part, goal: &Goal, target: &Target) -> (Parts, Result<Socket, Refusal>) {
        let mut timing = Timing::default();
        let opened = dial_timed(target, &self.limits(), self.clock, &mut timing).await;
        let mut parts = Vec::new();
        if let Some((addresses, took)) = timing.resolved {
            let detail = addresses.iter().map(|a| a.ip().to_string()).collect::<Vec<_>>().join(", ");
            parts.push((Part::Name, Finding::Good { took, detail }));
            if let Some((peer, took)) = timing.connected {
                parts.push((Part::Tcp, Finding::Good { took, detail: peer.to_string() }));
                if let Some(took) = timing.upgraded {
                    parts.push((part.clone(), Finding::Good { took, detail: String::new() }));
                }
            }
        }
        let opened = opened.map(|(socket, _)| socket).map_err(|refusal| {
            let failed = match parts.len() {
                0 => Part::Name,
                1 => Part::Tcp,
                _ => part,
            };
            // A missing bus is looked into by the caller.
            if let Refusal::Http { status, .. } = &refusal
                && status.as_u16() == 404
                && failed == Part::Bus
                && goal.asked() == Asked::Router
            {
                return refusal;
            }
            let problem = goal.refused(&target.url(), refusal);
            parts.push((failed, Finding::Bad(problem.clone())));
            Refusal::Problem(problem)
        });
        (parts, opened)
    }

    async fn bus(&self, goal: &Goal, target: &Target) -> Parts {
        let (mut parts, opened) = self.open(Part::Bus, goal, target).await;
        let mut source = match opened {
            Ok(socket) => Source::Web(Box::new(socket), target.url()),
            Err(Refusal::Problem(_)) => return parts,
            Err(Refusal::Http { .. }) => {
                let patience = self.options.identify_timeout;
                let told = diagnose::no_bus(target, &self.limits(), patience, self.clock).await;
                let finding = match told {
                    Ok(()) => Finding::Missing {
                        what: "This Juice has no /remote-sub: it is older than 26.34.1".to_owned(),
                    },
                    Err(problem) => Finding::Bad(problem),
                };
                let old = matches!(finding, Finding::Missing { .. });
                parts.push((Part::Bus, finding));
                if !old {
                    return parts;
                }
                let begun = self.clock.now();
                match old_bus::open(&target.address, self.options).await {
                    Ok(bus) => {
                        let took = self.clock.now().since(begun);
                        parts.push((Part::OldBus, Finding::Good { took, detail: bus.url() }));
                        Source::Old(Box::new(bus))
                    }
                    Err(problem) => {
                        parts.push((Part::OldBus, Finding::Bad(problem)));
                        return parts;
                    }
                }
            }
        };
        let begun = self.clock.now();
        let first = async {
            loop {
                return match bus::decode(&source.next(self.options.max_bus_message).await?) {
                    Ok(Event::Task(task)) if self.own.borrow().contains(&task.task_id) => continue,
                    Ok(event) => Ok(class(&event)),
                    Err(e) => Ok(format!("one that cannot be read: {}", e.what)),
                };
            }
        };
        let finding = match timeout(self.wanted.first_event, first).await {
            Ok(Ok(detail)) => Finding::Good { took: self.clock.now().since(begun), detail },
            Ok(Err(problem)) => Finding::Bad(problem),
            Err(_) => Finding::Bad(problem(
                ProblemKind::Silent,
                format!("Nothing came on the bus within {} s", self.wanted.first_event.as_secs()),
                "A live task manager sends a heartbeat every 5 s: does it run, and whole?",
            )),
        };
        parts.push((Part::FirstEvent, finding));
        if let Source::Web(socket, _) = source {
            farewell(*socket).await;
        }
        parts
    }

    async fn tasks(&self, goal: &Goal, target: &Target) -> Parts {
        let (mut parts, opened) = self.open(Part::Tasks, goal, target).await;
        let Ok(mut socket) = opened else { return parts };
        let url = target.url();
        let begun = self.clock.now();
        let role = match diagnose::ask(&mut socket, self.wanted.answer).await.0 {
            Peer::Router => Finding::Good { took: self.clock.now().since(begun), detail: String::new() },
            Peer::Service => Finding::Bad(diagnose::service_port(&target.address)),
            Peer::Strange => Finding::Bad(problem(
                ProblemKind::NotJuice,
                format!("What answers at {url} does not speak as a task manager does"),
                "Is the port right? A task manager's is normally 5124",
            )),
            Peer::Mute => Finding::Bad(problem(
                ProblemKind::Silent,
                format!("{url} gave no answer within {} s", self.wanted.answer.as_secs()),
                "Is the task manager overloaded?",
            )),
        };
        let router = matches!(role, Finding::Good { .. });
        parts.push((Part::Role, role));
        if !router {
            return parts;
        }
        let questions = [
            (Part::Topics, manager::get_event_topic_list(fresh_id())),
            (Part::Scheduler, manager::get_scheduled_task(fresh_id(), &fresh_id())),
        ];
        for (part, frame) in questions {
            let findings = self.ask(&mut socket, &url, vec![(part, frame)], self.wanted.answer).await;
            parts.extend(findings);
        }
        let pings = self
            .wanted
            .services
            .iter()
            .map(|name| (Part::Service(name.clone()), service::ping(fresh_id(), name.clone())));
        parts.extend(self.ask(&mut socket, &url, pings.collect(), self.wanted.ping).await);
        farewell(socket).await;
        parts
    }

    /// Sends all of `questions` and waits for their answers until `limit` is over.
    async fn ask(
        &self,
        socket: &mut Socket,
        url: &str,
        questions: Vec<(Part, TaskFrame)>,
        limit: Duration,
    ) -> Parts {
        let begun = self.clock.now();
        let mut open = HashMap::new();
        let mut findings = Vec::new();
        let talk = async {
            for (part, frame) in questions {
                let text = frame.encode();
                self.own.borrow_mut().insert(frame.id.clone());
                open.insert(frame.id, part);
                if let Err(e) = socket.send(Message::text(text)).await {
                    return broken(url, Some(&e));
                }
            }
            while !open.is_empty() {
                let reply = match socket.next().await {
                    Some(Ok(Message::Text(text))) => Reply::parse(Text::from(text.as_str())),
                    Some(Ok(Message::Close(frame))) => return closed(url, frame.as_ref()),
                    Some(Ok(_)) => continue,
                    Some(Err(e)) => return broken(url, Some(&e)),
                    None => return broken(url, None),
                };
                let Ok(reply) = reply else { continue };
                if let Some(part) = reply.id.as_ref().and_then(|id| open.remove(id)) {
                    let finding = judge(&part, url, &reply, self.clock.now().since(begun));
                    findings.push((part, finding));
                }
            }
            Problem { kind: ProblemKind::Silent, what: String::new(), remedy: String::new() }
        };
        let fault = timeout(limit, talk).await.unwrap_or_else(|_| {
            problem(
                ProblemKind::Silent,
                format!("No answer within {} s", limit.as_secs_f32()),
                "Does it run?",
            )
        });
        findings.extend(open.into_values().map(|part| (part, Finding::Bad(fault.clone()))));
        findings
    }
}

/// What an answer to a question says.
fn judge(part: &Part, url: &str, reply: &Reply, took: Duration) -> Finding {
    match &reply.body {
        ReplyBody::Ok { .. } => {
            let detail = match part {
                Part::Topics => {
                    let topics = reply.result(false).and_then(|raw| crate::wire::json::members(raw).ok());
                    topics.map(|t| format!("{} topics", t.len())).unwrap_or_default()
                }
                _ => String::new(),
            };
            Finding::Good { took, detail }
        }
        ReplyBody::Error(e) => {
            let said = e.evalue.as_deref().unwrap_or_default();
            if said.starts_with("Unknown task type") {
                let since = if *part == Part::Topics { "26.26.1" } else { "26.29.0" };
                return Finding::Missing { what: format!("This Juice has none: it is older than {since}") };
            }
            let name = tidy(e.ename.as_deref().unwrap_or("an error"), 80);
            let what = format!("{part} at {url} answered {name}: {}", tidy(said, 300));
            Finding::Bad(problem(ProblemKind::ServerError, what, ""))
        }
        ReplyBody::Odd { .. } => {
            let what = format!("{part} at {url} answered something that is no reply");
            Finding::Bad(problem(ProblemKind::NotJuice, what, ""))
        }
    }
}

fn class(event: &Event) -> String {
    match event {
        Event::Task(_) => "TaskEvent".to_owned(),
        Event::Service(_) => "IPythonServiceState".to_owned(),
        Event::Scheduled(_) => "ScheduledTaskEvent".to_owned(),
        Event::Throttle(_) => "ThrottleStateEvent, the heartbeat".to_owned(),
        Event::Alert(_) | Event::Notice(_) | Event::Point(_) | Event::Other(_) => {
            tidy(event.said().map_or("", |said| bus::class_of(&said.topic)), 80)
        }
    }
}

fn fresh_id() -> Text {
    uuid::Uuid::new_v4().to_string().into()
}

async fn farewell(mut socket: Socket) {
    let _ = timeout(Duration::from_millis(200), socket.close(None)).await;
}
