//! How the screen is divided. Pure, and shared by paging and painting.

use ratatui::layout::Rect;

use super::action::Action;

/// What the screen is large enough for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Not even a line of sense.
    Tiny,
    /// One service at a time.
    Narrow,
    /// All services below each other.
    Normal,
    /// The selected task beside the lanes.
    Wide,
}

/// Where everything stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    /// What it is large enough for.
    pub shape: Shape,
    /// The first line.
    pub header: Rect,
    /// The line below it.
    pub upper_rule: Rect,
    /// What is wrong with the connections, if anything.
    pub banner: Rect,
    /// The lanes.
    pub lanes: Rect,
    /// The selected task beside them.
    pub side: Option<Rect>,
    /// The whole room between the rules, for the other screens.
    pub body: Rect,
    /// The line above the footer, where notices stand.
    pub lower_rule: Rect,
    /// The keys.
    pub footer: Rect,
}

/// Columns from which the selected task stands beside the lanes where nothing else is set.
pub const WIDE: u16 = 150;

/// Columns that lanes and task have at least where they stand side by side.
pub const LEAST: u16 = 50;

/// Whether the selected task stands beside the lanes, and where the border between both is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Panes {
    /// From so many columns on, if both have their [least](LEAST) then; `None`: never.
    pub from: Option<u16>,
    /// The lanes' share of the columns, in thousandths, where the person has chosen one.
    pub share: Option<u16>,
}

impl Panes {
    /// The column of the border; `None`: there is none.
    pub fn border(self, (width, height): (u16, u16)) -> Option<u16> {
        if height < 20 || width < self.from?.max(2 * LEAST + 1) {
            return None;
        }
        let columns = u32::from(width);
        let border = match self.share {
            Some(share) => (columns * u32::from(share.min(1000)) + 500) / 1000,
            None => (columns * 11 / 20).min(110),
        };
        Some(u16::try_from(border).unwrap_or(width).clamp(LEAST, width - 1 - LEAST))
    }

    /// The share that puts the border at that column.
    pub fn share_of(column: u16, width: u16) -> u16 {
        let width = u32::from(width.max(1));
        u16::try_from((u32::from(column) * 1000 + width / 2) / width).unwrap_or(1000).min(1000)
    }
}

/// Divides a screen of `size` (columns, rows); `line`: the line below the header says something, so that a small screen
/// has it too; `banner`: lines that the banner wishes.
pub fn areas(size: (u16, u16), panes: Panes, line: bool, banner: u16) -> Areas {
    let (width, height) = size;
    let row = |y: u16, h: u16| Rect::new(0, y.min(height), width, h.min(height.saturating_sub(y)));
    let shape = match (width, height) {
        (0..=19, _) | (_, 0..=4) => Shape::Tiny,
        (..=59, _) | (_, ..=14) => Shape::Narrow,
        (WIDE.., 20..) => Shape::Wide,
        _ => Shape::Normal,
    };
    let rules = u16::from(matches!(shape, Shape::Normal | Shape::Wide));
    let upper = rules.max(u16::from(line && shape != Shape::Tiny));
    let top = 1 + upper;
    let bottom = 1 + rules;
    let room = height.saturating_sub(top + bottom);
    let banner = if shape == Shape::Tiny { 0 } else { banner.min(room / 3) };
    let body = row(top + banner, room - banner);
    let (lanes, side) = match panes.border(size) {
        Some(left) => {
            (Rect { width: left, ..body }, Some(Rect { x: left + 1, width: width - left - 1, ..body }))
        }
        None => (body, None),
    };
    Areas {
        shape,
        header: row(0, 1),
        upper_rule: row(1, upper),
        banner: row(top, banner),
        lanes,
        side,
        body,
        lower_rule: row(height.saturating_sub(2), rules),
        footer: row(height.saturating_sub(1), 1),
    }
}

/// The room for a task's document below its two lines of head.
pub fn below_head(pane: Rect) -> Rect {
    let head = 2.min(pane.height);
    Rect { y: pane.y + head, height: pane.height - head, ..pane }
}

/// The part of some lines that is seen in a place too low for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Lines out of sight above.
    pub above: usize,
    /// Lines that are seen.
    pub shown: usize,
    /// Lines out of sight below.
    pub below: usize,
}

impl Window {
    /// Of so many lines, in so many rows, from line `top` on; never further than the last line.
    pub fn new(lines: usize, height: usize, top: usize) -> Window {
        let shown = lines.min(height);
        let above = top.min(lines - shown);
        Window { above, shown, below: lines - shown - above }
    }

