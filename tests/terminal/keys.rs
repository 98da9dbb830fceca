//! Keys over a slow link, and copying to where the person sits.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use base64::Engine as _;

use crate::{common::pty::Screen, kept::lab};

/// Milliseconds between the pieces of a key: longer than the 50 that the machine's own terminal is given, well below the 150 of
/// one over ssh.
const PAUSE: u64 = 70;

const SSH: (&str, &str) = ("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");

fn start(url: &str, env: &[(&str, &str)]) -> Screen {
    let screen = Screen::start(&["--url", url], (100, 30), env);
    screen.wait_for("the connection", |text| text.contains("● live") && text.contains("cryo"));
    screen
}

/// The bytes of a key one by one, with that pause between them. Whether none became half as long again, as on a busy
/// machine it may.
fn slowly(screen: &mut Screen, bytes: &[u8], pause: u64) -> bool {
    let pause = Duration::from_millis(pause);
    let mut kept = true;
    for (at, byte) in bytes.iter().enumerate() {
        let begun = Instant::now();
        if at > 0 {
            std::thread::sleep(pause);
        }
        screen.send(&[*byte]);
        kept &= begun.elapsed() < pause * 3 / 2;
    }
    kept
}

/// Case A28, with the pauses of a link on which each byte travels alone.
#[test]
fn over_ssh_a_key_in_pieces_is_that_key_and_escape_is_prompt() {
    let (_server, url) = lab();
    // What came of longer pauses says nothing.
    assert!((0..5).any(|_| takes_keys_in_pieces(&url)), "this machine keeps no pause");
}

/// False where the pauses between the pieces were not kept.
fn takes_keys_in_pieces(url: &str) -> bool {
    let mut screen = start(url, &[SSH]);
    screen.type_keys("j s");
    screen.wait_for("the types", |text| text.contains("Submit to"));
    screen.type_text("Ping");
    screen.type_keys("enter");
    screen.wait_for("the form", |text| text.contains("ctrl-s send"));
    screen.type_text("abc");
    screen.wait_for("the text", |text| text.contains("abc"));
    // Left, three times, home and F9, each in pieces: typed letters would stand in the text, an Escape would close it.
    for key in [&b"\x1b[D"[..], b"\x1b[D", b"\x1b[D"] {
        if !slowly(&mut screen, key, PAUSE) {
            return false;
        }
    }
    screen.type_text("x");
    screen.wait_for("the cursor before the text", |text| text.contains("xabc"));
    if !slowly(&mut screen, b"\x1b[20~", PAUSE) {
        return false;
    }
    let frame = screen.wait_for("the frame", |text| text.contains("the frame"));
    assert!(!frame.contains("20~") && !frame.contains("[D"), "{frame}");
    if !slowly(&mut screen, b"\x1b[20~", PAUSE) {
        return false;
    }
    screen.wait_for("the form", |text| text.contains("ctrl-s send") && text.contains("xabc"));
    // A pause in which nobody could still tell: it may be an Escape, but nothing is typed, and nothing lost.
    slowly(&mut screen, b"\x1b[D", 300);
    std::thread::sleep(Duration::from_millis(300));
    let text = screen.text();
    assert!(!text.contains("[D") && !text.contains("xabcD"), "{text}");
    if !text.contains("ctrl-s send") {
        screen.type_keys("s");
        screen.wait_for("the types", |text| text.contains("Submit to"));
        screen.type_text("Ping");
        screen.type_keys("enter");
    }
    screen.wait_for("the draft", |text| text.contains("xabc"));
    let begun = Instant::now();
    screen.send(b"\x1b");
    screen.wait_for("the lanes", |text| text.contains("q quit"));
    assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?} until Escape acts", begun.elapsed());
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    true
}

/// Cases A34: tools that copy are there, and would copy to the wrong machine.
#[test]
fn what_is_copied_goes_to_the_terminal_and_no_tool_is_run() {
    let (_server, url) = lab();
    let tools = tempfile::tempdir().unwrap();
    let marker = tools.path().join("was-run");
    for tool in ["xclip", "xsel", "wl-copy", "pbcopy", "clip.exe", "termux-clipboard-set", "tmux", "screen"] {
        let path = tools.path().join(tool);
        fs::write(&path, format!("#!/bin/sh\necho \"$0 $*\" >> {}\n", marker.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap());
    let display = [("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0"), ("PATH", &*path)];
    for env in [&[SSH][..], &[]] {
        let mut screen = start(&url, &[&display[..], env].concat());
        screen.type_keys("j s");
        screen.wait_for("the types", |text| text.contains("Submit to"));
        screen.type_text("Ping");
        screen.type_keys("enter");
        screen.wait_for("the form", |text| text.contains("ctrl-s send"));
        screen.type_text("über");
        screen.wait_for("the text", |text| text.contains("über"));
        screen.type_keys("ctrl-s");
        screen
            .wait_for("its end", |text| text.lines().any(|line| line.contains('✔') && line.contains("über")));
        screen.type_keys("y");
        screen.wait_for("a word about it", |text| text.contains("sent to the terminal's clipboard"));
        let written = String::from_utf8(screen.bytes_so_far()).unwrap();
        let (_, osc) = written.split_once("\x1b]52;c;").expect("OSC 52");
        let (encoded, _) = osc.split_once('\x07').expect("its end");
        let copied = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
        assert_eq!(String::from_utf8(copied).unwrap(), "Ping: message='über'");
        assert!(!screen.text().contains(" copied:"), "{}", screen.text());
        screen.assert_harmless();
        screen.type_keys("q");
        assert_eq!(screen.exit_status().exit_code(), 0);
    }
    assert!(!marker.exists(), "{}", fs::read_to_string(&marker).unwrap());
}
