//! A shape in words: what kind of value a field takes, its limits, its unit.

use super::shape::{At, ListShape, NumberShape, Schema, Shape, TextShape, What};

/// Alternatives, items and the like that are named.
const NAMED: usize = 4;

/// Levels that a kind is told for (`list of list of int`).
const DEEPEST: usize = 4;

/// Letters of a kind.
const LONGEST: usize = 40;

/// The kind of value, with a `?` where it may be null: `int`, `text?`, `list of Point`, `Gauss | Square`.
pub(super) fn kind(schema: &mut Schema, shape: &Shape) -> String {
    let mut kind = kind_at(schema, shape, 0);
    if kind.chars().count() > LONGEST {
        kind = kind.chars().take(LONGEST - 1).collect::<String>() + "…";
    }
    if shape.nullable { kind + "?" } else { kind }
}

fn kind_at(schema: &mut Schema, shape: &Shape, depth: usize) -> String {
    if depth >= DEEPEST {
        return "…".to_owned();
    }
    match &shape.what {
        What::Any | What::Other(_) | What::All(_) => "JSON".to_owned(),
        What::Null => "null".to_owned(),
        What::Bool => "bool".to_owned(),
        What::Number(NumberShape { integer: true, .. }) => "int".to_owned(),
        What::Number(_) => "float".to_owned(),
        What::Decimal => "decimal".to_owned(),
        What::Text(text) => text_kind(text, shape).to_owned(),
        What::Const(_) => "constant".to_owned(),
        What::Enum(_) => "choice".to_owned(),
        What::Model(_) => class(shape).unwrap_or_else(|| "section".to_owned()),
        What::Map(map) => match map.value {
            Some(value) => format!("map of {}", part(schema, value, depth)),
            None => "map".to_owned(),
        },
        What::List(ListShape { item, unique, .. }) => {
            let name = if *unique { "set" } else { "list" };
            match item {
                Some(item) => format!("{name} of {}", part(schema, *item, depth)),
                None => name.to_owned(),
            }
        }
        What::Tuple(tuple) => {
            let parts: Vec<_> = tuple.first.iter().take(NAMED).map(|at| part(schema, *at, depth)).collect();
            let more = if tuple.first.len() > NAMED || tuple.rest.is_some() { ", …" } else { "" };
            format!("({}{more})", parts.join(", "))
        }
        What::Union(union) => {
            let names = variants(schema, &union.variants[..union.variants.len().min(NAMED)]);
            let more = if union.variants.len() > NAMED { " | …" } else { "" };
            format!("{}{more}", names.join(" | "))
        }
    }
}

fn part(schema: &mut Schema, at: At, depth: usize) -> String {
    let shape = schema.shape(at);
    let kind = kind_at(schema, &shape, depth + 1);
    if shape.nullable { kind + "?" } else { kind }
}

/// The names of alternatives: a class's name, else the kind. Where two have one name, they are numbered.
pub(super) fn variants(schema: &mut Schema, places: &[At]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(places.len());
    for at in places {
        let shape = schema.shape(*at);
        let name = class(&shape).unwrap_or_else(|| kind_at(schema, &shape, 1));
        let same = names.iter().filter(|known| **known == name).count();
        names.push(if same > 0 { format!("{name} ({})", same + 1) } else { name });
    }
    names
}

/// The class's name.
pub(super) fn class(shape: &Shape) -> Option<String> {
    match &shape.what {
        What::Model(_) => shape.class.clone().or_else(|| shape.title.clone()),
        What::Enum(_) => shape.class.clone(),
        _ => None,
    }
}

fn text_kind(text: &TextShape, shape: &Shape) -> &'static str {
    match text.format.as_deref() {
        _ if shape.secret => "secret",
        Some("date-time") => "date and time",
        Some("date") => "date",
        Some("time") => "time",
        Some("duration") => "duration",
        Some("path" | "file-path" | "directory-path") => "path",
        Some("uuid" | "uuid1" | "uuid3" | "uuid4" | "uuid5") => "uuid",
        Some("uri" | "url" | "multi-host-uri") => "url",
        Some("email" | "name-email") => "email",
        Some("ipv4" | "ipv6" | "ipvanyaddress") => "address",
        Some("binary" | "base64" | "base64url") => "bytes",
        Some("regex") => "pattern",
        _ => "text",
    }
}

/// What the schema limits, in one line; empty if nothing.
pub(super) fn limits(shape: &Shape) -> String {
    match &shape.what {
        What::Number(number) => number_limits(number),
        What::Text(text) => text_limits(text),
        What::List(list) => count(list.least, list.most, "item"),
        What::Tuple(tuple) if tuple.rest.is_some() => count(tuple.least, tuple.most, "item"),
        What::Map(map) => {
            let mut parts = vec![count(map.least, map.most, "entry")];
            if let Some(pattern) = map.pattern.as_ref().and_then(|text| text.pattern.as_deref()) {
                parts.push(format!("keys must match {pattern}"));
            }
            join(parts)
        }
        What::Other(why) => format!("any JSON: {why}"),
        What::Decimal => "all digits count".to_owned(),
        _ => String::new(),
    }
}

