//! Kinds of terminals, and what they do to a program: no colours, no UTF-8, sizes by the hundred, pastes without marks,
//! a terminal that is gone, a shell that stops and continues.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::{
    common::pty::{Modes, Screen, child_of, cpu_time},
    demo,
    kept::lab,
};

/// What may stand between `ESC [` and `m`.
fn colours(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let codes = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | ';' | ':'))?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    codes.collect()
}

#[test]
fn every_kind_of_terminal_gets_what_it_understands() {
    let (_server, url) = lab();
    let utf8 = ("LANG", "C.UTF-8");
    type Kind<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let kinds: &[Kind] = &[
        ("xterm", &[utf8], "16"),
        ("xterm-256color", &[utf8], "256"),
        ("screen", &[utf8], "16"),
        ("screen-256color", &[utf8], "256"),
        ("tmux-256color", &[utf8, ("COLORTERM", "truecolor")], "true"),
        ("linux", &[utf8], "16"),
        ("vt100", &[utf8], "none"),
        ("vt220", &[("LC_ALL", "POSIX"), ("LANG", "")], "none"),
        ("xterm-kitty", &[utf8, ("COLORTERM", "truecolor"), ("NO_COLOR", "1")], "none"),
        ("rxvt", &[("LANG", "C")], "16"),
        ("foot", &[("LANG", ""), ("LC_ALL", "")], "true"),
    ];
    for (term, env, wanted) in kinds {
        let all = [&[("TERM", *term), ("COLORTERM", "")], *env].concat();
        let mut screen = Screen::start(&["--url", &url], (80, 24), &all);
        let is_utf8 = env.iter().any(|(_, value)| value.contains("UTF-8"));
        let live = if is_utf8 { "● live" } else { "* live" };
        screen.wait_for(term, |text| text.contains(live) && text.contains("cryo"));
        screen.type_keys("j j");
        screen.type_keys("q");
        assert_eq!(screen.exit_status().exit_code(), 0, "{term}");
        assert_eq!(screen.modes(), Modes::default(), "{term}");
        screen.assert_harmless();
        let bytes = screen.bytes_so_far();
        assert_eq!(bytes.is_ascii(), !is_utf8, "{term}");
        let codes = colours(&bytes);
        let has = |wanted: &str| codes.iter().any(|code| format!(";{code};").contains(wanted));
        let basic =
            codes.iter().any(|code| code.split(';').any(|n| matches!(n, "31" | "32" | "34" | "36" | "90")));
        let found = match (has(";38;2;"), has(";38;5;"), basic) {
            (true, ..) => "true",
            (_, true, _) => "256",
            (.., true) => "16",
            _ => "none",
        };
        let fits = match *wanted {
            "none" => found == "none",
            "16" => !has(";38;2;") && !has(";48;2;") && found != "none",
            _ => found == *wanted,
        };
        assert!(fits, "{term} {env:?}: {found} instead of {wanted}: {codes:?}");
        assert!(
            has(";7;") || wanted != &"none",
            "{term}: what is selected is seen without colours: {codes:?}"
        );
    }
    for term in ["dumb", ""] {
        let screen = Screen::start(&["--url", &url], (80, 24), &[("TERM", term)]);
        assert_eq!(screen.exit_status().exit_code(), 2, "{term:?}");
        assert!(
            !screen.bytes_so_far().contains(&0x1b) && screen.text().contains("TERM"),
            "{}",
            screen.text()
        );
    }
}

