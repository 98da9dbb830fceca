//! What waits for a slot, in order: kept while it changes, and given in parts where it is very much.

use proptest::prelude::*;

use super::*;
use crate::store::lane::MOST_WAITING;

/// The order from the tasks alone, sorted anew.
fn sorted(bench: &Bench, hidden: bool) -> Vec<String> {
    let turn = |task: &&Task| {
        let seen = bench.store.by_lab(task.first_seen).utc;
        let at = |stamp: &Option<Stamp>| stamp.as_ref().and_then(|stamp| stamp.at);
        let (group, moment) = match task.own {
            Some(Own::Direct | Own::Apart | Own::Alone) => (0, DateTime::UNIX_EPOCH),
            Some(Own::Scheduled) if task.scheduled_task_id.is_none() => (2, DateTime::UNIX_EPOCH),
            _ => {
                let ahead = task.state == State::Scheduled && task.run_at.is_some();
                let moment = at(&task.run_at).or_else(|| at(&task.submitted_at)).unwrap_or(seen);
                (if ahead { 3 } else { 1 }, moment)
            }
        };
        (group, moment, task.first_seen.mono)
    };
    let waits = |task: &&Task| {
        let open = matches!(task.state, State::Waiting | State::Scheduled) && task.lane == Lane::Sequential;
        open && (hidden || !task.kept_back())
    };
    let mut tasks: Vec<&Task> = bench.store.tasks().filter(waits).collect();
    // Of two that are alike the one that was heard of first.
    tasks.reverse();
    tasks.sort_by_key(turn);
    tasks.iter().map(|task| task.key.to_string()).collect()
}

