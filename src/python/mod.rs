//! Runs the carried script ([`script`]) in a Python of the lab's, in a process of its own.
//!
//! Importing a lab's package runs the lab's code, so what comes back is trusted in nothing: time and output are
//! bounded, everything that it started is ended with it, and each way to fail is a sentence that says what helps. It
//! refuses a program that does not say that it is Python 3: a shell would carry the script out in its own way.

mod child;
#[cfg(test)]
mod tests;

use std::{
    fmt, io, iter,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::AtomicBool,
    time::Duration,
};

use crate::catalogue::{
    script::{self, Envelope, Line, Refusal},
    sweep::Payloads,
};

use child::{End, Heard, Input, Limits};

/// How long a run may take where nobody says otherwise, and from one of its answers to the next.
pub const LIMIT: Duration = Duration::from_secs(60);
/// How long a Python may take to tell its version.
const VERSION_LIMIT: Duration = Duration::from_secs(15);
/// Each of many tasks adds this part of the limit: a tenth of a second to the usual minute. (A plain class makes thousands
/// a second.)
const SHARE: u32 = 600;
/// Larger answers are not read; catalogue files have the same limit.
const LARGEST: usize = 32 * 1024 * 1024;
/// What each of many tasks adds to that.
const LARGEST_SHARE: usize = 16 * 1024;
/// Lines of what imports print that are handed on.
const MOST_LINES: usize = 500;

/// Why there is no answer. Each is one sentence for people, with what helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no such program, or it may not be run.
    #[error("{path} cannot be started ({why}): name the Python of the lab's environment{CONTAINER}")]
    Start {
        /// What was named.
        path: String,
        /// What the system said.
        why: String,
    },
    /// It is some other program.
    #[error("{path} is no Python 3 ({said}): name the Python of the lab's environment{CONTAINER}")]
    NoPython {
        /// What was named.
        path: String,
        /// What it answered.
        said: String,
    },
    /// It has no Juice.
    #[error(
        "the Python {path} has no OrangeQS Juice ({error}): name the one of the lab's environment{CONTAINER}"
    )]
    NoJuice {
        /// What was named.
        path: String,
        /// The exception.
        error: String,
    },
    /// It took too long.
    #[error("after {} s Python was stopped{}: {}", (limit.as_secs_f64() * 10.0).round() / 10.0, during(at), slow(at))]
    Limit {
        /// How long it was given.
        limit: Duration,
        /// What it was doing.
        at: Option<At>,
    },
    /// It ended without an answer.
    #[error("Python ended without an answer ({how}){}: {}", during(at), left_out(at))]
    Crash {
        /// `exit code 3`, `signal 11`.
        how: String,
        /// What it was doing.
        at: Option<At>,
    },
    /// Too much was written.
    #[error("Python wrote more than {} MiB where its answer was expected, and was stopped{}", largest >> 20, during(at))]
    Flood {
        /// How much it may write, bytes.
        largest: usize,
        /// What it was doing.
        at: Option<At>,
    },
    /// It wrote something else.
    #[error("what Python answered cannot be read ({what}){}", during(at))]
    Unreadable {
        /// What is wrong with it.
        what: String,
        /// What it was doing.
        at: Option<At>,
    },
    /// The class refuses payloads: one or more, in their order. What became of the others is of no use to anybody.
    #[error("{}", refused.first().map(Refusal::words).unwrap_or_default())]
    Refused {
        /// Which, and why.
        refused: Vec<Refusal>,
    },
    /// The import of the class's module raised, or there is no such class.
    #[error("{name}: {message}")]
    Raised {
        /// The exception's class.
        name: String,
        /// Its message; several lines for pydantic's errors.
        message: String,
    },
    /// The person did not want to wait any longer.
    #[error("interrupted: Python was stopped")]
    Stopped,
}

/// Where a Python is found in Juice's own containers.
const CONTAINER: &str = " (in Juice's containers /env/.venv/bin/python)";

/// What a Python is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// It imports a service: `cryo (lab.cryo:Cryo)`.
    Service(String),
    /// It imports a class.
    Class(String),
    /// A class makes the task of that number, from 1.
    Task {
        /// The class.
        class: String,
        /// Which one.
        number: usize,
        /// Of how many.
        of: usize,
    },
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Service(name) | At::Class(name) => write!(f, "it imported {name}"),
            At::Task { class, of: 1, .. } => write!(f, "{class} made the task"),
            At::Task { class, number, of } => write!(f, "{class} made number {number} of {of}"),
        }
    }
}

