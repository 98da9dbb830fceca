//! `submit`: sends one task, and with `--wait` ends with its outcome.
//!
//! | exit code | |
//! |---|---|
//! | 0 | ok (without `--wait`: the scheduler has it) |
//! | 1 | failed or cancelled |
//! | 2 | the command cannot be carried out as it was given; not sent |
//! | 3 | sent, and nobody knows how it ended |
//! | 4 | not sent; the same command may be given again |
//!
//! It refuses to send anything twice: hardware would move twice. Where it is not known whether a frame arrived, the code
//! is 3.

mod group;
mod payload;
mod plan;

use std::time::Duration;

use self::{group::Group, plan::Plan};
use super::{
    End, FAILED, MISUSE, NOT_SENT, OK, UNKNOWN,
    args::{LookArgs, Place, SubmitArgs},
    lab::Lab,
    links::{self, Links},
    out::{self, Out},
    record,
    talk::{self, Step, Talk},
};
use crate::{
    app::{
        called_or,
        session::{Ids, News, Way},
    },
    net::Endpoint,
    store::{Lane, Outcome, Reason, State, Task, TaskKey},
    time::when,
    wire::{
        Text,
        link::{Line, LinkState, Problem},
        stand_in::LeftOut,
    },
};

/// How long a connection is tried for.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the router may take to say whether it is there, before a service is spoken to alone.
const ROUTER: Duration = Duration::from_secs(3);
/// How long the task manager may take to tell the topics (15 ms were measured); without them it is sent all the same.
const TOPICS: Duration = Duration::from_secs(1);
/// How long the scheduler may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// How often the scheduler is asked about a task while the bus cannot tell.
const ASK: Duration = Duration::from_secs(2);
/// How often while it can: it drops events when a reader is slow.
const MAKE_SURE: Duration = Duration::from_secs(30);
/// How long a result that was not seen is asked after.
const RESULT: Duration = Duration::from_secs(5);

/// Carries out `submit`.
///
/// # Errors
/// Every end but an answer: see the module's table.
pub fn run(place: &Place, look: &LookArgs, args: &SubmitArgs, out: &Out) -> Result<u8, End> {
    let lab = Lab::find(place).map_err(|problem| End::misuse(links::sentence(&problem)))?;
    lab.problems().iter().for_each(|problem| out::say(problem));
    let alone = lab.alone.iter().any(|(name, _)| **name == *args.service);
    let mut catalogue = lab.catalogue();
    let clock = crate::time::Clock::start();
    let now = clock.now().utc.with_timezone(&chrono::Local);
    let guard = &lab.config().guard;
    if args.service.is_empty() || args.task_type.is_empty() {
        return Err(End::misuse("the service and the task type must have a name"));
    }
    for (field, word) in payload::python_words(&args.fields) {
        out::say(&format!("note: {field} is sent as text; JSON writes {word}"));
    }
    let group = match args.sweep.is_empty() {
        true => None,
        false => Some(Group::new(args, alone, &mut catalogue, guard, now, &Ids::Random.fresh())?),
    };
    if let Some(group) = group.as_ref().filter(|_| args.dry_run) {
        return group.print(args, out);
    }
    let plan = match group {
        None => Some(Plan::new(args, alone, &mut catalogue, guard, now)?),
        Some(_) => None,
    };
    let run_at = match (&group, &plan) {
        (Some(group), _) => group.batch.run_at,
        (None, Some(Plan { way: Way::Scheduled(at), .. })) => *at,
        _ => None,
    };
    if let Some(at) = run_at {
        out::say(&format!("not before {}", when::show(&at)));
    }
    if look.read_only || lab.config().read_only {
        return Err(End::new(NOT_SENT, "not sent: read-only is set, so nothing can be sent"));
    }
    if lab.is_config_unreadable() {
        // Whether it wanted that nothing can be sent cannot be told.
        return Err(End::new(NOT_SENT, "not sent: the configuration cannot be read, so nothing can be sent"));
    }
    if !alone && let Some(why) = lab.watch_only() {
        return Err(End::new(NOT_SENT, format!("not sent: {why}")));
    }
    for doubt in plan.iter().flat_map(|plan| &plan.doubts) {
        out::say(&format!("note: the service will probably refuse it: {doubt}"));
    }
    let mut options = lab.options(&lab.memory());
    options.alone.retain(|(name, _)| alone && **name == *args.service);
    // What a group's results would add to the scheduler's list is told from the list.
    let mut talk = Talk::start(&lab, options, group.is_some())?;
    if lab.config().history && !look.no_history {
        talk.keep_history(&lab, catalogue)?;
    }
    let way = plan.as_ref().map_or(Way::Scheduled(None), |plan| plan.way.clone());
    let mut submit =
        Submit { talk, args, out, links: Links::default(), way: way.clone(), own: Text::default() };
    let line = match way {
        Way::Alone => Line::Service(args.service.as_str().into()),
        _ => Line::Router,
    };
    submit.connect(&line)?;
    if line == Line::Router {
        submit.wait_for_topics()?;
    }
    if alone && matches!(lab.endpoint, Some(Endpoint::Router { .. })) {
        submit.ask_before_alone()?;
    }
    match (group, plan) {
        (Some(group), _) => submit.run_group(&group),
        (None, Some(plan)) => {
            submit.send(&plan)?;
            submit.follow(&plan)
        }
        (None, None) => Err(End::misuse("there is nothing to send")),
    }
}

