//! The state of a connection, as `net` tells it and everything else shows it.

use std::{sync::Arc, time::Duration};

use super::{Text, bus, event::Event, frame::Reply};

/// Which connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// The bus: `/remote-sub`, or the edge's `/hub/sub`.
    Bus,
    /// The router: `/tasks`.
    Router,
    /// One service's own `/tasks`, past the router.
    Service(Text),
    /// The router's `/tasks` again, for the task of this id alone: closing it withdraws the task while it waits.
    Task(Text),
}

impl Line {
    /// Its name in lines and documents: `bus`, `router`, `service:NAME`, `task:ID`.
    pub fn name(&self) -> String {
        match self {
            Line::Bus => "bus".to_owned(),
            Line::Router => "router".to_owned(),
            Line::Service(name) => format!("service:{name}"),
            Line::Task(id) => format!("task:{id}"),
        }
    }

    /// The line of that name.
    pub fn parse(name: &str) -> Option<Line> {
        match name {
            "bus" => Some(Line::Bus),
            "router" => Some(Line::Router),
            _ => match name.split_once(':')? {
                ("service", name) => Some(Line::Service(name.into())),
                ("task", id) => Some(Line::Task(id.into())),
                _ => None,
            },
        }
    }
}

/// What a connection is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// A try is under way.
    Connecting {
        /// The how-manieth since it was last up, from 1.
        attempt: u32,
    },
    /// It is up.
    Live,
    /// It is down; the next try comes by itself.
    Waiting {
        /// The next try's number.
        attempt: u32,
        /// When it comes, on the program's monotonic clock.
        until: Duration,
        /// Why it is down.
        problem: Problem,
    },
    /// It is down and stays so until the person asks for another try (or something changes, e.g. the token file).
    Stopped {
        /// Why.
        problem: Problem,
    },
}

/// Why a connection is down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Problem {
    /// Its kind, for what depends on it.
    pub kind: ProblemKind,
    /// One sentence without a full stop: what happened, with the address.
    pub what: String,
    /// One sentence without a full stop: what to do; may be empty.
    pub remedy: String,
}

impl Problem {
    /// Both sentences, each with its capital and its full stop.
    pub fn sentences(&self) -> String {
        let whole = |text: &str| {
            // An address or a file's name is not a word.
            let word = text.split(' ').next().is_some_and(|word| word.chars().all(char::is_alphabetic));
            let mut chars = text.chars();
            let first = chars
                .next()
                .into_iter()
                .flat_map(|c| if word { c.to_uppercase().collect() } else { vec![c] });
            let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
            first.chain(chars).chain(stop.chars()).collect::<String>()
        };
        if self.remedy.is_empty() {
            whole(&self.what)
        } else {
            format!("{} {}", whole(&self.what), whole(&self.remedy))
        }
    }
}

/// Kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// Nothing answers there: name unknown, connection refused, timed out.
    Unreachable,
    /// 401 or 403: the token was refused.
    Refused,
    /// Something answers that is not a Juice.
    NotJuice,
    /// A Juice without `/remote-sub`: older than 26.34.1.
    TooOld,
    /// The port of a single service, not of the task manager.
    ServicePort,
    /// Redirected (302 and the like): the base path or the login is wrong.
    Redirected,
    /// A server error (5xx), passing.
    ServerError,
    /// TLS failed.
    Tls,
    /// A message was larger than the limit.
    TooLarge,
    /// The other side closed it.
    Closed,
    /// Nothing came for too long, not even a pong.
    Silent,
    /// The address itself cannot be used.
    BadAddress,
}

