//! Properties: any order converges, and no input breaks anything.

use proptest::prelude::*;

use super::*;

/// One task's life: its job, whether the scheduler has it, and its reply.
fn life() -> impl Strategy<Value = (bool, bool, bool, u8)> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 0..4u8)
}

/// The events of a life in their order, and the ids that it is found by.
fn events(
    number: usize,
    (ipython, parallel, scheduled, end): (bool, bool, bool, u8),
) -> (Vec<Event>, Vec<String>) {
    let id = format!("t{number}");
    let job = if ipython { cell(&id) } else { job(&id) };
    let job = Job { parallel, name: format!("{} {number}", job.name), ..job };
    let reply = match end {
        0 => ok(&id),
        1 => error(&id, "E", "x"),
        2 if ipython => cell_error(&id, "E"),
        2 => ok(&id),
        _ if ipython => cell_error(&id, "KeyboardInterrupt"),
        _ => error(&id, "E", "y"),
    };
    let failed = reply.contains(r#""status": "error", "ename": "E", "evalue""#) && !reply.contains("result");
    let mut events = vec![
        event(&job, TaskEventState::Created, &job.payload),
        event(&job, TaskEventState::Started, &job.payload),
        event(&job, TaskEventState::Completed, &reply),
    ];
    let mut ids = vec![id.clone()];
    if scheduled {
        let key = format!("s{number}");
        events.insert(0, scheduled_event(&key, None, &job, ScheduledStatus::Queued));
        events.insert(1, scheduled_event(&key, Some(&id), &job, ScheduledStatus::Running));
        let word = if failed { ScheduledStatus::Failed } else { ScheduledStatus::Done };
        events.push(scheduled_event(&key, Some(&id), &job, word));
        ids.push(key);
    }
    (events, ids)
}

type Facts = (State, Option<Outcome>, Option<Reason>, Lane, Option<Text>, Option<String>, bool);

fn facts(task: &Task) -> Facts {
    let reply = task.reply.as_ref().map(|reply| reply.text.to_string());
    let lane = task.lane;
    (
        task.state,
        task.outcome,
        task.reason.clone(),
        lane,
        task.payload.clone(),
        reply,
        task.scheduled_task_id.is_some(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_repetition_converges(
        lives in prop::collection::vec(life(), 1..5),
        seed in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>()), 0..60),
    ) {
        let mut all = Vec::new();
        let mut ids = Vec::new();
        for (number, life) in lives.iter().enumerate() {
            let (events, names) = events(number, *life);
            all.extend(events);
            ids.push(names);
        }
        let mut ordered = Bench::new();
        for event in &all {
            ordered.bus(event.clone());
        }
        // Some twice, then all in another order.
        let mut shuffled: Vec<(u32, Event)> = Vec::new();
        for (number, event) in all.iter().enumerate() {
            let rank = seed.get(number).map_or(7, |(_, rank)| *rank);
            shuffled.push((rank, event.clone()));
        }
        for (index, rank) in &seed {
            shuffled.push((rank.wrapping_mul(31), index.get(&all).clone()));
        }
        shuffled.sort_by_key(|(rank, _)| *rank);
        let mut mixed = Bench::new();
        for (number, (_, event)) in shuffled.into_iter().enumerate() {
            mixed.at(number as f64 * 0.01).bus(event);
            limits::check(&mixed.store, mixed.now);
        }
        prop_assert_eq!(mixed.store.tasks().count(), lives.len());
        for store in [&ordered.store, &mixed.store] {
            let counts = |task: &&Task| crate::store::usual::Run::of(task).is_some();
            prop_assert_eq!(store.usuals.size().0, store.tasks().filter(counts).count(), "each run counts once");
        }
        for names in ids {
            for name in &names {
                let (one, two) = (facts(ordered.task(name)), facts(mixed.task(name)));
                prop_assert_eq!(one.0, State::Ended);
                prop_assert_eq!(&one, &two);
            }
            prop_assert!(names.iter().all(|name| mixed.task(name).key == mixed.task(&names[0]).key));
        }
        for service in ["lab", "fridge"] {
            prop_assert!(mixed.lanes(service).holders.is_empty());
        }
    }

    #[test]
    fn no_sequence_of_inputs_breaks_anything(steps in prop::collection::vec((input(), 0..3_000u32), 0..80)) {
        let mut store = Store::new(Limits { ended_tasks: 6, memory: 30_000 });
        let mut ended: HashMap<TaskKey, Option<Outcome>> = HashMap::new();
        let mut millis = 0;
        for (input, pause) in steps {
            millis += pause * pause / 1_000;
            let now = Now::at(f64::from(millis) / 1_000.0);
            let (revision, merges) = (store.revision(), store.merged.len());
            store.apply(input, now);
            limits::check(&store, now);
            // A row that went into another one leaves its key free: here any id may be another task's too.
            for (old, _) in store.merged.iter().skip(merges) {
                ended.remove(old);
            }
            prop_assert!(store.revision() >= revision);
            prop_assert!(store.wake_at(now).is_none_or(|wake| wake >= now.mono));
            for task in store.tasks().filter(|task| task.state == State::Ended) {
                let known = ended.entry(task.key.clone()).or_insert(task.outcome);
                prop_assert_eq!(*known, task.outcome, "the first outcome stands");
            }
            ended.retain(|key, _| store.keys.contains_key(&key.0));
            for task in store.tasks() {
                prop_assert!(!ended.contains_key(&task.key) || task.state == State::Ended, "no way back from an end");
                _ = store.usual(task);
                _ = task.duration(now);
            }
            for name in ["fridge", "lab", "task-manager"] {
                _ = store.seen_types(name);
                _ = store.outlook(name, now);
                _ = store.next_alone(name);
            }
            if millis % 7 == 0 {
                store.drain_changed();
                store.drain_merged();
                store.take_questions();
            }
        }
    }
}

fn a_job() -> impl Strategy<Value = Job> {
    (0..4usize, 0..4usize, 0..3usize, any::<bool>(), any::<bool>()).prop_map(
        |(id, kind, time, parallel, hidden)| {
            let ids = ["a", "b", "a#2", "s1"];
            let job = match kind {
                0 => job(ids[id]),
                1 => cell(ids[id]),
                2 => Job { target: TASK_MANAGER.into(), kind: "ScheduleTask".into(), ..job(ids[id]) },
                _ => Job { target: String::new(), kind: String::new(), name: String::new(), ..job(ids[id]) },
            };
            Job { parallel, hidden, time: ["2026-11-24T21:00:00Z", "later", ""][time].into(), ..job }
        },
    )
}

fn a_reply() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        ok("a"),
        error("a", "E", "x"),
        cell_error("b", "KeyboardInterrupt"),
        r#"{"status": "error", "evalue": "x"}"#.to_owned(),
        r#"{"id": "b", "status": "partial"}"#.to_owned(),
        r#"{"id": "s1", "status": "ok", "result": {"scheduled_task_id": "s1", "task_id": null, "target": "fridge", "task_type": "T", "display_name": "T", "status": "queued", "run_at": null, "submitted_at": "2026-11-24T21:00:00Z", "result": null, "eligible": true, "overdue": true}}"#.to_owned(),
        "{not".to_owned(),
        String::new(),
    ])
}

