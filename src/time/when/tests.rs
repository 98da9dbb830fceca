//! What people write, in a zone with summer time.

use chrono::Utc;

use super::*;

fn now() -> DateTime<Berlin> {
    // A Tuesday.
    berlin("2026-11-24T22:41:30+01:00")
}

fn berlin(text: &str) -> DateTime<Berlin> {
    DateTime::<Utc>::from(DateTime::parse_from_rfc3339(text).unwrap()).with_timezone(&Berlin)
}

fn told(text: &str, now: &DateTime<Berlin>) -> Result<String, String> {
    read(text, now).map(|reading| match reading {
        Reading::Now => "now".to_owned(),
        Reading::At(at) => at.to_rfc3339(),
        Reading::Unclear { twice, earlier, later } => {
            format!(
                "{} {} {}",
                if twice { "twice" } else { "never" },
                earlier.to_rfc3339(),
                later.to_rfc3339()
            )
        }
    })
}

#[track_caller]
fn all(now: &DateTime<Berlin>, cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        assert_eq!(told(text, now).as_deref(), Ok(*wanted), "{text}");
    }
}

#[test]
fn now_and_lengths_of_time() {
    all(
        &now(),
        &[
            ("", "now"),
            ("  ", "now"),
            ("now", "now"),
            ("Now", "now"),
            ("in 0 min", "now"),
            ("3h", "2026-11-25T01:41:30+01:00"),
            ("+3h", "2026-11-25T01:41:30+01:00"),
            ("in 3 hours", "2026-11-25T01:41:30+01:00"),
            ("in 90 min", "2026-11-25T00:11:30+01:00"),
            ("90m", "2026-11-25T00:11:30+01:00"),
            ("1h30", "2026-11-25T00:11:30+01:00"),
            ("1h 30m", "2026-11-25T00:11:30+01:00"),
            ("in 1:30", "2026-11-25T00:11:30+01:00"),
            ("1.5h", "2026-11-25T00:11:30+01:00"),
            ("2 h, 15 min and 10 s", "2026-11-25T00:56:40+01:00"),
            ("2m30", "2026-11-24T22:44:00+01:00"),
            ("45s", "2026-11-24T22:42:15+01:00"),
            ("2 days", "2026-11-26T22:41:30+01:00"),
            ("1w", "2026-12-01T22:41:30+01:00"),
        ],
    );
    // To the second, but never so that it is over.
    let part = berlin("2026-11-24T22:41:30.700+01:00");
    assert_eq!(told("1h", &part).unwrap(), "2026-11-24T23:41:30+01:00");
    assert_eq!(told("0.1s", &part).unwrap(), "2026-11-24T22:41:30.800+01:00");
    // An hour is an hour, also where the clocks are changed.
    assert_eq!(told("3h", &berlin("2026-10-25T00:30:00+02:00")).unwrap(), "2026-10-25T02:30:00+01:00");
}

