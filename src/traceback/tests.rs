//! The tracebacks in `tests/cases`, and forms that they do not have.

mod golden;
mod properties;

use std::collections::HashSet;
use std::path::Path;

use super::*;

fn case(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}

fn last(report: &Report) -> &Section {
    report.sections.last().unwrap()
}

fn functions(section: &Section) -> Vec<Option<&str>> {
    section.frames().map(|frame| frame.function.as_deref()).collect()
}

/// Every line that a report can show, trimmed, in all ways in which a text can have written it.
fn shown(report: &Report, all: &mut HashSet<String>) {
    fn put(all: &mut HashSet<String>, text: &str) {
        all.extend(text.split('\n').map(|line| line.trim().to_owned()));
    }
    for section in &report.sections {
        let Section { name, message, notes, entries, members, extra, .. } = section;
        let message = message.as_deref().unwrap_or_default();
        put(all, &format!("{name}: {message}"));
        put(all, name);
        put(all, message);
        put(all, &notes.join("\n"));
        put(all, &extra.join("\n"));
        for line in extra {
            put(all, line.trim_start_matches("... "));
        }
        for entry in entries {
            match entry {
                Entry::Repeated(1) => put(all, "[Previous line repeated 1 more time]"),
                Entry::Repeated(n) => put(all, &format!("[Previous line repeated {n} more times]")),
                Entry::Odd(line) => put(all, line),
                Entry::Frame(frame) => frame_lines(frame, all, put),
            }
        }
        for member in members {
            shown(member, all);
        }
    }
}

fn frame_lines(frame: &Frame, all: &mut HashSet<String>, put: fn(&mut HashSet<String>, &str)) {
    let Frame { file, function, source, .. } = frame;
    let line = frame.line.map_or("None".to_owned(), |line| line.to_string());
    let tail = function.as_ref().map_or(String::new(), |function| format!(", in {function}"));
    put(all, &format!("File \"{file}\", line {line}{tail}"));
    put(all, &format!("{file}, line {line}{tail}"));
    put(all, &format!("{file}{tail}"));
    put(all, &format!("File {file}:{line}{tail}"));
    put(all, &format!("File {file}{tail}"));
    if let Some(function) = function {
        put(all, &format!("{file} in {function}"));
        put(all, &format!("{file}, line {line} in {function}"));
        put(all, &format!("File {file}:{line} in {function}"));
        put(all, &format!("File {file} in {function}"));
    }
    for source in source {
        put(all, &source.text);
        put(all, &source.marks);
        if let Some(number) = source.number {
            put(all, &format!("{number} {}", source.text));
        }
    }
}

/// The first line of `raw` that the report does not show.
fn lost(raw: &str, report: &Report) -> Option<String> {
    let mut all = HashSet::new();
    shown(report, &mut all);
    let plain = lines::without_colours(raw);
    let is_shown = |line: &str| {
        let line = line.trim();
        let bare = line.trim_start_matches('-').trim_start_matches('>').trim();
        let made = |line: &str| {
            lines::header(line).is_some()
                || lines::link(line).is_some()
                || (!line.is_empty() && line.bytes().all(|b| b == b'-'))
        };
        line.is_empty() || all.contains(line) || all.contains(bare) || made(line)
    };
    let divider = |line: &str| {
        let title = line.trim().trim_matches(['+', '-', ' ']);
        line.trim().starts_with('+')
            && (title.is_empty() || title == "..." || title.bytes().all(|b| b.is_ascii_digit()))
    };
    let margin = |line: &str| {
        let line = line.trim_start_matches(' ');
        line.strip_prefix('|').or_else(|| line.strip_prefix("+ ")).map(str::to_owned)
    };
    plain
        .split('\n')
        .find(|line| !(is_shown(line) || divider(line) || margin(line).is_some_and(|line| is_shown(&line))))
        .map(str::to_owned)
}

