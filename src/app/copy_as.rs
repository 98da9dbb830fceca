//! A task as something to take elsewhere: the command that sends it, the Python that executes it, the frame itself.
//!
//! Pure text. What a shell or Python reads from it is the payload again, number for number. It refuses to confirm:
//! the command of a task that moves hardware has no `--yes`, so that pasting it into a shell moves nothing.

use chrono::{DateTime, FixedOffset, Utc};

use crate::{
    catalogue::TaskType,
    store::{Own, Task},
    wire::{
        Text,
        frame::TaskFrame,
        json::{self, Kind},
        name,
    },
};

use super::session::Way;

/// A command longer than this gives its payload through a pipe: a system takes 128 KiB an argument, a person less.
const LONGEST: usize = 2000;

/// What a secret becomes.
pub const SECRET: &str = "SECRET";

/// What is copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The frame as it goes out, or went out.
    pub frame: TaskFrame,
    /// Which way.
    pub way: Way,
    /// What is known of its type.
    pub task_type: TaskType,
    /// The arguments that lead `juicetop` to this lab.
    pub place: Vec<String>,
    /// The same payload with its secrets masked, and the name; `None`: it has none.
    pub masked: Option<(Text, Text)>,
}

/// As what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// A `juicetop submit` command.
    Command,
    /// Python.
    Python,
    /// The frame.
    Frame,
}

impl Kinds {
    /// All, in the order of the list.
    pub const ALL: [Kinds; 3] = [Kinds::Command, Kinds::Python, Kinds::Frame];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Kinds::Command => "the juicetop submit command",
            Kinds::Python => "Python: client.execute(...)",
            Kinds::Frame => "the JSON frame",
        }
    }

    /// The ending of a file of that kind.
    pub fn ending(self) -> &'static str {
        match self {
            Kinds::Command => "sh",
            Kinds::Python => "py",
            Kinds::Frame => "json",
        }
    }
}

/// The list of what it can be copied as.
#[derive(Debug)]
pub struct CopyAs {
    /// What is copied.
    pub source: Source,
    /// Which of [`Kinds::ALL`] is selected.
    pub selected: usize,
    /// Secrets stand in the clear.
    pub clear: bool,
}

impl CopyAs {
    /// The list on a task, secrets masked.
    pub fn new(source: Source) -> CopyAs {
        CopyAs { source, selected: 0, clear: false }
    }

    /// What is selected.
    pub fn kind(&self) -> Kinds {
        Kinds::ALL[self.selected % Kinds::ALL.len()]
    }

    /// The text that is copied now.
    pub fn text(&self, now: DateTime<Utc>) -> String {
        let mut source = self.source.clone();
        if let Some((payload, name)) = source.masked.take().filter(|_| !self.clear) {
            source.frame.payload = payload;
            source.frame.display_name = name;
        }
        match self.kind() {
            Kinds::Command => command(&source, now),
            Kinds::Python => python(&source, now),
            Kinds::Frame => format!("{}\n", source.frame.encode()),
        }
    }

    /// The name of a file for it.
    pub fn file(&self) -> String {
        let kind: String =
            self.source.task_type.class.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        format!("{}.{}", if kind.is_empty() { "task" } else { &kind }, self.kind().ending())
    }

    /// What is to be known of it, a sentence each.
    pub fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        if self.source.masked.is_some() {
            notes.push(match self.clear {
                true => "Its secrets stand in it, in the clear.",
                false => "SECRET stands for each secret.",
            });
        }
        match self.kind() {
            Kinds::Command => {}
            Kinds::Python => {
                if self.source.task_type.module.is_none() {
                    notes.push(
                        "Its class's module is not known: a class of the same name is made in its place.",
                    );
                }
                if self.source.way == Way::Alone {
                    notes.push("It goes through the task manager: Juice's client knows no other way.");
                }
                notes.push("Run it where the lab's Juice is configured; at a notebook's top level.");
            }
            Kinds::Frame => notes.push("One text message for /tasks; each sending needs an id of its own."),
        }
        notes
    }
}

