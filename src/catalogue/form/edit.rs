//! What a person does to a form.

use super::{FieldId, Form, Input, Node, Origin, Presence, text, value::same};
use crate::{
    catalogue::shape::{Extra, What},
    wire::json,
};

impl Form {
    /// Takes what was typed into a line, a text or JSON. On a choice it chooses the one of that name, if there is one.
    pub fn set_text(&mut self, id: FieldId, text: &str) {
        let Some(node) = self.get(id) else { return };
        if let Input::Choice { options, .. } = &node.field.input {
            if let Some(option) = options.iter().position(|option| option.label == text || option.raw == text)
            {
                self.choose(id, option);
            }
            return;
        }
        if Some(id) == self.code {
            // A person's own code goes with whatever else stands there.
            self.code_for = None;
        }
        self.write_text(id, text);
        self.edited(id);
    }

    pub(super) fn write_text(&mut self, id: FieldId, typed: &str) {
        let Some(node) = self.get_mut(id) else { return };
        let shape = node.shape.clone();
        let lines = typed.contains(['\n', '\t']);
        let natural = !node.odd && !matches!(shape.what, What::Any | What::Other(_) | What::All(_));
        match &mut node.field.input {
            Input::Line(line) if lines && natural && !matches!(shape.what, What::Number(_)) => {
                *line = String::new();
                node.field.input = Input::Text(typed.to_owned());
            }
            Input::Line(line) | Input::Text(line) | Input::Json(line) => typed.clone_into(line),
            _ => return,
        }
        // Numbers, dates and the like have no empty text: an emptied field is as if it had not been touched.
        let wordless = match &shape.what {
            What::Number(_) | What::Decimal => true,
            What::Text(text) => {
                text.format.as_deref().is_some_and(|format| format != "password" && format != "path")
            }
            What::Any | What::Other(_) | What::All(_) => true,
            _ => false,
        };
        let written = if natural { text::read(&shape, typed) } else { text::json_text(typed) };
        node.raw = written.raw;
        node.fault = written.fault;
        node.marks = None;
        node.field.presence = Presence::Value;
        if typed.trim().is_empty() && wordless {
            match node.field.default.as_deref() {
                None if node.field.nullable && node.field.required => node.field.presence = Presence::Null,
                None => node.field.presence = Presence::Unset,
                Some("null") if node.field.nullable => node.field.presence = Presence::Null,
                Some(_) if !natural => node.fault = Some("enter JSON".to_owned()),
                Some(_) => {}
            }
        }
    }

    /// Leaves a field out: the service fills it in, or refuses it if it is required. Items and entries stay.
    pub fn unset(&mut self, id: FieldId) {
        let Some(node) = self.get_mut(id) else { return };
        if node.hidden || node.field.removable {
            return;
        }
        node.field.presence = Presence::Unset;
        node.marks = None;
        self.edited(id);
    }

    /// Sends `null`, where that is a value.
    pub fn set_null(&mut self, id: FieldId) {
        let Some(node) = self.get_mut(id).filter(|node| node.field.nullable) else { return };
        node.field.presence = Presence::Null;
        node.marks = None;
        self.edited(id);
    }

    /// Gives a field that is left out or null a value again: the one that it had, else its default, else the fields,
    /// the empty list or the empty text; of numbers and choices there is none until one is entered.
    pub fn set_value(&mut self, id: FieldId) {
        let depth = self.depth(id);
        let Some(node) = self.get_mut(id) else { return };
        if node.field.presence == Presence::Value {
            return;
        }
        node.marks = None;
        let shape = node.shape.clone();
        let before = node.odd
            || !node.kids.is_empty()
            || match &node.field.input {
                Input::Line(line) | Input::Text(line) | Input::Json(line) => !line.is_empty(),
                Input::Choice { chosen, .. } => chosen.is_some(),
                _ => false,
            };
        let default = node.field.default.clone().filter(|raw| raw.trim() != "null");
        if before {
            node.field.presence = Presence::Value;
        } else if let Some(raw) = default.filter(|_| !shape.secret) {
            self.put(id, Some(&raw), Origin::Edited, depth);
        } else {
            match &shape.what {
                What::Model(_) | What::Tuple(_) => self.open_section(id, depth),
                What::List(_) => self.put(id, Some("[]"), Origin::Edited, depth),
                What::Map(_) => self.put(id, Some("{}"), Origin::Edited, depth),
                What::Text(_) => self.put(id, Some("\"\""), Origin::Edited, depth),
                What::Const(raw) => self.put(id, Some(raw), Origin::Edited, depth),
                What::Null => self.put(id, Some("null"), Origin::Edited, depth),
                what => {
                    let fault = match what {
                        What::Union(_) => "choose what kind of value it is",
                        What::Enum(_) | What::Bool => "choose a value",
                        What::Number(number) if number.integer => "enter a whole number",
                        What::Number(_) | What::Decimal => "enter a number",
                        _ => "enter JSON",
                    };
                    if let Some(node) = self.get_mut(id) {
                        node.field.presence = Presence::Value;
                        node.raw = json::quote("");
                        node.fault = Some(fault.to_owned());
                    }
                }
            }
        }
        if let Some(node) = self.get_mut(id) {
            node.field.folded = false;
        }
        self.arrange(id);
        self.edited(id);
    }

