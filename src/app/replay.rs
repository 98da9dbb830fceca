//! A recording that is played: where it stands, how fast it goes, where the person wants to be.
//!
//! Pure: whoever plays it moves the position and makes the state of another moment. All times are those of the recording,
//! also [`Now`]: while it stands still, so does every clock on the screen.

use std::time::Duration;

use chrono::{DateTime, Local, NaiveTime, TimeZone, Utc};

use super::{App, Effect, Layer, Severity, action::Action, session::Session};
use crate::time::{Now, when};

/// How fast it can go.
pub const SPEEDS: [f64; 11] = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0];
/// What a moment to go to can be.
pub const FORMS: &str = "14:22:30, +90s, -5m, 50%, #1200 (a message)";
/// Why nothing can be done.
pub const BARRED: &str = "this is a recording: nothing can be done in it";

/// A recording that is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// Its file's name.
    pub file: String,
    /// How long it is.
    pub length: Duration,
    /// How many messages it has, all entries counted.
    pub entries: usize,
    /// It was ended by whoever made it; else it was cut off.
    pub ended: bool,
    /// So many of them are in what is shown.
    pub seen: usize,
    /// It stands still.
    pub paused: bool,
    /// How many times as fast as it was.
    pub speed: f64,
    /// The moment that is being gone to.
    pub seeking: Option<Duration>,
}

/// A recording that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// It has so many bytes.
    Goes(u64),
    /// It has stopped by itself; that was told.
    Stopped,
}

/// A moment that the person wants to see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wish {
    /// That one.
    To(Duration),
    /// So much before this one.
    Back(Duration),
    /// So much after this one.
    Forward(Duration),
    /// The first.
    Start,
    /// The last.
    End,
    /// Before the last message.
    StepBack,
    /// When the next message comes that is no heartbeat.
    Skip,
    /// When so many messages have come.
    Entry(usize),
}

impl Replay {
    /// All of it was seen.
    pub fn is_over(&self) -> bool {
        self.seen >= self.entries
    }
}

/// A number of times, such as `2x` or `0.5x`.
pub fn times(speed: f64) -> String {
    format!("{speed}x")
}

/// A length such as `1:02:30` or `2:30`.
pub fn stretch(length: Duration) -> String {
    let s = length.as_secs();
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// What is about the lab itself, and so cannot be done where only a recording of it is at hand. (What sends something is
/// barred as on every screen that only watches.)
pub fn is_deed(action: Action) -> bool {
    matches!(
        action,
        Action::Retry
            | Action::ReadAgain
            | Action::PutAway
            | Action::History
            | Action::SinceLeft
            | Action::Watch
            | Action::AskTraceback
    )
}

/// Why that is barred.
pub fn why_not(action: Action) -> &'static str {
    match action {
        Action::History | Action::SinceLeft => "a recording has no history",
        _ => BARRED,
    }
}

/// What a key of the recording's does.
pub(super) fn act(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    const LITTLE: Duration = Duration::from_secs(10);
    const MUCH: Duration = Duration::from_secs(60);
    let Some(replay) = &mut app.ui.replay else { return Vec::new() };
    let wish = match action {
        Action::ReplayPause if replay.paused && replay.is_over() => {
            app.tell(Severity::Info, "this is the end of the recording", now);
            return Vec::new();
        }
        Action::ReplayPause => {
            replay.paused = !replay.paused;
            return Vec::new();
        }
        Action::ReplayStep => {
            replay.paused = true;
            return vec![Effect::Step];
        }
        Action::ReplaySlower | Action::ReplayFaster => {
            let faster = action == Action::ReplayFaster;
            let next = match faster {
                true => SPEEDS.iter().find(|speed| **speed > replay.speed),
                false => SPEEDS.iter().rev().find(|speed| **speed < replay.speed),
            };
            let text = match next {
                Some(speed) => {
                    replay.speed = *speed;
                    format!("{} as fast as it was", times(*speed))
                }
                None if faster => "it does not go faster".to_owned(),
                None => "it does not go slower".to_owned(),
            };
            app.tell(Severity::Info, text, now);
            return Vec::new();
        }
        Action::ReplayGoTo => {
            app.ui.layers.push(Layer::GoTo(super::line::LineEdit::new("")));
            return Vec::new();
        }
        Action::ReplayBack => Wish::Back(LITTLE),
        Action::ReplayForward => Wish::Forward(LITTLE),
        Action::ReplayBackMore => Wish::Back(MUCH),
        Action::ReplayForwardMore => Wish::Forward(MUCH),
        Action::ReplayStart => Wish::Start,
        Action::ReplayEnd => Wish::End,
        Action::ReplayStepBack => Wish::StepBack,
        Action::ReplaySkip => Wish::Skip,
        _ => return Vec::new(),
    };
    if matches!(wish, Wish::StepBack) {
        replay.paused = true;
    }
    vec![Effect::Seek(wish)]
}

/// The line with a moment was accepted.
pub(super) fn go_to(app: &mut App, line: super::line::LineEdit, now: Now) -> Vec<Effect> {
    let Some(replay) = &app.ui.replay else { return Vec::new() };
    if line.text().trim().is_empty() {
        return Vec::new();
    }
    match read(line.text(), replay, now, &Local) {
        Ok(wish) => vec![Effect::Seek(wish)],
        Err(why) => {
            app.ui.layers.push(Layer::GoTo(line));
            app.tell(Severity::Warning, why, now);
            Vec::new()
        }
    }
}

