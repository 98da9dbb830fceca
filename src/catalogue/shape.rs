//! What a schema asks for, read once a place and kept: the form is built on it and payloads are checked with it.
//!
//! A [`Schema`] is one JSON schema's text; a place in it ([`At`]) becomes a [`Shape`] when it is first asked for, so a
//! schema that contains itself costs no more than what is looked at. What pydantic 2 writes is understood; anything
//! else becomes [`What::Other`], which takes any JSON.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use super::{
    check::{Pattern, Verdict},
    schema,
};
use crate::wire::{
    Text,
    json::{self, Kind},
};

/// References to references, and lone alternatives, that are followed.
const MOST_STEPS: usize = 32;

/// A piece of the schema's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct At {
    start: usize,
    end: usize,
}

/// One choice of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// For people: text without quotes, unless only the quotes tell it from another choice.
    pub label: String,
    /// As it goes out: raw JSON.
    pub raw: String,
}

/// A schema's text and what has been read of it.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    text: Text,
    shapes: HashMap<At, Arc<Shape>>,
    references: HashMap<String, Option<At>>,
}

/// What stands at one place.
#[derive(Debug)]
pub(super) struct Shape {
    /// Of this place: where several schemas lead to one another, the outermost one that has it.
    pub(super) title: Option<String>,
    /// The title of the class that is referred to.
    pub(super) class: Option<String>,
    pub(super) doc: Option<String>,
    pub(super) unit: Option<String>,
    /// Raw.
    pub(super) default: Option<String>,
    /// `null` is taken as well.
    pub(super) nullable: bool,
    /// Masked where it is shown.
    pub(super) secret: bool,
    /// It stands elsewhere: a class of its own (a model, an `Enum`), not a mere annotation.
    pub(super) referred: bool,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// Anything at all.
    Any,
    /// Cannot be told here; why.
    Other(String),
    Null,
    Bool,
    Number(NumberShape),
    Text(TextShape),
    /// A number with all its digits, which goes out as text.
    Decimal,
    Const(String),
    Enum(Arc<[Choice]>),
    Model(ModelShape),
    Map(MapShape),
    List(ListShape),
    Tuple(TupleShape),
    Union(UnionShape),
    /// Several schemas at once.
    All(Vec<At>),
}

#[derive(Debug, Default)]
pub(super) struct NumberShape {
    pub(super) integer: bool,
    /// Raw numbers.
    pub(super) least: Option<String>,
    pub(super) most: Option<String>,
    pub(super) above: Option<String>,
    pub(super) below: Option<String>,
    pub(super) multiple: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct TextShape {
    pub(super) format: Option<String>,
    /// As it stands in the schema.
    pub(super) pattern: Option<String>,
    /// Made when it is first needed.
    pub(super) compiled: OnceLock<Pattern>,
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
    /// Code or long text: several lines.
    pub(super) lines: bool,
}

#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) at: At,
    pub(super) required: bool,
}

/// What a model makes of members that it has no field for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extra {
    /// Nothing is said: pydantic ignores them.
    Ignored,
    Refused,
    /// Any value.
    Taken,
    Of(At),
}

#[derive(Debug)]
pub(super) struct ModelShape {
    pub(super) properties: Vec<Property>,
    /// Their places, by name.
    pub(super) index: HashMap<String, usize>,
    pub(super) extra: Extra,
}

#[derive(Debug)]
pub(super) struct MapShape {
    /// `None`: any.
    pub(super) value: Option<At>,
    /// What a key, as text, has to fit.
    pub(super) key: Option<At>,
    /// The pattern of the keys.
    pub(super) pattern: Option<TextShape>,
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
}

#[derive(Debug)]
pub(super) struct ListShape {
    /// `None`: any.
    pub(super) item: Option<At>,
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
    pub(super) unique: bool,
}

#[derive(Debug)]
pub(super) struct TupleShape {
    pub(super) first: Vec<At>,
    pub(super) rest: Option<At>,
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
}

/// One of several.
#[derive(Debug)]
pub(super) struct UnionShape {
    pub(super) variants: Vec<At>,
    /// The field that tells the variants apart, and each tag with the variant that it names.
    pub(super) tag: Option<(String, Vec<(String, usize)>)>,
}

impl Schema {
    pub(super) fn new(text: Text) -> Schema {
        Schema { text, shapes: HashMap::new(), references: HashMap::new() }
    }

    /// The schema as a whole.
    pub(super) fn top(&self) -> At {
        At { start: 0, end: self.text.len() }
    }

    /// What stands there.
    pub(super) fn shape(&mut self, at: At) -> Arc<Shape> {
        if let Some(shape) = self.shapes.get(&at) {
            return shape.clone();
        }
        let shape = Arc::new(self.read(at));
        self.shapes.insert(at, shape.clone());
        shape
    }

