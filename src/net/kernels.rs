//! The output channels of the lab's kernels: what cells print, and their errors with the tracebacks that replies lack.
//!
//! A thread of its own. Which kernels there are, and at which ports, stands in Juice's runtime files, which are read again
//! every few seconds: a service that restarts has other ports. It only listens. What a cell
//! prints is gathered for a moment, so that one that prints without end costs little. It refuses to keep more than it needs to
//! tell which code something is of; that it knows beyond a lost connection, and tells of the gap.

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::PathBuf,
    sync::mpsc as blocking,
    thread,
    time::Duration,
};

use chrono::Local;
use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, LocalSet},
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};

use super::{
    discovery::{Channel, channels},
    subscriber::{Came, Message, Subscriber, Terms},
};
use crate::{
    fault,
    memory::Memory,
    time::{Clock, Now},
    wire::{
        Text,
        kernel::{self, Said},
    },
};

/// How often the runtime files are read again.
const LOOK: Duration = Duration::from_secs(10);
/// The first pause before another try, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// The pauses begin anew only after a connection that has held for so long.
const STABLE: Duration = Duration::from_secs(10);
/// Requests whose code is remembered, for each kernel.
const REQUESTS: usize = 20;
/// What a cell prints is told so often.
const OFTEN: Duration = Duration::from_millis(100);
/// Of more than this that was printed since then, bytes, only the end is told.
const MOST_PRINTED: usize = 256 * 1024;
/// A message beyond this is let go: a picture, a million numbers printed at once.
const LONGEST: usize = 4 * 1024 * 1024;
/// A cell whose code is longer is not followed: it would be kept for each of the last requests.
const LONGEST_CODE: usize = 256 * 1024;
/// So much waits for the loop; beyond it kernels are not read, and what they say meanwhile they let go themselves (ZeroMQ's high-water mark).
const WAITING: usize = 8;
/// How often a kernel is asked for a sign of life, and the silence after which it counts as lost.
const PING: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_secs(30);

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
pub fn start(run_dir: PathBuf, memory: Memory, clock: Clock) -> io::Result<(Kernels, mpsc::Receiver<Heard>)> {
    let (stop, mut stopped) = watch::channel(false);
    let (thread_end, ended) = blocking::channel::<()>();
    let (tell, heard) = mpsc::channel(WAITING);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    thread::Builder::new().name("kernels".to_owned()).spawn(move || {
        let _end = thread_end;
        let all = async {
            tokio::select! {
                () = look(run_dir, tell, memory, clock) => {}
                _ = stopped.wait_for(|&stop| stop) => {}
            }
        };
        LocalSet::new().block_on(&runtime, all);
        runtime.shutdown_background();
    })?;
    Ok((Kernels { stop, ended }, heard))
}

/// The way to the loop. Where that has gone everything ends, so whether it was told does not matter.
type Tell = mpsc::Sender<Heard>;

/// Watches each kernel that is named, as long as it is named so.
async fn look(run_dir: PathBuf, tell: Tell, memory: Memory, clock: Clock) {
    let mut watched: HashMap<String, (Channel, JoinHandle<()>)> = HashMap::new();
    loop {
        fault::here("kernels");
        let named = channels(&run_dir);
        let mut gone = Vec::new();
        watched.retain(|service, (channel, task)| {
            let stays = named.iter().any(|named| named == channel);
            if !stays {
                task.abort();
                gone.push(Text::from(service.as_str()));
            }
            stays
        });
        for service in gone {
            let why = "its address was taken from Juice's runtime files".to_owned();
            let _ = tell.send(Heard::Watched(service, Err(why))).await;
        }
        for channel in named {
            if !watched.contains_key(&channel.service) {
                let kept = keep(channel.clone(), tell.clone(), memory.clone(), clock);
                let task = tokio::task::spawn_local(kept);
                watched.insert(channel.service.clone(), (channel, task));
            }
        }
        sleep(LOOK).await;
    }
}

