//! `watch`: first the present state, then one line a change, until interrupted.
//!
//! A line is printed when a field of it has a new value, never for a repeated event. What JSON lines hold is promised in
//! `docs/watch.md`. It refuses to end because the lab cannot be reached: it says so and goes on trying.

use std::{
    collections::{HashMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    time::Duration,
};

use chrono::Local;
use serde::Serialize;

use super::{
    End, FAILED, OK,
    args::{Place, RecordArgs, WatchArgs},
    lab::Lab,
    links::{self, Change, Links},
    list::saved,
    out::{self, Out},
    record,
    talk::{Step, Stop, Talk},
};
use crate::{
    app::{banner::time, beside::sentence, session::Session},
    history::{self, Journal},
    net,
    store::{
        Slot, State, Store, Task, TaskKey,
        beside::{Level, What},
        filter::Filter,
        usual::Run,
    },
    time::Now,
    view::words,
    wire::{Text, event::KernelState, link::Line},
};

/// How long the present state may take to be known before changes are printed all the same.
const PRESENT: Duration = Duration::from_secs(3);

/// That more was let go is told no more often than this.
const LET_GO: Duration = Duration::from_secs(60);

/// Carries out `watch`.
///
/// # Errors
/// A filter or an address that cannot be used.
pub fn run(place: &Place, args: &WatchArgs, record: &RecordArgs, out: &Out) -> Result<u8, End> {
    let lab = Lab::find(place).map_err(|problem| End::misuse(links::sentence(&problem)))?;
    let filter = Filter::parse(&args.filter, &saved(&lab.folders), crate::time::Clock::start().now())
        .map_err(|e| End::misuse(format!("--filter, at character {}: {e}", e.offset + 1)))?;
    lab.problems().iter().for_each(|problem| out::say(problem));
    let options = net::Options { raw: record.record.is_some(), ..lab.options(&lab.memory()) };
    let mut talk = Talk::start(&lab, options, true)?;
    talk.record(record, &lab).map_err(End::misuse)?;
    let hidden = args.hidden || lab.config().hidden;
    let mut watch =
        Watch { out, json: args.json, hidden, filter, links: Links::default(), told: Told::default() };
    if args.json {
        talk.session.store.learn(&usual_runs(&lab));
    }
    let end = talk.now().mono + PRESENT;
    let mut ready = false;
    let mut bad_told = false;
    loop {
        let mut all = false;
        match talk.step((!ready).then_some(end)) {
            Step::Stop(Stop::Lost) => return Err(End::new(FAILED, "the connections ended unexpectedly")),
            Step::Stop(Stop::Signal | Stop::Closed) => return Ok(OK),
            Step::Link(line) => {
                all = true;
                watch.link(&talk, &line)?;
            }
            Step::Bad(why) if !bad_told => {
                bad_told = true;
                let file =
                    talk.log_file().map(|file| format!("; all of them are in {file}")).unwrap_or_default();
                out::say(&format!("a message could not be read ({why}){file}"));
            }
            Step::Time => all = true,
            Step::Bad(_) | Step::Heard => {}
        }
        let now = talk.now();
        watch.gaps(&talk, now)?;
        if ready {
            watch.changes(&mut talk.session.store, all, now)?;
            watch.let_go(&talk.session, now)?;
        } else if now.mono >= end || is_known(&talk) {
            ready = true;
            watch.present(&mut talk.session.store, now)?;
        }
    }
}

/// What the screen has kept of earlier runs. Where nothing can be read, nothing is usual: `list` tells why.
fn usual_runs(lab: &Lab) -> Vec<Run> {
    let journal = lab.history().and_then(|(path, _)| Journal::read(&path).ok());
    journal.and_then(|journal| history::usual_runs(&journal).ok()).unwrap_or_default()
}

/// Whether all that can be asked about the present was answered.
fn is_known(talk: &Talk) -> bool {
    let session = &talk.session;
    let asked = session.has_scheduler.is_some() || session.store.schedule_unreadable().is_some();
    let live = !session.links.is_empty() && session.links.iter().all(|(_, link)| link.is_live());
    live && (asked || session.link(&Line::Router).is_none())
}

/// What was printed last: tasks as hashes, services by their words.
#[derive(Default)]
struct Told {
    tasks: HashMap<TaskKey, u64>,
    services: HashMap<Text, (Option<&'static str>, &'static str)>,
    /// The number of the last thing told of the lab beside its tasks.
    beside: u64,
    /// How many times in which nothing was seen.
    gaps: usize,
    /// Keys that were given up, by the key that took them in.
    merged: HashMap<TaskKey, Vec<TaskKey>>,
    /// What was let go, and when that was told.
    let_go: Option<(LetGo, Duration)>,
}

/// What was let go since the start, to stay within the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct LetGo {
    /// Ended tasks.
    tasks: usize,
    /// Payloads or replies of tasks that are still known.
    texts: usize,
    /// Events that came faster than they could be taken in.
    events: u64,
}

