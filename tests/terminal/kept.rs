//! What outlives the program: drafts, and the values that were sent last. On the demonstration's server, which to
//! this juicetop is a lab as any.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{program::Program, pty::Screen};

/// The demonstration's server and its address.
pub fn lab() -> (Program, String) {
    let mut server = Program::start(&["demo", "--scenario", "quiet", "--serve-only"]);
    let line = server.wait_for(|line| line.contains("ws://"));
    let url = line.split_whitespace().find(|w| w.starts_with("ws://")).unwrap().to_owned();
    (server, url)
}

/// juicetop on that lab, connected, keeping what it keeps in that folder.
fn start(url: &str, state: &tempfile::TempDir) -> Screen {
    let state = state.path().display().to_string();
    let screen = Screen::start(&["--url", url], (100, 30), &[("XDG_STATE_HOME", &state)]);
    screen.wait_for("the connection", |text| {
        ["● live", "cryo", "lab", "task-manager"].iter().all(|w| text.contains(w))
    });
    screen
}

/// The drafts of the one lab there.
fn kept(state: &tempfile::TempDir) -> String {
    let mut labs = std::fs::read_dir(state.path().join("juicetop/labs")).unwrap();
    std::fs::read_to_string(labs.next().unwrap().unwrap().path().join("drafts.json")).unwrap_or_default()
}

/// Opens the composer on Juice's own `Ping`, of whichever service is selected.
fn compose(screen: &mut Screen) -> String {
    screen.type_keys("j s");
    screen.wait_for("the list of types", |text| text.contains("Ping a service"));
    screen.type_text("Ping");
    screen.type_keys("enter");
    screen.wait_for("the form", |text| text.contains("message"))
}

#[test]
fn a_draft_survives_a_kill_and_is_gone_once_it_was_sent() {
    let (_server, url) = lab();
    let state = tempfile::tempdir().unwrap();
    let mut screen = start(&url, &state);
    compose(&mut screen);
    screen.type_text("from-before");
    screen.wait_for("the text", |text| text.contains("from-before"));
    // Soon after the last edit it must be on the disk, whatever happens then: a second later, or two on a busy machine.
    let typed = Instant::now();
    screen.wait_until("the draft on the disk", |_| kept(&state).contains("from-before"));
    assert!(typed.elapsed() < Duration::from_secs(4), "after {:?}", typed.elapsed());
    screen.signal(Signal::KILL);
    screen.wait_until("the end", Screen::has_ended);

    let mut screen = start(&url, &state);
    let text = compose(&mut screen);
    assert!(text.contains("from-before") && text.contains("your draft is back"), "{text}");
    // Escape and the end of the terminal lose nothing either, without any pause.
    screen.type_text("-and-after");
    screen.wait_for("the text", |text| text.contains("-and-after"));
    screen.signal(Signal::HUP);
    screen.wait_until("the end", Screen::has_ended);

    let mut screen = start(&url, &state);
    let text = compose(&mut screen);
    assert!(text.contains("-and-after"), "{text}");
    screen.type_keys("ctrl-s");
    screen.wait_for("the lanes", |text| text.contains("sent: Ping") && !text.contains("Submit to"));
    // Before its answer is here, leaving would lose that, and would be asked about.
    screen.wait_for("its end", |text| text.contains("✔ ◆ Ping: message='-and-after'"));
    screen.type_keys("q");
    screen.wait_until("the end", Screen::has_ended);

    // The values of that run are what the form begins with; it is no draft any more.
    let mut screen = start(&url, &state);
    let text = compose(&mut screen);
    assert!(text.contains("-and-after") && !text.contains("your draft is back"), "{text}");
    let log = std::fs::read_to_string(state.path().join("juicetop/sent.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains(r#""type":"Ping""#) && log.contains(r#""by":"screen""#), "{log}");
}
