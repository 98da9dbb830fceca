//! Notices as the terminal gets them: the bell, a sequence that it is known to take, and nothing in another program's picture.

use std::{collections::BTreeSet, fs};

use crate::{
    common::{program::run, pty::Screen},
    kept::lab,
};

/// A task of so many seconds runs and is watched.
fn watch(screen: &mut Screen, url: &str, seconds: u32) {
    run(&["submit", "--url", url, "lab", "SleepAsync", &format!("duration={seconds}")]).expect(0);
    screen.wait_for("it runs", |text| text.contains("1 running"));
    screen.type_keys("/");
    screen.type_text(&format!("duration={seconds}"));
    screen.type_keys("enter G W");
    screen.wait_for("it is watched", |text| text.contains("you are told when it ends"));
}

/// The names that kitty was told notices by, each once, and what was written without them.
fn kitty_names(bytes: &[u8]) -> (BTreeSet<String>, String) {
    let name = regex::Regex::new("i=(juicetop-[0-9a-f]{16}-[0-9]+):").unwrap();
    let text = String::from_utf8_lossy(bytes);
    let names = name.captures_iter(&text).map(|it| it[1].to_owned()).collect();
    (names, name.replace_all(&text, "i=ID:").into_owned())
}

/// How often these bytes were written.
fn times(screen: &Screen, what: &[u8]) -> usize {
    screen.bytes_so_far().windows(what.len()).filter(|window| *window == what).count()
}

#[test]
fn a_task_that_is_watched_is_told_of_as_the_terminal_can_and_a_command_is_run() {
    let (_server, url) = lab();
    let name = url.trim_start_matches("ws://").to_owned();
    let body = |after: u32| format!("lab: SleepAsync: duration={after}.0 ended well");
    let kitty = |seconds| {
        let title = format!("\x1b]99;i=ID:d=0:p=title;juicetop {name}\x07");
        format!("{title}\x1b]99;i=ID:d=1:p=body;{}\x07\x07", body(seconds))
    };
    let foot = |seconds| format!("\x1b]777;notify;juicetop {name};{}\x07\x07", body(seconds));
    let tmux = |seconds| format!("\x1bPtmux;\x1b\x1b]9;juicetop {name}: {}\x07\x1b\\\x07", body(seconds));
    let cases: [(&[(&str, &str)], String); 3] = [
        (&[("TERM", "xterm-kitty")], kitty(2)),
        (&[("TERM", "foot"), ("TERM_PROGRAM", "")], foot(3)),
        (&[("TERM", "tmux-256color"), ("TMUX", "/tmp/none,1,0"), ("LC_TERMINAL", "iTerm2")], tmux(4)),
    ];
    for ((env, wanted), seconds) in cases.into_iter().zip(2..) {
        let config = tempfile::tempdir().unwrap();
        let told = config.path().join("told");
        let script = format!("printenv JUICETOP_NOTICE_KIND JUICETOP_NOTICE_TEXT > {}", told.display());
        fs::write(
            config.path().join("config.toml"),
            format!("[notices]\ncommand = ['sh', '-c', '{script}']\n"),
        )
        .unwrap();
        let folder = config.path().display().to_string();
        let env = [env, &[("JUICETOP_CONFIG_DIR", &*folder)]].concat();
        let mut screen = Screen::start(&["--url", &url], (100, 30), &env);
        screen.wait_for("the connection", |text| text.contains("● live") && text.contains("cryo"));
        watch(&mut screen, &url, seconds);
        screen.wait_for_bytes("the notice", |bytes| kitty_names(bytes).1.contains(&wanted));
        let words = format!("watched\n{}\n", body(seconds));
        screen.wait_until("the command", |_| fs::read_to_string(&told).is_ok_and(|text| text == words));
        if wanted.contains("\x1b]99;") {
            // One by the same name would take the first one's place.
            screen.type_keys("esc");
            watch(&mut screen, &url, 5);
            screen.wait_for_bytes("another name", |bytes| kitty_names(bytes).0.len() == 2);
        }
        screen.type_keys("esc q");
        assert_eq!(screen.exit_status().exit_code(), 0);
        assert_eq!(kitty_names(&screen.bytes_so_far()).1.matches(&wanted).count(), 1, "once");
    }
}

#[test]
fn a_terminal_that_is_not_known_rings_and_an_editor_s_picture_is_left_alone() {
    let (_server, url) = lab();
    let editor = "sh -c 'echo EDITING; while [ ! -e $HOME/close ]; do sleep 0.02; done'";
    let mut screen = Screen::start(&["--url", &url], (100, 30), &[("TERM", "linux"), ("EDITOR", editor)]);
    screen.wait_for("the connection", |text| text.contains("live") && text.contains("cryo"));
    watch(&mut screen, &url, 4);
    screen.type_keys("esc s");
    screen.wait_for("the types", |text| text.contains("Submit to "));
    screen.type_text("Anything");
    screen.type_keys("enter");
    screen.wait_for("the composer", |text| text.contains("Anything"));
    screen.type_keys("alt-e");
    screen.wait_for("the editor", |text| text.contains("EDITING"));
    // It ends behind the editor: another juicetop sees that it has.
    run(&["submit", "--url", &url, "lab", "SleepAsync", "duration=4", "--wait"]).expect(0);
    assert_eq!(times(&screen, b"\x07"), 0, "this is the editor's picture");
    fs::write(screen.home().join("close"), "").unwrap();
    screen.wait_until("the bell", |screen| times(screen, b"\x07") == 1);
    assert_eq!(times(&screen, b"\x1b]9") + times(&screen, b"\x1b]777"), 0, "only the bell");
    screen.type_keys("esc esc q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    assert_eq!(times(&screen, b"\x07"), 1);
}