/// What stands in the text is whose: the sections and members follow one another, frames stand inside, and together
/// the pieces are the text, byte for byte.
fn assert_whole(report: &Report) {
    let raw = &*report.raw;
    let Some(last) = report.sections.last() else { return };
    assert_eq!(report.sections[0].lines.start, 0, "{raw}");
    let pieces: String = report.sections.iter().map(|section| report.text(section.lines.clone())).collect();
    assert_eq!(pieces, raw);
    assert_eq!(last.lines.end, raw.strip_suffix('\n').unwrap_or(raw).split('\n').count());
    let mut work: Vec<&Section> = report.sections.iter().collect();
    while let Some(section) = work.pop() {
        let mut from = section.lines.start;
        for frame in section.frames() {
            assert!(from <= frame.lines.start && frame.lines.start < frame.lines.end, "{raw}\n{frame:?}");
            from = frame.lines.end;
            let text = report.text(frame.lines.clone());
            let plain = lines::without_colours(text);
            let file = frame.file.split('\n').next().unwrap();
            assert!(plain.contains(file) || text.contains(file), "{text:?} without {file:?}");
        }
        assert!(from <= section.lines.end, "{raw}");
        for member in &section.members {
            let Some(end) = member.sections.last().map(|s| s.lines.end) else { continue };
            assert!(from <= member.sections[0].lines.start, "{raw}");
            for pair in member.sections.windows(2) {
                assert_eq!(pair[0].lines.end, pair[1].lines.start);
            }
            from = end;
            work.extend(&member.sections);
        }
        assert!(from <= section.lines.end, "{raw}");
    }
}

/// Name, ename and evalue of what the text of each case was made with, as far as a reply would say it.
const KNOWN: &[(&str, &str, &str)] = &[
    ("tb_carets.txt", "ZeroDivisionError", "float division by zero"),
    ("tb_no_frames.txt", "OSError", "[Errno -2] Name or service not known"),
    ("tb_no_message.txt", "NotImplementedError", ""),
    ("tb_cancelled.txt", "CancelledError", ""),
    ("tb_notes.txt", "ValueError", "sweep failed"),
    ("tb_remote_pool.txt", "ValueError", "pool job failed"),
    ("tb_exception_group.txt", "ExceptionGroup", "two lanes failed (3 sub-exceptions)"),
    ("tb_markup.txt", "KeyError", "'[/red] [bold]x[/] {0} %s %n $HOME `id` <b>&amp;</b> \\\\n'"),
    ("tb_ipython_plain.txt", "TypeError", "unsupported operand type(s) for *: 'NoneType' and 'int'"),
    ("tb_ipython_chained_ansi.txt", "RuntimeError", "cell"),
];

#[test]
fn no_case_loses_a_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("tb_") && name.ends_with(".txt") {
            let raw = case(&name);
            let report = Report::parse(&raw);
            assert_eq!(lost(&raw, &report), None, "{name}");
            assert_whole(&report);
            seen += 1;
        }
    }
    assert!(seen >= 26, "only {seen} cases found");
    for (name, ename, evalue) in KNOWN {
        let raw = case(name);
        let report = Report::read(&raw, Some(ename), Some(evalue));
        assert_eq!(lost(&raw, &report), None, "{name}");
        assert_whole(&report);
        let last = last(&report);
        assert!(last.name == *ename || last.name.ends_with(&format!(".{ename}")), "{name}: {}", last.name);
        assert_eq!(last.message.as_deref().unwrap_or_default(), *evalue, "{name}");
    }
}

