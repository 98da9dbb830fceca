//! What is it that answers there? A task manager's router, one service's own port, or no Juice at all.
//!
//! The question is a `Ping` frame without a target. A router refuses it before it makes an event of it (`ValueError:
//! Task data must include a 'target' field.`); a service, which knows no targets, answers it. So the question leaves no
//! trace on the bus (`task_manager/_router.py` of orangeqs-juice-core 26.43.0: the check stands before the event).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{
    dial::{Limits, Refusal, Socket, Target, dial, refused},
    problem::{Asked, problem},
};
use crate::{
    time::Clock,
    wire::{
        Text,
        frame::{Reply, ReplyBody},
        link::{Problem, ProblemKind},
    },
};

/// Who answered the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// A task manager's router.
    Router,
    /// A service's own task server.
    Service,
    /// It closed the connection, or what it said is no reply frame to the question.
    Strange,
    /// Nothing came in time.
    Mute,
}

/// Asks who is at the other end of `/tasks`. Nothing else may have been sent on `socket` yet. Also returns the
/// question's id: who is [`Peer::Mute`] now may answer later.
pub(super) async fn ask(socket: &mut Socket, patience: Duration) -> (Peer, Text) {
    let id: Text = uuid::Uuid::new_v4().to_string().into();
    let question = serde_json::json!({
        "id": *id, "type": "Ping", "payload": {},
        "metadata": {"parallel": true, "display_name": "Ping", "show_in_dashboard": false},
    });
    let talk = async {
        if socket.send(Message::text(question.to_string())).await.is_err() {
            return Peer::Strange;
        }
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Text(text) => {
                    return match Reply::parse(Text::from(text.as_str())) {
                        Ok(reply) if reply.id.as_ref() == Some(&id) => judge(&reply),
                        _ => Peer::Strange,
                    };
                }
                Message::Binary(_) | Message::Close(_) => return Peer::Strange,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
        Peer::Strange
    };
    let peer = timeout(patience, talk).await.unwrap_or(Peer::Mute);
    (peer, id)
}

/// Who answers the question like this.
pub(super) fn judge(reply: &Reply) -> Peer {
    match &reply.body {
        ReplyBody::Ok { .. } => Peer::Service,
        ReplyBody::Error(e) if e.evalue.as_deref().is_some_and(|v| v.contains("'target'")) => Peer::Router,
        // A service that has no `Ping` (any error that is not about the target).
        ReplyBody::Error(_) => Peer::Service,
        ReplyBody::Odd { .. } => Peer::Strange,
    }
}

/// What `/remote-sub` is missing at this router's address for, found out on its `/tasks`: `Ok` where a router answers there, which
/// then is that of a Juice older than 26.34.1.
///
/// # Errors
/// What answers is no router.
pub(super) async fn no_bus(
    bus: &Target,
    limits: &Limits,
    patience: Duration,
    clock: Clock,
) -> Result<(), Problem> {
    let tasks = Target { path: "/tasks".to_owned(), ..bus.clone() };
    let address = &bus.address;
    match dial(&tasks, limits, clock).await {
        Ok((mut socket, _)) => match ask(&mut socket, patience).await.0 {
            Peer::Router => Ok(()),
            Peer::Service => Err(service_port(address)),
            Peer::Strange | Peer::Mute => Err(not_juice(address)),
        },
        Err(Refusal::Http { status, .. }) if status.as_u16() == 404 => Err(not_juice(address)),
        Err(refusal) => Err(refused(Asked::Router, &tasks.url(), refusal)),
    }
}

/// An older Juice, and why its bus is not heard: a clause.
pub(super) fn too_old(address: &super::Address, why: &str) -> Problem {
    problem(
        ProblemKind::TooOld,
        format!("The Juice at {address} is older than 26.34.1 (it has no /remote-sub), {why}"),
        "Its events are told over ZeroMQ only, at port 5123 of its host or where `bus` of the configuration says: make that \
         reachable from here, or update orangeqs-juice-core to 26.34.1 or newer",
    )
}

/// `address` is one service's own port.
pub(super) fn service_port(address: &super::Address) -> Problem {
    problem(
        ProblemKind::ServicePort,
        format!("{address} is a single service's own port, not the task manager's"),
        format!(
            "The task manager's port is normally 5124; to use the service alone: --service NAME={address}"
        ),
    )
}

/// `address` was named as a service's own port but is a task manager's router.
pub(super) fn router_port(address: &super::Address) -> Problem {
    problem(
        ProblemKind::BadAddress,
        format!("{address} is a task manager's router, not a service's own port"),
        format!("Use --url {address}; a service's own port is normally 5120"),
    )
}

fn not_juice(address: &super::Address) -> Problem {
    let what = format!("What answers at {address} is no Juice: it has neither the bus nor a task server");
    let remedy = match address.base.as_str() {
        "" => {
            "Is the port right? A task manager's is normally 5124. Behind a proxy its base path belongs to the address: \
             ws://HOST/PATH/"
                .to_owned()
        }
        base => format!(
            "Is the base path {base} right? It is what the proxy has before /tasks and /remote-sub; without a proxy there \
             is none"
        ),
    };
    problem(ProblemKind::NotJuice, what, remedy)
}
