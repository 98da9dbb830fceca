//! One try to open one WebSocket: name, TCP, TLS, upgrade, each failure with its own sentence.
//!
//! It never tries twice and never waits longer than the given time in all.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        Error,
        client::IntoClientRequest,
        error::ProtocolError,
        http::{HeaderName, HeaderValue, StatusCode, header::LOCATION},
        protocol::WebSocketConfig,
    },
};

use super::{
    address::{Address, authority},
    problem::{io_words, problem, tidy},
    tls,
};
use crate::{
    time::Clock,
    wire::link::{Problem, ProblemKind},
};

/// An open WebSocket.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<Watched>>;

/// What to open.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Where.
    pub address: Address,
    /// The path, from its slash on.
    pub path: String,
    /// A header to send along; its value is marked as sensitive.
    pub header: Option<(HeaderName, HeaderValue)>,
}

impl Target {
    pub(super) fn url(&self) -> String {
        format!("{}{}", self.address, self.path)
    }
}

/// What limits a try.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Largest incoming message, bytes.
    pub max_incoming: usize,
    /// The longest that the whole try may take.
    pub timeout: Duration,
    /// More certificates to trust.
    pub ca_file: Option<std::path::PathBuf>,
}

/// Why a try did not lead to a WebSocket.
#[derive(Debug)]
pub(super) enum Refusal {
    /// An HTTP answer other than 101.
    Http {
        /// Its status.
        status: StatusCode,
        /// Its `Location`, as far as it is text.
        location: Option<String>,
    },
    /// Anything else.
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal::Problem(problem)
    }
}

/// How long the parts of a try took, for `juicetop doctor`.
#[derive(Clone, Debug, Default)]
pub(super) struct Timing {
    /// The addresses that the name stands for.
    pub resolved: Option<(Vec<SocketAddr>, Duration)>,
    /// The address that took the TCP connection.
    pub connected: Option<(SocketAddr, Duration)>,
    /// TLS, if any, and the upgrade.
    pub upgraded: Option<Duration>,
}

/// Opens `target`.
pub(super) async fn dial(
    target: &Target,
    limits: &Limits,
    clock: Clock,
) -> Result<(Socket, Arc<Pulse>), Refusal> {
    dial_timed(target, limits, clock, &mut Timing::default()).await
}

/// Opens `target` and notes how long each part took, also where a later one failed.
pub(super) async fn dial_timed(
    target: &Target,
    limits: &Limits,
    clock: Clock,
    timing: &mut Timing,
) -> Result<(Socket, Arc<Pulse>), Refusal> {
    let start = clock.now();
    let left = || limits.timeout.saturating_sub(clock.now().since(start));
    let url = target.url();
    let Address { tls, host, port } = &target.address;
    let place = authority(host, *port);

    let addresses = match timeout(left(), tokio::net::lookup_host((host.as_str(), *port))).await {
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        Ok(Err(_)) => Vec::new(),
        Err(_) => {
            let what = format!("Looking up the name {host} took longer than {} s", limits.timeout.as_secs());
            return Err(problem(ProblemKind::Unreachable, what, "Is the name server reachable?").into());
        }
    };
    if addresses.is_empty() {
        let remedy = if host.starts_with("juice-") {
            "The names juice-… are known inside the lab's own network only: use an address, or an ssh tunnel and --url"
        } else {
            "Is the name spelled right?"
        };
        return Err(
            problem(ProblemKind::Unreachable, format!("The name {host} is not known here"), remedy).into()
        );
    }
    timing.resolved = Some((addresses.clone(), clock.now().since(start)));

    let begun = clock.now();
    let mut socket = None;
    let mut why = String::new();
    for (i, &address) in addresses.iter().enumerate() {
        // A share of the time each, so that a dead first address leaves some for the next.
        let share = left() / u32::try_from(addresses.len() - i).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                socket = Some((stream, address));
                break;
            }
            Ok(Err(e)) => why = io_words(&e),
            Err(_) => why = format!("no answer in {} s", limits.timeout.as_secs().max(1)),
        }
    }
    let Some((stream, peer)) = socket else {
        let remedy = if why == "connection refused" {
            "Nothing listens on that port: is the task manager (or the tunnel) running, and the port right?"
        } else {
            "Is the machine up, and does a firewall let you through?"
        };
        return Err(
            problem(ProblemKind::Unreachable, format!("{place} cannot be reached ({why})"), remedy).into()
        );
    };
    // Frames are small and each is wanted at once; a socket that refuses this is merely slower.
    let _ = stream.set_nodelay(true);
    timing.connected = Some((peer, clock.now().since(begun)));

    let begun = clock.now();
    let mut request = url.as_str().into_client_request().map_err(|e| {
        let what = format!("The address {:?} cannot be used: {}", tidy(&url, 200), tidy(&e.to_string(), 200));
        problem(ProblemKind::BadAddress, what, "It is written ws://host:port")
    })?;
    if let Some((name, value)) = &target.header {
        request.headers_mut().insert(name.clone(), value.clone());
    }
    let connector = if *tls { Some(tls::connector(limits.ca_file.as_deref())?) } else { None };
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(limits.max_incoming);
    config.max_frame_size = Some(limits.max_incoming);
    let pulse = Arc::new(Pulse::new(clock));
    let stream = Watched { stream, pulse: Arc::clone(&pulse) };
    match timeout(left(), client_async_tls_with_config(request, stream, Some(config), connector)).await {
        Ok(Ok((socket, _))) => {
            timing.upgraded = Some(clock.now().since(begun));
            Ok((socket, pulse))
        }
        Ok(Err(e)) => Err(handshake_failed(&url, host, *tls, e)),
        Err(_) => {
            let what =
                format!("{url} took the connection but did not answer within {} s", limits.timeout.as_secs());
            Err(problem(ProblemKind::Unreachable, what, "Is the process there stopped or overloaded?").into())
        }
    }
}