    /// Back to how the form opened; where that stands already, to the schema's default. A field that runs through
    /// values has first its one value again.
    pub fn reset(&mut self, id: FieldId) {
        if self.get(id).is_some_and(|node| node.sweep.is_some()) {
            self.set_sweep(id, None);
            return;
        }
        let depth = self.depth(id);
        let Some(node) = self.get(id) else { return };
        let now = self.value_of(id);
        let (opened, origin) = node.opened.clone().unwrap_or((None, Origin::Service));
        let touched = node.fault.is_some()
            || match (&opened, &now) {
                (Some(opened), Some(now)) => !same(opened, now),
                (None, None) => false,
                _ => true,
            };
        let default = node.field.default.clone().filter(|_| !node.field.secret);
        let shape = node.shape.clone();
        let name = node.field.name.clone();
        let at = node.at;
        if let Some(node) = self.get_mut(id) {
            node.told.clear();
        }
        // What stood as JSON gets its own input again.
        if self.get(id).is_some_and(|node| node.odd) {
            self.empty(id, &name);
        }
        let (value, origin) = if touched { (opened, origin) } else { (default, Origin::Default) };
        // A default that would be refused is not sent.
        let value = value.filter(|raw| origin != Origin::Default || self.passes(at, &shape, raw));
        match value {
            Some(raw) => self.put(id, Some(&raw), origin, depth),
            None => {
                self.put(id, None, origin, depth);
                if !matches!(shape.what, What::Model(_) | What::Tuple(_)) {
                    self.empty(id, &name);
                }
                self.open_again(id, depth);
            }
        }
        self.open_new();
        self.settled(id);
    }

    /// Takes out what stood in a field.
    fn empty(&mut self, id: FieldId, name: &str) {
        let Some(shape) = self.get(id).map(|node| node.shape.clone()) else { return };
        let blank = self.blank_input(&shape, name);
        for kid in self.get(id).map(|node| node.kids.clone()).unwrap_or_default() {
            self.drop_node(kid);
        }
        if let Some(node) = self.get_mut(id) {
            node.odd = false;
            node.field.input = blank;
            node.raw = "null".to_owned();
            node.kids.clear();
            node.variants.clear();
        }
        self.arrange(id);
    }

    /// A required section is never left out by a reset.
    fn open_again(&mut self, id: FieldId, depth: usize) {
        let Some(node) = self.get(id).filter(|node| node.field.required) else { return };
        let section = matches!(node.shape.what, What::Model(_) | What::Tuple(_));
        if section && !node.shape.nullable {
            self.open_section(id, depth);
        }
    }

    /// Chooses one of the options of a choice, or of the kinds of a union.
    pub fn choose(&mut self, id: FieldId, option: usize) {
        let depth = self.depth(id);
        let Some(node) = self.get_mut(id) else { return };
        match &mut node.field.input {
            Input::Choice { options, chosen } => {
                let Some(taken) = options.get(option) else { return };
                node.raw.clone_from(&taken.raw);
                *chosen = Some(option);
                node.fault = None;
                node.marks = None;
                node.field.presence = Presence::Value;
            }
            Input::Union { variants, .. } if option < variants.len() => {
                let shape = node.shape.clone();
                let What::Union(union) = &shape.what else { return };
                node.field.folded = false;
                self.choose_variant(id, union, option, depth);
                self.open_new();
            }
            _ => return,
        }
        self.edited(id);
    }

    /// Adds an item or an entry at the end; the new field. `None` where nothing can be added. Where there is an entry
    /// without a key already, that one is given.
    pub fn add(&mut self, id: FieldId) -> Option<FieldId> {
        let list = self.container(id)?;
        let depth = self.depth(list);
        let node = self.get(list).filter(|node| node.holds())?;
        let shape = node.shape.clone();
        if let Some(unnamed) =
            node.kids.iter().copied().find(|kid| self.get(*kid).is_some_and(|kid| !kid.named))
        {
            return Some(unnamed);
        }
        if !self.takes_more(id) {
            return None;
        }
        let length = node.kids.len();
        let kid = match &shape.what {
            What::List(told) => self.create_item(list, length, told.item, depth),
            What::Tuple(told) => self.create_item(list, length, told.rest, depth),
            What::Map(told) => self.create_entry(list, "", told.value, depth),
            What::Model(told) => match told.extra {
                Extra::Of(at) => self.create_entry(list, "", Some(at), depth),
                _ => self.create_entry(list, "", None, depth),
            },
            _ => return None,
        };
        if let Some(node) = self.get_mut(kid) {
            node.named = !node.field.is_entry;
            // What was asked for is open, however deep it is.
            let section = matches!(node.shape.what, What::Model(_) | What::Tuple(_));
            if section && node.field.presence == Presence::Unset {
                self.open_section(kid, depth + 1);
            }
        }
        if let Some(node) = self.get_mut(list) {
            node.kids.push(kid);
            node.field.presence = Presence::Value;
            node.field.folded = false;
        }
        if let Some(node) = self.get_mut(id) {
            node.field.presence = Presence::Value;
            node.field.folded = false;
        }
        self.arrange(list);
        self.open_new();
        self.edited(kid);
        Some(kid)
    }

