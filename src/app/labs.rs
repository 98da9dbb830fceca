//! Several labs on one screen: what the one in front knows of all of them.
//!
//! Each lab has its whole state for itself; the loop keeps them apart and shows one. What is here is what is said about the
//! others where that one is seen (the strip below the header), and what a question that is about all of them must name. It
//! refuses to let one lab act on another: nothing here changes a session.

use chrono::{DateTime, Utc};

use crate::{
    time::Now,
    wire::link::{Line, LinkState},
};

use super::{App, Layer, Notice, Severity, session::Session};

/// The labs on the screen, as the one in front knows them. [`Ui::labs`](super::Ui::labs) is `None` where it is alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labs {
    /// All of them, in the order in which they were named.
    pub all: Vec<Standing>,
    /// The place of this one.
    pub here: usize,
}

/// How a lab stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub reach: Reach,
    /// Tasks that run.
    pub running: usize,
    /// Tasks that failed since the person last looked.
    pub failed: u64,
    /// A question stands there.
    pub asks: bool,
}

/// How a lab is reached, by the worst of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All are up.
    Live,
    /// The first try is being made.
    Connecting,
    /// It was never reached.
    Unreached,
    /// Its events come, and nothing can be sent.
    Mute(DateTime<Utc>),
    /// Lost since then.
    Lost(DateTime<Utc>),
}

impl Reach {
    fn of(session: &Session) -> Reach {
        let down = |line: &Line| session.link(line).filter(|link| !link.is_live());
        let any = || session.links.iter().map(|(_, link)| link).find(|link| !link.is_live());
        let (link, mute) = match (down(&Line::Bus), down(&Line::Router)) {
            (Some(bus), _) => (bus, false),
            (None, Some(router)) => (router, session.is_live(&Line::Bus)),
            (None, None) => match any() {
                Some(link) => (link, false),
                None => return Reach::Live,
            },
        };
        let connects = matches!(link.state, LinkState::Connecting { .. }) && link.problem.is_none();
        match () {
            () if link.was_up && mute => Reach::Mute(link.since.utc),
            () if link.was_up => Reach::Lost(link.since.utc),
            () if connects => Reach::Connecting,
            () => Reach::Unreached,
        }
    }
}

impl Labs {
    /// The one so many places on, or back, round all of them.
    pub fn beside(&self, by: isize) -> usize {
        let count = self.all.len().max(1);
        let by = by.rem_euclid(isize::try_from(count).unwrap_or(1));
        (self.here + by.unsigned_abs()) % count
    }
}

impl App {
    /// How this lab stands.
    pub fn standing(&self) -> Standing {
        let store = self.store();
        Standing {
            name: self.settings.lab.clone(),
            reach: Reach::of(&self.session),
            running: store.counts(self.ui.hidden).running,
            failed: store.failures().saturating_sub(self.ui.failures_seen),
            asks: matches!(self.ui.layers.last(), Some(Layer::Confirm(_))),
        }
    }

    /// What is known of the labs on the screen.
    pub fn know_labs(&mut self, labs: Labs) {
        if self.ui.labs.as_ref() != Some(&labs) {
            self.ui.labs = Some(labs);
            self.ui.revision += 1;
        }
    }

    /// The person looks at this lab: nothing that failed so far is news.
    pub fn is_looked_at(&mut self) {
        self.ui.failures_seen = self.store().failures();
    }

    /// Another lab comes to the front. Everything here stays as it is: a question waits for its answer, a text for its end.
    pub fn go_behind(&mut self) {
        self.is_looked_at();
        self.ui.behind = true;
    }

    /// The person turns to this lab. A key that comes in the same moment was meant for the other one, so a question that
    /// stands here takes it for a stray one.
    pub fn come_to_front(&mut self, now: Now) {
        self.ui.behind = false;
        self.ui.revision += 1;
        self.ui.moved = true;
        self.ui.mouse.outdate();
        self.ui.last_key = Some(now);
        if let Some(Layer::Confirm(confirm)) = self.ui.layers.last_mut() {
            confirm.last_key = Some(now);
        }
        if let Some(notice) = &mut self.ui.notice {
            notice.until = now.mono + notice.stands();
        }
        self.settle(now);
        self.is_looked_at();
    }

    /// Tells what another lab had to tell, with its name.
    pub fn tell_of(&mut self, lab: &str, notice: &Notice, now: Now) {
        if notice.severity != Severity::Info {
            self.tell(notice.severity, format!("{lab}: {}", notice.text), now);
        }
    }
}
