//! A moment as people write it: `now`, `in 90 min`, `22:30`, `fri 9:00`, `25 dec 6:00`, ISO 8601. One reader for the
//! screen and the command line.
//!
//! Pure: `now` and its time zone are parameters. It refuses to guess where the clocks make a local time double or leave
//! it out, and where a day and a month could be taken for each other: then it says what to write instead. A moment in
//! the past is a moment too; whether it makes sense is for the caller to say.

mod duration;
mod past;
#[cfg(test)]
mod tests;

use chrono::{
    DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone,
    Weekday, offset::LocalResult,
};

pub use past::{PAST, length, past};

/// What is understood, for messages and hints.
pub const FORMS: &str = "now, in 3h, 22:30, tomorrow 6:00, fri 9:00, 25 dec 6:00, 2026-12-25T06:00+01:00";

/// What a text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// No moment: as soon as its turn comes.
    Now,
    /// Not before this moment.
    At(DateTime<FixedOffset>),
    /// The clocks are changed: the local time comes twice, or not at all. Which of two is meant has to be said (the
    /// words `earlier` and `later` at its end do).
    Unclear {
        /// It comes twice (the clocks are put back); else it does not come (they are put forward), and the two are
        /// what it would be without the change and with it.
        twice: bool,
        /// The earlier of the two.
        earlier: DateTime<FixedOffset>,
        /// The later one.
        later: DateTime<FixedOffset>,
    },
}

/// Which of two moments the text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first of the two.
    Earlier,
    /// The second.
    Later,
}

/// Reads a text. An empty one is *now*.
///
/// # Errors
/// One sentence without a full stop: what cannot be read and what is understood.
pub fn read<Tz: TimeZone>(text: &str, now: &DateTime<Tz>) -> Result<Reading, String> {
    let (rest, side) = split_side(text);
    let lower = rest.to_lowercase();
    let lower = lower.trim();
    if let Some(length) = duration::read(lower)? {
        return after(length, now);
    }
    if matches!(lower, "" | "now") {
        return match side {
            None => Ok(Reading::Now),
            Some(_) => Err(unread(text)),
        };
    }
    let wanted = wanted(lower, text, now)?;
    let reading = resolve(&wanted, now).ok_or_else(|| unread(text))?;
    Ok(match (reading, side) {
        (Reading::Unclear { earlier, .. }, Some(Side::Earlier)) => Reading::At(earlier),
        (Reading::Unclear { later, .. }, Some(Side::Later)) => Reading::At(later),
        (reading, _) => reading,
    })
}

/// The text with `earlier` or `later` at its end, in place of such a word that stands there already.
pub fn with_side(text: &str, side: Side) -> String {
    let (rest, _) = split_side(text);
    format!("{} {}", rest.trim_end(), if side == Side::Earlier { "earlier" } else { "later" })
}

/// The word `earlier` or `later` at the end, and the text before it.
pub fn split_side(text: &str) -> (&str, Option<Side>) {
    let text = text.trim();
    let (before, last) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    match last.to_lowercase().as_str() {
        "earlier" => (before.trim_end(), Some(Side::Earlier)),
        "later" => (before.trim_end(), Some(Side::Later)),
        _ => (text, None),
    }
}

/// Why a local time is [`Reading::Unclear`], completing *this time …*.
pub fn unclear(twice: bool) -> &'static str {
    if twice {
        "comes twice, as the clocks are put back"
    } else {
        "does not come, as the clocks are put forward"
    }
}

/// A moment with its offset, for people: `Fri 2026-11-27 09:00:00 +01:00`.
pub fn show(at: &DateTime<FixedOffset>) -> String {
    at.format("%a %Y-%m-%d %H:%M:%S %:z").to_string()
}

/// A moment of any time zone, with the offset that holds there.
pub fn fixed<Tz: TimeZone>(at: &DateTime<Tz>) -> DateTime<FixedOffset> {
    at.with_timezone(&at.offset().fix())
}

fn unread(text: &str) -> String {
    format!("`{}` cannot be read as a moment: write {FORMS}", text.trim())
}

