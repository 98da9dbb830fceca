//! What is to be sent and which way, as far as that can be decided without the lab. It reads the payload, and runs the
//! lab's Python where it was named; it says nothing.

use std::{io::Read, path::Path, sync::atomic::AtomicBool};

use chrono::{DateTime, FixedOffset, Local};

use super::payload;
use crate::{
    app::session::Way,
    catalogue::{
        self, Catalogue, Level, ServiceKind, TaskType,
        script::{Envelope, which},
        sweep::Payloads,
    },
    cli::{End, NOT_SENT, args::SubmitArgs, out},
    config::Guard,
    python::{Failure, Python},
    time::when::{self, Reading},
    wire::{Text, frame::TaskFrame, json},
};

/// Larger payloads are not sent: Juice's own limit is 50 MiB a frame.
const LARGEST: u64 = 50 * 1024 * 1024;

/// A task that can be sent.
#[derive(Debug)]
pub struct Plan {
    /// The task; its id is still empty.
    pub frame: TaskFrame,
    /// Which way.
    pub way: Way,
    /// Nobody asked for the scheduler, so on a Juice without one it goes direct.
    pub may_go_direct: bool,
    /// Why the service will refuse it, as far as its schema tells: `field: reason`. It is sent all the same, because
    /// a schema that is kept may be older than the service.
    pub doubts: Vec<String>,
}

impl Plan {
    /// Makes it from the command line.
    ///
    /// # Errors
    /// What is wrong with the command (2), or why it may not be sent (4).
    pub fn new(
        args: &SubmitArgs,
        alone: bool,
        catalogue: &mut Catalogue,
        guard: &Guard,
        now: DateTime<Local>,
    ) -> Result<Plan, End> {
        let kind = kind(catalogue, &args.service, &args.task_type);
        let parallel = args.parallel || (kind.parallel && !args.sequential);
        let run_at = args.at.as_deref().map(|text| moment(text, &now)).transpose().map_err(End::misuse)?;
        let at_given = run_at.is_some();
        let run_at = run_at.flatten();
        let (way, may_go_direct) = way(args, alone, parallel, at_given, run_at)?;
        let text = args.payload.as_deref().map(read).transpose()?;
        let merged = payload::merge(text.as_deref(), &args.fields).map_err(End::misuse)?;
        let one = || Payloads::one(&merged);
        let made = args.python.as_deref().map(|python| made(python, &kind, one())).transpose()?;
        let envelope = made.and_then(|made| made.into_iter().next());
        let payload = match &envelope {
            Some(envelope) => envelope.complete(&merged),
            None => complete(&kind, merged)?,
        };
        let display_name = match &args.name {
            Some(name) if name.is_empty() => return Err(End::misuse("--name is empty, which Juice refuses")),
            Some(name) => name.clone(),
            None if envelope.is_some() => {
                envelope.as_ref().map(|made| made.display_name.to_string()).unwrap_or_default()
            }
            None => kind.display_name(&payload),
        };
        if guard.moves(&kind.name, &kind.class, &payload) && !args.yes {
            let values = json::compact(&payload);
            return Err(End::new(
                NOT_SENT,
                format!(
                    "not sent: {} on {} moves hardware; with {values} it would go out with --yes",
                    kind.name, args.service
                ),
            ));
        }
        let doubts = errors(&kind, &payload)
            .map(|p| if p.path.is_empty() { p.what } else { format!("{}: {}", p.path, p.what) })
            .collect();
        let frame = TaskFrame {
            id: Text::default(),
            target: args.service.as_str().into(),
            task_type: kind.name,
            parallel,
            display_name: display_name.into(),
            show_in_dashboard: envelope
                .as_ref()
                .map_or(kind.show_in_dashboard, |made| made.show_in_dashboard),
            payload: payload.into(),
        };
        Ok(Plan { frame, way, may_go_direct, doubts })
    }
}

/// What the service will refuse.
fn errors(kind: &TaskType, payload: &str) -> impl Iterator<Item = catalogue::Problem> {
    catalogue::check(kind, payload).into_iter().filter(|problem| problem.level == Level::Error)
}

