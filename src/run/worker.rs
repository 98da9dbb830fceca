//! A thread that works through what it is given at its leisure, so that no disk delays a key. It refuses to keep the
//! program: where a disk hangs, the program ends without it.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel, sync_channel},
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// For how long the end of the program waits for what is still to be done.
const END: Duration = Duration::from_secs(3);

/// The thread, and the way to it. When it is dropped the thread does what it was given, and ends.
#[derive(Debug)]
pub(super) struct Worker<J> {
    jobs: Option<Sender<J>>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl<J: Send + 'static> Worker<J> {
    /// Starts it. `work` goes on until nobody can give it anything any more.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn start(name: &str, work: impl FnOnce(&Receiver<J>) + Send + 'static) -> io::Result<Worker<J>> {
        let (jobs, todo) = channel();
        let (end, ended) = sync_channel(1);
        let thread = Builder::new().name(name.to_owned()).spawn(move || {
            work(&todo);
            let _ = end.send(());
        })?;
        Ok(Worker { jobs: Some(jobs), ended, thread: Some(thread) })
    }

    /// Gives it something to do.
    pub fn give(&self, job: J) {
        if let Some(jobs) = &self.jobs {
            // The thread ends only when this end is dropped.
            let _ = jobs.send(job);
        }
    }
}

impl<J> Drop for Worker<J> {
    fn drop(&mut self) {
        self.jobs = None;
        if self.ended.recv_timeout(END).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}
