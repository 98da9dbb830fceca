//! Runs the carried script ([`script`]) in a Python of the lab's, in a process of its own.
//!
//! Importing a lab's package runs the lab's code, so what comes back is trusted in nothing: time and output are
//! bounded, everything that it started is ended with it, and each way to fail is a sentence that says what helps. It
//! refuses a program that does not say that it is Python 3: a shell would carry the script out in its own way.

mod child;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::AtomicBool,
    time::Duration,
};

use crate::catalogue::script::{self, Envelope, Line};

use child::{End, Heard};

/// How long a run may take where nobody says otherwise.
pub const LIMIT: Duration = Duration::from_secs(60);
/// How long a Python may take to tell its version.
const VERSION_LIMIT: Duration = Duration::from_secs(15);
/// Larger answers are not read; catalogue files have the same limit.
const LARGEST: usize = 32 * 1024 * 1024;
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
    #[error("after {} s Python was stopped{}: {}", limit.as_secs_f64(), during(at), slow(at))]
    Limit {
        /// How long it was given.
        limit: Duration,
        /// What was being imported.
        at: Option<String>,
    },
    /// It ended without an answer.
    #[error("Python ended without an answer ({how}){}: {}", during(at), left_out(at))]
    Crash {
        /// `exit code 3`, `signal 11`.
        how: String,
        /// What was being imported.
        at: Option<String>,
    },
    /// Too much was written.
    #[error("Python wrote more than {} MiB where its answer was expected, and was stopped{}", LARGEST >> 20, during(at))]
    Flood {
        /// What was being imported.
        at: Option<String>,
    },
    /// It wrote something else.
    #[error("what Python answered cannot be read ({what}){}", during(at))]
    Unreadable {
        /// What is wrong with it.
        what: String,
        /// What was being imported.
        at: Option<String>,
    },
    /// The class, or the import of its module, raised.
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

fn during(at: &Option<String>) -> String {
    at.as_ref().map_or_else(String::new, |at| format!(" while it imported {at}"))
}

fn slow(at: &Option<String>) -> &'static str {
    match at {
        Some(_) => "give it more time with --limit SECONDS, or leave that one out by naming the others",
        None => "give it more time with --limit SECONDS",
    }
}

fn left_out(at: &Option<String>) -> &'static str {
    match at {
        Some(_) => "something in it ends the whole process; leave that one out by naming the others",
        None => "look at what it printed",
    }
}

/// How a Python is to be run.
#[derive(Clone, Debug)]
pub struct Python {
    /// The interpreter, or the folder of a virtual environment.
    pub path: PathBuf,
    /// How long a run may take.
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
        self.run(&script::list_request(services), stop, printed)
    }

    /// The payload and exact name of a task, as its class (`module:Class`) writes them.
    ///
    /// # Errors
    /// Every way to fail; [`Failure::Raised`] with `ValidationError` where the class refuses the payload.
    pub fn envelope(
        &self,
        class: &str,
        payload: &str,
        stop: &AtomicBool,
        printed: &mut dyn FnMut(&str),
    ) -> Result<Envelope, Failure> {
        let raw = self.run(&script::envelope_request(class, payload), stop, printed)?;
        Envelope::parse(&raw).map_err(|what| Failure::Unreadable { what, at: Some(class.to_owned()) })
    }

    fn run(
        &self,
        request: &str,
        stop: &AtomicBool,
        printed: &mut dyn FnMut(&str),
    ) -> Result<String, Failure> {
        let program = self.program();
        self.check(&program, stop)?;
        let mut command = Command::new(&program);
        command.arg("-c").arg(script::LAB);
        // What imports print is to be seen when they print it; and nothing is left in the lab's folders.
        command.env("PYTHONUNBUFFERED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        let mut answer = Answer::default();
        let mut lines = 0;
        let mut heard = |heard: Heard<'_>| match heard {
            Heard::Out(line) => answer.take(line),
            Heard::Err(line) => {
                lines += 1;
                match lines.cmp(&MOST_LINES) {
                    std::cmp::Ordering::Less => printed(line),
                    std::cmp::Ordering::Equal => printed("… more is not shown"),
                    std::cmp::Ordering::Greater => {}
                }
            }
        };
        let end = child::run(command, request, self.limit, LARGEST, stop, &mut heard);
        let end = end.map_err(|error| self.cannot_start(&error))?;
        match end {
            // What it had to say it has said: how it ended then does not matter.
            _ if answer.last.is_some() => answer.result(self),
            End::Limit => Err(Failure::Limit { limit: self.limit, at: answer.at }),
            End::Stopped => Err(Failure::Stopped),
            End::Flood => Err(Failure::Flood { at: answer.at }),
            End::Done(how) => match answer.odd {
                Some(odd) => Err(Failure::Unreadable { what: odd, at: answer.at }),
                None => Err(Failure::Crash { how, at: answer.at }),
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
        let end = child::run(command, "", VERSION_LIMIT, LARGEST, stop, &mut heard);
        let end = end.map_err(|error| self.cannot_start(&error))?;
        let said = match end {
            End::Stopped => return Err(Failure::Stopped),
            End::Done(_) if said.starts_with("Python 3.") => return Ok(()),
            End::Done(_) if said.is_empty() => "it does not tell its version".to_owned(),
            End::Done(_) => format!("it says: {said}"),
            End::Limit | End::Flood => "it does not tell its version".to_owned(),
        };
        Err(Failure::NoPython { path: self.shown(), said })
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

/// What the script has answered so far.
#[derive(Default)]
struct Answer {
    /// What is being imported, in words.
    at: Option<String>,
    /// The last word.
    last: Option<Line>,
    /// A line that was none of the script's.
    odd: Option<String>,
}

impl Answer {
    fn take(&mut self, line: &str) {
        match Line::parse(line) {
            Some(Line::Ready) => {}
            Some(Line::Importing { name, entrypoint }) if name == entrypoint => self.at = Some(name),
            Some(Line::Importing { name, entrypoint }) => self.at = Some(format!("{name} ({entrypoint})")),
            Some(last) => {
                self.last = Some(last);
                self.at = None;
            }
            None => {
                let start: String = line.chars().take(80).collect();
                self.odd.get_or_insert(format!("it begins with {start:?}"));
            }
        }
    }

    fn result(self, python: &Python) -> Result<String, Failure> {
        match self.last {
            Some(Line::Answer(raw)) => Ok(raw),
            Some(Line::NoJuice(error)) => Err(Failure::NoJuice { path: python.shown(), error }),
            Some(Line::Error { name, message }) => Err(Failure::Raised { name, message }),
            _ => Err(Failure::Unreadable { what: "there is no answer in it".to_owned(), at: self.at }),
        }
    }
}
