//! The viewer of a result: its tree, the plot of an array, the table of a list of records.

use ratatui::layout::Rect;

use crate::{
    app::{
        document::bytes,
        viewer::{self, Body, Kind, PlotPane, TablePane, Viewer},
    },
    clean::Clean,
    result::{
        Path, Tree,
        plot::Ink,
        rows,
        text::{Part, shown},
    },
    theme::Role,
    wire::json,
};

use super::{Look, Piece, Row, spaces, word};

/// Bytes of a value that are looked at to show a row: no pane has so many columns.
const LOOKED_AT: usize = 2000;
/// Columns of a table's cell at most.
const CELL: usize = 28;

/// Head and rows of the tree on this area.
pub(super) fn tree(viewer: &Viewer, area: Rect, look: Look) -> Vec<Row> {
    let size = bytes(viewer.tree().text().len());
    let mut head = Row::of(vec![spaces(1), look.piece(&viewer.title, Role::Title)]);
    head.right = vec![look.piece(&size, Role::Dim), spaces(1)];
    let path = viewer.path().map_or_else(|| "raw text".to_owned(), |path: Path| path.to_string());
    let place = match viewer.searched() {
        Some(share) => format!("searching {:.0} %, esc stops", share * 100.0),
        None => format!("{} of {}", viewer.cursor + 1, viewer.len()),
    };
    let mut out = vec![head, rule(&path, &place, area.width, look)];
    let height = usize::from(area.height).saturating_sub(2);
    match &viewer.body {
        Body::Tree(rows) => {
            let tree = viewer.tree();
            for (at, row) in rows.rows(&tree, viewer.top..viewer.top + height).iter().enumerate() {
                let mut line = tree_row(&tree, row, viewer, usize::from(area.width), look);
                line.selected = viewer.top + at == viewer.cursor;
                out.push(line.listed(viewer.top + at));
            }
        }
        Body::Raw { why, .. } => {
            let sentence = format!(" {why}; shown as it came");
            if height > 1 {
                out.push(Row::of(vec![look.piece(&sentence, Role::Warning)]));
            }
            let room = height.saturating_sub(usize::from(height > 1));
            for at in viewer.top..(viewer.top + room).min(viewer.len()) {
                let mut pieces = marked(viewer, viewer.raw_line(at), Role::Text, look);
                pieces.insert(0, spaces(1));
                let row = Row::of(super::task::skip(pieces, viewer.left));
                out.push(Row { selected: at == viewer.cursor, ..row }.listed(at));
            }
        }
    }
    out
}

/// A rule with a word at its left and one at its right.
fn rule(left: &str, right: &str, width: u16, look: Look) -> Row {
    let rule = look.glyphs.rule;
    let room = usize::from(width).saturating_sub(right.chars().count() + 8);
    // The end of a path says more than its beginning.
    let length = left.chars().count();
    let left = if length > room {
        let end: String = left.chars().skip(length - room.saturating_sub(1)).collect();
        format!("{}{end}", look.glyphs.ellipsis)
    } else {
        left.to_owned()
    };
    let left = Clean::line(&left, look.charset());
    let between = usize::from(width).saturating_sub(left.width() + right.chars().count() + 6);
    Row::of(vec![
        look.piece(rule, Role::Rule),
        spaces(1),
        Piece { text: left, role: Role::Dim },
        spaces(1),
        look.piece(&rule.repeat(between), Role::Rule),
        spaces(1),
        look.piece(right, Role::Dim),
        spaces(1),
        look.piece(rule, Role::Rule),
    ])
}

fn tree_row(tree: &Tree, row: &rows::Row, viewer: &Viewer, width: usize, look: Look) -> Row {
    let sign = match row.open {
        Some(true) => look.glyphs.unfolded,
        Some(false) => look.glyphs.folded,
        None => " ",
    };
    // Half of the pane is for the text, however deep it stands.
    let indent = (row.depth * 2).min(width / 2);
    let mut pieces = vec![spaces(1 + indent), look.piece(sign, Role::Library), spaces(1)];
    let mut text = Vec::new();
    match &row.entry.key {
        Some(key) => {
            text.extend(string(viewer, viewer::plain_name(tree.raw(key)), Role::JsonKey, look));
            text.push(word(": ", Role::Dim));
        }
        None if row.container.is_some() => {
            text.push(look.piece(&format!("{}: ", row.entry.number), Role::Dim));
        }
        None => {}
    }
    let raw = tree.raw(&row.entry.value);
    let head = &raw[..raw.floor_char_boundary(LOOKED_AT + viewer.left)];
    match json::kind(head) {
        Some(json::Kind::Object | json::Kind::Array) => {
            let count = tree.count(row.entry.value.start);
            let count = if raw.starts_with('{') { format!("{{{count}}}") } else { format!("[{count}]") };
            text.push(look.piece(&count, Role::Dim));
            // What is in it, as far as there is room, while it is folded.
            if row.open == Some(false) {
                text.push(spaces(1));
                text.extend(marked(viewer, &json::compact(head), Role::Dim, look));
            }
        }
        Some(json::Kind::String) => text.extend(string(viewer, head, Role::String, look)),
        Some(json::Kind::Number) => text.extend(marked(viewer, head, Role::Number, look)),
        _ => text.extend(marked(viewer, head, Role::Constant, look)),
    }
    pieces.extend(super::task::skip(text, viewer.left));
    Row::of(pieces)
}

