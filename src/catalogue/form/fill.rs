//! Values into fields.

use std::{collections::HashMap, sync::Arc};

use super::{
    FieldId, Form, Input, Origin, Presence,
    create::{Place, booleans},
    text,
    value::same,
};
use crate::{
    catalogue::{
        Level, check,
        shape::{Choice, Extra, ModelShape, Shape, UnionShape, What},
    },
    wire::json::{self, Kind},
};

/// Levels of fields; what is deeper stands as JSON.
const DEEPEST: usize = 32;

/// Items or entries that are fields of their own; what has more stands as JSON.
const MOST_ITEMS: usize = 2_000;

/// Fields of a form, all together; where lists in lists have more, the further ones stand as JSON. A key looks at all of
/// them.
const MOST_FIELDS: usize = 5_000;

/// Characters of JSON that stand on one line.
const ONE_LINE: usize = 60;

impl Form {
    /// Puts a value into a field (`None`: leaves it out) and into all that is inside it.
    pub(super) fn put(&mut self, id: FieldId, raw: Option<&str>, origin: Origin, depth: usize) {
        let Some(node) = self.get_mut(id) else { return };
        node.marks = None;
        node.fault = None;
        let Some(raw) = raw else {
            node.field.presence = Presence::Unset;
            node.field.origin = if node.field.required { Origin::Missing } else { Origin::Service };
            return;
        };
        node.field.origin = origin;
        if origin == Origin::Default {
            node.field.default = Some(raw.to_owned());
        }
        let shape = node.shape.clone();
        if shape.nullable && json::kind(raw) == Some(Kind::Null) && node.field.nullable {
            node.field.presence = Presence::Null;
            return;
        }
        node.field.presence = Presence::Value;
        node.raw = raw.trim().to_owned();
        if !self.put_natural(id, &shape, raw, origin, depth) {
            self.put_odd(id, raw);
        }
        self.arrange(id);
    }

    /// A value that does not fit the field's own input: as JSON.
    fn put_odd(&mut self, id: FieldId, raw: &str) {
        for kid in self.get(id).map(|node| node.kids.clone()).unwrap_or_default() {
            self.drop_node(kid);
        }
        if let Some(node) = self.get_mut(id) {
            node.odd = true;
            node.kids.clear();
            node.variants.clear();
            node.field.input = Input::Json(raw.to_owned());
        }
    }

    /// Puts a value into the field's own input; false where it does not fit.
    fn put_natural(&mut self, id: FieldId, shape: &Shape, raw: &str, origin: Origin, depth: usize) -> bool {
        let kind = json::kind(raw);
        let Some(name) = self.get(id).map(|node| node.field.name.clone()) else { return true };
        let input = match &shape.what {
            What::Any | What::Other(_) | What::All(_) => Some(Input::Json(laid_out(raw, origin))),
            What::Null => (kind == Some(Kind::Null)).then(|| Input::Constant("null".to_owned())),
            What::Const(only) => check::is_choice(only, raw).then(|| Input::Constant(only.clone())),
            What::Bool => chosen(&booleans(), raw),
            What::Enum(options) => chosen(options, raw),
            What::Number(_) | What::Decimal => text::show(shape, raw),
            What::Text(_) => text::show(shape, raw).map(|input| match input {
                Input::Line(line) if text::is_code(&name) || self.is_long_input(id) => Input::Text(line),
                input => input,
            }),
            What::Model(_) | What::Map(_) | What::List(_) | What::Tuple(_) | What::Union(_) => {
                let was_odd = self.get(id).is_some_and(|node| node.odd);
                if was_odd {
                    let blank = self.blank_input(shape, &name);
                    if let Some(node) = self.get_mut(id) {
                        node.odd = false;
                        node.field.input = blank;
                    }
                }
                return depth < DEEPEST && self.put_inside(id, shape, raw, origin, depth);
            }
        };
        let Some(input) = input else { return false };
        if let Some(node) = self.get_mut(id) {
            node.odd = false;
            node.field.input = input;
        }
        true
    }

