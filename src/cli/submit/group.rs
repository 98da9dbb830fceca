//! `submit --sweep`: many tasks as one group, through the scheduler.
//!
//! What would be sent is known before the lab is asked for anything ([`Group::new`], and all of `--dry-run`). It goes
//! out a few at a time, as on the screen; it refuses to send again what may have arrived, and to send what the
//! scheduler's list could not bear.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use chrono::{DateTime, Local};

use super::{
    ANSWER, ASK, MAKE_SURE, Submit, finish, payload,
    plan::{self, moment},
};
use crate::{
    app::{
        forecast::Forecast,
        session::{Batch, News, Sending},
    },
    catalogue::{
        Catalogue, Form, Level, TaskType,
        form::Origin,
        sweep::{Combine, Pattern, Payloads, Plan, Sweep, Values, mark, put},
    },
    cli::{End, FAILED, MISUSE, NOT_SENT, OK, UNKNOWN, args::SubmitArgs, out, talk::Step},
    config::Guard,
    store::{GroupCounts, GroupKey},
    time::when,
    wire::{Text, group, json},
};

/// How long the scheduler's list may take to come: with many results it is large.
const LIST: Duration = Duration::from_secs(20);

/// Tasks that can be sent together.
#[derive(Debug)]
pub struct Group {
    /// The tasks.
    pub batch: Batch,
}

impl Group {
    /// Makes it from the command line. `id`: of it the group's tag is made.
    ///
    /// # Errors
    /// What is wrong with the command (2), or why it may not be sent (4).
    pub fn new(
        args: &SubmitArgs,
        alone: bool,
        catalogue: &mut Catalogue,
        guard: &Guard,
        now: DateTime<Local>,
        id: &str,
    ) -> Result<Group, End> {
        if alone {
            return Err(End::misuse(
                "a service spoken to alone has no scheduler, through which several tasks go: leave --service out",
            ));
        }
        let kind = plan::kind(catalogue, &args.service, &args.task_type);
        let run_at = args.at.as_deref().map(|text| moment(text, &now)).transpose().map_err(End::misuse)?;
        let text = args.payload.as_deref().map(plan::read).transpose()?;
        let base = payload::merge(text.as_deref(), &args.fields).map_err(End::misuse)?;
        // What a cell needs besides its fields, its class adds where it is asked.
        let base = if args.python.is_none() { plan::with_run_async(&kind, base)? } else { base };
        let combine = if args.zip { Combine::Zip } else { Combine::Multiply };
        let axes = axes(&kind, &base, &args.sweep).map_err(End::misuse)?;
        let mut open = base;
        for (number, (name, _)) in axes.iter().enumerate() {
            let path: Vec<String> = name.split('.').map(str::to_owned).collect();
            open = put(&open, &path, &mark(number)).map_err(|why| End::misuse(format!("--sweep: {why}")))?;
        }
        let payload = Pattern::read(&open, axes.len())
            .map_err(|_| End::misuse("--sweep: a field is swept inside another one that is swept"))?;
        let plan = Plan::new(axes, combine).map_err(|why| End::misuse(format!("--sweep: {why}")))?;
        let name = match &args.group {
            Some(name) => name.clone(),
            None => plan.name_for(&kind.class),
        };
        group::check(&name).map_err(|why| End::misuse(format!("--group: {why}")))?;
        let payloads = Payloads::new(payload.clone(), plan.clone());
        let made = match &args.python {
            Some(python) => Some(plan::made(python, &kind, payloads)?.into()),
            None => {
                // A cell whose code only Python computes is refused like a single one.
                payloads.all().try_for_each(|payload| plan::complete(&kind, payload).map(drop))?;
                None
            }
        };
        let batch = Batch {
            target: args.service.as_str().into(),
            parallel: args.parallel || (kind.parallel && !args.sequential),
            payload,
            masked: None,
            made,
            plan,
            name: name.into(),
            tag: group::tag(id),
            run_at: run_at.flatten(),
            first_alone: args.first_alone,
            task_type: kind,
        };
        let kind = &batch.task_type;
        let moves = (0..batch.count()).any(|at| guard.moves(&kind.name, &kind.class, &batch.payload(at)));
        if moves && !args.yes && !args.dry_run {
            return Err(End::new(
                NOT_SENT,
                format!(
                    "not sent: {} on {} moves hardware; {} tasks would go out with --yes: {}",
                    kind.name,
                    args.service,
                    batch.count(),
                    batch.ranges().join("; "),
                ),
            ));
        }
        Ok(Group { batch })
    }