struct Submit<'a> {
    talk: Talk,
    args: &'a SubmitArgs,
    out: &'a Out,
    links: Links,
    way: Way,
    /// The id of the frame that was sent.
    own: Text,
}

impl Submit<'_> {
    /// Waits until the connection is up, as long as that makes sense.
    fn connect(&mut self, line: &Line) -> Result<(), End> {
        let end = self.talk.now().mono + PATIENCE;
        let mut last = None;
        let mut told = false;
        loop {
            if self.talk.session.is_live(line) {
                return Ok(());
            }
            if let Some(problem) = problem(&self.talk, line) {
                if !links::passes(problem.kind) {
                    return Err(not_connected(&problem));
                }
                if !told {
                    out::say(&format!("trying for {} s: {}", PATIENCE.as_secs(), links::sentence(&problem)));
                    told = true;
                }
                last = Some(problem);
            }
            if self.talk.now().mono >= end {
                return Err(last.map_or_else(
                    || End::new(NOT_SENT, format!("not sent: no connection within {} s", PATIENCE.as_secs())),
                    |problem| not_connected(&problem),
                ));
            }
            if let Step::Stop(_) = self.talk.step(Some(end)) {
                return Err(End::new(NOT_SENT, "not sent: interrupted before there was a connection"));
            }
        }
    }

    /// The topics tell which services run cells, whose replies are read differently.
    fn wait_for_topics(&mut self) -> Result<(), End> {
        let end = self.talk.now().mono + TOPICS;
        while !self.talk.session.topics_answered && self.talk.now().mono < end {
            if let Step::Stop(_) = self.talk.step(Some(end)) {
                return Err(End::new(NOT_SENT, "not sent: interrupted"));
            }
        }
        Ok(())
    }

    /// A service is about to be spoken to past its task manager. Where one answers, its slot would be passed by.
    fn ask_before_alone(&mut self) -> Result<(), End> {
        let end = self.talk.now().mono + ROUTER;
        while !self.talk.session.is_live(&Line::Router) {
            if problem(&self.talk, &Line::Router).is_some() || self.talk.now().mono >= end {
                return Ok(());
            }
            if let Step::Stop(_) = self.talk.step(Some(end)) {
                return Err(End::new(NOT_SENT, "not sent: interrupted"));
            }
        }
        if self.args.yes {
            return Ok(());
        }
        Err(End::new(
            NOT_SENT,
            format!(
                "not sent: the task manager answers, and past it {} on {} could run beside a task that holds the \
                 slot; leave --service out, or confirm it with --yes",
                self.args.task_type, self.args.service
            ),
        ))
    }

    /// Sends it, once.
    fn send(&mut self, plan: &Plan) -> Result<(), End> {
        let mut frame = plan.frame.clone();
        frame.id = self.talk.session.new_id();
        self.own = frame.id.clone();
        if frame.parallel && matches!(self.way, Way::Scheduled(_)) {
            out::say("note: a scheduled task waits for the service's slot, although it is a parallel one");
        }
        let now = self.talk.now();
        let frames =
            self.talk.session.submit(frame, &self.way, now).map_err(|why| End::new(NOT_SENT, why))?;
        self.talk.send(frames);
        Ok(())
    }

    /// Waits for what was asked for: the scheduler's answer, or the end.
    fn follow(&mut self, plan: &Plan) -> Result<u8, End> {
        let mut accepted: Option<TaskKey> = None;
        let mut answer_by = matches!(self.way, Way::Scheduled(_)).then(|| self.talk.now().mono + ANSWER);
        let mut ask_at = None;
        let mut result_by: Option<Duration> = None;
        loop {
            for news in self.talk.session.take_news() {
                match news {
                    News::Accepted { id, key } if id == self.own => {
                        if !self.args.wait {
                            return self.print_id(&key);
                        }
                        answer_by = None;
                        ask_at = Some(self.talk.now().mono + ASK);
                        accepted = Some(key);
                    }
                    News::NotSent { id, why } if id == self.own => {
                        let missing = matches!(self.way, Way::Scheduled(_))
                            && self.talk.session.has_scheduler == Some(false);
                        if missing && plan.may_go_direct {
                            out::say(&format!("{why}: it goes direct"));
                            self.way = Way::Direct;
                            answer_by = None;
                            self.send(plan)?;
                            continue;
                        }
                        return Err(self.not_sent(&why, missing));
                    }
                    _ => {}
                }
            }
            let now = self.talk.now();
            if let Some(task) = self.task(accepted.as_ref())
                && let Some(end) = end_of(task, &self.way)
            {
                // How it ended may be known before what it returned.
                let unseen = task.reply.is_none() && task.error.is_none() && end != Ending::Cancelled;
                let wait = unseen && accepted.is_some() && matches!(end, Ending::Ok | Ending::Failed);
                if !wait || result_by.is_some_and(|by| now.mono >= by) {
                    return self.print_end(accepted.as_ref(), end);
                }
                if result_by.is_none() {
                    result_by = Some(now.mono + RESULT);
                    ask_at = Some(now.mono);
                }
            }
            if answer_by.is_some_and(|by| now.mono >= by) {
                return Err(End::new(
                    UNKNOWN,
                    format!(
                        "sent, but the scheduler has not answered for {} s: it may have taken the task, so look \
                         before sending it again",
                        ANSWER.as_secs()
                    ),
                ));
            }
            if let (Some(key), Some(at)) = (&accepted, ask_at)
                && now.mono >= at
            {
                let seen = self.talk.session.is_live(&Line::Bus) && result_by.is_none();
                ask_at = Some(now.mono + if seen { MAKE_SURE } else { ASK });
                let frames = self.talk.session.ask_entry(&key.0.clone());
                self.talk.send(frames);
            }
            let until = [answer_by, ask_at, result_by].into_iter().flatten().min();
            match self.talk.step(until) {
                Step::Stop(talk::Stop::Closed) => {}
                Step::Stop(talk::Stop::Signal) => {
                    return Err(End::new(UNKNOWN, self.what_goes_on(accepted.as_ref(), "interrupted")));
                }
                Step::Stop(talk::Stop::Lost) => {
                    return Err(End::new(
                        UNKNOWN,
                        self.what_goes_on(accepted.as_ref(), "the connections ended"),
                    ));
                }
                Step::Link(line) => self.link(&line, accepted.is_some(), &mut ask_at),
                Step::Bad(why) => out::say(&format!("a message could not be read ({why})")),
                Step::Heard | Step::Time => {}
            }
        }
    }

    /// A connection changed while a task is followed.
    fn link(&mut self, line: &Line, scheduled: bool, ask_at: &mut Option<Duration>) {
        let Some(change) = self.links.change(&self.talk.session, line) else { return };
        if scheduled && change.problem.is_some() {
            out::say(&format!("the scheduler keeps the task, trying on: {}", change.sentence()));
        }
        if scheduled && change.problem.is_none() {
            // It may have ended meanwhile.
            *ask_at = Some(self.talk.now().mono);
        }
    }

    fn is_parallel(&self) -> bool {
        self.talk.session.store.find(&self.own).is_some_and(|task| task.lane == Lane::Parallel)
    }

    fn task(&self, accepted: Option<&TaskKey>) -> Option<&Task> {
        let store = &self.talk.session.store;
        accepted.and_then(|key| store.task(key)).or_else(|| store.find(&self.own))
    }

    /// The task did not go out, was refused, or nobody knows.
    fn not_sent(&self, why: &str, no_scheduler: bool) -> End {
        if no_scheduler {
            let how =
                if self.args.wait { "; leave --scheduled and --at out" } else { "; send it with --wait" };
            return End::new(MISUSE, format!("not sent: {why}{how}"));
        }
        let never = self.talk.session.store.find(&self.own).is_some_and(|task| {
            task.state == State::Ended && matches!(task.reason, Some(Reason::NotSent(_)))
        });
        match never {
            true => {
                End::new(NOT_SENT, format!("not sent: {}", why.strip_prefix("not sent: ").unwrap_or(why)))
            }
            false => End::new(UNKNOWN, format!("{why}; look before sending it again")),
        }
    }

    /// What becomes of the task when this program ends before it does.
    fn what_goes_on(&self, accepted: Option<&TaskKey>, why: &str) -> String {
        let sent = self.talk.session.store.find(&self.own);
        let name = sent.map_or_else(|| "the task".into(), |task| called_or(&task.name, &task.task_type));
        let running = self.task(accepted).is_some_and(|task| matches!(task.state, State::Running { .. }));
        let fate = match (&self.way, accepted) {
            (Way::Scheduled(_), Some(key)) => format!("the scheduler keeps it under the id {key}"),
            (Way::Scheduled(_), None) => "the scheduler may have taken it".to_owned(),
            (_, _) if running && !self.is_parallel() => {
                "it goes on unobserved, and the service's slot is given to the next one".to_owned()
            }
            (_, _) if running || self.is_parallel() => "it goes on unobserved".to_owned(),
            (_, _) => "if it still waits it is dropped, else it goes on unobserved".to_owned(),
        };
        format!("{why}: {name} was sent; {fate}")
    }

    /// The scheduler has it: its id is all that was asked for.
    fn print_id(&self, key: &TaskKey) -> Result<u8, End> {
        let line = if self.args.json {
            let id = crate::wire::json::quote(&key.0);
            format!("{{\"id\":{id},\"task_id\":null,\"scheduled_task_id\":{id}}}")
        } else {
            key.to_string()
        };
        finish(self.out.line(&self.out.json(&line)), OK)
    }

    /// It ended: its result or its error, and the exit code.
    fn print_end(&self, accepted: Option<&TaskKey>, end: Ending) -> Result<u8, End> {
        let Some(task) = self.task(accepted) else {
            return Err(End::new(UNKNOWN, "sent, but its row was let go"));
        };
        let code = end.code();
        let result = task.reply.as_ref().and_then(|reply| reply.result(task.is_ipython()));
        let mut written = Ok(());
        if self.args.json {
            let result = result.filter(|_| end == Ending::Ok).unwrap_or("null").trim();
            let now = self.talk.now();
            let seen = record::moment(now.utc);
            let fields = record::task(task, now);
            let traceback = task.failure().and_then(|e| e.traceback.as_deref());
            let traceback = traceback.map_or_else(|| "null".to_owned(), crate::wire::json::quote);
            let line = format!(
                "{fields},\"merged_from\":[],\"seen_at\":\"{seen}\",\"result\":{result},\"traceback\":{traceback}}}"
            );
            written = self.out.line(&self.out.json(&line));
        } else if end == Ending::Ok {
            written = self.out.line(&self.out.json(result.unwrap_or("null").trim()));
        }
        if end == Ending::Ok && task.reply.is_none() {
            out::say("it ended ok, but its result was not seen");
        }
        match end {
            Ending::Ok => {}
            Ending::Failed => match task.failure() {
                Some(error) => match error.traceback.as_deref().filter(|text| !text.trim().is_empty()) {
                    Some(traceback) => out::say_block(traceback),
                    None => {
                        let name = error.ename.as_deref().unwrap_or("error");
                        match error.evalue.as_deref() {
                            None | Some("") => out::say_block(name),
                            Some(message) => out::say_block(&format!("{name}: {message}")),
                        }
                    }
                },
                None => out::say("it failed; the error was not seen"),
            },
            Ending::Cancelled => out::say("cancelled before it started"),
            Ending::NotSent => {
                let why = match &task.reason {
                    Some(Reason::NotSent(why)) => why.as_str(),
                    _ => "it could not be sent",
                };
                out::say(&format!("not sent: {why}"));
            }
            Ending::Unknown(why) => out::say(&format!("sent, but {why}")),
        }
        finish(written, code)
    }
}

