//! `logs`: what the services have logged, from Juice's own database. It only reads.
//!
//! | exit code | |
//! |---|---|
//! | 0 | all is well, also where nothing passes |
//! | 1 | the database cannot be asked, or fails |
//! | 2 | the filter or a moment cannot be read |

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Local, TimeDelta, Utc};
use rustix::event::{PollFd, PollFlags, poll};

use super::{
    End, FAILED, OK,
    args::{LogsArgs, Place},
    lab::Lab,
    links,
    out::{self, Out},
};
use crate::{
    app::logs::{EVERY, OVERLAP},
    net::influx::{Access, Failure, logs},
    store::filter::log,
    time::{Clock, when},
    wire::logs::{Found, Key, Part, Question, Record, Wanted, level_of},
};

/// Records of text where nothing is said of a limit.
const LINES: usize = 100;
/// No more of them are held to be sorted, nor more bytes of them.
const MOST: usize = 100_000;
const MOST_BYTES: usize = 128 << 20;
/// After failures that may pass the pause grows up to so many times its length.
const SLOWER: u32 = 12;

/// Carries out `logs`.
///
/// # Errors
/// See the module's table.
pub fn run(place: &Place, args: &LogsArgs, out: &Out) -> Result<u8, End> {
    // `--service NAME` is a service whose log is wanted; with an address it is one that is spoken to alone, as everywhere.
    let (alone, named): (Vec<String>, Vec<String>) =
        place.service.iter().cloned().partition(|service| service.contains('='));
    let clock = Clock::start();
    let wanted = wanted(args, named, clock)?;
    let place = Place { service: alone, ..place.clone() };
    let lab = Lab::find(&place).map_err(|problem| End::misuse(links::sentence(&problem)))?;
    lab.problems().iter().for_each(|problem| out::say(problem));
    let access = lab.influx().map_err(|why| End::new(FAILED, format!("the log cannot be asked: {why}")))?;
    let mut log = Log { access: &access, wanted, clock, ahead: TimeDelta::zero(), at: None };
    let limit = args.limit.unwrap_or(if args.json { 0 } else { LINES });
    let read = log.read(Part::Newest, if limit > 0 { limit } else { MOST }, None).map_err(failed)?;
    if read.odd > 0 {
        out::say(&format!("{} rows of the database cannot be read", read.odd));
    }
    read.records.iter().rev().try_for_each(|record| print(record, args, out))?;
    if read.more && args.limit.is_none_or(|limit| limit == 0) {
        out::say(
            "there are older ones: --limit 0 shows all, as far as they find room; --since and --until move the span",
        );
    }
    if args.follow {
        return follow(&mut log, &read, args, out);
    }
    if read.records.is_empty() {
        out::say(
            "no record passes; where nothing else is said, the last 24 hours are looked through (--since)",
        );
    }
    Ok(OK)
}

fn wanted(args: &LogsArgs, services: Vec<String>, clock: Clock) -> Result<Wanted, End> {
    let now = clock.now();
    let mut wanted = log::parse(&args.filter.join(" "), now)
        .map_err(|e| End::misuse(format!("the filter, at character {}: {e}", e.offset + 1)))?;
    wanted.services.extend(services);
    wanted.texts.extend(args.grep.clone());
    if let Some(level) = &args.level {
        let read = level_of(level);
        let wrong = || End::misuse("--level is debug, info, warning, error, critical or a number");
        wanted.least = Some(read.ok_or_else(wrong)?);
    }
    let moment = |text: &Option<String>, name: &str| -> Result<Option<DateTime<Utc>>, End> {
        let Some(text) = text else { return Ok(None) };
        let at = when::past(text, &now.utc.with_timezone(&Local));
        Ok(Some(at.map_err(|why| End::misuse(format!("{name}: {why}")))?.to_utc()))
    };
    wanted.since = moment(&args.since, "--since")?.or(wanted.since);
    wanted.until = moment(&args.until, "--until")?.or(wanted.until);
    if args.follow && wanted.until.is_some() {
        return Err(End::misuse("--follow waits for what is new, and until: ends before"));
    }
    Ok(wanted)
}

fn failed(failure: Failure) -> End {
    End::new(FAILED, failure.sentence())
}

/// What is asked, page after page.
struct Log<'a> {
    access: &'a Access,
    wanted: Wanted,
    clock: Clock,
    ahead: TimeDelta,
    /// What time it was at the database when it was last asked for the newest.
    at: Option<DateTime<Utc>>,
}

