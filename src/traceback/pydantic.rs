//! pydantic's `ValidationError` text (`evalue` of a task that was refused) as data: which field, what is wrong with it.
//!
//! Pure. The wording is pydantic 2's; other wordings are read as far as they follow its layout. It loses nothing: each
//! line stands in some field. It refuses to guess which field a path means: that needs the schema, since a path names
//! union members too and a key may hold a dot.

/// A list of errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// The model that was refused.
    pub title: String,
    /// How many errors the text says there are.
    pub count: usize,
    /// The errors.
    pub items: Vec<Item>,
}

/// One error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// The path as written (`sequence.0.drag.base.sigma`); empty: the model as a whole.
    pub path: String,
    /// What is wrong, with its line breaks, without what the other fields say.
    pub message: String,
    /// pydantic's word for it (`missing`, `int_parsing`); empty if the text has none.
    pub kind: String,
    /// The refused value as Python's `repr`, possibly shortened by pydantic.
    pub input: Option<String>,
    /// The refused value's Python type.
    pub input_type: Option<String>,
    /// Where more is said about this kind.
    pub url: Option<String>,
}

/// Reads the text of a `ValidationError`; `None` if it does not begin like one.
pub fn parse(evalue: &str) -> Option<Errors> {
    let (first, rest) = evalue.split_once('\n').unwrap_or((evalue, ""));
    let (count, words) = first.split_once(' ')?;
    let count = count.parse().ok()?;
    let title = words.strip_prefix("validation errors for").or(words.strip_prefix("validation error for"))?;
    let mut errors = Errors { title: title.trim().to_owned(), count, items: Vec::new() };
    // pydantic 2 closes each message with a bracket; without any, only the layout tells where a message ends.
    let closed = rest.contains(" [type=");
    let mut state = State::Done;
    let mut lines = rest.split('\n').peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() && lines.peek().is_none() {
            break;
        }
        if let Some(url) = line.strip_prefix("    For further information visit ")
            && let Some(item) = errors.items.last_mut()
            && item.url.is_none()
        {
            item.url = Some(url.to_owned());
            state = State::Done;
            continue;
        }
        let message_next = lines.peek().is_some_and(|next| indented(next));
        match (state, line.strip_prefix("  ")) {
            // The model as a whole has no path.
            (State::Done, Some(text)) => {
                errors.items.push(Item { message: text.to_owned(), ..Item::default() });
                state = State::Message;
            }
            (State::Path, Some(text)) => {
                if let Some(item) = errors.items.last_mut() {
                    item.message.push_str(text);
                }
                state = State::Message;
            }
            // A message of several lines goes on until the bracket that closes it.
            (State::Message, _) if closed || !message_next || line.starts_with("  ") || line.is_empty() => {
                if let Some(item) = errors.items.last_mut() {
                    item.message.push('\n');
                    item.message.push_str(line);
                }
            }
            (State::Path, None) => {
                if let Some(item) = errors.items.last_mut() {
                    item.path.push('\n');
                    item.path.push_str(line);
                }
            }
            (State::Done | State::Message, _) => {
                errors.items.push(Item { path: line.to_owned(), ..Item::default() });
                state = State::Path;
            }
        }
        if state == State::Message
            && let Some(item) = errors.items.last_mut()
            && bracket(item, line)
        {
            state = State::Done;
        }
    }
    Some(errors)
}

/// What was read last.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Path,
    /// A message that may go on.
    Message,
    /// A message that is complete.
    Done,
}

fn indented(line: &str) -> bool {
    line.starts_with("  ") && !line.trim().is_empty()
}

