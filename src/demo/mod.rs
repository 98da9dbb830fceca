//! A lab inside the program: a server that speaks Juice's protocol, with services, colleagues and their mishaps.
//!
//! It imitates orangeqs-juice-core 26.43.0 on the wire, faults included, so that everything can be tried without a lab:
//! [`start`] binds a port of the loopback interface and serves `/tasks` and `/remote-sub` until the [`Demo`] is
//! dropped. It moves no hardware, reaches nothing outside, and refuses to share its coding of frames with the
//! client's: both might agree on a mistake.
//!
//! ```text
//! server ─ Client ┐                ┌ qubits, fridge, generator, kernel
//!     colleagues ─┴ router ─ slots ┼ service
//!               scheduler ─┘       └ check (pydantic), failure (tracebacks)
//!                        all tell the bus
//! ```

mod bus;
mod check;
mod colleagues;
mod failure;
mod fridge;
mod generator;
mod json;
mod kernel;
mod qubits;
mod rng;
mod router;
mod scheduler;
mod server;
mod service;
mod slots;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::{broadcast, oneshot, watch};

use self::{
    bus::Bus, fridge::Fridge, rng::Rng, scheduler::Scheduler, server::Parting, service::Service, slots::Slots,
};
use crate::time::Clock;

/// What goes on in the lab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// A working day: colleagues measure, calibrate and schedule; now and then something fails
    #[default]
    Day,
    /// Almost nothing happens
    Quiet,
    /// Hundreds of tasks a minute and long lines
    Busy,
    /// A service that dies and comes back, links that drop, chains and groups of exceptions
    Trouble,
    /// Names, results and errors full of control characters, bidi overrides and huge text
    Hostile,
}

/// What to start.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The port on 127.0.0.1; `None` (or 0) takes a free one.
    pub port: Option<u16>,
    /// What goes on.
    pub scenario: Scenario,
    /// Whether colleagues work at all; without them only the clients' own tasks run.
    pub colleagues: bool,
    /// The same seed gives the same story, as far as clients leave it alone.
    pub seed: u64,
    /// How much faster than in life the colleagues go from one task to the next: 1 is life.
    pub pace: f64,
    /// For how long the router tries to reach a service before it answers with an error; 15 s on the real one.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            port: None,
            scenario: Scenario::default(),
            colleagues: true,
            seed: 1,
            pace: 1.0,
            patience: Duration::from_secs(15),
        }
    }
}

/// A running demonstration. Dropping it closes every connection and ends its thread.
#[derive(Debug)]
pub struct Demo {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Demo {
    /// The router's address, `ws://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It can only have panicked; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

/// Starts the lab in a thread of its own.
///
/// # Errors
/// The port is taken, or the system gives no thread.
pub fn start(options: Options, clock: Clock) -> io::Result<Demo> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port.unwrap_or(0)))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel();
    let work = move || {
        runtime.block_on(async {
            tokio::select! {
                () = run(options, clock, listener) => {}
                _ = stopped => {}
            }
        });
    };
    // Payloads may be nested as deep as Python takes them.
    let thread = std::thread::Builder::new().name("demo".to_owned()).stack_size(8 << 20).spawn(work)?;
    Ok(Demo { address, stop: Some(stop), thread: Some(thread) })
}

/// The laboratory's services, the liveliest first.
pub const SERVICES: [&str; 6] = ["qubits", "lab", "awg", "cryo", "forms", "task-manager"];

/// The demonstration's task types: names of their own, and texts in the form that Juice's catalogue script prints (one JSON
/// object).
pub fn catalogues() -> [(&'static str, &'static str); 2] {
    [("the demonstration", service::CATALOGUE), ("the demonstration's forms", service::FORMS)]
}

async fn run(options: Options, clock: Clock, listener: TcpListener) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let lab = Arc::new(Lab::new(options, clock));
    tokio::spawn(Arc::clone(&lab).run_scheduler());
    tokio::spawn(beat(Arc::clone(&lab)));
    tokio::spawn(colleagues::work(Arc::clone(&lab)));
    server::serve(lab, listener).await;
}

/// Everything that the lab consists of.
#[derive(Debug)]
struct Lab {
    options: Options,
    clock: Clock,
    bus: Bus,
    slots: Slots,
    scheduler: Scheduler,
    services: Vec<Service>,
    /// When the router began to connect, by target that is not connected.
    dials: Mutex<HashMap<String, Duration>>,
    fridge: Mutex<Fridge>,
    rng: Mutex<Rng>,
    /// Ends all links at once.
    drops: broadcast::Sender<Parting>,
    /// Whether somebody has ever listened to the bus.
    watched: watch::Sender<bool>,
}

impl Lab {
    fn new(options: Options, clock: Clock) -> Lab {
        Lab {
            clock,
            bus: Bus::new(clock),
            slots: Slots::default(),
            scheduler: Scheduler::default(),
            services: service::services(),
            dials: Mutex::default(),
            fridge: Mutex::default(),
            rng: Mutex::new(Rng::new(options.seed)),
            drops: broadcast::channel(4).0,
            watched: watch::channel(false).0,
            options,
        }
    }
}

/// What passes over the bus without anybody's task: kernel states on start and every 60 s, the throttle state and the
/// refrigerator's points every 5 s.
async fn beat(lab: Arc<Lab>) {
    let kernels = || lab.services.iter().filter(|service| service.ipython);
    for state in ["connecting", "idle"] {
        kernels().for_each(|service| lab.bus.service_state(&service.name, state));
    }
    for count in 0_u64.. {
        lock(&lab.fridge).report(&lab.bus, &mut lock(&lab.rng));
        if count > 0 && count % 12 == 0 {
            kernels().for_each(|service| lab.bus.service_state(&service.name, service.state()));
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// Locks; what a panicking holder left is still good here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
