//! Whatever the lab sends: no cell of the screen holds what a terminal would obey or could not show (A19), and
//! nothing stands where it does not belong (A15, A17, A18).

use ratatui::buffer::CellWidth;

use super::*;
use crate::{
    app::{
        Layer, Msg, outputs,
        services::{About, Told},
        session::Way,
        tests::{recorded, services::process},
    },
    catalogue::guard::Guard,
    theme::{Glyphs, Theme},
    wire::{
        control::{Deed, Failure},
        event::Event,
        json,
        link::{Incoming, Line, LinkState, Problem, ProblemKind},
    },
};

/// What must never reach a terminal.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}')
}

fn check(b: &Bench, what: &str) {
    let buffer = b.buffer(&Theme::plain());
    let (width, height) = b.app.ui.size;
    for y in 0..height {
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            if let Some(c) = symbol.chars().find(|c| is_forbidden(*c)) {
                panic!("{what}: U+{:04X} at {x},{y}:\n{}", u32::from(c), b.lines().join("\n"));
            }
            if b.app.settings.charset == Charset::Ascii {
                assert!(symbol.is_ascii(), "{what}: {symbol:?}");
            }
            x += symbol.cell_width().max(1);
        }
        assert_eq!(x, width, "{what}: a wide character hangs over the right edge in line {y}");
    }
    // The line between lanes and task stands in one column.
    let areas = b.app.areas();
    if let Some(side) = areas.side
        && matches!(b.app.ui.layers.last(), None | Some(Layer::Task(_)))
    {
        for y in side.y..side.bottom() {
            let symbol = buffer[(side.x - 1, y)].symbol();
            assert_eq!(symbol, Glyphs::of(b.app.settings.charset).bar_line, "{what}: line {y}");
        }
    }
}

/// Looks at a lab's every corner.
fn look_around(b: &mut Bench, what: &str) {
    check(b, what);
    for n in 0..b.app.rows().len().min(40) {
        b.keys("g");
        b.keys(&"j ".repeat(n));
        check(b, what);
        b.keys("enter");
        if !matches!(b.app.ui.layers.last(), Some(Layer::Task(_))) {
            continue;
        }
        for keys in ["", "w", "R", "w", "G", "pageup", "o", "R", "l l", "h h", "y Y S"] {
            b.keys(keys);
            check(b, what);
        }
        b.keys("/").types("e").keys("enter");
        check(b, what);
        b.keys("x");
        check(b, what);
        if !matches!(b.app.ui.layers.last(), Some(Layer::Task(_))) {
            b.keys("esc");
        }
        for keys in ["r", "f5", "ctrl-s"] {
            b.keys(keys);
            check(b, what);
        }
        while !b.app.ui.layers.is_empty() {
            b.keys("esc");
        }
        b.app.ui.drafts.clear();
    }
    for keys in ["s", "s backspace", "?", "q", "N j", "/ r o w enter"] {
        b.keys(keys);
        check(b, what);
        b.app.ui.layers.clear();
        b.app.ui.leaving = false;
    }
    b.keys("esc");
}

fn benches() -> Vec<Bench> {
    let mut all = Vec::new();
    for charset in [Charset::Unicode, Charset::Ascii] {
        for size in [(80, 24), (40, 12), (200, 50)] {
            all.push(Bench::with(Settings { charset, ..Settings::default() }, size));
        }
    }
    all
}

#[test]
fn hostile_names_do_no_harm_anywhere() {
    for mut b in benches() {
        let what = format!("{:?} {:?}", b.app.settings.charset, b.app.ui.size);
        for event in recorded("bus_hostile_names.jsonl") {
            let names: Vec<String> = match &event {
                Event::Task(t) => {
                    vec![t.target.to_string(), t.task_type.to_string(), t.display_name.to_string()]
                }
                _ => Vec::new(),
            };
            b.later(0.1).wire(Incoming::Bus(event));
            if let [target, kind, name] = &names[..] {
                let hostile =
                    Job { service: target.clone(), kind: kind.clone(), name: name.clone(), ..job("s") };
                let sid = format!("s{}", b.now.mono.as_millis());
                b.scheduled(&sid, None, &hostile, "queued");
                b.app.ui.hidden = true;
            }
        }
        look_around(&mut b, &what);
    }
}

