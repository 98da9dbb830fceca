//! The form: a row a field, the text of several lines below it, and what is said of the focused one.

use ratatui::layout::{Position, Rect};

use crate::{
    app::{
        form::{Edit, FormPane, Language, Line, TextPane, Tone, details, from, sentence},
        mouse::Spot,
    },
    catalogue::{
        Level,
        form::{Field, FieldId, FieldProblem, Input, Origin, Part, Presence},
    },
    clean::Clean,
    highlight::{self, Span, Token},
    theme::Role,
};

use super::{Look, Piece, Row, spaces, word};

/// How the columns of a row are divided.
struct Columns {
    /// For the name with its indentation.
    name: usize,
    /// For the kind; 0: it is not shown.
    kind: usize,
    /// The whole row.
    all: usize,
    /// Nothing stands below the focused field.
    beside: bool,
}

/// The form on its area: rows, and where the cursor stands.
///
/// `beside`: what is said of the focused field stands beside the form, not below it.
pub(super) fn form(
    pane: &FormPane,
    lines: &[Line],
    area: Rect,
    beside: bool,
    look: Look,
) -> (Vec<Row>, Option<Position>) {
    let columns = columns(pane, usize::from(area.width), beside);
    let mut rows = Vec::new();
    let mut cursor = None;
    for (y, line) in lines.iter().skip(pane.top).take(usize::from(area.height)).enumerate() {
        let (mut row, x) = match line {
            Line::Whole(text, tone) => {
                let sign = look.piece(look.glyphs.failed, tone_role(*tone));
                (
                    Row::of(vec![
                        spaces(1),
                        sign,
                        spaces(1),
                        Piece { text: text.clone(), role: tone_role(*tone) },
                    ]),
                    None,
                )
            }
            Line::Row(index) => field_row(pane, *index, &columns, look),
            Line::Text { row, line } => text_row(pane, *row, *line, &columns, look),
            Line::More { row, count } => {
                let text = format!("{} {count} more lines", look.glyphs.down);
                (Row::of(vec![spaces(text_indent(pane, *row)), look.piece(&text, Role::Dim)]), None)
            }
            Line::Detail(text, tone) => {
                let depth = pane.focused_row().map_or(0, |r| usize::from(pane.rows[r].depth));
                (
                    Row::of(vec![
                        spaces(3 + 2 * depth),
                        Piece { text: text.clone(), role: tone_role(*tone) },
                    ]),
                    None,
                )
            }
        };
        row.spot = match line {
            Line::Row(row) | Line::Text { row, .. } | Line::More { row, .. } => Some(Spot::Field(*row)),
            Line::Whole(..) | Line::Detail(..) => None,
        };
        if let Some(x) = x {
            let x = (x as u16).min(area.width.saturating_sub(1));
            cursor = Some(Position { x: area.x + x, y: area.y + y as u16 });
        }
        rows.push(row);
    }
    if pane.rows.is_empty() {
        rows.push(Row::of(vec![
            spaces(1),
            word("This task has no fields: it can be sent as it is.", Role::Dim),
        ]));
    }
    (rows, cursor)
}

/// How many fields are out of sight above and below; `None`: all are seen.
pub(super) fn hidden(pane: &FormPane, lines: &[Line], height: usize) -> Option<(usize, usize)> {
    let rows = |lines: &[Line]| lines.iter().filter(|l| matches!(l, Line::Row(_) | Line::Whole(..))).count();
    let end = (pane.top + height).min(lines.len());
    let (above, below) = (rows(&lines[..pane.top.min(end)]), rows(&lines[end..]));
    (above + below > 0).then_some((above, below))
}

