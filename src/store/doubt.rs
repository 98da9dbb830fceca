//! What may have ended unseen: gaps in what is heard, kernels that go away or idle, tasks that never start; and what
//! time alone changes.

use std::time::Duration;

use super::{
    Store, Trouble, judge,
    station::Sense,
    table::{Doubt, Part, RowId},
    task::{Lane, Own, Reason, Seen, State, TaskKey},
};
use crate::{time::Now, wire::Text, wire::event::KernelState};

/// How long a foreign task may be created without being started. The router gives up on a service after five tries
/// and 15 s of pauses, each try up to 20 s where nothing answers at all (`TaskClient._connect`; tornado's default);
/// then it tells its submitter only, and on the bus the task stays created for ever (measured).
const STARTING: Duration = Duration::from_secs(120);

/// After so long a time without `started` its service cannot be reached: one that can takes a task within milliseconds, and the
/// router's five tries take 15 s.
const TAKING: Duration = Duration::from_secs(20);

/// How long a cell may run on an idle kernel. `idle` and the cell's `completed` come by different ways within
/// milliseconds, in either order, and so do the next cell's `started` and `busy`.
const IDLE: Duration = Duration::from_secs(5);

/// How long a task whose slot was given away still counts as running after the next one in the slot has ended. Its end
/// will not be told; it may well run on, but not for the rest of the night on this screen.
const GIVEN_AWAY: Duration = Duration::from_secs(60);

/// How long the scheduler's own words about a task (when it is to run) may take behind its `queued`, before they are
/// asked for.
const DETAILS: Duration = Duration::from_secs(2);

/// After so long a time with the bus up and no word about its kernel, a service has none: the task manager tells
/// each kernel's state every 60 s, so two were due.
const NO_KERNEL: Duration = Duration::from_secs(130);

/// How long the scheduler may take to tell why a task has ended that it had said to have ended.
const JUST_NOW: Duration = Duration::from_secs(10);

/// A kernel's state that is not told for this long is not told any more: two of its rounds, and some.
const WORD: Duration = Duration::from_secs(130);

/// Questions kept for [`Store::take_questions`].
const QUESTIONS: usize = 100;

impl Store {
    /// Lets time do what it does: scheduled tasks come due, doubts come true. Called by [`Store::apply`] too, so it
    /// is only needed when [`Store::wake_at`] comes without any input.
    pub fn tick(&mut self, now: Now) {
        while let Some(&(at, id)) = self.due.first() {
            if self.lab_time(now).is_none_or(|shows| at > shows) {
                break;
            }
            let heard = self.bus_up;
            self.edit(id, |row| {
                row.eligible = Some(now);
                if heard {
                    row.task.state = State::Waiting;
                    row.task.waiting_since.get_or_insert(Seen { at: now, exact: true });
                    true
                } else {
                    row.lose(Reason::NotSeen, now)
                }
            });
        }
        while let Some(&(at, id)) = self.timers.first() {
            if at > now.mono {
                break;
            }
            self.doubt_comes_true(id, now);
        }
        if self.next_word().is_some_and(|at| at <= now.mono) {
            self.miss_words(now);
        }
    }

    /// When the next kernel's word is overdue: the task manager says how each is every minute. `None` while the bus is
    /// not heard, or where none is waited for.
    pub(super) fn next_word(&self) -> Option<Duration> {
        let since = self.heard_since.filter(|_| self.bus_up)?;
        let waits = self.stations.iter().filter(|station| !station.service.no_word);
        let heard = waits.filter_map(|station| station.service.kernel_heard);
        heard.map(|heard| heard.mono.max(since.mono) + WORD).min()
    }

    fn miss_words(&mut self, now: Now) {
        let Some(since) = self.heard_since else { return };
        for station in &mut self.stations {
            let service = &mut station.service;
            let overdue = |heard: Now| heard.mono.max(since.mono) + WORD <= now.mono;
            service.no_word |= service.kernel_heard.is_some_and(overdue);
        }
        self.touch();
    }

