//! `--at`: a moment as people write it. Pure: `now` and its time zone are parameters.

use chrono::{DateTime, Days, FixedOffset, NaiveDateTime, NaiveTime, Offset, TimeZone, offset::LocalResult};

/// What is understood, for the messages.
const FORMS: &str =
    "write 2026-11-25T06:00+01:00, the same without an offset (local time), or 06:00 (the next one)";

/// Reads a moment: ISO 8601 with an offset or in `now`'s time zone, or a time of day, which is the next such one.
///
/// # Errors
/// One sentence: what cannot be read, what is over, and what the clocks make double or leave out.
pub fn parse<Tz: TimeZone>(text: &str, now: &DateTime<Tz>) -> Result<DateTime<FixedOffset>, String> {
    let text = text.trim();
    if let Some(time) = time_of_day(text) {
        let today = now.naive_local().date();
        let at = local(today.and_time(time), now, text)?;
        if at > *now {
            return Ok(at);
        }
        let tomorrow =
            today.checked_add_days(Days::new(1)).ok_or_else(|| format!("--at {text}: too late"))?;
        return local(tomorrow.and_time(time), now, text);
    }
    let at = match date_and_time(text) {
        Some((at, Some(offset))) => {
            let at = offset.from_local_datetime(&at).single();
            at.ok_or_else(|| format!("--at {text}: no such moment"))?
        }
        Some((at, None)) => local(at, now, text)?,
        None => return Err(format!("--at {text} cannot be read: {FORMS}")),
    };
    if at < *now {
        return Err(format!("--at {text} is over (now it is {})", show(&fixed(now))));
    }
    Ok(at)
}

/// A moment with its offset, for people.
pub fn show(at: &DateTime<FixedOffset>) -> String {
    at.format("%a %Y-%m-%d %H:%M:%S %:z").to_string()
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

/// A date with a time, and the offset if there is one.
fn date_and_time(text: &str) -> Option<(NaiveDateTime, Option<FixedOffset>)> {
    let (rest, offset) = split_offset(text)?;
    let rest = rest.replacen([' ', 't', '_'], "T", 1);
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let at = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&rest, form).ok())?;
    Some((at, offset))
}

/// Takes `Z`, `+01:00`, `+0100` or `+01` off the end of a moment.
fn split_offset(text: &str) -> Option<(&str, Option<FixedOffset>)> {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return Some((rest.trim_end(), Some(FixedOffset::east_opt(0)?)));
    }
    // The date has signs too: an offset comes after the time's colon.
    let colon = text.find(':')?;
    let Some(at) = text[colon..].find(['+', '-']).map(|at| colon + at) else { return Some((text, None)) };
    let (rest, offset) = text.split_at(at);
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

/// A local time. Where the clocks are put back it may stand twice, where they are put forward not at all.
fn local<Tz: TimeZone>(
    at: NaiveDateTime,
    now: &DateTime<Tz>,
    text: &str,
) -> Result<DateTime<FixedOffset>, String> {
    match now.timezone().from_local_datetime(&at) {
        LocalResult::Single(at) => Ok(fixed(&at)),
        LocalResult::Ambiguous(one, two) => Err(format!(
            "--at {text} comes twice, as the clocks are put back: write {} or {}",
            fixed(&one).to_rfc3339(),
            fixed(&two).to_rfc3339()
        )),
        LocalResult::None => {
            Err(format!("--at {text} does not come, as the clocks are put forward: give an offset"))
        }
    }
}

