//! Learning task types while the program runs: the catalogue files again, and a kernel after a question.

use super::*;
use crate::{
    app::{choose::Stage, confirm::Deed, msg::TypesFile},
    catalogue::Source,
};

/// What a kernel answers that has one type of its own, as the cell's reply.
fn answer(id: &str, schema: &str) -> String {
    format!(
        r#"{{"id": "{id}", "status": "ok", "result": {{"status": "ok", "result": {{"juice": "26.43.0",
            "services": {{"lab": {{"kind": "ipython", "tasks": {{"m:Fit": "handler"}}}}}},
            "tasks": [{{"type": "Fit", "class": "Fit", "module": "m", "doc": "Fits it.", "schema": {schema}}}]}}}}}}"#
    )
}

const SCHEMA: &str = r#"{"type": "object", "properties": {"points": {"type": "integer", "default": 7}}}"#;

/// At the types of `lab`, which runs cells.
fn at_types(settings: Settings) -> Bench {
    let mut b = Bench::with(settings, (100, 30));
    b.kernel("lab", "idle").keys("tab s");
    let Some(Layer::Choose(choose)) = b.app.ui.layers.last() else { panic!("{:?}", b.layers()) };
    assert_eq!(choose.stage, Stage::Type { service: "lab".into() });
    b.take();
    b
}

/// A catalogue file of three days ago, which has that type of a service.
pub(super) fn file(service: &str, class: &str, now: Now) -> TypesFile {
    TypesFile {
        path: format!("/c/{service}.json"),
        text: format!(
            r#"{{"services": {{"{service}": {{"tasks": {{"m:{class}": "x"}}}}}}, "tasks": [
                {{"type": "{class}", "class": "{class}", "module": "m"}}]}}"#
        ),
        at: Some(now.utc - chrono::TimeDelta::days(3)),
    }
}

fn item(b: &Bench, name: &str) -> Option<(String, String)> {
    let choose = b.app.ui.layers.iter().find_map(|layer| match layer {
        Layer::Choose(choose) => Some(choose),
        _ => None,
    });
    let item = choose?.items.iter().find(|item| *item.name == *name)?;
    Some((item.about.clone(), item.remark.clone()))
}

#[test]
fn a_kernel_is_asked_after_a_question_and_its_types_are_listed() {
    let mut b = at_types(Settings::default());
    b.keys("f12");
    let told = b.confirm().lines.join(" ");
    assert!(told.contains("takes lab's slot") && told.contains("one `busy`, one `idle`"), "{told}");
    assert!(!b.confirm().sure);
    // The files are read at once; the kernel is not asked before a yes.
    assert_eq!(b.take(), [Effect::ReadTypes]);
    b.keys("enter");
    assert_eq!((b.layers(), b.sent().len()), (vec!["choose"], 0));
    b.keys("alt-y y");
    let sent = b.sent();
    let [out] = sent[..] else { panic!("{sent:?}") };
    assert_eq!(out.line, Line::Task(out.id.clone()));
    assert_eq!((field(&out.text, "type"), field(&out.text, "target")), ("IPythonTask".into(), "lab".into()));
    // Sequential, hidden, and never one that runs beside a cell: that destroys results.
    let part = |key| json::get(&out.text, key).unwrap();
    assert_eq!(json::get(part("metadata"), "parallel"), Some("false"));
    assert_eq!(json::get(part("metadata"), "show_in_dashboard"), Some("false"));
    assert_eq!(json::get(part("payload"), "run_async"), Some("false"));
    let id = out.id.to_string();
    // Not twice.
    b.take();
    b.keys("f12");
    assert!(b.notice().contains("was asked and has not answered yet"), "{}", b.notice());
    assert_eq!((b.layers(), item(&b, "Fit")), (vec!["choose"], None));
    b.later(1.0).reply(&answer(&id, SCHEMA));
    assert_eq!(b.notice(), "lab's kernel named 1 task type");
    assert_eq!(item(&b, "Fit"), Some(("Fits it.".into(), "kernel <1 min ago".into())));
    let kept = b.effects.iter().find_map(|effect| match effect {
        Effect::KeepTypes(kept) => Some(kept),
        _ => None,
    });
    assert_eq!(kept.expect("it is kept").kernels.len(), 1);
    b.later(60.0 * 61.0).keys("esc esc s");
    let lab = b.app.ui.layers.last().is_some();
    assert!(lab);
    assert_eq!(item(&b, "Fit").unwrap().1, "kernel 1 h ago");
    // The question is no type of anybody's.
    assert_eq!(item(&b, "ListTaskTypes"), None);
}

#[test]
fn what_runs_in_the_kernel_is_named_in_the_question() {
    let mut b = at_types(Settings::default());
    let cell = Job {
        service: "lab".into(),
        kind: "IPythonTask".into(),
        name: "RawIPython: raw_code='scan_all()'".into(),
        ..job("cell")
    };
    b.runs(&cell).keys("f12");
    let told = b.confirm().lines.join(" ");
    assert!(told.contains("There now: RawIPython: raw_code='scan_all()'."), "{told}");
}

