//! Checks payloads against the demonstration's own schemas as pydantic 2.14 does, with its words.
//!
//! Covers what `catalogue.json` and `forms.json` use, no more: a schema does not say that a text is read as a complex
//! number, or that a map's keys are read as numbers, so here they are not. Like pydantic's defaults it ignores unknown
//! fields and converts leniently (`"5"` is a good `int`).

mod scalar;

use super::json::{Json, is_int};

use scalar::matches;
pub(super) use scalar::{boolean, datetime, isoformat};

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
        // An error that pydantic's Python part makes has no page.
        if *kind != "path_type" {
            out.push_str(&format!(
                "\n    For further information visit https://errors.pydantic.dev/2.14/v/{kind}"
            ));
        }
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
        if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
            let name = name.strip_prefix("#/$defs/").unwrap_or(name);
            return match self.root.get("$defs").and_then(|definitions| definitions.get(name)) {
                // An enumeration says so in its errors; a literal, which has no name, does not.
                Some(definition) if definition.get("enum").is_some() => {
                    self.one_of(definition, value, place, "enum")
                }
                Some(definition) if definition.get("properties").is_some() => {
                    self.model(name, definition, value, place)
                }
                Some(definition) => self.value(definition, value, place),
                None => value.clone(),
            };
        }
        if let Some(options) = schema.get("anyOf") {
            let options: Vec<&Json> = options.items().iter().collect();
            let (nulls, rest): (Vec<&Json>, Vec<&Json>) =
                options.into_iter().partition(|option| type_of(option) == Some("null"));
            return match rest.as_slice() {
                _ if *value == Json::Null && !nulls.is_empty() => Json::Null,
                [only] => self.value(only, value, place),
                [number, text] if type_of(number) == Some("number") && type_of(text) == Some("string") => {
                    self.decimal(number, value, place)
                }
                several => self.union(several, value, place),
            };
        }
        if let Some(options) = schema.get("oneOf") {
            return self.tagged(schema, options.items(), value, place);
        }
        if schema.get("enum").is_some() || schema.get("const").is_some() {
            return self.one_of(schema, value, place, "literal_error");
        }
        match type_of(schema) {
            Some("string") => self.text(schema, value, place),
            Some("integer") => self.integer(schema, value, place),
            Some("number") => self.number(schema, value, place),
            Some("boolean") => self.boolean(value, place),
            Some("array") if schema.get("prefixItems").is_some() => self.tuple(schema, value, place),
            Some("array") => self.list(schema, value, place),
            Some("object") => self.map(schema, value, place),
            _ => value.clone(),
        }
    }

    /// The first that fits by itself, then the first that fits after converting; else what each one says.
    fn union(&mut self, options: &[&'a Json], value: &Json, place: &str) -> Json {
        let before = self.misfits.len();
        let same = options.iter().filter(|option| self.is_of(option, value));
        for option in same.chain(options).copied().collect::<Vec<_>>() {
            let inside = format!("{place}.{}", self.python_name(option));
            let found = self.value(option, value, &inside);
            if self.misfits.len() == before {
                return found;
            }
            self.misfits.truncate(before);
        }
        for option in options {
            let inside = format!("{place}.{}", self.python_name(option));
            self.value(option, value, &inside);
        }
        Json::Null
    }

    /// One model of several, chosen by what its tag says.
    fn tagged(&mut self, schema: &'a Json, options: &'a [Json], value: &Json, place: &str) -> Json {
        let tagger = schema.get("discriminator");
        let tag = tagger.and_then(|d| d.get("propertyName")).and_then(Json::as_str).unwrap_or_default();
        if !matches!(value, Json::Map(_)) {
            let says = "Input should be a valid dictionary or object to extract fields from";
            return self.miss(place, says, "model_attributes_type", value);
        }
        let Some(given) = value.get(tag) else {
            let says = format!("Unable to extract tag using discriminator '{tag}'");
            return self.miss(place, says, "union_tag_not_found", value);
        };
        let mapping = tagger.and_then(|d| d.get("mapping"));
        let chosen = given.as_str().and_then(|given| mapping?.get(given)?.as_str());
        match options.iter().find(|o| chosen.is_some() && o.get("$ref").and_then(Json::as_str) == chosen) {
            Some(option) => {
                let inside = format!("{place}.{}", given.as_str().unwrap_or_default());
                self.value(option, value, &inside)
            }
            None => {
                let known = options.iter().flat_map(|option| self.tags(option, tag)).collect::<Vec<_>>();
                let input = given.as_str().map_or_else(|| given.repr(), str::to_owned);
                let says = format!(
                    "Input tag '{input}' found using '{tag}' does not match any of the expected tags: {}",
                    known.join(", ")
                );
                self.miss(place, says, "union_tag_invalid", value)
            }
        }
    }

    /// The tags that a model of a union answers to.
    fn tags(&self, option: &Json, tag: &str) -> Vec<String> {
        let field = self.resolved(option).get("properties").and_then(|fields| fields.get(tag));
        let one = field.and_then(|field| field.get("const")).into_iter();
        let many = field.and_then(|field| field.get("enum")).map_or(&[][..], Json::items);
        one.chain(many).map(Json::repr).collect()
    }

    fn resolved<'b>(&self, schema: &'b Json) -> &'b Json
    where
        'a: 'b,
    {
        let name = schema.get("$ref").and_then(Json::as_str).and_then(|r| r.strip_prefix("#/$defs/"));
        let found = name.and_then(|name| self.root.get("$defs")?.get(name));
        found.unwrap_or(schema)
    }

    /// Whether a value is of the option's type without any converting.
    fn is_of(&self, option: &Json, value: &Json) -> bool {
        let option = self.resolved(option);
        match (type_of(option), value) {
            (Some("integer"), Json::Number(number)) => is_int(number),
            (Some("number"), Json::Number(number)) => !is_int(number),
            (Some("string"), Json::Text(_))
            | (Some("boolean"), Json::Bool(_))
            | (Some("array"), Json::List(_))
            | (Some("object"), Json::Map(_)) => true,
            _ => false,
        }
    }

    /// What an alternative of a union is called in the path of an error.
    fn python_name(&self, option: &Json) -> String {
        let named = self.resolved(option).get("title").and_then(Json::as_str);
        match type_of(option) {
            Some("integer") => "int".to_owned(),
            Some("number") => "float".to_owned(),
            Some("string") => "str".to_owned(),
            Some("boolean") => "bool".to_owned(),
            _ => named.unwrap_or("any").to_owned(),
        }
    }

    fn list(&mut self, schema: &'a Json, value: &Json, place: &str) -> Json {
        let is_set = schema.get("uniqueItems") == Some(&Json::Bool(true));
        let (kind, word) = if is_set { ("set_type", "set") } else { ("list_type", "list") };
        let Json::List(items) = value else {
            return self.miss(place, format!("Input should be a valid {word}"), kind, value);
        };
        if let Some(misfit) = too_few_or_many("List", schema, items.len(), place, value) {
            self.misfits.push(misfit);
            return Json::Null;
        }
        let mut found = items.clone();
        if let Some(schema) = schema.get("items") {
            let items = items.iter().enumerate();
            found =
                items.map(|(index, item)| self.value(schema, item, &format!("{place}.{index}"))).collect();
        }
        if is_set {
            let mut once: Vec<Json> = Vec::new();
            for item in found {
                if !once.contains(&item) {
                    once.push(item);
                }
            }
            found = once;
        }
        Json::List(found)
    }

    fn tuple(&mut self, schema: &'a Json, value: &Json, place: &str) -> Json {
        let Json::List(items) = value else {
            return self.miss(place, "Input should be a valid tuple", "tuple_type", value);
        };
        let places = schema.get("prefixItems").map_or(&[][..], Json::items);
        if items.len() > places.len() {
            let word = if places.len() == 1 { "item" } else { "items" };
            let says = format!(
                "Tuple should have at most {} {word} after validation, not {}",
                places.len(),
                items.len()
            );
            return self.miss(place, says, "too_long", value);
        }
        let found = places.iter().enumerate().map(|(index, schema)| {
            let inside = format!("{place}.{index}");
            match (items.get(index), schema.get("default")) {
                (Some(item), _) => self.value(schema, item, &inside),
                (None, Some(default)) => default.clone(),
                (None, None) => self.miss(&inside, "Field required", "missing", value),
            }
        });
        Json::List(found.collect())
    }

    fn map(&mut self, schema: &'a Json, value: &Json, place: &str) -> Json {
        let Json::Map(entries) = value else {
            return self.miss(place, "Input should be a valid dictionary", "dict_type", value);
        };
        let patterned = schema.get("patternProperties").and_then(|p| p.entries().first());
        let inner = patterned.map(|(_, inner)| inner).or_else(|| schema.get("additionalProperties"));
        let mut found = Vec::new();
        for (key, value) in entries {
            let inside = format!("{place}.{key}");
            if let Some((pattern, _)) = patterned
                && !matches(pattern, key)
            {
                let says = format!("String should match pattern '{pattern}'");
                let key = Json::text(key.clone());
                self.miss(&format!("{inside}.[key]"), says, "string_pattern_mismatch", &key);
            }
            let value = match inner {
                Some(schema) => self.value(schema, value, &inside),
                None => value.clone(),
            };
            found.push((key.clone(), value));
        }
        Json::Map(found)
    }
}

fn type_of(schema: &Json) -> Option<&str> {
    schema.get("type").and_then(Json::as_str)
}

fn too_few_or_many(what: &str, schema: &Json, count: usize, place: &str, value: &Json) -> Option<Misfit> {
    let limit = |rule| schema.get(rule).and_then(Json::as_f64);
    let word = |limit: f64| if limit == 1.0 { "item" } else { "items" };
    let says = |side, limit| {
        format!("{what} should have at {side} {limit} {} after validation, not {count}", word(limit))
    };
    match (limit("minItems"), limit("maxItems")) {
        (Some(least), _) if (count as f64) < least => {
            Some(Misfit::new(place, says("least", least), "too_short", value))
        }
        (_, Some(most)) if count as f64 > most => {
            Some(Misfit::new(place, says("most", most), "too_long", value))
        }
        _ => None,
    }
}
