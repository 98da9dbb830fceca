//! Panics on purpose, for the tests of how the program ends (`tests/terminal/panics.rs`). Not in a release build.

/// Panics if the environment wishes it at this place: `JUICETOP_PANIC=PLACE:FILE` panics there once the file exists, so
/// that a test can say when.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "that is what it is for")]
pub(crate) fn here(place: &str) {
    static WISH: std::sync::OnceLock<Option<(String, std::path::PathBuf)>> = std::sync::OnceLock::new();
    let wish = WISH.get_or_init(|| {
        let wish = std::env::var("JUICETOP_PANIC").ok()?;
        let (place, file) = wish.split_once(':')?;
        Some((place.to_owned(), file.into()))
    });
    if let Some((wanted, file)) = wish
        && wanted == place
        && file.exists()
    {
        panic!("a panic on purpose, in {place}");
    }
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn here(_: &str) {}
