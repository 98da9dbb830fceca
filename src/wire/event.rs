//! The events of Juice's bus, as far as juicetop uses them; all others are [`Event::Other`].
//!
//! Fields and their meaning: `orangeqs.juice.schemas` of orangeqs-juice-core 26.43.0. Decoded leniently: an unknown
//! state, a missing optional field or an extra one never loses the event.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::{Text, frame::Reply};

#[cfg(test)]
mod tests;

/// One message of the bus.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A task changed its state (`TaskEvent`).
    Task(Box<TaskEvent>),
    /// The task manager's word about an IPython kernel (`IPythonServiceState`).
    Service(ServiceEvent),
    /// A scheduled task changed its status (`ScheduledTaskEvent`).
    Scheduled(Box<ScheduledEvent>),
    /// The monitor's word about one parameter or about the whole lab, every 5 s (`ThrottleStateEvent`).
    Throttle(Box<ThrottleEvent>),
    /// An alert was sent to people (`AlertEvent`).
    Alert(AlertEvent),
    /// A message for whoever looks at a dashboard (`PanelNotif`).
    Notice(Box<NoticeEvent>),
    /// What a device of the refrigerator reads or is set to (`TemperaturePoint` and its like).
    Point(Box<PointEvent>),
    /// Anything else, and what of the above has not the fields that it should have.
    Other(Said),
}

impl Event {
    /// The message itself; `None` for those of which the lanes are made: their texts may hold what is secret.
    pub fn said(&self) -> Option<&Said> {
        match self {
            Event::Task(_) | Event::Service(_) | Event::Scheduled(_) => None,
            Event::Throttle(event) => Some(&event.said),
            Event::Alert(event) => Some(&event.said),
            Event::Notice(event) => Some(&event.said),
            Event::Point(event) => Some(&event.said),
            Event::Other(said) => Some(said),
        }
    }

    /// Whether it tells something about a task, so that something is missed with it.
    pub fn tells_of_tasks(&self) -> bool {
        self.said().is_none()
    }
}

/// A message as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Part 0 of the frame; of one without end its beginning.
    pub topic: Text,
    /// Part 1 as it stands, JSON or not; nothing where it is larger than [`LONGEST_SAID`].
    pub json: Text,
    /// How large that is, bytes.
    pub bytes: usize,
}

/// A message beside the tasks that is larger is not kept, bytes.
pub const LONGEST_SAID: usize = 64 * 1024;

/// A moment as the lab wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The text as it came.
    pub raw: Text,
    /// The instant, if the text can be read: ISO 8601 as Python writes and reads it; without an offset it is UTC.
    pub at: Option<DateTime<Utc>>,
}

impl Stamp {
    /// Reads a moment as Juice's own reader (pydantic) does: ISO 8601 with a date and hours and minutes at least, any
    /// of `T`, `t`, `_` and a blank between the two, a point or a comma before the fraction, `Z` or an offset with or
    /// without its colon; a date alone is its first moment; a bare number counts seconds since 1970, or milliseconds
    /// where it is beyond 2·10¹⁰. What that refuses (leap seconds, years outside 1 to 9999) stays unread.
    pub fn parse(text: &str) -> Stamp {
        Stamp { raw: text.into(), at: unix(text).or_else(|| iso(text)) }
    }

    /// Whether both tell of the same moment: one may be written in another form, as databases do.
    pub fn is(&self, other: &Stamp) -> bool {
        match (self.at, other.at) {
            (Some(one), Some(other)) => one == other,
            _ => self.raw == other.raw,
        }
    }

    /// The stamp of a message that has none.
    pub fn missing() -> Stamp {
        Stamp { raw: Text::default(), at: None }
    }
}

/// Seconds or milliseconds since 1970 as a decimal number.
fn unix(text: &str) -> Option<DateTime<Utc>> {
    /// From here on pydantic takes a number for milliseconds.
    const WATERSHED: i64 = 20_000_000_000;
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos = i64::from(nanoseconds(fraction));
    let since = if whole > WATERSHED {
        TimeDelta::try_milliseconds(whole)?.checked_add(&TimeDelta::nanoseconds(nanos / 1000))?
    } else {
        TimeDelta::try_seconds(whole)?.checked_add(&TimeDelta::nanoseconds(nanos))?
    };
    let since = if negative { -since } else { since };
    in_range(DateTime::UNIX_EPOCH.checked_add_signed(since)?)
}

