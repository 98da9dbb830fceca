//! Filters over the services' log, in the words of those over tasks: `level:error service:lab since:2h "no peak"`.
//!
//! The database answers them, so they can ask only what it can look for. They refuse what it cannot: a pattern, or a saved
//! filter, which is about tasks.

use super::{
    FilterError,
    read::{moment, read_value, read_word},
};
use crate::{
    time::{Now, when},
    wire::logs::{LEVELS, Wanted, level_of},
};

/// The qualifiers, as they are completed.
pub const NAMES: [&str; 4] = ["level:", "service:", "since:", "until:"];

/// The levels, as they are completed.
pub fn levels() -> Vec<String> {
    LEVELS.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// Reads a filter.
///
/// # Errors
/// Where and why it cannot be read.
pub fn parse(text: &str, now: Now) -> Result<Wanted, FilterError> {
    let mut wanted = Wanted::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        rest = term(text, rest, &mut wanted, now)?.trim_start();
    }
    Ok(wanted)
}

/// Reads one term; gives what follows.
fn term<'a>(whole: &str, text: &'a str, wanted: &mut Wanted, now: Now) -> Result<&'a str, FilterError> {
    let offset = whole.len() - text.len();
    let wrong = |what: String| FilterError { offset, what };
    let (excludes, body) = match text.strip_prefix(['-', '!']) {
        Some(body) if !body.is_empty() && !body.starts_with(char::is_whitespace) => (true, body),
        // Alone, it is being typed.
        Some(body) => return Ok(body),
        None => (false, text),
    };
    if body.starts_with('/') {
        return Err(wrong("no pattern can be looked for in the log: put the text in quotes".to_owned()));
    }
    if body.starts_with('@') {
        return Err(wrong("saved filters are about tasks: put the text in quotes".to_owned()));
    }
    let begin = body.split(char::is_whitespace).next().unwrap_or_default();
    let name = begin.split_once(':').map(|(name, _)| name.to_ascii_lowercase());
    let Some(name) = name.filter(|name| NAMES.contains(&&*format!("{name}:"))) else {
        let (word, after) = read_word(whole, body)?;
        if !word.is_empty() {
            let texts = if excludes { &mut wanted.not_texts } else { &mut wanted.texts };
            texts.push(word);
        }
        return Ok(after);
    };
    let mut rest = body.get(name.len() + 1..).unwrap_or_default();
    let mut values = Vec::new();
    loop {
        let (value, after) = read_value(whole, rest)?;
        values.push(value);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => {
                take(wanted, &name, values, excludes, now).map_err(wrong)?;
                return Ok(after);
            }
        }
    }
}

fn take(
    wanted: &mut Wanted,
    name: &str,
    values: Vec<String>,
    excludes: bool,
    now: Now,
) -> Result<(), String> {
    if name == "service" {
        if values.iter().any(String::is_empty) {
            return Err("service: needs a service's whole name".to_owned());
        }
        let services = if excludes { &mut wanted.not_services } else { &mut wanted.services };
        services.extend(values);
        return Ok(());
    }
    let [value] = &values[..] else { return Err(format!("{name}: takes one value")) };
    if name == "level" {
        let named = || LEVELS.map(|(name, _)| name).join(", ");
        let level = level_of(value).ok_or_else(|| format!("level: is {} or a number", named()))?;
        *(if excludes { &mut wanted.below } else { &mut wanted.least }) = Some(level);
        return Ok(());
    }
    if value.is_empty() {
        return Err(format!("{name}: needs a moment such as {}", when::PAST));
    }
    let at = moment(value, now)?;
    // Not since then is until then.
    let is_since = (name == "since") != excludes;
    *(if is_since { &mut wanted.since } else { &mut wanted.until }) = Some(at);
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn read(text: &str) -> Wanted {
        parse(text, Now::at(0.0)).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn it_is_read_as_filters_over_tasks_are() {
        let now = Now::at(0.0).utc;
        let wanted = read(
            "level:warn service:lab,\"odd name\" -service:cryo since:2h until:1h \"no peak\" -x:y 'z  !",
        );
        assert_eq!(
            wanted,
            Wanted {
                least: Some(30),
                below: None,
                services: vec!["lab".into(), "odd name".into()],
                not_services: vec!["cryo".into()],
                texts: vec!["no peak".into(), "'z".into()],
                not_texts: vec!["x:y".into()],
                since: Some(now - TimeDelta::hours(2)),
                until: Some(now - TimeDelta::hours(1)),
            }
        );
        assert_eq!(read("  "), Wanted::default());
        assert_eq!((read("LEVEL:35 -level:ERROR").least, read("-level:error").below), (Some(35), Some(40)));
        assert_eq!(read("-since:1h").until, Some(now - TimeDelta::hours(1)));
    }

    #[test]
    fn what_cannot_be_read_or_asked_says_where_and_why() {
        for (text, offset, what) in [
            ("a level:bad", 2, "level: is debug, info, warning, error, critical or a number"),
            ("level:", 0, "level: is"),
            ("level:info,error", 0, "takes one value"),
            ("service:", 0, "whole name"),
            ("since:", 0, "needs a moment"),
            ("since:soon", 0, "cannot be read as a moment"),
            ("x /q[34]/", 2, "no pattern"),
            ("@night", 0, "about tasks"),
            ("a \"b", 2, "a quote is not closed"),
        ] {
            let error = parse(text, Now::at(0.0)).unwrap_err();
            assert!(error.offset == offset && error.what.contains(what), "{text}: {error:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
            let _ = parse(&text, Now::at(0.0));
        }
    }
}