struct Watch<'a> {
    out: &'a Out,
    json: bool,
    hidden: bool,
    filter: Filter,
    links: Links,
    told: Told,
}

#[derive(Serialize)]
struct LinkLine<'a> {
    event: &'static str,
    link: &'a str,
    state: &'static str,
    problem: Option<ProblemField<'a>>,
    seen_at: String,
}

#[derive(Serialize)]
struct GapLine {
    event: &'static str,
    from: String,
    until: String,
    seen_at: String,
}

#[derive(Serialize)]
struct ProblemField<'a> {
    kind: &'static str,
    what: &'a str,
    remedy: &'a str,
}

#[derive(Serialize)]
struct ServiceLine<'a> {
    event: &'static str,
    service: &'a str,
    kernel: Option<&'static str>,
    slot: &'static str,
    seen_at: String,
}

#[derive(Serialize)]
struct ThrottleLine<'a> {
    event: &'static str,
    id: &'a str,
    level: &'static str,
    was: Option<&'static str>,
    value: Option<&'a str>,
    seen_at: String,
}

#[derive(Serialize)]
struct AlertLine<'a> {
    event: &'static str,
    topic: &'a str,
    seen_at: String,
}

#[derive(Serialize)]
struct NoticeLine<'a> {
    event: &'static str,
    level: i64,
    text: &'a str,
    seen_at: String,
}

#[derive(Serialize)]
struct ReadyLine {
    event: &'static str,
    tasks: usize,
    schedule: &'static str,
    seen_at: String,
}

impl LetGo {
    /// Whether it is to be told at that moment, after what was told before and when.
    fn is_news(self, before: Option<(LetGo, Duration)>, at: Duration) -> bool {
        match before {
            None => self != LetGo { tasks: 0, texts: 0, events: 0 },
            Some((told, told_at)) => self != told && at >= told_at + LET_GO,
        }
    }
}

#[derive(Serialize)]
struct LetGoLine {
    event: &'static str,
    #[serde(flatten)]
    let_go: LetGo,
    seen_at: String,
}

