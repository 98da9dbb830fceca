//! What waits from the terminal, in its order; and what no hand has typed, as the paste that it is.
//!
//! A terminal without bracketed paste sends pasted text as keys: each would be a command or a keystroke in a form, and a
//! megabyte of them would hold the screen for minutes. So many different keys as [`MANY`] that wait at once were not
//! typed; a key that is held down over a slow line is one and the same. It refuses to judge anything but keys that
//! stand for text.

use std::{collections::VecDeque, mem, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::term::{Input, PASTE_LIMIT};

/// Keys that wait at once and were not typed: a hand needs five seconds for them.
const MANY: usize = 64;
/// After so long without a key the paste is over.
const OVER: Duration = Duration::from_millis(40);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Typing {
    waiting: VecDeque<Input>,
    paste: Option<Pasting>,
}

#[derive(Debug, Default)]
struct Pasting {
    text: String,
    /// Bytes of all that came; of more than the limit nothing is kept.
    bytes: usize,
    /// When the last of it came.
    last: Duration,
}

impl Typing {
    /// Takes what has come.
    pub fn push(&mut self, input: Input) {
        self.waiting.push_back(input);
    }

    /// When it wants to be asked again although nothing has come.
    pub fn wake_at(&self) -> Option<Duration> {
        self.paste.as_ref().map(|paste| paste.last + OVER)
    }

    /// The next input; `None`: wait.
    pub fn next(&mut self, now: Duration) -> Option<Input> {
        if self.paste.is_none() && self.is_paste() {
            self.paste = Some(Pasting::default());
        }
        if let Some(paste) = &mut self.paste {
            while let Some(c) = self.waiting.front().and_then(character) {
                self.waiting.pop_front();
                paste.last = now;
                paste.bytes += c.len_utf8();
                if paste.bytes <= PASTE_LIMIT {
                    paste.text.push(c);
                } else {
                    paste.text = String::new();
                }
            }
            if self.waiting.is_empty() && now < paste.last + OVER {
                return None;
            }
            let paste = mem::take(paste);
            self.paste = None;
            return Some(match paste.bytes {
                bytes if bytes > PASTE_LIMIT => Input::PasteTooLarge(bytes),
                _ => Input::Paste(paste.text),
            });
        }
        self.waiting.pop_front()
    }

    fn is_paste(&self) -> bool {
        let mut keys = self.waiting.iter().take(MANY).map_while(character);
        let Some(first) = keys.next() else { return false };
        let mut alike = true;
        let more = keys.inspect(|c| alike &= *c == first).count();
        more + 1 >= MANY && !alike
    }
}

/// The character that a key stands for in a text.
fn character(input: &Input) -> Option<char> {
    let Input::Key(KeyEvent { code, modifiers, .. }) = input else { return None };
    if !modifiers.difference(KeyModifiers::SHIFT).is_empty() {
        // What terminals send for a line feed within a text.
        return (*code == KeyCode::Char('j') && *modifiers == KeyModifiers::CONTROL).then_some('\n');
    }
    match code {
        KeyCode::Char(c) => Some(*c),
        KeyCode::Enter => Some('\n'),
        KeyCode::Tab => Some('\t'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> Input {
        Input::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn typed(text: &str) -> impl Iterator<Item = Input> {
        text.chars().map(|c| key(if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) }))
    }

    fn drain(typing: &mut Typing, at: u64) -> Vec<Input> {
        std::iter::from_fn(|| typing.next(Duration::from_millis(at))).collect()
    }

    #[test]
    fn what_a_hand_types_stays_keys_also_where_a_slow_line_sends_it_at_once() {
        let mut typing = Typing::default();
        for (text, what) in [("s ping\n", "a word"), (&*"j".repeat(500), "a key that is held down")] {
            typed(text).for_each(|input| typing.push(input));
            let inputs = drain(&mut typing, 0);
            assert_eq!(inputs.len(), text.chars().count(), "{what}");
            assert!(inputs.iter().all(|input| matches!(input, Input::Key(_))), "{what}");
        }
        assert_eq!(typing.wake_at(), None);
    }

    #[test]
    fn a_text_that_comes_at_once_is_a_paste_whole_and_in_its_place() {
        let text = "x = 1\nY\tq\n".repeat(20);
        let mut typing = Typing::default();
        typing.push(key(KeyCode::Esc));
        typed(&text[..120]).for_each(|input| typing.push(input));
        assert_eq!(drain(&mut typing, 0), [key(KeyCode::Esc)], "more may come");
        assert_eq!(typing.wake_at(), Some(OVER));
        typed(&text[120..]).for_each(|input| typing.push(input));
        typing.push(key(KeyCode::Up));
        typed("ab").for_each(|input| typing.push(input));
        let inputs = drain(&mut typing, 10);
        assert_eq!(inputs[0], Input::Paste(text));
        assert_eq!(inputs[1..], [key(KeyCode::Up), key(KeyCode::Char('a')), key(KeyCode::Char('b'))]);
        assert_eq!(typing.wake_at(), None);
    }

    #[test]
    fn a_paste_ends_with_a_pause_and_one_that_is_too_large_is_told() {
        let mut typing = Typing::default();
        typed(&"ab".repeat(40)).for_each(|input| typing.push(input));
        assert_eq!(drain(&mut typing, 0), []);
        assert_eq!(drain(&mut typing, 39), []);
        assert_eq!(drain(&mut typing, 40), [Input::Paste("ab".repeat(40))]);
        let large = PASTE_LIMIT + 1_000;
        (0..large).for_each(|n| typing.push(key(KeyCode::Char(if n % 2 == 0 { 'a' } else { 'b' }))));
        assert_eq!(drain(&mut typing, 100), []);
        assert_eq!(drain(&mut typing, 200), [Input::PasteTooLarge(large)]);
    }
}
