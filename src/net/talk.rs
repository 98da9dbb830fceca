//! A live connection from its first message to its end: reading, writing, pings and silence.
//!
//! Reading and writing are apart, so that neither waits for the other: while a frame of 50 MiB goes out, replies and
//! pings still come in. A connection ends for one reason, and that one is told.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use futures_util::{FutureExt, SinkExt, Stream, StreamExt, stream::SplitSink};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};
use tokio_tungstenite::tungstenite::{
    Bytes, Error, Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{
    Event,
    dial::{Pulse, Socket},
    line::{Keeper, Outgoing},
    problem::{broken, closed, problem},
};
use crate::wire::{
    Text,
    link::{Frame as Came, Line, Problem, ProblemKind},
};

/// How long a good-bye may take.
const FAREWELL: Duration = Duration::from_millis(200);

/// For how long the bus is not read until the loop has a large message of it. Juice keeps what comes meanwhile.
pub(super) const HANDED_OVER: Duration = Duration::from_secs(1);

/// Frames above this size go out in pieces of it: answers to pings go between them, and the progress of each counts as
/// a sign of life. At 10 kB/s one takes 26 s, less than Juice waits for an answer.
pub(super) const PIECE: usize = 256 * 1024;

/// A connection that is to be given up is kept if so many bytes came in a last look at it.
const MORE_THAN_PONGS: u64 = 1024;

/// What goes behind the frame of a task with its own connection, for the other side to give back once it has read both.
const RECEIPT: &[u8] = b"read?";

/// What is asked for a sign of life.
pub(super) const LOOK: &[u8] = b"there?";

/// Why a connection ended.
pub(super) enum Ended {
    /// It broke, or was closed.
    Down(Problem),
    /// The program ends.
    Stopped,
    /// The one task that it was for was answered.
    Answered,
    /// The one task that it was for was withdrawn.
    Withdrawn {
        /// The other side has not said good-bye: what it made of it is not known.
        problem: Option<Problem>,
    },
}

/// Talks until the end. Frames that were handed over and not begun are put into `left`. The one that was on its way
/// when the connection broke is in neither event: whether it arrived is not known, and the loss of the link says so.
pub(super) async fn talk(
    keeper: &Keeper,
    url: &str,
    socket: Socket,
    pulse: &Pulse,
    mut queue: mpsc::UnboundedReceiver<Outgoing>,
    left: &mut Vec<Outgoing>,
) -> Ended {
    let (mut sink, mut stream) = socket.split();
    let mut stop = keeper.shared.stop.clone();
    // True while the loop is so far behind with replies that this connection is not read.
    let held = Cell::new(false);
    // The frame of which the last piece has not been begun: nobody can have it whole.
    let unfinished = RefCell::new(None);
    let mut ended = tokio::select! {
        ended = read(keeper, url, &mut stream, pulse, &held) => ended,
        error = write(keeper, &mut sink, pulse, &mut queue, &unfinished, left) => Ended::Down(broken(url, Some(&error))),
        problem = silence(keeper, url, pulse, &held) => Ended::Down(problem),
        problem = given_up(keeper, || pulse.bytes()) => Ended::Down(problem),
        () = keeper.handle.asked_to_withdraw() => Ended::Withdrawn { problem: None },
        _ = stop.wait_for(|&s| s) => Ended::Stopped,
    };
    // No more frames are taken; those that wait are refused.
    keeper.handle.out.replace(None);
    queue.close();
    left.extend(unfinished.take().map(|id| Outgoing { id, text: String::new() }));
    while let Ok(frame) = queue.try_recv() {
        left.push(frame);
    }
    if matches!(ended, Ended::Withdrawn { .. }) {
        ended = withdrawn(keeper, url, &mut sink, &mut stream, pulse, &held).await;
    } else if !matches!(&ended, Ended::Down(problem) if problem.kind == ProblemKind::Silent) {
        // A close frame, or the answer to one; whether it gets through does not matter.
        let _ = timeout(FAREWELL, sink.close()).await;
    }
    ended
}

/// Says good-bye for the one task of this connection, and waits for the other side's: Juice says it when it drops what
/// waits. An answer may come before it.
async fn withdrawn(
    keeper: &Keeper,
    url: &str,
    sink: &mut SplitSink<Socket, Message>,
    stream: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
    pulse: &Pulse,
    held: &Cell<bool>,
) -> Ended {
    let patience = keeper.shared.options.connect_timeout;
    let good_bye = async {
        if let Err(error) = sink.close().await {
            return Ended::Withdrawn { problem: Some(broken(url, Some(&error))) };
        }
        match read(keeper, url, stream, pulse, held).await {
            Ended::Down(_) if keeper.handle.good_bye.get() => Ended::Withdrawn { problem: None },
            Ended::Down(problem) => Ended::Withdrawn { problem: Some(problem) },
            ended => ended,
        }
    };
    timeout(patience, good_bye).await.unwrap_or_else(|_| {
        let what = format!("{url} did not answer a good-bye within {} s", patience.as_secs());
        Ended::Withdrawn { problem: Some(problem(ProblemKind::Silent, what, String::new())) }
    })
}

/// Ends when the connection is to be given up, unless something is coming all the same, by the bytes that came so far: one
/// message of 50 MiB over a slow link is silent for a minute.
pub(super) async fn given_up(keeper: &Keeper, bytes: impl Fn() -> u64) -> Problem {
    loop {
        let problem = keeper.handle.asked_to_give_up().await;
        let before = bytes();
        sleep(keeper.shared.options.last_look).await;
        if bytes() - before < MORE_THAN_PONGS {
            return problem;
        }
    }
}

async fn read(
    keeper: &Keeper,
    url: &str,
    stream: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
    pulse: &Pulse,
    held: &Cell<bool>,
) -> Ended {
    let (feed, line) = (&keeper.shared.feed, &keeper.line);
    loop {
        if *line != Line::Bus && !feed.has_room() {
            held.set(true);
            feed.room().await;
            pulse.beat();
            held.set(false);
        }
        match stream.next().await {
            Some(Ok(Message::Binary(frame))) => {
                let event = Event::of_bytes(line, &frame);
                feed.message(line, event, frame.len(), || Came::Binary(frame[..].into()));
                if frame.len() >= PIECE {
                    drop(frame);
                    feed.handed_over(HANDED_OVER).await;
                    pulse.beat();
                }
            }
            Some(Ok(Message::Text(text))) => {
                let text = Text::from(text.as_str());
                match Event::of_text(line, text.clone()) {
                    Event::Reply { reply, .. } => match keeper.late_answer(&reply) {
                        Ok(true) => {}
                        Ok(false) => {
                            let last = matches!((line, &reply.id), (Line::Task(id), Some(of)) if id == of);
                            feed.reply(line, reply);
                            if last {
                                return Ended::Answered;
                            }
                        }
                        Err(problem) => return Ended::Down(problem),
                    },
                    bad => feed.message(line, bad, text.len(), || Came::Text(text.clone())),
                }
            }
            Some(Ok(Message::Pong(of))) if of == RECEIPT => {
                if let Some(receipt) = keeper.handle.receipt.take() {
                    let _ = receipt.send(());
                }
            }
            Some(Ok(Message::Pong(of))) if of == LOOK => keeper.handle.seen(),
            // Pongs are made by tungstenite and written out by the next read, which follows at once.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(frame))) => {
                keeper.handle.good_bye.set(true);
                return Ended::Down(closed(url, frame.as_ref()));
            }
            Some(Err(e)) => {
                let problem = broken(url, Some(&e));
                if !matches!(e, Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed)
                    && !problem.what.ends_with("broke off")
                {
                    keeper.fault(&problem);
                }
                return Ended::Down(problem);
            }
            None => return Ended::Down(broken(url, None)),
        }
    }
}

