//! The terminal: taking it and giving it back, keys and signals coming in, the clipboard, the editor.
//!
//! [`Terminal::open`] takes the terminal and starts two threads, one for keys and one for signals; both send
//! [`Input`] into one channel. Whatever happens afterwards (return, error, panic, signal, a stop by the shell) the
//! terminal is left as it was found. The loop decides what an input means, when to stop and when to hand the
//! terminal to another program; nothing here draws, and nothing here knows a task.
//!
//! Read next: `parser` (bytes to keys), `modes` (what is switched on, and off again), `reader`, `signals`.

mod backend;
mod capabilities;
mod check;
mod clipboard;
mod editor;
mod modes;
mod notice;
mod parser;
mod pipe;
mod reader;
mod screen;
mod signals;
mod suspend;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use tokio::sync::mpsc::UnboundedSender;

pub use self::backend::Backend;
pub use self::capabilities::{Capabilities, Colours};
pub use self::check::{NO_TERMINAL_EXIT, NoTerminal, check};
pub use self::clipboard::{OSC52_LIMIT, TooLarge, osc52};
pub use self::editor::{EditError, Edited, edit, open_at, set_needed};
pub use self::notice::{Desktop, NoticeId, notice};
pub use self::parser::{ESCAPE_WAIT, ESCAPE_WAIT_REMOTE, HOLD, LATE, PASTE_LIMIT, PASTE_STALL, Parser};
pub use self::pipe::{PipeError, pipe};
pub use self::screen::Screen;
pub use self::signals::{LAST_RESORT, Signal};
pub use self::suspend::{SuspendError, can_suspend};

use crate::{clean::Clean, fault};

use self::modes::Tty;
use self::reader::Reader;
use self::signals::Signals;

/// What comes from the terminal and from the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed or, where the terminal tells the difference, repeats. Letting a key go is not reported.
    /// As in crossterm, an upper-case letter carries Shift.
    Key(KeyEvent),
    /// The mouse, where it was [wanted](Terminal::open): columns and rows from 0.
    Mouse(MouseEvent),
    /// Pasted text, whole: lines end with LF. It may hold any other control.
    Paste(String),
    /// A paste of this many bytes was larger than [`PASTE_LIMIT`] and was dropped.
    PasteTooLarge(usize),
    /// The terminal's size changed: columns, rows. Either can be zero.
    Resize(u16, u16),
    /// A signal came. After one that [ends](Signal::ends) the program has [`LAST_RESORT`] to go by itself.
    Signal(Signal),
    /// The terminal is gone. As after a signal that ends, the program has [`LAST_RESORT`] to go by itself.
    Closed,
}

/// The terminal, taken. Dropping it gives it back.
#[derive(Debug)]
pub struct Terminal {
    tty: Arc<Tty>,
    reader: Reader,
    signals: Signals,
}

impl Terminal {
    /// Takes the terminal: raw mode, alternate screen, no cursor, bracketed paste. Installs the panic hook (give
    /// the terminal back, print the message, exit with 101) and starts to send what happens to `inputs`. `mouse`: the
    /// terminal is to report clicks and the wheel too, whenever it is ours.
    ///
    /// To be called once in a process, after [`check()`]. Errors: there is no terminal, or it refuses.
    pub fn open(inputs: UnboundedSender<Input>, mouse: bool) -> io::Result<Terminal> {
        let tty = modes::find()?;
        if mouse {
            tty.want_mouse();
        }
        // The theme decides about colour. With NO_COLOR in the environment crossterm would write `ESC [ m` for
        // each colour, which also takes away the bold and reverse that are all a colourless theme has.
        crossterm::style::force_color_output(true);
        // Before the terminal is taken: a kill in between would leave it so.
        let signals = Signals::start(Arc::clone(&tty), inputs.clone())?;
        let reader = tty.enter().and_then(|()| Reader::start(Arc::clone(&tty), inputs));
        match reader {
            Ok(reader) => Ok(Terminal { tty, reader, signals }),
            Err(error) => {
                tty.leave();
                Err(error)
            }
        }
    }

