//! One try to open one WebSocket: name, TCP, TLS, upgrade, each failure with its own sentence.
//!
//! It never tries twice and never waits longer than the given time in all.

use std::{
    collections::VecDeque,
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

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_with_config,
    tungstenite::{
        Error,
        client::IntoClientRequest,
        error::ProtocolError,
        http::{HeaderName, HeaderValue, StatusCode, header::LOCATION},
        protocol::WebSocketConfig,
    },
};

use super::{
    Options,
    address::{Address, authority},
    problem::{io_words, problem, tidy},
    skim::Skim,
    tls,
};
use crate::{
    memory::Memory,
    time::Clock,
    wire::link::{Problem, ProblemKind},
};

/// How long an address has before the next one is tried as well.
const HEAD_START: Duration = Duration::from_millis(250);

/// An open WebSocket.
pub(super) type Socket = WebSocketStream<Skim<MaybeTlsStream<Watched>>>;

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
    /// Where a large message is weighed while it comes.
    pub memory: Memory,
    /// Largest incoming message, bytes.
    pub max_incoming: usize,
    /// The longest that the whole try may take.
    pub timeout: Duration,
    /// More certificates to trust.
    pub ca_file: Option<std::path::PathBuf>,
}

impl Limits {
    /// Those of a connection that takes so large messages.
    pub(super) fn of(options: &Options, max_incoming: usize) -> Limits {
        Limits {
            memory: options.memory.clone(),
            max_incoming,
            timeout: options.connect_timeout,
            ca_file: options.ca_file.clone(),
        }
    }
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
    let Address { tls, host, port, .. } = &target.address;
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
    let patience = left();
    let first = timeout(patience, connect_first(&addresses, TcpStream::connect)).await;
    let (socket, why) = match first {
        Ok(Ok(socket)) => (Some(socket), String::new()),
        Ok(Err(e)) => (None, io_words(&e)),
        Err(_) => (None, format!("no answer in {} s", patience.as_secs_f32().ceil())),
    };
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
    let config_of_tls = if *tls { Some(tls::config(limits.ca_file.as_deref())?) } else { None };
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(limits.max_incoming);
    config.max_frame_size = Some(limits.max_incoming);
    let pulse = Arc::new(Pulse::new(clock));
    let stream = Watched { stream, pulse: Arc::clone(&pulse) };
    let opening = async {
        let stream = match config_of_tls {
            Some(config) => MaybeTlsStream::Rustls(tls::connect(config, host, stream).await?),
            None => MaybeTlsStream::Plain(stream),
        };
        let stream = Skim::new(stream, limits.max_incoming, &limits.memory);
        client_async_with_config(request, stream, Some(config)).await
    };
    match timeout(left(), opening).await {
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

/// The first of these addresses at which `connect` succeeds; else its first error.
///
/// A name often stands for addresses of both families, of which one leads nowhere. So they are tried in turns, each next
/// one when nothing has come of those before it for a while, and those are not given up (RFC 8305).
pub(super) async fn connect_first<S, F: Future<Output = io::Result<S>>>(
    addresses: &[SocketAddr],
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<(S, SocketAddr)> {
    let mut next = in_turns(addresses).into_iter();
    let mut tries = FuturesUnordered::new();
    let mut first_error = None;
    loop {
        if let Some(address) = next.next() {
            let one = connect(address);
            tries.push(async move { (address, one.await) });
        }
        let alone = next.len() == 0;
        tokio::select! {
            biased;
            Some((address, result)) = tries.next() => match result {
                Ok(stream) => return Ok((stream, address)),
                Err(e) => {
                    let first = first_error.get_or_insert(e);
                    if alone && tries.is_empty() {
                        return Err(io::Error::new(first.kind(), first.to_string()));
                    }
                }
            },
            () = sleep(HEAD_START), if !alone => {}
        }
    }
}

/// The addresses with both families in turns, beginning with that of the first.
fn in_turns(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (VecDeque<_>, VecDeque<_>) =
        addresses.iter().partition(|address| address.is_ipv6() == first);
    let mut turns = Vec::new();
    while let Some(address) = one.pop_front() {
        turns.push(address);
        if !other.is_empty() {
            std::mem::swap(&mut one, &mut other);
        }
    }
    turns
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
    bytes: AtomicU64,
    uploading: AtomicBool,
}

impl Pulse {
    fn new(clock: Clock) -> Pulse {
        let pulse = Pulse {
            clock,
            heard_ms: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            uploading: AtomicBool::new(false),
        };
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

    /// How many bytes have come in all.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
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
        let came = buf.filled().len() - before;
        if came > 0 {
            self.pulse.beat();
            self.pulse.bytes.fetch_add(came as u64, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn addresses() -> [SocketAddr; 4] {
        ["[2001:db8::1]:1", "[2001:db8::2]:1", "192.0.2.1:1", "192.0.2.2:1"].map(address)
    }

    #[test]
    fn families_take_turns() {
        let [a, b, c, d] = addresses();
        assert_eq!(in_turns(&[a, b, c, d]), [a, c, b, d]);
        assert_eq!(in_turns(&[c, a, b]), [c, a, b]);
        assert_eq!(in_turns(&[c, d]), [c, d]);
        assert_eq!(in_turns(&[]), []);
    }

    /// How many were tried; `good` answers after so many milliseconds, all others as `bad` says.
    async fn tried(good: SocketAddr, after: u64, bad: Option<io::ErrorKind>) -> (Option<SocketAddr>, usize) {
        let clock = Clock::start();
        let tries = Cell::new(0);
        let connect = |to| {
            let before = HEAD_START * tries.replace(tries.get() + 1);
            // Each waits its turn, unless those before it have failed.
            assert!(bad.is_some() || clock.now().mono >= before, "{to} too early");
            async move {
                match bad {
                    _ if to == good => {
                        sleep(Duration::from_millis(after)).await;
                        Ok(())
                    }
                    Some(kind) => Err(kind.into()),
                    None => std::future::pending().await,
                }
            }
        };
        let first = connect_first(&addresses(), connect).await;
        (first.ok().map(|(_, address)| address), tries.get() as usize)
    }

    #[tokio::test]
    async fn an_address_that_leads_nowhere_costs_a_quarter_of_a_second() {
        let [a, b, c, _] = addresses();
        assert_eq!(tried(a, 100, None).await, (Some(a), 1));
        assert_eq!(tried(c, 100, None).await, (Some(c), 2));
        assert_eq!(tried(b, 0, None).await, (Some(b), 3));
        // A slow one is not given up for those after it.
        assert_eq!(tried(a, 1500, None).await, (Some(a), 4));
        // One that refuses costs nothing.
        let refused = Some(io::ErrorKind::ConnectionRefused);
        assert_eq!(tried(b, 0, refused).await, (Some(b), 3));
        assert_eq!(tried(address("192.0.2.9:1"), 0, refused).await, (None, 4));
    }

    #[tokio::test]
    async fn the_first_error_is_told() {
        let connect = |to: SocketAddr| async move {
            let kind = match to.is_ipv6() {
                true => io::ErrorKind::NetworkUnreachable,
                false => io::ErrorKind::ConnectionRefused,
            };
            Err::<(), _>(kind.into())
        };
        let [a, _, c, _] = addresses();
        let error = connect_first(&[a, c], connect).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NetworkUnreachable);
    }
}
