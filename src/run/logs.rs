//! Asking the services' log, beside the loop.

use std::{io, thread};

use tokio::sync::mpsc::UnboundedSender;

use crate::{
    app::{
        Msg,
        traces::{Logged, Wanted},
    },
    net::influx::{self, Access},
};

/// Looks for exceptions in a thread of its own; the answer comes as a message. The person may leave before it does.
///
/// # Errors
/// No thread can be made.
pub(super) fn find(access: Option<Access>, wanted: Wanted, told: UnboundedSender<Msg>) -> io::Result<()> {
    thread::Builder::new().name("log".to_owned()).spawn(move || {
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
    })?;
    Ok(())
}