/// Case A14.
#[test]
fn a_storm_of_sizes_ends_with_the_last_one_and_delays_no_key() {
    let mut screen = demo((100, 30), &["--scenario", "busy"]);
    let before = screen.bytes_so_far().len();
    for n in 0..200_u16 {
        screen.resize(60 + n % 40, 20 + n % 10);
        if n == 100 {
            screen.type_keys("?");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    screen.resize(80, 24);
    let begun = Instant::now();
    // The picture of any other size has its last line elsewhere, and rules of another length.
    let fits = |text: &str| {
        let rules = text.lines().filter(|line| line.starts_with('─')).collect::<Vec<_>>();
        text.contains(" Keys ")
            && text.lines().nth(23).is_some_and(|line| line.starts_with(" esc back"))
            && rules.len() == 3
            && rules.iter().all(|rule| rule.chars().count() == 80)
    };
    screen.wait_for("the keys at the last size", fits);
    // 0.3 s are the aim; a build that is not optimised on a busy machine gets more, but not a frame for each size.
    assert!(begun.elapsed() < Duration::from_secs(4), "after {:?}", begun.elapsed());
    std::thread::sleep(Duration::from_millis(500));
    let text = screen.text();
    assert!(fits(&text), "an older size came behind the last one:\n{text}");
    let written = screen.bytes_so_far().len() - before;
    // A whole frame has some 5 kB here; one for each size would be a megabyte.
    assert!(written < 500_000, "{written} bytes");
    screen.type_keys("esc");
    screen.wait_for("the lanes", |text| text.contains("q quit") && !text.contains(" Keys "));
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    screen.assert_harmless();
}

#[test]
fn it_starts_without_a_size_and_as_large_as_a_wall() {
    let mut screen = Screen::start(&["demo"], (0, 0), &[]);
    // It has the terminal and no cell to draw in: that alone must not end it.
    let taken = b"\x1b[?1049h";
    screen.wait_for_bytes("the terminal taken", |bytes| bytes.windows(taken.len()).any(|it| it == taken));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!screen.has_ended(), "{}", screen.text());
    screen.resize(80, 24);
    screen.wait_for("the connection", |text| text.contains("● live"));
    screen.resize(500, 200);
    screen.wait_for("all of it", |text| {
        text.lines().count() == 200 && text.lines().last().unwrap().contains("q quit")
    });
    screen.resize(80, 24);
    screen.wait_for("the usual size", |text| text.lines().last().is_some_and(|line| line.contains("q quit")));
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    screen.assert_harmless();
}

/// Without marks around it a paste comes as keys. None of them may act, and it may hold nothing up.
#[test]
fn a_megabyte_pasted_without_marks_is_no_command() {
    let mut screen = demo((80, 24), &["--scenario", "quiet"]);
    // Among it `q` (quit), `s` (submit), Ctrl-J as a line's end, and `Y`.
    let text = "q s Y x y\r".repeat(100_000);
    screen.send(text.as_bytes());
    screen.wait_for("a word about it", |text| text.contains("pasted"));
    screen.type_keys("?");
    screen.wait_for("the keys", |text| text.contains(" Keys "));
    screen.type_keys("esc s");
    screen.wait_for("the types", |text| text.contains("Submit to"));
    screen.type_text("ping");
    screen.type_keys("enter");
    screen.wait_for("the form", |text| text.contains("ctrl-s send"));
    // In a field of one line: it is text there, or refused, and never sent.
    screen.send("abc\rdef\r".repeat(60).as_bytes());
    screen.wait_for("the text, or why not", |text| text.contains("abc") || text.contains("not pasted"));
    screen.send(text.as_bytes());
    screen.wait_for("how much it was", |text| text.contains("MB") || text.contains("kB"));
    screen.type_keys("f1");
    screen.wait_for("the keys over the form", |text| text.contains(" Keys "));
    screen.type_keys("esc");
    let form = screen.wait_for("the form", |text| text.contains("ctrl-s send") && !text.contains(" Keys "));
    assert!(form.contains("Ping") && !form.contains("sent:"), "{form}");
    screen.type_keys("ctrl-c");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

/// Cases A08 and A09: twenty times there and back.
#[test]
fn stopping_and_continuing_twenty_times() {
    let (_server, url) = lab();
    let mut shell = Screen::start_in_shell(&format!("--url {url}"), (80, 24), &[]);
    shell.wait_for("the connection", |text| text.contains("● live") && text.contains("cryo"));
    for round in 0..20_u16 {
        shell.type_keys("ctrl-z");
        shell.wait_for(&format!("the shell in round {round}"), |text| {
            text.contains("Stopped") && !text.contains("● live")
        });
        shell.wait_until_stopped();
        assert_eq!(shell.modes(), Modes::default(), "round {round}");
        let (columns, rows) = (80 + round, 24 + round % 3);
        shell.resize(columns, rows);
        shell.send(b"fg\n");
        shell.wait_for("the program again, in its new size", |text| {
            let last = text.lines().nth(usize::from(rows) - 1).unwrap_or_default();
            text.contains("● live") && text.contains("cryo") && last.contains("open   ? keys")
        });
        assert!(shell.modes().alternate_screen && shell.modes().bracketed_paste, "round {round}");
    }
    let pid = child_of(shell.pid());
    let before = cpu_time(pid);
    std::thread::sleep(Duration::from_secs(2));
    let used = cpu_time(pid) - before;
    assert!(used < Duration::from_millis(400), "{used:?} of processor time in two idle seconds");
    shell.type_keys("q");
    // What is typed while it ends is thrown away.
    shell.wait_for("the shell", |text| !text.contains("● live") && text.trim_end().ends_with('$'));
    shell.send(b"echo code $?\n");
    shell.wait_for("the end", |text| text.contains("code 0"));
    shell.signal(Signal::KILL);
}

/// Case A01, with the whole program: nobody gets a signal, the terminal is just gone.
#[test]
fn a_terminal_that_is_gone_ends_it_without_a_signal_and_without_spinning() {
    for state in ["lanes", "editor"] {
        // Draws when its terminal changes its size, as editors do.
        let editor = "sh -c 'trap \"echo size\" WINCH; echo EDITING; while :; do sleep 0.1; done' name";
        // The shell stays the session's leader and keeps the hang-up from everybody.
        let script = "trap '' HUP; \"$JUICETOP\" demo --scenario quiet; exit 7";
        let env = [("VISUAL", editor), ("TMPDIR", env!("CARGO_TARGET_TMPDIR"))];
        let mut screen = Screen::start_command("bash", &["-c", script], (80, 24), &env);
        screen.wait_for("the connection", |text| text.contains("● live"));
        let pid = child_of(screen.pid());
        if state == "editor" {
            screen.type_keys("s");
            screen.wait_for("the types", |text| text.contains("Submit to"));
            screen.type_text("ping");
            screen.type_keys("enter");
            screen.wait_for("the form", |text| text.contains("ctrl-s send"));
            screen.type_keys("f4");
            screen.wait_for("the editor", |text| text.contains("EDITING"));
        }
        let before = cpu_time(pid);
        let begun = Instant::now();
        screen.close_terminal();
        let gone = || !std::path::Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists();
        let mut used = Duration::ZERO;
        while !gone() {
            used = cpu_time(pid).saturating_sub(before).max(used);
            assert!(begun.elapsed() < Duration::from_secs(6), "{state}: it is still there; 2 s are the aim");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(used < Duration::from_millis(400), "{state}: {used:?} of processor time");
    }
}
