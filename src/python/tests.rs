//! Ways to fail, with shell scripts that pretend to be a Python. (`tests/real/types.rs` has the real one.)

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use super::*;
use crate::{
    catalogue::{
        script::which,
        sweep::{Combine, Pattern, Plan, Sweep, Values, mark},
    },
    time::Clock,
};

/// A program that says that it is Python 3 and then does this instead of running the script.
fn pretend(folder: &Path, body: &str) -> Python {
    script(folder, &format!("[ \"$1\" = -V ] && {{ echo Python 3.12.1; exit; }}\n{body}"))
}

fn script(folder: &Path, body: &str) -> Python {
    let path = folder.join("python");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Python { path, limit: Duration::from_secs(20) }
}

/// The error, and what was printed.
fn fails(python: &Python) -> (String, Vec<String>) {
    let mut printed = Vec::new();
    let result =
        python.list([("lab", "m:C")], &AtomicBool::new(false), &mut |line| printed.push(line.to_owned()));
    (result.expect_err("it fails").to_string(), printed)
}

const IMPORTING: &str =
    r#"echo '{"juicetop": 1}'; echo '{"importing": "cryo", "entrypoint": "lab.cryo:Cryo"}'"#;

#[test]
fn what_is_no_python_is_never_given_the_script() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("ran");
    for (body, words) in [
        (format!("[ $1 = -c ] && touch {}; true", marker.display()), "does not tell its version"),
        ("echo GNU bash 5".to_owned(), "it says: GNU bash 5"),
        ("echo Python 2.7.18 >&2".to_owned(), "it says: Python 2.7.18"),
    ] {
        let (told, _) = fails(&script(folder.path(), &body));
        assert!(told.contains("is no Python 3") && told.contains(words), "{told}");
        assert!(told.contains("/env/.venv/bin/python"), "the remedy: {told}");
    }
    assert!(!marker.exists());
    let (told, _) = fails(&Python::new("/nowhere/at/all"));
    assert!(told.contains("/nowhere/at/all cannot be started (there is no such file)"), "{told}");
    let (told, _) = fails(&Python::new(folder.path()));
    assert!(told.contains("it is a folder without a Python"), "{told}");
    std::fs::write(folder.path().join("text"), "hello").unwrap();
    let (told, _) = fails(&Python::new(folder.path().join("text")));
    assert!(told.contains("it may not be run"), "{told}");
}

