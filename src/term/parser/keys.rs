//! What a finished control sequence means as a key. Pure tables; knows nothing of time or of split reads.
//!
//! Sources: xterm's `ctlseqs`, kitty's keyboard protocol, the terminfo entries of rxvt, linux, st and screen.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// What a control sequence was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequence {
    /// A key was pressed, or repeats.
    Key(KeyEvent),
    /// `CSI 200 ~`: pasted text follows.
    PasteStart,
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Known, and nothing to act on: a reply to a query, a report of the focus or of an older kind of mouse, a key let go.
    Nothing,
    /// Not one that a terminal is known to send.
    Unknown,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

/// A key press as crossterm would report it.
pub(super) fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
    KeyEvent::new(code, modifiers)
}

/// A typed character: as in crossterm, upper case carries Shift.
pub(super) fn char_key(c: char, modifiers: KeyModifiers) -> KeyEvent {
    key(KeyCode::Char(c), if c.is_uppercase() { modifiers | SHIFT } else { modifiers })
}

/// One byte below 0x80 outside of any sequence. `erase` is the terminal's erase character (`stty erase`): where
/// that is ^H, ^H is the Backspace key and not Ctrl-H.
pub(super) fn ascii(byte: u8, modifiers: KeyModifiers, erase: u8) -> KeyEvent {
    match byte {
        0x7f => key(KeyCode::Backspace, modifiers),
        0x08 if erase == 0x08 => key(KeyCode::Backspace, modifiers),
        b'\r' => key(KeyCode::Enter, modifiers),
        b'\t' => key(KeyCode::Tab, modifiers),
        0x1b => key(KeyCode::Esc, modifiers),
        0x00 => key(KeyCode::Char(' '), modifiers | CONTROL),
        0x01..=0x1a => key(KeyCode::Char(char::from(byte - 1 + b'a')), modifiers | CONTROL),
        // What is printed on the key of most keyboards, and what the kitty protocol calls it.
        0x1f => key(KeyCode::Char('_'), modifiers | CONTROL),
        // crossterm's names for Ctrl-\ Ctrl-] Ctrl-^, so that one keymap serves both readers.
        0x1c..=0x1e => key(KeyCode::Char(char::from(byte - 0x1c + b'4')), modifiers | CONTROL),
        _ => char_key(char::from(byte), modifiers),
    }
}

/// A control sequence without its `ESC [`, final byte included.
pub(super) fn csi(body: &[u8]) -> Sequence {
    let Some((&last, params)) = body.split_last() else { return Sequence::Unknown };
    if let (Some((b'<', numbers)), b'M' | b'm') = (params.split_first(), last) {
        return mouse(numbers, last == b'm').map_or(Sequence::Nothing, Sequence::Mouse);
    }
    // `<`, `=`, `>` and `?` mark replies: device attributes, modes, kitty flags.
    if matches!(params.first(), Some(b'<' | b'=' | b'>' | b'?')) {
        return Sequence::Nothing;
    }
    // rxvt ends Shift-ed keys with `$`, which elsewhere is an intermediate byte; other intermediates: replies.
    let intermediate = params.iter().any(|b| (0x20..=0x2f).contains(b));
    if intermediate {
        return if matches!(last, b'y' | b'}' | b'w') { Sequence::Nothing } else { Sequence::Unknown };
    }
    let n = Params::read(params);
    let plain = params.is_empty();
    let named = |code: KeyCode| event(code, n.modifiers(1), n.kind(1));
    match last {
        b'A' => named(KeyCode::Up),
        b'B' => named(KeyCode::Down),
        b'C' => named(KeyCode::Right),
        b'D' => named(KeyCode::Left),
        b'E' => named(KeyCode::KeypadBegin),
        b'F' => named(KeyCode::End),
        b'H' => named(KeyCode::Home),
        b'P' => named(KeyCode::F(1)),
        b'Q' => named(KeyCode::F(2)),
        // With parameters this is the cursor's position: a reply that must not become Ctrl-F3.
        b'R' if plain => named(KeyCode::F(3)),
        b'S' => named(KeyCode::F(4)),
        b'Z' => event(KeyCode::BackTab, n.modifiers(1) | SHIFT, n.kind(1)),
        b'a' if plain => Sequence::Key(key(KeyCode::Up, SHIFT)),
        b'b' if plain => Sequence::Key(key(KeyCode::Down, SHIFT)),
        b'c' if plain => Sequence::Key(key(KeyCode::Right, SHIFT)),
        b'd' if plain => Sequence::Key(key(KeyCode::Left, SHIFT)),
        b'~' => tilde(&n),
        b'$' => rxvt(&n, SHIFT),
        b'^' => rxvt(&n, CONTROL),
        b'@' => rxvt(&n, CONTROL | SHIFT),
        b'u' if !plain => unicode(&n, 0, n.modifiers(1), n.kind(1)),
        // Focus in and out; cursor position, attributes, status, size; rxvt's mouse report.
        b'I' | b'O' if plain => Sequence::Nothing,
        b'R' | b'c' | b'n' | b't' | b'x' | b'M' if !plain => Sequence::Nothing,
        _ => Sequence::Unknown,
    }
}

