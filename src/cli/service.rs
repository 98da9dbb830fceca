//! `service`: how the lab's services are, and what can be done to them without a browser.
//!
//! | exit code | |
//! |---|---|
//! | 0 | done, and seen to have worked |
//! | 1 | it did not work; for `interrupt`: nothing was seen to end |
//! | 2 | the command cannot be carried out as it was given, or was not confirmed; nothing was done |
//! | 3 | nobody knows whether it was done |
//! | 4 | nothing was done; the same command may be given again |
//!
//! Each deed says first what it stops, and wants a *yes*. It refuses to call anything done that was not seen. From the deed
//! on nothing depends on who reads: the exit code stands where standard output is closed.

use std::{
    cell::Cell,
    io::{self, IsTerminal},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    End, FAILED, MISUSE, NOT_SENT, OK, UNKNOWN,
    args::{LookArgs, Place, ServiceArgs, ServiceCommand},
    lab::Lab,
    links,
    out::{self, Out},
    talk::{Step, Stop, Talk},
};
use crate::{
    app::{services, session::Way, update},
    clean::{Clean, exact},
    net::control::{Control, Controls},
    store::{Outcome, State, Task, TaskKey},
    view::words,
    wire::{
        Text,
        control::{Deed, Failure, Process},
        frame::{self, TaskFrame},
        link::Line,
    },
};

/// How long a connection is tried for.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the scheduler's list is waited for before a question.
const LISTED: Duration = Duration::from_secs(3);
/// How long the bus may take until it brings something of what is sent to the service.
const HEARD: Duration = Duration::from_secs(3);
/// A Ping that the bus did not bring by then is sent again.
const AGAIN: Duration = Duration::from_millis(300);
/// Between two Pings.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked whether work beside the talk is done.
const LOOK: Duration = Duration::from_millis(100);

/// Carries out `service`.
///
/// # Errors
/// Every end but a good one: see the module's table.
pub fn run(place: &Place, look: &LookArgs, args: &ServiceArgs, out: &Out) -> Result<u8, End> {
    let lab = Lab::find(place).map_err(|problem| End::misuse(links::sentence(&problem)))?;
    lab.problems().iter().for_each(|problem| out::say(problem));
    let controls = lab.controls().map_err(End::misuse)?;
    let (action, name, yes, as_json) = match &args.command {
        ServiceCommand::List { json } => return list(&lab, &controls, *json, out),
        ServiceCommand::Interrupt { one } => (Deed::Interrupt, &one.name, one.yes, one.json),
        ServiceCommand::Restart { one, container: false } => {
            (Deed::RestartProcess, &one.name, one.yes, one.json)
        }
        ServiceCommand::Restart { one, container: true } => {
            (Deed::RestartContainer, &one.name, one.yes, one.json)
        }
        ServiceCommand::Rebuild { one, .. } => (Deed::Rebuild, &one.name, one.yes, one.json),
    };
    if controls.of_service(name).is_none() {
        let known: Vec<_> = controls.services.iter().map(|control| exact(&control.service)).collect();
        return Err(End::misuse(format!(
            "there is no service {}: there are {}",
            exact(name),
            known.join(", ")
        )));
    }
    if look.read_only || lab.config().read_only || lab.is_config_unreadable() {
        return Err(End::new(NOT_SENT, "nothing was done: read-only is set"));
    }
    if let Some(why) = controls.barred(name, action) {
        return Err(End::new(NOT_SENT, format!("nothing was done: {why}")));
    }
    let unwritten = Cell::new(false);
    let one = One { lab: &lab, controls: &controls, name, yes, as_json, out, unwritten };
    let code = match &args.command {
        ServiceCommand::Rebuild { dry_run, .. } => one.rebuild(*dry_run),
        _ if action == Deed::Interrupt => one.interrupt(),
        _ => one.restart(action),
    }?;
    Ok(if code == OK && one.unwritten.get() { FAILED } else { code })
}

