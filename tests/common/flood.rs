//! A lab that floods: it says so many things a second on its bus, on demand with very large results, and knows what it
//! has said, so that it can be compared with what the screen says.
//!
//! It keeps the rules of the real one as far as a screen sees them: eight services with a slot each, in which one task
//! ends before the next begins; every tenth task fails. It waits for a slow reader, and drops nothing. It is written here
//! byte for byte, with nothing of the program in it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message},
};

use super::client::accept;

/// Services with a slot each.
pub const SERVICES: u64 = 8;
/// Each so-manieth task fails.
pub const FAILS: u64 = 10;

/// The events of a recording in `tests/cases`.
pub fn recorded(name: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let event = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["topic"], "TaskEvent.");
        line["event"].as_str().expect("an event").to_owned()
    };
    text.lines().map(event).collect()
}

/// A running flood.
pub struct Flood {
    /// Where it is.
    pub url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Events a second.
    rate: AtomicU64,
    /// Large results that are still to be sent, and the size of each, bytes.
    large: AtomicU64,
    large_size: AtomicUsize,
    events: AtomicU64,
    bytes: AtomicU64,
    ended: AtomicU64,
    large_sent: AtomicU64,
    /// The scheduler's list: tasks that have ended and the bytes of each one's result, and tasks that wait.
    listed: AtomicU64,
    listed_size: AtomicUsize,
    waiting: AtomicU64,
    /// Tasks that run side by side and go on for ever.
    running: AtomicU64,
    /// Events that each connection hears as they are.
    told: Mutex<Vec<String>>,
    /// Replies to nobody's question that each connection for tasks is sent, and the size of each, bytes.
    replies: AtomicU64,
    reply_size: AtomicUsize,
    replies_sent: AtomicU64,
    /// The program is asked each second whether it is there; when, and how long its answers took.
    asks: AtomicBool,
    asked: Mutex<Vec<(Instant, Option<Duration>)>>,
}

/// What the flood has said so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Messages of the bus.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Tasks that have ended, the large ones among them.
    pub ended: u64,
    /// Tasks with a large result.
    pub large: u64,
}

impl Flood {
    /// Starts one that is still quiet.
    pub fn start() -> Flood {
        let shared = Arc::new(Shared::default());
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let url = format!("ws://{}", listener.local_addr().expect("an address"));
        let lab = Arc::clone(&shared);
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&lab)));
                }
            });
        });
        Flood { url, shared }
    }

    /// From now on it says so many things a second.
    pub fn rate(&self, events: u64) {
        self.shared.rate.store(events, SeqCst);
    }

    /// Sends so many results of so many bytes, one after another, between everything else.
    pub fn large(&self, count: u64, bytes: usize) {
        self.shared.large_size.store(bytes, SeqCst);
        self.shared.large.store(count, SeqCst);
    }

    /// From now on its scheduler has so many tasks that have ended with a result of so many bytes each, and so many that wait.
    pub fn list(&self, ended: u64, bytes: usize, waiting: u64) {
        self.shared.listed_size.store(bytes, SeqCst);
        self.shared.listed.store(ended, SeqCst);
        self.shared.waiting.store(waiting, SeqCst);
    }

    /// Sends so many replies of so many bytes, one after another, to questions that nobody has asked.
    pub fn replies(&self, count: u64, bytes: usize) {
        self.shared.reply_size.store(bytes, SeqCst);
        self.shared.replies.store(count, SeqCst);
    }

    /// How many of those have been written.
    pub fn replied(&self) -> u64 {
        self.shared.replies_sent.load(SeqCst)
    }

    /// Says these events, and says them to each connection to come.
    pub fn tell(&self, events: impl IntoIterator<Item = String>) {
        self.shared.told.lock().expect("a lock").extend(events);
    }

    /// Pings the program each second on all connections, or no more.
    pub fn ask(&self, asks: bool) {
        self.shared.asks.store(asks, SeqCst);
    }

    /// How long each answer to these took, or has been waited for until now.
    pub fn answers(&self) -> Vec<Duration> {
        let asked = self.shared.asked.lock().expect("a lock");
        asked.iter().map(|(at, took)| took.unwrap_or_else(|| at.elapsed())).collect()
    }

    /// From now on so many tasks run side by side, and each connection hears how they begin.
    pub fn run(&self, count: u64) {
        self.shared.running.store(count, SeqCst);
    }

    /// What it has said.
    pub fn said(&self) -> Said {
        let shared = &self.shared;
        Said {
            events: shared.events.load(SeqCst),
            bytes: shared.bytes.load(SeqCst),
            ended: shared.ended.load(SeqCst),
            large: shared.large_sent.load(SeqCst),
        }
    }
}

