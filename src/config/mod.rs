//! The person's own configuration: one TOML file, and folders for themes and catalogues beside it.
//!
//! It is read at the start and never written. Nothing in it can stop the program: what can't be used is told as a
//! [`Problem`] with its line, and the default stands. Where a mistake could make something less safe (the guard,
//! read-only), the safer reading is taken. Keys are kept as they are written; the keymap knows what they mean.

pub mod files;
mod labs;
pub mod notices;
pub mod source;

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;
use toml::de::DeValue;

pub use crate::catalogue::guard::Guard;
pub use files::{CatalogueFile, Folders, Loaded, catalogues, load};
pub use labs::ListedLab;
pub use notices::{Desktop, Notices};
pub use source::Problem;

use crate::memory;
use source::Source;

/// The configuration file's name in the configuration folder.
pub const FILE: &str = "config.toml";

/// A configuration file with every setting, for people to begin with: it says nothing before they change it.
pub const SAMPLE: &str = include_str!("sample.toml");

/// Whether to draw with ASCII signs only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ascii {
    /// As the locale says.
    #[default]
    Auto,
    /// Always.
    Yes,
    /// Never.
    No,
}

/// In which order a traceback's entries are shown first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TracebackOrder {
    /// Where it was raised comes first.
    #[default]
    NewestFirst,
    /// As Python prints it.
    OldestFirst,
}

/// When the selected task stands beside the lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// On a wide screen.
    #[default]
    Auto,
    /// As soon as both have room.
    Always,
    /// Not at all.
    Never,
    /// From so many columns on.
    From(u16),
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Ended tasks in the lists.
    pub ended_tasks: usize,
    /// Bytes that the whole program may take.
    pub memory: usize,
    /// Days that the history on disk goes back.
    pub history_days: usize,
    /// Bytes of the history's file.
    pub history_bytes: usize,
    /// The largest payload or reply that the history keeps.
    pub history_text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            ended_tasks: 10_000,
            memory: memory::DEFAULT,
            history_days: 180,
            history_bytes: 512 * 1024 * 1024,
            history_text_bytes: 4 * 1024 * 1024,
        }
    }
}

/// How Juice's database is read, where that is to be another way than Juice's own configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Influxdb {
    /// Its address.
    pub url: Option<String>,
    /// The organisation.
    pub org: Option<String>,
    /// The bucket of the task manager's events.
    pub tasks: Option<String>,
    /// The bucket of the services' logs.
    pub logs: Option<String>,
    /// The file that holds a token for it.
    pub token_file: Option<PathBuf>,
    /// So many hours of tasks are read back; 0: none are.
    pub hours: usize,
}

impl Default for Influxdb {
    fn default() -> Influxdb {
        Influxdb { url: None, org: None, tasks: None, logs: None, token_file: None, hours: 24 }
    }
}

impl Influxdb {
    /// How far tasks are read back; `None`: not at all.
    pub fn back(&self) -> Option<Duration> {
        let hours = u64::try_from(self.hours).unwrap_or(u64::MAX).min(MOST_HOURS);
        (hours > 0).then(|| Duration::from_secs(hours * 3600))
    }
}

/// More of the past is not read than ten years.
const MOST_HOURS: u64 = 10 * 366 * 24;

/// One line of `[keys]`, as written: which keys do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBinding {
    /// The place for which its section is, `[keys.in.PLACE]`; `None`: it holds wherever the action works.
    pub place: Option<String>,
    /// The action's name.
    pub action: String,
    /// Its keys, each with the line it stands on; none: the action has no key.
    pub keys: Vec<(String, usize)>,
    /// The line of the name, from 1.
    pub line: usize,
}