/// How each service is.
fn list(lab: &Lab, controls: &Controls, as_json: bool, out: &Out) -> Result<u8, End> {
    // One that is not reached takes its time, and all do together.
    let processes: Vec<Result<Process, Failure>> = thread::scope(|scope| {
        let asked: Vec<_> =
            controls.services.iter().map(|control| scope.spawn(|| control.supervisor.process())).collect();
        asked
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| Err(Failure::of("a fault in the program itself", "")))
            })
            .collect()
    });
    let mut rows = Vec::new();
    let mut reasons = Reasons::default();
    for (control, process) in controls.services.iter().zip(&processes) {
        let barred: Vec<(Deed, String)> = Deed::ALL
            .into_iter()
            .filter_map(|action| {
                let why = match (action, process) {
                    (deed, Err(failure)) if deed.is_by_supervisor() => Some(failure.what.clone()),
                    _ => controls.barred(&control.service, action),
                };
                Some((action, why?))
            })
            .collect();
        if as_json {
            out.line(&out.json(&line(lab, control, process, &barred).to_string()))?;
            continue;
        }
        let (state, up) = match process {
            Ok(process) => {
                (process.state.to_lowercase(), process.uptime.map(words::duration).unwrap_or_default())
            }
            Err(_) => ("not reached".to_owned(), String::new()),
        };
        let names: Vec<&str> = barred.iter().map(|(action, _)| action.name()).collect();
        for (action, why) in &barred {
            // That a supervisord is not reached is told for itself.
            if !(action.is_by_supervisor() && process.is_err()) {
                reasons.add(why, action.name(), &control.service);
            }
        }
        rows.push([
            out.name(&control.service).into_owned(),
            out.text(&state).into_owned(),
            up,
            out.text(control.version.as_deref().unwrap_or("-")).into_owned(),
            names.join(", "),
        ]);
    }
    if !as_json {
        out.table(&["service", "process", "up", "Juice", "cannot be done from here"], &rows)?;
        let mut remedies: Vec<&str> = Vec::new();
        for (control, failure) in
            controls.services.iter().zip(&processes).filter_map(|(c, p)| Some((c, p.as_ref().err()?)))
        {
            out::say(&format!("{}: {}", exact(&control.service), failure.what));
            if !failure.remedy.is_empty() && !remedies.contains(&failure.remedy.as_str()) {
                remedies.push(&failure.remedy);
            }
        }
        remedies.iter().for_each(|remedy| out::say(remedy));
        reasons.0.iter().for_each(|reason| out::say(&reason.sentence()));
    }
    Ok(OK)
}

/// A service as JSON (docs/services.md).
fn line(
    lab: &Lab,
    control: &Control,
    process: &Result<Process, Failure>,
    barred: &[(Deed, String)],
) -> Value {
    let found = lab.found.iter().flat_map(|found| &found.services).find(|s| s.name == control.service);
    let process_line = match process {
        Ok(process) => json!({
            "state": process.state,
            "pid": process.pid,
            "began": process.began.map(|at| at.to_rfc3339()),
            "uptime_s": process.uptime.map(|uptime| uptime.as_secs()),
            "trouble": process.trouble,
        }),
        Err(failure) => json!({ "state": null, "why": failure.sentence() }),
    };
    let cannot: serde_json::Map<String, Value> =
        barred.iter().map(|(action, why)| (action.name().to_owned(), why.as_str().into())).collect();
    json!({
        "service": control.service,
        "process": process_line,
        "supervisor": control.supervisor.address,
        "url": found.map(|service| service.url.as_str()),
        "entrypoint": found.map(|service| service.entrypoint.as_str()),
        "kernel": found.map(|service| service.kernel),
        "juice": control.version,
        "cannot": cannot,
    })
}

/// Why things cannot be done, each reason once.
#[derive(Default)]
struct Reasons(Vec<Reason>);

/// A reason, for which deeds, and to which services.
struct Reason {
    why: String,
    deeds: Vec<&'static str>,
    services: Vec<String>,
}

