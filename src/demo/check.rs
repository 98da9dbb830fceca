//! Checks payloads against the demonstration's own schemas as pydantic 2.14 does, with its words.
//!
//! Covers what `catalogue.json` uses, no more. Like pydantic's defaults it ignores unknown fields and converts
//! leniently (`"5"` is a good `int`).

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Utc};

use super::json::{Json, is_int};

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Misfit {
    /// Dotted path; empty for the whole.
    place: String,
    /// pydantic's sentence.
    says: String,
    /// pydantic's short name for the kind.
    kind: &'static str,
    input: Json,
}

impl Misfit {
    pub(super) fn new(place: &str, says: impl Into<String>, kind: &'static str, input: &Json) -> Misfit {
        Misfit { place: place.to_owned(), says: says.into(), kind, input: input.clone() }
    }
}

/// `str(ValidationError)`.
pub(super) fn report(title: &str, misfits: &[Misfit]) -> String {
    let plural = if misfits.len() == 1 { "" } else { "s" };
    let mut out = format!("{} validation error{plural} for {title}", misfits.len());
    for Misfit { place, says, kind, input } in misfits {
        if !place.is_empty() {
            out.push('\n');
            out.push_str(place);
        }
        out.push_str(&format!(
            "\n  {says} [type={kind}, input_value={}, input_type={}]",
            shortened(&input.repr()),
            input.type_name()
        ));
        out.push_str(&format!(
            "\n    For further information visit https://errors.pydantic.dev/2.14/v/{kind}"
        ));
    }
    out
}

/// pydantic shows the first 25 and the last 24 characters of a long value.
fn shortened(repr: &str) -> String {
    let count = repr.chars().count();
    if count <= 50 {
        return repr.to_owned();
    }
    let head: String = repr.chars().take(25).collect();
    let tail: String = repr.chars().skip(count - 24).collect();
    format!("{head}...{tail}")
}

/// The task's fields with defaults filled in and values converted, or everything that does not fit.
pub(super) fn check(title: &str, schema: &Json, payload: &Json) -> Result<Json, Vec<Misfit>> {
    let mut checker = Checker { root: schema, misfits: Vec::new() };
    let value = checker.model(title, schema, payload, "");
    if checker.misfits.is_empty() { Ok(value) } else { Err(checker.misfits) }
}

/// Schema's word, pydantic's sentence and short name, and what has to hold between value and limit.
type Bound = (&'static str, &'static str, &'static str, fn(f64, f64) -> bool);

const BOUNDS: [Bound; 4] = [
    ("minimum", "greater than or equal to", "greater_than_equal", |value, limit| value >= limit),
    ("maximum", "less than or equal to", "less_than_equal", |value, limit| value <= limit),
    ("exclusiveMinimum", "greater than", "greater_than", |value, limit| value > limit),
    ("exclusiveMaximum", "less than", "less_than", |value, limit| value < limit),
];

struct Checker<'a> {
    root: &'a Json,
    misfits: Vec<Misfit>,
}

impl<'a> Checker<'a> {
    fn miss(&mut self, place: &str, says: impl Into<String>, kind: &'static str, input: &Json) -> Json {
        self.misfits.push(Misfit::new(place, says, kind, input));
        Json::Null
    }

    fn model(&mut self, title: &str, schema: &'a Json, value: &Json, place: &str) -> Json {
        let Json::Map(_) = value else {
            let says = format!("Input should be a valid dictionary or instance of {title}");
            return self.miss(place, says, "model_type", value);
        };
        let required = schema.get("required").map_or(&[][..], Json::items);
        let mut out = Vec::new();
        for (name, field) in schema.get("properties").map_or(&[][..], Json::entries) {
            let inside = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            let checked = match value.get(name) {
                Some(given) => self.value(field, given, &inside),
                None if required.iter().any(|field| field.as_str() == Some(name)) => {
                    self.miss(&inside, "Field required", "missing", value)
                }
                None => field.get("default").cloned().unwrap_or(Json::Null),
            };
            out.push((name.clone(), checked));
        }
        Json::Map(out)
    }

