//! The services: how each is, what was seen of it, and what is being done to it.
//!
//! Pure: processes are asked, and deeds done, beside the loop. It refuses to call a deed done that was not seen to work, and
//! to do two things to one service at a time; a dry run does nothing to it.

use std::{collections::HashMap, time::Duration};

use super::{
    By,
    action::Action,
    called,
    lanes::first_visible,
    unseen::{NOTHING, gone},
};
use crate::{
    clean::exact,
    store::{Outcome, Reason, State, Store, Task},
    time::Now,
    wire::{
        Text,
        control::{Deed, Failure, Process},
        json,
    },
};

/// While the services are looked at, their processes are asked so often.
pub const OFTEN: Duration = Duration::from_secs(10);
/// How long after an interrupt something may end by it: a cell ends within a tenth of a second, one that waits after a Ping.
pub const STOPS: Duration = Duration::from_secs(5);
/// How long a restarted service may take to answer.
pub const ANSWERS: Duration = Duration::from_secs(60);

/// The keys of the deeds.
pub const DEEDS: [(Action, Deed); 4] = [
    (Action::Interrupt, Deed::Interrupt),
    (Action::RestartProcess, Deed::RestartProcess),
    (Action::RestartContainer, Deed::RestartContainer),
    (Action::Rebuild, Deed::Rebuild),
];

/// A cell that a signal reaches: none that the kernel runs beside others.
pub fn is_stoppable(task: &Task) -> bool {
    let beside = task.payload.as_deref().and_then(|payload| json::get(payload, "run_async"));
    task.is_ipython() && beside.and_then(json::boolean) != Some(true)
}

/// The cells of a service, of these tasks, that have ended since the signal of an interrupt went out. A cell that catches it
/// ends as it likes: well, or with an error of its own.
pub fn ended_by<'t>(
    tasks: impl IntoIterator<Item = &'t Task>,
    service: &str,
    since: Now,
) -> impl Iterator<Item = &'t Task> {
    tasks.into_iter().filter(move |task| {
        let began = task.started.is_none_or(|seen| seen.at.mono <= since.mono);
        let by_it = task.reason == Some(Reason::Interrupted) || began && is_stoppable(task);
        *task.service == *service
            && task.state == State::Ended
            && by_it
            && task.ended.is_some_and(|end| end.at.mono >= since.mono)
    })
}

/// How a cell ended after the signal.
pub fn end_words(task: &Task) -> String {
    let error = task.failure().and_then(|error| error.ename.as_deref());
    match task.reason {
        Some(Reason::Interrupted) => {
            format!("stopped {} ({})", called(&task.name), error.unwrap_or("interrupted"))
        }
        _ => {
            let how = error.or(task.outcome.map(Outcome::word)).unwrap_or("how was not seen");
            format!("{} ended after the signal ({how})", called(&task.name))
        }
    }
}

/// What is told where no end followed an interrupt, and these still hold the slot.
pub fn nothing_stopped(holders: &[&Task]) -> String {
    let seconds = STOPS.as_secs();
    match holders {
        [task] if is_stoppable(task) => format!(
            "the signal was sent, and {} still runs after {seconds} s: it may be cleaning up, or its code does not come back to Python",
            called(&task.name)
        ),
        _ => format!(
            "the signal was sent, and nothing was seen to stop within {seconds} s: no cell holds the slot, what holds it cannot be \
             interrupted (a cell beside others, a task of another type, code that does not come back to Python) or is cleaning up, \
             or its sender has gone, so that its end is told to nobody"
        ),
    }
}

/// What this machine's files say of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub service: Text,
    /// Its own port.
    pub url: String,
    /// Where its supervisord answers.
    pub supervisor: String,
    /// `module:Class` that makes it.
    pub entrypoint: String,
    /// The version of orangeqs-juice-core that it wrote down.
    pub version: Option<String>,
}

/// What comes from beside the loop.
#[derive(Debug)]
pub enum Told {
    /// A service was looked at.
    Looked(Text, Result<Process, Failure>, Vec<(Deed, String)>),
    /// That were all.
    AllLooked,
    /// A deed goes on: what it does now.
    Stage(Text, String),
    /// The signal of an interrupt goes out.
    Signal(Text),
    /// It was done as far as that is outside, or failed; how the process is then.
    Done(Text, Deed, Result<Option<Process>, Failure>),
}

