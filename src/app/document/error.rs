//! The error of a task: which fields pydantic refused, and the chain of exceptions as a tree that folds. What is a
//! library's, what comes round and round, and the middle of a long chain start folded; own code is in front.

use std::{borrow::Cow, ops::Range};

use unicode_segmentation::UnicodeSegmentation;

use super::{Choice, Document, Exception, Fold, Line, Mark, Part, Tone, bounded, part};
use crate::{
    app::compose::SECRET,
    clean::{Charset, Clean},
    traceback::{self, Cycle, Entry, Frame, Group, Link, Report, Section, SourceLine},
    wire::{frame::ErrorBody, name::sounds_secret},
};

/// In a longer chain only the exception that was raised and the first cause start unfolded.
const LONG_CHAIN: usize = 6;
/// A longer first line of a message, bytes, is cut like any other line.
const WRAPPED: usize = 2_000;
/// A longer path of a field, characters, does not push the other fields' messages aside.
const LONG_PATH: usize = 24;
/// In a larger group the members start folded.
const LARGE_GROUP: usize = 6;

/// What is still to be written.
struct Step<'a> {
    section: &'a Section,
    /// Which of [`Document::exceptions`].
    index: usize,
    depth: u16,
    /// What stands above it.
    caption: String,
    /// Whether it can be folded; and whether it starts unfolded.
    fold: Option<bool>,
    /// It is the first one of what is shown.
    first: bool,
}

impl Document {
    pub(super) fn error(
        &mut self,
        error: &ErrorBody,
        report: Option<&Report>,
        about: &[String],
        choice: &Choice,
    ) {
        if choice.raw {
            self.heading("error, raw text", "");
            let found = report.map_or("", |report| &*report.raw);
            let raw = error.traceback.as_deref().unwrap_or(found);
            let text = if raw.trim().is_empty() { error.evalue.as_deref().unwrap_or("") } else { raw };
            for line in bounded(text).lines() {
                self.push(Line::text(1, line, Tone::Text));
            }
            if text.is_empty() {
                self.push(Line::text(3, "there is no text", Tone::Dim));
            }
            return;
        }
        let validation =
            error.evalue.as_deref().filter(|_| error.ename.as_deref() == Some("ValidationError"));
        if let Some(problems) = validation.and_then(traceback::pydantic::parse) {
            self.validation(&problems);
        }
        let report = report.filter(|report| !report.sections.is_empty());
        if report.is_none() {
            let name = error.ename.as_deref().unwrap_or("error");
            for line in headline(name, error.evalue.as_deref()) {
                self.push(line);
            }
        }
        if let Some(report) = report {
            self.report(report, choice);
        }
        if error.traceback.is_none() {
            if report.is_some() {
                self.push(Line::default());
            }
            for sentence in about {
                let mut line = Line::text(3, sentence.as_str(), Tone::Dim);
                line.wraps = true;
                self.push(line);
            }
        }
    }

    fn validation(&mut self, problems: &traceback::pydantic::Errors) {
        self.heading(
            "the payload does not fit",
            &format!(
                "{} {}",
                problems.items.len(),
                if problems.items.len() == 1 { "field" } else { "fields" }
            ),
        );
        let path = |item: &traceback::pydantic::Item| match item.path.is_empty() {
            true => "(the whole)".to_owned(),
            false => item.path.clone(),
        };
        // Messages stand below each other, unless a path is long.
        let widths = problems.items.iter().map(|item| path(item).chars().count());
        let column = widths.filter(|width| *width <= LONG_PATH).max().unwrap_or_default();
        for item in &problems.items {
            let path = format!("{:<column$}", path(item));
            let mut message = item.message.lines();
            let first = message.next().unwrap_or("");
            self.push(Line::new(3, vec![part(path, Tone::Key), part(format!("  {first}"), Tone::Text)]));
            for more in message {
                self.push(Line::text(5, more, Tone::Text));
            }
            if let Some(input) = &item.input {
                let of = item.input_type.as_deref().map_or_else(String::new, |t| format!(" ({t})"));
                // The last name of the path is the field's.
                let name = item.path.rsplit('.').find(|step| step.parse::<usize>().is_err());
                let input = if name.is_some_and(sounds_secret) { SECRET } else { input };
                self.push(Line::text(5, format!("was {input}{of}"), Tone::Dim));
            }
        }
        self.push(Line::default());
    }