    /// What ratatui draws with: `ratatui::Terminal::new(terminal.backend())`.
    ///
    /// For a full frame (after [`take_back`](Terminal::take_back) and the like) call its `clear` before `draw`.
    pub fn backend(&self) -> Backend {
        Backend::new(Arc::clone(&self.tty))
    }

    /// A writer of its own, for what is no part of a frame, such as [`osc52`]. Copies share one frame.
    pub fn screen(&self) -> Screen {
        Screen::new(Arc::clone(&self.tty))
    }

    /// Titles the terminal's window, until the terminal is given back; only for one that
    /// [can have a title](Capabilities::title).
    pub fn set_title(&self, title: &Clean) -> io::Result<()> {
        self.tty.entitle(title)
    }

    /// Nobody else has it at the moment.
    pub fn is_taken(&self) -> bool {
        self.tty.is_taken()
    }

    /// Columns and rows, as the terminal reports them: either can be zero.
    pub fn size(&self) -> (u16, u16) {
        self.tty.size()
    }

    /// Gives the terminal back for a while and stops reading keys. Output through [`Screen`] is dropped until
    /// [`take_back`](Terminal::take_back).
    pub fn release(&mut self) {
        self.reader.park();
        self.tty.leave();
    }

    /// Takes the terminal again after [`release`](Terminal::release), throws away what was typed meanwhile (it was
    /// meant for somebody else) and reads on. Returns the size now; the next frame must be a full one.
    pub fn take_back(&mut self) -> io::Result<(u16, u16)> {
        if modes::HANDED_OVER.load(Ordering::SeqCst) {
            // A Ctrl-C that ended the other program has come to us as well, and is not ours yet.
            self.signals.settle();
            modes::HANDED_OVER.store(false, Ordering::SeqCst);
        }
        self.tty.enter()?;
        self.tty.discard_input();
        self.reader.resume();
        Ok(self.tty.size())
    }

    /// Sets all modes again without leaving, after a [`Signal::Continue`] that came from outside: while we were
    /// stopped the shell has set its own. Does nothing while the terminal is released.
    pub fn refresh(&mut self) -> io::Result<(u16, u16)> {
        if self.tty.is_taken() {
            self.tty.enter()?;
        }
        Ok(self.tty.size())
    }

    /// Gives the terminal to the shell and stops, as Ctrl-Z does elsewhere; returns when the program was continued
    /// and has the terminal again. Blocks: sockets are not served meanwhile. The next frame must be a full one.
    ///
    /// Errors: [`SuspendError::NoShell`] where nobody could continue us (ask [`can_suspend`] before), nothing was
    /// changed then; otherwise the terminal could not be taken again.
    pub fn suspend(&mut self) -> Result<(u16, u16), SuspendError> {
        can_suspend()?;
        self.release();
        let stopped = suspend::stop(&self.signals);
        let size = self.take_back()?;
        stopped?;
        Ok(size)
    }

    /// Gives the terminal to another program that `work` runs (see [`edit`] and [`open_at`]), in a thread of its
    /// own, so that the loop can go on serving sockets. `work` reports its end through a channel of its own; the
    /// loop then calls [`take_back`](Terminal::take_back) and draws a full frame.
    ///
    /// Until then Ctrl-C and Ctrl-Z belong to that program and no [`Signal::Interrupt`] or [`Signal::Stop`] is sent.
    ///
    /// # Errors
    /// No thread can be made, and `work` will report nothing. The terminal is to be taken back all the same.
    pub fn hand_over(&mut self, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.release();
        modes::HANDED_OVER.store(true, Ordering::SeqCst);
        let work = || {
            fault::here("editor");
            work();
        };
        fault::fails("no thread")?;
        std::thread::Builder::new().name("editor".into()).spawn(work)?;
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.reader.stop();
        editor::dismiss(Duration::from_millis(500));
        self.tty.leave();
        // The signal thread goes on: until the process ends, a polite kill has to work.
    }
}