/// The first nine digits of a fraction, as nanoseconds.
fn nanoseconds(digits: &str) -> u32 {
    digits
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

/// Python has the years 1 to 9999.
fn in_range(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    use chrono::Datelike;
    (1..=9999).contains(&at.year()).then_some(at)
}

fn iso(text: &str) -> Option<DateTime<Utc>> {
    let mut rest = Cursor { rest: text };
    let year = rest.number(4)?;
    rest.one_of("-")?;
    let month = rest.number(2)?;
    rest.one_of("-")?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, rest.number(2)?)?;
    let mut time = NaiveTime::MIN;
    let mut offset: i64 = 0;
    if !rest.rest.is_empty() {
        rest.one_of("Tt _")?;
        let hour = rest.number(2)?;
        rest.one_of(":")?;
        let minute = rest.number(2)?;
        let mut second = 0;
        let mut nanos = 0;
        if rest.one_of(":").is_some() {
            second = rest.number(2)?;
            if rest.one_of(".,").is_some() {
                nanos = nanoseconds(rest.digits()?);
            }
        }
        time = NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?;
        offset = rest.offset()?;
    }
    if !rest.rest.is_empty() {
        return None;
    }
    let local = NaiveDateTime::new(date, time);
    in_range(local.and_utc().checked_sub_signed(TimeDelta::try_minutes(offset)?)?)
}

/// Takes a text apart from its front.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn one_of(&mut self, characters: &str) -> Option<char> {
        let first = self.rest.chars().next().filter(|character| characters.contains(*character))?;
        self.rest = &self.rest[first.len_utf8()..];
        Some(first)
    }

    /// A number of exactly so many ASCII digits.
    fn number(&mut self, length: usize) -> Option<u32> {
        let (number, rest) = self.rest.split_at_checked(length)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        number.parse().ok()
    }

    /// At least one digit, and all that follow.
    fn digits(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!digits.is_empty()).then_some(digits)
    }

    /// The offset from UTC in minutes; none is UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.rest.is_empty() || self.one_of("Zz").is_some() {
            return Some(0);
        }
        // U+2212 is ISO 8601's own minus sign.
        let sign = if self.one_of("+-\u{2212}")? == '+' { 1 } else { -1 };
        let hours = self.number(2)?;
        let _ = self.one_of(":");
        let minutes = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * i64::from(hours * 60 + minutes))
    }
}

/// `TaskEvent`: `created` → `started` → `completed`. `completed` says nothing about the outcome: that is in the
/// reply frame which `payload` then holds.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskEvent {
    /// When the task's *first* event was made; the same in all of its events (measured), so no duration comes of it.
    pub time: Stamp,
    /// The task's id, normally a UUID.
    pub task_id: Text,
    /// The service it is for.
    pub target: Text,
    /// The type on the wire (`IPythonTask` for every subclass of it).
    pub task_type: Text,
    /// The name its client made.
    pub display_name: Text,
    /// `parallel` of the metadata; `None` where the metadata cannot be read or does not say.
    pub parallel: Option<bool>,
    /// `task_metadata`, JSON as text.
    pub metadata: Text,
    /// `task_payload`, JSON as text: the task's fields, and in the last event the whole reply frame.
    pub payload: Text,
    /// In the last event: the reply frame, read where the event was decoded, since it can be large.
    pub reply: Option<Reply>,
    /// The state it went into.
    pub state: TaskEventState,
    /// False for tasks that dashboards hide.
    pub show_in_dashboard: bool,
}

/// `task_state` of a [`TaskEvent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskEventState {
    /// It holds its slot (from 26.29.0 on), or goes straight through.
    Created,
    /// It was sent to its service.
    Started,
    /// It ended, well or not.
    Completed,
    /// It ended badly; 26.43.0 never says so.
    Failed,
    /// A word that this version does not know.
    Other(Text),
}

/// `IPythonServiceState`, on change and every 60 s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEvent {
    /// When it was made.
    pub time: Stamp,
    /// The service.
    pub service: Text,
    /// What its kernel does.
    pub state: KernelState,
}