    fn doubt_comes_true(&mut self, id: RowId, now: Now) {
        let Some(doubt) = self.row(id).and_then(|row| row.timer).map(|(_, doubt)| doubt) else { return };
        if doubt == Doubt::NotTaken {
            return self.not_taken(id, now);
        }
        // Nothing was given away.
        if doubt == Doubt::GivenAway && !self.slots {
            self.edit(id, |row| {
                row.timer = None;
                false
            });
            return;
        }
        self.edit(id, |row| {
            row.timer = None;
            match doubt {
                Doubt::NeverStarted => row.lose(Reason::NeverStarted, now),
                Doubt::KernelIdle | Doubt::GivenAway => row.lose(Reason::EndMissed, now),
                Doubt::Details | Doubt::NotTaken => false,
            }
        });
        if doubt != Doubt::Details {
            self.slot_lost(id, now);
        }
        self.ask_about(id);
    }

    /// Has the scheduler asked about a row of its, once.
    pub(super) fn ask_about(&mut self, id: RowId) {
        let Some(row) = self.rows.get_mut(&id) else { return };
        let Some(scheduled) = row.task.scheduled_task_id.clone() else { return };
        if !row.asked && self.questions.len() < QUESTIONS {
            row.asked = true;
            self.questions.push_back(scheduled);
        }
    }

    /// Sets a row's timer, in place of one with another doubt; the same doubt is not put off.
    fn set_timer(&mut self, id: RowId, at: Duration, doubt: Doubt) {
        self.edit(id, |row| {
            if row.timer.is_none_or(|(_, known)| known != doubt) {
                row.timer = Some((at, doubt));
            }
            false
        });
    }

    pub(super) fn doubt_start(&mut self, id: RowId, now: Now) {
        self.set_timer(id, now.mono + TAKING, Doubt::NotTaken);
    }

    /// Its service has not taken it: that one cannot be reached. Of an own task our connection tells the rest.
    fn not_taken(&mut self, id: RowId, now: Now) {
        let Some(task) = self.row(id).map(|row| &row.task) else { return };
        let (service, since) = (task.service.clone(), task.started.map_or(now, |begun| begun.at));
        let told_otherwise = task.is_answered_here();
        self.edit(id, |row| {
            let at = now.mono + (STARTING - TAKING);
            row.timer = (!told_otherwise).then_some((at, Doubt::NeverStarted));
            false
        });
        if let Some(station) = self.station_mut(&service) {
            station.service.trouble.get_or_insert(Trouble::NotTaken(since));
            self.touch();
        }
    }

    /// Where the router has just ended a task because it lost its connection to the service under it: what else was sent
    /// there is gone with it, or runs on unobserved.
    pub(super) fn look_for_lost_service(&mut self, id: RowId, now: Now) {
        let Some(task) = self.row(id).map(|row| &row.task) else { return };
        // In the scheduler's list stand such ends of days ago.
        let just_now = task.ended.is_some_and(|end| end.exact && now.since(end.at) < JUST_NOW);
        if !just_now || !task.failure().is_some_and(judge::lost_service) {
            return;
        }
        let (service, lost) = (task.service.clone(), task.ended);
        let mut is_back = false;
        for id in self.running(&service) {
            let Some(task) = self.row(id).map(|row| &row.task) else { continue };
            let told_otherwise = task.is_answered_here();
            // What began since runs on the service that is there again.
            let since = task.started.zip(lost).is_some_and(|(began, lost)| began.at.mono > lost.at.mono);
            is_back |= since;
            if !since && task.state == (State::Running { starting: false }) && !told_otherwise {
                self.edit(id, |row| row.lose(Reason::ServiceGone, now));
                self.slot_lost(id, now);
                self.ask_about(id);
            }
        }
        if let Some(station) = self.station_mut(&service).filter(|_| !is_back) {
            station.service.trouble = Some(Trouble::LostTask(now));
            self.touch();
        }
    }

    /// A service shows life.
    pub(super) fn on_life(&mut self, service: &str) {
        if let Some(station) = self.station_mut(service)
            && station.service.trouble.take().is_some()
        {
            self.touch();
        }
    }

    pub(super) fn doubt_details(&mut self, id: RowId, now: Now) {
        self.set_timer(id, now.mono + DETAILS, Doubt::Details);
    }

    /// Whether a service is known to have no kernel.
    pub(super) fn is_plain(&self, service: &str, now: Now) -> bool {
        let ipython = self.station(service).and_then(|station| station.service.ipython);
        let silent = self.bus_up && self.heard_since.is_some_and(|since| now.since(since) > NO_KERNEL);
        ipython == Some(false) || (ipython.is_none() && silent)
    }

