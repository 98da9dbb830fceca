//! Lengths of time as people write them: `3h`, `90 min`, `1h30`, `2 h 15 min`, `1.5h`, `in 1:30`.

use chrono::TimeDelta;

/// Reads a length of time. `in` or `+` may stand before it; `Ok(None)`: the text is not meant as one.
///
/// # Errors
/// It is meant as one and cannot be: one sentence.
pub(super) fn read(text: &str) -> Result<Option<TimeDelta>, String> {
    let rest = text.strip_prefix("in ").or_else(|| text.strip_prefix('+'));
    let (said, rest) = (rest.is_some(), rest.unwrap_or(text).trim());
    let wrong = || {
        let text = rest.chars().take(40).collect::<String>();
        format!("`{text}` is no length of time: write 3h, 90 min, 1h30 or 2 days")
    };
    match length(rest, said) {
        Some(Ok(length)) => Ok(Some(length)),
        Some(Err(())) => Err(wrong()),
        None if said => Err(wrong()),
        None => Ok(None),
    }
}

/// `None`: no length of time; `Err`: one that is too long, or a number without its unit.
fn length(text: &str, said: bool) -> Option<Result<TimeDelta, ()>> {
    if said && let Some((hours, minutes)) = text.split_once(':') {
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        return Some(hours.checked_mul(60).and_then(|h| TimeDelta::try_minutes(h + minutes)).ok_or(()));
    }
    let mut rest = text;
    let mut sum = 0.0;
    let mut last = f64::INFINITY;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().ok()?;
        rest = rest[end..].trim_start();
        let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let seconds = match (&rest[..end], last) {
            // `1h30`: the next smaller unit is meant.
            ("", 3600.0) if rest.is_empty() => 60.0,
            ("", 60.0) if rest.is_empty() => 1.0,
            (name, _) => unit(name)?,
        };
        // From the larger to the smaller, each once.
        if seconds >= last {
            return None;
        }
        last = seconds;
        sum += number * seconds;
        rest = rest[end..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    if last.is_infinite() {
        return None;
    }
    // A thousand years: far beyond what Python can count with, and far below where a float is coarse.
    if sum > 3.2e10 {
        return Some(Err(()));
    }
    Some(TimeDelta::try_milliseconds((sum * 1000.0).round() as i64).ok_or(()))
}

/// Seconds of a unit.
fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        _ => return None,
    })
}