/// What the configuration file says; the defaults where it says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The theme's name.
    pub theme: String,
    /// Which signs to draw with.
    pub ascii: Ascii,
    /// The terminal's window gets a title.
    pub title: bool,
    /// Clicks and the wheel are taken.
    pub mouse: bool,
    /// When the selected task stands beside the lanes.
    pub side: Side,
    /// The lab's address; `None`: look for it.
    pub url: Option<String>,
    /// Where the bus of an older Juice is heard, `tcp://HOST:PORT`, if not at port 5123 of the router's host.
    pub bus: Option<String>,
    /// The address of the lab's edge gateway, for watching from outside.
    pub edge: Option<String>,
    /// The file that holds the token for the edge.
    pub token_file: Option<PathBuf>,
    /// More certificate authorities to trust, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Juice's configuration folder, if it is another one than usual.
    pub juice_config: Option<PathBuf>,
    /// Juice's runtime data, if it is elsewhere than usual.
    pub juice_run: Option<PathBuf>,
    /// Services that are spoken to alone, with their addresses.
    pub services: Vec<(String, String)>,
    /// Nothing can be sent.
    pub read_only: bool,
    /// Hidden tasks are shown from the start.
    pub hidden: bool,
    /// A line of sensors stands below the lanes where they leave room.
    pub sensors: bool,
    /// Tasks are kept on disk for later runs.
    pub history: bool,
    /// How tracebacks are shown first.
    pub traceback: TracebackOrder,
    /// Which tasks need a confirmation.
    pub guard: Guard,
    /// How much is kept.
    pub limits: Limits,
    /// How Juice's database is read.
    pub influxdb: Influxdb,
    /// What the person is told of while they look elsewhere.
    pub notices: Notices,
    /// The lab's Python, which makes what only a task's class can make.
    pub python: Option<PathBuf>,
    /// That Python makes display names too where they cannot be told without it.
    pub exact_names: bool,
    /// Where folders of the machines on which services run are on this one.
    pub paths: Paths,
    /// Other keys for actions.
    pub keys: Vec<KeyBinding>,
    /// The list of labs, in the order of the file.
    pub labs: Vec<ListedLab>,
    /// Those that open when none is named, or why that cannot be told. None: the one that is found, or at `url`.
    pub opens: Result<Vec<String>, String>,
}

/// Folders as services name them, and where the same is on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths(Vec<(String, String)>);

impl Paths {
    /// A file of a service's as this machine names it: by the longest folder that holds it. `None`: no folder does.
    pub fn here(&self, file: &str) -> Option<String> {
        let inside = |folder: &str| {
            let rest = file.strip_prefix(folder.trim_end_matches(['/', '\\']))?;
            (rest.is_empty() || rest.starts_with(['/', '\\'])).then_some(rest)
        };
        let found = self.0.iter().filter_map(|(there, here)| Some((there.len(), inside(there)?, here)));
        let (_, rest, here) = found.max_by_key(|(length, _, _)| *length)?;
        // A Windows machine's separators are none here.
        Some(format!("{}{}", here.trim_end_matches('/'), rest.replace('\\', "/")))
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            theme: crate::theme::DEFAULT.to_owned(),
            ascii: Ascii::default(),
            title: true,
            mouse: false,
            side: Side::default(),
            url: None,
            bus: None,
            edge: None,
            token_file: None,
            ca_file: None,
            juice_config: None,
            juice_run: None,
            services: Vec::new(),
            read_only: false,
            hidden: false,
            sensors: true,
            history: true,
            traceback: TracebackOrder::default(),
            guard: Guard::default(),
            limits: Limits::default(),
            influxdb: Influxdb::default(),
            notices: Notices::default(),
            python: None,
            exact_names: true,
            paths: Paths::default(),
            keys: Vec::new(),
            labs: Vec::new(),
            opens: Ok(Vec::new()),
        }
    }
}

/// The keys outside tables, then the tables' names. `_` is taken for `-`.
const KEYS: [&str; 27] = [
    "theme",
    "ascii",
    "title",
    "mouse",
    "side",
    "url",
    "bus",
    "edge",
    "token-file",
    "ca-file",
    "juice-config",
    "juice-run",
    "lab",
    "read-only",
    "hidden",
    "sensors",
    "history",
    "traceback",
    "guard",
    "limits",
    "influxdb",
    "notices",
    "catalogue",
    "paths",
    "services",
    "keys",
    "labs",
];
const GUARD_KEYS: [&str; 1] = ["types"];
const CATALOGUE_KEYS: [&str; 2] = ["python", "exact-names"];
const INFLUXDB_KEYS: [&str; 6] = ["url", "org", "tasks", "logs", "token-file", "hours"];
const LIMIT_KEYS: [&str; 5] =
    ["ended-tasks", "memory", "history-days", "history-bytes", "history-text-bytes"];

