//! Rings: asks the terminal for it, and runs the person's own command.
//!
//! No text from outside reaches a shell: the command is a list of words, and what is to be told stands in its
//! environment. It refuses to run it longer than a few seconds, or twice at a time: what comes meanwhile is told after it.
//! That it fails is told once, until it works again.

use std::{
    collections::VecDeque,
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::mpsc::UnboundedSender;

use super::{Runner, beside::beside};
use crate::{
    app::{
        Msg,
        notices::{Alert, Rules},
    },
    clean::{Charset, Clean, exact},
    config,
    term::{self, Desktop, NoticeId},
};

/// A command is ended after so long.
const LONGEST: Duration = Duration::from_secs(10);
/// One that was ended is waited for so long.
const MOST_DYING: Duration = Duration::from_secs(2);
/// It is looked at so often whether it has ended.
const LOOK: Duration = Duration::from_millis(20);
/// No time of the configuration is longer, seconds.
const LONG: u64 = 366 * 86_400;
/// Columns of a notice: no name makes it longer. An environment takes no text of more than 128 KiB.
const MOST_COLUMNS: usize = 400;
/// So many wait for the terminal while another program has it.
const MOST_WAITING: usize = 5;

/// How it rings here.
#[derive(Debug)]
pub(super) struct Bells {
    bell: bool,
    desktop: Option<Desktop>,
    /// A program and its arguments; none: nothing is run.
    command: Vec<String>,
    charset: Charset,
    waiting: Vec<(Clean, Clean)>,
    /// The next one's.
    id: NoticeId,
    queue: Arc<Mutex<Queue>>,
}

/// What the command is to tell.
#[derive(Debug, PartialEq, Eq)]
struct Words {
    title: String,
    text: String,
    kind: &'static str,
    lab: String,
}

/// The command runs once at a time.
#[derive(Debug, Default)]
struct Queue {
    runs: bool,
    /// What came while it ran, and how many went by before that.
    next: VecDeque<Words>,
    before: usize,
    /// It failed, and that was told.
    failed: bool,
}

impl Queue {
    /// Gives it back where the command is to be run at once.
    fn begin(&mut self, words: Words) -> Option<Words> {
        if !self.runs {
            self.runs = true;
            return Some(words);
        }
        self.next.push_back(words);
        if self.next.len() > MOST_WAITING {
            self.next.pop_front();
            self.before += 1;
        }
        None
    }

    /// The command has ended: what it is to tell next.
    fn end(&mut self) -> Option<Words> {
        let next = self.next.pop_front();
        self.runs = next.is_some();
        next.map(|words| match std::mem::take(&mut self.before) {
            0 => words,
            before => Words { text: format!("{before} more went by; {}", words.text), ..words },
        })
    }
}

/// What is told, as the configuration says it.
pub(super) fn rules(config: &config::Notices) -> Rules {
    let minutes = |minutes: usize| {
        let seconds = u64::try_from(minutes).unwrap_or(u64::MAX).saturating_mul(60);
        Duration::from_secs(seconds.min(LONG))
    };
    Rules {
        own_after: (config.own_minutes > 0).then(|| minutes(config.own_minutes)),
        first_failures: config.first_failures,
        services: config.services,
        quiet: config.quiet,
        most: config.most,
        within: minutes(config.minutes),
    }
}

impl Bells {
    /// As the configuration says, and as the terminal is known to.
    pub fn new(config: &config::Notices, known: Option<Desktop>, charset: Charset) -> Bells {
        let desktop = match config.desktop {
            config::Desktop::Auto => known,
            config::Desktop::No => None,
            config::Desktop::Osc9 => Some(Desktop::Osc9),
            config::Desktop::Osc777 => Some(Desktop::Osc777),
            config::Desktop::Osc99 => Some(Desktop::Osc99),
        };
        Bells {
            bell: config.bell,
            desktop,
            command: config.command.clone(),
            charset,
            waiting: Vec::new(),
            id: NoticeId { run: uuid::Uuid::new_v4().as_u64_pair().0, number: 1 },
            queue: Arc::default(),
        }
    }

    fn command(&self, alert: &Alert, title: &Clean, text: &Clean, lab: &str, told: UnboundedSender<Msg>) {
        let Some((program, words)) = self.command.split_first() else { return };
        let told_now = Words {
            title: title.as_str().to_owned(),
            text: text.as_str().to_owned(),
            kind: alert.kind,
            lab: Clean::head(lab, Charset::Unicode, MOST_COLUMNS).as_str().to_owned(),
        };
        let Some(mut now) = held(&self.queue).begin(told_now) else { return };
        let (queue, program, words) = (self.queue.clone(), program.clone(), words.to_vec());
        let nobody = told.clone();
        let made = beside("notice", move || {
            loop {
                let ended = tell(&program, &words, &now);
                let mut queue = held(&queue);
                let was_told = std::mem::replace(&mut queue.failed, ended.is_err());
                if let (Err(why), false) = (ended, was_told) {
                    let _ = told.send(Msg::Done(Err(format!("the command for notices, {program}: {why}"))));
                }
                match queue.end() {
                    Some(next) => now = next,
                    None => return,
                }
            }
        });
        if let Err(why) = made {
            *held(&self.queue) = Queue::default();
            let _ = nobody.send(Msg::Done(Err(format!("the command for notices was not run: {why}"))));
        }
    }
}

fn held(queue: &Mutex<Queue>) -> std::sync::MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the command once.
fn tell(program: &str, words: &[String], told: &Words) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command
        .env("JUICETOP_NOTICE_TITLE", &told.title)
        .env("JUICETOP_NOTICE_TEXT", &told.text)
        .env("JUICETOP_NOTICE_KIND", told.kind)
        .env("JUICETOP_NOTICE_LAB", &told.lab);
    command.spawn().map_err(|e| e.to_string()).and_then(|child| attend(child, LONGEST))
}

