//! The parts between which white space may stand.

use super::scan;

/// A piece of a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// `{` or `[`
    Open(char),
    /// `}` or `]`
    Close(char),
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// A string, a number, a word, or (in what is no JSON) anything else.
    Scalar(&'a str),
}

/// Cuts a text into pieces without judging it: what is no JSON comes out in some pieces too, and only there do two
/// scalars follow each other.
pub fn pieces(raw: &str) -> impl Iterator<Item = Piece<'_>> {
    Pieces { rest: raw }
}

struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let piece = match self.rest.chars().next()? {
            bracket @ ('{' | '[') => Piece::Open(bracket),
            bracket @ ('}' | ']') => Piece::Close(bracket),
            ',' => Piece::Comma,
            ':' => Piece::Colon,
            first => {
                let end = if first == '"' { scan::string_end(self.rest) } else { word_end(self.rest) };
                let (scalar, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(Piece::Scalar(scalar));
            }
        };
        self.rest = &self.rest[1..];
        Some(piece)
    }
}

/// The end of the number or word that `text` starts with.
fn word_end(text: &str) -> usize {
    text.find(['{', '}', '[', ']', ',', ':', '"', ' ', '\t', '\n', '\r']).unwrap_or(text.len())
}