/// What was last seen of a service's process.
#[derive(Debug)]
pub struct Looked {
    /// How it is, or why nobody knows.
    pub process: Result<Process, Failure>,
    /// What cannot be done to it from here, and why.
    pub barred: Vec<(Deed, String)>,
    /// When it was asked.
    pub at: Now,
}

/// Something is being done to a service.
#[derive(Debug)]
pub struct Going {
    /// What.
    pub deed: Deed,
    /// Since when.
    pub since: Now,
    /// What it does now.
    pub stage: String,
    /// What is waited for.
    pub step: Step,
}

/// What is waited for.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// What is done outside.
    Outside,
    /// The same, and the signal went out at that moment.
    Signalled(Now),
    /// The task that tries out what a rebuild would bring, by its frame's id.
    DryRun(Text),
    /// The person: this is what it would bring.
    Tried(Vec<String>),
    /// That something ends by the signal.
    Stops {
        /// When it went out.
        since: Now,
        /// Until when that is waited for.
        until: Duration,
        /// When it is looked at next: the wire may bring thousands of messages meanwhile.
        look: Duration,
    },
    /// That the service answers this Ping, or another one until then.
    Answers(Text, Duration),
}

/// What came of the last deed.
#[derive(Debug)]
pub struct Came {
    /// Which.
    pub deed: Deed,
    /// What was seen, or what went wrong.
    pub result: Result<String, String>,
    /// Lines that came with it.
    pub log: Vec<String>,
    /// When.
    pub at: Now,
}

/// What is known of all services beside what the lab's bus tells.
#[derive(Debug)]
pub struct Care {
    /// What this machine's files say, or why none can be controlled from here.
    pub about: Result<Vec<About>, String>,
    /// By service.
    pub looked: HashMap<Text, Looked>,
    /// By service.
    pub going: HashMap<Text, Going>,
    /// Dry runs, which wait for the slot and change nothing, by service.
    pub trying: HashMap<Text, Going>,
    /// By service.
    pub came: HashMap<Text, Came>,
    /// They are being asked.
    asking: bool,
    /// When they were asked last.
    asked: Option<Now>,
}

impl Care {
    /// Of a lab whose files say that.
    pub fn new(about: Result<Vec<About>, String>) -> Care {
        Care {
            about,
            looked: HashMap::new(),
            going: HashMap::new(),
            trying: HashMap::new(),
            came: HashMap::new(),
            asking: false,
            asked: None,
        }
    }

    /// What the files say of one.
    pub fn about(&self, service: &str) -> Option<&About> {
        self.about.as_ref().ok()?.iter().find(|about| *about.service == *service)
    }

    /// Whether the processes are to be asked now; they are as good as asked then. `anew`: the person wants it.
    pub fn asks(&mut self, anew: bool, now: Now) -> bool {
        let due = self.asked.is_none_or(|at| now.since(at) >= OFTEN);
        let asks = self.about.is_ok() && !self.asking && (anew || due);
        if asks {
            (self.asking, self.asked) = (true, Some(now));
        }
        asks
    }

    /// They are asked now, and have not all answered.
    pub fn is_asking(&self) -> bool {
        self.asking
    }

    /// All have answered.
    pub fn answered(&mut self) {
        self.asking = false;
    }

    /// What that has to wait for: one thing is done to a service at a time, and one dry run.
    pub fn before(&self, service: &str, deed: Deed) -> Option<&Going> {
        self.going.get(service).or_else(|| self.trying.get(service).filter(|_| deed == Deed::Rebuild))
    }

    /// Why that cannot be done to it from here; `None`: it can, as far as is known.
    pub fn barred(&self, service: &str, deed: Deed) -> Option<String> {
        match &self.about {
            Err(why) => return Some(why.clone()),
            Ok(all) if all.iter().all(|about| *about.service != *service) => {
                return Some("the lab's configuration on this machine does not name it".to_owned());
            }
            Ok(_) => {}
        }
        let looked = self.looked.get(service)?;
        let barred = looked.barred.iter().find(|(barred, _)| *barred == deed).map(|(_, why)| why.clone());
        // The supervisord was just asked, and could not be.
        let unreached = looked.process.as_ref().err().filter(|_| deed.is_by_supervisor());
        barred.or_else(|| unreached.map(Failure::sentence))
    }

    /// The next moment at which something is given up, or asked anew where the services are `seen`.
    pub fn wake_at(&self, seen: bool, now: Now) -> Option<Duration> {
        let waits = self.going.values().filter_map(|going| match going.step {
            Step::Stops { until, look, .. } => Some(until.min(look)),
            // A Ping that failed is sent once more.
            Step::Answers(_, until) => Some(until.min(now.mono + Duration::from_secs(1))),
            _ => None,
        });
        let again = self.asked.map(|at| at.mono + OFTEN);
        waits.chain(again.filter(|_| seen && !self.asking && self.about.is_ok())).min()
    }

