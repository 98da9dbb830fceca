//! Connections: finding the lab, the bus, the router, single services, kernels' output, the lab's database; reconnecting; TLS.
//!
//! All sockets and all decoding live in one thread of its own with its own runtime (kernels' output in another), so that no
//! message, however large, delays a key. It sends typed events over a bounded channel. It refuses to send anything twice, and to judge what an
//! event means.
//!
//! **The fate of a frame.** Each [`Command::Send`] ends in one of three ways: [`Event::Unsent`] (it did not go out and
//! never will as a whole), [`Event::Sent`] (it was written to the socket; what becomes of it, a reply or the loss of the line
//! tells), or neither before the line's next [`Event::Link`] (the connection broke while its last piece was being written:
//! whether it arrived is not known). Frames that waited behind such a one are `Unsent`, and told before the link's loss.

pub mod address;
mod apart;
pub mod control;
mod diagnose;
mod dial;
pub mod discovery;
mod feed;
pub mod influx;
pub mod kernels;
mod line;
mod old_bus;
pub mod probe;
mod problem;
mod skim;
mod subscriber;
mod talk;
#[cfg(test)]
mod tests;
mod tls;

use std::{collections::HashMap, path::PathBuf, rc::Rc, sync::mpsc as blocking, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::LocalSet,
};

pub use self::{address::Address, tls::install_tls};
use self::{
    apart::Apart,
    feed::{Feed, FeedLimits},
    line::{Goal, Handle, Keeper, Outgoing, Shared},
};
use crate::{
    memory::Memory,
    time::Clock,
    wire::{
        Text,
        link::{Line, Problem},
    },
};

/// Where to connect.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// A task manager's router: `ws://host:port` (or `wss`), behind a proxy with its base path.
    Router {
        /// The address.
        url: String,
    },
    /// The edge gateway: watch only.
    Edge {
        /// `http(s)://hub/base`, with or without a final slash.
        base: String,
        /// The file with the token; read again at each try.
        token_file: std::path::PathBuf,
    },
}

/// What to connect, and how patiently. [`Options::default`] connects nothing; name an endpoint or services.
#[derive(Clone, Debug)]
pub struct Options {
    /// The lab; `None`: only the single services.
    pub endpoint: Option<Endpoint>,
    /// Where the bus of a Juice is that has it over ZeroMQ alone (older than 26.34.1), `tcp://HOST:PORT`; `None`: port 5123 of
    /// the router's host.
    pub bus: Option<String>,
    /// Single services by name with their `ws://host:port`.
    pub alone: Vec<(Text, String)>,
    /// Largest frame sent, and (with a little room) largest reply taken, bytes: 50 MiB, as Juice's own
    /// `websocket_max_message_size`. Instead of a larger reply comes one that says so.
    pub max_message: usize,
    /// Largest message of the bus taken, bytes: 128 MiB, or what the memory has room for. Instead of a larger one comes what is known of its task. A reply travels there as text inside JSON, so its quotes are
    /// escaped once more (a reply of 40 MB was a message of 80 MB: measured).
    pub max_bus_message: usize,
    /// The first pause between two tries, doubled each time: 1 s.
    pub first_backoff: Duration,
    /// The longest pause between two tries: 30 s.
    pub max_backoff: Duration,
    /// The pause where somebody has to change something first (a refused token, no Juice there, …): 60 s.
    pub slow_retry: Duration,
    /// How long a connection must have been up for the pauses to begin anew: 10 s.
    pub stable: Duration,
    /// The longest that opening a connection may take: 10 s.
    pub connect_timeout: Duration,
    /// How long the other side has to say whether it is a router or a service: 3 s.
    pub identify_timeout: Duration,
    /// How often we ping: 15 s.
    pub ping_every: Duration,
    /// Silence after which a connection counts as dead (our pings are answered within this): 30 s.
    pub silence: Duration,
    /// How often a token file is looked at while its token is refused: 2 s.
    pub token_check: Duration,
    /// A connection that is to be given up is watched for so long first: something may be coming all the same.
    pub last_look: Duration,
    /// How many messages of the bus wait at most while the loop is busy, or this program stood still: 100,000. (Before
    /// that their bytes are too many.)
    pub max_waiting: usize,
    /// What everything on its way to the loop may take, and where it is weighed.
    pub memory: Memory,
    /// More certificate authorities to trust (a PEM file), beside the system's and `SSL_CERT_FILE`'s.
    pub ca_file: Option<PathBuf>,
    /// Messages come as they are too ([`Event::Raw`]), for a recording.
    pub raw: bool,
}

