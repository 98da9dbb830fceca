//! What can happen, and what is asked for.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use crossterm::event::{KeyEvent, MouseEvent};

use crate::{
    catalogue::{
        TaskType,
        kept::Kept,
        script::{Envelope, Refusal},
        sweep::Payloads,
    },
    recording::What,
    store::{
        GroupKey, Task, TaskKey,
        past::{
            away::{Away, News},
            query::{Found, Query},
        },
        usual::Run,
    },
    wire::{
        Text,
        control::Deed,
        link::{Incoming, Line, Problem},
        logs as log,
    },
};

use super::{
    archive,
    choices::Change,
    compare::Comparison,
    compose::Draft,
    kept::Place,
    left::Visit,
    notices::Alert,
    outputs,
    replay::Wish,
    services,
    session::{ListPart, Outgoing},
    traces::{Logged, Raised, Wanted},
    welcome::Begin,
};

/// What can happen.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted (line breaks are LF).
    Paste(String),
    /// The terminal has a new size: columns, rows.
    Resize(u16, u16),
    /// Something came from the lab.
    Wire(Incoming),
    /// A part of the scheduler's list was read, beside the loop.
    List(ListPart),
    /// Time went on.
    Wake,
    /// The program was asked to stop (Ctrl-Z by signal) and `can` says whether it can be.
    AskedToStop {
        /// A shell is there to bring it back.
        can: bool,
    },
    /// An editor gave the terminal back.
    EditorClosed(Edited),
    /// The catalogue files were read again.
    TypesRead {
        /// Those that could be read.
        files: Vec<TypesFile>,
        /// What could not be, a sentence each.
        problems: Vec<String>,
    },
    /// The class of a composed task, or of many, has made it, or has not.
    Made {
        /// The composer's frame id.
        id: Text,
        /// The payloads as they were typed.
        of: Payloads,
        /// What it made of each.
        result: Result<Vec<Envelope>, NotMade>,
    },
    /// Something came of looking at the services, or of what is done to one.
    Services(services::Told),
    /// Something came of reading Juice's database, for that question.
    Archive(u64, archive::Heard),
    /// The history's answer.
    Found(Found),
    /// What became of tasks in that time.
    News(Away, News),
    /// The services' log has answered that question.
    LogAnswered(u64, Result<log::Found, log::Failed>),
    /// A task of the history was read, or why it could not be.
    PastRead(Result<Box<Task>, String>),
    /// A kernel says something of the cell in the slot.
    Printed(Text, outputs::Told),
    /// A kernel said that a cell raised.
    Raised(Raised),
    /// A kernel's output is watched, or is not: why.
    Watched(Text, Result<(), String>),
    /// A service's log has answered for a task, or why it could not.
    Logged(TaskKey, Result<Vec<Logged>, String>),
    /// Two tasks of the history were compared, or why they could not be.
    Compared(Result<Box<Comparison>, String>),
    /// A payload was looked through for secrets, beside the loop.
    Masked {
        /// As it came.
        payload: Text,
        /// With its secrets masked; `None`: it has none.
        masked: Option<Text>,
        /// The secrets, which its error may repeat.
        secrets: Vec<String>,
    },
    /// Runs of earlier sessions were read from the history, the oldest first.
    Runs(Vec<Run>),
    /// Something was copied or saved, or could not be.
    Done(Result<String, String>),
    /// The next entry of the recording.
    Replayed(What),
    /// What was told has stood long enough. (Only a recording's own time is not the person's.)
    NoticeOver,
    /// The recording that is written has so many bytes, or has stopped, and why.
    Recorded(Result<u64, String>),
}

impl Msg {
    /// It answers what the person has just done, who waits for it. All else comes by itself, some of it as often as the lab
    /// likes: what a cell prints, how a recording grows, the processes while somebody looks at them.
    pub fn is_answer(&self) -> bool {
        matches!(
            self,
            Msg::EditorClosed(_)
                | Msg::TypesRead { .. }
                | Msg::Made { .. }
                | Msg::Found(_)
                | Msg::PastRead(_)
                | Msg::Compared(_)
                | Msg::Masked { .. }
                | Msg::Done(_)
        )
    }
}

/// Why a task's class has made nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotMade {
    /// It refuses these of the payloads.
    Refused(Vec<Refusal>),
    /// It could not be asked; one sentence.
    Failed(String),
}

