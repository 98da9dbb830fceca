//! What a task is called where people read it: its display name with the type's name [`exact`] and without secrets.
//! What is copied, saved or written with `--json` is the name as it came.

use std::borrow::Cow;

use crate::{
    clean::{exact, exact_head},
    wire::name::masked_name,
};

/// A display name, for people.
pub fn called(display_name: &str) -> Cow<'_, str> {
    match masked_name(display_name) {
        Some(masked) => Cow::Owned(exact_head(&masked).into_owned()),
        None => exact_head(display_name),
    }
}

/// What a task of that name and type is called: by its type where it has no name.
pub fn called_or<'a>(display_name: &'a str, task_type: &'a str) -> Cow<'a, str> {
    if display_name.is_empty() { exact(task_type) } else { called(display_name) }
}
