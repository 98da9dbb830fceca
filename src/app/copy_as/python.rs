//! The Python that executes the same, as Juice's own client does it.

use chrono::{DateTime, Utc};

use super::{Group, Source, ahead};
use crate::{
    app::session::Way,
    catalogue::sweep::{Combine, mark},
    wire::json::{self, Kind},
};

/// Python that executes the same task.
pub fn python(source: &Source, now: DateTime<Utc>) -> String {
    let (frame, kind) = (&source.frame, &source.task_type);
    let class = if is_name(&kind.class) { kind.class.to_string() } else { "SomeTask".to_owned() };
    let at = ahead(&source.way, now);
    let scheduled = matches!(source.way, Way::Scheduled(_)) || source.group.is_some();
    let several = source
        .group
        .as_ref()
        .filter(|group| group.batch.plan.axes().len() > 1 && group.batch.plan.combine() == Combine::Multiply);
    let target = literal(&json::quote(&frame.target));
    let run_at = match at {
        Some(at) => format!("datetime.fromisoformat(\"{}\")", at.to_rfc3339()),
        None => "datetime.now().astimezone()".to_owned(),
    };
    let executes = match &source.group {
        Some(group) => each(source, group, &class, &format!("{target}, task, run_at={run_at}")),
        None => {
            let task = call(&class, &members(source, &frame.payload), "");
            let note = match scheduled && at.is_none() {
                true => "# `run_at` gives it to the scheduler, which starts it when the slot is free.\n",
                false => "",
            };
            let execute = match scheduled {
                true => format!(
                    "handle = await client.execute({target}, task, run_at={run_at})\nprint(handle.scheduled_task_id)\n"
                ),
                false => {
                    format!(
                        "result = await client.execute({target}, task, check=True)\nprint(result.result)\n"
                    )
                }
            };
            format!("task = {task}\n{note}{execute}")
        }
    };
    let mut out = String::new();
    if scheduled {
        out.push_str("from datetime import datetime\n");
        out.push_str(if several.is_some() { "from itertools import product\n\n" } else { "\n" });
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
            let infinite =
                if executes.contains("float(\"") { ", ser_json_inf_nan=\"constants\"" } else { "" };
            out.push_str(&format!("class {class}(Task, extra=\"allow\"{infinite}):\n"));
            out.push_str(&format!("    parallel = {}\n\n", literal(bool_word(frame.parallel))));
            out.push_str("    @classmethod\n    def type(cls) -> str:\n");
            out.push_str(&format!("        return {}\n\n\n", literal(&json::quote(&frame.task_type))));
        }
    }
    out + "client = juice.Client()\n" + &executes
}

/// The loop that gives each task of a group to the scheduler.
fn each(source: &Source, group: &Group, class: &str, arguments: &str) -> String {
    let batch = &group.batch;
    let names = variables(batch.plan.names(), class);
    let lists: Vec<String> = batch
        .plan
        .axes()
        .iter()
        .map(|(_, sweep)| {
            format!("[{}]", sweep.iter().map(|raw| literal(&raw)).collect::<Vec<_>>().join(", "))
        })
        .collect();
    let values = match (&lists[..], batch.plan.combine()) {
        ([one], _) => one.clone(),
        (several, Combine::Multiply) => format!("product(\n    {},\n)", several.join(",\n    ")),
        (several, Combine::Zip) => format!("zip(\n    {},\n)", several.join(",\n    ")),
    };
    // The marks become Python's literals first, and these the variables.
    let marks: Vec<String> = (0..names.len()).map(mark).collect();
    let mut task = call(class, &members(source, &batch.payload.fill(&marks)), "    ");
    for (mark, name) in marks.iter().zip(&names) {
        task = task.replace(&literal(mark), name);
    }
    let mut out = format!("handles = []\nfor {} in {values}:\n    task = {task}\n", names.join(", "));
    out.push_str(&format!("    handles.append(await client.execute({arguments}))\n"));
    if batch.first_alone {
        // A cell that failed is `done` for the scheduler: what it returned tells.
        let cell = match source.task_type.ipython {
            true => " or first.result[\"result\"][\"status\"] == \"error\"",
            false => "",
        };
        out.push_str(&format!(
            "    if len(handles) == 1:\n        first = await handles[0]\n        \
             if first.status != \"done\"{cell}:\n            \
             raise RuntimeError(f\"the first one did not end well: {{first}}\")\n"
        ));
    }
    out.push_str("print(*(handle.scheduled_task_id for handle in handles), sep=\"\\n\")\n");
    out
}

/// A variable for each swept field, of the last part of its name; none of them twice, none that is used otherwise.
fn variables<'a>(names: impl Iterator<Item = &'a str>, class: &str) -> Vec<String> {
    const TAKEN: [&str; 9] =
        ["client", "datetime", "first", "handle", "handles", "juice", "len", "product", "task"];
    let mut out: Vec<String> = Vec::new();
    for (number, name) in (1..).zip(names) {
        let last = name.rsplit('.').next().unwrap_or_default();
        let free = is_name(last) && last != class && !TAKEN.contains(&last);
        let name = if free { last.to_owned() } else { format!("value_{number}") };
        out.push(if out.contains(&name) { format!("{name}_{number}") } else { name });
    }
    out
}

fn bool_word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The payload's members, the last of each name; of a cell without what its class computes.
fn members(source: &Source, payload: &str) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (name, raw) in json::members(payload).unwrap_or_default() {
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

fn call(class: &str, members: &[(String, String)], indent: &str) -> String {
    if members.is_empty() {
        return format!("{class}()");
    }
    if !members.iter().all(|(name, _)| is_name(name)) {
        let items: Vec<String> = members
            .iter()
            .map(|(n, raw)| format!("{}: {}", literal(&json::quote(n)), literal(raw)))
            .collect();
        return format!(
            "{class}.model_validate({{\n{indent}    {},\n{indent}}})",
            items.join(&format!(",\n{indent}    "))
        );
    }
    let items: Vec<String> = members.iter().map(|(n, raw)| format!("{n}={}", literal(raw))).collect();
    let line = format!("{class}({})", items.join(", "));
    if line.len() + indent.len() + "task = ".len() <= LINE {
        return line;
    }
    format!("{class}(\n{indent}    {},\n{indent})", items.join(&format!(",\n{indent}    ")))
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