#[test]
fn times_and_days() {
    all(
        &now(),
        &[
            ("23:00", "2026-11-24T23:00:00+01:00"),
            ("at 23:00", "2026-11-24T23:00:00+01:00"),
            ("06:00", "2026-11-25T06:00:00+01:00"),
            ("6:00", "2026-11-25T06:00:00+01:00"),
            ("22:41", "2026-11-25T22:41:00+01:00"),
            ("22:41:31", "2026-11-24T22:41:31+01:00"),
            ("at 6", "2026-11-25T06:00:00+01:00"),
            ("6am", "2026-11-25T06:00:00+01:00"),
            ("6:30 pm", "2026-11-25T18:30:00+01:00"),
            ("12am", "2026-11-25T00:00:00+01:00"),
            ("12 pm", "2026-11-25T12:00:00+01:00"),
            ("noon", "2026-11-25T12:00:00+01:00"),
            ("midnight", "2026-11-25T00:00:00+01:00"),
            ("today 23:10", "2026-11-24T23:10:00+01:00"),
            ("today 20:00", "2026-11-24T20:00:00+01:00"),
            ("tonight 23:10", "2026-11-24T23:10:00+01:00"),
            ("tomorrow 6:00", "2026-11-25T06:00:00+01:00"),
            ("6:00 tomorrow", "2026-11-25T06:00:00+01:00"),
            ("tomorrow at 6", "2026-11-25T06:00:00+01:00"),
            ("tomorrow 6", "2026-11-25T06:00:00+01:00"),
            ("Tomorrow, 6 am", "2026-11-25T06:00:00+01:00"),
            ("tomorrow", "2026-11-25T00:00:00+01:00"),
            ("tomorrow noon", "2026-11-25T12:00:00+01:00"),
            ("fri 9:00", "2026-11-27T09:00:00+01:00"),
            ("on Friday at 9", "2026-11-27T09:00:00+01:00"),
            ("9:00 fri", "2026-11-27T09:00:00+01:00"),
            ("next fri", "2026-11-27T00:00:00+01:00"),
            ("tue 23:00", "2026-11-24T23:00:00+01:00"),
            ("tue 9:00", "2026-12-01T09:00:00+01:00"),
            ("next tue 23:00", "2026-12-01T23:00:00+01:00"),
            ("25 dec 6:00", "2026-12-25T06:00:00+01:00"),
            ("25. December 6:00", "2026-12-25T06:00:00+01:00"),
            ("Dec 25th, 6:00", "2026-12-25T06:00:00+01:00"),
            ("dec 1 6:00", "2026-12-01T06:00:00+01:00"),
            ("25 dec", "2026-12-25T00:00:00+01:00"),
            ("1 sept 2027 6:00", "2027-09-01T06:00:00+02:00"),
            ("24 nov 6:00", "2027-11-24T06:00:00+01:00"),
            ("24 nov 23:00", "2026-11-24T23:00:00+01:00"),
            ("29 feb 6:00", "2028-02-29T06:00:00+01:00"),
            ("25.12. 6:00", "2026-12-25T06:00:00+01:00"),
            ("25.12.2026 06:00", "2026-12-25T06:00:00+01:00"),
        ],
    );
}

#[test]
fn iso_with_and_without_an_offset_also_of_the_past() {
    all(
        &now(),
        &[
            ("2026-11-25T06:00+01:00", "2026-11-25T06:00:00+01:00"),
            ("2026-11-25T06:00", "2026-11-25T06:00:00+01:00"),
            ("2026-07-25T06:00", "2026-07-25T06:00:00+02:00"),
            ("2026-11-25 06:00:05.5", "2026-11-25T06:00:05.500+01:00"),
            ("2026-11-25_06:00", "2026-11-25T06:00:00+01:00"),
            ("2026-11-25T05:00Z", "2026-11-25T05:00:00+00:00"),
            ("2026-11-25T05:00:00-0530", "2026-11-25T05:00:00-05:30"),
            (" 2026-11-25t05:00 +02 ", "2026-11-25T05:00:00+02:00"),
            ("2026-11-25", "2026-11-25T00:00:00+01:00"),
            ("2025-11-25T06:00+01:00", "2025-11-25T06:00:00+01:00"),
            ("5:00 UTC", "2026-11-25T05:00:00+00:00"),
            ("22:00z", "2026-11-24T22:00:00+00:00"),
            // There it is the next day already.
            ("8:00 +10:00", "2026-11-25T08:00:00+10:00"),
            ("today 8:00 +10:00", "2026-11-25T08:00:00+10:00"),
        ],
    );
}

