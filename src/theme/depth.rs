//! Colours for terminals that have fewer of them.

use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// None (`NO_COLOR`, `vt100`): bold, dim, underlined and reversed only.
    None,
    /// The terminal's own 16.
    Ansi16,
    /// The 256 of xterm.
    Ansi256,
    /// 24 bits.
    #[default]
    TrueColour,
}

impl Depth {
    /// A style as this terminal can show it.
    ///
    /// Where a background can't be shown as it was meant, the cell is reversed instead: that is readable on every
    /// terminal, and the nearest of 16 colours often is not.
    pub fn style(self, style: Style) -> Style {
        if self == Depth::TrueColour {
            return style;
        }
        let lost = match style.bg {
            None | Some(Color::Reset) => false,
            Some(bg) => self == Depth::None || (self == Depth::Ansi16 && !is_own(bg)),
        };
        if lost {
            return Style::default()
                .add_modifier(style.add_modifier | Modifier::REVERSED)
                .remove_modifier(style.sub_modifier);
        }
        Style {
            fg: style.fg.and_then(|colour| self.colour(colour)),
            bg: style.bg.and_then(|colour| self.colour(colour)),
            underline_color: style.underline_color.and_then(|colour| self.colour(colour)),
            ..style
        }
    }

    /// The nearest colour that this terminal has; `None`: it has none.
    pub fn colour(self, colour: Color) -> Option<Color> {
        match (self, colour) {
            (Depth::None, _) => None,
            (Depth::TrueColour, _) => Some(colour),
            (Depth::Ansi256, Color::Rgb(r, g, b)) => Some(Color::Indexed(nearest((r, g, b), 16..=255))),
            (Depth::Ansi16, _) if !is_own(colour) => {
                rgb(colour).map(|wanted| own(nearest(wanted, 0..=15))).or(Some(colour))
            }
            _ => Some(colour),
        }
    }
}

/// Whether a colour is one of the terminal's own 16, or its default.
fn is_own(colour: Color) -> bool {
    !matches!(colour, Color::Rgb(..) | Color::Indexed(16..))
}

/// The index whose colour is nearest. Ties go to the first.
fn nearest(wanted: (u8, u8, u8), among: std::ops::RangeInclusive<u8>) -> u8 {
    among.min_by_key(|index| distance(wanted, indexed(*index))).unwrap_or_default()
}

/// How different two colours look: the eye is most sensitive to green and least to blue (Riemersma's weights).
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i32 {
    let (red, green, blue) =
        (i32::from(a.0) - i32::from(b.0), i32::from(a.1) - i32::from(b.1), i32::from(a.2) - i32::from(b.2));
    let mean = (i32::from(a.0) + i32::from(b.0)) / 2;
    (((512 + mean) * red * red) >> 8) + 4 * green * green + (((767 - mean) * blue * blue) >> 8)
}

/// Red, green and blue of a colour: xterm's values for the terminal's own 16; `None` for the default.
pub fn rgb(colour: Color) -> Option<(u8, u8, u8)> {
    match colour {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(index) => Some(indexed(index)),
        named => (0..16).find(|index| own(*index) == named).map(indexed),
    }
}

/// One of the terminal's own 16, by its number.
fn own(index: u8) -> Color {
    const OWN: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    OWN[usize::from(index % 16)]
}

/// xterm's colour of that number: 16 of the terminal, a 6×6×6 cube, 24 greys.
fn indexed(index: u8) -> (u8, u8, u8) {
    const OWN: [(u8, u8, u8); 16] = [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];
    const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        0..=15 => OWN[usize::from(index)],
        16..=231 => {
            let step = |of: u8| CUBE[usize::from((index - 16) / of % 6)];
            (step(36), step(6), step(1))
        }
        _ => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_colour_is_taken() {
        assert_eq!(Depth::Ansi256.colour(Color::Rgb(255, 0, 0)), Some(Color::Indexed(196)));
        assert_eq!(Depth::Ansi256.colour(Color::Rgb(8, 8, 8)), Some(Color::Indexed(232)));
        assert_eq!(Depth::Ansi256.colour(Color::Red), Some(Color::Red));
        assert_eq!(Depth::Ansi16.colour(Color::Rgb(250, 10, 10)), Some(Color::LightRed));
        assert_eq!(Depth::Ansi16.colour(Color::Indexed(232)), Some(Color::Black));
        assert_eq!(Depth::Ansi16.colour(Color::Indexed(3)), Some(Color::Indexed(3)));
        assert_eq!(Depth::TrueColour.colour(Color::Rgb(1, 2, 3)), Some(Color::Rgb(1, 2, 3)));
        assert_eq!(Depth::None.colour(Color::Red), None);
    }

    #[test]
    fn the_selection_stays_visible_where_its_background_is_lost() {
        let selected = Style::new().bg(Color::Rgb(44, 52, 71)).add_modifier(Modifier::BOLD);
        let reversed = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
        assert_eq!(Depth::None.style(selected), reversed);
        assert_eq!(Depth::Ansi16.style(selected), reversed);
        assert!(matches!(Depth::Ansi256.style(selected).bg, Some(Color::Indexed(_))));
    }

    #[test]
    fn without_colours_only_modifiers_are_left() {
        let style = Style::new().fg(Color::Red).add_modifier(Modifier::UNDERLINED);
        assert_eq!(Depth::None.style(style), Style::new().add_modifier(Modifier::UNDERLINED));
        assert_eq!(Depth::None.style(Style::new().bg(Color::Reset)), Style::new());
    }
}
