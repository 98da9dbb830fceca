//! The way from the connections to the loop: bounded, and never a reason to stop reading a socket.
//!
//! What the loop does not take yet waits here, and is weighed. Link states, replies and the fate of frames always get through, in
//! order. Bus messages are kept up to a number and a size; beyond that the oldest are let go, counted, and the count
//! stands where the gap is, so that the newest state follows it. The channel to the loop is bounded by number, so what is
//! large goes through it alone.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    time::Duration,
};

use tokio::{
    sync::{
        Notify,
        mpsc::{self, error::SendError},
    },
    time::timeout,
};

use super::Event;
use crate::{
    fault,
    memory::{Held, Memory},
    wire::{
        frame::Reply,
        link::{Frame, Line, LinkState},
    },
};

/// What an event weighs beside its text, bytes: each of its ten words stands for itself.
const OVERHEAD: usize = 1_000;

/// What weighs more goes to the loop alone, bytes: of smaller ones a hundred may be on the way.
const LARGE: usize = 64 * 1024;

pub(super) struct Feed {
    out: mpsc::Sender<Event>,
    waiting: RefCell<Waiting>,
    /// Something waits.
    filled: Notify,
    /// Replies, or something large, were taken.
    drained: Notify,
    /// Large messages of the bus that the loop does not have yet.
    large: Cell<usize>,
    reply_bytes: Cell<usize>,
    limits: FeedLimits,
    memory: Memory,
    /// The weight of all that waits here.
    held: RefCell<Held>,
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

    /// The next event in order, with what goes before it, its bytes, and those of a reply.
    fn pop(&mut self) -> Option<(Option<Event>, Event, usize, usize)> {
        let sure = self.sure.front().map(|(n, ..)| *n);
        if self.missed > 0 && sure.is_none_or(|n| self.gap < n) {
            return Some((None, Event::Missed { count: std::mem::take(&mut self.missed) }, 0, 0));
        }
        let bus = self.bus.front().map(|(n, ..)| *n);
        match (sure, bus) {
            (Some(s), b) if b.is_none_or(|b| s < b) => {
                self.sure.pop_front().map(|(_, size, event)| (None, event, size, size))
            }
            _ => {
                let (_, size, raw, event) = self.bus.pop_front()?;
                self.bus_bytes -= size;
                Some((raw, event, size, 0))
            }
        }
    }
}

impl Feed {
    pub(super) fn new(out: mpsc::Sender<Event>, limits: FeedLimits, memory: &Memory) -> Feed {
        Feed {
            out,
            waiting: RefCell::default(),
            filled: Notify::new(),
            drained: Notify::new(),
            large: Cell::new(0),
            reply_bytes: Cell::new(0),
            limits,
            memory: memory.clone(),
            held: RefCell::new(memory.hold(0)),
        }
    }

