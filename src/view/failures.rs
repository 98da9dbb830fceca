//! Failures together: a kind a row, with how often and when.

use ratatui::layout::Rect;

use crate::{
    app::{
        App,
        failures::{Cluster, Failures, Row as Line},
        layout::Shape,
        update::failures_height,
    },
    clean::Clean,
    store::Task,
    theme::Role,
    time::Now,
};

use super::{Look, Piece, Row, lanes::sign_of, spaces, word, words};

/// Columns of a kind's place and service, where there is room beside its message.
const PLACE: usize = 22;
const SERVICE: usize = 10;

/// The rows of the body.
pub(super) fn rows(app: &App, failures: &Failures, area: Rect, look: Look, now: Now) -> Vec<Row> {
    let narrow = app.areas().shape == Shape::Narrow;
    let two = Failures::takes_two(area.width);
    let mut rows = vec![head(app, failures, look, narrow, now), Row::rule(area.width, look)];
    if failures.clusters.is_empty() {
        rows.push(Row::default());
        rows.push(Row::of(vec![spaces(2), word("Nothing has failed, as far as was seen.", Role::Text)]));
        return rows;
    }
    let height = failures_height(area.height);
    let first = failures.first_row(height);
    let selected = failures.selected_row();
    for (at, line) in failures.rows.iter().enumerate().skip(first).take(height) {
        let mut row = match line {
            Line::Kind(kind) => failures.clusters.get(*kind).map(|c| kind_row(failures, c, look, two, now)),
            Line::About(kind) => failures.clusters.get(*kind).map(|c| about_row(c, area.width, look, narrow)),
            Line::Task(key) => app.store().task(key).map(|task| task_row(task, look, narrow, now)),
        }
        .unwrap_or_default();
        row.selected = Some(at) == selected;
        // What stands below a kind is its second row.
        rows.push(row.listed(if matches!(line, Line::About(_)) { at - 1 } else { at }));
    }
    rows
}

fn head(app: &App, failures: &Failures, look: Look, narrow: bool, now: Now) -> Row {
    let mut row = Row::of(vec![spaces(1), word("Failures", Role::Title)]);
    let (count, kinds) = (failures.count(), failures.clusters.len());
    if count > 0 {
        let kinds = if kinds == 1 { "1 kind".to_owned() } else { format!("{kinds} kinds") };
        row.left.push(look.piece(&format!("  {count} failed, {kinds}"), Role::Text));
    }
    if app.store().counts(app.ui.hidden).let_go > 0 && !narrow {
        row.left.push(word("  older ones were let go", Role::Dim));
    }
    if let Some(since) = failures.since {
        let order = match (narrow, failures.by_count) {
            (true, _) => "",
            (false, true) => "the most frequent first  ",
            (false, false) => "the latest first  ",
        };
        row.right = vec![look.piece(&format!("{order}since {} ", words::moment(since, now)), Role::Dim)];
    }
    row
}

fn kind_row(failures: &Failures, cluster: &Cluster, look: Look, two: bool, now: Now) -> Row {
    let sign = if failures.is_open(cluster) { look.glyphs.unfolded } else { look.glyphs.folded };
    let mut left = vec![
        look.piece(sign, Role::Library),
        look.piece(&format!("{:>4}", cluster.tasks.len()), Role::Title),
        spaces(2),
        look.piece(&cluster.kind.error, Role::Exception),
    ];
    if !cluster.message.is_empty() {
        left.push(look.piece(&format!(": {}", cluster.message), Role::Text));
    }
    let last = words::ago((now.utc - cluster.last).to_std().unwrap_or_default());
    let mut right = Vec::new();
    if !two {
        let column = |text: &str, width: usize, role| {
            let charset = look.charset();
            Piece { text: Clean::line(text, charset).fit(width, charset), role }
        };
        right.push(spaces(1));
        right.push(column(&cluster.kind.place, PLACE, Role::FrameFile));
        right.push(spaces(1));
        right.push(column(&cluster.kind.service, SERVICE, Role::Service));
        right.push(spaces(1));
        right.push(look.piece(&look.glyphs.spark(&cluster.parts), Role::Failed));
        right.push(spaces(1));
    }
    right.push(look.piece(&format!("{last:>9} "), Role::Dim));
    Row { left, right, ..Row::default() }
}

/// What has no room beside the message.
fn about_row(cluster: &Cluster, width: u16, look: Look, narrow: bool) -> Row {
    let place = &cluster.kind.place;
    let left = vec![
        spaces(7),
        look.piece(place, Role::FrameFile),
        spaces(usize::from(!place.is_empty())),
        word("on ", Role::Dim),
        look.name(&cluster.kind.service, Role::Dim),
    ];
    // Half as wide: two parts are one.
    let size = if narrow { 2 } else { 1 };
    let parts: Vec<u32> = cluster.parts.chunks(size).map(|parts| parts.iter().sum()).collect();
    let right = vec![look.piece(&look.glyphs.spark(&parts), Role::Failed), spaces(1)];
    let mut row = Row { left, right, ..Row::default() };
    row.share_among(&[1, 4], width, look);
    row
}

fn task_row(task: &Task, look: Look, narrow: bool, now: Now) -> Row {
    let (sign, role) = sign_of(task, look);
    let mut left = vec![spaces(7), look.piece(sign, role), spaces(1)];
    if task.own.is_some() {
        left.push(look.piece(look.glyphs.own, Role::Own));
        left.push(spaces(1));
    }
    left.push(look.task_name(task, Role::Text));
    let ended = task.ended.map(|seen| words::moment(seen.at.utc, now)).unwrap_or_default();
    let took = match (narrow, task.duration(now)) {
        (false, Some((took, true))) => format!("{:>8}  ", words::lasted(took)),
        (false, Some((took, false))) => format!("{:>8}  ", format!(">{}", words::lasted(took))),
        _ => String::new(),
    };
    Row { left, right: vec![look.piece(&format!(" {took}{ended} "), Role::Dim)], ..Row::default() }
}
