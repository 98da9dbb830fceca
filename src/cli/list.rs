//! `list`: tasks of the past, from the history on disk. Nothing is connected and nothing is written.
//!
//! | exit code | |
//! |---|---|
//! | 0 | all is well, also where nothing passes |
//! | 1 | the history cannot be read |
//! | 2 | the filter or the moment cannot be read |

use chrono::{DateTime, Local, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    End, FAILED, OK,
    args::{ListArgs, Place},
    lab::Lab,
    links,
    out::{self, Out},
    record,
};
use crate::{
    app::{
        choices::{self, Choices},
        document::reason_text,
    },
    clean::Clean,
    config::Folders,
    history::{Journal, Record, Trouble},
    keep,
    store::{
        Moment, Past,
        filter::{Filter, Saved},
    },
    time::{Clock, Now, when},
    view::words,
};

/// Lines of text where nothing is said of a limit.
const LINES: usize = 50;

/// Carries out `list`.
///
/// # Errors
/// See the module's table.
pub fn run(place: &Place, args: &ListArgs, out: &Out) -> Result<u8, End> {
    let now = Clock::start().now();
    let filter = Filter::parse(&args.filter.join(" "), &saved(&Folders::find()), now)
        .map_err(|e| End::misuse(format!("the filter, at character {}: {e}", e.offset + 1)))?;
    let since = match &args.since {
        None => None,
        Some(text) => {
            let at = when::past(text, &now.utc.with_timezone(&Local));
            Some(at.map_err(|why| End::misuse(format!("--since: {why}")))?.to_utc())
        }
    };
    let Some(journal) = open(place)? else { return Ok(OK) };
    let mut found = passing(&journal, &filter, since, args.hidden).map_err(unreadable)?;
    found.sort_by_key(|record| std::cmp::Reverse(record.past.at()));
    let all = found.len();
    let limit = args.limit.unwrap_or(if args.json || args.csv { 0 } else { LINES });
    if limit > 0 {
        found.truncate(limit);
    }
    if args.csv {
        out.line(&row(&CSV)?)?;
    }
    match (args.json, args.csv) {
        (true, _) => found.iter().try_for_each(|record| out.line(&out.json(&json(record, now))))?,
        (_, true) => {
            for record in &found {
                let cells = cells(&record.past);
                out.line(&row(&cells.each_ref().map(|cell| out.cell(cell).into_owned()))?)?;
            }
        }
        _ => text(&found, out)?,
    }
    if found.len() < all && args.limit.is_none() {
        out::say(&format!("{} more; --limit 0 shows all", all - found.len()));
    }
    let gone = journal.let_go().map_err(unreadable)?;
    if let Some(until) = gone.until.filter(|until| since.is_none_or(|since| since < *until)) {
        let until = until.with_timezone(&Local).format("%Y-%m-%d");
        out::say(&format!(
            "{} older tasks, up to {until}, were let go to stay within the limits",
            gone.tasks
        ));
    }
    if gone.lost > 0 {
        out::say(&format!("{} changes of tasks are not in it: the disk failed, or was too slow", gone.lost));
    }
    Ok(OK)
}

/// The filters that were saved on the screen. That they cannot be read is told; what needs them says so again.
pub(super) fn saved(folders: &Folders) -> Saved {
    let Some(path) = folders.choices_file() else { return Saved::default() };
    let text = keep::read(&path, choices::MOST_BYTES).map_err(|e| e.to_string());
    match text.and_then(|text| text.as_deref().map_or(Ok(Choices::default()), Choices::read)) {
        Ok(choices) => choices.filters,
        Err(why) => {
            out::say(&format!("{}: the saved filters cannot be used: {why}", path.display()));
            Saved::default()
        }
    }
}

/// The history of the lab; `None`: there is none yet, which was told.
pub(super) fn open(place: &Place) -> Result<Option<Journal>, End> {
    let lab = Lab::find(place).map_err(|problem| End::misuse(links::sentence(&problem)))?;
    lab.problems().iter().for_each(|problem| out::say(problem));
    let Some((path, _)) = lab.history() else {
        return Err(End::new(FAILED, "there is no state folder: neither XDG_STATE_HOME nor HOME is set"));
    };
    match Journal::read(&path) {
        Ok(journal) => Ok(Some(journal)),
        Err(Trouble::Missing) => {
            let text = "the screen keeps one while it is open";
            out::say(&format!("no history of {} yet ({}): {text}", lab.name, path.display()));
            Ok(None)
        }
        Err(error) => Err(End::new(FAILED, format!("{}: {error}", path.display()))),
    }
}

pub(super) fn unreadable(error: Trouble) -> End {
    End::new(FAILED, format!("the history cannot be read: {error}"))
}

fn passing(
    journal: &Journal,
    filter: &Filter,
    since: Option<DateTime<Utc>>,
    hidden: bool,
) -> Result<Vec<Record>, Trouble> {
    let light = filter.without_payload();
    let mut rows = Vec::new();
    journal.lines(0, |row, record| {
        let past = &record.past;
        let wanted = (hidden || !past.hidden || past.own.is_some()) && since.is_none_or(|at| past.at() >= at);
        if wanted && light.admits_past(past, None) {
            rows.push((row, record));
        }
    })?;
    if !filter.needs_payload() {
        return Ok(rows.into_iter().map(|(_, record)| record).collect());
    }
    let mut passing = Vec::new();
    for (row, record) in rows {
        if filter.admits_past(&record.past, journal.payload(row)?.as_deref()) {
            passing.push(record);
        }
    }
    Ok(passing)
}

