//! How the screens look. `INSTA_UPDATE=always cargo test view` takes over what is new; look at it before you commit.

use insta::assert_snapshot;
use ratatui::style::{Color, Modifier};

use super::*;
use crate::theme::{Depth, Role, Themes};

const SIZES: [(u16, u16); 3] = [(80, 24), (40, 12), (200, 50)];

fn name(what: &str, (width, height): (u16, u16)) -> String {
    format!("{what}_{width}x{height}")
}

#[test]
fn lanes() {
    for size in SIZES {
        assert_snapshot!(name("lanes", size), text(&lab(size, Charset::Unicode)));
    }
    assert_snapshot!("lanes_ascii", text(&lab((80, 24), Charset::Ascii)));
}

#[test]
fn a_failed_task() {
    for size in SIZES {
        let mut b = lab(size, Charset::Unicode);
        read_failed(&mut b);
        assert_snapshot!(name("failed", size), text(&b));
    }
    let mut b = lab((80, 24), Charset::Ascii);
    read_failed(&mut b);
    assert_snapshot!("failed_ascii", text(&b));
    b.keys("G");
    assert_snapshot!("failed_end_ascii", text(&b));
}

/// Among the services: one is restarted, one was interrupted, one is not reached.
pub(super) fn services(size: (u16, u16), charset: Charset) -> Bench {
    use crate::{
        app::{
            services::{About, Told},
            tests::services::process,
        },
        wire::{
            Text,
            control::{Deed, Failure},
        },
    };
    let mut b = lab(size, charset);
    let names: Vec<Text> = b.app.store().services().map(|service| service.name.clone()).collect();
    let about = |service: &Text| About {
        service: service.clone(),
        url: format!("ws://juice-{service}:5120"),
        supervisor: format!("juice-{service}:9001"),
        entrypoint: "orangeqs.juice.service:IPythonService".to_owned(),
        version: Some("26.43.0".to_owned()),
    };
    b.app.ui.services.about = Ok(names.iter().map(about).collect());
    b.app.ui.moved = true;
    b.go_to("lab").keys("m");
    let unreached = Failure::of(
        "the supervisord at juice-fridge:9001 cannot be reached: nobody answers there",
        "it is reached from inside the lab's network",
    );
    for service in names {
        let process = match &*service {
            "fridge" => Err(unreached.clone()),
            _ => Ok(process("RUNNING")),
        };
        let barred = vec![(Deed::Rebuild, "the lab's orchestrator is not on this machine".to_owned())];
        b.msg(Msg::Services(Told::Looked(service, process, barred)));
    }
    b.msg(Msg::Services(Told::AllLooked));
    b.keys("i").later(1.0).keys("y");
    b.msg(Msg::Services(Told::Done("lab".into(), Deed::Interrupt, Err(Failure::of("nothing was done", "")))));
    b.later(1.0).msg(Msg::Wake);
    b
}

#[test]
fn the_services() {
    for size in SIZES {
        let mut b = services(size, Charset::Unicode);
        assert_snapshot!(name("services", size), text(&b));
        b.keys("g j");
        assert_snapshot!(name("services_not_reached", size), text(&b));
        b.keys("G r");
        assert_snapshot!(name("services_question", size), text(&b));
    }
    assert_snapshot!("services_ascii", text(&services((80, 24), Charset::Ascii)));
}

/// The services' log in the middle of a day.
pub(super) fn log(size: (u16, u16), charset: Charset) -> Bench {
    use crate::app::tests::logs::{Said, answer, of};
    let mut b = of(size, charset);
    b.keys("J");
    let said = [
        Said("lab", 20, "cell 12 ended", 2.0),
        Said("task-manager", 10, "Routing task 4f2a91c3-e968-47e5-ada0-60ccc33cccdb to lab", 2.5),
        Said(
            "fridge",
            35,
            "valve 3 took 4.2 s to close, which is longer than the 2 s that are usual for it and for its kind",
            4.0,
        ),
        Said("fridge", 30, "thermometer_2 was read late", 8.0),
        Said("lab", 40, "Uncaught exception: ValueError: no peak\nin 3 ranges of q3", 20.0),
        Said("a-service-with-a-long-name", 50, "gone", 33.0),
        Said("lab", 20, "connected", 45.0),
    ];
    answer(&mut b, &said, true);
    b
}

