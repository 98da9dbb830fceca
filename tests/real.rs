//! The program against a real OrangeQS Juice, and what it relies on there.
//!
//! One binary, so that one Juice serves all tests: they run side by side and share it, so each uses a lane of its own
//! (`Juice::lane`) or looks only for its own task ids. A test that breaks something starts a private Juice;
//! so does one with a result of more than 5 MB, which cuts everybody at the edge off.
//! `tests/common/mod.rs` has examples. `JUICETOP_TEST_NO_JUICE=1` leaves these tests out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, tells why on stderr, and waits by the clock of the machine"
)]

mod common;

#[path = "real/protocol.rs"]
mod protocol;

#[path = "real/screen.rs"]
mod screen;

#[path = "real/labs.rs"]
mod labs;

#[path = "real/logs.rs"]
mod logs;

#[path = "real/bytes.rs"]
mod bytes;

#[path = "real/faults.rs"]
mod faults;

#[path = "real/terminal.rs"]
mod terminal;

#[path = "real/left.rs"]
mod left;

#[path = "real/groups.rs"]
mod groups;

#[path = "real/submit.rs"]
mod submit;

#[path = "real/watch.rs"]
mod watch;

#[path = "real/doctor.rs"]
mod doctor;

#[path = "real/keep.rs"]
mod keep;

#[path = "real/history.rs"]
mod history;

#[path = "real/archive.rs"]
mod archive;

#[path = "real/service.rs"]
mod service;

#[path = "real/types.rs"]
mod types;

#[path = "real/kinds.rs"]
mod kinds;

#[path = "real/usual.rs"]
mod usual;

#[path = "real/beside.rs"]
mod beside;
