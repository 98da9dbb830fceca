//! Durations, ages and connections in words. Widths are fixed where numbers change, so that nothing jumps.

use std::time::Duration;

use chrono::{DateTime, Local, TimeDelta, Utc};

use crate::{
    app::session::{Link, QUIET, Session},
    theme::Role,
    time::Now,
    wire::link::{Line, LinkState},
};

/// `0:12`, `4:31`, `1:02:03`, `3 d 4 h`.
pub fn duration(d: Duration) -> String {
    let s = d.as_secs();
    match s {
        0..3600 => format!("{}:{:02}", s / 60, s % 60),
        3600..86_400 => format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
        _ => format!("{} d {} h", s / 86_400, s / 3600 % 24),
    }
}

/// A finished duration: below ten seconds with a tenth, as tasks of a lab are often short.
pub fn lasted(d: Duration) -> String {
    if d < Duration::from_secs(10) { format!("{:.1} s", d.as_secs_f64()) } else { duration(d) }
}

/// `now`, `4 m ago`, `2 h ago`, `3 d ago`.
pub fn ago(d: Duration) -> String {
    match d.as_secs() {
        0..60 => "now".to_owned(),
        s @ 60..3600 => format!("{} m ago", s / 60),
        s @ 3600..86_400 => format!("{} h ago", s / 3600),
        s => format!("{} d ago", s / 86_400),
    }
}

/// The local time of day, `22:41`.
pub fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%H:%M").to_string()
}

/// A moment ahead or behind: the time of day, with the date where it is another day, and the year where it is far.
pub fn moment(at: DateTime<Utc>, now: Now) -> String {
    let (at, now) = (at.with_timezone(&Local), now.utc.with_timezone(&Local));
    let form = match (at - now).num_days().abs() {
        300.. => "%d %b %Y %H:%M",
        _ if at.date_naive() == now.date_naive() => "%H:%M",
        _ => "%a %d %b %H:%M",
    };
    at.format(form).to_string()
}

/// `in 3:52`, or `due` when it is behind.
pub fn countdown(at: DateTime<Utc>, now: Now) -> String {
    match (at - now.utc).to_std() {
        Ok(d) if !d.is_zero() => format!("in {}", duration(d)),
        _ => "due".to_owned(),
    }
}

/// How far a clock is from this one: `+2:03` hours and minutes, `-250 d`.
pub fn off(off: TimeDelta) -> String {
    let sign = if off < TimeDelta::zero() { '-' } else { '+' };
    match off.num_minutes().abs() {
        minutes @ ..2880 => format!("{sign}{}:{:02}", minutes / 60, minutes % 60),
        minutes => format!("{sign}{} d", minutes / 1440),
    }
}

/// The state of the link to the lab: words and their role. `short`: in so few that a name has room beside them.
pub fn link(session: &Session, now: Now, short: bool) -> (String, Role) {
    let bus = session.link(&Line::Bus);
    let router = session.link(&Line::Router);
    let one = |link| one(link, now, short);
    match (bus, router) {
        (None, None) => match session.links.first() {
            Some((_, link)) => {
                let (text, role) = one(link);
                (format!("alone, {text}"), role)
            }
            None => ("not connected".to_owned(), Role::Connecting),
        },
        (Some(bus), router) if bus.is_live() => {
            let quiet = session.bus_heard.map(|h| now.since(h)).filter(|d| *d >= QUIET);
            match router.filter(|r| !r.is_live()) {
                Some(_) if short => ("cannot send".to_owned(), Role::Warning),
                Some(router) => (format!("watching; sending: {}", one(router).0), Role::Warning),
                None if session.gaps.open().is_some() => {
                    let text = if short { "nothing heard" } else { "live, nothing heard yet" };
                    (text.to_owned(), Role::Connecting)
                }
                None => match quiet {
                    Some(d) if short => (format!("quiet {}", duration(d)), Role::Connecting),
                    Some(d) => (format!("live, last heard {} ago", duration(d)), Role::Connecting),
                    None => ("live".to_owned(), Role::Live),
                },
            }
        }
        (Some(bus), Some(router)) if router.is_live() => {
            let (text, role) = one(bus);
            (if short { "no events".to_owned() } else { format!("no events: {text}") }, role)
        }
        (Some(link), _) | (None, Some(link)) => one(link),
    }
}

fn one(link: &Link, now: Now, short: bool) -> (String, Role) {
    let lost = if short { "lost" } else { "lost since" };
    let since =
        if link.was_up { format!("{lost} {}", clock(link.since.utc)) } else { "not reached".to_owned() };
    match &link.state {
        LinkState::Live => ("live".to_owned(), Role::Live),
        LinkState::Connecting { .. } if link.problem.is_none() => ("connecting".to_owned(), Role::Connecting),
        LinkState::Connecting { .. } if !short => (format!("{since}, trying"), Role::Lost),
        LinkState::Waiting { until, .. } if !short => {
            let seconds = until.saturating_sub(now.mono).as_secs();
            (format!("{since}, next try in {seconds} s"), Role::Lost)
        }
        _ => (since, Role::Lost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_ages_are_told_in_words_people_use() {
        let s = Duration::from_secs_f64;
        for (seconds, text) in [(0.0, "0:00"), (61.9, "1:01"), (3723.0, "1:02:03"), (100_000.0, "1 d 3 h")] {
            assert_eq!(duration(s(seconds)), text);
        }
        for (seconds, text) in [(0.04, "0.0 s"), (9.9, "9.9 s"), (18.0, "0:18")] {
            assert_eq!(lasted(s(seconds)), text);
        }
        for (seconds, text) in
            [(59.0, "now"), (240.0, "4 m ago"), (7300.0, "2 h ago"), (200_000.0, "2 d ago")]
        {
            assert_eq!(ago(s(seconds)), text);
        }
        let now = Now::at(0.0);
        assert_eq!(countdown(now.utc + s(232.0), now), "in 3:52");
        assert_eq!(countdown(now.utc - s(5.0), now), "due");
    }
}
