//! Anything in any order: keys, pastes, sizes, the lab's words. Nothing panics, nothing is sent without a yes.

use crossterm::event::{KeyCode, KeyEventKind, KeyModifiers};
use proptest::prelude::*;

use super::*;
use crate::app::{archive::Heard, outputs::Told as Printed, traces::Raised};

#[derive(Clone, Debug)]
enum Step {
    Key(usize),
    Char(char),
    Release(char),
    Paste(String),
    Resize(u16, u16),
    Later(u8),
    Runs(u8, u8),
    Ends(u8, u8),
    Scheduled(u8, u8),
    Links(bool, bool),
    Kernel(u8),
    Missed,
    Hostile(usize),
    Answer(u8),
    Printed(u8, String),
    Told(u8, u8),
    Editor(String),
    Stop(bool),
    /// A key close behind words of the lab, before they are drawn.
    Behind(Vec<Step>, usize),
}

/// How many keys the table has.
fn keys() -> usize {
    action::ACTIONS.iter().map(|e| e.keys.len()).sum()
}

/// What the lab says.
fn word() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u8..6, 0_u8..4).prop_map(|(id, kind)| Step::Runs(id, kind)),
        3 => (0_u8..6, 0_u8..6).prop_map(|(id, how)| Step::Ends(id, how)),
        2 => (0_u8..4, 0_u8..5).prop_map(|(id, status)| Step::Scheduled(id, status)),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(bus, router)| Step::Links(bus, router)),
        1 => (0_u8..5).prop_map(Step::Kernel),
        1 => Just(Step::Missed),
        1 => (0_usize..12).prop_map(Step::Hostile),
        2 => (0_u8..5).prop_map(Step::Answer),
        2 => (0_u8..4, ".{0,40}").prop_map(|(what, text)| Step::Printed(what, text)),
        3 => (0_u8..12, 0_u8..4).prop_map(|(what, how)| Step::Told(what, how)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..keys()).prop_map(Step::Key),
        3 => any::<char>().prop_map(Step::Char),
        1 => any::<char>().prop_map(Step::Release),
        1 => ".{0,40}".prop_map(Step::Paste),
        2 => prop_oneof![(0_u16..220, 0_u16..60), (30_u16..160, 8_u16..40)].prop_map(|(w, h)| Step::Resize(w, h)),
        2 => (0_u8..90).prop_map(Step::Later),
        14 => word(),
        3 => (prop::collection::vec(word(), 1..6), 0..keys()).prop_map(|(words, key)| Step::Behind(words, key)),
        1 => ".{0,40}".prop_map(Step::Editor),
        1 => any::<bool>().prop_map(Step::Stop),
    ]
}

fn one(id: u8, kind: u8) -> Job {
    let mut job = if kind.is_multiple_of(2) { job(&format!("j{id}")) } else { parallel(&format!("j{id}")) };
    job.hidden = kind == 3;
    if kind == 2 {
        job.service = "lab".into();
        job.kind = "IPythonTask".into();
    }
    job
}

