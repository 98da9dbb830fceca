//! A layer under the WebSocket that takes the place of what is too large to be taken.
//!
//! A WebSocket library ends a connection at a message over its limit; with the connection to a lab one loses everybody's
//! events, and on `/tasks` the own tasks that wait. So messages over the limit are swallowed here as they come, in little
//! memory, and a short one stands in for each ([`Cut`]), in its place among the others.
//!
//! It is also the first to know how large a message is going to be, so it weighs it as long as it is being read: the
//! store makes room meanwhile.
//!
//! It looks at the headers of frames and at nothing else, and leaves alone what it does not understand: the library says
//! what is wrong with it. A message in several frames is put together here and goes on in one, so that it is known how
//! large it is before the library has any of it. One that claims more than [`MOST`] is not swallowed.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, ReadBuf};

use crate::{
    memory::{Held, Memory},
    wire::stand_in::{Cut, HEAD, TAIL},
};

/// A message that claims to be longer than this would keep a connection busy for too long, or lies: 1 GiB.
const MOST: u64 = 1 << 30;

/// The longest header of a frame from a server, which masks nothing.
const HEADER: usize = 10;

/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// The last frame of a message, and the kinds of frames.
const LAST: u8 = 0x80;
const CONTINUED: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const FIRST_CONTROL: u8 = 0x8;

#[derive(Debug)]
pub(super) struct Skim<S> {
    inner: BufReader<S>,
    limit: u64,
    stage: Stage,
    /// A message that is taken here and not let through as it comes.
    message: Option<Message>,
    /// What goes to the reader before anything else does, and how much of the first of it has gone.
    out: VecDeque<Vec<u8>>,
    gone: usize,
    /// The weight of the message that is read.
    held: Held,
}

#[derive(Debug)]
enum Stage {
    /// The answer to the upgrade, up to its empty line: its first line's beginning, and its last four bytes.
    Upgrade(Vec<u8>, [u8; 4]),
    /// No WebSocket.
    Other,
    /// A frame's header, as far as it has come.
    Header(Vec<u8>),
    /// So much of a frame's content is still to come, and goes through.
    Content(u64),
    /// The same of one that belongs to the message that is taken here.
    Taking { left: u64, last: bool },
}

/// A message in several frames, or one that is swallowed.
#[derive(Debug)]
struct Message {
    kind: u8,
    /// Of all its frames that have begun.
    length: u64,
    /// What came, in pieces, as long as it is within the limit.
    pieces: Vec<Vec<u8>>,
    /// Of one over the limit, all that is kept.
    ends: Option<Ends>,
}

#[derive(Debug, Default)]
struct Ends {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl<S: AsyncRead> Skim<S> {
    /// On a connection on which nothing has been read yet. At most `limit` bytes a message are let through.
    pub(super) fn new(inner: S, limit: usize, memory: &Memory) -> Skim<S> {
        Skim {
            inner: BufReader::with_capacity(PIECE, inner),
            limit: u64::try_from(limit).unwrap_or(u64::MAX),
            stage: Stage::Upgrade(Vec::new(), [0; 4]),
            message: None,
            out: VecDeque::new(),
            gone: 0,
            held: memory.hold(0),
        }
    }

    /// What a header means for what follows it.
    fn on_header(&mut self, header: Vec<u8>, length: u64) {
        let (kind, last) = (header[0] & 0xf, header[0] & LAST != 0);
        // Whatever is masked, or uses an extension that nobody asked for, is for the library to refuse.
        let is_plain = header[0] & 0x70 == 0 && header[1] & 0x80 == 0;
        let so_far = self.message.as_ref().map(|message| message.length);
        let belongs = match so_far {
            // The library refuses a continuation of what it has seen nothing of.
            Some(so_far) => kind == CONTINUED && so_far.saturating_add(length) <= MOST,
            None => matches!(kind, TEXT | BINARY) && length <= MOST && (!last || length > self.limit),
        };
        if is_plain && belongs {
            let message = self.message.get_or_insert_with(|| Message::new(kind));
            message.begin(length, self.limit);
            self.held.set(message.weight());
            self.stage = Stage::Taking { left: length, last };
            return;
        }
        if kind < FIRST_CONTROL
            && let Some(message) = self.message.take()
        {
            self.out.extend(message.frame(false));
        }
        // What claims too much is refused.
        if self.message.is_none() && length <= self.limit {
            self.held.set(weight(length));
        }
        let mask = if header[1] & 0x80 == 0 { 0 } else { 4 };
        self.out.push_back(header);
        self.stage = Stage::Content(length.saturating_add(mask));
    }
}

/// A message is there three times while it is read: as it came, without its escapes, and where it is kept.
fn weight(length: u64) -> usize {
    usize::try_from(length).unwrap_or(0).saturating_mul(3)
}

impl Message {
    fn new(kind: u8) -> Message {
        Message { kind, length: 0, pieces: Vec::new(), ends: None }
    }

