//! Time as it usually goes: the bar of a running task, when a waiting one is likely to start, when a slot is likely to be
//! free. None of it without from how many runs; nothing of it a promise.

use std::{cell::RefCell, rc::Rc, time::Duration};

use crate::{
    app::{App, action::Action},
    store::{Guess, Outlook, Overrun, State, Task, Usual},
    theme::Role,
    time::Now,
    wire::Text,
};

use super::{Piece, lanes::Ctx, spaces, word, words};

/// Columns of a bar, and of one on a screen that is not wide.
const BAR: usize = 10;
const SHORT_BAR: usize = 6;
/// From this width on bars are long.
const WIDE: usize = 100;
/// Columns of `(32+ alike)`.
pub(super) const RUNS: usize = 11;
/// What is done in no time has no bar, unless it takes far longer.
const SHORTEST: Duration = Duration::from_secs(2);

/// From how many runs a time is: `(9 runs)`, or `(9 alike)` where their numbers were others; short `(9)`, `(9?)`. Of a
/// sum 9 is the fewest: `(9+ runs)`.
pub(super) fn runs(runs: usize, rough: bool, sum: bool, narrow: bool) -> String {
    let more = if sum { "+" } else { "" };
    match (narrow, rough) {
        (true, false) => format!("({runs}{more})"),
        (true, true) => format!("({runs}{more}?)"),
        (false, false) => format!("({runs}{more} runs)"),
        (false, true) => format!("({runs}{more} alike)"),
    }
}

/// The same of a time to come.
fn runs_of(guess: &Guess, narrow: bool) -> String {
    runs(guess.runs, guess.rough, guess.tasks - guess.unknown > 1, narrow)
}

/// When a task is likely to start: `in ~0:23 (9+ runs)`, in columns where there is room.
pub(super) fn start(guess: &Guess, narrow: bool) -> String {
    let of = runs_of(guess, narrow);
    match narrow {
        true => format!("{} {of} ", span(guess)),
        false => format!("{:>10} {of:<RUNS$} ", format!("in {}", span(guess))),
    }
}

/// `~2:00`, `~0.4 s`.
fn about(usual: Duration) -> String {
    if usual < SHORTEST {
        format!("~{}", words::lasted(usual))
    } else {
        format!("~{}", words::duration(usual))
    }
}

/// A time from now on; `>`: at least.
fn span(guess: &Guess) -> String {
    let sign = if guess.unknown > 0 { '>' } else { '~' };
    format!("{sign}{}", words::duration(guess.time))
}

/// The outlooks of a frame: of the service that was asked for last, for rows of one service follow each other.
pub(super) struct Outlooks<'a> {
    pub app: &'a App,
    pub now: Now,
    last: RefCell<Option<(Text, Rc<Outlook<'a>>)>>,
}

impl<'a> Outlooks<'a> {
    pub fn new(app: &'a App, now: Now) -> Outlooks<'a> {
        Outlooks { app, now, last: RefCell::default() }
    }

    pub fn of(&self, service: &Text) -> Rc<Outlook<'a>> {
        let mut last = self.last.borrow_mut();
        match &*last {
            Some((of, outlook)) if of == service => outlook.clone(),
            _ => {
                let outlook = Rc::new(self.app.store().outlook(service, self.now));
                *last = Some((service.clone(), outlook.clone()));
                outlook
            }
        }
    }

    /// When a service's slot is likely to be free, in words. What is still to be sent to it comes on top.
    pub fn free(&self, service: &Text, narrow: bool) -> Option<String> {
        let guess = self.of(service).free?;
        let more = self.app.session.sending().iter().any(|sending| sending.key.service == *service);
        let of = runs_of(&guess, narrow);
        let span = span(&Guess { unknown: guess.unknown + usize::from(more), ..guess });
        Some(match guess.unknown {
            _ if narrow => format!("free {span} {of}"),
            0 => format!("slot free in {span} {of}"),
            unknown => format!("slot free in {span}, {unknown} of {} unknown {of}", guess.tasks),
        })
    }
}

