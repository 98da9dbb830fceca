//! `show`: one task of the past, or one text of it, letter for letter, so that it can be given to another program.
//!
//! | exit code | |
//! |---|---|
//! | 0 | all is well |
//! | 1 | there is no such task, or it has no such text |
//! | 2 | several tasks have an id that begins so, or the path cannot be read |

use std::io::{self, IsTerminal};

use chrono::{DateTime, Local, Utc};

use super::{
    End, FAILED, OK,
    args::{Place, ShowArgs},
    list::{begun, error, json, open, took, unreadable, word},
    out::{self, Out},
};
use crate::{
    app::document::reason_text,
    clean::Clean,
    history::{Journal, Kept, Record},
    result::{Index, Path, Tree},
    store::{Lane, Moment, Task},
    time::Clock,
    wire::{Text, json as js},
};

/// Tasks that are named where an id leads to several.
const NAMED: usize = 10;

/// Carries out `show`.
///
/// # Errors
/// See the module's table.
pub fn run(place: &Place, args: &ShowArgs, out: &Out) -> Result<u8, End> {
    let path = match &args.path {
        None => None,
        Some(text) => Some(
            Path::parse(text).map_err(|e| End::misuse(format!("--path, at character {}: {e}", e.at + 1)))?,
        ),
    };
    let Some(journal) = open(place)? else { return Ok(FAILED) };
    let record = find(&journal, &args.id, out)?;
    let task = record.task();
    let part = if args.payload {
        let text = kept(&record.texts.payload, "payload")?;
        if record.texts.masked {
            out::say("its secrets were masked before it was kept");
        }
        text
    } else if args.result || args.path.is_some() {
        result(&record, &task)?
    } else if args.traceback {
        let found = task.failure().and_then(|e| e.traceback.clone());
        found.ok_or_else(|| missing(&record, &task, "traceback"))?
    } else if args.json {
        out.line(&out.json(&whole(&record)))?;
        return Ok(OK);
    } else {
        details(&record, &task, out)?;
        return Ok(OK);
    };
    match path {
        None => raw(out, &part)?,
        Some(path) => {
            let index = Index::new(&part).map_err(|e| End::new(FAILED, e.to_string()))?;
            let tree = Tree::new(&part, &index);
            let entry = path.find(&tree).map_err(|why| End::new(FAILED, why))?;
            raw(out, tree.raw(&entry.value))?;
        }
    }
    Ok(OK)
}

/// The one task whose id begins so.
fn find(journal: &Journal, id: &str, out: &Out) -> Result<Record, End> {
    if id.is_empty() {
        return Err(End::misuse("an id, or its beginning, is needed; `juicetop list` shows them"));
    }
    let rows = journal.find(id, NAMED + 1).map_err(unreadable)?;
    match rows[..] {
        [] => Err(End::new(FAILED, format!("no task of the history has an id that begins with {id}"))),
        [row] => journal.full(row).map_err(unreadable),
        _ => {
            for row in rows.iter().take(NAMED) {
                let past = journal.full(*row).map_err(unreadable)?.past;
                let name = out.task_name(&past.name, &past.task_type).into_owned();
                out::say(&format!(
                    "{}  {}  {}  {}  {name}",
                    past.key,
                    begun(&past),
                    word(&past),
                    past.service
                ));
            }
            let more = if rows.len() > NAMED { "more than ten" } else { "several" };
            Err(End::misuse(format!("{more} tasks have an id that begins with {id}: give more of it")))
        }
    }
}

/// A text on standard output: as it is, and clean on a terminal.
fn raw(out: &Out, text: &str) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        return out.bytes(text.as_bytes());
    }
    Clean::lines(text, out.charset()).iter().try_for_each(|line| out.line(line.as_str()))
}

fn kept(kept: &Option<Kept>, what: &str) -> Result<Text, End> {
    match kept {
        Some(Kept::Text(text)) => Ok(text.clone()),
        Some(Kept::TooLarge(bytes)) => Err(too_large(what, *bytes)),
        None => Err(End::new(FAILED, format!("its {what} was not seen"))),
    }
}

fn too_large(what: &str, bytes: usize) -> End {
    let size = crate::app::document::bytes(bytes);
    End::new(FAILED, format!("its {what} of {size} was not kept: limits.history-text-bytes is less"))
}

fn result(record: &Record, task: &Task) -> Result<Text, End> {
    let found = task.reply.as_ref().and_then(|reply| reply.result(task.is_ipython())).map(Text::from);
    found.ok_or_else(|| missing(record, task, "result"))
}

/// Why there is no such part of the reply.
fn missing(record: &Record, task: &Task, what: &str) -> End {
    if let Some(Kept::TooLarge(bytes)) = &record.texts.reply {
        return too_large("reply", *bytes);
    }
    let why = match (&task.reply, error(&record.past)) {
        (_, Some(error)) => format!("it has no {what}; it failed: {error}"),
        (None, None) => format!("it has no {what}: its reply was not seen ({})", word(&record.past)),
        (Some(_), None) => format!("it has no {what}: it is {}", word(&record.past)),
    };
    End::new(FAILED, why)
}

