//! The command line that sends the same.

use chrono::{DateTime, Utc};

use super::{Group, Source, ahead};
use crate::{
    app::{
        document,
        session::{Batch, Way},
    },
    catalogue::{
        TaskType,
        sweep::{Combine, Pattern, Sweep, Values, mark, put},
    },
    wire::json::{self, Kind},
};

/// A command longer than this gives its payload through a pipe: a system takes 128 KiB an argument, a person less.
const LONGEST: usize = 2000;

/// Bytes that Linux gives one argument, with the zero at its end.
const ARGUMENT: usize = 128 * 1024;
/// Bytes that all of them may have together: Linux takes 2 MiB, with the environment.
const ARGUMENTS: usize = 1024 * 1024;

/// The command that sends the same task, or the same group, which `juicetop submit` reads again.
///
/// # Errors
/// Why there is none, in one phrase.
pub fn command(source: &Source, now: DateTime<Utc>) -> Result<String, String> {
    let frame = &source.frame;
    let mut args = opening(source);
    if let Some(group) = &source.group {
        args.extend(ahead(&source.way, now).into_iter().flat_map(|at| ["--at".to_owned(), at.to_rfc3339()]));
        let base = group_options(group, &mut args)?;
        // Of a cell's class the wire says only that it is a cell: here the class makes each one's code.
        let kind = &source.task_type;
        let name = if kind.ipython { &kind.class } else { &frame.task_type };
        return line(args, &frame.target, name, &base);
    }
    args.extend(way_options(&source.way, now));
    if needs_name(source) {
        args.extend(option("--name", &frame.display_name));
    }
    line(args, &frame.target, &frame.task_type, &frame.payload)
}

/// The command that sends the same task with the payload in that file. Nobody looks at the payload for it, which may be
/// large: so the task's name is left to `submit`.
pub fn command_with_file(source: &Source, file: &str, now: DateTime<Utc>) -> String {
    let frame = &source.frame;
    let mut args = opening(source);
    args.extend(way_options(&source.way, now));
    args.extend(option("--payload", file));
    args.extend(ends(&frame.target, &frame.task_type));
    quoted(&args)
}

/// What each command begins with.
fn opening(source: &Source) -> Vec<String> {
    let mut args: Vec<String> = ["juicetop", "submit"].map(str::to_owned).into();
    args.extend(source.place.iter().cloned());
    args.push(if source.frame.parallel { "--parallel" } else { "--sequential" }.to_owned());
    args
}

fn way_options(way: &Way, now: DateTime<Utc>) -> Vec<String> {
    match (way, ahead(way, now)) {
        (_, Some(at)) => vec!["--at".to_owned(), at.to_rfc3339()],
        (Way::Scheduled(_), None) => vec!["--scheduled".to_owned()],
        (Way::Direct, _) => vec!["--direct".to_owned(), "--wait".to_owned()],
        (Way::Alone, _) => vec!["--wait".to_owned()],
    }
}

/// Service and type. What begins with a hyphen is no option behind `--`.
fn ends(target: &str, task_type: &str) -> Vec<String> {
    let plain = [target, task_type].iter().all(|arg| !arg.starts_with('-'));
    ["--", target, task_type].into_iter().skip(usize::from(plain)).map(str::to_owned).collect()
}

/// The whole line: the payload as fields where that says all of it and is short, else through a pipe.
fn line(mut args: Vec<String>, target: &str, task_type: &str, payload: &str) -> Result<String, String> {
    let mut with_fields = args.clone();
    // What begins with a hyphen is no option behind it.
    let ends: Vec<String> = vec!["--".to_owned(), target.to_owned(), task_type.to_owned()];
    let plain = [target, task_type].iter().all(|a| !a.starts_with('-'));
    if let Some(fields) = fields(payload) {
        let plain = plain && fields.iter().all(|f| !f.starts_with('-'));
        with_fields.extend(ends.iter().skip(usize::from(plain)).cloned());
        with_fields.extend(fields);
        let line = quoted(&with_fields);
        if line.len() <= LONGEST {
            return Ok(format!("{line}\n"));
        }
    }
    startable(&args)?;
    args.extend(["--payload".to_owned(), "-".to_owned()]);
    args.extend(self::ends(target, task_type));
    // `printf` is the shell's own: its arguments have no limit.
    let payload = quoted(&["printf".to_owned(), "%s".to_owned(), payload.to_owned()]);
    Ok(format!("{payload} | {}\n", quoted(&args)))
}

