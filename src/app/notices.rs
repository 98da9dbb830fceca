//! What the person is to be told of while they look elsewhere: watched tasks, own ones that took long, first failures, services
//! that fall silent.
//!
//! Pure; what rings is told by an effect. It refuses to nag: at most so many in a time, then one that sums up; none in quiet
//! hours; none about an end before the person's eyes. No words of the lab's go out but names, for a notice is seen by
//! whoever passes, and the desktop keeps it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use chrono::{DateTime, Local, NaiveTime, TimeDelta, TimeZone};

use super::{
    App, Effect, Severity, called_or, left,
    session::Session,
    told::{About, How, Told},
};
use crate::{
    clean::exact,
    store::{GroupKey, Outcome, State, Task, TaskKey, past::away::Tally},
    time::Now,
    wire::Text,
};

/// So soon after a key, the person sees an end themselves.
const LOOKS: Duration = Duration::from_secs(60);

/// So many kinds of tasks are remembered by how the last one ended.
const MOST_KINDS: usize = 10_000;

/// What is told, and how often. Documented in `docs/notices.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Own tasks that ran for so long; `None`: none.
    pub own_after: Option<Duration>,
    /// The first failure of a type on a service after it went well.
    pub first_failures: bool,
    /// Services that fall silent, and those that are heard again.
    pub services: bool,
    /// From when to when nothing rings, by the local time of day.
    pub quiet: Option<(NaiveTime, NaiveTime)>,
    /// At most so many …
    pub most: usize,
    /// … in this time.
    pub within: Duration,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            own_after: Some(Duration::from_secs(600)),
            first_failures: false,
            services: false,
            quiet: None,
            most: 5,
            within: Duration::from_secs(600),
        }
    }
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Of what kind it is: `watched`, `own`, `failure`, `service` or `more`.
    pub kind: &'static str,
    /// The words; names in them are shown as no other one.
    pub text: String,
}

/// What is watched, and what was told lately.
#[derive(Debug, Default)]
pub struct Notices {
    /// Tasks that the person marked.
    pub tasks: HashSet<TaskKey>,
    /// Groups that they marked.
    pub groups: HashSet<GroupKey>,
    /// How the last task of each type on each service ended: well or not.
    went_well: HashMap<(Text, Text), bool>,
    /// Services that say nothing.
    silent: HashSet<Text>,
    /// When it rang lately.
    rung: VecDeque<Duration>,
    /// What was too much since, and the last of it.
    held: Option<(usize, String)>,
    out: Vec<Alert>,
    /// What was told in this session, and what was held back.
    pub told: Told,
}

impl Notices {
    /// A task or a group is watched, or no more. True: it is now.
    fn turn<K: std::hash::Hash + Eq + Clone>(set: &mut HashSet<K>, key: &K) -> bool {
        let is_new = set.insert(key.clone());
        if !is_new {
            set.remove(key);
        }
        is_new
    }

    /// Whether that task is watched by itself.
    pub fn watches(&self, key: &TaskKey) -> bool {
        self.tasks.contains(key)
    }

    /// The task of the first key is known by the second from now on.
    pub fn rename(&mut self, from: &str, to: &TaskKey) {
        if self.tasks.remove(&TaskKey(from.into())) {
            self.tasks.insert(to.clone());
        }
    }

    /// When something is due that nothing announces.
    pub fn wake_at(&self, rules: &Rules) -> Option<Duration> {
        let first = self.rung.front().filter(|_| self.held.is_some())?;
        Some(*first + rules.within)
    }

    fn offer(&mut self, rules: &Rules, about: About, alert: Alert, now: Now) {
        self.forget(rules, now);
        let how = if is_quiet(rules.quiet, now.utc.with_timezone(&Local)) {
            How::Quiet
        } else if self.held.is_none() && self.rung.len() < rules.most {
            How::Rang
        } else {
            How::TooMany
        };
        self.told.add(Some(about), &alert.text, how, now);
        match how {
            How::Rang => {
                self.rung.push_back(now.mono);
                self.out.push(alert);
            }
            How::TooMany => {
                let count = self.held.as_ref().map_or(0, |(count, _)| *count);
                self.held = Some((count + 1, alert.text));
            }
            How::Quiet | How::Note(_) => {}
        }
    }

    fn forget(&mut self, rules: &Rules, now: Now) {
        while self.rung.front().is_some_and(|at| *at + rules.within <= now.mono) {
            self.rung.pop_front();
        }
    }

