//! What Python is asked, in Python: which task types a lab has, and how a task's class writes a payload.
//!
//! Two scripts share how a class is described. One runs in a process of its own, in the lab's environment, and answers
//! in lines of JSON; the other is one cell for a running kernel. Both give a catalogue in the form that
//! [`Catalogue::add_file`](super::Catalogue::add_file) reads. Pure: running them is for others.

use crate::wire::{Text, frame::TaskFrame, json};

use super::sweep::Payloads;

/// The script for a process of its own. It reads the request, lines of JSON, and answers in lines; each is read by
/// [`Line::parse`].
pub const LAB: &str = concat!(include_str!("python/describe.py"), include_str!("python/lab.py"));

const KERNEL: &str = concat!(include_str!("python/describe.py"), include_str!("python/kernel.py"));

/// The first word of the display name of a question to a kernel: it is nobody's task type.
pub const QUESTION: &str = "ListTaskTypes";

/// The cell that asks a kernel. One expression, which leaves no name behind in the kernel.
pub fn cell() -> String {
    // What JSON writes in ASCII is a string literal of Python's too.
    format!(
        "(lambda names: (exec({}, names), names[\"out\"])[1])({{\"ip\": get_ipython()}})",
        json::quote(KERNEL)
    )
}

/// The question to a service's kernel. It takes the slot like any cell: with `run_async`, or beside others, it could
/// destroy the result of a cell that runs.
pub fn question(id: Text, service: &Text) -> TaskFrame {
    TaskFrame {
        id,
        target: service.clone(),
        task_type: super::IPYTHON.into(),
        parallel: false,
        display_name: format!("{QUESTION}: asked by juicetop").into(),
        show_in_dashboard: false,
        payload: format!("{{\"run_async\": false, \"code\": {}}}", json::quote(&cell())).into(),
    }
}

/// The request for the types of these services, each with its entrypoint.
pub fn list_request<'a>(services: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let services = services.into_iter().map(|(name, entrypoint)| (name, json::quote(entrypoint)));
    json::object([("services", json::object(services))])
}

/// The request for the envelopes of tasks of one class (`module:Class`): a line, and one more for each payload, which is
/// written when it is asked for.
pub fn envelope_request(class: &str, payloads: Payloads) -> impl Iterator<Item = String> + Send + 'static {
    let head = json::object([("envelope", json::quote(class)), ("payloads", payloads.count().to_string())]);
    std::iter::once(head).chain(payloads.all().map(|payload| json::quote(&payload)))
}

/// One line of the script's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The first line: it is a Python, and our script runs in it.
    Ready,
    /// It is about to import this.
    Importing {
        /// The service, or the class.
        name: String,
        /// `module:Class`.
        entrypoint: String,
    },
    /// The class was imported: it makes its tasks now.
    Imported,
    /// An answer, raw JSON: one to each question.
    Answer(String),
    /// The class refuses a payload: what it raised, in an answer's place.
    Refused {
        /// The exception's class.
        name: String,
        /// Its message.
        message: String,
    },
    /// There is no Juice in that Python; the exception.
    NoJuice(String),
    /// It raised, and answers no more.
    Error {
        /// The exception's class.
        name: String,
        /// Its message.
        message: String,
    },
}

impl Line {
    /// Reads a line; `None` where it is none of the script's.
    pub fn parse(line: &str) -> Option<Line> {
        json::check(line).ok()?;
        let text = |key| json::get(line, key).and_then(json::string).map(std::borrow::Cow::into_owned);
        if json::get(line, "juicetop").is_some() {
            return Some(Line::Ready);
        }
        if let Some(raw) = json::get(line, "answer") {
            return Some(Line::Answer(raw.to_owned()));
        }
        if json::get(line, "imported").is_some() {
            return Some(Line::Imported);
        }
        if let Some(name) = text("importing") {
            return Some(Line::Importing { name, entrypoint: text("entrypoint").unwrap_or_default() });
        }
        if let Some(error) = text("no_juice") {
            return Some(Line::NoJuice(error));
        }
        let message = || text("message").unwrap_or_default();
        if let Some(name) = text("refused") {
            return Some(Line::Refused { name, message: message() });
        }
        Some(Line::Error { name: text("error")?, message: message() })
    }
}

/// A payload that its class refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which of the payloads, from 0.
    pub at: usize,
    /// The exception's class; empty where what it made is refused here.
    pub name: String,
    /// What it says; several lines for pydantic's errors.
    pub message: String,
}

impl Refusal {
    /// The whole of it.
    pub fn words(&self) -> String {
        match self.name.is_empty() {
            true => self.message.clone(),
            false => format!("{}: {}", self.name, self.message),
        }
    }
}

