//! The terminal layer in a real pseudo-terminal: whatever ends or stops the program, the terminal is as it was.
//!
//! The program under test is this test binary itself: [`probe::probe`] is an ignored test that the others start
//! inside a pseudo-terminal.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests, and a probe that panics"
)]

mod probe;
mod pty;

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use juicetop::time::Clock;
use portable_pty::{PtySize, native_pty_system};

use self::probe::{probe_arguments, probe_line};
use self::pty::{Pty, command, kill};

// === start and end ===

#[test]
fn quits_and_restores() {
    let mut pty = Pty::probe(&[]);
    assert!(pty.emulated().screen().alternate_screen() && pty.emulated().screen().hide_cursor());
    assert!(pty.emulated().screen().bracketed_paste());
    assert_ne!(format!("{:?}", pty.master.get_termios()), pty.settings);
    pty.send("q");
    assert_eq!(pty.end().0, 0);
    pty.assert_restored();
    let text = pty.text();
    assert_eq!(
        text.matches("\x1b[?2026h").count() + 1,
        text.matches("\x1b[?2026l").count(),
        "marks are paired"
    );
    for mouse in ["\x1b[?1000h", "\x1b[?1002h", "\x1b[?1003h", "\x1b[?1006h"] {
        assert!(!text.contains(mouse));
    }
}

const MOUSE: [&str; 3] = ["1000", "1002", "1006"];

/// The mouse was switched on and off so many times, off in the reverse order and before anything else is given back.
fn assert_mouse(text: &str, times: usize) {
    let on = MOUSE.map(|mode| format!("\x1b[?{mode}h")).concat();
    let off = MOUSE.map(|mode| format!("\x1b[?{mode}l"));
    let off = [&*off[2], &*off[1], &*off[0]].concat();
    assert_eq!(text.matches(&on).count(), times, "{}", text.escape_debug());
    assert_eq!(text.matches(&off).count(), times, "{}", text.escape_debug());
    for mode in MOUSE {
        for switch in ["h", "l"] {
            assert_eq!(text.matches(&format!("\x1b[?{mode}{switch}")).count(), times, "{mode}{switch}");
        }
    }
    assert!(!text.contains("\x1b[?1003"), "where the pointer merely goes is not asked for");
    assert_eq!(text.matches(&format!("{off}\x1b\\\x1b[?2026l")).count(), times, "{}", text.escape_debug());
}

#[test]
fn the_mouse_is_on_only_where_it_is_wanted_and_off_at_every_end() {
    let wanted = [("PROBE_MOUSE", "1")];
    for (key, code) in [("q", 0), ("f", 1), ("p", 101), ("t", 101), ("P", 101)] {
        let mut pty = Pty::probe(&wanted);
        pty.send(key);
        assert_eq!(pty.end().0, code);
        pty.assert_restored();
        assert_mouse(&pty.text(), 1);
    }
    for (signal, code) in [("-TERM", 143), ("-HUP", 129), ("-USR1", 138)] {
        let mut pty = Pty::probe(&wanted);
        kill(signal, &pty.pid());
        assert_eq!(pty.end().0, code);
        pty.assert_restored();
        assert_mouse(&pty.text(), 1);
    }
    let mut pty = Pty::probe(&[]);
    pty.send("\x1b[<0;4;8M\x1b[<65;4;8Mq");
    assert_eq!(pty.end().0, 0);
    assert_mouse(&pty.text(), 0);
    assert!(!pty.text().contains("Mouse"), "and then it is told to nobody");
}

#[test]
fn an_editor_and_a_stop_have_the_terminal_without_the_mouse() {
    let mut pty = Pty::probe(&[("PROBE_MOUSE", "1"), ("EDITOR", "sh -c 'echo editing; sleep 0.3'")]);
    pty.send("\x1b[<0;4;8M");
    pty.wait_for("Down(Left), column: 3, row: 7");
    pty.send("e");
    pty.wait_for("edited ");
    pty.send("q");
    assert_eq!(pty.end().0, 0);
    let text = pty.text();
    assert_mouse(&text, 2);
    let at = |needle: &str| text.find(needle).unwrap();
    assert!(at("\x1b[?1000l") < at("editing") && at("editing") < text.rfind("\x1b[?1000h").unwrap());

    let mut pty = Pty::shell();
    pty.send(format!("PROBE_MOUSE=1 {}\n", probe_line()));
    pty.wait_for("ready");
    pty.send("\x1a");
    pty.wait_for_prompt_after("\x1b[?1049l");
    assert_mouse(&pty.text(), 1);
    pty.send("fg\n");
    pty.wait_for("back 80x24.");
    pty.send("q");
    pty.wait_until("the end", |text| text.matches("\x1b[?1049l").count() == 2);
    assert_mouse(&pty.text(), 2);
}