/// Watches one kernel, for ever.
async fn keep(channel: Channel, tell: Tell, memory: Memory, clock: Clock) {
    let service = Text::from(channel.service.as_str());
    let mut slot = Slot::new(service.clone(), tell.clone());
    let mut pauses = Pauses::default();
    let mut told = None;
    loop {
        let mut lived = Duration::ZERO;
        let terms = Terms { limit: LONGEST, ping_every: PING, silence: SILENCE, memory: memory.clone() };
        let why = match Subscriber::connect(&channel.host, channel.port, terms).await {
            Ok(mut kernel) => {
                let _ = tell.send(Heard::Watched(service.clone(), Ok(()))).await;
                told = None;
                let since = clock.now();
                slot.is_back(since);
                let why = receive(&mut kernel, &channel.key, &mut slot, clock).await;
                // What it had said until then is told before the loss.
                slot.flush().await;
                lived = clock.now().since(since);
                why
            }
            Err(why) => why,
        };
        if told.as_ref() != Some(&why) {
            let _ = tell.send(Heard::Watched(service.clone(), Err(why.clone()))).await;
            told = Some(why);
        }
        sleep(pauses.next(lived)).await;
    }
}

/// The pauses between tries: each twice the one before.
#[derive(Debug, Default)]
struct Pauses(Option<Duration>);

impl Pauses {
    /// The next one, after a connection that has held for so long, or none. One that is made and soon lost is no reason to
    /// hurry: some would be made each second for ever.
    fn next(&mut self, lived: Duration) -> Duration {
        let [first, longest] = PAUSES;
        let before = self.0.filter(|_| lived < STABLE);
        *self.0.insert(before.map_or(first, |before| (before * 2).min(longest)))
    }
}

/// Hears until the connection is lost; why it was.
async fn receive(kernel: &mut Subscriber, key: &str, slot: &mut Slot, clock: Clock) -> String {
    let mut due = interval_at(Instant::now() + OFTEN, OFTEN);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let came = tokio::select! {
            came = kernel.next() => came,
            // Only while there is something: an idle kernel wakes nobody.
            _ = due.tick(), if slot.has_news() => {
                slot.flush().await;
                continue;
            }
        };
        match came {
            Ok(Came::Message(message)) => slot.take(&message, key).await,
            Ok(Came::Pong(_)) => {}
            Err(why) => return why,
        }
        slot.heard = Some(clock.now());
    }
}

/// The cell that holds a service's slot, and what it has printed since that was last told. What comes of it after its end
/// is Juice's own client printing it once more; what comes of no request is of cells beside others, which cannot be told apart.
struct Slot {
    service: Text,
    tell: Tell,
    /// When its kernel was last heard.
    heard: Option<Now>,
    request: Option<Text>,
    /// The last requests, and their codes.
    requests: VecDeque<(Text, Text)>,
    /// What it had printed before is wiped.
    wiped: bool,
    /// It is wiped once something else comes.
    wipes: bool,
    printed: String,
    /// What printed last, where its line has no end yet: what another stream prints then stands on a line of its own.
    /// (Each comes when it is flushed, so they may be out of order.)
    open: Option<Text>,
}

impl Slot {
    fn new(service: Text, tell: Tell) -> Slot {
        Slot {
            service,
            tell,
            heard: None,
            request: None,
            requests: VecDeque::new(),
            wiped: false,
            wipes: false,
            printed: String::new(),
            open: None,
        }
    }

    /// A message of the kernel's.
    async fn take(&mut self, message: &Message, key: &str) {
        let parts: Vec<&[u8]> = message.parts.iter().map(Vec::as_slice).collect();
        if let Some((_, length)) = &message.cut {
            // It is not whole, so its signature cannot be checked: it is told of, where it says that it is of this cell.
            let of = kernel::request(&parts);
            if of.is_some() && of == self.request {
                let note = format!("[{} MB in one piece, left out]\n", length / 1_000_000);
                self.prints(of.as_ref(), "left out", &note);
            }
            return;
        }
        match kernel::read(&parts, key) {
            Ok(Said::Input { request, code }) => self.begins(request, code).await,
            Ok(Said::Stream { request, name, text }) => self.prints(Some(&request), &name, &text),
            Ok(Said::Shows { request, what }) => self.prints(Some(&request), "shown", &format!("{what}\n")),
            Ok(Said::Clear { request, waits }) if self.request.as_ref() == Some(&request) => {
                if waits {
                    self.wipes = true;
                } else {
                    self.wipe();
                }
            }
            Ok(Said::Idle { request }) => self.ends(&request).await,
            // What Juice's own client prints once more has a request of its own, whose code is not known.
            Ok(Said::Error { request, name, message, traceback }) => {
                let code = self.requests.iter().find(|(id, _)| *id == request).map(|(_, code)| code.clone());
                if let Some(code) = code {
                    let service = self.service.clone();
                    let raised = Heard::Raised { service, code, name, message, traceback };
                    let _ = self.tell.send(raised).await;
                }
            }
            // A message of somebody else, or one that is of no use here.
            Ok(_) | Err(_) => {}
        }
    }

