//! The thread that writes what is kept for the person, so that a slow disk delays no key.
//!
//! It refuses to give up silently: what could not be written comes back as a message.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::UnboundedSender;

use super::worker::Worker;
use crate::{
    app::{
        App, Msg,
        choices::{self, Change, Choices},
        compose::Draft,
        kept::{self, KeptDraft, Known, LastValues, Place},
        left::{self, Left, Visit},
    },
    fault,
    keep::{self, Held, sent},
    store::GroupKey,
    time::Now,
};

/// For how long a deed waits until it stands in the log. A home folder on a server that hangs must not keep a heater on.
const DEED: Duration = Duration::from_millis(500);

enum Job {
    /// A line of the log of deeds.
    Line { path: PathBuf, line: String, written: Option<SyncSender<Result<(), String>>> },
    /// Something else that writes, and tells by itself how it went.
    Work(Box<dyn FnOnce() + Send>),
    /// A draft, or that there is none any more.
    Draft { place: Place, draft: Option<Draft>, at: DateTime<Utc> },
    /// The draft of a group that is about to be sent.
    Group { group: GroupKey, place: Place, draft: Draft, takes_place: bool, at: DateTime<Utc> },
    /// A group needs its draft no more.
    GroupOver { group: GroupKey },
    /// What a type was sent with.
    Values(LastValues),
    /// What the person has chosen.
    Choice(Change),
    /// When the person was here.
    Visit { visit: Visit, at: DateTime<Utc> },
}

/// The files of one lab, and one for all labs.
#[derive(Debug, Default)]
pub(super) struct Files {
    drafts: Option<PathBuf>,
    values: Option<PathBuf>,
    choices: Option<PathBuf>,
    visit: Option<PathBuf>,
    known: Known,
    /// What tells other juicetops that these groups are being sent: files that are locked for as long.
    sending: HashMap<GroupKey, Held>,
    /// What was told last of each file: a full disk is told once, not each second.
    told: HashMap<PathBuf, String>,
}

impl Files {
    /// Those of the lab in that folder, and what was chosen for all labs; `None`: it is not kept.
    pub fn new(folder: Option<PathBuf>, choices: Option<PathBuf>) -> Files {
        let file = |name: &str| folder.as_ref().map(|f| f.join(name));
        Files {
            drafts: file("drafts.json"),
            values: file("values.json"),
            visit: file("visit.toml"),
            choices,
            ..Files::default()
        }
    }

    /// Reads what was kept into the state; gives back what is to be told. `history`: tasks are kept, too.
    pub fn read(&mut self, app: &mut App, history: bool, now: Now) -> Vec<String> {
        let mut problems = Vec::new();
        let mut drafts = read(self.drafts.as_ref(), kept::read_drafts, &mut problems);
        // Those of groups that another juicetop is sending at this moment are its own.
        drafts.retain(|kept| kept.draft.begun.is_none() || !self.is_sent_elsewhere(&kept.id));
        let values = read(self.values.as_ref(), kept::read_values, &mut problems);
        app.take_kept(kept::newest(&drafts, &mut self.known), values);
        let chosen =
            read(self.choices.as_ref(), |text| Choices::read(text).map(|it| vec![it]), &mut problems);
        if let Some(chosen) = chosen.into_iter().next() {
            app.ui.choices = chosen;
        }
        if self.visit.is_some() {
            let visit = read(self.visit.as_ref(), |text| Visit::read(text).map(|it| vec![it]), &mut problems);
            app.ui.left = Left::begin(visit.into_iter().next().unwrap_or_default(), history, now);
        }
        problems
    }

    /// The file that is locked while the group of the draft of that id is being sent.
    fn sending_file(&self, id: &str) -> Option<PathBuf> {
        self.drafts.as_ref().map(|path| path.with_file_name(format!("sending-{id}.lock")))
    }

    fn is_sent_elsewhere(&self, id: &str) -> bool {
        self.sending_file(id).is_some_and(|path| keep::is_held(&path))
    }

