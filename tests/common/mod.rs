//! Helpers that several test binaries share: the real Juice, a plain client for it, and a terminal.
//!
//! A test against the real Juice looks like this (`tests/real/protocol.rs` has more):
//!
//! ```ignore
//! #[tokio::test]
//! async fn a_task_is_answered() {
//!     let Some(juice) = Juice::shared() else { return }; // left out by JUICETOP_TEST_NO_JUICE=1
//!     let lane = juice.lane();                            // a service with a slot of this test's own
//!     let mut bus = Bus::open(&juice.url()).await;
//!     let mut tasks = Tasks::connect(&juice.url()).await;
//!     let id = tasks.send(Frame::new(&lane, "Slow", json!({"seconds": 0.2}))).await;
//!     bus.task(&id, "started").await;
//!     assert_eq!(tasks.reply(&id).await.json()["status"], "ok");
//! }
//! ```
//!
//! The program on a screen of its own, against the same Juice:
//!
//! ```ignore
//! let mut screen = Screen::start(&["--url", &juice.url()], (80, 24), &[]);
//! screen.wait_for("the lab service", |text| text.contains("lab"));
//! screen.type_keys("j j enter");
//! screen.type_keys("q");
//! assert!(screen.exit_status().success());
//! ```
//!
//! Nothing here uses the program's own modules: what both sides believe in common would not be tested.

#![allow(dead_code, reason = "each test binary uses its own part of the helpers")]

pub mod client;
pub mod flood;
pub mod influx;
pub mod juice;
pub mod program;
pub mod proxy;
pub mod pty;
pub mod venv;