/// What was told in the middle of a day: two notices, some that were held back, notes of all kinds.
pub(super) fn notices(size: (u16, u16), charset: Charset) -> Bench {
    use crate::app::{Severity, notices::Rules};
    let mut b = lab(size, charset);
    b.app.settings.notices = Rules { first_failures: true, most: 2, ..Rules::default() };
    let on_lab = |id: &str| Job { service: "lab".into(), ..job(id) };
    b.later(1.0).msg(Msg::Done(Ok("copied: the task's name".into())));
    for (good, bad) in [("q1", "q2"), ("q3", "q4"), ("q5", "q6")] {
        b.later(1.0).ran(&on_lab(good)).runs(&on_lab(bad));
        b.completed(&on_lab(bad), &error(bad, "ValueError", "no peak", "Traceback"));
    }
    let now = b.now;
    b.app.tell(Severity::Warning, "not pasted: nothing here takes text", now);
    b.app.tell(Severity::Warning, "not pasted: nothing here takes text", now);
    let why = "the recording cannot be written to ~/lab.jsonl: no space is left on the device; what was \
               written before that stands there, and can be replayed as far as it goes";
    b.app.tell(Severity::Error, why, now);
    b.later(9.0).msg(Msg::Wake).keys("N j");
    b
}

#[test]
fn what_was_told() {
    for size in SIZES {
        let mut b = notices(size, Charset::Unicode);
        assert_snapshot!(name("notices", size), text(&b));
        b.keys("k k k");
        assert_snapshot!(name("notices_note", size), text(&b));
        let mut empty = Bench::with(Settings { lab: "cellar".into(), ..Settings::default() }, size);
        empty.keys("N");
        assert_snapshot!(name("notices_empty", size), text(&empty));
    }
    assert_snapshot!("notices_ascii", text(&notices((80, 24), Charset::Ascii)));
}

/// Clocks with seconds depend on where the test runs.
fn without_clocks(b: &Bench) -> String {
    let clock = regex::Regex::new(r"\d\d:\d\d:\d\d").unwrap();
    let text = undated(text(b));
    clock.replace_all(&text, "HH:MM:SS").into_owned()
}

#[test]
fn the_log() {
    use crate::wire::logs::Failed;
    for size in SIZES {
        let mut b = log(size, Charset::Unicode);
        assert_snapshot!(name("log", size), without_clocks(&b));
        b.keys("k k k k enter");
        assert_snapshot!(name("log_record", size), without_clocks(&b));
        b.keys("esc ctrl-r");
        let id = crate::app::tests::logs::asked(&mut b).unwrap().id;
        let what = "Juice's database at http://influxdb2:8086 refuses the token (unauthorized access); a token that may read it stands \
            in Juice's influxdb-tokens, or in the file that [influxdb] token-file names";
        b.msg(Msg::LogAnswered(id, Err(Failed { what: what.to_owned(), passes: false })));
        assert_snapshot!(name("log_failed", size), without_clocks(&b));
    }
    let mut b = log((80, 24), Charset::Ascii);
    b.keys("g k /").types("level:warning no peak");
    assert_snapshot!("log_ascii", without_clocks(&b));
    let mut b = lab((40, 12), Charset::Unicode);
    b.keys("J");
    assert_snapshot!("log_of_nobody", text(&b));
}

#[test]
fn failures_together() {
    for (what, size, charset) in [
        ("failures", (80, 24), Charset::Unicode),
        ("failures", (40, 12), Charset::Unicode),
        ("failures", (200, 50), Charset::Unicode),
        ("failures_ascii", (80, 24), Charset::Ascii),
    ] {
        let mut b = lab(size, charset);
        for (number, seconds) in [0, 40, 300, 310, 320, 900].into_iter().enumerate() {
            let id = format!("tune-{number}");
            let line = if number == 4 { 31 } else { 22 };
            let traceback = format!(
                "Traceback (most recent call last):\n  File \"/lab/measure/calibrate.py\", line {line}, in half_turn\n    fit(x)\nRuntimeError: no peak in 3 ranges\n"
            );
            let tune = Job { service: "lab".into(), name: format!("Tune: qubit='q{number}'"), ..job(&id) };
            b.later(f64::from(seconds) / 10.0).runs(&tune).later(4.2);
            b.completed(&tune, &error(&id, "RuntimeError", "no peak in 3 ranges", &traceback));
        }
        b.keys("F");
        assert_snapshot!(name(what, size), text(&b));
        b.keys("enter j");
        assert_snapshot!(name(&format!("{what}_open"), size), text(&b));
    }
}

