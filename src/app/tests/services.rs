//! The services: what is asked before something is done to one, and what counts as having seen it work.

use super::*;
use crate::{
    app::services::{About, Told},
    wire::control::{Deed, Failure, Process},
};

pub(crate) fn about(service: &str) -> About {
    About {
        service: service.into(),
        url: format!("ws://juice-{service}:5120"),
        supervisor: format!("juice-{service}:9001"),
        entrypoint: "orangeqs.juice.service:IPythonService".into(),
        version: Some("26.43.0".into()),
    }
}

pub(crate) fn process(state: &str) -> Process {
    Process {
        state: state.into(),
        began: Some(Now::at(0.0).utc - Duration::from_secs(7500)),
        uptime: Some(Duration::from_secs(7500)),
        pid: Some(4242),
        trouble: String::new(),
    }
}

/// A lab whose services can be controlled: `lab` has a kernel, `fridge` none.
fn bench() -> Bench {
    let services = Ok(vec![about("fridge"), about("lab")]);
    Bench::with(Settings { services, ..Settings::default() }, (100, 30))
}

/// Among the services, with that one selected, once all were looked at.
fn at(b: &mut Bench, service: &str) {
    b.go_to(service);
    // The selection is the person's.
    b.app.ui.moved = true;
    b.keys("m");
    assert_eq!(b.take(), [Effect::LookAtServices]);
    let no_kernel = vec![(Deed::Interrupt, "no kernel is registered for it".to_owned())];
    for (service, barred) in [("fridge", no_kernel), ("lab", Vec::new())] {
        b.msg(Msg::Services(Told::Looked(service.into(), Ok(process("RUNNING")), barred)));
    }
    b.msg(Msg::Services(Told::AllLooked));
}

fn told(b: &mut Bench, deed: Deed, result: Result<Option<Process>, Failure>) {
    b.msg(Msg::Services(Told::Done("lab".into(), deed, result)));
}

/// A cell on `lab`.
fn cell(id: &str) -> Job {
    Job { service: "lab".into(), kind: "IPythonTask".into(), name: "IPythonTask: x".into(), ..job(id) }
}

