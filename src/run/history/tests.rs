//! What reaches the disk, what is let go before, and what is told of that.

use super::*;
use crate::{
    app::tests::{Bench, Job, error, job, ok},
    store::{Outcome, Past, usual::Basis},
};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("history.db")
    }

    fn history(&self) -> (History, tokio::sync::mpsc::UnboundedReceiver<Msg>) {
        let (told, heard) = tokio::sync::mpsc::unbounded_channel();
        let limits = Limits::default();
        let memory = Memory::default();
        (History::start(Some(self.file()), limits, true, &memory, Clock::start(), told).unwrap(), heard)
    }

    fn lines(&self) -> Vec<Past> {
        let mut all = Vec::new();
        Journal::read(&self.file()).unwrap().lines(0, |_, record| all.push(record.past)).unwrap();
        all
    }
}

fn told(mut heard: tokio::sync::mpsc::UnboundedReceiver<Msg>) -> Vec<Result<String, String>> {
    let mut told = Vec::new();
    while let Ok(Msg::Done(text)) = heard.try_recv() {
        told.push(text);
    }
    told
}

#[test]
fn what_changed_is_written_once_a_second_and_all_of_it_at_the_end() {
    let place = Place::new();
    let (mut history, heard) = place.history();
    let mut b = Bench::new();
    assert_eq!(history.wake_at(b.app.store()), Some(Duration::ZERO));
    history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
    assert_eq!(history.wake_at(b.app.store()), None, "nothing has changed since");
    b.at(1.5).runs(&job("q1"));
    history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
    b.at(1.8).completed(&job("q1"), &ok("q1")).runs(&job("q2"));
    let due = history.wake_at(b.app.store()).unwrap();
    assert_eq!(due, Now::at(2.5).mono, "not before a second has passed");
    history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
    assert_eq!(history.wake_at(b.app.store()), Some(due));
    b.at(2.0).completed(&job("q2"), &error("q2", "KeyError", "'x'", "Traceback"));
    history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
    drop(history);
    assert_eq!(told(heard), []);
    let lines = place.lines();
    let ends: Vec<_> = lines.iter().map(|past| (past.key.to_string(), past.outcome)).collect();
    assert_eq!(ends, [("q1".into(), Some(Outcome::Ok)), ("q2".into(), Some(Outcome::Failed))]);
    assert_eq!(lines[1].ename.as_deref(), Some("KeyError"));
    assert!(lines[0].took.unwrap().1, "it was measured from its beginning to its end");
}

#[test]
fn what_became_of_tasks_is_told_and_again_where_more_is_learned_of_it() {
    let place = Place::new();
    let (mut history, mut heard) = place.history();
    let mut b = Bench::new();
    b.at(50.0).ran(&job("q1"));
    let away = Away { since: Now::at(20.0).utc, until: Now::at(100.0).utc, sure: true };
    history.count(away, &mut b.app.session.store, &b.app.catalogue, b.now);
    b.at(120.0).ran(&job("q2"));
    history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
    drop(history);
    let mut told = Vec::new();
    while let Ok(Msg::News(of, news)) = heard.try_recv() {
        told.push((of == away, news.others.ok));
    }
    assert_eq!(told, [(true, 1)], "what ended later is no news of that time");

    let (mut history, mut heard) = place.history();
    let mut b = Bench::new();
    // It ends in a gap of which the time is that of the question.
    b.at(60.0).ran(&job("q3"));
    history.count(
        Away { until: Now::at(130.0).utc, ..away },
        &mut b.app.session.store,
        &b.app.catalogue,
        b.now,
    );
    b.at(70.0).ran(&job("q4"));
    history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
    drop(history);
    let mut last = None;
    while let Ok(msg) = heard.try_recv() {
        if let Msg::News(_, news) = msg {
            last = Some(news.others.ok);
        }
    }
    assert_eq!(last, Some(4));
}

#[test]
fn many_changes_at_once_wait_for_no_second() {
    let place = Place::new();
    let (mut history, _heard) = place.history();
    let mut b = Bench::new();
    history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
    for n in 1..=MANY {
        b.runs(&job(&format!("q{n}")));
        history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
        assert_eq!(b.app.store().changed(), if n < MANY { n } else { 0 });
    }
}

