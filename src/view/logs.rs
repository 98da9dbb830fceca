//! The services' log: a line a record, the newest below; and the head of a record that is read.

use chrono::{DateTime, Datelike, Local, Utc};
use ratatui::layout::Rect;

use crate::{
    app::{
        App,
        action::Action,
        layout::Shape,
        logs::Logs,
        record::RecordPane,
        update::{logs_height, logs_note},
    },
    clean::{Clean, exact, start},
    theme::Role,
    time::Now,
    wire::logs::{Part, Record},
};

use super::{Look, Piece, Row, spaces, task, word};

/// Columns of a level's word, on a wide and on a narrow screen.
const LEVEL: [usize; 2] = [8, 5];
/// Services and loggers are cut here, on a wide and on a narrow screen.
const NAME: [usize; 2] = [12, 8];
/// From so many columns on loggers and files stand beside.
const WIDE: u16 = 120;

/// The rows of the body.
pub(super) fn rows(app: &App, logs: &Logs, area: Rect, look: Look, now: Now) -> Vec<Row> {
    let narrow = app.areas().shape == Shape::Narrow;
    let mut rows = vec![head(app, logs, look, narrow), Row::rule(area.width, look)];
    let note = logs_note(app).into_iter();
    rows.extend(note.map(|text| Row::of(vec![spaces(1), Piece { text, role: Role::Warning }])));
    if logs.lines.is_empty() {
        rows.extend(empty(app, logs, look, usize::from(area.width)));
        return rows;
    }
    let height = logs_height(app);
    let first = logs.first_row(height);
    let visible: Vec<&Record> = logs.lines.iter().skip(first).take(height).map(|record| &**record).collect();
    let table = Table::of(&visible, area.width, look, narrow, now);
    for (at, record) in visible.into_iter().enumerate() {
        let selected = logs.selected_row() == Some(first + at);
        rows.push(Row { selected, ..table.row(record) }.listed(first + at));
    }
    rows
}

/// A record's head and document.
pub(super) fn record(pane: &RecordPane, area: Rect, look: Look) -> Vec<Row> {
    let record = &*pane.record;
    let mut left = vec![
        spaces(1),
        look.piece(&exact(&record.level_word()), role(record.level)),
        word(" on ", Role::Dim),
    ];
    left.push(look.name(&record.service, Role::Service));
    left.extend([spaces(2), look.name(&record.logger, Role::Dim)]);
    let at = record.at.with_timezone(&Local).format("%d %b %H:%M:%S ").to_string();
    let mut head = Row { left, right: vec![look.piece(&at, Role::Dim)], ..Row::default() };
    head.share_among(&[3, 5], area.width, look);
    task::below(head, &pane.page, area, true, look)
}

fn role(level: i64) -> Role {
    match level {
        40.. => Role::Failed,
        30.. => Role::Warning,
        20.. => Role::Text,
        _ => Role::Dim,
    }
}

/// The columns that have room, with their widths.
struct Table {
    /// The form of a moment.
    form: &'static str,
    level: usize,
    service: usize,
    logger: usize,
    wide: bool,
    narrow: bool,
    /// Columns of a row.
    columns: usize,
    look: Look,
}

impl Table {
    fn of(visible: &[&Record], width: u16, look: Look, narrow: bool, now: Now) -> Table {
        let here = now.utc.with_timezone(&Local).date_naive();
        let local = |record: &Record| record.at.with_timezone(&Local).date_naive();
        let is_today = visible.iter().all(|record| local(record) == here);
        let is_near = visible.iter().all(|record| local(record).year() == here.year());
        let form = match (is_today, narrow) {
            (true, _) => "%H:%M:%S",
            (_, true) => "%d %b %H:%M",
            (_, false) if is_near => "%d %b %H:%M:%S",
            (_, false) => "%d %b %Y %H:%M:%S",
        };
        let most = NAME[usize::from(narrow)];
        let widest = |name: fn(&Record) -> &str| {
            let widths =
                visible.iter().map(|record| look.name(start(name(record), most), Role::Text).text.width());
            widths.max().unwrap_or_default().min(most)
        };
        let wide = width >= WIDE;
        Table {
            form,
            level: LEVEL[usize::from(narrow)],
            service: widest(|record| &record.service),
            logger: if wide { widest(|record| &record.logger) } else { 0 },
            wide,
            narrow,
            columns: usize::from(width),
            look,
        }
    }