/// A catalogue file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypesFile {
    /// Where it lies.
    pub path: String,
    /// What it says.
    pub text: String,
    /// When it was last changed.
    pub at: Option<DateTime<Utc>>,
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
    /// Look through a payload for secrets, beside the loop; the answer is [`Msg::Masked`].
    Mask {
        /// The payload.
        payload: Text,
        /// Its type, where the schema tells of secrets.
        kind: Option<Box<TaskType>>,
    },
    /// Close the connection that the own task of this id has to itself.
    Withdraw(Text),
    /// Try lost connections again now.
    Retry,
    /// Give up a connection that is up and brings nothing, for this reason; it is opened anew.
    GiveUp(Line, Problem),
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
    /// Write a text to a new file in the working directory, which nobody else can read: a payload or a record of the log,
    /// for secrets may stand in it.
    SavePrivately {
        /// A name without a folder.
        name: String,
        /// The text, as it came.
        text: Text,
        /// What is said before the file's path once it is written.
        told: &'static str,
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
    /// Give a text to a shell command, or to the person's pager; comes back as a file that was shown.
    Pipe {
        /// The command; `None` is the pager.
        command: Option<String>,
        /// The text, as it came.
        text: String,
    },
    /// Read the catalogue files again.
    ReadTypes,
    /// Keep what was learned of task types for later runs.
    KeepTypes(Box<Kept>),
    /// Let the class of a task, or of many, make it, in the lab's Python.
    Make {
        /// The composer's frame id.
        id: Text,
        /// `module:Class`.
        class: String,
        /// The payloads as they were typed.
        of: Payloads,
    },
    /// Stop what makes something for the composer of this frame id; it comes back as not made.
    StopMaking(Text),
    /// Write a draft to the disk, or take it from there (`None`).
    KeepDraft {
        /// Service and class.
        place: Place,
        /// Without secrets.
        draft: Option<Box<Draft>>,
    },
    /// Write the draft of a group that is about to be sent to the disk. What is to be sent after it waits for it.
    KeepGroup {
        /// What the group is called.
        group: GroupKey,
        /// Service and class.
        place: Place,
        /// Without secrets.
        draft: Box<Draft>,
        /// It is the type's own draft.
        takes_place: bool,
    },
    /// Take the draft of a group from there.
    DropGroup {
        /// What the group is called.
        group: GroupKey,
    },
    /// Write down what a type was sent with.
    KeepValues {
        /// Service and class.
        place: Place,
        /// Without secrets.
        payload: String,
    },
    /// Ask the history; comes back as [`Msg::Found`], unless another question follows.
    FindPast(Box<Query>),
    /// Count what became of tasks in that time, and again where more is learned of it; comes back as [`Msg::News`].
    CountNews(Away),
    /// Keep when the person was here, and when somebody watched.
    KeepVisit(Box<Visit>),
    /// Read a task of the history; comes back as [`Msg::PastRead`].
    OpenPast(i64),
    /// Read tasks from Juice's database; they come by themselves, and what comes of it as [`Msg::Archive`].
    ReadArchive(archive::Question),
    /// Stop reading it.
    StopArchive,
    /// Look at the processes of all services; comes back as [`Msg::Services`].
    LookAtServices,
    /// Do that to a service; comes back as [`Msg::Services`].
    Control(Text, Deed),
    /// Look for an exception in a service's log; comes back as [`Msg::Logged`].
    FindLogged(Wanted),
    /// Ask the services' log; comes back as [`Msg::LogAnswered`], also where another question follows.
    AskLog(Box<log::Question>),
    /// Nobody waits for the services' log any more.
    ForgetLog,
    /// Write records of the log to a new file in the working directory, which nobody else can read, as lines of JSON.
    SaveLog(Vec<Arc<log::Record>>),
    /// Compare two tasks of the history; comes back as [`Msg::Compared`].
    ComparePast([i64; 2]),
    /// Keep what the person has chosen.
    KeepChoice(Change),
    /// Tell the person, wherever they look.
    Ring(Alert),
    /// Nobody looks at the history any more.
    ForgetPast,
    /// A task was put away by hand, for who keeps a recording.
    WasPutAway(TaskKey),
    /// Show the recording at another moment.
    Seek(Wish),
    /// Show the recording's next message.
    Step,
    /// Show the lab so many places on, or back.
    ShowLab(isize),
    /// End the screen and begin anew with that.
    Begin(Begin),
    /// Draw the whole screen anew.
    Redraw,
    /// Find out whether the program can be stopped; comes back as [`Msg::AskedToStop`].
    AskToStop,
    /// Stop the program, as Ctrl-Z does.
    Suspend,
    /// End the program.
    Quit,
}

impl Effect {
    /// It needs the terminal, so only the lab that is seen may ask for it.
    pub fn takes_terminal(&self) -> bool {
        matches!(
            self,
            Effect::Copy { .. }
                | Effect::EditPayload(_)
                | Effect::EditField { .. }
                | Effect::OpenFile { .. }
                | Effect::Pipe { .. }
                | Effect::ShowLab(_)
                | Effect::Begin(_)
                | Effect::Redraw
                | Effect::AskToStop
                | Effect::Suspend
                | Effect::Quit
        )
    }
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