#[test]
fn a_task_that_ended_well() {
    let mut b = lab((80, 24), Charset::Unicode);
    b.app.ui.selected =
        Some(crate::app::lanes::Selected::task("lab".into(), crate::store::TaskKey("t1-2".into())));
    b.key("enter");
    assert_snapshot!(text(&b));
}

#[test]
fn composing() {
    for size in [(80, 24), (40, 12)] {
        let mut b = lab(size, Charset::Unicode);
        b.keys("s");
        assert_snapshot!(name("choose", size), text(&b));
        b.types("MeasureT1").keys("enter");
        assert_snapshot!(name("compose", size), text(&b));
        b.paste("\"");
        b.later(30.0).msg(Msg::Wake);
        assert_snapshot!(name("compose_wrong", size), text(&b));
        b.keys("f7 f9");
        assert_snapshot!(name("compose_frame", size), text(&b));
    }
}

/// A form in each state that has a look of its own.
fn forms(size: (u16, u16), charset: Charset) -> Vec<(&'static str, Bench)> {
    let open = |kind: &str, keys: &str| {
        let mut b = lab(size, charset);
        open_form(&mut b, "forms", kind);
        b.keys(keys).later(30.0).msg(Msg::Wake);
        b
    };
    let mut code = lab(size, charset);
    open_form(&mut code, "lab", "RawIPython");
    code.paste(
        "for q in ['q1', 'q2']:\n    t1 = measure(q, averages=2_000)\n    print(q, t1)  # in µs\n%time fit(",
    );
    vec![
        ("form", open("Numbers", "")),
        ("form_wrong", open("Optionals", "down 5 down 6 1 up up ctrl-end enter ctrl-home")),
        ("form_lists", open("Lists", "enter alt-a q 5 alt-up")),
        ("form_options", open("Choices", "up c s l o t 7")),
        ("form_unions", open("Unions", "enter g enter down 8")),
        ("form_secret", open("Login", "m e down p w")),
        ("form_code", code),
    ]
}

#[test]
fn forms_at_three_sizes() {
    for size in SIZES {
        for (what, b) in forms(size, Charset::Unicode) {
            assert_snapshot!(name(what, size), text(&b));
        }
    }
    for (what, b) in forms((80, 24), Charset::Ascii) {
        assert!(b.lines().iter().all(|l| l.is_ascii()), "{}", b.lines().join("\n"));
        assert_snapshot!(format!("{what}_ascii"), text(&b));
    }
}

#[test]
fn without_colour_a_form_says_everything_in_signs_and_words() {
    let themes = Themes::new([]);
    for theme in ["dark", "mono", "okabe-light"] {
        let theme = themes.load(theme).0.at(Depth::None);
        for size in SIZES {
            for (what, b) in forms(size, Charset::Unicode) {
                let buffer = b.buffer(&theme);
                for cell in buffer.content() {
                    assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{what} {size:?}");
                }
            }
        }
    }
}

#[test]
fn help_and_questions() {
    for size in [(80, 24), (40, 12)] {
        let mut b = lab(size, Charset::Unicode);
        b.keys("?");
        assert_snapshot!(name("help", size), text(&b));
        b.types("traceback");
        assert_snapshot!(name("help_search", size), text(&b));
        b.keys("esc s").types("EnableHeater").keys("enter f7 ctrl-s");
        assert_snapshot!(name("confirm", size), text(&b));
        b.keys("n esc q");
        assert_snapshot!(name("quit", size), text(&b));
    }
}

/// A first start where no lab was found.
pub(super) fn lost(size: (u16, u16), charset: Charset) -> Bench {
    use crate::{app::tests::down, wire::link::Line};
    let looked = [
        "/var/run/juice, where a running task manager writes its address: is not there",
        "/etc/juice/config, where it is configured: is not there",
        "juice-task-manager:5124, its name inside Juice's own network: see above",
        "~/.config/juicetop/config.toml, your own configuration: is not there",
    ];
    let looked = looked.map(str::to_owned).into();
    let settings = Settings { charset, looked, lab: "juice-task-manager:5124".into(), ..Settings::default() };
    let mut b = Bench::offline(settings, size);
    let state = down(b.now);
    b.link(Line::Bus, state.clone()).link(Line::Router, state);
    b
}

