//! What can happen to a link, on purpose: a proxy between the program and a lab.
//!
//! It passes bytes on, and can hold them, split them, slow them down, end or reset connections, or lose the far side
//! without a word. Where rules are given ([`Proxy::with_rules`]) it ends the WebSocket on both sides and does its harm to
//! whole messages. One can have a base path ([`Proxy::below`]), as a web server has that passes several labs on. It never
//! makes anything up, but for the close frames and refusals that it is asked for.

use std::{
    net::{SocketAddr, TcpListener as Blocking},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use futures_util::{SinkExt as _, StreamExt as _, stream::SplitSink};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, oneshot, watch},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, accept_hdr_async_with_config, connect_async_with_config,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        handshake::server::{ErrorResponse, Request, Response},
        http::StatusCode,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

/// How bytes pass, on all connections, also those to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// As they come.
    Free,
    /// Not at all, either way, nor does the end of a connection: a black hole.
    Held,
    /// The first 64 KiB of each connection and direction in pieces of 1, 2, 3, 5, 7 and 11 bytes.
    Split,
    /// To the program at so many bytes a second; the other way as they come.
    SlowDown(usize),
    /// To the lab at so many bytes a second; the other way as they come.
    SlowUp(usize),
}

/// What ends the connections that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// As a process that ends does.
    Fin,
    /// As a process that crashes, or a firewall, does.
    Reset,
    /// The lab's side ends; the program is not told, and what it sends goes nowhere.
    HalfOpen,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the lab to the program.
    Down,
    /// From the program to the lab.
    Up,
}

/// What the proxy's own pings say.
const ASK: &[u8] = b"are you there?";

/// What is done with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Harm {
    /// It is lost.
    Drop,
    /// It comes twice.
    Twice,
    /// It and all behind it come so much later.
    Delay(Duration),
    /// The one behind it comes first.
    Swap,
    /// Instead of it both connections end without a word.
    Cut,
    /// Instead of it the program is told good-bye with this code and reason.
    Close(u16, String),
}

/// One message that comes to harm: the first that fits.
pub struct Rule {
    path: &'static str,
    way: Way,
    fits: Box<dyn Fn(&str) -> bool + Send>,
    harm: Harm,
}

impl Rule {
    /// Of messages on that path and that way, the first that fits.
    pub fn new(
        path: &'static str,
        way: Way,
        harm: Harm,
        fits: impl Fn(&str) -> bool + Send + 'static,
    ) -> Rule {
        Rule { path, way, fits: Box::new(fits), harm }
    }

    /// The bus's event about this task in that state.
    pub fn event(id: &str, state: &str, harm: Harm) -> Rule {
        let (id, state) = (format!("\"task_id\":\"{id}\""), format!("\"task_state\":\"{state}\""));
        Rule::new("/remote-sub", Way::Down, harm, move |text| {
            let text = text.replace("\": \"", "\":\"");
            text.contains(&id) && text.contains(&state)
        })
    }
}

#[derive(Default)]
struct Rules {
    /// Messages are looked at.
    on: bool,
    rules: Vec<Rule>,
    /// Upgrades on these paths are answered so.
    refused: Vec<(&'static str, u16)>,
    harmed: usize,
    /// Nothing of the bus comes through.
    deaf: bool,
}

struct Shared {
    bytes: watch::Sender<Bytes>,
    ends: watch::Sender<(u64, End)>,
    rules: Mutex<Rules>,
    tries: AtomicUsize,
    asks: watch::Sender<()>,
    answers: AtomicUsize,
    /// What stands before the lab's paths here, and is taken away; empty where they are passed on as they are.
    base: &'static str,
}

/// A port of this machine on which nothing listens until we do. It is bound as long as this lives, so that no other program
/// is given it meanwhile; one that names it may bind it as well, and listen (Linux).
pub struct Port(TcpSocket);

impl Port {
    /// A free one.
    pub fn closed() -> Port {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        Port(socket)
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }
}

/// A way to a lab: open, closed, or bad.
pub struct Proxy {
    port: Port,
    to: String,
    shared: Arc<Shared>,
    open: Option<(oneshot::Sender<()>, thread::JoinHandle<()>)>,
}

impl Proxy {
    /// A closed one to `ws://host:port` (or `http://host:port/…`, of which the path stays the program's).
    pub fn closed(url: &str) -> Proxy {
        Proxy::made(url, "")
    }

