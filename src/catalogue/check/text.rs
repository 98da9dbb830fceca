//! Text: patterns and formats, as far as they can be judged without the service.

use regex::{Regex, RegexBuilder};

/// Bytes that a compiled pattern may take; pydantic's own limit is larger, so what does not fit here is left to it.
const MOST_PATTERN: usize = 4 << 20;

/// Text of more bytes is not searched at each key.
const MOST_TEXT: usize = 64 << 10;

/// What can be said about a text here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::catalogue) enum Verdict {
    /// The service will take it.
    Fits,
    /// It may refuse it.
    Perhaps,
    /// It will refuse it.
    Breaks,
    /// Only the service can tell.
    Unknown,
}

/// A pattern as pydantic uses it: searched for, by Rust's `regex` or, if the class says so, by Python's `re`. Which of
/// the two does not stand in the schema, so only what both refuse is refused here.
#[derive(Debug)]
pub(in crate::catalogue) struct Pattern {
    regex: Option<Regex>,
    /// The two read this pattern in different ways.
    odd: bool,
    /// They may differ on text that is not ASCII.
    classes: bool,
}

impl Pattern {
    pub(in crate::catalogue) fn new(pattern: &str) -> Pattern {
        const ODD: [&str; 13] =
            ["[[", "&&", "--", "~~", "||", "[:", "\\<", "\\>", "\\b{", "*+", "++", "?+", "}+"];
        const CLASSES: [&str; 7] = ["\\w", "\\W", "\\b", "\\B", "\\s", "\\S", "(?"];
        let has = |words: &[&str]| words.iter().any(|word| pattern.contains(word));
        Pattern {
            regex: RegexBuilder::new(pattern)
                .size_limit(MOST_PATTERN)
                .dfa_size_limit(MOST_PATTERN)
                .nest_limit(100)
                .build()
                .ok(),
            odd: has(&ODD),
            classes: has(&CLASSES),
        }
    }

    /// Whether it can be used here at all.
    pub(in crate::catalogue) fn known(&self) -> bool {
        self.regex.is_some()
    }

    pub(in crate::catalogue) fn judge(&self, text: &str) -> Verdict {
        let Some(regex) = &self.regex else { return Verdict::Unknown };
        if text.len() > MOST_TEXT {
            return Verdict::Unknown;
        }
        if regex.is_match(text) {
            return Verdict::Fits;
        }
        // Python's `$` stands before a last line break too; a class may strip blanks before it looks.
        let other = [text.strip_suffix('\n').unwrap_or(text), text.trim()];
        if other.iter().any(|other| *other != text && regex.is_match(other)) {
            return Verdict::Perhaps;
        }
        let plain = text.is_ascii() && !text.bytes().any(|byte| (0x1c..0x20).contains(&byte));
        if self.odd || (self.classes && !plain) { Verdict::Perhaps } else { Verdict::Breaks }
    }
}

/// What is surely wrong with a text of that format; most is left to the service, which takes more forms than the
/// format's name says.
pub(super) fn format(format: &str, text: &str) -> Option<&'static str> {
    match format {
        "date" => (!number(text) && !starts_with_date(text)).then_some("expected a date, e.g. 2026-03-29"),
        "date-time" => (!number(text) && !starts_with_date(text))
            .then_some("expected a date and time, e.g. 2026-03-29T14:30:00+01:00"),
        "time" => (!number(text) && !starts_with_time(text)).then_some("expected a time, e.g. 14:30:00"),
        "duration" => (!duration(text)).then_some("expected a duration, e.g. 90, 00:01:30 or PT1M30S"),
        "uuid" | "uuid1" | "uuid3" | "uuid4" | "uuid5" => {
            let bare = text.strip_prefix("urn:uuid:").unwrap_or(text);
            let digits = bare.chars().filter(char::is_ascii_hexdigit).count();
            let others = bare.chars().filter(|c| !c.is_ascii_hexdigit() && !matches!(c, '-' | '{' | '}'));
            (digits != 32 || others.count() > 0).then_some("expected a UUID: 32 hexadecimal digits")
        }
        "ipv4" => text.parse::<core::net::Ipv4Addr>().is_err().then_some("expected an IPv4 address"),
        "ipv6" if !text.contains('%') => {
            text.parse::<core::net::Ipv6Addr>().is_err().then_some("expected an IPv6 address")
        }
        "email" | "name-email" => (!text.contains('@')).then_some("expected an email address"),
        _ => None,
    }
}

