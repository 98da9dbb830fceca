//! What would go out.

use super::{FieldId, Form, Node, Presence};
use crate::{
    catalogue::{check, shape::What},
    wire::json::{self, Kind},
};

impl Form {
    /// The payload as it would go out now. A field that runs through values goes out with what stands in it.
    pub fn payload(&self) -> String {
        self.value_of(self.root).unwrap_or_else(|| "{}".to_owned())
    }

    /// The payload with other values (raw JSON) in some fields: one run of a sweep.
    pub fn payload_with(&self, values: &[(FieldId, &str)]) -> String {
        self.compose(self.root, values, None).unwrap_or_else(|| "{}".to_owned())
    }

    /// One field as JSON; `None` where it is left out.
    pub fn raw(&self, id: FieldId) -> Option<String> {
        self.value_of(id)
    }

    pub(super) fn value_of(&self, id: FieldId) -> Option<String> {
        self.compose(id, &[], None)
    }

    /// The payload without the code that Python makes of it.
    pub(super) fn without_code(&self) -> String {
        self.compose(self.root, &[], self.code).unwrap_or_default()
    }

    /// A code that was given although it is made here.
    pub(super) fn given_code(&self) -> Option<String> {
        let root = self.get(self.root)?;
        let code =
            root.kids.iter().find(|id| self.get(**id).is_some_and(|node| node.field.name == "code"))?;
        self.value_of(*code)
    }

    /// Depth is limited where values come in.
    fn compose(&self, id: FieldId, instead: &[(FieldId, &str)], but: Option<FieldId>) -> Option<String> {
        if let Some((_, raw)) = instead.iter().find(|(field, _)| *field == id) {
            return Some((*raw).to_owned());
        }
        let node = self.get(id).filter(|_| but != Some(id))?;
        match node.field.presence {
            Presence::Unset => return None,
            Presence::Null => return Some("null".to_owned()),
            Presence::Value => {}
        }
        if node.odd {
            return Some(node.raw.clone());
        }
        let part = |id: &FieldId| self.compose(*id, instead, but);
        let null = || "null".to_owned();
        let item = |id: &FieldId| part(id).unwrap_or_else(null);
        match &node.shape.what {
            What::Model(_) => {
                let members = node.kids.iter().filter_map(|id| Some((self.get(*id)?, part(id)?)));
                Some(json::object(members.map(|(kid, raw)| (&kid.field.name, raw))))
            }
            What::Map(_) => {
                let members = node.kids.iter().filter_map(|id| Some((self.get(*id)?, item(id))));
                Some(json::object(members.map(|(kid, raw)| (&kid.field.name, raw))))
            }
            What::List(_) => Some(list(node.kids.iter().map(item))),
            What::Tuple(_) => {
                // Each once: composing one twice would double at each level inside it.
                let parts: Vec<_> = node.kids.iter().map(part).collect();
                let given = parts.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
                Some(list(parts.into_iter().take(given).map(|raw| raw.unwrap_or_else(null))))
            }
            What::Union(_) => node.kids.first().and_then(part),
            _ => Some(node.raw.clone()),
        }
    }
}

impl Node {
    pub(super) fn is_union(&self) -> bool {
        !self.odd && matches!(self.shape.what, What::Union(_))
    }

    /// Whether its value is made of fields inside it.
    pub(super) fn holds(&self) -> bool {
        !self.odd
            && matches!(
                self.shape.what,
                What::Model(_) | What::Map(_) | What::List(_) | What::Tuple(_) | What::Union(_)
            )
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// Levels that are compared part by part.
const DEEPEST: usize = 32;

/// Whether two values are the same for Python: numbers by value, objects whatever their order.
pub(super) fn same(one: &str, other: &str) -> bool {
    one == other || same_at(one, other, 0)
}

fn same_at(one: &str, other: &str, depth: usize) -> bool {
    let (one, other) = (one.trim(), other.trim());
    if depth > DEEPEST {
        return one == other;
    }
    match (json::kind(one), json::kind(other)) {
        (Some(Kind::Array), Some(Kind::Array)) => match (json::items(one), json::items(other)) {
            (Ok(one), Ok(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| same_at(one, other, depth + 1))
            }
            _ => false,
        },
        (Some(Kind::Object), Some(Kind::Object)) => match (json::members(one), json::members(other)) {
            (Ok(one), Ok(other)) => {
                let other: std::collections::HashMap<_, _> = other.into_iter().collect();
                one.len() == other.len()
                    && one.iter().all(|(name, raw)| {
                        other.get(name).is_some_and(|other| same_at(raw, other, depth + 1))
                    })
            }
            _ => false,
        },
        _ => check::is_choice(one, other),
    }
}
