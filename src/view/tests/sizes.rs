//! Every screen at every size.

use super::{
    beside::beside,
    groups::{many, running},
    snapshots::{comparison, history, log, lost, notices, played, result, services},
    *,
};
use crate::app::{Layer, msg::Edited};

/// Every kind of layer, each once: a new one does not compile until it stands here, and then needs a screen below.
macro_rules! layers {
    ($($layer:ident)*) => {
        const LAYERS: &[&str] = &[$(stringify!($layer)),*];

        fn name_of(layer: &Layer) -> &'static str {
            match layer {
                $(Layer::$layer { .. } => stringify!($layer),)*
            }
        }
    };
}

layers! {
    Task Result Plot Table Pipe Choose Compose Schedule Services Beside Logs Record Failures History Notices Columns Compare Many Help Confirm Filter NameFilter
    Search GoTo CopyAs When Pick Rename Palette Welcome Address
}

/// Every screen, by its name.
pub(super) fn screens(charset: Charset) -> Vec<(&'static str, Bench)> {
    const SIZE: (u16, u16) = (120, 40);
    let open = |keys: &str, typed: &str, then: &str| {
        let mut b = lab(SIZE, charset);
        b.keys("g").keys(keys);
        b.types(typed).keys(then);
        b
    };
    let failed = |keys: &str| {
        let mut b = lab(SIZE, charset);
        read_failed(&mut b);
        b.keys(keys);
        b
    };
    let form = |kind: &str, keys: &str| {
        let mut b = lab(SIZE, charset);
        open_form(&mut b, "forms", kind);
        b.keys(keys);
        b
    };
    let result = |keys: &str, then: &str| {
        let mut b = result(SIZE, charset);
        b.keys(keys).msg(Msg::Wake).keys(then).msg(Msg::Wake);
        b
    };
    let past = |keys: &str, typed: &str, then: &str| {
        let mut b = history(SIZE, charset);
        b.keys(keys).types(typed).keys(then);
        b
    };
    let logged = |keys: &str, typed: &str, then: &str| {
        let mut b = log(SIZE, charset);
        b.keys(keys).types(typed).keys(then);
        b
    };
    let compared = |keys: &str| {
        let mut b = comparison(SIZE, charset);
        b.keys(keys);
        b
    };
    let played = |keys: &str, typed: &str| {
        let mut b = played(SIZE, charset, |replay| replay.paused = keys == "enter");
        b.keys(keys).types(typed);
        b
    };
    let mut code = form("Texts", "esc esc");
    open_form(&mut code, "lab", "RawIPython");
    code.paste("for q in qs:\n    run(q)  # a long comment behind it, so that it is wider than the screen is\nx = 'open");
    let mut opened = running(SIZE, charset);
    opened.key("enter");
    let mut offline = lab(SIZE, charset);
    offline.disconnect();
    vec![
        ("lanes", open("", "", "")),
        ("service in full", open("space space", "", "")),
        ("filter", open("/", "T1", "")),
        ("failed task", failed("")),
        ("failed task, wrapped", failed("w")),
        ("raw", failed("R w")),
        ("search", failed("/")),
        ("copied as", failed("c")),
        ("services", services(SIZE, charset)),
        ("log", logged("", "", "")),
        ("log, filtered", logged("/", "level:x", "")),
        ("record of the log", logged("k k k k enter", "", "")),
        ("record of the log, wrapped", logged("k k k k enter", "", "w R G")),
        ("lab", beside(SIZE, charset, "")),
        ("lab: what was told", beside(SIZE, charset, "tab")),
        ("lab: bus", beside(SIZE, charset, "tab tab j space")),
        ("failures", open("F", "", "")),
        ("failures of a kind", open("F enter j", "", "")),
        ("choose", open("s", "", "")),
        ("compose", open("s", "MeasureT1", "enter")),
        ("frame", open("s", "MeasureT1", "enter f9")),
        ("form", form("Lists", "enter")),
        ("form with a text", form("Texts", "down down down")),
        ("form with what is wrong", form("Numbers", "0 down 1 ctrl-s")),
        ("options", form("Choices", "up up enter")),
        ("fields to jump to", form("Optionals", "ctrl-g")),
        ("key of an entry", form("Lists", "ctrl-g b y enter enter enter")),
        ("frame of a form", form("Numbers", "f9")),
        ("group", running(SIZE, charset)),
        ("group, open", opened),
        ("many at once", many(SIZE, charset)),
        ("code", code),
        ("help", open("?", "", "")),
        ("no lab", lost(SIZE, charset)),
        ("address of a lab", {
            let mut b = lost(SIZE, charset);
            b.keys("a").types("ws://");
            b
        }),
        ("palette", open(":", "", "down down")),
        ("palette, of a failed task", failed(":")),
        ("question", open("s", "EnableHeater", "enter f7 ctrl-s")),
        ("leaving", open("q", "", "")),
        ("disconnected", offline),
        ("schedule", open("t", "", "a")),
        ("moving", open("t", "", "j J")),
        ("when", open("s", "MeasureT1", "enter f6")),
        ("result", result("/", "")),
        ("result, searched", result("/ t 1 enter", "j j")),
        ("plot", result("j j j j j j j p", "x")),
        ("plot, narrower", result("j j j j j j j p", "+ + right")),
        ("table", result("g j j j j j j j j t", "l o")),
        ("command for a value", result("|", "")),
        ("history", past("", "", "")),
        ("history, filtered", past("/", "outcome:x", "")),
        ("history, its filter named", past("/", "outcome:failed", "ctrl-s")),
        ("notices", notices(SIZE, charset)),
        ("columns", past("c j", "", "")),
        ("comparison", compared("")),
        ("comparison, its end", compared("G")),
        ("replay", played("", "")),
        ("replay of a task", played("enter", "")),
        ("moment to go to", played("@", "14:3")),
    ]
}

