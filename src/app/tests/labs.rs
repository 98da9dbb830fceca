//! Several labs on one screen: each keeps its state, and nothing that is asked in one acts on another.

use super::*;
use crate::{
    app::{
        confirm::Deed,
        labs::{Labs, Reach, Standing},
    },
    wire::frame::TaskFrame,
};

/// Labs on one screen, as the loop keeps them.
struct Several {
    labs: Vec<Bench>,
    front: usize,
}

impl Several {
    fn new(names: &[&str]) -> Several {
        let lab = |name: &&str| {
            let mut b = Bench::with(Settings { lab: (*name).into(), ..Settings::default() }, (100, 30));
            b.app.ui.behind = true;
            b
        };
        let mut several = Several { labs: names.iter().map(lab).collect(), front: 0 };
        several.labs[0].app.ui.behind = false;
        several.tell();
        several
    }

    fn front(&mut self) -> &mut Bench {
        &mut self.labs[self.front]
    }

    fn tell(&mut self) {
        self.front().app.is_looked_at();
        let labs = Labs { all: self.labs.iter().map(|b| b.app.standing()).collect(), here: self.front };
        self.front().app.know_labs(labs);
    }

    /// Keys for whichever lab is in front when each of them is pressed.
    fn keys(&mut self, keys: &str) -> &mut Several {
        for key in keys.split(' ') {
            self.tell();
            let others = self.labs.iter().enumerate().filter(|(at, _)| *at != self.front);
            let risks = others.flat_map(|(_, b)| b.app.named_risks()).collect();
            self.front().app.ui.risks = risks;
            self.front().keys(key);
            let asked = self.front().effects.iter().find_map(|effect| match effect {
                Effect::ShowLab(by) => Some(*by),
                _ => None,
            });
            if let Some(by) = asked {
                self.front().effects.retain(|effect| !matches!(effect, Effect::ShowLab(_)));
                let next = self.front().app.ui.labs.as_ref().unwrap().beside(by);
                let now = self.front().now;
                self.front().app.go_behind();
                self.front = next;
                self.front().now = now;
                self.front().app.come_to_front(now);
            }
        }
        self.tell();
        self
    }

    fn standing(&self, at: usize) -> &Standing {
        &self.labs[self.front].app.ui.labs.as_ref().unwrap().all[at]
    }
}

fn failed(b: &mut Bench, id: &str) {
    let reply = error(id, "KeyError", "'q9'", "");
    b.runs(&job(id)).completed(&job(id), &reply);
}

#[test]
fn the_keys_go_round_the_labs_from_any_screen_and_leave_each_as_it_was() {
    let mut s = Several::new(&["north", "south", "cellar"]);
    s.keys("s").front().types("Pi");
    s.keys("alt-l");
    assert_eq!((s.front, s.front().app.ui.layers.len()), (1, 0));
    s.keys("? alt-L");
    assert!(matches!(s.labs[1].app.ui.layers[..], [Layer::Help(_)]));
    let north = &s.labs[0].app;
    assert!(matches!(&north.ui.layers[..], [Layer::Choose(choose)] if choose.query.text() == "Pi"));
    assert_eq!(s.front, 0);
    s.front().types("ng");
    assert!(matches!(&s.front().app.ui.layers[..], [Layer::Choose(choose)] if choose.query.text() == "Ping"));
    s.keys("alt-L");
    assert_eq!(s.front, 2, "round the end");
    s.keys("ctrl-pagedown ctrl-pagedown");
    assert!(s.front == 1 && matches!(s.front().app.ui.layers[..], [Layer::Help(_)]));
    // Alone there is no other.
    let mut b = Bench::new();
    b.keys("alt-l");
    assert_eq!((b.take(), b.app.ui.labs.is_none()), (Vec::new(), true));
}

#[test]
fn a_question_stays_in_its_lab_and_is_answered_only_there() {
    let mut s = Several::new(&["north", "south"]);
    // The same task is in both: only one of them is to be cancelled.
    for b in &mut s.labs {
        b.scheduled("sid", None, &job("sid"), "queued");
        b.go_to("fridge").take();
    }
    s.keys("j x");
    assert!(s.front().confirm().deed == Deed::Cancel(TaskKey("sid".into())));
    s.keys("alt-l y enter Y");
    assert_eq!(s.labs[0].sent_types(), Vec::<String>::new());
    assert_eq!(s.labs[1].sent_types(), Vec::<String>::new());
    assert!(s.standing(0).asks && !s.standing(1).asks);
    s.labs.iter_mut().for_each(|b| drop(b.take()));
    s.keys("alt-l");
    s.front().later(1.0);
    s.keys("y");
    assert_eq!(s.labs[0].sent_types().last().map(String::as_str), Some("CancelScheduledTask"));
    assert_eq!(s.labs[1].sent_types(), Vec::<String>::new());
}

