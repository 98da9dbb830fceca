//! The chain of exceptions and their entries, from lines without margins.

use std::ops::Range;

use super::{
    Entry, Frame, Link, Report, Section, SourceLine,
    lines::{self, Header},
    margin::{Item, Node},
};

/// Reads all nodes, members before what holds them; the first node becomes the report. `count`: the text's lines.
pub(super) fn tree(nodes: Vec<Node<'_>>, count: usize) -> Report {
    // A member's number is greater than that of its group: backwards, each finds its members done.
    let mut done: Vec<Option<Member>> = Vec::new();
    done.resize_with(nodes.len(), || None);
    for (i, node) in nodes.into_iter().enumerate().rev() {
        let member = if node.more {
            Member::More(node.items.iter().filter_map(text).map(|line| format!("... {line}")).collect())
        } else {
            let mut chain = Chain { items: node.items, at: 0, done: &mut done, unclosed: false };
            let whole = if i == 0 { 0..count } else { chain.extent() };
            Member::Chain(chain.sections(whole))
        };
        done[i] = Some(member);
    }
    match done.into_iter().next().flatten() {
        Some(Member::Chain(sections)) => Report { sections, ..Report::default() },
        _ => Report::default(),
    }
}

/// What became of a node.
enum Member {
    Chain(Vec<Section>),
    /// The lines that stand for members left out.
    More(Vec<String>),
}

/// How the source lines under a frame look.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// Indented by four, markers below.
    Python,
    /// With numbers.
    IPython,
}

struct Chain<'a, 'd> {
    items: Vec<Item<'a>>,
    at: usize,
    done: &'d mut [Option<Member>],
    /// No `"""` closes from here on: found out once, so that no later search goes to the end again.
    unclosed: bool,
}

fn text<'a>(item: &Item<'a>) -> Option<&'a str> {
    match item {
        Item::Line(line) => Some(line.text),
        _ => None,
    }
}

fn blank(line: &str) -> bool {
    line.trim().is_empty()
}