/// Sends what comes from the queue, and signs of life; ends when sending fails.
async fn write(
    keeper: &Keeper,
    sink: &mut SplitSink<Socket, Message>,
    pulse: &Pulse,
    queue: &mut mpsc::UnboundedReceiver<Outgoing>,
    unfinished: &RefCell<Option<Text>>,
    left: &mut Vec<Outgoing>,
) -> Error {
    let every = keeper.shared.options.ping_every;
    let mut pings = interval_at(Instant::now() + every, every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            _ = pings.tick() => {
                if let Err(e) = signs_of_life(sink).await {
                    return e;
                }
            }
            () = keeper.handle.asked_to_look() => {
                if let Err(e) = sink.send(Message::Ping(Bytes::from_static(LOOK))).await {
                    return e;
                }
            }
            frame = queue.recv(), if open => {
                let Some(Outgoing { id, text }) = frame else {
                    open = false;
                    continue;
                };
                let mut pieces = pieces(text).peekable();
                if pieces.len() > 1 {
                    unfinished.replace(Some(id.clone()));
                    pulse.set_uploading(true);
                }
                while let Some(piece) = pieces.next() {
                    if pings.tick().now_or_never().is_some()
                        && let Err(e) = signs_of_life(sink).await
                    {
                        return e;
                    }
                    if pieces.peek().is_none() {
                        unfinished.replace(None);
                    }
                    match sink.send(piece).await {
                        Ok(()) => {}
                        // Refused before a byte of it was written.
                        Err(e @ (Error::AlreadyClosed | Error::ConnectionClosed | Error::Protocol(_))) => {
                            if pieces.peek().is_none() {
                                left.push(Outgoing { id, text: String::new() });
                            }
                            return e;
                        }
                        Err(e) => return e,
                    }
                }
                pulse.set_uploading(false);
                if keeper.handle.receipt.borrow().is_some()
                    && let Err(e) = sink.send(Message::Ping(Bytes::from_static(RECEIPT))).await
                {
                    return e;
                }
                keeper.shared.feed.sure(Event::Sent { id });
            }
        }
    }
}

