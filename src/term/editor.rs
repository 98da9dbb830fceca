//! Text and files in the person's own editor. Blocks until the editor ends: to be run through
//! [`Terminal::hand_over`](super::Terminal::hand_over), which has given the terminal away before.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::{modes, suspend};

/// What no value can be larger than: Juice's own limit for a message.
const TEXT_LIMIT: u64 = 50 << 20;

/// What is tried where neither `VISUAL` nor `EDITOR` says anything; `editor` is Debian's choice of the system.
const FALLBACKS: [&str; 4] = ["editor", "vi", "nano", "emacs"];

/// The process id of the running editor; 0 if there is none.
static RUNNING: AtomicI32 = AtomicI32::new(0);

/// Whether Ctrl-Z in the editor must not stop this program too.
static NEEDED: AtomicBool = AtomicBool::new(false);

/// What a Ctrl-Z in the editor is answered with meanwhile.
const NEEDED_WORDS: &[u8] = b"\r\njuicetop does not stop now: own tasks need its connection.\r\n";

/// What came back from the editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The text as it was saved. A line end that the editor added at the end of the file is taken off again.
    pub text: String,
    /// Whether it differs from what was given.
    pub changed: bool,
}

/// Why there is no new text. The text that was given is untouched; each message is one line for people.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// Neither variable is set, and none of the usual editors is there.
    #[error("no editor found: set EDITOR, for example EDITOR=nano")]
    NoEditor,
    /// The variable cannot be split into words, such as for an open quote.
    #[error("{variable} is not a command: {value}")]
    NotACommand {
        /// `VISUAL` or `EDITOR`.
        variable: &'static str,
        /// What it says.
        value: String,
    },
    /// The editor could not be started.
    #[error("could not start the editor {program}: {source}")]
    Start {
        /// Its name as it was given.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The editor ended with an error, as `:cq` does in vi: taken as giving up.
    #[error("{program} ended with {how}; the text is as it was")]
    Failed {
        /// Its name as it was given.
        program: String,
        /// "exit code 1", "signal 15".
        how: String,
    },
    /// The file that was edited cannot be used as text; it was kept.
    #[error("{problem}; what was saved is in {}", kept.display())]
    Unusable {
        /// What is wrong with it.
        problem: &'static str,
        /// Where it is.
        kept: PathBuf,
    },
    /// There is no such file here; a traceback's files are where the service runs.
    #[error("{} is not a file on this machine; [paths] in config.toml says where a service's folder is here", path.display())]
    NotHere {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// The temporary file could not be made or read.
    #[error("could not keep the text in a temporary file: {0}")]
    File(#[from] io::Error),
}

/// Opens `text` in the editor and returns what was saved. `suffix` is the file's ending, with its dot (`.py`);
/// `line`, from 1, is where the cursor goes if the editor is known to take that.
pub fn edit(text: &str, suffix: &str, line: Option<usize>) -> Result<Edited, EditError> {
    edit_with(&Editor::find(&|name| std::env::var_os(name))?, text, suffix, line)
}

/// Opens an existing file at `line` (from 1).
pub fn open_at(path: &Path, line: Option<usize>) -> Result<(), EditError> {
    let editor = Editor::find(&|name| std::env::var_os(name))?;
    // Absolute, so that no name is taken for an option. Only plain files: a pipe would block.
    match std::path::absolute(path) {
        Ok(full) if full.is_file() => editor.run(&full, line),
        _ => Err(EditError::NotHere { path: path.to_path_buf() }),
    }
}

fn edit_with(editor: &Editor, text: &str, suffix: &str, line: Option<usize>) -> Result<Edited, EditError> {
    let mut file = tempfile::Builder::new().prefix("juicetop-").suffix(suffix).tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    // Only the name is kept: many editors save by putting a new file in the old one's place.
    let path = file.into_temp_path();
    editor.run(&path, line)?;
    let mut bytes = Vec::new();
    std::fs::File::open(&path)?.take(TEXT_LIMIT + 1).read_to_end(&mut bytes)?;
    let problem = match String::from_utf8(bytes) {
        Ok(saved) if saved.len() as u64 <= TEXT_LIMIT => return Ok(edited(text, saved)),
        Ok(_) => "what was saved is larger than 50 MiB",
        Err(_) => "what was saved is not UTF-8",
    };
    let kept = path.keep().map_err(|error| error.error)?;
    Err(EditError::Unusable { problem, kept })
}

fn edited(before: &str, mut saved: String) -> Edited {
    if !before.ends_with('\n') && saved.ends_with('\n') {
        saved.pop();
        if saved.ends_with('\r') {
            saved.pop();
        }
    }
    Edited { changed: saved != before, text: saved }
}

/// An editor's command.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Editor {
    program: OsString,
    arguments: Vec<OsString>,
}

impl Editor {
    /// `VISUAL`, else `EDITOR`, else one that is there. The variables may hold arguments.
    fn find(env: &dyn Fn(&str) -> Option<OsString>) -> Result<Editor, EditError> {
        for variable in ["VISUAL", "EDITOR"] {
            let Some(value) = env(variable).filter(|value| !value.to_string_lossy().trim().is_empty()) else {
                continue;
            };
            let words = value.to_str().and_then(shlex::split).unwrap_or_default();
            let mut words = words.into_iter().map(OsString::from);
            return match words.next() {
                Some(program) => Ok(Editor { program, arguments: words.collect() }),
                None => Err(EditError::NotACommand {
                    variable,
                    value: value.to_string_lossy().escape_debug().to_string(),
                }),
            };
        }
        let path = env("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        let there = |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
        let program = FALLBACKS.iter().find(|name| there(name)).ok_or(EditError::NoEditor)?;
        Ok(Editor { program: program.into(), arguments: Vec::new() })
    }

    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// Runs the editor on the terminal and waits for its end.
    fn run(&self, file: &Path, line: Option<usize>) -> Result<(), EditError> {
        let start = |source| EditError::Start { program: self.name(), source };
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(place(&self.program, file, line));
        if let Some(tty) = modes::current() {
            // Our standard input may be something else than the terminal.
            command.stdin(Stdio::from(tty.input.try_clone().map_err(start)?));
            command.stdout(Stdio::from(tty.output.try_clone().map_err(start)?));
        }
        match attend(&mut command).map_err(start)? {
            None => Ok(()),
            Some(how) => Err(EditError::Failed { program: self.name(), how }),
        }
    }
}

/// Runs a program that has the terminal to its end; `None` if it ended well.
pub(super) fn attend(command: &mut Command) -> io::Result<Option<String>> {
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::from(io::ErrorKind::Other))?;
    RUNNING.store(pid.as_raw_nonzero().get(), Ordering::SeqCst);
    let how = wait(pid);
    RUNNING.store(0, Ordering::SeqCst);
    how
}

/// Waits for the editor; `None` if it ended well. If it stops (Ctrl-Z in it), so do we, and the shell has both of
/// us as one job.
fn wait(pid: Pid) -> io::Result<Option<String>> {
    loop {
        let status = match waitpid(Some(pid), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) => status,
            Ok(None) | Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        if let Some(signal) = status.terminating_signal() {
            return Ok(Some(format!("signal {signal}")));
        }
        if let Some(code) = status.exit_status() {
            return Ok((code != 0).then(|| format!("exit code {code}")));
        }
        let needed = NEEDED.load(Ordering::SeqCst);
        if suspend::can_suspend().is_ok() && !needed {
            suspend::stop_here()?;
        } else {
            if needed && let Some(tty) = modes::current() {
                // It is only a word: the editor draws over it when it goes on.
                let _ = rustix::io::write(&tty.output, NEEDED_WORDS);
            }
            // Nobody could continue it. Not at once: it may stop again and again.
            std::thread::sleep(Duration::from_millis(100));
        }
        kill_process(pid, Signal::CONT)?;
    }
}

/// Whether own tasks would be lost if this program stopped: then a Ctrl-Z in the editor does not stop it along, and the
/// editor is continued at once. Nobody could be asked while the editor has the terminal.
pub fn set_needed(needed: bool) {
    NEEDED.store(needed, Ordering::SeqCst);
}

/// Ends a running editor, for when the program has to end: it is told that its terminal is gone, which editors
/// answer by keeping what can be kept. Waits at most `patience`.
pub(super) fn dismiss(patience: Duration) {
    let Some(pid) = Pid::from_raw(RUNNING.load(Ordering::SeqCst)) else { return };
    let _ = kill_process(pid, Signal::HUP);
    let _ = kill_process(pid, Signal::CONT);
    let pause = Duration::from_millis(10);
    let mut left = patience;
    while RUNNING.load(Ordering::SeqCst) != 0 && left > Duration::ZERO {
        std::thread::sleep(pause);
        left = left.saturating_sub(pause);
    }
    if let Some(tty) = modes::current() {
        tty.cook();
    }
}

/// The arguments that make `program` open `file` at `line`; the file alone for a program that is not known.
fn place(program: &OsStr, file: &Path, line: Option<usize>) -> Vec<OsString> {
    let file = file.as_os_str().to_owned();
    let Some(line) = line.filter(|line| *line > 0) else { return vec![file] };
    let name = Path::new(program).file_name().and_then(OsStr::to_str).unwrap_or_default();
    let joined = || {
        let mut joined = file.clone();
        joined.push(format!(":{line}"));
        joined
    };
    match name {
        "vi" | "vim" | "nvim" | "view" | "gvim" | "vimx" | "editor" | "nano" | "pico" | "emacs"
        | "emacsclient" | "kak" | "micro" | "joe" | "jed" | "ne" | "mcedit" | "mg" | "zile" | "gedit" => {
            vec![format!("+{line}").into(), file]
        }
        "code" | "code-insiders" | "codium" | "vscodium" | "cursor" | "windsurf" => {
            vec!["-g".into(), joined()]
        }
        "hx" | "helix" | "subl" | "zed" | "zeditor" => vec![joined()],
        "kate" | "kwrite" | "mate" | "pycharm" | "idea" => {
            vec!["--line".into(), line.to_string().into(), file]
        }
        _ => vec![file],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pairs: &[(&str, &str)]) -> Result<Editor, EditError> {
        Editor::find(&|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    fn shell(script: &str) -> Editor {
        // `$0` is the file.
        Editor { program: "sh".into(), arguments: vec!["-c".into(), script.into()] }
    }

    #[test]
    fn the_variables_come_in_order_and_may_hold_arguments() {
        let editor = find(&[("VISUAL", "code --wait 'a b'"), ("EDITOR", "vi")]).unwrap();
        assert_eq!(editor, Editor { program: "code".into(), arguments: vec!["--wait".into(), "a b".into()] });
        assert_eq!(find(&[("VISUAL", "  "), ("EDITOR", "vi -n")]).unwrap().program, "vi");
        assert!(matches!(
            find(&[("EDITOR", "vi 'open")]),
            Err(EditError::NotACommand { variable: "EDITOR", .. })
        ));
    }

    #[test]
    fn without_variables_one_that_is_there_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert!(matches!(find(&[("PATH", path)]), Err(EditError::NoEditor)));
        std::fs::write(folder.path().join("nano"), "").unwrap();
        assert_eq!(find(&[("PATH", path)]).unwrap().program, "nano");
    }

    #[test]
    fn the_line_is_given_as_each_editor_takes_it() {
        let at = |program: &str| {
            let all = place(OsStr::new(program), Path::new("/a b.py"), Some(7));
            all.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(at("/usr/bin/vim"), ["+7", "/a b.py"]);
        assert_eq!(at("code"), ["-g", "/a b.py:7"]);
        assert_eq!(at("hx"), ["/a b.py:7"]);
        assert_eq!(at("kate"), ["--line", "7", "/a b.py"]);
        assert_eq!(at("unheard-of"), ["/a b.py"]);
        assert_eq!(place(OsStr::new("vi"), Path::new("/a"), None), ["/a"]);
        assert_eq!(place(OsStr::new("vi"), Path::new("/a"), Some(0)), ["/a"]);
    }

    #[test]
    fn text_goes_there_and_back() {
        let same = edit_with(&shell("true"), "one\ntwo", ".py", None).unwrap();
        assert_eq!(same, Edited { text: "one\ntwo".into(), changed: false });
        // As an editor does: a new file in place of the old, with a line end at its end.
        let script = r#"case "$0" in *.py) ;; *) exit 9 ;; esac; sed s/one/ü/ "$0" > "$0.new"; echo >> "$0.new"; mv "$0.new" "$0""#;
        let new = edit_with(&shell(script), "one\ntwo", ".py", None).unwrap();
        assert_eq!(new, Edited { text: "ü\ntwo".into(), changed: true });
    }

    #[test]
    fn the_line_end_of_a_text_that_had_one_stays() {
        assert_eq!(edited("a\n", "a\n".into()), Edited { text: "a\n".into(), changed: false });
        assert_eq!(edited("a", "a\n\n".into()), Edited { text: "a\n".into(), changed: true });
        assert_eq!(edited("a", "b\r\n".into()).text, "b");
        assert_eq!(edited("", String::new()), Edited { text: String::new(), changed: false });
    }

    #[test]
    fn failures_are_told_in_one_line() {
        let failed = edit_with(&shell("exit 3"), "x", ".txt", None).unwrap_err();
        assert_eq!(failed.to_string(), "sh ended with exit code 3; the text is as it was");
        let killed = edit_with(&shell("kill -KILL $$"), "x", ".txt", None).unwrap_err();
        assert_eq!(killed.to_string(), "sh ended with signal 9; the text is as it was");
        let missing = Editor { program: "/nowhere/at/all".into(), arguments: vec![] };
        let missing = edit_with(&missing, "x", ".txt", None).unwrap_err();
        assert!(missing.to_string().starts_with("could not start the editor /nowhere/at/all: "));
        let gone = open_at(Path::new("/nowhere/at/all.py"), Some(3)).unwrap_err();
        assert!(gone.to_string().starts_with("/nowhere/at/all.py is not a file on this machine; "));
    }

    #[test]
    fn what_is_not_text_is_kept_in_its_file() {
        let error = edit_with(&shell(r#"printf '\377' > "$0""#), "x", ".txt", None).unwrap_err();
        let EditError::Unusable { kept, .. } = error else { panic!("{error}") };
        assert_eq!(std::fs::read(&kept).unwrap(), [0xff]);
        std::fs::remove_file(kept).unwrap();
    }
}
