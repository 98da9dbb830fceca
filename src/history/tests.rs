use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::{
    store::{
        Lane, Moment, Outcome, Own, Past, Reason, State, TaskKey,
        past::away::{Away, News, Tally},
    },
    time::Now,
    wire::Text,
};

fn at(seconds: f64) -> DateTime<Utc> {
    Now::at(seconds).utc
}

fn seen(seconds: f64) -> Option<Moment> {
    Some(Moment { at: at(seconds), exact: true })
}

/// A task that runs since second 10.
fn running(id: &str) -> Record {
    let past = Past {
        key: TaskKey(id.into()),
        service: "fridge".into(),
        task_type: "Wait".into(),
        name: "Wait: seconds=2.0".into(),
        lane: Lane::Sequential,
        state: State::Running { starting: false },
        outcome: None,
        reason: None,
        task_id: Some(id.into()),
        scheduled_task_id: None,
        own: None,
        hidden: false,
        heard: at(9.0),
        started: seen(10.0),
        ended: None,
        took: None,
        ename: None,
        evalue: None,
        archived: false,
        not_before: None,
    };
    Record {
        past,
        time: Some("2026-11-24T21:00:09+00:00".into()),
        run_at: None,
        submitted_at: None,
        cancel_wished: false,
        texts: Texts { payload: Some(Kept::Text(r#"{"seconds": 2.0}"#.into())), ..Texts::default() },
    }
}

fn ended(id: &str) -> Record {
    let mut record = running(id);
    record.past.state = State::Ended;
    record.past.outcome = Some(Outcome::Ok);
    record.past.ended = seen(12.0);
    record.past.took = Some((Duration::from_millis(2_001), true));
    record.texts.reply = Some(Kept::Text(reply(id)));
    record
}

fn reply(id: &str) -> Text {
    format!(r#"{{"id": "{id}", "status": "ok", "result": {{"t1": [1.0, NaN, 1e-07]}}}}"#).into()
}

fn unknown(id: &str, reason: Reason) -> Record {
    let mut record = running(id);
    record.past.state = State::Unknown;
    record.past.reason = Some(reason);
    record
}

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labs/here/history.db");
    Place { _folder: folder, path }
}

fn open(place: &Place) -> Journal {
    let (journal, aside) = Journal::open(&place.path, Limits::default(), at(5_000.0)).unwrap();
    assert_eq!(aside, None);
    journal
}

fn lines(journal: &Journal) -> Vec<Past> {
    let mut all = Vec::new();
    journal.lines(0, |_, record| all.push(record.past)).unwrap();
    all
}

fn only(journal: &Journal) -> Past {
    let mut all = lines(journal);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[test]
fn what_was_written_is_there_after_a_restart_letter_for_letter() {
    let place = place();
    let mut record = ended("a-1");
    record.past.own = Some(Own::Scheduled);
    record.past.reason = Some(Reason::NotSent("the \"link\" was down".to_owned()));
    record.past.scheduled_task_id = Some("s-1".into());
    record.past.ename = Some("KeyError".into());
    record.past.evalue = Some("'missing' \u{202e} é".into());
    record.run_at = Some("2026-11-24T22:00:00+01:00".into());
    record.past.not_before = Some(at(0.0));
    record.cancel_wished = true;
    open(&place).write(&[], vec![record.clone()]).unwrap();
    let journal = Journal::read(&place.path).unwrap();
    let rows = journal.find("a-", 10).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(journal.full(rows[0]).unwrap(), record);
    assert_eq!(only(&journal), record.past);
    let task = journal.full(rows[0]).unwrap().task();
    assert_eq!(task.reply.as_ref().unwrap().result(false), Some(r#"{"t1": [1.0, NaN, 1e-07]}"#));
    assert_eq!(task.duration(Now::at(500.0)), Some((Duration::from_millis(2_001), true)));
}

#[test]
fn the_file_is_the_persons_alone() {
    let place = place();
    let journal = open(&place);
    journal.bytes().unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.path.parent().unwrap()), 0o700);
    for file in std::fs::read_dir(place.path.parent().unwrap()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_task_that_two_programs_saw_is_one_row_and_who_knows_more_fills_it() {
    let place = place();
    let (mut one, mut two) = (open(&place), open(&place));
    // One saw it begin, and lost the link; the other came late and saw its end.
    one.write(&[], vec![running("a")]).unwrap();
    let mut late = ended("a");
    late.past.started = Some(Moment { at: at(11.0), exact: false });
    late.past.took = Some((Duration::from_secs(1), false));
    late.past.heard = at(11.0);
    late.texts.payload = None;
    two.write(&[], vec![late]).unwrap();
    one.write(&[], vec![unknown("a", Reason::LinkLost)]).unwrap();
    let past = only(&one);
    assert_eq!((past.state, past.outcome), (State::Ended, Some(Outcome::Ok)));
    assert_eq!(past.started, seen(10.0));
    assert_eq!(past.took, Some((Duration::from_secs(2), true)), "from one's beginning to the other's end");
    let full = one.full(one.find("a", 2).unwrap()[0]).unwrap();
    assert_eq!(full.texts.payload, running("a").texts.payload);
    assert_eq!(full.texts.reply, Some(Kept::Text(reply("a"))));
    // An outcome is not taken back by another one either.
    let mut other = ended("a");
    other.past.outcome = Some(Outcome::Failed);
    two.write(&[], vec![other]).unwrap();
    assert_eq!(only(&two).outcome, Some(Outcome::Ok));
}

#[test]
fn a_scheduled_task_is_one_row_under_either_of_its_ids() {
    let place = place();
    let (mut one, mut two) = (open(&place), open(&place));
    one.write(&[], vec![running("task")]).unwrap();
    let mut scheduled = ended("sched");
    scheduled.past.task_id = Some("task".into());
    scheduled.past.scheduled_task_id = Some("sched".into());
    two.write(&[], vec![scheduled.clone()]).unwrap();
    assert_eq!(only(&one).scheduled_task_id.as_deref(), Some("sched"));
    let mut again = scheduled;
    again.past.task_id = None;
    again.time = None;
    one.write(&[], vec![again]).unwrap();
    let past = only(&one);
    assert_eq!(past.outcome, Some(Outcome::Ok));
    assert_eq!(one.find("task", 9).unwrap(), one.find("sched", 9).unwrap());
}

#[test]
fn a_row_by_the_tasks_id_and_one_by_the_schedulers_become_one_whoever_learns_of_both() {
    for screen_first in [true, false] {
        let place = place();
        let (mut screen, mut submit) = (open(&place), open(&place));
        // One saw it begin and knows the task's id only, the other one was told the scheduler's only.
        let by_bus = |journal: &mut Journal| journal.write(&[], vec![running("t1")]).unwrap();
        let mut accepted = ended("s1");
        (accepted.past.task_id, accepted.past.scheduled_task_id) = (None, Some("s1".into()));
        (accepted.past.own, accepted.past.started, accepted.time) = (Some(Own::Scheduled), None, None);
        if screen_first {
            by_bus(&mut screen);
        }
        submit.write(&[], vec![accepted]).unwrap();
        if !screen_first {
            by_bus(&mut screen);
        }
        assert_eq!(lines(&screen).len(), 2, "nobody can know yet");
        let mut both = ended("t1");
        both.past.scheduled_task_id = Some("s1".into());
        screen.write(&[], vec![both.clone()]).unwrap();
        let past = only(&screen);
        assert_eq!(
            (past.own, past.outcome, past.started),
            (Some(Own::Scheduled), Some(Outcome::Ok), seen(10.0))
        );
        // Whoever had the row that is gone finds the other one.
        let mut again = both;
        (again.past.key, again.past.own) = (TaskKey("s1".into()), Some(Own::Scheduled));
        submit.write(&[], vec![again]).unwrap();
        assert_eq!(only(&submit).outcome, Some(Outcome::Ok));
    }
}

#[test]
fn runs_under_one_id_are_rows_of_their_own() {
    let place = place();
    let (mut one, mut two) = (open(&place), open(&place));
    one.write(&[], vec![ended("x")]).unwrap();
    let mut second = running("x#2");
    second.past.task_id = Some("x".into());
    second.time = Some("2026-11-24T21:05:00+00:00".into());
    one.write(&[], vec![second.clone()]).unwrap();
    // The other program has heard of the second run alone, and calls it by the id.
    second.past.key = TaskKey("x".into());
    second.past.state = State::Ended;
    second.past.outcome = Some(Outcome::Failed);
    two.write(&[], vec![second]).unwrap();
    let all = lines(&one);
    let told: Vec<_> = all.iter().map(|past| (&*past.key.0, past.outcome)).collect();
    assert_eq!(told, [("x", Some(Outcome::Ok)), ("x#2", Some(Outcome::Failed))]);
    assert_eq!(one.find("x#2", 9).unwrap().len(), 1);
}

#[test]
fn two_keys_that_turn_out_to_be_one_task_leave_one_row() {
    let place = place();
    let mut journal = open(&place);
    journal.write(&[], vec![running("frame")]).unwrap();
    let mut scheduled = running("sched");
    scheduled.past.task_id = None;
    scheduled.past.scheduled_task_id = Some("sched".into());
    scheduled.texts.payload = None;
    journal.write(&[], vec![scheduled]).unwrap();
    assert_eq!(lines(&journal).len(), 2);
    journal.write(&[(TaskKey("frame".into()), TaskKey("sched".into()))], vec![]).unwrap();
    let past = only(&journal);
    assert_eq!(&*past.key.0, "sched");
    let full = journal.full(journal.find("frame", 9).unwrap()[0]).unwrap();
    assert_eq!(full.texts.payload, running("frame").texts.payload);
}

#[test]
fn what_ran_when_the_last_program_ended_is_unknown_and_its_end_can_still_come() {
    let place = place();
    let mut journal = open(&place);
    journal.write(&[], vec![running("a")]).unwrap();
    // Somebody else who comes while it is watched changes nothing.
    let other = open(&place);
    assert_eq!(only(&other).state, State::Running { starting: false });
    assert!(Journal::read(&place.path).unwrap().is_attended());
    drop((journal, other));
    let reader = Journal::read(&place.path).unwrap();
    assert_eq!(only(&reader).state, State::Unknown, "a reader says so too, and writes nothing");
    let mut again = open(&place);
    let past = only(&again);
    assert_eq!((past.state, &past.reason), (State::Unknown, &Some(Reason::NotSeen)));
    assert_eq!(past.ended, Some(Moment { at: at(5_000.0), exact: false }), "it is unknown as of then");
    assert_eq!(past.task().last_heard.utc, at(10.0), "which is no word of it");
    again.write(&[], vec![ended("a")]).unwrap();
    assert_eq!(only(&again).outcome, Some(Outcome::Ok));
    assert_eq!(only(&again).ended, seen(12.0));
}

#[test]
fn what_became_of_tasks_while_nobody_was_there_is_counted_for_who_comes_back() {
    let place = place();
    let own = |mut record: Record| {
        record.past.own = Some(Own::Scheduled);
        record
    };
    let failed = |mut record: Record| {
        record.past.outcome = Some(Outcome::Failed);
        record
    };
    let at_second = |mut record: Record, seconds: f64| {
        record.past.ended = seen(seconds);
        record
    };
    let mut hidden = at_second(ended("hidden"), 300.0);
    hidden.past.hidden = true;
    let records = vec![
        at_second(ended("before"), 99.0),
        at_second(own(ended("mine")), 150.0),
        at_second(failed(ended("theirs")), 200.0),
        own(running("lost")),
        at_second(own(hidden.clone()), 300.0),
        Record { past: Past { key: TaskKey("other".into()), own: None, ..hidden.past.clone() }, ..hidden },
    ];
    open(&place).write(&[], records).unwrap();
    // The one that ran is unknown from now on.
    let mut journal = open(&place);
    let away = Away { since: at(100.0), until: at(5_000.0), sure: true };
    let own = Tally { ok: 2, unknown: 1, ..Tally::default() };
    let news = News { own, others: Tally { failed: 1, ..Tally::default() } };
    assert_eq!(journal.news(&away).unwrap(), news);
    // The scheduler's list tells of one that waited when its sender left.
    let mut listed = ended("s");
    listed.past.ended = Some(Moment { at: at(5_002.0), exact: false });
    (listed.past.heard, listed.past.started) = (at(5_002.0), None);
    listed.submitted_at = Some("2026-11-24T21:00:01Z".into());
    journal.write(&[], vec![listed]).unwrap();
    assert_eq!(journal.news(&away).unwrap().others, Tally { ok: 1, failed: 1, ..Tally::default() });
    let unsure = Away { sure: false, ..away };
    assert_eq!(journal.news(&unsure).unwrap().others, Tally { failed: 1, ..Tally::default() });
    // Whoever comes back later is told nothing twice.
    let later = Away { since: at(5_100.0), until: at(6_000.0), sure: true };
    assert_eq!(journal.news(&later).unwrap(), News::default());
}

#[test]
fn a_text_that_is_too_large_is_told_with_its_size() {
    let place = place();
    let mut journal = open(&place);
    let mut record = ended("a");
    record.texts.reply = Some(Kept::within(reply("a"), 10));
    journal.write(&[], vec![record]).unwrap();
    let full = journal.full(journal.find("a", 2).unwrap()[0]).unwrap();
    assert_eq!(full.texts.reply, Some(Kept::TooLarge(reply("a").len())));
    assert!(full.task().let_go);
}

#[test]
fn lines_come_by_their_changes() {
    let place = place();
    let mut journal = open(&place);
    journal.write(&[], vec![running("a"), running("b")]).unwrap();
    let mut count = 0;
    let last = journal.lines(0, |_, _| count += 1).unwrap();
    assert_eq!(count, 2);
    let mut other = open(&place);
    other.write(&[], vec![ended("b"), running("a")]).unwrap();
    let mut changed = Vec::new();
    journal.lines(last, |_, record| changed.push(record.past.key.to_string())).unwrap();
    assert_eq!(changed, ["b"], "what says nothing new is no change");
}

#[test]
fn the_old_and_what_is_too_much_goes_and_that_is_told() {
    let place = place();
    let limits = Limits { age: Duration::from_secs(3_600), bytes: 400_000, ..Limits::default() };
    let (mut journal, _) = Journal::open(&place.path, limits, at(5_000.0)).unwrap();
    let mut records = Vec::new();
    for n in 0..3_000 {
        let mut record = ended(&format!("task-{n}"));
        record.past.heard = at(f64::from(n));
        records.push(record);
    }
    journal.write(&[], records).unwrap();
    assert!(journal.bytes().unwrap() > 400_000);
    assert_eq!(journal.let_go().unwrap().tasks, 0);
    // The first thousand is older than an hour.
    let gone = journal.prune(at(1_000.0) + TimeDelta::hours(1)).unwrap();
    assert!(gone >= 1_000 && journal.bytes().unwrap() <= 400_000, "{gone}");
    let told = journal.let_go().unwrap();
    assert_eq!(told.tasks, gone);
    let left = lines(&journal);
    assert_eq!(left.len() as u64, 3_000 - gone);
    assert!(left.iter().all(|past| past.heard > told.until.unwrap()), "the newest are left");
    assert!(journal.find("task-0", 9).unwrap().is_empty());
    assert!(!journal.find("task-2999", 9).unwrap().is_empty());
    assert_eq!(journal.prune(at(0.0)).unwrap(), 0);
}

#[test]
fn a_damaged_file_is_put_aside_and_a_newer_one_is_left_alone() {
    let place = place();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    std::fs::write(&place.path, "this is no history, but it is somebody's").unwrap();
    let (mut journal, aside) = Journal::open(&place.path, Limits::default(), at(5_000.0)).unwrap();
    let aside = aside.unwrap();
    assert_eq!(std::fs::read_to_string(&aside.to).unwrap(), "this is no history, but it is somebody's");
    journal.write(&[], vec![ended("a")]).unwrap();
    journal.db().pragma_update(None, "user_version", 99).unwrap();
    drop(journal);
    let before = std::fs::read(&place.path).unwrap();
    for error in [
        Journal::open(&place.path, Limits::default(), at(5_000.0)).unwrap_err(),
        Journal::read(&place.path).unwrap_err(),
    ] {
        assert!(matches!(error, Trouble::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("newer juicetop"), "{error}");
    }
    assert_eq!(std::fs::read(&place.path).unwrap(), before);
}

#[test]
fn another_programs_database_is_put_aside_too() {
    let place = place();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let db = rusqlite::Connection::open(&place.path).unwrap();
    db.execute_batch("CREATE TABLE somebody (s TEXT)").unwrap();
    drop(db);
    let (journal, aside) = Journal::open(&place.path, Limits::default(), at(5_000.0)).unwrap();
    assert!(aside.unwrap().why.contains("another program's"));
    assert!(lines(&journal).is_empty());
}

#[test]
fn an_empty_file_and_a_missing_one_are_no_trouble() {
    let place = place();
    assert!(matches!(Journal::read(&place.path), Err(Trouble::Missing)));
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    std::fs::write(&place.path, "").unwrap();
    assert!(matches!(Journal::read(&place.path), Err(Trouble::Missing)));
    assert!(lines(&open(&place)).is_empty());
}

#[test]
fn two_that_write_at_once_lose_nothing() {
    let place = place();
    open(&place);
    std::thread::scope(|scope| {
        for who in 0..4 {
            let path = &place.path;
            scope.spawn(move || {
                let (mut journal, _) = Journal::open(path, Limits::default(), at(5_000.0)).unwrap();
                for n in 0..20 {
                    // Half of them everybody sees.
                    let shared = ended(&format!("shared-{n}"));
                    let own = ended(&format!("own-{who}-{n}"));
                    journal.write(&[], vec![shared, own]).unwrap();
                }
            });
        }
    });
    let journal = open(&place);
    let all = lines(&journal);
    assert_eq!(all.iter().filter(|past| past.key.0.starts_with("shared")).count(), 20);
    assert_eq!(all.len(), 20 + 4 * 20);
}

#[test]
fn a_full_disk_is_a_sentence_and_what_was_written_stays() {
    let place = place();
    let mut journal = open(&place);
    journal.write(&[], vec![ended("a")]).unwrap();
    // As a disk does that has no room for one more page.
    let pages: i64 = journal.db().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    journal.db().query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    let many = |from: usize| (from..from + 200).map(|n| ended(&format!("more-{n}"))).collect::<Vec<_>>();
    let error = journal.write(&[], many(0)).unwrap_err();
    assert_eq!(error.to_string(), "the disk is full");
    assert_eq!(lines(&journal).len(), 1);
    journal.db().query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
    journal.write(&[], many(0)).unwrap();
    assert_eq!(lines(&journal).len(), 201);
}

#[test]
fn a_folder_that_cannot_be_made_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "no folder").unwrap();
    let error =
        Journal::open(&folder.path().join("file/history.db"), Limits::default(), at(5_000.0)).unwrap_err();
    assert!(matches!(error, Trouble::Refused(_)), "{error}");
}

#[test]
fn bytes_that_rot_in_the_file_are_an_error_and_never_a_panic() {
    let place = place();
    let mut journal = open(&place);
    journal.write(&[], (0..300).map(|n| ended(&format!("task-{n}"))).collect()).unwrap();
    drop(journal);
    let whole = std::fs::read(&place.path).unwrap();
    for step in 1..40 {
        let mut bytes = whole.clone();
        let from = 100 + step * 97 * 8 % bytes.len();
        for byte in bytes.iter_mut().skip(from).take(600) {
            *byte = byte.wrapping_mul(31).wrapping_add(7);
        }
        std::fs::write(&place.path, bytes).unwrap();
        if let Ok((mut journal, _)) = Journal::open(&place.path, Limits::default(), at(5_000.0)) {
            let _ = journal.lines(0, |_, _| {});
            for row in journal.find("task-", 1_000).unwrap_or_default() {
                let _ = journal.full(row).map(|record| record.task());
            }
            let _ = journal.write(&[], vec![ended("new")]);
        }
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(crate::keep::beside(&place.path, ending));
        }
    }
}

#[test]
fn what_a_killed_program_had_not_finished_is_not_there_and_the_rest_is_whole() {
    let place = place();
    let mut journal = open(&place);
    journal.write(&[], (0..50).map(|n| ended(&format!("task-{n}"))).collect()).unwrap();
    // In the middle of a step: the disk is as it is now when the program is killed.
    journal
        .db()
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM texts; UPDATE task SET outcome = 'failed'")
        .unwrap();
    let after = tempfile::tempdir().unwrap();
    let copy = after.path().join("history.db");
    for ending in ["", "-wal"] {
        let from = crate::keep::beside(&place.path, ending);
        std::fs::copy(from, crate::keep::beside(&copy, ending)).unwrap();
    }
    let (again, aside) = Journal::open(&copy, Limits::default(), at(5_000.0)).unwrap();
    assert_eq!(aside, None);
    let all = lines(&again);
    assert_eq!(all.len(), 50);
    assert!(all.iter().all(|past| past.outcome == Some(Outcome::Ok)));
    assert_eq!(again.full(1).unwrap().texts.reply, Some(Kept::Text(reply("task-0"))));
}

/// `cargo test --release -- --ignored --nocapture a_hundred_thousand`: the figures of `docs/history.md`.
#[test]
#[ignore = "it measures; run it with --release"]
#[allow(clippy::print_stderr, reason = "it tells what it measured")]
fn a_hundred_thousand_tasks() {
    use crate::store::{
        filter::Filter,
        past::query::{Column, Line, Order, Query, answer},
    };
    let place = place();
    let mut journal = open(&place);
    let clock = crate::time::Clock::start();
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let begin = clock.now();
        work();
        let took = clock.now().since(begin);
        eprintln!("{what}: {:.1} ms", took.as_secs_f64() * 1e3);
    };
    let record = |n: usize| {
        let mut record = ended(&uuid::Uuid::new_v4().to_string());
        record.past.heard = at(n as f64);
        record.past.started = seen(n as f64);
        record.past.name = format!("MeasureT1: qubit='q{}', averages={n}, amplitude=0.125", n % 50).into();
        record.past.task_type = "MeasureT1".into();
        let payload = format!(r#"{{"qubit": "q{}", "averages": {n}, "amplitude": 0.125}}"#, n % 50);
        record.texts.payload = Some(Kept::Text(payload.into()));
        let values: Vec<String> =
            (0..20).map(|k| format!("{:.6}", f64::from(k * 7 + n as u32 % 13) / 31.0)).collect();
        let reply = format!(
            r#"{{"id": "{}", "status": "ok", "result": {{"t1_us": 41.25, "trace": [{}]}}}}"#,
            record.past.key,
            values.join(", ")
        );
        record.texts.reply = Some(Kept::Text(reply.into()));
        record
    };
    let mut made = (0..100_000).map(record);
    timed("100,000 tasks written, 500 in a step", &mut || {
        loop {
            let batch: Vec<Record> = made.by_ref().take(500).collect();
            if batch.is_empty() {
                break;
            }
            journal.write(&[], batch).unwrap();
        }
    });
    eprintln!("bytes a task: {}", journal.bytes().unwrap() / 100_000);
    let mut lines: Vec<Line> = Vec::new();
    timed("all lines read", &mut || {
        journal.lines(0, |row, record| lines.push((row, std::sync::Arc::new(record.past)))).unwrap();
    });
    for (text, sort) in [
        ("", Column::When),
        ("q", Column::When),
        ("q3 averages", Column::When),
        ("nothing-has-this", Column::When),
        ("outcome:failed", Column::When),
        ("/q[34]',/", Column::Took),
        ("payload.qubit:q3", Column::When),
    ] {
        let filter = Filter::parse(text, &crate::store::filter::Saved::default(), Now::at(0.0)).unwrap();
        let query = Query { id: 1, filter, hidden: false, sort, down: true, away: None };
        let mut found = 0;
        let order = Order::of(&lines, &query);
        let payload = |row| Some(journal.payload(row).unwrap()?.to_string().into());
        timed(&format!("{text:?}"), &mut || {
            found = answer(&lines, &order, &query, payload, || false).unwrap().len();
        });
        eprintln!("  {found} lines");
    }
    timed("one task by its id", &mut || {
        let id = lines[77_777].1.key.to_string();
        journal.full(journal.find(&id[..9], 2).unwrap()[0]).unwrap();
    });
    timed("half of it let go", &mut || {
        journal.limits.bytes = journal.bytes().unwrap() / 2;
        journal.prune(at(100_000.0)).unwrap();
    });
}

#[test]
fn runs_are_read_for_what_is_usual_with_their_payload_where_it_can_be_compared() {
    let place = place();
    let mut journal = Journal::open(&place.path, Limits::default(), at(5_000.0)).unwrap().0;
    let mut large = ended("large");
    large.texts.payload = Some(Kept::Text(format!(r#"{{"x": "{}"}}"#, "y".repeat(900)).into()));
    let mut masked = ended("masked");
    masked.texts.masked = true;
    let mut least = ended("least");
    least.past.took = Some((Duration::from_secs(5), false));
    let mut failed = ended("failed");
    failed.past.outcome = Some(Outcome::Failed);
    let all = vec![
        running("runs"),
        ended("old"),
        large,
        masked,
        least,
        failed,
        unknown("lost", Reason::NotSeen),
        ended("new"),
    ];
    journal.write(&[], all).unwrap();
    let told = |runs: Vec<Record>| -> Vec<(String, bool)> {
        runs.into_iter().map(|run| (run.past.key.to_string(), run.texts.payload.is_some())).collect()
    };
    let known = |id: &str, payload| (id.to_owned(), payload);
    let wanted = [known("old", true), known("large", false), known("masked", false), known("new", true)];
    assert_eq!(told(journal.runs(10, 500).unwrap()), wanted);
    assert_eq!(told(journal.runs(2, 500).unwrap()), wanted[2..], "the newest");
    assert_eq!(usual_runs(&journal).unwrap().len(), 4);
}

/// The same task as Juice's database tells it, by a clock that is an hour ahead.
fn archived(id: &str, ended: bool) -> Record {
    let mut record = running(id);
    let past = &mut record.past;
    (past.state, past.reason) = (State::Unknown, Some(Reason::NoEnd));
    (past.started, past.heard, past.archived) = (None, at(9.0 + 3600.0), true);
    record.time = Some("2026-11-24T22:00:09+01:00".into());
    if ended {
        (record.past.state, record.past.outcome, record.past.reason) =
            (State::Ended, Some(Outcome::Failed), None);
        record.past.ename = Some("KeyError".into());
        record.texts.reply = Some(Kept::Text(r#"{"status": "error"}"#.into()));
    }
    record
}

#[test]
fn what_was_seen_is_worth_more_than_what_juices_database_tells_whoever_comes_first() {
    for turned in [false, true] {
        let both = |one: Record, other: Record| {
            let place = place();
            let mut journal = open(&place);
            let (first, second) = if turned { (other, one) } else { (one, other) };
            journal.write(&[], vec![first]).unwrap();
            journal.write(&[], vec![second]).unwrap();
            let row = journal.find("a", 2).unwrap()[0];
            (only(&journal), journal.full(row).unwrap())
        };
        let (past, record) = both(running("a"), archived("a", false));
        assert_eq!(past, running("a").past, "it runs, whatever has no end yet");
        assert_eq!(record.texts, running("a").texts);
        let mut live = ended("a");
        (live.time, live.texts.payload) = (None, None);
        let (past, record) = both(live.clone(), archived("a", true));
        let ends = (past.outcome, past.ended, past.took);
        if turned {
            assert_eq!(
                ends,
                (Some(Outcome::Failed), live.past.ended, live.past.took),
                "the first end stands"
            );
        } else {
            assert_eq!(ends, (live.past.outcome, live.past.ended, live.past.took));
        }
        assert_eq!((past.heard, past.started, past.archived), (live.past.heard, live.past.started, false));
        assert!(record.texts.payload.is_some() && record.time.is_some(), "gaps are filled");
    }
}

#[test]
fn an_end_that_nobody_saw_is_known_from_juices_database_without_its_time() {
    let place = place();
    let mut journal = open(&place);
    let mut lost = unknown("a", Reason::NotSeen);
    lost.past.ended = Some(Moment { at: at(30.0), exact: false });
    lost.past.took = Some((Duration::from_secs(20), false));
    journal.write(&[], vec![lost.clone()]).unwrap();
    journal.write(&[], vec![archived("a", true), archived("b", true), archived("c", false)]).unwrap();
    let all = lines(&journal);
    let [a, b, c] = &all[..] else { panic!("{all:#?}") };
    assert_eq!((a.state, a.outcome, &a.reason), (State::Ended, Some(Outcome::Failed), &None));
    assert_eq!((a.ended, a.took, a.archived), (lost.past.ended, lost.past.took, false));
    assert_eq!((b.outcome, b.ended, b.took, b.archived), (Some(Outcome::Failed), None, None, true));
    assert_eq!((c.state, &c.reason), (State::Unknown, &Some(Reason::NoEnd)));
    // Read again it is the same, and what is seen of it later counts.
    journal.write(&[], vec![archived("b", true), archived("b", false), archived("c", false)]).unwrap();
    let again = lines(&journal);
    assert_eq!(again.len(), 3);
    assert!(again.iter().any(|past| past == b), "its beginning alone takes nothing back: {again:#?}");
    let mut seen = ended("c");
    seen.past.started = Some(Moment { at: at(11.0), exact: false });
    seen.past.took = Some((Duration::from_secs(1), false));
    journal.write(&[], vec![seen.clone()]).unwrap();
    let row = journal.find("c", 2).unwrap()[0];
    let c = journal.full(row).unwrap().past;
    assert_eq!(
        (c.state, c.ended, c.took, c.archived),
        (State::Ended, seen.past.ended, seen.past.took, false)
    );
}

#[test]
fn a_file_of_before_has_nothing_from_juices_database() {
    let place = place();
    open(&place).write(&[], vec![ended("a")]).unwrap();
    let db = rusqlite::Connection::open(&place.path).unwrap();
    db.execute_batch("ALTER TABLE task DROP COLUMN archived; PRAGMA user_version = 1").unwrap();
    drop(db);
    assert_eq!(only(&open(&place)), ended("a").past);
}