fn handshake_failed(url: &str, host: &str, tls: bool, error: Error) -> Refusal {
    let no_websocket = |detail: String| {
        let remedy = if tls {
            "Is the port right? A task manager's is normally 5124"
        } else {
            "Is the port right? A task manager's is normally 5124; behind TLS the address starts with wss://"
        };
        problem(
            ProblemKind::NotJuice,
            format!("What answers at {url} is no WebSocket server ({detail})"),
            remedy,
        )
    };
    match error {
        Error::Http(response) => {
            let location = response.headers().get(LOCATION);
            let location = location.map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
            Refusal::Http { status: response.status(), location }
        }
        Error::Io(e) => match tls::explain(url, host, &e) {
            Some(problem) => problem.into(),
            None => hung_up(url, &io_words(&e)).into(),
        },
        Error::Protocol(ProtocolError::HandshakeIncomplete)
        | Error::ConnectionClosed
        | Error::AlreadyClosed => hung_up(url, "no answer").into(),
        Error::Tls(e) => {
            problem(ProblemKind::Tls, format!("TLS with {url} failed: {}", tidy(&e.to_string(), 200)), "")
                .into()
        }
        e => no_websocket(tidy(&e.to_string(), 200)).into(),
    }
}

/// The other side took the TCP connection and dropped it before it said anything: what a tunnel without a far end does.
fn hung_up(url: &str, detail: &str) -> Problem {
    let remedy =
        "If this is an ssh tunnel: does the task manager listen at its far end? Else: is the port right?";
    problem(ProblemKind::Unreachable, format!("{url} took the connection and closed it ({detail})"), remedy)
}

/// When something was last heard on a connection. Counted in bytes, not in messages: one message of 50 MiB over a
/// slow link takes longer than the silence that is allowed.
#[derive(Debug)]
pub(super) struct Pulse {
    clock: Clock,
    heard_ms: AtomicU64,
    uploading: AtomicBool,
}

impl Pulse {
    fn new(clock: Clock) -> Pulse {
        let pulse = Pulse { clock, heard_ms: AtomicU64::new(0), uploading: AtomicBool::new(false) };
        pulse.beat();
        pulse
    }

    /// Something was heard now (or must be taken as heard).
    pub(super) fn beat(&self) {
        let ms = u64::try_from(self.clock.now().mono.as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(ms, Ordering::Relaxed);
    }

    /// When something was last heard, on the clock's monotonic side.
    pub(super) fn heard(&self) -> Duration {
        Duration::from_millis(self.heard_ms.load(Ordering::Relaxed))
    }

    /// While a large frame goes out, its progress is a sign of life too: the other side may not be able to answer
    /// a ping that is queued behind it.
    pub(super) fn set_uploading(&self, uploading: bool) {
        self.uploading.store(uploading, Ordering::Relaxed);
    }
}

/// A TCP stream that notes when bytes pass.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    pulse: Arc<Pulse>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pulse.beat();
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if matches!(polled, Poll::Ready(Ok(n)) if n > 0) && self.pulse.uploading.load(Ordering::Relaxed) {
            self.pulse.beat();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A refusal as a problem, for a server of that kind.
pub(super) fn refused(asked: super::problem::Asked, url: &str, refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Problem(problem) => problem,
        Refusal::Http { status, location } => super::problem::http(asked, url, status, location.as_deref()),
    }
}