    fn report(&mut self, report: &Report, choice: &Choice) {
        // The walk keeps its own stack, whatever the depth of groups in groups.
        let mut work: Vec<Step<'_>> = Vec::new();
        self.raised = report.sections.len().checked_sub(1);
        self.chain(report, 0, "", true, choice, &mut work);
        while let Some(step) = work.pop() {
            let from = self.lines.len();
            let open = self.exception(&step, choice);
            for line in self.lines.iter_mut().skip(from) {
                line.exception = Some(step.index);
            }
            if !open {
                continue;
            }
            let of = step.section.members.len();
            for (at, member) in step.section.members.iter().enumerate().rev() {
                let caption = format!("{} of {of}", at + 1);
                self.chain(member, step.depth + 1, &caption, of <= LARGE_GROUP, choice, &mut work);
            }
        }
    }

    /// Puts a chain to what is to be written, the last one first. `caption`: what stands above its first exception.
    fn chain<'a>(
        &mut self,
        report: &'a Report,
        depth: u16,
        caption: &str,
        open: bool,
        choice: &Choice,
        work: &mut Vec<Step<'a>>,
    ) {
        let base = self.exceptions.len();
        let count = report.sections.len();
        let begin = work.len();
        for (at, section) in report.sections.iter().enumerate() {
            let cause = (section.link != Link::First && at > 0).then(|| base + at - 1);
            // The sentence before it belongs to the chain.
            let text = section.lines.start + usize::from(section.link != Link::First)..section.lines.end;
            self.exceptions.push(Exception { line: 0, text, cause });
            let is_tree = count > 1 || depth > 0 || !section.members.is_empty();
            let in_front = count <= LONG_CHAIN || at == 0 || at + 1 == count;
            let shown_first = if choice.oldest_first { at == 0 } else { at + 1 == count };
            let caption = match shown_first {
                true => caption.to_owned(),
                false => relation(report, at, choice.oldest_first).to_owned(),
            };
            work.push(Step {
                section,
                index: base + at,
                depth,
                caption,
                fold: is_tree.then_some(in_front && open),
                first: shown_first && depth == 0,
            });
        }
        if choice.oldest_first
            && let Some(steps) = work.get_mut(begin..)
        {
            steps.reverse();
        }
    }

    /// Writes one exception; whether it is unfolded.
    fn exception(&mut self, step: &Step<'_>, choice: &Choice) -> bool {
        let section = step.section;
        let indent = 1 + step.depth * 2;
        let fold = step.fold.map(|open| {
            let fold = Fold::Exception(section.lines.start);
            (fold, open != choice.toggled.contains(&fold))
        });
        let open = fold.is_none_or(|(_, open)| open);
        let mut head = headline(&section.name, section.message.as_deref());
        if !open {
            head.truncate(1);
            head.iter_mut().for_each(|line| line.wraps = false);
        }
        // Between two that are folded there is no room to save.
        let folded_above =
            self.lines.last().is_some_and(|line| matches!(line.fold, Some((Fold::Exception(_), false))));
        let apart = open || !folded_above;
        if !step.first && apart && !self.lines.is_empty() {
            // What stands between two says how they hang together.
            self.push(Line::text(indent, step.caption.as_str(), Tone::Dim));
        }
        if let Some(exception) = self.exceptions.get_mut(step.index) {
            exception.line = self.lines.len();
        }
        for (at, mut line) in head.into_iter().enumerate() {
            line.indent += step.depth * 2;
            if at == 0 {
                line.fold = fold;
                line.right = if open { String::new() } else { place_of(section) };
            }
            self.push(line);
        }
        if !open {
            return false;
        }
        for note in &section.notes {
            self.push(Line::text(indent + 2, note.as_str(), Tone::Warning));
        }
        self.entries(section, indent + 2, choice);
        for extra in &section.extra {
            self.push(Line::text(indent + 2, extra.as_str(), Tone::Dim));
        }
        true
    }

    fn entries(&mut self, section: &Section, indent: u16, choice: &Choice) {
        if section.entries.is_empty() && section.members.is_empty() {
            self.push(Line::text(indent, "no entries", Tone::Dim));
        }
        let stack = Stack::of(section);
        let mut blocks = stack.blocks();
        if !choice.oldest_first {
            blocks.reverse();
        }
        for (range, cycle) in blocks {
            let Some(cycle) = cycle else {
                self.runs(&stack, range, indent, choice);
                continue;
            };
            // One round is shown: the one that is nearest to what was shown before.
            let split =
                if choice.oldest_first { range.start + cycle.period } else { range.end - cycle.period };
            let (shown, rest) = match choice.oldest_first {
                true => (range.start..split, split..range.end),
                false => (split..range.end, range.start..split),
            };
            self.runs(&stack, shown, indent, choice);
            let fold = Fold::Rounds(stack.line(&range));
            let open = choice.toggled.contains(&fold);
            let what = match cycle.period {
                1 => "this entry".to_owned(),
                n => format!("these {n} entries"),
            };
            let more = cycle.rounds() - 1;
            let mut line = Line::text(indent, format!("{what} {more} more times"), Tone::Library);
            line.fold = Some((fold, open));
            self.push(line);
            if open {
                self.runs(&stack, rest, indent + 2, choice);
            }
        }
    }

    /// Entries of a stack, with those of libraries folded.
    fn runs(&mut self, stack: &Stack<'_>, range: Range<usize>, indent: u16, choice: &Choice) {
        let mut runs = stack.runs(range);
        if !choice.oldest_first {
            runs.reverse();
        }
        for (range, library) in runs {
            let mut open = true;
            let own = library == Whose::Own;
            if let Whose::Library(label) = &library {
                let n = range.len();
                let fold = Fold::Library(stack.line(&range));
                open = choice.toggled.contains(&fold);
                let entries = if n == 1 { "entry" } else { "entries" };
                let mut line = Line::text(indent, format!("{n} {entries} in {label}"), Tone::Library);
                line.fold = Some((fold, open));
                self.push(line);
            }
            if !open {
                continue;
            }
            let deeper = if matches!(library, Whose::Library(_)) { indent + 2 } else { indent };
            let mut entries: Vec<&Entry> =
                stack.section.entries.get(range).unwrap_or_default().iter().collect();
            if !choice.oldest_first {
                entries.reverse();
            }
            for entry in entries {
                self.entry(entry, deeper, own, choice);
            }
        }
    }

    fn entry(&mut self, entry: &Entry, indent: u16, own: bool, choice: &Choice) {
        match entry {
            Entry::Frame(frame) => {
                let from = self.lines.len();
                self.frame(frame, indent, own, choice.charset);
                for line in self.lines.iter_mut().skip(from) {
                    line.entry = Some(frame.lines.clone());
                }
            }
            Entry::Repeated(n) => {
                let which = if choice.oldest_first { "above" } else { "below" };
                self.push(Line::text(indent, format!("the entry {which} {n} more times"), Tone::Library));
            }
            Entry::Odd(text) => self.push(Line::text(indent, text.as_str(), Tone::Dim)),
        }
    }

    fn frame(&mut self, frame: &Frame, indent: u16, own: bool, charset: Charset) {
        let tone = if own { Tone::File } else { Tone::Library };
        let mut parts = vec![part(short_file(frame), tone)];
        if let Some(line) = frame.line {
            parts.push(part(format!(":{line}"), tone));
        }
        if let Some(function) = &frame.function {
            parts.push(part("  in ", Tone::Dim));
            parts.push(part(function.as_str(), Tone::Text));
        }
        let mut line = Line::new(indent, parts);
        line.mark = own.then_some(Mark::OwnEntry);
        line.place = traceback::file_to_open(frame).map(|(f, l)| (f.to_owned(), l));
        let place = line.place.clone();
        self.push(line);
        let wide = frame
            .source
            .iter()
            .filter_map(|s| s.number.or(frame.line))
            .max()
            .map_or(0, |n| n.to_string().len());
        for source in &frame.source {
            let number = source.number.or(frame.line.filter(|_| source.current || frame.source.len() == 1));
            let gutter = match number {
                Some(n) => format!("{n:>wide$} "),
                None => " ".repeat(wide + 1),
            };
            let bar = if source.current && frame.source.len() > 1 {
                part(">", Tone::Here)
            } else {
                part("|", Tone::Bar)
            };
            let parts = vec![
                part(gutter, Tone::Dim),
                bar,
                part(" ", Tone::Dim),
                part(source.text.as_str(), Tone::Code),
            ];
            let mut line = Line::new(indent + 2, parts);
            line.place.clone_from(&place);
            self.push(line);
            if let Some(marks) = marks(source, charset) {
                let space = " ".repeat(wide + 3);
                self.push(Line::new(indent + 2, vec![part(space, Tone::Dim), part(marks, Tone::CodeMark)]));
            }
        }
    }
}