/// The way that a task of the lab went, as far as it is known.
pub fn way_of(task: &Task) -> Way {
    match task.own {
        Some(Own::Alone) => Way::Alone,
        Some(Own::Direct) => Way::Direct,
        Some(Own::Scheduled) => Way::Scheduled(None),
        None if task.scheduled_task_id.is_some() => Way::Scheduled(None),
        None => Way::Direct,
    }
}

/// When it may start, if that lies ahead: what is over was so at its time.
fn ahead(way: &Way, now: DateTime<Utc>) -> Option<DateTime<FixedOffset>> {
    match way {
        Way::Scheduled(Some(at)) if *at > now => Some(*at),
        _ => None,
    }
}

/// The command that sends the same payload, which `juicetop submit` reads again.
pub fn command(source: &Source, now: DateTime<Utc>) -> String {
    let frame = &source.frame;
    let mut args: Vec<String> = ["juicetop", "submit"].map(str::to_owned).into();
    args.extend(source.place.iter().cloned());
    args.push(if frame.parallel { "--parallel" } else { "--sequential" }.to_owned());
    match (&source.way, ahead(&source.way, now)) {
        (_, Some(at)) => args.extend(["--at".to_owned(), at.to_rfc3339()]),
        (Way::Scheduled(_), None) => args.push("--scheduled".to_owned()),
        (Way::Direct, _) => args.extend(["--direct".to_owned(), "--wait".to_owned()]),
        (Way::Alone, _) => args.push("--wait".to_owned()),
    }
    if needs_name(source) {
        args.extend(option("--name", &frame.display_name));
    }
    let mut with_fields = args.clone();
    // What begins with a hyphen is no option behind it.
    let ends: Vec<String> = vec!["--".to_owned(), frame.target.to_string(), frame.task_type.to_string()];
    if let Some(fields) = fields(&frame.payload) {
        let plain = [&ends[1], &ends[2]].iter().all(|a| !a.starts_with('-'))
            && fields.iter().all(|f| !f.starts_with('-'));
        with_fields.extend(ends.iter().skip(usize::from(plain)).cloned());
        with_fields.extend(fields);
        let line = quoted(&with_fields);
        if line.len() <= LONGEST {
            return format!("{line}\n");
        }
    }
    args.extend(["--payload".to_owned(), "-".to_owned()]);
    let plain = [&ends[1], &ends[2]].iter().all(|a| !a.starts_with('-'));
    args.extend(ends.into_iter().skip(usize::from(plain)));
    // `printf` is the shell's own: its arguments have no limit.
    let payload = quoted(&["printf".to_owned(), "%s".to_owned(), frame.payload.to_string()]);
    format!("{payload} | {}\n", quoted(&args))
}

/// The payload as `name=value`, where that says all of it: names that have no `=`, none of them twice.
fn fields(payload: &str) -> Option<Vec<String>> {
    let members = json::members(payload).ok()?;
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    let doubles = names.windows(2).any(|w| w[0] == w[1]);
    if doubles || names.iter().any(|n| n.is_empty() || n.contains(['=', '\0', '\u{fffd}'])) {
        return None;
    }
    Some(members.iter().map(|(name, raw)| format!("{name}={}", field_value(raw))).collect())
}

/// A value as `submit` reads it: text bare where it is not JSON by itself.
fn field_value(raw: &str) -> String {
    if json::kind(raw) == Some(Kind::String)
        && let Some(text) = json::string(raw)
        && json::check(&text).is_err()
        && !matches!(&*text, "True" | "False" | "None")
        // A shell's argument has no NUL.
        && !text.contains('\0')
        && json::quote(&text) == raw.trim()
    {
        return text.into_owned();
    }
    json::compact(raw)
}

fn quoted(args: &[String]) -> String {
    args.iter().map(|arg| quoted_one(arg)).collect::<Vec<_>>().join(" ")
}

