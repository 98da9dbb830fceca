//! Reading one task: the document, where the cursor is in it, what is folded, searched and wrapped.
//!
//! The document is made when something it shows has changed, never while painting.

use crate::{
    catalogue::Catalogue,
    clean::{Charset, Clean},
    store::{State, Task, TaskKey, usual::Sample},
    time::Now,
    traceback::Report,
    wire::Text,
};

use super::compose::{LARGEST, SECRET, masked_payload};
use super::document::{self, Choice, Document, Known, Line, Mark};
use super::{
    Settings,
    outputs::Outputs,
    session::{Gap, Session},
    traces::Traces,
};

/// Columns of the sign before what can be folded.
const FOLD_SIGN: usize = 2;

/// A larger payload is looked through for secrets beside the loop, bytes: a key may not wait for it.
pub const LARGE: usize = LARGEST;

/// Whether two texts are one and the same; without reading them, for they may be large.
fn is_same(one: Option<&Text>, other: Option<&Text>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::eq(&raw const **one, &raw const **other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// What the document was made from; made anew when it differs.
#[derive(Clone, Debug, PartialEq)]
struct Stamp {
    heard: Now,
    state: State,
    has_reply: bool,
    let_go: bool,
    traces: (u64, u64),
    own: bool,
    choice: Choice,
    second: Option<u64>,
    sample: Option<Sample>,
    gaps: (usize, bool),
}

/// A document that is read, and where one is in it.
#[derive(Debug, Default)]
pub struct Page {
    /// How it is shown.
    pub choice: Choice,
    /// The lines.
    pub document: Document,
    /// The line under the cursor.
    pub cursor: usize,
    /// The first line on the screen.
    pub top: usize,
    /// Rows of that line that are scrolled away (only where it is wrapped).
    pub skipped: usize,
    /// Columns scrolled away to the left (only where nothing is wrapped).
    pub left: usize,
    /// Long lines are wrapped.
    pub wrap: bool,
    /// What is looked for.
    pub search: String,
}

/// The reader of one task.
#[derive(Debug)]
pub struct Reader {
    /// Which task.
    pub key: TaskKey,
    /// Its document, and where one is in it.
    pub page: Page,
    /// The task left the store: what is shown is the last that was known.
    pub gone: bool,
    stamp: Option<Stamp>,
    report: Option<(Text, Report)>,
    /// The payload of which the masked one was made, or is being made.
    masked_of: Option<Text>,
    /// It is to be made beside the loop, and nobody was asked to.
    unasked: bool,
    /// The secrets that stand in a large payload.
    secrets: Vec<String>,
}

impl Reader {
    /// A reader at the top of the task.
    pub fn new(key: TaskKey, settings: &Settings) -> Reader {
        Reader {
            key,
            page: Page::new(settings),
            gone: false,
            stamp: None,
            report: None,
            masked_of: None,
            unasked: false,
            secrets: Vec::new(),
        }
    }

    /// Whether somebody is to be asked to look through the payload.
    pub fn asks(&self) -> bool {
        self.unasked
    }

    /// The payload that is to be looked through for secrets beside the loop; each is given once.
    pub fn ask(&mut self) -> Option<Text> {
        self.masked_of.clone().filter(|_| std::mem::take(&mut self.unasked))
    }

    /// That payload was looked through; `masked`: where it has secrets, which are these.
    pub fn looked_through(&mut self, payload: &Text, masked: Option<&Text>, secrets: &[String]) {
        if self.page.choice.looking && is_same(self.masked_of.as_ref(), Some(payload)) {
            self.page.choice.looking = false;
            self.page.choice.masked = masked.cloned();
            self.secrets = secrets.to_vec();
        }
    }

    /// What may be seen of that payload, if it was looked through here.
    pub fn seen_of(&self, payload: &Text) -> Option<Text> {
        self.knows(payload).then(|| self.page.choice.masked.clone().unwrap_or_else(|| payload.clone()))
    }

    /// The secrets of that large payload, if it was looked through here.
    pub fn secrets_of(&self, payload: &Text) -> Option<Vec<String>> {
        self.knows(payload).then(|| self.secrets.clone())
    }

    fn knows(&self, payload: &Text) -> bool {
        !self.page.choice.looking && is_same(self.masked_of.as_ref(), Some(payload))
    }

    /// Bytes that stay at hand because it is open, also where the store lets them go.
    pub fn bytes(&self) -> usize {
        let texts =
            [&self.masked_of, &self.page.choice.masked, &self.report.as_ref().map(|(text, _)| text.clone())];
        // What is shown of them are lines of their own.
        2 * texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
    }

    /// It is about another moment from now on: nothing that was seen counts.
    pub fn outdate(&mut self) {
        self.stamp = None;
        self.gone = false;
    }

    /// Makes the document anew if what it shows has changed; true if it did.
    pub fn refresh(
        &mut self,
        session: &Session,
        catalogue: &Catalogue,
        traces: &Traces,
        outputs: &Outputs,
        now: Now,
    ) -> bool {
        let store = &session.store;
        let Some(task) = store.task(&self.key) else {
            return !std::mem::replace(&mut self.gone, true);
        };
        // The scheduler's id takes the place of the frame's once it is known.
        self.key.clone_from(&task.key);
        if !is_same(self.masked_of.as_ref(), task.payload.as_ref()) {
            self.masked_of.clone_from(&task.payload);
            let large = task.payload.as_ref().is_some_and(|payload| payload.len() > LARGE);
            (self.page.choice.looking, self.unasked) = (large, large);
            let masked = || masked_payload(catalogue, task, SECRET).map(Text::from);
            self.page.choice.masked = if large { None } else { masked() };
        }
        let running = matches!(task.state, State::Running { .. });
        let stamp = Stamp {
            heard: task.last_heard,
            state: task.state,
            has_reply: task.reply.is_some(),
            let_go: task.let_go,
            traces: (traces.revision(), outputs.revision()),
            own: task.own.is_some(),
            choice: self.page.choice.clone(),
            second: running.then_some(now.mono.as_secs()),
            sample: store.sample(task),
            gaps: (session.gaps.count(), session.gaps.open().is_some()),
        };
        if self.stamp.as_ref() == Some(&stamp) {
            return false;
        }
        let sample = stamp.sample;
        self.stamp = Some(stamp);
        let found = traces.of(task);
        self.read_traceback(task, found.map(|(text, _)| text));
        let missing = match found {
            Some((_, origin)) => vec![origin.words()],
            None => traces.advice(task),
        };
        // How long it may have run is known only where its end was seen.
        let begin = task.started.map_or(task.first_seen, |seen| seen.at);
        let end = task.ended.filter(|_| task.state == State::Ended).map_or(now, |seen| seen.at);
        let wall = session.store.is_recalled(&task.key);
        let unseen: Vec<Gap> = session.gaps.within(begin, end, wall).copied().collect();
        let output = outputs.of(task);
        let unheard = traces.not_heard(task, output.is_some());
        let known = Known {
            about: &missing,
            sample: sample.as_ref(),
            unseen: &unseen,
            output,
            unheard: unheard.as_deref(),
            beside: task.started.filter(|_| !wall).map(|_| (store.beside(), begin, end)),
        };
        let document = document::build(task, self.report(), &known, &self.page.choice, now);
        let changed = document != self.page.document;
        self.page.document = document;
        self.page.cursor = self.page.cursor.min(self.page.last());
        changed
    }

    fn read_traceback(&mut self, task: &Task, found: Option<&Text>) {
        let failure = task.failure();
        let Some(text) = failure.and_then(|e| e.traceback.clone().or(found.cloned())) else {
            self.report = None;
            return;
        };
        if !is_same(self.report.as_ref().map(|(of, _)| of), Some(&text)) {
            let (ename, evalue) = failure.map_or((None, None), |e| (e.ename.as_deref(), e.evalue.as_deref()));
            let report = Report::read(&document::bounded(&text), ename, evalue);
            self.report = Some((text, report));
        }
    }

    /// Its traceback, if it has one.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref().map(|(_, report)| report)
    }
}

impl Page {
    /// An empty one.
    pub fn new(settings: &Settings) -> Page {
        let (oldest_first, charset) = (settings.oldest_first, settings.charset);
        Page { choice: Choice { oldest_first, charset, ..Choice::default() }, ..Page::default() }
    }

    fn last(&self) -> usize {
        self.document.lines.len().saturating_sub(1)
    }

    /// The line under the cursor.
    pub fn line(&self) -> Option<&Line> {
        self.document.lines.get(self.cursor)
    }

    /// Moves the cursor by lines.
    pub fn step(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.last());
    }

    /// Moves the cursor to a line.
    pub fn go(&mut self, to: usize) {
        self.cursor = to.min(self.last());
    }

    /// Moves to the next line with that mark, or the one before; false if there is none.
    pub fn go_mark(&mut self, mark: Mark, forward: bool) -> bool {
        let is = |i: &usize| self.document.lines[*i].mark == Some(mark);
        let found = if forward {
            (self.cursor + 1..self.document.lines.len()).find(is)
        } else {
            (0..self.cursor.min(self.document.lines.len())).rev().find(is)
        };
        if let Some(i) = found {
            self.cursor = i;
        }
        found.is_some()
    }

    /// Moves to the cause of the exception that the cursor is in; from outside, of the one that was raised. False if it
    /// has none.
    pub fn go_cause(&mut self) -> bool {
        let exceptions = &self.document.exceptions;
        let inside = self.line().and_then(|line| line.exception);
        let Some(here) = inside.or(self.document.raised) else { return false };
        let cause = exceptions.get(here).and_then(|it| it.cause);
        if let Some(cause) = cause.and_then(|cause| exceptions.get(cause)) {
            self.cursor = cause.line;
        }
        cause.is_some()
    }

    /// Folds or unfolds what the cursor stands on; false if there is nothing.
    pub fn fold(&mut self) -> bool {
        let Some((fold, _)) = self.line().and_then(|l| l.fold) else { return false };
        if !self.choice.toggled.remove(&fold) {
            self.choice.toggled.insert(fold);
        }
        true
    }

    /// Moves to the next line that holds what is searched, from the cursor on and round; false if none does.
    pub fn next_match(&mut self) -> bool {
        if self.search.is_empty() {
            return false;
        }
        let needle = self.search.to_lowercase();
        let n = self.document.lines.len();
        let hit = (1..=n)
            .map(|d| (self.cursor + d) % n)
            .find(|i| self.document.lines[*i].plain().to_lowercase().contains(&needle));
        if let Some(i) = hit {
            self.cursor = i;
        }
        hit.is_some()
    }

    /// Rows that a line takes.
    pub fn rows(&self, index: usize, columns: usize, charset: Charset) -> usize {
        let wraps = |line: &&Line| self.wrap || line.wraps;
        let Some(line) = self.document.lines.get(index).filter(wraps) else { return 1 };
        let (_, room) = line.room(columns);
        let sign = if line.fold.is_some() { FOLD_SIGN } else { 0 };
        let rest = room - self.hang(line, room);
        Clean::line(&line.plain(), charset).chop(room.saturating_sub(sign), rest).len()
    }

    /// Columns by which the further rows of a line stand in, where it alone is wrapped.
    pub fn hang(&self, line: &Line, room: usize) -> usize {
        if line.wraps && !self.wrap && room > 4 * FOLD_SIGN { FOLD_SIGN } else { 0 }
    }

    /// Scrolls so that the cursor's line can be seen on a pane of this size.
    pub fn follow(&mut self, columns: usize, height: usize, charset: Charset) {
        let height = height.max(1);
        self.cursor = self.cursor.min(self.last());
        if self.cursor <= self.top {
            let rows = self.rows(self.cursor, columns, charset);
            self.skipped = if self.cursor < self.top { 0 } else { self.skipped.min(rows.saturating_sub(1)) };
            self.top = self.cursor;
        } else {
            // From the cursor's line upwards: how far up may the top be for the whole line to be seen?
            let used = self.rows(self.cursor, columns, charset).min(height);
            let first = self.first_above(self.cursor, height - used, columns, charset);
            if first > self.top {
                self.top = first;
                self.skipped = 0;
            }
        }
        // No empty room below the end while there is text above.
        let first = self.first_above(self.document.lines.len(), height, columns, charset);
        if first < self.top {
            self.top = first;
            self.skipped = 0;
        }
    }

    /// The first of the lines right above `index` that fit into so many rows together.
    fn first_above(&self, index: usize, room: usize, columns: usize, charset: Charset) -> usize {
        let (mut first, mut left) = (index, room);
        while first > 0 {
            match left.checked_sub(self.rows(first - 1, columns, charset)) {
                Some(less) => left = less,
                None => break,
            }
            first -= 1;
        }
        first
    }

    /// One line down; inside a wrapped line that is taller than the pane, one row.
    pub fn down(&mut self, columns: usize, height: usize, charset: Charset) {
        if self.cursor == self.top {
            let rows = self.rows(self.cursor, columns, charset);
            if rows - self.skipped.min(rows) > height {
                self.skipped += 1;
                return;
            }
        }
        self.step(1);
    }

    /// Scrolls by lines, down or up, as far as there is text; the cursor stays where it is seen.
    pub fn scroll(&mut self, by: isize, columns: usize, height: usize, charset: Charset) {
        let height = height.max(1);
        // Inside a line that is taller than the pane, by rows.
        let hidden = self.rows(self.top, columns, charset).saturating_sub(height);
        let skipped = self.skipped.saturating_add_signed(by).min(hidden);
        if skipped != self.skipped {
            (self.skipped, self.cursor) = (skipped, self.top);
            return;
        }
        let end = self.first_above(self.document.lines.len(), height, columns, charset).min(self.last());
        let top = self.top.saturating_add_signed(by).min(end);
        if top != self.top {
            (self.top, self.skipped) = (top, 0);
        }
        // The last line that is seen whole.
        let mut last = self.top;
        let mut used = self.rows(last, columns, charset);
        while last < self.last() {
            used += self.rows(last + 1, columns, charset);
            if used > height {
                break;
            }
            last += 1;
        }
        self.cursor = self.cursor.clamp(self.top, last);
    }

    /// One line up; inside a wrapped line that is scrolled, one row.
    pub fn up(&mut self) {
        if self.cursor == self.top && self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        self.step(-1);
    }
}
