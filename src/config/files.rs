//! Where the configuration is, and reading it from there.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Config, FILE, Problem};

/// Larger than anything a person writes; what is read is bounded.
const MOST: u64 = 1024 * 1024;
/// Catalogues are made by programs and hold whole schemas.
const MOST_CATALOGUE: u64 = 32 * 1024 * 1024;
/// Files taken from one folder.
const MOST_FILES: usize = 500;

/// The folders of this person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folders {
    /// The configuration; `None`: the environment does not tell where.
    pub config: Option<PathBuf>,
    /// What juicetop writes by itself (its log).
    pub state: Option<PathBuf>,
    /// The configuration folder was named by `JUICETOP_CONFIG_DIR`.
    pub named: bool,
}

/// A catalogue file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
    /// When it was last changed, where the file system tells.
    pub modified: Option<SystemTime>,
}

/// All that was found.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The configuration, with defaults.
    pub config: Config,
    /// The person's own themes: path and text, for `theme::Themes::new`.
    pub themes: Vec<(PathBuf, String)>,
    /// The names of the labs of its list.
    pub labs: Vec<String>,
    /// The catalogue files, in the order of their names.
    pub catalogues: Vec<CatalogueFile>,
    /// What could not be used.
    pub problems: Vec<Problem>,
}

impl Folders {
    /// The folders that the environment names.
    pub fn find() -> Folders {
        Folders::from_env(|name| std::env::var_os(name))
    }

    /// `JUICETOP_CONFIG_DIR`, else `juicetop` in `XDG_CONFIG_HOME`, else in `~/.config`; for the state
    /// `XDG_STATE_HOME`, else `~/.local/state`. Relative XDG paths don't count, as their specification says.
    pub fn from_env(env: impl Fn(&str) -> Option<OsString>) -> Folders {
        let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let base = |xdg: &str, below_home: &str| {
            let folder = set(xdg).filter(|path| path.is_absolute());
            folder.or_else(|| set("HOME").map(|home| home.join(below_home))).map(|base| base.join("juicetop"))
        };
        let named = set("JUICETOP_CONFIG_DIR");
        Folders {
            named: named.is_some(),
            config: named.or_else(|| base("XDG_CONFIG_HOME", ".config")),
            state: base("XDG_STATE_HOME", ".local/state"),
        }
    }

    /// The log file.
    pub fn log_file(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|folder| folder.join("juicetop.log"))
    }

    /// The log of what was sent.
    pub fn sent_file(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|folder| folder.join("sent.jsonl"))
    }

    /// What was chosen on the screen, for all labs.
    pub fn choices_file(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|folder| folder.join("choices.toml"))
    }

    /// The folder for what is kept about one lab. Names of labs are people's: what is no letter, digit or hyphen of
    /// theirs stands as its code.
    pub fn lab_folder(&self, lab: &str) -> Option<PathBuf> {
        /// Characters of a folder's name; file systems take 255 bytes.
        const LONGEST: usize = 200;
        let mut name = String::new();
        for byte in lab.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => name.push(char::from(byte)),
                b'.' if !name.is_empty() => name.push('.'),
                _ => name.push_str(&format!("%{byte:02x}")),
            }
        }
        name.truncate(LONGEST);
        self.state.as_ref().map(|folder| folder.join("labs").join(if name.is_empty() { "%" } else { &name }))
    }

    /// The configuration file, whether there is one or not.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|folder| folder.join(FILE))
    }
}

/// Reads the configuration, the themes and the catalogues. Missing files are no problem.
pub fn load(folders: &Folders) -> Loaded {
    let mut loaded = Loaded::default();
    let Some(folder) = &folders.config else { return loaded };
    if folders.named && !folder.is_dir() {
        loaded.problems.push(Problem {
            file: Some(folder.clone()),
            line: None,
            what: "the folder that JUICETOP_CONFIG_DIR names is not there".to_owned(),
            remedy: "make it, or unset the variable".to_owned(),
        });
        return loaded;
    }
    let file = folder.join(FILE);
    if let Some((text, _)) = read(&file, MOST, &mut loaded.problems) {
        let (config, problems) = Config::parse(&file, &text);
        loaded.labs = config.labs.iter().map(|lab| lab.name.clone()).collect();
        loaded.config = config;
        loaded.problems.extend(problems);
    }
    for path in files_in(&folder.join("themes"), "toml", &mut loaded.problems) {
        if let Some((text, _)) = read(&path, MOST, &mut loaded.problems) {
            loaded.themes.push((path, text));
        }
    }
    let (files, problems) = catalogues(folders, None);
    loaded.catalogues = files;
    loaded.problems.extend(problems);
    loaded
}

/// The catalogue files that hold for every lab; or, with a name, those in the folder of that name beside them, which hold
/// for that lab of the list only. What cannot be read is told.
pub fn catalogues(folders: &Folders, lab: Option<&str>) -> (Vec<CatalogueFile>, Vec<Problem>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let Some(folder) = &folders.config else { return (files, problems) };
    let folder = folder.join("catalogue.d");
    for path in files_in(&lab.map_or(folder.clone(), |lab| folder.join(lab)), "json", &mut problems) {
        if let Some((text, modified)) = read(&path, MOST_CATALOGUE, &mut problems) {
            files.push(CatalogueFile { path, text, modified });
        }
    }
    (files, problems)
}

/// The files of a folder with this ending, by name. Hidden ones are an editor's, not ours.
fn files_in(folder: &Path, ending: &str, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                problems.push(unreadable(folder, &error.to_string()));
            }
            return Vec::new();
        }
    };
    let hidden = |path: &Path| path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == ending) && !hidden(path))
        .collect();
    paths.sort();
    if paths.len() > MOST_FILES {
        problems.push(unreadable(
            folder,
            &format!("only the first {MOST_FILES} of {} files are read", paths.len()),
        ));
        paths.truncate(MOST_FILES);
    }
    paths
}

/// A file's text and when it was changed; `None`: not there, or not readable (which is told).
fn read(path: &Path, most: u64, problems: &mut Vec<Problem>) -> Option<(String, Option<SystemTime>)> {
    match read_text(path, most) {
        Ok(found) => Some(found),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                problems.push(unreadable(path, &error.to_string()));
            }
            None
        }
    }
}

fn read_text(path: &Path, most: u64) -> io::Result<(String, Option<SystemTime>)> {
    // Opening a pipe would wait for its other end.
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("this is not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("larger than {} MiB", most / (1024 * 1024))));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = memchr::memchr_iter(b'\n', &error.as_bytes()[..at]).count() + 1;
        io::Error::other(format!("line {line} is not UTF-8"))
    })?;
    Ok((text, about.modified().ok()))
}

fn unreadable(path: &Path, why: &str) -> Problem {
    Problem {
        file: Some(path.to_owned()),
        line: None,
        what: format!("can't be read ({why})"),
        remedy: "make it readable, or remove it; until then it is as if it were not there".to_owned(),
    }
}
