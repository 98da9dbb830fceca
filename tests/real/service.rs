//! `juicetop service` against real services under a real supervisord, and the real orchestrator with a `systemctl` of ours.

use std::{
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::common::{
    juice::Juice,
    program::{Ended, Program, run},
    pty::Screen,
};

/// A cell that holds the slot.
const IN_THE_SLOT: [&str; 2] = ["IPythonTask", "run_async=false"];

/// Runs `juicetop service …` in that lab.
fn service(juice: &Juice, args: &[&str]) -> Ended {
    let (config, runtime) = (juice.config_dir().display().to_string(), juice.run_dir().display().to_string());
    run(&[&["service"], args, &["--juice-config", &config, "--juice-run", &runtime]].concat())
}

fn listed(juice: &Juice, name: &str) -> Value {
    let lines = service(juice, &["list", "--json"]).expect(0).stdout;
    let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["service"] == name).unwrap()
}

/// Waits until its process has run for so long that a signal is believed to meet a kernel.
pub(super) fn settled(juice: &Juice, name: &str) {
    wait_for("the service has run for a while", || {
        listed(juice, name)["process"]["uptime_s"].as_u64() >= Some(15)
    });
}

#[track_caller]
fn wait_for(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(90);
    while !is() {
        assert!(Instant::now() < end, "{what}: not within 90 s");
        sleep(Duration::from_millis(100));
    }
}

/// A task that has begun: it runs until somebody stops it, and is waited for.
pub(super) fn begun(juice: &Juice, marker: &Path, task: &[&str], code: &str) -> Program {
    let url = juice.url();
    std::fs::remove_file(marker).ok();
    let code = format!("code=open({:?}, 'w').close(); {code}", marker.display().to_string());
    let program = Program::start(
        &[&["submit", "--url", &url, "--direct", "--wait", "--json", "lab"], task, &[&code]].concat(),
    );
    wait_for("the cell runs", || marker.exists());
    program
}

/// A task of that type, which is no cell, that has begun: it sleeps for so long, and is waited for.
pub(super) fn handled(
    juice: &Juice,
    watch: &mut Program,
    service: &str,
    kind: &str,
    seconds: u32,
) -> Program {
    let (url, duration) = (juice.url(), format!("duration={seconds}"));
    let program =
        Program::start(&["submit", "--url", &url, "--direct", "--wait", "--json", service, kind, &duration]);
    watch.wait_for_json(|line| {
        line["type"] == kind && line["state"] == "running" && line["starting"] == false
    });
    program
}

/// A cell that computes and one that waits: an interrupt stops both.
fn cells_stop(juice: &Juice, marker: &Path) {
    for (code, error) in [
        ("import time; time.sleep(120)", "KeyboardInterrupt"),
        ("import asyncio; await asyncio.sleep(120)", "CancelledError"),
    ] {
        let program = begun(juice, marker, &IN_THE_SLOT, code);
        let stopped = service(juice, &["interrupt", "lab", "--yes", "--json"]).expect(0).stdout;
        let stopped: Value = serde_json::from_str(&stopped).unwrap();
        assert_eq!(stopped["stopped"][0]["error"], error, "{stopped}");
        let (code, said) = end_of(program);
        assert!(code == 1 && said.contains(error), "{code}: {said}");
    }
}

/// An interrupt of the lab after which nothing is seen to stop.
#[track_caller]
fn nothing_stops(juice: &Juice) {
    service(juice, &["interrupt", "lab", "--yes"]).expect(1).says("nothing was seen to stop");
}

/// How it ended: the exit code, and what it printed.
fn end_of(program: Program) -> (i32, String) {
    let Ended { code, stdout, .. } = program.end();
    (code, stdout)
}

