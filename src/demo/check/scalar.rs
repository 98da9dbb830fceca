//! Values without parts: numbers, texts with a pattern or a form, choices.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::{
    super::json::{Json, is_int},
    Checker,
};

/// Schema's word, pydantic's sentence and short name, and what has to hold between value and limit.
type Bound = (&'static str, &'static str, &'static str, fn(f64, f64) -> bool);

const BOUNDS: [Bound; 4] = [
    ("minimum", "greater than or equal to", "greater_than_equal", |value, limit| value >= limit),
    ("maximum", "less than or equal to", "less_than_equal", |value, limit| value <= limit),
    ("exclusiveMinimum", "greater than", "greater_than", |value, limit| value > limit),
    ("exclusiveMaximum", "less than", "less_than", |value, limit| value < limit),
];

impl Checker<'_> {
    /// A literal, a constant or an enumeration.
    pub(super) fn one_of(&mut self, schema: &Json, value: &Json, place: &str, kind: &'static str) -> Json {
        let single = schema.get("const").map(std::slice::from_ref);
        let choices = single.or_else(|| schema.get("enum").map(Json::items)).unwrap_or_default();
        if choices.contains(value) {
            return value.clone();
        }
        let mut words: Vec<String> = choices.iter().map(Json::repr).collect();
        let last = words.pop().unwrap_or_default();
        let says = if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) };
        self.miss(place, format!("Input should be {says}"), kind, value)
    }

    pub(super) fn text(&mut self, schema: &Json, value: &Json, place: &str) -> Json {
        match schema.get("format").and_then(Json::as_str) {
            Some("date-time") => return self.datetime(value, place),
            Some("duration") if value.as_f64().is_some() => return value.clone(),
            Some("path") if value.as_str().is_none() => {
                return self.miss(
                    place,
                    "Input is not a valid path for <class 'pathlib.Path'>",
                    "path_type",
                    value,
                );
            }
            _ => {}
        }
        let Some(text) = value.as_str() else {
            return self.miss(place, "Input should be a valid string", "string_type", value);
        };
        let limit = |rule| schema.get(rule).and_then(Json::as_f64);
        let count = text.chars().count() as f64;
        let word = |limit: f64| if limit == 1.0 { "character" } else { "characters" };
        let wrong =
            match (limit("minLength"), limit("maxLength"), schema.get("pattern").and_then(Json::as_str)) {
                (Some(least), ..) if count < least => {
                    Some((format!("String should have at least {least} {}", word(least)), "string_too_short"))
                }
                (_, Some(most), _) if count > most => {
                    Some((format!("String should have at most {most} {}", word(most)), "string_too_long"))
                }
                (.., Some(pattern)) if !matches(pattern, text) => {
                    Some((format!("String should match pattern '{pattern}'"), "string_pattern_mismatch"))
                }
                _ => misformed(schema.get("format").and_then(Json::as_str).unwrap_or_default(), text),
            };
        match wrong {
            Some((says, kind)) => self.miss(place, says, kind, value),
            None => value.clone(),
        }
    }

    /// A decimal: a number or its text, which stays as it was written.
    pub(super) fn decimal(&mut self, number: &Json, value: &Json, place: &str) -> Json {
        let read = match value {
            Json::Number(_) => value.as_f64(),
            Json::Text(text) => text.trim().parse().ok(),
            _ => {
                let says = "Decimal input should be an integer, float, string or Decimal object";
                return self.miss(place, says, "decimal_type", value);
            }
        };
        match read {
            None => self.miss(place, "Input should be a valid decimal", "decimal_parsing", value),
            Some(read) => match self.bounds(number, Json::float(read), value, place) {
                Json::Null => Json::Null,
                _ => Json::text(value.as_str().map_or_else(|| value.repr(), str::to_owned)),
            },
        }
    }

    pub(super) fn integer(&mut self, schema: &Json, value: &Json, place: &str) -> Json {
        let number = match value {
            Json::Number(number) if is_int(number) => value.clone(),
            Json::Number(_) => match value.as_f64() {
                Some(number) if number.fract() == 0.0 => Json::Number(format!("{number:.0}")),
                Some(number) if number.is_finite() => {
                    let says = "Input should be a valid integer, got a number with a fractional part";
                    return self.miss(place, says, "int_from_float", value);
                }
                _ => return self.miss(place, "Input should be a finite number", "finite_number", value),
            },
            Json::Bool(value) => Json::int(i64::from(*value)),
            Json::Text(text) => match text.trim().parse::<i64>() {
                Ok(number) => Json::int(number),
                Err(_) => {
                    let says = "Input should be a valid integer, unable to parse string as an integer";
                    return self.miss(place, says, "int_parsing", value);
                }
            },
            _ => return self.miss(place, "Input should be a valid integer", "int_type", value),
        };
        self.bounds(schema, number, value, place)
    }

    pub(super) fn number(&mut self, schema: &Json, value: &Json, place: &str) -> Json {
        let number = match value {
            Json::Number(_) => value.as_f64().unwrap_or(f64::NAN),
            Json::Bool(value) => f64::from(u8::from(*value)),
            Json::Text(text) => match text.trim().parse() {
                Ok(number) => number,
                Err(_) => {
                    let says = "Input should be a valid number, unable to parse string as a number";
                    return self.miss(place, says, "float_parsing", value);
                }
            },
            _ => return self.miss(place, "Input should be a valid number", "float_type", value),
        };
        self.bounds(schema, Json::float(number), value, place)
    }

    pub(super) fn bounds(&mut self, schema: &Json, number: Json, input: &Json, place: &str) -> Json {
        let value = number.as_f64().unwrap_or(f64::NAN);
        if let Some(step) = schema.get("multipleOf").and_then(Json::as_f64)
            && !is_multiple(value, step)
        {
            return self.miss(place, format!("Input should be a multiple of {step}"), "multiple_of", input);
        }
        for (rule, says, kind, holds) in BOUNDS {
            if let Some(limit) = schema.get(rule).and_then(Json::as_f64)
                && !holds(value, limit)
            {
                return self.miss(place, format!("Input should be {says} {limit}"), kind, input);
            }
        }
        number
    }

    pub(super) fn boolean(&mut self, value: &Json, place: &str) -> Json {
        match boolean(value) {
            Ok(value) => Json::Bool(value),
            Err((says, kind)) => self.miss(place, says, kind, value),
        }
    }

    fn datetime(&mut self, value: &Json, place: &str) -> Json {
        match datetime(value) {
            Some(at) => Json::text(isoformat(at)),
            None => {
                let (says, kind) = match value {
                    Json::Text(text) if text.len() < 10 => (
                        "Input should be a valid datetime or date, input is too short",
                        "datetime_from_date_parsing",
                    ),
                    Json::Text(_) => (
                        "Input should be a valid datetime or date, invalid character in year",
                        "datetime_from_date_parsing",
                    ),
                    _ => ("Input should be a valid datetime", "datetime_type"),
                };
                self.miss(place, says, kind, value)
            }
        }
    }
}

