//! Tests of the store: by hand-made events, by replayed captures, and by properties.

mod archive;
mod doubts;
mod filters;
mod groups;
mod limits;
mod lives;
mod outlook;
mod own;
mod properties;
mod queue;
mod replay;
mod schedule;
mod slot;
mod types;
mod usual;

use super::*;
use crate::wire::event::{
    KernelState, ScheduledEvent, ScheduledStatus, ServiceEvent, Stamp, TaskEvent, TaskEventState,
};

/// An hour into the test's day, as an event writes it.
pub fn stamp(text: &str) -> Stamp {
    let at = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    Stamp { raw: text.into(), at }
}

/// The lab's time at that second of the test.
pub fn stamp_at(seconds: f64) -> Stamp {
    stamp(&Now::at(seconds).utc.to_rfc3339())
}

/// Who plays the lab in a test: makes events and gives them to a store.
pub struct Bench {
    pub store: Store,
    pub now: Now,
    /// What stands as the time of each task that says nothing else.
    made: HashMap<String, String>,
}

/// The time of a task that is that of its first event.
const WHEN_MADE: &str = "2026-11-24T21:00:00Z";

/// One task of the lab.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub target: String,
    pub kind: String,
    pub name: String,
    pub parallel: bool,
    pub hidden: bool,
    pub payload: String,
    pub time: String,
}

