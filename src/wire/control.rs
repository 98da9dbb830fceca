//! What can be done to a service from outside, how its process is, and why something was not done.
//!
//! As supervisord and the lab's orchestrator tell it; who asks them is `net::control`.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// What can be done to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Stop the cell that runs.
    Interrupt,
    /// End the process and start it anew.
    RestartProcess,
    /// Restart the container, with the newest image.
    RestartContainer,
    /// Build the image anew.
    Rebuild,
}

impl Deed {
    /// All of them.
    pub const ALL: [Deed; 4] = [Deed::Interrupt, Deed::RestartProcess, Deed::RestartContainer, Deed::Rebuild];

    /// What it is called, as on Juice's dashboard.
    pub fn name(self) -> &'static str {
        match self {
            Deed::Interrupt => "interrupt",
            Deed::RestartProcess => "restart process",
            Deed::RestartContainer => "restart container",
            Deed::Rebuild => "rebuild",
        }
    }

    /// It goes through the service's supervisord, not the lab's orchestrator.
    pub fn is_by_supervisor(self) -> bool {
        matches!(self, Deed::Interrupt | Deed::RestartProcess)
    }

    /// What it stops and what it does not, a sentence each (measured, but for the container's and the build's: those are
    /// read).
    pub fn meaning(self) -> &'static [&'static str] {
        match self {
            Deed::Interrupt => &[
                "It stops the cell (IPythonTask) that holds the slot, whoever sent it.",
                "A cell that runs beside others (run_async) and a task of another type go on.",
                "What waits for the slot starts right afterwards.",
            ],
            Deed::RestartProcess => &[
                "All that runs there ends: a cell at once, a task of another type within 10 s. Whoever sent one gets an error.",
                "What the kernel holds in memory, such as variables and connections to instruments, is gone.",
                "What waits for the slot runs in the new process.",
            ],
            Deed::RestartContainer => &[
                "All that runs there ends, and the container starts with the newest image.",
                "What the kernel holds in memory, such as variables and connections to instruments, is gone.",
                "What waits for the slot runs once it is up again.",
            ],
            Deed::Rebuild => &[
                "Its image is built anew, which can take long. Other restarts and builds of the lab wait until it is done.",
                "Nothing stops: it runs on with the old image until its container is restarted.",
            ],
        }
    }
}

/// How a service's process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its state in supervisord's word: `RUNNING`, `STARTING`, `BACKOFF`, `STOPPED`, `FATAL` …
    pub state: String,
    /// When it began, by its own clock.
    pub began: Option<DateTime<Utc>>,
    /// How long it has run, by that clock; `None` where it does not run.
    pub uptime: Option<Duration>,
    /// Its number there.
    pub pid: Option<i64>,
    /// What supervisord says of why it could not be started; mostly empty.
    pub trouble: String,
}

impl Process {
    /// It runs, and has done so for long enough to be believed.
    pub fn runs(&self) -> bool {
        self.state == "RUNNING"
    }
}

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened, in one sentence without a full stop.
    pub what: String,
    /// What helps, the same; may be empty.
    pub remedy: String,
    /// Lines that came with it: the journal of a build that failed.
    pub log: String,
    /// It is not known whether it was done: the question went out, and no answer came.
    pub doubtful: bool,
    /// Something was done, and did not work.
    pub begun: bool,
}

impl Failure {
    /// Nothing was done.
    pub fn of(what: impl Into<String>, remedy: impl Into<String>) -> Failure {
        Failure {
            what: what.into(),
            remedy: remedy.into(),
            log: String::new(),
            doubtful: false,
            begun: false,
        }
    }

    /// All of it but the lines, in one text.
    pub fn sentence(&self) -> String {
        if self.remedy.is_empty() { self.what.clone() } else { format!("{}; {}", self.what, self.remedy) }
    }
}
