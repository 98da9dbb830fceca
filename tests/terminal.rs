//! The whole program in a real pseudo-terminal, on its own demonstration: start, every view at every size, every end.
//!
//! No Juice is needed here; what depends on one is in `tests/real/screen.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, tells why on stderr, and waits by the clock of the machine"
)]

mod common;

use std::process::{Command, Stdio};

use common::pty::{Modes, Screen};

/// The demonstration on a terminal of that size, connected.
fn demo(size: (u16, u16), more: &[&str]) -> Screen {
    let mut args = vec!["demo"];
    args.extend(more);
    let screen = Screen::start(&args, size, &[]);
    screen.wait_for("the connection", |text| text.contains("● live"));
    screen
}

/// Opens a task that ended well, of the first service; a filter stays, which Escape takes away.
fn open_a_task(screen: &mut Screen) {
    screen.type_keys("/");
    screen.type_text("outcome:ok");
    screen.type_keys("enter g");
    let ok = |line: &str| [" ✔ ", " + "].iter().any(|sign| line.contains(sign));
    // A small screen has no line for the service itself, and no rule below the head.
    let row = |text: &str| (2..=3).find(|row| text.lines().nth(*row).is_some_and(ok));
    screen.wait_for("a task that ended well", |text| text.contains("outcome:ok") && row(text).is_some());
    // The top is the service's own line.
    screen.type_keys("j");
    screen.type_keys("enter");
    screen.wait_for("the task's detail", |text| text.contains(" result\n") || text.contains(" result "));
}

#[test]
fn it_starts_and_gives_the_terminal_back_as_it_was() {
    let script = "stty -g; \"$JUICETOP\" demo --scenario quiet; code=$?; echo; stty -g; exit $code";
    let mut screen = Screen::start_command("sh", &["-c", script], (80, 24), &[]);
    let text = screen.wait_for("the connection", |text| text.contains("● live"));
    assert!(text.contains("demo lab, not real"), "{text}");
    assert!(text.contains("q quit"), "{text}");
    let modes = screen.modes();
    assert!(
        modes.alternate_screen && modes.cursor_hidden && modes.bracketed_paste && !modes.mouse,
        "{modes:?}"
    );
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    assert_eq!(screen.modes(), Modes::default());
    let text = screen.text();
    let settings: Vec<&str> = text.lines().filter(|line| line.matches(':').count() > 10).collect();
    assert_eq!(settings.len(), 2, "{text}");
    assert_eq!(settings[0], settings[1]);
    screen.assert_harmless();
}

/// Goes through every view at a size; each must show what it is for.
fn every_view(screen: &mut Screen) {
    open_a_task(screen);
    screen.type_keys("G g w R w R esc esc");
    screen.wait_for("all tasks", |text| !text.contains("filter /"));
    screen.type_keys("?");
    screen.wait_for("the keys", |text| text.contains(" Keys "));
    screen.type_text("send");
    screen.wait_for("a key that was looked for", |text| text.contains("sends "));
    screen.type_keys("esc s");
    screen.wait_for("the types", |text| {
        text.contains("Submit to") && (text.contains("SleepAsync") || text.contains("MeasureT1"))
    });
    screen.type_text("ping");
    screen.wait_for("the type", |text| text.contains("Ping"));
    screen.type_keys("enter");
    screen.wait_for("the composer", |text| text.contains("Ping") && text.contains("ctrl-s send"));
    screen.type_keys("f5");
    screen.wait_for("the JSON", |text| text.contains("\"message\""));
    screen.type_keys("f5");
    screen.wait_for("the form again", |text| text.contains("pong") && !text.contains("\"message\""));
    screen.type_keys("f9");
    screen.wait_for("the frame", |text| text.contains("\"id\""));
    screen.type_keys("f9 esc");
    screen.type_keys("/");
    screen.type_text("outcome:failed");
    screen.wait_for("the filter", |text| text.contains("filter / outcome:failed"));
    screen.type_keys("esc");
    screen.wait_for("the lanes", |text| text.contains("live") && !text.contains("filter /"));
}