/// Waits until it ends; after `longest` it is ended with all that it has started.
fn attend(mut child: Child, longest: Duration) -> Result<(), String> {
    let mut left = longest;
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("ended with {status}")),
            None if left.is_zero() => break,
            None => thread::sleep(LOOK),
        }
        left = left.saturating_sub(LOOK);
    }
    if let Some(group) = Pid::from_raw(i32::try_from(child.id()).unwrap_or(0)) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    // One that cannot be ended is waited for no longer.
    let mut left = MOST_DYING;
    while left > Duration::ZERO && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(LOOK);
        left = left.saturating_sub(LOOK);
    }
    Err(format!("it was ended after {} s", longest.as_secs()))
}

impl Runner {
    /// Rings for the lab at that place.
    pub(super) fn ring(&mut self, at: usize, alert: &Alert) {
        let lab = &self.labs[at];
        let name = lab.app.settings.lab.clone();
        let title = Clean::head(&format!("juicetop {}", exact(&name)), self.bells.charset, MOST_COLUMNS);
        let text = Clean::head(&alert.text, self.bells.charset, MOST_COLUMNS);
        self.bells.command(alert, &title, &text, &name, lab.done.clone());
        self.bells.waiting.push((title, text));
        let over = self.bells.waiting.len().saturating_sub(MOST_WAITING);
        self.bells.waiting.drain(..over);
    }

    /// What waits goes out, unless another program has the terminal: it is no part of that one's picture.
    pub(super) fn ring_out(&mut self) -> anyhow::Result<()> {
        if self.bells.waiting.is_empty() || !self.terminal.is_taken() {
            return Ok(());
        }
        let env = |name: &str| std::env::var(name).ok();
        let Bells { bell, desktop, .. } = self.bells;
        for (title, text) in std::mem::take(&mut self.bells.waiting) {
            let id = self.bells.id;
            self.bells.id.number += 1;
            self.terminal.screen().send(&term::notice(&title, &text, bell, desktop, id, &env))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, text: &str) -> (Result<(), String>, Duration) {
        let start = crate::time::Clock::start();
        let before = start.now().mono;
        let child = Command::new("sh")
            .args(["-c", script])
            .env("JUICETOP_NOTICE_TEXT", text)
            .process_group(0)
            .spawn()
            .unwrap();
        (attend(child, Duration::from_millis(500)), start.now().mono.saturating_sub(before))
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_all_that_it_has_started() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!("(sleep 2; echo late > {}) & sleep 60", mark.display());
        let (ended, took) = run(&script, "");
        assert!(ended.is_err_and(|why| why.contains("ended after")) && took < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(2_500));
        assert!(!mark.exists(), "what it had started went on");
    }

    #[test]
    fn what_comes_while_the_command_runs_is_told_after_it_each_with_its_own_lab() {
        let words = |text: &str| Words {
            title: "juicetop lab".to_owned(),
            text: text.to_owned(),
            kind: "watched",
            lab: format!("lab {text}"),
        };
        let mut queue = Queue::default();
        assert_eq!(queue.begin(words("a")), Some(words("a")));
        assert_eq!(queue.begin(words("b")), None);
        assert_eq!(queue.end(), Some(words("b")));
        for text in ["c", "d", "e", "f", "g", "h", "i"] {
            assert_eq!(queue.begin(words(text)), None);
        }
        assert_eq!(queue.end(), Some(Words { text: "2 more went by; e".to_owned(), ..words("e") }));
        for text in ["f", "g", "h", "i"] {
            assert_eq!(queue.end(), Some(words(text)));
        }
        assert_eq!(queue.end(), None);
        assert_eq!(queue.begin(words("j")), Some(words("j")));
    }

    #[test]
    fn no_name_is_too_long_for_the_command() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("text");
        let text = "x".repeat(3 << 20);
        let told = Words {
            title: String::new(),
            text: Clean::head(&text, Charset::Unicode, MOST_COLUMNS).as_str().to_owned(),
            kind: "own",
            lab: String::new(),
        };
        let script = format!("printenv JUICETOP_NOTICE_TEXT > {}", file.display());
        assert_eq!(tell("sh", &["-c".to_owned(), script], &told), Ok(()));
        assert_eq!(std::fs::read_to_string(file).unwrap().trim_end().chars().count(), MOST_COLUMNS);
    }

    #[test]
    fn how_it_ends_is_told_and_its_text_is_no_word_of_a_shell() {
        assert_eq!(run("exit 0", "").0, Ok(()));
        assert!(run("exit 3", "").0.is_err_and(|why| why.contains('3')));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("text");
        let text = "'; exit 9; $(exit 8) `exit 7`";
        assert_eq!(run(&format!("printenv JUICETOP_NOTICE_TEXT > {}", file.display()), text).0, Ok(()));
        assert_eq!(std::fs::read_to_string(file).unwrap(), format!("{text}\n"));
    }
}