#[test]
fn an_error_is_told_on_the_normal_screen() {
    let mut pty = Pty::probe(&[]);
    pty.send("f");
    assert_eq!(pty.end().0, 1);
    pty.assert_restored();
    assert!(pty.emulated().screen().contents().contains("probe: the probe fails"));
}

#[test]
fn a_panic_restores_first_and_ends_with_101() {
    for (key, message) in [("p", "the probe panics"), ("t", "a thread of the probe panics")] {
        let mut pty = Pty::probe(&[]);
        pty.send(key);
        assert_eq!(pty.end().0, 101);
        pty.assert_restored();
        assert!(pty.emulated().screen().contents().contains(message));
        let text = pty.text();
        assert!(text.find("\x1b[?1049l") < text.find(message), "left the screen before the message");
    }
}

/// Whoever comes second must not end the process before the first has given the terminal back.
#[test]
fn two_panics_at_once_restore_once() {
    for _ in 0..20 {
        let mut pty = Pty::probe(&[]);
        pty.send("P");
        assert_eq!(pty.end().0, 101);
        pty.assert_restored();
    }
}

#[test]
fn a_panic_while_the_editor_runs_ends_both() {
    let mut pty = Pty::probe(&[("EDITOR", LINE_EDITOR)]);
    let pid = pty.pid();
    pty.send("le");
    pty.wait_for("editing");
    assert_eq!(pty.end().0, 101);
    assert!(pty.text().contains("panics late"));
    assert_eq!(format!("{:?}", pty.master.get_termios()), pty.settings);
    assert!(!family(&pid).contains("IFS="), "the editor is left: {}", family(&pid));
}

#[test]
fn polite_kills_restore() {
    for (signal, code) in [
        ("-TERM", 143),
        ("-HUP", 129),
        ("-INT", 130),
        ("-QUIT", 131),
        ("-USR1", 138),
        ("-USR2", 140),
        ("-ALRM", 142),
        ("-VTALRM", 154),
        ("-PROF", 155),
        ("-XCPU", 152),
    ] {
        let mut pty = Pty::probe(&[]);
        kill(signal, &pty.pid());
        assert_eq!(pty.end().0, code, "{signal}");
        pty.assert_restored();
    }
}

#[test]
fn polite_kills_end_a_loop_that_is_stuck() {
    let pairs = [("-TERM", 143), ("-HUP", 129), ("-INT", 130)];
    let mut stuck = pairs.map(|(signal, code)| {
        let mut pty = Pty::probe(&[]);
        pty.send("s");
        pty.wait_for("<Char('s')>");
        kill(signal, &pty.pid());
        (pty, code)
    });
    let clock = Clock::start();
    for (pty, code) in &mut stuck {
        assert_eq!(pty.end().0, *code);
        assert!(
            clock.now().mono < Duration::from_secs(4),
            "2 s are the aim; a busy machine gets a little more"
        );
        pty.assert_restored();
    }
}