    fn value(&mut self, schema: &'a Json, value: &Json, place: &str) -> Json {
        if let Some(options) = schema.get("anyOf") {
            let options = options.items();
            let is_null = |option: &Json| option.get("type").and_then(Json::as_str) == Some("null");
            if *value == Json::Null && options.iter().any(is_null) {
                return Json::Null;
            }
            return match options.iter().find(|option| !is_null(option)) {
                Some(option) => self.value(option, value, place),
                None => value.clone(),
            };
        }
        if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
            let name = name.strip_prefix("#/$defs/").unwrap_or(name);
            return match self.root.get("$defs").and_then(|definitions| definitions.get(name)) {
                Some(definition) => self.model(name, definition, value, place),
                None => value.clone(),
            };
        }
        if let Some(choices) = schema.get("enum") {
            return self.literal(choices.items(), value, place);
        }
        match schema.get("type").and_then(Json::as_str) {
            Some("string") if schema.get("format").is_some() => self.datetime(value, place),
            Some("string") => self.string(schema, value, place),
            Some("integer") => self.integer(schema, value, place),
            Some("number") => self.number(schema, value, place),
            Some("boolean") => self.boolean(value, place),
            Some("array") => self.list(schema, value, place),
            Some("object") if matches!(value, Json::Map(_)) => value.clone(),
            Some("object") => self.miss(place, "Input should be a valid dictionary", "dict_type", value),
            _ => value.clone(),
        }
    }

    fn literal(&mut self, choices: &[Json], value: &Json, place: &str) -> Json {
        if choices.contains(value) {
            return value.clone();
        }
        let mut words: Vec<String> = choices.iter().map(Json::repr).collect();
        let last = words.pop().unwrap_or_default();
        let says = if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) };
        self.miss(place, format!("Input should be {says}"), "literal_error", value)
    }

    fn string(&mut self, schema: &Json, value: &Json, place: &str) -> Json {
        let Some(text) = value.as_str() else {
            return self.miss(place, "Input should be a valid string", "string_type", value);
        };
        if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
            && !regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
        {
            let says = format!("String should match pattern '{pattern}'");
            return self.miss(place, says, "string_pattern_mismatch", value);
        }
        value.clone()
    }

    fn integer(&mut self, schema: &Json, value: &Json, place: &str) -> Json {
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

    fn number(&mut self, schema: &Json, value: &Json, place: &str) -> Json {
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

    fn bounds(&mut self, schema: &Json, number: Json, input: &Json, place: &str) -> Json {
        let value = number.as_f64().unwrap_or(f64::NAN);
        for (rule, says, kind, holds) in BOUNDS {
            if let Some(limit) = schema.get(rule).and_then(Json::as_f64)
                && !holds(value, limit)
            {
                return self.miss(place, format!("Input should be {says} {limit}"), kind, input);
            }
        }
        number
    }

    fn boolean(&mut self, value: &Json, place: &str) -> Json {
        match boolean(value) {
            Ok(value) => Json::Bool(value),
            Err((says, kind)) => self.miss(place, says, kind, value),
        }
    }

    fn list(&mut self, schema: &'a Json, value: &Json, place: &str) -> Json {
        let Json::List(items) = value else {
            return self.miss(place, "Input should be a valid list", "list_type", value);
        };
        let limit = |rule| schema.get(rule).and_then(Json::as_f64);
        let word = |limit: f64| if limit == 1.0 { "item" } else { "items" };
        let count = items.len();
        if let Some(least) = limit("minItems")
            && (count as f64) < least
        {
            let says =
                format!("List should have at least {least} {} after validation, not {count}", word(least));
            return self.miss(place, says, "too_short", value);
        }
        if let Some(most) = limit("maxItems")
            && count as f64 > most
        {
            let says =
                format!("List should have at most {most} {} after validation, not {count}", word(most));
            return self.miss(place, says, "too_long", value);
        }
        let Some(schema) = schema.get("items") else { return value.clone() };
        let items = items.iter().enumerate();
        Json::List(items.map(|(index, item)| self.value(schema, item, &format!("{place}.{index}"))).collect())
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

/// pydantic's lenient `bool`, or its sentence and kind.
pub(super) fn boolean(value: &Json) -> Result<bool, (&'static str, &'static str)> {
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
pub(super) fn datetime(value: &Json) -> Option<DateTime<FixedOffset>> {
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
pub(super) fn isoformat(at: DateTime<FixedOffset>) -> String {
    let fraction = if at.timestamp_subsec_micros() == 0 { "" } else { "%.6f" };
    let offset = if at.offset().local_minus_utc() == 0 { "Z" } else { "%:z" };
    at.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}{offset}")).to_string()
}
