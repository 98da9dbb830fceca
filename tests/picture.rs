//! README and docs/ show what the program draws today. As with the snapshots, `INSTA_UPDATE=always` takes new pictures
//! over.

#![allow(clippy::expect_used, clippy::panic, reason = "the functions that the tests share fail as tests do")]

use std::{fs, path::PathBuf, process::Command};

/// What `juicetop picture` prints with these arguments. Times of day are local: the pictures have those of UTC.
fn picture(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_juicetop"))
        .arg("picture")
        .args(arguments)
        .env("TZ", "UTC")
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "juicetop picture {arguments:?}: {told}");
    String::from_utf8(output.stdout).expect("a picture is UTF-8")
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a file with what it should hold, or writes it if that was asked for.
fn compare(name: &str, wanted: &str, what: &str) {
    // A checkout may have turned the line ends.
    let found = fs::read_to_string(path(name)).unwrap_or_default().replace("\r\n", "\n");
    if found == wanted {
        return;
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(path(name), wanted).expect("the picture can be written");
        return;
    }
    panic!(
        "{name} is not what the program draws today ({what}); INSTA_UPDATE=always cargo test --test picture renews it"
    );
}

#[test]
fn the_readmes_picture_is_what_the_program_draws() {
    let (before, after) = ("<!-- picture -->\n```text\n", "```\n<!-- /picture -->");
    let readme = fs::read_to_string(path("README.md")).expect("README.md").replace("\r\n", "\n");
    let (head, rest) = readme.split_once(before).expect("the picture's first mark");
    let (_, tail) = rest.split_once(after).expect("the picture's last mark");
    let drawn = picture(&[]);
    compare(
        "README.md",
        &format!("{head}{before}{drawn}{after}{tail}"),
        &format!("`TZ=UTC juicetop picture`:\n{drawn}"),
    );
}

#[test]
fn the_pictures_in_docs_are_what_the_program_draws() {
    let views = ["lanes", "task", "compose", "compose-wrong", "compose-choice", "compose-many"];
    for view in views.into_iter().chain(["compose-when", "compose-question", "schedule"]) {
        let drawn = picture(&["--svg", "--view", view]);
        compare(
            &format!("docs/{view}.svg"),
            &drawn,
            &format!("`TZ=UTC juicetop picture --svg --view {view}`"),
        );
    }
}

#[test]
fn what_cannot_be_drawn_is_told() {
    for arguments in [["--size", "80"], ["--size", "0x0"], ["--view", "cellar"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_juicetop"))
            .arg("picture")
            .args(arguments)
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    let pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(String::from).into_iter();
    let docs = fs::read_dir(path("docs"))
        .expect("docs")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pages: Vec<String> =
        pages.chain(docs.filter(|n| n.ends_with(".md")).map(|n| format!("docs/{n}"))).collect();
    let mut seen = 0;
    for page in pages {
        let text = fs::read_to_string(path(&page)).expect("a page");
        let folder = path(&page).parent().expect("a folder").to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") {
                continue;
            }
            seen += 1;
            let target = if file.is_empty() { path(&page) } else { folder.join(file) };
            assert!(target.exists(), "{page}: {link} leads nowhere");
            if !place.is_empty() {
                let target = fs::read_to_string(&target).expect("a page");
                let places: Vec<String> =
                    target.lines().filter_map(|l| l.strip_prefix('#')).map(anchor).collect();
                assert!(places.iter().any(|p| p == place), "{page}: no heading for {link} among {places:?}");
            }
        }
    }
    assert!(seen > 20, "only {seen} links were found");
}

/// A heading's anchor, as it is made of Markdown on the usual sites.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
