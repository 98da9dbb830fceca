//! Strings as they are shown: readable characters as themselves, all else as the escape that was written.

/// What a piece of a shown string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Characters.
    Plain,
    /// An escape, such as `\n` or `\u0007`.
    Escape,
    /// A half of a surrogate pair without its other half; no character.
    Lone,
}

/// The first `limit` bytes of a raw string (with its quotes), in pieces. `\u00e9` is shown as `é` and a pair of
/// surrogates as its one sign; control characters keep their escapes, so a string stays on its line.
pub fn shown(raw: &str, limit: usize) -> Vec<(String, Part)> {
    let mut rest = &raw[..raw.ceil_char_boundary(limit)];
    let mut pieces: Vec<(String, Part)> = Vec::new();
    let mut push = |text: &str, part: Part| match pieces.last_mut() {
        Some((last, same)) if *same == part => last.push_str(text),
        _ => pieces.push((text.to_owned(), part)),
    };
    while !rest.is_empty() {
        let plain = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        if plain > 0 {
            push(&rest[..plain], Part::Plain);
            rest = &rest[plain..];
            continue;
        }
        let (length, part) = match unit(rest, 0) {
            Some(high @ 0xd800..0xdc00) => match unit(rest, 6) {
                Some(low @ 0xdc00..0xe000) => {
                    let point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    push(
                        char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut [0; 4]),
                        Part::Plain,
                    );
                    rest = &rest[12..];
                    continue;
                }
                _ => (6, Part::Lone),
            },
            Some(0xdc00..0xe000) => (6, Part::Lone),
            Some(point) => match char::from_u32(point).filter(|c| *c > '~' && !c.is_control()) {
                Some(c) => {
                    push(c.encode_utf8(&mut [0; 4]), Part::Plain);
                    rest = &rest[6..];
                    continue;
                }
                None => (6, Part::Escape),
            },
            None => (rest.ceil_char_boundary(2), Part::Escape),
        };
        push(&rest[..length], part);
        rest = &rest[length..];
    }
    pieces
}

/// The UTF-16 unit of the `\uXXXX` that stands at `at`.
fn unit(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_one_sign_and_halves_are_marked() {
        let raw = r#""a\ud800b \ud83d\udd2c \u00e9\n\u0000\"\\ \udc00\ud83d\ud83d\udd2c""#;
        let pieces = shown(raw, raw.len());
        let of = |part| pieces.iter().filter(|p| p.1 == part).map(|p| p.0.as_str()).collect::<Vec<_>>();
        assert_eq!(of(Part::Lone), [r"\ud800", r"\udc00\ud83d"]);
        assert_eq!(of(Part::Escape), [r#"\n\u0000\"\\"#]);
        assert_eq!(of(Part::Plain).concat(), "\"ab 🔬 é 🔬\"");
    }

    #[test]
    fn no_more_is_read_than_is_shown() {
        let raw = format!("\"{}\"", "é".repeat(1_000_000));
        let length: usize = shown(&raw, 100).iter().map(|(text, _)| text.len()).sum();
        assert!((100..104).contains(&length));
        for limit in 0..20 {
            shown(r#""\ud83d\udd2c\u00e9\\é""#, limit);
        }
    }
}
