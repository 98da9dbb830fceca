//! A record of a service's log, as Juice keeps it in its database, and what can be asked of all of them.
//!
//! Pure. It refuses to trust a record: whatever is missing in it, or is something else than it should be, is left out.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{Text, json};

/// A text of a record is no larger, bytes: its beginning and its end, and between them what is left out.
pub const MOST_TEXT: usize = 128 * 1024;
/// Records of one answer, where there are more.
pub const PAGE: usize = 200;
/// What a record weighs beside its texts, bytes.
const OVERHEAD: usize = 300;

/// What a record is known by: in the database there is one of a service and a level at a moment.
pub type Key = (DateTime<Utc>, Text, i64);

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it was written, by the service's clock.
    pub at: DateTime<Utc>,
    /// The service; empty: it says none.
    pub service: Text,
    /// How bad it is, as Python counts: 10 debug, 20 info, 30 warning, 40 error, 50 critical, or one of the lab's own.
    pub level: i64,
    /// What the service calls that.
    pub level_name: Text,
    /// The logger's name.
    pub logger: Text,
    /// What was said.
    pub message: Text,
    /// The traceback of an exception.
    pub traceback: Option<Text>,
    /// The stack, where that was asked for.
    pub stack: Option<Text>,
    /// The file that said it.
    pub path: Option<Text>,
    /// The line there.
    pub line: Option<u64>,
    /// The process.
    pub process: Option<u64>,
    /// The thread.
    pub thread: Option<u64>,
    /// So many bytes of it are left out.
    pub left_out: usize,
}

impl Record {
    /// Makes one of its text in the database, and of what stands beside it there.
    pub fn read(at: DateTime<Utc>, service: &str, level: Option<i64>, raw: &str) -> Record {
        let members = json::members(raw).unwrap_or_default();
        let value = |key: &str| members.iter().rev().find(|(name, _)| name == key).map(|(_, raw)| *raw);
        let mut left_out = 0;
        let mut text = |key: &str| {
            let (text, less) = bounded(&json::string(value(key)?)?);
            left_out += less;
            Some(text)
        };
        // What is no record is shown as it is.
        let message = text("message");
        let (level_name, logger) = (text("levelname"), text("name"));
        let (traceback, stack, path) = (text("exc_text"), text("stack_info"), text("pathname"));
        let message = message.unwrap_or_else(|| {
            let (text, less) = bounded(raw);
            left_out += less;
            text
        });
        let number = |key: &str| value(key)?.parse().ok();
        let level_name = level_name.unwrap_or_default();
        let level = level.or_else(|| level_of(&level_name)).unwrap_or_default();
        Record {
            at,
            service: service.into(),
            level,
            level_name,
            logger: logger.unwrap_or_default(),
            message,
            traceback: traceback.filter(|text| !text.trim().is_empty()),
            stack: stack.filter(|text| !text.trim().is_empty()),
            path,
            line: number("lineno"),
            process: number("process"),
            thread: number("thread"),
            left_out,
        }
    }

    /// One that was too large to be read at all.
    pub fn too_large(at: DateTime<Utc>, service: &str, level: Option<i64>, bytes: usize) -> Record {
        let message = format!("(a record of {} kB, too large to be read here)", bytes.div_ceil(1000));
        Record {
            left_out: bytes,
            ..Record::read(at, service, level, &format!("{{\"message\": {}}}", json::quote(&message)))
        }
    }

    /// What it is known by.
    pub fn key(&self) -> Key {
        (self.at, self.service.clone(), self.level)
    }

    /// What it takes, bytes.
    pub fn bytes(&self) -> usize {
        let texts = [&self.traceback, &self.stack, &self.path].into_iter().flatten();
        let always = [&self.service, &self.level_name, &self.logger, &self.message];
        OVERHEAD + texts.chain(always).map(|text| text.len()).sum::<usize>()
    }

