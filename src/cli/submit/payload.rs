//! The payload: a JSON object from a file and fields from the command line. Pure.

use crate::wire::json::{self, Kind};

/// Puts fields into a payload, each `name=value` where the value is JSON if it can be read as such, else text. Without
/// fields the payload stays letter for letter.
///
/// # Errors
/// One sentence: a field that is none, one that is given twice.
pub fn merge(payload: Option<&str>, fields: &[String]) -> Result<String, String> {
    let base = payload.unwrap_or("{}");
    if fields.is_empty() {
        return Ok(base.to_owned());
    }
    let members = json::members(base).map_err(|e| e.to_string())?;
    let mut merged: Vec<(String, String)> =
        members.into_iter().map(|(name, raw)| (name.into_owned(), raw.to_owned())).collect();
    let mut given: Vec<&str> = Vec::new();
    for field in fields {
        let Some((name, value)) = field.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(format!("`{field}` is no field: write name=value"));
        };
        if given.contains(&name) {
            return Err(format!("the field {name} is given twice"));
        }
        given.push(name);
        let raw = value_of(value);
        match merged.iter_mut().rev().find(|(known, _)| known == name) {
            Some((_, old)) => *old = raw,
            None => merged.push((name.to_owned(), raw)),
        }
    }
    Ok(json::object(merged))
}

/// A field's value as JSON.
fn value_of(text: &str) -> String {
    if json::check(text).is_ok() { text.trim().to_owned() } else { json::quote(text) }
}

/// Checks a payload that was read from a file.
///
/// # Errors
/// One sentence where it is no JSON object.
pub fn check(text: &str, file: &str) -> Result<(), String> {
    json::check(text).map_err(|e| format!("the payload in {file} is no JSON: {e}"))?;
    if json::kind(text) != Some(Kind::Object) {
        return Err(format!("the payload in {file} is no JSON object: {{ … }}"));
    }
    Ok(())
}

/// Fields whose text looks as if Python's value were meant: `name`, and JSON's word for it.
pub fn python_words(fields: &[String]) -> Vec<(&str, &'static str)> {
    let word = |value| match value {
        "True" => Some("true"),
        "False" => Some("false"),
        "None" => Some("null"),
        _ => None,
    };
    fields
        .iter()
        .filter_map(|field| {
            let (name, value) = field.split_once('=')?;
            Some((name, word(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn values_are_json_where_they_can_be_read_as_such() {
        for (field, wanted) in [
            ("n=1", r#"{"n": 1}"#),
            ("n=-1.5e3", r#"{"n": -1.5e3}"#),
            ("n=1180591620717411303424", r#"{"n": 1180591620717411303424}"#),
            ("n=NaN", r#"{"n": NaN}"#),
            ("n=01", r#"{"n": "01"}"#),
            ("n=true", r#"{"n": true}"#),
            ("n=True", r#"{"n": "True"}"#),
            ("n=null", r#"{"n": null}"#),
            ("n=", r#"{"n": ""}"#),
            ("n=q1", r#"{"n": "q1"}"#),
            ("n=\"1\"", r#"{"n": "1"}"#),
            ("n=[1, \"a\"]", r#"{"n": [1, "a"]}"#),
            ("n={\"a\": 1}", r#"{"n": {"a": 1}}"#),
            ("n={a: 1}", r#"{"n": "{a: 1}"}"#),
            ("n=a=b", r#"{"n": "a=b"}"#),
            ("n=it's \"so\"\n", r#"{"n": "it's \"so\"\n"}"#),
            ("ü\"=é", r#"{"ü\"": "é"}"#),
        ] {
            assert_eq!(merge(None, &fields(&[field])).as_deref(), Ok(wanted), "{field}");
        }
    }

    #[test]
    fn fields_win_over_the_file_in_its_order() {
        let file = "{ \"a\": 1e5,\n \"b\": [1,2] , \"c\": 3}";
        assert_eq!(merge(Some(file), &[]).as_deref(), Ok(file), "letter for letter");
        let merged = merge(Some(file), &fields(&["d=x", "b=2"]));
        assert_eq!(merged.as_deref(), Ok(r#"{"a": 1e5, "b": 2, "c": 3, "d": "x"}"#));
        assert_eq!(merge(None, &[]).as_deref(), Ok("{}"));
    }

    #[test]
    fn mistakes_are_told() {
        assert!(merge(None, &fields(&["duration"])).unwrap_err().contains("name=value"));
        assert!(merge(None, &fields(&["=1"])).unwrap_err().contains("name=value"));
        assert!(merge(None, &fields(&["a=1", "a=2"])).unwrap_err().contains("twice"));
        assert!(check("{\"a\": 1,}", "f.json").unwrap_err().contains("f.json is no JSON: line 1"));
        assert!(check("[1]", "f.json").unwrap_err().contains("no JSON object"));
        assert!(check(" {\"a\": NaN} ", "f.json").is_ok());
        assert_eq!(python_words(&fields(&["a=True", "b=1", "c=None"])), [("a", "true"), ("c", "null")]);
    }
}
