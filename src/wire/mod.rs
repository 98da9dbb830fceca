//! What crosses the socket, as data: bus messages, task and reply frames, JSON as Python writes it.
//!
//! Pure: no input or output, no clock, nothing of the other modules. It refuses to judge: what a message means for
//! a task is `store`'s business. Nothing here panics, whatever bytes come in.

pub mod archive;
mod beside;
pub mod bus;
pub mod control;
pub mod event;
pub(crate) mod fields;
pub mod frame;
pub mod group;
pub mod json;
pub mod kernel;
pub mod link;
pub mod logs;
pub mod name;
pub mod stand_in;

use std::sync::Arc;

/// Text from outside, kept as it came (control characters and all). Cheap to clone.
pub type Text = Arc<str>;

/// Why a message could not be decoded. Says what is wrong and where, never the whole message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Malformed {
    /// One sentence without a full stop, e.g. `part 2 claims 4294967295 bytes, 10 are left`.
    pub what: String,
}

impl Malformed {
    /// A fault described by `what`.
    pub fn new(what: impl Into<String>) -> Malformed {
        Malformed { what: what.into() }
    }
}
