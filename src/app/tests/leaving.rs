//! Leaving and stopping with own direct tasks that wait: they can be handed to the scheduler first. And taking one back.

use super::*;

/// An own direct sequential task of that type that waits behind another's; its id.
fn waiting(kind: &str) -> (Bench, Text) {
    waiting_with(Settings::default(), kind)
}

fn waiting_with(settings: Settings, kind: &str) -> (Bench, Text) {
    let mut b = Bench::with(settings, (100, 30));
    b.runs(&job("holder")).keys("s").types(kind).keys("enter f7 f2 ctrl-s");
    let out = b.sent().last().map(|out| (out.line.clone(), out.id.clone())).expect("it went out");
    assert_eq!(out.0, Line::Task(out.1.clone()), "by a connection of its own");
    b.take();
    (b, out.1)
}

impl Bench {
    /// The bus tells of the question that went out last.
    #[track_caller]
    fn tells_of_the_question(&mut self) -> &mut Bench {
        let asked = self
            .sent()
            .iter()
            .rev()
            .find(|out| field(&out.text, "type") == "GetScheduledTask")
            .map(|o| o.id.clone());
        let id = asked.unwrap_or_else(|| panic!("nothing was asked, but {:?}", self.sent_types()));
        self.take();
        let question = Job {
            service: "task-manager".into(),
            hidden: true,
            kind: "GetScheduledTask".into(),
            ..parallel(&id)
        };
        self.task_event(&question, "created", "{}")
    }

    /// What has to be closed.
    fn closes(&self) -> Vec<Text> {
        let closes = |effect: &Effect| match effect {
            Effect::Withdraw(id) => Some(id.clone()),
            _ => None,
        };
        self.effects.iter().filter_map(closes).collect()
    }

    fn withdrawn(&mut self, id: &Text) -> &mut Bench {
        self.wire(Incoming::Withdrawn { id: id.clone() })
    }

    fn takes_it(&mut self) -> &mut Bench {
        self.answer(
            "ScheduleTask",
            r#"{"scheduled_task_id": "s1", "task_id": null, "target": "fridge", "task_type": "MeasureT2",
                "display_name": "MeasureT2", "status": "queued", "run_at": null, "eligible": true, "overdue": false}"#,
        )
    }
}

/// As it began: running.
fn begun(id: &Text) -> Job {
    Job { kind: "MeasureT2".into(), name: "MeasureT2".into(), ..job(id) }
}

#[test]
fn what_waits_is_handed_to_the_scheduler_and_then_it_leaves() {
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q").shows("hand what waits to the scheduler").shows("runs on unobserved").keys("h");
    assert_eq!(b.sent_types(), ["GetScheduledTask"], "the bus is asked whether it is behind");
    assert_eq!(b.closes(), [] as [Text; 0]);
    b.tells_of_the_question();
    assert_eq!(
        (b.closes(), b.sent().len()),
        (vec![id.clone()], 0),
        "nothing is sent before it is taken back"
    );
    b.withdrawn(&id).shows("being cancelled");
    assert_eq!(b.sent_types(), ["GetScheduledTask"], "what came before the good-bye has to be heard");
    b.tells_of_the_question();
    assert_eq!(b.sent_types(), ["ScheduleTask"]);
    assert_eq!(b.app.store().find(&id).unwrap().outcome, Some(Outcome::Cancelled));
    assert!(!b.app.ui.leaving, "the scheduler has not taken it");
    b.takes_it();
    assert!(b.app.ui.leaving && b.effects.contains(&Effect::Quit));
    // The same on stopping.
    let (mut b, id) = waiting("MeasureT2");
    b.msg(Msg::AskedToStop { can: true }).keys("h").tells_of_the_question().withdrawn(&id);
    b.tells_of_the_question().takes_it();
    assert!(b.effects.contains(&Effect::Suspend), "{:?}", b.effects);
}

#[test]
fn what_begins_in_between_is_not_sent_again() {
    // Before its connection is closed: it keeps that.
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h").completed(&job("holder"), &ok("holder")).runs(&begun(&id)).tells_of_the_question();
    assert_eq!((b.closes().len(), b.sent().len()), (0, 0));
    assert_eq!(b.state(&id), State::Running { starting: false });
    assert!(b.notice().contains("nothing was submitted anew"), "{}", b.notice());
    b.reply(&ok(&id));
    assert_eq!(b.state(&id), State::Ended);
    assert!(!b.app.ui.leaving);
    // At the very moment: Juice tells nobody how it ends.
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h").tells_of_the_question().withdrawn(&id);
    b.completed(&job("holder"), &ok("holder")).runs(&begun(&id)).tells_of_the_question();
    assert_eq!(b.sent().len(), 0);
    assert_eq!(b.state(&id), State::Unknown);
    assert!(b.notice().contains("it had just begun: it runs on unobserved"), "{}", b.notice());
    assert!(!b.app.ui.leaving, "who is told so is not gone");
    // It ended before its connection was closed.
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h").tells_of_the_question().reply(&ok(&id));
    assert_eq!(b.state(&id), State::Ended);
    assert!(b.notice().contains("it had ended already"), "{}", b.notice());
}

