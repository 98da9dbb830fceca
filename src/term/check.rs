//! Whether there is a terminal to show anything on. Asked before the first byte is written.

use rustix::termios::isatty;

use super::modes;

/// The exit code for [`NoTerminal`].
pub const NO_TERMINAL_EXIT: u8 = 2;

/// Why the screen cannot be shown. Each is one line for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTerminal {
    /// Standard output is a pipe or a file.
    #[error("standard output is not a terminal; `juicetop --help` lists the commands that print instead")]
    Output,
    /// Standard input is not a terminal and there is none to read keys from.
    #[error("standard input is not a terminal and /dev/tty cannot be opened, so no key could be read")]
    Input,
    /// `TERM` is missing, empty or `dumb`.
    #[error("TERM is unset or \"dumb\": this terminal cannot place the cursor; try `TERM=xterm juicetop`")]
    Dumb,
}

/// Looks for a terminal to show the screen on: standard output must be one, with a `TERM` that can place the
/// cursor. Keys come from standard input or, if that is something else, from the terminal itself. Writes nothing.
pub fn check() -> Result<(), NoTerminal> {
    if !isatty(rustix::stdio::stdout()) {
        return Err(NoTerminal::Output);
    }
    places_cursor(std::env::var("TERM").ok().as_deref())?;
    modes::keyboard().map_or(Err(NoTerminal::Input), |_| Ok(()))
}

fn places_cursor(term: Option<&str>) -> Result<(), NoTerminal> {
    match term {
        None | Some("" | "dumb") => Err(NoTerminal::Dumb),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_type_that_cannot_place_the_cursor_is_refused() {
        assert_eq!(places_cursor(None), Err(NoTerminal::Dumb));
        assert_eq!(places_cursor(Some("")), Err(NoTerminal::Dumb));
        assert_eq!(places_cursor(Some("dumb")), Err(NoTerminal::Dumb));
        assert_eq!(places_cursor(Some("vt100")), Ok(()));
    }

    #[test]
    fn each_reason_is_one_line() {
        for reason in [NoTerminal::Output, NoTerminal::Input, NoTerminal::Dumb] {
            assert_eq!(reason.to_string().lines().count(), 1);
        }
    }
}
