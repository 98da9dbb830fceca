//! The schedule: what stands there, cancelling, moving and editing it.

use super::*;
use crate::{
    app::{
        confirm::Deed,
        schedule::{Schedule, place, shifted},
        session::Way,
    },
    store::timetable::moment,
};

/// A moment as the scheduler writes it.
fn iso(seconds: f64) -> String {
    Now::at(seconds).utc.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// An entry of the scheduler's list.
fn snapshot(sid: &str, job: &Job, status: &str, run_at: Option<f64>, submitted: f64) -> String {
    let run_at = run_at.map_or_else(|| "null".to_owned(), |at| json::quote(&iso(at)));
    let task_id = if matches!(status, "running" | "done") { json::quote(&job.id) } else { "null".to_owned() };
    format!(
        r#"{{"scheduled_task_id": "{sid}", "task_id": {task_id}, "target": "{}", "task_type": "{}", "display_name": {},
            "status": "{status}", "run_at": {run_at}, "submitted_at": "{}", "eligible": false, "overdue": false,
            "result": null}}"#,
        job.service,
        job.kind,
        json::quote(&job.name),
        iso(submitted),
    )
}

/// Somebody gives the task of that id to the scheduler, as the bus tells it.
fn queue(b: &mut Bench, sid: &str, job: &Job, run_at: Option<f64>) {
    let carrier = Job {
        id: format!("carrier-{sid}"),
        service: "task-manager".into(),
        kind: "ScheduleTask".into(),
        name: "ScheduleTask".into(),
        parallel: true,
        hidden: true,
        payload: format!(
            r#"{{"scheduled_task_target": "{}", "task_type": "{}", "task_metadata": {{"parallel": false}},
                "task_payload": {}, "task_display_name": "x", "run_at": null}}"#,
            job.service, job.kind, job.payload
        ),
    };
    let now = b.now.mono.as_secs_f64();
    let entry = snapshot(sid, job, "queued", run_at, now);
    let reply = format!(r#"{{"id": "{}", "status": "ok", "result": {entry}}}"#, carrier.id);
    b.runs(&carrier).scheduled(sid, None, job, "queued").completed(&carrier, &reply);
}

/// A holder of the slot of `fridge`, and behind it `a`, `b`, `c` (submitted at seconds 1, 2, 3) and `d` for second 600.
fn lab() -> Bench {
    let mut b = Bench::new();
    b.runs(&job("holder"));
    for (second, sid) in [(1.0, "a"), (2.0, "b"), (3.0, "c")] {
        b.at(second);
        queue(&mut b, sid, &job(sid), None);
    }
    b.at(4.0);
    queue(&mut b, "d", &job("d"), Some(600.0));
    b.at(10.0).key("t");
    b.take();
    b
}

