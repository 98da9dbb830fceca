//! Draws when the picture may have changed, and not otherwise.

use std::time::Duration;

use ratatui::{Terminal, backend::Backend, layout::Rect};

use crate::{
    app::{App, mouse::Spots},
    fault,
    theme::Theme,
    time::Now,
    view::{self, Look},
    widgets::Painted,
};

/// The shortest time between two frames that the wire alone causes: fifteen a second. More would only flicker over ssh, where
/// each has to pass the line; a person's own keys are drawn at once.
const FRAME: Duration = Duration::from_millis(67);

/// Draws when the picture may have changed, and not otherwise.
pub struct Painter<B: Backend> {
    terminal: Terminal<B>,
    theme: Theme,
    look: Look,
    drawn: Option<u64>,
    /// The next frame is a whole one.
    whole: bool,
    last: Duration,
    /// Frames drawn so far.
    pub frames: u64,
}

impl<B: Backend<Error: Send + Sync + 'static>> Painter<B> {
    /// A painter on a backend of that size.
    ///
    /// # Errors
    /// The backend fails.
    pub fn new(backend: B, size: (u16, u16), theme: Theme, look: Look) -> Result<Painter<B>, B::Error> {
        let area = Rect::new(0, 0, size.0, size.1);
        let viewport = ratatui::Viewport::Fixed(area);
        let terminal = Terminal::with_options(backend, ratatui::TerminalOptions { viewport })?;
        Ok(Painter { terminal, theme, look, drawn: None, whole: false, last: Duration::ZERO, frames: 0 })
    }

    /// When a picture that has changed may be drawn: now for the person, later where only the wire changed it.
    /// `None`: it has not changed.
    pub fn due(&self, app: &App, person: bool) -> Option<Duration> {
        if self.drawn == Some(app.revision()) || app.ui.outside {
            return None;
        }
        Some(if person { Duration::ZERO } else { self.last + FRAME })
    }

    /// What is drawn next is another state than the one that was.
    pub fn shows_another(&mut self) {
        self.drawn = None;
    }

    /// The next frame is drawn whole, however often that is wanted before it.
    pub fn redraw(&mut self) {
        (self.drawn, self.whole) = (None, true);
    }

    /// Draws, at that moment of the real clock. Gives back what stands where.
    ///
    /// # Errors
    /// The backend fails.
    pub fn draw(&mut self, app: &App, now: Now, real: Duration) -> Result<Spots, B::Error> {
        fault::here("draw");
        let size = app.ui.size;
        let area = Rect::new(0, 0, size.0, size.1);
        if self.terminal.get_frame().area() != area {
            // That clears it too.
            self.terminal.resize(area)?;
        } else if self.whole {
            self.terminal.clear()?;
        }
        self.whole = false;
        let screen = view::screen(app, self.look, now);
        let painted = Painted { screen: &screen, theme: &self.theme, charset: self.look.glyphs.charset };
        self.terminal.draw(|frame| {
            frame.render_widget(&painted, area);
            if let Some(at) = screen.cursor {
                frame.set_cursor_position(at);
            }
        })?;
        self.drawn = Some(app.revision());
        self.last = real;
        self.frames += 1;
        Ok(screen.spots)
    }

    /// The backend, for tests.
    pub fn backend(&self) -> &B {
        self.terminal.backend()
    }
}
