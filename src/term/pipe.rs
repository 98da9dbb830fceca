//! A text given to a shell command or to the person's pager. Blocks until that ends: to be run through
//! [`Terminal::hand_over`](super::Terminal::hand_over), which has given the terminal away before.

use std::{
    borrow::Cow,
    ffi::OsString,
    fs::File,
    io::{self, BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use super::{editor, modes};
use crate::clean;

/// What shows a text where `PAGER` says nothing.
const PAGER: &str = "less";

/// Why it did not go well; each is one line for people.
#[derive(Debug, thiserror::Error)]
pub enum PipeError {
    /// The command could not be started, or the text could not be given to it.
    #[error("could not run the command: {0}")]
    Start(#[from] io::Error),
    /// The pager ended with an error.
    #[error("{pager} ended with {how}; set PAGER to another pager")]
    Pager {
        /// As it was run.
        pager: String,
        /// "exit code 1", "signal 15".
        how: String,
    },
}

/// Gives `text` to a shell command as its standard input, and waits for Enter after it, so that what it wrote can be
/// read; or to the pager (`None`), which does without.
///
/// # Errors
/// The command could not be run. How a command of the person's own ends is shown, and is no error.
pub fn pipe(command: Option<&str>, text: &str) -> Result<(), PipeError> {
    let pager = || std::env::var("PAGER").ok().filter(|value| !value.trim().is_empty());
    let script = command.map_or_else(|| pager().unwrap_or_else(|| PAGER.to_owned()), str::to_owned);
    let text = match command {
        Some(_) => Cow::Borrowed(text),
        None => shown(text),
    };
    let how = run(&script, &text)?;
    match (command, how) {
        (None, Some(how)) => Err(PipeError::Pager { pager: script, how }),
        (None, None) => Ok(()),
        (Some(_), how) => Ok(wait_for_enter(how.as_deref())?),
    }
}

/// The text as a pager may show it: many give what they read to the terminal as it is.
fn shown(text: &str) -> Cow<'_, str> {
    let acts = |c: char| !matches!(c, '\n' | '\t') && clean::acts(c);
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) { clean::escape(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Runs a script by the shell with the text as its input. The text lies in a file, so that a command that does not
/// read it all ends as well as one that does.
fn run(script: &str, text: &str) -> io::Result<Option<String>> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    let mut command = Command::new(shell());
    command.arg("-c").arg(script).stdin(Stdio::from(file.reopen()?));
    if let Some(tty) = modes::current() {
        command.stdout(Stdio::from(tty.output.try_clone()?));
    }
    editor::attend(&mut command)
}

/// The person's shell.
fn shell() -> OsString {
    std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "sh".into())
}

/// Says how the command ended and waits for a line from the terminal.
fn wait_for_enter(how: Option<&str>) -> io::Result<()> {
    let Some(tty) = modes::current() else { return Ok(()) };
    let how = how.map_or_else(String::new, |how| format!("ended with {how}; "));
    let mut output = File::from(tty.output.try_clone()?);
    write!(output, "\n{how}press Enter to go back to juicetop ")?;
    output.flush()?;
    BufReader::new(File::from(tty.input.try_clone()?)).read_line(&mut String::new())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gets_the_whole_text_and_may_leave_it() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let text = "[1.0, \"ü\"]".repeat(20_000);
        assert_eq!(run(&format!("cat > {}", out.display()), &text).unwrap(), None);
        assert_eq!(std::fs::read_to_string(&out).unwrap(), text);
        assert_eq!(run("head -c 1 > /dev/null", &text).unwrap(), None);
        assert_eq!(run("exit 3", &text).unwrap().as_deref(), Some("exit code 3"));
    }

    #[test]
    fn a_pager_gets_nothing_that_acts_on_the_terminal() {
        let text = "a\tb\n\u{1b}]52;c;x\u{7} \u{9b}2J \u{202e}ü\r\n";
        assert_eq!(shown(text), "a\tb\n\\x1b]52;c;x\\x07 \\x9b2J \\u202eü\\x0d\n");
        assert!(matches!(shown("[1.0, \"ü\"]\n"), Cow::Borrowed(_)));
    }
}