impl Ctx<'_> {
    /// How long a task has run, against what is usual.
    pub(super) fn elapsed(&self, task: &Task) -> Vec<Piece> {
        if matches!(task.state, State::Running { starting: true })
            && task.duration(self.now).is_none_or(|(d, _)| d < SHORTEST)
        {
            return vec![word("starting ", Role::Dim)];
        }
        let Some((elapsed, exact)) = task.duration(self.now) else { return Vec::new() };
        let usual = self.app.store().usual(task);
        let overrun = usual.map_or(Overrun::No, |usual| usual.overrun(elapsed));
        let role = if overrun == Overrun::Far { Role::Warning } else { Role::Text };
        let least = if exact { "" } else { ">" };
        let text = format!("{:>7}", format!("{least}{}", words::duration(elapsed)));
        let mut right = vec![self.look.piece(&text, role)];
        match usual.filter(|usual| usual.median >= SHORTEST || overrun != Overrun::No) {
            None => right.push(spaces(1)),
            Some(usual) if self.narrow => {
                let sign = match overrun {
                    Overrun::No => "",
                    Overrun::Long => "+",
                    Overrun::Far => "!",
                };
                right.push(self.look.piece(sign, Role::Warning));
                let text = format!(
                    "/{} {} ",
                    about(usual.median),
                    runs(usual.runs, !usual.basis.is_close(), false, true)
                );
                right.push(self.look.piece(&text, Role::Dim));
            }
            Some(usual) => right.extend(self.bar(&usual, elapsed, overrun)),
        }
        right
    }

    /// The bar, what is usual, and from how many runs.
    fn bar(&self, usual: &Usual, elapsed: Duration, overrun: Overrun) -> Vec<Piece> {
        let g = self.look.glyphs;
        let columns = if self.width >= WIDE { BAR } else { SHORT_BAR };
        let share = elapsed.as_secs_f64() / usual.median.as_secs_f64().max(0.001);
        let mut pieces = match overrun {
            Overrun::Far => {
                vec![self.look.piece(&format!(" {:^1$}", "far over", columns + 2), Role::Warning)]
            }
            _ => {
                let (role, sign) = match overrun {
                    Overrun::Long => (Role::BarOver, "+"),
                    _ => (Role::Bar, g.bar_right),
                };
                let role_of_sign = if sign == "+" { Role::Warning } else { Role::Dim };
                vec![
                    self.look.piece(&format!(" {}", g.bar_left), Role::Dim),
                    self.look.piece(&g.bar(share, columns), role),
                    self.look.piece(sign, role_of_sign),
                ]
            }
        };
        let of = runs(usual.runs, !usual.basis.is_close(), false, false);
        pieces.push(self.look.piece(&format!(" {:>6} {of:<RUNS$} ", about(usual.median)), Role::Dim));
        pieces
    }

    /// When a waiting task is likely to start, or since when it waits.
    pub(super) fn wait(&self, task: &Task, overtaken: bool) -> Vec<Piece> {
        if overtaken && !self.narrow {
            let key = self.app.key(Action::SendDirect).unwrap_or_default();
            let hint = if task.own.is_some() {
                format!("others go first ({key}: send direct) ")
            } else {
                "others go first ".to_owned()
            };
            return vec![self.look.piece(&hint, Role::Warning)];
        }
        let start = self.outlooks.of(&task.service).start(&task.key);
        let guess = start.map(|guess| self::start(&guess, self.narrow));
        let by_lab = self.app.store().by_lab(self.now);
        if let Some(at) = task.run_at.as_ref().and_then(|stamp| stamp.at).filter(|at| *at > by_lab.utc) {
            let ahead = (at - by_lab.utc).to_std().unwrap_or_default();
            // The slot will likely be taken still when it comes due.
            let later = start.is_some_and(|guess| guess.time > ahead + Duration::from_secs(1));
            let moment = words::moment(at, self.now);
            let text = match guess.filter(|_| later) {
                _ if self.narrow => format!("{moment} "),
                Some(guess) => format!("{moment}  {guess}"),
                None => format!("{moment}  {:>10} ", words::countdown(at, by_lab)),
            };
            return vec![self.look.piece(&text, Role::Scheduled)];
        }
        let text = guess.filter(|_| !task.cancel_wished).unwrap_or_else(|| match task.waiting_since {
            _ if task.cancel_wished => "being cancelled ".to_owned(),
            Some(since) => format!("waits {:>5} ", words::duration(self.now.since(since.at))),
            None => String::new(),
        });
        vec![self.look.piece(&text, Role::Dim)]
    }
}
