//! One connection to a ZeroMQ publisher, of which everything is heard: a kernel's output, the bus of an older Juice.
//!
//! ZMTP 3.0 with the NULL mechanism (RFC 23), as far as a subscriber needs it: a greeting, a command, one subscription, and
//! then frames. It is our own because of what comes from outside: no length that a frame claims is believed before it has
//! come, and of what is larger than the limit only the ends are kept. (The `zeromq` crate makes room for whatever is claimed,
//! which ends the program.) It also asks for signs of life, which ZeroMQ answers by itself (`PING` of ZMTP 3.1, RFC 37;
//! measured with libzmq 4.3.5): a publisher that went away without a word is noticed.
//!
//! It refuses to open another connection by itself: what came between two is a gap, and whoever listens has to know of it.

use std::{cell::Cell, io, rc::Rc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};

use super::{address::authority, dial::connect_first, problem::io_words};
use crate::{
    memory::{Held, Memory},
    wire::stand_in::{HEAD, TAIL},
};

/// How long connecting, and each step of the opening, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A message that claims to be longer than this would keep a connection busy for too long, or lies: 1 GiB.
const MOST: u64 = 1 << 30;
/// Commands are short.
const LONGEST_COMMAND: u64 = 64 * 1024;
/// A message of Jupyter's has seven parts, one of Juice's two.
const MOST_PARTS: usize = 64;
/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// The bits of a frame's first byte.
const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// What is said first: version 3.0, no security, not as the server.
const GREETING: [u8; 64] = {
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    let name = *b"NULL";
    let mut at = 0;
    while at < name.len() {
        greeting[12 + at] = name[at];
        at += 1;
    }
    greeting
};
/// What is said next: who this is.
const READY: &[u8] = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB";
/// Then: everything is wanted.
const EVERYTHING: &[u8] = b"\x00\x01\x01";

/// How a connection is kept.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Of a message that is longer only the ends are kept, bytes.
    pub limit: usize,
    /// How often a sign of life is asked for.
    pub ping_every: Duration,
    /// Silence after which it counts as lost, if it ever answered.
    pub silence: Duration,
    /// Where a large message is weighed while it comes.
    pub memory: Memory,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// A message.
    Message(Message),
    /// The answer to a question for a sign of life.
    Pong(Vec<u8>),
}

/// A message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// Its parts. Of one that is too large as much of their beginning as [`HEAD`] takes.
    pub parts: Vec<Vec<u8>>,
    /// Of one that is too large the end, and how long it was with what a length takes.
    pub cut: Option<(Vec<u8>, u64)>,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Subscriber {
    stream: TcpStream,
    /// `host:port`.
    address: String,
    decoder: Decoder,
    /// How many bytes came.
    bytes: Rc<Cell<u64>>,
    ping_every: Duration,
    silence: Duration,
    /// It may be asked for a sign of life: that came with version 3.1, and who does not know the question may hang up.
    asks: bool,
    /// It answers when it is asked.
    answers: bool,
    /// Since when a question waits for anything to come.
    asked: Option<Instant>,
    ping_at: Instant,
}

impl Subscriber {
    /// Connects, and asks for everything.
    ///
    /// # Errors
    /// The address, and what is wrong there: a clause.
    pub(super) async fn connect(host: &str, port: u16, terms: Terms) -> Result<Subscriber, String> {
        let address = authority(host, port);
        let of_it = |why: &str| format!("{address} {why}");
        let open = async {
            let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
            connect_first(&addresses, TcpStream::connect).await
        };
        let (stream, _) = match timeout(PATIENCE, open).await {
            Ok(Ok(open)) => open,
            Ok(Err(e)) => return Err(of_it(&format!("is not reached: {}", io_words(&e)))),
            Err(_) => return Err(of_it("does not answer")),
        };
        let _ = stream.set_nodelay(true);
        let now = Instant::now();
        let mut subscriber = Subscriber {
            stream,
            address: address.clone(),
            decoder: Decoder::new(terms.limit, &terms.memory),
            bytes: Rc::default(),
            ping_every: terms.ping_every,
            silence: terms.silence,
            asks: false,
            answers: false,
            asked: None,
            ping_at: now + terms.ping_every,
        };
        match timeout(PATIENCE, subscriber.open()).await {
            Ok(Ok(())) => Ok(subscriber),
            Ok(Err(e)) => Err(of_it(&format!("is no publisher of ZeroMQ: {}", io_words(&e)))),
            Err(_) => Err(of_it("does not answer as a publisher of ZeroMQ does")),
        }
    }

