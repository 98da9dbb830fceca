//! One slot a target: sequential tasks hold it one after another, first come first served.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::sync::OwnedMutexGuard;

use super::lock;

/// Free slots are forgotten when there are more targets than this: anybody may name any target.
const TARGETS: usize = 1_000;

/// Holding it is holding the slot; dropping it frees the slot.
pub(super) type Held = OwnedMutexGuard<()>;

/// The slots by target.
#[derive(Debug, Default)]
pub(super) struct Slots(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Slots {
    fn slot(&self, target: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut slots = lock(&self.0);
        if slots.len() > TARGETS {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(target.to_owned()).or_default())
    }

    /// Waits for the slot. Giving up waiting leaves the line.
    pub(super) async fn hold(&self, target: &str) -> Held {
        self.slot(target).lock_owned().await
    }

    /// The slot, if it is free and nobody waits.
    pub(super) fn try_hold(&self, target: &str) -> Option<Held> {
        self.slot(target).try_lock_owned().ok()
    }

    pub(super) fn is_busy(&self, target: &str) -> bool {
        self.try_hold(target).is_none()
    }
}
