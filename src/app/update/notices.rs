//! What keys do in the list of what was told.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::Action,
        lanes::Selected,
        reader::Reader,
        told::{About, List},
    },
    time::Now,
};

use super::palette::to_lanes;

/// On a body of fewer rows the list has all of it.
const ROOM: u16 = 9;

/// Rows below the list, where the selected one stands whole.
pub fn whole_height(body: u16) -> u16 {
    if body < ROOM { 0 } else { (body / 5).clamp(2, 5) }
}

/// Rows that the list has on a body of this height, below its head.
pub fn notices_height(body: u16) -> usize {
    let below = match whole_height(body) {
        0 => 0,
        rows => rows + 1,
    };
    usize::from(body.saturating_sub(2 + below)).max(1)
}

/// Opens it.
pub(super) fn open(app: &mut App) {
    app.ui.layers.push(Layer::Notices(Box::<List>::default()));
}

pub(super) fn in_notices(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let height = notices_height(app.areas().body.height);
    let Some(Layer::Notices(list)) = app.ui.layers.last_mut() else { return Vec::new() };
    if let Some(by) = action.steps(height) {
        list.step(by, height);
        return Vec::new();
    }
    if action == Action::Open
        && let Some(about) = list.selected().map(|entry| entry.about.clone())
        && let Err(why) = go_to(app, about)
    {
        // What is said here of the list is no part of it.
        app.say(Severity::Info, why, now);
    }
    Vec::new()
}

/// Goes to what it is about.
fn go_to(app: &mut App, about: Option<About>) -> Result<(), &'static str> {
    match about {
        None => return Err("a note is about no task and no service"),
        Some(About::Task(key)) => {
            let task = app
                .store()
                .task(&key)
                .ok_or("that task was let go to save memory; the history may know it")?;
            let reader = Reader::new(task.key.clone(), &app.settings);
            app.ui.layers.push(Layer::Task(Box::new(reader)));
        }
        Some(About::Group(key)) => {
            app.store()
                .group(&key)
                .ok_or("that group was let go to save memory; the history may know its tasks")?;
            to_lanes(app);
            app.ui.folding.remove(&key.service);
            app.ui.selected = Some(Selected::group(key));
        }
        Some(About::Service(name)) => {
            if !app.store().services().any(|service| service.name == name) {
                return Err("that service is known no more");
            }
            to_lanes(app);
            app.ui.folding.remove(&name);
            app.ui.selected = Some(Selected::service(name));
        }
    }
    Ok(())
}

/// What is copied: the words of the selected one.
pub(super) fn copied(app: &App) -> Option<Effect> {
    let Some(Layer::Notices(list)) = app.ui.layers.last() else { return None };
    Some(Effect::Copy { text: list.selected()?.text.clone(), what: "what was told".to_owned() })
}
