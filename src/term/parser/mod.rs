//! From the terminal's bytes to keys and pastes. Pure: the time of each read is passed in.
//!
//! Three things set it apart from crossterm's own reader, whose event types it fills. A sequence may arrive in
//! pieces with pauses between them and is not typed out as letters. Replies to queries (ours, or those of a
//! program that ran before us) and reports that nobody asked for are swallowed whole. And whatever comes in, no
//! more than [`PASTE_LIMIT`] is held.
//!
//! It does not decide what a key or a click means. Where nobody wanted the mouse its reports are swallowed like all else that
//! nobody asked for: a program that died may have left it switched on.

mod keys;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers};

use self::keys::Sequence;
use super::Input;
use crate::time::Now;

/// How long a lone ESC waits for more before it is the Esc key, at the machine's own terminal.
pub const ESCAPE_WAIT: Duration = Duration::from_millis(50);
/// The same over ssh, where the pieces of a sequence can travel apart. What comes later still: see [`LATE`].
pub const ESCAPE_WAIT_REMOTE: Duration = Duration::from_millis(150);
/// How long a sequence that has begun waits for its end before it is given up.
pub const HOLD: Duration = Duration::from_secs(1);
/// How long after an Esc the rest of a sequence (`[A`) is still taken for that and not for typed letters. The key
/// it would have been is dropped: its ESC has acted already, and a second deed from one key is worse than none.
pub const LATE: Duration = Duration::from_secs(1);
/// The largest paste that is handed on, in bytes.
pub const PASTE_LIMIT: usize = 8 << 20;
/// How long a paste may stall before it counts as ended, so that a lost end cannot swallow the keyboard for ever.
pub const PASTE_STALL: Duration = Duration::from_secs(10);
/// A Ctrl-C after a stall this long ends a paste at once: pasted text comes without such pauses.
const PASTE_BREAK: Duration = Duration::from_secs(1);
/// Longer control sequences than this are no keys; they are swallowed to their end.
const SEQUENCE_LIMIT: usize = 256;

const PASTE_END: &[u8] = b"\x1b[201~";
const ESC: u8 = 0x1b;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// The state between two reads.
#[derive(Debug)]
pub struct Parser {
    state: State,
    /// The bytes of the sequence or character that has begun; of a paste, its text so far.
    held: Vec<u8>,
    /// An extra ESC came before the sequence: the Alt key on some terminals.
    alt: bool,
    /// The sequence began without its ESC, which had already become the Esc key.
    late: bool,
    /// Bytes of the running paste that were dropped.
    lost: usize,
    /// When the last byte came, on the monotonic clock.
    touched: Duration,
    /// Until when the rest of a sequence may still follow the last Esc.
    late_until: Option<Duration>,
    erase: u8,
    /// How long a lone ESC waits.
    wait: Duration,
    /// Reports of the mouse are wanted.
    mouse: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between keys.
    Ground,
    /// Inside a character of several bytes.
    Character,
    /// After ESC.
    Escape,
    /// After ESC ESC.
    EscapeTwice,
    /// After `ESC [`.
    Control,
    /// After `ESC [ [`.
    Linux,
    /// After `ESC O`.
    Single,
    /// The bytes that are left of an old mouse report, `ESC [ M` and three bytes.
    Mouse(u8),
    /// Inside a string from the terminal (OSC, DCS, APC, PM or SOS). `begun`: it has content; `escape`: an ESC
    /// has come, which ends it.
    Text { begun: bool, escape: bool },
    /// Between the marks of a bracketed paste.
    Paste,
}

impl Parser {
    /// A parser between keys. `erase` is the terminal's erase character; `wait` how long a lone ESC waits for more.
    pub fn new(erase: u8, wait: Duration) -> Parser {
        Parser {
            state: State::Ground,
            held: Vec::new(),
            alt: false,
            late: false,
            lost: 0,
            touched: Duration::ZERO,
            late_until: None,
            erase,
            wait,
            mouse: false,
        }
    }

    /// The same, which hands on what the mouse does.
    #[must_use]
    pub fn with_mouse(self) -> Parser {
        Parser { mouse: true, ..self }
    }

    /// Takes what one read gave and appends what it means to `out`.
    pub fn feed(&mut self, bytes: &[u8], now: Now, out: &mut Vec<Input>) {
        let paused = now.mono.saturating_sub(self.touched);
        if self.state == State::Paste && paused >= PASTE_BREAK && bytes.first() == Some(&0x03) {
            self.end_paste(out);
        }
        if self.late_until.is_some_and(|until| now.mono > until) {
            self.late_until = None;
        }
        self.touched = now.mono;
        for byte in bytes {
            self.byte(*byte, out);
        }
    }

    /// When [`expire`](Parser::expire) is due, on the monotonic clock; `None` while nothing is held.
    pub fn deadline(&self) -> Option<Duration> {
        let wait = match self.state {
            // A character cut short harms nobody: the next byte settles it.
            State::Ground | State::Character => return None,
            State::Escape | State::EscapeTwice => self.wait,
            // A `[` some time after Esc is most often just that.
            _ if self.late && self.held.len() == 1 => self.wait,
            State::Paste => PASTE_STALL,
            _ => HOLD,
        };
        Some(self.touched + wait)
    }