#[test]
fn hostile_records_of_the_log_do_no_harm_anywhere() {
    use crate::{
        app::tests::logs::{asked, of},
        wire::{
            json,
            logs::{Found, Record},
        },
    };
    let odd = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{200b}\r\n\ta\u{0}\u{ad}量";
    for charset in [Charset::Unicode, Charset::Ascii] {
        for size in [(80, 24), (40, 12), (200, 50)] {
            let what = format!("{charset:?} {size:?}");
            let mut b = of(size, charset);
            b.keys("J");
            let id = asked(&mut b).unwrap().id;
            let value = json::quote(odd);
            let raw = format!(
                r#"{{"message": {value}, "name": {value}, "levelname": {value}, "exc_text": {value}, "stack_info": {value}, "pathname": {value}}}"#
            );
            let records = (0..60).map(|n| {
                let at = b.now.utc - chrono::TimeDelta::hours(n * 300);
                Record::read(at, odd, Some(35 + n), if n % 2 == 0 { &raw } else { odd })
            });
            let found = Found {
                records: records.collect(),
                at: b.now.utc,
                odd: 3,
                ahead: chrono::TimeDelta::zero(),
                room: 1 << 20,
                more: true,
            };
            b.msg(Msg::LogAnswered(id, Ok(found)));
            check(&b, &what);
            for keys in ["g", "enter", "R", "w", "G", "c", "esc", "esc", "G enter", "R esc", "/"] {
                b.keys(keys);
                check(&b, &format!("{what} {keys}"));
            }
        }
    }
}

#[test]
fn hostile_replies_do_no_harm_anywhere() {
    let control = case("frame_error_control_chars.json");
    let surrogates = case("frame_error_surrogates.json");
    let traceback = |name: &str| error("x", "Err\u{1b}[31m", "a\rb\u{202e}c\u{9b}2J\nline\ttwo", &case(name));
    let result = |name: &str| format!(r#"{{"id": "x", "status": "ok", "result": {}}}"#, case(name).trim());
    let mut replies = vec![control, surrogates];
    for name in [
        "tb_control_chars.txt",
        "tb_tab_error.txt",
        "tb_odd_filenames.txt",
        "tb_unprintable.txt",
        "tb_markup.txt",
        "tb_syntax_error_wide.txt",
    ] {
        replies.push(traceback(name));
    }
    for name in [
        "json_control_strings.json",
        "json_wide_text.json",
        "json_surrogates.json",
        "json_nan_inf.json",
        "json_deep_maps_450.json",
    ] {
        replies.push(result(name));
    }
    for mut b in benches() {
        let what = format!("{:?} {:?}", b.app.settings.charset, b.app.ui.size);
        for (n, reply) in replies.iter().enumerate() {
            let payload = if n % 2 == 0 {
                case("json_control_strings.json")
            } else {
                "{\"a\": \"\u{1b}\u{202e}\"}".into()
            };
            let task = Job { payload, ..job(&format!("x{n}")) };
            b.later(0.1).runs(&task).completed(&task, reply);
        }
        b.keys("space space");
        look_around(&mut b, &what);
    }
}

#[test]
fn hostile_schemas_do_no_harm_in_a_form() {
    // Names, titles, descriptions, options, defaults, patterns: all of it comes from elsewhere.
    let evil = json::quote("a\u{1b}]0;pwned\u{7}b\u{9b}2J\u{202e}c\u{200b}d\r\nforged\u{feff} 表表");
    let schema = format!(
        r#"{{"type": "object", "description": {evil}, "required": [{evil}], "properties": {{
            {evil}: {{"type": "string", "title": {evil}, "description": {evil}, "pattern": {evil}, "unit": {evil}}},
            "choice": {{"enum": [{evil}, 1, "表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表"], "default": {evil}}},
            "text": {{"type": "string", "default": {evil}}},
            "code": {{"type": "string", "default": {evil}}},
            "json": {{"default": {{{evil}: [{evil}]}}}},
            "list": {{"type": "array", "items": {{"type": "string"}}, "default": [{evil}, {evil}]}},
            "map": {{"type": "object", "additionalProperties": {{"type": "string"}}, "default": {{{evil}: {evil}}}}},
            "union": {{"anyOf": [{{"type": "string", "title": {evil}}}, {{"type": "integer"}}], "default": {evil}}},
            "fixed": {{"const": {evil}}},
            "secret": {{"type": "string", "format": "password", "writeOnly": true, "default": {evil}}}
        }}}}"#
    );
    let file = format!(
        r#"{{"services": {{"fridge": {{"entrypoint": "m:S", "kind": "plain", "tasks": {{"m:Evil": "S"}}}}}}, "tasks": [
            {{"type": "Evil", "class": "Evil", "module": "m", "parallel": true, "doc": {evil}, "schema": {schema}}}]}}"#
    );
    for mut b in benches() {
        let what = format!("{:?} {:?}", b.app.settings.charset, b.app.ui.size);
        assert_eq!(b.app.catalogue.add_file("evil.json", &file), []);
        b.keys("s").types("Evil").keys("enter");
        assert!(b.composer().form().is_some_and(|f| f.rows.len() >= 10), "{what}");
        check(&b, &what);
        for _ in 0..24 {
            for keys in ["alt-down", "right", "enter", "esc", "alt-k", "esc", "ctrl-s", "alt-g", "esc"] {
                if keys == "esc" && b.app.ui.layers.len() == 1 {
                    continue;
                }
                b.keys(keys);
                check(&b, &format!("{what}: {keys}"));
            }
        }
        b.keys("f5");
        check(&b, &what);
        b.keys("f5 f9");
        check(&b, &what);
    }
}

