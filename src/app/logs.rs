//! The services' log: records that pass a filter, the oldest above, the newest below; followed while one stands there.
//!
//! Pure: Juice's database is asked beside the loop. It serves the whole lab, so it is asked for little and seldom: a page at a time,
//! not at each key of a filter, and for what is new only while somebody sees the newest record. It refuses to show what is
//! not known to be whole as whole: that there are older ones, and that asking failed, stands beside what there is.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::{DateTime, Local, TimeDelta, Timelike, Utc};

use super::{
    lanes::first_visible,
    unseen::{self, By},
};
use crate::{
    store::{State, Task, filter::log},
    time::Now,
    wire::{
        Text,
        frame::TASK_MANAGER,
        logs::{Failed, Found, Key, PAGE, Part, Question, Record, Wanted},
    },
};

/// How often what is new is asked for while it is followed; after failures that may pass by themselves twice, four times … as seldom.
pub const EVERY: Duration = Duration::from_secs(5);
/// So far back it is asked again for what is new: a record may come late.
pub const OVERLAP: TimeDelta = TimeDelta::seconds(10);
/// What is typed is asked for once nothing has followed it for so long.
const TYPED: Duration = Duration::from_millis(500);
/// Questions that are under way at most, those that were given up among them.
const MOST_ASKED: usize = 2;
/// Records at hand at most.
const MOST: usize = 5_000;
/// Around a task, so much before its beginning and after its end.
const AROUND: TimeDelta = TimeDelta::seconds(60);
/// The same after what was last known of a task of which nobody knows when it ended.
const AFTER: TimeDelta = TimeDelta::minutes(10);

/// What was asked by this program in all, of that lab.
#[derive(Debug, Default)]
pub struct Asking {
    last: u64,
    under_way: HashSet<u64>,
    /// Somebody waits for an answer, as far as those who ask know.
    heard: bool,
}

impl Asking {
    /// An answer came for that question, whoever waits for it.
    pub fn answered(&mut self, id: u64) {
        self.under_way.remove(&id);
    }

    /// One that nobody waits for any more may be given up. Tells it once.
    pub fn give_up(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }
}

/// The log on the screen.
#[derive(Debug)]
pub struct Logs {
    /// The records, the oldest first.
    pub lines: Vec<Arc<Record>>,
    bytes: usize,
    selected: Option<Key>,
    /// Its place, as of the last look.
    place: usize,
    /// The screen line on which it stands.
    line: usize,
    /// The filter as typed.
    pub filter_text: String,
    /// The filter with which it was opened.
    pub begun_with: String,
    /// The filter in force.
    wanted: Wanted,
    /// Why the typed filter cannot be read.
    pub filter_error: Option<String>,
    /// What is new is wanted.
    pub follows: bool,
    /// There are older ones than those at hand.
    pub more: bool,
    /// There is no room for them.
    pub full: bool,
    /// Rows that could not be read.
    pub odd: usize,
    /// Why asking failed last.
    pub failure: Option<Failed>,
    failures: u32,
    /// What came and is not shown yet.
    next: Vec<(Part, Found)>,
    /// Why the cursor stands elsewhere than the person has seen.
    pub unseen: Option<String>,
    /// The question that is waited for.
    asked: Option<(u64, Part)>,
    /// The filter is another one: all is to be asked anew, then.
    due: Option<Duration>,
    /// Older ones are wanted.
    back: bool,
    /// When the last answer came, or it was known that none comes.
    heard: Option<Duration>,
    /// What time it was at the database when it was last asked for the newest.
    up_to: Option<DateTime<Utc>>,
    ahead: TimeDelta,
}

impl Logs {
    /// With that filter, which can be read.
    pub fn new(filter: &str, now: Now) -> Logs {
        let mut logs = Logs {
            lines: Vec::new(),
            bytes: 0,
            selected: None,
            place: 0,
            line: 0,
            filter_text: String::new(),
            begun_with: filter.to_owned(),
            wanted: Wanted::default(),
            filter_error: None,
            follows: true,
            more: false,
            full: false,
            odd: 0,
            failure: None,
            failures: 0,
            next: Vec::new(),
            unseen: None,
            asked: None,
            due: None,
            back: false,
            heard: None,
            up_to: None,
            ahead: TimeDelta::zero(),
        };
        logs.set_filter(filter, now);
        logs.ask_now(now);
        logs
    }

    /// Filters by a text; one that cannot be read leaves what there is.
    pub fn set_filter(&mut self, text: &str, now: Now) {
        text.clone_into(&mut self.filter_text);
        match log::parse(text, now) {
            Ok(wanted) => {
                self.filter_error = None;
                if wanted != self.wanted {
                    self.wanted = wanted;
                    self.due = Some(now.mono + TYPED);
                }
            }
            Err(e) => self.filter_error = Some(e.to_string()),
        }
    }

