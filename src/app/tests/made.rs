//! What only a task's class can make: of one task, and of all tasks of a group.

use super::*;
use crate::{
    app::{msg, session::Outgoing},
    catalogue::{
        script::{Envelope, Refusal},
        sweep::Payloads,
    },
};

/// A lab with a cell whose code only its class makes, and a task with an enum.
fn with_python(settings: Settings) -> Bench {
    let mut b = Bench::with(settings, (100, 30));
    add_types(&mut b);
    b
}

fn add_types(b: &mut Bench) {
    let file = r##"{"services": {"lab": {"kind": "ipython", "tasks": {"m:Scan": "x", "m:Login": "x"}}, "fridge": {"tasks": {"m:Set": "x",
        "m:Plain": "x"}}},
        "tasks": [{"type": "IPythonTask", "class": "Scan", "module": "m", "ipython": true, "code": "computed",
        "schema": {"properties": {"n": {"type": "integer", "default": 3}}}},
        {"type": "Set", "class": "Set", "module": "m", "parallel": true, "schema": {"$defs": {"B": {"enum": ["X", "S"]}},
        "properties": {"band": {"$ref": "#/$defs/B", "default": "X"}, "n": {"type": "integer", "default": 1}}}},
        {"type": "IPythonTask", "class": "Login", "module": "m", "ipython": true, "code": "computed", "schema": {"properties":
        {"user": {"type": "string"}, "password": {"type": "string", "format": "password", "writeOnly": true}}}},
        {"type": "Plain", "class": "Plain", "module": "m", "parallel": true,
        "schema": {"properties": {"n": {"type": "integer", "default": 3}}}}]}"##;
    assert_eq!(b.app.catalogue.add_file("/c/lab.json", file), []);
}

fn has_python() -> Settings {
    Settings { python: Some("/env/.venv/bin/python".into()), ..Settings::default() }
}

fn envelope(kind: &str, name: &str, payload: &str) -> Envelope {
    Envelope {
        task_type: kind.into(),
        parallel: false,
        display_name: name.into(),
        show_in_dashboard: true,
        payload: payload.into(),
    }
}

/// The one wish to let a class make something.
fn wish(b: &Bench) -> (Text, String, Payloads) {
    let wishes: Vec<_> = b
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Make { id, class, of } => Some((id.clone(), class.clone(), of.clone())),
            _ => None,
        })
        .collect();
    let [wish] = &wishes[..] else { panic!("{wishes:?}; notice: {}", b.notice()) };
    wish.clone()
}

#[test]
fn a_cell_without_code_is_never_sent() {
    let mut b = with_python(Settings::default());
    b.keys("tab s").types("Scan").keys("enter");
    // What is typed goes into a field that is the person's.
    let form = b.composer().form().unwrap();
    assert_eq!(form.focus.map(|(id, _)| form.path(id)).as_deref(), Some("n"));
    b.keys("ctrl-s");
    assert!(b.notice().contains("`code` is missing, which only the class Scan makes"), "{}", b.notice());
    assert!(b.notice().contains("[catalogue] python"), "{}", b.notice());
    assert_eq!((b.layers().len(), b.sent().len()), (1, 0));
}

#[test]
fn a_class_of_the_kernels_own_cells_is_imported_by_no_python() {
    let mut b = with_python(has_python());
    let file = r#"{"services": {"lab": {"kind": "ipython", "tasks": {"__main__:Here": "cell"}}}, "tasks": [
        {"type": "IPythonTask", "class": "Here", "module": "__main__", "ipython": true, "code": "computed"}]}"#;
    assert_eq!(b.app.catalogue.add_file("/c/here.json", file), []);
    b.keys("tab s").types("Here").keys("enter ctrl-s");
    assert!(b.notice().contains("in the kernel's own cells"), "{}", b.notice());
    assert_eq!((b.layers(), b.sent().len()), (vec!["compose"], 0));
}