/// What is said of the focused field, for the place beside the form.
pub(super) fn beside(pane: &FormPane, width: u16, look: Look) -> Vec<Row> {
    let columns = usize::from(width).saturating_sub(2).max(8);
    let mut rows = Vec::new();
    let Some(field) = pane.focused() else { return rows };
    let mut head = vec![spaces(1), look.piece(&field.name, Role::Title)];
    if !field.kind.is_empty() {
        head.push(look.piece(&format!("  {}", field.kind), Role::Dim));
    }
    rows.push(Row::of(head));
    for (tone, text) in details(pane, false) {
        rows.push(Row::default());
        for text in Clean::line(&text, look.charset()).wrap(columns) {
            rows.push(Row::of(vec![spaces(1), Piece { text, role: tone_role(tone) }]));
        }
    }
    rows
}

pub(super) fn tone_role(tone: Tone) -> Role {
    match tone {
        Tone::Doc => Role::Text,
        Tone::Limits => Role::Dim,
        Tone::Error => Role::Error,
        Tone::Hint | Tone::Warning => Role::Warning,
    }
}

fn columns(pane: &FormPane, all: usize, beside: bool) -> Columns {
    let (most_name, most_kind) = match all {
        ..60 => (16, 0),
        60..110 => (24, 13),
        _ => (36, 18),
    };
    let mut name = 6;
    let mut kind = 4;
    for row in &pane.rows {
        let Some(field) = pane.form.field(row.id) else { continue };
        let own = match field.name.chars().count() {
            _ if row.part == Part::Add => 0,
            0 => "(no key)".len(),
            n => n,
        };
        name = name.max(2 * usize::from(row.depth) + own);
        kind = kind.max(field.kind.chars().count());
    }
    let name = name.min(most_name);
    // Long names take from the kinds, which the line below tells too.
    let most_kind = if most_kind == 13 && name > 16 { 9 } else { most_kind };
    let kind = kind.min(most_kind);
    Columns { name, kind, all, beside }
}

/// Where a row's name begins, behind the sign.
const SIGN: usize = 2;

/// One field: sign, name, kind, value; at the right what is wrong, or limits and where the value is from.
fn field_row(pane: &FormPane, index: usize, columns: &Columns, look: Look) -> (Row, Option<usize>) {
    let Some(row) = pane.rows.get(index) else { return (Row::default(), None) };
    let Some(field) = pane.form.field(row.id) else { return (Row::default(), None) };
    let focused = pane.focus == Some((row.id, row.part));
    let indent = (2 * usize::from(row.depth)).min(columns.name.saturating_sub(6));
    if row.part == Part::Add {
        let what = if matches!(field.input, Input::Map) { "+ add an entry" } else { "+ add an item" };
        let mut row = Row::of(vec![spaces(SIGN + indent), word(what, Role::Placeholder)]);
        row.selected = focused;
        return (row, None);
    }
    let problem = worst(pane, row.id, field);
    let sign = match &problem {
        Some(Problem { level: Level::Error, .. }) => look.piece(look.glyphs.failed, Role::Error),
        Some(Problem { level: Level::Hint, .. }) => word("!", Role::Warning),
        None => spaces(1),
    };
    let nameless = field.name.is_empty();
    let name = if nameless { "(no key)" } else { &field.name };
    let name = look.name(name, Role::Text).text.fit(columns.name - indent, look.charset());
    let name_role = match field.origin {
        _ if nameless => Role::Placeholder,
        Origin::Edited => Role::Title,
        _ => Role::Text,
    };
    let mut left = vec![sign, spaces(SIGN - 1 + indent), Piece { text: name, role: name_role }, spaces(1)];
    if columns.kind > 0 {
        let kind = Clean::line(&field.kind, look.charset()).fit(columns.kind, look.charset());
        left.push(Piece { text: kind, role: Role::Dim });
        left.push(spaces(2));
    }
    let start: usize = left.iter().map(|p| p.text.width()).sum();
    let room = columns.all.saturating_sub(start + 1);
    let told_below = focused && !columns.beside;
    let count = match pane.form.sweep(row.id) {
        Some(Ok(sweep)) if sweep.count() == 1 => Some("1 value ".to_owned()),
        Some(Ok(sweep)) => Some(format!("{} values ", sweep.count())),
        _ => None,
    };
    let right = match count.filter(|count| problem.is_none() && count.len() + VALUE < room) {
        Some(count) => vec![look.piece(&count, Role::Own)],
        None => right_edge(field, problem.as_ref(), told_below, room, columns.all < 60, look),
    };
    let taken: usize = right.iter().map(|p| p.text.width()).sum();
    let room = room.saturating_sub(taken + usize::from(taken > 0)).max(1);
    let wrong = problem.is_some_and(|p| p.level == Level::Error);
    let (value, cursor) = value(pane, row.id, field, room, focused, wrong, look);
    left.extend(value);
    (Row { left, right, selected: focused, ..Row::default() }, cursor.map(|x| start + x))
}

