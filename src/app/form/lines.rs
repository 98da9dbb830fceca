//! The lines that a form has on a pane: its rows, texts of several lines, and what is said below the focused field.
//! Shared by scrolling and painting.

use crate::{
    catalogue::{
        Level,
        form::{Field, FieldId, FieldProblem, Input, Origin, Part, Presence, Says},
    },
    clean::{Charset, Clean},
};

use super::{Edit, FormPane, same_words};

/// Lines of a text that is not being edited.
const GLIMPSE: usize = 5;

/// Lines of description below a field; beside the form there is more room.
const DESCRIPTION: usize = 4;

/// What a line below a field is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// What the field is.
    Doc,
    /// What may stand there, and where the value is from.
    Limits,
    /// It is wrong.
    Error,
    /// It may be wrong.
    Hint,
    /// Something to know before it is sent.
    Warning,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// What is wrong and stands at no field.
    Whole(Clean, Tone),
    /// A row: an index of [`FormPane::rows`].
    Row(usize),
    /// A line of a row's text.
    Text {
        /// The row.
        row: usize,
        /// The line, from 0.
        line: usize,
    },
    /// So many lines of a row's text are not shown.
    More {
        /// The row.
        row: usize,
        /// How many.
        count: usize,
    },
    /// Something below the focused field.
    Detail(Clean, Tone),
}

/// All lines. `beside`: what is said of the focused field stands beside the form, not below it.
pub(super) fn lines(pane: &FormPane, columns: usize, beside: bool, charset: Charset) -> Vec<Line> {
    let mut lines = Vec::new();
    for problem in pane.unplaced() {
        let text = Clean::line(&sentence(problem), charset);
        // Behind the sign.
        lines.extend(text.wrap(columns.saturating_sub(4)).into_iter().map(|t| Line::Whole(t, tone(problem))));
    }
    for (i, row) in pane.rows.iter().enumerate() {
        lines.push(Line::Row(i));
        let focused = pane.focus == Some((row.id, row.part));
        let field = pane.form.field(row.id);
        if row.part == Part::Field
            && let Some(field) = field
        {
            let count = text_lines(pane, field, focused);
            let shown = if focused { count } else { count.min(GLIMPSE) };
            lines.extend((0..shown).map(|line| Line::Text { row: i, line }));
            if shown < count {
                lines.push(Line::More { row: i, count: count - shown });
            }
        }
        if focused && !beside {
            let indent = 2 * usize::from(row.depth) + 3;
            let width = columns.saturating_sub(indent + 1).max(12);
            for (tone, text) in details(pane, columns < 60) {
                let wrapped = Clean::line(&text, charset).wrap(width);
                let most = if tone == Tone::Doc { DESCRIPTION } else { usize::MAX };
                let cut = wrapped.len() > most;
                for (n, line) in wrapped.into_iter().take(most).enumerate() {
                    let line = if cut && n + 1 == most {
                        line.pad(width + 1).truncate(width, charset)
                    } else {
                        line
                    };
                    lines.push(Line::Detail(line, tone));
                }
            }
        }
    }
    lines
}

/// Lines that the field's text takes below its row; 0 for all that stands on the row itself.
fn text_lines(pane: &FormPane, field: &Field, focused: bool) -> usize {
    if focused && let Edit::Text(text) = &pane.edit {
        return text.area.lines().len();
    }
    if field.presence != Presence::Value || field.sweep.is_some() {
        return 0;
    }
    match &field.input {
        Input::Text(text) if !text.is_empty() => text.split('\n').count(),
        Input::Json(text) if text.contains('\n') => text.split('\n').count(),
        _ => 0,
    }
}