    /// Whether a field can have so many inside it, in place of those that it has.
    fn has_room(&self, id: FieldId, inside: usize) -> bool {
        let known = self.get(id).map_or(0, |node| node.kids.len());
        inside <= MOST_ITEMS && self.fields.saturating_sub(known) + inside <= MOST_FIELDS
    }

    /// A field that has shown several lines goes on doing so.
    fn is_long_input(&self, id: FieldId) -> bool {
        self.get(id).is_some_and(|node| matches!(node.field.input, Input::Text(_)))
    }

    fn put_inside(&mut self, id: FieldId, shape: &Shape, raw: &str, origin: Origin, depth: usize) -> bool {
        match (&shape.what, json::kind(raw)) {
            (What::Model(model), Some(Kind::Object)) => {
                let Ok(members) = json::members(raw) else { return false };
                if !self.has_room(id, strangers(model, &members)) {
                    return false;
                }
                self.make_kids(id, depth);
                self.put_members(id, model, &members, origin, depth);
            }
            (What::Map(map), Some(Kind::Object)) => {
                let Ok(members) = json::members(raw) else { return false };
                let mut names = std::collections::HashSet::new();
                // Doubled keys have no form.
                if !self.has_room(id, members.len()) || !members.iter().all(|(name, _)| names.insert(name)) {
                    return false;
                }
                let old = self.take_kids(id);
                let known = self.by_name(&old);
                let mut kids = Vec::new();
                for (name, raw) in &members {
                    let known = known.get(name.as_ref()).copied();
                    let kid = known.unwrap_or_else(|| self.create_entry(id, name, map.value, depth));
                    self.put(kid, Some(raw), origin, depth + 1);
                    kids.push(kid);
                }
                self.keep_kids(id, &old, kids);
            }
            (What::List(list), Some(Kind::Array)) => {
                let Ok(items) = json::items(raw) else { return false };
                if !self.has_room(id, items.len()) {
                    return false;
                }
                let old = self.take_kids(id);
                let mut kids = Vec::new();
                for (i, raw) in items.into_iter().enumerate() {
                    let kid = match old.get(i) {
                        Some(known) => *known,
                        None => self.create_item(id, i, list.item, depth),
                    };
                    self.put(kid, Some(raw), origin, depth + 1);
                    kids.push(kid);
                }
                self.keep_kids(id, &old, kids);
            }
            (What::Tuple(tuple), Some(Kind::Array)) => {
                let Ok(items) = json::items(raw) else { return false };
                if !self.has_room(id, items.len()) {
                    return false;
                }
                self.make_kids(id, depth);
                let old = self.take_kids(id);
                let mut kids = Vec::new();
                for i in 0..items.len().max(tuple.first.len()) {
                    let kid = match old.get(i) {
                        Some(known) => *known,
                        None => self.create_item(id, i, tuple.rest, depth),
                    };
                    self.put(kid, items.get(i).copied(), origin, depth + 1);
                    kids.push(kid);
                }
                self.keep_kids(id, &old, kids);
            }
            (What::Union(union), _) => {
                let Some(variant) = self.variant_of(union, raw) else { return false };
                self.choose_variant(id, union, variant, depth);
                if let Some(inner) = self.get(id).and_then(|node| node.kids.first().copied()) {
                    self.put(inner, Some(raw), origin, depth);
                    self.dress(id, union, variant);
                }
            }
            _ => return false,
        }
        true
    }

    /// Fields by their names; those without a key are left out.
    fn by_name(&self, ids: &[FieldId]) -> HashMap<String, FieldId> {
        let nodes = ids.iter().filter_map(|id| Some((*id, self.get(*id)?)));
        nodes.filter(|(_, node)| node.named).map(|(id, node)| (node.field.name.clone(), id)).collect()
    }

    fn take_kids(&mut self, id: FieldId) -> Vec<FieldId> {
        self.get_mut(id).map(|node| std::mem::take(&mut node.kids)).unwrap_or_default()
    }

    /// Sets the fields inside; those that are no longer among them are dropped.
    fn keep_kids(&mut self, id: FieldId, old: &[FieldId], kids: Vec<FieldId>) {
        let kept: std::collections::HashSet<FieldId> = kids.iter().copied().collect();
        for gone in old.iter().filter(|kid| !kept.contains(kid)) {
            self.drop_node(*gone);
        }
        if let Some(node) = self.get_mut(id) {
            node.kids = kids;
        }
    }

