//! Exception groups: takes the margins off (`  | `, `+-+---------------- 1 ----------------`) and gives the members as
//! texts of their own. Python's rules: `TracebackException.format` of the standard library's `traceback`.

use super::{known::Tail, lines};

/// How deep groups may nest here; Python itself stops at 10. Deeper ones stay text of the last level.
pub const MAX_DEPTH: usize = 32;

/// A line without its margin.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// Its text.
    pub(super) text: &'a str,
    /// Its number in the whole text, from 0.
    pub(super) number: usize,
}

/// A piece of an exception's text.
pub(super) enum Item<'a> {
    /// A line.
    Line(Line<'a>),
    /// The exception's name, message and notes, where they are known.
    Tail(Tail),
    /// The members of the group whose text stands before, as indices of nodes.
    Members(Vec<usize>),
}

/// The text of one chain of exceptions: the whole text (the first node), or that of a member.
pub(super) struct Node<'a> {
    /// In the order of the text.
    pub(super) items: Vec<Item<'a>>,
    /// Not a member but the sentence that stands for those left out.
    pub(super) more: bool,
}

/// What a line is inside a group.
enum Margin<'a> {
    /// A line of the chain at that depth.
    Text(usize, &'a str),
    /// The next member begins, at that depth.
    Member { depth: usize, more: bool },
    /// The members of that depth end.
    Close(usize),
}

/// Splits a text into its chain and the chains of members. There is at least one node; members come after what holds
/// them.
pub(super) fn nodes(text: &str) -> Vec<Node<'_>> {
    let mut nodes = vec![Node { items: Vec::new(), more: false }];
    // The open nodes: the first one holds depths 0 and 1, the second depth 2, and so on.
    let mut open = vec![0];
    let mut inside = false;
    let mut fresh = true;
    for (number, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        inside = inside || line == "  + Exception Group Traceback (most recent call last):";
        inside = inside || (fresh && line.starts_with("  | "));
        let margin = if inside { margin(line) } else { None };
        match margin {
            Some(Margin::Text(depth, text)) => {
                open.truncate(depth.max(1));
                push(&mut nodes, &open, Line { text, number });
            }
            Some(Margin::Member { depth, more }) => {
                open.truncate(depth.saturating_sub(1).max(1));
                if open.len() >= MAX_DEPTH {
                    push(&mut nodes, &open, Line { text: line.trim_start(), number });
                    continue;
                }
                let new = nodes.len();
                nodes.push(Node { items: Vec::new(), more });
                if let Some(&parent) = open.last() {
                    match nodes[parent].items.last_mut() {
                        Some(Item::Members(members)) => members.push(new),
                        _ => nodes[parent].items.push(Item::Members(vec![new])),
                    }
                }
                open.push(new);
            }
            Some(Margin::Close(depth)) => open.truncate(depth.saturating_sub(1).max(1)),
            None => {
                inside = false;
                open.truncate(1);
                push(&mut nodes, &open, Line { text: line, number });
                if !line.trim().is_empty() {
                    fresh = lines::link(line).is_some();
                }
            }
        }
    }
    nodes
}

fn push<'a>(nodes: &mut [Node<'a>], open: &[usize], line: Line<'a>) {
    if let Some(&top) = open.last() {
        nodes[top].items.push(Item::Line(line));
    }
}

fn margin(line: &str) -> Option<Margin<'_>> {
    let rest = line.trim_start_matches(' ');
    let indent = line.len() - rest.len();
    if indent == 0 || !indent.is_multiple_of(2) {
        return None;
    }
    let depth = indent / 2;
    if let Some(text) = rest.strip_prefix('|') {
        return Some(Margin::Text(depth, text.strip_prefix(' ').unwrap_or(text)));
    }
    let rest = rest.strip_prefix('+')?;
    if let Some(text) = rest.strip_prefix(' ') {
        return Some(Margin::Text(depth, text));
    }
    let (depth, rest) = match rest.strip_prefix("-+") {
        Some(rest) => (depth + 1, rest),
        None => (depth, rest),
    };
    if rest.len() >= 20 && rest.bytes().all(|b| b == b'-') {
        return Some(Margin::Close(depth));
    }
    let title = rest.strip_prefix("---------------- ")?.strip_suffix(" ----------------")?;
    let numbered = !title.is_empty() && title.bytes().all(|b| b.is_ascii_digit());
    (numbered || title == "...").then_some(Margin::Member { depth, more: !numbered })
}
