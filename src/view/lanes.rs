//! The first screen: a block a service, its sequential lane, its parallel lane, what ended last.

use crate::{
    app::{
        App,
        document::reason_text,
        lanes::{self, Part},
        layout::Shape,
        mouse::Spot,
        update::failure_line,
    },
    printed::{Bar, bar},
    store::{Lanes, Outcome, Reason, Service, Slot, State, Task, Trouble},
    theme::Role,
    time::Now,
    wire::event::KernelState,
};

use super::{Look, Piece, Row, spaces, usual::Outlooks, word, words};

/// Columns before a task's sign on a screen with lane labels.
const LABEL: usize = 13;

/// The rows that are on the screen.
pub(super) fn rows(app: &App, look: Look, now: Now) -> Vec<Row> {
    let areas = app.areas();
    let area = areas.lanes;
    let narrow = areas.shape == Shape::Narrow;
    let all = app.rows();
    let mut out = Vec::new();
    let height = app.lanes_height();
    if narrow && let Some(selected) = &app.ui.selected {
        let mut head = narrow_head(app, &selected.service, look, now);
        head.selected = selected.task.is_none();
        out.push(head);
    }
    if all.is_empty() {
        out.extend(empty(app, look));
        return out;
    }
    let width = usize::from(area.width);
    let ctx = Ctx { app, look, now, narrow, width, outlooks: Outlooks::new(app, now) };
    let first = app.first_row();
    let focused = app.ui.layers.iter().all(|l| !matches!(l, crate::app::Layer::Task(_)));
    // A block whose head is scrolled away keeps its name at the top.
    let above = all.get(first).filter(|_| !narrow && first > 0 && height > 2);
    let head = above
        .filter(|r| !matches!(r, lanes::Row::Service { .. } | lanes::Row::Gap))
        .and_then(lanes::Row::service);
    let mut skipped = 0;
    if let Some(service) = head
        && all.get(first).is_some_and(|r| r.selects().is_none() || r.selects() != app.ui.selected)
    {
        let own =
            all.iter().position(|r| matches!(r, lanes::Row::Service { .. }) && r.service() == Some(service));
        out.push(Row { spot: own.map(Spot::Lane), ..ctx.service(service, false) });
        skipped = 1;
    }
    for (at, row) in all.iter().enumerate().skip(first + skipped).take(height - skipped) {
        let mut shown = ctx.row(row);
        shown.spot = row.selects().map(|_| Spot::Lane(at));
        shown.selected = row.selects().is_some() && row.selects() == app.ui.selected && (focused || !narrow);
        out.push(shown);
    }
    out
}

/// What stands here while nothing is known.
fn empty(app: &App, look: Look) -> Vec<Row> {
    let line = |text: &str, role| Row::of(vec![spaces(2), look.piece(text, role)]);
    if !app.ui.filter_text.is_empty() {
        return vec![line("No task passes the filter. Esc shows all.", Role::Dim)];
    }
    vec![
        Row::default(),
        line("No service is known yet.", Role::Text),
        line("Services come from the lab's configuration, and from what is heard on its bus.", Role::Dim),
        line("`juicetop doctor` tells what was found and which parts answer.", Role::Dim),
    ]
}

fn narrow_head(app: &App, name: &str, look: Look, now: Now) -> Row {
    let names: Vec<_> = app.store().services().map(|s| s.name.clone()).collect();
    let place = names.iter().position(|n| &**n == name).map_or(0, |i| i + 1);
    let mut row = Row::of(vec![
        spaces(1),
        look.name(name, Role::Service),
        look.piece(&format!(" {place}/{}", names.len()), Role::Dim),
    ]);
    if let Some(service) = app.store().service(name) {
        let lanes = app.store().lanes(name, app.ui.hidden, now);
        let free = Outlooks::new(app, now).free(&service.name, true);
        row.right = service_state(service, &lanes, free, look, true);
    }
    row
}

pub(super) struct Ctx<'a> {
    pub app: &'a App,
    pub look: Look,
    pub now: Now,
    pub narrow: bool,
    pub width: usize,
    pub outlooks: Outlooks<'a>,
}