#[test]
fn a_bus_that_does_not_tell_leaves_it_where_it_is_or_makes_it_unknown() {
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h").take();
    b.later(2.1).msg(Msg::Wake);
    assert_eq!((b.closes().len(), b.state(&id)), (0, State::Waiting));
    assert!(b.notice().contains("the bus is behind"), "{}", b.notice());
    assert!(!b.app.store().find(&id).unwrap().cancel_wished);
    // It can be tried again, and goes on as it was.
    b.keys("q h").tells_of_the_question();
    assert_eq!(b.closes(), std::slice::from_ref(&id));
    b.withdrawn(&id).take();
    // Now it is too late to leave all as it was, and worth more patience.
    b.later(2.1).msg(Msg::Wake);
    assert_eq!(b.state(&id), State::Waiting);
    b.later(20.0).msg(Msg::Wake);
    assert_eq!((b.state(&id), b.sent().len()), (State::Unknown, 0));
    assert!(b.notice().contains("did not tell whether it had begun"), "{}", b.notice());
    // Something was missed just then.
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h").tells_of_the_question().withdrawn(&id).wire(Incoming::Missed { count: 1 });
    b.tells_of_the_question();
    assert_eq!((b.state(&id), b.sent_types().contains(&"ScheduleTask".to_owned())), (State::Unknown, false));
    // Its connection, or the router's, is lost instead.
    for line in [Line::Task(id.clone()), Line::Router] {
        let (mut b, id) = waiting("MeasureT2");
        let state = down(b.now);
        b.keys("q h").tells_of_the_question().link(line.clone(), state);
        if line == Line::Router {
            b.withdrawn(&id);
        }
        assert_eq!((b.state(&id), b.sent().len()), (State::Unknown, 0), "{line:?}");
    }
}

#[test]
fn what_never_went_out_is_handed_over_at_once() {
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h").tells_of_the_question();
    b.wire(Incoming::Unsent { id: id.clone(), why: "it was withdrawn".into() });
    assert_eq!(b.sent_types(), ["ScheduleTask"]);
    assert_eq!(b.app.store().find(&id).unwrap().outcome, Some(Outcome::Cancelled));
}

#[test]
fn whoever_types_meanwhile_stays() {
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h").tells_of_the_question().withdrawn(&id).keys("j").tells_of_the_question().takes_it();
    assert!(!b.app.ui.leaving && !b.effects.contains(&Effect::Quit));
    assert!(b.app.store().find("s1").is_some(), "it was handed over all the same");
}

#[test]
fn it_is_offered_only_where_it_can_be_done() {
    // Not all was heard since it was sent.
    let (mut b, _) = waiting("MeasureT2");
    b.later(1.0)
        .wire(Incoming::Missed { count: 1 })
        .keys("q")
        .shows("cannot be handed to the scheduler")
        .keys("h");
    assert_eq!((b.sent().len(), b.layers()), (0, vec!["question"]));
    // What runs cannot be handed over.
    let (mut b, id) = waiting("MeasureT2");
    b.completed(&job("holder"), &ok("holder")).runs(&begun(&id)).keys("q").shows_not("to the scheduler");
    // There is no scheduler.
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let id = b.sent().iter().find(|out| field(&out.text, "type") == "GetScheduledTasks").unwrap().id.clone();
    b.reply(&error(&id, "ValueError", "Unknown task type: GetScheduledTasks", ""));
    b.runs(&job("holder")).keys("s").types("MeasureT2").keys("enter f7 ctrl-s");
    if b.layers() == ["question"] {
        b.keys("y");
    }
    b.take();
    b.keys("q").shows("has no scheduler").shows_not("hand what waits");
}

#[test]
fn hardware_is_asked_about_once_more() {
    let (mut b, id) = {
        let mut b = Bench::new();
        b.runs(&job("holder")).keys("s").types("EnableHeater").keys("enter f7 f2 ctrl-s");
        b.later(1.0).keys("Y");
        let id = b.sent().last().expect("it went out").id.clone();
        b.take();
        (b, id)
    };
    b.keys("q h").shows("EnableHeater on fridge moves hardware").keys("y enter");
    assert_eq!(b.sent().len(), 0);
    b.keys("q h").later(1.0).keys("Y").tells_of_the_question();
    assert_eq!(b.closes(), [id]);
}

