//! Faults on purpose, for the tests of how the program ends (`tests/terminal/panics.rs`). None in a release build.

use std::io;

/// Panics if the environment wishes it at this place: `JUICETOP_PANIC=PLACE:FILE` panics there once the file exists, so
/// that a test can say when.
#[expect(clippy::panic, reason = "that is what it is for")]
#[cfg(debug_assertions)]
pub(crate) fn here(place: &str) {
    if is_wished(place) {
        panic!("a panic on purpose, in {place}");
    }
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn here(_: &str) {}

/// What a write to a full disk or a broken terminal gives back: an error, if the environment wishes it at this place in
/// the same way.
#[cfg(debug_assertions)]
pub(crate) fn fails(place: &str) -> io::Result<()> {
    if is_wished(place) { Err(io::Error::other(format!("an error on purpose: {place}"))) } else { Ok(()) }
}

/// Never fails.
#[cfg(not(debug_assertions))]
pub(crate) fn fails(_: &str) -> io::Result<()> {
    Ok(())
}

#[cfg(debug_assertions)]
fn is_wished(place: &str) -> bool {
    static WISH: std::sync::OnceLock<Option<(String, std::path::PathBuf)>> = std::sync::OnceLock::new();
    let wish = WISH.get_or_init(|| {
        let wish = std::env::var("JUICETOP_PANIC").ok()?;
        let (place, file) = wish.split_once(':')?;
        Some((place.to_owned(), file.into()))
    });
    wish.as_ref().is_some_and(|(wanted, file)| wanted == place && file.exists())
}
