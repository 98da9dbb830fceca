//! The thread that writes what is kept for the person, so that a slow disk delays no key.
//!
//! It refuses to give up silently: what could not be written comes back as a message.

use std::{
    io,
    path::PathBuf,
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::mpsc::UnboundedSender;

use crate::{
    app::Msg,
    keep::{self, sent},
};

/// For how long a deed waits until it stands in the log. A home folder on a server that hangs must not keep a heater on.
const DEED: Duration = Duration::from_millis(500);
/// For how long the end of the program waits for what is still to be written.
const END: Duration = Duration::from_secs(3);

enum Job {
    /// A line of the log of deeds.
    Line { path: PathBuf, line: String, written: Option<SyncSender<Result<(), String>>> },
    /// Something else that writes, and tells by itself how it went.
    Work(Box<dyn FnOnce() + Send>),
}

/// The thread, and the way to it.
pub(super) struct Keeper {
    jobs: Option<Sender<Job>>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts it; what it has to tell goes to `told`.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn start(told: UnboundedSender<Msg>) -> io::Result<Keeper> {
        let (jobs, todo) = channel();
        let (end, ended) = sync_channel(1);
        let thread = std::thread::Builder::new().name("keeper".to_owned()).spawn(move || {
            work(&todo, &told);
            let _ = end.send(());
        })?;
        Ok(Keeper { jobs: Some(jobs), ended, thread: Some(thread) })
    }

    /// Writes a line and waits until it is written, for a while.
    ///
    /// # Errors
    /// Why it is not, or not yet.
    pub fn write(&self, path: PathBuf, line: String) -> Result<(), String> {
        let (written, answer) = sync_channel(1);
        self.give(Job::Line { path, line, written: Some(written) });
        let late = format!("the disk has not answered for {} ms", DEED.as_millis());
        answer.recv_timeout(DEED).unwrap_or(Err(late))
    }

    /// Writes a line at its leisure.
    pub fn note(&self, path: PathBuf, line: String) {
        self.give(Job::Line { path, line, written: None });
    }

    /// Does something that writes, at its leisure; it is to tell by itself how it went.
    pub fn work(&self, work: Box<dyn FnOnce() + Send>) {
        self.give(Job::Work(work));
    }

    fn give(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // The thread ends only when this end is dropped.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.jobs = None;
        // A disk that hangs does not keep the program.
        if self.ended.recv_timeout(END).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn work(todo: &Receiver<Job>, told: &UnboundedSender<Msg>) {
    for job in todo {
        match job {
            Job::Work(work) => work(),
            Job::Line { path, line, written } => {
                let done = keep::append(&path, &line, sent::MOST).map_err(|e| e.to_string());
                match (written, done) {
                    (Some(written), done) => {
                        let _ = written.send(done);
                    }
                    (None, Err(why)) => {
                        let text = format!("{} cannot be written: {why}", path.display());
                        let _ = told.send(Msg::Done(Err(text)));
                    }
                    (None, Ok(())) => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_before_the_answer_and_the_rest_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let keeper = Keeper::start(told).unwrap();
        keeper.write(path.clone(), "{\"a\":1}".to_owned()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"a\":1}\n");
        keeper.note(path.clone(), "{}".to_owned());
        let barred = folder.path().join("sent.jsonl/under/a/file");
        assert!(keeper.write(barred.clone(), "{}".to_owned()).is_err());
        keeper.note(barred, "{}".to_owned());
        drop(keeper);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{}\n");
        assert!(matches!(heard.try_recv(), Ok(Msg::Done(Err(why))) if why.contains("under/a/file")));
    }

    #[test]
    fn a_disk_that_hangs_delays_a_deed_for_a_moment_only() {
        use rustix::fs::{FlockOperation, flock};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        let lock = std::fs::File::create(folder.path().join("sent.jsonl.lock")).unwrap();
        flock(&lock, FlockOperation::LockExclusive).unwrap();
        let (told, _heard) = tokio::sync::mpsc::unbounded_channel();
        let keeper = Keeper::start(told).unwrap();
        let error = keeper.write(path.clone(), "{}".to_owned()).unwrap_err();
        assert!(error.contains("500 ms"), "{error}");
        drop(lock);
        drop(keeper);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n", "it is written once that is possible");
    }
}
