//! The history on disk, against the real Juice: what a screen saw is there after it has ended, and for the next one.

use serde_json::Value;

use crate::common::{juice::Juice, program::run_at_home, pty::Screen};

#[test]
fn what_a_screen_saw_is_listed_after_it_has_ended_and_shown_letter_for_letter() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, url) = (juice.lane(), juice.url());
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join(".local/state").display().to_string();
    let run = |command: &str, args: &[&str]| {
        let service = format!("service:{lane}");
        let all = match command {
            "list" => [&["list", "--url", &url, &service], args].concat(),
            _ => [&[command, "--url", &url], args].concat(),
        };
        run_at_home(&all, "", &home)
    };
    run("list", &[]).expect(0).says("no history of");
    let start = || {
        // Wide, and alone with this lane's tasks.
        let mut screen = Screen::start(&["--url", &url], (120, 60), &[("XDG_STATE_HOME", &state)]);
        screen.wait_until_it_hears();
        screen.type_keys("/");
        screen.type_text(&format!("service:{lane}"));
        screen.type_keys("enter");
        screen
    };
    let mut screen = start();
    run("submit", &[&lane, "Ping", "message=kept for later", "--wait"]).expect(0);
    run("submit", &[&lane, "Fail", "how=chain", "--wait", "--direct"]).expect(1);
    screen.wait_for("both tasks", |s| s.contains("kept for later") && s.contains("BenchError"));
    screen.type_keys("q");
    screen.wait_until("the end", Screen::has_ended);

    let lines: Vec<Value> = run("list", &["--json"])
        .expect(0)
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let (fail, ping) = (&lines[0], &lines[1]);
    assert_eq!((&fail["type"], &fail["outcome"]), (&Value::from("Fail"), &Value::from("failed")), "{fail}");
    assert_eq!((&ping["state"], &ping["outcome"]), (&Value::from("ended"), &Value::from("ok")), "{ping}");
    assert!(ping["started_seen"] == true && ping["duration_s"].as_f64().unwrap() >= 0.0, "{ping}");
    assert_eq!(fail["error"]["name"], "BenchError");
    let of = |task: &Value| task["id"].as_str().unwrap()[..13].to_owned();
    assert_eq!(run("show", &[&of(ping), "--result"]).expect(0).stdout, "\"kept for later\"");
    assert_eq!(
        run("show", &[&of(ping), "--payload", "--path", ".message"]).expect(0).stdout,
        "\"kept for later\""
    );
    let traceback = run("show", &[&of(fail), "--traceback"]).expect(0).stdout;
    assert!(
        traceback.starts_with("Traceback (most recent call last):\n") && traceback.contains("BenchError")
    );
    run("show", &[&of(fail), "--result"]).expect(1).says("it has no result; it failed: BenchError");
    run("show", &["no-such-id"]).expect(1).says("no task of the history");
    let found = run("list", &["error:BenchError", "payload.how:chain", "since:1h"]).expect(0).stdout;
    assert!(
        found.lines().count() == 1 && found.contains(" failed ") && found.contains(&of(fail)[..8]),
        "{found}"
    );
    let table = run("list", &["--csv", "outcome:ok"]).expect(0).stdout;
    assert!(table.lines().nth(1).is_some_and(|row| row.starts_with(ping["id"].as_str().unwrap())), "{table}");

    // The next one adds to it; and one that is killed leaves what it had seen.
    let mut screen = start();
    screen.type_keys("h / ");
    // The history has what others sent meanwhile too.
    screen.type_text(&format!("service:{lane} kept"));
    screen.wait_for("the first run's task", |s| s.contains("1 of ") && s.contains("kept for later"));
    screen.type_keys("enter enter");
    screen.wait_for("its detail", |s| s.contains("from the history") && s.contains("\"kept for later\""));
    screen.type_keys("esc esc esc");
    run("submit", &[&lane, "Ping", "message=seen by the second", "--wait"]).expect(0);
    screen.wait_for("the task", |s| s.contains("seen by the second"));
    screen.wait_until("the history", |_| {
        run("list", &["\"seen by the second\"", "outcome:ok"]).stdout.lines().count() == 1
    });
    // Two tasks side by side, and a filter with a name, which the command knows too.
    screen.type_keys("h / ");
    screen.type_text(&format!("service:{lane} type:Ping,Fail"));
    screen.wait_for("this lane's tasks alone", |s| s.contains("History  3 "));
    screen.type_keys("ctrl-s");
    screen.wait_for("a name is asked for", |s| s.contains("save filter as @"));
    screen.type_text("benches");
    screen.type_keys("enter");
    screen.wait_for("it is saved", |s| s.contains("saved: @benches"));
    screen.type_keys("enter g space j space =");
    let text = screen.wait_for("the comparison", |s| s.contains("Compare") && s.contains("differences"));
    assert!(text.contains("outcome") && text.contains("Result  not compared"), "{text}");
    screen.type_keys("esc esc esc");
    screen.wait_until("the filter", |_| {
        run("list", &["@benches", "outcome:failed"]).stdout.lines().count() == 1
    });
    run("list", &["@nobody"]).expect(2).says("no filter is saved as @nobody: there are @benches");
    screen.signal(rustix::process::Signal::KILL);
    screen.wait_until("the end", Screen::has_ended);
    assert_eq!(run("list", &[]).expect(0).stdout.lines().count(), 3);
}

#[test]
fn what_submit_saw_while_it_waited_is_listed_without_any_screen() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, url) = (juice.lane(), juice.url());
    let home = tempfile::tempdir().unwrap();
    let run =
        |command: &str, args: &[&str]| run_at_home(&[&[command, "--url", &url], args].concat(), "", &home);
    let ours = format!("service:{lane}");
    run("submit", &[&lane, "Ping", "message=direct, no screen", "--wait", "--direct"]).expect(0);
    run("submit", &[&lane, "Ping", "message=scheduled, no screen", "--wait", "--scheduled"]).expect(0);
    run("submit", &[&lane, "Fail", "how=chain", "--wait"]).expect(1);
    run("submit", &[&lane, "Ping", "--sweep", "message=one,two", "--wait"]).expect(0);
    run("submit", &[&lane, "Ping", "message=kept back", "--wait", "--no-history"]).expect(0);
    let lines = run("list", &["--json", &ours]).expect(0).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    let ok = |line: &&Value| line["outcome"] == "ok" && line["state"] == "ended";
    assert_eq!(lines.iter().filter(ok).count(), 4, "{lines:#?}");
    let failed = lines.iter().find(|line| line["outcome"] == "failed").unwrap()["id"].as_str().unwrap();
    let traceback = run("show", &[failed, "--traceback"]).expect(0).stdout;
    assert!(traceback.contains("BenchError"), "{traceback}");
}

#[test]
fn who_wants_none_has_none() {
    let Some(juice) = Juice::shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let state = home.path().display().to_string();
    let url = juice.url();
    let mut screen = Screen::start(&["--url", &url, "--no-history"], (80, 24), &[("XDG_STATE_HOME", &state)]);
    screen.wait_for("live", |s| s.contains("live"));
    screen.type_keys("q");
    screen.wait_until("the end", Screen::has_ended);
    let mut folders = vec![home.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(!path.to_string_lossy().contains("history.db"), "{}", path.display());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}
