//! The traceback of a cell, which no reply has, from the kernel that keeps it.

use super::*;
use crate::app::traces::{Logged, Raised, Wanted};

fn cell(id: &str) -> Job {
    Job { service: "lab".into(), kind: "IPythonTask".into(), name: format!("Fit: qubit='{id}'"), ..job(id) }
}

fn raised(id: &str, name: &str) -> String {
    format!(
        r#"{{"id": "{id}", "status": "ok", "result": {{"status": "error", "ename": "{name}", "evalue": "'amp'"}}}}"#
    )
}

/// A cell that failed, and is read.
fn failed() -> Bench {
    let mut b = Bench::new();
    b.kernel("lab", "idle").runs(&cell("q3")).completed(&cell("q3"), &raised("q3", "KeyError"));
    b.keys("j j j enter");
    assert_eq!(b.layers(), ["task"], "{:#?}", b.screen());
    b.take();
    b
}

fn answer(b: &mut Bench, result: &str) {
    let id = b.sent()[0].id.to_string();
    b.take();
    b.reply(&format!(
        r#"{{"id": "{id}", "status": "ok", "result": {{"status": "ok", "result": {result}}}}}"#
    ));
}

const FOUND: &str = r#"["KeyError", "'amp'", "Traceback (most recent call last):\n  File \"/tmp/ipykernel_7/12.py\", line 3, in fit\n    x['amp']\nKeyError: 'amp'\n"]"#;

fn pane(b: &Bench) -> String {
    b.reader().page.document.lines.iter().map(|line| line.plain() + "\n").collect()
}

#[test]
fn the_kernel_is_asked_after_a_question_and_its_exception_is_shown() {
    let mut b = failed();
    assert!(
        pane(&b).contains("Juice sends no traceback of a cell") && pane(&b).contains("T asks its kernel")
    );
    b.keys("T");
    let told = b.confirm().lines.join(" ");
    assert!(told.contains("only if it is this one: KeyError") && told.contains("takes lab's slot"), "{told}");
    b.keys("enter");
    assert_eq!((b.layers(), b.sent().len()), (vec!["task"], 0), "nothing without a yes");
    b.keys("T y");
    let frame = b.sent()[0].text.clone();
    let part = |key| json::get(&frame, key).unwrap();
    let (payload, metadata) = (part("payload"), part("metadata"));
    assert_eq!(json::get(payload, "run_async"), Some("false"));
    assert_eq!(
        (json::get(metadata, "parallel"), json::get(metadata, "show_in_dashboard")),
        (Some("false"), Some("false"))
    );
    answer(&mut b, FOUND);
    let text = pane(&b);
    for part in ["from the kernel's memory", "cell 12:3  in fit", "x['amp']"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // It is copied, and shown raw, as any other.
    b.keys("y");
    let [Effect::Copy { text, .. }] = &b.take()[..] else { panic!() };
    assert!(text.starts_with("Traceback"));
    b.keys("R");
    assert!(pane(&b).contains("  File \"/tmp/ipykernel_7/12.py\", line 3, in fit"));
    b.keys("T");
    assert_eq!((b.notice(), b.layers()), ("its traceback is here", vec!["task"]));
}

#[test]
fn the_code_of_a_cell_stands_in_lines() {
    let mut b = Bench::new();
    let payload = r#"{"run_async": false, "code": "def fit(q):\n    return 'ä' * 2\n\nfit(3)\n"}"#;
    let job = Job { payload: payload.into(), ..cell("q3") };
    b.kernel("lab", "idle").runs(&job).keys("j j enter");
    let text = pane(&b);
    for line in ["1 | def fit(q):", "2 |     return 'ä' * 2", "4 | fit(3)"] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains("5 |"), "{text}");
}

#[test]
fn another_exception_is_not_shown_as_this_one() {
    for (result, told) in [
        (
            FOUND.replace("KeyError\",", "ValueError\","),
            "the kernel's last exception is another one: ValueError: 'amp'",
        ),
        (
            FOUND.replace("\"'amp'\",", "\"'b'\","),
            "the kernel's last exception is another one: KeyError: 'b'",
        ),
        ("null".to_owned(), "the kernel keeps no exception: it was restarted since"),
        ("[1]".to_owned(), "no answer from lab's kernel: it is not three texts"),
    ] {
        let mut b = failed();
        b.keys("T y");
        answer(&mut b, &result);
        assert_eq!(b.notice(), told);
        assert!(pane(&b).contains("Juice sends no traceback of a cell"));
    }
}