/// So long after now, to the second.
fn after<Tz: TimeZone>(length: TimeDelta, now: &DateTime<Tz>) -> Result<Reading, String> {
    if length.is_zero() {
        return Ok(Reading::Now);
    }
    let at = now.clone().checked_add_signed(length).filter(|at| (0..=9999).contains(&at.year()));
    let at = at.ok_or_else(|| "that is too far ahead".to_owned())?;
    let part = i64::from(at.timestamp_subsec_nanos());
    let whole = at.clone() - TimeDelta::nanoseconds(part);
    Ok(Reading::At(fixed(if whole > *now { &whole } else { &at })))
}

/// Which day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// So many days from today.
    Ahead(u64),
    /// The next such day of the week; `strict`: not today.
    Week { day: Weekday, strict: bool },
    /// Exactly this one.
    Date(NaiveDate),
    /// The next such day of a year.
    Yearly { month: u32, day: u32 },
}

/// A moment in words: the day, the time of day and the offset, as far as they are said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wanted {
    day: Option<Day>,
    time: Option<NaiveTime>,
    offset: Option<FixedOffset>,
}

/// Takes the words apart.
fn wanted<Tz: TimeZone>(lower: &str, text: &str, now: &DateTime<Tz>) -> Result<Wanted, String> {
    let (rest, offset) = split_offset(lower).ok_or_else(|| unread(text))?;
    let mut wanted = Wanted { offset, ..Wanted::default() };
    // A date and a time that ISO 8601 writes in one word.
    let spaced = match rest.get(..11) {
        Some(head) if head.ends_with(['t', '_']) && iso_date(&head[..10]).is_some() => {
            format!("{} {}", &head[..10], &rest[11..])
        }
        _ => rest.to_owned(),
    };
    let words: Vec<&str> =
        spaced.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
    let mut at = 0;
    // A number alone may be an hour where something says that a time stands there.
    let mut hour_may_stand = false;
    while let Some(&word) = words.get(at) {
        let next = words.get(at + 1).copied();
        let (taken, day, time) = match (word, next) {
            ("at" | "on", Some(_)) => (1, None, None),
            ("next", Some(day)) if weekday(day).is_some() => {
                (2, weekday(day).map(|day| Day::Week { day, strict: true }), None)
            }
            ("today" | "tonight", _) => (1, Some(Day::Ahead(0)), None),
            ("tomorrow", _) => (1, Some(Day::Ahead(1)), None),
            ("noon", _) => (1, None, NaiveTime::from_hms_opt(12, 0, 0)),
            ("midnight", _) => (1, None, NaiveTime::from_hms_opt(0, 0, 0)),
            _ => match (clock(word, next), date(&words[at..], now)?, weekday(word)) {
                (Some((time, taken)), ..) => (taken, None, Some(time)),
                (None, Some((day, taken)), _) => (taken, Some(day), None),
                (None, None, Some(day)) => (1, Some(Day::Week { day, strict: false }), None),
                (None, None, None) => {
                    let hour = Some(word).filter(|_| hour_may_stand).and_then(|w| w.parse().ok());
                    let time = hour.and_then(|hour| NaiveTime::from_hms_opt(hour, 0, 0));
                    (1, None, Some(time.ok_or_else(|| unread(text))?))
                }
            },
        };
        if (day.is_some() && wanted.day.is_some()) || (time.is_some() && wanted.time.is_some()) {
            return Err(unread(text));
        }
        hour_may_stand = word == "at" || day.is_some();
        wanted.day = day.or(wanted.day);
        wanted.time = time.or(wanted.time);
        at += taken;
    }
    if wanted.day.is_none() && wanted.time.is_none() {
        return Err(unread(text));
    }
    Ok(wanted)
}

