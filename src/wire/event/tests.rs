use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::wire::json;

/// `[text, instant or null]` as pydantic 2.14 reads it, without an offset taken for UTC.
const STAMPS: &str = include_str!("../../../tests/cases/stamps_pydantic.json");

#[test]
fn moments_are_read_as_pydantic_reads_them() {
    let rows = json::items(STAMPS).unwrap();
    assert!(rows.len() > 70);
    for row in rows {
        let row = json::items(row).unwrap();
        let text = json::string(row[0]).unwrap();
        let stamp = Stamp::parse(&text);
        assert_eq!(*stamp.raw, *text, "what came is kept");
        match json::string(row[1]) {
            None => assert_eq!(stamp.at, None, "{text:?}"),
            Some(expected) => {
                let expected: DateTime<Utc> = expected.parse().unwrap();
                let read = stamp.at.unwrap_or_else(|| panic!("{text:?} was not read"));
                // Python keeps microseconds, this keeps nanoseconds.
                assert!(
                    (read - expected).abs() <= TimeDelta::microseconds(1),
                    "{text:?}: {read}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn nanoseconds_are_kept() {
    let at = Stamp::parse("2026-11-24T10:00:00.123456789Z").at.unwrap();
    assert_eq!(at.timestamp_subsec_nanos(), 123_456_789);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        prop_assert_eq!(&*Stamp::parse(&text).raw, text);
    }

    #[test]
    fn no_near_moment_makes_it_panic(text in r"[-+]?[0-9]{1,25}[-:.T, Z+0-9\u{2212}]{0,30}") {
        let _ = Stamp::parse(&text);
    }

    #[test]
    fn what_chrono_writes_is_read(
        seconds in -62_135_596_800i64..253_402_300_799,
        nanos in 0u32..1_000_000_000,
        offset in -1439i32..1439,
    ) {
        let at = DateTime::from_timestamp(seconds, nanos).unwrap();
        let there = at.with_timezone(&chrono::FixedOffset::east_opt(offset * 60).unwrap());
        let text = there.to_rfc3339();
        // Beyond the years 1 to 9999 of the place itself the text is no ISO 8601 of four digits.
        if chrono::Datelike::year(&there) > 0 && chrono::Datelike::year(&there) < 10_000 {
            prop_assert_eq!(Stamp::parse(&text).at, Some(at));
        }
    }
}
