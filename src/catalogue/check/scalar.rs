//! One value and one shape, without what is inside: its type, bounds, choices, text.

use super::{
    Level,
    number::{self, Bound},
    text::{self, Verdict},
};
use crate::{
    catalogue::{
        shape::{NumberShape, Shape, TextShape, What},
        words,
    },
    wire::json::{self, Kind},
};

/// Choices that are named.
const NAMED: usize = 12;

/// Whether a value can be of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fit {
    Yes,
    Perhaps(String),
    No(String),
}

/// What is wrong with a value, not looking into it.
pub(in crate::catalogue) fn scalar(shape: &Shape, value: &str) -> Vec<(Level, String)> {
    let mut out = Vec::new();
    match fit(shape, value) {
        Fit::Yes => {}
        Fit::Perhaps(what) => out.push((Level::Hint, what)),
        Fit::No(what) => out.push((Level::Error, what)),
    }
    if let What::Text(told) = &shape.what
        && out.is_empty()
        && json::kind(value) == Some(Kind::String)
    {
        written(told, value, &mut out);
    }
    out
}

fn fit(shape: &Shape, value: &str) -> Fit {
    let Some(kind) = json::kind(value) else { return Fit::Yes };
    if kind == Kind::Null && shape.nullable {
        return Fit::Yes;
    }
    let no = |what: &str| Fit::No(what.to_owned());
    match (&shape.what, kind) {
        (What::Any | What::Other(_) | What::All(_) | What::Union(_), _) => Fit::Yes,
        (What::Const(only), _) => choice(&[only], shape.referred, value, kind),
        (What::Enum(choices), _) => {
            let choices: Vec<&str> = choices.iter().map(|choice| choice.raw.as_str()).collect();
            choice(&choices, shape.referred, value, kind)
        }
        (What::Null, Kind::Null) => Fit::Yes,
        (What::Null, _) => no("expected null"),
        (What::Text(told), kind) => text_fit(told, kind),
        (What::Number(told), kind) => number_fit(told, value, kind),
        (What::Decimal, Kind::Number) => Fit::Yes,
        (What::Decimal, Kind::String) => {
            let text = json::string(value).unwrap_or_default();
            match decimal(&text) {
                true => Fit::Yes,
                // What looks like a decimal's schema may be a float's or a text's.
                false => Fit::Perhaps("expected a decimal number".into()),
            }
        }
        (What::Decimal, _) => no("expected a decimal number"),
        (What::Bool, Kind::Bool) => Fit::Yes,
        (What::Bool, Kind::Number) if number::same_number(value, "0") || number::same_number(value, "1") => {
            Fit::Yes
        }
        (What::Bool, Kind::String) if number::boolean(&json::string(value).unwrap_or_default()) => Fit::Yes,
        (What::Bool, _) => no("expected true or false"),
        (What::List(_) | What::Tuple(_), Kind::Array) => Fit::Yes,
        // Named tuples take objects, lazy sequences take whatever can be gone through.
        (What::List(list), Kind::Object | Kind::String) if list.unique => no("expected a list"),
        (What::List(_) | What::Tuple(_), Kind::Object | Kind::String) => {
            Fit::Perhaps("expected a list".into())
        }
        (What::List(_) | What::Tuple(_), _) => no("expected a list"),
        (What::Model(_) | What::Map(_), Kind::Object) => Fit::Yes,
        (What::Model(_) | What::Map(_), _) => no("expected an object"),
    }
}

fn decimal(text: &str) -> bool {
    let text = text.trim().replace('_', "");
    let digits = text.trim_start_matches(['+', '-']);
    digits.starts_with(|c: char| c.is_numeric() || c == '.') && text.parse::<f64>().is_ok()
}

fn text_fit(told: &TextShape, kind: Kind) -> Fit {
    match kind {
        Kind::String => Fit::Yes,
        // Dates, durations, addresses and bytes have their own ideas.
        Kind::Number | Kind::Bool if told.format.is_some() => Fit::Yes,
        Kind::Number | Kind::Bool
            if told.pattern.is_some() || told.least.is_some() || told.most.is_some() =>
        {
            Fit::No("expected text".into())
        }
        // A complex number's schema says no more than text's.
        Kind::Number | Kind::Bool => Fit::Perhaps("expected text".into()),
        _ => Fit::No("expected text".into()),
    }
}

