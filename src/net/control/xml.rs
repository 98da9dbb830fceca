//! XML-RPC, as much of it as supervisord and the orchestrator need: calls with texts, and their answers.

use roxmltree::{Document, Node, ParsingOptions};

/// A value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `<nil/>`, which Python's servers send for `None`.
    Nil,
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Bool(bool),
    /// A text; also what has a type that nobody asked for, as it is written.
    Text(String),
    /// A struct.
    Members(Vec<(String, Value)>),
    /// An array.
    List(Vec<Value>),
}

impl Value {
    /// A member of a struct.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Members(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, where it is one.
    pub fn number(&self) -> Option<i64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// What came instead of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The method raised: its number, and what it said.
    Raised(i64, String),
    /// It is no answer of XML-RPC: why.
    Odd(String),
}

/// Answers are shallow; a deeper one is nobody's.
const DEEPEST: usize = 16;
/// The most elements and texts of an answer.
const MOST_NODES: u32 = 10_000;

/// A call's text.
pub fn call(method: &str, params: &[&str]) -> String {
    let mut out = String::from("<?xml version='1.0'?>\n<methodCall>\n<methodName>");
    escape(method, &mut out);
    out.push_str("</methodName>\n<params>\n");
    for param in params {
        out.push_str("<param>\n<value><string>");
        escape(param, &mut out);
        out.push_str("</string></value>\n</param>\n");
    }
    out.push_str("</params>\n</methodCall>\n");
    out
}

/// XML cannot hold control characters at all: each becomes a sign for what cannot be shown, and the server says that it
/// knows no such name.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(character),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// The value of an answer.
///
/// # Errors
/// The fault that it tells, or what is wrong with it.
pub fn answer(text: &str) -> Result<Value, Fault> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    // A traceback in a fault may hold what XML does not allow, and Python writes it all the same.
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() && !matches!(c, '\t' | '\n' | '\r') { '\u{fffd}' } else { c })
        .collect();
    let document = Document::parse_with_options(&clean, options).map_err(|e| Fault::Odd(e.to_string()))?;
    let response = document.root_element();
    if response.tag_name().name() != "methodResponse" {
        return Err(Fault::Odd(format!("it is a {}", response.tag_name().name())));
    }
    let find = |path: &[&str]| path.iter().try_fold(response, |node, name| child(node, name));
    if let Some(value) = find(&["fault", "value"]) {
        let fault = read(value, 0)?;
        let code = fault.get("faultCode").and_then(Value::number).unwrap_or_default();
        let said = fault.get("faultString").and_then(Value::text).unwrap_or_default().to_owned();
        return Err(Fault::Raised(code, said));
    }
    match find(&["params", "param", "value"]) {
        Some(value) => read(value, 0),
        None => Err(Fault::Odd("it holds no value".to_owned())),
    }
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Option<Node<'a, 'b>> {
    node.children().find(|child| child.has_tag_name(name))
}

/// What a `<value>` holds.
fn read(value: Node<'_, '_>, depth: usize) -> Result<Value, Fault> {
    if depth > DEEPEST {
        return Err(Fault::Odd("it goes too deep".to_owned()));
    }
    let words = |node: Node<'_, '_>| -> String {
        node.descendants().filter(Node::is_text).filter_map(|inner| inner.text()).collect()
    };
    let Some(typed) = value.children().find(Node::is_element) else {
        // Without a type it is a text.
        return Ok(Value::Text(words(value)));
    };
    let text = words(typed);
    Ok(match typed.tag_name().name() {
        "nil" => Value::Nil,
        "int" | "i4" | "i8" => {
            let number = text.trim().parse();
            Value::Number(number.map_err(|_| Fault::Odd(format!("{text:?} is no number")))?)
        }
        "boolean" => Value::Bool(text.trim() == "1"),
        "struct" => {
            let members = typed.children().filter(|member| member.has_tag_name("member"));
            let member = |member: Node<'_, '_>| {
                let name = child(member, "name").map(words);
                let value = child(member, "value").map(|value| read(value, depth + 1));
                match (name, value) {
                    (Some(name), Some(value)) => Ok((name, value?)),
                    _ => Err(Fault::Odd("a member has no name or no value".to_owned())),
                }
            };
            Value::Members(members.map(member).collect::<Result<_, _>>()?)
        }
        "array" => {
            let data = child(typed, "data").into_iter().flat_map(|data| data.children());
            let values = data.filter(|value| value.has_tag_name("value"));
            Value::List(values.map(|value| read(value, depth + 1)).collect::<Result<_, _>>()?)
        }
        _ => Value::Text(text),
    })
}
