//! A configuration by its name, from all the files that add to it, as Juice merges them.
//!
//! For the name `NAME`, in each folder: `NAME.toml` or `<int>-NAME.toml` (priority 0, or the number), and
//! `NAME.d/*.toml`, any file there (10, or the number before the first dash); in a package's folder 20 and 30 instead.
//! Lowest first, equal ones in the order of their path (`module.file` for packages); later ones win. A table goes into
//! a table, anything else replaces. `<int>` is what Python's `int()` takes: `007`, `+5`, `1_0`, not `-5` (its dash comes
//! first) nor `a`. Files whose name begins with a dot are taken too, folders are not searched further.
//!
//! As in Python one unusable file makes the whole name unusable; here that is a [`Warning`] instead of an exception.
//! Two differences remain: digits other than ASCII are no priority here, and TOML 1.1 is taken, not only 1.0.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::Warning;

/// A configuration file is a few kilobytes; this much is a mistake.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Where the files of a name may be.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    /// Folders of the system.
    pub folders: Vec<PathBuf>,
    /// Folders of packages, with their module's name.
    pub packages: Vec<(String, PathBuf)>,
}

/// A merged configuration, and the files that it was made of.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The result.
    pub merged: Table,
    /// The files, lowest priority first.
    files: Vec<(PathBuf, Table)>,
}

impl Layers {
    /// The file that has the last word on `path`.
    pub fn origin(&self, path: &[&str]) -> Option<&Path> {
        let gives = |(_, table): &&(PathBuf, Table)| super::value(table, path).is_some();
        self.files.iter().rev().find(gives).map(|(file, _)| file.as_path())
    }
}

/// Loads the configuration `name`; `None`, with a warning, if one of its files is unusable. No file at all is an
/// empty configuration.
pub fn load(roots: &Roots, name: &str, warnings: &mut Vec<Warning>) -> Option<Layers> {
    let mut found = Vec::new();
    for folder in &roots.folders {
        collect(folder, name, (0, 10), |path| path.to_string_lossy().into_owned(), &mut found, warnings);
    }
    for (module, folder) in &roots.packages {
        let source = |path: &Path| format!("{module}.{}", file_name(path));
        collect(folder, name, (20, 30), source, &mut found, warnings);
    }
    found.sort();

    let mut layers = Layers::default();
    for (_, _, path) in found {
        let merged = read(&path).and_then(|table| {
            merge(&mut layers.merged, &table, 0).map_err(|key| {
                let what = format!("makes a table of {key}, which a file before it gives as something else");
                (None, what)
            })?;
            Ok(table)
        });
        match merged {
            Ok(table) => layers.files.push((path, table)),
            Err((line, why)) => {
                let what = format!("{why}; nothing of {name} is used");
                warnings.push(Warning { path, line, what });
                return None;
            }
        }
    }
    Some(layers)
}

/// Adds the files of `name` in `folder` as (priority, source, path).
fn collect(
    folder: &Path,
    name: &str,
    (plain, drop_in): (i128, i128),
    source: impl Fn(&Path) -> String,
    found: &mut Vec<(i128, String, PathBuf)>,
    warnings: &mut Vec<Warning>,
) {
    for path in toml_files(&folder.join(format!("{name}.d")), warnings) {
        let (priority, _) = split_name(&file_name(&path), drop_in);
        found.push((priority, source(&path), path));
    }
    for path in toml_files(folder, warnings) {
        let file = file_name(&path);
        let (priority, stem) = split_name(&file, plain);
        if stem == name {
            found.push((priority, source(&path), path));
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Everything named `*.toml` in `folder`; a missing folder has nothing.
fn toml_files(folder: &Path, warnings: &mut Vec<Warning>) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) => {
            if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
                let warning = Warning {
                    path: folder.to_owned(),
                    line: None,
                    what: format!("cannot be listed ({}); taken as empty", crate::net::problem::io_words(&e)),
                };
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
            return Vec::new();
        }
    };
    entries.flatten().map(|e| e.path()).filter(|p| file_name(p).ends_with(".toml")).collect()
}

/// Priority and name of a file: `<int>-NAME.toml` or `NAME.toml`.
fn split_name(file: &str, default: i128) -> (i128, &str) {
    let stem = file.strip_suffix(".toml").unwrap_or(file);
    match stem.split_once('-') {
        Some((prefix, name)) => match python_int(prefix) {
            Some(priority) => (priority, name),
            None => (default, stem),
        },
        None => (default, stem),
    }
}

