//! What must hold for any bytes, as plain functions: the tests try them with proptest, `cargo fuzz` with all it can think of.
//! Each panics where something does not hold.

use std::ops::Range;

use juicetop::{
    net::influx::rows,
    recording::{Entry as Line, Head},
    result::{Index, Path, Rows, Tree, Unreadable},
    store::filter::{Filter, Saved},
    time::Now,
    traceback::{Report, Section},
    wire::{bus, frame::Reply, json},
};

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
        assert!(raw.trim().is_empty(), "nothing but blanks has no section: {raw:?}");
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
    let mut work = vec![(Path::default(), tree.root())];
    let mut looked_at = 0;
    while let Some((path, entry)) = work.pop().filter(|_| looked_at < LOOKED_AT) {
        looked_at += 1;
        let written = path.to_string();
        assert_eq!(Path::parse(&written).as_ref(), Ok(&path), "{written}");
        let found = path.find(&tree).expect("a path of this tree");
        // Of members with one name the last one is found.
        let is_doubled = |other: &juicetop::result::Entry| other.value != entry.value;
        assert!(found.value == entry.value || is_doubled(&found), "{written}");
        let children = tree.entries(Some(entry.value.start)).take(LOOKED_AT);
        work.extend(children.map(|child| {
            let mut deeper = path.clone();
            deeper.0.push(juicetop::result::path::step(&tree, &child));
            (deeper, child)
        }));
    }
}

/// What comes over the sockets: bus messages and replies.
pub fn wire(data: &[u8]) {
    let _ = bus::decode(data);
    if let Ok(reply) = Reply::parse(String::from_utf8_lossy(data).as_ref().into()) {
        for ipython in [false, true] {
            let _ = (reply.result(ipython), reply.error(ipython));
        }
    }
}

/// What comes from files and from the database: lines of a recording, answers of InfluxDB; and what a person types.
pub fn texts(data: &[u8]) {
    let _ = rows::read(data);
    let text = String::from_utf8_lossy(data);
    let _ = (Head::read(&text), Line::read(&text));
    let mut saved = Saved::default();
    saved.put("a", &text);
    let _ = Filter::parse(&text, &saved, Now::at(0.0));
}