/// A report of the mouse as xterm's mode 1006 writes it, `b ; x ; y`; `let_go`: the button is up again. What is not wanted
/// (a pointer that merely moves, a wheel to the side, buttons beyond three) is nothing.
fn mouse(numbers: &[u8], let_go: bool) -> Option<MouseEvent> {
    let n = Params::read(numbers);
    let bits = n.get(0, u32::MAX);
    let place = |at| u16::try_from(n.get(at, 0).checked_sub(1)?).ok();
    let (column, row) = (place(1)?, place(2)?);
    let button = match bits & 0b11 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        _ => None,
    };
    let kind = match bits & !0b1_1100 {
        64 => MouseEventKind::ScrollUp,
        65 => MouseEventKind::ScrollDown,
        0..=2 if let_go => MouseEventKind::Up(button?),
        0..=2 => MouseEventKind::Down(button?),
        32..=34 => MouseEventKind::Drag(button?),
        _ => return None,
    };
    let pairs = [(4, SHIFT), (8, ALT), (16, CONTROL)];
    let modifiers =
        pairs.into_iter().filter(|(bit, _)| bits & bit != 0).fold(NONE, |all, (_, one)| all | one);
    Some(MouseEvent { kind, column, row, modifiers })
}

/// What follows `ESC O`: keys in application mode. `digits` is the modifier that old terminals put before the
/// letter (`ESC O 5 A`).
pub(super) fn ss3(digits: &[u8], last: u8) -> Sequence {
    let n = Params::read(digits);
    let modifiers = n.modifiers(0);
    let code = match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'E' => KeyCode::KeypadBegin,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'R' => KeyCode::F(3),
        b'S' => KeyCode::F(4),
        b'M' => KeyCode::Enter,
        b'I' => KeyCode::Tab,
        b'X' => KeyCode::Char('='),
        b'a' => return Sequence::Key(key(KeyCode::Up, CONTROL)),
        b'b' => return Sequence::Key(key(KeyCode::Down, CONTROL)),
        b'c' => return Sequence::Key(key(KeyCode::Right, CONTROL)),
        b'd' => return Sequence::Key(key(KeyCode::Left, CONTROL)),
        // The keypad: `j` is `*` and so on up to `y`, `9`.
        b'j'..=b'y' => KeyCode::Char(char::from(last - 0x40)),
        _ => return Sequence::Unknown,
    };
    Sequence::Key(key(code, modifiers))
}

/// The linux console's F1 to F5, `ESC [ [ A` to `E`.
pub(super) fn linux_function(last: u8) -> Sequence {
    match last {
        b'A'..=b'E' => Sequence::Key(key(KeyCode::F(last - b'A' + 1), NONE)),
        _ => Sequence::Unknown,
    }
}

/// `CSI n ~`, with modifiers as the second parameter.
fn tilde(n: &Params) -> Sequence {
    match n.get(0, 0) {
        200 => Sequence::PasteStart,
        // The end of a paste whose start we did not see: after coming back, or after giving one up.
        201 => Sequence::Nothing,
        // xterm's modifyOtherKeys: 27 ; modifiers ; character.
        27 if n.len() >= 3 => unicode(n, 2, n.modifiers(1), KeyEventKind::Press),
        number => match numbered(number) {
            Some(code) => event(code, n.modifiers(1), n.kind(1)),
            None => Sequence::Unknown,
        },
    }
}

fn rxvt(n: &Params, modifiers: KeyModifiers) -> Sequence {
    match numbered(n.get(0, 0)) {
        Some(code) if n.len() == 1 => Sequence::Key(key(code, modifiers)),
        _ => Sequence::Unknown,
    }
}

fn numbered(number: u32) -> Option<KeyCode> {
    let function = |base: u32, first: u8| KeyCode::F(first + u8::try_from(number - base).unwrap_or(0));
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => function(11, 1),
        17..=21 => function(17, 6),
        23..=26 => function(23, 11),
        28 | 29 => function(28, 15),
        31..=34 => function(31, 17),
        _ => return None,
    })
}

