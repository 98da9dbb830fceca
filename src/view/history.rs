//! The history: a line a task, of earlier runs too, in the columns that were chosen.

use chrono::{DateTime, Datelike, Local, Utc};
use ratatui::layout::Rect;

use crate::{
    app::{
        App,
        action::Action,
        called_or,
        document::reason_text,
        history::{Columns, History},
        layout::Shape,
        left,
        update::{history_height, history_note},
    },
    clean::{Clean, exact},
    store::{Outcome, Past, past::query::Column},
    theme::Role,
    time::Now,
};

use super::{Look, Piece, Row, lanes::sign_of, spaces, word, words};

/// Columns of a moment on a wide screen: a mark, `24 Nov 22:40:11`.
const EXACT: usize = 16;
/// Columns of a moment: a mark, `24 Nov 22:40`.
const WHEN: usize = 13;
/// A screen is wide from here on.
const WIDE: usize = 100;
/// Columns of a moment on a narrow screen.
const SHORT: usize = 7;
/// Columns of a length.
const TOOK: usize = 9;
/// Services and types are cut here.
const WORD: usize = 12;
/// Columns of an id's beginning.
const ID: usize = 8;
/// A name or an error has at least so much room; other columns give way.
const LEAST: usize = 14;
/// What gives way, the first one first.
const GIVES_WAY: [Column; 8] = [
    Column::Id,
    Column::Lane,
    Column::Ended,
    Column::Type,
    Column::Error,
    Column::Service,
    Column::When,
    Column::Took,
];

/// The rows of the body.
pub(super) fn rows(app: &App, history: &History, area: Rect, look: Look, now: Now) -> Vec<Row> {
    let narrow = app.areas().shape == Shape::Narrow;
    let mut rows = vec![head(app, history, look, narrow)];
    let note = history_note(app).into_iter();
    rows.extend(note.map(|text| Row::of(vec![spaces(1), Piece { text, role: Role::Warning }])));
    if history.found.lines.is_empty() {
        rows.push(Row::rule(area.width, look));
        rows.extend(empty(app, history, look, usize::from(area.width), now));
        return rows;
    }
    let height = history_height(app);
    let first = history.first_row(height);
    let visible: Vec<(i64, &Past)> =
        history.found.lines.iter().skip(first).take(height).map(|(row, past)| (*row, &**past)).collect();
    let table = Table::new(history, &visible, usize::from(area.width), look, narrow, now);
    rows.push(table.titles(history));
    for (at, (number, past)) in (first..).zip(visible) {
        let mut row = table.row(past, history.marked.contains(&number));
        row.selected = history.selected() == Some(number);
        rows.push(row.listed(at));
    }
    rows
}

/// The columns that have room, with their widths.
struct Table {
    columns: Vec<(Column, usize)>,
    look: Look,
    /// Columns of a moment.
    moment: usize,
    now: Now,
}

impl Table {
    fn new(
        history: &History,
        visible: &[(i64, &Past)],
        width: usize,
        look: Look,
        narrow: bool,
        now: Now,
    ) -> Table {
        let moment = match narrow {
            true => SHORT,
            false if width < WIDE => WHEN,
            false => EXACT,
        };
        let longest = |column: Column, most: usize| {
            let told =
                visible.iter().map(|(_, past)| Clean::line(&told(past, column), look.charset()).width());
            told.max().unwrap_or(0).max(column.title().len()).min(most)
        };
        let fixed = |column: Column| match column {
            Column::When | Column::Ended => Some(moment),
            Column::Outcome => Some(1),
            Column::Service | Column::Type => Some(longest(column, WORD)),
            Column::Took => Some(TOOK),
            Column::Lane => Some(10),
            Column::Id => Some(ID),
            Column::Name | Column::Error => None,
        };
        // A mark before the first column, a blank behind each.
        let mut columns: Vec<(Column, Option<usize>)> =
            history.columns.iter().map(|column| (*column, fixed(*column))).collect();
        let room = |columns: &[(Column, Option<usize>)]| {
            let taken: usize = columns.iter().map(|(_, width)| width.unwrap_or(0) + 1).sum();
            let open = columns.iter().filter(|(_, width)| width.is_none()).count();
            (width.checked_sub(taken + 1), open)
        };
        let mut gives_way = GIVES_WAY.iter();
        while let (left, open) = room(&columns)
            && left.is_none_or(|left| left < open * LEAST)
            && let Some(next) = gives_way.next()
        {
            if columns.len() > 1 {
                columns.retain(|(column, _)| column != next);
            }
        }
        let (left, open) = room(&columns);
        let left = left.unwrap_or(0);
        // An error needs some room; a name takes the rest, as far as it needs that beside an error.
        let failed: Vec<_> = visible.iter().filter(|(_, past)| !error(past).is_empty()).copied().collect();
        let name =
            failed.iter().map(|(_, past)| Clean::line(&told(past, Column::Name), look.charset()).width());
        let name = name.max().unwrap_or(LEAST).max(LEAST).min(left.saturating_sub(LEAST));
        let error = if open > 1 { left - name } else { left };
        let width = |(column, width): (Column, Option<usize>)| match (column, width) {
            (_, Some(width)) => width,
            (Column::Error, None) => error,
            (_, None) if open > 1 => left - error,
            (_, None) => left,
        };
        let columns = columns.into_iter().map(|it| (it.0, width(it))).collect();
        Table { columns, look, moment, now }
    }

