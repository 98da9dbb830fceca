//! The way from the connections to the loop: bounded, and never a reason to stop reading a socket.
//!
//! What the loop does not take yet waits here. Link states, replies and the fate of frames always get through, in
//! order. Bus messages are kept up to a number and a size; beyond that the oldest are let go, counted, and the count
//! stands where the gap is, so that the newest state follows it.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use tokio::sync::{Notify, mpsc};

use super::Event;
use crate::wire::{
    frame::Reply,
    link::{Frame, Line, LinkState},
};

/// What an event weighs beside its text, bytes.
const OVERHEAD: usize = 512;

pub(super) struct Feed {
    out: mpsc::Sender<Event>,
    waiting: RefCell<Waiting>,
    /// Something waits.
    filled: Notify,
    /// Replies were taken.
    drained: Notify,
    reply_bytes: Cell<usize>,
    limits: FeedLimits,
}

/// How much may wait for the loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct FeedLimits {
    /// Bus messages.
    pub messages: usize,
    /// Bytes of bus messages. The newest one is always kept, whatever its size.
    pub bytes: usize,
    /// Bytes of replies, above which their connection is not read for a while.
    pub reply_bytes: usize,
    /// Each message of the bus goes before what was read from it, for a recording.
    pub raw: bool,
}

/// What waits: its number, its size, the message that it was read from, the event.
type Waits = (u64, usize, Option<Event>, Event);

#[derive(Default)]
struct Waiting {
    /// Counts everything that came, so that the two queues can be merged in order.
    next: u64,
    sure: VecDeque<(u64, usize, Event)>,
    bus: VecDeque<Waits>,
    bus_bytes: usize,
    /// How many were let go since this was last told, and where the gap is.
    missed: u64,
    gap: u64,
}

impl Waiting {
    fn stamp(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The next event in order, with what goes before it and the bytes of a reply.
    fn pop(&mut self) -> Option<(Option<Event>, Event, usize)> {
        let sure = self.sure.front().map(|(n, ..)| *n);
        if self.missed > 0 && sure.is_none_or(|n| self.gap < n) {
            return Some((None, Event::Missed { count: std::mem::take(&mut self.missed) }, 0));
        }
        let bus = self.bus.front().map(|(n, ..)| *n);
        match (sure, bus) {
            (Some(s), b) if b.is_none_or(|b| s < b) => {
                self.sure.pop_front().map(|(_, size, event)| (None, event, size))
            }
            _ => {
                let (_, size, raw, event) = self.bus.pop_front()?;
                self.bus_bytes -= size;
                Some((raw, event, 0))
            }
        }
    }
}

impl Feed {
    pub(super) fn new(out: mpsc::Sender<Event>, limits: FeedLimits) -> Feed {
        Feed {
            out,
            waiting: RefCell::default(),
            filled: Notify::new(),
            drained: Notify::new(),
            reply_bytes: Cell::new(0),
            limits,
        }
    }

    /// Hands over to the loop until the loop is gone.
    pub(super) async fn pump(&self) {
        loop {
            let Ok(mut permit) = self.out.reserve().await else { return };
            let next = self.waiting.borrow_mut().pop();
            match next {
                Some((raw, event, reply)) => {
                    if let Some(raw) = raw {
                        permit.send(raw);
                        match self.out.reserve().await {
                            Ok(another) => permit = another,
                            Err(_) => return,
                        }
                    }
                    permit.send(event);
                    if reply > 0 {
                        self.reply_bytes.set(self.reply_bytes.get() - reply);
                        self.drained.notify_waiters();
                    }
                }
                None => {
                    drop(permit);
                    tokio::select! {
                        () = self.filled.notified() => {}
                        () = self.out.closed() => return,
                    }
                }
            }
        }
    }

    /// An event that must get through.
    pub(super) fn sure(&self, event: Event) {
        self.push_sure(event, 0);
    }

    fn push_sure(&self, event: Event, size: usize) {
        let mut waiting = self.waiting.borrow_mut();
        let number = waiting.stamp();
        waiting.sure.push_back((number, size, event));
        drop(waiting);
        self.reply_bytes.set(self.reply_bytes.get() + size);
        self.filled.notify_one();
    }

    /// A connection's new state.
    pub(super) fn link(&self, line: &Line, state: LinkState) {
        self.sure(Event::Link { line: line.clone(), state });
    }

    /// A reply. It always gets through; [`Feed::room`] is where a flood of them waits.
    pub(super) fn reply(&self, line: &Line, reply: Reply) {
        let size = reply.text.len() + OVERHEAD;
        self.push_sure(Event::Reply { line: line.clone(), reply }, size);
    }

    /// True when there is room for another reply.
    pub(super) fn has_room(&self) -> bool {
        self.reply_bytes.get() < self.limits.reply_bytes
    }

