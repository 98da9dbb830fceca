//! Why a connection is down, in sentences: what happened, at which address, and what to do.
//!
//! Text from the other side (close reasons, redirect targets, error texts) is made printable and short here. Tokens
//! never come near this module.

use std::io;

use tokio_tungstenite::tungstenite::{
    self, Error,
    error::{CapacityError, ProtocolError},
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{
    clean,
    wire::link::{Problem, ProblemKind},
};

/// A problem.
pub fn problem(kind: ProblemKind, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
    Problem { kind, what: what.into(), remedy: remedy.into() }
}

/// At most `limit` characters of `text`, in one line; what a terminal would not simply show is written as Python's `repr`
/// writes it.
pub fn tidy(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut characters = text.trim().chars();
    for c in characters.by_ref().take(limit) {
        match c {
            '\r' | '\n' | '\t' => out.push(' '),
            _ if clean::acts(c) => clean::escape(&mut out, c),
            _ => out.push(c),
        }
    }
    if characters.next().is_some() {
        out.push('…');
    }
    out
}

/// The other side closed the connection at `url`, with these words.
pub fn closed(url: &str, frame: Option<&CloseFrame>) -> Problem {
    let kind = ProblemKind::Closed;
    let Some(frame) = frame else {
        return problem(kind, format!("{url} closed the connection without giving a reason"), "");
    };
    let code = u16::from(frame.code);
    // tungstenite's own words where the code in the frame is one that nobody may send; a peer may say them as well.
    if frame.code == CloseCode::Protocol && frame.reason.as_str() == "Protocol violation" {
        let what = "closed the connection (1002, protocol error) or with a code that is not valid";
        return problem(kind, format!("{url} {what}"), "");
    }
    let word = match frame.code {
        CloseCode::Normal => ", normal end",
        CloseCode::Away => ", going away",
        CloseCode::Protocol => ", protocol error",
        CloseCode::Policy => ", not allowed",
        CloseCode::Size => ", message too large",
        CloseCode::Error => ", internal error",
        CloseCode::Restart => ", restarting",
        CloseCode::Again => ", try again later",
        _ => "",
    };
    let reason = tidy(&frame.reason, 123);
    let said = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let remedy = match frame.code {
        CloseCode::Error => {
            "The edge gateway says this when the task manager cannot be reached: is it running?"
        }
        CloseCode::Size => {
            "A frame was larger than that side takes (websocket_max_message_size in task-manager.toml)"
        }
        _ => "",
    };
    problem(kind, format!("{url} closed the connection ({code}{word}){said}"), remedy)
}

/// A live connection to `url` ended with this error; `None`: without a word.
pub fn broken(url: &str, error: Option<&Error>) -> Problem {
    let kind = ProblemKind::Closed;
    match error {
        None | Some(Error::ConnectionClosed | Error::AlreadyClosed) => {
            problem(kind, format!("{url} closed the connection"), "")
        }
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
            let remedy = "The task manager, or what lies between, was stopped or restarted";
            problem(kind, format!("The connection to {url} broke off"), remedy)
        }
        Some(Error::Io(e)) => {
            problem(kind, format!("The connection to {url} broke off ({})", io_words(e)), "")
        }
        Some(Error::Capacity(CapacityError::MessageTooLong { size, max_size })) => problem(
            ProblemKind::TooLarge,
            format!("{url} sent a message of {size} bytes; the limit is {max_size}"),
            "Such a message cannot be taken at all: let the task return less, or raise the limit",
        ),
        Some(Error::Utf8(_)) => problem(kind, format!("{url} sent text that is not UTF-8"), ""),
        Some(e) => {
            problem(kind, format!("{url} broke the WebSocket protocol ({})", tidy(&e.to_string(), 200)), "")
        }
    }
}

/// A short phrase for an I/O error, without the operating system's number.
pub fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        io::ErrorKind::BrokenPipe => "broken pipe".to_owned(),
        io::ErrorKind::TimedOut => "timed out".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to the host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "network unreachable".to_owned(),
        io::ErrorKind::UnexpectedEof => "closed in the middle".to_owned(),
        _ => {
            let text = tidy(&error.to_string(), 200);
            text.split(" (os error").next().unwrap_or_default().to_owned()
        }
    }
}