    /// The titles of the columns; the one that it is sorted by has an arrow.
    fn titles(&self, history: &History) -> Row {
        let mut left = vec![spaces(1)];
        for (column, width) in &self.columns {
            let sorted = *column == history.sort;
            let glyphs = self.look.glyphs;
            let arrow = if history.down { glyphs.down } else { glyphs.up };
            let title = match (column, sorted) {
                // Its signs are one column wide.
                (Column::Outcome, true) => arrow.to_owned(),
                (Column::Outcome, false) => String::new(),
                (_, true) => format!("{} {arrow}", column.title()),
                (_, false) => column.title().to_owned(),
            };
            let title = match column {
                Column::When | Column::Ended => format!(" {title}"),
                _ => title,
            };
            let role = if sorted { Role::Key } else { Role::Dim };
            left.extend([self.fitted(&title, *width, *column == Column::Took, role), spaces(1)]);
        }
        Row::of(left)
    }

    fn row(&self, past: &Past, marked: bool) -> Row {
        let mut left = vec![if marked { word("*", Role::Match) } else { spaces(1) }];
        let is_fine = error(past).is_empty();
        let mut columns = self.columns.iter().peekable();
        while let Some((column, width)) = columns.next() {
            let mut width = *width;
            // Where there is no error, a name has the room of both.
            let next = columns.peek().map(|(next, _)| *next);
            if is_fine
                && (*column, next) == (Column::Name, Some(Column::Error))
                && let Some((_, more)) = columns.next()
            {
                width += more + 1;
            }
            let piece = match column {
                Column::When => self.fitted(&self.moment(past.at(), past.mark()), width, false, Role::Dim),
                Column::Ended => {
                    let told = past.ended.map(|it| self.moment(it.at, if it.exact { ' ' } else { '<' }));
                    self.fitted(&told.unwrap_or_default(), width, false, Role::Dim)
                }
                Column::Outcome => {
                    let (sign, role) = sign_of(&past.task(), self.look);
                    self.look.piece(sign, role)
                }
                Column::Name => {
                    if past.own.is_some() {
                        left.extend([self.look.piece(self.look.glyphs.own, Role::Own), spaces(1)]);
                    }
                    let own = if past.own.is_some() { 2 } else { 0 };
                    self.fitted(&told(past, *column), width.saturating_sub(own), false, Role::Text)
                }
                Column::Service => self.fitted(&told(past, *column), width, false, Role::Service),
                _ => self.fitted(&told(past, *column), width, *column == Column::Took, Role::Dim),
            };
            left.extend([piece, spaces(1)]);
        }
        Row::of(left)
    }

    fn fitted(&self, text: &str, width: usize, at_right: bool, role: Role) -> Piece {
        let charset = self.look.charset();
        let text = Clean::line(text, charset);
        let text =
            if at_right { text.truncate(width, charset).pad_start(width) } else { text.fit(width, charset) };
        Piece { text, role }
    }

    /// A moment with its mark.
    fn moment(&self, at: DateTime<Utc>, mark: char) -> String {
        let (at, here) = (at.with_timezone(&Local), self.now.utc.with_timezone(&Local));
        let form = match (self.moment, at.date_naive() == here.date_naive(), at.year() == here.year()) {
            (SHORT, true, _) => "%H:%M",
            (SHORT, false, _) => "%d %b",
            (_, _, false) => "%d %b %Y",
            (EXACT, _, true) => "%d %b %H:%M:%S",
            (_, _, true) => "%d %b %H:%M",
        };
        format!("{mark}{}", at.format(form))
    }
}

/// The columns to choose from, at the right edge of the body.
pub(super) fn columns(columns: &Columns, body: Rect, look: Look) -> (Rect, Vec<Row>) {
    const WIDTH: u16 = 16;
    let height = columns.all.len() + 2;
    // On a small screen the list scrolls with the selection.
    let room = usize::from(body.height).min(height).saturating_sub(2).max(1);
    let first = columns.selected.saturating_sub(room - 1);
    let title = if first > 0 { " Columns ..." } else { " Columns" };
    let mut rows = vec![Row::of(vec![word(title, Role::Title)])];
    for (at, (column, shown)) in columns.all.iter().enumerate().skip(first).take(room) {
        let sign = if *shown { "[x] " } else { "[ ] " };
        let role = if *shown { Role::Text } else { Role::Dim };
        let mut row = Row::of(vec![spaces(1), word(sign, role), look.piece(column.title(), role)]);
        row.selected = at == columns.selected;
        rows.push(row.listed(at));
    }
    let width = WIDTH.min(body.width);
    rows.push(Row::rule(width, look));
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(body.height);
    (Rect { x: body.right() - width, y: body.y, width, height }, rows)
}