/// What is wrong with a field, or inside it while it is folded.
struct Problem {
    level: Level,
    what: String,
}

fn worst(pane: &FormPane, id: FieldId, field: &Field) -> Option<Problem> {
    let own = |p: &FieldProblem| Problem { level: p.level, what: sentence(p) };
    let first = pane.problems_at(id).find(|p| p.level == Level::Error).or(pane.problems_at(id).next());
    if let Some(first) = first {
        return Some(own(first));
    }
    if !field.folded || field.children.is_empty() {
        return None;
    }
    // Folded: as far down as the form has been opened.
    let mut todo = field.children.clone();
    let mut inside = 0;
    let mut level = Level::Hint;
    let mut looked = 0;
    while let Some(id) = todo.pop() {
        looked += 1;
        if looked > 2_000 {
            break;
        }
        for p in pane.problems_at(id) {
            inside += 1;
            if p.level == Level::Error {
                level = Level::Error;
            }
        }
        todo.extend(pane.form.field(id).map(|f| f.children.clone()).unwrap_or_default());
    }
    (inside > 0).then(|| Problem { level, what: format!("{inside} inside") })
}

/// Columns that the value keeps, whatever stands at the right.
const VALUE: usize = 12;

fn right_edge(
    field: &Field,
    problem: Option<&Problem>,
    told_below: bool,
    room: usize,
    narrow: bool,
    look: Look,
) -> Vec<Piece> {
    let most = room.saturating_sub(VALUE);
    // The focused field's problem and limits stand below it in full.
    if let Some(problem) = problem.filter(|_| !told_below) {
        let role = if problem.level == Level::Error { Role::Error } else { Role::Warning };
        let text = Clean::head(&problem.what, look.charset(), most);
        return vec![Piece { text, role }, spaces(1)];
    }
    let origin = from(field);
    if narrow {
        return Vec::new();
    }
    let role = match field.origin {
        Origin::Edited => Role::Own,
        Origin::Missing => Role::Warning,
        _ => Role::Dim,
    };
    let origin = look.piece(origin, role);
    let mut right = Vec::new();
    let limits = Clean::line(&field.limits, look.charset());
    if !told_below && !limits.is_empty() && limits.width() + 4 + origin.text.width() <= most {
        right.push(Piece { text: limits, role: Role::Dim });
        right.push(spaces(3));
    }
    if origin.text.width() < most {
        right.push(origin);
        right.push(spaces(1));
    }
    right
}