/// A string in its pieces: characters, escapes, halves of surrogate pairs.
fn string(viewer: &Viewer, raw: &str, role: Role, look: Look) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (text, part) in shown(raw, LOOKED_AT + viewer.left) {
        let role = match part {
            Part::Plain => role,
            Part::Escape => Role::Constant,
            Part::Lone => Role::Warning,
        };
        pieces.extend(marked(viewer, &text, role, look));
    }
    pieces
}

/// A text with what was found in it.
fn marked(viewer: &Viewer, text: &str, role: Role, look: Look) -> Vec<Piece> {
    let Some(needle) = &viewer.needle else { return vec![look.piece(text, role)] };
    let mut pieces = Vec::new();
    let mut from = 0;
    for hit in needle.matches(text) {
        pieces.push(look.piece(&text[from..hit.start], role));
        pieces.push(look.piece(&text[hit.clone()], Role::Match));
        from = hit.end;
    }
    pieces.push(look.piece(&text[from..], role));
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// Head, summary and plot of an array.
pub(super) fn plot(plot: &PlotPane, area: Rect, look: Look) -> Vec<Row> {
    let series = &plot.series;
    let what = match (plot.kind, series.columns) {
        (Kind::Histogram, _) => "histogram".to_owned(),
        (Kind::Line, _) => "line".to_owned(),
        (Kind::Heat, columns) => format!("{} rows of {}", series.rows(), columns.unwrap_or(1)),
    };
    let mut head = Row::of(vec![spaces(1), look.piece(&plot.title, Role::Title)]);
    head.right = vec![look.piece(&what, Role::Dim), spaces(1)];
    let mut out = vec![head];
    if plot.is_busy() {
        let text = format!(" reading its numbers: {} so far", series.summary.count);
        out.push(Row::of(vec![look.piece(&text, Role::Dim)]));
        return out;
    }
    out.extend(summary(plot, usize::from(area.width), look));
    let size =
        (usize::from(area.width).saturating_sub(2), usize::from(area.height).saturating_sub(out.len()));
    match plot.picture(size, look.charset()) {
        Ok(picture) => out.extend(picture.rows().map(|runs| {
            let mut row = Row::of(vec![spaces(1)]);
            row.left.extend(runs.into_iter().map(|(text, ink)| {
                let role = match ink {
                    Ink::Data => Role::Number,
                    Ink::Axis => Role::Rule,
                    Ink::Label => Role::Dim,
                };
                look.piece(&text, role)
            }));
            row
        })),
        Err(why) => out.push(Row::of(vec![spaces(1), look.piece(&why.to_string(), Role::Warning)])),
    }
    out
}

/// Six digits of a number that was reckoned here; more of them would be noise.
fn significant(number: f64) -> String {
    format!("{number:.5e}").parse::<f64>().map_or_else(|_| number.to_string(), |short| format!("{short:?}"))
}

/// What is known of the numbers, on as many lines as it needs.
fn summary(plot: &PlotPane, width: usize, look: Look) -> Vec<Row> {
    let (tree, summary) = (plot.tree(), &plot.series.summary);
    let mut facts = vec![("count", summary.count.to_string())];
    let raw = |range: &Option<std::ops::Range<usize>>| range.as_ref().map(|range| tree.raw(range).to_owned());
    facts.extend(raw(&summary.min).map(|min| ("min", min)));
    facts.extend(raw(&summary.max).map(|max| ("max", max)));
    facts.extend(summary.mean().map(|mean| ("mean", significant(mean))));
    let counts = [("NaN", summary.nan), ("infinite", summary.infinite), ("no number", summary.other)];
    facts.extend(counts.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| (name, n.to_string())));
    if plot.series.uneven > 0 {
        facts.push(("rows of another length", plot.series.uneven.to_string()));
    }
    let mut rows = vec![Row::of(vec![spaces(1)])];
    let mut used = 1;
    for (name, value) in facts {
        // A number of a thousand digits is not shown whole here.
        let value = Clean::head(&value, look.charset(), 30);
        let need = name.len() + 1 + value.width() + 3;
        if used > 1 && used + need > width {
            rows.push(Row::of(vec![spaces(1)]));
            used = 1;
        }
        used += need;
        if let Some(row) = rows.last_mut() {
            row.left.extend([
                look.piece(name, Role::Dim),
                spaces(1),
                Piece { text: value, role: Role::Number },
                spaces(3),
            ]);
        }
    }
    rows
}