    fn put_members(
        &mut self,
        id: FieldId,
        model: &ModelShape,
        members: &[(std::borrow::Cow<'_, str>, &str)],
        origin: Origin,
        depth: usize,
    ) {
        let given: HashMap<&str, &str> = members.iter().map(|(name, raw)| (name.as_ref(), *raw)).collect();
        let kids = self.get(id).map(|node| node.kids.clone()).unwrap_or_default();
        let mut known = std::collections::HashSet::new();
        let mut gone = Vec::new();
        for kid in &kids {
            let Some(node) = self.get(*kid) else { continue };
            let name = node.field.name.clone();
            let stranger = node.field.removable;
            match given.get(name.as_str()) {
                None if stranger => gone.push(*kid),
                value => self.put(*kid, value.copied(), origin, depth + 1),
            }
            known.insert(name);
        }
        gone.sort_unstable();
        let mut kids: Vec<FieldId> =
            kids.into_iter().filter(|kid| gone.binary_search(kid).is_err()).collect();
        for kid in gone {
            self.drop_node(kid);
        }
        let of = match model.extra {
            Extra::Of(at) => Some(at),
            _ => None,
        };
        for (name, _) in members {
            if known.insert(name.to_string()) {
                let kid = self.create_entry(id, name, of, depth);
                self.put(kid, given.get(name.as_ref()).copied(), origin, depth + 1);
                kids.push(kid);
            }
        }
        if let Some(node) = self.get_mut(id) {
            node.kids = kids;
        }
    }

    /// The variant that a value is of: by its tag, else the first of those that fit best.
    fn variant_of(&mut self, union: &UnionShape, raw: &str) -> Option<usize> {
        if let Some((field, tags)) = &union.tag {
            let given = json::get(raw, field)?;
            return tags.iter().find(|(tag, _)| check::is_tag(given, tag)).map(|(_, variant)| *variant);
        }
        let mut best: Option<(u8, usize)> = None;
        for (i, at) in union.variants.iter().enumerate() {
            let shape = self.schema.shape(*at);
            let exact = is_exact(&shape, raw);
            let told = check::value(&mut self.schema, *at, raw);
            let level = match told.iter().any(|problem| problem.level == Level::Error) {
                false if exact && told.is_empty() => 4,
                false if exact => 3,
                true if exact => 2,
                false => 1,
                true => 0,
            };
            if level > 0 && best.is_none_or(|(known, _)| level > known) {
                best = Some((level, i));
            }
        }
        best.map(|(_, variant)| variant)
    }

    /// Shows that variant of a union, as it was left or as the schema has it.
    pub(super) fn choose_variant(&mut self, id: FieldId, union: &UnionShape, variant: usize, depth: usize) {
        let Some(node) = self.get_mut(id) else { return };
        node.variants.resize(union.variants.len(), None);
        let inner = match node.variants.get(variant).copied().flatten() {
            Some(inner) => inner,
            None => {
                let Some(at) = union.variants.get(variant).copied() else { return };
                let place = Place { parent: Some(id), name: "value", at: Some(at), required: true, depth };
                let inner = self.create(&place);
                // What takes no more than a keystroke to open is open.
                if let Some(node) = self.get(inner)
                    && node.field.presence != Presence::Value
                {
                    match node.shape.what {
                        What::Model(_) | What::Tuple(_) => self.open_section(inner, depth),
                        What::List(_) => self.put(inner, Some("[]"), Origin::Default, depth),
                        What::Map(_) => self.put(inner, Some("{}"), Origin::Default, depth),
                        _ => {}
                    }
                }
                inner
            }
        };
        if let Some(node) = self.get_mut(id) {
            if let Some(slot) = node.variants.get_mut(variant) {
                *slot = Some(inner);
            }
            node.kids = vec![inner];
            node.odd = false;
            node.marks = None;
            node.fault = None;
            node.field.presence = Presence::Value;
            if let Input::Union { chosen, .. } = &mut node.field.input {
                *chosen = Some(variant);
            }
        }
        self.dress(id, union, variant);
        self.arrange(id);
    }

    /// Sets the tag field of a union's variant: hidden where the variant has one tag, else to be chosen among them.
    fn dress(&mut self, id: FieldId, union: &UnionShape, variant: usize) {
        let Some((field, tags)) = &union.tag else { return };
        let mine: Vec<&str> =
            tags.iter().filter(|(_, of)| *of == variant).map(|(tag, _)| tag.as_str()).collect();
        let Some(inner) = self.get(id).and_then(|node| node.kids.first().copied()) else { return };
        let kids = self.get(inner).map(|node| node.kids.clone()).unwrap_or_default();
        let Some(kid) =
            kids.into_iter().find(|kid| self.get(*kid).is_some_and(|node| node.field.name == *field))
        else {
            return;
        };
        let value = self.value_of(kid);
        let fits = value.as_deref().is_some_and(|raw| mine.iter().any(|tag| check::is_tag(raw, tag)));
        if let Some(tag) = mine.first().filter(|_| !fits) {
            let raw = match self.get(kid).map(|node| node.shape.clone()).as_deref() {
                Some(Shape { what: What::Const(raw), .. }) => raw.clone(),
                Some(Shape { what: What::Enum(options), .. }) => {
                    let option = options.iter().find(|option| check::is_tag(&option.raw, tag));
                    option.map_or_else(|| json::quote(tag), |option| option.raw.clone())
                }
                _ => json::quote(tag),
            };
            self.put(kid, Some(&raw), Origin::Default, 1);
        }
        if let Some(node) = self.get_mut(kid) {
            node.hidden = mine.len() == 1;
            // Without its tag nobody knows which variant it is.
            node.field.required = true;
        }
        self.arrange(inner);
    }

    /// Takes the payload of the last run: what differs from what stands there.
    pub(super) fn fill_last(&mut self, last: &str) {
        if json::check(last).is_err() || json::kind(last) != Some(Kind::Object) {
            return;
        }
        let last = self.without_made_code(last);
        self.take_last(self.root, &last, 0);
        self.code_for = Some(self.without_code());
    }

    /// A payload without the code that is made here anyway: it would go stale with the first edit.
    fn without_made_code(&self, payload: &str) -> String {
        let made = self.make_code.and_then(|make| make(payload));
        match (made, json::get(payload, "code")) {
            (Some(made), Some(code)) if same(&made, code) => {
                let members = json::members(payload).unwrap_or_default();
                json::object(members.iter().filter(|(name, _)| name != "code").map(|(name, raw)| (name, raw)))
            }
            _ => payload.to_owned(),
        }
    }

    fn take_last(&mut self, id: FieldId, raw: &str, depth: usize) {
        let value = self.value_of(id);
        let Some(node) = self.get_mut(id) else { return };
        node.field.last = Some(raw.to_owned());
        let shape = node.shape.clone();
        let open = node.field.presence == Presence::Value && !node.odd;
        if let (What::Model(model), true, Ok(members)) = (&shape.what, open, json::members(raw))
            && strangers(model, &members) <= MOST_ITEMS
        {
            let kids = self.get(id).map(|node| node.kids.clone()).unwrap_or_default();
            let known = self.by_name(&kids);
            for (name, raw) in &members {
                match known.get(name.as_ref()).copied() {
                    Some(kid) => self.take_last(kid, raw, depth + 1),
                    None => {
                        let of = match model.extra {
                            Extra::Of(at) => Some(at),
                            _ => None,
                        };
                        let kid = self.create_entry(id, name, of, depth);
                        self.put(kid, Some(raw), Origin::Last, depth + 1);
                        if let Some(node) = self.get_mut(kid) {
                            node.field.last = Some((*raw).to_owned());
                        }
                        if let Some(node) = self.get_mut(id) {
                            node.kids.push(kid);
                        }
                    }
                }
            }
            self.arrange(id);
            let changed = self.value_of(id) != value;
            if let Some(node) = self.get_mut(id).filter(|_| changed) {
                node.field.origin = Origin::Last;
            }
            return;
        }
        if value.as_deref().is_some_and(|value| same(value, raw)) {
            return;
        }
        self.put(id, Some(raw), Origin::Last, depth);
    }

    /// Fills in a whole payload: what it leaves out is left out, what the schema does not know stands as JSON. The
    /// fields' ids stay where the fields do.
    ///
    /// # Errors
    ///
    /// In a sentence, where it is no JSON object; then nothing has changed.
    pub fn fill(&mut self, payload: &str, origin: Origin) -> Result<(), String> {
        json::check(payload).map_err(|error| format!("this is no JSON: {error}"))?;
        if json::kind(payload) != Some(Kind::Object) {
            return Err("a payload is a JSON object: it starts with {".to_owned());
        }
        let payload = self.without_made_code(payload);
        self.put(self.root, Some(&payload), origin, 0);
        let root = self.root;
        self.code_for = Some(self.without_code());
        self.told.clear();
        self.mark_defaults(root);
        self.open_new();
        self.collect();
        Ok(())
    }

    /// What stands at its default is from there, wherever it came from.
    fn mark_defaults(&mut self, id: FieldId) {
        let Some(node) = self.get(id) else { return };
        let kids = node.kids.clone();
        let value = self.value_of(id);
        if let Some(node) = self.get_mut(id)
            && node.field.presence != Presence::Unset
            && let (Some(value), Some(default)) = (&value, &node.field.default)
            && same(value, default)
        {
            node.field.origin = Origin::Default;
        }
        for kid in kids {
            self.mark_defaults(kid);
        }
    }
}

/// Whether a value is of that kind without being read as another.
fn is_exact(shape: &Shape, raw: &str) -> bool {
    let Some(kind) = json::kind(raw) else { return false };
    match &shape.what {
        What::Null => kind == Kind::Null,
        What::Bool => kind == Kind::Bool,
        What::Number(number) if number.integer => {
            kind == Kind::Number && !raw.contains(['.', 'e', 'E', 'N', 'I'])
        }
        What::Number(_) | What::Decimal => kind == Kind::Number,
        What::Text(_) => kind == Kind::String,
        What::Const(only) => check::is_choice(only, raw),
        What::Enum(options) => options.iter().any(|option| check::is_choice(&option.raw, raw)),
        What::Model(_) | What::Map(_) => kind == Kind::Object,
        What::List(_) | What::Tuple(_) => kind == Kind::Array,
        What::Any | What::Other(_) | What::All(_) | What::Union(_) => true,
    }
}

/// The input of a choice with that value chosen; a scalar that is none of the choices is added to them.
fn chosen(options: &Arc<[Choice]>, raw: &str) -> Option<Input> {
    let raw = raw.trim();
    let exact = options.iter().position(|option| option.raw == raw);
    let at = exact.or_else(|| options.iter().position(|option| check::is_choice(&option.raw, raw)));
    if let Some(at) = at {
        return Some(Input::Choice { options: options.clone(), chosen: Some(at) });
    }
    if matches!(json::kind(raw), Some(Kind::Array | Kind::Object) | None) {
        return None;
    }
    let other = Choice { label: raw.to_owned(), raw: raw.to_owned() };
    let options: Arc<[Choice]> = options.iter().cloned().chain([other]).collect();
    Some(Input::Choice { chosen: Some(options.len() - 1), options })
}

/// Members that the model has no field for.
fn strangers(model: &ModelShape, members: &[(std::borrow::Cow<'_, str>, &str)]) -> usize {
    members.iter().filter(|(name, _)| !model.index.contains_key(name.as_ref())).count()
}

/// JSON as it stands in its field: as a person wrote it, and what a schema or a run brought on one line if it is short.
fn laid_out(raw: &str, origin: Origin) -> String {
    if matches!(origin, Origin::Edited | Origin::Filled) || !raw.contains('\n') {
        return raw.to_owned();
    }
    let compact = json::compact(raw);
    if compact.chars().count() <= ONE_LINE {
        compact
    } else {
        json::pretty(raw, usize::MAX).0.trim_end().to_owned()
    }
}
