//! Numbers as JSON writes them, compared as Python compares them.

use std::cmp::Ordering;

/// A limit's kind.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// `minimum`
    Least,
    /// `maximum`
    Most,
    /// `exclusiveMinimum`
    Above,
    /// `exclusiveMaximum`
    Below,
}

/// Whether `value` surely breaks the bound. `integer`: Python compares integers, however large; else floats.
pub(super) fn breaks(value: &str, limit: &str, bound: Bound, integer: bool) -> bool {
    let exact = integer && is_integer(value) && is_integer(limit);
    let order = if exact { compare(value, limit) } else { float(value).partial_cmp(&float(limit)) };
    let Some(order) = order else { return false };
    // Beyond 2^53 a float may only look equal to an integer.
    let equal = order == Ordering::Equal && (exact || !integer || float(value).abs() < 9e15);
    match bound {
        Bound::Least => order == Ordering::Less,
        Bound::Most => order == Ordering::Greater,
        Bound::Above => order == Ordering::Less || equal,
        Bound::Below => order == Ordering::Greater || equal,
    }
}

/// Whether `value` is surely no multiple of `unit`, as pydantic reckons: integers exactly, floats within a billionth, in
/// some versions of the value, in others of one.
pub(super) fn no_multiple(value: &str, unit: &str, integer: bool) -> bool {
    if integer {
        let Ok(unit) = unit.trim_start_matches('-').parse::<u64>() else { return false };
        if unit == 0 {
            return false;
        }
        if is_integer(value) {
            return remainder(value, unit) != 0;
        }
        // `6.0` is read as 6; beyond 2^53 the digits of a float tell nothing.
        let value = float(value);
        return value.fract() == 0.0 && value.abs() < 9e15 && !(value.abs() as u64).is_multiple_of(unit);
    }
    let (value, unit) = (float(value), float(unit));
    let rest = value % unit;
    let threshold = value.abs().max(1.0) / 1e9;
    rest.abs() > threshold && (rest.abs() - unit.abs()).abs() > threshold
}

/// What is left of an integer of any length.
fn remainder(raw: &str, unit: u64) -> u64 {
    let digits = raw.trim_start_matches('-').bytes().map(|byte| u128::from(byte - b'0'));
    let unit = u128::from(unit);
    u64::try_from(digits.fold(0, |rest, digit| (rest * 10 + digit) % unit)).unwrap_or(0)
}

/// Whether two numbers are the same for Python.
pub(super) fn same_number(a: &str, b: &str) -> bool {
    if is_integer(a) && is_integer(b) { compare(a, b) == Some(Ordering::Equal) } else { float(a) == float(b) }
}

/// A number that no integer is: with a fraction, infinite, or NaN.
pub(super) fn has_fraction(value: &str) -> bool {
    if is_integer(value) {
        return false;
    }
    let value = float(value);
    !value.is_finite() || value.fract() != 0.0
}

/// Whether a text could be read as a number by pydantic: `5`, `-1_000`, `5.0`; for floats `1e-3` and `nan` too.
pub(super) fn perhaps(text: &str, wanted: &str) -> bool {
    let text = text.trim();
    let float = wanted == "number";
    let word = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    if float && matches!(word.as_str(), "nan" | "inf" | "infinity") {
        return true;
    }
    if !text.is_ascii() {
        // Python knows digits of many scripts.
        return text.contains(char::is_numeric);
    }
    let bare = text.replace('_', "");
    if float {
        return bare.parse::<f64>().is_ok();
    }
    let digits = bare.strip_prefix(['+', '-']).unwrap_or(&bare);
    let whole = digits
        .split_once('.')
        .map_or(digits, |(whole, zeros)| if zeros.bytes().all(|byte| byte == b'0') { whole } else { "" });
    !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text could be read as a boolean by pydantic.
pub(super) fn boolean(text: &str) -> bool {
    const WORDS: [&str; 12] = ["0", "off", "f", "false", "n", "no", "1", "on", "t", "true", "y", "yes"];
    WORDS.contains(&text.trim().to_lowercase().as_str())
}

fn float(raw: &str) -> f64 {
    match raw {
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        raw => raw.parse().unwrap_or(f64::NAN),
    }
}

fn is_integer(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Two integers of any length. JSON knows no leading zeros.
fn compare(a: &str, b: &str) -> Option<Ordering> {
    let sign = |raw: &str| raw.starts_with('-') && raw != "-0";
    let size = |raw: &str| raw.strip_prefix('-').unwrap_or(raw).to_owned();
    let (size_a, size_b) = (size(a), size(b));
    let sizes = size_a.len().cmp(&size_b.len()).then_with(|| size_a.cmp(&size_b));
    Some(match (sign(a), sign(b)) {
        (false, false) => sizes,
        (true, true) => sizes.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_as_pydantic_reckons_them() {
        for value in ["0.3", "0.7", "1.2", "92.6", "1000000.1", "1e300", "Infinity", "NaN", "1e-12", "0"] {
            assert!(!no_multiple(value, "0.1", false), "{value}");
        }
        for value in ["0.35", "-0.05", "1e-6", "0.100001", "1000000.15"] {
            assert!(no_multiple(value, "0.1", false), "{value}");
        }
        assert!(!no_multiple("-0.3", "0.1", false));
        for (value, wrong) in [
            ("7", true),
            ("6.0", false),
            ("7.0", true),
            ("-9", false),
            ("1208925819614629174706176", true),
            ("3626777458843887524118528", false),
            ("1e300", false),
        ] {
            assert_eq!(no_multiple(value, "3", true), wrong, "{value}");
        }
        assert!(!no_multiple("7", "0", true) && !no_multiple("7", "0.5", true));
    }
}