/// What kind of server was asked, for the meaning of its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The task manager's router.
    Router,
    /// One service's own port.
    Service,
    /// The edge gateway on a JupyterHub.
    Edge,
}

/// The upgrade at `url` was answered with this HTTP status instead.
pub fn http(
    asked: Asked,
    url: &str,
    status: tungstenite::http::StatusCode,
    location: Option<&str>,
) -> Problem {
    let name = status.canonical_reason().map(|r| format!(" {r}")).unwrap_or_default();
    let what = format!("{url} answered {}{name}", status.as_u16());
    let (kind, remedy) = match (status.as_u16(), asked) {
        (401 | 403, Asked::Edge) => {
            (ProblemKind::Refused, "Put a valid token into the token file: it is read again by itself")
        }
        (401 | 403, _) => (
            ProblemKind::Refused,
            "This address wants a login, which a task manager never does: a JupyterHub is given with --edge",
        ),
        (300..400, _) => {
            let target = location.map(|l| format!(" (to {})", tidy(l, 200))).unwrap_or_default();
            let remedy = match asked {
                Asked::Edge => {
                    "Is the hub's base path right? A redirect to a login means that the path is not the edge's"
                }
                _ => "Use the address of the task manager itself, not of a web page in front of it",
            };
            return problem(ProblemKind::Redirected, format!("{what}{target}"), remedy);
        }
        (404, Asked::Edge) => {
            (ProblemKind::NotJuice, "Is the hub's base path right, and Juice there 26.34.1 or newer?")
        }
        (404, Asked::Router) => {
            (ProblemKind::NotJuice, "Is this a task manager's address? Its port is normally 5124")
        }
        (404, Asked::Service) => {
            (ProblemKind::NotJuice, "Is this a service's own address? Its port is normally 5120")
        }
        (400 | 426, _) => (
            ProblemKind::NotJuice,
            "A proxy in between may not pass WebSocket upgrades on: let it forward Upgrade and Connection",
        ),
        (429 | 500..600, _) => {
            (ProblemKind::ServerError, "What stands in front of Juice is up, but Juice is not (yet)")
        }
        _ => (ProblemKind::NotJuice, "This is a web server, not a Juice: is the port right?"),
    };
    problem(kind, what, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_reasons_are_cleaned_and_told() {
        let frame = CloseFrame { code: CloseCode::Error, reason: "down \u{1b}[31m\u{202e}é".into() };
        let told = closed("ws://h:1", Some(&frame));
        assert_eq!(
            told.what,
            "ws://h:1 closed the connection (1011, internal error): down \\x1b[31m\\u202eé"
        );
        assert_eq!(closed("ws://h:1", None).kind, ProblemKind::Closed);
    }

    #[test]
    fn tidy_is_short_and_whole() {
        assert_eq!(tidy("abc", 3), "abc");
        assert_eq!(tidy("äbcd", 3), "äbc…");
        assert_eq!(tidy("a\r\nb\u{9b}c\u{0}", 9), "a  b\\x9bc\\x00");
    }

    #[test]
    fn each_status_has_its_meaning() {
        for (asked, status, kind) in [
            (Asked::Edge, 403, ProblemKind::Refused),
            (Asked::Edge, 401, ProblemKind::Refused),
            (Asked::Edge, 302, ProblemKind::Redirected),
            (Asked::Edge, 404, ProblemKind::NotJuice),
            (Asked::Edge, 502, ProblemKind::ServerError),
            (Asked::Router, 503, ProblemKind::ServerError),
            (Asked::Router, 400, ProblemKind::NotJuice),
            (Asked::Router, 200, ProblemKind::NotJuice),
        ] {
            let status = tungstenite::http::StatusCode::from_u16(status).unwrap();
            let told = http(asked, "ws://h:1/x", status, Some("/login"));
            assert_eq!(told.kind, kind, "{status}");
            assert!(told.what.contains(status.as_str()) && !told.remedy.is_empty(), "{told:?}");
        }
    }
}
