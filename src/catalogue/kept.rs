//! What was learned of task types, as text that is kept between two runs: what kernels answered, and what was seen on
//! the bus with one example each.
//!
//! Pure: files are for others. It refuses to keep the values of fields that are secret: those that their schema says
//! are, those that display names leave out, and those that are called like one.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, SecondsFormat, Utc};

use super::{Answer, TaskType, schema};
use crate::wire::{
    Text,
    json::{self, Kind},
    name::sounds_secret,
};

/// The version of the form of the text.
const VERSION: &str = "1";
/// Seen types that are kept; those seen longest ago make room.
const MOST_SEEN: usize = 1_000;
/// Kernels whose answer is kept.
const MOST_KERNELS: usize = 100;
/// Larger answers and examples are not kept.
const LARGEST: usize = 2 * 1024 * 1024;
/// Fields of a type of which the names are kept.
const MOST_FIELDS: usize = 500;

/// A type that was seen on the bus.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptType {
    /// The service.
    pub service: Text,
    /// The type on the wire.
    pub task_type: Text,
    /// The class's name.
    pub class: Text,
    /// Its `parallel`.
    pub parallel: bool,
    /// The fields that its display name left out.
    pub hidden_fields: Vec<String>,
    /// The names of all fields of its last payload.
    pub fields: Vec<String>,
    /// Its last payload, without secrets.
    pub example: Option<Text>,
    /// When it was seen last.
    pub at: DateTime<Utc>,
}

/// All that is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// What kernels answered, by service.
    pub kernels: Vec<(Text, Answer)>,
    /// What was seen.
    pub seen: Vec<KeptType>,
}

impl Kept {
    /// Reads a text that [`Kept::write`] has made.
    ///
    /// # Errors
    /// What is wrong with it, in one phrase: nothing of it is used then.
    pub fn read(text: &str) -> Result<Kept, String> {
        json::check(text).map_err(|error| format!("it is no JSON: {error}"))?;
        match json::get(text, "version") {
            Some(VERSION) => {}
            Some(other) => {
                return Err(format!("it is of version {other}, and this juicetop knows {VERSION}"));
            }
            None => return Err("it tells no version".to_owned()),
        }
        let list = |key: &str| json::get(text, key).and_then(|raw| json::items(raw).ok());
        let kernels = list("kernels").ok_or("it has no list of kernels")?;
        let seen = list("seen").ok_or("it has no list of what was seen")?;
        // One entry that another version has spoilt does not cost the others.
        Ok(Kept {
            kernels: kernels.into_iter().filter_map(kernel).collect(),
            seen: seen.into_iter().filter_map(kept_type).collect(),
        })
    }

    /// As text, one entry a line.
    pub fn write(&self) -> String {
        let kernels = self.kernels.iter().map(|(service, answer)| {
            let (service, at) = (json::quote(service), moment(answer.at));
            format!("{{\"service\": {service}, \"at\": {at}, \"answer\": {}}}", json::compact(&answer.text))
        });
        let seen = self.seen.iter().map(|seen| {
            let list = |names: &[String]| {
                names.iter().map(|name| json::quote(name)).collect::<Vec<_>>().join(", ")
            };
            format!(
                "{{\"service\": {}, \"type\": {}, \"class\": {}, \"at\": {}, \"parallel\": {}, \"hidden_fields\": [{}], \
                 \"fields\": [{}], \"example\": {}}}",
                json::quote(&seen.service),
                json::quote(&seen.task_type),
                json::quote(&seen.class),
                moment(seen.at),
                seen.parallel,
                list(&seen.hidden_fields),
                list(&seen.fields),
                seen.example.as_deref().map_or_else(|| "null".to_owned(), json::compact),
            )
        });
        let lines = |entries: Vec<String>| match entries.is_empty() {
            true => "[]".to_owned(),
            false => format!("[\n{}\n]", entries.join(",\n")),
        };
        format!(
            "{{\"version\": {VERSION},\n\"kernels\": {},\n\"seen\": {}}}\n",
            lines(kernels.collect()),
            lines(seen.collect())
        )
    }

    /// Takes in what another run has kept: of the same kernel and type the newer counts. What is too much or too large
    /// is let go, the oldest first.
    pub fn merge(&mut self, other: Kept) {
        self.kernels.extend(other.kernels);
        self.seen.extend(other.seen);
        self.kernels.retain(|(_, answer)| answer.text.len() <= LARGEST);
        self.kernels.sort_by_key(|(_, answer)| std::cmp::Reverse(answer.at));
        self.seen.sort_by_key(|seen| std::cmp::Reverse(seen.at));
        let mut known = HashSet::new();
        self.kernels.retain(|(service, _)| known.insert(service.clone()));
        let mut known = HashSet::new();
        self.seen
            .retain(|seen| known.insert((seen.service.clone(), seen.task_type.clone(), seen.class.clone())));
        self.kernels.truncate(MOST_KERNELS);
        self.seen.truncate(MOST_SEEN);
    }
}