    async fn open(&mut self) -> io::Result<()> {
        self.stream.write_all(&GREETING).await?;
        let mut greeting = [0; 64];
        self.stream.read_exact(&mut greeting).await?;
        if greeting[0] != 0xff || greeting[9] & 1 == 0 || greeting[10] < 3 {
            return Err(io::Error::other("its greeting is another"));
        }
        let mechanism = greeting[12..32].split(|byte| *byte == 0).next().unwrap_or_default();
        if mechanism != b"NULL" {
            let name = String::from_utf8_lossy(mechanism);
            return Err(io::Error::other(format!("it wants the mechanism {name}")));
        }
        self.asks = greeting[10..12] >= [3, 1][..];
        self.stream.write_all(READY).await?;
        loop {
            match self.decoder.next()? {
                Some(Frame::Command(command)) if command.starts_with(b"\x05READY") => break,
                Some(_) => return Err(io::Error::other("it does not take a subscriber")),
                None => self.fill().await?,
            }
        }
        self.stream.write_all(EVERYTHING).await?;
        // The first sign of life, so that it is known early whether they are answered.
        self.ping(b"")
    }

    /// Where it is, `host:port`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// How many bytes came so far: can be read while the next message is awaited.
    pub(super) fn bytes(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.bytes)
    }

    /// The next that comes. May be given up at any moment and asked again.
    ///
    /// # Errors
    /// The connection was lost: what happened, a clause that begins with its address.
    pub(super) async fn next(&mut self) -> Result<Came, String> {
        let ended = loop {
            match self.step().await {
                Ok(Some(came)) => return Ok(came),
                Ok(None) => {}
                Err(e) => break e,
            }
        };
        Err(match ended.kind() {
            io::ErrorKind::UnexpectedEof => format!("{} closed the connection", self.address),
            _ => format!("the connection to {} broke off ({})", self.address, io_words(&ended)),
        })
    }

    async fn step(&mut self) -> io::Result<Option<Came>> {
        match self.decoder.next()? {
            Some(Frame::Message(message)) => return Ok(Some(Came::Message(message))),
            Some(Frame::Command(command)) => return self.command(&command),
            None => {}
        }
        let lost_at = self.asked.filter(|_| self.answers).map(|asked| asked + self.silence);
        let at = lost_at.map_or(self.ping_at, |lost| lost.min(self.ping_at));
        tokio::select! {
            // What waits there is read before it is called silent: this program may have stood still.
            biased;
            filled = self.fill() => filled?,
            () = sleep_until(at) => {
                let now = Instant::now();
                // Much later than asked for: this process was stopped, or the machine slept. The silence is ours; the other
                // side gets its time again.
                if now > at + self.silence / 4 {
                    self.asked = None;
                } else if lost_at.is_some_and(|lost| lost <= now) {
                    let silence = self.silence.as_secs();
                    return Err(io::Error::other(format!("it has been silent for {silence} s")));
                }
                self.ping(b"")?;
            }
        }
        Ok(None)
    }

    async fn fill(&mut self) -> io::Result<()> {
        let buffer = self.decoder.buffer();
        let came = self.stream.read_buf(buffer).await?;
        if came == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.bytes.set(self.bytes.get() + came as u64);
        self.asked = None;
        Ok(())
    }

    fn command(&mut self, command: &[u8]) -> io::Result<Option<Came>> {
        if let Some(context) = command.strip_prefix(b"\x04PONG") {
            self.answers = true;
            return Ok(Some(Came::Pong(context.to_owned())));
        }
        // Its time to live goes before what it wants back.
        if let Some(context) = command.strip_prefix(b"\x04PING").and_then(|rest| rest.get(2..)) {
            self.send(&[b"\x04PONG", context.get(..16).unwrap_or(context)].concat())?;
        }
        Ok(None)
    }

    /// Asks for a sign of life, which gives this back.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn ping(&mut self, context: &[u8]) -> io::Result<()> {
        let now = Instant::now();
        self.asked.get_or_insert(now);
        self.ping_at = now + self.ping_every;
        if !self.asks {
            return Ok(());
        }
        self.send(&[b"\x04PING\x00\x00", context].concat())
    }

    /// Sends a short command. Where a connection takes not even that, its other side does not read.
    fn send(&mut self, command: &[u8]) -> io::Result<()> {
        let length = u8::try_from(command.len()).unwrap_or(u8::MAX);
        let frame = [&[COMMAND, length], command].concat();
        match self.stream.try_write(&frame) {
            Ok(sent) if sent == frame.len() => Ok(()),
            Ok(_) => Err(io::Error::other("it takes nothing any more")),
            // What is not answered is found by its silence.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(e) => Err(e),
        }
    }
}