/// Python's `int(text)` for ASCII digits: blanks around, a sign, single underscores between digits. Beyond 38 digits it
/// saturates, which keeps the order.
fn python_int(text: &str) -> Option<i128> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c));
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut number: i128 = 0;
    for group in digits.split('_') {
        if group.is_empty() || !group.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        for digit in group.bytes() {
            number = number.saturating_mul(10).saturating_add(i128::from(digit - b'0'));
        }
    }
    Some(if negative { -number } else { number })
}

/// A file's table, or the line and the words of its fault.
fn read(path: &Path) -> Result<Table, (Option<usize>, String)> {
    let cannot = |e: io::Error| (None, format!("cannot be read ({})", crate::net::problem::io_words(&e)));
    if fs::metadata(path).map_err(cannot)?.len() > MAX_FILE {
        return Err((None, format!("is larger than {MAX_FILE} bytes")));
    }
    let bytes = fs::read(path).map_err(cannot)?;
    let line_of =
        |offset: usize| Some(1 + memchr::memchr_iter(b'\n', &bytes[..offset.min(bytes.len())]).count());
    let text =
        std::str::from_utf8(&bytes).map_err(|e| (line_of(e.valid_up_to()), "is not UTF-8".to_owned()))?;
    text.parse::<Table>().map_err(|e| {
        let line = e.span().and_then(|span| line_of(span.start));
        (line, format!("is no valid TOML ({})", crate::net::problem::tidy(e.message(), 200)))
    })
}

/// Deeper tables than this are nobody's configuration (the parser itself stops before).
const MAX_DEPTH: usize = 128;

/// Puts `new` into `base`; the error is the key where a table meets something else. As in Python an empty table there
/// changes nothing.
fn merge(base: &mut Table, new: &Table, depth: usize) -> Result<(), String> {
    for (key, value) in new {
        match (base.get_mut(key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if depth < MAX_DEPTH => {
                merge(old, new, depth + 1).map_err(|inner| format!("{key}.{inner}"))?;
            }
            (Some(_), Value::Table(new)) if new.is_empty() => {}
            (Some(_), Value::Table(_)) => return Err(key.clone()),
            (Some(old), _) => *old = value.clone(),
            (None, _) => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_pythons_ints() {
        for (text, number) in [
            ("10", Some(10)),
            ("007", Some(7)),
            ("+5", Some(5)),
            ("1_0", Some(10)),
            (" 3 ", Some(3)),
            ("0", Some(0)),
            ("-4", Some(-4)),
            ("", None),
            ("+", None),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("a", None),
            ("1.5", None),
            ("0x10", None),
            ("+ 5", None),
            ("--5", None),
        ] {
            assert_eq!(python_int(text), number, "{text:?}");
        }
        assert_eq!(python_int(&"9".repeat(200)), Some(i128::MAX));
    }

    #[test]
    fn names_are_split_at_the_first_dash() {
        for (file, split) in [
            ("task-servers.toml", (0, "task-servers")),
            ("5-task-servers.toml", (5, "task-servers")),
            ("-5-x.toml", (0, "-5-x")),
            ("a-b-c.toml", (0, "a-b-c")),
            ("10-x", (10, "x")),
            (".toml", (0, "")),
            ("x.toml.toml", (0, "x.toml")),
        ] {
            assert_eq!(split_name(file, 0), split, "{file}");
        }
    }

    #[test]
    fn tables_go_into_tables_and_the_rest_replaces() {
        let parse = |text: &str| text.parse::<Table>().unwrap();
        let mut base = parse("a = 1\nl = [1, 2]\n[t]\nx = 1\n[t.u]\ny = 1\n");
        merge(&mut base, &parse("l = [3]\nb = 2\n[t]\nz = 1\n[t.u]\ny = 2\n"), 0).unwrap();
        assert_eq!(base, parse("a = 1\nl = [3]\nb = 2\n[t]\nx = 1\nz = 1\n[t.u]\ny = 2\n"));
        merge(&mut base, &parse("t = 5"), 0).unwrap();
        assert_eq!(base["t"].as_integer(), Some(5));
        assert_eq!(merge(&mut base, &parse("[t]\n"), 0), Ok(()));
        assert_eq!(merge(&mut base, &parse("[t]\nx = 1"), 0), Err("t".to_owned()));
    }

    #[test]
    fn deep_files_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.toml");
        for text in [
            format!("[{}a]\nx = 1", "a.".repeat(100_000)),
            format!("{}a = 1", "a.".repeat(100_000)),
            format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
            format!("a = {}", "{a=".repeat(100_000)),
        ] {
            fs::write(&path, text).unwrap();
            assert!(read(&path).is_err());
        }
    }
}
