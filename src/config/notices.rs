//! `[notices]`: what the person is told of while they look elsewhere, and how.

use std::path::PathBuf;

use chrono::NaiveTime;
use toml::{Spanned, de::DeValue};

use super::{put, source::Source};

/// How the terminal is asked for a notice on the desktop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Desktop {
    /// As the environment tells which terminal it is; one that is not known is not asked.
    #[default]
    Auto,
    /// Not at all.
    No,
    /// By `OSC 9`.
    Osc9,
    /// By `OSC 777`.
    Osc777,
    /// By `OSC 99`.
    Osc99,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notices {
    /// The terminal's bell.
    pub bell: bool,
    /// A notice on the desktop.
    pub desktop: Desktop,
    /// A program and its arguments; none: nothing is run.
    pub command: Vec<String>,
    /// Own tasks that ran for so many minutes; 0: none.
    pub own_minutes: usize,
    /// The first failure of a type on a service after it went well.
    pub first_failures: bool,
    /// Services that fall silent, and are heard again.
    pub services: bool,
    /// From when to when nothing rings, by the local time of day.
    pub quiet: Option<(NaiveTime, NaiveTime)>,
    /// At most so many …
    pub most: usize,
    /// … in so many minutes.
    pub minutes: usize,
}

impl Default for Notices {
    fn default() -> Notices {
        Notices {
            bell: true,
            desktop: Desktop::Auto,
            command: Vec::new(),
            own_minutes: 10,
            first_failures: false,
            services: false,
            quiet: None,
            most: 5,
            minutes: 10,
        }
    }
}

pub(super) const KEYS: [&str; 9] =
    ["bell", "desktop", "command", "own-minutes", "first-failures", "services", "quiet", "most", "minutes"];

impl Notices {
    pub(super) fn read(&mut self, source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in source.subtable("notices", value).into_iter().flatten() {
            let name = key.get_ref().replace('_', "-");
            match name.as_str() {
                "bell" => put(&mut self.bell, source.boolean(&name, value)),
                "desktop" => {
                    let words = [
                        ("auto", Desktop::Auto),
                        ("no", Desktop::No),
                        ("osc9", Desktop::Osc9),
                        ("osc777", Desktop::Osc777),
                        ("osc99", Desktop::Osc99),
                    ];
                    put(&mut self.desktop, source.choice(&name, value, &words));
                }
                "command" => self.command = command(source, value),
                "own-minutes" => put(&mut self.own_minutes, source.number(&name, value, 0)),
                "first-failures" => put(&mut self.first_failures, source.boolean(&name, value)),
                "services" => put(&mut self.services, source.boolean(&name, value)),
                "quiet" => self.quiet = quiet(source, value),
                "most" => put(&mut self.most, source.number(&name, value, 1)),
                "minutes" => put(&mut self.minutes, source.number(&name, value, 1)),
                _ => source.unknown(key, KEYS),
            }
        }
    }
}

/// A program with its arguments. One whose words cannot all be read is not run.
fn command(source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) -> Vec<String> {
    let (words, whole) = source.strings("command", value);
    let mut words: Vec<String> = words.into_iter().map(Spanned::into_inner).filter(|_| whole).collect();
    // A relative path starts at the configuration's folder; a bare name is looked for on the PATH.
    if let Some(program) = words.first_mut().filter(|program| program.contains('/')) {
        let folder = source.file.parent().map(PathBuf::from).unwrap_or_default();
        *program = folder.join(&*program).display().to_string();
    }
    words
}

/// `22:00-07:00`.
fn quiet(source: &mut Source<'_>, value: &Spanned<DeValue<'_>>) -> Option<(NaiveTime, NaiveTime)> {
    let text = source.string("quiet", value)?;
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let hours = text.split_once('-').and_then(|(from, until)| Some((time(from)?, time(until)?)));
    if hours.is_none() {
        source.problem(
            &value.span(),
            format!("`quiet` is {text:?}"),
            "write two times of day: \"22:00-07:00\"",
        );
    }
    hours
}