impl Config {
    /// Reads the text of a configuration file; `file` is for the messages, and relative paths start at its folder.
    pub fn parse(file: &Path, text: &str) -> (Config, Vec<Problem>) {
        let mut source = Source::new(file, text);
        let mut config = Config::default();
        let (table, whole) = source.table();
        // What a lab says holds instead of the rest, and which ones open is said of those that there are.
        let is_late = |key: &str| matches!(key, "labs" | "lab");
        for (key, value) in table.iter().filter(|(key, _)| !is_late(key.get_ref())) {
            config.read(&mut source, key, value);
        }
        if !whole {
            // Types that were listed may be among what could not be read.
            config.guard.extend(crate::catalogue::guard::DEFAULT);
        }
        if let Some(value) = table.get("labs") {
            config.read_labs(&mut source, value, whole);
        }
        if let Some(value) = table.get("lab") {
            config.read_opens(&mut source, value);
        }
        // In the order of the file: a later line wins over an earlier one.
        config.keys.sort_by_key(|binding| binding.line);
        (config, source.finish())
    }

    fn read(
        &mut self,
        source: &mut Source<'_>,
        key: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let name = key.get_ref().as_ref().replace('_', "-");
        let name = name.as_str();
        match name {
            "theme" => put(&mut self.theme, source.string(name, value)),
            "ascii" => {
                let words = [("auto", Ascii::Auto), ("yes", Ascii::Yes), ("no", Ascii::No)];
                put(&mut self.ascii, source.choice(name, value, &words));
            }
            "title" => put(&mut self.title, source.boolean(name, value)),
            "mouse" => put(&mut self.mouse, source.boolean(name, value)),
            "side" => put(&mut self.side, side(source, name, value)),
            "url" => self.url = address(source, name, value, &["ws", "wss"]),
            "bus" => self.bus = address(source, name, value, &["tcp"]),
            "edge" => self.edge = address(source, name, value, &["http", "https"]),
            "token-file" => self.token_file = path(source, name, value),
            "ca-file" => self.ca_file = path(source, name, value),
            "juice-config" => self.juice_config = path(source, name, value),
            "juice-run" => self.juice_run = path(source, name, value),
            "services" => self.read_services(source, value),
            "read-only" => self.read_only = read_only(source, value),
            "hidden" => put(&mut self.hidden, source.boolean(name, value)),
            "sensors" => put(&mut self.sensors, source.boolean(name, value)),
            "history" => put(&mut self.history, source.boolean(name, value)),
            "traceback" => {
                let words = [
                    ("newest-first", TracebackOrder::NewestFirst),
                    ("oldest-first", TracebackOrder::OldestFirst),
                ];
                put(&mut self.traceback, source.choice(name, value, &words));
            }
            "guard" => self.read_guard(source, value),
            "limits" => self.read_limits(source, value),
            "influxdb" => self.read_influxdb(source, value),
            "notices" => self.notices.read(source, value),
            "catalogue" => self.read_catalogue(source, value),
            "paths" => self.read_paths(source, value),
            "keys" => self.read_keys(source, value),
            _ => source.unknown(key, KEYS),
        }
    }

    fn read_guard(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in source.subtable("guard", value).into_iter().flatten() {
            if key.get_ref() != "types" {
                source.unknown(key, GUARD_KEYS);
                continue;
            }
            let (types, whole) = source.strings("types", value);
            self.guard = Guard::new(types.into_iter().map(Spanned::into_inner));
            if !whole {
                // What was meant is not known: guard too much rather than too little.
                self.guard.extend(crate::catalogue::guard::DEFAULT);
            }
        }
    }

    fn read_catalogue(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in source.subtable("catalogue", value).into_iter().flatten() {
            let name = key.get_ref().replace('_', "-");
            match name.as_str() {
                "python" => {
                    let folder = source.file.parent().unwrap_or(Path::new(""));
                    // A bare name is looked for on the PATH, as a shell does.
                    self.python = source.string(&name, value).map(|path| match path.contains('/') {
                        true => folder.join(path),
                        false => PathBuf::from(path),
                    });
                }
                "exact-names" => put(&mut self.exact_names, source.boolean(&name, value)),
                _ => source.unknown(key, CATALOGUE_KEYS),
            }
        }
    }

    fn read_services(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in source.subtable("services", value).into_iter().flatten() {
            let name = key.get_ref().to_string();
            if let Some(url) = address(source, &name, value, &["ws", "wss"]) {
                self.services.push((name, url));
            }
        }
    }

