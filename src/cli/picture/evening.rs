//! A made-up evening in a lab with a refrigerator, an IPython service and a service that measures qubits, told as it
//! would come over the wire.

use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent};

use crate::{
    app::{
        App, Effect, Msg, Settings,
        keymap::Key,
        lanes::Selected,
        session::{Ids, Session, Way},
        update,
    },
    catalogue::Catalogue,
    demo,
    store::{Input, Limits, Store, TaskKey},
    time::Now,
    wire::{
        Text,
        event::{
            Event, KernelState, ScheduledEvent, ScheduledStatus, ServiceEvent, Stamp, TaskEvent,
            TaskEventState,
        },
        frame::{Reply, TaskFrame},
        json,
        link::{Incoming, Line, LinkState, Problem, ProblemKind},
        name::display_name,
    },
};

/// The task that holds the slot of `qubits`.
pub(super) const RUNS: &str = "t1-q3";
/// The task that failed there.
pub(super) const FAILED: &str = "t1-q1";
/// A task that moved hardware.
pub(super) const MOVED: &str = "heater";

/// The moment of the picture: 2026-11-24 22:41:10 UTC.
const MOMENT: i64 = 1_795_560_070;
/// How long before it the story begins, seconds.
const BEGIN: u64 = 3600;

const TRACEBACK: &str = include_str!("../../demo/tracebacks/fit.txt");

/// A task of the evening.
struct Job {
    id: &'static str,
    service: &'static str,
    task_type: &'static str,
    payload: &'static str,
    parallel: bool,
}

const fn job(id: &'static str, service: &'static str, task_type: &'static str, payload: &'static str) -> Job {
    Job { id, service, task_type, payload, parallel: false }
}

impl Job {
    const fn beside(self) -> Job {
        Job { parallel: true, ..self }
    }

    /// Cells have the name of their class and show no `code`.
    fn name(&self) -> Text {
        let class = if self.task_type == "IPythonTask" { "RawIPython" } else { self.task_type };
        display_name(class, self.payload, &["code".to_owned(), "run_async".to_owned()]).into()
    }
}

/// The lab, and juicetop looking at it.
pub(super) struct Evening {
    pub(super) app: App,
    ago: Duration,
}

impl Evening {
    /// The evening as it stands at the picture's moment, on a screen of that size.
    pub(super) fn new(size: (u16, u16)) -> Evening {
        let session = Session::new(Store::new(Limits::default()), Ids::Counted(0));
        let settings = Settings { lab: "cryo-2".to_owned(), ..Settings::default() };
        let mut catalogue = Catalogue::new();
        for (path, (_, text)) in ["lab.json", "forms.json"].into_iter().zip(demo::catalogues()) {
            catalogue.add_file(path, text);
        }
        let app = App::new(session, catalogue, settings, size);
        let mut evening = Evening { app, ago: Duration::from_secs(BEGIN) };
        evening.tell();
        evening
    }

    /// The last second: these keys, one after another, and then the picture's moment. A word that is no key's name is
    /// typed.
    pub(super) fn ends_with(&mut self, keys: &[&str]) {
        for word in keys {
            match Key::parse(word) {
                Some(key) => self.press(key.event()),
                None => word.chars().for_each(|c| self.press(super::key(KeyCode::Char(c)))),
            }
        }
        self.go_to(0.0);
    }

    /// The moment that the story has come to.
    pub(super) fn now(&self) -> Now {
        let moment = DateTime::<Utc>::from_timestamp(MOMENT, 0).unwrap_or_default();
        Now { mono: Duration::from_secs(BEGIN).saturating_sub(self.ago), utc: moment - self.ago }
    }

    /// Selects a task.
    pub(super) fn select(&mut self, id: &str) {
        if let Some(task) = self.app.store().find(id) {
            self.app.ui.selected = Some(Selected::task(task.service.clone(), TaskKey(task.key.0.clone())));
            self.app.ui.moved = true;
        }
        self.happen(Msg::Wake);
    }

    /// Presses a key, a moment after what was before: keys at once are a paste.
    fn press(&mut self, key: KeyEvent) {
        self.ago = self.ago.saturating_sub(Duration::from_millis(10));
        self.happen(Msg::Key(key));
    }

