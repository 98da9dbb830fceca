//! Filters over tasks: words, `/patterns/` and qualifiers, for the lanes, the schedule, the history and the command line alike.
//!
//! A word is looked for as it stands, never as a pattern; a pattern is a regular expression without back-references. So
//! the time grows with the text's length and with nothing else. It refuses to guess: what is not known of a task (its payload, how
//! long it took) passes no test that asks for it.

pub mod log;
mod payload;
mod read;
mod saved;

use chrono::{DateTime, Utc};
use regex::Regex;

use super::{
    Past,
    group::Member,
    task::{Lane, Outcome, State, Task, TaskKey},
};
use crate::{
    time::Now,
    wire::{Text, group::Mark},
};

pub use payload::Asked;
pub use read::{NAMES, WORDS};
pub use saved::Saved;

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
    /// In name, type, service, error or an id; lower case.
    Text(String),
    /// In name, type, service or error.
    Pattern(Regex),
    Service(String),
    Type(String),
    Id(String),
    State(StateWord),
    Outcome(Outcome),
    Lane(Lane),
    Own(bool),
    /// In the name or the tag of its group; lower case.
    Group(String),
    /// In the exception's name or message; lower case.
    Error(String),
    Since(DateTime<Utc>),
    Until(DateTime<Utc>),
    /// How long it ran.
    Took(Measure, std::time::Duration),
    Payload(Asked),
    /// A saved one.
    Saved(Filter),
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Above,
    Below,
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

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
struct Facts<'a> {
    key: &'a TaskKey,
    service: &'a str,
    task_type: &'a str,
    name: &'a str,
    task_id: Option<&'a Text>,
    scheduled_task_id: Option<&'a Text>,
    group: Option<&'a Member>,
    state: State,
    outcome: Option<Outcome>,
    lane: Lane,
    own: bool,
    ename: Option<&'a str>,
    evalue: Option<&'a str>,
    at: DateTime<Utc>,
    /// False: at least.
    took: Option<(std::time::Duration, bool)>,
    payload: Option<&'a str>,
}

impl<'a> Facts<'a> {
    fn of(task: &'a Task) -> Facts<'a> {
        let error = task.failure();
        Facts {
            key: &task.key,
            service: &task.service,
            task_type: &task.task_type,
            name: &task.name,
            task_id: task.task_id.as_ref(),
            scheduled_task_id: task.scheduled_task_id.as_ref(),
            group: task.group.as_deref(),
            state: task.state,
            outcome: task.outcome,
            lane: task.lane,
            own: task.own.is_some(),
            ename: error.and_then(|e| e.ename.as_deref()),
            evalue: error.and_then(|e| e.evalue.as_deref()),
            at: task.started.map_or(task.first_seen, |seen| seen.at).utc,
            took: if runs(task.state) { None } else { task.duration(task.last_heard) },
            payload: task.payload.as_deref(),
        }
    }

    fn of_past(past: &'a Past, payload: Option<&'a str>) -> Facts<'a> {
        Facts {
            key: &past.key,
            service: &past.service,
            task_type: &past.task_type,
            name: &past.name,
            task_id: past.task_id.as_ref(),
            scheduled_task_id: past.scheduled_task_id.as_ref(),
            group: None,
            state: past.state,
            outcome: past.outcome,
            lane: past.lane,
            own: past.own.is_some(),
            ename: past.ename.as_deref(),
            evalue: past.evalue.as_deref(),
            at: past.at(),
            took: past.took,
            payload,
        }
    }
}

impl Filter {
    /// Reads a filter, e.g. `t1 outcome:failed -type:Ping "two words" since:2h took>30s payload.qubit:q3 /q[34]/`. Words
    /// are looked for in name, type, service, error and ids without regard to case; `-` or `!` before a term excludes; a
    /// comma in a qualifier's value means any of; several terms must all hold. A word with an unknown qualifier is an
    /// ordinary word (names have colons too); quotes make one of it in any case. `since:2h` means from two hours before
    /// `now` on. `@night` is the filter that was saved under that name.
    ///
    /// # Errors
    /// Where and why it cannot be read.
    pub fn parse(text: &str, saved: &Saved, now: Now) -> Result<Filter, FilterError> {
        Filter::parse_in(text, &read::Around { saved, now, inside: Vec::new() })
    }