#[test]
fn cells_are_interrupted_and_nothing_else_is() {
    let Some(juice) = Juice::supervised(&["lab", "bench"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("begun");
    settled(&juice, "lab");
    let lab = listed(&juice, "lab");
    assert_eq!((&lab["process"]["state"], &lab["kernel"]), (&"RUNNING".into(), &true.into()), "{lab}");
    assert_eq!(lab["juice"], crate::common::venv::JUICE, "{lab}");
    assert_eq!(lab["cannot"], serde_json::json!({}), "{lab}");

    // A plain service would end by the signal: it is not sent.
    let pid = listed(&juice, "bench")["process"]["pid"].clone();
    service(&juice, &["interrupt", "bench", "--yes"]).expect(4).says("the signal would end the service");
    assert_eq!(listed(&juice, "bench")["process"]["pid"], pid);
    // Nor is anything done that nobody confirmed.
    service(&juice, &["interrupt", "lab"]).expect(2).says("With --yes it is done");
    service(&juice, &["interrupt", "nobody", "--yes"])
        .expect(2)
        .says("there are bench, lab, task-manager, shared");

    cells_stop(&juice, &marker);

    // One that catches it ends as it likes, or takes its time.
    let catches = |then: &str| {
        format!("pass\ntry:\n  import time; time.sleep(120)\nexcept KeyboardInterrupt:\n  {then}")
    };
    for (then, exit, words, outcome) in [
        ("time.sleep(0.5)", 0, "ended after the signal (ok)", Some("ok")),
        ("raise ValueError('ramped down')", 0, "ended after the signal (ValueError)", Some("failed")),
        ("time.sleep(9)", 1, "or is cleaning up", None),
    ] {
        let program = begun(&juice, &marker, &IN_THE_SLOT, &catches(then));
        let ended = service(&juice, &["interrupt", "lab", "--yes", "--json"]).expect(exit).says(words);
        let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(answer["stopped"][0]["outcome"].as_str(), outcome, "{answer}");
        end_of(program);
    }

    // Nothing else hears of the signal, and that is said: neither a cell beside others nor a task of another type.
    let (config, runtime) = (juice.config_dir().display().to_string(), juice.run_dir().display().to_string());
    let mut watch = Program::start(&["watch", "--json", "--juice-config", &config, "--juice-run", &runtime]);
    let beside = ["IPythonTask", "run_async=true"];
    let awaits = begun(&juice, &marker, &beside, "import asyncio; await asyncio.sleep(12)");
    let handlers = ["SleepAsync", "SleepSync"].map(|kind| handled(&juice, &mut watch, "lab", kind, 12));
    nothing_stops(&juice);
    for program in handlers.into_iter().chain([awaits]) {
        let (code, said) = end_of(program);
        assert!(code == 0, "{said}");
    }
    // One that does not wait keeps the kernel's loop to itself, and yet is no cell in the slot.
    let program = begun(&juice, &marker, &beside, "import time; time.sleep(9)");
    nothing_stops(&juice);
    let (code, said) = end_of(program);
    assert!(code == 0, "{said}");
    // An idle kernel lives on, as through all of this, and works.
    nothing_stops(&juice);
    assert_eq!(listed(&juice, "lab")["process"]["pid"], lab["process"]["pid"]);
    let answer = run(&[
        "submit",
        "--url",
        &juice.url(),
        "lab",
        IN_THE_SLOT[0],
        IN_THE_SLOT[1],
        "code=6 * 7",
        "--wait",
    ]);
    assert!(answer.stdout.contains("42"), "{answer:?}");
}

#[test]
fn processes_and_containers_are_restarted_and_images_built() {
    let Some(juice) = Juice::supervised(&["lab", "bench"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("begun");
    let of = |name: &str| listed(&juice, name)["process"]["pid"].as_u64().unwrap();

    // The process: the cell that runs ends, the service is another one and answers.
    let before = of("lab");
    let program = begun(&juice, &marker, &IN_THE_SLOT, "import time; time.sleep(120)");
    let answer = service(&juice, &["restart", "lab", "--yes", "--json"]).expect(0);
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((&answer["answers"], &answer["state"]), (&true.into(), &"RUNNING".into()), "{answer}");
    assert_ne!(of("lab"), before);
    assert_eq!(end_of(program).0, 1);
    assert_eq!(juice.units(), "");

    // Whoever reads no further keeps nobody from seeing it through.
    let before = of("lab");
    let (config, runtime) = (juice.config_dir().display().to_string(), juice.run_dir().display().to_string());
    let (line, program) = Program::read_one_line(&[
        "service",
        "restart",
        "lab",
        "--yes",
        "--juice-config",
        &config,
        "--juice-run",
        &runtime,
    ]);
    assert!(line.contains("its process is running"), "{line}");
    let ended = program.end();
    assert_eq!((ended.code, of("lab") == before), (0, false), "{ended:?}");

    // The container, by the orchestrator.
    let before = of("bench");
    let mut watch = Program::start(&["watch", "--json", "--juice-config", &config, "--juice-run", &runtime]);
    let sleeper = handled(&juice, &mut watch, "bench", "SleepAsync", 120);
    service(&juice, &["restart", "bench", "--container", "--yes"]).expect(0);
    assert_ne!(of("bench"), before);
    assert_eq!(juice.units(), "restart juice-bench.service\n");
    // The task that ran there has ended for its sender alone: the bus tells nobody, as no kernel does.
    let ended = sleeper.end();
    assert!(ended.code == 1 && ended.stdout.contains("ConnectionError"), "{ended:?}");
    run(&["submit", "--url", &juice.url(), "--direct", "--wait", "bench", "Ping", "message=later"]).expect(0);
    watch.wait_for_json(|line| line["name"].as_str().is_some_and(|name| name.contains("later")));
    let seen = watch.json_seen();
    assert!(
        seen.iter().filter(|line| line["type"] == "SleepAsync").all(|line| line["state"] == "running"),
        "{seen:?}"
    );
    // Those that Juice adds by itself have no unit that it restarts.
    service(&juice, &["restart", "shared", "--container", "--yes"]).expect(4).says("orchestration file");

    // A build: first what it would bring, then it.
    let ended = service(&juice, &["rebuild", "lab", "--dry-run"]).expect(0);
    assert!(ended.stdout.contains("Would"), "{ended:?}");
    service(&juice, &["rebuild", "lab"]).expect(2).says("With --yes it is done");
    assert_eq!(juice.units().lines().count(), 1, "{}", juice.units());
    let ended = service(&juice, &["rebuild", "lab", "--yes"]).expect(0);
    assert!(ended.stdout.contains("runs on with the old image"), "{ended:?}");
    assert_eq!(juice.units(), "restart juice-bench.service\nrestart juice-lab-build.service\n");

    // One that fails comes with the journal.
    juice.fail_units("no space left on device\n");
    service(&juice, &["rebuild", "lab", "--yes"])
        .expect(1)
        .says("Failed to rebuild service lab")
        .says("no space left on device");
}

#[test]
fn services_of_26_34_1_are_listed_interrupted_and_restarted() {
    older("26.34.1");
}

/// Its bus is heard over ZeroMQ, and it keeps no slot.
#[test]
fn services_of_26_28_0_are_listed_interrupted_and_restarted() {
    older("26.28.0");
}

/// What can be done to a service of an older Juice, and what its kernel, its log and its database tell.
fn older(version: &'static str) {
    let Some(juice) = Juice::older_supervised(version, &["lab"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("begun");
    let (config, runtime) = (juice.config_dir().display().to_string(), juice.run_dir().display().to_string());
    let files = ["--juice-config", &config, "--juice-run", &runtime];
    let mut screen = Screen::start(&files, (140, 40), &[]);
    screen.wait_until_it_hears();
    settled(&juice, "lab");
    let lab = listed(&juice, "lab");
    assert_eq!((&lab["process"]["state"], &lab["kernel"]), (&"RUNNING".into(), &true.into()), "{lab}");
    assert_eq!((&lab["juice"], &lab["cannot"]), (&version.into(), &serde_json::json!({})), "{lab}");
    screen.type_keys("m g");
    screen.wait_for("its process", |text| text.contains("its process is running") && text.contains(version));
    screen.type_keys("esc");
    cells_stop(&juice, &marker);

    // By now its kernel has been heard for long.
    let raises =
        [&["submit", "--direct", "--wait", "--name", "Tune: old", "lab"], &IN_THE_SLOT[..], &files].concat();
    run(&[&raises[..], &["code=def tune():\n    return {}['q3']\ntune()"]].concat()).expect(1);
    screen.type_keys("/");
    screen.type_text("Tune");
    screen.type_keys("enter");
    screen.wait_for("the failure", |text| text.contains("✘ Tune: old"));
    screen.type_keys("g j enter");
    screen.wait_for("its traceback", |text| {
        text.contains("from the kernel's output") && text.contains("return {}['q3']")
    });
    screen.type_keys("esc esc q");
    // Its log has no tracebacks yet.
    let mut logged = Value::Null;
    wait_for("its error is in the log", || {
        let lines = run(&[&["logs", "--json", "KeyError"], &files[..]].concat()).expect(0).stdout;
        logged = lines.lines().next().map_or(Value::Null, |line| serde_json::from_str(line).unwrap());
        logged != Value::Null
    });
    assert_eq!((&logged["level"], &logged["traceback"]), (&40.into(), &Value::Null), "{logged}");
    // One that comes later reads of it in the database.
    let mut screen = Screen::start(&files, (140, 40), &[]);
    screen.wait_until_it_hears();
    screen.type_keys("h");
    screen.wait_for("the past", |text| {
        text.lines().any(|line| line.contains("Tune: old") && line.contains('~') && line.contains("KeyError"))
    });
    drop(screen);

    let before = lab["process"]["pid"].clone();
    service(&juice, &["restart", "lab", "--yes"]).expect(0);
    let between = listed(&juice, "lab")["process"]["pid"].clone();
    assert_ne!(before, between);
    service(&juice, &["restart", "lab", "--container", "--yes"]).expect(0);
    assert_ne!(listed(&juice, "lab")["process"]["pid"], between);
    let ended = service(&juice, &["rebuild", "lab", "--yes"]).expect(0);
    assert!(ended.stdout.contains("Would"), "{ended:?}");
    assert_eq!(juice.units(), "restart juice-lab.service\nrestart juice-lab-build.service\n");
}

#[test]
fn a_question_names_whom_it_hits_acts_on_no_terminal_and_ends_at_ctrl_c() {
    let Some(juice) = Juice::private(&["bench"]) else { return };
    let url = juice.url();
    let name = "Night: \u{1b}]0;taken\u{7}\u{1b}[2J\u{9b}31m\u{202e}run";
    run(&["submit", "--url", &url, "bench", "SleepAsync", "duration=60", "--scheduled", "--name", name])
        .expect(0);
    let (config, runtime) = (juice.config_dir().display().to_string(), juice.run_dir().display().to_string());
    let args = ["service", "restart", "bench", "--juice-config", &config, "--juice-run", &runtime];
    wait_for("the question names the task that runs", || {
        let mut screen = Screen::start(&args, (100, 30), &[]);
        let text = screen.wait_for("the question", |text| text.contains("yes or no?"));
        screen.type_keys("ctrl-c");
        assert_eq!(screen.exit_status().exit_code(), 4);
        assert!(screen.text().contains("nothing was done: interrupted"), "{}", screen.text());
        screen.assert_harmless();
        assert!(screen.title().is_none(), "{:?}", screen.title());
        text.contains("It ends Night: ")
    });
}
