//! Rows in a buffer: what gives way, where wide characters end, which style lies over which.

use ratatui::style::{Color, Modifier};

use super::*;
use crate::app::tests::row_text;

fn piece(text: &str, role: Role) -> Piece {
    Piece { text: Clean::line(text, Charset::Unicode), role }
}

fn row(left: &[&str], right: &[&str]) -> Row {
    let pieces = |texts: &[&str]| texts.iter().map(|t| piece(t, Role::Text)).collect();
    Row { left: pieces(left), right: pieces(right), ..Row::default() }
}

fn paint(rows: Vec<Row>, width: u16, theme: &Theme) -> Buffer {
    let area = Rect::new(0, 0, width, rows.len() as u16);
    let screen = Screen { panes: vec![Pane { area, rows, opaque: true }], ..Screen::default() };
    let mut buffer = Buffer::filled(area, ratatui::buffer::Cell::new("x"));
    Painted { screen: &screen, theme, charset: Charset::Unicode }.render(area, &mut buffer);
    buffer
}

fn painted(row: Row, width: u16) -> String {
    row_text(&paint(vec![row], width, &Theme::plain()), 0)
}

#[test]
fn the_left_gives_way_to_the_right_edge_down_to_a_third() {
    for (width, shown) in [
        (20, "a long name     0:12"),
        (16, "a long name 0:12"),
        (15, "a long na… 0:12"),
        (10, "a lo… 0:12"),
        (7, "a… 0:12"),
        (5, "… 0:…"),
        (3, "…0…"),
        (1, "…"),
        (0, ""),
    ] {
        let text = painted(row(&["a long", " name"], &["0:12"]), width);
        assert!(text.chars().count() <= usize::from(width), "{width}: {text}");
        if width >= 7 {
            assert_eq!(text, shown, "{width}");
        }
    }
    assert_eq!(painted(row(&[], &["right"]), 8), "   right");
    assert_eq!(painted(row(&["left"], &[]), 4), "left");
    assert_eq!(painted(row(&["left", "", ""], &[""]), 3), "le…");
}

#[test]
fn a_wide_character_is_whole_or_not_there() {
    for width in 0..12 {
        let buffer = paint(vec![row(&["量子ビット"], &["測"])], width, &Theme::plain());
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, 0)].symbol();
            assert_ne!(symbol, "x", "{width}: what was below shows through at {x}");
            x += ratatui::buffer::CellWidth::cell_width(symbol).max(1);
        }
        assert_eq!(x, width, "a wide character hangs over the edge");
    }
}

#[test]
fn what_lies_outside_of_the_screen_is_not_painted() {
    let area = Rect::new(0, 0, 10, 2);
    let mut buffer = Buffer::empty(area);
    let pane =
        |x, y| Pane { area: Rect::new(x, y, 9, 5), rows: vec![row(&["abcdefghi"], &["r"]); 9], opaque: true };
    let panes = vec![pane(5, 1), pane(20, 20), Pane { area: Rect::ZERO, ..pane(0, 0) }];
    let screen = Screen { panes, ..Screen::default() };
    Painted { screen: &screen, theme: &Theme::plain(), charset: Charset::Unicode }.render(area, &mut buffer);
    assert_eq!(row_text(&buffer, 0), "");
    assert!(row_text(&buffer, 1).starts_with("     a"), "{}", row_text(&buffer, 1));
}

#[test]
fn the_selection_lies_over_the_whole_row_and_keeps_the_colours_of_its_states() {
    let theme = crate::theme::Themes::new([]).load("dark").0;
    let selected = Row {
        left: vec![piece("ok", Role::Ok)],
        right: vec![piece("1", Role::Dim)],
        selected: true,
        ..Row::default()
    };
    let buffer = paint(vec![selected, row(&["ok"], &[])], 8, &theme);
    let (over, ok) = (theme.style(Role::Selected), theme.style(Role::Ok));
    assert!((0..8).all(|x| over.bg.is_none() || buffer[(x, 0)].style().bg == over.bg));
    assert_eq!(buffer[(0, 0)].style().fg, over.fg.or(ok.fg));
    assert_eq!(buffer[(0, 1)].style().bg, Some(Color::Reset));
    let plain = paint(vec![Row { selected: true, ..row(&["a"], &[]) }], 3, &Theme::plain());
    assert!((0..3).all(|x| plain[(x, 0)].modifier.contains(Modifier::REVERSED)));
}

#[test]
fn an_old_picture_is_dimmed_but_for_its_header() {
    let theme = crate::theme::Themes::new([]).load("dark").0;
    let area = Rect::new(0, 0, 6, 3);
    let header = Rect { height: 1, ..area };
    let pane = Pane { area, rows: vec![row(&["abc"], &[]); 3], opaque: true };
    let screen = Screen { panes: vec![pane], stale: true, header, ..Screen::default() };
    let mut buffer = Buffer::empty(area);
    Painted { screen: &screen, theme: &theme, charset: Charset::Unicode }.render(area, &mut buffer);
    let stale = theme.style(Role::Stale);
    assert!(stale != Style::new(), "the theme says how");
    let mut cell = buffer[(0, 0)].clone();
    cell.set_style(stale);
    assert_ne!(buffer[(0, 0)].style(), cell.style());
    assert_eq!(buffer[(0, 2)].style(), cell.style());
}
