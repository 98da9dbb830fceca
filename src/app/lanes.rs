//! The lanes as a list of rows: what stands below what, what can be selected, how much of each service fits.
//!
//! Pure: made anew from the store whenever something changed. The selection is a task's key (or a service's name),
//! never a row's number, and the selected row keeps its line on the screen while the list moves around it.

use std::collections::HashMap;

use crate::{
    store::{Lanes, Reason, Slot, State, Store, Task, TaskKey, filter::Filter},
    time::Now,
    wire::Text,
};

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The service.
    pub service: Text,
    /// The task; `None`: the service's own line.
    pub task: Option<TaskKey>,
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
    /// That many more ended or unknown tasks are kept than are shown.
    More {
        /// The service.
        service: Text,
        /// How many.
        count: usize,
        /// Unknown ones, not ended ones.
        unknown: bool,
    },
    /// Room between two blocks.
    Gap,
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
            Row::Gap => None,
        }
    }

    /// What it selects, if it can be selected.
    pub fn selects(&self) -> Option<Selected> {
        match self {
            Row::Service { service, .. } => Some(Selected { service: service.clone(), task: None }),
            Row::Task { service, key, .. } => {
                Some(Selected { service: service.clone(), task: Some(key.clone()) })
            }
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
}

struct Block<'a> {
    name: Text,
    lanes: Lanes<'a>,
    ended: Vec<&'a Task>,
    folding: Folding,
    /// Holders may be missing because a filter leaves them out.
    filtered: bool,
    shown: usize,
}

/// Ended or unknown tasks of one service that are listed when everything is asked for.
const ALL: usize = 500;
/// Unknown tasks of one service that are listed otherwise.
const UNKNOWN: usize = 3;

impl Block<'_> {
    fn is_quiet(&self) -> bool {
        self.lanes.holders.is_empty()
            && self.lanes.waiting.is_empty()
            && self.lanes.parallel.is_empty()
            && self.lanes.unknown.is_empty()
            && !matches!(self.lanes.slot, Slot::TakenUnseen { .. })
    }

    fn is_empty(&self) -> bool {
        let l = &self.lanes;
        l.holders.is_empty()
            && l.waiting.is_empty()
            && l.parallel.is_empty()
            && l.unknown.is_empty()
            && self.ended.is_empty()
    }

    fn folded(&self) -> bool {
        self.folding == Folding::Folded || (self.is_quiet() && self.ended.is_empty())
    }

    /// Unknown tasks that are listed: the newest few, or all where everything is asked for.
    fn unknown_shown(&self, selected: Option<&Selected>) -> usize {
        let all = self.lanes.unknown.len();
        if self.folding == Folding::All || all <= UNKNOWN + 1 {
            return all.min(ALL);
        }
        // The selected one is never cut away.
        let key = selected.filter(|s| s.service == self.name).and_then(|s| s.task.as_ref());
        let place = key.and_then(|key| self.lanes.unknown.iter().position(|t| t.key == *key));
        UNKNOWN.max(place.map_or(0, |p| p + 1)).min(all)
    }

    /// Rows without the ended ones.
    fn active(&self, roomy: bool) -> usize {
        if self.folded() {
            return 1;
        }
        let l = &self.lanes;
        let sequential = l.holders.len().max(usize::from(self.slot_row(roomy))) + l.waiting.len();
        let parallel = l.parallel.len().max(usize::from(roomy));
        1 + sequential
            + usize::from(self.others_row())
            + usize::from(l.schedule_unreadable.is_some())
            + parallel
            + l.unknown.len().min(UNKNOWN + 1)
    }

    fn slot_row(&self, roomy: bool) -> bool {
        !self.filtered
            && self.lanes.holders.is_empty()
            && (roomy
                || !self.lanes.waiting.is_empty()
                || matches!(self.lanes.slot, Slot::TakenUnseen { .. }))
    }

    /// The sign stands behind what waits, where it says that the places are not the whole truth. Where nothing is
    /// known to wait the service's line says it.
    fn others_row(&self) -> bool {
        self.lanes.others_may_wait
            && !self.lanes.waiting.is_empty()
            && matches!(self.lanes.slot, Slot::Taken | Slot::TakenUnseen { .. })
    }
}

/// The rows, top to bottom.
pub fn rows(store: &Store, choice: &Choice<'_>, now: Now) -> Vec<Row> {
    let filtering = !choice.filter.is_empty();
    // The lanes hold only the newest ended tasks; a filter looks at all that are kept.
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
        let mut lanes = store.lanes(&service.name, choice.hidden, now);
        if filtering {
            lanes.holders.retain(|t| choice.filter.admits(t));
            lanes.waiting.retain(|w| choice.filter.admits(w.task));
            lanes.parallel.retain(|t| choice.filter.admits(t));
            lanes.unknown.retain(|t| choice.filter.admits(t));
            lanes.ended = admitted.remove(&*service.name).unwrap_or_default();
        }
        let ended = std::mem::take(&mut lanes.ended);
        let folding = match choice.folding.get(&service.name).copied().unwrap_or_default() {
            // Alone on the screen it has nothing to make room for.
            Folding::Folded if choice.one => Folding::Auto,
            folding => folding,
        };
        blocks.push(Block {
            name: service.name.clone(),
            lanes,
            ended,
            folding,
            filtered: filtering,
            shown: 0,
        });
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
        free = free.saturating_sub(block.shown);
    }
    loop {
        let mut gave = false;
        for block in blocks.iter_mut().filter(|b| !b.folded()) {
            if free > 0 && block.shown < block.ended.len() {
                block.shown += 1;
                free -= 1;
                gave = true;
            }
        }
        if !gave {
            break;
        }
    }
    // The selected one is never cut away.
    if let Some(Selected { service, task: Some(key) }) = selected
        && let Some(block) = blocks.iter_mut().find(|b| b.name == *service && !b.folded())
        && let Some(place) = block.ended.iter().position(|t| t.key == *key)
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
    let l = &block.lanes;
    let task =
        |t: &Task, part, first| Row::Task { service: service.clone(), key: t.key.clone(), part, first };
    let start = out.len();
    if block.slot_row(roomy || one) {
        out.push(Row::Slot { service: service.clone() });
    }
    for holder in &l.holders {
        out.push(task(holder, Part::Holder, out.len() == start));
    }
    for wait in &l.waiting {
        let part = Part::Waiting { place: wait.place, overtaken: wait.overtaken };
        out.push(task(wait.task, part, out.len() == start));
    }
    if block.others_row() {
        out.push(Row::Others { service: service.clone(), first: out.len() == start });
    }
    if l.schedule_unreadable.is_some() {
        out.push(Row::Unreadable { service: service.clone() });
    }
    if l.parallel.is_empty() && roomy {
        out.push(Row::NoParallel { service: service.clone() });
    }
    for (i, t) in l.parallel.iter().enumerate() {
        out.push(task(t, Part::Parallel, i == 0));
    }
    let unknown = block.unknown_shown(selected);
    for (i, t) in l.unknown.iter().take(unknown).enumerate() {
        out.push(task(t, Part::Unknown, i == 0));
    }
    if l.unknown.len() > unknown {
        out.push(Row::More { service: service.clone(), count: l.unknown.len() - unknown, unknown: true });
    }
    for (i, t) in block.ended.iter().take(block.shown).enumerate() {
        out.push(task(t, Part::Ended, i == 0));
    }
    let rest = block.ended.len() - block.shown;
    if rest > 0 && block.folding == Folding::All {
        out.push(Row::More { service, count: rest, unknown: false });
    }
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
