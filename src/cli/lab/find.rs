//! Which lab, or labs, a command is about: what was typed, then what the configuration says, then what is found on this
//! machine.
//!
//! It refuses to take another lab than the one that was meant: a name that is not in the list, one whose place cannot be
//! read, or two that contradict each other end the command.

use std::path::PathBuf;

use crate::{
    cli::args::Place,
    config::{self, Config, Folders, Loaded},
    net::{
        Endpoint,
        address::{Address, parse_edge, parse_service},
        discovery::{Places, Source, discover},
    },
    wire::{
        Text,
        link::{Problem, ProblemKind},
    },
};

use super::Lab;

/// What Juice itself uses.
const RUN_DIR: &str = "/var/run/juice";

impl Lab {
    /// Looks for the one lab that a command is about.
    ///
    /// # Errors
    /// An address or a name that cannot be used, or several labs.
    pub fn find(place: &Place) -> Result<Lab, Problem> {
        let mut labs = Lab::find_all(place)?;
        match (labs.pop(), labs.is_empty()) {
            (Some(lab), true) => Ok(lab),
            (last, _) => {
                let names: Vec<String> =
                    labs.iter().chain(&last).map(|lab| format!("--lab {}", lab.name)).collect();
                Err(misuse("This is about one lab, and several are named", &names.join(" or ")))
            }
        }
    }

    /// Looks for the labs that the screen is to show: one at least.
    ///
    /// # Errors
    /// An address or a name that cannot be used.
    pub fn find_all(place: &Place) -> Result<Vec<Lab>, Problem> {
        let folders = Folders::find();
        let loaded = config::load(&folders);
        let named = place.url.is_some() || place.edge.is_some();
        if named && !place.lab.is_empty() {
            let what = "--lab names a lab of the configuration, --url or --edge another address";
            return Err(misuse(what, "Give one of them"));
        }
        let names = match () {
            () if !place.lab.is_empty() => place.lab.clone(),
            () if named || place.juice_config.is_some() => Vec::new(),
            () => loaded.config.opens.clone().map_err(|why| {
                misuse(
                    &format!("Which lab to open cannot be told ({why})"),
                    "Correct it, or give --lab or --url",
                )
            })?,
        };
        if let Some(twice) =
            names.iter().enumerate().find_map(|(n, name)| names[..n].contains(name).then_some(name))
        {
            return Err(misuse(&format!("The lab {twice} is named twice"), "Each lab is on the screen once"));
        }
        if names.is_empty() {
            return Ok(vec![Lab::unlisted(place, folders, loaded)?]);
        }
        let beside = [
            ("--bus", place.bus.is_some()),
            ("--service", !place.service.is_empty()),
            ("--token-file", place.token_file.is_some()),
            ("--juice-config", place.juice_config.is_some()),
            ("--juice-run", place.juice_run.is_some()),
        ];
        if names.len() > 1
            && let Some((flag, _)) = beside.iter().find(|(_, given)| *given)
        {
            let what = format!("{flag} is about one lab, and {} are named", names.len());
            return Err(misuse(
                &what,
                "Write it into the lab's section of the configuration, or name one lab",
            ));
        }
        names.iter().map(|name| Lab::listed(name, place, &folders, &loaded)).collect()
    }

    /// The lab of the list that has this name.
    fn listed(name: &str, place: &Place, folders: &Folders, loaded: &Loaded) -> Result<Lab, Problem> {
        let file = super::config_source(folders);
        let lab = loaded.config.listed(name).map_err(|why| {
            // One that cannot be read at all lists nothing.
            let why = match loaded.problems.iter().find(|problem| problem.file == folders.config_file()) {
                Some(problem) if loaded.config.labs.is_empty() => format!("{why} ({problem})"),
                _ => why,
            };
            misuse(&capital(&why), &format!("The list stands in {file}"))
        })?;
        let source = format!("{file}:{} (labs.{name})", lab.line);
        if let Some(why) = &lab.wrong {
            return Err(misuse(
                &format!("The lab {name} is not opened, for where it is cannot be told: {why}"),
                &format!("Correct it in {file}, or give its --url"),
            ));
        }
        let mut loaded = Loaded { config: lab.config.clone(), ..loaded.clone() };
        let (files, problems) = config::catalogues(folders, Some(name));
        loaded.catalogues.extend(files);
        loaded.problems.extend(problems);
        let config = &lab.config;
        let seen = Seen::of(place, config, source);
        let endpoint = match (&config.edge, &config.url) {
            (Some(edge), _) => Some(seen.edge(edge)),
            (None, Some(url)) => Some(seen.router(url)),
            (None, None) => None,
        };
        let of_it =
            |problem: Problem| Problem { what: format!("The lab {name}: {}", problem.what), ..problem };
        let mut lab =
            seen.lab(endpoint.transpose().map_err(of_it)?, folders.clone(), loaded).map_err(of_it)?;
        name.clone_into(&mut lab.name);
        lab.listed = true;
        Ok(lab)
    }