/// A time of day, and how many words it took: `22:30`, `22:30:15.5`, `6am`, `6:30 pm`.
fn clock(word: &str, next: Option<&str>) -> Option<(NaiveTime, usize)> {
    let half = |w: &str| match w {
        "am" | "a.m." => Some(0),
        "pm" | "p.m." => Some(12),
        _ => None,
    };
    let (digits, shift, taken) = match word.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => (&word[..at], Some(half(&word[at..])?), 1),
        None => match next.and_then(half) {
            Some(shift) => (word, Some(shift), 2),
            None => (word, None, 1),
        },
    };
    let time = match (digits.contains(':'), shift) {
        (true, _) => {
            let forms = ["%H:%M", "%H:%M:%S%.f"];
            forms.iter().find_map(|form| NaiveTime::parse_from_str(digits, form).ok())?
        }
        (false, Some(_)) => NaiveTime::from_hms_opt(digits.parse().ok()?, 0, 0)?,
        (false, None) => return None,
    };
    use chrono::Timelike as _;
    let time = match shift {
        None => time,
        // Twelve is the first hour of each half of the day.
        Some(shift) => {
            (1..=12).contains(&time.hour()).then(|| time.with_hour(time.hour() % 12 + shift))??
        }
    };
    Some((time, taken))
}

/// A date at the beginning of the words, and how many it took.
fn date<Tz: TimeZone>(words: &[&str], now: &DateTime<Tz>) -> Result<Option<(Day, usize)>, String> {
    let Some(&first) = words.first() else { return Ok(None) };
    if let Some(date) = iso_date(first) {
        return Ok(Some((Day::Date(date), 1)));
    }
    if first.contains('/') {
        return Err(format!("`{first}` could be a day of two months: write 25 dec or 2026-12-25"));
    }
    let no_date = |day: &str, month: &str| format!("there is no {day} {month}");
    let number = |word: &str| {
        let digits = word.trim_end_matches("st").trim_end_matches("nd").trim_end_matches("rd");
        digits
            .trim_end_matches("th")
            .trim_end_matches('.')
            .parse::<u32>()
            .ok()
            .filter(|n| (1..=31).contains(n))
    };
    // 25.12. and 25.12.2026
    let parts: Vec<&str> = first.trim_end_matches('.').split('.').collect();
    if let [day, month] | [day, month, _] = parts[..]
        && let (Ok(day), Ok(month)) = (day.parse(), month.parse())
    {
        let year = parts.get(2).map(|y| y.parse::<i32>().map_err(|_| format!("`{first}` is no date")));
        let day = whole(year.transpose()?, month, day, now).ok_or_else(|| format!("`{first}` is no date"))?;
        return Ok(Some((day, 1)));
    }
    let Some(&second) = words.get(1) else { return Ok(None) };
    let (day, month) = match (number(first), month(second), month(first), number(second)) {
        (Some(day), Some(month), ..) | (_, _, Some(month), Some(day)) => (day, month),
        _ => return Ok(None),
    };
    let year = words.get(2).filter(|w| w.len() == 4).and_then(|w| w.parse::<i32>().ok());
    let found = whole(year, month, day, now).ok_or_else(|| no_date(first, second))?;
    Ok(Some((found, if year.is_some() { 3 } else { 2 })))
}

/// The day of a year, or of the next one that has it; `None`: there is none.
fn whole<Tz: TimeZone>(year: Option<i32>, month: u32, day: u32, now: &DateTime<Tz>) -> Option<Day> {
    match year {
        Some(year) => NaiveDate::from_ymd_opt(year, month, day).map(Day::Date),
        // The 29th of February comes within eight years.
        None => (0..=8)
            .any(|n| NaiveDate::from_ymd_opt(now.year() + n, month, day).is_some())
            .then_some(Day::Yearly { month, day }),
    }
}

fn iso_date(word: &str) -> Option<NaiveDate> {
    (word.len() == 10).then(|| NaiveDate::parse_from_str(word, "%Y-%m-%d").ok())?
}

fn weekday(word: &str) -> Option<Weekday> {
    (word.len() >= 3).then(|| word.parse().ok())?
}

fn month(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.');
    let month = if word == "sept" { "sep" } else { word };
    (month.len() >= 3).then(|| month.parse::<chrono::Month>().ok().map(|m| m.number_from_month()))?
}

