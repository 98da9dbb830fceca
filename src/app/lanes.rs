//! The lanes as a list of rows: what stands below what, what can be selected, how much of each service fits.
//!
//! Pure: made anew from the store whenever something changed. The selection is a task's key (or a service's name),
//! never a row's number, and the selected row keeps its line on the screen while the list moves around it.

use std::collections::{HashMap, HashSet};

use crate::{
    store::{Group, GroupKey, Lanes, Reason, Slot, State, Store, Task, TaskKey, Wait, filter::Filter},
    time::Now,
    wire::Text,
};

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The service.
    pub service: Text,
    /// The task; `None`: the service's own line, or a group's.
    pub task: Option<TaskKey>,
    /// The group, where its line is selected.
    pub group: Option<GroupKey>,
}

impl Selected {
    /// A service's own line.
    pub fn service(service: Text) -> Selected {
        Selected { service, task: None, group: None }
    }

    /// A task.
    pub fn task(service: Text, task: TaskKey) -> Selected {
        Selected { service, task: Some(task), group: None }
    }

    /// A group's line.
    pub fn group(group: GroupKey) -> Selected {
        Selected { service: group.service.clone(), task: None, group: Some(group) }
    }

    /// Whether it is a service's own line.
    pub fn is_service(&self) -> bool {
        self.task.is_none() && self.group.is_none()
    }
}

/// How a service's block is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Folding {
    /// What runs and waits, and as much of what ended as fits.
    #[default]
    Auto,
    /// Everything that is kept.
    All,
    /// One line.
    Folded,
}

/// One row of the lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The service's own line.
    Service {
        /// Its name.
        service: Text,
        /// It is all that is shown of the service.
        folded: bool,
    },
    /// The slot where no holder is known: free, not known, taken by something unseen.
    Slot {
        /// The service.
        service: Text,
    },
    /// A task.
    Task {
        /// The service.
        service: Text,
        /// The task.
        key: TaskKey,
        /// Which part of the block it stands in.
        part: Part,
        /// The first row of that part, which carries the part's label.
        first: bool,
    },
    /// Tasks that were sent together, as one.
    Group {
        /// The group.
        key: GroupKey,
        /// Which part of the block it stands in.
        part: Part,
        /// The first row of that part, which carries the part's label.
        first: bool,
        /// Its members stand below it.
        open: bool,
        /// How many of its members pass the filter, where there is one.
        passing: Option<usize>,
    },
    /// The parallel lane, empty.
    NoParallel {
        /// The service.
        service: Text,
    },
    /// Others may be waiting: Juice does not tell.
    Others {
        /// The service.
        service: Text,
        /// It is the sequential lane's first row.
        first: bool,
    },
    /// The scheduler's list could not be read.
    Unreadable {
        /// The service.
        service: Text,
    },
    /// That many more tasks are kept than are shown.
    More {
        /// The service.
        service: Text,
        /// How many.
        count: usize,
        /// Which.
        rest: Rest,
    },
    /// Room between two blocks.
    Gap,
}

/// What is not shown of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// What waits behind the first.
    Waiting,
    /// What may have ended.
    Unknown,
    /// What ended.
    Ended,
}

/// The parts of a service's block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Holds the slot.
    Holder,
    /// Waits for it, at that place (from 1).
    Waiting {
        /// From 1.
        place: usize,
        /// Others went first.
        overtaken: bool,
    },
    /// Runs in parallel.
    Parallel,
    /// May have ended.
    Unknown,
    /// Ended.
    Ended,
    /// Below its group's line.
    Member,
}

impl Row {
    /// The service that it belongs to.
    pub fn service(&self) -> Option<&Text> {
        match self {
            Row::Service { service, .. }
            | Row::Slot { service }
            | Row::Task { service, .. }
            | Row::NoParallel { service }
            | Row::Others { service, .. }
            | Row::Unreadable { service }
            | Row::More { service, .. } => Some(service),
            Row::Group { key, .. } => Some(&key.service),
            Row::Gap => None,
        }
    }

    /// What it selects, if it can be selected.
    pub fn selects(&self) -> Option<Selected> {
        match self {
            Row::Service { service, .. } => Some(Selected::service(service.clone())),
            Row::Task { service, key, .. } => Some(Selected::task(service.clone(), key.clone())),
            Row::Group { key, .. } => Some(Selected::group(key.clone())),
            _ => None,
        }
    }
}