/// The value in so many columns, and where in it the cursor stands.
fn value(
    pane: &FormPane,
    id: FieldId,
    field: &Field,
    room: usize,
    focused: bool,
    wrong: bool,
    look: Look,
) -> (Vec<Piece>, Option<usize>) {
    let charset = look.charset();
    let absent = |field| absent(field, wrong, look);
    if focused && let Edit::Line { line, fresh } = &pane.edit {
        let (text, before) = if field.secret {
            let masked = |n: usize| look.glyphs.secret.repeat(n);
            (masked(line.text().chars().count()), masked(line.cursor()))
        } else {
            (line.text().to_owned(), line.text().chars().take(line.cursor()).collect())
        };
        let text = Clean::line(&text, charset);
        let x = Clean::line(&before, charset).width();
        let skipped = (x + 1).saturating_sub(room);
        if text.is_empty() {
            let placeholder = match field.sweep {
                Some(_) => word("values, e.g. 1, 2, 5", Role::Placeholder),
                None => absent(field),
            };
            return (vec![placeholder], Some(0));
        }
        let role = if *fresh { Role::Focus } else { Role::Input };
        let text = text.skip(skipped);
        let text = if text.width() > room { text.truncate(room, charset) } else { text };
        return (vec![Piece { text, role }], Some(x - skipped));
    }
    if let Some(text) = &field.sweep {
        let text = Clean::head(text, charset, room);
        return (vec![Piece { text, role: Role::Input }], None);
    }
    let cursor = focused.then_some(0).filter(|_| matches!(field.input, Input::Choice { .. }));
    match field.presence {
        Presence::Null => return (vec![word("null", Role::Constant)], cursor),
        Presence::Unset => {
            let mut pieces = vec![absent(field)];
            if let Input::Choice { options, .. } = &field.input {
                pieces.push(spaces(2));
                pieces.extend(others(
                    options.iter().map(|o| o.label.as_str()),
                    None,
                    room.saturating_sub(12),
                    look,
                ));
            }
            return (pieces, cursor);
        }
        Presence::Value => {}
    }
    let piece = |text: &str, role| vec![Piece { text: Clean::head(text, charset, room), role }];
    let fold = if field.folded { look.glyphs.folded } else { look.glyphs.unfolded };
    let pieces = match &field.input {
        Input::Line(_) | Input::Text(_) | Input::Json(_) if field.secret => {
            piece(&look.glyphs.secret.repeat(8), Role::Input)
        }
        Input::Line(text) if text.is_empty() => vec![absent(field)],
        Input::Line(text) => piece(text, Role::Input),
        Input::Text(text) => match text.split('\n').count() {
            _ if text.is_empty() && focused => {
                vec![word("type; Tab indents, Shift-Tab leaves", Role::Placeholder)]
            }
            _ if text.is_empty() => vec![word("\"\" (empty)", Role::Placeholder)],
            1 => vec![word("1 line", Role::Dim)],
            n => piece(&format!("{n} lines"), Role::Dim),
        },
        Input::Json(text) if text.contains('\n') => {
            piece(&format!("{} lines", text.split('\n').count()), Role::Dim)
        }
        Input::Json(text) => piece(text, Role::Input),
        Input::Constant(raw) => piece(raw, Role::Constant),
        Input::Choice { options, chosen } => match chosen.and_then(|c| options.get(c)) {
            Some(option) => {
                let label = look.name(&option.label, Role::Input).text.truncate(room, charset);
                let used = label.width().max(6) + 3;
                let mut pieces = vec![Piece { text: label.clone(), role: Role::Input }];
                pieces.push(spaces(used - label.width()));
                let labels = options.iter().map(|o| o.label.as_str());
                pieces.extend(others(labels, *chosen, room.saturating_sub(used), look));
                pieces
            }
            None => {
                let mut pieces = vec![absent(field), spaces(2)];
                let labels = options.iter().map(|o| o.label.as_str());
                pieces.extend(others(labels, None, room.saturating_sub(12), look));
                pieces
            }
        },
        Input::Union { variants, chosen } => {
            let mut pieces = vec![look.piece(fold, Role::Dim), spaces(1)];
            match chosen.and_then(|c| variants.get(c)) {
                Some(variant) => {
                    let variant =
                        look.name(variant, Role::Input).text.truncate(room.saturating_sub(2), charset);
                    let mut used = variant.width() + 5;
                    pieces.push(Piece { text: variant, role: Role::Input });
                    if field.folded {
                        // What goes out is seen in any case.
                        let inside = summary(pane, id, room.saturating_sub(used), look);
                        used += inside.text.width() + 2;
                        pieces.extend([spaces(2), inside]);
                    }
                    pieces.push(spaces(3));
                    let labels = variants.iter().map(String::as_str);
                    pieces.extend(others(labels, *chosen, room.saturating_sub(used), look));
                }
                None => pieces.push(word("Enter chooses one", Role::Placeholder)),
            }
            pieces
        }
        Input::Model | Input::Tuple => {
            let mut pieces = vec![look.piece(fold, Role::Dim)];
            if field.folded {
                pieces.push(spaces(1));
                pieces.push(summary(pane, id, room.saturating_sub(2), look));
            }
            pieces
        }
        Input::List | Input::Map => {
            let n = field.children.len();
            let thing =
                if matches!(field.input, Input::Map) { ["entry", "entries"] } else { ["item", "items"] };
            let count = match n {
                0 => format!("{fold} empty"),
                1 => format!("{fold} 1 {}", thing[0]),
                n => format!("{fold} {n} {}", thing[1]),
            };
            let count = look.piece(&count, Role::Dim);
            let used = count.text.width() + 2;
            let mut pieces = vec![count];
            if field.folded && n > 0 {
                pieces.push(spaces(2));
                pieces.push(summary(pane, id, room.saturating_sub(used), look));
            }
            pieces
        }
    };
    (pieces, cursor)
}