#[test]
fn hostile_words_of_connections_notices_and_fields_do_no_harm() {
    let evil = "a\u{1b}]0;pwned\u{7}b\u{9b}2J\u{202e}c\u{200b}d\r\nforged\u{feff}";
    for mut b in benches() {
        b.app.settings.lab = evil.into();
        check(&b, "lab");
        b.msg(Msg::Done(Err(evil.into())));
        check(&b, "notice");
        let problem = Problem { kind: ProblemKind::Closed, what: evil.into(), remedy: evil.into() };
        b.link(Line::Router, LinkState::Stopped { problem: problem.clone() });
        b.link(Line::Bus, LinkState::Stopped { problem });
        check(&b, "banner");
        b.connect().link(Line::Service(evil.into()), LinkState::Live);
        check(&b, "a service spoken to alone");
        for before in ["/", "?", "s"] {
            b.keys(before).paste(evil);
            check(&b, before);
            b.keys("enter");
            check(&b, before);
            b.app.ui.layers.clear();
        }
        // What was typed is shown with its marks, and the reason why it is not sent too.
        b.keys("esc s").types("T").keys("enter f7");
        b.paste("{\"\u{200b}\u{202e}\": 1}");
        check(&b, "composer");
        let unsent = Incoming::Unsent { id: "nobody".into(), why: evil.into() };
        b.wire(unsent);
        check(&b, "unsent");
        // An own task that was refused with such words.
        b.app.ui.layers.clear();
        let frame = crate::wire::frame::TaskFrame {
            id: "own".into(),
            target: "fridge".into(),
            task_type: evil.into(),
            parallel: true,
            display_name: evil.into(),
            show_in_dashboard: true,
            payload: format!("{{{}: {}}}", json::quote(evil), json::quote(evil)).into(),
        };
        b.app.session.submit(frame, &Way::Direct, b.now).unwrap();
        b.wire(Incoming::Unsent { id: "own".into(), why: evil.into() });
        look_around(&mut b, "not sent");
    }
}