pub fn job(id: &str) -> Job {
    Job {
        id: id.into(),
        target: "fridge".into(),
        kind: "MeasureT1".into(),
        name: format!("MeasureT1: qubit='{id}'"),
        parallel: false,
        hidden: false,
        payload: format!(r#"{{"qubit": "{id}", "averages": 5}}"#),
        time: WHEN_MADE.into(),
    }
}

/// A cell that keeps the kernel of `lab` busy.
pub fn cell(id: &str) -> Job {
    Job {
        target: "lab".into(),
        kind: "IPythonTask".into(),
        name: "RawIPython: raw_code='1/0'".into(),
        payload: r#"{"raw_code": "1/0", "code": "1/0", "run_async": false}"#.into(),
        ..job(id)
    }
}

pub fn ok(id: &str) -> String {
    format!(r#"{{"id": "{id}", "status": "ok", "result": 1}}"#)
}

pub fn error(id: &str, name: &str, message: &str) -> String {
    format!(
        r#"{{"id": "{id}", "status": "error", "ename": "{name}", "evalue": "{message}", "traceback": "Traceback"}}"#
    )
}

pub fn cell_error(id: &str, name: &str) -> String {
    format!(
        r#"{{"id": "{id}", "status": "ok", "result": {{"status": "error", "ename": "{name}", "evalue": "x"}}}}"#
    )
}

pub fn event(job: &Job, state: TaskEventState, payload: &str) -> Event {
    Event::Task(Box::new(TaskEvent {
        time: stamp(&job.time),
        task_id: job.id.as_str().into(),
        target: job.target.as_str().into(),
        task_type: job.kind.as_str().into(),
        display_name: job.name.as_str().into(),
        parallel: Some(job.parallel),
        metadata: format!(r#"{{"parallel": {}}}"#, job.parallel).into(),
        reply: matches!(state, TaskEventState::Completed | TaskEventState::Failed)
            .then(|| Reply::parse(payload.into()).ok())
            .flatten(),
        payload: payload.into(),
        state,
        show_in_dashboard: !job.hidden,
    }))
}

pub fn scheduled_event(id: &str, task_id: Option<&str>, job: &Job, status: ScheduledStatus) -> Event {
    Event::Scheduled(Box::new(ScheduledEvent {
        time: stamp(&job.time),
        scheduled_task_id: id.into(),
        task_id: task_id.map(Text::from),
        target: job.target.as_str().into(),
        task_type: job.kind.as_str().into(),
        display_name: job.name.as_str().into(),
        status,
    }))
}

pub fn snapshot(id: &str, job: &Job, status: ScheduledStatus) -> Snapshot {
    let eligible = status == ScheduledStatus::Queued;
    Snapshot {
        scheduled_task_id: id.into(),
        task_id: None,
        target: job.target.as_str().into(),
        task_type: job.kind.as_str().into(),
        display_name: job.name.as_str().into(),
        status,
        run_at: None,
        submitted_at: Some(stamp(&job.time)),
        eligible,
        overdue: false,
        reply: None,
        result: None,
    }
}

impl Bench {
    /// A store that hears the bus and has its connection to the router, at second 0.
    pub fn new() -> Bench {
        Bench::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Bench {
        let mut bench = Bench { store: Store::new(limits), now: Now::at(0.0), made: HashMap::new() };
        bench.give(Input::BusLink(true));
        bench.give(Input::TaskLink { service: None, up: true });
        bench
    }

    pub fn at(&mut self, seconds: f64) -> &mut Bench {
        self.now = Now::at(seconds);
        self
    }

    pub fn give(&mut self, input: Input) -> &mut Bench {
        self.store.apply(input, self.now);
        self
    }

    pub fn bus(&mut self, event: Event) -> &mut Bench {
        self.give(Input::Bus(event))
    }

    fn told(&mut self, job: &Job, state: TaskEventState, payload: &str) -> &mut Bench {
        let now = self.now.utc.to_rfc3339();
        let time = match job.time == WHEN_MADE {
            true => self.made.entry(job.id.clone()).or_insert(now).clone(),
            false => job.time.clone(),
        };
        self.bus(event(&Job { time, ..job.clone() }, state, payload))
    }

    pub fn created(&mut self, job: &Job) -> &mut Bench {
        self.told(job, TaskEventState::Created, &job.payload)
    }

    pub fn started(&mut self, job: &Job) -> &mut Bench {
        self.told(job, TaskEventState::Started, &job.payload)
    }

    /// Created and started.
    pub fn runs(&mut self, job: &Job) -> &mut Bench {
        self.created(job).started(job)
    }

    pub fn completed(&mut self, job: &Job, reply: &str) -> &mut Bench {
        self.told(job, TaskEventState::Completed, reply)
    }

    pub fn scheduled(
        &mut self,
        id: &str,
        task_id: Option<&str>,
        job: &Job,
        status: ScheduledStatus,
    ) -> &mut Bench {
        let time = self.now.utc.to_rfc3339();
        self.bus(scheduled_event(id, task_id, &Job { time, ..job.clone() }, status))
    }

    pub fn kernel(&mut self, service: &str, state: KernelState) -> &mut Bench {
        let time = stamp(&self.now.utc.to_rfc3339());
        self.bus(Event::Service(ServiceEvent { time, service: service.into(), state }))
    }

    pub fn submit(&mut self, job: &Job, own: Own) -> &mut Bench {
        let frame = TaskFrame {
            id: job.id.as_str().into(),
            target: job.target.as_str().into(),
            task_type: job.kind.as_str().into(),
            parallel: job.parallel,
            display_name: job.name.as_str().into(),
            show_in_dashboard: !job.hidden,
            payload: job.payload.as_str().into(),
        };
        self.give(Input::Submitted { frame, own })
    }

    pub fn reply(&mut self, text: &str) -> &mut Bench {
        let reply = Reply::parse(text.into()).unwrap();
        self.give(Input::Reply(reply))
    }

    /// Lets time go on by itself, waking as the store asks.
    pub fn sleep_until(&mut self, seconds: f64) -> &mut Bench {
        let end = Now::at(seconds);
        while let Some(wake) = self.store.wake_at(self.now).filter(|wake| *wake <= end.mono) {
            self.now = Now { mono: wake, utc: self.now.utc + wake.saturating_sub(self.now.mono) };
            self.store.tick(self.now);
            let again = self.store.wake_at(self.now);
            assert!(again.is_none_or(|again| again > wake), "the store asks to be woken for nothing");
        }
        self.now = end;
        self
    }

    #[track_caller]
    pub fn task(&self, id: &str) -> &Task {
        self.store.find(id).unwrap_or_else(|| panic!("no task {id}"))
    }

    pub fn state(&self, id: &str) -> State {
        self.task(id).state
    }

    pub fn end(&self, id: &str) -> (State, Option<Outcome>, Option<Reason>) {
        let task = self.task(id);
        (task.state, task.outcome, task.reason.clone())
    }

    pub fn lanes(&self, service: &str) -> Lanes<'_> {
        self.store.lanes(service, false, self.now)
    }

    pub fn keys(&self) -> Vec<String> {
        self.store.tasks().map(|task| task.key.to_string()).collect()
    }
}

pub const RUNNING: State = State::Running { starting: false };
pub const OK: (State, Option<Outcome>, Option<Reason>) = (State::Ended, Some(Outcome::Ok), None);
pub const FAILED: (State, Option<Outcome>, Option<Reason>) = (State::Ended, Some(Outcome::Failed), None);

pub fn unknown(reason: Reason) -> (State, Option<Outcome>, Option<Reason>) {
    (State::Unknown, None, Some(reason))
}

pub fn names(waits: &[Wait<'_>]) -> Vec<String> {
    waits.iter().map(|wait| wait.task.key.to_string()).collect()
}
