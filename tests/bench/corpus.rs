//! Bus messages shaped like real ones, made anew from a seed: nothing in them is measured, all of it is like what a lab's bus
//! carries (kinds, their shares, lengths of payloads and replies, errors with tracebacks, what only Python calls JSON).

use std::fmt::Write as _;

use juicetop::wire::{bus, json};

/// So many of ten thousand messages are none of tasks: kernels' states, the scheduler's, the throttle's.
const KERNEL: u64 = 594;
const SCHEDULED: u64 = 245;
const THROTTLE: u64 = 152;
/// So many tasks are open at a time.
const OPEN: usize = 24;
/// Messages up to so many bytes are small.
pub const SMALL: usize = 4096;

/// A generator of numbers (SplitMix64): the same seed gives the same ones.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn id(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }
}

struct Task {
    id: String,
    service: &'static str,
    kind: &'static str,
    name: String,
    parallel: bool,
    payload: String,
    next: usize,
}

const STATES: [&str; 3] = ["created", "started", "completed"];
const KINDS: [(&str, &str); 6] = [
    ("fridge", "ReadSensors"),
    ("lab", "IPythonTask"),
    ("lab", "MeasureT1"),
    ("lab", "SingleQubitGateCalibration"),
    ("cryo", "SetHeater"),
    ("shared", "Ping"),
];

/// So many messages of the bus.
pub fn bus_messages(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random(seed);
    let mut open: Vec<Task> = Vec::new();
    let mut frames = Vec::with_capacity(count);
    let mut at = 0_u64;
    while frames.len() < count {
        at += 1_000 + random.below(2_000);
        let time = time(at);
        let kind = random.below(10_000);
        let (topic, event) = if kind < KERNEL {
            let (service, state) =
                (["lab", "cryo"][(kind % 2) as usize], ["busy", "idle"][(kind / 2 % 2) as usize]);
            (
                format!("IPythonServiceState.{service}."),
                format!(r#"{{"time":"{time}","service":"{service}","state":"{state}"}}"#),
            )
        } else if kind < KERNEL + SCHEDULED {
            let id = random.id();
            (format!("ScheduledTaskEvent.{id}."), scheduled(&id, &time))
        } else if kind < KERNEL + SCHEDULED + THROTTLE {
            (
                "ThrottleStateEvent.throttle_state.heartbeat.".to_owned(),
                format!(r#"{{"time":"{time}","throttled":0,"value":1,"id":"heartbeat"}}"#),
            )
        } else {
            if open.len() < OPEN {
                open.push(task(&mut random));
            }
            let place = random.below(open.len() as u64) as usize;
            let event = step(&mut random, &mut open[place], &time);
            if open[place].next == STATES.len() {
                open.swap_remove(place);
            }
            ("TaskEvent.".to_owned(), event)
        };
        frames.push(bus::encode(&topic, &event));
    }
    frames
}

fn time(at: u64) -> String {
    let (seconds, micros) = (at / 1_000_000, at % 1_000_000);
    format!("2026-11-24T{:02}:{:02}:{:02}.{micros:06}Z", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

fn task(random: &mut Random) -> Task {
    let (service, kind) = KINDS[random.below(KINDS.len() as u64) as usize];
    let qubit = random.below(20);
    let name = format!("{kind}: qubit='q{qubit}'");
    // Half of the payloads are short forms, a tenth is code.
    let payload = match random.below(10) {
        0 | 1 => format!(r#"{{"message": {qubit}}}"#),
        2 => {
            let mut code = String::from("import numpy as np\\n");
            for n in 0..4 + random.below(24) {
                let _ = write!(code, "x{n} = sweep(qubit=\\\"q{qubit}\\\", points={n})\\n");
            }
            format!(r#"{{"code": "{code}", "run_async": false}}"#)
        }
        n => format!(
            r#"{{"qubit": "q{qubit}", "points": {}, "repetitions": 1024, "start_s": 1e-06, "stop_s": 0.0001, "tags": [{}], "note": null}}"#,
            random.below(500),
            vec![r#""nightly""#; n as usize * 2].join(", ")
        ),
    };
    Task { id: random.id(), service, kind, name, parallel: random.chance(4), payload, next: 0 }
}

fn step(random: &mut Random, task: &mut Task, time: &str) -> String {
    let state = STATES[task.next];
    task.next += 1;
    let payload = if state == "completed" { reply(random, &task.id) } else { task.payload.clone() };
    let metadata = format!(
        r#"{{"parallel": {}, "display_name": {}, "show_in_dashboard": true}}"#,
        task.parallel,
        json::quote(&task.name)
    );
    format!(
        r#"{{"time":"{time}","task_id":"{}","task_target":"{}","task_type":"{}","task_display_name":{},"task_metadata":{},"task_payload":{},"task_state":"{state}","show_in_dashboard":true}}"#,
        task.id,
        task.service,
        task.kind,
        json::quote(&task.name),
        json::quote(&metadata),
        json::quote(&payload),
    )
}

fn reply(random: &mut Random, id: &str) -> String {
    if random.below(100) < 7 {
        let mut traceback = String::from("Traceback (most recent call last):\\n");
        for n in 0..3 + random.below(6) {
            let _ = write!(
                traceback,
                "  File \\\"/opt/lab/measure/tune.py\\\", line {}, in step_{n}\\n    fit(x)\\n",
                20 + n
            );
        }
        return format!(
            r#"{{"id": "{id}", "status": "error", "ename": "ValueError", "evalue": "no peak", "traceback": "{traceback}ValueError: no peak\\n"}}"#
        );
    }
    // What only Python calls JSON.
    let odd = match random.below(200) {
        0 => "NaN",
        1 => "-Infinity",
        2 => "1208925819614629174706176",
        3 => r#""\ud800""#,
        _ => "0.91",
    };
    let points = if random.chance(250) { 500 << random.below(7) } else { random.below(24) };
    let points: Vec<String> = (0..points).map(|n| format!("{:.6}", n as f64 / 31.0)).collect();
    format!(
        r#"{{"id": "{id}", "status": "ok", "result": {{"fidelity": {odd}, "trace": [{}]}}}}"#,
        points.join(", ")
    )
}

fn scheduled(id: &str, time: &str) -> String {
    format!(
        r#"{{"time":"{time}","scheduled_task_id":"{id}","task_id":null,"target":"lab","task_type":"MeasureT1","display_name":"MeasureT1: qubit='q3'","status":"cancelled"}}"#
    )
}