/// What is said of the focused field, most urgent first; `narrow`: also what else stands on its row.
pub fn details(pane: &FormPane, narrow: bool) -> Vec<(Tone, String)> {
    let mut out = Vec::new();
    let Some((id, part)) = pane.focus else { return out };
    let Some(field) = pane.form.field(id) else { return out };
    if part == Part::Add {
        let mut text = match field.input {
            Input::Map => "Enter adds an entry".to_owned(),
            _ => "Enter adds an item".to_owned(),
        };
        if !field.limits.is_empty() {
            text = format!("{text} · {}", field.limits);
        }
        return vec![(Tone::Limits, text)];
    }
    // Where the service, or the class, has spoken, what it may say is no news.
    let told = pane.problems_at(id).any(|p| p.by != Says::Form);
    let problems = pane.problems_at(id).filter(|p| !told || p.level == Level::Error);
    out.extend(problems.map(|p| (tone(p), sentence(p))));
    if field.sweep.is_some() {
        out.push((Tone::Limits, values(pane, id)));
    }
    let title = field.title.as_deref().filter(|t| !same_words(t, &field.name));
    let doc = field.doc.as_deref().map(|d| d.split_whitespace().collect::<Vec<_>>().join(" "));
    match (title, doc) {
        (Some(title), Some(doc)) => out.push((Tone::Doc, format!("{title}: {doc}"))),
        (Some(title), None) => out.push((Tone::Doc, title.to_owned())),
        (None, Some(doc)) if !doc.is_empty() => out.push((Tone::Doc, doc)),
        _ => {}
    }
    let mut facts = Vec::new();
    if narrow && !field.kind.is_empty() {
        facts.push(field.kind.clone());
    }
    // What is wrong often says the same.
    if !field.limits.is_empty() && pane.problems_at(id).all(|p| p.what != field.limits) {
        facts.push(field.limits.clone());
    }
    facts.extend(field.unit.as_ref().map(|u| format!("in {u}")));
    if narrow {
        facts.push(from(field).to_owned());
    }
    let secret = field.secret;
    if let Some(default) = field.default.as_deref().filter(|_| field.origin != Origin::Default && !secret) {
        facts.push(format!("default {}", short(default)));
    }
    if let Some(last) = field.last.as_deref().filter(|_| field.origin != Origin::Last && !secret) {
        facts.push(format!("last run {}", short(last)));
    }
    if !field.required && field.presence == Presence::Value && field.nullable {
        facts.push("can be null or left out".to_owned());
    } else if field.nullable && field.presence == Presence::Value {
        facts.push("can be null".to_owned());
    }
    facts.retain(|f| !f.is_empty());
    if !facts.is_empty() {
        out.push((Tone::Limits, facts.join(" · ")));
    }
    let how = match &field.input {
        _ if field.sweep.is_some() => String::new(),
        Input::Choice { options, .. } if options.len() > super::MANY => {
            format!("one of {}: type a part of it, or Enter lists them", options.len())
        }
        Input::Choice { options, .. } if options.len() > 2 => {
            format!("one of {}: Left and Right step, Enter lists them", options.len())
        }
        Input::Choice { chosen: None, .. } => "Space chooses, and changes it".to_owned(),
        Input::Choice { .. } => "Space changes it".to_owned(),
        Input::Union { variants, .. } => format!("one of {} kinds: Enter lists them", variants.len()),
        _ => String::new(),
    };
    if !how.is_empty() {
        out.push((Tone::Limits, how));
    }
    if secret {
        out.push((
            Tone::Warning,
            "a secret: shown nowhere here, but it goes over the bus in the clear".to_owned(),
        ));
    }
    out
}

/// The values that a field runs through; how to write them, where there are none yet.
fn values(pane: &FormPane, id: FieldId) -> String {
    let Some(Ok(sweep)) = pane.form.sweep(id) else {
        let number =
            pane.form.field(id).is_some_and(|f| matches!(f.kind.trim_end_matches('?'), "int" | "float"));
        return match number {
            true => "1, 2, 5 · start:stop:count · centre±span:count (also +-) · log 1:1000:4 · 0..10 by 2",
            false => "a, b, \"c, d\" · q1..q5 · all: every option",
        }
        .to_owned();
    };
    let value = |at: usize| sweep.nth(at).map(|raw| short(&raw)).unwrap_or_default();
    match sweep.count() {
        1 => format!("one value: {}", value(0)),
        n @ 2..=5 => format!("{n} values: {}", (0..n).map(value).collect::<Vec<_>>().join(", ")),
        n => format!("{n} values: {}, {}, {} … {}", value(0), value(1), value(2), value(n - 1)),
    }
}

/// A default or last value, in not too many characters.
fn short(raw: &str) -> String {
    let raw = crate::wire::json::compact(raw);
    if raw.chars().count() > 40 { format!("{}…", raw.chars().take(39).collect::<String>()) } else { raw }
}

/// Where the value is from, in a word or two.
pub fn from(field: &Field) -> &'static str {
    match field.origin {
        _ if field.sweep.is_some() => "sweep",
        Origin::Default => "default",
        Origin::Service => "filled in by the service",
        Origin::Missing => "required",
        Origin::Last => "last run",
        Origin::Edited => "edited",
        Origin::Filled => "filled in",
    }
}

fn tone(problem: &FieldProblem) -> Tone {
    if problem.level == Level::Error { Tone::Error } else { Tone::Hint }
}

/// A problem in a phrase, with who says so where it is not this program.
pub fn sentence(problem: &FieldProblem) -> String {
    let what = problem.what.split_whitespace().collect::<Vec<_>>().join(" ");
    match problem.by {
        Says::Form => what,
        Says::Service => format!("the service: {what}"),
        Says::Class => format!("its class: {what}"),
    }
}

/// The first line to be shown, so that the focus is seen with what stands below it.
pub(super) fn top_for(pane: &FormPane, lines: &[Line], height: usize) -> usize {
    let height = height.max(1);
    let last = lines.len().saturating_sub(height);
    let Some(row) = pane.focused_row() else { return pane.top.min(last) };
    let Some(start) = lines.iter().position(|l| *l == Line::Row(row)) else { return pane.top.min(last) };
    let after = lines[start + 1..].iter().position(|l| matches!(l, Line::Row(_)));
    let end = after.map_or(lines.len(), |n| start + 1 + n);
    // What must be seen in any case: the row, or the line of its text that has the cursor.
    let anchor = match &pane.edit {
        Edit::Text(text) => start + 1 + text.area.cursor().0,
        _ => start,
    };
    // What stands above the first row belongs to it.
    let first = if row == 0 { 0 } else { start };
    let (low, high) = if end - first <= height {
        (end.saturating_sub(height), first)
    } else if end - start <= height {
        (end.saturating_sub(height), start)
    } else if pane.in_text() {
        ((anchor + 1).saturating_sub(height), anchor)
    } else {
        (start, start)
    };
    pane.top.clamp(low.min(high), high).min(last)
}
