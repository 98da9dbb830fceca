//! A service's supervisord: how its process is, a signal, the end and a new beginning of it.
//!
//! Each service's container has one, with the one program `juice-service`. It answers XML-RPC over plain HTTP, without
//! asking who calls. It refuses to say that nothing was done where the question went out and no word of supervisord's own
//! came back.

use std::{io, time::Duration};

use chrono::DateTime;

use super::{
    super::problem::{io_words, tidy},
    xml::{self, Fault, Value},
};
use crate::{
    clean::exact,
    wire::control::{Failure, Process},
};

/// What the service's program is called in it.
const PROGRAM: &str = "juice-service";
/// How long a connection, and the answer to a short question, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end, or the beginning, of a process is waited for: each takes it ten seconds by its configuration.
const LONG: Duration = Duration::from_secs(90);
/// Bytes of an answer.
const MOST: u64 = 1024 * 1024;

/// The faults that are more than their words (`supervisor.xmlrpc.Faults`).
const BAD_NAME: i64 = 10;
const NOT_RUNNING: i64 = 70;
const ALREADY_STARTED: i64 = 60;

/// Where one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervisor {
    /// `host:port`.
    pub address: String,
}

impl Supervisor {
    /// The one at `host:port`.
    pub fn new(address: &str) -> Supervisor {
        Supervisor { address: address.to_owned() }
    }

    /// How the service's process is.
    ///
    /// # Errors
    /// Why nobody knows.
    pub fn process(&self) -> Result<Process, Failure> {
        let asked = self.call("supervisor.getProcessInfo", &[PROGRAM], PATIENCE);
        // Asking does nothing.
        let value = asked.map_err(|fault| Failure { doubtful: false, ..self.told(fault) })?;
        read(&value).ok_or_else(|| {
            Failure::of(format!("{} does not answer as a supervisord does", exact(&self.address)), "")
        })
    }

    /// Sends it a signal, by its name without `SIG`.
    ///
    /// # Errors
    /// Why it was not sent.
    pub fn signal(&self, name: &str) -> Result<(), Failure> {
        let done = self.call("supervisor.signalProcess", &[PROGRAM, name], PATIENCE);
        done.map(|_| ()).map_err(|fault| self.told(fault))
    }

    /// Ends it, and waits for that. One that does not run is ended already.
    ///
    /// # Errors
    /// Why it was not ended.
    pub fn stop(&self) -> Result<(), Failure> {
        match self.call("supervisor.stopProcess", &[PROGRAM], LONG) {
            Ok(_) | Err(Wrong::Fault(Fault::Raised(NOT_RUNNING, _))) => Ok(()),
            Err(fault) => Err(self.told(fault)),
        }
    }

    /// Starts it, and waits until it has run for a while. One that runs is started already.
    ///
    /// # Errors
    /// Why it does not run.
    pub fn start(&self) -> Result<(), Failure> {
        match self.call("supervisor.startProcess", &[PROGRAM], LONG) {
            Ok(_) | Err(Wrong::Fault(Fault::Raised(ALREADY_STARTED, _))) => Ok(()),
            Err(fault) => Err(self.told(fault)),
        }
    }

    fn call(&self, method: &str, params: &[&str], patience: Duration) -> Result<Value, Wrong> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_connect(Some(PATIENCE))
            .timeout_global(Some(patience))
            .http_status_as_error(false)
            .max_redirects(0)
            // It stands in the lab's own network: what the environment names for the world outside does not lead there.
            .proxy(None)
            .build()
            .into();
        let url = format!("http://{}/RPC2", self.address);
        let sent = agent.post(&url).header("Content-Type", "text/xml").send(xml::call(method, params));
        let mut answer = sent.map_err(Wrong::Http)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(Wrong::Status(status));
        }
        let body = answer.body_mut().with_config().limit(MOST).read_to_vec().map_err(Wrong::Http)?;
        xml::answer(&String::from_utf8_lossy(&body)).map_err(Wrong::Fault)
    }

    /// In words.
    fn told(&self, wrong: Wrong) -> Failure {
        let address = &exact(&self.address);
        let elsewhere = "it is reached from inside the lab's network; where it has another address, Juice's ipykernel.toml says so \
                         ([services.NAME] ip, supervisor_port)";
        match wrong {
            Wrong::Fault(Fault::Raised(BAD_NAME, _)) => {
                Failure::of(format!("the supervisord at {address} has no program {PROGRAM}"), elsewhere)
            }
            Wrong::Fault(Fault::Raised(code, said)) => Failure::of(
                format!("the supervisord at {address} refuses: {} ({code})", tidy(&said, 200)),
                "",
            ),
            // It may have been done and its answer lost on the way.
            Wrong::Fault(Fault::Odd(why)) => {
                let what = format!("{address} does not answer as a supervisord does: {}", tidy(&why, 200));
                Failure { doubtful: true, ..Failure::of(what, elsewhere) }
            }
            // So it is where supervisord fails over its own answer (500), or somebody in between waits in vain for one (504).
            // What stands before it and says 404 has asked nobody.
            Wrong::Status(status) => {
                let what = format!("{address} does not answer as a supervisord does (status {status})");
                Failure { doubtful: status >= 500, ..Failure::of(what, elsewhere) }
            }
            Wrong::Http(error) => {
                // Of a name that is not found the system gives no kind of error of its own.
                let unknown = |e: &io::Error| e.to_string().contains("lookup address");
                let unsent = |why: &str| (false, why.to_owned());
                let (doubtful, why) = match error {
                    ureq::Error::HostNotFound => unsent("its name is not known here"),
                    ureq::Error::Io(e) if unknown(&e) => unsent("its name is not known here"),
                    ureq::Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                        unsent(&io_words(&e))
                    }
                    ureq::Error::ConnectionFailed => unsent("nobody answers there"),
                    ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                        unsent("no answer in time")
                    }
                    ureq::Error::Timeout(_) => (true, "no answer in time".to_owned()),
                    ureq::Error::Io(e) => (true, io_words(&e)),
                    error => (true, tidy(&error.to_string(), 200)),
                };
                let what = format!("the supervisord at {address} cannot be reached: {why}");
                Failure { doubtful, ..Failure::of(what, elsewhere) }
            }
        }
    }
}

/// What `getProcessInfo` gives.
fn read(value: &Value) -> Option<Process> {
    let number = |name: &str| value.get(name).and_then(Value::number);
    let state = value.get("statename").and_then(Value::text)?.to_owned();
    let began = number("start").filter(|&at| at > 0);
    let there = matches!(state.as_str(), "RUNNING" | "STARTING" | "STOPPING");
    let uptime = began.zip(number("now")).map(|(began, now)| now.saturating_sub(began));
    let uptime = uptime.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    Some(Process {
        began: began.and_then(|at| DateTime::from_timestamp(at, 0)),
        uptime: uptime.filter(|_| there),
        pid: number("pid").filter(|&pid| pid > 0),
        trouble: value.get("spawnerr").and_then(Value::text).unwrap_or_default().to_owned(),
        state,
    })
}

/// What went wrong with a call.
#[derive(Debug)]
enum Wrong {
    Http(ureq::Error),
    Status(u16),
    Fault(Fault),
}
