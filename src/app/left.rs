//! Since the person left: when that was, what became of tasks meanwhile, and in which times no juicetop watched.
//!
//! A person was here when they last pressed a key while this lab was in front. That moment is kept once a minute and at the end,
//! so that no sudden end loses more, and so are the times in which the lab's bus was heard. It refuses to call the time watched
//! in which nothing was heard.

use std::time::Duration;

use chrono::{DateTime, Local, SecondsFormat, TimeDelta, Utc};
use toml::{Table, Value};

use super::{App, Effect, Layer, action::Action, session::Session};
use crate::{
    store::past::away::{Away, News, Tally},
    time::Now,
    wire::link::Line,
};

/// The most that the file can have.
pub const MOST_BYTES: u64 = 64 * 1024;
/// Without a key for so long, a person who comes back to an open screen was away.
pub const AWAY: Duration = Duration::from_secs(3600);
/// A key is kept at the latest so long after it was pressed.
const SOON: Duration = Duration::from_secs(60);
/// That somebody watches is kept so often.
const SELDOM: Duration = Duration::from_secs(300);
/// So long nobody looks at the clock only where the machine or the program stood still.
const STOOD_STILL: Duration = Duration::from_secs(2 * SELDOM.as_secs());
/// A smaller screen has room for few words: columns, rows.
const NARROW: u16 = 60;
const LOW: u16 = 15;
/// So many times of watching are kept.
const MOST_SPANS: usize = 100;

/// From when to when.
type Span = (DateTime<Utc>, DateTime<Utc>);

/// What is kept of visits to a lab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// When a key was last pressed.
    pub left: Option<DateTime<Utc>>,
    /// What had ended by then stands in the history.
    pub whole: bool,
    /// When a juicetop heard the bus and wrote the history, since then and a little before; in their order.
    pub watched: Vec<Span>,
}

impl Visit {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read(text: &str) -> Result<Visit, String> {
        let table: Table = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        let moment = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            let at = DateTime::parse_from_rfc3339(text).map_err(|_| format!("{text:?} is no moment"))?;
            Ok::<_, String>(at.to_utc())
        };
        let mut visit = Visit::default();
        for (key, value) in &table {
            match (key.as_str(), value) {
                ("left", value) => visit.left = Some(moment(value)?),
                ("whole", Value::Boolean(whole)) => visit.whole = *whole,
                ("watched", Value::Array(spans)) => {
                    for span in spans {
                        match span.as_array().map(Vec::as_slice) {
                            Some([from, until]) => visit.watched.push((moment(from)?, moment(until)?)),
                            _ => return Err("a time of watching has two ends".to_owned()),
                        }
                    }
                }
                _ => return Err(format!("there is no {key} here that can be understood")),
            }
        }
        visit.bound();
        Ok(visit)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let moment = |at: DateTime<Utc>| Value::from(at.to_rfc3339_opts(SecondsFormat::Millis, true));
        let mut table = Table::new();
        if let Some(left) = self.left {
            table.insert("left".to_owned(), moment(left));
        }
        table.insert("whole".to_owned(), Value::from(self.whole));
        let spans = self.watched.iter().map(|(from, until)| Value::from(vec![moment(*from), moment(*until)]));
        table.insert("watched".to_owned(), Value::Array(spans.collect()));
        format!("# When you were last here, and when a juicetop watched.\n\n{table}")
    }

    /// Takes in what a juicetop knows now: of two visits the later one counts, and all times of watching do.
    pub fn take_in(&mut self, new: &Visit, now: DateTime<Utc>) {
        // A clock that was wrong must not hold the moment for ever.
        if self.left.is_none_or(|left| left > now || new.left.is_some_and(|new| new >= left)) {
            (self.left, self.whole) = (new.left, new.whole);
        }
        self.watched.extend_from_slice(&new.watched);
        // Before the person left they watched themselves.
        let left = self.left;
        self.watched.retain(|(_, until)| left.is_none_or(|left| *until >= left));
        self.bound();
    }

    /// A juicetop watched at that time, too.
    fn add(&mut self, span: Span) {
        self.watched.push(span);
        self.bound();
    }

    /// Keeps the newest times, however often a link has come and gone.
    fn bound(&mut self) {
        self.watched = united(std::mem::take(&mut self.watched));
        let over = self.watched.len().saturating_sub(MOST_SPANS);
        self.watched.drain(..over);
    }
}