/// An argument as every shell reads it. `name=value` needs no quotes behind a command.
fn quoted_one(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) && !arg.starts_with('=') {
        return arg.to_owned();
    }
    // No argument has a NUL: JSON escapes it, and `field_value` leaves it escaped.
    shlex::try_quote(arg).map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// An option with its value, which may begin with a hyphen.
fn option(name: &str, value: &str) -> Vec<String> {
    if value.starts_with('-') {
        vec![format!("{name}={value}")]
    } else {
        vec![name.to_owned(), value.to_owned()]
    }
}

/// The name may differ from the one that `submit` would make, which without the lab's catalogue knows Juice's own types
/// only.
fn needs_name(source: &Source) -> bool {
    let (frame, kind) = (&source.frame, &source.task_type);
    if frame.display_name.contains('\0') || frame.display_name.is_empty() {
        return false;
    }
    let unheard = TaskType::unheard(frame.task_type.clone());
    let kind = if kind.services.is_empty() && kind.class == frame.task_type { kind } else { &unheard };
    let made =
        name::display_name_with(&kind.class, &frame.payload, &kind.hidden_fields, &|f| kind.numbers(f));
    *frame.display_name != *made
}

/// Python that executes the same task.
pub fn python(source: &Source, now: DateTime<Utc>) -> String {
    let (frame, kind) = (&source.frame, &source.task_type);
    let class = if is_name(&kind.class) { kind.class.to_string() } else { "SomeTask".to_owned() };
    let mut out = String::new();
    let task = call(&class, &members(source));
    let at = ahead(&source.way, now);
    let scheduled = matches!(source.way, Way::Scheduled(_));
    if scheduled {
        out.push_str("from datetime import datetime\n\n");
    }
    out.push_str("from orangeqs import juice\n");
    match &kind.module {
        Some(module) if is_name(&kind.class) && module.split('.').all(is_name) => {
            out.push_str(&format!("from {module} import {class}\n\n"));
            if kind.parallel != frame.parallel {
                out.push_str(&format!("{class}.parallel = {}\n", literal(bool_word(frame.parallel))));
            }
        }
        _ => {
            out.push_str("from orangeqs.juice.task import Task\n\n\n");
            // Without that word pydantic makes null of them. In a string the quote would be escaped.
            let infinite = if task.contains("float(\"") { ", ser_json_inf_nan=\"constants\"" } else { "" };
            out.push_str(&format!("class {class}(Task, extra=\"allow\"{infinite}):\n"));
            out.push_str(&format!("    parallel = {}\n\n", literal(bool_word(frame.parallel))));
            out.push_str("    @classmethod\n    def type(cls) -> str:\n");
            out.push_str(&format!("        return {}\n\n\n", literal(&json::quote(&frame.task_type))));
        }
    }
    out.push_str("client = juice.Client()\n");
    out.push_str(&format!("task = {task}\n"));
    let target = literal(&json::quote(&frame.target));
    match (scheduled, at) {
        (true, Some(at)) => out.push_str(&format!(
            "handle = await client.execute({target}, task, run_at=datetime.fromisoformat(\"{}\"))\n\
             print(handle.scheduled_task_id)\n",
            at.to_rfc3339()
        )),
        (true, None) => out.push_str(&format!(
            "# `run_at` gives it to the scheduler, which starts it when the slot is free.\n\
             handle = await client.execute({target}, task, run_at=datetime.now().astimezone())\n\
             print(handle.scheduled_task_id)\n"
        )),
        (false, _) => out.push_str(&format!(
            "result = await client.execute({target}, task, check=True)\nprint(result.result)\n"
        )),
    }
    out
}

fn bool_word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The payload's members, the last of each name; of a cell without what its class computes.
fn members(source: &Source) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (name, raw) in json::members(&source.frame.payload).unwrap_or_default() {
        kept.retain(|(n, _)| *n != *name);
        kept.push((name.into_owned(), raw.to_owned()));
    }
    let properties = source.task_type.schema.as_deref().and_then(|s| json::get(s, "properties"));
    if let (true, Some(properties)) =
        (source.task_type.ipython && source.task_type.module.is_some(), properties)
    {
        kept.retain(|(name, _)| json::get(properties, name).is_some());
    }
    kept
}

