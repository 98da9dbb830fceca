//! Groups: tasks that were sent together, gathered by the mark at the end of their names.
//!
//! A group is what its members are: it has no state of its own, and none can be told that its members do not tell.
//! It refuses to count a member that was never heard of, but as one of the whole number.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Store,
    table::{Part, Row, RowId},
    task::{Outcome, Reason, Task},
};
use crate::wire::{Text, group::Mark};

/// A group's number; later ones have higher ones.
pub(super) type GroupId = u64;

/// What a group is called: for selection and confirmations.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKey {
    /// The service. A group has one.
    pub service: Text,
    /// Its name and its tag, `NAME #4f2a`, and how many there are.
    pub id: Text,
}

impl GroupKey {
    /// The key of the group that a mark on a service's task tells of.
    pub fn new(service: &Text, mark: &Mark) -> GroupKey {
        let id = format!("{} #{} {}", mark.name, mark.tag, mark.of).into();
        GroupKey { service: service.clone(), id }
    }
}

/// A task's place in its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The group.
    pub key: GroupKey,
    /// What the task's name says.
    pub mark: Mark,
}

/// How a group's members stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCounts {
    /// Scheduled or waiting.
    pub waiting: usize,
    /// Running.
    pub running: usize,
    /// Ended ok.
    pub ok: usize,
    /// Failed.
    pub failed: usize,
    /// Cancelled before they started.
    pub cancelled: usize,
    /// What may have ended, those put away among them.
    pub unknown: usize,
    /// What was tried to be sent and never went out; sent again it counts anew.
    pub unsent: usize,
}

impl GroupCounts {
    /// Ended, however.
    pub fn ended(&self) -> usize {
        self.ok + self.failed + self.cancelled
    }

    /// Heard of.
    pub fn known(&self) -> usize {
        self.waiting + self.running + self.unknown + self.ended()
    }

    fn of(&mut self, standing: Standing) -> &mut usize {
        match (standing.part, standing.outcome) {
            (Part::Waiting, _) => &mut self.waiting,
            (Part::Running, _) => &mut self.running,
            (Part::Unknown | Part::PutAway, _) => &mut self.unknown,
            (Part::Ended, _) if standing.unsent => &mut self.unsent,
            (Part::Ended, Some(Outcome::Failed)) => &mut self.failed,
            (Part::Ended, Some(Outcome::Cancelled)) => &mut self.cancelled,
            (Part::Ended, _) => &mut self.ok,
        }
    }
}

/// What of a row its group needs to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    pub group: GroupId,
    pub place: u32,
    pub part: Part,
    pub outcome: Option<Outcome>,
    /// It never went out.
    pub unsent: bool,
    pub hidden: bool,
    pub finish: Option<u64>,
}

impl Standing {
    pub fn of(row: &Row) -> Option<Standing> {
        let task = &row.task;
        Some(Standing {
            group: row.group?,
            place: task.group.as_ref()?.mark.place,
            part: Part::of(task),
            outcome: task.outcome,
            unsent: matches!(task.reason, Some(Reason::NotSent(_))),
            hidden: task.kept_back(),
            finish: row.finish,
        })
    }
}

/// Tasks that were sent together.
#[derive(Clone, Debug)]
pub struct Group {
    /// What it is called here.
    pub key: GroupKey,
    /// Its name.
    pub name: Text,
    /// How many members there are to be.
    pub of: u32,
    kept: GroupCounts,
    /// Members that were let go.
    gone: GroupCounts,
    hidden: usize,
    members: BTreeSet<(u32, RowId)>,
    finished: BTreeMap<u64, RowId>,
}

impl Group {
    /// How its members stand, those that were let go too.
    pub fn counts(&self) -> GroupCounts {
        let (kept, gone) = (self.kept, self.gone);
        GroupCounts {
            waiting: kept.waiting,
            running: kept.running,
            ok: kept.ok + gone.ok,
            failed: kept.failed + gone.failed,
            cancelled: kept.cancelled + gone.cancelled,
            unknown: kept.unknown + gone.unknown,
            unsent: kept.unsent + gone.unsent,
        }
    }

