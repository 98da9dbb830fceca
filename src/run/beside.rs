//! Threads that do one thing beside the loop.
//!
//! None may be left to make: a container has a limit of them, a user too. That is told as the answer to what was asked for, and
//! the loop goes on. It refuses to end the program for it, which would cost the person their own tasks.

use std::thread::{self, JoinHandle};

use crate::fault;

/// Does `work` in a thread of that name.
///
/// # Errors
/// None can be made: why, a clause. Nothing was done.
pub(super) fn beside<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, String> {
    let work = move || {
        fault::here(name);
        work()
    };
    let made =
        fault::fails("no thread").and_then(|()| thread::Builder::new().name(name.to_owned()).spawn(work));
    made.map_err(|e| format!("no thread could be made: {e}"))
}