/// What stands where there is no value.
fn absent(field: &Field, wrong: bool, look: Look) -> Piece {
    match (field.presence, field.origin) {
        (Presence::Null, _) => word("null", Role::Constant),
        // Not the empty text, but nothing yet.
        (Presence::Value, _) if wrong => look.piece(look.glyphs.dash, Role::Placeholder),
        (Presence::Value, _) => word("\"\" (empty)", Role::Placeholder),
        (Presence::Unset, Origin::Missing) => look.piece(look.glyphs.dash, Role::Placeholder),
        (Presence::Unset, Origin::Service) => word("made by the service", Role::Placeholder),
        (Presence::Unset, _) => word("left out", Role::Placeholder),
    }
}

/// What a folded section holds, on one line; never a secret.
fn summary(pane: &FormPane, id: FieldId, room: usize, look: Look) -> Piece {
    let text = if has_secret(pane, id, 0) {
        "(holds a secret)".to_owned()
    } else {
        crate::wire::json::compact(&pane.form.raw(id).unwrap_or_default())
    };
    Piece { text: Clean::head(&text, look.charset(), room), role: Role::Dim }
}

fn has_secret(pane: &FormPane, id: FieldId, depth: usize) -> bool {
    pane.form
        .field(id)
        .is_some_and(|f| f.secret || depth < 32 && f.children.iter().any(|c| has_secret(pane, *c, depth + 1)))
}

/// The options that are not chosen, as far as there is room.
fn others<'a>(
    labels: impl ExactSizeIterator<Item = &'a str>,
    chosen: Option<usize>,
    room: usize,
    look: Look,
) -> Vec<Piece> {
    let n = labels.len();
    let mut text = String::new();
    let mut width = 0;
    let mut left_out = false;
    // Where not all fit there must be room to say so.
    let count = format!("{} of {n}", look.glyphs.ellipsis).chars().count() + 2;
    let labels: Vec<Clean> = labels.map(|l| look.name(l, Role::Input).text).collect();
    let all: usize = (0..n).filter(|i| Some(*i) != chosen).map(|i| labels[i].width() + 2).sum();
    let room_for_labels = if all <= room { room } else { room.saturating_sub(count) };
    for (i, label) in labels.iter().enumerate() {
        if Some(i) == chosen {
            continue;
        }
        if width + label.width() + 2 > room_for_labels {
            left_out = true;
            break;
        }
        if width > 0 {
            text.push_str("  ");
            width += 2;
        }
        text.push_str(label.as_str());
        width += label.width();
    }
    if left_out {
        let count = format!("{} of {n}", if text.is_empty() { "one" } else { look.glyphs.ellipsis });
        if width + count.len() + 2 <= room {
            text.push_str(if text.is_empty() { "" } else { "  " });
            text.push_str(&count);
        }
    }
    vec![look.piece(&text, Role::Dim)]
}

/// Where the text of a row begins, behind its rule.
fn text_indent(pane: &FormPane, row: usize) -> usize {
    SIGN + 2 * pane.rows.get(row).map_or(0, |r| usize::from(r.depth)).min(10)
}

