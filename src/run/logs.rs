//! Asking the services' log, also for tracebacks of cells, and hearing the kernels' output, beside the loop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc::UnboundedSender;

use super::beside::beside;
use crate::{
    app::{
        Msg,
        outputs::Told,
        traces::{Logged, Raised, Wanted},
    },
    memory::Memory,
    net::{
        influx::{self, Access},
        kernels::{Cell, Heard},
    },
    time::Clock,
    wire::logs::{Failed, Found, Question},
};

/// No answer is read for longer.
const LONGEST: Duration = Duration::from_secs(60);

/// Answers a question about the services' log, in a thread of its own; the answer comes as a message, also where it is given up
/// because `waits` names another one, or none.
pub(super) fn ask(
    access: Option<Access>,
    question: Question,
    waits: Arc<AtomicU64>,
    memory: &Memory,
    clock: Clock,
    told: UnboundedSender<Msg>,
) {
    let room = memory.log();
    let mut held = memory.hold(0);
    let (id, unanswered) = (question.id, told.clone());
    let made = beside("log", move || {
        let begun = clock.now();
        // What is read is weighed until the loop has it.
        let mut is_over = |bytes| {
            held.set(bytes);
            waits.load(Ordering::Relaxed) != question.id || clock.now().since(begun) > LONGEST
        };
        let answer = match &access {
            Some(access) => influx::logs::read(access, &question, begun.utc, room / 2, &mut is_over)
                .map(|found| Found { room, ..found })
                .map_err(|failure| Failed { passes: failure.passes, what: failure.sentence() }),
            None => Err(Failed { what: "no database is known".to_owned(), passes: false }),
        };
        let _ = told.send(Msg::LogAnswered(question.id, answer));
    });
    if let Err(what) = made {
        let _ = unanswered.send(Msg::LogAnswered(id, Err(Failed { what, passes: true })));
    }
}

/// Looks for exceptions in a thread of its own; the answer comes as a message. The person may leave before it does.
pub(super) fn find(access: Option<Access>, wanted: Wanted, told: UnboundedSender<Msg>) {
    let (of, unanswered) = (wanted.key.clone(), told.clone());
    let made = beside("log", move || {
        let Wanted { key, service, from, until } = wanted;
        let found = match access {
            Some(access) => influx::exceptions(&access, &service, from, until),
            None => Err("no database is known".to_owned()),
        };
        let logged = |found: influx::Logged| Logged {
            at: found.at,
            message: found.message,
            traceback: found.traceback,
        };
        let answer = found.map(|all| all.into_iter().map(logged).collect());
        let _ = told.send(Msg::Logged(key, answer));
    });
    if let Err(why) = made {
        let _ = unanswered.send(Msg::Logged(of, Err(why)));
    }
}

/// What a kernel says, as a message.
pub(super) fn heard(heard: Heard) -> Msg {
    match heard {
        Heard::Watched(service, state) => Msg::Watched(service, state),
        Heard::Cell(service, cell) => {
            let told = match cell {
                Cell::Begins(code) => Told::Begins(code),
                Cell::Printed(text) => Told::Printed(text),
                Cell::Clear => Told::Clear,
                Cell::Ends => Told::Ends,
            };
            Msg::Printed(service, told)
        }
        Heard::Raised { service, code, name, message, traceback } => {
            Msg::Raised(Raised { service, code, name, message, traceback })
        }
    }
}
