//! Reading a filter's text.

use chrono::{DateTime, Local, Utc};
use regex::RegexBuilder;

use super::{Asked, Filter, FilterError, Measure, Saved, StateWord, Term, Test};
use crate::{
    store::task::{Lane, Outcome},
    time::{Now, when},
};

/// The qualifiers, as they are completed.
pub const NAMES: [&str; 14] = [
    "outcome:", "state:", "service:", "type:", "lane:", "id:", "own:", "group:", "error:", "since:",
    "until:", "took>", "took<", "payload.",
];

/// The words that a qualifier of that name takes, where they are few.
pub const WORDS: [(&str, &[&str]); 4] = [
    ("outcome:", &["ok", "failed", "cancelled"]),
    ("state:", &["scheduled", "waiting", "running", "starting", "ended", "unknown"]),
    ("lane:", &["sequential", "parallel"]),
    ("own:", &["yes", "no"]),
];

/// Saved filters stand in each other no deeper than this.
const DEEPEST: usize = 5;

/// A pattern's program is no larger than this.
const PATTERN: usize = 1 << 20;

const STATES: &[(&str, StateWord)] = &[
    ("scheduled", StateWord::Scheduled),
    ("waiting", StateWord::Waiting),
    ("running", StateWord::Running),
    ("starting", StateWord::Starting),
    ("ended", StateWord::Ended),
    ("unknown", StateWord::Unknown),
];
const OUTCOMES: &[(&str, Outcome)] =
    &[("ok", Outcome::Ok), ("failed", Outcome::Failed), ("cancelled", Outcome::Cancelled)];
const LANES: &[(&str, Lane)] = &[("sequential", Lane::Sequential), ("parallel", Lane::Parallel)];
const YES_NO: &[(&str, bool)] = &[("yes", true), ("no", false)];

/// What a filter is read with.
pub(super) struct Around<'a> {
    pub saved: &'a Saved,
    pub now: Now,
    /// The saved filters in which it stands, the outermost first.
    pub inside: Vec<&'a str>,
}

impl<'a> Around<'a> {
    /// The filter that was saved under a name.
    fn saved(&self, name: &str, offset: usize) -> Result<Filter, FilterError> {
        let wrong = |what: String| FilterError { offset, what };
        let Some((name, text)) = self.saved.get(name) else {
            let known: Vec<String> = self.saved.names().map(|name| format!("@{name}")).collect();
            let known = match known.is_empty() {
                true => "none is saved yet; ctrl-s in the filter's line saves one".to_owned(),
                false => format!("there are {}", known.join(" ")),
            };
            return Err(wrong(format!("no filter is saved as @{name}: {known}")));
        };
        if self.inside.contains(&name) {
            return Err(wrong(format!("@{name} stands in itself")));
        }
        if self.inside.len() >= DEEPEST {
            return Err(wrong(format!("@{name} stands in too many others")));
        }
        let inside = self.inside.iter().copied().chain([name]).collect();
        let around = Around { saved: self.saved, now: self.now, inside };
        Filter::parse_in(text, &around).map_err(|e| wrong(format!("in @{name}: {}", e.what)))
    }
}

/// Reads one term; gives what follows. `None`: it says nothing (a lone `-`, `""`).
pub(super) fn term<'a>(
    whole: &str,
    text: &'a str,
    around: &Around<'_>,
) -> Result<(Option<Term>, &'a str), FilterError> {
    let offset = whole.len() - text.len();
    let (excludes, body) = match text.strip_prefix(['-', '!']) {
        // Alone, it is being typed.
        Some(body) if !body.is_empty() && !body.starts_with(char::is_whitespace) => (true, body),
        Some(body) => return Ok((None, body)),
        None => (false, text),
    };
    let one = |test: Test, after| Ok((Some(Term { excludes, any: vec![test] }), after));
    if body.starts_with('"') {
        let (word, after) = read_word(whole, body)?;
        return Ok((word_term(excludes, &word), after));
    }
    if let Some(named) = body.strip_prefix('@') {
        let (name, after) = named.split_at(named.find(char::is_whitespace).unwrap_or(named.len()));
        // Alone, its name is being typed.
        return match name {
            "" => Ok((None, after)),
            name => one(Test::Saved(around.saved(name, offset)?), after),
        };
    }
    if body.starts_with('/') {
        let (pattern, after) = pattern(whole, body)?;
        return one(pattern, after);
    }
    let end = body.find(char::is_whitespace).unwrap_or(body.len());
    let begin = body.get(..end).unwrap_or(body);
    if let Some((name, measure, sign)) = compared(begin) {
        let (value, after) = read_word(whole, body.get(name.len() + 1..).unwrap_or_default())?;
        return one(comparison(name, measure, sign, &value, offset)?, after);
    }
    let qualifier = begin.split_once(':').map(|(name, _)| name);
    let known = qualifier.filter(|name| {
        let is = |known: &str| known.strip_suffix(':').is_some_and(|known| known.eq_ignore_ascii_case(name));
        NAMES.iter().any(|known| is(known)) || path_of(name).is_some()
    });
    let Some(name) = known else {
        let (word, after) = read_word(whole, body)?;
        return Ok((word_term(excludes, &word), after));
    };
    let mut rest = body.get(name.len() + 1..).unwrap_or_default();
    let mut any = Vec::new();
    loop {
        let (value, after) = read_value(whole, rest)?;
        any.push(read_test(name, &value, offset, around.now)?);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok((Some(Term { excludes, any }), after)),
        }
    }
}