/// Length, pattern and format of a text.
fn written(told: &TextShape, value: &str, out: &mut Vec<(Level, String)>) {
    let text = json::string(value).unwrap_or_default();
    // The length of bytes, addresses and the like is not that of their text.
    if matches!(told.format.as_deref(), None | Some("password")) {
        let points = |text: &str| text.chars().count();
        let (all, bare) = (points(&text), points(text.trim()));
        if let Some(least) = told.least.filter(|least| all < *least) {
            out.push((Level::Error, format!("expected at least {least} characters, not {all}")));
        }
        if let Some(most) = told.most.filter(|most| all > *most) {
            // A class may strip blanks before it counts.
            let level = if bare > most { Level::Error } else { Level::Hint };
            out.push((level, format!("expected at most {most} characters, not {all}")));
        }
    }
    if let Some(pattern) = &told.pattern {
        match told.judge(&text) {
            Verdict::Fits => {}
            Verdict::Perhaps => {
                out.push((Level::Hint, format!("may not match {pattern}: the service decides")));
            }
            Verdict::Breaks => out.push((Level::Error, format!("must match {pattern}"))),
            Verdict::Unknown => {
                out.push((Level::Hint, format!("whether it matches {pattern} only the service can tell")));
            }
        }
    }
    if let Some(what) = told.format.as_deref().and_then(|format| text::format(format, &text)) {
        // Often it is no more than a label that a class has put on a plain text.
        let label = matches!(told.format.as_deref(), Some("email" | "name-email"));
        out.push((if label { Level::Hint } else { Level::Error }, what.to_owned()));
    }
}

fn number_fit(told: &NumberShape, value: &str, kind: Kind) -> Fit {
    let wanted = if told.integer { "integer" } else { "number" };
    match kind {
        Kind::Bool => Fit::Yes,
        Kind::Number if told.integer && number::has_fraction(value) => {
            Fit::No("expected a whole number".into())
        }
        Kind::Number => bounds(told, value),
        Kind::String if number::perhaps(&json::string(value).unwrap_or_default(), wanted) => Fit::Yes,
        _ if told.integer => Fit::No("expected a whole number".into()),
        _ => Fit::No("expected a number".into()),
    }
}

fn bounds(told: &NumberShape, value: &str) -> Fit {
    for (limit, bound, what) in [
        (&told.least, Bound::Least, "expected at least"),
        (&told.most, Bound::Most, "expected at most"),
        (&told.above, Bound::Above, "expected more than"),
        (&told.below, Bound::Below, "expected less than"),
    ] {
        if let Some(limit) = limit
            && number::breaks(value, limit, bound, told.integer)
        {
            return Fit::No(format!("{what} {}", words::limit(limit)));
        }
    }
    match &told.multiple {
        Some(unit) if number::no_multiple(value, unit, told.integer) => {
            Fit::No(format!("expected a multiple of {}", words::limit(unit)))
        }
        _ => Fit::Yes,
    }
}

/// Whether a value is that choice, letters and numbers alike.
pub(in crate::catalogue) fn is_choice(choice: &str, value: &str) -> bool {
    match (json::kind(choice), json::kind(value)) {
        (Some(Kind::Number), Some(Kind::Number)) => number::same_number(choice, value),
        (Some(Kind::String), Some(Kind::String)) => json::string(choice) == json::string(value),
        (one, other) => one == other && choice.trim() == value.trim(),
    }
}

/// `choices`: raw.
fn choice(choices: &[&str], referred: bool, value: &str, kind: Kind) -> Fit {
    // Python's `True` equals 1: numbers and booleans are compared by the service. Lists and objects too.
    let loose = |kind| matches!(kind, Some(Kind::Number | Kind::Bool));
    let same = |choice: &&str| {
        let other = json::kind(choice);
        is_choice(choice, value)
            || (other == Some(kind) && matches!(kind, Kind::Array | Kind::Object))
            || (other != Some(kind) && loose(other) && loose(Some(kind)))
    };
    if choices.contains(&value) || choices.iter().any(same) {
        return Fit::Yes;
    }
    let mut names: Vec<&str> = choices.iter().copied().take(NAMED).collect();
    if choices.len() > NAMED {
        names.push("…");
    }
    let scalar = matches!(kind, Kind::String | Kind::Number | Kind::Bool);
    let words = if choices.len() == 1 { "expected" } else { "expected one of" };
    let what = format!("{words} {}", names.join(", "));
    if referred && scalar { Fit::Perhaps(what) } else { Fit::No(what) }
}