/// Columns that a call may have on one line.
const LINE: usize = 88;

fn call(class: &str, members: &[(String, String)]) -> String {
    if members.is_empty() {
        return format!("{class}()");
    }
    if !members.iter().all(|(name, _)| is_name(name)) {
        let items: Vec<String> = members
            .iter()
            .map(|(n, raw)| format!("{}: {}", literal(&json::quote(n)), literal(raw)))
            .collect();
        return format!("{class}.model_validate({{\n    {},\n}})", items.join(",\n    "));
    }
    let items: Vec<String> = members.iter().map(|(n, raw)| format!("{n}={}", literal(raw))).collect();
    let line = format!("{class}({})", items.join(", "));
    if line.len() + "task = ".len() <= LINE {
        return line;
    }
    format!("{class}(\n    {},\n)", items.join(",\n    "))
}

/// JSON as a Python literal. Numbers stay letter for letter; what has no literal becomes `float("…")`.
fn literal(raw: &str) -> String {
    let raw = raw.trim();
    match json::kind(raw) {
        Some(Kind::Null) => "None".to_owned(),
        Some(Kind::Bool) => if raw == "true" { "True" } else { "False" }.to_owned(),
        Some(Kind::Array) => {
            let items: Vec<String> = json::items(raw).unwrap_or_default().into_iter().map(literal).collect();
            format!("[{}]", items.join(", "))
        }
        Some(Kind::Object) => {
            let members = json::members(raw).unwrap_or_default();
            let items: Vec<String> = members
                .iter()
                .map(|(k, v)| format!("{}: {}", literal(&json::quote(k)), literal(v)))
                .collect();
            format!("{{{}}}", items.join(", "))
        }
        Some(Kind::String) => python_text(raw),
        _ => match raw {
            "NaN" => "float(\"nan\")".to_owned(),
            "Infinity" => "float(\"inf\")".to_owned(),
            "-Infinity" => "float(\"-inf\")".to_owned(),
            number => number.to_owned(),
        },
    }
}

/// A string's literal, with every sign that could act or hide as an escape.
fn python_text(raw: &str) -> String {
    let mut out = String::from("\"");
    for point in json::code_points(raw).into_iter().flatten() {
        match (point, char::from_u32(point)) {
            (_, Some('"')) => out.push_str("\\\""),
            (_, Some('\\')) => out.push_str("\\\\"),
            (_, Some('\n')) => out.push_str("\\n"),
            (_, Some('\t')) => out.push_str("\\t"),
            (_, Some(c)) if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => out.push(c),
            (0..=0xff, _) => out.push_str(&format!("\\x{point:02x}")),
            (0..=0xffff, _) => out.push_str(&format!("\\u{point:04x}")),
            _ => out.push_str(&format!("\\U{point:08x}")),
        }
    }
    out.push('"');
    out
}

