//! juicetop: a terminal cockpit for OrangeQS Juice.
//!
//! ```text
//! socket → net → wire::Event ───┐
//! keys → Key → keymap → Action ─┼→ Msg → update(&mut App, Msg, now) → Vec<Effect> → run
//! effect results, resize, wake ─┘              │
//!                     App {session, ui} → view(&App, now) → widgets → Buffer
//! ```
//!
//! Text from outside becomes [`clean::Clean`] on its way to a widget, and widgets take nothing else.
//!
//! To find your way, read `wire/event.rs`, `store/mod.rs`, `app/update/mod.rs`, `run.rs`, in this order: one
//! direction, from the socket to the screen. The modules, from what is pure to what touches the world:

pub mod clean;
mod fault;
pub mod memory;
pub mod time;
pub mod wire;

pub mod catalogue;
pub mod highlight;
pub mod printed;
pub mod recording;
pub mod result;
pub mod store;
pub mod traceback;

pub mod app;
pub mod theme;
pub mod view;
pub mod widgets;

pub mod config;
pub mod demo;
pub mod history;
pub mod keep;
pub mod log;
pub mod net;
pub mod python;
pub mod term;

pub mod cli;
pub mod run;
