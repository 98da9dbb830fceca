//! Stopping for the shell (Ctrl-Z), where there is one that can continue us.

use std::io;

use nix::unistd::{Pid, getpgid, getpid, getppid, getsid};
use rustix::process::{Signal, kill_current_process_group};

use super::signals::Signals;

/// Why the program was not stopped, or did not come back well.
#[derive(Debug, thiserror::Error)]
pub enum SuspendError {
    /// This program is the terminal's own command, or what started it does no job control: nobody could continue
    /// it, and the terminal would be dead.
    #[error("Ctrl-Z needs a shell to go back to, and this terminal has none")]
    NoShell,
    /// The terminal could not be taken again.
    #[error("the terminal could not be taken again")]
    Terminal(#[from] io::Error),
}

/// Whether there is a shell that can take over and continue us: somebody above us in the same session, in another
/// process group (what POSIX calls a group that is not orphaned).
pub fn can_suspend() -> Result<(), SuspendError> {
    let ids = |pid| Some(Ids { group: getpgid(Some(pid)).ok()?, session: getsid(Some(pid)).ok()? });
    match ids(getpid()) {
        Some(own) if watched(own, getppid(), ids, parent_of) => Ok(()),
        _ => Err(SuspendError::NoShell),
    }
}

/// Zero where the leader of the group or session lives outside this process's PID namespace, as in a container
/// that was entered from outside; so is the parent's number then. rustix takes none of them for zero.
#[derive(Debug, Clone, Copy)]
struct Ids {
    group: Pid,
    session: Pid,
}

/// Walks up to the first ancestor that is not of our group. Wrappers such as `sh -c` are of it.
fn watched(
    own: Ids,
    parent: Pid,
    ids: impl Fn(Pid) -> Option<Ids>,
    parent_of: impl Fn(Pid) -> Option<Pid>,
) -> bool {
    let mut above = Some(parent);
    // Deeper nesting than this is no shell script.
    for _ in 0..64 {
        // Zero, as an argument, would mean this process itself.
        let Some(pid) = above.filter(|pid| pid.as_raw() > 0) else { return false };
        let Some(theirs) = ids(pid) else { return false };
        if theirs.session != own.session {
            return false;
        }
        if theirs.group != own.group {
            return true;
        }
        above = parent_of(pid);
    }
    false
}

/// The parent of another process, where the system tells it in `/proc`. Elsewhere it is not known, and Ctrl-Z
/// under a wrapper is refused.
fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `pid (name) state ppid …`, and the name can hold anything.
    let ppid = stat.rsplit_once(") ")?.1.split(' ').nth(1)?;
    Some(Pid::from_raw(ppid.parse().ok()?))
}

/// Stops this process and its group; returns when it is continued.
///
/// The group gets SIGTSTP, so that a wrapper stops with us and the shell notices. We ourselves have a handler for
/// that one and take SIGSTOP.
pub(super) fn stop(signals: &Signals) -> io::Result<()> {
    signals.expect_own_stop();
    kill_current_process_group(Signal::TSTP)?;
    signals.await_own_stop();
    stop_here()
}

/// Stops this process; returns when it is continued. The signal goes to this thread: with one for the process,
/// another thread may take it and this one runs on for a moment, on a terminal that is the shell's already.
pub(super) fn stop_here() -> io::Result<()> {
    signal_hook::low_level::raise(signal_hook::consts::SIGSTOP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(number: i32) -> Pid {
        Pid::from_raw(number)
    }

    /// Processes as (pid, parent, group, session).
    fn watched_in(table: &[(i32, i32, i32, i32)], of: i32) -> bool {
        let find = |of: Pid| table.iter().find(|row| pid(row.0) == of);
        let ids = |of: Pid| find(of).map(|row| Ids { group: pid(row.2), session: pid(row.3) });
        let parent_of = |of: Pid| find(of).map(|row| pid(row.1));
        watched(ids(pid(of)).unwrap(), parent_of(pid(of)).unwrap(), ids, parent_of)
    }

    #[test]
    fn a_job_of_a_shell_can_stop() {
        assert!(watched_in(&[(10, 1, 10, 10), (20, 10, 20, 10)], 20));
    }

    #[test]
    fn the_command_of_a_pane_or_of_ssh_cannot() {
        // Its parent is the multiplexer or sshd, of another session.
        assert!(!watched_in(&[(5, 1, 5, 5), (20, 5, 20, 20)], 20));
    }

    #[test]
    fn a_wrapper_is_looked_through() {
        let job = [(10, 1, 10, 10), (20, 10, 20, 10), (21, 20, 20, 10)];
        assert!(watched_in(&job, 21));
        let without_job_control = [(5, 1, 5, 5), (20, 5, 20, 20), (21, 20, 20, 20)];
        assert!(!watched_in(&without_job_control, 21));
    }

    /// A shell that was started inside a PID namespace by somebody outside: its session's number is not known there.
    #[test]
    fn a_session_from_outside_the_namespace_counts_like_any_other() {
        assert!(watched_in(&[(10, 0, 10, 0), (20, 10, 20, 0)], 20));
        assert!(!watched_in(&[(10, 0, 0, 0), (20, 10, 20, 20)], 20));
        assert!(!watched_in(&[(20, 0, 0, 0)], 20));
    }

    #[test]
    fn an_ancestor_that_is_gone_or_a_circle_is_no_shell() {
        assert!(!watched_in(&[(20, 10, 20, 10)], 20));
        assert!(!watched_in(&[(20, 21, 20, 10), (21, 20, 20, 10)], 20));
    }
}