    /// The lab that the arguments name, else the one of the configuration, else the one that is found.
    fn unlisted(place: &Place, folders: Folders, loaded: Loaded) -> Result<Lab, Problem> {
        let config = &loaded.config;
        // What the configuration says of the bus is about its own lab.
        let bus = || place.bus.clone();
        let typed = |source: &str| Seen { bus: bus(), ..Seen::of(place, config, source.to_owned()) };
        let written = || Seen::of(place, config, super::config_source(&folders));
        let seen = written();
        let (seen, endpoint) = match (&place.edge, &place.url) {
            (Some(edge), _) => {
                let seen = typed("the command line (--edge)");
                let endpoint = seen.edge(edge)?;
                (seen, Some(endpoint))
            }
            (None, Some(url)) => {
                let seen = typed("the command line or JUICETOP_URL");
                let endpoint = seen.router(url)?;
                (seen, Some(endpoint))
            }
            // Who names the files on the command line means the lab that they tell of.
            (None, None) if place.juice_config.is_some() => (Seen { bus: bus(), ..seen }, None),
            (None, None) => {
                let endpoint = match (&config.edge, &config.url) {
                    (Some(edge), _) => Some(seen.edge(edge)?),
                    (None, Some(url)) => Some(seen.router(url)?),
                    (None, None) => None,
                };
                (seen, endpoint)
            }
        };
        seen.lab(endpoint, folders.clone(), loaded.clone())
    }
}

/// Where to look, of the command line and the configuration: the command line wins.
struct Seen {
    bus: Option<String>,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    services: Vec<String>,
    juice_config: Option<PathBuf>,
    juice_run: Option<PathBuf>,
    /// The certificates were typed, so that whoever comes after has to type them too.
    ca_typed: bool,
    source: String,
}

impl Seen {
    fn of(place: &Place, config: &Config, source: String) -> Seen {
        let services = match place.service.as_slice() {
            [] => config.services.iter().map(|(name, url)| format!("{name}={url}")).collect(),
            typed => typed.to_vec(),
        };
        Seen {
            bus: place.bus.clone().or_else(|| config.bus.clone()),
            token_file: place.token_file.clone().or_else(|| config.token_file.clone()),
            ca_file: place.ca_file.clone().or_else(|| config.ca_file.clone()),
            services,
            juice_config: place.juice_config.clone().or_else(|| config.juice_config.clone()),
            juice_run: place.juice_run.clone().or_else(|| config.juice_run.clone()),
            ca_typed: place.ca_file.is_some(),
            source,
        }
    }

    fn edge(&self, base: &str) -> Result<(Endpoint, String), Problem> {
        let host = parse_edge(base)?.address.host;
        let token_file = self.token_file.clone().unwrap_or_default();
        Ok((Endpoint::Edge { base: base.to_owned(), token_file }, host))
    }

    fn router(&self, text: &str) -> Result<(Endpoint, String), Problem> {
        let url = Address::router(text)?.to_string();
        let name = bare(&url);
        Ok((Endpoint::Router { url }, name))
    }

    /// Where Juice's files are.
    fn places(&self) -> Places {
        let system = Places::system();
        Places {
            config_dir: self.juice_config.clone().unwrap_or(system.config_dir),
            run_dir: self.juice_run.clone().unwrap_or(system.run_dir),
            ..system
        }
    }

    /// The lab at this address (with what it is called), or the one that Juice's files tell of. Of a lab whose address is
    /// known they are looked at where they were named: for its services, their log and their kernels.
    fn lab(
        self,
        endpoint: Option<(Endpoint, String)>,
        folders: Folders,
        loaded: Loaded,
    ) -> Result<Lab, Problem> {
        let alone: Vec<(Text, String)> =
            self.services.iter().map(|s| parse_service(s)).collect::<Result<_, _>>()?;
        let places = self.places();
        let looks = endpoint.is_none() || self.juice_config.is_some();
        let found = looks.then(|| discover(&places));
        let run_dir = match (&endpoint, &self.juice_run) {
            (Some(_), run) => run.clone(),
            (None, run) => Some(run.clone().unwrap_or_else(|| PathBuf::from(RUN_DIR))),
        };
        if let Some(bus) = &self.bus {
            Address::bus(bus)?;
        }
        let mut bus = self.bus;
        let (endpoint, source, name) = match (endpoint, &found) {
            (Some((endpoint, name)), _) => (Some(endpoint), self.source, name),
            (None, Some(lab)) => {
                // Who names services and has no lab on this machine means those services alone.
                let guessed = lab.source == Source::Default && !alone.is_empty();
                let name = lab.setup_name.clone().unwrap_or_else(|| bare(&lab.url));
                let name = if guessed { "no lab".to_owned() } else { name };
                bus = bus.or_else(|| lab.bus.clone());
                let endpoint = (!guessed).then(|| Endpoint::Router { url: lab.url.clone() });
                (endpoint, lab.source.to_string(), name)
            }
            (None, None) => (None, self.source, "no lab".to_owned()),
        };
        Ok(Lab {
            endpoint,
            bus,
            source,
            name,
            listed: false,
            alone,
            named: Vec::new(),
            found,
            places,
            folders,
            loaded,
            run_dir,
            ca_file: self.ca_file,
            ca_typed: self.ca_typed,
            keeps: true,
        })
    }
}

fn misuse(what: &str, remedy: &str) -> Problem {
    Problem { kind: ProblemKind::BadAddress, what: what.to_owned(), remedy: remedy.to_owned() }
}

/// An address without its scheme.
fn bare(url: &str) -> String {
    url.split_once("://").map_or(url, |(_, rest)| rest).to_owned()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
