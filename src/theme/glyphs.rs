//! The signs that stand beside the colours, in Unicode and in plain ASCII. Each takes one column.

use crate::clean::Charset;

/// One set of signs.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// The set's characters.
    pub charset: Charset,
    /// A task runs.
    pub running: &'static str,
    /// A task waits.
    pub waiting: &'static str,
    /// A task is in the scheduler's list.
    pub scheduled: &'static str,
    /// A task ended well.
    pub ok: &'static str,
    /// A task failed.
    pub failed: &'static str,
    /// A task was cancelled.
    pub cancelled: &'static str,
    /// A task may have ended.
    pub unknown: &'static str,
    /// Sent from here.
    pub own: &'static str,
    /// The person is told of its end.
    pub watched: &'static str,
    /// The link's state, beside its word.
    pub bullet: &'static str,
    /// Between two things on a line.
    pub separator: &'static str,
    /// From … to.
    pub dash: &'static str,
    /// A horizontal rule, repeated.
    pub rule: &'static str,
    /// A vertical rule, also between line number and code.
    pub bar_line: &'static str,
    /// Text goes on.
    pub ellipsis: &'static str,
    /// The left end of a bar.
    pub bar_left: &'static str,
    /// The right end of a bar.
    pub bar_right: &'static str,
    /// One column of a bar, from empty to full, in eighths (ASCII has two steps).
    pub bar: [&'static str; 9],
    /// One column of a spark, from nothing to the most.
    pub spark: [&'static str; 9],
    /// Something folded.
    pub folded: &'static str,
    /// Something unfolded.
    pub unfolded: &'static str,
    /// Marks under code, repeated.
    pub code_mark: &'static str,
    /// The line that was being executed; what follows from something.
    pub arrow: &'static str,
    /// More above.
    pub up: &'static str,
    /// More below.
    pub down: &'static str,
    /// More to the left.
    pub left: &'static str,
    /// More to the right.
    pub right: &'static str,
    /// The Enter key.
    pub enter: &'static str,
    /// One character of a secret.
    pub secret: &'static str,
    /// What scrolls: the part that is shown.
    pub thumb: &'static str,
}

/// The Unicode set. No emoji, and nothing that terminals show in two columns.
pub const UNICODE: Glyphs = Glyphs {
    charset: Charset::Unicode,
    running: "▶",
    waiting: "·",
    scheduled: "◷",
    ok: "✔",
    failed: "✘",
    cancelled: "⊘",
    unknown: "?",
    own: "◆",
    watched: "◉",
    bullet: "●",
    separator: "·",
    dash: "–",
    rule: "─",
    bar_line: "│",
    ellipsis: "…",
    bar_left: "▕",
    bar_right: "▏",
    bar: [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    spark: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    folded: "▸",
    unfolded: "▾",
    code_mark: "▔",
    arrow: "→",
    up: "↑",
    down: "↓",
    left: "←",
    right: "→",
    enter: "↵",
    secret: "•",
    thumb: "█",
};

/// The ASCII set.
pub const ASCII: Glyphs = Glyphs {
    charset: Charset::Ascii,
    running: ">",
    waiting: ".",
    scheduled: "@",
    ok: "+",
    failed: "x",
    cancelled: "-",
    unknown: "?",
    own: "&",
    watched: "@",
    bullet: "*",
    separator: "|",
    dash: "-",
    rule: "-",
    bar_line: "|",
    ellipsis: "~",
    bar_left: "[",
    bar_right: "]",
    bar: [" ", " ", " ", " ", "#", "#", "#", "#", "#"],
    spark: [" ", ".", ".", ":", ":", "|", "|", "#", "#"],
    folded: ">",
    unfolded: "v",
    code_mark: "^",
    arrow: ">",
    up: "^",
    down: "v",
    left: "<",
    right: ">",
    enter: "<",
    secret: "*",
    thumb: "#",
};

impl Glyphs {
    /// The set for a terminal.
    pub const fn of(charset: Charset) -> &'static Glyphs {
        match charset {
            Charset::Unicode => &UNICODE,
            Charset::Ascii => &ASCII,
        }
    }

    /// The signs of a task's states and outcomes: running, waiting, scheduled, ok, failed, cancelled, unknown.
    pub const fn states(&self) -> [&'static str; 7] {
        [self.running, self.waiting, self.scheduled, self.ok, self.failed, self.cancelled, self.unknown]
    }

    /// A filled bar of `columns` columns without its ends: `share` of it is full; beyond 0 and 1 it is cut.
    pub fn bar(&self, share: f64, columns: usize) -> String {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        // At most 8 × columns, a small positive number.
        let eighths = (share * columns as f64 * 8.0).round() as usize;
        (0..columns).map(|column| self.bar[eighths.saturating_sub(column * 8).min(8)]).collect()
    }

    /// Counts as columns: the largest one is full, and what is not nothing is seen.
    pub fn spark(&self, counts: &[u32]) -> String {
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let height = |count: u32| (u64::from(count) * 8).div_ceil(u64::from(most)) as usize;
        counts.iter().map(|count| self.spark[height(*count).min(8)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::CellWidth;

    use super::*;

    fn all(glyphs: &Glyphs) -> Vec<&'static str> {
        let Glyphs {
            charset: _,
            own,
            bullet,
            separator,
            dash,
            rule,
            bar_line,
            ellipsis,
            bar_left,
            bar_right,
            ..
        } = glyphs;
        let Glyphs {
            folded, unfolded, code_mark, arrow, up, down, left, right, enter, secret, thumb, ..
        } = glyphs;
        let mut all = vec![
            *own, *bullet, *separator, *dash, *rule, *bar_line, *ellipsis, *bar_left, *bar_right, *folded,
            *unfolded, *code_mark, *arrow, *up, *down, *left, *right, *enter, *secret, *thumb,
        ];
        all.extend(glyphs.bar);
        all.extend(glyphs.spark);
        all.extend(glyphs.states());
        all
    }

    #[test]
    fn every_sign_takes_one_column() {
        for glyph in all(&UNICODE).into_iter().chain(all(&ASCII)) {
            assert_eq!((glyph.chars().count(), glyph.cell_width()), (1, 1), "{glyph:?}");
        }
        assert!(all(&ASCII).iter().all(|glyph| glyph.bytes().all(|byte| matches!(byte, b' '..=b'~'))));
    }

    #[test]
    fn states_are_told_apart_without_colour() {
        for glyphs in [&UNICODE, &ASCII] {
            let states = glyphs.states();
            for (index, sign) in states.iter().enumerate() {
                assert!(!states[..index].contains(sign), "{sign}");
            }
        }
    }

    #[test]
    fn sparks_show_each_count_beside_the_largest() {
        assert_eq!(UNICODE.spark(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!(UNICODE.spark(&[1, 1_000_000]), "▁█");
        assert_eq!(ASCII.spark(&[0, 0]), "  ");
        assert_eq!(UNICODE.spark(&[u32::MAX]), "█");
    }

    #[test]
    fn bars_fill_in_eighths_and_never_leave_their_columns() {
        assert_eq!(UNICODE.bar(0.5, 3), "█▌ ");
        assert_eq!(ASCII.bar(0.5, 3), "## ");
        assert_eq!(UNICODE.bar(7.0, 2), "██");
        for share in [-1.0, f64::NAN, 0.0] {
            assert_eq!(UNICODE.bar(share, 2), "  ");
        }
    }
}