    fn row(&self, record: &Record) -> Row {
        let look = self.look;
        // Whatever a record holds, no more is read of it than is seen.
        let fit = |text: &str, role: Role, width: usize| Piece {
            text: look.name(start(text, width), role).text.fit(width, look.charset()),
            role,
        };
        let level = record.level_word();
        let level = match (self.narrow, &*level) {
            (true, "critical") => "crit",
            (true, "warning") => "warn",
            (_, level) => level,
        };
        let mut left = vec![
            spaces(1),
            look.piece(&self.moment(record.at), Role::Dim),
            spaces(1),
            fit(level, role(record.level), self.level),
            spaces(1),
            fit(&record.service, Role::Service, self.service),
            spaces(1),
        ];
        if self.wide {
            left.extend([fit(&record.logger, Role::Dim, self.logger), spaces(1)]);
        }
        // What is folded below it.
        let has_more = record.traceback.is_some() || record.stack.is_some();
        left.push(if has_more { look.piece(look.glyphs.folded, Role::Library) } else { spaces(1) });
        let mut lines = record.message.lines();
        let first = start(lines.next().unwrap_or_default(), self.columns);
        let text = if lines.next().is_some() {
            format!("{first} {}", look.glyphs.ellipsis)
        } else {
            first.to_owned()
        };
        left.extend([spaces(1), look.piece(&text, if record.level < 20 { Role::Dim } else { Role::Text })]);
        let mut row = Row::of(left);
        if let Some(path) = record.path.as_ref().filter(|_| self.wide) {
            let file = start(path.rsplit(['/', '\\']).next().unwrap_or(path), self.columns);
            let line = record.line.map(|line| format!(":{line}")).unwrap_or_default();
            row.right = vec![look.piece(&format!("{file}{line}"), Role::Dim), spaces(1)];
        }
        row
    }

    fn moment(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&Local).format(self.form).to_string()
    }
}

fn head(app: &App, logs: &Logs, look: Look, narrow: bool) -> Row {
    let mut row = Row::of(vec![spaces(1), word("Log", Role::Title)]);
    if !logs.is_new() {
        let more = match (logs.more, logs.full) {
            (true, true) if !narrow => ", no room for older ones",
            (true, false) if !narrow => ", older ones above",
            (true, _) => "+",
            (false, _) => "",
        };
        row.left.push(look.piece(&format!("  {}{more}", logs.lines.len()), Role::Text));
    }
    if !logs.filter_text.is_empty() {
        row.left.push(word("  filter / ", Role::Key));
        row.left.push(look.piece(&logs.filter_text, Role::Match));
    }
    if logs.odd > 0 && !narrow {
        row.right.push(look.piece(&format!("{} unreadable  ", logs.odd), Role::Warning));
    }
    let state = match (logs.waits(), logs.newer()) {
        _ if app.settings.no_log.is_some() => None,
        (Some(Part::Newest), _) => Some(("looking".to_owned(), Role::Connecting)),
        (Some(Part::UpTo(_)), _) => Some(("reading older ones".to_owned(), Role::Connecting)),
        _ if logs.has_end() || !logs.follows => None,
        _ if logs.failure.as_ref().is_some_and(|failure| !failure.passes) => None,
        (_, 0) => Some(("following".to_owned(), Role::Live)),
        (_, newer) => Some((format!("paused, {newer} newer"), Role::Dim)),
    };
    if let Some((text, role)) = state {
        row.right.push(look.piece(&format!("{text} "), role));
    }
    row
}

/// Why nothing stands here.
fn empty(app: &App, logs: &Logs, look: Look, columns: usize) -> Vec<Row> {
    let key = |action| app.key(action).unwrap_or_default();
    let text = match (&app.settings.no_log, logs.waits(), &logs.failure) {
        (Some(why), ..) => format!("The services' log cannot be asked from here: {why}."),
        (_, Some(_), _) => "The log is being asked.".to_owned(),
        (_, _, Some(_)) => return Vec::new(),
        _ => {
            let told = match (logs.has_begin(), logs.has_end()) {
                _ if logs.more => {
                    "It took too long to look through all of it; no record passes of what was looked through."
                }
                (true, _) => "No record passes.",
                (_, true) => "Of the day before that no record passes; since: looks further back.",
                (..) => "Of the last 24 hours no record passes; since: looks further back.",
            };
            format!("{told} {} changes the filter.", key(Action::Filter))
        }
    };
    let lines = Clean::line(&text, look.charset()).wrap(columns.saturating_sub(3).max(1));
    let mut rows = vec![Row::default()];
    rows.extend(lines.into_iter().map(|text| Row::of(vec![spaces(2), Piece { text, role: Role::Dim }])));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clean::Charset, theme::Glyphs, wire::json};

    #[test]
    fn of_a_record_of_any_size_no_more_is_looked_at_than_can_be_seen() {
        let large = format!("\u{b5}{}", "x".repeat(100_000));
        let raw = format!(
            r#"{{"message": {0}, "name": {0}, "levelname": {0}, "pathname": {0}, "lineno": 7}}"#,
            json::quote(&large)
        );
        let now = Now::at(0.0);
        let record = Record::read(now.utc, &large, Some(35), &raw);
        let look = Look { glyphs: Glyphs::of(Charset::Unicode) };
        let row = Table::of(&[&record], 200, look, false, now).row(&record);
        let widths: Vec<usize> = row.left.iter().chain(&row.right).map(|piece| piece.text.width()).collect();
        assert!(widths.iter().all(|width| *width < 4_000), "{widths:?}");
        assert!(widths.iter().sum::<usize>() > 200, "it fills the row: {widths:?}");
    }
}
