//! A group whose draft outlives a juicetop that ended while it sent it.

use super::{
    many::{accept, accept_all, carried, opened, sending},
    *,
};
use crate::app::{
    compose::Draft,
    kept::{self, KeptDraft, Known, Place},
};

/// The file of drafts, as the keeper writes it.
#[derive(Default)]
struct Disk {
    text: String,
    known: Known,
    /// Members that went out and were not answered: id and name.
    open: Vec<(String, String)>,
    /// How many the scheduler took.
    took: usize,
}

impl Disk {
    fn read(&self) -> Vec<KeptDraft> {
        if self.text.is_empty() { Vec::new() } else { kept::read_drafts(&self.text).unwrap() }
    }

    /// Does what was asked for since the last time.
    fn write(&mut self, b: &mut Bench) {
        let now = b.now.utc;
        let mut drafts = self.read();
        let known = &mut self.known;
        for (n, effect) in b.effects.drain(..).enumerate() {
            let id = format!("{}-{n}", now.timestamp_micros());
            match effect {
                Effect::KeepDraft { place, draft } => {
                    kept::put(&mut drafts, known, place, draft.map(|d| *d), &id, now);
                }
                Effect::KeepGroup { group, place, draft, takes_place } => {
                    let draft = KeptDraft { id, saved: now, place, draft: *draft };
                    kept::begin(&mut drafts, known, group, draft, takes_place);
                }
                Effect::DropGroup { group } => kept::end(&mut drafts, known, &group),
                _ => {}
            }
        }
        self.text = kept::write_drafts(&drafts);
    }

    /// Lets the scheduler take so many of what is sent, in their order; their entries in its list.
    fn taken(&mut self, b: &mut Bench, count: usize) -> Vec<String> {
        let mut list = Vec::new();
        self.open.extend(carried(b));
        self.write(b);
        while list.len() < count {
            let (id, name) = self.open.remove(0);
            self.took += 1;
            list.push(entry(&name, self.took));
            accept(b, &id, &name, self.took);
            self.open.extend(carried(b));
            self.write(b);
        }
        list
    }

    /// What the next juicetop begins with.
    fn next(&self) -> HashMap<Place, Draft> {
        kept::newest(&self.read(), &mut Known::default())
    }
}

/// A group of twenty of which the scheduler took so many before the program was killed: its drafts and the scheduler's
/// list, entry by entry.
fn killed_after(taken: usize) -> (HashMap<Place, Draft>, Vec<String>) {
    let mut disk = Disk::default();
    let mut b = sending(20);
    let at = |is: fn(&Effect) -> bool| b.effects.iter().position(is).unwrap();
    let sent = |e: &Effect| matches!(e, Effect::Send(out) if field(&out.text, "type") == "ScheduleTask");
    assert!(at(|e| matches!(e, Effect::KeepGroup { .. })) < at(sent), "it is kept before anything goes out");
    let list = disk.taken(&mut b, taken);
    b.later(2.0).msg(Msg::Wake);
    disk.write(&mut b);
    (disk.next(), list)
}

fn entry(name: &str, number: usize) -> String {
    format!(
        r#"{{"scheduled_task_id": "s{number}", "task_id": null, "target": "fridge", "task_type": "SleepAsync",
            "display_name": {}, "status": "queued", "submitted_at": "2026-11-24T21:00:00Z", "eligible": true}}"#,
        json::quote(name)
    )
}

/// The next juicetop, which has read that list (`None`: not yet), with the draft in its composer.
fn back(drafts: HashMap<Place, Draft>, list: Option<&[String]>) -> Bench {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.app.take_kept(drafts, Vec::new());
    // Ids of tests are counted, and no two runs have the same ones.
    for _ in 0..100 {
        b.app.session.new_id();
    }
    b.connect();
    if let Some(list) = list {
        b.answer("GetScheduledTasks", &format!("[{}]", list.join(", ")));
    }
    b.answer("GetEventTopicList", "{}");
    assert!(carried(&b).is_empty(), "nothing goes out by itself");
    b.take();
    b.keys("s").types("SleepAsync").keys("enter");
    assert_eq!(b.layers(), ["form"], "{}", b.notice());
    b
}

/// What the marks of those names say: `7/20 #4f2a`.
fn marks(names: &[String]) -> Vec<&str> {
    names.iter().map(|name| name.split_once(" over duration ").unwrap().1.trim_end_matches(']')).collect()
}

/// All that goes out once the question is answered with yes.
fn said_yes(b: &mut Bench) -> Vec<String> {
    b.later(1.0).keys("y");
    assert_eq!(b.layers(), [""; 0], "{}", b.notice());
    accept_all(b).0
}

