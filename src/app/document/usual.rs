//! What a task like this usually takes, from how many runs, and where this one lies among them.

use std::time::Duration;

use super::{Document, Line, Tone, part};
use crate::{
    clean::exact,
    store::{
        Overrun, State, Task,
        usual::{Basis, FEWEST, Sample},
    },
    time::Now,
};

impl Document {
    pub(super) fn usual(&mut self, task: &Task, sample: &Sample, now: Now) {
        self.heading("usual time", "");
        let mut row = |name: &str, value: String, tone: Tone| {
            self.push(Line::new(3, vec![part(format!("{name:<11}"), Tone::Dim), part(value, tone)]));
        };
        let runs = sample.runs();
        let took: Vec<String> = sample.lengths().map(length).collect();
        let Some(usual) = sample.usual() else {
            let times = if runs == 1 { "once" } else { "twice" };
            let text = format!("took {}; from {FEWEST} runs on it is told what is usual", took.join(" and "));
            row(&format!("ran {times}"), text, Tone::Text);
            row("that was", with(sample.basis, task, runs), Tone::Text);
            return;
        };
        row("usually", format!("{}, the median of {runs} runs", length(usual.median)), Tone::Text);
        let between = |low: Duration, high: Duration| match (length(low), length(high)) {
            (low, high) if low == high => low,
            (low, high) => format!("{low} to {high}"),
        };
        let ends = sample.lengths().next().zip(sample.lengths().next_back());
        let (shortest, longest) = ends.unwrap_or_default();
        let half = between(usual.low, usual.high);
        row("spread", format!("half of them {half}, all {}", between(shortest, longest)), Tone::Text);
        row("those are", with(sample.basis, task, runs), Tone::Text);
        let Some((lasted, exact)) = task.duration(now) else { return };
        let least = if exact { "" } else { "at least " };
        let longer = match sample.shorter(lasted) {
            0 => "shorter than all of them".to_owned(),
            all if all == runs => "longer than all of them".to_owned(),
            some => format!("longer than {some} of {runs}"),
        };
        let running = matches!(task.state, State::Running { .. });
        let so_far = if running { " so far" } else { "" };
        let overrun = usual.overrun(lasted);
        let (text, tone) = match overrun {
            // Of one that goes on, how many are shorter is not known before its end.
            Overrun::No if running && sample.shorter(lasted) == 0 => (String::new(), Tone::Text),
            Overrun::No => (format!(", {longer}"), Tone::Text),
            Overrun::Long => (format!(", {}: {longer}", overrun.words()), Tone::Text),
            Overrun::Far => (format!(", {}: {longer}", overrun.words()), Tone::Warning),
        };
        row("this one", format!("{least}{}{so_far}{text}", length(lasted)), tone);
    }
}

/// What the runs are: `runs on fridge with the same values`.
fn with(basis: Basis, task: &Task, runs: usize) -> String {
    let runs = if runs == 1 { "a run" } else { "runs" };
    format!("{runs} on {} with {}", exact(&task.service), basis.words(task.is_ipython()))
}

/// `0.35 s`, `12.4 s`, `2:04`, `1:02:03`.
fn length(took: Duration) -> String {
    let s = took.as_secs();
    match s {
        0 => format!("{:.2} s", took.as_secs_f64()),
        1..60 => format!("{:.1} s", took.as_secs_f64()),
        60..3600 => format!("{}:{:02}", s / 60, s % 60),
        _ => format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
    }
}
