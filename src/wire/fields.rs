//! The fields of one message, read leniently: what is doubled, new, or of another type than expected does no harm.

use super::{
    Malformed, Text,
    event::Stamp,
    json::{self, Kind},
};

/// Every field that is read anywhere. Others are not kept: a result may hold millions of them.
const NAMES: &[&str] = &[
    "alert_topic",
    "component_id",
    "display_name",
    "eligible",
    "enabled",
    "ename",
    "evalue",
    "flowrate",
    "id",
    "level",
    "message",
    "message_id",
    "msg",
    "open",
    "output_power",
    "overdue",
    "power_setting",
    "pressure",
    "result",
    "run_at",
    "scheduled_task_id",
    "sensor_id",
    "service",
    "service_name",
    "show_in_dashboard",
    "state",
    "status",
    "submitted_at",
    "target",
    "task_display_name",
    "task_id",
    "task_metadata",
    "task_payload",
    "task_state",
    "task_target",
    "task_type",
    "temperature",
    "throttled",
    "time",
    "traceback",
    "unit",
    "value",
    "valve_id",
];

/// Longer ids, names of services and types, words and moments are nobody's, bytes. They stay for as long as a task does.
pub const LONGEST_WORD: usize = 1_000;

/// Those that say which one something is: two that differ must never be read as the same.
const IDENTITIES: &[&str] = &[
    "alert_topic",
    "component_id",
    "id",
    "message_id",
    "scheduled_task_id",
    "sensor_id",
    "service",
    "service_name",
    "target",
    "task_id",
    "task_target",
    "task_type",
    "valve_id",
];

/// The fields of one JSON object, raw.
pub(super) struct Fields<'a> {
    what: &'a str,
    found: Vec<(&'static str, &'a str)>,
}

impl<'a> Fields<'a> {
    /// Reads an object; `what` names it in errors.
    pub(super) fn read(raw: &'a str, what: &'a str) -> Result<Fields<'a>, Malformed> {
        let mut found = Vec::new();
        for member in json::Members::new(raw) {
            match member {
                Ok((name, value)) => {
                    let Some(name) = NAMES.iter().find(|known| **known == name) else { continue };
                    match found.iter_mut().find(|(known, _)| known == name) {
                        // Of doubles the last one counts (Python's rule). A message may hold millions of them.
                        Some((_, known)) => *known = value,
                        None => found.push((*name, value)),
                    }
                }
                Err(error) => return Err(Malformed::new(format!("the {what} is no JSON object: {error}"))),
            }
        }
        Ok(Fields { what, found })
    }

    /// The raw value; of doubles the last one.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        debug_assert!(NAMES.contains(&name), "{name} is missing in NAMES");
        self.found.iter().find(|(found, _)| *found == name).map(|(_, raw)| *raw)
    }

    /// The value as text, see [`text_of`]; what says which one something is, exactly.
    pub(super) fn text(&self, name: &str) -> Option<Text> {
        self.raw(name).and_then(reader_of(name))
    }

    /// The value as a word: a text that is not endless.
    pub(super) fn word(&self, name: &str) -> Result<Option<Text>, Malformed> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let endless = |bytes: usize| {
            let what = format!("the {} has a `{name}` of {bytes} bytes", self.what);
            Err(Malformed::new(format!("{what}; at most {LONGEST_WORD} are taken")))
        };
        // Each character may be written in six.
        if raw.len() > 6 * LONGEST_WORD + 2 {
            return endless(raw.len());
        }
        match reader_of(name)(raw) {
            Some(word) if word.len() > LONGEST_WORD => endless(word.len()),
            word => Ok(word),
        }
    }

    /// The value as a word, where nothing can be told without it.
    pub(super) fn required(&self, name: &str) -> Result<Text, Malformed> {
        self.word(name)?.ok_or_else(|| Malformed::new(format!("the {} has no `{name}`", self.what)))
    }

    /// The value as a moment; one without end is none.
    pub(super) fn stamp(&self, name: &str) -> Option<Stamp> {
        self.word(name).ok()?.map(|text| Stamp::parse(&text))
    }

    /// The value, if it is true or false.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.raw(name).and_then(json::boolean)
    }
}

/// How the value of the field of that name is read as text.
fn reader_of(name: &str) -> fn(&str) -> Option<Text> {
    if IDENTITIES.contains(&name) { exact_text_of } else { text_of }
}

/// The text of a string value; of any other value its JSON as it stands; nothing for null.
pub(super) fn text_of(raw: &str) -> Option<Text> {
    match json::kind(raw) {
        Some(Kind::String) => json::string(raw).map(Text::from),
        Some(Kind::Null) => None,
        _ => Some(Text::from(raw)),
    }
}

/// As [`text_of`], but where a string holds half of a surrogate pair, for which a text has no place, it is the string
/// as JSON. All such halves would otherwise be the same mark, and two ids the same.
fn exact_text_of(raw: &str) -> Option<Text> {
    let is_half = |point: u32| char::from_u32(point).is_none();
    if !json::code_points(raw).is_some_and(|mut points| points.any(is_half)) {
        return text_of(raw);
    }
    let mut out = String::from("\"");
    for point in json::code_points(raw)? {
        match char::from_u32(point) {
            Some(c @ ('"' | '\\')) => out.extend(['\\', c]),
            Some(c) => out.push(c),
            None => out.push_str(&format!("\\u{point:04x}")),
        }
    }
    out.push('"');
    Some(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_fields_that_come_again_and_again_only_the_last_is_kept() {
        let doubles = r#""id": 1, "value": [2], "other": 3, "#.repeat(20_000);
        let event = format!(r#"{{{doubles}"id": "mxc", "value": 0.5}}"#);
        let fields = Fields::read(&event, "event").unwrap();
        assert_eq!(fields.found, [("id", "\"mxc\""), ("value", "0.5")]);
        assert_eq!(fields.word("id").unwrap().as_deref(), Some("mxc"));
    }

    #[test]
    fn ids_with_half_a_pair_stay_different() {
        let ids =
            [r#""\ud800""#, r#""\ud801""#, r#""\udc00""#, r#""\\ud800""#, r#""\ufffd""#, r#""\ud83d\ude00""#];
        let read: Vec<Text> = ids.iter().map(|raw| exact_text_of(raw).unwrap()).collect();
        for (at, one) in read.iter().enumerate() {
            assert!(!read[at + 1..].contains(one), "{one}");
        }
        assert_eq!(&*read[5], "😀");
        // However its escapes are written.
        assert_eq!(exact_text_of(r#""a\uD800\n""#), exact_text_of(r#""\u0061\ud800\u000a""#));
        let both = Fields::read(r#"{"task_id": "a\udfff", "ename": "a\udfff"}"#, "event").unwrap();
        assert_eq!(both.text("task_id").as_deref(), Some(r#""a\udfff""#));
        assert_eq!(both.text("ename").as_deref(), Some("a\u{fffd}"));
    }
}