#[test]
fn a_first_start_without_a_lab() {
    for size in SIZES {
        assert_snapshot!(name("no_lab", size), text(&lost(size, Charset::Unicode)));
    }
}

#[test]
fn the_palette() {
    for size in SIZES {
        let mut b = lab(size, Charset::Unicode);
        b.keys("j :");
        assert_snapshot!(name("palette", size), text(&b));
        b.types("send");
        assert_snapshot!(name("palette_search", size), text(&b));
    }
}

#[test]
fn filter_and_banner() {
    for size in SIZES {
        let mut b = lab(size, Charset::Unicode);
        b.keys("/");
        b.paste("T1 outcome:x");
        assert_snapshot!(name("filter", size), text(&b));
        b.keys("esc").disconnect();
        assert_snapshot!(name("disconnected", size), text(&b));
        b.later(95.0).connect();
        assert_snapshot!(name("gap", size), text(&b));
    }
    let mut b = Bench::offline(Settings { lab: "cellar".into(), ..Settings::default() }, (80, 24));
    b.disconnect();
    assert_snapshot!("never_connected", text(&b));
}

#[test]
fn in_ascii_every_cell_is_ascii_and_none_of_our_own_signs_is_an_escape() {
    let mut b = lab((120, 40), Charset::Ascii);
    for keys in [
        "",
        "/",
        "esc ?",
        "esc s",
        "T 1 enter",
        "f9",
        "f9 ctrl-u { {",
        "esc q",
        "n j j j enter",
        "w",
        "R",
        "esc G k enter",
        "o",
    ] {
        for key in keys.split_whitespace() {
            b.keys(key);
        }
        let lines = b.lines();
        for line in &lines {
            assert!(line.is_ascii(), "after {keys}: {line}");
            assert!(!line.contains("\\u") && !line.contains("\\x"), "after {keys}: {line}");
        }
    }
    read_failed(&mut b);
    assert!(b.lines().iter().all(|l| !l.contains("\\u") && !l.contains("\\x")), "{}", b.lines().join("\n"));
}

#[test]
fn without_colour_the_selection_is_reversed_and_no_cell_has_a_colour() {
    let themes = Themes::new([]);
    for name in ["dark", "mono", "okabe-light"] {
        let theme = themes.load(name).0.at(Depth::None);
        for size in SIZES {
            let mut b = lab(size, Charset::Unicode);
            b.keys("j");
            let buffer = b.buffer(&theme);
            for cell in buffer.content() {
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{name}");
            }
            let row = b.app.selected_row().unwrap() - b.app.first_row();
            let area = b.app.areas().lanes;
            let head = u16::from(size.0 < 60);
            let y = area.y + head + row as u16;
            let is_reversed =
                |y| (0..area.width).all(|x| buffer[(x, y)].modifier.contains(Modifier::REVERSED));
            assert!(is_reversed(y), "{name} {size:?}");
            assert_eq!((area.y..area.bottom()).filter(|y| is_reversed(*y)).count(), 1, "{name} {size:?}");
        }
    }
}

#[test]
fn states_have_their_colour_and_an_old_picture_is_dimmed() {
    let theme = Themes::new([]).load("dark").0;
    let mut b = lab((80, 24), Charset::Unicode);
    let find = |b: &Bench, sign: &str| {
        let buffer = b.buffer(&theme);
        let cell = buffer.content().iter().skip(80).find(|c| c.symbol() == sign).unwrap().clone();
        cell.style()
    };
    let glyphs = crate::theme::Glyphs::of(Charset::Unicode);
    for (sign, role) in
        [(glyphs.running, Role::Running), (glyphs.failed, Role::Failed), (glyphs.ok, Role::Ok)]
    {
        assert_eq!(find(&b, sign).fg, theme.style(role).fg, "{sign}");
    }
    b.disconnect();
    let buffer = b.buffer(&theme);
    let stale = theme.style(Role::Stale);
    assert!(buffer.content().iter().skip(80).all(|c| stale.fg.is_none() || c.style().fg == stale.fg));
    let lost = theme.style(Role::Lost);
    let sign = buffer.content().iter().take(80).find(|c| c.symbol() == glyphs.bullet).unwrap();
    assert_eq!(sign.style().fg, lost.fg, "the header says what is wrong: {}", b.lines()[0]);
    let count = buffer.content().iter().take(80).find(|c| c.symbol() == glyphs.failed).expect("a count");
    assert_eq!(count.style().fg, theme.style(Role::Dim).fg, "the counts are as old: {}", b.lines()[0]);
}

