//! The frames that colleagues send, with names as Juice's client makes them.

use chrono::{DateTime, Utc};

use super::{
    super::{check::isoformat, json::Json, qubits::NASTY},
    Colleague,
};

/// A task to send.
#[derive(Clone, Debug)]
pub(super) struct Job {
    target: String,
    task_type: String,
    name: String,
    parallel: bool,
    show: bool,
    payload: Json,
}

/// A sequential task with the name that follows from its fields.
pub(super) fn job<const N: usize>(target: &str, task_type: &str, fields: [(&str, Json); N]) -> Job {
    let shown: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", value.repr())).collect();
    let name = if N == 0 { task_type.to_owned() } else { format!("{task_type}: {}", shown.join(", ")) };
    Job {
        target: target.to_owned(),
        task_type: task_type.to_owned(),
        name,
        parallel: false,
        show: true,
        payload: Json::map(fields),
    }
}

/// Code in the kernel.
pub(super) fn cell(code: &str) -> Job {
    let text = Json::text(code);
    let name = format!("RawIPython: raw_code={}", text.repr());
    let fields = [("run_async", Json::Bool(false)), ("raw_code", text.clone()), ("code", text)];
    Job { name, ..job("lab", "IPythonTask", fields) }
}

/// Calibration of a few qubits' readout.
pub(super) fn readout() -> Job {
    let qubits = Json::List(["q1", "q2", "q3"].map(Json::text).to_vec());
    job("qubits", "CalibrateReadout", [("qubits", qubits), ("shots", Json::int(8000))])
}

/// The same through the scheduler.
pub(super) fn schedule(job: Job, at: Option<DateTime<Utc>>) -> Job {
    let fields = [
        ("scheduled_task_target", Json::text(&job.target)),
        ("task_type", Json::text(&job.task_type)),
        ("task_metadata", job.metadata()),
        ("task_payload", job.payload),
        ("task_display_name", Json::text(&job.name)),
        ("run_at", at.map_or(Json::Null, |at| Json::text(isoformat(at.fixed_offset())))),
    ];
    self::job("task-manager", "ScheduleTask", fields).parallel().hidden()
}

/// Takes a scheduled task back.
pub(super) fn cancel(id: &str) -> Job {
    job("task-manager", "CancelScheduledTask", [("scheduled_task_id", Json::text(id))]).parallel().hidden()
}

impl Job {
    /// Beside the slot.
    pub(super) fn parallel(self) -> Job {
        Job { parallel: true, ..self }
    }

    /// Not for dashboards.
    pub(super) fn hidden(self) -> Job {
        Job { show: false, ..self }
    }

    fn named(self, name: impl Into<String>) -> Job {
        Job { name: name.into(), ..self }
    }

    fn metadata(&self) -> Json {
        Json::map([
            ("parallel", Json::Bool(self.parallel)),
            ("display_name", Json::text(&self.name)),
            ("show_in_dashboard", Json::Bool(self.show)),
        ])
    }

    /// The text frame.
    pub(super) fn frame(self, id: &str) -> String {
        let metadata = self.metadata();
        Json::map([
            ("id", Json::text(id)),
            ("target", Json::Text(self.target)),
            ("type", Json::Text(self.task_type)),
            ("metadata", metadata),
            ("payload", self.payload),
        ])
        .dump()
    }
}

/// Somebody who sends what no client should, and services that say it.
pub(super) async fn hostile(mut one: Colleague) {
    let names = [
        NASTY.to_owned(),
        "row\r\nforged row   ✔ ok".to_owned(),
        "\u{202e}txt.exe \u{2066}isolate".to_owned(),
        "\u{1b}]0;pwned\u{7}name".to_owned(),
        "tab\tin\tname and \0 NUL".to_owned(),
        "量子ビット 👨‍👩‍👧 e\u{301}\u{301}\u{301}\u{301} ﷽".to_owned(),
        format!("long {}", "x".repeat(100_000)),
        format!("zalgo {}", "e\u{301}".repeat(3_000)),
        "\u{200b}\u{2060}\u{feff}".to_owned(),
    ];
    let ping = |message: &str| job("lab", "Ping", [("message", Json::text(message))]).parallel();
    let sleep = |duration| job("qubits", "SleepAsync", [("duration", Json::float(duration))]);
    // Each name goes each way in its turn; the first one well.
    let mut kind = 7;
    loop {
        for name in &names {
            kind = (kind + 1) % 8;
            let job = match kind {
                0 => ping(name).named(name.as_str()),
                1 => job("qubits", "OddText", []).parallel(),
                2 => job("qubits", "NanResult", []).parallel(),
                3 => sleep(2.0).named(name.as_str()),
                4 => Job { task_type: name.clone(), ..sleep(1.0) }.named(name.as_str()),
                5 => super::cell(&format!("raise RuntimeError('{}')", name.replace('\'', " "))),
                6 => schedule(sleep(1.0).named(name.as_str()), None),
                _ => job("qubits", "Nasty", []).parallel(),
            };
            one.run(job).await;
            one.pause(0.3, 1.5).await;
        }
        one.run(ping(&"[".repeat(5_000))).await;
        one.run(job("qubits", "Big", [("megabytes", Json::float(2.0))]).parallel()).await;
        // Any package may publish what it likes.
        one.lab.bus.service_state("\u{202e}gnirts\u{1b}[2J", "busy");
        one.lab.bus.publish("TaskEvent", "{\"time\": \"yesterday\", \"task_id\": 5}");
        one.lab.bus.publish("Panel\u{1b}]0;pwned\u{7}", "not JSON at all");
    }
}
