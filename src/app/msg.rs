//! What can happen, and what is asked for.

use crossterm::event::KeyEvent;

use crate::wire::link::Incoming;

use super::session::Outgoing;

/// What can happen.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted (line breaks are LF).
    Paste(String),
    /// The terminal has a new size: columns, rows.
    Resize(u16, u16),
    /// Something came from the lab.
    Wire(Incoming),
    /// Time went on.
    Wake,
    /// The program was asked to stop (Ctrl-Z by signal) and `can` says whether it can be.
    AskedToStop {
        /// A shell is there to bring it back.
        can: bool,
    },
    /// An editor gave the terminal back.
    EditorClosed(Edited),
    /// Something was copied or saved, or could not be.
    Done(Result<String, String>),
}

/// What an editor left.
#[derive(Debug)]
pub enum Edited {
    /// The payload or the field, edited, or why it could not be.
    Payload(Result<String, String>),
    /// A file was shown, or why it could not be.
    File(Result<(), String>),
}

/// What is asked for. Each comes back as a [`Msg`] where something can come of it.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Send a frame.
    Send(Outgoing),
    /// Try lost connections again now.
    Retry,
    /// Give a text to the terminal's clipboard.
    Copy {
        /// The text, as it came.
        text: String,
        /// What it is, e.g. `the error`.
        what: String,
    },
    /// Write a text to a new file in the working directory.
    Save {
        /// A name without a folder.
        name: String,
        /// The text, as it came.
        text: String,
    },
    /// Let the person's editor edit a payload.
    EditPayload(String),
    /// Let the person's editor edit one field; comes back as a payload does.
    EditField {
        /// Its text, or its JSON.
        text: String,
        /// The ending of a file of its kind, with the dot.
        ending: &'static str,
    },
    /// Let the person's editor show a file at a line.
    OpenFile {
        /// The file.
        file: String,
        /// From 1.
        line: u64,
    },
    /// Draw the whole screen anew.
    Redraw,
    /// Find out whether the program can be stopped; comes back as [`Msg::AskedToStop`].
    AskToStop,
    /// Stop the program, as Ctrl-Z does.
    Suspend,
    /// End the program.
    Quit,
}

/// How bad a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something did not go as wished.
    Warning,
    /// Something failed.
    Error,
}
