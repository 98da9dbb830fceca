//! Which fields are seen, and in which order.

use super::{FieldId, Form, FormRow, Node, Part, Presence};
use crate::catalogue::shape::{Extra, What};

/// A section of more fields than this opens folded, if it is not the outermost.
const MOST_OPEN: usize = 12;

impl Form {
    /// The visible rows in order, folds applied.
    pub fn rows(&self) -> Vec<FormRow> {
        let mut rows = Vec::new();
        match self.get(self.root) {
            Some(root) if root.holds() => self.inside(self.root, 0, &mut rows),
            _ => rows.push(FormRow { id: self.root, depth: 0, part: Part::Field }),
        }
        rows
    }

    /// Depth is limited where values come in.
    fn inside(&self, id: FieldId, depth: u16, rows: &mut Vec<FormRow>) {
        let Some(node) = self.get(id) else { return };
        if node.field.presence == Presence::Value {
            for kid in &node.field.children {
                rows.push(FormRow { id: *kid, depth, part: Part::Field });
                let Some(kid_node) = self.get(*kid) else { continue };
                if !kid_node.field.folded && kid_node.field.presence != Presence::Null {
                    self.inside(*kid, depth + 1, rows);
                }
            }
        }
        if self.takes_more(id) {
            rows.push(FormRow { id, depth, part: Part::Add });
        }
    }

    /// Whether something can be added to a field as it stands.
    pub fn takes_more(&self, id: FieldId) -> bool {
        let Some(node) = self.container(id).and_then(|id| self.get(id)).filter(|node| node.holds()) else {
            return false;
        };
        let length = node.kids.len();
        let below = |most: Option<usize>| most.is_none_or(|most| length < most);
        match &node.shape.what {
            What::List(list) => list.unique || below(list.most),
            What::Map(map) => below(map.most),
            What::Tuple(tuple) => {
                node.field.presence == Presence::Value && tuple.rest.is_some() && below(tuple.most)
            }
            What::Model(model) => {
                node.field.presence == Presence::Value && matches!(model.extra, Extra::Taken | Extra::Of(_))
            }
            _ => false,
        }
    }

    /// Shows or hides what is inside a field.
    pub fn fold(&mut self, id: FieldId, folded: bool) {
        if let Some(node) = self.get_mut(id) {
            node.field.folded = folded && node.holds();
        }
    }

    /// Unfolds what hides a field.
    pub fn reveal(&mut self, id: FieldId) {
        let mut next = self.get(id).and_then(|node| node.parent);
        while let Some(id) = next {
            let Some(node) = self.get_mut(id) else { return };
            node.field.folded = false;
            next = node.parent;
        }
    }

    /// The field at a path of names, one after the other as [`Form::path`] has them.
    pub fn find(&self, names: &[&str]) -> Option<FieldId> {
        let mut at = self.root;
        for name in names {
            let children = &self.get(at)?.field.children;
            at = *children.iter().find(|kid| self.get(**kid).is_some_and(|kid| kid.field.name == **name))?;
        }
        (at != self.root).then_some(at)
    }

    /// Brings a field's visible children in line with what is inside it.
    pub(super) fn arrange(&mut self, id: FieldId) {
        let Some(node) = self.get(id) else { return };
        let children: Vec<FieldId> = match node.is_union() {
            true => match node.kids.first().copied() {
                Some(inner) if self.is_veiled(inner) => {
                    self.get(inner).map(|inner| inner.field.children.clone()).unwrap_or_default()
                }
                inner => inner.into_iter().collect(),
            },
            false => node
                .kids
                .iter()
                .copied()
                .filter(|kid| self.get(*kid).is_some_and(|kid| !kid.hidden))
                .collect(),
        };
        let parent = node.parent;
        if let Some(node) = self.get_mut(id) {
            node.field.children = children;
        }
        if let Some(parent) = parent.filter(|parent| self.get(*parent).is_some_and(Node::is_union)) {
            self.arrange(parent);
        }
    }

    /// What a form that has just been made still needs: folds, what to go back to, problems.
    pub(super) fn finish_opening(&mut self) {
        self.open_new();
        self.collect();
        let wanting: Vec<FieldId> = self
            .problems
            .iter()
            .filter(|problem| problem.level == super::Level::Error)
            .filter_map(|p| p.field)
            .collect();
        let ids: Vec<FieldId> =
            (0..self.nodes.len()).map(|i| FieldId(u32::try_from(i).unwrap_or(u32::MAX))).collect();
        for id in ids {
            let depth = self.path(id).len();
            if let Some(node) = self.get_mut(id).filter(|node| node.holds()) {
                let many = node.field.children.len() > MOST_OPEN;
                let plain = node.field.presence == Presence::Value && node.field.required;
                node.field.folded = depth > 0 && (many || depth > 1 || !plain);
            }
        }
        for id in wanting {
            self.reveal(id);
        }
    }

    /// Remembers what fields that are new opened with.
    pub(super) fn open_new(&mut self) {
        for i in 0..self.nodes.len() {
            let id = FieldId(u32::try_from(i).unwrap_or(u32::MAX));
            let Some(node) = self.get(id).filter(|node| node.opened.is_none()) else { continue };
            let opened = (self.value_of(id), node.field.origin);
            if let Some(node) = self.get_mut(id) {
                node.opened = Some(opened);
            }
        }
    }
}
