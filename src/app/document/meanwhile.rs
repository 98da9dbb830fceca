//! What went on in the lab while a task ran: its sensors, throttling, alerts.

use std::time::Duration;

use super::{Document, Line, Tone, part};
use crate::{
    app::{
        Severity,
        banner::time,
        beside::{digits, gravity, label, number, sentence, unit},
    },
    clean::exact,
    store::{
        Beside,
        beside::{Course, Level, Sensor, SensorKey, What},
    },
    time::Now,
    wire::event::{Reading, SYSTEM},
};

/// So many sensors, and so much of what was told, stand there.
const MOST: usize = 12;
/// A number that moves by less stands still: a share of itself.
const STILL: f64 = 0.01;

impl Document {
    /// From one moment to another. Nothing stands there where nothing is known.
    pub(super) fn meanwhile(&mut self, lab: &Beside, from: Now, until: Now, now: Now) {
        let mut lines = Vec::new();
        // What was told last of the whole before it began.
        let before = lab.told().find_map(|told| match &told.what {
            What::Level { id, is, .. } if &**id == SYSTEM && told.first.mono <= from.mono => Some(*is),
            _ => None,
        });
        if before == Some(Level::Throttled) {
            lines.push(Line::text(3, "the lab was throttled when it began", Tone::Warning));
        }
        let inside = |at: Now| (from.mono..=until.mono).contains(&at.mono);
        let told: Vec<_> = lab.told().rev().filter(|told| inside(told.at) || inside(told.first)).collect();
        for told in told.iter().take(MOST) {
            let tone = if gravity(&told.what) == Severity::Info { Tone::Text } else { Tone::Warning };
            let at = if inside(told.first) { told.first } else { told.at };
            let at = part(format!("{}  ", time(at.utc, now.utc)), Tone::Dim);
            lines.push(Line::new(3, vec![at, part(sentence(&told.what), tone)]));
        }
        if told.len() > MOST {
            lines.push(Line::text(3, format!("and {} more", told.len() - MOST), Tone::Dim));
        }
        let (from, until) = (from.mono, until.mono);
        let mut moved: Vec<(u8, &SensorKey, &Sensor, String)> = Vec::new();
        let mut still = 0;
        for (key, sensor) in lab.sensors() {
            match course(key, sensor, from, until) {
                Some((rank, text)) => moved.push((rank, key, sensor, text)),
                None => still += usize::from(sensor.heard.mono >= from),
            }
        }
        moved.sort_by_key(|(rank, ..)| *rank);
        for (_, key, sensor, text) in moved.iter().take(MOST) {
            let name = part(format!("{:<22} ", exact(label(key, sensor))), Tone::Dim);
            lines.push(Line::new(3, vec![name, part(text, Tone::Text)]));
        }
        let rest = moved.len().saturating_sub(MOST);
        let rest = [(rest, "more moved"), (still, "stood still or nearly")];
        let rest: Vec<String> = rest
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if !rest.is_empty() {
            lines.push(Line::text(3, rest.join(", "), Tone::Dim));
        }
        if !lines.is_empty() {
            self.heading("the lab meanwhile", "");
            self.lines.extend(lines);
        }
    }
}

/// What a sensor did, with its place among the others: what was switched first, then stages, then what else moved. `None`:
/// nothing that is worth a line.
fn course(key: &SensorKey, sensor: &Sensor, from: Duration, until: Duration) -> Option<(u8, String)> {
    if let Reading::Words(now) = &sensor.reading {
        let (was, at) = sensor.changed.as_ref()?;
        let text = format!("{}, then {now}", number(key, was));
        return (from..=until).contains(&at.mono).then_some((0, text));
    }
    let Course { first, min, max, last } = sensor.within(from, until)?;
    if matches!(sensor.reading, Reading::Flag(_)) {
        let word = |value: f64| number(key, &Reading::Flag(value > 0.5));
        return match (first == last, min == max) {
            (_, true) => None,
            (false, _) => Some((0, format!("{}, then {}", word(first), word(last)))),
            (true, _) => Some((0, format!("{}, in between {}", word(first), word(1.0 - first)))),
        };
    }
    let stage = key.is_stage(sensor);
    if !stage && max - min <= STILL * max.abs().max(min.abs()) {
        return None;
    }
    let mut text =
        if first == last { digits(last) } else { format!("{} to {}", digits(first), digits(last)) };
    let unit = unit(key, sensor);
    if !unit.is_empty() {
        text.push_str(&format!(" {unit}"));
    }
    if min < first.min(last) || max > first.max(last) {
        text.push_str(&format!(", between {} and {}", digits(min), digits(max)));
    }
    Some((if stage { 1 } else { 2 }, text))
}
