//! What is wrong as things stand.
//!
//! What concerns one value alone (its type, bounds, pattern) is looked at once after it has changed; what depends on
//! its neighbours (missing, unknown and doubled fields, counts) is cheap and looked at after each edit.

use std::collections::HashSet;

use super::{CodeState, FieldId, FieldProblem, Form, Node, Origin, Presence, Says, value::same};
use crate::catalogue::{
    Level, check,
    shape::{Shape, What},
};

/// Sets of more items are not searched for doubles.
const MOST_COMPARED: usize = 500;

/// What the neighbours of a field tell about it.
#[derive(Clone, Copy, Default)]
struct Around {
    /// Among them are members that their model has no field for.
    strangers: bool,
    /// All of the model's own fields are given.
    complete: bool,
    /// A later value of the tuple is given.
    gap: bool,
}

impl Form {
    /// What is wrong with a value if it stood in that field: for values that are not in the form yet, such as those
    /// that a field runs through.
    pub fn check_value(&mut self, id: FieldId, raw: &str) -> Vec<(Level, String)> {
        let Some(node) = self.get(id) else { return Vec::new() };
        let (at, shape) = (node.at, node.shape.clone());
        self.judge(at, &shape, raw)
    }

    fn judge(
        &mut self,
        at: Option<crate::catalogue::shape::At>,
        shape: &Shape,
        raw: &str,
    ) -> Vec<(Level, String)> {
        match at {
            Some(at) => check::value(&mut self.schema, at, raw)
                .into_iter()
                .map(|told| match told.path.is_empty() {
                    true => (told.level, told.what),
                    false => (told.level, format!("{}: {}", told.path, told.what)),
                })
                .collect(),
            None => check::scalar(shape, raw),
        }
    }

    /// Gathers all problems anew.
    pub(super) fn collect(&mut self) {
        let mut out: Vec<FieldProblem> = self
            .told
            .iter()
            .map(|what| FieldProblem {
                field: None,
                level: Level::Error,
                what: what.clone(),
                by: self.told_by,
            })
            .collect();
        self.collect_from(self.root, Around::default(), &mut out);
        if self.code_state() == CodeState::Stale {
            out.push(FieldProblem {
                field: self.code,
                level: Level::Error,
                what: "Python made this for other values than now stand here".to_owned(),
                by: Says::Form,
            });
        }
        self.problems = out;
    }

    /// Depth is limited where values come in.
    fn collect_from(&mut self, id: FieldId, around: Around, out: &mut Vec<FieldProblem>) {
        self.look(id);
        let mut near = self.neighbourly(id, around);
        near.extend(self.key_told(id, around));
        let Some(node) = self.get(id) else { return };
        let shown = match self.is_veiled(id) {
            true => node.parent,
            false => Some(id),
        };
        let field = shown.filter(|shown| *shown != self.root);
        let mut say = |level: Level, what: String, by: Says| {
            out.push(FieldProblem { field, level, what, by });
        };
        for what in &node.told {
            say(Level::Error, what.clone(), self.told_by);
        }
        for (level, what) in near {
            say(level, what, Says::Form);
        }
        if node.field.presence != Presence::Value && node.sweep.is_none() {
            return;
        }
        for (level, what) in node.marks.iter().flatten() {
            say(*level, what.clone(), Says::Form);
        }
        if node.holds() {
            let (inside, last) = self.around(node);
            let from = out.len();
            for (i, kid) in node.kids.clone().into_iter().enumerate() {
                self.collect_from(kid, Around { gap: i < last, ..inside }, out);
            }
            let mut refused = out.iter_mut().skip(from).filter(|told| told.level == Level::Error);
            if refused.any(|told| told.by == Says::Form) && self.fits_another(id) {
                let mine = out.iter_mut().skip(from).filter(|told| told.by == Says::Form);
                mine.for_each(|told| told.level = Level::Hint);
            }
        }
    }

    /// What the fields inside one tell about each other, and in a tuple the last one that is given.
    fn around(&self, node: &Node) -> (Around, usize) {
        let kids = || node.kids.iter().filter_map(|kid| self.get(*kid));
        let given = |kid: &Node| kid.field.presence != Presence::Unset;
        match &node.shape.what {
            What::Model(_) => {
                let strangers = kids().any(|kid| kid.field.is_entry);
                let complete = !strangers || kids().all(|kid| kid.field.is_entry || given(kid));
                (Around { strangers, complete, gap: false }, 0)
            }
            What::Tuple(_) => {
                let last = node.kids.iter().rposition(|kid| self.get(*kid).is_some_and(given));
                (Around::default(), last.unwrap_or(0))
            }
            _ => (Around::default(), 0),
        }
    }

