//! The lab's orchestrator: it restarts the containers of services and builds their images, over a Unix socket.
//!
//! It does one thing at a time, so a build keeps every other caller waiting. It listens to root and to the user who owns the
//! lab's data; containers of services and of users are that user.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{Access, access};

use super::{
    super::problem::{io_words, tidy},
    xml::{self, Fault},
};
use crate::wire::control::Failure;

/// The socket's name in the folder of Juice's runtime files.
const SOCKET: &str = "orchestrator.sock";
/// How long it is waited for the end of a deed: others' builds may be done before it.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// Bytes of an answer: the journal of a build may come with it.
const MOST: u64 = 16 * 1024 * 1024;

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orchestrator {
    /// The socket.
    pub socket: PathBuf,
}

impl Orchestrator {
    /// The one whose socket is in this folder of runtime files.
    pub fn in_folder(run_dir: &Path) -> Orchestrator {
        Orchestrator { socket: run_dir.join(SOCKET) }
    }

    /// Why it cannot be asked from here, as far as that is seen without asking.
    pub fn barred(&self) -> Option<String> {
        let path = self.socket.display();
        match access(&self.socket, Access::WRITE_OK) {
            Ok(()) => None,
            Err(rustix::io::Errno::NOENT) => {
                Some(format!("the lab's orchestrator is not on this machine (no {path})"))
            }
            Err(rustix::io::Errno::ACCESS) => Some(format!(
                "{path} is for root and the user who owns the lab's data; from a container of the lab it can be used"
            )),
            Err(e) => Some(format!("{path} cannot be used: {}", io_words(&e.into()))),
        }
    }

    /// Restarts a service's container (`systemctl restart juice-NAME.service`).
    ///
    /// # Errors
    /// What failed, with the journal.
    pub fn restart(&self, service: &str) -> Result<(), Failure> {
        self.call("restart_service", &[service])
    }

    /// Builds a service's image (`systemctl restart juice-NAME-build.service`).
    ///
    /// # Errors
    /// What failed, with the journal.
    pub fn rebuild(&self, service: &str) -> Result<(), Failure> {
        self.call("rebuild_service", &[service, "quiet"])
    }

    fn call(&self, method: &str, params: &[&str]) -> Result<(), Failure> {
        let connected = UnixStream::connect(&self.socket);
        let mut stream = connected.map_err(|e| self.not_reached(&e))?;
        let doubtful = |what: String| Failure { doubtful: true, ..Failure::of(what, "") };
        let answer = post(&mut stream, &xml::call(method, params))
            .map_err(|e| doubtful(format!("the lab's orchestrator gave no answer: {}", io_words(&e))))?;
        let body = body(&answer).map_err(|why| {
            doubtful(format!(
                "what listens at {} does not answer as the lab's orchestrator does: {why}",
                self.socket.display()
            ))
        })?;
        match xml::answer(body) {
            Ok(_) => Ok(()),
            Err(Fault::Odd(why)) => {
                Err(doubtful(format!("the lab's orchestrator's answer cannot be read: {}", tidy(&why, 200))))
            }
            Err(Fault::Raised(_, said)) => {
                // `<class 'RuntimeError'>:Failed to …` and, behind `Logs:`, the unit's journal.
                let said = said.split_once(">:").map_or(said.as_str(), |(_, said)| said);
                let (what, log) = said.split_once("\nLogs:\n").unwrap_or((said, ""));
                let mut failure =
                    Failure::of(format!("the lab's orchestrator says: {}", tidy(what.trim(), 300)), "");
                failure.log = log.trim_end().to_owned();
                // What does not exist was not touched.
                failure.begun = what.trim_start().starts_with("Failed");
                Err(failure)
            }
        }
    }

    fn not_reached(&self, error: &io::Error) -> Failure {
        match (self.barred(), error.kind()) {
            (Some(why), _) => Failure::of(why, ""),
            (None, io::ErrorKind::ConnectionRefused) => Failure::of(
                format!("nobody listens at {}: the lab's orchestrator does not run", self.socket.display()),
                "the administrator starts it (systemctl start juice-orchestrator)",
            ),
            (None, _) => {
                Failure::of(format!("{} cannot be used: {}", self.socket.display(), io_words(error)), "")
            }
        }
    }
}

/// Asks, as Python's client does, and gives all that comes back.
fn post(stream: &mut UnixStream, body: &str) -> io::Result<String> {
    stream.set_read_timeout(Some(LONGEST))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let head = format!(
        "POST /RPC2 HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// What follows the head of an answer.
fn body(answer: &str) -> Result<&str, String> {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return Err(if answer.is_empty() { "it hung up" } else { "its answer has no end" }.to_owned());
    };
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status == "200" { Ok(body) } else { Err(format!("status {}", tidy(status, 20))) }
}
