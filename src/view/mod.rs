//! What to show: one builder a screen, made of rows of pieces; visible rows only.
//!
//! Pure and without style: a piece has a [`Role`], what that looks like is the theme's business, and putting it into
//! a buffer is the widgets'. Texts from outside become [`Clean`] here and nowhere later.

mod beside;
mod compare;
mod compose;
mod copy_as;
mod failures;
mod form;
mod group;
mod history;
mod labs;
mod lanes;
mod logs;
mod many;
mod notices;
mod overlay;
mod palette;
mod replay;
mod result;
mod schedule;
mod services;
mod task;
#[cfg(test)]
mod tests;
mod title;
mod usual;
mod welcome;
mod when;
pub mod words;

use ratatui::layout::{Position, Rect};

pub use title::title;

use crate::{
    app::{
        App, Layer, Severity,
        action::{Action, Context},
        banner::Banner,
        called_or,
        choose::Stage,
        document::Mark,
        layout::Shape,
        mouse::{Spot, Spots},
        reader::Page,
        services::{DEEDS, Step},
        traces::failed_in_cell,
    },
    catalogue::form::Origin,
    clean::{Charset, Clean, exact},
    store::Task,
    theme::{Glyphs, Role},
    time::Now,
    wire::control::Deed,
};

/// A piece of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The text.
    pub text: Clean,
    /// What it means.
    pub role: Role,
}

/// One row: pieces from the left, pieces at the right edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// From the left. What does not fit is cut, with an ellipsis.
    pub left: Vec<Piece>,
    /// At the right edge; it is never cut while the left has a third of the row.
    pub right: Vec<Piece>,
    /// The selected row.
    pub selected: bool,
    /// What a click on it means.
    pub spot: Option<Spot>,
}

/// Rows in a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Pane {
    /// Where.
    pub area: Rect,
    /// The rows from the top; what is beyond the area is not drawn.
    pub rows: Vec<Row>,
    /// It covers what is below it.
    pub opaque: bool,
}

/// A picture of the whole screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Screen {
    /// Its panes, later ones above.
    pub panes: Vec<Pane>,
    /// Where typing goes on.
    pub cursor: Option<Position>,
    /// The picture is old: everything is dimmed but the header.
    pub stale: bool,
    /// The header's rows, which are not dimmed.
    pub header: Rect,
    /// What a click would mean where.
    pub spots: Spots,
}

impl Screen {
    /// Something over all that: nothing below it can be clicked.
    fn over(&mut self, area: Rect, rows: Vec<Row>) {
        self.spots.cover();
        self.spots.put(area, Spot::Top);
        put_rows(&mut self.spots, area, &rows);
        self.panes.push(Pane { area, rows, opaque: true });
    }
}

/// The rows of a pane that can be clicked.
fn put_rows(spots: &mut Spots, area: Rect, rows: &[Row]) {
    for (y, row) in (area.y..area.bottom()).zip(rows) {
        if let Some(spot) = row.spot {
            spots.put(Rect { y, height: 1, ..area }, spot);
        }
    }
}

/// What painting needs to know apart from the state.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The signs.
    pub glyphs: &'static Glyphs,
}

impl Look {
    fn charset(self) -> Charset {
        self.glyphs.charset
    }

    /// A piece of text from outside.
    pub(crate) fn piece(self, text: &str, role: Role) -> Piece {
        Piece { text: Clean::line(text, self.charset()), role }
    }

    /// A name: no other one is shown as this.
    pub(crate) fn name(self, name: &str, role: Role) -> Piece {
        self.piece(&exact(name), role)
    }

    /// What a task is called.
    pub(crate) fn task_name(self, task: &Task, role: Role) -> Piece {
        self.piece(&called_or(&task.name, &task.task_type), role)
    }
}

/// One of our own words.
fn word(text: &'static str, role: Role) -> Piece {
    Piece { text: Clean::from_static(text), role }
}

/// So many of these lines; where there are more, the last one says so.
fn first_lines(mut lines: Vec<Clean>, most: usize, columns: usize, look: Look) -> Vec<Clean> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let goes_on = Clean::from_static(look.glyphs.ellipsis);
            *last = Clean::concat(&[last.clone(), goes_on]).truncate(columns, look.charset());
        }
    }
    lines
}

fn spaces(n: usize) -> Piece {
    Piece { text: Clean::spaces(n), role: Role::Text }
}

impl Row {
    /// The same, as that row of the list on top.
    fn listed(self, at: usize) -> Row {
        Row { spot: Some(Spot::Row(at)), ..self }
    }

    fn of(left: Vec<Piece>) -> Row {
        Row { left, ..Row::default() }
    }

