//! Which task types a service was seen to take, with their newest payload and the size of their replies.

use std::collections::{HashMap, VecDeque};

use super::{
    Store,
    task::{Outcome, Task},
    usual::Run,
};
use crate::{
    time::Now,
    wire::{Text, json},
};

/// Types remembered over all services; the one seen longest ago on the same service makes room.
const MOST_TYPES: usize = 512;
/// Types remembered a service.
const MOST_TYPES_EACH: usize = 64;
/// Larger payloads are not kept as an example.
const LARGEST_EXAMPLE: usize = 256 * 1024;
/// Of all examples together: what comes beyond it is not kept.
const EXAMPLES: usize = 8 << 20;
/// Longer names are nobody's types.
const LONGEST_NAME: usize = 4_000;
/// Replies whose size counts.
const SIZES: usize = 32;

/// A task type that was seen in use. See [`Store::seen_types`].
#[derive(Clone, Debug, PartialEq)]
pub struct SeenType {
    /// The type on the wire.
    pub task_type: Text,
    /// The class's name as in the display name; differs from `task_type` for subclasses of `IPythonTask`.
    pub class: Text,
    /// The newest payload seen.
    pub payload: Option<Text>,
    /// Its `parallel`.
    pub parallel: bool,
    /// The fields of the payload that its display name left out.
    pub hidden_fields: Vec<String>,
    /// When it was last seen.
    pub seen: Now,
}

/// A service's types by wire type and class.
pub(super) type Types = HashMap<(Text, Text), Use>;

/// How a type was used.
#[derive(Clone, Debug)]
pub(super) struct Use {
    payload: Option<Text>,
    name: Text,
    parallel: bool,
    seen: Now,
    /// Sizes of the reply frames of the last runs that ended ok, bytes.
    sizes: VecDeque<usize>,
}

impl Use {
    pub(super) fn bytes(&self) -> usize {
        self.payload.as_ref().map_or(0, |payload| payload.len())
    }
}

/// The wire type and, for cells, the class that the display name begins with.
fn kind(task: &Task) -> (Text, Text) {
    if task.is_ipython() {
        let class = task.name.split(':').next().unwrap_or_default().trim();
        if !class.is_empty() {
            return (task.task_type.clone(), Text::from(class));
        }
    }
    (task.task_type.clone(), task.task_type.clone())
}

/// The payload's fields that do not appear in the name as `field=`. A value that holds such a text itself makes a
/// hidden field look shown: the name is all there is to tell.
fn hidden_fields(payload: Option<&str>, name: &str) -> Vec<String> {
    let members = payload.and_then(|payload| json::members(payload).ok()).unwrap_or_default();
    let shown = |field: &str| [": ", ", "].iter().any(|before| name.contains(&format!("{before}{field}=")));
    let mut hidden: Vec<String> = Vec::new();
    if name.contains(": ") && !members.iter().any(|(field, _)| shown(field)) {
        // A name of somebody's own words: it tells nothing about fields.
        return hidden;
    }
    for (field, _) in members {
        if !shown(&field) && !hidden.iter().any(|known| **known == *field) {
            hidden.push(field.into_owned());
        }
    }
    hidden
}

impl Store {
    /// Notes that a task of this type was sent to its service with its payload.
    pub(super) fn note_type(&mut self, service: &str, task: &Task, parallel: bool, now: Now) {
        let (wire, class) = kind(task);
        if wire.is_empty() || class.len().max(wire.len()) > LONGEST_NAME {
            return;
        }
        // Of a run with a longer name, as that of a long cell, only how it went is kept.
        let long = task.name.len() > LONGEST_NAME;
        let (total, examples) = (self.types_in_use, self.examples);
        let Some(station) = self.station_mut(service) else { return };
        let types = &mut station.types;
        let key = (wire, class);
        let payload = task.payload.clone().filter(|payload| !long && payload.len() <= LARGEST_EXAMPLE);
        let name = if long { Text::from("") } else { task.name.clone() };
        let mut added = 0;
        if let Some(known) = types.get_mut(&key) {
            let others = examples - known.bytes();
            if !long {
                let payload = payload.filter(|payload| others + payload.len() <= EXAMPLES);
                known.payload = payload.or(known.payload.take());
                known.name = name;
            }
            (known.parallel, known.seen) = (parallel, now);
            self.examples = others + known.bytes();
            return;
        }
        let mut examples = examples;
        if types.len() >= MOST_TYPES_EACH || total >= MOST_TYPES {
            let oldest = types.iter().min_by_key(|(_, known)| known.seen.mono).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            examples -= types.remove(&oldest).map_or(0, |known| known.bytes());
        } else {
            added = 1;
        }
        let payload = payload.filter(|payload| examples + payload.len() <= EXAMPLES);
        let known = Use { payload, name, parallel, seen: now, sizes: VecDeque::new() };
        examples += known.bytes();
        types.insert(key, known);
        self.types_in_use += added;
        self.examples = examples;
    }

    /// Notes how large a reply was and how long the run took, or that the service does not know the type.
    pub(super) fn note_end(&mut self, task: &Task) {
        if let Some(run) = Run::of(task)
            && self.usuals.add(run)
        {
            self.touch();
        }
        let unknown_type = task
            .failure()
            .and_then(|error| error.evalue.as_deref())
            .is_some_and(|message| message.starts_with("Unknown task type: "));
        let size = task.reply.as_ref().map(|reply| reply.text.len());
        let Some(station) = self.station_mut(&task.service) else { return };
        let key = kind(task);
        let Some(known) = station.types.get_mut(&key) else { return };
        if let (Some(Outcome::Ok), Some(size)) = (task.outcome, size) {
            if known.sizes.len() == SIZES {
                known.sizes.pop_front();
            }
            known.sizes.push_back(size);
        } else if unknown_type && known.sizes.is_empty() {
            let known = station.types.remove(&key);
            self.types_in_use = self.types_in_use.saturating_sub(1);
            self.examples -= known.map_or(0, |known| known.bytes());
        }
    }

    /// The task types seen so far on a service with the newest payload of each (the original payload, never a
    /// reply), the display name's class for `IPythonTask`, and `parallel`. Newest first. A type of which the service
    /// said that it does not know it is not among them.
    pub fn seen_types(&self, service: &str) -> Vec<SeenType> {
        let Some(station) = self.station(service) else { return Vec::new() };
        let mut seen: Vec<SeenType> = station
            .types
            .iter()
            .map(|((task_type, class), known)| SeenType {
                task_type: task_type.clone(),
                class: class.clone(),
                payload: known.payload.clone(),
                parallel: known.parallel,
                hidden_fields: hidden_fields(known.payload.as_deref(), &known.name),
                seen: known.seen,
            })
            .collect();
        seen.sort_by(|one, two| two.seen.mono.cmp(&one.seen.mono).then_with(|| one.class.cmp(&two.class)));
        seen
    }

    /// The median size of the last replies of a type on a service, in bytes, for which one run is enough. `class` counts
    /// for cells only.
    pub fn usual_size(&self, service: &str, task_type: &Text, class: &Text) -> Option<usize> {
        let class = if &**task_type == "IPythonTask" { class } else { task_type };
        let known = self.station(service)?.types.get(&(task_type.clone(), class.clone()))?;
        let mut sizes: Vec<usize> = known.sizes.iter().copied().collect();
        sizes.sort_unstable();
        sizes.get(sizes.len() / 2).copied()
    }

    /// Bytes of the replies of scheduled tasks that are known: the scheduler keeps every one, and hands all out with
    /// its list.
    pub fn scheduler_bytes(&self) -> usize {
        self.scheduler_bytes
    }
}