    /// What rings now.
    fn take(&mut self, rules: &Rules, now: Now) -> Vec<Alert> {
        self.forget(rules, now);
        if self.rung.len() < rules.most
            && let Some((count, last)) = self.held.take()
            && !is_quiet(rules.quiet, now.utc.with_timezone(&Local))
        {
            self.rung.push_back(now.mono);
            let text = if count == 1 { last } else { format!("{count} more; the last: {last}") };
            self.out.push(Alert { kind: "more", text });
        }
        std::mem::take(&mut self.out)
    }
}

/// Whether a time of day lies in the quiet hours, which may reach across midnight. By the clock on the wall: where that
/// is set forward or back in the night, they begin and end when it says so.
fn is_quiet<Z: TimeZone>(quiet: Option<(NaiveTime, NaiveTime)>, at: DateTime<Z>) -> bool {
    let at = at.time();
    quiet.is_some_and(|(from, until)| match from <= until {
        true => from <= at && at < until,
        false => from <= at || at < until,
    })
}

impl App {
    /// The selected task or group is watched, or no more.
    pub(super) fn turn_watch(&mut self, now: Now) {
        if let Some(group) = self.current_group().cloned() {
            let watched = Notices::turn(&mut self.ui.notices.groups, &group);
            let text = if watched {
                "you are told when the group is over"
            } else {
                "the group is not watched any more"
            };
            return self.tell(Severity::Info, text, now);
        }
        let task = match self.task_at_hand() {
            Ok(task) => (task.key.clone(), is_over(task)),
            Err(why) => return self.tell(Severity::Info, why, now),
        };
        let text = match task {
            (_, true) => "it is over already",
            (key, false) if Notices::turn(&mut self.ui.notices.tasks, &key) => "you are told when it ends",
            _ => "it is not watched any more",
        };
        self.tell(Severity::Info, text, now);
    }

    /// What has ended since the last look may be told of; `all`: services are looked at too.
    pub(super) fn look_for_notices(&mut self, all: bool, now: Now) -> Vec<Effect> {
        let ended = self.session.store.take_over();
        if self.is_replay() {
            return Vec::new();
        }
        let rules = self.settings.notices;
        let looks = !self.ui.behind && self.ui.last_key.is_some_and(|key| now.since(key) < LOOKS);
        let session = &self.session;
        let notices = &mut self.ui.notices;
        for key in &ended {
            let Some(task) = session.store.task(key) else { continue };
            notices.over(&rules, session, task, looks, now);
        }
        if !ended.is_empty() {
            notices.groups_over(&rules, session, now);
        }
        if all && rules.services {
            notices.look_at_services(&rules, session, now);
        }
        notices.take(&rules, now).into_iter().map(Effect::Ring).collect()
    }
}

impl Notices {
    fn over(&mut self, rules: &Rules, session: &Session, task: &Task, looks: bool, now: Now) {
        let store = &session.store;
        let first = rules.first_failures && !task.hidden && self.is_first_failure(task);
        // It may be watched under a key that it had before.
        let is_it = |key: &TaskKey| *key == task.key || store.task(key).is_some_and(|it| it.key == task.key);
        let watched = self.tasks.iter().find(|key| is_it(key)).cloned();
        if let Some(key) = &watched {
            self.tasks.remove(key);
        }
        let (took, _) = task.duration(now).unwrap_or_default();
        let seen = task.state == State::Ended && task.ended.is_some_and(|end| end.exact);
        let long = seen && !looks && task.own.is_some() && rules.own_after.is_some_and(|after| took >= after);
        let kind = match (watched.is_some(), long, first && seen) {
            (true, ..) => Some("watched"),
            (_, true, _) => Some("own"),
            (.., true) => Some("failure"),
            _ => None,
        };
        if let Some(kind) = kind {
            let about = About::Task(task.key.clone());
            self.offer(rules, about, Alert { kind, text: words(task, took) }, now);
        }
    }