    /// All of it is seen.
    pub fn is_whole(self) -> bool {
        self.above + self.below == 0
    }

    /// Where it begins after this action, if that scrolls. A page keeps one line of the one before.
    pub fn scrolled(self, action: Action) -> Option<usize> {
        let page = self.shown.saturating_sub(1).max(1);
        let last = self.above + self.below;
        let top = match action {
            Action::Up => self.above.saturating_sub(1),
            Action::Down => self.above + 1,
            Action::PageUp => self.above.saturating_sub(page),
            Action::PageDown => self.above + page,
            Action::Top => 0,
            Action::Bottom => last,
            _ => return None,
        };
        Some(top.min(last))
    }
}

impl Areas {
    /// Lines that the lanes' rows have: on a small screen the first line of the lanes is the service's.
    pub fn lanes_height(&self) -> usize {
        usize::from(self.lanes.height).saturating_sub(usize::from(self.shape == Shape::Narrow))
    }

    /// The line between the lanes and the task beside them.
    pub fn border(&self) -> Option<Rect> {
        self.side.map(|side| Rect { x: side.x - 1, width: 1, ..side })
    }

    /// The room for the document of an opened task.
    pub fn task(&self) -> Rect {
        below_head(self.side.unwrap_or(self.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_comes_into_sight_by_going_down_and_none_is_counted_twice() {
        for lines in 0..12 {
            for height in 1..8 {
                for action in [Action::Down, Action::PageDown] {
                    let mut window = Window::new(lines, height, 0);
                    let mut seen = vec![false; lines];
                    for _ in 0..=lines {
                        assert_eq!(window.above + window.shown + window.below, lines);
                        seen[window.above..window.above + window.shown].fill(true);
                        window = Window::new(lines, height, window.scrolled(action).unwrap());
                    }
                    assert!(seen.iter().all(|seen| *seen), "{lines} lines in {height} rows: {seen:?}");
                    assert_eq!(window.below, 0);
                    assert_eq!(window.scrolled(Action::Bottom), Some(window.above));
                }
            }
        }
        assert_eq!(Window::new(5, 3, 99), Window { above: 2, shown: 3, below: 0 });
    }

    #[test]
    fn the_border_stands_where_it_was_put() {
        for width in [101, 150, 163, 211, 400, 999] {
            for column in LEAST..=width - 1 - LEAST {
                let panes = Panes { from: Some(0), share: Some(Panes::share_of(column, width)) };
                assert_eq!(panes.border((width, 40)), Some(column), "{width}");
            }
        }
        let auto = Panes { from: Some(WIDE), share: None };
        assert_eq!([149, 150, 240].map(|width| auto.border((width, 40))), [None, Some(82), Some(110)]);
        assert_eq!(auto.border((240, 19)), None);
        assert_eq!(Panes::default().border((1000, 100)), None);
        assert_eq!(Panes { from: Some(0), share: None }.border((100, 40)), None, "both need their least");
    }

    #[test]
    fn nothing_stands_outside_and_nothing_overlaps_at_any_size() {
        for width in 0..=220 {
            for height in 0..=60 {
                for (from, share, line, banner) in [
                    (Some(WIDE), None, false, 0),
                    (None, None, true, 0),
                    (Some(0), Some(0), false, 3),
                    (Some(0), Some(1000), true, 3),
                    (Some(180), Some(400), true, 3),
                ] {
                    let a = areas((width, height), Panes { from, share }, line, banner);
                    let screen = Rect::new(0, 0, width, height);
                    let mut rows = vec![a.header, a.upper_rule, a.banner, a.body, a.lower_rule, a.footer];
                    if let (Some(side), Some(border)) = (a.side, a.border()) {
                        assert!(width >= from.unwrap_or(u16::MAX) && height >= 20, "{width}x{height}");
                        let columns = [a.lanes.width, border.width, side.width];
                        assert_eq!(columns.iter().sum::<u16>(), width, "{columns:?}");
                        assert_eq!((a.lanes.right(), border.right()), (border.x, side.x));
                        assert!(columns[0] >= LEAST && columns[2] >= LEAST, "{columns:?}");
                    }
                    rows.extend(a.side);
                    rows.push(a.task());
                    for r in &rows {
                        assert_eq!(screen.intersection(*r).area(), r.area(), "{width}x{height}: {r:?}");
                    }
                    if a.shape != Shape::Tiny {
                        let total: u32 = rows[..6].iter().map(|r| r.area()).sum();
                        assert_eq!(total, screen.area(), "{width}x{height}");
                    }
                }
            }
        }
    }
}