impl Reasons {
    fn add(&mut self, why: &str, deed: &'static str, service: &str) {
        let at = self.0.iter().position(|reason| reason.why == why).unwrap_or_else(|| {
            self.0.push(Reason { why: why.to_owned(), deeds: Vec::new(), services: Vec::new() });
            self.0.len() - 1
        });
        let reason = &mut self.0[at];
        if !reason.deeds.contains(&deed) {
            reason.deeds.push(deed);
        }
        let service = exact(service).into_owned();
        if !reason.services.contains(&service) {
            reason.services.push(service);
        }
    }
}

impl Reason {
    fn sentence(&self) -> String {
        format!("{}: no {}: {}", self.services.join(", "), self.deeds.join(", "), self.why)
    }
}

/// A deed to one service.
struct One<'a> {
    lab: &'a Lab,
    controls: &'a Controls,
    name: &'a str,
    yes: bool,
    as_json: bool,
    out: &'a Out,
    /// Something could not be printed, though somebody may read it.
    unwritten: Cell<bool>,
}

impl One<'_> {
    fn interrupt(&self) -> Result<u8, End> {
        self.sure(Deed::Interrupt, None)?;
        let mut talk = self.talk()?;
        // What ends is told on the bus, which has to be heard before.
        self.hear(&mut talk)?;
        let controls = self.controls.clone();
        let name = self.name.to_owned();
        talk.writes_deed(self.name, Deed::Interrupt);
        let since = talk.now();
        let gate = Gate::default();
        let passes = gate.clone();
        beside(&mut talk, AtStop::Unless(gate), move |_| controls.interrupt(&name, move || passes.take()))?
            .map_err(ended)?;
        // A cell that waits for something hears of it at its next event: this is one.
        if self.ping(&mut talk).is_err() {
            out::say(
                "note: the connection was lost, so a cell that waits (await) hears of the signal only at its next event",
            );
        }
        let end = talk.now().mono + services::STOPS;
        loop {
            let tasks: Vec<&Task> =
                services::ended_by(talk.session.store.tasks(), self.name, since).collect();
            if !tasks.is_empty() {
                tasks.iter().for_each(|task| self.tell(&services::end_words(task)));
                let tasks: Vec<Value> = tasks.into_iter().map(stopped).collect();
                self.answer(Deed::Interrupt, json!({ "stopped": tasks }));
                return Ok(OK);
            }
            let now = talk.now();
            if now.mono >= end {
                let lanes = talk.session.store.lanes(self.name, true, now);
                let why = services::nothing_stopped(&lanes.holders);
                self.answer(Deed::Interrupt, json!({ "stopped": [] }));
                return Err(End::new(FAILED, why));
            }
            if stops(&talk.step(Some(end))) {
                return Err(End::new(UNKNOWN, "the signal was sent; what became of it was not waited for"));
            }
        }
    }

    fn restart(&self, action: Deed) -> Result<u8, End> {
        self.sure(action, None)?;
        let mut talk = self.talk()?;
        let begun = talk.now();
        let controls = self.controls.clone();
        let name = self.name.to_owned();
        talk.writes_deed(self.name, action);
        let at_stop = if action == Deed::RestartProcess { AtStop::Whole } else { AtStop::GoesOn };
        let process = beside(&mut talk, at_stop, move |told| match action {
            Deed::RestartContainer => controls.restart_container(&name, told),
            _ => controls.restart_process(&name, told),
        })?
        .map_err(ended)?;
        if let Some(process) = &process {
            self.tell(&format!("its process is {}", process_words(process)));
        }
        // It runs for supervisord; whether it works is for it to say.
        let answered = self.answers(&mut talk)?;
        let took = talk.now().since(begun).as_secs_f64();
        self.answer(
            action,
            json!({
                "state": process.as_ref().map(|process| process.state.as_str()),
                "pid": process.as_ref().and_then(|process| process.pid),
                "answers": answered,
                "took_s": (took * 10.0).round() / 10.0,
            }),
        );
        if !answered {
            return Err(End::new(
                FAILED,
                format!(
                    "it was restarted and does not answer a Ping within {} s",
                    services::ANSWERS.as_secs()
                ),
            ));
        }
        self.tell(&format!("{} answers; it took {took:.1} s", exact(self.name)));
        Ok(OK)
    }

    fn rebuild(&self, dry_run: bool) -> Result<u8, End> {
        if !dry_run && !self.yes && !asks() {
            self.sure(Deed::Rebuild, None)?;
        }
        let mut talk = self.talk()?;
        let (good, lines) = self.try_out(&mut talk)?;
        if !self.as_json {
            lines.iter().for_each(|line| self.print(&self.out.text(line)));
        }
        if !good {
            self.answer(Deed::Rebuild, json!({ "dry_run": lines, "good": false }));
            return Err(End::new(FAILED, "the dry run failed: nothing was built"));
        }
        if dry_run {
            self.answer(Deed::Rebuild, json!({ "dry_run": lines, "good": true }));
            return Ok(OK);
        }
        self.sure(Deed::Rebuild, Some(&mut talk))?;
        // Whoever wished to end while the question stood does not mean to build.
        let now = talk.now().mono;
        if let Step::Stop(_) = talk.step(Some(now)) {
            return Err(End::new(NOT_SENT, "interrupted before the build"));
        }
        out::say("building; this can take long (Ctrl-C waits no longer, the build goes on)");
        let begun = talk.now();
        let controls = self.controls.clone();
        let name = self.name.to_owned();
        talk.writes_deed(self.name, Deed::Rebuild);
        beside(&mut talk, AtStop::GoesOn, move |_| controls.rebuild(&name))?.map_err(ended)?;
        let took = talk.now().since(begun).as_secs_f64();
        self.answer(
            Deed::Rebuild,
            json!({ "dry_run": lines, "good": true, "took_s": (took * 10.0).round() / 10.0 }),
        );
        self.tell(&format!(
            "built in {took:.1} s; it runs on with the old image until juicetop service restart {} --container",
            exact(self.name)
        ));
        Ok(OK)
    }

    /// What an update of its environment would do, by the service itself: whether it would work, and what `uv` says.
    fn try_out(&self, talk: &mut Talk) -> Result<(bool, Vec<String>), End> {
        out::say("a dry run on the service first: it waits for the slot (Ctrl-C gives up)");
        let key = self.send(talk, frame::service::rebuild_dry_run)?;
        loop {
            if let Some(result) = services::dry_run(talk.session.store.task(&key)) {
                return result.map_err(|why| End::new(FAILED, format!("{why}: nothing was built")));
            }
            if let Step::Stop(_) = talk.step(None) {
                return Err(End::new(NOT_SENT, "interrupted before the build"));
            }
        }
    }

    /// Asks, where somebody can answer; else the command line has to have said yes.
    /// The connections are those of `talk`; without it the question says whom the deed hits.
    fn sure(&self, action: Deed, talk: Option<&mut Talk>) -> Result<(), End> {
        if self.yes {
            return Ok(());
        }
        let title = format!("{} {}?", action.name(), exact(self.name));
        if !asks() {
            let lines = action.meaning().join(" ");
            return Err(End::new(
                MISUSE,
                format!("nothing was done: {title} {lines} With --yes it is done."),
            ));
        }
        let mut own = None;
        let (talk, whom) = match talk {
            Some(talk) => (talk, Vec::new()),
            None => {
                let talk = own.insert(self.start(true)?);
                let whom = self.whom(action, talk)?;
                (talk, whom)
            }
        };
        let lines: Vec<&str> =
            whom.iter().map(String::as_str).chain(action.meaning().iter().copied()).collect();
        out::ask(&title, &lines, "yes or no? [no]");
        // Signals are the talk's from when it begins: so the answer is waited for beside it.
        let answer = beside(talk, AtStop::Undone, |_| {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        })??;
        match answer.trim().to_lowercase().as_str() {
            "yes" | "y" => Ok(()),
            _ => Err(End::new(MISUSE, "nothing was done")),
        }
    }

    /// Whom it hits, as far as a look at the scheduler's list tells: what was sent direct is told only to whoever listens
    /// while it begins, as the screen does.
    fn whom(&self, action: Deed, talk: &mut Talk) -> Result<Vec<String>, End> {
        let end = talk.now().mono + LISTED;
        let reached = talk.reach(&Line::Router, LISTED);
        while reached.is_ok() && !talk.session.list_came() && talk.now().mono < end {
            if let Step::Stop(_) = talk.step(Some(end)) {
                return Err(End::new(NOT_SENT, "nothing was done: interrupted"));
            }
        }
        let now = talk.now();
        let (mut lines, _) = update::whom(&talk.session.store, &self.name.into(), action, now);
        if !talk.session.list_came() {
            lines.push("The scheduler's list could not be read.".to_owned());
        }
        Ok(lines)
    }

    /// Connects; `whole`: the scheduler's list is read.
    fn start(&self, whole: bool) -> Result<Talk, End> {
        if let Some(why) = self.lab.watch_only() {
            return Err(End::new(NOT_SENT, format!("nothing was done: {why}")));
        }
        Ok(Talk::start(self.lab, self.lab.options(&self.lab.memory()), whole)?)
    }

    /// Connects, and waits until the router can be asked.
    fn talk(&self) -> Result<Talk, End> {
        let mut talk = self.start(false)?;
        talk.reach(&Line::Router, PATIENCE)
            .map_err(|why| End::new(NOT_SENT, format!("nothing was done: {why}")))?;
        Ok(talk)
    }

    /// Waits until the bus brings what the service does: what comes before that is told to nobody.
    fn hear(&self, talk: &mut Talk) -> Result<(), End> {
        let end = talk.now().mono + HEARD;
        while talk.now().mono < end {
            let key = self.ping(talk)?;
            let again = talk.now().mono + AGAIN;
            while talk.now().mono < again {
                if talk.session.store.task(&key).is_some_and(|task| task.time.is_some()) {
                    return Ok(());
                }
                if let Step::Stop(_) = talk.step(Some(again)) {
                    return Err(End::new(NOT_SENT, "nothing was done: interrupted"));
                }
            }
        }
        out::say("note: the bus brings nothing of this service, so what stops may not be seen");
        Ok(())
    }

    /// Whether the service answers a Ping.
    fn answers(&self, talk: &mut Talk) -> Result<bool, End> {
        let end = talk.now().mono + services::ANSWERS;
        while talk.now().mono < end {
            // It may be the task manager itself that comes back: without a link there is nothing to ask yet.
            if let Ok(key) = self.ping(talk)
                && self.answers_to(talk, &key, end)?
            {
                return Ok(true);
            }
            let again = (talk.now().mono + PAUSE).min(end);
            while talk.now().mono < again {
                if stops(&talk.step(Some(again))) {
                    return Err(End::new(UNKNOWN, "it was restarted; whether it answers was not waited for"));
                }
            }
        }
        Ok(false)
    }

    /// Whether it answers this one.
    fn answers_to(&self, talk: &mut Talk, ping: &TaskKey, end: Duration) -> Result<bool, End> {
        loop {
            match talk.session.store.task(ping) {
                Some(task) if task.state == State::Ended && task.outcome == Some(Outcome::Ok) => {
                    return Ok(true);
                }
                // The router gives up after 15 s where it cannot reach it.
                Some(task)
                    if !matches!(task.state, State::Ended | State::Unknown) && talk.now().mono < end => {}
                _ => return Ok(false),
            }
            if stops(&talk.step(Some(end))) {
                return Err(End::new(UNKNOWN, "it was restarted; whether it answers was not waited for"));
            }
        }
    }

    fn ping(&self, talk: &mut Talk) -> Result<TaskKey, End> {
        self.send(talk, frame::service::ping)
    }

    /// Sends a task of juicetop's own, by its maker.
    fn send(&self, talk: &mut Talk, task: fn(Text, Text) -> TaskFrame) -> Result<TaskKey, End> {
        let id = talk.session.new_id();
        let now = talk.now();
        let frames = talk.session.submit(task(id.clone(), self.name.into()), &Way::Direct, now);
        talk.send(frames.map_err(|why| End::new(NOT_SENT, why))?);
        Ok(talk.session.store.find(&id).map_or(TaskKey(id), |task| task.key.clone()))
    }

    /// For people; where JSON is wanted, beside it.
    fn tell(&self, text: &str) {
        match self.as_json {
            true => out::say(text),
            false => self.print(&Clean::line(text, self.out.charset()).into_string()),
        }
    }

    fn answer(&self, action: Deed, mut what: Value) {
        if self.as_json {
            what["service"] = self.name.into();
            what["action"] = action.name().into();
            self.print(&self.out.json(&what.to_string()));
        }
    }

    /// Writes a line. Where that fails all goes on: what is being done to a service does not depend on who reads of it.
    fn print(&self, line: &str) {
        match self.out.line(line) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe && !self.unwritten.replace(true) => {
                out::say(&format!("standard output: {e}"));
            }
            _ => {}
        }
    }
}