impl Watch<'_> {
    /// What was let go, if it is more than was told, now and then.
    fn let_go(&mut self, session: &Session, now: Now) -> Result<(), End> {
        let counts = session.store.counts(true);
        let let_go = LetGo { tasks: counts.let_go, texts: counts.texts_let_go, events: session.missed };
        if !let_go.is_news(self.told.let_go, now.mono) {
            return Ok(());
        }
        self.told.let_go = Some((let_go, now.mono));
        let LetGo { tasks, texts, events } = let_go;
        if !self.json {
            let text = format!("{tasks} ended tasks, {texts} texts and {events} events, since the start");
            return self.text(now, "let go", &text);
        }
        let line = LetGoLine { event: "let-go", let_go, seen_at: record::moment(now.utc) };
        self.line(&format!("{}}}", record::open(&line)))
    }

    /// A connection changed: one line, and a sentence on standard error where it is down.
    fn link(&mut self, talk: &Talk, line: &Line) -> Result<(), End> {
        let Some(change) = self.links.change(&talk.session, line) else { return Ok(()) };
        let now = talk.now();
        if change.problem.is_some() {
            out::say(&format!("trying on: {}", change.sentence()));
        }
        if !self.json {
            return self.text(now, "link", &change.sentence());
        }
        self.line(&record_of(&change, now))
    }

    /// Times in which nothing was seen, once each is over.
    fn gaps(&mut self, talk: &Talk, now: Now) -> Result<(), End> {
        let gaps = &talk.session.gaps;
        let over = gaps.count() - usize::from(gaps.open().is_some());
        let new = over - std::mem::replace(&mut self.told.gaps, over);
        let ended: Vec<_> = gaps.iter().filter_map(|gap| Some((gap.from, gap.until?))).collect();
        for (from, until) in &ended[ended.len().saturating_sub(new)..] {
            if self.json {
                let (from, until) = (record::moment(from.utc), record::moment(until.utc));
                let seen_at = record::moment(now.utc);
                self.line(&format!("{}}}", record::open(&GapLine { event: "gap", from, until, seen_at })))?;
            } else {
                let (from, until) = (time(from.utc, until.utc), time(until.utc, until.utc));
                self.text(now, "gap", &format!("nothing was seen from {from} to {until}"))?;
            }
        }
        Ok(())
    }

    /// The present state: every task that has not ended, then the mark that from here on changes are told.
    fn present(&mut self, store: &mut Store, now: Now) -> Result<(), End> {
        store.drain_changed();
        store.drain_merged();
        let keys: Vec<TaskKey> = store.tasks().map(|task| task.key.clone()).collect();
        let mut tasks = 0;
        for key in keys.iter().rev() {
            let Some(task) = store.task(key) else { continue };
            if task.state == State::Ended {
                // It is the past; only if more becomes known of it, it gets a line.
                self.told.tasks.insert(key.clone(), hash(&self.body(task, now)));
                continue;
            }
            tasks += usize::from(self.task(store, task, now)?);
        }
        self.services(store, None, now)?;
        self.beside(store, now)?;
        if self.json {
            let schedule = if store.schedule_unreadable().is_some() { "unreadable" } else { "read" };
            let line = ReadyLine { event: "ready", tasks, schedule, seen_at: record::moment(now.utc) };
            self.line(&format!("{}}}", record::open(&line)))?;
        }
        Ok(())
    }

    /// All that changed since the last call. `all`: slots may have changed without a task's doing so.
    fn changes(&mut self, store: &mut Store, all: bool, now: Now) -> Result<(), End> {
        for (old, new) in store.drain_merged() {
            let mut from = self.told.merged.remove(&old).unwrap_or_default();
            if self.told.tasks.remove(&old).is_some() {
                from.push(old);
            }
            if !from.is_empty() {
                self.told.merged.entry(new).or_default().extend(from);
            }
        }
        let mut services: HashSet<Text> = HashSet::new();
        for key in store.drain_changed() {
            let Some(task) = store.task(&key) else { continue };
            services.insert(task.service.clone());
            self.task(store, task, now)?;
        }
        self.services(store, (!all).then_some(&services), now)?;
        self.beside(store, now)?;
        // Tasks that the store let go are let go here too.
        if self.told.tasks.len() > 2 * store.limits().ended_tasks + 1000 {
            self.told.tasks.retain(|key, _| store.task(key).is_some());
        }
        Ok(())
    }

    /// One task, if it is wanted and new; tells whether a line was printed.
    fn task(&mut self, store: &Store, task: &Task, now: Now) -> Result<bool, End> {
        if (task.kept_back() && !self.hidden) || !self.filter.admits(task) {
            return Ok(false);
        }
        let body = self.body(task, now);
        let merged = self.told.merged.remove(&task.key).unwrap_or_default();
        let new = hash(&body);
        if self.told.tasks.insert(task.key.clone(), new) == Some(new) && merged.is_empty() {
            return Ok(false);
        }
        if self.json {
            let merged: Vec<&str> = merged.iter().map(|key| &*key.0).collect();
            let merged = serde_json::to_string(&merged).unwrap_or_default();
            let seen = record::moment(now.utc);
            let usual = record::usual(store, task);
            self.line(&format!(
                "{body},\"usual\":{usual},\"merged_from\":{merged},\"seen_at\":\"{seen}\"}}"
            ))?;
        } else {
            self.out.line(&format!("{}  {body}", clock(now)))?;
        }
        Ok(true)
    }

    /// What is told of a task, without the moment.
    fn body(&self, task: &Task, now: Now) -> String {
        if self.json {
            return record::task(task, now);
        }
        let lane = task.lane.word();
        let service = self.out.name(&task.service);
        let name = self.out.task_name(&task.name, &task.task_type);
        let mut body = format!("{:<10} {service:<12} {lane:<10} {name}", word(task));
        if let (State::Ended | State::Unknown, Some((duration, exact))) = (task.state, task.duration(now)) {
            let least = if exact { "" } else { "at least " };
            body.push_str(&format!("  ({least}{})", words::lasted(duration)));
        }
        if let Some(at) =
            task.run_at.as_ref().and_then(|run_at| run_at.at).filter(|_| task.state == State::Scheduled)
        {
            body.push_str(&format!(
                "  (not before {})",
                at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z")
            ));
        }
        if let Some(reason) = &task.reason {
            body.push_str(&format!("  [{}]", reason.word()));
        }
        if let Some(error) = task.failure() {
            let name = error.ename.as_deref().unwrap_or("error");
            let message = error.evalue.as_deref().unwrap_or_default();
            body.push_str(&format!("  {}", self.out.text(&format!("{name}: {message}"))));
        }
        body
    }

    /// Services whose kernel or slot changed. `among`: those whose tasks changed; `None`: all are looked at.
    fn services(&mut self, store: &Store, among: Option<&HashSet<Text>>, now: Now) -> Result<(), End> {
        for service in store.services() {
            let kernel = service.kernel.as_ref().map(|(kernel, _)| kernel_word(kernel));
            let told = self.told.services.get(&service.name);
            let same_kernel = told.is_some_and(|(told, _)| *told == kernel);
            if same_kernel && among.is_some_and(|among| !among.contains(&service.name)) {
                continue;
            }
            let slot = slot_word(store.lanes(&service.name, true, now).slot);
            if told.is_some_and(|(_, told)| same_kernel && *told == slot) {
                continue;
            }
            let before = told.and_then(|(kernel, _)| *kernel);
            self.told.services.insert(service.name.clone(), (kernel, slot));
            if self.json {
                let seen_at = record::moment(now.utc);
                let line = ServiceLine { event: "service", service: &service.name, kernel, slot, seen_at };
                self.line(&format!("{}}}", record::open(&line)))?;
            } else if let Some(kernel) = kernel
                && !same_kernel
                && (is_trouble(kernel) || before.is_some_and(is_trouble))
            {
                // Busy and idle come and go with every task, which has a line of its own.
                self.text(now, "service", &format!("{}: kernel {kernel}", self.out.name(&service.name)))?;
            }
        }
        Ok(())
    }

    /// Changes of the throttling, alerts and notices.
    fn beside(&mut self, store: &Store, now: Now) -> Result<(), End> {
        let before = self.told.beside;
        let new = store.beside().told().take_while(|told| told.number > before).collect::<Vec<_>>();
        self.told.beside = new.first().map_or(before, |told| told.number);
        for told in new.into_iter().rev() {
            if !self.json {
                let (word, text) = (word_of(&told.what), sentence(&told.what));
                let text = text.strip_prefix(&format!("{word}: ")).unwrap_or(&text);
                self.text(now, word, text)?;
                continue;
            }
            let (event, seen_at) = (word_of(&told.what), record::moment(told.at.utc));
            let line = match &told.what {
                What::Level { id, was, is, value } => {
                    let was = was.map(Level::word);
                    let value = value.as_deref();
                    record::open(&ThrottleLine { event, id, level: is.word(), was, value, seen_at })
                }
                What::Alert { topic } => record::open(&AlertLine { event, topic, seen_at }),
                What::Notice { level, text } => {
                    record::open(&NoticeLine { event, level: *level, text, seen_at })
                }
            };
            self.line(&format!("{line}}}"))?;
        }
        Ok(())
    }

    fn line(&self, json: &str) -> Result<(), End> {
        Ok(self.out.line(&self.out.json(json))?)
    }

    fn text(&self, now: Now, word: &str, text: &str) -> Result<(), End> {
        Ok(self.out.line(&format!("{}  {word:<10} {}", clock(now), self.out.text(text)))?)
    }
}

