//! Juice's own database: what ran before juicetop did, and what ended while nothing was seen. The database is the tests' own
//! (`tests/common/influx.rs`); what it has was written by the real Juice.

use serde_json::json;

use crate::common::{
    client::{Bus, Frame, Tasks},
    juice::Juice,
    program::run_at_home,
    proxy::Proxy,
    pty::Screen,
};

/// A screen on the lab whose files these are, reached at `url`.
fn screen(juice: &Juice, url: &str, size: (u16, u16), state: &str) -> Screen {
    let (config, run) = (juice.config_dir(), juice.run_dir());
    let args =
        ["--url", url, "--juice-config", config.to_str().unwrap(), "--juice-run", run.to_str().unwrap()];
    Screen::start(&args, size, &[("XDG_STATE_HOME", state)])
}

#[tokio::test]
async fn what_ran_before_it_stands_in_the_history_and_in_its_file() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, url) = (juice.lane(), juice.url());
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join(".local/state").display().to_string();
    let mut tasks = Tasks::connect(&url).await;
    for n in 0..3 {
        let name = format!("Ping: message='early {n}'");
        tasks.ask(Frame::new(&lane, "Ping", json!({"message": format!("early {n}")})).named(&name)).await;
    }
    let fails = Frame::new(&lane, "Fail", json!({"how": "chain"})).named("Fail: how='chain', \"x\",\n early");
    assert_eq!(tasks.ask(fails).await.json()["status"], "error");
    let secret = Frame::new(&lane, "Ping", json!({"message": "early s", "token": "s3cret"}))
        .named("Ping: secret early");
    tasks.ask(secret).await;
    // What still runs is nothing that ended.
    let slow = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 60})).named("Slow: early")).await;
    juice.wait_until_written(&[&slow, "started"]);

    let mut screen = screen(juice, &url, (120, 40), &state);
    screen.wait_for("live", |s| s.contains("live"));
    screen.type_keys("h /");
    screen.type_text(&format!("service:{lane}"));
    screen.type_keys("enter");
    let text = screen.wait_for("all six", |s| {
        ["early 0", "early 1", "early 2", "secret early", "BenchError", "Slow: early"]
            .iter()
            .all(|t| s.contains(t))
    });
    let line = |part: &str| {
        text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}:\n{text}")).to_owned()
    };
    // Its beginning is not known better than that, and no length at all.
    assert!(line("early 0").contains(" ~") && line("early 0").contains('✔'), "{text}");
    assert!(line("Slow: early").contains("no end"), "{text}");
    screen.type_keys("/");
    screen.type_text(" type:Fail");
    screen.wait_for("it alone", |s| s.contains("BenchError") && !s.contains("Slow: early"));
    screen.type_keys("enter enter");
    let detail =
        screen.wait_for("the detail", |s| s.contains("from Juice's database") && s.contains("BenchError"));
    assert!(detail.contains("\"chain\""), "the payload is that of the beginning:\n{detail}");
    screen.type_keys("esc esc esc q");
    screen.wait_until("the end", Screen::has_ended);
    let run = |args: &[&str]| run_at_home(&[&["list", "--url", &url], args].concat(), "", &home);
    let service = format!("service:{lane}");
    let listed = run(&[&service, "--json"]).expect(0).stdout;
    assert_eq!(listed.lines().count(), 6, "{listed}");
    for line in listed.lines() {
        let task: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            task["archived"] == true && task["duration_s"].is_null() && task["ended_at"].is_null(),
            "{task}"
        );
        assert_ne!(task["state"], "running", "{task}");
    }
    let file =
        std::fs::read(home.path().join(".local/state/juicetop/labs").join(lab(&home)).join("history.db"));
    assert!(!file.unwrap().windows(6).any(|part| part == b"s3cret"));
}

/// The name of the one lab that something is kept of.
fn lab(home: &tempfile::TempDir) -> String {
    let mut labs = std::fs::read_dir(home.path().join(".local/state/juicetop/labs")).unwrap();
    labs.next().unwrap().unwrap().file_name().into_string().unwrap()
}

#[tokio::test]
async fn what_ended_in_a_gap_is_settled_from_it() {
    let Some(juice) = Juice::shared() else { return };
    let (lane, url) = (juice.lane(), juice.url());
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join(".local/state").display().to_string();
    let mut proxy = Proxy::to(&url);
    let mut tasks = Tasks::connect(&url).await;
    let mut screen = screen(juice, &proxy.url(), (120, 40), &state);
    screen.wait_for("live", |s| s.contains("● live"));
    // By the lab's files the task manager's line is there from the start. Who comes after it hears: so does it.
    Bus::open(&proxy.url()).await;
    screen.type_keys("/");
    screen.type_text(&format!("service:{lane}"));
    screen.type_keys("enter");
    let id = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 8})).named("Slow: in the gap")).await;
    screen.wait_for("it runs", |s| s.contains("▶ Slow: in the gap"));
    proxy.cut();
    screen.wait_for("the loss", |s| s.contains("as it was at"));
    let reply = tasks.reply(&id).await;
    assert_eq!(reply.json()["status"], "ok");
    juice.wait_until_written(&[&id, "completed"]);
    proxy.open();
    screen.type_keys("ctrl-r");
    screen.wait_for("it is unknown", |s| s.contains("? Slow: in the gap"));
    // Of the tasks of other tests that ran then some may be settled as well.
    screen.wait_for("it is settled, and that is told", |s| {
        let told = s.split_whitespace().collect::<Vec<_>>().join(" ");
        s.contains("✔ Slow: in the gap")
            && ["1 unknown task is settled", " unknown tasks are settled"]
                .iter()
                .any(|words| told.contains(words))
    });
    screen.type_keys("q");
}