    /// Cuts the names at these places of the left side where the row has no room for all of it, so that no name, however
    /// long, pushes out what stands behind it. Short ones stay whole as long as they can.
    fn share_among(&mut self, names: &[usize], width: u16, look: Look) {
        /// Of a name that much always stands there.
        const LEAST: usize = 6;
        let width = usize::from(width);
        let wide = |pieces: &[Piece]| pieces.iter().map(|p| p.text.width()).sum::<usize>();
        let of_names: usize = names.iter().filter_map(|at| self.left.get(*at)).map(|p| p.text.width()).sum();
        let gap = usize::from(!self.right.is_empty());
        let others = wide(&self.left) - of_names + wide(&self.right) + gap;
        let mut room = width.saturating_sub(others).max(LEAST * names.len());
        let mut shortest: Vec<usize> = names.to_vec();
        shortest.sort_by_key(|at| self.left.get(*at).map_or(0, |p| p.text.width()));
        for (nth, at) in shortest.into_iter().enumerate() {
            let Some(name) = self.left.get_mut(at) else { continue };
            name.text = name.text.truncate(room / (names.len() - nth), look.charset());
            room -= name.text.width();
        }
    }

    fn rule(width: u16, look: Look) -> Row {
        Row::of(vec![look.piece(&look.glyphs.rule.repeat(usize::from(width)), Role::Rule)])
    }
}

