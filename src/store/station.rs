//! A service with its own indexes: its rows by their part in life, what was sensed of its slot, its task types.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MOST_SERVICES, Store, TASK_MANAGER,
    bus::fill,
    group::GroupId,
    lane::{Queues, Turn},
    service::Service,
    table::{Part, RowId},
    types::Types,
};
use crate::{
    time::Now,
    wire::{Text, event::KernelState},
};

/// A service and what hangs on it.
#[derive(Clone, Debug)]
pub(super) struct Station {
    pub service: Service,
    pub waiting: BTreeSet<RowId>,
    /// The same in order, visible and hidden ones apart.
    pub queues: [Queues; 2],
    pub running: BTreeSet<RowId>,
    pub unknown: BTreeSet<RowId>,
    /// Those in no group, by the order of their ends, visible and hidden ones apart.
    pub ended: [BTreeMap<u64, RowId>; 2],
    /// Groups with members that are kept.
    pub groups: BTreeSet<GroupId>,
    pub sense: Sense,
    pub types: Types,
}

/// What was sensed of a slot, apart from the tasks that are seen to hold it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sense {
    /// Its last holder was seen to end, and none was seen to begin since.
    pub freed: Option<Now>,
    /// Since when it is not known: a holder was lost from sight, later than the store became blind.
    pub lost: Option<Now>,
    /// The scheduler said that a task is overdue although no holder is known.
    pub overdue: Option<Now>,
    /// The kernel became busy although no cell is known to run.
    pub busy: Option<Now>,
    /// The kernel's state was told.
    pub kernel_told: bool,
    /// The last direct sequential task that began.
    pub direct: Option<(RowId, Now)>,
}

impl Station {
    fn new(name: Text) -> Station {
        let service = Service {
            name,
            configured: false,
            kernel: None,
            kernel_heard: None,
            no_word: false,
            heard: None,
            alone: false,
            ipython: None,
            trouble: None,
        };
        Station {
            service,
            waiting: BTreeSet::new(),
            queues: Default::default(),
            running: BTreeSet::new(),
            unknown: BTreeSet::new(),
            ended: [BTreeMap::new(), BTreeMap::new()],
            groups: BTreeSet::new(),
            sense: Sense::default(),
            types: Types::default(),
        }
    }

    pub fn file(&mut self, id: RowId, part: Part, hidden: bool, turn: Option<Turn>, finish: Option<u64>) {
        match part {
            Part::Waiting => {
                self.waiting.insert(id);
                self.queues[usize::from(hidden)].add(id, turn);
            }
            Part::Running => _ = self.running.insert(id),
            Part::Unknown => _ = self.unknown.insert(id),
            Part::Ended | Part::PutAway => {
                if let Some(at) = finish {
                    self.ended[usize::from(hidden)].insert(at, id);
                }
            }
        }
    }

    pub fn unfile(&mut self, id: RowId, part: Part, hidden: bool, turn: Option<Turn>, finish: Option<u64>) {
        match part {
            Part::Waiting => {
                self.waiting.remove(&id);
                self.queues[usize::from(hidden)].remove(id, turn);
            }
            Part::Running => _ = self.running.remove(&id),
            Part::Unknown => _ = self.unknown.remove(&id),
            Part::Ended | Part::PutAway => {
                if let Some(at) = finish {
                    self.ended[usize::from(hidden)].remove(&at);
                }
            }
        }
    }

    /// The kernel is away: dead, or starting anew.
    pub fn kernel_gone(&self) -> bool {
        matches!(self.service.kernel, Some((KernelState::Connecting | KernelState::Restarting, _)))
    }
}

impl Store {
    pub(super) fn station(&self, name: &str) -> Option<&Station> {
        self.station_of.get(name).and_then(|&at| self.stations.get(at))
    }

    pub(super) fn station_mut(&mut self, name: &str) -> Option<&mut Station> {
        let &at = self.station_of.get(name)?;
        self.stations.get_mut(at)
    }

    /// The service of that name, listed if it is new. `None`: there are too many already.
    pub(super) fn visit(&mut self, name: &Text) -> Option<&mut Station> {
        self.visit_up_to(name, MOST_SERVICES)
    }

    /// As [`Store::visit`], for names that we ourselves bring: they are always listed.
    pub(super) fn visit_own(&mut self, name: &Text) -> Option<&mut Station> {
        self.visit_up_to(name, usize::MAX)
    }

    fn visit_up_to(&mut self, name: &Text, most: usize) -> Option<&mut Station> {
        if !self.station_of.contains_key(name) {
            if self.stations.len() >= most {
                if self.refused.len() < MOST_SERVICES && self.refused.insert(name.clone()) {
                    self.touch();
                }
                return None;
            }
            let mut station = Station::new(name.clone());
            if self.topics_read || &**name == TASK_MANAGER {
                station.service.ipython = Some(false);
            }
            self.station_of.insert(name.clone(), self.stations.len());
            self.stations.push(station);
            self.arrange();
        }
        self.station_mut(name)
    }

    /// As [`Store::visit`], because something about it was heard from outside.
    pub(super) fn hear(&mut self, name: &Text, now: Now) -> Option<&mut Station> {
        let station = self.visit(name)?;
        station.service.heard = Some(now);
        Some(station)
    }

    pub(super) fn on_configured(&mut self, names: Vec<Text>) {
        for station in &mut self.stations {
            station.service.configured = false;
        }
        for name in &names {
            if let Some(station) = self.visit_own(name) {
                station.service.configured = true;
            }
        }
        self.configured = names;
        self.arrange();
    }

    /// The topics tell which services have a kernel: `IPythonServiceState.NAME`. The task manager publishes one for
    /// each at its start and every minute, so a service without such a topic has none.
    pub(super) fn on_topics(&mut self, topics: &[Text]) {
        let kernels: Vec<Text> = topics
            .iter()
            .filter_map(|topic| topic.strip_prefix("IPythonServiceState."))
            .map(|name| Text::from(name.strip_suffix('.').unwrap_or(name)))
            .filter(|name| !name.is_empty())
            .collect();
        let mut changed = false;
        for name in &kernels {
            if let Some(station) = self.visit(name) {
                changed |= station.service.ipython.replace(true) != Some(true);
            }
        }
        for station in &mut self.stations {
            changed |= fill(&mut station.service.ipython, || Some(false));
        }
        self.topics_read = true;
        if changed {
            self.touch();
        }
    }

    fn arrange(&mut self) {
        let mut order: Vec<usize> =
            self.configured.iter().filter_map(|name| self.station_of.get(name)).copied().collect();
        order.extend(0..self.stations.len());
        let mut taken = vec![false; self.stations.len()];
        order.retain(|&at| taken.get_mut(at).is_some_and(|taken| !std::mem::replace(taken, true)));
        if let Some(manager) = self.station_of.get(TASK_MANAGER) {
            order.retain(|at| at != manager);
            order.push(*manager);
        }
        self.order = order;
        self.touch();
    }
}
