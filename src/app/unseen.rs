//! What is told where a key would have meant a row that left its list before the person saw which one took its place.
//!
//! The lists stand as they were drawn until they are drawn anew, or the person changes them; so a key means the row that
//! was seen. If that has gone meanwhile, the cursor goes to its neighbour, and until that was seen it refuses to let any key
//! mean it.

use std::fmt::Display;

use super::{App, Layer, called, update::standing};
use crate::store::{Reason, Store, TaskKey};

/// Whose doing it is that a list is another one now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The lab's, or time's.
    Lab,
    /// The person's, whose key changed what is listed.
    Person,
}

impl By {
    /// Marks that the cursor went elsewhere and nobody has seen where, with what is told of it. Whoever typed a filter
    /// knows.
    pub(super) fn mark(self, mark: &mut Option<String>, why: impl FnOnce() -> String) {
        if self == By::Lab {
            *mark = Some(why());
        }
    }
}

impl App {
    /// Why the cursor of the list on top stands elsewhere than the person has seen; `None`: it does not.
    pub fn unseen(&mut self) -> Option<&str> {
        self.mark().and_then(|mark| mark.as_deref())
    }

    /// The screen was drawn as it stands now: the person sees where the cursor is. A line that is typed stands below a list,
    /// not above it.
    pub fn was_drawn(&mut self) {
        let is_line = |layer: &Layer| {
            matches!(layer, Layer::Filter(_) | Layer::NameFilter(_) | Layer::GoTo(_) | Layer::Address(_))
        };
        let seen = match self.ui.layers.iter().rposition(|layer| !is_line(layer)) {
            None => Some(&mut self.ui.unseen),
            Some(at) => self.ui.layers.get_mut(at).and_then(mark_of),
        };
        if let Some(mark) = seen {
            *mark = None;
        }
    }

    /// Those of lists that something stands above stay: no key means them.
    pub(super) fn mark(&mut self) -> Option<&mut Option<String>> {
        match self.ui.layers.last_mut() {
            None => Some(&mut self.ui.unseen),
            Some(layer) => mark_of(layer),
        }
    }
}

/// The mark of a list.
fn mark_of(layer: &mut Layer) -> Option<&mut Option<String>> {
    match layer {
        Layer::Schedule(schedule) => Some(&mut schedule.unseen),
        Layer::Services(services) => Some(&mut services.unseen),
        Layer::Logs(logs) => Some(&mut logs.unseen),
        Layer::Beside(beside) => Some(&mut beside.unseen),
        Layer::Failures(failures) => Some(&mut failures.unseen),
        Layer::History(history) => Some(&mut history.unseen),
        Layer::Notices(list) => Some(&mut list.unseen),
        Layer::Choose(choose) => Some(&mut choose.unseen),
        _ => None,
    }
}

/// Where the list had no row, or none was selected.
pub(super) const NOTHING: &str = "nothing done: nothing was selected";

/// Where that row has gone.
pub(super) fn gone(what: impl Display) -> String {
    format!("nothing done: {what} stands here no more")
}

/// Where that task has gone from its list.
pub(super) fn task(store: &Store, key: &TaskKey) -> String {
    match store.task(key) {
        None => "nothing done: that task was let go to save memory".to_owned(),
        Some(task) => {
            let put_away = task.reason == Some(Reason::PutAway);
            let how = if put_away { "put away" } else { standing(task) };
            format!("{} ({how})", gone(called(&task.name)))
        }
    }
}