/// What the rows depend on, apart from the store.
#[derive(Debug)]
pub struct Choice<'a> {
    /// Hidden tasks too.
    pub hidden: bool,
    /// Which tasks.
    pub filter: &'a Filter,
    /// How each service is shown.
    pub folding: &'a HashMap<Text, Folding>,
    /// What is selected: it is always among the rows.
    pub selected: Option<&'a Selected>,
    /// Rows that there is room for.
    pub height: usize,
    /// Only the selected service (a small screen).
    pub one: bool,
    /// Groups whose members stand below their line.
    pub open: &'a HashSet<GroupKey>,
    /// Groups that are still being sent.
    pub sending: &'a [GroupKey],
}

struct Block<'a> {
    name: Text,
    slot: Slot,
    others_may_wait: bool,
    unreadable: bool,
    /// Holders, then what waits.
    sequential: Vec<Line<'a>>,
    holds: bool,
    waits: bool,
    /// So many more wait behind those.
    more: usize,
    parallel: Vec<Line<'a>>,
    unknown: Vec<Line<'a>>,
    ended: Vec<Line<'a>>,
    folding: Folding,
    /// Holders may be missing because a filter leaves them out.
    filtered: bool,
    shown: usize,
}

/// A task, or a group with those of its members that stand below it.
#[derive(Clone)]
enum Line<'a> {
    Task(&'a Task, Part),
    Group { group: &'a Group, part: Part, open: bool, passing: Option<usize>, members: Vec<&'a Task> },
}

impl Line<'_> {
    fn rows(&self) -> usize {
        match self {
            Line::Task(..) => 1,
            Line::Group { members, .. } => 1 + members.len(),
        }
    }

    fn has(&self, selected: &Selected) -> bool {
        match self {
            Line::Task(task, _) => selected.task.as_ref() == Some(&task.key),
            Line::Group { group, members, .. } => {
                selected.group.as_ref() == Some(&group.key)
                    || selected.task.as_ref().is_some_and(|key| members.iter().any(|m| m.key == *key))
            }
        }
    }
}

