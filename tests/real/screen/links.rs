//! Connections: addresses that are wrong, links that break and come back.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::json;

use super::{LARGE, Program, seen};
use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
    program::run,
    proxy::{Port, Proxy},
    pty::Screen,
};

/// The text of a screen without its line ends, since a banner is cut where the screen ends.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A server of the demonstration on a port of ours.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn it_opens_where_nothing_answers_and_comes_live_when_something_does() {
    let closed = Port::closed();
    let port = closed.number();
    let url = format!("ws://127.0.0.1:{port}");
    let mut screen = Screen::start(&["--url", &url], (80, 24), &[]);
    screen.wait_for("address, problem and remedy", |text| {
        let problem =
            format!("127.0.0.1:{port} cannot be reached (connection refused). Nothing listens on that port");
        let text_ends = flat(text).contains("and the port right?") && !text.contains("?.");
        flat(text).contains(&problem)
            && text_ends
            && text.contains("not reached")
            && text.contains("ctrl-r try again")
    });

    let mut command = Command::new(env!("CARGO_BIN_EXE_juicetop"));
    command.args(["demo", "--serve-only", "--port", &port.to_string()]).stdout(Stdio::piped());
    let mut server = Server(command.spawn().unwrap());
    // Kept open: a server whose words nobody takes ends.
    let mut words = BufReader::new(server.0.stdout.take().unwrap());
    let mut line = String::new();
    words.read_line(&mut line).unwrap();
    assert!(line.contains(&url), "{line}");
    screen.type_keys("ctrl-r");
    let text = screen.wait_for("the connection", |text| text.contains("● live"));
    assert!(!text.contains("refused"), "{text}");
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

#[test]
fn a_services_own_port_is_named_as_such() {
    let Some(juice) = Juice::shared() else { return };
    let url = juice.service_url("bench");
    let screen = Screen::start(&["--url", &url], (100, 24), &[]);
    let text = screen.wait_for("the problem", |text| flat(text).contains("a single service's own port"));
    assert!(flat(&text).contains("--service NAME="), "{text}");
}

#[test]
fn a_lab_behind_a_proxys_base_path_is_reached_with_it_and_missed_without() {
    let Some(juice) = Juice::shared() else { return };
    let proxy = Proxy::below(&juice.url(), "/lab1");
    for base in ["/lab1", "/lab1/"] {
        let url = format!("{}{base}", proxy.url());
        run(&["submit", "bench", "Ping", "message=there", "--parallel", "--url", &url, "--wait"]).expect(0);
    }
    // Both connections lead there.
    let report = run(&["doctor", "--url", &format!("{}/lab1", proxy.url())]).expect(0).stdout;
    assert!(report.contains("All is well.") && report.contains("/lab1"), "{report}");
    for (base, remedy) in
        [("/lab2", "Is the base path /lab2 right?"), ("", "its base path belongs to the address")]
    {
        let url = format!("{}{base}", proxy.url());
        let screen = Screen::start(&["--url", &url], (100, 24), &[]);
        let text = screen.wait_for("the problem", |text| flat(text).contains("is no Juice"));
        assert!(flat(&text).contains(remedy), "{text}");
    }
}

#[tokio::test]
async fn a_router_that_restarts_is_lost_and_comes_back_and_an_own_direct_task_is_unknown() {
    let Some(mut juice) = Juice::private(&["bench"]) else { return };
    let mut program = Program::live(&juice, &["bench"], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    seen(&mut tasks, Frame::new("bench", "Slow", json!({"seconds": 0.1})).named("Slow: seconds=0.1")).await;
    program.row_with("bench", &["✔ Slow: seconds=0.1"]);
    program.send_slow("bench", "0.1", "90", "alt-d");
    program.row_with("bench", &["sequential ▶ ◆ Slow: seconds=90"]);
    juice.kill_service("task-manager");
    let text = program
        .wait_for("the loss", |text| text.contains("lost since") && text.contains("cannot be reached"));
    assert!(text.contains(&juice.url()["ws://".len()..]), "{text}");
    program.row_with("bench", &["? ◆ Slow: seconds=90", "link lost"]);
    juice.restart_service("task-manager");
    program.type_keys("ctrl-r");
    program.wait_for("the connection", |text| text.contains("● live"));
    let row = program.row_with("bench", &["? ◆ Slow: seconds=90", "link lost"]);
    assert!(row.contains("unknown"), "{row}");
    program.leave();
}