fn join(parts: Vec<String>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn number_limits(number: &NumberShape) -> String {
    let low =
        number.least.as_deref().map(|raw| (raw, false)).or(number.above.as_deref().map(|raw| (raw, true)));
    let high =
        number.most.as_deref().map(|raw| (raw, false)).or(number.below.as_deref().map(|raw| (raw, true)));
    let range = match (low, high) {
        (Some((low, false)), Some((high, false))) => format!("{} … {}", limit(low), limit(high)),
        (Some((low, above)), Some((high, below))) => {
            let sign = |strict| if strict { "<" } else { "≤" };
            format!("{} {} … {} {}", limit(low), sign(above), sign(below), limit(high))
        }
        (Some((low, strict)), None) => format!("{} {}", if strict { ">" } else { "≥" }, limit(low)),
        (None, Some((high, strict))) => format!("{} {}", if strict { "<" } else { "≤" }, limit(high)),
        (None, None) => String::new(),
    };
    let multiple =
        number.multiple.as_deref().map(|raw| format!("multiple of {}", limit(raw))).unwrap_or_default();
    join(vec![range, multiple])
}

fn text_limits(text: &TextShape) -> String {
    let length = count(text.least, text.most, "character");
    let pattern = text.pattern.as_deref().map(|pattern| {
        let who = if text.left_to_service() { " (checked by the service)" } else { "" };
        format!("must match {pattern}{who}")
    });
    join(vec![pattern.unwrap_or_default(), length])
}

fn count(least: Option<usize>, most: Option<usize>, what: &str) -> String {
    let many = |n: usize| match (n, what) {
        (1, _) => format!("1 {what}"),
        (_, "entry") => format!("{n} entries"),
        _ => format!("{n} {what}s"),
    };
    match (least.unwrap_or(0), most) {
        (0, None) => String::new(),
        (least, None) => format!("at least {}", many(least)),
        (_, Some(0)) => format!("no {}", many(0).trim_start_matches("0 ")),
        (0, Some(most)) => format!("at most {}", many(most)),
        (least, Some(most)) if least == most => many(most),
        (least, Some(most)) => format!("{least} to {}", many(most)),
    }
}

/// An integer of more than four digits in groups of three.
fn group(raw: &str) -> String {
    let (sign, digits) = match raw.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", raw),
    };
    if digits.len() < 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return raw.to_owned();
    }
    let mut out = sign.to_owned();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A limit as a person writes it, with all its digits: integers in groups of three, of floats what is short: `1e6`,
/// `0.5`, `-40`.
pub(super) fn limit(raw: &str) -> String {
    shortened(raw).unwrap_or_else(|| group(raw))
}

