//! Whole screens: how they look, at every size, and with whatever the lab sends.

mod beside;
mod groups;
mod hostile;
mod labs;
mod sizes;
mod snapshots;
mod title;
mod usual;

use regex::Regex;

use crate::{
    app::{
        Msg, Settings,
        tests::{Bench, Job, case, error, job, parallel},
    },
    clean::Charset,
    store::Input,
};

/// A lab in the middle of a day: three services, and of each kind of row at least one. It is second 460.
pub(super) fn lab(size: (u16, u16), charset: Charset) -> Bench {
    let settings = Settings { charset, lab: "cellar".into(), ..Settings::default() };
    let mut b = Bench::with(settings, size);
    let names = ["lab", "fridge", "cryo"].map(Into::into).to_vec();
    b.app.session.store.apply(Input::Configured(names), b.now);
    let on = |service: &str, id: &str, name: &str| Job {
        service: service.into(),
        kind: name.split(':').next().unwrap_or_default().into(),
        name: name.into(),
        ..job(id)
    };
    let t1 = |id: &str, qubit: &str| on("lab", id, &format!("MeasureT1: qubit='{qubit}'"));
    b.kernel("lab", "idle");
    for (n, start) in [2.0, 102.0, 202.0].into_iter().enumerate() {
        let done = t1(&format!("t1-{n}"), "q1");
        let reply = format!(
            r#"{{"id": "{}", "status": "ok", "result": {{"t1_us": 41.7, "error": 1e-07, "fit": [true, null, "ok"]}}}}"#,
            done.id
        );
        b.at(start).runs(&done).at(start + 100.0).completed(&done, &reply);
    }
    let failed = on("lab", "bad", "LoadCalibration: path='/nonexistent/calibration.toml'");
    let reply = error(
        "bad",
        "FileNotFoundError",
        "[Errno 2] No such file or directory: '/nonexistent/calibration.toml'",
        &case("tb_chained.txt"),
    );
    b.at(305.0).runs(&failed).at(309.4).completed(&failed, &reply);
    b.at(312.0).runs(&on("fridge", "lost", "ReadTemperatures: channels=[1, 2, 5]"));
    b.at(315.0).disconnect().at(318.0).connect();
    // The person has put away that nothing was seen meanwhile.
    b.app.ui.gaps_seen = 1;
    let next = r#"[{"scheduled_task_id": "later", "task_id": null, "target": "lab", "task_type": "MeasureT1",
        "display_name": "MeasureT1: qubit='q7'", "status": "queued", "run_at": "2026-11-24T21:11:32Z",
        "submitted_at": "2026-11-24T21:05:18Z", "eligible": false, "overdue": false, "result": null}]"#;
    b.answer("GetScheduledTasks", next);
    b.at(400.0).runs(&t1("holder", "q2"));
    b.at(405.0).runs(&on("fridge", "one", "WarmUp: stage='still'"));
    b.at(430.0).runs(&on("fridge", "two", "Sweep: points=401"));
    b.at(440.0).runs(&Job { service: "lab".into(), ..parallel("hello") });
    b.at(441.0).runs(&Job { service: "lab".into(), hidden: true, ..parallel("hidden") });
    // The task manager tells it each minute.
    b.at(442.0).kernel("lab", "idle");
    // An own one that waits for the slot of `lab`.
    b.at(445.0).key("g").key("s");
    b.types("MeasureT2").keys("enter f7 f2 ctrl-s");
    b.at(459.0).bus(
        "ThrottleStateEvent.throttle_state.heartbeat.",
        r#"{"time": "2026-11-24T21:07:39Z", "throttled": 0, "value": 1, "id": "heartbeat"}"#,
    );
    b.at(460.0).msg(Msg::Wake);
    b.take();
    b
}

/// Opens the form of a type of that service; `forms` has types with every kind of field.
pub(super) fn open_form(b: &mut Bench, service: &str, class: &str) {
    b.add_forms().go_to(service).keys("s");
    b.types(class).keys("enter");
    b.take();
}

/// Opens the failed task.
pub(super) fn read_failed(b: &mut Bench) {
    b.app.ui.selected =
        Some(crate::app::lanes::Selected::task("lab".into(), crate::store::TaskKey("bad".into())));
    b.key("enter");
}

/// The screen's text, with local times as their form: what they are depends on where the test runs. The lab's day
/// begins at 21:00 UTC, so no place on Earth has a midnight within its first quarter of an hour.
pub(super) fn text(b: &Bench) -> String {
    let moment = Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d").unwrap();
    // `7:12` and `1:02:03` are durations.
    let clock = Regex::new(r"(^|[^\d:])[012]\d:[0-5]\d($|:?[^\d:])").unwrap();
    // Where a recording stands.
    let seconds = Regex::new(r" \d\d:\d\d:\d\d$").unwrap();
    // From when to when nothing was seen.
    let gap = Regex::new(r" [012]\d:[0-5]\d:[0-5]\d( to| \(|\.)").unwrap();
    let lines: Vec<String> = b
        .lines()
        .iter()
        .map(|line| {
            let line = moment.replace_all(line, "YYYY-MM-DD HH:MM:SS +HH:MM");
            let line = seconds.replace(&line, " HH:MM:SS");
            let line = gap.replace_all(&line, " HH:MM:SS$1");
            clock.replace_all(&line, "${1}HH:MM$2").into_owned()
        })
        .collect();
    lines.join("\n")
}

/// A lab with a schedule: what waits for the slot, what waits for its time, what is not known of.
pub(super) fn scheduled(size: (u16, u16)) -> Bench {
    let settings = Settings { lab: "cellar".into(), ..Settings::default() };
    let mut b = Bench::offline(settings, size);
    b.connect();
    let entry = |sid: &str, service: &str, run_at: &str, submitted: &str, status: &str| {
        format!(
            r#"{{"scheduled_task_id": "{sid}", "task_id": null, "target": "{service}", "task_type": "MeasureT1",
                "display_name": "MeasureT1: qubit='{sid}', averages=2000", "status": "{status}", "run_at": {run_at},
                "submitted_at": "2026-11-24T{submitted}Z", "eligible": false, "overdue": false, "result": null}}"#
        )
    };
    let list = [
        entry("q1", "fridge", "null", "20:58:00", "queued"),
        entry("q2", "fridge", "\"2026-11-24T20:59:10Z\"", "20:30:00", "queued"),
        entry("q3", "fridge", "\"2026-11-24T21:11:32Z\"", "20:59:00", "queued"),
        entry("q4", "lab", "\"2026-11-24T21:08:00Z\"", "20:59:00", "queued"),
        entry("q5", "lab", "null", "20:10:00", "cancelled"),
    ];
    b.answer("GetScheduledTasks", &format!("[{}]", list.join(","))).answer("GetEventTopicList", "{}");
    b.at(2.0).runs(&job("q9"));
    b.at(60.0).msg(Msg::Wake);
    b.take();
    b
}