/// Sets of values that are told of those that a class refuses.
const MOST_TOLD: usize = 4;

/// Which of many payloads their class refuses: `3 of 20: n=-1; n=0; n=7`.
pub fn which(payloads: &Payloads, refused: &[Refusal]) -> String {
    let values = |refusal: &Refusal| payloads.told(refusal.at);
    let mut told: Vec<String> = refused.iter().take(MOST_TOLD).map(values).collect();
    if let Some(last) = refused.last().filter(|_| refused.len() > MOST_TOLD) {
        told.push(format!("… {}", values(last)));
    }
    format!("{} of {}: {}", refused.len(), payloads.count(), told.join("; "))
}

/// A task as its own class writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The type on the wire.
    pub task_type: Text,
    /// The class's lane.
    pub parallel: bool,
    /// The exact name.
    pub display_name: Text,
    /// Whether dashboards show it.
    pub show_in_dashboard: bool,
    /// The payload, with `code` for a cell.
    pub payload: Text,
}

impl Envelope {
    /// A payload with what it lacks: the code of a cell, defaults that only the class knows. What it has stays letter
    /// for letter. Secrets are never taken from here: Python writes them masked.
    pub fn complete(&self, payload: &str) -> String {
        let (Ok(own), Ok(made)) = (json::members(payload), json::members(&self.payload)) else {
            return payload.to_owned();
        };
        let given = |name: &str, raw: &str| !(name == "code" && raw == "null");
        let mut members: Vec<(String, &str)> = Vec::new();
        for (name, raw) in own.iter().filter(|(name, raw)| given(name, raw)) {
            members.push((name.to_string(), raw));
        }
        let lacking = made.iter().filter(|(name, raw)| {
            !own.iter().any(|(known, raw)| known == name && given(known, raw)) && !is_masked(raw)
        });
        let lacking: Vec<(String, &str)> = lacking.map(|(name, raw)| (name.to_string(), *raw)).collect();
        if lacking.is_empty() && members.len() == own.len() {
            return payload.to_owned();
        }
        members.extend(lacking);
        json::object(members)
    }

    /// Reads the script's answer.
    ///
    /// # Errors
    /// One phrase where it is not whole, or where it is a cell without code.
    pub fn parse(raw: &str) -> Result<Envelope, String> {
        let text = |raw: &str, key| json::get(raw, key).and_then(json::string).map(|text| Text::from(&*text));
        let metadata = json::get(raw, "metadata").ok_or("the answer has no metadata")?;
        let flag = |key| json::get(metadata, key).and_then(json::boolean);
        let payload = json::get(raw, "payload").filter(|raw| json::kind(raw) == Some(json::Kind::Object));
        let payload = payload.ok_or("the answer has no payload")?;
        let task_type = text(raw, "type").ok_or("the answer has no type")?;
        let code = json::get(payload, "code").and_then(json::kind);
        if *task_type == *super::IPYTHON && code != Some(json::Kind::String) {
            return Err("the class gave no code".to_owned());
        }
        Ok(Envelope {
            task_type,
            parallel: flag("parallel").unwrap_or(false),
            display_name: text(metadata, "display_name")
                .filter(|name| !name.is_empty())
                .ok_or("the class gave no display name")?,
            show_in_dashboard: flag("show_in_dashboard").unwrap_or(true),
            payload: payload.into(),
        })
    }
}