#[test]
fn what_cannot_be_meant_is_told() {
    for (text, wanted) in [
        ("soon", "`soon` cannot be read"),
        ("yesterday", "cannot be read"),
        ("25:00", "cannot be read"),
        ("13pm", "cannot be read"),
        ("6", "cannot be read"),
        ("fri sat", "cannot be read"),
        ("6:00 7:00", "cannot be read"),
        ("next", "cannot be read"),
        ("at", "cannot be read"),
        ("now later", "cannot be read"),
        ("2026-11-31T06:00", "cannot be read"),
        ("2026-11-25T06:00+1", "cannot be read"),
        ("2026-11-25T06:00+24:00", "cannot be read"),
        ("25/12 6:00", "could be a day of two months"),
        ("31 nov 6:00", "there is no 31 nov"),
        ("30.2. 6:00", "is no date"),
        ("in 90", "no length of time"),
        ("in a while", "no length of time"),
        ("30m 2h", "cannot be read"),
        ("9999999 weeks", "no length of time"),
        ("10000w 99999999h", "no length of time"),
        ("500000d", "no length of time"),
        ("\u{661}h", "cannot be read"),
    ] {
        let why = told(text, &now()).unwrap_err();
        assert!(why.contains(wanted), "{text}: {why}");
    }
    // Nine thousand years are more than a moment can hold.
    assert!(told("300000d", &berlin("9200-01-01T00:00:00Z")).unwrap_err().contains("too far"));
}

#[test]
fn clocks_that_are_put_forward_and_back_are_asked_about() {
    let autumn = berlin("2026-10-24T20:00:00Z");
    all(
        &autumn,
        &[
            ("02:30", "twice 2026-10-25T02:30:00+02:00 2026-10-25T02:30:00+01:00"),
            ("02:30 earlier", "2026-10-25T02:30:00+02:00"),
            ("tomorrow 02:30 Later", "2026-10-25T02:30:00+01:00"),
            ("2026-10-25T02:30+01:00", "2026-10-25T02:30:00+01:00"),
            ("03:30", "2026-10-25T03:30:00+01:00"),
            ("23:30", "2026-10-24T23:30:00+02:00"),
            // Where nothing is unclear the word changes nothing.
            ("23:30 later", "2026-10-24T23:30:00+02:00"),
        ],
    );
    let spring = berlin("2026-03-28T20:00:00Z");
    all(
        &spring,
        &[
            ("02:30", "never 2026-03-29T01:30:00+01:00 2026-03-29T03:30:00+02:00"),
            ("02:30 earlier", "2026-03-29T01:30:00+01:00"),
            ("02:30 later", "2026-03-29T03:30:00+02:00"),
            ("03:30", "2026-03-29T03:30:00+02:00"),
        ],
    );
    // Between the two: the first is over, so the second is what is ahead, and still it is asked.
    let between = berlin("2026-10-25T02:45:00+02:00");
    all(&between, &[("02:30", "twice 2026-10-25T02:30:00+02:00 2026-10-25T02:30:00+01:00")]);
}

#[test]
fn the_word_for_the_side_is_put_and_changed() {
    assert_eq!(with_side("2:30", Side::Earlier), "2:30 earlier");
    assert_eq!(with_side("2:30 earlier ", Side::Later), "2:30 later");
    assert_eq!(split_side("later"), ("", Some(Side::Later)));
}

#[test]
fn no_text_does_harm() {
    use proptest::prelude::*;
    let words = prop::sample::select(vec![
        "in",
        "at",
        "next",
        "fri",
        "25",
        "dec",
        "6",
        "6:00",
        "2:30",
        "+",
        "-",
        ":",
        "h",
        "3h",
        "T",
        "Z",
        "pm",
        "2026-10-25",
        "2026-10-25T02:30",
        ".",
        "12.",
        "é",
        "1e9",
        "tomorrow",
        "now",
        "later",
        "and",
        ",",
        "99999999999999999999",
    ]);
    let text = prop::collection::vec((words, any::<bool>()), 0..6).prop_map(|w| {
        w.into_iter().map(|(w, gap)| format!("{w}{}", if gap { " " } else { "" })).collect::<String>()
    });
    proptest!(|(text in prop_oneof![text, ".{0,20}"])| {
        let now = berlin("2026-10-24T20:00:00Z");
        if let Ok(Reading::At(at)) = read(&text, &now) {
            // What is shown can be typed, and means the same.
            let shown = at.to_rfc3339();
            if at.timestamp_subsec_nanos() == 0 {
                prop_assert_eq!(read(&shown, &now), Ok(Reading::At(at)), "{}", shown);
            }
        }
    });
}