/// One line a task: when it began, how it ended, where, how long it took, what, why, and the beginning of its id.
fn text(found: &[Record], out: &Out) -> Result<(), End> {
    let width = |text: &str| Clean::line(text, out.charset()).width();
    let widest = |texts: &mut dyn Iterator<Item = String>| texts.map(|text| width(&text)).max().unwrap_or(0);
    let service = widest(&mut found.iter().map(|record| out.name(&record.past.service).into_owned()));
    let length = widest(&mut found.iter().map(|record| took(&record.past)));
    for record in found {
        let past = &record.past;
        let at = out.name(&past.service);
        let mut line = format!(
            "{}  {:<9}  {}{}  {:>length$}  {}",
            begun(past),
            word(past),
            at,
            " ".repeat(service - width(&at)),
            took(past),
            out.task_name(&past.name, &past.task_type),
        );
        if let Some(reason) = &past.reason {
            line.push_str(&format!("  [{}]", reason_text(reason)));
        }
        if let Some(error) = error(past) {
            line.push_str(&format!("  {}", out.text(&error)));
        }
        line.push_str(&format!("  {}", out.name(short(&past.key.0))));
        out.line(&line)?;
    }
    Ok(())
}

/// When it began, in local time, with its mark.
pub(super) fn begun(past: &Past) -> String {
    format!("{}{}", past.mark(), past.at().with_timezone(&Local).format("%Y-%m-%d %H:%M:%S"))
}

/// The word that says most.
pub(super) fn word(past: &Past) -> &'static str {
    past.outcome.map_or(past.state.word(), crate::store::Outcome::word)
}

/// How long it ran; `>`: at least.
pub(super) fn took(past: &Past) -> String {
    let mark = |exact| if exact { "" } else { ">" };
    past.took.map_or(String::new(), |(took, exact)| format!("{}{}", mark(exact), words::lasted(took)))
}

pub(super) fn error(past: &Past) -> Option<String> {
    match (&past.ename, &past.evalue) {
        (None, None) => None,
        (Some(name), Some(message)) if !message.is_empty() => Some(format!("{name}: {message}")),
        (name, message) => name.as_ref().or(message.as_ref()).map(ToString::to_string),
    }
}

/// As much of an id as tells tasks apart in most labs; `show` says where it does not.
pub(super) fn short(id: &str) -> &str {
    id.char_indices().nth(8).map_or(id, |(at, _)| id.get(..at).unwrap_or(id))
}

#[derive(Serialize)]
struct Seen {
    first_seen_at: String,
    started_seen: bool,
    ended_seen: bool,
    archived: bool,
}

/// The fields of `watch --json`, and which of the times were seen.
pub(super) fn json(record: &Record, now: Now) -> String {
    let past = &record.past;
    let seen = |moment: Option<Moment>| moment.is_some_and(|moment| moment.exact);
    let more = Seen {
        first_seen_at: record::moment(past.heard),
        started_seen: seen(past.started),
        ended_seen: seen(past.ended),
        archived: past.archived,
    };
    let more = record::open(&more);
    format!("{},{}}}", record::task(&record.task(), now), more.strip_prefix('{').unwrap_or(&more))
}

const CSV: [&str; 21] = [
    "id",
    "service",
    "type",
    "name",
    "lane",
    "state",
    "outcome",
    "reason",
    "own",
    "hidden",
    "first_seen_at",
    "started_at",
    "started_seen",
    "ended_at",
    "ended_seen",
    "duration_s",
    "duration_at_least",
    "error_name",
    "error_message",
    "task_id",
    "archived",
];

fn cells(past: &Past) -> [String; 21] {
    let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let is = |yes: bool| yes.to_string();
    [
        past.key.to_string(),
        past.service.to_string(),
        past.task_type.to_string(),
        past.name.to_string(),
        past.lane.word().to_owned(),
        past.state.word().to_owned(),
        text(past.outcome.map(crate::store::Outcome::word)),
        text(past.reason.as_ref().map(crate::store::Reason::word)),
        is(past.own.is_some()),
        is(past.hidden),
        moment(past.heard),
        past.started.map_or(String::new(), |started| moment(started.at)),
        is(past.started.is_some_and(|started| started.exact)),
        past.ended.map_or(String::new(), |ended| moment(ended.at)),
        is(past.ended.is_some_and(|ended| ended.exact)),
        past.took.map_or(String::new(), |(took, _)| format!("{:.3}", took.as_secs_f64())),
        is(past.took.is_some_and(|(_, exact)| !exact)),
        text(past.ename.as_deref()),
        text(past.evalue.as_deref()),
        text(past.task_id.as_deref()),
        is(past.archived),
    ]
}

/// A line as RFC 4180 writes it, without its end.
fn row(cells: &[impl AsRef<[u8]>]) -> Result<String, End> {
    // Nothing of it can fail: it is written to memory, and was text before.
    let no_row =
        |why: &dyn std::fmt::Display| End::new(FAILED, format!("a line of CSV could not be made: {why}"));
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    writer.write_record(cells).map_err(|error| no_row(&error))?;
    let line = writer.into_inner().map_err(|error| no_row(&error))?;
    let line = String::from_utf8(line).map_err(|error| no_row(&error))?;
    Ok(line.strip_suffix('\n').unwrap_or(&line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        let written = |cells: &[&str]| row(cells).ok();
        assert_eq!(written(&["MeasureT1: qubit='q3'", "ä"]).as_deref(), Some("MeasureT1: qubit='q3',ä"));
        assert_eq!(written(&["1", "a, \"b\"\nc", ""]).as_deref(), Some("1,\"a, \"\"b\"\"\nc\","));
        assert_eq!(short("0123456789"), "01234567");
        assert_eq!(short("äöü"), "äöü");
    }
}
