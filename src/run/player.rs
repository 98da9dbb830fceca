//! What plays a recording: its clock, and the thread that makes the state at any moment of it.
//!
//! The thread goes ahead through the whole recording and leaves copies of the state on the way, so that a moment is
//! reached from the copy before it. The newest wish counts; one that is no longer wanted is given up. It refuses to know
//! the screen: that asks for a moment and gets what was known then.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    time::Duration,
};

use tokio::sync::mpsc::UnboundedSender;

use super::{tape::Tape, worker::Worker};
use crate::{
    app::{
        replay::{Replay, Wish},
        session::Session,
    },
    fault,
    recording::Entry,
    store::{Input, Store},
    time::Now,
    wire::Text,
};

/// Entries that are read and taken in before it is looked whether something else is wanted.
const SLICE: usize = 500;
/// The fewest entries between two copies of the state.
const APART: usize = 2_000;
/// Tasks in all copies together, about a kilobyte each; of more every other copy is dropped.
const MOST_TASKS: usize = 250_000;

/// The state at some moment.
#[derive(Debug)]
pub(crate) struct Sought {
    /// Which wish it answers.
    id: u64,
    /// What was known.
    pub session: Box<Session>,
    /// The entries up to this one are in it.
    pub next: usize,
    /// The moment.
    pub at: Duration,
    /// Lines that could not be read on the way here for the first time.
    pub wrong: Vec<String>,
}

/// A moment that is wanted: after so many entries, and so late.
#[derive(Clone, Copy, Debug)]
struct Job {
    id: u64,
    next: usize,
    at: Duration,
}

/// The recording as it is played.
pub(crate) struct Player {
    tape: Arc<Tape>,
    worker: Worker<Job>,
    newest: Arc<AtomicU64>,
    /// A moment is being made; where it will be.
    seeking: Option<Duration>,
    /// The next entry that the screen has not seen.
    next: usize,
    /// Where the recording stood at that moment of the real clock.
    anchor: (Duration, Duration),
    paused: bool,
    speed: f64,
    /// Entries that were read ahead, from `next` on.
    ready: std::collections::VecDeque<Result<Entry, super::tape::Wrong>>,
}

impl Player {
    /// Starts at the beginning, at that moment of the real clock. What was sought comes through `found`.
    ///
    /// # Errors
    /// No thread can be made.
    pub(crate) fn start(
        tape: Tape,
        empty: Session,
        replay: &Replay,
        real: Duration,
        found: UnboundedSender<Sought>,
    ) -> io::Result<Player> {
        let tape = Arc::new(tape);
        let newest: Arc<AtomicU64> = Arc::default();
        let builder = Builder {
            tape: tape.clone(),
            newest: newest.clone(),
            kept: vec![(0, Box::new(empty.clone()))],
            ahead: (0, Box::new(empty)),
            apart: APART,
            wrong: Vec::new(),
            found,
        };
        let worker = Worker::start("replay", move |todo| builder.work(todo))?;
        Ok(Player {
            tape,
            worker,
            newest,
            seeking: None,
            next: 0,
            anchor: (real, Duration::ZERO),
            paused: replay.paused,
            speed: replay.speed,
            ready: std::collections::VecDeque::new(),
        })
    }

    /// The recording's moment. It does not pass what the screen has not seen.
    pub(crate) fn now(&self, real: Duration) -> Now {
        self.tape.now(self.at(real))
    }

    fn at(&self, real: Duration) -> Duration {
        let (then, at) = self.anchor;
        if self.paused || self.seeking.is_some() {
            return at;
        }
        let gone = real.saturating_sub(then).mul_f64(self.speed);
        let limit = self.tape.at(self.next).unwrap_or_else(|| self.tape.length());
        at.saturating_add(gone).min(limit.max(at))
    }

    /// When, on the real clock, that moment of the recording comes; `None`: not while it stands.
    pub(crate) fn real(&self, at: Duration, real: Duration) -> Option<Duration> {
        let now = self.at(real);
        if at <= now {
            return Some(real);
        }
        let stands = self.paused || self.seeking.is_some() || self.is_over();
        (!stands).then(|| real.saturating_add((at - now).div_f64(self.speed.max(1e-6))))
    }

