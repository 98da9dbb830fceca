//! Juice's own database of tasks: when it is read, how far that has come, and what came of it.
//!
//! It is read at the start for what happened before, and after each time in which nothing was seen, once the bus speaks
//! again. Pure: the reading is done beside the loop. It refuses to ask on and on: what fails by itself is tried again later
//! and later, what somebody has to change is left to the person.

use std::time::Duration;

use chrono::{DateTime, Local, TimeDelta, Utc};

use super::{
    replay::stretch,
    session::{Gap, Session},
};
use crate::{store::Task, time::Now, wire::Text};

/// At the start, what is waited for: whether services have kernels tells how their tasks ended.
const SETTLING: Duration = Duration::from_secs(3);
/// After a gap, before it is read: the task manager writes what it has each second.
const WRITTEN: Duration = Duration::from_secs(5);
/// Where tasks are unknown after that, they are looked for once more: it tries for so long to write what it could not.
const ONCE_MORE: Duration = Duration::from_secs(120);
/// So much more than the gap is read, for what began just before it.
const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// The pauses after failures.
const PAUSES: [Duration; 3] = [Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(1800)];
/// Tasks that are looked for by their ids, and how long ago they may have begun.
const MOST_IDS: usize = 500;
const FAR: TimeDelta = TimeDelta::days(7);

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its number: answers to older ones count no more.
    pub id: u64,
    /// All that began at most this long ago.
    pub back: Duration,
    /// These too, if they began at most `far` ago.
    pub ids: Vec<Text>,
    /// See `ids`.
    pub far: Duration,
}

/// What comes from beside the loop.
#[derive(Debug)]
pub enum Heard {
    /// All that began since this moment has come, which is so long ago, by the database's clock.
    Back(DateTime<Utc>, Duration),
    /// Tasks have come; so many of those that were unknown are settled by them.
    Took {
        /// How many.
        tasks: usize,
        /// Of them.
        settled: usize,
    },
    /// That was all: what could not be used of it, in a few words.
    Ended(Option<String>),
    /// It failed: why, with what to do; whether that may pass by itself.
    Failed(String, bool),
}

/// It is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    id: u64,
    /// Where it is to end, as long ago.
    pub whole: Duration,
    /// How far it has come: since then all is there.
    pub back: Option<(DateTime<Utc>, Duration)>,
    /// Tasks so far.
    pub tasks: usize,
    /// Of them, those that were unknown.
    pub settled: usize,
    /// The gap that it is read for.
    pub gap: Option<Gap>,
}

/// What came of it the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// All was read: what could not be used of it, in a few words.
    Read(Option<String>),
    /// It was stopped.
    Stopped,
    /// Why it failed, with what to do, and when it is tried again by itself.
    Failed(String, Option<Now>),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Archive {
    /// Why it is not read at all; `None`: it is.
    none: Option<String>,
    /// How far back it is read at the start.
    back: Duration,
    begun: bool,
    /// All that began since then is still to be read.
    need: Option<DateTime<Utc>>,
    due: Option<Duration>,
    /// Gaps that were thought of.
    gaps: usize,
    gap: Option<Gap>,
    /// What is unknown after a gap was looked for once more.
    looked_again: bool,
    failures: usize,
    questions: u64,
    reading: Option<Reading>,
    last: Option<(Reading, Came)>,
}

impl Archive {
    /// One that is read so far back, or is not: why.
    pub fn new(back: Result<Duration, String>) -> Archive {
        let (back, none) = match back {
            Ok(back) => (back, None),
            Err(why) => (Duration::ZERO, Some(why)),
        };
        Archive { none, back, ..Archive::default() }
    }

    /// Why it is not read at all.
    pub fn none(&self) -> Option<&str> {
        self.none.as_deref()
    }

    /// It is being read.
    pub fn reading(&self) -> Option<&Reading> {
        self.reading.as_ref()
    }

    /// What came of it the last time.
    pub fn last(&self) -> Option<(&Reading, &Came)> {
        self.last.as_ref().map(|(reading, came)| (reading, came))
    }