fn moment(at: DateTime<Utc>) -> String {
    json::quote(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn text(raw: &str, key: &str) -> Option<Text> {
    json::get(raw, key).and_then(json::string).map(|text| Text::from(&*text))
}

fn at(raw: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(&text(raw, "at")?).ok().map(|at| at.to_utc())
}

fn kernel(raw: &str) -> Option<(Text, Answer)> {
    let answer = json::get(raw, "answer").filter(|raw| json::kind(raw) == Some(Kind::Object))?;
    Some((text(raw, "service")?, Answer { text: answer.into(), at: at(raw)? }))
}

fn kept_type(raw: &str) -> Option<KeptType> {
    let names = |key| -> Vec<String> {
        let items = json::get(raw, key).and_then(|raw| json::items(raw).ok()).unwrap_or_default();
        items
            .into_iter()
            .filter_map(json::string)
            .map(std::borrow::Cow::into_owned)
            .take(MOST_FIELDS)
            .collect()
    };
    let example = json::get(raw, "example").filter(|raw| json::kind(raw) == Some(Kind::Object));
    Some(KeptType {
        service: text(raw, "service")?,
        task_type: text(raw, "type")?,
        class: text(raw, "class")?,
        parallel: json::get(raw, "parallel").and_then(json::boolean).unwrap_or(false),
        hidden_fields: names("hidden_fields"),
        fields: names("fields"),
        example: example.filter(|raw| raw.len() <= LARGEST).map(Text::from),
        at: at(raw)?,
    })
}

/// The names of a payload's fields.
pub fn fields(payload: &str) -> Vec<String> {
    let members = json::members(payload).unwrap_or_default();
    members.into_iter().map(|(name, _)| name.into_owned()).take(MOST_FIELDS).collect()
}

/// A payload without what may be secret; `None` where it is too large to keep, or is no object. A field that holds a
/// secret somewhere inside is left out whole.
pub fn without_secrets(task: &TaskType, payload: &str) -> Option<String> {
    /// Hidden in every task or cell, and no secret.
    const USUAL: [&str; 3] = ["parallel", "code", "run_async"];
    if payload.len() > LARGEST {
        return None;
    }
    let hidden =
        |name: &str| !USUAL.contains(&name) && task.hidden_fields.iter().any(|hidden| hidden == name);
    let schema = task.schema.as_deref();
    let properties: HashMap<_, _> =
        schema.map(|root| schema::properties(schema::top(root))).unwrap_or_default().into_iter().collect();
    let is_secret = |name: &str| match (schema, properties.get(name)) {
        (Some(root), Some(property)) => schema::is_secret(root, property),
        _ => false,
    };
    let members = json::members(payload).ok()?;
    let open = members.into_iter().filter(|(name, value)| {
        !hidden(name) && !sounds_secret(name) && !holds_secret_name(value) && !is_secret(name)
    });
    Some(json::object(open))
}

/// Whether an object anywhere in it has such a field.
fn holds_secret_name(raw: &str) -> bool {
    /// Values looked at; what is larger counts as secret.
    const MOST: usize = 100_000;
    let mut open = vec![raw];
    for _ in 0..MOST {
        let Some(next) = open.pop() else { return false };
        match json::kind(next) {
            Some(Kind::Object) => {
                for (name, value) in json::members(next).unwrap_or_default() {
                    if sounds_secret(&name) {
                        return true;
                    }
                    if matches!(json::kind(value), Some(Kind::Object | Kind::Array)) {
                        open.push(value);
                    }
                }
            }
            Some(Kind::Array) => open.extend(
                json::items(next)
                    .unwrap_or_default()
                    .into_iter()
                    .filter(|item| matches!(json::kind(item), Some(Kind::Object | Kind::Array))),
            ),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + day * 86_400, 0).unwrap()
    }

    fn seen(service: &str, class: &str, at: DateTime<Utc>) -> KeptType {
        KeptType {
            service: service.into(),
            task_type: class.into(),
            class: class.into(),
            parallel: true,
            hidden_fields: vec!["it's \"so\"".into()],
            fields: vec!["a".into(), "ü\n".into()],
            example: Some("{\"a\":NaN,\"b\":[1,1180591620717411303424]}".into()),
            at,
        }
    }

    fn kernel(service: &str, at: DateTime<Utc>) -> (Text, Answer) {
        (service.into(), Answer { text: "{\"tasks\":[{\"type\":\"A\"}]}".into(), at })
    }

    #[test]
    fn what_is_written_is_read_again() {
        let kept = Kept {
            kernels: vec![kernel("lab", day(1))],
            seen: vec![
                seen("fridge", "Measure", day(2)),
                KeptType { example: None, ..seen("a", "B", day(3)) },
            ],
        };
        let text = kept.write();
        assert_eq!(json::check(&text), Ok(()));
        assert_eq!(Kept::read(&text), Ok(kept));
        assert_eq!(Kept::read(&Kept::default().write()), Ok(Kept::default()));
    }

    #[test]
    fn what_cannot_be_understood_is_told_and_one_bad_entry_costs_no_other() {
        for (text, why) in [
            ("", "no JSON"),
            ("{\"version\": 1, \"kernels\": [", "no JSON"),
            ("[]", "no version"),
            ("{\"version\": 2, \"kernels\": [], \"seen\": []}", "version 2"),
            ("{\"version\": 1, \"seen\": []}", "no list of kernels"),
        ] {
            let told = Kept::read(text).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
        let good = seen("fridge", "Measure", day(2));
        let text = Kept { kernels: Vec::new(), seen: vec![good.clone()] }.write();
        let text = text.replace("\"seen\": [", "\"seen\": [3, {\"service\": \"x\"}, ");
        assert_eq!(Kept::read(&text).unwrap().seen, [good]);
    }

    #[test]
    fn two_runs_add_to_each_other_and_the_newer_word_counts() {
        let mut one = Kept {
            kernels: vec![kernel("lab", day(1)), kernel("cryo", day(5))],
            seen: vec![seen("fridge", "Measure", day(1)), seen("fridge", "Fit", day(3))],
        };
        let two = Kept {
            kernels: vec![kernel("lab", day(2))],
            seen: vec![seen("fridge", "Measure", day(2)), seen("lab", "Fit", day(1))],
        };
        one.merge(two);
        assert_eq!(one.kernels, [kernel("cryo", day(5)), kernel("lab", day(2))]);
        let kept: Vec<_> = one.seen.iter().map(|s| (&*s.service, &*s.class, s.at)).collect();
        assert_eq!(kept, [("fridge", "Fit", day(3)), ("fridge", "Measure", day(2)), ("lab", "Fit", day(1))]);
        let many = (0..2_000).map(|n| seen("s", &format!("C{n}"), day(10 + n))).collect();
        one.merge(Kept { kernels: Vec::new(), seen: many });
        assert_eq!(one.seen.len(), MOST_SEEN);
        assert_eq!(&*one.seen[0].class, "C1999");
    }

    #[test]
    fn secrets_are_not_kept() {
        let mut task = TaskType::unheard("Connect".into());
        task.hidden_fields = vec!["parallel".into(), "pin".into(), "code".into()];
        let payload = r#"{"user": "eve", "pin": 7, "Api-Key": "k", "code": "1", "deep": [{"accessToken": "t"}],
            "list": [{"a": 1}], "password": "x"}"#;
        let kept = without_secrets(&task, payload).unwrap();
        assert_eq!(kept, r#"{"user": "eve", "code": "1", "list": [{"a": 1}]}"#);
        // What the schema says, also behind references, in alternatives and in what contains itself.
        task.hidden_fields.clear();
        task.schema = Some(
            r##"{"$defs": {"Door": {"properties": {"lock": {"format": "password", "writeOnly": true, "type": "string"},
            "next": {"anyOf": [{"$ref": "#/$defs/Door"}, {"type": "null"}]}}},
            "Open": {"properties": {"next": {"$ref": "#/$defs/Open"}}}},
            "properties": {"a": {"type": "integer"}, "b": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Door"}]},
            "c": {"items": {"$ref": "#/$defs/Door"}}, "d": {"additionalProperties": {"writeOnly": true}},
            "e": {"$ref": "#/$defs/Open"}}}"##
                .into(),
        );
        let payload = r#"{"a": 1, "b": {"lock": "x"}, "c": [], "d": {"k": "v"}, "e": {"next": null}}"#;
        assert_eq!(without_secrets(&task, payload).unwrap(), r#"{"a": 1, "e": {"next": null}}"#);
        assert_eq!(without_secrets(&task, "[1]"), None);
    }
}