/// The line of `list --json` with the texts behind it, as they came.
fn whole(record: &Record) -> String {
    let line = json(record, Clock::start().now());
    let raw = |kept: &Option<Kept>| match kept.as_ref().and_then(Kept::text) {
        Some(text) if js::check(text).is_ok() => js::compact(text),
        Some(text) => js::quote(text),
        None => "null".to_owned(),
    };
    let bytes = |kept: &Option<Kept>| match kept {
        Some(Kept::Text(text)) => text.len().to_string(),
        Some(Kept::TooLarge(bytes)) => bytes.to_string(),
        None => "null".to_owned(),
    };
    let texts = &record.texts;
    format!(
        r#"{},"payload":{},"payload_bytes":{},"payload_masked":{},"reply":{},"reply_bytes":{}}}"#,
        line.strip_suffix('}').unwrap_or(&line),
        raw(&texts.payload),
        bytes(&texts.payload),
        texts.masked,
        raw(&texts.reply),
        bytes(&texts.reply),
    )
}

/// What a person wants to know first.
fn details(record: &Record, task: &Task, out: &Out) -> Result<(), End> {
    let past = &record.past;
    let line = |name: &str, text: &str| out.line(&format!("{name:<10} {}", out.text(text)));
    line("name", &out.task_name(&past.name, &past.task_type))?;
    line("service", &out.name(&past.service))?;
    line("type", &out.name(&past.task_type))?;
    line("id", &out.name(&past.key.0))?;
    for (name, id) in [("task id", &past.task_id), ("scheduled", &past.scheduled_task_id)] {
        if let Some(id) = id.as_ref().filter(|id| **id != past.key.0) {
            line(name, &out.name(id))?;
        }
    }
    let reason = past.reason.as_ref().map(|reason| format!(", {}", reason_text(reason)));
    line("outcome", &format!("{}{}", word(past), reason.unwrap_or_default()))?;
    line("lane", if past.lane == Lane::Parallel { "parallel" } else { "sequential" })?;
    if past.own.is_some() {
        line("sent", "by a juicetop of yours")?;
    }
    if let Some(started) = past.started {
        line("began", &moment(started, "it ran already then"))?;
    } else {
        line("heard of", &local(past.heard))?;
    }
    if let Some(ended) = past.ended {
        line("ended", &moment(ended, "its end was not seen"))?;
    }
    if past.took.is_some() {
        line("took", &took(past).replace('>', "at least "))?;
    }
    if let Some(error) = error(past) {
        line("error", &error)?;
    }
    for (name, text) in [("payload", &record.texts.payload), ("reply", &record.texts.reply)] {
        match text {
            None => line(name, "not seen")?,
            Some(Kept::TooLarge(bytes)) => {
                line(name, &format!("{}, too large to be kept", crate::app::document::bytes(*bytes)))?;
            }
            Some(Kept::Text(text)) if name == "payload" => {
                line(name, if record.texts.masked { "its secrets were masked" } else { "" })?;
                block(out, &js::pretty(text, SHOWN).0)?;
            }
            Some(Kept::Text(_)) => {}
        }
    }
    if let Some(result) = task.reply.as_ref().and_then(|reply| reply.result(task.is_ipython())) {
        line("result", "")?;
        let (text, cut) = js::pretty(result, SHOWN);
        block(out, &text)?;
        if cut {
            out::say("the rest of the result: --result");
        }
    }
    if let Some(traceback) = task.failure().and_then(|e| e.traceback.as_ref()) {
        line("traceback", "")?;
        block(out, traceback)?;
    }
    Ok(())
}

/// Bytes of a payload or a result that are shown among the details.
const SHOWN: usize = 16 * 1024;

fn block(out: &Out, text: &str) -> io::Result<()> {
    if io::stdout().is_terminal() {
        return Clean::lines(text, out.charset())
            .iter()
            .try_for_each(|line| out.line(&format!("  {}", line.as_str())));
    }
    text.lines().try_for_each(|line| out.line(&format!("  {line}")))
}

fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

fn moment(moment: Moment, not_seen: &str) -> String {
    let mark = if moment.exact { String::new() } else { format!(" ({not_seen})") };
    format!("{}{mark}", local(moment.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::tests::{Bench, job},
        cli::MISUSE,
        history::Limits,
    };

    #[test]
    fn a_beginning_finds_one_task_and_several_are_told() {
        let mut journal = Journal::in_memory(Limits::default()).unwrap();
        let mut b = Bench::new();
        let ids = ["4f2a-1", "4f2a-2", "9c"];
        ids.iter().for_each(|id| _ = b.ran(&job(id)));
        let record = |id: &&str| Record::of(b.app.store().find(id).unwrap(), None, 1_000);
        journal.write(&[], ids.iter().map(record).collect()).unwrap();
        let out = Out::new(true);
        let found = |id: &str| find(&journal, id, &out);
        assert_eq!(&*found("9").unwrap().past.key.0, "9c");
        assert_eq!(&*found("4f2a-2").unwrap().past.key.0, "4f2a-2");
        for (id, code) in [("4f", MISUSE), ("", MISUSE), ("0", FAILED), ("4F", FAILED)] {
            assert_eq!(found(id).unwrap_err().code(), code, "{id}");
        }
        let whole = whole(&found("9").unwrap());
        assert_eq!(js::check(&whole), Ok(()), "{whole}");
        assert_eq!(js::get(&whole, "payload").and_then(|p| js::get(p, "qubit")), Some("\"9c\""));
        assert_eq!(js::get(&whole, "reply").and_then(|reply| js::get(reply, "result")), Some("1"));
    }
}
