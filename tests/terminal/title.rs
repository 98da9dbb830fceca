//! The title of the terminal's window: where there can be one, what it says, and that the window's own comes back.

use std::fs;

use crate::{
    common::{
        program::run,
        pty::{Modes, Screen},
    },
    kept::lab,
};

/// Waits for that title.
fn wait_for_title(screen: &Screen, wanted: &str) {
    screen.wait_until(&format!("the title {wanted:?}"), |screen| screen.title().as_deref() == Some(wanted));
}

#[test]
fn it_says_what_runs_and_is_given_back_for_an_editor_for_the_shell_and_at_the_end() {
    let (_server, url) = lab();
    let editor = "sh -c 'echo EDITING; while [ ! -e $HOME/close ]; do sleep 0.02; done'";
    let mut shell = Screen::start_in_shell(&format!("--url {url}"), (80, 24), &[("EDITOR", editor)]);
    shell.wait_for("the connection", |text| text.contains("● live") && text.contains("cryo"));
    let name = url.trim_start_matches("ws://").to_owned();
    let title = |more: &str| format!("juicetop - {name}{more}");
    wait_for_title(&shell, &title(""));
    run(&["submit", "--url", &url, "lab", "SleepAsync", "duration=60"]).expect(0);
    wait_for_title(&shell, &title(": 1 running"));

    shell.type_keys("ctrl-z");
    shell.wait_until_stopped();
    assert_eq!((shell.modes(), shell.title()), (Modes::default(), Some(String::new())));
    shell.send(b"fg\n");
    wait_for_title(&shell, &title(": 1 running"));

    shell.wait_for("the lanes", |text| text.contains("● live"));
    shell.type_keys("s");
    shell.wait_for("the types", |text| text.contains("Submit to "));
    shell.type_text("Anything");
    shell.type_keys("enter");
    shell.wait_for("the composer", |text| text.contains(" · Anything"));
    shell.type_keys("alt-e");
    shell.wait_for("the editor", |text| text.contains("EDITING"));
    assert_eq!((shell.modes(), shell.title()), (Modes::default(), Some(String::new())));
    fs::write(shell.home().join("close"), "").unwrap();
    shell.wait_for("the composer", |text| text.contains(" · Anything"));
    wait_for_title(&shell, &title(": 1 running"));

    shell.type_keys("esc");
    shell.wait_for("the lanes", |text| !text.contains(" · Anything"));
    shell.type_keys("q");
    shell.wait_for("the shell", |text| !text.contains("● live") && text.trim_end().ends_with('$'));
    assert_eq!((shell.modes(), shell.title()), (Modes::default(), Some(String::new())));
    let bytes = shell.bytes_so_far();
    let times = |what: &[u8]| bytes.windows(what.len()).filter(|window| *window == what).count();
    assert_eq!((times(b"\x1b[22;2t"), times(b"\x1b[23;2t")), (3, 3), "each time that it was ours");
}

#[test]
fn a_terminal_that_can_have_none_gets_none_nor_does_who_wants_none() {
    let config = tempfile::tempdir().unwrap();
    fs::write(config.path().join("config.toml"), "title = false\n").unwrap();
    let folder = config.path().display().to_string();
    for env in [("TERM", "linux"), ("TERM", "vt220"), ("JUICETOP_CONFIG_DIR", &*folder)] {
        let mut screen = Screen::start(&["demo", "--scenario", "quiet"], (80, 24), &[env]);
        screen.wait_for("the connection", |text| text.contains("live") && text.contains("cryo"));
        screen.type_keys("q");
        assert_eq!(screen.exit_status().exit_code(), 0);
        assert_eq!(screen.title(), None, "{env:?}");
        let written = String::from_utf8(screen.bytes_so_far()).unwrap();
        assert!(!written.contains("\x1b]2;") && !written.contains(";2t"), "{env:?}");
    }
}
