//! What a kernel publishes on its output channel (IOPub): Jupyter's messages, as ipykernel 6.31 sends them (measured).
//!
//! Pure. Of all that comes only what tells of a cell is read: which code a request runs, what it prints, the error that
//! came of it, and its end. Of a figure only its kind and size are. A message whose signature is not the kernel's is refused.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{Text, json};

/// What stands between the routing prefix and the message.
const DELIMITER: &[u8] = b"<IDS|MSG>";

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A request runs this code.
    Input {
        /// The request's id.
        request: Text,
        /// The code.
        code: Text,
    },
    /// A request raised.
    Error {
        /// The request's id.
        request: Text,
        /// The exception's class, without its module.
        name: Text,
        /// Its message.
        message: Text,
        /// The traceback as IPython shows it, with its colours.
        traceback: Text,
    },
    /// A request printed something, on either of its streams.
    Stream {
        /// The request's id.
        request: Text,
        /// The stream: `stdout` or `stderr`.
        name: Text,
        /// What.
        text: String,
    },
    /// A request shows something else: a figure, by its kind and size, or a text.
    Shows {
        /// The request's id.
        request: Text,
        /// A line.
        what: String,
    },
    /// A request wipes what it printed.
    Clear {
        /// The request's id.
        request: Text,
        /// Not before it prints something else.
        waits: bool,
    },
    /// A request has ended. What comes of it afterwards is Juice's client printing it once more.
    Idle {
        /// The request's id.
        request: Text,
    },
    /// Anything else.
    Other,
}

/// Reads a message of several parts. `key`: the kernel's; an empty one signs nothing.
///
/// # Errors
/// In a few words, why it is none.
pub fn read(parts: &[&[u8]], key: &str) -> Result<Said, &'static str> {
    let at = parts.iter().position(|part| *part == DELIMITER).ok_or("no message of Jupyter's")?;
    let [signature, signed @ ..] = parts.get(at + 1..).unwrap_or_default() else { return Err("it is cut") };
    let [header, parent, _, content, ..] = signed else { return Err("it is cut") };
    if !key.is_empty() {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|_| "no key")?;
        signed.iter().take(4).for_each(|part| mac.update(part));
        let bytes = unhex(signature).ok_or("its signature cannot be read")?;
        mac.verify_slice(&bytes).map_err(|_| "its signature is not the kernel's")?;
    }
    let text = |part: &'_ [u8], key: &str| -> Option<Text> {
        let part = std::str::from_utf8(part).ok()?;
        json::get(part, key).and_then(json::string).map(|text| Text::from(text.as_ref()))
    };
    let request = text(parent, "msg_id");
    match (text(header, "msg_type").as_deref(), request) {
        (Some("execute_input"), Some(request)) => {
            Ok(Said::Input { request, code: text(content, "code").ok_or("an input without code")? })
        }
        (Some("stream"), Some(request)) => {
            let printed = text(content, "text").ok_or("a stream without a text")?;
            let name = text(content, "name").unwrap_or_default();
            Ok(Said::Stream { request, name, text: printed.to_string() })
        }
        (Some("display_data"), Some(request)) => {
            let data = std::str::from_utf8(content).ok().and_then(|content| json::get(content, "data"));
            let what = shown(data.ok_or("something shown that holds nothing")?)
                .ok_or("something shown in no form")?;
            Ok(Said::Shows { request, what })
        }
        (Some("clear_output"), Some(request)) => {
            let content = std::str::from_utf8(content).unwrap_or_default();
            Ok(Said::Clear { request, waits: json::get(content, "wait") == Some("true") })
        }
        (Some("status"), Some(request)) if text(content, "execution_state").as_deref() == Some("idle") => {
            Ok(Said::Idle { request })
        }
        (Some("error"), Some(request)) => {
            let lines = std::str::from_utf8(content).ok().and_then(|content| json::get(content, "traceback"));
            let lines =
                json::items(lines.ok_or("an error without a traceback")?).map_err(|_| "no list of lines")?;
            let lines: Option<Vec<_>> = lines.into_iter().map(json::string).collect();
            Ok(Said::Error {
                request,
                name: text(content, "ename").ok_or("an error without a name")?,
                message: text(content, "evalue").unwrap_or_default(),
                traceback: lines.ok_or("a line that is no text")?.join("\n").into(),
            })
        }
        _ => Ok(Said::Other),
    }
}

/// Which request a message says it is of, where its content is not whole and so its signature cannot be checked.
pub fn request(parts: &[&[u8]]) -> Option<Text> {
    let at = parts.iter().position(|part| *part == DELIMITER)?;
    let parent = std::str::from_utf8(parts.get(at + 3)?).ok()?;
    json::get(parent, "msg_id").and_then(json::string).map(|id| Text::from(id.as_ref()))
}