    /// Looks at a value that has changed since it was looked at.
    fn look(&mut self, id: FieldId) {
        let Some(node) = self.get(id).filter(|node| node.marks.is_none()) else { return };
        let (shape, at) = (node.shape.clone(), node.at);
        let marks = match node.field.presence {
            _ if node.sweep.is_some() => self.judge_sweep(id),
            _ if node.fault.is_some() => vec![(Level::Error, node.fault.clone().unwrap_or_default())],
            Presence::Value if !node.holds() => {
                let raw = node.raw.clone();
                let default = node.field.default.clone();
                let mut found = self.judge(at, &shape, &raw);
                // What the schema itself proposes needs no remark.
                if default.is_some_and(|default| same(&default, &raw)) {
                    found.retain(|(level, _)| *level == Level::Error);
                }
                found
            }
            _ => Vec::new(),
        };
        if let Some(node) = self.get_mut(id) {
            node.marks = Some(marks);
        }
    }

    /// Whether what stands in a union, though wrong for the chosen alternative, is right for another one: the service
    /// will take it as that.
    fn fits_another(&mut self, id: FieldId) -> bool {
        let Some(union) = self.get(id).filter(|node| node.is_union()) else { return false };
        let (at, shape) = (union.at, union.shape.clone());
        let untagged = matches!(&shape.what, What::Union(told) if told.tag.is_none());
        if !untagged || self.is_unfinished(id) {
            return false;
        }
        self.value_of(id).is_some_and(|raw| self.passes(at, &shape, &raw))
    }

    /// Whether something inside is still to be entered, or is not what its field takes. Depth is limited where values
    /// come in.
    fn is_unfinished(&self, id: FieldId) -> bool {
        let Some(node) = self.get(id) else { return false };
        let missing = node.field.required && node.field.presence == Presence::Unset;
        let inside = node.field.presence == Presence::Value && node.holds();
        missing
            || node.fault.is_some()
            || !node.named
            || (inside && node.kids.iter().any(|kid| self.is_unfinished(*kid)))
    }

    /// What is wrong with a field because of what stands around or inside it.
    fn neighbourly(&self, id: FieldId, around: Around) -> Vec<(Level, String)> {
        let mut out = Vec::new();
        let Some(node) = self.get(id) else { return out };
        let parent = node.parent.and_then(|parent| self.get(parent));
        let swept = node.field.sweep.is_some();
        match node.field.presence {
            Presence::Unset if node.field.required && !swept && !node.hidden => {
                let item = parent.is_some_and(|parent| {
                    matches!(parent.shape.what, What::List(_) | What::Map(_)) && !parent.odd
                });
                let (level, what) = if Some(id) == self.code {
                    let what = "missing: Python computes it from the other fields, the service requires it";
                    (Level::Error, what)
                } else if item || parent.is_some_and(Node::is_union) {
                    (Level::Error, "nothing is entered yet")
                } else {
                    // A field can have a second name that schemas do not show.
                    (if around.strangers { Level::Hint } else { Level::Error }, check::MISSING)
                };
                out.push((level, what.to_owned()));
            }
            Presence::Unset if around.gap => {
                out.push((Level::Error, "needed, since a later one is given".to_owned()));
            }
            Presence::Null if node.field.origin == Origin::Missing => {
                out.push((Level::Hint, "required: goes out as null unless something is entered".to_owned()));
            }
            _ => {}
        }
        if node.field.presence == Presence::Value && node.holds() {
            let length = match &node.shape.what {
                What::Tuple(_) => {
                    let last = node.kids.iter().rposition(|kid| {
                        self.get(*kid).is_some_and(|kid| kid.field.presence != Presence::Unset)
                    });
                    // Required ones that are missing say so themselves.
                    let required =
                        node.kids.iter().filter(|kid| self.get(**kid).is_some_and(|kid| kid.field.required));
                    last.map_or(0, |last| last + 1).max(required.count())
                }
                _ => node.kids.len(),
            };
            out.extend(check::count(&node.shape, length).map(|what| (Level::Error, what)));
            if let What::List(list) = &node.shape.what
                && list.unique
                && length <= MOST_COMPARED
            {
                let mut seen = HashSet::new();
                let doubled =
                    node.kids.iter().filter_map(|kid| self.value_of(*kid)).any(|raw| !seen.insert(raw));
                if doubled {
                    out.push((Level::Hint, "a set: doubles count once".to_owned()));
                }
            }
            if matches!(node.shape.what, What::Union(_)) && node.kids.is_empty() && node.fault.is_none() {
                out.push((Level::Error, "choose what kind of value it is".to_owned()));
            }
        }
        out
    }

    /// What is wrong with the key of an entry, or with a member that the model has no field for.
    fn key_told(&mut self, id: FieldId, around: Around) -> Vec<(Level, String)> {
        let Some(node) = self.get(id).filter(|node| node.field.is_entry) else { return Vec::new() };
        if !node.named {
            return vec![(Level::Error, "this entry has no key yet".to_owned())];
        }
        let Some(parent) = node.parent.and_then(|parent| self.get(parent)) else { return Vec::new() };
        let (name, shape) = (node.field.name.clone(), parent.shape.clone());
        match &shape.what {
            What::Map(_) => check::key(&mut self.schema, &shape, &name),
            What::Model(model) => check::unknown(model, around.complete)
                .map(|(level, what)| (level, what.to_owned()))
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }
}