    /// When the next entry comes, on the real clock.
    pub(crate) fn due(&self) -> Option<Duration> {
        if self.paused || self.seeking.is_some() {
            return None;
        }
        let (then, at) = self.anchor;
        let wait = self.tape.at(self.next)?.saturating_sub(at);
        Some(then.saturating_add(wait.div_f64(self.speed.max(1e-6))))
    }

    /// All of it was seen.
    pub(crate) fn is_over(&self) -> bool {
        self.next >= self.tape.len()
    }

    /// The next entry, if its time has come (`step`: in any case), with its moment; or why it cannot be read.
    pub(crate) fn take(&mut self, real: Duration, step: bool) -> Option<Result<(Entry, Now), String>> {
        if !step && self.due().is_none_or(|due| due > real) {
            return None;
        }
        if self.ready.is_empty() {
            self.ready = self.tape.read(self.next, SLICE).into();
        }
        let entry = self.ready.pop_front()?;
        self.next += 1;
        if step {
            let at = self.tape.at(self.next - 1).unwrap_or_default();
            self.anchor = (real, at);
        }
        Some(match entry {
            Ok(entry) => {
                let now = self.tape.now(entry.at);
                Ok((entry, now))
            }
            Err(wrong) => Err(self.tape.told(&wrong)),
        })
    }

    /// Takes over speed and pause.
    pub(crate) fn obey(&mut self, replay: &Replay, real: Duration) {
        if (replay.paused, replay.speed) != (self.paused, self.speed) {
            self.anchor = (real, self.at(real));
            (self.paused, self.speed) = (replay.paused, replay.speed);
        }
    }

    /// Goes to another moment: the state there comes through the channel. `false`: the screen is there already.
    pub(crate) fn go(&mut self, wish: Wish, real: Duration) -> bool {
        let (tape, here) = (&self.tape, self.at(real));
        let by = |at: Duration| (tape.by(at), at);
        let entry = |next: usize| (next, next.checked_sub(1).and_then(|n| tape.at(n)).unwrap_or_default());
        let from = self.seeking.unwrap_or(here);
        let (next, at) = match wish {
            Wish::To(at) => by(at.min(tape.length())),
            Wish::Back(by_) => by(from.saturating_sub(by_)),
            Wish::Forward(by_) => by(from.saturating_add(by_).min(tape.length())),
            Wish::Start => (0, Duration::ZERO),
            Wish::End => (tape.len(), tape.length()),
            Wish::StepBack => entry(self.next.saturating_sub(1)),
            Wish::Skip => match tape.eventful(self.next) {
                Some(at) => entry(at + 1),
                None => (tape.len(), tape.length()),
            },
            Wish::Entry(number) => entry(number.min(tape.len())),
        };
        if (next, at) == (self.next, here) {
            return false;
        }
        let id = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        self.anchor = (real, here);
        self.seeking = Some(at);
        self.worker.give(Job { id, next, at });
        true
    }

    /// Takes what was sought, if it is still wanted.
    pub(crate) fn arrive(&mut self, sought: &Sought, real: Duration) -> bool {
        if sought.id != self.newest.load(Ordering::Relaxed) {
            return false;
        }
        self.seeking = None;
        self.next = sought.next;
        self.ready.clear();
        self.anchor = (real, sought.at);
        true
    }

    /// What the screen shows of it.
    pub(crate) fn show(&self, replay: &mut Replay) -> bool {
        let seen = (self.next, self.seeking);
        let changed = (replay.seen, replay.seeking) != seen;
        (replay.seen, replay.seeking) = seen;
        changed
    }
}

/// The thread's side.
struct Builder {
    tape: Arc<Tape>,
    newest: Arc<AtomicU64>,
    /// Copies of the state, with the number of the next entry; the first is empty.
    kept: Vec<(usize, Box<Session>)>,
    /// The one that goes ahead of all others.
    ahead: (usize, Box<Session>),
    /// Entries between two copies.
    apart: usize,
    /// What could not be read, as it is come to.
    wrong: Vec<String>,
    found: UnboundedSender<Sought>,
}