/// `took>30s` or `payload.averages<10`: the name, how it is compared, and the sign.
fn compared(word: &str) -> Option<(&str, Measure, char)> {
    let at = word.find(['>', '<', ':', '"'])?;
    let (measure, sign) = match word.get(at..)?.chars().next()? {
        '>' => (Measure::Above, '>'),
        '<' => (Measure::Below, '<'),
        _ => return None,
    };
    let name = word.get(..at)?;
    (name.eq_ignore_ascii_case("took") || path_of(name).is_some()).then_some((name, measure, sign))
}

fn comparison(
    name: &str,
    measure: Measure,
    sign: char,
    value: &str,
    offset: usize,
) -> Result<Test, FilterError> {
    let wrong = |what: String| FilterError { offset, what };
    if value.is_empty() {
        let example = if path_of(name).is_some() { "10" } else { "30s" };
        return Err(wrong(format!("{name}{sign} needs a value, as in {name}{sign}{example}")));
    }
    match path_of(name) {
        Some(path) => Asked::number(path, measure, value).map(Test::Payload).map_err(wrong),
        None => match when::length(value) {
            Some(length) => Ok(Test::Took(measure, length)),
            None => {
                Err(wrong(format!("{name}{sign} is a length of time such as 30s, 5m or 1h30, not `{value}`")))
            }
        },
    }
}

/// The path behind `payload.`.
fn path_of(name: &str) -> Option<&str> {
    let (payload, path) = name.split_once('.')?;
    payload.eq_ignore_ascii_case("payload").then_some(path)
}

/// A pattern between slashes; `\/` is a slash in it.
fn pattern<'a>(whole: &str, body: &'a str) -> Result<(Test, &'a str), FilterError> {
    let offset = whole.len() - body.len();
    let mut escaped = false;
    let end = body.char_indices().skip(1).find(|(_, letter)| {
        let ends = *letter == '/' && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    });
    let Some((end, _)) = end else {
        let what = "a pattern is not closed: add /, or put the text in quotes".to_owned();
        return Err(FilterError { offset, what });
    };
    let source = body.get(1..end).unwrap_or_default();
    let built = RegexBuilder::new(source).case_insensitive(true).size_limit(PATTERN).build();
    let pattern = built
        .map_err(|e| FilterError { offset, what: format!("/{source}/ is no pattern: {}", reason(&e)) })?;
    Ok((Test::Pattern(pattern), body.get(end + 1..).unwrap_or_default()))
}

/// The last line of the library's answer: the others draw the pattern.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    }
}

fn word_term(excludes: bool, word: &str) -> Option<Term> {
    (!word.is_empty()).then(|| Term { excludes, any: vec![Test::Text(word.to_lowercase())] })
}

/// A word up to the next blank, or one in quotes.
pub(super) fn read_word<'a>(whole: &str, text: &'a str) -> Result<(String, &'a str), FilterError> {
    read_until(whole, text, char::is_whitespace)
}

/// As a word, but a comma ends it too.
pub(super) fn read_value<'a>(whole: &str, text: &'a str) -> Result<(String, &'a str), FilterError> {
    read_until(whole, text, |letter| letter.is_whitespace() || letter == ',')
}

fn read_until<'a>(
    whole: &str,
    text: &'a str,
    ends: impl Fn(char) -> bool,
) -> Result<(String, &'a str), FilterError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (word, after) = text.split_at(text.find(ends).unwrap_or(text.len()));
        return Ok((word.to_owned(), after));
    };
    match quoted.split_once('"') {
        Some((word, after)) => Ok((word.to_owned(), after)),
        None => Err(FilterError {
            offset: whole.len() - text.len(),
            what: "a quote is not closed: add \"".to_owned(),
        }),
    }
}

fn read_test(name: &str, value: &str, offset: usize, now: Now) -> Result<Test, FilterError> {
    let wrong = |what: String| FilterError { offset, what };
    let qualifier = &*name.to_ascii_lowercase();
    if value.is_empty() {
        let what = match qualifier {
            "outcome" => format!("outcome: needs {}", choices(OUTCOMES)),
            "state" => format!("state: needs {}", choices(STATES)),
            "lane" => format!("lane: needs {}", choices(LANES)),
            "own" => format!("own: needs {}", choices(YES_NO)),
            "since" | "until" => format!("{qualifier}: needs a moment such as {}", when::PAST),
            _ => format!("{name}: needs a value"),
        };
        return Err(wrong(what));
    }
    if let Some(path) = path_of(name) {
        return Asked::is(path, value).map(Test::Payload).map_err(wrong);
    }
    let lower = value.to_lowercase();
    Ok(match qualifier {
        "outcome" => Test::Outcome(choose(qualifier, &lower, OUTCOMES, offset)?),
        "state" => Test::State(choose(qualifier, &lower, STATES, offset)?),
        "lane" => Test::Lane(choose(qualifier, &lower, LANES, offset)?),
        "own" => Test::Own(choose(qualifier, &lower, YES_NO, offset)?),
        "service" => Test::Service(lower),
        "type" => Test::Type(lower),
        "group" => Test::Group(lower),
        "error" => Test::Error(lower),
        "since" => Test::Since(moment(value, now).map_err(wrong)?),
        "until" => Test::Until(moment(value, now).map_err(wrong)?),
        _ => Test::Id(lower),
    })
}

fn choices<T>(table: &[(&str, T)]) -> String {
    let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

fn choose<T: Copy>(
    qualifier: &str,
    value: &str,
    table: &[(&str, T)],
    offset: usize,
) -> Result<T, FilterError> {
    table.iter().find(|(name, _)| *name == value).map(|(_, choice)| *choice).ok_or_else(|| FilterError {
        offset,
        what: format!("{qualifier}: is {}, not `{value}`", choices(table)),
    })
}

pub(super) fn moment(text: &str, now: Now) -> Result<DateTime<Utc>, String> {
    when::past(text, &now.utc.with_timezone(&Local)).map(|at| at.to_utc())
}