/// The picture of the state.
pub fn screen(app: &App, look: Look, now: Now) -> Screen {
    let areas = app.areas();
    // The strip of labs tells of others, whose picture may be as new as can be.
    let heads = if app.ui.labs.is_some() { areas.header.union(areas.upper_rule) } else { areas.header };
    let mut screen = Screen { stale: app.is_stale(), header: heads, ..Screen::default() };
    if areas.shape == Shape::Tiny {
        let text = if app.ui.size.0 >= 9 { "too small" } else { "" };
        let area = Rect::new(0, 0, app.ui.size.0, app.ui.size.1);
        screen.panes.push(Pane { area, rows: vec![Row::of(vec![word(text, Role::Dim)])], opaque: true });
        return screen;
    }
    let top = app.ui.layers.iter().rposition(|l| {
        matches!(
            l,
            Layer::Task(_)
                | Layer::Result(_)
                | Layer::Plot(_)
                | Layer::Table(_)
                | Layer::Choose(_)
                | Layer::Compose(_)
                | Layer::Many(_)
                | Layer::Schedule(_)
                | Layer::Services(_)
                | Layer::Logs(_)
                | Layer::Record(_)
                | Layer::Beside(_)
                | Layer::Failures(_)
                | Layer::History(_)
                | Layer::Notices(_)
                | Layer::Compare(_)
                | Layer::Help(_)
                | Layer::Welcome
        )
    });
    let base = top.map(|i| &app.ui.layers[i]);
    // On a wide screen an opened task stands beside the lanes.
    let beside = areas.side.filter(|_| matches!(base, Some(Layer::Task(_)) | None));
    let spots = &mut screen.spots;
    spots.put(areas.body, Spot::Top);
    if base.is_none() || beside.is_some() {
        spots.put(areas.lanes, Spot::Lanes);
    }
    if let (Some(side), Some(border)) = (beside, areas.border()) {
        spots.put(border, Spot::Border);
        spots.put(side, if base.is_none() { Spot::Side } else { Spot::Top });
    }
    let mut pane = |area: Rect, rows: Vec<Row>| {
        if area.area() > 0 {
            put_rows(&mut screen.spots, area, &rows);
            screen.panes.push(Pane { area, rows, opaque: true });
        }
    };
    pane(areas.header, vec![header(app, look, now)]);
    let upper = match &app.ui.labs {
        Some(labs) => labs::strip(app, labs, areas.upper_rule.width, look),
        None => replay::line(app, areas.upper_rule.width, look, now),
    };
    pane(areas.upper_rule, vec![upper]);
    if let Some(banner) = app.banner().filter(|_| areas.banner.height > 0) {
        let columns = usize::from(areas.banner.width).saturating_sub(2);
        let role = match &banner {
            Banner::Problem(_) => Role::Error,
            Banner::Gap(_) => Role::Warning,
            Banner::Left(_) => Role::Notice,
        };
        let lines = Clean::line(banner.text(), look.charset()).wrap(columns);
        let rows = first_lines(lines, usize::from(areas.banner.height), columns, look)
            .into_iter()
            .map(|text| Row::of(vec![spaces(1), Piece { text, role }]))
            .collect();
        pane(areas.banner, rows);
    }
    if base.is_none() || beside.is_some() {
        pane(areas.lanes, lanes::rows(app, look, now));
        let height = app.strip_height(&areas);
        if height > 0 {
            let below = Rect { y: areas.lanes.bottom().saturating_sub(height), height, ..areas.lanes };
            pane(below, vec![beside::strip(app, below.width, look, now)]);
        }
    }
    if let (Some(side), Some(rule)) = (beside, areas.border()) {
        let line = Row::of(vec![look.piece(look.glyphs.bar_line, Role::Rule)]);
        pane(rule, vec![line; usize::from(side.height)]);
        if base.is_none() {
            let rows = match &app.ui.side {
                Some(reader) => task::rows(app, reader, side, false, look, now),
                None => Vec::new(),
            };
            pane(side, rows);
        }
    }
    let mut cursor = None;
    match base {
        Some(Layer::Task(reader)) => {
            let area = beside.unwrap_or(areas.body);
            pane(area, task::rows(app, reader, area, true, look, now));
        }
        Some(Layer::Welcome) => pane(areas.body, welcome::rows(app, areas.body, look)),
        Some(Layer::Result(viewer)) => pane(areas.body, result::tree(viewer, areas.body, look)),
        Some(Layer::Plot(plot)) => pane(areas.body, result::plot(plot, areas.body, look)),
        Some(Layer::Table(table)) => pane(areas.body, result::table(table, areas.body, look)),
        Some(Layer::Choose(choose)) => {
            let (rows, at) = compose::choose(choose, areas.body, look);
            cursor = Some(at);
            pane(areas.body, rows);
        }
        Some(Layer::Compose(composer)) => {
            let (panes, at) = compose::composer(app, composer, now, areas.body, look);
            cursor = at;
            for (area, rows) in panes {
                pane(area, rows);
            }
        }
        Some(Layer::Schedule(schedule)) => {
            pane(areas.body, schedule::rows(app, schedule, areas.body, look, now));
        }
        Some(Layer::Services(list)) => pane(areas.body, services::rows(app, list, areas.body, look, now)),
        Some(Layer::Logs(log)) => pane(areas.body, logs::rows(app, log, areas.body, look, now)),
        Some(Layer::Record(record)) => pane(areas.body, logs::record(record, areas.body, look)),
        Some(Layer::Beside(view)) => pane(areas.body, beside::rows(app, view, areas.body, look, now)),
        Some(Layer::Failures(view)) => pane(areas.body, failures::rows(app, view, areas.body, look, now)),
        Some(Layer::History(past)) => {
            pane(areas.body, history::rows(app, past, areas.body, look, now));
        }
        Some(Layer::Notices(list)) => pane(areas.body, notices::rows(app, list, areas.body, look, now)),
        Some(Layer::Compare(compare)) => pane(areas.body, compare::rows(app, compare, areas.body, look)),
        Some(Layer::Many(group)) => {
            let below = app.ui.layers.iter().rev().nth(1);
            if let Some(Layer::Compose(composer)) = below {
                let (rows, at) = many::many(app, composer, group, areas.body, look);
                cursor = at;
                pane(areas.body, rows);
            }
        }
        Some(Layer::Help(help)) => {
            let (rows, at) = overlay::help(help, &app.settings.keymap, app.settings.mouse, areas.body, look);
            cursor = Some(at);
            pane(areas.body, rows);
        }
        _ => {}
    }
    // On a very small screen the place may be cut off.
    cursor = cursor.filter(|c| areas.body.contains(*c));
    let (lower, at) = lower_rule(app, areas.lower_rule, look);
    cursor = at.or(cursor);
    let (keys, hints) = footer(app, areas.footer, look);
    if areas.lower_rule.height > 0 {
        pane(areas.lower_rule, vec![lower]);
        pane(areas.footer, vec![keys]);
        hints.into_iter().for_each(|(area, action)| screen.spots.put(area, Spot::Key(action)));
    } else if lower.left.is_empty() || lower == Row::rule(areas.lower_rule.width, look) {
        pane(areas.footer, vec![keys]);
        hints.into_iter().for_each(|(area, action)| screen.spots.put(area, Spot::Key(action)));
    } else {
        // A small screen has one line for both.
        cursor = at.map(|p| Position { x: p.x, y: areas.footer.y }).or(cursor);
        pane(areas.footer, vec![lower]);
    }
    if let Some(Layer::Pick(pick)) = app.ui.layers.last() {
        let (area, rows, at) = compose::pick(pick, areas.body, look);
        screen.over(area, rows);
        cursor = Some(at).filter(|at| area.contains(*at));
    }
    if let Some(Layer::Palette(found)) = app.ui.layers.last() {
        let (area, rows, at) = palette::palette(found, areas.body, look);
        screen.over(area, rows);
        cursor = Some(at).filter(|at| area.contains(*at));
    }
    if let Some(Layer::Confirm(confirm)) = app.ui.layers.last() {
        let (area, rows) = overlay::confirm(confirm, &app.settings.keymap, areas.body, look);
        screen.over(area, rows);
        cursor = None;
    }
    if let Some(Layer::Columns(columns)) = app.ui.layers.last() {
        let (area, rows) = history::columns(columns, areas.body, look);
        screen.over(area, rows);
        cursor = None;
    }
    if let Some(Layer::CopyAs(copy)) = app.ui.layers.last() {
        let (area, rows) = copy_as::copy_as(copy, &app.settings.keymap, areas.body, look, now);
        screen.over(area, rows);
        cursor = None;
    }
    if let Some(Layer::When(line)) = app.ui.layers.last()
        && areas.body.height > 0
    {
        let (area, rows, at) = when::when(app, line, areas.body, look, now);
        screen.over(area, rows);
        cursor = Some(at);
    }
    screen.cursor = cursor;
    screen
}

