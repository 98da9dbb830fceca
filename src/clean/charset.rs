//! Which characters the terminal can show.

/// Which signs the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Charset {
    /// UTF-8: lines, bars and marks.
    #[default]
    Unicode,
    /// Seven bits only: other characters of texts from outside are shown as escapes.
    Ascii,
}