    fn parse_in(text: &str, around: &read::Around<'_>) -> Result<Filter, FilterError> {
        let mut terms = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                return Ok(Filter { terms });
            }
            let (term, after) = read::term(text, rest, around)?;
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
        self.is_empty() || self.holds(&Facts::of(task))
    }

    /// Whether a task of the past passes.
    pub fn admits_past(&self, past: &Past, payload: Option<&str>) -> bool {
        self.is_empty() || self.holds(&Facts::of_past(past, payload))
    }

    /// Whether it asks what stands in payloads.
    pub fn needs_payload(&self) -> bool {
        self.terms.iter().any(Term::needs_payload)
    }

    /// The filter without what asks for payloads: what this one admits, it admits too, but for terms that exclude.
    pub fn without_payload(&self) -> Filter {
        Filter { terms: self.terms.iter().filter(|term| !term.needs_payload()).cloned().collect() }
    }

    fn holds(&self, facts: &Facts<'_>) -> bool {
        self.terms.iter().all(|term| term.excludes != term.any.iter().any(|test| test.holds(facts)))
    }
}

impl Term {
    fn needs_payload(&self) -> bool {
        self.any.iter().any(|test| match test {
            Test::Payload(_) => true,
            Test::Saved(filter) => filter.needs_payload(),
            _ => false,
        })
    }
}

impl Test {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Test::Text(word) => {
                contains(facts.name, word)
                    || contains(facts.task_type, word)
                    || contains(facts.service, word)
                    || says(facts, word)
                    || has_id(facts, word)
            }
            Test::Pattern(pattern) => {
                let texts = [facts.name, facts.task_type, facts.service];
                texts.iter().any(|text| pattern.is_match(text))
                    || facts.ename.is_some_and(|name| pattern.is_match(name))
                    || facts.evalue.is_some_and(|text| pattern.is_match(text))
            }
            Test::Service(word) => contains(facts.service, word),
            Test::Type(word) => contains(facts.task_type, word) || contains(class(facts), word),
            Test::Id(word) => has_id(facts, word),
            Test::State(word) => {
                *word == state_word(facts.state) || (*word == StateWord::Running && runs(facts.state))
            }
            Test::Outcome(outcome) => facts.outcome == Some(*outcome),
            Test::Lane(lane) => facts.lane == *lane,
            Test::Own(own) => facts.own == *own,
            Test::Group(word) => match facts.group {
                Some(member) => contains(&member.key.id, word),
                None => Mark::read(facts.name)
                    .is_some_and(|(_, mark)| contains(&format!("{} #{}", mark.name, mark.tag), word)),
            },
            Test::Error(word) => {
                facts.ename.is_some_and(|name| contains(name, word))
                    || facts.evalue.is_some_and(|text| contains(text, word))
            }
            Test::Since(at) => facts.at >= *at,
            Test::Until(at) => facts.at <= *at,
            // At least so long is more than less, and may be more than anything.
            Test::Took(Measure::Above, limit) => facts.took.is_some_and(|(took, _)| took > *limit),
            Test::Took(Measure::Below, limit) => {
                facts.took.is_some_and(|(took, exact)| exact && took < *limit)
            }
            Test::Payload(asked) => facts.payload.is_some_and(|payload| asked.holds(payload)),
            Test::Saved(filter) => filter.holds(facts),
        }
    }
}

fn runs(state: State) -> bool {
    matches!(state, State::Running { .. })
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
fn class<'a>(facts: &Facts<'a>) -> &'a str {
    if facts.task_type == "IPythonTask" { facts.name.split(':').next().unwrap_or_default() } else { "" }
}

/// The exception's name, or the first line of its message.
fn says(facts: &Facts<'_>, word: &str) -> bool {
    let first = facts.evalue.and_then(|e| e.lines().next()).unwrap_or_default();
    facts.ename.is_some_and(|name| contains(name, word)) || contains(first, word)
}

fn has_id(facts: &Facts<'_>, word: &str) -> bool {
    let ids = [Some(&facts.key.0), facts.task_id, facts.scheduled_task_id];
    ids.into_iter().flatten().any(|id| contains(id, word))
}

/// Whether `text` contains `word`, which is in lower case already.
fn contains(text: &str, word: &str) -> bool {
    // Names are short and looked at by the thousand: no copy for those. The library's search is linear for all.
    if text.len() * word.len() <= 16_384 && text.is_ascii() && word.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        let Some((&first, _)) = word.split_first() else { return true };
        let begins = memchr::memchr2_iter(first, first.to_ascii_uppercase(), text);
        let mut parts = begins.filter_map(|at| text.get(at..at + word.len()));
        return parts.any(|part| part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}
