//! What becomes of a row when a program writes what it knows: the richer knowledge wins, and an outcome stays.

use crate::{
    store::{Moment, Past, State},
    wire::{Text, event::Stamp},
};

use super::record::Record;

/// Whether two records with an id in common tell of one run. A scheduler's id is used once; of other ids the `time`
/// that all events of a run carry decides; where that is not known, one that had ended before the other was first
/// heard of is another one.
pub(super) fn is_same_run(there: &Record, new: &Record) -> bool {
    if let (Some(one), Some(other)) = (&there.past.scheduled_task_id, &new.past.scheduled_task_id) {
        return one == other;
    }
    if let (Some(one), Some(other)) = (&there.time, &new.time) {
        // A database writes the same moment in another form.
        return one == other || Stamp::parse(one).is(&Stamp::parse(other));
    }
    if there.past.archived || new.past.archived {
        // By whose clock the other was heard of is not known, and ids are seldom used again.
        return true;
    }
    !(there.past.outcome.is_some() && there.past.ended.is_some_and(|ended| ended.at < new.past.heard))
}

/// What the row tells once `new` is taken in. Its key stays; the texts are the new one's, for those that are there
/// already stay where they are.
pub(super) fn merged(there: Record, new: Record) -> Record {
    // The end that was written first stands; before that, whoever writes last has looked last.
    let ends = |past: &Past| past.state == State::Ended;
    // Who has only read of it knows no better how it stands, unless that was its end.
    let is_read = new.past.archived && !there.past.archived && !ends(&new.past);
    let newer = !ends(&there.past) && !is_read;
    let past = merged_past(there.past, new.past, newer, is_read);
    Record {
        past,
        time: there.time.or(new.time),
        run_at: there.run_at.or(new.run_at),
        submitted_at: there.submitted_at.or(new.submitted_at),
        cancel_wished: there.cancel_wished || new.cancel_wished,
        texts: new.texts,
    }
}

fn merged_past(there: Past, new: Past, newer: bool, is_read: bool) -> Past {
    let (state, outcome, reason) = match newer {
        true => (new.state, new.outcome, new.reason),
        false if is_read => (there.state, there.outcome, there.reason),
        // Of an end no doubt says why.
        false => {
            (there.state, there.outcome, there.reason.or(new.reason.filter(|_| new.state == State::Ended)))
        }
    };
    let over = matches!(state, State::Ended | State::Unknown);
    let started = better(there.started, new.started);
    let ended = match newer {
        // What is read of a task's end does not tell when that was.
        true if new.archived => there.ended,
        true => new.ended,
        false => better(there.ended, new.ended),
    };
    let ended = ended.filter(|_| over);
    // One program's own measure counts; where one saw the beginning and another the end, their clocks have to do.
    let measured = [there.took, new.took].into_iter().flatten();
    let exact = measured.clone().find(|(_, exact)| *exact);
    let between = started.zip(ended).filter(|(s, e)| s.exact && e.exact);
    let between = between.and_then(|(s, e)| (e.at - s.at).to_std().ok()).map(|took| (took, true));
    let took = exact.or(between).or_else(|| measured.max_by_key(|(took, _)| *took));
    let longer = |one: Text, other: Text| if one.is_empty() { other } else { one };
    Past {
        key: there.key,
        service: longer(there.service, new.service),
        task_type: longer(there.task_type, new.task_type),
        name: longer(there.name, new.name),
        // A task of the scheduler holds the slot whatever its own flag says.
        lane: if new.scheduled_task_id.is_some() { new.lane } else { there.lane },
        state,
        outcome,
        reason,
        task_id: there.task_id.or(new.task_id),
        scheduled_task_id: there.scheduled_task_id.or(new.scheduled_task_id),
        own: there.own.or(new.own),
        hidden: there.hidden || new.hidden,
        // Two clocks: the one by which it was seen here counts.
        heard: match (there.archived, new.archived) {
            (true, false) => new.heard,
            (false, true) => there.heard,
            _ => there.heard.min(new.heard),
        },
        started,
        ended,
        took: took.filter(|_| over),
        ename: there.ename.or(new.ename),
        evalue: there.evalue.or(new.evalue),
        archived: there.archived && new.archived,
        not_before: there.not_before.max(new.not_before),
    }
}

/// A moment that was seen counts more than one that was not; else the earlier one.
fn better(one: Option<Moment>, other: Option<Moment>) -> Option<Moment> {
    match (one, other) {
        (Some(one), Some(other)) => Some(match (one.exact, other.exact) {
            (true, false) => one,
            (false, true) => other,
            _ if other.at < one.at => other,
            _ => one,
        }),
        (one, other) => one.or(other),
    }
}