#[test]
fn every_view_fits_a_small_and_a_large_terminal() {
    for size in [(40, 12), (200, 50)] {
        let mut screen = demo(size, &["--scenario", "busy"]);
        every_view(&mut screen);
        screen.type_keys("q");
        assert_eq!(screen.exit_status().exit_code(), 0, "{size:?}");
        screen.assert_harmless();
    }
}

#[test]
fn a_terminal_may_change_its_size_in_every_view() {
    let mut screen = demo((80, 24), &["--scenario", "busy"]);
    for (open, word) in [("", "q quit"), ("task", " result"), ("esc esc ?", " Keys "), ("esc s", "Submit to")]
    {
        match open {
            "task" => open_a_task(&mut screen),
            keys => screen.type_keys(keys),
        }
        screen.wait_for("the view", |text| text.contains(word));
        for size in [(40, 12), (200, 50), (1, 1), (19, 4), (80, 24)] {
            screen.resize(size.0, size.1);
        }
        screen.wait_for("the view again, whole", |text| {
            let head = text.lines().next().unwrap_or_default();
            text.contains(word)
                && head.starts_with(" juicetop  demo lab, not real  ● live")
                && head.contains("failed")
        });
    }
    screen.type_keys("esc esc q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

#[test]
fn ascii_and_no_colour_show_only_what_such_terminals_have() {
    let mut screen =
        Screen::start(&["demo", "--scenario", "busy", "--ascii"], (80, 24), &[("NO_COLOR", "1")]);
    screen.wait_for("the connection", |text| text.contains("* live"));
    open_a_task(&mut screen);
    screen.type_keys("esc esc q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    assert!(screen.bytes_so_far().is_ascii());
    let text = String::from_utf8(screen.bytes_so_far()).unwrap();
    for colour in ["\x1b[38;", "\x1b[48;", ";38;", ";48;"] {
        assert!(!text.contains(colour), "{}", text.escape_debug());
    }
    screen.assert_harmless();
}

#[test]
fn a_closed_terminal_ends_it() {
    let mut screen = demo((80, 24), &[]);
    screen.close_terminal();
    assert_eq!(screen.exit_status().exit_code(), 129);
}

#[test]
fn a_hostile_lab_writes_no_control_byte_of_its_own() {
    let mut screen = demo((120, 40), &["--scenario", "hostile"]);
    for word in ["red", "service:lab"] {
        screen.type_keys("/");
        screen.type_text(&format!("outcome:ok {word}"));
        screen.type_keys("enter g");
        screen.wait_for("such a task", |text| {
            text.contains(&format!("outcome:ok {word}"))
                && text.lines().nth(3).is_some_and(|line| line.contains("✔"))
        });
        screen.type_keys("j enter");
        screen.wait_for("its detail", |text| text.contains(" payload\n") && text.contains(" back"));
        screen.type_keys("R w R w G y esc esc");
        screen.wait_for("the lanes", |text| text.contains("q quit"));
    }
    screen.assert_harmless();
    screen.type_keys("ctrl-c");
    assert_eq!(screen.exit_status().exit_code(), 0);
    assert_eq!(screen.modes(), Modes::default());
    screen.assert_harmless();
}

/// Case A19: what it says without a screen is as harmless as the screen. The text behind a sequence without end is there.
#[test]
fn a_hostile_name_in_a_last_message_does_nothing_to_the_terminal() {
    let odd = "\x1b]0;taken\x07\x1b[2J\u{9b}31m\x1bPunterminated and what follows";
    let file = format!("/nowhere/{odd}");
    let url = format!("ws://127.0.0.1:9/{odd}\u{202e}");
    let cases: [(&[&str], &str); 4] = [
        (&["replay", &file], "cannot be read"),
        (&["replay", "--redact", &file], "cannot be read"),
        (&["--url", &url, "list"], "juicetop:"),
        (&[odd], "unrecognized subcommand"),
    ];
    for (args, words) in cases {
        let screen = Screen::start(args, (300, 24), &[]);
        assert_eq!(screen.exit_status().exit_code(), 2, "{args:?}:\n{}", screen.text());
        screen.assert_harmless();
        let text = screen.text();
        assert!(text.contains(words), "{args:?}:\n{text}");
        // The reader of arguments takes sequences out of what it repeats, but for those of eight bits.
        assert!(args == [odd] || text.contains("unterminated and what follows"), "{args:?}:\n{text}");
        assert_eq!(screen.title(), None, "{args:?}");
    }
}

/// A secret in a display name stands in no sentence either, and no name looks like another one.
#[test]
fn a_last_message_masks_secrets_in_names_and_tells_names_apart() {
    let (_server, url) = kept::lab();
    let name = "Login: password='hush hush'";
    let arguments =
        ["submit", "--url", &url, "lab", "SleepAsync", "duration=60", "--direct", "--wait", "--name", name];
    // Who listens first hears that it runs.
    let mut watch = common::program::Program::start(&["watch", "--url", &url, "--json"]);
    watch.wait_for(|line| line.contains("\"ready\""));
    let program = common::program::Program::start(&arguments);
    watch.wait_for(|line| line.contains("SleepAsync"));
    program.interrupt();
    let said = program.end().expect(3).stderr;
    assert!(said.contains("Login: password=") && !said.contains("hush"), "{said}");

    // The question about a service, where standard output is no terminal and standard error is one.
    let lab = tempfile::tempdir().unwrap();
    let odd = "l\u{430}b\u{1b}]0;taken\u{7}";
    services::configure(lab.path(), &url, &["lab"]);
    let script = format!(
        "\"$JUICETOP\" service restart \"$ODD\" --url {url} --juice-config {folder} --juice-run {folder} > /dev/null",
        folder = lab.path().display()
    );
    let screen = Screen::start_command("sh", &["-c", &script], (200, 24), &[("ODD", odd)]);
    assert_eq!(screen.exit_status().exit_code(), 2, "{}", screen.text());
    screen.assert_harmless();
    assert!(screen.text().contains("there is no service l\\u0430b\\x1b]0;taken"), "{}", screen.text());
    services::configure(lab.path(), &url, &["l\u{430}b"]);
    let mut screen = Screen::start_command("sh", &["-c", &script], (200, 24), &[("ODD", "l\u{430}b")]);
    let text = screen.wait_for("the question", |text| text.contains("yes or no?"));
    assert!(text.contains("restart process l\\u0430b?"), "{text}");
    screen.type_text("no\r");
    assert_eq!(screen.exit_status().exit_code(), 2, "{}", screen.text());
}

#[test]
fn without_a_terminal_it_says_so_and_writes_nothing_to_standard_output() {
    let output = Command::new(env!("CARGO_BIN_EXE_juicetop"))
        .args(["--url", "ws://127.0.0.1:9"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("juicetop: standard output is not a terminal"), "{told}");
}

#[path = "terminal/calm.rs"]
mod calm;

#[path = "terminal/commands.rs"]
mod commands;
#[path = "terminal/first.rs"]
mod first;

#[path = "terminal/kept.rs"]
mod kept;

#[path = "terminal/keys.rs"]
mod keys;

#[path = "terminal/mouse.rs"]
mod mouse;

#[path = "terminal/notices.rs"]
mod notices;

#[path = "terminal/kinds.rs"]
mod kinds;

#[path = "terminal/panics.rs"]
mod panics;

#[path = "terminal/pipes.rs"]
mod pipes;

#[path = "terminal/services.rs"]
mod services;

#[path = "terminal/signals.rs"]
mod signals;

#[path = "terminal/stops.rs"]
mod stops;

#[path = "terminal/title.rs"]
mod title;

#[path = "terminal/wide.rs"]
mod wide;

#[path = "terminal/zones.rs"]
mod zones;