/// Whether a value is, or holds, a secret as pydantic writes it.
fn is_masked(raw: &str) -> bool {
    raw.contains("\"**********\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::sweep::{Combine, Pattern, Plan, Sweep, Values, mark};

    #[test]
    fn the_scripts_are_ascii_so_that_their_json_is_a_string_of_pythons() {
        assert!(LAB.is_ascii() && KERNEL.is_ascii());
        let cell = cell();
        assert!(!cell.contains('\n'), "one expression on one line");
        assert!(cell.starts_with("(lambda names: (exec(\"import inspect\\n"), "{cell}");
        let frame = question("id".into(), &"lab".into());
        assert!(!frame.parallel && !frame.show_in_dashboard);
        assert_eq!(json::get(&frame.payload, "run_async"), Some("false"));
        assert_eq!(json::get(&frame.payload, "code").and_then(json::string).as_deref(), Some(&*cell));
    }

    #[test]
    fn lines_of_the_answer_are_read_and_others_are_not() {
        let read = |line| Line::parse(line).unwrap();
        assert_eq!(read("{\"juicetop\": 1}"), Line::Ready);
        assert_eq!(
            read("{\"importing\": \"cryo\", \"entrypoint\": \"a:B\"}"),
            Line::Importing { name: "cryo".into(), entrypoint: "a:B".into() }
        );
        assert_eq!(read("{\"imported\": \"a:B\"}"), Line::Imported);
        assert_eq!(read("{\"answer\": {\"a\": NaN}}"), Line::Answer("{\"a\": NaN}".into()));
        assert_eq!(read("{\"no_juice\": \"x\"}"), Line::NoJuice("x".into()));
        assert_eq!(
            read("{\"error\": \"KeyError\", \"message\": \"'a'\"}"),
            Line::Error { name: "KeyError".into(), message: "'a'".into() }
        );
        assert_eq!(
            read("{\"refused\": \"ValidationError\", \"message\": \"n\"}"),
            Line::Refused { name: "ValidationError".into(), message: "n".into() }
        );
        for line in ["", "hello", "{}", "[1]", "{\"answer\": ", "{\"error\": 3}", "{\"refused\": null}"] {
            assert_eq!(Line::parse(line), None, "{line}");
        }
    }

    #[test]
    fn requests_hold_any_text() {
        let request = list_request([("it's \"so\"", "m:C"), ("b", "n:D")]);
        assert_eq!(request, r#"{"services": {"it's \"so\"": "m:C", "b": "n:D"}}"#);
    }

    #[test]
    fn one_payload_is_asked_for_as_many_are() {
        let lines = |payloads| envelope_request("m:C", payloads).collect::<Vec<_>>();
        let one = lines(Payloads::one("{\"a\":\n\"ü\"}"));
        assert_eq!(one[0], r#"{"envelope": "m:C", "payloads": 1}"#);
        assert_eq!(json::string(&one[1]).as_deref(), Some("{\"a\":\n\"ü\"}"), "letter for letter");
        let axes = vec![("n".to_owned(), Sweep::read("1..10000", Values::Integer).unwrap())];
        let open = format!("{{\"n\": {}, \"a\":\n2}}", mark(0));
        let plan = Plan::new(axes, Combine::Multiply).unwrap();
        let many = lines(Payloads::new(Pattern::read(&open, 1).unwrap(), plan));
        assert_eq!(many.len(), 10_001);
        assert_eq!(json::string(&many[10_000]).as_deref(), Some("{\"n\": 10000, \"a\":\n2}"));
        assert!(one.iter().chain(&many).all(|line| !line.contains('\n')));
    }

    #[test]
    fn what_a_payload_lacks_is_added_and_what_it_has_stays() {
        let envelope = Envelope {
            task_type: "IPythonTask".into(),
            parallel: false,
            display_name: "Plot".into(),
            show_in_dashboard: true,
            payload: r#"{"run_async": false, "n": 1.0, "made": [1], "key": "**********", "code": "1 + 1"}"#
                .into(),
        };
        for (payload, whole) in [
            (
                "{\"n\": 1e0, \"key\": \"s3cret\"}",
                r#"{"n": 1e0, "key": "s3cret", "run_async": false, "made": [1], "code": "1 + 1"}"#,
            ),
            ("{\"code\": null, \"n\":  2}", r#"{"n": 2, "run_async": false, "made": [1], "code": "1 + 1"}"#),
            ("[1]", "[1]"),
        ] {
            assert_eq!(envelope.complete(payload), whole);
        }
        let whole = "{ \"run_async\":true,\"n\":1,\"made\":[],\"code\":\"x\"}";
        assert_eq!(envelope.complete(whole), whole, "letter for letter");
    }

    #[test]
    fn an_envelope_is_whole_or_refused() {
        let whole = r#"{"type": "IPythonTask", "metadata": {"parallel": false, "display_name": "Plot: n=1",
            "show_in_dashboard": true}, "payload": {"n": 1, "code": "1"}}"#;
        let read = Envelope::parse(whole).unwrap();
        assert_eq!((&*read.task_type, &*read.display_name), ("IPythonTask", "Plot: n=1"));
        assert_eq!(&*read.payload, r#"{"n": 1, "code": "1"}"#);
        for (from, to, why) in [
            (", \"code\": \"1\"", "", "no code"),
            ("\"1\"", "null", "no code"),
            ("Plot: n=1", "", "no display name"),
            ("\"payload\"", "\"p\"", "no payload"),
            ("\"metadata\"", "\"m\"", "no metadata"),
        ] {
            let told = Envelope::parse(&whole.replace(from, to)).unwrap_err();
            assert!(told.contains(why), "{from}: {told}");
        }
    }
}