#[test]
fn a_direct_task_that_waits_is_taken_back() {
    let (mut b, id) = waiting("MeasureT2");
    b.keys("x").shows("Take this task back?").keys("enter");
    assert_eq!(b.sent().len(), 0);
    b.keys("x y").tells_of_the_question();
    assert_eq!(b.closes(), std::slice::from_ref(&id));
    b.withdrawn(&id).tells_of_the_question();
    assert_eq!(b.sent().len(), 0, "nothing is sent in its place");
    assert_eq!(b.app.store().find(&id).unwrap().outcome, Some(Outcome::Cancelled));
    assert!(b.notice().contains("it never began"), "{}", b.notice());
}

#[test]
fn several_keep_their_order_whatever_begins_meanwhile() {
    let two = || {
        let (mut b, first) = waiting("MeasureT2");
        b.keys("s").types("MeasureT2").keys("enter f7 f2 ctrl-s");
        let second = b.sent().last().unwrap().id.clone();
        b.take();
        b.keys("q h");
        (b, first, second)
    };
    let (mut b, first, second) = two();
    assert_eq!(b.sent().len(), 1, "one after another");
    b.tells_of_the_question();
    assert_eq!(b.closes(), std::slice::from_ref(&second), "the last one first");
    b.withdrawn(&second).tells_of_the_question();
    assert_eq!(b.sent_types(), ["GetScheduledTask"], "nothing is sent anew while another is on its way back");
    b.tells_of_the_question().withdrawn(&first).tells_of_the_question();
    assert_eq!(b.sent_types(), ["ScheduleTask", "ScheduleTask"]);
    let waits: Vec<_> =
        b.app.session.store.tasks().filter(|t| t.own == Some(crate::store::Own::Scheduled)).collect();
    assert_eq!(waits.len(), 2);
    // The first one begins while the second is on its way back: it is only told, and the second one follows it.
    let (mut b, first, second) = two();
    b.tells_of_the_question().withdrawn(&second).tells_of_the_question();
    b.completed(&job("holder"), &ok("holder")).runs(&begun(&first)).tells_of_the_question();
    assert_eq!((b.closes().len(), b.sent_types()), (0, vec!["ScheduleTask".to_owned()]));
    b.takes_it();
    assert!(b.notice().contains("it had started and runs on"), "the failure is told last: {}", b.notice());
    assert!(!b.app.ui.leaving);
}

#[test]
fn a_crowded_bus_is_not_believed() {
    let crowd = |b: &mut Bench| {
        for _ in 0..301 {
            b.speaks();
        }
    };
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h");
    crowd(&mut b);
    b.tells_of_the_question();
    assert_eq!((b.closes().len(), b.state(&id)), (0, State::Waiting));
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h").tells_of_the_question().withdrawn(&id);
    crowd(&mut b);
    b.tells_of_the_question();
    assert_eq!((b.sent().len(), b.state(&id)), (0, State::Unknown), "Juice may have dropped its beginning");
}

#[test]
fn one_that_began_after_all_is_told_and_the_one_in_its_place_is_cancelled() {
    let (mut b, id) = waiting("MeasureT2");
    b.keys("q h").tells_of_the_question().withdrawn(&id).tells_of_the_question();
    b.keys("j").takes_it().take();
    b.runs(&begun(&id));
    assert_eq!(b.sent_types(), ["CancelScheduledTask"]);
    assert!(b.notice().contains("began although it was taken back"), "{}", b.notice());
}

#[test]
fn connections_that_are_lost_together_are_told_together() {
    let (mut b, first) = waiting("MeasureT2");
    b.keys("s").types("MeasureT2").keys("enter f7 f2 ctrl-s");
    let second = b.sent().last().unwrap().id.clone();
    for id in [first, second] {
        let state = down(b.now);
        b.link(Line::Task(id), state);
    }
    assert!(b.notice().contains("and 1 more"), "{}", b.notice());
}

#[test]
fn nothing_is_asked_for_the_next_one_once_the_router_is_lost() {
    let (mut b, first) = waiting("MeasureT2");
    b.keys("s").types("MeasureT2").keys("enter f7 f2 ctrl-s");
    let second = b.sent().last().unwrap().id.clone();
    b.keys("q h").tells_of_the_question();
    let state = down(b.now);
    b.link(Line::Router, state).withdrawn(&second);
    assert_eq!((b.sent().len(), b.state(&second)), (0, State::Unknown));
    assert_eq!(b.state(&first), State::Waiting, "its own connection stands");
    assert!(!b.app.store().find(&first).unwrap().cancel_wished);
    assert!(
        b.notice().contains("did not tell whether") && b.notice().contains("not connected"),
        "{}",
        b.notice()
    );
}