#[test]
fn a_yes_that_is_followed_by_the_key_to_another_lab_is_none() {
    let mut s = Several::new(&["north", "south"]);
    s.labs[0].scheduled("sid", None, &job("sid"), "queued").go_to("fridge").take();
    s.keys("j x");
    // At once, as in a paste: neither lab does anything.
    s.front().later(1.0).key("y").key("alt-l").waits();
    assert!(s.labs.iter().all(|b| b.sent().is_empty()));
    // And who comes back with a key that is still held has said nothing either.
    s.keys("alt-l alt-l");
    let now = s.front().now;
    s.front().app.come_to_front(now);
    s.front().key("y").waits();
    assert!(s.labs.iter().all(|b| b.sent().is_empty()), "{:?}", s.labs[0].sent());
}

#[test]
fn the_others_are_told_of_by_what_happened_since_they_were_seen() {
    let mut s = Several::new(&["north", "south"]);
    failed(&mut s.labs[1], "a");
    s.labs[1].runs(&job("b")).runs(&parallel("c"));
    // What the scheduler tells of the time before is no news.
    s.tell();
    let south = s.standing(1);
    assert_eq!((south.failed, south.running, south.reach), (1, 2, Reach::Live));
    failed(&mut s.labs[1], "d");
    s.tell();
    assert_eq!(s.standing(1).failed, 2);
    s.keys("alt-l");
    assert_eq!(s.standing(1).failed, 0, "now it is seen");
    failed(&mut s.labs[1], "e");
    s.tell();
    assert_eq!(s.standing(1).failed, 0, "while it is looked at");
    s.keys("alt-l");
    assert_eq!(s.standing(1).failed, 0);
    s.labs[1].later(10.0).disconnect();
    s.tell();
    let now = s.labs[1].now;
    assert_eq!(s.standing(1).reach, Reach::Lost(now.utc));
    s.labs[1].link(Line::Bus, live());
    s.tell();
    assert_eq!(s.standing(1).reach, Reach::Mute(now.utc));
    let offline = Bench::offline(Settings::default(), (100, 30));
    assert_eq!(offline.app.standing().reach, Reach::Live, "nothing was tried");
}

#[test]
fn the_list_of_the_scheduler_brings_no_new_failures() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let list = r#"[{"scheduled_task_id": "old", "task_id": "x", "target": "lab", "task_type": "MeasureT1",
        "display_name": "MeasureT1: qubit='q7'", "status": "failed", "run_at": null,
        "submitted_at": "2026-11-24T20:05:18Z", "eligible": true, "overdue": false,
        "result": {"id": "x", "status": "error", "ename": "KeyError", "evalue": "", "traceback": ""}}]"#;
    b.answer("GetScheduledTasks", list);
    assert_eq!(b.app.store().counts(false).failed, 1);
    assert_eq!(b.app.store().failures(), 0);
}

#[test]
fn leaving_names_what_waits_in_every_lab() {
    let mut s = Several::new(&["north", "south"]);
    for at in [0, 1] {
        let b = &mut s.labs[at];
        let frame = TaskFrame {
            id: format!("own-{at}").into(),
            target: "fridge".into(),
            task_type: "MeasureT1".into(),
            parallel: false,
            display_name: format!("MeasureT1: at={at}").into(),
            show_in_dashboard: true,
            payload: "{}".into(),
        };
        b.app.session.submit(frame, &session::Way::Direct, b.now).unwrap();
    }
    s.keys("q");
    let lines = s.front().confirm().lines.join("\n");
    for name in ["north: MeasureT1: at=0 on fridge waits", "south: MeasureT1: at=1 on fridge waits"] {
        assert!(lines.contains(name), "{name} is not in {lines}");
    }
    // Also where only the other one has something to lose.
    s.keys("n alt-l");
    s.labs[1] = Several::new(&["north", "south"]).labs.remove(1);
    s.labs[1].app.ui.behind = false;
    s.keys("ctrl-c");
    let lines = s.front().confirm().lines.join("\n");
    assert!(lines.contains("north: MeasureT1: at=0") && !lines.contains("south:"), "{lines}");
}

#[test]
fn what_another_lab_has_to_tell_is_told_with_its_name_and_stands_there_until_it_is_seen() {
    let mut s = Several::new(&["north", "south"]);
    let now = s.labs[1].now;
    s.labs[1].app.tell(Severity::Error, "not sent: no", now);
    let notice = s.labs[1].app.ui.notice.clone().unwrap();
    s.front().app.tell_of("south", &notice, now);
    assert_eq!(s.front().notice(), "south: not sent: no");
    s.labs[1].later(3600.0).msg(Msg::Wake);
    assert!(s.labs[1].app.ui.notice.is_some(), "nobody has seen it there");
    assert_eq!(s.labs[1].app.wake_at(s.labs[1].now), None, "and no clock runs for who is not seen");
    s.front().later(3600.0);
    s.keys("alt-l");
    assert_eq!(s.front().notice(), "not sent: no");
}