    fn read_limits(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in source.subtable("limits", value).into_iter().flatten() {
            let name = key.get_ref().replace('_', "-");
            match name.as_str() {
                "ended-tasks" => put(&mut self.limits.ended_tasks, source.number(&name, value, 1)),
                "memory" => put(&mut self.limits.memory, source.number(&name, value, memory::LEAST)),
                "history-days" => put(&mut self.limits.history_days, source.number(&name, value, 1)),
                "history-bytes" => put(&mut self.limits.history_bytes, source.number(&name, value, 0)),
                "history-text-bytes" => {
                    put(&mut self.limits.history_text_bytes, source.number(&name, value, 0));
                }
                _ => source.unknown(key, LIMIT_KEYS),
            }
        }
    }

    fn read_influxdb(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in source.subtable("influxdb", value).into_iter().flatten() {
            let name = key.get_ref().replace('_', "-");
            let influxdb = &mut self.influxdb;
            match name.as_str() {
                "url" => influxdb.url = address(source, &name, value, &["http", "https"]),
                "org" => influxdb.org = source.string(&name, value),
                "tasks" => influxdb.tasks = source.string(&name, value),
                "logs" => influxdb.logs = source.string(&name, value),
                "token-file" => influxdb.token_file = path(source, &name, value),
                "hours" => put(&mut influxdb.hours, source.number(&name, value, 0)),
                _ => source.unknown(key, INFLUXDB_KEYS),
            }
        }
    }

    fn read_paths(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in source.subtable("paths", value).into_iter().flatten() {
            let there = key.get_ref().to_string();
            if let Some(here) = source.string(&there, value).filter(|_| !there.is_empty()) {
                self.paths.0.push((there, here));
            }
        }
    }

    fn read_keys(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in source.subtable("keys", value).into_iter().flatten() {
            if key.get_ref() != "in" {
                self.keys.extend(binding(source, None, key, value));
                continue;
            }
            for (place, value) in source.subtable("keys.in", value).into_iter().flatten() {
                let place = place.get_ref().to_string();
                for (key, value) in source.subtable(&format!("keys.in.{place}"), value).into_iter().flatten()
                {
                    self.keys.extend(binding(source, Some(place.clone()), key, value));
                }
            }
        }
    }
}

/// The keys of one action; what is wrong is told.
fn binding(
    source: &mut Source<'_>,
    place: Option<String>,
    key: &Spanned<impl AsRef<str>>,
    value: &Spanned<DeValue<'_>>,
) -> Option<KeyBinding> {
    let action = key.get_ref().as_ref().to_owned();
    let (keys, whole) = source.strings(&action, value);
    if !whole && keys.is_empty() {
        // Nothing usable is no wish to take the action's keys away.
        return None;
    }
    let keys = keys.into_iter().map(|key| {
        let line = source.line(&key.span());
        (key.into_inner(), line)
    });
    Some(KeyBinding { place, action, keys: keys.collect(), line: source.line(&key.span()) })
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A word, or a number of columns.
fn side(source: &mut Source<'_>, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Side> {
    if value.get_ref().as_integer().is_some() {
        let columns = source.number(name, value, 1)?;
        return Some(Side::From(u16::try_from(columns).unwrap_or(u16::MAX)));
    }
    let words = [("auto", Side::Auto), ("always", Side::Always), ("never", Side::Never)];
    source.choice(name, value, &words)
}

/// `true`, also where it is written as something else: whoever writes the key wants a screen that can't send.
fn read_only(source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) -> bool {
    value.get_ref().as_bool().unwrap_or_else(|| {
        source.wrong_type("read-only", value, "`true` or `false`; until then nothing can be sent");
        true
    })
}

/// A file or folder; a relative path starts at the configuration's folder.
fn path(source: &mut Source<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<PathBuf> {
    let folder = source.file.parent().unwrap_or(Path::new("")).to_owned();
    source.string(key, value).map(|path| folder.join(path))
}

/// An address with one of these schemes.
fn address(
    source: &mut Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    schemes: &[&str],
) -> Option<String> {
    let text = source.string(key, value)?;
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    if schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Some(text);
    }
    let known: Vec<String> = schemes.iter().map(|scheme| format!("{scheme}://HOST:PORT")).collect();
    source.problem(&value.span(), format!("`{key}` is \"{text}\""), format!("write {}", known.join(" or ")));
    None
}
