// SPDX-License-Identifier: Apache-2.0 OR MIT

//! How long the queue worker looks on before it sleeps.
//!
//! A worker that sleeps has to be woken, by a doorbell for which the guest stops and by the
//! host's scheduler. A driver that sends commands back to back would pay that for nearly
//! each of them, since one is carried out faster than the next is made. So where a doorbell
//! comes soon after the worker has gone to sleep, it looks on for a moment the next time;
//! and stops doing so once it looked on in vain. Commands that come one at a time cost
//! nothing.

use std::time::{Duration, Instant};

/// A doorbell so soon after the worker went to sleep would better have found it awake.
const SOON: Duration = Duration::from_micros(400);

/// How long the worker looks on, where it does: what a guest needs from one command to the
/// next if it makes and fills a small object in between, and a few times what waking up costs
/// the host.
const LONGEST: Duration = Duration::from_micros(400);

/// When to look on, and for how long.
#[derive(Debug, Default)]
pub(super) struct Linger {
    slept_at: Option<Instant>,
    patience: Duration,
}

impl Linger {
    /// A doorbell has woken the worker.
    pub(super) fn doorbell(&mut self, now: Instant) {
        let slept = self.slept_at.take();
        if slept.is_some_and(|at| now.saturating_duration_since(at) <= SOON) {
            self.patience = LONGEST;
        }
    }

    /// How long to look on, now that nothing is left to do.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Nothing came.
    pub(super) fn in_vain(&mut self) {
        self.patience = Duration::ZERO;
    }

    /// The worker goes to sleep.
    pub(super) fn sleep(&mut self, now: Instant) {
        self.slept_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_looks_on_where_doorbells_come_soon_and_until_that_is_in_vain() {
        let begin = Instant::now();
        let mut linger = Linger::default();
        assert_eq!(linger.patience(), Duration::ZERO);
        linger.sleep(begin);
        linger.doorbell(begin + 2 * SOON);
        assert_eq!(linger.patience(), Duration::ZERO, "commands one at a time");
        linger.sleep(begin);
        linger.doorbell(begin + SOON / 2);
        assert_eq!(linger.patience(), LONGEST, "commands back to back");
        linger.sleep(begin);
        linger.doorbell(begin + 2 * SOON);
        assert_eq!(linger.patience(), LONGEST, "as long as it pays");
        linger.in_vain();
        assert_eq!(linger.patience(), Duration::ZERO);
        // A second doorbell of the same sleep says nothing.
        linger.doorbell(begin + SOON / 2);
        assert_eq!(linger.patience(), Duration::ZERO);
    }
}