#[test]
fn markers_tie_to_their_line() {
    let report = Report::parse(&case("tb_carets.txt"));
    let section = last(&report);
    assert_eq!(
        functions(section),
        ["run_file", "<module>", "main", "scale", "<listcomp>", "<lambda>"].map(Some)
    );
    assert_eq!(
        (section.name.as_str(), section.message.as_deref()),
        ("ZeroDivisionError", Some("float division by zero"))
    );
    let lambda = section.frames().last().unwrap();
    assert_eq!(lambda.source.len(), 1);
    let source = &lambda.source[0];
    let at = source.marks.find('~').unwrap();
    assert_eq!(&source.text[at..at + source.marks.trim().len()], "p / (p - p)");
    let report = Report::parse(&case("tb_carets_subscript.txt"));
    let source = &last(&report).frames().last().unwrap().source;
    assert_eq!(source[0].text, "cfg[\"a\"][\"b\"][\"c\"][\"d\"] = 1 + 2 * 3");
    assert_eq!(source[0].marks, "~~~~~~~~~~~~~~~~~~^^^^^");
}

#[test]
fn source_over_several_lines_as_python_3_13_shows_it() {
    let raw = "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g(\n    ~^\n        1,\n        ^^\n    ...<3 lines>...\n    )\n    ^\nValueError: x\n";
    let report = Report::parse(raw);
    let source = &last(&report).frames().next().unwrap().source;
    let pairs: Vec<_> = source.iter().map(|line| (line.text.as_str(), line.marks.as_str())).collect();
    assert_eq!(pairs, [("g(", "~^"), ("    1,", "    ^^"), ("...<3 lines>...", ""), (")", "^")]);
}

#[test]
fn chains_keep_both_sentences() {
    let report = Report::parse(&case("tb_chained.txt"));
    let names: Vec<_> = report.sections.iter().map(|s| (s.link, s.name.as_str(), s.entries.len())).collect();
    assert_eq!(
        names,
        [
            (Link::First, "KeyError", 1),
            (Link::Cause, "RuntimeError", 2),
            (Link::Context, "FileNotFoundError", 3)
        ]
    );
    assert_eq!(report.sections[1].message.as_deref(), Some("could not read the fridge"));
}

#[test]
fn frames_without_source() {
    let report = Report::parse(&case("tb_missing_source.txt"));
    let section = last(&report);
    assert_eq!(section.frames().count(), 7);
    assert_eq!(section.frames().filter(|frame| frame.source.is_empty()).count(), 4);
    let gone = section.frames().last().unwrap();
    assert_eq!(
        (gone.file.as_str(), gone.line, gone.function.as_deref()),
        ("/opt/lab/code/gone.py", Some(2), Some("f"))
    );
    assert_eq!(file_to_open(gone), Some(("/opt/lab/code/gone.py", 2)));
    let report = Report::parse(&case("tb_stdin.txt"));
    assert_eq!(last(&report).frames().count(), 2);
    assert!(last(&report).frames().all(|frame| file_to_open(frame).is_none()));
}

#[test]
fn groups_have_their_members() {
    let raw = case("tb_exception_group.txt");
    let report = Report::read(&raw, Some("ExceptionGroup"), Some("two lanes failed (3 sub-exceptions)"));
    let top = last(&report);
    assert_eq!((top.entries.len(), top.members.len()), (3, 3));
    let first = &top.members[0].sections;
    assert_eq!((first[0].name.as_str(), first[1].name.as_str()), ("ZeroDivisionError", "ValueError"));
    assert_eq!(first[1].link, Link::Cause);
    assert_eq!(first[1].message.as_deref(), Some("q1\nnote of q1"));
    assert_eq!(first[0].frames().next().unwrap().source[0].marks, "~~^~~");
    let second = last(&top.members[1]);
    assert_eq!((second.message.as_deref(), second.members.len()), (Some("lane 2 (2 sub-exceptions)"), 2));
    assert!(
        second
            .members
            .iter()
            .all(|member| member.sections.len() == 2 && member.sections[1].entries.len() == 2)
    );
    assert_eq!(last(&second.members[1]).message.as_deref(), Some("q4\nnote of q4"));
    let third = last(&top.members[2]);
    assert_eq!(
        (third.name.as_str(), third.message.as_deref()),
        ("TimeoutError", Some("readout\nsecond line"))
    );
}