#[test]
fn the_schedule() {
    for size in SIZES {
        let mut b = scheduled(size);
        b.keys("t j space");
        assert_snapshot!(name("schedule", size), text(&b));
        b.keys("x");
        assert_snapshot!(name("schedule_cancel", size), text(&b));
        b.keys("n j K");
        assert_snapshot!(name("schedule_move", size), text(&b));
    }
    let mut b = Bench::new();
    b.msg(Msg::Resize(80, 24)).keys("t");
    assert_snapshot!("schedule_empty", text(&b));
}

/// The picture with its dates hidden: they depend on the machine's time zone.
fn dated(b: &Bench) -> String {
    undated(text(b))
}

/// Moments of the past depend on where the test runs.
fn undated(text: String) -> String {
    let date = regex::Regex::new(r"\d\d (Nov|Oct)( 2026)?( \d\d:\d\d(:\d\d)?)?").unwrap();
    date.replace_all(&text, |found: &regex::Captures| "D".repeat(found[0].len())).into_owned()
}

/// A table of the past, answered by hand.
pub(super) fn history(size: (u16, u16), charset: Charset) -> Bench {
    use crate::store::{Past, past::query::Found};
    let mut b = lab(size, charset);
    let mut lines: Vec<_> = b.app.store().tasks().map(Past::of).collect();
    // One of last year, whose beginning was not seen.
    let mut old = lines[0].clone();
    old.started = None;
    old.heard = crate::time::Now::at(-0.0).utc - chrono::TimeDelta::days(400);
    old.service = "a-service-with-a-long-name".into();
    lines.push(old);
    let lines: Vec<_> = lines.into_iter().zip(1..).map(|(past, n)| (n, std::sync::Arc::new(past))).collect();
    b.keys("h");
    let total = lines.len() + 5;
    b.msg(Msg::Found(Found { id: 1, lines, total, left_out: 0, gone: 12, until: Some(b.now.utc), lost: 0 }));
    b
}

#[test]
fn what_never_reached_the_history_stands_above_it() {
    use crate::store::past::query::Found;
    let mut b = history((80, 24), Charset::Unicode);
    b.shows_not("changes lost");
    b.msg(Msg::Found(Found { id: 1, lost: 7, ..Found::default() }));
    b.shows("7 changes lost");
}

#[test]
fn the_history() {
    for size in SIZES {
        assert_snapshot!(name("history", size), dated(&history(size, Charset::Unicode)));
    }
    let mut b = history((80, 24), Charset::Ascii);
    assert_snapshot!("history_ascii", dated(&b));
    b.keys("/").types("outcome:x");
    assert_snapshot!("history_wrong", dated(&b));
    let mut b = lab((40, 12), Charset::Unicode);
    b.keys("h");
    assert_snapshot!("history_reading", text(&b));
}

