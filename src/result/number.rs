//! Numbers as they are written: their value for a plot, and their order without rounding.

use std::cmp::Ordering;

pub use crate::wire::json::number as value;

/// The order of two numbers, to the last digit: 2**63 and 2**63 + 1 differ. `NaN` comes last.
pub fn compare(one: &str, other: &str) -> Ordering {
    let (a, b) = (value(one).unwrap_or(f64::NAN), value(other).unwrap_or(f64::NAN));
    match a.partial_cmp(&b) {
        Some(Ordering::Equal) if one != other => Digits::of(one).cmp(&Digits::of(other)),
        Some(order) => order,
        None => a.is_nan().cmp(&b.is_nan()),
    }
}

/// A number by its digits. The order of its parts is the order of sizes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Size {
    /// The power of ten of the first digit; zero has the least one, the word `Infinity` the greatest.
    power: i64,
    /// From the first that is not 0 to the last that is not.
    digits: Vec<u8>,
}

struct Digits {
    negative: bool,
    size: Size,
}

impl Digits {
    fn of(raw: &str) -> Digits {
        let (negative, raw) = raw.strip_prefix('-').map_or((false, raw), |rest| (true, rest));
        if raw == "Infinity" {
            return Digits { negative, size: Size { power: i64::MAX, digits: Vec::new() } };
        }
        let (number, exponent) = raw.split_once(['e', 'E']).unwrap_or((raw, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let far = if exponent.starts_with('-') { i64::MIN / 4 } else { i64::MAX / 4 };
        let exponent = exponent.parse().unwrap_or(far).clamp(i64::MIN / 4, i64::MAX / 4);
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..zeros);
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Digits { negative: false, size: Size { power: i64::MIN, digits } };
        }
        let power = exponent + whole.len() as i64 - zeros as i64;
        Digits { negative, size: Size { power, digits } }
    }

    fn cmp(&self, other: &Digits) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size.cmp(&other.size),
            (true, true) => other.size.cmp(&self.size),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_exact_where_floats_are_equal() {
        let ordered = [
            "-Infinity",
            "-1e400",
            "-9223372036854775809",
            "-9223372036854775808",
            "-1",
            "-5e-324",
            "-1e-400",
            "0",
            "1e-400",
            "1e-324",
            "0.1",
            "0.10000000000000000001",
            "1",
            "9007199254740992",
            "9007199254740993.0",
            "18446744073709551615",
            "18446744073709551616",
            "1e309",
            "1e400",
            "Infinity",
            "NaN",
        ];
        for (i, one) in ordered.iter().enumerate() {
            for (j, other) in ordered.iter().enumerate() {
                assert_eq!(compare(one, other), i.cmp(&j), "{one} {other}");
            }
        }
        for (one, other) in [("1.0", "1"), ("-0.0", "0"), ("1e2", "100.0"), ("0.05e1", "5E-1"), ("0e99", "0")]
        {
            assert_eq!(compare(one, other), Ordering::Equal, "{one} {other}");
        }
    }

    #[test]
    fn only_numbers_have_a_value() {
        for raw in ["\"NaN\"", "null", "true", "[1]", "", "inf", "nan", "+1"] {
            assert_eq!(value(raw), None, "{raw}");
        }
        assert_eq!(value("1e-07"), Some(1e-7));
    }
}