/// Seconds since 1970, or since midnight, as text.
fn number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok()
}

/// `2026-03-29` and whatever follows.
fn starts_with_date(text: &str) -> bool {
    let Some(date) = text.get(..10) else { return false };
    chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok()
        && date.bytes().enumerate().all(|(i, byte)| match i {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// `14:30` and whatever follows.
fn starts_with_time(text: &str) -> bool {
    let two = |at: usize, below: u8| {
        text.get(at..at + 2)
            .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|part| part.parse::<u8>().ok())
            .is_some_and(|number| number < below)
    };
    two(0, 24) && text.as_bytes().get(2) == Some(&b':') && two(3, 60)
}

/// Whether it may be a duration: no letters but ISO 8601's after a `P`, or days.
fn duration(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['+', '-']);
    let digits = text.contains(|c: char| c.is_ascii_digit());
    if let Some(iso) = text.strip_prefix('P') {
        return digits && iso.chars().all(|c| c.is_ascii_digit() || "YMWDTHS.,-".contains(c));
    }
    let rest = text.to_ascii_lowercase();
    let rest = ["days", "day", "d"].iter().fold(rest, |rest, word| rest.replacen(word, "", 1));
    digits && rest.chars().all(|c| c.is_ascii_digit() || " :,.+-e".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_searched_for() {
        let judge = |pattern: &str, text: &str| Pattern::new(pattern).judge(text);
        assert_eq!(judge("\\d", "xx7xx"), Verdict::Fits);
        assert_eq!(judge("\\d", "xx"), Verdict::Breaks);
        assert_eq!(judge("^a$", "ab"), Verdict::Breaks);
        // Python's `$`, a class that strips, a superscript that Python counts as a word's sign.
        assert_eq!(judge("^a$", "a\n"), Verdict::Perhaps);
        assert_eq!(judge("^a$", " a "), Verdict::Perhaps);
        assert_eq!(judge("^\\w$", "²"), Verdict::Perhaps);
        assert_eq!(judge("^\\w$", "-"), Verdict::Breaks);
        assert_eq!(judge("^[a-z]+$", "é"), Verdict::Breaks);
        // Two ways to read it.
        assert_eq!(judge("^[[:alpha:]]$", "1"), Verdict::Perhaps);
        // Not for Rust's regex, or too large.
        for pattern in ["^(?!q0)q\\d+$", "^(.)\\1$", "a\\Z", "(", "\\w{4000}{40}"] {
            assert_eq!(judge(pattern, "x"), Verdict::Unknown, "{pattern}");
        }
    }

    #[test]
    fn formats_refuse_only_what_is_sure() {
        for (kind, good) in [
            ("date", ["2026-03-29", "2026-03-29T00:00:00", "86400"].as_slice()),
            ("date-time", &["2026-03-29 02:30", "2026-03-29", "1790000000", "2026-03-29t02:30z"]),
            ("time", &["01:30", "01:30:00Z", "23:59:59.5+01:00"]),
            (
                "duration",
                &["90", "PT1M30S", "-P1D", "1 day, 00:00:30", "1d", "00:01:30", "P1W", "1 00:00:01"],
            ),
            ("uuid", &["6f9619ff-8b86-4011-b42d-00c04fc964ff", "{6f9619ff8b864011b42d00c04fc964ff}"]),
            ("ipv4", &["127.0.0.1"]),
            ("ipv6", &["::1", "fe80::1%eth0"]),
            ("uri", &["anything"]),
        ] {
            for text in good {
                assert_eq!(format(kind, text), None, "{kind} {text}");
            }
        }
        for (kind, bad) in [
            ("date", ["29-03-2026", "2026-02-30", "2026-3-9", "", "tomorrow"].as_slice()),
            ("date-time", &["22:30", "2026-13-01T00:00"]),
            ("time", &["25:00", "01-30", "1:30", "T01:30", ""]),
            ("duration", &["1 min 30", "", "PT", "long"]),
            ("uuid", &["6f9619ff", "6f9619ff-8b86-4011-b42d-00c04fc964fg"]),
            ("ipv6", &["127.0.0.1"]),
            ("email", &["me"]),
        ] {
            for text in bad {
                assert!(format(kind, text).is_some(), "{kind} {text}");
            }
        }
    }
}
