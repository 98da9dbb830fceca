//! Whose code a frame is: libraries are folded, own code is what people look for.

use std::ops::Range;

use super::{Entry, Frame, Section};

/// A run of library entries in a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Whose they are: `Juice (service/_task_server.py)`, `numpy`, `Python, numpy`.
    pub label: String,
    /// Which of the section's entries.
    pub range: Range<usize>,
}

/// Where a library's file lies.
struct Place<'a> {
    package: &'a str,
    file: &'a str,
}

/// Whether a file belongs to a library: installed packages, Python's own library, frozen modules, Juice.
pub fn library(file: &str) -> bool {
    place(&file.replace('\\', "/")).is_some()
}

/// The path and line that an editor can be opened at; none for cells, `<stdin>`, `<string>`, frozen modules, and names
/// with control characters. A leading `~` is as IPython wrote it, the home directory of the lab's machine.
pub fn file_to_open(frame: &Frame) -> Option<(&str, u64)> {
    let file = frame.file.as_str();
    let made_up = frame.cell || file.is_empty() || file.starts_with('<') || file.contains(char::is_control);
    if made_up { None } else { Some((file, frame.line.unwrap_or(1))) }
}

/// `file` with forward slashes.
fn place(file: &str) -> Option<Place<'_>> {
    if file.starts_with('<') {
        let made = ["<frozen ", "<__array_function__ ", "<attrs generated ", "<string repr ", "<class repr "];
        let start = made.iter().find(|start| file.starts_with(**start))?;
        let name = file.strip_prefix(start)?.trim_end_matches('>');
        let package = match *start {
            "<frozen " => "Python",
            "<__array_function__ " => "numpy",
            _ => "generated code",
        };
        return Some(Place { package, file: name });
    }
    if let Some((_, rest)) = file.rsplit_once("/orangeqs/juice/") {
        return Some(Place { package: "Juice", file: rest });
    }
    for folder in ["/site-packages/", "/dist-packages/"] {
        if let Some((_, rest)) = file.rsplit_once(folder) {
            let (package, inner) = rest.split_once('/').unwrap_or((rest.trim_end_matches(".py"), rest));
            return Some(Place { package, file: inner });
        }
    }
    standard(file).map(|file| Place { package: "Python", file })
}

/// The path inside Python's own library: `…/lib/python3.11/x`, on Windows `…/Python311/Lib/x`.
fn standard(file: &str) -> Option<&str> {
    if let Some(at) = file.find("/lib/python3") {
        let rest = &file[at + "/lib/python3".len()..];
        let (version, inner) = rest.split_once('/')?;
        return version.bytes().all(|b| b == b'.' || b == b't' || b.is_ascii_digit()).then_some(inner);
    }
    let at = file.find("/Lib/")?;
    let folder = file[..at].rsplit('/').next()?.to_ascii_lowercase();
    folder.starts_with("python3").then_some(&file[at + "/Lib/".len()..])
}

impl Section {
    /// The runs of library entries, in order. A note about repeats belongs to the frame before it.
    pub fn library_groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut run: Option<Range<usize>> = None;
        for (i, entry) in self.entries.iter().enumerate() {
            let theirs = match entry {
                Entry::Frame(frame) => library(&frame.file),
                Entry::Repeated(_) | Entry::Odd(_) => run.is_some(),
            };
            match &mut run {
                Some(range) if theirs => range.end = i + 1,
                _ => {
                    groups.extend(run.take().map(|range| self.group(range)));
                    run = theirs.then_some(i..i + 1);
                }
            }
        }
        groups.extend(run.map(|range| self.group(range)));
        groups
    }

    fn group(&self, range: Range<usize>) -> Group {
        /// Packages named in a label.
        const NAMED: usize = 3;
        let mut packages: Vec<String> = Vec::new();
        let mut files: Vec<String> = Vec::new();
        let mut more = false;
        for entry in &self.entries[range.clone()] {
            let Entry::Frame(frame) = entry else { continue };
            let path = frame.file.replace('\\', "/");
            let Some(place) = place(&path) else { continue };
            if files.len() < 2 && !files.iter().any(|file| file == place.file) {
                files.push(place.file.to_owned());
            }
            if packages.iter().any(|package| package == place.package) {
                continue;
            }
            if packages.len() < NAMED { packages.push(place.package.to_owned()) } else { more = true }
        }
        let mut label = packages.join(", ");
        if more {
            label.push_str(", …");
        } else if let ([_], [file]) = (packages.as_slice(), files.as_slice()) {
            label = format!("{label} ({file})");
        }
        Group { label, range }
    }
}