#[test]
fn read_only_asks_nobody() {
    let mut b = at_types_read_only();
    b.keys("f12");
    assert!(b.notice().contains("read-only"), "{}", b.notice());
    assert!(!b.layers().contains(&"question"));
    assert_eq!(b.sent().len(), 0);
    // And a question that stood there before does not help.
    b.app.ask(Confirm::new("", Vec::new(), ("", ""), Deed::AskKernel("lab".into()), b.now));
    b.keys("y");
    assert_eq!(b.sent().len(), 0);
}

/// The list itself cannot be opened then: as if it had become read-only since.
fn at_types_read_only() -> Bench {
    let mut b = at_types(Settings::default());
    b.app.settings.read_only = true;
    b
}

#[test]
fn a_plain_service_has_no_kernel_to_ask() {
    let mut b = Bench::new();
    b.keys("s f12");
    assert_eq!((b.layers(), b.take()), (vec!["choose"], vec![Effect::ReadTypes]));
}

#[test]
fn no_answer_is_told_with_its_reason() {
    let mut b = at_types(Settings::default());
    b.keys("f12 y");
    let id = b.sent()[0].id.to_string();
    b.reply(&error(&id, "ValueError", "Unknown task type: IPythonTask", ""));
    assert!(
        b.notice().contains("no answer from lab's kernel: ValueError: Unknown task type"),
        "{}",
        b.notice()
    );
    b.take();
    b.keys("f12 y");
    let id = b.sent()[0].id.to_string();
    b.reply(&format!(
        r#"{{"id": "{id}", "status": "ok", "result": {{"status": "ok", "result": "a text"}}}}"#
    ));
    assert!(b.notice().starts_with("no answer from lab's kernel:"), "{}", b.notice());
    b.take();
    b.keys("f12 y").disconnect();
    assert!(b.app.ui.asked.is_empty(), "it comes to nobody now");
    assert!(!b.notice().is_empty());
}

#[test]
fn a_composer_on_a_type_that_is_better_known_now_keeps_what_was_typed() {
    let mut b = at_types(Settings::default());
    b.types("Fit").keys("enter");
    assert_eq!(b.composer().task_type.source, Source::Seen { at: None });
    b.keys("f7").paste(r#"{"points": 12}"#);
    let text = b.composer().text();
    assert!(text.contains("12"), "{text}");
    let way = b.composer().way.clone();
    b.keys("f12 y");
    let id = b.sent()[0].id.to_string();
    b.reply(&answer(&id, SCHEMA));
    let composer = b.composer();
    assert!(matches!(composer.task_type.source, Source::Kernel { .. }));
    assert!(composer.task_type.schema.is_some());
    assert_eq!(composer.way, way);
    assert!(composer.text().contains("12"), "{}", composer.text());
}

#[test]
fn files_that_were_read_again_change_the_list_where_it_stands() {
    let mut b = at_types(Settings::default());
    let file = |class| file("lab", class, b.now);
    let (one, two) = (file("Fit"), file("Scan"));
    b.app.catalogue.add_file("the demonstration", &file("Made").text);
    b.msg(Msg::TypesRead { files: vec![one], problems: Vec::new() });
    assert_eq!(item(&b, "Fit").unwrap().1, "file lab.json 3 d");
    assert_eq!(b.notice(), "the catalogue file was read again");
    b.types("scan").msg(Msg::TypesRead { files: vec![two], problems: Vec::new() });
    assert_eq!((item(&b, "Fit"), item(&b, "Scan").is_some()), (None, true));
    assert!(item(&b, "Made").is_some(), "what is no file stays");
    let Some(Layer::Choose(choose)) = b.app.ui.layers.last() else { panic!() };
    assert_eq!((choose.query.text(), choose.chosen().as_deref()), ("scan", Some("Scan")));
    b.msg(Msg::TypesRead { files: Vec::new(), problems: vec!["/c/x.json: can't be read".into()] });
    assert_eq!(b.notice(), "/c/x.json: can't be read");
    assert_eq!(item(&b, "Scan"), None);
    let bad = TypesFile { path: "/c/bad.json".into(), text: "{\n".into(), at: None };
    b.msg(Msg::TypesRead { files: vec![bad], problems: Vec::new() });
    assert!(b.notice().starts_with("/c/bad.json:"), "{}", b.notice());
}

#[test]
fn a_type_of_another_service_is_offered_and_sending_it_here_is_not_barred() {
    let mut b = Bench::new();
    let file = include_str!("../../../tests/cases/catalogue-sample.json");
    assert_eq!(b.app.catalogue.add_file("types.json", file), []);
    b.add_forms().go_to("forms").keys("s").types("MeasureT1");
    b.shows("as it is: nothing is known of it here").shows("on fridge").keys("enter");
    assert_eq!(b.notice(), "forms is not known to have MeasureT1, but fridge; f8 chooses again");
    assert_eq!((&*b.composer().service, b.composer().text().trim()), ("forms", "{}"));
    b.keys("ctrl-s");
    assert_eq!(b.sent_types().last().map(String::as_str), Some("ScheduleTask"), "{}", b.notice());
    b.take();
    b.go_to("forms").keys("s").types("MeasureT1").keys("down enter");
    assert_eq!(&*b.composer().service, "fridge");
    assert!(b.composer().form().is_some());
    b.keys("esc").go_to("forms").keys("s").types("Unheard").keys("enter");
    assert_eq!(b.notice(), "nothing is known of Unheard: write its payload as JSON");
}
