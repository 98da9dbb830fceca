//! A moment behind, in the same words: `2h`, `22:30`, `yesterday 18:00`, `fri`, `2026-11-24`. What can be told of the
//! future too (a time of day, a weekday, a day of the year) is the last one that was.

use chrono::{DateTime, FixedOffset, TimeDelta, TimeZone};

use super::{Reading, duration, fixed, read};

/// What is understood, for messages and hints.
pub const PAST: &str = "2h, 22:30, today, yesterday 18:00, fri 9:00, 24 nov, 2026-11-24T18:00";

/// Reads a moment behind.
///
/// # Errors
/// One sentence without a full stop: it cannot be read, and what is understood.
pub fn past<Tz: TimeZone>(text: &str, now: &DateTime<Tz>) -> Result<DateTime<FixedOffset>, String> {
    let unread = || format!("`{}` cannot be read as a moment: write {PAST}", text.trim());
    let lower = text.trim().to_lowercase();
    let lower = lower.strip_suffix(" ago").unwrap_or(&lower);
    if lower.is_empty() {
        return Err(unread());
    }
    let back = |length: TimeDelta| now.clone().checked_sub_signed(length);
    if let Some(length) = duration::read(lower).map_err(|_| unread())? {
        return back(length).map(|at| fixed(&at)).ok_or_else(unread);
    }
    let at = |text: &str, base: &DateTime<Tz>| match read(text, base) {
        Ok(Reading::At(at)) => Some(at),
        // Which of two does not matter much when one looks back: none of what is meant is left out.
        Ok(Reading::Unclear { earlier, .. }) => Some(earlier),
        Ok(Reading::Now) => Some(fixed(base)),
        Err(_) => None,
    };
    if let Some(rest) = lower.strip_prefix("yesterday") {
        let yesterday = back(TimeDelta::days(1)).ok_or_else(unread)?;
        return at(&format!("today{rest}"), &yesterday).ok_or_else(unread);
    }
    // A time of day, a weekday and a day of the year come again after a day, a week and a year.
    let first = at(lower, now);
    let bases = [1, 7, 366].into_iter().filter_map(|days| back(TimeDelta::days(days)));
    let mut all = first.into_iter().chain(bases.filter_map(|base| at(lower, &base)));
    all.find(|at| *at <= *now).or(first).ok_or_else(unread)
}

/// A length of time: `90s`, `5m`, `1h30`.
pub fn length(text: &str) -> Option<std::time::Duration> {
    duration::read(text.trim().to_lowercase().as_str()).ok().flatten().and_then(|length| length.to_std().ok())
}