/// A ping, and a pong that nobody has asked for: the other side's ping may stand behind a large message that is still
/// coming, or not be read because the loop is behind, and it hangs up on who does not answer.
async fn signs_of_life(sink: &mut SplitSink<Socket, Message>) -> Result<(), Error> {
    sink.send(Message::Ping(Bytes::new())).await?;
    sink.send(Message::Pong(Bytes::new())).await
}

/// A text message in one frame, or in several if it is large.
fn pieces(text: String) -> impl ExactSizeIterator<Item = Message> {
    let text = Bytes::from(text);
    let count = text.len().div_ceil(PIECE).max(1);
    (0..count).map(move |n| {
        let part = text.slice(n * PIECE..text.len().min((n + 1) * PIECE));
        let kind = if n == 0 { Data::Text } else { Data::Continue };
        Message::Frame(Frame::message(part, OpCode::Data(kind), n + 1 == count))
    })
}

/// Ends when nothing came for too long.
async fn silence(keeper: &Keeper, url: &str, pulse: &Pulse, held: &Cell<bool>) -> Problem {
    let (clock, limit) = (keeper.shared.clock, keeper.shared.options.silence);
    loop {
        let quiet = clock.now().mono.saturating_sub(pulse.heard());
        if quiet >= limit && !held.get() {
            let what =
                format!("Nothing came from {url} for {} s, not even an answer to a ping", limit.as_secs());
            let remedy = "The network, the tunnel or the process at its other end stands still";
            return problem(ProblemKind::Silent, what, remedy);
        }
        let wait = limit.saturating_sub(quiet).max(Duration::from_millis(20));
        let asleep = clock.now();
        sleep(wait).await;
        // Much later than asked for: this process was stopped, or the machine slept. What came meanwhile has not been
        // read, so the silence is ours; the other side gets its time again.
        if clock.now().since(asleep) > wait + limit / 4 {
            pulse.beat();
        }
    }
}