impl Ctx<'_> {
    fn row(&self, row: &lanes::Row) -> Row {
        match row {
            lanes::Row::Gap => Row::default(),
            lanes::Row::Service { service, folded } => self.service(service, *folded),
            lanes::Row::Slot { service } => self.slot(service),
            lanes::Row::NoParallel { .. } => self.labelled("parallel", vec![word("nothing runs", Role::Dim)]),
            lanes::Row::Others { first, .. } => {
                let text = word("others may be waiting here: Juice does not tell", Role::Dim);
                self.labelled(
                    if *first { "sequential" } else { "" },
                    vec![self.sign(self.look.glyphs.waiting, Role::Dim), spaces(1), text],
                )
            }
            lanes::Row::Unreadable { service } => {
                let lanes = self.app.store().lanes(service, true, self.now);
                let why = lanes.schedule_unreadable.unwrap_or("");
                let text = format!("the scheduler's list could not be read: {why}");
                self.labelled("", vec![self.look.piece(&text, Role::Warning)])
            }
            lanes::Row::More { count, rest, .. } => {
                let what = match rest {
                    lanes::Rest::Waiting => "more wait",
                    lanes::Rest::Unknown => "more may have ended",
                    lanes::Rest::Ended => "more",
                };
                self.labelled("", vec![self.look.piece(&format!("and {count} {what}"), Role::Dim)])
            }
            lanes::Row::Group { key, part, first, open, passing } => match self.app.store().group(key) {
                Some(group) => self.group(group, *part, *first, *open, *passing),
                None => Row::default(),
            },
            lanes::Row::Task { key, part, first, .. } => match self.app.store().task(key) {
                Some(task) => self.task(task, *part, *first),
                None => Row::default(),
            },
        }
    }

    fn sign(&self, sign: &str, role: Role) -> Piece {
        self.look.piece(sign, role)
    }

    pub(super) fn label(&self, label: &'static str, place: Option<usize>) -> Vec<Piece> {
        if self.narrow {
            return vec![
                self.look.piece(&place.map_or_else(|| " ".to_owned(), |p| (p % 10).to_string()), Role::Dim),
            ];
        }
        match place {
            Some(place) if label.is_empty() => {
                vec![self.look.piece(&format!("{place:>width$} ", width = LABEL - 1), Role::Dim)]
            }
            _ => vec![spaces(2), self.look.piece(&format!("{label:<width$}", width = LABEL - 2), Role::Dim)],
        }
    }

    fn labelled(&self, label: &'static str, rest: Vec<Piece>) -> Row {
        let mut left = self.label(label, None);
        left.extend(rest);
        Row::of(left)
    }

    fn service(&self, name: &str, folded: bool) -> Row {
        let g = self.look.glyphs;
        let lanes = self.app.store().lanes(name, self.app.ui.hidden, self.now);
        let mut row = Row::of(vec![
            self.sign(if folded { g.folded } else { " " }, Role::Dim),
            self.look.name(name, Role::Service),
        ]);
        if folded {
            let counts = [
                (lanes.holders.len() + lanes.parallel.len(), "running", Role::Running),
                (lanes.waiting.len(), "waiting", Role::Waiting),
                (lanes.unknown.len(), "unknown", Role::Unknown),
                (lanes.ended.len(), "ended", Role::Dim),
            ];
            for (n, text, role) in counts.into_iter().filter(|(n, ..)| *n > 0) {
                row.left.push(self.look.piece(&format!("  {n} {text}"), role));
            }
        }
        if let Some(service) = self.app.store().service(name) {
            let free = self.outlooks.free(&service.name, false);
            row.right = service_state(service, &lanes, free, self.look, false);
        }
        if lanes.hidden > 0 {
            row.right.push(self.look.piece(&format!("  {} hidden", lanes.hidden), Role::Dim));
        }
        row.right.push(spaces(1));
        row
    }

    fn slot(&self, name: &str) -> Row {
        let lanes = self.app.store().lanes(name, self.app.ui.hidden, self.now);
        let g = self.look.glyphs;
        let (sign, text, role) = match lanes.slot {
            Slot::NotKnown { since } => {
                (g.unknown, format!("not known since {}", words::clock(since.utc)), Role::Unknown)
            }
            Slot::TakenUnseen { since } => (
                g.running,
                format!("taken, by what is not known, since {} or before", words::clock(since.utc)),
                Role::Running,
            ),
            Slot::Free { .. } => (" ", "nothing holds the slot".to_owned(), Role::Dim),
            Slot::Taken => (" ", "taken".to_owned(), Role::Running),
            Slot::NotKept => {
                (" ", "no slot is kept: Juice before 26.29.0 sends tasks on at once".to_owned(), Role::Dim)
            }
        };
        let mut pieces = self.label("sequential", None);
        if sign != " " {
            pieces.push(self.sign(sign, role));
            pieces.push(spaces(1));
        }
        pieces.push(self.look.piece(&text, if role == Role::Running { Role::Text } else { Role::Dim }));
        Row::of(pieces)
    }

    fn task(&self, task: &Task, part: Part, first: bool) -> Row {
        let (sign, role) = sign_of(task, self.look);
        let (label, place) = match part {
            Part::Holder => ("sequential", None),
            Part::Waiting { place, .. } => ("sequential", Some(place)),
            Part::Parallel => ("parallel", None),
            Part::Unknown => ("unknown", None),
            Part::Ended => ("ended", None),
            Part::Member => return self.member(task),
        };
        let mut left = self.label(if first { label } else { "" }, place);
        left.push(self.sign(sign, role));
        left.push(spaces(1));
        if task.own.is_some() {
            left.push(self.sign(self.look.glyphs.own, Role::Own));
            left.push(spaces(1));
        }
        if self.app.ui.notices.watches(&task.key) {
            left.push(self.sign(self.look.glyphs.watched, Role::Notice));
            left.push(spaces(1));
        }
        let name_role = if matches!(part, Part::Ended | Part::Unknown) { Role::Dim } else { Role::Text };
        left.push(self.look.task_name(task, name_role));
        if let Some(printed) = self.app.ui.outputs.of(task).and_then(|cell| cell.printed.last())
            && part == Part::Holder
        {
            // What it printed last may be long ago.
            let said = match self.app.ui.traces.not_heard(task, true) {
                Some(_) => format!("not heard since: {}", self.printed(&printed)),
                None => self.printed(&printed),
            };
            self.beside_name(&mut left, &said, Role::Dim);
        }
        let right = match part {
            Part::Holder | Part::Parallel => self.elapsed(task),
            Part::Waiting { overtaken, .. } => self.wait(task, overtaken),
            Part::Unknown => self.unknown(task),
            Part::Ended => {
                if let Some(text) = failure_line(task).or_else(|| ended_word(task)) {
                    self.beside_name(
                        &mut left,
                        &text,
                        if task.outcome == Some(Outcome::Failed) { Role::Failed } else { Role::Cancelled },
                    );
                }
                self.ended(task)
            }
            Part::Member => Vec::new(),
        };
        Row { left, right, ..Row::default() }
    }

    /// The last line that a cell printed; a progress bar as one of our own.
    fn printed(&self, line: &str) -> String {
        let Some(Bar { title, done, rest }) = bar(line) else { return line.trim().to_owned() };
        let drawn = self.look.glyphs.bar(done, if self.narrow { 4 } else { 8 });
        let title = if title.is_empty() { title } else { format!("{title} ") };
        format!("{title}{drawn} {:.0}% {rest}", done * 100.0)
    }

    /// Puts a second text behind the name; both get their share of what the row has.
    pub(super) fn beside_name(&self, left: &mut Vec<Piece>, text: &str, role: Role) {
        let used: usize = left.iter().rev().skip(1).map(|p| p.text.width()).sum();
        let ending = if self.narrow { 9 } else { 20 };
        let room = self.width.saturating_sub(used + ending);
        let charset = self.look.glyphs.charset;
        let text = self.look.piece(text, role);
        if let Some(name) = left.last_mut() {
            let most = room.saturating_sub(text.text.width() + 2).max(room / 2).max(8);
            name.text = name.text.truncate(most, charset);
        }
        left.push(spaces(2));
        left.push(text);
    }

    pub(super) fn unknown(&self, task: &Task) -> Vec<Piece> {
        let reason = task.reason.as_ref().map_or("not known", reason_text);
        let when = task.ended.map(|s| format!(" {}", words::clock(s.at.utc))).unwrap_or_default();
        vec![self.look.piece(&format!("{reason}{when} "), Role::Unknown)]
    }

    pub(super) fn ended(&self, task: &Task) -> Vec<Piece> {
        let mut right = Vec::new();
        if !self.narrow {
            let lasted = match task.duration(self.now) {
                Some((d, true)) => words::lasted(d),
                Some((d, false)) => format!(">{}", words::lasted(d)),
                None => String::new(),
            };
            right.push(self.look.piece(&format!("{lasted:>7}"), Role::Dim));
        }
        let ago = match task.ended {
            Some(seen) if seen.exact => words::ago(self.now.since(seen.at)),
            // It had ended before we first heard of it.
            Some(seen) => format!("before {}", words::clock(seen.at.utc)),
            None => String::new(),
        };
        right.push(self.look.piece(&format!(" {ago:>8} "), Role::Dim));
        right
    }
}

