//! Case A42: a reader that has read enough (`| head -1`) is no fault of whoever writes.

use std::{
    io::Read as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{common::program::run_at_home, kept::lab};

/// Runs it with a standard output that nobody reads any more; its exit code and what it said.
fn without_reader(args: &[&str], home: &std::path::Path) -> (i32, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = Command::new(env!("CARGO_BIN_EXE_juicetop"))
        .args(args)
        .env_clear()
        .env("HOME", home)
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > end => {
                child.kill().unwrap();
                panic!("{args:?} does not end");
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (status.code().unwrap_or(-1), said)
}

#[test]
fn a_reader_that_goes_away_ends_every_subcommand_well_and_in_silence() {
    let (_server, url) = lab();
    let home = tempfile::tempdir().unwrap();
    // A history with a task, and a recording.
    let recording = home.path().join("recording.jsonl").display().to_string();
    let state = home.path().join(".local/state").display().to_string();
    let mut screen = crate::Screen::start(
        &["--url", &url, "--record", &recording],
        (100, 30),
        &[("XDG_STATE_HOME", &state)],
    );
    screen.wait_for("the connection", |text| text.contains("● live") && text.contains("cryo"));
    crate::common::program::run(&["submit", "--url", &url, "lab", "Ping", "--wait"]).expect(0);
    screen.wait_for("its end", |text| text.contains('✔'));
    std::thread::sleep(Duration::from_millis(1500));
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    let listed = run_at_home(&["list", "--url", &url, "--json"], "", &home).expect(0).stdout;
    let line: serde_json::Value = serde_json::from_str(listed.lines().next().expect("a task")).unwrap();
    let id = line["id"].as_str().expect("an id");

    let at = ["--url", &*url];
    let commands: &[&[&str]] = &[
        &["--help"],
        &["--version"],
        &["help", "submit"],
        &["print", "config"],
        &["print", "keys"],
        &["print", "keys", "--json"],
        &["print", "theme"],
        &["print", "completions", "bash"],
        &["print", "completions", "zsh"],
        &["print", "man"],
        &["picture"],
        &[&["list"], &at[..]].concat(),
        &[&["list", "--json"], &at[..]].concat(),
        &[&["list", "--csv"], &at[..]].concat(),
        &[&["show", id], &at[..]].concat(),
        &[&["show", id, "--json"], &at[..]].concat(),
        &[&["show", id, "--result"], &at[..]].concat(),
        &[&["watch"], &at[..]].concat(),
        &[&["watch", "--json"], &at[..]].concat(),
        &[&["types"], &at[..]].concat(),
        &[&["types", "--json"], &at[..]].concat(),
        &[&["doctor"], &at[..]].concat(),
        &["replay", "--redact", &recording],
    ];
    for args in commands {
        let (code, said) = without_reader(args, home.path());
        assert!(matches!(code, 0 | 141), "{args:?}: {code}, {said}");
        for word in ["panic", "fault", "roken pipe", "rror"] {
            assert!(!said.contains(word), "{args:?} says {said}");
        }
    }
    // Services that nobody reaches. Who wants something done to one and reads nothing has gone: nothing is done.
    let config = tempfile::tempdir().unwrap();
    crate::services::configure(config.path(), &url, &["lab"]);
    let folder = config.path().display().to_string();
    let at = ["--url", &*url, "--juice-config", &folder, "--juice-run", &folder];
    for (args, wanted) in [(&["list"][..], 0), (&["list", "--json"], 0), (&["restart", "lab", "--yes"], 4)] {
        let (code, said) = without_reader(&[&["service"], args, &at].concat(), home.path());
        assert_eq!(code, wanted, "{args:?}: {said}");
        assert!(!said.contains("panic") && !said.contains("roken pipe"), "{args:?}: {said}");
        assert!(wanted == 0 || said.contains("nothing was done: interrupted"), "{args:?}: {said}");
    }
    // Who submits and reads no answer has gone: nothing is sent then, and that is said.
    let (code, said) = without_reader(&["submit", "--url", &url, "lab", "Ping", "--wait"], home.path());
    assert_eq!((code, said.contains("not sent: interrupted")), (4, true), "{said}");
}

/// The demonstration goes on: others may be connected to it.
#[test]
fn the_demonstration_serves_on_when_its_address_was_read() {
    let (line, server) =
        crate::common::program::Program::read_one_line(&["demo", "--scenario", "quiet", "--serve-only"]);
    let url = line.split_whitespace().find(|word| word.starts_with("ws://")).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    crate::common::program::run(&["submit", "--url", url, "lab", "Ping", "--wait"]).expect(0);
    assert_eq!(server.said(), "");
}