#[test]
fn a_class_makes_its_code_after_a_question_and_it_is_shown_before_it_is_sent() {
    let mut b = with_python(has_python());
    b.keys("tab s").types("Scan").keys("enter ctrl-s");
    let told = b.confirm().lines.join(" ");
    for words in ["m:Scan", "/env/.venv/bin/python", "about 2 s", "may open instruments"] {
        assert!(told.contains(words), "{told}");
    }
    b.keys("enter");
    assert!(b.notice().contains("without Python the cell has no code"), "{}", b.notice());
    b.keys("ctrl-s y");
    let (id, class, of) = wish(&b);
    assert_eq!(class, "m:Scan");
    assert_eq!(json::get(&of.nth(0), "n"), Some("3"));
    b.keys("ctrl-s");
    assert_eq!((b.notice(), b.sent().len()), ("Python is still at it; esc stops it", 0));
    let made = envelope("IPythonTask", "Scan: n=3", r#"{"run_async": false, "n": 3, "code": "scan(3)"}"#);
    b.take();
    b.msg(Msg::Made { id: id.clone(), of: of.clone(), result: Ok(vec![made]) });
    assert!(b.composer().frame_shown && b.sent().is_empty(), "it is shown, not sent");
    assert_eq!(&*b.composer().display_name, "Scan: n=3");
    b.keys("f2 ctrl-s");
    let sent = b.sent();
    let [out] = sent[..] else { panic!("{sent:?}; {}", b.notice()) };
    assert_eq!(field(&out.text, "type"), "IPythonTask");
    let payload = json::get(&out.text, "payload").unwrap();
    assert_eq!(json::get(payload, "code"), Some("\"scan(3)\""));
    assert_eq!(json::get(payload, "run_async"), Some("false"));
    // The next one is not asked about again, in this run of the program.
    b.take();
    b.keys("s").types("Scan").keys("enter ctrl-s");
    assert_eq!(wish(&b).1, "m:Scan");
}

#[test]
fn what_was_made_is_not_sent_with_another_payload() {
    let mut b = with_python(has_python());
    b.app.ui.python = Some(true);
    b.keys("tab s").types("Scan").keys("enter ctrl-s");
    let (id, _, of) = wish(&b);
    let made = envelope("IPythonTask", "Scan: n=3", r#"{"n": 3, "code": "scan(3)"}"#);
    b.msg(Msg::Made { id, of: of.clone(), result: Ok(vec![made]) });
    assert!(b.composer().sendable().is_ok());
    let text = b.composer().text().replace('3', "4");
    b.msg(Msg::EditorClosed(msg::Edited::Payload(Ok(text))));
    assert!(b.composer().made.is_none() && b.composer().sendable().is_err());
    b.take();
    b.keys("ctrl-s");
    let (id, _, newer) = wish(&b);
    assert_ne!(newer, of);
    // A late answer about the old one is none.
    let late = envelope("IPythonTask", "Scan: n=3", r#"{"n": 3, "code": "scan(3)"}"#);
    b.msg(Msg::Made { id, of, result: Ok(vec![late]) });
    assert!(b.notice().contains("changed meanwhile"), "{}", b.notice());
    assert_eq!(b.sent().len(), 0);
}

#[test]
fn what_the_class_refuses_is_not_sent() {
    let mut b = with_python(has_python());
    b.app.ui.python = Some(true);
    b.keys("tab s").types("Scan").keys("enter ctrl-s");
    let (id, _, of) = wish(&b);
    let told =
        "1 validation error for Scan\nn\n  Input should be less than 3 [type=less_than]\n    For further";
    let refused = vec![Refusal { at: 0, name: "ValidationError".into(), message: told.into() }];
    b.msg(Msg::Made { id, of, result: Err(msg::NotMade::Refused(refused)) });
    assert_eq!(b.notice(), "not sent: its class refuses it: n: Input should be less than 3");
    b.shows("its class: Input should be less than 3");
    b.take();
    b.keys("ctrl-s");
    let (id, _, of) = wish(&b);
    b.msg(Msg::Made { id, of, result: Err(msg::NotMade::Failed("it crashed".into())) });
    assert_eq!((b.notice(), b.sent().len()), ("not sent: it crashed", 0));
}

#[test]
fn names_that_only_python_knows_are_made_by_it_and_others_are_not() {
    let mut b = with_python(has_python());
    b.keys("s").types("Plain").keys("enter ctrl-s");
    assert_eq!(b.sent_types(), ["Plain"]);
    b.take();
    b.keys("s").types("Set").keys("enter ctrl-s");
    assert!(b.confirm().title.contains("exact name"), "{}", b.confirm().title);
    b.keys("y");
    let (id, _, of) = wish(&b);
    let made = envelope("Set", "Set: band=<B.X: 'X'>", r#"{"band": "X"}"#);
    b.msg(Msg::Made { id, of, result: Ok(vec![made]) }).keys("ctrl-s");
    let sent = b.sent();
    let metadata = json::get(&sent[0].text, "metadata").unwrap();
    assert_eq!(field(metadata, "display_name"), "Set: band=<B.X: 'X'>");
    // Where it fails, the task goes out with our own name.
    b.take();
    b.keys("s").types("Set").keys("enter ctrl-s");
    let (id, _, of) = wish(&b);
    b.msg(Msg::Made { id, of, result: Err(msg::NotMade::Failed("it crashed".into())) });
    assert!(b.notice().contains("sends it with juicetop's own"), "{}", b.notice());
    b.keys("ctrl-s");
    assert_eq!(b.sent_types(), ["Set"]);
}

#[test]
fn a_no_to_python_sends_with_our_own_name() {
    let mut b = with_python(has_python());
    b.keys("s").types("Set").keys("enter ctrl-s n ctrl-s");
    assert_eq!(b.sent_types(), ["Set"], "{}", b.notice());
    let mut b = with_python(Settings { exact_names: false, ..has_python() });
    b.keys("s").types("Set").keys("enter ctrl-s");
    assert_eq!(b.sent_types(), ["Set"], "{}", b.notice());
}

#[test]
fn code_that_fits_other_values_is_made_anew_by_the_next_press_of_the_send_key() {
    let mut b = with_python(has_python());
    b.app.ui.python = Some(true);
    b.runs(&Job {
        service: "lab".into(),
        kind: "IPythonTask".into(),
        name: "Scan: n=3".into(),
        payload: r#"{"n": 3, "code": "scan(3)"}"#.into(),
        ..job("c")
    });
    b.go_to("lab").keys("j r ctrl-g").types("n").keys("enter").types("4");
    b.shows("Python made this for other values");
    b.take();
    b.keys("ctrl-s");
    let (_, _, of) = wish(&b);
    assert_eq!(json::get(&of.nth(0), "n"), Some("4"), "{of:?}");
    assert_eq!(json::get(&of.nth(0), "code"), None, "{of:?}");
    assert_eq!(b.sent().len(), 0);
}

// Of a group

/// `Scan` whose `n` runs through these values, after a yes to the question that the send key asks.
fn swept(values: &str) -> Bench {
    let mut b = with_python(has_python());
    b.kernel("lab", "idle").keys("tab s").types("Scan").keys("enter alt-s").types(values).keys("ctrl-s y");
    b
}

/// What the class makes of `Scan`s.
fn scans(of: &Payloads) -> Vec<Envelope> {
    let each = (0..of.count()).map(|at| {
        let n = json::get(&of.nth(at), "n").unwrap_or_default().to_owned();
        let payload = format!(r#"{{"run_async": false, "n": {n}, "code": "scan({n})"}}"#);
        envelope("IPythonTask", &format!("Scan: n={n}!"), &payload)
    });
    each.collect()
}

/// The class answers what it was asked for last.
fn answers(b: &mut Bench, result: impl FnOnce(&Payloads) -> Result<Vec<Envelope>, msg::NotMade>) {
    let (id, _, of) = wish(b);
    b.take();
    let result = result(&of);
    b.msg(Msg::Made { id, of, result });
}

/// The name and the payload of each task that went to the scheduler.
fn carried(b: &Bench) -> Vec<(String, String)> {
    let of = |out: &&Outgoing| {
        let carrier = json::get(&out.text, "payload").unwrap();
        (field(carrier, "task_display_name"), json::get(carrier, "task_payload").unwrap().to_owned())
    };
    b.sent().iter().map(of).collect()
}

#[test]
fn many_are_made_in_one_run_and_shown_before_they_are_sent() {
    let mut b = with_python(has_python());
    b.keys("tab s").types("Scan").keys("enter alt-s").types("1..20");
    b.shows("no code yet: ctrl-s lets its class make it").keys("ctrl-s");
    assert_eq!(b.confirm().title, "Let Python make the code of its 20 cells?");
    b.keys("n");
    assert!(b.notice().contains("without Python"), "{}", b.notice());
    b.keys("ctrl-s y");
    let (_, class, of) = wish(&b);
    assert_eq!((&*class, of.count(), json::get(&of.nth(19), "n")), ("m:Scan", 20, Some("20")));
    assert!(b.notice().contains("m:Scan makes all 20"), "{}", b.notice());
    answers(&mut b, |of| Ok(scans(of)));
    assert_eq!(b.notice(), "made all 20: ctrl-s sends them (first and last are shown)");
    b.shows("first  Scan: n=1! [Scan over n 1/20 #").shows("scan(1)");
    b.shows("last   Scan: n=20! [Scan over n 20/20 #").shows("scan(20)").shows("The frame of the first:");
    assert!(b.sent().is_empty(), "it is shown, not sent");
    // From here on all is as with any group.
    b.keys("ctrl-s").shows("Send 20 × Scan to lab?");
    assert!(b.sent().is_empty());
}

#[test]
fn the_key_that_leaves_stops_python_first() {
    let mut b = swept("1..20");
    let (id, _, of) = wish(&b);
    b.take();
    b.keys("esc");
    assert_eq!((b.take().first(), b.layers()), (Some(&Effect::StopMaking(id.clone())), vec!["form"]));
    b.msg(Msg::Made { id, of, result: Err(msg::NotMade::Failed("interrupted: Python was stopped".into())) });
    assert_eq!(b.notice(), "not sent: interrupted: Python was stopped");
    b.keys("esc");
    assert_eq!((b.layers(), b.sent().len()), (vec![], 0));
}

#[test]
fn each_member_goes_out_with_its_own_code_and_name() {
    let mut b = swept("1..3");
    answers(&mut b, |of| Ok(scans(of)));
    b.keys("ctrl-s");
    let sent = carried(&b);
    assert_eq!(sent.len(), 3, "{}", b.notice());
    for (at, (name, payload)) in (1..).zip(sent) {
        assert!(name.starts_with(&format!("Scan: n={at}! [Scan over n {at}/3 #")), "{name}");
        assert_eq!(payload, format!(r#"{{"n": {at}, "run_async": false, "code": "scan({at})"}}"#));
    }
}

#[test]
fn what_was_made_of_many_holds_for_these_alone() {
    let mut b = swept("1..3");
    let (id, _, of) = wish(&b);
    answers(&mut b, |of| Ok(scans(of)));
    assert!(b.composer().made.is_some());
    // What the group is called is none of the payloads.
    b.keys("f9 alt-m").types(" tonight").keys("enter");
    assert!(b.composer().made.is_some() && b.composer().sendable().is_ok());
    // One value more.
    b.types(",9");
    assert!(b.composer().made.is_none() && b.composer().sendable().is_err());
    b.msg(Msg::Made { id, result: Ok(scans(&of)), of });
    assert!(b.notice().contains("changed meanwhile"), "{}", b.notice());
    b.keys("ctrl-s");
    assert_eq!((wish(&b).2.count(), b.sent().len()), (4, 0), "not asked about again, but made anew");
    answers(&mut b, |of| Ok(scans(of)));
    // Without the sweep it is another payload too, and so it is as JSON.
    b.keys("f9 alt-s");
    assert!(b.composer().made.is_none());
    b.keys("alt-s ctrl-s");
    answers(&mut b, |of| Ok(scans(of)));
    b.keys("f5");
    assert!(b.composer().made.is_none() && b.composer().form().is_none());
    b.keys("ctrl-s");
    assert_eq!((wish(&b).2.count(), b.sent().len()), (1, 0));
}

#[test]
fn a_draft_keeps_the_sweep_and_nothing_that_was_made() {
    let mut b = swept("1..3");
    answers(&mut b, |of| Ok(scans(of)));
    b.keys("esc s").types("Scan").keys("enter").shows("3 tasks");
    assert!(b.composer().made.is_none() && b.composer().sendable().is_err());
    b.keys("ctrl-s");
    assert_eq!((wish(&b).2.count(), b.sent().len()), (3, 0));
}

#[test]
fn what_the_class_refuses_of_many_is_told_with_its_values_and_nothing_goes_out() {
    let mut b = swept("1..20");
    let refusal = |at: usize| Refusal {
        at,
        name: "ValidationError".into(),
        message: "1 validation error for Scan\nn\n  Input should be even [type=value_error]".into(),
    };
    answers(&mut b, |_| Err(msg::NotMade::Refused((0..20).step_by(2).map(refusal).collect())));
    let told = "10 of 20: n=1; n=3; n=5; n=7; … n=19";
    assert_eq!(b.notice(), format!("not sent: its class refuses {told} (n: Input should be even)"));
    // It stands in the form too, where there is room for it.
    b.shows(&format!("its class: refuses {told}")).shows("its class: Input should be even (with n=1)");
    assert!(b.sent().is_empty() && b.composer().made.is_none());
    b.keys("end").types(" by 2").shows_not("its class:");
    b.keys("ctrl-s");
    assert_eq!(wish(&b).2.count(), 10);
    // Another exception is said of no field.
    let odd = Refusal { at: 3, name: "KeyError".into(), message: "'q7'".into() };
    answers(&mut b, |_| Err(msg::NotMade::Refused(vec![odd])));
    b.shows("its class: refuses 1 of 10: n=7").shows("its class: KeyError: 'q7' (with n=7)");
    assert!(b.sent().is_empty());
}

#[test]
fn a_group_with_a_cell_that_has_no_code_is_never_sent() {
    let bare = |of: &Payloads, from: usize| {
        let mut made = scans(of);
        made.iter_mut().skip(from).for_each(|made| made.payload = r#"{"n": 1}"#.into());
        made
    };
    for (from, told) in [(0, "`code` is missing"), (2, "not sent: `code` is missing in 1 of 3")] {
        let mut b = swept("1..3");
        answers(&mut b, |of| Ok(bare(of, from)));
        b.keys("ctrl-s");
        assert!(from == 0 || b.notice() == told, "{}", b.notice());
        assert_eq!(b.sent().len(), 0, "{told}");
    }
    // Fewer than were asked for are none.
    let mut b = swept("1..3");
    answers(&mut b, |of| Ok(scans(of).into_iter().take(2).collect()));
    assert!(b.composer().made.is_none() && b.composer().sendable().is_err());
    // Nor is anything made of what could not go out anyway, or by nothing.
    let mut b = with_python(has_python());
    b.app.session.has_scheduler = Some(false);
    b.keys("tab s").types("Scan").keys("enter alt-s").types("1..3").keys("ctrl-s");
    assert!(b.notice().contains("this Juice has none"), "{}", b.notice());
    let mut b = with_python(Settings::default());
    b.keys("tab s").types("Scan").keys("enter alt-s").types("1..3").keys("ctrl-s");
    assert!(b.notice().contains("which only the class Scan makes"), "{}", b.notice());
    assert_eq!((b.layers(), b.sent().len()), (vec!["form"], 0));
}

#[test]
fn the_first_one_alone_and_a_lost_link_leave_each_member_its_code() {
    let mut b = with_python(has_python());
    b.app.ui.python = Some(true);
    b.kernel("lab", "idle").keys("tab s").types("Scan").keys("enter alt-s").types("1..9");
    b.keys("alt-m down down space enter ctrl-s");
    answers(&mut b, |of| Ok(scans(of)));
    b.keys("ctrl-s");
    let first = carried(&b);
    assert_eq!(first.len(), 1);
    let mut seen = first.clone();
    let scheduled = |b: &mut Bench, name: &str, number: usize| {
        let id = b.sent()[0].id.to_string();
        b.take();
        b.reply(&format!(
            r#"{{"id": "{id}", "status": "ok", "result": {{"scheduled_task_id": "s{number}", "task_id": null,
                "target": "lab", "task_type": "IPythonTask", "display_name": {}, "status": "queued",
                "submitted_at": "2026-11-24T21:00:00Z", "eligible": true}}}}"#,
            json::quote(name)
        ));
    };
    scheduled(&mut b, &first[0].0, 1);
    let job = Job {
        service: "lab".into(),
        kind: "IPythonTask".into(),
        name: first[0].0.clone(),
        payload: first[0].1.clone(),
        ..job("t1")
    };
    b.scheduled("s1", Some("t1"), &job, "running").runs(&job).later(1.0);
    b.completed(&job, r#"{"id": "t1", "status": "ok", "result": {"status": "ok", "result": 1}}"#);
    b.scheduled("s1", Some("t1"), &job, "done");
    seen.extend(carried(&b));
    assert_eq!(seen.len(), 1 + crate::app::session::WINDOW, "{}", b.notice());
    b.disconnect().take();
    b.later(5.0).connect();
    b.answer("GetScheduledTasks", "[]").take();
    b.keys("p");
    seen.extend(carried(&b));
    assert_eq!(seen.len(), 9, "{}", b.notice());
    for (at, (name, payload)) in (1..).zip(seen) {
        assert!(name.contains(&format!("n={at}! [Scan over n {at}/9 #")), "{name}");
        assert_eq!(json::get(&payload, "code"), Some(&*format!("\"scan({at})\"")), "{payload}");
    }
}

#[test]
fn exact_names_of_many_are_made_by_their_class() {
    let mut b = with_python(has_python());
    b.keys("s").types("Set").keys("enter alt-s").types("all").keys("ctrl-s");
    assert_eq!(b.confirm().title, "Let Python make its 2 exact names?");
    b.keys("y");
    answers(&mut b, |of| {
        let band = |at| json::get(&of.nth(at), "band").unwrap().to_owned();
        let name = |at| format!("Set: band=<B.{0}: '{0}'>", band(at).trim_matches('"'));
        Ok((0..2).map(|at| envelope("Set", &name(at), &of.nth(at))).collect())
    });
    b.keys("ctrl-s");
    let names: Vec<String> = carried(&b).into_iter().map(|(name, _)| name).collect();
    assert!(names[0].starts_with("Set: band=<B.X: 'X'> [Set over band 1/2 #"), "{names:?}");
    assert!(names[1].starts_with("Set: band=<B.S: 'S'> [Set over band 2/2 #"), "{names:?}");
    // Where it fails, and where nobody wants them, they go with our own.
    for (settings, fails) in [(has_python(), true), (Settings { exact_names: false, ..has_python() }, false)]
    {
        let mut b = with_python(settings);
        b.app.ui.python = Some(true);
        b.keys("s").types("Set").keys("enter alt-s").types("all").keys("ctrl-s");
        if fails {
            answers(&mut b, |_| Err(msg::NotMade::Failed("it crashed".into())));
            assert_eq!(b.notice(), "no exact names: it crashed; ctrl-s sends them with juicetop's own");
            b.keys("ctrl-s");
        }
        assert_eq!(b.sent().len(), 2, "{}", b.notice());
    }
}

#[test]
fn secrets_of_many_are_the_persons_and_masked_wherever_they_are_seen() {
    let mut b = with_python(has_python());
    b.app.ui.python = Some(true);
    b.keys("tab s")
        .types("Login")
        .keys("enter alt-s")
        .types("me, you")
        .keys("tab")
        .types("hush")
        .keys("ctrl-s");
    answers(&mut b, |of| {
        assert_eq!(json::get(&of.nth(1), "password"), Some("\"hush\""), "the class judges it");
        let payload = r#"{"user": "x", "password": "**********", "code": "login()"}"#;
        Ok((0..2).map(|at| envelope("IPythonTask", &format!("Login {at}"), payload)).collect())
    });
    b.shows_not("hush").keys("pagedown pagedown pagedown").shows("**********").shows_not("hush");
    let batch = b.composer().batch().unwrap().unwrap();
    assert_eq!(batch.shown(1), r#"{"user": "you", "password": "**********", "code": "login()"}"#);
    assert_eq!(batch.payload(1), r#"{"user": "you", "password": "hush", "code": "login()"}"#);
    b.keys("alt-c").shows("password=SECRET").shows_not("hush").keys("esc");
    b.keys("ctrl-s");
    assert_eq!(json::get(&carried(&b)[0].1, "password"), Some("\"hush\""));
}

#[test]
fn a_sweep_that_its_class_made_is_copied_with_what_makes_it() {
    let mut b = swept("1..3");
    b.keys("alt-c");
    assert!(b.notice().contains("not copied"), "not before it was made: {}", b.notice());
    answers(&mut b, |of| Ok(scans(of)));
    let copied = |b: &mut Bench, keys: &str| {
        b.keys(keys);
        let Some(Layer::CopyAs(copy)) = b.app.ui.layers.last() else { panic!("{}", b.notice()) };
        copy.text(b.now.utc).unwrap()
    };
    assert_eq!(
        copied(&mut b, "alt-c"),
        "juicetop submit --sequential --python /env/.venv/bin/python --sweep n=1..3 lab Scan\n"
    );
    let python = copied(&mut b, "down");
    assert!(python.contains("from m import Scan\n") && !python.contains("code"), "{python}");
    assert!(python.contains("for n in [1, 2, 3]:\n    task = Scan(n=n)\n"), "{python}");
    let frame = copied(&mut b, "down");
    assert_eq!(json::get(json::get(&frame, "payload").unwrap(), "code"), Some("\"scan(1)\""), "{frame}");
}

#[test]
fn code_that_was_made_for_one_set_of_values_is_made_anew_for_a_sweep() {
    let mut b = with_python(has_python());
    b.app.ui.python = Some(true);
    let payload = r#"{"n": 3, "code": "scan(3)"}"#.to_owned();
    let (service, kind) = ("lab".into(), "IPythonTask".into());
    b.runs(&Job { service, kind, name: "Scan: n=3".into(), payload, ..job("c") });
    b.go_to("lab").keys("j r ctrl-g").types("n").keys("enter alt-s").types("3, 4");
    b.shows("Python made this for other values");
    b.take();
    b.keys("ctrl-s");
    let (_, _, of) = wish(&b);
    assert_eq!((of.count(), json::get(&of.nth(0), "code")), (2, None), "{of:?}");
    answers(&mut b, |of| Ok(scans(of)));
    b.keys("ctrl-s");
    let codes: Vec<_> = carried(&b).into_iter().map(|(_, payload)| field(&payload, "code")).collect();
    assert_eq!(codes, ["scan(3)", "scan(4)"]);
}

#[test]
fn the_rest_of_a_group_that_was_cut_short_is_made_anew_with_the_code_of_its_own_values() {
    let mut b = swept("1..9");
    answers(&mut b, |of| Ok(scans(of)));
    b.keys("ctrl-s");
    let kept = b.effects.iter().find_map(|effect| match effect {
        Effect::KeepGroup { place, draft, .. } => Some((place.clone(), (**draft).clone())),
        _ => None,
    });
    let listed: Vec<String> = (1..)
        .zip(carried(&b))
        .map(|(at, (name, _))| {
            format!(
                r#"{{"scheduled_task_id": "s{at}", "task_id": null, "target": "lab", "task_type": "IPythonTask",
                    "display_name": {}, "status": "queued", "submitted_at": "2026-11-24T21:00:00Z", "eligible": true}}"#,
                json::quote(&name)
            )
        })
        .collect();
    let went = listed.len();
    // The next juicetop.
    let mut b = Bench::offline(has_python(), (100, 30));
    add_types(&mut b);
    b.app.take_kept(kept.into_iter().collect(), Vec::new());
    for _ in 0..100 {
        b.app.session.new_id();
    }
    b.connect().answer("GetScheduledTasks", &format!("[{}]", listed.join(", ")));
    b.answer("GetEventTopicList", "{}").kernel("lab", "idle").go_to("lab").take();
    b.keys("s").types("Scan").keys("enter ctrl-s y");
    answers(&mut b, |of| Ok(scans(of)));
    b.keys("ctrl-s").shows(&format!("Send the missing {} × Scan to lab?", 9 - went));
    b.later(1.0).keys("y");
    for (at, (name, payload)) in (went + 1..).zip(carried(&b)) {
        assert!(name.contains(&format!("n={at}! [Scan over n {at}/9 #")), "{name}");
        assert_eq!(field(&payload, "code"), format!("scan({at})"));
    }
    assert!(!carried(&b).is_empty(), "{}", b.notice());
}
