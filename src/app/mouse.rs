//! What stood where in the picture that was drawn last: a click means what the person saw there.
//!
//! Pure; `view` fills it with each picture. Rows stand here by their numbers, which are good as long as the list is as it was
//! drawn. Nothing but whoever draws makes a list anew, and the person; so once the person has done something that the picture
//! does not show yet, it refuses to tell what stands anywhere.

use ratatui::layout::{Position, Rect};

use super::{
    App,
    action::{Action, Context},
};

/// What stands somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// The lanes, where no row of theirs can be selected.
    Lanes,
    /// A row of the lanes, of [`App::rows`].
    Lane(usize),
    /// The selected task beside the lanes.
    Side,
    /// The border between both.
    Border,
    /// The screen on top, where none of its rows can be selected.
    Top,
    /// A row of the list on top.
    Row(usize),
    /// A row of the form.
    Field(usize),
    /// What a key does, in the last line.
    Key(Action),
}

/// What stands where. Later spots stand above earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spots(Vec<(Rect, Spot)>);

impl Spots {
    /// Something stands there.
    pub fn put(&mut self, area: Rect, spot: Spot) {
        self.0.push((area, spot));
    }

    /// Something stands above all that, but for the last line: nothing below it can be clicked.
    pub fn cover(&mut self) {
        self.0.retain(|(_, spot)| matches!(spot, Spot::Key(_)));
    }

    /// What stands at that place.
    pub fn at(&self, place: Position) -> Option<Spot> {
        self.0.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, spot)| *spot)
    }

    /// Where that stands first.
    pub fn find(&self, wanted: Spot) -> Option<Rect> {
        self.0.iter().find(|(_, spot)| *spot == wanted).map(|(area, _)| *area)
    }
}

/// The mouse, as far as it is remembered.
#[derive(Debug, Default)]
pub struct Mouse {
    spots: Spots,
    /// What was on top when they were drawn, and how often the person had done something.
    drawn: (usize, Option<Context>, u64),
    /// How often the person has done something that can make other rows.
    done: u64,
    /// The border is being dragged.
    pub dragging: bool,
}

impl Mouse {
    /// The person has done something: what was drawn may not be what there is.
    pub fn outdate(&mut self) {
        self.done += 1;
    }
}

impl App {
    /// The picture was drawn as it stands now, with these spots.
    pub fn was_drawn_with(&mut self, spots: Spots) {
        self.was_drawn();
        self.ui.mouse.spots = spots;
        self.ui.mouse.drawn = (self.ui.layers.len(), Some(self.context()), self.ui.mouse.done);
    }

    /// What the person saw at that place.
    ///
    /// # Errors
    /// What was drawn there may not be what there is now: what is told of it.
    pub(super) fn seen_at(&self, place: Position) -> Result<Option<Spot>, &'static str> {
        let mouse = &self.ui.mouse;
        match mouse.drawn == (self.ui.layers.len(), Some(self.context()), mouse.done) {
            true => Ok(mouse.spots.at(place)),
            false => Err("nothing done: the screen had just changed; click once more"),
        }
    }
}
