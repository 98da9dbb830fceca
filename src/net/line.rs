//! One connection for the program's whole life: try, talk, wait, try again.
//!
//! Each runs in a task of its own, so that a pause here delays nobody else. What was handed over while it was up and
//! did not go out is refused when it goes down; nothing is ever kept for the next connection.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

use super::{
    Event, Options,
    address::{Address, parse_edge},
    diagnose::{self, Peer},
    dial::{Limits, Pulse, Refusal, Socket, Target, dial, refused},
    feed::Feed,
    old_bus::{self, OldBus},
    problem::{Asked, io_words, problem},
    talk::{self, Ended},
};
use crate::{
    time::Clock,
    wire::{
        Text,
        frame::Reply,
        link::{Line, LinkState, Problem, ProblemKind},
    },
};

/// The header that carries the token to the edge gateway.
const EDGE_TOKEN: HeaderName = HeaderName::from_static("x-juice-edge-token");

/// What every connection shares.
pub(super) struct Shared {
    pub options: Options,
    pub clock: Clock,
    pub feed: Feed,
    /// Turns true when everything ends.
    pub stop: watch::Receiver<bool>,
}

/// A frame on its way out.
pub(super) struct Outgoing {
    pub id: Text,
    pub text: String,
}

/// Held by each connection that is being looked at, until it has answered or its loss was told.
pub(super) type Look = mpsc::Sender<Infallible>;

/// How the dispatcher reaches a connection.
pub(super) struct Handle {
    /// There exactly while the connection is up.
    pub out: RefCell<Option<mpsc::UnboundedSender<Outgoing>>>,
    /// Ends a pause.
    pub retry: Notify,
    /// Why it is down, for a refusal.
    pub down: RefCell<String>,
    /// Why it is to be given up.
    fault: RefCell<Option<Problem>>,
    faulty: Notify,
    /// Moves each time the connection is lost.
    pub losses: watch::Sender<()>,
    /// Its task is to be withdrawn: it is closed, and not opened again.
    withdrawn: Notify,
    /// The other side has said good-bye.
    pub good_bye: Cell<bool>,
    /// Told, or dropped, when the other side has read what was sent; there exactly while somebody waits for that.
    pub receipt: RefCell<Option<oneshot::Sender<()>>>,
    /// It is up.
    pub up: Cell<bool>,
    /// Who waits for a sign of life.
    looks: RefCell<Vec<Look>>,
    looked_at: Notify,
}

impl Handle {
    pub(super) fn new() -> Handle {
        Handle {
            out: RefCell::new(None),
            retry: Notify::new(),
            down: RefCell::new("it is not open yet".to_owned()),
            fault: RefCell::default(),
            faulty: Notify::new(),
            losses: watch::Sender::new(()),
            withdrawn: Notify::new(),
            good_bye: Cell::new(false),
            receipt: RefCell::default(),
            up: Cell::new(false),
            looks: RefCell::default(),
            looked_at: Notify::new(),
        }
    }

    /// Asks the other side for a sign of life, if it is up.
    pub(super) fn look(&self, look: &Look) {
        if self.up.get() {
            self.looks.borrow_mut().push(look.clone());
            self.looked_at.notify_one();
        }
    }

    /// Waits until the other side is to be asked for a sign of life.
    pub(super) async fn asked_to_look(&self) {
        self.looked_at.notified().await;
    }

    /// The other side has given one, or its loss was told.
    pub(super) fn seen(&self) {
        self.looks.take();
    }

    /// Gives up the connection that is up, for this reason, and opens another after the usual pause.
    pub(super) fn give_up(&self, problem: Problem) {
        self.fault.replace(Some(problem));
        self.faulty.notify_one();
    }

    /// Waits until it is to be given up.
    pub(super) async fn asked_to_give_up(&self) -> Problem {
        loop {
            if let Some(problem) = self.fault.take() {
                return problem;
            }
            self.faulty.notified().await;
        }
    }

    /// Closes the connection for good.
    pub(super) fn withdraw(&self) {
        self.withdrawn.notify_one();
    }

    /// Waits until it is to be closed for good.
    pub(super) async fn asked_to_withdraw(&self) {
        self.withdrawn.notified().await;
    }
}