    /// An open one that has the lab below this path, and nothing elsewhere.
    pub fn below(url: &str, base: &'static str) -> Proxy {
        let mut proxy = Proxy::made(url, base);
        proxy.open();
        proxy
    }

    fn made(url: &str, base: &'static str) -> Proxy {
        let to = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().expect("a part");
        let shared = Shared {
            bytes: watch::channel(Bytes::Free).0,
            ends: watch::channel((0, End::Fin)).0,
            rules: Mutex::default(),
            tries: AtomicUsize::new(0),
            asks: watch::channel(()).0,
            answers: AtomicUsize::new(0),
            base,
        };
        Proxy { port: Port::closed(), to: to.to_owned(), shared: Arc::new(shared), open: None }
    }

    /// An open one.
    pub fn to(url: &str) -> Proxy {
        let mut proxy = Proxy::closed(url);
        proxy.open();
        proxy
    }

    /// An open one that knows messages.
    pub fn with_rules(url: &str) -> Proxy {
        let mut proxy = Proxy::closed(url);
        proxy.rules(|rules| rules.on = true);
        proxy.open();
        proxy
    }

    /// This end of it.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port.number())
    }

    /// How many connections were tried here.
    pub fn tries(&self) -> usize {
        self.shared.tries.load(Ordering::SeqCst)
    }

