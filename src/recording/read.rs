//! Reading lines: what is wrong with one is told in words that lead to it.

use std::{borrow::Cow, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;

use super::{Entry, Head, VERSION, What, raw_get, raw_text, time_of};
use crate::wire::{
    Text, bus, json,
    link::{Frame, Line, LinkState, Problem, ProblemKind},
};

/// Why a line cannot be read: one phrase, without the line itself, which may hold anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl Fault {
    fn new(what: impl Into<String>) -> Fault {
        Fault(what.into())
    }
}

/// The members of a line.
struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Members<'a> {
    fn read(line: &'a str) -> Result<Members<'a>, Fault> {
        json::members(line).map(Members).map_err(|error| Fault::new(format!("it is no JSON object: {error}")))
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        raw_get(&self.0, name)
    }

    fn text(&self, name: &str) -> Result<Text, Fault> {
        self.raw(name).and_then(raw_text).ok_or_else(|| Fault::new(format!("it has no text `{name}`")))
    }

    fn number<N: std::str::FromStr>(&self, name: &str) -> Result<N, Fault> {
        let number = self.raw(name).and_then(|raw| raw.parse().ok());
        number.ok_or_else(|| Fault::new(format!("it has no whole number `{name}`")))
    }

    fn time(&self, name: &str) -> Result<Duration, Fault> {
        time_of(self.number(name)?).ok_or_else(|| Fault::new(format!("`{name}` is more than ten years")))
    }

    fn line(&self, name: &str) -> Result<Line, Fault> {
        let word = self.text(name)?;
        Line::parse(&word).ok_or_else(|| Fault::new(format!("`{name}` names no connection")))
    }
}

impl Head {
    /// Reads the first line.
    ///
    /// # Errors
    /// It is none, or that of a recording which only a newer juicetop can read.
    pub fn read(line: &str) -> Result<Head, Fault> {
        let none =
            || Fault::new("this is no recording of juicetop: its first line has no \"juicetop_recording\"");
        let members = Members::read(line).map_err(|_| none())?;
        members.raw("juicetop_recording").ok_or_else(none)?;
        let version: u64 = members.number("juicetop_recording")?;
        if version > VERSION {
            let by = members.text("juicetop").unwrap_or_else(|_| "a newer juicetop".into());
            return Err(Fault::new(format!(
                "it was recorded by juicetop {by} in form {version}, and this version reads form {VERSION} and \
                 older: replay it with that juicetop or a newer one"
            )));
        }
        let started = members.text("started")?;
        let started = DateTime::parse_from_rfc3339(&started)
            .map_err(|_| Fault::new("`started` is no moment (RFC 3339 with an offset)"))?;
        let services = members.raw("services").and_then(|raw| json::items(raw).ok()).unwrap_or_default();
        Ok(Head {
            juicetop: members.text("juicetop").unwrap_or_default(),
            started,
            lab: members.text("lab").unwrap_or_default(),
            address: members.text("address").unwrap_or_default(),
            services: services.into_iter().filter_map(raw_text).collect(),
            redacted: members.raw("redacted") == Some("true"),
        })
    }
}

impl Entry {
    /// Reads a line below the first.
    ///
    /// # Errors
    /// It is damaged, or of a kind that this version does not know.
    pub fn read(line: &str) -> Result<Entry, Fault> {
        let members = Members::read(line)?;
        let at = members.time("t")?;
        // The first of these names says what it is.
        let kind = members.0.iter().map(|(name, _)| name.as_ref()).find(|name| {
            matches!(
                *name,
                "link"
                    | "in"
                    | "out"
                    | "sent"
                    | "withdrawn"
                    | "unsent"
                    | "bad"
                    | "missed"
                    | "put_away"
                    | "clock"
                    | "end"
            )
        });
        let what = match kind {
            Some("link") => What::Link { line: members.line("link")?, state: state(&members)? },
            Some("in") => What::In { line: members.line("in")?, frame: frame(&members)? },
            Some("out") => What::Out { line: members.line("out")?, text: members.text("text")? },
            Some("sent") => What::Sent { id: members.text("sent")? },
            Some("withdrawn") => What::Withdrawn { id: members.text("withdrawn")? },
            Some("unsent") => What::Unsent { id: members.text("unsent")?, why: members.text("why")? },
            Some("bad") => What::Bad {
                line: members.line("bad")?,
                why: members.text("why")?,
                length: members.number("length")?,
            },
            Some("missed") => What::Missed { count: members.number("missed")? },
            Some("put_away") => What::PutAway { key: members.text("put_away")? },
            Some("clock") => {
                let utc = DateTime::parse_from_rfc3339(&members.text("clock")?);
                What::Clock { utc: utc.map_err(|_| Fault::new("`clock` is no moment"))?.to_utc() }
            }
            Some("end") => What::End,
            _ => return Err(Fault::new("it is of a kind that this version does not know")),
        };
        Ok(Entry { at, what })
    }
}

fn state(members: &Members<'_>) -> Result<LinkState, Fault> {
    let problem = || {
        let kind = ProblemKind::parse(&members.text("kind")?);
        Ok(Problem {
            kind: kind.ok_or_else(|| Fault::new("`kind` is none that this version knows"))?,
            what: members.text("what")?.to_string(),
            remedy: members.text("remedy")?.to_string(),
        })
    };
    Ok(match &*members.text("state")? {
        "connecting" => LinkState::Connecting { attempt: members.number("attempt")? },
        "live" => LinkState::Live,
        "waiting" => LinkState::Waiting {
            attempt: members.number("attempt")?,
            until: members.time("until")?,
            problem: problem()?,
        },
        "stopped" => LinkState::Stopped { problem: problem()? },
        _ => return Err(Fault::new("`state` is none that this version knows")),
    })
}

fn frame(members: &Members<'_>) -> Result<Frame, Fault> {
    if let Some(parts) = members.raw("parts") {
        let parts = json::items(parts).ok().filter(|parts| parts.len() == 2);
        let text = |at: usize| parts.as_ref().and_then(|parts| json::string(parts[at]));
        return match (text(0), text(1)) {
            (Some(topic), Some(event)) => Ok(Frame::Binary(bus::encode(&topic, &event).into())),
            _ => Err(Fault::new("`parts` are not two texts")),
        };
    }
    if let Some(bytes) = members.raw("base64") {
        let bytes = json::string(bytes).and_then(|text| STANDARD.decode(text.as_bytes()).ok());
        return bytes
            .map(|bytes| Frame::Binary(bytes.into()))
            .ok_or_else(|| Fault::new("`base64` cannot be decoded"));
    }
    members.text("text").map(Frame::Text)
}