/// An exception's name and message: one line, and one for each further line of the message.
fn headline(name: &str, message: Option<&str>) -> Vec<Line> {
    let message = message.map(bounded);
    let message = message.as_deref();
    let mut lines = message.unwrap_or("").lines();
    let first = lines.next().unwrap_or("");
    // Its module stands in the raw text: here the message is worth more.
    let name = name.rsplit('.').next().filter(|class| !class.is_empty()).unwrap_or("(no name)");
    let mut parts: Vec<Part> = vec![part(name, Tone::Failed)];
    match message {
        Some(_) if !first.is_empty() => parts.push(part(format!(": {first}"), Tone::Text)),
        _ if lines.clone().next().is_none() => parts.push(part("  no message", Tone::Dim)),
        _ => {}
    }
    let mut head = Line::new(1, parts);
    head.wraps = first.len() <= WRAPPED;
    head.mark = Some(Mark::Part);
    std::iter::once(head).chain(lines.map(|more| Line::text(3, more, Tone::Text))).collect()
}

/// Where a folded exception was raised: the innermost entry that is nobody's library, else how many there are.
fn place_of(section: &Section) -> String {
    match section.own_frames().next_back() {
        Some(frame) => place(frame),
        None => match (section.members.len(), section.entries.len()) {
            (0, 1) => "1 entry".to_owned(),
            (0, n) => format!("{n} entries"),
            (n, _) => format!("a group of {n}"),
        },
    }
}