#[test]
fn services_types_and_ids_that_look_alike_are_told_apart_wherever_they_stand() {
    for charset in [Charset::Unicode, Charset::Ascii] {
        let mut b = Bench::with(Settings { charset, ..Settings::default() }, (100, 40));
        // Cyrillic letters, a space that is none, a letter that joins nothing, an accent that stands apart.
        let odd = |id: &str, service: &str, kind: &str| Job {
            service: service.into(),
            kind: kind.into(),
            name: format!("{kind}: n=1"),
            ..job(id)
        };
        for (service, kind) in [
            ("lab", "Fit T1"),
            ("l\u{430}b", "Fit\u{a0}T1"),
            ("lab\u{2060}", "Fit T1 "),
            ("lab ", "F\u{456}t T1"),
        ] {
            b.later(0.1).ran(&odd(&format!("{service}-{kind}"), service, kind));
        }
        b.app.ui.folding.insert("l\u{430}b".into(), crate::app::lanes::Folding::All);
        b.msg(Msg::Wake);
        let written = ["l\\u0430b", "lab\\u2060", "lab\\x20", "Fit\\xa0T1", "Fit T1\\x20", "F\\u0456t T1"];
        for name in written {
            b.shows(name);
        }
        b.go_to("l\u{430}b").keys("j enter G");
        b.shows("service    l\\u0430b")
            .shows("type       Fit\\xa0T1")
            .shows("task id    l\\u0430b-Fit\\xa0T1");
        b.keys("esc s backspace").shows("l\\u0430b").shows("lab\\x20");
    }
}

#[test]
fn hostile_output_does_no_harm_in_the_lane_and_in_the_detail() {
    let evil =
        "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}evil\u{200b}\u{0} 表表\u{1b}[999C|\u{1b}[5A\u{1b}P";
    for mut b in benches() {
        let what = format!("{:?} {:?}", b.app.settings.charset, b.app.ui.size);
        let payload = r#"{"code": "x", "run_async": false}"#.to_owned();
        let cell = Job { service: "lab".into(), kind: "IPythonTask".into(), payload, ..job("a") };
        b.runs(&cell);
        for told in [outputs::Told::Begins("x".into()), outputs::Told::Printed(format!("{evil}\n{evil}"))] {
            b.msg(Msg::Printed("lab".into(), told));
        }
        b.later(0.2).msg(Msg::Wake);
        check(&b, &what);
        b.go_to("lab").keys("g j j enter");
        assert!(b.reader().page.document.lines.iter().any(|line| line.plain().contains("evil")), "{what}");
        for keys in ["", "w", "G", "l l"] {
            b.keys(keys);
            check(&b, &what);
        }
    }
}

#[test]
fn hostile_services_do_no_harm_in_their_list() {
    let evil = "a\u{1b}]0;pwned\u{7}b\u{9b}2J\u{202e}c\u{200b}d\r\nforged\u{feff} 表表";
    let name: crate::wire::Text = evil.into();
    for charset in [Charset::Unicode, Charset::Ascii] {
        for size in [(80, 24), (40, 12), (200, 50)] {
            let about = About {
                service: name.clone(),
                url: evil.into(),
                supervisor: evil.into(),
                entrypoint: evil.into(),
                version: Some(evil.into()),
            };
            let settings = Settings { charset, services: Ok(vec![about]), ..Settings::default() };
            let mut b = Bench::with(settings, size);
            let what = format!("{charset:?} {size:?}");
            b.app.session.store.apply(Input::Configured(vec![name.clone()]), b.now);
            b.go_to(evil).app.ui.moved = true;
            b.keys("m");
            let looked = crate::wire::control::Process { trouble: evil.into(), ..process(evil) };
            let barred = vec![(Deed::RestartContainer, evil.to_owned())];
            b.msg(Msg::Services(Told::Looked(name.clone(), Ok(looked), barred)))
                .msg(Msg::Services(Told::AllLooked));
            check(&b, &what);
            for keys in ["i", "n", "R", "r", "n", "b", "y"] {
                b.later(1.0).keys(keys);
                check(&b, &format!("{what}: {keys}"));
            }
            b.keys("r").later(1.0).keys("Y");
            b.msg(Msg::Services(Told::Stage(name.clone(), evil.into())));
            check(&b, &what);
            let failure = Failure { log: format!("{evil}\n{evil}"), ..Failure::of(evil, evil) };
            b.msg(Msg::Services(Told::Done(name.clone(), Deed::RestartProcess, Err(failure.clone()))));
            check(&b, &what);
            b.msg(Msg::Services(Told::Looked(name.clone(), Err(failure), Vec::new())));
            check(&b, &what);
            assert!(!b.app.ui.services.came.is_empty(), "{what}: {}", b.notice());
        }
    }
}