/// A float in fewer letters; `None` where it is none.
fn shortened(raw: &str) -> Option<String> {
    /// Digits before the point, or zeros behind it if negative, with which nobody writes an exponent: 0.0001, 9999.5.
    const PLAIN: std::ops::RangeInclusive<i64> = -3..=4;
    let (sign, size) = raw.strip_prefix('-').map_or(("", raw), |size| ("-", size));
    if !size.contains(['.', 'e', 'E']) {
        return None;
    }
    let (mantissa, exponent) = size.split_once(['e', 'E']).unwrap_or((size, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let bare = all.trim_start_matches('0');
    let digits = bare.trim_end_matches('0');
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let point = length(whole) - (length(&all) - length(bare)) + i64::from(exponent.parse::<i32>().ok()?);
    let (first, rest) = digits.split_at_checked(1)?;
    let dot = if rest.is_empty() { "" } else { "." };
    let powered = format!("{sign}{first}{dot}{rest}e{}", point - 1);
    let zeros = |n: i64| "0".repeat(usize::try_from(n).unwrap_or(0));
    let plain = match point {
        // Longer than any power of ten.
        ..-20 | 40.. => return Some(powered),
        ..=0 => format!("{sign}0.{}{digits}", zeros(-point)),
        _ => match digits.split_at_checked(usize::try_from(point).ok()?) {
            Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
            _ => format!("{sign}{digits}{}", zeros(point - length(digits))),
        },
    };
    let is_plain = PLAIN.contains(&point) || plain.len() <= powered.len();
    Some(if is_plain { group(&plain) } else { powered })
}

/// The unit at the end of a title or a description, in brackets, where it can be nothing else: `Amplitude [V]`,
/// `Delay (ns).`
pub(super) fn unit(text: &str) -> Option<String> {
    let text = text.trim_end().trim_end_matches('.');
    let (inside, open) = match text.chars().last()? {
        ']' => (text.strip_suffix(']')?, '['),
        ')' => (text.strip_suffix(')')?, '('),
        _ => return None,
    };
    let (_, unit) = inside.rsplit_once(open)?;
    let unit = unit.trim().strip_prefix("in ").unwrap_or(unit.trim());
    is_unit(unit).then(|| unit.to_owned())
}

/// Whether a text can be read as a unit: known ones with SI prefixes, joined by `/`, `·`, `*` or blanks, with powers.
fn is_unit(text: &str) -> bool {
    const PLAIN: [&str; 22] = [
        "%", "dB", "dBm", "dBc", "dBFS", "deg", "°", "°C", "min", "h", "d", "ppm", "ppb", "px", "Gb/s",
        "samples", "sample", "cycles", "clk", "Sa", "bits", "bar",
    ];
    const BASE: [&str; 24] = [
        "s", "V", "A", "Hz", "W", "K", "m", "g", "T", "J", "N", "Pa", "F", "H", "Ω", "Ohm", "ohm", "eV",
        "rad", "bar", "C", "S", "Wb", "Φ0",
    ];
    const PREFIX: [&str; 15] = ["", "f", "p", "n", "u", "µ", "μ", "m", "c", "k", "M", "G", "T", "P", "d"];
    let one = |part: &str| {
        let base = part.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '^' | '-' | '²' | '³'));
        let base = base.strip_prefix("√").unwrap_or(base);
        let prefixed =
            || BASE.iter().any(|unit| base.strip_suffix(unit).is_some_and(|prefix| PREFIX.contains(&prefix)));
        part == "1" || base == "rtHz" || PLAIN.contains(&base) || prefixed()
    };
    !text.is_empty() && text.chars().count() <= 16 && text != "1" && text.split(['/', '·', '*', ' ']).all(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_seen_only_where_they_are_sure() {
        for (text, expected) in [
            ("Amplitude [V]", Some("V")),
            ("Delay (ns).", Some("ns")),
            ("Noise [nV/rtHz]", Some("nV/rtHz")),
            ("Rate (in Hz)", Some("Hz")),
            ("Field [T/m]", Some("T/m")),
            ("Attenuation [dB]", Some("dB")),
            ("Temperature [mK]", Some("mK")),
            ("Slope [V^2/Hz]", Some("V^2/Hz")),
            ("Phase (deg)", Some("deg")),
            ("Which qubit (a name)", None),
            ("Number of points (optional)", None),
            ("Range [1]", None),
            ("[V] of the line", None),
            ("(maximum)", None),
            ("", None),
        ] {
            assert_eq!(unit(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn limits_in_words() {
        let number = |least: Option<&str>, most: Option<&str>, below: Option<&str>| NumberShape {
            integer: true,
            least: least.map(str::to_owned),
            most: most.map(str::to_owned),
            below: below.map(str::to_owned),
            ..NumberShape::default()
        };
        assert_eq!(number_limits(&number(Some("1"), Some("1000000"), None)), "1 … 1,000,000");
        assert_eq!(number_limits(&number(Some("0"), None, Some("1"))), "0 ≤ … < 1");
        assert_eq!(number_limits(&number(None, Some("-10000"), None)), "≤ -10,000");
        for (raw, expected) in [
            ("1000000.0", "1e6"),
            ("20000000000.0", "2e10"),
            ("1500000.0", "1.5e6"),
            ("-1000000.0", "-1e6"),
            ("10000.0", "1e4"),
            ("1000.0", "1000"),
            ("65535.0", "65,535"),
            ("123456.789", "123456.789"),
            ("0.5", "0.5"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-5"),
            ("1e-05", "1e-5"),
            ("1.25e-09", "1.25e-9"),
            ("1E3", "1000"),
            ("-40.0", "-40"),
            ("0.0", "0"),
            ("-0.0", "0"),
            ("00.1", "0.1"),
            ("1.7976931348623157e+308", "1.7976931348623157e308"),
            ("12345678.90123", "12345678.90123"),
            ("1e99999999999", "1e99999999999"),
            // Integers stay what they are.
            ("1000000", "1,000,000"),
            ("-7", "-7"),
            ("Infinity", "Infinity"),
        ] {
            assert_eq!(limit(raw), expected, "{raw}");
        }
        assert_eq!(count(Some(2), Some(5), "item"), "2 to 5 items");
        assert_eq!(count(None, Some(0), "item"), "no items");
        assert_eq!(count(Some(1), None, "entry"), "at least 1 entry");
        assert_eq!(count(Some(2), Some(2), "item"), "2 items");
    }
}