fn during(at: &Option<At>) -> String {
    at.as_ref().map_or_else(String::new, |at| format!(" while {at}"))
}

fn slow(at: &Option<At>) -> &'static str {
    match at {
        Some(At::Service(_)) => {
            "give it more time with --limit SECONDS, or leave that one out by naming the others"
        }
        Some(At::Class(_) | At::Task { .. }) => "something in it takes very long, or for ever",
        None => "give it more time with --limit SECONDS",
    }
}

fn left_out(at: &Option<At>) -> &'static str {
    match at {
        Some(At::Service(_)) => {
            "something in it ends the whole process; leave that one out by naming the others"
        }
        Some(At::Class(_) | At::Task { .. }) => "something in it ends the whole process",
        None => "look at what it printed",
    }
}

/// How a Python is to be run.
#[derive(Clone, Debug)]
pub struct Python {
    /// The interpreter, or the folder of a virtual environment.
    pub path: PathBuf,
    /// How long a run may take; one that makes many tasks longer, but from one to the next no longer than this.
    pub limit: Duration,
}

impl Python {
    /// With the usual limit.
    pub fn new(path: impl Into<PathBuf>) -> Python {
        Python { path: path.into(), limit: LIMIT }
    }

    /// The catalogue of these services, each with its entrypoint, as raw JSON. `printed` gets the lines that imports
    /// print, as they come; `stop` ends it early.
    ///
    /// # Errors
    /// Every way to fail, but not a service that cannot be imported: that stands in the catalogue.
    pub fn list<'a>(
        &self,
        services: impl IntoIterator<Item = (&'a str, &'a str)>,
        stop: &AtomicBool,
        printed: &mut dyn FnMut(&str),
    ) -> Result<String, Failure> {
        let mut answer = String::new();
        let mut take = |_: usize, line: Line| {
            if let Line::Answer(raw) = line {
                answer = raw;
            }
        };
        let input = Box::new(iter::once(script::list_request(services)));
        self.run(input, Answers::new(1, None, &mut take), stop, printed)?;
        Ok(answer)
    }

    /// Tasks of one class (`module:Class`) as it writes them: of one payload, or of many in their order.
    ///
    /// # Errors
    /// Every way to fail; [`Failure::Refused`] where the class refuses some of them.
    pub fn envelopes(
        &self,
        class: &str,
        payloads: Payloads,
        stop: &AtomicBool,
        printed: &mut dyn FnMut(&str),
    ) -> Result<Vec<Envelope>, Failure> {
        let count = payloads.count();
        let (mut envelopes, mut refused) = (Vec::with_capacity(count), Vec::new());
        // Each line is read and let go as it comes: of many, nothing is there twice.
        let mut take = |at: usize, line: Line| match line {
            Line::Answer(raw) => match Envelope::parse(&raw) {
                Ok(envelope) => envelopes.push(envelope),
                Err(what) => refused.push(Refusal { at, name: String::new(), message: what }),
            },
            Line::Refused { name, message } => refused.push(Refusal { at, name, message }),
            _ => {}
        };
        let input = Box::new(script::envelope_request(class, payloads));
        self.run(input, Answers::new(count, Some(class), &mut take), stop, printed)?;
        if refused.is_empty() { Ok(envelopes) } else { Err(Failure::Refused { refused }) }
    }

    fn run(
        &self,
        input: Input,
        mut answers: Answers<'_>,
        stop: &AtomicBool,
        printed: &mut dyn FnMut(&str),
    ) -> Result<(), Failure> {
        let program = self.program();
        self.check(&program, stop)?;
        let mut command = Command::new(&program);
        command.arg("-c").arg(script::LAB);
        // What imports print is to be seen when they print it; and nothing is left in the lab's folders.
        command.env("PYTHONUNBUFFERED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        let more = answers.wanted.saturating_sub(1);
        let share = (self.limit / SHARE).saturating_mul(u32::try_from(more).unwrap_or(u32::MAX));
        let limits = Limits { all: self.limit.saturating_add(share), silence: self.limit };
        let largest = LARGEST + more * LARGEST_SHARE;
        let mut lines = 0;
        let mut heard = |heard: Heard<'_>| match heard {
            Heard::Out(line) => answers.take(line),
            Heard::Err(line) => {
                lines += 1;
                match lines.cmp(&MOST_LINES) {
                    std::cmp::Ordering::Less => printed(line),
                    std::cmp::Ordering::Equal => printed("… more is not shown"),
                    std::cmp::Ordering::Greater => {}
                }
            }
        };
        let end = child::run(command, input, limits, largest, stop, &mut heard);
        let end = end.map_err(|error| self.cannot_start(&error))?;
        let Answers { wanted, got, at, failed, odd, .. } = answers;
        // What it had to say it has said: how it ended then does not matter.
        if got == wanted {
            return Ok(());
        }
        match failed {
            Some(Line::NoJuice(error)) => return Err(Failure::NoJuice { path: self.shown(), error }),
            Some(Line::Error { name, message }) => return Err(Failure::Raised { name, message }),
            _ => {}
        }
        match end {
            End::Limit(limit) => Err(Failure::Limit { limit, at }),
            End::Stopped => Err(Failure::Stopped),
            End::Flood => Err(Failure::Flood { largest, at }),
            End::Done(how) => match odd {
                Some(odd) => Err(Failure::Unreadable { what: odd, at }),
                None => Err(Failure::Crash { how, at }),
            },
        }
    }

    /// A virtual environment stands for the Python in it.
    fn program(&self) -> PathBuf {
        let inner = self.path.join("bin/python");
        if self.path.is_dir() && inner.exists() { inner } else { self.path.clone() }
    }

    fn cannot_start(&self, error: &io::Error) -> Failure {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            io::ErrorKind::PermissionDenied if self.path.is_dir() => {
                "it is a folder without a Python".to_owned()
            }
            io::ErrorKind::PermissionDenied => "it may not be run".to_owned(),
            _ => error.to_string(),
        };
        Failure::Start { path: self.shown(), why }
    }

    /// Asks for the version before the script is given to it.
    fn check(&self, program: &Path, stop: &AtomicBool) -> Result<(), Failure> {
        let mut command = Command::new(program);
        command.arg("-V");
        let mut said = String::new();
        let mut heard = |heard: Heard<'_>| {
            let (Heard::Out(line) | Heard::Err(line)) = heard;
            if said.is_empty() {
                said = line.trim().chars().take(80).collect();
            }
        };
        let limits = Limits { all: VERSION_LIMIT, silence: VERSION_LIMIT };
        let end = child::run(command, Box::new(iter::empty()), limits, LARGEST, stop, &mut heard);
        let end = end.map_err(|error| self.cannot_start(&error))?;
        let said = match end {
            End::Stopped => return Err(Failure::Stopped),
            End::Done(_) if said.starts_with("Python 3.") => return Ok(()),
            End::Done(_) if said.is_empty() => "it does not tell its version".to_owned(),
            End::Done(_) => format!("it says: {said}"),
            End::Limit(_) | End::Flood => "it does not tell its version".to_owned(),
        };
        Err(Failure::NoPython { path: self.shown(), said })
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