/// Words that Python keeps for itself.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Now;

    fn source(payload: &str) -> Source {
        let mut task_type = TaskType::unheard("MeasureT1".into());
        task_type.hidden_fields = vec!["parallel".to_owned()];
        Source {
            frame: TaskFrame {
                id: "i".into(),
                target: "qubits".into(),
                task_type: "MeasureT1".into(),
                parallel: false,
                display_name: name::display_name_with("MeasureT1", payload, &[], &|_| {
                    name::Numbers::default()
                })
                .as_str()
                .into(),
                show_in_dashboard: true,
                payload: payload.into(),
            },
            way: Way::Scheduled(None),
            task_type,
            place: Vec::new(),
            masked: None,
        }
    }

    #[test]
    fn the_command_is_short_where_it_can_be() {
        let now = Now::at(0.0).utc;
        let text = |payload: &str| command(&source(payload), now);
        assert_eq!(
            text(r#"{"qubit": "q3", "averages": 2000, "note": null, "cutoff": 1e-9}"#),
            "juicetop submit --sequential --scheduled qubits MeasureT1 qubit=q3 averages=2000 note=null cutoff=1e-9\n"
        );
        assert_eq!(
            text(r#"{"a": "1", "b": "it's", "c": "True", "d": {"x": [1, 2]}}"#),
            "juicetop submit --sequential --scheduled qubits MeasureT1 'a=\"1\"' \"b=it's\" 'c=\"True\"' 'd={\"x\":[1,2]}'\n"
        );
        assert!(text(r#"{"a=b": 1}"#).starts_with(r#"printf %s '{"a=b": 1}' | juicetop submit "#));
        assert!(text(r#"{"a": 1, "a": 2}"#).starts_with("printf"));
        assert!(text(&format!("{{\"a\": \"{}\"}}", "x".repeat(3000))).starts_with("printf"));
    }

    #[test]
    fn python_has_its_own_words() {
        let now = Now::at(0.0).utc;
        let mut s =
            source(r#"{"qubit": "q3", "n": 1e-9, "big": 1208925819614629174706176, "no": null, "on": true}"#);
        s.task_type.module = Some("lab.tasks".into());
        s.way = Way::Direct;
        assert_eq!(
            python(&s, now),
            "from orangeqs import juice\nfrom lab.tasks import MeasureT1\n\nclient = juice.Client()\ntask = \
             MeasureT1(qubit=\"q3\", n=1e-9, big=1208925819614629174706176, no=None, on=True)\nresult = await client.execute(\"qubits\", task, check=True)\nprint(result.result)\n"
        );
        s.frame.payload =
            r#"{"x": NaN, "l": [-Infinity, "\ud800\u001b\u202eü\"\n"], "class": {"k": false}}"#.into();
        let text = python(&s, now);
        assert!(text.contains(r#""x": float("nan")"#), "{text}");
        assert!(!text.contains("ser_json_inf_nan"), "{text}");
        assert!(text.contains(r#"[float("-inf"), "\ud800\x1b\u202eü\"\n"]"#), "{text}");
        assert!(
            text.contains(r#"MeasureT1.model_validate({"#) && text.contains(r#""class": {"k": False}"#),
            "{text}"
        );
        s.task_type.module = None;
        let text = python(&s, now);
        assert!(
            text.contains(r#"MeasureT1(Task, extra="allow", ser_json_inf_nan="constants"):"#),
            "infinite numbers arrive as such: {text}"
        );
        s.frame.payload = r#"{"x": "float(\""}"#.into();
        assert!(python(&s, now).contains(r#"MeasureT1(Task, extra="allow"):"#));
        let at = DateTime::parse_from_rfc3339("2026-11-25T06:00:00+01:00").unwrap();
        s.way = Way::Scheduled(Some(at));
        assert!(python(&s, now).contains("run_at=datetime.fromisoformat(\"2026-11-25T06:00:00+01:00\")"));
        assert!(command(&s, now).contains("--at 2026-11-25T06:00:00+01:00"));
        // What is over cannot be asked for again.
        assert!(!command(&s, at.to_utc()).contains("--at"));
    }

    #[test]
    fn secrets_are_masked_until_somebody_asks() {
        let mut s = source(r#"{"user": "me", "password": "hush"}"#);
        s.masked = Some((r#"{"user": "me", "password": "SECRET"}"#.into(), "Login: user='me'".into()));
        let mut copy = CopyAs::new(s);
        for selected in 0..Kinds::ALL.len() {
            copy.selected = selected;
            copy.clear = false;
            assert!(!copy.text(Now::at(0.0).utc).contains("hush"));
            assert!(copy.notes()[0].contains("SECRET"));
            copy.clear = true;
            assert!(copy.text(Now::at(0.0).utc).contains("hush"));
        }
        assert_eq!(copy.file(), "MeasureT1.json");
    }
}