    /// Asks anew at once, for what is wanted now.
    pub fn ask_now(&mut self, now: Now) {
        self.due = Some(now.mono);
        self.failures = 0;
    }

    /// What was typed is to be asked for at once, if it was not yet.
    pub fn hurry(&mut self, now: Now) {
        self.due = self.due.map(|_| now.mono);
    }

    /// Follows what is new, or does so no more.
    pub fn turn(&mut self, now: Now) {
        self.follows = !self.follows;
        if self.follows && self.failure.is_some() {
            self.ask_now(now);
        }
    }

    /// What ends at a moment has nothing new.
    pub fn has_end(&self) -> bool {
        self.wanted.until.is_some()
    }

    /// Whether it is said from when on it is looked through; else it is a day.
    pub fn has_begin(&self) -> bool {
        self.wanted.since.is_some()
    }

    /// The question to be asked now, if there is one; `seen`: somebody looks at it.
    pub fn question(&mut self, asking: &mut Asking, seen: bool, now: Now) -> Option<Question> {
        if asking.under_way.len() >= MOST_ASKED {
            return None;
        }
        let part = if self.due.is_some_and(|due| due <= now.mono) {
            self.due = None;
            Part::Newest
        } else if self.asked.is_some() || self.due.is_some() || !self.next.is_empty() {
            return None;
        } else if std::mem::take(&mut self.back)
            && let Some(oldest) = self.lines.first()
        {
            Part::UpTo(oldest.at)
        } else if self.follow_at().is_some_and(|at| seen && at <= now.mono) {
            match self.up_to {
                Some(at) => Part::Since(at.checked_sub_signed(OVERLAP).unwrap_or(at)),
                None => Part::Newest,
            }
        } else {
            return None;
        };
        asking.last += 1;
        asking.under_way.insert(asking.last);
        asking.heard = true;
        self.asked = Some((asking.last, part));
        Some(Question { id: asking.last, wanted: self.wanted.clone(), part, ahead: self.ahead })
    }

    /// When what is new is asked for next; `None`: not by itself.
    fn follow_at(&self) -> Option<Duration> {
        let fails_for_good = self.failure.as_ref().is_some_and(|failure| !failure.passes);
        if !self.is_followed() || fails_for_good {
            return None;
        }
        Some(self.heard? + EVERY * (1 << self.failures.min(4)))
    }

    /// What is new is asked for: it is wanted, there can be something, and the newest is what one sees.
    pub fn is_followed(&self) -> bool {
        self.follows && !self.has_end() && self.newer() == 0
    }

    /// The next moment at which there is something to ask.
    pub fn wake_at(&self, asking: &Asking, seen: bool) -> Option<Duration> {
        if asking.under_way.len() >= MOST_ASKED {
            return None;
        }
        let follow = self.follow_at().filter(|_| seen && self.asked.is_none() && self.next.is_empty());
        [self.due, follow].into_iter().flatten().min()
    }

    /// Takes an answer, unless another question was asked meanwhile. True: something is to be shown.
    pub fn take(&mut self, id: u64, answer: Result<Found, Failed>, now: Now) -> bool {
        let Some((_, part)) = self.asked.take_if(|(asked, _)| *asked == id) else { return false };
        self.heard = Some(now.mono);
        match answer {
            Err(failed) => {
                self.failures += 1;
                self.back = false;
                self.failure = Some(failed);
                true
            }
            Ok(mut found) => {
                self.failures = 0;
                let recovers = self.failure.take().is_some();
                self.ahead = found.ahead;
                if !matches!(part, Part::UpTo(_)) {
                    self.up_to = Some(found.at);
                }
                if matches!(part, Part::Since(_)) && !found.more {
                    found.records.retain(|record| self.find(&record.key()).is_err());
                    if found.records.is_empty() {
                        return recovers;
                    }
                }
                self.next.push((part, found));
                true
            }
        }
    }

    /// Shows what came.
    pub fn refresh(&mut self, by: By) {
        for (part, found) in std::mem::take(&mut self.next) {
            let was_at_end = self.newer() == 0;
            let before = self.selected.clone();
            let room = found.room;
            // The newest are asked for again and again, and those that cannot be read with them.
            self.odd = if part == Part::Newest { found.odd } else { self.odd.max(found.odd) };
            let records = found.records.into_iter().map(Arc::new);
            match part {
                Part::Newest => (self.lines, self.more) = (records.collect(), found.more),
                Part::UpTo(_) => {
                    self.lines.extend(records);
                    self.more = found.more;
                }
                // So many have come that there are others between.
                Part::Since(_) if found.more => (self.lines, self.more) = (records.collect(), true),
                Part::Since(_) => self.lines.extend(records),
            }
            self.lines.sort_by_key(|record| record.key());
            self.lines.dedup_by_key(|record| record.key());
            self.bytes = self.lines.iter().map(|record| record.bytes()).sum();
            let mut gone = 0;
            while self.lines.len() - gone > MOST || (self.bytes > room && gone + 1 < self.lines.len()) {
                self.bytes -= self.lines[gone].bytes();
                gone += 1;
            }
            self.lines.drain(..gone);
            self.more |= gone > 0;
            // A page takes half of the room.
            self.full = self.bytes > room / 2 || self.lines.len() > MOST - PAGE;
            let last = self.lines.len().saturating_sub(1);
            self.place = match before.as_ref().map(|key| self.find(key)) {
                Some(Ok(place)) if !(was_at_end && matches!(part, Part::Since(_) | Part::Newest)) => place,
                Some(Err(place)) if !was_at_end => place.min(last),
                _ => last,
            };
            self.selected = self.lines.get(self.place).map(|record| record.key());
            if self.selected != before {
                by.mark(&mut self.unseen, || match before {
                    Some(_) => "nothing done: another record stands here now".to_owned(),
                    None => unseen::NOTHING.to_owned(),
                });
            }
        }
    }