    fn change_drafts(&mut self, change: impl Fn(&mut Vec<KeptDraft>, &mut Known)) -> Result<Told, String> {
        let Some(path) = &self.drafts else { return Ok(None) };
        let mut known = self.known.clone();
        let aside = keep::change(path, kept::MOST_BYTES, |now| {
            // It is asked twice where the file cannot be understood.
            known = self.known.clone();
            let mut drafts = now.map(kept::read_drafts).transpose()?.unwrap_or_default();
            change(&mut drafts, &mut known);
            Ok(kept::write_drafts(&drafts))
        });
        let told = aside.map_err(|e| format!("the draft is not kept: {}: {e}", path.display()))?;
        self.known = known;
        Ok(told.map(|aside| aside.sentence(path)))
    }

    fn put_draft(&mut self, place: Place, draft: Option<Draft>, at: DateTime<Utc>) -> Result<Told, String> {
        let id = uuid::Uuid::new_v4().to_string();
        self.change_drafts(|drafts, known| kept::put(drafts, known, place.clone(), draft.clone(), &id, at))
    }

    fn begin_group(&mut self, group: GroupKey, draft: KeptDraft, takes_place: bool) -> Result<Told, String> {
        // Without it another juicetop that is opened meanwhile offers the draft too, and asks before it sends anything.
        if let Some(held) = self.sending_file(&draft.id).and_then(|path| Held::new(path).ok()) {
            self.sending.insert(group.clone(), held);
        }
        self.change_drafts(|drafts, known| {
            kept::begin(drafts, known, group.clone(), draft.clone(), takes_place);
        })
    }

    fn end_group(&mut self, group: &GroupKey) -> Result<Told, String> {
        let done = self.change_drafts(|drafts, known| kept::end(drafts, known, group));
        self.sending.remove(group);
        done
    }

    fn change_choices(&mut self, change: &Change) -> Result<Told, String> {
        let Some(path) = &self.choices else { return Ok(None) };
        let aside = keep::change(path, choices::MOST_BYTES, |now| {
            let mut choices = now.map(Choices::read).transpose()?.unwrap_or_default();
            choices.change(change);
            Ok(choices.text())
        });
        let told = aside.map_err(|e| format!("the choice is not kept: {}: {e}", path.display()))?;
        Ok(told.map(|aside| aside.sentence(path)))
    }

    fn put_visit(&mut self, new: &Visit, at: DateTime<Utc>) -> Result<Told, String> {
        let Some(path) = &self.visit else { return Ok(None) };
        let aside = keep::change(path, left::MOST_BYTES, |now| {
            let mut visit = now.map(Visit::read).transpose()?.unwrap_or_default();
            visit.take_in(new, at);
            Ok(visit.text())
        });
        let told = aside.map_err(|e| format!("when you left is not kept: {}: {e}", path.display()))?;
        Ok(told.map(|aside| aside.sentence(path)))
    }

    fn put_values(&mut self, newest: &LastValues) -> Result<Told, String> {
        let Some(path) = &self.values else { return Ok(None) };
        let aside = keep::change(path, kept::MOST_BYTES, |now| {
            let mut values = now.map(kept::read_values).transpose()?.unwrap_or_default();
            kept::put_values(&mut values, newest.clone());
            Ok(kept::write_values(&values))
        });
        let told = aside.map_err(|e| format!("the values are not kept: {}: {e}", path.display()))?;
        Ok(told.map(|aside| aside.sentence(path)))
    }
}

/// A sentence, if there is something to tell.
type Told = Option<String>;

fn read<T>(
    path: Option<&PathBuf>,
    parse: impl Fn(&str) -> Result<Vec<T>, String>,
    problems: &mut Vec<String>,
) -> Vec<T> {
    let Some(path) = path else { return Vec::new() };
    let text = keep::read(path, kept::MOST_BYTES).map_err(|e| e.to_string());
    match text.and_then(|text| text.map_or(Ok(Vec::new()), |text| parse(&text))) {
        Ok(list) => list,
        Err(why) => {
            let text = "can't be used; it is put aside under another name when the next is written";
            problems.push(format!("{} {text} ({why})", path.display()));
            Vec::new()
        }
    }
}

