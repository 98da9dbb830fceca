//! The scheduler: Juice's five tasks of `task-manager`, one look a second, and its way to keep things.
//!
//! Unlike the real one it forgets: the oldest ended tasks beyond [`KEPT`] or [`KEPT_BYTES`], so that a demonstration
//! can run for days.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, FixedOffset};

use super::{
    Lab,
    bus::{Bus, quoted},
    check::{datetime, isoformat},
    json::Json,
    lock,
};

/// Ended scheduled tasks that are kept.
pub(super) const KEPT: usize = 2_000;
/// Bytes of their results that are kept.
const KEPT_BYTES: usize = 32 << 20;
/// Between two looks.
const TICK: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::Running => "running",
            Status::Done => "done",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
        }
    }

    fn ended(self) -> bool {
        matches!(self, Status::Done | Status::Failed | Status::Cancelled)
    }
}

#[derive(Clone, Debug)]
struct Scheduled {
    id: String,
    task_id: Option<String>,
    target: String,
    task_type: String,
    name: String,
    metadata: Json,
    payload: Json,
    status: Status,
    run_at: Option<DateTime<FixedOffset>>,
    submitted_at: DateTime<FixedOffset>,
    result: Json,
    /// Length of the result as JSON.
    weight: usize,
}

/// Everything that was ever scheduled, oldest first.
#[derive(Debug, Default)]
pub(super) struct Scheduler(Mutex<VecDeque<Scheduled>>);

impl Lab {
    /// Does one of the task manager's own tasks, with fields already checked.
    pub(super) fn manage(&self, task_type: &str, fields: &Json) -> Json {
        let id = fields.get("scheduled_task_id").and_then(Json::as_str).unwrap_or_default();
        match task_type {
            "ScheduleTask" => self.schedule(fields),
            "CancelScheduledTask" => Json::Bool(self.cancel(id)),
            "GetScheduledTask" => {
                let found = lock(&self.scheduler.0).iter().find(|task| task.id == id).cloned();
                found.map_or(Json::Null, |task| self.snapshot(&task))
            }
            "GetScheduledTasks" => {
                let all = lock(&self.scheduler.0).clone();
                Json::List(all.iter().map(|task| self.snapshot(task)).collect())
            }
            _ => {
                let topics = self.bus.topics();
                Json::Map(topics.into_iter().map(|(topic, last)| (topic, Json::text(last))).collect())
            }
        }
    }

    /// How many scheduled tasks have not started.
    pub(super) fn queued(&self) -> usize {
        lock(&self.scheduler.0).iter().filter(|task| task.status == Status::Queued).count()
    }

    fn schedule(&self, fields: &Json) -> Json {
        let text = |name| fields.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let value = |name| fields.get(name).cloned().unwrap_or(Json::Null);
        let task = Scheduled {
            id: uuid::Uuid::new_v4().to_string(),
            task_id: None,
            target: text("scheduled_task_target"),
            task_type: text("task_type"),
            name: text("task_display_name"),
            metadata: value("task_metadata"),
            payload: value("task_payload"),
            status: Status::Queued,
            run_at: fields.get("run_at").and_then(datetime),
            submitted_at: self.clock.now().utc.fixed_offset(),
            result: Json::Null,
            weight: 0,
        };
        {
            let mut tasks = lock(&self.scheduler.0);
            forget(&mut tasks);
            tasks.push_back(task.clone());
        }
        emit(&self.bus, &task);
        self.snapshot(&task)
    }

    fn cancel(&self, id: &str) -> bool {
        let mut tasks = lock(&self.scheduler.0);
        let Some(task) = tasks.iter_mut().find(|task| task.id == id && !task.status.ended()) else {
            return false;
        };
        task.status = Status::Cancelled;
        emit(&self.bus, task);
        true
    }

    fn snapshot(&self, task: &Scheduled) -> Json {
        let eligible = task.is_eligible(self.clock.now().utc.fixed_offset());
        let text = |value: &Option<String>| value.as_ref().map_or(Json::Null, Json::text);
        Json::map([
            ("scheduled_task_id", Json::text(&task.id)),
            ("task_id", text(&task.task_id)),
            ("target", Json::text(&task.target)),
            ("task_type", Json::text(&task.task_type)),
            ("display_name", Json::text(&task.name)),
            ("status", Json::text(task.status.word())),
            ("run_at", text(&task.run_at.map(isoformat))),
            ("submitted_at", Json::text(isoformat(task.submitted_at))),
            ("result", task.result.clone()),
            ("eligible", Json::Bool(eligible)),
            ("overdue", Json::Bool(eligible && self.slots.is_busy(&task.target))),
        ])
    }

