//! The list over the form: the options of a field, or all fields to jump to.

use crate::catalogue::form::FieldId;

use crate::app::choose::{Choose, Item, Stage};

/// What is picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum For {
    /// An option of this field, or the variant of this union.
    Option(FieldId),
    /// A field, one of these, in the list's order.
    Jump(Vec<FieldId>),
}

/// The list.
#[derive(Debug)]
pub struct Pick {
    /// What is picked.
    pub target: For,
    /// The list itself, searched by typing.
    pub choose: Choose,
}

impl Pick {
    /// The options of a field, with the chosen one selected.
    pub fn options(field: FieldId, name: &str, labels: Vec<String>, chosen: Option<usize>) -> Pick {
        let items = labels
            .into_iter()
            .map(|label| Item {
                name: label.into(),
                about: String::new(),
                remark: String::new(),
                moves: false,
                on: None,
            })
            .collect();
        let mut choose = Choose::new(Stage::Option { field: name.to_owned() }, items);
        choose.selected = chosen.unwrap_or(0);
        Pick { target: For::Option(field), choose }
    }

    /// All fields by their paths.
    pub fn jump(fields: Vec<FieldId>, items: Vec<Item>) -> Pick {
        Pick { target: For::Jump(fields), choose: Choose::new(Stage::Jump, items) }
    }
}
