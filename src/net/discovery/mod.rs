//! Where the lab is, according to the files that an installation of Juice keeps on this machine.
//!
//! Looks where Juice's own Python client looks and by the same rules (`orangeqs.juice.settings` of orangeqs-juice-core
//! 26.43.0; [`layers`] has them), and goes on where that one gives up: what cannot be read becomes a [`Warning`] with file
//! and line, and the next source counts. It only reads; it neither writes nor dials.
//!
//! The sources, first to last:
//! 1. `task-manager-connection-info` of the runtime data, which a running task manager wrote (`ip`, `router_port`);
//! 2. `task-manager` of the configuration, `[network]`;
//! 3. `juice-task-manager:5124`, the name inside the lab's own container network.

pub mod layers;
mod packages;
#[cfg(test)]
mod tests;

use std::{fmt, path::PathBuf};

use toml::{Table, Value};

use self::layers::{Layers, Roots};
use super::address::{Address, ROUTER_PORT, SERVICE_PORT, authority};

/// The host that a task manager has where no file names another.
pub const DEFAULT_HOST: &str = "juice-task-manager";

/// The port on which a service's supervisord answers where no file names another.
const SUPERVISOR_PORT: u16 = 9001;

/// The entry point of a service for which none is configured.
const DEFAULT_ENTRYPOINT: &str = "orangeqs.juice.service:IPythonService";

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The configuration: `/etc/juice/config`.
    pub config_dir: PathBuf,
    /// The runtime data: `/var/run/juice`.
    pub run_dir: PathBuf,
    /// Python's `site-packages` folders, whose packages may carry configuration (entry points `juice.config`).
    pub site_packages: Vec<PathBuf>,
    /// Who asks, as Juice calls them: `user-NAME`, `service-NAME` (`$JUICE_IDENTITY`). It tells which token is theirs.
    pub identity: Option<String>,
}

impl Places {
    /// The places of an ordinary installation: no environment variable moves the first two (nor does any in Python).
    /// Packages are looked for in `/env/.venv`, where Juice's containers have them, and in `$VIRTUAL_ENV`.
    pub fn system() -> Places {
        let environments =
            [Some(PathBuf::from("/env/.venv")), std::env::var_os("VIRTUAL_ENV").map(PathBuf::from)];
        Places {
            config_dir: PathBuf::from("/etc/juice/config"),
            run_dir: PathBuf::from("/var/run/juice"),
            site_packages: packages::site_packages(environments.into_iter().flatten()),
            identity: std::env::var("JUICE_IDENTITY").ok(),
        }
    }
}

/// What the files say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The router, as `ws://host:port`.
    pub url: String,
    /// Where its bus is heard over ZeroMQ, as `tcp://host:port`, if the same file says so.
    pub bus: Option<String>,
    /// Where that is from.
    pub source: Source,
    /// `juice_setup_name` of the orchestration: what the lab calls itself.
    pub setup_name: Option<String>,
    /// The services: the configured ones in their order, then those that Juice adds.
    pub services: Vec<Service>,
    /// The version of orangeqs-juice-core that the task manager runs, where it wrote that down.
    pub juice_version: Option<String>,
    /// The lab's database, where the token is missing with the reason for that.
    pub influx: Database,
    /// What could not be used.
    pub warnings: Vec<Warning>,
}

/// Where the router's address is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File {
        /// The file that gave the host (or, where only a port is given, the port).
        path: PathBuf,
        /// The keys in it, e.g. `ip, router_port`.
        keys: &'static str,
    },
    /// No file says anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File { path, keys } => write!(f, "{} ({keys})", path.display()),
            Source::Default => f.write_str("Juice's default, no file names another"),
        }
    }
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name, the target of its tasks.
    pub name: String,
    /// `module:Class` that makes it.
    pub entrypoint: String,
    /// Juice adds it without anybody's writing it down.
    pub implied: bool,
    /// Its own port, as `ws://host:port`. Often reachable only inside the lab's network.
    pub url: String,
    /// The runtime data names a kernel for it. Stale after a crash.
    pub kernel: bool,
    /// Where its supervisord answers, as `host:port`. Mostly reachable only inside the lab's network.
    pub supervisor: String,
    /// The version of orangeqs-juice-core that it wrote down when it last started.
    pub version: Option<String>,
}

