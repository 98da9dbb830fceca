//! The bus of a Juice older than 26.34.1, which has it over ZeroMQ alone: at port 5123, where any number of subscribers hear
//! the same topics and the same JSON that `/remote-sub` brings (measured with 26.28.0).
//!
//! It refuses to ask anything there but for a sign of life: whether that bus still brings something is judged by its heartbeat
//! (`app/session/hearing.rs`).

use super::{
    Event, Options,
    address::{Address, BUS_PORT},
    diagnose,
    line::Keeper,
    problem::{problem, tidy},
    subscriber::{Came, Message, Subscriber, Terms},
    talk::{Ended, HANDED_OVER, LOOK, PIECE, given_up},
};
use crate::wire::{
    link::{Frame, Line, Problem, ProblemKind},
    stand_in::Cut,
};

/// A bus that is heard.
pub(super) struct OldBus {
    subscriber: Subscriber,
}

/// Opens the bus of the older Juice whose router is there: where the options say, else at the router's host, but never in place of one
/// that is encrypted or behind a proxy.
///
/// # Errors
/// [`ProblemKind::TooOld`]: it cannot be heard.
pub(super) async fn open(router: &Address, options: &Options) -> Result<OldBus, Problem> {
    let at = match options.bus.as_deref().map(Address::bus) {
        Some(named) => named?,
        None if router.tls || !router.base.is_empty() => {
            let why = "and the bus of such a one is neither encrypted nor behind a proxy";
            return Err(diagnose::too_old(router, why));
        }
        None => Address { port: BUS_PORT, ..router.clone() },
    };
    let terms = Terms {
        limit: options.max_bus_message,
        ping_every: options.ping_every,
        silence: options.silence,
        memory: options.memory.clone(),
    };
    match Subscriber::connect(&at.host, at.port, terms).await {
        Ok(subscriber) => Ok(OldBus { subscriber }),
        Err(why) => Err(diagnose::too_old(router, &format!("and its bus at {}", tidy(&why, 300)))),
    }
}

impl OldBus {
    /// Where it is, `tcp://host:port`.
    pub(super) fn url(&self) -> String {
        format!("tcp://{}", self.subscriber.address())
    }

    /// The next message, as `/remote-sub` would send it; of one that is too large what stands in for it.
    ///
    /// # Errors
    /// The connection was lost.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Vec<u8>, Problem> {
        loop {
            match self.subscriber.next().await {
                Ok(Came::Message(message)) => return Ok(frame(&message, limit)),
                Ok(Came::Pong(_)) => {}
                Err(why) => return Err(lost(&why)),
            }
        }
    }

    /// Hears until the connection ends, as [`talk`](super::talk::talk) does on a WebSocket.
    pub(super) async fn hear(mut self, keeper: &Keeper) -> Ended {
        let mut stop = keeper.shared.stop.clone();
        let bytes = self.subscriber.bytes();
        tokio::select! {
            problem = self.read(keeper) => Ended::Down(problem),
            problem = given_up(keeper, || bytes.get()) => Ended::Down(problem),
            _ = stop.wait_for(|&s| s) => Ended::Stopped,
        }
    }

    async fn read(&mut self, keeper: &Keeper) -> Problem {
        let (feed, limit) = (&keeper.shared.feed, keeper.shared.options.max_bus_message);
        loop {
            let came = tokio::select! {
                came = self.subscriber.next() => came,
                () = keeper.handle.asked_to_look() => {
                    if let Err(e) = self.subscriber.ping(LOOK) {
                        return lost(&e.to_string());
                    }
                    continue;
                }
            };
            let frame = match came {
                Ok(Came::Message(message)) => frame(&message, limit),
                Ok(Came::Pong(of)) => {
                    if of == LOOK {
                        keeper.handle.seen();
                    }
                    continue;
                }
                Err(why) => return lost(&why),
            };
            let event = Event::of_bytes(&Line::Bus, &frame);
            feed.message(&Line::Bus, event, frame.len(), || Frame::Binary(frame[..].into()));
            if frame.len() >= PIECE {
                drop(frame);
                feed.handed_over(HANDED_OVER).await;
            }
        }
    }
}

fn lost(why: &str) -> Problem {
    problem(ProblemKind::Closed, format!("The bus over ZeroMQ: {}", tidy(why, 300)), "")
}

/// A message's parts as `/remote-sub` puts them together: each with its length before it. Of one that was too large the same of
/// what stands in for it.
fn frame(message: &Message, limit: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(message.parts.iter().map(|part| part.len() + 4).sum());
    for part in &message.parts {
        frame.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        frame.extend_from_slice(part);
    }
    match &message.cut {
        Some((tail, length)) => Cut { head: &frame, tail, length: *length, limit: limit as u64 }.event(),
        None => frame,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::bus;

    #[test]
    fn parts_are_put_together_as_the_websocket_has_them() {
        let message = Message { parts: vec![b"TaskEvent.".to_vec(), b"{}".to_vec()], cut: None };
        assert_eq!(frame(&message, 100), bus::encode("TaskEvent.", "{}"));
    }
}