    /// Waits for room for another reply.
    pub(super) async fn room(&self) {
        while !self.has_room() {
            self.drained.notified().await;
        }
    }

    /// A message of the bus, of so many bytes, or one that could not be decoded; `frame` gives the message itself.
    pub(super) fn message(&self, line: &Line, event: Event, bytes: usize, frame: impl FnOnce() -> Frame) {
        let raw = self.limits.raw.then(|| Event::Raw { line: line.clone(), frame: frame() });
        let kept = match &event {
            Event::Bad { why, .. } => why.len(),
            _ => bytes,
        };
        let size = kept + if raw.is_some() { bytes } else { 0 };
        self.push_bus(event, size, raw);
    }

    fn push_bus(&self, event: Event, size: usize, raw: Option<Event>) {
        let size = size + OVERHEAD;
        let mut waiting = self.waiting.borrow_mut();
        let number = waiting.stamp();
        waiting.bus.push_back((number, size, raw, event));
        waiting.bus_bytes += size;
        while waiting.bus.len() > 1
            && (waiting.bus.len() > self.limits.messages || waiting.bus_bytes > self.limits.bytes)
        {
            let Some((number, size, ..)) = waiting.bus.pop_front() else { break };
            waiting.bus_bytes -= size;
            if waiting.missed == 0 {
                waiting.gap = number;
            }
            waiting.missed += 1;
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// A fault of the connection that is told as a message that could not be decoded.
    pub(super) fn bad(&self, line: &Line, why: String) {
        self.push_bus(Event::bad(line, why, 0), 0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::event::Event as BusEvent;

    fn bus(n: usize) -> Event {
        Event::Bus(BusEvent::Other { topic: n.to_string().into() })
    }

    fn told(events: &mut mpsc::Receiver<Event>) -> Vec<String> {
        let mut out = Vec::new();
        while let Ok(event) = events.try_recv() {
            out.push(match event {
                Event::Bus(BusEvent::Other { topic }) => topic.to_string(),
                Event::Missed { count } => format!("missed {count}"),
                Event::Sent { id } => format!("sent {id}"),
                other => format!("{other:?}"),
            });
        }
        out
    }

    async fn pumped(feed: &Feed, events: &mut mpsc::Receiver<Event>) -> Vec<String> {
        let mut out = Vec::new();
        tokio::select! {
            () = feed.pump() => {}
            () = async { loop {
                let more = told(events);
                if more.is_empty() && feed.waiting.borrow().bus.is_empty() && feed.waiting.borrow().sure.is_empty() { break; }
                out.extend(more);
                tokio::task::yield_now().await;
            } } => {}
        }
        out
    }

    #[tokio::test]
    async fn a_slow_loop_loses_the_oldest_bus_messages_and_nothing_else() {
        let (tx, mut rx) = mpsc::channel(1);
        let feed = Feed::new(tx, FeedLimits { messages: 3, bytes: 1 << 20, reply_bytes: 1, raw: false });
        feed.sure(Event::Sent { id: "a".into() });
        for n in 0..10 {
            feed.push_bus(bus(n), 10, None);
            if n == 4 {
                feed.sure(Event::Sent { id: "b".into() });
            }
        }
        feed.sure(Event::Sent { id: "c".into() });
        let out = pumped(&feed, &mut rx).await;
        assert_eq!(out, ["sent a", "missed 7", "sent b", "7", "8", "9", "sent c"]);
        assert_eq!(feed.waiting.borrow().bus_bytes, 0);
    }

    #[tokio::test]
    async fn for_a_recording_each_message_goes_before_what_was_read_from_it() {
        let (tx, mut rx) = mpsc::channel(8);
        let feed = Feed::new(tx, FeedLimits { messages: 2, bytes: 1 << 20, reply_bytes: 1, raw: true });
        for n in 0..3 {
            feed.message(&Line::Bus, bus(n), 3, || Frame::Text(format!("raw {n}").as_str().into()));
        }
        let out = pumped(&feed, &mut rx).await;
        let raw = |n| {
            format!(
                "{:?}",
                Event::Raw { line: Line::Bus, frame: Frame::Text(format!("raw {n}").as_str().into()) }
            )
        };
        assert_eq!(out, ["missed 1".to_owned(), raw(1), "1".into(), raw(2), "2".into()]);
        assert_eq!(feed.waiting.borrow().bus_bytes, 0);
    }

    #[tokio::test]
    async fn size_counts_too_but_the_newest_stays() {
        let (tx, mut rx) = mpsc::channel(1);
        let feed = Feed::new(tx, FeedLimits { messages: 100, bytes: 10_000, reply_bytes: 1, raw: false });
        for n in 0..4 {
            feed.push_bus(bus(n), 50_000, None);
        }
        assert_eq!(pumped(&feed, &mut rx).await, ["missed 3", "3"]);
    }
}
