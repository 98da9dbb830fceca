//! Copying, by asking the terminal (OSC 52). No clipboard program is run: over ssh that would copy to the wrong
//! machine. The terminal does not answer, so the text was *sent*, not copied.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most base64 characters in one sequence: what xterm, and others after it, take.
pub const OSC52_LIMIT: usize = 74_994;

/// GNU screen takes strings of up to 768 bytes; one piece with its frame stays well below.
const SCREEN_PIECE: usize = 240;

/// The text does not fit into one sequence; nothing was cut off silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes are too many for the terminal's clipboard, which takes {}", Self::LIMIT)]
pub struct TooLarge {
    /// The size of the text.
    pub bytes: usize,
}

impl TooLarge {
    /// The largest text that fits, in bytes: base64 makes four characters of three bytes.
    pub const LIMIT: usize = OSC52_LIMIT / 4 * 3;
}

/// The bytes that make the terminal take `text` into its clipboard, wrapped for a multiplexer that would keep them
/// to itself. `env` looks up an environment variable.
///
/// tmux takes the plain sequence with `set-clipboard on` and hands on the wrapped one with `allow-passthrough on`.
/// Which of them is set cannot be asked, so it gets both; at worst the clipboard is set twice.
pub fn osc52(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Vec<u8>, TooLarge> {
    let encoded = STANDARD.encode(text);
    if encoded.len() > OSC52_LIMIT {
        return Err(TooLarge { bytes: text.len() });
    }
    let sequence = format!("\x1b]52;c;{encoded}\x07");
    let wrapped = through(&sequence, env);
    let is_tmux = wrapped.starts_with(TMUX.as_bytes());
    Ok(if is_tmux { [sequence.into_bytes(), wrapped].concat() } else { wrapped })
}

/// How what is for tmux to hand on begins.
const TMUX: &str = "\x1bPtmux;";

/// A sequence, wrapped so that a multiplexer hands it on. It must not have `ESC \` in it.
pub(super) fn through(sequence: &str, env: &dyn Fn(&str) -> Option<String>) -> Vec<u8> {
    let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
    let term = env("TERM").unwrap_or_default();
    if set("TMUX") || term.starts_with("tmux") {
        let wrapped = sequence.replace('\x1b', "\x1b\x1b");
        format!("{TMUX}{wrapped}\x1b\\").into_bytes()
    } else if set("STY") {
        let pieces = sequence.as_bytes().chunks(SCREEN_PIECE);
        pieces.flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"].concat()).collect()
    } else {
        sequence.as_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string())
    }

    #[test]
    fn plain() {
        assert_eq!(osc52("héllo", &env(&[])).unwrap(), b"\x1b]52;c;aMOpbGxv\x07");
    }

    #[test]
    fn nothing_of_the_text_can_end_the_sequence() {
        let bytes = osc52("\x07\x1b\\\u{9c}", &env(&[])).unwrap();
        let inner = &bytes[7..bytes.len() - 1];
        assert!(inner.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)));
    }

    #[test]
    fn tmux_gets_it_plain_and_wrapped() {
        for pairs in [[("TMUX", "/tmp/tmux-0/default,1,0")], [("TERM", "tmux-256color")]] {
            let bytes = osc52("a", &env(&pairs)).unwrap();
            assert_eq!(bytes, b"\x1b]52;c;YQ==\x07\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\");
        }
    }

    #[test]
    fn screen_gets_pieces_that_join_to_the_sequence() {
        let text = "x".repeat(1000);
        let bytes = osc52(&text, &env(&[("STY", "1.pts-0")])).unwrap();
        let all = String::from_utf8(bytes).unwrap();
        let pieces: Vec<&str> =
            all.split_terminator("\x1b\\").map(|piece| piece.strip_prefix("\x1bP").unwrap()).collect();
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= SCREEN_PIECE));
        assert_eq!(pieces.concat().into_bytes(), osc52(&text, &env(&[])).unwrap());
    }

    #[test]
    fn too_large_is_said_with_its_size() {
        let fits = "x".repeat(TooLarge::LIMIT);
        assert!(osc52(&fits, &env(&[])).is_ok());
        let error = osc52(&format!("{fits}x"), &env(&[])).unwrap_err();
        assert_eq!(error.bytes, TooLarge::LIMIT + 1);
        assert!(error.to_string().contains("56245"));
    }
}