/// The thread, and the way to it.
pub(super) struct Keeper(Worker<Job>);

impl Keeper {
    /// Starts it; what it has to tell goes to `told`.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn start(mut files: Files, told: UnboundedSender<Msg>) -> io::Result<Keeper> {
        Worker::start("keeper", move |todo| work(todo, &mut files, &told)).map(Keeper)
    }

    /// Writes a line and waits until it is written, for a while.
    ///
    /// # Errors
    /// Why it is not, or not yet.
    pub fn write(&self, path: PathBuf, line: String) -> Result<(), String> {
        let (written, answer) = sync_channel(1);
        self.0.give(Job::Line { path, line, written: Some(written) });
        let late = format!("the disk has not answered for {} ms", DEED.as_millis());
        answer.recv_timeout(DEED).unwrap_or(Err(late))
    }

    /// Writes a line at its leisure.
    pub fn note(&self, path: PathBuf, line: String) {
        self.0.give(Job::Line { path, line, written: None });
    }

    /// Does something that writes, at its leisure; it is to tell by itself how it went.
    pub fn work(&self, work: Box<dyn FnOnce() + Send>) {
        self.0.give(Job::Work(work));
    }

    /// Writes a draft, or takes it away.
    pub fn draft(&self, place: Place, draft: Option<Draft>, at: DateTime<Utc>) {
        self.0.give(Job::Draft { place, draft, at });
    }

    /// Writes the draft of a group that is about to be sent.
    pub fn group(&self, group: GroupKey, place: Place, draft: Draft, takes_place: bool, at: DateTime<Utc>) {
        self.0.give(Job::Group { group, place, draft, takes_place, at });
    }

    /// Takes the draft of a group away.
    pub fn group_over(&self, group: GroupKey) {
        self.0.give(Job::GroupOver { group });
    }

    /// Writes what the person has chosen.
    pub fn choice(&self, change: Change) {
        self.0.give(Job::Choice(change));
    }

    /// Writes when the person was here.
    pub fn visit(&self, visit: Visit, at: DateTime<Utc>) {
        self.0.give(Job::Visit { visit, at });
    }

    /// Writes what a type was sent with.
    pub fn values(&self, values: LastValues) {
        self.0.give(Job::Values(values));
    }
}

