//! What each traceback of `tests/cases` is read as, in a form that people can check. `INSTA_UPDATE=always cargo test
//! golden` takes over what is new; look at it before you commit.

use insta::assert_snapshot;

use super::*;

/// Lines of a text that are shown; more are counted.
const SHOWN: usize = 12;

/// A report as an outline.
fn outline(report: &Report, depth: usize, out: &mut String) {
    let indent = "    ".repeat(depth);
    let line = |out: &mut String, text: &str| {
        // Control characters alone are escaped: a person reads this.
        let shown = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
        let text: String = text.chars().map(shown).collect();
        out.push_str(&format!("{indent}{text}\n"));
    };
    for section in &report.sections {
        let lines = format!("lines {}..{}", section.lines.start, section.lines.end);
        line(out, &format!("[{:?}, {lines}] {}: {:?}", section.link, section.name, section.message));
        for note in &section.notes {
            line(out, &format!("  note {note:?}"));
        }
        let libraries = section.library_groups();
        for (at, entry) in section.entries.iter().enumerate().take(SHOWN) {
            let theirs = libraries.iter().find(|group| group.range.contains(&at));
            let theirs = theirs.map_or(String::new(), |group| format!("  ({})", group.label));
            match entry {
                Entry::Repeated(times) => line(out, &format!("  repeated {times}")),
                Entry::Odd(text) => line(out, &format!("  odd {text:?}")),
                Entry::Frame(frame) => {
                    let place = (&frame.file, frame.line, &frame.function);
                    let cell = if frame.cell { " cell" } else { "" };
                    line(out, &format!("  {place:?}{cell} lines {:?}{theirs}", frame.lines));
                    for source in &frame.source {
                        let arrow = if source.current { ">" } else { " " };
                        line(out, &format!("    {arrow} {:?} {}", source.number, source.text));
                        if !source.marks.is_empty() {
                            line(out, &format!("    {arrow} marks {}", source.marks));
                        }
                    }
                }
            }
        }
        if section.entries.len() > SHOWN {
            line(out, &format!("  and {} entries more", section.entries.len() - SHOWN));
        }
        for extra in section.extra.iter().take(SHOWN) {
            line(out, &format!("  beside {extra:?}"));
        }
        for cycle in section.cycles() {
            line(out, &format!("  goes round {cycle:?}"));
        }
        for (at, member) in section.members.iter().enumerate() {
            out.push_str(&format!("{indent}  member {}\n", at + 1));
            outline(member, depth + 1, out);
        }
        line(out, "");
    }
}

#[test]
fn every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("tb_") && name.ends_with(".txt"))
        .collect();
    names.sort();
    assert!(names.len() >= 26, "{names:?}");
    for name in names {
        let raw = case(&name);
        let mut out = String::new();
        outline(&Report::parse(&raw), 0, &mut out);
        // A message as long as the text is in the text.
        let short: String =
            out.lines().map(|line| line.chars().take(400).collect::<String>() + "\n").collect();
        assert_snapshot!(name.trim_end_matches(".txt").to_owned(), short);
    }
}