/// Whether a shell can start a program with these arguments. Only a payload can come through a pipe.
fn startable(args: &[String]) -> Result<(), String> {
    let size = |bytes: usize| document::bytes(bytes);
    if let Some(long) = args.iter().find(|arg| arg.len() >= ARGUMENT) {
        let what: String = long.chars().take(24).collect();
        let long = size(long.len());
        return Err(format!(
            "`{what}…` takes {long}, and Linux starts no program with more than 128 KiB an argument; Python carries it"
        ));
    }
    let all: usize = args.iter().map(|arg| arg.len() + 1).sum();
    match all > ARGUMENTS {
        true => Err(format!(
            "its values take {}, too much for a shell to start a program; Python carries them",
            size(all)
        )),
        false => Ok(()),
    }
}

/// Puts a group's options behind `args` and gives the payload that goes with them.
///
/// What `submit` would make of both is made here too and compared: what would not be the same group is no command.
fn group_options(group: &Group, args: &mut Vec<String>) -> Result<String, String> {
    let batch = &group.batch;
    if batch.plan.axes().len() > 1 && batch.plan.combine() == Combine::Zip {
        args.push("--zip".to_owned());
    }
    if *batch.name != batch.plan.name_for(&batch.task_type.class) {
        args.extend(option("--group", &batch.name));
    }
    if batch.first_alone {
        args.push("--first-alone".to_owned());
    }
    if let Some(python) = &group.python {
        args.extend(option("--python", python));
    }
    for (at, (name, sweep)) in batch.plan.axes().iter().enumerate() {
        let values = values(sweep, group.typed.get(at).map_or("", String::as_str));
        args.extend(option("--sweep", &format!("{name}={values}")));
    }
    let whole = batch.payload.fill(&batch.plan.nth(0).unwrap_or_default());
    let kept = without(&whole, &batch.plan.names().collect::<Vec<_>>());
    [kept, Some(whole)]
        .into_iter()
        .flatten()
        .find(|base| makes(base, batch))
        .ok_or_else(|| "--sweep does not find its field in this payload".to_owned())
}

/// A sweep's values as they were typed, where these mean the same whatever the field is; else one by one.
fn values(sweep: &Sweep, typed: &str) -> String {
    let same = |text: &&str| Sweep::read(text, Values::Any).is_ok_and(|read| read.iter().eq(sweep.iter()));
    let close = typed.trim().replace(", ", ",");
    let typed = [&*close, typed.trim()].into_iter().find(same);
    typed.map_or_else(|| sweep.iter().collect::<Vec<_>>().join(","), str::to_owned)
}

/// The payload without the swept fields that stand at its top; `--sweep` adds them at its end.
fn without(payload: &str, swept: &[&str]) -> Option<String> {
    let members = json::members(payload).ok()?;
    let kept = members.iter().filter(|(name, _)| !swept.contains(&&**name));
    let kept: Vec<String> = kept.map(|(name, raw)| format!("{}: {raw}", json::quote(name))).collect();
    Some(format!("{{{}}}", kept.join(", ")))
}

/// Whether `--sweep` makes the group's payloads of this one.
fn makes(base: &str, batch: &Batch) -> bool {
    let mut open = base.to_owned();
    for (number, name) in batch.plan.names().enumerate() {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        match put(&open, &path, &mark(number)) {
            Ok(with) => open = with,
            Err(_) => return false,
        }
    }
    let Ok(pattern) = Pattern::read(&open, batch.plan.axes().len()) else { return false };
    let open: Vec<String> = (0..batch.plan.axes().len()).map(mark).collect();
    json::compact(&pattern.fill(&open)) == json::compact(&batch.payload.fill(&open))
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
    *frame.display_name != kind.display_name(&frame.payload)
}