    /// Whether what comes for this question is wanted still.
    pub fn wants(&self, id: u64) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.id == id)
    }

    /// When [`Archive::look`] has something to do.
    pub fn wake_at(&self) -> Option<Duration> {
        self.due.filter(|_| self.reading.is_none())
    }

    /// What is to be asked now, if anything is.
    pub fn look(&mut self, session: &Session, now: Now) -> Option<Question> {
        if self.none.is_some() {
            return None;
        }
        if !self.begun {
            self.begun = true;
            self.want(now.utc.checked_sub_signed(delta(self.back)).unwrap_or(now.utc));
            self.due = Some(now.mono + SETTLING);
        }
        let gaps = &session.gaps;
        if gaps.count() > self.gaps && gaps.open().is_none() {
            let new = gaps.count() - self.gaps;
            self.gaps = gaps.count();
            let from = gaps.iter().rev().take(new).map(|gap| gap.from.utc).min().unwrap_or(now.utc);
            self.want(from - MARGIN);
            self.gap = gaps.iter().next_back().copied();
            self.looked_again = false;
            self.failures = 0;
            let written = gaps.iter().next_back().and_then(|gap| gap.until).unwrap_or(now).mono + WRITTEN;
            self.due = Some(self.due.map_or(written, |due| due.max(written).min(now.mono + WRITTEN)));
        }
        let need =
            self.need.filter(|_| self.reading.is_none() && self.due.is_some_and(|due| due <= now.mono))?;
        self.due = None;
        self.questions += 1;
        let doubtful = session.store.doubtful(MOST_IDS);
        let began = |task: &&Task| {
            let told = task.time.as_ref().and_then(|time| time.at);
            told.unwrap_or(task.first_seen.utc) - MARGIN
        };
        let oldest = doubtful.iter().map(began).min().unwrap_or(now.utc);
        let whole = (now.utc - need).to_std().unwrap_or_default();
        let question = Question {
            id: self.questions,
            back: whole,
            ids: doubtful.iter().filter_map(|task| task.task_id.clone()).collect(),
            far: (now.utc - oldest).min(FAR).to_std().unwrap_or_default(),
        };
        let gap = self.gap.take();
        // Where it is looked through once more, what came the first time counts.
        let (tasks, settled) = match &self.last {
            Some((last, Came::Read(_))) if gap.is_some() && last.gap == gap => (last.tasks, last.settled),
            _ => (0, 0),
        };
        self.reading = Some(Reading { id: question.id, whole, back: None, tasks, settled, gap });
        Some(question)
    }

    fn want(&mut self, from: DateTime<Utc>) {
        self.need = Some(self.need.map_or(from, |need| need.min(from)));
    }

    /// Takes what came for a question. True: it is shown.
    pub fn hear(&mut self, id: u64, heard: Heard, session: &Session, now: Now) -> bool {
        if !self.wants(id) {
            return false;
        }
        let Some(reading) = &mut self.reading else { return false };
        match heard {
            Heard::Back(at, ago) => reading.back = Some((at, ago)),
            Heard::Took { tasks, settled } => {
                reading.tasks += tasks;
                reading.settled += settled;
            }
            Heard::Ended(odd) => {
                self.failures = 0;
                let gap = reading.gap;
                self.end(Came::Read(odd));
                // What came in a later gap is still to be read; else nothing is.
                if self.gap.is_none() {
                    self.need = None;
                }
                let is_open = !session.store.doubtful(1).is_empty();
                if gap.is_some() && is_open && !std::mem::replace(&mut self.looked_again, true) {
                    self.want(gap.map_or(now.utc, |gap| gap.from.utc) - MARGIN);
                    self.due = Some(self.due.unwrap_or(now.mono + ONCE_MORE));
                    self.gap = self.gap.or(gap);
                }
            }
            Heard::Failed(why, passes) => {
                let pause = PAUSES[self.failures.min(PAUSES.len() - 1)];
                self.failures += 1;
                let again = passes.then(|| Now { mono: now.mono + pause, utc: now.utc + pause });
                self.gap = self.gap.or(reading.gap);
                self.end(Came::Failed(why, again));
                self.due = self.due.or(again.map(|at| at.mono));
            }
        }
        true
    }

    fn end(&mut self, came: Came) {
        self.last = self.reading.take().map(|reading| (reading, came));
    }

    /// The person's key: it is stopped, or read anew from the beginning. True: it was stopped.
    pub fn turn(&mut self, now: Now) -> bool {
        if self.reading.is_some() {
            self.end(Came::Stopped);
            (self.need, self.due) = (None, None);
            return true;
        }
        self.want(now.utc.checked_sub_signed(delta(self.back)).unwrap_or(now.utc));
        self.due = Some(now.mono);
        self.failures = 0;
        false
    }

    /// How it stands, in a few words, or in very few; `None`: there is nothing to say.
    pub fn words(&self, few: bool) -> Option<String> {
        if let Some(Reading { back, .. }) = &self.reading {
            let back = back.map(|(at, _)| at.with_timezone(&Local).format("%a %H:%M").to_string());
            return Some(match (back, few) {
                (Some(back), true) => format!("read to {back}"),
                (None, true) => "reading".to_owned(),
                (Some(back), false) => format!("Juice's database: read back to {back}"),
                (None, false) => "Juice's database is being read".to_owned(),
            });
        }
        match self.last()? {
            (_, Came::Read(Some(odd))) if !few => Some(format!("of Juice's database {odd}")),
            (_, Came::Stopped) if !few => Some("Juice's database: stopped".to_owned()),
            _ => None,
        }
    }

    /// Why it could not be read the last time, with what to do, as a sentence.
    pub fn trouble(&self) -> Option<String> {
        match self.last()? {
            (_, Came::Failed(why, _)) if self.reading.is_none() => {
                let mut letters = why.chars();
                let first = letters.next().map(|first| first.to_uppercase().to_string());
                Some(format!("{}{}.", first.unwrap_or_default(), letters.as_str()))
            }
            _ => None,
        }
    }

    /// What it tells of a gap, as a sentence.
    pub fn of_gap(&self, gap: &Gap) -> Option<String> {
        let is_it = |of: &Reading| of.gap.is_some_and(|of| of.until == gap.until);
        let last = self.last().filter(|(reading, _)| is_it(reading));
        let is_told = matches!(last, Some((_, Came::Read(_))));
        if self.reading.as_ref().is_some_and(is_it) && !is_told {
            return Some("Juice's database is being read.".to_owned());
        }
        let (reading, came) = last?;
        Some(match came {
            Came::Read(_) => match (reading.tasks, reading.settled) {
                (0, _) => "Juice's database has no task of that time.".to_owned(),
                (_, 0) => "What ran then stands in the history, from Juice's database.".to_owned(),
                (_, 1) => {
                    "What ran then stands in the history, from Juice's database; 1 unknown task is settled."
                        .to_owned()
                }
                (_, n) => format!(
                    "What ran then stands in the history, from Juice's database; {n} unknown tasks are settled."
                ),
            },
            Came::Stopped => return None,
            Came::Failed(why, _) => format!("What ran then is not known: {why}."),
        })
    }

    /// What there is to say where nothing else stands, as a sentence.
    pub fn sentence(&self, now: Now) -> Option<String> {
        if let Some(why) = &self.none {
            return Some(format!("Juice's own database of tasks is not read: {why}."));
        }
        if let Some(reading) = &self.reading {
            let done = reading.back.map_or(Duration::ZERO, |(_, ago)| ago).min(reading.whole);
            return Some(format!(
                "Juice's own database is being read: the last {} of {} so far.",
                stretch(done),
                stretch(reading.whole)
            ));
        }
        let (_, Came::Failed(_, again)) = self.last()? else { return None };
        let again = again.filter(|at| at.mono > now.mono)?;
        Some(format!("Juice's own database is read again in {}.", stretch(again.mono - now.mono)))
    }
}

fn delta(length: Duration) -> TimeDelta {
    TimeDelta::from_std(length).unwrap_or(FAR)
}