pub(super) fn ended_word(task: &Task) -> Option<String> {
    match (&task.reason, task.outcome) {
        (Some(Reason::NotSent(why)), _) => Some(format!("not sent: {why}")),
        (Some(reason), _) => Some(reason_text(reason).to_owned()),
        (None, Some(Outcome::Cancelled)) => Some("cancelled".to_owned()),
        (None, Some(Outcome::Failed)) => Some("failed".to_owned()),
        _ => None,
    }
}

/// A task's sign and its role.
pub(super) fn sign_of(task: &Task, look: Look) -> (&'static str, Role) {
    let g = look.glyphs;
    match (task.state, task.outcome) {
        (State::Scheduled, _) => (g.scheduled, Role::Scheduled),
        (State::Waiting, _) if task.scheduled_task_id.is_some() => (g.scheduled, Role::Waiting),
        (State::Waiting, _) => (g.waiting, Role::Waiting),
        (State::Running { .. }, _) => (g.running, Role::Running),
        (State::Ended, Some(Outcome::Ok)) => (g.ok, Role::Ok),
        (State::Ended, Some(Outcome::Cancelled)) => (g.cancelled, Role::Cancelled),
        (State::Ended, _) => (g.failed, Role::Failed),
        (State::Unknown, _) => (g.unknown, Role::Unknown),
    }
}

