//! What is asked for is done: the only place where the screen touches the world.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    ops::Deref,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use tokio::sync::mpsc::UnboundedSender;

use super::{Runner, archive, beside::beside, history::History, logs, services};
use crate::{
    app::{Effect, Msg, compose, msg::Edited, session::Outgoing, welcome::Begin},
    catalogue::TaskType,
    net,
    store::TaskKey,
    term,
    wire::{Text, logs::Record},
};

impl Runner {
    /// Writes what is about to be done to the log of deeds. One that cannot be written is told and stops no work: who
    /// has to switch a heater off must be able to, on a full disk too.
    fn write_deed(&mut self, at: usize, out: &Outgoing) {
        let lab = &mut self.labs[at];
        let about = |id: &str| {
            let task = lab.app.store().task(&TaskKey(id.into()))?;
            Some((task.service.clone(), task.task_type.clone()))
        };
        let Some(entry) = lab.book.goes_out(&out.line, &out.text, about, self.clock.now()) else { return };
        self.write_entry(at, entry);
    }

    fn write_entry(&mut self, at: usize, entry: String) {
        let lab = &mut self.labs[at];
        let Some(path) = lab.book.path().cloned() else { return };
        if let Err(why) = lab.keeper.write(path.clone(), entry) {
            let text = format!("it goes out, but is not in {}: {why}", path.display());
            self.log.line(&text, self.clock.now());
            let _ = lab.done.send(Msg::Done(Err(text)));
        }
    }

    /// Lets the person's editor edit a text in a file with that ending.
    fn edit(&mut self, at: usize, text: String, ending: &'static str, what: &'static str) {
        let done = self.labs[at].done.clone();
        let undone = done.clone();
        let made = self.terminal.hand_over(move || {
            let edited = term::edit(&text, ending, None);
            let result = edited.map(|e| e.text).map_err(|e| format!("{}; {what} is as it was", chain(&e)));
            let _ = done.send(Msg::EditorClosed(Edited::Payload(result)));
        });
        if let Err(e) = made {
            let result = Err(format!("{}; {what} is as it was", no_editor(&e)));
            let _ = undone.send(Msg::EditorClosed(Edited::Payload(result)));
        }
    }

    /// Lets another program have the terminal, to show something.
    fn lend<E: std::error::Error>(
        &mut self,
        at: usize,
        shown: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) {
        let done = self.labs[at].done.clone();
        let undone = done.clone();
        let made = self.terminal.hand_over(move || {
            let _ = done.send(Msg::EditorClosed(Edited::File(shown().map_err(|e| chain(&e)))));
        });
        if let Err(e) = made {
            let _ = undone.send(Msg::EditorClosed(Edited::File(Err(no_editor(&e)))));
        }
    }