/// The moment that `--at` names; `None`: now. Nobody looks at a command before it is sent, so what is over, and what the
/// clocks make unclear, is refused here.
pub(super) fn moment(text: &str, now: &DateTime<Local>) -> Result<Option<DateTime<FixedOffset>>, String> {
    match when::read(text, now).map_err(|why| format!("--at {text}: {why}"))? {
        Reading::Now => Ok(None),
        Reading::At(at) if at < *now => Err(format!(
            "--at {text} is over (now it is {}); leave --at out for a task that is to start in its turn",
            when::show(&when::fixed(now))
        )),
        Reading::At(at) => Ok(Some(at)),
        Reading::Unclear { twice, earlier, later } => Err(format!(
            "--at {text} {}: write `{}` ({}) or `{}` ({})",
            when::unclear(twice),
            when::with_side(text, when::Side::Earlier),
            when::show(&earlier),
            when::with_side(text, when::Side::Later),
            when::show(&later),
        )),
    }
}

/// Which way a task goes, and whether it may go direct where there is no scheduler.
fn way(
    args: &SubmitArgs,
    alone: bool,
    parallel: bool,
    at_given: bool,
    run_at: Option<DateTime<FixedOffset>>,
) -> Result<(Way, bool), End> {
    let scheduled = args.scheduled || at_given;
    if alone {
        if scheduled {
            return Err(End::misuse(
                "a service spoken to alone has no scheduler: leave --service or --scheduled and --at out",
            ));
        }
        if !args.wait {
            return Err(End::misuse(
                "a task sent to a service alone needs its connection to its end: add --wait",
            ));
        }
        return Ok((Way::Alone, false));
    }
    if args.direct && !args.wait {
        return Err(End::misuse(
            "a direct task needs its connection to its end: add --wait, or leave --direct out so that the scheduler \
             keeps it",
        ));
    }
    Ok(match () {
        () if args.direct => (Way::Direct, false),
        () if scheduled || !args.wait => (Way::Scheduled(run_at), false),
        () if parallel => (Way::Direct, false),
        () => (Way::Scheduled(None), true),
    })
}

/// The payload from a file, `-` for standard input.
pub(super) fn read(file: &Path) -> Result<String, End> {
    let stdin = file.as_os_str() == "-";
    let shown = if stdin { "standard input".to_owned() } else { file.display().to_string() };
    let mut bytes = Vec::new();
    let result = match stdin {
        true => std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes),
        false => std::fs::File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)),
    };
    result.map_err(|e| End::misuse(format!("the payload in {shown} cannot be read: {e}")))?;
    if bytes.len() as u64 > LARGEST {
        return Err(End::misuse(format!(
            "the payload in {shown} is larger than 50 MiB, which no Juice takes"
        )));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| End::misuse(format!("the payload in {shown} is not UTF-8")))?;
    payload::check(&text, &shown).map_err(End::misuse)?;
    Ok(text)
}

/// What is known of a type or a class of that name. Without the lab's files it is not known what kind of service
/// that is: then it may be any of Juice's own types.
pub(super) fn kind(catalogue: &mut Catalogue, service: &str, name: &str) -> TaskType {
    // `IPythonTask` itself is every cell's type on the wire, so it names none of their classes.
    let fits = |found: &&TaskType| *found.class == *name || !found.ipython;
    if catalogue.find(service, name).filter(fits).is_none() && catalogue.kind(service) == ServiceKind::Plain {
        catalogue.set_kind(service, ServiceKind::Fridge);
    }
    let found = catalogue.find(service, name).filter(fits).cloned();
    let mut kind = found.unwrap_or_else(|| TaskType::unheard(name.into()));
    if kind.ipython && kind.hidden_fields.is_empty() {
        kind.hidden_fields = vec!["code".to_owned(), "run_async".to_owned()];
    }
    kind
}