fn schedule(b: &Bench) -> &Schedule {
    let found = b.app.ui.layers.iter().find_map(|layer| match layer {
        Layer::Schedule(schedule) => Some(&**schedule),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no schedule, but {:?}", b.layers()))
}

/// The tasks from the top.
fn keys(b: &Bench) -> Vec<String> {
    schedule(b).rows.iter().filter_map(|row| row.key()).map(ToString::to_string).collect()
}

fn selected(b: &Bench) -> String {
    schedule(b).selected.as_ref().map_or(String::new(), ToString::to_string)
}

/// A field of the payload of the newest frame of that type.
#[track_caller]
fn last(b: &Bench, kind: &str) -> String {
    let frame =
        b.sent().iter().rev().find(|out| field(&out.text, "type") == kind).map(|out| out.text.clone());
    let frame = frame.unwrap_or_else(|| panic!("no {kind} went out, but {:?}", b.sent_types()));
    json::get(&frame, "payload").unwrap().to_owned()
}

#[test]
fn it_lists_what_waits_in_the_schedulers_order_and_who_holds_the_slot() {
    let mut b = lab();
    assert_eq!(keys(&b), ["holder", "a", "b", "c", "d"]);
    b.shows("Schedule  4 wait").shows("holds the slot").shows("due, waits  0:09").shows("in 9:50");
    // Its time comes: before what was submitted later, behind what was submitted before.
    b.at(700.0).msg(Msg::Wake).shows("overdue  1:40");
    queue(&mut b, "e", &job("e"), Some(1.5));
    b.msg(Msg::Wake);
    assert_eq!(keys(&b), ["holder", "a", "e", "b", "c", "d"]);
    // Own direct tasks go before all of them.
    b.keys("esc s").types("Direct").keys("enter f2 ctrl-s t").shows("1 own direct task goes first");
    assert_eq!(keys(&b), ["holder", "a", "e", "b", "c", "d"]);
}

#[test]
fn empty_and_unreadable_are_told_apart() {
    Bench::new().keys("t").shows("Nothing is scheduled.");
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.keys("t").shows("the task manager is not connected").keys("esc");
    b.connect().keys("t").shows("is being read");
    let id = b.sent().iter().find(|o| field(&o.text, "type") == "GetScheduledTasks").unwrap().id.clone();
    b.reply(&error(&id, "ConnectionError", "Task client lost connection to service.", ""));
    b.shows("could not be read: ConnectionError").shows("Over 50 MiB");
    // What the bus tells from now on stands there all the same.
    queue(&mut b, "a", &job("a"), Some(600.0));
    b.msg(Msg::Wake).shows("MeasureT1: qubit='a'").shows("the list could not be read");
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let id = b.sent().iter().find(|o| field(&o.text, "type") == "GetScheduledTasks").unwrap().id.clone();
    b.reply(&error(&id, "ValueError", "Unknown task type: GetScheduledTasks", ""));
    b.keys("t").shows("This Juice has no scheduler");
}

#[test]
fn reading_the_list_again_is_offered_only_where_it_is_not_being_read() {
    let mut b = Bench::new();
    b.keys("t").shows("ctrl-r read again").keys("ctrl-r").shows("reading the list").shows_not("read again");
    b.answer("GetScheduledTasks", "[]").shows("ctrl-r read again");
}

#[test]
fn the_selection_is_a_task_and_keeps_its_line_while_the_list_moves() {
    let mut b = lab();
    b.keys("j j");
    assert_eq!(selected(&b), "b");
    let line = |b: &Bench| b.lines().iter().position(|l| l.contains("qubit='b'"));
    let before = line(&b);
    b.at(20.0).completed(&job("holder"), &ok("holder"));
    let a = Job { id: "task-a".into(), ..job("a") };
    b.scheduled("a", Some("task-a"), &a, "running").runs(&a);
    // Rows come above and below it.
    for n in 0..40 {
        queue(&mut b, &format!("x{n}"), &Job { service: "cryo".into(), ..job("x") }, Some(1.0));
        queue(&mut b, &format!("y{n}"), &Job { service: "lab".into(), ..job("y") }, Some(1.0));
    }
    b.app.session.store.apply(Input::Configured(vec!["cryo".into(), "fridge".into(), "lab".into()]), b.now);
    b.msg(Msg::Wake);
    assert_eq!((selected(&b), line(&b)), ("b".to_owned(), before));
    b.keys("j");
    assert_eq!(selected(&b), "c");
    b.keys("G");
    assert_eq!(selected(&b), "y39");
}

#[test]
fn one_is_cancelled_after_a_question_that_is_bound_to_its_id() {
    let mut b = lab();
    b.keys("j x");
    assert_eq!(b.confirm().deed, Deed::Cancel(TaskKey("a".into())));
    // The rows change under the question.
    queue(&mut b, "z", &job("z"), Some(0.5));
    b.keys("y");
    assert_eq!(field(&last(&b, "CancelScheduledTask"), "scheduled_task_id"), "a");
    b.answer("CancelScheduledTask", "true")
        .answer("GetScheduledTask", &snapshot("a", &job("a"), "cancelled", None, 1.0));
    assert!(b.notice().starts_with("cancelled: MeasureT1: qubit='a'"), "{}", b.notice());
    assert!(!keys(&b).contains(&"a".to_owned()));
}

#[test]
fn the_marked_ones_are_cancelled_together_and_told_together() {
    let mut b = lab();
    b.keys("j space space space").shows("3 marked").keys("x").shows("Cancel these 3 scheduled tasks?");
    b.shows("MeasureT1: qubit='a' on fridge").shows("MeasureT1: qubit='c' on fridge").keys("enter");
    assert_eq!(b.sent().len(), 0, "Enter says no");
    // The marks are still there. One starts, one ends under the question.
    b.keys("x").at(20.0);
    let end = Job { id: "task-b".into(), ..job("b") };
    b.scheduled("b", Some("task-b"), &end, "running").ran(&end).scheduled("b", Some("task-b"), &end, "done");
    b.take();
    b.later(1.0).keys("y");
    assert_eq!(
        b.sent_types(),
        ["CancelScheduledTask", "CancelScheduledTask"],
        "what has ended is not asked about"
    );
    let ids: Vec<Text> = b.sent().iter().map(|out| out.id.clone()).collect();
    let yes = |id: &Text| format!(r#"{{"id": "{id}", "status": "ok", "result": true}}"#);
    b.reply(&yes(&ids[0])).answer("GetScheduledTask", &snapshot("a", &job("a"), "cancelled", None, 1.0));
    b.shows_not("cancelled: 1");
    // The answer is true for one that has started as well.
    let c = snapshot("c", &job("c"), "running", None, 3.0).replace("\"running\"", "\"cancelled\"");
    b.reply(&yes(&ids[1])).answer("GetScheduledTask", &c);
    assert_eq!(
        b.notice(),
        "cancelled: 1; had started and run on: MeasureT1: qubit='c'; had ended meanwhile: 1"
    );
    assert_eq!(schedule(&b).marked, []);
}

#[test]
fn of_a_running_one_it_is_told_that_it_goes_on() {
    let mut b = lab();
    let a = Job { id: "task-a".into(), ..job("a") };
    b.scheduled("a", Some("task-a"), &a, "running").runs(&a);
    b.app.ui.layers.clear();
    b.keys("t g");
    while selected(&b) != "a" {
        b.keys("j");
    }
    b.keys("x").shows("it will not be stopped").shows("says yes to that all the same").keys("n");
    b.keys("space x").shows("runs already, it will not be stopped").shows("says yes all the same");
}

#[test]
fn moving_cancels_and_submits_anew_between_the_new_neighbours() {
    let mut b = lab();
    b.keys("j j j");
    assert_eq!(selected(&b), "c");
    b.keys("K").shows("moves it here, esc leaves it");
    assert_eq!(
        (keys(&b), selected(&b)),
        (["holder", "a", "c", "b", "d"].map(String::from).to_vec(), "c".into())
    );
    b.keys("esc");
    assert_eq!(keys(&b), ["holder", "a", "b", "c", "d"]);
    b.keys("K enter").shows("Move this scheduled task?").shows("It overtakes MeasureT1: qubit='b'.");
    b.shows("due at once").shows("somebody else's").shows("never started");
    b.keys("enter");
    assert_eq!(b.sent().len(), 0, "Enter says no");
    b.keys("K enter y");
    assert_eq!(b.sent_types(), ["CancelScheduledTask"]);
    b.answer("CancelScheduledTask", "true");
    assert_eq!(b.sent_types(), ["CancelScheduledTask", "GetScheduledTask"], "nothing yet");
    b.answer("GetScheduledTask", &snapshot("c", &job("c"), "cancelled", None, 3.0));
    let payload = last(&b, "ScheduleTask");
    // Between second 1 and second 2.
    assert!(field(&payload, "run_at").contains(":01.500000"), "{payload}");
    assert_eq!(json::get(&payload, "task_payload"), Some(&*job("c").payload));
    assert_eq!(field(&payload, "task_display_name"), job("c").name);
    b.answer("ScheduleTask", &snapshot("c2", &job("c"), "queued", Some(1.5), 10.0));
    assert_eq!(
        (keys(&b), selected(&b)),
        (["holder", "a", "c2", "b", "d"].map(String::from).to_vec(), "c2".into())
    );
    assert!(b.notice().contains("submitted anew"), "{}", b.notice());
}

#[test]
fn what_started_meanwhile_is_not_submitted_anew() {
    let mut b = lab();
    b.keys("j j j K enter y");
    // The scheduler says yes, for it runs.
    b.answer("CancelScheduledTask", "true");
    let ran = snapshot("c", &job("c"), "running", None, 3.0).replace("\"running\"", "\"cancelled\"");
    b.answer("GetScheduledTask", &ran);
    assert!(!b.sent_types().contains(&"ScheduleTask".to_owned()), "{:?}", b.sent_types());
    assert!(b.notice().contains("runs on; nothing was submitted anew"), "{}", b.notice());
    // It has ended, or the link is lost: nothing either.
    for play in [
        (|b| _ = b.answer("CancelScheduledTask", "false")) as fn(&mut Bench),
        |b| _ = b.disconnect().connect(),
        |b| _ = b.answer("CancelScheduledTask", "true").disconnect().connect(),
    ] {
        let mut b = lab();
        b.keys("j j j K enter y");
        play(&mut b);
        b.later(60.0).msg(Msg::Wake);
        assert!(!b.sent_types().contains(&"ScheduleTask".to_owned()), "{:?}", b.sent_types());
    }
    let mut b = lab();
    b.keys("j j j K enter").at(20.0);
    let c = Job { id: "task-c".into(), ..job("c") };
    b.scheduled("c", Some("task-c"), &c, "running").take();
    b.later(1.0).keys("y");
    assert_eq!(b.sent_types(), [""; 0]);
    assert!(b.notice().contains("does not wait any more"), "{}", b.notice());
}

#[test]
fn one_that_was_started_after_all_takes_the_one_in_its_place_with_it() {
    let mut b = lab();
    b.keys("j j j K enter y").answer("CancelScheduledTask", "true");
    b.answer("GetScheduledTask", &snapshot("c", &job("c"), "cancelled", None, 3.0));
    b.answer("ScheduleTask", &snapshot("c2", &job("c"), "queued", Some(1.5), 10.0)).take();
    let c = Job { id: "task-c".into(), ..job("c") };
    b.scheduled("c", Some("task-c"), &c, "running");
    assert_eq!(field(&last(&b, "CancelScheduledTask"), "scheduled_task_id"), "c2");
    assert!(b.notice().contains("although it had cancelled it"), "{}", b.notice());
}

#[test]
fn a_payload_is_not_lost_when_its_submission_fails_after_the_cancellation() {
    let mut b = lab();
    b.keys("j j j K enter y").answer("CancelScheduledTask", "true");
    b.answer("GetScheduledTask", &snapshot("c", &job("c"), "cancelled", None, 3.0));
    let id = b.sent().last().unwrap().id.clone();
    b.reply(&error(&id, "ValidationError", "no", ""));
    assert!(b.composer().text().contains(r#""qubit": "c""#), "{}", b.composer().text());
    assert!(matches!(b.composer().way, Way::Scheduled(Some(_))));
    assert!(b.notice().contains("ValidationError") && b.notice().contains("composer"), "{}", b.notice());
}

#[test]
fn what_has_no_known_payload_or_place_is_not_moved() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let list =
        [("a", 1.0), ("b", 2.0)].map(|(sid, at)| snapshot(sid, &job(sid), "queued", Some(at + 600.0), at));
    b.answer("GetScheduledTasks", &format!("[{}]", list.join(","))).answer("GetEventTopicList", "{}").take();
    b.keys("t j K enter");
    assert!(b.notice().contains("payload was not seen"), "{}", b.notice());
    b.keys("e");
    assert!(b.notice().contains("payload was not seen"), "{}", b.notice());
    b.keys("g K");
    assert!(b.notice().contains("stands first"), "{}", b.notice());
    // Of a new one nothing is known but that it waits.
    b.later(1.0).scheduled("c", None, &job("c"), "queued").keys("G K K enter");
    assert_eq!(b.layers(), ["schedule"], "{}", b.notice());
    assert!(!b.sent_types().contains(&"CancelScheduledTask".to_owned()));
}

#[test]
fn hardware_is_moved_by_its_own_key_only_and_read_only_refuses_every_deed() {
    let mut b = lab();
    let heater = Job {
        kind: "EnableHeater".into(),
        name: "EnableHeater".into(),
        payload: r#"{"power": 0.5, "password": "hush"}"#.into(),
        ..job("h")
    };
    queue(&mut b, "h", &heater, None);
    b.keys("G k");
    assert_eq!(selected(&b), "h");
    b.keys("K enter");
    assert!(b.confirm().sure);
    b.shows("power = 0.5").shows("password").shows_not("hush");
    b.shows("moves hardware").later(1.0).keys("y enter").take();
    assert_eq!(b.sent_types(), [""; 0]);
    b.keys("K enter").later(2.0).keys("Y");
    assert_eq!(b.sent_types(), ["CancelScheduledTask"]);
    for settings in [
        Settings { read_only: true, ..Settings::default() },
        Settings { watch_only: Some("watch only".into()), ..Settings::default() },
    ] {
        let mut b = Bench::with(settings, (100, 30));
        queue(&mut b, "a", &job("a"), None);
        queue(&mut b, "b", &job("b"), None);
        b.keys("t");
        for deed in ["x", "space x", "J", "K", "e", "d", "r"] {
            b.keys("g").keys(deed);
            assert_eq!(b.layers(), ["schedule"], "{deed}");
            assert!(
                b.notice().contains("read-only") || b.notice().contains("watch only"),
                "{deed}: {}",
                b.notice()
            );
        }
        assert_eq!(b.sent_types(), [""; 0]);
    }
}

#[test]
fn editing_opens_the_composer_and_sending_replaces() {
    let mut b = lab();
    b.keys("G e");
    assert_eq!(b.composer().replaces, Some(TaskKey("d".into())));
    assert_eq!(b.composer().run_at().unwrap().to_utc(), Now::at(600.0).utc);
    b.keys("ctrl-s").shows("Replace this scheduled task?").shows("takes the place of").keys("n");
    b.keys("backspace 7 ctrl-s y");
    assert_eq!(b.sent_types(), ["CancelScheduledTask"]);
    // Until the scheduler has answered the composer stays.
    assert_eq!(b.layers(), ["schedule", "compose"]);
    b.answer("CancelScheduledTask", "true");
    b.answer("GetScheduledTask", &snapshot("d", &job("d"), "cancelled", Some(600.0), 4.0));
    assert_eq!(b.layers(), ["schedule"]);
    assert!(last(&b, "ScheduleTask").contains("7"), "{}", last(&b, "ScheduleTask"));
    b.answer("ScheduleTask", &snapshot("d2", &job("d"), "queued", Some(600.0), 10.0));
    assert_eq!(selected(&b), "d2");
}

#[test]
fn an_edit_of_what_has_started_stays_in_the_composer() {
    let mut b = lab();
    b.keys("j e ctrl-s y").answer("CancelScheduledTask", "true");
    let ran = snapshot("a", &job("a"), "running", None, 1.0).replace("\"running\"", "\"cancelled\"");
    b.answer("GetScheduledTask", &ran);
    assert!(b.notice().contains("nothing was submitted anew"), "{}", b.notice());
    b.composer();
    // Sent again it would be one more, and is so only after a question.
    b.scheduled("a", Some("task-a"), &job("a"), "running");
    b.keys("ctrl-s").shows("does not wait any more (starting)").shows("as one more task");
    b.keys("enter");
    assert!(!b.sent_types().contains(&"ScheduleTask".to_owned()));
    b.keys("ctrl-s y");
    assert_eq!(b.sent_types().iter().filter(|t| *t == "ScheduleTask").count(), 1);
    // One that starts while it is edited.
    let mut b = lab();
    b.keys("j e");
    let a = Job { id: "task-a".into(), ..job("a") };
    b.scheduled("a", Some("task-a"), &a, "running").take();
    b.keys("ctrl-s enter");
    assert_eq!((b.layers(), b.sent_types()), (vec!["schedule", "compose"], Vec::new()));
}

#[test]
fn an_edit_can_be_sent_again_where_only_the_cancellation_came_through() {
    let mut b = lab();
    b.keys("j e backspace 7 ctrl-s y").answer("CancelScheduledTask", "true");
    let cancelled = snapshot("a", &job("a"), "cancelled", None, 1.0);
    b.answer("GetScheduledTask", &cancelled);
    let id = b.sent().last().unwrap().id.clone();
    b.reply(&error(&id, "RuntimeError", "no", ""));
    assert!(b.notice().contains("RuntimeError") && b.notice().contains("composer"), "{}", b.notice());
    assert!(b.composer().text().contains('7'), "{}", b.composer().text());
    assert_eq!(b.composer().replaces, None);
    b.take();
    b.keys("ctrl-s");
    assert_eq!(b.sent_types(), ["ScheduleTask"]);
    assert_ne!(field(&b.sent()[0].text, "id"), &*id);

    // The link is lost before the scheduler says how it stands: the edit stays, and goes out as one more.
    let mut b = lab();
    b.keys("j e backspace 7 ctrl-s y").answer("CancelScheduledTask", "true").disconnect();
    assert!(b.notice().contains("Look before you send it again"), "{}", b.notice());
    b.connect().scheduled("a", None, &job("a"), "cancelled").take();
    b.keys("ctrl-s").shows("does not wait any more (cancelled)").keys("y");
    assert_eq!(b.sent_types(), ["ScheduleTask"]);
    assert!(last(&b, "ScheduleTask").contains('7'), "{}", last(&b, "ScheduleTask"));
}

#[test]
fn a_filter_and_the_ended_ones() {
    let mut b = lab();
    b.keys("/").types("='b'").keys("enter");
    assert_eq!(keys(&b), ["holder", "b"]);
    b.shows("filter / ='b'").keys("esc");
    assert_eq!(keys(&b).len(), 5);
    b.keys("/").types("outcome:x").keys("enter").shows("outcome").keys("esc");
    assert_eq!(b.app.ui.filter_text, "", "the lanes keep theirs");
    b.scheduled("a", None, &job("a"), "cancelled");
    b.msg(Msg::Wake);
    assert!(!keys(&b).contains(&"a".to_owned()));
    b.keys("a");
    assert_eq!(keys(&b), ["holder", "b", "c", "d", "a"]);
    b.shows("cancelled");
    // From here a task is opened over the schedule, and left to it.
    b.keys("j enter");
    assert_eq!(b.layers(), ["schedule", "task"]);
    b.keys("esc esc");
    assert_eq!(b.layers(), [""; 0]);
}

#[test]
fn a_move_ends_when_what_it_was_about_is_gone() {
    let mut b = lab();
    b.keys("j j j K");
    let by = Job { id: "task-b".into(), ..job("b") };
    b.later(5.0).scheduled("b", Some("task-b"), &by, "running");
    b.msg(Msg::Wake);
    assert_eq!(schedule(&b).moving, None);
    assert!(b.notice().contains("list has changed"), "{}", b.notice());
}

#[test]
fn a_large_list_is_read_beside_the_loop_and_again_only_after_a_question() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let id = b.sent().iter().find(|o| field(&o.text, "type") == "GetScheduledTasks").unwrap().id.clone();
    let big = "x".repeat(5 << 20);
    let done = snapshot("old", &job("old"), "done", None, 0.0).replace(
        r#""result": null"#,
        &format!(r#""result": {{"id": "old", "status": "ok", "result": "{big}"}}"#),
    );
    let wait = snapshot("a", &job("a"), "queued", Some(600.0), 1.0);
    let text = format!(r#"{{"id": "{id}", "status": "ok", "result": [{done}, {wait}]}}"#);
    let reply = Reply::parse(text.as_str().into()).unwrap();
    assert!(b.app.session.is_list(&reply));
    b.keys("t").shows("is being read").take();
    for (n, part) in session::ListPart::all(&reply).enumerate() {
        // What waits comes first.
        b.shows(if n == 0 { "is being read" } else { "reading the list" });
        b.msg(Msg::List(part));
    }
    assert_eq!(keys(&b), ["a"]);
    b.shows("list of 5");
    assert!(!b.app.session.is_list(&reply), "it has come");
    b.keys("ctrl-r").shows("router stands still").keys("enter");
    assert_eq!(b.sent_types(), [""; 0]);
    b.keys("ctrl-r y");
    assert_eq!(b.sent_types(), ["GetScheduledTasks"]);
    b.keys("ctrl-r y");
    assert!(b.notice().contains("being read already"), "{}", b.notice());
}

#[test]
fn a_large_list_comes_in_parts_and_is_the_same_list() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let id = b.sent().iter().find(|o| field(&o.text, "type") == "GetScheduledTasks").unwrap().id.clone();
    let entries: Vec<String> = (0..1_001)
        .map(|n| match n {
            3 => r#"{"status": "odd"}"#.to_owned(),
            n => snapshot(&format!("s{n}"), &job(&format!("s{n}")), "queued", Some(600.0), 1.0),
        })
        .collect();
    let text = format!(r#"{{"id": "{id}", "status": "ok", "result": [{}]}}"#, entries.join(", "));
    let reply = Reply::parse(text.as_str().into()).unwrap();
    let parts: Vec<_> = session::ListPart::all(&reply).collect();
    assert!((3..10).contains(&parts.len()), "{}", parts.len());
    let weight: usize = parts.iter().map(session::ListPart::weight).sum();
    assert!((1_001_000..1_100_000).contains(&weight), "{weight}");
    let parts_of = parts.len();
    for (n, part) in parts.into_iter().enumerate() {
        assert!(b.app.session.list_is_whole().unwrap_err().contains("not been read"));
        let read = b.app.store().counts(true).waiting;
        assert!(n == 0 || (200..1_000).contains(&read), "{read} after {n} of {parts_of}");
        b.msg(Msg::List(part));
    }
    assert_eq!(b.app.store().counts(true).waiting, 1_000);
    assert!(b.app.session.list_is_whole().unwrap_err().contains("an entry"), "one of the first part is odd");
}

#[test]
fn of_a_large_list_what_runs_or_waits_comes_before_all_that_is_over() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.connect();
    let id = b.sent().iter().find(|o| field(&o.text, "type") == "GetScheduledTasks").unwrap().id.clone();
    let status = |n: usize| ["done", "failed", "queued", "running", "cancelled"][n % 5];
    let entry = |n: usize| snapshot(&format!("s{n}"), &job(&format!("s{n}")), status(n), None, n as f64);
    let entries: Vec<String> = (0..3_000).map(entry).collect();
    let text = format!(r#"{{"id": "{id}", "status": "ok", "result": [{}]}}"#, entries.join(", "));
    let reply = Reply::parse(text.as_str().into()).unwrap();
    let mut told = Vec::new();
    for part in session::ListPart::all(&reply) {
        let over = part.is_over();
        b.msg(Msg::List(part));
        let counts = b.app.store().counts(true);
        told.push((over, counts.running + counts.waiting, b.app.store().kept()));
    }
    assert!(told.is_sorted_by_key(|(over, ..)| *over) && told.iter().any(|(over, ..)| !over), "{told:?}");
    for (over, open, _) in &told {
        assert!(!over || *open == 1_200, "{told:?}");
    }
    assert_eq!(told.last().map(|(over, open, kept)| (*over, *open, *kept)), Some((true, 1_200, 3_000)));
}

#[test]
fn after_every_move_the_scheduler_would_take_them_in_the_order_shown() {
    use proptest::prelude::*;
    // Moments with doubles among them, in microseconds.
    let dues = prop::collection::vec(0_i64..12, 2..8);
    proptest!(ProptestConfig::with_cases(64), |(dues in dues, which in 0_usize..8, ups in 1_usize..4, up: bool)| {
        let mut b = Bench::new();
        b.runs(&job("holder"));
        for (n, due) in dues.iter().enumerate() {
            queue(&mut b, &format!("s{n}"), &job(&format!("s{n}")), Some(600.0 + *due as f64 * 1e-6));
        }
        let now = b.now;
        let store = b.app.store();
        let table = |store: &Store| -> Vec<(TaskKey, i64)> {
            let tasks = store.timetable("fridge", now).waiting;
            tasks.iter().map(|t| (t.key.clone(), moment(t).unwrap().timestamp_micros())).collect()
        };
        let before = table(store);
        let key = before[which % before.len()].0.clone();
        let mut moving = None;
        for _ in 0..ups {
            match shifted(store, &key, moving.as_ref(), up, now) {
                Ok(next) => moving = Some(next),
                Err(_) => break,
            }
        }
        let Some(moving) = moving else { return Ok(()) };
        let place = place(store, &moving, now).unwrap();
        let at = place.at.timestamp_micros();
        // The scheduler takes the earliest; of equals the one that it has had longer, so never the new one.
        let mut after: Vec<(TaskKey, i64)> = before.iter().filter(|(k, _)| *k != key).cloned().collect();
        prop_assert!(after.iter().all(|(_, due)| *due != at), "no tie is made");
        after.push((key.clone(), at));
        after.sort_by_key(|(_, due)| *due);
        let to = after.iter().position(|(k, _)| *k == key).unwrap();
        let from = before.iter().position(|(k, _)| *k == key).unwrap();
        prop_assert_eq!(place.overtakes.len(), from.saturating_sub(to));
        prop_assert_eq!(place.lets_pass.len(), to.saturating_sub(from));
        prop_assert_eq!(to < from, up);
        if !place.further {
            let behind = after.get(to + 1).map(|(k, _)| k.clone());
            prop_assert_eq!(behind, moving.before);
        }
    });
}

#[test]
fn a_scheduled_task_is_copied_with_its_moment_or_it_is_said_why_not() {
    use crate::app::copy_as::CopyAs;
    let mut b = lab();
    let copied = |b: &mut Bench| {
        b.keys("c enter");
        let effects = b.take();
        effects.iter().find_map(|e| match e {
            Effect::Copy { text, .. } => Some(text.clone()),
            _ => None,
        })
    };
    // Behind `a`, whose turn simply comes, stands `d`, which waits for its time.
    b.keys("g j");
    let line = copied(&mut b).unwrap();
    assert!(line.contains(" --scheduled ") && line.contains("qubit=a"), "{line}");
    b.keys("G");
    assert_eq!(selected(&b), "d");
    let line = copied(&mut b).unwrap();
    let at = line.split("--at ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a moment");
    let at = chrono::DateTime::parse_from_rfc3339(at).unwrap();
    assert_eq!(at.to_utc(), Now::at(600.0).utc, "{line}");
    assert!(line.contains("qubit=d"), "{line}");
    b.keys("c down");
    let python = match b.app.ui.layers.last() {
        Some(Layer::CopyAs(copy)) => CopyAs::text(copy, b.now.utc).unwrap(),
        other => panic!("{other:?}"),
    };
    assert!(python.contains("run_at=datetime.fromisoformat("), "{python}");
    b.keys("esc");
    // The list tells no payloads.
    b.scheduled("e", None, &job("e"), "queued").msg(Msg::Wake);
    let at = keys(&b).iter().position(|key| key == "e").unwrap();
    b.keys("g").keys(&"j ".repeat(at));
    assert_eq!(selected(&b), "e");
    b.keys("c");
    assert_eq!(b.notice(), "not copied: its payload was not seen, and the scheduler's list has none");
    assert_eq!(b.layers(), ["schedule"]);
}
