//! Between what a person types and what goes out.

use super::Input;
use crate::{
    catalogue::shape::{Shape, TextShape, What},
    wire::json::{self, Kind},
};

/// What was typed, as JSON. With a fault it is no value of its kind, and goes along as text so that it is kept.
pub(super) struct Written {
    pub(super) raw: String,
    pub(super) fault: Option<String>,
}

/// Reads what was typed into a line of that shape.
pub(super) fn read(shape: &Shape, typed: &str) -> Written {
    let good = |raw: String| Written { raw, fault: None };
    match &shape.what {
        What::Number(number) => {
            let bare = typed.trim();
            // Text in quotes is for who knows that the service reads it as a number.
            if json::check(bare).is_ok() && matches!(json::kind(bare), Some(Kind::Number | Kind::String)) {
                return good(bare.to_owned());
            }
            Written { raw: json::quote(typed), fault: Some(number_fault(bare, number.integer)) }
        }
        What::Text(text) if is_moment(text) && is_plain_number(typed) => good(typed.trim().to_owned()),
        What::Text(_) | What::Decimal => good(json::quote(typed)),
        _ => json_text(typed),
    }
}

/// Reads JSON as typed.
pub(super) fn json_text(typed: &str) -> Written {
    match json::check(typed) {
        Ok(()) => Written { raw: typed.trim_matches([' ', '\t', '\n', '\r']).to_owned(), fault: None },
        Err(error) => Written { raw: json::quote(typed), fault: Some(format!("no JSON: {error}")) },
    }
}

/// The input for a scalar that is there: the text that would be typed for it.
pub(super) fn show(shape: &Shape, raw: &str) -> Option<Input> {
    let kind = json::kind(raw)?;
    match &shape.what {
        What::Number(_) => match kind {
            Kind::Number | Kind::Bool => Some(Input::Line(raw.trim().to_owned())),
            Kind::String => {
                // What was typed and is no number stands there as it was typed.
                let text = json::string(raw)?;
                let again = read(shape, &text);
                let line = if again.raw == raw { text.into_owned() } else { raw.trim().to_owned() };
                Some(Input::Line(line))
            }
            _ => None,
        },
        What::Text(_) | What::Decimal => {
            let text = match kind {
                Kind::String => json::string(raw)?.into_owned(),
                Kind::Number | Kind::Bool => raw.trim().to_owned(),
                _ => return None,
            };
            // What no keyboard types stands there with its escapes.
            if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
                return None;
            }
            let lines = text.contains(['\n', '\t']) || is_long(shape);
            Some(if lines { Input::Text(text) } else { Input::Line(text) })
        }
        _ => None,
    }
}

/// Whether the schema asks for text of several lines.
pub(super) fn is_long(shape: &Shape) -> bool {
    matches!(&shape.what, What::Text(TextShape { lines: true, .. }))
}

/// Whether a field of that name holds code.
pub(super) fn is_code(name: &str) -> bool {
    matches!(name, "code" | "script" | "source" | "cell")
        || name.ends_with("_code")
        || name.ends_with("_script")
}

/// Dates, times and durations are taken as seconds too, and durations only so if they are numbers in JSON.
fn is_moment(text: &TextShape) -> bool {
    matches!(text.format.as_deref(), Some("date-time" | "date" | "time" | "duration"))
}

fn is_plain_number(typed: &str) -> bool {
    let bare = typed.trim();
    json::kind(bare) == Some(Kind::Number) && !bare.contains(['N', 'I']) && json::check(bare).is_ok()
}

/// Why a text is no number, with the way out if it is plain what is meant.
fn number_fault(typed: &str, integer: bool) -> String {
    let kind = if integer { "a whole number" } else { "a number" };
    if typed.is_empty() {
        return format!("enter {kind}");
    }
    let bare = typed.trim_start_matches(['+', '-']);
    let word = bare.to_ascii_lowercase();
    let sign = if typed.starts_with('-') { "-" } else { "" };
    let better = match word.as_str() {
        "inf" | "infinity" | "∞" if !integer => Some(format!("{sign}Infinity")),
        "nan" if !integer => Some("NaN".to_owned()),
        _ => repaired(typed),
    };
    match better {
        Some(better) => format!("expected {kind}: write {better}"),
        None => format!("expected {kind}"),
    }
}

/// A number that is nearly one in JSON: `+5`, `.5`, `5.`, `1_000`, `1,5e3`, `007`.
fn repaired(typed: &str) -> Option<String> {
    let mut text: String = typed.replace(['_', ' '], "").trim_start_matches('+').replace('−', "-");
    if text.matches(',').count() == 1 && !text.contains('.') {
        text = text.replace(',', ".");
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let digits = digits.trim_start_matches('0');
    let digits = if digits.starts_with(|c: char| c.is_ascii_digit()) {
        digits.to_owned()
    } else {
        format!("0{digits}")
    };
    let digits = digits.replace(".e", ".0e").replace(".E", ".0E");
    let digits = if digits.ends_with('.') { digits + "0" } else { digits };
    let number = format!("{sign}{digits}");
    let good = json::check(&number).is_ok() && json::kind(&number) == Some(Kind::Number);
    (good && typed.contains(|c: char| c.is_ascii_digit())).then_some(number)
}