/// What the class makes of one payload, or of many, in the lab's Python.
pub(super) fn made(python: &Path, kind: &TaskType, payloads: Payloads) -> Result<Vec<Envelope>, End> {
    if kind.is_of_cells() {
        return Err(End::misuse(format!(
            "{} stands in the kernel's own cells, which no Python here can import: send its code as RawIPython",
            kind.class
        )));
    }
    let Some(class) = kind.path() else {
        return Err(End::misuse(format!(
            "in which module {} stands is not known, so no Python can make it: `juicetop types --python PATH` makes a \
             catalogue file that tells, and `juicetop types SERVICE --kernel` asks the service",
            kind.class
        )));
    };
    let what = if payloads.count() == 1 { "it".to_owned() } else { format!("all {}", payloads.count()) };
    out::say(&format!("{class} makes {what} in {}: this runs the lab's own modules", python.display()));
    let stop = AtomicBool::new(false);
    let mut printed = |line: &str| out::say(&format!("python: {line}"));
    Python::new(python).envelopes(&class, payloads.clone(), &stop, &mut printed).map_err(|why| match &why {
        Failure::Refused { refused } => {
            out::say_block(&why.to_string());
            let which = match payloads.count() {
                1 => "it".to_owned(),
                _ => format!("{} (above: why the first one)", which(&payloads, refused)),
            };
            End::new(NOT_SENT, format!("not sent: {class} refuses {which}"))
        }
        Failure::Raised { .. } => {
            out::say_block(&why.to_string());
            End::new(NOT_SENT, format!("not sent: {class} cannot be imported"))
        }
        _ => End::new(NOT_SENT, format!("not sent: {why}")),
    })
}

/// `run_async`, on which a service insists in a cell's payload.
pub(super) fn with_run_async(kind: &TaskType, payload: String) -> Result<String, End> {
    if !kind.ipython || json::get(&payload, "run_async").is_some() {
        return Ok(payload);
    }
    payload::merge(Some(&payload), &["run_async=false".to_owned()]).map_err(End::misuse)
}

