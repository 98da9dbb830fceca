//! Looking into a payload: `payload.qubit:q3`, `payload.sweep.points[0]>10`.

use std::cmp::Ordering;

use super::Measure;
use crate::wire::json::{self, Kind};

/// What is asked of a payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    steps: Vec<Step>,
    test: Compared,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Item(usize),
}

#[derive(Clone, Debug, PartialEq)]
enum Compared {
    /// A text without regard to case, a number by its value, else the JSON as it stands.
    Is(Value),
    /// A number.
    Number(Measure, f64),
}

impl Asked {
    /// That the value there is this one.
    ///
    /// # Errors
    /// One phrase: the path is none.
    pub(super) fn is(path: &str, value: &str) -> Result<Asked, String> {
        Ok(Asked { steps: steps(path)?, test: Compared::Is(Value::of(value)) })
    }

    /// That the number there is above or below that one.
    ///
    /// # Errors
    /// One phrase: the path is none, or the value no number.
    pub(super) fn number(path: &str, measure: Measure, value: &str) -> Result<Asked, String> {
        let number = value.parse::<f64>().ok().filter(|number| !number.is_nan());
        let number =
            number.ok_or_else(|| format!("payload.{path} can be compared with a number, not `{value}`"))?;
        Ok(Asked { steps: steps(path)?, test: Compared::Number(measure, number) })
    }

    /// Whether it holds.
    pub(super) fn holds(&self, payload: &str) -> bool {
        if let Compared::Is(value) = &self.test
            && !value.may_stand_in(payload)
        {
            return false;
        }
        let mut raw = payload;
        for step in &self.steps {
            let found = match step {
                Step::Key(key) => json::get(raw, key),
                Step::Item(item) if json::kind(raw) == Some(Kind::Array) => {
                    json::items(raw).ok().and_then(|items| items.get(*item).copied())
                }
                Step::Item(_) => None,
            };
            match found {
                Some(found) => raw = found,
                None => return false,
            }
        }
        match &self.test {
            Compared::Is(value) => value.is(raw),
            Compared::Number(measure, number) => {
                let order = float(raw).and_then(|found| found.partial_cmp(number));
                order == Some(if *measure == Measure::Above { Ordering::Greater } else { Ordering::Less })
            }
        }
    }
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq)]
struct Value {
    text: String,
    lower: String,
    number: Option<f64>,
}

impl Value {
    fn of(text: &str) -> Value {
        // Beyond what a float can tell apart the digits decide.
        let number = text.parse().ok().filter(|_| text.len() <= 15);
        Value { lower: text.chars().flat_map(char::to_lowercase).collect(), number, text: text.to_owned() }
    }

    /// False only where the value stands nowhere in the payload: a look that takes a tenth of the time of reading it.
    fn may_stand_in(&self, payload: &str) -> bool {
        let value = self.text.as_bytes();
        // What can be written in several ways is read.
        let plain = !value.is_empty() && value.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let Some(first) = value.first().filter(|_| plain && self.number.is_none()) else { return true };
        let bytes = payload.as_bytes();
        let stands =
            |at: usize| bytes.get(at..at + value.len()).is_some_and(|b| b.eq_ignore_ascii_case(value));
        memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), bytes).any(stands)
            || memchr::memchr(b'\\', bytes).is_some()
            // Some letters become ASCII where they are made small: the sign of kelvin.
            || !payload.is_ascii()
    }

    fn is(&self, raw: &str) -> bool {
        match json::kind(raw) {
            Some(Kind::String) => json::string(raw)
                .is_some_and(|text| text.chars().flat_map(char::to_lowercase).eq(self.lower.chars())),
            Some(Kind::Number) => {
                raw == self.text || (self.number.is_some() && raw.len() <= 15 && float(raw) == self.number)
            }
            _ => json::compact(raw) == self.text || raw == self.text,
        }
    }
}

fn float(raw: &str) -> Option<f64> {
    if json::kind(raw) != Some(Kind::Number) {
        return None;
    }
    match raw {
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => raw.parse().ok(),
    }
}

/// `a.b[3].c`.
fn steps(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, mut items) = part.split_at(part.find('[').unwrap_or(part.len()));
        if name.is_empty() && (items.is_empty() || !steps.is_empty()) {
            return Err("payload. needs a field, as in payload.qubit:q3".to_owned());
        }
        if !name.is_empty() {
            steps.push(Step::Key(name.to_owned()));
        }
        while let Some(rest) = items.strip_prefix('[') {
            let item = rest.split_once(']').and_then(|(item, rest)| Some((item.parse().ok()?, rest)));
            let Some((item, rest)) = item else {
                return Err(format!("`{part}`: an item is written as in payload.points[3]>10"));
            };
            steps.push(Step::Item(item));
            items = rest;
        }
        if !items.is_empty() {
            return Err(format!("`{part}`: an item is written as in payload.points[3]>10"));
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_and_compared_by_what_they_are() {
        let payload = r#"{"qubit": "Q3", "averages": 1e3, "big": 9007199254740993, "sweep": {"points": [10, 2.50]},
            "on": true, "none": null, "list": [1, 2], "a": 1, "a": 2}"#;
        let is = |path: &str, value: &str| Asked::is(path, value).unwrap().holds(payload);
        assert!(is("qubit", "q3") && !is("qubit", "q") && !is("qubit", "q31"));
        assert!(is("averages", "1000") && is("averages", "1000.0") && !is("averages", "100"));
        assert!(is("big", "9007199254740993") && !is("big", "9007199254740992"), "to the last digit");
        assert!(is("sweep.points[1]", "2.5") && is("sweep.points[0]", "10") && !is("sweep.points[2]", "10"));
        assert!(is("on", "true") && is("none", "null") && is("list", "[1,2]"));
        assert!(!is("nothing", "") && !is("qubit[0]", "Q") && !is("averages.x", "1"));
        let above =
            |path: &str, value: &str| Asked::number(path, Measure::Above, value).unwrap().holds(payload);
        assert!(above("averages", "999.9") && !above("averages", "1000") && !above("qubit", "1"));
        assert!(Asked::number("averages", Measure::Below, "1e4").unwrap().holds(payload));
        assert!(Asked::number("averages", Measure::Below, "many").is_err());
        let odd = "{\"qubit\": \"\\u00713\", \"at\": \"3\u{212a}\"}";
        for (path, value) in [("qubit", "q3"), ("qubit", "Q3"), ("at", "3k")] {
            assert!(Asked::is(path, value).unwrap().holds(odd), "{path} {value} in {odd}");
        }
        for wrong in ["", "a..b", "a[", "a[x]", "a[1]b", ".a"] {
            assert!(Asked::is(wrong, "1").is_err(), "{wrong}");
        }
    }
}