fn rows_of(lines: &[Line<'_>]) -> usize {
    lines.iter().map(Line::rows).sum()
}

/// Ended or unknown tasks of one service that are listed when everything is asked for.
const ALL: usize = 500;
/// Unknown tasks of one service that are listed otherwise.
const UNKNOWN: usize = 3;
/// Members of an open group that are listed.
const MEMBERS: usize = 2_000;

impl<'a> Block<'a> {
    fn new(
        store: &'a Store,
        choice: &Choice<'_>,
        name: Text,
        mut lanes: Lanes<'a>,
        ended: Ended<'a>,
        now: Now,
    ) -> Block<'a> {
        let filtered = !choice.filter.is_empty();
        let mut more = 0;
        if lanes.waits > lanes.waiting.len() {
            keep_selected(store, choice, &name, &mut lanes, now);
            // The members of a group are where its line is.
            let grouped: usize = lanes.groups.iter().map(|group| group.counts().waiting).sum();
            let shown = lanes.waiting.iter().filter(|wait| wait.task.group.is_none()).count();
            more = lanes.waits.saturating_sub(grouped + shown);
        }
        if filtered {
            lanes.holders.retain(|t| choice.filter.admits(t));
            lanes.waiting.retain(|w| choice.filter.admits(w.task));
            lanes.parallel.retain(|t| choice.filter.admits(t));
            lanes.unknown.retain(|t| choice.filter.admits(t));
        }
        let folding = match choice.folding.get(&name).copied().unwrap_or_default() {
            // Alone on the screen it has nothing to make room for.
            Folding::Folded if choice.one => Folding::Auto,
            folding => folding,
        };
        let mut groups = Groups { store, choice, placed: HashSet::new() };
        let mut sequential = Vec::new();
        for holder in &lanes.holders {
            sequential.extend(groups.line(holder, Part::Holder));
        }
        let waits = |wait: &Wait<'_>| Part::Waiting { place: wait.place, overtaken: wait.overtaken };
        for wait in &lanes.waiting {
            sequential.extend(groups.line(wait.task, waits(wait)));
        }
        let parallel: Vec<Line<'a>> =
            lanes.parallel.iter().filter_map(|t| groups.line(t, Part::Parallel)).collect();
        // What is still being sent stands where it will run, also while none of it waits.
        for group in lanes.groups.iter().filter(|group| choice.sending.contains(&group.key)) {
            let part = Part::Waiting { place: lanes.waiting.len() + 1, overtaken: false };
            sequential.extend(groups.place(group, part));
        }
        let unknown = lanes.unknown.iter().filter_map(|t| groups.line(t, Part::Unknown)).collect();
        let ended = match ended {
            Ended::Filtered(tasks) => tasks.into_iter().filter_map(|t| groups.line(t, Part::Ended)).collect(),
            Ended::Newest => newest(&mut groups, &lanes),
        };
        Block {
            name,
            slot: lanes.slot,
            others_may_wait: lanes.others_may_wait,
            unreadable: lanes.schedule_unreadable.is_some(),
            holds: !lanes.holders.is_empty(),
            waits: !lanes.waiting.is_empty(),
            more,
            sequential,
            parallel,
            unknown,
            ended,
            folding,
            filtered,
            shown: 0,
        }
    }

    fn is_quiet(&self) -> bool {
        self.sequential.is_empty()
            && self.parallel.is_empty()
            && self.unknown.is_empty()
            && !matches!(self.slot, Slot::TakenUnseen { .. })
    }

    fn is_empty(&self) -> bool {
        self.sequential.is_empty()
            && self.parallel.is_empty()
            && self.unknown.is_empty()
            && self.ended.is_empty()
    }

    fn folded(&self) -> bool {
        self.folding == Folding::Folded || (self.is_quiet() && self.ended.is_empty())
    }

    /// Unknown tasks that are listed: the newest few, or all where everything is asked for.
    fn unknown_shown(&self, selected: Option<&Selected>) -> usize {
        let all = self.unknown.len();
        if self.folding == Folding::All || all <= UNKNOWN + 1 {
            return all.min(ALL);
        }
        // The selected one is never cut away.
        let selected = selected.filter(|s| s.service == self.name);
        let place = selected.and_then(|s| self.unknown.iter().position(|line| line.has(s)));
        UNKNOWN.max(place.map_or(0, |p| p + 1)).min(all)
    }

    /// Rows without the ended ones.
    fn active(&self, roomy: bool) -> usize {
        if self.folded() {
            return 1;
        }
        let sequential = rows_of(&self.sequential) + usize::from(self.slot_row(roomy));
        let parallel = rows_of(&self.parallel).max(usize::from(roomy));
        1 + sequential
            + usize::from(self.more > 0)
            + usize::from(self.others_row())
            + usize::from(self.unreadable)
            + parallel
            + rows_of(&self.unknown[..self.unknown.len().min(UNKNOWN + 1)])
    }

    fn slot_row(&self, roomy: bool) -> bool {
        !self.filtered
            && !self.holds
            && (roomy || self.waits || matches!(self.slot, Slot::TakenUnseen { .. }))
    }

    /// The sign stands behind what waits, where it says that the places are not the whole truth. Where nothing is
    /// known to wait the service's line says it.
    fn others_row(&self) -> bool {
        self.others_may_wait && self.waits && matches!(self.slot, Slot::Taken | Slot::TakenUnseen { .. })
    }
}

/// The selected task is among those that wait, also far behind the first.
fn keep_selected<'a>(store: &'a Store, choice: &Choice<'_>, service: &str, lanes: &mut Lanes<'a>, now: Now) {
    let selected = choice.selected.filter(|selected| *selected.service == *service);
    let key = selected.and_then(|selected| selected.task.as_ref());
    let Some(wait) = key.and_then(|key| store.wait(key, choice.hidden, now)) else { return };
    let at = lanes.waiting.partition_point(|other| other.place < wait.place);
    if lanes.waiting.get(at).is_none_or(|other| other.place != wait.place) {
        lanes.waiting.insert(at, wait);
    }
}

/// Where a block's ended tasks come from.
enum Ended<'a> {
    /// The lanes, which hold the newest ones.
    Newest,
    /// All that are kept and pass the filter.
    Filtered(Vec<&'a Task>),
}

/// The newest ended tasks and groups, by their ends.
fn newest<'a>(groups: &mut Groups<'a, '_>, lanes: &Lanes<'a>) -> Vec<Line<'a>> {
    let end = |task: &Task| task.ended.map(|seen| seen.at.mono);
    let mut over: Vec<_> = lanes
        .groups
        .iter()
        .filter(|group| !groups.placed.contains(&group.key))
        .filter_map(|group| Some((end(groups.store.last_ended(group)?), *group)))
        .collect();
    over.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut over = over.into_iter().peekable();
    let mut out = Vec::new();
    for task in &lanes.ended {
        while let Some((_, group)) = over.next_if(|(at, _)| *at >= end(task)) {
            out.extend(groups.place(group, Part::Ended));
        }
        out.push(Line::Task(task, Part::Ended));
    }
    for (_, group) in over {
        out.extend(groups.place(group, Part::Ended));
    }
    out
}