#[test]
fn every_layer_is_among_the_screens() {
    let mut shown: Vec<&str> = Vec::new();
    for (_, b) in screens(Charset::Unicode) {
        shown.extend(b.app.ui.layers.last().map(name_of));
    }
    let missing: Vec<&&str> = LAYERS.iter().filter(|layer| !shown.contains(layer)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn check(name: &str, b: &Bench) {
    let (width, height) = b.app.ui.size;
    let screen = b.screen();
    for pane in &screen.panes {
        assert!(
            pane.area.right() <= width && pane.area.bottom() <= height,
            "{name} {width}x{height}: {:?}",
            pane.area
        );
    }
    if let Some(at) = screen.cursor {
        assert!(at.x < width && at.y < height, "{name} {width}x{height}: cursor at {at}");
    }
    let lines = b.lines();
    assert_eq!(lines.len(), usize::from(height));
}

#[test]
fn shrinking_cell_by_cell_and_growing_again_gives_the_first_picture() {
    // A13.
    for (name, mut b) in screens(Charset::Unicode) {
        let first = b.lines();
        let (mut width, mut height) = (120_u16, 40_u16);
        let mut sizes = Vec::new();
        while width > 1 || height > 1 {
            sizes.push((width, height));
            if width > 1 {
                width -= 1;
                sizes.push((width, height));
            }
            height = (height - 1).max(1);
        }
        sizes.push((1, 1));
        for size in sizes.iter().chain(sizes.iter().rev()) {
            b.msg(Msg::Resize(size.0, size.1));
            check(name, &b);
        }
        assert_eq!(b.lines(), first, "{name}:\n{}\n---\n{}", first.join("\n"), b.lines().join("\n"));
    }
}

#[test]
fn odd_sizes_do_no_harm() {
    // A12.
    for (name, mut b) in [Charset::Unicode, Charset::Ascii].into_iter().flat_map(screens) {
        let first = b.lines();
        for size in [
            (0, 0),
            (1, 1),
            (1, 200),
            (200, 1),
            (2, 2),
            (10, 3),
            (0, 40),
            (120, 0),
            (19, 40),
            (20, 5),
            (59, 15),
            (500, 200),
        ] {
            b.msg(Msg::Resize(size.0, size.1));
            check(name, &b);
            // Keys work blind.
            for key in ["j", "k", "pagedown", "pageup", "G", "g"] {
                b.key(key);
                check(name, &b);
            }
            if size.0 >= 9 && size.1 >= 1 && (size.0 < 20 || size.1 < 5) {
                b.shows("too small");
            }
        }
        b.msg(Msg::Resize(120, 40));
        check(name, &b);
        assert_eq!(b.lines().len(), first.len());
    }
    // At the start too.
    for size in [(0, 0), (1, 1), (10, 3)] {
        let mut b = Bench::with(Settings::default(), size);
        check("start", &b);
        b.msg(Msg::Resize(80, 24)).shows("juicetop");
    }
}

#[test]
fn a_question_shows_all_that_it_asks_and_its_answers_at_every_size() {
    let settings = || Settings { guard: crate::config::Guard::new(["*"]), ..Settings::default() };
    let payload: String = (0..30).map(|n| format!("\"value_{n}\": {n}, ")).collect();
    let payload = format!("{{{}\"last\": \"{}\"}}", payload, "x".repeat(100));
    for (width, height) in [(40, 12), (20, 5), (30, 7), (60, 15), (80, 24), (200, 50)] {
        let mut b = Bench::with(settings(), (120, 40));
        b.keys("s").types("EnableHeater").keys("enter");
        b.msg(Msg::EditorClosed(Edited::Payload(Ok(payload.clone())))).later(1.0).keys("ctrl-s");
        let asked = b.confirm().lines.join(" ");
        b.msg(Msg::Resize(width, height));
        b.take();
        let mut seen = String::new();
        for _ in 0..200 {
            let lines = b.lines().join("\n");
            let answers = lines.contains("n do not send") && lines.contains("Y send it");
            assert!(answers, "{width}x{height}:\n{lines}");
            seen.push_str(&lines);
            b.key("down");
        }
        for word in asked.split_whitespace().filter(|word| word.len() < 12) {
            assert!(seen.contains(word), "{width}x{height}: {word} is never seen");
        }
        // A question that is longer than its place says so.
        let lines = b.lines().join("\n");
        assert!(!(7..=40).contains(&height) || lines.contains("more"), "{width}x{height}:\n{lines}");
        assert_eq!(b.take().len(), 0, "scrolling answers nothing");
        // Up again to where it began.
        b.keys("g");
        let first = b.lines();
        b.keys("G pagedown").keys("pageup pageup pageup pageup pageup pageup pageup").keys("g");
        assert_eq!(b.lines(), first);
    }
}
