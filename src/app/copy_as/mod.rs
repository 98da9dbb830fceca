//! A task as something to take elsewhere: the command that sends it, the Python that executes it, the frame itself.
//!
//! Pure text. What a shell or Python reads from it is the payload again, number for number. It refuses to confirm:
//! the command of a task that moves hardware has no `--yes`, so that pasting it into a shell moves nothing.

mod command;
mod error;
mod python;
#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset, Utc};

use crate::{
    catalogue::TaskType,
    store::{Own, State, Task},
    time::when,
    wire::frame::TaskFrame,
};

use super::{
    compose::without,
    session::{Batch, Way},
};

pub use self::{
    command::{command, command_with_file},
    error::{ErrorTexts, whole},
    python::python,
};

/// What a secret becomes.
pub const SECRET: &str = "SECRET";

/// What is copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The frame as it goes out, or went out; of a group its first task's.
    pub frame: TaskFrame,
    /// Which way.
    pub way: Way,
    /// What is known of its type.
    pub task_type: TaskType,
    /// The arguments that lead `juicetop` to this lab.
    pub place: Vec<String>,
    /// All tasks that are sent together; `None`: it is one.
    pub group: Option<Group>,
}

/// Several tasks at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The tasks.
    pub batch: Batch,
    /// The swept fields' values as they were typed, in the fields' order.
    pub typed: Vec<String>,
    /// The Python whose class has made them, if one has.
    pub python: Option<String>,
}

/// As what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// A `juicetop submit` command.
    Command,
    /// Python.
    Python,
    /// The frame.
    Frame,
    /// The entry of the traceback under the cursor.
    Entry,
    /// The exception that the cursor is in.
    Exception,
    /// The whole error.
    Error,
    /// The error with the task around it, in Markdown.
    Report,
}

impl Kinds {
    /// The task itself.
    const TASK: [Kinds; 3] = [Kinds::Command, Kinds::Python, Kinds::Frame];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Kinds::Command => "the juicetop submit command",
            Kinds::Python => "Python: client.execute(...)",
            Kinds::Frame => "the JSON frame",
            Kinds::Entry => "the entry under the cursor",
            Kinds::Exception => "the exception under the cursor",
            Kinds::Error => "the whole error",
            Kinds::Report => "a bug report in Markdown",
        }
    }

    /// The ending of a file of that kind.
    pub fn ending(self) -> &'static str {
        match self {
            Kinds::Command => "sh",
            Kinds::Python => "py",
            Kinds::Frame => "json",
            Kinds::Entry | Kinds::Exception | Kinds::Error => "txt",
            Kinds::Report => "md",
        }
    }
}

/// The list of what it can be copied as.
#[derive(Debug)]
pub struct CopyAs {
    /// The task.
    ///
    /// # Errors
    /// Why it cannot be copied, in one phrase.
    pub source: Result<Source, String>,
    /// The same with its secrets masked; `None`: it has none.
    pub masked: Option<Source>,
    /// Its error; `None`: it has none.
    pub error: Option<ErrorTexts>,
    /// The secrets of its payload as texts, which its error may repeat.
    pub secrets: Vec<String>,
    /// Which of [`CopyAs::kinds`] is selected.
    pub selected: usize,
    /// Secrets stand in the clear.
    pub clear: bool,
    /// There is no task to the error.
    pub is_record: bool,
}

impl CopyAs {
    /// The list on a task, secrets masked.
    pub fn new(source: Source, masked: Option<Source>) -> CopyAs {
        CopyAs {
            source: Ok(source),
            masked,
            error: None,
            secrets: Vec::new(),
            selected: 0,
            clear: false,
            is_record: false,
        }
    }

    /// The list on a record of the log.
    pub fn of_record(error: ErrorTexts) -> CopyAs {
        CopyAs {
            source: Err("a record of the log is no task".to_owned()),
            masked: None,
            error: Some(error),
            secrets: Vec::new(),
            selected: 0,
            clear: false,
            is_record: true,
        }
    }

    /// The list: of a task that is read, its error first.
    pub fn kinds(&self) -> Vec<Kinds> {
        let mut kinds = Vec::new();
        if let Some(error) = &self.error {
            kinds.extend(error.entry.as_ref().map(|_| Kinds::Entry));
            kinds.extend(error.exception.as_ref().map(|_| Kinds::Exception));
            kinds.extend([Kinds::Error, Kinds::Report]);
        }
        if !self.is_record {
            kinds.extend(Kinds::TASK);
        }
        kinds
    }

    /// What is selected.
    pub fn kind(&self) -> Kinds {
        let kinds = self.kinds();
        kinds.get(self.selected % kinds.len()).copied().unwrap_or(Kinds::Command)
    }