/// The same times, in their order and none of them in two.
fn united(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|(from, until)| from <= until);
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for (from, until) in spans {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => out.push((from, until)),
        }
    }
    out
}

/// The times within `away` that lie in none of these. Those at its end that are shorter than what is kept so often are none.
fn unwatched(away: Away, spans: Vec<Span>) -> Vec<Span> {
    let mut out = Vec::new();
    let mut from = away.since;
    for (begin, end) in united(spans) {
        if begin > from {
            out.push((from, begin.min(away.until)));
        }
        from = from.max(end);
    }
    let last = away.until - from;
    if last > TimeDelta::from_std(SELDOM).unwrap_or_default() || (out.is_empty() && from == away.since) {
        out.push((from, away.until));
    }
    // A moment between two juicetops is no time in which much happens.
    out.retain(|(from, until)| *until - *from >= TimeDelta::seconds(60));
    out
}

/// What is known of the person's coming and going.
#[derive(Debug, Default)]
pub struct Left {
    /// It is kept for later runs.
    keeps: bool,
    /// What is known of tasks is, too.
    history: bool,
    opened: Option<Now>,
    visit: Visit,
    /// The bus is heard since then and was up to then.
    watching: Option<(Now, Now)>,
    away: Option<Away>,
    news: News,
    /// What became of tasks then is asked for.
    asked: bool,
    put_away: bool,
    /// Something is not kept yet that seldom happens: a key, or that nobody watches any more.
    changed: bool,
    /// When it was last kept.
    kept: Option<Now>,
}

impl Left {
    /// With what was kept of earlier visits. `history`: tasks are kept, too.
    pub fn begin(visit: Visit, history: bool, now: Now) -> Left {
        // A clock that was set back since tells of no time in between.
        let since = visit.left.filter(|left| *left < now.utc);
        let away = since.map(|since| Away { since, until: now.utc, sure: visit.whole && history });
        Left { keeps: true, history, opened: Some(now), visit, away, ..Left::default() }
    }

    /// The time in which the person was away.
    pub fn away(&self) -> Option<Away> {
        self.away
    }

    /// What became of tasks in that time, unless it was put away.
    fn shown(&self) -> Option<(Away, News)> {
        self.away.zip(Some(self.news)).filter(|(_, news)| !self.put_away && news.count() > 0)
    }

    /// The person has seen it.
    pub fn put_away(&mut self) {
        self.put_away = true;
    }

    /// A key was pressed; `last`: when the last one before was.
    pub fn press(&mut self, last: Option<Now>, now: Now) {
        if let Some(before) = last.or(self.opened)
            && self.keeps
            && now.since(before) >= AWAY
        {
            let at_open = self.away.filter(|_| last.is_none()).map(|away| away.since);
            let since = at_open.unwrap_or(before.utc);
            self.away = Some(Away { since, until: now.utc, sure: self.history });
            (self.news, self.asked, self.put_away) = (News::default(), false, false);
        }
        self.visit.left = Some(now.utc);
        self.visit.whole = self.history && self.watching.is_some();
        self.changed = true;
    }

    /// What is to be done now.
    pub fn look(&mut self, session: &Session, now: Now) -> Vec<Effect> {
        self.watch(session, now);
        let mut effects = Vec::new();
        if let Some(away) = self.away.filter(|_| !self.asked) {
            self.asked = true;
            effects.push(Effect::CountNews(away));
        }
        let due = self.wake_at().is_some_and(|due| due <= now.mono);
        if due {
            effects.extend(self.keep(now));
        }
        effects
    }

    /// What is to be written, if anything is.
    pub fn keep(&mut self, now: Now) -> Option<Effect> {
        self.wake_at()?;
        (self.changed, self.kept) = (false, Some(now));
        let mut visit = self.visit.clone();
        visit.watched.extend(self.watching.map(|(from, until)| (from.utc, until.utc)));
        Some(Effect::KeepVisit(Box::new(visit)))
    }

    /// When something is to be written.
    pub fn wake_at(&self) -> Option<Duration> {
        let wait = match (self.changed, self.watching) {
            (true, _) => SOON,
            (false, Some(_)) => SELDOM,
            (false, None) => return None,
        };
        let kept = self.kept.map_or(Duration::ZERO, |kept| kept.mono + wait);
        Some(kept).filter(|_| self.keeps)
    }