const MIB: usize = 1024 * 1024;

impl Default for Options {
    fn default() -> Options {
        Options::within(&Memory::default())
    }
}

impl Options {
    /// Nothing to connect yet; what comes takes its share of that memory.
    pub fn within(memory: &Memory) -> Options {
        Options {
            endpoint: None,
            bus: None,
            alone: Vec::new(),
            max_message: 50 * MIB,
            max_bus_message: memory.message(),
            first_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(30),
            slow_retry: Duration::from_secs(60),
            stable: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            identify_timeout: Duration::from_secs(3),
            ping_every: Duration::from_secs(15),
            silence: Duration::from_secs(30),
            token_check: Duration::from_secs(2),
            last_look: Duration::from_secs(3),
            max_waiting: 100_000,
            memory: memory.clone(),
            ca_file: None,
            raw: false,
        }
    }

    /// Replies of exactly the limit are taken, and one that is a little above it is still told by its server, not
    /// cut off by us.
    fn max_reply(&self) -> usize {
        self.max_message.saturating_add(256 * 1024).min(self.memory.message())
    }
}

/// What the loop asks of the connections.
#[derive(Debug)]
pub enum Command {
    /// Send one task frame. Refused with [`Event::Unsent`] where the line is not up; never kept for later.
    Send {
        /// On which connection.
        line: Line,
        /// The frame's id.
        id: Text,
        /// The text frame.
        text: String,
    },
    /// Close the connection of this task ([`Line::Task`]). Ends in [`Event::Withdrawn`], in [`Event::Unsent`] where it had
    /// not gone out, in its reply if that came first, or in the loss of its line.
    Withdraw {
        /// The frame's id.
        id: Text,
    },
    /// Try all that are down again now.
    Retry,
    /// Find out which of the connections that are up still are, as after a stop of this program: ends in [`Event::Looked`].
    Look,
    /// Give up a connection that is up but good for nothing, unless something is just coming on it; it is opened anew after
    /// the usual pause.
    GiveUp {
        /// Which.
        line: Line,
        /// Why.
        problem: Problem,
    },
}

/// What the connections tell.
pub use crate::wire::link::Incoming as Event;

/// The running connections. Dropping it closes them and ends their thread, for which it waits half a second at most.
#[derive(Debug)]
pub struct Net {
    /// What to do.
    pub commands: mpsc::UnboundedSender<Command>,
    stop: watch::Sender<bool>,
    ended: blocking::Receiver<()>,
}

impl Net {
    /// Begins to close the connections.
    pub fn close(&self) {
        let _ = self.stop.send(true);
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.close();
        // Ends with an error as soon as the thread has dropped its end.
        let _ = self.ended.recv_timeout(Duration::from_millis(500));
    }
}

/// How many small events the channel to the loop holds, or one large one; what waits beyond that is bounded by
/// [`Options::max_waiting`] and by bytes.
const CHANNEL: usize = 128;

/// Starts the connections' thread.
///
/// # Errors
/// If the thread or its runtime cannot be made.
pub fn start(options: Options, clock: Clock) -> std::io::Result<(Net, mpsc::Receiver<Event>)> {
    install_tls();
    let (commands, orders) = mpsc::unbounded_channel();
    let (events, receiver) = mpsc::channel(CHANNEL);
    let (stop, stopped) = watch::channel(false);
    let (thread, ended) = blocking::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    std::thread::Builder::new().name("net".to_owned()).spawn(move || {
        let _thread = thread;
        LocalSet::new().block_on(&runtime, run(options, clock, orders, events, stopped));
        // A name that is still being looked up does not hold up the end.
        runtime.shutdown_background();
    })?;
    Ok((Net { commands, stop, ended }, receiver))
}

/// Which connections these options ask for.
fn goals(options: &Options) -> Vec<(Line, Goal)> {
    let mut goals = Vec::new();
    match &options.endpoint {
        Some(Endpoint::Router { url }) => {
            goals.push((Line::Bus, Goal::Router { url: url.clone(), path: "/remote-sub" }));
            goals.push((Line::Router, Goal::Router { url: url.clone(), path: "/tasks" }));
        }
        Some(Endpoint::Edge { base, token_file }) => {
            goals.push((Line::Bus, Goal::Edge { base: base.clone(), token_file: token_file.clone() }));
        }
        None => {}
    }
    for (name, url) in &options.alone {
        goals.push((Line::Service(name.clone()), Goal::Service { url: url.clone() }));
    }
    goals
}