/// A connection's line.
fn record_of(change: &Change, now: Now) -> String {
    let problem = change.problem.as_ref().map(|problem| ProblemField {
        kind: problem.kind.word(),
        what: &problem.what,
        remedy: &problem.remedy,
    });
    let line = LinkLine {
        event: "link",
        link: &change.link,
        state: if problem.is_some() { "down" } else { "live" },
        problem,
        seen_at: record::moment(now.utc),
    };
    format!("{}}}", record::open(&line))
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn clock(now: Now) -> impl std::fmt::Display {
    now.utc.with_timezone(&Local).format("%H:%M:%S")
}

/// The word that says most: how it ended, else where it is in its life.
fn word(task: &Task) -> &'static str {
    match (task.state, task.outcome) {
        (State::Running { starting: true }, _) => "starting",
        (State::Ended, Some(outcome)) => outcome.word(),
        (state, _) => state.word(),
    }
}

fn word_of(what: &What) -> &'static str {
    match what {
        What::Level { .. } => "throttle",
        What::Alert { .. } => "alert",
        What::Notice { .. } => "notice",
    }
}

fn slot_word(slot: Slot) -> &'static str {
    match slot {
        Slot::NotKnown { .. } => "not-known",
        Slot::Taken => "taken",
        Slot::TakenUnseen { .. } => "taken-unseen",
        Slot::Free { .. } => "free",
        Slot::NotKept => "not-kept",
    }
}

fn kernel_word(kernel: &KernelState) -> &'static str {
    match kernel {
        KernelState::Idle => "idle",
        KernelState::Busy => "busy",
        KernelState::Restarting => "restarting",
        KernelState::Connecting => "connecting",
        KernelState::Unknown(_) => "unknown",
    }
}

fn is_trouble(kernel: &str) -> bool {
    !matches!(kernel, "idle" | "busy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_let_go_is_told_at_once_and_then_once_a_minute() {
        let let_go = |tasks| LetGo { tasks, texts: 0, events: 0 };
        let second = Duration::from_secs;
        assert!(!let_go(0).is_news(None, second(100)));
        assert!(let_go(1).is_news(None, second(1)));
        assert!(LetGo { texts: 1, ..let_go(0) }.is_news(None, second(1)));
        assert!(LetGo { events: 1, ..let_go(0) }.is_news(None, second(1)));
        let told = Some((let_go(1), second(1)));
        assert!(!let_go(1).is_news(told, second(100)), "it is no more than was told");
        assert!(!let_go(500).is_news(told, second(60)));
        assert!(let_go(500).is_news(told, second(61)));
    }
}