/// Reads a moment of the recording; `now`: where it stands.
///
/// # Errors
/// One phrase: what is understood, or that the moment is not in it.
fn read<Tz: TimeZone>(text: &str, replay: &Replay, now: Now, zone: &Tz) -> Result<Wish, String> {
    let text = text.trim();
    let unread = || format!("`{text}` is no moment of a recording: write {FORMS}");
    let length = |text: &str| when::length(text).or_else(|| clock(text)).ok_or_else(unread);
    if let Some(rest) = text.strip_prefix('+') {
        return length(rest).map(Wish::Forward);
    }
    if let Some(rest) = text.strip_prefix('-') {
        return length(rest).map(Wish::Back);
    }
    if let Some(rest) = text.strip_prefix('#') {
        let number: usize = rest.trim().parse().map_err(|_| unread())?;
        return match number <= replay.entries {
            true => Ok(Wish::Entry(number)),
            false => Err(format!("it has {} messages", replay.entries)),
        };
    }
    if let Some(rest) = text.strip_suffix('%') {
        let part: f64 = rest.trim().parse().map_err(|_| unread())?;
        if !(0.0..=100.0).contains(&part) {
            return Err(unread());
        }
        return Ok(Wish::To(replay.length.mul_f64(part / 100.0)));
    }
    let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok());
    let start = now.utc - now.mono;
    let end = start + replay.length;
    match time {
        Some(time) => {
            // A day that the recording has; the nearest to where it stands.
            let (first, last) =
                (start.with_timezone(zone).date_naive(), end.with_timezone(zone).date_naive());
            let near = first
                .iter_days()
                .take_while(|day| *day <= last)
                .filter_map(|day| zone.from_local_datetime(&day.and_time(time)).earliest())
                .map(|at| at.to_utc())
                .filter(|at| (start..=end).contains(at))
                .min_by_key(|at| (*at - now.utc).abs());
            near.map(|at| Wish::To((at - start).to_std().unwrap_or_default()))
                .ok_or_else(|| outside(start, end, zone))
        }
        None => length(text).map(Wish::To),
    }
}

fn outside<Tz: TimeZone>(start: DateTime<Utc>, end: DateTime<Utc>, zone: &Tz) -> String {
    let show = |at: DateTime<Utc>| at.with_timezone(zone).naive_local().format("%H:%M:%S").to_string();
    format!("the recording goes from {} to {}", show(start), show(end))
}

/// `m:ss` or `h:mm:ss` as a length.
fn clock(text: &str) -> Option<Duration> {
    let parts: Vec<u64> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [m, s] if s < 60 => m.checked_mul(60)?.checked_add(s)?,
        [h, m, s] if m < 60 && s < 60 => h.checked_mul(3600)?.checked_add(m * 60 + s)?,
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}

impl App {
    /// Whether a recording is shown.
    pub fn is_replay(&self) -> bool {
        self.ui.replay.is_some()
    }

    /// What is known at another moment takes the place of what was known.
    pub fn take_session(&mut self, mut session: Session) {
        session.store.follow(self.session.store.revision());
        self.session = session;
        self.ui.revision += 1;
        let readers = self.ui.layers.iter_mut().filter_map(|layer| match layer {
            Layer::Task(reader) => Some(&mut **reader),
            _ => None,
        });
        readers.chain(self.ui.side.as_mut()).for_each(super::reader::Reader::outdate);
    }

    /// The recording was moved on, or is about to be.
    pub fn moved(&mut self) {
        self.ui.revision += 1;
    }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    fn replay() -> Replay {
        Replay {
            file: "a.jsonl".into(),
            length: Duration::from_secs(7200),
            entries: 500,
            ended: true,
            seen: 3,
            paused: false,
            speed: 1.0,
            seeking: None,
        }
    }

    #[test]
    fn moments_are_read_in_the_zone_of_the_person() {
        // 21:00 UTC is 23:00 there, and the recording goes over midnight.
        let zone = FixedOffset::east_opt(2 * 3600).unwrap();
        let read = |text: &str| read(text, &replay(), Now::at(600.0), &zone);
        let to = |seconds| Ok(Wish::To(Duration::from_secs(seconds)));
        assert_eq!(read("23:30"), to(1800));
        assert_eq!(read("00:59:30"), to(7170));
        assert_eq!(read("50%"), to(3600));
        assert_eq!(read(" 90s "), to(90));
        assert_eq!(read("+90s"), Ok(Wish::Forward(Duration::from_secs(90))));
        assert_eq!(read("-1:30"), Ok(Wish::Back(Duration::from_secs(90))));
        assert_eq!(read("+1:00:00"), Ok(Wish::Forward(Duration::from_secs(3600))));
        assert_eq!(read("#500"), Ok(Wish::Entry(500)));
        assert_eq!(read("22:00").unwrap_err(), "the recording goes from 23:00:00 to 01:00:00");
        assert_eq!(read("#501").unwrap_err(), "it has 500 messages");
        for bad in ["soon", "#", "101%", "%", "+", "-x", "1:2:3:4", "nan%"] {
            assert!(read(bad).unwrap_err().contains("#1200"), "{bad}");
        }
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!(stretch(Duration::from_secs(5)), "0:05");
        assert_eq!(stretch(Duration::from_secs(3661)), "1:01:01");
        assert_eq!((times(2.0), times(0.25)), ("2x".into(), "0.25x".into()));
    }
}