impl Shared {
    /// What a ping is to say now, if it is time for one.
    fn ask(&self, last: &mut Instant) -> Option<[u8; 8]> {
        if !self.asks.load(SeqCst) || last.elapsed() < Duration::from_secs(1) {
            return None;
        }
        *last = Instant::now();
        let mut asked = self.asked.lock().expect("a lock");
        asked.push((*last, None));
        Some((asked.len() as u64 - 1).to_be_bytes())
    }

    /// A pong says this.
    fn answered(&self, content: &[u8]) {
        let Ok(number) = content.try_into().map(u64::from_be_bytes) else { return };
        if let Some((at, took)) = self.asked.lock().expect("a lock").get_mut(number as usize) {
            *took = Some(at.elapsed());
        }
    }

    /// The scheduler's list, without its brackets.
    fn list(&self) -> String {
        let (ended, size) = (self.listed.load(SeqCst), self.listed_size.load(SeqCst));
        let result = format!("[{}0]", "1.25, ".repeat(size / 6));
        let entry = |n: u64, status: &str, task: &str, result: &str| {
            format!(
                concat!(
                    r#"{{"scheduled_task_id": "5c4ed000-0000-4000-8000-{:012}", "task_id": {}, "target": "flood{}", "#,
                    r#""task_type": "Nightly", "display_name": "Nightly: n={}", "status": "{}", "run_at": null, "#,
                    r#""submitted_at": "2026-11-19T20:00:00+00:00", "result": {}, "eligible": true, "overdue": false}}"#
                ),
                n,
                task,
                n % SERVICES,
                n,
                status,
                result
            )
        };
        let ended_ones = (0..ended).map(|n| {
            let id = format!("\"7a5c0000-0000-4000-8000-{n:012}\"");
            entry(n, "done", &id, &format!(r#"{{"id": {id}, "status": "ok", "result": {result}}}"#))
        });
        let waiting = (0..self.waiting.load(SeqCst)).map(|n| entry(ended + n, "queued", "null", "null"));
        ended_ones.chain(waiting).collect::<Vec<_>>().join(", ")
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let Some((path, mut socket)) = accept(stream).await else { return };
    if path == "/remote-sub" {
        let (reader, writer) = socket.into_inner().into_split();
        let (pings, answers) = mpsc::unbounded_channel();
        tokio::spawn(listen(reader, pings, Arc::clone(&shared)));
        let _ = Bus { writer, answers, shared, out: Vec::new(), next: 0, begun: 0, told: 0 }.talk().await;
        return;
    }
    let mut asked = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    loop {
        let message = tokio::select! {
            message = socket.next() => message,
            _ = tick.tick() => {
                if by_itself(&mut socket, &shared, &mut asked).await.is_err() {
                    return;
                }
                continue;
            }
        };
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Pong(content))) => {
                shared.answered(&content);
                continue;
            }
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => return,
        };
        let Ok(frame) = serde_json::from_str::<Value>(&text) else { return };
        let answer = match frame["type"].as_str() {
            Some("GetScheduledTasks") => {
                let list = shared.list();
                if socket
                    .send(Message::text(format!(
                        r#"{{"id": {}, "status": "ok", "result": [{list}]}}"#,
                        frame["id"]
                    )))
                    .await
                    .is_err()
                {
                    return;
                }
                continue;
            }
            Some("GetEventTopicList") => json!({"id": frame["id"], "status": "ok", "result": []}),
            _ => json!({"id": frame["id"], "status": "error", "ename": "ValueError",
                "evalue": "Task data must include a 'target' field.", "traceback": null}),
        };
        if socket.send(Message::text(answer.to_string())).await.is_err() {
            return;
        }
    }
}