    /// To be called when nothing has come by the [`deadline`](Parser::deadline): settles what is held.
    pub fn expire(&mut self, now: Now, out: &mut Vec<Input>) {
        if self.deadline().is_none_or(|at| now.mono < at) {
            return;
        }
        match self.state {
            State::Escape | State::EscapeTwice | State::Text { escape: true, .. } => {
                if self.state == State::EscapeTwice {
                    self.escape_key(out);
                }
                self.escape_key(out);
                self.late_until = Some(now.mono + LATE);
            }
            State::Paste => self.end_paste(out),
            // The introducer of a report is no key, however slowly the rest comes.
            State::Mouse(_) => {}
            _ => self.abandon(out),
        }
        self.rest();
    }

    /// Forgets what is held, for a reader that was interrupted.
    pub fn reset(&mut self) {
        self.rest();
        self.late_until = None;
        self.lost = 0;
    }

    fn rest(&mut self) {
        self.state = State::Ground;
        self.held.clear();
        self.alt = false;
        self.late = false;
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<Input>) {
        match self.state {
            State::Ground => self.ground(byte, out),
            State::Character => self.character(byte, out),
            State::Escape | State::EscapeTwice => self.escape(byte, out),
            State::Control => self.control(byte, out),
            State::Linux => match keys::linux_function(byte) {
                Sequence::Unknown => self.interrupted(byte, out),
                sequence => self.finish(sequence, out),
            },
            State::Single => self.single(byte, out),
            State::Mouse(left) => {
                self.state = State::Mouse(left.saturating_sub(1));
                if left <= 1 {
                    self.rest();
                }
            }
            State::Text { begun, escape } => self.text(byte, begun, escape, out),
            State::Paste => self.paste(byte, out),
        }
    }

    fn ground(&mut self, byte: u8, out: &mut Vec<Input>) {
        if self.late_until.take().is_some()
            && let Some(state) = introduced(byte)
        {
            self.late = true;
            self.held.push(byte);
            self.state = state;
            return;
        }
        self.plain(byte, out);
    }

    /// A byte that begins no late sequence.
    fn plain(&mut self, byte: u8, out: &mut Vec<Input>) {
        match byte {
            ESC => self.state = State::Escape,
            0..0x80 => {
                let event = keys::ascii(byte, self.modifiers(), self.erase);
                self.rest();
                out.push(Input::Key(event));
            }
            // The first byte of a character in UTF-8.
            0xc2..=0xf4 => {
                self.held.push(byte);
                self.state = State::Character;
            }
            // No terminal in UTF-8 sends this as a first byte.
            _ => self.rest(),
        }
    }

    fn modifiers(&self) -> KeyModifiers {
        if self.alt { KeyModifiers::ALT } else { KeyModifiers::NONE }
    }

