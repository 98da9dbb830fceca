//! What a lab became while the program was stopped stands in the first frame after it: what was on the screen before may be
//! long over.

use std::time::Duration;

use rustix::process::Signal;

use crate::common::{flood::Flood, proxy::Proxy, pty::Screen};

/// For the end of the connections to reach a program that does not run, and a signal one that does.
const A_MOMENT: Duration = Duration::from_millis(300);

/// Case A11, with a lab that is gone meanwhile.
#[test]
fn the_first_frame_after_ctrl_z_shows_what_was_lost_meanwhile() {
    let flood = Flood::start();
    let mut proxy = Proxy::to(&flood.url);
    let mut shell = Screen::start_in_shell(&format!("--url {}", proxy.url()), (100, 24), &[]);
    shell.wait_for("the connection", |text| text.contains("● live"));
    shell.type_keys("ctrl-z");
    shell.wait_until_stopped();
    proxy.cut();
    std::thread::sleep(A_MOMENT);
    let from = shell.bytes_so_far().len();
    shell.send(b"fg\n");
    let first = shell.first_frame_since(from);
    assert!(first.contains("juicetop") && !first.contains("● live"), "{first}");
}

/// The same where nobody has pressed a key.
#[test]
fn so_does_the_first_one_after_a_stop_from_outside() {
    let flood = Flood::start();
    let mut proxy = Proxy::to(&flood.url);
    let screen = Screen::start(&["--url", &proxy.url()], (100, 24), &[]);
    screen.wait_for("the connection", |text| text.contains("● live"));
    screen.signal(Signal::STOP);
    proxy.cut();
    std::thread::sleep(A_MOMENT);
    let from = screen.bytes_so_far().len();
    screen.signal(Signal::CONT);
    let first = screen.first_frame_since(from);
    assert!(first.contains("juicetop") && !first.contains("● live"), "{first}");
}

/// Whom nobody answers does not stand before an empty screen for long.
#[test]
fn a_lab_that_does_not_answer_after_a_stop_is_shown_as_it_was() {
    let flood = Flood::start();
    let proxy = Proxy::to(&flood.url);
    let mut shell = Screen::start_in_shell(&format!("--url {}", proxy.url()), (100, 24), &[]);
    shell.wait_for("the connection", |text| text.contains("● live"));
    shell.type_keys("ctrl-z");
    shell.wait_until_stopped();
    proxy.bytes(crate::common::proxy::Bytes::Held);
    let from = shell.bytes_so_far().len();
    let begun = std::time::Instant::now();
    shell.send(b"fg\n");
    assert!(shell.first_frame_since(from).contains("● live"));
    // A second is what it waits.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    shell.type_keys("?");
    shell.wait_for("the keys", |text| text.contains(" Keys "));
}
