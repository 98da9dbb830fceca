//! The form of one task: its fields as the schema has them, what stands in them, and what would go out.
//!
//! A [`Form`] is a tree of fields behind stable ids. It is made from the schema as far as a person has opened it, so
//! a schema that contains itself costs nothing. Whatever is typed is kept letter for letter; what a field cannot show
//! in its own way stands there as JSON, so that nothing is lost. The form never refuses to give a payload: what is
//! wrong stands in [`Form::problems`], and who sends decides.
//!
//! What is shown is what is sent: a field with a static default goes out with it, as Python's client does it; a field
//! that the service fills in itself is left out and says so.

mod create;
mod edit;
mod fill;
mod place;
mod rows;
mod sweeps;
#[cfg(test)]
mod tests;
mod text;
mod trouble;
mod value;

use std::sync::Arc;

use super::{
    Code, Level, TaskType,
    shape::{At, Schema, Shape},
    sweep::Sweep,
    template::{self, MakeCode},
};

pub use super::shape::Choice;

/// A field of one form; stays valid while the field exists, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u32);

/// What a row of the form shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The field itself.
    Field,
    /// The line "add an item" or "add an entry" of that list, map or model.
    Add,
}

/// One row, in the form's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormRow {
    /// The field; for [`Part::Add`] the one that is added to.
    pub id: FieldId,
    /// Levels inside others.
    pub depth: u16,
    /// What it shows.
    pub part: Part,
}

/// Whether a field goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Left out of the payload.
    Unset,
    /// As `null`.
    Null,
    /// With what stands in it.
    Value,
}

/// Where what stands in a field is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The schema's default, and sent.
    Default,
    /// Left out: the service fills it in.
    Service,
    /// Required, and nothing stands there yet.
    Missing,
    /// From the last run.
    Last,
    /// Changed in the form.
    Edited,
    /// From a draft, another task, JSON or an editor.
    Filled,
}

/// Something that is wrong, or doubtful, as things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Where; `None`: the task as a whole.
    pub field: Option<FieldId>,
    /// How sure. What the service or the class said is an error and yet keeps nobody from trying again.
    pub level: Level,
    /// One phrase.
    pub what: String,
    /// Who says so.
    pub by: Says,
}

/// Who says that something is wrong. What others said goes away when the field is edited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Says {
    /// The form, of what stands there now.
    #[default]
    Form,
    /// The service, of what was sent last.
    Service,
    /// The task's class, of what it was to make last.
    Class,
}

/// How a value is entered.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// One line, exactly as typed: text, numbers, dates, paths and so on.
    Line(String),
    /// Several lines: code, long text.
    Text(String),
    /// One of some values: an enumeration, a `Literal`, a boolean.
    Choice {
        /// In the schema's order. A value that is none of them, yet came in, stands at the end.
        options: Arc<[Choice]>,
        /// Which.
        chosen: Option<usize>,
    },
    /// The one value that is possible, as JSON.
    Constant(String),
    /// Fields of its own.
    Model,
    /// A fixed number of values.
    Tuple,
    /// Any number of values.
    List,
    /// Named values.
    Map,
    /// One of several kinds; only the person changes which. Its children are those of the chosen kind: the fields of
    /// a model, the items of a list (which are added to this field), else one field that holds the value.
    Union {
        /// What the kinds are called.
        variants: Vec<String>,
        /// Which.
        chosen: Option<usize>,
    },
    /// JSON, as typed: what cannot be a form, or a value that does not fit its field's own input.
    Json(String),
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// As in the payload; items of lists are `0`, `1`…; entries of maps have their key; the value of a union that is
    /// no section is `value`.
    pub name: String,
    /// Only where it says more than the name.
    pub title: Option<String>,
    /// The description; text from outside.
    pub doc: Option<String>,
    /// The unit, if it is said.
    pub unit: Option<String>,
    /// `int`, `float`, `text?`, `choice`, `list of int`, `Gauss | Square`, `date and time`, `decimal`, `secret`, `JSON`…
    pub kind: String,
    /// `1 … 1,000,000`, `must match ^q\d+$`, `2 to 5 items`, or nothing.
    pub limits: String,
    /// How it is entered, and what is.
    pub input: Input,
    /// Whether it goes out.
    pub presence: Presence,
    /// Where it is from.
    pub origin: Origin,
    /// Raw JSON.
    pub default: Option<String>,
    /// Of the last run; raw JSON.
    pub last: Option<String>,
    /// The service refuses a payload without it.
    pub required: bool,
    /// `null` is a value for it.
    pub nullable: bool,
    /// Masked wherever it is shown; the bus carries it in the clear.
    pub secret: bool,
    /// It can be taken away: an item, an entry, a member that the schema does not know.
    pub removable: bool,
    /// It has a key that can be changed.
    pub is_entry: bool,
    /// Its children are not shown.
    pub folded: bool,
    /// The values that it runs through, as typed.
    pub sweep: Option<String>,
    /// It can run through values.
    pub sweepable: bool,
    /// The fields inside it.
    pub children: Vec<FieldId>,
}

impl Field {
    /// Whether it can have fields inside it.
    pub fn is_section(&self) -> bool {
        matches!(self.input, Input::Model | Input::Tuple | Input::List | Input::Map | Input::Union { .. })
    }
}

/// Where the `code` of a cell comes from, which the service requires and schemas mostly do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeState {
    /// This task needs none, or it is a field like any other.
    NotNeeded,
    /// It is made here from the other fields ([`super::complete`]).
    MadeHere,
    /// It was given, and fits.
    Given,
    /// Python made it for other values than now stand in the form.
    Stale,
    /// Only Python can make it, and it has not.
    Missing,
}

