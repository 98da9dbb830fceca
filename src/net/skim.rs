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
//! what is wrong with it. A message in several frames is not swallowed (Juice sends none), nor is one that claims more
//! than [`MOST`].

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, ReadBuf};

use crate::{
    memory::{Held, Memory},
    wire::stand_in::{Cut, HEAD, TAIL},
};

/// A frame that claims to be longer than this would keep a connection busy for too long, or lies: 1 GiB.
const MOST: u64 = 1 << 30;

/// The longest header of a frame from a server, which masks nothing.
const HEADER: usize = 10;

#[derive(Debug)]
pub(super) struct Skim<S> {
    inner: BufReader<S>,
    limit: u64,
    stage: Stage,
    /// What goes to the reader before anything else does, and how much of it has gone.
    out: (Vec<u8>, usize),
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
    /// So much of a frame's content is still to come.
    Content(u64),
    /// The same of one that is swallowed.
    Swallowing(Box<Swallowed>),
}

#[derive(Debug)]
struct Swallowed {
    text: bool,
    length: u64,
    left: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl<S: AsyncRead> Skim<S> {
    /// On a connection on which nothing has been read yet. At most `limit` bytes a message are let through.
    pub(super) fn new(inner: S, limit: usize, memory: &Memory) -> Skim<S> {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let stage = Stage::Upgrade(Vec::new(), [0; 4]);
        Skim {
            inner: BufReader::with_capacity(64 * 1024, inner),
            limit,
            stage,
            out: (Vec::new(), 0),
            held: memory.hold(0),
        }
    }
}

impl Swallowed {
    fn take(&mut self, bytes: &[u8]) {
        let head = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..head]);
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        self.left -= bytes.len() as u64;
    }

    /// The frame that stands in for it.
    fn stand_in(&self, limit: u64) -> Vec<u8> {
        let cut = Cut { head: &self.head, tail: &self.tail, length: self.length, limit };
        let (opcode, content) =
            if self.text { (0x81, cut.reply().into_bytes()) } else { (0x82, cut.event()) };
        let mut frame = vec![opcode, 127];
        frame.extend((content.len() as u64).to_be_bytes());
        frame.extend(content);
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
            let (out, gone) = &mut this.out;
            if *gone < out.len() {
                let now = (out.len() - *gone).min(buf.remaining());
                buf.put_slice(&out[*gone..*gone + now]);
                *gone += now;
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
                    this.held.set(0);
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
                        this.out = (std::mem::take(header), 0);
                        if this.out.0.is_empty() {
                            return Poll::Ready(Ok(()));
                        }
                        continue;
                    };
                    inner.consume(1);
                    header.push(byte);
                    let Some(length) = length(header) else { continue };
                    // A whole message, text or binary, and not masked.
                    let whole = matches!(header[0], 0x81 | 0x82) && header[1] & 0x80 == 0;
                    if whole && length > this.limit && length <= MOST {
                        let text = header[0] == 0x81;
                        let swallowed =
                            Swallowed { text, length, left: length, head: Vec::new(), tail: Vec::new() };
                        this.stage = Stage::Swallowing(Box::new(swallowed));
                    } else {
                        // It is there three times while it is read: as it came, without its escapes, and where it is
                        // kept. What claims too much is refused.
                        if length <= this.limit {
                            this.held.set(usize::try_from(length).unwrap_or(0).saturating_mul(3));
                        }
                        let mask = if header[1] & 0x80 == 0 { 0 } else { 4 };
                        this.out = (std::mem::take(header), 0);
                        this.stage = Stage::Content(length.saturating_add(mask));
                    }
                }
                Stage::Swallowing(swallowed) if swallowed.left > 0 => {
                    let bytes = ready!(inner.as_mut().poll_fill_buf(cx))?;
                    if bytes.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    let most = usize::try_from(swallowed.left).unwrap_or(usize::MAX).min(bytes.len());
                    swallowed.take(&bytes[..most]);
                    inner.consume(most);
                }
                Stage::Swallowing(swallowed) => {
                    this.out = (swallowed.stand_in(this.limit), 0);
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
            // Masked, in several frames, longer than anything, cut in its header, cut in its content.
            [&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 100, 1, 2, 3, 4][..], &[7; 100]].concat(),
            [frame(0x01, &[b'x'; 50]), frame(0x80, &[b'y'; 50])].concat(),
            vec![0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3],
            vec![0x82, 127, 0, 0],
        ] {
            let bytes = [UPGRADE, &bytes].concat();
            assert_eq!(skim(&bytes, &[1, 2, 3], 10), bytes);
        }
        let cut = [UPGRADE, &frame(0x82, &[1; 100])[..50]].concat();
        assert_eq!(skim(&cut, &[9], 10), UPGRADE);
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
            sizes in prop::collection::vec(1_usize..200, 1..5),
        ) {
            let mut bytes = UPGRADE.to_vec();
            for (text, content) in contents {
                bytes.extend(frame(if text { 0x81 } else { 0x82 }, &content));
            }
            prop_assert_eq!(skim(&bytes, &sizes, 300), bytes);
        }
    }
}
