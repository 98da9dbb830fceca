//! Groups in the lanes: many tasks as one line, and its members below it.

use std::time::Duration;

use crate::{
    app::{called, lanes::Part, session::Sending, update::failure_line},
    store::{Group, GroupCounts, Outcome, State, Task, outlook::turn},
    theme::Role,
};

use super::{
    Piece, Row,
    lanes::{Ctx, ended_word, sign_of},
    spaces, usual, word, words,
};

/// Columns of a group's bar.
const BAR: usize = 8;

impl Ctx<'_> {
    /// A group's own line.
    pub(super) fn group(
        &self,
        group: &Group,
        part: Part,
        first: bool,
        open: bool,
        passing: Option<usize>,
    ) -> Row {
        let g = self.look.glyphs;
        let store = self.app.store();
        let counts = group.counts();
        let sending = self.app.session.sending_of(&group.key);
        let (label, place) = match part {
            Part::Holder => ("sequential", None),
            Part::Waiting { place, .. } => ("sequential", Some(place)),
            Part::Parallel => ("parallel", None),
            Part::Unknown => ("unknown", None),
            Part::Ended | Part::Member => ("ended", None),
        };
        let (sign, role) = self.sign_of_group(&counts, group.of, sending.is_some());
        let mut left = self.label(if first { label } else { "" }, place);
        left.push(self.look.piece(sign, role));
        left.push(spaces(1));
        let some = store.members(group).next();
        if store.members(group).any(|task| task.own.is_some()) {
            left.push(self.look.piece(g.own, Role::Own));
            left.push(spaces(1));
        }
        if self.app.ui.notices.groups.contains(&group.key) {
            left.push(self.look.piece(g.watched, Role::Notice));
            left.push(spaces(1));
        }
        left.push(self.look.piece(if open { g.unfolded } else { g.folded }, Role::Dim));
        left.push(spaces(1));
        let ended = part == Part::Ended;
        left.push(self.look.name(&group.name, if ended { Role::Dim } else { Role::Text }));
        if let Some(passing) = passing {
            left.push(self.look.piece(&format!("  {passing} pass"), Role::Match));
        }
        // What tells most of it: the member that runs, else the type.
        let running = store.members(group).find(|task| matches!(task.state, State::Running { .. }));
        let about = match running.filter(|_| !open) {
            Some(task) => task.own_name(),
            None => some.map_or("", |task| task.name.split(':').next().unwrap_or_default()),
        };
        let about = about.rsplit_once(" [").filter(|_| running.is_none()).map_or(about, |(name, _)| name);
        if running.is_some() || !group.name.starts_with(about) {
            left.push(self.look.piece(&format!("  {about}"), Role::Dim));
        }
        let right = match ended {
            true => self.ended_group(group, &counts),
            false => self.progress(group, &counts, sending),
        };
        Row { left, right, ..Row::default() }
    }

    fn sign_of_group(&self, counts: &GroupCounts, of: u32, sending: bool) -> (&'static str, Role) {
        let of = usize::try_from(of).unwrap_or(usize::MAX);
        let g = self.look.glyphs;
        match counts {
            c if c.running > 0 => (g.running, Role::Running),
            c if c.waiting > 0 || sending => (g.scheduled, Role::Waiting),
            c if c.failed > 0 || c.unsent > 0 => (g.failed, Role::Failed),
            c if c.unknown > 0 => (g.unknown, Role::Unknown),
            c if c.cancelled > 0 => (g.cancelled, Role::Cancelled),
            // The rest of it was never sent, or never seen.
            c if c.known() < of => (g.unknown, Role::Unknown),
            _ => (g.ok, Role::Ok),
        }
    }

    /// How far it is: failures, `37/500`, a bar, the time that it will still take.
    fn progress(&self, group: &Group, counts: &GroupCounts, sending: Option<&Sending>) -> Vec<Piece> {
        let g = self.look.glyphs;
        let mut right = Vec::new();
        let mut say = |text: String, role: Role| right.push(self.look.piece(&format!("{text} "), role));
        if let Some(sending) = sending {
            match sending.paused() {
                Some(_) if self.narrow => say(format!("-{}", sending.unsent()), Role::Warning),
                Some(_) => say(format!("stopped, {} not sent", sending.unsent()), Role::Warning),
                None if self.narrow => {}
                None if sending.waits_for_first() => say("the first one alone".to_owned(), Role::Dim),
                None => say(format!("{} to send", sending.unsent()), Role::Dim),
            }
        }
        if counts.failed > 0 {
            let text = if self.narrow {
                format!("{}{}", counts.failed, g.failed)
            } else {
                format!("{} failed", counts.failed)
            };
            say(text, Role::Failed);
        }
        if counts.unknown > 0 {
            let text = if self.narrow {
                format!("{}{}", counts.unknown, g.unknown)
            } else {
                format!("{} unknown", counts.unknown)
            };
            say(text, Role::Unknown);
        }
        let of = usize::try_from(group.of).unwrap_or(usize::MAX);
        let width = of.to_string().len();
        say(format!("{:>width$}/{of}", counts.ended()), Role::Text);
        if !self.narrow {
            let share = counts.ended() as f64 / of.max(1) as f64;
            right.push(self.look.piece(g.bar_left, Role::Dim));
            right.push(self.look.piece(&g.bar(share, BAR), Role::Bar));
            right.push(self.look.piece(g.bar_right, Role::Dim));
        }
        match self.time_left(group, counts, sending) {
            Some((left, of)) => {
                let (left, of) =
                    (format!("~{}", words::duration(left)), usual::runs(of, true, false, self.narrow));
                let text = match self.narrow {
                    true => format!("{left} {of} "),
                    false => format!(" {left:>8} {of:<width$} ", width = usual::RUNS),
                };
                right.push(self.look.piece(&text, Role::Dim));
            }
            None => right.push(spaces(if self.narrow { 1 } else { 11 + usual::RUNS })),
        }
        right
    }

    /// What those that are still to end usually take, one after the other, and from how many runs that is.
    fn time_left(
        &self,
        group: &Group,
        counts: &GroupCounts,
        sending: Option<&Sending>,
    ) -> Option<(Duration, usize)> {
        let store = self.app.store();
        let usual = store.usual_of_many(store.members(group).next()?)?;
        let one = turn(usual.median);
        let ahead = counts.waiting + sending.map_or(0, Sending::unsent);
        let running = store
            .members(group)
            .filter(|task| matches!(task.state, State::Running { .. }))
            .filter_map(|task| task.duration(self.now))
            .map(|(elapsed, _)| one.saturating_sub(elapsed))
            .max();
        let ahead = one.saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX));
        Some((ahead.saturating_add(running.unwrap_or_default()), usual.runs))
    }

    /// What came of it, once nothing of it runs or waits.
    fn ended_group(&self, group: &Group, counts: &GroupCounts) -> Vec<Piece> {
        let g = self.look.glyphs;
        let mut right = Vec::new();
        let known = counts.known();
        let of = usize::try_from(group.of).unwrap_or(usize::MAX);
        let missing = of.saturating_sub(known);
        for (n, text, sign, role) in [
            (counts.ok, "ok", g.ok, Role::Ok),
            (counts.failed, "failed", g.failed, Role::Failed),
            (counts.cancelled, "cancelled", g.cancelled, Role::Cancelled),
            (counts.unknown, "unknown", g.unknown, Role::Unknown),
            (missing, "not sent or not seen", "-", Role::Warning),
        ] {
            if n > 0 {
                let text = if self.narrow { format!("{n}{sign} ") } else { format!("{n} {text}  ") };
                right.push(self.look.piece(&text, role));
            }
        }
        let ago = self.app.store().last_ended(group).and_then(|task| task.ended);
        let ago = ago.map_or_else(String::new, |seen| words::ago(self.now.since(seen.at)));
        right.push(self.look.piece(&format!("{ago:>9} "), Role::Dim));
        right
    }

    /// A member below its group's line, under the name that it has without the group.
    pub(super) fn member(&self, task: &Task) -> Row {
        let (sign, role) = sign_of(task, self.look);
        let place = task.group.as_ref().map_or(0, |member| member.mark.place);
        let mut left = match self.narrow {
            true => vec![spaces(2)],
            false => vec![spaces(2), self.look.piece(&format!("{place:>10} "), Role::Dim), spaces(4)],
        };
        left.push(self.look.piece(sign, role));
        left.push(spaces(1));
        let open = !matches!(task.state, State::Ended | State::Unknown);
        left.push(self.look.piece(&called(task.own_name()), if open { Role::Text } else { Role::Dim }));
        let right = match task.state {
            State::Running { .. } => self.elapsed(task),
            State::Scheduled | State::Waiting => vec![word("waits ", Role::Dim)],
            State::Unknown => self.unknown(task),
            State::Ended => {
                if let Some(text) = failure_line(task).or_else(|| ended_word(task)) {
                    let failed = task.outcome == Some(Outcome::Failed);
                    let role = if failed { Role::Failed } else { Role::Cancelled };
                    self.beside_name(&mut left, &text, role);
                }
                self.ended(task)
            }
        };
        Row { left, right, ..Row::default() }
    }
}
