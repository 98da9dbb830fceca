//! Large payloads that are on the screen, or are to be: looked through for secrets beside the loop before anything of them
//! is shown.

use crate::{
    app::{App, Effect, Layer, compose::type_with_secrets, reader::Reader},
    store::Task,
    wire::Text,
};

/// The readers that are open, with the one beside the lanes.
fn readers(app: &mut App) -> impl Iterator<Item = &mut Reader> {
    let layers = app.ui.layers.iter_mut().filter_map(|layer| match layer {
        Layer::Task(reader) => Some(&mut **reader),
        _ => None,
    });
    layers.chain(&mut app.ui.side)
}

/// Asks for each payload that nobody was asked about yet.
pub(super) fn ask(app: &mut App) -> Vec<Effect> {
    let asked: Vec<_> = readers(app).filter_map(|reader| Some((reader.ask()?, reader.key.clone()))).collect();
    let effect = |(payload, key)| {
        let task = app.store().task(&key);
        let kind = task.and_then(|task| type_with_secrets(&app.catalogue, task));
        Effect::Mask { payload, kind: kind.cloned().map(Box::new) }
    };
    asked.into_iter().map(effect).collect()
}

/// One was looked through.
pub(super) fn looked_through(app: &mut App, payload: &Text, masked: Option<&Text>, secrets: &[String]) {
    app.ui.revision += 1;
    readers(app).for_each(|reader| reader.looked_through(payload, masked, secrets));
}

/// What may be seen of a task's large payload, if it was looked through already.
pub(super) fn seen_of(app: &App, task: &Task) -> Option<Text> {
    looked_at(app, task, Reader::seen_of)
}

/// The secrets in a task's large payload, if it was looked through already.
pub(super) fn secrets_of(app: &App, task: &Task) -> Option<Vec<String>> {
    looked_at(app, task, Reader::secrets_of)
}

/// What the first reader that is open says of a task's payload.
fn looked_at<T>(app: &App, task: &Task, of: fn(&Reader, &Text) -> Option<T>) -> Option<T> {
    let payload = task.payload.as_ref()?;
    let layers = app.ui.layers.iter().filter_map(|layer| match layer {
        Layer::Task(reader) => Some(&**reader),
        _ => None,
    });
    layers.chain(&app.ui.side).find_map(|reader| of(reader, payload))
}
