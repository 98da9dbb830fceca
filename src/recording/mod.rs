//! A recording: all that came in and went out, with its times, as lines of JSON. `docs/replay.md` promises the format.
//!
//! Pure: it turns entries into lines and lines into entries; reading and writing files is `run`'s. What came from the
//! socket is kept byte for byte, also what this version cannot decode. It refuses to guess: a line that it cannot read
//! is told with what is wrong with it, and a recording of a newer form is not read at all.

mod read;
mod redact;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

use crate::wire::{
    Text, bus,
    json::{self, quote},
    link::{Frame, Line, LinkState},
};

pub use read::Fault;
pub use redact::Redactor;

/// The form that this version writes, and the newest that it reads.
pub const VERSION: u64 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The juicetop that wrote it.
    pub juicetop: Text,
    /// The wall clock where the times of the entries begin, with the offset that held there.
    pub started: DateTime<FixedOffset>,
    /// The lab's name, as in the header.
    pub lab: Text,
    /// Where it was connected to; empty where that is nobody's business.
    pub address: Text,
    /// The services that the lab's configuration names, in its order.
    pub services: Vec<Text>,
    /// What was measured and asked for is left out.
    pub redacted: bool,
}

impl Head {
    /// Its line, without the break.
    pub fn write(&self) -> String {
        let services: Vec<String> = self.services.iter().map(|name| quote(name)).collect();
        format!(
            r#"{{"juicetop_recording":{VERSION},"juicetop":{},"started":{},"lab":{},"address":{},"services":[{}],"redacted":{}}}"#,
            quote(&self.juicetop),
            quote(&self.started.to_rfc3339_opts(SecondsFormat::Micros, false)),
            quote(&self.lab),
            quote(&self.address),
            services.join(","),
            self.redacted,
        )
    }
}

/// One line below the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, from the start; whole microseconds.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What can be recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A connection changed its state. Moments in it count from the start of the recording.
    Link {
        /// Which.
        line: Line,
        /// To what.
        state: LinkState,
    },
    /// A message came in.
    In {
        /// On which connection.
        line: Line,
        /// As it came.
        frame: Frame,
    },
    /// A task frame was handed over to a connection.
    Out {
        /// To which.
        line: Line,
        /// As it was to go out.
        text: Text,
    },
    /// The frame went out to the socket.
    Sent {
        /// Its id.
        id: Text,
    },
    /// The frame did not go out and never will.
    Unsent {
        /// Its id.
        id: Text,
        /// One sentence.
        why: Text,
    },
    /// The task's own connection was closed as asked, and the router has said so too.
    Withdrawn {
        /// The frame's id.
        id: Text,
    },
    /// A message that could not be decoded, where the message itself is not at hand.
    Bad {
        /// On which connection.
        line: Line,
        /// What was wrong with it.
        why: Text,
        /// Its length in bytes.
        length: u64,
    },
    /// Messages of the bus were let go, because the program was slower than the lab.
    Missed {
        /// How many.
        count: u64,
    },
    /// The person put a task away.
    PutAway {
        /// Its key.
        key: Text,
    },
    /// The wall clock was set, or the machine slept: from here on it shows this.
    Clock {
        /// What it shows at this moment.
        utc: DateTime<Utc>,
    },
    /// The recording was ended.
    End,
}