/// What Python's client adds to a cell's fields: `run_async`, on which the service insists, and `code`, which it makes
/// of the others: here only where that is known. All else stays letter for letter.
pub(super) fn complete(kind: &TaskType, payload: String) -> Result<String, End> {
    if !kind.ipython {
        return Ok(payload);
    }
    let payload = with_run_async(kind, payload)?;
    let payload = catalogue::complete(kind, &payload);
    if json::get(&payload, "code").is_some_and(|code| code != "null") {
        return Ok(payload);
    }
    let class = &kind.class;
    Err(End::misuse(match &**class {
        "RawIPython" => "RawIPython needs raw_code=…: the code that the cell runs, as text".to_owned(),
        _ => format!(
            "{class} runs code that only its class makes of its fields: add --python PATH (the lab's Python), give it as \
             code=…, or send RawIPython raw_code=…"
        ),
    }))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use clap::Parser;

    use super::*;
    use crate::cli::{
        MISUSE,
        args::{Cli, Command},
    };

    fn plan(line: &str, alone: bool) -> Result<Plan, (u8, String)> {
        let cli = Cli::try_parse_from(["juicetop", "submit"].into_iter().chain(line.split(' ')))
            .map_err(|e| (u8::try_from(e.exit_code()).unwrap(), e.to_string()))?;
        let Some(Command::Submit(args)) = cli.command else { panic!("{line}") };
        Plan::new(&args, alone, &mut Catalogue::new(), &Guard::default(), Local.timestamp_nanos(0))
            .map_err(|end| (end.code(), format!("{:#}", end.why.unwrap())))
    }

    #[test]
    fn what_the_service_will_refuse_is_said() {
        for (line, doubts) in [
            ("lab SleepSync duration=1", vec![]),
            ("lab SleepSync duration=soon", vec!["duration: expected a number"]),
            ("lab SleepSync", vec![]),
            ("lab SleepSync duration=1 lasts=2", vec![]),
            ("lab Strange n=1", vec![]),
        ] {
            assert_eq!(plan(line, false).unwrap().doubts, doubts, "{line}");
        }
    }

    #[test]
    fn the_way_follows_from_what_is_asked() {
        for (line, way, may_go_direct) in [
            ("lab Ping --wait", Way::Direct, false),
            ("lab Ping --wait --sequential", Way::Scheduled(None), true),
            ("lab Ping", Way::Scheduled(None), false),
            ("lab Fit --wait", Way::Scheduled(None), true),
            ("lab Fit --wait --parallel", Way::Direct, false),
            ("lab Fit --wait --scheduled", Way::Scheduled(None), false),
            ("lab Fit --wait --direct", Way::Direct, false),
            ("lab Fit", Way::Scheduled(None), false),
        ] {
            let plan = plan(line, false).unwrap();
            assert_eq!((plan.way, plan.may_go_direct), (way, may_go_direct), "{line}");
        }
        assert_eq!(plan("lab Fit --wait", true).unwrap().way, Way::Alone);
    }

    #[test]
    fn misuse_is_told_before_anything_is_sent() {
        for (line, alone, words) in [
            ("lab Fit --direct", false, "add --wait"),
            ("lab Fit", true, "add --wait"),
            ("lab Fit --wait --scheduled", true, "no scheduler"),
            ("lab Fit --wait --at 23:00", true, "no scheduler"),
            ("lab Fit --at yesterday", false, "cannot be read"),
            ("lab Fit x", false, "name=value"),
            ("lab Fit --payload /no/such/file", false, "cannot be read"),
            ("lab Fit --direct --scheduled --wait", false, "cannot be used with"),
            ("lab Fit --parallel --sequential", false, "cannot be used with"),
            ("lab IPythonTask x=1", false, "code=…"),
            ("lab RawIPython", false, "raw_code=…"),
        ] {
            let (code, why) = plan(line, alone).unwrap_err();
            assert_eq!(code, MISUSE, "{line}");
            assert!(why.contains(words), "{line}: {why}");
        }
    }

    #[test]
    fn what_moves_hardware_needs_a_yes() {
        let (code, why) = plan("cryo SetHeaterPower heater=still power=0.5", false).unwrap_err();
        assert_eq!(code, NOT_SENT);
        for word in ["SetHeaterPower", "cryo", "still", "0.5", "--yes"] {
            assert!(why.contains(word), "{why}");
        }
        assert!(plan("cryo SetHeaterPower heater=still power=0.5 --yes", false).is_ok());
    }

    #[test]
    fn names_are_those_that_python_makes() {
        for (line, name, payload) in [
            ("lab SleepAsync duration=2", "SleepAsync: duration=2.0", r#"{"duration": 2}"#),
            ("lab Fit a=true b=it's", "Fit: a=True, b=\"it's\"", r#"{"a": true, "b": "it's"}"#),
            ("lab Fit", "Fit", "{}"),
            (
                "lab RawIPython raw_code=1+1",
                "RawIPython: raw_code='1+1'",
                r#"{"raw_code": "1+1", "run_async": false, "code": "1+1"}"#,
            ),
            ("lab IPythonTask code=1", "IPythonTask", r#"{"code": 1, "run_async": false}"#),
            ("lab Fit a=1 --name mine", "mine", r#"{"a": 1}"#),
        ] {
            let frame = plan(line, false).unwrap().frame;
            assert_eq!((&*frame.display_name, &*frame.payload), (name, payload), "{line}");
        }
        let frame = plan("lab RawIPython raw_code=x", false).unwrap().frame;
        assert_eq!((&*frame.task_type, frame.parallel), ("IPythonTask", false));
    }
    /// What `juicetop submit` makes of a copied command: read as a shell reads it, a pipe's `printf` too.
    fn read_again(command: &str) -> Plan {
        let words = shlex::split(command.trim_end()).unwrap();
        let (payload, words) = match words.iter().position(|w| w == "|") {
            Some(at) => {
                assert_eq!(words[..2], ["printf", "%s"], "{command}");
                (Some(words[2].clone()), &words[at + 1..])
            }
            None => (None, &words[..]),
        };
        let mut words = words.to_vec();
        let file = tempfile::NamedTempFile::new().unwrap();
        if let Some(payload) = &payload {
            std::fs::write(file.path(), payload).unwrap();
            let at = words.iter().position(|w| w == "--payload").unwrap();
            words[at + 1] = file.path().display().to_string();
        }
        let cli = Cli::try_parse_from(&words).unwrap_or_else(|e| panic!("{command}: {e}"));
        let Some(Command::Submit(args)) = cli.command else { panic!("{command}") };
        let alone = !cli.place.service.is_empty();
        Plan::new(&args, alone, &mut Catalogue::new(), &Guard::new([""; 0]), Local.timestamp_nanos(0))
            .unwrap_or_else(|end| panic!("{command}: {:?}", end.why))
    }

    #[test]
    fn a_copied_command_is_the_same_task_again() {
        use crate::app::copy_as::{Source, command};
        let now = chrono::DateTime::UNIX_EPOCH;
        let mut catalogue = Catalogue::new();
        for (name, text) in crate::demo::catalogues() {
            catalogue.add_file(name, text);
        }
        let mut tasks: Vec<(TaskType, String)> = Vec::new();
        for service in crate::demo::SERVICES {
            catalogue.set_kind(service, ServiceKind::Fridge);
            for task in catalogue.types_for(service) {
                let payload = catalogue::complete(task, &catalogue::template(task, None));
                // What its class computes must be there.
                if !task.ipython || json::get(&payload, "code").is_some() {
                    tasks.push(((*task).clone(), payload));
                }
            }
        }
        assert!(tasks.len() > 40, "{}", tasks.len());
        let odd = TaskType::unheard("Odd".into());
        for payload in [
            r#"{}"#,
            r#"{"a": "x y", "b": "it's \"so\"", "c": "$HOME `id` !1 \\ *", "d": "", "e": " "}"#,
            r#"{"a": "1", "b": "true", "c": "null", "d": "NaN", "e": "[1]", "f": "None", "g": "{"}"#,
            r#"{"n": -0.0, "m": 1e-9, "big": 1208925819614629174706176, "x": NaN, "y": -Infinity}"#,
            r#"{"a": "line\nbreak\ttab\u001b[31m", "u": "\ud800", "ü": "é\u202e", "nul": "\u0000"}"#,
            r#"{"a=b": 1, "": 2}"#,
            r#"{"a": 1, "a": 2}"#,
            r#"{"--at": "3h", "-x": 1}"#,
            r#"{"deep": {"l": [1, {"k": null}], "t": "a  b"}}"#,
        ] {
            tasks.push((odd.clone(), payload.to_owned()));
        }
        tasks.push((odd.clone(), format!("{{\"long\": {}}}", json::quote(&"0 '\"".repeat(50_000)))));
        let at = DateTime::parse_from_rfc3339("2126-11-25T06:00:00+01:00").unwrap();
        for (n, (task_type, payload)) in tasks.into_iter().enumerate() {
            let way = match n % 4 {
                0 => Way::Direct,
                1 => Way::Scheduled(None),
                2 => Way::Scheduled(Some(at)),
                _ => Way::Alone,
            };
            let mut place = vec!["--url".to_owned(), "ws://lab:5124".to_owned()];
            if way == Way::Alone {
                place.push("--service=-lab=ws://h:1".to_owned());
            }
            let name = task_type.display_name(&payload);
            let frame = TaskFrame {
                id: Text::default(),
                target: "-lab".into(),
                task_type: task_type.name.clone(),
                parallel: n % 3 == 0,
                display_name: name.into(),
                show_in_dashboard: true,
                payload: payload.into(),
            };
            let source = Source { frame: frame.clone(), way: way.clone(), task_type, place, group: None };
            let line = command(&source, now).unwrap();
            assert!(!line.contains("--yes"), "{line}");
            let plan = read_again(&line);
            let again = plan.frame;
            assert_eq!(json::compact(&again.payload), json::compact(&frame.payload), "{line}");
            assert_eq!(
                (&again.target, &again.task_type, again.parallel, &again.display_name),
                (&frame.target, &frame.task_type, frame.parallel, &frame.display_name),
                "{line}"
            );
            assert_eq!(plan.way, way, "{line}");
        }
    }
}