impl ProblemKind {
    /// All, with their words in lines and documents.
    const WORDS: [(ProblemKind, &'static str); 12] = [
        (ProblemKind::Unreachable, "unreachable"),
        (ProblemKind::Refused, "refused"),
        (ProblemKind::NotJuice, "not-juice"),
        (ProblemKind::TooOld, "too-old"),
        (ProblemKind::ServicePort, "service-port"),
        (ProblemKind::Redirected, "redirected"),
        (ProblemKind::ServerError, "server-error"),
        (ProblemKind::Tls, "tls"),
        (ProblemKind::TooLarge, "too-large"),
        (ProblemKind::Closed, "closed"),
        (ProblemKind::Silent, "silent"),
        (ProblemKind::BadAddress, "bad-address"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        // The table is in the order of the kinds.
        ProblemKind::WORDS[self as usize].1
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<ProblemKind> {
        ProblemKind::WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// A message as it came out of the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Bytes, as the bus sends them.
    Binary(Arc<[u8]>),
    /// Text, as replies are.
    Text(Text),
}

impl Frame {
    /// What it says.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Frame::Binary(bytes) => bytes,
            Frame::Text(text) => text.as_bytes(),
        }
    }

    /// Reads it as a message of that connection: an event, a reply, or one that cannot be decoded.
    pub fn read(&self, line: &Line) -> Incoming {
        match self {
            Frame::Binary(bytes) => Incoming::of_bytes(line, bytes),
            Frame::Text(text) => Incoming::of_text(line, text.clone()),
        }
    }
}

/// What the connections tell: the program's view of the wire.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// The message itself that what follows at once was read from, where that does not hold it. Only for who keeps a
    /// recording.
    Raw {
        /// On which connection.
        line: Line,
        /// The message.
        frame: Frame,
    },
    /// A connection changed its state.
    Link {
        /// Which.
        line: Line,
        /// To what.
        state: LinkState,
    },
    /// A message of the bus.
    Bus(Event),
    /// A reply on `/tasks`.
    Reply {
        /// On which connection.
        line: Line,
        /// The reply.
        reply: Reply,
    },
    /// The frame went out to the socket.
    Sent {
        /// The frame's id.
        id: Text,
    },
    /// The frame did not go out and never will.
    Unsent {
        /// The frame's id.
        id: Text,
        /// One sentence.
        why: String,
    },
    /// The connection of this task was closed as asked, and the router has said so too: if the task had not begun by
    /// then, it never will.
    Withdrawn {
        /// The frame's id.
        id: Text,
    },
    /// A message that could not be decoded.
    Bad {
        /// On which connection.
        line: Line,
        /// What is wrong with it.
        why: String,
        /// Its length in bytes.
        length: usize,
    },
    /// Bus messages were let go because the program was slower than the lab.
    Missed {
        /// How many.
        count: u64,
    },
    /// All connections that were up have been looked at, as was asked for: each has answered, or its loss stands before this.
    Looked,
}

impl Incoming {
    /// Reads a binary message of that connection.
    pub fn of_bytes(line: &Line, bytes: &[u8]) -> Incoming {
        if *line != Line::Bus {
            let why = "a binary message among the replies, which are text";
            return Incoming::bad(line, why, bytes.len());
        }
        match bus::decode(bytes) {
            Ok(event) => Incoming::Bus(event),
            Err(error) => Incoming::bad(line, error.what, bytes.len()),
        }
    }

    /// Reads a text message of that connection.
    pub fn of_text(line: &Line, text: Text) -> Incoming {
        if *line == Line::Bus {
            return Incoming::bad(line, "a text message on the bus, which is binary", text.len());
        }
        match Reply::parse(text.clone()) {
            Ok(reply) => Incoming::Reply { line: line.clone(), reply },
            Err(error) => Incoming::bad(line, error.what, text.len()),
        }
    }

    /// A message of so many bytes that cannot be decoded. What stands in it is not told: it may be a payload with a
    /// password, and the log is read by others. A recording has it.
    pub fn bad(line: &Line, why: impl Into<String>, length: usize) -> Incoming {
        Incoming::Bad { line: line.clone(), why: why.into(), length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lines_and_kinds_come_back_as_they_were() {
        for line in [Line::Bus, Line::Router, Line::Service("a:b".into()), Line::Task("service:a".into())] {
            assert_eq!(Line::parse(&line.name()), Some(line));
        }
        assert_eq!(Line::parse("edge"), None);
        for (kind, word) in ProblemKind::WORDS {
            assert_eq!((kind.word(), ProblemKind::parse(word)), (word, Some(kind)));
        }
    }

    #[test]
    fn a_message_of_the_wrong_kind_is_bad() {
        let long = "x".repeat(10_000);
        let text = Frame::Text(long.as_str().into());
        let binary = Frame::Binary(bus::encode("TaskEvent.", "{}").into());
        for (frame, line) in [(&text, Line::Bus), (&text, Line::Router), (&binary, Line::Router)] {
            let Incoming::Bad { length, .. } = frame.read(&line) else { panic!("{line:?}") };
            assert_eq!(length, frame.bytes().len());
        }
        assert!(matches!(binary.read(&Line::Bus), Incoming::Bad { why, .. } if why.contains("task_id")));
        let odd = Frame::Binary(bus::encode("Odd.", "").into());
        assert!(matches!(odd.read(&Line::Bus), Incoming::Bus(_)));
    }

    #[test]
    fn sentences_have_one_full_stop_each() {
        let mut problem =
            Problem { kind: ProblemKind::Closed, what: "It broke".into(), remedy: String::new() };
        assert_eq!(problem.sentences(), "It broke.");
        problem.remedy = "Is it running?".into();
        assert_eq!(problem.sentences(), "It broke. Is it running?");
        problem.what = "nothing answers at ws://lab:5124".into();
        assert_eq!(problem.sentences(), "Nothing answers at ws://lab:5124. Is it running?");
        problem.what = "ws://lab:5124 answered 403".into();
        assert_eq!(problem.sentences(), "ws://lab:5124 answered 403. Is it running?");
    }
}