/// Every screen that tells which service something is about: where one letter of its name is not what it looks like, that
/// letter is never shown as it is. Only texts that are shown as they are (JSON) have it.
#[test]
fn no_screen_shows_a_name_as_another() {
    let service = "l\u{430}b";
    let told = shows_nowhere("\u{430}", "l\\u0430b", |id| Job {
        service: service.into(),
        kind: "MeasureT1".into(),
        name: format!("MeasureT1: qubit='{id}'"),
        ..job(id)
    });
    assert!(told.contains("link lost: MeasureT1: qubit='own' on l\\u0430b"), "{told}");
}

/// So is a value of a display name that sounds like a secret's.
#[test]
fn no_screen_shows_a_secret_of_a_display_name() {
    let told = shows_nowhere("hush", "password=", |id| Job {
        service: "lab".into(),
        kind: "Login".into(),
        name: format!("Login: password='hush hush {id}'"),
        ..job(id)
    });
    assert!(told.contains("link lost: Login: password=") && told.contains(" on lab"), "{told}");
}

/// Goes through all screens with tasks of that kind: on none is `never`, and on most is `shown` instead. Gives what is told last,
/// where a link is lost.
fn shows_nowhere(never: &str, shown: &str, on: impl Fn(&str) -> Job) -> String {
    let service = on("").service;
    let controlled = vec![crate::app::tests::services::about(&service)];
    let mut b = Bench::with(Settings { services: Ok(controlled), ..Settings::default() }, (100, 60));
    b.kernel(&service, "idle").ran(&on("old")).later(1.0).ran(&on("older")).later(1.0).ran(&on("oldest"));
    b.runs(&on("bad")).later(3.0).completed(&on("bad"), &error("bad", "ValueError", "no", "Traceback"));
    b.runs(&on("holder")).later(1.0).runs(&Job { parallel: true, ..on("beside") });
    b.scheduled("s1", None, &on("later"), "queued").scheduled("s2", None, &on("latest"), "queued");
    for (id, name) in [("m1", "1/2"), ("m2", "2/2")] {
        let name = format!("{} [all {name} #4f2a]", on(id).name);
        b.scheduled(&format!("s{id}"), None, &Job { name, ..on(id) }, "queued");
    }
    let mut wrong: Vec<String> = Vec::new();
    let mut check = |b: &Bench, what: &str| {
        let shown = b.lines().into_iter().filter(|line| line.contains(never) && !line.contains('"'));
        wrong.extend(shown.map(|line| format!("after {what}: {line}")));
    };
    let rows = b.app.rows().len();
    let mut told = 0;
    // Keys on each row of the lanes: reading, copying, sending again, cancelling, putting away, sending direct, editing …
    for row in 0..rows {
        for keys in [
            "",
            "space",
            "enter",
            "enter G",
            "enter T",
            "enter U",
            "enter v",
            "m",
            "m i",
            "m r",
            "m b",
            "c",
            "y",
            "r",
            "r ctrl-s",
            "r f6",
            "r f7 ctrl-s",
            "x",
            "X",
            "d",
            "D",
            "e",
            "u",
            "s",
            "s T 1 enter",
            "t",
            "t x",
            "t a",
            "t j x",
            "t j J",
            "t e",
            "F",
            "F enter",
            "F enter j enter",
            "h",
            "q",
            "ctrl-z",
            "k",
            "T",
            "?",
            "tab",
        ] {
            b.go_to(&service).keys(&"j ".repeat(row));
            b.keys(keys).msg(Msg::Wake);
            check(&b, keys);
            told += usize::from(b.lines().iter().any(|line| line.contains(shown)));
            b.keys("n");
            while !b.app.ui.layers.is_empty() {
                b.app.ui.layers.pop();
            }
            b.app.ui.leaving = false;
            b.app.ui.drafts.clear();
            b.take();
        }
    }
    assert!(told > rows * 20, "{told} of {rows} rows");
    // What is told at the moment: sent, given to the scheduler, refused, cancelled, seen to have been stopped.
    b.go_to(&service).keys("s").types(&on("").kind).keys("enter f7 ctrl-s").msg(Msg::Wake);
    check(&b, "sent");
    assert!(b.notice().contains(&*crate::clean::exact(&service)), "{}", b.notice());
    let cell = Job { kind: "IPythonTask".into(), ..on("cell") };
    b.completed(&on("holder"), &crate::app::tests::ok("holder")).runs(&cell);
    b.keys("m i").later(1.0).keys("y").msg(Msg::Services(Told::Signal(service.as_str().into())));
    check(&b, "an interrupt");
    b.msg(Msg::Services(Told::Done(service.as_str().into(), Deed::Interrupt, Ok(None))));
    b.completed(&cell, &crate::app::tests::ok("cell")).later(0.2).msg(Msg::Wake);
    assert!(b.notice().contains("ended after the signal"), "{}", b.notice());
    check(&b, "its end");
    // Where the link is lost under it.
    let mut b = Bench::with(Settings::default(), (100, 60));
    let own = on("own");
    let frame = crate::wire::frame::TaskFrame {
        id: "own".into(),
        target: own.service.as_str().into(),
        task_type: own.kind.as_str().into(),
        parallel: false,
        display_name: own.name.as_str().into(),
        show_in_dashboard: true,
        payload: own.payload.as_str().into(),
    };
    b.app.session.submit(frame, &Way::Direct, b.now).unwrap();
    b.disconnect();
    check(&b, "the link was lost");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    b.notice().to_owned()
}

