//! The table in `docs/keys.md` and the sample in `docs/configuration.md` are the program's. This says when they have
//! drifted; `UPDATE_DOCS=1 cargo test --test docs` writes them anew. (The roles in `docs/themes.md` are tested beside the themes.)

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    path::Path,
    process::{Command, Output},
};

use juicetop::{app::keymap, config};

/// The text between `<!-- name -->` and `<!-- /name -->` of a page must be this table.
fn check(page: &str, name: &str, table: &str) {
    let path = format!("{}/docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) =
        text.split_once(&start).unwrap_or_else(|| panic!("{page} has no `{}`", start.trim()));
    let (found, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page} has no `{end}`"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let new = format!("{before}{start}{}\n{end}{after}", table.trim_end());
        std::fs::write(&path, new).unwrap();
        return;
    }
    assert_eq!(found.trim(), table.trim(), "docs/{page} has drifted: UPDATE_DOCS=1 cargo test --test docs");
}

#[test]
fn keys() {
    check("keys.md", "keys", &keymap::table());
}

#[test]
fn the_sample_of_the_configuration() {
    check("configuration.md", "defaults", &format!("```toml\n{}```", config::SAMPLE));
}

/// What `juicetop print` prints for somebody whose configuration is in this folder.
fn print(folder: &Path, words: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_juicetop"));
    command.arg("print").args(words.split(' ')).env("JUICETOP_CONFIG_DIR", folder).output().unwrap()
}

fn text(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn what_is_printed_is_of_use_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let themes = folder.path().join("themes");
    std::fs::create_dir(&themes).unwrap();

    assert_eq!(text(&print(folder.path(), "config")), config::SAMPLE);
    let light = text(&print(folder.path(), "theme light")).to_owned();
    std::fs::write(themes.join("mine.toml"), &light).unwrap();
    std::fs::write(&file, "theme = 'mine'\n[keys]\nsubmit = ['a']\nopen = []\nretry = ['a']\n").unwrap();
    assert_eq!(text(&print(folder.path(), "theme")), light, "the present one");
    let none = print(folder.path(), "theme nowhere");
    assert!(
        none.status.code() == Some(2)
            && String::from_utf8_lossy(&none.stderr).contains("okabe-light, mono, mine")
    );

    let printed = print(folder.path(), "keys --json");
    let told = String::from_utf8_lossy(&printed.stderr);
    assert!(told.contains("config.toml:5: ") && told.contains("already means `submit`"), "{told}");
    let keys = |context: &str, action: &str| {
        let lines =
            text(&printed).lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let mut found = lines.filter(|line| line["context"] == context && line["action"] == action);
        found.next().unwrap()["keys"].to_string()
    };
    assert_eq!(keys("lanes", "submit"), r#"["a"]"#);
    assert_eq!(keys("schedule", "open"), "[]");
    assert_eq!(keys("help", "top"), r#"["home"]"#, "a character is text there");
    let listed = print(folder.path(), "keys");
    assert!(
        text(&listed).contains("\n  a                    submit               opens the composer"),
        "{listed:?}"
    );

    let page = print(folder.path(), "man service restart");
    assert!(text(&page).contains(".TH juicetop-service-restart"), "{page:?}");
    assert_eq!(print(folder.path(), "man picture").status.code(), Some(2), "it is not for people");
}