/// The exit code stands even where nobody reads what was printed.
fn finish(written: std::io::Result<()>, code: u8) -> Result<u8, End> {
    match written {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            out::say(&format!("standard output: {e}"));
            Ok(if code == OK { FAILED } else { code })
        }
        _ => Ok(code),
    }
}

/// Why a connection is down now.
fn problem(talk: &Talk, line: &Line) -> Option<Problem> {
    match &talk.session.link(line)?.state {
        LinkState::Waiting { problem, .. } | LinkState::Stopped { problem } => Some(problem.clone()),
        LinkState::Connecting { .. } | LinkState::Live => None,
    }
}

fn not_connected(problem: &Problem) -> End {
    End::new(NOT_SENT, format!("not sent: {}", links::sentence(problem)))
}

/// How a task ended, as far as the exit code is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Ok,
    Failed,
    Cancelled,
    NotSent,
    Unknown(&'static str),
}

impl Ending {
    fn code(self) -> u8 {
        match self {
            Ending::Ok => OK,
            Ending::Failed | Ending::Cancelled => FAILED,
            Ending::NotSent => NOT_SENT,
            Ending::Unknown(_) => UNKNOWN,
        }
    }
}

/// Whether there is nothing more to wait for. A scheduled task outlives every connection, and a reply can still end
/// one that is only out of sight.
fn end_of(task: &Task, way: &Way) -> Option<Ending> {
    match (task.state, task.outcome, &task.reason) {
        (State::Ended, _, Some(Reason::NotSent(_))) => Some(Ending::NotSent),
        (State::Ended, Some(Outcome::Ok), _) => Some(Ending::Ok),
        (State::Ended, Some(Outcome::Failed), _) => Some(Ending::Failed),
        (State::Ended, Some(Outcome::Cancelled), _) => Some(Ending::Cancelled),
        (State::Unknown, _, Some(Reason::LinkLost)) if !matches!(way, Way::Scheduled(_)) => {
            Some(Ending::Unknown(
                "the link was lost before its reply: it may still run; look before sending it again",
            ))
        }
        (State::Unknown, _, Some(Reason::Forgotten)) => {
            Some(Ending::Unknown("the scheduler no longer knows it: the task manager was restarted"))
        }
        (State::Unknown, _, Some(Reason::OddReply)) => {
            let left_out = task.reply.as_ref().and_then(|reply| LeftOut::read(&reply.text));
            Some(Ending::Unknown(match left_out {
                Some(_) => "its reply was larger than is taken here: it ended, and how is not known",
                None => "its reply has no status that this version knows",
            }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{Input, Limits, Own, Store},
        time::Now,
        wire::frame::{Reply, TaskFrame},
    };

    fn sent(own: Own, what: &[Input]) -> Option<Ending> {
        let mut store = Store::new(Limits::default());
        let now = Now::at(1.0);
        store.apply(Input::TaskLink { service: None, up: true }, now);
        let frame = TaskFrame {
            id: "a".into(),
            target: "lab".into(),
            task_type: "IPythonTask".into(),
            parallel: false,
            display_name: "a".into(),
            show_in_dashboard: true,
            payload: "{}".into(),
        };
        store.apply(Input::Submitted { frame, own }, now);
        for input in what {
            store.apply(input.clone(), now);
        }
        let way = if own == Own::Scheduled { Way::Scheduled(None) } else { Way::Direct };
        end_of(store.find("a").unwrap(), &way)
    }

    fn reply(text: &str) -> Input {
        Input::Reply(Reply::parse(text.into()).unwrap())
    }

    #[test]
    fn every_end_has_its_exit_code() {
        let lost = Input::TaskLink { service: None, up: false };
        for (own, what, code) in [
            (Own::Direct, vec![], None),
            (Own::Direct, vec![reply(r#"{"id": "a", "status": "ok", "result": 1}"#)], Some(OK)),
            (Own::Direct, vec![reply(r#"{"id": "a", "status": "error", "ename": "E"}"#)], Some(FAILED)),
            (
                Own::Direct,
                vec![reply(r#"{"id": "a", "status": "ok", "result": {"status": "error", "ename": "E"}}"#)],
                Some(FAILED),
            ),
            (Own::Direct, vec![reply(r#"{"id": "a", "status": "strange"}"#)], Some(UNKNOWN)),
            (Own::Direct, vec![Input::NotSent { id: "a".into(), why: "no".into() }], Some(NOT_SENT)),
            (Own::Direct, vec![lost.clone()], Some(UNKNOWN)),
            // It outlives the connection: there is something to wait for.
            (Own::Scheduled, vec![lost], None),
        ] {
            assert_eq!(sent(own, &what).map(Ending::code), code, "{what:?}");
        }
    }
}