/// Somebody wishes that the program ends. Who has read enough does not: it is for the exit code that it goes on.
fn stops(step: &Step) -> bool {
    matches!(step, Step::Stop(Stop::Signal | Stop::Lost))
}

/// Somebody can answer a question.
fn asks() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn process_words(process: &Process) -> String {
    let pid = process.pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
    format!("{}{pid}", process.state.to_lowercase())
}

fn stopped(task: &Task) -> Value {
    let error = task.failure().and_then(|error| error.ename.clone());
    let outcome = task.outcome.map(Outcome::word);
    json!({ "id": *task.key.0, "name": *task.name, "outcome": outcome, "error": error.as_deref() })
}

fn ended(failure: Failure) -> End {
    if !failure.log.is_empty() {
        out::say_block(&failure.log);
    }
    match failure.doubtful {
        true => End::new(UNKNOWN, format!("whether it was done is not known: {}", failure.sentence())),
        false if failure.begun => End::new(FAILED, failure.sentence()),
        false => End::new(NOT_SENT, format!("nothing was done: {}", failure.sentence())),
    }
}

/// Whether something is still to be done, for two threads: the first one that takes it decides.
#[derive(Clone, Debug, Default)]
struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Whether it was not taken before.
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// What a wish to end means for what is being done.
enum AtStop {
    /// It is done all the same.
    GoesOn,
    /// It must not be left half done: the first wish is not heard, the second one ends the program.
    Whole,
    /// It is no deed yet.
    Undone,
    /// It is not done, unless it has gone out already.
    Unless(Gate),
}

