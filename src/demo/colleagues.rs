//! The people and scripts of the lab, by scenario. Each has a connection of its own and goes through the same router
//! as everybody else; nobody piles up work without end.

mod jobs;

use std::{future::Future, sync::Arc, time::Duration};

use self::jobs::{Job, cell, job, schedule};
use super::{
    Lab, Scenario,
    json::Json,
    kernel, lock,
    rng::Rng,
    router::Client,
    server::Parting,
    service::{seconds, word},
};

/// The story waits this long for somebody to look before it begins.
const AUDIENCE: Duration = Duration::from_secs(3);
/// Queued scheduled tasks beyond which nobody here schedules more.
const QUEUED: usize = 8;

/// Begins the scenario as soon as somebody listens to the bus, so that the first things are seen.
pub(super) async fn work(lab: Arc<Lab>) {
    if !lab.options.colleagues {
        return;
    }
    let mut watched = lab.watched.subscribe();
    let _ = tokio::time::timeout(AUDIENCE, watched.wait_for(|watched| *watched)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let crew = Crew { lab: &lab };
    match lab.options.scenario {
        Scenario::Quiet => crew.quiet(),
        Scenario::Day => crew.day(),
        Scenario::Busy => crew.busy(),
        Scenario::Trouble => crew.trouble(),
        Scenario::Hostile => crew.hostile(),
    }
}

/// Who works in which scenario.
struct Crew<'a> {
    lab: &'a Arc<Lab>,
}

impl Crew<'_> {
    fn add<F: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(Colleague) -> F) {
        let seed = lock(&self.lab.rng).next();
        let lab = Arc::clone(self.lab);
        tokio::spawn(work(Colleague { client: Client::new(&lab), lab, rng: Rng::new(seed) }));
    }

    fn quiet(&self) {
        self.add(|one| script(one, 30.0, 50.0));
    }

    fn day(&self) {
        self.add(measuring);
        self.add(calibrating);
        self.add(scheduling);
        self.add(notebook);
        self.add(|one| playing(one, 4.0, 14.0));
        self.add(|one| drift(one, "q5"));
        self.add(|one| script(one, 2.0, 5.0));
        self.add(|one| mistakes(one, 30.0, 70.0));
        self.add(operating);
    }

    fn busy(&self) {
        self.day();
        for _ in 0..6 {
            self.add(hurrying);
        }
        self.add(|one| drift(one, "q8"));
        self.add(|one| queueing(one, "awg"));
        self.add(|one| queueing(one, "qubits"));
    }

    fn trouble(&self) {
        self.add(measuring);
        self.add(scheduling);
        self.add(notebook);
        self.add(|one| playing(one, 1.0, 3.0));
        self.add(|one| drift(one, "q5"));
        self.add(|one| mistakes(one, 5.0, 12.0));
        self.add(leaving);
        self.add(dying);
        self.add(dropping);
    }

    fn hostile(&self) {
        self.add(measuring);
        self.add(|one| drift(one, "q5"));
        self.add(jobs::hostile);
    }
}

/// One of them: a connection, and chance of its own.
struct Colleague {
    lab: Arc<Lab>,
    client: Client,
    rng: Rng,
}

impl Colleague {
    /// Sends a task and does not wait.
    fn send(&mut self, job: Job) {
        let id = uuid::Uuid::new_v4().to_string();
        self.client.send(job.frame(&id));
    }

    /// Waits for everything that was sent.
    async fn finish(&mut self) {
        while self.client.open() > 0 {
            self.client.reply().await;
        }
    }

    /// Sends a task and waits for its reply.
    async fn run(&mut self, job: Job) -> Json {
        self.finish().await;
        self.send(job);
        self.client.reply().await
    }

    /// A while, by the scenario's pace.
    async fn pause(&mut self, least: f64, most: f64) {
        let pace = if self.lab.options.pace > 0.0 { self.lab.options.pace } else { 1.0 };
        tokio::time::sleep(seconds(self.rng.between(least, most) / pace)).await;
    }

    /// A qubit; mostly one of those that work.
    fn qubit(&mut self) -> Json {
        let number = match self.rng.below(100) {
            0..=5 => 13,
            6..=10 => 9,
            _ => 1 + self.rng.below(6),
        };
        Json::text(format!("q{number}"))
    }

