//! ratatui's backend on our [`Screen`]: crossterm's, without the three things that do harm here. It never asks the
//! terminal where the cursor is (the answer would race with our key reader), takes the size from our own terminal,
//! and writes nothing for a frame in which nothing changed.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use ratatui::backend::{Backend as _, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::modes::Tty;
use super::screen::Screen;

/// Draws on the terminal. A frame is everything up to `flush`, which ratatui calls at the end of `draw`; it is one
/// `write`.
#[derive(Debug)]
pub struct Backend {
    inner: CrosstermBackend<Screen>,
    screen: Screen,
    tty: Arc<Tty>,
    /// Where the cursor was last put.
    cursor: Position,
    /// Whether the cursor is shown; taking the terminal hides it.
    shown: bool,
    /// How often the terminal had been taken when `shown` was true.
    taken: u32,
}

impl Backend {
    pub(super) fn new(tty: Arc<Tty>) -> Backend {
        let screen = Screen::new(Arc::clone(&tty));
        let inner = CrosstermBackend::new(screen.clone());
        let taken = tty.times_taken();
        Backend { inner, screen, tty, cursor: Position::ORIGIN, shown: false, taken }
    }

    /// The writer below, for what is no part of a frame.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Into the frame, which a flush by crossterm must not end.
    fn frame(&mut self) -> &mut CrosstermBackend<Screen> {
        self.screen.begin();
        &mut self.inner
    }

    fn show(&mut self, shown: bool) -> io::Result<()> {
        let taken = self.tty.times_taken();
        if taken != self.taken {
            self.taken = taken;
            self.shown = false;
        }
        if std::mem::replace(&mut self.shown, shown) == shown {
            return Ok(());
        }
        if shown { self.frame().show_cursor() } else { self.frame().hide_cursor() }
    }
}

impl ratatui::backend::Backend for Backend {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.frame().draw(content)
    }

    fn append_lines(&mut self, n: u16) -> io::Result<()> {
        self.frame().append_lines(n)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.show(false)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.show(true)
    }

    /// Where it was last put. The terminal is not asked.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        // A shown cursor that stays where it is, with nothing drawn, is nothing to write.
        if position == self.cursor && self.shown && self.screen.is_empty() {
            return Ok(());
        }
        self.cursor = position;
        self.frame().set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.frame().clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.frame().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = self.tty.size();
        Ok(Size { width, height })
    }

    /// The size in pixels is not asked for and is zero.
    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.screen.present()
    }

    fn scroll_region_up(&mut self, region: Range<u16>, amount: u16) -> io::Result<()> {
        self.frame().scroll_region_up(region, amount)
    }

    fn scroll_region_down(&mut self, region: Range<u16>, amount: u16) -> io::Result<()> {
        self.frame().scroll_region_down(region, amount)
    }
}
