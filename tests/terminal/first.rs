//! A first start where no lab is found: what is said, and that each of its keys leads somewhere.

use crate::common::pty::{Modes, Screen};

/// On a machine without Juice. The name where a lab is guessed is known nowhere but in a lab.
fn nowhere() -> Screen {
    let args = ["--juice-config", "/nonexistent/config", "--juice-run", "/nonexistent/run"];
    let screen = Screen::start(&args, (80, 24), &[]);
    let text = screen.wait_for("the screen", |text| text.contains("No lab was found"));
    assert!(text.contains("/nonexistent/config, where it is configured: is not there"), "{text}");
    assert!(text.contains("juicetop shows what the services of a lab"), "{text}");
    screen
}

#[test]
fn the_demonstration_opens_on_the_same_terminal() {
    let mut screen = nowhere();
    screen.type_keys("d");
    screen
        .wait_for("the demonstration", |text| text.contains("demo lab, not real") && text.contains("● live"));
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    assert_eq!(screen.modes(), Modes::default());
}

#[test]
fn an_address_is_typed_and_the_doctor_tells() {
    let (line, _server) =
        crate::common::program::Program::read_one_line(&["demo", "--scenario", "quiet", "--serve-only"]);
    let url = line.split_whitespace().find(|word| word.starts_with("ws://")).unwrap().to_owned();
    let mut screen = nowhere();
    screen.type_keys("a");
    screen.wait_for("the line", |text| text.contains("wss://PROXY/PATH/"));
    screen.type_text("ws://a b");
    screen.type_keys("enter");
    screen.wait_for("what is wrong", |text| text.contains("No lab was found") && text.contains("ws://a b "));
    screen.type_keys("ctrl-u");
    screen.type_text(&url);
    screen.type_keys("enter");
    screen.wait_for("the lab", |text| text.contains("● live"));
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);

    let mut screen = nowhere();
    screen.type_keys("c");
    assert_eq!(screen.exit_status().exit_code(), 1, "{}", screen.text());
    assert_eq!(screen.modes(), Modes::default());
    let said = String::from_utf8_lossy(&screen.bytes_so_far()).into_owned();
    assert!(said.contains("juice-task-manager"), "{said}");
}