/// A key given by its Unicode number, or by one of kitty's numbers in the private use area.
fn unicode(n: &Params, at: usize, modifiers: KeyModifiers, kind: KeyEventKind) -> Sequence {
    let number = n.get(at, 0);
    let code = match number {
        8 | 127 => KeyCode::Backspace,
        9 if modifiers.contains(SHIFT) => KeyCode::BackTab,
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        57_344..=63_743 => match private(number) {
            Some(code) => code,
            // A modifier by itself, a media key: nothing here wants them.
            None => return Sequence::Nothing,
        },
        _ => {
            // The shifted character, where the terminal tells it, is what the keyboard really types.
            let shifted = n.sub(at, 1).filter(|_| modifiers.contains(SHIFT));
            match char::from_u32(shifted.unwrap_or(number)) {
                Some(c) if c.is_control() => return Sequence::Unknown,
                Some(c) if modifiers.contains(SHIFT) => KeyCode::Char(upper(c)),
                Some(c) => return event_of(char_key(c, modifiers), kind),
                None => return Sequence::Unknown,
            }
        }
    };
    event(code, modifiers, kind)
}

/// Upper case where that is one character (ß has none).
fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// kitty's numbers for keys without a character.
fn private(number: u32) -> Option<KeyCode> {
    let byte = |base: u32| u8::try_from(number - base).unwrap_or(0);
    Some(match number {
        57_363 => KeyCode::Menu,
        57_376..=57_398 => KeyCode::F(13 + byte(57_376)),
        57_399..=57_408 => KeyCode::Char(char::from(b'0' + byte(57_399))),
        57_409 => KeyCode::Char('.'),
        57_410 => KeyCode::Char('/'),
        57_411 => KeyCode::Char('*'),
        57_412 => KeyCode::Char('-'),
        57_413 => KeyCode::Char('+'),
        57_414 => KeyCode::Enter,
        57_415 => KeyCode::Char('='),
        57_416 => KeyCode::Char(','),
        57_417 => KeyCode::Left,
        57_418 => KeyCode::Right,
        57_419 => KeyCode::Up,
        57_420 => KeyCode::Down,
        57_421 => KeyCode::PageUp,
        57_422 => KeyCode::PageDown,
        57_423 => KeyCode::Home,
        57_424 => KeyCode::End,
        57_425 => KeyCode::Insert,
        57_426 => KeyCode::Delete,
        57_427 => KeyCode::KeypadBegin,
        _ => return None,
    })
}

/// The numbers of a sequence: `;` between parameters, `:` between the parts of one. Reads at most a handful;
/// what is left out or too large counts as not given.
struct Params {
    parts: Vec<Vec<Option<u32>>>,
}

impl Params {
    fn read(text: &[u8]) -> Params {
        let number = |part: &[u8]| std::str::from_utf8(part).ok().and_then(|text| text.parse().ok());
        let parts =
            text.split(|b| *b == b';').map(|p| p.split(|b| *b == b':').map(number).collect()).collect();
        Params { parts }
    }

    fn len(&self) -> usize {
        self.parts.len()
    }

    fn sub(&self, at: usize, sub: usize) -> Option<u32> {
        *self.parts.get(at)?.get(sub)?
    }

    fn get(&self, at: usize, default: u32) -> u32 {
        self.sub(at, 0).unwrap_or(default)
    }

    /// The parameter `at` as modifiers: one more than a set of bits. Caps Lock and Num Lock do not count.
    fn modifiers(&self, at: usize) -> KeyModifiers {
        let bits = self.get(at, 1).saturating_sub(1);
        let pairs = [
            (1, SHIFT),
            (2, ALT),
            (4, CONTROL),
            (8, KeyModifiers::SUPER),
            (16, KeyModifiers::HYPER),
            (32, KeyModifiers::META),
        ];
        pairs.into_iter().filter(|(bit, _)| bits & bit != 0).fold(NONE, |all, (_, one)| all | one)
    }

    /// kitty's event type, the second part of the modifiers: 1 press, 2 repeat, 3 release.
    fn kind(&self, at: usize) -> KeyEventKind {
        match self.sub(at, 1) {
            Some(2) => KeyEventKind::Repeat,
            Some(3) => KeyEventKind::Release,
            _ => KeyEventKind::Press,
        }
    }
}

fn event(code: KeyCode, modifiers: KeyModifiers, kind: KeyEventKind) -> Sequence {
    event_of(key(code, modifiers), kind)
}

/// Letting a key go is never a deed, so that is where it ends.
fn event_of(mut event: KeyEvent, kind: KeyEventKind) -> Sequence {
    if kind == KeyEventKind::Release {
        return Sequence::Nothing;
    }
    event.kind = kind;
    Sequence::Key(event)
}