    /// Opens it.
    pub fn open(&mut self) {
        let listener = Blocking::bind(("127.0.0.1", self.port.number())).expect("the proxy's port");
        listener.set_nonblocking(true).expect("a listener that does not wait");
        let (stop, stopped) = oneshot::channel();
        let (to, shared) = (self.to.clone(), Arc::clone(&self.shared));
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async {
                tokio::select! {
                    () = accept(listener, to, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        self.open = Some((stop, thread));
    }

    /// Cuts it: all connections end, new ones are refused.
    pub fn cut(&mut self) {
        if let Some((stop, thread)) = self.open.take() {
            stop.send(()).ok();
            thread.join().expect("the proxy's thread ends well");
        }
    }

    /// How bytes pass from now on.
    pub fn bytes(&self, bytes: Bytes) {
        self.shared.bytes.send_replace(bytes);
    }

    /// All connections end now, as where the process at the far end ends; new ones are taken.
    pub fn end(&self) {
        self.end_so(End::Fin);
    }

    /// All connections are reset now; new ones are taken.
    pub fn reset(&self) {
        self.end_so(End::Reset);
    }

    /// The lab's side of all connections ends; the program's side stays as if nothing were. New ones are taken.
    pub fn half_open(&self) {
        self.end_so(End::HalfOpen);
    }

    fn end_so(&self, end: End) {
        self.shared.ends.send_modify(|now| *now = (now.0 + 1, end));
    }

    /// One more message comes to harm. Only for one that was made by [`Proxy::with_rules`].
    pub fn rule(&self, rule: Rule) {
        self.rules(|rules| {
            assert!(rules.on, "messages are not looked at");
            rules.rules.push(rule);
        });
    }

    /// All messages of the bus are lost from now on, or no more. Its connection stands, and pings are answered. Only for a
    /// proxy that was made by [`Proxy::with_rules`].
    pub fn deafen(&self, deaf: bool) {
        self.rules(|rules| {
            assert!(rules.on, "messages are not looked at");
            rules.deaf = deaf;
        });
    }

    /// Pings the program on all connections. Only for a proxy that was made by [`Proxy::with_rules`].
    pub fn ask(&self) {
        self.shared.asks.send_replace(());
    }

    /// How many such pings were answered so far.
    pub fn answers(&self) -> usize {
        self.shared.answers.load(Ordering::SeqCst)
    }

    /// How many messages came to harm so far.
    pub fn harmed(&self) -> usize {
        self.rules(|rules| rules.harmed)
    }

    /// Upgrades on this path are answered with this status from now on; `None`: as the lab does.
    pub fn refuse(&self, path: &'static str, status: Option<u16>) {
        self.rules(|rules| {
            assert!(rules.on, "messages are not looked at");
            rules.refused.retain(|(of, _)| *of != path);
            rules.refused.extend(status.map(|status| (path, status)));
        });
    }

    fn rules<T>(&self, f: impl FnOnce(&mut Rules) -> T) -> T {
        f(&mut self.shared.rules.lock().expect("a lock"))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

async fn accept(listener: Blocking, to: String, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    while let Ok((near, _)) = listener.accept().await {
        shared.tries.fetch_add(1, Ordering::SeqCst);
        near.set_nodelay(true).ok();
        let (to, shared) = (to.clone(), Arc::clone(&shared));
        tokio::task::spawn_local(async move {
            let mut ends = shared.ends.subscribe();
            let on = shared.rules.lock().expect("a lock").on;
            if on {
                tokio::select! {
                    () = messages(near, &to, &shared) => {}
                    _ = ends.changed() => {}
                }
            } else {
                bytes(near, &to, &shared, ends).await;
            }
        });
    }
}

// --- bytes ---

async fn bytes(mut near: TcpStream, to: &str, shared: &Shared, mut ends: watch::Receiver<(u64, End)>) {
    let address: SocketAddr = match tokio::net::lookup_host(to).await.map(|mut all| all.next()) {
        Ok(Some(address)) => address,
        _ => return,
    };
    // Behind a black hole nobody hears that the far end is not there.
    let Ok(mut far) = TcpStream::connect(address).await else {
        shared.bytes.subscribe().wait_for(|b| *b != Bytes::Held).await.ok();
        return;
    };
    far.set_nodelay(true).ok();
    if !shared.base.is_empty() {
        let Some(head) = without_base(&mut near, shared.base).await else {
            near.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .await
                .ok();
            return;
        };
        far.write_all(&head).await.ok();
    }
    let end = {
        let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
        let both = async {
            tokio::join!(
                pump(near_in, far_out, shared.bytes.subscribe(), Way::Up),
                pump(far_in, near_out, shared.bytes.subscribe(), Way::Down),
            );
        };
        tokio::select! {
            () = both => End::Fin,
            _ = ends.changed() => ends.borrow().1,
        }
    };
    match end {
        End::Fin => {
            near.shutdown().await.ok();
            far.shutdown().await.ok();
        }
        End::Reset => {
            near.set_zero_linger().ok();
            far.set_zero_linger().ok();
        }
        End::HalfOpen => {
            drop(far);
            std::future::pending::<()>().await;
        }
    }
}

/// The head of a request as the lab behind the base path is to get it; `None`: it asks for something else.
async fn without_base(near: &mut TcpStream, base: &str) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(near.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.strip_prefix("GET ")?.strip_prefix(base)?;
    path.starts_with('/').then(|| format!("GET {path}").into_bytes())
}

async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut how: watch::Receiver<Bytes>, way: Way) {
    let mut buffer = vec![0; 64 * 1024];
    let mut passed = 0;
    loop {
        if how.wait_for(|b| *b != Bytes::Held).await.is_err() {
            return;
        }
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            _ = how.changed() => continue,
        };
        if how.wait_for(|b| *b != Bytes::Held).await.is_err() || read == 0 {
            to.shutdown().await.ok();
            return;
        }
        let how = *how.borrow();
        let mut rest = &buffer[..read];
        let mut sizes = [1, 2, 3, 5, 7, 11].into_iter().cycle();
        while !rest.is_empty() {
            let piece = match (how, way) {
                (Bytes::Split, _) if passed < 64 * 1024 => sizes.next().unwrap_or(1),
                (Bytes::SlowDown(rate), Way::Down) | (Bytes::SlowUp(rate), Way::Up) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    (rate / 50).max(1)
                }
                _ => rest.len(),
            };
            let (now, later) = rest.split_at(piece.min(rest.len()));
            if to.write_all(now).await.is_err() {
                return;
            }
            passed += now.len();
            rest = later;
            if how == Bytes::Split {
                tokio::task::yield_now().await;
            }
        }
    }
}

// --- messages ---

type Near = WebSocketStream<TcpStream>;
type Far = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn messages(near: TcpStream, to: &str, shared: &Shared) {
    let config = || Some(WebSocketConfig::default().max_message_size(None).max_frame_size(None));
    let mut request = None;
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    let look = |asked: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let rules = shared.rules.lock().expect("a lock");
        if let Some((_, status)) = rules.refused.iter().find(|(path, _)| *path == asked.uri().path()) {
            let status = StatusCode::from_u16(*status).expect("a status");
            return Err(Response::builder().status(status).body(None).expect("an answer"));
        }
        request = Some(asked.clone());
        Ok(response)
    };
    let Ok(near) = accept_hdr_async_with_config(near, look, config()).await else { return };
    let asked = request.expect("it was upgraded");
    let path = asked.uri().path().to_owned();
    let mut request = format!("ws://{to}{path}").into_client_request().expect("an address");
    if let Some(token) = asked.headers().get("x-juice-edge-token") {
        request.headers_mut().insert("x-juice-edge-token", token.clone());
    }
    let Ok((far, _)) = connect_async_with_config(request, config(), true).await else { return };
    let ((near_out, mut near_in), (far_out, mut far_in)) = (near.split(), far.split());
    let (down, to_near) = mpsc::unbounded_channel();
    let (up, to_far) = mpsc::unbounded_channel();
    let downwards = async {
        while let Some(Ok(message)) = far_in.next().await {
            if shared.pass(&path, Way::Down, message, &down).is_err() {
                return;
            }
        }
    };
    let upwards = async {
        while let Some(Ok(message)) = near_in.next().await {
            if shared.pass(&path, Way::Up, message, &up).is_err() {
                return;
            }
        }
    };
    let mut asked = shared.asks.subscribe();
    let asks = async {
        while asked.changed().await.is_ok() {
            down.send(Out::Message(Message::Ping(ASK.into()))).ok();
        }
    };
    tokio::select! {
        () = asks => {}
        () = downwards => {}
        () = upwards => {}
        () = deliver::<Near>(near_out, to_near) => {}
        () = deliver::<Far>(far_out, to_far) => {}
    }
}

/// One message on its last leg.
enum Out {
    Message(Message),
    Late(Duration),
    Swapped(Message),
    /// Nothing more comes.
    Close(CloseFrame),
}

impl Shared {
    /// Hands a message on as the rules say; an error ends both connections.
    fn pass(
        &self,
        path: &str,
        way: Way,
        message: Message,
        out: &mpsc::UnboundedSender<Out>,
    ) -> Result<(), ()> {
        let bytes = match &message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => &bytes[..],
            Message::Close(_) => {
                return out.send(Out::Message(message)).map_err(drop);
            }
            Message::Pong(back) if way == Way::Up && back[..] == *ASK => {
                self.answers.fetch_add(1, Ordering::SeqCst);
                return Ok(());
            }
            // Each side answers its own pings.
            _ => return Ok(()),
        };
        let mut rules = self.rules.lock().expect("a lock");
        if rules.deaf && path == "/remote-sub" && way == Way::Down {
            return Ok(());
        }
        let of_here = |rule: &&mut Rule| rule.path == path && rule.way == way;
        let harm = if rules.rules.iter_mut().find(of_here).is_some() {
            let text = String::from_utf8_lossy(bytes);
            let found = rules.rules.iter().position(|r| r.path == path && r.way == way && (r.fits)(&text));
            found.map(|found| rules.rules.remove(found).harm)
        } else {
            None
        };
        rules.harmed += usize::from(harm.is_some());
        drop(rules);
        let send = |what| out.send(what).map_err(drop);
        match harm {
            None => send(Out::Message(message)),
            Some(Harm::Drop) => Ok(()),
            Some(Harm::Twice) => {
                send(Out::Message(message.clone()))?;
                send(Out::Message(message))
            }
            Some(Harm::Delay(time)) => {
                send(Out::Late(time))?;
                send(Out::Message(message))
            }
            Some(Harm::Swap) => send(Out::Swapped(message)),
            Some(Harm::Cut) => Err(()),
            Some(Harm::Close(code, reason)) => {
                send(Out::Close(CloseFrame { code: code.into(), reason: reason.into() }))
            }
        }
    }
}

async fn deliver<S>(mut to: SplitSink<S, Message>, mut what: mpsc::UnboundedReceiver<Out>)
where
    S: futures_util::Sink<Message> + Unpin,
{
    let mut second = None;
    while let Some(out) = what.recv().await {
        let sent = match out {
            Out::Message(message) => to.send(message).await,
            Out::Late(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Out::Swapped(message) => {
                second = Some(message);
                continue;
            }
            Out::Close(frame) => {
                to.send(Message::Close(Some(frame))).await.ok();
                // The other side hears it, answers and hangs up.
                tokio::time::sleep(Duration::from_secs(2)).await;
                return;
            }
        };
        if sent.is_err() {
            return;
        }
        if let Some(message) = second.take()
            && to.send(message).await.is_err()
        {
            return;
        }
    }
}