    /// Services that are ended at the moment and would stay so if this program ended.
    pub fn half_done(&self) -> impl Iterator<Item = &Text> {
        let half = |going: &Going| going.deed == Deed::RestartProcess && going.step == Step::Outside;
        self.going.iter().filter(move |(_, going)| half(going)).map(|(service, _)| service)
    }
}

/// The list on the screen.
#[derive(Debug, Default)]
pub struct Services {
    /// All, in the lanes' order.
    pub names: Vec<Text>,
    /// The selected one.
    pub selected: Option<Text>,
    /// The screen line on which it stands.
    line: usize,
    /// The selected one has left the list, and nobody has seen which one took its place.
    pub unseen: Option<String>,
}

impl Services {
    /// With that one selected.
    pub fn new(selected: Option<Text>) -> Services {
        Services { selected, ..Services::default() }
    }

    /// The selected one's place.
    pub fn at(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.names.iter().position(|name| name == selected)
    }

    /// The first one on a list of that height.
    pub fn first(&self, height: usize) -> usize {
        first_visible(self.names.len(), self.at().unwrap_or(0), self.line, height)
    }

    /// Moves the selection by that many (a large number: to the end).
    pub fn step(&mut self, by: isize, height: usize) {
        let first = self.first(height);
        let Some(last) = self.names.len().checked_sub(1) else { return };
        let to = self.at().map_or(0, |at| at.saturating_add_signed(by).min(last));
        self.selected = self.names.get(to).cloned();
        self.line = to.saturating_sub(first).min(height.saturating_sub(1));
    }

    /// Looks which there are. One that is gone gives its place to its neighbour.
    pub fn refresh(&mut self, store: &Store, by: By) {
        let before = self.at().unwrap_or(0);
        self.names = store.services().map(|service| service.name.clone()).collect();
        if self.at().is_none() {
            let near = self.names.get(before.min(self.names.len().saturating_sub(1))).cloned();
            let seen = std::mem::replace(&mut self.selected, near);
            if self.selected.is_some() {
                by.mark(&mut self.unseen, || {
                    seen.map_or_else(|| NOTHING.to_owned(), |name| gone(exact(&name)))
                });
            }
        }
    }
}

/// What a dry run has brought, once it has ended: whether a rebuild would work, and what `uv` says; or why that is not known.
pub fn dry_run(task: Option<&Task>) -> Option<Result<(bool, Vec<String>), String>> {
    let unseen = || "the dry run's end was not seen".to_owned();
    let Some(task) = task else { return Some(Err(unseen())) };
    match task.state {
        State::Unknown => return Some(Err(unseen())),
        State::Ended => {}
        _ => return None,
    }
    let raw = task.reply.as_ref().and_then(|reply| reply.result(false));
    let read = raw.filter(|_| task.outcome == Some(Outcome::Ok)).and_then(read_dry_run);
    Some(read.ok_or_else(|| match task.failure() {
        Some(error) => {
            let name = error.ename.as_deref().unwrap_or("error");
            let message = error.evalue.as_deref().unwrap_or_default();
            format!("the dry run failed: {name}: {message}")
        }
        None => "the dry run's answer cannot be read".to_owned(),
    }))
}

/// Its answer: `[true, ["…", …]]`.
fn read_dry_run(raw: &str) -> Option<(bool, Vec<String>)> {
    let parts = json::items(raw).ok()?;
    let [good, lines] = &parts[..] else { return None };
    let lines = json::items(lines).ok()?.into_iter().map(|line| Some(json::string(line)?.into_owned()));
    Some((json::boolean(good)?, lines.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_is_read_as_juice_writes_it() {
        let lines = || vec!["Resolved 3 packages".to_owned(), "Would \"install\" 1".to_owned()];
        let raw = r#"[false, ["Resolved 3 packages", "Would \"install\" 1"]]"#;
        assert_eq!(read_dry_run(raw), Some((false, lines())));
        assert_eq!(read_dry_run("[true, []]"), Some((true, Vec::new())));
        for odd in ["null", "[true]", "[1, []]", "[true, [1]]", "[true, [], 1]", "{}"] {
            assert_eq!(read_dry_run(odd), None, "{odd}");
        }
    }
}