fn play(b: &mut Bench, step: &Step, hostile: &[Event]) {
    match step {
        Step::Key(n) => {
            let key = action::ACTIONS.iter().flat_map(|e| e.keys).nth(*n).unwrap();
            b.key(key);
        }
        Step::Char(c) => {
            b.msg(Msg::Key(KeyEvent::from(KeyCode::Char(*c))));
        }
        Step::Release(c) => {
            let key = KeyEvent::new_with_kind(KeyCode::Char(*c), KeyModifiers::NONE, KeyEventKind::Release);
            b.msg(Msg::Key(key));
        }
        Step::Paste(text) => {
            b.paste(text);
        }
        Step::Resize(w, h) => {
            b.msg(Msg::Resize(*w, *h));
        }
        Step::Later(tenths) => {
            b.later(f64::from(*tenths) / 10.0).msg(Msg::Wake);
        }
        Step::Runs(id, kind) => {
            b.runs(&one(*id, *kind));
        }
        Step::Ends(id, how) => {
            let job = one(*id, *how);
            let traceback =
                ["tb_chained.txt", "tb_exception_group.txt", "tb_control_chars.txt"][usize::from(*how) % 3];
            let reply = if *how < 3 { ok(&job.id) } else { error(&job.id, "E", "m", &case(traceback)) };
            b.completed(&job, &reply);
        }
        Step::Scheduled(id, status) => {
            let status = ["queued", "running", "done", "failed", "cancelled"][usize::from(*status)];
            let task_id = format!("j{id}");
            b.scheduled(&format!("s{id}"), (status == "running").then_some(&*task_id), &one(*id, 0), status);
        }
        Step::Links(bus, router) => {
            let state = |up: bool, now| if up { live() } else { down(now) };
            let now = b.now;
            b.link(Line::Bus, state(*bus, now)).link(Line::Router, state(*router, now));
        }
        Step::Kernel(state) => {
            let state = ["idle", "busy", "restarting", "connecting", "odd"][usize::from(*state)];
            b.kernel("lab", state);
        }
        Step::Missed => {
            b.wire(Incoming::Missed { count: 1 });
        }
        Step::Hostile(n) => {
            b.wire(Incoming::Bus(hostile[n % hostile.len()].clone()));
        }
        Step::Answer(how) => {
            let Some(id) = b.sent().last().map(|out| out.id.clone()) else { return };
            let result = [
                "true",
                "false",
                "null",
                "[]",
                r#"{"scheduled_task_id": "s1", "target": "fridge", "status": "cancelled"}"#,
            ][usize::from(*how)];
            b.reply(&format!(r#"{{"id": "{id}", "status": "ok", "result": {result}}}"#));
        }
        Step::Printed(what, text) => {
            let told = match what {
                0 => Printed::Begins("x".into()),
                1 => Printed::Printed(text.clone()),
                2 => Printed::Clear,
                _ => Printed::Ends,
            };
            b.msg(Msg::Printed("lab".into(), told));
        }
        Step::Told(what, how) => {
            b.msg(told(*what, *how));
        }
        Step::Editor(text) => {
            b.msg(Msg::EditorClosed(msg::Edited::Payload(Ok(text.clone()))));
        }
        Step::Stop(can) => {
            b.msg(Msg::AskedToStop { can: *can });
        }
        Step::Behind(words, key) => {
            b.undrawn = true;
            for word in words {
                play(b, word, hostile);
            }
            b.undrawn = false;
            play(b, &Step::Key(*key), hostile);
        }
    }
}

/// What comes from beside the loop.
fn told(what: u8, how: u8) -> Msg {
    use crate::{
        app::services::Told,
        wire::control::{Deed, Failure},
    };
    let lab = || Text::from("lab");
    let failure = || Failure { log: "a\nb".into(), doubtful: how == 1, ..Failure::of("no", "yes") };
    let deed = Deed::ALL[usize::from(how)];
    match what {
        0 => Msg::Raised(Raised {
            service: lab(),
            code: "x".into(),
            name: "E".into(),
            message: "m".into(),
            traceback: "Traceback".into(),
        }),
        1 => Msg::Watched(lab(), if how == 0 { Ok(()) } else { Err("no".into()) }),
        2 => Msg::Services(Told::Looked(lab(), Ok(services::process("RUNNING")), vec![(deed, "no".into())])),
        3 => Msg::Services(Told::Looked(lab(), Err(failure()), Vec::new())),
        4 => Msg::Services(Told::AllLooked),
        5 => Msg::Services(Told::Stage(lab(), "on".into())),
        6 => Msg::Services(Told::Signal(lab())),
        7 => Msg::Services(Told::Done(lab(), deed, Ok(None))),
        8 => Msg::Services(Told::Done(lab(), deed, Err(failure()))),
        9 => Msg::Archive(u64::from(how), Heard::Failed("no".into(), how == 0)),
        10 => {
            Msg::Masked { payload: "{}".into(), masked: (how == 0).then(|| "{}".into()), secrets: Vec::new() }
        }
        _ => Msg::Made {
            id: "nobody".into(),
            of: crate::catalogue::sweep::Payloads::one("{}"),
            result: Err(msg::NotMade::Failed("no".into())),
        },
    }
}

/// What every state must keep.
fn check(b: &Bench) {
    let screen = b.screen();
    let (width, height) = b.app.ui.size;
    let whole = Rect::new(0, 0, width, height);
    for pane in &screen.panes {
        assert_eq!(pane.area.intersection(whole), pane.area, "a pane outside of {width}x{height}");
    }
    if let Some(at) = screen.cursor {
        assert!(whole.contains(at), "the cursor at {at} outside of {width}x{height}");
    }
    b.buffer(&Theme::plain());
    if let Some(selected) = &b.app.ui.selected
        && !b.app.rows().is_empty()
        && b.app.areas().shape != layout::Shape::Narrow
    {
        assert!(b.app.selected_row().is_some(), "{selected:?} is selected but not among the rows");
    }
    assert!(b.app.wake_at(b.now).is_none_or(|at| at >= b.now.mono), "it wishes to be woken in the past");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_whatever_comes(steps in prop::collection::vec(step(), 1..90)) {
        let hostile = recorded("bus_hostile_names.jsonl");
        let services = Ok(["fridge", "lab"].map(services::about).to_vec());
        let mut b = Bench::with(Settings { services, ..Settings::default() }, (100, 30));
        // So few that rows go all the time.
        b.app.session.store = Store::new(Limits { ended_tasks: 2, ..Limits::default() });
        b.app.session.store.apply(Input::Configured(vec!["fridge".into(), "lab".into()]), b.now);
        b.connect();
        for step in &steps {
            play(&mut b, step, &hostile);
            check(&b);
        }
    }

    #[test]
    fn nothing_that_moves_hardware_goes_out_but_by_the_sure_key(steps in prop::collection::vec(step(), 1..60)) {
        let hostile = recorded("bus_hostile_names.jsonl");
        let sure: usize = action::ACTIONS.iter().flat_map(|e| e.keys).position(|k| *k == "Y").unwrap();
        // `Y` stands twice in the table: it copies an id elsewhere.
        let is_y = |n: usize| action::ACTIONS.iter().flat_map(|e| e.keys).nth(n) == Some(&"Y") || n == sure;
        let mut b = Bench::new();
        b.keys("s").types("EnableHeater").keys("enter f7 ctrl-s");
        for step in steps.iter().filter(|s| !matches!(s, Step::Key(n) | Step::Behind(_, n) if is_y(*n)) && !matches!(s, Step::Char('Y'))) {
            play(&mut b, step, &hostile);
            prop_assert!(b.sent().iter().all(|out| !out.text.contains("EnableHeater")));
        }
    }
}

proptest! {
    // A form is laid out anew at each step: fewer cases, each over many keys.
    #![proptest_config(ProptestConfig { cases: 20, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_form_takes_any_keys_and_always_has_a_payload(
        kind in 0_usize..12,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let hostile = recorded("bus_hostile_names.jsonl");
        let kinds = ["Numbers", "Texts", "LookAhead", "Choices", "Optionals", "Nested", "Lists", "Unions", "Formats",
            "Made", "Login", "RawIPython"];
        let mut b = Bench::new();
        b.add_forms().go_to(if kind == 11 { "lab" } else { "forms" }).keys("s").types(kinds[kind]).keys("enter");
        prop_assert!(b.composer().form().is_some());
        for step in &steps {
            play(&mut b, step, &hostile);
            check(&b);
            for layer in &b.app.ui.layers {
                let Layer::Compose(compose) = layer else { continue };
                let Some(form) = compose.form() else { continue };
                prop_assert!(json::check(&compose.text()).is_ok(), "{}", compose.text());
                prop_assert!(form.rows.is_empty() || form.focused_row().is_some(), "no field has the focus");
                // What is typed into is what the form has.
                let Some(id) = form.focus.map(|(id, _)| id).or(form.rows.first().map(|row| row.id)) else {
                    continue;
                };
                let typed = match &form.edit {
                    crate::app::form::Edit::Line { line, .. } => line.text().to_owned(),
                    crate::app::form::Edit::Text(text) => text.text(),
                    crate::app::form::Edit::None => continue,
                };
                let field = form.form.field(id);
                let has = field.and_then(crate::app::form::typed).map(|(_, text)| text.to_owned());
                prop_assert_eq!(Some(typed), has);
            }
        }
    }
}