impl Builder {
    fn work(mut self, todo: &Receiver<Job>) {
        loop {
            let job = if self.ahead.0 < self.tape.len() {
                match todo.try_recv() {
                    Ok(job) => Some(job),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                }
            } else {
                match todo.recv() {
                    Ok(job) => Some(job),
                    Err(_) => return,
                }
            };
            fault::here("replay");
            match job {
                Some(job) => {
                    let job = todo.try_iter().last().unwrap_or(job);
                    if let Some(sought) = self.make(job) {
                        let _ = self.found.send(sought);
                    }
                }
                None => self.go_ahead(self.tape.len()),
            }
        }
    }

    /// The state at that moment; `None`: meanwhile another one is wanted.
    fn make(&mut self, job: Job) -> Option<Sought> {
        let wanted = |builder: &Builder| builder.newest.load(Ordering::Relaxed) == job.id;
        while self.ahead.0 < job.next {
            if !wanted(self) {
                return None;
            }
            self.go_ahead(job.next);
        }
        let before = self.kept.partition_point(|(next, _)| *next <= job.next).max(1) - 1;
        let (mut next, mut session) = match self.kept.get(before) {
            Some(kept) if self.ahead.0 != job.next => kept.clone(),
            _ => self.ahead.clone(),
        };
        while next < job.next {
            if !wanted(self) {
                return None;
            }
            next = play(&self.tape, &mut session, next, job.next, &mut |_| {});
        }
        session.pass(self.tape.now(job.at));
        session.take_news();
        Some(Sought { id: job.id, session, next, at: job.at, wrong: std::mem::take(&mut self.wrong) })
    }

    /// Goes on through the recording for a slice, at most up to that entry.
    fn go_ahead(&mut self, until: usize) {
        let copy = self.kept.last().map_or(0, |(next, _)| *next) + self.apart;
        let (from, session) = &mut self.ahead;
        let wrong = &mut self.wrong;
        *from = play(&self.tape, session, *from, until.min(copy), &mut |text| wrong.push(text));
        session.take_news();
        if *from >= copy {
            self.kept.push(self.ahead.clone());
            self.thin();
        }
    }

    /// Drops every other copy while they hold too much.
    fn thin(&mut self) {
        let tasks = |kept: &[(usize, Box<Session>)]| -> usize {
            kept.iter().map(|(_, session)| session.store.kept()).sum()
        };
        while tasks(&self.kept) > MOST_TASKS && self.kept.len() > 2 {
            let mut number = 0;
            self.kept.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.apart *= 2;
        }
    }
}

/// Takes a slice of entries in; the number of the next one.
fn play(
    tape: &Tape,
    session: &mut Session,
    from: usize,
    until: usize,
    wrong: &mut dyn FnMut(String),
) -> usize {
    let entries = tape.read(from, SLICE.min(until.saturating_sub(from)));
    let next = from + entries.len().min(until - from);
    for entry in entries.into_iter().take(until - from) {
        match entry {
            Ok(entry) => {
                let now = tape.now(entry.at);
                session.replay(entry.what, now);
            }
            Err(fault) => wrong(tape.told(&fault)),
        }
    }
    next
}

