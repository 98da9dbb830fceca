//! The table in `docs/keys.md` is made from the program. This says when it has drifted; `UPDATE_DOCS=1 cargo test --test
//! docs` writes it anew. (The roles in `docs/themes.md` are tested beside the themes.)

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use juicetop::app::keymap;

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