/// Takes messages out of what comes.
#[derive(Debug)]
struct Decoder {
    limit: u64,
    /// What came and was not taken yet, from `at` on.
    buffer: Vec<u8>,
    at: usize,
    frame: Option<Begun>,
    message: Message,
    /// Bytes of its parts, with four for the length of each.
    length: u64,
    command: Vec<u8>,
    held: Held,
}

/// A frame that is not whole yet.
#[derive(Clone, Copy, Debug)]
struct Begun {
    command: bool,
    more: bool,
    left: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Frame {
    Message(Message),
    Command(Vec<u8>),
}

impl Decoder {
    fn new(limit: usize, memory: &Memory) -> Decoder {
        Decoder {
            limit: limit as u64,
            buffer: Vec::new(),
            at: 0,
            frame: None,
            message: Message::default(),
            length: 0,
            command: Vec::new(),
            held: memory.hold(0),
        }
    }

    /// Where more of what comes goes: there is room for a piece of it.
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.drain(..std::mem::take(&mut self.at));
        self.buffer.reserve(PIECE);
        &mut self.buffer
    }

    /// The next that is whole.
    fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            let Some(frame) = self.frame else {
                if !self.begin()? {
                    return Ok(None);
                }
                continue;
            };
            let came = &self.buffer[self.at..];
            let taken = came.len().min(usize::try_from(frame.left).unwrap_or(usize::MAX));
            let left = frame.left - taken as u64;
            if frame.command {
                self.command.extend_from_slice(&came[..taken]);
            } else {
                take(&mut self.message, &came[..taken]);
            }
            self.at += taken;
            if left > 0 {
                self.frame = Some(Begun { left, ..frame });
                return Ok(None);
            }
            self.frame = None;
            if frame.command {
                return Ok(Some(Frame::Command(std::mem::take(&mut self.command))));
            }
            if !frame.more {
                self.length = 0;
                self.held.set(0);
                return Ok(Some(Frame::Message(std::mem::take(&mut self.message))));
            }
        }
    }

    /// Reads a frame's header; whether all of it was there.
    fn begin(&mut self) -> io::Result<bool> {
        let strange = |what: &str| Err(io::Error::other(what.to_owned()));
        let came = &self.buffer[self.at..];
        let Some(&flags) = came.first() else { return Ok(false) };
        if flags & !(MORE | LONG | COMMAND) != 0 {
            return strange("it does not speak as ZeroMQ does");
        }
        let (length, header) = match (flags & LONG != 0, &came[1..]) {
            (true, rest) => match rest.first_chunk::<8>() {
                Some(length) => (u64::from_be_bytes(*length), 9),
                None => return Ok(false),
            },
            (false, [length, ..]) => (u64::from(*length), 2),
            (false, []) => return Ok(false),
        };
        let (command, more) = (flags & COMMAND != 0, flags & MORE != 0);
        if command && length > LONGEST_COMMAND {
            return strange("it claims a command without end");
        }
        if !command {
            self.length = self.length.saturating_add(length).saturating_add(4);
            if self.length > MOST || self.message.parts.len() >= MOST_PARTS {
                return strange("it claims a message without end");
            }
            if self.length > self.limit && self.message.cut.is_none() {
                shorten(&mut self.message);
            }
            self.message.parts.push(Vec::new());
            if let Some((_, whole)) = &mut self.message.cut {
                *whole = self.length;
            }
            // There as it came, as it is read, and where it is kept.
            let weight = if self.message.cut.is_some() { 0 } else { self.length.saturating_mul(3) };
            self.held.set(usize::try_from(weight).unwrap_or(0));
        }
        self.at += header;
        self.frame = Some(Begun { command, more, left: length });
        Ok(true)
    }
}

