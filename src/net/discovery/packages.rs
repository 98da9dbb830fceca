//! Python packages that carry configuration: those with an entry point in the group `juice.config`. A lab's own package
//! normally is one, and what it says goes before the administrator's.
//!
//! Found by reading, without a Python: `*.dist-info/entry_points.txt` in `site-packages`, and the folder that the entry
//! point names there or in a folder that a `.pth` file adds (which is how packages under development are installed).
//! An import hook is code and not followed; the package is warned about instead.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Warning;

/// The group of entry points.
const GROUP: &str = "juice.config";

/// The `site-packages` of virtual environments, as far as they exist.
pub(super) fn site_packages(environments: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for environment in environments {
        for version in folders(&environment.join("lib")) {
            let name = version.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let packages = version.join("site-packages");
            if name.starts_with("python") && packages.is_dir() && !found.contains(&packages) {
                found.push(packages);
            }
        }
    }
    found
}

/// The folders with configuration, each with its module's name.
pub(super) fn configuration_folders(
    site_packages: &[PathBuf],
    warnings: &mut Vec<Warning>,
) -> Vec<(String, PathBuf)> {
    let mut roots = Vec::new();
    for folder in site_packages {
        roots.push(folder.clone());
        roots.extend(added_by_pth(folder));
    }
    let mut found = Vec::new();
    for folder in site_packages {
        for info in folders(folder) {
            let path = info.join("entry_points.txt");
            if !info.extension().is_some_and(|e| e == "dist-info" || e == "egg-info") {
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            for module in modules(&text) {
                let relative: PathBuf = module.split('.').collect();
                match roots.iter().map(|root| root.join(&relative)).find(|folder| folder.is_dir()) {
                    Some(folder) if !found.contains(&(module.to_owned(), folder.clone())) => {
                        found.push((module.to_owned(), folder));
                    }
                    Some(_) => {}
                    None => warnings.push(Warning {
                        path: path.clone(),
                        line: None,
                        what: format!("names the configuration package {module}, whose folder was not found"),
                    }),
                }
            }
        }
    }
    found
}

/// The modules of the group's entry points: `name = package.module`, `name = package.module:attribute [extra]`.
fn modules(text: &str) -> Vec<&str> {
    let mut modules = Vec::new();
    let mut within = false;
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            within = section.trim() == GROUP;
        } else if within && let Some((_, value)) = line.split_once('=') {
            let module = value.split([':', '[', ' ']).find(|part| !part.is_empty()).unwrap_or_default();
            let named = module
                .split('.')
                .all(|p| !p.is_empty() && p.chars().all(|c| c.is_alphanumeric() || c == '_'));
            if named {
                modules.push(module);
            }
        }
    }
    modules
}

/// Folders that the `.pth` files of `folder` add to Python's path. Lines that begin with `import` are code.
fn added_by_pth(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "pth")).collect();
    files.sort();
    let mut added = Vec::new();
    for text in files.iter().filter_map(|f| fs::read_to_string(f).ok()) {
        for line in text.lines().map(str::trim_end) {
            let code = line.starts_with("import ") || line.starts_with("import\t");
            if !(line.is_empty() || line.starts_with('#') || code) {
                added.push(folder.join(line));
            }
        }
    }
    added.retain(|p| p.is_dir());
    added
}

/// The folders in `folder`, in the order of their names.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_points_are_read_as_python_reads_them() {
        let text = "# x\n[console_scripts]\njuice = a.b:main\n\n[juice.config]\nlab = lab.config\n other=more.config : x [y]\n\
                    bad = ../etc\n[other]\nz = zz\n";
        assert_eq!(modules(text), ["lab.config", "more.config"]);
    }
}
