//! Fields out of the schema, with their defaults.

use std::sync::Arc;

use super::{Field, FieldId, Form, Input, Node, Origin, Presence, Says, text};
use crate::{
    catalogue::{
        Code, Level, TaskType, check,
        shape::{At, Choice, Schema, Shape, TextShape, What},
        words,
    },
    wire::name::sounds_secret,
};

/// Levels of required sections that are opened unasked: a schema can require itself.
const DEEPEST_UNASKED: usize = 6;

/// Fields that are made unasked.
const MOST_UNASKED: usize = 20_000;

/// What a new field is to be.
pub(super) struct Place<'a> {
    pub(super) parent: Option<FieldId>,
    pub(super) name: &'a str,
    pub(super) at: Option<At>,
    pub(super) required: bool,
    /// Levels inside others.
    pub(super) depth: usize,
}

impl Form {
    /// The schema's fields with their defaults.
    pub(super) fn blank(task: &TaskType) -> Form {
        let text = task
            .schema
            .clone()
            .unwrap_or_else(|| r#"{"properties": {}, "additionalProperties": true}"#.into());
        let mut form = Form {
            schema: Schema::new(text),
            code_kind: task.code.filter(|_| task.ipython),
            make_code: Form::known_code(task),
            hidden_fields: task.hidden_fields.clone(),
            nodes: Vec::new(),
            fields: 0,
            root: FieldId(0),
            code: None,
            code_for: None,
            told: Vec::new(),
            told_by: Says::default(),
            problems: Vec::new(),
        };
        let top = form.schema.top();
        let place = Place { parent: None, name: "", at: Some(top), required: true, depth: 0 };
        form.root = form.create(&place);
        let known =
            matches!(&form.schema.shape(top).what, What::Model(model) if model.index.contains_key("code"));
        if form.code_kind == Some(Code::Computed) && form.make_code.is_none() && !known {
            form.code = Some(form.create_code());
        }
        form
    }

    fn create_code(&mut self) -> FieldId {
        let shape = Shape {
            title: None,
            class: None,
            doc: Some("Python makes it from the other fields; the service requires it.".to_owned()),
            unit: None,
            default: None,
            nullable: false,
            secret: false,
            referred: false,
            what: What::Text(TextShape { lines: true, ..Default::default() }),
        };
        let place = Place { parent: Some(self.root), name: "code", at: None, required: true, depth: 1 };
        let id = self.create_of(&place, Arc::new(shape));
        if let Some(node) = self.get_mut(id) {
            node.field.kind = "Python code".to_owned();
            node.field.sweepable = false;
        }
        let root = self.root;
        if let Some(node) = self.get_mut(root) {
            node.kids.push(id);
        }
        self.arrange(root);
        id
    }

    /// Makes a field as the schema has it, with its default.
    pub(super) fn create(&mut self, place: &Place<'_>) -> FieldId {
        let shape = match place.at {
            Some(at) => self.schema.shape(at),
            None => any(),
        };
        self.create_of(place, shape)
    }

    fn create_of(&mut self, place: &Place<'_>, shape: Arc<Shape>) -> FieldId {
        let field = self.field_of(place, &shape);
        let id = self.insert(Node {
            field,
            parent: place.parent,
            at: place.at,
            shape: shape.clone(),
            kids: Vec::new(),
            raw: "null".to_owned(),
            fault: None,
            odd: false,
            hidden: false,
            named: true,
            variants: Vec::new(),
            sweep: None,
            opened: None,
            marks: None,
            told: Vec::new(),
        });
        let masked = shape.secret && shape.default().is_some_and(|raw| raw.contains("***"));
        let default = shape.default().filter(|_| !masked).map(str::to_owned);
        match default {
            Some(raw) if self.passes(place.at, &shape, &raw) => {
                self.put(id, Some(&raw), Origin::Default, place.depth);
            }
            Some(_) => {}
            None if place.required => self.open_required(id, place.depth),
            None => {}
        }
        id
    }

    /// What a required field without a default starts with: its fields, the only possible value, else nothing.
    fn open_required(&mut self, id: FieldId, depth: usize) {
        let Some(node) = self.get(id) else { return };
        let shape = node.shape.clone();
        let room = depth < DEEPEST_UNASKED && self.nodes.len() < MOST_UNASKED;
        match &shape.what {
            _ if shape.nullable => {
                if let Some(node) = self.get_mut(id) {
                    node.field.presence = Presence::Null;
                }
            }
            What::Const(raw) => self.put(id, Some(raw), Origin::Default, depth),
            What::Null => self.put(id, Some("null"), Origin::Default, depth),
            What::Model(_) | What::Tuple(_) if room || depth == 0 => self.open_section(id, depth),
            _ => {}
        }
    }

    /// Gives a model or a tuple its fields, as the schema has them.
    pub(super) fn open_section(&mut self, id: FieldId, depth: usize) {
        self.make_kids(id, depth);
        if let Some(node) = self.get_mut(id) {
            node.field.presence = Presence::Value;
            node.field.origin = Origin::Default;
            node.marks = None;
        }
    }

    /// The fields of a model or a tuple, if they are not there yet.
    pub(super) fn make_kids(&mut self, id: FieldId, depth: usize) {
        let Some(node) = self.get(id).filter(|node| node.kids.is_empty()) else { return };
        let shape = node.shape.clone();
        let mut kids = Vec::new();
        match &shape.what {
            What::Model(model) => {
                for property in &model.properties {
                    kids.push(self.create(&Place {
                        parent: Some(id),
                        name: &property.name,
                        at: Some(property.at),
                        required: property.required,
                        depth: depth + 1,
                    }));
                }
            }
            What::Tuple(tuple) => {
                let least = tuple.least.unwrap_or(tuple.first.len());
                for (i, at) in tuple.first.iter().enumerate() {
                    kids.push(self.create(&Place {
                        parent: Some(id),
                        name: &i.to_string(),
                        at: Some(*at),
                        required: i < least,
                        depth: depth + 1,
                    }));
                }
            }
            _ => {}
        }
        if let Some(node) = self.get_mut(id) {
            node.kids = kids;
        }
        self.arrange(id);
    }

    fn field_of(&mut self, place: &Place<'_>, shape: &Shape) -> Field {
        let plain =
            |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let title = shape.title.clone().filter(|title| plain(title) != plain(place.name));
        let is_text = matches!(shape.what, What::Text(_));
        // A field with such a name that display names leave out is one, whatever its class.
        let hidden = place.depth == 1 && self.hidden_fields.iter().any(|name| name == place.name);
        let secret = shape.secret || (is_text && hidden && sounds_secret(place.name));
        Field {
            name: place.name.to_owned(),
            title,
            doc: shape.doc.clone(),
            unit: shape.unit.clone(),
            kind: if secret && !shape.secret {
                "secret".to_owned()
            } else {
                words::kind(&mut self.schema, shape)
            },
            limits: words::limits(shape),
            input: self.blank_input(shape, place.name),
            presence: Presence::Unset,
            origin: if place.required { Origin::Missing } else { Origin::Service },
            default: shape.default.clone(),
            last: None,
            required: place.required,
            nullable: shape.nullable && !matches!(shape.what, What::Any | What::Other(_) | What::All(_)),
            secret,
            removable: false,
            is_entry: false,
            folded: false,
            sweep: None,
            sweepable: !secret
                && matches!(
                    shape.what,
                    What::Number(_) | What::Text(_) | What::Decimal | What::Enum(_) | What::Bool
                ),
            children: Vec::new(),
        }
    }

    /// The input of a shape with nothing in it.
    pub(super) fn blank_input(&mut self, shape: &Shape, name: &str) -> Input {
        match &shape.what {
            What::Any | What::Other(_) | What::All(_) => Input::Json(String::new()),
            What::Null => Input::Constant("null".to_owned()),
            What::Const(raw) => Input::Constant(raw.clone()),
            What::Bool => Input::Choice { options: booleans(), chosen: None },
            What::Enum(options) => Input::Choice { options: options.clone(), chosen: None },
            What::Text(_) if text::is_long(shape) || text::is_code(name) => Input::Text(String::new()),
            What::Text(_) | What::Number(_) | What::Decimal => Input::Line(String::new()),
            What::Model(_) => Input::Model,
            What::Tuple(_) => Input::Tuple,
            What::List(_) => Input::List,
            What::Map(_) => Input::Map,
            What::Union(union) => {
                Input::Union { variants: check::names_of(&mut self.schema, union), chosen: None }
            }
        }
    }

    /// A new entry of a map, or a member that a model has no field for.
    pub(super) fn create_entry(
        &mut self,
        parent: FieldId,
        name: &str,
        at: Option<At>,
        depth: usize,
    ) -> FieldId {
        let id = self.create(&Place { parent: Some(parent), name, at, required: true, depth: depth + 1 });
        if let Some(node) = self.get_mut(id) {
            node.field.removable = true;
            node.field.is_entry = true;
        }
        id
    }

    pub(super) fn create_item(
        &mut self,
        parent: FieldId,
        index: usize,
        at: Option<At>,
        depth: usize,
    ) -> FieldId {
        let name = index.to_string();
        let id =
            self.create(&Place { parent: Some(parent), name: &name, at, required: true, depth: depth + 1 });
        if let Some(node) = self.get_mut(id) {
            node.field.removable = true;
        }
        id
    }

    /// Whether the check has no error for a value.
    pub(super) fn passes(&mut self, at: Option<At>, shape: &Shape, raw: &str) -> bool {
        let errors = |found: Vec<(Level, String)>| found.iter().any(|(level, _)| *level == Level::Error);
        match at {
            Some(at) => check::value(&mut self.schema, at, raw).iter().all(|told| told.level != Level::Error),
            None => !errors(check::scalar(shape, raw)),
        }
    }
}

/// What takes any JSON.
fn any() -> Arc<Shape> {
    Arc::new(Shape::any())
}

/// The two of them, as choices.
pub(super) fn booleans() -> Arc<[Choice]> {
    ["false", "true"].iter().map(|raw| Choice { label: (*raw).to_owned(), raw: (*raw).to_owned() }).collect()
}