/// Two runs of one measurement side by side.
pub(super) fn comparison(size: (u16, u16), charset: Charset) -> Bench {
    use crate::{
        app::compare::{Compare, Comparison, Side},
        store::Past,
    };
    let mut b = Bench::with(Settings { charset, ..Settings::default() }, size);
    let runs = [
        (
            "q1",
            1_000,
            r#"{"t1_us": 42.81, "fit": {"ok": true, "error": 0.02}, "trace": [0.1, 0.2, 0.3, 0.25, 0.1, 0.05, 0.021, 0.02, 0.01, 0.0]}"#,
        ),
        (
            "q2",
            2_000,
            r#"{"t1_us": 38.5, "fit": {"ok": true, "error": 0.31, "note": "the decay is slower than the window: 200 us would be needed, and the first points lie below the fit"}, "trace": [0.1, 0.2, 0.3, 0.25, 0.1, 0.05, 0.021, 0.02, 0.01, 0.5]}"#,
        ),
    ];
    let mut ids = Vec::new();
    for (qubit, averages, result) in runs {
        let task = Job {
            kind: "MeasureT1".into(),
            name: format!("MeasureT1: qubit='{qubit}'"),
            payload: format!(r#"{{"qubit": "{qubit}", "averages": {averages}, "points": [0, 10, 50]}}"#),
            ..job(qubit)
        };
        let reply = format!(r#"{{"id": "{qubit}", "status": "ok", "result": {result}}}"#);
        b.runs(&task).later(if averages > 1_000 { 61.5 } else { 40.25 }).completed(&task, &reply).later(60.0);
        ids.push(qubit);
    }
    let side = |id: &str| {
        let task = b.app.store().find(id).unwrap().clone();
        Side { past: Past::of(&task), task, masked: false }
    };
    let comparison = Comparison::of([side("q2"), side("q1")], crate::result::diff::PATIENT).unwrap();
    b.app.ui.layers.push(crate::app::Layer::Compare(Box::new(Compare::new(comparison))));
    b
}

#[test]
fn a_comparison_and_the_choice_of_columns() {
    for size in SIZES {
        let mut b = comparison(size, Charset::Unicode);
        assert_snapshot!(name("compare", size), dated(&b));
        b.keys("G");
        assert_snapshot!(name("compare_end", size), dated(&b));
        let mut b = history(size, Charset::Unicode);
        b.keys("j space j j space c j");
        assert_snapshot!(name("history_columns", size), dated(&b));
    }
    let mut b = history((80, 24), Charset::Unicode);
    b.keys("/").types("outcome:failed took>1m").keys("ctrl-s").types("slow");
    assert_snapshot!("history_filter_saved", dated(&b));
}

#[test]
fn saying_when() {
    for size in [(80, 24), (40, 12)] {
        let mut b = lab(size, Charset::Unicode);
        b.keys("s").types("MeasureT1").keys("enter f6").types("2026-11-25T06:00+01:00");
        assert_snapshot!(name("when", size), text(&b));
    }
}

/// A task with a result of all kinds, looked into.
pub(super) fn result(size: (u16, u16), charset: Charset) -> Bench {
    let mut b = Bench::with(Settings { charset, lab: "cellar".into(), ..Settings::default() }, size);
    let signal: Vec<String> = (0..60).map(|n| format!("{:.4}", (-f64::from(n) / 20.0).exp())).collect();
    let delay: Vec<String> = (0..60).map(|n| format!("{n}.0")).collect();
    let runs: Vec<String> = (1..40)
        .map(|n| format!(r#"{{"qubit": "q{n}", "t1_us": {}, "note": null}}"#, f64::from(n * 37 % 50) / 2.0))
        .collect();
    let reply = format!(
        r#"{{"id": "q3", "status": "ok", "result": {{"t1_us": 41.70, "seed": 1208925819614629174706176, "name":
            "Caf\u00e9 \ud83d\udd2c\n", "lone": "a\ud800", "odd key": -0.0, "delay_us": [{}], "signal": [{}],
            "runs": [{}]}}}}"#,
        delay.join(", "),
        signal.join(", "),
        runs.join(", ")
    );
    b.at(1.0).runs(&job("q3")).at(5.0).completed(&job("q3"), &reply).keys("j v");
    b
}

#[test]
fn a_result() {
    for size in SIZES {
        let mut b = result(size, Charset::Unicode);
        b.keys("/").types("key:t1").keys("enter").msg(crate::app::Msg::Wake).msg(crate::app::Msg::Wake);
        assert_snapshot!(name("result", size), text(&b));
        b.keys("g j j j j j j j p").msg(crate::app::Msg::Wake).keys("x").msg(crate::app::Msg::Wake);
        assert_snapshot!(name("result_plot", size), text(&b));
        b.keys("esc j t").msg(crate::app::Msg::Wake).keys("l o");
        assert_snapshot!(name("result_table", size), text(&b));
    }
    let mut b = result((80, 24), Charset::Ascii);
    assert_snapshot!("result_ascii", text(&b));
    b.keys("j j j j j j j p").msg(crate::app::Msg::Wake);
    assert_snapshot!("result_plot_ascii", text(&b));
}