/// The form of one task.
#[derive(Clone, Debug)]
pub struct Form {
    schema: Schema,
    code_kind: Option<Code>,
    make_code: Option<MakeCode>,
    hidden_fields: Vec<String>,
    /// By id; what was removed leaves a hole.
    nodes: Vec<Option<Node>>,
    /// How many there are.
    fields: usize,
    root: FieldId,
    /// The field for the code that only Python makes.
    code: Option<FieldId>,
    /// The payload, without its code, that the code was made for; `None`: a person wrote it.
    code_for: Option<String>,
    /// What was said that has no field.
    told: Vec<String>,
    /// Who said that, and what stands at fields.
    told_by: Says,
    problems: Vec<FieldProblem>,
}

/// A field with what only the form needs.
#[derive(Clone, Debug)]
struct Node {
    field: Field,
    parent: Option<FieldId>,
    /// `None`: any JSON.
    at: Option<At>,
    shape: Arc<Shape>,
    /// All fields inside, hidden ones too; of a union the chosen variant's only.
    kids: Vec<FieldId>,
    /// What goes out, where there are no fields inside.
    raw: String,
    /// Why what was typed is no value of this kind.
    fault: Option<String>,
    /// The value does not fit the field's own input and stands there as JSON.
    odd: bool,
    /// Not shown: the tag of a union's variant.
    hidden: bool,
    /// An entry that has a key.
    named: bool,
    /// A union's variants that were opened, so that nothing is lost when one changes to and fro.
    variants: Vec<Option<FieldId>>,
    /// The values that it runs through, or why they cannot be read.
    sweep: Option<Result<Sweep, String>>,
    /// The value that the field opened with (`None` inside: left out) and where that was from.
    opened: Option<(Option<String>, Origin)>,
    /// What is wrong with the value itself; `None`: not looked at since it changed.
    marks: Option<Vec<(Level, String)>>,
    /// What others said.
    told: Vec<String>,
}

impl Form {
    /// Starts with the schema's defaults. What of `last`, the payload of the last run, differs from them is filled in
    /// and marked [`Origin::Last`].
    pub fn new(task: &TaskType, last: Option<&str>) -> Form {
        let mut form = Form::blank(task);
        if let Some(last) = last {
            form.fill_last(last);
        }
        form.finish_opening();
        form
    }

    /// The `code` of a cell: known, given or missing.
    pub fn code_state(&self) -> CodeState {
        match (self.code_kind, self.make_code, self.code) {
            (_, Some(_), _) => match self.given_code() {
                None => CodeState::MadeHere,
                Some(_) => CodeState::Given,
            },
            (Some(Code::Computed), None, Some(id)) => {
                let written = self.value_of(id).is_some_and(|raw| raw.starts_with('"'));
                match &self.code_for {
                    _ if !written => CodeState::Missing,
                    // Python makes it for one set of values.
                    Some(made_for) if *made_for != self.without_code() || !self.swept().is_empty() => {
                        CodeState::Stale
                    }
                    _ => CodeState::Given,
                }
            }
            _ => CodeState::NotNeeded,
        }
    }

    /// Takes away the code of a cell, so that it can be made anew.
    pub fn drop_code(&mut self) {
        if let Some(id) = self.code {
            self.unset(id);
        }
    }

    /// Takes code that Python made for the payload as it stands now.
    pub fn set_code(&mut self, code: &str) {
        let Some(id) = self.code else { return };
        self.write_text(id, code);
        self.code_for = Some(self.without_code());
        self.edited(id);
    }

    /// The field; `None` once it was taken away.
    pub fn field(&self, id: FieldId) -> Option<&Field> {
        self.get(id).map(|node| &node.field)
    }

    /// What is wrong as things stand: what concerns the whole first, then in the form's order.
    pub fn problems(&self) -> &[FieldProblem] {
        &self.problems
    }

    /// The ids from the outermost field to this one. Together the names are the path in the payload.
    pub fn path(&self, id: FieldId) -> Vec<FieldId> {
        let mut path = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next.filter(|id| *id != self.root) {
            let Some(node) = self.get(id) else { break };
            if !self.is_veiled(id) {
                path.push(id);
            }
            next = node.parent;
        }
        path.reverse();
        path
    }

    fn get(&self, id: FieldId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)?.as_ref()
    }

    fn get_mut(&mut self, id: FieldId) -> Option<&mut Node> {
        self.nodes.get_mut(id.0 as usize)?.as_mut()
    }

    /// Puts a new node in.
    fn insert(&mut self, node: Node) -> FieldId {
        let id = FieldId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Some(node));
        self.fields += 1;
        id
    }

    /// Takes a node out, with all that is inside it.
    fn drop_node(&mut self, id: FieldId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::take) {
                self.fields = self.fields.saturating_sub(1);
                open.extend(node.kids);
                open.extend(node.variants.into_iter().flatten());
            }
        }
    }

    /// The container inside a union stands in the union's own place: its fields are shown as the union's.
    fn is_veiled(&self, id: FieldId) -> bool {
        let Some(node) = self.get(id) else { return false };
        let parent = node.parent.and_then(|parent| self.get(parent));
        parent.is_some_and(Node::is_union) && node.holds() && !node.is_union()
    }

    /// Where items are added to: the field itself, or the list that a union has chosen.
    fn container(&self, id: FieldId) -> Option<FieldId> {
        let node = self.get(id)?;
        match node.is_union() {
            true => node.kids.first().copied().filter(|inner| self.is_veiled(*inner)),
            false => Some(id),
        }
    }

    fn known_code(task: &TaskType) -> Option<MakeCode> {
        template::known_code(task)
    }
}
