//! What can be done to a service from outside: its process by its supervisord, its container and its image by the
//! lab's orchestrator, which restarts systemd's units.
//!
//! Everything here blocks, so it is for threads of its own. It refuses to call anything else of supervisord, which does
//! whatever anybody on the lab's network asks it for, and to interrupt a process in which no kernel was seen to
//! listen: there SIGINT is the end of it. The facts are from `orangeqs.juice.client.service`, `_orchestrator` and the
//! template `service_supervisor/supervisord.conf` of orangeqs-juice-core 26.43.0; all but the orchestrator's two deeds were
//! tried with a real supervisord.

pub mod orchestrator;
pub mod supervisor;
#[cfg(test)]
mod tests;
pub mod xml;

use std::{
    net::{TcpStream, ToSocketAddrs},
    path::PathBuf,
    thread,
    time::Duration,
};

use self::{orchestrator::Orchestrator, supervisor::Supervisor};
use super::discovery::{self, Channel, Found};
use crate::{
    clean::exact,
    time::Clock,
    wire::control::{Deed, Failure, Process},
};

/// A service that began this short a time ago may have no kernel yet, though an older one's address stands on the disk:
/// SIGINT would end it (supervisord itself calls it running after 10 s).
const YOUNG: Duration = Duration::from_secs(15);
/// How long a kernel's port is tried.
const PATIENCE: Duration = Duration::from_secs(3);
/// After so long supervisord has killed a process that did not end by itself.
const KILLED: Duration = Duration::from_secs(12);
/// How long a restarted process is watched, and how often.
const WATCHED: Duration = Duration::from_secs(40);
const OFTEN: Duration = Duration::from_millis(500);

/// How a lab's services are controlled from this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controls {
    /// Each service that the lab's configuration names.
    pub services: Vec<Control>,
    /// The orchestrator's socket.
    pub orchestrator: Orchestrator,
    /// Where the addresses of kernels stand.
    pub run_dir: PathBuf,
}

/// How one service is controlled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its name.
    pub service: String,
    /// What looks after its process.
    pub supervisor: Supervisor,
    /// The orchestrator knows it by its name: it is configured, not one of those that Juice adds by itself.
    pub has_unit: bool,
    /// The version of orangeqs-juice-core that it wrote down when it started.
    pub version: Option<String>,
}

impl Controls {
    /// From what Juice's files say.
    pub fn of(found: &Found, run_dir: PathBuf) -> Controls {
        let services = found.services.iter().map(|service| Control {
            service: service.name.clone(),
            supervisor: Supervisor::new(&service.supervisor),
            has_unit: !service.implied,
            version: service.version.clone(),
        });
        Controls { services: services.collect(), orchestrator: Orchestrator::in_folder(&run_dir), run_dir }
    }

    /// How that one is controlled.
    pub fn of_service(&self, service: &str) -> Option<&Control> {
        self.services.iter().find(|control| control.service == service)
    }

    /// Its supervisord and how that is asked.
    ///
    /// # Errors
    /// The lab's configuration names no such service.
    fn control(&self, service: &str) -> Result<&Control, Failure> {
        self.of_service(service).ok_or_else(|| {
            Failure::of(
                "the lab's configuration on this machine does not name it",
                "its orchestration file lists those that there are",
            )
        })
    }

    /// How the process is.
    ///
    /// # Errors
    /// Why nobody knows.
    pub fn process(&self, service: &str) -> Result<Process, Failure> {
        self.control(service)?.supervisor.process()
    }

    /// Stops the cell that runs, as Ctrl-C in a notebook does. A cell that waits (`await`) stops at its next event: send the
    /// service a task that runs beside it, such as a Ping. `may` is asked right before the signal goes out, which takes some
    /// seconds where nobody answers; where it says no, nothing is sent.
    ///
    /// # Errors
    /// Why it was not done: above all where no kernel listens, for there the signal would end the service.
    pub fn interrupt(&self, service: &str, may: impl FnOnce() -> bool) -> Result<(), Failure> {
        let supervisor = &self.control(service)?.supervisor;
        self.listens(service)?;
        let process = supervisor.process()?;
        if !process.runs() {
            return Err(Failure::of(
                format!("its process does not run ({})", process.state),
                "restart the process",
            ));
        }
        if process.uptime.is_none_or(|uptime| uptime < YOUNG) {
            return Err(Failure::of(
                "it has only just started: the signal could end it",
                format!("try again once it has run for {} s", YOUNG.as_secs()),
            ));
        }
        if !may() {
            return Err(Failure::of("it is not wanted any more", ""));
        }
        supervisor.signal("INT")
    }

