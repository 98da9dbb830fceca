//! The web sockets: `/tasks` and `/remote-sub`, as the router's tornado serves them.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::broadcast::error::RecvError,
    time::{interval, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        Bytes, Error, Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::StatusCode,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{Lab, router::Client};

/// The real router's `websocket_max_message_size`.
const MESSAGE: usize = 50 << 20;
/// The real router's `websocket_ping_interval` and `websocket_ping_timeout`.
const PING: Duration = Duration::from_secs(30);
/// Open frames of one client beyond which its socket is not read. The real one has no such limit.
const OPEN: usize = 10_000;
/// For sending a request's head.
const HEAD: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<TcpStream>;

/// Takes connections for ever.
pub(super) async fn serve(lab: Arc<Lab>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let lab = Arc::clone(&lab);
                tokio::spawn(async move { connection(lab, stream).await });
            }
            // Too many open files, as a rule: they close again.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn connection(lab: Arc<Lab>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let Ok(Some(stream)) = timeout(HEAD, upgrading(stream)).await else { return };
    let config = WebSocketConfig::default().max_message_size(Some(MESSAGE)).max_frame_size(Some(MESSAGE));
    let mut path = String::new();
    #[allow(clippy::result_large_err, reason = "the library's own type for a refusal")]
    let choose = |request: &Request, response: Response| choose(request, response, &mut path);
    let Ok(Ok(socket)) = timeout(HEAD, accept_hdr_async_with_config(stream, choose, Some(config))).await
    else {
        return;
    };
    match path.as_str() {
        "/tasks" => tasks(lab, socket).await,
        _ => bus(lab, socket).await,
    }
}

#[allow(clippy::result_large_err, reason = "the library's own type for a refusal")]
fn choose(request: &Request, response: Response, path: &mut String) -> Result<Response, ErrorResponse> {
    *path = request.uri().path().to_owned();
    if matches!(path.as_str(), "/tasks" | "/remote-sub") {
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(Some(NOT_FOUND.to_owned()));
    *refusal.status_mut() = StatusCode::NOT_FOUND;
    Err(refusal)
}

const NOT_FOUND: &str = "<html><title>404: Not Found</title><body>404: Not Found</body></html>";

/// The stream, if its request asks for an upgrade; else answers in plain HTTP. Nothing is taken from the stream.
async fn upgrading(mut stream: TcpStream) -> Option<TcpStream> {
    let mut head = [0; 8192];
    loop {
        let length = stream.peek(&mut head).await.ok().filter(|length| *length > 0)?;
        let text = String::from_utf8_lossy(head.get(..length)?).to_ascii_lowercase();
        if !text.contains("\r\n\r\n") && length < head.len() {
            sleep(Duration::from_millis(5)).await;
            continue;
        }
        if text.contains("upgrade: websocket") {
            return Some(stream);
        }
        let path = text.split(' ').nth(1).unwrap_or("/");
        let (status, body) = match path {
            "/" => (
                "200 OK",
                "A demonstration of OrangeQS Juice, served by juicetop. WebSockets: /tasks, /remote-sub\n",
            ),
            "/tasks" | "/remote-sub" => ("400 Bad Request", "Can \"Upgrade\" only to \"WebSocket\"."),
            _ => ("404 Not Found", NOT_FOUND),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        return None;
    }
}

async fn tasks(lab: Arc<Lab>, mut socket: Socket) {
    let mut client = Client::new(&lab);
    let mut drops = lab.drops.subscribe();
    let mut ping = Pinger::new();
    loop {
        tokio::select! {
            message = socket.next(), if client.open() < OPEN => match message {
                Some(Ok(Message::Text(text))) => client.send(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => {
                    if let Ok(text) = String::from_utf8(bytes.into()) {
                        client.send(text);
                    }
                }
                Some(Ok(Message::Pong(_))) => ping.answered = true,
                Some(Ok(_)) => {}
                Some(Err(error)) => return refuse(&mut socket, error).await,
                None => return,
            },
            reply = client.reply() => {
                // tornado's json_encode makes JSON safe for HTML.
                let text = reply.dump().replace("</", "<\\/");
                if !send(&mut socket, Message::text(text)).await {
                    return;
                }
            }
            how = drops.recv() => return part(&mut socket, how.unwrap_or_default()).await,
            () = ping.due() => if !ping.send(&mut socket).await { return },
        }
    }
}

async fn bus(lab: Arc<Lab>, mut socket: Socket) {
    let mut events = lab.bus.subscribe();
    lab.watched.send_replace(true);
    let mut drops = lab.drops.subscribe();
    let mut ping = Pinger::new();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(frame) => if !send(&mut socket, Message::Binary(frame)).await { return },
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            message = socket.next() => match message {
                Some(Ok(Message::Pong(_))) => ping.answered = true,
                Some(Ok(_)) => {}
                Some(Err(error)) => return refuse(&mut socket, error).await,
                None => return,
            },
            how = drops.recv() => return part(&mut socket, how.unwrap_or_default()).await,
            () = ping.due() => if !ping.send(&mut socket).await { return },
        }
    }
}

/// Sends, or gives the reader up for dead.
async fn send(socket: &mut Socket, message: Message) -> bool {
    matches!(timeout(PING, socket.send(message)).await, Ok(Ok(())))
}

/// A message that is too large is refused with the real one's words.
async fn refuse(socket: &mut Socket, error: Error) {
    if let Error::Capacity(_) = error {
        close(socket, CloseCode::Size, "message too big").await;
    }
}

/// How a scenario ends all links at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Parting {
    /// As a task manager that is restarted.
    #[default]
    GoingAway,
    /// As a cable that is pulled.
    Abrupt,
}

async fn part(socket: &mut Socket, how: Parting) {
    if how == Parting::GoingAway {
        close(socket, CloseCode::Away, "").await;
    }
}

async fn close(socket: &mut Socket, code: CloseCode, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = timeout(Duration::from_secs(1), socket.close(Some(frame))).await;
}

/// Pings as tornado does, and notices who does not answer.
struct Pinger {
    ticks: tokio::time::Interval,
    answered: bool,
}

impl Pinger {
    fn new() -> Pinger {
        let mut ticks = interval(PING);
        ticks.reset();
        Pinger { ticks, answered: true }
    }

    async fn due(&mut self) {
        self.ticks.tick().await;
    }

    /// False if the last ping was not answered or this one cannot be sent.
    async fn send(&mut self, socket: &mut Socket) -> bool {
        std::mem::take(&mut self.answered) && send(socket, Message::Ping(Bytes::new())).await
    }
}