    /// Watched groups of which no member runs or waits any more.
    fn groups_over(&mut self, rules: &Rules, session: &Session, now: Now) {
        let store = &session.store;
        let over = |key: &GroupKey| {
            session.sending_of(key).is_none() && store.group(key).is_none_or(|group| !group.is_active())
        };
        let over: Vec<GroupKey> = self.groups.iter().filter(|key| over(key)).cloned().collect();
        for key in over {
            self.groups.remove(&key);
            let Some(group) = store.group(&key) else { continue };
            let counts = group.counts();
            let tally = Tally {
                ok: counts.ok,
                failed: counts.failed,
                cancelled: counts.cancelled,
                unknown: counts.unknown,
            };
            let text = format!("{}: {}: {}", exact(&key.service), exact(&group.name), left::words(tally));
            self.offer(rules, About::Group(key), Alert { kind: "watched", text }, now);
        }
    }

    /// Whether a type fails on a service that went well before: not each of a storm is news.
    fn is_first_failure(&mut self, task: &Task) -> bool {
        let well = match task.outcome {
            Some(Outcome::Ok) => true,
            Some(Outcome::Failed) => false,
            _ => return false,
        };
        if self.went_well.len() >= MOST_KINDS {
            self.went_well.clear();
        }
        let before = self.went_well.insert((task.service.clone(), task.task_type.clone()), well);
        !well && before == Some(true)
    }

    fn look_at_services(&mut self, rules: &Rules, session: &Session, now: Now) {
        let silent: HashSet<Text> = session
            .store
            .services()
            .filter(|it| it.trouble.is_some() || it.no_word)
            .map(|it| it.name.clone())
            .collect();
        let mut told: Vec<(&Text, &str)> =
            silent.difference(&self.silent).map(|it| (it, "says nothing any more")).collect();
        told.extend(self.silent.difference(&silent).map(|it| (it, "is heard again")));
        told.sort_unstable();
        let told: Vec<(Text, String)> =
            told.into_iter().map(|(name, what)| (name.clone(), format!("{} {what}", exact(name)))).collect();
        self.silent = silent;
        for (name, text) in told {
            self.offer(rules, About::Service(name), Alert { kind: "service", text }, now);
        }
    }
}

fn is_over(task: &Task) -> bool {
    matches!(task.state, State::Ended | State::Unknown)
}

/// `fridge: MeasureT1: qubit='q1' failed after 12 m: KeyError`. What an exception says may be a secret; its name is none.
fn words(task: &Task, took: Duration) -> String {
    let how = match (task.state, task.outcome) {
        (State::Ended, Some(Outcome::Ok)) => "ended well",
        (State::Ended, Some(Outcome::Failed)) => "failed",
        (State::Ended, Some(Outcome::Cancelled)) => "was cancelled",
        _ => "may have ended: nobody knows",
    };
    let name =
        task.failure().and_then(|error| error.ename.as_deref()).map(|name| format!(": {}", exact(name)));
    let took = TimeDelta::from_std(took).ok().filter(|took| took.num_minutes() > 0);
    let after = took.map_or_else(String::new, |took| format!(" after {}", left::length(took)));
    format!(
        "{}: {} {how}{after}{}",
        exact(&task.service),
        called_or(&task.name, &task.task_type),
        name.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    fn time(text: &str) -> NaiveTime {
        NaiveTime::parse_from_str(text, "%H:%M").unwrap()
    }

    #[test]
    fn quiet_hours_reach_across_midnight_and_follow_the_clock_on_the_wall() {
        let at = |text: &str| DateTime::<FixedOffset>::parse_from_rfc3339(text).unwrap();
        let night = Some((time("22:00"), time("07:00")));
        let noon = Some((time("12:00"), time("13:30")));
        for (quiet, moment, is) in [
            (night, "2026-11-24T21:59:59+01:00", false),
            (night, "2026-11-24T22:00:00+01:00", true),
            (night, "2026-11-25T00:00:00+01:00", true),
            (night, "2026-11-25T06:59:59+01:00", true),
            (night, "2026-11-25T07:00:00+01:00", false),
            (noon, "2026-11-25T12:00:00+01:00", true),
            (noon, "2026-11-25T13:30:00+01:00", false),
            (None, "2026-11-25T03:00:00+01:00", false),
            // The night in which the clock goes forward at 2:00 has an hour less, the other one an hour more.
            (night, "2026-03-29T06:59:00+02:00", true),
            (night, "2026-03-29T07:00:00+02:00", false),
            (night, "2026-10-25T06:59:00+01:00", true),
            (night, "2026-10-25T07:00:00+01:00", false),
        ] {
            assert_eq!(is_quiet(quiet, at(moment)), is, "{moment}");
        }
    }
}
