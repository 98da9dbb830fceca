//! The output channels of the lab's kernels: what cells print, and their errors with the tracebacks that replies lack.
//!
//! A thread of its own. Which kernels there are, and at which ports, stands in Juice's runtime files, which are read again
//! every few seconds: a service that restarts has other ports. It only listens. What a cell
//! prints is gathered for a moment, so that one that prints without end costs little. It refuses to keep more than it needs to
//! tell which code something is of.

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::PathBuf,
    rc::Rc,
    sync::mpsc as blocking,
    thread,
    time::Duration,
};

use futures_util::StreamExt as _;
use tokio::{
    net::TcpStream,
    sync::watch,
    task::{JoinHandle, LocalSet},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use zeromq::{Socket as _, SocketEvent, SocketRecv as _, SubSocket};

use super::discovery::{Channel, channels};
use crate::{
    fault,
    wire::{
        Text,
        kernel::{self, Said},
    },
};

/// How often the runtime files are read again.
const LOOK: Duration = Duration::from_secs(10);
/// For how long an answer to a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first pause before another try, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// Requests whose code is remembered, for each kernel.
const REQUESTS: usize = 20;
/// What a cell prints is told so often.
const OFTEN: Duration = Duration::from_millis(100);
/// Of more than this that was printed since then, bytes, only the end is told.
const MOST_PRINTED: usize = 256 * 1024;
/// Tracebacks beyond this are let go.
const LONGEST: usize = 4 * 1024 * 1024;

/// What is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A kernel's output is watched, or is not any more: one phrase, why.
    Watched(Text, Result<(), String>),
    /// The cell that holds a service's slot begins, prints or ends.
    Cell(Text, Cell),
    /// A cell raised.
    Raised {
        /// The service.
        service: Text,
        /// The cell's code.
        code: Text,
        /// The exception's class.
        name: Text,
        /// Its message.
        message: Text,
        /// As IPython shows it.
        traceback: Text,
    },
}

/// What a kernel tells of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// It begins, with this code.
    Begins(Text),
    /// It printed this.
    Printed(String),
    /// All that it printed is wiped.
    Clear,
    /// It has ended.
    Ends,
}

/// The running thread. Dropping it ends it.
#[derive(Debug)]
pub struct Kernels {
    stop: watch::Sender<bool>,
    ended: blocking::Receiver<()>,
}

impl Drop for Kernels {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        let _ = self.ended.recv_timeout(Duration::from_millis(300));
    }
}

/// Starts to watch the kernels whose addresses stand in `run_dir`.
///
/// # Errors
/// No thread, or no runtime for it, can be made.
pub fn start(run_dir: PathBuf, tell: impl Fn(Heard) + Send + 'static) -> io::Result<Kernels> {
    let (stop, mut stopped) = watch::channel(false);
    let (thread_end, ended) = blocking::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    thread::Builder::new().name("kernels".to_owned()).spawn(move || {
        let _end = thread_end;
        let tell: Tell = Rc::new(tell);
        let all = async {
            tokio::select! {
                () = look(run_dir, tell) => {}
                _ = stopped.wait_for(|&stop| stop) => {}
            }
        };
        LocalSet::new().block_on(&runtime, all);
        runtime.shutdown_background();
    })?;
    Ok(Kernels { stop, ended })
}

type Tell = Rc<dyn Fn(Heard)>;

/// Watches each kernel that is named, as long as it is named so.
async fn look(run_dir: PathBuf, tell: Tell) {
    let mut watched: HashMap<String, (Channel, JoinHandle<()>)> = HashMap::new();
    loop {
        fault::here("kernels");
        let named = channels(&run_dir);
        watched.retain(|service, (channel, task)| {
            let stays = named.iter().any(|named| named == channel);
            if !stays {
                task.abort();
                let why = "its address was taken from Juice's runtime files".to_owned();
                tell(Heard::Watched(service.as_str().into(), Err(why)));
            }
            stays
        });
        for channel in named {
            if !watched.contains_key(&channel.service) {
                let task = tokio::task::spawn_local(keep(channel.clone(), Rc::clone(&tell)));
                watched.insert(channel.service.clone(), (channel, task));
            }
        }
        sleep(LOOK).await;
    }
}