    fn find(&self, key: &Key) -> Result<usize, usize> {
        self.lines.binary_search_by_key(key, |record| record.key())
    }

    /// An answer is waited for: to which question.
    pub fn waits(&self) -> Option<Part> {
        self.asked.map(|(_, part)| part).or(self.due.map(|_| Part::Newest))
    }

    /// Nothing was ever answered.
    pub fn is_new(&self) -> bool {
        self.up_to.is_none()
    }

    /// So many records stand below the selected one.
    pub fn newer(&self) -> usize {
        self.lines.len().saturating_sub(self.place + 1)
    }

    /// The place of the selected record.
    pub fn selected_row(&self) -> Option<usize> {
        self.selected.as_ref().map(|_| self.place)
    }

    /// The selected record.
    pub fn selected(&self) -> Option<&Arc<Record>> {
        self.lines.get(self.selected_row()?)
    }

    /// The first one on a screen of that height.
    pub fn first_row(&self, height: usize) -> usize {
        first_visible(self.lines.len(), self.place, self.line, height)
    }

    /// Moves the selection by so many lines (a large number: to the end). Near the oldest one at hand more of them are asked for.
    pub fn step(&mut self, by: isize, height: usize) {
        let first = self.first_row(height);
        let Some(last) = self.lines.len().checked_sub(1) else { return };
        let to = self.place.saturating_add_signed(by).min(last);
        self.selected = self.lines.get(to).map(|record| record.key());
        self.place = to;
        self.line = to.saturating_sub(first).min(height.saturating_sub(1));
        let asked = matches!(self.asked, Some((_, Part::UpTo(_))));
        self.back = by < 0 && to < height && self.more && !self.full && !asked;
    }

    /// What is at hand, bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The filter for what was logged around a task: by its service and by the task manager, from before its beginning, as far as that is
/// known, to after its end.
pub fn around(task: &Task, now: Now) -> String {
    let made = task.time.as_ref().and_then(|stamp| stamp.at).map(|at| at.to_utc());
    let begun = made.filter(|_| task.archived).or(task.started.map(|seen| seen.at.utc));
    let begun = begun.unwrap_or(task.first_seen.utc);
    let until = match task.state {
        _ if task.archived => Some(begun + AFTER),
        State::Ended => task.ended.map(|seen| seen.at.utc + AROUND),
        State::Unknown => Some(task.last_heard.utc + AFTER),
        _ => None,
    };
    let mut filter = around_services(&task.service);
    filter.push_str(&format!("since:{}", moment(begun - AROUND, false, now)));
    if let Some(until) = until.filter(|until| *until < now.utc) {
        filter.push_str(&format!(" until:{}", moment(until, true, now)));
    }
    filter
}

/// The filter for a service's log.
pub fn of_service(service: &Text) -> String {
    name(service).map_or(String::new(), |name| format!("service:{name}"))
}

fn around_services(service: &Text) -> String {
    match name(service) {
        Some(name) if **service != *TASK_MANAGER => format!("service:{name},{TASK_MANAGER} "),
        Some(name) => format!("service:{name} "),
        None => String::new(),
    }
}

/// A name as it is written in a filter; `None`: it cannot be.
fn name(service: &str) -> Option<String> {
    match service.contains(|c: char| c.is_whitespace() || c == ',') {
        _ if service.contains('"') || service.is_empty() => None,
        true => Some(format!("\"{service}\"")),
        false => Some(service.to_owned()),
    }
}

/// A moment as it is written in a filter, in whole minutes; `up`: the next one.
fn moment(at: DateTime<Utc>, up: bool, now: Now) -> String {
    let (mut at, here) = (at.with_timezone(&Local), now.utc.with_timezone(&Local));
    if up {
        at += TimeDelta::seconds(59);
    }
    let at = at.with_second(0).unwrap_or(at);
    let is_today = at.date_naive() == here.date_naive() && at <= here;
    at.format(if is_today { "%H:%M" } else { "%Y-%m-%dT%H:%M" }).to_string()
}