/// The screen with its styles: below each row a letter for the style of each column, `.` for the terminal's own; then
/// what the letters mean.
fn styled(b: &Bench, theme: &crate::theme::Theme) -> String {
    let buffer = b.buffer(theme);
    let mut styles: Vec<String> = Vec::new();
    let mut out = String::new();
    for (y, row) in text(b).lines().enumerate() {
        let mut letters = String::new();
        for x in 0..buffer.area.width {
            let style = buffer[(x, y as u16)].style();
            let colour = |c: Option<Color>| c.filter(|c| *c != Color::Reset).map(|c| format!("{c:?}"));
            let (fg, bg) = (colour(style.fg), colour(style.bg).map(|c| format!("on {c}")));
            let modifier = (!style.add_modifier.is_empty()).then(|| format!("{:?}", style.add_modifier));
            let words: Vec<String> = [fg, bg, modifier].into_iter().flatten().collect();
            letters.push(match words.is_empty() {
                true => '.',
                false => {
                    let words = words.join(" ");
                    let at = styles.iter().position(|known| *known == words).unwrap_or_else(|| {
                        styles.push(words);
                        styles.len() - 1
                    });
                    char::from(b'a' + at as u8)
                }
            });
        }
        let letters = letters.trim_end_matches('.');
        out.push_str(row);
        out.push('\n');
        if !letters.is_empty() {
            out.push_str(letters);
            out.push('\n');
        }
    }
    for (at, style) in styles.iter().enumerate() {
        out.push_str(&format!("{}: {style}\n", char::from(b'a' + at as u8)));
    }
    out
}

#[test]
fn errors_and_results_in_all_colours_in_sixteen_and_in_none() {
    let theme = Themes::new([]).load("dark").0;
    for (depth, word) in
        [(Depth::TrueColour, "true_colour"), (Depth::Ansi16, "sixteen"), (Depth::None, "none")]
    {
        let theme = theme.at(depth);
        for size in SIZES {
            let mut failed = lab(size, Charset::Unicode);
            read_failed(&mut failed);
            assert_snapshot!(name(&format!("failed_{word}"), size), styled(&failed, &theme));
            let history = history(size, Charset::Unicode);
            assert_snapshot!(name(&format!("history_{word}"), size), undated(styled(&history, &theme)));
            assert_snapshot!(
                name(&format!("compare_{word}"), size),
                undated(styled(&comparison(size, Charset::Unicode), &theme))
            );
            let mut result = result(size, Charset::Unicode);
            result.keys("j j j");
            assert_snapshot!(name(&format!("result_{word}"), size), styled(&result, &theme));
        }
    }
}

/// The laboratory as a recording shows it.
pub(super) fn played(
    size: (u16, u16),
    charset: Charset,
    change: impl FnOnce(&mut crate::app::replay::Replay),
) -> Bench {
    let mut b = lab(size, charset);
    let mut replay = crate::app::replay::Replay {
        file: "fault.jsonl".into(),
        length: std::time::Duration::from_secs(4000),
        entries: 200_000,
        ended: true,
        seen: 1234,
        paused: false,
        speed: 10.0,
        seeking: None,
    };
    change(&mut replay);
    b.app.settings.watch_only = Some(crate::app::replay::BARRED.to_owned());
    b.app.ui.replay = Some(replay);
    b.msg(Msg::Resize(size.0, size.1));
    b
}

#[test]
fn a_recording_that_is_played() {
    for size in SIZES {
        assert_snapshot!(name("replay", size), text(&played(size, Charset::Unicode, |_| {})));
        let mut b = played(size, Charset::Unicode, |replay| replay.paused = true);
        b.keys("enter");
        assert_snapshot!(name("replay_task", size), text(&b));
    }
    let mut b = played((80, 24), Charset::Ascii, |replay| {
        (replay.paused, replay.seen, replay.ended) = (true, 200_000, false);
    });
    assert_snapshot!("replay_cut_off_ascii", text(&b));
    b.keys("@").types("14:3");
    assert_snapshot!("replay_go_to_ascii", text(&b));
    let seeking = played((80, 24), Charset::Unicode, |replay| {
        replay.seeking = Some(std::time::Duration::from_secs(3000));
    });
    assert_snapshot!("replay_seeking", text(&seeking).lines().nth(1).unwrap_or_default());
}

#[test]
fn a_recording_that_is_written() {
    for size in SIZES {
        let mut b = lab(size, Charset::Unicode);
        b.msg(Msg::Recorded(Ok(1_234_567)));
        assert_snapshot!(name("recording", size), text(&b).lines().next().unwrap_or_default());
    }
    let mut b = lab((80, 24), Charset::Unicode);
    b.msg(Msg::Recorded(Ok(12))).msg(Msg::Recorded(Err("the recording has stopped: disk full".into())));
    let screen = text(&b);
    assert!(screen.contains("rec stopped") && screen.contains("has stopped"), "{screen}");
    // The sign stays when the notice is gone.
    b.later(60.0).msg(Msg::Wake);
    let screen = text(&b);
    assert!(screen.contains("rec stopped") && !screen.contains("has stopped"), "{screen}");
}
