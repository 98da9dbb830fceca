//! When a slot is likely to be free, and when what waits is likely to start.

use super::*;

/// A task of `fridge` that takes as long as its kind says: runs of `Ten` took 10 s, of `Blink` 0.2 s, `New` never ran.
fn work(id: &str, kind: &str) -> Job {
    let payload = r#"{"a": 1}"#.into();
    Job { kind: kind.into(), name: format!("{kind}: a=1"), payload, ..job(id) }
}

/// At second 100, with a quiet slot.
fn bench() -> Bench {
    let mut b = Bench::new();
    for (kind, took) in [("Ten", 10.0), ("Blink", 0.2)] {
        for number in 0..if kind == "Ten" { 5 } else { 3 } {
            let done = work(&format!("{kind}{number}"), kind);
            let at = b.now.mono.as_secs_f64() + 1.0;
            b.at(at).runs(&done).at(at + took).completed(&done, &ok(&done.id));
        }
    }
    b.at(100.0);
    b
}

impl Bench {
    /// The scheduler keeps these, in this order.
    fn list(&mut self, tasks: &[(&str, &str, Option<f64>)]) -> &mut Bench {
        let entry = |(at, (id, kind, run_at)): (usize, &(&str, &str, Option<f64>))| {
            let entry = snapshot(id, &work(id, kind), ScheduledStatus::Queued);
            Ok(Snapshot {
                run_at: run_at.map(stamp_at),
                submitted_at: Some(stamp_at(at as f64)),
                eligible: run_at.is_none(),
                ..entry
            })
        };
        let list = tasks.iter().enumerate().map(entry).collect();
        self.give(Input::Schedule(list))
    }

    /// Seconds, tasks before it, unknown ones among them, fewest runs.
    fn start(&self, id: &str) -> Option<(f64, usize, usize, usize)> {
        let outlook = self.store.outlook("fridge", self.now);
        outlook.start(&self.task(id).key).map(told)
    }

    fn free(&self) -> Option<(f64, usize, usize, usize)> {
        self.store.outlook("fridge", self.now).free.map(told)
    }
}

fn told(guess: Guess) -> (f64, usize, usize, usize) {
    (guess.time.as_secs_f64(), guess.tasks, guess.unknown, guess.runs)
}

#[test]
fn a_free_slot_has_no_outlook_and_a_taken_one_that_of_its_holder() {
    let mut b = bench();
    assert_eq!(b.free(), None);
    b.runs(&work("holder", "Ten")).at(104.0);
    assert_eq!(b.free(), Some((6.0, 1, 0, 5)));
    b.at(109.5);
    assert_eq!(b.free(), Some((0.5, 1, 0, 5)));
    b.at(111.0);
    assert_eq!(b.free(), None, "no run took that long: nothing is known");
    b.completed(&work("holder", "Ten"), &ok("holder"));
    assert_eq!(b.free(), None);
    b.runs(&work("new", "New"));
    assert_eq!(b.free(), None);
}

#[test]
fn what_waits_starts_after_what_stands_before_it() {
    let mut b = bench();
    b.runs(&work("holder", "Ten")).at(104.0);
    b.list(&[("s1", "Ten", None), ("s2", "Blink", None), ("s3", "Blink", None)]);
    assert_eq!(b.start("s1"), Some((6.0, 1, 0, 5)));
    assert_eq!(b.start("s2"), Some((16.0, 2, 0, 5)));
    // The scheduler gives a service one task a second, however short they are.
    assert_eq!(b.start("s3"), Some((17.0, 3, 0, 3)));
    assert_eq!(b.free(), Some((18.0, 4, 0, 3)));
    // A direct one goes first, and waits for no second.
    b.submit(&work("d1", "Blink"), Own::Direct);
    assert_eq!(b.start("d1"), Some((6.0, 1, 0, 5)));
    assert_eq!(b.start("s1"), Some((6.2, 2, 0, 3)));
    // A hidden one takes the slot as well.
    b.submit(&Job { hidden: true, ..work("d2", "Ten") }, Own::Direct);
    assert_eq!(b.start("s1"), Some((16.2, 3, 0, 3)));
}

