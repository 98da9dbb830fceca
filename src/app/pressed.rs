//! What a key means where it is pressed, together with those before it that began a sequence.
//!
//! A sequence that has begun is shown in the footer with what it can go on with. It never waits to see whether it goes on:
//! the keymap holds no keys that are the beginning of others. One that does not go on is forgotten after [`WAIT`]; a key that is
//! none of it is lost with it, for what was meant is not known.

use std::time::Duration;

use crossterm::event::KeyEvent;

use super::{
    App,
    action::{Action, Context},
    keymap::{Key, Meaning, spelled},
};
use crate::time::Now;

/// Long enough to read in the footer how it goes on, and for a slow line; short enough that a forgotten key is no trap.
pub const WAIT: Duration = Duration::from_secs(3);

/// The keys of a sequence that has begun.
#[derive(Clone, Debug)]
pub struct Pressed {
    /// Where they were pressed.
    place: Context,
    keys: Vec<Key>,
    /// When the last one was.
    at: Now,
}

impl App {
    /// The places whose keys count now, the first one first.
    pub(super) fn places(&self) -> impl Iterator<Item = Context> {
        let context = self.context();
        let free = self.is_replay() && !context.takes_text() && context != Context::Confirm;
        let labs = self.ui.labs.as_ref().map(|_| Context::Labs);
        labs.into_iter().chain(free.then_some(Context::Replay)).chain([context])
    }

    /// What was pressed of a sequence that may still go on. A recording's time is not the person's: there it waits for the
    /// next key.
    fn pressed(&self, now: Now) -> &[Key] {
        let pressed = self.ui.pressed.as_ref().filter(|pressed| pressed.place == self.context());
        let pressed = pressed.filter(|pressed| self.is_replay() || now.since(pressed.at) < WAIT);
        pressed.map_or(&[], |pressed| &pressed.keys)
    }

    /// What a key means here, together with what was pressed before it.
    pub(super) fn meaning(&self, key: &KeyEvent, now: Now) -> Meaning {
        let keys = [self.pressed(now), &[Key::of(key)]].concat();
        let meanings = self.places().map(|place| self.settings.keymap.meaning(place, &keys));
        meanings.into_iter().find(|meaning| *meaning != Meaning::Nothing).unwrap_or(Meaning::Nothing)
    }

    /// Takes a key and says what it means; of a sequence that ends here in nothing also its keys.
    pub(super) fn press(&mut self, key: &KeyEvent, now: Now) -> (Meaning, Option<String>) {
        let meaning = self.meaning(key, now);
        let before = self.pressed(now).len();
        let keys = [self.pressed(now), &[Key::of(key)]].concat();
        let ends_in_nothing = (meaning == Meaning::Nothing && before > 0).then(|| spelled(&keys));
        let begun = Pressed { place: self.context(), keys, at: now };
        self.ui.pressed = (meaning == Meaning::Begins).then_some(begun);
        (meaning, ends_in_nothing)
    }

    /// Forgets a sequence that has waited too long.
    pub(super) fn forget_pressed(&mut self, now: Now) {
        if self.pressed(now).is_empty() {
            self.ui.pressed = None;
        }
    }

    /// When that is to be done.
    pub(super) fn pressed_until(&self) -> Option<Duration> {
        let pressed = self.ui.pressed.as_ref().filter(|_| !self.is_replay());
        pressed.map(|pressed| pressed.at.mono + WAIT)
    }

    /// The sequence that has begun, and how it can go on.
    pub fn begun(&self) -> Option<(String, Vec<(String, Action)>)> {
        let pressed = self.ui.pressed.as_ref().filter(|pressed| pressed.place == self.context())?;
        let next = self.places().flat_map(|place| self.settings.keymap.going_on(place, &pressed.keys));
        Some((spelled(&pressed.keys), next.collect()))
    }

    /// The action's key, as it is shown here.
    pub fn key(&self, action: Action) -> Option<String> {
        self.settings.keymap.first(self.context(), action)
    }
}