    fn averages(&mut self, least: u64, most: u64) -> Json {
        let hundreds = least / 100 + self.rng.below((most - least) / 100);
        Json::Number((hundreds * 100).to_string())
    }

    fn measurement(&mut self) -> Job {
        let (qubit, averages) = (self.qubit(), self.averages(1000, 7000));
        match self.rng.below(5) {
            0 | 1 => job("qubits", "MeasureT1", [("qubit", qubit), ("averages", averages)]),
            2 => {
                let echo = Json::Bool(self.rng.chance(50));
                job("qubits", "MeasureT2", [("qubit", qubit), ("averages", averages), ("echo", echo)])
            }
            3 => job("qubits", "RabiScan", [("qubit", qubit), ("averages", averages)]),
            _ => job("qubits", "QubitSpectroscopy", [("qubit", qubit), ("averages", averages)]),
        }
    }
}

/// Measures one qubit after another, by hand.
async fn measuring(mut one: Colleague) {
    one.run(job("qubits", "CalibratePulse", [("qubit", Json::text("q7"))])).await;
    one.run(job("qubits", "MeasureT1", [("qubit", Json::text("q3")), ("averages", Json::int(9000))])).await;
    loop {
        one.pause(2.0, 7.0).await;
        let job = one.measurement();
        one.run(job).await;
    }
}

/// Sends a few sequential tasks at once; all but the first wait where nobody sees them.
async fn calibrating(mut one: Colleague) {
    loop {
        one.pause(1.0, 2.0).await;
        for number in 1..=one.rng.below(2) + 2 {
            let qubit = Json::text(format!("q{number}"));
            one.send(job("qubits", "RabiScan", [("qubit", qubit), ("averages", Json::int(1500))]));
        }
        one.finish().await;
        one.pause(25.0, 50.0).await;
    }
}

/// Schedules, for now or for later, and sometimes changes its mind.
async fn scheduling(mut one: Colleague) {
    let job = job("qubits", "MeasureT2", [("qubit", Json::text("q2")), ("averages", Json::int(2500))]);
    one.run(schedule(job, None)).await;
    let mut delay = Some(100.0);
    loop {
        let job = match one.rng.below(3) {
            0 => jobs::readout(),
            _ => one.measurement(),
        };
        let at = delay.map(|delay| one.lab.clock.now().utc + seconds(delay));
        if one.lab.queued() < QUEUED {
            let reply = one.run(schedule(job, at)).await;
            if one.rng.chance(15) {
                one.pause(4.0, 9.0).await;
                let id = reply.get("result").map_or("", |snapshot| word(snapshot, "scheduled_task_id"));
                one.run(jobs::cancel(id)).await;
            }
        }
        delay = one.rng.chance(60).then(|| one.rng.between(15.0, 240.0));
        one.pause(15.0, 50.0).await;
    }
}

/// Works in the kernel.
async fn notebook(mut one: Colleague) {
    one.run(cell("raise ValueError('mixer not locked')")).await;
    one.run(cell("cal = scan_all()")).await;
    loop {
        one.pause(5.0, 20.0).await;
        if one.rng.chance(25) {
            // In a notebook, not as a task.
            kernel::foreign(&one.lab, "lab", one.rng.between(2.0, 15.0)).await;
            continue;
        }
        let code =
            ["status()", "align_mixers()", "scan_all()", "plot()", "cal", "mixer", "1/0", "import pyvisa_py"];
        let code = one.rng.pick(&code).copied().unwrap_or("status()");
        one.run(cell(code)).await;
    }
}

/// Plays sequences on the generator.
async fn playing(mut one: Colleague, least: f64, most: f64) {
    loop {
        let channel = Json::Number((1 + one.rng.below(8)).to_string());
        one.run(job("awg", "LoadWaveform", [("channel", channel), ("name", Json::text("drag_x180"))])).await;
        one.pause(0.2, 1.0).await;
        let repeats = one.averages(100, 400);
        one.run(job("awg", "PlaySequence", [("sequence", Json::text("allxy")), ("repeats", repeats)])).await;
        one.pause(least, most).await;
    }
}

/// Watches a qubit beside everything else.
async fn drift(mut one: Colleague, qubit: &'static str) {
    loop {
        let long = Json::float(one.rng.between(20.0, 60.0).round());
        one.run(job("qubits", "MonitorDrift", [("qubit", Json::text(qubit)), ("seconds", long)]).parallel())
            .await;
        one.pause(0.5, 8.0).await;
    }
}

