//! What Juice's database tells later.

use super::*;
use crate::wire::archive::Archived;

/// A task as the database has it: with its beginning, and with its end if there is a reply.
fn archived(b: &Bench, job: &Job, reply: Option<&str>) -> Archived {
    // Its time there is that of its events.
    let job = &Job { time: b.made.get(&job.id).unwrap_or(&job.time).clone(), ..job.clone() };
    let Event::Task(begun) = event(job, TaskEventState::Started, &job.payload) else { unreachable!() };
    let mut task = Archived::of(*begun);
    if let Some(reply) = reply {
        let Event::Task(ended) = event(job, TaskEventState::Completed, reply) else { unreachable!() };
        assert!(task.is_of(&ended));
        task.add(*ended);
    }
    task
}

impl Bench {
    /// The database tells of it.
    fn kept(&mut self, job: &Job, reply: Option<&str>) -> Option<Task> {
        let task = archived(self, job, reply);
        self.store.archived(task, self.now)
    }
}

fn gap(b: &mut Bench, from: f64, until: f64) {
    b.at(from).give(Input::BusLink(false)).at(until).give(Input::BusLink(true));
}

#[test]
fn what_ended_in_a_gap_is_settled_and_when_that_was_is_not_made_up() {
    let mut b = Bench::new();
    for id in ["ok", "bad", "open"] {
        b.at(10.0).runs(&Job { parallel: true, ..job(id) });
    }
    gap(&mut b, 20.0, 50.0);
    assert_eq!(b.store.counts(false).unknown, 3);
    assert_eq!(b.store.doubtful(9).len(), 3);
    b.at(60.0);
    for (id, reply) in [("ok", Some(ok("ok"))), ("bad", Some(error("bad", "KeyError", "q"))), ("open", None)]
    {
        let task = archived(&b, &Job { parallel: true, ..job(id) }, reply.as_deref());
        assert!(b.store.archived(task, b.now).is_none(), "{id} is known");
    }
    assert_eq!((b.end("ok"), b.end("bad")), (OK, FAILED));
    assert_eq!(b.end("open"), unknown(Reason::NotSeen), "it began, and that was known");
    assert_eq!(b.task("ok").ended, Some(task::Seen { at: Now::at(60.0), exact: false }), "before that");
    assert_eq!(b.task("ok").duration(b.now), None, "nobody knows");
    assert_eq!(b.task("bad").failure().and_then(|e| e.ename.as_deref()), Some("KeyError"));
    assert_eq!((b.store.counts(false).unknown, b.store.failures()), (1, 1));
}

#[test]
fn what_was_seen_stands_and_only_gaps_are_filled() {
    let mut b = Bench::new();
    // Heard from the middle on: its payload is not known.
    b.at(10.0).completed(&job("late"), &ok("late"));
    b.at(11.0).runs(&job("seen")).at(12.0).completed(&job("seen"), &error("seen", "ValueError", "x"));
    let before = b.task("seen").clone();
    b.at(20.0);
    let other = Job { name: "other".into(), payload: "{}".into(), ..job("seen") };
    assert!(b.kept(&other, Some(&ok("seen"))).is_none());
    assert!(b.kept(&job("late"), Some(&ok("late"))).is_none());
    let after = b.task("seen");
    assert_eq!((after.state, after.outcome, after.ended), (before.state, before.outcome, before.ended));
    assert_eq!((&after.name, &after.payload), (&before.name, &before.payload));
    assert_eq!(after.reply.as_ref().map(|r| &r.text), before.reply.as_ref().map(|r| &r.text));
    assert_eq!(b.task("late").payload.as_deref(), Some(&*job("late").payload));
    assert!(b.task("late").ended.is_some_and(|end| end.exact));
}