/// A terminal that takes no more output holds the loop in `write`.
#[test]
fn a_polite_kill_ends_a_loop_whose_terminal_takes_nothing() {
    let mut pty = Pty::probe(&[]);
    let pid = pty.pid();
    // Nothing takes the output away while this is held.
    let output = Arc::clone(&pty.output);
    let held = output.lock().unwrap();
    pty.send("w");
    std::thread::sleep(Duration::from_millis(300));
    kill("-TERM", &pid);
    let clock = Clock::start();
    while pty.child.try_wait().unwrap().is_none() {
        assert!(clock.now().mono < Duration::from_secs(5), "hangs");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(held);
    assert_eq!(format!("{:?}", pty.master.get_termios()), pty.settings);
}

/// Case A01: nobody gets a signal, the terminal is just gone.
#[test]
fn a_closed_terminal_ends_the_program_without_spinning() {
    for stuck in [false, true] {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let line = format!("trap '' HUP; {}; exit 7", probe_line());
        let words = ["sh".to_string(), "-c".into(), line];
        let mut leader = pair.slave.spawn_command(command(&words, &[])).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut text = String::new();
        let mut wait_for = |needle: &str| {
            while !text.contains(needle) {
                let mut buffer = [0; 4096];
                let n = reader.read(&mut buffer).unwrap();
                assert!(n > 0, "{text}");
                text += &String::from_utf8_lossy(&buffer[..n]);
            }
            text.clone()
        };
        let ready = wait_for(".\r\n");
        let pid = ready.rsplit_once("pid ").unwrap().1.split('.').next().unwrap().to_string();
        if stuck {
            // The writer would send more when it is dropped; that is read by nobody.
            let mut keys = pair.master.take_writer().unwrap();
            keys.write_all(b"s").unwrap();
            wait_for("<Char('s')>");
            drop(keys);
        }
        let ticks = |pid: &str| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let rest = stat.rsplit_once(") ")?.1.to_string();
            let field = |n: usize| rest.split(' ').nth(n)?.parse::<u64>().ok();
            Some(field(11)? + field(12)?)
        };
        let before = ticks(&pid).unwrap_or(0);
        drop(reader);
        drop(pair.master);
        let clock = Clock::start();
        let mut used = 0;
        while leader.try_wait().unwrap().is_none() {
            used = ticks(&pid).map_or(used, |now| now - before);
            assert!(clock.now().mono < Duration::from_secs(4), "still there, stuck: {stuck}");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(used < 20, "{used} hundredths of a second of CPU time");
    }
}

// === drawing ===

#[test]
fn a_frame_is_one_piece_and_an_idle_one_is_nothing() {
    let mut pty = Pty::probe(&[]);
    pty.send("d");
    let text = pty.wait_for("|drawn");
    let text = text.split_once("<Char('d')>\r\n\x1b[?2026l").unwrap().1;
    let frames: Vec<&str> = text.split('|').collect();
    for drawn in [frames[0], frames[2], frames[3]] {
        assert!(
            drawn.starts_with("\x1b[?2026h") && drawn.ends_with("\x1b[?2026l"),
            "{}",
            drawn.escape_debug()
        );
    }
    assert_eq!(frames[1], "", "nothing changed");
    assert!(frames[0].contains("\x1b[2J") && frames[0].contains("one"));
    assert!(frames[3].contains("\x1b[?25h\x1b[1;3H"));
    assert_eq!(text.matches("\x1b[?2026h").count(), 3);
    assert!(!text.contains("\x1b[6n"), "the terminal is not asked for the cursor");
    pty.send("q");
    assert_eq!(pty.end().0, 0);
    pty.assert_restored();
}

// === where there is no terminal ===

#[test]
fn without_a_terminal_one_line_and_no_escape() {
    let words = probe_arguments();
    let output = std::process::Command::new(&words[0])
        .args(&words[1..])
        .env("TERM_PROBE", "1")
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
}

#[test]
fn a_dumb_terminal_is_refused() {
    let mut pty = Pty::start(&probe_arguments(), &[("TERM", "dumb")], (80, 24));
    assert_eq!(pty.end().0, 2);
    assert!(!pty.text().contains('\x1b') && pty.text().contains("TERM"));
}

#[test]
fn keys_come_from_the_terminal_if_standard_input_is_a_pipe() {
    for line in [format!("echo x | {}", probe_line()), format!("{} </dev/null", probe_line())] {
        let mut pty = Pty::start(&["sh".into(), "-c".into(), line], &[], (80, 24));
        pty.wait_for("ready");
        pty.send("q");
        assert_eq!(pty.end().0, 0);
        pty.assert_restored();
        assert!(!pty.text().contains("<Char('x')>"));
    }
}

#[test]
fn a_terminal_without_a_size_is_told_as_it_is() {
    let mut pty = Pty::start(&probe_arguments(), &[], (0, 0));
    pty.wait_for("ready 0x0");
    pty.master.resize(PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 }).unwrap();
    pty.wait_for("size 100x30.");
    pty.send("q");
    assert_eq!(pty.end().0, 0);
}

// === keys ===