    /// What would be sent, for `--dry-run`.
    pub fn print(&self, args: &SubmitArgs, out: &out::Out) -> Result<u8, End> {
        let batch = &self.batch;
        let name = |at: usize| batch.frame(at, Text::default()).display_name.to_string();
        let last = batch.count().saturating_sub(1);
        let text = if args.json {
            let line = format!(
                "{{\"group\":{},\"tag\":{},\"count\":{},\"first\":{},\"last\":{}}}",
                json::quote(&batch.name),
                json::quote(&batch.tag),
                batch.count(),
                json::compact(&batch.payload(0)),
                json::compact(&batch.payload(last)),
            );
            out.json(&line).into_owned()
        } else {
            let mut lines = vec![format!("{} tasks for {}, as {}", batch.count(), batch.target, batch.name)];
            lines.extend(batch.ranges().iter().map(|line| format!("  {line}")));
            lines.push(format!("  first  {}", name(0)));
            lines.push(format!("  last   {}", name(last)));
            lines.push(
                "  through the scheduler, which starts at most one a second and gives each one the slot"
                    .to_owned(),
            );
            if let Some(at) = &batch.run_at {
                lines.push(format!("  not before {}", when::show(at)));
            }
            if batch.first_alone {
                lines.push("  the rest goes once the first one has ended ok".to_owned());
            }
            lines.push("  nothing was sent".to_owned());
            lines.iter().map(|line| out.text(line).into_owned()).collect::<Vec<_>>().join("\n")
        };
        finish(out.line(&text), OK)
    }
}

/// The swept fields with their values, each checked with its field's own limits where these are known.
fn axes(kind: &TaskType, base: &str, sweeps: &[String]) -> Result<Vec<(String, Sweep)>, String> {
    let mut form = Form::new(kind, None);
    let filled = kind.schema.is_some() && form.fill(base, Origin::Filled).is_ok();
    let mut axes: Vec<(String, Sweep)> = Vec::new();
    for text in sweeps {
        let Some((name, values)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(format!("--sweep {text}: write field=values, such as averages=100:1000:10"));
        };
        if axes.iter().any(|(known, _)| known == name) {
            return Err(format!("--sweep: the field {name} is given twice"));
        }
        let told = |why: &str| format!("--sweep {name}={values}: {why}");
        let field = form
            .find_dotted(name)
            .filter(|id| filled && form.field(*id).is_some_and(|field| field.sweepable));
        let Some(id) = field else {
            let sweep = Sweep::read(values, Values::Any).map_err(|why| told(&why))?;
            axes.push((name.to_owned(), sweep));
            continue;
        };
        form.set_sweep(id, Some(values));
        let wrong = form.problems().iter().find(|p| p.field == Some(id) && p.level == Level::Error);
        if let Some(wrong) = wrong {
            return Err(told(&wrong.what));
        }
        match form.sweep(id) {
            Some(Ok(sweep)) => axes.push((name.to_owned(), sweep.clone())),
            Some(Err(why)) => return Err(told(why)),
            None => return Err(told("this field takes one value")),
        }
    }
    Ok(axes)
}

