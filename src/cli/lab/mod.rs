//! The lab that a command is about, and what of the person's files belongs to it.

mod find;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::DateTime;

use crate::{
    app::{
        keymap::{Binding, Keymap},
        services::About,
    },
    catalogue::{Catalogue, ServiceKind, kept::Kept},
    config::{Config, Folders, Loaded},
    history,
    keep::{
        self,
        sent::{Book, Where},
    },
    memory::Memory,
    net::{
        self, Endpoint,
        control::{Control, Controls},
        discovery::{Found, Places, Source},
        influx::Access,
    },
    recording::Head,
    run::recorder::Opening,
    store::{Limits, Store},
    theme::{Theme, Themes},
    wire::Text,
};

/// A lab that was looked for: always somewhere to connect to.
#[derive(Debug)]
pub struct Lab {
    /// Where.
    pub endpoint: Option<Endpoint>,
    /// Where the bus of an older Juice is heard, if not where it usually is.
    pub bus: Option<String>,
    /// Where the address is from, in words.
    pub source: String,
    /// Its name for the header.
    pub name: String,
    /// It is one of the configuration's list, by that name.
    pub listed: bool,
    /// Services spoken to alone.
    pub alone: Vec<(Text, String)>,
    /// Services that are known beforehand (the demonstration's).
    pub named: Vec<Text>,
    /// What Juice's files say; `None` where they were not looked at, for an address was given.
    pub found: Option<Found>,
    /// Where Juice's files are.
    pub places: Places,
    /// The person's own folders.
    pub folders: Folders,
    /// The person's own configuration.
    pub loaded: Loaded,
    /// Juice's runtime files, where they were looked at.
    pub run_dir: Option<PathBuf>,
    /// A certificate authority of the person's own.
    pub ca_file: Option<PathBuf>,
    /// That was typed, and stands in no configuration.
    pub ca_typed: bool,
    /// What is learned and done there is kept for later.
    pub keeps: bool,
}

/// The most that is read of what was kept of task types.
const MOST_KEPT: u64 = 64 * 1024 * 1024;
/// The most that is read of a token's file.
const MOST_TOKEN: u64 = 64 * 1024;

impl Lab {
    /// The lab that a recording tells of. Only the person's looks and keys are read; nothing is kept.
    pub fn of_recording(head: &Head) -> Lab {
        let folders = Folders::find();
        let loaded = crate::config::load(&folders);
        Lab {
            endpoint: None,
            bus: None,
            source: "a recording".to_owned(),
            name: head.lab.to_string(),
            listed: false,
            alone: Vec::new(),
            named: head.services.clone(),
            found: None,
            places: Places::default(),
            folders,
            loaded,
            run_dir: None,
            ca_file: None,
            ca_typed: false,
            keeps: false,
        }
    }

    /// What a recording says of it in its first line.
    pub(crate) fn opening(&self) -> Opening {
        let address = match &self.endpoint {
            Some(Endpoint::Router { url }) => url.clone(),
            Some(Endpoint::Edge { base, .. }) => base.clone(),
            None => String::new(),
        };
        Opening { lab: self.name.clone(), address, services: self.services() }
    }

    /// The arguments that lead another juicetop here.
    pub fn place(&self) -> Vec<String> {
        let mut place = Vec::new();
        if self.listed {
            place.extend(["--lab".to_owned(), self.name.clone()]);
        } else if let Some(Endpoint::Router { url }) = &self.endpoint {
            place.extend(["--url".to_owned(), url.clone()]);
            if let Some(bus) = &self.bus {
                place.extend(["--bus".to_owned(), bus.clone()]);
            }
        }
        if let Some(file) = self.ca_file.as_ref().filter(|_| self.ca_typed || !self.listed) {
            let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            place.extend(["--ca-file".to_owned(), file.display().to_string()]);
        }
        place
    }

    /// The log of what is sent, by `screen` or `submit`.
    pub fn book(&self, by: &'static str) -> Book {
        let router = match &self.endpoint {
            Some(Endpoint::Router { url }) => url.clone(),
            _ => String::new(),
        };
        let place = Where { router, alone: self.alone.clone(), by };
        Book::new(self.folders.sent_file().filter(|_| self.keeps), place)
    }