    /// Hands over to the loop until the loop is gone.
    pub(super) async fn pump(&self) {
        loop {
            let Ok(mut permit) = self.out.reserve().await else { return };
            fault::here("net");
            let next = self.waiting.borrow_mut().pop();
            match next {
                Some((raw, event, size, reply)) if size >= LARGE => {
                    drop(permit);
                    let on_its_way = self.memory.hold(size);
                    self.taken(reply);
                    if self.alone(raw.into_iter().chain([event])).await.is_err() {
                        return;
                    }
                    drop(on_its_way);
                    if reply == 0 {
                        self.large_gone();
                    }
                }
                Some((raw, event, _, reply)) => {
                    if let Some(raw) = raw {
                        permit.send(raw);
                        match self.out.reserve().await {
                            Ok(another) => permit = another,
                            Err(_) => return,
                        }
                    }
                    permit.send(event);
                    self.taken(reply);
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

    /// Hands over what is large: one after another, each when all before it was taken, and until the last one is.
    async fn alone(&self, events: impl Iterator<Item = Event>) -> Result<(), SendError<()>> {
        let all = self.out.max_capacity();
        for event in events {
            if let Some(permit) = self.out.reserve_many(all).await?.next() {
                permit.send(event);
            }
        }
        self.out.reserve_many(all).await.map(drop)
    }

    fn large_gone(&self) {
        self.large.set(self.large.get().saturating_sub(1));
        self.drained.notify_waiters();
    }

    /// Waits until the loop has what is large of the bus, at most so long: what comes behind it would have to make
    /// room for it.
    pub(super) async fn handed_over(&self, patience: Duration) {
        let all = async {
            while self.large.get() > 0 {
                self.drained.notified().await;
            }
        };
        let _ = timeout(patience, all).await;
    }

    /// Something is no longer here; of a reply so many bytes.
    fn taken(&self, reply: usize) {
        if reply > 0 {
            self.reply_bytes.set(self.reply_bytes.get() - reply);
            self.drained.notify_waiters();
        }
        self.weigh();
    }

    fn weigh(&self) {
        let bytes = self.waiting.borrow().bus_bytes + self.reply_bytes.get();
        self.held.borrow_mut().set(bytes);
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
        self.weigh();
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
        // Where the loop is behind, what tells nothing of tasks takes no room from what does. A recording has all.
        let crowded =
            waiting.bus.len() > self.limits.messages / 2 || waiting.bus_bytes > self.limits.bytes / 2;
        if crowded && raw.is_none() && !tells_of_tasks(&event) {
            return;
        }
        let number = waiting.stamp();
        waiting.bus.push_back((number, size, raw, event));
        waiting.bus_bytes += size;
        self.large.set(self.large.get() + usize::from(size >= LARGE));
        while waiting.bus.len() > 1
            && (waiting.bus.len() > self.limits.messages || waiting.bus_bytes > self.limits.bytes)
        {
            let Some((number, size, _, event)) = waiting.bus.pop_front() else { break };
            waiting.bus_bytes -= size;
            if size >= LARGE {
                self.large_gone();
            }
            // What tells nothing of tasks (a fridge's temperatures, the monitor) raises no doubt about them.
            if !tells_of_tasks(&event) {
                continue;
            }
            if waiting.missed == 0 {
                waiting.gap = number;
            }
            waiting.missed += 1;
        }
        drop(waiting);
        self.weigh();
        self.filled.notify_one();
    }

    /// A fault of the connection that is told as a message that could not be decoded.
    pub(super) fn bad(&self, line: &Line, why: String) {
        self.push_bus(Event::bad(line, why, 0), 0, None);
    }
}

/// Whether something is missed with it. What cannot be read may have been anything.
fn tells_of_tasks(event: &Event) -> bool {
    !matches!(event, Event::Bus(event) if !event.tells_of_tasks())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::event::{Event as BusEvent, KernelState, Said, ServiceEvent, Stamp};

    /// Longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn bus(n: usize) -> Event {
        let time = Stamp::parse("2026-11-24T21:00:00Z");
        Event::Bus(BusEvent::Service(ServiceEvent {
            time,
            service: n.to_string().into(),
            state: KernelState::Idle,
        }))
    }

    fn temperature() -> Event {
        Event::Bus(BusEvent::Other(Said::new("TemperaturePoint", b"{}")))
    }

    fn told(events: &mut mpsc::Receiver<Event>) -> Vec<String> {
        let mut out = Vec::new();
        while let Ok(event) = events.try_recv() {
            out.push(match event {
                Event::Bus(BusEvent::Service(event)) => event.service.to_string(),
                Event::Bus(BusEvent::Other(said)) => said.topic.to_string(),
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
        let feed = Feed::new(
            tx,
            FeedLimits { messages: 3, bytes: 1 << 20, reply_bytes: 1, raw: false },
            &Memory::default(),
        );
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
    async fn what_tells_nothing_of_tasks_is_let_go_in_silence() {
        let (tx, mut rx) = mpsc::channel(1);
        let feed = Feed::new(
            tx,
            FeedLimits { messages: 8, bytes: 1 << 20, reply_bytes: 1, raw: false },
            &Memory::default(),
        );
        for n in 0..6 {
            feed.push_bus(temperature(), 10, None);
            feed.push_bus(bus(n), 10, None);
        }
        let told = pumped(&feed, &mut rx).await;
        let (points, others): (Vec<_>, Vec<_>) = told.iter().partition(|told| *told == "TemperaturePoint");
        assert_eq!(others, ["0", "1", "2", "3", "4", "5"], "none is in the way");
        assert_eq!(points.len(), 2, "and of these there were more than there was room for");
        // In a recording stands all that came, as far as there is room.
        for n in 0..8 {
            let raw = Event::Raw { line: Line::Bus, frame: Frame::Text("raw".into()) };
            feed.push_bus(temperature(), 10, Some(raw.clone()));
            feed.push_bus(bus(n), 10, Some(raw));
        }
        let told = pumped(&feed, &mut rx).await;
        let told: Vec<_> = told.iter().filter(|told| !told.contains("aw")).collect();
        let left = ["missed 4", "TemperaturePoint", "4", "TemperaturePoint", "5", "TemperaturePoint", "6"];
        assert_eq!(told[..7], left);
    }

    #[tokio::test]
    async fn for_a_recording_each_message_goes_before_what_was_read_from_it() {
        let (tx, mut rx) = mpsc::channel(8);
        let feed = Feed::new(
            tx,
            FeedLimits { messages: 2, bytes: 1 << 20, reply_bytes: 1, raw: true },
            &Memory::default(),
        );
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
        let feed = Feed::new(
            tx,
            FeedLimits { messages: 100, bytes: 10_000, reply_bytes: 1, raw: false },
            &Memory::default(),
        );
        for n in 0..4 {
            feed.push_bus(bus(n), 50_000, None);
        }
        assert_eq!(pumped(&feed, &mut rx).await, ["missed 3", "3"]);
    }

    #[tokio::test]
    async fn what_is_large_goes_alone_and_is_weighed_until_the_loop_has_it() {
        let (tx, mut rx) = mpsc::channel(100);
        let memory = Memory::default();
        let limits = FeedLimits { messages: 100, bytes: 100 << 20, reply_bytes: 1, raw: false };
        let feed = Feed::new(tx, limits, &memory);
        for n in 0..5 {
            feed.push_bus(bus(n), if n == 2 { 10 } else { 20 << 20 }, None);
        }
        assert_eq!(memory.held(), (80 << 20) + 10 + 5 * OVERHEAD);
        feed.handed_over(Duration::from_millis(1)).await;
        assert_eq!(feed.large.get(), 4, "nobody takes them: it does not wait for long");
        let take = async {
            let (mut most, mut all) = (0, Vec::new());
            while all.len() < 5 {
                tokio::task::yield_now().await;
                most = most.max(rx.len());
                if let Ok(Event::Bus(BusEvent::Service(state))) = rx.try_recv() {
                    all.push(state.service.to_string());
                }
            }
            feed.handed_over(PATIENCE).await;
            (most, all)
        };
        tokio::select! {
            () = feed.pump() => unreachable!("the loop is there"),
            (most, all) = take => {
                assert_eq!(all, ["0", "1", "2", "3", "4"]);
                assert!(most <= 1, "{most} at once");
            }
        }
        assert_eq!((memory.held(), feed.large.get()), (0, 0));
    }
}