    /// The text that is copied now.
    ///
    /// # Errors
    /// Why there is none, in one phrase.
    pub fn text(&self, now: DateTime<Utc>) -> Result<String, String> {
        let source = || match self.masked.as_ref().filter(|_| !self.clear) {
            Some(masked) => Ok(masked),
            None => self.source.as_ref().map_err(Clone::clone),
        };
        let error = |text: fn(&ErrorTexts) -> Option<&String>| {
            let text = self.error.as_ref().and_then(text).ok_or_else(|| "there is no error".to_owned())?;
            // A report is for others, whatever the person wants to see.
            let clear = self.clear && self.kind() != Kinds::Report;
            Ok(if clear { text.clone() } else { without(text, &self.secrets) })
        };
        match self.kind() {
            Kinds::Command => command(source()?, now),
            Kinds::Python => Ok(python(source()?, now)),
            Kinds::Frame => Ok(format!("{}\n", source()?.frame.encode())),
            Kinds::Entry => error(|error| error.entry.as_ref()),
            Kinds::Exception => error(|error| error.exception.as_ref()),
            Kinds::Error => error(|error| Some(&error.whole)),
            Kinds::Report => error(|error| Some(&error.report)),
        }
    }

    /// The name of a file for it.
    pub fn file(&self) -> String {
        let class = self.source.as_ref().map_or("", |source| &source.task_type.class);
        let kind: String = class.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let kind = match kind.is_empty() {
            true if self.is_record => "log",
            true => "task",
            false => &kind,
        };
        format!("{kind}.{}", self.kind().ending())
    }

    /// Whether there is something in it to mask.
    pub fn has_secrets(&self) -> bool {
        self.masked.is_some() || !self.secrets.is_empty()
    }

    /// Whether a file of it is the person's alone: a record of the log, or a task with its secrets shown.
    pub fn is_private(&self) -> bool {
        self.is_record || (self.clear && self.has_secrets())
    }

    /// What is to be known of it, a sentence each.
    pub fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        match self.kind() {
            Kinds::Entry | Kinds::Exception | Kinds::Error if self.secrets.is_empty() => {
                return vec!["As it came; a message or a source line may show what is not meant for others."];
            }
            Kinds::Entry | Kinds::Exception | Kinds::Error | Kinds::Report => {
                return vec![match self.clear && self.kind() != Kinds::Report {
                    true => "The payload's secrets stand in it, in the clear, where the error repeats them.",
                    false => "The payload's secrets are masked; a message or a source line may show others.",
                }];
            }
            Kinds::Command | Kinds::Python | Kinds::Frame => {}
        }
        let Ok(source) = &self.source else { return notes };
        if self.masked.is_some() {
            notes.push(match self.clear {
                true => "Its secrets stand in it, in the clear.",
                false => "SECRET stands for each secret.",
            });
        }
        let group = source.group.is_some();
        match self.kind() {
            Kinds::Command => {}
            Kinds::Python if group => {
                notes.push("Juice's client knows no groups: each task stands for itself in the lanes.");
            }
            Kinds::Frame if group => notes.push("Only the first task of the group."),
            _ => {}
        }
        match self.kind() {
            Kinds::Command => {}
            Kinds::Python => {
                if source.task_type.module.is_none() {
                    notes.push(
                        "Its class's module is not known: a class of the same name is made in its place.",
                    );
                }
                if self.masked.is_some()
                    && source.task_type.module.is_some()
                    && source.task_type.has_secret_text()
                {
                    notes.push(
                        "Juice's own client sends asterisks for what its class keeps as a SecretStr: the others carry it.",
                    );
                }
                if source.way == Way::Alone {
                    notes.push("It goes through the task manager: Juice's client knows no other way.");
                }
                notes.push("Run it where the lab's Juice is configured; at a notebook's top level.");
            }
            Kinds::Frame => notes.push("One text message for /tasks; each sending needs an id of its own."),
            Kinds::Entry | Kinds::Exception | Kinds::Error | Kinds::Report => {}
        }
        notes
    }
}

/// The way that a task of the lab went, or is to go, as far as it is known.
pub fn way_of(task: &Task) -> Way {
    let run_at = task.run_at.as_ref().and_then(|stamp| stamp.at);
    // What has started is not to start at some moment any more.
    let at = run_at.filter(|_| matches!(task.state, State::Scheduled | State::Waiting));
    let scheduled = Way::Scheduled(at.map(|at| when::fixed(&at.with_timezone(&chrono::Local))));
    match task.own {
        Some(Own::Alone) => Way::Alone,
        Some(Own::Direct | Own::Apart) => Way::Direct,
        Some(Own::Scheduled) => scheduled,
        None if task.scheduled_task_id.is_some() => scheduled,
        None => Way::Direct,
    }
}

/// When it may start, if that lies ahead: what is over was so at its time.
fn ahead(way: &Way, now: DateTime<Utc>) -> Option<DateTime<FixedOffset>> {
    match way {
        Way::Scheduled(Some(at)) if *at > now => Some(*at),
        _ => None,
    }
}
