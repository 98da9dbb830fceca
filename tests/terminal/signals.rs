//! Case A03: a polite kill ends it with its code and gives the terminal back, whatever it is busy with.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::common::{
    flood::Flood,
    program::Program,
    pty::{Modes, Screen},
};

const SIGNALS: [(Signal, u32); 3] = [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)];

/// What Juice takes at most, bytes.
const LARGEST: usize = 50 * 1024 * 1024 - 4096;

/// Two seconds are the aim; a busy machine gets a little more.
const SOON: Duration = Duration::from_secs(4);

/// The program in the place of a shell that has written the terminal's settings first.
fn start(args: &str) -> Screen {
    let script = format!("stty -g; exec \"$JUICETOP\" {args}");
    Screen::start_command("sh", &["-c", &script], (120, 24), &[])
}

/// Sends the signal, and looks at how it ends.
fn ends(what: &str, screen: &Screen, (signal, code): (Signal, u32)) {
    let begun = Instant::now();
    screen.signal(signal);
    assert_eq!(screen.exit_status().exit_code(), code, "{what}: {signal:?}");
    assert!(begun.elapsed() < SOON, "{what}: {signal:?} took {:?}", begun.elapsed());
    assert_eq!(screen.modes(), Modes::default(), "{what}: {signal:?}");
    let before = screen.text().lines().find(|line| line.matches(':').count() > 10).map(str::to_owned);
    assert_eq!(Some(screen.stty()), before, "{what}: {signal:?}");
}

/// Waits until it has worked for so long after now.
fn works(screen: &Screen, time: Duration) {
    let before = screen.cpu_time();
    screen.wait_until("some work", |screen| screen.cpu_time() >= before + time);
}

#[test]
fn at_rest_and_while_nobody_answers() {
    // Takes each connection and never answers the upgrade.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mute = format!("--url ws://{}", listener.local_addr().unwrap());
    for (args, shown) in [("demo --scenario busy", "● live"), (&*mute, "connecting")] {
        for signal in SIGNALS {
            let screen = start(args);
            screen.wait_for(shown, |text| text.contains(shown));
            ends(shown, &screen, signal);
        }
    }
}

#[test]
fn while_it_reads_messages_of_fifty_mebibytes() {
    for what in ["events", "replies"] {
        for signal in SIGNALS {
            let flood = Flood::start();
            let screen = start(&format!("--url {}", flood.url));
            screen.wait_for("the connection", |text| text.contains("● live"));
            let many = 50;
            match what {
                "events" => flood.large(many, LARGEST),
                _ => flood.replies(many, LARGEST),
            }
            let written = || if what == "events" { flood.said().large } else { flood.replied() };
            // One is through, so that the next is being read or has just come.
            screen.wait_until("the first", |_| written() >= 1);
            works(&screen, Duration::from_millis(50));
            ends(what, &screen, signal);
            assert!(written() < many, "{what}: all had been read before {signal:?}");
        }
    }
}

/// Of a list the connection gets to know only once it is whole; what is in it is read beside the loop.
#[test]
fn while_it_reads_a_list_of_nearly_fifty_mebibytes() {
    for signal in SIGNALS {
        let flood = Flood::start();
        flood.list(1, 45 * 1024 * 1024, 1);
        let screen = start(&format!("--url {}", flood.url));
        screen.wait_for("the connection", |text| text.contains("● live"));
        works(&screen, Duration::from_millis(100));
        assert!(!screen.text().contains("Nightly"), "it has been read before {signal:?}:\n{}", screen.text());
        ends("a list", &screen, signal);
    }
}

#[test]
fn without_a_screen_too() {
    for (signal, _) in SIGNALS {
        let flood = Flood::start();
        let mut program = Program::start(&["watch", "--url", &flood.url]);
        flood.rate(30);
        program.next_line();
        flood.large(50, LARGEST);
        while flood.said().large < 1 {
            program.next_line();
        }
        let begun = Instant::now();
        program.ask_to_end(signal);
        let ended = program.end();
        assert!(begun.elapsed() < SOON, "{signal:?} took {:?}", begun.elapsed());
        assert!(flood.said().large < 50, "all had been read before {signal:?}: {ended:?}");
    }
}