/// Does something that blocks in a thread of its own, while the connections are kept alive. What it tells is said.
fn beside<T: Send + 'static>(
    talk: &mut Talk,
    at_stop: AtStop,
    work: impl FnOnce(&mut dyn FnMut(&str)) -> T + Send + 'static,
) -> Result<T, End> {
    let (tell, told) = mpsc::channel();
    let (end, ended) = mpsc::sync_channel(1);
    thread::Builder::new().name("control".to_owned()).spawn(move || {
        let done = work(&mut |text| {
            let _ = tell.send(text.to_owned());
        });
        let _ = end.send(done);
    })?;
    let mut left = false;
    loop {
        told.try_iter().for_each(|text| out::say(&text));
        match ended.recv_timeout(if left { LOOK } else { Duration::ZERO }) {
            Ok(done) => {
                told.try_iter().for_each(|text| out::say(&text));
                return Ok(done);
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(End::new(
                    UNKNOWN,
                    "a fault in the program itself; whether it was done is not known",
                ));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let until = talk.now().mono + LOOK;
        if !stops(&talk.step(Some(until))) {
            continue;
        }
        match &at_stop {
            AtStop::GoesOn => {
                return Err(End::new(UNKNOWN, "interrupted: what was asked for is done all the same"));
            }
            AtStop::Undone => return Err(End::new(NOT_SENT, "nothing was done: interrupted")),
            AtStop::Unless(gate) if gate.take() => {
                return Err(End::new(NOT_SENT, "nothing was done: interrupted before the signal"));
            }
            AtStop::Unless(_) => {
                return Err(End::new(UNKNOWN, "the signal was sent; what became of it was not waited for"));
            }
            AtStop::Whole if !left => {
                out::say("it would stay ended: waiting until it runs again (Ctrl-C once more leaves it so)");
                left = true;
            }
            AtStop::Whole => {}
        }
    }
}