/// Everything that the thread does.
async fn run(
    options: Options,
    clock: Clock,
    mut orders: mpsc::UnboundedReceiver<Command>,
    events: mpsc::Sender<Event>,
    stop: watch::Receiver<bool>,
) {
    let limits = FeedLimits {
        messages: options.max_waiting,
        bytes: options.memory.waiting(),
        reply_bytes: options.memory.replies(),
        raw: options.raw,
    };
    let goals = goals(&options);
    let mut stopped = stop.clone();
    let feed = Feed::new(events, limits, &options.memory);
    let shared = Rc::new(Shared { options, clock, feed, stop });
    let mut handles = HashMap::new();
    let mut apart = None;
    let mut keepers = tokio::task::JoinSet::new();
    for (line, goal) in goals {
        let handle = Rc::new(Handle::new());
        handles.insert(line.clone(), Rc::clone(&handle));
        if line == Line::Router {
            apart = Some(Apart::new(Rc::clone(&shared), goal.clone(), Rc::clone(&handle)));
        }
        keepers.spawn_local(Keeper::new(line, goal, Rc::clone(&shared), handle).run());
    }
    tokio::select! {
        () = shared.feed.pump() => {}
        () = dispatch(&shared, &handles, apart.as_ref(), &mut orders) => {}
        _ = stopped.wait_for(|&s| s) => {}
    }
    // The good-byes of those that are up, if the end was asked for.
    let byes = async {
        while keepers.join_next().await.is_some() {}
        if let Some(apart) = apart {
            apart.ended().await;
        }
    };
    if *stopped.borrow() {
        let _ = tokio::time::timeout(Duration::from_millis(300), byes).await;
    }
}

/// Carries out commands until there are none left to come.
async fn dispatch(
    shared: &Rc<Shared>,
    handles: &HashMap<Line, Rc<Handle>>,
    apart: Option<&Rc<Apart>>,
    orders: &mut mpsc::UnboundedReceiver<Command>,
) {
    while let Some(order) = orders.recv().await {
        match order {
            Command::Send { line, id, text } => {
                if let Err(why) = hand_over(shared, handles, apart, &line, id.clone(), text) {
                    shared.feed.sure(Event::Unsent { id, why });
                }
            }
            Command::GiveUp { line, problem } => {
                if let Some(handle) = handles.get(&line) {
                    handle.give_up(problem);
                }
            }
            Command::Withdraw { id } => {
                if let Some(apart) = apart {
                    apart.withdraw(&id);
                }
            }
            Command::Retry => handles.values().for_each(|h| h.retry.notify_waiters()),
            Command::Look => {
                let (look, mut all) = mpsc::channel(1);
                handles.values().for_each(|handle| handle.look(&look));
                apart.iter().for_each(|apart| apart.look(&look));
                drop(look);
                let shared = Rc::clone(shared);
                tokio::task::spawn_local(async move {
                    // Nothing is ever sent: it ends when the last connection has dropped its own.
                    all.recv().await;
                    shared.feed.sure(Event::Looked);
                });
            }
        }
    }
}

/// Gives a frame to its connection, or says why not.
fn hand_over(
    shared: &Shared,
    handles: &HashMap<Line, Rc<Handle>>,
    apart: Option<&Rc<Apart>>,
    line: &Line,
    id: Text,
    text: String,
) -> Result<(), String> {
    let limit = shared.options.max_message;
    if text.len() > limit {
        return Err(format!("The frame is {} bytes long; at most {limit} are taken there", text.len()));
    }
    let known = match line {
        // It has the address and the fate of the router's own, but for what is under way on it.
        Line::Task(_) => handles.get(&Line::Router),
        line => handles.get(line),
    };
    let handle = match (line, known) {
        (Line::Bus, _) => return Err("The bus is only for watching".to_owned()),
        (_, Some(handle)) => handle,
        (Line::Router | Line::Task(_), None) => {
            return Err(match shared.options.endpoint {
                Some(Endpoint::Edge { .. }) => {
                    "Through the edge gateway one can watch but not submit".to_owned()
                }
                _ => "No task manager is connected".to_owned(),
            });
        }
        (Line::Service(name), None) => {
            return Err(format!("The service {name} has no connection of its own"));
        }
    };
    let refused = || format!("Not connected: {}", handle.down.borrow());
    match (handle.out.borrow().as_ref(), apart) {
        (Some(_), Some(apart)) if matches!(line, Line::Task(_)) => {
            apart.send(Outgoing { id, text });
            Ok(())
        }
        (Some(out), _) => out.send(Outgoing { id, text }).map_err(|_| refused()),
        (None, _) => Err(refused()),
    }
}
