//! The subcommands: what happens without the screen, and how it is opened.
//!
//! Everything for people goes to standard error, one sentence a line; standard output holds nothing but what was asked
//! for. It refuses to fail loudly: a reader that closes its pipe ends the program well, and no error shows a backtrace.

pub mod args;
mod doctor;
pub mod lab;
mod links;
mod list;
mod logs;
pub mod out;
mod picture;
mod print;
mod record;
mod replay;
mod service;
mod show;
mod submit;
pub mod talk;
mod types;
mod watch;

use std::{io, process::ExitCode};

use self::{
    args::{Cli, Command, RecordArgs},
    out::Out,
};

/// All is well.
pub const OK: u8 = 0;
/// It did not work.
pub const FAILED: u8 = 1;
/// The command cannot be carried out as it was given.
pub const MISUSE: u8 = 2;
/// `submit`: sent, and nobody knows how it ended.
pub const UNKNOWN: u8 = 3;
/// `submit`: not sent; the same command may be given again.
pub const NOT_SENT: u8 = 4;

/// An end before the end: the exit code, and what to tell the person.
#[derive(Debug)]
pub struct End {
    code: u8,
    why: Option<anyhow::Error>,
}

impl End {
    /// An end with this code and sentence.
    pub fn new(code: u8, why: impl Into<String>) -> End {
        End { code, why: Some(anyhow::Error::msg(why.into())) }
    }

    /// The command cannot be carried out as it was given.
    pub fn misuse(why: impl Into<String>) -> End {
        End::new(MISUSE, why)
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.code
    }
}

impl From<anyhow::Error> for End {
    fn from(error: anyhow::Error) -> End {
        End { code: FAILED, why: Some(error) }
    }
}

impl From<io::Error> for End {
    /// A reader that has read enough is no error.
    fn from(error: io::Error) -> End {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return End { code: OK, why: None };
        }
        End { code: FAILED, why: Some(error.into()) }
    }
}

/// The whole program: reads the command line and carries it out.
pub fn main() -> ExitCode {
    crate::memory::give_back_what_is_large();
    quiet_panics();
    match Cli::read(std::env::args_os()) {
        Ok(cli) => run(cli),
        Err(error) => {
            // What is wrong repeats the words that were typed or pasted; help and the version are our own, in colours.
            // A closed pipe is nobody's concern.
            if error.use_stderr() {
                out::say_block(&error.render().to_string());
            } else {
                let _ = error.print();
            }
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(MISUSE))
        }
    }
}

/// Carries out a command line.
pub fn run(cli: Cli) -> ExitCode {
    match dispatch(cli) {
        Ok(code) => code,
        Err(End { code, why }) => {
            if let Some(why) = why {
                // With its causes, never with a backtrace.
                out::say(&format!("{why:#}"));
            }
            ExitCode::from(code)
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode, End> {
    let Cli { command, place, look, record } = cli;
    let out = Out::new(look.ascii);
    let recording = |own: &RecordArgs| if own.record.is_some() { own.clone() } else { record.clone() };
    let records = matches!(&command, None | Some(Command::Watch(_) | Command::Demo(_)));
    if record.record.is_some() && !records {
        return Err(End::misuse("--record goes with the screen, with watch and with demo: nothing was done"));
    }
    match command {
        Some(Command::Watch(args)) => {
            watch::run(&place, &args, &recording(&args.record), &out).map(ExitCode::from)
        }
        Some(Command::Replay(args)) if args.redact => replay::clean(&args, &out).map(ExitCode::from),
        Some(Command::Replay(args)) => Ok(crate::run::replay(&args, &look)?),
        Some(Command::Submit(args)) => submit::run(&place, &look, &args, &out).map(ExitCode::from),
        Some(Command::List(args)) => list::run(&place, &args, &out).map(ExitCode::from),
        Some(Command::Logs(args)) => logs::run(&place, &args, &out).map(ExitCode::from),
        Some(Command::Show(args)) => show::run(&place, &args, &out).map(ExitCode::from),
        Some(Command::Doctor(args)) => doctor::run(&place, &look, &args, &out).map(ExitCode::from),
        Some(Command::Types(args)) => types::run(&place, &look, &args, &out).map(ExitCode::from),
        Some(Command::Service(args)) => service::run(&place, &look, &args, &out).map(ExitCode::from),
        Some(Command::Print(args)) => print::run(&args, &look, &out),
        None => Ok(crate::run::screen(&place, &look, &record)?),
        Some(Command::Demo(args)) => Ok(crate::run::demo(&args, &look, &recording(&args.record))?),
        Some(Command::Picture(args)) => picture::run(&args, &out).map(ExitCode::from),
    }
}

/// A fault of ours is told in one line: what `RUST_BACKTRACE` adds helps nobody on a lab machine. (The screen puts its
/// own hook before this one, which gives the terminal back first.)
fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let what = info.payload_as_str().unwrap_or("no words");
        let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        out::say(&format!("a fault in the program itself: {what}{place}; please report it with this line"));
    }));
}