impl<'a> Chain<'a, '_> {
    /// The lines from the first item to the last.
    fn extent(&self) -> Range<usize> {
        // The last one may be of members that have no lines.
        let end = self.items.iter().rev().find_map(|item| match item {
            Item::Line(line) => Some(line.number + 1),
            Item::Members(nodes) => {
                nodes.iter().rev().find_map(|node| self.member(*node)).map(|lines| lines.end)
            }
            // Only the whole text has one.
            Item::Tail(_) => None,
        });
        let start = self.number(0).unwrap_or_default();
        start..end.unwrap_or(start)
    }

    /// The number of an item's first line.
    fn number(&self, at: usize) -> Option<usize> {
        match self.items.get(at)? {
            Item::Line(line) => Some(line.number),
            Item::Tail(tail) => Some(tail.number),
            Item::Members(nodes) => nodes.iter().find_map(|node| self.member(*node)).map(|lines| lines.start),
        }
    }

    /// The lines of a member that was read.
    fn member(&self, node: usize) -> Option<Range<usize>> {
        let Member::Chain(sections) = self.done.get(node)?.as_ref()? else { return None };
        Some(sections.first()?.lines.start..sections.last()?.lines.end)
    }

    /// The exceptions; `whole`: the lines that they share among them.
    fn sections(&mut self, whole: Range<usize>) -> Vec<Section> {
        let mut sections: Vec<Section> = Vec::new();
        let mut link = Link::First;
        let mut start = whole.start;
        loop {
            self.skip_blank();
            if self.at >= self.items.len() && link == Link::First {
                return sections;
            }
            let mut section = Section::new(link);
            self.section(&mut section);
            let from = start;
            // The next one begins with the sentence between them.
            start = self.number(self.at).unwrap_or(whole.end);
            section.lines = from..start;
            sections.push(section);
            link = match self.line(self.at).and_then(lines::link) {
                Some(next) => {
                    self.at += 1;
                    next
                }
                None => Link::First,
            };
        }
    }

    fn line(&self, at: usize) -> Option<&'a str> {
        self.items.get(at).and_then(text)
    }

    fn skip_blank(&mut self) {
        while self.line(self.at).is_some_and(blank) {
            self.at += 1;
        }
    }

    /// Whether the sentence between two exceptions stands at `at`, with what must stand around it: a message can hold
    /// the sentence too.
    fn link_at(&self, at: usize) -> bool {
        let before = at == 0 || self.line(at - 1).is_none_or(blank);
        let follows = |line| {
            lines::header(line).is_some() || lines::exception(line).is_some() || line.starts_with("  File \"")
        };
        self.line(at).and_then(lines::link).is_some()
            && before
            && self.line(at + 1).is_none_or(blank)
            && self.line(at + 2).is_none_or(|line| follows(line) || lines::rule(line))
    }

    fn section(&mut self, section: &mut Section) {
        self.skip_blank();
        while self.line(self.at).is_some_and(lines::rule) {
            self.at += 1;
        }
        self.before(section);
        let mut name = None;
        let mut stack = false;
        // IPython writes the heading of a group twice.
        while let Some(header) = self.line(self.at).and_then(lines::header) {
            if let Header::IPython(class) = header {
                name = Some(class);
            }
            self.at += 1;
            stack = true;
        }
        if stack || self.line(self.at).is_some_and(entry_like) {
            self.entries(section, name);
        }
        self.exception(section, name);
        self.after(section);
    }

    /// Text before a stack: all lines up to its heading, unless they are an exception without a stack.
    fn before(&mut self, section: &mut Section) {
        let Some(first) = self.line(self.at) else { return };
        if section.link != Link::First || lines::header(first).is_some() || entry_like(first) {
            return;
        }
        let heading = |line: &str| lines::header(line).is_some() || lines::rule(line);
        let logged = self.line(self.at + 1).is_some_and(heading);
        if lines::exception(first).is_some() && !logged {
            return;
        }
        let rest = &self.items[self.at..];
        let end = rest.iter().position(|item| text(item).is_none_or(heading)).unwrap_or(rest.len());
        section.extra.extend(rest[..end].iter().filter_map(text).map(str::to_owned));
        self.at += end;
        while self.line(self.at).is_some_and(lines::rule) {
            self.at += 1;
        }
    }

    fn entries(&mut self, section: &mut Section, name: Option<&str>) {
        let ipython = name.is_some() || self.line(self.at).is_some_and(|line| !line.starts_with(' '));
        let mut style = Style::Python;
        while let Some(line) = self.line(self.at) {
            let next = self.items[self.at + 1..].iter().map_while(text);
            if let Some((mut frame, used)) = lines::python_frame(line, next) {
                frame.lines = self.taken(used);
                section.entries.push(Entry::Frame(frame));
                style = Style::Python;
                self.at += used;
                continue;
            }
            // IPython's place of a syntax error is indented, its source not numbered.
            let indented = line.strip_prefix("  ").filter(|rest| syntax_place(rest));
            if let Some(mut frame) =
                indented.or(Some(line).filter(|_| ipython)).and_then(lines::ipython_frame)
            {
                frame.lines = self.taken(1);
                section.entries.push(Entry::Frame(frame));
                style = if indented.is_some() { Style::Python } else { Style::IPython };
            } else if let Some(times) = lines::repeated(line) {
                section.entries.push(Entry::Repeated(times));
            } else if let Some(frame) = source(section, line, style) {
                frame.lines.end = self.taken(1).end;
            } else if blank(line) {
                // Nothing to take.
            } else if line.starts_with([' ', '\t']) {
                section.entries.push(Entry::Odd(line.to_owned()));
            } else if self.link_at(self.at) || name.is_none_or(|name| names(line, name)) {
                return;
            } else {
                section.entries.push(Entry::Odd(line.to_owned()));
            }
            self.at += 1;
        }
    }

    /// The lines of so many items from here on.
    fn taken(&self, count: usize) -> Range<usize> {
        let from = self.number(self.at).unwrap_or_default();
        from..self.number(self.at + count - 1).unwrap_or(from) + 1
    }

    /// The name and message, up to the group's members, the next exception or the end.
    fn exception(&mut self, section: &mut Section, class: Option<&str>) {
        self.skip_blank();
        let Some(first) = self.line(self.at).filter(|_| !self.link_at(self.at)) else {
            if let Some(Item::Tail(tail)) = self.items.get_mut(self.at) {
                section.name = std::mem::take(&mut tail.name);
                section.message = tail.message.take();
                section.notes = std::mem::take(&mut tail.notes);
                self.at += 1;
            }
            return;
        };
        let start = self.at + 1;
        let (name, message) = match class.filter(|class| names(first, class)) {
            Some(class) => {
                let rest = first[class.len()..].strip_prefix(':');
                (class, rest.map(|rest| rest.strip_prefix(' ').unwrap_or(rest)))
            }
            None => lines::exception(first).unwrap_or(("", Some(first))),
        };
        let end = self.message_end(start, message == Some(""));
        let more = &self.items[start..end];
        // Blank lines at the end belong to the layout.
        let kept = more.iter().rposition(|item| text(item).is_some_and(|line| !blank(line)));
        let mut more = more[..kept.map_or(0, |at| at + 1)].iter().filter_map(text);
        self.at = end;
        if name.is_empty() && !section.entries.is_empty() || !name.is_empty() {
            section.name = name.to_owned();
            match message {
                Some(message) => {
                    let mut whole = message.to_owned();
                    for line in more {
                        whole.push('\n');
                        whole.push_str(line);
                    }
                    section.message = Some(whole).filter(|message| !message.is_empty());
                }
                // A name alone has no message: what follows are notes.
                None => section.notes.extend(more.map(str::to_owned)),
            }
        } else {
            section.extra.push(first.to_owned());
            section.extra.extend(more.by_ref().map(str::to_owned));
        }
    }

    /// Where a message ends that goes on at `start`. `remote`: it begins with a line break, as the text of another
    /// process does, which `"""` encloses.
    fn message_end(&mut self, start: usize, remote: bool) -> usize {
        let mut at = start;
        if remote && !self.unclosed && self.line(start) == Some("\"\"\"") {
            let ends = |at: usize| {
                self.line(at) == Some("\"\"\"")
                    && (self.line(at + 1).is_none()
                        || self.line(at + 1).is_some_and(blank)
                            && self.line(at + 2).is_none_or(|line| lines::link(line).is_some()))
            };
            let close =
                (start + 1..self.items.len()).take_while(|at| self.line(*at).is_some()).find(|at| ends(*at));
            match close {
                Some(close) => at = close + 1,
                None => self.unclosed = true,
            }
        }
        while self.line(at).is_some() && !self.link_at(at) {
            at += 1;
        }
        at
    }

    /// The members, and lines after them that are nothing else.
    fn after(&mut self, section: &mut Section) {
        loop {
            match self.items.get_mut(self.at) {
                Some(Item::Members(members)) => {
                    for node in std::mem::take(members) {
                        match self.done.get_mut(node).and_then(Option::take) {
                            Some(Member::Chain(sections)) => {
                                section.members.push(Report { sections, ..Report::default() });
                            }
                            Some(Member::More(lines)) => section.extra.extend(lines),
                            None => {}
                        }
                    }
                }
                Some(Item::Line(line)) => {
                    let line = line.text;
                    if self.link_at(self.at) {
                        return;
                    }
                    if !blank(line) {
                        section.extra.push(line.to_owned());
                    }
                }
                Some(Item::Tail(_)) | None => return,
            }
            self.at += 1;
        }
    }
}