impl Service {
    /// What its entry point suggests: an IPython kernel rather than a plain service. A class of the lab's own does not
    /// tell, but a kernel in the runtime data does.
    pub fn is_ipython(&self) -> bool {
        self.kernel || self.entrypoint.ends_with(":IPythonService")
    }
}

/// Something that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file or folder.
    pub path: PathBuf,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// What is wrong and what follows from it; one sentence without a full stop.
    pub what: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path.display(), self.what),
            None => write!(f, "{}: {}", self.path.display(), self.what),
        }
    }
}

/// Reads the files. Always finds something: at worst the default.
pub fn discover(places: &Places) -> Found {
    let mut warnings = Vec::new();
    let packages = packages::configuration_folders(&places.site_packages, &mut warnings);
    let system = Roots { folders: vec![places.config_dir.clone()], packages: Vec::new() };
    let config = Roots { folders: vec![places.config_dir.clone()], packages };
    let run = Roots { folders: vec![places.run_dir.clone()], packages: Vec::new() };

    let (url, bus, source) = router(&run, &config, &mut warnings);
    // Of the administrator only, since 26.23 (read).
    let orchestration = layers::load(&system, "orchestration", &mut warnings).unwrap_or_default();
    let servers = layers::load(&config, "task-servers", &mut warnings).unwrap_or_default();
    let kernels = layers::load(&run, "ipykernel-connection", &mut warnings).unwrap_or_default();
    let infos = layers::load(&run, "juice-services-info", &mut warnings).unwrap_or_default();
    let wishes = layers::load(&config, "ipykernel", &mut warnings).unwrap_or_default();
    let influx = database(&orchestration, &config, places.identity.as_deref(), &mut warnings);

    Found {
        url,
        bus,
        source,
        setup_name: text(&orchestration.merged, &["juice_setup_name"]).map(str::to_owned),
        services: services(&orchestration, &servers, &kernels, &wishes, &infos, &mut warnings),
        juice_version: version(&infos, "task-manager"),
        influx,
        warnings,
    }
}

/// The database as Juice's files tell of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Database {
    /// `http://host:port`.
    pub url: String,
    /// The organisation.
    pub org: String,
    /// The bucket of the services' logs.
    pub logs: String,
    /// The token of whoever asks, or why there is none.
    pub token: Result<String, String>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({} of {})", self.url, self.org)
    }
}

/// The database, as whoever asks may read it.
fn database(
    orchestration: &Layers,
    config: &Roots,
    identity: Option<&str>,
    warnings: &mut Vec<Warning>,
) -> Database {
    let tokens = layers::load(config, "influxdb-tokens", warnings).unwrap_or_default();
    let logging = layers::load(config, "service-logging", warnings).unwrap_or_default();
    let of = |key: &str, default: &str| {
        text(&orchestration.merged, &["influxdb2", key]).unwrap_or(default).to_owned()
    };
    // All users have one together, services one each; who is nobody is a user.
    let token = match identity.unwrap_or("user-unknown").split_once('-') {
        Some(("user", _)) => Ok("user"),
        Some(("service", name)) => Ok(name),
        _ => Err("JUICE_IDENTITY is neither user-NAME nor service-NAME".to_owned()),
    };
    let token = token.and_then(|owner| {
        let token = text(&tokens.merged, &["tokens", owner, "token"]).map(str::to_owned);
        let whom = if owner == "user" { "users".to_owned() } else { format!("the service {owner}") };
        token.ok_or_else(|| {
            format!("the lab's configuration has no token for {whom} (influxdb-tokens, [tokens.{owner}])")
        })
    });
    Database {
        url: of("url", "http://juice-influxdb2:8086"),
        org: of("org", "orangeqs-juice"),
        logs: text(&logging.merged, &["bucket_name"]).unwrap_or("service_logs").to_owned(),
        token,
    }
}

/// Where a kernel publishes what its cells say.
#[derive(Clone, PartialEq, Eq)]
pub struct Channel {
    /// The service.
    pub service: String,
    /// Its host.
    pub host: String,
    /// The port of its output channel (IOPub).
    pub port: u16,
    /// What its messages are signed with (HMAC-SHA256); empty: they are not.
    pub key: String,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({} at {}:{})", self.service, self.host, self.port)
    }
}