/// Takes `[type=…, input_value=…, input_type=…]` (pydantic 1: `(type=…)`) off the message's last line, `line`. False
/// if it has none.
fn bracket(item: &mut Item, line: &str) -> bool {
    let new = line.ends_with(']').then(|| line.find(" [type=")).flatten();
    let old = line.ends_with(')').then(|| line.rfind(" (type=")).flatten();
    let Some(at) = new.or(old) else { return false };
    // The message ends with the line, or with the line less its indentation: count from the end.
    let inside = &line[at + " [type=".len()..line.len() - 1];
    item.message.truncate(item.message.len() - (line.len() - at));
    let (kind, rest) = match inside.split_once(", input_value=") {
        Some((kind, rest)) => (kind, Some(rest)),
        None => (inside, None),
    };
    item.kind = kind.to_owned();
    if let Some(rest) = rest {
        let (input, kind) = match rest.rsplit_once(", input_type=") {
            Some((input, kind)) => (input, Some(kind.to_owned())),
            None => (rest, None),
        };
        item.input = Some(input.to_owned());
        item.input_type = kind;
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TWO: &str = "2 validation errors for MeasureT1
qubit
  Input should be a valid string [type=string_type, input_value=[1, 'a, input_type='], input_type=list]
    For further information visit https://errors.pydantic.dev/2.14/v/string_type
sequence.0.drag.base.sigma
  Field required [type=missing, input_value={'x': ']'}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.14/v/missing";

    fn paths(errors: &Errors) -> Vec<&str> {
        errors.items.iter().map(|item| item.path.as_str()).collect()
    }

    #[test]
    fn fields_and_messages() {
        let errors = parse(TWO).unwrap();
        assert_eq!((errors.title.as_str(), errors.count), ("MeasureT1", 2));
        assert_eq!(paths(&errors), ["qubit", "sequence.0.drag.base.sigma"]);
        let first = &errors.items[0];
        assert_eq!(
            (first.message.as_str(), first.kind.as_str()),
            ("Input should be a valid string", "string_type")
        );
        assert_eq!(first.input.as_deref(), Some("[1, 'a, input_type=']"));
        assert_eq!(first.input_type.as_deref(), Some("list"));
        assert!(first.url.as_deref().unwrap().ends_with("/string_type"));
    }

    #[test]
    fn the_model_as_a_whole_and_messages_of_several_lines() {
        let errors = parse(
            "2 validation errors for M\n  Value error, first line\nsecond line\n  third [type=value_error, input_value={}, input_type=dict]\n    For further information visit https://x\na b\n  Field required [type=missing]",
        )
        .unwrap();
        assert_eq!(paths(&errors), ["", "a b"]);
        assert_eq!(errors.items[0].message, "Value error, first line\nsecond line\n  third");
        assert_eq!((errors.items[1].kind.as_str(), &errors.items[1].input), ("missing", &None));
    }

    #[test]
    fn other_wordings() {
        let errors =
            parse("2 validation errors for M\na -> b\n  field required (type=value_error.missing)\nc\n  no")
                .unwrap();
        assert_eq!(paths(&errors), ["a -> b", "c"]);
        assert_eq!(
            (errors.items[0].kind.as_str(), errors.items[1].message.as_str()),
            ("value_error.missing", "no")
        );
        assert_eq!(parse("1 validation error for M").unwrap().items, []);
        assert_eq!(parse("could not read"), None);
        assert_eq!(parse("many validation errors for M"), None);
    }

    fn lost(text: &str, errors: &Errors) -> Option<String> {
        let all = format!("{errors:?}");
        let quoted = |line: &str| format!("{:?}", line.trim()).trim_matches('"').to_owned();
        text.split('\n')
            .skip(1)
            .flat_map(|line| line.split([',', '=', '[', ']', '(', ')']))
            .map(|piece| piece.trim().trim_start_matches("For further information visit "))
            .filter(|piece| !matches!(*piece, "type" | "input_value" | "input_type"))
            .find(|piece| !all.contains(&quoted(piece)))
            .map(str::to_owned)
    }

    #[test]
    fn real_texts() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if !path.to_str().unwrap().ends_with(".samples.json") {
                continue;
            }
            let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            for sample in json["refuses"].as_array().unwrap() {
                let text = sample["evalue"].as_str().unwrap();
                let errors = parse(text).unwrap();
                assert_eq!(errors.count, errors.items.len(), "{text}");
                assert!(
                    errors.items.iter().all(|item| !item.kind.is_empty() && item.input_type.is_some()),
                    "{text}"
                );
                assert!(errors.items.iter().all(|item| !item.message.contains('\n')), "{text}");
                assert_eq!(lost(text, &errors), None, "{text}");
                seen += errors.count;
            }
        }
        assert!(seen > 50, "{seen}");
    }

    proptest! {
        #[test]
        fn nothing_is_lost(lines in prop::collection::vec(prop_oneof![
            prop::sample::select(TWO.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()),
            "[a-z .]{0,8}", "  [a-z]{1,5} \\[type=[a-z]{0,3}\\]", "  [a-z ]{0,9}", " {0,6}é \\(type=x\\)"], 0..20))
        {
            let text = format!("3 validation errors for M\n{}", lines.join("\n"));
            let errors = parse(&text).unwrap();
            prop_assert_eq!(lost(&text, &errors), None, "{:#?}", errors);
        }
    }
}