#[derive(Clone, Debug)]
enum Step {
    /// The bus tells of one that nobody knows more of.
    Heard {
        hidden: bool,
    },
    /// The list tells of one: due at, submitted at.
    Listed {
        run_at: Option<u16>,
        submitted: Option<u16>,
        hidden: bool,
    },
    Own(Own, bool),
    Begins(usize),
    /// The lab's clock shows so many seconds more than ours.
    Clock(i16),
    Later(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let own = prop_oneof![Just(Own::Direct), Just(Own::Apart), Just(Own::Scheduled)];
    prop_oneof![
        3 => any::<bool>().prop_map(|hidden| Step::Heard { hidden }),
        4 => (prop::option::of(0..400_u16), prop::option::of(0..400_u16), any::<bool>())
            .prop_map(|(run_at, submitted, hidden)| Step::Listed { run_at, submitted, hidden }),
        2 => (own, any::<bool>()).prop_map(|(own, parallel)| Step::Own(own, parallel)),
        2 => (0..20_usize).prop_map(Step::Begins),
        1 => (-300..300_i16).prop_map(Step::Clock),
        2 => (1..60_u8).prop_map(Step::Later),
    ]
}

proptest! {
    #[test]
    fn it_stands_in_order_at_every_moment(steps in prop::collection::vec(step(), 1..40)) {
        let mut bench = Bench::new();
        for (n, step) in steps.into_iter().enumerate() {
            let one = |hidden: bool| Job { hidden, ..job(&format!("t{n}")) };
            match step {
                Step::Heard { hidden } => {
                    bench.scheduled(&format!("s{n}"), None, &one(hidden), ScheduledStatus::Queued);
                }
                Step::Listed { run_at, submitted, hidden } => {
                    let entry = Snapshot {
                        run_at: run_at.map(|at| stamp_at(f64::from(at))),
                        submitted_at: submitted.map(|at| stamp_at(f64::from(at))),
                        eligible: run_at.is_none(),
                        ..snapshot(&format!("s{n}"), &one(hidden), ScheduledStatus::Queued)
                    };
                    bench.give(Input::SchedulePart(vec![Ok(entry)]));
                }
                Step::Own(own, parallel) => {
                    bench.submit(&Job { parallel, ..one(false) }, own);
                }
                Step::Begins(which) => {
                    let lanes = bench.store.lanes("fridge", true, bench.now);
                    let begins = lanes.waiting.get(which).map(|wait| wait.task.key.to_string());
                    if let Some(key) = begins {
                        let begun = job(&format!("run-{key}"));
                        bench.scheduled(&key, Some(&begun.id), &begun, ScheduledStatus::Running);
                    }
                }
                Step::Clock(ahead) => {
                    let time = stamp_at(bench.now.mono.as_secs_f64() + 1_000.0 + f64::from(ahead));
                    let service = "lab".into();
                    bench.bus(Event::Service(ServiceEvent { time, service, state: KernelState::Idle }));
                }
                Step::Later(seconds) => {
                    let at = bench.now.mono.as_secs_f64() + f64::from(seconds);
                    bench.at(at);
                    bench.store.tick(bench.now);
                }
            }
            for hidden in [false, true] {
                let lanes = bench.store.lanes("fridge", hidden, bench.now);
                let order = sorted(&bench, hidden);
                prop_assert_eq!(&names(&lanes.waiting), &order);
                prop_assert_eq!(lanes.waits, order.len());
                for (place, key) in (1..).zip(order) {
                    let wait = bench.store.wait(&TaskKey(key.as_str().into()), hidden, bench.now);
                    prop_assert_eq!(wait.map(|wait| wait.place), Some(place));
                }
            }
        }
    }
}

/// So many of the scheduler's that wait, the last fifty of them a group.
fn many(tasks: usize) -> Bench {
    let mut bench = Bench::new();
    let entry = |n: usize| {
        let place = (n + 51).checked_sub(tasks);
        let group = place.map_or_else(String::new, |place| format!(" [T1 scan {place}/50 #4f2a]"));
        let job = Job { name: format!("MeasureT1: qubit='q{n}'{group}"), ..job(&format!("t{n}")) };
        let submitted_at = Some(stamp_at(n as f64));
        Ok(Snapshot { submitted_at, ..snapshot(&format!("s{n}"), &job, ScheduledStatus::Queued) })
    };
    bench.give(Input::Schedule((0..tasks).map(entry).collect()));
    bench
}

#[test]
fn of_very_many_the_first_are_given_and_the_first_of_each_group_behind_them_with_their_places() {
    let all = MOST_WAITING + 1_000;
    let bench = many(all);
    let lanes = bench.lanes("fridge");
    let mut places: Vec<usize> = (1..=MOST_WAITING).collect();
    places.push(all - 49);
    assert_eq!(lanes.waiting.iter().map(|wait| wait.place).collect::<Vec<_>>(), places);
    assert_eq!((lanes.waits, lanes.groups[0].counts().waiting), (all, 50));
    assert_eq!(bench.store.whole_lanes("fridge", false, bench.now).waiting.len(), all);
    assert_eq!(bench.store.timetable("fridge", bench.now).waiting.len(), all);
    let last = bench.store.wait(&TaskKey(format!("s{}", all - 1).into()), false, bench.now);
    assert_eq!(last.map(|wait| wait.place), Some(all));
}

#[test]
fn when_a_slot_is_free_is_at_least_what_the_first_of_very_many_take() {
    let mut bench = many(MOST_WAITING + 100);
    for n in 0..3 {
        let ran = Job { target: "fridge".into(), ..job(&format!("r{n}")) };
        let at = bench.now.mono.as_secs_f64() + 1.0;
        bench.at(at).runs(&ran).at(at + 2.0).completed(&ran, &ok(&ran.id));
    }
    let free = bench.store.outlook("fridge", bench.now).free.unwrap();
    // One group's first stands among them.
    assert_eq!((free.tasks, free.unknown), (MOST_WAITING + 100, 99));
    assert_eq!(free.time, Duration::from_secs(2 * (MOST_WAITING as u64 + 1)));
}