#[test]
fn cut_groups_say_so() {
    let report = Report::parse(&case("tb_exception_group_truncated.txt"));
    let top = last(&report);
    assert_eq!(top.members.len(), 15);
    assert_eq!(top.extra, ["... and 11 more exceptions"]);
    let mut deep = &top.members[0];
    let mut levels = 0;
    while let Some(member) = last(deep).members.first() {
        deep = member;
        levels += 1;
    }
    assert_eq!((levels, last(deep).extra.as_slice()), (9, &["... (max_group_depth is 10)".to_owned()][..]));
}

#[test]
fn a_group_with_notes_and_a_message_of_several_lines() {
    let raw = "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1, in f\n  |     g()\n  | mod.Many: first\n  | \n  | Traceback (most recent call last):\n  |   File \"b.py\", line 2, in h\n  | E: x (1 sub-exception)\n  | a note\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +------------------------------------\n";
    let evalue =
        "first\n\nTraceback (most recent call last):\n  File \"b.py\", line 2, in h\nE: x (1 sub-exception)";
    let report = Report::read(raw, Some("Many"), Some(evalue));
    let top = last(&report);
    assert_eq!((top.name.as_str(), top.message.as_deref()), ("mod.Many", Some(evalue)));
    assert_eq!(
        (top.entries.len(), top.members.len(), top.notes.as_slice()),
        (1, 1, &["a note".to_owned()][..])
    );
}

#[test]
fn groups_nest_without_end() {
    let mut raw = String::new();
    for depth in 1..20_000 {
        let indent = "  ".repeat(depth.min(200));
        raw.push_str(&format!("{indent}+-+---------------- 1 ----------------\n{indent}  | E: {depth}\n"));
    }
    let raw = format!("  + Exception Group Traceback (most recent call last):\n  | E: 0\n{raw}");
    let report = Report::parse(&raw);
    assert_eq!(lost(&raw, &report), None);
}

#[test]
fn notes_stay_as_written() {
    let report = Report::read(&case("tb_notes.txt"), Some("ValueError"), Some("sweep failed"));
    let section = last(&report);
    assert_eq!((section.entries.len(), section.message.as_deref()), (3, Some("sweep failed")));
    assert_eq!(
        section.notes,
        [
            "sweep index 17 of 400",
            "points:",
            "  [0.1, 0.2]",
            "  [0.3, 0.4]",
            "  File \"not_a_frame.py\", line 1, in note",
            ""
        ]
    );
}

#[test]
fn syntax_errors_have_a_place_without_function() {
    for (name, class, message, file, line, source, marks) in [
        (
            "tb_syntax_error.txt",
            "SyntaxError",
            "invalid syntax",
            "/opt/juice/lab/user_cell.py",
            1,
            "def f(:",
            "      ^",
        ),
        (
            "tb_syntax_error_wide.txt",
            "SyntaxError",
            "invalid syntax. Perhaps you forgot a comma?",
            "/opt/lab/code/wide_syntax.py",
            2,
            "振幅 = {\"量子\": 1 \"ビット\": 2}",
            "                    ^^^^^^^^^^^^^",
        ),
        (
            "tb_tab_error.txt",
            "TabError",
            "inconsistent use of tabs and spaces in indentation",
            "/opt/lab/code/tab_indent.py",
            3,
            "y = 2",
            "",
        ),
    ] {
        let evalue = format!("{message} (file.py, line {line})");
        let report = Report::read(&case(name), Some(class), Some(&evalue));
        let section = last(&report);
        let place = section.frames().last().unwrap();
        assert_eq!((section.name.as_str(), section.message.as_deref()), (class, Some(message)));
        assert_eq!((place.file.as_str(), place.line, place.function.as_deref()), (file, Some(line), None));
        assert_eq!(
            (place.source[0].text.as_str(), place.source[0].marks.as_str()),
            (source, marks),
            "{name}"
        );
    }
}