/// One line of a text of several lines.
fn text_row(pane: &FormPane, row: usize, line: usize, columns: &Columns, look: Look) -> (Row, Option<usize>) {
    let indent = text_indent(pane, row);
    let gutter = look.piece(&format!("{} ", look.glyphs.bar_line), Role::Rule);
    let start = indent + gutter.text.width();
    let mut pieces = vec![spaces(indent), gutter];
    let Some(r) = pane.rows.get(row) else { return (Row::default(), None) };
    let Some(field) = pane.form.field(r.id) else { return (Row::default(), None) };
    if pane.focus == Some((r.id, Part::Field))
        && let Edit::Text(text) = &pane.edit
    {
        let (pieces_, cursor) = edited_line(text, line, field.secret, look);
        pieces.extend(pieces_);
        let cursor = cursor.map(|x| (start + x).min(columns.all.saturating_sub(1)));
        return (Row::of(pieces), cursor);
    }
    let (Input::Text(text) | Input::Json(text)) = &field.input else { return (Row::default(), None) };
    if field.secret {
        pieces.push(look.piece(&look.glyphs.secret.repeat(8), Role::Input));
        return (Row::of(pieces), None);
    }
    // Only the first lines are shown while it is not edited.
    let shown: Vec<&str> = text.split('\n').take(line + 1).collect();
    let Some(own) = shown.get(line) else { return (Row::of(pieces), None) };
    match crate::app::form::language(field) {
        Language::Python => {
            let spans = highlight::python(&shown.join("\n"));
            pieces.extend(code(own, spans.get(line).map_or(&[], Vec::as_slice), look));
        }
        _ => pieces.push(look.piece(own, Role::Code)),
    }
    (Row::of(pieces), None)
}

fn edited_line(text: &TextPane, line: usize, secret: bool, look: Look) -> (Vec<Piece>, Option<usize>) {
    let own = text.area.lines().get(line).map_or("", String::as_str);
    let cursor = text.area.cursor();
    let charset = look.charset();
    let before: String = own.chars().take(cursor.1).collect();
    if secret {
        let masked = |s: &str| look.glyphs.secret.repeat(s.chars().count());
        let x = (line == cursor.0).then(|| before.chars().count());
        return (vec![look.piece(&masked(own), Role::Input)], x);
    }
    let x = Clean::line(&before, charset).width().saturating_sub(text.left);
    let pieces = skip(code(own, text.spans(line), look), text.left);
    (pieces, (line == cursor.0).then_some(x))
}

/// A line of code in the colours of its parts.
pub(super) fn code(line: &str, spans: &[Span], look: Look) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for span in spans {
        let (Some(plain), Some(part)) = (line.get(at..span.bytes.start), line.get(span.bytes.clone())) else {
            break;
        };
        if !plain.is_empty() {
            pieces.push(look.piece(plain, Role::Code));
        }
        pieces.push(look.piece(part, token_role(span.token)));
        at = span.bytes.end;
    }
    if let Some(rest) = line.get(at..).filter(|r| !r.is_empty()) {
        pieces.push(look.piece(rest, Role::Code));
    }
    pieces
}

/// The colour of a part of code.
pub(super) fn token_role(token: Token) -> Role {
    match token {
        Token::Keyword => Role::Keyword,
        Token::String => Role::String,
        Token::Number => Role::Number,
        Token::Comment => Role::Comment,
        Token::Function => Role::Function,
        Token::Type => Role::Type,
        Token::Constant => Role::Constant,
        Token::Operator => Role::Code,
    }
}

/// Pieces without their first columns.
fn skip(pieces: Vec<Piece>, mut columns: usize) -> Vec<Piece> {
    if columns == 0 {
        return pieces;
    }
    let mut out = Vec::new();
    for piece in pieces {
        let width = piece.text.width();
        if columns >= width {
            columns -= width;
        } else {
            out.push(Piece { text: piece.text.skip(columns), role: piece.role });
            columns = 0;
        }
    }
    out
}