#[test]
fn a_lost_end_frees_nobodys_slot_and_an_own_reply_is_waited_for() {
    let mut b = Bench::new();
    b.at(10.0).runs(&job("other"));
    assert!(matches!(b.lanes("fridge").slot, Slot::Taken), "{:?}", b.lanes("fridge").slot);
    b.at(30.0);
    b.kept(&job("other"), Some(&ok("other")));
    assert_eq!(b.end("other"), OK, "its event was lost");
    assert!(!matches!(b.lanes("fridge").slot, Slot::Free { .. }), "{:?}", b.lanes("fridge").slot);
    let own = Job { parallel: true, ..job("own") };
    b.submit(&own, Own::Direct).runs(&own);
    b.kept(&own, Some(&ok("own")));
    assert_eq!(b.state("own"), RUNNING);
    b.at(31.0).reply(&ok("own"));
    assert_eq!(b.task("own").ended, Some(task::Seen { at: Now::at(31.0), exact: true }));
}

#[test]
fn what_nobody_has_seen_is_for_the_history_and_never_runs() {
    let mut b = Bench::new();
    let now = b.at(50.0).now;
    let revision = b.store.revision();
    let mut tell = |job: &Job, reply: Option<&str>| b.kept(job, reply);
    let past = tell(&job("a"), Some(&ok("a"))).unwrap();
    assert_eq!((past.state, past.outcome, past.archived), (State::Ended, Some(Outcome::Ok), true));
    assert_eq!((past.started, past.ended, past.duration(now)), (None, None, None), "nobody wrote it down");
    assert_eq!(past.first_seen.utc, stamp(&job("a").time).at.unwrap());
    assert_eq!((past.key.0.as_ref(), past.payload.as_deref()), ("a", Some(&*job("a").payload)));
    let open = tell(&job("b"), None).unwrap();
    assert_eq!((open.state, open.reason), (State::Unknown, Some(Reason::NoEnd)));
    let cell = tell(&cell("c"), Some(&cell_error("c", "KeyboardInterrupt"))).unwrap();
    assert_eq!((cell.outcome, cell.reason.clone()), (Some(Outcome::Failed), Some(Reason::Interrupted)));
    assert_eq!(cell.failure().and_then(|e| e.ename.as_deref()), Some("KeyboardInterrupt"));
    let odd = tell(&job("d"), Some(r#"{"id": "d", "status": "later"}"#)).unwrap();
    assert_eq!((odd.state, odd.reason), (State::Unknown, Some(Reason::OddReply)));
    // What carried a task to the scheduler is the task's own row.
    let carrier = Job { target: "task-manager".into(), kind: "ScheduleTask".into(), ..job("e") };
    assert!(tell(&carrier, Some(&ok("e"))).is_none());
    assert!(tell(&carrier, Some(&error("e", "ValueError", "x"))).is_some());
    assert_eq!((b.store.revision(), b.store.kept()), (revision, 0));
}

#[test]
fn another_run_under_a_used_id_is_not_taken_for_this_one() {
    let mut b = Bench::new();
    let first = job("1");
    let second = Job { time: "2026-11-24T21:30:00.5Z".into(), ..job("1") };
    b.at(10.0).runs(&second);
    gap(&mut b, 20.0, 50.0);
    let past = b.kept(&first, Some(&error("1", "KeyError", "x")));
    assert!(past.is_some());
    assert_eq!(b.end("1"), unknown(Reason::NotSeen));
    // The database cuts zeros, and may write another offset.
    let same = Job { time: "2026-11-24T22:30:00.500000+01:00".into(), ..second };
    assert!(b.kept(&same, Some(&ok("1"))).is_none());
    assert_eq!(b.end("1"), OK);
}

#[test]
fn on_a_plain_service_a_result_that_looks_like_an_error_is_a_result() {
    let mut b = Bench::new();
    let task = job("a");
    let reply = cell_error("a", "KeyError");
    let outcome = |b: &mut Bench| b.kept(&task, Some(&reply)).unwrap().outcome;
    assert_eq!(outcome(&mut b), Some(Outcome::Failed), "it may have a kernel");
    b.give(Input::Topics(vec!["IPythonServiceState.lab.".into()])).at(1.0).runs(&job("b"));
    assert_eq!(outcome(&mut b), Some(Outcome::Ok));
}