#[test]
fn repeats_are_a_line_of_their_own() {
    let report = Report::parse(&case("tb_recursion.txt"));
    let section = last(&report);
    assert_eq!((section.frames().count(), section.entries.len()), (6, 7));
    assert_eq!(section.entries[6], Entry::Repeated(993));
    assert_eq!(report.newest_own_frame(), Some((0, 5)));
}

#[test]
fn cells_of_ipython() {
    let plain = case("tb_ipython_plain.txt");
    let json: serde_json::Value = serde_json::from_str(&case("tb_ipython_ansi.json")).unwrap();
    let lines: Vec<_> = json["traceback"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    let coloured = lines.join("\n");
    for raw in [&plain, &coloured] {
        let report = Report::read(raw, json["ename"].as_str(), json["evalue"].as_str());
        let section = last(&report);
        assert_eq!(report.sections.len(), 1);
        assert_eq!(section.message.as_deref(), json["evalue"].as_str());
        assert_eq!(functions(section), [None, Some("sweep(qs)"), Some("<listcomp>(.0)"), Some("amp(q)")]);
        let lines: Vec<_> = section.frames().map(|frame| frame.line.unwrap()).collect();
        assert_eq!(lines, [1, 2, 2, 3]);
        assert!(section.frames().all(|frame| frame.cell && file_to_open(frame).is_none()));
        let amp = section.frames().last().unwrap();
        assert_eq!(amp.file, "Cell In[1]");
        assert_eq!((amp.source[0].number, amp.source[0].current), (Some(2), false));
        assert_eq!((amp.source[1].number, amp.source[1].current), (Some(3), true));
        assert_eq!(amp.source[1].text, "    return SETTINGS[q]['amp'] * 2");
        assert_eq!(lost(raw, &report), None);
    }
}

#[test]
fn chains_of_ipython() {
    let report = Report::parse(&case("tb_ipython_chained_ansi.txt"));
    let found: Vec<_> =
        report.sections.iter().map(|s| (s.link, s.name.as_str(), s.message.as_deref().unwrap())).collect();
    assert_eq!(found, [(Link::First, "KeyError", "'a'"), (Link::Cause, "RuntimeError", "cell")]);
    assert_eq!(report.sections[1].frames().next().unwrap().line, Some(4));
    let report = Report::parse(&case("tb_ipython_nameerror.txt"));
    assert_eq!(last(&report).message.as_deref(), Some("name 'swep' is not defined"));
    let report = Report::parse(&case("tb_ipython_cells_stdlib.txt"));
    let opened: Vec<_> = last(&report).frames().map(|frame| file_to_open(frame).is_some()).collect();
    assert_eq!(opened, [true, false, false, false]);
}

#[test]
fn files_and_old_forms_of_ipython() {
    let raw = "\
---------------------------------------------------------------------------
ValueError                                Traceback (most recent call last)
Input In [3], in <cell line: 1>()
----> 1 f(1)

File ~/lab/x.py:12, in f(x)
     10 def f(x):
     11     pass
---> 12     g(x)

File /env/.venv/lib/python3.11/site-packages/pkg/a.py:1234, in g(x)
   1233 
-> 1234     raise ValueError
   (...)
   1240     pass

    [... skipping hidden 1 frame]

File <frozen importlib._bootstrap>:228, in _call(f)

/old/way.py in h(y)
      7 
----> 8     boom

/tmp/ipykernel_12/34.py in <module>
----> 1 f()

ValueError: 
";
    let report = Report::parse(raw);
    assert_eq!(lost(raw, &report), None);
    let section = last(&report);
    let frames: Vec<_> = section.frames().map(|f| (f.file.as_str(), f.line, f.cell)).collect();
    assert_eq!(
        frames,
        [
            ("Input In [3]", Some(1), true),
            ("~/lab/x.py", Some(12), false),
            ("/env/.venv/lib/python3.11/site-packages/pkg/a.py", Some(1234), false),
            ("<frozen importlib._bootstrap>", Some(228), false),
            ("/old/way.py", Some(8), false),
            ("/tmp/ipykernel_12/34.py", Some(1), true),
        ]
    );
    assert_eq!((section.name.as_str(), section.message.as_deref()), ("ValueError", None));
    assert_eq!(report.newest_own_frame(), Some((0, 6)));
}

#[test]
fn syntax_errors_of_ipython() {
    for (raw, file) in [
        ("  Cell In[3], line 1\n    1 def f(:\n          ^\nSyntaxError: invalid syntax", "Cell In[3]"),
        ("  File ~/x.py:1\n    1 def f(:\n          ^\nSyntaxError: invalid syntax", "~/x.py"),
    ] {
        let report = Report::parse(raw);
        let section = last(&report);
        let place = section.frames().next().unwrap();
        assert_eq!((place.file.as_str(), place.line), (file, Some(1)));
        assert_eq!((place.source[0].text.as_str(), place.source[0].marks.as_str()), ("1 def f(:", "      ^"));
        assert_eq!(
            (section.name.as_str(), section.message.as_deref()),
            ("SyntaxError", Some("invalid syntax"))
        );
    }
}

#[test]
fn odd_file_names() {
    let report = Report::parse(&case("tb_windows_paths.txt"));
    let opened: Vec<_> = last(&report).frames().filter_map(file_to_open).collect();
    assert_eq!(opened[1], ("\\\\nas01\\share\\Übung\\run.py", 1));
    assert_eq!(opened[3], ("C:\\Program Files\\Lab Drivers\\awg v2\\driver.py", 2));
    let report = Report::parse(&case("tb_odd_filenames.txt"));
    let section = last(&report);
    let files: Vec<_> = section.frames().map(|frame| frame.file.as_str()).collect();
    assert_eq!(
        files[1..],
        ["my \"best\" file, line 3, in fake.py ", "evil\u{1b}]0;owned\u{7}name.py", "two\nlines.py"]
    );
    assert_eq!(section.frames().filter_map(file_to_open).count(), 2);
    assert_eq!(section.name, "ZeroDivisionError");
}

#[test]
fn text_of_another_process_stays_apart() {
    let report = Report::parse(&case("tb_remote_pool.txt"));
    assert_eq!(report.sections.len(), 2);
    let remote = &report.sections[0];
    assert_eq!(remote.name, "concurrent.futures.process._RemoteTraceback");
    let message = remote.message.as_deref().unwrap();
    assert!(
        message.starts_with("\n\"\"\"\nTraceback")
            && message.ends_with("ValueError: pool job failed\n\"\"\"")
    );
    let outer = &report.sections[1];
    assert_eq!(
        (outer.link, outer.entries.len(), outer.message.as_deref()),
        (Link::Cause, 3, Some("pool job failed"))
    );
    assert_eq!(
        outer.library_groups(),
        [Group { label: "Python (concurrent/futures/_base.py)".into(), range: 1..3 }]
    );
}

#[test]
fn a_message_that_looks_like_a_traceback() {
    let raw = case("tb_message_looks_like_traceback.txt");
    let evalue = raw.split_once("RuntimeError: ").unwrap().1.strip_suffix('\n').unwrap();
    for report in [Report::parse(&raw), Report::read(&raw, Some("RuntimeError"), Some(evalue))] {
        assert_eq!(report.sections.len(), 1);
        assert_eq!(last(&report).message.as_deref(), Some(evalue));
        assert_eq!(last(&report).frames().count(), 3);
    }
    // One that is a whole chain can only be told by `evalue`.
    let evalue = format!("worker:\n\n{}", case("tb_chained.txt"));
    let raw = format!(
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nRuntimeError: {evalue}\n"
    );
    let report = Report::read(&raw, Some("RuntimeError"), Some(&evalue));
    assert_eq!((report.sections.len(), last(&report).entries.len()), (1, 1));
    assert_eq!(last(&report).message.as_deref(), Some(evalue.as_str()));
}

#[test]
fn a_suggestion_belongs_to_the_message() {
    let raw = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nNameError: name 'a' is not defined. Did you mean: 'b'?\na note\n";
    let report = Report::read(raw, Some("NameError"), Some("name 'a' is not defined"));
    assert_eq!(last(&report).message.as_deref(), Some("name 'a' is not defined. Did you mean: 'b'?"));
    assert_eq!(last(&report).notes, ["a note"]);
}

#[test]
fn a_cause_with_the_same_text_is_not_the_last() {
    let raw = "ValueError: x\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 1\n    1 1\nSyntaxError: bad\n";
    let report = Report::read(raw, Some("ValueError"), Some("x"));
    assert_eq!((report.sections.len(), report.sections[0].notes.len()), (2, 0));
}

#[test]
fn little_or_nothing() {
    let report = Report::read("", Some("OSError"), Some("gone"));
    assert_eq!((last(&report).name.as_str(), last(&report).message.as_deref()), ("OSError", Some("gone")));
    assert!(report.is_bare() && Report::parse(" \n\n").sections.is_empty());
    let report = Report::read(&case("tb_none.txt"), Some("OSError"), Some("gone"));
    assert_eq!(
        (last(&report).name.as_str(), last(&report).extra.as_slice()),
        ("OSError", &["NoneType: None".into()][..])
    );
    let report = Report::parse(&case("tb_none.txt"));
    assert_eq!((last(&report).name.as_str(), last(&report).message.as_deref()), ("NoneType", Some("None")));
    let report = Report::parse(&case("tb_no_frames.txt"));
    assert_eq!(last(&report).message.as_deref(), Some("[Errno -2] Name or service not known"));
    let report = Report::parse(&case("tb_no_message.txt"));
    assert_eq!((last(&report).name.as_str(), &last(&report).message), ("NotImplementedError", &None));
    let report = Report::parse(&case("tb_unprintable.txt"));
    assert_eq!(last(&report).name, "labcode.Odd");
    let report = Report::parse(&case("tb_cancelled.txt"));
    assert_eq!(last(&report).name, "asyncio.exceptions.CancelledError");
    let report = Report::read("the kernel died\nsee the log", Some("RuntimeError"), Some("died"));
    assert_eq!((last(&report).name.as_str(), last(&report).extra.len()), ("RuntimeError", 2));
}

#[test]
fn text_before_the_stack() {
    let raw = "ERROR:lab:failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: x\n";
    for report in [Report::parse(raw), Report::read(raw, Some("ValueError"), Some("x"))] {
        assert_eq!((last(&report).extra.len(), last(&report).entries.len()), (1, 1));
        assert_eq!(last(&report).message.as_deref(), Some("x"));
    }
}

#[test]
fn real_replies() {
    for name in ["frame_error_cancelled.json", "frame_error_control_chars.json"] {
        let frame: serde_json::Value = serde_json::from_str(&case(name)).unwrap();
        let raw = frame["traceback"].as_str().unwrap();
        let report = Report::read(raw, frame["ename"].as_str(), frame["evalue"].as_str());
        assert_eq!(lost(raw, &report), None);
        assert_eq!(last(&report).message.as_deref().unwrap_or_default(), frame["evalue"].as_str().unwrap());
        assert!(!last(&report).entries.is_empty() && last(&report).notes.is_empty());
        assert_eq!(&*report.raw, raw);
    }
}

#[test]
fn libraries_are_folded() {
    let juice = "/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py";
    let raw = format!(
        "Traceback (most recent call last):\n  File \"{juice}\", line 1, in a\n    a()\n  File \"{juice}\", line 2, in b\n  File \"/lab/x.py\", line 3, in own\n  File \"/env/lib/python3.11/site-packages/numpy/core/x.py\", line 4, in c\n  File \"<frozen runpy>\", line 5, in d\n  [Previous line repeated 2 more times]\nE: x\n"
    );
    let report = Report::parse(&raw);
    assert_eq!(
        last(&report).library_groups(),
        [
            Group { label: "Juice (service/_task_server.py)".into(), range: 0..2 },
            Group { label: "numpy, Python".into(), range: 3..6 }
        ]
    );
    assert_eq!(report.newest_own_frame(), Some((0, 2)));
    assert_eq!(last(&report).own_frames().count(), 1);
    for (file, theirs) in [
        ("/usr/lib/python3/dist-packages/yaml.py", true),
        ("C:\\Python311\\Lib\\asyncio\\tasks.py", true),
        ("C:\\lab\\site-packages\\x.py", true),
        ("/usr/local/lib/python3.13t/json/decoder.py", true),
        ("/home/lib/python3lab/x.py", false),
        ("<stdin>", false),
        ("<string>", false),
        ("Cell In[1]", false),
        ("/data/orangeqs/lab.py", false),
    ] {
        assert_eq!(library(file), theirs, "{file}");
    }
}

#[test]
fn modes_of_ipython() {
    let minimal = "\x1b[31mValueError\x1b[39m\x1b[31m:\x1b[39m a";
    let plain = "Traceback (most recent call last):\n\n  File ~/x.py:38 in run\n    exec(code)\n\n  Cell In[9], line 3 in f\n    raise e\n\nValueError: a\n";
    let verbose = "ValueError           Traceback (most recent call last)\nCell In[9], line 3, in f(x=0)\n----> 3     raise e\n        e = ValueError('a')\n        x = 0    4 z\nValueError: a\n";
    for (raw, frames, sources) in [(minimal, 0, 0), (plain, 2, 1), (verbose, 1, 3)] {
        for report in [Report::parse(raw), Report::read(raw, Some("ValueError"), Some("a"))] {
            let section = last(&report);
            assert_eq!((section.name.as_str(), section.message.as_deref()), ("ValueError", Some("a")));
            assert_eq!(section.frames().count(), frames);
            assert_eq!(section.frames().last().map_or(0, |frame| frame.source.len()), sources);
            assert_eq!(lost(raw, &report), None);
        }
    }
}

#[test]
fn groups_as_ipython_and_except_star_write_them() {
    let raw = "  + Exception Group Traceback (most recent call last):\n  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1, in f\n  | ExceptionGroup:  (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | Exception Group Traceback (most recent call last):\n    |   File \"a.py\", line 2, in c\n    | ExceptionGroup: no (1 sub-exception)\n    +-+---------------- 1 ----------------\n      | ValueError: a\n      +------------------------------------\n    | \n    | During handling of the above exception, another exception occurred:\n    | \n    | Traceback (most recent call last):\n    |   File \"a.py\", line 3, in c\n    | TypeError: in star\n    +------------------------------------\n\nThe above exception was the direct cause of the following exception:\n\n  | ExceptionGroup: untraced (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +------------------------------------\n";
    let report = Report::parse(raw);
    assert_eq!(lost(raw, &report), None);
    let found: Vec<_> = report.sections.iter().map(|s| (s.link, s.entries.len(), s.members.len())).collect();
    assert_eq!(found, [(Link::First, 1, 1), (Link::Cause, 0, 1)]);
    assert_eq!(report.sections[1].message.as_deref(), Some("untraced (1 sub-exception)"));
    let member = &report.sections[0].members[0].sections;
    assert_eq!((member.len(), member[0].members.len(), member[1].link), (2, 1, Link::Context));
    assert_eq!((member[1].name.as_str(), member[1].entries.len()), ("TypeError", 1));
}