    /// Looks once a second, for ever.
    pub(super) async fn run_scheduler(self: Arc<Lab>) {
        loop {
            self.tick();
            tokio::time::sleep(TICK).await;
        }
    }

    /// One look: at most one task a target whose slot is free, the earliest first.
    fn tick(self: &Arc<Lab>) {
        let now = self.clock.now().utc.fixed_offset();
        let mut chosen: Vec<Scheduled> = Vec::new();
        for task in lock(&self.scheduler.0).iter().filter(|task| task.is_eligible(now)) {
            match chosen.iter_mut().find(|other| other.target == task.target) {
                Some(other) if task.turn() < other.turn() => *other = task.clone(),
                Some(_) => {}
                None => chosen.push(task.clone()),
            }
        }
        for task in chosen {
            if let Some(held) = self.slots.try_hold(&task.target) {
                let lab = Arc::clone(self);
                let task_id = uuid::Uuid::new_v4().to_string();
                self.update(&task.id, |task| {
                    task.status = Status::Running;
                    task.task_id = Some(task_id.clone());
                    emit(&self.bus, task);
                });
                tokio::spawn(async move {
                    let result = lab.dispatch(&task, &task_id).await;
                    drop(held);
                    lab.ended(&task.id, result);
                });
            }
        }
    }

    /// Runs one; the reply frame, or what is left of it where dispatching itself failed.
    async fn dispatch(self: &Arc<Lab>, task: &Scheduled, task_id: &str) -> Json {
        let frame = Json::map([
            ("type", Json::text(&task.task_type)),
            ("target", Json::text(&task.target)),
            ("metadata", task.metadata.clone()),
            ("payload", task.payload.clone()),
            ("id", Json::text(task_id)),
        ]);
        match self.submit(&frame, false).await {
            Ok(reply) => reply,
            Err(failure) => {
                Json::map([("status", Json::text("error")), ("evalue", Json::text(failure.evalue))])
            }
        }
    }

    /// Notes the end, unless it was cancelled meanwhile.
    fn ended(&self, id: &str, result: Json) {
        let failed = result.get("status").and_then(Json::as_str) == Some("error");
        let weight = result.dump().len();
        self.update(id, |task| {
            if task.status == Status::Running {
                task.status = if failed { Status::Failed } else { Status::Done };
                task.result = result;
                task.weight = weight;
                emit(&self.bus, task);
            }
        });
        forget(&mut lock(&self.scheduler.0));
    }

    fn update(&self, id: &str, change: impl FnOnce(&mut Scheduled)) {
        if let Some(task) = lock(&self.scheduler.0).iter_mut().find(|task| task.id == id) {
            change(task);
        }
    }
}

impl Scheduled {
    fn is_eligible(&self, now: DateTime<FixedOffset>) -> bool {
        self.status == Status::Queued && self.run_at.is_none_or(|at| now >= at)
    }

    /// What decides whose turn it is.
    fn turn(&self) -> DateTime<FixedOffset> {
        self.run_at.unwrap_or(self.submitted_at)
    }
}

/// Lets the oldest ended ones go that are beyond the limits.
fn forget(tasks: &mut VecDeque<Scheduled>) {
    let ended = |task: &&Scheduled| task.status.ended();
    let mut count = tasks.iter().filter(ended).count();
    let mut bytes: usize = tasks.iter().filter(ended).map(|task| task.weight).sum();
    if count <= KEPT && bytes <= KEPT_BYTES {
        return;
    }
    tasks.retain(|task| {
        let goes = task.status.ended() && (count > KEPT || bytes > KEPT_BYTES);
        if goes {
            count -= 1;
            bytes -= task.weight;
        }
        !goes
    });
}

fn emit(bus: &Bus, task: &Scheduled) {
    let event = format!(
        r#"{{"time":{},"scheduled_task_id":{},"task_id":{},"target":{},"task_type":{},"display_name":{},"status":{}}}"#,
        quoted(&bus.time()),
        quoted(&task.id),
        task.task_id.as_ref().map_or_else(|| "null".to_owned(), |id| quoted(id)),
        quoted(&task.target),
        quoted(&task.task_type),
        quoted(&task.name),
        quoted(task.status.word()),
    );
    bus.publish(&format!("ScheduledTaskEvent.{}", task.id), &event);
}