/// Head and rows of a table.
pub(super) fn table(pane: &TablePane, area: Rect, look: Look) -> Vec<Row> {
    let tree = pane.tree();
    let table = &pane.table;
    let known = if table.is_done() { "records" } else { "records so far" };
    let mut head = Row::of(vec![spaces(1), look.piece(&pane.title, Role::Title)]);
    head.right = vec![look.piece(&format!("{} {known}", table.len()), Role::Dim), spaces(1)];
    let path = pane.path().map(|path| path.to_string()).unwrap_or_default();
    let place = format!("{} of {}", pane.cursor + 1, table.len());
    let mut out = vec![head, rule(&path, &place, area.width, look)];
    let height = usize::from(area.height).saturating_sub(3);
    let charset = look.charset();
    let shown_rows: Vec<(usize, Vec<Option<Clean>>)> = (pane.top..(pane.top + height).min(table.len()))
        .map(|row| {
            let cells = table.cells(&tree, row).into_iter();
            let cells =
                cells.map(|cell| Some(Clean::head(tree.raw(&cell?), charset, CELL).truncate(CELL, charset)));
            (row, cells.collect())
        })
        .collect();
    let name = |column: usize| {
        let sign = match table.sorted_by() {
            Some((sorted, descending)) if sorted == column => {
                if descending {
                    look.glyphs.down
                } else {
                    look.glyphs.up
                }
            }
            _ => "",
        };
        Clean::line(&format!("{}{sign}", pane.name(column)), charset).truncate(CELL, charset)
    };
    let widest = |column: usize| {
        let cells = shown_rows.iter().filter_map(|(_, cells)| cells.get(column)?.as_ref());
        cells.map(Clean::width).max().unwrap_or(0).max(name(column).width())
    };
    let numbers = table.len().to_string().len();
    // From the first column on, but the one under the cursor is always there.
    let mut first = pane.left;
    let room = usize::from(area.width).saturating_sub(numbers + 2);
    while first < pane.column && (first..=pane.column).map(|c| widest(c) + 2).sum::<usize>() > room {
        first += 1;
    }
    let columns: Vec<(usize, usize)> =
        (first..table.columns.len()).map(|column| (column, widest(column))).collect();
    let mut names = Row::of(vec![spaces(numbers + 2)]);
    for (column, width) in &columns {
        let role = if *column == pane.column { Role::Focus } else { Role::JsonKey };
        names.left.extend([Piece { text: name(*column), role }, spaces(width + 2 - name(*column).width())]);
    }
    out.push(names);
    for (row, cells) in &shown_rows {
        let number = table.number(*row).unwrap_or_default();
        let mut line = Row::of(vec![look.piece(&format!(" {number:>numbers$} "), Role::Dim)]);
        line.selected = *row == pane.cursor;
        for (column, width) in &columns {
            let empty = Clean::default();
            let cell = cells.get(*column).and_then(Option::as_ref).unwrap_or(&empty);
            let kind = json::kind(cell.as_str());
            let (role, right) = match kind {
                Some(json::Kind::Number) => (Role::Number, true),
                Some(json::Kind::String) => (Role::String, false),
                Some(json::Kind::Bool | json::Kind::Null) => (Role::Constant, false),
                _ => (Role::Dim, false),
            };
            let text = if right { cell.pad_start(*width) } else { cell.pad(*width) };
            line.left.extend([Piece { text, role }, spaces(2)]);
        }
        out.push(line.listed(*row));
    }
    if table.is_done() && table.is_empty() {
        out.push(Row::of(vec![word(" no records", Role::Dim)]));
    }
    out
}
