//! What is too large for the composer: it is saved to a file, with the command that sends it.
//!
//! Each key in a form looks at the whole payload, and a key may not wait. So nothing here reads a large payload: its size is
//! known, and all else is done beside the loop. It refuses to send what nobody can have looked at.

use crate::{
    app::{
        App, Effect, Severity,
        compose::{Compose, LARGEST},
        confirm::{Confirm, Deed},
        copy_as::command_with_file,
        document,
    },
    clean::exact,
    store::Task,
    time::Now,
};

use super::copy_as::source_of;

/// What is said of a payload of that size; `None`: it can be edited here.
pub(super) fn too_large(bytes: usize) -> Option<String> {
    let size = document::bytes(bytes);
    (bytes > LARGEST).then(|| format!("its payload has {size}, and 256 KiB is the most that is edited here"))
}

/// Asks whether a task's payload is to be saved, and tells how it is sent from there. False: it can be edited here.
pub(super) fn ask_to_save(app: &mut App, task: &Task, now: Now) -> bool {
    let Some(payload) = task.payload.clone() else { return false };
    let Some(why) = too_large(payload.len()) else { return false };
    let source = match source_of(app, task) {
        Ok(source) => source,
        Err(why) => {
            app.tell(Severity::Warning, why, now);
            return true;
        }
    };
    let name = file_name(&source.task_type.class, "json", now);
    let secrets = match app.store().is_recalled(&task.key) {
        true => "Secrets were not kept: asterisks stand in their places.",
        false => "What is secret in it stands there in the clear.",
    };
    let lines = vec![
        format!("It cannot be run again from a form: {why}."),
        format!("Saved as {name}, it can be sent from a shell, and edited before:"),
        format!("  {}", command_with_file(&source, &name, now.utc)),
        secrets.to_owned(),
    ];
    let title = format!("Save the payload of {}?", exact(&task.task_type));
    app.ask(Confirm::new(title, lines, ("save it", "leave it"), Deed::SavePayload(name, payload), now));
    true
}

/// What an editor left is not lost where it is too large to go on with here: it is saved.
pub(super) fn save_edited(compose: &Compose, text: String, ending: &str, now: Now) -> Effect {
    let name = file_name(&compose.task_type.class, ending, now);
    Effect::SavePrivately { name, text: text.into(), told: "too large to be edited here, so it is saved" }
}

/// A file's name for a payload of that class: of this moment, so that no earlier one is taken for it.
fn file_name(class: &str, ending: &str, now: Now) -> String {
    let kind: String = class.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let kind = if kind.is_empty() { "task" } else { &kind };
    format!("{kind}-{}.{ending}", now.utc.with_timezone(&chrono::Local).format("%Y%m%d-%H%M%S"))
}