/// The kernels that the runtime data names, by TCP and with signatures that can be checked. Some may be gone: a service that
/// crashed leaves its file.
pub fn channels(run_dir: &std::path::Path) -> Vec<Channel> {
    let run = Roots { folders: vec![run_dir.to_owned()], packages: Vec::new() };
    let kernels = layers::load(&run, "ipykernel-connection", &mut Vec::new()).unwrap_or_default();
    let Some(services) = table(&kernels.merged, &["services"]) else { return Vec::new() };
    let channel = |(name, settings): (&String, &Value)| {
        let settings = settings.as_table()?;
        let is = |key, wanted| text(settings, &[key]).is_none_or(|value| value == wanted);
        if !(is("transport", "tcp") && is("signature_scheme", "hmac-sha256")) {
            return None;
        }
        Some(Channel {
            service: name.clone(),
            host: text(settings, &["ip"])?.to_owned(),
            port: port(Some(value(settings, &["iopub_port"])?), 0).ok()?,
            key: text(settings, &["key"]).unwrap_or_default().to_owned(),
        })
    };
    services.iter().filter_map(channel).collect()
}

fn router(run: &Roots, config: &Roots, warnings: &mut Vec<Warning>) -> (String, Option<String>, Source) {
    let sources = [
        (run, "task-manager-connection-info", &[][..], "ip, router_port"),
        (config, "task-manager", &["network"][..], "network.ip, network.router_port"),
    ];
    for (roots, name, table, keys) in sources {
        let Some(layers) = layers::load(roots, name, warnings) else { continue };
        let at = |key| [table, &[key]].concat();
        let (ip, port) = (layers.origin(&at("ip")), layers.origin(&at("router_port")));
        // The runtime file is complete or nothing: Python would dial the host `None` without `ip`. In the configuration a
        // port may stand alone, and the host is the default then.
        let Some(path) = ip.or(if table.is_empty() { None } else { port }) else {
            if let Some(path) = port {
                let what = "gives no ip, so it is passed over".to_owned();
                warnings.push(Warning { path: path.to_owned(), line: None, what });
            }
            continue;
        };
        let host = match value(&layers.merged, &at("ip")) {
            None => Ok(DEFAULT_HOST),
            Some(Value::String(ip)) => Ok(ip.as_str()),
            Some(_) => Err("has an ip that is no text"),
        };
        let checked = host.map_err(str::to_owned).and_then(|host| {
            let port = self::port(value(&layers.merged, &at("router_port")), ROUTER_PORT)?;
            // Only an older Juice's bus is heard there: a port that is none must not hide the router.
            let bus = value(&layers.merged, &at("sub_port")).and_then(|bus| self::port(Some(bus), 0).ok());
            let bus = bus.map(|bus| format!("tcp://{}", authority(plain(host), bus)));
            Ok((address(host, port)?, bus))
        });
        match checked {
            Ok((url, bus)) => return (url, bus, Source::File { path: path.to_owned(), keys }),
            Err(fault) => {
                let what = format!("{fault}, so {name} is passed over");
                warnings.push(Warning { path: path.to_owned(), line: None, what });
            }
        }
    }
    (format!("ws://{DEFAULT_HOST}:{ROUTER_PORT}"), None, Source::Default)
}