    /// A sequential row went out of sight: whether its slot is taken cannot be told any more.
    pub(super) fn slot_lost(&mut self, id: RowId, now: Now) {
        let Some(row) = self.row(id) else { return };
        if row.task.lane != Lane::Sequential {
            return;
        }
        let service = row.task.service.clone();
        if let Some(station) = self.station_mut(&service) {
            station.sense.freed = None;
            station.sense.lost = Some(now);
        }
    }

    /// A sequential task began and ended while an older one was still said to run: the slot had been given away, which
    /// the router does only when it is done with the older one. Either its end was lost on the bus or its client had
    /// left, and then the router never tells it (measured). It may run on at the service, but nobody will say so.
    pub(super) fn doubt_older_neighbours(&mut self, id: RowId, now: Now) {
        if !self.slots {
            return;
        }
        let Some(task) = self.row(id).map(|row| &row.task) else { return };
        let Some(begun) = task.started.filter(|s| s.exact && task.lane == Lane::Sequential) else { return };
        let Some(station) = self.station(&task.service) else { return };
        let older = |row: &RowId| {
            self.row(*row).is_some_and(|row| {
                let t = &row.task;
                let told_otherwise = t.own.is_some() || t.scheduled_task_id.is_some();
                t.lane == Lane::Sequential
                    && !told_otherwise
                    && t.started.is_some_and(|s| s.at.mono < begun.at.mono)
            })
        };
        let older: Vec<RowId> =
            station.running.iter().copied().filter(|row| *row != id && older(row)).collect();
        for row in older {
            self.set_timer(row, now.mono + GIVEN_AWAY, Doubt::GivenAway);
        }
    }

    pub(super) fn on_bus_link(&mut self, up: bool, now: Now) {
        if up == self.bus_up {
            return;
        }
        self.bus_up = up;
        self.spoke = None;
        if up {
            self.heard_since = Some(now);
            // What the scheduler said while the bus was away was so when it said it.
            let said = self.stations.iter().flat_map(|station| station.running.iter().copied()).collect();
            self.lose_sight(said, now);
            self.touch();
        } else {
            self.beside.lose_sight();
            self.on_gap(now);
        }
    }

    /// From here on something may have been missed: what runs or is due may have ended, except what our own
    /// connections will tell.
    pub(super) fn on_gap(&mut self, now: Now) {
        self.blind_since = Some(now);
        self.schedule_whole = false;
        self.heard_since = self.bus_up.then_some(now);
        let mut doubted: Vec<RowId> = Vec::new();
        for station in &mut self.stations {
            station.sense = Sense::default();
            // Once the bus is back each has its time again.
            station.service.no_word = false;
            doubted.extend(&station.running);
            doubted.extend(&station.waiting);
        }
        self.lose_sight(doubted, now);
        self.touch();
    }

    /// These may have ended unseen, but for what our own connections will tell, and for what waits for its moment.
    fn lose_sight(&mut self, rows: Vec<RowId>, now: Now) {
        for id in rows {
            self.edit(id, |row| {
                let task = &row.task;
                // Not yet with the scheduler, as far as we know: its acknowledgement comes by our connection. Of one that
                // was heard to run the bus was to tell the end.
                let unacknowledged = task.own == Some(Own::Scheduled) && task.scheduled_task_id.is_none();
                let on_its_way = unacknowledged && Part::of(task) == Part::Waiting;
                if task.is_answered_here() || on_its_way || task.state == State::Scheduled {
                    return false;
                }
                row.lose(Reason::NotSeen, now)
            });
        }
    }

    pub(super) fn on_task_link(&mut self, service: Option<Text>, up: bool, now: Now) {
        if let Some(name) = &service
            && let Some(station) = self.visit_own(name)
            && !station.service.alone
        {
            station.service.alone = true;
            self.touch();
        }
        if up {
            return;
        }
        let own: Vec<RowId> = self.own_open.iter().copied().collect();
        for id in own {
            let Some(row) = self.row(id) else { continue };
            let task = &row.task;
            let lost = match (task.own, &service) {
                // One apart loses its own connection: `on_connection_lost`.
                (Some(Own::Direct), None) => true,
                // The scheduler may have taken it or not: its acknowledgement was lost.
                (Some(Own::Scheduled), None) => task.scheduled_task_id.is_none(),
                (Some(Own::Alone), Some(name)) => task.service == *name,
                _ => false,
            };
            if !lost {
                continue;
            }
            // What waits for a turn on a service's own port waits in this program: it was never sent.
            let never_sent = task.own == Some(Own::Alone) && Part::of(task) == Part::Waiting;
            self.edit(id, |row| {
                if never_sent {
                    let why = "the connection was lost before its turn".to_owned();
                    row.finish(super::Outcome::Failed, Some(Reason::NotSent(why)), now, true)
                } else {
                    row.lose(Reason::LinkLost, now)
                }
            });
            if self.row(id).is_some_and(|row| row.task.own == Some(Own::Scheduled)) {
                self.unacknowledged.insert(id);
            }
            if !never_sent {
                self.slot_lost(id, now);
            }
        }
    }

