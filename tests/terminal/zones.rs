//! Moments on the screen where the machine is not in UTC, as labs are not.

use std::collections::BTreeMap;

use crate::common::{
    flood::{Flood, recorded},
    pty::Screen,
};

/// What stands in `bus_times.jsonl`, and what is shown of it: by the clocks of `ZONES`, or that it is no time.
#[rustfmt::skip]
const TIMES: [(&str, Option<[&str; 3]>); 15] = [
    ("2026-03-29T00:59:59Z", Some(["2026-03-29 00:59:59 +00:00", "2026-03-29 01:59:59 +01:00", "2026-03-29 08:59:59 +08:00"])),
    ("2026-03-29T01:00:01+00:00", Some(["2026-03-29 01:00:01 +00:00", "2026-03-29 03:00:01 +02:00", "2026-03-29 09:00:01 +08:00"])),
    ("2026-03-29T03:00:02+02:00", Some(["2026-03-29 01:00:02 +00:00", "2026-03-29 03:00:02 +02:00", "2026-03-29 09:00:02 +08:00"])),
    ("2026-10-25T02:30:00+02:00", Some(["2026-10-25 00:30:00 +00:00", "2026-10-25 02:30:00 +02:00", "2026-10-25 08:30:00 +08:00"])),
    ("2026-10-25T02:30:00+01:00", Some(["2026-10-25 01:30:00 +00:00", "2026-10-25 02:30:00 +01:00", "2026-10-25 09:30:00 +08:00"])),
    ("2026-11-24T10:00:00", Some(["2026-11-24 10:00:00 +00:00", "2026-11-24 11:00:00 +01:00", "2026-11-24 18:00:00 +08:00"])),
    ("2026-11-24T10:00:00.123456789Z", Some(["2026-11-24 10:00:00 +00:00", "2026-11-24 11:00:00 +01:00", "2026-11-24 18:00:00 +08:00"])),
    ("2026-11-24 10:00:00+0000", Some(["2026-11-24 10:00:00 +00:00", "2026-11-24 11:00:00 +01:00", "2026-11-24 18:00:00 +08:00"])),
    ("2026-11-24T10:00:00,5Z", Some(["2026-11-24 10:00:00 +00:00", "2026-11-24 11:00:00 +01:00", "2026-11-24 18:00:00 +08:00"])),
    // Seconds since 1970, as Juice's own reader takes a bare number.
    ("1790000000", Some(["2026-09-21 14:13:20 +00:00", "2026-09-21 16:13:20 +02:00", "2026-09-21 22:13:20 +08:00"])),
    ("2100-01-01T00:00:00Z", Some(["2100-01-01 00:00:00 +00:00", "2100-01-01 01:00:00 +01:00", "2100-01-01 08:00:00 +08:00"])),
    ("", None),
    ("yesterday", None),
    ("2026-06-30T23:59:60Z", None),
    ("-0001-01-01T00:00:00Z", None),
];
const ZONES: [&str; 3] = ["UTC", "Europe/Amsterdam", "Asia/Shanghai"];

/// The lines of the selected task's detail, which stands beside the lanes on a screen as wide as this.
fn beside(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_once('│')).map(|(_, right)| right.trim()).collect()
}

/// What stands there behind a word.
fn row<'a>(lines: &[&'a str], word: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.strip_prefix(word)).map(str::trim)
}

/// Case B11: odd times, those around the changes of the clocks, and what is none.
#[test]
fn every_moment_is_right_in_every_zone_and_what_is_none_stands_as_it_came() {
    let flood = Flood::start();
    flood.tell(recorded("bus_times.jsonl"));
    for (zone, clock) in ZONES.iter().zip(0..) {
        let mut screen = Screen::start(&["--url", &flood.url], (200, 50), &[("TZ", zone)]);
        let text = screen.wait_for("all tasks", |text| text.contains("15 running"));
        for (time, _) in TIMES {
            let is_row = |line: &str| {
                line.split('│').next().is_some_and(|row| row.contains(&format!("▶ time {time}")))
            };
            assert!(text.lines().any(is_row), "{zone}: {time:?} has no row:\n{text}");
        }
        let mut shown = BTreeMap::new();
        for _ in TIMES {
            screen.type_keys("j");
            let text = screen.wait_for("another task", |text| {
                let name = row(&beside(text), "name").map(str::to_owned);
                name.is_some_and(|name| !shown.contains_key(&name))
            });
            let lines = beside(&text);
            let (name, created) = (row(&lines, "name").unwrap(), row(&lines, "created").unwrap());
            shown.insert(name.to_owned(), created.to_owned());
        }
        for (time, right) in TIMES {
            let wanted = match right {
                Some(right) => format!("{}  by the router's clock", right[clock]),
                None => {
                    format!("{time}  (cannot be read as a time)  by the router's clock").trim().to_owned()
                }
            };
            // A blank at the edge of a name is written out.
            let name = if time.is_empty() { "time\\x20".to_owned() } else { format!("time {time}") };
            assert_eq!(shown.get(&name), Some(&wanted), "{zone}: {time:?}: {shown:#?}");
        }
    }
}

/// Case B11: the lab says `2026-11-20T08:00:00Z`.
#[test]
fn a_moment_of_the_lab_is_shown_once_by_the_local_clock_with_its_offset() {
    let flood = Flood::start();
    flood.run(1);
    for (zone, shown) in [
        ("UTC", "2026-11-20 08:00:00 +00:00"),
        ("Europe/Amsterdam", "2026-11-20 09:00:00 +01:00"),
        ("Asia/Shanghai", "2026-11-20 16:00:00 +08:00"),
        ("America/St_Johns", "2026-11-20 04:30:00 -03:30"),
    ] {
        let mut screen = Screen::start(&["--url", &flood.url], (120, 50), &[("TZ", zone)]);
        screen.wait_for("the connection", |text| text.contains("● live"));
        screen.wait_for("a task", |text| text.contains("1 running") && text.contains("n=0"));
        screen.type_keys("j enter");
        let text = screen.wait_for("its times", |text| text.contains("by the router's clock"));
        let created = text.lines().find(|line| line.contains("by the router's clock")).unwrap();
        assert!(created.contains(&format!(" {shown} ")), "{zone}: {created}");
        // What was seen here has the same offset.
        let (_, offset) = shown.rsplit_once(' ').unwrap();
        let started = text.lines().find(|line| line.trim_start().starts_with("started ")).unwrap();
        assert!(started.trim_end().ends_with(offset), "{zone}: {started}");
    }
}