/// Berlin in 2026: on 25 October 02:00 to 03:00 comes twice, on 29 March it is left out. Other years have the same days.
#[derive(Clone, Copy, Debug)]
struct Berlin;

impl Berlin {
    fn changes(year: i32) -> [NaiveDateTime; 2] {
        [(3, 29), (10, 25)].map(|(month, day)| {
            NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(1, 0, 0).unwrap()
        })
    }
}

impl TimeZone for Berlin {
    type Offset = FixedOffset;

    fn from_offset(_: &FixedOffset) -> Berlin {
        Berlin
    }

    fn offset_from_local_date(&self, _: &NaiveDate) -> LocalResult<FixedOffset> {
        LocalResult::None
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<FixedOffset> {
        let offset = |hours: i32| FixedOffset::east_opt(hours * 3600).unwrap();
        let fits = |hours: i32| {
            self.offset_from_utc_datetime(&(*local - TimeDelta::hours(i64::from(hours)))) == offset(hours)
        };
        match (fits(2), fits(1)) {
            (true, true) => LocalResult::Ambiguous(offset(2), offset(1)),
            (true, false) => LocalResult::Single(offset(2)),
            (false, true) => LocalResult::Single(offset(1)),
            (false, false) => LocalResult::None,
        }
    }

    fn offset_from_utc_date(&self, _: &NaiveDate) -> FixedOffset {
        FixedOffset::east_opt(3600).unwrap()
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
        let [start, end] = Berlin::changes(utc.year());
        FixedOffset::east_opt(if (start..end).contains(utc) { 7200 } else { 3600 }).unwrap()
    }
}

#[test]
fn moments_behind_are_the_last_that_were() {
    // Tuesday 24 November 2026, 22:41:30 in Berlin.
    for (text, expected) in [
        ("2h", "2026-11-24T20:41:30+01:00"),
        ("90 min ago", "2026-11-24T21:11:30+01:00"),
        ("now", "2026-11-24T22:41:30+01:00"),
        ("22:30", "2026-11-24T22:30:00+01:00"),
        ("23:00", "2026-11-23T23:00:00+01:00"),
        ("today", "2026-11-24T00:00:00+01:00"),
        ("today 9:00", "2026-11-24T09:00:00+01:00"),
        ("yesterday", "2026-11-23T00:00:00+01:00"),
        ("Yesterday 18:00", "2026-11-23T18:00:00+01:00"),
        ("fri 9:00", "2026-11-20T09:00:00+01:00"),
        ("fri", "2026-11-20T00:00:00+01:00"),
        ("tue 9:00", "2026-11-24T09:00:00+01:00"),
        ("20 nov", "2026-11-20T00:00:00+01:00"),
        ("25 dec 6:00", "2025-12-25T06:00:00+01:00"),
        ("2026-11-20", "2026-11-20T00:00:00+01:00"),
        ("2026-11-20T18:00+00:00", "2026-11-20T18:00:00+00:00"),
        // What is meant is told, also where nothing can have been then.
        ("2027-01-01", "2027-01-01T00:00:00+01:00"),
    ] {
        let read = past(text, &now()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(read.to_rfc3339(), expected, "{text}");
    }
    for text in ["", "soon", "3", "yesterday x", "1h x"] {
        assert!(past(text, &now()).unwrap_err().contains("yesterday 18:00"), "{text}");
    }
    assert_eq!(length("1m30s"), Some(std::time::Duration::from_secs(90)));
    assert_eq!(length("soon"), None);
}
