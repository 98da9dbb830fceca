//! What is asked for by itself: the scheduler's list and the topics, once at the start and once after each gap, never by a
//! timer (a large list stalls the lab's router).
//!
//! A list is only worth something where nothing falls between it and the first event that is heard after it. Juice tells
//! its bus of a new reader in the background, some time after the connection stands, and all events up to then are lost on
//! that reader. All events come through one socket of one proxy, so whatever is heard first proves that from there on
//! everything is. Therefore the list is asked for once something was heard; a bus that is quiet is made to speak by a
//! question that costs nothing and shows on nobody's dashboard (the router tells the bus of each task).

use std::time::Duration;

use super::{Outgoing, Pending, Session};
use crate::{
    store::Input,
    time::Now,
    wire::{
        frame::manager,
        link::{Line, LinkState},
    },
};

/// How long a quiet bus is waited for before each question, and then before the list is read without having heard
/// anything. (Heard only after that, it is read once more.)
const PAUSES: [Duration; 5] = [
    Duration::from_millis(300),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(2),
];

/// So many losses of the link in a row with the list on its way are no accident any more.
const MOST_LOSSES: u32 = 2;

/// A scheduled task that no scheduler has: asked for only so that the bus tells of the question.
pub(super) const NOBODY: &str = "juicetop-asks-whether-the-bus-speaks";

/// A quiet bus is made to speak.
#[derive(Clone, Debug)]
pub(super) struct Probing {
    /// Questions that went out.
    asked: usize,
    /// When the next one is due, or, behind the last one, the list.
    pub at: Duration,
}

impl Session {
    /// Asks for the scheduler's list and the topics, where they are wanted. It waits for the bus; only where the bus
    /// cannot be had from the start is the list read once without it.
    pub(super) fn ask_what_is_wanted(&mut self, now: Now, out: &mut Vec<Outgoing>) {
        if !self.is_live(&Line::Router) || self.replay.is_some() {
            return;
        }
        let bus_coming = match self.link(&Line::Bus) {
            Some(link) => matches!(link.state, LinkState::Connecting { attempt: 0 | 1 }),
            None => true,
        };
        if bus_coming || (self.list_asked.is_some() && !self.is_live(&Line::Bus)) {
            return;
        }
        if std::mem::take(&mut self.topics_wanted) {
            let id = self.ids.fresh();
            self.send_manager(manager::get_event_topic_list(id), Pending::Topics, out);
        }
        let breaks = self.list_losses >= MOST_LOSSES;
        if !self.list_wanted || self.without_list || breaks || self.list_pending() {
            return;
        }
        let quiet = self.is_live(&Line::Bus) && !self.bus_delivers && self.has_scheduler != Some(false);
        if quiet && self.goes_on_probing(now, out) {
            return;
        }
        self.ask_list(now, out);
    }

    /// Makes the bus speak; false once that has been tried for long enough.
    fn goes_on_probing(&mut self, now: Now, out: &mut Vec<Outgoing>) -> bool {
        let probing = self.probing.get_or_insert(Probing { asked: 0, at: now.mono + PAUSES[0] });
        if now.mono < probing.at {
            return true;
        }
        probing.asked += 1;
        match PAUSES.get(probing.asked) {
            Some(pause) => {
                probing.at = now.mono + *pause;
                let id = self.ids.fresh();
                self.send_manager(manager::get_scheduled_task(id, NOBODY), Pending::Probe, out);
                true
            }
            None => false,
        }
    }

    pub(super) fn ask_list(&mut self, now: Now, out: &mut Vec<Outgoing>) {
        self.list_wanted = false;
        self.list_later = None;
        self.probing = None;
        self.list_asked = Some(now);
        self.list_unsure = !self.bus_delivers;
        self.store.apply(Input::ScheduleAsked, now);
        let id = self.ids.fresh();
        self.send_manager(manager::get_scheduled_tasks(id), Pending::List { old: false }, out);
    }

    /// The first message since the bus is up: from here on it brings all.
    pub(super) fn bus_speaks(&mut self, now: Now) {
        self.bus_delivers = true;
        self.bus_whole = Some(now);
        self.gaps.ends(now);
        self.probing = None;
        if std::mem::take(&mut self.list_unsure) {
            self.list_grows_old();
            self.list_wanted = true;
        }
    }

    /// The router's link is lost, perhaps because of the list that was on its way: a large one stalls the router, and what
    /// lies between may not let it pass. Asked for again and again it would cost the link each time, and the own tasks
    /// that wait on it. So after the second time it is left to the person.
    pub(super) fn count_list_loss(&mut self, now: Now) {
        if !self.list_pending() {
            return;
        }
        self.list_losses += 1;
        if self.list_losses == MOST_LOSSES {
            let why = "the link was lost while it was on its way, twice; it is not asked for again by itself";
            self.store.apply(Input::ScheduleUnreadable(why.to_owned()), now);
        }
    }

    /// Something may have been missed: the list that is on its way does not say how things stand any more.
    pub(super) fn list_grows_old(&mut self) {
        for pending in self.pending.values_mut() {
            if let Pending::List { old } = pending {
                *old = true;
            }
        }
    }
}