/// The session before the first entry: only the lab's services are known.
pub(crate) fn empty(store: Store, services: Vec<Text>, tape: &Tape) -> Session {
    let start = tape.now(Duration::ZERO);
    let mut session = Session::of_recording(store, start);
    session.store.apply(Input::Configured(services), start);
    session
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::{store::Limits, wire::json::quote};

    /// A recording of tasks that run one after another on two services, two messages a second, with a line that cannot be
    /// read in it.
    fn recording(tasks: usize) -> String {
        let mut text = String::from(
            r#"{"juicetop_recording":1,"juicetop":"0.1.0","started":"2026-11-24T21:00:00+00:00","services":["a","b"]}"#,
        );
        text.push_str("\n{\"t\":0,\"link\":\"bus\",\"state\":\"live\"}\n");
        for n in 0..tasks {
            let at = (n as u64 + 1) * 1_500_000;
            for (step, state) in ["created", "started", "completed"].into_iter().enumerate() {
                let payload = match state {
                    "completed" if n % 5 == 0 => format!(
                        r#"{{"id": "t{n}", "status": "error", "ename": "KeyError", "evalue": "q{n}", "traceback": "Traceback {n}"}}"#
                    ),
                    "completed" => format!(
                        r#"{{"id": "t{n}", "status": "ok", "result": {{"t1": {n}.5, "points": [1, 2, 3]}}}}"#
                    ),
                    _ => format!(r#"{{"qubit": "q{n}", "averages": 1000, "span": [0.1, 0.9]}}"#),
                };
                let metadata = r#"{"parallel": false, "display_name": "x", "show_in_dashboard": true}"#;
                let event = format!(
                    r#"{{"time": "2026-11-24T21:00:00Z", "task_id": "t{n}", "task_target": "{}", "task_type": "MeasureT1", "task_display_name": "MeasureT1: qubit='q{n}'", "task_metadata": {}, "task_payload": {}, "task_state": "{state}", "show_in_dashboard": true}}"#,
                    ["a", "b"][n % 2],
                    quote(metadata),
                    quote(&payload)
                );
                let t = at + step as u64 * 500_000;
                writeln!(text, r#"{{"t":{t},"in":"bus","parts":["TaskEvent.",{}]}}"#, quote(&event)).unwrap();
            }
        }
        text
    }

    fn tape(text: &str) -> Tape {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        std::fs::write(&path, text).unwrap();
        Tape::open(&path).unwrap()
    }

    /// A player whose person's clock the test is.
    struct Bench {
        player: Player,
        replay: Replay,
        found: tokio::sync::mpsc::UnboundedReceiver<Sought>,
        session: Session,
    }

    impl Bench {
        fn new(text: &str) -> Bench {
            let tape = tape(text);
            let replay = Replay {
                file: "r.jsonl".into(),
                length: tape.length(),
                entries: tape.len(),
                ended: tape.ended,
                seen: 0,
                paused: false,
                speed: 1.0,
                seeking: None,
            };
            let (give, found) = tokio::sync::mpsc::unbounded_channel();
            let session = empty(Store::new(Limits::default()), vec!["a".into(), "b".into()], &tape);
            let player = Player::start(tape, session.clone(), &replay, Duration::ZERO, give).unwrap();
            Bench { player, replay, found, session }
        }

        /// Plays all that is due.
        fn play(&mut self, real: f64) -> &mut Bench {
            while let Some(entry) = self.player.take(Duration::from_secs_f64(real), false) {
                let (entry, now) = entry.unwrap();
                self.session.replay(entry.what, now);
            }
            self.session.pass(self.player.now(Duration::from_secs_f64(real)));
            self
        }

        fn seek(&mut self, wish: Wish, real: f64) -> Sought {
            assert!(self.player.go(wish, Duration::from_secs_f64(real)));
            loop {
                let sought = self.found.blocking_recv().unwrap();
                if self.player.arrive(&sought, Duration::from_secs_f64(real)) {
                    return sought;
                }
            }
        }
    }

    /// All that is known, in words.
    fn known(session: &Session) -> String {
        let store = &session.store;
        let mut text = format!("{:?}", store.counts(true));
        for task in store.tasks() {
            let _ = write!(text, "\n{} {:?} {:?} {:?}", task.key, task.state, task.outcome, task.started);
        }
        text
    }

    #[test]
    fn a_moment_that_is_sought_is_the_moment_that_is_played() {
        let text = recording(40);
        for at in [0.0, 1.4, 1.5, 17.3, 30.0, 61.0] {
            let mut played = Bench::new(&text);
            played.play(at);
            for from in [0.0, 61.0] {
                let mut sought = Bench::new(&text);
                sought.play(from);
                if from == at {
                    continue;
                }
                let state = sought.seek(Wish::To(Duration::from_secs_f64(at)), 100.0);
                assert_eq!(known(&state.session), known(&played.session), "from {from} to {at}");
                assert_eq!(state.next, played.player.next);
                assert_eq!(sought.player.now(Duration::from_secs(100)).mono, Duration::from_secs_f64(at));
            }
        }
    }

    #[test]
    fn its_clock_stands_with_it_and_goes_as_fast_as_it_does() {
        let mut b = Bench::new(&recording(40));
        let at = |b: &Bench, real: f64| b.player.now(Duration::from_secs_f64(real)).mono.as_secs_f64();
        b.play(3.0);
        assert_eq!(at(&b, 3.0), 3.0);
        // It does not pass what nobody has seen yet.
        assert_eq!(at(&b, 9.0), 3.5);
        b.replay.paused = true;
        b.player.obey(&b.replay, Duration::from_secs(3));
        assert_eq!(at(&b, 500.0), 3.0);
        assert_eq!(b.player.due(), None);
        assert_eq!(b.player.real(Duration::from_secs(4), Duration::from_secs(500)), None);
        b.replay.paused = false;
        b.replay.speed = 10.0;
        b.player.obey(&b.replay, Duration::from_secs(500));
        assert_eq!(b.player.due(), Some(Duration::from_millis(500_050)));
        b.play(501.0);
        assert_eq!(at(&b, 501.0), 13.0);
        let utc = b.player.now(Duration::from_secs(501)).utc.to_rfc3339();
        assert_eq!(utc, "2026-11-24T21:00:13+00:00");
        // A step shows one message, whenever that comes.
        let next = b.player.next;
        assert!(b.player.take(Duration::from_secs(501), true).unwrap().is_ok());
        assert_eq!((b.player.next, at(&b, 501.0)), (next + 1, 13.5));
        b.play(900.0);
        assert!(b.player.is_over());
        assert_eq!(at(&b, 900.0), 61.0);
        assert!(b.player.take(Duration::from_secs(900), true).is_none());
    }

    #[test]
    fn one_goes_back_by_a_message_and_over_what_is_quiet() {
        let mut b = Bench::new(&recording(40));
        b.play(3.0);
        let (seen, before) = (b.player.next, known(&b.session));
        b.player.take(Duration::from_secs(3), true);
        let back = b.seek(Wish::StepBack, 3.0);
        assert_eq!(back.next, seen);
        assert_eq!(known(&back.session), before);
        let skipped = b.seek(Wish::Skip, 3.0);
        assert_eq!(skipped.next, seen + 1);
        let end = b.seek(Wish::End, 3.0);
        assert_eq!((end.next, end.at), (b.replay.entries, b.replay.length));
        assert!(!b.player.go(Wish::End, Duration::from_secs(3)), "it is there");
        assert_eq!(b.seek(Wish::Start, 3.0).next, 0);
        assert_eq!(b.seek(Wish::Entry(7), 3.0).next, 7);
    }

    #[test]
    fn only_the_newest_wish_counts() {
        let mut b = Bench::new(&recording(400));
        for at in [500, 10, 300] {
            b.player.go(Wish::To(Duration::from_secs(at)), Duration::ZERO);
        }
        // From where it is going, not from where it was.
        let sought = b.seek(Wish::Back(Duration::from_secs(100)), 0.0);
        assert_eq!(sought.at, Duration::from_secs(200));
    }

    #[test]
    fn a_damaged_line_is_told_once_and_left_out() {
        let text = recording(4).replacen("\"parts\"", "\"pieces\"", 1);
        let mut b = Bench::new(&text);
        let end = b.seek(Wish::End, 0.0);
        assert_eq!(end.wrong.len(), 1);
        assert!(end.wrong[0].contains("r.jsonl:3: it has no text `text`"), "{:?}", end.wrong);
        assert!(b.seek(Wish::Start, 0.0).wrong.is_empty());
    }

    /// `cargo test --release --lib seeking_is_immediate -- --ignored --nocapture`
    #[test]
    #[ignore = "it measures"]
    fn seeking_is_immediate_in_a_recording_of_200_000_messages() {
        let text = recording(66_700);
        let clock = crate::time::Clock::start();
        println!("{} messages, {} MB", text.lines().count() - 1, text.len() / 1_000_000);
        let start = clock.now();
        let mut b = Bench::new(&text);
        println!("opened in {:?}", clock.now().since(start));
        let start = clock.now();
        b.seek(Wish::End, 0.0);
        println!("the end, first time: {:?}", clock.now().since(start));
        let mut longest = Duration::ZERO;
        let mut all = Vec::new();
        for n in 0..200_u64 {
            let part = (n * 7919 % 1000) as f64 / 1000.0;
            let start = clock.now();
            b.seek(Wish::To(b.replay.length.mul_f64(part)), 0.0);
            all.push(clock.now().since(start));
            longest = longest.max(clock.now().since(start));
        }
        all.sort_unstable();
        println!("200 seeks: median {:?}, longest {longest:?}", all[100]);
        assert!(longest < Duration::from_millis(500));
    }
}