fn header(app: &App, look: Look, now: Now) -> Row {
    let narrow = app.areas().shape == Shape::Narrow;
    let columns = usize::from(app.ui.size.0);
    let wide = |pieces: &[Piece]| pieces.iter().map(|p| p.text.width()).sum::<usize>();
    let link = |short: bool, few: bool| {
        let (text, role) = words::link(&app.session, now, short);
        let mut link = vec![look.piece(look.glyphs.bullet, role), spaces(1), look.piece(&text, role)];
        if app.is_replay() {
            link.push(word("  replay", Role::ReadOnly));
        } else if app.settings.read_only {
            link.push(word("  read-only", Role::ReadOnly));
        } else if app.settings.watch_only.is_some() {
            link.push(word("  watch only", Role::ReadOnly));
        }
        if let Some(recording) = app.ui.recording {
            link.push(spaces(2));
            link.push(replay::recording(recording, narrow, look));
        }
        link.extend(beside::throttled(app, few, look, now));
        link
    };
    let role = if app.settings.demo { Role::Demo } else { Role::Service };
    let mut name = look.name(&app.settings.lab, role);
    // The title gives way to the state of the link and to the lab's name, then the counts' words, then those of the link,
    // then the name.
    let least = name.text.width().min(4);
    const TITLE: &str = "juicetop";
    let gap = if narrow { 1 } else { 2 };
    let mut right = counts(app, look, now, narrow);
    let mut said = link(false, false);
    let room = |before: usize, said: &[Piece], right: &[Piece]| {
        columns.checked_sub(before + gap + wide(said) + 1 + wide(right))
    };
    let lacks = |said: &[Piece], right: &[Piece]| room(1, said, right).is_none_or(|room| room < least);
    let mut left = vec![spaces(1)];
    if !narrow && lacks(&said, &right) {
        right = counts(app, look, now, true);
    }
    for few in [false, true] {
        if lacks(&said, &right) {
            said = link(true, few);
        }
    }
    if !narrow && room(1 + TITLE.len() + 2, &said, &right).is_some_and(|room| room >= name.text.width()) {
        left.push(word(TITLE, Role::Title));
        left.push(spaces(2));
    }
    name.text = name.text.truncate(room(wide(&left), &said, &right).unwrap_or(0), look.charset());
    if name.text.width() > 0 {
        left.push(name);
        left.push(spaces(gap));
    }
    left.extend(said);
    let near = beside::near_throttling(app, look, now);
    if room(wide(&left), &[], &right).is_some_and(|room| room >= wide(&near)) {
        left.extend(near);
    }
    Row { left, right, ..Row::default() }
}

fn counts(app: &App, look: Look, now: Now, narrow: bool) -> Vec<Piece> {
    let counts = app.store().counts(app.ui.hidden);
    let mut right = Vec::new();
    // They are as old as the picture under them.
    let old = app.is_stale();
    let mut number = |n: usize, one: &'static str, sign: &'static str, role: Role, always: bool| {
        if n > 0 || always {
            let role = if n > 0 && !old { role } else { Role::Dim };
            let text = if narrow { format!("{n}{sign} ") } else { format!("{n} {one}  ") };
            right.push(look.piece(&text, role));
        }
    };
    number(counts.running, "running", look.glyphs.running, Role::Running, true);
    number(counts.waiting, "waiting", look.glyphs.waiting, Role::Waiting, true);
    number(counts.failed, "failed", look.glyphs.failed, Role::Failed, true);
    number(counts.unknown, "unknown", look.glyphs.unknown, Role::Unknown, false);
    number(counts.let_go, "let go", look.glyphs.ellipsis, Role::Dim, false);
    if !narrow {
        number(counts.texts_let_go, "texts let go", "", Role::Dim, false);
    }
    number(app.session.bad as usize, "unreadable", "!", Role::Warning, false);
    number(app.session.missed as usize, "events missed", "!", Role::Warning, false);
    if let Some(off) = app.store().clock_off(now) {
        let name = if narrow { "lab" } else { "lab's clock " };
        right.push(look.piece(&format!("{name}{} ", words::off(off)), Role::Warning));
    }
    right.push(look.piece(&words::clock(now.utc), Role::Dim));
    if !narrow {
        right.push(spaces(1));
    }
    right
}