#[test]
fn the_rest_of_a_group_comes_back_and_goes_out_as_what_it_is_after_a_question() {
    let (drafts, list) = killed_after(6);
    let mut b = back(drafts, Some(&list));
    let told =
        "It was being sent as SleepAsync over duration when juicetop ended: 6 of its 20 tasks stand in";
    b.shows(told).shows("Nothing is sent again by itself.").shows("20 tasks");
    b.msg(Msg::Resize(40, 12)).shows("6 of its 20 tasks went out before").msg(Msg::Resize(100, 30));
    b.later(1.0).keys("ctrl-s").shows("Send the missing 14 × SleepAsync to fridge?").shows("(7-20)");
    b.later(1.0).key("enter");
    assert!(carried(&b).is_empty(), "the focus is on no");
    // Two that were on their way turn up while the question stands.
    b.keys("ctrl-s");
    let tag = marks(&[list[0].clone()])[0].split_once('#').unwrap().1[..4].to_owned();
    for at in [7, 8] {
        let name = format!("SleepAsync: duration={at}.0 [SleepAsync over duration {at}/20 #{tag}]");
        let late = Job { kind: "SleepAsync".into(), name, ..job(&format!("t{at}")) };
        b.scheduled(&format!("s{at}"), None, &late, "queued");
    }
    b.take();
    let names = said_yes(&mut b);
    assert_eq!(marks(&names), (9..=20).map(|at| format!("{at}/20 #{tag}")).collect::<Vec<_>>());
    assert!(names[0].starts_with("SleepAsync: duration=9.0 "), "{}", names[0]);
    let groups = b.app.rows().iter().filter(|row| matches!(row, crate::app::lanes::Row::Group { .. }));
    assert_eq!(groups.count(), 1, "it is one group again");
}

#[test]
fn all_of_it_goes_out_anew_only_where_that_is_said() {
    let (drafts, list) = killed_after(6);
    let mut b = back(drafts, Some(&list));
    b.keys("alt-m").shows("again        only what the scheduler does not have").keys("up space");
    b.shows("all of them, as a new group").later(1.0).keys("ctrl-s");
    b.shows("Send 20 × SleepAsync to fridge again?").shows("those 6 run twice");
    let names = said_yes(&mut b);
    assert_eq!(names.len(), 20);
    let tag = |text: &str| text.split_once('#').unwrap().1[..4].to_owned();
    assert_ne!(tag(&names[0]), tag(&list[0]), "it is another group");
}