/// A line that begins a stack without a heading: a syntax error's place, or a piece of a traceback.
fn entry_like(line: &str) -> bool {
    line.starts_with("  File \"") || syntax_place(line.trim_start_matches(' '))
}

fn syntax_place(line: &str) -> bool {
    (line.starts_with("Cell In") || line.starts_with("Input In") || line.starts_with("File "))
        && lines::ipython_frame(line).is_some()
}

/// Whether the line is IPython's last one: the class that the heading named, and its message.
fn names(line: &str, class: &str) -> bool {
    line.strip_prefix(class).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Takes a source line or markers into the last frame, if there is one right before; gives that frame.
fn source<'a>(section: &'a mut Section, line: &str, style: Style) -> Option<&'a mut Frame> {
    let Some(Entry::Frame(frame)) = section.entries.last_mut() else { return None };
    match style {
        Style::IPython => {
            let source = lines::numbered(line)?;
            if source.current && frame.line.is_none() {
                frame.line = source.number;
            }
            frame.source.push(source);
        }
        Style::Python => {
            python_source(frame, line.strip_prefix("    ")?);
        }
    }
    Some(frame)
}

fn python_source(frame: &mut Frame, text: &str) {
    match frame.source.last_mut() {
        Some(last) if lines::marks(text) && last.marks.is_empty() => last.marks = text.to_owned(),
        _ => frame.source.push(SourceLine { text: text.to_owned(), current: true, ..SourceLine::default() }),
    }
}
