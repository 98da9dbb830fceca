//! Which part of a piece of code is what: keywords, strings, numbers, comments.
//!
//! Pure, and made for code that is being typed: what cannot be parsed yet is coloured as far as it can be understood,
//! and nothing is ever refused. It knows no colour (that is the theme's) and gives no meaning to the code.

use std::{cell::RefCell, ops::Range, sync::OnceLock};

use tree_sitter_highlight::{HighlightConfiguration, HighlightEvent, Highlighter};

/// What a part of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A word of the language.
    Keyword,
    /// A text.
    String,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// A function that is defined or called, a decorator.
    Function,
    /// A class or a type.
    Type,
    /// `None`, `True`, `False`, a name in capitals, a magic of IPython.
    Constant,
    /// An operator.
    Operator,
}

/// A part of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its bytes within the line.
    pub bytes: Range<usize>,
    /// What it is.
    pub token: Token,
}

/// The names that the grammar's query gives to parts, with what we make of them. What is not here stays plain.
const NAMES: [(&str, Token); 13] = [
    ("keyword", Token::Keyword),
    ("string", Token::String),
    ("escape", Token::Constant),
    ("number", Token::Number),
    ("comment", Token::Comment),
    ("function", Token::Function),
    ("function.builtin", Token::Function),
    ("function.method", Token::Function),
    ("type", Token::Type),
    ("constructor", Token::Type),
    ("constant", Token::Constant),
    ("constant.builtin", Token::Constant),
    ("operator", Token::Operator),
];

/// The grammar and its query, made once (some milliseconds); `None` only if the two did not fit each other.
fn configuration() -> Option<&'static HighlightConfiguration> {
    static MADE: OnceLock<Option<HighlightConfiguration>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let language = tree_sitter_python::LANGUAGE.into();
        let query = tree_sitter_python::HIGHLIGHTS_QUERY;
        let mut made = HighlightConfiguration::new(language, "python", query, "", "").ok()?;
        made.configure(&NAMES.map(|(name, _)| name));
        Some(made)
    });
    made.as_ref()
}

thread_local! {
    static PARSER: RefCell<Highlighter> = RefCell::new(Highlighter::new());
}

/// The parts of Python code, by its lines (as `split('\n')` gives them). Parts do not overlap and stand in order.
///
/// IPython's magics (`%time …`, `!ls`) are taken for what they are.
pub fn python(code: &str) -> Vec<Vec<Span>> {
    let starts: Vec<usize> = std::iter::once(0).chain(code.match_indices('\n').map(|(i, _)| i + 1)).collect();
    let mut lines = vec![Vec::new(); starts.len()];
    let Some(configuration) = configuration() else { return lines };
    let (plain, magics) = without_magics(code);
    PARSER.with_borrow_mut(|parser| {
        let Ok(events) = parser.highlight(configuration, plain.as_bytes(), None, None, |_| None) else {
            return;
        };
        let mut inside: Vec<Token> = Vec::new();
        for event in events {
            match event {
                Ok(HighlightEvent::HighlightStart(h)) => {
                    inside.push(NAMES.get(h.0).map_or(Token::Operator, |(_, token)| *token));
                }
                Ok(HighlightEvent::HighlightEnd) => {
                    inside.pop();
                }
                Ok(HighlightEvent::Source { start, end }) => {
                    let word = code.get(start..end).is_some_and(|t| t.starts_with(char::is_alphabetic));
                    match inside.last() {
                        // `in`, `not`, `and`: the query calls them operators.
                        Some(Token::Operator) if word => {
                            put(&mut lines, &starts, code, start..end, Token::Keyword);
                        }
                        Some(token) => put(&mut lines, &starts, code, start..end, *token),
                        None => {}
                    }
                }
                Err(_) => return,
            }
        }
    });
    // A magic that the parser took for the comment that stood in its place.
    for line in magics {
        if let [only] = &mut lines[line][..]
            && only.token == Token::Comment
        {
            only.token = Token::Constant;
        }
    }
    lines
}

/// Puts a part of the code to the lines that it goes over.
fn put(lines: &mut [Vec<Span>], starts: &[usize], code: &str, bytes: Range<usize>, token: Token) {
    let mut line = starts.partition_point(|s| *s <= bytes.start).saturating_sub(1);
    while line < lines.len() && starts[line] < bytes.end {
        let end = starts.get(line + 1).map_or(code.len(), |next| next - 1);
        let from = bytes.start.max(starts[line]);
        let to = bytes.end.min(end);
        if from < to {
            let bytes = from - starts[line]..to - starts[line];
            match lines[line].last_mut() {
                Some(last) if last.token == token && last.bytes.end == bytes.start => {
                    last.bytes.end = bytes.end;
                }
                _ => lines[line].push(Span { bytes, token }),
            }
        }
        line += 1;
    }
}

/// The code with IPython's magics turned into comments of the same length, and their lines.
fn without_magics(code: &str) -> (String, Vec<usize>) {
    let mut magics = Vec::new();
    let mut out = String::with_capacity(code.len());
    for (number, line) in code.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        if line[indent..].starts_with(['%', '!', '?']) {
            magics.push(number);
            out.push_str(&line[..indent]);
            out.push('#');
            out.push_str(&line[indent + 1..]);
        } else {
            out.push_str(line);
        }
    }
    (out, magics)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(code: &str) -> Vec<(&str, Token)> {
        let lines = python(code);
        code.split('\n')
            .zip(&lines)
            .flat_map(|(text, spans)| {
                spans.iter().map(|s| (&text[s.bytes.clone()], s.token)).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn a_cell_is_coloured() {
        let found = parts("for q in [\"q1\", 2.5e-3]:  # all\n    print(q, None)");
        for part in [
            ("for", Token::Keyword),
            ("in", Token::Keyword),
            ("\"q1\"", Token::String),
            ("2.5e-3", Token::Number),
            ("# all", Token::Comment),
            ("print", Token::Function),
            ("None", Token::Constant),
        ] {
            assert!(found.contains(&part), "{part:?} is not among {found:?}");
        }
    }

    #[test]
    fn unfinished_code_keeps_its_colours_where_it_can() {
        let found =
            parts("import numpy as np\ndef f(x: int = 3, *, y=\"a\n    if x:\n        return 12  # yes");
        for part in [
            ("import", Token::Keyword),
            ("def", Token::Keyword),
            ("return", Token::Keyword),
            ("12", Token::Number),
        ] {
            assert!(found.contains(&part), "{part:?} is not among {found:?}");
        }
    }

    #[test]
    fn magics_are_not_mistaken_for_code_and_texts_are_not_for_magics() {
        assert_eq!(
            parts("%time run()\n!ls")[..],
            [("%time run()", Token::Constant), ("!ls", Token::Constant)]
        );
        let text = parts("x = \"\"\"\n%d items\n\"\"\"");
        assert!(text.contains(&("%d items", Token::String)), "{text:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        #[test]
        fn parts_stand_in_order_inside_their_lines(code in r#"([a-z ():"'#\n%é量=\[\]\\]|def |f"\{|"""|\r|\u{0}){0,80}"#) {
            let lines = python(&code);
            let texts: Vec<&str> = code.split('\n').collect();
            prop_assert_eq!(lines.len(), texts.len());
            for (text, spans) in texts.iter().zip(&lines) {
                let mut at = 0;
                for span in spans {
                    prop_assert!(span.bytes.start >= at && span.bytes.end > span.bytes.start);
                    prop_assert!(text.get(span.bytes.clone()).is_some(), "{:?} in {:?}", span, text);
                    at = span.bytes.end;
                }
            }
        }
    }
}