    fn watch(&mut self, session: &Session, now: Now) {
        let gap = session.gaps.open();
        let hears =
            self.history && gap.is_none() && session.bus_heard.is_some() && session.is_live(&Line::Bus);
        match &mut self.watching {
            None => self.watching = hears.then_some((now, now)),
            Some((_, until)) if hears && now.since(*until) < STOOD_STILL => *until = now,
            Some((from, until)) => {
                let end = gap.map_or(until.utc, |gap| gap.from.utc);
                self.visit.add((from.utc, end));
                self.watching = hears.then_some((now, now));
                self.changed = true;
            }
        }
    }

    /// What became of tasks in that time. True: that is news.
    pub fn count(&mut self, away: Away, news: News) -> bool {
        let is_news = self.away == Some(away) && self.news != news;
        if is_news {
            self.news = news;
        }
        is_news
    }

    /// In which times within `away` no juicetop watched.
    fn unwatched(&self, away: Away) -> Vec<Span> {
        let now = self.watching.map(|(from, until)| (from.utc, until.utc));
        unwatched(away, self.visit.watched.iter().copied().chain(now).collect())
    }
}

impl App {
    /// What became of tasks since the person left, in a sentence or two; `None`: nothing, or it was put away.
    pub(super) fn since_left(&self) -> Option<String> {
        let (away, news) = self.ui.left.shown()?;
        let sides = [("yours", news.own), ("others", news.others)];
        let sides = sides.into_iter().filter(|(_, tally)| tally.count() > 0);
        let sides: Vec<String> = sides.map(|(who, tally)| format!("{who} {}", words(tally))).collect();
        let key = |action| self.key(action).unwrap_or_default();
        let sides = sides.join("; ");
        let (list, back) = (key(Action::SinceLeft), key(Action::Back));
        let (columns, rows) = self.ui.size;
        if columns < NARROW || rows < LOW {
            // What was not watched stands above the list.
            return Some(format!("Since {}: {sides}. {list} lists, {back} hides this.", time(away)));
        }
        let mut text = format!("Since you left ({}): {sides}.", time(away));
        let unseen =
            self.ui.left.unwatched(away).iter().map(|(from, until)| *until - *from).sum::<TimeDelta>();
        if unseen > TimeDelta::zero() {
            text.push_str(&format!(" Not watched: {} of it.", length(unseen)));
        }
        Some(format!("{text} {list} lists them, {back} puts this away."))
    }

    /// What cannot be known of the time that is looked at, above its table.
    pub(super) fn unwatched(&self) -> Option<String> {
        let away = self.ui.layers.iter().rev().find_map(|layer| match layer {
            Layer::History(history) => Some(history.away),
            _ => None,
        })??;
        let spans = self.ui.left.unwatched(away);
        let all = spans.iter().map(|(from, until)| *until - *from).sum();
        let when = match &spans[..] {
            [] => return None,
            [(from, until)] => format!(
                "from {} to {} ({})",
                moment(*from, away.until),
                moment(*until, away.until),
                length(all)
            ),
            more => format!("{} times, {} in all", more.len(), length(all)),
        };
        let told = match self.ui.archive.none() {
            None => "what the scheduler's list and Juice's database tell",
            Some(_) => "what the scheduler's list tells",
        };
        Some(format!("No juicetop watched {when}: of what ended then only {told} is known."))
    }
}

/// `Tue 23:10, 8 h 40 min`.
pub fn time(away: Away) -> String {
    format!("{}, {}", moment(away.since, away.until), length(away.until - away.since))
}

/// A moment as one says it at `now`: the time of day, the day of the week, or the date.
fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (at, now) = (at.with_timezone(&Local), now.with_timezone(&Local));
    let form = match now.date_naive() - at.date_naive() {
        days if days.num_days() == 0 => "%H:%M",
        days if days.num_days() < 7 => "%a %H:%M",
        _ => "%d %b %Y %H:%M",
    };
    at.format(form).to_string()
}

