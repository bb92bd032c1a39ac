// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What the driver's side of the queues counts (shown in debugfs by `debug/`).

use core::sync::atomic::{AtomicU64, Ordering};

use crate::protocol::{Queue, QUEUE_COUNT};

/// One count. Any context.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds `amount`.
    pub(crate) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// The count now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts of one queue.
#[derive(Default)]
pub(crate) struct QueueCounters {
    /// Commands that went into the ring; on the event queue: events received.
    pub(crate) commands: Counter,
    /// Bytes of those commands.
    pub(crate) bytes_out: Counter,
    /// Bytes of replies or events.
    pub(crate) bytes_in: Counter,
    /// Notifications sent to the device.
    pub(crate) kicks: Counter,
    /// Times the queue's interrupt handler ran.
    pub(crate) interrupts: Counter,
    /// Commands that had to wait because the ring was full.
    pub(crate) parked: Counter,
}

/// The counts of all queues.
#[derive(Default)]
pub(crate) struct Counters([QueueCounters; QUEUE_COUNT]);

impl Counters {
    /// The counts of `queue`.
    pub(crate) fn queue(&self, queue: Queue) -> &QueueCounters {
        &self.0[queue as usize]
    }
}
