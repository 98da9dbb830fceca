//! Who may use what. The modules stand in layers, so that each can be read, tested and replaced without those above it;
//! this reads the `crate::` paths of the sources and says where one reaches up or aside.
//!
//! Free for all: `clean` (what makes text harmless) and `time` (what time it is, as a value). `cli` and `run` put
//! everything together and may use everything.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A module, and what it may use besides itself and what is free.
const MAY: [(&str, &[&str]); 25] = [
    ("clean", &[]),
    ("time", &[]),
    ("memory", &[]),
    ("wire", &[]),
    ("store", &["wire"]),
    ("catalogue", &["wire"]),
    ("traceback", &["wire"]),
    ("highlight", &[]),
    ("printed", &[]),
    ("recording", &["wire"]),
    ("result", &["wire"]),
    ("app", &["wire", "store", "catalogue", "traceback", "highlight", "printed", "recording", "result"]),
    // Theme files are read as the configuration is: with lines, and with a word on what is wrong.
    ("theme", &["config::source"]),
    ("view", &["wire", "store", "catalogue", "traceback", "highlight", "printed", "result", "app", "theme"]),
    ("widgets", &["view", "theme"]),
    ("config", &["theme::DEFAULT", "catalogue::guard", "memory"]),
    // Faults on purpose, for tests.
    ("fault", &[]),
    ("net", &["wire", "memory", "fault"]),
    ("demo", &["wire"]),
    ("python", &["wire", "catalogue"]),
    ("term", &["fault", "clean"]),
    ("log", &["keep"]),
    ("keep", &["wire"]),
    ("history", &["wire", "store", "keep"]),
    // Only here to be complete: see `EVERYTHING`.
    ("cli", &[]),
];
const FREE: [&str; 2] = ["clean", "time"];
const EVERYTHING: [&str; 2] = ["cli", "run"];

/// Modules that touch nothing outside: no file, no socket, no environment, no clock, no terminal.
const PURE: [&str; 12] = [
    "clean",
    "wire",
    "store",
    "catalogue",
    "traceback",
    "highlight",
    "printed",
    "recording",
    "result",
    "app",
    "view",
    "widgets",
];
const OUTSIDE: [&str; 12] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "tokio::",
    "rustix::",
    "signal_hook::",
    "Instant::now",
    "Utc::now",
    "Local::now",
];

fn sources() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let inside = path.strip_prefix(&src).unwrap().to_owned();
                let first = inside.iter().next().unwrap().to_str().unwrap();
                let module = first.trim_end_matches(".rs").to_owned();
                found.push((module, inside.clone(), code(&fs::read_to_string(&path).unwrap())));
            }
        }
    }
    // What is compiled for tests only may reach where it likes.
    let test_only: BTreeSet<PathBuf> = found
        .iter()
        .flat_map(|(_, path, text)| {
            let folder = match path.file_stem().and_then(|s| s.to_str()) {
                Some("mod" | "lib" | "main") => path.parent().unwrap().to_owned(),
                _ => path.with_extension(""),
            };
            test_modules(text).into_iter().map(move |name| folder.join(name)).collect::<Vec<_>>()
        })
        .collect();
    found.retain(|(_, path, _)| {
        let bare = path.with_extension("");
        !bare.ancestors().any(|a| test_only.contains(a))
    });
    found
}

/// The text without comments, and without a test module at its end.
fn code(text: &str) -> String {
    let lines = text.lines().take_while(|l| !l.starts_with("mod tests {"));
    lines.map(|l| l.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Modules in files of their own that stand under `#[cfg(test)]`.
fn test_modules(text: &str) -> Vec<String> {
    text.split("#[cfg(test)]")
        .skip(1)
        .filter_map(|after| {
            let line = after.trim_start().lines().next()?;
            let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
            Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
        })
        .collect()
}

/// The paths behind `crate::`, e.g. `wire::Text` and `store` for `use crate::{wire::Text, store::{self, Task}}`.
fn used(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, start) in text.match_indices("crate::") {
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &text[at + start.len()..];
        match rest.strip_prefix('{') {
            None => paths.push(path(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut item = 0;
                for (i, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth > 0 => depth -= 1,
                        ',' | '}' if depth == 0 => {
                            paths.push(path(group[item..i].trim()));
                            item = i + 1;
                            if c == '}' {
                                break;
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    paths.retain(|p| !p.is_empty());
    paths
}

/// The names at the beginning, up to two.
fn path(text: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let names: Vec<&str> =
        text.split("::").map(|n| n.split(|c| !is_name(c)).next().unwrap_or_default()).take(2).collect();
    let first = names.first().copied().unwrap_or_default();
    match names.get(1) {
        Some(second) if !second.is_empty() && text[first.len()..].starts_with("::") => {
            format!("{first}::{second}")
        }
        _ => first.to_owned(),
    }
}

#[test]
fn every_module_uses_only_what_stands_below_it() {
    let sources = sources();
    assert!(sources.len() > 50, "the sources were not found");
    let mut wrong = Vec::new();
    for (module, file, text) in &sources {
        if EVERYTHING.contains(&module.as_str()) || matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let Some((_, may)) = MAY.iter().find(|(m, _)| m == module) else {
            wrong.push(format!("{module}: no layer is known for it; give it one in tests/layers.rs"));
            continue;
        };
        for path in used(text) {
            let top = path.split("::").next().unwrap_or_default();
            let allowed = top == module || FREE.contains(&top) || may.iter().any(|m| *m == path || *m == top);
            if !allowed {
                wrong.push(format!("src/{}: `{module}` may not use `{path}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_modules_touch_nothing_outside() {
    let mut wrong = Vec::new();
    for (module, file, text) in sources() {
        for word in OUTSIDE.iter().filter(|w| PURE.contains(&module.as_str()) && text.contains(**w)) {
            wrong.push(format!("src/{}: `{word}`", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn paths_are_read_from_groups_and_from_single_lines() {
    let text = "use crate::{\n    wire::{Text, json},\n    store::{self, Task},\n    time::Now,\n};\nuse crate::app::App;\n\
        let x = crate::clean::Clean::line();\npub(crate) fn f() {}";
    assert_eq!(used(text), ["wire", "store", "time::Now", "app::App", "clean::Clean"]);
    assert_eq!(
        test_modules("#[cfg(test)]\nmod budget;\n#[cfg(test)]\npub(crate) mod tests;\nmod real;"),
        ["budget", "tests"]
    );
}