    /// Where a piece of the text stands.
    fn at(text: &str, piece: &str) -> At {
        let start = (piece.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
        At { start, end: (start + piece.len()).min(text.len()) }
    }

    /// Where a reference leads to; `None` if nowhere or outside.
    fn refer(&mut self, reference: &str) -> Option<At> {
        if let Some(known) = self.references.get(reference) {
            return *known;
        }
        let text = self.text.clone();
        let found = schema::refer(&text, reference).map(|piece| Schema::at(&text, piece));
        self.references.insert(reference.to_owned(), found);
        found
    }

    fn read(&mut self, at: At) -> Shape {
        let text = self.text.clone();
        let mut shape = Shape::any();
        let mut at = at;
        for _ in 0..MOST_STEPS {
            let raw = &text[at.start..at.end];
            let keys = Keys::read(raw);
            shape.annotate(&keys);
            match self.step(&text, raw, &keys, &mut shape) {
                Step::Go(next, referred) => {
                    shape.referred |= referred;
                    at = next;
                }
                Step::Is(what) => {
                    shape.what = what;
                    shape.finish();
                    return shape;
                }
            }
        }
        shape.what = What::Other("its schema leads round in circles".into());
        shape
    }

    /// One schema: what it says itself, or which other one says it.
    fn step(&mut self, text: &str, raw: &str, keys: &Keys<'_>, shape: &mut Shape) -> Step {
        let here = |piece: &str| Schema::at(text, piece);
        match json::kind(raw) {
            Some(Kind::Object) => {}
            Some(Kind::Bool) if json::boolean(raw) == Some(true) => return Step::Is(What::Any),
            _ => return Step::Is(What::Other("its schema is none".into())),
        }
        if let Some(reference) = keys.text("$ref") {
            return match self.refer(&reference) {
                Some(next) => Step::Go(next, true),
                None => Step::Is(What::Other(format!("its schema is not here: {reference}"))),
            };
        }
        if let Some(word) = BEYOND.iter().find(|word| keys.get(word).is_some()) {
            return Step::Is(What::Other(format!("its schema has a `{word}`")));
        }
        if let Some(all) = keys.items("allOf") {
            return match all.as_slice() {
                [only] if keys.get("type").is_none() && keys.get("properties").is_none() => {
                    Step::Go(here(only), json::get(only, "$ref").is_some())
                }
                // What the schema says beside them is left to the service.
                all => Step::Is(What::All(all.iter().map(|part| here(part)).collect())),
            };
        }
        if let Some(only) = keys.get("const") {
            return Step::Is(What::Const(only.to_owned()));
        }
        if let Some(choices) = keys.items("enum") {
            return Step::Is(What::Enum(choices_of(&choices)));
        }
        if let Some(variants) = keys.items("anyOf").or_else(|| keys.items("oneOf")) {
            return self.alternatives(text, &variants, keys, shape);
        }
        let mut types = schema::types(raw);
        if types.len() > 1
            && let Some(null) = types.iter().position(|kind| kind == "null")
        {
            types.remove(null);
            shape.nullable = true;
        }
        match types.as_slice() {
            [] if keys.get("properties").is_some() => Step::Is(self.model(text, keys)),
            [] => Step::Is(What::Any),
            [kind] => Step::Is(self.one_type(text, kind, keys)),
            _ => Step::Is(What::Other("several types in one".into())),
        }
    }

    fn alternatives(&mut self, text: &str, variants: &[&str], keys: &Keys<'_>, shape: &mut Shape) -> Step {
        let is_null = |raw: &&&str| matches!(schema::types(raw).as_slice(), [kind] if kind == "null");
        let others: Vec<&str> = variants.iter().filter(|raw| !is_null(raw)).copied().collect();
        shape.nullable |= others.len() < variants.len();
        let places: Vec<At> = others.iter().map(|raw| Schema::at(text, raw)).collect();
        match places.as_slice() {
            [] if variants.is_empty() => return Step::Is(What::Other("no alternative".into())),
            [] => return Step::Is(What::Null),
            [only] => return Step::Go(*only, false),
            _ => {}
        }
        let mut kinds: Vec<(String, bool)> = others
            .iter()
            .map(|raw| {
                let kind = schema::types(raw).first().map(ToString::to_string).unwrap_or_default();
                (kind, json::get(raw, "pattern").is_some() || json::get(raw, "format").is_some())
            })
            .collect();
        kinds.sort();
        // pydantic writes a `Decimal` like a float or a text; its default is a number as text.
        let default = shape.default.as_deref().and_then(json::string);
        let number = default
            .is_some_and(|text| !text.is_empty() && text.trim().parse::<f64>().is_ok_and(f64::is_finite));
        if number && kinds == [("number".to_owned(), false), ("string".to_owned(), false)] {
            return Step::Is(What::Decimal);
        }
        let tag = keys.get("discriminator").and_then(|raw| self.tags(text, raw, &places));
        Step::Is(What::Union(UnionShape { variants: places, tag }))
    }

    fn tags(&mut self, text: &str, raw: &str, places: &[At]) -> Option<(String, Vec<(String, usize)>)> {
        let field = json::get(raw, "propertyName").and_then(json::string)?.into_owned();
        let mut targets = Vec::new();
        for place in places {
            let raw = &text[place.start..place.end];
            let target = json::get(raw, "$ref").and_then(json::string).and_then(|to| self.refer(&to));
            targets.push(target.unwrap_or(*place));
        }
        let mut tags = Vec::new();
        for (tag, to) in json::get(raw, "mapping").and_then(|raw| json::members(raw).ok())? {
            let target = json::string(to).and_then(|to| self.refer(&to))?;
            let variant = targets.iter().position(|place| *place == target)?;
            tags.push((tag.into_owned(), variant));
        }
        Some((field, tags))
    }

    fn model(&mut self, text: &str, keys: &Keys<'_>) -> What {
        let required: Vec<String> = keys
            .items("required")
            .unwrap_or_default()
            .into_iter()
            .filter_map(json::string)
            .map(Cow::into_owned)
            .collect();
        let required: std::collections::HashSet<&str> = required.iter().map(String::as_str).collect();
        let mut properties: Vec<Property> = Vec::new();
        let mut index = HashMap::new();
        for (name, raw) in keys.get("properties").and_then(|raw| json::members(raw).ok()).unwrap_or_default()
        {
            let name = name.into_owned();
            let property =
                Property { at: Schema::at(text, raw), required: required.contains(name.as_str()), name };
            match index.get(&property.name) {
                Some(known) => properties[*known] = property,
                None => {
                    index.insert(property.name.clone(), properties.len());
                    properties.push(property);
                }
            }
        }
        let extra = match keys.get("additionalProperties") {
            Some(raw) => match (json::kind(raw), json::boolean(raw)) {
                (Some(Kind::Object), _) => Extra::Of(Schema::at(text, raw)),
                (_, Some(true)) => Extra::Taken,
                (_, Some(false)) => Extra::Refused,
                _ => Extra::Ignored,
            },
            None => Extra::Ignored,
        };
        What::Model(ModelShape { properties, index, extra })
    }

    fn one_type(&mut self, text: &str, kind: &str, keys: &Keys<'_>) -> What {
        match kind {
            "null" => What::Null,
            "boolean" => What::Bool,
            "integer" | "number" => What::Number(NumberShape {
                integer: kind == "integer",
                least: keys.number("minimum"),
                most: keys.number("maximum"),
                above: keys.number("exclusiveMinimum"),
                below: keys.number("exclusiveMaximum"),
                multiple: keys.number("multipleOf"),
            }),
            "string" => What::Text(text_shape(keys)),
            "array" => {
                let first = keys.items("prefixItems");
                let rest = keys.get("items").filter(|raw| json::kind(raw) == Some(Kind::Object));
                let rest = rest.map(|raw| Schema::at(text, raw));
                let (least, most) = (keys.length("minItems"), keys.length("maxItems"));
                match first {
                    Some(first) if !first.is_empty() => What::Tuple(TupleShape {
                        first: first.iter().map(|raw| Schema::at(text, raw)).collect(),
                        rest,
                        least,
                        most,
                    }),
                    _ => What::List(ListShape {
                        item: rest,
                        least,
                        most,
                        unique: keys.get("uniqueItems").and_then(json::boolean) == Some(true),
                    }),
                }
            }
            "object" if keys.get("properties").is_some() => self.model(text, keys),
            "object" => {
                let value = keys.get("additionalProperties");
                let mut map = MapShape {
                    value: value
                        .filter(|raw| json::kind(raw) == Some(Kind::Object))
                        .map(|raw| Schema::at(text, raw)),
                    key: keys.get("propertyNames").map(|raw| Schema::at(text, raw)),
                    pattern: None,
                    least: keys.length("minProperties"),
                    most: keys.length("maxProperties"),
                };
                // A map whose keys have a pattern: so pydantic writes it. More than one is nobody's.
                match keys.get("patternProperties").map(|raw| json::members(raw).unwrap_or_default()) {
                    // A model without fields.
                    None if value.and_then(json::boolean) == Some(false) => return self.model(text, keys),
                    None => {}
                    Some(patterns) => match patterns.as_slice() {
                        [(pattern, raw)] if map.value.is_none() => {
                            map.value = Some(Schema::at(text, raw));
                            map.pattern = Some(TextShape {
                                pattern: Some(pattern.clone().into_owned()),
                                ..TextShape::default()
                            });
                        }
                        _ => return What::Other("its schema has several `patternProperties`".into()),
                    },
                }
                What::Map(map)
            }
            other => What::Other(format!("its type is `{other}`")),
        }
    }
}

/// Words of JSON Schema that pydantic does not write and that no field can show.
const BEYOND: [&str; 12] = [
    "not",
    "if",
    "then",
    "else",
    "contains",
    "dependentSchemas",
    "dependentRequired",
    "unevaluatedProperties",
    "unevaluatedItems",
    "$dynamicRef",
    "$recursiveRef",
    "additionalItems",
];

enum Step {
    /// It says so elsewhere; whether by a reference.
    Go(At, bool),
    Is(What),
}

/// The members of one schema.
struct Keys<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Keys<'a> {
    fn read(raw: &'a str) -> Keys<'a> {
        Keys(json::members(raw).unwrap_or_default())
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, raw)| *raw)
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(json::string).map(Cow::into_owned)
    }

    fn items(&self, key: &str) -> Option<Vec<&'a str>> {
        self.get(key).and_then(|raw| json::items(raw).ok())
    }

    fn number(&self, key: &str) -> Option<String> {
        self.get(key).filter(|raw| json::kind(raw) == Some(Kind::Number)).map(str::to_owned)
    }

    fn length(&self, key: &str) -> Option<usize> {
        self.get(key).and_then(|raw| raw.parse().ok())
    }
}

