//! The state of a connection, as `net` tells it and everything else shows it.

use std::time::Duration;

use super::{Text, event::Event, frame::Reply};

/// Which connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// The bus: `/remote-sub`, or the edge's `/hub/sub`.
    Bus,
    /// The router: `/tasks`.
    Router,
    /// One service's own `/tasks`, past the router.
    Service(Text),
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

/// What the connections tell: the program's view of the wire.
#[derive(Clone, Debug)]
pub enum Incoming {
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
    /// A message that could not be decoded.
    Bad {
        /// On which connection.
        line: Line,
        /// What is wrong with it.
        why: String,
        /// Its length in bytes.
        length: usize,
        /// Its beginning, for the log: at most 4 KiB.
        sample: Vec<u8>,
    },
    /// Bus messages were let go because the program was slower than the lab.
    Missed {
        /// How many.
        count: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

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
