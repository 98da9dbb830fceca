//! A fault of the program in any of its threads, or of the terminal: the terminal is given back once and in order, the fault's words stand in
//! the shell, and nothing that is kept is hurt. Faults are made on purpose (`src/fault.rs`).

use std::{fs, path::Path, time::Duration};

use rustix::process::Signal;

use crate::{
    common::{
        flood::Flood,
        influx::{Influx, TOKEN},
        program::{run_at_home, run_with_input},
        pty::{Modes, Screen},
    },
    kept::lab,
};

/// What leads the program through a place, once it has a task that ended well and is selected.
fn lead_to(place: &str, screen: &mut Screen) {
    match place {
        "draw" | "key" | "keys" => screen.type_keys("?"),
        "history" => screen.type_keys("h"),
        "signals" => screen.resize(101, 30),
        "save" => screen.type_keys("enter S"),
        // A draft is kept two seconds after the last key.
        "keeper" => {
            screen.type_keys("s");
            screen.wait_for("the types", |text| text.contains("Submit to"));
            screen.type_text("Ping");
            screen.type_keys("enter");
            screen.wait_for("the form", |text| text.contains("ctrl-s send"));
            screen.type_text("draft");
        }
        // The bus speaks by itself, and what tells of kernels is read every ten seconds.
        _ => {}
    }
}

#[test]
fn a_panic_in_any_thread_gives_the_terminal_back_and_hurts_nothing_that_is_kept() {
    if !cfg!(debug_assertions) {
        eprintln!("skipped: a release build has no panics on purpose");
        return;
    }
    let (_server, url) = lab();
    for place in ["draw", "key", "keys", "signals", "net", "kernels", "keeper", "history", "recorder", "save"]
    {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name).display().to_string();
        let (trigger, recording) = (path("now"), path("recording.jsonl"));
        let script = format!(
            "stty -g; \"$JUICETOP\" --url {url} --juice-run {run} --record {recording}; code=$?; echo; stty -g; exit $code",
            run = home.path().display(),
        );
        let env = [
            ("JUICETOP_PANIC", &*format!("{place}:{trigger}")),
            ("XDG_STATE_HOME", &*path(".local/state")),
            ("RUST_BACKTRACE", "1"),
        ];
        let mut screen = Screen::start_command("sh", &["-c", &script], (100, 30), &env);
        screen.wait_for("the connection", |text| text.contains("● live") && text.contains("cryo"));
        screen.type_keys("j s");
        screen.wait_for("the types", |text| text.contains("Submit to"));
        screen.type_text("Ping");
        screen.type_keys("enter");
        screen.wait_for("the form", |text| text.contains("ctrl-s send"));
        screen.type_keys("ctrl-s");
        screen
            .wait_for("its end", |text| text.lines().any(|line| line.contains('✔') && line.contains("Ping")));
        // The history is written once a second.
        std::thread::sleep(Duration::from_millis(2500));

        fs::write(&trigger, "").unwrap();
        lead_to(place, &mut screen);
        gave_it_back(place, &screen);
        kept_is_whole(place, &url, &home, Path::new(&recording));
    }
}

/// Threads that do one thing for the person or for the lab, on a lab whose files are here and whose database answers.
#[test]
fn a_panic_in_a_thread_that_is_made_for_one_thing_does_the_same() {
    if !cfg!(debug_assertions) {
        eprintln!("skipped: a release build has no panics on purpose");
        return;
    }
    let (_server, url) = lab();
    let database = Influx::start().unwrap();
    let large = format!(r#"{{"message": "{}"}}"#, "x".repeat(300_000));
    for place in ["control", "types", "editor", "mask", "archive"] {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name).display().to_string();
        let (trigger, folder) = (path("now"), path("juice"));
        fs::create_dir(&folder).unwrap();
        crate::services::configure(Path::new(&folder), &url, &["lab"]);
        let whole = format!(
            "{}\n[influxdb2]\nurl = \"http://127.0.0.1:{}\"\n",
            fs::read_to_string(format!("{folder}/orchestration.toml")).unwrap(),
            database.port
        );
        fs::write(format!("{folder}/orchestration.toml"), whole).unwrap();
        let tokens = format!("[tokens.user]\nidentifier = \"x\"\ntoken = \"{TOKEN}\"\n");
        fs::write(format!("{folder}/influxdb-tokens.toml"), tokens).unwrap();
        // It is read once the bus speaks.
        if place == "archive" {
            fs::write(&trigger, "").unwrap();
        }
        let script = format!(
            "stty -g; \"$JUICETOP\" --juice-config {folder} --juice-run {folder}; code=$?; echo; stty -g; exit $code"
        );
        let env = [
            ("JUICETOP_PANIC", &*format!("{place}:{trigger}")),
            ("XDG_STATE_HOME", &*path(".local/state")),
            ("EDITOR", "true"),
        ];
        let mut screen = Screen::start_command("sh", &["-c", &script], (100, 30), &env);
        if place != "archive" {
            screen.wait_for("the connection", |text| text.contains("● live") && text.contains("lab"));
            lead_to_its_thread(place, &mut screen, &url, &large, &trigger);
        }
        gave_it_back(place, &screen);
    }
}

