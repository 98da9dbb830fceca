//! The exception that a reply names: where its name and message stand at the end of the text.

use memchr::{memmem, memrchr};

use super::{
    Link, Section,
    lines::{self, strip_sgr},
    margin::Item,
};

/// Longest class name, with module, that is looked for (bytes): the search must stay linear.
const LONGEST_NAME: usize = 512;

/// The end of an exception's text.
pub(super) struct Tail {
    /// As in the text, with the module.
    pub(super) name: String,
    /// `None` if empty.
    pub(super) message: Option<String>,
    /// Lines after the message.
    pub(super) notes: Vec<String>,
    /// The number of its first line in the whole text, from 0.
    pub(super) number: usize,
}

/// What the reply says.
pub(super) struct Known<'a> {
    ename: Option<&'a str>,
    evalue: Option<&'a str>,
}

impl<'a> Known<'a> {
    pub(super) fn new(ename: Option<&'a str>, evalue: Option<&'a str>) -> Known<'a> {
        Known { ename: ename.filter(|name| !name.is_empty()), evalue }
    }

    /// The last place in `text` where the known exception's text begins (at a line's start), and that text.
    pub(super) fn find(&self, text: &str) -> Option<(usize, Tail)> {
        let evalue = self.evalue?;
        if evalue.is_empty() { self.find_bare(text) } else { self.find_message(text, evalue) }
    }

    fn find_message(&self, text: &str, evalue: &str) -> Option<(usize, Tail)> {
        let found = self.last_place(text, evalue).map(|place| (place, evalue));
        // IPython's text has lost its colour codes: the message's too.
        let plain = strip_sgr(evalue);
        let ((start, colon, end), used) = match found {
            Some(found) => found,
            None if plain != evalue && !plain.is_empty() => (self.last_place(text, &plain)?, plain.as_str()),
            None => return None,
        };
        let (rest, after) = match text[end..].split_once('\n') {
            Some((rest, after)) => (rest, Some(after)),
            None => (&text[end..], None),
        };
        // A suggestion (`. Did you mean: 'sweep'?`) is part of what the text says, though not of `evalue`.
        let message = if rest.is_empty() { evalue.to_owned() } else { format!("{used}{rest}") };
        let tail = Tail {
            name: text[start..colon].to_owned(),
            message: Some(message),
            notes: after.map(|after| after.split('\n').map(str::to_owned).collect()).unwrap_or_default(),
            number: line_number(text, start),
        };
        Some((start, tail))
    }

    /// Start of the name, its end, end of the message.
    fn last_place(&self, text: &str, evalue: &str) -> Option<(usize, usize, usize)> {
        let needle = format!(": {evalue}");
        memmem::rfind_iter(text.as_bytes(), needle.as_bytes()).find_map(|colon| {
            let from = colon.saturating_sub(LONGEST_NAME);
            let start = match memrchr(b'\n', &text.as_bytes()[from..colon]) {
                Some(at) => from + at + 1,
                None if from == 0 => 0,
                None => return None,
            };
            let end = colon + needle.len();
            let rest = &text[end..];
            let ends = rest.is_empty() || rest.starts_with('\n') || rest.starts_with(". Did you ");
            (ends && self.names(&text[start..colon]) && !goes_on(rest)).then_some((start, colon, end))
        })
    }

    /// An exception without a message: a line with nothing but its name (IPython adds a colon).
    fn find_bare(&self, text: &str) -> Option<(usize, Tail)> {
        self.ename?;
        let mut end = text.len();
        loop {
            let start = memrchr(b'\n', &text.as_bytes()[..end]).map_or(0, |at| at + 1);
            let line = text[start..end].trim_end();
            let name = line.strip_suffix(':').unwrap_or(line);
            if name.len() <= LONGEST_NAME && self.names(name) && !goes_on(&text[end..]) {
                let notes = text[end..].split('\n').skip(1).map(str::to_owned).collect();
                let number = line_number(text, start);
                return Some((start, Tail { name: name.to_owned(), message: None, notes, number }));
            }
            end = start.checked_sub(1)?;
        }
    }

    /// Whether `name` is the known class, with or without module.
    fn names(&self, name: &str) -> bool {
        match self.ename {
            Some(ename) => name.strip_suffix(ename).is_some_and(|module| {
                module.is_empty() || (module.ends_with('.') && !module.contains(char::is_whitespace))
            }),
            None => lines::exception(name).is_some_and(|(_, message)| message.is_none()),
        }
    }

    /// The same for a group, whose lines have lost their margins: the lines before its members.
    pub(super) fn find_in_group(&self, items: &mut Vec<Item<'_>>) {
        let Some(end) = items.iter().rposition(|item| matches!(item, Item::Members(_))) else { return };
        let start =
            items[..end].iter().rposition(|item| !matches!(item, Item::Line(_))).map_or(0, |at| at + 1);
        let mut text = String::new();
        for item in &items[start..end] {
            if let Item::Line(line) = item {
                text.push_str(line.text);
                text.push('\n');
            }
        }
        text.pop();
        if let Some((at, mut tail)) = self.find(&text) {
            let first = start + line_number(&text, at);
            if let Some(Item::Line(line)) = items.get(first) {
                tail.number = line.number;
            }
            items.splice(first..end, [Item::Tail(tail)]);
        }
    }

    /// Says what is known where the text does not name its last exception.
    pub(super) fn fill(&self, sections: &mut Vec<Section>) {
        if self.ename.is_none() && self.evalue.is_none() {
            return;
        }
        match sections.last_mut() {
            None => sections.push(Section::new(Link::First)),
            // What Python writes where there was no exception.
            Some(last) if last.name == "NoneType" && last.message.as_deref() == Some("None") => {
                if self.ename.is_some_and(|ename| ename != "NoneType") {
                    last.name = String::new();
                    last.message = None;
                    last.extra.push("NoneType: None".to_owned());
                }
            }
            Some(_) => {}
        }
        if let Some(last) = sections.last_mut()
            && last.name.is_empty()
            && last.message.is_none()
        {
            last.name = self.ename.unwrap_or_default().to_owned();
            last.message = self.evalue.filter(|evalue| !evalue.is_empty()).map(str::to_owned);
        }
    }
}

/// How many lines stand before a place.
fn line_number(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count()
}

/// Whether another exception of the chain follows at once: then this one is a cause, not the last.
fn goes_on(rest: &str) -> bool {
    let mut lines = rest.strip_prefix("\n\n").unwrap_or_default().split('\n');
    lines.next().is_some_and(|line| lines::link(line).is_some()) && lines.next() == Some("")
}