/// A dashboard that asks the refrigerator; hidden, as the real one's questions are.
async fn script(mut one: Colleague, least: f64, most: f64) {
    loop {
        let heater = ["heater_still", "heater_mc"];
        let heater = Json::text(one.rng.pick(&heater).copied().unwrap_or("heater_mc"));
        let job = match one.rng.below(3) {
            0 => job("cryo", "AreCompressorsEnabled", []),
            1 => job("cryo", "GetHeaterOutputPower", [("component_id", heater)]),
            _ => job("cryo", "GetGHSValveState", [("valve_id", Json::text("v4"))]),
        };
        one.run(job.parallel().hidden()).await;
        one.pause(least, most).await;
    }
}

/// Trims the still's heater now and then.
async fn operating(mut one: Colleague) {
    loop {
        one.pause(90.0, 240.0).await;
        let power = Json::float((one.rng.between(8.0, 14.0)).round() / 1000.0);
        let still = Json::text("heater_still");
        one.run(job("cryo", "SetHeaterPower", [("component_id", still), ("power", power)]).parallel()).await;
    }
}

/// Everything that goes wrong.
async fn mistakes(mut one: Colleague, least: f64, most: f64) {
    loop {
        one.pause(least, most).await;
        let job = match one.rng.below(9) {
            0 => job("qubits", "Chained", []),
            1 => job("qubits", "Grouped", []),
            2 => job("qubits", "CalibratePulse", [("qubit", Json::text("q7"))]),
            3 => job("qubits", "MeasureT1", [("qubit", Json::text("Q3")), ("averages", Json::int(0))]),
            4 => job("qubits", "MeasureT3", [("qubit", Json::text("q3"))]),
            5 => job("cryo", "GetHeaterOutputPower", [("component_id", Json::text("heater_4K"))]).parallel(),
            6 => job("qubits", "Deep", []),
            7 => job("qubits", "NanResult", []).parallel(),
            _ => job("qubits", "Unserialisable", []).parallel(),
        };
        one.run(job).await;
    }
}

/// Many small parallel tasks.
async fn hurrying(mut one: Colleague) {
    loop {
        one.pause(0.2, 0.8).await;
        let job = match one.rng.below(4) {
            0 => job("lab", "Ping", [("message", Json::text("still there?"))]),
            1 => job("cryo", "GetGHSPumpState", [("pump_id", Json::text("turbo1"))]).hidden(),
            2 => job("qubits", "SleepAsync", [("duration", Json::float(0.5))]),
            _ => job("awg", "SleepAsync", [("duration", Json::float(2.0))]),
        };
        one.run(job.parallel()).await;
    }
}

/// A long line of direct tasks, and some scheduled behind it.
async fn queueing(mut one: Colleague, target: &'static str) {
    loop {
        for number in 0..8 {
            let job = job(target, "SleepAsync", [("duration", Json::float(1.5 + f64::from(number) / 4.0))]);
            if one.rng.chance(25) && one.lab.queued() < 4 * QUEUED {
                one.send(schedule(job, None));
            } else {
                one.send(job);
            }
        }
        one.finish().await;
        one.pause(2.0, 8.0).await;
    }
}

/// Starts something long and leaves: it runs on unobserved, its slot is given away.
async fn leaving(mut one: Colleague) {
    loop {
        one.pause(20.0, 40.0).await;
        let averages = one.averages(6000, 9000);
        one.send(job("qubits", "MeasureT1", [("qubit", Json::text("q4")), ("averages", averages)]));
        one.send(job("qubits", "RabiScan", [("qubit", Json::text("q4"))]));
        one.pause(8.0, 14.0).await;
        one.client = Client::new(&one.lab);
    }
}

/// The generator's service dies and comes back.
async fn dying(mut one: Colleague) {
    loop {
        one.pause(12.0, 25.0).await;
        one.lab.kill("awg");
        one.pause(4.0, 22.0).await;
        one.lab.revive("awg");
    }
}

/// The links drop, now and then without a word.
async fn dropping(mut one: Colleague) {
    one.pause(25.0, 35.0).await;
    loop {
        let how = if one.rng.chance(50) { Parting::Abrupt } else { Parting::GoingAway };
        // Nobody connected is no error.
        let _ = one.lab.drops.send(how);
        one.pause(40.0, 90.0).await;
    }
}
