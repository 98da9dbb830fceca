//! One service: what is known of it apart from its tasks.

use crate::{
    time::Now,
    wire::{Text, event::KernelState},
};

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: Text,
    /// The configuration names it.
    pub configured: bool,
    /// The kernel's last state and since when it was heard to be so (IPython services only).
    pub kernel: Option<(KernelState, Now)>,
    /// When its kernel's state was last told, whichever it was: the task manager tells it each minute.
    pub kernel_heard: Option<Now>,
    /// It has not been told for longer than that, while the bus was heard.
    pub no_word: bool,
    /// When anything about it was last heard (a task event of it, a kernel state).
    pub heard: Option<Now>,
    /// Spoken to alone, on its own port (`--service`).
    pub alone: bool,
    /// See [`Service::is_ipython`].
    pub ipython: Option<bool>,
    /// What was seen to be wrong with it, until it shows life again.
    pub trouble: Option<Trouble>,
}

/// What is wrong with a service, as far as its tasks tell. Of a plain one nothing else does: the task manager speaks about
/// kernels only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A task was created for it and not taken within the time in which the task manager tries to reach it.
    NotTaken(Now),
    /// The task manager lost its connection to it under a task.
    LostTask(Now),
}

impl Service {
    /// Whether it is an IPython service, where that was seen: a kernel state of it, its topic in the list of topics,
    /// a cell that ran there. `Some(false)`: the list of topics was read and does not have it.
    pub fn is_ipython(&self) -> Option<bool> {
        self.ipython
    }
}