#[test]
fn where_it_is_not_certain_what_is_missing_nothing_is_called_so() {
    let (drafts, list) = killed_after(6);
    let mut cases = Vec::new();
    cases.push((back(drafts.clone(), None), "the scheduler's list has not been read yet"));
    // A task manager that was restarted has forgotten the first ones too.
    cases.push((back(drafts.clone(), Some(&list[3..])), "the scheduler does not have the first one"));
    cases.push((back(drafts.clone(), Some(&[])), "the scheduler does not have the first one"));
    let odd = [list.clone(), vec![r#"{"scheduled_task_id": 5}"#.to_owned()]].concat();
    cases.push((back(drafts.clone(), Some(&odd)), "an entry of the scheduler's list cannot be read"));
    let mut changed = back(drafts.clone(), Some(&list));
    changed.keys("ctrl-end backspace").types("1").shows("21 tasks");
    cases.push((changed, "its values were changed since"));
    let mut lost = back(drafts, Some(&list));
    lost.link(Line::Bus, down(lost.now));
    cases.push((lost, "the task manager is not connected"));
    for (mut b, why) in cases {
        b.shows("It was being sent as SleepAsync over duration").later(1.0).keys("ctrl-s");
        let told = b.confirm().lines.join(" ");
        assert!(told.contains(why) && told.contains("some may run twice"), "{why}: {told}");
        assert!(b.confirm().title.ends_with("again?"), "{}", b.confirm().title);
        b.key("enter");
        assert!(carried(&b).is_empty());
    }
    // All of it went out.
    let (drafts, list) = killed_after(19);
    let last = entry(
        &json::string(json::get(&list[0], "display_name").unwrap()).unwrap().replace(" 1/20", " 20/20"),
        20,
    );
    let mut b = back(drafts, Some(&[list, vec![last]].concat()));
    b.shows("20 of its 20 tasks").later(1.0).keys("ctrl-s").shows("each of these 20 would run twice");
}

#[test]
fn what_is_put_back_or_made_one_task_is_another_thing() {
    let (drafts, list) = killed_after(6);
    let mut b = back(drafts.clone(), Some(&list));
    b.keys("f7").shows_not("It was being sent").keys("ctrl-_").shows("It was being sent");
    b.keys("f7 alt-s ctrl-u").types("1, 2").shows_not("It was being sent").later(1.0).keys("ctrl-s");
    assert_eq!(carried(&b).len(), 2, "a new group is not asked about");
    // One of its tasks alone may still be one that ran.
    let mut b = back(drafts.clone(), Some(&list));
    b.keys("f5")
        .shows("It was being sent")
        .later(1.0)
        .keys("ctrl-s")
        .shows("6 of 20 are known here): it")
        .key("enter");
    assert!(b.sent().is_empty());
    // Left and opened again it is what it was; the next run knows it too.
    let mut disk = Disk::default();
    let mut b = back(drafts, Some(&list));
    b.keys("esc").later(2.0).msg(Msg::Wake);
    disk.write(&mut b);
    assert_eq!(disk.text, kept::write_drafts(&[]), "nothing has changed");
    b.keys("s").types("SleepAsync").keys("enter ctrl-end backspace").types("1 esc").later(2.0).msg(Msg::Wake);
    disk.write(&mut b);
    let begun = disk.read()[0].draft.begun.clone().unwrap();
    assert!(!begun.same && begun.of == 20, "{begun:?}");
}

#[test]
fn a_draft_goes_when_its_group_was_handed_over_or_the_rest_given_up() {
    let mut b = sending(20);
    let mut disk = Disk::default();
    disk.taken(&mut b, 5);
    // What is typed of the type meanwhile is another draft.
    b.keys("s").types("SleepAsync").keys("enter").shows_not("It was being sent");
    b.types("7").keys("esc").later(2.0).msg(Msg::Wake);
    disk.write(&mut b);
    assert_eq!(disk.read().len(), 2, "{}", disk.text);
    disk.taken(&mut b, 15);
    assert!(b.notice().contains("the scheduler has all 20"), "{}", b.notice());
    let left = disk.read();
    assert!(left.len() == 1 && left[0].draft.begun.is_none(), "{}", disk.text);

    let mut b = sending(20);
    let mut disk = Disk::default();
    disk.taken(&mut b, 1);
    assert_eq!(disk.read().len(), 1, "{}", disk.text);
    b.key("x").later(1.0).keys("y");
    disk.write(&mut b);
    assert_eq!(disk.read(), [], "the rest was given up");
}

#[test]
fn a_group_filled_from_a_task_leaves_the_draft_of_its_type_alone() {
    let mut disk = Disk::default();
    let mut b = opened();
    b.types("3, 4").keys("esc").later(2.0).msg(Msg::Wake);
    disk.write(&mut b);
    let job = Job { kind: "SleepAsync".into(), payload: r#"{"duration": 9.0}"#.into(), ..job("t") };
    b.ran(&job).keys("g");
    b.app.ui.selected =
        Some(Selected { service: "fridge".into(), task: Some(TaskKey("t".into())), group: None });
    b.app.ui.moved = true;
    b.keys("r alt-s ctrl-u").types("5, 6").later(1.0).keys("ctrl-s");
    disk.write(&mut b);
    let sweeps: Vec<String> = disk.read().iter().map(|d| d.draft.sweeps[0].1.clone()).collect();
    assert_eq!(sweeps, ["3, 4", "5, 6"]);
    let begun: Vec<bool> = disk.read().iter().map(|d| d.draft.begun.is_some()).collect();
    assert_eq!(begun, [false, true]);
}

#[test]
fn hardware_that_moves_is_asked_about_with_the_missing_ones() {
    let types = r#"{"services": {"fridge": {"kind": "plain", "tasks": {"m:SetHeaterPower": "S"}}}, "tasks": [{
        "type": "SetHeaterPower", "module": "m", "schema": {"type": "object", "title": "SetHeaterPower",
        "required": ["power"], "properties": {"power": {"type": "number", "minimum": 0}}}}]}"#;
    let mut disk = Disk::default();
    let mut b = Bench::new();
    assert_eq!(b.app.catalogue.add_file("types.json", types), []);
    b.keys("s")
        .types("SetHeaterPower")
        .keys("enter alt-s")
        .types("0.1..0.6 by 0.1")
        .later(1.0)
        .keys("ctrl-s");
    b.later(1.0).keys("Y");
    let list = disk.taken(&mut b, 1);
    let mut b = Bench::offline(Settings::default(), (100, 30));
    assert_eq!(b.app.catalogue.add_file("types.json", types), []);
    b.app.take_kept(disk.next(), Vec::new());
    b.connect().answer("GetScheduledTasks", &format!("[{}]", list[0])).take();
    b.keys("s").types("SetHeaterPower").keys("enter").later(1.0).keys("ctrl-s");
    b.shows("Send the missing 5 × SetHeaterPower")
        .shows("5 times, those that are missing (2-6) of these values:");
    assert!(b.confirm().sure);
    b.later(1.0).keys("y");
    assert!(carried(&b).is_empty());
    b.later(1.0).keys("Y");
    assert_eq!(carried(&b).len(), 4);
}
