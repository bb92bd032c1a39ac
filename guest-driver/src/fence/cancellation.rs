// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Everything that is unfinished can be cancelled at one stroke: what was made before ends
//! with an error, whatever the device makes of it, and what waits in the guest is not
//! executed when its turn comes.

use kernel::prelude::*;
use kernel::sync::atomic::{Acquire, Atomic, Relaxed, Release};
use kernel::sync::Arc;

/// Counts how often everything was cancelled.
pub(crate) struct Cancellations {
    count: Atomic<u32>,
    /// Submissions that are held back in the guest.
    held: Atomic<u64>,
}

/// When a submission was made. Any context.
#[derive(Clone)]
pub(crate) struct Ticket {
    cancellations: Arc<Cancellations>,
    count: u32,
}

/// Counts a submission as held back in the guest while it lives.
pub(super) struct Held(Ticket);

impl Cancellations {
    /// Nothing was cancelled yet. ENOMEM.
    pub(crate) fn new() -> Result<Arc<Self>> {
        let new = Self {
            count: Atomic::new(0),
            held: Atomic::new(0),
        };
        Ok(Arc::new(new, GFP_KERNEL)?)
    }

    /// For a submission that is being made. Who finds afterwards that nothing forbids
    /// submissions knows that what forbids them later cancels this one.
    pub(crate) fn ticket(self: &Arc<Self>) -> Ticket {
        Ticket {
            count: self.count.load(Acquire),
            cancellations: self.clone(),
        }
    }

    /// Cancels all that has a ticket by now. Any context.
    pub(crate) fn cancel_all(&self) {
        self.count.fetch_add(1, Release);
    }

    /// How many submissions the device doesn't know of yet.
    pub(crate) fn held(&self) -> u64 {
        self.held.load(Relaxed)
    }
}

impl Ticket {
    /// Whether its submission was cancelled.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancellations.count.load(Acquire) != self.count
    }

    /// Its submission is held back.
    pub(super) fn hold(self) -> Held {
        self.cancellations.held.fetch_add(1, Relaxed);
        Held(self)
    }
}

impl Held {
    /// Whether its submission was cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.cancellations.held.fetch_sub(1, Relaxed);
    }
}