/// Each control sign takes four columns, so that a short name can be longer than any screen.
#[test]
fn a_name_without_end_pushes_nothing_out_that_stands_behind_it() {
    let long = "\x1b".repeat(200);
    let guard = Guard::new([format!("Enable{long}"), format!("S{long}")]);
    for size in [(80, 24), (40, 12)] {
        let mut b = Bench::with(Settings { guard: guard.clone(), ..Settings::default() }, size);
        let head = |b: &Bench, says: &[&str]| {
            let lines = b.lines();
            let all = lines.iter().any(|line| says.iter().all(|word| line.contains(word)));
            assert!(all, "{says:?}\n{}", lines.join("\n"));
        };
        let kind = format!("Enable{long}");
        let one = Job { kind: kind.clone(), name: format!("{kind}: n=1"), ..job("one") };
        b.runs(&one).go_to("fridge").keys("j enter");
        head(&b, &["Enable\\x1b", "on fridge", "runs"]);
        b.completed(&one, &error("one", "ValueError", "no", "Traceback")).msg(Msg::Wake);
        head(&b, &["Enable\\x1b", "on fridge", "failed"]);
        // Names that stand behind each other share what there is.
        b.keys("r");
        let told: &[&str] = if size.0 < 80 { &[] } else { &["Enable\\x", "moves hardware"] };
        head(&b, &[&["Submit to fridge", "En"], told].concat());
        if size.0 < 80 {
            continue;
        }
        b.keys("esc esc");
        let service = format!("s{long}");
        let two = Job { service: service.clone(), ..job("two") };
        b.runs(&two).go_to(&service).keys("j enter");
        head(&b, &["MeasureT1", "on s\\x1b", "runs"]);
        b.completed(&two, &error("two", "ValueError", "no", "Traceback")).msg(Msg::Wake);
        head(&b, &["MeasureT1", "on s\\x1b", "failed"]);
        b.keys("esc F");
        head(&b, &["on s\\x1b", "█"]);
    }
}

/// Right-to-left writing beside borders and numbers: between blanks that nothing is moved across.
#[test]
fn a_right_to_left_name_stands_apart_from_its_neighbours() {
    for (width, height) in [(80, 24), (40, 12), (200, 50)] {
        let settings = Settings { lab: "מעבדה".into(), ..Settings::default() };
        let mut b = Bench::with(settings, (width, height));
        let hebrew = Job {
            service: "מקרר".into(),
            kind: "מדידה".into(),
            name: "מדידה: qubit='q1', הערה='שלום 12'".into(),
            ..job("עבודה")
        };
        let failed = error("עבודה", "ValueError", "ערך 42 שגוי", "Traceback");
        b.runs(&hebrew).later(3.0).completed(&hebrew, &failed);
        b.runs(&Job { id: "שתיים".into(), ..hebrew });
        b.go_to("מקרר").keys("j");
        let shown = text(&b).replace('\u{2800}', "·");
        insta::assert_snapshot!(format!("right_to_left_{width}x{height}"), shown);
    }
}