/// The line above the footer: what is typed, told or filtered, else a rule.
fn lower_rule(app: &App, area: Rect, look: Look) -> (Row, Option<Position>) {
    if let Some(
        Layer::Filter(line)
        | Layer::NameFilter(line)
        | Layer::Search(line)
        | Layer::Pipe(line)
        | Layer::GoTo(line)
        | Layer::Address(line)
        | Layer::Rename(_, line),
    ) = app.ui.layers.last()
    {
        let (title, empty) = match app.ui.layers.last() {
            Some(Layer::Rename(..)) => (" key  ", "the entry's key"),
            Some(Layer::Filter(_)) if is_over_log(app) => {
                (" filter / ", "words, level:error, service:lab, since:2h; tab completes")
            }
            Some(Layer::Filter(_)) => {
                (" filter / ", "words, outcome:failed, service:lab, since:2h; tab completes")
            }
            Some(Layer::NameFilter(_)) => {
                (" save filter as @", "a name; with an empty filter it is forgotten")
            }
            Some(Layer::Address(_)) => (" open ", "ws://HOST:PORT, or wss://PROXY/PATH/"),
            Some(Layer::GoTo(_)) => (" go to @ ", crate::app::replay::FORMS),
            Some(Layer::Pipe(_)) => (" pipe | ", "a shell command, e.g. jq .t1_us"),
            _ if app.ui.layers.iter().any(|layer| matches!(layer, Layer::Result(_))) => {
                (" search / ", "text, key:name, or a path: .data[3]")
            }
            _ => (" search / ", "a text in this task"),
        };
        let before: String = line.text().chars().take(line.cursor()).collect();
        let x = title.len() + Clean::line(&before, look.charset()).width();
        let text = if line.text().is_empty() {
            word(empty, Role::Placeholder)
        } else {
            look.piece(line.text(), Role::Input)
        };
        let mut row = Row::of(vec![word(title, Role::Key), text]);
        if let Some(error) = app.filter_error() {
            row.right = vec![look.piece(error, Role::Error), spaces(1)];
        } else if let Some(notice) = &app.ui.notice {
            let role = if notice.severity == Severity::Info { Role::Notice } else { Role::Error };
            row.right = vec![look.piece(&notice.text, role), spaces(1)];
        } else if let Some(Layer::NameFilter(line)) = app.ui.layers.last()
            && let Some((_, text)) = app.ui.choices.filters.get(line.text())
        {
            row.right = vec![look.piece(&format!(" instead of {text}"), Role::Warning), spaces(1)];
        }
        let x = (x as u16).min(area.width.saturating_sub(1));
        return (row, Some(Position { x: area.x + x, y: area.y }));
    }
    if let Some(notice) = &app.ui.notice {
        let role = match notice.severity {
            Severity::Info => Role::Notice,
            Severity::Warning => Role::Warning,
            Severity::Error => Role::Error,
        };
        return (Row::of(vec![spaces(1), look.piece(&notice.text, role)]), None);
    }
    if !app.ui.filter_text.is_empty() && app.context() == Context::Lanes {
        let mut row =
            Row::of(vec![word(" filter / ", Role::Key), look.piece(&app.ui.filter_text, Role::Match)]);
        row.right = match &app.ui.filter_error {
            Some(error) => vec![look.piece(error, Role::Error), spaces(1)],
            None => vec![word("esc shows all ", Role::Dim)],
        };
        return (row, None);
    }
    // A task of an earlier run says so all the time.
    if let Some(Layer::Task(reader)) = app.ui.layers.last()
        && app.store().is_recalled(&reader.key)
        && let Some(task) = app.store().task(&reader.key)
    {
        let at = task.last_heard.utc.with_timezone(&chrono::Local).format("%d %b %Y %H:%M");
        let text = match task.archived {
            true => format!(" from Juice's database: made {at}, no other time is kept there"),
            false => format!(" from the history: as it was last heard of, {at}"),
        };
        return (Row::of(vec![look.piece(&text, Role::Notice)]), None);
    }
    (Row::rule(area.width, look), None)
}