impl Submit<'_> {
    /// Sends a group, and with `--wait` follows it to its end.
    pub(super) fn run_group(&mut self, group: &Group) -> Result<u8, End> {
        let batch = group.batch.clone();
        self.forecast(&batch)?;
        if batch.parallel {
            out::say("note: a scheduled task waits for the service's slot, although it is a parallel one");
        }
        let key = batch.key();
        let (name, tag, count) = (batch.name.clone(), batch.tag.clone(), batch.count());
        let now = self.talk.now();
        let frames = self.talk.session.send_group(batch, now).map_err(|why| End::new(NOT_SENT, why))?;
        self.talk.send(frames);
        let doubtful = self.hand_over(&key)?;
        if doubtful > 0 {
            out::say(&format!(
                "{doubtful} of {count} may have reached the scheduler when the link was lost and are not sent again"
            ));
        }
        if !self.args.wait {
            let code = if doubtful > 0 { UNKNOWN } else { OK };
            return self.print_group(&key, &name, &tag, None, code);
        }
        let counts = self.follow_group(&key, &name, count)?;
        let code = match () {
            () if counts.unknown + doubtful > 0 => UNKNOWN,
            () if counts.ok == count => OK,
            () => FAILED,
        };
        self.print_group(&key, &name, &tag, Some(counts), code)
    }

    /// Tells what is to be expected, and refuses what the scheduler's list cannot bear.
    fn forecast(&mut self, batch: &Batch) -> Result<(), End> {
        let end = self.talk.now().mono + LIST;
        while !self.talk.session.list_came() && self.talk.now().mono < end {
            if let Step::Stop(_) = self.talk.step(Some(end)) {
                return Err(End::new(NOT_SENT, "not sent: interrupted"));
            }
        }
        if self.talk.session.has_scheduler == Some(false) {
            return Err(End::new(
                MISUSE,
                "not sent: several tasks go through the scheduler, and this Juice has none",
            ));
        }
        let kind = &batch.task_type;
        let store = &self.talk.session.store;
        let forecast = Forecast::new(store, &batch.target, &kind.name, &kind.class, batch.count());
        if let Some(why) = forecast.stop() {
            return Err(End::new(NOT_SENT, format!("not sent: {why}")));
        }
        out::say(&format!("{} tasks, {}", batch.count(), forecast.line()));
        if let Some(why) = forecast.warning() {
            out::say(&format!("note: {why}"));
        }
        Ok(())
    }

    /// Waits until the scheduler has all; how many it may have besides.
    fn hand_over(&mut self, key: &GroupKey) -> Result<usize, End> {
        let mut silent_by = self.talk.now().mono + ANSWER;
        let mut accepted = 0;
        loop {
            for news in self.talk.session.take_news() {
                match news {
                    News::GroupSent { key: of, doubtful, .. } if of == *key => return Ok(doubtful),
                    News::GroupStopped { key: of, left, why, .. } if of == *key => {
                        let sent = self.handed(key);
                        return Err(self.stopped(key, sent, left, &why));
                    }
                    _ => {}
                }
            }
            let Some(sending) = self.talk.session.sending_of(key) else { return Ok(0) };
            let (now, waits) = (self.talk.now().mono, sending.waits_for_first());
            if sending.accepted() > accepted || waits && sending.accepted() > 0 {
                accepted = sending.accepted();
                silent_by = now + ANSWER;
            }
            if now >= silent_by {
                let left = sending.unsent();
                let sent = self.handed(key);
                let why = format!("the scheduler has not answered for {} s", ANSWER.as_secs());
                return Err(self.stopped(key, sent, left, &why));
            }
            match self.talk.step(Some(silent_by)) {
                Step::Stop(_) => {
                    let left = self.talk.session.sending_of(key).map_or(0, Sending::unsent);
                    let sent = self.handed(key);
                    return Err(self.stopped(key, sent, left, "interrupted"));
                }
                Step::Link(line) => drop(self.links.change(&self.talk.session, &line)),
                Step::Bad(why) => out::say(&format!("a message could not be read ({why})")),
                Step::Heard | Step::Time => {}
            }
        }
    }

    /// Members that the scheduler has, and those that it may have.
    fn handed(&self, key: &GroupKey) -> (usize, usize) {
        self.talk.session.sending_of(key).map_or((0, 0), |sending| (sending.accepted(), sending.doubtful()))
    }

    /// The rest does not go out: what was sent and what was not.
    fn stopped(&mut self, key: &GroupKey, (sent, doubtful): (usize, usize), left: usize, why: &str) -> End {
        self.talk.session.drop_rest(key);
        if sent + doubtful == 0 {
            return End::new(NOT_SENT, format!("not sent: {why}"));
        }
        let perhaps = match doubtful {
            0 => String::new(),
            n => format!(", {n} it may have"),
        };
        let code = if doubtful > 0 { UNKNOWN } else { FAILED };
        End::new(code, format!("{why}; the scheduler has {sent}{perhaps}, {left} were not sent"))
    }

    /// Waits until all members have ended, told in one line that is written anew on a terminal.
    fn follow_group(&mut self, key: &GroupKey, name: &str, of: usize) -> Result<GroupCounts, End> {
        let terminal = std::io::stderr().is_terminal();
        let mut told = None;
        let mut ask_at = self.talk.now().mono + MAKE_SURE;
        loop {
            let store = &self.talk.session.store;
            let group = store.group(key);
            let counts = group.map(crate::store::Group::counts).unwrap_or_default();
            // One that is only out of sight goes on at the scheduler; one that it never took has no end to wait for.
            let open = group.and_then(|group| {
                let mut open = store.members(group).filter(|task| super::end_of(task, &self.way).is_none());
                open.find_map(|task| task.scheduled_task_id.clone())
            });
            if terminal && told != Some(counts) {
                told = Some(counts);
                let _ = write!(std::io::stderr(), "\r{name}: {} of {of} ended", counts.ended());
            }
            let Some(open) = open else {
                if terminal {
                    let _ = writeln!(std::io::stderr());
                }
                return Ok(counts);
            };
            let now = self.talk.now().mono;
            if now >= ask_at {
                // The scheduler drops events when a reader is slow: the oldest open member is made sure of.
                let seen = self.talk.session.is_live(&crate::wire::link::Line::Bus);
                ask_at = now + if seen { MAKE_SURE } else { ASK };
                let frames = self.talk.session.ask_entry(&open);
                self.talk.send(frames);
            }
            match self.talk.step(Some(ask_at)) {
                // Nobody reads any more: the outcome still stands in the exit code.
                Step::Stop(crate::cli::talk::Stop::Closed) => {}
                Step::Stop(_) => {
                    let text = format!(
                        "interrupted: {} of {of} have ended; the scheduler keeps the others",
                        counts.ended()
                    );
                    return Err(End::new(UNKNOWN, text));
                }
                Step::Link(line) => {
                    if let Some(change) = self.links.change(&self.talk.session, &line) {
                        if change.problem.is_some() {
                            out::say(&format!(
                                "the scheduler keeps the tasks, trying on: {}",
                                change.sentence()
                            ));
                        } else {
                            ask_at = self.talk.now().mono;
                        }
                    }
                }
                Step::Bad(why) => out::say(&format!("a message could not be read ({why})")),
                Step::Heard | Step::Time => {}
            }
        }
    }

    /// The members' ids; with counts where they were waited for.
    fn print_group(
        &self,
        key: &GroupKey,
        name: &str,
        tag: &str,
        counts: Option<GroupCounts>,
        code: u8,
    ) -> Result<u8, End> {
        let store = &self.talk.session.store;
        let ids: Vec<Text> = store
            .group(key)
            .map(|group| store.members(group).filter_map(|task| task.scheduled_task_id.clone()).collect())
            .unwrap_or_default();
        let counted = counts.map(|c| {
            [("ok", c.ok), ("failed", c.failed), ("cancelled", c.cancelled), ("unknown", c.unknown)]
        });
        let text = match (self.args.json, counted) {
            (true, counted) => {
                let ids: Vec<String> = ids.iter().map(|id| json::quote(id)).collect();
                let counts = counted.map_or_else(String::new, |counted| {
                    counted.iter().map(|(word, n)| format!("\"{word}\":{n},")).collect()
                });
                let line = format!(
                    "{{\"group\":{},\"tag\":{},{counts}\"scheduled_task_ids\":[{}]}}",
                    json::quote(name),
                    json::quote(tag),
                    ids.join(",")
                );
                self.out.json(&line).into_owned()
            }
            (false, None) => ids.iter().map(|id| self.out.text(id)).collect::<Vec<_>>().join("\n"),
            (false, Some(counted)) => {
                let told: Vec<String> =
                    counted.iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
                told.join(", ")
            }
        };
        finish(self.out.line(&text), code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command};
    use chrono::TimeZone;
    use clap::Parser;

    fn group(line: &str) -> Result<Group, (u8, String)> {
        let words = shell_words(line);
        let cli = Cli::try_parse_from(words).map_err(|e| (MISUSE, e.to_string()))?;
        let Some(Command::Submit(args)) = cli.command else { panic!("{line}") };
        let mut catalogue = Catalogue::new();
        let file = include_str!("../../../tests/cases/catalogue-sample.json");
        catalogue.add_file("types.json", file);
        Group::new(&args, false, &mut catalogue, &Guard::default(), Local.timestamp_nanos(0), "id-1")
            .map_err(|end| (end.code(), format!("{:#}", end.why.unwrap())))
    }

    fn shell_words(line: &str) -> Vec<String> {
        let words = line.split(' ').map(|word| word.replace('_', " "));
        ["juicetop", "submit"].into_iter().map(str::to_owned).chain(words).collect()
    }

    #[test]
    fn fields_multiply_or_zip_and_each_payload_is_that_of_the_command() {
        let made =
            group("fridge MeasureT1 qubit=q1 note=x --sweep averages=100,200 --sweep sweep.points=3:5:3");
        // The section is not in the payload, so it has no place for one of its fields.
        assert_eq!(made.unwrap_err().0, MISUSE);
        let made =
            group("fridge MeasureT1 qubit=q1 --sweep averages=100,200 --sweep seconds=0.1:0.3:3").unwrap();
        assert_eq!(made.batch.count(), 6);
        assert_eq!(made.batch.payload(5), r#"{"qubit": "q1", "averages": 200, "seconds": 0.3}"#);
        let first = made.batch.frame(0, "a".into());
        let start =
            "MeasureT1: qubit='q1', averages=100, seconds=0.1 [MeasureT1 over averages, seconds 1/6 #";
        assert!(first.display_name.starts_with(start), "{}", first.display_name);
        let zip =
            group("fridge MeasureT1 --zip --sweep qubit=q1..q3 --sweep averages=1,2,3 --group T_1").unwrap();
        assert_eq!((zip.batch.count(), &*zip.batch.name), (3, "T 1"));
        assert_eq!(zip.batch.payload(2), r#"{"qubit": "q3", "averages": 3}"#);
    }

    #[test]
    fn what_the_field_refuses_is_told_before_anything_is_sent() {
        for (line, code, why) in [
            ("fridge MeasureT1 qubit=q1 --sweep averages=0:10:11", MISUSE, "averages=0:10:11: 0: "),
            ("fridge MeasureT1 --sweep qubit=q1,x", MISUSE, "\"x\": "),
            ("fridge MeasureT1 --sweep qubit", MISUSE, "write field=values"),
            ("fridge MeasureT1 --sweep qubit=q1 --sweep qubit=q2", MISUSE, "given twice"),
            ("fridge MeasureT1 --zip --sweep qubit=q1,q2 --sweep averages=1", MISUSE, "equal counts"),
            ("fridge MeasureT1 --sweep qubit=q1,q2 --group a[b]", MISUSE, "brackets"),
            ("fridge MeasureT1 --sweep qubit=q1,q2 --direct --wait", MISUSE, "--direct"),
            ("fridge MeasureT1 --zip", MISUSE, "--sweep"),
        ] {
            let (got, text) = group(line).map(|g| g.batch.count()).unwrap_err();
            assert!(got == code && text.contains(why), "{line}: {got} {text}");
        }
        let (code, text) = group("cryo SetHeaterPower component_id=still --sweep power=0:1:11").unwrap_err();
        assert_eq!(code, NOT_SENT);
        assert!(text.contains("11 tasks would go out with --yes: power = 0, 0.1 … 1 (11 values)"), "{text}");
        assert!(group("cryo SetHeaterPower component_id=still --sweep power=0:1:11 --yes").is_ok());
    }

    #[test]
    fn a_type_that_nobody_knows_takes_json_or_text() {
        let made = group("lab Strange --sweep x=1,two,3.50").unwrap();
        let payloads: Vec<String> = (0..3).map(|at| made.batch.payload(at)).collect();
        assert_eq!(payloads, [r#"{"x": 1}"#, r#"{"x": "two"}"#, r#"{"x": 3.50}"#]);
    }

    /// The group that the composer's form would send, as a command, and what `juicetop submit` makes of it.
    fn copied(class: &str, keys: &[(&str, &str)], catalogue: &mut Catalogue) -> (String, Batch, Group) {
        use crate::app::{Layer, tests::Bench};
        let mut b = Bench::new();
        let file = include_str!("../../../tests/cases/catalogue-sample.json");
        assert_eq!(b.app.catalogue.add_file("types.json", file), []);
        let service = if class == "MeasureT1" { "fridge" } else { "forms" };
        b.add_forms().go_to(service).key("s").types(class).keys("enter");
        for (press, typed) in keys {
            b.keys(press).types(typed);
        }
        let wanted = b.composer().batch().expect("sweeps").expect("a group");
        b.keys("alt-c alt-v");
        let Some(Layer::CopyAs(copy)) = b.app.ui.layers.last() else { panic!("{}", b.notice()) };
        let line = copy.text(b.now.utc).unwrap();
        let mut words = shlex::split(line.trim_end()).unwrap();
        let piped =
            words.iter().position(|word| word == "|").map(|at| words.drain(..=at).collect::<Vec<_>>());
        let file = tempfile::NamedTempFile::new().unwrap();
        if let Some(piped) = piped {
            std::fs::write(file.path(), &piped[2]).unwrap();
            let at = words.iter().position(|word| word == "--payload").unwrap();
            words[at + 1] = file.path().display().to_string();
        }
        let cli = Cli::try_parse_from(&words).unwrap_or_else(|e| panic!("{line}: {e}"));
        let Some(Command::Submit(args)) = cli.command else { panic!("{line}") };
        let now = Local.timestamp_nanos(0);
        let made = Group::new(&args, false, catalogue, &Guard::new([""; 0]), now, "id-1")
            .unwrap_or_else(|end| panic!("{line}: {:?}", end.why));
        (line, wanted, made)
    }

    /// Every option of one field, one of another, which has no default.
    const CHOICES: &[(&str, &str)] =
        &[("alt-s", "all"), ("ctrl-g", "required"), ("enter enter", "yes"), ("enter", "")];

    #[test]
    fn a_copied_command_is_the_same_group_again() {
        let known = || {
            let mut catalogue = Catalogue::new();
            catalogue.add_file("types.json", include_str!("../../../tests/cases/catalogue-sample.json"));
            for (name, text) in crate::demo::catalogues() {
                catalogue.add_file(name, text);
            }
            catalogue
        };
        let cases: [(&str, &[(&str, &str)]); 8] = [
            ("MeasureT1", &[("alt-s", "q1..q5"), ("down alt-s", "500, 1000, 2000")]),
            ("MeasureT1", &[("", "q1"), ("down alt-s", "500:2000:4")]),
            ("MeasureT1", &[("alt-s", "q08..q12"), ("alt-m down down space esc", "")]),
            ("MeasureT1", &[("alt-s", "q1, q2"), ("down alt-s", "5+-2:2"), ("alt-m down space enter", "")]),
            ("MeasureT1", &[("", "q1"), ("down alt-s", "log 1:1000:4"), ("alt-m", " of all"), ("enter", "")]),
            ("Choices", CHOICES),
            ("Numbers", &[("down down alt-s", "1,-2, 3"), ("f6", "3h"), ("enter", "")]),
            ("Texts", &[("", "q1"), ("down alt-s", "1, \"a, b\", it's, -x, true")]),
        ];
        for (class, keys) in cases {
            for catalogue in [&mut known(), &mut Catalogue::new()] {
                let (line, wanted, made) = copied(class, keys, catalogue);
                let payloads = |batch: &Batch| -> Vec<String> {
                    (0..batch.count()).map(|at| json::compact(&batch.payload(at))).collect()
                };
                assert!(wanted.count() > 1, "{line}");
                assert_eq!(payloads(&made.batch), payloads(&wanted), "{line}");
                let told = |batch: &Batch| {
                    let (name, target, type_) =
                        (batch.name.clone(), batch.target.clone(), batch.task_type.name.clone());
                    (
                        name,
                        target,
                        type_,
                        batch.parallel,
                        batch.first_alone,
                        batch.run_at,
                        batch.plan.combine(),
                    )
                };
                assert_eq!(told(&made.batch), told(&wanted), "{line}");
                assert!(!line.contains("--yes"), "{line}");
            }
        }
    }

    #[test]
    fn the_copied_command_keeps_what_was_typed_where_it_means_the_same_without_the_schema() {
        let mut catalogue = Catalogue::new();
        let (line, ..) = copied("MeasureT1", &[("alt-s", "q1..q5")], &mut catalogue);
        assert!(line.contains(" --sweep qubit=q1..q5 fridge MeasureT1"), "{line}");
        let (line, ..) = copied("Choices", CHOICES, &mut catalogue);
        assert!(!line.contains("=all") && line.contains("--sweep "), "{line}");
    }
}
