//! The mouse: only by choice, and gone whenever the terminal is somebody else's.

use rustix::process::Signal;

use crate::{
    common::pty::{Modes, Screen},
    demo,
};

fn times(screen: &Screen, what: &[u8]) -> usize {
    screen.bytes_so_far().windows(what.len()).filter(|window| *window == what).count()
}

/// Whether anything was written that is about the mouse.
fn is_left_alone(screen: &Screen) -> bool {
    let modes = ["9", "1000", "1001", "1002", "1003", "1005", "1006", "1015", "1016"];
    let switches = modes.iter().flat_map(|mode| ["h", "l"].map(|switch| format!("\x1b[?{mode}{switch}")));
    switches.into_iter().all(|bytes| times(screen, bytes.as_bytes()) == 0)
}

/// Presses and lets go the left button in the middle of that text.
fn click(screen: &mut Screen, text: &str) {
    let all = screen.text();
    let (row, line) = all.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
    let column = line[..line.find(text).unwrap()].chars().count() + text.chars().count() / 2;
    let place = format!("{};{}", column + 1, row + 1);
    screen.send(format!("\x1b[<0;{place}M\x1b[<0;{place}m").as_bytes());
}

#[test]
fn without_a_word_of_the_person_nothing_is_written_and_what_comes_all_the_same_is_swallowed() {
    let mut screen = demo((100, 24), &["--scenario", "quiet"]);
    screen.type_keys("/");
    screen.wait_for("the filter", |text| text.contains(" filter / "));
    screen.type_text("a");
    // Whole, and cut where a slow line may cut it.
    screen.send(b"\x1b[<0;10;5M\x1b[M !!\x1b[<65;10;5m");
    for piece in [&b"\x1b[<0;1"[..], b"0;5M\x1b[", b"M !", b"!"] {
        screen.send(piece);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    screen.type_text("b");
    let typed = |text: &str| {
        text.lines().find(|line| line.starts_with(" filter / ")).map(|line| line.trim().to_owned())
    };
    let text = screen.wait_for("the text", |text| typed(text).is_some_and(|line| line.ends_with('b')));
    assert_eq!(typed(&text).as_deref(), Some("filter / ab"));
    screen.type_keys("esc q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    assert!(is_left_alone(&screen));
}

#[test]
fn by_choice_a_click_selects_and_opens_and_the_end_switches_it_off() {
    let mut screen = demo((100, 24), &["--scenario", "quiet", "--mouse"]);
    assert!(screen.modes().mouse);
    click(&mut screen, "? keys");
    screen.wait_for("the list of keys", |text| text.contains(" Keys "));
    screen.type_keys("esc");
    screen.wait_for("the lanes", |text| text.contains("q quit"));
    screen.send(b"\x1b[<65;30;8M");
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    assert_eq!(screen.modes(), Modes::default());
    assert_eq!((times(&screen, b"\x1b[?1006h"), times(&screen, b"\x1b[?1006l")), (1, 1));
}

#[test]
fn it_is_off_for_the_shell_and_on_again_after_it_and_off_after_a_kill() {
    let mut shell = Screen::start_in_shell("demo --scenario quiet --mouse", (80, 24), &[]);
    shell.wait_for("the connection", |text| text.contains("● live"));
    assert!(shell.modes().mouse);
    shell.type_keys("ctrl-z");
    shell.wait_until_stopped();
    assert_eq!(shell.modes(), Modes::default());
    shell.send(b"fg\n");
    shell.wait_for("the lanes", |text| text.contains("● live"));
    assert!(shell.modes().mouse);
    shell.type_keys("q");
    shell.wait_for("the shell", |text| !text.contains("● live") && text.trim_end().ends_with('$'));
    assert_eq!(shell.modes(), Modes::default());

    let screen = demo((80, 24), &["--scenario", "quiet", "--mouse"]);
    screen.signal(Signal::TERM);
    assert_eq!(screen.exit_status().exit_code(), 143);
    assert_eq!(screen.modes(), Modes::default());
}