    /// Takes an item, an entry or an unknown member away.
    pub fn remove(&mut self, id: FieldId) {
        let Some(node) = self.get(id).filter(|node| node.field.removable) else { return };
        let Some(parent) = node.parent else { return };
        if let Some(node) = self.get_mut(parent) {
            node.kids.retain(|kid| *kid != id);
        }
        self.drop_node(id);
        self.renumber(parent);
        self.arrange(parent);
        self.edited(parent);
    }

    /// Moves an item or an entry one place up or down.
    pub fn shift(&mut self, id: FieldId, up: bool) {
        let Some(node) = self.get(id).filter(|node| node.field.removable) else { return };
        let Some(parent) = node.parent else { return };
        let Some(list) = self.get(parent) else { return };
        let Some(from) = list.kids.iter().position(|kid| *kid == id) else { return };
        let Some(to) = (if up { from.checked_sub(1) } else { Some(from + 1) }) else { return };
        let Some(other) = list.kids.get(to).copied() else { return };
        if !self.get(other).is_some_and(|node| node.field.removable) {
            return;
        }
        if let Some(node) = self.get_mut(parent) {
            node.kids.swap(from, to);
        }
        self.renumber(parent);
        self.arrange(parent);
        self.edited(parent);
    }

    /// Items have their place as their name.
    fn renumber(&mut self, id: FieldId) {
        let Some(node) = self.get(id) else { return };
        if !matches!(node.shape.what, What::List(_) | What::Tuple(_)) {
            return;
        }
        for (i, kid) in node.kids.clone().into_iter().enumerate() {
            if let Some(node) = self.get_mut(kid) {
                node.field.name = i.to_string();
            }
        }
    }

    /// Gives an entry another key; its value and its place stay.
    ///
    /// # Errors
    ///
    /// In a sentence, where another entry has that key or where it is no entry.
    pub fn rename(&mut self, id: FieldId, key: &str) -> Result<(), String> {
        let entry = self.get(id).filter(|node| node.field.is_entry);
        let Some(parent) = entry.and_then(|node| node.parent) else {
            return Err("only entries have keys that can be changed".to_owned());
        };
        let kids = self.get(parent).map(|node| node.kids.clone()).unwrap_or_default();
        let taken = |kid: &FieldId| {
            *kid != id && self.get(*kid).is_some_and(|node| node.named && node.field.name == key)
        };
        if kids.iter().any(taken) {
            return Err(format!("there is another entry {}", json::quote(key)));
        }
        if let Some(node) = self.get_mut(id) {
            key.clone_into(&mut node.field.name);
            node.named = true;
            node.marks = None;
        }
        self.edited(id);
        Ok(())
    }

    /// Puts JSON into one field, from an editor or the like. What does not fit its own input stands there as JSON.
    ///
    /// # Errors
    ///
    /// In a sentence, where it is no JSON; then nothing has changed.
    pub fn set_raw(&mut self, id: FieldId, raw: &str) -> Result<(), String> {
        json::check(raw).map_err(|error| format!("this is no JSON: {error}"))?;
        let depth = self.depth(id);
        if Some(id) == self.code {
            self.code_for = None;
        }
        self.put(id, Some(raw.trim()), Origin::Edited, depth);
        self.open_new();
        self.edited(id);
        Ok(())
    }

    /// Levels inside others, as [`Form::put`] counts them.
    pub(super) fn depth(&self, id: FieldId) -> usize {
        let mut depth = 0;
        let mut next = self.get(id).and_then(|node| node.parent);
        while let Some(id) = next {
            depth += 1;
            next = self.get(id).and_then(|node| node.parent);
        }
        depth
    }

    /// After an edit: where the field and all around it are from, and what is wrong now.
    pub(super) fn edited(&mut self, id: FieldId) {
        if let Some(node) = self.get_mut(id) {
            node.told.clear();
        }
        self.settled(id);
    }

    fn settled(&mut self, id: FieldId) {
        let mut next = Some(id);
        while let Some(id) = next {
            let value = self.value_of(id);
            let Some(node) = self.get_mut(id) else { break };
            node.field.origin = origin_of(node, value.as_deref());
            next = node.parent;
        }
        self.collect();
    }
}

/// Where a field is from, by what stands in it.
fn origin_of(node: &Node, value: Option<&str>) -> Origin {
    if let Some((opened, origin)) = &node.opened {
        let back = match (opened, value) {
            (Some(opened), Some(value)) => same(opened, value) && node.fault.is_none(),
            (None, None) => true,
            _ => false,
        };
        if back {
            return *origin;
        }
    }
    match (value, &node.field.default) {
        (None, _) if node.field.required => Origin::Missing,
        (Some(value), Some(default)) if same(value, default) && node.fault.is_none() => Origin::Default,
        _ => Origin::Edited,
    }
}