#[test]
fn what_has_no_known_time_makes_it_an_at_least() {
    let mut b = bench();
    b.runs(&work("holder", "New")).at(104.0);
    b.list(&[("s1", "Ten", None), ("s2", "New", None), ("s3", "Ten", None), ("s4", "Ten", None)]);
    assert_eq!(b.start("s1"), None, "all before it is unknown");
    assert_eq!(b.start("s2"), Some((10.0, 2, 1, 5)));
    assert_eq!(b.start("s3"), Some((10.0, 3, 2, 5)));
    assert_eq!(b.start("s4"), Some((20.0, 4, 2, 5)));
    assert_eq!(b.free(), Some((30.0, 5, 2, 5)));
}

#[test]
fn a_holder_whose_beginning_was_not_seen_is_unknown() {
    let mut b = Bench::new();
    let holder = work("holder", "Ten");
    for number in 0..3 {
        let done = work(&format!("t{number}"), "Ten");
        b.runs(&done).at(f64::from(number + 1) * 10.0).completed(&done, &ok(&done.id));
    }
    // It ran when the link came back.
    b.give(Input::BusLink(false)).at(50.0).give(Input::BusLink(true));
    let running = snapshot("sx", &holder, ScheduledStatus::Running);
    let waiting = snapshot("s1", &work("w", "Ten"), ScheduledStatus::Queued);
    b.give(Input::Schedule(vec![Ok(running), Ok(waiting)])).at(52.0);
    assert!(b.task("sx").duration(b.now).is_some_and(|(_, exact)| !exact));
    assert_eq!((b.start("s1"), b.free()), (None, Some((10.0, 2, 1, 3))));
}

#[test]
fn a_time_ahead_is_waited_for_and_the_slot_is_free_till_then() {
    let mut b = bench();
    b.runs(&work("holder", "Ten")).at(104.0);
    b.list(&[
        ("s1", "Ten", None),
        ("s2", "Ten", Some(200.0)),
        ("s3", "Ten", Some(205.0)),
        ("s4", "Ten", Some(108.0)),
    ]);
    assert_eq!(b.start("s1"), Some((6.0, 1, 0, 5)));
    // Due in four seconds, but behind the two that are before it.
    assert_eq!(b.start("s4"), Some((16.0, 2, 0, 5)));
    assert_eq!(b.free(), Some((26.0, 3, 0, 5)), "before the next one is due");
    assert_eq!(b.start("s2"), Some((96.0, 3, 0, 5)));
    assert_eq!(b.start("s3"), Some((106.0, 4, 0, 5)));
}

#[test]
fn one_rough_time_makes_the_sum_a_rough_one() {
    let mut b = bench();
    b.runs(&work("holder", "Ten")).at(104.0);
    let other = Job { name: "Ten: a=2".into(), ..work("w", "Ten") };
    let entries =
        [snapshot("s1", &other, ScheduledStatus::Queued), snapshot("s2", &other, ScheduledStatus::Queued)];
    b.give(Input::Schedule(entries.map(Ok).to_vec()));
    let outlook = b.store.outlook("fridge", b.now);
    let rough = |id: &str| outlook.start(&b.task(id).key).unwrap().rough;
    assert_eq!((rough("s1"), rough("s2"), outlook.free.unwrap().rough), (false, true, true));
}

#[test]
fn of_two_holders_the_one_that_began_last_has_the_slot() {
    let mut b = bench();
    b.runs(&work("one", "Ten")).at(104.0).runs(&work("two", "Ten")).at(106.0);
    assert_eq!(b.lanes("fridge").holders.len(), 2);
    assert_eq!(b.free(), Some((8.0, 1, 0, 5)));
    // Where nothing is known of the slot, nothing is known of its future.
    let mut b = bench();
    b.give(Input::BusLink(false)).give(Input::BusLink(true));
    b.list(&[("s1", "Ten", None)]);
    assert_eq!((b.start("s1"), b.free()), (None, Some((10.0, 2, 1, 5))));
}