#[test]
fn after_another_cell_has_failed_the_kernel_is_not_asked() {
    let mut b = failed();
    b.keys("T");
    b.later(1.0).runs(&cell("q4")).completed(&cell("q4"), &raised("q4", "KeyError"));
    b.keys("y");
    assert_eq!(b.sent().len(), 0);
    assert!(b.notice().contains("another cell has failed since, Fit: qubit='q4'"), "{}", b.notice());
    b.keys("T");
    assert_eq!(b.layers(), ["task"]);
    // One that fails while the kernel is asked.
    let mut b = failed();
    b.keys("T y");
    b.later(1.0).runs(&cell("q4")).completed(&cell("q4"), &raised("q4", "KeyError"));
    answer(&mut b, FOUND);
    assert!(b.notice().contains("cannot be told"), "{}", b.notice());
    assert!(pane(&b).contains("Juice sends no traceback of a cell"));
}

#[test]
fn where_no_kernel_can_be_asked_it_is_said() {
    let mut b = Bench::with(Settings { read_only: true, ..Settings::default() }, (100, 30));
    b.kernel("lab", "idle").runs(&cell("q3")).completed(&cell("q3"), &raised("q3", "KeyError"));
    b.keys("j j j enter");
    assert!(pane(&b).contains("cannot be asked from here: this screen is read-only"), "{}", pane(&b));
    b.keys("T");
    assert_eq!(b.layers(), ["task"]);
    // What was no cell's has no traceback anywhere.
    let mut b = Bench::new();
    b.runs(&job("f")).completed(&job("f"), &error("f", "KeyError", "'a'", "")).keys("j enter T");
    assert_eq!((b.layers(), b.sent().len()), (vec!["task"], 0));
}

/// A cell that failed, in a lab whose log can be asked.
fn with_log() -> Bench {
    let mut b = Bench::with(Settings { no_log: None, ..Settings::default() }, (100, 30));
    b.kernel("lab", "idle").runs(&cell("q3")).completed(&cell("q3"), &raised("q3", "KeyError"));
    b
}

fn asked_log(b: &mut Bench) -> Vec<Wanted> {
    let wanted = |effect| match effect {
        Effect::FindLogged(wanted) => Some(wanted),
        _ => None,
    };
    b.take().into_iter().filter_map(wanted).collect()
}

fn logged(b: &Bench, message: &str, line: u32) -> Logged {
    Logged {
        at: b.now.utc,
        message: format!("Uncaught exception: {message}"),
        traceback: format!(
            "Traceback (most recent call last):\n  File \"/tmp/ipykernel_7/12.py\", line {line}, in fit\n    x['amp']\nKeyError: 'amp'"
        ),
    }
}

#[test]
fn the_services_log_is_asked_by_itself_once_somebody_reads_the_task() {
    let mut b = with_log();
    assert_eq!(asked_log(&mut b), [], "nobody reads it");
    b.keys("j j j enter");
    let [wanted] = &asked_log(&mut b)[..] else { panic!("nothing is asked") };
    assert_eq!((&*wanted.service, wanted.key.to_string()), ("lab", "q3".to_owned()));
    let ended = b.app.store().find("q3").unwrap().ended.unwrap().at.utc;
    assert!(
        wanted.from < ended
            && ended < wanted.until
            && wanted.until - wanted.from < chrono::TimeDelta::hours(1)
    );
    assert!(pane(&b).contains("log is being asked") && pane(&b).contains("T asks its kernel"));
    b.keys("j k");
    assert_eq!(asked_log(&mut b), [], "once");
    let all = vec![
        logged(&b, "ValueError: 'amp'", 1),
        logged(&b, "KeyError: 'amp'", 3),
        logged(&b, "KeyError: 'amp'", 3),
    ];
    b.msg(Msg::Logged(wanted.key.clone(), Ok(all)));
    for part in ["from the service's log, written at", "cell 12:3  in fit", "x['amp']"] {
        assert!(pane(&b).contains(part), "{part} in {}", pane(&b));
    }
    b.keys("T");
    assert_eq!(b.notice(), "its traceback is here");
}

#[test]
fn what_the_log_does_not_have_or_cannot_tell_is_said() {
    for (line, message, told) in [
        (3, "KeyError: 'amp'", "it has 2 such exceptions from around then; which is this one cannot be told"),
        (4, "KeyError: 'freq'", "it has no such exception from around then"),
    ] {
        let mut b = with_log();
        b.keys("j j j enter");
        let wanted = asked_log(&mut b).remove(0);
        let all = [line, line + 1].map(|line| logged(&b, message, line)).to_vec();
        b.msg(Msg::Logged(wanted.key, Ok(all)));
        assert!(pane(&b).contains(told) && pane(&b).contains("T asks its kernel"), "{}", pane(&b));
        b.later(60.0).keys("j k");
        assert_eq!(asked_log(&mut b), [], "it was answered");
    }
    // What could not be asked is asked again after a while; what cannot be, says why.
    let mut b = with_log();
    b.keys("j j j enter");
    let wanted = asked_log(&mut b).remove(0);
    b.msg(Msg::Logged(
        wanted.key.clone(),
        Err("http://db:8086 cannot be reached: nobody answers there".into()),
    ));
    assert!(pane(&b).contains("could not be asked: http://db:8086 cannot be reached"), "{}", pane(&b));
    b.keys("j k");
    assert_eq!(asked_log(&mut b), []);
    b.later(31.0).keys("j");
    assert_eq!(asked_log(&mut b).len(), 1);
    assert!(pane(&failed()).contains("cannot be asked from here: no lab was looked for"));
}