impl Entry {
    /// Its line, without the break.
    pub fn write(&self) -> String {
        let at = self.at.as_micros();
        match &self.what {
            What::Link { line, state } => {
                format!(r#"{{"t":{at},"link":{},{}}}"#, quote(&line.name()), written_state(state))
            }
            What::In { line, frame } => {
                format!(r#"{{"t":{at},"in":{},{}}}"#, quote(&line.name()), written_frame(frame))
            }
            What::Out { line, text } => {
                format!(r#"{{"t":{at},"out":{},"text":{}}}"#, quote(&line.name()), quote(text))
            }
            What::Sent { id } => format!(r#"{{"t":{at},"sent":{}}}"#, quote(id)),
            What::Withdrawn { id } => format!(r#"{{"t":{at},"withdrawn":{}}}"#, quote(id)),
            What::Unsent { id, why } => {
                format!(r#"{{"t":{at},"unsent":{},"why":{}}}"#, quote(id), quote(why))
            }
            What::Bad { line, why, length } => {
                let line = quote(&line.name());
                format!(r#"{{"t":{at},"bad":{line},"why":{},"length":{length}}}"#, quote(why))
            }
            What::Missed { count } => format!(r#"{{"t":{at},"missed":{count}}}"#),
            What::PutAway { key } => format!(r#"{{"t":{at},"put_away":{}}}"#, quote(key)),
            What::Clock { utc } => {
                format!(
                    r#"{{"t":{at},"clock":{}}}"#,
                    quote(&utc.to_rfc3339_opts(SecondsFormat::Micros, true))
                )
            }
            What::End => format!(r#"{{"t":{at},"end":true}}"#),
        }
    }
}

fn written_state(state: &LinkState) -> String {
    let told = |problem: &crate::wire::link::Problem| {
        format!(
            r#""kind":{},"what":{},"remedy":{}"#,
            quote(problem.kind.word()),
            quote(&problem.what),
            quote(&problem.remedy)
        )
    };
    match state {
        LinkState::Connecting { attempt } => format!(r#""state":"connecting","attempt":{attempt}"#),
        LinkState::Live => r#""state":"live""#.to_owned(),
        LinkState::Waiting { attempt, until, problem } => {
            let until = until.as_micros();
            format!(r#""state":"waiting","attempt":{attempt},"until":{until},{}"#, told(problem))
        }
        LinkState::Stopped { problem } => format!(r#""state":"stopped",{}"#, told(problem)),
    }
}

/// A message of the bus in its two parts, where that is all that it is; any other one as bytes.
fn written_frame(frame: &Frame) -> String {
    match frame {
        Frame::Text(text) => format!(r#""text":{}"#, quote(text)),
        Frame::Binary(bytes) => match two_parts(bytes) {
            Some((topic, event)) => format!(r#""parts":[{},{}]"#, quote(topic), quote(event)),
            None => format!(r#""base64":"{}""#, STANDARD.encode(bytes)),
        },
    }
}

/// Topic and event of a frame that holds these two and nothing else, both of them UTF-8.
fn two_parts(frame: &[u8]) -> Option<(&str, &str)> {
    let (topic, rest) = bus::part(frame)?;
    let (event, rest) = bus::part(rest)?;
    let whole = rest.is_empty();
    Some((std::str::from_utf8(topic).ok()?, std::str::from_utf8(event).ok()?)).filter(|_| whole)
}

/// A moment in whole microseconds: what a line can hold.
pub fn moment(at: Duration) -> Duration {
    Duration::from_micros(u64::try_from(at.as_micros()).unwrap_or(u64::MAX))
}

/// No recording lasts longer, in microseconds: ten years. A clock cannot show what a damaged number of them adds up to.
const LONGEST: u64 = 10 * 366 * 86_400 * 1_000_000;

/// The moment that a line's `t` tells; `None`: it is out of all bounds.
pub fn time_of(micros: u64) -> Option<Duration> {
    (micros <= LONGEST).then(|| Duration::from_micros(micros))
}

/// Whether a line tells of something that happens rather than of a beating heart: found without reading it whole.
pub fn is_eventful(line: &str) -> bool {
    let head = &line[..line.floor_char_boundary(120)];
    !["[\"ThrottleStateEvent", "[\"IPythonServiceState", "\"sent\":", "\"clock\":", "\"end\":"]
        .iter()
        .any(|quiet| head.contains(quiet))
}

fn raw_get<'a>(members: &[(std::borrow::Cow<'a, str>, &'a str)], name: &str) -> Option<&'a str> {
    members.iter().rev().find(|(known, _)| known == name).map(|(_, raw)| *raw)
}

fn raw_text(raw: &str) -> Option<Text> {
    json::string(raw).map(Text::from)
}
