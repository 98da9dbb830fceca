//! The lines above everything else: what is wrong with the connections and what to do, else from when to when nothing was
//! seen, else what became of tasks since the person left, until they put that away.

use std::time::Duration;

use chrono::{DateTime, Local, Utc};

use super::{App, action::Action, replay::stretch};
use crate::{clean::Clean, wire::link::Line};

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Banner {
    /// Something is wrong now.
    Problem(String),
    /// Something was not seen.
    Gap(String),
    /// The person was away.
    Left(String),
}

impl Banner {
    /// Its words.
    pub fn text(&self) -> &str {
        match self {
            Banner::Problem(text) | Banner::Gap(text) | Banner::Left(text) => text,
        }
    }
}

impl App {
    /// What is told above everything else; `None`: nothing.
    pub fn banner(&self) -> Option<Banner> {
        let problem = self.problem().map(Banner::Problem);
        problem.or_else(|| self.gap().map(Banner::Gap)).or_else(|| self.since_left().map(Banner::Left))
    }

    /// How many lines it takes on that many columns; no more than four.
    pub(super) fn banner_lines(&self) -> u16 {
        self.banner().map_or(0, |banner| {
            let columns = usize::from(self.ui.size.0).saturating_sub(2).max(1);
            Clean::line(banner.text(), self.settings.charset).wrap(columns).len().min(4) as u16
        })
    }

    /// What is wrong with the connections and what to do, in one text; `None` while nothing is.
    pub fn problem(&self) -> Option<String> {
        let mut told: Vec<String> = Vec::new();
        for (line, link) in &self.session.links {
            let Some(problem) = &link.problem else { continue };
            let text = match line {
                Line::Service(name) => format!("{name}: {}", problem.sentences()),
                _ => problem.sentences(),
            };
            if !told.contains(&text) {
                told.push(text);
            }
        }
        let gap = self.session.gaps.open().filter(|_| !told.is_empty() && !self.session.is_live(&Line::Bus));
        if let Some(gap) = gap {
            told.insert(0, format!("What you see is as it was at {}.", time(gap.from.utc, gap.from.utc)));
        }
        (!told.is_empty()).then(|| told.join(" "))
    }

    /// The newest time in which nothing was seen, and how much there was in all, until the person has put it away.
    fn gap(&self) -> Option<String> {
        let gaps = &self.session.gaps;
        let new = gaps.count().saturating_sub(self.ui.gaps_seen);
        let gap = gaps.iter().next_back().filter(|_| new > 0)?;
        let until = gap.until?;
        let (from, to) = (time(gap.from.utc, until.utc), time(until.utc, until.utc));
        let mut text = format!("Nothing was seen from {from} to {to} ({})", stretch(gap.length(until)));
        if new > 1 {
            let all = gaps.iter().rev().take(new).fold(Duration::ZERO, |sum, gap| sum + gap.length(until));
            let times = if new == 2 { "once".to_owned() } else { format!("{} times", new - 1) };
            text.push_str(&format!(", and {times} before, {} in all", stretch(all)));
        }
        text.push('.');
        if let Some(told) = self.ui.archive.of_gap(gap) {
            text.push_str(&format!(" {told}"));
        }
        let key = self.key(Action::Back).unwrap_or_default();
        text.push_str(&format!(" {key} puts this away."));
        Some(text)
    }
}

/// A time of day with its seconds, and the date where it is another day than `beside`.
pub fn time(at: DateTime<Utc>, beside: DateTime<Utc>) -> String {
    let (at, beside) = (at.with_timezone(&Local), beside.with_timezone(&Local));
    let form = if at.date_naive() == beside.date_naive() { "%H:%M:%S" } else { "%a %d %b %H:%M:%S" };
    at.format(form).to_string()
}