    /// What a kernel's state says about the tasks of its service.
    pub(super) fn on_kernel_state(&mut self, service: &str, state: &KernelState, gone: bool, now: Now) {
        match state {
            // The state is repeated every minute while it lasts: only its beginning says something about what ran
            // then. (A task can be sent to a process that has begun to listen and still loads its modules.)
            KernelState::Connecting | KernelState::Restarting if !gone => self.on_kernel_gone(service, now),
            KernelState::Busy => {
                self.on_life(service);
                self.on_kernel_busy(service, now);
            }
            KernelState::Idle => {
                self.on_life(service);
                self.on_kernel_idle(service, now);
            }
            KernelState::Connecting | KernelState::Restarting | KernelState::Unknown(_) => {}
        }
    }

    fn running(&self, service: &str) -> Vec<RowId> {
        self.station(service).map(|station| station.running.iter().copied().collect()).unwrap_or_default()
    }

    fn on_kernel_gone(&mut self, service: &str, now: Now) {
        for id in self.running(service) {
            let sent = self.row(id).is_some_and(|row| row.task.state == State::Running { starting: false });
            if sent {
                self.edit(id, |row| row.lose(Reason::ServiceGone, now));
                self.slot_lost(id, now);
            }
        }
        if let Some(station) = self.station_mut(service) {
            station.sense.busy = None;
        }
    }

    fn on_kernel_busy(&mut self, service: &str, now: Now) {
        let mut explained = false;
        for id in self.running(service) {
            explained |= self.row(id).is_some_and(|row| row.task.is_ipython());
            if self.row(id).is_some_and(|row| matches!(row.timer, Some((_, Doubt::KernelIdle)))) {
                self.edit(id, |row| {
                    row.timer = None;
                    false
                });
            }
        }
        if let Some(station) = self.station_mut(service)
            && !explained
            && station.sense.busy.is_none()
        {
            station.sense.busy = Some(now);
            self.touch();
        }
    }

    fn on_kernel_idle(&mut self, service: &str, now: Now) {
        for id in self.running(service) {
            let Some(row) = self.row(id) else { continue };
            let told_otherwise = row.task.is_answered_here();
            if row.cell && row.task.state == (State::Running { starting: false }) && !told_otherwise {
                self.set_timer(id, now.mono + IDLE, Doubt::KernelIdle);
            }
        }
        if let Some(station) = self.station_mut(service)
            && station.sense.busy.take().is_some()
        {
            self.touch();
        }
    }

    pub(super) fn on_put_away(&mut self, key: &TaskKey, now: Now) {
        let Some(id) = self.id_of(key) else { return };
        let ran = self.row(id).is_some_and(|row| Part::of(&row.task) == Part::Running);
        self.edit(id, |row| row.lose(Reason::PutAway, now));
        if ran {
            self.slot_lost(id, now);
        }
    }

    pub(super) fn on_cancel_asked(&mut self, key: &TaskKey, now: Now) {
        let Some(id) = self.id_of(key) else { return };
        self.edit(id, |row| {
            let wish = row.task.state != State::Ended && !row.task.cancel_wished;
            row.task.cancel_wished |= wish;
            row.task.last_heard = now;
            wish
        });
    }

    pub(super) fn on_cancel_lost(&mut self, key: &TaskKey) {
        let Some(id) = self.id_of(key) else { return };
        self.edit(id, |row| {
            // An own direct one that is not taken back goes on as it was.
            let goes_on = Part::of(&row.task) == Part::Waiting || row.task.own == Some(Own::Apart);
            goes_on && std::mem::replace(&mut row.task.cancel_wished, false)
        });
    }

    pub(super) fn id_of(&self, key: &TaskKey) -> Option<RowId> {
        self.keys.get(&key.0).or_else(|| self.ids.get(&key.0)).copied()
    }
}