/// Takes `Z`, `UTC`, `+01:00`, `+0100` or `+01` off the end.
fn split_offset(text: &str) -> Option<(&str, Option<FixedOffset>)> {
    let utc = text.strip_suffix("utc").or_else(|| text.strip_suffix('z'));
    if let Some(rest) = utc.filter(|rest| rest.ends_with(|c: char| c.is_ascii_digit() || c == ' ')) {
        return Some((rest.trim_end(), Some(FixedOffset::east_opt(0)?)));
    }
    // The date has signs too: an offset comes after the time's colon.
    let Some(colon) = text.find(':') else { return Some((text, None)) };
    let Some(at) = text[colon..].find(['+', '-']).map(|at| colon + at) else { return Some((text, None)) };
    let (rest, offset) = text.split_at(at);
    if !rest.trim_end().ends_with(|c: char| c.is_ascii_digit() || c == 'm') {
        return Some((text, None));
    }
    let digits: String = offset[1..].chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    let seconds = (hours * 60 + minutes) * 60;
    let signed = if offset.starts_with('-') { -seconds } else { seconds };
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some((rest.trim_end(), Some(FixedOffset::east_opt(signed)?)))
}

/// The moment, or the two that it may be. `None`: there is no such day.
fn resolve<Tz: TimeZone>(wanted: &Wanted, now: &DateTime<Tz>) -> Option<Reading> {
    let here = match wanted.offset {
        Some(offset) => now.with_timezone(&offset).naive_local(),
        None => now.naive_local(),
    };
    let today = here.date();
    // A day without a time is meant from its beginning on.
    let time = wanted.time.unwrap_or(NaiveTime::MIN);
    let at = |day: NaiveDate| local(day.and_time(time), wanted.offset, now);
    let ahead = |reading: &Reading| match reading {
        Reading::At(at) | Reading::Unclear { later: at, .. } => *at > *now,
        Reading::Now => false,
    };
    let first = |days: &mut dyn Iterator<Item = NaiveDate>| days.filter_map(&at).find(ahead);
    let from = |n: u64| today.checked_add_days(Days::new(n));
    match wanted.day {
        None => first(&mut (0..=2).filter_map(from)),
        Some(Day::Ahead(n)) => at(from(n)?),
        Some(Day::Week { day, strict }) => {
            let days = (u64::from(strict)..=14).filter_map(from).filter(|date| date.weekday() == day);
            first(&mut { days })
        }
        Some(Day::Date(date)) => at(date),
        Some(Day::Yearly { month, day }) => {
            first(&mut (0..=8).filter_map(|n| NaiveDate::from_ymd_opt(today.year() + n, month, day)))
        }
    }
}

/// A local time (or one with its offset). Where the clocks are put back it may stand twice, where they are put forward
/// not at all.
fn local<Tz: TimeZone>(
    at: NaiveDateTime,
    offset: Option<FixedOffset>,
    now: &DateTime<Tz>,
) -> Option<Reading> {
    if let Some(offset) = offset {
        return offset.from_local_datetime(&at).single().map(Reading::At);
    }
    let zone = now.timezone();
    match zone.from_local_datetime(&at) {
        LocalResult::Single(at) => Some(Reading::At(fixed(&at))),
        LocalResult::Ambiguous(one, two) => {
            let (one, two) = (fixed(&one), fixed(&two));
            Some(Reading::Unclear { twice: true, earlier: one.min(two), later: one.max(two) })
        }
        LocalResult::None => {
            // With the offset of after the change it is a moment before it, and the other way round.
            let near = |step: i64| {
                (1..=96).find_map(|n| {
                    let there = at.checked_add_signed(TimeDelta::minutes(15 * n * step))?;
                    let found = zone.from_local_datetime(&there);
                    (if step < 0 { found.latest() } else { found.earliest() }).map(|at| at.offset().fix())
                })
            };
            let with = |offset: FixedOffset| {
                let moment = offset.from_local_datetime(&at).single()?;
                Some(fixed(&moment.with_timezone(&zone)))
            };
            let (one, two) = (with(near(1)?)?, with(near(-1)?)?);
            Some(Reading::Unclear { twice: false, earlier: one.min(two), later: one.max(two) })
        }
    }
}