/// What is said on a connection for tasks without being asked.
async fn by_itself(
    socket: &mut WebSocketStream<TcpStream>,
    shared: &Shared,
    asked: &mut Instant,
) -> Result<(), tungstenite::Error> {
    if let Some(content) = shared.ask(asked) {
        socket.send(Message::Ping(content.to_vec().into())).await?;
    }
    if shared.replies.load(SeqCst) > 0 {
        shared.replies.fetch_sub(1, SeqCst);
        let numbers = "0.12345678, ".repeat(shared.reply_size.load(SeqCst) / 12);
        let reply = format!(r#"{{"id": "nobody asked", "status": "ok", "result": [{numbers}0]}}"#);
        socket.send(Message::text(reply)).await?;
        shared.replies_sent.fetch_add(1, SeqCst);
    }
    Ok(())
}

/// Reads what the program sends on the bus: pings, whose contents are handed over, and answers to ours.
async fn listen(mut reader: OwnedReadHalf, pings: mpsc::UnboundedSender<Vec<u8>>, shared: Arc<Shared>) {
    let mut next = async || -> std::io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        reader.read_exact(&mut head).await?;
        // A program's frames are masked; those on the bus are control frames, which are short.
        let mut mask = [0; 4];
        reader.read_exact(&mut mask).await?;
        let mut content = vec![0; usize::from(head[1] & 0x7f)];
        reader.read_exact(&mut content).await?;
        for (at, byte) in content.iter_mut().enumerate() {
            *byte ^= mask[at % 4];
        }
        Ok((head[0] & 0x0f, content))
    };
    while let Ok((kind, content)) = next().await {
        match kind {
            9 => _ = pings.send(content),
            10 => shared.answered(&content),
            _ => {}
        }
    }
}

struct Bus {
    writer: OwnedWriteHalf,
    answers: mpsc::UnboundedReceiver<Vec<u8>>,
    shared: Arc<Shared>,
    out: Vec<u8>,
    /// The next round: one task ends and another begins.
    next: u64,
    /// Of the tasks that go on, those of which this connection has heard.
    begun: u64,
    /// So many of the events that are said as they are.
    told: usize,
}