/// Where a connection leads.
#[derive(Clone, Debug)]
pub(super) enum Goal {
    /// A path on a router, as the person wrote the address.
    Router { url: String, path: &'static str },
    /// A service's own `/tasks`.
    Service { url: String },
    /// The edge's bus.
    Edge { base: String, token_file: PathBuf },
}

impl Goal {
    pub(super) fn asked(&self) -> Asked {
        match self {
            Goal::Router { .. } => Asked::Router,
            Goal::Service { .. } => Asked::Service,
            Goal::Edge { .. } => Asked::Edge,
        }
    }

    /// Why a try at `url` was refused, with the token file's name (never its content) where it is about the token.
    pub(super) fn refused(&self, url: &str, refusal: Refusal) -> Problem {
        let mut problem = refused(self.asked(), url, refusal);
        if let (Goal::Edge { token_file, .. }, ProblemKind::Refused) = (self, problem.kind) {
            problem.what = format!("{}: the token in {} was refused", problem.what, token_file.display());
        }
        problem
    }

    pub(super) fn target(&self) -> Result<Target, Problem> {
        match self {
            Goal::Router { url, path } => {
                Ok(Target { address: Address::router(url)?, path: (*path).to_owned(), header: None })
            }
            Goal::Service { url } => {
                Ok(Target { address: Address::service(url)?, path: "/tasks".to_owned(), header: None })
            }
            Goal::Edge { base, token_file } => {
                let edge = parse_edge(base)?;
                let header = Some((EDGE_TOKEN, token(token_file)?));
                Ok(Target { address: edge.address, path: edge.path, header })
            }
        }
    }
}

/// The token in `file`, without the line break that editors put at its end. It goes into the header and nowhere else.
fn token(file: &Path) -> Result<HeaderValue, Problem> {
    let unusable = |why: &str| {
        let what = format!("The token file {} {why}", file.display());
        problem(
            ProblemKind::Refused,
            what,
            "It holds the edge token and nothing else; it is read again at each try",
        )
    };
    let bytes = std::fs::read(file).map_err(|e| unusable(&format!("cannot be read: {}", io_words(&e))))?;
    let token = bytes.trim_ascii();
    if token.is_empty() {
        return Err(unusable("is empty"));
    }
    if !token.iter().all(u8::is_ascii_graphic) {
        return Err(unusable("holds characters that no token has"));
    }
    let mut value = HeaderValue::from_bytes(token).map_err(|_| unusable("holds no token"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What is wrong with `peer` where the other kind was asked for.
fn mistaken(peer: Peer, asked: Asked, address: &Address) -> Option<Problem> {
    match (peer, asked) {
        (Peer::Service, Asked::Router) => Some(diagnose::service_port(address)),
        (Peer::Router, Asked::Service) => Some(diagnose::router_port(address)),
        _ => None,
    }
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Pauses that grow.
    Soon,
    /// A long pause.
    Late,
    /// Nothing, until asked.
    Never,
}

/// How patiently a problem is met: what passes by itself is tried again soon, what a person has to change is tried
/// rarely, and what would only be answered the same way waits for the person.
fn next(asked: Asked, problem: &Problem) -> Next {
    match problem.kind {
        ProblemKind::Unreachable
        | ProblemKind::ServerError
        | ProblemKind::TooLarge
        | ProblemKind::Closed
        | ProblemKind::Silent => Next::Soon,
        ProblemKind::NotJuice if asked == Asked::Edge => Next::Never,
        ProblemKind::Refused
        | ProblemKind::NotJuice
        | ProblemKind::TooOld
        | ProblemKind::ServicePort
        | ProblemKind::Tls => Next::Late,
        ProblemKind::Redirected | ProblemKind::BadAddress => Next::Never,
    }
}

/// The pause before a try: 1, 2, 4, … times `first` up to `max`, of which up to a quarter is taken off by `chance` (from
/// 0 to 255), so that many clients of one lab do not come back in step.
fn pause(first: Duration, max: Duration, failures: u32, chance: u8) -> Duration {
    let full = first.saturating_mul(1 << failures.min(20)).min(max);
    full - full.mul_f64(f64::from(chance) / 1024.0)
}

/// A connection that is up.
enum Open {
    /// A WebSocket, and its signs of life.
    Web(Box<Socket>, Arc<Pulse>),
    /// The bus of an older Juice.
    Old(Box<OldBus>),
}

/// Keeps one connection until the program ends.
pub(super) struct Keeper {
    pub line: Line,
    pub goal: Goal,
    pub shared: Rc<Shared>,
    pub handle: Rc<Handle>,
    /// The last protocol fault that was told as [`Event::Bad`], so that one that comes with every connection is
    /// told once.
    told: RefCell<String>,
    /// The id of the question who is there, while its answer is still out.
    unanswered: RefCell<Option<Text>>,
    /// The token file as it was at the last try.
    token_seen: RefCell<Option<Vec<u8>>>,
    /// How long the last connection was up; `None` if it never was.
    lived: Cell<Option<Duration>>,
}

impl Keeper {
    pub(super) fn new(line: Line, goal: Goal, shared: Rc<Shared>, handle: Rc<Handle>) -> Keeper {
        Keeper {
            line,
            goal,
            shared,
            handle,
            told: RefCell::default(),
            unanswered: RefCell::default(),
            token_seen: RefCell::default(),
            lived: Cell::new(None),
        }
    }

    pub(super) async fn run(self) {
        let mut stop = self.shared.stop.clone();
        let told_to_stop = async {
            let _ = stop.wait_for(|&s| s).await;
            if self.handle.up.get() {
                // It says good-bye first, and ends by itself.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = self.keep() => {}
            () = told_to_stop => {}
        }
    }

    async fn keep(&self) {
        let (feed, clock, options) = (&self.shared.feed, self.shared.clock, &self.shared.options);
        let mut attempt = 1;
        let mut failures = 0;
        loop {
            feed.link(&self.line, LinkState::Connecting { attempt });
            self.lived.set(None);
            let Some(problem) = self.once().await else { return };
            match self.lived.get() {
                // It was up: counting begins anew; the pauses only if it was up for a while, else a server that drops
                // every connection at once would be called each second.
                Some(lived) => {
                    attempt = 1;
                    failures = if lived >= options.stable { 0 } else { failures + 1 };
                    if lived >= options.stable {
                        self.told.replace(String::new());
                    }
                }
                None => {
                    attempt += 1;
                    failures += 1;
                }
            }
            self.handle.down.replace(problem.what.clone());
            let pause = match next(self.goal.asked(), &problem) {
                Next::Soon => {
                    let chance = uuid::Uuid::new_v4().as_bytes()[0];
                    Some(pause(options.first_backoff, options.max_backoff, failures.max(1) - 1, chance))
                }
                Next::Late => Some(options.slow_retry),
                Next::Never => None,
            };
            let state = match pause {
                Some(pause) => LinkState::Waiting { attempt, until: clock.now().mono + pause, problem },
                None => LinkState::Stopped { problem },
            };
            feed.link(&self.line, state);
            self.handle.seen();
            let over = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => {}
                () = self.handle.retry.notified() => {}
                () = self.token_changed() => {}
            }
        }
    }

    /// One connection from its try to its end, and why it ended; `None` if the program ends.
    async fn once(&self) -> Option<Problem> {
        let (clock, options) = (self.shared.clock, &self.shared.options);
        if let Goal::Edge { token_file, .. } = &self.goal {
            self.token_seen.replace(std::fs::read(token_file).ok());
        }
        let target = match self.goal.target() {
            Ok(target) => target,
            Err(problem) => return Some(problem),
        };
        let largest = if self.line == Line::Bus { options.max_bus_message } else { options.max_reply() };
        let limits = Limits::of(options, largest);
        let open = match self.open(&target, &limits).await {
            Ok(open) => open,
            Err(problem) => return Some(problem),
        };
        let (out, queue) = mpsc::unbounded_channel();
        self.handle.out.replace((self.line != Line::Bus).then_some(out));
        self.handle.up.set(true);
        // What was wrong with an earlier connection is over.
        self.handle.fault.take();
        self.shared.feed.link(&self.line, LinkState::Live);
        let since = clock.now();
        let mut left = Vec::new();
        let ended = match open {
            Open::Web(socket, pulse) => {
                talk::talk(self, &target.url(), *socket, &pulse, queue, &mut left).await
            }
            Open::Old(bus) => bus.hear(self).await,
        };
        self.handle.out.replace(None);
        self.handle.losses.send_replace(());
        self.handle.up.set(false);
        self.lived.set(Some(clock.now().since(since)));
        for frame in left {
            let why = "The connection was lost before it went out".to_owned();
            self.shared.feed.sure(Event::Unsent { id: frame.id, why });
        }
        match ended {
            Ended::Down(problem) => Some(problem),
            // The last two are for connections of one task.
            Ended::Stopped | Ended::Answered | Ended::Withdrawn { .. } => None,
        }
    }

    /// Opens the connection and makes sure that the right kind of server is at its other end.
    async fn open(&self, target: &Target, limits: &Limits) -> Result<Open, Problem> {
        let (clock, patience) = (self.shared.clock, self.shared.options.identify_timeout);
        let asked = self.goal.asked();
        let (mut socket, pulse) = match dial(target, limits, clock).await {
            Ok(open) => open,
            Err(Refusal::Http { status, .. })
                if status.as_u16() == 404 && self.line == Line::Bus && asked == Asked::Router =>
            {
                diagnose::no_bus(target, limits, patience, clock).await?;
                return old_bus::open(&target.address, &self.shared.options)
                    .await
                    .map(|bus| Open::Old(Box::new(bus)));
            }
            Err(refusal) => return Err(self.goal.refused(&target.url(), refusal)),
        };
        // A router and a service both have /tasks, and a frame for the one does the wrong thing at the other: at a
        // service's own port nobody keeps the slot. So each new connection asks. Who does not answer is let pass: a
        // busy lab must not lock people out.
        if self.line != Line::Bus {
            let (peer, question) = diagnose::ask(&mut socket, patience).await;
            if let Some(problem) = mistaken(peer, asked, &target.address) {
                return Err(problem);
            }
            self.unanswered.replace((peer == Peer::Mute).then_some(question));
        }
        Ok(Open::Web(Box::new(socket), pulse))
    }

    /// Takes a late answer to the question who is there, which is nobody else's business. `Err` if it shows that the
    /// wrong kind of server is there; else whether `reply` was that answer.
    pub(super) fn late_answer(&self, reply: &Reply) -> Result<bool, Problem> {
        let is_answer = reply.id.is_some() && *self.unanswered.borrow() == reply.id;
        if is_answer {
            self.unanswered.replace(None);
            let address = self.goal.target()?.address;
            if let Some(problem) = mistaken(diagnose::judge(reply), self.goal.asked(), &address) {
                return Err(problem);
            }
        }
        Ok(is_answer)
    }

    /// Waits until the token file reads differently from the last try; for ever where there is none.
    async fn token_changed(&self) {
        let Goal::Edge { token_file, .. } = &self.goal else { return std::future::pending().await };
        loop {
            tokio::time::sleep(self.shared.options.token_check).await;
            let file = token_file.clone();
            // In a thread of its own: a file on a network share may take its time.
            let now = tokio::task::spawn_blocking(move || std::fs::read(file).ok()).await;
            if now.is_ok_and(|now| now != *self.token_seen.borrow()) {
                return;
            }
        }
    }

    /// Tells a protocol fault that ended the connection as a bad message, once until a connection lasts.
    pub(super) fn fault(&self, problem: &Problem) {
        if *self.told.borrow() != problem.what {
            self.told.replace(problem.what.clone());
            self.shared.feed.bad(&self.line, problem.what.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_vary() {
        let first = Duration::from_secs(1);
        let max = Duration::from_secs(30);
        let full: Vec<u64> = (0..8).map(|n| pause(first, max, n, 0).as_secs()).collect();
        assert_eq!(full, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(pause(first, max, u32::MAX, 0), max);
        assert!(pause(first, max, 9, 255) > Duration::from_secs(22));
        assert!(pause(first, max, 9, 255) < max);
    }

    #[test]
    fn a_token_is_trimmed_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "abc123\n").unwrap();
        let value = token(&file).unwrap();
        assert_eq!(value.as_bytes(), b"abc123");
        assert!(!format!("{value:?}").contains("abc123"));
        for (content, says) in
            [("", "empty"), ("\n", "empty"), ("s3cret s3cret", "characters"), ("s3crét", "characters")]
        {
            std::fs::write(&file, content).unwrap();
            let told = token(&file).unwrap_err();
            assert!(told.what.contains(says) && !told.what.contains("s3cr"), "{told:?}");
        }
        assert!(token(&dir.path().join("none")).unwrap_err().what.contains("cannot be read"));
    }
}