    fn tell(&mut self) {
        let names = ["fridge", "lab", "qubits"].map(Text::from);
        self.app.session.store.apply(Input::Configured(names.to_vec()), self.now());
        self.link(Line::Bus, LinkState::Live);
        self.link(Line::Router, LinkState::Live);
        self.kernel(KernelState::Idle);

        let sleep = job("sleep", "lab", "SleepAsync", r#"{"duration": 3000.0}"#).beside();
        self.at(2700.0).runs(&sleep);
        // The link was down for five minutes, and the end of that task with it.
        let down = Problem { kind: ProblemKind::Closed, what: "closed".to_owned(), remedy: String::new() };
        self.at(2600.0)
            .link(Line::Bus, LinkState::Waiting { attempt: 1, until: Duration::MAX, problem: down });
        self.at(2300.0).link(Line::Bus, LinkState::Live);
        self.kernel(KernelState::Idle);
        // The person has read from when to when nothing was seen.
        self.app.ui.gaps_seen = self.app.session.gaps.count();

        let heater = job("heater", "fridge", "SetHeaterPower", r#"{"component_id": "mxc", "power": 0.004}"#);
        self.at(1500.0).runs(&heater);
        self.at(1499.8).ends(&heater, r#""status": "ok", "result": null"#);
        self.at(1440.0).runs(&job(
            "wait",
            "fridge",
            "WaitForTemperature",
            r#"{"stage": "mxc", "kelvin": 0.012}"#,
        ));

        for (id, payload, ago, lasts) in [
            ("t1-q0", r#"{"qubit": "q0", "averages": 2000}"#, 420.0, 17.3),
            ("t1-q6", r#"{"qubit": "q6", "averages": 2000}"#, 390.0, 18.4),
            ("t1-q7", r#"{"qubit": "q7", "averages": 2000}"#, 360.0, 17.9),
        ] {
            let measured = job(id, "qubits", "MeasureT1", payload);
            self.at(ago).runs(&measured);
            self.at(ago - lasts).ends(&measured, r#""status": "ok", "result": {"t1": 4.71e-05}"#);
        }
        let failed = job(FAILED, "qubits", "MeasureT1", r#"{"qubit": "q1", "averages": 2000}"#);
        self.at(330.0).runs(&failed);
        let evalue = TRACEBACK.trim_end().rsplit_once("FitError: ").map_or("", |(_, message)| message);
        let reply = format!(
            r#""status": "error", "ename": "FitError", "evalue": {}, "traceback": {}"#,
            json::quote(evalue),
            json::quote(TRACEBACK),
        );
        self.at(312.0).ends(&failed, &reply);

        let cell = r#"{"run_async": false, "raw_code": "lock_mixer()", "code": "lock_mixer()"}"#;
        let cell = job("cell", "lab", "IPythonTask", cell);
        self.at(180.0).kernel(KernelState::Busy);
        self.runs(&cell);
        let reply = concat!(
            r#""status": "ok", "#,
            r#""result": {"status": "error", "ename": "ValueError", "evalue": "mixer not locked"}"#
        );
        self.at(179.6).ends(&cell, reply);
        let scan = r#"{"run_async": false, "raw_code": "scan_all()", "code": "scan_all()"}"#;
        self.at(151.0).runs(&job("scan", "lab", "IPythonTask", scan));

        let ramsey = job("ramsey", "qubits", "Ramsey", r#"{"qubit": "q3", "detuning": 1e5}"#);
        self.at(100.0).queued(&ramsey, Some(MOMENT + 230));
        let drift = job("drift", "qubits", "MonitorDrift", r#"{"qubit": "q5", "seconds": 55.0}"#).beside();
        self.at(41.0).runs(&drift);
        self.at(12.0).runs(&job(RUNS, "qubits", "MeasureT1", r#"{"qubit": "q3", "averages": 2000}"#));
        let next = job("t1-q5", "qubits", "MeasureT1", r#"{"qubit": "q5", "averages": 2000}"#);
        self.at(8.0).queued(&next, None);
        self.at(5.0).submit(&job("t1-q4", "qubits", "MeasureT1", r#"{"qubit": "q4", "averages": 2000}"#));
        self.at(1.0).kernel(KernelState::Busy);
    }

    /// Goes on to so many seconds before the picture.
    fn at(&mut self, ago: f64) -> &mut Evening {
        self.go_to(ago);
        self
    }

    fn go_to(&mut self, ago: f64) {
        self.ago = Duration::from_secs_f64(ago);
        self.happen(Msg::Wake);
    }

    /// Lets something happen, and answers what juicetop then asks of the task manager.
    fn happen(&mut self, msg: Msg) {
        let now = self.now();
        let effects = update(&mut self.app, msg, now);
        for effect in effects {
            if let Effect::Send(sent) = effect {
                let result = match json::get(&sent.text, "type").and_then(json::string).as_deref() {
                    Some("GetScheduledTasks") => "[]",
                    Some("GetEventTopicList") => r#"{"IPythonServiceState.lab.": "", "TaskEvent.": ""}"#,
                    _ => continue,
                };
                self.reply(&format!(
                    r#"{{"id": {}, "status": "ok", "result": {result}}}"#,
                    json::quote(&sent.id)
                ));
            }
        }
        // Each moment is seen.
        self.app.settle(now);
        self.app.was_drawn();
    }

    fn wire(&mut self, incoming: Incoming) {
        self.happen(Msg::Wire(incoming));
    }

    fn reply(&mut self, text: &str) {
        if let Ok(reply) = Reply::parse(text.into()) {
            self.wire(Incoming::Reply { line: Line::Router, reply });
        }
    }

    fn link(&mut self, line: Line, state: LinkState) {
        self.wire(Incoming::Link { line, state });
    }

    fn stamp(&self) -> Stamp {
        Stamp::parse(&self.now().utc.to_rfc3339())
    }

    fn kernel(&mut self, state: KernelState) {
        let event = ServiceEvent { time: self.stamp(), service: "lab".into(), state };
        self.wire(Incoming::Bus(Event::Service(event)));
    }

    /// Created and started.
    fn runs(&mut self, job: &Job) {
        for state in [TaskEventState::Created, TaskEventState::Started] {
            self.task(job, state, job.payload);
        }
    }

    fn ends(&mut self, job: &Job, reply: &str) {
        self.task(job, TaskEventState::Completed, &format!(r#"{{"id": {}, {reply}}}"#, json::quote(job.id)));
    }

    fn task(&mut self, job: &Job, state: TaskEventState, payload: &str) {
        let name = job.name();
        let metadata = format!(
            r#"{{"parallel": {}, "display_name": {}, "show_in_dashboard": true}}"#,
            job.parallel,
            json::quote(&name)
        );
        let event = TaskEvent {
            time: self.stamp(),
            task_id: job.id.into(),
            target: job.service.into(),
            task_type: job.task_type.into(),
            display_name: name,
            parallel: Some(job.parallel),
            metadata: metadata.into(),
            reply: if state == TaskEventState::Completed { Reply::parse(payload.into()).ok() } else { None },
            payload: payload.into(),
            state,
            show_in_dashboard: true,
        };
        self.wire(Incoming::Bus(Event::Task(Box::new(event))));
    }

    /// A colleague gives a task to the scheduler, and juicetop asks when it is to run.
    fn queued(&mut self, job: &Job, run_at: Option<i64>) {
        let event = ScheduledEvent {
            time: self.stamp(),
            scheduled_task_id: job.id.into(),
            task_id: None,
            target: job.service.into(),
            task_type: job.task_type.into(),
            display_name: job.name(),
            status: ScheduledStatus::Queued,
        };
        self.wire(Incoming::Bus(Event::Scheduled(Box::new(event))));
        let run_at = run_at.and_then(|at| DateTime::<Utc>::from_timestamp(at, 0)).map(|at| at.to_rfc3339());
        let snapshot = format!(
            concat!(
                r#"{{"scheduled_task_id": {id}, "task_id": null, "target": {target}, "task_type": {kind}, "#,
                r#""display_name": {name}, "status": "queued", "run_at": {run_at}, "submitted_at": {submitted}}}"#
            ),
            id = json::quote(job.id),
            target = json::quote(job.service),
            kind = json::quote(job.task_type),
            name = json::quote(&job.name()),
            run_at = run_at.map_or_else(|| "null".to_owned(), |at| json::quote(&at)),
            submitted = json::quote(&self.now().utc.to_rfc3339()),
        );
        for sent in self.app.session.ask_entry(&job.id.into()) {
            self.reply(&format!(
                r#"{{"id": {}, "status": "ok", "result": {snapshot}}}"#,
                json::quote(&sent.id)
            ));
        }
    }

    /// juicetop's own person sends a task direct.
    fn submit(&mut self, job: &Job) {
        let frame = TaskFrame {
            id: job.id.into(),
            target: job.service.into(),
            task_type: job.task_type.into(),
            parallel: job.parallel,
            display_name: job.name(),
            show_in_dashboard: true,
            payload: job.payload.into(),
        };
        let now = self.now();
        // It is live in this story; the frame goes nowhere.
        let sent = self.app.session.submit(frame, &Way::Direct, now);
        debug_assert!(sent.is_ok(), "{sent:?}");
    }
}