    /// What its level is called.
    pub fn level_word(&self) -> String {
        match LEVELS.iter().find(|(_, level)| *level == self.level) {
            Some((word, _)) => (*word).to_owned(),
            // Python itself calls one without a name so.
            None if self.level_name.is_empty() || *self.level_name == *format!("Level {}", self.level) => {
                format!("level {}", self.level)
            }
            None => self.level_name.to_lowercase(),
        }
    }

    /// It as one JSON object, in one line.
    pub fn json(&self) -> String {
        let text = |text: &str| json::quote(text);
        let maybe = |value: &Option<Text>| value.as_deref().map_or("null".to_owned(), json::quote);
        let number = |value: Option<u64>| value.map_or("null".to_owned(), |number| number.to_string());
        json::object([
            ("time", text(&self.at.to_rfc3339_opts(SecondsFormat::Micros, true))),
            ("service", text(&self.service)),
            ("level", self.level.to_string()),
            ("level_name", text(&self.level_name)),
            ("logger", text(&self.logger)),
            ("message", text(&self.message)),
            ("traceback", maybe(&self.traceback)),
            ("stack", maybe(&self.stack)),
            ("path", maybe(&self.path)),
            ("line", number(self.line)),
            ("process", number(self.process)),
            ("thread", number(self.thread)),
            ("left_out", self.left_out.to_string()),
        ])
    }
}

/// The levels that have a name everywhere.
pub const LEVELS: [(&str, i64); 5] =
    [("debug", 10), ("info", 20), ("warning", 30), ("error", 40), ("critical", 50)];

/// The level of that name, or number.
pub fn level_of(word: &str) -> Option<i64> {
    let word = word.to_lowercase();
    let word = if word == "warn" { "warning" } else { &*word };
    let named = LEVELS.iter().find(|(name, _)| *name == word).map(|(_, level)| *level);
    named.or_else(|| word.parse().ok().filter(|level| (0..=1000).contains(level)))
}

/// A text as far as it is kept, and how many bytes of it are not.
fn bounded(text: &str) -> (Text, usize) {
    if text.len() <= MOST_TEXT {
        return (text.into(), 0);
    }
    let head = &text[..text.floor_char_boundary(MOST_TEXT / 2)];
    let tail = &text[text.ceil_char_boundary(text.len() - MOST_TEXT / 2)..];
    let less = text.len() - head.len() - tail.len();
    (format!("{head}\n… {} kB are left out here …\n{tail}", less.div_ceil(1000)).into(), less)
}

/// Which records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this level or a worse one.
    pub least: Option<i64>,
    /// Of a lower level than this.
    pub below: Option<i64>,
    /// Of one of these services; none: of all.
    pub services: Vec<String>,
    /// Of none of these.
    pub not_services: Vec<String>,
    /// With each of these texts in the message, whatever its case.
    pub texts: Vec<String>,
    /// With none of these.
    pub not_texts: Vec<String>,
    /// Written then or later, by the clock of this machine.
    pub since: Option<DateTime<Utc>>,
    /// Written before.
    pub until: Option<DateTime<Utc>>,
}

impl Wanted {
    /// Where nothing is said, the last day is looked through.
    pub const BACK: TimeDelta = TimeDelta::hours(24);

    /// From when on, where it is `now`.
    pub fn from(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let end = self.until.unwrap_or(now);
        self.since.unwrap_or_else(|| end.checked_sub_signed(Wanted::BACK).unwrap_or(end))
    }
}

