//! Notices outside of the picture: the bell, and a sequence that makes the terminal show a notice on its desktop.
//!
//! Nothing can be asked of the terminal, so what it knows is told by the environment, and one that is not known gets the bell
//! alone. Only clean text goes into a sequence: no control of it can end the sequence early, and what follows would
//! be drawn or obeyed.

use std::fmt;

use super::clipboard::through;
use crate::clean::{Charset, Clean};

/// How a terminal is asked for a notice on the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Desktop {
    /// `OSC 9 ; text`: iTerm2.
    Osc9,
    /// `OSC 777 ; notify ; title ; text`: rxvt-unicode, foot, WezTerm, Ghostty.
    Osc777,
    /// `OSC 99 ; … ; text`: kitty.
    Osc99,
}

/// Longer texts are cut, columns: desktops show less, and multiplexers drop what is far longer.
const LONGEST: usize = 240;

/// A notice's own name, for kitty: one that bears the name of another takes its place, in whichever window that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeId {
    /// The run of the program, told apart from every other one.
    pub run: u64,
    /// Which notice of it.
    pub number: u64,
}

impl fmt::Display for NoticeId {
    /// Only characters that the protocol has for it: `[a-zA-Z0-9_-+.]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "juicetop-{:016x}-{}", self.run, self.number)
    }
}

/// The bytes that ring and tell. `env` looks up an environment variable: multiplexers keep to themselves what is not wrapped.
pub fn notice(
    title: &Clean,
    text: &Clean,
    bell: bool,
    desktop: Option<Desktop>,
    id: NoticeId,
    env: &dyn Fn(&str) -> Option<String>,
) -> Vec<u8> {
    // Its end is BEL everywhere: ESC \ would end what it is wrapped in.
    let [title, text] = [title, text].map(|text| text.truncate(LONGEST, Charset::Ascii));
    let sequences = match desktop {
        None => Vec::new(),
        // Some read a number at the beginning as another command: there stands the title.
        Some(Desktop::Osc9) => vec![format!("\x1b]9;{title}: {text}\x07")],
        Some(Desktop::Osc777) => {
            let title = title.as_str().replace(';', ",");
            vec![format!("\x1b]777;notify;{title};{text}\x07")]
        }
        Some(Desktop::Osc99) => vec![
            format!("\x1b]99;i={id}:d=0:p=title;{title}\x07"),
            format!("\x1b]99;i={id}:d=1:p=body;{text}\x07"),
        ],
    };
    let mut bytes: Vec<u8> = sequences.iter().flat_map(|sequence| through(sequence, env)).collect();
    if bell {
        bytes.push(0x07);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string())
    }

    const ID: NoticeId = NoticeId { run: 0x4f2a, number: 7 };

    fn told(title: &str, text: &str, desktop: Option<Desktop>, pairs: &[(&str, &str)]) -> String {
        let [title, text] = [title, text].map(|text| Clean::line(text, Charset::Unicode));
        String::from_utf8(notice(&title, &text, true, desktop, ID, &env(pairs))).unwrap()
    }

    #[test]
    fn each_terminal_is_asked_in_its_own_way() {
        let of = |desktop| told("juicetop qlab", "T1 failed", desktop, &[]);
        assert_eq!(of(None), "\x07");
        assert_eq!(of(Some(Desktop::Osc9)), "\x1b]9;juicetop qlab: T1 failed\x07\x07");
        assert_eq!(of(Some(Desktop::Osc777)), "\x1b]777;notify;juicetop qlab;T1 failed\x07\x07");
        assert_eq!(
            of(Some(Desktop::Osc99)),
            "\x1b]99;i=juicetop-0000000000004f2a-7:d=0:p=title;juicetop qlab\x07\
             \x1b]99;i=juicetop-0000000000004f2a-7:d=1:p=body;T1 failed\x07\x07"
        );
    }

    #[test]
    fn a_name_has_only_characters_that_kitty_takes_and_is_like_no_other() {
        let ids =
            [(0, 0), (0, 1), (1, 0), (u64::MAX, u64::MAX)].map(|(run, number)| NoticeId { run, number });
        let names: std::collections::BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), ids.len());
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-+.".contains(c);
        assert!(names.iter().all(|name| name.chars().all(fits)), "{names:?}");
    }

    #[test]
    fn a_multiplexer_hands_it_on() {
        let tmux = told("j", "t", Some(Desktop::Osc9), &[("TMUX", "/tmp/tmux-0/default,1,0")]);
        assert_eq!(tmux, "\x1bPtmux;\x1b\x1b]9;j: t\x07\x1b\\\x07", "its own bell rings too");
        let screen = told("j", &"x".repeat(400), Some(Desktop::Osc9), &[("STY", "1.pts-0")]);
        let pieces = screen.strip_suffix('\x07').unwrap().split_terminator("\x1b\\");
        let whole: String = pieces.map(|piece| piece.strip_prefix("\x1bP").unwrap()).collect();
        assert!(whole.starts_with("\x1b]9;j: xxx") && whole.ends_with("x~\x07"), "{whole:?}");
    }

    #[test]
    fn no_name_can_end_the_sequence_or_begin_another() {
        let evil = "a\x07b\x1b\\c\u{9c}d\u{9d}52;c;eA==\u{18}\u{1a}e\nf\u{202e}g;h";
        for desktop in [None, Some(Desktop::Osc9), Some(Desktop::Osc777), Some(Desktop::Osc99)] {
            for pairs in [&[][..], &[("TMUX", "x")][..], &[("STY", "x")][..]] {
                let bytes = told(evil, evil, desktop, pairs);
                let bells =
                    if desktop == Some(Desktop::Osc99) { 3 } else { 1 + usize::from(desktop.is_some()) };
                assert_eq!(bytes.matches('\x07').count(), bells, "{bytes:?}");
                let odd = bytes.chars().filter(|c| c.is_control() && !['\x07', '\x1b'].contains(c));
                assert_eq!(odd.count(), 0, "{bytes:?}");
                assert!(!bytes.contains('\u{202e}'), "{bytes:?}");
            }
        }
        let parts = told("a;b", "c;d", Some(Desktop::Osc777), &[]);
        assert_eq!(parts, "\x1b]777;notify;a,b;c;d\x07\x07", "the title is one part");
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let long = "é".repeat(100_000);
        for desktop in [Desktop::Osc9, Desktop::Osc777, Desktop::Osc99] {
            assert!(told(&long, &long, Some(desktop), &[]).len() < 2_100);
        }
    }
}
