//! Two tasks side by side: what differs comes first, then what is the same.
//!
//! Pure; a comparison of large results takes a while, so it is made beside the loop. It refuses to say that two texts are
//! the same, or differ, where one of them is not known.

use std::time::Duration;

use super::{
    action::Action,
    document::{local, outcome_text},
    lanes::first_visible,
};
use crate::{
    app::{called, called_or},
    clean::exact,
    result::diff::{self, Diff, Waits},
    store::{Outcome, Past, Task},
};

/// One of the two, with its texts.
#[derive(Debug)]
pub struct Side {
    /// As the history's list has it.
    pub past: Past,
    /// With its texts.
    pub task: Task,
    /// Secrets of its payload were masked before it was kept.
    pub masked: bool,
}

/// One row of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// What follows, and a word on it.
    Section {
        /// `Task`, `Payload`…
        title: &'static str,
        /// How much of it differs, or why nobody can tell.
        about: String,
    },
    /// A pair of values.
    Pair {
        /// What it is: a fact's name, or a path.
        name: String,
        /// More about the place.
        note: Option<String>,
        /// The first one's; `None`: it has none.
        one: Option<String>,
        /// The second one's.
        other: Option<String>,
        /// They differ.
        differs: bool,
    },
}

/// What two tasks have and have not in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Names of the two, with service and moment, the earlier one first.
    pub titles: [String; 2],
    /// How many facts and values differ.
    pub differences: usize,
    /// The rows: differences first.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// Compares two tasks; the one that ran first is the first. `None`: nobody waits for it any more.
    pub fn of(mut sides: [Side; 2], waits: Waits<'_>) -> Option<Comparison> {
        sides.sort_by_key(|side| side.past.at());
        let titles = sides.each_ref().map(|side| {
            let name = called_or(&side.past.name, &side.past.task_type);
            format!("{}  {name}  {}", local(side.past.at()), exact(&side.past.service))
        });
        let payloads = sides.each_ref().map(|side| side.task.payload.as_deref());
        let results = sides.each_ref().map(|side| side.task.reply.as_ref()?.result(side.task.is_ipython()));
        let (facts, same_facts): (Vec<Row>, Vec<Row>) = facts(&sides).into_iter().partition(differs);
        let payload = Part::of("Payload", payloads, &sides, waits)?;
        let result = Part::of("Result", results, &sides, waits)?;
        let differences = facts.len() + payload.differences + result.differences;
        let mut rows = Vec::new();
        if !facts.is_empty() {
            rows.push(Row::Section { title: "Task", about: String::new() });
            rows.extend(facts);
        }
        let mut same = same_facts;
        for part in [payload, result] {
            rows.push(Row::Section { title: part.title, about: part.about });
            rows.extend(part.changed);
            same.extend(part.same);
        }
        rows.push(Row::Section { title: "The same", about: String::new() });
        rows.extend(same);
        Some(Comparison { titles, differences, rows })
    }

    /// As lines of text for other programs: name, first, second, with tabs between.
    pub fn text(&self) -> String {
        let mut text = format!("\t{}\t{}\n", self.titles[0], self.titles[1]);
        for row in &self.rows {
            match row {
                Row::Section { title, about } if about.is_empty() => text.push_str(&format!("# {title}\n")),
                Row::Section { title, about } => text.push_str(&format!("# {title}: {about}\n")),
                Row::Pair { name, note, one, other, .. } => {
                    let note = note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
                    let side =
                        |side: &Option<String>| side.clone().unwrap_or_default().replace(['\t', '\n'], " ");
                    text.push_str(&format!("{name}{note}\t{}\t{}\n", side(one), side(other)));
                }
            }
        }
        text
    }
}

fn differs(row: &Row) -> bool {
    matches!(row, Row::Pair { differs: true, .. })
}

fn facts(sides: &[Side; 2]) -> Vec<Row> {
    let fact = |name: &str, told: [Option<String>; 2]| {
        let [one, other] = told;
        let differs = one != other;
        Row::Pair { name: name.to_owned(), note: None, one, other, differs }
    };
    let each = |tell: fn(&Side) -> Option<String>| sides.each_ref().map(tell);
    let mut facts = vec![
        fact(
            "outcome",
            each(|side| {
                let past = &side.past;
                let told = past.outcome.map(|outcome| outcome_text(outcome, past.reason.as_ref()));
                Some(told.unwrap_or_else(|| past.state.word().to_owned()))
            }),
        ),
        fact(
            "error",
            each(|side| {
                let error = side.task.failure()?;
                let parts = [error.ename.as_deref(), error.evalue.as_deref()];
                Some(parts.into_iter().flatten().collect::<Vec<_>>().join(": "))
            }),
        ),
        took(sides),
        fact("service", each(|side| Some(exact(&side.past.service).into_owned()))),
        fact("type", each(|side| Some(exact(&side.past.task_type).into_owned()))),
        fact("name", each(|side| Some(called(&side.past.name).into_owned()))),
        fact("lane", each(|side| Some(side.past.lane.word().to_owned()))),
    ];
    // What neither has says nothing.
    facts.retain(|row| !matches!(row, Row::Pair { one: None, other: None, .. }));
    facts
}