/// Makes the file that wishes for the fault, and what makes the thread.
fn lead_to_its_thread(place: &str, screen: &mut Screen, url: &str, large: &str, trigger: &str) {
    let wish = || fs::write(trigger, "").unwrap();
    match place {
        "control" => {
            wish();
            screen.type_keys("m");
        }
        "types" => {
            screen.type_keys("s");
            screen.wait_for("the types", |text| text.contains("Submit to"));
            wish();
            screen.type_keys("f12");
        }
        "editor" => {
            screen.type_keys("s");
            screen.wait_for("the types", |text| text.contains("Submit to"));
            screen.type_text("Ping");
            screen.type_keys("enter");
            screen.wait_for("the form", |text| text.contains("ctrl-s send"));
            wish();
            screen.type_keys("f4");
        }
        _ => {
            run_with_input(&["submit", "--url", url, "lab", "Ping", "--payload", "-", "--wait"], large)
                .expect(0);
            screen.type_keys("g");
            screen.wait_for("the task", |text| text.contains("Ping"));
            wish();
            screen.type_keys("j enter");
        }
    }
}

#[test]
fn a_panic_while_a_recording_is_played_or_a_large_list_is_read_does_the_same() {
    if !cfg!(debug_assertions) {
        eprintln!("skipped: a release build has no panics on purpose");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let (trigger, recording) = (path("now"), path("recording.jsonl"));
    let flood = Flood::start();
    flood.list(1_000, 300, 0);
    let record = Screen::start(&["--url", &flood.url, "--record", &recording], (100, 30), &[]);
    record.wait_for("the list", |text| text.contains("● live") && text.contains("Nightly"));
    record.signal(Signal::TERM);
    record.exit_status();
    for (place, args) in [("replay", format!("replay {recording}")), ("list", format!("--url {}", flood.url))]
    {
        let script = format!("stty -g; \"$JUICETOP\" {args}; code=$?; echo; stty -g; exit $code");
        let env = [("JUICETOP_PANIC", &*format!("{place}:{trigger}"))];
        let mut screen = Screen::start_command("sh", &["-c", &script], (100, 30), &env);
        screen.wait_for("the list", |text| text.contains("Nightly"));
        fs::write(&trigger, "").unwrap();
        match place {
            "replay" => screen.type_keys("["),
            _ => {
                screen.type_keys("t");
                screen.wait_for("the schedule", |text| text.contains("Nothing is scheduled"));
                screen.type_keys("ctrl-r");
            }
        }
        gave_it_back(place, &screen);
        fs::remove_file(&trigger).unwrap();
    }
}

/// A limit on threads is reached (EAGAIN), which ends nothing: each answer tells of it, and the person goes on.
#[test]
fn where_no_thread_can_be_made_that_is_told_and_nothing_ends() {
    if !cfg!(debug_assertions) {
        eprintln!("skipped: a release build has no errors on purpose");
        return;
    }
    let (_server, url) = lab();
    let large = format!(r#"{{"message": "{}"}}"#, "x".repeat(300_000));
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let (trigger, folder) = (path("now"), path("juice"));
    fs::create_dir(&folder).unwrap();
    crate::services::configure(Path::new(&folder), &url, &["lab"]);
    let env = [
        ("JUICETOP_PANIC", &*format!("no thread:{trigger}")),
        ("XDG_STATE_HOME", &*path(".local/state")),
        ("EDITOR", "true"),
    ];
    let mut screen = Screen::start(&["--juice-config", &folder, "--juice-run", &folder], (140, 30), &env);
    screen.wait_for("the connection", |text| text.contains("● live") && text.contains("lab"));
    run_with_input(&["submit", "--url", &url, "lab", "Ping", "--payload", "-", "--wait"], &large).expect(0);
    screen.type_keys("g");
    screen.wait_for("the task", |text| text.contains("Ping"));
    fs::write(&trigger, "").unwrap();
    let why = "no thread could be made: an error on purpose: no thread";
    let told = |screen: &Screen, what: &str| {
        screen.wait_for(what, |text| text.contains(what) && text.contains(why));
    };
    // What has to be done all the same is done where it is: a large payload is looked through for secrets.
    screen.type_keys("j enter");
    screen.wait_for("its payload", |text| text.contains("xxxxxxxx"));
    screen.type_keys("S");
    told(&screen, "not saved as Ping-");
    screen.type_keys("esc m");
    told(&screen, "not asked");
    screen.type_keys("esc s");
    screen.wait_for("the types", |text| text.contains("Submit to"));
    screen.type_keys("f12");
    told(&screen, "the catalogue files were not read again");
    screen.type_text("Ping");
    screen.type_keys("enter");
    screen.wait_for("the form", |text| text.contains("ctrl-s send"));
    screen.type_keys("f4");
    told(&screen, "the payload is as it was");
    // It lives, and goes when it is asked to.
    fs::remove_file(&trigger).unwrap();
    screen.type_keys("esc");
    screen.signal(Signal::TERM);
    assert_eq!(screen.exit_status().exit_code(), 143, "{}", screen.text());
    assert_eq!(screen.modes(), Modes::default());
    // A large list is read where it is.
    fs::write(&trigger, "").unwrap();
    let flood = Flood::start();
    flood.list(1_000, 300, 0);
    let screen = Screen::start(&["--url", &flood.url], (100, 30), &env);
    screen.wait_for("the list", |text| text.contains("● live") && text.contains("Nightly"));
}

/// Case A04: no panic, but an error on the way of a frame to the terminal.
#[test]
fn a_frame_that_cannot_be_drawn_ends_it_with_one_line() {
    if !cfg!(debug_assertions) {
        eprintln!("skipped: a release build has no errors on purpose");
        return;
    }
    let (_server, url) = lab();
    let home = tempfile::tempdir().unwrap();
    let trigger = home.path().join("now").display().to_string();
    let script = format!("stty -g; \"$JUICETOP\" --url {url}; code=$?; echo; stty -g; exit $code");
    let env = [("JUICETOP_PANIC", &*format!("draw fails:{trigger}")), ("RUST_BACKTRACE", "1")];
    let mut screen = Screen::start_command("sh", &["-c", &script], (100, 30), &env);
    screen.wait_for("the connection", |text| text.contains("● live") && text.contains("cryo"));
    fs::write(&trigger, "").unwrap();
    screen.type_keys("?");
    let words = "an error on purpose: draw fails";
    ended("draw fails", &screen, 1, words);
    let written = String::from_utf8(screen.bytes_so_far()).unwrap();
    let after = written.rsplit_once("\x1b[?1049l").unwrap().1;
    let told: Vec<&str> = after.lines().filter(|line| line.contains("juicetop:")).collect();
    assert!(
        matches!(told[..], [line] if line.ends_with(&format!("juicetop: {words}"))),
        "one line and nothing else: {told:?}"
    );
}

/// It ended with the fault's words, and the terminal is as it was.
fn gave_it_back(place: &str, screen: &Screen) {
    ended(place, screen, 101, &format!("a panic on purpose, in {place}"));
    let line = screen.text().replace('\n', "");
    assert!(line.contains("please report it"), "{place}:\n{}", screen.text());
}

/// It ended with that code and these words behind the screen that was left, and the terminal is as it was.
fn ended(place: &str, screen: &Screen, code: u32, words: &str) {
    assert_eq!(screen.exit_status().exit_code(), code, "{place}:\n{}", screen.text());
    assert_eq!(screen.modes(), Modes::default(), "{place}");
    let text = screen.text();
    // The shell's lines are as long as the screen is wide.
    assert!(text.replace('\n', "").contains(words), "{place}:\n{text}");
    assert!(!text.contains("stack backtrace"), "{place}:\n{text}");
    let settings: Vec<&str> = text.lines().filter(|line| line.matches(':').count() > 10).collect();
    assert_eq!(settings.len(), 2, "{place}:\n{text}");
    assert_eq!(settings[0], settings[1], "{place}");
    // Once, and before the words: they would be gone with the other screen.
    let written = String::from_utf8(screen.bytes_so_far()).unwrap();
    for mode in ["\x1b[?1049l", "\x1b[?2004l", "\x1b[8h", "\x1b[?25h\r\n"] {
        let mode = mode.trim_end();
        let after = written.rsplit_once("\x1b[?1049h").unwrap().1;
        let times = after.split(words).next().unwrap().matches(mode).count();
        assert!(times >= 1 && (mode == "\x1b[?25h" || times == 1), "{place}: {mode:?} {times} times");
    }
    assert!(written.find("\x1b[?1049l") < written.find(words), "{place}");
    screen.assert_harmless();
}

/// The history can be read and has the task; so can the recording.
fn kept_is_whole(place: &str, url: &str, home: &tempfile::TempDir, recording: &Path) {
    let listed = run_at_home(&["list", "--url", url, "--hidden"], "", home).expect(0);
    assert!(listed.stdout.contains("Ping"), "{place}: {listed:?}");
    let cleaned = run_at_home(&["replay", "--redact", &recording.display().to_string()], "", home).expect(0);
    assert!(cleaned.stdout.lines().count() > 3, "{place}: {cleaned:?}");
}