/// Whose a run of entries is.
#[derive(PartialEq)]
enum Whose {
    Own,
    /// A library's, with what it is called.
    Library(String),
    /// A library's, and shown all the same: the place where it was raised, where nothing else is to be seen.
    Raised,
}

/// The entries of one exception, with what is known of them.
struct Stack<'a> {
    section: &'a Section,
    libraries: Vec<Group>,
    cycles: Vec<Cycle>,
    /// The innermost entry, if all are libraries'.
    raised: Option<usize>,
}

impl Stack<'_> {
    fn of(section: &Section) -> Stack<'_> {
        let innermost = section.entries.iter().rposition(|entry| matches!(entry, Entry::Frame(_)));
        Stack {
            section,
            libraries: section.library_groups(),
            cycles: section.cycles(),
            raised: innermost.filter(|_| section.own_frames().next().is_none()),
        }
    }

    /// All entries, in parts: what goes round, and what does not.
    fn blocks(&self) -> Vec<(Range<usize>, Option<&Cycle>)> {
        let mut blocks = Vec::new();
        let mut from = 0;
        for cycle in &self.cycles {
            if from < cycle.range.start {
                blocks.push((from..cycle.range.start, None));
            }
            from = cycle.range.end;
            blocks.push((cycle.range.clone(), Some(cycle)));
        }
        if from < self.section.entries.len() {
            blocks.push((from..self.section.entries.len(), None));
        }
        blocks
    }

    /// The entries of a range in runs by whose they are.
    fn runs(&self, range: Range<usize>) -> Vec<(Range<usize>, Whose)> {
        let mut runs = Vec::new();
        let mut from = range.start;
        let first = self.libraries.partition_point(|group| group.range.end <= range.start);
        for group in self.libraries.iter().skip(first).take_while(|group| group.range.start < range.end) {
            let theirs = group.range.start.max(range.start)..group.range.end.min(range.end);
            if from < theirs.start {
                runs.push((from..theirs.start, Whose::Own));
            }
            from = theirs.end;
            let parts = match self.raised.filter(|at| theirs.contains(at)) {
                Some(at) => vec![theirs.start..at, at..at + 1, at + 1..theirs.end],
                None => vec![theirs],
            };
            for part in parts.into_iter().filter(|part| !part.is_empty()) {
                let whose = match self.raised == Some(part.start) {
                    true => Whose::Raised,
                    false => Whose::Library(group.label.clone()),
                };
                runs.push((part, whose));
            }
        }
        if from < range.end {
            runs.push((from..range.end, Whose::Own));
        }
        runs
    }

    /// The line of the text with which these entries begin.
    fn line(&self, range: &Range<usize>) -> usize {
        let entries = self.section.entries.get(range.clone()).unwrap_or_default();
        let first = entries.iter().find_map(|entry| match entry {
            Entry::Frame(frame) => Some(frame.lines.start),
            _ => None,
        });
        first.unwrap_or(self.section.lines.start)
    }
}

