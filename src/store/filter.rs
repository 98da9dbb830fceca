//! Filters over tasks: words, and `outcome:`, `state:`, `service:`, `type:`, `lane:`, `id:`, `own:` and `group:` qualifiers.
//!
//! Plain text is looked for, never a pattern: the time grows with the text's length and with nothing else.

use std::str::FromStr;

use super::task::{Lane, Outcome, State, Task};
use crate::wire::frame::ErrorBody;

/// A filter that was read. The empty one lets everything through.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

/// One term: any of its alternatives must hold, or none where it excludes.
#[derive(Clone, Debug)]
struct Term {
    excludes: bool,
    any: Vec<Test>,
}

#[derive(Clone, Debug)]
enum Test {
    /// In name, type, service or an id; lower case.
    Text(String),
    Service(String),
    Type(String),
    Id(String),
    State(StateWord),
    Outcome(Outcome),
    Lane(Lane),
    Own(bool),
    /// In the name or the tag of its group; lower case.
    Group(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StateWord {
    Scheduled,
    Waiting,
    Running,
    Starting,
    Ended,
    Unknown,
}

/// Why a filter cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct FilterError {
    /// Byte offset of the word at fault.
    pub offset: usize,
    /// One phrase, naming what would be right.
    pub what: String,
}

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

impl Filter {
    /// Reads a filter, e.g. `t1 outcome:failed -type:Ping "two words" state:running,waiting`. Words are looked for
    /// in name, type, service and ids without regard to case; `-` or `!` before a term excludes; a comma in a
    /// qualifier's value means any of; several terms must all hold. A word with an unknown qualifier is an ordinary
    /// word (names have colons too); quotes make one of it in any case.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        let mut terms = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                return Ok(Filter { terms });
            }
            let (term, after) = read_term(text, rest)?;
            terms.extend(term);
            rest = after;
        }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the task passes.
    pub fn admits(&self, task: &Task) -> bool {
        self.terms.iter().all(|term| term.excludes != term.any.iter().any(|test| test.holds(task)))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Filter, FilterError> {
        Filter::parse(text)
    }
}

impl Test {
    fn holds(&self, task: &Task) -> bool {
        match self {
            Test::Text(word) => {
                contains(&task.name, word)
                    || contains(&task.task_type, word)
                    || contains(&task.service, word)
                    || task.failure().is_some_and(|e| says(e, word))
                    || has_id(task, word)
            }
            Test::Service(word) => contains(&task.service, word),
            Test::Type(word) => contains(&task.task_type, word) || contains(class(task), word),
            Test::Id(word) => has_id(task, word),
            Test::State(word) => {
                *word == state_word(task.state) || (*word == StateWord::Running && runs(task))
            }
            Test::Outcome(outcome) => task.outcome == Some(*outcome),
            Test::Lane(lane) => task.lane == *lane,
            Test::Own(own) => task.own.is_some() == *own,
            Test::Group(word) => task.group.as_ref().is_some_and(|m| contains(&m.key.id, word)),
        }
    }
}

fn runs(task: &Task) -> bool {
    matches!(task.state, State::Running { .. })
}

fn state_word(state: State) -> StateWord {
    match state {
        State::Scheduled => StateWord::Scheduled,
        State::Waiting => StateWord::Waiting,
        State::Running { starting: true } => StateWord::Starting,
        State::Running { starting: false } => StateWord::Running,
        State::Ended => StateWord::Ended,
        State::Unknown => StateWord::Unknown,
    }
}

/// For cells the class stands only in the name.
fn class(task: &Task) -> &str {
    if task.is_ipython() { task.name.split(':').next().unwrap_or_default() } else { "" }
}

/// The exception's name, or the first line of its message.
fn says(error: &ErrorBody, word: &str) -> bool {
    let first = error.evalue.as_deref().and_then(|e| e.lines().next()).unwrap_or_default();
    error.ename.as_deref().is_some_and(|name| contains(name, word)) || contains(first, word)
}

fn has_id(task: &Task, word: &str) -> bool {
    let ids = [Some(&task.key.0), task.task_id.as_ref(), task.scheduled_task_id.as_ref()];
    ids.into_iter().flatten().any(|id| contains(id, word))
}

/// Whether `text` contains `word`, which is in lower case already.
fn contains(text: &str, word: &str) -> bool {
    // Names are short and looked at by the thousand: no copy for those. The library's search is linear for all.
    if text.len() * word.len() <= 16_384 && text.is_ascii() && word.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        return word.is_empty() || text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}

/// Reads one term; gives what follows. `None`: it says nothing (a lone `-`, `""`).
fn read_term<'a>(whole: &str, text: &'a str) -> Result<(Option<Term>, &'a str), FilterError> {
    let offset = whole.len() - text.len();
    let (excludes, body) = match text.strip_prefix(['-', '!']) {
        // Alone, it is being typed.
        Some(body) if !body.is_empty() && !body.starts_with(char::is_whitespace) => (true, body),
        Some(body) => return Ok((None, body)),
        None => (false, text),
    };
    if body.starts_with('"') {
        let (word, after) = read_word(whole, body)?;
        return Ok((word_term(excludes, &word), after));
    }
    let end = body.find(char::is_whitespace).unwrap_or(body.len());
    let qualifier = body.get(..end).unwrap_or(body).split_once(':').map(|(name, _)| name);
    let known = qualifier.filter(|name| {
        ["outcome", "state", "service", "type", "lane", "id", "own", "group"]
            .iter()
            .any(|q| q.eq_ignore_ascii_case(name))
    });
    let Some(name) = known else {
        let (word, after) = read_word(whole, body)?;
        return Ok((word_term(excludes, &word), after));
    };
    let mut rest = body.get(name.len() + 1..).unwrap_or_default();
    let mut any = Vec::new();
    loop {
        let (value, after) = read_value(whole, rest)?;
        any.push(read_test(&name.to_ascii_lowercase(), &value, offset)?);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok((Some(Term { excludes, any }), after)),
        }
    }
}

fn word_term(excludes: bool, word: &str) -> Option<Term> {
    (!word.is_empty()).then(|| Term { excludes, any: vec![Test::Text(word.to_lowercase())] })
}

/// A word up to the next blank, or one in quotes.
fn read_word<'a>(whole: &str, text: &'a str) -> Result<(String, &'a str), FilterError> {
    read_until(whole, text, char::is_whitespace)
}

/// As a word, but a comma ends it too.
fn read_value<'a>(whole: &str, text: &'a str) -> Result<(String, &'a str), FilterError> {
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

fn read_test(qualifier: &str, value: &str, offset: usize) -> Result<Test, FilterError> {
    if value.is_empty() {
        let what = match qualifier {
            "outcome" => format!("outcome: needs {}", choices(OUTCOMES)),
            "state" => format!("state: needs {}", choices(STATES)),
            "lane" => format!("lane: needs {}", choices(LANES)),
            "own" => format!("own: needs {}", choices(YES_NO)),
            _ => format!("{qualifier}: needs a value"),
        };
        return Err(FilterError { offset, what });
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
