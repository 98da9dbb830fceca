//! The traceback of a failed cell, from the kernel's memory: IPython keeps the last exception that it showed. A cell's
//! reply has none (source: `orangeqs.juice.service._ipython`, measured).

use crate::wire::{Text, frame::TaskFrame, json};

/// The first word of the display name of the question: it is nobody's task type.
pub const QUESTION: &str = "LastException";

/// One expression, which leaves no name behind in the kernel.
const CELL: &str = "(lambda s, t: (type(s.last_value).__name__, str(s.last_value), \
    ''.join(t.format_exception(s.last_value))) if getattr(s, 'last_value', None) is not None else None)\
    (__import__('sys'), __import__('traceback'))";

/// The question to a service's kernel. It takes the slot like any cell: with `run_async`, or beside others, it could
/// destroy the result of one that runs.
pub fn question(id: Text, service: &Text) -> TaskFrame {
    TaskFrame {
        id,
        target: service.clone(),
        task_type: "IPythonTask".into(),
        parallel: false,
        display_name: format!("{QUESTION}: asked by juicetop").into(),
        show_in_dashboard: false,
        payload: format!("{{\"run_async\": false, \"code\": {}}}", json::quote(CELL)).into(),
    }
}

/// What a kernel keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastException {
    /// The class, without its module.
    pub name: String,
    /// The message.
    pub message: String,
    /// As Python prints it.
    pub traceback: String,
}

impl LastException {
    /// Reads the answer; `None` inside: the kernel keeps none.
    ///
    /// # Errors
    /// One phrase where it is no answer to the question.
    pub fn parse(raw: &str) -> Result<Option<LastException>, String> {
        if json::kind(raw) == Some(json::Kind::Null) {
            return Ok(None);
        }
        let items = json::items(raw).map_err(|_| "it is no list".to_owned())?;
        let texts: Option<Vec<String>> =
            items.into_iter().map(|item| Some(json::string(item)?.into_owned())).collect();
        match texts.as_deref() {
            Some([name, message, traceback]) => Ok(Some(LastException {
                name: name.clone(),
                message: message.clone(),
                traceback: traceback.clone(),
            })),
            _ => Err("it is not three texts".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let raw = r#"["KeyError", "'amp'", "Traceback …\nKeyError: 'amp'\n"]"#;
        let found = LastException::parse(raw).unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.message.as_str()), ("KeyError", "'amp'"));
        assert!(found.traceback.ends_with("'amp'\n"));
        assert_eq!(LastException::parse("null"), Ok(None));
        for raw in ["3", "[]", "{}", "[1, 2, 3]", "[\"a\", \"b\"]"] {
            assert!(LastException::parse(raw).is_err(), "{raw}");
        }
        let frame = question("id".into(), &"lab".into());
        assert!(!frame.parallel && !frame.show_in_dashboard && !CELL.contains('\n'));
        assert_eq!(json::get(&frame.payload, "run_async"), Some("false"));
    }
}