impl Shape {
    /// What takes any JSON, and says nothing of itself.
    pub(super) fn any() -> Shape {
        Shape {
            title: None,
            class: None,
            doc: None,
            unit: None,
            default: None,
            nullable: false,
            secret: false,
            referred: false,
            what: What::Any,
        }
    }

    /// Takes what a schema says about itself, if no schema further out has said it.
    fn annotate(&mut self, keys: &Keys<'_>) {
        let title = keys.text("title").filter(|title| !title.trim().is_empty());
        if self.referred {
            self.class = self.class.take().or(title);
        } else {
            self.title = self.title.take().or(title);
        }
        let doc = keys.text("description").filter(|doc| !doc.trim().is_empty());
        self.doc = self.doc.take().or(doc);
        self.default = self.default.take().or_else(|| keys.get("default").map(str::to_owned));
        self.secret |= keys.get("writeOnly").and_then(json::boolean) == Some(true)
            || keys.text("format").is_some_and(|format| format == "password");
        let unit = ["unit", "units", "x-unit"].iter().find_map(|key| keys.text(key));
        self.unit = self.unit.take().or(unit.filter(|unit| !unit.trim().is_empty()));
    }

    /// What only the whole tells.
    fn finish(&mut self) {
        if self.unit.is_none() && matches!(self.what, What::Number(_) | What::Decimal) {
            let told = [&self.title, &self.doc];
            self.unit = told.iter().find_map(|text| text.as_deref().and_then(super::words::unit));
        }
    }

