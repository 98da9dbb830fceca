//! Fields that run through several values: each value is looked at as if it stood in the field, and together they make
//! many payloads. How several fields go together is for who asks ([`super::super::sweep::Plan`]).

use super::{FieldId, Form, Node, Presence};
use crate::catalogue::{
    Level,
    shape::What,
    sweep::{Pattern, Sweep, Values, mark},
};
use crate::wire::json;

/// Characters of a value that a problem repeats.
const SHOWN: usize = 40;

impl Form {
    /// Lets a field run through values, as typed (`1:10:5`); `None`: no longer.
    pub fn set_sweep(&mut self, id: FieldId, text: Option<&str>) {
        let Some(node) = self.get_mut(id).filter(|node| node.field.sweepable) else { return };
        node.field.sweep = text.map(str::to_owned);
        node.sweep = text.map(|text| read(node, text));
        node.marks = None;
        node.told.clear();
        self.collect();
    }

    /// The fields that run through values, in the form's order; those in sections that do not go out are not among
    /// them.
    pub fn swept(&self) -> Vec<FieldId> {
        let mut out = Vec::new();
        self.swept_in(self.root, &mut out);
        out
    }

    /// Depth is limited where values come in.
    fn swept_in(&self, id: FieldId, out: &mut Vec<FieldId>) {
        let Some(node) = self.get(id) else { return };
        if node.sweep.is_some() {
            out.push(id);
        } else if node.field.presence == Presence::Value && node.holds() {
            for kid in &node.kids {
                self.swept_in(*kid, out);
            }
        }
    }

    /// The values that a field runs through, or what is wrong with how they are written; `None`: it has one value.
    pub fn sweep(&self, id: FieldId) -> Option<Result<&Sweep, &str>> {
        self.get(id)?.sweep.as_ref().map(|read| read.as_ref().map_err(String::as_str))
    }

    /// The payload with the values of these fields left open.
    ///
    /// # Errors
    /// The field that has no place in the payload.
    pub fn pattern(&self, fields: &[FieldId]) -> Result<Pattern, FieldId> {
        let marks: Vec<String> = (0..fields.len()).map(mark).collect();
        let open: Vec<_> = fields.iter().copied().zip(marks.iter().map(String::as_str)).collect();
        let missing = |number: usize| fields.get(number).copied().unwrap_or(self.root);
        Pattern::read(&self.payload_with(&open), fields.len()).map_err(missing)
    }

    /// The names that lead to a field, joined by dots, as in the payload.
    pub fn dotted(&self, id: FieldId) -> String {
        // The value inside a union stands in the union's own place.
        let named = |id: &FieldId| {
            let node = self.get(*id)?;
            let inner = node.parent.and_then(|parent| self.get(parent)).is_some_and(Node::is_union);
            (!inner).then_some(node.field.name.as_str())
        };
        self.path(id).iter().filter_map(named).collect::<Vec<_>>().join(".")
    }

    /// The field that such names lead to, as far as the form has been opened. Of a union, the value inside it.
    pub fn find_dotted(&self, dotted: &str) -> Option<FieldId> {
        let mut found = None;
        let mut todo = vec![self.root];
        while let Some(id) = todo.pop() {
            let node = self.get(id)?;
            let here = self.dotted(id);
            if id != self.root && here == dotted {
                found = Some(id);
            }
            let leads = id == self.root
                || here.is_empty()
                || here == dotted
                || dotted.strip_prefix(here.as_str()).is_some_and(|rest| rest.starts_with('.'));
            if leads {
                todo.extend(&node.kids);
            }
        }
        found
    }

    /// What is wrong with the values that a field runs through: how they are written, else the first one that does not
    /// fit the field, else the first one of which only the service can tell.
    pub(super) fn judge_sweep(&mut self, id: FieldId) -> Vec<(Level, String)> {
        let sweep = match self.get(id).and_then(|node| node.sweep.clone()) {
            Some(Ok(sweep)) => sweep,
            Some(Err(why)) => return vec![(Level::Error, why)],
            None => return Vec::new(),
        };
        let mut doubt = None;
        for raw in sweep.iter() {
            for (level, what) in self.check_value(id, &raw) {
                let what = format!("{}: {what}", short(&raw));
                if level == Level::Error {
                    return vec![(level, what)];
                }
                doubt.get_or_insert((level, what));
            }
        }
        doubt.into_iter().collect()
    }
}

/// Reads the values for the kind of field that it is.
fn read(node: &Node, text: &str) -> Result<Sweep, String> {
    match &node.shape.what {
        What::Number(number) if number.integer => Sweep::read(text, Values::Integer),
        What::Number(_) => Sweep::read(text, Values::Number),
        What::Decimal => Sweep::read(text, Values::Decimal),
        What::Text(_) => Sweep::read(text, Values::Text),
        What::Bool => Sweep::read(text, Values::Choice(&[("true", "true"), ("false", "false")])),
        What::Enum(options) => {
            let options: Vec<_> = options.iter().map(|o| (o.label.as_str(), o.raw.as_str())).collect();
            Sweep::read(text, Values::Choice(&options))
        }
        _ => Sweep::read(text, Values::Any),
    }
}

fn short(raw: &str) -> String {
    let value = json::compact(raw);
    let cut: String = value.chars().take(SHOWN).collect();
    if cut.len() < value.len() { format!("{cut}…") } else { cut }
}
