//! Other layouts of the same value: only the white space between its parts changes.

use super::pieces::{Piece, pieces};

/// `raw` on one line without any white space between its parts; everything else letter for letter.
pub fn compact(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut after_scalar = false;
    for piece in pieces(raw) {
        let scalar = matches!(piece, Piece::Scalar(_));
        match piece {
            Piece::Open(bracket) | Piece::Close(bracket) => out.push(bracket),
            Piece::Comma => out.push(','),
            Piece::Colon => out.push(':'),
            Piece::Scalar(text) => {
                if after_scalar {
                    out.push(' ');
                }
                out.push_str(text);
            }
        }
        after_scalar = scalar;
    }
    out
}

/// `raw` on lines, two blanks a level, numbers and strings letter for letter, one row a string. Stops after `limit`
/// bytes of output and says whether it did: at the end of a line where one ends in the second half of what fits, else
/// (a line is itself that long) in the middle of one.
pub fn pretty(raw: &str, limit: usize) -> (String, bool) {
    let mut out = Bounded { text: String::with_capacity(raw.len().min(limit)), limit };
    let mut depth: usize = 0;
    let mut after_scalar = false;
    let mut pieces = pieces(raw).peekable();
    while let Some(piece) = pieces.next() {
        let scalar = matches!(piece, Piece::Scalar(_));
        let fits = match piece {
            Piece::Open(bracket) => {
                if let Some(Piece::Close(closing)) = pieces.peek() {
                    let both = [bracket, *closing];
                    pieces.next();
                    both.into_iter().all(|bracket| out.push(bracket))
                } else {
                    depth += 1;
                    out.push(bracket) && out.line(depth)
                }
            }
            Piece::Close(bracket) => {
                depth = depth.saturating_sub(1);
                out.line(depth) && out.push(bracket)
            }
            Piece::Comma => out.push(',') && out.line(depth),
            Piece::Colon => out.push(':') && out.push(' '),
            Piece::Scalar(text) => (!after_scalar || out.push(' ')) && out.push_str(text),
        };
        after_scalar = scalar;
        if !fits {
            return (out.cut(), true);
        }
    }
    (out.text, false)
}

/// Text up to a limit. What does not fit is taken as far as it fits, and the answer is false.
struct Bounded {
    text: String,
    limit: usize,
}

impl Bounded {
    fn push(&mut self, character: char) -> bool {
        self.push_str(character.encode_utf8(&mut [0; 4]))
    }

    fn push_str(&mut self, piece: &str) -> bool {
        let room = self.limit.saturating_sub(self.text.len());
        if piece.len() <= room {
            self.text.push_str(piece);
            return true;
        }
        let mut end = room;
        while !piece.is_char_boundary(end) {
            end -= 1;
        }
        self.text.push_str(&piece[..end]);
        false
    }

    /// Begins a line at that depth.
    fn line(&mut self, depth: usize) -> bool {
        let room = self.limit.saturating_sub(self.text.len());
        let blanks = depth.saturating_mul(2);
        if blanks >= room {
            return false;
        }
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', blanks));
        true
    }

    /// What there is, back to the last line's end if that is not too far.
    fn cut(mut self) -> String {
        if let Some(end) = self.text.rfind('\n')
            && end >= self.limit / 2
        {
            self.text.truncate(end);
        }
        self.text
    }
}