/// What is shown, as a line: a figure by its kind and size, else its text.
fn shown(data: &str) -> Option<String> {
    let forms = json::members(data).ok()?;
    let figure =
        forms.iter().find_map(|(form, value)| Some((form.strip_prefix("image/")?, json::string(value)?)));
    let Some((kind, value)) = figure else {
        let (_, text) = forms.iter().find(|(form, _)| form == "text/plain")?;
        return Some(json::string(text)?.into_owned());
    };
    // An image is in base64, but for a drawing, which is a text.
    let bytes = if kind.starts_with("svg") { value.len() } else { value.trim_end().len() / 4 * 3 };
    let size = png_size(&value).filter(|_| kind == "png");
    let size = size.map(|(width, height)| format!(" of {width}x{height}")).unwrap_or_default();
    Some(format!("[a figure{size}: {kind}, {} kB]", bytes.div_ceil(1000)))
}

/// Width and height of a PNG in base64: they stand in its first 24 bytes.
fn png_size(base64: &str) -> Option<(u32, u32)> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let bytes = STANDARD.decode(base64.get(..32)?).ok()?;
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    bytes.starts_with(b"\x89PNG").then_some(())?;
    Some((number(16)?, number(20)?))
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signed(key: &str, header: &str, parent: &str, content: &str) -> Vec<Vec<u8>> {
        let body = [header, parent, "{}", content];
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        body.iter().for_each(|part| mac.update(part.as_bytes()));
        let signature: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = ["kernel.1.error", "<IDS|MSG>", &signature].into_iter().chain(body);
        parts.map(|part| part.as_bytes().to_vec()).collect()
    }

    fn told(parts: &[Vec<u8>], key: &str) -> Result<Said, &'static str> {
        read(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>(), key)
    }

    const ERROR: &str = r#"{"ename": "KeyError", "evalue": "'q3'", "traceback": ["\u001b[31m---\u001b[39m", "KeyError: 'q3'"]}"#;

    #[test]
    fn inputs_and_errors_are_read_and_signatures_are_checked() {
        let parent = r#"{"msg_id": "7_1", "msg_type": "execute_request"}"#;
        let input = signed(
            "secret",
            r#"{"msg_type": "execute_input"}"#,
            parent,
            r#"{"code": "a\nb", "execution_count": 3}"#,
        );
        assert_eq!(told(&input, "secret"), Ok(Said::Input { request: "7_1".into(), code: "a\nb".into() }));
        let error = signed("secret", r#"{"msg_type": "error"}"#, parent, ERROR);
        let Ok(Said::Error { name, message, traceback, .. }) = told(&error, "secret") else { panic!() };
        assert_eq!((&*name, &*message), ("KeyError", "'q3'"));
        assert_eq!(&*traceback, "\u{1b}[31m---\u{1b}[39m\nKeyError: 'q3'");
        assert_eq!(told(&error, "other"), Err("its signature is not the kernel's"));
        let mut changed = error.clone();
        changed[6] = ERROR.replace("q3", "q4").into_bytes();
        assert_eq!(told(&changed, "secret"), Err("its signature is not the kernel's"));
        assert!(told(&changed, "").is_ok(), "without a key nothing is signed");
        changed[2] = b"zz".to_vec();
        assert_eq!(told(&changed, "secret"), Err("its signature cannot be read"));
        let of = |kind: &str, content: &str| {
            let parts = signed("", &format!(r#"{{"msg_type": "{kind}"}}"#), parent, content);
            told(&parts, "")
        };
        let request = || Text::from("7_1");
        assert_eq!(of("status", "{}"), Ok(Said::Other));
        assert_eq!(of("status", r#"{"execution_state": "busy"}"#), Ok(Said::Other));
        assert_eq!(of("status", r#"{"execution_state": "idle"}"#), Ok(Said::Idle { request: request() }));
        let text = "50%\r\u{1b}[31mé\n".to_owned();
        let stream = of("stream", r#"{"name": "stderr", "text": "50%\r\u001b[31mé\n"}"#);
        assert_eq!(stream, Ok(Said::Stream { request: request(), name: "stderr".into(), text }));
        for (content, waits) in [(r#"{"wait": true}"#, true), (r#"{"wait": false}"#, false), ("{}", false)] {
            assert_eq!(of("clear_output", content), Ok(Said::Clear { request: request(), waits }));
        }
        let shows = |what: &str| Ok(Said::Shows { request: request(), what: what.to_owned() });
        // The first bytes of a PNG of 640 by 480.
        let png = "iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAYAAAA10dzkAAAA";
        let figure = format!(r#"{{"data": {{"text/plain": "<Figure>", "image/png": "{png}"}}}}"#);
        assert_eq!(of("display_data", &figure), shows("[a figure of 640x480: png, 1 kB]"));
        let plain = of("display_data", r#"{"data": {"text/plain": "a table", "text/html": "<table>"}}"#);
        assert_eq!(plain, shows("a table"));
        assert!(of("display_data", r#"{"data": {"image/png": 3}}"#).is_err());
        assert!(of("stream", "{}").is_err());
        for cut in 0..error.len() {
            assert!(told(&error[..cut], "secret").is_err(), "{cut}");
        }
        let odd = signed("", r#"{"msg_type": "error"}"#, parent, r#"{"ename": "E", "traceback": 3}"#);
        assert_eq!(told(&odd, ""), Err("no list of lines"));
    }

    proptest! {
        #[test]
        fn any_parts_are_a_message_or_an_error(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut parts = parts;
            parts.insert(0, DELIMITER.to_vec());
            let _ = told(&parts, "");
            let _ = told(&parts, "key");
        }
    }
}
