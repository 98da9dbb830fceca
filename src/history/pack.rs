//! Texts as they stand in the file: as they came, or LZ4 where that makes them smaller.

use std::borrow::Cow;

/// Shorter texts are not worth it.
const WORTH: usize = 200;

const PLAIN: u8 = 0;
const LZ4: u8 = 1;

/// Packs a text.
pub(super) fn pack(text: &str) -> Vec<u8> {
    if text.len() >= WORTH {
        let mut packed = vec![LZ4];
        packed.extend(lz4_flex::compress_prepend_size(text.as_bytes()));
        if packed.len() <= text.len() {
            return packed;
        }
    }
    let mut plain = Vec::with_capacity(text.len() + 1);
    plain.push(PLAIN);
    plain.extend(text.as_bytes());
    plain
}

/// The text again. `most`: no text that was kept is longer, so that a damaged length fills no memory.
///
/// # Errors
/// In a few words, why it is none.
pub(super) fn unpack(bytes: &[u8], most: usize) -> Result<Cow<'_, str>, String> {
    let text = match bytes.split_first() {
        Some((&PLAIN, rest)) => str::from_utf8(rest).map(Cow::Borrowed).ok(),
        Some((&LZ4, rest)) => {
            let size = rest.first_chunk().map(|size| u32::from_le_bytes(*size) as usize);
            if size.is_none_or(|size| size > most) {
                return Err("a text has an impossible length".to_owned());
            }
            let text = lz4_flex::decompress_size_prepended(rest).map_err(|e| e.to_string())?;
            String::from_utf8(text).map(Cow::Owned).ok()
        }
        _ => return Err("a text is packed in an unknown way".to_owned()),
    };
    text.ok_or_else(|| "a text is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_becomes_smaller_and_a_short_one_stays() {
        let long = "[1.25, ".repeat(1_000);
        assert!(pack(&long).len() < long.len() / 10);
        assert_eq!(pack("{}"), b"\0{}");
        assert!(unpack(&pack(&long), 100).is_err(), "a length beyond the limit");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "(?s).{0,600}") {
            let packed = pack(&text);
            prop_assert_eq!(&*unpack(&packed, 1 << 20).unwrap(), text.as_str());
        }

        #[test]
        fn any_bytes_are_a_text_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&bytes, 1 << 20);
        }
    }
}