/// The keys that matter most in each place, in the order in which they give way.
fn footer_actions(app: &App) -> Vec<Action> {
    use Action::{
        Accept, Again, AskTraceback, Back, Cancel, Cause, ColumnDown, ColumnUp, Columns, Compare, Complete,
        Copy, CopyAs, CopyPath, Doctor, Edit, EditField, EditOutside, Ended, Filter, FindNext, Fold, Follow,
        Frame, HalfDown, Help, Hidden, History, Indent, Instead, Json, Keys, Lane, Leave, LeaveText,
        LeaveTextUp, Logs, Mark, MoveDown, MoveUp, NextEntry, NextSection, NextService, NextWrong, No, Open,
        OpenEditor, Order, OtherType, PageDown, Pager, Pipe, Plot, PlotKind, PlotLog, PlotLogX, PlotX,
        PutAway, Raw, ReadAgain, RefreshTypes, Retry, Save, SaveFilter, Schedule, Search, Send, SendDirect,
        Sending, Services, Sort, SortBy, SortTurn, Submit, Sure, Table, TryDemo, TurnColumn, Undo, Unfold,
        UnfoldAll, View, Way, When, Wrap, Yes, Zoom,
    };
    let task = app.current_task().and_then(|k| app.store().task(k));
    let can_send = !app.settings.read_only && app.settings.watch_only.is_none();
    let actions = match app.context() {
        Context::Lanes => {
            let mut a = vec![Open, Keys];
            if can_send {
                a.push(Submit);
            }
            if app.is_stale() {
                a.push(Retry);
            }
            if let Some(group) = app.current_group().filter(|_| can_send) {
                if app.session.sending_of(group).is_some() {
                    a.push(Sending);
                }
                if app.store().group(group).is_some_and(|g| g.counts().waiting > 0) {
                    a.push(Cancel);
                }
            }
            if let Some(t) = task {
                if can_send && t.scheduled_task_id.is_some() && t.state != crate::store::State::Ended {
                    a.push(Cancel);
                    if t.own.is_some() && t.state == crate::store::State::Waiting {
                        a.push(SendDirect);
                    }
                }
                if t.state == crate::store::State::Unknown {
                    a.push(PutAway);
                }
                if can_send {
                    a.push(Again);
                }
            }
            a.extend([
                Schedule,
                Filter,
                NextService,
                Fold,
                Leave,
                History,
                Services,
                Logs,
                Action::Beside,
                Action::Notices,
                Copy,
            ]);
            a
        }
        Context::Task => {
            let mut a = vec![Back, Keys];
            let failed = task.and_then(|t| Some((t, t.failure()?)));
            // What does not fit is mended in its form.
            let misfit = failed.is_some_and(|(_, error)| error.ename.as_deref() == Some("ValidationError"));
            if can_send && misfit {
                a.push(Again);
            }
            match failed {
                Some((task, _)) if failed_in_cell(task) && app.ui.traces.of(task).is_none() => {
                    a.extend([AskTraceback, NextSection]);
                }
                Some(_) => {
                    if app.ui.layers.iter().any(has_own_entries) {
                        a.push(NextEntry);
                    }
                    if app.ui.layers.iter().any(has_causes) {
                        a.push(Cause);
                    }
                    a.extend([Unfold, OpenEditor, CopyAs, Order, Raw]);
                }
                None => a.push(NextSection),
            }
            a.extend([View, Copy, Save, Wrap, Search]);
            if can_send && !misfit {
                a.push(Again);
            }
            if app.areas().side.is_some() || app.ui.zoom {
                a.push(Zoom);
            }
            a.extend([Logs, HalfDown]);
            a
        }
        Context::Result => vec![
            Back, Keys, Unfold, Search, FindNext, Plot, Table, Copy, CopyPath, Save, Pipe, Pager, UnfoldAll,
        ],
        Context::Plot => vec![Back, PlotKind, PlotLog, PlotX, PlotLogX, Keys],
        Context::Table => vec![Back, Keys, Unfold, Sort, Copy, CopyPath],
        Context::Compose if app.ui.layers.last().is_some_and(has_schema) => {
            vec![Send, Back, Json, When, EditOutside, Frame, Help, OtherType, Undo, Way, Lane]
        }
        Context::Compose => vec![Send, Back, When, EditOutside, Frame, Help, OtherType, Undo, Way, Lane],
        Context::Form => form_actions(app),
        Context::Text => {
            vec![
                Send,
                Back,
                LeaveTextUp,
                LeaveText,
                Indent,
                EditField,
                Json,
                Help,
                NextWrong,
                Undo,
                Way,
                Lane,
            ]
        }
        Context::Choose if app.ui.layers.last().is_some_and(is_of_types) => {
            vec![Accept, Back, RefreshTypes, Complete, Help]
        }
        Context::Many => {
            let mut a = vec![Send, Accept, Back];
            a.extend(many::is_cut(app).then_some(PageDown));
            a.extend([Complete, Help]);
            a
        }
        Context::Choose => vec![Accept, Back, Complete, Help],
        Context::Input if matches!(app.ui.layers.last(), Some(Layer::Filter(_))) && is_over_log(app) => {
            vec![Accept, Back, Complete, Help]
        }
        Context::Input if matches!(app.ui.layers.last(), Some(Layer::Filter(_))) => {
            vec![Accept, Back, Complete, SaveFilter, Help]
        }
        Context::Input => vec![Accept, Back, Help],
        Context::Schedule if matches!(app.ui.layers.last(), Some(Layer::Schedule(s)) if s.moving.is_some()) =>
        {
            vec![Back, MoveUp, MoveDown]
        }
        Context::Schedule => {
            let mut a = vec![Back, Keys];
            if can_send && task.is_some() {
                a.extend([Cancel, Mark, MoveUp, MoveDown, Edit]);
            }
            a.extend([Open, Filter, Ended]);
            a.extend((!app.session.list_pending()).then_some(ReadAgain));
            a
        }
        Context::Services => services_actions(app, can_send),
        Context::Logs => vec![Back, Keys, Open, Filter, Follow, Save, Copy, ReadAgain],
        Context::Record => {
            let mut a = vec![Back, Keys];
            a.extend(app.ui.layers.last().is_some_and(has_own_entries).then_some(NextEntry));
            a.extend(app.ui.layers.last().is_some_and(has_causes).then_some(Cause));
            a.extend([Copy, CopyAs, OpenEditor, Save, Wrap, Search, Unfold, Order, Raw, HalfDown]);
            a
        }
        Context::Beside => vec![Back, Keys, NextSection, Open, View, Sort, Fold, Copy, PageDown],
        Context::Failures => {
            let mut a = vec![Back, Keys, Unfold, Sort, Copy];
            if task.is_some() {
                a.extend([CopyAs, View]);
                a.extend(can_send.then_some(Again));
            }
            a.push(Action::Hidden);
            a
        }
        Context::History => {
            let mut a = vec![Back, Keys, Open, Filter, Mark, Compare, SortBy, SortTurn, Columns, Hidden];
            // It stops what is under way, or tries anew what failed.
            if app.ui.archive.reading().is_some() || app.ui.archive.trouble().is_some() {
                a.insert(2, ReadAgain);
            }
            a
        }
        Context::Notices => vec![Back, Keys, Open, Copy, PageDown],
        Context::Columns => vec![Back, TurnColumn, ColumnUp, ColumnDown, Keys],
        Context::Compare => vec![Back, Keys, Open, Copy, PageDown],
        Context::Labs | Context::Replay => Vec::new(),
        Context::Welcome => vec![TryDemo, Action::Address, Doctor, Back, Leave, Keys],
        Context::Help => vec![Back, PageDown],
        Context::Confirm => match app.ui.layers.last() {
            Some(Layer::Confirm(c)) => {
                let fit = c.fit(&app.settings.keymap, app.areas().body, app.settings.charset);
                let mut a = vec![No, if c.sure { Sure } else { Yes }];
                a.extend(c.instead.as_ref().map(|_| Instead));
                a.extend((!fit.window.is_whole()).then_some(PageDown));
                a
            }
            _ => Vec::new(),
        },
    };
    let plain = !app.is_replay() || app.context().takes_text() || app.context() == Context::Confirm;
    if plain { once(actions) } else { once(replay::footer(app, &actions)) }
}

