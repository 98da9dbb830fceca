//! One task: its head, and as much of its document as fits.

use std::ops::Range;

use ratatui::layout::Rect;

use crate::{
    app::{
        App, called,
        document::{Line, Tone},
        reader::{Page, Reader},
        update::{failure_line, standing},
    },
    clean::Clean,
    highlight,
    store::{State, Task},
    theme::Role,
    time::Now,
};

use super::{Look, Piece, Row, form::token_role, lanes::sign_of, spaces, word, words};

/// Head and document on this area.
pub(super) fn rows(app: &App, reader: &Reader, area: Rect, focused: bool, look: Look, now: Now) -> Vec<Row> {
    let head = head(app.store().task(&reader.key), reader, area.width, look, now);
    below(head, &reader.page, area, focused, look)
}

/// A document below its head.
pub(super) fn below(head: Row, page: &Page, area: Rect, focused: bool, look: Look) -> Vec<Row> {
    let mut out = vec![head, Row::rule(area.width, look)];
    let height = usize::from(area.height).saturating_sub(2);
    let width = usize::from(area.width);
    let mut index = page.top;
    let mut skip = page.skipped;
    let needle = page.search.to_lowercase();
    while out.len() < height + 2 {
        let Some(line) = page.document.lines.get(index) else { break };
        let selected = focused && index == page.cursor;
        for row in lines(line, page, width, &needle, look).into_iter().skip(skip) {
            if out.len() >= height + 2 {
                break;
            }
            out.push(Row { selected, ..row });
        }
        skip = 0;
        index += 1;
    }
    // How far down one is, where not everything fits.
    let all = page.document.lines.len();
    if all > height
        && let Some(rule) = out.get_mut(1)
    {
        let text = format!(" line {} of {all} ", page.cursor + 1);
        rule.left =
            vec![look.piece(&look.glyphs.rule.repeat(width.saturating_sub(text.len() + 2)), Role::Rule)];
        rule.right = vec![look.piece(&text, Role::Dim), look.piece(look.glyphs.rule, Role::Rule)];
    }
    out
}

fn head(task: Option<&Task>, reader: &Reader, width: u16, look: Look, now: Now) -> Row {
    let Some(task) = task else {
        let text = match reader.page.document.lines.is_empty() {
            true => "this task was let go to save memory before it was read",
            false => "this task was let go to save memory; the last that was known:",
        };
        return Row::of(vec![spaces(1), look.piece(text, Role::Warning)]);
    };
    let (sign, role) = sign_of(task, look);
    let mut left = vec![spaces(1), look.piece(sign, role), spaces(1)];
    if task.own.is_some() {
        left.push(look.piece(look.glyphs.own, Role::Own));
        left.push(spaces(1));
    }
    let failed = failure_line(task);
    // The name gives way to the error: the values stand below in the payload.
    let class =
        if task.is_ipython() { task.name.split(':').next().unwrap_or_default() } else { &task.task_type };
    let name = if failed.is_some() && !class.is_empty() { class } else { &task.name };
    let name_at = left.len();
    left.push(look.piece(&called(name), Role::Title));
    left.push(word(" on ", Role::Dim));
    left.push(look.name(&task.service, Role::Dim));
    let mut text = match task.state {
        State::Ended | State::Unknown => {
            let when = task.ended.map(|s| words::clock(s.at.utc)).unwrap_or_default();
            format!("{} {when}", standing(task))
        }
        State::Running { .. } => match task.duration(now) {
            Some((d, true)) => format!("runs {}", words::duration(d)),
            Some((d, false)) => format!("runs at least {}", words::duration(d)),
            None => "runs".to_owned(),
        },
        _ => standing(task).to_owned(),
    };
    text.push(' ');
    let mut row = Row { left, right: vec![look.piece(&text, role)], ..Row::default() };
    // What follows shows that it is cut.
    let mark = u16::from(failed.is_some());
    row.share_among(&[name_at, name_at + 2], width.saturating_sub(mark), look);
    if let Some(failed) = &failed {
        row.left.push(spaces(2));
        row.left.push(look.piece(failed, Role::Failed));
    }
    row
}

fn lines(line: &Line, page: &Page, width: usize, needle: &str, look: Look) -> Vec<Row> {
    let (indent, room) = line.room(width);
    let wraps = page.wrap || line.wraps;
    let mut pieces: Vec<Piece> = Vec::new();
    if let Some((_, open)) = line.fold {
        let g = look.glyphs;
        pieces.push(look.piece(&format!("{} ", if open { g.unfolded } else { g.folded }), Role::Library));
    }
    for part in &line.parts {
        let text = match part.tone {
            Tone::Bar => look.glyphs.bar_line,
            Tone::Here => look.glyphs.arrow,
            _ => part.text.as_str(),
        };
        // Only as much as the pane can show is made clean, however long the line is.
        for (text, role) in coloured(text, part.tone, needle) {
            pieces.push(match wraps {
                true => look.piece(text, role),
                false => Piece { text: Clean::head(text, look.glyphs.charset, page.left + room + 1), role },
            });
        }
    }
    pieces.retain(|p| !p.text.is_empty());
    if !wraps {
        let mut row = Row::of(vec![spaces(indent)]);
        row.left.extend(skip(pieces, page.left));
        if !line.right.is_empty() {
            row.right = vec![look.piece(&line.right, Role::Dim), spaces(1)];
        }
        return vec![row];
    }
    let hang = page.hang(line, room);
    let mut rows = vec![Row::of(vec![spaces(indent)])];
    let mut used = 0;
    for p in pieces {
        for (n, text) in p.text.chop(room - used, room - hang).into_iter().enumerate() {
            if n > 0 {
                rows.push(Row::of(vec![spaces(indent + hang)]));
                used = hang;
            }
            used += text.width();
            if let Some(row) = rows.last_mut() {
                row.left.push(Piece { text, role: p.role });
            }
        }
    }
    if !line.right.is_empty() && rows.len() == 1 {
        rows[0].right = vec![look.piece(&line.right, Role::Dim), spaces(1)];
    }
    rows
}