/// What is to be said of a service at the right of its line: what is wrong, its slot, its kind. `free`: when the slot is
/// likely to be free.
pub(super) fn service_state(
    service: &Service,
    lanes: &Lanes<'_>,
    free: Option<String>,
    look: Look,
    narrow: bool,
) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut say = |text: &str, role: Role| {
        if !pieces.is_empty() {
            pieces.push(look.piece(&format!(" {} ", look.glyphs.separator), Role::Dim));
        }
        pieces.push(look.piece(text, role));
    };
    if service.alone {
        say(
            if narrow {
                "alone"
            } else {
                "alone: its own port, own tasks one at a time, others are invisible"
            },
            Role::Warning,
        );
        return pieces;
    }
    // Of a kernel the task manager tells more.
    let told = matches!(service.kernel, Some((KernelState::Connecting | KernelState::Restarting, _)));
    match service.trouble.filter(|_| !told) {
        Some(Trouble::NotTaken(since)) => {
            say(&format!("not reachable since {}", words::clock(since.utc)), Role::Error);
        }
        Some(Trouble::LostTask(at)) => {
            say(&format!("its tasks were lost {}", words::clock(at.utc)), Role::Error);
        }
        None => {}
    }
    let silent = service.kernel_heard.filter(|_| service.no_word && !told);
    let busy = match &service.kernel {
        Some((KernelState::Busy | KernelState::Idle, _)) if silent.is_some() => None,
        Some((KernelState::Connecting, at)) => {
            say(&format!("not reachable since {}", words::clock(at.utc)), Role::Error);
            None
        }
        Some((KernelState::Restarting, _)) => {
            say("restarting", Role::Warning);
            None
        }
        Some((KernelState::Busy, _)) => Some("kernel busy"),
        Some((KernelState::Idle, _)) => Some("kernel idle"),
        Some((KernelState::Unknown(_), _)) | None => None,
    };
    match lanes.slot {
        Slot::Taken if lanes.holders.len() > 1 => say("two at once: the slot was given away", Role::Warning),
        Slot::Taken | Slot::TakenUnseen { .. } => say(free.as_deref().unwrap_or("slot taken"), Role::Running),
        Slot::Free { .. } => say("slot free", Role::Dim),
        Slot::NotKept => say("no slot kept", Role::Dim),
        Slot::NotKnown { since } => {
            say(&format!("slot not known since {}", words::clock(since.utc)), Role::Dim);
        }
    }
    if !narrow
        && lanes.others_may_wait
        && lanes.waiting.is_empty()
        && !matches!(lanes.slot, Slot::NotKnown { .. })
    {
        say("others may wait", Role::Dim);
    }
    if !narrow && let Some(busy) = busy {
        say(busy, Role::Dim);
    }
    if let Some(since) = silent {
        say(&format!("kernel silent since {}", words::clock(since.utc)), Role::Warning);
    }
    pieces
}