    /// A frame of it begins.
    fn begin(&mut self, length: u64, limit: u64) {
        self.length += length;
        if self.length > limit && self.ends.is_none() {
            self.ends = Some(Ends::default());
            for piece in std::mem::take(&mut self.pieces) {
                self.take(&piece);
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if let Some(Ends { head, tail }) = &mut self.ends {
            let first = HEAD.saturating_sub(head.len()).min(bytes.len());
            head.extend_from_slice(&bytes[..first]);
            tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
            let over = tail.len().saturating_sub(TAIL);
            tail.drain(..over);
            return;
        }
        match self.pieces.last_mut() {
            Some(piece) if piece.len() + bytes.len() <= PIECE => piece.extend_from_slice(bytes),
            _ => self.pieces.push(bytes.to_vec()),
        }
    }

    fn weight(&self) -> usize {
        if self.ends.is_some() { 0 } else { weight(self.length) }
    }

    /// What goes on in its place: one frame.
    fn end(self, limit: u64) -> Vec<Vec<u8>> {
        let Some(Ends { head, tail }) = &self.ends else { return self.frame(true) };
        let cut = Cut { head, tail, length: self.length, limit };
        let content = if self.kind == TEXT { cut.reply().into_bytes() } else { cut.event() };
        let length = content.len() as u64;
        Message { length, pieces: vec![content], ends: None, ..self }.frame(true)
    }

    /// What there is of it, as a frame.
    fn frame(self, last: bool) -> Vec<Vec<u8>> {
        let length: usize = self.pieces.iter().map(Vec::len).sum();
        let mut header = vec![self.kind | if last { LAST } else { 0 }, 127];
        header.extend((length as u64).to_be_bytes());
        let mut frame = vec![header];
        frame.extend(self.pieces);
        frame
    }
}

/// The length in a frame's header, if that is whole.
fn length(header: &[u8]) -> Option<u64> {
    let (_, rest) = header.split_first()?;
    let (short, rest) = rest.split_first()?;
    match short & 0x7f {
        126 => rest.first_chunk().map(|bytes| u16::from_be_bytes(*bytes).into()),
        127 => rest.first_chunk().map(|bytes| u64::from_be_bytes(*bytes)),
        short => Some(short.into()),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Skim<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if let Some(out) = this.out.front() {
                let now = (out.len() - this.gone).min(buf.remaining());
                buf.put_slice(&out[this.gone..this.gone + now]);
                this.gone += now;
                if this.gone == out.len() {
                    this.out.pop_front();
                    this.gone = 0;
                }
                return Poll::Ready(Ok(()));
            }
            let mut inner = Pin::new(&mut this.inner);
            match &mut this.stage {
                Stage::Other => return inner.poll_read(cx, buf),
                Stage::Content(left) if *left > 0 => {
                    // A large content goes past the buffer.
                    let most = usize::try_from(*left).unwrap_or(usize::MAX).min(buf.remaining());
                    let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
                    ready!(inner.poll_read(cx, &mut part))?;
                    let read = part.filled().len();
                    buf.advance(read);
                    *left -= read as u64;
                    return Poll::Ready(Ok(()));
                }
                Stage::Content(_) => {
                    // Whoever asks for more has read the message before it.
                    this.held.set(this.message.as_ref().map_or(0, Message::weight));
                    this.stage = Stage::Header(Vec::with_capacity(HEADER));
                }
                Stage::Upgrade(start, last) => {
                    let bytes = ready!(inner.as_mut().poll_fill_buf(cx))?;
                    let mut taken = 0;
                    let mut over = false;
                    for &byte in bytes.iter().take(buf.remaining()) {
                        taken += 1;
                        if start.len() < 12 {
                            start.push(byte);
                        }
                        last.rotate_left(1);
                        last[3] = byte;
                        if last == b"\r\n\r\n" {
                            over = true;
                            break;
                        }
                    }
                    buf.put_slice(&bytes[..taken]);
                    inner.consume(taken);
                    if over {
                        let upgraded = start.ends_with(b" 101");
                        this.stage = if upgraded { Stage::Content(0) } else { Stage::Other };
                    }
                    return Poll::Ready(Ok(()));
                }
                Stage::Header(header) => {
                    let bytes = ready!(inner.as_mut().poll_fill_buf(cx))?;
                    let Some(&byte) = bytes.first() else {
                        // The end; what there is of a header goes before it.
                        if header.is_empty() {
                            return Poll::Ready(Ok(()));
                        }
                        this.out.push_back(std::mem::take(header));
                        continue;
                    };
                    inner.consume(1);
                    header.push(byte);
                    if let Some(length) = length(header) {
                        let header = std::mem::take(header);
                        this.on_header(header, length);
                    }
                }
                Stage::Taking { left, .. } if *left > 0 => {
                    let bytes = ready!(inner.as_mut().poll_fill_buf(cx))?;
                    if bytes.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    let most = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    if let Some(message) = &mut this.message {
                        message.take(&bytes[..most]);
                    }
                    *left -= most as u64;
                    inner.consume(most);
                }
                Stage::Taking { last: false, .. } => this.stage = Stage::Header(Vec::with_capacity(HEADER)),
                Stage::Taking { .. } => {
                    this.out
                        .extend(this.message.take().into_iter().flat_map(|message| message.end(this.limit)));
                    this.stage = Stage::Content(0);
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Skim<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.inner.get_mut()).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.inner.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.inner.get_mut()).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;

    use super::*;

    const UPGRADE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nX: y\r\n\r\n";

    fn frame(first: u8, content: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match content.len() {
            short @ 0..126 => frame.push(u8::try_from(short).unwrap()),
            middle @ 126..65_536 => {
                frame.push(126);
                frame.extend(u16::try_from(middle).unwrap().to_be_bytes());
            }
            long => {
                frame.push(127);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        frame.extend(content);
        frame
    }

    /// What comes through, where the bytes come in pieces of these sizes.
    fn skim(bytes: &[u8], sizes: &[usize], limit: usize) -> Vec<u8> {
        let mut pieces = in_pieces(bytes, sizes);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut out = Vec::new();
            Skim::new(&mut pieces, limit, &Memory::default()).read_to_end(&mut out).await.unwrap();
            out
        })
    }

    struct Pieces {
        bytes: Vec<u8>,
        at: usize,
        sizes: Vec<usize>,
        turn: usize,
    }

    fn in_pieces(bytes: &[u8], sizes: &[usize]) -> Pieces {
        Pieces { bytes: bytes.to_vec(), at: 0, sizes: sizes.to_vec(), turn: 0 }
    }

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let size = self.sizes[self.turn % self.sizes.len()].max(1).min(buf.remaining());
            let end = (self.at + size).min(self.bytes.len());
            buf.put_slice(&self.bytes[self.at..end]);
            (self.at, self.turn) = (end, self.turn + 1);
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_reply_over_the_limit_is_swallowed_in_its_place() {
        let large = format!(r#"{{"id": "big", "status": "ok", "result": "{}"}}"#, "x".repeat(200_000));
        let before = frame(0x81, br#"{"id": "a", "status": "ok"}"#);
        let behind = [frame(0x89, b"ping"), frame(0x81, br#"{"id": "b", "status": "ok"}"#)].concat();
        let bytes = [UPGRADE, &before, &frame(0x81, large.as_bytes()), &behind].concat();
        let out = skim(&bytes, &[1, 70_000, 3], 100_000);
        let out = out.strip_prefix(&[UPGRADE, &before].concat()[..]).unwrap();
        let out = String::from_utf8_lossy(out.strip_suffix(&behind[..]).unwrap()).into_owned();
        let told = format!("\"length\": {}, \"limit\": 100000", large.len());
        assert!(out.contains("\"id\": \"big\"") && out.contains(&told) && out.len() < 200, "{out}");
        // One byte more is allowed: nothing is touched.
        assert_eq!(skim(&bytes, &[4096], large.len()), bytes);
    }

    #[test]
    fn what_is_no_websocket_or_lies_is_left_alone() {
        let page = b"HTTP/1.1 200 OK\r\n\r\n\x82\x7f\0\0\0\0\0\0\0\xff too long";
        assert_eq!(skim(page, &[5], 10), page);
        for bytes in [
            // Masked, a continuation of nothing, compressed, longer than anything, cut in its header, cut in its content.
            [&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 100, 1, 2, 3, 4][..], &[7; 100]].concat(),
            frame(0x80, &[b'y'; 50]),
            frame(0xc1, &[b'y'; 50]),
            vec![0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3],
            vec![0x82, 127, 0, 0],
        ] {
            let bytes = [UPGRADE, &bytes].concat();
            assert_eq!(skim(&bytes, &[1, 2, 3], 10), bytes);
        }
        let cut = [UPGRADE, &frame(0x82, &[1; 100])[..50]].concat();
        assert_eq!(skim(&cut, &[9], 10), UPGRADE);
    }

    /// The kinds and contents of messages that came in one frame each.
    fn messages(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut rest = bytes.strip_prefix(UPGRADE).unwrap();
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let header = match rest[1] {
                126 => 4,
                127 => 10,
                _ => 2,
            };
            let (header, content) = rest.split_at(header);
            let (content, behind) = content.split_at(usize::try_from(length(header).unwrap()).unwrap());
            messages.push((header[0], content.to_vec()));
            rest = behind;
        }
        messages
    }

    /// A message in frames of these contents.
    fn in_frames(kind: u8, contents: &[&[u8]]) -> Vec<u8> {
        let last = contents.len() - 1;
        let frames = contents.iter().enumerate().map(|(n, content)| {
            frame(if n == 0 { kind } else { 0 } | if n == last { 0x80 } else { 0 }, content)
        });
        frames.flatten().collect()
    }

    #[test]
    fn a_message_over_the_limit_in_several_frames_is_swallowed_too_and_what_stands_between_them_is_not() {
        let large = format!(r#"{{"id": "big", "status": "ok", "result": "{}"}}"#, "x".repeat(200_000));
        let (one, two) = large.as_bytes().split_at(70_000);
        let (two, three) = two.split_at(60_000);
        let ping = frame(0x89, b"ping");
        let behind = frame(0x81, br#"{"id": "b", "status": "ok"}"#);
        let bytes = [
            UPGRADE,
            &frame(0x01, one),
            &ping,
            &frame(0x00, two),
            &frame(0x00, b""),
            &ping,
            &frame(0x80, three),
            &behind,
        ]
        .concat();
        for sizes in [&[1, 70_000, 3][..], &[4096], &[300_000]] {
            let out = skim(&bytes, sizes, 100_000);
            // The pings go through as they come, the message's place is where it ends.
            let out = out.strip_prefix(&[UPGRADE, &ping, &ping].concat()[..]).unwrap();
            let out = String::from_utf8_lossy(out.strip_suffix(&behind[..]).unwrap()).into_owned();
            let told = format!("\"length\": {}, \"limit\": 100000", large.len());
            assert!(out.contains("\"id\": \"big\"") && out.contains(&told) && out.len() < 200, "{out}");
            // One that may be that long comes through in one frame.
            let length = large.len() as u64;
            let whole = [UPGRADE, &ping, &ping, &[0x81, 127], &length.to_be_bytes()].concat();
            let out = skim(&bytes, sizes, large.len());
            assert!(out.starts_with(&whole) && out[whole.len()..] == [large.as_bytes(), &behind].concat());
        }
    }

    #[test]
    fn what_breaks_a_message_in_several_frames_off_reaches_the_library_behind_it() {
        let begun = frame(0x01, b"begun");
        let held = [&[0x01, 127, 0, 0, 0, 0, 0, 0, 0, 5][..], b"begun"].concat();
        for wrong in [
            frame(0x81, b"another"),
            frame(0x02, b"another"),
            frame(0x40, b"compressed"),
            [&[0x80, 0x83, 1, 2, 3, 4][..], b"abc"].concat(),
            // Together longer than anything.
            vec![0x80, 127, 0, 0, 0, 0, 0x3f, 0xff, 0xff, 0xff, 1, 2, 3],
        ] {
            let out = skim(&[UPGRADE, &begun, &wrong].concat(), &[3], 1000);
            assert_eq!(out, [UPGRADE, &held, &wrong].concat(), "{wrong:?}");
        }
        // Cut off, nothing of it is a message.
        assert_eq!(skim(&[UPGRADE, &begun].concat(), &[3], 1000), UPGRADE);
    }

    #[tokio::test]
    async fn the_frames_of_a_message_are_weighed_together_and_what_is_swallowed_weighs_nothing() {
        let memory = Memory::default();
        let part = vec![1; 1_000_000];
        let ping = frame(0x89, b"");
        let frames =
            [frame(0x02, &part), ping.clone(), frame(0x00, &part), ping.clone(), frame(0x80, &part), ping];
        let bytes = [UPGRADE, &frames.concat()].concat();
        for (limit, weights) in [(3_000_000, [3_000_000, 6_000_000]), (1_500_000, [3_000_000, 0])] {
            let mut pieces = in_pieces(&bytes, &[65_536]);
            let mut skim = Skim::new(&mut pieces, limit, &memory);
            skim.read_exact(&mut vec![0; UPGRADE.len()]).await.unwrap();
            for weight in weights {
                skim.read_exact(&mut [0; 2]).await.unwrap();
                // The ping has gone, and the message still waits.
                skim.read_exact(&mut []).await.unwrap();
                assert!(memory.held() >= weight && memory.held() <= weight + 3, "{} {weight}", memory.held());
            }
        }
        assert_eq!(memory.held(), 0);
    }

    #[tokio::test]
    async fn a_message_is_weighed_from_its_header_until_the_next_one_is_asked_for() {
        let memory = Memory::default();
        let bytes = [UPGRADE, &frame(0x82, &vec![1; 3_000_000]), &frame(0x82, &[2; 10])].concat();
        let mut pieces = in_pieces(&bytes, &[65_536]);
        let mut skim = Skim::new(&mut pieces, 4_000_000, &memory);
        let mut first = vec![0; UPGRADE.len() + 20];
        skim.read_exact(&mut first).await.unwrap();
        memory.pressed().await;
        assert_eq!(memory.held(), 9_000_000);
        skim.read_exact(&mut vec![0; 3_000_000 - 10]).await.unwrap();
        assert_eq!(memory.held(), 9_000_000, "it is still being decoded");
        skim.read_exact(&mut [0; 2]).await.unwrap();
        assert_eq!(memory.held(), 30);
        drop(skim);
        assert_eq!(memory.held(), 0, "a connection that ends takes its weight with it");
    }

    proptest! {
        #[test]
        fn messages_within_the_limit_come_through_letter_for_letter(
            contents in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..300)), 0..20),
            cuts in prop::collection::vec(0_usize..300, 0..4),
            sizes in prop::collection::vec(1_usize..200, 1..5),
        ) {
            let mut whole = UPGRADE.to_vec();
            let mut cut = UPGRADE.to_vec();
            for (text, content) in &contents {
                let kind = if *text { 0x01 } else { 0x02 };
                whole.extend(frame(kind | 0x80, content));
                let mut parts = vec![content.as_slice()];
                for at in &cuts {
                    let last = parts.pop().unwrap_or_default();
                    let (one, two) = last.split_at((*at).min(last.len()));
                    parts.extend([one, two]);
                }
                cut.extend(in_frames(kind, &parts));
            }
            prop_assert_eq!(skim(&whole, &sizes, 300), whole.clone());
            prop_assert_eq!(messages(&skim(&cut, &sizes, 300)), messages(&whole));
        }
    }
}