/// Puts each group where the first of its members stands, once.
struct Groups<'a, 'b> {
    store: &'a Store,
    choice: &'b Choice<'b>,
    placed: HashSet<GroupKey>,
}

impl<'a> Groups<'a, '_> {
    /// The line for a task: itself, its group's, or none where that stands already.
    fn line(&mut self, task: &'a Task, part: Part) -> Option<Line<'a>> {
        let group = task.group.as_ref().and_then(|member| self.store.group(&member.key));
        match group {
            Some(group) => self.place(group, part),
            None => Some(Line::Task(task, part)),
        }
    }

    fn place(&mut self, group: &'a Group, part: Part) -> Option<Line<'a>> {
        if !self.placed.insert(group.key.clone()) {
            return None;
        }
        let open = self.choice.open.contains(&group.key);
        let filter = self.choice.filter;
        let passes = |task: &&Task| (self.choice.hidden || !task.hidden) && filter.admits(task);
        let passing =
            (!filter.is_empty()).then(|| self.store.members(group).filter(|task| passes(task)).count());
        let members = match open {
            true => self.store.members(group).filter(|task| passes(task)).take(MEMBERS).collect(),
            false => Vec::new(),
        };
        Some(Line::Group { group, part, open, passing, members })
    }
}

/// The rows, top to bottom.
pub fn rows(store: &Store, choice: &Choice<'_>, now: Now) -> Vec<Row> {
    let filtering = !choice.filter.is_empty();
    // The lanes hold only the newest ended tasks, and of very many that wait the first; a filter looks at all.
    let mut admitted: HashMap<&str, Vec<&Task>> = HashMap::new();
    if filtering {
        for task in store.tasks().filter(|t| has_ended(t) && (choice.hidden || !t.kept_back())) {
            if choice.filter.admits(task) {
                admitted.entry(&task.service).or_default().push(task);
            }
        }
    }
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for service in store.services() {
        let lanes = match filtering {
            true => store.whole_lanes(&service.name, choice.hidden, now),
            false => store.lanes(&service.name, choice.hidden, now),
        };
        let ended = match filtering {
            true => Ended::Filtered(admitted.remove(&*service.name).unwrap_or_default()),
            false => Ended::Newest,
        };
        blocks.push(Block::new(store, choice, service.name.clone(), lanes, ended, now));
    }
    if filtering {
        // What a filter leaves nothing of would only be in the way.
        blocks.retain(|b| !b.is_empty());
    }
    if choice.one {
        let name =
            choice.selected.map(|s| s.service.clone()).or_else(|| blocks.first().map(|b| b.name.clone()));
        blocks.retain(|b| Some(&b.name) == name.as_ref());
    }
    let gaps = blocks.len().saturating_sub(1);
    let active = |roomy: bool| blocks.iter().map(|b| b.active(roomy)).sum::<usize>();
    let wished: usize = blocks.iter().map(|b| b.ended.len().min(2)).sum();
    // Empty lanes are drawn, and room is left between the blocks, only where that takes nothing away.
    let roomy = !choice.one && !filtering && active(true) + gaps + wished <= choice.height;
    let spaced = roomy || (!choice.one && active(false) + gaps + wished <= choice.height);
    // One service alone has no line of its own among the rows, but its slot is always told.
    let used = match &blocks[..] {
        [block] if choice.one => {
            block.active(false) - 1 + usize::from(block.slot_row(true) && !block.slot_row(false))
        }
        _ => active(roomy) + if spaced { gaps } else { 0 },
    };
    share(&mut blocks, choice.height.saturating_sub(used), filtering, choice.selected);
    let mut out = Vec::new();
    for block in &blocks {
        if spaced && !out.is_empty() {
            out.push(Row::Gap);
        }
        write(block, roomy, choice.one, choice.selected, &mut out);
    }
    out
}

/// Ended, or put away as if it had.
fn has_ended(task: &Task) -> bool {
    task.state == State::Ended || task.reason == Some(Reason::PutAway)
}

/// Gives the free rows to the services' ended tasks, one each in turn; at least one to each.
fn share(blocks: &mut [Block<'_>], mut free: usize, filtering: bool, selected: Option<&Selected>) {
    for block in blocks.iter_mut().filter(|b| !b.folded()) {
        let everything = filtering || block.folding == Folding::All;
        block.shown = if everything { block.ended.len().min(ALL) } else { block.ended.len().min(1) };
        free = free.saturating_sub(rows_of(&block.ended[..block.shown]));
    }
    loop {
        let mut gave = false;
        for block in blocks.iter_mut().filter(|b| !b.folded()) {
            if free > 0
                && let Some(line) = block.ended.get(block.shown)
            {
                free = free.saturating_sub(line.rows());
                block.shown += 1;
                gave = true;
            }
        }
        if !gave {
            break;
        }
    }
    // The selected one is never cut away.
    if let Some(selected) = selected.filter(|s| !s.is_service())
        && let Some(block) = blocks.iter_mut().find(|b| b.name == selected.service && !b.folded())
        && let Some(place) = block.ended.iter().position(|line| line.has(selected))
    {
        block.shown = block.shown.max(place + 1);
    }
}

fn write(block: &Block<'_>, roomy: bool, one: bool, selected: Option<&Selected>, out: &mut Vec<Row>) {
    let service = block.name.clone();
    let folded = block.folded() && !one;
    if !one {
        out.push(Row::Service { service: service.clone(), folded });
    }
    if folded {
        return;
    }
    let line = |line: &Line<'_>, first: bool, out: &mut Vec<Row>| {
        let task = |task: &Task, part, first| Row::Task {
            service: service.clone(),
            key: task.key.clone(),
            part,
            first,
        };
        match line {
            Line::Task(one, part) => out.push(task(one, *part, first)),
            Line::Group { group, part, open, passing, members } => {
                let key = group.key.clone();
                out.push(Row::Group { key, part: *part, first, open: *open, passing: *passing });
                out.extend(members.iter().map(|member| task(member, Part::Member, false)));
            }
        }
    };
    let start = out.len();
    if block.slot_row(roomy || one) {
        out.push(Row::Slot { service: service.clone() });
    }
    for one in &block.sequential {
        line(one, out.len() == start, out);
    }
    if block.more > 0 {
        out.push(Row::More { service: service.clone(), count: block.more, rest: Rest::Waiting });
    }
    if block.others_row() {
        out.push(Row::Others { service: service.clone(), first: out.len() == start });
    }
    if block.unreadable {
        out.push(Row::Unreadable { service: service.clone() });
    }
    if block.parallel.is_empty() && roomy {
        out.push(Row::NoParallel { service: service.clone() });
    }
    for (i, one) in block.parallel.iter().enumerate() {
        line(one, i == 0, out);
    }
    let unknown = block.unknown_shown(selected);
    for (i, one) in block.unknown.iter().take(unknown).enumerate() {
        line(one, i == 0, out);
    }
    if block.unknown.len() > unknown {
        let count = block.unknown.len() - unknown;
        out.push(Row::More { service: service.clone(), count, rest: Rest::Unknown });
    }
    for (i, one) in block.ended.iter().take(block.shown).enumerate() {
        line(one, i == 0, out);
    }
    let rest = block.ended.len() - block.shown;
    if rest > 0 && block.folding == Folding::All {
        out.push(Row::More { service, count: rest, rest: Rest::Ended });
    }
}

/// The least line on which a row can stand among `height`: the top one is for its service's name, where the block is
/// scrolled.
pub fn least_line(rows: &[Row], at: usize, height: usize) -> usize {
    usize::from(at > 0 && height > 2 && rows.get(at).is_some_and(|row| !matches!(row, Row::Service { .. })))
}

/// The first row to show, so that the selected row stands on line `line` of `height` where the ends allow it.
pub fn first_visible(rows: usize, selected: usize, line: usize, height: usize) -> usize {
    selected.saturating_sub(line.min(height.saturating_sub(1))).min(rows.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_row_keeps_its_line_where_the_ends_allow_it() {
        // Ten rows were inserted above the row 5 that stood on line 5.
        assert_eq!(first_visible(40, 15, 5, 10), 10);
        // At the ends the list does not scroll past itself.
        assert_eq!(first_visible(8, 3, 5, 10), 0);
        assert_eq!(first_visible(12, 11, 2, 10), 2);
        assert_eq!(first_visible(0, 0, 0, 0), 0);
    }
}