    /// Whether a kernel is named for the service and listens.
    fn listens(&self, service: &str) -> Result<(), Failure> {
        let named = discovery::channels(&self.run_dir);
        let Some(Channel { host, port, .. }) = named.iter().find(|channel| channel.service == service) else {
            return Err(Failure::of(
                "it has no kernel by Juice's runtime files: the signal would end it",
                "a service that is no IPython service can only be restarted",
            ));
        };
        let shown = exact(host);
        let stale = |why: String| {
            Failure::of(
                format!(
                    "its kernel does not answer at {shown}:{port} ({why}), and without one the signal would end it"
                ),
                "",
            )
        };
        let addresses =
            (host.as_str(), *port).to_socket_addrs().map_err(|e| stale(super::problem::io_words(&e)))?;
        let mut last = "its name is not known here".to_owned();
        for address in addresses {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(_) => return Ok(()),
                Err(e) => last = super::problem::io_words(&e),
            }
        }
        Err(stale(last))
    }

    /// Ends the process and starts it anew; returns how it is then, as far as that is told. `told`: what is going on.
    ///
    /// # Errors
    /// What failed; where it was ended and not started again, that is said.
    pub fn restart_process(
        &self,
        service: &str,
        told: &mut dyn FnMut(&str),
    ) -> Result<Option<Process>, Failure> {
        self.restart_within(KILLED, service, told)
    }

    /// The same, where a process that does not end by itself is killed by then.
    fn restart_within(
        &self,
        killed: Duration,
        service: &str,
        told: &mut dyn FnMut(&str),
    ) -> Result<Option<Process>, Failure> {
        let supervisor = &self.control(service)?.supervisor;
        told("it is asked to end; after 10 s it is killed");
        if let Err(mut failure) = supervisor.stop() {
            if failure.doubtful {
                // It may end all the same, and must not stay so. One that runs says that it does.
                told("whether it ends is not known; it is started in any case");
                thread::sleep(killed);
                if supervisor.start().is_ok() {
                    failure.what.push_str("; it runs now");
                }
            }
            return Err(failure);
        }
        told("it has ended, and starts");
        if let Err(mut failure) = supervisor.start() {
            let how = if failure.doubtful {
                "whether it started again is not known"
            } else {
                "did not start again"
            };
            failure.what = format!("the process was ended, and {how}: {}", failure.what);
            failure.begun = true;
            return Err(failure);
        }
        Ok(supervisor.process().ok())
    }

    /// Restarts the container; returns how its process is then, where that is told within some time.
    ///
    /// # Errors
    /// What failed.
    pub fn restart_container(
        &self,
        service: &str,
        told: &mut dyn FnMut(&str),
    ) -> Result<Option<Process>, Failure> {
        let control = self.control(service)?;
        if !control.has_unit {
            return Err(no_unit());
        }
        told("the orchestrator restarts its unit");
        self.orchestrator.restart(service)?;
        told("it is restarted; its process starts");
        let clock = Clock::start();
        loop {
            let process = control.supervisor.process().ok();
            if process.as_ref().is_some_and(Process::runs) || clock.now().mono >= WATCHED {
                return Ok(process);
            }
            thread::sleep(OFTEN);
        }
    }

    /// Builds the service's image anew, which can take long; the service runs on with the old one until its container is
    /// restarted.
    ///
    /// # Errors
    /// What failed, with the journal of the build.
    pub fn rebuild(&self, service: &str) -> Result<(), Failure> {
        self.orchestrator.rebuild(service)
    }

    /// Why something cannot be done from here, as far as that is known without doing anything.
    pub fn barred(&self, service: &str, deed: Deed) -> Option<String> {
        let Some(control) = self.of_service(service) else {
            return Some("the lab's configuration on this machine does not name it".to_owned());
        };
        match deed {
            Deed::Interrupt => {
                let named = discovery::channels(&self.run_dir);
                (!named.iter().any(|channel| channel.service == service))
                    .then(|| "no kernel is registered for it: the signal would end the service".to_owned())
            }
            Deed::RestartProcess => None,
            Deed::RestartContainer | Deed::Rebuild if !control.has_unit => Some(no_unit().what),
            Deed::RestartContainer | Deed::Rebuild => self.orchestrator.barred(),
        }
    }
}

fn no_unit() -> Failure {
    Failure::of(
        "it is not in the lab's orchestration file, and the orchestrator restarts only what is",
        "the administrator restarts it with systemctl",
    )
}
