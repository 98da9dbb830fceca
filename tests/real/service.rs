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
};

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

    let sync = ["IPythonTask", "run_async=false"];
    for (code, error) in [
        ("import time; time.sleep(120)", "KeyboardInterrupt"),
        ("import asyncio; await asyncio.sleep(120)", "CancelledError"),
    ] {
        let program = begun(&juice, &marker, &sync, code);
        let stopped = service(&juice, &["interrupt", "lab", "--yes", "--json"]).expect(0).stdout;
        let stopped: Value = serde_json::from_str(&stopped).unwrap();
        assert_eq!(stopped["stopped"][0]["error"], error, "{stopped}");
        let (code, said) = end_of(program);
        assert!(code == 1 && said.contains(error), "{code}: {said}");
    }

    // One that catches it ends as it likes, or takes its time.
    let catches = |then: &str| {
        format!("pass\ntry:\n  import time; time.sleep(120)\nexcept KeyboardInterrupt:\n  {then}")
    };
    for (then, exit, words, outcome) in [
        ("time.sleep(0.5)", 0, "ended after the signal (ok)", Some("ok")),
        ("raise ValueError('ramped down')", 0, "ended after the signal (ValueError)", Some("failed")),
        ("time.sleep(9)", 1, "or is cleaning up", None),
    ] {
        let program = begun(&juice, &marker, &sync, &catches(then));
        let ended = service(&juice, &["interrupt", "lab", "--yes", "--json"]).expect(exit).says(words);
        let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(answer["stopped"][0]["outcome"].as_str(), outcome, "{answer}");
        end_of(program);
    }

    // A cell beside others hears of no signal, and is said not to.
    let program =
        begun(&juice, &marker, &["IPythonTask", "run_async=true"], "import asyncio; await asyncio.sleep(12)");
    service(&juice, &["interrupt", "lab", "--yes"]).expect(1).says("nothing was seen to stop");
    let (code, said) = end_of(program);
    assert!(code == 0, "{said}");
}

#[test]
fn processes_and_containers_are_restarted_and_images_built() {
    let Some(juice) = Juice::supervised(&["lab", "bench"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("begun");
    let of = |name: &str| listed(&juice, name)["process"]["pid"].as_u64().unwrap();

    // The process: the cell that runs ends, the service is another one and answers.
    let before = of("lab");
    let program = begun(&juice, &marker, &["IPythonTask", "run_async=false"], "import time; time.sleep(120)");
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
    service(&juice, &["restart", "bench", "--container", "--yes"]).expect(0);
    assert_ne!(of("bench"), before);
    assert_eq!(juice.units(), "restart juice-bench.service\n");
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