    /// The person's configuration.
    pub fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// What this program may take. All labs of one program share it.
    pub fn memory(&self) -> Memory {
        Memory::of(self.config().limits.memory)
    }

    /// How to connect; what comes from there takes its share of that memory.
    pub fn options(&self, memory: &Memory) -> net::Options {
        net::Options {
            endpoint: self.endpoint.clone(),
            bus: self.bus.clone(),
            alone: self.alone.clone(),
            ca_file: self.ca_file.clone(),
            ..net::Options::within(memory)
        }
    }

    /// An empty store with the limits of the configuration.
    pub fn store(&self, memory: &Memory) -> Store {
        Store::new(Limits { ended_tasks: self.config().limits.ended_tasks, memory: memory.room() })
    }

    /// The services that this machine's files name, those spoken to alone before them.
    pub fn services(&self) -> Vec<Text> {
        let mut names: Vec<Text> = self.alone.iter().map(|(n, _)| n.clone()).collect();
        names.extend(self.named.iter().cloned());
        for service in self.found.iter().flat_map(|f| &f.services) {
            let name = Text::from(service.name.as_str());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Why nothing can be sent although nobody forbade it.
    pub fn watch_only(&self) -> Option<String> {
        matches!(self.endpoint, Some(Endpoint::Edge { .. }))
            .then(|| "through the edge one can watch but not submit".to_owned())
    }

    /// The task types that are known: Juice's own and those of the person's catalogue files. What is wrong in those
    /// files is told when they are opened on the screen.
    pub fn catalogue(&self) -> Catalogue {
        let mut catalogue = Catalogue::new();
        self.add_types(&mut catalogue);
        catalogue
    }

    /// Adds the types of the person's catalogue files, and what kinds of services this machine's files name; what is
    /// wrong in the files comes back, a sentence each.
    pub fn add_types(&self, catalogue: &mut Catalogue) -> Vec<String> {
        let mut problems = Vec::new();
        for file in &self.loaded.catalogues {
            let path = file.path.display().to_string();
            let wrong = catalogue.add_dated_file(&path, &file.text, file.modified.map(DateTime::from));
            problems.extend(wrong.iter().map(|p| format!("{path}:{}: {}", p.line, p.what)));
        }
        if let Some(path) = self.types_file() {
            let kept = match keep::read(&path, MOST_KEPT) {
                Ok(None) => Ok(Kept::default()),
                Ok(Some(text)) => Kept::read(&text),
                Err(e) => Err(e.to_string()),
            };
            match kept {
                Ok(kept) => catalogue.remember(kept),
                Err(why) => problems.push(format!(
                    "{}: what was learned of task types cannot be used ({why}); it is put aside when the next is kept",
                    path.display()
                )),
            }
        }
        for service in self.found.iter().flat_map(|f| &f.services) {
            catalogue.set_kind(&service.name, ServiceKind::of_entrypoint(&service.entrypoint));
        }
        problems
    }

    /// The names of all labs of the configuration's list.
    pub fn listed_labs(&self) -> impl Iterator<Item = &str> {
        self.loaded.labs.iter().map(String::as_str)
    }

    /// Where what is learned of task types is kept.
    pub fn types_file(&self) -> Option<PathBuf> {
        self.folders.lab_folder(&self.name).filter(|_| self.keeps).map(|folder| folder.join("types.json"))
    }

    /// The file of the history, and how much it may hold. `None`: nobody knows where, or this lab is not real.
    pub fn history(&self) -> Option<(PathBuf, history::Limits)> {
        let limits = self.config().limits;
        let days = u64::try_from(limits.history_days).unwrap_or(u64::MAX);
        let limits = history::Limits {
            age: Duration::from_secs(days.saturating_mul(86_400)),
            bytes: limits.history_bytes as u64,
            text: limits.history_text_bytes,
        };
        let folder = self.folders.lab_folder(&self.name).filter(|_| self.keeps)?;
        Some((folder.join("history.db"), limits))
    }

    /// The lab's database, or why it cannot be asked: what Juice's files say, and the person's own configuration before them.
    ///
    /// # Errors
    /// One sentence without a full stop.
    pub fn influx(&self) -> Result<Access, String> {
        if !self.keeps {
            return Err("a demonstration has none".to_owned());
        }
        let own = &self.config().influxdb;
        let found = self.found.as_ref().map(|found| &found.influx);
        let Some(url) = own.url.clone().or_else(|| found.map(|found| found.url.clone())) else {
            let why = "the lab's address was named, so its configuration is not looked for here";
            return Err(format!("{why} ([influxdb] url of your own would name it)"));
        };
        let token = match (&own.token_file, found) {
            (Some(file), _) => read_token(file)?,
            (None, Some(found)) => found.token.clone()?,
            (None, None) => return Err("no token is known for it ([influxdb] token-file)".to_owned()),
        };
        let or = |own: &Option<String>, found: Option<&String>, default: &str| {
            own.clone().or_else(|| found.cloned()).unwrap_or_else(|| default.to_owned())
        };
        Ok(Access {
            url,
            org: or(&own.org, found.map(|found| &found.org), "orangeqs-juice"),
            logs: or(&own.logs, found.map(|found| &found.logs), "service_logs"),
            tasks: or(&own.tasks, None, "task-manager"),
            token,
            ca_file: self.ca_file.clone(),
        })
    }

    /// How its services are controlled, or why they cannot be from here.
    ///
    /// # Errors
    /// One sentence without a full stop.
    pub fn controls(&self) -> Result<Controls, String> {
        match (&self.found, &self.run_dir) {
            _ if !self.keeps => Err("the demonstration's services have no processes".to_owned()),
            (Some(found), Some(run_dir)) => Ok(Controls::of(found, run_dir.clone())),
            _ => Err("the lab's address was named, so the files that tell where its services are controlled are not looked for \
                     (--juice-config and --juice-run name their folders)"
                .to_owned()),
        }
    }

    /// What the screen tells of each service that can be controlled.
    pub fn about(&self, controls: &Controls) -> Vec<About> {
        let found = self.found.iter().flat_map(|found| &found.services);
        let of = |control: &Control| {
            let service = found.clone().find(|service| service.name == control.service)?;
            Some(About {
                service: service.name.as_str().into(),
                url: service.url.clone(),
                supervisor: service.supervisor.clone(),
                entrypoint: service.entrypoint.clone(),
                version: service.version.clone(),
            })
        };
        controls.services.iter().filter_map(of).collect()
    }

    /// Where a lab was looked for, a line each, where only Juice's default address was left to be tried.
    pub fn looked(&self) -> Vec<String> {
        let default = Source::Default;
        let guessed = self.found.as_ref().is_some_and(|found| found.source == default);
        if !guessed || self.endpoint.is_none() || self.source != default.to_string() {
            return Vec::new();
        }
        let said = |path: &Path, what: &str| {
            let is = if path.exists() { "names none" } else { "is not there" };
            format!("{}, {what}: {is}", path.display())
        };
        let mut looked = vec![
            said(&self.places.run_dir, "where a running task manager writes its address"),
            said(&self.places.config_dir, "where it is configured"),
            format!("{}, its name inside Juice's own network: see above", self.name),
        ];
        let own = self.folders.config_file();
        looked.extend(own.map(|file| said(&file, "your own configuration")));
        looked
    }

    /// The configuration file is there and cannot be read at all.
    pub fn is_config_unreadable(&self) -> bool {
        let file = self.folders.config_file();
        self.loaded.problems.iter().any(|p| p.line.is_none() && p.file == file)
    }

    /// The theme of that name (else the configuration's), and what is wrong with its files.
    pub fn theme(&self, name: Option<&str>) -> (Theme, Vec<String>) {
        let themes = Themes::new(self.loaded.themes.clone());
        let (theme, problems) = themes.load(name.unwrap_or(&self.config().theme));
        (theme, problems.iter().map(ToString::to_string).collect())
    }

    /// The keys, and what is wrong with the configuration's.
    pub fn keymap(&self) -> (Keymap, Vec<String>) {
        keymap(&self.loaded, &self.folders)
    }

    /// What is wrong with keys and themes: the one in use and each of the person's own.
    pub fn look_problems(&self, theme: Option<&str>) -> Vec<String> {
        let mut problems = self.keymap().1;
        let own: Vec<String> = self
            .loaded
            .themes
            .iter()
            .filter_map(|(path, _)| path.file_stem().map(|s| s.to_string_lossy().into_owned()))
            .collect();
        for name in std::iter::once(theme).chain(own.iter().map(|n| Some(n.as_str()))) {
            for problem in self.theme(name).1 {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
        }
        problems
    }

    /// What could not be used of the files, in the order in which they were read.
    pub fn problems(&self) -> Vec<String> {
        let config = self.loaded.problems.iter().map(ToString::to_string);
        config.chain(self.own_problems()).collect()
    }

    /// What could not be used of the files that are this lab's alone.
    pub fn own_problems(&self) -> Vec<String> {
        let found = self.found.iter().flat_map(|f| &f.warnings).map(ToString::to_string);
        found.chain(self.open_token()).collect()
    }

    /// That others can read a token of the person's own, if they can. It is used all the same: a lab that cannot be watched is worse,
    /// and only the person can say who shares this machine.
    fn open_token(&self) -> Option<String> {
        let edge = match &self.endpoint {
            Some(Endpoint::Edge { token_file, .. }) => Some(token_file),
            _ => None,
        };
        let open: Vec<String> = edge
            .into_iter()
            .chain(&self.config().influxdb.token_file)
            .filter(|file| keep::is_open_to_others(file).unwrap_or(false))
            .map(|file| file.display().to_string())
            .collect();
        let files = open.join(" ");
        (!open.is_empty())
            .then(|| format!("others on this machine can read the token in {files}: chmod 600 {files}"))
    }
}

/// The token in a file.
fn read_token(file: &Path) -> Result<String, String> {
    let name = file.display();
    match keep::read(file, MOST_TOKEN) {
        Ok(Some(text)) if text.trim().chars().all(|c| c.is_ascii_graphic()) && !text.trim().is_empty() => {
            Ok(text.trim().to_owned())
        }
        Ok(Some(_)) => Err(format!("{name} holds no token: one word in one line")),
        Ok(None) => Err(format!("the token's file {name} is not there")),
        Err(why) => Err(format!("the token's file {name} cannot be read: {why}")),
    }
}

/// Adds what was learned of task types to what is kept. A sentence where something is to be told.
///
/// # Errors
/// One sentence where it could not be kept.
pub fn keep_types(path: &Path, kept: &Kept) -> Result<Option<String>, String> {
    let change = |now: Option<&str>| {
        let mut all = match now {
            Some(text) => Kept::read(text)?,
            None => Kept::default(),
        };
        all.merge(kept.clone());
        Ok(all.write())
    };
    match keep::change(path, MOST_KEPT, change) {
        Ok(aside) => Ok(aside.map(|aside| aside.sentence(path))),
        Err(e) => Err(format!("what was learned of task types is not kept: {}: {e}", path.display())),
    }
}

/// The keys, and what is wrong with the configuration's.
pub fn keymap(loaded: &Loaded, folders: &Folders) -> (Keymap, Vec<String>) {
    let binding = |b: &crate::config::KeyBinding| Binding {
        place: b.place.clone(),
        action: b.action.clone(),
        keys: b.keys.clone(),
        line: b.line,
    };
    let bindings: Vec<Binding> = loaded.config.keys.iter().map(binding).collect();
    let (keymap, problems) = Keymap::new(&bindings);
    let file = config_source(folders);
    (keymap, problems.iter().map(|p| format!("{file}:{}: {}", p.line, p.what)).collect())
}

fn config_source(folders: &Folders) -> String {
    folders.config_file().map_or_else(String::new, |f| f.display().to_string())
}
