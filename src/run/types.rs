//! What learning task types needs from outside: catalogue files read again, the lab's Python run, what was learned
//! kept. All of it in threads of its own, so that none of it delays a key; answers come as messages.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::mpsc::UnboundedSender;

use super::{beside::beside, keeper::Keeper};
use crate::{
    app::{
        Msg,
        msg::{NotMade, TypesFile},
    },
    catalogue::{kept::Kept, sweep::Payloads},
    cli::lab::{Lab, keep_types},
    config::{self, Folders},
    python::{Failure, Python},
    wire::Text,
};

/// How often, and how many times, it is looked whether a Python that was stopped has ended.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: u32 = 100;

/// Where task types are learned from and kept.
pub(super) struct Types {
    /// What was learned; `None`: nowhere.
    file: Option<PathBuf>,
    /// Where catalogue files lie; `None`: none is read (the demonstration has its own).
    folders: Option<Folders>,
    /// The lab's name in the configuration's list, under which it may have catalogue files of its own.
    listed: Option<String>,
    /// The lab's Python.
    python: Option<PathBuf>,
    /// The Pythons that run.
    runs: Vec<Run>,
}

/// A Python that makes something.
struct Run {
    /// For the composer of this frame id.
    id: Text,
    /// Set when nobody wants it any more, and when the program ends.
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Types {
    /// For a lab.
    pub fn of(lab: &Lab) -> Types {
        Types {
            file: lab.types_file(),
            folders: lab.keeps.then(|| lab.folders.clone()),
            listed: lab.listed.then(|| lab.name.clone()),
            python: lab.config().python.clone(),
            runs: Vec::new(),
        }
    }

    /// Reads the catalogue files again.
    pub fn read(&self, done: UnboundedSender<Msg>) {
        let (folders, listed) = (self.folders.clone(), self.listed.clone());
        let unanswered = done.clone();
        let made = beside("types", move || {
            let (mut files, mut problems) = (Vec::new(), Vec::new());
            if let Some(folders) = folders {
                for lab in std::iter::once(None).chain(listed.as_deref().map(Some)) {
                    let (found, wrong) = config::catalogues(&folders, lab);
                    let dated = found.into_iter().map(|file| TypesFile {
                        path: file.path.display().to_string(),
                        text: file.text,
                        at: file.modified.map(chrono::DateTime::from),
                    });
                    files.extend(dated);
                    problems.extend(wrong.iter().map(ToString::to_string));
                }
            }
            let _ = done.send(Msg::TypesRead { files, problems });
        });
        if let Err(why) = made {
            let told = format!("the catalogue files were not read again: {why}");
            let _ = unanswered.send(Msg::Done(Err(told)));
        }
    }

    /// Lets the class of a task, or of many, make it.
    pub fn make(&mut self, id: Text, class: String, of: Payloads, done: UnboundedSender<Msg>) {
        let Some(path) = self.python.clone() else { return };
        let stop: Arc<AtomicBool> = Arc::default();
        let (wanted, stopper) = (id.clone(), Arc::clone(&stop));
        self.runs.retain(|run| !run.thread.is_finished());
        let unanswered = (of.clone(), done.clone());
        let made = beside("make", move || {
            let made = Python::new(path).envelopes(&class, of.clone(), &stop, &mut |_| {});
            let result = made.map_err(|failure| match failure {
                Failure::Refused { refused } => NotMade::Refused(refused),
                other => NotMade::Failed(other.to_string()),
            });
            let _ = done.send(Msg::Made { id, of, result });
        });
        match made {
            Ok(thread) => self.runs.push(Run { id: wanted, stop: stopper, thread }),
            Err(why) => {
                let (of, done) = unanswered;
                let _ = done.send(Msg::Made { id: wanted, of, result: Err(NotMade::Failed(why)) });
            }
        }
    }

    /// Stops the Python that makes something for this composer; what comes of it is told as that of any run.
    pub fn stop(&self, id: &Text) {
        self.runs.iter().filter(|run| run.id == *id).for_each(Run::stop);
    }

    /// Keeps what was learned.
    pub fn keep(&self, kept: Kept, keeper: &Keeper, done: UnboundedSender<Msg>) {
        if let Some(path) = self.file.clone() {
            keeper.work(Box::new(move || {
                if let Ok(Some(told)) | Err(told) = keep_types(&path, &kept) {
                    let _ = done.send(Msg::Done(Err(told)));
                }
            }));
        }
    }

    /// The program ends: keeps what was learned, stops Python. What is to be told comes once the keeper is gone.
    pub fn end(&mut self, kept: Kept, keeper: &Keeper) -> Receiver<String> {
        self.runs.iter().for_each(Run::stop);
        let (told, heard) = channel();
        if let Some(path) = self.file.clone() {
            keeper.work(Box::new(move || {
                if let Ok(Some(text)) | Err(text) = keep_types(&path, &kept) {
                    let _ = told.send(text);
                }
            }));
        }
        heard
    }
}

impl Run {
    fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

impl Drop for Types {
    fn drop(&mut self) {
        self.runs.iter().for_each(Run::stop);
        for _ in 0..LOOKS {
            if self.runs.iter().all(|run| run.thread.is_finished()) {
                return;
            }
            thread::sleep(LOOK);
        }
    }
}