fn work(todo: &Receiver<Job>, files: &mut Files, told: &UnboundedSender<Msg>) {
    for job in todo {
        fault::here("keeper");
        match job {
            Job::Work(work) => work(),
            Job::Draft { place, draft, at } => {
                let done = files.put_draft(place, draft, at);
                tell(files, files.drafts.clone(), done, told);
            }
            Job::Group { group, place, draft, takes_place, at } => {
                let id = uuid::Uuid::new_v4().to_string();
                let draft = KeptDraft { id, saved: at, place, draft };
                let done = files.begin_group(group, draft, takes_place);
                tell(files, files.drafts.clone(), done, told);
            }
            Job::GroupOver { group } => {
                let done = files.end_group(&group);
                tell(files, files.drafts.clone(), done, told);
            }
            Job::Values(values) => {
                let done = files.put_values(&values);
                tell(files, files.values.clone(), done, told);
            }
            Job::Choice(change) => {
                let done = files.change_choices(&change);
                tell(files, files.choices.clone(), done, told);
            }
            Job::Visit { visit, at } => {
                let done = files.put_visit(&visit, at);
                tell(files, files.visit.clone(), done, told);
            }
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

/// Tells what came of writing: what went wrong only once, until it is right again.
fn tell(files: &mut Files, path: Option<PathBuf>, done: Result<Told, String>, told: &UnboundedSender<Msg>) {
    let Some(path) = path else { return };
    match done {
        Ok(sentence) => {
            files.told.remove(&path);
            if let Some(sentence) = sentence {
                let _ = told.send(Msg::Done(Err(sentence)));
            }
        }
        Err(why) => {
            if files.told.get(&path) != Some(&why) {
                let _ = told.send(Msg::Done(Err(why.clone())));
            }
            files.told.insert(path, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::compose::Begun;

    #[test]
    fn a_line_is_written_before_the_answer_and_the_rest_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let keeper = Keeper::start(Files::default(), told).unwrap();
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
        let keeper = Keeper::start(Files::default(), told).unwrap();
        let error = keeper.write(path.clone(), "{}".to_owned()).unwrap_err();
        assert!(error.contains("500 ms"), "{error}");
        drop(lock);
        drop(keeper);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n", "it is written once that is possible");
    }
    fn draft(text: &str) -> Option<Draft> {
        Some(Draft {
            text: text.to_owned(),
            secret: None,
            lacks_secrets: false,
            json: false,
            parallel: false,
            way: crate::app::session::Way::Direct,
            sweeps: Vec::new(),
            group: crate::app::many::Group::default(),
            begun: None,
        })
    }

    #[test]
    fn what_two_juicetops_choose_is_kept_of_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/choices.toml");
        let mut both = [0, 1].map(|_| Files::new(None, Some(path.clone())));
        let filter =
            |name: &str, text: Option<&str>| Change::Filter(name.to_owned(), text.map(str::to_owned));
        both[0].change_choices(&filter("night", Some("since:12h \"a 'b'\""))).unwrap();
        both[1].change_choices(&filter("t1", Some("type:MeasureT1"))).unwrap();
        both[0].change_choices(&Change::Columns(vec![crate::store::past::query::Column::Id])).unwrap();
        let read = || Choices::read(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(read().filters.get("night"), Some(("night", "since:12h \"a 'b'\"")));
        assert_eq!(read().filters.names().collect::<Vec<_>>(), ["night", "t1"]);
        assert_eq!(read().columns.len(), 1);
        both[1].change_choices(&filter("night", None)).unwrap();
        assert_eq!(read().filters.names().collect::<Vec<_>>(), ["t1"]);
        // A file that somebody has spoiled is put aside, not written over.
        std::fs::write(&path, "filters = nothing").unwrap();
        let told = both[0].change_choices(&filter("new", Some("x"))).unwrap();
        assert!(told.is_some_and(|told| told.contains("choices.toml.damaged")));
        assert_eq!(read().filters.names().collect::<Vec<_>>(), ["new"]);
    }

    #[test]
    fn of_two_juicetops_the_last_key_is_kept_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let lab = folder.path().join("labs/there");
        let at = |seconds| Now::at(seconds).utc;
        let visit = |left, from, until| Visit {
            left: Some(at(left)),
            whole: true,
            watched: vec![(at(from), at(until))],
        };
        let mut both = [0, 1].map(|_| Files::new(Some(lab.clone()), None));
        assert_eq!(both[0].put_visit(&visit(100.0, 50.0, 150.0), at(150.0)), Ok(None));
        assert_eq!(both[1].put_visit(&visit(120.0, 110.0, 130.0), at(150.0)), Ok(None));
        assert_eq!(both[0].put_visit(&visit(100.0, 50.0, 200.0), at(200.0)), Ok(None));
        let read = || Visit::read(&std::fs::read_to_string(lab.join("visit.toml")).unwrap());
        assert_eq!(read(), Ok(visit(120.0, 50.0, 200.0)));
        std::fs::write(lab.join("visit.toml"), "left = 'never'").unwrap();
        let told = both[0].put_visit(&visit(300.0, 50.0, 300.0), at(300.0)).unwrap();
        assert!(told.is_some_and(|told| told.contains("visit.toml.damaged")));
        assert_eq!(read(), Ok(visit(300.0, 50.0, 300.0)));
    }

    #[test]
    fn the_draft_of_a_group_is_offered_only_once_nobody_sends_it_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let lab = folder.path().join("labs/there");
        let begun = Begun { name: "T1".into(), tag: "4f2a".into(), of: 3, same: true };
        let (place, group): (Place, _) = (("cryo".into(), "Sweep".into()), begun.key(&"cryo".into()));
        let offered = || {
            let (mut files, settings) =
                (Files::new(Some(lab.clone()), None), crate::app::Settings::default());
            let store = crate::store::Store::new(crate::store::Limits::default());
            let session = crate::app::session::Session::new(store, crate::app::session::Ids::Random);
            let mut app = App::new(session, crate::catalogue::Catalogue::new(), settings, (80, 24));
            assert_eq!(files.read(&mut app, true, crate::time::Now::at(0.0)), [""; 0]);
            app.ui.drafts.get(&place).cloned()
        };
        let files_there = || std::fs::read_dir(&lab).unwrap().count();
        let begin = |files: &mut Files| {
            let draft = Draft { begun: Some(begun.clone()), ..draft("{}").unwrap() };
            let at = crate::time::Now::at(0.0).utc;
            let draft = KeptDraft { id: "one".to_owned(), saved: at, place: place.clone(), draft };
            files.begin_group(group.clone(), draft, true).unwrap();
        };
        let mut sender = Files::new(Some(lab.clone()), None);
        begin(&mut sender);
        assert_eq!(offered(), None, "it is being sent");
        // As a killed program leaves it: the lock is the system's to let go, the file stays.
        let lock = lab.join("sending-one.lock");
        drop(sender);
        std::fs::write(&lock, "").unwrap();
        assert_eq!(offered().unwrap().begun, Some(begun.clone()));
        assert!(!lock.exists(), "and is removed");
        let mut sender = Files::new(Some(lab.clone()), None);
        begin(&mut sender);
        assert_eq!(files_there(), 3, "drafts, their lock, and that of the group");
        sender.end_group(&group).unwrap();
        assert_eq!((offered(), files_there()), (None, 2));
    }

    #[test]
    fn drafts_come_back_and_a_damaged_file_is_put_aside_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let lab = folder.path().join("labs/there");
        let path = lab.join("drafts.json");
        let place: Place = ("cryo".into(), "Sweep".into());
        let at = crate::time::Now::at(0.0).utc;
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let mut files = Files::new(Some(lab.clone()), None);
        files.put_draft(place.clone(), draft("{\"a\": 1}"), at).unwrap();
        let mut again = Files::new(Some(lab.clone()), None);
        let drafts = read(again.drafts.as_ref(), kept::read_drafts, &mut Vec::new());
        assert_eq!(kept::newest(&drafts, &mut again.known)[&place], draft("{\"a\": 1}").unwrap());
        assert!(!keep::is_open_to_others(&path).unwrap());

        std::fs::write(&path, "{\"version\": 1, \"dra").unwrap();
        let keeper = Keeper::start(files, told).unwrap();
        keeper.draft(place.clone(), draft("{\"a\": 2}"), at);
        // A folder in its place: told once, however often.
        let values = |n: i32| LastValues { sent: at, place: place.clone(), payload: n.to_string() };
        std::fs::create_dir(lab.join("values.json")).unwrap();
        keeper.values(values(1));
        keeper.values(values(2));
        drop(keeper);
        let mut told = Vec::new();
        while let Ok(Msg::Done(Err(text))) = heard.try_recv() {
            told.push(text);
        }
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("drafts.json.damaged"), "{told:?}");
        assert!(told[1].starts_with("the values are not kept: "), "{told:?}");
        assert_eq!(
            std::fs::read_to_string(lab.join("drafts.json.damaged")).unwrap(),
            "{\"version\": 1, \"dra"
        );
        assert_eq!(kept::read_drafts(&std::fs::read_to_string(&path).unwrap()).unwrap().len(), 1);
    }
}