/// A host without the brackets of an IPv6 address.
fn plain(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// `host` and `port` as a URL, an IPv6 address in brackets.
fn address(host: &str, port: u16) -> Result<String, String> {
    match Address::router(&authority(plain(host), port)) {
        Ok(address) => Ok(address.to_string()),
        Err(problem) => Err(format!("cannot be used ({})", problem.what)),
    }
}

/// A port: a number from 1 to 65535, or such a number as text, which pydantic takes too.
fn port(value: Option<&Value>, default: u16) -> Result<u16, String> {
    let number = match value {
        None => return Ok(default),
        Some(Value::Integer(number)) => u16::try_from(*number).ok(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    number.filter(|&n| n > 0).ok_or_else(|| "has a port that is no number from 1 to 65535".to_owned())
}

fn services(
    orchestration: &Layers,
    servers: &Layers,
    kernels: &Layers,
    wishes: &Layers,
    infos: &Layers,
    warnings: &mut Vec<Warning>,
) -> Vec<Service> {
    let mut named: Vec<(String, String, bool)> = Vec::new();
    if let Some(table) = table(&orchestration.merged, &["services"]) {
        for (name, settings) in table {
            let entrypoint = settings.get("entrypoint").and_then(Value::as_str).unwrap_or(DEFAULT_ENTRYPOINT);
            named.push((name.clone(), entrypoint.to_owned(), false));
        }
    }
    let has = |named: &[(String, String, bool)], name| named.iter().any(|(n, ..)| n == name);
    if !has(&named, "task-manager") {
        named.push(("task-manager".into(), "orangeqs.juice.task_manager:TaskManagerService".into(), true));
    }
    // The older name of the shared service; where it is configured there is no other.
    if has(&named, "device") {
        named.retain(|(name, ..)| name != "shared");
    } else if !has(&named, "shared") {
        named.push(("shared".into(), DEFAULT_ENTRYPOINT.into(), true));
    }
    named
        .into_iter()
        .map(|(name, entrypoint, implied)| Service {
            url: own_port(servers, &name, warnings),
            kernel: table(&kernels.merged, &["services", &name]).is_some(),
            supervisor: supervisor(wishes, &name, warnings),
            version: version(infos, &name),
            name,
            entrypoint,
            implied,
        })
        .collect()
}

/// The version of orangeqs-juice-core that a service wrote down.
fn version(infos: &Layers, name: &str) -> Option<String> {
    let path = ["services", name, "user_installed_packages", "orangeqs-juice-core", "version"];
    text(&infos.merged, &path).map(str::to_owned)
}

/// Where a service's supervisord answers: `juice-NAME:9001` where nothing else is configured for its kernel.
fn supervisor(wishes: &Layers, name: &str, warnings: &mut Vec<Warning>) -> String {
    let default = authority(&format!("juice-{name}"), SUPERVISOR_PORT);
    let at = ["services", name];
    let Some(settings) = table(&wishes.merged, &at) else { return default };
    let host = match settings.get("ip") {
        None => Ok(format!("juice-{name}")),
        Some(Value::String(ip)) => Ok(ip.trim_start_matches('[').trim_end_matches(']').to_owned()),
        Some(_) => Err("has an ip that is no text".to_owned()),
    };
    let found = host.and_then(|host| {
        let port = port(settings.get("supervisor_port"), SUPERVISOR_PORT)?;
        address(&host, port).map(|_| authority(&host, port))
    });
    found.unwrap_or_else(|fault| {
        if let Some(path) = wishes.origin(&at) {
            let what = format!("services.{name} {fault}, so it is not controlled there");
            warnings.push(Warning { path: path.to_owned(), line: None, what });
        }
        default
    })
}

/// The address of a service's own port; `juice-NAME:5120` where nothing else is configured.
fn own_port(servers: &Layers, name: &str, warnings: &mut Vec<Warning>) -> String {
    let default = format!("juice-{name}");
    let at = ["services", name];
    let Some(table) = table(&servers.merged, &at) else {
        return format!("ws://{}", authority(&default, SERVICE_PORT));
    };
    let host = match table.get("ip") {
        None => Ok(default.as_str()),
        Some(Value::String(ip)) => Ok(ip.as_str()),
        Some(_) => Err("has an ip that is no text".to_owned()),
    };
    let url = host.and_then(|host| address(host, port(table.get("port"), SERVICE_PORT)?));
    url.unwrap_or_else(|fault| {
        if let Some(path) = servers.origin(&at) {
            warnings.push(Warning {
                path: path.to_owned(),
                line: None,
                what: format!("services.{name} {fault}"),
            });
        }
        format!("ws://{}", authority(&default, SERVICE_PORT))
    })
}

/// The value at `path`.
fn value<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (last, tables) = path.split_last()?;
    let mut table = table;
    for key in tables {
        table = table.get(*key)?.as_table()?;
    }
    table.get(*last)
}

fn table<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Table> {
    value(table, path)?.as_table()
}

fn text<'a>(table: &'a Table, path: &[&str]) -> Option<&'a str> {
    value(table, path)?.as_str()
}
