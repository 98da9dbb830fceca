//! Groups: gathered by their members' names, whoever sent them, and counted by what became of the members.

use super::*;
use crate::store::{
    GroupCounts,
    filter::{Filter, Saved},
};

fn member(place: u32, of: u32) -> Job {
    let id = format!("t{place}");
    Job { name: format!("MeasureT1: qubit='q{place}' [T1 scan {place}/{of} #4f2a]"), ..job(&id) }
}

fn counts(bench: &Bench) -> GroupCounts {
    let lanes = bench.lanes("fridge");
    assert_eq!(lanes.groups.len(), 1);
    lanes.groups[0].counts()
}

#[test]
fn a_group_is_known_from_the_scheduler_s_list_alone() {
    let mut bench = Bench::new();
    let list = (1..=5)
        .map(|place| Ok(snapshot(&format!("s{place}"), &member(place, 9), ScheduledStatus::Queued)))
        .collect();
    bench.give(Input::Schedule(list));
    let lanes = bench.lanes("fridge");
    let group = lanes.groups[0];
    assert_eq!((&*group.name, group.of, counts(&bench).waiting), ("T1 scan", 9, 5));
    assert!(group.is_active());
    let members: Vec<&str> = bench.store.members(group).map(Task::own_name).collect();
    assert_eq!(members[..2], ["MeasureT1: qubit='q1'", "MeasureT1: qubit='q2'"]);
}

#[test]
fn members_are_counted_by_what_became_of_them_and_once() {
    let mut bench = Bench::new();
    for place in 1..=6 {
        bench.scheduled(&format!("s{place}"), None, &member(place, 6), ScheduledStatus::Queued);
    }
    bench.scheduled("s1", Some("t1"), &member(1, 6), ScheduledStatus::Running).runs(&member(1, 6));
    bench.completed(&member(1, 6), &ok("t1"));
    bench.scheduled("s1", Some("t1"), &member(1, 6), ScheduledStatus::Done);
    bench.runs(&member(2, 6)).completed(&member(2, 6), &error("t2", "E", "x"));
    bench.scheduled("s2", Some("t2"), &member(2, 6), ScheduledStatus::Failed);
    bench.scheduled("s3", None, &member(3, 6), ScheduledStatus::Cancelled);
    bench.scheduled("s4", Some("t4"), &member(4, 6), ScheduledStatus::Running).runs(&member(4, 6));
    let wanted =
        GroupCounts { waiting: 2, running: 1, ok: 1, failed: 1, cancelled: 1, unknown: 0, unsent: 0 };
    assert_eq!(counts(&bench), wanted);
    assert_eq!((wanted.ended(), wanted.known()), (3, 6));
    assert!(bench.lanes("fridge").ended.is_empty(), "ended members stand in their group");
    let group = bench.lanes("fridge").groups[0];
    assert_eq!(bench.store.last_ended(group).map(Task::own_name), Some("MeasureT1: qubit='q3'"));
    let filter = Filter::parse("group:\"t1 scan\"", &Saved::default(), Now::at(0.0)).unwrap();
    assert_eq!(bench.store.tasks().filter(|task| filter.admits(task)).count(), 6);
    assert!(
        Filter::parse("group:", &Saved::default(), Now::at(0.0)).unwrap_err().what.contains("needs a value")
    );
}

#[test]
fn groups_of_one_name_are_told_apart_by_their_tags_and_services() {
    let mut bench = Bench::new();
    let other = Job { name: "Ping [T1 scan 1/6 #aaaa]".into(), ..job("x") };
    let lab = Job { target: "lab".into(), ..member(2, 6) };
    bench.runs(&member(1, 6)).runs(&other).runs(&lab);
    assert_eq!(bench.lanes("fridge").groups.len(), 2);
    assert_eq!(bench.lanes("lab").groups.len(), 1);
}

#[test]
fn a_group_goes_on_counting_what_was_let_go_and_goes_with_its_last_member() {
    let limits = Limits { ended_tasks: 3, ..Limits::default() };
    let mut bench = Bench::with(limits);
    for place in 1..=8 {
        bench.runs(&member(place, 9)).completed(&member(place, 9), &ok(&format!("t{place}")));
    }
    let group = bench.lanes("fridge").groups[0];
    assert_eq!((group.counts().ok, group.members_kept()), (8, 3));
    let key = group.key.clone();
    for n in 0..4 {
        let other = job(&format!("other{n}"));
        bench.runs(&other).completed(&other, &ok(&other.id));
    }
    assert!(bench.store.group(&key).is_none());
    assert!(bench.lanes("fridge").groups.is_empty());
}