#[test]
fn what_the_kernel_said_as_it_raised_is_that_cells_traceback() {
    let cell = Job { payload: r#"{"run_async": false, "code": "fit(\"q3\")"}"#.into(), ..cell("q3") };
    let raised = |code: &str, name: &str| {
        Msg::Raised(Raised {
            service: "lab".into(),
            code: code.into(),
            name: name.into(),
            message: "'amp'".into(),
            traceback: "\u{1b}[31m---\u{1b}[39m\nKeyError   Traceback (most recent call last)\nCell In[12], line 3\n----> 3 fit(\"q3\")\n\nKeyError: 'amp'".into(),
        })
    };
    let mut b = Bench::new();
    b.kernel("lab", "idle").runs(&cell);
    b.msg(Msg::Watched("lab".into(), Ok(())));
    // Its own word, and that of others: another code, another exception.
    for (code, name) in [("other()", "KeyError"), ("fit(\"q3\")", "KeyError"), ("fit(\"q3\")", "ValueError")]
    {
        b.msg(raised(code, name));
    }
    b.later(0.5).completed(&cell, &self::raised("q3", "KeyError"));
    b.keys("j j j enter");
    assert!(
        pane(&b).contains("from the kernel's output") && pane(&b).contains("fit(\"q3\")"),
        "{}",
        pane(&b)
    );
    assert_eq!(asked_log(&mut b), [], "no log is asked");
    b.keys("T");
    assert_eq!(b.notice(), "its traceback is here");
    // The same code once more, later: what was said of the first one is not the second one's.
    let again = Job { id: "q3b".into(), ..cell.clone() };
    let mut b2 = Bench::new();
    b2.kernel("lab", "idle").runs(&cell);
    b2.msg(raised("fit(\"q3\")", "KeyError"));
    b2.completed(&cell, &self::raised("q3", "KeyError"));
    b2.later(60.0).runs(&again).later(0.2).completed(&again, &self::raised("q3b", "KeyError"));
    b2.msg(Msg::Watched("lab".into(), Err("127.0.0.1:1 is not reached: refused".into())));
    b2.keys("/").types("id:q3b").keys("enter g j j j enter");
    assert!(
        pane(&b2).contains("output was not heard then: 127.0.0.1:1 is not reached: refused."),
        "{}",
        pane(&b2)
    );
    b2.msg(Msg::Watched("lab".into(), Ok(())));
    assert!(pane(&b2).contains("output was not heard then: it is since"), "{}", pane(&b2));
    // Many words of a kernel are bounded.
    for n in 0..1_500 {
        b.msg(raised(&format!("f({n})"), "KeyError"));
    }
    assert!(!pane(&b).contains("from the kernel's output"), "it was the oldest: {}", pane(&b));
}

/// So many cells of `lab` raise one after another, with tracebacks of that size; which of them still have theirs.
fn raise(count: usize, bytes: usize) -> Vec<bool> {
    let mut b = Bench::new();
    b.app.session.store = Store::new(Limits { ended_tasks: 10_000, ..Limits::default() });
    b.connect().undrawn = true;
    let name = |n: usize| format!("Error{n}");
    for n in 0..count {
        let (id, code) = (format!("r{n}"), format!("raise_{n}()"));
        let cell = Job { payload: format!(r#"{{"code": "{code}"}}"#), ..cell(&id) };
        let traceback = format!("Traceback of {n}\n{}", "x".repeat(bytes));
        b.later(0.1).runs(&cell).msg(Msg::Raised(Raised {
            service: "lab".into(),
            code: code.into(),
            name: name(n).into(),
            message: "'amp'".into(),
            traceback: traceback.into(),
        }));
        b.completed(&cell, &raised(&id, &name(n)));
    }
    let has = |n: usize| b.app.ui.traces.of(b.app.store().find(&format!("r{n}")).unwrap()).is_some();
    (0..count).map(has).collect()
}

#[test]
fn what_kernels_said_is_bounded_by_number_and_by_bytes_and_the_oldest_goes() {
    for (count, bytes, kept) in [(1_003, 10, 1_000), (40, 1 << 20, 31)] {
        let has = raise(count, bytes);
        let (gone, there) = has.split_at(count - kept);
        assert!(gone.iter().all(|has| !has) && there.iter().all(|has| *has), "{count} of {bytes}: {has:?}");
    }
}
