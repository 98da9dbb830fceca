//! Sixty-four bytes at a time: where quotes, backslashes, brackets and commas stand, as bits.
//!
//! Plain code that compilers turn into vector instructions on every machine; no intrinsics.

/// Bytes in a block; one bit of a mask for each.
pub(super) const BLOCK: usize = 64;

const QUOTE: u32 = 0;
const BACKSLASH: u32 = 1;
const BRACKET: u32 = 2;
const COMMA: u32 = 3;

/// Bit *n* is set where byte *n* is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Masks {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    /// `[`, `]`, `{` or `}`
    pub(super) bracket: u64,
    pub(super) comma: u64,
}

/// What stands where in a block.
pub(super) fn masks(block: &[u8; BLOCK]) -> Masks {
    let mut classes = [0_u8; BLOCK];
    for (class, byte) in classes.iter_mut().zip(block) {
        let byte = *byte;
        // `[` and `{`, `]` and `}` differ in this bit alone.
        let curly = byte | 0x20;
        *class = u8::from(byte == b'"') << QUOTE
            | u8::from(byte == b'\\') << BACKSLASH
            | u8::from((curly == b'{') | (curly == b'}')) << BRACKET
            | u8::from(byte == b',') << COMMA;
    }
    let any = classes.iter().fold(0, |any, class| any | class);
    let mask = |bit: u32| if any >> bit & 1 == 0 { 0 } else { gather(&classes, bit) };
    Masks { quote: mask(QUOTE), backslash: mask(BACKSLASH), bracket: mask(BRACKET), comma: mask(COMMA) }
}

/// One bit of each byte, side by side.
fn gather(classes: &[u8; BLOCK], bit: u32) -> u64 {
    let mut mask = 0;
    for (index, word) in classes.as_chunks::<8>().0.iter().enumerate() {
        let bits = u64::from_le_bytes(*word) >> bit & 0x0101_0101_0101_0101;
        // The product brings bit 8·n to bit 56 + n; no two of its terms meet.
        mask |= (bits.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (index * 8);
    }
    mask
}

/// The bytes that a backslash before them makes harmless. `carry`: the last byte of the block before was such a
/// backslash; it is set for the next block.
pub(super) fn escaped(mut backslash: u64, carry: &mut bool) -> u64 {
    let mut escaped = u64::from(*carry);
    backslash &= !escaped;
    *carry = false;
    while backslash != 0 {
        let at = backslash.trailing_zeros();
        if at == 63 {
            *carry = true;
            break;
        }
        let next = 1 << (at + 1);
        escaped |= next;
        backslash &= !next & (backslash - 1);
    }
    escaped
}

/// From each set bit up to the next one, without that: the inside of strings, from their quotes.
pub(super) fn between(quotes: u64) -> u64 {
    let mut inside = quotes;
    for shift in [1, 2, 4, 8, 16, 32] {
        inside ^= inside << shift;
    }
    inside
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(block: &[u8], wanted: &[u8]) -> u64 {
        block.iter().enumerate().filter(|(_, b)| wanted.contains(b)).fold(0, |m, (i, _)| m | 1 << i)
    }

    #[test]
    fn escapes_reach_over_the_end_of_a_block() {
        let mut carry = false;
        assert_eq!(escaped(0b0111, &mut carry), 0b1010);
        assert_eq!(escaped(1 << 63, &mut carry), 0);
        assert!(carry);
        assert_eq!(escaped(0b1, &mut carry), 0b1);
        assert!(!carry);
    }

    #[test]
    fn between_quotes_lies_what_follows_the_first_of_two() {
        assert_eq!(between(0b10010), 0b01110);
        assert_eq!(between(1), u64::MAX);
    }

    proptest! {
        #[test]
        fn masks_are_what_a_plain_look_finds(bytes in proptest::collection::vec(
            prop_oneof![any::<u8>(), proptest::sample::select(b"\"\\[]{},".to_vec())], BLOCK)) {
            let block: [u8; BLOCK] = bytes.clone().try_into().unwrap();
            let masks = masks(&block);
            prop_assert_eq!(masks.quote, plain(&bytes, b"\""));
            prop_assert_eq!(masks.backslash, plain(&bytes, b"\\"));
            prop_assert_eq!(masks.bracket, plain(&bytes, b"[]{}"));
            prop_assert_eq!(masks.comma, plain(&bytes, b","));
        }
    }
}