/// What was read, the newest first.
#[derive(Default)]
struct Read {
    records: Vec<Record>,
    more: bool,
    odd: usize,
}

impl Log<'_> {
    /// Reads at most so many, and none that was written before `first`.
    fn read(&mut self, part: Part, most: usize, first: Option<DateTime<Utc>>) -> Result<Read, Failure> {
        let (mut read, mut bytes, mut part) = (Read::default(), 0, part);
        let mut began = None;
        loop {
            let Found { records, more, at, ahead, odd, .. } = self.page(part)?;
            self.ahead = ahead;
            began.get_or_insert(at);
            read.odd += odd;
            // A page begins with the last one of the page before.
            let known: HashSet<Key> = read.records.iter().rev().take(100).map(Record::key).collect();
            let before = read.records.len();
            read.records.extend(records.into_iter().filter(|record| !known.contains(&record.key())));
            bytes += read.records[before..].iter().map(Record::bytes).sum::<usize>();
            let oldest = read.records.last().map(|record| record.at);
            let is_past = first.zip(oldest).is_some_and(|(first, oldest)| oldest < first);
            read.more = more && !is_past;
            // A page backwards ends where it is full.
            read.records.retain(|record| first.is_none_or(|first| record.at >= first));
            let is_full = read.records.len() > most || bytes > MOST_BYTES;
            if !read.more || is_full || read.records.len() == before {
                break;
            }
            part = Part::UpTo(oldest.unwrap_or(at));
        }
        // Where a page failed, all of it is read once more.
        self.at = began;
        read.more |= read.records.len() > most;
        read.records.truncate(most);
        Ok(read)
    }

    fn page(&self, part: Part) -> Result<Found, Failure> {
        let question = Question { id: 1, wanted: self.wanted.clone(), part, ahead: self.ahead };
        logs::read(self.access, &question, self.clock.now().utc, MOST_BYTES, &mut |_| false)
    }
}

/// Prints what is new, until it is interrupted or nobody reads it any more.
fn follow(log: &mut Log<'_>, printed: &Read, args: &LogsArgs, out: &Out) -> Result<u8, End> {
    let mut seen: HashSet<Key> = printed.records.iter().map(Record::key).collect();
    // Older ones were left out by the limit, though they lie in what is asked for once more.
    let left_out = printed.records.last().filter(|_| printed.more).map(|record| record.at);
    let mut failures = 0;
    while !is_closed_within(EVERY * (1 << failures).min(SLOWER)) {
        let from = log.at.unwrap_or_else(|| log.clock.now().utc) - OVERLAP;
        match log.read(Part::Since(from), MOST, Some(from)) {
            Ok(read) => {
                failures = 0;
                let is_new = |record: &&Record| {
                    !seen.contains(&record.key()) && left_out.is_none_or(|at| record.at > at)
                };
                read.records.iter().rev().filter(is_new).try_for_each(|record| print(record, args, out))?;
                seen = read.records.iter().map(Record::key).collect();
            }
            Err(failure) if failure.passes => {
                if failures == 0 {
                    out::say(&format!("{}; it is tried again", failure.what));
                }
                failures = (failures + 1).min(4);
            }
            Err(failure) => return Err(failed(failure)),
        }
    }
    Ok(OK)
}

/// Waits for so long. True: the reader of standard output has gone away.
fn is_closed_within(pause: Duration) -> bool {
    let stdout = std::io::stdout();
    // Nothing is asked for but what is always told.
    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
    let pause = pause.try_into().ok();
    // Where it cannot be told, the next line will tell.
    poll(&mut fds, pause.as_ref()).is_ok_and(|told| told > 0)
}

/// One line a record; with its traceback below, if that is wished.
fn print(record: &Record, args: &LogsArgs, out: &Out) -> Result<(), End> {
    if args.json {
        return Ok(out.line(&out.json(&record.json()))?);
    }
    let message = record.message.trim_end();
    let first = if args.traceback { message.lines().next().unwrap_or_default() } else { message };
    let has = if record.traceback.is_some() && !args.traceback { "  [traceback]" } else { "" };
    out.line(&format!(
        "{}  {:<8}  {}  {}{has}",
        record.at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S%.3f"),
        out.name(&record.level_word()),
        out.name(&record.service),
        out.text(first),
    ))?;
    if args.traceback {
        let below = [record.traceback.as_deref(), record.stack.as_deref()].into_iter().flatten();
        let lines = message.lines().skip(1).chain(below.flat_map(str::lines));
        for line in lines {
            out.line(&format!("    {}", out.text(line)))?;
        }
    }
    Ok(())
}