    /// Something of it runs or waits.
    pub fn is_active(&self) -> bool {
        self.kept.running + self.kept.waiting > 0
    }

    /// Something of it waits.
    pub(super) fn waits(&self) -> bool {
        self.kept.waiting > 0
    }

    /// It has members that dashboards show.
    pub(super) fn is_visible(&self) -> bool {
        self.hidden < self.members.len()
    }

    /// Members that are kept and ended.
    pub(super) fn ended_count(&self) -> usize {
        self.kept.ended()
    }

    /// Members that were let go.
    pub fn let_go(&self) -> usize {
        self.gone.known() + self.gone.unsent
    }

    /// Members that are kept.
    pub fn members_kept(&self) -> usize {
        self.members.len()
    }
}

impl Store {
    /// One group; `None` once none of its members is kept.
    pub fn group(&self, key: &GroupKey) -> Option<&Group> {
        self.groups.get(self.group_of.get(key)?)
    }

    /// A group's members that are kept, in their order.
    pub fn members<'a>(&'a self, group: &'a Group) -> impl DoubleEndedIterator<Item = &'a Task> {
        group.members.iter().filter_map(|(_, id)| self.row(*id)).map(|row| &row.task)
    }

    /// The member that ended last.
    pub fn last_ended<'a>(&'a self, group: &'a Group) -> Option<&'a Task> {
        let (_, id) = group.finished.last_key_value()?;
        self.row(*id).map(|row| &row.task)
    }

    /// The group that a name tells of; made if it is new.
    pub(super) fn group_named(&mut self, service: &Text, name: &str) -> Option<(Arc<Member>, GroupId)> {
        let (_, mark) = Mark::read(name)?;
        let key = GroupKey::new(service, &mark);
        let number = match self.group_of.get(&key) {
            Some(number) => *number,
            None => {
                let number = self.next_group;
                self.next_group += 1;
                let group = Group {
                    key: key.clone(),
                    name: mark.name.clone(),
                    of: mark.of,
                    kept: GroupCounts::default(),
                    gone: GroupCounts::default(),
                    hidden: 0,
                    members: BTreeSet::new(),
                    finished: BTreeMap::new(),
                };
                self.groups.insert(number, group);
                self.group_of.insert(key.clone(), number);
                if let Some(station) = self.station_mut(service) {
                    station.groups.insert(number);
                }
                number
            }
        };
        Some((Arc::new(Member { key, mark }), number))
    }

    pub(super) fn file_member(&mut self, id: RowId, standing: Standing) {
        let Some(group) = self.groups.get_mut(&standing.group) else { return };
        group.members.insert((standing.place, id));
        group.hidden += usize::from(standing.hidden);
        *group.kept.of(standing) += 1;
        if let Some(at) = standing.finish {
            group.finished.insert(at, id);
        }
    }

    pub(super) fn unfile_member(&mut self, id: RowId, standing: Standing) {
        let Some(group) = self.groups.get_mut(&standing.group) else { return };
        group.members.remove(&(standing.place, id));
        group.hidden = group.hidden.saturating_sub(usize::from(standing.hidden));
        let count = group.kept.of(standing);
        *count = count.saturating_sub(1);
        if let Some(at) = standing.finish {
            group.finished.remove(&at);
        }
    }

    /// A row is about to be let go: its group goes on counting it.
    pub(super) fn remember_member(&mut self, id: RowId) {
        let Some(standing) = self.row(id).and_then(Standing::of) else { return };
        if let Some(group) = self.groups.get_mut(&standing.group) {
            *group.gone.of(standing) += 1;
        }
    }

    /// Groups of which nothing is kept any more are let go too.
    pub(super) fn drop_empty_group(&mut self, number: GroupId) {
        let Some(group) = self.groups.get(&number).filter(|group| group.members.is_empty()) else { return };
        let key = group.key.clone();
        self.groups.remove(&number);
        self.group_of.remove(&key);
        if let Some(station) = self.station_mut(&key.service) {
            station.groups.remove(&number);
        }
    }
}
