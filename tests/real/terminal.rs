//! The terminal helper itself, tried on a shell: what it says about a program has to be true.

use rustix::process::Signal;

use crate::common::pty::Screen;

const SIZE: (u16, u16) = (60, 10);

#[test]
fn it_types_reads_and_tells_the_end() {
    let mut screen =
        Screen::start_command("sh", &["-c", "read name; echo \"hello $name\"; exit 3"], SIZE, &[]);
    screen.type_text("the lab");
    screen.type_keys("enter");
    assert_eq!(screen.exit_status().exit_code(), 3);
    assert_eq!(screen.row(0), "the lab");
    assert_eq!(screen.row(1), "hello the lab");
    assert!(screen.bytes_so_far().ends_with(b"hello the lab\r\n"));
}

#[test]
fn it_knows_colours_modes_and_settings() {
    let paint = r"stty -g; printf '\033[?1049h\033[?25l\033[2;3H\033[1;31mé failed\033[m'; stty raw; read x";
    let mut screen = Screen::start_command("sh", &["-c", paint], SIZE, &[]);
    screen.wait_for("the painted word", |text| text.contains("failed"));
    let style = screen.style_of("failed");
    assert_eq!((style.text.as_str(), style.fg, style.bold), ("f", vt100::Color::Idx(1), true));
    assert_eq!(screen.cell(2, 1).text, "é");
    assert!(screen.modes().alternate_screen && screen.modes().cursor_hidden && !screen.modes().mouse);
    let bytes = screen.bytes_so_far();
    let before =
        String::from_utf8_lossy(&bytes).lines().next().map(str::to_owned).expect("what `stty -g` printed");
    assert!(before.contains(':'), "{before}");
    screen.wait_until("the raw mode", |screen| screen.stty() != before);
    screen.type_keys("ctrl-j");
    assert!(screen.exit_status().success());
}

#[test]
fn it_resizes_and_sends_signals() {
    let program = "trap 'stty size' WINCH; trap 'echo terminated; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let mut screen = Screen::start_command("sh", &["-c", program], SIZE, &[]);
    screen.wait_for("the shell", |text| text.contains("ready"));
    screen.resize(33, 7);
    screen.wait_for("the new size", |text| text.contains("7 33"));
    screen.signal(Signal::TERM);
    assert_eq!(screen.exit_status().exit_code(), 7);
    assert!(screen.text().contains("terminated"));
}

#[test]
fn closing_the_terminal_hangs_up_on_the_program() {
    let program = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done";
    let mut screen = Screen::start_command("sh", &["-c", program], SIZE, &[]);
    screen.wait_for("the shell", |text| text.contains("ready"));
    screen.close_terminal();
    assert_eq!(screen.exit_status().signal(), Some("Hangup"));
}

#[test]
fn each_screen_has_a_home_of_its_own() {
    let screen = Screen::start_command(
        "sh",
        &["-c", "echo $HOME $XDG_CONFIG_HOME [$EDITOR]"],
        (200, 5),
        &[("EDITOR", "vi")],
    );
    assert!(screen.exit_status().success());
    let home = screen.home().display().to_string();
    assert_eq!(screen.row(0), format!("{home} {home}/.config [vi]"));
}

#[test]
#[should_panic(expected = "waiting for a word that never comes: it did not come")]
fn a_wait_ends_with_the_program() {
    Screen::start_command("true", &[], SIZE, &[])
        .wait_for("a word that never comes", |text| text.contains("never"));
}