    /// Does what the lab at that place asks for.
    pub(super) fn perform(&mut self, at: usize, effect: Effect) -> anyhow::Result<()> {
        let lab = &mut self.labs[at];
        if at != self.front && effect.takes_terminal() {
            // What the person sees, and where their keys go, is the other one's.
            let told = Err("not done: another lab is in front".to_owned());
            return self.handle(at, Msg::Done(told));
        }
        match effect {
            Effect::ShowLab(by) => self.show_lab(by),
            Effect::Send(out) => {
                // A recording that is played has nobody to send to, and its session asks for nothing.
                let Some(net) = &lab.net else { return Ok(()) };
                let commands = net.commands.clone();
                self.write_deed(at, &out);
                if let Some(recorder) = &mut self.labs[at].recorder {
                    recorder.sent(&out, self.clock.now());
                }
                // The thread of the connections lives as long as this one.
                let _ = commands.send(net::Command::Send { line: out.line, id: out.id, text: out.text });
            }
            Effect::Withdraw(id) => {
                let Some(net) = &lab.net else { return Ok(()) };
                let commands = net.commands.clone();
                let about = |id: &str| {
                    let task = lab.app.store().find(id)?;
                    Some((task.service.clone(), task.task_type.clone()))
                };
                let entry = lab.book.takes_back(&id, about, self.clock.now());
                self.write_entry(at, entry);
                let _ = commands.send(net::Command::Withdraw { id });
            }
            Effect::Retry => {
                if let Some(net) = &lab.net {
                    let _ = net.commands.send(net::Command::Retry);
                }
            }
            Effect::GiveUp(line, problem) => {
                if let Some(net) = &lab.net {
                    let _ = net.commands.send(net::Command::GiveUp { line, problem });
                }
            }
            Effect::Copy { text, what } => {
                let env = |name: &str| std::env::var(name).ok();
                let told = match term::osc52(&text, &env) {
                    Ok(bytes) => {
                        self.terminal.screen().send(&bytes)?;
                        Ok(format!("sent to the terminal's clipboard: {what}"))
                    }
                    Err(e) => Err(format!("not copied: {e}; S saves it to a file")),
                };
                let _ = lab.done.send(Msg::Done(told));
            }
            Effect::Mask { payload, kind } => {
                // The payload is the task's and weighed there; a second one is made of it.
                let (done, held) = (lab.done.clone(), self.memory.hold(payload.len()));
                let (of, by) = (payload.clone(), kind.clone());
                let made = beside("mask", move || {
                    let _ = done.send(masked(of, by.as_deref()));
                    drop(held);
                });
                if made.is_err() {
                    // Nothing of it is shown before, so it is done here, though a key waits for it.
                    let _ = lab.done.send(masked(payload, kind.as_deref()));
                }
            }
            Effect::Save { name, text } => save_beside(lab.done.clone(), "saved", name, text, 0o666),
            Effect::SavePrivately { name, text, told } => {
                save_beside(lab.done.clone(), told, name, text, 0o600);
            }
            Effect::EditPayload(text) => self.edit(at, text, ".json", "the payload"),
            Effect::EditField { text, ending } => self.edit(at, text, ending, "the field"),
            Effect::OpenFile { file, line } => {
                let file = at_home(&lab.paths.here(&file).unwrap_or(file));
                self.lend(at, move || term::open_at(Path::new(&file), usize::try_from(line).ok()));
            }
            Effect::Pipe { command, text } => {
                self.lend(at, move || term::pipe(command.as_deref(), &text));
            }
            Effect::ReadTypes => lab.types.read(lab.done.clone()),
            Effect::Make { id, class, of } => lab.types.make(id, class, of, lab.done.clone()),
            Effect::StopMaking(id) => lab.types.stop(&id),
            Effect::KeepTypes(kept) => lab.types.keep(*kept, &lab.keeper, lab.done.clone()),
            effect @ (Effect::KeepDraft { .. }
            | Effect::KeepGroup { .. }
            | Effect::DropGroup { .. }
            | Effect::KeepValues { .. }
            | Effect::KeepVisit(_)) => lab.keep(effect, self.clock.now()),
            Effect::FindPast(query) => {
                if let Some(history) = &mut lab.history {
                    history.find(query, &mut lab.app.session.store, &lab.app.catalogue, self.clock.now());
                }
            }
            Effect::CountNews(away) => {
                if let Some(history) = &mut lab.history {
                    history.count(away, &mut lab.app.session.store, &lab.app.catalogue, self.clock.now());
                }
            }
            Effect::OpenPast(row) => lab.history.iter().for_each(|history| history.open(row)),
            Effect::ReadArchive(question) => {
                if let Some(access) = lab.influx.clone() {
                    let told = lab.archives.clone();
                    lab.archive = archive::Reader::start(access, question, &self.memory, self.clock, told);
                }
            }
            Effect::StopArchive => lab.archive = None,
            Effect::FindLogged(wanted) => logs::find(lab.influx.clone(), wanted, lab.done.clone()),
            Effect::AskLog(question) => {
                lab.log.store(question.id, Ordering::Relaxed);
                let waits = lab.log.clone();
                logs::ask(lab.influx.clone(), *question, waits, &self.memory, self.clock, lab.done.clone());
            }
            Effect::ForgetLog => lab.log.store(0, Ordering::Relaxed),
            Effect::SaveLog(records) => save_log(lab.done.clone(), records),
            Effect::LookAtServices => {
                if let Some(controls) = lab.controls.clone() {
                    services::look(controls, lab.done.clone());
                }
            }
            Effect::Control(service, deed) => {
                let Some(controls) = lab.controls.clone() else { return Ok(()) };
                let (done, entry) = (lab.done.clone(), lab.book.controls(&service, deed, self.clock.now()));
                self.write_entry(at, entry);
                services::control(controls, service, deed, done);
            }
            Effect::ComparePast(pair) => lab.history.iter().for_each(|history| history.compare(pair)),
            Effect::KeepChoice(change) => {
                // What is chosen holds for all labs.
                lab.keeper.choice(change.clone());
                for (_, other) in self.labs.iter_mut().enumerate().filter(|(other, _)| *other != at) {
                    other.app.ui.choices.change(&change);
                    other.app.moved();
                }
            }
            Effect::Ring(alert) => self.ring(at, &alert),
            Effect::ForgetPast => lab.history.iter().for_each(History::forget),
            Effect::WasPutAway(key) => {
                if let Some(recorder) = &mut lab.recorder {
                    recorder.put_away(&key, self.clock.now());
                }
            }
            Effect::Seek(wish) => self.seek(wish),
            Effect::Step => self.step()?,
            Effect::Redraw => {
                let size = self.terminal.size();
                self.whole_frame(size)?;
            }
            Effect::AskToStop => {
                let can = term::can_suspend().is_ok();
                self.handle(at, Msg::AskedToStop { can })?;
            }
            Effect::Suspend => match self.terminal.suspend() {
                Ok(size) => self.come_back(size)?,
                // The shell went away while the question stood.
                Err(term::SuspendError::NoShell) => self.handle(at, Msg::AskedToStop { can: false })?,
                Err(e) => return Err(e.into()),
            },
            Effect::Begin(begin) => {
                if lab.recorder.is_some() {
                    let told = "a recording is being written: leave first, and start `juicetop demo` or `juicetop doctor`";
                    let _ = lab.done.send(Msg::Done(Err(told.to_owned())));
                    return Ok(());
                }
                let words = match begin {
                    Begin::Demo => vec!["demo".to_owned()],
                    Begin::Doctor => vec!["doctor".to_owned()],
                    Begin::At(text) => match net::Address::router(&text) {
                        Ok(address) => vec!["--url".to_owned(), address.to_string()],
                        Err(problem) => {
                            let _ = lab.done.send(Msg::Done(Err(problem.sentences())));
                            return Ok(());
                        }
                    },
                };
                lab.app.ui.leaving = true;
                self.again = Some(words);
            }
            Effect::Quit => lab.app.ui.leaving = true,
        }
        Ok(())
    }
}