/// As pydantic counts: a rest as small as a billionth of the value is none.
fn is_multiple(value: f64, step: f64) -> bool {
    let rest = (value % step).abs();
    let threshold = (value / 1e9).abs();
    rest <= threshold || (rest - step).abs() <= threshold
}

/// Whether a pattern is found in a text. Two patterns of the demonstration need what Rust's expressions lack; they are
/// told here by hand.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let found = |pattern: &str| regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text));
    match pattern {
        r"^(?!q0)q\d+$" => found(r"^q\d+$") && !text.starts_with("q0"),
        r"^(.)\1$" => {
            let mut characters = text.chars();
            let pair = (characters.next(), characters.next());
            pair.0.is_some() && pair.0 == pair.1 && characters.next().is_none()
        }
        _ => found(&pattern.replace(r"\Z", r"\z")),
    }
}

/// What pydantic says where a text does not have the form that it should have.
fn misformed(format: &str, text: &str) -> Option<(String, &'static str)> {
    let says = |what: &str| Some(what.to_owned());
    let (wrong, kind) = match format {
        "date" => {
            let good = NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok();
            let why =
                if text.len() < 10 { "input is too short" } else { "day value is outside expected range" };
            let says = format!("Input should be a valid date or datetime, {why}");
            ((!good).then_some(says), "date_from_datetime_parsing")
        }
        "time" => {
            let form = |form| NaiveTime::parse_from_str(text, form).is_ok();
            let good = form("%H:%M") || form("%H:%M:%S%.f");
            let why = "hour value is outside expected range of 0-23";
            let says = format!("Input should be in a valid time format, {why}");
            ((!good).then_some(says), "time_parsing")
        }
        "duration" => {
            let clock = r"^-?(\d+ days?,? )?\d+:\d\d(:\d\d(\.\d+)?)?$";
            let iso = r"^-?P(\d+[YMWD])*(T(\d+(\.\d+)?[HMS])+)?$";
            let good =
                matches(clock, text) || (matches(iso, text) && text.len() > 2) || text.parse::<f64>().is_ok();
            let says = "Input should be a valid timedelta, invalid character in hour".to_owned();
            ((!good).then_some(says), "time_delta_parsing")
        }
        "uuid" if uuid::Uuid::parse_str(text).is_err() => {
            let says = format!("Input should be a valid UUID, invalid length: found {}", text.len());
            (Some(says), "uuid_parsing")
        }
        "uri" if !matches(r"^[A-Za-z][A-Za-z0-9+.-]*:.", text) => {
            (says("Input should be a valid URL, relative URL without a base"), "url_parsing")
        }
        _ => (None, ""),
    };
    Some((wrong?, kind))
}