fn fixed<Tz: TimeZone>(at: &DateTime<Tz>) -> DateTime<FixedOffset> {
    at.with_timezone(&at.offset().fix())
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, Utc};

    use super::*;

    fn now() -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339("2026-11-24T22:41:30+01:00").unwrap()
    }

    fn read(text: &str) -> Result<String, String> {
        parse(text, &now()).map(|at| at.to_rfc3339())
    }

    #[test]
    fn moments_as_people_write_them() {
        for (text, wanted) in [
            ("23:00", "2026-11-24T23:00:00+01:00"),
            ("06:00", "2026-11-25T06:00:00+01:00"),
            ("22:41", "2026-11-25T22:41:00+01:00"),
            ("22:41:31", "2026-11-24T22:41:31+01:00"),
            ("2026-11-25T06:00+01:00", "2026-11-25T06:00:00+01:00"),
            ("2026-11-25T06:00", "2026-11-25T06:00:00+01:00"),
            ("2026-11-25 06:00:05.5", "2026-11-25T06:00:05.500+01:00"),
            ("2026-11-25T05:00Z", "2026-11-25T05:00:00+00:00"),
            ("2026-11-25T05:00:00-0530", "2026-11-25T05:00:00-05:30"),
            (" 2026-11-25t05:00 +02 ", "2026-11-25T05:00:00+02:00"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (text, wanted) in [
            ("tomorrow", "cannot be read"),
            ("", "cannot be read"),
            ("2026-11-25", "cannot be read"),
            ("25:00", "cannot be read"),
            ("2026-11-31T06:00", "cannot be read"),
            ("2026-11-25T06:00+1", "cannot be read"),
            ("2026-11-25T06:00+24:00", "cannot be read"),
            ("2026-11-24T22:41", "is over"),
            ("2025-11-25T06:00+01:00", "is over"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(wanted), "{text}: {told}");
        }
    }

    /// The night of 25 October 2026 in Berlin: 02:00 to 03:00 twice; and a spring in which 02:00 to 03:00 is left out.
    #[derive(Clone, Copy, Debug)]
    struct Berlin;

    impl TimeZone for Berlin {
        type Offset = FixedOffset;

        fn from_offset(_: &FixedOffset) -> Berlin {
            Berlin
        }

        fn offset_from_local_date(&self, _: &NaiveDate) -> LocalResult<FixedOffset> {
            LocalResult::None
        }

        fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<FixedOffset> {
            let [winter, summer] = [1, 2].map(|h| FixedOffset::east_opt(h * 3600).unwrap());
            match local.to_string().as_str() {
                s if ("2026-03-29 02:00:00".."2026-03-29 03:00:00").contains(&s) => LocalResult::None,
                s if ("2026-10-25 02:00:00".."2026-10-25 03:00:00").contains(&s) => {
                    LocalResult::Ambiguous(summer, winter)
                }
                s if ("2026-03-29".."2026-10-25 02").contains(&s) => LocalResult::Single(summer),
                _ => LocalResult::Single(winter),
            }
        }

        fn offset_from_utc_date(&self, _: &NaiveDate) -> FixedOffset {
            FixedOffset::east_opt(3600).unwrap()
        }

        fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
            let summer = ("2026-03-29 01".."2026-10-25 01").contains(&utc.to_string().as_str());
            FixedOffset::east_opt(if summer { 7200 } else { 3600 }).unwrap()
        }
    }

    #[test]
    fn clocks_that_are_put_forward_and_back() {
        let at = |text: &str| {
            DateTime::<Utc>::from(DateTime::parse_from_rfc3339(text).unwrap()).with_timezone(&Berlin)
        };
        let autumn = at("2026-10-24T20:00:00Z");
        assert!(parse("02:30", &autumn).unwrap_err().contains("comes twice"));
        assert_eq!(parse("03:30", &autumn).unwrap().to_rfc3339(), "2026-10-25T03:30:00+01:00");
        assert_eq!(parse("23:30", &autumn).unwrap().to_rfc3339(), "2026-10-24T23:30:00+02:00");
        let spring = at("2026-03-28T20:00:00Z");
        assert!(parse("02:30", &spring).unwrap_err().contains("does not come"));
        assert_eq!(parse("03:30", &spring).unwrap().to_rfc3339(), "2026-03-29T03:30:00+02:00");
    }
}