/// Each once, at its first place.
fn once(actions: Vec<Action>) -> Vec<Action> {
    let mut out: Vec<Action> = Vec::new();
    for action in actions {
        if !out.contains(&action) {
            out.push(action);
        }
    }
    out
}

/// What a key does here, in a word or two: some depend on the field that has the focus, or on what is under way.
fn footer_word(app: &App, action: Action) -> &'static str {
    let short = action.entry().short;
    let c = match app.ui.layers.last() {
        Some(Layer::History(_)) if action == Action::ReadAgain && app.ui.archive.reading().is_some() => {
            return "stop reading";
        }
        Some(Layer::Compose(c)) => c,
        _ => return short,
    };
    match (action, c.form()) {
        (Action::Enter, Some(form)) => form.enter_word(),
        (Action::Omit, Some(form)) => form.omit_word().unwrap_or(short),
        (Action::Json, Some(_)) => "as JSON",
        (Action::Json, None) => "as form",
        (Action::Frame, _) if c.frame_shown => "back to it",
        _ => short,
    }
}

/// What is filtered is the services' log.
fn is_over_log(app: &App) -> bool {
    app.ui.layers.iter().any(|layer| matches!(layer, Layer::Logs(_)))
}

fn is_of_types(layer: &Layer) -> bool {
    matches!(layer, Layer::Choose(choose) if matches!(choose.stage, Stage::Type { .. }))
}

/// Whether a traceback is read with entries that are nobody's library.
fn has_own_entries(layer: &Layer) -> bool {
    page(layer).is_some_and(|page| page.document.lines.iter().any(|it| it.mark == Some(Mark::OwnEntry)))
}

