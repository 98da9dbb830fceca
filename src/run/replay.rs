//! The loop's part that plays a recording: what time it is there, the entries that are due, other moments.

use std::time::Duration;

use super::{
    BATCH, Runner,
    player::{Player, Sought},
};
use crate::{
    app::{Msg, Notice, replay::Wish, update},
    recording::Entry,
    time::Now,
};

/// A recording that is played on the screen.
pub(super) struct Playing {
    pub player: Player,
    /// What is told, and until when on the real clock: the recording's own time is not the person's.
    told: Option<(Notice, Duration)>,
}

impl Playing {
    pub(super) fn new(player: Player) -> Playing {
        Playing { player, told: None }
    }
}

impl Runner {
    /// The moment that the screen shows: now, or where the recording stands.
    pub(super) fn now(&self) -> Now {
        let real = self.clock.now();
        self.playing.as_ref().map_or(real, |playing| playing.player.now(real.mono))
    }

    /// When that moment comes on the real clock; `None`: it does not, as things stand.
    pub(super) fn real(&self, at: Duration) -> Option<Duration> {
        match &self.playing {
            Some(playing) => playing.player.real(at, self.clock.now().mono),
            None => Some(at),
        }
    }

    /// When the recording goes on, or something that is told has stood long enough.
    pub(super) fn playing_wake_at(&mut self) -> Option<Duration> {
        let real = self.clock.now().mono;
        let playing = self.playing.as_mut()?;
        playing.told = match (&self.labs[self.front].app.ui.notice, playing.told.take()) {
            (None, _) => None,
            (Some(notice), Some((known, until))) if *notice == known => Some((known, until)),
            (Some(notice), _) => Some((notice.clone(), real + notice.stands())),
        };
        [playing.player.due(), playing.told.as_ref().map(|(_, until)| *until)].into_iter().flatten().min()
    }

    /// Plays what is due, some entries at most, and takes over what the person wants of the recording.
    pub(super) fn play(&mut self) -> anyhow::Result<()> {
        let real = self.clock.now().mono;
        if self
            .playing
            .as_ref()
            .and_then(|playing| playing.told.as_ref())
            .is_some_and(|(_, end)| *end <= real)
        {
            self.handle(self.front, Msg::NoticeOver)?;
        }
        for _ in 0..BATCH {
            let real = self.clock.now().mono;
            let Some(playing) = &mut self.playing else { return Ok(()) };
            let Some(entry) = playing.player.take(real, false) else { break };
            self.show_entry(entry)?;
        }
        let Some(playing) = &mut self.playing else { return Ok(()) };
        let Some(replay) = &mut self.labs[self.front].app.ui.replay else { return Ok(()) };
        let mut changed = playing.player.show(replay);
        if replay.is_over() && !replay.paused && replay.seeking.is_none() {
            replay.paused = true;
            changed = true;
        }
        playing.player.obey(replay, self.clock.now().mono);
        if changed {
            self.app_mut().moved();
        }
        Ok(())
    }

    fn show_entry(&mut self, entry: Result<(Entry, Now), String>) -> anyhow::Result<()> {
        match entry {
            Ok((entry, now)) => {
                for effect in update(self.app_mut(), Msg::Replayed(entry.what), now) {
                    self.perform(self.front, effect)?;
                }
                Ok(())
            }
            Err(wrong) => self.handle(self.front, Msg::Done(Err(wrong))),
        }
    }

    /// Shows the next message.
    pub(super) fn step(&mut self) -> anyhow::Result<()> {
        let real = self.clock.now().mono;
        let entry = self.playing.as_mut().and_then(|playing| playing.player.take(real, true));
        match entry {
            Some(entry) => self.show_entry(entry),
            None => self.handle(self.front, Msg::Done(Ok("this is the end of the recording".to_owned()))),
        }
    }

    /// Asks for another moment.
    pub(super) fn seek(&mut self, wish: Wish) {
        let real = self.clock.now().mono;
        if let (Some(playing), Some(replay)) = (&mut self.playing, &self.labs[self.front].app.ui.replay) {
            playing.player.obey(replay, real);
            playing.player.go(wish, real);
        }
    }

    /// The state of another moment has come.
    pub(super) fn arrive(&mut self, sought: Sought) -> anyhow::Result<()> {
        let real = self.clock.now().mono;
        let wanted = self.playing.as_mut().is_some_and(|playing| playing.player.arrive(&sought, real));
        if wanted {
            self.app_mut().take_session(*sought.session);
            let now = self.now();
            self.app_mut().settle(now);
        }
        match sought.wrong.first() {
            Some(first) => {
                let more = sought.wrong.len() - 1;
                let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
                self.handle(self.front, Msg::Done(Err(format!("{first}{more}"))))
            }
            None => Ok(()),
        }
    }
}
