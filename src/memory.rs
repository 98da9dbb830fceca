//! The one budget of memory: who may hold how much of what the lab sends, and how much is held.
//!
//! Everything that grows with what comes from outside is in one of three places. On its way (a message that is being
//! read, what waits for the loop, for the disk or for the recording) it is weighed while it is held ([`Memory::hold`]).
//! What is at hand for a while (the lines of the history, an opened result) is weighed the same way. All the rest is the
//! store's, which lets go of the oldest until it fits into what is left ([`Memory::room`]): what is new comes first.
//!
//! It refuses nothing by itself: whoever brings something asks for its share first, and says what it lets go. It knows
//! no tasks, and it does not measure: weights are bytes of text and what goes with them, and for the program
//! itself [`PROGRAM`] is set aside.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

const MIB: usize = 1 << 20;

/// The whole budget where nobody says otherwise: 256 MiB.
pub const DEFAULT: usize = 256 * MIB;
/// A smaller one would not do for the program itself and one result of middle size: 128 MiB.
pub const LEAST: usize = 128 * MIB;
/// What is set aside for the program itself, whatever comes: code, threads, screen, catalogues, the caches of the
/// history, and what the allocator keeps between texts.
pub const PROGRAM: usize = 32 * MIB;
/// From here on somebody who holds something is heard of at once ([`Memory::pressed`]).
const LARGE: usize = MIB;
/// The largest message that is ever taken from the bus: a reply of 50 MiB is escaped there once more.
const LARGEST_MESSAGE: usize = 128 * MIB;

/// Texts from this size on are given back to the system as soon as they are let go, bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const GIVEN_BACK: i32 = 256 * 1024;

/// Tells the allocator to give large texts back to the system at once. By itself it keeps what was once as large for the
/// next one, up to 32 MiB each, between small things that stay: 280 MiB were measured where 200 were in use. To be called
/// before there are other threads.
pub fn give_back_what_is_large() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "it sets a number inside the C library; nothing else runs yet")]
    // SAFETY: `mallopt` takes two numbers and keeps no pointer; a value that it does not take changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, GIVEN_BACK);
    }
}

/// The budget. Clones are the same one; it may be asked from any thread.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    total: usize,
    held: AtomicUsize,
    pressed: Notify,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::of(DEFAULT)
    }
}

impl Memory {
    /// A budget of so many bytes in all.
    pub fn of(total: usize) -> Memory {
        Memory(Arc::new(Inner { total, held: AtomicUsize::new(0), pressed: Notify::new() }))
    }

    /// The largest message that is taken from the bus, bytes: half of the budget. The reply in it is at most 50 MiB, so
    /// with what is made of it there is room for it and nothing else.
    pub fn message(&self) -> usize {
        (self.0.total / 2).min(LARGEST_MESSAGE)
    }

    /// How much of the bus may wait for the loop.
    pub fn waiting(&self) -> usize {
        self.0.total / 4
    }

    /// How much of replies may wait for the loop before their connection is not read for a while.
    pub fn replies(&self) -> usize {
        self.0.total / 4
    }

    /// How much may wait for the disk of a recording.
    pub fn recording(&self) -> usize {
        self.0.total / 8
    }

    /// How much may wait for the disk of the history.
    pub fn records(&self) -> usize {
        self.0.total / 16
    }

    /// How much of a past may be kept that stands on no disk.
    pub fn past(&self) -> usize {
        self.0.total / 16
    }

    /// How much the lines of the history's table may take.
    pub fn lines(&self) -> usize {
        self.0.total / 4
    }

    /// How much of the services' log may be at hand.
    pub fn log(&self) -> usize {
        self.0.total / 16
    }

    /// What is left for tasks. Never less than a sixteenth: what is on the screen is worth more than the last message.
    pub fn room(&self) -> usize {
        self.0.total.saturating_sub(PROGRAM + self.held()).max(self.0.total / 16)
    }

    /// How much is held now.
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// Weighs something as long as what it gives is kept.
    pub fn hold(&self, bytes: usize) -> Held {
        let mut held = Held { memory: self.clone(), bytes: 0 };
        held.set(bytes);
        held
    }

    /// Returns when something large is held since the last call: the store has to make room.
    pub async fn pressed(&self) {
        self.0.pressed.notified().await;
    }
}

/// So much is held. What is dropped is held no more.
#[derive(Debug)]
pub struct Held {
    memory: Memory,
    bytes: usize,
}

impl Held {
    /// It is so much now.
    pub fn set(&mut self, bytes: usize) {
        let inner = &self.memory.0;
        if bytes >= self.bytes {
            inner.held.fetch_add(bytes - self.bytes, Ordering::Relaxed);
            if bytes - self.bytes >= LARGE {
                inner.pressed.notify_one();
            }
        } else {
            inner.held.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }

    /// How much it is.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_taken_from_the_room_until_it_is_dropped() {
        let memory = Memory::default();
        let all = memory.room();
        assert_eq!(all, DEFAULT - PROGRAM);
        let mut one = memory.clone().hold(10 * MIB);
        let other = memory.hold(5 * MIB);
        assert_eq!((memory.held(), memory.room()), (15 * MIB, all - 15 * MIB));
        one.set(MIB);
        assert_eq!((one.bytes(), memory.room()), (MIB, all - 6 * MIB));
        drop((one, other));
        assert_eq!(memory.room(), all);
        let _more_than_there_is = memory.hold(DEFAULT * 2);
        assert_eq!(memory.room(), DEFAULT / 16);
    }

    #[test]
    fn the_shares_of_what_is_on_its_way_fit_into_the_budget_together() {
        for total in [LEAST, DEFAULT, 1 << 32] {
            let memory = Memory::of(total);
            let queues = memory.waiting() + memory.recording() + memory.records() + memory.past();
            assert!(queues + memory.replies() + PROGRAM <= total, "{total}");
            assert!(memory.message() + PROGRAM <= total, "{total}");
        }
    }

    #[tokio::test]
    async fn only_what_is_large_calls_for_room() {
        use futures_util::FutureExt as _;
        let memory = Memory::default();
        let small = memory.hold(LARGE - 1);
        assert!(memory.pressed().now_or_never().is_none());
        let large = memory.hold(LARGE);
        memory.pressed().await;
        drop((small, large));
        assert!(memory.pressed().now_or_never().is_none());
    }
}