/// `state` of an [`ServiceEvent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelState {
    /// No cell runs.
    Idle,
    /// A cell runs.
    Busy,
    /// It is being restarted.
    Restarting,
    /// It cannot be reached: dead, or starting.
    Connecting,
    /// The task manager does not know, or a word that this version does not know.
    Unknown(Text),
}

/// `ScheduledTaskEvent`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduledEvent {
    /// When it was made.
    pub time: Stamp,
    /// The scheduler's id, for the task's whole life.
    pub scheduled_task_id: Text,
    /// The id of the task that it became, once dispatched.
    pub task_id: Option<Text>,
    /// The service it is for.
    pub target: Text,
    /// The type on the wire.
    pub task_type: Text,
    /// The name its client made.
    pub display_name: Text,
    /// The scheduler's word.
    pub status: ScheduledStatus,
}

/// The scheduler's status of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduledStatus {
    /// Waits for its time or for the slot.
    Queued,
    /// Was dispatched.
    Running,
    /// Its reply was `ok` on the outside.
    Done,
    /// Its reply was an error, or it could not be dispatched.
    Failed,
    /// Somebody cancelled it; if it has a `task_id` it runs on all the same.
    Cancelled,
    /// A word that this version does not know.
    Other(Text),
}

impl From<Text> for ScheduledStatus {
    fn from(word: Text) -> ScheduledStatus {
        match &*word {
            "queued" => ScheduledStatus::Queued,
            "running" => ScheduledStatus::Running,
            "done" => ScheduledStatus::Done,
            "failed" => ScheduledStatus::Failed,
            "cancelled" => ScheduledStatus::Cancelled,
            _ => ScheduledStatus::Other(word),
        }
    }
}

/// `ThrottleStateEvent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleEvent {
    /// When it was made.
    pub time: Stamp,
    /// What it is about; [`SYSTEM`] for the whole.
    pub id: Text,
    /// Bit 1: warning, bit 2: throttled.
    pub throttled: i64,
    /// What the parameter is now, as JSON, of an endless one its beginning; `None`: the monitor has heard no value, or it
    /// is the whole.
    pub value: Option<Text>,
    /// It, as it came.
    pub said: Said,
}

/// The `id` of a [`ThrottleEvent`] about the whole lab.
pub const SYSTEM: &str = "SYSTEM";

/// `AlertEvent`. It carries no more than its topic: the text went by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertEvent {
    /// When it was made.
    pub time: Stamp,
    /// What it is about: the parameter's `id`, where the monitor sent it.
    pub topic: Text,
    /// It, as it came.
    pub said: Said,
}

/// `PanelNotif`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeEvent {
    /// When it was made.
    pub time: Stamp,
    /// 0 debug, 1 information, 2 warning, 3 error.
    pub level: i64,
    /// What it says.
    pub text: Text,
    /// It, as it came.
    pub said: Said,
}

/// One of the refrigerator's points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointEvent {
    /// When it was made.
    pub time: Stamp,
    /// Which quantity.
    pub kind: PointKind,
    /// The service that reads it.
    pub service: Text,
    /// The device.
    pub component: Text,
    /// Which of its sensors, valves or messages; some devices have one alone.
    pub sensor: Option<Text>,
    /// A thermometer's stage (`50K`), a message's level (`WARNING`).
    pub level: Option<Text>,
    /// What it is.
    pub reading: Reading,
    /// The unit, where the quantity does not fix it.
    pub unit: Option<Text>,
    /// Of a power setting: what the device gives.
    pub output: Option<Reading>,
    /// It, as it came.
    pub said: Said,
}

/// The quantity of a [`PointEvent`], in the order in which they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointKind {
    /// `TemperaturePoint`, in kelvin.
    Temperature,
    /// `PressurePoint`.
    Pressure,
    /// `FlowratePoint`.
    Flow,
    /// `PowerSettingPoint`.
    Power,
    /// `ValvesettingPoint`.
    Valve,
    /// `ComponentEnabledPoint`.
    Enabled,
    /// `StatusmessagePoint`.
    Status,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A number as it was written: `NaN` and integers of any size among them.
    Number(Text),
    /// On or off, open or closed.
    Flag(bool),
    /// Words.
    Words(Text),
    /// `null`: pydantic's way to write `NaN`.
    Nothing,
}