fn a_snapshot() -> impl Strategy<Value = Snapshot> {
    let status = prop::sample::select(vec!["queued", "running", "done", "failed", "cancelled", "zzz"]);
    let task_id = prop::sample::select(vec![None, Some("a"), Some("b"), Some("s1")]);
    (
        a_job(),
        0..3usize,
        status,
        task_id,
        prop::option::of(a_reply()),
        any::<bool>(),
        prop::option::of(-50.0..50.0f64),
    )
        .prop_map(|(job, id, status, task_id, result, overdue, run_at)| Snapshot {
            task_id: task_id.map(Text::from),
            result: result.map(Text::from),
            overdue,
            run_at: run_at.map(|at| if at < -40.0 { stamp("never") } else { stamp_at(at.abs()) }),
            ..snapshot(["s1", "s2", "a"][id], &job, word(status))
        })
}

fn word(status: &str) -> ScheduledStatus {
    match status {
        "queued" => ScheduledStatus::Queued,
        "running" => ScheduledStatus::Running,
        "done" => ScheduledStatus::Done,
        "failed" => ScheduledStatus::Failed,
        "cancelled" => ScheduledStatus::Cancelled,
        other => ScheduledStatus::Other(other.into()),
    }
}

fn input() -> impl Strategy<Value = Input> {
    let text = || prop::sample::select(vec!["a", "b", "a#2", "s1", "s2", ""]).prop_map(Text::from);
    let service = || prop::sample::select(vec!["fridge", "lab", ""]).prop_map(Text::from);
    let state = prop::sample::select(vec![
        TaskEventState::Created,
        TaskEventState::Started,
        TaskEventState::Completed,
        TaskEventState::Failed,
        TaskEventState::Other("x".into()),
    ]);
    let kernel = prop::sample::select(vec![
        KernelState::Idle,
        KernelState::Busy,
        KernelState::Restarting,
        KernelState::Connecting,
        KernelState::Unknown("x".into()),
    ]);
    let own = || prop::sample::select(vec![Own::Direct, Own::Scheduled, Own::Alone]);
    prop_oneof![
        8 => (a_job(), state, a_reply()).prop_map(|(job, state, reply)| {
            let payload = match state {
                TaskEventState::Completed | TaskEventState::Failed => reply,
                _ => job.payload.clone(),
            };
            Input::Bus(event(&job, state, &payload))
        }),
        4 => (a_snapshot(), service()).prop_map(|(entry, _)| {
            let job = Job { target: entry.target.to_string(), kind: entry.task_type.to_string(), ..job("x") };
            Input::Bus(scheduled_event(&entry.scheduled_task_id, entry.task_id.as_deref(), &job, entry.status))
        }),
        2 => (service(), kernel).prop_map(|(service, state)| {
            Input::Bus(Event::Service(ServiceEvent { time: stamp(""), service, state }))
        }),
        2 => any::<bool>().prop_map(Input::BusLink),
        1 => Just(Input::Missed(1)),
        2 => (prop::option::of(service()), any::<bool>()).prop_map(|(service, up)| Input::TaskLink { service, up }),
        1 => prop::collection::vec(service(), 0..3).prop_map(Input::Configured),
        1 => prop::collection::vec(text(), 0..3).prop_map(Input::Topics),
        4 => (a_job(), own()).prop_map(|(job, own)| Input::Submitted {
            frame: TaskFrame {
                id: job.id.as_str().into(),
                target: job.target.as_str().into(),
                task_type: job.kind.as_str().into(),
                parallel: job.parallel,
                display_name: job.name.as_str().into(),
                show_in_dashboard: !job.hidden,
                payload: job.payload.as_str().into(),
            },
            own,
        }),
        1 => text().prop_map(|id| Input::Started { id }),
        1 => text().prop_map(|id| Input::NotSent { id, why: "x".into() }),
        1 => (text(), text()).prop_map(|(id, by)| Input::Carried { id, by, run_at: None }),
        2 => (text(), a_snapshot()).prop_map(|(id, snapshot)| Input::Accepted { id, snapshot }),
        2 => a_reply().prop_filter_map("a reply", |text| Reply::parse(text.into()).ok().map(Input::Reply)),
        2 => prop::collection::vec(
            prop_oneof![a_snapshot().prop_map(Ok), Just(Err(Text::from(r#"{"scheduled_task_id": "s2"}"#))), Just(Err(Text::from("5")))],
            0..4
        ).prop_map(Input::Schedule),
        1 => (text(), prop::option::of(a_snapshot()))
            .prop_map(|(scheduled_task_id, snapshot)| Input::ScheduleEntry { scheduled_task_id, snapshot }),
        1 => Just(Input::ScheduleUnreadable("x".into())),
        1 => text().prop_map(|key| Input::PutAway(TaskKey(key))),
        1 => text().prop_map(|key| Input::CancelAsked(TaskKey(key))),
    ]
}