/// The markers of a source line in the columns in which the line is shown; `None`: it has none.
fn marks(source: &SourceLine, charset: Charset) -> Option<String> {
    let mut marked = source.marked().into_iter();
    if source.text.is_ascii() && !source.text.contains(char::is_control) {
        let marks: String = marked.collect();
        return Some(marks.trim_end().to_owned()).filter(|marks| !marks.is_empty());
    }
    let mut out = String::new();
    for cluster in source.text.graphemes(true) {
        // One sign on the screen can be several characters of the text: any marked one marks it.
        let mut mark = ' ';
        for _ in cluster.chars() {
            mark = marked.next().filter(|m| *m != ' ').unwrap_or(mark);
        }
        let width = Clean::line(cluster, charset).width();
        out.extend(std::iter::repeat_n(mark, width));
    }
    out.extend(marked);
    Some(out.trim_end().to_owned()).filter(|marks| !marks.is_empty())
}

/// A frame's file without its folders, and its line: `calibrate.py:22`.
pub fn place(frame: &Frame) -> String {
    let file = short_file(frame);
    let file = file.rsplit(['/', '\\']).next().unwrap_or_default();
    frame.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

/// A file without the folder that all installed packages share; a cell by the number of its file, which all its entries
/// have in common.
fn short_file(frame: &Frame) -> Cow<'_, str> {
    let file = frame.file.as_str();
    let name = file.rsplit(['/', '\\']).next().filter(|name| name.len() < file.len());
    if let Some(number) = name.filter(|_| frame.cell).and_then(|name| name.strip_suffix(".py")) {
        return Cow::Owned(format!("cell {number}"));
    }
    let inside = |folder: &&str| file.rsplit_once(*folder).map(|(_, rest)| rest);
    Cow::Borrowed(["/site-packages/", "/dist-packages/"].iter().find_map(inside).unwrap_or(file))
}

/// How a section stands to the one that is shown above it.
fn relation(report: &Report, index: usize, oldest_first: bool) -> &'static str {
    let link = |at: usize| report.sections.get(at).map(|section| section.link);
    if oldest_first {
        return match link(index) {
            None | Some(Link::First) => "",
            Some(Link::Cause) => "which caused",
            Some(Link::Context) => "while it was handled came",
        };
    }
    match link(index + 1) {
        None | Some(Link::First) => "",
        Some(Link::Cause) => "caused by",
        Some(Link::Context) => "raised while handling",
    }
}