    /// The value that the service uses where the field is left out.
    pub(super) fn default(&self) -> Option<&str> {
        self.default.as_deref()
    }
}

impl TextShape {
    /// What the pattern, if there is one, says about a text.
    pub(super) fn judge(&self, text: &str) -> Verdict {
        match &self.pattern {
            None => Verdict::Fits,
            Some(pattern) => self.compiled.get_or_init(|| Pattern::new(pattern)).judge(text),
        }
    }

    /// Whether only the service can check the pattern.
    pub(super) fn left_to_service(&self) -> bool {
        match &self.pattern {
            None => false,
            Some(pattern) => !self.compiled.get_or_init(|| Pattern::new(pattern)).known(),
        }
    }
}

fn text_shape(keys: &Keys<'_>) -> TextShape {
    let format = keys.text("format");
    let lines =
        matches!(format.as_deref(), Some("textarea" | "multi-line" | "multiline" | "code" | "python"))
            || keys.get("multiline").and_then(json::boolean) == Some(true)
            || keys.text("contentMediaType").is_some();
    TextShape {
        format,
        pattern: keys.text("pattern"),
        compiled: OnceLock::new(),
        least: keys.length("minLength"),
        most: keys.length("maxLength"),
        lines,
    }
}

/// Choices with their labels.
fn choices_of(raws: &[&str]) -> Arc<[Choice]> {
    let all_text = raws.iter().all(|raw| json::kind(raw) == Some(Kind::String));
    let choice = |raw: &&str| {
        let text = json::string(raw).filter(|text| all_text && !text.trim().is_empty());
        let label = text.map_or_else(|| (*raw).to_owned(), Cow::into_owned);
        Choice { label, raw: (*raw).to_owned() }
    };
    raws.iter().map(choice).collect()
}