#[test]
fn a_virtual_environment_stands_for_its_python() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    pretend(&bin, r#"read request; echo '{"juicetop": 1}'; echo "{\"answer\": $request}""#);
    let mut ignore = |_: &str| {};
    let raw = Python::new(folder.path()).list([("lab", "m:C")], &AtomicBool::new(false), &mut ignore);
    assert_eq!(raw.unwrap(), r#"{"services": {"lab": "m:C"}}"#);
}

#[test]
fn a_process_that_ends_without_a_word_is_told_with_what_it_imported() {
    let folder = tempfile::tempdir().unwrap();
    for (end, words) in [
        ("exit 0", "ended without an answer (exit code 0) while it imported cryo (lab.cryo:Cryo)"),
        ("exit 3", "(exit code 3)"),
        ("kill -SEGV $$", "(signal 11)"),
    ] {
        let python = pretend(folder.path(), &format!("{IMPORTING}; echo going >&2; {end}"));
        let (told, printed) = fails(&python);
        assert!(told.contains(words) && told.contains("leave that one out"), "{told}");
        assert_eq!(printed, ["going"]);
    }
    let (told, _) = fails(&pretend(folder.path(), "exit 1"));
    assert!(told.ends_with("(exit code 1): look at what it printed"), "{told}");
}

#[test]
fn an_answer_that_is_none_is_told_with_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let (told, _) = fails(&pretend(folder.path(), "echo hello world"));
    assert!(told.contains("cannot be read (it begins with \"hello world\")"), "{told}");
    let python = pretend(folder.path(), r#"echo '{"no_juice": "ModuleNotFoundError: orangeqs"}'"#);
    assert!(fails(&python).0.contains("has no OrangeQS Juice (ModuleNotFoundError: orangeqs): name the one"));
    let python = pretend(folder.path(), r#"echo '{"error": "KeyError", "message": "x"}'"#);
    assert_eq!(fails(&python).0, "KeyError: x");
}

#[test]
fn a_slow_one_is_stopped_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("alive");
    // A child that would go on writing, in a pipe that stays open.
    let body = format!("{IMPORTING}; (while :; do date > {}; sleep 0.05; done) & sleep 30", marker.display());
    let mut python = pretend(folder.path(), &body);
    python.limit = Duration::from_millis(700);
    let clock = Clock::start();
    let (told, _) = fails(&python);
    assert!(clock.now().mono < Duration::from_secs(10));
    assert!(told.starts_with("after 0.7 s Python was stopped while it imported cryo"), "{told}");
    assert!(told.contains("--limit SECONDS"), "{told}");
    assert!(marker.exists());
    thread::sleep(Duration::from_millis(100));
    std::fs::remove_file(&marker).unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(!marker.exists(), "what it had started still runs");
}

#[test]
fn the_person_can_stop_it() {
    let folder = tempfile::tempdir().unwrap();
    let python = pretend(folder.path(), "sleep 30");
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let stopper = std::sync::Arc::clone(&stop);
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        stopper.store(true, Ordering::SeqCst);
    });
    let clock = Clock::start();
    let result = python.list([], &stop, &mut |_| {});
    assert_eq!(result, Err(Failure::Stopped));
    assert!(clock.now().mono < Duration::from_secs(10));
}

#[test]
fn floods_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let (told, _) = fails(&pretend(folder.path(), "yes 0123456789012345678901234567890123456789"));
    assert!(told.contains("more than 32 MiB"), "{told}");
    let (told, _) = fails(&pretend(folder.path(), "head -c 100000000 /dev/zero"));
    assert!(told.contains("more than 32 MiB"), "{told}");
    let (_, printed) =
        fails(&pretend(folder.path(), "i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done"));
    assert_eq!(printed.len(), MOST_LINES);
    assert_eq!(printed.last().map(String::as_str), Some("… more is not shown"));
}