/// A path as IPython writes it, with `~` for the home folder of whoever runs the lab: here it is this person's.
fn at_home(file: &str) -> String {
    match (file.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => file.to_owned(),
    }
}

/// Why another program has not got the terminal.
fn no_editor(error: &io::Error) -> String {
    format!("nothing was started: no thread could be made: {error}")
}

/// An error with what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// A payload was looked through for secrets: the same without them, and what they are.
fn masked(payload: Text, kind: Option<&TaskType>) -> Msg {
    let masked = compose::mask(kind, &payload, compose::SECRET).map(Text::from);
    let secrets = compose::secret_texts_of(kind, &payload);
    Msg::Masked { payload, masked, secrets }
}

/// Writes a new file beside the loop, and says where it is.
fn save_beside(
    done: UnboundedSender<Msg>,
    told: &'static str,
    name: String,
    text: impl Deref<Target = str> + Send + 'static,
    mode: u32,
) {
    let (wanted, untold) = (name.clone(), done.clone());
    let made = beside("save", move || {
        let told = match save(Path::new(""), &name, &text, mode) {
            Ok(path) => Ok(format!("{told}: {}", path.display())),
            Err(e) => Err(format!("not saved as {name}: {e}")),
        };
        let _ = done.send(Msg::Done(told));
    });
    if let Err(why) = made {
        let _ = untold.send(Msg::Done(Err(format!("not saved as {wanted}: {why}"))));
    }
}

/// Writes records of the log to a new file, beside the loop, and says where it is.
fn save_log(done: UnboundedSender<Msg>, records: Vec<Arc<Record>>) {
    let untold = done.clone();
    let made = beside("save", move || {
        let text: String = records.iter().map(|record| record.json() + "\n").collect();
        let told = match save(Path::new(""), "log.jsonl", &text, 0o600) {
            Ok(path) => Ok(format!("{} records saved: {}", records.len(), path.display())),
            Err(e) => Err(format!("not saved as log.jsonl: {e}")),
        };
        let _ = done.send(Msg::Done(told));
    });
    if let Err(why) = made {
        let _ = untold.send(Msg::Done(Err(format!("not saved as log.jsonl: {why}"))));
    }
}

/// Writes a new file in `folder`; a name that is taken gets a number. `mode`: who may read it, if the person's mask lets
/// them.
fn save(folder: &Path, name: &str, text: &str, mode: u32) -> io::Result<PathBuf> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
    for n in 1..1000 {
        let name = if n == 1 { name.to_owned() } else { format!("{stem}-{n}.{ending}") };
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                return Ok(std::path::absolute(&path).unwrap_or(path));
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "a thousand files of that name are there"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn saving_never_writes_over_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = save(folder.path(), "a.json", "1", 0o666).unwrap();
        let second = save(folder.path(), "a.json", "2", 0o600).unwrap();
        assert_ne!(first, second);
        assert_eq!(std::fs::read_to_string(first).unwrap(), "1");
        assert!(second.ends_with("a-2.json"));
        assert_eq!(std::fs::metadata(second).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