    /// The kernel is heard, for the first time or again: then what the cell printed since it was last heard is missing.
    fn is_back(&mut self, now: Now) {
        if let (Some(from), Some(request)) = (self.heard.replace(now), self.request.clone()) {
            let time = |at: Now| at.utc.with_timezone(&Local).format("%H:%M:%S");
            let note = format!("[not heard from {} to {}]\n", time(from), time(now));
            // What it showed last stays above the note, also where it was about to be wiped.
            let wipes = std::mem::take(&mut self.wipes);
            self.prints(Some(&request), "not heard", &note);
            self.wipes = wipes;
        }
    }

    async fn tell(&self, what: Cell) {
        let _ = self.tell.send(Heard::Cell(self.service.clone(), what)).await;
    }

    async fn begins(&mut self, request: Text, code: Text) {
        self.flush().await;
        (self.request, self.open, self.wipes) = (None, None, false);
        if code.len() > LONGEST_CODE {
            // The one before it is over.
            return self.tell(Cell::Ends).await;
        }
        self.request = Some(request.clone());
        self.requests.push_back((request, code.clone()));
        if self.requests.len() > REQUESTS {
            self.requests.pop_front();
        }
        self.tell(Cell::Begins(code)).await;
    }

    fn prints(&mut self, request: Option<&Text>, stream: &str, text: &str) {
        if self.request.as_ref() != request || text.is_empty() {
            return;
        }
        if std::mem::take(&mut self.wipes) {
            self.wipe();
        }
        if self.open.take().is_some_and(|open| *open != *stream) {
            self.printed.push('\n');
        }
        self.open = (!text.ends_with('\n')).then(|| stream.into());
        // Of a long one only the end would stay.
        let text = &text[text.ceil_char_boundary(text.len().saturating_sub(MOST_PRINTED))..];
        self.printed.push_str(text);
        if self.printed.len() > MOST_PRINTED {
            let from = self.printed.ceil_char_boundary(self.printed.len() - MOST_PRINTED / 2);
            self.printed.drain(..from);
        }
    }

    /// What it has printed is gone.
    fn wipe(&mut self) {
        self.printed.clear();
        (self.wiped, self.open) = (true, None);
    }

    async fn ends(&mut self, request: &Text) {
        if self.request.as_ref() != Some(request) {
            return;
        }
        self.flush().await;
        self.request = None;
        self.tell(Cell::Ends).await;
    }

    fn has_news(&self) -> bool {
        self.wiped || !self.printed.is_empty()
    }