#[test]
fn an_answer_counts_although_the_process_does_not_end() {
    let folder = tempfile::tempdir().unwrap();
    // Something that it started keeps its output open.
    let python = pretend(folder.path(), r#"(sleep 30) & echo '{"answer": {"tasks": []}}'"#);
    let clock = Clock::start();
    let raw = python.list([], &AtomicBool::new(false), &mut |_| {}).unwrap();
    assert_eq!(raw, r#"{"tasks": []}"#);
    assert!(clock.now().mono < Duration::from_secs(10));
}

/// The line for a task with that payload.
fn answer(payload: &str) -> String {
    let metadata = r#"{"parallel": false, "display_name": "Plot: n=1", "show_in_dashboard": true}"#;
    format!(r#"echo '{{"answer": {{"type": "IPythonTask", "metadata": {metadata}, "payload": {payload}}}}}'"#)
}

/// Payloads with a number that runs.
fn numbers(values: &str) -> Payloads {
    let axes = vec![("n".to_owned(), Sweep::read(values, Values::Integer).unwrap())];
    let pattern = Pattern::read(&format!("{{\"n\": {}}}", mark(0)), 1).unwrap();
    Payloads::new(pattern, Plan::new(axes, Combine::Multiply).unwrap())
}

fn make(python: &Python, payloads: Payloads) -> Result<Vec<Envelope>, Failure> {
    python.envelopes("m:Plot", payloads, &AtomicBool::new(false), &mut |_| {})
}

#[test]
fn an_envelope_without_code_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = |payload: &str| make(&pretend(folder.path(), &answer(payload)), Payloads::one("{}"));
    let made = run(r#"{"n": 1, "code": "1"}"#).unwrap();
    assert_eq!(made.iter().map(|made| &*made.payload).collect::<Vec<_>>(), [r#"{"n": 1, "code": "1"}"#]);
    for payload in [r#"{"n": 1}"#, r#"{"n": 1, "code": null}"#] {
        assert_eq!(run(payload).unwrap_err().to_string(), "the class gave no code");
    }
}

/// Answers each payload with itself and code, but for what `odd` says of the `$number`.
fn each(folder: &Path, odd: &str) -> Python {
    let line = answer("'$payload'");
    let body = format!(
        r#"echo '{{"juicetop": 1}}'; echo '{{"importing": "m:Plot", "entrypoint": "m:Plot"}}'; echo '{{"imported": 1}}'
        read -r request; number=0
        while read -r line; do
            number=$((number+1))
            payload=$(echo "$line" | sed 's/^"//; s/"$//; s/\\//g; s/}}$/, "code": "'$number'"}}/')
            {odd}
            {line}
        done"#
    );
    pretend(folder, &body)
}

#[test]
fn each_of_many_is_made_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(&each(folder.path(), ""), numbers("5, 6, 7")).unwrap();
    let payloads: Vec<&str> = made.iter().map(|made| &*made.payload).collect();
    let wanted = [r#"{"n": 5, "code": "1"}"#, r#"{"n": 6, "code": "2"}"#, r#"{"n": 7, "code": "3"}"#];
    assert_eq!(payloads, wanted);
    let refuses =
        r#"case $number in 2|3) echo '{"refused": "ValueError", "message": "odd"}'; continue;; esac"#;
    match make(&each(folder.path(), refuses), numbers("5..8")).unwrap_err() {
        Failure::Refused { refused } => {
            let told: Vec<_> = refused.iter().map(|refusal| (refusal.at, refusal.words())).collect();
            assert_eq!(told, [(1, "ValueError: odd".to_owned()), (2, "ValueError: odd".to_owned())]);
            assert_eq!(which(&numbers("5..8"), &refused), "2 of 4: n=6; n=7");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn what_ends_it_among_many_is_told_with_the_number() {
    let folder = tempfile::tempdir().unwrap();
    let told = |odd: &str, limit: f64| {
        let python = Python { limit: Duration::from_secs_f64(limit), ..each(folder.path(), odd) };
        make(&python, numbers("5..8")).unwrap_err().to_string()
    };
    let crash = told("[ $number = 3 ] && exit 7", 20.0);
    assert!(
        crash.contains(
            "without an answer (exit code 7) while m:Plot made number 3 of 4: something in it ends"
        ),
        "{crash}"
    );
    let slow = told("[ $number = 1 ] && sleep 30", 2.0);
    assert!(slow.starts_with("after 2 s Python was stopped while m:Plot made number 1 of 4: "), "{slow}");
    assert!(!slow.contains("--limit"), "{slow}");
}

#[test]
fn thousands_fit_through_the_pipes_and_come_back_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    // More than any pipe holds, before the first of it is read.
    let body = format!(
        r#"sleep 0.2; read -r request; i=0; while [ $i -lt 10000 ]; do read -r line; i=$((i+1)); {}; done"#,
        answer(r#"{"code": "'$i'"}"#)
    );
    let padding = "x".repeat(200);
    let axes = vec![("n".to_owned(), Sweep::read("1..10000", Values::Integer).unwrap())];
    let pattern = Pattern::read(&format!("{{\"n\": {}, \"s\": \"{padding}\"}}", mark(0)), 1).unwrap();
    let payloads = Payloads::new(pattern, Plan::new(axes, Combine::Multiply).unwrap());
    let made = make(&pretend(folder.path(), &body), payloads).unwrap();
    assert_eq!(made.len(), 10_000);
    assert_eq!(&*made[9_999].payload, r#"{"code": "10000"}"#);
}
