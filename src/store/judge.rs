//! What a reply says about the outcome. The one place that reads it.

use super::task::{Outcome, Reason};
use crate::wire::frame::{ErrorBody, Inner, Reply, ReplyBody};

/// What a reply means.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// The task ended so.
    End(Outcome, Option<Reason>),
    /// It ended, and this version cannot read how.
    Odd,
}

/// Reads a reply. `ipython`: the task is an `IPythonTask`, whose inner result counts. `cells`: its service may run
/// cells for its other types too, so the exact shape of a cell's error counts although the type is another one; on a
/// plain service a result is data, whatever it looks like.
pub(super) fn verdict(reply: &Reply, ipython: bool, cells: bool) -> Verdict {
    match &reply.body {
        ReplyBody::Error(_) => Verdict::End(Outcome::Failed, None),
        ReplyBody::Ok { inner: Some(Inner::Error(error)), .. }
            if ipython || (cells && is_envelope(error)) =>
        {
            Verdict::End(Outcome::Failed, interrupted(error).then_some(Reason::Interrupted))
        }
        ReplyBody::Ok { .. } => Verdict::End(Outcome::Ok, None),
        ReplyBody::Odd { .. } => Verdict::Odd,
    }
}

/// The error inside the reply of a task that is no `IPythonTask`, for where [`verdict`] made it count:
/// `Task::failure` would not find it.
pub(super) fn inner_error(reply: &Reply, ipython: bool) -> Option<ErrorBody> {
    match &reply.body {
        ReplyBody::Ok { inner: Some(Inner::Error(error)), .. } if !ipython => Some(error.clone()),
        _ => None,
    }
}

/// Whether it has the inner result of a cell.
pub(super) fn has_inner(reply: &Reply) -> bool {
    matches!(&reply.body, ReplyBody::Ok { inner: Some(_), .. })
}

/// `IPythonService` gives exactly `status`, `ename` and `evalue`.
fn is_envelope(error: &ErrorBody) -> bool {
    error.ename.is_some() && error.evalue.is_some() && error.traceback.is_none()
}

/// What an interrupt, a cancellation of the cell's coroutine and a stop of the process leave in a cell's result
/// (measured, 26.43.0).
fn interrupted(error: &ErrorBody) -> bool {
    matches!(error.ename.as_deref(), Some("KeyboardInterrupt" | "CancelledError" | "SystemExit"))
}

/// Whether the task manager ends a task with this because its connection to the service was lost under it. Measured with a
/// service that was killed: a direct task's reply names the class, the scheduler's result has only the message.
pub(super) fn lost_service(error: &ErrorBody) -> bool {
    error.ename.as_deref().is_none_or(|name| name == "ConnectionError")
        && error.evalue.as_deref() == Some("Task client lost connection to service.")
}