/// pydantic's lenient `bool`, or its sentence and kind.
pub(in crate::demo) fn boolean(value: &Json) -> Result<bool, (&'static str, &'static str)> {
    const TRUE: [&str; 6] = ["1", "on", "t", "true", "y", "yes"];
    const FALSE: [&str; 6] = ["0", "off", "f", "false", "n", "no"];
    let unclear = ("Input should be a valid boolean, unable to interpret input", "bool_parsing");
    match value {
        Json::Bool(value) => Ok(*value),
        Json::Number(_) => match value.as_f64() {
            Some(1.0) => Ok(true),
            Some(0.0) => Ok(false),
            _ => Err(unclear),
        },
        Json::Text(text) => {
            let word = text.to_ascii_lowercase();
            if TRUE.contains(&word.as_str()) {
                Ok(true)
            } else if FALSE.contains(&word.as_str()) {
                Ok(false)
            } else {
                Err(unclear)
            }
        }
        _ => Err(("Input should be a valid boolean", "bool_type")),
    }
}

/// A moment as pydantic reads it; without an offset it is taken as UTC, as the scheduler does.
pub(in crate::demo) fn datetime(value: &Json) -> Option<DateTime<FixedOffset>> {
    let text = match value {
        Json::Text(text) => text.trim(),
        Json::Number(_) => {
            // pydantic takes numbers beyond 2e10 as milliseconds.
            let number = value.as_f64()?;
            let seconds = if number.abs() > 2e10 { number / 1e3 } else { number };
            if !seconds.is_finite() || seconds.abs() > 2e11 {
                return None;
            }
            return DateTime::<Utc>::from_timestamp_micros((seconds * 1e6) as i64)
                .map(|at| at.fixed_offset());
        }
        _ => return None,
    };
    for form in
        ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M%#z"]
    {
        if let Ok(at) = DateTime::parse_from_str(text, form) {
            return Some(at);
        }
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text.trim_end_matches(['Z', 'z']), form) {
            return Some(at.and_utc().fixed_offset());
        }
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()?
        .and_hms_opt(0, 0, 0)
        .map(|at| at.and_utc().fixed_offset())
}

/// A moment as pydantic writes it: `Z` for UTC, microseconds only where there are some.
pub(in crate::demo) fn isoformat(at: DateTime<FixedOffset>) -> String {
    let fraction = if at.timestamp_subsec_micros() == 0 { "" } else { "%.6f" };
    let offset = if at.offset().local_minus_utc() == 0 { "Z" } else { "%:z" };
    at.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}{offset}")).to_string()
}