fn head(app: &App, history: &History, look: Look, narrow: bool) -> Row {
    let found = &history.found;
    let title = if history.away.is_some() { "Since you left" } else { "History" };
    let mut row = Row::of(vec![spaces(1), word(title, Role::Title)]);
    if let Some(away) = history.away {
        row.left.push(look.piece(&format!("  {}", left::time(away)), Role::Dim));
    }
    let count = match (found.lines.len(), found.total) {
        (passing, total) if passing == total || history.away.is_some() => format!("  {passing}"),
        (passing, total) => format!("  {passing} of {total}"),
    };
    if !history.is_new() {
        row.left.push(look.piece(&count, Role::Text));
    }
    if !history.filter_text.is_empty() {
        row.left.push(word("  filter / ", Role::Key));
        row.left.push(look.piece(&history.filter_text, Role::Match));
    }
    if let Some(words) = app.ui.archive.words(narrow) {
        let reads = app.ui.archive.reading().is_some();
        row.right.push(look.piece(&format!("{words}  "), if reads { Role::Connecting } else { Role::Dim }));
    }
    if history.comparing {
        row.right.push(word("comparing  ", Role::Connecting));
    } else if history.is_waiting() {
        row.right.push(word("looking  ", Role::Connecting));
    }
    match history.marked.len() {
        0 => {}
        n => row.left.push(look.piece(&format!("  {n} marked"), Role::Match)),
    }
    if found.gone > 0 && !narrow {
        let until = found.until.map(|at| at.with_timezone(&Local).format("%d %b %Y").to_string());
        let text = format!("{} older let go, up to {}  ", found.gone, until.unwrap_or_default());
        row.right.push(look.piece(&text, Role::Dim));
    }
    if found.lost > 0 && !narrow {
        row.right.push(look.piece(&format!("{} changes lost  ", found.lost), Role::Warning));
    }
    if found.left_out > 0 && !narrow {
        let text = format!("the newest {}; older ones: juicetop list  ", found.total - found.left_out);
        row.right.push(look.piece(&text, Role::Warning));
    }
    if history.hidden {
        row.right.push(word("hidden too  ", Role::Dim));
    }
    // A column that has no room, or whose title is only an arrow, is named here.
    if narrow {
        let arrow = if history.down { look.glyphs.down } else { look.glyphs.up };
        row.right.push(look.piece(&format!("{} {arrow} ", history.sort.title()), Role::Dim));
    }
    row
}

/// Why nothing stands here.
fn empty(app: &App, history: &History, look: Look, columns: usize, now: Now) -> Vec<Row> {
    let key = |action| app.key(action).unwrap_or_default();
    let (text, role) = if history.is_new() {
        ("The history is being read.".to_owned(), Role::Dim)
    } else if history.filter_text.is_empty() && history.away.is_some() {
        ("Nothing has ended since you left, as far as is known.".to_owned(), Role::Dim)
    } else if history.found.total > 0 && !history.filter_text.is_empty() {
        ("No task of the past passes the filter. Esc shows all.".to_owned(), Role::Dim)
    } else if history.found.total > 0 {
        (format!("All of them are hidden; {} shows them.", key(Action::Hidden)), Role::Dim)
    } else {
        let text = "No task has run yet since the history was begun. What runs from now on will stand here, and \
                    be here after a restart.";
        let archive = app.ui.archive.sentence(now).map_or(String::new(), |told| format!(" {told}"));
        (format!("{text}{archive}"), Role::Dim)
    };
    let lines = Clean::line(&text, look.charset()).wrap(columns.saturating_sub(3).max(1));
    let mut rows = vec![Row::default()];
    rows.extend(lines.into_iter().map(|text| Row::of(vec![spaces(2), Piece { text, role }])));
    rows
}

/// The text of a column.
fn told(past: &Past, column: Column) -> String {
    match column {
        Column::Type => exact(&past.task_type).into_owned(),
        Column::Lane => past.lane.word().to_owned(),
        Column::Id => exact(&past.key.0.chars().take(ID).collect::<String>()).into_owned(),
        Column::Service => exact(&past.service).into_owned(),
        Column::Name => called_or(&past.name, &past.task_type).into_owned(),
        Column::Took => past.took.map_or(String::new(), |(took, exact)| {
            format!("{}{}", if exact { "" } else { ">" }, words::lasted(took))
        }),
        Column::Error => error(past),
        Column::When | Column::Ended | Column::Outcome => String::new(),
    }
}

fn error(past: &Past) -> String {
    let reason = past.reason.as_ref().map(|reason| reason_text(reason).to_owned());
    match (&past.ename, &past.evalue) {
        (Some(name), Some(message)) => format!("{name}: {message}"),
        (name, message) => {
            let failed = past.outcome == Some(Outcome::Failed);
            let error = name.as_ref().or(message.as_ref()).filter(|_| failed);
            error.map(ToString::to_string).or(reason).unwrap_or_default()
        }
    }
}