/// From here on only its ends are kept.
fn shorten(message: &mut Message) {
    let mut room = HEAD;
    for part in &mut message.parts {
        part.truncate(room);
        room -= part.len();
    }
    message.cut = Some((Vec::new(), 0));
}

/// More of a message's last part.
fn take(message: &mut Message, came: &[u8]) {
    let Message { parts, cut } = message;
    let before: usize = if cut.is_some() { parts.iter().map(Vec::len).sum() } else { 0 };
    let Some(part) = parts.last_mut() else { return };
    let Some((tail, _)) = cut else { return part.extend_from_slice(came) };
    part.extend_from_slice(&came[..came.len().min(HEAD.saturating_sub(before))]);
    tail.extend_from_slice(&came[came.len().saturating_sub(TAIL)..]);
    tail.drain(..tail.len().saturating_sub(TAIL));
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        sync::mpsc,
    };

    use proptest::prelude::*;

    use super::*;

    /// A frame as it is sent.
    fn frame(flags: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        match u8::try_from(length) {
            Ok(length) => [&[flags, length], content].concat(),
            Err(_) => [&[flags | LONG], &(length as u64).to_be_bytes()[..], content].concat(),
        }
    }

    fn message(parts: &[&[u8]]) -> Vec<u8> {
        let last = parts.len() - 1;
        parts.iter().enumerate().flat_map(|(n, part)| frame(u8::from(n < last), part)).collect()
    }

    fn decoder(limit: usize) -> Decoder {
        Decoder::new(limit, &Memory::default())
    }

    /// All that comes out of these bytes, in pieces of that size.
    fn decode(decoder: &mut Decoder, bytes: &[u8], piece: usize) -> io::Result<Vec<Frame>> {
        let mut frames = Vec::new();
        for piece in bytes.chunks(piece) {
            decoder.buffer().extend_from_slice(piece);
            while let Some(frame) = decoder.next()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    proptest! {
        #[test]
        fn messages_are_the_same_however_they_come(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 1..5),
            piece in 1_usize..700,
        ) {
            let borrowed: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let bytes = [message(&borrowed), frame(COMMAND, b"\x04PONGab"), message(&borrowed)].concat();
            let whole = || Frame::Message(Message { parts: parts.clone(), cut: None });
            let frames = decode(&mut decoder(1 << 20), &bytes, piece).unwrap();
            prop_assert_eq!(frames, vec![whole(), Frame::Command(b"\x04PONGab".to_vec()), whole()]);
        }

        #[test]
        fn nothing_that_comes_takes_more_than_was_sent(bytes in prop::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
            let mut decoder = decoder(1000);
            let _ = decode(&mut decoder, &bytes, piece);
            let kept: usize = decoder.message.parts.iter().map(Vec::capacity).sum();
            prop_assert!(kept <= 4 * bytes.len() + 64);
        }
    }

    #[test]
    fn of_what_is_too_large_the_ends_are_kept_and_the_next_comes_whole() {
        let content: Vec<u8> = (0..500_000_u32).flat_map(u32::to_be_bytes).collect();
        let bytes = [message(&[b"topic", &content]), message(&[b"a", b"b"])].concat();
        let frames = decode(&mut decoder(100_000), &bytes, 10_000).unwrap();
        let [Frame::Message(large), Frame::Message(next)] = &frames[..] else { panic!("{}", frames.len()) };
        let (tail, length) = large.cut.as_ref().unwrap();
        assert_eq!((large.parts[0].as_slice(), *length), (&b"topic"[..], content.len() as u64 + 5 + 8));
        assert_eq!(large.parts[1], content[..HEAD - 5]);
        assert_eq!(tail, &content[content.len() - TAIL..]);
        assert_eq!(next, &Message { parts: vec![b"a".to_vec(), b"b".to_vec()], cut: None });
    }

    /// A publisher in a thread of its own, which answers so many questions for a sign of life and tells of each; then it says
    /// nothing any more.
    fn publisher(answers: usize) -> (u16, mpsc::Receiver<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, questions) = mpsc::channel();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut greeting = GREETING;
            greeting[11] = 1;
            stream.write_all(&greeting).unwrap();
            stream.write_all(&frame(COMMAND, b"\x05READY")).unwrap();
            let mut opening = [0; GREETING.len() + READY.len() + EVERYTHING.len()];
            stream.read_exact(&mut opening).unwrap();
            let mut ping = [0; 9];
            for n in 0.. {
                if stream.read_exact(&mut ping).is_err() || asked.send(()).is_err() {
                    return;
                }
                if n < answers {
                    stream.write_all(&frame(COMMAND, b"\x04PONG")).unwrap();
                }
            }
        });
        (port, questions)
    }

    #[tokio::test]
    async fn time_in_which_it_did_not_run_is_no_silence_of_the_other_side() {
        let silence = Duration::from_secs(1);
        let terms = Terms { limit: 1000, ping_every: silence / 20, silence, memory: Memory::default() };
        let (port, questions) = publisher(1);
        let mut publisher = Subscriber::connect("127.0.0.1", port, terms).await.unwrap();
        assert_eq!(publisher.next().await, Ok(Came::Pong(Vec::new())));
        assert!(timeout(silence / 5, publisher.next()).await.is_err(), "it has asked again, and waits");
        while questions.try_recv().is_ok() {}
        // The whole thread stands still, for longer than the other side may.
        std::thread::sleep(silence * 2);
        let next = timeout(silence / 5, publisher.next()).await;
        assert!(next.is_err(), "given up for its own silence: {next:?}");
        assert!(questions.recv_timeout(PATIENCE).is_ok(), "the other side is asked once more");
        assert!(publisher.next().await.unwrap_err().contains("silent for 1 s"));
    }

    #[test]
    fn a_length_is_not_believed() {
        for length in [u64::MAX, 1 << 62, MOST] {
            let mut decoder = decoder(1000);
            let header = [&[LONG][..], &length.to_be_bytes()].concat();
            assert!(decode(&mut decoder, &header, 100).unwrap_err().to_string().contains("without end"));
        }
        let mut decoder = decoder(1000);
        let claimed = [&[LONG][..], &(MOST - 4).to_be_bytes(), b"little"].concat();
        assert_eq!(decode(&mut decoder, &claimed, 100).unwrap(), []);
        assert!(decoder.message.parts[0].capacity() < 1000 && decoder.buffer.capacity() < 4 * PIECE);
        let command = [&[LONG | COMMAND][..], &u64::MAX.to_be_bytes()].concat();
        assert!(decode(&mut self::decoder(1000), &command, 100).is_err());
        let many = frame(MORE, b"").repeat(MOST_PARTS + 1);
        assert!(decode(&mut self::decoder(1000), &many, 100).is_err());
    }
}
