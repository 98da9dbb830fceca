//! What must hold for any bytes, as plain functions: the tests try them with proptest, `cargo fuzz` with all it can think of.
//! Each panics where something does not hold.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use crossterm::event::KeyCode;
use juicetop::{
    app::{self, choices::Choices},
    catalogue::{
        Catalogue, TaskType, check,
        form::{Form, Origin},
        kept::Kept,
    },
    clean::{self, Charset, Clean},
    config::Config,
    net::{control::xml, influx::rows},
    printed::{self, Printed},
    recording::{Entry as Line, Head},
    result::{self, Index, Rows, Tree, Unreadable},
    store::filter::{Filter, Saved},
    term::{Input, Parser},
    theme::{Depth, Themes},
    time::Now,
    traceback::{Report, Section},
    wire::{frame::Reply, json},
};
use ratatui::buffer::CellWidth as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// A target: its name, and what must hold.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 13] = [
    ("bus", bus),
    ("reply", reply),
    ("traceback", traceback),
    ("result", result),
    ("schema", schema),
    ("theme", theme),
    ("filter", filter),
    ("configuration", configuration),
    ("keys", keys),
    ("files", files),
    ("clean", clean),
    ("answer", answer),
    ("printed", printed),
];

/// Entries and rows that are looked at: a document of millions is for the benchmarks.
const LOOKED_AT: usize = 200;

/// A traceback is read without a panic and without a loss: the pieces of the report are the text, byte for byte. The first
/// two lines may say what the reply knows of its last exception.
pub fn traceback(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (ename, rest) = text.split_once('\n').unwrap_or(("", &text));
    let (evalue, rest) = rest.split_once('\n').unwrap_or(("", rest));
    whole(&Report::parse(&text), &text);
    whole(&Report::read(rest, Some(ename), Some(evalue)), rest);
}

fn whole(report: &Report, raw: &str) {
    assert_eq!(&*report.raw, raw);
    let (Some(first), Some(last)) = (report.sections.first(), report.sections.last()) else {
        let is_empty = raw.chars().all(|c| c.is_whitespace() || c == '|');
        assert!(is_empty, "nothing but blanks and a group's margin has no section: {raw:?}");
        return;
    };
    assert_eq!(first.lines.start, 0, "{raw:?}");
    assert_eq!(last.lines.end, raw.strip_suffix('\n').unwrap_or(raw).split('\n').count(), "{raw:?}");
    let pieces: String = report.sections.iter().map(|section| report.text(section.lines.clone())).collect();
    assert_eq!(pieces, raw);
    let mut work: Vec<&Section> = report.sections.iter().collect();
    while let Some(section) = work.pop() {
        // In a text that no Python wrote a frame may come behind the members; still no line belongs to two.
        let mut parts: Vec<Range<usize>> = section.frames().map(|frame| frame.lines.clone()).collect();
        assert!(parts.iter().all(|frame| !frame.is_empty()), "{raw:?}");
        for member in &section.members {
            if let (Some(first), Some(last)) = (member.sections.first(), member.sections.last()) {
                parts.push(first.lines.start..last.lines.end);
            }
            work.extend(&member.sections);
        }
        parts.sort_by_key(|part| (part.start, part.end));
        let mut from = section.lines.start;
        for part in parts {
            assert!(from <= part.start && part.start <= part.end, "{part:?} in {raw:?}");
            from = part.end;
        }
        assert!(from <= section.lines.end, "{raw:?}");
    }
}

/// A result: what Python's JSON has is taken, what stands in it is found again by its path, and no text panics.
pub fn result(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let is_json = json::check(&text).is_ok();
    let index = match Index::new(&text) {
        Ok(index) => index,
        Err(why) => {
            let is_deep = matches!(why, Unreadable::TooDeep(_));
            assert!(!is_json || is_deep, "a JSON text of {} bytes is refused: {why}", text.len());
            return;
        }
    };
    let tree = Tree::new(&text, &index);
    let mut rows = Rows::new(&tree);
    rows.unfold(&tree, 0, 4);
    let shown = rows.rows(&tree, 0..rows.len().min(LOOKED_AT));
    assert_eq!(shown.len(), rows.len().min(LOOKED_AT));
    if !is_json {
        return;
    }
    assert_eq!(tree.raw(&tree.root().value), text.trim_matches([' ', '\t', '\n', '\r']));
    let mut work = vec![(result::Path::default(), tree.root())];
    let mut looked_at = 0;
    while let Some((path, entry)) = work.pop().filter(|_| looked_at < LOOKED_AT) {
        looked_at += 1;
        let written = path.to_string();
        assert_eq!(result::Path::parse(&written).as_ref(), Ok(&path), "{written}");
        let found = path.find(&tree).expect("a path of this tree");
        // Of members with one name the last one is found.
        let is_doubled = |other: &result::Entry| other.value != entry.value;
        assert!(found.value == entry.value || is_doubled(&found), "{written}");
        let children = tree.entries(Some(entry.value.start)).take(LOOKED_AT);
        work.extend(children.map(|child| {
            let mut deeper = path.clone();
            deeper.0.push(result::path::step(&tree, &child));
            (deeper, child)
        }));
    }
}