/// What the script has answered so far.
struct Answers<'a> {
    /// How many answers there are to be.
    wanted: usize,
    got: usize,
    /// The class that makes tasks, if that is asked for.
    class: Option<&'a str>,
    /// What it is doing.
    at: Option<At>,
    /// Why it answers no more.
    failed: Option<Line>,
    /// A line that was none of the script's.
    odd: Option<String>,
    /// Gets each answer, with its number from 0.
    give: &'a mut dyn FnMut(usize, Line),
}

impl<'a> Answers<'a> {
    fn new(wanted: usize, class: Option<&'a str>, give: &'a mut dyn FnMut(usize, Line)) -> Answers<'a> {
        Answers { wanted, got: 0, class, at: None, failed: None, odd: None, give }
    }

    /// What it is at once it has imported the class, and after each answer.
    fn next(&self) -> Option<At> {
        let class = self.class.filter(|_| self.got < self.wanted)?;
        Some(At::Task { class: class.to_owned(), number: self.got + 1, of: self.wanted })
    }

    fn take(&mut self, line: &str) {
        match Line::parse(line) {
            Some(Line::Ready) => {}
            Some(Line::Importing { name, entrypoint }) => {
                self.at = Some(match self.class {
                    Some(_) => At::Class(name),
                    None => At::Service(format!("{name} ({entrypoint})")),
                });
            }
            Some(Line::Imported) => self.at = self.next(),
            Some(answer @ (Line::Answer(_) | Line::Refused { .. })) if self.got < self.wanted => {
                (self.give)(self.got, answer);
                self.got += 1;
                self.at = self.next();
            }
            Some(Line::Answer(_) | Line::Refused { .. }) => {}
            Some(failed) => {
                self.failed = Some(failed);
                self.at = None;
            }
            None => {
                let start: String = line.chars().take(80).collect();
                self.odd.get_or_insert(format!("it begins with {start:?}"));
            }
        }
    }
}