/// Which part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The newest.
    Newest,
    /// The newest up to this moment of the database's clock.
    UpTo(DateTime<Utc>),
    /// All from this moment of that clock on: what may have come since the last question.
    Since(DateTime<Utc>),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its number: answers to others count no more.
    pub id: u64,
    /// Which records.
    pub wanted: Wanted,
    /// Which part of them.
    pub part: Part,
    /// How far the database's clock is ahead of this machine's, as the last answer told.
    pub ahead: TimeDelta,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The newest first; at most [`PAGE`].
    pub records: Vec<Record>,
    /// There are more of them, older ones.
    pub more: bool,
    /// What time it was at the database when the question came there.
    pub at: DateTime<Utc>,
    /// How far its clock is ahead of this machine's.
    pub ahead: TimeDelta,
    /// Rows that no record can be made of.
    pub odd: usize,
    /// So many bytes of records may be at hand.
    pub room: usize,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// What happened and what helps, without a full stop.
    pub what: String,
    /// It may pass by itself.
    pub passes: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Record {
        Record::read(DateTime::UNIX_EPOCH, "lab", Some(40), raw)
    }

    #[test]
    fn a_record_is_read_as_juice_writes_it_and_written_as_one_line() {
        let raw = r#"{"name": "root", "levelname": "ERROR", "message": "Uncaught:\n 'q\ud800'", "pathname": "/a/b.py", "lineno": 416,
            "created": 1795561286.67, "thread": 140198577486720, "process": 11067, "exc_text": "Traceback\n", "stack_info": null}"#;
        let record = read(raw);
        assert_eq!((&*record.message, record.line), ("Uncaught:\n 'q\u{fffd}'", Some(416)));
        assert_eq!((record.traceback.as_deref(), record.stack.as_deref()), (Some("Traceback\n"), None));
        assert_eq!(record.thread, Some(140_198_577_486_720));
        assert_eq!(
            record.json(),
            r#"{"time": "1970-01-01T00:00:00.000000Z", "service": "lab", "level": 40, "level_name": "ERROR", "logger": "root", "message": "Uncaught:\n 'q�'", "traceback": "Traceback\n", "stack": null, "path": "/a/b.py", "line": 416, "process": 11067, "thread": 140198577486720, "left_out": 0}"#
        );
    }

    #[test]
    fn what_is_missing_or_something_else_is_left_out() {
        for (raw, message) in [
            ("not json", "not json"),
            ("", ""),
            (r#"{"message": 5, "lineno": "x"}"#, r#"{"message": 5, "lineno": "x"}"#),
            (r#"{"message": "m", "lineno": -1, "exc_text": ["x"]}"#, "m"),
        ] {
            let record = read(raw);
            assert_eq!((&*record.message, record.line, &record.traceback), (message, None, &None), "{raw}");
        }
        let of_name = Record::read(DateTime::UNIX_EPOCH, "", None, r#"{"levelname": "WARNING"}"#);
        assert_eq!((of_name.level, of_name.level_word()), (30, "warning".to_owned()));
    }

    #[test]
    fn levels_have_their_own_names() {
        let word = |level, name: &str| {
            Record::read(DateTime::UNIX_EPOCH, "", Some(level), &format!(r#"{{"levelname": "{name}"}}"#))
                .level_word()
        };
        assert_eq!(word(40, "ERROR"), "error");
        assert_eq!(word(35, "NOTICE"), "notice");
        assert_eq!(word(35, "Level 35"), "level 35");
        assert_eq!(word(35, ""), "level 35");
        assert_eq!(
            (level_of("Warn"), level_of("35"), level_of("bad"), level_of("-1")),
            (Some(30), Some(35), None, None)
        );
    }

    #[test]
    fn a_record_of_megabytes_keeps_its_beginning_and_its_end_and_says_how_much_is_gone() {
        let text = format!("begin{}end", "é".repeat(1_000_000));
        let record = read(&format!(r#"{{"message": "m", "exc_text": "{text}"}}"#));
        let traceback = record.traceback.clone().unwrap();
        assert!(traceback.starts_with("begin") && traceback.ends_with("end"));
        assert!(traceback.contains(" kB are left out here") && record.left_out > 1_800_000);
        assert!(record.bytes() < MOST_TEXT + 1_000, "{}", record.bytes());
        let huge = Record::too_large(DateTime::UNIX_EPOCH, "lab", Some(40), 5_200_000);
        assert_eq!(
            (&*huge.message, huge.left_out),
            ("(a record of 5200 kB, too large to be read here)", 5_200_000)
        );
    }
}