/// A message of the bus.
pub fn bus(data: &[u8]) {
    let _ = juicetop::wire::bus::decode(data);
    let frames: Vec<&[u8]> = data.split(|byte| *byte == 0).collect();
    // Signed by nobody, or its content would never be read.
    for key in ["", "key"] {
        let _ = juicetop::wire::kernel::read(&frames, key);
    }
}

/// A reply.
pub fn reply(data: &[u8]) {
    if let Ok(reply) = Reply::parse(String::from_utf8_lossy(data).as_ref().into()) {
        for ipython in [false, true] {
            let _ = (reply.result(ipython), reply.error(ipython));
        }
    }
}

/// A task type's schema, behind a zero a payload: there is a form, its payload is JSON, and the check judges it.
pub fn schema(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (schema, payload) = text.split_once('\0').unwrap_or((&text, "{}"));
    let mut task = TaskType::unheard("Any".into());
    task.schema = Some(schema.into());
    let mut form = Form::new(&task, None);
    let _ = form.fill(payload, Origin::Filled);
    let made = form.payload();
    assert!(json::check(&made).is_ok(), "{made}");
    let _ = (check(&task, &made), check(&task, payload), task.display_name(payload));
}

/// A theme: any text gives one, at worst the default.
pub fn theme(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let themes = Themes::new([(PathBuf::from("any.toml"), text)]);
    let (theme, _) = themes.load("any");
    for depth in [Depth::TrueColour, Depth::Ansi256, Depth::Ansi16, Depth::None] {
        let _ = theme.at(depth);
    }
}

/// A filter, also saved under a name.
pub fn filter(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut saved = Saved::default();
    saved.put("a", &text);
    let _ = Filter::parse(&text, &saved, Now::at(0.0));
    let _ = Filter::parse("@a", &saved, Now::at(0.0));
}

/// The configuration: any text gives one, and what is wrong has a line in it.
pub fn configuration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (_, problems) = Config::parse(Path::new("config.toml"), &text);
    for problem in problems {
        let _ = problem.to_string();
    }
}

/// What a terminal sends, a zero being a pause: it is bounded, and a key after it is that key.
pub fn keys(data: &[u8]) {
    let mut parser = Parser::new(0x7f, juicetop::term::ESCAPE_WAIT);
    let (mut now, mut out) = (0.0, Vec::new());
    let pause = |parser: &mut Parser, now: &mut f64, out: &mut Vec<Input>| {
        *now += 120.0;
        while parser.deadline().is_some_and(|at| at <= Now::at(*now).mono) {
            parser.expire(Now::at(*now), out);
        }
    };
    for part in data.split(|byte| *byte == 0) {
        parser.feed(part, Now::at(now), &mut out);
        pause(&mut parser, &mut now, &mut out);
    }
    assert!(out.len() <= data.len() + 1, "{} inputs of {} bytes", out.len(), data.len());
    out.clear();
    parser.feed(b"q", Now::at(now), &mut out);
    pause(&mut parser, &mut now, &mut out);
    assert!(matches!(&out[..], [Input::Key(key)] if key.code == KeyCode::Char('q')), "{out:?}");
}

/// What comes from files and from the database: recordings, catalogues, drafts, answers of InfluxDB.
pub fn files(data: &[u8]) {
    let _ = rows::read(data, 1_000);
    let text = String::from_utf8_lossy(data);
    let _ = (Head::read(&text), Line::read(&text));
    let _ = (app::kept::read_drafts(&text), app::kept::read_values(&text), Choices::read(&text));
    let _ = (Kept::read(&text), Catalogue::new().add_file("any.json", &text));
}

/// Text on its way to the screen: nothing is left that acts on a terminal, and no line is wider than it says.
pub fn clean(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for charset in [Charset::Unicode, Charset::Ascii] {
        let mut lines = Clean::lines(&text, charset);
        lines.push(Clean::line(&text, charset));
        lines.push(Clean::head(&text, charset, 20));
        assert!(lines.last().is_some_and(|head| head.width() <= 20), "{lines:?}");
        for line in lines {
            assert!(!line.as_str().chars().any(clean::acts), "{line:?}");
            let wide: usize =
                line.as_str().graphemes(true).map(|cluster| usize::from(cluster.cell_width())).sum();
            assert_eq!(wide, line.width(), "{line:?}");
            assert!(charset == Charset::Unicode || line.as_str().is_ascii(), "{line:?}");
        }
    }
}

/// An answer of supervisord's or of the orchestrator's: any text is a value, a fault, or no answer.
pub fn answer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = xml::answer(&text);
    // What a call says is found again in it.
    let call = xml::call(&text, &[&text]);
    assert!(call.ends_with("</params>\n</methodCall>\n") && !call.contains('\u{0}'), "{call:?}");
}

/// What a cell prints, in pieces that a zero ends: it takes what it says, and no more than it may.
pub fn printed(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut printed = Printed::default();
    for _ in 0..3 {
        text.split('\0').for_each(|piece| printed.feed(piece));
    }
    assert!(printed.bytes() <= 2 * 1024 * 1024, "{} bytes of {}", printed.bytes(), data.len());
    assert!(printed.lines().all(|line| !line.chars().any(|c| c < ' ')));
    assert!(printed.lines().count() <= 2_000);
    let _ = printed.last().map(|line| printed::bar(&line));
}