#[test]
fn what_earlier_runs_took_is_told_at_the_start() {
    let place = Place::new();
    let (mut history, heard) = place.history();
    let mut b = Bench::new();
    let kind = |id: &str, payload: &str| Job { payload: payload.into(), name: "Wait".into(), ..job(id) };
    for (id, payload) in [("q1", r#"{"s": 1}"#), ("q2", r#"{"s": 1}"#), ("q3", r#"{"s": 2}"#)] {
        let job = kind(id, payload);
        b.later(1.0).runs(&job).later(4.0).completed(&job, &ok(id));
    }
    let failed = kind("q4", r#"{"s": 1}"#);
    b.runs(&failed).later(1.0).completed(&failed, &error("q4", "E", "x", ""));
    history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
    drop(history);
    assert_eq!(told(heard), [], "there was nothing to tell");

    let (history, mut heard) = place.history();
    drop(history);
    let Ok(Msg::Runs(runs)) = heard.try_recv() else { panic!("no runs were read") };
    assert_eq!(runs.len(), 3);
    let mut next = Bench::new();
    next.runs(&kind("n", r#"{"s": 1}"#)).msg(Msg::Runs(runs.clone()));
    let usual = |b: &Bench| b.app.store().usual(b.app.store().find("n").unwrap()).unwrap();
    assert_eq!((usual(&next).runs, usual(&next).median), (3, Duration::from_secs(4)));
    assert_eq!(usual(&next).basis, Basis::Name);
    // The one that wrote them knows them already.
    b.runs(&kind("n", r#"{"s": 1}"#)).msg(Msg::Runs(runs));
    assert_eq!(usual(&b).runs, 3);
}

#[test]
fn no_secret_reaches_the_disk() {
    let place = Place::new();
    let (mut history, _heard) = place.history();
    let mut b = Bench::new();
    let mut task = job("q1");
    task.payload = r#"{"user": "me", "token": "hush-hush"}"#.into();
    b.runs(&task).completed(&task, &ok("q1"));
    history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
    drop(history);
    let journal = Journal::read(&place.file()).unwrap();
    let texts = journal.full(journal.find("q1", 2).unwrap()[0]).unwrap().texts;
    let payload = texts.payload.as_ref().and_then(|kept| kept.text()).unwrap();
    assert!(texts.masked && payload.contains("\"me\"") && payload.contains("*****"), "{payload}");
    for file in std::fs::read_dir(place.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(9).any(|part| part == b"hush-hush"));
    }
}

#[test]
fn what_waits_for_a_slow_disk_is_weighed_and_the_rest_waits_in_the_store() {
    let memory = Memory::of(crate::memory::LEAST);
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let worker = Worker::start("slow", move |todo: &Receiver<super::Job>| {
        let _ = gate.recv();
        todo.iter().for_each(drop);
    });
    let mut history = History {
        worker: worker.unwrap(),
        limits: Limits::default(),
        memory: memory.clone(),
        open: Arc::default(),
        newest: Arc::default(),
        seen: None,
        next: Duration::ZERO,
    };
    let mut b = Bench::new();
    for n in 0..20 {
        let id = format!("q{n}");
        let payload = format!(r#"{{"x": "{}"}}"#, "x".repeat(1_000_000));
        b.later(1.5).runs(&Job { payload, ..job(&id) });
        history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
    }
    let most = memory.records() + 1_100_000;
    assert!((memory.records()..most).contains(&memory.held()), "{} of {most}", memory.held());
    let left = b.app.session.store.drain_changed();
    assert!((10..15).contains(&left.len()), "the others are not forgotten: {}", left.len());
    drop((go, history));
    assert_eq!(memory.held(), 0);
}

#[test]
fn who_keeps_pace_brings_the_slow_disk_more_than_the_store_keeps_and_nothing_is_let_go_before() {
    use crate::store::{Input, Limits as Kept, Store};
    use crate::wire::frame::Snapshot;
    const TASKS: usize = 16_000;
    // The disk stands still at first, for so long at most.
    let written = |patience: Duration, still: Duration| {
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let (open, count): (Arc<AtomicUsize>, Arc<AtomicUsize>) = Default::default();
        let (heard, written) = (open.clone(), count.clone());
        let worker = Worker::start("slow", move |todo: &Receiver<super::Job>| {
            let _ = gate.recv_timeout(still);
            for job in todo {
                let super::Job::Write(batch) = job else { continue };
                written.fetch_add(batch.tasks.len(), Ordering::Relaxed);
                heard.fetch_sub(batch.held.bytes(), Ordering::Relaxed);
            }
        });
        let mut history = History {
            worker: worker.unwrap(),
            limits: Limits::default(),
            memory: Memory::of(crate::memory::LEAST),
            open,
            newest: Arc::default(),
            seen: None,
            next: Duration::ZERO,
        };
        let mut store = Store::new(Kept { ended_tasks: 3_000, ..Kept::default() });
        let (types, now) = (Catalogue::default(), Now::at(0.0));
        let mut pace = Pace { patience, ..history.pace() };
        for part in 0..TASKS / 400 {
            pace.keep();
            let entry = |n: usize| {
                let text = format!(
                    r#"{{"scheduled_task_id": "s{n}", "task_id": "t{n}", "target": "lab", "status": "done"}}"#
                );
                Ok(Snapshot::parse(&text).unwrap())
            };
            let entries = (part * 400..(part + 1) * 400).map(entry).collect();
            store.apply(Input::SchedulePart(entries), now);
            history.look(&mut store, &types, false, now);
        }
        drop(go);
        history.look(&mut store, &types, true, now);
        drop(history);
        count.load(Ordering::Relaxed)
    };
    assert_eq!(written(PATIENCE, Duration::from_millis(300)), TASKS);
    let hasty = written(Duration::ZERO, Duration::from_secs(60));
    assert!(hasty < TASKS, "{hasty}: so it has to keep pace");
}

#[test]
fn a_disk_that_hangs_does_not_hold_up_what_is_brought_for_ever() {
    let open: Arc<AtomicUsize> = Arc::new(AtomicUsize::new(10));
    let mut pace = Pace { open: open.clone(), most: 5, patience: 3 * LOOK };
    pace.keep();
    assert_eq!(pace.patience, Duration::ZERO, "it waited");
    let mut pace = Pace { open: open.clone(), most: 5, patience: PATIENCE };
    let waits = thread::spawn(move || {
        pace.keep();
        pace.patience
    });
    thread::sleep(4 * LOOK);
    assert!(!waits.is_finished());
    open.store(5, Ordering::Relaxed);
    assert!(!waits.join().unwrap().is_zero());
}

#[test]
fn what_the_store_lets_go_before_a_disk_that_hangs_took_it_is_counted_told_and_written_down() {
    let place = Place::new();
    let (mut history, heard) = place.history();
    let mut b = Bench::new();
    let mut runs = |history: &mut History, from: u32, to: u32| {
        for n in from..to {
            let id = format!("q{n}");
            b.later(1.5).runs(&job(&id)).completed(&job(&id), &ok(&id));
            b.app.session.store.allow(30_000);
            history.look(&mut b.app.session.store, &b.app.catalogue, false, b.now);
        }
        b.app.store().kept()
    };
    let kept = runs(&mut history, 0, 20);
    assert!((5..15).contains(&kept), "{kept}");
    history.open.fetch_add(history.memory.records() + 1, Ordering::Relaxed);
    runs(&mut history, 20, 60);
    history.open.fetch_sub(history.memory.records() + 1, Ordering::Relaxed);
    let kept = runs(&mut history, 60, 61);
    drop(history);
    let lost = 41 - kept;
    let words = format!("the disk was too slow for the history: {lost} changes of tasks are not in it");
    assert_eq!(told(heard), [Err(words)], "those before the disk hung are all in it");
    assert_eq!(place.lines().len(), 61 - lost);
    let journal = Journal::read(&place.file()).unwrap();
    assert_eq!(journal.let_go().unwrap().lost, lost as u64, "whoever reads it later learns of it too");
}

#[test]
fn a_past_without_a_disk_keeps_to_its_share_and_so_does_what_waits_for_one_that_fails() {
    let memory = Memory::of(crate::memory::LEAST);
    let (told, _heard) = tokio::sync::mpsc::unbounded_channel();
    let limits = in_memory(Limits::default(), &memory);
    let mut b = Bench::new();
    let mut records = Vec::new();
    for n in 0..100 {
        // Nothing that packs well.
        let mut seed: u64 = n + 1;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407_u64);
            char::from(b'a' + (seed >> 33) as u8 % 26)
        };
        let text: String = (0..60_000).map(|_| next()).collect();
        let id = format!("q{n}");
        b.later(1.0).runs(&Job { payload: format!(r#"{{"x": "{text}"}}"#), ..job(&id) });
        records.push(Record::of(b.app.store().find(&id).unwrap(), None, limits.text));
    }
    let mut writer = Writer::new(None, limits, true, &memory, Clock::start(), told.clone());
    for n in 0..40 {
        let again = |(at, record): (usize, &Record)| {
            let mut record = record.clone();
            record.past.key = TaskKey(format!("{n}-{at}").into());
            (record.past.task_id, record.time) = (Some(record.past.key.0.clone()), None);
            record
        };
        writer.waiting.extend(records.iter().enumerate().map(again));
        writer.write().unwrap();
        let bytes = writer.journal.as_ref().unwrap().bytes().unwrap();
        assert!(bytes <= limits.bytes, "{bytes} of {}", limits.bytes);
    }
    assert!(writer.journal.as_ref().unwrap().let_go().unwrap().tasks > 1_000);

    let folder = tempfile::tempdir().unwrap();
    let mut writer =
        Writer::new(Some(folder.path().to_owned()), Limits::default(), true, &memory, Clock::start(), told);
    for _ in 0..5 {
        for record in &records {
            writer.held.set(writer.held.bytes() + weight(record));
            writer.open.fetch_add(weight(record), Ordering::Relaxed);
            writer.waiting.push(record.clone());
        }
        assert!(writer.write().is_err(), "a folder is no file");
        assert!(memory.held() <= memory.records(), "{}", memory.held());
        assert_eq!(writer.held.bytes(), writer.waiting.iter().map(weight).sum::<usize>());
    }
    assert!(writer.lost > 300);
}

#[test]
fn a_disk_that_refuses_is_told_once_and_what_waited_is_written_when_it_is_right_again() {
    let place = Place::new();
    std::fs::create_dir(place.file()).unwrap();
    let (told_to, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let memory = Memory::default();
    let mut writer =
        Writer::new(Some(place.file()), Limits::default(), true, &memory, Clock::start(), told_to);
    let mut b = Bench::new();
    b.runs(&job("q1"));
    let record = |b: &Bench| Record::of(b.app.store().find("q1").unwrap(), None, 1_000);
    for _ in 0..3 {
        writer.waiting.push(record(&b));
        let written = writer.write();
        writer.tell(written.err());
    }
    let Ok(Msg::Done(Err(text))) = heard.try_recv() else { panic!("it was not told") };
    assert!(text.starts_with("the history is not kept: ") && text.contains("history.db"), "{text}");
    assert!(heard.try_recv().is_err(), "once is enough");
    std::fs::remove_dir(place.file()).unwrap();
    let written = writer.write();
    writer.tell(written.err());
    assert!(matches!(heard.try_recv(), Ok(Msg::Done(Ok(text))) if text == "the history is kept again"));
    drop(writer);
    assert_eq!(place.lines().len(), 1);
}

#[test]
fn a_damaged_file_is_put_aside_and_told_and_the_history_begins_anew() {
    let place = Place::new();
    std::fs::write(place.file(), "not a history at all, but long enough to be looked at").unwrap();
    let (mut history, heard) = place.history();
    let mut b = Bench::new();
    b.runs(&job("q1"));
    history.look(&mut b.app.session.store, &b.app.catalogue, true, b.now);
    drop(history);
    let told = told(heard);
    assert!(matches!(&told[..], [Err(text)] if text.contains("history.db.damaged")), "{told:?}");
    assert_eq!(place.lines().len(), 1);
}

#[test]
fn what_only_waits_and_what_juicetop_asks_is_no_history() {
    let mut b = Bench::new();
    let mut question = job("ask");
    (question.service, question.hidden) = ("task-manager".into(), true);
    b.runs(&question).runs(&job("q1"));
    let task = |id: &str| b.app.store().find(id).cloned().unwrap();
    assert!(is_history(&task("q1")) && !is_history(&task("ask")));
    assert!(!is_history(&Task { state: State::Waiting, ..task("q1") }));
}