    fn character(&mut self, byte: u8, out: &mut Vec<Input>) {
        if !(0x80..0xc0).contains(&byte) {
            self.rest();
            return self.plain(byte, out);
        }
        self.held.push(byte);
        match std::str::from_utf8(&self.held) {
            Ok(text) => {
                // U+0080 to U+009F are controls that no key types.
                let event = text.chars().next().filter(|c| !c.is_control());
                let modifiers = self.modifiers();
                self.rest();
                out.extend(event.map(|c| Input::Key(keys::char_key(c, modifiers))));
            }
            // More is to come.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => self.rest(),
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<Input>) {
        let twice = self.state == State::EscapeTwice;
        if let Some(state) = introduced(byte) {
            // rxvt sends ESC ESC [ A for Alt-Up.
            self.alt = twice;
            self.held.push(byte);
            self.state = state;
        } else if byte == ESC {
            if twice {
                self.escape_key(out);
            }
            self.state = State::EscapeTwice;
        } else {
            if twice {
                self.escape_key(out);
            }
            self.alt = true;
            self.state = State::Ground;
            self.plain(byte, out);
        }
    }

    fn escape_key(&self, out: &mut Vec<Input>) {
        out.push(Input::Key(keys::key(KeyCode::Esc, KeyModifiers::NONE)));
    }

    fn control(&mut self, byte: u8, out: &mut Vec<Input>) {
        // `held` is the introducer and the body so far.
        let body = self.held.get(1..).unwrap_or_default();
        match byte {
            b'[' if body.is_empty() => {
                self.held.push(byte);
                self.state = State::Linux;
            }
            b'M' if body.is_empty() && !self.late => self.state = State::Mouse(3),
            // rxvt's Shift-ed keys, whose last byte is an intermediate one anywhere else.
            b'$' if !body.is_empty() && body.iter().all(u8::is_ascii_digit) => self.end_control(byte, out),
            0x20..=0x3f => {
                if self.held.len() < SEQUENCE_LIMIT {
                    self.held.push(byte);
                }
            }
            0x40..=0x7e => self.end_control(byte, out),
            _ => self.interrupted(byte, out),
        }
    }

    fn end_control(&mut self, byte: u8, out: &mut Vec<Input>) {
        self.held.push(byte);
        let sequence = if self.held.len() > SEQUENCE_LIMIT {
            Sequence::Unknown
        } else {
            keys::csi(self.held.get(1..).unwrap_or_default())
        };
        self.finish(sequence, out);
    }

    fn single(&mut self, byte: u8, out: &mut Vec<Input>) {
        match byte {
            b'0'..=b'9' if self.held.len() < 4 => self.held.push(byte),
            0x20..=0x7e => {
                let sequence = keys::ss3(self.held.get(1..).unwrap_or_default(), byte);
                if sequence == Sequence::Unknown || (self.late && byte.is_ascii_lowercase()) {
                    // Alt-O by hand and then some other key; or typed text such as `Ok`.
                    return self.interrupted(byte, out);
                }
                self.finish(sequence, out);
            }
            _ => self.interrupted(byte, out),
        }
    }

    fn text(&mut self, byte: u8, begun: bool, escape: bool, out: &mut Vec<Input>) {
        match byte {
            b'\\' if escape => self.rest(),
            // The string was cut off and something new has begun.
            _ if escape => {
                self.rest();
                self.state = State::Escape;
                self.escape(byte, out);
            }
            ESC if self.late && !begun => self.interrupted(byte, out),
            ESC => self.state = State::Text { begun, escape: true },
            0x07 | CAN | SUB => self.rest(),
            // Replies hold no controls; a hand on the keyboard wants to get out.
            0x03 => {
                self.rest();
                self.plain(byte, out);
            }
            // Late strings are recognised by how replies begin (`11;rgb:`, `>|`, `1$r`), else it was typed text.
            _ if self.late && !begun && !matches!(byte, b'0'..=b'9' | b'>' | b'!' | b'=') => {
                self.interrupted(byte, out);
            }
            _ => {
                // From here on the introducer can no longer have been an Alt-ed key.
                self.held.clear();
                self.state = State::Text { begun: true, escape: false };
            }
        }
    }

    fn paste(&mut self, byte: u8, out: &mut Vec<Input>) {
        self.held.push(byte);
        if byte == b'~' && self.held.ends_with(PASTE_END) {
            self.held.truncate(self.held.len() - PASTE_END.len());
            self.end_paste(out);
        } else if self.held.len() > PASTE_LIMIT + PASTE_END.len() {
            // Too large to hand on; keep only what the end mark needs to be found.
            let extra = self.held.len() - PASTE_END.len();
            self.held.drain(..extra);
            self.lost += extra;
        }
    }

    fn end_paste(&mut self, out: &mut Vec<Input>) {
        let bytes = std::mem::take(&mut self.held);
        let lost = std::mem::take(&mut self.lost);
        self.rest();
        let size = lost + bytes.len();
        out.push(if size > PASTE_LIMIT { Input::PasteTooLarge(size) } else { Input::Paste(pasted(&bytes)) });
    }

    /// The sequence is complete.
    fn finish(&mut self, sequence: Sequence, out: &mut Vec<Input>) {
        match sequence {
            Sequence::Unknown if self.late => return self.abandon(out),
            Sequence::Key(mut event) if !self.late => {
                if self.alt {
                    event.modifiers |= KeyModifiers::ALT;
                }
                out.push(Input::Key(event));
            }
            // One whose ESC has acted already is dropped, as a key is.
            Sequence::Mouse(event) if self.mouse && !self.late => out.push(Input::Mouse(event)),
            Sequence::Key(_) | Sequence::Mouse(_) | Sequence::Nothing | Sequence::Unknown => {}
            Sequence::PasteStart => {
                self.rest();
                self.state = State::Paste;
                return;
            }
        }
        self.rest();
    }

    /// A byte that does not belong into the sequence that is held.
    fn interrupted(&mut self, byte: u8, out: &mut Vec<Input>) {
        self.abandon(out);
        // CAN and SUB are how a sender takes back what it began.
        if !matches!(byte, CAN | SUB) {
            self.plain(byte, out);
        }
    }

    /// Gives up what is held: typed text is typed, a bare `ESC [` was Alt-[, half a sequence is dropped.
    fn abandon(&mut self, out: &mut Vec<Input>) {
        let held = std::mem::take(&mut self.held);
        let late = self.late;
        self.rest();
        match held.as_slice() {
            text if late => text.iter().for_each(|b| self.plain(*b, out)),
            [introducer] => {
                out.push(Input::Key(keys::ascii(*introducer, KeyModifiers::ALT, self.erase)));
            }
            _ => {}
        }
    }
}

/// Which state the byte after ESC opens, if it does not just stand for an Alt-ed key.
fn introduced(byte: u8) -> Option<State> {
    match byte {
        b'[' => Some(State::Control),
        b'O' => Some(State::Single),
        b']' | b'P' | b'X' | b'^' | b'_' => Some(State::Text { begun: false, escape: false }),
        _ => None,
    }
}

/// Pasted bytes as text: line ends become LF (terminals send CR). Other controls stay: a text is never changed in
/// silence, whoever takes it decides.
fn pasted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n")
}