/// Its end by an interrupt.
fn interrupted(id: &str) -> String {
    let inner = r#"{"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": ""}"#;
    format!(r#"{{"id": "{id}", "status": "ok", "result": {inner}}}"#)
}

#[test]
fn processes_are_asked_while_somebody_looks_and_only_then() {
    let mut b = bench();
    at(&mut b, "lab");
    b.shows("running").shows("2:05:00").shows("Juice 26.43.0").shows("pid 4242").shows("juice-lab:9001");
    let next = b.app.wake_at(b.now).unwrap();
    assert!(next <= b.now.mono + Duration::from_secs(1), "uptimes count");
    b.later(5.0).msg(Msg::Wake);
    assert_eq!(b.take(), []);
    b.later(5.1).msg(Msg::Wake);
    assert_eq!(b.take(), [Effect::LookAtServices]);
    // One question at a time.
    b.later(30.0).msg(Msg::Wake);
    assert_eq!(b.take(), []);
    b.msg(Msg::Services(Told::AllLooked));
    assert_eq!(b.take(), [Effect::LookAtServices], "the next one was due meanwhile");
    b.msg(Msg::Services(Told::AllLooked)).keys("ctrl-r");
    assert_eq!(b.take(), [Effect::LookAtServices]);
    b.msg(Msg::Services(Told::AllLooked)).keys("esc").take();
    b.later(60.0).msg(Msg::Wake);
    assert_eq!(b.take(), []);
}

#[test]
fn whether_the_task_manager_reaches_it_is_told_as_it_was_seen() {
    let mut b = bench();
    at(&mut b, "fridge");
    b.shows("not known whether the task manager reaches it");
    b.task_event(&job("x"), "created", "{}").later(30.0).msg(Msg::Wake);
    b.shows("not reached by the task manager since").shows("it took no task");
    b.task_event(&job("x"), "started", "{}").msg(Msg::Wake).shows_not("not reached by the task manager");
    let mut b = bench();
    at(&mut b, "lab");
    let not = "not reached by the task manager since";
    b.kernel("lab", "idle").msg(Msg::Wake).shows(" reached by the task manager").shows_not(not);
    b.later(1.0).kernel("lab", "connecting").msg(Msg::Wake).shows(not);
    b.later(1.0).kernel("lab", "busy").msg(Msg::Wake).shows(" reached by the task manager").shows_not(not);
}

#[test]
fn what_cannot_be_done_is_told_with_its_reason_and_not_asked() {
    let mut b = bench();
    at(&mut b, "fridge");
    b.keys("i");
    assert_eq!(b.notice(), "interrupt cannot be done: no kernel is registered for it");
    b.shows("not from here: interrupt: no kernel is registered for it");
    // Its supervisord is not reached.
    let failure =
        Failure::of("the supervisord at juice-fridge:9001 cannot be reached: timed out", "look there");
    b.msg(Msg::Services(Told::Looked("fridge".into(), Err(failure), Vec::new()))).keys("r");
    assert!(b.notice().starts_with("restart process cannot be done: the supervisord"), "{}", b.notice());
    b.shows("not reached");
    assert_eq!(b.layers(), ["services"]);

    let mut b = Bench::new();
    b.go_to("lab").keys("m r");
    assert_eq!(b.notice(), "restart process cannot be done: no lab was looked for on this machine");
    for settings in [
        Settings { read_only: true, services: Ok(vec![about("lab")]), ..Settings::default() },
        Settings {
            watch_only: Some("one can only watch".into()),
            services: Ok(vec![about("lab")]),
            ..Settings::default()
        },
    ] {
        let mut b = Bench::with(settings, (100, 30));
        b.go_to("lab").keys("m i r R b");
        assert_eq!(b.layers(), ["services"]);
        assert!(!b.effects.iter().any(|effect| matches!(effect, Effect::Control(..) | Effect::Send(_))));
    }
}

#[test]
fn an_interrupt_is_done_once_its_cell_was_seen_to_stop() {
    let mut b = bench();
    b.runs(&cell("c"));
    at(&mut b, "lab");
    b.keys("i").shows("It stops IPythonTask: x (not sent from here, runs 0:00").keys("n");
    assert_eq!(b.take(), []);
    b.keys("i").later(1.0).keys("y");
    assert_eq!(b.take(), [Effect::Control("lab".into(), Deed::Interrupt)]);
    b.shows("interrupting").keys("r");
    assert_eq!(b.notice(), "not now: interrupt of lab is under way: it is looked whether a signal is safe");
    b.msg(Msg::Services(Told::Signal("lab".into()))).shows("the signal is sent");
    told(&mut b, Deed::Interrupt, Ok(None));
    // A cell that waits for something hears of it by this.
    assert_eq!(b.sent_types(), ["Ping"]);
    b.completed(&cell("c"), &interrupted("c")).later(0.1).msg(Msg::Wake);
    assert_eq!(b.notice(), "interrupt of lab: stopped IPythonTask: x (KeyboardInterrupt)");
    b.shows("interrupt: stopped IPythonTask: x (KeyboardInterrupt)");

    // What began where nobody saw it is found too; where nothing ends, that is said.
    b.keys("i").later(1.0).keys("y");
    told(&mut b, Deed::Interrupt, Ok(None));
    b.runs(&cell("d")).completed(&cell("d"), &interrupted("d")).later(0.1).msg(Msg::Wake);
    assert!(b.notice().contains("stopped IPythonTask: x"), "{}", b.notice());
    b.keys("i").later(1.0).keys("y");
    told(&mut b, Deed::Interrupt, Ok(None));
    assert!(b.app.wake_at(b.now).unwrap() <= b.now.mono + Duration::from_secs(5));
    b.later(5.1).msg(Msg::Wake);
    assert!(b.notice().contains("nothing was seen to stop within 5 s"), "{}", b.notice());
}

/// As a person does who is sure that it is the cell.
fn interrupts(b: &mut Bench) {
    b.keys("i").later(1.0).keys("y");
    assert!(b.take().contains(&Effect::Control("lab".into(), Deed::Interrupt)), "{}", b.notice());
    b.later(0.5).msg(Msg::Services(Told::Signal("lab".into())));
    told(b, Deed::Interrupt, Ok(None));
}

#[test]
fn a_cell_that_catches_the_signal_and_ends_as_it_likes_is_seen_to_have_ended() {
    let inner = r#"{"status": "error", "ename": "ValueError", "evalue": "no", "traceback": ""}"#;
    let raised = format!(r#"{{"id": "c", "status": "ok", "result": {inner}}}"#);
    for (reply, how) in [(ok("c"), "ok"), (raised, "ValueError")] {
        let mut b = bench();
        b.runs(&cell("c"));
        at(&mut b, "lab");
        interrupts(&mut b);
        b.later(3.0).completed(&cell("c"), &reply).later(0.1).msg(Msg::Wake);
        assert_eq!(b.notice(), format!("interrupt of lab: IPythonTask: x ended after the signal ({how})"));
    }
    // One that still runs then is not called one that no signal stops.
    let mut b = bench();
    b.runs(&cell("c"));
    at(&mut b, "lab");
    interrupts(&mut b);
    b.later(5.1).msg(Msg::Wake);
    assert!(
        b.notice().contains("IPythonTask: x still runs after 5 s: it may be cleaning up"),
        "{}",
        b.notice()
    );
    // What ended before the signal went out, what began after it, and what no signal stops prove nothing.
    let mut b = bench();
    b.runs(&cell("c"));
    at(&mut b, "lab");
    b.keys("i").later(1.0).keys("y").completed(&cell("c"), &ok("c"));
    b.later(0.5).msg(Msg::Services(Told::Signal("lab".into())));
    told(&mut b, Deed::Interrupt, Ok(None));
    let beside = Job { payload: r#"{"code": "x", "run_async": true}"#.into(), ..cell("e") };
    b.later(0.5).ran(&cell("d")).ran(&beside).ran(&Job { service: "lab".into(), ..job("f") });
    b.later(0.1).msg(Msg::Wake);
    assert_eq!(b.notice(), "");
    b.later(5.0).msg(Msg::Wake);
    assert!(b.notice().contains("nothing was seen to stop"), "{}", b.notice());
}

#[test]
fn what_stops_is_looked_for_no_more_often_than_that_is_seen() {
    let mut b = bench();
    b.runs(&cell("c"));
    at(&mut b, "lab");
    interrupts(&mut b);
    let begun = b.now.mono.as_secs_f64();
    // A flood does not bring the next look nearer, nor put it off.
    for n in 0..50 {
        b.later(0.001).ran(&parallel(&format!("p{n}")));
    }
    b.completed(&cell("c"), &interrupted("c"));
    assert!(!b.notice().contains("stopped"), "{}", b.notice());
    assert!(b.app.wake_at(b.now).is_some_and(|at| at.as_secs_f64() < begun + 0.1 + 1e-6));
    b.at(begun + 0.1 + 1e-6).msg(Msg::Wake);
    assert!(b.notice().contains("stopped IPythonTask: x"), "{}", b.notice());
}

#[test]
fn a_restart_names_what_may_still_run_and_wants_the_sure_key_for_it() {
    // The end of somebody's night may have been missed in a gap.
    let mut b = bench();
    b.runs(&cell("c")).later(600.0).disconnect().later(60.0).connect();
    b.answer("GetScheduledTasks", "[]");
    assert_eq!(b.state("c"), State::Unknown);
    b.take();
    at(&mut b, "lab");
    for key in ["r", "R"] {
        b.take();
        b.keys(key).shows("It ends IPythonTask: x (not sent from here").shows("if that still runs");
        b.shows("Whether anything runs there is not known").shows_not("Nothing runs there");
        b.later(1.0).keys("y");
        assert_eq!(b.take(), [], "the plain key is not enough");
        b.keys("n");
    }
    b.keys("r").later(1.0).keys("Y");
    assert_eq!(b.take(), [Effect::Control("lab".into(), Deed::RestartProcess)]);
    // Its end is told after all: now nothing is known to run, and the slot to be free.
    let mut b = bench();
    b.runs(&cell("c")).completed(&cell("c"), &ok("c"));
    at(&mut b, "lab");
    b.keys("r").shows("Nothing runs there, as far as was seen").later(1.0).keys("y");
    assert_eq!(b.take(), [Effect::Control("lab".into(), Deed::RestartProcess)]);
}

#[test]
fn a_dry_run_bars_only_another_one() {
    // It waits behind a cell that runs away, which is to be stopped now.
    let mut b = bench();
    b.runs(&cell("c"));
    at(&mut b, "lab");
    b.keys("b").later(1.0).keys("y");
    assert_eq!(b.take().len(), 1);
    b.keys("b");
    assert!(b.notice().starts_with("not now: rebuild of lab is under way"), "{}", b.notice());
    interrupts(&mut b);
    b.shows("interrupt, since").shows("rebuild, since").keys("r");
    assert!(b.notice().starts_with("not now: interrupt of lab is under way"), "{}", b.notice());
    b.completed(&cell("c"), &interrupted("c")).later(0.1).msg(Msg::Wake);
    assert!(b.notice().contains("stopped IPythonTask: x"), "{}", b.notice());
    // The dry run is followed on, and what it says can be read later, whatever is done meanwhile.
    b.app.ui.layers.clear();
    let id = b.app.ui.services.trying.values().map(|going| match &going.step {
        crate::app::services::Step::DryRun(id) => id.to_string(),
        other => panic!("{other:?}"),
    });
    let id = id.last().unwrap();
    b.reply(&format!(r#"{{"id": "{id}", "status": "ok", "result": [true, ["Would install numpy"]]}}"#));
    b.keys("m").runs(&cell("d"));
    interrupts(&mut b);
    b.completed(&cell("d"), &interrupted("d")).later(0.1).msg(Msg::Wake);
    b.keys("b").shows("Would install numpy").later(1.0).keys("y");
    assert!(b.take().contains(&Effect::Control("lab".into(), Deed::Rebuild)));
    b.keys("i");
    assert!(b.notice().starts_with("not now: rebuild of lab is under way"), "{}", b.notice());
}

#[test]
fn a_restart_names_whom_it_hits_wants_the_sure_key_for_it_and_an_answer_afterwards() {
    let mut b = bench();
    b.runs(&cell("c"));
    at(&mut b, "lab");
    b.keys("r").shows("It ends IPythonTask: x (not sent from here").later(1.0).keys("y");
    assert_eq!(b.take(), [], "somebody's task would be lost: the plain key is not enough");
    b.later(1.0).keys("Y");
    assert_eq!(b.take(), [Effect::Control("lab".into(), Deed::RestartProcess)]);
    b.msg(Msg::Services(Told::Stage("lab".into(), "it has ended, and starts".into())));
    b.shows("restart process, since 0:00: it has ended, and starts");
    // Whoever leaves now would leave it ended.
    b.keys("esc q").shows("lab has been ended to be restarted, and would stay ended").keys("n m");
    told(&mut b, Deed::RestartProcess, Ok(Some(process("RUNNING"))));
    assert_eq!(b.sent_types().last().map(String::as_str), Some("Ping"));
    b.shows("its process is running; an answer is waited for");
    // One that the router gives up is sent again.
    let ping = b.sent().last().unwrap().id.clone();
    b.take();
    b.later(15.0).reply(&error(&ping, "ConnectionError", "not connected", ""));
    assert_eq!(b.sent_types(), Vec::<String>::new(), "not faster than once a second");
    assert!(b.app.wake_at(b.now).unwrap() <= b.now.mono + Duration::from_secs(1));
    b.later(1.0).msg(Msg::Wake);
    assert_eq!(b.sent_types(), ["Ping"]);
    b.later(1.0).answer("Ping", "\"pong\"");
    assert!(b.notice().starts_with("restart process of lab: it answers, after 0:1"), "{}", b.notice());
    b.keys("esc q");
    assert_eq!(b.effects.last(), Some(&Effect::Quit), "nothing is half done any more");
}

#[test]
fn a_restart_under_which_the_link_is_lost_is_asked_after_once_that_is_back() {
    let mut b = bench();
    at(&mut b, "lab");
    b.keys("r").later(1.0).keys("Y").take();
    b.disconnect();
    told(&mut b, Deed::RestartProcess, Ok(Some(process("RUNNING"))));
    b.later(5.0).msg(Msg::Wake);
    assert_eq!(b.sent_types(), Vec::<String>::new());
    b.connect().later(1.0).msg(Msg::Wake);
    assert_eq!(b.sent_types().iter().filter(|kind| *kind == "Ping").count(), 1, "{:?}", b.sent_types());
    b.later(1.0).answer("Ping", "\"pong\"");
    assert!(b.notice().contains("it answers"), "{}", b.notice());
}

#[test]
fn a_yes_to_what_runs_no_more_does_nothing() {
    // The cell that the question named has ended, and another one holds the slot.
    let mut b = bench();
    b.runs(&cell("a"));
    at(&mut b, "lab");
    b.keys("i").shows("It stops IPythonTask: x");
    b.completed(&cell("a"), &ok("a")).runs(&Job { name: "IPythonTask: other".into(), ..cell("b") });
    b.later(1.0).keys("y");
    assert_eq!(b.take(), []);
    b.shows("what runs there is not what it was").shows("It stops IPythonTask: other");
    b.keys("n");
    // Nothing ran when it was asked, so the plain key would have done.
    let mut b = bench();
    b.ran(&cell("z"));
    at(&mut b, "lab");
    b.keys("r");
    b.runs(&cell("a")).later(1.0).keys("y");
    assert_eq!(b.take(), []);
    b.shows("It ends IPythonTask: x");
    // Who said yes to the end of one that ran means the end of the next one too; a Ping that comes and goes is nobody's loss.
    let mut b = bench();
    b.runs(&cell("a"));
    at(&mut b, "lab");
    b.keys("r").completed(&cell("a"), &ok("a")).runs(&cell("b")).later(1.0).keys("Y");
    assert_eq!(b.take(), [Effect::Control("lab".into(), Deed::RestartProcess)]);
    let mut b = bench();
    b.ran(&cell("z"));
    at(&mut b, "lab");
    b.keys("r").runs(&Job { service: "lab".into(), ..parallel("p") }).later(1.0).keys("y");
    assert_eq!(b.take(), [Effect::Control("lab".into(), Deed::RestartProcess)]);
    // One that runs beside others is stopped by no signal.
    let mut b = bench();
    let beside = Job { payload: r#"{"code": "x", "run_async": true}"#.into(), ..cell("c") };
    b.runs(&beside);
    at(&mut b, "lab");
    b.keys("i").shows("holds the slot and is no cell");
}

#[test]
fn one_that_does_not_come_back_is_said_not_to() {
    let mut b = bench();
    at(&mut b, "lab");
    // Nobody knows whether anything runs: the plain key is not enough.
    b.keys("R").shows("Whether anything runs there is not known").later(1.0).keys("y");
    assert_eq!(b.take(), []);
    b.later(1.0).keys("Y");
    assert_eq!(b.take(), [Effect::Control("lab".into(), Deed::RestartContainer)]);
    told(&mut b, Deed::RestartContainer, Ok(None));
    b.shows("its process is not known to run");
    b.later(60.1).msg(Msg::Wake);
    assert!(b.notice().contains("does not answer within 60 s"), "{}", b.notice());

    let failure = Failure { doubtful: true, ..Failure::of("it hung up", "") };
    b.keys("R").later(1.0).keys("Y");
    told(&mut b, Deed::RestartContainer, Err(failure));
    assert_eq!(b.notice(), "restart container of lab: whether it was done is not known: it hung up");
}

#[test]
fn an_image_is_built_after_its_dry_run_was_read() {
    let mut b = bench();
    at(&mut b, "lab");
    b.keys("b").shows("First a dry run").later(1.0).keys("y");
    assert_eq!(b.sent_types(), ["RebuildEnvironmentDryRun"]);
    b.shows("the dry run waits for the slot, or runs");
    // Who went elsewhere is not asked there.
    b.keys("esc")
        .answer("RebuildEnvironmentDryRun", r#"[true, ["Would install numpy 2.1", "Would remove scipy"]]"#);
    assert_eq!(b.layers(), Vec::<&str>::new());
    assert!(b.notice().contains("the dry run of lab is done"), "{}", b.notice());
    b.take();
    b.keys("m b").shows("Would install numpy 2.1").shows("Nothing stops").later(1.0).keys("y");
    assert!(b.take().contains(&Effect::Control("lab".into(), Deed::Rebuild)));
    b.later(75.0);
    told(&mut b, Deed::Rebuild, Ok(None));
    assert!(b.notice().contains("built in 1:1") && b.notice().contains("old image"), "{}", b.notice());

    // One that fails has the journal, which can be copied.
    b.keys("b").later(1.0).keys("y").answer("RebuildEnvironmentDryRun", "[true, []]");
    b.shows("Build the image of lab anew?").later(1.0).keys("y");
    let failure =
        Failure { log: "step 1\nno space left".into(), ..Failure::of("Failed to rebuild service lab", "") };
    told(&mut b, Deed::Rebuild, Err(failure));
    b.shows("no space left").take();
    b.keys("y");
    let copied = Effect::Copy {
        text: "Failed to rebuild service lab\nstep 1\nno space left".into(),
        what: "what came of it".into(),
    };
    assert_eq!(b.take(), [copied]);

    // Saying no to what it would bring builds nothing; a dry run that fails is not even asked about.
    b.keys("b").later(1.0).keys("y").answer("RebuildEnvironmentDryRun", "[true, []]");
    b.later(1.0).keys("n").take();
    b.keys("b").shows("First a dry run").later(1.0).keys("y");
    b.answer("RebuildEnvironmentDryRun", r#"[false, ["No solution found"]]"#);
    assert_eq!(b.notice(), "rebuild of lab: the dry run failed: nothing was built");
    b.shows("No solution found");
    assert_eq!(b.layers(), ["services"]);
}