    async fn flush(&mut self) {
        if std::mem::take(&mut self.wiped) {
            self.tell(Cell::Clear).await;
        }
        if !self.printed.is_empty() {
            let text = std::mem::take(&mut self.printed);
            self.tell(Cell::Printed(text)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// A kernel, as far as its words go, and what is told of them.
    struct Bench {
        slot: Slot,
        told: mpsc::Receiver<Heard>,
    }

    impl Bench {
        fn new() -> Bench {
            let (tell, told) = mpsc::channel(100);
            Bench { slot: Slot::new("lab".into(), tell), told }
        }

        async fn says(&mut self, kind: &str, request: &str, content: serde_json::Value) {
            let parts = parts(kind, request, &content);
            self.slot.take(&Message { parts, cut: None }, "").await;
        }

        async fn begins(&mut self, request: &str, code: &str) {
            self.says("execute_input", request, serde_json::json!({"code": code})).await;
        }

        async fn prints(&mut self, request: &str, name: &str, text: &str) {
            self.says("stream", request, serde_json::json!({"name": name, "text": text})).await;
        }

        async fn told(&mut self) -> Vec<Cell> {
            self.slot.flush().await;
            let mut told = Vec::new();
            while let Ok(heard) = self.told.try_recv() {
                match heard {
                    Heard::Cell(_, cell) => told.push(cell),
                    other => panic!("{other:?}"),
                }
            }
            told
        }
    }

    /// A message, unsigned.
    fn parts(kind: &str, request: &str, content: &serde_json::Value) -> Vec<Vec<u8>> {
        let json = |value: &serde_json::Value| value.to_string().into_bytes();
        vec![
            b"<IDS|MSG>".to_vec(),
            Vec::new(),
            json(&serde_json::json!({"msg_type": kind})),
            json(&serde_json::json!({"msg_id": request})),
            b"{}".to_vec(),
            json(content),
        ]
    }

    fn printed(text: &str) -> Cell {
        Cell::Printed(text.to_owned())
    }

    #[tokio::test]
    async fn what_a_cell_prints_is_told_in_its_order_and_what_comes_after_its_end_is_not() {
        let mut kernel = Bench::new();
        kernel.begins("r", "run()").await;
        kernel.prints("r", "stdout", "a").await;
        kernel.prints("r", "stderr", "careful\n").await;
        kernel.prints("another", "stdout", "of a cell beside it").await;
        kernel.prints("r", "stdout", "b\n").await;
        kernel.says("status", "r", serde_json::json!({"execution_state": "idle"})).await;
        kernel.prints("r", "stdout", "Juice's client once more").await;
        let told = [Cell::Begins("run()".into()), printed("a\ncareful\nb\n"), Cell::Ends];
        assert_eq!(kernel.told().await, told);
    }

    #[tokio::test]
    async fn what_is_wiped_is_wiped_once_in_a_look_and_one_that_waits_once_something_comes() {
        let mut kernel = Bench::new();
        kernel.begins("r", "run()").await;
        kernel.told().await;
        for n in 0..100 {
            kernel.says("clear_output", "r", serde_json::json!({"wait": true})).await;
            kernel.prints("r", "stdout", &format!("{n}\n")).await;
        }
        kernel.says("clear_output", "r", serde_json::json!({"wait": true})).await;
        assert_eq!(kernel.told().await, [Cell::Clear, printed("99\n")]);
        assert_eq!(kernel.told().await, []);
        kernel.says("clear_output", "r", serde_json::json!({"wait": false})).await;
        assert_eq!(kernel.told().await, [Cell::Clear]);
    }

    #[tokio::test]
    async fn of_what_is_printed_between_two_looks_the_end_is_told() {
        let mut kernel = Bench::new();
        kernel.begins("r", "run()").await;
        kernel.told().await;
        for n in 0..20 {
            kernel.prints("r", "stdout", &format!("{}{n}\n", " ".repeat(100_000))).await;
        }
        kernel.prints("r", "stdout", &"ä".repeat(1_000_000)).await;
        kernel.prints("r", "stdout", "!").await;
        let [Cell::Printed(text)] = &kernel.told().await[..] else { panic!() };
        assert!(text.len() <= MOST_PRINTED && text.ends_with("ä!"));
        assert!(kernel.slot.printed.capacity() == 0);
    }

    #[tokio::test]
    async fn a_piece_that_is_too_large_is_told_of_with_its_size() {
        let mut kernel = Bench::new();
        kernel.begins("r", "run()").await;
        kernel.told().await;
        for request in ["r", "another"] {
            let parent = serde_json::json!({"msg_id": request}).to_string().into_bytes();
            let parts = vec![
                b"<IDS|MSG>".to_vec(),
                b"s".to_vec(),
                b"{}".to_vec(),
                parent,
                b"{}".to_vec(),
                b"{".to_vec(),
            ];
            kernel.slot.take(&Message { parts, cut: Some((b"}".to_vec(), 88_000_000)) }, "key").await;
        }
        assert_eq!(kernel.told().await, [printed("[88 MB in one piece, left out]\n")]);
    }

    #[tokio::test]
    async fn a_cell_that_runs_on_beyond_a_lost_connection_is_followed_and_the_gap_stands_in_its_output() {
        let mut kernel = Bench::new();
        kernel.slot.is_back(Now::at(0.0));
        kernel.begins("r", "run()").await;
        kernel.prints("r", "stderr", "fit:  45%").await;
        assert_eq!(kernel.told().await, [Cell::Begins("run()".into()), printed("fit:  45%")]);
        kernel.slot.heard = Some(Now::at(4.0));
        kernel.slot.is_back(Now::at(31.0));
        kernel.prints("r", "stderr", "\rfit:  60%").await;
        let time = |at: f64| Now::at(at).utc.with_timezone(&Local).format("%H:%M:%S");
        let gap = format!("\n[not heard from {} to {}]\n\rfit:  60%", time(4.0), time(31.0));
        assert_eq!(kernel.told().await, [printed(&gap)]);
        // Its error has its code still.
        let error =
            serde_json::json!({"ename": "ValueError", "evalue": "no peak", "traceback": ["in run()"]});
        kernel.says("error", "r", error).await;
        let Ok(Heard::Raised { code, .. }) = kernel.told.try_recv() else { panic!("not raised") };
        assert_eq!(&*code, "run()");
        // Where nothing runs there is nothing to tell.
        kernel.says("status", "r", serde_json::json!({"execution_state": "idle"})).await;
        kernel.slot.is_back(Now::at(60.0));
        assert_eq!(kernel.told().await, [Cell::Ends]);
    }

    /// Takes a subscriber, tells it these messages and, if it is to, closes the connection.
    async fn publish(listener: &TcpListener, messages: &[Vec<Vec<u8>>], closes: bool) -> TcpStream {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut greeting = [0; 64];
        stream.read_exact(&mut greeting).await.unwrap();
        stream.write_all(&greeting).await.unwrap();
        stream.write_all(b"\x04\x06\x05READY").await.unwrap();
        for message in messages {
            for (n, part) in message.iter().enumerate() {
                let more = u8::from(n + 1 < message.len());
                stream.write_all(&[more, u8::try_from(part.len()).unwrap()]).await.unwrap();
                stream.write_all(part).await.unwrap();
            }
        }
        if closes {
            stream.shutdown().await.unwrap();
            // What was not read yet would be thrown away with it.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        stream
    }

    #[tokio::test]
    async fn what_was_printed_before_a_loss_is_told_before_it_and_the_next_connection_follows_the_same_cell()
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let channel =
            Channel { service: "lab".to_owned(), host: "127.0.0.1".to_owned(), port, key: String::new() };
        let (tell, mut heard) = mpsc::channel(100);
        let stream = |text: &str| parts("stream", "r", &serde_json::json!({"name": "stderr", "text": text}));
        let begins = parts("execute_input", "r", &serde_json::json!({"code": "run()"}));
        let server = async {
            publish(&listener, &[begins, stream("fit:  45%")], true).await;
            let _open = publish(&listener, &[stream("fit:  60%\n")], false).await;
            std::future::pending::<()>().await;
        };
        let told = async {
            let (mut told, mut text) = (Vec::new(), String::new());
            while !text.ends_with("60%\n") {
                match heard.recv().await.unwrap() {
                    Heard::Watched(_, state) => told.push(state.map_err(|_| text.clone())),
                    Heard::Cell(_, Cell::Printed(more)) => text.push_str(&more),
                    Heard::Cell(_, Cell::Begins(code)) => assert_eq!(&*code, "run()"),
                    other => panic!("{other:?}"),
                }
            }
            (told, text)
        };
        let (told, text) = tokio::select! {
            told = told => told,
            () = keep(channel, tell, Memory::default(), Clock::start()) => unreachable!(),
            () = server => unreachable!(),
        };
        assert_eq!(told, [Ok(()), Err("fit:  45%".to_owned()), Ok(())]);
        let lines: Vec<&str> = text.lines().collect();
        let [before, gap, after] = lines[..] else { panic!("{text}") };
        assert_eq!((before, after), ("fit:  45%", "fit:  60%"));
        assert!(gap.starts_with("[not heard from ") && gap.contains(" to "), "{gap}");
    }

    #[test]
    fn pauses_begin_anew_only_after_a_connection_that_has_held() {
        let mut pauses = Pauses::default();
        let mut next = |lived: u64| pauses.next(Duration::from_secs(lived)).as_secs();
        assert_eq!([0, 0, 1, 9].map(&mut next), [1, 2, 4, 8], "made and lost at once");
        assert_eq!([0; 4].map(&mut next), [16, 32, 60, 60]);
        assert_eq!([10, 0].map(&mut next), [1, 2]);
    }

    #[tokio::test]
    async fn a_cell_with_endless_code_is_not_followed_and_ends_the_one_before_it() {
        let mut kernel = Bench::new();
        kernel.begins("r", "run()").await;
        kernel.begins("long", &"x".repeat(LONGEST_CODE + 1)).await;
        kernel.prints("long", "stdout", "nobody's").await;
        kernel.prints("r", "stdout", "late").await;
        assert_eq!(kernel.told().await, [Cell::Begins("run()".into()), Cell::Ends]);
        assert!(kernel.slot.requests.iter().all(|(_, code)| code.len() <= LONGEST_CODE));
    }
}