#[test]
fn pastes_split_arrows_and_replies() {
    let mut pty = Pty::probe(&[]);
    pty.send(include_bytes!("../cases/keys_paste_multiline.bin"));
    let before = pty.wait_for(r#"Paste("first line\nsecond\tline\nthird: q d x\n")"#).len();
    let arrow = include_bytes!("../cases/keys_split_arrow.bin");
    pty.send(&arrow[..1]);
    std::thread::sleep(Duration::from_millis(300));
    pty.send(&arrow[1..]);
    std::thread::sleep(Duration::from_millis(300));
    pty.send(include_bytes!("../cases/keys_late_replies.bin"));
    std::thread::sleep(Duration::from_millis(300));
    pty.send("z");
    let text = pty.wait_for("<Char('z')>").split_off(before);
    assert_eq!(text.matches('<').count(), 2, "{text}");
    assert!(text.contains("<Esc>"));
    // At quit: nothing of it is left for the shell.
    pty.send([b"q", &include_bytes!("../cases/keys_late_replies.bin")[..]].concat());
    assert_eq!(pty.end().0, 0);
    pty.assert_restored();
}

/// Case A32: what a terminal answers late, while the program ends, is no word for the shell behind it.
#[test]
fn late_replies_at_the_end_are_not_left_for_the_shell() {
    let replies = include_bytes!("../cases/keys_late_replies.bin");
    let mut pty = Pty::shell();
    for _ in 0..10 {
        pty.clear();
        pty.send(format!("{}\n", probe_line()));
        pty.wait_for("ready");
        // So much that some of it may still be on its way while the reading ends.
        pty.send([b"q", &replies.repeat(40)[..]].concat());
        pty.wait_for_prompt_after("\x1b[?1049l");
        pty.send("echo code $?\n");
        pty.wait_for_prompt_after("code 0");
        let text = pty.text();
        let (_, after) = text.rsplit_once("\x1b[?1049l\x1b[?25h").unwrap();
        assert_eq!(after, "$ echo code $?\r\ncode 0\r\n$ ");
    }
}

// === stopping ===

/// Cases A08, A09: there and back under a shell, with a change of size meanwhile.
#[test]
fn control_z_and_fg() {
    let mut pty = Pty::shell();
    pty.send(format!("{}\n", probe_line()));
    pty.wait_for("ready");
    let pid = pty.pid();
    for round in 0..6_u16 {
        pty.clear();
        match round % 3 {
            0 => pty.send("\x1a"),
            1 => kill("-TSTP", &pid),
            // Without asking us.
            _ => kill("-STOP", &pid),
        }
        pty.wait_for_prompt_after("Stopped");
        if round % 3 < 2 {
            let screen = pty.text();
            assert!(screen.find("\x1b[?1049l") < screen.find("Stopped"));
        }
        pty.send("stty -a\n");
        pty.wait_until("cooked", |text| text.contains(" icanon") && text.contains(" echo "));
        pty.wait_for_prompt_after(" echo ");
        let cols = 100 + round;
        pty.master.resize(PtySize { rows: 30, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        pty.clear();
        pty.send("fg\n");
        let text = pty.wait_for(&format!("{} {cols}x30.", if round % 3 < 2 { "back" } else { "continued" }));
        assert!(text.contains("\x1b[?1049h") && text.contains("\x1b[?25l") && text.contains("\x1b[?2004h"));
        pty.send("x");
        pty.wait_for("<Char('x')>");
    }
    pty.clear();
    pty.send("q");
    pty.wait_for("\x1b[?1049l");
    pty.send("echo code $?\n");
    pty.wait_for("code 0");
}

/// Case A10.
#[test]
fn control_z_without_a_shell_is_refused() {
    let alone = probe_arguments();
    let wrapped = vec!["sh".into(), "-c".into(), format!("{}; exit $?", probe_line())];
    for words in [alone, wrapped] {
        let mut pty = Pty::start(&words, &[], (80, 24));
        pty.wait_for("ready");
        pty.send("\x1a");
        pty.wait_for("refused: Ctrl-Z needs a shell");
        kill("-TSTP", &pty.pid());
        pty.wait_until("a second refusal", |text| text.matches("refused").count() == 2);
        pty.send("q");
        assert_eq!(pty.end().0, 0);
        pty.assert_restored();
    }
}

// === the editor ===

/// An editor for tests: shows a prompt, reads one line from the terminal, saves that.
const LINE_EDITOR: &str = r#"sh -c 'echo editing; IFS= read -r line; printf %s "$line" > "$1"' name"#;

#[test]
fn the_editor_gets_every_key_and_the_program_none() {
    let mut pty = Pty::probe(&[("EDITOR", LINE_EDITOR)]);
    let long: String = ('a'..='z').cycle().take(200).collect();
    for _ in 0..3 {
        pty.clear();
        pty.send("e");
        pty.wait_for("editing");
        assert_eq!(
            format!("{:?}", pty.master.get_termios()),
            pty.settings,
            "the child finds the usual settings"
        );
        pty.send(&long);
        pty.send("\n");
        let text = pty.wait_for(&format!("edited [{long}] true."));
        assert_eq!(text.matches("<Char").count(), 1, "the key that opened it, no other: {text}");
        assert!(text.find("\x1b[?1049h") < text.find("edited"));
        pty.send("x");
        pty.wait_for("<Char('x')>");
    }
    pty.send("q");
    assert_eq!(pty.end().0, 0);
    pty.assert_restored();
}

#[test]
fn an_editor_that_fails_or_is_missing_is_told() {
    for (editor, wanted) in [
        ("false", "edited not: false ended with exit code 1"),
        ("/nowhere/editor --wait", "edited not: could not start the editor /nowhere/editor"),
    ] {
        let mut pty = Pty::probe(&[("EDITOR", editor)]);
        pty.send("e");
        pty.wait_for(wanted);
        pty.send("q");
        assert_eq!(pty.end().0, 0);
        pty.assert_restored();
    }
}

#[test]
fn a_kill_while_the_editor_runs_ends_both() {
    let mut pty = Pty::probe(&[("EDITOR", LINE_EDITOR)]);
    let pid = pty.pid();
    pty.send("e");
    pty.wait_for("editing");
    // Ctrl-C belongs to the editor: this one dies of it, the program goes on.
    pty.send("\x03");
    pty.wait_for("ended with signal 2");
    pty.clear();
    pty.send("e");
    pty.wait_for("editing");
    kill("-TERM", &pid);
    assert_eq!(pty.end().0, 143);
    assert_eq!(format!("{:?}", pty.master.get_termios()), pty.settings);
    assert!(!family(&pid).contains("IFS="), "{}", family(&pid));
}

/// What runs in the session of that process.
fn family(pid: &str) -> String {
    let left = std::process::Command::new("ps").args(["-o", "args=", "-g", pid]).output();
    left.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Ctrl-Z in the editor stops the whole job, and `fg` brings the editor back.
#[test]
fn control_z_in_the_editor() {
    let script = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("line-editor.sh");
    std::fs::write(&script, "echo editing; IFS= read -r line; printf %s \"$line\" > \"$1\"\n").unwrap();
    let mut pty = Pty::shell();
    pty.send(format!("EDITOR='sh {}' {}\n", script.display(), probe_line()));
    pty.wait_for("ready");
    pty.send("e");
    pty.wait_for("editing");
    pty.clear();
    pty.send("\x1a");
    pty.wait_for_prompt_after("Stopped");
    pty.clear();
    pty.send("fg\n");
    pty.wait_for("line-editor.sh");
    std::thread::sleep(Duration::from_millis(300));
    pty.send("saved\n");
    pty.wait_for("edited [saved] true.");
    pty.send("q");
    pty.wait_for("\x1b[?1049l");
}

/// Where own tasks need the connection, Ctrl-Z in the editor stops nothing: the editor goes on at once.
#[test]
fn control_z_in_the_editor_while_the_program_is_needed() {
    let script = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("needed-editor.sh");
    std::fs::write(&script, "echo editing; IFS= read -r line; printf %s \"$line\" > \"$1\"\n").unwrap();
    let mut pty = Pty::shell();
    pty.send(format!("EDITOR='sh {}' {}\n", script.display(), probe_line()));
    pty.wait_for("ready");
    pty.send("ne");
    pty.wait_for("editing");
    pty.clear();
    pty.send("\x1a");
    pty.wait_for("does not stop now");
    std::thread::sleep(Duration::from_millis(300));
    pty.send("saved\n");
    pty.wait_for("edited [saved] true.");
    pty.send("q");
    pty.wait_for("\x1b[?1049l");
}
