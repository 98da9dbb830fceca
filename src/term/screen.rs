//! The writer for drawing: a frame is one `write`, between the marks of synchronized output.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::modes::Tty;

/// `CSI ? 2026 h` and `l`: the terminal shows the frame when it is complete. Unknown modes are ignored.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Collects what is drawn and writes it at `flush`, everything in one piece. Between [`begin`](Screen::begin) and
/// [`present`](Screen::present) a `flush` waits: ratatui's backend flushes at each move of the cursor.
///
/// While the terminal is released, what is written is dropped.
#[derive(Debug, Clone)]
pub struct Screen {
    tty: Arc<Tty>,
    frame: Arc<Mutex<Frame>>,
}

#[derive(Debug, Default)]
struct Frame {
    bytes: Vec<u8>,
    open: bool,
}

impl Screen {
    pub(super) fn new(tty: Arc<Tty>) -> Screen {
        Screen { tty, frame: Arc::default() }
    }

    /// Begins a frame: from here to [`present`](Screen::present) nothing is written.
    pub fn begin(&self) {
        self.with(|frame| frame.open = true);
    }

    /// Writes the frame, if there is anything in it. Errors: the terminal is gone.
    pub fn present(&self) -> io::Result<()> {
        let bytes = self.with(|frame| {
            frame.open = false;
            frame.take()
        });
        self.put(&bytes)
    }

    /// Writes `bytes` at once and outside of a frame, such as what [`osc52`](super::osc52) made.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes)
    }

    /// Whether nothing was drawn since the last frame.
    pub(super) fn is_empty(&self) -> bool {
        self.with(|frame| frame.bytes.is_empty())
    }

    fn put(&self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() || !self.tty.is_taken() { Ok(()) } else { self.tty.write_all(bytes) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Frame) -> T) -> T {
        act(&mut self.frame.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Frame {
    fn push(&mut self, bytes: &[u8]) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(BEGIN);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The finished frame; an empty one if nothing was drawn.
    fn take(&mut self) -> Vec<u8> {
        if self.bytes.is_empty() {
            return Vec::new();
        }
        self.bytes.extend_from_slice(END);
        std::mem::take(&mut self.bytes)
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() {
            self.with(|frame| frame.push(bytes));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = self.with(|frame| if frame.open { Vec::new() } else { frame.take() });
        self.put(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_bracketed_once_and_an_empty_one_is_nothing() {
        let mut frame = Frame::default();
        assert!(frame.take().is_empty());
        frame.push(b"one");
        frame.push(b"two");
        assert_eq!(frame.take(), b"\x1b[?2026honetwo\x1b[?2026l");
        assert!(frame.take().is_empty());
    }
}