/// Longer lines of code are not coloured: nobody wrote them.
const LONGEST_CODE: usize = 4_000;

/// A text in the colours of its parts: code as Python, what was looked for above all.
fn coloured<'a>(text: &'a str, tone: Tone, needle: &str) -> Vec<(&'a str, Role)> {
    let plain = role(tone);
    let mut parts: Vec<(Range<usize>, Role)> = Vec::new();
    let mut at = 0;
    if tone == Tone::Code && text.len() <= LONGEST_CODE {
        // A line by itself: of what stands before it a traceback shows nothing.
        for span in highlight::python(text).into_iter().next().unwrap_or_default() {
            parts.push((at..span.bytes.start, plain));
            at = span.bytes.end;
            parts.push((span.bytes, token_role(span.token)));
        }
    }
    parts.push((at..text.len(), plain));
    let mut hits = matches(text, needle).into_iter().peekable();
    let mut out = Vec::new();
    for (part, role) in parts {
        let mut from = part.start;
        while let Some(hit) = hits.peek().filter(|hit| hit.start < part.end) {
            let to = hit.end.min(part.end);
            out.push((from..hit.start.max(from), role));
            out.push((hit.start.max(from)..to, Role::Match));
            from = to;
            if hit.end > part.end {
                break;
            }
            hits.next();
        }
        out.push((from..part.end, role));
    }
    let shown = out.into_iter().filter(|(range, _)| !range.is_empty());
    shown.filter_map(|(range, role)| Some((text.get(range)?, role))).collect()
}

/// The pieces without their first `columns` columns.
pub(super) fn skip(pieces: Vec<Piece>, mut columns: usize) -> Vec<Piece> {
    let mut out = Vec::new();
    for p in pieces {
        let width = p.text.width();
        if columns >= width {
            columns -= width;
            continue;
        }
        out.push(Piece { text: p.text.skip(columns), role: p.role });
        columns = 0;
    }
    out
}

/// Where the needle stands, without regard to case. The marks are on the characters of the text itself, also where
/// lower case has another length.
fn matches(text: &str, needle: &str) -> Vec<std::ops::Range<usize>> {
    if needle.is_empty() {
        return Vec::new();
    }
    // Lower case, with the place in the original of each byte.
    let mut lower = String::new();
    let mut places = Vec::new();
    for (at, c) in text.char_indices() {
        for l in c.to_lowercase() {
            lower.push(l);
            places.resize(lower.len(), at);
        }
    }
    let mut hits: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, hit) in lower.match_indices(needle) {
        let start = places[at];
        let last = places[at + hit.len() - 1];
        let end = text[last..].chars().next().map_or(text.len(), |c| last + c.len_utf8());
        if hits.last().is_none_or(|h| h.end <= start) {
            hits.push(start..end);
        }
        if hits.len() > 200 {
            break;
        }
    }
    hits
}

fn role(tone: Tone) -> Role {
    match tone {
        Tone::Text => Role::Text,
        Tone::Dim | Tone::Bar | Tone::Here => Role::Dim,
        Tone::Title => Role::Title,
        Tone::Ok => Role::Ok,
        Tone::Failed => Role::Exception,
        Tone::Warning => Role::Warning,
        Tone::File => Role::FrameFile,
        Tone::Library => Role::Library,
        Tone::Code => Role::Code,
        Tone::CodeMark => Role::CodeMark,
        Tone::Key => Role::JsonKey,
        Tone::String => Role::String,
        Tone::Number => Role::Number,
        Tone::Constant => Role::Constant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_has_its_colours_and_what_was_looked_for_above_them() {
        let text = "return amp * 'π'";
        for needle in ["", "turn a", "amp", "'", "t"] {
            let parts = coloured(text, Tone::Code, needle);
            assert_eq!(parts.iter().map(|(text, _)| *text).collect::<String>(), text);
            let found: String =
                parts.iter().filter(|(_, r)| *r == Role::Match).map(|(text, _)| *text).collect();
            let times = if needle.is_empty() { 0 } else { text.matches(needle).count() };
            assert_eq!(found, needle.repeat(times));
        }
        assert_eq!(coloured(text, Tone::Code, "")[0], ("return", Role::Keyword));
        assert_eq!(coloured(text, Tone::Text, ""), [(text, Role::Text)]);
    }

    #[test]
    fn matches_are_marked_on_the_characters_of_the_text() {
        // A44: lower case has more bytes for the first, fewer for the second, and another letter for the third.
        let text = "İẞǅ i";
        let found = |needle| matches(text, needle).iter().map(|hit| (hit.start, hit.end)).collect::<Vec<_>>();
        assert_eq!(found("i"), [(0, 2), (8, 9)]);
        for (needle, hit) in [("ß", (2, 5)), ("ǆ", (5, 7)), ("ßǆ i", (2, 9))] {
            assert_eq!(found(needle), [hit], "{needle}");
        }
        assert_eq!(matches("aAa", "a").len(), 3);
        assert!(matches("", "a").is_empty());
        assert!(matches("abc", "").is_empty());
    }
}