/// `40 min`, `8 h 40 min`, `3 d 4 h`.
pub(super) fn length(length: TimeDelta) -> String {
    let (days, hours, minutes) = (length.num_days(), length.num_hours(), length.num_minutes());
    match (days, hours) {
        (_, ..1) => format!("{minutes} min"),
        (..2, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// `12 ok, 2 failed`.
pub(super) fn words(tally: Tally) -> String {
    let Tally { ok, failed, cancelled, unknown } = tally;
    let all = [(ok, "ok"), (failed, "failed"), (cancelled, "cancelled"), (unknown, "unknown")];
    let told = all.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> DateTime<Utc> {
        Now::at(seconds).utc
    }

    #[test]
    fn what_was_kept_is_read_again() {
        let visit = Visit {
            left: Some(at(100.0)),
            whole: true,
            watched: vec![(at(50.0), at(120.0)), (at(300.0), at(400.0))],
        };
        assert_eq!(Visit::read(&visit.text()), Ok(visit));
        assert_eq!(Visit::read(&Visit::default().text()), Ok(Visit::default()));
        for odd in
            ["left = 3", "left = 'yesterday'", "watched = [['2026-11-24T21:00:00Z']]", "colour = 1", "x"]
        {
            assert!(Visit::read(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn of_two_juicetops_the_later_key_counts_and_both_have_watched() {
        let one = Visit { left: Some(at(100.0)), whole: true, watched: vec![(at(50.0), at(150.0))] };
        let other = Visit { left: Some(at(120.0)), whole: false, watched: vec![(at(110.0), at(200.0))] };
        let both = Visit { left: Some(at(120.0)), whole: false, watched: vec![(at(50.0), at(200.0))] };
        for (mut first, second) in [(one.clone(), &other), (other.clone(), &one)] {
            first.take_in(second, at(300.0));
            assert_eq!(first, both);
        }
        // A key that was pressed by a clock that was a day ahead is no later one.
        let mut wrong = Visit { left: Some(at(86_400.0)), ..one.clone() };
        wrong.take_in(&other, at(300.0));
        assert_eq!(wrong.left, other.left);
        let mut many = Visit::default();
        let spans = (0..250).map(|n| (at(f64::from(n) * 10.0), at(f64::from(n) * 10.0 + 5.0))).collect();
        many.take_in(&Visit { watched: spans, ..Visit::default() }, at(9_000.0));
        assert_eq!((many.watched.len(), many.watched.last().unwrap().1), (MOST_SPANS, at(2_495.0)));
        many.take_in(&Visit { left: Some(at(2_450.0)), ..Visit::default() }, at(9_000.0));
        assert_eq!(many.watched.len(), 5, "what lies before the last visit is of no use");
        // A link that comes and goes for a month, and a file that was written so.
        let mut many = Visit::default();
        (0..250).for_each(|n| many.add((at(f64::from(n) * 10.0), at(f64::from(n) * 10.0 + 5.0))));
        assert_eq!((many.watched.len(), many.watched.last().unwrap().1), (MOST_SPANS, at(2_495.0)));
        let spans: Vec<Span> =
            (0..250).map(|n| (at(f64::from(n) * 10.0), at(f64::from(n) * 10.0 + 5.0))).collect();
        let read = Visit::read(&Visit { watched: spans, ..Visit::default() }.text()).unwrap();
        assert_eq!(read.watched, many.watched);
    }

    #[test]
    fn what_was_not_watched_is_what_lies_between() {
        let away = Away { since: at(1_000.0), until: at(9_000.0), sure: true };
        let of = |spans: &[(f64, f64)]| {
            let spans = spans.iter().map(|(from, until)| (at(*from), at(*until))).collect();
            let seconds = |at: DateTime<Utc>| (at - Now::at(0.0).utc).num_seconds();
            unwatched(away, spans).into_iter().map(|(a, b)| (seconds(a), seconds(b))).collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), [(1_000, 9_000)]);
        assert_eq!(of(&[(500.0, 2_000.0), (1_900.0, 3_000.0)]), [(3_000, 9_000)]);
        assert_eq!(of(&[(500.0, 2_000.0), (2_030.0, 9_500.0)]), [], "thirty seconds are no time");
        assert_eq!(of(&[(500.0, 8_800.0)]), [], "another one watches still, and has not written that yet");
        assert_eq!(of(&[(2_000.0, 3_000.0), (9_100.0, 9_200.0)]), [(1_000, 2_000), (3_000, 9_000)]);
    }

    #[test]
    fn lengths_and_tallies_in_words() {
        let told = [59, 3_600 + 59, 8 * 3_600 + 2_400, 47 * 3_600, 76 * 3_600]
            .map(|s| length(TimeDelta::seconds(s)));
        assert_eq!(told, ["0 min", "1 h 0 min", "8 h 40 min", "47 h 0 min", "3 d 4 h"]);
        assert_eq!(
            words(Tally { ok: 12, failed: 2, cancelled: 0, unknown: 1 }),
            "12 ok, 2 failed, 1 unknown"
        );
    }
}
