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

/// Whether two numbers are the same for Python.
pub(super) fn equal(a: &str, b: &str) -> bool {
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
    let allowed =
        |c: char| matches!(c, '0'..='9' | '+' | '-' | '_' | '.') || (float && matches!(c, 'e' | 'E'));
    text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(allowed)
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