impl Bus {
    async fn talk(&mut self) -> std::io::Result<()> {
        let mut due = 0.0;
        let mut last = Instant::now();
        let mut asked = Instant::now();
        let mut large = Vec::new();
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let now = Instant::now();
            due += self.shared.rate.load(SeqCst) as f64 * (now - last).as_secs_f64();
            last = now;
            while due >= 3.0 {
                self.round();
                due -= 3.0;
                if self.out.len() > 256 * 1024 {
                    self.flush().await?;
                }
            }
            while self.begun < self.shared.running.load(SeqCst) {
                self.begin(self.begun);
                self.begun += 1;
            }
            let told = self.shared.told.lock().expect("a lock")[self.told..].to_vec();
            for event in told {
                self.frame(event.as_bytes());
                self.told += 1;
            }
            if let Some(content) = self.shared.ask(&mut asked) {
                self.out.extend([0x89, content.len() as u8]);
                self.out.extend(content);
            }
            while let Ok(content) = self.answers.try_recv() {
                self.out.extend([0x8a, content.len() as u8]);
                self.out.extend(content);
            }
            self.flush().await?;
            if self.shared.large.load(SeqCst) > 0 {
                self.shared.large.fetch_sub(1, SeqCst);
                self.large(&mut large).await?;
            }
        }
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        self.writer.write_all(&self.out).await?;
        self.out.clear();
        self.writer.flush().await
    }

    /// The task before this one of a service ends, and this one begins.
    fn round(&mut self) {
        let n = self.next;
        self.next += 1;
        if let Some(before) = n.checked_sub(SERVICES) {
            let reply = if before % FAILS == 0 {
                json!({"id": id(before), "status": "error", "ename": "RuntimeError",
                    "evalue": format!("the fridge said no to {before}"),
                    "traceback": "Traceback (most recent call last):\n  File \"/app/lab/sweep.py\", line 12, in run\nRuntimeError: no"})
            } else {
                json!({"id": id(before), "status": "ok", "result": {"t1": 1.5e-5, "n": before, "points": [1.0, 2.0, 3.5]}})
            };
            self.tell(before, "completed", &reply.to_string());
            self.shared.ended.fetch_add(1, SeqCst);
        }
        let payload = json!({"qubit": format!("q{}", n % 20), "n": n, "shots": 1000}).to_string();
        self.tell(n, "created", &payload);
        self.tell(n, "started", &payload);
    }

    /// A task that takes no slot begins.
    fn begin(&mut self, n: u64) {
        let (id, service) = (format!("9009e000-0000-4000-8000-{n:012}"), format!("flood{}", n % SERVICES));
        for state in ["created", "started"] {
            let event = event(&id, &service, "Watch", &format!("Watch: n={n}"), true, state, r#""{}""#);
            self.frame(event.as_bytes());
        }
    }

    fn tell(&mut self, n: u64, state: &str, payload: &str) {
        let service = format!("flood{}", n % SERVICES);
        let name = format!("MeasureT1: qubit='q{}', n={n}", n % 20);
        let event =
            event(&id(n), &service, "MeasureT1", &name, false, state, &Value::from(payload).to_string());
        self.frame(event.as_bytes());
    }

    fn frame(&mut self, event: &[u8]) {
        let before = self.out.len();
        self.out.extend(head(event.len()));
        self.out.extend(event);
        self.shared.events.fetch_add(1, SeqCst);
        self.shared.bytes.fetch_add((self.out.len() - before) as u64, SeqCst);
    }

    /// A task of its own with a large result: numbers, as an instrument gives them.
    async fn large(&mut self, body: &mut Vec<u8>) -> std::io::Result<()> {
        const NUMBER: &[u8] = b"0.12345678, ";
        let size = self.shared.large_size.load(SeqCst);
        let size = size - size % NUMBER.len();
        if body.len() != size {
            *body = NUMBER.iter().copied().cycle().take(size).collect();
        }
        let n = self.shared.large_sent.load(SeqCst);
        let id = format!("1a49e000-0000-4000-8000-{n:012}");
        let name = format!("Big: n={n}");
        let short = |state: &str, payload: &str| event(&id, "flood0", "Big", &name, true, state, payload);
        for state in ["created", "started"] {
            self.frame(short(state, r#""{\"n\": 1}""#).as_bytes());
        }
        let whole = short(
            "completed",
            &format!(r#""{{\"id\": \"{id}\", \"status\": \"ok\", \"result\": [HERE 1]}}""#),
        );
        let (before, behind) = whole.split_once("HERE").expect("the place");
        let frame = head(before.len() + size + behind.len());
        self.out.extend(frame);
        self.out.extend(before.bytes());
        self.flush().await?;
        self.writer.write_all(body).await?;
        self.out.extend(behind.bytes());
        self.flush().await?;
        let shared = &self.shared;
        shared.bytes.fetch_add((whole.len() + size) as u64, SeqCst);
        shared.events.fetch_add(1, SeqCst);
        shared.ended.fetch_add(1, SeqCst);
        shared.large_sent.fetch_add(1, SeqCst);
        Ok(())
    }
}

fn id(n: u64) -> String {
    format!("f100d000-0000-4000-8000-{n:012}")
}

/// A `TaskEvent`; `payload` is a JSON string.
fn event(
    id: &str,
    service: &str,
    kind: &str,
    name: &str,
    parallel: bool,
    state: &str,
    payload: &str,
) -> String {
    format!(
        concat!(
            r#"{{"time":"2026-11-20T08:00:00Z","task_id":"{}","task_target":"{}","task_type":"{}","task_display_name":"{}","#,
            r#""task_metadata":"{{\"parallel\": {}}}","task_payload":{},"task_state":"{}","show_in_dashboard":true}}"#
        ),
        id, service, kind, name, parallel, payload, state
    )
}

/// What goes before an event: a WebSocket frame's header, the topic, the event's length.
fn head(event: usize) -> Vec<u8> {
    const TOPIC: &[u8] = b"TaskEvent.";
    let length = 4 + TOPIC.len() + 4 + event;
    let mut head = vec![0x82];
    match u16::try_from(length) {
        Ok(short) if short < 126 => head.push(short as u8),
        Ok(middle) => {
            head.push(126);
            head.extend(middle.to_be_bytes());
        }
        Err(_) => {
            head.push(127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head.extend((TOPIC.len() as u32).to_be_bytes());
    head.extend(TOPIC);
    head.extend((event as u32).to_be_bytes());
    head
}