/// Whether an exception is read that has a cause.
fn has_causes(layer: &Layer) -> bool {
    page(layer).is_some_and(|page| page.document.exceptions.iter().any(|it| it.cause.is_some()))
}

/// The document that is read there.
fn page(layer: &Layer) -> Option<&Page> {
    match layer {
        Layer::Task(reader) => Some(&reader.page),
        Layer::Record(record) => Some(&record.page),
        _ => None,
    }
}

fn has_schema(layer: &Layer) -> bool {
    matches!(layer, Layer::Compose(c) if c.task_type.schema.is_some())
}

/// What can be done to the selected service, as far as it can be from here.
fn services_actions(app: &App, can_send: bool) -> Vec<Action> {
    let mut actions = vec![Action::Back, Action::Keys];
    let selected = match app.ui.layers.last() {
        Some(Layer::Services(services)) => services.selected.as_ref(),
        _ => None,
    };
    let care = &app.ui.services;
    if let Some(service) = selected.filter(|_| can_send) {
        // One thing is done to it at a time; what was tried out can be built.
        let free = |deed: Deed| match care.before(service, deed) {
            None => care.barred(service, deed).is_none(),
            Some(going) => matches!(going.step, Step::Tried(_)),
        };
        actions.extend(DEEDS.iter().filter(|(_, deed)| free(*deed)).map(|(action, _)| action));
    }
    actions.push(Action::Open);
    actions.extend(care.about.is_ok().then_some(Action::ReadAgain));
    if selected.is_some_and(|service| care.came.contains_key(service)) {
        actions.push(Action::Copy);
    }
    actions.push(Action::Logs);
    actions
}

/// What can be done at the focused field comes before what can be done to the whole.
fn form_actions(app: &App) -> Vec<Action> {
    use Action::{
        AddItem, Back, EditOutside, Enter, Frame, Help, ItemUp, Json, Jump, Lane, Many, NextWrong, Omit,
        OtherType, RemoveItem, RenameEntry, ResetField, Send, Sweep, Undo, Way, When,
    };
    let mut actions = vec![Send, Back];
    if let Some(Layer::Compose(c)) = app.ui.layers.last() {
        if c.frame_shown {
            actions.push(Frame);
        }
        if c.problems.iter().any(|p| p.fatal) {
            actions.push(NextWrong);
        }
        if let Some((form, field)) = c.form().and_then(|f| Some((f, f.focused()?))) {
            if c.many.is_some() {
                actions.push(Many);
            }
            if field.sweepable {
                actions.push(Sweep);
            }
            if form.enter_word() != "next" {
                actions.push(Enter);
            }
            if form.omit_word().is_some() {
                actions.push(Omit);
            }
            if field.origin == Origin::Edited {
                actions.push(ResetField);
            }
            if form.list_here().is_some() {
                actions.push(AddItem);
            }
            if form.item_here().is_some() {
                actions.extend([RemoveItem, ItemUp]);
            }
            if form.entry_here().is_some() {
                actions.push(RenameEntry);
            }
        }
    }
    actions.extend([Json, When, Help, Way, ResetField, Jump, EditOutside, Frame, Undo, OtherType, Lane]);
    once(actions)
}

/// The row, and where each key stands that can be clicked.
fn footer(app: &App, area: Rect, look: Look) -> (Row, Vec<(Rect, Action)>) {
    let mut row = Row::default();
    let mut hints = Vec::new();
    let mut used = 1;
    row.left.push(spaces(1));
    let footer: Vec<_> = match app.begun() {
        // What was pressed, and how it goes on.
        Some((keys, next)) => std::iter::once((keys, look.glyphs.ellipsis, None))
            .chain(next.into_iter().map(|(keys, action)| (keys, footer_word(app, action), Some(action))))
            .collect(),
        None => footer_actions(app)
            .into_iter()
            .filter_map(|action| Some((app.key(action)?, footer_word(app, action), Some(action))))
            .collect(),
    };
    for (key, short, action) in footer {
        // The sign for it in ASCII is a key of its own.
        let key = if key == "enter" && look.glyphs.enter != "<" { look.glyphs.enter.to_owned() } else { key };
        let gap = if used > 1 { 3 } else { 0 };
        let wide = Clean::line(&key, look.charset()).width() + 1 + short.len();
        let need = gap + wide;
        if used + need > usize::from(area.width) {
            continue;
        }
        if let (Some(action), Ok(from), Ok(width)) = (action, u16::try_from(used + gap), u16::try_from(wide))
        {
            hints.push((Rect { x: area.x + from, width, ..area }, action));
        }
        used += need;
        row.left.push(spaces(gap));
        row.left.push(look.piece(&key, Role::Key));
        row.left.push(spaces(1));
        row.left.push(word(short, Role::Dim));
    }
    (row, hints)
}