/// How long both ran, and what that is of each other.
fn took(sides: &[Side; 2]) -> Row {
    let lengths = sides.each_ref().map(|side| side.past.took);
    let told = lengths.map(|took| {
        let (took, exact) = took?;
        Some(format!("{}{}", if exact { "" } else { "at least " }, seconds(took)))
    });
    let note = match lengths {
        [Some((one, true)), Some((other, true))] if one != other && !one.is_zero() => {
            Some(format!("\u{d7}{:.2}", other.as_secs_f64() / one.as_secs_f64()))
        }
        _ => None,
    };
    let [one, other] = told;
    Row::Pair { name: "took".to_owned(), note, differs: one != other, one, other }
}

fn seconds(length: Duration) -> String {
    format!("{:.3} s", length.as_secs_f64())
}

/// Two texts of one kind.
struct Part {
    title: &'static str,
    about: String,
    differences: usize,
    changed: Vec<Row>,
    same: Vec<Row>,
}

impl Part {
    fn of(
        title: &'static str,
        texts: [Option<&str>; 2],
        sides: &[Side; 2],
        waits: Waits<'_>,
    ) -> Option<Part> {
        let unknown =
            |about: String| Part { title, about, differences: 0, changed: Vec::new(), same: Vec::new() };
        let (one, other) = match texts {
            [Some(one), Some(other)] => (one, other),
            [None, None] if sides.iter().all(|side| !side.task.let_go) => {
                return Some(unknown("neither has one".to_owned()));
            }
            _ => return Some(unknown(missing(texts, sides))),
        };
        let diff = diff::compare(one, other, waits)?;
        let mut about = match (diff.count(), diff.more_changed) {
            (0, _) => "the same".to_owned(),
            (1, _) => "1 difference".to_owned(),
            (count, 0) => format!("{count} differences"),
            (count, _) => format!("{count} differences, the first {} are shown", diff.changed.len()),
        };
        if title == "Payload" && sides.iter().any(|side| side.masked) {
            about.push_str("; secrets were masked before it was kept, and may differ");
        }
        let differences = diff.count();
        let Diff { changed, same, more_same, .. } = diff;
        let pair = |line: diff::Line, differs, prefix: &str| {
            let path = if line.path == "." { "" } else { &*line.path };
            let name = match (prefix, path) {
                ("", "") => "all".to_owned(),
                ("", path) => path.to_owned(),
                (prefix, "") => prefix.to_owned(),
                (prefix, path) if path.starts_with('[') => format!("{prefix}{path}"),
                (prefix, path) => format!("{prefix}.{path}"),
            };
            Row::Pair { name, note: line.note, one: line.one, other: line.other, differs }
        };
        let prefix = title.to_lowercase();
        let mut same: Vec<Row> = same.into_iter().map(|line| pair(line, false, &prefix)).collect();
        if more_same > 0 {
            let told = Some(format!("{more_same} more"));
            same.push(Row::Pair { name: prefix, note: None, one: told.clone(), other: told, differs: false });
        }
        let changed = changed.into_iter().map(|line| pair(line, true, "")).collect();
        Some(Part { title, about, differences, changed, same })
    }
}

/// Why two texts cannot be compared.
fn missing(texts: [Option<&str>; 2], sides: &[Side; 2]) -> String {
    let told = [0, 1].map(|at| {
        let which = ["the first", "the second"][at];
        match (texts[at], sides[at].task.let_go) {
            (Some(_), _) => None,
            (None, true) => Some(format!("{which} one's is not kept, being too large or too old")),
            (None, false) => Some(match sides[at].past.outcome {
                Some(Outcome::Failed) => format!("{which} failed"),
                Some(Outcome::Cancelled) => format!("{which} was cancelled"),
                _ => format!("{which} has none that was seen"),
            }),
        }
    });
    format!("not compared: {}", told.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// A comparison on the screen.
#[derive(Debug)]
pub struct Compare {
    /// What is shown.
    pub comparison: Comparison,
    /// The selected row.
    pub selected: usize,
    /// The selected pair has the whole screen.
    pub whole: bool,
    /// The screen line on which it stands.
    line: usize,
}

impl Compare {
    /// Shows the first difference.
    pub fn new(comparison: Comparison) -> Compare {
        let first = comparison.rows.iter().position(|row| matches!(row, Row::Pair { .. })).unwrap_or(0);
        Compare { comparison, selected: first, whole: false, line: first }
    }

    /// The selected row.
    pub fn row(&self) -> Option<&Row> {
        self.comparison.rows.get(self.selected)
    }

    /// The first row on a screen of that height.
    pub fn first_row(&self, height: usize) -> usize {
        first_visible(self.comparison.rows.len(), self.selected, self.line, height)
    }

    /// Moves the selection; false: the key moves nothing.
    pub fn step(&mut self, action: Action, height: usize) -> bool {
        let Some(by) = action.steps(height) else { return false };
        self.step_by(by, height);
        true
    }

    /// Moves the selection by so many rows.
    pub fn step_by(&mut self, by: isize, height: usize) {
        let first = self.first_row(height);
        let last = self.comparison.rows.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
        self.line = self.selected.saturating_sub(first).min(height.saturating_sub(1));
    }
}
