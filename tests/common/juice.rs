//! A real Juice on this machine: task manager, `lab` (IPython), `cryo` (Juice's mock refrigerator), `bench` (ours), and
//! the edge gateway.
//!
//! [`Juice::shared`] is one for all tests of a binary, so no test may break it; [`Juice::private`] is one's own, to kill,
//! stop and restart. Everything listens on free loopback ports, needs no root, and lives in a folder under the target
//! folder. Each process ends when its standard input closes, so that a killed test run leaves none behind.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::{
    fs::{FlockOperation, flock},
    process::{Pid, Signal, kill_process},
};
use serde_json::json;
use tokio::time::timeout;

use super::{
    client::{Bus, Event, Frame, PATIENCE, Tasks},
    influx::Influx,
    venv,
};

const MANAGER: &str = "task-manager";

/// Not a service, but a process like them; it has two ports.
const EDGE: &str = "edge";
const EDGE_TLS: &str = "edge-tls";

/// Neither; it has no port.
const ORCHESTRATOR: &str = "orchestrator";

/// What the edge gateway wants to be shown: `TOKEN` of `tests/juice/edge.py`.
pub const EDGE_TOKEN: &str = "edge-token-of-the-tests";

/// What `orchestration.toml` says about each service.
const SERVICES: [(&str, &str); 3] = [
    ("lab", r#"entrypoint = "orangeqs.juice.service:IPythonService""#),
    (
        "cryo",
        "entrypoint = \"orangeqs.juice.fridge._service:FridgeService\"\n\
         init_kwargs = { application_class = \"orangeqs.juice.fridge._mock_app:MockFridgeApplication\" }",
    ),
    ("bench", r#"entrypoint = "bench:Bench""#),
];

/// The first version of which it is known that its `ipykernel.toml` may name a supervisord's port. Older ones refuse such a file:
/// each supervisord is at 9001 of its service's own address. Here all services have one address, so juicetop reads a copy of the
/// configuration that has the ports.
const NAMES_SUPERVISORS: &str = "26.34.1";
const CONFIG_WITH_PORTS: &str = "config-with-ports";

/// The mock refrigerator of the older versions that are tried.
const OLDER_CRYO: &str = "entrypoint = \"orangeqs.juice.system_monitor._service:SystemMonitorService\"\n\
     init_kwargs = { init_module = \"orangeqs.juice.system_monitor._mock_entrypoint\" }";

/// How many tests can have a slot of their own on one Juice.
const LANES: usize = 128;

/// How long all processes may take to come up: about 10 s on two quiet cores, a minute was seen on very busy ones.
const UP_WITHIN: Duration = Duration::from_secs(180);

/// What kind of Juice is started.
#[derive(Clone, Copy, Default)]
struct Kind {
    /// Each service has a supervisord, and the lab an orchestrator.
    supervised: bool,
    /// It is of this older version.
    version: Option<&'static str>,
}

/// A running Juice.
pub struct Juice {
    folder: PathBuf,
    /// The virtual environment that it runs in.
    venv: PathBuf,
    kind: Kind,
    ports: Ports,
    processes: BTreeMap<String, Process>,
    database: Influx,
    lanes: AtomicUsize,
    /// Held as long as the folder is in use.
    _lock: fs::File,
}

struct Ports {
    router: u16,
    publish: u16,
    subscribe: u16,
    services: BTreeMap<String, u16>,
    /// Where the supervisords of services answer, if they have any.
    supervisors: BTreeMap<String, u16>,
}

/// A process and, in [`Child::stdin`], the pipe on which it depends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Juice {
    /// The Juice that all tests of this binary share, started by the first one that asks.
    ///
    /// `None`, with a note, where `JUICETOP_TEST_NO_JUICE=1` leaves these tests out; the test fails where there is no
    /// Juice otherwise.
    pub fn shared() -> Option<&'static Juice> {
        static SHARED: OnceLock<Result<Juice>> = OnceLock::new();
        if left_out() {
            return None;
        }
        let names: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).chain([EDGE]).collect();
        match SHARED.get_or_init(|| Juice::start(&names, Kind::default())) {
            Ok(juice) => Some(juice),
            Err(error) => panic!("no Juice: {error:#}\n\n{}", venv::REMEDY),
        }
    }

    /// A Juice of this test's own: the task manager and the services named (of `lab`, `cryo`, `bench`, `edge`). It ends when it
    /// is dropped.
    pub fn private(services: &[&str]) -> Option<Juice> {
        Juice::own(services, Kind::default())
    }

    /// The same of an older version, as it stands in the package index.
    pub fn older(version: &'static str, services: &[&str]) -> Option<Juice> {
        Juice::own(services, Kind { version: Some(version), ..Kind::default() })
    }

    /// The same, with a supervisord for each service, as in its container, and the lab's orchestrator, whose `systemctl`
    /// writes down what it is asked for ([`Juice::units`]) and restarts the service's process.
    pub fn supervised(services: &[&str]) -> Option<Juice> {
        Juice::own(services, Kind { supervised: true, ..Kind::default() })
    }

    /// [`Juice::supervised`] with an older version.
    pub fn older_supervised(version: &'static str, services: &[&str]) -> Option<Juice> {
        Juice::own(services, Kind { supervised: true, version: Some(version) })
    }

    fn own(services: &[&str], kind: Kind) -> Option<Juice> {
        if left_out() {
            return None;
        }
        match Juice::start(services, kind) {
            Ok(juice) => Some(juice),
            Err(error) => panic!("no Juice: {error:#}\n\n{}", venv::REMEDY),
        }
    }

    /// What `systemctl` was asked for, a line each.
    pub fn units(&self) -> String {
        fs::read_to_string(self.folder.join("systemctl.log")).unwrap_or_default()
    }

    /// From now on `systemctl` fails, and the journal says why.
    pub fn fail_units(&self, journal: &str) {
        fs::write(self.folder.join("journal"), journal).expect("a file");
    }

    /// The router: `ws://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.ports.router)
    }

    /// A service's own port, past the router: `ws://127.0.0.1:PORT`.
    pub fn service_url(&self, service: &str) -> String {
        format!("ws://127.0.0.1:{}", self.ports.services[service])
    }

    /// The edge gateway, for `--edge`; it wants [`EDGE_TOKEN`].
    pub fn edge_url(&self) -> String {
        format!("http://127.0.0.1:{}/lab", self.ports.services[EDGE])
    }

    /// The same with TLS. Its authority is known to nobody: see [`Juice::edge_ca`].
    pub fn edge_tls_url(&self) -> String {
        format!("https://localhost:{}/lab", self.ports.services[EDGE_TLS])
    }

    /// The certificate of the authority that vouches for the edge, as PEM; a program takes it from `SSL_CERT_FILE`.
    pub fn edge_ca(&self) -> PathBuf {
        self.folder.join("edge-ca.pem")
    }

    /// What `/etc/juice/config` is on a lab machine.
    pub fn config_dir(&self) -> PathBuf {
        let seen = self.folder.join(CONFIG_WITH_PORTS);
        if seen.exists() { seen } else { self.folder.join("config") }
    }

    /// What `/var/run/juice` is on a lab machine.
    pub fn run_dir(&self) -> PathBuf {
        self.folder.join("run")
    }

    /// Runs Python as a cell of a notebook in the lab; what it printed.
    pub fn run_cell(&self, code: &str) -> String {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/juice");
        let mut python = Command::new(venv::target_dir().join("juice-venv/bin/python"))
            .arg(ours.join("execute.py"))
            .arg(&self.folder)
            .env("PYTHONPATH", &ours)
            .env("MPLCONFIGDIR", &self.folder)
            .env("IPYTHONDIR", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the Python that has Juice");
        python.stdin.take().expect("a pipe").write_all(code.as_bytes()).expect("a cell to run");
        let output = python.wait_with_output().expect("the Python ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "the cell raised:\n{code}\n{out}\n{err}");
        out
    }

    /// The name of a service that nobody else uses, with a slot of its own at the router. `bench` answers it. In the
    /// configuration only the router knows it: on a screen it appears when it gets a task.
    pub fn lane(&self) -> String {
        let lane = self.lanes.fetch_add(1, Ordering::Relaxed);
        assert!(lane < LANES, "more tests than lanes: raise LANES");
        lane_name(lane)
    }

    /// The process of a service, or of `task-manager`.
    pub fn pid(&self, service: &str) -> Pid {
        Pid::from_child(&self.processes[service].0)
    }

    /// Waits until Juice, which does so once a second, has written a point to its database in which each of these words is the
    /// text of a tag or of a field.
    pub fn wait_until_written(&self, words: &[&str]) {
        let end = Instant::now() + PATIENCE;
        while !self.database.has(words) {
            assert!(Instant::now() < end, "Juice has written no point with {words:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends a process at once, as `kill -9` does.
    pub fn kill_service(&mut self, service: &str) {
        self.processes.remove(service).expect("the service runs");
    }

    /// Ends a process, if it runs, and starts it again on the same port; returns when it answers.
    pub fn restart_service(&mut self, service: &str) {
        self.processes.remove(service);
        let restarted = self.spawn(service).and_then(|()| self.wait_until_up());
        restarted.unwrap_or_else(|error| panic!("{service} did not come back: {error:#}"));
    }

    /// Stops a process as SIGSTOP does: its connections stay, it does nothing.
    pub fn stop_service(&mut self, service: &str) {
        kill_process(self.pid(service), Signal::STOP).expect("the service runs");
    }

    /// Lets a stopped process go on.
    pub fn continue_service(&mut self, service: &str) {
        kill_process(self.pid(service), Signal::CONT).expect("the service runs");
    }

    /// [`Juice::stop_service`] for the router.
    pub fn stop_router(&mut self) {
        self.stop_service(MANAGER);
    }

    /// [`Juice::continue_service`] for the router.
    pub fn continue_router(&mut self) {
        self.continue_service(MANAGER);
    }

    /// Starts a Juice; again with other ports where one was taken in between.
    fn start(services: &[&str], kind: Kind) -> Result<Juice> {
        let venv = kind.version.map_or_else(venv::ready, venv::older)?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Juice::start_once(services, kind, &venv) {
                Err(error) if attempts < 3 => eprintln!("trying again with other ports: {error:#}"),
                other => return other,
            }
        }
    }

    fn start_once(services: &[&str], kind: Kind, venv: &Path) -> Result<Juice> {
        let (folder, lock) = new_folder()?;
        let ports = Ports::free(services, kind.supervised)?;
        let database = Influx::start()?;
        configure(&folder, &ports, database.port, kind)?;
        if kind.supervised && kind.version.is_some_and(|version| version < NAMES_SUPERVISORS) {
            take_ports_away(&folder)?;
        }
        let lanes = AtomicUsize::new(0);
        let venv = venv.to_owned();
        let mut juice =
            Juice { folder, venv, kind, ports, processes: BTreeMap::new(), database, lanes, _lock: lock };
        if kind.supervised {
            juice.write_units()?;
            juice.spawn(ORCHESTRATOR)?;
        }
        for service in services.iter().chain([&MANAGER]) {
            juice.spawn(service)?;
        }
        juice.wait_until_up()?;
        // What it writes first makes the database's bucket; who asks before that is told that there is none.
        juice.wait_until_written(&[]);
        Ok(juice)
    }

    /// Starts one process.
    fn spawn(&mut self, service: &str) -> Result<()> {
        for port in self.ports.of(service) {
            fs::remove_file(self.up(port)).ok();
        }
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/juice");
        let bin = self.venv.join("bin");
        let log = fs::File::options().create(true).append(true).open(self.log(service))?;
        // uv has to be on the PATH: with it Juice writes down the versions of what is installed.
        let mut path = bin.clone().into_os_string();
        path.push(":");
        path.push(venv::target_dir().join("juice-venv/bin"));
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new(bin.join("python"));
        command.arg(ours.join("launch.py")).arg(&self.folder);
        match self.ports.supervisors.get(service) {
            Some(&port) => command.arg("supervisord").arg(self.supervisor(service, port)?),
            None => command.arg(service),
        };
        if service == ORCHESTRATOR {
            let mut units = self.folder.join("bin").into_os_string();
            units.push(":");
            units.push(&path);
            path = units;
        }
        if service == EDGE {
            command.args(self.ports.of(EDGE).iter().map(u16::to_string));
        }
        command.env("PATH", path).env("PYTHONPATH", &ours).env("VIRTUAL_ENV", &self.venv);
        command.env("MPLCONFIGDIR", &self.folder).env("IPYTHONDIR", &self.folder);
        if self.ports.supervisors.contains_key(service) {
            // What a dry run of a rebuild looks at.
            command.env("UV_PROJECT", self.folder.join("project"));
        }
        // A group of its own: Ctrl-C is for the tests, and takes the pipe with them.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        self.processes.insert(service.into(), Process(command.spawn()?));
        Ok(())
    }

    /// Writes the configuration of a service's supervisord, as Juice's installer does.
    fn supervisor(&self, service: &str, port: u16) -> Result<PathBuf> {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/juice/launch.py");
        let python = self.venv.join("bin/python");
        let (folder, log) = (self.folder.display(), self.log(service));
        let path = self.folder.join(format!("{service}.supervisord.conf"));
        let text = format!(
            "[inet_http_server]\nport = 127.0.0.1:{port}\n\n\
             [rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\n\
             [supervisord]\nnodaemon=true\npidfile={folder}/{service}.pid\nlogfile={folder}/{service}.supervisord.log\n\n\
             [program:juice-service]\ncommand={} {} {folder} {service}\n\
             autostart=true\nautorestart=true\nstartsecs=10\nstartretries=5\n\
             redirect_stderr=true\nstdout_logfile={}\nstdout_logfile_maxbytes=0\n",
            python.display(),
            ours.display(),
            log.display(),
        );
        fs::write(&path, text)?;
        Ok(path)
    }

    /// A `systemctl` and a `journalctl` for the orchestrator, and a project for the dry run of a rebuild.
    fn write_units(&self) -> Result<()> {
        let (folder, bin) = (self.folder.display(), self.folder.join("bin"));
        let python = venv::target_dir().join("juice-venv/bin/python");
        fs::create_dir(&bin)?;
        let project = self.folder.join("project");
        fs::create_dir(&project)?;
        let about =
            "[project]\nname = \"lab\"\nversion = \"1\"\nrequires-python = \">=3.10\"\ndependencies = []\n";
        fs::write(project.join("pyproject.toml"), about)?;
        let mut restarts = String::new();
        for (service, port) in &self.ports.supervisors {
            writeln!(
                restarts,
                "  'restart juice-{service}.service') {} -m supervisor.supervisorctl -s http://127.0.0.1:{port} restart juice-service ;;",
                python.display()
            )?;
        }
        let systemctl = format!(
            "#!/bin/sh\necho \"$*\" >> {folder}/systemctl.log\n[ ! -e {folder}/journal ] || exit 1\ncase \"$*\" in\n{restarts}esac\n"
        );
        for (name, script) in
            [("systemctl", systemctl), ("journalctl", format!("#!/bin/sh\ncat {folder}/journal\n"))]
        {
            fs::write(bin.join(name), script)?;
            fs::set_permissions(bin.join(name), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        }
        Ok(())
    }

    /// Waits until every process listens and answers through the router, and the bus carries events.
    fn wait_until_up(&mut self) -> Result<()> {
        let end = Instant::now() + UP_WITHIN;
        let mut waiting = self.ports.all();
        while !waiting.is_empty() {
            for (service, process) in &mut self.processes {
                if let Some(status) = process.0.try_wait()? {
                    bail!("{service} ended ({status}):\n{}", tail(&self.folder, service));
                }
            }
            ensure!(
                Instant::now() < end,
                "not up after {UP_WITHIN:?}: ports {waiting:?}, logs in {}",
                self.folder.display()
            );
            thread::sleep(Duration::from_millis(20));
            waiting.retain(|port| !self.up(*port).exists());
        }
        let is_service = |name: &&String| ![EDGE, ORCHESTRATOR].contains(&name.as_str());
        let (url, services) = (self.url(), self.processes.keys().filter(is_service).cloned().collect());
        // In a thread of its own, because the caller may be in an asynchronous test.
        let old = self.kind.version.is_some();
        let answers = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            if old {
                runtime.block_on(services_answer(&url, services));
            } else {
                runtime.block_on(everything_answers(&url, services));
            }
            anyhow::Ok(())
        });
        answers
            .join()
            .map_err(|_| anyhow::anyhow!("it listens, but does not answer: {}", self.folder.display()))?
    }

    /// The file that says that something listens on this port.
    fn up(&self, port: u16) -> PathBuf {
        self.folder.join("up").join(port.to_string())
    }

    /// What a process wrote.
    pub fn log(&self, service: &str) -> PathBuf {
        self.folder.join(format!("{service}.log"))
    }
}

impl Drop for Juice {
    fn drop(&mut self) {
        self.processes.clear();
        if !thread::panicking() {
            fs::remove_dir_all(&self.folder).ok();
        }
    }
}

impl Ports {
    /// Ports that are free now. Whoever wants one in the meantime may get it: the service then ends, and we try again.
    fn free(services: &[&str], supervised: bool) -> Result<Ports> {
        let supervised = services.iter().filter(|_| supervised);
        let listeners: Vec<TcpListener> = (0..2 * services.len() + 5)
            .map(|_| TcpListener::bind(("127.0.0.1", 0)))
            .collect::<Result<_, _>>()?;
        let mut free = Vec::new();
        for listener in &listeners {
            free.push(listener.local_addr()?.port());
        }
        let mut next = free.into_iter();
        let mut next = || next.next().context("as many as were asked for");
        let mut ports = Ports {
            router: next()?,
            publish: next()?,
            subscribe: next()?,
            services: BTreeMap::new(),
            supervisors: BTreeMap::new(),
        };
        for service in supervised {
            ports.supervisors.insert((*service).into(), next()?);
        }
        for service in services.iter().chain([&MANAGER]) {
            ports.services.insert((*service).into(), next()?);
            if *service == EDGE {
                ports.services.insert(EDGE_TLS.into(), next()?);
            }
        }
        Ok(ports)
    }

    /// Where the launcher tells that a process listens.
    fn of(&self, service: &str) -> Vec<u16> {
        match service {
            MANAGER => vec![self.services[MANAGER], self.router],
            EDGE => vec![self.services[EDGE], self.services[EDGE_TLS]],
            ORCHESTRATOR => Vec::new(),
            _ => vec![self.services[service]],
        }
    }

    fn all(&self) -> Vec<u16> {
        self.services.values().copied().chain([self.router]).collect()
    }
}

/// Whether the person asked for no Juice.
fn left_out() -> bool {
    let left_out =
        std::env::var_os("JUICETOP_TEST_NO_JUICE").is_some_and(|value| !value.is_empty() && value != "0");
    if left_out {
        eprintln!("skipped: JUICETOP_TEST_NO_JUICE is set, so there is no real Juice to test against");
    }
    left_out
}

fn lane_name(lane: usize) -> String {
    format!("bench-{lane:02}")
}

/// A fresh folder, locked. Folders whose test run is gone are removed first.
fn new_folder() -> Result<(PathBuf, fs::File)> {
    let all = venv::target_dir().join("juice");
    fs::create_dir_all(&all)?;
    let _lock = venv::locked(&venv::target_dir().join("juice.lock"))?;
    for old in fs::read_dir(&all)?.flatten() {
        let lock = fs::File::open(old.path().join("lock"));
        if lock.is_ok_and(|lock| flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok()) {
            fs::remove_dir_all(old.path()).ok();
        }
    }
    let folder = tempfile::Builder::new().prefix("").tempdir_in(&all)?.keep();
    let lock = venv::locked(&folder.join("lock"))?;
    for inner in ["config", "config-task-manager", "run", "up"] {
        fs::create_dir(folder.join(inner))?;
    }
    Ok((folder, lock))
}

/// Writes Juice's configuration, as an administrator would.
fn configure(folder: &Path, ports: &Ports, influx: u16, kind: Kind) -> Result<()> {
    // Whoever runs the tests owns the lab's data.
    let (user, group) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let mut orchestration = format!(
        "[influxdb2]\nurl = \"http://127.0.0.1:{influx}\"\n\n[data_folder]\nuser_id = {user}\ngroup_id = {group}\n"
    );
    let (mut servers, mut kernels) = (String::new(), String::new());
    let mut tokens = "[tokens.user]\nidentifier = \"x\"\ntoken = \"t\"\n".to_owned();
    for (service, port) in
        ports.services.iter().filter(|(name, _)| ![EDGE, EDGE_TLS].contains(&name.as_str()))
    {
        if let Some((_, about)) = SERVICES.iter().find(|(name, _)| name == service) {
            let about = if service == "cryo" && kind.version.is_some() { OLDER_CRYO } else { about };
            write!(orchestration, "\n[services.{service}]\n{about}\n")?;
        }
        write!(servers, "[services.{service}]\nip = \"127.0.0.1\"\nport = {port}\n\n")?;
        writeln!(kernels, "[services.{service}]\nip = \"127.0.0.1\"")?;
        if let Some(port) = ports.supervisors.get(service) {
            writeln!(kernels, "supervisor_port = {port}")?;
        }
        write!(tokens, "\n[tokens.{service}]\nidentifier = \"x\"\ntoken = \"t\"\n")?;
    }
    let Ports { router, publish, subscribe, .. } = ports;
    let manager = format!(
        "[network]\nip = \"127.0.0.1\"\nrouter_port = {router}\npub_port = {publish}\nsub_port = {subscribe}\n"
    );
    let mut lanes = String::new();
    if let Some(bench) = ports.services.get("bench") {
        for lane in 0..LANES {
            write!(lanes, "[services.{}]\nip = \"127.0.0.1\"\nport = {bench}\n\n", lane_name(lane))?;
        }
    }
    let config = folder.join("config");
    fs::write(config.join("orchestration.toml"), orchestration)?;
    fs::write(config.join("task-servers.toml"), servers)?;
    fs::write(config.join("task-manager.toml"), manager)?;
    fs::write(config.join("ipykernel.toml"), kernels)?;
    fs::write(config.join("influxdb-tokens.toml"), tokens)?;
    fs::write(folder.join("config-task-manager/task-servers.toml"), lanes)?;
    Ok(())
}

/// Keeps the ports of supervisords from Juice, whose older versions refuse them: see [`NAMES_SUPERVISORS`].
fn take_ports_away(folder: &Path) -> Result<()> {
    let (config, seen) = (folder.join("config"), folder.join(CONFIG_WITH_PORTS));
    fs::create_dir(&seen)?;
    for file in fs::read_dir(&config)?.flatten() {
        fs::copy(file.path(), seen.join(file.file_name()))?;
    }
    let kernels = fs::read_to_string(config.join("ipykernel.toml"))?;
    let kept = kernels.lines().filter(|line| !line.starts_with("supervisor_port"));
    Ok(fs::write(config.join("ipykernel.toml"), kept.collect::<Vec<_>>().join("\n"))?)
}

/// Returns when every service answers through the router, whose bus may not be one that [`Bus`] reads.
async fn services_answer(url: &str, services: Vec<String>) {
    let mut tasks = Tasks::connect(url).await;
    for service in services {
        let pong = tasks.ask(Frame::new(&service, "Ping", json!({})).parallel()).await;
        assert_eq!(pong.json()["result"], "pong", "{service}");
    }
}

/// Returns when every service answers through the router, the bus carries events, and the task manager hears the
/// kernels; panics after the client's patience.
async fn everything_answers(url: &str, services: Vec<String>) {
    let mut bus = Bus::open(url).await;
    let mut tasks = Tasks::connect(url).await;
    for service in services {
        let pong = tasks.ask(Frame::new(&service, "Ping", json!({})).parallel()).await;
        assert_eq!(pong.json()["result"], "pong", "{service}");
        // Until it is connected to a kernel the task manager says nothing about its cells; it tries every few seconds.
        if service == "lab" || service == "cryo" {
            let topic = format!("IPythonServiceState.{service}.");
            let busy = |event: &Event| event.topic == topic && event.json["state"] == "busy";
            for _ in 0..100 {
                tasks
                    .ask(Frame::new(&service, "IPythonTask", json!({"code": "None", "run_async": false})))
                    .await;
                if timeout(Duration::from_millis(300), bus.wait_for(busy)).await.is_ok() {
                    break;
                }
            }
            assert!(bus.seen.iter().any(busy), "the task manager does not hear {service}");
        }
    }
}

/// The end of a log, for an error message.
fn tail(folder: &Path, service: &str) -> String {
    let log = fs::read_to_string(folder.join(format!("{service}.log"))).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
