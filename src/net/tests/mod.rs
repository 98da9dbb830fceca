//! The connections against small servers on free loopback ports, each of which misbehaves in its own way.
//!
//! The servers run in the test's own runtime, the connections in their thread, as in the program. Waits are bounded, not
//! measured.

mod apart;
mod diagnosis;
mod faults;
mod flow;
mod old_bus;
mod probe;
mod tls;

use std::{future::Future, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
    },
};

use super::*;
use crate::wire::{
    event::Event as BusEvent,
    link::{LinkState, Problem, ProblemKind},
};

/// Longer than anything here takes; only a hanging test meets it.
const PATIENCE: Duration = Duration::from_secs(20);

type Ws<S = TcpStream> = WebSocketStream<S>;

/// A file of `tests/cases`.
fn case(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Serves each connection with `f`, which is told its number from 0. Returns `ws://127.0.0.1:port`.
async fn serve<F, Fut>(f: F) -> String
where
    F: Fn(usize, TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    serve_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), f)
}

fn serve_on<F, Fut>(listener: TcpListener, f: F) -> String
where
    F: Fn(usize, TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for n in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            tokio::spawn(f(n, stream));
        }
    });
    url
}

/// Takes the upgrade; also returns the request.
async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> (Ws<S>, Request) {
    let mut seen = None;
    #[allow(clippy::result_large_err, reason = "tungstenite's own signature")]
    let note = |request: &Request, response: Response| {
        seen = Some(request.clone());
        Ok(response)
    };
    let ws = accept_hdr_async(stream, note).await.unwrap();
    (ws, seen.unwrap())
}

/// Reads an HTTP request and answers it with `response`.
async fn answer(mut stream: TcpStream, response: &str) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return String::new(),
        }
    }
    stream.write_all(response.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    // Reads to the other side's end, so that what was written is not lost in a reset.
    let _ = timeout(Duration::from_secs(1), stream.read_to_end(&mut Vec::new())).await;
    String::from_utf8(request).unwrap()
}

/// What `/tasks` says to a question without a target.
#[derive(Clone, Copy, PartialEq)]
enum As {
    Router,
    Service,
}

/// Answers the question who is there, which comes first on every `/tasks`.
async fn introduce<S: AsyncRead + AsyncWrite + Unpin>(ws: &mut Ws<S>, role: As) {
    while let Some(Ok(message)) = ws.next().await {
        if let Message::Text(text) = message {
            let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((frame["type"].as_str(), frame.get("target")), (Some("Ping"), None));
            let reply = match role {
                As::Router => serde_json::json!({"id": frame["id"], "status": "error", "ename": "ValueError",
                    "evalue": "Task data must include a 'target' field.", "traceback": null}),
                As::Service => serde_json::json!({"id": frame["id"], "status": "ok", "result": "pong"}),
            };
            ws.send(Message::text(reply.to_string())).await.unwrap();
            return;
        }
    }
}

/// Reads (and so answers pings) until the other side ends.
async fn idle<S: AsyncRead + AsyncWrite + Unpin>(mut ws: Ws<S>) {
    while let Some(Ok(_)) = ws.next().await {}
}

/// Intervals so short that no test waits long.
fn quick(url: &str) -> Options {
    Options {
        endpoint: Some(Endpoint::Router { url: url.to_owned() }),
        first_backoff: Duration::from_millis(10),
        max_backoff: Duration::from_millis(40),
        slow_retry: Duration::from_millis(50),
        connect_timeout: Duration::from_secs(3),
        identify_timeout: Duration::from_millis(500),
        token_check: Duration::from_millis(10),
        last_look: Duration::from_millis(300),
        ..Options::default()
    }
}

/// The program's side.
struct Client {
    net: Net,
    events: mpsc::Receiver<Event>,
}

impl Client {
    fn start(options: Options) -> Client {
        let (net, events) = start(options, Clock::start()).unwrap();
        Client { net, events }
    }

    /// The first event that `pick` takes; those before it are passed over.
    async fn until<T>(&mut self, wanted: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let mut seen = Vec::new();
        let search = async {
            loop {
                let event = self.events.recv().await.expect("the connections ended");
                if let Some(found) = pick(&event) {
                    return found;
                }
                if seen.len() < 40 {
                    seen.push(format!("{event:?}").chars().take(300).collect::<String>());
                }
            }
        };
        match timeout(PATIENCE, search).await {
            Ok(found) => found,
            Err(_) => panic!("never came: {wanted}; came: {seen:#?}"),
        }
    }

    async fn live(&mut self, line: Line) {
        self.until("live", |e| match e {
            Event::Link { line: l, state: LinkState::Live } if *l == line => Some(()),
            _ => None,
        })
        .await;
    }

    /// The next problem of `line`, and whether it is tried again by itself.
    async fn down(&mut self, line: Line) -> (Problem, bool) {
        self.until("down", |e| match e {
            Event::Link { line: l, state: LinkState::Waiting { problem, .. } } if *l == line => {
                Some((problem.clone(), true))
            }
            Event::Link { line: l, state: LinkState::Stopped { problem } } if *l == line => {
                Some((problem.clone(), false))
            }
            _ => None,
        })
        .await
    }

    fn send(&self, line: Line, id: &str, text: &str) {
        self.net.commands.send(Command::Send { line, id: id.into(), text: text.to_owned() }).unwrap();
    }

    async fn unsent(&mut self, id: &str) -> String {
        self.until("unsent", |e| match e {
            Event::Unsent { id: i, why } if **i == *id => Some(why.clone()),
            Event::Sent { id: i } if **i == *id => panic!("{id} was sent"),
            _ => None,
        })
        .await
    }

    async fn sent(&mut self, id: &str) {
        self.until("sent", |e| match e {
            Event::Sent { id: i } if **i == *id => Some(()),
            Event::Unsent { id: i, why } if **i == *id => panic!("{id}: {why}"),
            _ => None,
        })
        .await;
    }
}