/// Watches one kernel, for ever.
async fn keep(channel: Channel, tell: Tell) {
    let service = Text::from(channel.service.as_str());
    let [first, longest] = PAUSES;
    let mut pause = first;
    let mut told = None;
    loop {
        let why = match connect(&channel).await {
            Ok(mut socket) => {
                tell(Heard::Watched(service.clone(), Ok(())));
                (pause, told) = (first, None);
                receive(&mut socket, &channel, &service, &tell).await
            }
            Err(why) => why,
        };
        if told.as_ref() != Some(&why) {
            tell(Heard::Watched(service.clone(), Err(why.clone())));
            told = Some(why);
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// A socket that hears all that the kernel says.
async fn connect(channel: &Channel) -> Result<SubSocket, String> {
    let Channel { host, port, .. } = channel;
    let address = format!("{host}:{port}");
    // The library tries for ever and does not say what is wrong.
    match timeout(PATIENCE, TcpStream::connect((host.as_str(), *port))).await {
        Ok(Ok(_)) => {}
        Ok(Err(e)) => return Err(format!("{address} is not reached: {e}")),
        Err(_) => return Err(format!("{address} does not answer")),
    }
    let mut socket = SubSocket::new();
    let connected = async {
        socket.connect(&format!("tcp://{address}")).await?;
        socket.subscribe("").await
    };
    match timeout(PATIENCE, connected).await {
        Ok(Ok(())) => Ok(socket),
        Ok(Err(e)) => Err(format!("{address} is no output channel: {e}")),
        Err(_) => Err(format!("{address} does not answer as an output channel does")),
    }
}

/// Hears until the connection is lost; why it was.
async fn receive(socket: &mut SubSocket, channel: &Channel, service: &Text, tell: &Tell) -> String {
    let mut events = socket.monitor();
    let mut requests: VecDeque<(Text, Text)> = VecDeque::new();
    let mut slot = Slot::new(service.clone(), Rc::clone(tell));
    let mut due = interval(OFTEN);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            message = socket.recv() => message,
            // Only while there is something: an idle kernel wakes nobody.
            _ = due.tick(), if !slot.printed.is_empty() => {
                slot.flush();
                continue;
            }
            event = events.next() => match event {
                Some(SocketEvent::Disconnected(_) | SocketEvent::Closed) | None => {
                    return "the connection was lost".to_owned();
                }
                Some(_) => continue,
            },
        };
        let message = match message {
            Ok(message) => message.into_vec(),
            Err(e) => return format!("the connection was lost: {e}"),
        };
        let parts: Vec<&[u8]> = message.iter().map(AsRef::as_ref).collect();
        match kernel::read(&parts, &channel.key) {
            Ok(Said::Input { request, code }) => {
                slot.begins(request.clone(), code.clone());
                requests.push_back((request, code));
                if requests.len() > REQUESTS {
                    requests.pop_front();
                }
            }
            Ok(Said::Stream { request, name, text }) => slot.prints(&request, &name, &text),
            Ok(Said::Shows { request, what }) => slot.prints(&request, "shown", &format!("{what}\n")),
            Ok(Said::Clear { request }) if slot.request.as_ref() == Some(&request) => {
                slot.printed.clear();
                slot.tell(Cell::Clear);
            }
            Ok(Said::Idle { request }) => slot.ends(&request),
            // What Juice's own client prints once more has a request of its own, whose code is not known.
            Ok(Said::Error { request, name, message, traceback }) if traceback.len() <= LONGEST => {
                let code = requests.iter().find(|(id, _)| *id == request).map(|(_, code)| code.clone());
                if let Some(code) = code {
                    let service = service.clone();
                    tell(Heard::Raised { service, code, name, message, traceback });
                }
            }
            // A message of somebody else, or one that is of no use here.
            Ok(_) | Err(_) => {}
        }
    }
}

/// The cell that holds a service's slot, and what it has printed since that was last told. What comes of it after its end
/// is Juice's own client printing it once more; what comes of no request is of cells beside others, which cannot be told apart.
struct Slot {
    service: Text,
    tell: Tell,
    request: Option<Text>,
    printed: String,
    /// What printed last, where its line has no end yet: what another stream prints then stands on a line of its own.
    /// (Each comes when it is flushed, so they may be out of order.)
    open: Option<Text>,
}

impl Slot {
    fn new(service: Text, tell: Tell) -> Slot {
        Slot { service, tell, request: None, printed: String::new(), open: None }
    }

    fn tell(&self, what: Cell) {
        (self.tell)(Heard::Cell(self.service.clone(), what));
    }

    fn begins(&mut self, request: Text, code: Text) {
        self.flush();
        (self.request, self.open) = (Some(request), None);
        self.tell(Cell::Begins(code));
    }

    fn prints(&mut self, request: &Text, stream: &str, text: &str) {
        if self.request.as_ref() != Some(request) || text.is_empty() {
            return;
        }
        if self.open.take().is_some_and(|open| *open != *stream) {
            self.printed.push('\n');
        }
        self.open = (!text.ends_with('\n')).then(|| stream.into());
        self.printed.push_str(text);
        if self.printed.len() > MOST_PRINTED {
            let from = self.printed.ceil_char_boundary(self.printed.len() - MOST_PRINTED / 2);
            self.printed.drain(..from);
        }
    }

    fn ends(&mut self, request: &Text) {
        if self.request.as_ref() != Some(request) {
            return;
        }
        self.flush();
        self.request = None;
        self.tell(Cell::Ends);
    }

    fn flush(&mut self) {
        if !self.printed.is_empty() {
            let text = std::mem::take(&mut self.printed);
            self.tell(Cell::Printed(text));
        }
    }
}
